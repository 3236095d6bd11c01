"""Activities and next contacts: what was done and what is planned, on leads and opportunities."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from pipecli.records import kinds
from pipecli.records.base import (
    ActivityId,
    ContactSlug,
    Count,
    Day,
    Flag,
    Line,
    LiteratureSlug,
    MomentOrDay,
    Part,
    PathInside,
    Text,
    UserSlug,
)
from pipecli.records.kinds import EVERY


class ActivityType(StrEnum):
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    TASK = "task"
    NOTE = "note"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


Every = Annotated[Line, StringConstraints(pattern=EVERY)]
"""`2 weeks`, `1 month`, `1 month on the 31st`, which February's last day comes before."""


class Activity(Part):
    """A call, meeting, email, task or note, planned or done."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.ACTIVITY

    id: ActivityId
    """Five random characters, so that two clones never give the same one."""
    type: ActivityType
    at: MomentOrDay
    """When it happened or is to happen; a bare day for what has no hour."""
    subject: Line
    by: UserSlug | None = None
    direction: Direction | None = None
    """`out`: from us; `in`: an answer. Auto-close and first response read it."""
    done: Flag = False
    every: Every | None = None
    """A planned one comes again so long after: the next is planned when this one is done."""
    contact: ContactSlug | None = None
    duration: Count | None = None
    """Minutes."""
    literature: LiteratureSlug | None = None
    """The document that was sent with it."""
    message_id: Line | None = None
    """The Message-ID of an email, by which threads are followed."""
    notes: Text | None = None
    external_id: Text | None = None
    """Its name in the system it was imported from."""


class NextContact(Part):
    """The day of the next contact, and who makes it: a reminder and a calendar entry."""

    date: Day
    by: UserSlug | None = None
    note: Line | None = None


class Attachment(Part):
    """A file beside a record, in `attachments/`; the file's own name isn't part of its path."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.ATTACHMENT

    file: Annotated[PathInside, StringConstraints(pattern=r"^attachments/[^/]+/[^/]+$")]
    name: Line
    """As it was called where it came from."""
    size: Count
    """Bytes."""
    sha256: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]


RESPONSES = frozenset({ActivityType.CALL, ActivityType.EMAIL, ActivityType.MEETING})


def first_response_at(activities: Iterable[Activity]) -> datetime | date | None:
    """When the first call, email or meeting went out; a bare day only where none has an hour."""
    times = [
        activity.at
        for activity in activities
        if activity.done and activity.direction is Direction.OUT and activity.type in RESPONSES
    ]
    timed = [at for at in times if isinstance(at, datetime)]
    return min(timed) if timed else min(times, default=None)


def minutes_to_first_response(created: datetime, response: datetime | date | None) -> int | None:
    """Whole minutes from `created` to the first response; None while there is none.

    A response with a bare day has no minute and gives None; one before `created` counts as 0.
    """
    if not isinstance(response, datetime):
        return None
    return max(0, int((response - created).total_seconds() // 60))
