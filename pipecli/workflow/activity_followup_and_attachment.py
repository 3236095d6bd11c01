"""A call, meeting, email, task or note on a lead or an opportunity: logged, or planned as a follow-up, moved,
done, cancelled; the one after it of a rhythm; and the next contact.

And files beside a record, listed in it as its attachments; their own names never decide the path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone, tzinfo
from hashlib import sha256
from pathlib import PurePath
from shlex import quote
from typing import NamedTuple, TypeVar

from pipecli.records.activity import RESPONSES, Activity, Attachment, NextContact
from pipecli.records.base import Document
from pipecli.records.customer import Customer
from pipecli.records.days import day_after, day_in, days_in_month
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Invoice, Order, Quotation
from pipecli.wording import first_of
from pipecli.workflow import Change, Refused
from pipecli.workflow.lead import contacted, refuse_settled
from pipecli.workflow.opportunity.advance import require_open

DealOrLead = Opportunity | Lead


class Next(NamedTuple):
    """A person's word on the next contact: the plan of it, or None for none."""

    plan: NextContact | None


class FollowedUp(NamedTuple):
    """A lead or deal with its next contact as it is after a change."""

    record: DealOrLead
    words: str
    """For the summary of the change: `, next contact 2026-12-01`."""
    notes: tuple[str, ...]


def add_activity(record: DealOrLead, activity: Activity, now: datetime, next_: Next | None = None) -> Change:
    """Add an activity; nothing is done after today. A lead that it reached, or that answers, moves on."""
    if activity.done:
        refuse_done_in_future(activity, now.date())
    verb = "log" if activity.done else "plan"
    after = contacted(with_activity(record, activity), activity)
    followed = plan_next_contact(after, next_, now, *([activity] if activity.done else []))
    return Change(
        followed.record,
        f'{verb} {activity.type} "{activity.subject}"{followed.words}',
        "activity-done" if activity.done else "activity-planned",
        part=activity.id,
        notes=followed.notes,
    )


def plan_next_contact(
    record: DealOrLead, next_: Next | None, now: datetime, *contacts: Activity, is_sent: bool = False
) -> FollowedUp:
    """Plan the next contact, or clear it. Where `next_` says nothing, contacts that took place settle one.

    A mail without a direction was written by a program and settles nothing, and what is later than `now` has
    not taken place; a quotation that is sent now is a contact.
    """
    if next_ is not None:
        words = f", next contact {next_.plan.date}" if next_.plan else ", no next contact"
        if next_.plan:
            require_open(record) if isinstance(record, Opportunity) else refuse_settled(record)
        return FollowedUp(record.with_(next_contact=next_.plan), words, ())
    due = record.next_contact
    if due is None or due.date > now.date() or not (contacts or is_sent) or not record.is_open:
        return FollowedUp(record, "", ())
    days = [day_of(contact) for contact in contacts if _took_place(contact, now)]
    if is_sent or (days and max(days) >= due.date):
        note = f' "{due.note}"' if due.note else ""
        settled = f"the next contact of {due.date}{note} is settled; --next +7d would plan another"
        return FollowedUp(record.with_(next_contact=None), "", (settled,))
    still = (
        f"its next contact was due on {due.date}: plan the next one with --next, or clear it with --next none"
    )
    return FollowedUp(record, "", (still,))


def _took_place(activity: Activity, now: datetime) -> bool:
    """True of a call, meeting or e-mail with the customer that is not yet to come."""
    is_contact = activity.direction is not None or activity.message_id is None
    is_past = not isinstance(activity.at, datetime) or activity.at <= now
    return activity.type in RESPONSES and is_contact and is_past


def with_activity(record: DealOrLead, activity: Activity) -> DealOrLead:
    """The record with an activity: in place of the one with its id, or as the last."""
    known = [activity.id for activity in record.activities]
    if activity.id not in known:
        return record.with_(activities=(*record.activities, activity))
    return record.with_(
        activities=tuple(activity if other.id == activity.id else other for other in record.activities)
    )


def refuse_done_in_future(activity: Activity, today: date) -> None:
    """Refuse what is done and yet to come."""
    if day_of(activity) > today:
        raise Refused(
            f'{activity.type} "{activity.subject}" can\'t be done yet: {day_of(activity)} is in the future',
            hint="plan it without --done, or say when it was with --at",
        )


def day_of(activity: Activity) -> date:
    """The day of an activity, where it was written."""
    return activity.at.date() if isinstance(activity.at, datetime) else activity.at


