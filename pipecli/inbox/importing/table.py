"""The rows of a text of CSV, TSV, JSON or JSON Lines that another program wrote.

The delimiter is detected; the nested values of JSON stand in columns with dotted names.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.harmless_text import text_of_spreadsheet_cell
from pipecli.json_and_csv import loads
from pipecli.records.money import CURRENCIES
from pipecli.records.written_amounts import SIGNS, DecimalSign


@dataclass(frozen=True, eq=False)
class Raw:
    """A value of JSON below `custom`, which is taken as it is; it has a hash also where that is a list."""

    value: object


Cell = str | int | Decimal | bool | tuple["Cell", ...] | Raw
"""The value of a row in one column. Of CSV always text; empty text isn't a value."""

REASON = "reject_reason"
"""The column that a rejects file has beside those of its rows; it feeds nothing when the file comes back."""


class Row(NamedTuple):
    line: int
    """The line it begins on, or in JSON its place in the list, from 1."""
    cells: dict[str, Cell]
    fault: str = ""
    """The reason to reject it under any mapping, more cells than the header has; empty for most."""
    extra: tuple[str, ...] = ()
    """The cells that it has beyond the header."""

    def text(self, column: str | None) -> str:
        """The text of a cell, without blanks at its ends; empty for none."""
        return str(self.cells.get(column or "", "")).strip()


class CountedRows(list[Row]):
    """Rows of which the texts of a column are counted once, though many ask for them."""

    @cached_property
    def texts(self) -> dict[str, Counter[str]]:
        return {}


class Table(NamedTuple):
    name: str
    """The file's name."""
    columns: list[str]
    rows: list[Row]
    typed: bool = False
    """True where the file itself tells texts from numbers: JSON, not CSV."""
    encoding: str = ""
    """The encoding, where it had to be guessed."""
    sheet: str = ""
    """The sheet, where a workbook has several."""
    below: int = 0
    """Lines of totals, notes and headers once more, which are left out."""
    header: int = 0
    """The line of the header; 0 where it is the first that isn't blank, or in JSON."""
    decimal: DecimalSign = ""
    """For a plan, the decimal sign of its money, for columns that don't tell theirs."""


@dataclass(frozen=True)
class FileFormat:
    """The form of a file, as the mapping says it; what it leaves open is detected."""

    encoding: str | None = None
    delimiter: str | None = None
    header: int | tuple[str, ...] | None = None
    """The line of the header, or columns that it has."""
    named: frozenset[str] = frozenset()
    """The columns that the mapping names: with no `header` the first line that has them all is the header."""
    sheet: str | None = None


EXTRA = "reject_extra_"
"""The beginning of the columns in which a rejects file has the cells that its rows had too many."""
_HEADER_WITHIN = 60
"""The rows among which a header is looked for."""


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_DELIMITERS = ",;\t|"
LONGEST_CELL = 1 << 20
"""Characters; spreadsheets keep 32,767."""
MOST_VALUES = 1000
"""Of one cell, or of one kind in a person's vCard."""
_SAMPLE_ROWS = 50
_END = "\N{END OF TRANSMISSION}"  # the last line: in a row with a text, that text's quote was never closed


def delimited_table(text: str, name: str, delimiter: str | None, file_format: FileFormat) -> Table:
    """The rows of a delimited text; the first that is not blank names the columns, unless `file_format` does.

    Raises PipecliError.
    """
    named = re.match(r"sep=(.)\r?\n", text)  # Excel writes so
    if named:
        text = "\n" + text[named.end() :]
    sign = delimiter or (named[1] if named else max(_DELIMITERS, key=lambda sign: _fit(text, sign)))
    # A StringIO would take four bytes for each of millions of signs.
    lines = itertools.chain((line[0] for line in _LINE.finditer(text)), [_END])
    reader = csv.reader(lines, delimiter=sign)
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        return table_of(_numbered(reader), name, file_format)
    except csv.Error as error:
        raise PipecliError(f"{name}:{reader.line_num}: {error}") from None
    finally:
        csv.field_size_limit(before)


def _numbered(reader: Any) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The rows of a CSV reader that aren't blank, each with the line on which it begins."""
    line = 1
    kept: list[dict[str, str]] = []  # by column, what comes often, and is kept once
    for cells in reader:
        begins, line = line, reader.line_num + 1
        if cells and cells[-1].endswith(_END) and cells != [_END]:
            raise csv.Error(f"the text in quotes that begins in the row of line {begins} never ends")
        if cells != [_END] and any(map(str.strip, cells)):
            kept += ({} for _ in range(len(cells) - len(kept)))
            kept = [same if len(same) < 1 << 13 else {} for same in kept]
            yield begins, [*map(dict.setdefault, kept, cells, cells)]


