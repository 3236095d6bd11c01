"""`pipecli report stale`: the open deals that are stale; `report receivables`: what customers owe."""

from __future__ import annotations

from typing import Any, Literal

from pipecli.cli.common.command import Report, noun, option
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.session import Session, owner_filter, say
from pipecli.cli.common.table import CURRENCY, Column, amount_text
from pipecli.cli.report.common import Asked, KeyNames, asking, figures, fitted, money_column
from pipecli.json_and_csv import picked
from pipecli.records.kinds import CUSTOMER, INVOICE, OPPORTUNITY
from pipecli.reports.stale_and_receivables import (
    AGES,
    GROUPINGS,
    Stale,
    StaleDeal,
    receivables,
    stale_by_group,
    stale_deals,
)
from pipecli.store.index.rows_for_reports import open_deals, open_invoices
from pipecli.wording import count

app = noun()


@app.command("report stale", cls=Report)
@asking(
    OPPORTUNITY, CUSTOMER,
    groupings=GROUPINGS, by_help="Sum them up by one of {}.", days="expected to close",
)  # fmt: skip
def report_stale(asked: Asked) -> None:
    """Print the stale deals, the worst first.

    A deal is stale if nothing has moved it for at least the `rotting_days` of its stage: no activity was
    done, its stage didn't change in the history of git, and it wasn't created since.
    """
    from pipecli.history.stage_visits import last_stage_changes

    by, pipeline, today = asked.by, asked.pipeline, asked.run.today
    deals = open_deals(pipeline.connection, owner_filter(asked.run), asked.period, with_activities=True)
    moves = last_stage_changes(pipeline, deals, say)
    report = stale_deals(deals, moves=moves, valuation=asked.valuation, today=today)
    what = f"Stale deals by {by}" if by else "Stale deals"
    caption = f"{what} on {today}, in {asked.currency}{asked.when(', closing')}"
    totals = figures(report.totals, "process")
    about = {"today": today, "bases": {"share": "open deals"}, "never_count": report.never_count}
    remarks = _remarks(report, asked.currency)
    if by:
        asked.print(
            caption,
            [
                asked.names.named(row.key, row.process)
                | ({"process": row.process} if by == "stage" else {})
                | figures(row, "process")
                for row in stale_by_group(report, deals, by, asked.valuation)
            ],
            _sum_columns(asked),
            totals=totals,
            about=about,
            remarks=remarks,
            nothing="no deal is open",
        )
        return
    stages, customers = KeyNames(asked.run, "stage"), KeyNames(asked.run, "customer")
    asked.print(
        caption,
        [_record(deal, stages, customers) for deal in report.deals],
        _deal_columns(asked),
        totals=totals,
        is_summed=False,
        about=about,
        remarks=remarks,
        nothing="no deal stands still",
        id_key="id",
    )


def _deal_columns(asked: Asked) -> list[Column]:
    return [
        Column("id", "ID"),
        Column("title", "TITLE", shrink=True, min_width=18),
        Column("owner", "OWNER", shrink=True, rank=2),
        Column(
            "stage_name",
            "STAGE",
            shrink=True,
            rank=3,
            only="table",
            show=lambda row: row.get("stage_name") or row["stage"],
        ),
        Column("stage", "STAGE", only="csv"),
        asked.money_column("amount", "AMOUNT"),
        Column("moved", "MOVED", rank=4),
        asked.count_column("days", "DAYS"),
        Column("days_over", "OVER", align="right", show=lambda row: f"+{row['days_over']}"),
    ]


def _sum_columns(asked: Asked) -> list[Column]:
    return [
        asked.key_column(),
        *([Column("process", "PROCESS", shrink=True, rank=1)] if asked.by == "stage" else []),
        asked.count_column("stale_count", "STALE"),
        asked.count_column("open_count", "OF OPEN"),
        asked.percent_column("share", "SHARE"),
        asked.money_column("amount", "AMOUNT"),
        asked.count_column("most_days", "MOST DAYS"),
    ]


def _record(stale_deal: StaleDeal, stages: KeyNames, customers: KeyNames) -> dict[str, Any]:
    """One deal with the keys of JSON; its amount in the currency of the report."""
    deal = stale_deal.deal
    stage, customer = stages.name(deal.stage, deal.process), customers.name(deal.customer)
    return {
        **picked(deal, "id title customer"),
        **({"customer_name": customer} if customer else {}),
        **picked(deal, "owner process stage"),
        **({"stage_name": stage} if stage else {}),
        "amount": stale_deal.amount,
        "expected_close": deal.close,
        "moved": stale_deal.movement.day,
        "movement": stale_deal.movement.what,
        "days": stale_deal.days,
        "rotting_days": deal.rotting_days,
        "days_over": stale_deal.days_over,
    }


def _remarks(report: Stale, currency: str) -> list[str]:
    """The notes below the rows: the sums, and the deals that can't be stale."""
    totals, lines = report.totals, []
    if totals.stale_count:
        amount = amount_text(totals.amount, currency)
        lines.append(f"{totals.stale_count} of {count(totals.open_count, 'open deal')}: {amount}")
    if report.without_amount_count:
        lines.append(f"{report.without_amount_count} of them without an amount: counted as 0")
    if report.never_count:
        lines.append(f"{count(report.never_count, 'open deal')} at stages without rotting_days: never stale")
    return lines


_HEADINGS = dict(zip(AGES, ("NOT DUE", "1-30 D", "31-60 D", "61-90 D", "OVER 90 D"), strict=True))


@app.command("report receivables")
def report_receivables(
    run: Session,
    by: Literal["customer", "currency"] = option("A row for each.", default="customer"),
) -> None:
    """Print what customers owe, by how long it is overdue. Amounts are in the base currency."""
    pipeline = run.read(INVOICE, CUSTOMER)
    owed = receivables(open_invoices(pipeline.connection), by, pipeline.rates, run.today)
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
        for row in owed
    ]
    if run.format is Format.TABLE:
        write_text(f"{fitted(f'Receivables by {by} on {run.today}, in {base}')}\n")
        if not rows:
            write_text("no invoice is open\n")
            return
    print_records(rows, columns, run.format, id_key=by)