def complete_activity(
    record: DealOrLead,
    activity_id: str,
    now: datetime,
    *,
    at: datetime | date | None = None,
    notes: str | None = None,
    next_: Next | None = None,
    new_id: Callable[[], str] | None = None,
) -> Change:
    """Mark an activity as done, at `at` or when it was planned; one planned for a later day is done now.

    `notes` go below what was noted when it was planned. One that comes again is planned anew, with an id of
    `new_id`, counted from the day it was planned for, on the first such day to come.
    """
    planned = next(activity for activity in record.activities if activity.id == activity_id)
    if planned.done:
        raise Refused(f'{planned.type} {activity_id} "{planned.subject}" is done already')
    is_early = at is None and day_of(planned) > now.date()
    when = at or (now if is_early else planned.at)
    written = "\n".join(part for part in (planned.notes, notes) if part)
    done = planned.with_(done=True, at=when, notes=written or None, every=None)
    refuse_done_in_future(done, now.date())
    noted = contacted(with_activity(record, done), done)
    again = ""
    if planned.every and new_id:
        following = planned.with_(id=new_id(), **_comes_again(planned, now))
        noted = with_activity(noted, following)
        again = f", again on {day_of(following)}"
    followed = plan_next_contact(noted, next_, now, done)
    early = (f"it was planned for {day_of(planned)}, and is done now",) if is_early else ()
    return Change(
        followed.record,
        f'complete {done.type} "{done.subject}"{again}{followed.words}',
        "activity-done",
        part=done.id,
        notes=(*early, *followed.notes),
    )


def _comes_again(planned: Activity, now: datetime) -> dict[str, datetime | date | str]:
    """The first time after today, and after the one it was planned for, that its rhythm comes to.

    It keeps its hour by the pipeline's clocks, and one of the 31st its day beyond shorter months: its
    rhythm then says so, until somebody plans it for another day.
    """
    assert planned.every and now.tzinfo
    zone, today = now.tzinfo, now.date()
    number, _, rhythm = planned.every.partition(" ")
    begun = day_in(planned.at, zone)
    unit, _, own = rhythm.partition(" on the ")
    if own and begun.day != min(int(own[:2]), days_in_month(begun.year, begun.month)):
        rhythm = unit
    day, step = begun, 0
    while day == begun or day <= today:
        step, last = step + int(number), day
        with suppress(OverflowError):
            day = day_after(begun, f"{step} {rhythm}")
        if day == last:
            raise Refused(
                f"{planned.id} comes again every {number} {rhythm}, and days end in {date.max.year}",
                hint=f"plan it for the right day first: pipecli activity move {planned.id} DAY",
            )
    is_cut = day.day < begun.day and re.fullmatch("(month|year)s?", rhythm)
    own = f" on the {begun.day}{'st' if begun.day == 31 else 'th'}" if is_cut else ""
    return {"at": _at_its_hour(planned, day, zone), "every": f"{number} {rhythm}{own}"}


def _at_its_hour(planned: Activity, day: date, zone: tzinfo) -> datetime | date:
    """Another day, at the hour that an activity has in `zone`."""
    if not isinstance(planned.at, datetime):
        return day
    here = planned.at.replace(tzinfo=zone)  # also where the clocks skip it, as 2:30 in spring
    hour = here if here.utcoffset() == planned.at.utcoffset() else planned.at.astimezone(zone)
    moment = datetime.combine(day, hour.time(), zone)
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()))


def log_activity(record: DealOrLead, activity: Activity, now: datetime, next_: Next | None = None) -> Change:
    """Add what took place, and plan the next contact or clear it; notes tell what stays planned."""
    if day_of(activity) > now.date():
        raise Refused(
            f"{day_of(activity)} is in the future, and this logs what took place",
            hint=f"plan it: pipecli activity add {record.key} --type {activity.type} "
            f"--at {activity.at.isoformat()} --subject {quote(activity.subject)}",
        )
    change = add_activity(record, activity, now, next_)
    due = [other for other in record.activities if not other.done and day_of(other) <= now.date()]
    if next_ is not None or not due:
        return change
    names = first_of([f'{other.type} "{other.subject}"' for other in due], 3)
    still = f"still planned: {names}; if that was it: pipecli activity done {due[0].id}"
    return change._replace(notes=(*change.notes, still))


