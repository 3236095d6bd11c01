"""The end of a deal: `opportunity won`, `lost` and `reopen`, and what its quotations become.

Won: the winning quotation is accepted and ordered, the others on offer are superseded; a lead becomes a
customer, whatever its qualification says. Lost: with a reason of the list, and what is still on offer is
rejected. Reopened: its quotations stand as they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import ROUND_UP, Decimal
from typing import Literal

from pipecli.errors import Question
from pipecli.records.customer import Contact, Customer
from pipecli.records.items_and_totals import MONEY_TERMS, counted_items, totals
from pipecli.records.lead import Lead
from pipecli.records.money import minor_digits, rounded
from pipecli.records.opportunity import Closed, Opportunity, OpportunityStatus, Stakeholder
from pipecli.records.papers import Invoice, Order, OrderStatus, Quotation, QuotationStatus, is_past_validity
from pipecli.records.settings import Settings, Stage
from pipecli.workflow import Change, Refused
from pipecli.workflow.opportunity.add_and_change import competitor_name, require_listed_lost_reason
from pipecli.workflow.opportunity.advance import enter_stage, named_stage, process_of, require_open
from pipecli.workflow.order import left_standing, order_from_quotation
from pipecli.workflow.quotation import require_quotation_of

_OFFERED = (QuotationStatus.SENT, QuotationStatus.ACCEPTED)


def win_deal(
    deal: Opportunity,
    quotations: Sequence[Quotation],
    orders: Sequence[Order],
    *,
    order_id: str,
    now: datetime,
    day: date | None = None,
    quotation: Quotation | None = None,
    sent: Mapping[str, datetime] | None = None,
    amount: Decimal | Literal["unknown"] | None = None,
    note: str | None = None,
) -> Change:
    """Close an open deal as won with `quotation`, by default the one accepted or last sent.

    `quotations` and `orders` are all of the deal, which has its customer already; `sent` has the times at
    which those without one of their own were sent. The final value is `amount`, else the quotation's total,
    else what the deal is worth.
    """
    day = closing_day(deal, day, now.date())
    require_open(deal)
    winner = _require_on_offer(deal, quotation) if quotation else last_offered(quotations, sent or {})
    value = require_final_amount(deal, winner) if amount is None else amount
    won = "won, amount unknown"
    if isinstance(value, Decimal):
        value = _require_payable(value, deal.currency)
        won = f"won {value:,f} {deal.currency}"
    closed = Closed.model_construct(
        date=day, amount=value, quotation=winner.id if winner else None, detail=note
    )
    settled = [quotation.with_(status=_status_when_won(quotation, winner)) for quotation in quotations]
    order = _order(deal, winner, orders, id=order_id, now=now, day=day) if winner else None
    sold = deal
    if winner and winner.taken and winner.currency == deal.currency:  # what its options came to is what it is
        sold = deal.with_(items=counted_items(winner), **winner.fields(*MONEY_TERMS))
    return Change(
        sold.with_(status=OpportunityStatus.WON, closed=closed),
        won + (f" with {winner.id}" if winner else ""),
        "won",
        also=(
            *(after for before, after in zip(quotations, settled, strict=True) if after != before),
            *([order] if order else []),
        ),
        notes=_notes(quotations, winner, order, day),
    )


def closing_day(deal: Opportunity, given: date | None, today: date) -> date:
    """The day on which a deal ends: `given`, else today. Refused in the future, and before its creation.

    What is expected isn't a fact.
    """
    day = given or today
    if day > today:
        raise Refused(
            f"{deal.id} can't be closed on {day}: that day is in the future",
            hint=f"say when it is expected: pipecli opp set {deal.id} expected_close={day}",
        )
    if given and given < deal.created.date():
        raise Refused(
            f"{deal.id} can't be closed on {day}: it was created on {deal.created.date()}",
            hint="give a later --date",
        )
    return day


def on_offer(quotations: Sequence[Quotation]) -> list[Quotation]:
    """The quotations that a deal can be won with: those accepted, else those sent."""
    return next(
        (
            offered
            for status in (QuotationStatus.ACCEPTED, QuotationStatus.SENT)
            if (offered := [quotation for quotation in quotations if quotation.status is status])
        ),
        [],
    )


def last_offered(quotations: Sequence[Quotation], sent: Mapping[str, datetime]) -> Quotation | None:
    """The quotation that a deal is won with where nobody names one: the accepted one, else the last sent.

    One without a time in its file was sent when `sent` says, else on its date.
    """

    def moment(quotation: Quotation) -> tuple[datetime, date, datetime]:
        start = datetime.combine(quotation.date, time(), quotation.created.tzinfo)
        return quotation.sent or sent.get(quotation.id, start), quotation.date, quotation.created

    return max(on_offer(quotations), key=moment, default=None)


def _require_on_offer(deal: Opportunity, quotation: Quotation) -> Quotation:
    """A quotation that a person named. Refused when it is another deal's, or not on offer."""
    require_quotation_of(deal, quotation)
    if quotation.status is QuotationStatus.DRAFT:
        raise Refused(
            f"{quotation.id} is a draft, and was not offered to anybody",
            hint=f"send it first: pipecli quote send {quotation.id}",
        )
    if quotation.status not in _OFFERED:
        raise Refused(
            f"{quotation.id} is {quotation.status}, a deal is won with one that is sent",
            hint="choose another, or win without one by --amount",
        )
    return quotation


