"""The content of printed quotations, orders and requests to suppliers, for the page and the PDF alike.

Sums, days and figures are text already, in the reader's language, so that a template only places them.
The fields are the contract of templates; docs/documents.md explains each. A request tells the supplier
nothing of the deal, its customer and their prices. Languages are babel's, the extra `pdf`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.records.customer import Contact, Customer, Supplier
from pipecli.records.items_and_totals import Item, places_counted, totals
from pipecli.records.lead import Lead
from pipecli.records.money import minor_digits
from pipecli.records.papers import (
    Invoice,
    InvoiceStatus,
    Order,
    OrderStatus,
    Quotation,
    QuotationStatus,
    SupplierItem,
    SupplierQuotation,
    paper_language,
)
from pipecli.records.settings import Company
from pipecli.translation import Formats, Words, formats_of, number, unit_of, unit_price, words_of


class Addressee(NamedTuple):
    """The recipient of a document. `lines` are of an address, blank ones left out later."""

    name: str
    attention: str = ""
    lines: tuple[str, ...] = ()
    tax_id: str = ""
    language: str | None = None


class Revisions(NamedTuple):
    """The place of a quotation among its revisions."""

    number: int = 1
    replaced_by: str = ""


_FIRST = Revisions()


@dataclass(frozen=True)
class Labelled:
    label: str
    text: str


@dataclass(frozen=True)
class PrintedAddress:
    name: str
    lines: list[str]
    attention: str = ""


@dataclass(frozen=True)
class PrintedItem:
    description: str
    detail: str
    """A unit of measure too long to stand beside the quantity; empty for most."""
    quantity: str
    unit_price: str = ""
    discount: str = ""
    tax: str = ""
    amount: str = ""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """The content of one document, as its template gets it."""

    kind: str
    id: str
    language: str
    direction: str
    title: str
    words: dict[str, str]
    company: PrintedAddress
    customer: PrintedAddress
    """The recipient: of a request, the supplier."""
    stamp: str = ""
    """The notice of a draft or of a document that no longer holds; empty for one that holds."""
    watermark: str = ""
    facts: list[Labelled]
    opening: str = ""
    """The text before the items; empty for most."""
    items: list[PrintedItem] = field(default_factory=list)
    """Those of a request have no prices: there the reader writes theirs."""
    options: list[PrintedItem] = field(default_factory=list)
    """Optional and alternative lines, which no sum counts; empty for most."""
    discounted: bool = False
    taxed: bool = False
    sums: list[Labelled] = field(default_factory=list)
    total: Labelled
    blanks: list[str] = field(default_factory=list)
    """The labels of what else the reader fills in."""
    validity: str = ""
    terms: str = ""
    signature: bool = False
    custom: dict[str, Any]
    """The record's own `custom` map, for templates that print more."""


def addressee(customer: Customer | None, contact: Contact | None, lead: Lead | None) -> Addressee:
    """The recipient of a document: the customer, else the lead."""
    attention = contact.name if contact else ""
    language = paper_language(None, contact, customer, lead)
    if customer is not None:
        lines = (customer.address or "", customer.country or "")
        person = attention if attention != customer.name else ""
        return Addressee(customer.name, person, lines, customer.tax_id or "", language)
    if lead is not None:
        name = lead.organization or lead.name or lead.id
        person = attention or (lead.name or "" if lead.organization else "")
        lines = (lead.address or "", lead.country or "")
        return Addressee(name, person if person != name else "", lines, language=language)
    return Addressee(attention, language=language)


