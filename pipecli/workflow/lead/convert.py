"""`lead convert`: a qualified lead becomes a customer, a contact and an opportunity, or joins one; `lead
merge`: two leads of one purchase become one, and nothing that either knew is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from pipecli.records.activity import Activity, ActivityType, NextContact
from pipecli.records.base import Record
from pipecli.records.lead import Answer, Converted, Lead, LeadStatus, Qualification
from pipecli.records.names import name_key
from pipecli.records.opportunity import KeyInformation, Opportunity, Stakeholder
from pipecli.records.party import Contact, Customer
from pipecli.records.references import relinked
from pipecli.workflow.change import Change, Refused, require_open
from pipecli.workflow.duplicates import email_key, phone_key
from pipecli.workflow.lead.qualify import DECIDING, missing_criteria, status_by_criteria
from pipecli.workflow.opportunity.set import with_part

_OF_PERSON = ("title", "email", "phone", "language", "role")
_FIELDS = (
    "external_id", "name", "organization", *_OF_PERSON, "website", "address", "country", "source",
    "campaign", "owner", "score", "interest",
)  # fmt: skip
_KEYS: dict[str, Callable[[str], str | None]] = {"email": email_key, "phone": phone_key}
_ON_THE_WAY = [LeadStatus.NEW, LeadStatus.OPEN, LeadStatus.REPLIED, LeadStatus.QUALIFIED]


def merge(source: Lead, target: Lead, users: Sequence[Record], *, activity_id: Callable[[], str]) -> Change:
    """Fill what `target` lacks from `source`, relink `users`, the records that name it, and remove it.

    A lead has one name, e-mail and telephone: what `source` had otherwise is kept in the notes. Of two next
    contacts, the second becomes a planned task, with a new `activity_id`.
    """
    _refuse_unmergeable(source, target)
    other = _other_values(source, target)
    notes = [text for text in (target.notes, source.notes) if text]
    if other:
        notes.append(f"Merged from {source.id}: {', '.join(other)}")
    after = target.with_(
        **_missing(source, target),
        qualification=_answers(source.qualification, target.qualification),
        assigned=target.assigned or (None if target.owner else source.assigned),
        shared_with=tuple(dict.fromkeys((*target.shared_with, *source.shared_with))),
        next_contact=target.next_contact or source.next_contact,
        activities=(
            *target.activities,
            *source.activities,
            *second_contact(target.next_contact, source.next_contact, source, activity_id),
        ),
        tags=tuple(dict.fromkeys((*target.tags, *source.tags))),
        notes="\n\n".join(dict.fromkeys(notes)) or None,
        custom={**(source.custom or {}), **(target.custom or {})} or None,
    )
    return Change(
        after.with_(status=_status(source, after)),
        f"merge {source.id} ({source.label}) into it",
        "merged",
        also=tuple(relinked(user, {"lead"}, source.id, target.id) for user in users),
        removed=(source,),
        notes=(f"kept in its notes: {', '.join(other)}",) if other else (),
    )


def second_contact(
    first: NextContact | None, second: NextContact | None, lead: Lead, new_id: Callable[[], str]
) -> tuple[Activity, ...]:
    """The next contact of a lead as a planned task, where what it goes into has one of its own."""
    if first is None or second is None or (first.date, first.note) == (second.date, second.note):
        return ()
    subject = second.note or f"next contact with {lead.label}"
    return (
        Activity.model_construct(
            id=new_id(), type=ActivityType.TASK, at=second.date, subject=subject, by=second.by
        ),
    )


def _refuse_unmergeable(source: Lead, target: Lead) -> None:
    if source.id == target.id:
        raise Refused(f"{source.id} can't be merged into itself", hint="name two leads: FROM INTO")
    if target.converted:
        deal = next(iter(target.converted.opportunities), "OPP")
        raise Refused(
            f"{target.id} is converted already",
            hint=f"convert {source.id} onto its opportunity: pipecli lead convert {source.id} --onto {deal}",
        )
    if source.converted:
        raise Refused(f"{source.id} is converted", hint="merge the customers and contacts that came from it")
    if target.disqualified and not source.disqualified:
        raise Refused(
            f"{target.id} is disqualified, and {source.id} is not",
            hint=f"merge the other way round: pipecli lead merge {target.id} {source.id}",
        )


def _missing(source: Lead, target: Lead) -> dict[str, object]:
    """The values that `target` lacks; those of a person only where both are one."""
    is_one = not (source.name and target.name) or name_key(source.name) == name_key(target.name)
    return {
        field: value
        for field in _FIELDS
        if getattr(target, field) is None
        and (value := getattr(source, field)) is not None
        and (is_one or field not in _OF_PERSON)
    }


def _other_values(source: Lead, target: Lead) -> list[str]:
    """The values of `source` that find no place in `target`."""
    filled = _missing(source, target)
    other = []
    for field in _FIELDS:
        value, own = getattr(source, field), getattr(target, field)
        key = _KEYS.get(field, str)
        if value is not None and field not in filled and (own is None or key(value) != key(own)):
            other.append(f"{field.replace('_', ' ')} {value}")
    return other


def _answers(source: Qualification, target: Qualification) -> Qualification:
    """The answers of `target`, and those of `source` where it has none."""
    given: dict[str, object] = {}
    for name in (*DECIDING, "authority"):
        if getattr(target, name) is Answer.UNKNOWN:
            given[name] = getattr(source, name)
        given[f"{name}_note"] = getattr(target, f"{name}_note") or getattr(source, f"{name}_note")
    return target.with_(**given)


def _status(source: Lead, after: Lead) -> LeadStatus:
    """The further of the two on the way to qualified, and qualified only by the answers."""
    if after.disqualified:
        return after.status
    statuses = [lead.status for lead in (source, after) if lead.status in _ON_THE_WAY]
    further = max(statuses, key=_ON_THE_WAY.index)
    if further is LeadStatus.QUALIFIED or not missing_criteria(after):
        return status_by_criteria(after.with_(status=further))
    return further


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
        contacts=(stakeholder,) if stakeholder else (),
        key_info=_key_information(lead),
        next_contact=lead.next_contact or deal.next_contact,
        **lead.fields("shared_with", "activities", "tags", "notes", "custom"),
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
    own = deal.fields("lead", "customer", "source", "campaign", "score")
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
