"""The times of commits along a line, where the clocks of their makers were not all right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise


def steady(times: Sequence[int], now: float = float("inf")) -> tuple[list[int], int]:
    """The times so that none is before the one in front of it, and how many had to be changed.

    As few as can be: those that are in the way of the longest row of times that fit; of several the row that
    ends soonest. Each gets the time of the last that fits before it, at the beginning of the first. What is
    later than `now` fits only at the end of all.
    """
    if all(before <= after for before, after in pairwise(times)):
        return list(times), 0
    end = len(times)
    while end and times[end - 1] > now:
        end -= 1
    fitting = {*_longest_row([(place, times[place]) for place in range(end) if times[place] <= now])}
    fitting |= {*_longest_row([(place, times[place]) for place in range(end, len(times))])}
    last = times[min(fitting)]
    made = []
    for place, stamp in enumerate(times):
        last = stamp if place in fitting else last
        made.append(last)
    return made, len(times) - len(fitting)


def _longest_row(times: Sequence[tuple[int, int]]) -> list[int]:
    """The places of a longest row of times, each with its place, of which none is before an earlier one."""
    ends: list[int] = []
    """By length, the place among `times` of the earliest one with which a row of that length can end."""
    end_times: list[int] = []
    befores: list[int] = []
    for number, (_, stamp) in enumerate(times):
        length = bisect_right(end_times, stamp)
        befores.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        end_times[length : length + 1] = [stamp]
    row, number = [], ends[-1] if ends else -1
    while number >= 0:
        row.append(times[number][0])
        number = befores[number]
    return row
