"""The YAML of values, mappings and lists, for a whole new file and for a part that is put into one.

And which values are written alike (`same`), or not at all (`is_nothing`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

from pipecli.errors import PipecliError

compiled = lru_cache(maxsize=None)(re.compile)
"""A pattern at its first use: all of these take 9 ms to compile, and most changes write one plain value."""

# A letter, then characters that can't end a plain value, begin a comment or make a number.
_SURELY_PLAIN = r"[^\W\d_](?:[\w ()/.,;@+%'\"&$€=-]*[\w()/.,;@+%'\"&$€=-])?"
_SURELY_PLAIN_IN_FLOW = r"[^\W\d_](?:[\w ()/.;@+%'\"&$€=-]*[\w()/.;@+%'\"&$€=-])?"
# What YAML 1.1 tools read as true, false or null too: a person's editor may be one of them.
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))

_NEEDS_QUOTES = r"(?s)[\s\-?:,\[\]{}#&*!|>'\"%@`~=<]|\.\.\.|.*(?::\s|:$|\s#|\s$)"
_FLOW_INDICATORS = r"[,\[\]{}:#?]"
_NUMBER_LIKE = (
    r"(?i)[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|\.[0-9_]+(?:e[-+]?[0-9]+)?"
    r"|0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|nan))"
)
_DATE_LIKE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt\s])"
_PRINTABLE = r"\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_NEEDS_ESCAPES = f"[^{_PRINTABLE}]"
_ESCAPED = f'["\\\\]|{_NEEDS_ESCAPES}'
# Line feed and tab apart, what a literal block can't hold as it is.
_NOT_LITERAL = rf"(?m)[^\t\n{_PRINTABLE}]|^[ \t]+$|^ *\t"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]"
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class EditError(PipecliError):
    """A file laid out so that it can't be changed without touching more than was asked."""

    def __init__(self, why: str = "this file's layout can't be edited safely") -> None:
        super().__init__(why, hint="edit it by hand")


class Unwritable(PipecliError, ValueError):
    """A value that no file may hold, from a command line or an import: reading lets none through."""


# Readers look for the ":" of a key on its line within 1,024 characters.
_LONGEST_KEY = 1000
_SHOWN = 40


def scalar_text(value: object, *, flow: bool = False) -> str:
    """One value on one line. `flow`: it stands inside `[…]` or `{…}`.

    Raises ValueError for what no record may hold: nulls, infinities, control characters, and numbers of
    more digits than a reader keeps.
    """
    kind = type(value)
    if kind is str:
        return string_text(value, flow=flow)  # type: ignore[arg-type]
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer_text(int(value))
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, float):
        return _decimal_text(Decimal(repr(value)))
    if isinstance(value, date):
        # A time in a flow mapping would read its ":" as a key's only before a blank, and it has none.
        return value.isoformat()
    if isinstance(value, str):
        return string_text(str(value), flow=flow)
    raise ValueError(f"a record can't hold {value!r}")


def string_text(text: str, *, flow: bool = False) -> str:
    surely_plain = _SURELY_PLAIN_IN_FLOW if flow else _SURELY_PLAIN
    if compiled(surely_plain).fullmatch(text):
        if len(text) > 5 or text.lower() not in _WORDS:
            return text
        return f"'{text}'"
    if _is_plain(text) and not (flow and compiled(_FLOW_INDICATORS).search(text)):
        return text
    return single_quoted(text)


def single_quoted(text: str) -> str:
    """Single quotes, or double ones where only an escape can say it."""
    if compiled(_NEEDS_ESCAPES).search(text):
        return double_quoted(text)
    return "'" + text.replace("'", "''") + "'"


def double_quoted(text: str) -> str:
    if bad := compiled(CONTROL).search(text):
        raise Unwritable(f"a text can't hold the control character U+{ord(bad[0]):04X}")
    escaped = compiled(_ESCAPED).sub(lambda at: _SHORT_ESCAPES.get(at[0], f"\\u{ord(at[0]):04X}"), text)
    return f'"{escaped}"'


@lru_cache(maxsize=4096)
def key_text(key: str, *, flow: bool = False) -> str:
    text = string_text(key, flow=flow)
    if len(text) > _LONGEST_KEY:
        raise Unwritable(f"a key can't be longer than {_LONGEST_KEY} characters: {key[:_SHOWN]} …")
    return text


