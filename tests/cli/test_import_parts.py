"""Items and activities as files of their own, rows below their parent, and a second file beside the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")

Given = Callable[[dict[str, str]], None]

DEALS = "Id,Name\nD1,Cold store\nD2,Workshop roof\n"
TASKS = """\
Id,WhatId,Type,Subject,ActivityDate,Status,Description
T1,D1,Call,First call,2026-03-02,Completed,Asked for drawings
T2,D1,Meeting,,2026-03-09,Completed,"Two lines
of notes"
T3,D2,Call,Call back,2026-03-20,Open,
"""
TASKS_MAP = """\
external_id: Id
columns:
  WhatId: record
  Type: {to: type, values: {Call: call, Meeting: meeting}}
  Subject: subject
  ActivityDate: at
  Status: {to: done, values: {Completed: true, Open: false}}
  Description: notes
"""


@pytest.fixture
def two_deals(cli: Cli, at_a_desk: None) -> None:
    """The deals D1 and D2, as an export brought them."""
    mapping = write("deals.yaml", "external_id: Id\ncolumns: {Name: title}\n")
    cli("import", "opp", write("deals.csv", DEALS), "--map", mapping)
    cli("import", "products", write("p.csv", "name,external_id\nPanel,PR1\nAnchor,PR2\nMontage,PR3\n"))


def told(cli: Cli, *arguments: str, code: int = 0) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(cli("import", *arguments, "--format", "json", code=code).out)
    return report


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[name] for name in ("rows", "made", "updated", "unchanged", "merged", "rejected"))


@pytest.mark.usefixtures("two_deals")
def test_calls_and_meetings_come_as_a_file_of_their_own_and_are_found_again(
    cli: Cli, root: Path, git: Git
) -> None:
    arguments = ("activities", write("t.csv", TASKS), "--map", write("t.yaml", TASKS_MAP))
    assert counts(told(cli, *arguments)) == (3, 3, 0, 0, 0, 0)
    first, second = deals(root)["D1"]["activities"]  # type: ignore[misc]
    assert (first["type"], first["at"], first["done"], first["external_id"]) == (
        "call", "2026-03-02", True, "T1",
    )  # fmt: skip
    assert second["subject"] == "Two lines"
    assert git("log", "-1", "--format=%s") == "Import activities from t.csv: 3 made"

    before = state(git)
    assert counts(told(cli, *arguments)) == (3, 0, 0, 3, 0, 0)
    assert state(git) == before

    deal = str(deals(root)["D1"]["id"])
    cli("activity", "add", deal, "--type", "call", "--subject", "Ours", "--done")
    write("t.csv", TASKS.replace("First call", "Very first call"))
    assert counts(told(cli, *arguments)) == (3, 0, 1, 2, 0, 0)
    activities: Any = deals(root)["D1"]["activities"]
    assert [activity["subject"] for activity in activities] == ["Very first call", "Two lines", "Ours"]
    assert activities[0]["id"] == first["id"]
    cli("check")


@pytest.mark.usefixtures("two_deals")
def test_an_activity_belongs_to_a_deal_or_a_lead_and_one_to_nobody_is_rejected(cli: Cli, root: Path) -> None:
    cli("import", "leads", write("l.csv", "external_id,name\nL1,Ana\n"))
    rows = "Id,WhatId,WhoId,Subject,Day\nT1,D1,,Call,2026-03-02\n"
    rows += "T2,,L1,Mail,2026-03-03\nT3,D9,,Lost,2026-03-03\nT4,D9; D2;D1,,Both,2026-03-04\n"
    mapping = """\
