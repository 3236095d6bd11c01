"""`pipecli report lost`: what was lost, why, and to whom."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.list import owner_filter
from pipecli.cli.common.output import Format
from pipecli.cli.common.session import Session, session
from pipecli.cli.common.table import Column, money
from pipecli.cli.report.printing import (
    Currency,
    From,
    Names,
    To,
    by_option,
    count_column,
    currency_code,
    days,
    grouping,
    key_column,
    money_column,
    percent_column,
    period_text,
    print_report,
    won_without_amount,
)
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.deals import Days, Valuation
from pipecli.reports.lost import GROUPINGS, PERIODS, Lost, Row, lost
from pipecli.store.index.rows import closed_deals

app = noun("What was lost, why, and to whom.")


@app.command(cls=Report)
def report_lost(
    ctx: typer.Context,
    by: Annotated[str, by_option(GROUPINGS)] = "reason",
    trend: Annotated[
        str, typer.Option(help="How it moved, by month or quarter.", metavar="month|quarter")
    ] = "",
    from_: From = "",
    to: To = "",
    currency: Currency = "",
) -> None:
    """Print what was lost, why, and to whom.

    How many deals, what they were worth, and their share; by all but the reason also what was won, and the
    win rate. A deal counts on the day it was closed; one
    that was closed by itself, without an answer, was neither won nor lost, and counts apart.
    """
    grouping(by, GROUPINGS)
    if trend:
        grouping(trend, PERIODS, "--trend")
        if by in PERIODS:
            raise typer.BadParameter(f"--by {by} is a trend already", param_hint="--trend")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    period = days(from_, to, run.today)
    valuation = Valuation(pipeline.rates, currency_code(currency))
    names = Names(run, by)
    report = lost(
        closed_deals(pipeline.index.connection, owner_filter(run), period, with_products=by == "product"),
        by=by, valuation=valuation, trend=trend or None, order=names.stages() if by == "stage" else (),
    )  # fmt: skip
    _print(run, report, names, period, valuation.currency)


def _print(run: Session, report: Lost, names: Names, period: Days, currency: str) -> None:
    rows = [_record(row, report, names) for row in report.rows]
    about = {
        "by": report.by,
        "trend": report.trend,
        "currency": currency,
        "from": period.first,
        "to": period.last,
        "bases": {"share": _share_of(report), "win_rate": "won and lost deals"},
        "totals": _figures(report.totals),
        **(
            {"periods": [{"period": row.period, **_figures(row)} for row in report.periods]}
            if report.trend
            else {}
        ),
        "closed": report.closed._asdict(),
    }
    is_table = run.format is Format.TABLE
    is_pivot = bool(report.trend) and is_table
    columns = _columns(report, currency, names, is_narrow=is_table)
    drawn, columns = _pivot(report, names) if is_pivot else (rows, columns)
    total = {"label": "total", **report.totals._asdict()}
    when = f", closed {period_text(period)}" if period_text(period) else ""
    print_report(
        run,
        f"Lost deals by {report.by}{f' and {report.trend}' if report.trend else ''} in {currency}{when}",
        drawn if report.totals.lost_count or not is_table else [],
        columns,
        about=about,
        total=None if is_pivot else total,
        remarks=_remarks(report, currency, is_pivot=is_pivot),
        nothing="no deal was lost",
    )


def _share_of(report: Lost) -> str:
    return f"deals lost in the {report.trend}" if report.trend else "lost deals"


def _record(row: Row, report: Lost, names: Names) -> dict[str, Any]:
    """One row with the keys of JSON."""
    return {
        **names.named(row.key, row.process),
        **({"process": row.process} if report.by == "stage" else {}),
        **({"period": row.period} if report.trend else {}),
        **_figures(row),
    }


def _figures(row: Row) -> dict[str, Any]:
    left_out = {
        "key",
        "process",
        "period",
        *(["won_count", "won_amount", "win_rate"] if row.won_count is None else []),
    }
    return {name: value for name, value in row._asdict().items() if name not in left_out}


def _columns(report: Lost, currency: str, names: Names, *, is_narrow: bool) -> list[Column]:
    is_by_reason = report.by == "reason"
    return [
        key_column(names, report.by),
        *_process_column(report, names),
        *([Column("period", report.trend.upper())] if report.trend else []),
        count_column("lost_count", "LOST"),
        percent_column("share", "SHARE"),
        money_column("lost_amount", "AMOUNT", currency),
        *([percent_column("amount_share", "OF AMOUNT")] if is_by_reason or not is_narrow else []),
        *(
            []
            if is_by_reason
            else [
                count_column("won_count", "WON"),
                money_column("won_amount", "WON AMOUNT", currency, rank=1),
                percent_column("win_rate", "WIN RATE"),
            ]
        ),
    ]


def _process_column(report: Lost, names: Names) -> list[Column]:
    is_needed = report.by == "stage" and len(names.settings["processes"]) > 1
    return [Column("process", "PROCESS", shrink=True)] if is_needed else []


def _pivot(report: Lost, names: Names) -> tuple[list[dict[str, Any]], list[Column]]:
    """A line a key and a column a period, the newest of which stay where the terminal is narrow."""
    lines: dict[object, dict[str, Any]] = {}
    for row in report.rows:
        if row.lost_count:
            line = lines.setdefault(
                (row.process, row.key), {"key": row.key, "process": row.process, "lost_count": 0}
            )
            line[str(row.period)] = _cell(row)
            line["lost_count"] += row.lost_count
    lost_in = {str(row.period): _cell(row) for row in report.periods if row.lost_count}
    rates = {str(row.period): _whole(row) for row in report.periods if row.win_rate is not None}
    total = {"label": "total", "process": None, **lost_in, "lost_count": report.totals.lost_count}
    rate = {"label": "win rate", "process": None, **rates, "lost_count": _whole(report.totals)}
    columns = [
        Column(str(row.period), str(row.period), align="right", rank=len(report.periods) - place)
        for place, row in enumerate(report.periods)
    ]
    rest = [*_process_column(report, names), *columns, count_column("lost_count", "LOST")]
    return [*lines.values(), total, rate], [key_column(names, report.by), *rest]


def _cell(row: Row) -> str:
    """`12  30%`."""
    share = f"{row.share:.0f}%" if row.share is not None else ""
    return f"{row.lost_count} {share:>4}"


def _whole(row: Row) -> str:
    return "" if row.win_rate is None else f"{row.win_rate:.0f}%"


def _remarks(report: Lost, currency: str, *, is_pivot: bool) -> list[str]:
    """The notes below the rows: the bases of the percentages, and the deals that count otherwise."""
    lines = []
    if report.totals.lost_count:
        rate = "" if report.by == "reason" and not is_pivot else "; win rate: of the won and the lost"
        lines.append(f"share: of the {_share_of(report)}{rate}")
    is_shared = sum(row.lost_count for row in report.rows) > report.totals.lost_count
    if is_shared or (report.totals.lost_count and report.by in ("product", "competitor")):
        lines.append(f"a deal counts at each {report.by} it has, and once in the total")
    if missing := report.totals.without_amount_count:
        lines.append(f"{_deals(missing)} without an amount: counted as 0")
    lines += won_without_amount(report.totals.won_without_amount_count)
    if report.closed.closed_count:
        amount = money(report.closed.closed_amount, currency, minor_digits(currency))
        lines.append(f"apart, {_deals(report.closed.closed_count)} closed without an answer: {amount}")
    return lines


def _deals(count: int) -> str:
    return f"{count} deal{'s' * (count != 1)}"
