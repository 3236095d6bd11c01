"""The days that a report is about."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import NamedTuple


class Days(NamedTuple):
    """From `first` to `last`, both included; None: no bound."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


def month_of(day: date) -> str:
    """`2026-11`."""
    return f"{day.year:04}-{day.month:02}"


def week_of(day: date) -> str:
    """`2026-W47`, the week of ISO 8601."""
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def quarter_of(day: date) -> str:
    """`2026-Q4`."""
    return f"{day.year:04}-Q{(day.month + 2) // 3}"


def day_in(moment: datetime, zone: tzinfo) -> date:
    """The day of a moment in a timezone; at the ends of the calendar, which have no other, its own."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return moment.date()