def literal_block(text: str, parent_column: int, column: int) -> tuple[str, list[str]] | None:
    """The header and the lines of a literal block whose text stands at `column`; None where quotes must do.

    `parent_column` is the column of the key or dash that the block belongs to: an indentation indicator
    counts from it.
    """
    # Kept blank lines at the end (`|+`) would grow with the blank lines that follow in the file.
    if (
        "\n" not in text
        or text.endswith("\n\n")
        or not text.strip("\n")
        or compiled(_NOT_LITERAL).search(text)
    ):
        return None
    indicator = ""
    if text.lstrip("\n").startswith(" "):
        if column - parent_column > 9:
            return None
        indicator = str(column - parent_column)
    chomping = "" if text.endswith("\n") else "-"
    pad = " " * column
    return f"|{indicator}{chomping}", [
        pad + line if line else "" for line in text.removesuffix("\n").split("\n")
    ]


def _is_plain(text: str) -> bool:
    if not text or compiled(_NEEDS_QUOTES).match(text) or compiled(_NEEDS_ESCAPES).search(text):
        return False
    if compiled(_DATE_LIKE).match(text):
        return _is_iso(text)
    return not compiled(_NUMBER_LIKE).fullmatch(text)


def _is_iso(text: str) -> bool:
    """True where a reader that makes dates of texts would write this one back as it stands."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return text in (moment.date().isoformat(), moment.isoformat())


def _integer_text(value: int) -> str:
    if not -(2**63) <= value < 2**64:
        raise Unwritable(f"a number can't have as many digits as {value}")
    return str(value)


_EXACT = 15
"""Digits; a number of no more a reader keeps, which makes a double of it."""


def _decimal_text(value: Decimal) -> str:
    text = format(value, "f") if value.is_finite() else ""
    if not text or (len(text) > _EXACT and Decimal(repr(float(text))) != value):
        raise Unwritable(f"a number can't have as many digits as {value}")
    return text if "." in text or (text.isdigit() and len(text) <= _EXACT) else _integer_text(int(text))


class Layout(NamedTuple):
    """The layout of a file, in columns; the default is that of new files."""

    step: int = 2
    list_offset: int = 0
    dash_gap: int = 2
    line_break: str = "\n"


NEW_FILE = Layout()


def emit(record: Mapping[str, object], schema: str) -> str:
    """The text of a new file. `schema` is the path that an editor finds the JSON Schema at.

    Raises ValueError for nulls and for empty mappings and lists: an absent key is the absence.
    """
    lines = [f"# yaml-language-server: $schema={schema}"]
    _write_mapping(lines, record, 0, NEW_FILE)
    lines.append("")
    return "\n".join(lines)


def is_read_as_it_is(value: object, prices: Container[str] = ()) -> bool:
    """True where a value is surely the same when what `emit` makes of it is read as its record says.

    2.50 isn't: a quantity comes back as 2.5. Nor is 2.5 as a price, which comes back as 2.50; `prices` has
    the keys of those, but below `custom`. False for what is seldom: it is read to see.
    """
    if type(value) is dict:
        for key, part in value.items():  # most at once: a call less for each is a third of the time
            if type(part) is Decimal and key in prices and str(part)[-3:-2] == ".":
                continue
            is_same = _READ_AS_IT_IS.get(type(part))
            if not (is_same(part) if is_same else is_read_as_it_is(part, () if key == "custom" else prices)):
                return False
        return True
    if type(value) is list:
        return all(is_read_as_it_is(part, prices) for part in value)
    is_same = _READ_AS_IT_IS.get(type(value))
    return is_same is not None and is_same(value)


def _is_same_number(value: Decimal) -> bool:
    whole, point, rest = str(value).partition(".")
    if point:
        return len(rest) > 1 and rest[-1] != "0" and rest.isdigit()
    return whole.lstrip("-").isdigit()


_MINUTE = timedelta(minutes=1)
_READ_AS_IT_IS: dict[type, Callable[[Any], bool]] = {
    str: str.isprintable,
    bool: lambda _: True,
    int: lambda _: True,
    Decimal: _is_same_number,
    datetime: lambda at: at.tzinfo is not None and not (at.microsecond or at.utcoffset() % _MINUTE),
    date: lambda _: True,
}
_LONGEST_KNOWN = 100
"""Characters of a text that is remembered with its line."""


def block_lines(value: object, column: int, layout: Layout = NEW_FILE) -> list[str]:
    """A mapping or a list in block style at `column`, without line breaks."""
    lines: list[str] = []
    if isinstance(value, Mapping):
        _write_mapping(lines, value, column, layout)
    else:
        assert is_list(value), f"{value!r} is neither a mapping nor a list"
        _write_list(lines, value, column, layout)
    return lines


def entry_lines(key: str, value: object, column: int, layout: Layout = NEW_FILE) -> list[str]:
    return block_lines({key: value}, column, layout)


def item_lines(value: object, column: int, layout: Layout = NEW_FILE) -> list[str]:
    return block_lines([value], column, layout)


def flow_text(value: object) -> str:
    """A value on one line, as it stands inside `[…]` or `{…}`."""
    if isinstance(value, Mapping):
        _refuse_empty(value)
        return "{" + ", ".join(flow_entry(key, part) for key, part in value.items()) + "}"
    if is_list(value):
        _refuse_empty(value)
        return "[" + ", ".join(flow_text(part) for part in value) + "]"
    return scalar_text(value, flow=True)


def flow_entry(key: str, value: object) -> str:
    return f"{key_text(key, flow=True)}: {flow_text(value)}"


def meaning(value: object) -> object:
    """A form in which two values are equal when a file says the same by them: `2499.00`, `2499.0` and
    `2499`; a date and its ISO text; a key that is absent, null or empty.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple)):  # to ask is_nothing of each part takes longer than to look at it
        return [part for part in map(meaning, value) if part or not is_nothing(part)]
    if isinstance(value, dict):
        parts = [(key, meaning(part)) for key, part in value.items()]
        return {key: part for key, part in parts if part or not is_nothing(part)}
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return value.isoformat() if isinstance(value, date) else value


