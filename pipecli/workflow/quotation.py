"""The life of a quotation: drafted, changed, sent, accepted, rejected, expired, revised.

A draft may change; what was sent is frozen, and the refusals say the way out. The deal is closed with
`opp won`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pipecli.records.activity import Activity
from pipecli.records.catalogue import PriceList
from pipecli.records.customer import Contact, Customer
from pipecli.records.items_and_totals import MONEY_TERMS, counted_items, totals
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import (
    Order,
    OrderStatus,
    Quotation,
    QuotationStatus,
    is_past_validity,
    paper_language,
)
from pipecli.records.settings import Settings
from pipecli.workflow import Change, Refused
from pipecli.workflow.activity_followup_and_attachment import Next, plan_next_contact, with_activity
from pipecli.workflow.items_and_prices import find_item, in_words, require_fitting_prices
from pipecli.workflow.opportunity.advance import require_open


def require_changeable(quotation: Quotation) -> None:
    """Refuse to change a quotation that a customer has seen: only a draft may change."""
    if quotation.status is QuotationStatus.DRAFT:
        return
    way = f"make a new one: pipecli quote new {quotation.opportunity}"
    if quotation.status in ("sent", "rejected", "expired"):
        way = f"make the next one: pipecli quote revise {quotation.id}"
    raise Refused(f"{quotation.id} is {quotation.status}: what a customer was offered is frozen", hint=way)


def require_settable(before: Quotation, after: Quotation, price_list: PriceList | None) -> None:
    """Refuse a change by hand of a draft that only a verb may make, or that makes no sense.

    Its status follows from what happens to it, and its deal and revision from where it was made; `price_list`
    is the one it names now.
    """
    require_changeable(before)
    if after.status is not before.status:
        raise Refused(
            f"the status of {before.id} follows from what happens to it",
            hint="use pipecli quote send, accept, reject or revise",
        )
    if (after.opportunity, after.revision_of) != (before.opportunity, before.revision_of):
        raise Refused(
            f"{before.id} stays with its deal and with what it revises",
            hint="make a new one: pipecli quote new",
        )
    if (after.date, after.valid_until) != (before.date, before.valid_until):
        require_time(after)
    if price_list and (after.price_list, after.currency) != (before.price_list, before.currency):
        require_fitting_prices(price_list, after)
    if (after.customer, after.lead) != (before.customer, before.lead):
        require_addressee(after)


def require_addressee(quotation: Quotation) -> None:
    """Refuse an offer to nobody."""
    if quotation.customer is None and quotation.lead is None:
        raise Refused(
            f"{quotation.id} has neither a customer nor a lead to quote to",
            hint=f"give it one: pipecli quote set {quotation.id} customer=SLUG",
        )


def require_time(quotation: Quotation) -> None:
    """Refuse a validity that ends before the quotation's date."""
    if quotation.valid_until is not None and quotation.valid_until < quotation.date:
        raise Refused(
            f"{quotation.id} would be valid until {quotation.valid_until}, before its date {quotation.date}",
            hint="give a later day",
        )


def wrong_move(quotation: Quotation, done: str, siblings: Sequence[Quotation] = ()) -> Refused:
    """The refusal of a verb that a quotation's status forbids; `done` says the verb: sent, accepted.

    `siblings` are the quotations of its deal, among which is the one that took its place.
    """
    status = quotation.status
    is_so = "a draft" if status is QuotationStatus.DRAFT else status
    reason = f"is {status} already" if done == status else f"is {is_so}, it can't be {done}"
    return Refused(f"{quotation.id} {reason}", hint=_way_out(quotation, siblings))


def _way_out(quotation: Quotation, siblings: Sequence[Quotation]) -> str:
    match quotation.status:
        case QuotationStatus.DRAFT:
            return f"send it first: pipecli quote send {quotation.id}"
        case QuotationStatus.ACCEPTED:
            return (
                f"win its deal: pipecli opp won {quotation.opportunity}, or take the yes back: "
                f"pipecli quote reject {quotation.id}"
            )
        case QuotationStatus.SUPERSEDED:
            newer = [sibling.id for sibling in siblings if sibling.revision_of == quotation.id]
            if newer:
                return f"{newer[-1]} took its place"
            return f"make a new one: pipecli quote new {quotation.opportunity}"
    return f"make the next one: pipecli quote revise {quotation.id}"


