"""The worth of a deal in one currency, for every report: its amount, and that weighted by its probability.

An open deal counts at the exchange rates of today, one that ended at those of its day. Lists and `sql` have
the weighted amount in its own currency by `weighted` in `records/money.py`, which has the rates, too. The
probability is in the rows already, the deal's own or its stage's: `PROBABILITY` in `store/index/views.py`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.money import EXACT, MissingRate, Rates, percentage, rounded, zero_of
from pipecli.reports.deals import Deal

_ALL = Decimal(100)
_ZERO = Decimal(0)


class Worth(NamedTuple):
    """The worth of a deal in the currency of a report."""

    amount: Decimal
    weighted: Decimal
    """The amount times the probability."""
    yearly: Decimal = Decimal(0)
    """What of it recurs in a year."""


class Valuation:
    """Puts amounts in one currency, the base where none is asked for."""

    def __init__(self, rates: Rates, currency: str | None = None) -> None:
        self.rates = rates
        self.currency = currency or rates.base
        self.zero = zero_of(self.currency)
        self._known: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}

    def value(
        self, amount: Decimal, currency: str, day: date, record: str, percent: Decimal = _ALL
    ) -> Decimal:
        """A part of an amount at the rates of a day, rounded once.

        A missing rate is a PipecliError that names it, and the `record` whose amount it is.
        """
        try:
            return self._value(amount, currency, day, percent)
        except MissingRate as missing:
            raise PipecliError(f"{missing.message}, for {record}", hint=missing.hint) from None

    def amount(self, deal: Deal, today: date = date.max) -> Decimal | None:
        """The amount of a deal, None where it has none; one that ended counts at the rates of its day.

        A missing rate is a PipecliError that names it, and the deal.
        """
        if deal.amount is None:
            return None
        return self.value(deal.amount, deal.currency, deal.ended or today, deal.id)

    def weighted(self, deal: Deal, day: date) -> Decimal:
        """The amount of a deal times its probability, at the rates of a day; 0 without an amount.

        A missing rate is a PipecliError that names it, and the deal.
        """
        if deal.amount is None:
            return self.zero
        return self.value(deal.amount, deal.currency, day, deal.id, deal.probability or _ZERO)

    def worth(self, deal: Deal, today: date) -> Worth | None:
        """The amount of a deal as it is and weighted, each rounded once; None without an amount.

        An open deal counts at the rates of today, one that ended at those of its day. Raises MissingRate.
        """
        if deal.amount is None:
            return None
        day = deal.ended or today
        return Worth(
            self._value(deal.amount, deal.currency, day, _ALL),
            self._value(deal.amount, deal.currency, day, deal.probability or _ZERO),
            self._value(deal.yearly_recurring, deal.currency, day, _ALL) if deal.yearly_recurring else _ZERO,
        )

    def _value(self, amount: Decimal, currency: str, day: date, percent: Decimal) -> Decimal:
        part = amount if percent is _ALL else percentage(amount, percent)
        if currency == self.currency:
            return rounded(part, currency)
        theirs, ours = self._rates(currency, day)
        # Divide last: a half that is rounded up must still be one.
        return rounded(EXACT.divide(EXACT.multiply(part, theirs), ours), self.currency)

    def _rates(self, currency: str, day: date) -> tuple[Decimal, Decimal]:
        """The rates to the base of one unit of a currency, and of ours, on a day."""
        if (currency, day) not in self._known:
            self._known[currency, day] = self.rates.rate(currency, day), self.rates.rate(self.currency, day)
        return self._known[currency, day]
