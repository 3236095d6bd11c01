"""What the index has of a record, beside what its file says: sums, first answers, who comes first."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from decimal import Decimal

from pipecli.harmless_text import composed
from pipecli.records.kinds import INVOICE, LEAD, OPPORTUNITY, QUOTATION, Kind
from pipecli.reports.deal import Deal
from pipecli.store.index import rows_for_reports, tables
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.validate_record import parse_record

WRITTEN = "created: 2026-11-02T10:00:00+01:00\ncurrency: EUR\n"
DEAL = f"id: OPP-2Q8XA\ntitle: x\nprocess: a\nstage: b\n{WRITTEN}"
DEAL_ROW = {
    "id": "OPP-2Q8XA", "created": "2026-11-02T10:00:00+01:00", "title": "x", "type": "sales", "process": "a",
    "stage": "b", "status": "open", "currency": "EUR",
}  # fmt: skip
ANSWER = "{id: BBBBB, type: call, at: '2026-11-02T10:07:00+01:00', subject: b, direction: out, done: true}"


def rows(kind: Kind, text: str) -> dict[str, list[dict[str, object]]]:
    """The rows of a record by table, without what says where it stands."""
    by_table: dict[str, list[dict[str, object]]] = {}
    for table, row in tables.rows([("x.yaml", parse_record(kind, "x.yaml", text))]):
        own = {name: value for name, value in row.items() if name not in ("path", "record", "noun")}
        by_table.setdefault(table, []).append(own)
    return by_table


def more(kind: Kind, text: str, plain: dict[str, object]) -> dict[str, object]:
    """The record's own row, beside these columns."""
    (row,) = rows(kind, text)[f"_{kind.table}"]
    assert plain.items() <= row.items()
    return {name: value for name, value in row.items() if name not in plain}


def test_of_a_deal_its_items_sellers_and_people_tell_more() -> None:
    assert more(OPPORTUNITY, DEAL, DEAL_ROW) == {}
    items = (
        "items:\n- {description: Support, quantity: 1, unit_price: 10, per: month, term: 12}\n"
        "- {description: Mill, quantity: 2, unit_price: 3}\n"
    )
    sums = {
        "items_amount": 126, "exact_items_amount": "126.00", "monthly_recurring": 10,
        "exact_monthly_recurring": "10.00", "yearly_recurring": 120, "exact_yearly_recurring": "120.00",
        "first_year_amount": 126, "exact_first_year_amount": "126.00",
    }  # fmt: skip
    assert more(OPPORTUNITY, DEAL + items, DEAL_ROW) == sums | {"amount": 126, "exact_amount": "126.00"}
    by_hand = (
        "amount: 10.50\nkey_info: {need: Machines}\ncompetitors: [acme]\n"
        "sellers: [{user: ana, percent: 60}, {user: luis, percent: 40}]\n"
        "contacts:\n- contact: luis\n- {contact: maria, primary: true}\n"
    )
    assert more(OPPORTUNITY, DEAL + items + by_hand, DEAL_ROW) == sums | {
        "amount": 10.5, "exact_amount": "10.50", "amount_by_hand": 1, "primary_contact": "maria",
        "competitors": '["acme"]', "sellers": '[["ana", "60"], ["luis", "40"]]', "key_info_answered": 2,
    }  # fmt: skip
    people = rows(OPPORTUNITY, DEAL + by_hand)["stakeholders"]
    assert [person["contact"] for person in people] == ["luis", "maria"]
    lost = (
        "status: lost\nclosed: {date: 2026-11-10, amount: 7, reasons: [price, other], competitors: [acme]}\n"
    )
    assert more(OPPORTUNITY, DEAL + lost, DEAL_ROW | {"status": "lost"}) == {
        "closed_date": "2026-11-10", "closed_amount": 7, "exact_closed_amount": "7",
        "closed_reasons": '["price", "other"]', "closed_reason": "price",
        "closed_competitors": '["acme"]', "closed_competitor": "acme",
    }  # fmt: skip


def test_of_what_was_said_the_last_words_and_the_first_answer_are_told() -> None:
    said = (
        "activities:\n"
        "- {id: AAAAA, type: call, at: 2026-11-03, subject: a, direction: in, done: true}\n"
        f"- {ANSWER}\n"
        "- {id: CCCCC, type: task, at: 2026-12-05, subject: c}\n"
        "- {id: DDDDD, type: email, at: 2026-12-06, subject: d, direction: out}\n"
    )
    at = "2026-11-02T10:07:00+01:00"
    words = {"open_activities": 2, "last_in": "2026-11-03", "last_out": at}
    assert more(OPPORTUNITY, DEAL + said, DEAL_ROW) == words | {"own_first_response": at}
    lead = "id: LEAD-7K3M9\nname: Ana\ncreated: 2026-11-02T10:00:00+01:00\n"
    unasked = dict.fromkeys(("need", "budget", "timeframe", "authority"), "unknown")
    plain = {"id": "LEAD-7K3M9", "created": DEAL_ROW["created"], "status": "new", "name": "Ana", **unasked}
    assert more(LEAD, lead, plain) == {}
    assert more(LEAD, lead + said, plain) == words | {"first_response": at, "minutes_to_first_response": 7}


