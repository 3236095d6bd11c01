"""Records as a table that `import` reads back, with nested fields in columns of dotted names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipecli.csvtext import free_cell, list_cell, plain_cell
from pipecli.wording import guarded

Plain = Mapping[str, Any]
Cells = dict[str, str]


def csv_text(records: Sequence[Plain], delimiter: str = ",") -> str:
    """Records as CSV, cells that a spreadsheet would run as formulas guarded; with a header, even alone."""
    rows = [dict(_cells(record, "")) for record in records]
    columns = _columns(rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([guarded(column) for column in columns])
    writer.writerows([[guarded(row.get(column, "")) for column in columns] for row in rows])
    return out.getvalue()


def _columns(rows: Iterable[Cells]) -> list[str]:
    """Every column of any row, each after the one it follows there: the order of the files' keys."""
    columns: list[str] = []
    known: set[str] = set()
    for row in rows:
        if row.keys() <= known:
            continue
        place = 0
        for column in row:
            if column in known:
                place = columns.index(column) + 1
            else:
                columns.insert(place, column)
                known.add(column)
                place += 1
    return columns


def _cells(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, part in value.items():
                inner = f"{path}.{key}" if path else key
                yield from _free(part, inner) if inner == "custom" else _cells(part, inner)
        case list() if any(isinstance(part, (dict, list)) for part in value):
            for number, part in enumerate(value, 1):
                yield from _cells(part, f"{path}.{number}")
        case list():
            yield path, list_cell(value)
        case _:
            yield path, plain_cell(value)


def _free(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The cells below `custom`, where no model tells the types: lists and odd keys stay JSON."""
    if isinstance(value, dict) and value and all(_is_name(key) for key in value):
        for key, part in value.items():
            yield from _free(part, f"{path}.{key}")
    else:
        yield path, free_cell(value)


def _is_name(key: str) -> bool:
    """True for a key that can be a part of a dotted name and be read back from it."""
    return "." not in key and key == " ".join(key.split()) != ""
