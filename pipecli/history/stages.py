"""Where each deal stood from when on, as of a moment; for the reports on stages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from pipecli.history.clocks import steady
from pipecli.history.courses import Courses, courses
from pipecli.history.index import History
from pipecli.history.way import Way, way_to
from pipecli.reports.stays import Place, Sighting


class Seen(NamedTuple):
    """The deals of a line of commits."""

    sightings: dict[str, list[Sighting]]
    """By the id of the deal, each at another stage or of another status than the one before."""
    cut: frozenset[str]
    """The deals that stood in the first commit of a shallow clone, whose past is not here."""
    notes: list[str]
    """What makes this less than the whole story, or other than what the commits say."""


class Timed(NamedTuple):
    """The courses of all deals along a way, and when its commits count."""

    courses: Courses
    way: Way
    times: list[int]
    """Of each commit of the way in seconds since 1970; the first is that of number 1."""
    wrong: int
    """How many of them had a wrong clock."""


def timed_courses(history: History, until: str, now: datetime) -> Timed:
    """What the commits along first parents up to one (`HEAD`, or an id) say; none is later than `now`."""
    way = way_to(history, until)
    rows = history.connection.execute(
        "SELECT committed FROM commits WHERE line IS NOT NULL AND line <= ? ORDER BY line", (way.line,)
    )
    seconds = [*(seconds for (seconds,) in rows), *(each.committed for each in way.beside)]
    times, wrong = steady(seconds, max(now, datetime.now(UTC)).timestamp())
    latest = int(now.timestamp())
    return Timed(courses(history, way), way, [min(time, latest) for time in times], wrong)


def sightings(history: History, until: str, now: datetime, stages: Collection[Place]) -> Seen:
    """Where the deals stood in each commit along first parents up to one, `HEAD` or an id.

    What is dated after `now` counts as of now. A stage that was renamed, in one commit in the settings and in
    its deals, is called as it is in `stages`.
    """
    found, way, times, wrong = timed_courses(history, until, now)
    begin = _begin(history, way)
    unreadable = len(found.unreadable)
    notes = [
        *([f"this clone is shallow: stages before {_day(times, now)} are not known"] if begin else []),
        *([_WRONG_CLOCKS[wrong > 1].format(wrong)] if wrong else []),
        *([_UNREADABLE[unreadable > 1].format(unreadable)] if unreadable else []),
    ]
    return Seen(
        {
            key: [Sighting(times[line - 1], *found.called(where, stages)) for line, where in seen.items()]
            for key, seen in found.seen.items()
        },
        frozenset(key for key, seen in found.seen.items() if begin and not begin.isdisjoint(seen)),
        notes,
    )


_WRONG_CLOCKS = (
    "1 commit with a wrong clock counts as of its neighbour",
    "{} commits with wrong clocks count as of their neighbours",
)
_UNREADABLE = (
    "1 version of a deal can't be read: passed over",
    "{} versions of deals can't be read: passed over",
)


def _begin(history: History, way: Way) -> set[int]:
    """The numbers of the commits of a way with which a shallow clone begins."""
    if not history.boundary:
        return set()
    rows = history.connection.execute(
        "SELECT id, line FROM commits WHERE parents = 0 AND line <= ?", (way.line,)
    )
    beside = ((each.id, number) for number, each in enumerate(way.beside, way.line + 1))
    return {number for commit, number in (*rows, *beside) if commit in history.boundary}


def _day(times: list[int], now: datetime) -> str:
    return f"{datetime.fromtimestamp(times[0], now.tzinfo):%Y-%m-%d}"
