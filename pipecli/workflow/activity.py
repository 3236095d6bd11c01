"""`activity add` and `activity done`: a call, meeting, email, task or note on a lead or an opportunity."""

from __future__ import annotations

from datetime import date, datetime

from pipecli.records.activity import Activity
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.lead.qualify import contacted


def add(record: Lead | Opportunity, activity: Activity, today: date) -> Change:
    """Add an activity; nothing is done after `today`. A lead that it reached, or that answers, moves on."""
    if activity.done:
        refuse_future(activity, today)
    verb = "log" if activity.done else "plan"
    return Change(
        contacted(with_activity(record, activity), activity),
        f'{verb} {activity.type} "{activity.subject}"',
        "activity-done" if activity.done else "activity-planned",
    )


def with_activity(record: Lead | Opportunity, activity: Activity) -> Lead | Opportunity:
    """The record with an activity: in place of the one with its id, or as the last."""
    known = [activity.id for activity in record.activities]
    if activity.id not in known:
        return record.with_(activities=(*record.activities, activity))
    return record.with_(
        activities=tuple(activity if other.id == activity.id else other for other in record.activities)
    )


def refuse_future(activity: Activity, today: date) -> None:
    """Refuse what is done and yet to come."""
    if day_of(activity) > today:
        raise Refused(
            f'{activity.type} "{activity.subject}" can\'t be done yet: {day_of(activity)} is to come',
            hint="plan it without --done, or say when it was with --at",
        )


def day_of(activity: Activity) -> date:
    """The day of an activity, where it was written."""
    return activity.at.date() if isinstance(activity.at, datetime) else activity.at


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
    planned = next(activity for activity in record.activities if activity.id == activity_id)
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
