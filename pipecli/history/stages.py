"""Where each deal stood from when on, as of a moment; for the reports on stages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.history.clocks import steady
from pipecli.history.courses import courses
from pipecli.history.index import History
from pipecli.reports.stays import Place, Sighting


class Seen(NamedTuple):
    """The deals of a line of commits."""

    sightings: dict[str, list[Sighting]]
    """By the id of the deal, each at another stage or of another status than the one before."""
    cut: frozenset[str]
    """The deals that stood in the first commit of a shallow clone, whose past is not here."""
    notes: list[str]
    """What makes this less than the whole story, or other than what the commits say."""


def sightings(history: History, until: str | None, now: datetime, stages: Collection[Place]) -> Seen:
    """Where the deals stood in each commit up to one, None: HEAD; what is dated after `now` counts as of now.

    A stage that was renamed, in one commit in the settings and in its deals, is called as it is in `stages`.
    Raises PipecliError for a commit that is not on the line.
    """
    found = courses(history)
    last = _line_of(history, until) if until else found.line
    times, wrong = _times(history, last, now)
    begin = _begin(history)
    unreadable = bisect_right(found.unreadable, last)
    notes = [
        *([f"this clone is shallow: stages before {_day(times, now)} are not known"] if begin else []),
        *([_WRONG_CLOCKS[wrong > 1].format(wrong)] if wrong else []),
        *([_UNREADABLE[unreadable > 1].format(unreadable)] if unreadable else []),
    ]
    return Seen(
        {
            key: [
                Sighting(times[line - 1], *found.called(where, stages))
                for line, where in seen.items()
                if line <= last
            ]
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


def _line_of(history: History, commit: str) -> int:
    found = history.connection.execute("SELECT line FROM commits WHERE id = ?", (commit,)).fetchone()
    if not found or found[0] is None:
        raise PipecliError(
            f"commit {commit[:7]} is not on the line of this branch, along which stages are read",
            hint="check it out, or choose a date",
        )
    line: int = found[0]
    return line


def _times(history: History, last: int, now: datetime) -> tuple[list[int], int]:
    """When each commit of the line counts, in seconds since 1970, and how many had a wrong clock."""
    rows = history.connection.execute(
        "SELECT committed FROM commits WHERE line IS NOT NULL AND line <= ? ORDER BY line", (last,)
    )
    times, wrong = steady([seconds for (seconds,) in rows])
    latest = int(now.timestamp())
    return [min(time, latest) for time in times], wrong


def _begin(history: History) -> set[int]:
    """The lines of the commits with which a shallow clone begins."""
    if not history.boundary:
        return set()
    rows = history.connection.execute("SELECT id, line FROM commits WHERE parents = 0 AND line IS NOT NULL")
    return {line for commit, line in rows if commit in history.boundary}


def _day(times: list[int], now: datetime) -> str:
    return f"{datetime.fromtimestamp(times[0], now.tzinfo):%Y-%m-%d}"
