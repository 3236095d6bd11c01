"""Margins: what a quotation or an order leaves over what its items cost us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pipecli.records.money import EXACT, Rates, rounded

_TENTH = Decimal("0.1")


class CostedLine(NamedTuple):
    """One item beside its cost; `cost` is of one unit, in `cost_currency`, None where nobody knows it."""

    quantity: Decimal
    amount: Decimal
    cost: Decimal | None
    cost_currency: str


class Margin(NamedTuple):
    """`percent` is of the net amount, to a tenth; `uncosted` counts the lines left out for want of a cost."""

    amount: Decimal
    percent: Decimal | None
    uncosted: int


def margin(lines: Iterable[CostedLine], currency: str, rates: Rates, day: date) -> Margin | None:
    """The margin, in `currency`, of the lines whose cost is known; None when none is.

    Costs in another currency count by the rates of `day`. Raises MissingRate.
    """
    net, cost, costed, uncosted = Decimal(0), Decimal(0), 0, 0
    for line in lines:
        if line.cost is None:
            uncosted += 1
            continue
        spent = rates.convert(EXACT.multiply(line.quantity, line.cost), line.cost_currency, day, currency)
        net += line.amount
        cost += rounded(spent, currency)
        costed += 1
    if not costed:
        return None
    percent = ((net - cost) * 100 / net).quantize(_TENTH, ROUND_HALF_UP) if net else None
    return Margin(rounded(net - cost, currency), percent, uncosted)
