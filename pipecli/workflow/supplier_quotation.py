"""Requests to suppliers for their price of a deal's items: made, received with a price for each, declined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Supplier
from pipecli.records.quotation import SupplierItem, SupplierQuotation, SupplierQuotationStatus
from pipecli.workflow.change import Change, Refused, require_open
from pipecli.workflow.items import find_item, in_words, places


def request(
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
        raise Refused(f"an answer by {answer_by} can't be wished for any more", hint="name a day to come")
    if not deal.items:
        raise Refused(
            f"{deal.id} has no items to ask for",
            hint=f"add some: pipecli opp item add {deal.id} --product SKU --quantity N",
        )
    named = sorted({find_item(deal.items, which, deal.id) for which in only})
    items = [deal.items[place] for place in named] or list(deal.items)
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
                product=item.product, description=item.description, quantity=item.quantity, uom=item.uom
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


def receive(
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
    """The price and lead time of each item by its place, and the rows that are for none of them."""
    prices: dict[int, Decimal] = {}
    lead_times: dict[int, str] = {}
    notes = []
    for row in offered:
        place = _place(answer, row)
        if place is None:
            notes.append(f"{row.place}: {' / '.join(row.names)} was not asked for, it is left out")
            continue
        if prices.get(place, row.price) != row.price:
            raise Refused(
                f"{in_words(answer.items[place])} has two prices, {prices[place]:,f} and {row.price:,f}",
                hint="give one of them",
            )
        prices[place] = row.price
        if row.lead_time:
            lead_times[place] = row.lead_time
    return prices, lead_times, notes


def _place(answer: SupplierQuotation, offered: Offered) -> int | None:
    """The item that a price is for; None for a row of a file that is for none. Refused when it is typed."""
    if not offered.place:
        return find_item(answer.items, offered.names[0], answer.id)
    for name in offered.names:
        matching = places(answer.items, name)
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


def decline(answer: SupplierQuotation, *, reason: str | None = None) -> Change:
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
