"""Amounts as people write them: read exactly where they are certain, refused where they are not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.errors import Unreadable
from pipecli.records.money import bounded, without_exponent
from pipecli.records.written_amounts import TwoReadings, decimal_sign_of, read_money, read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$22,700.00", "22700.00"),
        ("1.234,56 €", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56\u00a0€", "1234.56"),
        ("1'234.50", "1234.50"),
        ("CHF 1’234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,34,567.00", "1234567.00"),
        ("US$ 5", "5"),
        ("R$ 1.234,5", "1234.5"),
        ("1000 EUR", "1000"),
        ("1000 SLE", "1000"),
        ("kr. 100", "100"),
        (".5", "0.5"),
        ("0,125", "0.125"),
        ("1234.567", "1234.567"),
        ("-5", "-5"),
        ("−5", "-5"),
        ("$-5.00", "-5.00"),
        ("5-", "-5"),
        ("(5.00)", "-5.00"),
        ("۱۲۳٬۴۵۶", "123456"),
        ("۱۲٫۵", "12.5"),
        ("١٢٣", "123"),
        ("22k", "22000"),
        ("1.5M", "1500000.0"),
        ("€12k", "12000"),
        ("1,5k €", "1500.0"),
        ("12k EUR", "12000"),
        ("12 kr", "12"),
        ("1.200,-", "1200.00"),
        ("€ 5,–", "5.00"),
        ("CHF 1'200.-", "1200.00"),
        ("1,2 Mio. €", "1200000.0"),
        ("2 Mrd", "2000000000"),
        ("2bn", "2000000000"),
        ("$(5.00)", "-5.00"),
        ("Rs. 12,34,567", "1234567"),
        ("120円", "120"),
        ("5 euro", "5"),
        ("1`200", "1200"),
        ("99999999999999999999.99", "99999999999999999999.99"),
    ],
)
def test_an_amount_is_read_to_its_last_digit(text: str, value: str) -> None:
    assert str(read_money(text, "").value) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "k",
        "22kg",
        "1..2",
        "1,23,4",
        "1.234.56",
        "1,234.5.6",
        "1 2 3",
        "5.",
        "1e5",
        "(5.00",
        "-(5)",
        "12–15",
        "$12k-15k",
        "€",
        "5 FOO",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="isn't an amount"):
        read_money(text, "")


def test_a_number_longer_than_arithmetic_with_it_is_refused() -> None:
    assert without_exponent(read_number("9" * 60, "")) == 10**60 - 1
    for read in (read_money, read_number):
        with pytest.raises(Unreadable, match="a number of more than 60 digits"):
            read("9" * 61, "")
    with pytest.raises(Unreadable, match="60 digits"):
        bounded(Decimal("1E+999999"))


def test_one_point_and_three_digits_are_no_certain_amount() -> None:
    with pytest.raises(Unreadable, match=r'"1\.234" is 1234 or 1\.234: say which in the mapping'):
        read_money("1.234", "")
    assert read_money("1.234", ".").value == Decimal("1.234")
    assert read_money("1.234", ",").value == 1234
    assert read_money("$1,234", ".").value == 1234


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("1,500k", "1500000", "1500.000"),
        ("1.250 Mio. €", "1250000000", "1250000.000"),
        ("(1,500)", "-1500", "-1.500"),
        ("1,500-", "-1500", "-1.500"),
    ],
)
def test_both_readings_have_the_sign_and_the_thousands_of_the_text(
    text: str, first: str, second: str
) -> None:
    with pytest.raises(TwoReadings) as told:
        read_money(text, "")
    assert told.value.readings == (Decimal(first), Decimal(second))
    assert f" is {first} or {second}: say which" in str(told.value)


def test_where_there_is_no_third_decimal_they_are_certain() -> None:
    assert read_money("1.234 €", "", has_thousandths=False).value == 1234
    with pytest.raises(Unreadable):
        read_money("1.234 KWD", "", has_thousandths=False)


def test_an_amount_that_contradicts_the_mapping_is_refused() -> None:
    for text, mark in (("22,700.00", ","), ("1.5", ","), ("1,5", "."), ("1,234,567", ",")):
        with pytest.raises(Unreadable, match="stands before the decimals"):
            read_money(text, mark)


def test_a_column_tells_what_stands_before_the_decimals() -> None:
    assert decimal_sign_of(["1,234", "22,700.00"]) == "."
    assert decimal_sign_of(["1.234", "kr. 5,5"]) == ","
    assert decimal_sign_of(["1,234,567"]) == "."
    assert decimal_sign_of(["1,234", "550", "abc"]) == ""
    assert decimal_sign_of(["1,5", "1.5"]) == ""


def test_a_sign_tells_the_currencies_it_may_mean() -> None:
    assert read_money("5 €", "").currencies == {"EUR"}
    assert {"USD", "MXN"} < read_money("$5", "").currencies
    assert "EUR" not in read_money("$5", "").currencies
    assert read_money("5 KWD", "").currencies == {"KWD"}
    assert read_money("5", "").currencies == frozenset()


def test_a_number_has_no_currency() -> None:
    assert read_number("19 %", "") == 19
    with pytest.raises(Unreadable, match="isn't a plain number"):
        read_number("19 €", "")


def test_a_percentage_of_three_decimals_is_no_thousand() -> None:
    assert read_number("9.975", "", is_percent=True) == Decimal("9.975")
    assert read_number("9,975 %", "", is_percent=True) == Decimal("9.975")
    with pytest.raises(Unreadable, match=r"9975 or 9\.975"):
        read_number("9.975", "")


@given(st.decimals(0, 10**12, places=2), st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]))
def test_what_a_program_writes_is_read_back(value: Decimal, signs: tuple[str, str]) -> None:
    thousands, decimal = signs
    text = f"{value:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    assert read_money(text, "").value == value
    assert decimal_sign_of([text]) == decimal
