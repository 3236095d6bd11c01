"""The cells of a CSV: values written as text and read back unchanged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pipecli.errors import PipecliError
from pipecli.jsontext import digits, dumps, loads


def plain_cell(value: object) -> str:
    """The cell of a text, a number or a truth value: numbers with every digit they have."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return digits(value)
    return str(value)


def list_cell(values: Sequence[object]) -> str:
    """A list of plain values in one cell: with commas, or as JSON where one has a comma itself."""
    texts = [str(value) for value in values]
    joined = ", ".join(texts)
    is_plain = not joined.startswith("[") and list_values(joined) == texts
    return joined if is_plain else _json_text(list(values))


def list_values(cell: str) -> list[Any]:
    """The values of a cell that `list_cell` wrote, or a person with commas. Raises ValueError."""
    text = cell.strip()
    if text.startswith("["):
        return list(_json(text))
    return [part.strip() for part in text.split(",") if part.strip()]


_NUMBER_AS_WRITTEN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?")


def free_cell(value: object) -> str:
    """The cell of a value of `custom`, which has no declared type: text that looks like another is quoted."""
    if not isinstance(value, str):
        return _json_text(value)
    return value if value and free_value(value) == value else _json_text(value)


def free_value(cell: str) -> object:
    """The value of a cell that `free_cell` wrote: a number, JSON in `"…"`, `[…]` or `{…}`, else text."""
    if _NUMBER_AS_WRITTEN.fullmatch(cell) and sum(char.isdecimal() for char in cell) <= 15:
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
