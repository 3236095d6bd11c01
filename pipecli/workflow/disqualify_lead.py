"""`lead disqualify`: give a lead up, with a reason of the team's list."""

from __future__ import annotations

from datetime import date

from pipecli.records.lead import Disqualified, Lead, LeadStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change
from pipecli.workflow.qualify_lead import refuse_settled
from pipecli.workflow.vocabulary import require_disqualify_reason


def disqualify(lead: Lead, settings: Settings, *, today: date, reason: str, detail: str | None) -> Change:
    """Give up a lead that is neither converted nor disqualified already."""
    require_disqualify_reason(settings, reason)
    refuse_settled(lead)
    why = Disqualified.model_construct(date=today, reason=reason, detail=detail)
    given_up = lead.with_(status=LeadStatus.DISQUALIFIED, disqualified=why)
    return Change(given_up, f"disqualify, {reason}", "disqualified")
