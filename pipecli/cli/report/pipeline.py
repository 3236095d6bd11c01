"""`pipecli report pipeline`: open deals by stage, as a matrix a process where it has room, else as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.output import write_text
from pipecli.cli.common.session import owner_filter
from pipecli.cli.common.table import Column, amount_text, render, rounded_to_three
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.cli.report.common import Asked, KeyNames, asking, fitted
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.pipeline_and_key_figures import GROUPINGS, Key, Matrix, Pipeline, Sum, pipeline_by_stage
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
        open_deals(asked.pipeline.index.connection, owner_filter(run), asked.period),
        by=by, valuation=asked.valuation, today=run.today, order=stages.stages(),
    )  # fmt: skip
    when = asked.when(", closing")
    caption = f"Open deals by stage and {by} in {asked.currency} on {run.today}{when}"
    if asked.is_table and report.matrices:
        look = _Look(by, names, stages, asked.currency, terminal_width())
        write_text(f"{fitted(caption)}\n{drawn(report, look)}")
        return
    about = {
        "by": by,
        "currency": asked.currency,
        "today": run.today,
        **asked.bounds,
        "totals": report.totals._asdict(),
        "processes": [_process(matrice, names, stages) for matrice in report.matrices],
    }
    rows = [
        {**names.named(key), "process": matrice.process, **_stage(matrice, stage, stages), **total._asdict()}
        for matrice in report.matrices
        for (key, stage), total in matrice.cells.items()
    ]
    asked.print(caption, rows, _COLUMNS, about=about, nothing="no deal is open")


_COLUMNS = [Column(name, name.upper()) for name in ("key", "process", "stage")] + [
    Column(name, name.replace("_", " ").upper(), align="right") for name in Sum._fields
]


def _process(matrix: Matrix, names: KeyNames, stages: KeyNames) -> dict[str, Any]:
    """The sums of one process with the keys of JSON."""
    return {
        "process": matrix.process,
        "totals": matrix.totals._asdict(),
        "keys": [names.named(key) | total._asdict() for key, total in matrix.keys.items()],
        "stages": [_stage(matrix, stage, stages) | total._asdict() for stage, total in matrix.stages.items()],
    }


def _stage(matrix: Matrix, stage: str, stages: KeyNames) -> dict[str, Any]:
    name = stages.name(stage, matrix.process)
    return {"stage": stage, **({"stage_name": name} if name else {})}


class _Look(NamedTuple):
    by: str
    names: KeyNames
    stages: KeyNames
    currency: str
    width: int | None
    """Of the terminal; None: as wide as it gets."""


def drawn(report: Pipeline, look: _Look) -> str:
    """The tables of all processes, and a line of exact sums below them."""
    parts = []
    for matrix in report.matrices:
        if len(report.matrices) > 1:
            parts.append(f"{fitted(f'process {matrix.process}')}\n")
        parts.append(f"{_matrix(matrix, look) or _list(matrix, look)}\n\n")
    totals = report.totals
    amount, weighted = (amount_text(figure, look.currency) for figure in (totals.amount, totals.weighted))
    parts.append(fitted(f"in all, {count(totals.open_count, 'open deal')}: {amount}, weighted {weighted}"))
    if totals.without_amount_count:
        parts.append(
            fitted(f"{count(totals.without_amount_count, 'open deal')} without an amount: counted as 0")
        )
    return "".join(parts)


def _matrix(matrix: Matrix, look: _Look) -> str | None:
    """A line a key, and a column a stage with the count and the rounded amount; None where it is too wide."""
    lines: list[tuple[Key, Sum]] = [*matrix.keys.items(), (_TOTAL, matrix.totals)]
    sums: list[list[Sum | None]] = [
        [*(matrix.cells.get((key, stage)) for key in matrix.keys), total]
        for stage, total in matrix.stages.items()
    ]
    columns = [
        Column("key", look.by.upper(), shrink=True, min_width=12),
        *(
            Column(stage, look.stages.label(stage, matrix.process).upper(), align="right")
            for stage in matrix.stages
        ),
        Column("total", "TOTAL", align="right"),
        Column("weighted", "WEIGHTED", align="right"),
    ]
    filled = [
        [_label(key, look) for key, _ in lines],
        *(_cells(sum_) for sum_ in sums),
        _cells([total for _, total in lines]),
        [rounded_to_three(total.weighted) for _, total in lines],
    ]
    table = render(columns, list(zip(*filled, strict=True)), look.width)
    return None if table.dropped else table.text


_TOTAL = "\0"
"""The key of the last line; nobody is called so."""


def _label(key: Key, look: _Look) -> str:
    return "total" if key == _TOTAL else look.names.label(key)


def _cells(sums: Sequence[Sum | None]) -> list[str]:
    """`12  1.2M`, the counts and the amounts each in line."""
    amounts = [rounded_to_three(sum_.amount) if sum_ and sum_.open_count else "" for sum_ in sums]
    wide = max(len(amount) for amount in amounts)
    return [
        f"{sum_.open_count} {amount:>{wide}}" if sum_ and sum_.open_count else ""
        for sum_, amount in zip(sums, amounts, strict=True)
    ]


def _list(matrix: Matrix, look: _Look) -> str:
    """A line a key and stage, with the sum of each key below its stages."""

    def line(key: str, stage: str, total: Sum) -> tuple[str | int, ...]:
        amounts = (
            amount_text(figure, look.currency, named=False) for figure in (total.amount, total.weighted)
        )
        return key, stage, total.open_count, *amounts

    rows = []
    for key, total in matrix.keys.items():
        label = _label(key, look)
        stages = [stage for stage in matrix.stages if (key, stage) in matrix.cells]
        for stage in stages:
            name = look.stages.label(stage, matrix.process)
            rows.append(line(label if stage == stages[0] else "", name, matrix.cells[key, stage]))
        if len(stages) > 1:
            rows.append(line("", "all stages", total))
    rows.append(line("total", "", matrix.totals))
    columns = [
        Column("key", look.by.upper(), shrink=True, min_width=12),
        Column("stage", "STAGE", shrink=True, min_width=12),
        Column("open_count", "DEALS", align="right"),
        Column("amount", "AMOUNT", align="right"),
        Column("weighted", "WEIGHTED", align="right", rank=1),
    ]
    return render(columns, rows, look.width).text
