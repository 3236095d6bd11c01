"""`pipecli report lost`: what was lost, why, and to whom; `report stale`: the open deals that are stale.

`report receivables`: what customers owe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import typer

from pipecli.cli.common.command import Report, noun, option
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.session import Session, owner_filter, say
from pipecli.cli.common.table import CURRENCY, Column, amount_text
from pipecli.cli.report.options_and_columns import (
    Asked,
    KeyNames,
    asking,
    figures,
    fitted,
    money_column,
    won_without_amount,
)
from pipecli.json_and_csv import picked
from pipecli.records.days import PERIODS
from pipecli.records.kinds import CUSTOMER, INVOICE, OPPORTUNITY
from pipecli.reports.deal import Key
from pipecli.reports.lost_stale_and_receivables import (
    AGES,
    LOST_GROUPINGS,
    STALE_GROUPINGS,
    Lost,
    LostRow,
    Stale,
    StaleDeal,
    lost,
    receivables,
    stale_by_group,
    stale_deals,
)
from pipecli.store.index.rows_for_reports import closed_to_count, open_deals, open_invoices
from pipecli.wording import count

app = noun()


@app.command("report lost", cls=Report)
@asking(OPPORTUNITY, by="reason", groupings=LOST_GROUPINGS, trends=PERIODS)
def report_lost(asked: Asked) -> None:
    """Print what was lost, why, and to whom.

    It shows how many deals, what they were worth and their share; except by reason, also what was won and the
    win rate. A deal counts on the day it was closed. Those closed automatically are counted separately.
    """
    if asked.trend and asked.by in PERIODS:
        raise typer.BadParameter(f"--by {asked.by} is a trend already", param_hint="--trend")
    report = lost_of(asked, asked.names.stages() if asked.by == "stage" else ())
    periods = [{"period": row.period, **_lost_figures(row)} for row in report.periods]
    is_pivot = bool(report.trend) and asked.is_table
    rows, columns = (
        _by_period(asked, report)
        if is_pivot
        else (_lost_records(asked, report), _lost_columns(asked, report))
    )
    by = f"{report.by} and {report.trend}" if report.trend else report.by
    asked.print(
        f"Lost deals by {by} in {asked.currency}{asked.when(', closed')}",
        rows if report.totals.lost_count or not asked.is_table else [],
        columns,
        totals=_lost_figures(report.totals),
        is_summed=not is_pivot,
        about={
            "trend": report.trend,
            "bases": {"share": _share_of(report), "win_rate": "won and lost deals"},
            **({"periods": periods} if report.trend else {}),
            "closed": report.closed._asdict(),
        },
        remarks=_lost_remarks(report, asked.currency, is_pivot=is_pivot),
        nothing="no deal was lost",
    )


def lost_of(asked: Asked, order: Sequence[Key] = ()) -> Lost:
    """The lost deals of those whom the options name. Raises PipecliError for a missing rate."""
    connection, by = asked.pipeline.connection, asked.by
    return lost(
        closed_to_count(connection, owner_filter(asked.run), asked.period, with_products=by == "product"),
        by=by, valuation=asked.valuation, trend=asked.trend or None, order=order,
    )  # fmt: skip


def _share_of(report: Lost) -> str:
    return f"deals lost in the {report.trend}" if report.trend else "lost deals"


def _lost_records(asked: Asked, report: Lost) -> list[dict[str, Any]]:
    """The rows with the keys of JSON."""
    return [
        {
            **asked.names.named(row.key, row.process),
            **({"process": row.process} if report.by == "stage" else {}),
            **({"period": row.period} if report.trend else {}),
            **_lost_figures(row),
        }
        for row in report.rows
    ]


def _lost_figures(row: LostRow) -> dict[str, Any]:
    won = ("won_count", "won_amount", "win_rate") if row.won_count is None else ()
    return figures(row, "process", "period", *won)


def _lost_columns(asked: Asked, report: Lost) -> list[Column]:
    is_by_reason = report.by == "reason"
    return [
        asked.key_column(),
        *asked.process_column(),
        *([Column("period", report.trend.upper())] if report.trend else []),
        asked.count_column("lost_count", "LOST"),
        asked.percent_column("share", "SHARE"),
        asked.money_column("lost_amount", "AMOUNT"),
        *([asked.percent_column("amount_share", "OF AMOUNT")] if is_by_reason or not asked.is_table else []),
        *(
            []
            if is_by_reason
            else [
                asked.count_column("won_count", "WON"),
                asked.money_column("won_amount", "WON AMOUNT", rank=1),
                asked.percent_column("win_rate", "WIN RATE"),
            ]
        ),
    ]


def _by_period(asked: Asked, report: Lost) -> tuple[list[dict[str, Any]], list[Column]]:
    """A line a key and a column a period, the newest of which stay where the terminal is narrow."""
    lines: dict[object, dict[str, Any]] = {}
    for row in report.rows:
        if row.lost_count:
            line = lines.setdefault(
                (row.process, row.key), {"key": row.key, "process": row.process, "lost_count": 0}
            )
            line[str(row.period)] = _count_and_share(row)
            line["lost_count"] += row.lost_count
    lost_in = {str(row.period): _count_and_share(row) for row in report.periods if row.lost_count}
    rates = {str(row.period): _win_rate(row) for row in report.periods if row.win_rate is not None}
    total = {"label": "total", "process": None, **lost_in, "lost_count": report.totals.lost_count}
    rate = {"label": "win rate", "process": None, **rates, "lost_count": _win_rate(report.totals)}
    columns = [
        Column(str(row.period), str(row.period), align="right", rank=len(report.periods) - place)
        for place, row in enumerate(report.periods)
    ]
    rest = [*asked.process_column(), *columns, asked.count_column("lost_count", "LOST")]
    return [*lines.values(), total, rate], [asked.key_column(), *rest]


def _count_and_share(row: LostRow) -> str:
    """`12  30%`."""
    share = f"{row.share:.0f}%" if row.share is not None else ""
    return f"{row.lost_count} {share:>4}"


def _win_rate(row: LostRow) -> str:
    return "" if row.win_rate is None else f"{row.win_rate:.0f}%"


def _lost_remarks(report: Lost, currency: str, *, is_pivot: bool) -> list[str]:
    """The notes below the rows: the bases of the percentages, and the deals that count otherwise."""
    lines = []
    if report.totals.lost_count:
        rate = "" if report.by == "reason" and not is_pivot else "; win rate: of the won and the lost"
        lines.append(f"share: of the {_share_of(report)}{rate}")
    is_shared = sum(row.lost_count for row in report.rows) > report.totals.lost_count
    if is_shared or (report.totals.lost_count and report.by in ("product", "competitor")):
        lines.append(f"a deal counts at each {report.by} it has, and once in the total")
    if missing := report.totals.without_amount_count:
        lines.append(f"{count(missing, 'deal')} without an amount: counted as 0")
    lines += won_without_amount(report.totals.won_without_amount_count)
    if report.closed.closed_count:
        amount = amount_text(report.closed.closed_amount, currency)
        lines.append(f"apart, {count(report.closed.closed_count, 'deal')} closed without an answer: {amount}")
    return lines


@app.command("report stale", cls=Report)
@asking(
    OPPORTUNITY, CUSTOMER,
    groupings=STALE_GROUPINGS, by_help="Sum them up by one of {}.", days="expected to close",
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
