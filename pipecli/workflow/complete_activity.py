"""`activity done`: what was planned has happened."""

from __future__ import annotations

from datetime import date, datetime

from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.workflow.add_activity import day_of, refuse_future, with_activity
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.contact_lead import contacted


def complete(
    record: Lead | Opportunity,
    activity_id: str,
    now: datetime,
    *,
    at: datetime | date | None = None,
    notes: str | None = None,
) -> Change:
    """Mark an activity as done, at `at` or when it was planned; one planned for a later day is done now.

    `notes` go below what was noted when it was planned.
    """
    planned = next(each for each in record.activities if each.id == activity_id)
    if planned.done:
        raise Refused(f'{planned.type} {activity_id} "{planned.subject}" is done already')
    is_early = at is None and day_of(planned) > now.date()
    when = at or (now if is_early else planned.at)
    written = "\n".join(part for part in (planned.notes, notes) if part)
    done = planned.with_(done=True, at=when, notes=written or None)
    refuse_future(done, now.date())
    return Change(
        contacted(with_activity(record, done), done),
        f'complete {done.type} "{done.subject}"',
        "activity-done",
        notes=(f"it was planned for {day_of(planned)}, and is done now",) if is_early else (),
    )
