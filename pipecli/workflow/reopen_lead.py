"""`lead reopen`: take a disqualified lead up again. Why it was given up stays in the history."""

from __future__ import annotations

from pipecli.records.lead import Lead, LeadStatus
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.qualify_lead import refuse_settled, status_by_criteria


def reopen(lead: Lead) -> Change:
    """A disqualified lead is open again, or qualified where its criteria say so."""
    if lead.status is not LeadStatus.DISQUALIFIED:
        refuse_settled(lead)
        raise Refused(f"{lead.id} is {lead.status}", hint="only a disqualified lead is reopened")
    opened = lead.with_(status=LeadStatus.OPEN, disqualified=None)
    after = opened.with_(status=status_by_criteria(opened))
    return Change(after, f"reopen → {after.status}", "reopened")
