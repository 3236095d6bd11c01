"""`invoice list` and `show`, and `report receivables`: the invoices as they stand. Loads no model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pipecli.cli.common.command import Ref, noun
from pipecli.cli.common.list import Listing, print_list
from pipecli.cli.common.output import print_records
from pipecli.cli.common.session import session
from pipecli.cli.common.table import CURRENCY, Column, Shown, amount_text, named
from pipecli.cli.show import print_document
from pipecli.records.kinds import INVOICE
from pipecli.reports.followups import AGES, receivables
from pipecli.store.index.rows import open_invoices

app = noun()


def _money(name: str) -> Any:
    return lambda row: "" if row[name] is None else amount_text(row[name], row["currency"], named=False)


def _late(row: Any) -> str:
    return f"{row['overdue_days']} d" if row["overdue_days"] else ""


INVOICES = (
    Shown(Column("number", "NUMBER", show=lambda row: row["number"] or "draft"), "number"),
    *named("customer", "CUSTOMER", "coalesce(customer_name, customer)", by=("customer_name",), min_width=12),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("date", "DATE", rank=2), "date"),
    Shown(Column("due", "DUE"), "due"),
    Shown(Column("overdue_days", "LATE", align="right", show=_late), "overdue_days"),
    Shown(Column("total", "TOTAL", align="right", show=_money("total")), "exact_total"),
    Shown(Column("open", "OPEN", align="right", show=_money("open")), "round(open, 4)"),
    CURRENCY,
    Shown(Column("credits", "CREDITS", rank=3), "credits"),
    Shown(Column("order", "ORDER", rank=4), '"order"'),
    Shown(Column("id", "ID"), "id"),
)


@app.command("invoice list", cls=Listing)
def list_invoices(ctx: typer.Context) -> None:
    """List invoices and credit notes: drafts, what is to be paid by its day, then the newest."""
    order = "CASE status WHEN 'draft' THEN 0 WHEN 'issued' THEN 1 ELSE 2 END, due, number DESC, id"
    print_list(ctx, INVOICE, INVOICES, order)


@app.command("invoice show")
def show_invoice(ctx: typer.Context, ref: Ref) -> None:
    """Show one invoice: its items, tax by rate, total, and what of it is open."""
    print_document(ctx, INVOICE, ref)


_HEADINGS = dict(zip(AGES, ("NOT DUE", "1-30 D", "31-60 D", "61-90 D", "OVER 90 D"), strict=True))


@app.command("report receivables")
def report_receivables(
    ctx: typer.Context,
    by: Annotated[Literal["customer", "currency"], typer.Option(help="A row for each.")] = "customer",
) -> None:
    """Print what is to be paid, by customer and by how long it is overdue, in the base currency."""
    run = session(ctx)
    pipeline = run.pipeline
    made = receivables(open_invoices(pipeline.index.connection), by, pipeline.rates, run.today)
    columns = [
        Column("name", by.upper(), shrink=True, min_width=12),
        Column("invoices", "INVOICES", align="right", rank=1),
        *(Column(age, heading, align="right", show=_money(age)) for age, heading in _HEADINGS.items()),
        Column("open", "OPEN", align="right", show=_money("open")),
        CURRENCY.column,
    ]
    rows = [
        {
            by: row.key,
            "name": row.name,
            "invoices": row.invoices,
            **row.by_age,
            "open": row.open,
            "currency": pipeline.rates.base,
        }
        for row in made
    ]
    print_records(rows, columns, run.format, id_key=by)
