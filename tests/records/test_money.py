"""Rounding, weighting and converting money, against sources that are not ours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipecli.records.items_and_totals import Item, totals
from pipecli.records.money import MissingRate, Rates, minor_digits, rounded, weighted_amount
from pipecli.store.pipeline import rates_of

CURRENCIES = ["EUR", "JPY", "KWD", "USD", "CLF"]
amounts = st.decimals(min_value=0, max_value=10**10, places=4)
percents = st.decimals(min_value=0, max_value=100, places=2)


def half_up(value: Fraction, digits: int) -> Fraction:
    """The oracle: exact fractions, and the definition of rounding half up for what is not negative."""
    scale = 10**digits
    return Fraction(int(value * scale + Fraction(1, 2)), scale)


def test_minor_units_are_those_of_iso_4217():
    assert [minor_digits(code) for code in ("EUR", "USD", "IRR", "JPY", "KWD", "CLF")] == [2, 2, 2, 0, 3, 4]


@given(amounts, st.sampled_from(CURRENCIES))
def test_rounding_is_half_up_to_the_minor_unit(amount, currency):
    assert Fraction(rounded(amount, currency)) == half_up(Fraction(amount), minor_digits(currency))


@given(amounts, percents, st.sampled_from(CURRENCIES))
def test_the_weighted_amount_is_rounded_once(amount, probability, currency):
    exact = Fraction(amount) * Fraction(probability) / 100
    assert Fraction(weighted_amount(amount, probability, currency)) == half_up(exact, minor_digits(currency))


items = st.builds(
    Item,
    description=st.just("Café S-100"),
    quantity=st.decimals(min_value="0.001", max_value=9999, places=3),
    unit_price=st.decimals(min_value=0, max_value=99999, places=4),
    discount=st.none() | percents,
    tax=st.none() | st.sampled_from([Decimal(0), Decimal("4"), Decimal("10.5"), Decimal("21")]),
)


@given(st.lists(items, max_size=8), st.sampled_from(CURRENCIES))
def test_totals_and_taxes_equal_an_exact_oracle(lines, currency):
    digits = minor_digits(currency)

    def line(item: Item) -> Fraction:
        off = Fraction(item.discount or 0) / 100
        return half_up(Fraction(item.quantity) * Fraction(item.unit_price) * (1 - off), digits)

    nothing = dict.fromkeys(("tax_included", "discount", "discount_amount"))
    made = totals(SimpleNamespace(items=lines, currency=currency, **nothing))
    assert Fraction(made.net) == sum(line(item) for item in lines)
    for rate, tax in made.tax_by_rate.items():
        net = sum(line(item) for item in lines if item.tax == rate)
        assert Fraction(tax) == half_up(net * Fraction(rate) / 100, digits)


RATES = Rates("EUR", {"USD": {date(2026, 1, 1): Decimal("0.92"), date(2026, 7, 1): Decimal("0.85")}})


def test_a_rate_is_the_last_one_known_on_the_day():
    assert RATES.convert(Decimal(100), "USD", date(2026, 6, 30)) == Decimal("92.00")
    assert RATES.convert(Decimal(100), "USD", date(2026, 7, 1)) == Decimal("85.00")
    assert RATES.convert(Decimal(85), "EUR", date(2026, 7, 1), to="USD") == Decimal("100.00")
    assert RATES.convert(Decimal("7.5"), "EUR", date(2000, 1, 1)) == Decimal("7.5")


digits_of_15 = st.integers(min_value=1, max_value=10**15 - 1)
exact_rates = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), digits_of_15, st.integers(0, 15)
)


@given(digits_of_15, exact_rates, exact_rates, st.sampled_from(["EUR", "JPY", "KWD"]))
@example(999999999999999, Decimal("0.500000000000001"), Decimal(1), "JPY")
def test_converting_equals_an_exact_oracle(amount, rate, other, target):
    """Of the most digits that a file can hold: a product of two such has 30."""
    day = date(2026, 1, 1)
    rates = Rates("USD", {"CHF": {day: rate}, target: {day: other}})
    exact = Fraction(amount) * Fraction(rate) / Fraction(other)
    assert Fraction(rates.convert(Decimal(amount), "CHF", day, to=target)) == half_up(
        exact, minor_digits(target)
    )


def test_the_base_is_the_currency_of_the_settings_or_the_euro():
    assert rates_of({"currency": "CHF", "exchange_rates": {"USD": {"2026-01-01": 0.9}}}) == Rates(
        "CHF", {"USD": {date(2026, 1, 1): Decimal("0.9")}}
    )
    assert rates_of({"currency": None}) == Rates("EUR", {})


def test_a_missing_rate_names_itself_and_the_way_out():
    with pytest.raises(MissingRate) as caught:
        RATES.convert(Decimal(1), "USD", date(2025, 12, 31))
    assert str(caught.value) == (
        "no exchange rate from USD to EUR on or before 2025-12-31; "
        "add one: pipecli settings set exchange_rates.USD.2025-12-31=RATE"
    )
