"""Items, the lines of what is sold, and what they come to: totals, tax by rate, discounts, recurring worth.

Prices are without tax, or with it where the record says `tax_included`. A discount is of a line or of the
whole record, by percent or by amount; that of the whole takes its part of each rate of tax, to the cent.
Optional and alternative lines count once they are taken. The rules are those of EN 16931 (BG-20, BG-23): an
allowance of the document belongs to its rate of tax, and tax is due on the sum of a rate.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, Self

from pydantic import Field, model_validator

from pipecli.errors import FaultAt
from pipecli.records import kinds
from pipecli.records.base import Amount, Count, Flag, Line, Part, Percent, ProductSku, Quantity, Text
from pipecli.records.compare_names import folded
from pipecli.records.money import EXACT, minor_digits, percentage, rounded, split_cents, zero_of

_ZERO = Decimal(0)


class LineKind(StrEnum):
    """Lines that aren't goods: a discount of the whole record leaves them as they are."""

    FREIGHT = "freight"
    CHARGE = "charge"


class Per(StrEnum):
    """The period that a recurring price is for."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {"month": 1, "quarter": 3, "year": 12}[self.value]


def require_term(per: Per | None, term: int | None) -> None:
    if (per is None) != (term is None):
        raise ValueError("a recurring line has both: per (month, quarter, year) and term, their number")


class Item(Part):
    """One line. Its price is a copy: later changes of the product or price list don't touch it."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.ITEM

    product: ProductSku | None = None
    description: Line
    quantity: Quantity = Decimal(1)
    uom: Line | None = None
    """Unit of measure: unit, hour, kg."""
    unit_price: Amount
    per: Per | None = None
    """The price is for a month, a quarter or a year; absent: once."""
    term: Annotated[Count, Field(gt=0)] | None = None
    """The number of those periods that are bought; the line comes to all of them."""
    discount: Percent | None = None
    """Percent off the line."""
    discount_amount: Amount | None = None
    """Money off the line, instead of percent."""
    tax: Percent | None = None
    """Percent of tax: on top of the price, or in it where the record says tax_included."""
    kind: LineKind | None = None
    """Absent: a product or a service."""
    optional: Flag | None = None
    """Offered beside the rest: it counts once it is taken."""
    alternative_to: Line | None = None
    """The product, or the description, of the line whose place it takes once it is taken."""
    external_id: Text | None = None
    """Its name in the system it was imported from."""

    def amount(self, currency: str) -> Decimal:
        """quantity × unit price (× term) − discount as it is printed, rounded half up to the minor unit."""
        gross = self.gross
        if self.discount:
            gross = percentage(gross, 100 - self.discount)
        if self.discount_amount:
            gross = EXACT.subtract(gross, self.discount_amount)
        return rounded(gross, currency)

    @property
    def gross(self) -> Decimal:
        """quantity × unit price, of all periods of its term; before any discount, not rounded."""
        gross = EXACT.multiply(self.quantity, self.unit_price)
        return EXACT.multiply(gross, Decimal(self.term)) if self.term else gross

    @property
    def months(self) -> int:
        """The months of its term; 0 of what is bought once."""
        return self.per.months * self.term if self.per and self.term else 0

    @property
    def is_offered(self) -> bool:
        """True of an optional or alternative line, which counts once it is taken."""
        return bool(self.optional or self.alternative_to)

    def replaces(self, other: Self) -> bool:
        """True where `other` is the line that this is an alternative to."""
        words = folded(self.alternative_to or "")
        return bool(words) and words in (folded(other.product or ""), folded(other.description))

    @model_validator(mode="after")
    def _one_discount(self) -> Self:
        if self.discount is not None and self.discount_amount is not None:
            raise ValueError("a line has a discount in percent or a discount_amount, not both")
        require_term(self.per, self.term)
        if self.discount_amount and self.discount_amount > self.gross:
            raise ValueError(f"a discount_amount of {self.discount_amount} is more than the line's price")
        return self


class Priced(Protocol):
    """A record with items: an opportunity, a quotation, an order."""

    @property
    def currency(self) -> str: ...
    @property
    def items(self) -> tuple[Item, ...]: ...
    @property
    def tax_included(self) -> bool | None: ...
    @property
    def discount(self) -> Decimal | None: ...
    @property
    def discount_amount(self) -> Decimal | None: ...


