"""`order deliver`: an open order has reached the customer."""

from __future__ import annotations

from datetime import date

from pipecli.records.quotation import Order, OrderStatus
from pipecli.workflow.change import Change, Refused


def deliver(order: Order, *, day: date, today: date) -> Change:
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
        raise Refused(f"{day} has not come yet", hint="deliver an order on the day it happens, or after it")
    if day < order.date:
        raise Refused(
            f"{order.id} is of {order.date}, it can't be delivered on {day}", hint="give a later --date"
        )
    return Change(order.with_(status=OrderStatus.DELIVERED, delivered=day), "deliver", "order-delivered")
