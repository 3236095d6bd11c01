"""The papers of a deal, as their files have them: quotations, orders, invoices, suppliers' quotations.

A credit note is an invoice, too. What may happen to a paper is in the module of its name in `workflow/`.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol, Self

from pydantic import Field, model_validator

from pipecli.records import kinds
from pipecli.records.activity import Attachment
from pipecli.records.base import (
    ActivityId,
    Amount,
    ContactSlug,
    Count,
    CurrencyCode,
    Custom,
    CustomerSlug,
    Day,
    Document,
    Flag,
    InvoiceId,
    LanguageTag,
    LeadId,
    Line,
    Moment,
    OpportunityId,
    OrderId,
    Part,
    Percent,
    PriceListSlug,
    ProductSku,
    Quantity,
    QuotationId,
    SupplierQuotationId,
    SupplierSlug,
    Text,
)
from pipecli.records.items_and_totals import (
    Item,
    Per,
    require_fitting_discount,
    require_options_there,
    require_payable,
    require_term,
    totals,
)
from pipecli.records.kinds import INVOICE, ORDER, QUOTATION, SUPPLIER_QUOTATION
from pipecli.records.money import rounded


class Reader(Protocol):
    """A contact, a customer or a lead."""

    @property
    def language(self) -> str | None: ...


def paper_language(own: str | None, *readers: Reader | None) -> str | None:
    """The language of a paper: its own, else that of its contact, its customer or its lead, in this order."""
    return own or next((reader.language for reader in readers if reader and reader.language), None)


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
    opportunity: OpportunityId
    revision_of: QuotationId | None = None
    date: Day
    sent: Moment | None = None
    """The time at which it was marked as sent, written by `send`; older files don't say it."""
    valid_until: Day | None = None
    status: QuotationStatus = QuotationStatus(QUOTATION.first_status)
    customer: CustomerSlug | None = None
    lead: LeadId | None = None
    contact: ContactSlug | None = None
    language: LanguageTag | None = None
    currency: CurrencyCode
    price_list: PriceListSlug | None = None
    tax_included: Flag | None = None
    """True: the prices of its items are with their tax; their sum is the total to pay."""
    supplier_quotation: SupplierQuotationId | None = None
    """The supplier's answer its prices come from."""
    items: tuple[Item, ...] = ()
    discount: Percent | None = None
    """Percent off its goods and services together, after the discounts of the lines."""
    discount_amount: Amount | None = None
    """Money off them, instead of percent."""
    taken: tuple[Count, ...] = ()
    """The numbers, from 1, of the optional and alternative lines that the customer took."""
    terms: Text | None = None
    reason: Line | None = None
    """Why the customer rejected it."""
    notes: Text | None = None
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Line, ...] = ()
    custom: Custom = None

    _discount_fits = model_validator(mode="after")(require_fitting_discount)
    _options_are_there = model_validator(mode="after")(require_options_there)

    @property
    def label(self) -> str:
        return self.customer or self.lead or self.id


class OrderStatus(StrEnum):
    OPEN = "open"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Order(Document):
    """One order: the shape of its quotation, and a state of its own."""

    noun: ClassVar[str] = "order"

    id: OrderId
    opportunity: OpportunityId
    quotation: QuotationId | None = None
    date: Day
    delivered: Day | None = None
    status: OrderStatus = OrderStatus(ORDER.first_status)
    customer: CustomerSlug
    contact: ContactSlug | None = None
    language: LanguageTag | None = None
    currency: CurrencyCode
    price_list: PriceListSlug | None = None
    tax_included: Flag | None = None
    """True: the prices of its items are with their tax; their sum is the total to pay."""
    items: tuple[Item, ...] = ()
    discount: Percent | None = None
    """Percent off its goods and services together, after the discounts of the lines."""
    discount_amount: Amount | None = None
    """Money off them, instead of percent."""
    terms: Text | None = None
    reason: Line | None = None
    """Why it was cancelled."""
    notes: Text | None = None
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Line, ...] = ()
    custom: Custom = None

    _discount_fits = model_validator(mode="after")(require_fitting_discount)

    @property
    def label(self) -> str:
        return self.customer


class SupplierQuotationStatus(StrEnum):
    REQUESTED = "requested"
    RECEIVED = "received"
    DECLINED = "declined"


