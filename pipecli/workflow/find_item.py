"""Which line of a document a person means: by its number from 1, its product, or words of its description."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.records.item import Item
from pipecli.records.quotation import SupplierItem
from pipecli.records.values import folded
from pipecli.workflow.change import Refused

Line = Item | SupplierItem


def find_item(items: Sequence[Line], which: str, owner: str) -> int:
    """The place of a line, from 0. Refused when it is none, or several; `owner` is whose lines they are."""
    wanted = which.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(items):
        return int(wanted) - 1
    found = places(items, wanted)
    if len(found) == 1:
        return found[0]
    if found:
        lines = ", ".join(f"{place + 1} ({in_words(items[place])})" for place in found)
        raise Refused(f"{owner} has {len(found)} items {wanted}: {lines}", hint="name one by its number")
    known = ", ".join(f"{number} ({in_words(item)})" for number, item in enumerate(items, 1))
    raise Refused(f"{owner} has no item {wanted}", hint=f"it has {known or 'none'}")


def places(items: Sequence[Line], name: str) -> list[int]:
    """Every line of a product, else every line with these words in its description."""
    words = folded(name.strip())
    descriptions = [folded(item.description) for item in items]
    return (
        [place for place, item in enumerate(items) if item.product == words]
        or [place for place, description in enumerate(descriptions) if description == words]
        or [place for place, description in enumerate(descriptions) if words and words in description]
    )


def in_words(item: Line) -> str:
    """`2 × Café S-100`."""
    return f"{item.quantity:f} × {item.description}"
