"""The unit price of a product on a deal or quotation: the list valid that day, the tier by quantity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipecli.records.catalogue import PriceList
from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Quotation
from pipecli.records.settings import Settings
from pipecli.workflow.change import Refused

Priced = Opportunity | Quotation
"""What has a currency, may name a price list, and has items; below it is called the deal."""


def unit_price(
    deal: Priced, settings: Settings, lists: Sequence[PriceList], sku: str, quantity: Decimal, day: date
) -> Decimal:
    """What one costs, in the deal's currency. Refused, naming the way out, where no list tells.

    `lists` are all price lists of the pipeline.
    """
    price_list = price_list_of(deal, settings, lists, day)
    price = price_list.price(sku, quantity)
    if price is None:
        raise Refused(
            f"{price_list.id} has no price for {_what(price_list, sku, quantity)}",
            hint=f"{_BY_HAND}, or add it to the list: pipecli price-list set {price_list.id} prices.{sku}=…",
        )
    return price


def price_list_of(deal: Priced, settings: Settings, lists: Sequence[PriceList], day: date) -> PriceList:
    """The list a deal is priced from on a day: its own, else the settings', else the only valid one.

    The last two only where they are in the deal's currency.
    """
    by_id = {each.id: each for each in lists}
    if deal.price_list is not None:
        own = by_id.get(deal.price_list)
        if own is None:
            raise Refused(f"{deal.id}: there is no price list {deal.price_list}", hint=_name_one(deal))
        require_currency(own, deal)
        return _valid(own, deal, day)
    default = by_id.get(settings.price_list or "")
    if default is not None and default.currency == deal.currency:
        return _valid(default, deal, day)
    return _only_valid(deal, lists, day)


def require_currency(price_list: PriceList, deal: Priced) -> None:
    """Refuse a list whose prices are not in the deal's currency."""
    if price_list.currency != deal.currency:
        raise Refused(
            f"the price list {price_list.id} is in {price_list.currency}, {deal.id} in {deal.currency}",
            hint=f"choose a list in {deal.currency}, or change the currency with it",
        )


def _valid(price_list: PriceList, deal: Priced, day: date) -> PriceList:
    if price_list.is_valid(day):
        return price_list
    bounds = [
        f"from {price_list.valid_from}" if price_list.valid_from else "",
        f"until {price_list.valid_until}" if price_list.valid_until else "",
    ]
    words = " ".join(bound for bound in bounds if bound)
    raise Refused(f"the price list {price_list.id} is valid {words}, not on {day}", hint=_name_one(deal))


def _only_valid(deal: Priced, lists: Sequence[PriceList], day: date) -> PriceList:
    valid = [each for each in lists if each.currency == deal.currency and each.is_valid(day)]
    if len(valid) == 1:
        return valid[0]
    if not valid:
        raise Refused(
            f"no price list in {deal.currency} is valid on {day}",
            hint=f"{_BY_HAND}, or make one: pipecli price-list add",
        )
    names = ", ".join(each.id for each in valid)
    raise Refused(f"{len(valid)} price lists in {deal.currency} are valid: {names}", hint=_name_one(deal))


_BY_HAND = "give the price with --price"


def _name_one(deal: Priced) -> str:
    return f"name a list, pipecli {deal.noun} set {deal.id} price_list=…, or give the price with --price"


def _what(price_list: PriceList, sku: str, quantity: Decimal) -> str:
    tiers = price_list.prices.get(sku)
    return (
        f"{quantity:f} of {sku}: its prices begin at {tiers[0].from_:f}" if isinstance(tiers, tuple) else sku
    )
