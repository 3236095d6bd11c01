"""What amounts are worth in the one currency of a report, each at the rate of its day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pipecli.errors import PipecliError
from pipecli.records.money import EXACT, MissingRate, Rates, rounded

_ALL = Decimal(100)


class Valuation:
    """Puts amounts in one currency, the base where none is asked for."""

    def __init__(self, rates: Rates, currency: str | None = None) -> None:
        self.rates = rates
        self.currency = currency or rates.base
        self.zero = rounded(Decimal(0), self.currency)  # 0.00 in EUR, 0 in JPY
        self._known: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}

    def value(
        self, amount: Decimal, currency: str, day: date, record: str, percent: Decimal = _ALL
    ) -> Decimal:
        """A part of an amount at the rates of a day, rounded once.

        A missing rate is an error that names it, and the `record` whose amount it is.
        """
        part = amount if percent is _ALL else EXACT.multiply(amount, percent).scaleb(-2, EXACT)
        if currency == self.currency:
            return rounded(part, currency)
        try:
            theirs, ours = self._rates(currency, day)
        except MissingRate as missing:
            raise PipecliError(f"{missing.message}, for {record}", hint=missing.hint) from None
        # Divide last: a half that is rounded up must still be one.
        return rounded(EXACT.divide(EXACT.multiply(part, theirs), ours), self.currency)

    def _rates(self, currency: str, day: date) -> tuple[Decimal, Decimal]:
        """What one unit of a currency, and of ours, is in the base on a day."""
        if (currency, day) not in self._known:
            self._known[currency, day] = self.rates.rate(currency, day), self.rates.rate(self.currency, day)
        return self._known[currency, day]