external_id: Id
record: {opportunity: WhatId, lead: WhoId}
set: {type: task, done: true}
columns: {Subject: subject, Day: at}
"""
    report = told(cli, "activities", write("t.csv", rows), "--map", write("t.yaml", mapping), code=1)
    assert counts(report) == (4, 3, 0, 0, 0, 1)
    assert report["reasons"][0]["reason"] == 'unknown opportunity or lead "D9"'
    shared = [(left["column"], left["rows"]) for left in report["left_out"]]
    assert shared == [("further records, of rows that name several", 1)]
    assert [activity["subject"] for activity in deals(root)["D2"]["activities"]][-1] == "Both"  # type: ignore[index]
    (lead,) = [loads(file.read_text()) for file in root.glob("leads/**/*.yaml")]
    assert [(activity["type"], activity["subject"]) for activity in lead["activities"]] == [("task", "Mail")]


@pytest.mark.usefixtures("two_deals")
def test_a_file_of_activities_without_ids_is_found_again_by_what_it_says(cli: Cli, root: Path) -> None:
    rows = write("t.csv", "record,type,subject,at\nD1,call,Hello,2026-03-02\nD1,call,Hello,2026-03-03\n")
    assert counts(told(cli, "activities", rows)) == (2, 2, 0, 0, 0, 0)
    assert counts(told(cli, "activities", rows)) == (2, 0, 0, 2, 0, 0)


LINES = (
    "Line,Deal,Product,Quantity,Price\nI1,D1,PR1,50,22.5\nI2,D1,PR1,10,20\nI3,D1,PR3,12,65\nI4,D2,PR3,4,65\n"
)
LINES_MAP = """\
external_id: Line
record: Deal
columns: {Product: product, Quantity: quantity, Price: unit_price}
"""


@pytest.mark.usefixtures("two_deals")
def test_lines_of_deals_come_as_a_file_of_their_own_and_are_found_again(
    cli: Cli, root: Path, git: Git
) -> None:
    arguments = ("items", write("l.csv", LINES), "--map", write("l.yaml", LINES_MAP))
    assert counts(told(cli, *arguments)) == (4, 4, 0, 0, 0, 0)
    before = state(git)
    assert counts(told(cli, *arguments)) == (4, 0, 0, 4, 0, 0)
    assert state(git) == before
    write("l.csv", LINES.replace("I2,D1,PR1,10,20", "I2,D1,PR1,15,20"))
    assert counts(told(cli, *arguments)) == (4, 0, 1, 3, 0, 0)
    items: Any = deals(root)["D1"]["items"]
    assert [(item["external_id"], item["quantity"]) for item in items] == [("I1", 50), ("I2", 15), ("I3", 12)]
    assert items[0]["description"] == "Panel"


def test_a_quotation_or_order_that_names_no_currency_is_in_that_of_its_deal(cli: Cli, root: Path) -> None:
    """It was in that of the pipeline: 100 dollars were 100 euros."""
    mapping = write("m.yaml", "external_id: Id\ncolumns: {Name: title, Currency: currency}\n")
    cli("import", "opp", write("d.csv", "Id,Name,Currency\nD1,Roof,USD\nD2,Hall,EUR\n"), "--map", mapping)
    cli("import", "customers", write("c.csv", "name\nAurora\n"))
    mapping = write(
        "q.yaml", "external_id: Id\nset: {customer: aurora}\ncolumns: {Deal: opportunity, Sum: total}\n"
    )
    for kind in ("quotations", "orders"):
        cli("import", kind, write("q.csv", "Id,Deal,Sum\nQ1,D1,100\nQ2,D2,100\n"), "--map", mapping)
        papers = (loads(file.read_text()) for file in root.glob(f"{kind}/**/*.yaml"))
        assert {one["external_id"]: one["currency"] for one in papers} == {"Q1": "USD", "Q2": "EUR"}


@pytest.mark.usefixtures("two_deals")
def test_lines_and_calls_that_the_mapping_leaves_out_stay_out(cli: Cli, root: Path) -> None:
    rest = "external_id: Id\nrecord: Deal\nonly: {IsDeleted: {not: ['1']}}\n"
    mapping = write("lines.yaml", rest + "columns: {Of: description, Price: unit_price}\n")
    lines = "Id,Deal,Of,Price,IsDeleted\nL1,D1,Panel,10,0\nL2,D1,Struck out,99,1\nL3,D2,Anchor,5,0\n"
    lines += "L4,D9,Lost,7,1\n"
    assert counts(told(cli, "items", write("lines.csv", lines), "--map", mapping))[-1] == 0
    of_deals: Any = deals(root)
    assert [line["description"] for line in of_deals["D1"]["items"]] == ["Panel"]
    assert [line["description"] for line in of_deals["D2"]["items"]] == ["Anchor"]
    rest = "record: Deal\nset: {type: call}\nonly: {Deleted: {not: ['yes']}}\n"
    mapping = write("calls.yaml", rest + "columns: {Text: subject, Day: at}\n")
    calls = "Deal,Text,Day,Deleted\nD1,Kept,2026-03-02,no\nD1,Struck,2026-03-03,yes\n"
    cli("import", "activities", write("calls.csv", calls), "--map", mapping)
    of_deals = deals(root)
    assert [call["subject"] for call in of_deals["D1"]["activities"]] == ["Kept"]


@pytest.mark.usefixtures("two_deals")
def test_a_file_of_lines_of_opportunities_adds_every_line(cli: Cli, root: Path, git: Git) -> None:
    mapping = """\
