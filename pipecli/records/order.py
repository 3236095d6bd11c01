"""Orders: what a customer bought, copied from the winning quotation."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pipecli.records.base import Custom, Document
from pipecli.records.ids import OpportunityId, OrderId, QuotationId, Slug
from pipecli.records.item import Item
from pipecli.records.values import CurrencyCode, Day, LanguageTag, Line, Text


class OrderStatus(StrEnum):
    OPEN = "open"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Order(Document):
    """One order: the shape of its quotation, and a state of its own."""

    noun: ClassVar[str] = "order"

    id: OrderId
    external_id: Text | None = None
    """Its name in the system it was imported from."""
    opportunity: OpportunityId
    quotation: QuotationId | None = None
    date: Day
    delivered: Day | None = None
    status: OrderStatus = OrderStatus.OPEN
    customer: Slug
    contact: Slug | None = None
    language: LanguageTag | None = None
    currency: CurrencyCode
    price_list: Slug | None = None
    items: tuple[Item, ...] = ()
    terms: Text | None = None
    reason: Line | None = None
    """Why it was cancelled."""
    notes: Text | None = None
    tags: tuple[Line, ...] = ()
    custom: Custom = None

    @property
    def label(self) -> str:
        return self.customer
