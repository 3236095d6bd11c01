"""Quotations: what a customer was offered, with its revisions and validity."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pipecli.records.base import Custom, Document
from pipecli.records.ids import LeadId, OpportunityId, QuotationId, Slug, SupplierQuotationId
from pipecli.records.item import Item
from pipecli.records.values import CurrencyCode, Day, LanguageTag, Line, Text


class QuotationStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Quotation(Document):
    """One offer. Its items are a copy; once it is sent it is frozen, and `revise` makes the next."""

    noun: ClassVar[str] = "quotation"

    id: QuotationId
    external_id: Text | None = None
    """Its name in the system it was imported from."""
    opportunity: OpportunityId
    revision_of: QuotationId | None = None
    date: Day
    valid_until: Day | None = None
    status: QuotationStatus = QuotationStatus.DRAFT
    customer: Slug | None = None
    lead: LeadId | None = None
    contact: Slug | None = None
    language: LanguageTag | None = None
    currency: CurrencyCode
    price_list: Slug | None = None
    supplier_quotation: SupplierQuotationId | None = None
    """The supplier's answer its prices come from."""
    items: tuple[Item, ...] = ()
    terms: Text | None = None
    reason: Line | None = None
    """Why the customer rejected it."""
    notes: Text | None = None
    tags: tuple[Line, ...] = ()
    custom: Custom = None

    @property
    def label(self) -> str:
        return self.customer or self.lead or self.id
