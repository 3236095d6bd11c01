"""A call, meeting, email, task or note on a lead or an opportunity: planned, moved, done, cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone, tzinfo

from pipecli.records.activity import Activity, NextContact
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.wording import first_of
from pipecli.workflow.change import Change, Refused, require_open
from pipecli.workflow.lead.qualify import contacted, refuse_settled


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


def log(
    record: Lead | Opportunity,
    activity: Activity,
    today: date,
    *,
    plan: NextContact | None = None,
    clears: bool = False,
) -> Change:
    """Add what took place, and plan the next contact or clear it; notes tell what stays planned."""
    if day_of(activity) > today:
        raise Refused(
            f"{day_of(activity)} is to come, and this logs what took place",
            hint=f'plan it: pipecli activity add {record.key} --type {activity.type} --at "…" --subject "…"',
        )
    change = add(record, activity, today)
    if plan is None and not clears:
        return replace(change, notes=(*change.notes, *_still_planned(record, today)))
    if plan is not None and isinstance(record, Opportunity):
        require_open(record)
    elif plan is not None and isinstance(record, Lead):
        refuse_settled(record)
    words = f"next contact {plan.date}" if plan else "no next contact"
    return replace(
        change, subject=change.subject.with_(next_contact=plan), summary=f"{change.summary}, {words}"
    )


def _still_planned(record: Lead | Opportunity, today: date) -> list[str]:
    """Notes on plans of the record that were due, and that a contact may have settled."""
    notes = []
    if record.next_contact and record.next_contact.date <= today:
        notes.append(
            f"its next contact was due on {record.next_contact.date}: "
            "plan the next one with --next, or clear it with --next none"
        )
    due = [activity for activity in record.activities if not activity.done and day_of(activity) <= today]
    if due:
        names = first_of([f'{activity.type} "{activity.subject}"' for activity in due], 3)
        notes.append(f"still planned: {names}; if that was it: pipecli activity done {due[0].id}")
    return notes


def move(record: Lead | Opportunity, activity_id: str, at: datetime | date, zone: tzinfo) -> Change:
    """Plan an activity for another time; a day alone keeps the hour that it has in `zone`."""
    planned = _planned(record, activity_id, f"change it with `pipecli activity edit {activity_id} --at …`")
    if isinstance(planned.at, datetime) and not isinstance(at, datetime):
        hour = planned.at.astimezone(zone).time()
        moment = datetime.combine(at, hour, zone)
        at = moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()))
    moved = planned.with_(at=at)
    when = f"{at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else f"{at}"
    summary = f'move {moved.type} "{moved.subject}" to {when}'
    return Change(with_activity(record, moved), summary, "activity-moved")


def change(record: Lead | Opportunity, activity: Activity, today: date) -> Change:
    """Put an activity in the place of the one with its id; nothing is done after `today`."""
    if activity.done:
        refuse_future(activity, today)
    summary = f'change {activity.type} "{activity.subject}"'
    return Change(contacted(with_activity(record, activity), activity), summary, "activity-changed")


def cancel(record: Lead | Opportunity, activity_id: str) -> Change:
    """Take a planned activity off a record."""
    planned = _planned(record, activity_id, "take it back with `pipecli undo`, if it was logged by mistake")
    rest = tuple(activity for activity in record.activities if activity.id != activity_id)
    summary = f'cancel {planned.type} "{planned.subject}"'
    return Change(record.with_(activities=rest), summary, "activity-cancelled")


def _planned(record: Lead | Opportunity, activity_id: str, hint: str) -> Activity:
    activity = next(activity for activity in record.activities if activity.id == activity_id)
    if activity.done:
        raise Refused(f'{activity.type} {activity_id} "{activity.subject}" is done', hint=hint)
    return activity
