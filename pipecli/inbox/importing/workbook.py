"""The rows of a sheet of a workbook (xlsx, xls, ods), of the vCards of an address book, and of any file."""

from __future__ import annotations

import io
import quopri
import re
import zipfile
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from itertools import takewhile
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError
from pipecli.extras import require_extra
from pipecli.inbox.importing import table
from pipecli.inbox.importing.table import (
    ARCHIVE,
    Cell,
    FileFormat,
    Row,
    Table,
    columns_of,
    fill_down,
    is_of_totals,
    table_of,
)
from pipecli.records.base import LANGUAGE
from pipecli.wording import first_of

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


_OLD_XLS = b"\xd0\xcf\x11\xe0"
"""The first bytes of a workbook of before 2007."""
_MOST_SHEETS = 8
_Numbered = tuple[int, list[Cell]]
"""A row with its number."""
_IN_LIST = re.compile(r"(?P<list>\w+)\.(?P<number>\d+)\.(?P<field>.+)")


def rows_of_file(raw: bytes, name: str, file_format: FileFormat | None = None) -> Table:
    """The rows of a file of text or of a sheet. Raises PipecliError."""
    file_format = file_format or FileFormat()
    if is_workbook(raw, name):
        return read_workbook(raw, name, file_format)
    if is_vcard(raw):
        return vcards(raw, name, file_format)
    if not name.lower().endswith((".csv", ".tsv")) and _PAGE.match(raw) and b"<table" in raw.lower():
        text, guessed = table.decode_table(raw, name, file_format.encoding)
        return _without_groups(table_of(_rows_of_html(text), name, file_format))._replace(encoding=guessed)
    whole = _without_groups(table.read_table(raw, name, file_format))
    if file_format.sheet and whole.typed:
        return next((part for part in _lists_apart(whole) if part.sheet == file_format.sheet), whole)
    return whole


def _lists_apart(whole: Table) -> list[Table]:
    """A table of JSON without the lists of records in its objects, and each list as a sheet of its own.

    `parent.id` and `parent.name` say whose it is.
    """
    places = {column: place for column in whole.columns if (place := _IN_LIST.fullmatch(column))}
    lists = dict.fromkeys(place["list"] for place in places.values() if place["field"] == "id")
    tables = [
        whole._replace(
            columns=[c for c in whole.columns if c not in places or places[c]["list"] not in lists]
        )
    ]
    for name in lists:
        rows: list[Row] = []
        for row in whole.rows:
            around = {f"parent.{key}": row.cells.get(key, "") for key in ("id", "name")}
            elements: dict[str, dict[str, Cell]] = {}
            for column, cell in row.cells.items():
                place = places.get(column)
                if place and place["list"] == name:
                    elements.setdefault(place["number"], around.copy())[place["field"]] = cell
            rows += [Row(number, cells) for number, cells in enumerate(elements.values(), len(rows) + 1)]
        columns = [*dict.fromkeys(column for row in rows for column in row.cells)]
        tables.append(whole._replace(columns=columns, rows=rows, sheet=name))
    return tables


_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(?!\?xml)(!|\w)")


class _HtmlRows(HTMLParser):
    """The cells of the rows of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._is_cell = True
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        self._is_cell = self._is_cell and tag not in ("td", "th", "tr", "table")

    def handle_data(self, data: str) -> None:
        if self._is_cell:
            self.rows[-1][-1] += data


def _rows_of_html(text: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The rows of a web page that is called a workbook, as Bitrix24 and reports of others write it."""
    parser = _HtmlRows()
    parser.feed(text)
    for line, cells in enumerate(parser.rows, 1):
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]


