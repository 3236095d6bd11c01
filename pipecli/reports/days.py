"""The days of a report, and its arithmetic: percentages, shares without a lost cent, medians and means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pipecli.records.money import EXACT, rounded


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


def moment_in(moment: datetime, zone: tzinfo) -> datetime:
    """A moment by the clocks of a timezone; at the ends of the calendar, which have no other, by its own."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def day_in(moment: datetime, zone: tzinfo) -> date:
    """The day of a moment in a timezone."""
    return moment_in(moment, zone).date()


_HUNDREDTH = Decimal("0.01")


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole` in percent with two decimals, rounded half up; None of nothing."""
    if not whole:
        return None
    return EXACT.divide(EXACT.multiply(Decimal(part), 100), Decimal(whole)).quantize(
        _HUNDREDTH, ROUND_HALF_UP, EXACT
    )


def shared_out(
    amount: Decimal, items: Sequence[tuple[str | None, Decimal]], currency: str
) -> Iterator[tuple[str | None, Decimal]]:
    """Each product's part of a deal's amount, in proportion to its items; together the whole to the cent."""
    if len(items) == 1:  # as most deals have it, of thousands
        yield items[0][0], amount
        return
    shares: dict[str | None, Decimal] = {}
    for product, worth in items:
        shares[product] = shares.get(product, Decimal(0)) + worth
    whole = sum(shares.values(), Decimal(0))
    reached = passed = Decimal(0)
    for product, share in shares.items():
        reached += share
        until = amount
        if whole:
            until = rounded(EXACT.divide(EXACT.multiply(amount, reached), whole), currency)
        yield product, until - passed
        passed = until


def median(figures: Sequence[float]) -> float | None:
    """The middle one; of an even number the mean of the two in the middle. None of none."""
    if not figures:
        return None
    ordered = sorted(figures)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile_90(figures: Sequence[float]) -> float | None:
    """The smallest of them that nine of ten don't exceed: always one that there is. None of none."""
    if not figures:
        return None
    return sorted(figures)[-(-len(figures) * 9 // 10) - 1]


def mean(figures: Sequence[float]) -> float | None:
    return sum(figures) / len(figures) if figures else None
