"""Prices by quantity: whatever is given, the highest tier reached holds."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.records.catalogue import PriceList, Tier
from pipecli.workflow import Refused
from pipecli.workflow.catalogue import NewPrice, set_prices, with_prices

LIST = PriceList(id="retail", currency="EUR", prices={"cup": Decimal(3)})
QUANTITIES = st.decimals(Decimal("0.25"), Decimal(1000), places=2)
TIERS = st.dictionaries(
    st.integers(1, 500).map(Decimal), st.decimals(Decimal(0), Decimal(99), places=2), min_size=1, max_size=6
)


@given(TIERS, TIERS, QUANTITIES)
def test_the_highest_tier_reached_holds(first, second, quantity):
    prices = with_prices({}, [NewPrice("cup", amount, start) for start, amount in first.items()])
    prices = with_prices(prices, [NewPrice("cup", amount, start) for start, amount in second.items()])
    read_back = PriceList.model_validate(LIST.with_(prices=prices).plain())

    merged = first | second
    reached = [start for start in merged if start <= max(quantity, 1)]
    assert read_back.price("cup", quantity) == (merged[max(reached)] if reached else None)


@given(TIERS)
def test_one_price_from_one_on_is_written_as_a_price(tiers):
    prices = with_prices({}, [NewPrice("cup", amount, start) for start, amount in tiers.items()])
    written = prices["cup"]
    if tiers.keys() == {Decimal(1)}:
        assert written == tiers[Decimal(1)]
    else:
        assert [tier.from_ for tier in written] == sorted(tiers)


def test_a_price_becomes_the_first_tier():
    change = set_prices(LIST, [NewPrice("cup", Decimal(2), Decimal(10))])
    assert change.record.prices["cup"] == (
        Tier(from_=Decimal(1), price=Decimal(3)),
        Tier(from_=Decimal(10), price=Decimal(2)),
    )
    assert change.notes == ()


def test_what_is_not_listed_can_not_go():
    with pytest.raises(Refused, match="mug has no price in this list"):
        with_prices(LIST.prices, [NewPrice("mug", None)])


def test_a_product_that_goes_and_comes_in_one_step_is_a_contradiction():
    with pytest.raises(Refused, match="two prices from 1 on"):
        with_prices(LIST.prices, [NewPrice("cup", None), NewPrice("cup", Decimal(2))])
