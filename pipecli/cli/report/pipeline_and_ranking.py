"""`pipecli report pipeline`: open deals by stage, as a matrix a process where it has room, else as a list.

`report ranking`: the salespeople by points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.output import write_text
from pipecli.cli.common.session import owner_filter
from pipecli.cli.common.table import Column, amount_text, money, plain_columns, render, rounded_to_three
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.cli.report.options_and_columns import (
    Asked,
    KeyNames,
    asking,
    figures,
    fitted,
    period_text,
    won_without_amount,
)
from pipecli.records.days import Days
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.deal import Valuation
from pipecli.reports.pipeline_key_figures_and_ranking import (
    RANKING_GROUPINGS,
    STAGE_GROUPINGS,
    Matrix,
    OpenDeals,
    Ranking,
    RankingRow,
    Sum,
    period_before,
    pipeline_by_stage,
    points_of,
    ranking,
)
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import closed_deals, open_deals
from pipecli.store.pipeline import Pipeline
from pipecli.wording import count

app = noun()


@app.command("report pipeline", cls=Report)
@asking(OPPORTUNITY, by="owner", groupings=STAGE_GROUPINGS, days="expected to close")
def report_pipeline(asked: Asked) -> None:
    """Print how much is at each stage.

    It shows how many open deals there are, what they are worth, and whose they are. Without --from and --to
    every open deal counts. The table is rounded to three digits; the other formats are exact.
    """
    by, run, names, stages = asked.by, asked.run, asked.names, KeyNames(asked.run, "stage")
    report = pipeline_by_stage(
        open_deals(asked.pipeline.connection, owner_filter(run), asked.period),
        by=by, valuation=asked.valuation, today=run.today, order=stages.stages(),
    )  # fmt: skip
    when = asked.when(", closing")
    caption = f"Open deals by stage and {by} in {asked.currency} on {run.today}{when}"
    if asked.is_table and report.matrices:
        write_text(f"{fitted(caption)}\n{_drawn(report, asked, stages)}")
        return
    about = {
        "today": run.today,
        "processes": [
            {
                "process": matrix.process,
                "totals": matrix.totals._asdict(),
                "keys": [names.named(key) | total._asdict() for key, total in matrix.keys.items()],
                "stages": [
                    _stage(matrix, stage, stages) | total._asdict() for stage, total in matrix.stages.items()
                ],
            }
            for matrix in report.matrices
        ],
    }
    rows = [
        {**names.named(key), "process": matrix.process, **_stage(matrix, stage, stages), **total._asdict()}
        for matrix in report.matrices
        for (key, stage), total in matrix.cells.items()
    ]
    asked.print(
        caption, rows, _COLUMNS, totals=report.totals._asdict(), about=about, nothing="no deal is open"
    )


_COLUMNS = plain_columns("key process stage") + [
    Column(name, name.replace("_", " ").upper(), align="right") for name in Sum._fields
]


def _stage(matrix: Matrix, stage: str, stages: KeyNames) -> dict[str, Any]:
    name = stages.name(stage, matrix.process)
    return {"stage": stage, **({"stage_name": name} if name else {})}


def _drawn(report: OpenDeals, asked: Asked, stages: KeyNames) -> str:
    """The tables of all processes, and a line of exact sums below them."""
    parts = []
    for matrix in report.matrices:
        if len(report.matrices) > 1:
            parts.append(f"{fitted(f'process {matrix.process}')}\n")
        parts.append(f"{_matrix(matrix, asked, stages) or _list(matrix, asked, stages)}\n\n")
    totals = report.totals
    amount, weighted = (amount_text(figure, asked.currency) for figure in (totals.amount, totals.weighted))
    parts.append(fitted(f"in all, {count(totals.open_count, 'open deal')}: {amount}, weighted {weighted}"))
    if totals.without_amount_count:
        parts.append(
            fitted(f"{count(totals.without_amount_count, 'open deal')} without an amount: counted as 0")
        )
    return "".join(parts)


def _matrix(matrix: Matrix, asked: Asked, stages: KeyNames) -> str | None:
    """A line a key, and a column a stage with the count and the rounded amount; None where it is too wide."""
    totals = [*matrix.keys.values(), matrix.totals]
    keys = [*map(asked.names.label, matrix.keys), "total"]
    columns = [(Column("key", asked.by.upper(), shrink=True, min_width=12), keys)]
    for stage, total in matrix.stages.items():
        column = Column(stage, stages.label(stage, matrix.process).upper(), align="right")
        columns.append((column, _cells([*(matrix.cells.get((key, stage)) for key in matrix.keys), total])))
    columns.append((Column("total", "TOTAL", align="right"), _cells(totals)))
    weighted = [rounded_to_three(sum_.weighted) for sum_ in totals]
    columns.append((Column("weighted", "WEIGHTED", align="right"), weighted))
    drawn, filled = zip(*columns, strict=True)
    table = render(drawn, list(zip(*filled, strict=True)), terminal_width())
    return None if table.dropped else table.text


def _cells(sums: Sequence[Sum | None]) -> list[str]:
    """`12  1.2M`, the counts and the amounts each in line."""
    amounts = [rounded_to_three(sum_.amount) if sum_ and sum_.open_count else "" for sum_ in sums]
    wide = max(len(amount) for amount in amounts)
    return [
        f"{sum_.open_count} {amount:>{wide}}" if sum_ and sum_.open_count else ""
        for sum_, amount in zip(sums, amounts, strict=True)
    ]


def _list(matrix: Matrix, asked: Asked, stages: KeyNames) -> str:
    """A line a key and stage, with the sum of each key below its stages."""

    def line(key: str, stage: str, total: Sum) -> tuple[str | int, ...]:
        both = (total.amount, total.weighted)
        return (
            key,
            stage,
            total.open_count,
            *(amount_text(sum_, asked.currency, named=False) for sum_ in both),
        )

    rows = []
    for key, total in matrix.keys.items():
        label = asked.names.label(key)
        own = [stage for stage in matrix.stages if (key, stage) in matrix.cells]
        for stage in own:
            name = stages.label(stage, matrix.process)
            rows.append(line(label if stage == own[0] else "", name, matrix.cells[key, stage]))
        if len(own) > 1:
            rows.append(line("", "all stages", total))
    rows.append(line("total", "", matrix.totals))
    columns = [
        Column("key", asked.by.upper(), shrink=True, min_width=12),
        Column("stage", "STAGE", shrink=True, min_width=12),
        Column("open_count", "DEALS", align="right"),
        Column("amount", "AMOUNT", align="right"),
        Column("weighted", "WEIGHTED", align="right", rank=1),
    ]
    return render(columns, rows, terminal_width()).text


@app.command("report ranking", cls=Report)
@asking(OPPORTUNITY, by="owner", groupings=RANKING_GROUPINGS, when="this quarter")
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
