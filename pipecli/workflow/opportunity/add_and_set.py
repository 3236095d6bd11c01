"""`opportunity add` and `set`: a new deal at the first stage of its process; its fields, sellers and people.

The people are its contacts, one of them primary, and its competitors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from pipecli.records.activity import NextContact
from pipecli.records.base import Record
from pipecli.records.opportunity import Opportunity, Seller, Stakeholder
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.items_and_prices import price_notes, require_currency
from pipecli.workflow.opportunity.advance import change_process, named_process
from pipecli.workflow.preconditions import named_stage, require_open, require_source, require_type

if TYPE_CHECKING:
    from pipecli.records.catalogue import PriceList
    from pipecli.records.customer import Contact, Customer
    from pipecli.records.lead import Lead
    from pipecli.records.settings import Settings
    from pipecli.workflow.change import Terms


def new_deal(
    settings: Settings,
    *,
    id: str,
    now: datetime,
    title: str,
    process: str,
    type: str | None = None,
    lead: Lead | None = None,
    customer: Customer | None = None,
    owner: str | None = None,
    currency: str | None = None,
    **fields: object,
) -> Opportunity:
    """A new deal, with what its lead and the settings know where the caller gives nothing.

    Where the process follows from the deal itself, open it in any process, ask
    `store.choose_process_and_rule`, and move it there with `in_process`. A price list's currency is the
    caller's to give. `fields` are any other of the record. The store validates the record when it is written.
    """
    process = named_process(settings, process)
    kind = require_type(settings, type or settings.opportunity_types[0])
    inherited = lead.fields("source", "campaign", "score") if lead else {}
    given = {name: value for name, value in fields.items() if value is not None}
    deal = Opportunity.model_construct(
        id=id,
        created=now,
        title=title,
        type=kind,
        lead=lead.id if lead else None,
        customer=customer.id if customer else None,
        process=process,
        stage=settings.processes[process].stages[0].id,
        owner=owner,
        currency=currency or settings.currency,
        **(inherited | given),
    )
    return deal.with_(next_contact=deal.next_contact or _first_contact(settings, now.date(), owner))


def in_process(deal: Opportunity, settings: Settings, process: str, stage: str | None = None) -> Opportunity:
    """A new deal in another process, at its first stage or at `stage`."""
    slug = named_process(settings, process)
    known = settings.processes[slug]
    if stage is None:
        return deal.with_(process=slug, stage=known.stages[0].id)
    return deal.with_(
        process=slug, stage=named_stage(known, stage, f"{stage} isn't a stage of the process {slug}")
    )


def record_new_deal(
    deal: Opportunity,
    settings: Settings,
    *,
    lead: Lead | None,
    written: Sequence[Record] = (),
    notes: Sequence[str] = (),
) -> Change:
    """The step that records a new deal; a converted `lead` gains it. `written` are its new parties."""
    require_type(settings, deal.type)
    if lead is None or deal.source != lead.source:
        require_source(settings, deal.source)
    if lead is not None and lead.status == "disqualified":
        raise Refused(f"{lead.id} is disqualified", hint=f"reopen it first: pipecli lead reopen {lead.id}")
    return Change(
        deal,
        f"add {deal.title}",
        "added",
        also=(*written, *(_gaining(lead, deal) if lead else ())),
        notes=tuple(notes),
    )


def _gaining(lead: Lead, deal: Opportunity) -> tuple[Lead, ...]:
    if lead.converted is None:
        return ()
    opportunities = (*lead.converted.opportunities, deal.id)
    return (lead.with_(converted=lead.converted.with_(opportunities=opportunities)),)


def _first_contact(settings: Settings, today: date, owner: str | None) -> NextContact | None:
    days = settings.follow_up.default_days
    return None if days is None else NextContact.model_construct(date=today + timedelta(days=days), by=owner)


_VALUE_FIELDS = ("amount", "currency", "items")
"""The fields that reports on closed deals add up."""


def leave_to_verbs(deal: Opportunity, fields: Collection[str]) -> None:
    """Refuse to set what a verb of its own changes together with other things; `fields` are to be set."""
    if "status" in fields or "closed" in fields:
        verbs = "won or lost" if deal.is_open else "reopen"
        raise Refused(
            f"{deal.id}: status and closed aren't set by hand: quotations and orders go with them",
            hint=f"use pipecli opp {verbs}",
        )
    if "stage" in fields and "process" not in fields:
        raise Refused(
            f"{deal.id}: a stage isn't set by hand: its steps and required fields count",
            hint=f"use pipecli opp advance {deal.id} --to STAGE",
        )


def share_credit(deal: Opportunity, percents: Mapping[str, Decimal]) -> Change:
    """Have several users sell a deal, each with a percent, together 100; none of them: its owner alone."""
    if percents and sum(percents.values()) != 100:
        raise Refused(
            f"{', '.join(f'{user} {percent:f} %' for user, percent in percents.items())} come to "
            f"{sum(percents.values()):f} %, not to 100",
            hint="give everybody who sells it, the owner too",
        )
    sellers = tuple(Seller(user=user, percent=percent) for user, percent in percents.items())
    words = ", ".join(f"{user} {percent:f} %" for user, percent in percents.items()) or "the owner alone"
    return Change(deal.with_(sellers=sellers), f"sold by {words}", "sellers-changed")


def set_deal_fields(
    before: Opportunity,
    after: Opportunity,
    terms: Terms,
    day: date,
    summary: str,
) -> Change:
    """`before` as it was set to `after`, which `leave_to_verbs` let through.

    A new price or currency is never taken over silently: what the person should know is in the notes.
    """
    if before.process != after.process:
        after = _in_process(before, after, terms.settings)
    elif before.stage != after.stage:
        leave_to_verbs(before, ["stage"])
    if before.type != after.type:
        require_type(terms.settings, after.type)
    if before.source != after.source:
        require_source(terms.settings, after.source)
    if any(getattr(before, field) != getattr(after, field) for field in _VALUE_FIELDS):
        require_open(before)
    if before.contacts != after.contacts:
        _one_primary(after)
    if (before.price_list, before.currency) != (after.price_list, after.currency):
        _price_list_in_currency(after, terms.price_lists)
    notes = _currency_notes(before, after)
    if before.items != after.items:
        notes = (*price_notes(before, after, terms, day), *notes)
    return Change(after, summary, _event(before, after), notes=notes)


def _in_process(before: Opportunity, after: Opportunity, settings: Settings) -> Opportunity:
    stage = after.stage if after.stage != before.stage else None
    moved = change_process(before, settings, after.process, stage)
    is_by_hand = after.probability != before.probability
    return after.with_(stage=moved.stage, probability=after.probability if is_by_hand else moved.probability)


def _event(before: Opportunity, after: Opportunity) -> str:
    if before.owner != after.owner:
        return "assigned"
    return "stage-changed" if before.stage != after.stage else "changed"


def _one_primary(deal: Opportunity) -> None:
    primary = [contact.contact for contact in deal.contacts if contact.primary]
    if len(primary) > 1:
        raise Refused(
            f"{deal.id} would have {len(primary)} primary contacts: {', '.join(primary)}",
            hint=f"pipecli opp contact add {deal.id} {primary[-1]} --primary replaces the one before",
        )


def _price_list_in_currency(deal: Opportunity, lists: Sequence[PriceList]) -> None:
    own = next((list_ for list_ in lists if list_.id == deal.price_list), None)
    if own is not None:
        require_currency(own, deal)


def _currency_notes(before: Opportunity, after: Opportunity) -> tuple[str, ...]:
    if before.currency == after.currency or not after.items:
        return ()
    return (f"the items keep their figures, which were {before.currency} and are {after.currency} now",)


def add_stakeholder(
    deal: Opportunity, contact: Contact, *, role: str | None = None, primary: bool = False
) -> Change:
    """Put a contact on a deal, or change the part of one who is on it; a new primary one replaces the old."""
    after = with_part(deal, contact.id, role=role, primary=primary)
    theirs = next(other for other in after.contacts if other.contact == contact.id)
    part = ", ".join([*([theirs.role] if theirs.role else []), *(["primary"] if theirs.primary else [])])
    return Change(after, f"contact {contact.name}" + (f" ({part})" if part else ""), "contact-added")


def with_part(deal: Opportunity, contact: str, *, role: str | None, primary: bool) -> Opportunity:
    """The deal with a part for a contact; one who has a part keeps what is not given."""
    known = next((other for other in deal.contacts if other.contact == contact), None)
    theirs = Stakeholder.model_construct(
        contact=contact,
        role=role or (known.role if known else None),
        primary=primary or (known.primary if known else None) or None,
    )
    others = [other.with_(primary=None) if primary else other for other in deal.contacts]
    people = [theirs if other.contact == contact else other for other in others]
    return deal.with_(contacts=tuple(people if known else [*people, theirs]))


def remove_stakeholder(deal: Opportunity, contact: Contact) -> Change:
    """Take a contact off a deal."""
    left = tuple(other for other in deal.contacts if other.contact != contact.id)
    if len(left) == len(deal.contacts):
        known = ", ".join(contact.contact for contact in deal.contacts) or "nobody"
        raise Refused(f"{contact.name} ({contact.id}) is not on {deal.id}", hint=f"on it: {known}")
    return Change(deal.with_(contacts=left), f"remove contact {contact.name}", "contact-removed")


def known_as(name: str, competitors: Mapping[str, str], deal: Opportunity) -> str:
    """The name of a competitor on a deal: its slug where it has a file, else as the deal spells it already.

    `competitors` are the names of those with a file, by slug. One spelling each, as reports count by it.
    """
    folded = name.casefold()
    for slug, label in competitors.items():
        if folded in (slug.casefold(), label.casefold()):
            return slug
    return next((competitor for competitor in deal.competitors if competitor.casefold() == folded), name)


def add_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Note a competitor; the same name in other letters is the same one."""
    competitor = known_as(name, competitors, deal)
    known = deal.competitors if competitor in deal.competitors else (*deal.competitors, competitor)
    return Change(deal.with_(competitors=known), f"competitor {competitor}", "competitor-added")


def remove_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Strike a competitor out."""
    gone = {name.casefold(), known_as(name, competitors, deal).casefold()}
    left = tuple(competitor for competitor in deal.competitors if competitor.casefold() not in gone)
    if len(left) == len(deal.competitors):
        known = ", ".join(deal.competitors) or "nobody"
        raise Refused(f"{name} isn't a competitor of {deal.id}", hint=f"its competitors: {known}")
    return Change(deal.with_(competitors=left), f"remove competitor {name}", "competitor-removed")
