"""Cells of CSV that a spreadsheet only shows: what it would run as a formula is guarded, and taken back."""

from __future__ import annotations

import re

# What a spreadsheet takes for a formula; the wide ones are what a Japanese keyboard types for the same.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"


def guarded(text: str) -> str:
    """Text that a spreadsheet only shows: what it would run as a formula has a `'` before it.

    What looks guarded already gets one more, so that `unguarded` gives back every text as it was.
    """
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made a cell of."""
    return cell[1:] if cell[:1] == "'" and guarded(cell[1:]) == cell else cell


def _is_formula(text: str) -> bool:
    return text.startswith(_FORMULA_STARTS) and not re.fullmatch(_NUMBER, text)
