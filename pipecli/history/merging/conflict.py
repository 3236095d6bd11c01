"""What a merge leaves to a person."""

from __future__ import annotations

from typing import NamedTuple


class Conflict(NamedTuple):
    """One field with two values. `ours` and `theirs` are shown to a person; None: that side has none."""

    path: str
    """Dotted, of what stands in a list with its name: `items.cafe-s-100.quantity`; empty: the whole file."""
    ours: str | None
    theirs: str | None
    words: str
