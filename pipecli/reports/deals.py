"""A deal as the reports see it, and its worth in one currency.

A deal that is open, as the reports on what stands now see it.

A deal that ended, as the reports on wins and losses see it.

Stays: how long a deal was at each stage and where it went from there, from when it was seen where.

The journey of a deal: what it is, when it began and ended, and its stays at the stages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Context, Decimal, localcontext
from itertools import pairwise
from typing import NamedTuple

from pipecli.records.money import Rates, rounded, weighted
from pipecli.reports.days import Days, month_of, quarter_of


class Deal(NamedTuple):
    """An open or won opportunity as it was at one moment, its money in its own currency."""

    status: str
    process: str
    stage: str
    owner: str | None
    team: str | None
    type: str
    source: str | None
    customer: str | None
    currency: str
    amount: Decimal | None
    """What it is worth; of a won deal the final value."""
    probability: Decimal | None
    """0 to 100; None where nobody knows the stage: then it weighs nothing."""
    close: date | None
    """The expected close; of a won deal the day it was won."""
    products: tuple[tuple[str | None, Decimal], ...] = ()
    """Each item's product and amount; only needed for the forecast by product."""
    category: str | None = None
    """How surely it is expected, as its stage says: commit, best-case, pipeline; None where no stage does."""


class Worth(NamedTuple):
    """What a deal is worth in the currency of the forecast."""

    amount: Decimal
    weighted: Decimal


class Exchange:
    """Puts deals in one currency: open ones at the rate of `today`, won ones at that of their day."""

    def __init__(self, rates: Rates, currency: str, today: date) -> None:
        self.rates = rates
        self.currency = currency
        self.today = today
        self._known: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}

    def worth(self, deal: Deal) -> Worth | None:
        """The amount and the weighted amount of a deal, each rounded once; None without an amount.

        Raises MissingRate.
        """
        if deal.amount is None:
            return None
        probability = deal.probability or Decimal(0)
        if deal.currency == self.currency:
            return Worth(
                rounded(deal.amount, self.currency), weighted(deal.amount, probability, self.currency)
            )
        theirs, ours = self._rates(deal.currency, deal.close if deal.status == "won" else None)
        with localcontext(_EXACT):  # and divide last: a half that is rounded up must still be one
            in_base = deal.amount * theirs
            return Worth(
                rounded(in_base / ours, self.currency),
                rounded(in_base * probability / 100 / ours, self.currency),
            )

    def _rates(self, currency: str, day: date | None) -> tuple[Decimal, Decimal]:
        """What one unit of a currency, and of ours, is in the base on a day (None: today)."""
        known = (currency, day or self.today)
        if known not in self._known:
            self._known[known] = self.rates.rate(*known), self.rates.rate(self.currency, known[1])
        return self._known[known]


_EXACT = Context(prec=60)
"""More digits than the product of an amount, a rate and a probability can have."""


class OpenDeal(NamedTuple):
    """An open opportunity, its money in its own currency."""

    id: str
    title: str
    process: str
    stage: str
    owner: str | None
    team: str | None
    type: str
    source: str | None
    customer: str | None
    currency: str
    amount: Decimal | None
    probability: Decimal
    """0 to 100; 0 where nobody knows the stage."""
    expected_close: date | None
    created: date
    last_activity: date | None
    """The day of the last activity that was done, as it was written."""
    rotting_days: int | None
    """After so many days without movement it is stale; None: never."""
    score: int | None = None
    """Of the lead it came from, 0 to 100."""

    @property
    def month(self) -> str | None:
        return month_of(self.expected_close) if self.expected_close else None

    @property
    def quarter(self) -> str | None:
        return quarter_of(self.expected_close) if self.expected_close else None


class ClosedDeal(NamedTuple):
    """A won, lost or closed opportunity, its money in its own currency."""

    id: str
    status: str
    process: str
    stage: str
    """Where it stood when it ended."""
    owner: str | None
    team: str | None
    type: str
    source: str | None
    customer: str | None
    currency: str
    amount: Decimal | None
    """The final value of a won one; of the others what they were worth."""
    created: date
    closed: date
    reason: str | None
    competitor: str | None
    """To whom it was lost."""
    competitors: tuple[str, ...]
    """All who were after it."""
    products: tuple[tuple[str | None, Decimal], ...] = ()
    """Each item's product and amount; only read where they are asked for."""

    @property
    def month(self) -> str:
        return month_of(self.closed)

    @property
    def quarter(self) -> str:
        return quarter_of(self.closed)


_DAY = 86_400

Place = tuple[str, str]
"""A process and a stage of it."""


class Observation(NamedTuple):
    """A deal as it was from a moment on."""

    at: int
    """Seconds since 1970."""
    process: str
    stage: str
    status: str