class _Sheet(NamedTuple):
    """A paper in the words and forms of its language, from a company to its reader."""

    words: Words
    formats: Formats
    company: Company
    to: Addressee

    def with_prices(
        self,
        record: Quotation | Order | Invoice,
        facts: Sequence[tuple[str, str]],
        *,
        title: str,
        marked: tuple[str, str],
        validity: str = "",
        signature: bool,
    ) -> Printed:
        """A document with prices. `marked` are the names of the words across its pages and at its head."""
        watermark, stamp = (getattr(self.words, name) if name else "" for name in marked)
        sums, whole = self._sums(record)
        shown = places_counted(record)
        stands = not isinstance(record, Quotation) or record.status is QuotationStatus.ACCEPTED
        return replace(
            self.without_items(record, facts, title=title, total=whole),
            stamp=stamp,
            watermark=watermark,
            items=[self._priced(record.items[place], record.currency) for place in shown],
            options=[
                self._option(record.items[place], record.currency)
                for place in range(len(record.items))
                if place not in shown and record.items[place].is_offered and not stands
            ],
            discounted=any(item.discount or item.discount_amount for item in record.items),
            taxed=any(item.tax is not None for item in record.items),
            sums=sums,
            validity=validity,
            terms=(record.terms or "").strip(),
            signature=signature,
        )

    def without_items(
        self,
        record: Quotation | Order | Invoice | SupplierQuotation,
        facts: Sequence[tuple[str, str]],
        *,
        title: str,
        total: Labelled,
    ) -> Printed:
        """A document with its head and total, without items; facts without a text are left out."""
        words, company, to = self.words, self.company, self.to
        tax_id = words.tax_id.format(number=company.tax_id) if company.tax_id else ""
        ours = [company.address, company.phone, company.email, company.website, tax_id]
        their_tax_id = words.tax_id.format(number=to.tax_id) if to.tax_id else ""
        attention = words.attention.format(name=to.attention) if to.attention else ""
        return Printed(
            kind=record.noun,
            id=getattr(record, "number", None) or record.id,
            language=words.language,
            direction=words.direction,
            title=title,
            words=words.plain(),
            company=PrintedAddress(company.name, _lines(ours)),
            customer=PrintedAddress(to.name, _lines([*to.lines, their_tax_id]), attention),
            facts=[Labelled(label, text) for label, text in facts if text],
            total=total,
            custom=dict(record.custom or {}),
        )

    def described(self, item: Item | SupplierItem) -> PrintedItem:
        """An item, without what it costs."""
        uom = unit_of(self.words.language, item.uom or "", item.quantity)
        beside = f" {uom}" if 0 < len(uom) <= _LONGEST_UNIT else ""
        periods = self.formats.figure(Decimal(item.term or 0), 0)
        term = self.words.named("periods", item.per).format(n=periods) if item.per else ""
        return PrintedItem(
            description=item.description,
            detail=" · ".join(filter(None, ("" if beside else uom, term))),
            quantity=f"{number(item.quantity, self.formats)}{beside}",
        )

    def _priced(self, item: Item, currency: str) -> PrintedItem:
        described, formats = self.described(item), self.formats
        return replace(
            described,
            unit_price=unit_price(item.unit_price, currency, formats),
            discount=self._off(item, currency),
            tax=formats.percent(item.tax) if item.tax is not None else "",
            amount=formats.figure(item.amount(currency), minor_digits(currency)),
        )

    def _off(self, item: Item, currency: str) -> str:
        if item.discount_amount:
            return self.formats.figure(-item.discount_amount, minor_digits(currency))
        return self.formats.percent(item.discount) if item.discount else ""

    def _option(self, item: Item, currency: str) -> PrintedItem:
        """A line that the customer may take: beside the rest, or instead of another."""
        printed, words = self._priced(item, currency), self.words
        label = words.instead_of.format(item=item.alternative_to) if item.alternative_to else words.optional
        off = f"{words.discount} {printed.discount}" if printed.discount else ""
        tax = f"{words.tax} {printed.tax}" if printed.tax else ""
        return replace(printed, detail=" · ".join(filter(None, (label, printed.detail, off, tax))))

    def _sums(self, record: Quotation | Order | Invoice) -> tuple[list[Labelled], Labelled]:
        """The discount of the whole, net and tax by rate, and the total.

        Without any tax there is only the total, and it says so.
        """
        words, formats, currency, whole = self.words, self.formats, record.currency, totals(record)

        def line(label: str, amount: Decimal) -> Labelled:
            return Labelled(label, formats.money(amount, currency))

        sums = []
        if whole.discount:
            percent = f" {formats.percent(record.discount)}" if record.discount else ""
            items, off = words.subtotal, words.discount + percent
            if record.tax_included:
                items, off = (words.with_tax.format(sum=label) for label in (items, off))
            sums = [line(items, whole.subtotal), line(off, -whole.discount)]
        if not whole.tax_by_rate:
            return sums, line(words.total_without_tax, whole.net)
        sums.append(line(words.net, whole.net))
        sums += [line(f"{words.tax} {formats.percent(rate)}", tax) for rate, tax in whole.tax_by_rate.items()]
        return sums, line(words.total_with_tax if record.tax_included else words.total, whole.gross)


def _lines(texts: Iterable[str | None]) -> list[str]:
    lines = [line.strip() for text in texts if text for line in text.splitlines()]
    return [line for line in lines if line]