external_id: Deal
columns: {Product: items.product, Quantity: items.quantity, Price: items.unit_price}
"""
    twice = LINES + "I5,D1,PR3,12,65\n"
    arguments = ("opp", write("l.csv", twice), "--map", write("l.yaml", mapping))
    cli("import", *arguments)
    items: Any = deals(root)["D1"]["items"]
    assert [(item["product"], item["quantity"]) for item in items] == [
        ("panel", 50),
        ("panel", 10),
        ("montage", 12),
        ("montage", 12),
    ]
    before = state(git)
    cli("import", *arguments)
    assert state(git) == before
    cli(
        "import",
        "opp",
        write("m.csv", "Line,Deal,Product,Quantity,Price\nI9,D1,PR2,3,1\n"),
        "--map",
        "l.yaml",
    )
    assert len(deals(root)["D1"]["items"]) == 5  # type: ignore[arg-type]


def test_the_product_of_a_deal_never_takes_the_place_of_a_line_that_somebody_wrote(
    cli: Cli, root: Path, given: Given, git: Git
) -> None:
    given(
        {
            "products/saw.yaml": "sku: saw\nname: Saw\n",
            "products/mill.yaml": "sku: mill\nname: Mill\n",
            "opportunities/2026/OPP-2Q8XA-a.yaml": (
                "id: OPP-2Q8XA\ncreated: 2026-11-02T10:00:00+01:00\ntitle: A\nexternal_id: A1\n"
                "process: standard\nstage: demo\ncurrency: EUR\n"
                "items:\n- product: saw\n  description: Saw\n  unit_price: 10\n"
            ),
        }
    )
    before = state(git)
    rows = "Id,Title,Product,Price\nA1,A,Mill,5\n"
    mapping = "external_id: Id\ncolumns: {Title: title, Product: items.product, Price: items.unit_price}\n"
    said = cli("import", "opp", write("d.csv", rows), "--map", write("m.yaml", mapping), code=1)
    assert "items: mill isn't a line of this opportunity (saw): it may be one more" in said.out
    assert state(git) == before
    cli("import", "opp", "d.csv", "--map", write("r.yaml", "rows: items\n" + mapping))
    assert [item["product"] for item in deals(root)["A1"]["items"]] == ["saw", "mill"]  # type: ignore[attr-defined]


def test_rows_below_their_parent_are_its_lines(cli: Cli, root: Path, git: Git) -> None:
    rows = (
        "ID,Title,Customer,Item,Qty,Rate\nQ1,Roof,Contoso,Panel,2,10.50\n,,,Anchor,100,1.10\n,,,Panel,2,10.50\n"
        "Q2,Store,Contoso,Panel,x,1\n,,,Anchor,1,1\nQ3,Shed,Contoso,Panel,1,5\n"
    )
    mapping = """\
external_id: ID
rows: items
make: [customer]
columns:
  Title: title
  Customer: customer
  Item: items.description
  Qty: items.quantity
  Rate: items.unit_price
