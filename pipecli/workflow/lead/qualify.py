"""A lead on its way: added, contacted, qualified by four criteria, disqualified, reopened.

Need, budget and timeframe decide; authority is a sign. A lead is `open` once a call, email or meeting went
out to it, and has `replied` once one came in. Why it was given up stays in the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipecli.errors import Question
from pipecli.records.activity import RESPONSES, Activity, Direction
from pipecli.records.lead import Answer, Disqualified, Lead, LeadStatus
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused, require_disqualify_reason, require_source
from pipecli.workflow.party import normalized

DECIDING = ("need", "budget", "timeframe")


def missing_criteria(lead: Lead) -> list[str]:
    """The deciding criteria whose answer is not yes."""
    return [name for name in DECIDING if getattr(lead.qualification, name) is not Answer.YES]


def qualify(lead: Lead, answers: Mapping[str, str], notes: Mapping[str, str]) -> Change:
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
    if lead.status is LeadStatus.CONVERTED:
        raise Refused(f"{lead.id} is converted", hint=_where_it_went(lead))
    if lead.status is LeadStatus.DISQUALIFIED:
        raise Refused(f"{lead.id} is disqualified", hint=f"reopen it first: pipecli lead reopen {lead.id}")


def status_by_criteria(lead: Lead) -> LeadStatus:
    """The status by the criteria; a settled lead keeps its own, and one that replied, until qualified."""
    if lead.status in (LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED):
        return lead.status
    if not missing_criteria(lead):
        return LeadStatus.QUALIFIED
    return LeadStatus.REPLIED if lead.status is LeadStatus.REPLIED else LeadStatus.OPEN


def _where_it_went(lead: Lead) -> str:
    deals = lead.converted.opportunities if lead.converted else ()
    if deals:
        return f"go on with {' and '.join(deals)}: pipecli opp show {deals[0]}"
    return f"open an opportunity on it: pipecli opp add --lead {lead.id}"


def disqualify(
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


def reopen(lead: Lead) -> Change:
    """A disqualified lead is open again, or qualified where its criteria say so."""
    if lead.status is not LeadStatus.DISQUALIFIED:
        refuse_settled(lead)
        raise Refused(f"{lead.id} is {lead.status}", hint="only a disqualified lead is reopened")
    opened = lead.with_(status=LeadStatus.OPEN, disqualified=None)
    after = opened.with_(status=status_by_criteria(opened))
    return Change(after, f"reopen → {after.status}", "reopened")


def add(lead: Lead, settings: Settings, *, notes: Sequence[str] = ()) -> Change:
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


def set_fields(before: Lead, after: Lead, settings: Settings, summary: str) -> Change:
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
