"""`opportunity reopen`: a closed deal is open again, and its quotations stand as they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipecli.records.opportunity import Opportunity, OpportunityStatus
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.records.settings import Settings
from pipecli.workflow.advance_opportunity import process_of
from pipecli.workflow.change import Change, Refused

_SETTLED = {QuotationStatus.ACCEPTED, QuotationStatus.REJECTED, QuotationStatus.SUPERSEDED}


def reopen(
    deal: Opportunity,
    settings: Settings,
    quotations: Sequence[Quotation],
    orders: Sequence[Order],
    *,
    when_open: Mapping[str, str],
    stage: str | None = None,
) -> Change:
    """Open a deal again, at the stage where it closed or at `stage`, which drops a probability set by hand.

    `quotations` and `orders` are all of the deal; `when_open` is the status that each quotation had when the
    deal was last open, as far as history tells. The order that the win made is cancelled.
    """
    if deal.is_open:
        raise Refused(f"{deal.id} is open", hint=f"it is at {deal.stage}: pipecli opp show {deal.id}")
    assert deal.closed is not None
    there = _stage(deal, settings, stage)
    restored = [
        each.with_(status=status)
        for each in quotations
        if (status := _restored(each, deal, quotations, when_open)) != each.status
    ]
    probability = deal.probability if there == deal.stage else None
    return Change(
        deal.with_(status=OpportunityStatus.OPEN, closed=None, stage=there, probability=probability),
        f"reopen at {there}, was {deal.status}" + (f" ({deal.closed.reason})" if deal.closed.reason else ""),
        "reopened",
        also=(*restored, *_cancelled(deal, orders)),
        notes=_what_keeps_it_open(deal),
    )


def _what_keeps_it_open(deal: Opportunity) -> tuple[str, ...]:
    """A deal that closed by itself is as unanswered as it was."""
    if deal.status is not OpportunityStatus.CLOSED:
        return ()
    plan = f"pipecli opp set {deal.id} next_contact.date=+7d"
    return (f"`auto-close` closes it again unless it is answered or a contact is planned: {plan}",)


def _stage(deal: Opportunity, settings: Settings, stage: str | None) -> str:
    there = stage or deal.stage
    process = process_of(deal, settings)
    if process.position(there) is None:
        stages = ", ".join(each.id for each in process.stages)
        raise Refused(f"{there} is no stage of the process {deal.process}", hint=f"give --stage, in {stages}")
    return there


def _restored(
    quotation: Quotation, deal: Opportunity, all_: Sequence[Quotation], when_open: Mapping[str, str]
) -> QuotationStatus:
    """What a quotation is again: an accepted one is on offer again, a revised one stays superseded."""
    if quotation.status not in _SETTLED:
        return quotation.status
    if quotation.id in when_open:
        status = QuotationStatus(when_open[quotation.id])
        return QuotationStatus.SENT if status is QuotationStatus.ACCEPTED else status
    # No history tells: undo what winning and losing do.
    is_revised = any(each.revision_of == quotation.id for each in all_)
    by_closing = {
        OpportunityStatus.WON: {QuotationStatus.ACCEPTED, QuotationStatus.SUPERSEDED},
        OpportunityStatus.LOST: {QuotationStatus.REJECTED},
    }.get(deal.status, set())
    return QuotationStatus.SENT if quotation.status in by_closing and not is_revised else quotation.status


def _cancelled(deal: Opportunity, orders: Sequence[Order]) -> list[Order]:
    """The orders of the win, cancelled. Refused when one is delivered: goods that left can't be unsold."""
    assert deal.closed is not None
    made = [each for each in orders if each.quotation and each.quotation == deal.closed.quotation]
    for order in made:
        if order.status is OrderStatus.DELIVERED:
            raise Refused(
                f"{order.id}, the order of {deal.id}, is delivered",
                hint=f"open a new deal instead: pipecli opp add TITLE --customer {order.customer}",
            )
    return [each.with_(status=OrderStatus.CANCELLED) for each in made if each.status is OrderStatus.OPEN]
