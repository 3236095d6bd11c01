"""Requests to suppliers for their price of a deal's items: made, received, declined, compared, and turned
into a customer's price by markup or margin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.customer import Supplier
from pipecli.records.items_and_totals import Item, Per
from pipecli.records.money import MissingRate, Rates, rounded
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import (
    Quotation,
    SupplierItem,
    SupplierQuotation,
    SupplierQuotationStatus,
    is_past_validity,
)
from pipecli.workflow import Change, Refused
from pipecli.workflow.items_and_prices import find_item, in_words, matching_lines
from pipecli.workflow.opportunity.advance import require_open


def request_prices(
    deal: Opportunity,
    supplier: Supplier,
    *,
    id: str,
    now: datetime,
    only: Sequence[str] = (),
    currency: str | None = None,
    answer_by: date | None = None,
    notes: str | None = None,
) -> SupplierQuotation:
    """A request for the items of an open deal, all of them or those that `only` names; prices are not copied.

    The currency is the one given, else the supplier's, else the deal's. The caller validates the request.
    """
    require_open(deal)
    if answer_by and answer_by < now.date():
        raise Refused(f"an answer by {answer_by} would be in the past", hint="name a future day")
    if all(item.kind for item in deal.items):
        raise Refused(
            f"{deal.id} has no items to ask for",
            hint=f"add some: pipecli opp item add {deal.id} --product SKU --quantity N",
        )
    named = sorted({find_item(deal.items, which, deal.id) for which in only})
    goods = [item for item in deal.items if item.kind is None]
    items = [deal.items[place] for place in named] or goods
    return SupplierQuotation.model_construct(
        id=id,
        created=now,
        opportunity=deal.id,
        supplier=supplier.id,
        date=now.date(),
        answer_by=answer_by,
        currency=currency or supplier.currency or deal.currency,
        items=tuple(
            SupplierItem(
                product=item.product,
                description=item.description,
                quantity=item.quantity,
                uom=item.uom,
                per=item.per,
                term=item.term,
            )
            for item in items
        ),
        notes=notes,
    )


class Offered(NamedTuple):
    """One price of an answer: what it is for, in the words of who wrote it, the surest first."""

    names: tuple[str, ...]
    price: Decimal
    lead_time: str = ""
    place: str = ""
    """Where it stands in the supplier's file, `row 3`; empty for what was typed."""


def receive_prices(
    answer: SupplierQuotation,
    offered: Sequence[Offered],
    *,
    today: date,
    lead_time: str | None = None,
    valid_until: date | None = None,
    currency: str | None = None,
) -> Change:
    """Requested → received. Refused while an item has no price; a row for what nobody asked is named.

    Lead times of rows count where no `lead_time` is given.
    """
    _require_requested(answer)
    prices, lead_times, notes = _match(answer, offered)
    missing = [place for place in range(len(answer.items)) if place not in prices]
    if missing:
        names = ", ".join(in_words(answer.items[place]) for place in missing)
        raise Refused(
            f"{answer.id}: no price for {names}",
            hint="give it with --price ITEM=PRICE, or take what they can't supply out: "
            f"pipecli supplier-quote set {answer.id} items.{missing[-1] + 1}=",
        )
    received = answer.with_(
        status=SupplierQuotationStatus.RECEIVED,
        received=today,
        valid_until=valid_until or answer.valid_until,
        lead_time=lead_time or _together(answer, lead_times) or answer.lead_time,
        currency=currency or answer.currency,
        items=tuple(item.with_(unit_price=prices[place]) for place, item in enumerate(answer.items)),
    )
    return Change(received, "receive", "supplier-quotation-received", notes=tuple(notes))


def _require_requested(answer: SupplierQuotation) -> None:
    if answer.status is SupplierQuotationStatus.RECEIVED:
        raise Refused(
            f"{answer.id} is received already, on {answer.received}",
            hint=f"correct a price with: pipecli supplier-quote set {answer.id} items.1.unit_price=9.90",
        )
    if answer.status is SupplierQuotationStatus.DECLINED:
        raise Refused(
            f"{answer.id} is declined, it can't be received",
            hint=f"ask again: pipecli supplier-quote new {answer.opportunity} --supplier {answer.supplier}",
        )


def _match(
    answer: SupplierQuotation, offered: Sequence[Offered]
) -> tuple[dict[int, Decimal], dict[int, str], list[str]]:
    """The price and lead time of each item by its index, and the rows that are for none of them."""
    prices: dict[int, Decimal] = {}
    lead_times: dict[int, str] = {}
    notes = []
    for row in offered:
        index = _item_of(answer, row)
        if index is None:
            notes.append(f"{row.place}: {' / '.join(row.names)} was not asked for, it is left out")
            continue
        if prices.get(index, row.price) != row.price:
            raise Refused(
                f"{in_words(answer.items[index])} has two prices, {prices[index]:,f} and {row.price:,f}",
                hint="give one of them",
            )
        prices[index] = row.price
        if row.lead_time:
            lead_times[index] = row.lead_time
    return prices, lead_times, notes


