"""Phrases that rooms form alike: a noun with its count, the first of many names, text without controls."""

from __future__ import annotations

from collections.abc import Sequence

# Ranges for a pattern's `[…]`, to which each use adds what its own reader would obey. Tab, line feed and
# carriage return are not among them.
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
"""The control characters of ASCII and Latin-1, and halves of a surrogate pair."""
BREAKS = "\t\n\r\u2028\u2029"
DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
"""The characters that turn the direction of the text around them."""


def count(number: int, noun: str, form: str = "") -> str:
    """`1 deal`, `2 deals`; with `form` "," `1,200 deals`."""
    return f"{number:{form}} {noun}{'s' * (number != 1)}"


def first_of(names: Sequence[str], most: int, form: str = "") -> str:
    """At most so many names, and how many more there are: `ana, ben and 3 more`."""
    more = f" and {len(names) - most:{form}} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def visible(text: str, instead: str = "·", keep: str = "") -> str:
    """Text with `instead` for each character that does not show, but those of `keep`."""
    return "".join(char if char.isprintable() or char in keep else instead for char in text)


def one_line(text: str) -> str:
    """Text on one line: single blanks for line ends and for characters that do not show."""
    return " ".join(visible(text, " ").split())