def _sheet(own_language: str | None, company: Company, to: Addressee) -> _Sheet:
    language = paper_language(own_language, to)
    return _Sheet(words_of(language), formats_of(language), company, to)


def printed_quotation(
    quotation: Quotation, company: Company, to: Addressee, revisions: Revisions = _FIRST
) -> Printed:
    sheet = _sheet(quotation.language, company, to)
    words, formats = sheet.words, sheet.formats
    watermark, stamp = _STAMPS.get(quotation.status, ("", ""))
    valid_until = formats.day(quotation.valid_until) if quotation.valid_until else ""
    facts = [
        (words.number, quotation.id),
        (words.revision, formats.figure(Decimal(revisions.number), 0) if revisions.number > 1 else ""),
        (words.date, formats.day(quotation.date)),
        (words.valid_until, valid_until),
        (words.replaces, quotation.revision_of or ""),
        (words.replaced_by, revisions.replaced_by),
    ]
    return sheet.with_prices(
        quotation,
        facts,
        title=words.quotation,
        marked=(watermark, stamp),
        validity=words.validity.format(day=valid_until) if valid_until and not stamp else "",
        signature=quotation.status not in _PAST,
    )


def printed_order(order: Order, company: Company, to: Addressee) -> Printed:
    sheet = _sheet(order.language, company, to)
    words, formats = sheet.words, sheet.formats
    facts = [
        (words.number, order.id),
        (words.date, formats.day(order.date)),
        (words.quotation, order.quotation or ""),
        (words.delivered, formats.day(order.delivered) if order.delivered else ""),
    ]
    cancelled = "cancelled" if order.status is OrderStatus.CANCELLED else ""
    return sheet.with_prices(
        order,
        facts,
        title=words.order,
        marked=(cancelled, cancelled),
        signature=not cancelled,
    )


def printed_invoice(invoice: Invoice, company: Company, to: Addressee, credited: Invoice | None) -> Printed:
    """An invoice, or a credit note to `credited`, as its customer gets it; a draft says that it is one."""
    sheet = _sheet(invoice.language, company, to)
    words, formats = sheet.words, sheet.formats
    facts = [
        (words.number, invoice.number or ""),
        (words.credits, (credited.number or "") if credited else ""),
        (words.credit_reason, invoice.reason or ""),
        (words.date, formats.day(invoice.date)),
        (words.order, invoice.order or ""),
        (words.due, formats.day(invoice.due) if invoice.due else ""),
    ]
    is_draft = invoice.status is InvoiceStatus.DRAFT
    return sheet.with_prices(
        invoice,
        facts,
        title=words.credit_note if invoice.credits else words.invoice,
        marked=("draft", "draft") if is_draft else ("", ""),
        signature=False,
    )


_STAMPS = {
    QuotationStatus.DRAFT: ("draft", "not_an_offer"),
    QuotationStatus.REJECTED: ("rejected", "rejected"),
    QuotationStatus.EXPIRED: ("expired", "expired"),
    QuotationStatus.SUPERSEDED: ("superseded", "no_longer_an_offer"),
}
"""The words across a page and at its head, so that nobody takes it for an offer that holds."""
_LONGEST_UNIT = 12
_PAST = {QuotationStatus.REJECTED, QuotationStatus.EXPIRED, QuotationStatus.SUPERSEDED}


def printed_request(request: SupplierQuotation, company: Company, supplier: Supplier | None) -> Printed:
    """The request to a supplier, with room for the answer; a supplier without a record is named by slug."""
    to = Addressee(request.supplier)
    if supplier is not None:
        lines = (supplier.address or "", supplier.country or "")
        to = Addressee(supplier.name, lines=lines, language=supplier.language)
    sheet = _sheet(None, company, to)
    words = sheet.words.replaced(customer=sheet.words.supplier, agreed=sheet.words.offered)
    sheet, formats = sheet._replace(words=words), sheet.formats
    answer_by = formats.day(request.answer_by) if request.answer_by else ""
    facts = [
        (words.number, request.id),
        (words.date, formats.day(request.date)),
        (words.answer_by, answer_by),
        (words.currency, request.currency),
    ]
    return replace(
        sheet.without_items(request, facts, title=words.request, total=Labelled(words.total, "")),
        opening=words.please_by.format(day=answer_by) if answer_by else words.please,
        items=[sheet.described(item) for item in request.items],
        blanks=[words.lead_time, words.prices_valid_until],
        signature=True,
    )