"""
    arguments = ("opp", write("q.csv", rows), "--map", write("m.yaml", mapping))
    report = told(cli, *arguments, code=1)
    assert set(deals(root)) == {"Q1", "Q3"}, "a record without one of its lines has a false sum"
    assert report["rejected"] == 2
    assert len(deals(root)["Q1"]["items"]) == 3  # type: ignore[arg-type]
    before = state(git)
    told(cli, *arguments, code=1)
    assert state(git) == before


def test_a_deal_told_twice_with_the_same_line_has_one_or_two_of_it_and_is_asked_about(
    cli: Cli, root: Path
) -> None:
    rows = "Id,Title,Item,Price,Person\nA1,A,Saw,5,Ana\nA1,A,Saw,5,Ben\nA1,A,Saw,5,Ben\n"
    mapping = (
        "external_id: Id\nmake: [contact]\n"
        "columns: {Title: title, Item: items.description, Price: items.unit_price, "
        "Person: contacts.contact}\n"
    )
    said = cli("import", "opp", write("d.csv", rows), "--map", write("m.yaml", mapping), code=1)
    deal: Any = deals(root)["A1"]
    assert (len(deal["items"]), [person["contact"] for person in deal["contacts"]]) == (1, ["ana", "ben"])
    assert "items: the same line again, which may be a second line or the same one" in said.out
    assert "(line 4)" in said.out


def test_another_contact_in_the_file_is_in_the_place_of_its_last_and_beside_what_people_added(
    cli: Cli, root: Path
) -> None:
    mapping = write(
        "m.yaml",
        "external_id: Id\nmake: [contact]\n"
        "columns: {Title: title, Person: contacts.contact, Part: contacts.role}\n",
    )
    cli("import", "opp", write("d.csv", "Id,Title,Person,Part\nA1,A,Ana,user\n"), "--map", mapping)
    deal = str(deals(root)["A1"]["id"])
    cli("contact", "add", "Ib Lund")
    cli("opp", "contact", "add", deal, "ib-lund")

    def night(rows: str) -> list[str]:
        cli("import", "opp", write("e.csv", "Id,Title,Person,Part\n" + rows), "--map", mapping)
        people: Any = deals(root)["A1"]["contacts"]
        return sorted(person["contact"] for person in people)

    assert night("A1,A,Ben,\n") == ["ben", "ib-lund"]
    cli("opp", "contact", "add", deal, "ben", "--role", "champion")
    assert night("A1,A,Cy,\n") == ["ben", "cy", "ib-lund"]
    assert night("A1,A,Di,\n") == ["ben", "di", "ib-lund"]
    cli("contact", "add", "Flo")
    cli("contact", "merge", "di", "flo")
    assert night("A1,A,Ed,\n") == ["ben", "ed", "ib-lund"]
    assert night("A1,A,,\n") == ["ben", "ib-lund"]
    assert night("A1,A,Ed,\n") == ["ben", "ed", "ib-lund"]
    cli("opp", "contact", "remove", deal, "ed")
    cli("opp", "contact", "add", deal, "ed", "--role", "buyer")
    assert night("A1,A,,\n") == ["ben", "ed", "ib-lund"]


@pytest.mark.parametrize("keep", ["local", "file", "conflict"])
def test_what_people_wrote_of_the_contact_in_the_place_of_the_files_stays_with_theirs(
    cli: Cli, root: Path, git: Git, keep: str
) -> None:
    rows = "Id,Title,Person\nA1,A,Ana\n"
    mapping = write(
        "m.yaml",
        f"external_id: Id\nkeep: {keep}\nmake: [contact]\n"
        "columns: {Title: title, Person: contacts.contact}\n",
    )
    arguments = ("import", "opp", "d.csv", "--map", mapping)
    write("d.csv", rows)
    cli(*arguments)
    deal = str(deals(root)["A1"]["id"])
    cli("contact", "add", "Ib Lund")
    cli("opp", "contact", "remove", deal, "ana")
    cli("opp", "contact", "add", deal, "ib-lund", "--role", "buyer", "--primary")
    before = state(git)
    told = json.loads(cli(*arguments, "--format", "json").out)
    assert (told["kept"], told["unchanged"], state(git)) == ([], 1, before)
    write("d.csv", rows.replace("Ana", "Ben"))
    cli(*arguments)
    assert deals(root)["A1"]["contacts"] == [
        {"contact": "ib-lund", "role": "buyer", "primary": True},
        {"contact": "ben"},
    ]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("columns: {Subject: subject}\n", "no column says the record of a row"),
        ("record: Whom\ncolumns: {Subject: subject}\n", 'm.yaml:1: t.csv has no column "Whom"'),
        ("record: {customer: WhatId}\ncolumns: {Subject: subject}\n", "customer has no activities"),
        (
            "record: WhatId\ncolumns: {Subject: subjekt}\n",
            'activities have no field "subjekt"; did you mean "subject"',
        ),
    ],
)
def test_a_mapping_of_parts_is_checked_before_a_row_is_read(
    cli: Cli, root: Path, mapping: str, said: str
) -> None:
    told = cli("import", "activities", write("t.csv", TASKS), "--map", write("m.yaml", mapping), code=1)
    assert said in told.err


def test_a_sku_is_what_the_label_says_and_its_file_a_slug_of_it(cli: Cli, root: Path, git: Git) -> None:
    rows = (
        "sku,name,uom\nPNL-100,Wall panel,m2\nEN-200.5/A,Anchor set,unit\nEN 200 5 A,Other set,unit\n"
        "00123,Hour,h\n1e5,Day,d\nno,Night,d\n"
    )
    arguments = ("import", "products", write("p.csv", rows))
    cli(*arguments)
    files = {loads(file.read_text())["sku"]: file.stem for file in root.glob("products/*.yaml")}
    assert files["PNL-100"] == "pnl-100"
    assert {files["EN-200.5/A"], files["EN 200 5 A"]} == {"en-200-5-a", "en-200-5-a-2"}
    before = state(git)
    cli(*arguments)
    assert state(git) == before

    mapping = "set: {id: retail, currency: EUR}\ncolumns: {price: 'prices.{product}'}\n"
    prices = "product,price\nEN-200.5/A,12.50\nWall panel,3\n00123,80\n1e5,600\nno,5\n"
    cli("import", "price-lists", write("l.csv", prices), "--map", write("l.yaml", mapping))
    cli("opp", "add", "--title", "Roof", "--organization", "Contoso")
    cli("opp", "item", "add", "roof", "--product", "EN-200.5/A", "--quantity", "2")
    cli("opp", "item", "add", "roof", "--product", "00123")
    cli("opp", "item", "add", "roof", "--product", "no")
    (deal,) = [loads(file.read_text()) for file in root.glob("opportunities/**/*.yaml")]
    assert [(item["product"], item["unit_price"]) for item in deal["items"]] == [
        ("EN-200.5/A", 12.5),
        ("00123", 80),
        ("no", 5),
    ]
    cli("product", "set", "EN-200.5/A", "cost=4")
    cli("product", "add", "ZX 9/é", "--name", "Hook")
    assert (root / "products/zx-9-e.yaml").exists()
    cli("export", "price-lists", "--output", "out.csv")
    cli("export", "products", "--output", "p2.csv")
    before = state(git)
    assert "1 unchanged" in cli("import", "price-lists", "out.csv").out
    assert "7 unchanged" in cli("import", "products", "p2.csv").out
    assert state(git) == before
    cli("check")


def test_a_quotation_with_a_total_alone_has_one_line_that_says_so(cli: Cli, root: Path, git: Git) -> None:
    deals_map = write("d.yaml", "external_id: Id\nmake: [customer]\ncolumns: {Name: title, For: customer}\n")
    cli("import", "opp", write("d.csv", "Id,Name,For\nD1,Roof,Contoso\n"), "--map", deals_map)
    mapping = """\
