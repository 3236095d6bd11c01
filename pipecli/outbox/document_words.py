"""The fixed words of printed documents, in each language they speak; how figures look is not here."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Words(NamedTuple):
    """The words of one language. `{…}` is filled in by who uses them."""

    language: str
    direction: str
    quotation: str
    order: str
    request: str
    customer: str
    supplier: str
    attention: str
    tax_id: str
    number: str
    revision: str
    date: str
    valid_until: str
    replaces: str
    replaced_by: str
    delivered: str
    answer_by: str
    currency: str
    please: str
    please_by: str
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
    lead_time: str
    prices_valid_until: str
    terms: str
    draft: str
    not_an_offer: str
    rejected: str
    expired: str
    superseded: str
    no_longer_an_offer: str
    cancelled: str
    agreed: str
    offered: str
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
    request="Request for quotation",
    customer="For",
    supplier="To",
    attention="Attn. {name}",
    tax_id="Tax ID {number}",
    number="Number",
    revision="Revision",
    date="Date",
    valid_until="Valid until",
    replaces="Replaces",
    replaced_by="Replaced by",
    delivered="Delivered",
    answer_by="Answer by",
    currency="Currency",
    please="Please quote your prices for the items below.",
    please_by="Please quote your prices for the items below, by {day}.",
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
    lead_time="Lead time",
    prices_valid_until="Prices valid until",
    terms="Terms",
    draft="Draft",
    not_an_offer="Draft, not an offer",
    rejected="Rejected",
    expired="Expired",
    superseded="Superseded",
    no_longer_an_offer="Superseded, no longer an offer",
    cancelled="Cancelled",
    agreed="Agreed, for the customer",
    offered="Offered, for the supplier",
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
    request="Solicitud de oferta",
    customer="Cliente",
    supplier="Proveedor",
    attention="A la atención de {name}",
    tax_id="NIF {number}",
    number="Número",
    revision="Revisión",
    date="Fecha",
    valid_until="Válido hasta",
    replaces="Sustituye a",
    replaced_by="Sustituido por",
    delivered="Entregado",
    answer_by="Respuesta hasta",
    currency="Moneda",
    please="Rogamos nos indiquen sus precios para los conceptos siguientes.",
    please_by="Rogamos nos indiquen sus precios para los conceptos siguientes, a más tardar el {day}.",
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
    lead_time="Plazo de entrega",
    prices_valid_until="Precios válidos hasta",
    terms="Condiciones",
    draft="Borrador",
    not_an_offer="Borrador, no es una oferta",
    rejected="Rechazado",
    expired="Caducado",
    superseded="Sustituido",
    no_longer_an_offer="Sustituido, ya no es una oferta",
    cancelled="Cancelado",
    agreed="Conforme, por el cliente",
    offered="Ofertado, por el proveedor",
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
    request="استعلام قیمت",
    customer="مشتری",
    supplier="تأمین‌کننده",
    attention="قابل توجه {name}",
    tax_id="شناسهٔ مالیاتی {number}",
    number="شماره",
    revision="ویرایش",
    date="تاریخ",
    valid_until="معتبر تا",
    replaces="به جای",
    replaced_by="جایگزین‌شده با",
    delivered="تحویل",
    answer_by="مهلت پاسخ",
    currency="واحد پول",
    please="لطفاً قیمت اقلام زیر را اعلام فرمایید.",
    please_by="لطفاً قیمت اقلام زیر را حداکثر تا {day} اعلام فرمایید.",
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
    lead_time="زمان تحویل",
    prices_valid_until="اعتبار قیمت‌ها تا",
    terms="شرایط",
    draft="پیش‌نویس",
    not_an_offer="پیش‌نویس است و پیشنهاد رسمی نیست",
    rejected="رد شده",
    expired="منقضی شده",
    superseded="جایگزین شده",
    no_longer_an_offer="جایگزین شده است و دیگر اعتبار ندارد",
    cancelled="لغو شده",
    agreed="مورد تأیید مشتری",
    offered="پیشنهاد از طرف تأمین‌کننده",
    name_and_signature="نام و امضا",
    place_and_date="محل و تاریخ",
    page="صفحهٔ {page} از {pages}",
    page_numbering="۱",
)

_LANGUAGES = {words.language: words for words in (ENGLISH, SPANISH, PERSIAN)}


def words_of(language: str | None) -> Words:
    """The words for a language tag, as es or es-MX; the English ones for a language not spoken here."""
    return _LANGUAGES.get((language or "").partition("-")[0], ENGLISH)


_UNITS = {
    "en": "unit:units piece:pieces hour:hours day:days week:weeks month:months year:years box:boxes "
    "pack:packs set:sets pair:pairs user:users seat:seats license:licenses licence:licences",
    "es": "unit:unidad:unidades piece:pieza:piezas hour:hora:horas day:día:días week:semana:semanas "
    "month:mes:meses year:año:años box:caja:cajas unidad:unidades pieza:piezas hora:horas día:días "
    "semana:semanas mes:meses año:años caja:cajas",
    "fa": "unit:واحد:واحد piece:عدد:عدد hour:ساعت:ساعت day:روز:روز week:هفته:هفته month:ماه:ماه year:سال:سال",
}
"""Units of measure that a language has a word for: the team's word, one, and more than one."""
_FORMS = {
    language: {forms[0]: forms[-2:] for forms in (word.split(":") for word in words.split())}
    for language, words in _UNITS.items()
}


def unit_of(language: str, uom: str, quantity: Decimal) -> str:
    """A unit of measure beside its quantity, `6 units`; a word without forms here stays as it is."""
    forms = _FORMS.get(language, {}).get(uom.strip().casefold())
    return forms[quantity != 1] if forms else uom
