"""Where each deal stood from when on, as of a moment; for the reports on stages."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from pipecli.history.clocks import steady
from pipecli.history.courses import Courses, courses
from pipecli.history.index import History
from pipecli.history.way import Way, way_to
from pipecli.reports.deals import Place, Sighting


class Seen(NamedTuple):
    """The deals of a line of commits."""

    sightings: dict[str, list[Sighting]]
    """By the id of the deal, each at another stage or of another status than the one before."""
    cut: frozenset[str]
    """The deals that stood in the first commit of a shallow clone, whose past is not here."""
    notes: list[str]
    """What makes this less than the whole story, or other than what the commits say."""


class Timed(NamedTuple):
    """The courses of all deals along a way of commits, and when these count; the first is number 1."""

    courses: Courses
    now: datetime
    dates: list[int]
    """What each commit says, in seconds since 1970."""
    times: list[int]
    """When it counts."""
    begin: set[int]
    """The numbers of those with which a shallow clone begins."""

    @property
    def shallow_note(self) -> str:
        day = datetime.fromtimestamp(self.times[0], self.now.tzinfo).date()
        return f"this clone is shallow: stages before {day} are not known"

    def clock_notes(self, numbers: Iterable[int]) -> list[str]:
        """How many of some commits count at another time than they say."""
        latest = int(self.now.timestamp())
        wrong = [number for number in numbers if self.times[number - 1] != self.dates[number - 1]]
        ahead = sum(self.times[number - 1] == latest for number in wrong)
        around = len(wrong) - ahead
        return [
            *([_AHEAD[ahead > 1].format(ahead, self.now.date())] if ahead else []),
            *([_WRONG_CLOCKS[around > 1].format(around)] if around else []),
        ]


def timed_courses(history: History, until: str, now: datetime) -> Timed:
    """What the commits along first parents up to one (`HEAD`, or an id) say; none is later than `now`."""
    way = way_to(history, until)
    rows = history.connection.execute(
        "SELECT committed FROM commits WHERE line IS NOT NULL AND line <= ? ORDER BY line", (way.line,)
    )
    dates = [*(seconds for (seconds,) in rows), *(each.committed for each in way.beside)]
    times, _ = steady(dates, max(now, datetime.now(UTC)).timestamp())
    latest = int(now.timestamp())
    made = [min(time, latest) for time in times]
    return Timed(courses(history, way), now, dates, made, _begin(history, way))


def sightings(history: History, until: str, now: datetime, stages: Collection[Place]) -> Seen:
    """Where the deals stood in each commit along first parents up to one, `HEAD` or an id.

    What is dated after `now` counts as of now. A stage that was renamed, in one commit in the settings and in
    its deals, is called as it is in `stages`.
    """
    known = timed_courses(history, until, now)
    found, begin, unreadable = known.courses, known.begin, len(known.courses.unreadable)
    return Seen(
        {
            key: [
                Sighting(known.times[line - 1], *found.called(where, stages)) for line, where in seen.items()
            ]
            for key, seen in found.seen.items()
        },
        frozenset(key for key, seen in found.seen.items() if begin and not begin.isdisjoint(seen)),
        [
            *([known.shallow_note] if begin else []),
            *known.clock_notes(range(1, len(known.dates) + 1)),
            *([_UNREADABLE[unreadable > 1].format(unreadable)] if unreadable else []),
        ],
    )


_AHEAD = (
    "1 commit is dated after {1}: counted as of then",
    "{} commits are dated after {}: counted as of then",
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
