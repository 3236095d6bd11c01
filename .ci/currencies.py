#!/usr/bin/env python3
"""Write pipecli/records/currency_codes.py anew, from the lists that others keep.

    .venv/bin/python .ci/currencies.py

The codes, those of the past among them, are CLDR's, as Babel ships them; the minor units are those of the
table that the maintenance agency of ISO 4217 publishes, as the package `iso4217` ships it. CLDR's own digits
say how amounts are usually shown (the rial's with none), not what the minor unit is. The program asks
neither: importing Babel takes longer than most commands run.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from babel.numbers import list_currencies
from iso4217 import raw_table

TARGET = Path(__file__).resolve().parents[1] / "pipecli" / "records" / "currency_codes.py"

NO_MONEY = frozenset("XAG XAU XPD XPT XBA XBB XBC XBD XFO XFU XRE XSU XTS XUA XXX".split())
"""Metals, bonds, units of account, and what stands for a test or for no currency."""

_MODULE = '''\
"""The currencies of ISO 4217, past and present, and their minor units. Written by .ci/currencies.py."""

from __future__ import annotations

CURRENCIES = frozenset(
    """
{codes}
    """.split()
)
MINOR_DIGITS = {{
{digits}
}}
"""The decimals of an amount, where they are not two."""
'''


def module() -> str:
    """The text of the module."""
    table = {code: entry["CcyMnrUnts"] for code, entry in raw_table.items() if code}
    digits = {code: int(units) for code, units in table.items() if units.isdigit() and units != "2"}
    return _MODULE.format(
        codes=textwrap.fill(
            " ".join(sorted((list_currencies() | table.keys()) - NO_MONEY)),
            width=101, initial_indent=" " * 4, subsequent_indent=" " * 4,
        ),
        digits="\n".join(f'    "{code}": {digits[code]},' for code in sorted(digits)),
    )  # fmt: skip


if __name__ == "__main__":
    TARGET.write_text(module(), encoding="utf-8")
