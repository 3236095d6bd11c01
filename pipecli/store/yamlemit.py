"""The text of mappings and lists, for a whole new file and for a part that is put into an existing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from pipecli.store.yamlscalars import key_text, literal_block, scalar_text, string_text


class Layout(NamedTuple):
    """How a file is laid out, in columns; the default is how new files are written."""

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


def block_lines(value: object, column: int, layout: Layout = NEW_FILE) -> list[str]:
    """A mapping or a list in block style at `column`, without line breaks."""
    lines: list[str] = []
    if isinstance(value, Mapping):
        _write_mapping(lines, value, column, layout)
    elif is_list(value):
        _write_list(lines, value, column, layout)
    else:
        raise ValueError(f"{value!r} is neither a mapping nor a list")
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


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, (list, tuple))


def _write_mapping(lines: list[str], mapping: Mapping[str, object], column: int, layout: Layout) -> None:
    _refuse_empty(mapping)
    pad = " " * column
    for key, value in mapping.items():
        head = f"{pad}{key_text(key)}:"
        if isinstance(value, str) and "\n" not in value:
            lines.append(f"{head} {string_text(value)}")
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
