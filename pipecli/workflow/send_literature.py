"""`literature send`: a document goes out, and the deal remembers it."""

from __future__ import annotations

from datetime import datetime

from pipecli.records.activity import Activity, ActivityType, Direction
from pipecli.records.catalogue import Literature
from pipecli.records.opportunity import Opportunity
from pipecli.workflow.add_activity import with_activity
from pipecli.workflow.change import Change


def send(
    deal: Opportunity,
    document: Literature,
    now: datetime,
    *,
    activity_id: str,
    by: str | None = None,
    contact: str | None = None,
    note: str | None = None,
) -> Change:
    """Record that a document was sent to `contact`, or to the deal's primary one: an email, out, done."""
    to = contact or next((each.contact for each in deal.contacts if each.primary), None)
    sent = Activity(
        id=activity_id,
        type=ActivityType.EMAIL,
        at=now,
        subject=f"Sent {document.title}"[:500],
        by=by,
        direction=Direction.OUT,
        done=True,
        contact=to,
        literature=document.id,
        notes=note,
    )
    return Change(with_activity(deal, sent), f"send {document.title}", "literature-sent")
