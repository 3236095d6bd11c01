"""`pipecli report lost`: what was lost, why, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.session import owner_filter
from pipecli.cli.common.table import Column, amount_text
from pipecli.cli.report.common import Asked, asking, figures, won_without_amount
from pipecli.records.days import PERIODS
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.deal import Key
from pipecli.reports.lost import GROUPINGS, Lost, LostRow, lost
from pipecli.store.index.rows_for_reports import closed_to_count
from pipecli.wording import count

app = noun()


@app.command(cls=Report)
@asking(OPPORTUNITY, by="reason", groupings=GROUPINGS, trends=PERIODS)
def report_lost(asked: Asked) -> None:
    """Print what was lost, why, and to whom.

    It shows how many deals, what they were worth and their share; except by reason, also what was won and the
    win rate. A deal counts on the day it was closed. Those closed automatically are counted separately.
    """
    if asked.trend and asked.by in PERIODS:
        raise typer.BadParameter(f"--by {asked.by} is a trend already", param_hint="--trend")
    report = lost_of(asked, asked.names.stages() if asked.by == "stage" else ())
    periods = [{"period": row.period, **_figures(row)} for row in report.periods]
    is_pivot = bool(report.trend) and asked.is_table
    rows, columns = _pivot(asked, report) if is_pivot else (_records(asked, report), _columns(asked, report))
    by = f"{report.by} and {report.trend}" if report.trend else report.by
    asked.print(
        f"Lost deals by {by} in {asked.currency}{asked.when(', closed')}",
        rows if report.totals.lost_count or not asked.is_table else [],
        columns,
        totals=_figures(report.totals),
        is_summed=not is_pivot,
        about={
            "trend": report.trend,
            "bases": {"share": _share_of(report), "win_rate": "won and lost deals"},
            **({"periods": periods} if report.trend else {}),
            "closed": report.closed._asdict(),
        },
        remarks=_remarks(report, asked.currency, is_pivot=is_pivot),
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


def _records(asked: Asked, report: Lost) -> list[dict[str, Any]]:
    """The rows with the keys of JSON."""
    return [
        {
            **asked.names.named(row.key, row.process),
            **({"process": row.process} if report.by == "stage" else {}),
            **({"period": row.period} if report.trend else {}),
            **_figures(row),
        }
        for row in report.rows
    ]


def _figures(row: LostRow) -> dict[str, Any]:
    won = ("won_count", "won_amount", "win_rate") if row.won_count is None else ()
    return figures(row, "process", "period", *won)


def _columns(asked: Asked, report: Lost) -> list[Column]:
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


def _pivot(asked: Asked, report: Lost) -> tuple[list[dict[str, Any]], list[Column]]:
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
    rest = [*asked.process_column(), *columns, asked.count_column("lost_count", "LOST")]
    return [*lines.values(), total, rate], [asked.key_column(), *rest]


def _cell(row: LostRow) -> str:
    """`12  30%`."""
    share = f"{row.share:.0f}%" if row.share is not None else ""
    return f"{row.lost_count} {share:>4}"


def _whole(row: LostRow) -> str:
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
        lines.append(f"{count(missing, 'deal')} without an amount: counted as 0")
    lines += won_without_amount(report.totals.won_without_amount_count)
    if report.closed.closed_count:
        amount = amount_text(report.closed.closed_amount, currency)
        lines.append(f"apart, {count(report.closed.closed_count, 'deal')} closed without an answer: {amount}")
    return lines