def is_nothing(value: object) -> bool:
    return value is None or value == {} or value == []


def without_empties(value: Any) -> Any:
    """A value without nulls, empty maps and empty lists, which no record's file has."""
    if isinstance(value, dict):
        parts = {key: without_empties(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if not is_nothing(part)}
    if isinstance(value, list):
        return [part for part in map(without_empties, value) if not is_nothing(part)]
    return value


def same(one: object, other: object) -> bool:
    return one is other or meaning(one) == meaning(other)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, (list, tuple))


@lru_cache(maxsize=4096)
def _entry(pad: str, key: str, text: str) -> str:
    """A line with a key and its text: most of many records are again and again the same."""
    return f"{pad}{key_text(key)}: {string_text(text)}"


def _write_mapping(lines: list[str], mapping: Mapping[str, object], column: int, layout: Layout) -> None:
    _refuse_empty(mapping)
    pad = " " * column
    for key, value in mapping.items():
        if type(value) is str and len(value) <= _LONGEST_KNOWN and "\n" not in value:
            lines.append(_entry(pad, key, value))
            continue
        head = f"{pad}{key_text(key)}:"
        if isinstance(value, (Decimal, date, int)):
            lines.append(f"{head} {scalar_text(value)}")
        elif is_list(value):
            lines.append(head)
            _write_list(lines, value, column + layout.list_offset, layout)
        elif isinstance(value, Mapping):
            lines.append(head)
            _write_mapping(lines, value, column + layout.step, layout)
        else:
            _write_scalar(lines, head, value, column, layout.step)


def _write_list(lines: list[str], items: Sequence[object], column: int, layout: Layout) -> None:
    _refuse_empty(items)
    dash = " " * column + "-"
    inner = column + layout.dash_gap
    for item in items:
        first = len(lines)
        if isinstance(item, Mapping):
            _write_mapping(lines, item, inner, layout)
        elif is_list(item):
            _write_list(lines, item, inner, layout)
        else:
            _write_scalar(lines, dash + " " * (layout.dash_gap - 1), item, column, layout.dash_gap, gap="")
            continue
        lines[first] = dash + " " * (layout.dash_gap - 1) + lines[first][inner:]


def _write_scalar(
    lines: list[str], head: str, value: object, column: int, step: int, *, gap: str = " "
) -> None:
    block = literal_block(value, column, column + step) if isinstance(value, str) else None
    if block is None:
        lines.append(f"{head}{gap}{scalar_text(value)}")
    else:
        lines.append(f"{head}{gap}{block[0]}")
        lines += block[1]


def _refuse_empty(collection: Mapping[str, object] | Sequence[object]) -> None:
    if not collection:
        raise ValueError("an empty mapping or list is never written: leave its key out")
