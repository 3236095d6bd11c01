"""An invoice as EN 16931 has it, in the PDF that its customer gets: Factur-X, which their program reads.

The figures are those of the paper. The factur-x library, an extra, makes the XML of the terms of the standard
(BT-1 is the number) and holds it against the schema. What the standard asks and nobody has said is never made
up: such an invoice stays a plain PDF.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipecli.errors import PipecliError
from pipecli.records.compare_names import folded
from pipecli.records.customer import Customer
from pipecli.records.items_and_totals import Item, totals
from pipecli.records.money import EXACT, minor_digits
from pipecli.records.papers import Invoice, Order
from pipecli.records.settings import Company
from pipecli.translation import languages

_LEVEL = "en16931"
_INVOICE, _CREDIT_NOTE = "380", "381"
_TAXED = "S"
"""The category of what bears tax at a rate above 0, the only one that a line tells by itself."""
_UNITS = {
    "piece": "H87", "hour": "HUR", "day": "DAY", "week": "WEE", "month": "MON", "quarter": "QAN",
    "year": "ANN", "g": "GRM", "kg": "KGM", "t": "TNE", "l": "LTR", "m": "MTR", "km": "KMT", "m²": "MTK",
    "m2": "MTK", "m³": "MTQ", "m3": "MTQ", "box": "XBX", "pack": "XPK", "set": "SET", "pair": "PR",
}  # fmt: skip
_ONE = "C62"
"""Recommendation 20 of the UN, where a unit of measure is none of `_UNITS`."""


class NotElectronic(PipecliError):
    """The standard asks for what the invoice doesn't say."""

    code = "not-electronic"


def xml_of(
    invoice: Invoice, company: Company, customer: Customer, order: Order | None, credited: Invoice | None
) -> bytes:
    """The XML of an issued invoice of an order, valid by its schema. Raises NotElectronic."""
    import facturx

    terms = {
        "BT-1": invoice.number,
        "BT-2": invoice.date,
        "BT-3": _CREDIT_NOTE if invoice.credits else _INVOICE,
        "BT-5": invoice.currency,
        "BT-9": invoice.due,
        "BT-14": invoice.order,
        "BT-20": invoice.terms or (None if invoice.due else invoice.reason or invoice.number),
        "BT-72": order.delivered if order else None,
        "BG-4": _seller(company),
        "BG-7": _party(customer.name, customer.address, customer.country, customer.tax_id, customer.id),
        **_sums(invoice),
    }
    if credited:
        terms["BG-3"] = [{"BT-25": credited.number, "BT-26": credited.date}]
    given = {term: value for term, value in terms.items() if value}
    try:
        xml: bytes = facturx.generate_cii_xml(given, level=_LEVEL, check_xsd=False, check_schematron=False)
        # the library marks an empty element, the schema forbids it
        xml = xml.replace(b' xsi:nil="true"', b"")
        facturx.xml_check_xsd(xml, "factur-x", _LEVEL)
    except Exception as error:
        raise NotElectronic(f"{invoice.number} isn't valid as EN 16931: {error}") from None
    return xml


def embedded(pdf: bytes, xml: bytes, *, language: str, title: str, author: str) -> bytes:
    """The PDF/A of an invoice with its XML in it."""
    import facturx

    metadata = {"author": author, "title": title, "subject": title, "keywords": "Factur-X, EN 16931"}
    whole: bytes = facturx.generate_from_binary(
        pdf,
        xml,
        flavor="factur-x",
        level=_LEVEL,
        check_xsd=False,  # it is checked
        pdf_metadata=metadata,
        lang=language,
        afrelationship="alternative",
    )
    return whole


def _seller(company: Company) -> dict[str, Any]:
    party = _party(company.name, company.address, None, company.tax_id, "company")
    if "vat_identifier" not in party:
        if not company.tax_id:
            raise NotElectronic(
                "EN 16931 asks for the seller's tax number",
                hint="pipecli settings set company.tax_id=ES-B12345678",
            )
        party |= {"tax_identifier": company.tax_id, "identifiers": {None: company.tax_id}}
    return party


