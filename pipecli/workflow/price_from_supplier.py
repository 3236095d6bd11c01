"""`quotation new --from-supplier-quote`: the customer's prices from the supplier's, by markup or margin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pipecli.records.item import Item
from pipecli.records.money import Rates, rounded
from pipecli.records.quotation import Quotation, SupplierItem, SupplierQuotation, SupplierQuotationStatus
from pipecli.workflow.change import Refused
from pipecli.workflow.find_item import in_words


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
        each
        for each in answer.items
        if (each.product or each.description) == (item.product or item.description)
    ]
    return min(same, key=lambda each: each.quantity != item.quantity, default=None)


def _ratio(markup: Decimal | None, margin: Decimal | None) -> tuple[Decimal, Decimal]:
    """What a supplier's price is multiplied and divided by."""
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
    """What makes a price less sure than it looks."""
    doubts = []
    if quoted.quantity != item.quantity:
        doubts.append(f"{answer.id} is for {in_words(quoted)}, the quotation for {in_words(item)}")
    if item.discount:
        doubts.append(f"{item.description} keeps its discount of {item.discount:f} %, off the new price")
    return doubts