def require_final_amount(deal: Opportunity, winner: Quotation | None) -> Decimal:
    """The final value that nobody gave. Refused where nothing tells it."""
    if winner is not None:
        if winner.currency == deal.currency:
            return totals(winner).net
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


def difference_from_offer(final: Decimal, offered: Decimal, most: Decimal) -> str | None:
    """The way from a quotation's worth to a final value, as `20 % above`; None within `most` percent.

    Rounded up, so that what is over a limit doesn't read as the limit.
    """
    apart = abs(final - offered)
    if apart * 100 <= most * offered:
        return None
    way = "below" if final < offered else "above"
    return (
        f"{(apart * 100 / offered).quantize(Decimal('0.1'), ROUND_UP).normalize():f} % {way}"
        if offered
        else way
    )


def _require_payable(amount: Decimal, currency: str) -> Decimal:
    """A final value that somebody gave, with the decimals of its currency. Refused where it has more."""
    payable = rounded(amount, currency)
    if payable != amount:
        raise Refused(
            f"{amount:f} {currency} can't be paid: {currency} has {minor_digits(currency)} decimals",
            hint=f"round it: --amount {payable:f}",
        )
    return payable


def _status_when_won(quotation: Quotation, winner: Quotation | None) -> QuotationStatus:
    """The status that a win gives a quotation: accepted, or superseded where it was still undecided."""
    if winner is not None and quotation.id == winner.id:
        return QuotationStatus.ACCEPTED
    is_undecided = quotation.status in (QuotationStatus.DRAFT, *_OFFERED)
    return QuotationStatus.SUPERSEDED if is_undecided else quotation.status


def _order(
    deal: Opportunity, winner: Quotation, orders: Sequence[Order], *, id: str, now: datetime, day: date
) -> Order | None:
    """The order of the winning quotation; None where it has one already."""
    if any(order.quotation == winner.id and order.status is not OrderStatus.CANCELLED for order in orders):
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
        passed = [
            f"{quotation.id} {over[quotation.status]}" for quotation in quotations if quotation.status in over
        ]
        notes.append(
            f"won without a quotation, nothing is ordered{''.join(f'; {words}' for words in passed)}"
        )
    else:
        if is_past_validity(winner, day):
            notes.append(f"{winner.id} was valid until {winner.valid_until}")
        others = [other for other in on_offer(quotations) if other.id != winner.id]
        notes += [
            f"{other.id}, {totals(other).net:,f} {other.currency}, was on offer, too" for other in others
        ]
    if order is not None:
        notes.append(f"{order.id} is its order")
    return tuple(notes)


def sold_to(customer: Customer, contact: Contact | None, lead: Lead, deal: Opportunity) -> Opportunity:
    """A deal that had no customer, with the one its lead becomes, and what is planned with the lead."""
    known = {activity.id for activity in deal.activities}
    planned = [activity for activity in lead.activities if not activity.done and activity.id not in known]
    primary = Stakeholder(contact=contact.id, role=lead.role, primary=True) if contact else None
    return deal.with_(
        customer=customer.id,
        contacts=deal.contacts or ((primary,) if primary else ()),
        activities=(*deal.activities, *planned),
    )


_ENDED = {QuotationStatus.REJECTED, QuotationStatus.EXPIRED, QuotationStatus.SUPERSEDED}


def lose_deal(
    deal: Opportunity,
    settings: Settings,
    quotations: Sequence[Quotation],
    orders: Sequence[Order],
    *,
    reasons: Sequence[str],
    today: date,
    day: date | None = None,
    lost_to: Sequence[str] = (),
    competitors: Mapping[str, str],
    detail: str | None = None,
) -> Change:
    """Close an open deal as lost, for one or more reasons, to none, one or more competitors.

    `quotations` and `orders` are all of the deal, `competitors` the names by slug. The reason `competitor`
    takes the only competitor of the deal where none is named. Refused while something is ordered.
    """
    day = closing_day(deal, day, today)
    require_open(deal)
    _refuse_ordered(deal, orders)
    if not reasons:
        known = ", ".join(settings.lost_reasons)
        raise Question(
            f"{deal.id}: the reason for losing it is missing",
            "Reason for losing",
            hint=f"give --reason, one of {known}",
            option="reason",
            choices=settings.lost_reasons,
        )
    reasons = list(dict.fromkeys(require_listed_lost_reason(settings, reason) for reason in reasons))
    winners = tuple(dict.fromkeys(competitor_name(name, competitors, deal) for name in lost_to))
    if "competitor" in reasons and not winners:
        winners = _only_competitor(deal)
    closed = Closed.model_construct(date=day, reasons=tuple(reasons), competitors=winners, detail=detail)
    to = f" to {', '.join(winners)}" if winners else ""
    undecided = [quotation for quotation in quotations if quotation.status not in _ENDED]
    return Change(
        deal.with_(status=OpportunityStatus.LOST, closed=closed),
        f"lost{to}: {', '.join(closed.reasons)}",
        "lost",
        also=tuple(quotation.with_(status=QuotationStatus.REJECTED) for quotation in undecided),
        notes=tuple(f"{quotation.id} is rejected" for quotation in undecided),
    )


