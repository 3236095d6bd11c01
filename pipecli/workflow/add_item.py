"""`opportunity item add`: one line more on a deal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipecli.records.catalogue import PriceList, Product
from pipecli.records.item import Item, total
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.find_item import in_words
from pipecli.workflow.price_item import unit_price


def add_item(
    deal: Opportunity,
    settings: Settings,
    lists: Sequence[PriceList],
    day: date,
    *,
    product: Product | None,
    quantity: Decimal = Decimal(1),
    price: Decimal | None = None,
    discount: Decimal | None = None,
    tax: Decimal | None = None,
    description: str | None = None,
    uom: str | None = None,
) -> Change:
    """Add a line to an open deal. Description, unit and tax are the product's unless they are given.

    The price is that of the list valid on `day` unless `price` says another; without a product both the
    description and the price must be given.
    """
    refuse_closed(deal)
    if product is not None:
        if not product.active:
            raise Refused(
                f"{product.sku} is not sold any more",
                hint=f"choose another, or pipecli product set {product.sku} active=yes",
            )
        if price is None:
            price = unit_price(deal, settings, lists, product.sku, quantity, day)
        description = description or product.name
        uom = uom or product.uom
        tax = product.tax if tax is None else tax
    if description is None or price is None:
        raise Refused(
            "an item needs a product, or a description and a price",
            hint='give --product SKU, or --description "…" --price P',
        )
    item = Item(
        product=product.sku if product else None,
        description=description,
        quantity=quantity,
        uom=uom,
        unit_price=price,
        discount=discount,
        tax=tax,
    )
    grown = deal.with_(items=(*deal.items, item))
    return Change(
        grown,
        f"add {in_words(item)} at {price:,f} {deal.currency}",
        "item-added",
        notes=amount_notes(grown),
    )


def amount_notes(deal: Opportunity) -> tuple[str, ...]:
    """What a person should know when the items change under an amount that was set by hand."""
    if deal.amount is None:
        return ()
    items = f"{total(deal.items, deal.currency):,f}"
    return (
        f"the amount stays {deal.amount:,f} {deal.currency} as set by hand; the items come to {items}: "
        f"pipecli opp set {deal.id} amount= takes theirs",
    )
