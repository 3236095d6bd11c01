"""The wording that all messages share: a count with its noun, an article, a duration, the first of many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_NO_WORD = r"(\S{120})\S{400,}"


def with_words_cut(text: str) -> str:
    """A message about what somebody wrote, such as a number of 10,000 digits: its beginning tells which."""
    return re.sub(_NO_WORD, r"\1…", text)


class Line(NamedTuple):
    """One line of a report, or with a number one of the list below it."""

    text: str
    number: int | None = None


def count(number: int, noun: str, form: str = "") -> str:
    """`1 deal`, `2 deals`, `3 opportunities`; with `form` "," `1,200 deals`."""
    several = re.sub("(?<![aeiou])y$", "ie", noun) + "s" * (noun != "literature")
    return f"{number:{form}} {noun if number == 1 else several}"


def a(noun: str) -> str:
    """A noun with its article: `a stage`, `an order`, `a piece of literature`."""
    noun = "piece of literature" if noun == "literature" else noun
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def duration(minutes: int, *, in_hours: bool = False) -> str:
    """Minutes as people say them: `45 min`, `3 h 20 min`, `2 days 5 h`, from a week on `104 days`.

    `in_hours`: without days, for business hours, of which a day has fewer than 24.
    """
    hours, rest = divmod(minutes, 60)
    days = 0 if in_hours else hours // 24
    if days >= 7:
        return count(days, "day", ",")
    parts = [(days, count(days, "day")), (hours - days * 24, f"{hours - days * 24:,} h")]
    parts += [(rest, f"{rest} min")] if not days else []
    return " ".join([words for number, words in parts if number]) or "0 min"


def first_of(names: Sequence[str], most: int, form: str = "") -> str:
    """The first names, and how many more there are: `ana, ben and 3 more`."""
    more = f" and {len(names) - most:{form}} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shortened(text: str, most: int) -> str:
    """A text of so many characters at most, the last of them `…` where it has more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
