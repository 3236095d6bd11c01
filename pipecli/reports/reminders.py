"""What is due as messages: one a user, with what is overdue first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pipecli.reports.followups import FollowUp
from pipecli.reports.messages import Message, plain

MOST = 100
"""How many a message lists; the rest is counted."""


def by_user(found: Iterable[FollowUp]) -> dict[str | None, list[FollowUp]]:
    """The follow-ups of each user; at None those that nobody is to do."""
    theirs: dict[str | None, list[FollowUp]] = defaultdict(list)
    for each in found:
        theirs[each.plan.by].append(each)
    return theirs


def item(each: FollowUp) -> str:
    """What is planned, whatever day it is moved to: `OPP-2Q8XA/4F2QX`, `OPP-2Q8XA/next-contact`."""
    return f"{each.plan.id}/{each.plan.activity or each.plan.kind}"


def reminder(name: str, found: Sequence[FollowUp], today: date) -> Message:
    """The message to a user of this name about these follow-ups."""
    overdue = [each for each in found if each.due < today]
    parts = {
        "Overdue": overdue,
        f"Today, {today:%A} {today}": [each for each in found if each.due == today],
        "Ahead": [each for each in found if each.due > today],
    }
    count = "1 follow-up" if len(found) == 1 else f"{len(found)} follow-ups"
    late = f", {len(overdue)} overdue" if overdue else ""
    return Message(f"{count} for {plain(name)}{late}", "\n\n".join(_parts(parts, today)))


def _parts(parts: Mapping[str, Sequence[FollowUp]], today: date) -> list[str]:
    room, said = MOST, []
    for heading, found in parts.items():
        lines = [line for each in found[:room] for line in _lines(each, today)]
        if lines:
            said.append("\n".join([heading, *lines]))
        room -= len(found[:room])
    left = sum(len(found) for found in parts.values()) - MOST
    return [*said, f"and {left:,} more: pipecli followups --mine"] if left > 0 else said


def _lines(each: FollowUp, today: date) -> list[str]:
    plan = each.plan
    what = f"{plan.type}: {plain(plan.subject or '')}" if plan.type else "next contact"
    who = plan.customer_name or plan.customer
    about = f"{plain(plan.title)} ({plain(who)})" if who else plain(plan.title)
    note = [f"  {plain(plan.note)}"] if plan.note else []
    return [f"- {_when(each, today)}{what}", f"  {plan.id} {about}", *note]


def _when(each: FollowUp, today: date) -> str:
    """`2026-11-19 10:00 (3 days late) `, and of what is due today its hour only."""
    late = "1 day late" if each.overdue_days == 1 else f"{each.overdue_days} days late"
    said = (
        "" if each.due == today else f"{each.due}",
        f"{each.at:%H:%M}" if each.at else "",
        f"({late})" if each.overdue_days else "",
    )
    return "".join(f"{word} " for word in said if word)
