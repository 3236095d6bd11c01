"""`report receivables`: what customers owe, by how long it is overdue."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.output import print_records
from pipecli.cli.common.session import session
from pipecli.cli.common.table import CURRENCY, Column
from pipecli.cli.report.printing import money_column
from pipecli.reports.receivables import AGES, receivables
from pipecli.store.index.rows import open_invoices

app = noun()

_HEADINGS = dict(zip(AGES, ("NOT DUE", "1-30 D", "31-60 D", "61-90 D", "OVER 90 D"), strict=True))


@app.command("report receivables")
def report_receivables(
    ctx: typer.Context,
    by: Annotated[Literal["customer", "currency"], typer.Option(help="A row for each.")] = "customer",
) -> None:
    """Print what customers owe, by how long it is overdue. Amounts are in the base currency."""
    run = session(ctx)
    pipeline = run.pipeline
    made = receivables(open_invoices(pipeline.index.connection), by, pipeline.rates, run.today)
    base = pipeline.rates.base
    columns = [
        Column("name", by.upper(), shrink=True, min_width=12),
        Column("invoices", "INVOICES", align="right", rank=2),
        *(money_column(age, heading, base, rank=1) for age, heading in _HEADINGS.items()),
        money_column("open", "OPEN", base),
        CURRENCY.drawn,
    ]
    rows = [
        {
            by: row.key,
            "name": row.name,
            "invoices": row.invoices,
            **row.by_age,
            "open": row.open,
            "currency": base,
        }
        for row in made
    ]
    print_records(rows, columns, run.format, id_key=by)
