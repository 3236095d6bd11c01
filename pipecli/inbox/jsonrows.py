"""Rows from JSON: a list of objects, or an object a line. What is nested gets dotted names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.tabular import Cell, Raw, Row, Table
from pipecli.jsontext import loads


def document(text: str, name: str) -> Table:
    """The rows of a JSON list, or of an object that holds one list. Raises PipecliError."""
    try:
        value = loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip()[:1] == "{":
            return lines(text, name)
        raise PipecliError(f"{name}:{error.lineno}: is no JSON: {error.msg}") from None
    except RecursionError:
        raise PipecliError(f"{name}: is nested too deeply") from None
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list)]
        value = lists[0] if len(lists) == 1 and _are_objects(lists[0]) else [value]
    if not isinstance(value, list) or not _are_objects(value):
        raise PipecliError(f"{name}: a list of objects is wanted, one a record")
    return _table(name, enumerate(value, 1))


def lines(text: str, name: str) -> Table:
    """The rows of JSON Lines. Raises PipecliError."""
    return _table(name, _objects(text, name))


def _objects(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = loads(line)
        except (json.JSONDecodeError, RecursionError):
            raise PipecliError(f"{name}:{number}: is no JSON object") from None
        if not isinstance(value, dict):
            raise PipecliError(f"{name}:{number}: is no JSON object")
        yield number, value


def _are_objects(values: list[Any]) -> bool:
    return all(isinstance(each, dict) for each in values)


def _table(name: str, objects: Iterable[tuple[int, dict[str, Any]]]) -> Table:
    rows = [Row(number, dict(_cells(value, ""))) for number, value in objects]
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
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
            for place, part in enumerate(value):
                yield from _cells(part, f"{path}.{place}")
        case str() | bool() | int() | Decimal():
            yield path, value
