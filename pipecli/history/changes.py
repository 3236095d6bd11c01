"""The movement of the pipeline between two moments, from what two commits hold.

Only the two states count, not the way between them: squashed or not, corrected on the way or not, the same
two trees give the same waterfall.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.history.deals import NONE, Deals, Reader, deals_at
from pipecli.history.index import History
from pipecli.history.moments import BeforeTheFirst, Moment, Revision, Stand, instant, shown, stand
from pipecli.history.versions import Version
from pipecli.records.money import Rates
from pipecli.reports.deals import Deal, Exchange
from pipecli.reports.waterfall import Side, Waterfall, Window, waterfall


class End(NamedTuple):
    """One of the two moments."""

    name: str
    """The moment as it was asked for: 2026-03-31, HEAD~3."""
    day: date
    stood: Stand | None
    """None: before the first commit, or before the pipeline was founded."""
    deals: Deals
    is_now: bool = False


class Changes(NamedTuple):
    opening: End
    closing: End
    currency: str
    waterfall: Waterfall

    def version(self, key: str) -> Version:
        """A deal as it is at the closing, or was at the opening where it is gone."""
        return self.closing.deals.versions.get(key) or self.opening.deals.versions[key]


class Asked(NamedTuple):
    """What a person wants to see the movement of."""

    since: Moment
    until: Moment | None
    """None: now."""
    window: Window | None
    currency: str | None
    """None: the base."""


def changes(history: History, asked: Asked, today: date, zone: tzinfo) -> Changes:
    """What moved between two moments. Raises NoSuchMoment, MissingRate."""
    _refuse_backwards(asked, zone)
    opening = _opening(history, asked.since, zone)
    closing = _end(history, Revision("HEAD") if asked.until is None else asked.until, zone)
    if asked.until is None:
        closing = closing._replace(name="now", day=today, is_now=True)
    rates = _rates(closing)
    target = asked.currency or rates.base
    before = _rates(opening)
    if before.base != rates.base:
        before = rates
    made = waterfall(
        _pairs(opening.deals, closing.deals),
        Side(Exchange(before, target, opening.day), opening.deals.stages),
        Side(Exchange(rates, target, closing.day), closing.deals.stages),
        asked.window,
    )
    return Changes(opening, closing, target, made)


def _rates(end: End) -> Rates:
    """The exchange rates of one end; those of a commit that is asked for can't be added to."""
    return end.deals.rates._replace(commit=end.stood.commit if end.stood and not end.is_now else None)


def _refuse_backwards(asked: Asked, zone: tzinfo) -> None:
    until = datetime.now(zone) if asked.until is None else asked.until
    if not (isinstance(asked.since, date) and isinstance(until, date)):
        return
    if instant(until, zone) <= instant(asked.since, zone):
        raise PipecliError(
            f"nothing lies between {shown(asked.since)} and {shown(asked.until or Revision('now'))}",
            hint="a date is the end of its day: --since yesterday shows what changed today",
        )


def _pairs(opening: Deals, closing: Deals) -> Iterator[tuple[str, Deal | None, Deal | None]]:
    """Each deal as it was and as it is; those that were closed all the time are nobody's movement."""
    old, new = Reader(opening.settings), Reader(closing.settings)
    for key in dict.fromkeys([*opening.versions, *closing.versions]):
        before, after = opening.versions.get(key), closing.versions.get(key)
        if before and after and before.status == after.status != "open":
            continue
        yield key, old.deal(before) if before else None, new.deal(after) if after else None


def _opening(history: History, moment: Moment, zone: tzinfo) -> End:
    """As `_end`; before the first commit the pipeline was empty, unless the clone lacks what was before."""
    try:
        return _end(history, moment, zone)
    except BeforeTheFirst as error:
        if error.is_shallow or not isinstance(moment, date):
            raise
        return End(shown(moment), instant(moment, zone).date(), None, NONE)


def _end(history: History, moment: Moment, zone: tzinfo) -> End:
    stood = stand(history.place, moment, zone, lambda _: history.line)
    day = instant(moment, zone).astimezone(zone).date() if isinstance(moment, date) else stood.at.date()
    deals = deals_at(history, stood.commit)
    if deals is None:
        raise BeforeTheFirst(
            f"at commit {stood.commit[:7]} of {stood.at:%Y-%m-%d} there was no pipeline yet", is_shallow=False
        )
    return End(shown(moment), day, stood, deals)
