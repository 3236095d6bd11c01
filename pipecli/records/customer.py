"""Customers, contacts, suppliers and competitors: those a seller deals with, or against."""

from enum import StrEnum
from typing import ClassVar

from pipecli.records.activity import Attachment
from pipecli.records.base import (
    CurrencyCode,
    Custom,
    CustomerSlug,
    LanguageTag,
    Line,
    MasterRecord,
    Text,
    UserSlug,
)


class CustomerKind(StrEnum):
    ORGANIZATION = "organization"
    PERSON = "person"


class Customer(MasterRecord):
    """One who buys, or might: an organisation, or a person where there is none."""

    noun: ClassVar[str] = "customer"

    name: Line
    kind: CustomerKind = CustomerKind.ORGANIZATION
    email: Line | None = None
    phone: Line | None = None
    website: Line | None = None
    address: Text | None = None
    country: Line | None = None
    language: LanguageTag | None = None
    tax_id: Line | None = None
    industry: Line | None = None
    owner: UserSlug | None = None
    parent: CustomerSlug | None = None
    """The customer it belongs to."""
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None


class Contact(MasterRecord):
    """One person, at a customer or alone."""

    noun: ClassVar[str] = "contact"

    name: Line
    customer: CustomerSlug | None = None
    emails: tuple[Line, ...] = ()
    phones: tuple[Line, ...] = ()
    title: Line | None = None
    """Job title."""
    language: LanguageTag | None = None
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None

    @property
    def label(self) -> str:
        return self.name


class Supplier(MasterRecord):
    """One we buy from."""

    noun: ClassVar[str] = "supplier"

    name: Line
    email: Line | None = None
    phone: Line | None = None
    website: Line | None = None
    address: Text | None = None
    country: Line | None = None
    language: LanguageTag | None = None
    currency: CurrencyCode | None = None
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None


class Competitor(MasterRecord):
    """One who is after the same deals. A deal names it by its slug, or one without a file by a plain name."""

    noun: ClassVar[str] = "competitor"

    name: Line
    website: Line | None = None
    country: Line | None = None
    strengths: Text | None = None
    weaknesses: Text | None = None
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None