def _only_competitor(deal: Opportunity) -> tuple[str, ...]:
    """The competitor that a deal was lost to where nobody names one: its only one. Refused with several."""
    if len(deal.competitors) > 1:
        raise Question(
            f"{deal.id} has several competitors: {', '.join(deal.competitors)}",
            "Lost to",
            hint=f"say which one won it: --competitor {deal.competitors[0]}",
            option="competitor",
            choices=deal.competitors,
        )
    return deal.competitors


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


_DECIDED = {QuotationStatus.ACCEPTED, QuotationStatus.REJECTED, QuotationStatus.SUPERSEDED}


def reopen_deal(
    deal: Opportunity,
    settings: Settings,
    quotations: Sequence[Quotation],
    orders: Sequence[Order],
    *,
    invoices: Sequence[Invoice] = (),
    when_open: Mapping[str, str],
    stage: str | None = None,
) -> Change:
    """Open a deal again, at the stage where it closed or at `stage`, which drops a probability set by hand.

    `quotations`, `orders` and `invoices` are all of the deal; `when_open` is the status that each quotation
    had when the deal was last open, as far as history tells. The order that the win made is cancelled.
    """
    if deal.is_open:
        raise Refused(f"{deal.id} is open", hint=f"it is at {deal.stage}: pipecli opp show {deal.id}")
    assert deal.closed is not None
    there = _stage_to_reopen_at(deal, settings, stage)
    restored = [
        quotation.with_(status=status)
        for quotation in quotations
        if (status := _restored(quotation, deal, quotations, when_open)) != quotation.status
    ]
    moved, dropped = enter_stage(deal, there)
    unanswered = (
        "`auto-close` closes it again unless it is answered or a contact is planned: "
        f"pipecli opp set {deal.id} next_contact.date=+7d"
    )
    return Change(
        moved.with_(status=OpportunityStatus.OPEN, closed=None),
        f"reopen at {there.id}, was {deal.status}"
        + (f" ({', '.join(deal.closed.reasons)})" if deal.closed.reasons else ""),
        "reopened",
        also=(*restored, *_cancelled(deal, orders)),
        notes=(
            *dropped,
            *((unanswered,) if deal.status is OpportunityStatus.CLOSED else left_standing(invoices)),
        ),
    )


def _stage_to_reopen_at(deal: Opportunity, settings: Settings, named: str | None) -> Stage:
    process, hint = process_of(deal, settings), "give --stage, in {known}"
    fault = f"{named or deal.stage} isn't a stage of the process {deal.process}"
    place = process.position(deal.stage if named is None else named_stage(process, named, fault, hint))
    if place is None:
        raise Refused(fault, hint=hint.replace("{known}", ", ".join(known.id for known in process.stages)))
    return process.stages[place]


def _restored(
    quotation: Quotation, deal: Opportunity, siblings: Sequence[Quotation], when_open: Mapping[str, str]
) -> QuotationStatus:
    """The status of a quotation again: an accepted one is on offer, a revised one stays superseded."""
    if quotation.status not in _DECIDED:
        return quotation.status
    if quotation.id in when_open:
        status = QuotationStatus(when_open[quotation.id])
        return QuotationStatus.SENT if status is QuotationStatus.ACCEPTED else status
    # No history tells: undo what winning and losing do.
    is_revised = any(sibling.revision_of == quotation.id for sibling in siblings)
    by_closing = {
        OpportunityStatus.WON: {QuotationStatus.ACCEPTED, QuotationStatus.SUPERSEDED},
        OpportunityStatus.LOST: {QuotationStatus.REJECTED},
    }.get(deal.status, set())
    return QuotationStatus.SENT if quotation.status in by_closing and not is_revised else quotation.status


def _cancelled(deal: Opportunity, orders: Sequence[Order]) -> list[Order]:
    """The orders of the win, cancelled. Refused when one is delivered: goods that left can't be unsold."""
    assert deal.closed is not None
    of_the_win = [order for order in orders if order.quotation and order.quotation == deal.closed.quotation]
    for order in of_the_win:
        if order.status is OrderStatus.DELIVERED:
            raise Refused(
                f"{order.id}, the order of {deal.id}, is delivered",
                hint=f"open a new deal instead: pipecli opp add TITLE --customer {order.customer}",
            )
    return [
        order.with_(status=OrderStatus.CANCELLED) for order in of_the_win if order.status is OrderStatus.OPEN
    ]
