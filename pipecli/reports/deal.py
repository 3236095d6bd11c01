"""A deal as the reports see it, and its worth in one currency."""

from __future__ import annotations

from datetime import date
from decimal import Context, Decimal, localcontext
from typing import NamedTuple

from pipecli.records.money import Rates, rounded, weighted


class Deal(NamedTuple):
    """An open or won opportunity as it was at one moment, its money in its own currency."""

    status: str
    process: str
    stage: str
    owner: str | None
    team: str | None
    type: str
    source: str | None
    customer: str | None
    currency: str
    amount: Decimal | None
    """What it is worth; of a won deal the final value."""
    probability: Decimal | None
    """0 to 100; None where nobody knows the stage: then it weighs nothing."""
    close: date | None
    """The expected close; of a won deal the day it was won."""
    products: tuple[tuple[str | None, Decimal], ...] = ()
    """Each item's product and amount; only needed for the forecast by product."""
    category: str | None = None
    """How surely it is expected, as its stage says: commit, best-case, pipeline; None where no stage does."""


class Worth(NamedTuple):
    """What a deal is worth in the currency of the forecast."""

    amount: Decimal
    weighted: Decimal


class Exchange:
    """Puts deals in one currency: open ones at the rate of `today`, won ones at that of their day."""

    def __init__(self, rates: Rates, currency: str, today: date) -> None:
        self.rates = rates
        self.currency = currency
        self.today = today
        self._known: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}

    def worth(self, deal: Deal) -> Worth | None:
        """The amount and the weighted amount of a deal, each rounded once; None without an amount.

        Raises MissingRate.
        """
        if deal.amount is None:
            return None
        probability = deal.probability or Decimal(0)
        if deal.currency == self.currency:
            return Worth(
                rounded(deal.amount, self.currency), weighted(deal.amount, probability, self.currency)
            )
        theirs, ours = self._rates(deal.currency, deal.close if deal.status == "won" else None)
        with localcontext(_EXACT):  # and divide last: a half that is rounded up must still be one
            in_base = deal.amount * theirs
            return Worth(
                rounded(in_base / ours, self.currency),
                rounded(in_base * probability / 100 / ours, self.currency),
            )

    def _rates(self, currency: str, day: date | None) -> tuple[Decimal, Decimal]:
        """What one unit of a currency, and of ours, is in the base on a day (None: today)."""
        known = (currency, day or self.today)
        if known not in self._known:
            self._known[known] = self.rates.rate(*known), self.rates.rate(self.currency, known[1])
        return self._known[known]


_EXACT = Context(prec=60)
"""More digits than the product of an amount, a rate and a probability can have."""
