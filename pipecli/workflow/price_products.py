"""`price-list add --price` and `price-list price`: prices by quantity, in a price list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.catalogue import Price, PriceList, Tier
from pipecli.workflow.change import Change, Refused


class NewPrice(NamedTuple):
    """What one of a product is to cost when `from_quantity` or more are bought."""

    sku: str
    price: Decimal | None
    """None: the product goes off the list."""
    from_quantity: Decimal = Decimal(1)


def price(price_list: PriceList, given: Sequence[NewPrice]) -> Change:
    """Set prices in a list that exists; tiers that are not named stay as they are."""
    prices = priced(price_list.prices, given)
    skus = list(dict.fromkeys(each.sku for each in given))
    return Change(
        price_list.with_(prices=prices),
        f"price {', '.join(skus)}",
        "priced",
        notes=tuple(
            f"{sku} has no price below {tiers[0].from_}; give it one: {sku}=PRICE"
            for sku in skus
            if isinstance(tiers := prices.get(sku), tuple) and tiers[0].from_ > 1
        ),
    )


def priced(listed: Mapping[str, Price], given: Sequence[NewPrice]) -> dict[str, Price]:
    """The prices of a list once these are set.

    One price from 1 on is written as a price, several as tiers that ascend. Raises Refused when a tier is
    given twice, or when what is to go is not there.
    """
    _refuse_twice(given)
    prices = dict(listed)
    for each in given:
        if each.price is None:
            if each.sku not in prices:
                raise Refused(f"{each.sku} has no price in this list")
            del prices[each.sku]
            continue
        tiers = _tiers(prices.get(each.sku)) | {each.from_quantity: each.price}
        prices[each.sku] = _written(tiers)
    return prices


def _refuse_twice(given: Sequence[NewPrice]) -> None:
    seen = set()
    for each in given:
        if (each.sku, each.from_quantity) in seen:
            raise Refused(
                f"{each.sku} has two prices from {each.from_quantity} on",
                hint=f"give each quantity once: {each.sku}=PRICE {each.sku}=PRICE@10",
            )
        seen.add((each.sku, each.from_quantity))


def _tiers(listed: Price | None) -> dict[Decimal, Decimal]:
    if listed is None:
        return {}
    if isinstance(listed, tuple):
        return {tier.from_: tier.price for tier in listed}
    return {Decimal(1): listed}


def _written(tiers: Mapping[Decimal, Decimal]) -> Price:
    if tiers.keys() == {Decimal(1)}:
        return tiers[Decimal(1)]
    return tuple(Tier(from_=quantity, price=tiers[quantity]) for quantity in sorted(tiers))