def send_quotation(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: list[Quotation],
    now: datetime,
    day: date | None = None,
    next_: Next | None = None,
) -> Change:
    """Draft → sent, at `now`. A `day` that is given becomes the quotation's date.

    The next contact of the deal is planned as `next_` says, else settled where it is due. Refused without
    items or addressee, on a closed deal, and when its validity has passed on the day it is sent.
    """
    if quotation.status is not QuotationStatus.DRAFT:
        raise wrong_move(quotation, "sent", siblings)
    require_open(deal)
    if not quotation.items:
        raise Refused(f"{quotation.id} has no items", hint=f"add some: pipecli quote item add {quotation.id}")
    require_addressee(quotation)
    if is_past_validity(quotation, day or now.date()):
        raise Refused(
            f"{quotation.id} is valid only until {quotation.valid_until}",
            hint=f"give it more time: pipecli quote set {quotation.id} valid_until=+30d",
        )
    sent = quotation.with_(status=QuotationStatus.SENT, date=day or quotation.date, sent=now)
    followed = plan_next_contact(deal, next_, now, is_sent=True)
    also = (followed.record,) if followed.record != deal else ()
    return Change(sent, f"send{followed.words}", "quotation-sent", also=also, notes=followed.notes)


def sent_by_mail(sent: Change, deal: Opportunity, mail: Activity, to: str) -> Change:
    """The change of `send_quotation`, with the mail that carried the quotation on its deal."""
    followed = next((record for record in sent.also if isinstance(record, Opportunity)), deal)
    summary = sent.summary.replace("send", f"send to {to}", 1)
    return sent._replace(summary=summary, also=(with_activity(followed, mail),))


def require_quotation_of(deal: Opportunity, quotation: Quotation) -> None:
    """Refuse a quotation of another deal."""
    if quotation.opportunity != deal.id:
        raise Refused(
            f"{quotation.id} is a quotation of {quotation.opportunity}, not of {deal.id}",
            hint=f"see pipecli quote list --where \"opportunity = '{deal.id}'\"",
        )


def take_offer(deal: Opportunity, quotation: Quotation | None) -> Change:
    """Copy the lines and discounts of a quotation back to its open deal; an amount set by hand goes.

    Refused for another deal's quotation, and for one in another currency.
    """
    require_open(deal)
    if quotation is None:
        raise Refused(
            f"{deal.id} has no quotation that was sent or accepted",
            hint=f"name one: pipecli opp take-offer {deal.id} QTN",
        )
    require_quotation_of(deal, quotation)
    if quotation.currency != deal.currency:
        raise Refused(
            f"{quotation.id} is in {quotation.currency}, {deal.id} in {deal.currency}",
            hint=f"set the deal's currency first: pipecli opp set {deal.id} currency={quotation.currency}",
        )
    is_chosen = quotation.status is QuotationStatus.ACCEPTED  # of its options, too
    taken = deal.with_(
        items=counted_items(quotation) if is_chosen else quotation.items,
        amount=None,
        **quotation.fields(*MONEY_TERMS),
    )
    worths = [f"{value:,f}" if value is not None else "no amount" for value in (deal.value, taken.value)]
    money = f"stays at {worths[0]}" if worths[0] == worths[1] else " → ".join(worths)
    dropped = f"the amount set by hand, {worths[0]} {deal.currency}, is dropped"
    return Change(
        taken,
        f"take the offer {quotation.id}, {money} {deal.currency}",
        "changed",
        notes=() if deal.amount is None else (dropped,),
    )


def accept_quotation(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: Sequence[Quotation],
    today: date,
    options: Sequence[str] = (),
) -> Change:
    """Sent → accepted, one of a deal. Its siblings stay as they are until the deal is won.

    `options` are the optional and alternative lines that the customer takes. A customer may say yes after the
    last day of validity: that is taken, and said.
    """
    if quotation.status is not QuotationStatus.SENT:
        raise wrong_move(quotation, "accepted", siblings)
    require_open(deal)
    for other in siblings:
        if other.status is QuotationStatus.ACCEPTED:
            raise Refused(
                f"{other.id} of the same deal is accepted already",
                hint=f"if that is over: pipecli quote reject {other.id}",
            )
    late = is_past_validity(quotation, today)
    taken = _taken(quotation, options)
    accepted = quotation.with_(status=QuotationStatus.ACCEPTED, taken=taken)
    words = ", ".join(in_words(quotation.items[number - 1]) for number in taken)
    return Change(
        accepted,
        f"accept with {words}" if taken else "accept",
        "quotation-accepted",
        notes=(
            *([f"with {words} it comes to {totals(accepted).net:,f} {quotation.currency}"] if taken else []),
            *([f"{quotation.id} was valid until {quotation.valid_until}"] if late else []),
            f"the deal is still open; close it with: pipecli opp won {deal.id}",
        ),
    )


