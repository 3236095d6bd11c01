"""`order cancel`: an open order comes to nothing; its quotation can be ordered again."""

from __future__ import annotations

from pipecli.records.quotation import Order, OrderStatus
from pipecli.workflow.change import Change, Refused


def cancel(order: Order, *, reason: str | None = None) -> Change:
    """Open → cancelled."""
    if order.status is OrderStatus.CANCELLED:
        raise Refused(f"{order.id} is cancelled already", hint=f"see why: pipecli order show {order.id}")
    if order.status is OrderStatus.DELIVERED:
        raise Refused(
            f"{order.id} was delivered on {order.delivered}, it can't be cancelled",
            hint="if that was noted by mistake, git revert the commit that says so",
        )
    cancelled = order.with_(status=OrderStatus.CANCELLED, reason=reason)
    return Change(cancelled, "cancel", "order-cancelled")
