"""A file of rows, as another program wrote it: CSV, TSV, JSON or JSON Lines, its encoding found out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from pipecli.errors import PipecliError


@dataclass(frozen=True)
class Raw:
    """A value of JSON below `custom`, which is taken as it is."""

    value: object


Cell = str | int | Decimal | bool | tuple["Cell", ...] | Raw
"""What a row says of one column. Of CSV always text; empty text is nothing."""

REASON = "reject_reason"
"""The column that a rejects file has beside those of its rows; it feeds nothing when the file comes back."""


class Row(NamedTuple):
    line: int
    """Where it begins: the line, or in JSON the place in the list, from 1."""
    cells: dict[str, Cell]
    fault: str = ""
    """Why it can't be taken whatever a mapping says: it has more cells than the header."""


class Table(NamedTuple):
    name: str
    """The file's name."""
    columns: list[str]
    rows: list[Row]
    typed: bool = False
    """Whether texts and numbers are told apart, as JSON does and CSV doesn't."""
    encoding: str = ""
    """The encoding, where it had to be guessed."""


def read(raw: bytes, name: str, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """The rows of a file; the two options override what is found out. Raises PipecliError."""
    from pipecli.inbox import delimited, jsonrows

    if raw.startswith(b"PK\x03\x04"):
        raise PipecliError(f"{name} is a workbook or an archive, no text", hint="save its sheet as CSV")
    text, guessed = decode(raw, name, encoding)
    if not text.strip():
        raise PipecliError(f"{name} is empty")
    suffix = name.lower().rpartition(".")[2]
    if suffix in ("jsonl", "ndjson"):
        table = jsonrows.lines(text, name)
    elif suffix == "json" or (suffix not in ("csv", "tsv") and text.lstrip()[:1] in "[{"):
        table = jsonrows.document(text, name)
    else:
        table = delimited.table(text, name, delimiter or ("\t" if suffix == "tsv" else None))
    return table._replace(encoding=guessed)


_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# In the order of preference where two read equally well.
_LATIN = ("cp1252", "cp1250", "cp850", "mac_roman")
_OTHER = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "euc_kr")
_SAMPLE = 64 << 10


def decode(raw: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file, and its encoding where that is a guess: neither said, marked nor UTF-8."""
    marked = next((codec for mark, codec in _MARKS.items() if raw.startswith(mark)), None)
    chosen = encoding or marked or "utf-8"
    try:
        return raw.decode(chosen), ""
    except LookupError:
        raise PipecliError(
            f'there is no encoding "{encoding}"', hint="write one as utf-8 or cp1252"
        ) from None
    except UnicodeDecodeError as error:
        if encoding or marked:
            line = raw.count(b"\n", 0, error.start) + 1
            raise PipecliError(f"{name}:{line}: is no {chosen} text") from None
    guessed = _guess(raw)
    if guessed is None:
        raise PipecliError(f"{name} is no text that can be read", hint="save it as UTF-8")
    return raw.decode(guessed), guessed


def _guess(raw: bytes) -> str | None:
    from charset_normalizer import from_bytes

    sample = raw[:_SAMPLE].rpartition(b"\n")[0] or raw[:_SAMPLE]
    best = from_bytes(sample, cp_isolation=[*_LATIN, *_OTHER]).best()
    if best is not None and best.encoding in _OTHER and _decodes(raw, best.encoding):
        return best.encoding
    # Between the Latin code pages statistics of a short text can't choose: "Muñoz" would become "Muńoz".
    readable = [(_oddities(raw.decode(each)), each) for each in _LATIN if _decodes(raw, each)]
    return min(readable, key=lambda pair: pair[0])[1] if readable and b"\0" not in raw else None


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


# A sign inside a word, a capital after a small letter: what the wrong code page makes of an accent.
_ODD = re.compile(
    r"[^\W\d_](?=[^\w\s\x00-\x7f’])|[^\w\s\x00-\x7f’‘“„«¿¡€£](?=[^\W\d_])|[\x80-\x9f]|[a-zß-ÿ](?=[À-Þ])"
)


def _oddities(text: str) -> int:
    return len(_ODD.findall(text))
