"""Modules that few stories use, and that take long to import: every worker collects every file of stories."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """A module that is imported once something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks all that a file of stories has
            raise AttributeError(name)
        return getattr(import_module(self._name), name)
