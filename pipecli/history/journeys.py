"""The journeys of deals: what the index has of them, with the stays that the commits tell of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from pipecli.history.index import Say, open_history
from pipecli.history.moments import NoSuchMoment
from pipecli.history.stages import Seen, sightings
from pipecli.reports.deals import Course, Journey, Place, Sighting, stays
from pipecli.store.files import Location
from pipecli.store.index.deals import Begun


class Journeys(NamedTuple):
    all: list[Journey]
    notes: list[str]
    """What makes them less than the whole story."""


def journeys(
    place: Location,
    begun: Sequence[Begun],
    *,
    until: str,
    now: datetime,
    stages: Mapping[Place, int],
    say: Say,
) -> Journeys:
    """The deals with their stays, as of `HEAD` or the id of a commit, and a moment.

    `stages` gives each its place in its process. What is not committed counts as of `now`.
    """
    try:
        seen = sightings(open_history(place, say), until, now, stages)
    except NoSuchMoment:  # nothing is committed yet
        seen = Seen({}, frozenset(), [])
    zone = now.tzinfo
    assert zone
    unused, found, moment = 0, [], int(now.timestamp())
    ends: dict[date | None, int | None] = {None: None}
    for each in begun:
        journey = each.journey
        facts = _facts(each, stages, zone) if each.facts else {}
        unused += len(each.facts) - len(facts)
        if journey.closed and journey.closed not in ends:
            ends[journey.closed] = _seconds(journey.closed, zone)
        present = Sighting(moment, journey.process, journey.stage, journey.status)
        course = Course(
            int(each.created.timestamp()),
            [*seen.sightings.get(journey.id, ()), present],
            facts,
            ends[journey.closed],
            journey.id in seen.cut,
        )
        found.append(journey._replace(stays=stays(course, stages)))
    return Journeys(found, [*seen.notes, *([_UNUSED[unused > 1].format(unused)] if unused else [])])


_UNUSED = (
    "1 entry of custom.stage_entered is no time at a stage of the deal's process: not used",
    "{} entries of custom.stage_entered are no times at a stage of the deal's process: not used",
)


def _facts(begun: Begun, stages: Mapping[Place, int], zone: tzinfo) -> dict[str, int]:
    """When a deal came to stages, in seconds since 1970; a bare day counts from its beginning."""
    found = {}
    for stage, text in begun.facts.items():
        if (begun.journey.process, stage) in stages and (moment := _moment(text, zone)) is not None:
            found[stage] = moment
    return found


def _moment(text: object, zone: tzinfo) -> int | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _seconds(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())
