"""The fixed words of printed documents, in each language they speak; how figures look is not here."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The words of one language. `{…}` is filled in by who uses them."""

    language: str
    direction: str
    quotation: str
    order: str
    customer: str
    attention: str
    tax_id: str
    number: str
    revision: str
    date: str
    valid_until: str
    replaces: str
    replaced_by: str
    delivered: str
    item: str
    quantity: str
    unit_price: str
    discount: str
    tax: str
    amount: str
    net: str
    total: str
    total_without_tax: str
    validity: str
    terms: str
    draft: str
    not_an_offer: str
    rejected: str
    expired: str
    superseded: str
    no_longer_an_offer: str
    cancelled: str
    agreed: str
    name_and_signature: str
    place_and_date: str
    page: str
    page_numbering: str
    """The figure one: by it a template counts pages."""


ENGLISH = Words(
    language="en",
    direction="ltr",
    quotation="Quotation",
    order="Order",
    customer="For",
    attention="Attn. {name}",
    tax_id="Tax ID {number}",
    number="Number",
    revision="Revision",
    date="Date",
    valid_until="Valid until",
    replaces="Replaces",
    replaced_by="Replaced by",
    delivered="Delivered",
    item="Item",
    quantity="Quantity",
    unit_price="Unit price",
    discount="Discount",
    tax="Tax",
    amount="Amount",
    net="Net",
    total="Total",
    total_without_tax="Total, without tax",
    validity="This quotation is valid until {day}.",
    terms="Terms",
    draft="Draft",
    not_an_offer="Draft, not an offer",
    rejected="Rejected",
    expired="Expired",
    superseded="Superseded",
    no_longer_an_offer="Superseded, no longer an offer",
    cancelled="Cancelled",
    agreed="Agreed, for the customer",
    name_and_signature="Name and signature",
    place_and_date="Place and date",
    page="Page {page} of {pages}",
    page_numbering="1",
)

SPANISH = Words(
    language="es",
    direction="ltr",
    quotation="Presupuesto",
    order="Pedido",
    customer="Cliente",
    attention="A la atención de {name}",
    tax_id="NIF {number}",
    number="Número",
    revision="Revisión",
    date="Fecha",
    valid_until="Válido hasta",
    replaces="Sustituye a",
    replaced_by="Sustituido por",
    delivered="Entregado",
    item="Concepto",
    quantity="Cantidad",
    unit_price="Precio",
    discount="Descuento",
    tax="Impuesto",
    amount="Importe",
    net="Subtotal",
    total="Total",
    total_without_tax="Total, sin impuestos",
    validity="Este presupuesto es válido hasta el {day}.",
    terms="Condiciones",
    draft="Borrador",
    not_an_offer="Borrador, no es una oferta",
    rejected="Rechazado",
    expired="Caducado",
    superseded="Sustituido",
    no_longer_an_offer="Sustituido, ya no es una oferta",
    cancelled="Cancelado",
    agreed="Conforme, por el cliente",
    name_and_signature="Nombre y firma",
    place_and_date="Lugar y fecha",
    page="Página {page} de {pages}",
    page_numbering="1",
)

PERSIAN = Words(
    language="fa",
    direction="rtl",
    quotation="پیشنهاد قیمت",
    order="سفارش",
    customer="مشتری",
    attention="قابل توجه {name}",
    tax_id="شناسهٔ مالیاتی {number}",
    number="شماره",
    revision="ویرایش",
    date="تاریخ",
    valid_until="معتبر تا",
    replaces="به جای",
    replaced_by="جایگزین‌شده با",
    delivered="تحویل",
    item="شرح",
    quantity="مقدار",
    unit_price="قیمت واحد",
    discount="تخفیف",
    tax="مالیات",
    amount="مبلغ",
    net="جمع",
    total="مبلغ کل",
    total_without_tax="مبلغ کل، بدون مالیات",
    validity="این پیشنهاد تا {day} معتبر است.",
    terms="شرایط",
    draft="پیش‌نویس",
    not_an_offer="پیش‌نویس است و پیشنهاد رسمی نیست",
    rejected="رد شده",
    expired="منقضی شده",
    superseded="جایگزین شده",
    no_longer_an_offer="جایگزین شده است و دیگر اعتبار ندارد",
    cancelled="لغو شده",
    agreed="مورد تأیید مشتری",
    name_and_signature="نام و امضا",
    place_and_date="محل و تاریخ",
    page="صفحهٔ {page} از {pages}",
    page_numbering="۱",
)

_LANGUAGES = {words.language: words for words in (ENGLISH, SPANISH, PERSIAN)}


def words_of(language: str | None) -> Words:
    """The words for a language tag, as es or es-MX; the English ones for a language not spoken here."""
    return _LANGUAGES.get((language or "").partition("-")[0], ENGLISH)
