"""JSON and CSV as pipecli writes and reads them: exact money, cells that come back unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from types import UnionType
from typing import Any

from pipecli.errors import PipecliError
from pipecli.harmless_text import safe_json

# `json` can't write a Decimal as a number: its C encoder asks nobody how a number looks. So the walk is
# here, and the C code quotes the strings: 17 µs for a record of 1 KB.

# 1e999999999 is a valid number in YAML and JSON: its digits would fill the memory.
_LONGEST_EXPONENT = 1000


quoted: Callable[[str], str] = encode_basestring
"""A text as JSON has it, before `safe_json`."""


def picked(value: object, names: str) -> dict[str, Any]:
    """Some attributes of a value as the keys of JSON, in this order."""
    return {name: getattr(value, name) for name in names.split()}


def dumps(value: object, indent: int | None = 2) -> str:
    """JSON text of a value; with `indent` None on one line, `", "` and `": "` between.

    Dates and times become ISO texts, named tuples and dataclasses objects, other tuples lists.
    """
    return safe_json(on_one_line(value) if indent is None else _indented(value, "\n", " " * indent))


def loads(text: str | bytes) -> Any:
    """The value of a JSON text, with Decimal for every number that has a point or an exponent."""
    return _decoder().decode(
        text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
    )


_MOST_PARTS = 1_000_000


def note_of(content: bytes, shape: object) -> Any:
    """The value of JSON that is of a shape. Raises ValueError for any other, and for a million lists.

    A shape is a type, a pattern of texts, `[shape]` for a list, a tuple of shapes, or a map of them by name.
    """
    with suppress(RecursionError, ValueError, PipecliError):
        is_large = content.count(b"[") + content.count(b"{") > _MOST_PARTS
        if not is_large and _fits(value := loads(content), shape):
            return value
    raise ValueError("not of its shape")


def _fits(value: object, shape: Any) -> bool:
    match value, shape:
        case str(), re.Pattern():
            return shape.fullmatch(value) is not None
        case list(), [each] if isinstance(shape, list):
            return all(_fits(part, each) for part in value)
        case list(), tuple():
            return len(value) == len(shape) and all(map(_fits, value, shape))
        case dict(), dict():
            return value.keys() == shape.keys() and all(_fits(value[name], shape[name]) for name in shape)
    return isinstance(shape, type | UnionType) and isinstance(value, shape)


@cache
def _decoder() -> json.JSONDecoder:
    """One for all: to make it takes as long as to read a record."""
    return json.JSONDecoder(parse_float=Decimal, parse_constant=_refused)


def on_one_line(value: object) -> str:
    kind = type(value)
    if write := _writer(kind):
        return write(value)
    if kind is dict:
        # Each scalar by its writer at once: a call less for each is a third of the time.
        members = [
            f"{quoted(key) if type(key) is str else _key(key)}: "
            f"{write(part) if (write := _writer(type(part))) else on_one_line(part)}"
            for key, part in value.items()  # type: ignore[attr-defined]
        ]
        return f"{{{', '.join(members)}}}"
    if kind is list:
        return "[" + ", ".join([on_one_line(part) for part in value]) + "]"  # type: ignore[attr-defined]
    text = _scalar(value)
    return on_one_line(_container(value)) if text is None else text


def _indented(value: object, line: str, step: str) -> str:
    """`line` is a line break and the indent of the line that `value` stands on."""
    kind = type(value)
    if kind is dict:
        if not value:
            return "{}"
        inner = line + step
        members = [
            f"{_key(key)}: {_indented(part, inner, step)}"
            for key, part in value.items()  # type: ignore[attr-defined]
        ]
        return f"{{{inner}{f',{inner}'.join(members)}{line}}}"
    if kind is list:
        if not value:
            return "[]"
        inner = line + step
        items = [_indented(part, inner, step) for part in value]  # type: ignore[attr-defined]
        return f"[{inner}{f',{inner}'.join(items)}{line}]"
    text = _scalar(value)
    return _indented(_container(value), line, step) if text is None else text


def _scalar(value: object) -> str | None:
    """The JSON of a value that is neither object nor list; None for one that is."""
    write = WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Enum):
        return _scalar(value.value)
    for kind, write in WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    return None


def digits(value: Decimal) -> str:
    """A number as it is written: every digit it has, no exponent. Infinity and NaN are refused."""
    text = str(value)
    if not value.is_finite():
        _refused(text)
    if "E" not in text:
        return text
    if abs(value.adjusted()) > _LONGEST_EXPONENT:
        raise PipecliError(f"{text} is too long a number to write out")
    return format(value, "f")


WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    str: quoted,
    int: int.__repr__,
    Decimal: digits,
    float: lambda value: digits(Decimal(float.__repr__(value))),
    date: lambda value: f'"{value.isoformat()}"',
    datetime: lambda value: f'"{value.isoformat()}"',
    time: lambda value: f'"{value.isoformat()}"',
}
"""The JSON of scalars by type, for speed; a subclass of one of these is written as it is."""
_writer = WRITERS.get


def _refused(constant: str) -> None:
    raise PipecliError(f"{constant} isn't a number that JSON can hold")


def _key(key: object) -> str:
    if isinstance(key, str):
        return quoted(key)
    text = None if key is None or isinstance(key, bool) else _scalar(key)
    if text is None:
        raise TypeError(f"{type(key).__name__} can't be a key in JSON")
    return text if text.startswith('"') else f'"{text}"'


def _container(value: object) -> dict[Any, Any] | list[Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if isinstance(value, (list, tuple)):
        return list(value)
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields

        return {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def plain_cell(value: object) -> str:
    """The cell of a text, a number or a truth value: numbers with every digit they have."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return digits(value)
    return str(value)


def list_cell(values: Sequence[object]) -> str:
    """A list of plain values in one cell: with commas, or as JSON where one has a comma or `;` itself."""
    texts = [str(value) for value in values]
    joined = ", ".join(texts)
    is_plain = not re.search(r"^\[|[;|]|:::", joined) and list_values(joined) == texts
    return joined if is_plain else _json_text(list(values))


def list_values(cell: str) -> list[Any]:
    """The values of a cell that `list_cell` wrote, or a person with commas. Raises ValueError."""
    text = cell.strip()
    if text.startswith("["):
        return list(_json(text))
    return [part.strip() for part in text.split(",") if part.strip()]


_NUMBER_AS_WRITTEN = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?"


def free_cell(value: object) -> str:
    """The cell of a value of `custom`, which has no declared type: text that looks like another is quoted."""
    if not isinstance(value, str):
        return _json_text(value)
    return value if value and free_value(value) == value else _json_text(value)


def free_value(cell: str) -> object:
    """The value of a cell that `free_cell` wrote: a number, JSON in `"…"`, `[…]` or `{…}`, else text."""
    if re.fullmatch(_NUMBER_AS_WRITTEN, cell) and sum(char.isdecimal() for char in cell) <= 15:
        return _json(cell)
    if cell in ("true", "false"):
        return cell == "true"
    if cell[:1] in ('"', "[", "{"):
        try:
            return _json(cell)
        except ValueError:
            return cell
    return cell


def _json(text: str) -> Any:
    try:
        return loads(text)
    except (ValueError, PipecliError, RecursionError):
        raise ValueError(text) from None


def _json_text(value: object) -> str:
    return dumps(value, indent=None)