external_id: Id
date: "%d.%m.%Y"
columns:
  Deal: opportunity
  Day: created
  Total: total
  State: {to: status, values: {Presented: draft}}
"""
    rows = "Id,Deal,Day,Total,State\nQ1,D1,03.02.2026,1234.50,Presented\n"
    arguments = ("quotations", write("q.csv", rows), "--map", write("m.yaml", mapping))
    told(cli, *arguments)
    (quotation,) = [loads(file.read_text()) for file in root.glob("quotations/**/*.yaml")]
    assert (quotation["customer"], quotation["date"], quotation["status"]) == (
        "contoso",
        "2026-02-03",
        "draft",
    )
    assert quotation["items"] == [
        {"description": "Total as imported, without its lines", "quantity": 1, "unit_price": 1234.5}
    ]
    before = state(git)
    assert told(cli, *arguments)["unchanged"] == 1
    assert state(git) == before
    write("q.csv", rows.replace("1234.50", "1300"))
    assert told(cli, *arguments)["updated"] == 1
    (quotation,) = [loads(file.read_text()) for file in root.glob("quotations/**/*.yaml")]
    assert quotation["items"][0]["unit_price"] == 1300

    cli("quote", "item", "add", quotation["id"], "--description", "Permit", "--price", "80")
    write("q.csv", rows.replace("1234.50", "1400"))
    assert told(cli, *arguments)["updated"] == 1
    (quotation,) = [loads(file.read_text()) for file in root.glob("quotations/**/*.yaml")]
    assert [line["unit_price"] for line in quotation["items"]] == [1400, 80]

    lines = write("l.csv", "Id,Quote,Item,Price\nI1,Q1,Panel,10\n")
    items = "external_id: Id\nrecord: {quotation: Quote}\ncolumns: {Item: description, Price: unit_price}\n"
    told(cli, "items", lines, "--map", write("i.yaml", items))
    told(cli, *arguments)
    (quotation,) = [loads(file.read_text()) for file in root.glob("quotations/**/*.yaml")]
    assert [(line["description"], line["unit_price"]) for line in quotation["items"]] == [
        ("Permit", 80), ("Panel", 10),
    ]  # fmt: skip
    cli("check")


@pytest.mark.usefixtures("two_deals")
def test_a_line_below_zero_is_a_discount_of_the_whole(cli: Cli, root: Path, git: Git) -> None:
    lines = (
        "Id,Quote,Item,Qty,Price,Off,Tax\nI1,D1,Panel,2,75,,21\nI2,D1,Loyalty credit,1,-50,,21\n"
        "I3,D1,Returned,-1,10,20,21\nI4,D1,A note,0,9,,\n"
        "J1,D2,Panel,1,100,,21\nJ2,D2,Credit,1,(30.00),,10\n"
    )
    mapping = (
        "external_id: Id\nrecord: {opportunity: Quote}\ncolumns: {Item: description, Qty: quantity, "
        "Price: unit_price, Off: discount, Tax: tax}\n"
    )
    arguments = ("items", write("l.csv", lines), "--map", write("i.yaml", mapping))
    report = told(cli, *arguments, code=1)
    assert {tally["what"]: tally["rows"] for tally in report["noted"]} == {
        "lines below zero, taken as a discount of the whole": 3,
        "lines of quantity 0, left out": 1,
    }
    (refused,) = report["reasons"]
    assert refused["rows"] == 2
    assert refused["reason"] == (
        "items: Credit of -30.00 would be a discount of the whole, and its lines have several rates of tax"
    )
    deal: Any = deals(root)["D1"]
    assert [line["external_id"] for line in deal["items"]] == ["I1"]
    assert deal["discount_amount"] == 58  # 50, and 10 less a fifth
    assert deal["custom"]["discount_lines"] == {
        "I2": {"amount": 50, "line": "Loyalty credit"},
        "I3": {"amount": 8, "line": "Returned"},
    }
    (row,) = json.loads(
        cli("sql", "SELECT amount FROM opportunities WHERE external_id = 'D1'", "--format", "json").out
    )
    assert row["amount"] == 92
    before = state(git)
    told(cli, *arguments, code=1)
    assert state(git) == before

    # What people changed here stays; a later file with one line more adds to the others.
    cli("opp", "set", str(deal["id"]), "discount_amount=60")
    told(cli, *arguments, code=1)
    assert deals(root)["D1"]["discount_amount"] == 60
    cli("opp", "set", str(deal["id"]), "discount_amount=58")
    write("l.csv", "Id,Quote,Item,Qty,Price,Off,Tax\nI5,D1,Bonus,1,-2,,21\n")
    told(cli, *arguments)
    assert deals(root)["D1"]["discount_amount"] == 60
    assert not cli("check").out.count("error")

    # A quotation comes to the same sum, and the tax is due on what is left.
    rows = (
        "Id,Deal,Day,For,Item,Qty,Price,Tax\nQ1,D1,2026-02-03,Contoso,Panel,2,75,21\n,,,,Credit,1,-50,21\n"
        "Q2,D1,2026-02-03,Contoso,Panel,2,75,21\n,,,,Credit,1,-150.01,21\n"
    )
    mapping = (
        "external_id: Id\nrows: items\nmake: [customer]\ncolumns: {Deal: opportunity, Day: created, "
        "For: customer, Item: items.description, Qty: items.quantity, Price: items.unit_price, "
        "Tax: items.tax}\n"
    )
    report = told(cli, "quotations", write("q.csv", rows), "--map", write("q.yaml", mapping), code=1)
    assert "a discount_amount of 150.01 is more than the items come to" in report["reasons"][0]["reason"]
    (shown,) = json.loads(cli("quote", "list", "--all", "--format", "json").out)
    assert (shown["amount"], shown["tax"], shown["total"]) == (100, 21, 121)


@pytest.mark.usefixtures("two_deals")
def test_a_line_that_is_rejected_takes_those_of_its_record_along(cli: Cli, root: Path) -> None:
    """The others came, and the deal's sum was false."""
    rows = "Id,Deal,Item,Price\nI1,D1,Panel,75\nI2,D1,Anchor,many\nI3,D2,Panel,75\n"
    mapping = (
        "external_id: Id\nrecord: {opportunity: Deal}\ncolumns: {Item: description, Price: unit_price}\n"
    )
    report = told(cli, "items", write("l.csv", rows), "--map", write("i.yaml", mapping), code=1)
    assert [reason["reason"] for reason in report["reasons"]] == [
        "line 3, which belongs to it, is rejected",
        'Price: "many" isn\'t an amount',
    ]
    assert ["items" in deals(root)[key] for key in ("D1", "D2")] == [False, True]


