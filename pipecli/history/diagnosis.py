"""One thing that `doctor` has looked at."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    OK = "ok"
    FIXED = "fixed"
    WARNING = "warning"
    """It works, but not as well as it could, or not for everything."""
    ERROR = "error"
    """Commands are refused, or answer wrongly."""


class Diagnosis(NamedTuple):
    name: str
    """One word: what was looked at."""
    state: State
    what: str
    way_out: str = ""
    remedy: Callable[[], str] | None = None
    """Mends it without losing anything, and says what it did. None: a person must."""


def ok(name: str, what: str) -> Diagnosis:
    return Diagnosis(name, State.OK, what)


def warning(name: str, what: str, way_out: str, remedy: Callable[[], str] | None = None) -> Diagnosis:
    return Diagnosis(name, State.WARNING, what, way_out, remedy)


def error(name: str, what: str, way_out: str, remedy: Callable[[], str] | None = None) -> Diagnosis:
    return Diagnosis(name, State.ERROR, what, way_out, remedy)
