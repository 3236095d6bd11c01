"""Lines, quotations, wins, orders and invoices of one deal: the edge of each rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import pytest

from pipecli.records.activity import NextContact
from pipecli.records.catalogue import PriceList
from pipecli.records.customer import Contact, Customer, Supplier
from pipecli.records.lead import Lead
from pipecli.records.money import Rates
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Invoice, Order, Quotation, SupplierQuotation
from pipecli.records.settings import Settings
from pipecli.workflow import Refused
from pipecli.workflow import invoice as invoices
from pipecli.workflow import items_and_prices as lines
from pipecli.workflow import quotation as quotations
from pipecli.workflow import supplier_quotation as answers
from pipecli.workflow.activity_followup_and_attachment import Next
from pipecli.workflow.opportunity.add_and_change import require_listed_lost_reason
from pipecli.workflow.opportunity.advance import advance_deal
from pipecli.workflow.opportunity.close import (
    difference_from_offer,
    lose_deal,
    reopen_deal,
    sold_to,
    win_deal,
)
from pipecli.workflow.order import order_quotation, term_ends

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = NOW.date()
SETTINGS = Settings.model_validate(
    {
        "company": {"name": "Contoso"},
        "lost_reasons": ["price"],
        "processes": {"standard": {"stages": [{"id": "demo", "probability": 10}]}},
    }
)
DEAL = "OPP-2Q8XA"
MILL = {"product": "mill", "description": "Mill", "unit_price": 100, "quantity": 1}
CREATED = {"created": "2026-11-01T10:00:00+01:00"}
OF_DEAL = CREATED | {"opportunity": DEAL, "date": "2026-11-20", "currency": "EUR", "items": [MILL]}


def deal(**fields: object) -> Opportunity:
    about = CREATED | {
        "id": DEAL,
        "title": "Mills",
        "process": "standard",
        "stage": "demo",
        "currency": "EUR",
    }
    return Opportunity.model_validate(about | fields)


def offer(**fields: object) -> Quotation:
    return Quotation.model_validate(
        OF_DEAL | {"id": "QTN-A1111", "customer": "contoso", "status": "sent"} | fields
    )


def order(**fields: object) -> Order:
    return Order.model_validate(OF_DEAL | {"id": "ORD-A1111", "customer": "contoso"} | fields)


def invoice(**fields: object) -> Invoice:
    return Invoice.model_validate(OF_DEAL | {"id": "INV-A1111", "customer": "contoso"} | fields)


def answer(**fields: object) -> SupplierQuotation:
    return SupplierQuotation.model_validate(
        OF_DEAL | {"id": "SQ-A1111", "supplier": "acme", "status": "received"} | fields
    )


class Prices(NamedTuple):
    """The terms that lines are priced by."""

    price_lists: list[PriceList]
    settings: Settings = SETTINGS


def prices(**fields: object) -> Prices:
    about = {"id": "retail", "currency": "EUR", "prices": {"mill": 100}}
    return Prices([PriceList.model_validate(about | fields)])


def won(given: Opportunity, *papers: Quotation, **options: object):
    return win_deal(given, papers, [], order_id="ORD-A1111", now=NOW, day=DAY, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (prices(id="other"), "unknown price list retail"),
        (prices(valid_from="2027-01-01"), "is valid from 2027-01-01, not on"),
        (prices(valid_until="2026-11-20"), "is valid until 2026-11-20, not on"),
        (prices(tax_included=True), "are with tax, those of OPP-2Q8XA without it"),
        (prices(), "are without tax, those of OPP-2Q8XA with it"),
    ],
)
def test_a_list_that_does_not_hold_says_why(terms: Prices, said: str):
    with pytest.raises(Refused, match=said):
        with_tax = "without tax" in said or None
        lines.price_list_of(deal(price_list="retail", items=[MILL], tax_included=with_tax), terms, DAY)


def test_a_line_is_an_alternative_to_one_that_is_there():
    for items, known in (([], "none"), ([MILL, {"description": "Cup", "unit_price": 1}], "mill, Cup")):
        with pytest.raises(Refused, match=f"to be an alternative to; it has {known}"):
            lines.with_new_line(
                deal(items=items), prices(), DAY,
                {"description": "Jug", "price": Decimal(2), "alternative_to": "jar"},
            )  # fmt: skip


def test_discounts_of_a_line_take_each_others_place():
    given = deal(items=[MILL | {"discount_amount": 5}])
    changed, _ = lines.with_line(given, "1", {"discount": Decimal(10)})
    assert (changed.items[0].discount, changed.items[0].discount_amount) == (10, None)
    changed, _ = lines.with_line(given, "1", {"quantity": Decimal(2)})
    assert changed.items[0].discount_amount == 5


def test_who_gives_a_price_is_not_told_that_of_the_list():
    terms = prices(prices={"mill": [{"from": 1, "price": 100}, {"from": 5, "price": 80}]})
    for price, told in ((None, True), (Decimal(90), False), (Decimal(100), False)):
        change = lines.set_item(
            deal(items=[MILL], price_list="retail"), terms, DAY, "1", quantity=Decimal(5), price=price
        )
        assert any("80" in note for note in change.notes) == told


def test_a_product_that_the_list_has_no_price_for_keeps_its_own():
    change = lines.reprice(deal(items=[MILL | {"product": "cup"}, MILL]), prices(), DAY)
    assert change.notes[0].endswith("stays at 100, retail has no price for it")


@pytest.mark.parametrize("status", ["accepted", "superseded"])
def test_what_a_customer_said_yes_to_is_made_anew(status: str):
    with pytest.raises(Refused, match=f"make a new one: pipecli quote new {DEAL}"):
        quotations.require_changeable(offer(status=status))


def test_an_offer_without_a_price_list_may_be_in_any_currency():
    quotations.require_settable(offer(status="draft"), offer(status="draft", currency="USD"), None)


def test_days_that_a_person_wrote_are_no_hindrance_to_what_leaves_them_alone():
    late = offer(status="draft", valid_until="2026-11-19")
    quotations.require_settable(late, late.with_(terms="30 days"), None)
    with pytest.raises(Refused, match="would be valid until 2026-11-18, before its date 2026-11-20"):
        quotations.require_settable(late, late.with_(valid_until=date(2026, 11, 18)), None)


def test_an_offer_holds_on_its_last_day():
    quotations.require_time(offer(valid_until="2026-11-20"))
    for until, late in (("2026-11-21", 0), ("2026-11-20", 1)):
        accepted = quotations.accept_quotation(offer(valid_until=until), deal(), siblings=[], today=DAY)
        assert sum("was valid until" in note for note in accepted.notes) == late
        taken = won(deal(customer="contoso"), offer(valid_until=until))
        assert sum("was valid until" in note for note in taken.notes) == late
    answers.request_prices(deal(items=[MILL]), SUPPLIER, id="SQ-A1111", now=NOW, answer_by=DAY)


SUPPLIER = Supplier.model_validate({"id": "acme", "name": "Acme"})


def test_a_request_to_a_supplier_leaves_freight_out():
    items = [MILL, {"description": "Delivery", "unit_price": 5, "kind": "freight"}]
    asked = answers.request_prices(deal(items=items), SUPPLIER, id="SQ-A1111", now=NOW)
    assert [item.description for item in asked.items] == ["Mill"]


def test_a_deal_changes_with_what_is_sent_only_where_a_contact_is_planned():
    draft, given = offer(status="draft"), deal(customer="contoso")
    sent = quotations.send_quotation(draft, given, siblings=[], now=NOW)
    assert (sent.record.status, sent.also) == ("sent", ())
    planned = Next(NextContact(date=DAY))
    sent = quotations.send_quotation(draft, given, siblings=[], now=NOW, next_=planned)
    assert [record.next_contact.date for record in sent.also] == [DAY]


def test_of_two_options_in_place_of_one_line_one_is_taken():
    jug, jar = ({"description": name, "unit_price": 2, "alternative_to": "mill"} for name in ("Jug", "Jar"))
    with pytest.raises(Refused, match="items 2 and 3 both take the place of item 1"):
        quotations.accept_quotation(
            offer(items=[MILL, jug, jar]), deal(), siblings=[], today=DAY, options=["Jug", "Jar"]
        )


def test_what_a_customer_takes_of_an_offer_is_told():
    jug = {"description": "Jug", "unit_price": 2, "optional": True}
    said = [
        quotations.accept_quotation(offer(items=[MILL, jug]), deal(), siblings=[], today=DAY, options=taken)
        for taken in ([], ["Jug"])
    ]
    assert [change.summary for change in said] == ["accept", "accept with 1 × Jug"]
    assert said[1].notes[0] == "with 1 × Jug it comes to 102.00 EUR"
    assert not any("it comes to" in note for note in said[0].notes)


def test_an_offer_is_taken_back_in_the_currency_of_its_deal():
    with pytest.raises(Refused, match="QTN-A1111 is in USD, OPP-2Q8XA in EUR"):
        quotations.take_offer(deal(), offer(currency="USD"))
    copied = quotations.take_offer(deal(), offer())
    assert copied.summary.endswith("no amount → 100.00 EUR") and copied.notes == ()
    (note,) = quotations.take_offer(deal(amount=7), offer()).notes
    assert note == "the amount set by hand, 7.00 EUR, is dropped"
    assert quotations.take_offer(deal(items=[MILL]), offer()).summary.endswith("stays at 100.00 EUR")
    taken = {"items": [MILL, {"description": "Jug", "unit_price": 2, "optional": True}]}
    for status, lines_left in (("sent", 2), ("accepted", 1)):  # of what was chosen, the options that were
        change = quotations.take_offer(deal(), offer(status=status, **taken))
        assert len(change.record.items) == lines_left


def test_a_win_says_what_its_offers_were():
    customer = deal(customer="contoso")
    with pytest.raises(Refused, match="QTN-A1111 is in USD, OPP-2Q8XA in EUR; say what it comes to in EUR"):
        won(customer, offer(currency="USD"))
    with pytest.raises(Refused, match="OPP-2Q8XA has no customer to order QTN-A1111"):
        won(deal(lead="LEAD-7K3M9"), offer(customer=None, lead="LEAD-7K3M9"))
    passed = won(
        customer, offer(status="expired"), offer(id="QTN-B1111", status="rejected"), amount=Decimal(1)
    )
    assert passed.notes == ("won without a quotation, nothing is ordered; QTN-A1111 is expired",)
    assert not passed.also  # what had ended stays as it was
    first = offer(date="2026-11-19")
    both = won(customer, first, offer(id="QTN-B1111"))
    assert both.summary == "won 100.00 EUR with QTN-B1111"
    assert both.notes[0] == "QTN-A1111, 100.00 EUR, was on offer, too"
    taken = offer(currency="USD", status="accepted", taken=[1], items=[MILL | {"optional": True}])
    assert won(customer, taken, amount=Decimal(90)).record.items == ()  # its lines are in another currency
    untold = won(customer, amount="unknown")
    assert (untold.summary, untold.record.closed.amount) == ("won, amount unknown", "unknown")


def test_a_win_orders_what_has_no_order_yet():
    for about, ordered in (
        ({"quotation": "QTN-A1111"}, []),
        ({"quotation": "QTN-A1111", "status": "cancelled"}, ["ORD-B1111"]),
        ({"quotation": "QTN-B1111"}, ["ORD-B1111"]),
    ):
        change = win_deal(
            deal(customer="contoso"), [offer()], [order(**about)], order_id="ORD-B1111", now=NOW, day=DAY
        )
        assert [record.key for record in change.also[1:]] == ordered


def test_how_far_a_final_value_is_from_what_was_offered():
    assert difference_from_offer(Decimal(110), Decimal(100), Decimal(10)) is None
    assert difference_from_offer(Decimal(111), Decimal(100), Decimal(10)) == "11 % above"
    assert difference_from_offer(Decimal(5), Decimal(0), Decimal(10)) == "above"


def test_a_buyer_brings_what_is_planned_with_the_lead():
    def activity(key: str, **fields: object) -> dict[str, object]:
        return {"id": key, "type": "call", "at": "2026-11-20", "subject": "Talk"} | fields

    lead = Lead.model_validate(
        CREATED
        | {"id": "LEAD-7K3M9", "name": "Ana", "role": "buyer"}
        | {"activities": [activity("4F2QX"), activity("5G3RY", done=True), activity("6H4SZ")]}
    )
    contact = Contact.model_validate({"id": "ana", "name": "Ana", "customer": "contoso"})
    sold = sold_to(
        Customer.model_validate({"id": "contoso", "name": "Contoso"}),
        contact, lead, deal(activities=[activity("4F2QX")]),
    )  # fmt: skip
    assert [activity.id for activity in sold.activities] == ["4F2QX", "6H4SZ"]


def test_a_deal_that_is_reopened_leaves_alone_what_had_ended():
    closed = {"date": "2026-11-20", "amount": 100, "quotation": "QTN-A1111"}
    sold = deal(status="won", customer="contoso", closed=closed, probability=35)
    cancelled = order(quotation="QTN-A1111", status="cancelled")
    papers = [offer(status="accepted"), offer(id="QTN-B1111", status="expired")]
    when_open = {"QTN-A1111": "sent", "QTN-B1111": "sent"}
    change = reopen_deal(sold, SETTINGS, papers, [cancelled], when_open=when_open)
    assert [(record.key, record.status) for record in change.also] == [("QTN-A1111", "sent")]
    assert change.record.probability == 35
    options = {"reasons": ["price"], "day": DAY, "today": DAY, "competitors": {}}
    lost = lose_deal(deal(), SETTINGS, [offer(), papers[1]], [cancelled], **options)
    assert lost.record.status == "lost"
    assert [(record.key, record.status) for record in lost.also] == [("QTN-A1111", "rejected")]
    with pytest.raises(Refused, match="gone isn't a stage of the process standard; give --stage, in demo"):
        reopen_deal(sold.with_(stage="gone"), SETTINGS, papers, [], when_open={})
    unquoted = deal(status="won", customer="contoso", closed=closed | {"quotation": None})
    again = reopen_deal(unquoted, SETTINGS, [], [order()], when_open={})
    assert (again.also, again.notes) == ((), ())  # that isn't the order of the win
    assert again.summary == "reopen at demo, was won"
    silent = deal(status="closed", closed={"date": "2026-11-20", "reasons": ["price"]})
    again = reopen_deal(silent, SETTINGS, [offer(status="rejected")], [], when_open={})
    assert (again.also, len(again.notes)) == ((), 1)  # on what closes it again
    assert again.summary == "reopen at demo, was closed (price)"


def test_a_file_says_a_reason_in_full():
    assert require_listed_lost_reason(SETTINGS, "pri") == "price"
    assert require_listed_lost_reason(SETTINGS, "Price", is_whole=True) == "price"
    with pytest.raises(Refused, match="pri isn't a reason for losing"):
        require_listed_lost_reason(SETTINGS, "pri", is_whole=True)


def test_a_stage_may_be_called_as_an_end():
    stages = [{"id": stage, "probability": 10} for stage in ("demo", "won")]
    settings = SETTINGS.model_validate(SETTINGS.plain() | {"processes": {"standard": {"stages": stages}}})
    assert advance_deal(deal(), settings, to="won").record.stage == "won"
    with pytest.raises(Refused, match="won is not a stage but the end of a deal"):
        advance_deal(deal(), SETTINGS, to="won")


def test_an_order_is_for_the_customer_of_the_quotation_or_of_its_deal():
    def ordered(of_quotation, of_deal):
        accepted = offer(status="accepted", customer=of_quotation)
        made = order_quotation(
            accepted, deal(customer=of_deal), siblings=[accepted], orders=[], id="ORD-A1111", now=NOW
        )
        return made.record.customer

    assert ordered(None, "contoso") == ordered("contoso", None) == ordered("contoso", "acme") == "contoso"


def test_the_term_of_an_order_ends_while_it_runs():
    recurring = MILL | {"per": "month", "term": 24}
    assert term_ends(order()) is None
    assert term_ends(order(items=[MILL, recurring])) == date(2028, 11, 20)
    assert term_ends(order(items=[recurring], status="cancelled")) is None


def test_what_is_left_to_invoice_of_an_order():
    first = invoice(order="ORD-A1111", number="2026-0001", status="issued")
    note = invoice(
        id="INV-B1111", order="ORD-A1111", credits="INV-A1111", number="2026-0002", status="issued",
    )  # fmt: skip
    again = invoice(id="INV-C1111", order="ORD-A1111", number="2026-0003", status="issued")
    with pytest.raises(Refused, match="ORD-A1111 is fully invoiced, with 2026-0001, 2026-0003;"):
        invoices.new_invoice(order(), [first, note, again], SETTINGS, id="INV-D1111", now=NOW)
    left = invoices.left_to_invoice(order(items=[MILL, MILL | {"quantity": 3}]), [first, again])
    assert left == [0, 2]  # of one kind: the first lines go first
    halved = order(items=[MILL | {"quantity": 2}], discount_amount=10)
    more = [invoice(order="ORD-A1111", number="2026-0001", status="issued", discount_amount=7)]
    credited = [*more, note.with_(discount_amount=Decimal(7))]
    for papers, off, words in ((more, 3, "ORD-A1111 in part"), (credited, 10, "ORD-A1111")):
        drawn = invoices.new_invoice(halved, papers, SETTINGS, id="INV-D1111", now=NOW)
        assert (drawn.record.discount_amount, drawn.summary) == (off, f"invoice {words}")
    cheaper = order(items=[MILL | {"quantity": 2, "discount_amount": 5}])
    (half,) = invoices.new_invoice(cheaper, [more[0]], SETTINGS, id="INV-D1111", now=NOW).record.items
    assert (half.quantity, half.discount_amount) == (1, Decimal("2.50"))
    freight = order(items=[MILL | {"kind": "freight"}], discount_amount=5)
    assert invoices.new_invoice(freight, [], SETTINGS, id="INV-D1111", now=NOW).record.discount_amount is None


def test_a_draft_of_an_invoice_keeps_where_it_comes_from():
    draft = invoice(order="ORD-A1111")
    with pytest.raises(Refused, match="customer of INV-A1111 follows from what happens to it"):
        invoices.require_settable(draft, draft.with_(customer="acme"))
    invoices.require_settable(draft, draft.with_(due=DAY))
    with pytest.raises(Refused, match="INV-A1111 has no items"):
        invoices.issue_invoice(
            draft.with_(items=()), None, SETTINGS, number="2026-0001", day=DAY, open_=Decimal(0)
        )


def test_a_payment_has_the_decimals_of_its_currency():
    issued = invoice(order="ORD-A1111", number="2026-0001", status="issued")
    with pytest.raises(Refused, match=r"1\.005 EUR can't be paid; it has 2 decimals"):
        invoices.record_payment(issued, Decimal(100), id="PAY01", day=DAY, today=DAY, amount=Decimal("1.005"))
    for amount, left, status in ((40, "60.00 EUR are open", "issued"), (100, "it is paid", "paid")):
        paid = invoices.record_payment(
            issued, Decimal("100.00"), id="PAY01", day=DAY, today=DAY, amount=Decimal(amount)
        )
        assert (paid.notes, paid.record.status) == ((left,), status)


def test_a_credit_note_that_leaves_nothing_open_settles_its_invoice():
    credited = invoice(order="ORD-A1111", number="2026-0001", status="issued")
    note = invoice(id="INV-B1111", order="ORD-A1111", credits="INV-A1111")
    for open_, settled in ((99, ["paid"]), (100, ["paid"]), (101, [])):
        issued = invoices.issue_invoice(
            note, credited, SETTINGS, number="2026-0002", day=DAY, open_=Decimal(open_)
        )
        assert [record.status for record in issued.also] == settled
        assert issued.record.due is None  # nothing is to be paid


def test_each_supplier_stands_beside_what_all_of_them_quoted():
    cup = {"description": "Cup", "unit_price": 2, "quantity": 3}
    other = answer(id="SQ-B1111", supplier="zeta", items=[cup])
    compared = answers.compare_offers([answer(), other], "EUR", Rates("EUR", {}), today=DAY)
    quoted = {row.description: [price and price.unit_price for price in row.prices] for row in compared.rows}
    assert quoted == {"Mill": [100, None], "Cup": [None, 2]}
    assert [column.total for column in compared.columns] == [100, 6]
    without = answers.compare_offers([answer(), answer(items=[])], "EUR", Rates("EUR", {}), today=DAY)
    assert [(column.total, column.is_best) for column in without.columns] == [(100, True), (None, False)]


def test_a_price_with_tax_has_it_on_top_of_the_suppliers():
    quoted = answer(items=[MILL | {"unit_price": 10}])
    items = [MILL | {"tax": 21}, MILL, MILL | {"discount": 5}, MILL | {"discount_amount": 5}]
    made, doubts = answers.price_from_supplier(
        offer(tax_included=True, items=items), quoted, Rates("EUR", {}), today=DAY, markup=Decimal(100)
    )
    assert [item.unit_price for item in made.items] == [Decimal("24.20"), 20, 20, 20]
    assert [note.partition("discount of ")[2] for note in doubts] == [
        "5 %, off the new price", "5, off the new price",
    ]  # fmt: skip


def test_lead_times_are_one_where_all_rows_say_it():
    cup = {"description": "Cup", "quantity": 3}
    asked = answer(status="requested", items=[{"description": "Mill"}, cup, cup | {"quantity": 5}])
    rows = [
        answers.Offered(("Mill",), Decimal(2), "2 weeks", "row 2"),
        *(answers.Offered((place,), Decimal(2)) for place in ("2", "3")),
    ]
    received = answers.receive_prices(asked, rows, today=DAY).record
    assert received.lead_time == "Mill: 2 weeks"
    rows = [row._replace(lead_time="1 week") for row in rows]
    assert answers.receive_prices(asked, rows, today=DAY).record.lead_time == "1 week"
    with pytest.raises(Refused, match="row 3: Cup is 2 items of SQ-A1111"):
        answers.receive_prices(asked, [answers.Offered(("Cup",), Decimal(2), place="row 3")], today=DAY)


def test_a_quotation_is_for_the_primary_contact_else_for_the_only_one():
    ana, luis = {"contact": "ana"}, {"contact": "luis", "primary": True}
    for contacts, contact in (([ana, luis], "luis"), ([ana], "ana"), ([ana, ana | {"contact": "eva"}], None)):
        assert quotations.contact_of(deal(contacts=contacts)) == contact


def test_a_quotation_is_to_the_customer_else_to_the_lead():
    customer = Customer.model_validate({"id": "contoso", "name": "Contoso"})
    lead = Lead.model_validate(CREATED | {"id": "LEAD-7K3M9", "name": "Ana"})
    for to, names in (
        ({"customer": customer, "lead": lead}, ("contoso", None)),
        ({"lead": lead}, (None, "LEAD-7K3M9")),
    ):
        made = quotations.new_quotation(deal(items=[MILL]), SETTINGS, id="QTN-A1111", now=NOW, **to)
        assert (made.customer, made.lead) == names