@pytest.mark.usefixtures("two_deals")
def test_one_of_two_activities_that_the_file_calls_alike_is_named_with_its_record(
    cli: Cli, root: Path
) -> None:
    rows = "Id,WhatId,Type,Subject,ActivityDate,Status\n1,D1,Call,Prices,2026-03-20,Open\n"
    alike = write("t.csv", f"{rows}1,D2,Call,Drawings,2026-03-20,Open\n")
    told(cli, "activities", alike, "--map", write("t.yaml", TASKS_MAP.replace("  Description: notes\n", "")))
    first, second = (deals(root)[key] for key in ("D1", "D2"))
    id_ = first["activities"][0]["id"]  # type: ignore[index]
    assert second["activities"][0]["id"] == id_  # type: ignore[index]
    hint = "; name the record of one, too: pipecli activity edit OPP-"
    for words in (["done", id_], ["cancel", id_], ["edit", id_, "--at", "monday"], ["edit", "drawings"]):
        assert hint in cli("activity", *words, code=1).err
    assert hint in cli("activity", "move", id_, "monday", code=1).err
    cli("activity", "edit", str(second["id"]), id_, "--at", "2026-03-21")
    cli("activity", "done", str(first["id"]), id_, "--at", "2026-03-20")
    assert deals(root)["D1"]["activities"][0]["done"]  # type: ignore[index]
    assert deals(root)["D2"]["activities"][0]["at"] == "2026-03-21"  # type: ignore[index]
    for words in ([str(second["id"]), id_], ["drawings"]):
        assert cli("activity", "edit", *words, code=1).err.startswith("error: no change is given")
