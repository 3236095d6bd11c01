"""Times of commits that never go back, as near to what the clocks said as can be."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipecli.history.commit_as_of import never_falling

TIMES = st.lists(st.integers(0, 12), max_size=9)


@given(TIMES)
def test_they_never_go_back_and_as_few_as_can_be_are_changed(times):
    made, wrong = never_falling(times)

    assert all(before <= after for before, after in pairwise(made))
    fitting = max(
        size
        for size in range(len(times) + 1)
        for row in combinations(times, size)
        if all(before <= after for before, after in pairwise(row))
    )
    assert wrong == len(times) - fitting
    assert sum(old != new for old, new in zip(times, made, strict=True)) <= wrong


def test_one_wrong_clock_moves_only_its_own_commit():
    assert never_falling([10, 20, 9999, 30, 40]) == ([10, 20, 20, 30, 40], 1)
    assert never_falling([10, 20, 0, 30, 40]) == ([10, 20, 20, 30, 40], 1)
    assert never_falling([500, 20, 30]) == ([20, 20, 30], 1)
    assert never_falling([]) == ([], 0)


def test_the_future_fits_only_at_the_end():
    """Without now, two wrong clocks would outvote the one that is right."""
    assert never_falling([10, 900, 901, 20]) == ([10, 900, 901, 901], 1)
    assert never_falling([10, 900, 901, 20], now=50) == ([10, 10, 10, 20], 2)
    assert never_falling([10, 900, 20, 901], now=50) == ([10, 10, 20, 901], 1)
    assert never_falling([10, 20, 901, 900], now=50) == ([10, 20, 20, 900], 1)
