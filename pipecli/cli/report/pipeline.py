"""`pipecli report pipeline`: open deals by stage, as a matrix a process where it has room, else as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.output import write_text
from pipecli.cli.common.session import owner_filter
from pipecli.cli.common.table import Column, amount_text, plain_columns, render, rounded_to_three
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.cli.report.common import Asked, KeyNames, asking, fitted
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.pipeline_and_key_figures import GROUPINGS, Matrix, Pipeline, Sum, pipeline_by_stage
from pipecli.store.index.rows_for_reports import open_deals
from pipecli.wording import count

app = noun()


@app.command(cls=Report)
@asking(OPPORTUNITY, by="owner", groupings=GROUPINGS, days="expected to close")
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


def _drawn(report: Pipeline, asked: Asked, stages: KeyNames) -> str:
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
