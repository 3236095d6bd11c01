"""`quotation reject`: the customer said no to this offer, or takes back a yes; the deal goes on."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.quotation_moves import wrong_move


def reject(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: Sequence[Quotation],
    orders: Sequence[Order],
    reason: str | None = None,
) -> Change:
    """Sent → rejected; also accepted → rejected, while the deal is open and nothing is ordered from it.

    `orders` are those made from this quotation.
    """
    if quotation.status is QuotationStatus.ACCEPTED:
        refuse_closed(deal)
        _require_no_order(quotation, orders)
    elif quotation.status is not QuotationStatus.SENT:
        raise wrong_move(quotation, "rejected", siblings)
    rejected = quotation.with_(status=QuotationStatus.REJECTED, reason=reason)
    return Change(rejected, "reject", "quotation-rejected")


def _require_no_order(quotation: Quotation, orders: Sequence[Order]) -> None:
    for order in orders:
        if order.status is not OrderStatus.CANCELLED:
            raise Refused(
                f"{quotation.id} is ordered with {order.id}",
                hint=f"cancel the order first: pipecli order cancel {order.id}",
            )
