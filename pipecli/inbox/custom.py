"""Values below `custom`, whose types no model tells."""

from __future__ import annotations

from pipecli.csvtext import free_value
from pipecli.inbox.amounts import Unreadable
from pipecli.inbox.plain import without_empties
from pipecli.inbox.tabular import Cell, Raw
from pipecli.inbox.texts import line_of, text_of, writable
from pipecli.store.yaml import read


def as_it_is(cell: Cell) -> object:
    """A value of a file that tells texts from numbers itself. Raises Unreadable."""
    if isinstance(cell, Raw):
        return _kept(cell.value)
    return writable(cell) if isinstance(cell, str) else list(cell) if isinstance(cell, tuple) else cell


def _kept(value: object) -> object:
    """A value of JSON without the nulls and empties that no file says, refused where none could hold it."""
    kept = without_empties(value)
    if kept in (None, {}, []):
        return None
    try:
        read.emit({"custom": kept}, "")
    except ValueError as error:
        raise Unreadable(str(error)) from None
    return kept


def whole(cell: Cell) -> object:
    """The whole map, as JSON where a cell has it. Raises Unreadable."""
    value = _kept(cell.value) if isinstance(cell, Raw) else free_value(line_of(cell))
    if not isinstance(value, dict):
        raise Unreadable(f'"{cell}" is no map of keys and values')
    return value


def as_written(cell: Cell) -> object:
    """A value of CSV: a number where it is written as one."""
    text = text_of(cell)
    return free_value(text if "\n" in text else text.strip())
