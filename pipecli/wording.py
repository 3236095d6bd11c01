"""Phrases that rooms form alike, and text without controls or life."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Ranges for a pattern's `[…]`, to which each use adds what its own reader would obey. Tab, line feed and
# carriage return are not among them.
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
"""The control characters of ASCII and Latin-1, and halves of a surrogate pair."""
BREAKS = "\t\n\r\u2028\u2029"
DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
"""The characters that turn the direction of the text around them."""


_NO_WORD = r"(\S{120})\S{400,}"


def with_words_cut(text: str) -> str:
    """A message about what somebody wrote, such as a number of 10,000 digits: its beginning tells which."""
    return re.sub(_NO_WORD, r"\1…", text)


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


def visible(text: str, instead: str = "·", keep: str = "") -> str:
    """Text with `instead` for each character that does not show, but those of `keep`."""
    return "".join(char if char.isprintable() or char in keep else instead for char in text)


def harmless(text: str) -> str:
    """Text of several lines that does nothing to a terminal but break its lines."""
    return re.sub(f"[{CONTROLS}{DIRECTIONS}]", "·", text)


def one_line(text: str) -> str:
    """Text on one line: single blanks for line ends and for characters that do not show."""
    return " ".join(visible(text, " ").split())


_LIVE = (
    r"@(?=\w)|#(?=\w)|!(?=\d)|(?<!\w)(?:[$^]|&amp;)(?=\d)|(?<!\w)[%~](?=[\w\"])|"
    r":(?=//)|(?<![A-Za-z0-9-])(?:[Ww]{3}(?=\.)|[Gg][HhLl]-(?=\d)|mailto:)"
)


def lifeless(text: str, *, has_links: bool = False) -> str:
    """Text of which a code host makes no link and no message, whatever is escaped.

    `@ana` is told, `#12`, `!12` or `GL-12` is an issue that a commit's subject may close, a page's server is
    asked: a sign of no width takes the life out of them. With `has_links`, as Markdown has, an address of
    e-mail is a link, too; elsewhere it stays what one can copy.
    """
    return re.sub(_LIVE if has_links else rf"(?!(?<=\w)@)(?:{_LIVE})", "\\g<0>\u200b", text)


_LONGEST_LINE = 200
# Breaks and controls of any kind, those that turn the direction of text around, and half a surrogate pair.
# The joiners of Persian and of emoji stay.
_CONTROLS = f"[{CONTROLS}{BREAKS}{DIRECTIONS}\ufeff]"
_MENTIONS = r"(?<!\w)@(?=\w)|@(?=(?:everyone|here|channel|all|room)\b)|<(?=[!@#])|\](?=\()"
"""The marks that a chat obeys: @everyone, <!channel>, <@U123>, and a link that shows another address."""

_NOTHING = "\u200b"


def message_line(text: str) -> str:
    """A text of a record for a message: one line, not too long, that adds no header and calls nobody.

    A stranger may have written it: a mention gets a letter of no width into it, and so is only read.
    """
    line = shortened(" ".join(re.sub(_CONTROLS, " ", text).split()), _LONGEST_LINE)
    return re.sub(_MENTIONS, lambda mention: mention[0] + _NOTHING, line)
