"""What a field accepts, and what it refuses because nobody meant it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipecli.records.base import Amount, CurrencyCode, Day, Line, Moment, MomentOrDay, Percent, Quantity, Text


def read(kind: object, value: object) -> object:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: object, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    return caught.value.errors()[0]["msg"]


@given(st.decimals(min_value=0, max_value=Decimal("9999999999999.99"), places=2))
def test_money_that_a_reader_gave_as_a_float_is_exact(amount):
    assert read(Amount, float(amount)) == amount


@given(st.decimals(min_value=0, max_value=Decimal("9999999999.9999"), places=4))
def test_a_decimal_keeps_the_digits_it_came_with(amount):
    assert str(read(Amount, amount)) == str(amount)


def test_money_reads_as_it_is_written():
    assert str(read(Amount, 2499.0)) == "2499.00"
    assert str(read(Amount, 1500)) == "1500"
    assert str(read(Amount, 0.0125)) == "0.0125"
    assert str(read(Quantity, 2.0)) == "2"


@pytest.mark.parametrize("value", ["2499.00", True, None, [1], "€5"])
def test_money_is_a_plain_number(value):
    assert "must be a number" in refusal(Amount, value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 12345678901234.567, 10**15])
def test_money_that_could_not_be_kept_exactly_is_refused(value):
    assert refusal(Amount, value)


def test_signs_and_bounds():
    assert "greater than or equal to 0" in refusal(Amount, -1)
    assert "greater than 0" in refusal(Quantity, 0)
    assert "less than or equal to 100" in refusal(Percent, 140)
    assert "greater than or equal to 0" in refusal(Percent, -5)
    assert read(Percent, 12.5) == Decimal("12.5")


def test_a_day_is_an_iso_date_and_nothing_that_merely_could_be():
    assert read(Day, "2026-11-21") == date(2026, 11, 21)
    for other in (20261121, "20261121", "2026-W47-6", "2026-11-21T10:00:00Z", 1.5, True, "21.11.2026"):
        assert "must be a date" in refusal(Day, other)
    assert "2026-02-30 isn't a day of the calendar" in refusal(Day, "2026-02-30")


def test_a_moment_needs_its_offset():
    assert read(Moment, "2026-11-21T10:00:00+01:00").utcoffset().total_seconds() == 3600
    assert read(Moment, "2026-11-21T09:00Z") == read(Moment, "2026-11-21T10:00:00+01:00")
    for other in ("2026-11-21T10:00:00", "2026-11-21", 1763719200, "10:00"):
        assert "must be a time with its offset" in refusal(Moment, other)
    assert "isn't a time of the calendar" in refusal(Moment, "2026-11-21T25:00:00Z")


def test_a_moment_has_a_day_in_every_timezone():
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-12:00"):
        assert "isn't a time of the calendar in every timezone" in refusal(Moment, edge)


def test_an_activity_may_have_a_bare_day():
    assert read(MomentOrDay, "2026-11-21") == date(2026, 11, 21)
    assert read(MomentOrDay, "2026-11-21T10:00+01:00").hour == 10


def test_text_is_never_made_of_a_number():
    for value in (1.10, 7, True, None, ["x"]):
        assert refusal(Text, value)
    assert refusal(Line, "two\nlines")
    assert refusal(Text, "")
    assert read(Line, "فروشگاه قهوه") == "فروشگاه قهوه"


def test_a_currency_is_one_that_there_is_or_was():
    assert [read(CurrencyCode, code) for code in ("EUR", "IRR", "HRK")] == ["EUR", "IRR", "HRK"]
    assert refusal(CurrencyCode, "XQZ") == (
        "Value error, XQZ isn't a currency of ISO 4217; write its code, such as EUR"
    )
