"""The rows of a file of any form: its encoding, and what it is: delimited text, JSON, a workbook, vCards.

A web page that is called a workbook is read, too, as some programs export one.
"""

from __future__ import annotations

import codecs
import quopri
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from pipecli.errors import PipecliError
from pipecli.inbox.importing.table import (
    MOST_VALUES,
    Cell,
    FileFormat,
    Row,
    Table,
    delimited_table,
    json_lines_table,
    json_table,
    table_of,
)
from pipecli.inbox.importing.workbook import ARCHIVE, is_workbook, read_sheets, read_workbook, without_groups
from pipecli.records.base import LANGUAGE


def rows_of_file(raw: bytes, name: str, file_format: FileFormat | None = None) -> Table:
    """The rows of a file of text or of a sheet. Raises PipecliError."""
    file_format = file_format or FileFormat()
    if is_workbook(raw, name):
        return read_workbook(raw, name, file_format)
    if is_vcard(raw):
        return vcards(raw, name, file_format)
    if not name.lower().endswith((".csv", ".tsv")) and _PAGE.match(raw) and b"<table" in raw.lower():
        text, guessed = decode_table(raw, name, file_format.encoding)
        return without_groups(table_of(_rows_of_html(text), name, file_format))._replace(encoding=guessed)
    whole = without_groups(read_text(raw, name, file_format))
    if file_format.sheet and whole.typed:
        return next((part for part in _lists_apart(whole) if part.sheet == file_format.sheet), whole)
    return whole


def tables_of_file(raw: bytes, name: str) -> list[Table]:
    """The rows of a file, of a workbook those of each sheet that has some and that people see."""
    return read_sheets(raw, name) if is_workbook(raw, name) else _lists_apart(rows_of_file(raw, name))


def is_archive(raw: bytes, name: str) -> bool:
    """True for a zip of files; a workbook is a zip, too, with a list of its contents."""
    return raw.startswith(ARCHIVE) and not is_workbook(raw, name)


_IN_LIST = re.compile(r"(?P<list>\w+)\.(?P<number>\d+)\.(?P<field>.+)")


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


def read_text(raw: bytes, name: str, file_format: FileFormat | None = None) -> Table:
    """The rows of a file of text; what `file_format` says overrides what is detected. Raises PipecliError."""
    file_format = file_format or FileFormat()
    if raw.startswith(ARCHIVE):
        raise PipecliError(f"{name} is an archive, no text", hint="import the files in it")
    text, guessed = decode_table(raw, name, file_format.encoding)
    if not text.strip():
        raise PipecliError(f"{name} is empty")
    suffix = name.lower().rpartition(".")[2]
    if suffix in ("jsonl", "ndjson"):
        table = json_lines_table(text, name)
    elif suffix == "json" or (suffix not in ("csv", "tsv") and text.lstrip()[:1] in "[{"):
        table = json_table(text, name)
    else:
        table = delimited_table(
            text, name, file_format.delimiter or ("\t" if suffix == "tsv" else None), file_format
        )
    return table._replace(encoding=guessed)


_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# In the order of preference where two read equally well.
_LATIN = ("cp1252", "latin_1", "cp1250", "cp850", "mac_roman")
_OTHER = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "euc_kr")
_SAMPLE = 64 << 10


def decode_table(raw: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file, and its encoding where that is a guess: neither said, marked nor UTF-8."""
    marked = next((codec for mark, codec in _MARKS.items() if raw.startswith(mark)), None)
    if not marked and raw.count(b"\0") < len(raw) / 100:  # before the rich texts of Salesforce's export
        raw = raw.replace(b"\0", b"")
    chosen = encoding or marked or "utf-8"
    try:
        return raw.decode(chosen), ""
    except UnicodeError as error:  # `undefined` and `idna` raise one without a place
        if encoding or marked:
            line = raw.count(b"\n", 0, getattr(error, "start", 0)) + 1
            raise PipecliError(f"{name}:{line}: isn't {chosen} text") from None
    except (LookupError, ValueError):
        raise PipecliError(f'unknown encoding "{encoding}"', hint="write one like utf-8 or cp1252") from None
    guessed = _guess(raw)
    if guessed is None:
        raise PipecliError(f"{name} can't be read as text", hint="save it as UTF-8")
    return _decoded(raw, guessed), guessed


_UTF8 = re.compile(r"[\xc2-\xf4][\x80-\xbf]{1,3}")
"""What may be a letter in UTF-8 among Latin-1, as in exports of texts that came from elsewhere."""


def _decoded(raw: bytes, encoding: str) -> str:
    return _UTF8.sub(_as_utf8, raw.decode(encoding)) if encoding == "latin_1" else raw.decode(encoding)


def _as_utf8(match: re.Match[str]) -> str:
    try:
        return match[0].encode("latin_1").decode()
    except UnicodeError:
        return match[0]


def _guess(raw: bytes) -> str | None:
    from charset_normalizer import from_bytes

    sample = raw[:_SAMPLE].rpartition(b"\n")[0] or raw[:_SAMPLE]
    best = from_bytes(sample, cp_isolation=[*_LATIN, *_OTHER]).best()
    if best is not None and best.encoding in _OTHER and _decodes(raw, best.encoding):
        within, whole = (len(form.findall(sample.decode(best.encoding, "ignore"))) for form in _SCRIPT)
        if 2 * within <= whole:  # words of two scripts are of neither: "Telefуnica"
            return best.encoding
    # Between the Latin code pages statistics of a short text can't choose: "Muñoz" would become "Muńoz".
    readable = [encoding for encoding in _LATIN if _decodes(raw, encoding)]
    if not readable or b"\0" in raw:
        return None
    return min(readable, key=lambda encoding: len(_ODD.findall(_decoded(raw, encoding))))


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


_SCRIPT = (re.compile(r"[A-Za-z][\u0370-\u07ff]|[\u0370-\u07ff][A-Za-z]"), re.compile(r"[\u0370-\u07ff]+"))
"""The borders of Latin letters with those of another alphabet, and the runs of the other."""
# A sign or superscript in a word, a capital after a small letter, a grave by an acute: the wrong code page.
_ODD = re.compile(
    r"[^\W\d_](?=[^\w\s\x00-\x7f’])|[^\w\s\x00-\x7f’‘“„«¿¡€£](?=[^\W\d_])|[\x80-\x9f]|[a-zß-ÿ](?=[À-Þ])"
    r"|[¹³ºª](?=[^\W\d_])|(?<=[a-zß-ÿ]{3})[¹³ºª]|[øØàèÈìÌòÒ](?=[áéíóúý])|(?<=[áéíóúý])[øàèìò]"
)


_ONE = {"UID": "external_id", "FN": "name", "ORG": "customer", "TITLE": "title", "NOTE": "notes"}
_ONE |= {"BDAY": "custom.birthday", "URL": "custom.website", "ADR": "custom.address"}
_SEVERAL = {"EMAIL": "emails", "TEL": "phones", "CATEGORIES": "tags"}


def is_vcard(raw: bytes) -> bool:
    return raw[:64].lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(b"BEGIN:VCARD")


def vcards(raw: bytes, name: str, file_format: FileFormat) -> Table:
    """The persons of an address book, vCard 2.1 to 4.0, in columns named like the fields of a contact."""
    text, guessed = decode_table(raw, name, file_format.encoding)
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
            cells[column] = several = (*(known if isinstance(known, tuple) else ()), *map(_plain, values))
            if len(several) > MOST_VALUES:
                raise PipecliError(f"{name}:{number}: a person has more than {MOST_VALUES:,} {column}")
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
