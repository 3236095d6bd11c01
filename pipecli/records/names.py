"""Names as people compare them: the same in capitals, without accents, or from another keyboard."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

# What Arabic and Persian keyboards type differently for the same letter, and digits of both.
_LETTERS = str.maketrans(
    "يىكةۀە۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩",
    "ییکههه01234567890123456789",
    # Joiners, direction marks and the stretched line are hardly seen, and so not always typed.
    "\u200c\u200d\u200e\u200f\u0640",
)


def folded(text: str) -> str:
    """Text for comparing: without case, accents and marks, Arabic letters as Persian types them."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).translate(_LETTERS)
    return "".join([char for char in plain if not unicodedata.combining(char)]).casefold()


def name_key(name: str) -> str:
    """The key that two spellings of one name share: its letters and digits, without punctuation.

    Never empty: a name without letters is its own key.
    """
    return "".join([char for char in folded(name) if char.isalnum()]) or name.strip()


_UNSPACED = "\u0e00"
"""From Thai on, scripts write words without a space between them; any place may begin one."""


def typed_words(text: str) -> list[str]:
    """The words of what a person typed, as `begins_words` compares them: folded, no signs around them."""
    return [_trimmed(word) for word in folded(text).split()]


def _trimmed(word: str) -> str:
    """A word without signs around it; one of signs alone, such as a picture, as it is."""
    signs = "".join([char for char in word if not char.isalnum()])
    return word.strip(signs) or word


def begins_words(words: Sequence[str], text: str) -> bool:
    """True if each of the typed words begins a word of the text: `can` begins Cancity, and not Vulcan."""
    plain = folded(text)
    return all(_begins_one(word, plain) for word in words)


def _begins_one(word: str, plain: str) -> bool:
    place = plain.find(word)
    while place > 0 and plain[place - 1].isalnum() and word[0].isalnum() and word[0] < _UNSPACED:
        place = plain.find(word, place + 1)
    return place >= 0


FEWEST_DIGITS = 6
"""Of a telephone number: fewer are no number that anyone would tell a person by."""


def digits_of(text: str) -> str:
    """The digits of a telephone number as it was typed, without zeros in front; empty for other text."""
    number = folded(text).strip()
    digits = "".join([char for char in number if char.isdigit()])
    is_number = len(digits) >= FEWEST_DIGITS and not any(char not in "+()-./ 0123456789" for char in number)
    return digits.lstrip("0") if is_number else ""


def same_number(digits: str, number: str) -> bool:
    """True if a telephone number ends as the typed digits do: with or without its country's code."""
    other = digits_of(number)
    return bool(digits and other) and (other.endswith(digits) or digits.endswith(other))
