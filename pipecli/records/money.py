"""Money: minor units, the one rounding rule, conversion by dated rates, margins over what items cost."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

from pipecli.errors import PipecliError, Unreadable

EXACT = Context(prec=120, rounding=ROUND_HALF_UP)
"""Arithmetic without a rounding of its own: the usual 28 digits would round a product of two of 15 first."""
_MOST_DIGITS = 60
_UNITS = {digits: Decimal(1).scaleb(-digits) for digits in range(5)}
_CODES = Path(__file__).with_name("currencies.txt").read_text(encoding="utf-8").splitlines()[1:]
CURRENCIES = {line[:3]: int(line[4:]) for line in _CODES}
"""The currencies of ISO 4217, past and present, with their minor units."""


_AMOUNT = r"(.*\.)?(amount|unit_price|cost|price)|prices\.[^.]+|targets\.[^.]+\.[^.]+"


def is_money(field: str) -> bool:
    """True for the path of an amount, by its last word or the map that it stands in."""
    return re.fullmatch(_AMOUNT, field) is not None


def minor_digits(currency: str) -> int:
    """The number of decimals in `currency`: 2 for EUR, 0 for JPY, 3 for KWD."""
    return CURRENCIES.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` to the currency's minor unit, half up, as invoices are rounded."""
    return amount.quantize(_UNITS[CURRENCIES.get(currency, 2)], ROUND_HALF_UP, EXACT)


@cache
def zero_of(currency: str) -> Decimal:
    """0.00 in EUR, 0 in JPY."""
    return rounded(Decimal(0), currency)


def without_exponent(value: Decimal) -> Decimal:
    """1E+3 as 1000, 2.0 as 2: the same number in the digits a person writes."""
    short = value.normalize(EXACT)
    return short.quantize(Decimal(1), context=EXACT) if exponent_of(short) > 0 else short


def bounded(value: Decimal) -> Decimal:
    """The number itself. Raises Unreadable for one that is longer than arithmetic with it could hold."""
    if abs(value.adjusted()) > _MOST_DIGITS or len(value.as_tuple().digits) > _MOST_DIGITS:
        raise Unreadable(f"a number of more than {_MOST_DIGITS} digits isn't one of a record")
    return value


def exponent_of(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def percentage(amount: Decimal, percent: Decimal) -> Decimal:
    """So much percent of `amount`, unrounded."""
    return EXACT.multiply(amount, percent).scaleb(-2, EXACT)


def part_of(total: Decimal, number: Decimal) -> Decimal:
    """The price of one of so many, with as few decimals as come to `total` again: 33.33333 of 3 for 100.

    Raises Unreadable for a number of 0.
    """
    if not number:
        raise Unreadable(f"{total:f} has no price of one, as there are 0")
    exact = EXACT.divide(total, number)
    prices = (exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, EXACT) for digits in range(2, 13))
    return next((p for p in prices if abs(EXACT.multiply(p, number) - total) < _LEAST_APART), exact)


_LEAST_APART = Decimal("0.00005")
"""Half the smallest minor unit: what is less apart is printed as one amount."""


def weighted_amount(amount: Decimal, probability: Decimal, currency: str) -> Decimal:
    """A deal's worth in lists and `sql`: its amount times its probability (0 to 100), rounded once.

    Rounding each deal and not the sum makes every total the sum of the figures a person sees above it.
    """
    return rounded(percentage(amount, probability), currency)


def split_cents(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`amount` in parts that are as the weights, each to the minor unit, together exactly the whole.

    The largest remainders get what rounding down left over, the earlier one first. Without any weight the
    first part is all.
    """
    whole = sum(weights, Decimal(0))
    if not whole:
        return [amount if place == 0 else zero_of(currency) for place in range(len(weights))]
    unit = _UNITS[minor_digits(currency)]
    exact = [EXACT.divide(EXACT.multiply(amount, weight), whole) for weight in weights]
    parts = [part.quantize(unit, ROUND_DOWN, EXACT) for part in exact]
    left = int((amount - sum(parts)) / unit)
    largest = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in largest[:left]:
        parts[place] += unit
    return parts


@cache
def plain_percent(stored: float) -> Decimal:
    """A percentage of the index in the digits that a person writes: 20, 9.975."""
    return Decimal(int(stored)) if stored.is_integer() else Decimal(repr(stored))


class MissingRate(PipecliError):
    """No rate is known for a currency on a day."""

    code = "no-exchange-rate"

    def __init__(self, currency: str, base: str, day: date, commit: str | None = None) -> None:
        where = f" in the settings of commit {commit[:7]}" if commit else ""
        add = f"add one: pipecli settings set exchange_rates.{currency}.{day}=RATE"
        super().__init__(
            f"no exchange rate from {currency} to {base} on or before {day}{where}",
            hint="choose another moment, or another currency" if commit else add,
        )

    def of(self, record: str) -> Self:
        """The same, naming the record whose amount needs the rate."""
        self.message += f", for {record}"
        self.reason = str(self)
        return self


class Rates(NamedTuple):
    """The dated exchange rates of the settings: `table[currency][day]` is base units for one unit."""

    base: str
    table: Mapping[str, Mapping[date, Decimal]]
    commit: str | None = None
    """That of the settings, where they are of the past: nothing can be added to them."""

    def rate(self, currency: str, day: date) -> Decimal:
        """The last rate known on `day`. Raises MissingRate."""
        if currency == self.base:
            return Decimal(1)
        known = [at for at in self.table.get(currency, {}) if at <= day]
        if not known:
            raise MissingRate(currency, self.base, day, self.commit)
        return self.table[currency][max(known)]

    def convert(self, amount: Decimal, currency: str, day: date, to: str | None = None) -> Decimal:
        """`amount` of `currency` in `to` (default: the base), by the rates of `day`, rounded half up."""
        target = to or self.base
        if currency == target:
            return amount
        in_base = EXACT.multiply(amount, self.rate(currency, day))
        return rounded(EXACT.divide(in_base, self.rate(target, day)), target)


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