def table_of(rows: Iterator[tuple[int, Sequence[Cell]]], name: str, file_format: FileFormat) -> Table:
    """A table of numbered rows, one of which is the header. Raises PipecliError."""
    first = list(itertools.islice(rows, _HEADER_WITHIN))
    place = _header_place(first, name, file_format)
    if place is None:
        return Table(name, [], [])
    line, cells = first[place]
    _require_few_columns(len(cells), f"{name}:{line}")
    columns = columns_of(cells)
    extras = [column for column in columns if column.startswith(EXTRA)]
    taken = [_row(line, columns, cells, extras) for line, cells in itertools.chain(first[place + 1 :], rows)]
    below = _below(taken) if len(columns) > 2 else 0
    del taken[len(taken) - below :]
    own = Table(name, columns, taken, header=line if place else 0, below=below)
    return _without_apostrophes(_without_nameless(own))


_MOST_COLUMNS = 10_000


def _require_few_columns(number: int, where: str) -> None:
    if number > _MOST_COLUMNS:
        many = f"{where}: {number:,} columns, {_MOST_COLUMNS:,} at most are read"
        raise PipecliError(
            many, hint="delete those that are empty; or say in the mapping what separates them"
        )


_BELOW = re.compile(
    r"(?i)(grand |sub)?total[esi]?( g[eé]n[eé]rale?| geral)?( \(.*\)| [\d,.]+ records?)?:?|totaux:?"
    r"|gesamt(summe)?:?|summe:?|suma:?|totaal:?|razem:?|(genel )?toplam:?|итого:?|جمع( کل)?|(record )?count:?"
    r"|(copyright|confidential information|applied filters|©).*|(generated|exported) (by|from|on) .*"
)


def _below(rows: Sequence[Row]) -> int:
    """The lines of totals and notes at the end, and lone cells around a note: a report's title, a firm."""
    lone = next((place for place, row in enumerate(reversed(rows)) if len(row.cells) > 1), len(rows))
    lone *= any(is_of_totals(row) for row in rows[len(rows) - lone :])
    rows = rows[: len(rows) - lone]
    rest = (place for place, row in enumerate(reversed(rows)) if not is_of_totals(row))
    return lone + next(rest, len(rows))


def fill_down(rows: Sequence[Row], column: str) -> None:
    """Give each empty cell of a column that of the row above: a group is written once over its rows."""
    group: Cell = ""
    if isinstance(rows, CountedRows):
        rows.texts.pop(column, None)
    for row in rows:
        group = row.cells[column] = row.cells.get(column) or group


def is_of_totals(row: Row) -> bool:
    """True for a line of totals, or a note, which reports and spreadsheets have below their rows."""
    cells = [str(cell).strip() for cell in row.cells.values() if cell != ""]
    if not cells or 2 * len(cells) > len(row.cells) + 1:
        return False
    words, _, last = cells[0].rpartition(" ")
    return _BELOW.fullmatch(words if last in CURRENCIES.keys() | SIGNS else cells[0]) is not None


def _header_place(
    first: Sequence[tuple[int, Sequence[Cell]]], name: str, file_format: FileFormat
) -> int | None:
    """The header among the first rows; None where there is no row."""
    wanted = file_format.header
    if isinstance(wanted, int):
        place = next((place for place, (line, _) in enumerate(first) if line == wanted), None)
        if place is None:
            raise PipecliError(f"{name}:{wanted}: no header on this line", hint="correct `header:`")
        return place
    names = [set(columns_of(cells)) for _, cells in first]
    if wanted:
        place = next((place for place, own in enumerate(names) if own.issuperset(wanted)), None)
        if place is None:
            raise PipecliError(f"{name}: no row has {', '.join(wanted)}", hint="correct `header:`")
        return place
    if file_format.named and names and not names[0] & file_format.named:
        return next((place for place, own in enumerate(names) if own >= file_format.named), 0)
    return 0 if first else None


def _row(line: int, columns: list[str], cells: Sequence[Cell], extras: Sequence[str]) -> Row:
    plain = [
        _as_text(cell) if isinstance(cell, str) and ("'" in cell or "=" in cell or ".so/" in cell) else cell
        for cell in cells
    ]
    taken: dict[str, Cell] = dict(zip(columns, plain, strict=False))
    fault = ""
    if len(cells) != len(columns) and any(cells[len(columns) :] or [True]):
        fault = f"it has {len(cells)} cells, the header {len(columns)}"
    elif too_many := [column for column in extras if taken.get(column)]:
        fault = f"it still has a cell too many, {too_many[0]}: move its value where it belongs, and empty it"
    return Row(line, taken, fault, tuple(map(str, plain[len(columns) :])))


_TEXT = re.compile(r'="([^"]*)"')
_NOTION = re.compile(r" \(https://www\.notion\.so/[^\s)]+\)")
"""What Notion writes behind the name of another page."""
_NUMBER_AS_TEXT = re.compile(r"'[-+]?[\d.,]+")


def _as_text(cell: str) -> str:
    """A cell without what a spreadsheet has around a number that is text, or guards a formula with."""
    match = _TEXT.fullmatch(cell)
    return match[1] if match else text_of_spreadsheet_cell(_NOTION.sub("", cell))


