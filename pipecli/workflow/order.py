"""Orders: the copy of a won or accepted quotation, delivered or cancelled, and renewed in time where it
recurs.

`set` and `edit` leave a document's status to the verbs, which know what else belongs to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pipecli.records.days import months_later
from pipecli.records.items_and_totals import MONEY_TERMS, counted_items
from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.records.papers import Invoice, Order, OrderStatus, Quotation, QuotationStatus, SupplierQuotation
from pipecli.records.settings import Settings
from pipecli.workflow import Change, Refused
from pipecli.workflow.opportunity.add_and_change import new_deal
from pipecli.workflow.quotation import wrong_move


def term_ends(order: Order) -> date | None:
    """The first day on which recurring lines of an order have ended, from its date on; None without any."""
    ends = [months_later(order.date, item.months) for item in order.items if item.months]
    return None if order.status is OrderStatus.CANCELLED or not ends else min(ends)


def renew_order(order: Order, sold: Opportunity, settings: Settings, *, id: str, now: datetime) -> Change:
    """A new deal with the recurring lines of an order, of its customer and sellers, expected at their end.

    `sold` is the deal of the order. The caller sees to it that an order is renewed once.
    """
    ends = term_ends(order)
    assert ends is not None
    deal = new_deal(
        settings,
        id=id,
        now=now,
        title=f"{sold.title}, renewal",
        process=sold.process,
        type=sold.type,
        owner=sold.owner,
        currency=order.currency,
        price_list=order.price_list,
        expected_close=ends,
        source=sold.source,
        contacts=sold.contacts or (order.contact and (Stakeholder(contact=order.contact, primary=True),)),
    )
    lines = tuple(item for item in order.items if item.months)
    renewed = deal.with_(
        customer=order.customer,
        renews=order.id,
        tax_included=order.tax_included,
        items=lines,
        discount=order.discount,
        sellers=sold.sellers,
    )
    return Change(renewed, f"renew {order.id}, which ends on {ends}", "renewed")


def order_from_quotation(quotation: Quotation, *, id: str, now: datetime, customer: str, day: date) -> Order:
    """The order that a quotation becomes on `day`.

    `customer` is who orders: a quotation to a lead names none. Options that nobody took stay behind.
    """
    return Order(
        id=id,
        created=now,
        quotation=quotation.id,
        date=day,
        customer=customer,
        items=counted_items(quotation),
        **quotation.fields(
            "opportunity", "contact", "language", "price_list", "terms", "notes", *MONEY_TERMS
        ),
    )


def order_quotation(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: Sequence[Quotation],
    orders: Sequence[Order],
    id: str,
    now: datetime,
) -> Change:
    """An order, copied. Refused unless the quotation is accepted, and when it is ordered already.

    `orders` are those made from this quotation; a cancelled one does not count.
    """
    for order in orders:
        if order.status is not OrderStatus.CANCELLED:
            raise Refused(
                f"{quotation.id} was ordered already, with {order.id}",
                hint=f"see it with: pipecli order show {order.id}",
            )
    if quotation.status is QuotationStatus.SENT:
        raise Refused(
            f"{quotation.id} is not accepted yet",
            hint=f"accept it first: pipecli quote accept {quotation.id}",
        )
    if quotation.status is not QuotationStatus.ACCEPTED:
        raise wrong_move(quotation, "ordered", siblings)
    customer = quotation.customer or deal.customer
    if customer is None:
        raise Refused(
            f"{quotation.id} was quoted to a lead, and an order needs a customer",
            hint=f"close the deal, which makes one: pipecli opp won {deal.id}",
        )
    order = order_from_quotation(quotation, id=id, now=now, day=now.date(), customer=customer)
    return Change(order, f"order from {quotation.id}", "order-made")


def deliver_order(order: Order, *, day: date, today: date) -> Change:
    """Open → delivered on `day`, which has come and is not before the order's own."""
    if order.status is OrderStatus.DELIVERED:
        raise Refused(
            f"{order.id} is delivered already, on {order.delivered}",
            hint=f"correct the day with: pipecli order set {order.id} delivered=DATE",
        )
    if order.status is OrderStatus.CANCELLED:
        raise Refused(
            f"{order.id} is cancelled, it can't be delivered",
            hint=f"order again: pipecli order new {order.quotation or 'QTN'}",
        )
    if day > today:
        raise Refused(f"{day} is in the future", hint="deliver an order on the day it happens, or after it")
    if day < order.date:
        raise Refused(
            f"{order.id} is of {order.date}, it can't be delivered on {day}", hint="give a later --date"
        )
    return Change(order.with_(status=OrderStatus.DELIVERED, delivered=day), "deliver", "order-delivered")


def left_standing(invoices: Sequence[Invoice]) -> tuple[str, ...]:
    """What to say of the invoices of an order that is cancelled: drafts, and what is not credited in full."""
    credited: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for note in invoices:
        credited[note.credits] += note.total
    return tuple(
        f"{invoice.number} of it stays; to take it back: pipecli invoice credit {invoice.number}"
        if invoice.number
        else f"{invoice.id} of it stays a draft: pipecli invoice remove {invoice.id}"
        for invoice in invoices
        if invoice.credits is None and credited[invoice.id] < invoice.total
    )


def cancel_order(order: Order, invoices: Sequence[Invoice], *, reason: str | None = None) -> Change:
    """Open → cancelled; `invoices` are all of the order."""
    if order.status is OrderStatus.CANCELLED:
        raise Refused(f"{order.id} is cancelled already", hint=f"see why: pipecli order show {order.id}")
    if order.status is OrderStatus.DELIVERED:
        raise Refused(
            f"{order.id} was delivered on {order.delivered}, it can't be cancelled",
            hint="if that was recorded by mistake: pipecli undo COMMIT, by the commit that says so",
        )
    cancelled = order.with_(status=OrderStatus.CANCELLED, reason=reason)
    return Change(cancelled, "cancel", "order-cancelled", notes=left_standing(invoices))


def require_same_status(
    before: Order | SupplierQuotation, after: Order | SupplierQuotation, verbs: str
) -> None:
    """Refuse another status; `verbs` are the commands that give one."""
    if after.status != before.status:
        raise Refused(
            f"the status of {before.id} follows from what happens to it",
            hint=f"use {verbs}; what was recorded by mistake: pipecli undo COMMIT",
        )
