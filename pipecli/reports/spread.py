"""What lies in the middle of some figures, and what nine of ten stay within."""

from __future__ import annotations

from collections.abc import Sequence


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
