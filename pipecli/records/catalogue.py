"""Products, price lists and literature: what is sold, for how much, and what is shown."""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from pipecli.records import kinds
from pipecli.records.base import (
    Amount,
    CurrencyCode,
    Custom,
    Day,
    Flag,
    Line,
    MasterRecord,
    Part,
    PathInside,
    Percent,
    ProductSku,
    Quantity,
    Record,
    Sku,
    Slug,
    Text,
)


def _web_address(address: str) -> str:
    if not re.match(r"https?://[^/\s]", address):
        raise ValueError(f"{address} isn't a web address; it begins with https:// or http://")
    return address


WebAddress = Annotated[Line, AfterValidator(_web_address)]


class ProductKind(StrEnum):
    PRODUCT = "product"
    SERVICE = "service"


class Product(Record):
    """One thing or service that is sold."""

    noun: ClassVar[str] = "product"
    identity: ClassVar[str] = "sku"

    sku: Sku
    external_id: Text | None = None
    """Its name in the system it was imported from."""
    name: Line
    kind: ProductKind = ProductKind.PRODUCT
    uom: Line | None = None
    """Unit of measure: unit, hour, kg."""
    description: Text | None = None
    tax: Percent | None = None
    """Percent of tax that its lines bear."""
    cost: Amount | None = None
    """What one costs us, in the base currency; margins come from it."""
    active: Flag = True
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None


class Tier(Part):
    """A price from a quantity on."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.TIER

    from_: Annotated[Quantity, Field(alias="from")]
    price: Amount


def _ascending(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    if any(one.from_ >= next_.from_ for one, next_ in pairwise(tiers)):
        raise ValueError("tiers must be in the order of their quantities, the lowest first, each once")
    return tiers


def _shape(value: object) -> str:
    return "tiers" if isinstance(value, (list, tuple)) else "price"


Price = Annotated[
    Annotated[Amount, Tag("price")]
    | Annotated[tuple[Tier, ...], Field(min_length=1), AfterValidator(_ascending), Tag("tiers")],
    Discriminator(_shape),
]
"""One price for any quantity, or tiers: `[{from: 1, price: 2499.00}, {from: 10, price: 2299.00}]`."""


class PriceList(MasterRecord):
    """Prices in one currency, for a time."""

    noun: ClassVar[str] = "price-list"

    name: Line | None = None
    currency: CurrencyCode
    valid_from: Day | None = None
    valid_until: Day | None = None
    tax_included: Flag | None = None
    """True: its prices are with tax, as shops show them."""
    prices: dict[ProductSku, Price] = {}
    notes: Text | None = None
    custom: Custom = None

    def is_valid(self, day: date) -> bool:
        """True where its prices hold on `day`, both ends included."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def price(self, sku: str, quantity: Decimal) -> Decimal | None:
        """The unit price of `quantity` of a product: that of the highest tier reached; None if not listed.

        A tier from 1 on is also the price of half an hour.
        """
        listed = self.prices.get(sku)
        if not isinstance(listed, tuple):
            return listed
        reached = [tier.price for tier in listed if tier.from_ <= max(quantity, Decimal(1))]
        return reached[-1] if reached else None

    @model_validator(mode="after")
    def _valid_for_some_time(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(f"valid_until ({self.valid_until}) is before valid_from ({self.valid_from})")
        return self


class Literature(MasterRecord):
    """A document to show or send: a file of the pipeline, or an address."""

    noun: ClassVar[str] = "literature"

    title: Line
    file: PathInside | None = None
    url: WebAddress | None = None
    products: tuple[ProductSku, ...] = ()
    stages: tuple[Slug, ...] = ()
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None

    @model_validator(mode="after")
    def _file_or_url(self) -> Self:
        if (self.file is None) == (self.url is None):
            raise ValueError("literature has a file or a url, one of the two")
        return self
