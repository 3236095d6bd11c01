"""The commits from HEAD along first parents, and when each of them counts: what a date means in git.

Along first parents, a merged branch counts from its merge on: it is then that the line of this branch first
said so. `docs/history.md` has the reasons.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipecli.history.clocks import steady
from pipecli.store import git
from pipecli.store.files import Location


class Point(NamedTuple):
    """A commit, and when it was made in seconds since 1970, as it says."""

    commit: str
    seconds: int


class Line:
    """The commits up to HEAD, the oldest first; they count when history.clocks says.

    `dates` are theirs in seconds since 1970, `commit_at` gives the id of the one at a place.
    """

    def __init__(self, dates: Sequence[int], commit_at: Callable[[int], str]) -> None:
        self._now = datetime.now(UTC)
        self._soon = (self._now + timedelta(minutes=1)).timestamp()
        """Clocks differ by seconds."""
        self._dates, self._commit_at = dates, commit_at
        self._times, self._wrong = steady(dates, self._soon)
        """When each counts, and how many have a wrong clock."""

    def last(self, until: datetime) -> Point | None:
        """The commit that stood at a moment; None before the first. From now on it is HEAD."""
        place = bisect_right(self._times, until.timestamp()) if until < self._now else len(self._times)
        return self._point(place - 1) if place else None

    def first(self) -> int:
        """When the line begins, in seconds since 1970."""
        return self._times[0]

    def ahead(self) -> list[Point]:
        """Those up to HEAD that are dated in the future, the oldest first."""
        return [
            self._point(place) for place in range(bisect_right(self._times, self._soon), len(self._times))
        ]

    def misplaced(self, until: datetime) -> list[Point]:
        """Those that would stand on the other side of a moment if their own clock were right."""
        if not self._wrong:
            return []
        moment = until.timestamp()
        return [
            self._point(place)
            for place, (says, counts) in enumerate(zip(self._dates, self._times, strict=True))
            if (says <= moment) != (counts <= moment)
        ]

    def _point(self, place: int) -> Point:
        return Point(self._commit_at(place), self._dates[place])


def line_of_git(place: Location) -> Line:
    """The line as git walks it."""
    said = git.output(
        place.work_tree, "rev-list", "--first-parent", "--reverse", "--timestamp", "HEAD", "--"
    ).split()
    return Line([*map(int, said[::2])], said[1::2].__getitem__)
