"""Business hours: the time between two moments in which a pipeline's people are at work.

What counts is the clock on their wall, so a day whose clock changes is as long as it really was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = int(datetime(1900, 1, 2, tzinfo=UTC).timestamp())
_LAST = int(datetime(2199, 12, 30, tzinfo=UTC).timestamp())
"""Nothing before or after is counted: a slip in a year must not have us look at a million days."""


class BusinessHours(NamedTuple):
    """What the settings say."""

    days: frozenset[int]
    """0 is Monday."""
    opens: int
    """Minutes since midnight."""
    closes: int
    """Minutes since midnight; 1440 is the end of the day."""
    holidays: frozenset[date]


def business_hours_of(settings: Mapping[str, Any]) -> BusinessHours | None:
    """The `business_hours` of settings as they are written; None where they have none."""
    written = settings.get("business_hours")
    if not written:
        return None
    return BusinessHours(
        frozenset(_WEEKDAYS.index(day) for day in written["days"]),
        _minutes(written["from"]),
        _minutes(written["to"]),
        frozenset(date.fromisoformat(day) for day in written.get("holidays") or ()),
    )


class WorkingTime:
    """Counts business minutes in a timezone. What it learns of a year is kept for the next question."""

    def __init__(self, hours: BusinessHours, zone: tzinfo) -> None:
        self._hours = hours
        self._zone = zone
        self._years: dict[int, list[int]] = {}

    def minutes(self, start: datetime, end: datetime) -> int:
        """Whole business minutes from one moment to another; 0 where the second is not the later."""
        first, last = _seconds(start), _seconds(end)
        if last <= first:
            return 0
        begun, reached = self._local_day(first), self._local_day(last)
        years = sum(self._sums(year)[-1] for year in range(begun.year, reached.year))
        return (years + self._within_year(reached, last) - self._within_year(begun, first)) // _MINUTE

    def _local_day(self, seconds: int) -> date:
        return datetime.fromtimestamp(seconds, self._zone).date()

    def _within_year(self, day: date, until: int) -> int:
        """Business seconds from the beginning of a day's year to a moment of that day."""
        before = self._sums(day.year)[day.timetuple().tm_yday - 1]
        return before + sum(max(0, min(until, closed) - opened) for opened, closed in self._open(day))

    def _sums(self, year: int) -> list[int]:
        """Business seconds of a year before each of its days, and at last of all of it."""
        if year not in self._years:
            sums, day = [0], date(year, 1, 1)
            while day.year == year:
                sums.append(sums[-1] + sum(closed - opened for opened, closed in self._open(day)))
                day += timedelta(days=1)
            self._years[year] = sums
        return self._years[year]

    def _open(self, day: date) -> Iterator[tuple[int, int]]:
        """From when to when a day is open, in seconds since 1970; twice where the clock goes back then."""
        hours = self._hours
        if day.weekday() not in hours.days or day in hours.holidays:
            return
        midnight, next_midnight = self._wall(day, 0), self._wall(day, 24 * 60)
        if midnight.utcoffset() == next_midnight.utcoffset():
            start = _seconds(midnight)
            yield start + hours.opens * _MINUTE, start + hours.closes * _MINUTE
            return
        last = _seconds(next_midnight.replace(fold=1))
        for second in range(_seconds(midnight), last, _MINUTE):
            wall = datetime.fromtimestamp(second, self._zone)
            if wall.date() == day and hours.opens <= wall.hour * 60 + wall.minute < hours.closes:
                yield second, second + _MINUTE

    def _wall(self, day: date, minutes: int) -> datetime:
        """The moment at which the clock on the wall shows so many minutes of a day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return midnight + timedelta(minutes=minutes)  # of one zone, so the clock's hands are moved, not time


def _seconds(moment: datetime) -> int:
    return min(max(int((moment - _EPOCH).total_seconds()), _FIRST), _LAST)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
