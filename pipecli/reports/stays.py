"""Stays: how long a deal was at each stage and where it went from there, from when it was seen where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

_DAY = 86_400

Place = tuple[str, str]
"""A process and a stage of it."""


class Sighting(NamedTuple):
    """A deal as it was from a moment on."""

    at: int
    """Seconds since 1970."""
    process: str
    stage: str
    status: str


class Course(NamedTuple):
    """What is known of the way of one deal, up to now."""

    created: int
    sightings: Sequence[Sighting]
    """In the order of time; the last is how it is now."""
    facts: Mapping[str, int]
    """When it came to a stage of its process, as an import said it, for what no commit shows."""
    closed: int | None = None
    """The beginning of the day on which it ended, as it says; None of an open one."""
    is_cut: bool = False
    """Whether there is an earlier part of its history that is not here."""


class Stay(NamedTuple):
    """One visit of a deal to a stage."""

    process: str
    stage: str
    entered: int | None
    """None: it was there before anybody looked."""
    left: int | None
    """None: it is there."""
    end: str
    """`on`, `back` or `elsewhere` (to a stage of another process, or one that is gone); `won`, `lost` or
    `closed`; `here` of one that is there still."""

    @property
    def seconds(self) -> int | None:
        """How long; None of a stay whose beginning nobody knows, or that has no end yet."""
        return None if self.entered is None or self.left is None else self.left - self.entered


def stays(course: Course, places: Mapping[Place, int]) -> list[Stay]:
    """The stays of a deal, one after the other. `places` gives each stage its place in its process.

    A deal that is first seen where it was created, within a day, came there at its creation; of any other the
    time before is unknown. A deal that is reopened comes to its stage again.
    """
    found: list[Stay] = []
    way = _way(course)
    entered = _first_entered(course, way[0])
    for here, then in pairwise(way):
        if here.status == "open":
            left = max(then.at if then.status == "open" else _ended(course, way, then), entered or 0)
            found.append(Stay(here.process, here.stage, entered, left, _end(here, then, places)))
            entered = left
        elif then.status == "open":
            entered = then.at
        elif found:  # how it ended was corrected
            found[-1] = found[-1]._replace(end=then.status)
    last = way[-1]
    if last.status == "open":
        found.append(Stay(last.process, last.stage, entered, None, "here"))
    elif len(way) == 1:  # it was over when it was first seen
        left = max(_ended(course, way, last), entered or 0)
        found.append(Stay(last.process, last.stage, entered, left, last.status))
    return found


def furthest(found: Sequence[Stay], places: Mapping[Place, int]) -> dict[str, int]:
    """By process, the place of the last stage that a deal ever reached."""
    reached: dict[str, int] = {}
    for stay in found:
        place = places.get((stay.process, stay.stage))
        if place is not None:
            reached[stay.process] = max(place, reached.get(stay.process, 0))
    return reached


def _way(course: Course) -> list[Sighting]:
    """The sightings with the facts among them, each different from the one before."""
    seen = course.sightings
    if not course.facts:
        return _changes(seen)
    process = seen[-1].process
    first_seen: dict[str, int] = {}
    for each in reversed(seen):
        first_seen[each.stage] = each.at
    facts = [
        Sighting(at, process, stage, "open")
        for stage, at in course.facts.items()
        if at <= first_seen.get(stage, seen[-1].at)
    ]
    return _changes(sorted([*facts, *seen], key=lambda each: each.at))


def _changes(seen: Sequence[Sighting]) -> list[Sighting]:
    way = [seen[0]]
    for each in seen[1:]:
        if way[-1][1:] != each[1:]:
            way.append(each)
    return way


def _first_entered(course: Course, first: Sighting) -> int | None:
    if first.stage in course.facts and course.facts[first.stage] == first.at:
        return first.at
    if course.is_cut or first.at - course.created > _DAY:
        return None
    return min(course.created, first.at)


def _ended(course: Course, way: Sequence[Sighting], end: Sighting) -> int:
    """When a deal ended: at the beginning of its own date where somebody noted it on a later day."""
    if end is not way[-1] or course.closed is None or end.at - course.closed < _DAY:
        return end.at
    return course.closed


def _end(here: Sighting, then: Sighting, places: Mapping[Place, int]) -> str:
    if then.status != "open":
        return then.status
    old, new = places.get((here.process, here.stage)), places.get((then.process, then.stage))
    if here.process != then.process or old is None or new is None:
        return "elsewhere"
    return "on" if new > old else "back"
