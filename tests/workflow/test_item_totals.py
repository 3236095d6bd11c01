"""What a deal is worth, against exact fractions, whatever is added and removed in whatever order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from pipecli.records.catalogue import PriceList, Product, Tier
from pipecli.records.money import minor_digits, weighted_amount
from pipecli.records.settings import Company, Settings
from pipecli.workflow.items_and_prices import add_item, remove_item
from pipecli.workflow.opportunity.add_and_change import new_deal

DAY = date(2026, 11, 20)
SETTINGS = Settings(
    company=Company(name="Contoso"),
    processes={"standard": {"stages": [{"id": "qualify", "probability": 10}]}},
)


class Prices(NamedTuple):
    """The terms that lines are priced by."""

    price_lists: list[PriceList] = []
    settings: Settings = SETTINGS


CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])  # 0, 2 and 3 digits

fifteen_digits = st.integers(1, 10**15 - 1).flatmap(
    lambda digits: st.integers(0, 6).map(lambda places: Decimal(digits).scaleb(-places))
)
quantities = st.decimals(min_value="0.001", max_value=9999, places=3) | fifteen_digits
prices = st.just(Decimal(0)) | st.decimals(min_value=0, max_value=99999, places=4) | fifteen_digits
percents = st.none() | st.decimals(min_value=0, max_value=100, places=2)
lines = st.tuples(quantities, prices, percents)


def deal_in(currency: str):
    now = datetime(2026, 11, 20, 10, tzinfo=UTC)
    return new_deal(
        SETTINGS, id="OPP-2Q8XA", now=now, title="Espresso", process="standard", currency=currency
    )


def amount_of(line, currency: str) -> Fraction:
    """The oracle: exact fractions, and the definition of rounding half up for what is not negative."""
    quantity, price, discount = line
    exact = Fraction(quantity) * Fraction(price) * (1 - Fraction(discount or 0) / 100)
    scale = 10 ** minor_digits(currency)
    return Fraction(int(exact * scale + Fraction(1, 2)), scale)


def with_line(deal, line):
    words = dict(zip(("quantity", "price", "discount"), line, strict=True))
    return add_item(deal, Prices(), DAY, description="x", **words).record


@given(st.lists(lines, min_size=1, max_size=6), CURRENCIES)
def test_a_deal_is_worth_the_sum_of_its_lines(given_lines, currency):
    deal = deal_in(currency)
    for line in given_lines:
        deal = with_line(deal, line)
    value = deal.value
    assert Fraction(value) == sum(amount_of(line, currency) for line in given_lines)
    assert -value.as_tuple().exponent == minor_digits(currency)


@given(st.lists(lines, max_size=5), st.data(), CURRENCIES)
def test_adding_and_removing_in_any_order_keeps_the_sum(given_lines, data, currency):
    deal, kept, waiting = deal_in(currency), [], list(given_lines)
    while waiting or (kept and data.draw(st.booleans())):
        if waiting and (not kept or data.draw(st.booleans())):
            line = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
            deal = with_line(deal, line)
            kept.append(line)
        else:
            place = data.draw(st.integers(0, len(kept) - 1))
            deal = remove_item(deal, str(place + 1)).record
            del kept[place]
        if kept:
            assert Fraction(deal.value) == sum(amount_of(line, currency) for line in kept)
        else:
            assert deal.value is None


@given(lines, st.decimals(min_value=0, max_value=100, places=2), CURRENCIES)
def test_the_weighted_value_is_rounded_once(line, probability, currency):
    value = with_line(deal_in(currency), line).value
    exact = Fraction(value) * Fraction(probability) / 100
    scale = 10 ** minor_digits(currency)
    rounded = Fraction(int(exact * scale + Fraction(1, 2)), scale)
    assert Fraction(weighted_amount(value, probability, currency)) == rounded


starts = st.lists(st.integers(1, 50), min_size=1, max_size=4, unique=True).map(sorted)


@given(starts, st.decimals(min_value="0.5", max_value=60, places=1), CURRENCIES)
def test_the_price_is_that_of_the_highest_tier_reached(froms, quantity, currency):
    tiers = tuple(Tier(from_=Decimal(start), price=Decimal(1000 - start)) for start in froms)
    if froms[0] > 1:
        tiers = (Tier(from_=Decimal(1), price=Decimal(2000)), *tiers)
    prices = PriceList(id="retail", currency=currency, prices={"cafe": tiers})
    product = Product(sku="cafe", name="Café")
    change = add_item(deal_in(currency), Prices([prices]), DAY, product=product, quantity=quantity)
    reached = [start for start in froms if start <= max(quantity, 1)]
    assert change.record.items[0].unit_price == (1000 - reached[-1] if reached else 2000)
