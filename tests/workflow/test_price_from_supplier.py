"""Prices from a supplier's answer, held to fractions that never round."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.records.items_and_totals import Item
from pipecli.records.money import Rates
from pipecli.records.papers import Quotation, SupplierItem, SupplierQuotation
from pipecli.workflow import Refused
from pipecli.workflow.supplier_quotation import price_from_supplier, same_item

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def answer(*items, currency="EUR"):
    return SupplierQuotation(
        id="SQ-A1111",
        created=NOW,
        opportunity="OPP-2Q8XA",
        supplier="acme",
        status="received",
        date=DAY,
        currency=currency,
        items=items,
    )


def quotation(*items):
    return Quotation(
        id="QTN-A1111",
        created=NOW,
        opportunity="OPP-2Q8XA",
        date=DAY,
        customer="c",
        currency="EUR",
        items=items,
    )


def half_up(exact):
    """A fraction to the cent, half up, by whole numbers only."""
    return Decimal((exact * 200 + 1).__floor__() // 2).scaleb(-2)


PRICES = st.decimals("0", "99999", places=4)
PERCENTS = st.decimals("0", "99.99", places=2)
RATE = st.decimals("0.0001", "9999", places=4)


@given(PRICES, PERCENTS, RATE)
def test_a_margin_is_exact_to_the_cent(price, percent, rate):
    rates = Rates("EUR", {"USD": {DAY: rate}})
    item = Item(description="x", unit_price=Decimal(1))
    quoted = answer(SupplierItem(description="x", unit_price=price), currency="USD")

    made, _ = price_from_supplier(quotation(item), quoted, rates, today=DAY, margin=percent)

    exact = Fraction(price) * Fraction(rate) / (1 - Fraction(percent) / 100)
    assert made.items[0].unit_price == half_up(exact)


@given(PRICES, PERCENTS)
def test_a_markup_is_exact_to_the_cent(price, percent):
    item = Item(description="x", unit_price=Decimal(1))
    quoted = answer(SupplierItem(description="x", unit_price=price))

    made, _ = price_from_supplier(quotation(item), quoted, Rates("EUR", {}), today=DAY, markup=percent)

    exact = price * (100 + percent) / 100
    assert made.items[0].unit_price == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_markup_below_cost_is_refused():
    quoted = answer(SupplierItem(description="x", unit_price=Decimal(1)))

    with pytest.raises(Refused, match="would sell below cost"):
        price_from_supplier(quotation(), quoted, Rates("EUR", {}), today=DAY, markup=Decimal(-1))


@pytest.mark.parametrize(("quantity", "price"), [("2", "9"), ("10", "7"), ("5", "9")])
def test_of_two_lines_of_a_product_the_one_with_the_quantity_counts(quantity, price):
    two = SupplierItem(product="tea", description="Tea", quantity=Decimal(2), unit_price=Decimal(9))
    ten = SupplierItem(product="tea", description="Tea", quantity=Decimal(10), unit_price=Decimal(7))
    item = Item(product="tea", description="Our tea", quantity=Decimal(quantity), unit_price=Decimal(1))

    found = same_item(item, answer(two, ten))

    assert found is not None
    assert found.unit_price == Decimal(price)


def test_a_line_without_product_is_known_by_its_description():
    item = Item(description="Installation", unit_price=Decimal(1))

    assert (
        same_item(item, answer(SupplierItem(description="Installation", unit_price=Decimal(9)))) is not None
    )
    assert same_item(item, answer(SupplierItem(description="Other", unit_price=Decimal(9)))) is None


def test_an_answer_is_valid_on_its_last_day():
    for last, count in ((None, 0), (DAY, 0), (date(2026, 11, 20), 1)):
        quoted = answer().with_(valid_until=last)
        rates = Rates("EUR", {})
        _, notes = price_from_supplier(quotation(), quoted, rates, today=DAY, markup=Decimal(1))
        assert len([note for note in notes if "was valid until" in note]) == count