def _without_apostrophes(table: Table) -> Table:
    """The table with columns of numbers that a spreadsheet keeps as text, `'0049`, as numbers."""
    for column in table.columns:
        cells = (cell for row in table.rows if (cell := row.cells.get(column, "")))
        others = (cell for cell in cells if not (isinstance(cell, str) and _NUMBER_AS_TEXT.fullmatch(cell)))
        if next(others, None) is None and any(row.cells.get(column, "") for row in table.rows):
            for row in table.rows:
                row.cells[column] = str(row.cells.get(column, "")).removeprefix("'")
    return table


def plain_name(cell: str) -> str:
    """The name of a column without the blanks and line breaks around and within it."""
    return " ".join(cell.split())


def columns_of(cells: Sequence[Cell]) -> list[str]:
    """The names of the columns: a second `Phone` is `Phone (2)`, and one without a name `column 7`."""
    names = [plain_name(str(cell)) for cell in cells]
    taken = set(names)
    numbers: dict[str, Iterator[int]] = {}
    columns = []
    for place, name in enumerate(names, 1):
        if not name:
            columns.append(f"column {place}")
        elif name not in numbers:
            numbers[name] = itertools.count(2)
            columns.append(name)
        else:
            numbered = (f"{name} ({number})" for number in numbers[name])
            columns.append(next(other for other in numbered if other not in taken))
        taken.add(columns[-1])
    return columns


def _without_nameless(table: Table) -> Table:
    """The table without columns that have neither a name nor a cell: spreadsheets leave them behind."""
    nameless = [column for column in table.columns if re.fullmatch(r"column \d+", column)]
    empty = [column for column in nameless if not any(row.cells.get(column) for row in table.rows)]
    return table._replace(columns=[column for column in table.columns if column not in empty])


def _fit(text: str, sign: str) -> tuple[float, int]:
    """The part of the rows that a sign cuts into as many cells as most of them, and that number of cells."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        rows = list(filter(None, itertools.islice(reader, _SAMPLE_ROWS)))
    except csv.Error:
        return 0.0, 0
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda width: (widths[width], width)) if rows else 0
    sure = 1 if rows and len(rows[0]) == width else 0.8  # else it is in texts, or notes are above a header
    return (sure * widths[width] / len(rows), width) if width > 1 else (0.0, 0)


def json_table(text: str, name: str) -> Table:
    """The rows of a JSON list, or of an object that holds one list. Raises PipecliError."""
    try:
        value = loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip()[:1] == "{":
            return json_lines_table(text, name)
        raise PipecliError(f"{name}:{error.lineno}: isn't JSON: {error.msg}") from None
    except RecursionError:
        raise PipecliError(f"{name}: is nested too deeply") from None
    except PipecliError as error:  # NaN
        raise PipecliError(f"{name}: {error.message}") from None
    except ValueError:  # Python's own bound for a whole number
        raise PipecliError(f"{name}: has a number of thousands of digits") from None
    if isinstance(value, dict):
        lists = [part for part in value.values() if isinstance(part, list)]
        value = lists[0] if len(lists) == 1 and _are_objects(lists[0]) else [value]
    if not isinstance(value, list) or not _are_objects(value):
        raise PipecliError(f"{name}: must be a list of objects, one for each record")
    return _table(name, enumerate(value, 1))


def json_lines_table(text: str, name: str) -> Table:
    """The rows of JSON Lines, an object on each. Raises PipecliError."""
    return _table(name, _objects(text, name))


def _objects(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = loads(line)
        except (ValueError, RecursionError, PipecliError):  # with a number of thousands of digits, or NaN
            value = None
        if not isinstance(value, dict):
            raise PipecliError(f"{name}:{number}: isn't a JSON object")
        yield number, value


def _are_objects(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _table(name: str, objects: Iterable[tuple[int, dict[str, Any]]]) -> Table:
    rows = [Row(number, dict(_cells(value, ""))) for number, value in objects]
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
    _require_few_columns(len(columns), name)
    return Table(name, columns, rows, typed=True)


def _cells(value: object, path: str) -> Iterator[tuple[str, Cell]]:
    match value:
        case dict() if path == "custom":
            if all("." not in key for key in value):
                yield from ((f"custom.{key}", Raw(part)) for key, part in value.items())
            else:
                yield path, Raw(value)
        case dict():
            for key, part in value.items():
                yield from _cells(part, f"{path}.{key}" if path else key)
        case list() if not any(isinstance(part, (dict, list)) for part in value):
            yield path, tuple(part for part in value if part is not None)
        case list():
            for number, part in enumerate(value, 1):
                yield from _cells(part, f"{path}.{number}")
        case str() | bool() | int() | Decimal():
            yield path, value


def whole_rows(table: Table) -> Table:
    """The table without rows of more cells than its header, which are shifted and will be rejected."""
    whole = [row for row in table.rows if not any(row.extra)]
    return table._replace(rows=CountedRows(whole)) if whole and len(whole) < len(table.rows) else table