def _item_of(answer: SupplierQuotation, offered: Offered) -> int | None:
    """The item that a price is for; None for a row of a file that is for none. Refused when it is typed."""
    if not offered.place:
        return find_item(answer.items, offered.names[0], answer.id)
    for name in offered.names:
        matching = matching_lines(answer.items, name)
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise Refused(
                f"{offered.place}: {name} is {len(matching)} items of {answer.id}",
                hint="give their prices with --price NUMBER=PRICE",
            )
    return None


def _together(answer: SupplierQuotation, lead_times: dict[int, str]) -> str | None:
    """One lead time, where all rows say the same; else each with its item."""
    if len(set(lead_times.values())) == 1 and len(lead_times) == len(answer.items):
        return next(iter(lead_times.values()))
    return (
        "; ".join(f"{answer.items[place].description}: {time}" for place, time in lead_times.items()) or None
    )


def decline_request(answer: SupplierQuotation, *, reason: str | None = None) -> Change:
    """Requested → declined. An answer that came stays an answer."""
    if answer.status is SupplierQuotationStatus.DECLINED:
        raise Refused(
            f"{answer.id} is declined already",
            hint=f"see why: pipecli supplier-quote show {answer.id}",
        )
    if answer.status is SupplierQuotationStatus.RECEIVED:
        raise Refused(
            f"{answer.id} is received, it can't be declined",
            hint="if it no longer holds, end its validity: "
            f"pipecli supplier-quote set {answer.id} valid_until=yesterday",
        )
    declined = answer.with_(status=SupplierQuotationStatus.DECLINED, reason=reason)
    return Change(declined, "decline", "supplier-quotation-declined")


class Price(NamedTuple):
    """One supplier's price of one item; `compared` is in the deal's currency, None for want of a rate."""

    unit_price: Decimal
    compared: Decimal | None
    is_best: bool = False


class ComparedLine(NamedTuple):
    """One item and its prices, in the order of the answers; None where a supplier does not quote it."""

    product: str | None
    description: str
    quantity: Decimal
    uom: str | None
    per: Per | None
    term: int | None
    prices: tuple[Price | None, ...]


class ComparedOffer(NamedTuple):
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
    columns: tuple[ComparedOffer, ...]
    rows: tuple[ComparedLine, ...]
    waiting: tuple[SupplierQuotation, ...]
    """Requested and not answered."""
    declined: tuple[SupplierQuotation, ...]


def compare_offers(
    answers: Sequence[SupplierQuotation], currency: str, rates: Rates, *, today: date
) -> Comparison:
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
    holds = [not is_past_validity(answer, today) for answer in received]
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
        asked = (item.product, item.description, item.quantity, item.uom, item.per, item.term)
        rows.append(ComparedLine(*asked, tuple(marked)))

    columns = []
    for place, answer in enumerate(received):
        exact = None if answer.total is None else converted(answer.total, answer)
        compared = None if exact is None else rounded(exact, currency)
        quoted = sum(row.prices[place] is not None for row in rows)
        columns.append(ComparedOffer(answer, answer.total, compared, quoted, not holds[place]))
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
    supplier's currency is converted by the rates of today; tax comes on top where the prices include it.
    Items that they don't quote keep their price. Refused for an answer that has not come, or to another deal.
    Raises MissingRate.
    """
    gain, share = _ratio(markup, margin)
    _require_answer(quotation, answer)
    items, notes = [], []
    if is_past_validity(answer, today):
        notes.append(f"{answer.id} was valid until {answer.valid_until}: ask {answer.supplier} again")
    for item in quotation.items:
        quoted = same_item(item, answer)
        if quoted is None or quoted.unit_price is None:
            items.append(item)
            notes.append(
                f"{item.description} is not in {answer.id}: it keeps its price of {item.unit_price:,f}"
            )
            continue
        if quoted.per != item.per:
            place = answer.items.index(quoted) + 1
            raise Refused(
                f"{answer.id} has a price {_period(quoted.per)} for {item.description}, the quotation one "
                f"{_period(item.per)}",
                hint=f"say what was quoted: pipecli supplier-quote set {answer.id} items.{place}.per=… "
                f"items.{place}.term=… items.{place}.unit_price=…",
            )
        cost = quoted.unit_price * rates.rate(answer.currency, today)
        # One division, at the end: a third kept to 28 digits would round 0.105 down.
        tax = (item.tax or 0) if quotation.tax_included else 0
        price = cost * gain * (100 + tax) / (100 * share * rates.rate(quotation.currency, today))
        items.append(item.with_(unit_price=rounded(price, quotation.currency)))
        notes += _doubts(item, quoted, answer)
    return quotation.with_(items=tuple(items), supplier_quotation=answer.id), notes


def _period(per: Per | None) -> str:
    return f"a {per}" if per else "once"


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
                f"a margin of {margin:f} % isn't possible",
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
    if item.discount or item.discount_amount:
        off = f"{item.discount:f} %" if item.discount else f"{item.discount_amount:,f}"
        doubts.append(f"{item.description} keeps its discount of {off}, off the new price")
    return doubts
