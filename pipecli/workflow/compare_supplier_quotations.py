"""`supplier-quotation compare`: what each supplier asks for the items of one deal, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.money import MissingRate, Rates, rounded
from pipecli.records.quotation import SupplierItem, SupplierQuotation, SupplierQuotationStatus


class Price(NamedTuple):
    """One supplier's price of one item; `compared` is in the deal's currency, None for want of a rate."""

    unit_price: Decimal
    compared: Decimal | None
    is_best: bool = False


class Row(NamedTuple):
    """One item and its prices, in the order of the answers; None where a supplier does not quote it."""

    product: str | None
    description: str
    quantity: Decimal
    uom: str | None
    prices: tuple[Price | None, ...]


class Column(NamedTuple):
    """One supplier's answer as a whole. `compared` is the total in the deal's currency."""

    answer: SupplierQuotation
    total: Decimal | None
    """In the answer's own currency; of what they quote, which may not be everything."""
    compared: Decimal | None
    quoted: int
    """How many of the rows they have a price for."""
    has_expired: bool
    is_best: bool = False


class Comparison(NamedTuple):
    currency: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    waiting: tuple[SupplierQuotation, ...]
    """Requested and not answered."""
    declined: tuple[SupplierQuotation, ...]


def compare(answers: Sequence[SupplierQuotation], currency: str, rates: Rates, *, today: date) -> Comparison:
    """The answers to one deal, in its currency by the rates of today.

    The best price of an item is the lowest; the best total the lowest of those who quote every item. What
    can't be converted, or is valid no more, is shown and never the best.
    """

    def converted(price: Decimal, answer: SupplierQuotation) -> Decimal | None:
        try:
            return price * rates.rate(answer.currency, today) / rates.rate(currency, today)
        except MissingRate:
            return None

    received = [each for each in answers if each.status is SupplierQuotationStatus.RECEIVED]
    holds = [each.valid_until is None or today <= each.valid_until for each in received]
    lines = [_by_key(answer) for answer in received]
    rows = []
    for key in dict.fromkeys(key for keyed in lines for key in keyed):
        asked = next(keyed[key] for keyed in lines if key in keyed)
        prices = [
            None
            if key not in keyed or (unit_price := keyed[key].unit_price) is None
            else Price(unit_price, converted(unit_price, answer))
            for keyed, answer in zip(lines, received, strict=True)
        ]
        best = _lowest([price and price.compared for price in prices], holds)
        marked = [price and price._replace(is_best=place in best) for place, price in enumerate(prices)]
        rows.append(Row(asked.product, asked.description, asked.quantity, asked.uom, tuple(marked)))

    columns = []
    for place, answer in enumerate(received):
        exact = None if answer.total is None else converted(answer.total, answer)
        compared = None if exact is None else rounded(exact, currency)
        quoted = sum(row.prices[place] is not None for row in rows)
        columns.append(Column(answer, answer.total, compared, quoted, not holds[place]))
    best = _lowest([each.compared if each.quoted == len(rows) else None for each in columns], holds)
    return Comparison(
        currency,
        tuple(column._replace(is_best=place in best) for place, column in enumerate(columns)),
        tuple(rows),
        tuple(each for each in answers if each.status is SupplierQuotationStatus.REQUESTED),
        tuple(each for each in answers if each.status is SupplierQuotationStatus.DECLINED),
    )


_Key = tuple[str, Decimal, int]


def _by_key(answer: SupplierQuotation) -> dict[_Key, SupplierItem]:
    """An answer's lines by what makes them the same as another supplier's.

    That is the product, else the description; the quantity; and which of equal lines it is.
    """
    seen: Counter[tuple[str, Decimal]] = Counter()
    keyed = {}
    for item in answer.items:
        asked = (item.product or item.description, item.quantity)
        seen[asked] += 1
        keyed[*asked, seen[asked]] = item
    return keyed


def _lowest(prices: Sequence[Decimal | None], holds: Sequence[bool]) -> set[int]:
    """The places of the lowest price among those that hold."""
    able = {place: price for place, price in enumerate(prices) if price is not None and holds[place]}
    return {place for place, price in able.items() if price == min(able.values())}
