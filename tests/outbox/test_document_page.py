"""The page of a document: every word escaped, nothing fetched, and the sums of the quotation."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from pipecli.outbox.document_page import document_page
from pipecli.outbox.printed import Addressee, addressee, printed_quotation
from pipecli.records.item import Item
from pipecli.records.lead import Lead
from pipecli.records.party import Contact, Customer
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.records.settings import Company

EVIL = "<script>alert(1)</script>\"'&amp;"
VOID = {"meta", "br", "img"}


class Reader(HTMLParser):
    """The tags, attributes and words of a page; fails on a tag that is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and "style" not in self.open:
            self.words.append(data.strip())


ITEMS = (
    Item(
        description="Café S-100",
        quantity=Decimal(2),
        uom="unit",
        unit_price=Decimal("2499.00"),
        discount=Decimal("12.5"),
        tax=Decimal(21),
    ),
    Item(description="Screws", quantity=Decimal(1000), unit_price=Decimal("0.0125"), tax=Decimal(10)),
)


def quotation(**fields):
    given = {
        "id": "QTN-A1111",
        "created": datetime(2026, 11, 10, tzinfo=UTC),
        "opportunity": "OPP-2Q8XA",
        "date": date(2026, 11, 10),
        "valid_until": date(2026, 12, 5),
        "status": QuotationStatus.SENT,
        "currency": "EUR",
        "items": ITEMS,
    }
    return Quotation(**given | fields)


def page(to=None, company=None, logo="", **fields):
    company = company or Company(name="Contoso")
    return document_page(
        printed_quotation(quotation(**fields), company, to or Addressee("Coffee & Sons")), logo
    )


def words(html):
    return Reader(html).words


def test_the_page_has_the_lines_and_the_sums():
    said = words(page())

    start = said.index("Café S-100")
    assert said[start : start + 6] == ["Café S-100", "2 unit", "2,499.00", "12.5%", "21%", "4,373.25"]
    assert said[start + 6 : start + 11] == ["Screws", "1,000", "0.0125", "10%", "12.50"]
    assert said[said.index("Net") :][:8] == [
        "Net", "€4,385.75", "Tax 10%", "€1.25", "Tax 21%", "€918.38", "Total", "€5,305.38",
    ]  # fmt: skip


def test_dates_validity_and_terms_are_said():
    said = words(page(terms="Net 30\nSecond line", revision_of="QTN-B2222"))

    assert said[said.index("Date") :][:2] == ["Date", "10 November 2026"]
    assert said[said.index("Replaces") :][:2] == ["Replaces", "QTN-B2222"]
    assert "This quotation is valid until 5 December 2026." in said
    assert "Net 30\nSecond line" in said


def test_columns_that_no_line_needs_are_not_there():
    item = Item(description="Work", quantity=Decimal("1.50"), unit_price=Decimal(80))
    said = words(page(items=(item,)))

    assert "Discount" not in said
    assert "Tax" not in said
    assert said[said.index("Total, without tax") :][:2] == ["Total, without tax", "€120.00"]
    assert "1.5" in said


def test_amounts_have_the_digits_of_their_currency():
    said = words(page(currency="JPY", items=(Item(description="Tea", unit_price=Decimal(1200)),)))

    assert "JP¥1,200" in said


def test_the_letterhead_and_the_customer_stand_at_the_top():
    company = Company(name="Contoso", address="Gran Vía 2\nMadrid", email="hi@contoso.example", tax_id="ES-1")
    customer = Customer(
        id="c", name="Coffee & Sons", address="Calle 1\n28013 Madrid", country="Spain", tax_id="B-2"
    )
    contact = Contact(id="m", name="María López")

    said = words(page(addressee(customer, contact, None), company))

    assert said[1:6] == ["Contoso", "Gran Vía 2", "Madrid", "hi@contoso.example", "Tax ID ES-1"]
    start = said.index("Coffee & Sons")
    assert said[start : start + 6] == [
        "Coffee & Sons", "Attn. María López", "Calle 1", "28013 Madrid", "Spain", "Tax ID B-2",
    ]  # fmt: skip


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
    ("status", "word"),
    [
        (QuotationStatus.DRAFT, "Draft, not an offer"),
        (QuotationStatus.SUPERSEDED, "Superseded, no longer an offer"),
        (QuotationStatus.EXPIRED, "Expired"),
        (QuotationStatus.REJECTED, "Rejected"),
    ],
)
def test_what_is_no_offer_says_so_and_claims_no_validity(status, word):
    said = words(page(status=status))

    assert word in said
    assert not [line for line in said if line.startswith("This quotation is valid")]


def test_every_word_is_escaped():
    html = page(
        Addressee(EVIL, EVIL, (EVIL,)),
        Company(name=EVIL, address=EVIL, email=EVIL, phone=EVIL, website=EVIL, tax_id=EVIL),
        terms=EVIL,
        items=(Item(description=EVIL, uom=EVIL, unit_price=Decimal(1), tax=Decimal(5)),),
    )

    read = Reader(html)
    assert "script" not in read.tags
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert sum(EVIL in word for word in read.words) == 13


def test_the_page_fetches_nothing_and_runs_nothing():
    html = page(logo="data:image/png;base64,AAAA")

    read = Reader(html)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in read.attributes
    assert [value for name, value in read.attributes if name in ("src", "href")] == [
        "data:image/png;base64,AAAA"
    ]
    assert "url(" not in html
    assert "@import" not in html


def test_words_of_any_script_choose_their_direction():
    html = page(Addressee("فروشگاه قهوه"))

    assert '<p class="name" dir="auto">فروشگاه قهوه</p>' in html
