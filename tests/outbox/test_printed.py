"""What a printed document says: the words, days and figures of the customer's language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipecli.outbox.printed_papers import Addressee, Revisions, addressee, printed_order, printed_quotation
from pipecli.records.customer import Contact, Customer
from pipecli.records.items_and_totals import Item
from pipecli.records.lead import Lead
from pipecli.records.papers import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.records.settings import Company
from pipecli.translation import formats_of, unit_of

MACHINE = Item(
    description="Café S-100",
    quantity=Decimal(2),
    uom="unit",
    unit_price=Decimal("2499.00"),
    discount=Decimal("12.5"),
    tax=Decimal(21),
)


def printed(to=Addressee("Coffee & Sons"), revisions=Revisions(), **fields):  # noqa: B008
    given = {
        "id": "QTN-A1111",
        "created": datetime(2026, 11, 10, tzinfo=UTC),
        "opportunity": "OPP-2Q8XA",
        "date": date(2026, 11, 10),
        "valid_until": date(2026, 12, 5),
        "status": QuotationStatus.SENT,
        "currency": "EUR",
        "items": (MACHINE,),
    }
    return printed_quotation(Quotation(**given | fields), Company(name="Contoso"), to, revisions)


def facts(document):
    return {fact.label: fact.text for fact in document.facts}


def sums(document):
    return [(each.label, each.text.replace("\xa0", " ")) for each in [*document.sums, document.total]]


def test_in_spanish():
    said = printed(language="es-MX")

    assert (said.language, said.direction, said.title) == ("es", "ltr", "Presupuesto")
    assert facts(said)["Fecha"] == "10 de noviembre de 2026"
    assert printed(language="es").items[0].amount == "4.373,25"
    assert sums(printed(language="es")) == [
        ("Subtotal", "4.373,25 €"), ("Impuesto 21\xa0%", "918,38 €"), ("Total", "5.291,63 €"),
    ]  # fmt: skip
    assert sums(printed(language="es", tax_included=True, discount_amount=Decimal(121))) == [
        ("Suma de conceptos, impuestos incluidos", "4.373,25 €"),
        ("Descuento, impuestos incluidos", "-121,00 €"),
        ("Subtotal", "3.514,26 €"), ("Impuesto 21\xa0%", "737,99 €"),
        ("Total, impuestos incluidos", "4.252,25 €"),
    ]  # fmt: skip


def test_in_persian_with_its_own_figures_from_right_to_left():
    said = printed(language="fa")

    assert (said.language, said.direction, said.title) == ("fa", "rtl", "پیشنهاد قیمت")
    assert facts(said)["تاریخ"] == "۱۰ نوامبر ۲۰۲۶"
    assert said.items[0].amount == "۴٬۳۷۳٫۲۵"
    assert said.items[0].tax == "۲۱٪"
    assert said.items[0].quantity == "۲ واحد"
    assert said.total.text == "\u200e€\xa0۵٬۲۹۱٫۶۳"
    assert printed(language="fa", discount_amount=Decimal(5)).sums[1].text == "\u200e−\u200e€\xa0۵٫۰۰"


def test_another_language_has_english_words_and_its_own_figures():
    said = printed(language="fr")

    assert (said.language, said.title) == ("en", "Quotation")
    assert facts(said)["Date"] == "10 novembre 2026"
    assert said.items[0].amount == "4\u202f373,25"


@pytest.mark.parametrize("language", [None, "xx", "en"])
def test_no_language_is_english_of_no_country(language):
    assert facts(printed(language=language))["Valid until"] == "5 December 2026"


def test_the_quotation_s_language_goes_before_the_addressee_s():
    to = Addressee("Ana", language="es")

    assert printed(to).title == "Presupuesto"
    assert printed(to, language="en").title == "Quotation"


def test_a_long_unit_stands_below_the_description():
    item = printed(items=(MACHINE.with_(uom="pallet of forty boxes"),)).items[0]

    assert (item.quantity, item.detail) == ("2", "pallet of forty boxes")


def test_revisions_are_told():
    said = printed(revisions=Revisions(3, "QTN-C3333"), revision_of="QTN-B2222")

    assert facts(said)["Revision"] == "3"
    assert facts(said)["Replaces"] == "QTN-B2222"
    assert facts(said)["Replaced by"] == "QTN-C3333"


def test_a_draft_is_marked_and_a_past_one_is_not_to_be_signed():
    draft, past = printed(status=QuotationStatus.DRAFT), printed(status=QuotationStatus.SUPERSEDED)

    assert (draft.watermark, draft.stamp, draft.validity) == ("Draft", "Draft, not an offer", "")
    assert (draft.signature, past.signature) == (True, False)
    assert printed().stamp == ""


def test_an_order_has_no_validity_and_says_when_it_is_cancelled():
    order = Order(
        id="ORD-A1111", created=datetime(2026, 11, 10, tzinfo=UTC), opportunity="OPP-2Q8XA",
        quotation="QTN-A1111", date=date(2026, 11, 10), status=OrderStatus.CANCELLED, customer="c",
        currency="JPY", items=(Item(description="Tea", unit_price=Decimal(1200)),),
    )  # fmt: skip
    said = printed_order(order, Company(name="Contoso"), Addressee("Coffee & Sons"))

    assert (said.title, said.stamp, said.signature, said.validity) == ("Order", "Cancelled", False, "")
    assert facts(said)["Quotation"] == "QTN-A1111"
    assert sums(said) == [("Total, without tax", "JP¥1,200")]


def test_figures_of_any_size_keep_every_digit():
    assert formats_of("es").figure(Decimal("999999999999999.99"), 2) == "999.999.999.999.999,99"
    assert formats_of("hi").money(Decimal("1234567.50"), "INR") == "₹12,34,567.50"
    assert formats_of("ar-EG").figure(Decimal("1234.5"), 1) == "١٬٢٣٤٫٥"


def test_the_customer_and_their_contact_are_addressed():
    customer = Customer(
        id="c", name="Coffee & Sons", address="Calle 1\n\n28013 Madrid", country="Spain", tax_id="B-2"
    )

    said = printed(addressee(customer, Contact(id="m", name="María López"), None)).customer

    lead = Lead(id="LEAD-7K3M9", created=datetime(2026, 1, 1, tzinfo=UTC), name="Ana", language="fa")
    assert addressee(customer, None, lead).language == "fa"
    assert (said.name, said.attention) == ("Coffee & Sons", "Attn. María López")
    assert said.lines == ["Calle 1", "28013 Madrid", "Spain", "Tax ID B-2"]


def test_a_lead_is_addressed_by_organisation_and_name():
    lead = Lead(
        id="LEAD-7K3M9", created=datetime(2026, 1, 1, tzinfo=UTC), name="Ana", organization="Kaffee AG",
        address="Weg 1",
    )  # fmt: skip
    assert addressee(None, None, lead) == Addressee("Kaffee AG", "Ana", ("Weg 1", ""))


def test_nobody_is_named_twice():
    person = Customer(id="ana", name="Ana Ruiz", kind="person")

    assert addressee(person, Contact(id="ana", name="Ana Ruiz"), None).attention == ""


@pytest.mark.parametrize(
    ("language", "uom", "quantity", "said"),
    [
        ("en", "unit", "6", "units"),
        ("en", "unit", "1", "unit"),
        ("en", "unit", "0.5", "units"),
        ("en", "kg", "6", "kg"),
        ("en", "Hour", "2", "hours"),
        ("es", "unit", "6", "unidades"),
        ("es", "hour", "1", "hora"),
        ("fa", "unit", "6", "واحد"),
    ],
)
def test_a_unit_of_measure_is_said_as_people_say_it(language, uom, quantity, said):
    assert unit_of(language, uom, Decimal(quantity)) == said
