"""`opportunity won`: the winning quotation is accepted and ordered, the others have had their day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pipecli.records.item import total
from pipecli.records.money import minor_digits, rounded
from pipecli.records.opportunity import Closed, Opportunity, OpportunityStatus
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed, refuse_future
from pipecli.workflow.order_from_quotation import order_from_quotation

_OFFERED = (QuotationStatus.SENT, QuotationStatus.ACCEPTED)


def win(
    deal: Opportunity,
    quotations: Sequence[Quotation],
    orders: Sequence[Order],
    *,
    order_id: str,
    now: datetime,
    day: date,
    quotation: Quotation | None = None,
    amount: Decimal | None = None,
    note: str | None = None,
) -> Change:
    """Close an open deal as won with `quotation`, by default the one accepted or last sent.

    `quotations` and `orders` are all of the deal, which has its customer already. The final value is
    `amount`, else the quotation's total, else what the deal is worth.
    """
    refuse_closed(deal)
    refuse_future(deal, day, now.date())
    winner = _offered(deal, quotation) if quotation else last_offered(quotations)
    value = _value(deal, winner) if amount is None else _payable(amount, deal.currency)
    closed = Closed.model_construct(
        date=day, amount=value, quotation=winner.id if winner else None, detail=note
    )
    settled = [each for each in quotations if _settle(each, winner) is not each.status]
    order = _order(deal, winner, orders, id=order_id, now=now, day=day) if winner else None
    return Change(
        deal.with_(status=OpportunityStatus.WON, closed=closed),
        f"won {value:,f} {deal.currency}" + (f" with {winner.id}" if winner else ""),
        "won",
        also=(
            *(each.with_(status=_settle(each, winner)) for each in settled),
            *([order] if order else []),
        ),
        notes=_notes(quotations, winner, order, day),
    )


def last_offered(quotations: Sequence[Quotation]) -> Quotation | None:
    """The quotation that a deal is won with where nobody names one: the accepted one, else the last sent."""
    for status in (QuotationStatus.ACCEPTED, QuotationStatus.SENT):
        offered = [each for each in quotations if each.status is status]
        if offered:
            return max(offered, key=lambda each: (each.date, each.created))
    return None


def _offered(deal: Opportunity, quotation: Quotation) -> Quotation:
    """A quotation that a person named. Refused when it is another deal's, or not on offer."""
    if quotation.opportunity != deal.id:
        raise Refused(
            f"{quotation.id} is a quotation of {quotation.opportunity}, not of {deal.id}",
            hint=f"see pipecli quote list --where \"opportunity = '{deal.id}'\"",
        )
    if quotation.status is QuotationStatus.DRAFT:
        raise Refused(
            f"{quotation.id} is a draft, nobody was offered it",
            hint=f"send it first: pipecli quote send {quotation.id}",
        )
    if quotation.status not in _OFFERED:
        raise Refused(
            f"{quotation.id} is {quotation.status}, a deal is won with one that is sent",
            hint="choose another, or win without one by --amount",
        )
    return quotation


def _value(deal: Opportunity, winner: Quotation | None) -> Decimal:
    """The final value that nobody gave. Refused where nothing tells it."""
    if winner is not None and winner.currency == deal.currency:
        return total(winner.items, winner.currency)
    if winner is not None:
        raise Refused(
            f"{winner.id} is in {winner.currency}, {deal.id} in {deal.currency}",
            hint=f"say what it comes to in {deal.currency} with --amount",
        )
    if deal.value is None:
        raise Refused(
            f"nothing says what {deal.id} is worth: it has no sent quotation, no items and no amount",
            hint=f"give the final value: pipecli opp won {deal.id} --amount …",
        )
    return deal.value


def _payable(amount: Decimal, currency: str) -> Decimal:
    """A final value that somebody gave, with the decimals of its currency. Refused where it has more."""
    payable = rounded(amount, currency)
    if payable != amount:
        raise Refused(
            f"{amount:f} {currency} can't be paid: {currency} has {minor_digits(currency)} decimals",
            hint=f"round it: --amount {payable:f}",
        )
    return payable


def _settle(quotation: Quotation, winner: Quotation | None) -> QuotationStatus:
    """What a win makes of a quotation: accepted, or superseded where it was still to be decided."""
    if winner is not None and quotation.id == winner.id:
        return QuotationStatus.ACCEPTED
    is_undecided = quotation.status in (QuotationStatus.DRAFT, *_OFFERED)
    return QuotationStatus.SUPERSEDED if is_undecided else quotation.status


def _order(
    deal: Opportunity, winner: Quotation, orders: Sequence[Order], *, id: str, now: datetime, day: date
) -> Order | None:
    """The order of the winning quotation; None where it has one already."""
    if any(each.quotation == winner.id and each.status is not OrderStatus.CANCELLED for each in orders):
        return None
    customer = winner.customer or deal.customer
    if customer is None:
        raise Refused(
            f"{deal.id} has no customer to order {winner.id}",
            hint=f"name it: pipecli opp set {deal.id} customer=…",
        )
    return order_from_quotation(winner, id=id, now=now, day=day, customer=customer)


def _notes(
    quotations: Sequence[Quotation], winner: Quotation | None, order: Order | None, day: date
) -> tuple[str, ...]:
    notes = []
    if winner is None:
        over = {QuotationStatus.DRAFT: "was not sent", QuotationStatus.EXPIRED: "is expired"}
        passed = [f"{each.id} {over[each.status]}" for each in quotations if each.status in over]
        notes.append(f"won without a quotation, nothing is ordered{''.join(f'; {each}' for each in passed)}")
    if winner is not None and winner.valid_until is not None and winner.valid_until < day:
        notes.append(f"{winner.id} was valid until {winner.valid_until}")
    if order is not None:
        notes.append(f"{order.id} is its order")
    return tuple(notes)
