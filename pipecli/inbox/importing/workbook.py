"""The rows of the sheets of a workbook (xlsx, xls, ods).

And what stands between the rows of any table and is none of them: sums and headings of groups, headers.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import takewhile
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import PipecliError, is_short_of_memory
from pipecli.extras import require_extra
from pipecli.inbox.importing.table import (
    LONGEST_CELL,
    Cell,
    FileFormat,
    Row,
    Table,
    columns_of,
    fill_down,
    is_of_totals,
    table_of,
)
from pipecli.store.second_process import result_apart
from pipecli.wording import first_of

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


ARCHIVE = b"PK\x03\x04"
"""The first bytes of a zip, which xlsx and ods are, too."""
_OLD_XLS = b"\xd0\xcf\x11\xe0"
"""The first bytes of a workbook of before 2007."""
_MOST_SHEETS = 8
"""Of those that are named."""
_MOST_READ = 250
_Numbered = tuple[int, list[Cell]]
"""A row with its number."""


def is_workbook(raw: bytes, name: str) -> bool:
    """True for a file with the content of a workbook, whatever its name, and for a zip that is named so."""
    if not raw.startswith(ARCHIVE):
        return raw.startswith(_OLD_XLS)
    if name.lower().endswith((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")):
        return True
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return not {"[Content_Types].xml", "mimetype"}.isdisjoint(archive.namelist())
    return False


_Plain = tuple[int, list[int | float | str]]
"""A row with its number, its cells as marshal knows them."""


class _Sheets(NamedTuple):
    names: list[str]
    rows: dict[str, list[_Numbered]]
    """Of those that were asked for."""


_MEMORY, _SECONDS = 1 << 30, 30
"""For a file of 1 kB, too, that says that it has billions of cells."""


def _opened(raw: bytes, name: str, wanted: str | None = None, *, is_visible: bool = False) -> _Sheets:
    """The sheet that is wanted, else all, or all that people see. Raises PipecliError."""
    require_extra("sheets", f"{name} is a workbook, and what reads one is not installed")
    try:
        refusal, hint, names, sheets = result_apart(
            lambda: _read_apart(raw, wanted, is_visible=is_visible), memory=_MEMORY, seconds=_SECONDS
        )
    except ChildProcessError:  # a library in Rust that is given too little ends its process
        if is_short_of_memory():
            raise PipecliError(f"there is too little memory for {name}", code="system") from None
        takes = f"to read it takes more than {_MEMORY >> 30} GB of memory, or {_SECONDS} seconds"
        raise PipecliError(f"{name}: {takes}", hint="save its sheet as CSV, without what is empty") from None
    if refusal:
        raise PipecliError(f"{name}: {refusal}", hint=hint)
    return _Sheets(names, {sheet: _filled(rows) for sheet, rows in sheets.items()})


def _read_apart(
    raw: bytes, wanted: str | None, *, is_visible: bool
) -> tuple[str, str, list[str], dict[str, list[_Plain]]]:
    """A refusal and its hint, or two empty texts, the names of all sheets, the rows of those asked for."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    if cell := _formula_without_value(raw):
        hint = "open the workbook in a spreadsheet, and save it: this calculates them"
        return f"{cell} is a formula without its value", hint, [], {}
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = workbook.sheet_names
        shown = SheetVisibleEnum.Visible
        visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == shown]
        asked = (visible or names) if is_visible else [one for one in names if wanted in (None, one)]
        return "", "", names, {sheet: _rows(workbook, sheet, len(raw)) for sheet in asked}
    except Exception as error:  # it has many, of Rust and of pyo3, for what is wrong with a file
        kind = type(error).__name__
        reason = error if kind in ("CalamineError", "ValueError") else f"{kind}: {error}"
        return f"isn't a workbook that can be read: {reason}", "", [], {}


_WITHOUT_VALUE = re.compile(
    rb'<c( r="([A-Z]+\d+)")?( (?!t="str")[^ >]*)*><f[^>]*>[^<]*</f>(<v ?/>|<v></v>)?</c>'
)


