"""Leads: added, contacted, qualified by four criteria, disqualified, reopened, converted, merged.

Need, budget and timeframe decide; authority is a sign. A lead is `open` once a call, email or meeting went
out to it, and has `replied` once one came in. Why it was given up stays in the history. A qualified lead
becomes a customer, a contact and an opportunity, or joins one; of two merged nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pipecli.errors import Question
from pipecli.records.activity import RESPONSES, Activity, ActivityType, Direction, NextContact
from pipecli.records.base import Record
from pipecli.records.compare_names import name_key
from pipecli.records.customer import Contact, Customer
from pipecli.records.emails_and_phones import email_key, phone_key
from pipecli.records.lead import Answer, Converted, Disqualified, Lead, LeadStatus, Qualification
from pipecli.records.opportunity import KeyInformation, Opportunity, Stakeholder
from pipecli.records.references import relinked
from pipecli.records.settings import Settings
from pipecli.workflow import Change, Refused, listed_word
from pipecli.workflow.customer import normalized
from pipecli.workflow.opportunity.add_and_change import new_deal, require_source, with_stakeholder
from pipecli.workflow.opportunity.advance import require_open

if TYPE_CHECKING:
    from pipecli.workflow.match_prospect import Parties

DECIDING = ("need", "budget", "timeframe")


def missing_criteria(lead: Lead) -> list[str]:
    """The deciding criteria whose answer is not yes."""
    return [name for name in DECIDING if getattr(lead.qualification, name) is not Answer.YES]


def qualify_lead(lead: Lead, answers: Mapping[str, str], notes: Mapping[str, str]) -> Change:
    """Record answers and notes by criterion; the lead becomes qualified, or open again, as they say."""
    refuse_settled(lead)
    if not answers and not notes:
        raise Refused(
            "no criterion was answered",
            hint="give --need, --budget, --timeframe or --authority: yes, no, unknown",
        )
    given: dict[str, object] = {name: Answer(answer) for name, answer in answers.items()}
    given |= {f"{name}_note": note for name, note in notes.items()}
    answered = lead.with_(qualification=lead.qualification.with_(**given))
    after = answered.with_(status=status_by_criteria(answered))
    words = [f"{name} {answer}" for name, answer in answers.items()]
    words += [f"note on {name}" for name in notes if name not in answers]
    became = f" → {after.status}" if after.status is not lead.status else ""
    missing = missing_criteria(after)
    return Change(
        after,
        f"qualify {', '.join(words)}{became}",
        "qualified" if after.status is LeadStatus.QUALIFIED else "changed",
        notes=(f"not yes yet: {', '.join(missing)}",) if missing else (),
    )


def refuse_settled(lead: Lead) -> None:
    """Refuse what only a lead still at work can have."""
    if lead.converted:
        deals = lead.converted.opportunities
        way = f"open an opportunity on it: pipecli opp add --lead {lead.id}"
        if deals:
            way = f"go on with {' and '.join(deals)}: pipecli opp show {deals[0]}"
        raise Refused(f"{lead.id} is converted", hint=way)
    if lead.disqualified:
        raise Refused(f"{lead.id} is disqualified", hint=f"reopen it first: pipecli lead reopen {lead.id}")


def status_by_criteria(lead: Lead) -> LeadStatus:
    """The status by the criteria; a settled lead keeps its own, and one that replied, until qualified."""
    if not lead.is_open:
        return lead.status
    if not missing_criteria(lead):
        return LeadStatus.QUALIFIED
    return LeadStatus.REPLIED if lead.status is LeadStatus.REPLIED else LeadStatus.OPEN


def disqualify_lead(
    lead: Lead, settings: Settings, *, today: date, reason: str | None, detail: str | None = None
) -> Change:
    """Give up a lead that is neither converted nor disqualified already."""
    refuse_settled(lead)
    if reason is None:
        known = ", ".join(settings.disqualify_reasons)
        raise Question(
            f"{lead.id}: the reason for giving it up is missing",
            "Reason for giving up",
            hint="give --reason" + (f", one of {known}" if known else ""),
            option="reason",
            choices=settings.disqualify_reasons,
        )
    reason = require_disqualify_reason(settings, reason)
    why = Disqualified.model_construct(date=today, reason=reason, detail=detail)
    given_up = lead.with_(status=LeadStatus.DISQUALIFIED, disqualified=why)
    return Change(given_up, f"disqualify, {reason}", "disqualified")


def reopen_lead(lead: Lead) -> Change:
    """A disqualified lead is open again, or qualified where its criteria say so."""
    if lead.status is not LeadStatus.DISQUALIFIED:
        refuse_settled(lead)
        raise Refused(f"{lead.id} is {lead.status}", hint="only a disqualified lead is reopened")
    opened = lead.with_(status=LeadStatus.OPEN, disqualified=None)
    after = opened.with_(status=status_by_criteria(opened))
    return Change(after, f"reopen → {after.status}", "reopened")


def add_lead(lead: Lead, settings: Settings, *, notes: Sequence[str] = ()) -> Change:
    """Record a new lead; `notes` is what there is to tell of it."""
    require_source(settings, lead.source)
    return Change(normalized(lead), f"add {lead.label}", "added", notes=tuple(notes))


def contacted(record: Lead | Opportunity, activity: Activity) -> Lead | Opportunity:
    """The record after an activity: a new lead opens, a new or open one that answers has replied."""
    if not isinstance(record, Lead) or not activity.done or activity.type not in RESPONSES:
        return record
    if activity.direction is Direction.OUT and record.status is LeadStatus.NEW:
        return record.with_(status=LeadStatus.OPEN)
    if activity.direction is Direction.IN and record.status in (LeadStatus.NEW, LeadStatus.OPEN):
        return record.with_(status=LeadStatus.REPLIED)
    return record


_VERBS = {
    LeadStatus.QUALIFIED: "qualify",
    LeadStatus.CONVERTED: "convert",
    LeadStatus.DISQUALIFIED: "disqualify",
}


def leave_to_verbs(lead: Lead, given: Mapping[str, str]) -> None:
    """Refuse to set what a verb changes with other things; `given` are the fields and their values."""
    for status, verb in _VERBS.items():
        if lead.status is not status and (given.get("status") == status or status in given):
            raise Refused(
                f"{lead.id}: that a lead is {status} isn't set by hand",
                hint=f"use pipecli lead {verb} {lead.id}",
            )
    if given.get("status", lead.status) != lead.status:
        refuse_settled(lead)


def set_lead_fields(before: Lead, after: Lead, settings: Settings, summary: str) -> Change:
    """`before` as it was set to `after`, which `leave_to_verbs` let through."""
    if before.source != after.source:
        require_source(settings, after.source)
    reasons = [lead.disqualified.reason if lead.disqualified else None for lead in (before, after)]
    if reasons[1] is not None and reasons[0] != reasons[1]:
        require_disqualify_reason(settings, reasons[1])
    if before.qualification != after.qualification and before.status is after.status:
        after = after.with_(status=status_by_criteria(after))
    event = "assigned" if before.owner != after.owner else "changed"
    return Change(normalized(after, before), summary, event)


_OF_PERSON = ("title", "email", "phone", "language", "role")
_FIELDS = (
    "external_id", "name", "organization", *_OF_PERSON, "website", "address", "country", "source",
    "campaign", "owner", "score", "interest",
)  # fmt: skip
_KEYS: dict[str, Callable[[str], str | None]] = {"email": email_key, "phone": phone_key}
_ON_THE_WAY = [LeadStatus.NEW, LeadStatus.OPEN, LeadStatus.REPLIED, LeadStatus.QUALIFIED]


def merge_leads(
    source: Lead, target: Lead, naming: Sequence[Record], *, activity_id: Callable[[], str]
) -> Change:
    """Fill what `target` lacks from `source`, relink `naming`, the records that name it, and remove it.

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
        attachments=(*target.attachments, *source.attachments),
        tags=tuple(dict.fromkeys((*target.tags, *source.tags))),
        notes="\n\n".join(dict.fromkeys(notes)) or None,
        custom={**(source.custom or {}), **(target.custom or {})} or None,
    )
    return Change(
        after.with_(status=_status(source, after)),
        f"merge {source.id} ({source.label}) into it",
        "merged",
        also=tuple(relinked(record, {"lead"}, source.id, target.id) for record in naming),
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
    if lead.converted:
        deals = ", ".join(lead.converted.opportunities)
        raise Refused(
            f"{lead.id} is converted already" + (f", to {deals}" if deals else ""),
            hint=f"for another opportunity on it: pipecli opp add --lead {lead.id}",
        )
    if lead.disqualified:
        raise Refused(
            f"{lead.id} is disqualified: {lead.disqualified.reason}",
            hint=f"reopen it first: pipecli lead reopen {lead.id}",
        )
    missing = missing_criteria(lead)
    if missing and not force:
        answers = ", ".join(f"{name} is {getattr(lead.qualification, name)}" for name in missing)
        options = " ".join(f"--{name} yes" for name in missing)
        raise Refused(
            f"{lead.id} can't be converted: {answers}",
            hint=f"answer with `pipecli lead qualify {lead.id} {options}`, or override with --force",
        )


def convert_lead(
    lead: Lead,
    deal: Opportunity,
    buyer: Parties,
    *,
    others: Sequence[Opportunity],
    today: date,
    force: bool = False,
) -> Change:
    """Link a lead with its customer, contact and opportunity (of `opportunity_of` or `join_opportunity`).

    `others` are the opportunities that were opened on the lead before. What was done stays on the lead too;
    what is planned went to the opportunity.
    """
    require_convertible(lead, force=force)
    missing = missing_criteria(lead)
    converted = Converted.model_construct(
        date=today,
        customer=buyer.customer.id,
        contact=buyer.contact.id if buyer.contact else None,
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
        other.with_(customer=buyer.customer.id)
        for other in others
        if other.customer is None and other.id != deal.id
    ]
    forced = " (forced)" if missing else ""
    return Change(
        after,
        f"convert to {deal.id}{forced}",
        "converted",
        also=(deal, *buyer.written, *linked),
        result=deal,
        notes=(*([f"forced, although not yes: {', '.join(missing)}"] if missing else []), *buyer.notes),
    )


def opportunity_of(
    lead: Lead, settings: Settings, contact: Contact | None, me: str | None, **given: Any
) -> Opportunity:
    """The new opportunity of a lead, with all that it knows and what is given; its owner's, else mine."""
    deal = new_deal(settings, lead=lead, owner=lead.owner or me, **given)
    stakeholder = (
        Stakeholder.model_construct(contact=contact.id, role=lead.role, primary=True) if contact else None
    )
    return deal.with_(
        contacts=(stakeholder,) if stakeholder else (),
        key_info=_key_information(lead),
        next_contact=lead.next_contact or deal.next_contact,
        **lead.fields("shared_with", "activities", "tags", "notes", "custom"),
    )


def join_opportunity(
    lead: Lead, deal: Opportunity, customer: Customer, contact: Contact | None, new_id: Callable[[], str]
) -> Opportunity:
    """An open opportunity with what another lead of the same purchase knows; what it says itself stays.

    The lead's contact is on it, its activities too; a next contact beside the deal's own is a planned task.
    """
    require_open(deal)
    with_contact = deal
    if contact:
        is_first = not deal.contacts
        with_contact = with_stakeholder(deal, contact.id, role=lead.role, primary=is_first)
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


def _filled(own: KeyInformation | None, more: KeyInformation) -> KeyInformation:
    if own is None:
        return more
    return own.with_(**{name: value for name, value in more.plain().items() if getattr(own, name) is None})


def _key_information(lead: Lead) -> KeyInformation:
    """The notes of the qualification as answers to the questions that a seller asks of a deal."""
    criteria = lead.qualification
    return KeyInformation.model_construct(
        need=criteria.need_note or lead.interest,
        budget=criteria.budget_note,
        decision_maker=criteria.authority_note,
    )


def require_disqualify_reason(settings: Settings, reason: str, *, is_whole: bool = False) -> str:
    """The reason for giving a lead up that is meant. Refused where the settings list others."""
    if not settings.disqualify_reasons:
        return reason
    known = settings.disqualify_reasons
    return listed_word(reason, known, "reason to disqualify", "disqualify_reasons", is_whole=is_whole)