def is_workbook(raw: bytes, name: str) -> bool:
    """True for a file with the content of a workbook, whatever its name, and for a zip that is named so."""
    if not raw.startswith(ARCHIVE):
        return raw.startswith(_OLD_XLS)
    if name.lower().endswith((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")):
        return True
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return not {"[Content_Types].xml", "mimetype"}.isdisjoint(archive.namelist())
    return False


def is_archive(raw: bytes, name: str) -> bool:
    """True for a zip of files; a workbook is a zip, too, with a list of its contents."""
    return raw.startswith(ARCHIVE) and not is_workbook(raw, name)


def tables_of_file(raw: bytes, name: str) -> list[Table]:
    """The rows of a file, of a workbook those of each sheet that has some and that people see."""
    if not is_workbook(raw, name):
        return _lists_apart(rows_of_file(raw, name))
    workbook = _opened(raw, name)
    from python_calamine import SheetVisibleEnum

    seen = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    sheets = {sheet: _rows(workbook, sheet) for sheet in seen or workbook.sheet_names}
    is_alone = len(workbook.sheet_names) == 1
    return [
        _of_sheet("" if is_alone else sheet, rows, name, FileFormat())
        for sheet, rows in sheets.items()
        if rows
    ]


def _opened(raw: bytes, name: str) -> CalamineWorkbook:
    require_extra("sheets", f"{name} is a workbook, and what reads one is not installed")
    from python_calamine import CalamineError, CalamineWorkbook

    _refuse_formulas(raw, name)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(raw))
    except (CalamineError, OSError, ValueError) as error:
        raise PipecliError(f"{name}: isn't a workbook that can be read: {error}") from None


_WITHOUT_VALUE = re.compile(
    rb'<c( r="([A-Z]+\d+)")?( (?!t="str")[^ >]*)*><f[^>]*>[^<]*</f>(<v ?/>|<v></v>)?</c>'
)


def _refuse_formulas(raw: bytes, name: str) -> None:
    """Refuse a sheet with formulas whose values were left out; the empty text is one, `t="str"`."""
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, suppress(zipfile.BadZipFile, zlib.error):
        for sheet in archive.namelist():
            text = archive.read(sheet) if sheet.startswith("xl/worksheets/") else b""
            if b"</f>" in text and (cell := _WITHOUT_VALUE.search(text)):
                raise PipecliError(
                    f"{name}: {(cell[2] or b'a cell').decode()} is a formula without its value",
                    hint="open the workbook in a spreadsheet, and save it: this calculates them",
                )


def read_workbook(raw: bytes, name: str, file_format: FileFormat) -> Table:
    """The rows of a workbook's sheet. Raises PipecliError."""
    workbook = _opened(raw, name)
    names = workbook.sheet_names
    sheets = {sheet: _rows(workbook, sheet) for sheet in names if file_format.sheet in (None, sheet)}
    if file_format.sheet and file_format.sheet not in sheets:
        raise PipecliError(
            f'{name} has no sheet "{file_format.sheet}"; it has {first_of(names, _MOST_SHEETS)}'
        )
    sheet = file_format.sheet or _chosen(sheets, name, file_format)
    form = replace(file_format, named=file_format.named - {SHEET})
    rows = _of_sheet(sheet if len(names) > 1 else "", sheets[sheet], name, form)
    return with_sheet(rows, sheet) if SHEET in file_format.named - {*rows.columns} else rows


def _of_sheet(sheet: str, rows: list[_Numbered], name: str, file_format: FileFormat) -> Table:
    return _without_groups(table_of(iter(rows), name, file_format))._replace(typed=True, sheet=sheet)


def _chosen(sheets: dict[str, list[_Numbered]], name: str, file_format: FileFormat) -> str:
    """The only sheet with rows, or the only one that has the columns of the mapping."""
    filled = [sheet for sheet, rows in sheets.items() if rows]
    if not filled:
        raise PipecliError(f"{name} is empty")
    fitting = [
        sheet
        for sheet in filled
        if file_format.named
        and any(file_format.named <= {*columns_of(cells)} for _, cells in sheets[sheet][:60])
    ]
    candidates = filled if len(filled) == 1 else fitting
    if len(candidates) != 1:
        raise PipecliError(
            f"{name} has {len(filled)} sheets with rows: {first_of(filled, _MOST_SHEETS)}",
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
    r"(?i)(q[1-4]|(kw|week|semana|semaine) ?\d+|jan|f[eéè][bv]|m[aä][ri]|a[pbv]r|ma[iy]|ju[nli]|a[uog][gou]"
    r"|se[pt]|o[cku]t|nov|d[eéi][czs])[\w.]*( ?(de )?20\d\d)?"
)
"""A month or a quarter, as a heading between the rows of a sheet made by hand."""
_SUM = r"(?P<part>(sub|sous|zwischen|teil)[ -]?)?(total[esi]?|totaux|totaal|summe|suma|soma|toplam|итого|جمع)"
_OF_GROUP = (
    re.compile(rf"(?i){_SUM}\b[ :-]*((for|of|del?|du|für|pour|di|van|von|per|por)\b *)?(?P<of>.*)"),
    re.compile(rf"(?i)(?P<of>.+?)[ :-]+{_SUM}"),
)
"""What the line of a group's sum is called: `Subtotal March`, `Total 03/2026`, `April total`."""


def _without_groups(whole: Table) -> Table:
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
            is_period = re.fullmatch(r"(\w+\.? (de )?|\d\d?[/.-])?20\d\d", match["of"]) is not None
            every = [own for own in rows[:place] if own.line not in sums and own.line not in found]
            fits = any(
                own == sum(_number(other.cells.get(column, "")) for other in above)
                for column, own in figures.items()
                for above in ((rows[start:place], every) if is_period or found or place - start > 1 else ())
            )
            found |= {row.line: None} if match["part"] or fits or (is_period and not figures) else {}
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


_FIRST_ROUNDED = 10**15
"""A workbook keeps fifteen digits of a number."""
_Value = int | float | str | bool | time | date | datetime | timedelta


def _rows(workbook: CalamineWorkbook, sheet: str) -> list[_Numbered]:
    """The rows of a sheet that aren't blank, each with its number; a text merged over rows is of each."""
    part = workbook.get_sheet_by_name(sheet)
    rows = part.to_python(skip_empty_area=False)
    for (top, left), (bottom, right) in part.merged_cell_ranges or ():
        if left == right and bottom < len(rows) and not isinstance(rows[top][left], (int, float)):
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]
    numbered = enumerate(([_cell(value) for value in row] for row in rows), 1)
    return [(number, cells) for number, cells in numbered if any(cell != "" for cell in cells)]


