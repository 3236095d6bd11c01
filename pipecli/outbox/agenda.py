"""What of a plan stands in a calendar: a task to be done, a meeting at its hour, a next contact all day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from pipecli.outbox.ics import Entry
from pipecli.reports.followups import Plan

_MINUTES = {"meeting": 60}
_OTHER_MINUTES = 30
"""How long a call takes that doesn't say: a calendar hides what takes no time."""


class Agenda(NamedTuple):
    """What a calendar says of a plan beside the plan itself."""

    changed: Mapping[str, datetime]
    """When each record was last changed."""
    names: Mapping[str, str]
    """What the users are called."""
    is_of_many: bool
    """Whether the calendar is of several users, so that each entry says whose it is."""

    def entry(self, plan: Plan, *, is_done: bool = False) -> Entry:
        """The entry of a plan."""
        what = f"{plan.type}: {plan.subject}" if plan.type else plan.kind.replace("-", " ")
        customer = plan.customer_name or plan.customer
        title = f"{plan.title} ({customer})" if customer else plan.title
        who = self.names.get(plan.by or "", plan.by or "nobody")
        by = f"{who}: " if self.is_of_many else ""
        return Entry(
            uid=f"{plan.id}-{plan.activity or plan.kind}@pipecli",
            is_task=plan.type == "task",
            start=plan.at,
            minutes=plan.duration or _MINUTES.get(plan.type or "", _OTHER_MINUTES),
            summary=f"{by}{what}, {title}",
            description="\n".join(line for line in (plan.note, plan.id) if line),
            category=plan.type or plan.kind,
            is_done=is_done,
            changed=self.changed[plan.id],
        )