def test_the_sums_of_papers_and_of_a_credit_note_below_nothing() -> None:
    items = "items:\n- {description: Mill, quantity: 2, unit_price: 3, tax: 21}\n"
    quotation = (
        f"id: QTN-2Q8XA\nopportunity: OPP-2Q8XA\ndate: 2026-11-03\nvalid_until: 2026-12-03\n{WRITTEN}{items}"
    )
    plain = rows(QUOTATION, quotation)["_quotations"][0]
    sums = {
        "amount": 6, "exact_amount": "6.00", "tax": 1.26, "exact_tax": "1.26", "total": 7.26,
        "exact_total": "7.26", "tax_by_rate": '{"21": 1.26}',
    }  # fmt: skip
    assert sums.items() <= plain.items() and not {"subtotal", "has_discount", "discount_total"} & plain.keys()
    for discount, taken in (("discount: 10\n", "0.60"), ("discount_amount: 1\n", "1.00")):
        (row,) = rows(QUOTATION, quotation + discount)["_quotations"]
        names = ("exact_subtotal", "exact_discount_total", "has_discount")
        assert [row[name] for name in names] == ["6.00", taken, 1]

    invoice = (
        "id: INV-2Q8XA\norder: ORD-2Q8XA\nopportunity: OPP-2Q8XA\nnumber: A-1\ndate: 2026-11-03\n"
        f"due: 2026-12-03\nstatus: issued\ncustomer: x\n{WRITTEN}{items}"
    )
    paid = "payments:\n- {id: AAAAA, date: 2026-11-04, amount: 2}\n"
    for text, exact in (
        (invoice, ["6.00", "1.26", "7.26", "0.00"]),
        (invoice + paid, ["6.00", "1.26", "7.26", "2.00"]),
        (f"{invoice}credits: INV-7K3M9\n", ["-6.00", "-1.26", "-7.26", "0.00"]),
        (f"{invoice}credits: INV-7K3M9\n{paid}", ["-6.00", "-1.26", "-7.26", "-2.00"]),
    ):
        by_table = rows(INVOICE, text)
        (row,), (item,) = by_table["_invoices"], by_table["items"]
        assert [row[f"exact_{name}"] for name in ("amount", "tax", "total", "paid")] == exact
        assert (item["position"], item["line_amount"], item["amount"]) == (1, row["amount"], row["amount"])


def test_a_letter_is_one_sign_however_it_was_typed() -> None:
    assert composed("Cafe\u0301s") == "Caf\u00e9s"


def test_every_column_that_a_report_reads_is_in_its_field() -> None:
    text = (
        "id: OPP-2Q8XA\ncreated: 2026-11-02T10:00:00+01:00\ntitle: Mills\ntype: renewal\nprocess: a\n"
        "stage: b\nstatus: lost\nowner: ana\nsource: fair\ncampaign: spring\nscore: 80\ncustomer: acme\n"
        "lead: LEAD-2Q8XA\ncurrency: USD\namount: 10.50\nprobability: 35\nhold: {until: 2026-11-09}\n"
        "items: [{description: Help, product: help, quantity: 1, unit_price: 10, per: month, term: 12}]\n"
        "sellers: [{user: ana, percent: 60}, {user: luis, percent: 40}]\ncompetitors: [rex, ada]\n"
        "closed: {date: 2026-11-10, reasons: [price], competitors: [ada]}\n"
        "activities: [{id: BBBBB, type: call, at: 2026-11-03, subject: b, done: true}]\n"
    )
    connection = sqlite3.connect(":memory:")
    connection.executescript(tables.schema())
    known = [
        ("stages", {"process": "a", "id": "b", "position": 1, "rotting_days": 14, "category": "commit"}),
        ("users", {"id": "ana", "team": "north"}),
        *tables.rows([("x.yaml", parse_record(OPPORTUNITY, "x.yaml", text))]),
    ]
    for table, row in known:
        columns, values = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", [*row.values()])
    more = (rows_for_reports._GROUPED, rows_for_reports._END, rows_for_reports._SHOWN)
    (deal,) = rows_for_reports._deals(
        connection, OwnerFilter(), "true", with_products=True, more=(*more, rows_for_reports._LAST_ACTIVITY)
    )
    assert deal == Deal(
        id="OPP-2Q8XA", status="lost", process="a", stage="b", type="renewal", currency="USD",
        amount=Decimal("10.50"), probability=Decimal(35), close=date(2026, 11, 10), owner="ana", team="north",
        source="fair", customer="acme", title="Mills",
        created=datetime.fromisoformat("2026-11-02T10:00:00+01:00"), campaign="spring",
        has_lead=True, category="commit", rotting_days=14, score=80, reasons=("price",),
        lost_to=("ada",), competitors=("rex", "ada"), last_activity=date(2026, 11, 3),
        products=(("help", Decimal(120)),), hold_until=date(2026, 11, 9), yearly_recurring=Decimal(120),
        sellers=(("ana", "north", Decimal(60)), ("luis", None, Decimal(40))),
    )  # fmt: skip