class Totals(NamedTuple):
    """The sums of a record, in its currency, each to the minor unit."""

    printed: tuple[Decimal, ...]
    """The lines as they are printed."""
    lines: tuple[Decimal | None, ...]
    """The worth of each line without tax and after all discounts; None where it isn't counted."""
    subtotal: Decimal
    """The counted lines as they are printed."""
    discount: Decimal
    """The discount of the whole record, as it is printed."""
    net: Decimal
    tax_by_rate: Mapping[Decimal, Decimal]
    """The tax due at each rate, the lowest first."""

    @property
    def tax(self) -> Decimal:
        return sum(self.tax_by_rate.values(), self.net * 0)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


def places_counted(record: Priced) -> list[int]:
    """The places, from 0, of the lines that count: not an option that isn't taken, nor a line it replaces."""
    items = record.items
    if not any(item.optional or item.alternative_to for item in items):
        return list(range(len(items)))
    taken = {number - 1 for number in getattr(record, "taken", ())}
    replaced = {
        place
        for number in taken
        if number < len(items)
        for place, item in enumerate(items)
        if place != number and items[number].replaces(item) and not item.is_offered
    }
    return [
        place
        for place, item in enumerate(items)
        if (place in taken or not item.is_offered) and place not in replaced
    ]


MONEY_TERMS = ("currency", "tax_included", "discount", "discount_amount")
"""The fields by which the lines of a record come to its sum."""


def counted_items(record: Priced) -> tuple[Item, ...]:
    """The lines that count, as they stand where nothing is left to choose."""
    return tuple(
        record.items[place].with_(optional=None, alternative_to=None) for place in places_counted(record)
    )


def totals(record: Priced) -> Totals:
    """The sums of a record's lines: net, tax by rate, and each line's own part.

    The last record's are at hand: its row in the index asks for them four times.
    """
    global _last
    last = _last
    if last is None or last[0] is not record:
        _last = last = record, _totals(record)
    return last[1]


_last: tuple[Priced, Totals] | None = None


def _totals(record: Priced) -> Totals:
    currency, zero = record.currency, zero_of(record.currency)
    if not (record.discount or record.discount_amount or record.tax_included):
        return _plain_totals(record, zero)
    amounts = tuple(item.amount(currency) for item in record.items)
    printed = {place: amounts[place] for place in places_counted(record)}
    subtotal = sum(printed.values(), zero)
    discount = _discount(record, printed)
    net: dict[int, Decimal] = {}
    taxes: dict[Decimal, Decimal] = {}
    for rate, places, share in _by_rate(record, printed, discount):
        discounted = _discounted(record, {place: printed[place] for place in places}, share)
        to_pay = sum(discounted.values(), zero)
        without_tax = _without_tax(record, to_pay, rate)
        net |= zip(discounted, split_cents(without_tax, [*discounted.values()], currency), strict=True)
        if rate is not None:  # it is in the prices, or comes on top of them
            tax = to_pay - without_tax if record.tax_included else percentage(without_tax, rate)
            taxes[rate] = rounded(tax, currency)
    return Totals(
        amounts,
        tuple(net.get(place) for place in range(len(record.items))),
        subtotal,
        discount,
        sum(net.values(), zero),
        {rate: taxes[rate] for rate in sorted(taxes)},
    )


def _discounted(record: Priced, printed: Mapping[int, Decimal], share: Decimal) -> dict[int, Decimal]:
    """Lines of one rate, by their places, with their share of the discount taken off goods and services."""
    goods = [place for place in printed if record.items[place].kind is None]
    parts = split_cents(share, [printed[place] for place in goods], record.currency)
    return {**printed, **{place: printed[place] - part for place, part in zip(goods, parts, strict=True)}}


def _plain_totals(record: Priced, zero: Decimal) -> Totals:
    """The totals of what has neither a discount as a whole nor tax in its prices: nearly every record."""
    items, currency = record.items, record.currency
    amounts = tuple([item.amount(currency) for item in items])
    lines: list[Decimal | None] = [None] * len(amounts)
    taxable: dict[Decimal, Decimal] = {}
    net = zero
    for place in places_counted(record):
        lines[place] = amount = amounts[place]
        net = EXACT.add(net, amount)
        rate = items[place].tax
        if rate is not None:
            taxable[rate] = EXACT.add(taxable.get(rate, _ZERO), amount)
    taxes = {rate: rounded(percentage(taxable[rate], rate), currency) for rate in sorted(taxable)}
    return Totals(amounts, tuple(lines), net, zero, net, taxes)


def _without_tax(record: Priced, amount: Decimal, rate: Decimal | None) -> Decimal:
    """A printed amount without the tax that is in it."""
    if not record.tax_included or not rate:
        return amount
    return rounded(EXACT.divide(EXACT.multiply(amount, 100), 100 + rate), record.currency)