def _taken(quotation: Quotation, options: Sequence[str]) -> tuple[int, ...]:
    """The numbers, from 1, of the options that a customer takes. Refused for a line that counts anyway."""
    places = sorted({find_item(quotation.items, which, quotation.id) for which in options})
    offered = [str(place + 1) for place, item in enumerate(quotation.items) if item.is_offered]
    for place in places:
        if not quotation.items[place].is_offered:
            raise Refused(
                f"item {place + 1}, {in_words(quotation.items[place])}, is part of the offer, not an option",
                hint=f"the options of {quotation.id} are {', '.join(offered) or 'none'}",
            )
    for place, item in enumerate(quotation.items):
        rivals = [str(other + 1) for other in places if quotation.items[other].replaces(item)]
        if len(rivals) > 1 and not item.is_offered:
            raise Refused(
                f"items {' and '.join(rivals)} both take the place of item {place + 1}",
                hint="take one of them",
            )
    return tuple(place + 1 for place in places)


def reject_quotation(
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
        require_open(deal)
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


def expire_quotations(quotations: Iterable[Quotation], today: date) -> list[Change]:
    """Sent → expired for those whose `valid_until` lies before today; one without it never expires.

    Run again on the same day it finds nothing.
    """
    return [
        Change(quotation.with_(status=QuotationStatus.EXPIRED), "expire", "quotation-expired")
        for quotation in quotations
        if quotation.status is QuotationStatus.SENT and is_past_validity(quotation, today)
    ]


def new_quotation(
    deal: Opportunity,
    settings: Settings,
    *,
    id: str,
    now: datetime,
    customer: Customer | None = None,
    lead: Lead | None = None,
    contact: Contact | None = None,
    valid_until: date | None = None,
    language: str | None = None,
    terms: str | None = None,
    notes: str | None = None,
) -> Quotation:
    """A draft for the deal's customer, else its lead. Refused without items and on a closed deal.

    `customer` and `lead` are the deal's; `contact` is whom it is for, as `contact_of` says. The caller
    validates the draft.
    """
    require_open(deal)
    if not deal.items:
        raise Refused(
            f"{deal.id} has no items to quote",
            hint=f"add some: pipecli opp item add {deal.id} --product SKU --quantity N",
        )
    if customer is None and lead is None:
        raise Refused(
            f"{deal.id} has neither a customer nor a lead to quote to",
            hint=f"give it one: pipecli opp set {deal.id} customer=SLUG",
        )
    draft = Quotation.model_construct(
        id=id,
        created=now,
        opportunity=deal.id,
        date=now.date(),
        valid_until=valid_until or last_valid_day(now.date(), settings),
        customer=customer.id if customer else None,
        lead=lead.id if lead and not customer else None,
        contact=contact.id if contact else None,
        language=paper_language(language, contact, customer, lead),
        terms=terms or settings.quotations.terms,
        notes=notes,
        **deal.fields("price_list", "items", *MONEY_TERMS),
    )
    require_time(draft)
    return draft


def last_valid_day(day: date, settings: Settings) -> date:
    """The last day that a quotation of `day` is valid, where nobody says otherwise."""
    return day + timedelta(days=settings.quotations.valid_days)


def contact_of(deal: Opportunity) -> str | None:
    """The contact that a deal's quotations are for: its primary contact, or its only one."""
    primary = [contact.contact for contact in deal.contacts if contact.primary]
    return primary[0] if primary else deal.contacts[0].contact if len(deal.contacts) == 1 else None


_REVISABLE = (QuotationStatus.SENT, QuotationStatus.EXPIRED, QuotationStatus.REJECTED)


def revise_quotation(
    quotation: Quotation,
    deal: Opportunity,
    settings: Settings,
    *,
    siblings: Sequence[Quotation],
    id: str,
    now: datetime,
) -> Change:
    """A sent, expired or rejected quotation is superseded by a draft with its items, dated today.

    Refused for a draft, which can still be changed; for an accepted one; and on a closed deal.
    """
    if quotation.status is QuotationStatus.DRAFT:
        raise Refused(
            f"{quotation.id} is a draft, there is nothing to revise",
            hint=f"change it: pipecli quote edit {quotation.id}",
        )
    if quotation.status not in _REVISABLE:
        raise wrong_move(quotation, "revised", siblings)
    require_open(deal)
    draft = quotation.with_(
        id=id,
        external_id=None,
        created=now,
        revision_of=quotation.id,
        date=now.date(),
        sent=None,
        valid_until=last_valid_day(now.date(), settings),
        status=QuotationStatus.DRAFT,
        reason=None,
        taken=(),
    )
    superseded = quotation.with_(status=QuotationStatus.SUPERSEDED)
    return Change(draft, f"revise {quotation.id}", "quotation-revised", also=(superseded,))
