"""A cell as text."""

from __future__ import annotations

from decimal import Decimal

from pipecli.csvtext import free_cell
from pipecli.inbox.amounts import Unreadable
from pipecli.inbox.tabular import Cell, Raw
from pipecli.jsontext import digits
from pipecli.store.yaml.write import CONTROL, compiled


def text_of(cell: Cell) -> str:
    """Text of several lines, whose blanks at both ends may be meant. Raises Unreadable."""
    match cell:
        case Raw():
            return free_cell(cell.value)
        case str():
            return writable(cell.replace("\r\n", "\n").replace("\r", "\n"))
        case bool():
            return "true" if cell else "false"
        case Decimal():
            return digits(cell)
        case int():
            return str(cell)
    raise Unreadable("a list can't be one value")


def writable(text: str) -> str:
    """A text, refused where no file of ours could hold it."""
    if bad := compiled(CONTROL).search(text):
        raise Unreadable(f"it has the control character U+{ord(bad[0]):04X}, which no record can hold")
    return text


def line_of(cell: Cell) -> str:
    """Text of one line, without the blanks at its ends. Raises Unreadable."""
    text = text_of(cell).strip()
    return " ".join(text.split("\n")) if "\n" in text else text