def _discount(record: Priced, printed: Mapping[int, Decimal]) -> Decimal:
    """The money off the whole record, of its goods and services alone. Never more than these."""
    zero = zero_of(record.currency)
    if not record.discount and not record.discount_amount:
        return zero
    amounts = (amount for place, amount in printed.items() if record.items[place].kind is None)
    most = sum(amounts, zero)
    if record.discount_amount:
        return min(rounded(record.discount_amount, record.currency), most)
    return rounded(percentage(most, record.discount or _ZERO), record.currency)


def _by_rate(
    record: Priced, printed: Mapping[int, Decimal], off: Decimal
) -> Iterator[tuple[Decimal | None, Sequence[int], Decimal]]:
    """Each rate of tax, the places of its lines, and its share of the discount, to the cent."""
    groups: dict[Decimal | None, list[int]] = {}
    for place in printed:
        groups.setdefault(record.items[place].tax, []).append(place)
    weights = [
        sum((printed[place] for place in group if record.items[place].kind is None), _ZERO)
        for group in groups.values()
    ]
    for (rate, group), share in zip(groups.items(), split_cents(off, weights, record.currency), strict=True):
        yield rate, group, share


class Recurring(NamedTuple):
    """The recurring worth of a record without tax, after all discounts, each rounded once."""

    monthly: Decimal
    yearly: Decimal
    first_year: Decimal
    """What is bought once, and of the rest the first twelve months."""


def recurring(record: Priced) -> Recurring | None:
    """The recurring worth of the lines that count; None where nothing recurs."""
    if not any(item.per for item in record.items):
        return None
    monthly = first_year = _ZERO
    for item, net in zip(record.items, totals(record).lines, strict=True):
        if net is not None and item.months:
            month = EXACT.divide(net, Decimal(item.months))
            monthly = EXACT.add(monthly, month)
            first_year = EXACT.add(first_year, EXACT.multiply(month, Decimal(min(item.months, 12))))
        elif net is not None:
            first_year = EXACT.add(first_year, net)
    if not monthly:
        return None
    figures = (monthly, EXACT.multiply(monthly, Decimal(12)), first_year)
    return Recurring(*(rounded(figure, record.currency) for figure in figures))


def discounts(record: Priced) -> Iterator[tuple[tuple[str | int, ...], Decimal]]:
    """Every discount given, by the path of its field, in percent; one in money to two decimals."""
    for place, item in enumerate(record.items):
        if item.discount:
            yield ("items", place, "discount"), item.discount
        if item.discount_amount and item.gross:
            yield ("items", place, "discount_amount"), _percent_of(item.discount_amount, item.gross)
    if record.discount:
        yield ("discount",), record.discount
    if record.discount_amount and (subtotal := totals(record).subtotal):
        yield ("discount_amount",), _percent_of(record.discount_amount, subtotal)


def _percent_of(part: Decimal, whole: Decimal) -> Decimal:
    return EXACT.divide(EXACT.multiply(part, 100), whole).quantize(Decimal("0.01"), ROUND_HALF_UP, EXACT)


def require_fitting_discount(record: Any) -> Any:
    """Validate the discounts of a record: payable, and that of the whole no more than the goods."""
    if record.discount is not None and record.discount_amount is not None:
        raise FaultAt("a record has a discount in percent or a discount_amount, not both", "discount_amount")
    for number, item in enumerate(record.items):
        if item.discount_amount:
            require_payable(item.discount_amount, record.currency, "items", number, "discount_amount")
    off = record.discount_amount
    if off:
        require_payable(off, record.currency, "discount_amount")
        if off > totals(record).subtotal:
            raise FaultAt(f"a discount_amount of {off} is more than the items come to", "discount_amount")
    return record


def require_payable(amount: Decimal, currency: str, *path: str | int) -> None:
    """Validate that a sum of money at `path` can change hands: to the minor unit of its currency."""
    if rounded(amount, currency) != amount:
        decimals = minor_digits(currency)
        raise FaultAt(f"{amount:f} {currency} can't be paid: {currency} has {decimals} decimals", *path)


def require_options_there(record: Any) -> Any:
    """Validate `taken`: numbers, from 1, of optional or alternative lines."""
    for number in record.taken:
        if not (1 <= number <= len(record.items) and record.items[number - 1].is_offered):
            raise FaultAt(f"taken: {number} isn't the number of an optional or alternative line", "taken")
    return record
