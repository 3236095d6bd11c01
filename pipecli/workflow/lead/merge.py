"""`lead merge`: two leads of one person, or of one purchase, become one; nothing that either knew is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipecli.records.activity import Activity, ActivityType, NextContact
from pipecli.records.base import Record
from pipecli.records.lead import Answer, Lead, LeadStatus, Qualification
from pipecli.records.names import name_key
from pipecli.records.references import relinked
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.lead.qualify import DECIDING, missing_criteria, status_by_criteria
from pipecli.workflow.party_identity import email_key, phone_key

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
        raise Refused(f"{source.id} is converted", hint="merge the customers and contacts that came of it")
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
