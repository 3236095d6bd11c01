#!/usr/bin/env python3
"""Write pipecli/records/currencies.txt and the names of currencies anew, from the lists that others keep.

    .venv/bin/python .ci/currencies.py

The codes, those of the past among them, are CLDR's, as Babel ships them; the minor units are those of the
table that the maintenance agency of ISO 4217 publishes, as the package `iso4217` ships it. CLDR's own digits
say how amounts are usually shown (the rial's with none), not what the minor unit is. The names by which
another CRM may call a currency are those of both, in the languages of the headers it may have. The program
asks neither: importing Babel takes longer than most commands run.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from itertools import chain
from pathlib import Path

from babel.numbers import get_currency_name, list_currencies
from iso4217 import raw_table

PACKAGE = Path(__file__).resolve().parents[1] / "pipecli"
CODES = PACKAGE / "records" / "currencies.txt"
NAMES = PACKAGE / "inbox" / "moving" / "presets" / "currencies.yaml"

NO_MONEY = frozenset("XAG XAU XPD XPT XBA XBB XBC XBD XFO XFU XRE XSU XTS XUA XXX".split())
"""Metals, bonds, units of account, and what stands for a test or for no currency."""

LANGUAGES = "en", "es", "pt", "de", "fr", "fa", "ru"
OTHERWISE = {"USD": ["dollar américain"], "BRL": ["reais"]}
"""Names that are in use, and in neither list."""


def codes() -> str:
    """The text of the file of codes: each with its minor units, which are two where ISO 4217 has none."""
    units = {code: entry["CcyMnrUnts"] for code, entry in raw_table.items() if code}
    known = sorted((list_currencies() | units.keys()) - NO_MONEY)
    digits = {code: units[code] if units.get(code, "").isdigit() else "2" for code in known}
    first = (
        "# The currencies of ISO 4217, past and present, and their minor units. Written by .ci/currencies.py."
    )
    return "\n".join([first, *(f"{code} {digits[code]}" for code in known), ""])


def names() -> str:
    """The text of the file of names: those of today's currencies, without what two of them are called."""
    codes = [code for code in sorted(filter(None, raw_table)) if code not in NO_MONEY]
    called = {code: {raw_table[code]["CcyNm"], *OTHERWISE.get(code, ())} for code in codes}
    for code, own in called.items():
        own |= {get_currency_name(code, locale=language) for language in LANGUAGES}
        own |= {get_currency_name(code, number, locale="en") for number in (1, 2)}
        called[code] = {name.lower() for name in own}
    of_two = {name for name, times in Counter(chain(*called.values())).items() if times > 1}
    unbroken = str.maketrans(" ", "\0")  # no name over two lines
    paragraphs = [
        ", ".join(f"{name}: {code}".translate(unbroken) for name in sorted(called[code] - of_two))
        for code in codes
    ]
    indented = textwrap.TextWrapper(
        140, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
    lines = [indented.fill(f"{told},").replace("\0", " ") for told in paragraphs]
    first = "# What today's currencies are called, in small letters. Written by .ci/currencies.py."
    return "\n".join([first, "currencies: {", *lines, "  }", ""])


if __name__ == "__main__":
    NAMES.write_text(names(), encoding="utf-8")
    CODES.write_text(codes(), encoding="utf-8")