def _party(
    name: str, address: str | None, country: str | None, tax_id: str | None, whose: str
) -> dict[str, Any]:
    """A party's name, address and number; its country is what a field, the address or the number says."""
    lines = [line.strip() for line in (address or "").splitlines() if line.strip()]
    number = re.sub(r"[\W_]", "", tax_id or "").upper()
    by_number = _AS_VAT.get(number[:2], number[:2]) if number[2:] else ""
    countries = (_country(country or ""), _country(lines[-1]) if lines else "", _country(by_number))
    code = next((code for code in countries if code), None)
    if code is None:
        own = "give it the last line of company.address"
        hint = own if whose == "company" else f"pipecli customer set {whose} country=…"
        raise NotElectronic(f"EN 16931 asks for the country of {name}", hint=hint)
    party = {"name": name, "country_code": code} | dict(
        zip(("addr_l1", "addr_l2", "addr_l3"), lines[:-1] if countries[1] else lines, strict=False)
    )
    return party | ({"vat_identifier": number} if countries[2] else {})


_AS_VAT = {"EL": "GR", "XI": "GB"}
"""Beginnings of VAT numbers that aren't the code of their country."""


def _country(text: str) -> str:
    """The ISO code of a country, written as one or by its name in a language of ours; else nothing."""
    from babel import Locale

    wanted = folded(text)
    for language in languages():
        names: Mapping[str, str] = Locale.parse(language).territories
        for code, name in names.items():
            if len(code) == 2 and code.isalpha() and wanted in (folded(code), folded(name)):
                return code
    return ""


def _sums(invoice: Invoice) -> dict[str, Any]:
    """The lines, the discounts and the tax by rate, each net, as the paper comes to them."""
    if minor_digits(invoice.currency) > 2:
        raise NotElectronic(f"EN 16931 has amounts of two decimals, {invoice.currency} has more")
    undiscounted = invoice.with_(discount=None, discount_amount=None)
    bare = undiscounted.with_(
        items=tuple(item.with_(discount=None, discount_amount=None) for item in invoice.items)
    )
    whole = totals(invoice)
    sums = (totals(version).lines for version in (bare, undiscounted, invoice))
    nets = ([net for net in line_sums if net is not None] for line_sums in sums)
    worth = list(zip(invoice.items, *nets, strict=True))
    lines = [_line(number, invoice, *line[:3]) for number, line in enumerate(worth, 1)]
    taxes, allowances = [], []
    for rate, tax in whole.tax_by_rate.items():
        at_rate = [line for line in worth if line[0].tax == rate]
        taxable = sum(net for *_, net in at_rate)
        off = sum(printed for _, _, printed, _ in at_rate) - taxable
        taxes.append({"BT-116": f"{taxable}", "BT-117": f"{tax}", "BT-118": _TAXED, "BT-119": f"{rate:f}"})
        if off:
            of_rate = {"vat_category_code": _TAXED, "vat_rate": f"{rate:f}"}
            allowances.append({"amount": f"{off}", **of_rate, "reason": "Discount"})
    printed = sum(printed for _, _, printed, _ in worth)
    return {
        "BG-20": allowances,
        "BG-23": taxes,
        "BG-25": lines,
        "BT-106": f"{printed}",
        "BT-107": f"{printed - whole.net}" if allowances else None,
        "BT-109": f"{whole.net}",
        "BT-110": f"{whole.tax}",
        "BT-112": f"{whole.gross}",
        "BT-115": f"{whole.gross}",
    }


def _line(number: int, invoice: Invoice, item: Item, bare: Decimal, printed: Decimal) -> dict[str, Any]:
    """One line: its worth without any discount, and after its own."""
    if not item.tax:
        rate = "no rate of tax" if item.tax is None else "a rate of 0, which may mean several things"
        raise NotElectronic(f"line {number} of {invoice.number} has {rate}, and EN 16931 asks which")
    price = item.unit_price
    if invoice.tax_included:
        price = round(EXACT.divide(EXACT.multiply(price, 100), 100 + item.tax), 6)
    quantity = EXACT.multiply(item.quantity, Decimal(item.term or 1))
    uom = item.uom or (item.per.value if item.per else "")
    line: dict[str, Any] = {
        "BT-126": f"{number}",
        "BT-129": f"{quantity:f}",
        "BT-130": _UNITS.get(uom.strip().casefold(), _ONE),
        "BT-131": f"{printed}",
        "BT-146": f"{price:f}",
        "BT-151": _TAXED,
        "BT-152": f"{item.tax:f}",
        "BT-153": item.description,
    }
    if item.product:
        line["BT-155"] = item.product
    if bare > printed and (item.discount or item.discount_amount):
        line["BG-27"] = [{"amount": f"{bare - printed}", "reason": "Discount"}]
    return line
