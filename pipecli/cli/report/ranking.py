"""`pipecli report ranking`: the salespeople by points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import typer

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.list import owner_filter
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
    money_column,
    percent_column,
    period_text,
    print_report,
    won_without_amount,
)
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.deals import Days, Valuation
from pipecli.reports.ranking import GROUPINGS, Points, Ranking, Row, before, points_of, ranking
from pipecli.store.index.rows import closed_deals

app = noun("The salespeople by points.")


@app.command(cls=Report)
def report_ranking(
    ctx: typer.Context,
    by: Annotated[str, by_option(GROUPINGS)] = "owner",
    from_: From = "",
    to: To = "",
    currency: Currency = "",
) -> None:
    """Print the ranking of the salespeople by points.

    Points are `points_per_win` and `points_per_amount` of the settings, the latter for each unit of the base
    currency that was won. Without --from and --to it is that of this quarter. Beside it stands what changed
    since the period before, as many months or else days long.
    """
    grouping(by, GROUPINGS)
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY)
    period = _period(from_, to, run.today)
    previous = before(period)
    base = Valuation(pipeline.rates)
    target = currency_code(currency)
    shown = Valuation(pipeline.rates, target) if target and target != base.currency else base
    points = points_of(pipeline.settings_as_written)
    reaching = Days(previous.first if previous else period.first, period.last)
    report = ranking(
        closed_deals(pipeline.index.connection, owner_filter(run), reaching),
        by=by, days=period, points=points, base=base, shown=shown,
    )  # fmt: skip
    _print(run, report, points, base.currency, shown.currency)


def _period(from_: str, to: str, today: date) -> Days:
    if not from_ and not to:
        return days("this quarter", "this quarter", today)
    period = days(from_, to, today)
    return (
        period._replace(last=today)
        if period.last is None and period.first and period.first <= today
        else period
    )


def _print(run: Session, report: Ranking, points: Points, base: str, currency: str) -> None:
    names = Names(run, report.by)
    users = names.settings.get("users") or {}
    rows = [_record(row, report.by, names, users) for row in report.rows]
    totals = {
        name: value
        for name, value in report.totals._asdict().items()
        if name not in ("rank", "key", "previous_rank", "rank_change")
    }
    previous = report.previous or Days()
    about = {
        "by": report.by,
        "currency": currency,
        "from": report.days.first,
        "to": report.days.last,
        "previous": {"from": previous.first, "to": previous.last} if report.previous else None,
        "points": {"per_win": points.per_win, "per_amount": points.per_amount, "currency": base},
        "bases": {"win_rate": "won and lost deals"},
        "totals": totals,
    }
    since = f"; change since {previous.first} to {previous.last}" if report.previous else ""
    print_report(
        run,
        f"Ranking by {report.by} in {currency}, closed {period_text(report.days)}{since}",
        rows,
        _columns(report, currency),
        about=about,
        total={**report.totals._asdict(), "label": "total"},
        remarks=[
            *_remarks(points, base),
            *won_without_amount(report.totals.won_without_amount_count),
        ],
        nothing="no deal was won or lost",
    )


def _record(row: Row, by: str, names: Names, users: Mapping[str, Any]) -> dict[str, Any]:
    """One row with the keys of JSON."""
    return {
        "rank": row.rank,
        **names.named(row.key),
        **({"active": users.get(row.key, {}).get("active", True)} if by == "owner" and row.key else {}),
        **{field: value for field, value in row._asdict().items() if field not in ("rank", "key")},
    }


def _columns(report: Ranking, currency: str) -> list[Column]:
    return [
        Column("rank", "RANK", align="right"),
        *([Column("rank_change", "↑↓", show=_climbed, rank=1)] if report.previous else []),
        Column("key", report.by.upper(), shrink=True, min_width=10, show=_label(report.by)),
        *_to_a_tenth("points", "POINTS", lambda row: _tenths(row["points"])),
        *(_to_a_tenth("points_change", "CHANGE", _gained) if report.previous else []),
        count_column("won_count", "WON"),
        money_column("won_amount", "AMOUNT", currency),
        percent_column("win_rate", "WIN RATE"),
        money_column("average_amount", "AVERAGE", currency, rank=2),
        Column("average_days", "DAYS", align="right"),
    ]


def _label(by: str) -> Any:
    def show(row: Mapping[str, Any]) -> str:
        name = row.get("label") or row.get("name") or row["key"] or f"without {by}"
        return f"{name} (inactive)" if row.get("active") is False else name

    return show


def _climbed(row: Mapping[str, Any]) -> str:
    """`↑2`; `new` to the ranking."""
    change = row["rank_change"]
    if change is None:
        return "new" if row["rank"] and not row["previous_rank"] else ""
    return f"{'↑' if change > 0 else '↓'}{abs(change)}" if change else "="


def _to_a_tenth(name: str, heading: str, show: Callable[[Mapping[str, Any]], str]) -> list[Column]:
    """Points as a terminal shows them; the other formats have every digit."""
    return [
        Column(name, heading, align="right", show=show, only="table"),
        Column(name, heading, align="right", only="data"),
    ]


def _tenths(points: object) -> str:
    return money(Decimal(str(points)), None, 1)


def _gained(row: Mapping[str, Any]) -> str:
    change = row["points_change"]
    return f"{'+' if change > 0 else ''}{_tenths(change)}"


def _remarks(points: Points, base: str) -> list[str]:
    if points.is_nothing:
        return ["the settings give no points (ranking.points_per_win): the amount ranks"]
    return [
        f"points: {points.per_win} a win and {points.per_amount} for each {base} won",
        "win rate: of the won and the lost; average and days to close: of the won",
    ]
