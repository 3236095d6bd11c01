"""`lead convert`: a qualified lead becomes a customer, a contact and an opportunity, or joins one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from pipecli.records.base import Record
from pipecli.records.lead import Converted, Lead, LeadStatus
from pipecli.records.opportunity import KeyInformation, Opportunity, Stakeholder
from pipecli.records.party import Contact, Customer
from pipecli.workflow.change import Change, Refused, require_open
from pipecli.workflow.lead.merge import second_contact
from pipecli.workflow.lead.qualify import missing_criteria
from pipecli.workflow.opportunity.people import with_part


def require_convertible(lead: Lead, *, force: bool = False) -> None:
    """Refuse a lead that is settled, or whose need, budget or timeframe is not yes unless forced."""
    if lead.status is LeadStatus.CONVERTED:
        deals = ", ".join(lead.converted.opportunities) if lead.converted else ""
        raise Refused(
            f"{lead.id} is converted already" + (f", to {deals}" if deals else ""),
            hint=f"for another opportunity on it: pipecli opp add --lead {lead.id}",
        )
    if lead.disqualified or lead.status is LeadStatus.DISQUALIFIED:
        reason = f": {lead.disqualified.reason}" if lead.disqualified else ""
        raise Refused(
            f"{lead.id} is disqualified{reason}", hint=f"reopen it first: pipecli lead reopen {lead.id}"
        )
    missing = missing_criteria(lead)
    if missing and not force:
        answers = ", ".join(f"{name} is {getattr(lead.qualification, name)}" for name in missing)
        options = " ".join(f"--{name} yes" for name in missing)
        raise Refused(
            f"{lead.id} can't be converted: {answers}",
            hint=f"answer with `pipecli lead qualify {lead.id} {options}`, or override with --force",
        )


def convert(
    lead: Lead,
    deal: Opportunity,
    *,
    customer: Customer,
    contact: Contact | None,
    parties: Sequence[Record],
    others: Sequence[Opportunity],
    today: date,
    force: bool = False,
    notes: Sequence[str] = (),
) -> Change:
    """Link a lead with its customer, contact and new opportunity, which has what `carry_over` gave it, or
    `join` where it was there.

    `parties` are those of customer and contact that are new or changed, `notes` what to tell of them;
    `others` the opportunities that were opened on the lead before. What was done stays on the lead too;
    what is planned went to the opportunity.
    """
    require_convertible(lead, force=force)
    missing = missing_criteria(lead)
    converted = Converted.model_construct(
        date=today,
        customer=customer.id,
        contact=contact.id if contact else None,
        opportunities=tuple(dict.fromkeys((*(other.id for other in others), deal.id))),
        forced=True if missing else None,
    )
    after = lead.with_(
        status=LeadStatus.CONVERTED,
        converted=converted,
        activities=tuple(activity for activity in lead.activities if activity.done),
        next_contact=None,
    )
    linked = [
        other.with_(customer=customer.id)
        for other in others
        if other.customer is None and other.id != deal.id
    ]
    forced = " (forced)" if missing else ""
    return Change(
        after,
        f"convert to {deal.id}{forced}",
        "converted",
        also=(deal, *parties, *linked),
        result=deal,
        notes=(*([f"forced, although not yes: {', '.join(missing)}"] if missing else []), *notes),
    )


def carry_over(lead: Lead, deal: Opportunity, contact: Contact | None) -> Opportunity:
    """The new opportunity with what the lead knows, beside what every opportunity on a lead starts with."""
    stakeholder = (
        Stakeholder.model_construct(contact=contact.id, role=lead.role, primary=True) if contact else None
    )
    return deal.with_(
        shared_with=lead.shared_with,
        contacts=(stakeholder,) if stakeholder else (),
        key_info=_key_information(lead),
        next_contact=lead.next_contact or deal.next_contact,
        activities=lead.activities,
        tags=lead.tags,
        notes=lead.notes,
        custom=lead.custom,
    )


def join(
    lead: Lead, deal: Opportunity, customer: Customer, contact: Contact | None, new_id: Callable[[], str]
) -> Opportunity:
    """An open opportunity with what another lead of the same purchase knows; what it says itself stays.

    The lead's contact is on it, its activities too; a next contact beside the deal's own is a planned task.
    """
    require_open(deal)
    with_contact = deal
    if contact:
        is_first = not deal.contacts
        with_contact = with_part(deal, contact.id, role=lead.role, primary=is_first)
    answers = _key_information(lead)
    known = {activity.id for activity in deal.activities}
    own = {name: getattr(deal, name) for name in ("lead", "customer", "source", "campaign", "score")}
    theirs = {"lead": lead.id, "customer": customer.id}
    return with_contact.with_(
        **{
            name: theirs.get(name) or getattr(lead, name, None) if value is None else value
            for name, value in own.items()
        },
        shared_with=tuple(dict.fromkeys((*deal.shared_with, *lead.shared_with))),
        key_info=_filled(deal.key_info, answers),
        next_contact=deal.next_contact or lead.next_contact,
        activities=(
            *deal.activities,
            *(activity for activity in lead.activities if activity.id not in known),
            *second_contact(deal.next_contact, lead.next_contact, lead, new_id),
        ),
        tags=tuple(dict.fromkeys((*deal.tags, *lead.tags))),
        notes="\n\n".join(dict.fromkeys(text for text in (deal.notes, lead.notes) if text)) or None,
        custom={**(lead.custom or {}), **(deal.custom or {})} or None,
    )


def _filled(own: KeyInformation | None, more: KeyInformation | None) -> KeyInformation | None:
    if own is None or more is None:
        return own or more
    return own.with_(**{name: value for name, value in more.plain().items() if getattr(own, name) is None})


def _key_information(lead: Lead) -> KeyInformation | None:
    """The notes of the qualification as answers to the questions that a seller asks of a deal."""
    criteria = lead.qualification
    known = KeyInformation.model_construct(
        need=criteria.need_note or lead.interest,
        budget=criteria.budget_note,
        decision_maker=criteria.authority_note,
    )
    return known if known.plain() else None
