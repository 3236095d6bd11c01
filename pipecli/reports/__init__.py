"""The reports: pure functions from rows to rows, without files, git or a terminal.

Here is what they share: the group of a record, percentages, the win rate, medians.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from pipecli.records.days import PERIOD_OF
from pipecli.records.money import EXACT

_HUNDREDTH = Decimal("0.01")


def group_of(record: object, by: str, day: date | None) -> str | None:
    """The group of a record in a report: the period of its day, or the field of that name."""
    if by in PERIOD_OF:
        return PERIOD_OF[by](day) if day else None
    field: str | None = getattr(record, by)
    return field


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole` in percent with two decimals, rounded half up; None of nothing."""
    if not whole:
        return None
    return EXACT.divide(EXACT.multiply(Decimal(part), 100), Decimal(whole)).quantize(
        _HUNDREDTH, ROUND_HALF_UP, EXACT
    )


def win_rate(won_count: int, lost_count: int) -> Decimal | None:
    """The win rate: the percent of the won among the won and the lost; None where nothing was decided."""
    return percent(won_count, won_count + lost_count)


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
