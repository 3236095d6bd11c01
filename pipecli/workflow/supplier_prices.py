"""Suppliers' prices: compared side by side, and turned into a customer's by markup or margin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.item import Item
from pipecli.records.money import MissingRate, Rates, rounded
from pipecli.records.quotation import Quotation, SupplierItem, SupplierQuotation, SupplierQuotationStatus
from pipecli.workflow.change import Refused
from pipecli.workflow.items import in_words


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
    """The number of rows that they have a price for."""
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

    received = [answer for answer in answers if answer.status is SupplierQuotationStatus.RECEIVED]
    holds = [answer.valid_until is None or today <= answer.valid_until for answer in received]
    lines = [_by_key(answer) for answer in received]
    rows = []
    for key in dict.fromkeys(key for keyed in lines for key in keyed):
        item = next(keyed[key] for keyed in lines if key in keyed)
        prices = [
            None
            if key not in keyed or (unit_price := keyed[key].unit_price) is None
            else Price(unit_price, converted(unit_price, answer))
            for keyed, answer in zip(lines, received, strict=True)
        ]
        best = _lowest([price and price.compared for price in prices], holds)
        marked = [price and price._replace(is_best=place in best) for place, price in enumerate(prices)]
        rows.append(Row(item.product, item.description, item.quantity, item.uom, tuple(marked)))

    columns = []
    for place, answer in enumerate(received):
        exact = None if answer.total is None else converted(answer.total, answer)
        compared = None if exact is None else rounded(exact, currency)
        quoted = sum(row.prices[place] is not None for row in rows)
        columns.append(Column(answer, answer.total, compared, quoted, not holds[place]))
    best = _lowest([column.compared if column.quoted == len(rows) else None for column in columns], holds)
    return Comparison(
        currency,
        tuple(column._replace(is_best=place in best) for place, column in enumerate(columns)),
        tuple(rows),
        tuple(answer for answer in answers if answer.status is SupplierQuotationStatus.REQUESTED),
        tuple(answer for answer in answers if answer.status is SupplierQuotationStatus.DECLINED),
    )


_Key = tuple[str, Decimal, int]


def _by_key(answer: SupplierQuotation) -> dict[_Key, SupplierItem]:
    """An answer's lines by what makes them the same as another supplier's.

    That is the product, else the description; the quantity; and which of equal lines it is.
    """
    seen: Counter[tuple[str, Decimal]] = Counter()
    keyed = {}
    for item in answer.items:
        line = (item.product or item.description, item.quantity)
        seen[line] += 1
        keyed[*line, seen[line]] = item
    return keyed


def _lowest(prices: Sequence[Decimal | None], holds: Sequence[bool]) -> set[int]:
    """The places of the lowest price among those that hold."""
    able = {place: price for place, price in enumerate(prices) if price is not None and holds[place]}
    return {place for place, price in able.items() if price == min(able.values())}


def price_from_supplier(
    quotation: Quotation,
    answer: SupplierQuotation,
    rates: Rates,
    *,
    today: date,
    markup: Decimal | None = None,
    margin: Decimal | None = None,
) -> tuple[Quotation, list[str]]:
    """The quotation with unit prices from a supplier's answer, and what a person should know about them.

    `markup` is percent on the supplier's price, `margin` percent of the customer's: one of the two. A
    supplier's currency is converted by the rates of today. Items that they don't quote keep their price.
    Refused for an answer that has not come, or to another deal. Raises MissingRate.
    """
    gain, share = _ratio(markup, margin)
    _require_answer(quotation, answer)
    items, notes = [], []
    if answer.valid_until is not None and answer.valid_until < today:
        notes.append(f"{answer.id} was valid until {answer.valid_until}: ask {answer.supplier} again")
    for item in quotation.items:
        quoted = same_item(item, answer)
        if quoted is None or quoted.unit_price is None:
            items.append(item)
            notes.append(
                f"{item.description} is not in {answer.id}: it keeps its price of {item.unit_price:,f}"
            )
            continue
        cost = quoted.unit_price * rates.rate(answer.currency, today)
        # One division, at the end: a third kept to 28 digits would round 0.105 down.
        price = cost * gain / (share * rates.rate(quotation.currency, today))
        items.append(item.with_(unit_price=rounded(price, quotation.currency)))
        notes += _doubts(item, quoted, answer)
    return quotation.with_(items=tuple(items), supplier_quotation=answer.id), notes


def same_item(item: Item, answer: SupplierQuotation) -> SupplierItem | None:
    """The supplier's line for an item: of its product, or without one of its description.

    Of several the one with its quantity.
    """
    same = [
        line
        for line in answer.items
        if (line.product or line.description) == (item.product or item.description)
    ]
    return min(same, key=lambda line: line.quantity != item.quantity, default=None)


def _ratio(markup: Decimal | None, margin: Decimal | None) -> tuple[Decimal, Decimal]:
    """The factor and the divisor of a supplier's price."""
    if markup is not None and margin is None:
        if markup < 0:
            raise Refused(f"a markup of {markup:f} % would sell below cost", hint="give 0 or more")
        return 100 + markup, Decimal(100)
    if margin is not None and markup is None:
        if not 0 <= margin < 100:
            raise Refused(
                f"a margin of {margin:f} % can't be had",
                hint="it is the share of the customer's price that is ours: from 0 to less than 100",
            )
        return Decimal(100), 100 - margin
    raise Refused(
        "a price from a supplier needs either a markup or a margin",
        hint="give --markup 20 (percent on cost) or --margin 20 (percent of the price)",
    )


def _require_answer(quotation: Quotation, answer: SupplierQuotation) -> None:
    if answer.opportunity != quotation.opportunity:
        raise Refused(
            f"{answer.id} is for {answer.opportunity}, not for {quotation.opportunity}",
            hint=f"see pipecli supplier-quote compare {quotation.opportunity}",
        )
    if answer.status is not SupplierQuotationStatus.RECEIVED:
        raise Refused(
            f"{answer.id} is {answer.status}, it has no prices",
            hint=f"record the answer first: pipecli supplier-quote receive {answer.id} --price ITEM=PRICE",
        )


def _doubts(item: Item, quoted: SupplierItem, answer: SupplierQuotation) -> list[str]:
    """The reasons why a price is less sure than it looks."""
    doubts = []
    if quoted.quantity != item.quantity:
        doubts.append(f"{answer.id} is for {in_words(quoted)}, the quotation for {in_words(item)}")
    if item.discount:
        doubts.append(f"{item.description} keeps its discount of {item.discount:f} %, off the new price")
    return doubts
