"""`renew`: the next deal of an order whose recurring lines come to their end, made once, in time."""

from __future__ import annotations

from datetime import date, datetime

from pipecli.records.activity import months_later
from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.records.quotation import Order, OrderStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change
from pipecli.workflow.opportunity.set import open_opportunity


def term_ends(order: Order) -> date | None:
    """The first day on which recurring lines of an order have ended, from its date on; None without any."""
    ends = [months_later(order.date, item.months) for item in order.items if item.months]
    return None if order.status is OrderStatus.CANCELLED or not ends else min(ends)


def _contact(order: Order) -> tuple[Stakeholder, ...] | None:
    return (Stakeholder(contact=order.contact, primary=True),) if order.contact else None


def renew(order: Order, sold: Opportunity, settings: Settings, *, id: str, now: datetime) -> Change:
    """A new deal with the recurring lines of an order, of the same customer and owner, expected at their end.

    `sold` is the deal of the order. The caller sees to it that an order is renewed once.
    """
    ends = term_ends(order)
    assert ends is not None
    deal = open_opportunity(
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
        contacts=sold.contacts or _contact(order),
    )
    lines = tuple(item for item in order.items if item.months)
    renewed = deal.with_(
        customer=order.customer,
        renews=order.id,
        tax_included=order.tax_included,
        items=lines,
        discount=order.discount,
    )
    return Change(renewed, f"renew {order.id}, which ends on {ends}", "renewed")
