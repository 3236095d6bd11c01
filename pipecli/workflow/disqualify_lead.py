"""`lead disqualify`: give a lead up, with a reason of the team's list."""

from __future__ import annotations

from datetime import date

from pipecli.records.lead import Disqualified, Lead, LeadStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.qualify_lead import refuse_settled
from pipecli.workflow.vocabulary import require_disqualify_reason


def disqualify(
    lead: Lead, settings: Settings, *, today: date, reason: str | None, detail: str | None = None
) -> Change:
    """Give up a lead that is neither converted nor disqualified already."""
    refuse_settled(lead)
    if reason is None:
        known = ", ".join(settings.disqualify_reasons)
        raise Refused(
            f"why {lead.id} is given up must be said",
            hint="give --reason" + (f", one of {known}" if known else ""),
        )
    require_disqualify_reason(settings, reason)
    why = Disqualified.model_construct(date=today, reason=reason, detail=detail)
    given_up = lead.with_(status=LeadStatus.DISQUALIFIED, disqualified=why)
    return Change(given_up, f"disqualify, {reason}", "disqualified")
