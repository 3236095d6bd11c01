"""`pipecli report stale`: the open deals that stand still."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.list import owner_filter
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import Column, money
from pipecli.cli.report.printing import (
    Currency,
    FromClose,
    Names,
    ToClose,
    count_column,
    currency_code,
    days,
    grouping,
    key_column,
    money_column,
    percent_column,
    period_text,
    print_report,
)
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.deals import Days, Valuation
from pipecli.reports.stale import GROUPINGS, Row, Stale, StaleDeal, grouped, stale
from pipecli.store.index.rows import open_deals

app = noun("The open deals that stand still.")


@app.command(cls=Report)
def report_stale(
    ctx: typer.Context,
    by: Annotated[
        str, typer.Option(help=f"Sum them up, by one of {', '.join(GROUPINGS)}.", metavar="WHAT")
    ] = "",
    from_: FromClose = "",
    to: ToClose = "",
    currency: Currency = "",
) -> None:
    """Print the stale deals, the worst first.

    A deal is stale when nothing moved it for the `rotting_days` of its stage, or longer: no activity that was
    done, no change of its stage in the history of git, and it was not made since.
    """
    from pipecli.history.stages import last_moves

    if by:
        grouping(by, GROUPINGS)
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, CUSTOMER)
    period = days(from_, to, run.today)
    valuation = Valuation(pipeline.rates, currency_code(currency))
    deals = open_deals(pipeline.index.connection, owner_filter(run), period, with_activities=True)
    report = stale(deals, moves=last_moves(pipeline, deals, say), valuation=valuation, today=run.today)
    if by:
        _print_sums(run, report, grouped(report, deals, by, valuation), by, period, valuation.currency)
    else:
        _print(run, report, period, valuation.currency)


def _print(run: Session, report: Stale, period: Days, currency: str) -> None:
    stages, customers = Names(run, "stage"), Names(run, "customer")
    print_report(
        run,
        _caption(run, "Stale deals", period, currency),
        [_record(deal, stages, customers) for deal in report.deals],
        [
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
            Column("stage", "STAGE", only="data"),
            money_column("amount", "AMOUNT", currency),
            Column("moved", "MOVED", rank=4),
            count_column("days", "DAYS"),
            Column("days_over", "OVER", align="right", show=lambda row: f"+{row['days_over']}"),
        ],
        about=_about(run, report, period, currency),
        remarks=_remarks(report, currency),
        nothing="no deal stands still",
        id_key="id",
    )


def _print_sums(run: Session, report: Stale, rows: list[Row], by: str, period: Days, currency: str) -> None:
    names = Names(run, by)
    print_report(
        run,
        _caption(run, f"Stale deals by {by}", period, currency),
        [_sum(row, names, by) for row in rows],
        [
            key_column(names, by),
            *([Column("process", "PROCESS", shrink=True, rank=1)] if by == "stage" else []),
            count_column("stale_count", "STALE"),
            count_column("open_count", "OF OPEN"),
            percent_column("share", "SHARE"),
            money_column("amount", "AMOUNT", currency),
            count_column("most_days", "MOST DAYS"),
        ],
        about={"by": by, **_about(run, report, period, currency)},
        total={**report.totals._asdict(), "label": "total"},
        remarks=_remarks(report, currency),
        nothing="no deal is open",
    )


def _caption(run: Session, what: str, period: Days, currency: str) -> str:
    closing = f", closing {period_text(period)}" if period_text(period) else ""
    return f"{what} on {run.today}, in {currency}{closing}"


def _about(run: Session, report: Stale, period: Days, currency: str) -> dict[str, Any]:
    totals = report.totals._asdict()
    del totals["key"], totals["process"]
    return {
        "currency": currency,
        "today": run.today,
        "from": period.first,
        "to": period.last,
        "bases": {"share": "open deals"},
        "totals": totals,
        "never_count": report.never_count,
    }


def _record(stale_deal: StaleDeal, stages: Names, customers: Names) -> dict[str, Any]:
    """One deal with the keys of JSON; its amount in the currency of the report."""
    deal = stale_deal.deal
    stage, customer = stages.name(deal.stage, deal.process), customers.name(deal.customer)
    return {
        "id": deal.id,
        "title": deal.title,
        "customer": deal.customer,
        **({"customer_name": customer} if customer else {}),
        "owner": deal.owner,
        "process": deal.process,
        "stage": deal.stage,
        **({"stage_name": stage} if stage else {}),
        "amount": stale_deal.amount,
        "expected_close": deal.close,
        "moved": stale_deal.movement.day,
        "movement": stale_deal.movement.what,
        "days": stale_deal.days,
        "rotting_days": deal.rotting_days,
        "days_over": stale_deal.days_over,
    }


def _sum(row: Row, names: Names, by: str) -> dict[str, Any]:
    figures = {field: value for field, value in row._asdict().items() if field not in ("key", "process")}
    return {
        **names.named(row.key, row.process),
        **({"process": row.process} if by == "stage" else {}),
        **figures,
    }


def _remarks(report: Stale, currency: str) -> list[str]:
    """The notes below the rows: the sums, and the deals that can't be stale."""
    totals, lines = report.totals, []
    if totals.stale_count:
        amount = money(totals.amount, currency, minor_digits(currency))
        lines.append(f"{totals.stale_count} of {_deals(totals.open_count)}: {amount}")
    if report.without_amount_count:
        lines.append(f"{report.without_amount_count} of them without an amount: counted as 0")
    if report.never_count:
        lines.append(f"{_deals(report.never_count)} at stages without rotting_days: never stale")
    return lines


def _deals(count: int) -> str:
    return f"{count} open deal{'s' * (count != 1)}"
