"""CSV and TSV, with whatever delimiter it has."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice

from pipecli.csvtext import unguarded
from pipecli.errors import PipecliError
from pipecli.inbox.tabular import Cell, Row, Table

_DELIMITERS = ",;\t|"
_LONGEST_CELL = 1 << 20
_SAMPLE_ROWS = 50


def table(text: str, name: str, delimiter: str | None = None) -> Table:
    """The rows of a delimited text; the first that is not blank names the columns. Raises PipecliError."""
    told = re.match(r"sep=(.)\r?\n", text)  # how Excel tells itself
    if told:
        text = "\n" + text[told.end() :]
    sign = delimiter or (told[1] if told else _delimiter(text))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    before = csv.field_size_limit(_LONGEST_CELL)
    columns: list[str] = []
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if columns:
                rows.append(_row(begins, columns, cells))
            else:
                columns = _columns(cells, f"{name}:{begins}")
    except csv.Error as error:
        raise PipecliError(f"{name}:{reader.line_num}: {error}") from None
    finally:
        csv.field_size_limit(before)
    return _without_nameless(Table(name, columns, rows))


def _row(line: int, columns: list[str], cells: list[str]) -> Row:
    taken: dict[str, Cell] = dict(
        zip(columns, [unguarded(cell) if cell[:1] == "'" else cell for cell in cells], strict=False)
    )
    fault = ""
    if len(cells) != len(columns) and any(cells[len(columns) :] or [True]):
        fault = f"it has {len(cells)} cells, the header {len(columns)}"
    return Row(line, taken, fault)


def _columns(cells: list[str], where: str) -> list[str]:
    names = [" ".join(cell.split()) for cell in cells]
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        raise PipecliError(f'{where}: two columns are called "{twice[0]}"', hint="rename one of them")
    return [name or f"column {place}" for place, name in enumerate(names, 1)]


def _without_nameless(table: Table) -> Table:
    """The table without columns that have neither a name nor a cell: spreadsheets leave them behind."""
    empty = [
        column
        for column in table.columns
        if re.fullmatch(r"column \d+", column) and not any(row.cells.get(column) for row in table.rows)
    ]
    return table._replace(columns=[column for column in table.columns if column not in empty])


def _delimiter(text: str) -> str:
    """The sign that cuts the most rows into as many cells as the header, and into the most cells."""
    fits = {sign: _fit(text, sign) for sign in _DELIMITERS}
    return max(_DELIMITERS, key=lambda sign: fits[sign])


def _fit(text: str, sign: str) -> tuple[float, int]:
    try:
        rows = [
            row
            for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=sign), _SAMPLE_ROWS)
            if row
        ]
    except csv.Error:
        return 0.0, 0
    width = len(rows[0]) if rows else 0
    return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0.0, 0)