def _formula_without_value(raw: bytes) -> str:
    """The cell of a formula whose value was left out; the empty text is one, `t="str"`."""
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive, suppress(zipfile.BadZipFile, zlib.error):
            for sheet in archive.namelist():
                text = archive.read(sheet) if sheet.startswith("xl/worksheets/") else b""
                if b"</f>" in text and (cell := _WITHOUT_VALUE.search(text)):
                    return (cell[2] or b"a cell").decode()
    return ""


def read_sheets(raw: bytes, name: str) -> list[Table]:
    """The rows of each sheet of a workbook that has some and that people see. Raises PipecliError."""
    sheets = _opened(raw, name, is_visible=True)
    if len(sheets.rows) > _MOST_READ:
        many = f"{name} has {len(sheets.rows):,} sheets, {_MOST_READ} at most are read"
        raise PipecliError(many, hint="divide it")
    is_alone = len(sheets.names) == 1
    return [
        _of_sheet("" if is_alone else sheet, rows, name, FileFormat())
        for sheet, rows in sheets.rows.items()
        if rows
    ]


def read_workbook(raw: bytes, name: str, file_format: FileFormat) -> Table:
    """The rows of a workbook's sheet. Raises PipecliError."""
    names, sheets = _opened(raw, name, file_format.sheet)
    if file_format.sheet and file_format.sheet not in sheets:
        raise PipecliError(
            f'{name} has no sheet "{file_format.sheet}"; it has {first_of(names, _MOST_SHEETS)}'
        )
    sheet = file_format.sheet or _chosen(sheets, name, file_format)
    form = replace(file_format, named=file_format.named - {SHEET})
    rows = _of_sheet(sheet if len(names) > 1 else "", sheets[sheet], name, form)
    return with_sheet(rows, sheet) if SHEET in file_format.named - {*rows.columns} else rows


def _of_sheet(sheet: str, rows: list[_Numbered], name: str, file_format: FileFormat) -> Table:
    return without_groups(table_of(iter(rows), name, file_format))._replace(typed=True, sheet=sheet)


def _chosen(sheets: dict[str, list[_Numbered]], name: str, file_format: FileFormat) -> str:
    """The only sheet with rows, or the only one that has the columns of the mapping."""
    filled = {
        sheet: [{*columns_of(cells)} for _, cells in rows[:60]] for sheet, rows in sheets.items() if rows
    }
    if not filled:
        raise PipecliError(f"{name} is empty")
    named = file_format.named
    fitting = [sheet for sheet, rows in filled.items() if named and any(named <= own for own in rows)]
    candidates = [*filled] if len(filled) == 1 else fitting
    if len(candidates) != 1:
        raise PipecliError(
            f"{name} has {len(filled)} sheets with rows: {first_of([*filled], _MOST_SHEETS)}",
            hint="say in the mapping which one: sheet: NAME",
        )
    return candidates[0]


SHEET = "(sheet)"
"""The column of the sheet's name, for sheets that are called as stages."""


def with_sheet(rows: Table, sheet: str) -> Table:
    for row in rows.rows:
        row.cells[SHEET] = sheet
    return rows._replace(columns=[*rows.columns, SHEET])


_FIGURE = re.compile(r"(?i)[-+($€£¥]{0,2}[\d.,' \xa0]+[)%€$£¥]?|[a-z]{3}|count|record count")
"""What a line of subtotals has beside its word: a number, EUR, Sum."""
_PERIOD = re.compile(
    r"(?i)(q[1-4]|(kw|week|semana|semaine) ?\d+|(jan|ene|gen|f[eéè][bv]|m[aä]r|maar|a[pbv]r|m[ae]i|ma[jyg]"
    r"|ju[nli]|giu|lug|au?g|ao[uû]|sept?|sett?|o[ckt]t|out|nov|d[eéi][czs])(uar[iy]?|vier|naio|e?iro|e?ro"
    r"|r\w{2,5}|braio|ereiro|ch|[gl]io|(?<=[nl])io|zo?|ço|[st]|ile?|[einy]|(?<=[iy])o|l?let|gno|(?<=[nl])ho"
    r"|ust(us)?|osto|[ou]br[eo]|ober|i?emb(er|re|ro))?\.?)( ?(de )?20\d\d)?"
)
"""A month or a quarter, as a heading between the rows of a sheet made by hand."""
_SUM = r"(?P<part>(sub|sous|zwischen|teil)[ -]?)?(total[esi]?|totaux|totaal|summe|suma|soma|toplam|итого|جمع)"
_OF_GROUP = (
    re.compile(rf"(?i){_SUM}\b[ :-]*((for|of|del?|du|für|pour|di|van|von|per|por)\b *)?(?P<of>.*)"),
    re.compile(rf"(?i)(?P<of>.+?)[ :-]+{_SUM}"),
)
"""What the line of a group's sum is called: `Subtotal March`, `Total 03/2026`, `April total`."""


