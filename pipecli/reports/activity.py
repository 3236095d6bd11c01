"""Activities done and planned: calls, meetings and emails of each user, team, month, …"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from pipecli.records.days import PERIOD_OF, Days
from pipecli.reports.deals import group_of

GROUPINGS = ("user", "team", "type", "week", "month", "quarter")
PEOPLE = GROUPINGS[:2]
"""Groupings that have deals of their own."""


class Activity(NamedTuple):
    """Something done or planned on a lead or an opportunity."""

    record: str
    on_open: bool
    """True of an activity on a lead or opportunity that is open."""
    user: str | None
    """The user who did it or is to: the one it names, else the owner of the record."""
    team: str | None
    type: str
    direction: str | None
    day: date
    done: bool


class OwnedDeal(NamedTuple):
    """An open deal, and whose it is."""

    id: str
    user: str | None
    team: str | None


class Row(NamedTuple):
    """The activities of one key: a user, a team, a type, a week, …; None: of nobody."""

    key: str | None
    done_count: int
    call_count: int
    """This and the next ones count what was done."""
    meeting_count: int
    email_out_count: int
    """An email without a direction is one of ours."""
    email_in_count: int
    task_count: int
    note_count: int
    on_open_count: int
    """Done on leads and opportunities that are open now."""
    on_closed_count: int
    planned_count: int
    overdue_count: int
    """Planned for a day before today."""
    open_deal_count: int | None
    """Of a user or team; None in every other grouping."""
    untouched_count: int | None
    """Of those, the ones on which nobody did anything in these days."""


class Done(NamedTuple):
    rows: list[Row]
    totals: Row
    overdue_before: int
    """Planned for before these days, and not done."""


def touched(activities: Iterable[Activity], days: Days) -> set[str]:
    """The ids of the records on which something was done on these days, by whomever."""
    return {activity.record for activity in activities if activity.done and days.has(activity.day)}


def count_activities(
    activities: Iterable[Activity], deals: Iterable[OwnedDeal], touched: set[str], *,
    by: str, days: Days, today: date,
) -> Done:  # fmt: skip
    """Count activities of these days by one of GROUPINGS; `touched` are the deals on which one was done then.

    Periods stand in their order, else whoever did the most comes first.
    """
    tallies: dict[str | None, Counter[str]] = defaultdict(Counter)
    totals = Counter[str]()
    overdue_before = 0
    for activity in activities:
        if not days.has(activity.day):
            is_before = days.first is not None and activity.day < days.first
            overdue_before += is_before and not activity.done and activity.day < today
            continue
        figures = _figures(activity, today)
        tallies[group_of(activity, by, activity.day)].update(figures)
        totals.update(figures)
    for deal in deals:
        figures = ["open_deal_count", *(["untouched_count"] if deal.id not in touched else [])]
        totals.update(figures)
        if by in PEOPLE:
            tallies[getattr(deal, by)].update(figures)
    rows = [_row(key, tally, has_deals=by in PEOPLE) for key, tally in tallies.items()]
    rows.sort(key=lambda row: (row.key is None, -row.done_count, -row.planned_count, row.key))
    if by in PERIOD_OF:
        rows.sort(key=lambda row: str(row.key))
    return Done(rows, _row(None, totals, has_deals=True), overdue_before)


def _figures(activity: Activity, today: date) -> list[str]:
    """The counts to which an activity adds one."""
    if not activity.done:
        return ["planned_count", *(["overdue_count"] if activity.day < today else [])]
    kind = f"{activity.type}_count"
    if activity.type == "email":
        kind = "email_in_count" if activity.direction == "in" else "email_out_count"
    return ["done_count", kind, "on_open_count" if activity.on_open else "on_closed_count"]


def _row(key: str | None, tally: Mapping[str, int], *, has_deals: bool) -> Row:
    of_deals = Row._fields[-2:]
    return Row(
        key,
        *(tally.get(name, 0) if has_deals or name not in of_deals else None for name in Row._fields[1:]),  # type: ignore[arg-type]
    )
