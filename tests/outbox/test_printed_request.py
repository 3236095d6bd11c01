"""What a supplier is asked: our items without prices, in their language, and nothing of the customer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from pipecli.outbox.printed_papers import printed_request
from pipecli.records.customer import Supplier
from pipecli.records.papers import SupplierItem, SupplierQuotation, SupplierQuotationStatus
from pipecli.records.settings import Company

TORINO = Supplier(id="torino", name="Torino Macchine", address="Via Po 1\nTorino", country="Italy")


def request(supplier=TORINO, **fields):
    given = {
        "id": "SQ-A1111",
        "created": datetime(2026, 11, 10, tzinfo=UTC),
        "opportunity": "OPP-2Q8XA",
        "supplier": "torino",
        "date": date(2026, 11, 10),
        "answer_by": date(2026, 11, 20),
        "currency": "EUR",
        "items": (
            SupplierItem(description="Café S-100", quantity=Decimal(2), uom="unit"),
            SupplierItem(description="Beans", quantity=Decimal(40), uom="sack of sixty kilos"),
        ),
    }
    return printed_request(SupplierQuotation(**given | fields), Company(name="Contoso"), supplier)


def facts(document):
    return [(fact.label, fact.text) for fact in document.facts]


def test_the_supplier_is_asked_for_items_by_a_day():
    said = request()

    assert (said.title, said.company.name) == ("Request for quotation", "Contoso")
    assert (said.customer.name, said.customer.lines) == ("Torino Macchine", ["Via Po 1", "Torino", "Italy"])
    assert facts(said) == [
        ("Number", "SQ-A1111"),
        ("Date", "10 November 2026"),
        ("Answer by", "20 November 2026"),
        ("Currency", "EUR"),
    ]
    assert said.opening == "Please quote your prices for the items below, by 20 November 2026."
    assert [(item.description, item.quantity, item.detail) for item in said.items] == [
        ("Café S-100", "2 units", ""), ("Beans", "40", "sack of sixty kilos"),
    ]  # fmt: skip


def test_prices_lead_time_and_validity_are_theirs_to_fill_in():
    received = request(
        status=SupplierQuotationStatus.RECEIVED,
        items=(SupplierItem(description="Café S-100", unit_price=Decimal(990)),),
    )

    for said in (request(), received):
        assert {(item.unit_price, item.discount, item.tax, item.amount) for item in said.items} == {("",) * 4}
        assert (said.sums, said.total.text) == ([], "")
        assert said.blanks == ["Lead time", "Prices valid until"]
        assert (said.words["customer"], said.words["agreed"]) == ("To", "Offered, for the supplier")


def test_it_speaks_the_language_of_the_supplier():
    spanish = request(TORINO.with_(language="es-MX"))
    persian = request(TORINO.with_(language="fa"), answer_by=None)

    assert (spanish.title, facts(spanish)[2]) == (
        "Solicitud de oferta", ("Respuesta hasta", "20 de noviembre de 2026"),
    )  # fmt: skip
    assert (persian.title, persian.direction) == ("استعلام قیمت", "rtl")
    assert persian.opening == "لطفاً قیمت اقلام زیر را اعلام فرمایید."
    assert persian.items[0].quantity == "۲ واحد"


def test_a_supplier_without_a_record_is_named_by_slug():
    assert request(None).customer.name == "torino"