def without_groups(whole: Table) -> Table:
    """The table without subtotals and headings between its rows; a report's groups are said in each row."""
    sparse: list[tuple[Row, list[str]]] = []
    for row in whole.rows:
        cells = [cell for cell in row.cells.values() if cell != ""]
        if 0 < 2 * len(cells) <= len(whole.columns) + 1 and len(whole.columns) > 2:
            sparse.append((row, [str(cell).strip() for cell in cells]))
    out = {
        row.line: next(column for column, cell in row.cells.items() if cell != "")
        for row, texts in sparse
        if len(texts) > 1 and is_of_totals(row) and all(map(_FIGURE.fullmatch, texts[1:]))
    }
    is_grouped, first = bool(out), next(iter(whole.columns), "")
    bare = {row.line: texts[0] for row, texts in sparse if all(map(_FIGURE.fullmatch, texts[1:]))}
    named = {
        line: match for line, text in bare.items() for form in _OF_GROUP if (match := form.fullmatch(text))
    }
    out = dict.fromkeys(_sums_of_groups(whole.rows, named, out), "") | out
    for row, texts in sparse:
        if len(texts) == 1 and row.cells.get(first) and (is_grouped or _PERIOD.fullmatch(texts[0])):
            out[row.line] = ""
    out |= dict.fromkeys((*_between_headers(whole.rows), *_counted_groups(whole.rows)), "")
    *above, last = whole.rows or [Row(0, {})]
    is_bare = last.line in bare and not last.cells.get(first) and all(row.cells.get(first) for row in above)
    out |= {last.line: ""} if is_bare and above[2:] else {}  # sums that nothing calls so
    rows = [row for row in whole.rows if row.line not in out]
    for column in takewhile(lambda column: column.endswith(("↑", "↓")), whole.columns):
        if column in out.values():
            fill_down(rows, column)
    return whole._replace(rows=rows, below=whole.below + len(out))


def _sums_of_groups(
    rows: Sequence[Row], named: Mapping[int, re.Match[str]], sums: Container[int]
) -> list[int]:
    """The lines called sums of a part, or that come to the rows above: a customer may be `Total Maroc`."""
    found, start = dict[int, None](), 0
    for place, row in enumerate(rows if named else ()):
        if match := named.get(row.line):
            figures = {column: own for column, cell in row.cells.items() if (own := _number(cell))}
            year = re.fullmatch(r"(\w+\.? (de )?|\d\d?[/.-])?20\d\d", match["of"])
            is_period = (year or _PERIOD.fullmatch(match["of"])) is not None
            every = [own for own in rows[:place] if own.line not in sums and own.line not in found]
            fits = any(
                own == sum(_number(other.cells.get(column, "")) for other in above)
                for column, own in figures.items()
                for above in ((rows[start:place], every) if is_period or found or place - start > 1 else ())
            )
            found |= {row.line: None} if match["part"] or fits or is_period else {}
        start = place + 1 if row.line in sums or row.line in found else start
    return [*found]


def _number(cell: Cell) -> Decimal:
    """The number of a cell, of which a sign before its last one or two digits is the decimal one; else 0."""
    match = re.fullmatch(r"(-?\d[\d.,' \xa0]*?)(?:[.,](\d\d?))?", str(cell).strip(" $€£¥"))
    return Decimal(f"{re.sub('[^0-9-]', '', match[1])}.{match[2] or 0}") if match else Decimal(0)


