"""A new line of a deal or of its quotation: what is not said is the product's, the price the list's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypedDict, Unpack

from pipecli.records.catalogue import PriceList, Product
from pipecli.records.item import Item
from pipecli.records.settings import Settings
from pipecli.workflow.change import Refused
from pipecli.workflow.price_item import Priced, unit_price


class NewLine(TypedDict, total=False):
    """What a person says of a new line; None and absent are the same."""

    product: Product | None
    quantity: Decimal | None
    price: Decimal | None
    discount: Decimal | None
    tax: Decimal | None
    description: str | None
    uom: str | None


def make_item(
    owner: Priced, settings: Settings, lists: Sequence[PriceList], day: date, **line: Unpack[NewLine]
) -> Item:
    """A line for `owner`. Description, unit and tax are the product's unless they are given.

    The price is that of the list valid on `day` unless one is given; without a product both the description
    and the price must be given.
    """
    product, price = line.get("product"), line.get("price")
    description, uom, tax = line.get("description"), line.get("uom"), line.get("tax")
    quantity = line.get("quantity") or Decimal(1)
    if product is not None:
        if not product.active:
            raise Refused(
                f"{product.sku} is not sold any more",
                hint=f"choose another, or pipecli product set {product.sku} active=yes",
            )
        if price is None:
            price = unit_price(owner, settings, lists, product.sku, quantity, day)
        description = description or product.name
        uom = uom or product.uom
        tax = product.tax if tax is None else tax
    if description is None or price is None:
        raise Refused(
            "an item needs a product, or a description and a price",
            hint='give --product SKU, or --description "…" --price P',
        )
    return Item(
        product=product.sku if product else None,
        description=description,
        quantity=quantity,
        uom=uom,
        unit_price=price,
        discount=line.get("discount"),
        tax=tax,
    )
