"""A closed opportunity stays as it is until it is reopened."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Refused


def refuse_closed(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")
