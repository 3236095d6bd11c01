"""`lead set`: any field, but its status only as the verbs and the criteria have it."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.records.lead import Lead, LeadStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.normalize_party import normalized
from pipecli.workflow.qualify_lead import refuse_settled, status_by_criteria
from pipecli.workflow.vocabulary import require_disqualify_reason, require_source

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
                f"{lead.id}: that a lead is {status} is not set by hand",
                hint=f"use pipecli lead {verb} {lead.id}",
            )
    if given.get("status", lead.status) != lead.status:
        refuse_settled(lead)


def set_fields(before: Lead, after: Lead, settings: Settings, summary: str) -> Change:
    """`before` as it was set to `after`, which `leave_to_verbs` let through."""
    if before.source != after.source:
        require_source(settings, after.source)
    reasons = [each.disqualified.reason if each.disqualified else None for each in (before, after)]
    if reasons[1] is not None and reasons[0] != reasons[1]:
        require_disqualify_reason(settings, reasons[1])
    if before.qualification != after.qualification and before.status is after.status:
        after = after.with_(status=status_by_criteria(after))
    event = "assigned" if before.owner != after.owner else "changed"
    return Change(normalized(after, before), summary, event)
