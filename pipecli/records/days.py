"""Days: that of a moment in a timezone, its week, month or quarter, spans of days, and a day so long after.

Days and moments as people type them are read in `cli/common/typed_dates.py`, those of other programs' files
in `inbox/importing/day_formats.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import MAXYEAR, date, datetime, timedelta, tzinfo
from functools import cache
from typing import NamedTuple, TypeVar

D = TypeVar("D", bound=date)


class Days(NamedTuple):
    """From `first` to `last`, both included; None: no bound."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date | None) -> bool:
        """True for a day within the bounds; False without a day."""
        return (
            day is not None
            and (self.first is None or self.first <= day)
            and (self.last is None or day <= self.last)
        )


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


PERIOD_OF: dict[str, Callable[[date], str]] = {
    name: cache(of) for name, of in (("week", week_of), ("month", month_of), ("quarter", quarter_of))
}
"""The name of a day's period, by the grouping of a report."""
PERIODS = ("month", "quarter")


def moment_in(moment: datetime, zone: tzinfo) -> datetime:
    """A moment by the clocks of a timezone; at the ends of the calendar, which have no other, by its own."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def day_in(moment: datetime | date, zone: tzinfo) -> date:
    """The day of a moment in a timezone; of a day, which has no hour, itself."""
    return moment_in(moment, zone).date() if isinstance(moment, datetime) else moment


def day_after(day: date, every: str) -> date:
    """The day so long after another, `1 month on the 31st`; of a month that is shorter its last day."""
    every, _, own = every.partition(" on the ")
    number, _, unit = every.partition(" ")
    if unit.startswith(("day", "week")):
        return day + timedelta(days=int(number) * (7 if unit.startswith("week") else 1))
    return months_later(day, int(number) * (12 if unit.startswith("year") else 1), int(own[:2] or day.day))


def months_later(day: D, months: int, own: int = 0) -> D:
    """The same day of a later month (or its day `own`), or that month's last one; of no year after all."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = min(day.year + years, MAXYEAR), month + 1
    return day.replace(year=year, month=month, day=min(own or day.day, days_in_month(year, month)))


def days_in_month(year: int, month: int) -> int:
    """31 of January. `calendar` knows it, too, and takes 3 ms, which each report would pay."""
    return 31 if month == 12 else (date(year, month + 1, 1) - timedelta(days=1)).day


def months_around(day: date, count: int) -> tuple[date, date]:
    """The first and the last day of the month (1), the quarter (3) or the year (12) of a day."""
    first = day.replace(month=day.month - (day.month - 1) % count, day=1)
    return first, months_later(first, count - 1, 31)
