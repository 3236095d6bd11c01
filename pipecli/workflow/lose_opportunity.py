"""`opportunity lost`: with a reason from the list, and what is still on offer is rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipecli.records.opportunity import Closed, Opportunity, OpportunityStatus
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed, refuse_future
from pipecli.workflow.competitors import known_as
from pipecli.workflow.vocabulary import require_lost_reason

_ENDED = {QuotationStatus.REJECTED, QuotationStatus.EXPIRED, QuotationStatus.SUPERSEDED}


def lose(
    deal: Opportunity,
    settings: Settings,
    quotations: Sequence[Quotation],
    orders: Sequence[Order],
    *,
    reason: str | None,
    day: date,
    today: date,
    competitor: str | None = None,
    competitors: Mapping[str, str],
    detail: str | None = None,
) -> Change:
    """Close an open deal as lost.

    `quotations` and `orders` are all of the deal, `competitors` the names by slug. Refused while something
    is ordered.
    """
    refuse_closed(deal)
    _refuse_ordered(deal, orders)
    refuse_future(deal, day, today)
    if reason is None:
        known = ", ".join(settings.lost_reasons)
        raise Refused(f"why {deal.id} is lost must be said", hint=f"give --reason, one of {known}")
    require_lost_reason(settings, reason)
    if competitor is not None:
        competitor = known_as(competitor, competitors, deal)
    closed = Closed.model_construct(date=day, reason=reason, competitor=competitor, detail=detail)
    to = f" to {competitor}" if competitor else ""
    return Change(
        deal.with_(status=OpportunityStatus.LOST, closed=closed),
        f"lost{to}: {reason}",
        "lost",
        also=tuple(
            each.with_(status=QuotationStatus.REJECTED) for each in quotations if each.status not in _ENDED
        ),
    )


def _refuse_ordered(deal: Opportunity, orders: Sequence[Order]) -> None:
    for order in orders:
        if order.status is OrderStatus.DELIVERED:
            raise Refused(
                f"{deal.id} is not lost: {order.id} is delivered", hint=f"close it: pipecli opp won {deal.id}"
            )
        if order.status is OrderStatus.OPEN:
            raise Refused(
                f"{deal.id} is ordered with {order.id}",
                hint=f"cancel the order first: pipecli order cancel {order.id}",
            )
