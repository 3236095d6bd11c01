"""A closed opportunity stays as it is until it is reopened, and none closes on a day that is yet to come."""

from __future__ import annotations

from datetime import date

from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Refused


def refuse_closed(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")


def refuse_future(deal: Opportunity, day: date, today: date) -> None:
    """Refuse to close a deal on a day that is yet to come: what is expected is no fact."""
    if day > today:
        raise Refused(
            f"{deal.id} can't be closed on {day}: that day is yet to come",
            hint=f"say when it is expected: pipecli opp set {deal.id} expected_close={day}",
        )
