"""What an algorithm costs, on a busy machine too: the calls that it makes, not the seconds that it takes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any


class Told(str):
    """A text that calls a function where it is compared: a search through a list is as many steps."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)


def steps(work: Callable[[], object]) -> int:
    """How many functions are called while something works: Python's, those of C, comparisons of `Told`."""
    counted: Counter[str] = Counter()

    def count(_frame: object, event: str, _: Any) -> None:
        counted[event] += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted["call"] + counted["c_call"]
