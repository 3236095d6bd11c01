"""The rows that can't be taken, as a CSV that a person mends and imports again."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from pipecli.csvtext import free_cell, guarded, list_cell
from pipecli.inbox.tabular import REASON, Cell, Raw, Row, Table


def text(table: Table, rejected: Sequence[tuple[Row, str]]) -> str:
    """The columns of the file and the reason."""
    columns = [column for column in table.columns if column != REASON]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([guarded(column) for column in [*columns, REASON]])
    for row, reason in rejected:
        cells = [_written(row.cells.get(column, "")) for column in columns]
        writer.writerow([guarded(cell) for cell in [*cells, reason]])
    return out.getvalue()


def default_path(name: str, source: Path | None, root: Path) -> Path:
    """A new file in this directory, or, as a pipeline is no place for it, beside the source or in /tmp."""
    for folder in (Path(), source.parent if source else Path(), Path(tempfile.gettempdir())):
        if not (folder.resolve() == root or root in folder.resolve().parents):
            break
    names = chain([f"{name}.rejects.csv"], (f"{name}.rejects-{number}.csv" for number in count(2)))
    return next(folder / each for each in names if not (folder / each).exists())


def _written(cell: Cell) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case Raw():
            return free_cell(cell.value)
        case tuple():
            return list_cell([_written(part) for part in cell])
    return str(cell)
