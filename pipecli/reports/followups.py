"""What is due: next contacts and open activities, whose they are and how late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from typing import NamedTuple

NEXT_CONTACT = "next-contact"
ACTIVITY = "activity"
EXPECTED_CLOSE = "expected-close"


class Plan(NamedTuple):
    """Something planned on an open lead or opportunity, as its file says it."""

    kind: str
    """NEXT_CONTACT, ACTIVITY or EXPECTED_CLOSE."""
    id: str
    """The record's."""
    activity: str | None
    at: date | datetime
    by: str | None
    """Who is to do it: the one it is planned for, else the owner of the record."""
    type: str | None
    subject: str | None
    title: str
    """The record's title or name."""
    customer: str | None
    customer_name: str | None
    note: str | None
    duration: int | None
    """Minutes."""


class FollowUp(NamedTuple):
    """A plan in the pipeline's timezone."""

    plan: Plan
    due: date
    at: datetime | None
    """None for what has no hour."""
    overdue_days: int
    """0 where it is due today or later."""


def followups(plans: Iterable[Plan], *, today: date, until: date, zone: tzinfo) -> list[FollowUp]:
    """The plans up to and with `until`: the overdue ones first, then by who, then by day and hour."""
    found = [_follow_up(plan, today, zone) for plan in plans]
    return sorted((each for each in found if each.due <= until), key=lambda each: _place(each, today))


def _follow_up(plan: Plan, today: date, zone: tzinfo) -> FollowUp:
    at = plan.at.astimezone(zone) if isinstance(plan.at, datetime) else None
    due = at.date() if at else plan.at
    return FollowUp(plan, due, at, max((today - due).days, 0))


def _place(each: FollowUp, today: date) -> tuple[object, ...]:
    hour = each.at.timestamp() if each.at else 0.0
    return each.due >= today, each.plan.by or "", each.due, hour, each.plan.id
