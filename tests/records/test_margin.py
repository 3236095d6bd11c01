"""Margins: exact, of what has a cost, in the document's currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pipecli.records.money import CostedLine, Margin, MissingRate, Rates, margin

DAY = date(2026, 11, 21)
RATES = Rates("EUR", {"USD": {date(2026, 1, 1): Decimal("0.80"), date(2026, 12, 1): Decimal("2")}})


def line(amount, cost=None, quantity="1", currency="EUR"):
    return CostedLine(Decimal(quantity), Decimal(amount), None if cost is None else Decimal(cost), currency)


def test_a_margin_is_the_net_less_the_cost():
    assert margin([line("100.00", "60"), line("50.00", "40.50")], "EUR", RATES, DAY) == Margin(
        Decimal("49.50"), Decimal("33.0"), 0
    )


def test_lines_of_unknown_cost_are_left_out_and_counted():
    found = margin([line("100.00", "60"), line("999.00"), line("1.00")], "EUR", RATES, DAY)

    assert found == Margin(Decimal("40.00"), Decimal("40.0"), 2)


def test_without_any_cost_there_is_no_margin():
    assert margin([line("100.00")], "EUR", RATES, DAY) is None
    assert margin([], "EUR", RATES, DAY) is None


def test_cost_rounds_half_up_per_line():
    assert margin([line("1.00", "0.005")], "EUR", RATES, DAY) == Margin(Decimal("0.99"), Decimal("99.0"), 0)


def test_cost_is_converted_by_the_rate_of_the_day():
    # 60 EUR are 75 USD on that day
    assert margin([line("100.00", "60")], "USD", RATES, DAY) == Margin(Decimal("25.00"), Decimal("25.0"), 0)
    # and a supplier's 50 USD are 40 EUR
    assert margin([line("100.00", "25", "2", "USD")], "EUR", RATES, DAY) == Margin(
        Decimal("60.00"), Decimal("60.0"), 0
    )


def test_a_margin_may_be_a_loss_and_a_gift_has_no_percentage():
    assert margin([line("10.00", "12.5")], "EUR", RATES, DAY) == Margin(Decimal("-2.50"), Decimal("-25.0"), 0)
    assert margin([line("0.00", "12.5")], "EUR", RATES, DAY) == Margin(Decimal("-12.50"), None, 0)


def test_a_missing_rate_is_an_error():
    with pytest.raises(MissingRate):
        margin([line("10.00", "1")], "GBP", RATES, DAY)
