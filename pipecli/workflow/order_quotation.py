"""`order new`: the order of an accepted quotation that has none yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.order_from_quotation import order_from_quotation
from pipecli.workflow.quotation_moves import wrong_move


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
                f"{quotation.id} is ordered already, with {order.id}",
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
    made = order_from_quotation(quotation, id=id, now=now, day=now.date(), customer=customer)
    return Change(made, f"order from {quotation.id}", "order-made")