class StageHistory(NamedTuple):
    """What is known of the way of one deal, up to now."""

    created: int
    sightings: Sequence[Observation]
    """In the order of time; the last is how it is now."""
    facts: Mapping[str, int]
    """When it came to a stage of its process, as an import said it, for what no commit shows."""
    closed: int | None = None
    """The beginning of the day on which it ended, as it says; None of an open one."""
    is_cut: bool = False
    """Whether there is an earlier part of its history that is not here."""


class StageVisit(NamedTuple):
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


def stage_visits(course: StageHistory, places: Mapping[Place, int]) -> list[StageVisit]:
    """The stays of a deal, one after the other. `places` gives each stage its place in its process.

    A deal that is first seen where it was created, within a day, came there at its creation; of any other the
    time before is unknown. A deal that is reopened comes to its stage again.
    """
    found: list[StageVisit] = []
    way = _way(course)
    entered = _first_entered(course, way[0])
    for here, then in pairwise(way):
        if here.status == "open":
            left = max(then.at if then.status == "open" else _ended(course, way, then), entered or 0)
            found.append(StageVisit(here.process, here.stage, entered, left, _end(here, then, places)))
            entered = left
        elif then.status == "open":
            entered = then.at
        elif found:  # how it ended was corrected
            found[-1] = found[-1]._replace(end=then.status)
    last = way[-1]
    if last.status == "open":
        found.append(StageVisit(last.process, last.stage, entered, None, "here"))
    elif len(way) == 1:  # it was over when it was first seen
        left = max(_ended(course, way, last), entered or 0)
        found.append(StageVisit(last.process, last.stage, entered, left, last.status))
    return found


def furthest(found: Sequence[StageVisit], places: Mapping[Place, int]) -> dict[str, int]:
    """By process, the place of the last stage that a deal ever reached."""
    reached: dict[str, int] = {}
    for stage_visit in found:
        place = places.get((stage_visit.process, stage_visit.stage))
        if place is not None:
            reached[stage_visit.process] = max(place, reached.get(stage_visit.process, 0))
    return reached


def _way(course: StageHistory) -> list[Observation]:
    """The sightings with the facts among them, each different from the one before."""
    seen = course.sightings
    if not course.facts:
        return _changes(seen)
    process = seen[-1].process
    first_seen: dict[str, int] = {}
    for each in reversed(seen):
        first_seen[each.stage] = each.at
    facts = [
        Observation(at, process, stage, "open")
        for stage, at in course.facts.items()
        if at <= first_seen.get(stage, seen[-1].at)
    ]
    return _changes(sorted([*facts, *seen], key=lambda each: each.at))


def _changes(seen: Sequence[Observation]) -> list[Observation]:
    way = [seen[0]]
    for each in seen[1:]:
        if way[-1][1:] != each[1:]:
            way.append(each)
    return way


def _first_entered(course: StageHistory, first: Observation) -> int | None:
    if first.stage in course.facts and course.facts[first.stage] == first.at:
        return first.at
    if course.is_cut or first.at - course.created > _DAY:
        return None
    return min(course.created, first.at)


def _ended(course: StageHistory, way: Sequence[Observation], end: Observation) -> int:
    """When a deal ended: at the beginning of its own date where somebody noted it on a later day."""
    if end is not way[-1] or course.closed is None or end.at - course.closed < _DAY:
        return end.at
    return course.closed


def _end(here: Observation, then: Observation, places: Mapping[Place, int]) -> str:
    if then.status != "open":
        return then.status
    old, new = places.get((here.process, here.stage)), places.get((then.process, then.stage))
    if here.process != then.process or old is None or new is None:
        return "elsewhere"
    return "on" if new > old else "back"


class Journey(NamedTuple):
    """An opportunity, its money in its own currency."""

    id: str
    status: str
    process: str
    stage: str
    owner: str | None
    team: str | None
    type: str
    source: str | None
    campaign: str | None
    currency: str
    amount: Decimal | None
    """Of a won deal the final value."""
    created: date
    closed: date | None
    has_lead: bool
    stage_visits: Sequence[StageVisit] = ()

    @property
    def cycle_days(self) -> int | None:
        """From its creation to its end; None of an open one, and where its end is before its creation."""
        if self.closed is None or self.closed < self.created:
            return None
        return (self.closed - self.created).days

    def is_alive(self, days: Days) -> bool:
        """Whether it was open on one of these days, or ended on one."""
        has_begun = days.last is None or self.created <= days.last
        return has_begun and (self.closed is None or days.first is None or self.closed >= days.first)

    def is_decided(self, days: Days) -> bool:
        return self.closed is not None and days.has(self.closed)

    def is_open_after(self, last: date | None) -> bool:
        """Whether it was open at the end of a day; None: now."""
        if last is None:
            return self.closed is None
        return self.created <= last and (self.closed is None or self.closed > last)
