"""The middle and the ninety percent of figures."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.reports import mean, median, percentile_90

FIGURES = st.lists(st.integers(0, 10**6), min_size=1, max_size=30)


@given(FIGURES)
def test_the_median_is_that_of_the_standard_library(figures):
    assert median(figures) == statistics.median(figures)


@given(FIGURES)
def test_nine_of_ten_are_within_the_90th_percentile_and_of_no_smaller_figure(figures):
    limit = percentile_90(figures)

    assert limit in figures
    assert sum(each <= limit for each in figures) * 10 >= len(figures) * 9
    for smaller in {each for each in figures if each < limit}:
        assert sum(each <= smaller for each in figures) * 10 < len(figures) * 9


@pytest.mark.parametrize("of", [median, percentile_90, mean])
def test_of_nothing_there_is_none_and_of_one_it_is_that(of):
    assert of([]) is None
    assert of([7]) == 7
