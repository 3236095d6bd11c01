"""Amounts where there is no room for all their digits: rounded, and never cut."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from pipecli.cli.table import display_width, money

_THREE = Context(prec=3, rounding=ROUND_HALF_UP)
_UNITS = ((12, "T"), (9, "B"), (6, "M"), (3, "k"))


def rounded_to_three(amount: Decimal) -> str:
    """An amount to three digits: `950`, `1.2k`, `125k`, `12.5M`, `1,000T`."""
    rough = _THREE.plus(amount) if abs(amount) >= 100 else amount.to_integral_value(ROUND_HALF_UP)
    for power, unit in _UNITS:
        if rough.adjusted() >= power and rough:
            in_units = rough.scaleb(-power)
            text = f"{in_units:,f}"
            return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{unit}"
    return f"{rough:,f}"


def fitting(amount: Decimal, currency: str | None, digits: int, room: int) -> str:
    """An amount in full where `room` columns hold it, else to three digits: a cut one would be another."""
    full = money(amount, currency, digits)
    if display_width(full) <= room:
        return full
    return f"{rounded_to_three(amount)} {currency}" if currency else rounded_to_three(amount)
