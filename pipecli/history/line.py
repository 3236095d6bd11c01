"""The commits from HEAD along first parents, and when each of them counts: what a date means in git.

Along first parents, a merged branch counts from its merge on: it is then that the line of this branch first
said so. `docs/history.md` has the reasons.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pipecli.history.clocks import steady
from pipecli.store import git
from pipecli.store.location import Location


class Point(NamedTuple):
    """A commit, and when it was made in seconds since 1970, as it says."""

    commit: str
    seconds: int


class Line:
    """The commits up to HEAD, given with the oldest first; their times are those of history.clocks."""

    def __init__(self, points: Sequence[tuple[str, int]], now: datetime) -> None:
        self._points = points
        self._now = now
        self._soon = (now + timedelta(minutes=1)).timestamp()
        """Clocks differ by seconds."""
        self._times, self._wrong = steady([seconds for _, seconds in points], self._soon)
        """When each counts, and how many have a wrong clock."""

    def last(self, until: datetime) -> Point | None:
        """The commit that stood at a moment; None before the first. From now on it is HEAD."""
        if until >= self._now:
            return Point(*self._points[-1])
        place = bisect_right(self._times, until.timestamp())
        return Point(*self._points[place - 1]) if place else None

    def first(self) -> int:
        """When the line begins, in seconds since 1970."""
        return self._times[0]

    def ahead(self) -> list[Point]:
        """Those up to HEAD that are dated in the future, the oldest first."""
        place = bisect_right(self._times, self._soon)
        return [Point(*point) for point in self._points[place:]]

    def misplaced(self, until: datetime) -> list[Point]:
        """Those that would stand on the other side of a moment if their own clock were right."""
        if not self._wrong:
            return []
        moment = until.timestamp()
        return [
            Point(*point)
            for point, counts in zip(self._points, self._times, strict=True)
            if (point[1] <= moment) != (counts <= moment)
        ]


def points_of_git(place: Location) -> list[tuple[str, int]]:
    """The line as git walks it."""
    said = git.output(
        place.work_tree, "rev-list", "--first-parent", "--reverse", "--timestamp", "HEAD", "--"
    ).split()
    return list(zip(said[1::2], map(int, said[::2]), strict=True))
