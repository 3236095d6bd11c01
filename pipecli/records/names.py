"""Names as people compare them: the same in capitals, without accents, or from another keyboard."""

from __future__ import annotations

import unicodedata

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