def _counted_groups(rows: Sequence[Row]) -> list[int]:
    """The lines of groups that say how many rows follow, `Spain (5)`, with their sums, as Odoo has them."""
    groups: dict[int, int] = {}
    for place, row in enumerate(rows):
        first, *others = row.cells.values() if row.cells else [""]
        named = re.fullmatch(r".* \((\d+)\)", str(first), re.DOTALL)
        filled = [str(cell) for cell in others if cell != ""]
        if named and len(filled) < len(others) and all(map(_FIGURE.fullmatch, filled)):
            groups[place] = int(named[1])
        elif not groups:  # they begin with the first row, or it is no such table
            return []
    data = [place for place in range(len(rows)) if place not in groups]
    for place, number in groups.items():
        after = [other for other in data if other > place][:number]
        if len(after) < number or (number and (after[-1] + 1 < len(rows)) and after[-1] + 1 not in groups):
            return []
    return [rows[place].line for place in groups]


def _is_header_again(row: Row) -> bool:
    """True for the header once more between rows, where files were put together, or a board has groups."""
    last = next(reversed(row.cells), "")
    named = sum(column == cell for column, cell in row.cells.items()) if row.cells.get(last) == last else 0
    return named > 2 and 2 * named > sum(cell != "" for cell in row.cells.values())


def _between_headers(rows: Sequence[Row]) -> Iterator[int]:
    """The lines of a header once more; above it of a group's sums and the name of the next, as on a board."""
    again = [place for place, row in enumerate(rows) if _is_header_again(row)]
    for place in (*again, len(rows)) if again else ():
        first, above = next(iter(rows[0].cells)), [*rows[max(0, place - 2) : place]]
        filled = [{c: str(cell).strip() for c, cell in row.cells.items() if cell != ""} for row in above]
        if place < len(rows):
            yield rows[place].line
        if place < len(rows) and filled and [*filled[-1]] == [first]:
            yield above.pop().line
            filled.pop()
        if filled and first not in filled[-1] and all(map(_FIGURE.fullmatch, filled[-1].values())):
            yield above[-1].line


_MANY_CELLS, _MOST_OF_A_BYTE = 2_000_000, 50
"""A compressed workbook has a cell a byte or fewer; one row repeated a million times has more."""
_FIRST_ROUNDED = 10**15
"""A workbook keeps fifteen digits of a number."""
_Value = int | float | str | bool | time | date | datetime | timedelta


def _rows(workbook: CalamineWorkbook, sheet: str, size: int) -> list[_Plain]:
    """The rows of a sheet that aren't blank, each with its number; a text merged over rows is of each."""
    part = workbook.get_sheet_by_name(sheet)
    if (cells := (part.total_height + 1) * (part.total_width + 1)) > max(_MANY_CELLS, size * _MOST_OF_A_BYTE):
        raise ValueError(f"{cells:,} cells in {size:,} bytes are one row repeated, or nothing")
    rows = part.to_python(skip_empty_area=False)
    for (top, left), (bottom, right) in part.merged_cell_ranges or ():
        if left == right and bottom < len(rows) and not isinstance(rows[top][left], (int, float)):
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]
    # Trailing blanks go first: a cell far out may make millions of them.
    ends = (next((end for end in range(len(row), 0, -1) if row[end - 1] != ""), 0) for row in rows)
    numbered = enumerate(zip(rows, ends, strict=True), 1)
    return [(number, [_plain(value) for value in row[:end]]) for number, (row, end) in numbered if end]


def _plain(value: _Value) -> int | float | str:
    match value:
        case float() if not isfinite(value):
            return str(value)
        case bool() | int() | float():
            return value
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(timespec="seconds")
        case date() | time():
            return value.isoformat()
    if len(text := str(value).strip()) > LONGEST_CELL:
        raise ValueError(f"a cell has {len(text):,} characters")
    return text


def _filled(rows: list[_Plain]) -> list[_Numbered]:
    """The rows, each as wide as the widest."""
    width = max((len(row) for _, row in rows), default=0)
    return [(number, [*map(_cell, row), *[""] * (width - len(row))]) for number, row in rows]


def _cell(value: int | float | str) -> Cell:
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _FIRST_ROUNDED:
            return int(value)
        return Decimal(repr(value)).normalize()  # 4.87656123456789E+17, which names no record
    return value