class SupplierItem(Part):
    """One line asked for; `unit_price` is the supplier's, once they answered."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.ITEM

    product: ProductSku | None = None
    description: Line
    quantity: Quantity = Decimal(1)
    uom: Line | None = None
    unit_price: Amount | None = None
    per: Per | None = None
    """The price is for a month, a quarter or a year; absent: once."""
    term: Annotated[Count, Field(gt=0)] | None = None
    external_id: Text | None = None
    """Its name in the system it was imported from."""

    def amount(self, currency: str) -> Decimal | None:
        """quantity × unit price (× term), rounded half up to the minor unit; None while it has no price."""
        if self.unit_price is None:
            return None
        return rounded(self.quantity * self.unit_price * (self.term or 1), currency)

    @model_validator(mode="after")
    def _recurs_for_a_term(self) -> Self:
        require_term(self.per, self.term)
        return self


class SupplierQuotation(Document):
    """One request to one supplier for one opportunity."""

    noun: ClassVar[str] = "supplier-quotation"

    id: SupplierQuotationId
    opportunity: OpportunityId
    supplier: SupplierSlug
    status: SupplierQuotationStatus = SupplierQuotationStatus(SUPPLIER_QUOTATION.first_status)
    date: Day
    answer_by: Day | None = None
    """Until when we wish to hear from them."""
    received: Day | None = None
    valid_until: Day | None = None
    lead_time: Line | None = None
    """How long the supplier needs, in their words: "3 weeks"."""
    currency: CurrencyCode
    items: tuple[SupplierItem, ...] = ()
    reason: Line | None = None
    """Why they declined."""
    notes: Text | None = None
    tags: tuple[Line, ...] = ()
    custom: Custom = None

    @property
    def label(self) -> str:
        return self.supplier

    @property
    def total(self) -> Decimal | None:
        """The sum of its lines, in its currency; None until every line has a price."""
        amounts = [item.amount(self.currency) for item in self.items]
        priced = [amount for amount in amounts if amount is not None]
        return sum(priced, Decimal(0)) if priced and len(priced) == len(amounts) else None

    @model_validator(mode="after")
    def _received_has_prices(self) -> Self:
        if self.status is SupplierQuotationStatus.RECEIVED and any(
            item.unit_price is None for item in self.items
        ):
            raise ValueError("a received supplier quotation needs a unit_price on every item")
        return self


def is_past_validity(offer: Quotation | SupplierQuotation, day: Day) -> bool:
    """True after the last day of an offer; one that names none holds."""
    return offer.valid_until is not None and offer.valid_until < day


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    ISSUED = "issued"
    PAID = "paid"


class Payment(Part):
    """Money that came in, or of a credit note went back, in the currency of its invoice."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.PAYMENT

    id: ActivityId
    """Five random characters: two clones may note two payments of one day and amount."""
    date: Day
    amount: Amount = Field(gt=0)
    note: Line | None = None


class Invoice(Document):
    """One invoice, or a credit note where it `credits` one; its amounts are positive in both.

    A draft may change. With its number it is what the customer has, and only payments come to it.
    """

    noun: ClassVar[str] = "invoice"

    id: InvoiceId
    number: Line | None = None
    """Given by `issue`, in a row without gaps; a draft has none."""
    opportunity: OpportunityId
    order: OrderId | None = None
    credits: InvoiceId | None = None
    """The invoice that this is a credit note to."""
    date: Day
    due: Day | None = None
    sent: Moment | None = None
    """The time at which its customer was sent it, written by `send`."""
    status: InvoiceStatus = InvoiceStatus(INVOICE.first_status)
    customer: CustomerSlug
    contact: ContactSlug | None = None
    language: LanguageTag | None = None
    currency: CurrencyCode
    tax_included: Flag | None = None
    """True: the prices of its items are with their tax; their sum is the total to pay."""
    items: tuple[Item, ...] = ()
    discount: Percent | None = None
    """Percent off its goods and services together, after the discounts of the lines."""
    discount_amount: Amount | None = None
    """Money off them, instead of percent."""
    payments: tuple[Payment, ...] = ()
    reason: Line | None = None
    """Why it was credited, on a credit note."""
    terms: Text | None = None
    notes: Text | None = None
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Line, ...] = ()
    custom: Custom = None

    @property
    def label(self) -> str:
        return self.customer

    @property
    def total(self) -> Decimal:
        """The sum to pay, tax included."""
        return totals(self).gross

    @property
    def paid(self) -> Decimal:
        """The sum of its payments."""
        return sum((payment.amount for payment in self.payments), rounded(Decimal(0), self.currency))

    _discount_fits = model_validator(mode="after")(require_fitting_discount)

    @model_validator(mode="after")
    def _has_a_number_once_issued(self) -> Self:
        if (self.number is None) != (self.status is InvoiceStatus.DRAFT):
            raise ValueError(
                "a draft has no number" if self.number else f"an invoice that is {self.status} has its number"
            )
        return self

    @model_validator(mode="after")
    def _payments_can_be_paid(self) -> Self:
        for number, payment in enumerate(self.payments):
            require_payable(payment.amount, self.currency, "payments", number, "amount")
        return self