def _cell(value: _Value) -> Cell:
    match value:
        case bool() | int():
            return value
        case float():
            if value.is_integer() and abs(value) < _FIRST_ROUNDED:
                return int(value)
            return Decimal(repr(value)).normalize()  # 4.87656123456789E+17, which names no record
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(timespec="seconds")
        case date() | time():
            return value.isoformat()
    return str(value).strip()


_ONE = {"UID": "external_id", "FN": "name", "ORG": "customer", "TITLE": "title", "NOTE": "notes"}
_ONE |= {"BDAY": "custom.birthday", "URL": "custom.website", "ADR": "custom.address"}
_SEVERAL = {"EMAIL": "emails", "TEL": "phones", "CATEGORIES": "tags"}


def is_vcard(raw: bytes) -> bool:
    return raw[:64].lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(b"BEGIN:VCARD")


def vcards(raw: bytes, name: str, file_format: FileFormat) -> Table:
    """The persons of an address book, vCard 2.1 to 4.0, in columns named like the fields of a contact."""
    text, guessed = table.decode_table(raw, name, file_format.encoding)
    rows: list[Row] = []
    for number, line in _content_lines(text):
        head, _, value = line.partition(":")
        key, *parameters = head.upper().split(";")
        key = key.rpartition(".")[2]  # item1.EMAIL
        if key == "BEGIN":
            rows.append(Row(number, {}))
        if not rows or not value.strip():
            continue
        if "QUOTED-PRINTABLE" in head.upper():
            from pipecli.inbox.mail.message import as_text  # 20 ms, for what is rare

            charset = next((p.partition("=")[2] for p in parameters if p.startswith("CHARSET=")), "UTF-8")
            value = as_text(quopri.decodestring(value.encode()), charset)
        cells = rows[-1].cells
        if key == "TEL" and re.search(r"\b(FAX|PAGER)\b", head.upper()):
            cells.setdefault("custom.fax", _plain(value))
        elif column := _ONE.get(key):
            parts = re.split(r"(?<!\\);", value) if key in ("ORG", "ADR") else [value]
            own = parts[:1] if key == "ORG" else filter(None, map(str.strip, parts))
            cells.setdefault(column, _plain(", ".join(own)).removeprefix("urn:uuid:"))
        elif column := _SEVERAL.get(key):
            values = re.split(r"(?<!\\),", value) if key == "CATEGORIES" else [value.removeprefix("tel:")]
            known = cells.setdefault(column, ())
            cells[column] = (*(known if isinstance(known, tuple) else ()), *map(_plain, values))
        elif key == "LANG":
            language, *regions = _plain(value).replace("_", "-").split("-")
            tag = "-".join([language.lower(), *regions])
            if re.fullmatch(LANGUAGE, tag):
                cells.setdefault("language", tag)
        elif key == "N" and not cells.get("name"):
            last, given, *_ = [*map(_plain, re.split(r"(?<!\\);", value)), ""]
            cells["name"] = f"{given} {last}".strip()
    columns = [*dict.fromkeys(column for row in rows for column in row.cells)]
    return Table(name, columns, rows, typed=True, encoding=guessed)


def _content_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with those that continue them; a quoted-printable one goes on after a `=`."""
    whole, begins = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (" ", "\t"):
            whole += line[1:]
        elif whole.endswith("=") and "QUOTED-PRINTABLE" in whole.partition(":")[0].upper():
            whole = whole[:-1] + line
        else:
            yield begins, whole
            whole, begins = line, number
    yield begins, whole


def _plain(value: str) -> str:
    r"""A value without its escapes: `\n`, `\,`, `\;`."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value).strip()
