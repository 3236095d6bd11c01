"""`pipecli report ranking`: the salespeople by points."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.session import owner_filter
from pipecli.cli.common.table import Column, money
from pipecli.cli.report.common import Asked, asking, figures, period_text, won_without_amount
from pipecli.records.days import Days
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.deal_weighted_and_converted import Valuation
from pipecli.reports.ranking import GROUPINGS, Ranking, RankingRow, period_before, points_of, ranking
from pipecli.store.index.owner_filter import OwnerFilter
from pipecli.store.index.rows_for_reports import closed_deals
from pipecli.store.pipeline import Pipeline

app = noun()


@app.command(cls=Report)
@asking(OPPORTUNITY, by="owner", groupings=GROUPINGS, when="this quarter")
def report_ranking(asked: Asked) -> None:
    """Print the ranking of the salespeople by points.

    A win gives the `points_per_win` of the settings, and `points_per_amount` for each unit of the base
    currency. Without --from and --to it is for this quarter. It also shows what changed since the period
    before, of the same length.
    """
    first, last = asked.period
    if last is None and first and first <= asked.run.today:
        asked.period = Days(first, asked.run.today)
    points, base = points_of(asked.pipeline.settings_as_written), asked.pipeline.rates.base
    report = ranking_of(asked.pipeline, owner_filter(asked.run), asked.period, asked.valuation, asked.by)
    since = report.previous
    about = {
        "previous": since and {"from": since.first, "to": since.last},
        "points": {"per_win": points.per_win, "per_amount": points.per_amount, "currency": base},
        "bases": {"win_rate": "won and lost deals"},
    }
    change = f"; change since {since.first} to {since.last}" if since else ""
    remarks = ["the settings give no points (ranking.points_per_win): the amount ranks"]
    if not points.is_nothing:
        remarks = [
            f"points: {points.per_win} a win and {points.per_amount} for each {base} won",
            "win rate: of the won and the lost; average and days to close: of the won",
        ]
    asked.print(
        f"Ranking by {report.by} in {asked.currency}, closed {period_text(report.days)}{change}",
        [_record(row, asked) for row in report.rows],
        _columns(asked, has_previous=since is not None),
        totals=figures(report.totals, "rank", "previous_rank", "rank_change"),
        about=about,
        remarks=[*remarks, *won_without_amount(report.totals.won_without_amount_count)],
        nothing="no deal was won or lost",
    )


def ranking_of(
    pipeline: Pipeline, of: OwnerFilter, days: Days, shown: Valuation, by: str = "owner"
) -> Ranking:
    """The ranking of some owners on these days, and what changed since those before. Raises MissingRate."""
    previous, base = period_before(days), Valuation(pipeline.rates)
    reaching = Days(previous.first if previous else days.first, days.last)
    return ranking(
        closed_deals(pipeline.connection, of, reaching),
        by=by, days=days, points=points_of(pipeline.settings_as_written), base=base,
        shown=base if shown.currency == base.currency else shown,
    )  # fmt: skip


def _record(row: RankingRow, asked: Asked) -> dict[str, Any]:
    """One row with the keys of JSON."""
    user = (asked.names.settings.get("users") or {}).get(row.key, {})
    return {
        "rank": row.rank,
        **asked.names.named(row.key),
        **({"active": user.get("active", True)} if asked.by == "owner" and row.key else {}),
        **figures(row, "rank"),
    }


def _columns(asked: Asked, *, has_previous: bool) -> list[Column]:
    return [
        Column("rank", "RANK", align="right"),
        *([Column("rank_change", "↑↓", show=_climbed, rank=1)] if has_previous else []),
        Column("key", asked.by.upper(), shrink=True, min_width=10, show=_label(asked.by)),
        *_to_a_tenth("points", "POINTS"),
        *(_to_a_tenth("points_change", "CHANGE", "+") if has_previous else []),
        asked.count_column("won_count", "WON"),
        asked.money_column("won_amount", "AMOUNT"),
        asked.percent_column("win_rate", "WIN RATE"),
        asked.money_column("average_amount", "AVERAGE", rank=2),
        Column("average_days", "DAYS", align="right"),
    ]


def _label(by: str) -> Any:
    def show(row: Mapping[str, Any]) -> str:
        name = row.get("label") or row.get("name") or row["key"] or f"without {by}"
        return f"{name} (inactive)" if row.get("active") is False else name

    return show


def _climbed(row: Mapping[str, Any]) -> str:
    """`↑2`; `new` to the ranking."""
    change = row.get("rank_change")
    if change is None:
        return "new" if row.get("rank") and not row["previous_rank"] else ""
    return f"{'↑' if change > 0 else '↓'}{abs(change)}" if change else "="


def _to_a_tenth(name: str, heading: str, plus: str = "") -> list[Column]:
    """Points as a terminal shows them, those above 0 with a `plus`; the other formats have every digit."""

    def show(row: Mapping[str, Any]) -> str:
        points = Decimal(str(row[name]))
        return f"{plus if points > 0 else ''}{money(points, None, 1)}"

    return [
        Column(name, heading, align="right", show=show, only="table"),
        Column(name, heading, align="right", only="csv"),
    ]
