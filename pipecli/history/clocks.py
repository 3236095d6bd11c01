"""The times of commits along a line, where the clocks of their makers were not all right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise


def steady(times: Sequence[int]) -> tuple[list[int], int]:
    """The times so that none is before the one in front of it, and how many had to be changed.

    As few as can be: those that are in the way of the longest row of times that fit. Each gets the time of
    the last that fits before it, at the beginning of the first.
    """
    if all(before <= after for before, after in pairwise(times)):
        return list(times), 0
    fitting = set(_longest_row(times))
    last = times[min(fitting)]
    made = []
    for place, time in enumerate(times):
        last = time if place in fitting else last
        made.append(last)
    return made, len(times) - len(fitting)


def _longest_row(times: Sequence[int]) -> list[int]:
    """The places of a longest row of times of which none is before another that is in front of it."""
    ends: list[int] = []
    """By length, the place of the earliest time with which a row of that length can end."""
    end_times: list[int] = []
    befores: list[int] = []
    for place, time in enumerate(times):
        length = bisect_right(end_times, time)
        befores.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        end_times[length : length + 1] = [time]
    row, place = [], ends[-1] if ends else -1
    while place >= 0:
        row.append(place)
        place = befores[place]
    return row