def move_activity(record: DealOrLead, activity_id: str, at: datetime | date, zone: tzinfo) -> Change:
    """Plan an activity for another time; a day alone keeps the hour that it has in `zone`."""
    planned = _planned(record, activity_id, f"change it with `pipecli activity edit {activity_id} --at …`")
    at = at if isinstance(at, datetime) else _at_its_hour(planned, at, zone)
    moved = planned.with_(at=at, every=planned.every and planned.every.partition(" on ")[0])
    when = f"{at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else f"{at}"
    summary = f'move {moved.type} "{moved.subject}" to {when}'
    return Change(with_activity(record, moved), summary, "activity-moved", part=moved.id)


def change_activity(record: DealOrLead, activity: Activity, today: date) -> Change:
    """Put an activity in the place of the one with its id; nothing is done after `today`."""
    if activity.done:
        refuse_done_in_future(activity, today)
    summary = f'change {activity.type} "{activity.subject}"'
    after = contacted(with_activity(record, activity), activity)
    return Change(after, summary, "activity-changed", part=activity.id)


def cancel_activity(record: DealOrLead, activity_id: str) -> Change:
    """Take a planned activity off a record."""
    planned = _planned(record, activity_id, "take it back with `pipecli undo`, if it was logged by mistake")
    rest = tuple(activity for activity in record.activities if activity.id != activity_id)
    summary = f'cancel {planned.type} "{planned.subject}"'
    return Change(record.with_(activities=rest), summary, "activity-cancelled", part=activity_id)


def _planned(record: DealOrLead, activity_id: str, hint: str) -> Activity:
    activity = next(activity for activity in record.activities if activity.id == activity_id)
    if activity.done:
        raise Refused(f'{activity.type} {activity_id} "{activity.subject}" is done', hint=hint)
    return activity


FOLDER = "attachments"
_ENDING = r"\.[A-Za-z0-9]{1,10}"

A = TypeVar("A", Lead, Opportunity, Quotation, Order, Invoice, Customer)
Holder = Lead | Opportunity | Quotation | Order | Invoice | Customer


class AlreadyAttached(Refused):
    """The record has this very file."""


def _file_of(record: Holder, name: str, slug: str, digest: str, taken: Collection[str]) -> str:
    """Where a file lies: `attachments/OPP-2Q8XA/floor-plan-3f9a01c4.pdf`, whatever signs its name has.

    The beginning of its hash keeps two clones that attach two files of one name out of each other's way.
    """
    ending = PurePath(name).suffix.lower()
    ending = ending if re.fullmatch(_ENDING, ending) else ""
    folder = record.key if isinstance(record, Document) else f"{record.noun}-{record.key}"
    files = (f"{FOLDER}/{folder}/{slug}-{digest[:length]}{ending}" for length in (8, 16, 32, 64))
    return next(file for file in files if file not in taken)


def attach_file(
    record: A, name: str, slug: str, content: bytes, *, taken: Collection[str], most: int
) -> tuple[A, Attachment]:
    """The record with one file more. Refused for one that it has already, and for more than `most` bytes.

    `slug` is that of the name without its ending; `taken` are the files that lie there, listed or not.
    """
    digest = sha256(content).hexdigest()
    if len(content) > most:
        raise Refused(
            f"{name} has {len(content):,} bytes, and an attachment has {most:,} at most",
            hint="raise attachments.largest in the settings, or keep it elsewhere and note the address",
        )
    for known in record.attachments:
        if known.sha256 == digest:
            raise AlreadyAttached(
                f"{record.key} has {name} already, as {known.name}", hint="there is nothing to do"
            )
    file = _file_of(record, name, slug, digest, taken)
    added = Attachment(file=file, name=name, size=len(content), sha256=digest)
    return record.with_(attachments=(*record.attachments, added)), added


def find_attachment(record: Holder, which: str) -> Attachment:
    """The attachment that a person means: by its number from 1, its name, or its file."""
    known = record.attachments
    if which.isdecimal() and 1 <= int(which) <= len(known):
        return known[int(which) - 1]
    meant = [one for one in known if which.casefold() in (one.name.casefold(), one.file.casefold())]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(f"{number} {one.name}" for number, one in enumerate(known, 1))
    several = f"several attachments {which}" if meant else f"no attachment {which}"
    raise Refused(f"{record.key} has {several}", hint=f"it has {names or 'none'}")


def detach_file(record: A, attachment: Attachment) -> Change:
    """The record without a file; git keeps what it was."""
    left = tuple(one for one in record.attachments if one.file != attachment.file)
    return Change(record.with_(attachments=left), f"detach {attachment.name}", "detached")
