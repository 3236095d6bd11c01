"""Moving in from files as vendors and people really write them: what real exports had that nobody foresaw."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from pipecli.inbox.importing.rows_of_file import tables_of_file
from pipecli.inbox.moving import presets
from pipecli.inbox.moving.arithmetic import with_amount
from pipecli.inbox.moving.findings import Findings
from pipecli.inbox.moving.recognise_vendor import recognise
from pipecli.inbox.moving.vocabulary import header_key, role_of_price
from pipecli.records.settings import Settings
from pipecli.records.written_amounts import id_key
from tests.conftest import Cli
from tests.importing import Git, deals, state

pytestmark = pytest.mark.usefixtures("at_a_desk")


_THREE = ("20/2025 7:42 | 1", "21/2025 7:42 | 1", "21/2025 7:42 | 2")


def _files(folder: str, **texts: str) -> Path:
    Path(folder).mkdir()
    for name, text in texts.items():
        Path(folder, f"{name}.csv").write_text(text, encoding="utf-8")
    return Path(folder)


def _plan(cli: Cli, source: object, *options: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        cli("import", "plan", str(source), "--into", "m", *options, "--format", "json").out
    )
    return told


def _read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = loads(path.read_text())
    return told


def _kinds(told: dict[str, Any]) -> dict[str, str]:
    return {file["file"]: file["kind"] for file in told["files"]}


def test_of_a_whole_salesforce_export_the_records_come_and_its_hundred_other_tables_do_not(
    cli: Cli, root: Path, git: Git
) -> None:
    nothing = "000000000000000AAA"
    tables = {
        "User": "Id,Username,FirstName,LastName,Email\n005A,nora@x.example,Nora,Field,nora@field.example\n",
        "Account": "Id,ParentId,Name,OwnerId\n"
        f"001A,{nothing},Telefónica Sur,005A\n001B,{nothing},Bogot\u00c3\u0081,005A\n",
        "Contact": "Id,AccountId,FirstName,LastName,Email\n003A,001A,Mía,Sol,mia@sur.example\n",
        "Opportunity": "Id,AccountId,ContactId,OwnerId,Name,StageName,Amount,CurrencyIsoCode,CloseDate,"
        f"IsClosed,IsWon,CreatedDate\n006A,001A,{nothing},005A,Relojería,Closed Won,9225.225,PEN,"
        "2026-02-01 00:00:00,1,1,2026-01-05 20:47:49\n"
        "006B,001B,003A,005A,Torre,Negociación,2500,EUR,2026-12-01 00:00:00,0,0,2026-01-06 10:00:00\n",
        "Task": "Id,WhatId,OwnerId,Subject,ActivityDate,Status,Description,CreatedDate\n"
        "00TA,006B,005A,Precios,,Completed,\0Dijo que sí,2026-01-09 09:30:00\n",
        "CampaignMember": "Id,CampaignId,Name,Email,Phone\n00vA,701A,Zoe Roy,zoe@x.example,1\n",
        "Branch__c": "Id,Name,City__c\na00A,North,Lyon\n",
        **dict.fromkeys(("Folder", "Period", "Territory2", "WaveTemplate"), "Id,Name\nx1,A thing\n"),
        **dict.fromkeys(("UserRole", "UserNavItem", "AssistantTask"), "Id,UserId,Name\nx1,005A,A thing\n"),
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"{name}.csv", text.encode("latin-1"))
    Path("WE_00D.zip").write_bytes(out.getvalue())
    told = _plan(cli, "WE_00D.zip")
    assert [*_kinds(told)] == [
        f"{name}.csv" for name in ("User", "Account", "Contact", "Opportunity", "Task")
    ]
    assert told["questions"] == []
    ran = cli("import", "run", "m").out
    assert "they agree" in ran
    assert "1 amounts have more decimals than their currency, and are rounded, by 0.005 at most: 9" in ran
    assert "read as cp1252, a guess" in ran
    names = {loads(path.read_text())["name"] for path in root.glob("customers/*.yaml")}
    assert {"Telefónica Sur", "BogotÁ"} <= names
    by_id = deals(root)
    assert (by_id["006A"]["title"], by_id["006A"]["closed"]["amount"]) == ("Relojería", 9225.23)
    assert "contacts" not in by_id["006A"]
    (call,) = by_id["006B"]["activities"]
    assert (str(call["at"])[:10], call["notes"]) == ("2026-01-09", "Dijo que sí")
    before = state(git)
    cli("import", "run", "m")
    assert state(git) == before


def test_a_dynamics_view_is_known_without_its_hidden_columns(cli: Cli, root: Path, git: Git) -> None:
    source = _files(
        "d365",
        User="First Name,Last Name,Primary Email,Title\nNora,Field,nora@field.example,Seller\n",
        Account="Account Name,Main Phone,Address 1: City,Owner\nHotel Aurora,+49 1,Bonn,Nora Field\n",
        Opportunity="Created On,Topic,Owner,Potential Customer,Status,Est. revenue,Est. close date,"
        "Actual Revenue,Actual Close Date,Sales Stage\n"
        "5/20/2025 7:42,Press,Nora Field,Hotel Aurora,Won,900,8/31/2025,1000,9/2/2025 16:50,Close\n"
        "5/21/2025 7:42,Press,Ben Roy,Hotel Aurora,Lost,700,8/30/2025,0,,Close\n"
        "5/21/2025 7:42,Press,Ben Roy,Hotel Aurora,Open,300,12/31/2026,,,Propose\n"
        + "".join(
            f"6/{day}/2025 9:00,Press,Ben Roy,Hotel Aurora,Open,5,12/31/2026,,,Qualify\n" for day in (1, 2, 3)
        ),
        Appointments="Subject,Regarding,Required Attendees,Start Time,End Time,Status,Owner\n"
        "Demo,Nobody's deal,Mia,3/11/2025 13:00,3/11/2025 13:30,Open,Nora Field\n",
        Territory="Territory Name,Manager\nAmericas,Nora Field\n",
    )
    told = _plan(cli, source)
    assert [*_kinds(told).values()] == ["users", "customers", "opportunities", "activities"]
    assert (told["vendor"], told["questions"], told["unknown"]) == ("dynamics", [], ["Territory.csv"])
    assert any("1 closed deal" in line and "Est. close date is taken" in line for line in told["assumed"])
    assert "they agree" in cli("import", "run", "m").out
    by_id = deals(root)
    won, lost, open_ = (by_id[f"Press | Hotel Aurora | 5/{key}"] for key in _THREE)
    assert (won["closed"]["amount"], str(won["closed"]["date"])) == (1000, "2025-09-02")
    assert (str(lost["closed"]["date"]), str(open_["expected_close"])) == ("2025-08-30", "2026-12-31")
    assert lost["owner"] == open_["owner"] == "ben-roy"  # who is no user of the export, and is one here
    before = state(git)
    cli("import", "run", "m")  # two rows are alike in all that tells deals apart
    assert state(git) == before


def test_tables_of_a_program_of_ones_own_are_joined_by_their_ids(cli: Cli, root: Path, git: Git) -> None:
    source = _files(
        "own",
        Owners="owner_name;region\nNora Field;North\n",
        Accounts="AccountID;AccountName\nA1;Hotel Aurora\nA2;Bakery Luz\n",
        Contacts="ContactID;AccountID;ContactName;Mobile\nC1;A1;Mia Berg;+49 1\n",
        Deals="DealID;deal_title;AccountID;ContactID;owner;opportunity_stage;amount_usd;invoice_amount;currency;"
        "CloseDate\nD1;Roof;A1;C1;Nora Field;B. Demo;65563;;Sin_Factura;1/08/26\n"
        "D2;Door;A2;;Unassigned;A. Talks;10;99;COP;23/03/26\n"
        "DealID;deal_title;AccountID;ContactID;owner;opportunity_stage;amount_usd;invoice_amount;currency;CloseDate\n"
        "D3;Wall;A2;;Nora Field;Closed Won;7;;;24/03/26\n",
        deal_products="deal_id;product_id;product_name;quantity;unit_price\nD1;P1;Slate;2;5\n",
        Activities="ActivityID;DealID;ActivityType;ActivityDate;Notes\n"
        "X1;D1;Follow-Up;2026-01-09 10:15:00.000000 UTC;Again\nX2;D1;Demo;2026-01-10;Seen\n",
        payments="payment_id;deal_id;amount;paid_at\n1;D1;10;2026-01-01\n",
        tickets="Ticket ID;Ticket Name;Ticket Status;Close Date\n1;Broken;New;2026-01-01\n",
        bot_words="lead_id;words\n1;Hello\n",
    )  # fmt: skip
    told = _plan(cli, source)
    assert _kinds(told) == {
        "Owners.csv": "users", "Accounts.csv": "customers", "Contacts.csv": "contacts",
        "Deals.csv": "opportunities", "deal_products.csv": "items", "Activities.csv": "activities",
    }  # fmt: skip
    assert (told["vendor"], told["questions"]) == ("", [])
    assert "they agree" in cli("import", "run", "m").out
    by_id = deals(root)
    roof, door, wall = (by_id[key] for key in ("D1", "D2", "D3"))
    assert [roof["customer"], door["customer"], wall["customer"]] == [
        "hotel-aurora",
        "bakery-luz",
        "bakery-luz",
    ]
    assert [roof.get("owner"), door.get("owner"), wall.get("owner")] == ["nora-field", None, "nora-field"]
    assert {deal["currency"] for deal in by_id.values()} == {"USD"}
    assert [person["contact"] for person in roof["contacts"]] == ["mia-berg"]
    assert [item["quantity"] for item in roof["items"]] == [2]
    assert [activity["type"] for activity in roof["activities"]] == ["task", "meeting"]
    stages = loads((root / "pipecli.yaml").read_text())["processes"]["sales"]["stages"]
    assert [stage["id"] for stage in stages if "-" in stage["id"]] == ["a-talks", "b-demo"]
    before = state(git)
    cli("import", "run", "m")  # Mia's only number is that of a column for the second
    assert state(git) == before


def test_what_a_file_of_deals_lacks_is_asked_for_or_said(cli: Cli, root: Path) -> None:
    source = _files(
        "lacking",
        deals="dealname,dealstage,deal status,create date\nRoof,Closed Won,Won,2026-01-02\n"
        "Door,Gone,Dead,2026-01-02\nWall,Talking,Open,2026-01-02\n",
        quote_items="Product Name,Quantity,List Price\nSlate,1,5\n",
        list="title,value,create date\nGate,5,2026-01-02\n",
    )
    told = _plan(cli, source)
    assert [question["about"] for question in told["questions"]] == ["outcomes", "closing"]
    assert "which of Dead mean won, and which lost?" in told["questions"][0]["question"]
    assert "deals.csv has no column of amounts that is known" in told["assumed"]
    assert "list.csv has no column of stages or statuses that is known: its deals are open" in told["assumed"]
    page = Path("m/plan.yaml")
    answers = page.read_text().replace("answer:\n", "answer: {won: [], lost: [Dead]}\n", 1)
    page.write_text(answers.replace("answer:\n", "answer: created\n"))
    assert "they agree" in cli("import", "run", "m").out
    by_title = {deal["title"]: deal for deal in deals(root).values()}
    assert [by_title[title]["status"] for title in ("Roof", "Door", "Wall", "Gate")] == [
        "won",
        "lost",
        "open",
        "open",
    ]
    assert by_title["Roof"]["closed"]["amount"] == "unknown"


def test_lines_of_a_table_named_after_products_stages_in_capitals_and_people_without_names(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "tables",
        Opportunity_Table="Opportunity ID,Opportunity Name,Stage,Amount,Close Date,Primary Contact\n"
        "006A,Roof,LEAD,10,2026-05-01,0035A00003KtL2lQAF\n006B,Door,Lead,10,2026-05-01,\n"
        "006C,Wall,Closed Won,7,2026-02-01,00331000030PCnZAAW\n",
        Opportunity_Product="Line Item ID,Opportunity ID,Name (Product),Product ID,Product Code,List Price,"
        "Quantity,Sales Price\n00k1,006A,Slate,01t1,S-1,9,2,5\n",
        Lead="Id,LeadSource,Status,OwnerId,ConvertedOpportunityId,CreatedDate\n00Q1,Web,New,,006A,2026-01-02\n",
    )
    assert _kinds(_plan(cli, source)) == {
        "Opportunity_Table.csv": "opportunities", "Opportunity_Product.csv": "items",
    }  # fmt: skip
    assert cli("import", "run", "m").out.count("they agree") == 2
    by_id = deals(root)
    assert [by_id[key]["stage"] for key in ("006A", "006B")] == ["lead", "lead"]
    assert by_id["006A"]["custom"] == {"primary_contact": "0035A00003KtL2lQAF"}
    assert by_id["006A"]["items"] == [
        {"external_id": "00k1", "product": "S-1", "description": "Slate", "quantity": 2, "unit_price": 5}
    ]

    shop = _files(
        "shop",
        Artikel="Artikelnummer;Artikelname\nPNL 100;Wand\nöl/5;Öl\n",
        Deals="Deal ID;Thema;Stage\n1;A;Demo\n",
        deal_products="Deal ID;Product Code;Product Name;Quantity;Unit Price;Discount\n"
        "1;PNL 100;Wand;20;22,50;150\n1;öl/5;Öl;1;7,00;0\n",
    )
    assert _kinds(_plan(cli, shop, "--force"))["deal_products.csv"] == "items"
    cli("import", "run", "m")
    skus = {loads(path.read_text())["sku"] for path in root.glob("products/*.yaml")}
    assert skus == {"S-1", "PNL 100", "öl/5"}  # the first of a line alone
    assert (deals(root)["1"]["title"], deals(root)["1"]["items"][0]["discount_amount"]) == ("A", 150)

    named = _files(  # of which Zoho's contacts have all columns, too
        "named",
        hubspot_contacts="Contact ID,First Name,Last Name,Email,Contact Owner\n7,Ann,Lee,ann@x.example,Bo\n",
    )
    assert _plan(cli, named, "--force")["vendor"] == ""
    people = _files(
        "people", contacts="hs_object_id,firstname,lastname,email\n7,,,ann@x.example\n8,Bo,,b@x.example\n"
    )
    cli("import", "plan", str(people), "--into", "p")
    cli("import", "run", "p")
    names = [loads(path.read_text())["name"] for path in sorted((root / "contacts").rglob("*.yaml"))]
    assert names == ["ann@x.example", "Bo"]


def test_a_closing_day_beside_the_expected_one_and_an_amount_of_another_name(cli: Cli, root: Path) -> None:
    source = _files(
        "deals",
        opportunities="ID,Name,Organisation,Milestone,Masked deal value,Expected Close Date,"
        "Actual Close Date,Created\n"
        "101,Roof,Aurora,Bid,1000,2026-12-21,,01/13/2026 10:00am\n"
        "102,Door,Aurora,Won,2000,2026-02-21,2026-02-20,01/14/2026 9:30pm\n",
    )
    told = _plan(cli, source)
    assert (_kinds(told), told["questions"]) == ({"opportunities.csv": "opportunities"}, [])
    assert "opportunities.csv: Masked deal value is taken for the amount of its deals" in told["assumed"]
    assert "they agree" in cli("import", "run", "m").out
    roof, door = (deals(root)[key] for key in ("101", "102"))
    assert (roof["expected_close"], door["closed"]["date"], door["closed"]["amount"]) == (
        "2026-12-21", "2026-02-20", 2000,
    )  # fmt: skip
    assert [str(deal["created"])[:16] for deal in (roof, door)] == ["2026-01-13T10:00", "2026-01-14T21:30"]

    prices = (
        "deal_id,name,stage,close date,list_price,end_price\n1,Wall,Talk,,90,80\n2,Gate,Won,2026-01-02,9,8\n"
    )
    cli("import", "plan", str(_files("prices", deals=prices)), "--into", "p")
    page = Path("p/plan.yaml")
    assert "which column is the amount of its deals: list_price, end_price, or none?" in page.read_text()
    page.write_text(page.read_text().replace("answer:\n", "answer: end_price\n"))
    cli("import", "run", "p")
    assert deals(root)["1"]["amount"] == 80


def test_people_of_a_deal_come_by_id_and_address_and_a_sheet_of_common_words_is_of_no_vendor(
    cli: Cli, root: Path
) -> None:
    hub = _files(
        "hub",
        contacts="Record ID,First Name,Last Name,Email\n"
        "701,Nora,Field,nora@a.example\n702,Ib,Lund,ib@a.example\n",
        deals="Record ID,Deal Name,Deal Stage,Amount,Associated Contact IDs\n"
        "h1,A,Contract Sent,10,701;702\nh2,B,Contract Sent,10,702; 702;999\n",
    )
    cli("import", "plan", str(hub), "--into", "hub/m")
    ran = cli("import", "run", "hub/m").out
    assert "left out of 1 row: further contacts that aren't here" in ran
    assert "nothing to change" in cli("import", "run", "hub/m").out
    by_id = deals(root)
    assert [one["contact"] for one in by_id["h1"]["contacts"]] == ["nora-field", "ib-lund"]
    assert [one["contact"] for one in by_id["h2"]["contacts"]] == ["ib-lund"]
    dyn = _files(
        "dyn",
        Contacts="(Do Not Modify) Contact,Full Name,Email,Company Name,Business Phone\n"
        "c1,Ana Gil,a1@c.example,Acme,1\nc2,Ana Gil,a2@c.example,Acme,2\nc3,Ana Gil,a3@b.example,Beta,3\n",
        Opportunities="(Do Not Modify) Opportunity,Topic,Potential Customer,Contact,"
        "Email (Contact) (Contact),Status,Est. Revenue,Pipeline Phase\n"
        "o1,A,Acme,Ana Gil,a2@c.example,Open,1,1-Qualify\n"
        "o2,B,Acme,Ana Gil,,Open,1,1-Qualify\no3,C,Beta,Ana Gil,,Open,1,1-Qualify\n",
    )
    told = cli("import", "plan", str(dyn), "--into", "dyn/m").out
    assert "two contacts of one customer are called Ana Gil: 1 deal of Opportunities.csv" in told
    assert "they agree" in cli("import", "run", "dyn/m").out
    by_id = deals(root)
    people = {path.stem: loads(path.read_text())["emails"][0] for path in root.glob("contacts/ana*.yaml")}
    assert [people[by_id[name]["contacts"][0]["contact"]] for name in ("o1", "o3")] == [
        "a2@c.example", "a3@b.example",
    ]  # fmt: skip
    assert "contacts" not in by_id["o2"]
    common = _files("common", sheet="Name,Pipeline,Stage,Value\nA,Sales,Lead,100\n")
    told = cli("import", "plan", str(common), "--into", "common/m").out
    assert "no vendor that is known" in told and "if it is of copper, say --from VENDOR" in told
    assert "copper: 1 file" in cli("import", "plan", str(common), "--into", "c/m", "--from", "copper").out
    Path("common/sheet.csv").write_text("Copper ID,Name,Stage,Value,Owned By\n1,A,Lead,100,Ana\n")
    assert "copper: 1 file" in cli("import", "plan", str(common), "--into", "common/n").out


def test_taxes_and_discounts_of_zohos_lines_come_to_the_sums_of_its_quotes(cli: Cli, root: Path) -> None:
    lines = (
        "Record Id,Parent Id.id,Product Name,Quantity,List Price,Discount,Tax,Line Tax,Net Total\n"
        "zl1,zq1,Slate,2,100,10%,18,Vat (10.0 %),198\n"
        'zl2,zq1,Nail,1,120,10,11,"Vat (7.5 %),City (2.5 %)",121\n'
        "zl3,zq2,Door,1,100,0%,0,,100\n"
    )
    source = _files(
        "zoho",
        Deals="Record Id,Deal Name,Account Name,Stage,Amount,Closing Date,Created Time\n"
        "zd1,Roof,Aurora,Qualification,1000,2027-01-01,2026-01-02 10:00:00\n",
        Quotes="Record Id,Subject,Quote Owner,Deal Name.id,Deal Name,Account Name,Quote Stage,Sub Total,"
        "Discount,Tax,Adjustment,Grand Total,Created Time\n"
        "zq1,Roof,Nora,zd1,Roof,Aurora,Draft,290.00,0,29.00,0,319.00,2026-01-03 10:00:00\n"
        "zq2,Door,Nora,zd1,Roof,Aurora,Draft,100.00,10,0,2,92.00,2026-01-03 10:00:00\n",
        Quoted_Items=lines,
    )
    _plan(cli, source)
    ran = cli("import", "run", "m").out
    assert ran.count("they agree") == 3
    assert "Draft: 2 rows 390.00 EUR | 2 rows 390.00 EUR" in ran
    assert (
        "another total with taxes and adjustments: 1 quotation of Quotes.csv, as zq2: "
        "92.00 there, 90.00 here" in ran
    )
    roof, door = json.loads(cli("quote", "list", "--sort", "-total", "--format", "json").out)
    assert [(line.get("discount"), line.get("discount_amount"), line["tax"]) for line in roof["items"]] == [
        (10, None, 10), (None, 10, 10),
    ]  # fmt: skip
    assert (roof["amount"], roof["total"], door["subtotal"], door["total"]) == (290, 319, 100, 90)
    assert "nothing to change" in cli("import", "run", "m").out

    taxed = "Record Id,Parent Id.id,Product Name,Quantity,List Price,Amount,Discount,Tax,Total\n"
    taxed += "zl1,zo1,Nail,1,100,100,10,16.20,106.20\nzl2,zo1,Door,2,50,100,0,18,118\n"
    orders = "Record Id,Subject,Sales Order Owner,Deal Name,Account Name,Status,Sub Total,"
    orders += "Discount,Tax,Grand Total\n"
    orders += "zo1,Roof,Nora,Roof,Aurora,Delivered,224.20,0,0,224.20\n"
    deals = Path(source, "Deals.csv").read_text()
    cli(
        "import",
        "plan",
        str(_files("so", Deals=deals, Sales_Orders=orders, Ordered_Items=taxed)),
        "--into",
        "s",
    )
    assert "1 order of Sales_Orders.csv, as zo1: 224.20 there, 190.00 here" in cli("import", "run", "s").out
    products = "Record Id,Product Name,Product Code,Unit Price\nzp1,Nail,N,9\nzp2,Door,D,9\n"
    own = Path(source, "Quotes.csv").read_text().split("\n")
    rows = [own[0] + ",Product Id,Product Name,Quantity,List Price,Total\n"]
    rows += [f"{own[1]},{line}\n" for line in ("zp1,Nail,1,90,90", "zp2,Door,2,100,200")]
    several = _files("rows", Deals=deals, Quotes="".join(rows), Products=products)
    cli("import", "plan", str(several), "--into", "r")
    assert "Product Id:\n    to: items.product" in Path("r/quotations.yaml").read_text()
    other = (
        lines.replace("10%,18", "20,18").replace("Vat (10.0 %)", "10.00").replace("Vat (7.5 %),City", "City")
    )
    Path("zoho/Quoted_Items.csv").write_text(other)
    assert "adjustments: 2 quotations of Quotes.csv" in cli("import", "run", "m").out
    (roof, _) = json.loads(cli("quote", "list", "--sort", "-total", "--format", "json").out)
    assert [line["tax"] for line in roof["items"]] == [10, 2.5]
    for cell in ("Vat", "5% and 3%", "Reduced 5%, Vat (10 %)"):
        Path("zoho/Quoted_Items.csv").write_text(lines.replace("Vat (10.0 %)", f'"{cell}"'))
        assert f'Line Tax: "{cell}" isn\'t ' in cli("import", "run", "m", code=1).out


def test_lines_of_dynamics_find_their_quotes_and_orders_by_name_and_no_line_is_a_deal(
    cli: Cli, root: Path
) -> None:
    hidden = "(Do Not Modify) Row Checksum,(Do Not Modify) Modified On"
    columns = "Existing Product,Write-In Product,Price Per Unit,Quantity,Manual Discount,Volume Discount,Tax"
    papers = "Name,Potential Customer,Opportunity,Status,Total Detail Amount,Total Amount,Currency,Created On"
    source = _files(
        "d365",
        **{
            "All Opportunities": f"(Do Not Modify) Opportunity,{hidden},Topic,Potential Customer,Contact,"
            "Est. Revenue,Est. Close Date,Status,Pipeline Phase,Probability,Created On\n"
            "o1,x,y,Roof,Aurora,Mia Berg,1000.00,12/31/2026,Open,2-Develop,40,5/20/2026 7:42\n",
            "All Contacts": f"(Do Not Modify) Contact,{hidden},Full Name,Email,Company Name,Business Phone\n"
            "c1,x,y,Mia Berg,mia@aurora.example,Aurora,+49 2\n",
            "All Quotes": f"(Do Not Modify) Quote,{hidden},Quote ID,{papers}\n"
            "q1,x,y,QUO-1,Roof,Aurora,Roof,Draft,290.00,319.00,Euro,6/13/2026 7:42\n"
            "q2,x,y,QUO-2,Tiles,Aurora,Roof,Active,500.00,500.00,Euro,6/14/2026 7:42\n",
            "All Orders": f"(Do Not Modify) Order,{hidden},Order ID,{papers}\n"
            "d1,x,y,ORD-1,Roof,Aurora,Roof,Fulfilled,500.00,500.00,Euro,7/14/2026 7:42\n",
            "Opportunity Products": f"(Do Not Modify) Opportunity Product,{hidden},Opportunity,{columns}\n"
            "l1,x,y,Roof,Slate,,100.00,2.00000,20.00,,\n",
            "Quote Products": f"(Do Not Modify) Quote Product,{hidden},Quote,{columns}\n"
            "l2,x,y,Roof,Slate,,100.00,2.00000,20.00,0.00,18.00\nl3,x,y,Roof,,Nail,110.00,1.00000,,,11.00\n",
            "Order Products": f"(Do Not Modify) Order Product,{hidden},Order,{columns}\n"
            "l4,x,y,Roof,Tiles,,510.00,1.00000,,10.00,\n",
        },
    )
    told = _plan(cli, source)
    assert [*_kinds(told).values()] == ["contacts", "opportunities", "quotations", "orders", *["items"] * 3]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:", "answer: lines"))
    ran = cli("import", "run", "m", code=1)
    assert '1 rejected, as: Volume Discount: "10.00" must be one of the values of the mapping' in ran.out
    assert "Draft: 1 row 290.00 EUR | 1 row 290.00 EUR" in ran.out
    assert "another total with taxes and adjustments: 1 quotation of All Quotes.csv, as q1: 319.00" in ran.out
    roof, tiles = json.loads(cli("quote", "list", "--all", "--sort", "created", "--format", "json").out)
    assert [line["description"] for line in roof["items"]] == ["Slate", "Nail"]
    assert (roof["amount"], tiles["amount"], len(tiles["items"])) == (290, 500, 1)
    (order,) = json.loads(cli("order", "list", "--all", "--format", "json").out)
    assert (order["status"], order["amount"]) == ("delivered", 500)
    assert [line["external_id"] for line in deals(root)["o1"]["items"]] == ["l1"]
    assert deals(root).keys() == {"o1"} and deals(root)["o1"]["contacts"] == [{"contact": "mia-berg"}]
    assert "nothing to change" in cli("import", "run", "m", code=1).out


def test_what_dynamics_writes_in_german_comes_as_what_it_writes_in_english(cli: Cli, root: Path) -> None:
    hidden = "(Nicht ändern) Zeilenprüfsumme,(Nicht ändern) Geändert am"
    source = _files(
        "d365",
        **{
            "Alle Verkaufschancen": f"(Nicht ändern) Verkaufschance,{hidden},Thema,Firma,Vertriebsphase,"
            "Status,Gesch. Umsatz,Voraussichtl. Abschlussdatum\n"
            "o1,x,y,Dach,Krüger,2-Entwickeln,Offen,900,31.12.2026\n",
            "Alle Angebote": f"(Nicht ändern) Angebot,{hidden},Angebotsnummer,Name,Potenzieller Kunde,"
            "Verkaufschance,Status,Statusgrund,Gültig ab,Angebotsrabattbetrag,Gesamtbetrag\n"
            "q1,x,y,QUO-1,Dach A,Krüger,Dach,Aktiv,In Bearbeitung,13.06.2026,,210\n"
            "q2,x,y,QUO-2,Dach B,Krüger,Dach,Geschlossen,Verloren,14.06.2026,,90\n"
            "q3,x,y,QUO-3,Dach C,Krüger,Dach,Geschlossen,Offen,14.06.2026,10,70\n",
            "Angebotsprodukte": f"(Nicht ändern) Angebotsprodukt,{hidden},Angebot,Produktname,Menge,"
            "Preis pro Einheit,Betrag,Manueller Rabatt,Steuer,Erweiterter Betrag\n"
            "l1,x,y,Dach A,Rinne,4,50,200,10,19,209\nl2,x,y,Dach A,Nagel,1,20,20,,0,20\n"
            "l3,x,y,Dach B,Rinne,2,45,90,,9,99\nl4,x,y,Dach C,Rinne,1,90,90,10,8,88\n",
        },
    )
    told = _plan(cli, source)
    assert ([*_kinds(told).values()], told["questions"]) == (["opportunities", "quotations", "items"], [])
    cli("import", "run", "m")
    quotes = json.loads(cli("quote", "list", "--all", "--sort", "external_id", "--format", "json").out)
    assert [(one["external_id"], one["status"], one["amount"]) for one in quotes] == [
        ("q1", "sent", 210), ("q2", "rejected", 90), ("q3", "sent", 70),
    ]  # fmt: skip
    assert deals(root)["o1"]["stage"] == "2-entwickeln"


def test_labels_are_no_names_of_fields_and_notes_and_calls_name_their_deal_in_any_language() -> None:
    headers = {
        "Accounts": "Name,ID,Website,Office Phone,Billing Street,Billing City,Assigned User Name",
        "Calls": "Subject,ID,Status,Direction,Start Date,Duration Minutes,Parent Type,Parent ID,Assigned to",
        "notes": "Notiz - ID,Notiz - Inhalt,Notiz - Deal,Notiz - Nutzer,Notiz - Hinzugefügt am",
        "notas": "Nota - Contenido,Nota - Trato,Nota - Usuario,Nota - Añadido el",
        "Notes": "Record ID,Title,Body,Link Type,Linked Record,Owner,Date Created",
    }
    tables = [
        table for name, header in headers.items() for table in tables_of_file(header.encode(), f"{name}.csv")
    ]
    told = [
        one and (one.kind, one.vendor, one.column_of("record"), one.column_of("at"))
        for one in recognise(tables)
    ]
    assert told == [
        ("customers", "", None, None),
        ("activities", "", "Parent ID", "Start Date"),
        ("activities", "", "Notiz - Deal", "Notiz - Hinzugefügt am"),
        ("activities", "", "Nota - Trato", "Nota - Añadido el"),
        ("activities", "", "Linked Record", "Date Created"),
    ]


def test_a_sheet_of_the_staff_is_users_and_associations_bring_the_people_of_deals(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "small",
        Deals="Deal ID,Deal Name,Stage,Amount,Owner,Company,Contact\n91,Roof,Proposal,9,Ana Ruiz,,Mia Berg\n"
        "92,Tiles,Demo,5,Leo Roy,Luz,\n",
        Contacts="Contact ID,First Name,Last Name,Company\n71,Mia,Berg,A\n72,Kim,Lee,Luz\n73,Uwe,Alt,Luz\n",
        deal_contact_associations="Deal ID,Contact ID,Role,Primary\n91,71,Decision Maker,true\n"
        "92,72,User,false\n92,73,Buyer,true\n",
        Staff="First Name,Last Name,E-mail,Status\nAna,Ruiz,ana@us.example,Active\n"
        "Leo,Roy,leo@us.example,Deleted\n",
    )
    assert _kinds(_plan(cli, source))["Staff.csv"] == "users"
    cli("import", "run", "m")
    assert deals(root)["92"]["contacts"] == [
        {"contact": "kim-lee", "role": "User", "primary": False},
        {"contact": "uwe-alt", "role": "Buyer", "primary": True},
    ]
    assert deals(root)["91"]["contacts"][0]["contact"] == "mia-berg"  # and nobody else of her name is made
    staff = json.loads(cli("sql", "SELECT email, active FROM users ORDER BY email", "--format", "json").out)
    assert [one["active"] for one in staff if one["email"] in ("ana@us.example", "leo@us.example")] == [1, 0]


def test_deals_with_gaps_and_customers_of_no_file_come_once_and_a_table_without_a_header_stays_out(
    cli: Cli, root: Path, git: Git
) -> None:
    source = _files(
        "own",
        Accounts="AccountID,AccountName\nA1000,Hotel Aurora\nA2000,Bakery Luz\n",
        Contacts="ContactID,AccountID,ContactName,Email\nC1000,A1000,Mia Berg,mia@aurora.example\n"
        "C2000,A9000,Ib Lund,ib@lund.example\n",
        Deals="Deal Name,AccountID,Contact,Stage,Amount,Created\nRoof,A1000,Mia Berg,Demo,10,2026-01-05\n"
        "Wall,A2000,,Demo,20,2026-01-06\nDoor,A9000,,Demo,30,\nDoor,A1000,,Demo,40,\nDoor,A1000,,Demo,50,\n",
        quotes="100,1420.00,Roof,\\N,2026-01-05 10:00:00\n104,20.00,Door,\\N,2026-01-06 10:00:00\n",
    )
    told = _plan(cli, source)
    assert (told["unknown"], told["questions"]) == (["quotes.csv"], [])
    said = "AccountID: 1 row name customers that are not in the export, such as A9000, and come without"
    assert [text.rpartition(".csv, ")[2] for text in told["assumed"][:2]] == [said, said]
    ran = cli("import", "run", "m").out
    assert ran.count("left out of 1 row: customers that aren't here") == 2
    assert "they agree" in ran
    rows = [loads(path.read_text()) for path in root.glob("opportunities/**/*.yaml")]
    got = {(row["title"], row.get("customer"), row["amount"]) for row in rows}
    assert got == {
        ("Roof", "hotel-aurora", 10), ("Wall", "bakery-luz", 20), ("Door", None, 30),
        ("Door", "hotel-aurora", 40), ("Door", "hotel-aurora", 50),
    }  # fmt: skip
    assert {path.stem for path in root.glob("customers/*.yaml")} == {"hotel-aurora", "bakery-luz"}
    before = state(git)
    cli("import", "run", "m")
    assert state(git) == before
    with Path("own", "Accounts.csv").open("a") as accounts:  # the customer came with the next export
        accounts.write("A9000,Late Ltd\n")
    cli("import", "run", "m", "own")
    rows = [loads(path.read_text()) for path in root.glob("opportunities/**/*.yaml")]
    assert [row["amount"] for row in rows if row.get("customer") == "late-ltd"] == [30]
    Path("own2").mkdir()
    Path("own", "quotes.csv").rename("own2/quotes.csv")
    refused = cli("import", "plan", "own2", "--into", "m2", code=1)
    assert "quotes.csv: no file was recognised by its header" in refused.err
    assert "quotes.csv, quotations by its name: no column is known; write a mapping" in refused.err


def test_vtiger_names_records_with_their_module_and_a_dump_without_a_header_stays_out(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "vtiger",
        Organizations="Organization Name,Organization Number,Primary Phone,Assigned To\n"
        "Aurora,ACC1,+49 1,Nora Field\n",
        Contacts="Contact Id,First Name,Last Name,Organization Name,Primary Email,Office Phone,Assigned To\n"
        "CON1,Mia,Berg,Accounts::::Aurora,mia@aurora.example,+49 2,Nora Field\n",
        Leads="Lead Number,First Name,Last Name,Company,Primary Email,Lead Status,Assigned To\n"
        "LEA1,Bo,Li,Luz,bo@luz.example,Hot,Nora Field\n",
        Opportunities="Opportunity Number,Opportunity Name,Organization Name,Contact Name,Amount,"
        "Expected Close Date,Sales Stage,Probability,Assigned To,Created Time\n"
        "POT1,Roof,Accounts::::Aurora,Contacts::::Mia Berg,1000.50,2027-01-31,Prospecting,20,Nora Field,"
        "2026-01-02 10:00:00\n"
        "POT2,Door,Accounts::::Aurora,,200.00,2026-03-01,Closed Won,100,Nora Field,2026-01-03 10:00:00\n",
        vtiger_potential="7,POT1,Roof,1000.50,2027-01-31,2026-01-02 10:00:00\n"
        "8,POT2,Door,200.00,2026-03-01,2026-01-03 10:00:00\n",
    )
    told = _plan(cli, source)
    assert (told["vendor"], told["questions"], told["unknown"]) == ("vtiger", [], ["vtiger_potential.csv"])
    assert [*_kinds(told).values()] == ["customers", "contacts", "leads", "opportunities"]
    assert "they agree" in cli("import", "run", "m").out
    roof, door = (deals(root)[key] for key in ("POT1", "POT2"))
    assert (roof["customer"], roof["contacts"]) == ("aurora", [{"contact": "mia-berg"}])
    assert (door["status"], door["closed"]["amount"]) == ("won", 200)
    assert [path.stem for path in (root / "customers").glob("*.yaml")] == ["aurora"]
    assert "nothing to change" in cli("import", "run", "m").out


def test_a_table_made_from_another_stays_out_and_of_two_that_differ_it_is_asked(
    cli: Cli, root: Path, git: Git
) -> None:
    rows = (
        "Deal ID,Deal Name,Stage,Amount,Close Date,Owner\n1,Roof,Demo,100,2026-12-01,Nora Field\n"
        "2,Door,Closed Won,200,2026-02-01,Nora Field\n3,Wall,Demo,300,2026-12-02,Ben Roy\n"
    )
    source = _files(
        "derived",
        deals=rows,
        # the counts of a pivot, called ID, and a selection of rows and columns
        deal_pivot="Stage,Owner,Deal ID,Close Date,Amount\n"
        + "".join(f"Demo,{owner},{number},2026-01-0{number},5\n" for number in (1, 2) for owner in "ABC"),
        open_deals="Deal ID,Deal Name,Stage\n1,Roof,Demo\n3,Wall,Demo\n",
    )
    told = _plan(cli, source)
    assert _kinds(told) == {"deals.csv": "opportunities"}
    assert {
        "deal_pivot.csv stays out: its Deal ID is no id, as 3 rows have 1 and differ, and deals.csv has "
        "a row for each",
        "open_deals.csv stays out: deals.csv has all its rows and columns",
    } <= {*told["assumed"]}
    assert "they agree" in cli("import", "run", "m").out

    # Of one month and the next, which differ, one is chosen, or the first holds; a second run brings nothing.
    months = _files(
        "months",
        deals_nov=rows,
        deals_oct="Deal ID,Deal Name,Stage,Amount,Close Date,Owner,Region\n"
        "1,Roof,Demo,120,2026-12-01,Nora Field,N\n2,Door,Closed Won,200,2026-02-01,Nora Field,S\n",
        contacts="Contact ID,Name,Email,Phone\nC1,Mia Berg,mia@x.example,117\nC2,Tom,tom@x.example,118\n",
        more="Contact ID,Name,Email,Title\nC1,Mia Berg,mia@y.example,Head\nC2,Tom,tom@x.example,\n",
    )
    (people, deal) = _plan(cli, months, "--force")["questions"]
    assert (
        "contacts.csv and more.csv are both about 1 record of one id and differ, as in Email of C1"
        in (people["question"])
    )
    assert deal["one_of"] == ["deals_nov.csv", "deals_oct.csv", "both"]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:\n", "answer: both\n"))
    result = cli("import", "run", "m", code=1)
    assert (
        "amount: 120, where an earlier file of the move says otherwise of the same opportunity" in result.out
    )
    assert loads((root / "contacts/mia-berg.yaml").read_text())["emails"] == [
        "mia@x.example",
        "mia@y.example",
    ]
    assert {key: deal.get("custom") for key, deal in deals(root).items()}["2"] == {"region": "S"}
    before = state(git)
    cli("import", "run", "m", code=1)
    assert state(git) == before


_EDITIONS = {
    "deals-4711-12": (
        "Deal - ID,Deal - Titel,Deal - Wert,Deal - Währung von Wert,Deal - Organisation,Deal - Kontaktperson,"
        "Deal - Phase,Deal - Status,Deal - Deal erstellt,Deal - Datum des gewonnenen Deals,"
        "Deal - Datum des verlorenen Deals,Deal - Verlustgrund,"
        "Deal - Voraussichtliches Abschlussdatum,Deal - Besitzer",
        ("Offen", "Gewonnen", "Verloren"),
    ),
    "deals-7428260-2353": (
        "Negócio - ID,Negócio - Título,Negócio - Valor,Negócio - Moeda de Valor,Negócio - Organização,"
        "Negócio - Pessoa de contato,Negócio - Etapa,Negócio - Status,Negócio - Negócio criado em,"
        "Negócio - Ganho em,Negócio - Data de perda,Negócio - Motivo da perda,"
        "Negócio - Data de fechamento esperada,Negócio - Proprietário",
        ("Aberto", "Ganho", "Perdido"),
    ),
    "affaires": (
        "Affaire - ID,Affaire - Titre,Affaire - Valeur,Affaire - Devise de Valeur,Affaire - Organisation,"
        "Affaire - Personne à contacter,Affaire - Étape,Affaire - Statut,Affaire - Affaire créée,"
        "Affaire - Date de gain,Affaire - Date de perte,Affaire - Raison de la perte,"
        "Affaire - Date de clôture prévue,Affaire - Propriétaire",
        ("Ouvert", "Gagné", "Perdu"),
    ),
    "crm.lead": (  # Odoo calls its deals leads
        "ID externe,Opportunité,Revenu attendu,Devise,Client,Nom du contact,Étape,Statut,Créé le,Gagné le,"
        "Perdu le,Raison de perte,Clôture attendue,Vendeur",
        ("Ouvert", "Gagné", "Perdu"),
    ),
}


@pytest.mark.parametrize("name", _EDITIONS)
def test_exports_come_in_the_language_in_which_their_owner_worked(cli: Cli, root: Path, name: str) -> None:
    header, (open_, won, lost) = _EDITIONS[name]
    rows = [
        f"1,Ofen,1200.50,EUR,Krüger,Jörg Weiß,Angebot,{open_},2026-01-05 09:00:00,,,,2026-12-01,Ana Ruiz",
        f"2,Dach,800,EUR,Löwe,,Angebot,{won},2026-01-06 09:00:00,2026-03-04 10:00:00,,,,Ana Ruiz",
        f"3,Tor,90,EUR,Löwe,,Kontakt,{lost},2026-01-07 09:00:00,,2026-03-05 10:00:00,Preis,,Ana Ruiz",
    ]
    told = _plan(cli, _files("x", **{name: "\n".join([header, *rows]) + "\n"}))
    assert (_kinds(told), told["questions"]) == ({f"{name}.csv": "opportunities"}, [])
    assert "they agree" in cli("import", "run", "m").out
    first, second, third = (deals(root)[number] for number in "123")
    assert (first["stage"], first["amount"], first["expected_close"]) == ("angebot", 1200.5, "2026-12-01")
    assert (first["customer"], first["owner"], len(first["contacts"])) == ("kruger", "ana-ruiz", 1)
    assert (second["status"], second["closed"]["date"], second["closed"]["amount"]) == (
        "won",
        "2026-03-04",
        800,
    )
    assert (third["status"], third["closed"]["date"]) == ("lost", "2026-03-05")
    assert third["closed"]["reasons"] == ["preis"]


def test_a_column_that_says_how_deals_ended_is_found_whatever_it_is_called(cli: Cli, root: Path) -> None:
    """By its words alone, also where a status has the stages."""
    files = _files(
        "x",
        Projekte="Nr;Projektname;Wert;Kunde;Fortgang\n1;Ofen;10;Krüger;Erstgespräch\n2;Dach;20;Löwe;"
        "erfolgreich abgeschlossen\n3;Tor;30;Löwe;verloren\n",
        Deals="Deal No,Deal name,Amount,Company,Status\n4,Oven,40,Lion,New Lead\n5,Roof,50,Lion,Qualified\n"
        "6,Gate,60,Lion,Closed—won\n7,Door,70,Lion,Closed—lost\n8,Wall,80,Lion,Proposal Sent\n",
    )
    told = _plan(cli, files)
    assert {question["about"] for question in told["questions"]} == {"closing"}, told["questions"]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("  answer:", "  answer: 2026-03-01"))
    assert "they agree" in cli("import", "run", "m").out
    by_id = deals(root)
    assert [by_id[number]["status"] for number in "12345678"] == [
        "open", "won", "lost", "open", "open", "won", "lost", "open",
    ]  # fmt: skip
    assert [by_id[number]["stage"] for number in "148"] == ["erstgesprach", "new-lead", "proposal-sent"]


def test_a_day_on_which_deals_closed_is_asked_about_where_nothing_says_how_they_ended(
    cli: Cli, root: Path
) -> None:
    """A view of lost deals, a day in a part of the rows, days in each stage: none comes open in silence."""
    head = "Deal ID,Deal name,Company,Amount,Expected Close Date,Actual Close Date"
    files = _files(
        "x",
        **{
            "Lost Opportunities 11-27-2026 9-41-05 AM": "Topic,Potential Customer,Est. Revenue,"
            "Actual Close Date,Created On,Pipeline Phase,Status Reason\nRoof,Aurora,1000,2026-02-21,"
            "2026-01-13,1-Qualify,Canceled\nDoor,Aurora,2000,2026-02-20,2026-01-13,2-Develop,Out-Sold\n"
        },
        deals=f"{head}\n1,Gate,Boreas,10,2026-12-24,\n2,Wall,Boreas,20,2026-12-24,2026-02-03\n",
        chances=f"{head},Stage\n3,Oven,Boreas,30,,2026-12-03,Talk\n4,Lamp,Boreas,40,2026-12-24,,Talk\n",
        oportunidades=f"{head},Status\n5,Desk,Boreas,50,,2026-02-04,Open\n6,Sofa,Boreas,60,,2026-02-05,Won\n",
    )
    told = _plan(cli, files)
    asked = {question["about"]: question["question"] for question in told["questions"]}
    assert list(asked) == ["closed-lost-opportunities", "closed-chances", "closed-deals"]
    assert (
        "2 of 2 rows have a day in Actual Close Date, the first in line 2."
        in asked["closed-lost-opportunities"]
    )
    with_day = "1 of 2 rows has a day in Actual Close Date, the first in line 2"
    assert f"oportunidades.csv: {with_day}: open all the same, as Status says" in told["assumed"]
    assert "Are these deals won, lost, or open" in cli("import", "run", "m", code=1).err
    page = Path("m/plan.yaml")
    for answer in ("lost", "open", "won"):
        page.write_text(page.read_text().replace("answer:\n", f"answer: {answer}\n", 1))
    report = cli("import", "run", "m").out
    assert "  lost / 1-Qualify: 1 row 1,000.00 EUR | 1 row 1,000.00 EUR\n" in report
    assert report.count("they agree") == 4
    by_title = {deal["title"]: deal for deal in deals(root).values()}
    assert {title: deal["status"] for title, deal in by_title.items()} == {
        "Roof": "lost", "Door": "lost", "Gate": "open", "Wall": "won",
        "Oven": "open", "Lamp": "open", "Desk": "open", "Sofa": "won",
    }  # fmt: skip
    assert (by_title["Door"]["stage"], by_title["Door"]["closed"]) == (
        "2-develop", {"date": "2026-02-20", "reasons": ["out-sold"]},
    )  # fmt: skip
    assert by_title["Wall"]["closed"] == {"date": "2026-02-03", "amount": 20, "stage": "unknown"}
    assert by_title["Oven"]["expected_close"] == "2026-12-03"
    assert "nothing to change" in cli("import", "run", "m").out


_ENDS = """\
No;Deal;Client;Value;Date won;Date lost;2026-03-14;-
No;Deal;Client;Value;Closed won on;Closed lost on;2026-03-14;
Nr;Projekt;Kunde;Summe;Gewonnen am;Verloren am;14.03.2026;
Código;Oportunidad;Cliente;Importe;Fecha ganada;Fecha perdida;14/03/2026;
Código;Negócio;Cliente;Valor;Ganho em;Data de perda;14/03/2026;
N°;Affaire;Client;Montant;Gagnée le;Perdue le;14/03/2026;
کد;معامله;مشتری;مبلغ;تاریخ برد;تاریخ باخت;2026-03-14;
No;Deal;Client;Value;Won?;Lost?;Yes;No
Nr;Projekt;Kunde;Summe;Gewonnen;Verloren;Ja;Nein
Código;Oportunidad;Cliente;Importe;Ganada;Perdida;Sí;No
Código;Negócio;Cliente;Valor;Ganho;Perdido;Sim;Não
N°;Affaire;Client;Montant;Gagnée;Perdue;Oui;Non
کد;معامله;مشتری;مبلغ;برنده;بازنده;بله;خیر
No;Deal;Client;Value;Won;Closed;x;
"""


def _sums(root: Path) -> dict[object, object]:
    """What a person adds up: the amounts of the deals that are open, won and lost."""
    found = [loads(file.read_text()) for file in root.glob("opportunities/**/*.yaml")]
    return {
        of: sum(deal["amount"] for deal in found if deal["status"] == of) for of in ("open", "won", "lost")
    }


@pytest.mark.parametrize("columns", _ENDS.splitlines())
def test_a_day_or_a_yes_for_each_end_tells_it_in_six_languages(cli: Cli, root: Path, columns: str) -> None:
    *head, yes, no = columns.split(";")
    won = yes if head[-1] == "Closed" else no
    rows = [
        (1, "Roof", "Boreas", 100, yes, won),
        (2, "Door", "Boreas", 200, no, yes),
        (3, "Wall", "Aurora", 400, no, no),
        (4, "Gate", "Aurora", 800, yes, won),
    ]
    lines = [";".join([*head, "Created"]), *(";".join(map(str, (*row, "2026-01-02"))) for row in rows)]
    Path("d.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = [question["about"] for question in _plan(cli, "d.csv")["questions"]]
    assert asked == ([] if "14" in yes else ["closing"])
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:\n", "answer: 2026-03-14\n"))
    assert "they agree" in cli("import", "run", "m").out
    assert _sums(root) == {"open": 400, "won": 900, "lost": 200}
    assert {str(deal["closed"]["date"]) for deal in deals(root).values() if "closed" in deal} == {
        "2026-03-14"
    }  # type: ignore[index]


def test_amounts_and_days_of_vendors_without_a_preset(cli: Cli, root: Path) -> None:
    """As OroCRM, Capsule, Zendesk Sell and Pipeline CRM call columns: none is lost or of another currency."""
    source = _files(
        "vendors",
        oro="ID,Opportunity Name,Expected Close Date,Probability,Budget Amount,Budget Amount Currency,"
        "Close Revenue,Close Revenue Currency,Status Id,Owner Username\n"
        "1,Press,2026-12-15,0.1,2000,USD,,,in_progress,rita\n2,Saw,2026-01-15,1,3000,USD,2800,USD,won,rita\n"
        "3,Lathe,2026-02-20,0,5000,CHF,,,lost,rita\n",
        capsule="Id,Name,Organisation,Milestone,Probability,Value,Currency,Duration Basis,Duration,"
        "Total Value,Expected Close,Actual Close\n4,Drill,Acme,Bid,50,100,GBP,MONTH,12,1200,2026-12-01,\n"
        "5,Plane,Acme,Won,100,30,GBP,FIXED,,30,2026-01-10,2026-01-13\n"
        "6,File,Acme,Lost,0,9,GBP,FIXED,,9,,2026-01-13\n",
        sell="Deal ID,Deal Name,Value,Currency,Stage,Company,Estimated Close Date,Last Stage Change At,"
        "Win Likelihood\n7,Axe,7,USD,Incoming,Acme,2026-12-01,2026-01-06,20\n"
        "8,Bow,8,USD,Won,Acme,2026-01-10,2026-01-12,100\n9,Cog,9,USD,Lost,Acme,2026-01-10,2026-01-14,0\n"
        "10,Dye,10,USD,Unqualified,Acme,2026-01-10,2026-01-15,0\n",
        pipeline="Deal ID,Deal Name,Primary Company,Deal Owner,Deal Stage,Percent,Deal Value,"
        "Est. Close Date\n11,Eel,Acme,Rita,Qualified,25,11,2026-12-20\n"
        "12,Fox,Acme,Rita,Won,100,12,2026-01-10\n13,Gnu,Acme,Rita,Lost,0,13,2026-01-10\n",
    )  # fmt: skip
    told = _plan(cli, source)
    assert told["questions"] == []
    assert (
        "sell.csv lacks the closing day of 3 closed deals: that of Last Stage Change At is taken"
        in told["assumed"]
    )
    assert (
        "pipeline.csv lacks the closing day of 2 closed deals: that of Est. Close Date is taken"
        in told["assumed"]
    )
    assert cli("import", "run", "m").out.count("they agree") == 4
    query = "SELECT status, currency, sum(coalesce(closed_amount, amount)) AS amount FROM opportunities "
    sums = json.loads(cli("sql", query + "GROUP BY 1, 2", "--format", "json").out)
    assert {(row["status"], row["currency"]): row["amount"] for row in sums} == {
        ("open", "EUR"): 11, ("open", "GBP"): 1200, ("open", "USD"): 2007,
        ("won", "EUR"): 12, ("won", "GBP"): 30, ("won", "USD"): 2808,
        ("lost", "CHF"): 5000, ("lost", "EUR"): 13, ("lost", "GBP"): 9, ("lost", "USD"): 19,
    }  # fmt: skip
    by_id = deals(root)
    assert (by_id["10"]["closed"]["date"], by_id["12"]["closed"]["date"]) == ("2026-01-15", "2026-01-10")  # type: ignore[index]
    assert (by_id["11"]["customer"], by_id["11"]["owner"], by_id["2"]["owner"]) == ("acme", "rita", "rita")
    assert by_id["1"]["probability"] == 10


def test_a_deal_that_closed_at_an_open_stage_is_asked_about_where_no_stage_is_lost(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "vendors",
        opportunities="ID,Opportunity name,Account,Stage,Value,Close date,Closed on,Lost reason\n"
        "1,Press,Acme,Proposal,100,2026-12-01,,\n2,Saw,Acme,Won,200,2026-01-10,2026-01-12,\n"
        "3,Lathe,Zeta,Proposal,400,2026-02-10,2026-02-14,Price\n",
        deals="Deal ID,Deal,Status,Value,Company,Won on,Lost on\n4,Axe,Negotiation,800,Acme,,\n"
        "5,Bow,Negotiation,1600,Acme,2026-01-12,\n6,Cog,Proposal,3200,Zeta,,2026-02-14\n",
    )
    asked = [question["about"] for question in _plan(cli, source)["questions"]]
    assert asked == ["closed-opportunities"]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:\n", "answer: lost\n"))
    assert cli("import", "run", "m").out.count("they agree") == 2
    assert _sums(root) == {"open": 900, "won": 1800, "lost": 3600}
    titles = {deal["title"]: deal["stage"] for deal in deals(root).values()}
    assert (titles["Axe"], titles["Bow"], titles["Cog"]) == ("negotiation", "negotiation", "proposal")


def test_leads_with_a_sale_are_deals_and_what_is_deleted_or_ended_otherwise_is_not_open(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "vendors",
        leads_export='ID,Lead name,Company,Lead status,Pipeline,"Sale, $",Closed at,Loss reason\n'
        "1,Press,Acme,Initial contact,Main,2000,not closed,\n2,Saw,Acme,Closed - won,Main,3000,12.01.2026,\n"
        "3,Lathe,Acme,Closed - lost,Main,5000,14.02.2026,Price\n",
        Opportunities="id,name,deleted,amount,currency,date_closed,sales_stage\n"
        "4,Drill,0,700,EUR,2026-12-20,Prospecting\n5,Axe,1,9000,EUR,2026-12-20,Prospecting\n"
        "6,Bow,0,800,EUR,2026-01-20,Closed Won\n7,Cog,0,900,EUR,2026-01-20,Closed Lost\n"
        "8,Dye,0,50,EUR,2026-01-20,Closed\n",
    )
    told = _plan(cli, source)
    assert _kinds(told) == {"leads_export.csv": "opportunities", "Opportunities.csv": "opportunities"}
    asked = {question["about"]: question["question"] for question in told["questions"]}
    assert list(asked) == ["outcomes", "currency"]
    assert "They are Prospecting, Closed Won, Closed Lost, Closed." in asked["outcomes"]
    assert "leads_export.csv: in which currency is Sale, $?" in asked["currency"]
    assert "Opportunities.csv: rows that deleted marks are left out" in told["assumed"]
    page = Path("m/plan.yaml")
    ends = "{won: [Closed Won, Closed - won], lost: [Closed Lost, Closed - lost, Closed]}"
    for answer in (ends, "USD"):
        page.write_text(page.read_text().replace("answer:\n", f"answer: {answer}\n", 1))
    assert cli("import", "run", "m").out.count("they agree") == 2
    found = [(deal["status"], deal["currency"], deal["amount"]) for _, deal in sorted(deals(root).items())]
    assert found == [
        ("open", "USD", 2000), ("won", "USD", 3000), ("lost", "USD", 5000),
        ("open", "EUR", 700), ("won", "EUR", 800), ("lost", "EUR", 900), ("lost", "EUR", 50),
    ]  # fmt: skip


def test_a_deal_of_two_ends_is_rejected_and_one_at_an_open_stage_is_asked_about(cli: Cli, root: Path) -> None:
    head = "ID,Deal,Company,Stage,Amount,Won date,Lost date\n"
    one = (
        f"{head}1,Roof,A,Proposal,100,2026-03-14,\n2,Door,A,Contact,200,,2026-03-15\n3,Wall,A,Contact,400,,\n"
    )
    Path("d.csv").write_text(f"{one}4,Gate,A,Proposal,800,2026-03-14,2026-02-01\n")
    told = _plan(cli, "d.csv")
    assert told["questions"] == []
    both = "1 of 4 rows has what can't be both in Won date and Lost date, the first in line 5"
    assert f"d.csv: {both}: they will be rejected" in told["assumed"]
    ran = cli("import", "run", "m", code=1)
    assert 'Lost date: "2026-02-01" must be' in ran.out
    assert "won / Proposal: 2 rows 900.00 EUR | 1 row 100.00 EUR: 1 differs (4)" in ran.out
    assert _sums(root) == {"open": 400, "won": 100, "lost": 200}
    assert [deals(root)[key]["stage"] for key in "123"] == ["proposal", "contact", "contact"]

    Path("e.csv").write_text(
        f"{head}5,Oven,A,Onboarding,1,2026-03-14,\n6,Lamp,A,Won,2,2026-03-14,\n7,Desk,A,Lost,4,,2026-03-14\n"
    )
    (question,) = _plan(cli, "e.csv", "--force")["questions"]
    assert question["about"] == "won-e"
    says = '1 of 3 rows has "2026-03-14" in Won date and an open Stage, the first in line 2.'
    assert says in question["question"]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:\n", "answer: won\n"))
    assert "they agree" in cli("import", "run", "m").out
    assert _sums(root) == {"open": 400, "won": 103, "lost": 204}


def test_a_no_beside_won_is_lost_only_if_it_is_answered_so(cli: Cli, root: Path) -> None:
    Path("d.csv").write_text(
        "ID,Deal,Company,Amount,Won?,Created\n1,Roof,A,100,Yes,2026-01-02\n2,Door,A,200,No,2026-01-02\n"
        "3,Wall,A,400,,2026-01-02\n"
    )
    asked = [question["about"] for question in _plan(cli, "d.csv")["questions"]]
    assert asked == ["lost-d", "closing"]
    page = Path("m/plan.yaml")
    for answer in ("lost", "2026-03-14"):
        page.write_text(page.read_text().replace("answer:\n", f"answer: {answer}\n", 1))
    assert "they agree" in cli("import", "run", "m").out
    assert _sums(root) == {"open": 400, "won": 100, "lost": 200}
    Path("d.csv").write_text("ID,Deal,Company,Amount,Won?,Created\n4,Oven,A,1,Maybe,2026-01-02\n")
    assert 'new since the plan: Won? "Maybe" (d.csv:2)' in cli("import", "run", "m", code=1).err


def test_a_stage_written_once_over_its_deals_is_asked_about_and_a_missing_one_said(
    cli: Cli, root: Path
) -> None:
    head = "Stage,Deal ID,Deal name,Company,Amount,Close date"
    files = _files(
        "x",
        deals=f"{head}\nProposal,1,Roof,Aurora,10,2026-12-24\n,2,Door,Aurora,20,2026-12-24\n"
        "Won,3,Gate,Aurora,30,2026-02-03\n,4,Wall,Aurora,40,2026-02-03\n,5,Oven,Aurora,50,2026-02-03\n",
        oportunidades=f"{head}\nTalk,6,Lamp,Aurora,60,2026-12-24\n,7,Desk,Aurora,70,2026-12-24\n"
        "Talk,8,Sofa,Aurora,80,2026-12-24\nWon,9,Bed,Aurora,90,2026-02-03\n",
    )
    told = _plan(cli, files)
    lacking = "1 of 4 rows has no Stage, the first in line 3: those that are open come in the first stage"
    assert f"oportunidades.csv: {lacking}" in told["assumed"]
    (question,) = told["questions"]
    assert (question["about"], question["one_of"]) == ("stages-deals", ["down", "empty"])
    assert "deals.csv: 3 of 5 rows have no Stage, the first in line 3" in question["question"]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:\n", "answer: down\n"))
    assert cli("import", "run", "m").out.count("they agree") == 2
    by_id = deals(root)
    assert [by_id[number]["status"] for number in "12345679"] == [
        "open", "open", "won", "won", "won", "open", "open", "won",
    ]  # fmt: skip
    assert by_id["2"]["stage"] == by_id["1"]["stage"] == "proposal"
    assert "nothing to change" in cli("import", "run", "m").out
    assert (
        "\nfill: [Stage]\n"
        in Path("m/opportunities-2.yaml").read_text() + Path("m/opportunities.yaml").read_text()
    )


def test_each_deal_of_a_column_of_several_currencies_has_its_own_and_no_sign_is_guessed(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "currencies",
        deals='Deal ID,Deal Name,Stage,Amount,Close Date\n1,A,Demo,"$1,234",2026-12-01\n'
        "2,B,Demo,€ 200,2026-12-01\n3,C,Closed Won,£50,2099-02-01\n4,D,Demo,US$5,2026-12-01\n"
        "5,E,Demo,CHF 10,2026-12-01\n6,F,Demo,7,2026-12-01\n",
    )
    told = _plan(cli, source)
    assert [(question["about"], "1 row with $ beside CHF, EUR, USD." in question["question"])
            for question in told["questions"]] == [("sign-$", True)]  # fmt: skip
    assert "deals.csv, Amount: 1 row without a sign, beside those with one, taken as EUR" in told["assumed"]
    page = Path("m/plan.yaml")
    text = page.read_text()
    page.write_text(text.replace("answer:", "answer: EUR"))
    assert "m/plan.yaml:8: sign-$: the answer must be one of" in cli("import", "run", "m", code=1).err
    page.write_text(text.replace("answer:", "answer: CAD"))
    report = cli("import", "run", "m").out
    assert "won or lost on a day that is still to come: 1 row (line 4)" in report and "they agree" in report
    assert "  Demo: 1 row 1,234.00 CAD | 1 row 1,234.00 CAD" in report
    assert {key: deal["currency"] for key, deal in deals(root).items()} == {
        "1": "CAD", "2": "EUR", "3": "GBP", "4": "USD", "5": "CHF", "6": "EUR",
    }  # fmt: skip

    # A column of currencies has codes; what isn't money is asked about, as is an amount beside an empty cell.
    head = "Deal ID,Deal Name,Stage,Amount,Close Date,Currency\n"
    row = "9,I,Demo,3,2026-12-01,\n"
    others = "7,G,Demo,1,2026-12-01,US Dollar\n8,H,Demo,2,2026-12-01,XXX\n"
    asked = _plan(cli, _files("words", deals=head + others + row), "--force")["questions"]
    assert [question["question"].partition(". ")[0] for question in asked] == [
        "deals.csv, Currency: XXX in 1 row: not a currency",
        "deals.csv: 1 amount without a Currency, the first in line 4, beside USD, XXX",
    ]
    text = page.read_text().replace("answer:\n", "answer: CHF\n", 1)
    page.write_text(text.replace("answer:\n", "answer: CAD\n"))
    cli("import", "run", "m")
    assert [deals(root)[key]["currency"] for key in "789"] == ["USD", "CHF", "CAD"]
    page.unlink()
    told = _plan(cli, _files("own", deals=f"{head}A,Q,Demo,1,2026-12-01,EUR\n{row}"), "--force")
    said = "deals.csv: 1 amount without a Currency, the first in line 3, taken as EUR, as all others are"
    guessed = "order and probabilities of stages are guesses: correct them in settings.yaml before the run"
    assert (told["questions"], told["assumed"]) == ([], [guessed, said])
    named = _files("named", deals="Deal_ID,Deal_Name,Stage,Amount_USD,Close_Date\nZ,G,Demo,1,2026-12-01\n")
    cli("import", "plan", str(named), "--into", "z")
    cli("import", "run", "z")
    assert deals(root)["Z"]["currency"] == "USD"


def test_a_table_of_names_is_no_customers_and_a_quote_may_have_its_total_alone(cli: Cli, root: Path) -> None:
    deal = "Id,Name,StageName,Amount,CloseDate,CreatedDate\n006A,Oven,Prospecting,90,2026-12-24,2026-01-05\n"
    quote = "Id,Name,OpportunityId,Status,GrandTotal,CreatedDate\n0Q0A,Q1,006A,Presented,90.50,2026-02-01\n"
    project = "Id,Name,Owner,Created\n1,Refit,Ana,2026-01-01\n"
    told = _plan(cli, _files("x", Opportunity=deal, Quote=quote, Projects=project))
    assert _kinds(told) == {"Opportunity.csv": "opportunities", "Quote.csv": "quotations"}
    cli("import", "run", "m")
    assert not [*root.glob("customers/*")]
    (paper,) = (loads(path.read_text()) for path in root.glob("quotations/**/*.yaml"))
    assert [line["unit_price"] for line in paper["items"]] == [90.5]


def test_mails_with_a_status_are_those_of_their_deals_and_the_list_of_users_no_contacts(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "own_ids",
        Accounts="AccountExtId__c,Name,Website\nA1,Aurora,a.example\n",
        Opportunities="OpportunityExtId__c,AccountExtId__c,Name,StageName,Amount,CloseDate\n"
        "O1,A1,Roof,Prospecting,90,2026-12-24\n",
        Email_Messages="EmailMessageExtId__c,ParentExtId__c,Subject,MessageDate,Status\nE1,O1,Hi,2026-01-05,3\n",
        Quotes="QuoteExtId__c,OpportunityExtId__c,Name,Status\nQ1,O1,Roof offer,Accepted\n",
        Calls="CallExtId__c,WhatId,Subject,ActivityDate\nC1,O1,Price,2026-01-07\n",
        Tickets="Subject,Status,Description\nIt squeaks,Open,The door\n",
        LeadCall="LeadCallId,LeadId,CallStatus,PhoneNumber,Company\n1,5,1,+34 1,Luz\n",
        bom="ID,Item,Company,Quantity,Currency\nBOM-1,Bike,Ours,1,EUR\n",
        User="first_name,last_name,phone,email,job_title\nAna,Ruiz,1,ana@x.example,Rep\n",
        Agent="AgentId,FirstName,LastName,Role,Email,Phone\n7,Leo,Roy,Agent,leo@x.example,2\n",
    )
    told = _plan(cli, source)
    assert _kinds(told) == {
        "Agent.csv": "users", "User.csv": "users", "Accounts.csv": "customers",
        "Opportunities.csv": "opportunities", "Calls.csv": "activities", "Quotes.csv": "quotations",
        "Email_Messages.csv": "activities",
    }  # fmt: skip
    cli("import", "run", "m")
    types = {activity["type"] for activity in deals(root)["O1"]["activities"]}
    assert (deals(root)["O1"]["customer"], types) == ("aurora", {"call", "email"})
    numbered = (
        "Opportunity Number,Opportunity Name,Opp Status,Start Date,Estimated $\n7,Turf,Won,2026-05-01,90\n"
    )
    told = _plan(cli, _files("service", opportunities=numbered), "--force")
    assert _kinds(told) == {"opportunities.csv": "opportunities"}
    answers = {"currency": "CAD", "closing": "created"}
    page = Path("m/plan.yaml").read_text()
    for question in told["questions"]:
        page = page.replace("answer:\n", f"answer: {answers[question['about']]}\n", 1)
    Path("m/plan.yaml").write_text(page)
    cli("import", "run", "m")
    assert (deals(root)["7"]["status"], deals(root)["7"]["closed"]["amount"]) == ("won", 90)


def test_deals_that_a_text_alone_names_and_leads_without_ids_come_once(
    cli: Cli, root: Path, git: Git
) -> None:
    lead = "First Name,Last Name,Email,Company\nMía,Sol,mia@x.example,Sur\nLeo,Roy,leo@x.example,Sur\n"
    source = _files(
        "nameless",
        Opportunities="stage,amount,description\nDemo,10,Roof\nDemo,20,Roof\nClosed Lost,30,Door\n",
        Leads=lead,
    )
    told = _plan(cli, source)
    better = "and are new where these change; better export the ids, too"
    assert f"Leads.csv has no ids: its leads are known by Email, {better}" in told["assumed"]
    assert (
        f"Opportunities.csv has no ids: its deals are known by description and amount, {better}"
        in (told["assumed"])
    )
    (question,) = told["questions"]
    assert question["question"].endswith("Which is it? Answer with a day, such as 2026-01-31.")
    page = Path("m/plan.yaml")
    text = page.read_text()
    page.write_text(text.replace("answer:", "answer: created"))  # no column says when
    assert 'closing: answer with a day, such as 2026-01-31, not "created"' in (
        cli("import", "run", "m", code=1).err
    )
    page.write_text(text.replace("answer:", "answer: 2026-03-01"))
    cli("import", "run", "m")
    assert sorted(deal["title"] for deal in deals(root).values()) == ["Door", "Roof", "Roof"]
    before = state(git)
    assert "nothing to change" in cli("import", "run", "m").out
    assert state(git) == before
    nothing = _files("nothing", Opportunities="stage,amount\nDemo,10\n")
    assert (
        "Opportunities.csv: 1 deal without a name, called Deal"
        in (json.loads(cli("import", "plan", str(nothing), "--into", "n", "--format", "json").out)["assumed"])
    )
    cli("import", "run", "n")
    assert "Deal" in {deal["title"] for deal in deals(root).values()}


def test_the_day_on_which_leads_ended_is_a_day(cli: Cli, root: Path) -> None:
    rows = "Id,Name,Email,Status\n1,Sol,sol@aurora.example,New\n2,Roy,roy@luz.example,Disqualified\n"
    _plan(cli, _files("x", leads=rows))
    page = Path("m/plan.yaml")
    unanswered = page.read_text()
    for wrong in ("created", "soon"):  # no column says when one was made
        page.write_text(unanswered.replace("answer:", f"answer: {wrong}"))
        said = cli("import", "run", "m", code=1).err
        assert f'closing: answer with a day, such as 2026-01-31, not "{wrong}"' in said
        assert said.startswith("error: m/plan.yaml:")
    page.write_text(unanswered.replace("answer:", "answer: 2026-01-31"))
    cli("import", "run", "m")


def test_a_lead_that_was_given_up_or_became_a_customer_is_open_in_no_pipeline(
    cli: Cli, root: Path, git: Git
) -> None:
    def leads() -> dict[str, Any]:
        records = (loads(path.read_text()) for path in root.glob("leads/**/*.yaml"))
        return {lead["external_id"]: lead for lead in records}

    account = "Id,Name\n001A,Aurora GmbH\n"
    head = "Id,LastName,Company,Status,IsConverted,ConvertedAccountId,CreatedDate,LastModifiedDate\n"
    rows = {
        "A": "00QA,Sol,Aurora,Qualified,TRUE,001A,2026-01-05,2026-02-01\n",
        "B": "00QB,Roy,Luz,Closed - Not Converted,FALSE,,2026-01-05,2026-02-02\n",
        "C": "00QC,Paz,Sur,Qualified,FALSE,,2026-01-05,2026-02-03\n",
        "D": "00QD,Gil,Norte,Open - Not Contacted,FALSE,,2026-01-05,2026-02-03\n",
    }
    _plan(cli, _files("sf", Account=account, Lead=head + "".join(rows.values())))
    cli("import", "run", "m")
    came = leads()
    assert {key: lead["status"] for key, lead in came.items()} == {
        "00QA": "converted", "00QB": "disqualified", "00QC": "open", "00QD": "new",
    }  # fmt: skip
    assert came["00QA"]["converted"] == {"date": "2026-02-01", "customer": "aurora-gmbh"}
    assert came["00QB"]["disqualified"] == {"date": "2026-02-02", "reason": "closed-not-converted"}
    assert "closed-not-converted" in loads((root / "pipecli.yaml").read_text())["disqualify_reasons"]
    assert came["00QC"]["custom"]["lead_status"] == "Qualified"
    before = state(git)
    cli("import", "run", "m")
    assert state(git) == before

    # Tonight one is taken up again, and one became a customer.
    rows["B"] = rows["B"].replace("Closed - Not Converted", "Qualified")
    rows["C"] = rows["C"].replace("FALSE,", "TRUE,001A")
    Path("sf/Lead.csv").write_text(head + "".join(rows.values()))
    cli("import", "run", "m")
    assert {key: lead["status"] for key, lead in leads().items()} == {
        "00QA": "converted", "00QB": "open", "00QC": "converted", "00QD": "new",
    }  # fmt: skip
    assert "disqualified" not in leads()["00QB"]

    # A word that is new says nothing; a lead without a status was converted here, and stays so.
    rows["D"] = rows["D"].replace("Open - Not Contacted", "Zombie")
    rows["E"] = "00QE,Paz,Sur,,FALSE,,2026-01-05,2026-02-03\n"
    Path("sf/Lead.csv").write_text(head + "".join(rows.values()))
    assert 'new since the plan: Status "Zombie" (Lead.csv:5)' in cli("import", "run", "m", code=1).err
    cli("lead", "convert", leads()["00QE"]["id"], "--force")
    rows["D"] = rows["D"].replace("Zombie", "Open - Not Contacted")
    Path("sf/Lead.csv").write_text(head + "".join(rows.values()))
    cli("import", "run", "m")
    assert (leads()["00QD"]["status"], leads()["00QE"]["status"]) == ("new", "converted")

    words = (
        "Lead ID,Name,Company,Lead Status\nL1,Mía,Luz,Converted\nL2,Leo,Luz,Junk Lead\nL3,Ana,Luz,Contacted\n"
    )
    (question,) = _plan(cli, _files("words", Leads=words), "--force")["questions"]
    assert question["about"] == "closing"
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:", "answer: 2026-03-01"))
    cli("import", "run", "m")
    assert (leads()["L1"]["converted"], leads()["L2"]["disqualified"], leads()["L3"]["status"]) == (
        {"date": "2026-03-01", "customer": "luz"},
        {"date": "2026-03-01", "reason": "junk-lead"},
        "open",
    )
    won = (
        "Lead ID,Name,Company,Status,Converted Date,Created\nL4,Eva,Luz,Converted,2026-02-07,2026-01-01\n"
        "L5,Zoe,Luz,Converted,,2026-01-09\n"
    )
    _plan(cli, _files("won", Leads=won), "--force")
    cli("import", "run", "m")
    assert [leads()[key]["converted"]["date"] for key in ("L4", "L5")] == ["2026-02-07", "2026-01-09"]


def test_an_owner_who_has_left_is_a_user_who_is_not_active(cli: Cli, root: Path) -> None:
    source = _files(
        "left",
        deals="Record ID,Deal Name,Deal Stage,Amount,Close Date,Deal Owner\n"
        "1,A,Demo,5,2026-12-01,Mía Sol (Deactivated User)\n2,B,Demo,5,2026-12-01,Leo Roy\n"
        "3,C,Demo,5,2026-12-01,eva@x.example (Usuário desativado)\n"
        "4,D,Demo,5,2026-12-01,Mía Sol (Deactivated User)\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    assert [deals(root)[key]["owner"] for key in "1234"] == ["mia-sol", "leo-roy", "eva", "mia-sol"]
    users = loads((root / "pipecli.yaml").read_text())["users"]
    assert users["mia-sol"] == {"name": "Mía Sol", "active": False}
    assert users["eva"] == {"name": "Eva", "email": "eva@x.example", "active": False}
    assert users["leo-roy"]["active"]


def test_an_amount_of_tonight_without_a_currency_is_not_taken_in_our_own(cli: Cli, root: Path) -> None:
    head = "Deal ID,Deal Name,Stage,Amount,Currency,Closing Date\n"
    known = "1,Press,Won,100,RUB,2026-05-01\n2,Saw,Open,200,USD,2026-12-01\n"
    source = _files("night", deals=head + known)
    assert not _plan(cli, source)["questions"]
    cli("import", "run", "m")
    (source / "deals.csv").write_text(
        head + known + "3,Lathe,Open,400,,2026-12-05\n4,Drill,Open,,,2026-12-05\n"
    )
    told = cli("import", "run", "m", code=1)
    assert "1 rejected, as: its currency is empty, beside RUB, USD: say `currency` in the mapping" in told.out
    query = "SELECT title, currency, amount FROM opportunities WHERE status = 'open' ORDER BY 1"
    assert [tuple(row.values()) for row in json.loads(cli("sql", query, "--format", "json").out)] == [
        ("Drill", "EUR", None),
        ("Saw", "USD", 200),
    ]


def test_the_id_of_an_edition_that_a_preset_does_not_know_is_one(cli: Cli, root: Path) -> None:
    source = _files(
        "ids", deals="Deal ID,Deal Name,Stage,Amount,Closing Date\nD1,Press,Open,100,2026-12-01\n"
    )
    _plan(cli, source)
    cli("import", "run", "m")
    (source / "deals.csv").write_text((source / "deals.csv").read_text().replace("Press", "Steam press"))
    cli("import", "run", "m")
    query = "SELECT title, external_id FROM opportunities"
    assert json.loads(cli("sql", query, "--format", "json").out) == [
        {"title": "Steam press", "external_id": "D1"}
    ]


@pytest.mark.parametrize("answer", ["{Krone: Nok}", "[NOK]"])
def test_an_answer_that_is_no_single_value_is_refused_in_its_line(cli: Cli, root: Path, answer: str) -> None:
    text = "Deal ID,Deal Name,Stage,Amount,Currency\n1,Press,Open,100,Krone\n2,Saw,Open,200,USD\n"
    _plan(cli, _files("krone", deals=text))
    page = Path("m/plan.yaml")
    asked = page.read_text()
    page.write_text(asked.replace("answer:\n", f"answer: {answer}\n"))
    told = cli("import", "run", "m", code=1).err
    assert "isn't a currency code: answer with one, such as EUR" in told and "plan.yaml:" in told
    page.write_text(asked.replace("answer:\n", "answer: NOK\n") + "answers: [NOK]\n")
    assert "`answers` names what each is about" in cli("import", "run", "m", code=1).err
    page.write_text(asked.replace("answer:\n", "answer: NOK\n"))
    cli("import", "run", "m")
    assert [deals(root)[key]["currency"] for key in "12"] == ["NOK", "USD"]


@pytest.mark.parametrize(
    ("header", "rows", "names"),
    [
        ("Nom;Prénom", ("Meyer;Anna", "Meyer;Paul", "Costa;"), ["Anna Meyer", "Costa", "Paul Meyer"]),
        ("Vorname;Name", ("Anna;Meyer", "Paul;Meyer", ";Ana"), ["Ana", "Anna Meyer", "Paul Meyer"]),
        ("Nome;Sobrenome", ("Bia;Luz", "Rui;Luz", "Ana;"), ["Ana", "Bia Luz", "Rui Luz"]),
        ("Name;Surname", ("Ana;Roy", "Ana;Field", ";Sol"), ["Ana Field", "Ana Roy", "Sol"]),
        ("Full Name;First Name", ("Ana Roy;Ana", "Field, Zoe;Zoe", "Sol;"), ["Ana Roy", "Field, Zoe", "Sol"]),
    ],
)
def test_a_name_beside_half_of_one_is_the_other_half_unless_it_has_it(
    cli: Cli, root: Path, header: str, rows: tuple[str, ...], names: list[str]
) -> None:
    lines = [f"{row};Luz;{number}@luz.example" for number, row in enumerate(rows)]
    _plan(cli, _files("halves", contacts="\n".join([f"{header};Company;E-mail", *lines]) + "\n"))
    cli("import", "run", "m")
    found = json.loads(cli("export", "contacts", "--format", "json").out)
    assert sorted(one["name"] for one in found if "luz.example" in str(one)) == names


_DAYS_TO_CLOSE = """\
Abschluss erwartet
Abschluss geplant
Abschluss bis
Erw. Abschluss
Zieldatum
Close target
Fechamento previsto
Cierre est.
Fecha objetivo
Clôture estimée
Date cible
تاریخ هدف
"""


def test_the_day_that_a_deal_is_to_close_is_known_by_what_people_call_it(cli: Cli, root: Path) -> None:
    """Each in a table of its own."""
    headers = dict(enumerate(_DAYS_TO_CLOSE.splitlines(), 1))
    head = "ID;Projekt;Firma;Betrag;Status"
    sheets = {
        f"deals{id_}": f"{head};{header}\n{id_};Nr. {id_};A;90;Offen;{id_}.01.2027\n"
        for id_, header in headers.items()
    }
    assert _plan(cli, _files("sheets", **sheets))["questions"] == []
    cli("import", "run", "m")
    found = {header: str(deals(root)[str(id_)]["expected_close"]) for id_, header in headers.items()}
    assert found == {header: f"2027-01-{id_:02}" for id_, header in headers.items()}


@pytest.mark.parametrize(
    ("header", "written", "unit", "amount"),
    [
        ("Umsatz in TEUR", "12,50", "thousands", 12_500),
        ("Betrag (Tsd. €)", "12,50", "thousands", 12_500),
        ("Montant en k€", "12,50", "thousands", 12_500),
        ("Amount (EUR thousands)", "1,250", "thousands", 1_250),
        ("Amount in 000s", "3", "thousands", 3_000),
        ("Wert in Mio. €", "1,25", "millions", 1_250_000),
        ("Amount (USD m)", "2", "millions", 2_000_000),
        ("Amount (k€)", "9.5k", "thousands", 9_500),
        ("Value in k$", "700", "whole", 700),
    ],
)
def test_amounts_in_thousands_or_millions_are_asked_about(
    cli: Cli, root: Path, git: Git, header: str, written: str, unit: str, amount: int
) -> None:
    rows = f"1;Eins;A;{written};Offen;10.01.2027\n2;Zwei;B;7,25;Gewonnen;25.10.2026\n"
    source = _files("sheet", deals=f"ID;Projekt;Firma;{header};Status;Abschlussdatum\n{rows}")
    asked = {question["about"]: question for question in _plan(cli, source)["questions"]}
    (about,) = [name for name in asked if name.startswith("units-")]
    assert asked[about]["question"] in cli("import", "run", "m", code=1).err
    page = Path("m/plan.yaml").read_text()
    for name in asked:
        answer = unit if name == about else "USD"
        page = page.replace("answer:\n", f"answer: {answer}\n", 1)
    Path("m/plan.yaml").write_text(page)
    assert "they agree" in cli("import", "run", "m").out
    assert deals(root)["1"]["amount"] == amount
    factor = {"thousands": 1000, "millions": 1_000_000, "whole": 1}[unit]
    assert deals(root)["2"]["closed"]["amount"] == 7.25 * factor
    before = state(git)
    cli("import", "run", "m")
    assert state(git) == before


def test_an_id_in_the_digits_of_another_script_is_the_same_id(cli: Cli, root: Path) -> None:
    to_persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    head, rows = "شناسه,عنوان,مشتری,مبلغ,مرحله\n", "1001,Press,Luz,100,مذاکره\n1002,Saw,Sol,200,مذاکره\n"
    source = _files("digits", Deals=head + rows.translate(to_persian))
    _plan(cli, source)
    cli("import", "run", "m")
    press, saw = (deals(root)[id_.translate(to_persian)]["id"] for id_ in ("1001", "1002"))
    cli("opp", "remove", str(saw))
    (source / "Deals.csv").write_text(head + rows.replace("Press", "Steam press"), encoding="utf-8")
    told = cli("import", "run", "m").out
    assert [(one["id"], one["title"]) for one in deals(root).values()] == [(press, "Steam press")], told
    assert "nothing to change" in cli("import", "run", "m").out
    assert id_key("001D000000IqhSLIAZ") == id_key("001D000000IqhSL") != id_key("001D000000IqhsL")
    assert id_key("001D000000IqhSLIAA") == "001D000000IqhSLIAA"


@pytest.mark.parametrize(
    "header", ["Valor (R$)", "Valor em reais", "Valor R$ (líquido)", "Valor (Reais)", "valor_reais"]
)
def test_a_currency_beside_the_word_for_an_amount_is_that_of_the_deals(
    cli: Cli, root: Path, header: str
) -> None:
    source = _files(
        "sheet",
        Liste=f"Oportunidade;Empresa;{header};Situação;Vendedor;Fechamento previsto;Fechado em\n"
        "Um;A;1.250,50;Em andamento;Ana;10.01.2027;\nDois;B;700,25;Ganha;Ana;;25.10.2026\n",
    )
    told = _plan(cli, source)
    assert _kinds(told) == {"Liste.csv": "opportunities"}
    page = Path("m/plan.yaml").read_text()
    assert [question["about"] for question in told["questions"]] == ["outcomes"]
    Path("m/plan.yaml").write_text(page.replace("answer:", "answer: {won: [], lost: []}"))
    cli("import", "run", "m")
    assert {deal["title"]: (deal["amount"], deal["currency"]) for deal in deals(root).values()} == {
        "Um": (1250.5, "BRL"),
        "Dois": (700.25, "BRL"),
    }


def test_an_amount_by_a_name_nobody_knows_is_asked_about(cli: Cli, root: Path) -> None:
    def sheet(header: str) -> str:
        return (
            f"ID;Projekt;Firma;{header};Status;Abschlussdatum\n"
            "1;Eins;A;1.250,50;Offen;10.01.2027\n2;Zwei;B;700,25;Gewonnen;25.10.2026\n"
        )

    for number, header in enumerate(("Angebotssumme netto", "CA prévisionnel", "Auftragsvolumen €")):
        assert _plan(cli, _files(f"known{number}", deals=sheet(header)), "--force")["questions"] == []
        cli("import", "run", "m")
        assert deals(root)["1"]["amount"] == 1250.5
    (question,) = _plan(cli, _files("unknown", deals=sheet("Kohle")), "--force")["questions"]
    assert question["question"] == "deals.csv: which column is the amount of its deals: Kohle, or none?"
    (asked,) = _plan(cli, _files("volume", deals=sheet("Volumen in T€")), "--force")["questions"]
    assert asked["about"] == "units-volumen-in-teur"
    hours = sheet("Tage").replace("1.250,50", "3").replace("700,25", "4")
    assert _plan(cli, _files("hours", deals=hours), "--force")["questions"] == []


@pytest.mark.parametrize(
    ("header", "stages", "total"),
    [
        ("N.;Trattativa;Cliente;Referente;Commerciale;Fase;Importo;Probabilità;Data apertura;"
         "Chiusura prevista;Data chiusura;Motivo perdita", "Offerta inviata;Vinta;Persa", "Totale"),
        ("Nr;Verkoopkans;Klant;Contactpersoon;Verkoper;Fase;Bedrag;Kans %;Aangemaakt op;Verwachte sluitdatum;"
         "Afgesloten op;Reden verlies", "Offerte verstuurd;Gewonnen;Verloren", "Totaal"),
        ("Lp.;Szansa sprzedaży;Klient;Osoba kontaktowa;Handlowiec;Etap;Kwota;Prawdopodobieństwo;"
         "Data utworzenia;Przewidywana data zamknięcia;Data zamknięcia;Powód przegranej",
         "Oferta wysłana;Wygrana;Przegrana", "Razem"),
        ("No;Fırsat;Müşteri;İlgili kişi;Satış temsilcisi;Aşama;Tutar;Olasılık (%);Oluşturma tarihi;"
         "Tahmini kapanış tarihi;Kapanış tarihi;Kayıp nedeni", "Teklif verildi;Kazanıldı;Kaybedildi",
         "Genel toplam"),
        ("№;Название сделки;Клиент;Контактное лицо;Ответственный;Стадия;Сумма;Вероятность;Дата создания;"
         "Предполагаемая дата закрытия;Дата закрытия;Причина отказа",
         "Предложение;Выиграна;Провалена", "Итого"),
        ("Nº;Oportunidad;Cliente;Contacto;Comercial;Fase;Importe;Prob. %;Fecha alta;Fecha prevista cierre;"
         "Fecha cierre;Motivo pérdida", "Propuesta;Ganada;Perdida", "TOTAL"),
    ],
    ids=["it", "nl", "pl", "tr", "ru", "es"],
)  # fmt: skip
def test_a_sheet_of_deals_in_six_more_languages_needs_no_answer(
    cli: Cli, root: Path, header: str, stages: str, total: str
) -> None:
    offered, won, lost = stages.split(";")
    rows = (
        f"1;Forno;Luz;Ana Roy;Eva Ek;{offered};1.234,50;40;05.01.2026;24.12.2026;;",
        f"2;Mulino;Luz;;Eva Ek;{won};2.000,00;100;05.01.2026;;20.02.2026;",
        f"3;Lampada;Sur;;Eva Ek;{lost};300,00;0;05.01.2026;;21.02.2026;Luz",
        f";{total};;;;;3.534,50;;;;;",
    )
    told = _plan(cli, _files("x", book="\n".join((header, *rows))))
    assert (told["questions"], _kinds(told)) == ([], {"book.csv": "opportunities"})
    assert "they agree" in cli("import", "run", "m").out
    own = {deal["title"]: deal for deal in deals(root).values()}
    assert {title: deal["status"] for title, deal in own.items()} == {
        "Forno": "open", "Mulino": "won", "Lampada": "lost",
    }  # fmt: skip
    deal = own["Forno"]
    assert (deal["amount"], str(deal["expected_close"]), deal["customer"], deal["owner"]) == (
        1234.5, "2026-12-24", "luz", "eva-ek",
    )  # fmt: skip
    assert (deal["contacts"], str(deal["created"])[:10]) == ([{"contact": "ana-roy"}], "2026-01-05")
    assert (own["Mulino"]["closed"]["amount"], str(own["Mulino"]["closed"]["date"])) == (2000, "2026-02-20")
    assert own["Lampada"]["closed"]["reasons"] == ["luz"]


def test_the_probability_of_a_few_deals_is_not_that_of_their_stage(cli: Cli, root: Path) -> None:
    rows = "1,A,Demo,100,2026-12-24,\n2,B,Demo,100,2026-12-24,33\n3,C,Demo,100,2026-12-24,\n"
    head = "Deal ID,Deal Name,Stage,Amount,Close Date,Probability\n"
    told = _plan(cli, _files("x", deals=f"{head}{rows}"))
    assert "order and probabilities of stages are guesses" in str(told["assumed"])
    cli("import", "run", "m")
    assert [deals(root)[key].get("probability") for key in "123"] == [None, 33, None]


def test_ids_of_currencies_are_asked_about_and_two_signs_of_one_currency_are_it(cli: Cli, root: Path) -> None:
    suite = "id,name,sales_stage,amount,date_closed,currency_name,currency_id\n"
    asked = _plan(cli, _files("x", Opportunities=f"{suite}1,A,Prospecting,5,2026-12-24,,-99\n"))["questions"]
    assert [question["about"] for question in asked] == ["currencies"]
    head = "Deal ID,Deal Name,Stage,Amount,Close Date\n"
    rows = '1,A,Demo,"£ 1,000.00",2026-12-24\n2,B,Demo,,2026-12-24\n3,C,Demo,GBP 20,2026-12-24\n'
    assert _plan(cli, _files("y", deals=head + rows), "--force")["questions"] == []
    cli("import", "run", "m")
    assert {deal["currency"] for deal in deals(root).values()} == {"GBP"}


def test_the_groups_of_a_board_are_no_deals(cli: Cli, root: Path) -> None:
    head = "Name,Owner,Stage,Deal Value,Expected close date"
    board = (
        "Deals,,,,", "Track all of your deals,,,,", "Active Deals,,,,", head,
        "Oven,Ana,Proposal,100,2026-12-24",
        "Mill,,Proposal,,", ",,,100,", "Closed Won,,,,", head, "Lamp,Ana,Won,300,2026-02-24",
        "Sign,Ana,Won,,2026-02-25", ",,,300,",
    )  # fmt: skip
    _plan(cli, _files("x", board="\n".join(board)))
    assert "they agree" in cli("import", "run", "m").out
    own = {deal["title"]: deal["status"] for deal in deals(root).values()}
    assert own == {"Oven": "open", "Mill": "open", "Lamp": "won", "Sign": "won"}


def test_a_dash_for_no_customer_is_none_in_the_id_of_a_deal(cli: Cli, root: Path) -> None:
    rows = "".join(f"Oven,{firm},Proposal,{n},2026-12-24\n" for n, firm in enumerate(("Luz", "Sur", "-"), 1))
    _plan(cli, _files("x", deals=f"Deal Name,Account,Stage,Amount,Close Date\n{rows}"))
    assert "they agree" in cli("import", "run", "m").out
    assert sorted(deal["amount"] for deal in deals(root).values()) == [1, 2, 3]
    assert "nothing to change" in cli("import", "run", "m").out


def test_contacts_companies_and_leads_of_bitrix_come_in_russian(cli: Cli, root: Path) -> None:
    told = _plan(
        cli,
        _files(
            "x",
            CONTACT_1="ID;Имя;Фамилия;Компания;Рабочий телефон;Рабочий e-mail;Ответственный\n"
            "1;Ева;Ли;Луч;+7 495 555 0101;eva@luch.example;Ana Ruiz\n",
            COMPANY_1="ID;Название компании;Тип компании;Рабочий телефон;Ответственный\n"
            "7;Луч;Клиент;+7 495 555 0100;Ana Ruiz\n",
            LEAD_1="ID;Стадия;Название лида;Имя;Фамилия;Название компании;Рабочий e-mail;Дата создания\n"
            "1;Некачественный лид;Звонок;Ян;Ро;Юг;jan@jug.example;01.05.2026 09:00:00\n"
            "2;В работе;Сайт;Ия;Эк;Юг;ia@jug.example;01.05.2026 09:00:00\n",
        ),
    )
    assert _kinds(told) == {"CONTACT_1.csv": "contacts", "COMPANY_1.csv": "customers", "LEAD_1.csv": "leads"}
    cli("import", "run", "m")
    (contact,) = (loads(path.read_text()) for path in root.glob("contacts/*.yaml"))
    assert (contact["emails"], contact["customer"]) == (["eva@luch.example"], "luch")
    leads = [loads(path.read_text()) for path in root.glob("leads/**/*.yaml")]
    assert {lead["name"]: (lead["status"], lead["email"]) for lead in leads} == {
        "Ян Ро": ("disqualified", "jan@jug.example"), "Ия Эк": ("open", "ia@jug.example"),
    }  # fmt: skip


def test_deals_without_ids_come_once_though_a_later_export_lacks_a_customer(cli: Cli, root: Path) -> None:
    head = "Deal,Client,Stage,Amount,Expected close,Created\n"
    rows = "Oven,Luz,Demo,100,2026-12-24,2026-01-05\nOven,Sur,Demo,200,2026-12-24,2026-01-05\n"
    _plan(cli, _files("x", deals=head + rows))
    cli("import", "run", "m")
    later = _files("y", deals=f"{head}{rows}Door,,Demo,400,2026-12-24,2026-02-05\n")
    cli("import", "run", "m", str(later))
    assert sorted(deal["amount"] for deal in deals(root).values()) == [100, 200, 400]
    told = _plan(cli, _files("z", deals=f"{head}{rows}Door,,Demo,400,2026-12-24,2026-02-05\n"), "--force")
    assert (
        "deals.csv has no ids: its deals are known by {Deal} | {Client} | {Created}, as before"
        in told["assumed"]
    )
    assert "they agree" in cli("import", "run", "m").out
    assert sorted(deal["amount"] for deal in deals(root).values()) == [100, 200, 400]
    cli("import", "--guess", "z")
    assert len(deals(root)) == 3


def test_activities_of_an_earlier_move_come_once_though_those_of_another_kind_have_their_numbers(
    cli: Cli, root: Path
) -> None:
    deal = (
        "Deal - ID,Deal - Title,Deal - Stage,Deal - Status,Deal - Value,Deal - Expected close date\n"
        "7,Oven,Demo,Open,100,2026-12-24\n"
    )
    notes = (
        "Note - ID,Note - Content,Note - Add time,Note - Deal ID,Note - Deal\n"
        "1,Likes steam,2026-01-05 10:00:00,7,Oven\n"
    )
    calls = (
        "Activity - ID,Activity - Subject,Activity - Type,Activity - Due date,Activity - Done,"
        "Activity - Deal ID\n1,Prices,Call,2026-01-06,Done,7\n"
    )
    _plan(cli, _files("x", deals=deal, notes=notes))
    cli("import", "run", "m")
    (note,) = deals(root)["7"]["activities"]
    _plan(cli, _files("y", deals=deal, notes=notes, activities=calls), "--force")
    cli("import", "run", "m")
    both = deals(root)["7"]["activities"]
    assert note in both and sorted(one["type"] for one in both) == ["call", "note"]


def test_no_percent_is_no_loss_of_deals_that_have_not_begun(cli: Cli, root: Path) -> None:
    """`Lead` at 0 % beside `Lost` at 0 %; a column of nothing but 0 tells nothing at all."""
    head = "ID,Deal Name,Stage,Probability,Amount,Expected Close Date\n"
    rows = "1,Saw,Lead,{},10,2026-12-01\n2,Axe,Demo,{},20,2026-12-02\n3,Cog,Lost,0,30,2026-01-09\n"
    source = _files("exp", deals=head + rows.format(0, 40), empty=head + rows.format(0, 0))
    for name in ("deals", "empty"):
        assert _plan(cli, source / f"{name}.csv", "--force")["questions"] == []
        cli("import", "run", "m")
        told = {id_: (deal["status"], deal["stage"]) for id_, deal in deals(root).items()}
        assert told == {"1": ("open", "lead"), "2": ("open", "demo"), "3": ("lost", "lead")}
        assert deals(root)["1"]["expected_close"] == "2026-12-01"


def test_a_stage_of_no_percent_that_no_word_tells_is_asked_about_unless_its_deals_have_closed(
    cli: Cli, root: Path
) -> None:
    head, closed = "ID,Deal Name,Stage,Probability,Amount{}\n", "1,Saw,Demo,40,10{}\n2,Axe,Frozen,0,20{}\n"
    source = _files(
        "exp",
        asked=head.format("") + closed.format("", ""),
        told=head.format(",Closed Date") + closed.format(",", ",2026-02-03") + "3,Cog,Won,100,5,2026-03-04\n",
    )
    asked, closing = _plan(cli, source / "asked.csv", "--force")["questions"]
    assert (asked["about"], closing["about"]) == ("outcomes", "closing")  # in one round
    assert _plan(cli, source / "told.csv", "--force")["questions"] == []
    cli("import", "run", "m")
    assert {id_: deal["status"] for id_, deal in deals(root).items()} == {
        "1": "open",
        "2": "lost",
        "3": "won",
    }


def test_no_word_of_success_is_an_end_and_what_may_be_one_is_asked_about(cli: Cli, root: Path) -> None:
    head, ends = "ID,Deal Name,Stage,Amount,Close Date\n", "1,Saw,Won,1,2026-01-02\n2,Axe,Lost,2,2026-01-03\n"
    rows = (
        "3,Cog,Successful demo,3,2026-12-04\n4,Dye,Not won,4,2026-01-05\n5,Elm,Nicht gewonnen,5,2026-01-06\n"
    )
    source = _files("exp", sure=head + ends + rows, asked=f"{head}{ends}6,Fir,No response,6,2026-01-07\n")
    assert _plan(cli, source / "sure.csv")["questions"] == []
    cli("import", "run", "m")
    assert [deals(root)[id_]["status"] for id_ in "12345"] == ["won", "lost", "open", "lost", "lost"]
    assert [question["about"] for question in _plan(cli, source / "asked.csv", "--force")["questions"]] == [
        "outcomes"
    ]


def test_an_archived_deal_of_an_open_stage_is_asked_about(cli: Cli, root: Path) -> None:
    head = "ID,Deal Name,Stage,Amount,Expected Close Date,Archived\n"
    rows = "1,Saw,Demo,1,2026-12-02,Yes\n2,Axe,Demo,2,2026-12-03,No\n3,Cog,Lost,3,2026-01-04,Yes\n"
    source = _files("exp", deals=head + rows)
    (question,) = _plan(cli, source)["questions"]
    assert '"Yes" in Archived and an open Stage' in question["question"]
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: lost"))
    cli("import", "run", "m")
    assert {id_: deal["status"] for id_, deal in deals(root).items()} == {
        "1": "lost",
        "2": "open",
        "3": "lost",
    }


def test_a_sheet_of_common_words_is_not_salesforces_and_its_status_tells_the_ends(
    cli: Cli, root: Path
) -> None:
    head = "Opportunity ID,Account Name,Opportunity Name,Stage,Status,Value,Close Date,Owner\n"
    told = _plan(cli, _files("exp", Opportunities=f"{head}1,Acme,Saw,Order,Won,10,25/02/2026,Ida\n"))
    assert (told["vendor"], told["questions"]) == ("", [])
    cli("import", "run", "m")
    assert (deals(root)["1"]["status"], deals(root)["1"]["closed"]["amount"]) == ("won", 10)


def test_a_lead_without_an_address_a_header_below_its_groups_and_suppliers_come(cli: Cli, root: Path) -> None:
    groups = "Deal,,Account,Value,\nDeal ID,Deal Name,Company,Stage,Amount\n1,Saw,Acme,Demo,10\n"
    told = _plan(
        cli,
        _files(
            "exp",
            leads="First Name,Last Name,Company,Email\nMia,Sol,Acme,mia@acme.example\nBen,Roe,Acme,\n",
            deals=groups,
            suppliers="Supplier ID,Supplier Name,Email\nS1,Acme,sales@acme.example\n",
        ),
    )
    assert (_kinds(told)["suppliers.csv"], told["questions"]) == ("suppliers", [])
    cli("import", "run", "m")
    assert {loads(path.read_text())["name"] for path in root.glob("leads/**/*.yaml")} == {
        "Mia Sol",
        "Ben Roe",
    }
    assert (deals(root)["1"]["title"], deals(root)["1"]["customer"], deals(root)["1"]["amount"]) == (
        "Saw",
        "acme",
        10,
    )
    (supplier,) = (loads(path.read_text()) for path in root.glob("suppliers/*.yaml"))
    assert (supplier["external_id"], supplier["email"]) == ("S1", "sales@acme.example")


def test_a_stage_that_names_its_percent_has_it(cli: Cli, root: Path) -> None:
    rows = "1,Saw,Quoted (60 %),10\n2,Axe,1. Met 5%,20\n3,Cog,Won,30\n"
    _plan(cli, _files("exp", deals=f"ID,Deal Name,Stage,Amount\n{rows}"))
    (process,) = loads(Path("m/settings.yaml").read_text())["processes"].values()
    named = {stage["name"]: stage["probability"] for stage in process["stages"]}
    assert named == {"1. Met 5%": 5, "Quoted (60 %)": 60}


@pytest.mark.parametrize("has_ids", [True, False])
def test_firms_among_contacts_are_customers_and_no_salutation_is_a_position(
    cli: Cli, root: Path, has_ids: bool
) -> None:
    """As Capsule has them: `Type`, and a deal whose `Contact` is the firm itself."""
    ids = (",Contact ID", ",5", ",6") if has_ids else ("", "", "")
    deal = "ID,Name,Milestone,Value,Currency,Expected Close,Organisation,Contact{}\n"
    rows = "7,Saw,Proposal,10,EUR,2026-12-01,Acme,Mia Sol{}\n8,Axe,Proposal,20,EUR,2026-12-02,,Acme{}\n"
    people = (
        "ID,Type,Title,First Name,Last Name,Job Title,Organisation,Email,Phone Number,City\n"
        "5,Person,Ms,Mia,Sol,Buyer,Acme,mia@acme.example,1,\n6,Organisation,,,,,Acme,info@acme.example,2,Lyon\n"
    )
    told = _plan(cli, _files("exp", opportunities=(deal + rows).format(*ids), contacts=people))
    assert told["questions"] == []
    cli("import", "run", "m")
    by_id = deals(root)
    assert {id_: deal["customer"] for id_, deal in by_id.items()} == {"7": "acme", "8": "acme"}
    assert ([*by_id["7"]["contacts"]], by_id["8"].get("contacts")) == ([{"contact": "mia-sol"}], None)
    (mia,) = (loads(path.read_text()) for path in root.glob("contacts/*.yaml"))
    assert (mia["title"], mia["customer"]) == ("Buyer", "acme")
    assert loads((root / "customers/acme.yaml").read_text())["address"] == "Lyon"


def test_deals_of_kommo_in_russian_are_no_customers_and_none_that_was_lost_is_open(
    cli: Cli, root: Path
) -> None:
    rows = (
        "ID;Название сделки;Бюджет ₽;Ответственный;Дата создания сделки;Дата закрытия;Теги сделки;"
        "Этап сделки;Воронка;Полное имя контакта;Компания\n"
        "1;Ель;100;Ида;05.01.2026 10:00:00;не закрыта;a;Переговоры;Продажи;Иван Лес;Роща\n"
        "2;Дуб;200;Ида;25.01.2026 10:00:00;27.02.2026 10:00:00;;Закрыто и не реализовано;Продажи;;Роща\n"
        "3;Клён;300;Ида;26.01.2026 10:00:00;28.02.2026 10:00:00;;Успешно реализовано;Продажи;;Роща\n"
    )
    told = _plan(cli, _files("exp", amocrm_export_leads=rows))
    assert (_kinds(told), told["questions"]) == ({"amocrm_export_leads.csv": "opportunities"}, [])
    cli("import", "run", "m")
    by_id = deals(root)
    assert {id_: deal["status"] for id_, deal in by_id.items()} == {"1": "open", "2": "lost", "3": "won"}
    assert (by_id["1"]["amount"], by_id["1"]["contacts"]) == (100, [{"contact": "ivan-les"}])
    assert (by_id["1"]["tags"], by_id["2"]["closed"]["date"]) == (["a"], "2026-02-27")


_COLUMNS_OF_MORE_VENDORS: list[tuple[str, str, str, object]] = [
    ("Tags", "a; b", "tags", ["a", "b"]),
    ("Tags", "a | b", "tags", ["a", "b"]),
    ("Created at", '"Sun, 25 Jan 2026 15:56"', "created", "2026-01-25T15:56:00+01:00"),
    ("Created at", "Sun Jan 25 2026 15:56:00 GMT+0000", "created", "2026-01-25T15:56:00+00:00"),
    ("Assigned User", "Ida Elm", "owner", "ida-elm"),
    ("Related Companies", "Acme", "customer", "acme"),
    ("Point of Contact", "Mia Sol", "contacts", [{"contact": "mia-sol"}]),
    ("First Name,Last Name", "Ben,Roy", "contacts", [{"contact": "ben-roy"}]),
    ("Est. sign date", "2026-12-24", "expected_close", "2026-12-24"),
    ("Opportunity_Potential Customer", "Acme", "customer", "acme"),
    ("Data esperada", "2026-12-24", "expected_close", "2026-12-24"),
    ("Name,Email Address", "Eva Ek,eva@x.example", "contacts", [{"contact": "eva-ek"}]),
]


def test_what_more_vendors_call_a_column_fills_its_field(cli: Cli, root: Path) -> None:
    """As in Freshsales, EspoCRM, Agile, Twenty, Keap, Membrain; `Deal #` is its number, not its name."""
    sheets = {
        f"deals{number}": f"Deal #,Deal Name,Stage,Amount,{header}\n{number},Saw {number},Demo,10,{cell}\n"
        for number, (header, cell, *_) in enumerate(_COLUMNS_OF_MORE_VENDORS, 4711)
    }
    _plan(cli, _files("exp", **sheets))
    cli("import", "run", "m")
    for number, (header, _, field, read) in enumerate(_COLUMNS_OF_MORE_VENDORS, 4711):
        deal = deals(root)[str(number)]
        assert (deal["title"], deal.get(field)) == (f"Saw {number}", read), header


def test_thousands_of_a_currency_without_a_third_decimal_are_no_riddle(cli: Cli, root: Path) -> None:
    rows = "ID;Deal Name;Stage;Amount;Currency\n1;Saw;Demo;1.498;EUR\n2;Axe;Demo;12.000;USD\n"
    _plan(cli, _files("exp", deals=rows))
    cli("import", "run", "m")
    assert {id_: deal["amount"] for id_, deal in deals(root).items()} == {"1": 1498, "2": 12000}
    _plan(
        cli,
        _files("other", deals=rows.replace("EUR", "KWD").replace("1;", "3;").replace("2;", "4;")),
        "--force",
    )
    assert "is 1498 or 1.498" in cli("import", "run", "m", code=1).out


@pytest.mark.parametrize(
    ("row", "phone"),
    [
        (
            {
                "Office Phone": "117",
                "Email Address": "mia@acme.example",
                "Account ID": "A1",
                "Salutation": "Ms",
            },
            "117",
        ),
        ({"Work phone": "'+117", "Work email": "mia@acme.example", "Full name": "Mia Sol"}, "+117"),
        ({"Business Phone": "117", "E-mail Address": "mia@acme.example", "Title": "Ms"}, "117"),
        ({"Phone": "", "Phone number": "117", "Email": "", "Email Address": "mia@acme.example"}, "117"),
    ],
)
def test_people_keep_address_number_and_position_whoever_exports_them(
    cli: Cli, root: Path, row: dict[str, str], phone: str
) -> None:
    """As SuiteCRM, Kommo and Outlook write them; of two columns for one thing one may be empty."""
    full = {"ID": "5", "First Name": "Mia", "Last Name": "Sol", "Job Title": "Buyer", **row}
    _plan(cli, _files("exp", Contacts=f"{','.join(full)}\n{','.join(full.values())}\n"))
    cli("import", "run", "m")
    (mia,) = (loads(path.read_text()) for path in root.glob("contacts/*.yaml"))
    assert (mia["name"], mia["title"], mia["emails"], mia["phones"]) == (
        "Mia Sol", "Buyer", ["mia@acme.example"], [phone],
    )  # fmt: skip


def test_people_and_deals_of_an_account_or_a_person_that_is_not_in_the_export_come(
    cli: Cli, root: Path
) -> None:
    """As Data Loader writes them, where some accounts and people are hidden from who exports."""
    people = "Id,LastName,AccountId,Email\n3A,Sol,1A,mia@acme.example\n3B,Roe,1Z,ben@zed.example\n"
    deals_ = "Id,Name,AccountId,ContactId,StageName,Amount,CloseDate,IsClosed,IsWon\n"
    rows = "6A,Saw,1A,3A,Demo,1,2026-12-01,0,0\n6B,Axe,1Z,3Z,Demo,2,2026-12-02,0,0\n"
    for name, files in {
        "alone": {"Contact": people},
        "whole": {"Contact": people, "Account": "Id,Name\n1A,Acme\n", "Opportunity": deals_ + rows},
    }.items():
        told = _plan(cli, _files(name, **files), "--force", "--from", "salesforce")
        assert told["questions"] == []
        cli("import", "run", "m")
    people_ = {person["external_id"]: person.get("customer") for path in root.glob("contacts/*.yaml")
               if (person := loads(path.read_text()))}  # fmt: skip
    assert people_ == {"3A": "acme", "3B": None}
    assert (deals(root)["6A"]["customer"], deals(root)["6B"].get("customer")) == ("acme", None)


def test_names_and_tags_in_brackets_are_those_without(cli: Cli, root: Path) -> None:
    """As ClickUp writes whoever is assigned, and its labels."""
    rows = '1,Saw,Demo,1,[Ana Ruiz],"[hot,vip]"\n2,Axe,Demo,2,[Bob Li],[]\n'
    rows += '3,Cog,Demo,3,"[Ana Ruiz, Bob Li]",[hot]\n'
    told = _plan(cli, _files("exp", deals=f"Deal ID,Deal Name,Stage,Amount,Owner,Tags\n{rows}"))
    assert "1 row name several, as [Ana Ruiz, Bob Li]: the first owns it" in str(told["assumed"])
    cli("import", "run", "m")
    users = loads((root / "pipecli.yaml").read_text())["users"]
    assert [users[slug]["name"] for slug in ("ana-ruiz", "bob-li")] == ["Ana Ruiz", "Bob Li"]
    assert [deals(root)[id_]["owner"] for id_ in "123"] == ["ana-ruiz", "bob-li", "ana-ruiz"]
    assert [deals(root)[id_].get("tags") for id_ in "123"] == [["hot", "vip"], None, ["hot"]]


@pytest.mark.parametrize("sign", [", ", "; ", " & ", "/", "\n"])
def test_two_owners_in_a_cell_are_no_third_and_the_first_owns_the_deal(
    cli: Cli, root: Path, sign: str
) -> None:
    """As monday, ClickUp and Airtable write them; `Ruiz, Ana` is one person."""
    rows = f'1,Saw,Demo,1,Ida,Acme\n2,Axe,Demo,2,Ben,Zed\n3,Cog,Demo,3,"Ben{sign}Ida",Acme; Zed\n'
    rows += '4,Dye,Demo,4,"Ruiz, Ana",Acme\n'
    told = _plan(cli, _files("exp", deals=f"Deal ID,Deal Name,Stage,Amount,Owner,Company\n{rows}"))
    assert f"1 row name several, as {' '.join(f'Ben{sign}Ida'.split())}: the first owns it" in str(
        told["assumed"]
    )
    ran = cli("import", "run", "m").out
    assert [deals(root)[id_]["owner"] for id_ in "1234"] == ["ida", "ben", "ben", "ruiz-ana"]
    assert [deals(root)[id_]["customer"] for id_ in "1234"] == ["acme", "zed", "acme", "acme"]
    assert "left out of 1 row: Company, from its second value on" in ran


def test_percents_of_a_workbook_beside_those_written_as_text_are_asked_about(cli: Cli, root: Path) -> None:
    rows = "1,Saw,Demo,1,0.25,\n2,Axe,Offer,2,50%,\n3,Cog,Offer,3,50%,\n4,Dye,Won,4,,2026-01-02\n"
    source = _files("exp", deals=f"Deal ID,Deal Name,Stage,Amount,Probability,Closed Date\n{rows}")
    (question,) = _plan(cli, source)["questions"]
    assert question["about"] == "percents"
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: fraction"))
    cli("import", "run", "m")
    (process,) = loads(Path("m/settings.yaml").read_text())["processes"].values()
    assert {stage["name"]: stage["probability"] for stage in process["stages"]} == {"Demo": 25, "Offer": 50}


@pytest.mark.parametrize(
    "header",
    [
        "ID do registro,Nome do negócio,Fase do negócio,Valor do negócio,Proprietário do negócio",
        "ID,Nombre de la oportunidad,Etapa de la oportunidad,Importe,Propietario de la oportunidad",
        "ID,Nom de l'opportunité,Étape de l'opportunité,Montant,Propriétaire de l'opportunité",
        "ID,Titel der Chance,Phase der Chance,Wert der Chance,Besitzer der Chance",
    ],
)
def test_the_word_for_a_deal_may_stand_behind_that_for_a_column(cli: Cli, root: Path, header: str) -> None:
    rows = "1,Saw,Contrato,10,Ida\n2,Axe,Negócio fechado,20,Ida\n3,Cog,Perdido,30,Ida\n"
    (question,) = (
        q for q in _plan(cli, _files("exp", x=f"{header}\n{rows}"))["questions"] if q["about"] != "closing"
    )
    assert (question["about"], "Contrato, Negócio fechado, Perdido" in question["question"]) == (
        "outcomes",
        True,
    )
    told = loads(Path("m/plan.yaml").read_text())["files"][0]
    assert told["columns"] == header.split(",")


def test_the_export_tells_whether_a_price_of_a_line_has_thousands(cli: Cli, root: Path) -> None:
    deals_ = "Deal ID;Deal Name;Stage;Amount\n1;Saw;Demo;{}\n"
    lines = "Line ID;Deal ID;Product;Quantity;Unit Price\n1;1;Blade;2;1.498\n2;1;Box;1;30.000\n"
    for amount, told in {"32.996,00": [1498, 30000], "32996.00": [1.498, 30]}.items():
        _plan(cli, _files(amount, deals=deals_.format(amount), line_items=lines), "--force")
        cli("import", "run", "m")
        assert [item["unit_price"] for item in deals(root)["1"]["items"]] == told


def test_a_result_beside_a_stage_for_both_ends_tells_which_it_was(cli: Cli, root: Path) -> None:
    head = "Deal ID,Deal Name,Stage,Amount,Closed Date,Result\n"
    rows = "1,Saw,Demo,1,,\n2,Axe,Closed,2,2026-01-02,Won\n3,Cog,Closed,3,2026-01-03,Lost\n"
    assert _plan(cli, _files("exp", deals=head + rows))["questions"] == []
    cli("import", "run", "m")
    assert {id_: deal["status"] for id_, deal in deals(root).items()} == {
        "1": "open",
        "2": "won",
        "3": "lost",
    }


def test_a_status_that_has_the_stages_too_is_both(cli: Cli, root: Path) -> None:
    """As Affinity and ClickUp have it: `New` is open by its word, and `Due diligence` by none."""
    head, rows = "Task ID,Task Name,Status,Amount,Close Date\n", "1,Saw,New,1,2026-12-01\n"
    rows += "2,Axe,Due diligence,2,2026-12-02\n3,Cog,Won,3,2026-01-03\n4,Dye,Lost,4,2026-01-04\n"
    assert _plan(cli, _files("exp", deals=head + rows))["questions"] == []
    cli("import", "run", "m")
    told = {id_: (deal["title"], deal["status"], deal["stage"]) for id_, deal in deals(root).items()}
    assert (told["1"], told["2"]) == (("Saw", "open", "new"), ("Axe", "open", "due-diligence"))
    assert (told["3"][1], told["4"][1]) == ("won", "lost")


_HEADERS_OF_OTHERS = """\
Opportunity ID,Opportunity name,Contact Name,email,stage,Lead Value,assigned,Created on,r ID,lost reason name,status
Record Id,Opportunity Name,Related Contact,Contact Email,Pipeline Current Stage,Opportunity Value,User Responsible,Date Created,,Loss Reason,Current State
Pipeline Item Id,Opportunity Name,Contact Name,Email,Stage,Opportunity Amount,Assigned To,Date Created,,Lost Reason,Status
Lead number,Lead name,Primary person,Contact email,Stage,Value,Assignee,Date added,,Outcome,Status
Box Key,Name,Contacts,Contact email,Stage,Deal Size,Owner / Name,Date of Creation,,Lost reason,Status
Nº,Oportunidad,Contacto,Correo,Etapa,Importe,Asignado,F. alta,,Motivo pérdida,Estado
Réf.,Libellé,Contact,Email,Étape opportunité,Montant opportunité,Utilisateur affecté,Date création,,Motif de perte,Statut
ID,Название,Контакт (основной),E-mail,Стадия,Сумма,Ответственный,Создано в,,Причина отказа,Статус
"""  # noqa: E501  # HighLevel, Insightly, Less Annoying CRM, Nutshell, Streak, a Spanish sheet, Dolibarr, EspoCRM


@pytest.mark.parametrize("header", _HEADERS_OF_OTHERS.splitlines())
def test_what_other_crms_call_owner_contact_stage_and_day_of_creation_is_known(
    cli: Cli, root: Path, header: str
) -> None:
    rows = "1,Saw,Zoe Roy,zoe@x.example,Demo,10,Ida Poe,2026-01-02,,,open\n"
    rows += "2,Axe,Cy Lee,cy@x.example,Offer,20,Ida Poe,2026-01-03,r1,Price,lost\n"
    rows += "3,Cog,Cy Lee,cy@x.example,Demo,30,Ida Poe,2026-01-04,,,won\n"
    _plan(cli, _files("exp", opportunities=f"{header},Close date\n" + rows.replace("\n", ",2026-02-03\n")))
    cli("import", "run", "m")
    by_id = deals(root)
    saw, axe = by_id["1"], by_id["2"]
    assert (saw["stage"], saw["owner"], str(saw["created"])[:10]) == ("demo", "ida-poe", "2026-01-02")
    assert (axe["status"], axe["closed"]["reasons"], by_id["3"]["status"]) == ("lost", ["price"], "won")
    contact = loads((root / f"contacts/{saw['contacts'][0]['contact']}.yaml").read_text())
    assert (contact["name"], contact["emails"]) == ("Zoe Roy", ["zoe@x.example"])


def test_a_view_of_dynamics_is_of_what_its_hidden_id_says(cli: Cli, root: Path) -> None:
    """A view of deals with columns of one's own was taken for leads, by its topic."""
    head = "(Do Not Modify) Opportunity,Topic,Account,Pipeline Phase,Status,Status Reason,Close Date,TCV\n"
    rows = "1,Saw,Acme,1-Qualify,Open,In Progress,2026-12-24,10\n2,Axe,Acme,4-Close,Won,Won,2026-02-03,20\n"
    assert _kinds(_plan(cli, _files("exp", view=head + rows))) == {"view.csv": "opportunities"}
    cli("import", "run", "m")
    saw, axe = (deals(root)[id_] for id_ in "12")
    assert (saw["title"], saw["customer"], saw["amount"]) == ("Saw", "acme", 10)
    assert (str(saw["expected_close"]), str(axe["closed"]["date"])) == ("2026-12-24", "2026-02-03")
    assert (axe["status"], axe["closed"]["amount"]) == ("won", 20)


def test_what_another_edition_calls_the_columns_of_a_preset_is_known(cli: Cli, root: Path) -> None:
    """Firms of Fat Free CRM were read by Salesforce's names; their address became fields of one's own."""
    firm = "Id,Name,Phone,Website,Street 1,Street 2,City,Zip code,Country\n"
    firm += "1,Acme,,x.example,Mill 2,Unit 5,Ayr,K1,UK\n"
    _plan(cli, _files("exp", accounts=firm))
    cli("import", "run", "m")
    (acme,) = (loads(file.read_text()) for file in (root / "customers").iterdir())
    assert (acme["address"], acme["country"]) == ("Mill 2, Unit 5, Ayr, K1", "UK")
    deal = "id,Deal_Name,Stage,Closing_Date,Amount,Owner__name,Account_Name__name,Account_Name\n"
    deal += "7,Saw,Qualification,2026-12-24,10,Ida Poe,Acme,\n"  # an object of Zoho's API in columns
    cli("import", "plan", str(_files("zoho", zoho_deals=deal)), "--into", "z")
    cli("import", "run", "z")
    assert (deals(root)["7"]["customer"], deals(root)["7"]["owner"]) == ("acme", "ida-poe")


def test_leads_of_zoho_that_were_converted_are_open_no_more(cli: Cli, root: Path) -> None:
    """A real export of 5,557 converted leads came as so many new ones."""
    firm = "Record Id,Account Name,Account Owner,Billing Street,Billing City,Billing State,Billing Code\n"
    firm += "zcrm_1,Acme,Ida Poe,,Sangli,Maharashtra,\nzcrm_2,Zed,Ida Poe,Mill 2,Pune,,411\n"
    firm += "zcrm_3,Twin,Ida Poe,,,,\nzcrm_4,Twin,Ida Poe,,,,\n"
    person = "Record Id,Contact Owner,First Name,Last Name,Account Name.id\nzcrm_5,Ida Poe,Zoe,Roy,\n"
    lead = (
        "Record Id,Lead Owner,Company,Last Name,Lead Status,Created Time,Modified Time,Converted Date Time,"
    )
    lead += "Converted Account.id,Converted Account,Converted Contact.id,Converted Deal.id,Is Converted\n"
    times = "2026-01-02 09:00:00,2026-03-05 09:00:00"
    lead += f"zcrm_11,Ida Poe,Acme,Li,Contacted,{times},2026-02-03 09:00:00,zcrm_1,Acme,,zcrm_9,true\n"
    lead += f"zcrm_12,Ida Poe,,Roy,Junk Lead,{times},2026-02-03 09:00:00,,,zcrm_5,,true\n"
    lead += f"zcrm_13,Ida Poe,Zed,Sol,Junk Lead,{times},,,,,,false\n"
    lead += f"zcrm_14,Ida Poe,Twin,Poe,Contacted,{times},2026-02-03 09:00:00,,,,,true\n"
    assert _plan(cli, _files("exp", Accounts=firm, Contacts=person, Leads=lead))["questions"] == []
    cli("import", "run", "m")
    leads = {told["external_id"]: told for told in map(_read, sorted((root / "leads").rglob("*.yaml")))}
    by_id = [leads[f"zcrm_1{number}"] for number in "1234"]
    assert [told["status"] for told in by_id] == ["converted", "converted", "disqualified", "converted"]
    assert "customer" not in by_id[3]["converted"]  # of two with one name it is neither
    assert [str(told["converted"]["date"]) for told in by_id[:2]] == ["2026-02-03"] * 2
    assert by_id[0]["converted"]["customer"] == "acme"
    assert (by_id[1]["converted"]["contact"], "customer" in by_id[1]["converted"]) == ("zoe-roy", False)
    addresses = [_read(root / f"customers/{name}.yaml")["address"] for name in ("acme", "zed")]
    assert addresses == ["Sangli, Maharashtra", "Mill 2, Pune, 411"]


def test_a_hundred_percent_is_no_win_where_others_were_said_to_be_it(cli: Cli, root: Path) -> None:
    head = "Deal Name,Stage,Amount,Probability,Close date\n"
    rows = "Saw,Design,10,100,2026-12-01\nAxe,Sold off,20,100,2026-01-02\n"
    rows += "Cog,Ring,30,0,2026-12-02\nDye,Gone,5,0,2026-01-03\n"
    _plan(cli, _files("exp", deals=head + rows))
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: {won: [Sold off], lost: [Gone]}"))
    cli("import", "run", "m")
    by_title = {
        deal["title"]: deal["status"] for deal in map(_read, (root / "opportunities").rglob("*.yaml"))
    }
    assert by_title == {"Saw": "open", "Axe": "won", "Cog": "open", "Dye": "lost"}


def test_people_are_what_their_file_is_named_with_all_their_numbers_and_firms(cli: Cli, root: Path) -> None:
    """As in real files: contacts were taken for leads, users for contacts, Apollo's for Zoho's."""
    users = "id,name,email,first_name,last_name,account_id\nu1,Ida Poe,ida@x.example,Ida,Poe,\n"
    people = "id,first_name,last_name,title,status,company,email_work,email_home,phone_work,phone_home\n"
    people += "p1,Zoe,Roy,CEO,warm,Acme,zoe@x.example,zoe@y.example,+34 600 100 001,+34 600 100 002\n"
    told = _plan(cli, _files("exp", sf_user_data=users, contacts=people))
    assert _kinds(told) == {"sf_user_data.csv": "users", "contacts.csv": "contacts"}
    cli("import", "run", "m")
    zoe = _read(root / "contacts/zoe-roy.yaml")
    assert (zoe["emails"], zoe["customer"]) == (["zoe@x.example", "zoe@y.example"], "acme")
    assert zoe["phones"] == ["+34 600 100 001", "+34 600 100 002"]
    head = "Record ID - Contact,First Name,Last Name,Email,Company Name,Record ID - Company,Company name\n"
    head += "9,Cy,Lee,cy@x.example,,7,Acme\n"  # HubSpot, with the company that is associated
    cli("import", "plan", str(_files("hub", contacts=head)), "--into", "h")
    cli("import", "run", "h")
    cy = _read(root / "contacts/cy-lee.yaml")
    assert (cy["external_id"], cy["customer"]) == ("9", "acme")


def test_a_stage_and_an_amount_without_a_person_are_those_of_a_deal(cli: Cli, root: Path) -> None:
    """As in a report of leads from Brazil, which came as leads, or not at all."""
    rows = "ID,Nome,Estágio,Valor,Origem,Vendedor,Data Criação\n1,Saw,Proposta,10,Web,Ida Poe,2026-01-02\n"
    assert _kinds(_plan(cli, _files("exp", relatorio_leads=rows))) == {"relatorio_leads.csv": "opportunities"}
    cli("import", "run", "m")
    saw = deals(root)["1"]
    assert (saw["title"], saw["stage"], saw["amount"], saw["owner"]) == ("Saw", "proposta", 10, "ida-poe")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Lead", "First Name,Last Name,Account Name,Title,Email,Phone,Status,Opportunity Amount,Street,City"),
        ("Interessenten", "Vorname,Nachname,Firmenname,Funktion,E-Mail,Telefon,Status,Volumen,Adresse,Ort"),
        ("report", "First Name,Last Name,Company / Account,Title,Email,Phone,Status,Lead Owner,Street,City"),
        ("leads", "First name,Last name,Company name,Job title,Emails 1 Email,Phones 1 Phone,Status Id,"
                  "Lead name,Address 1 Street,Address 1 City"),
    ],
)  # fmt: skip
def test_leads_of_espocrm_orocrm_and_a_report_of_salesforce_are_leads(
    cli: Cli, root: Path, name: str, header: str
) -> None:
    """`Last Name` was the stage of deals, as it is nearly `List name`; a report was one of contacts."""
    row = "Zoe,Roy,Acme,CEO,zoe@x.example,+34 600 100 001,New,Ida Poe,Mill 2,Ayr\n"
    told = _plan(cli, _files("exp", **{name: f"{header},Created At\n{row[:-1]},2026-01-02\n"}))
    assert _kinds(told) == {f"{name}.csv": "leads"}
    cli("import", "run", "m")
    (lead,) = map(_read, (root / "leads").rglob("*.yaml"))
    assert (lead["name"], lead["organization"], lead["title"]) == ("Zoe Roy", "Acme", "CEO")
    assert (lead["email"], lead["phone"]) == ("zoe@x.example", "+34 600 100 001")
    assert lead["address"] == "Mill 2, Ayr"


def test_notes_of_hubspot_stand_in_the_deal_that_they_name(cli: Cli, root: Path) -> None:
    deal = "Record ID,Deal Name,Deal Stage,Amount,Deal owner\n7,Saw,Demo,10,Ida Poe\n"
    note = "Activity date,Note body,Associated Deal,Activity assigned to\n"
    note += "2026-01-02,Call soon,Saw,Ida Poe\n"
    _plan(cli, _files("exp", deals=deal, notes=note))
    cli("import", "run", "m")
    (told,) = deals(root)["7"]["activities"]
    assert (told["type"], told["notes"], told["by"], told["done"]) == ("note", "Call soon", "ida-poe", True)


def test_the_amount_of_deals_is_a_multiple_where_another_column_says_so_or_else_asked() -> None:
    """As Insightly has it: the bid of a month was taken, and the value of the whole contract put aside."""
    head, columns = "Stage,Bid,Months,Value", {"Stage": "stage", "Bid": "amount"}

    def told(*rows: str) -> tuple[dict[str, object], list[str]]:
        (table,) = tables_of_file("\n".join([head, *rows]).encode(), "deals.csv")
        findings = Findings(Settings.model_construct(), {}, "", date(2026, 11, 30))
        return with_amount(table, "Bid", columns, findings), [*findings.questions]

    times = "Demo,436,12,5232", "Demo,2469,,2469", "Demo,TBD,,"
    assert told(*times) == ({"Stage": "stage", "Value": "amount"}, [])
    assert told(*times, "Demo,500,2,900", "Demo,700,1,700") == ({"Stage": "stage"}, ["value"])
    assert told("Demo,500,50,250", "Won,700,100,700", "Won,800,100,800") == (columns, [])  # by chances
    assert told("Demo,500,,450", "Won,700,,600", "Won,800,,800") == (columns, [])  # another thing


def test_a_quantity_has_the_decimal_sign_of_the_money_beside_it(cli: Cli, root: Path) -> None:
    """As vTiger writes each number with zeros behind it: 12.000 pieces were 12000 or 12, and rejected.

    Whom the quotation is for went under `custom`, and its lines were called `Products::::Saw`.
    """
    deal = "Id,Deal Name,Stage,Amount,Company\n7,Saw,Demo,5,Zed\n"
    people = "First Name,Last Name,Company,Email\nMia,Berg,Zed,mia@zed.example\n"
    quote = (
        "Quote Number,Deal Id,Customer,Attention,Item Name,Quantity,List Price,Discount Percent,Sub Total\n"
    )
    rows = ["Saw,12.000,310.00000,,5520.00000", "Axe,2.000,1000.00000,10.000,5520.00000"]
    quote += "".join(f"Q1,7,Zed,Contacts::::Mia Berg,Products::::{row}\n" for row in rows)
    assert _plan(cli, _files("exp", Deals=deal, Contacts=people, Quotes=quote))["questions"] == []
    cli("import", "run", "m")
    (path,) = (root / "quotations").rglob("*.yaml")
    own = loads(path.read_text())
    assert [(item["description"], item["quantity"], item.get("discount")) for item in own["items"]] == [
        ("Saw", 12, None),
        ("Axe", 2, 10),
    ]
    assert own["contact"] == "mia-berg"


def test_deals_are_made_of_a_vendors_quotations_whose_further_lines_have_no_number(
    cli: Cli, root: Path
) -> None:
    """As ERPNext's Data Export writes them: they stayed out, as none names a deal, and nothing was asked."""
    head = "ID,Quotation To,Party,Customer Name,Date,Status,Total,Net Total,Grand Total,Item Code (Items),"
    head += "Item Name (Items),Quantity (Items),Rate (Items),Amount (Items)\n"
    rows = "Q-1,Customer,Acme,Acme,2026-01-02,Ordered,7.00,7.00,7.00,S,Saw,1,5.00,5.00\n"
    rows += ",,,,,,,,,A,Axe,1,2,2\nQ-2,Customer,Acme,Acme,2026-01-02,Open,3,3,3,S,Saw,1,3,3\n"
    questions = _plan(cli, _files("exp", Quotation=head + rows))["questions"]
    assert [of["about"] for of in questions] == ["deals-of-quotations"]
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: make"))
    assert cli("import", "run", "m").out.count("they agree") == 2
    assert sorted(str(deal["status"]) for deal in deals(root).values()) == ["open", "won"]


def test_a_discount_of_the_whole_is_told_by_the_total_of_each_that_has_one(cli: Cli, root: Path) -> None:
    """As Zoho Books has it, with freight in the total: the sum before the discount was taken for the net.

    Two totals below, one of each currency, are no lines, as `TOTALE EUR` was; `Void` is cancelled.
    """
    deal = "Id,Deal Name,Stage,Amount,Related To\n7,Saw,Demo,5,Accounts::::Acme\n"
    head = "Order Number,Deal Id,Status,Discount Amount,Item Name,Quantity,Price,SubTotal,Total,Post\n"
    own = "O1,7,Void,5.00,Saw,2,50.00,100.00,105.00,10.00\nO2,7,Open,0.00,Axe,1,30.00,30.00,30.00,0.00\n"
    sums = ",,,,,,Total EUR,130.00,,\n,,,,,,Total CHF,0.00,,\n"
    assert _plan(cli, _files("exp", Deals=deal, Orders=head + own + sums))["questions"] == []
    cli("import", "run", "m")
    orders = [loads(path.read_text()) for path in (root / "orders").rglob("*.yaml")]
    told = {of["external_id"]: (of["status"], of.get("discount_amount"), len(of["items"])) for of in orders}
    assert told == {"O1": ("cancelled", 5, 1), "O2": ("open", None, 1)}
    assert deals(root)["7"]["customer"] == "acme"


def test_of_two_amounts_that_a_header_is_as_near_to_is_asked(cli: Cli, root: Path) -> None:
    """As Keap has it: the lower one was taken."""
    head = (
        "Id,Opportunity Title,First Name,Last Name,Email,Stage,Projected Revenue Low,Projected Revenue High\n"
    )
    files = _files("exp", deals=head + '1,Saw,Zoe,Roy,zoe@x.example,Demo,€500.00,"€1,000.50"\n')
    (question,) = _plan(cli, files)["questions"]
    assert question["one_of"] == ["Projected Revenue Low", "Projected Revenue High", "none"]
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: Projected Revenue High"))
    cli("import", "run", "m")
    assert deals(root)["1"]["amount"] == 1000.50
    assert loads((root / "contacts/zoe-roy.yaml").read_text())["emails"] == ["zoe@x.example"]


def test_an_owner_may_have_the_address_behind_the_name_and_passed_may_be_lost(cli: Cli, root: Path) -> None:
    """As Affinity has it."""
    head = "Opportunity Id,Name,Organizations,Status,Owners,Amount,Close Date,Internal code,List Entry Id\n"
    rows = "1,Saw,Acme,Sourced,Ida Poe <ida@x.example>,10,2026-12-01,a1,7\n"
    rows += "2,Axe,Acme,Passed,Ida Poe <ida@x.example>,20,2026-01-03,a2,8\n"
    rows += "3,Cog,Zed,Closed Won,Bo Li <bo@x.example>,30,2026-01-03,a3,9\n"
    files = _files("exp", opportunities=head + rows)
    assert [question["about"] for question in _plan(cli, files)["questions"]] == ["outcomes"]
    assert "under custom: Internal code\n" in cli("import", "plan", "exp", "--into", "m", "--force").out
    users = loads(Path("m/settings.yaml").read_text())["users"]
    assert users["ida-poe"] == {"name": "Ida Poe", "email": "ida@x.example"}
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: {won: [Closed Won], lost: [Passed]}"))
    cli("import", "run", "m")
    assert {id_: (deal["owner"], deal["status"]) for id_, deal in deals(root).items()} == {
        "1": ("ida-poe", "open"),
        "2": ("ida-poe", "lost"),
        "3": ("bo-li", "won"),
    }


def test_a_column_with_yes_and_no_says_which_contacts_are_firms(cli: Cli, root: Path) -> None:
    """As Zendesk Sell has it; the deal's contact was rejected with the customer "false"."""
    people = "id,is_organisation,organisation_name,name,email,phone\n"
    people += "1,true,,Acme,info@acme.example,+34 600 100 001\n"
    people += "2,false,Acme,Zoe Roy,zoe@x.example,\n"
    deal = (
        "id,name,value,currency,owner,contact_id,company_name,stage_name\n9,Saw,10,EUR,Ida Poe,2,Acme,Demo\n"
    )
    _plan(cli, _files("exp", contacts=people, deals=deal))
    cli("import", "run", "m")
    assert loads((root / "customers/acme.yaml").read_text())["phone"] == "+34 600 100 001"
    assert loads((root / "contacts/zoe-roy.yaml").read_text())["customer"] == "acme"
    assert (deals(root)["9"]["customer"], deals(root)["9"]["contacts"][0]["contact"]) == ("acme", "zoe-roy")


def test_tasks_name_deals_by_id_where_two_have_one_name_and_a_note_is_done(cli: Cli, root: Path) -> None:
    """As Capsule and Insightly have it, whose notes stood among what is still to be done."""
    firms = "ID,Type,Organisation,Name,Email Address,Phone Number\n1,Organisation,,Acme,info@acme.example,\n"
    firms += "2,Person,Acme,Zoe Roy,zoe@x.example,+34 600 100 001\n"
    head = "ID,Opportunity,Contact,Milestone,Value,Currency,Expected close\n"
    rows = "7,Renewal,Acme,Bid,10,EUR,2026-12-01\n8,Renewal,Zoe Roy,Bid,20,EUR,2026-12-02\n"
    tasks = "ID,Description,Due,Category,Status,Opportunity,Opportunity ID\n"
    tasks += "1,Ring,2026-11-05,Call,Open,Renewal,8\n"
    notes = "NoteID,Title,Body,DateCreated,OpportunityID\n1,Heard,Soon,2026-11-04,7\n"
    told = _plan(cli, _files("exp", contacts=firms, opportunities=head + rows, tasks=tasks, notes=notes))
    assert told["vendor"] == ""  # not Pipedrive, whose people have an ID, a name and an organisation, too
    cli("import", "run", "m")
    first, second = (deals(root)[id_] for id_ in "78")
    (note,), (task,) = first["activities"], second["activities"]
    assert (first["customer"], note["type"], note["subject"], note["done"]) == ("acme", "note", "Heard", True)
    assert ("customer" in second, task["type"], task.get("done")) == (False, "call", False)


def test_a_noun_may_stand_before_a_word_in_the_singular_and_billing_too(cli: Cli, root: Path) -> None:
    """As Freshsales and SugarCRM have it, whose lines are read by Salesforce's names."""
    firms = "Account : Id,Account : Name,Account : Phone,Billing City\n1,Acme,+34 600 100 001,Lyon\n"
    head = (
        "Deal : Id,Deal : Name,Deal : Related account,Deal : Deal stage,Deal : Deal value,User Name,Reason\n"
    )
    lines = (
        "ID,Opportunity ID,Opportunity Name,Line Item Name,Quantity,Unit Price\n1,7,Saw,Blade,2.00,5.500000\n"
    )
    rows = "7,Saw,Acme,Demo,10,Ida Poe,\n8,Axe,Acme,Lost,10,Ida Poe,Price\n"
    _plan(cli, _files("exp", accounts=firms, deals=head + rows, line_items=lines))
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: 2026-01-31"))
    cli("import", "run", "m")
    (acme,) = (loads(file.read_text()) for file in (root / "customers").iterdir())
    assert (acme["name"], acme["phone"], acme["address"]) == ("Acme", "+34 600 100 001", "Lyon")
    saw, axe = (deals(root)[id_] for id_ in "78")
    assert (saw["owner"], axe["closed"]["reasons"]) == ("ida-poe", ["price"])
    (line,) = saw["items"]
    assert (line["description"], line["quantity"], line["unit_price"]) == ("Blade", 2, 5.5)


def test_deals_with_an_id_and_a_title_are_not_pipedrives_by_the_name_of_their_file(
    cli: Cli, root: Path
) -> None:
    """As ActiveCampaign has it."""
    head = "ID,Title,Contact First Name,Contact Last Name,Contact Email,Currency,Value,Stage,Owner,Status\n"
    deal = head + "1,Saw,Zoe,Roy,zoe@x.example,EUR,10,Demo,Ida Poe,Open\n"
    assert _plan(cli, _files("exp", **{"deals-export": deal}))["vendor"] == ""
    cli("import", "run", "m")
    assert deals(root)["1"]["contacts"] == [{"contact": "zoe-roy"}]
    assert loads((root / "contacts/zoe-roy.yaml").read_text())["emails"] == ["zoe@x.example"]


def test_quotations_and_prices_beside_deals_are_no_deals(cli: Cli, root: Path) -> None:
    """A row of a price list was a deal of its price."""
    deal = "Deal ID,Deal Name,Stage,Amount,Currency\n1,Saw,Demo,1000,EUR\n"
    quotes = "Quote ID,Deal ID,Quote Name,Total,Status\nQ1,1,First,1498,Sent\nQ2,1,Second,1500,Draft\n"
    prices, bare = "Product,Price\nA1,1498\n", "SKU,Amount\nA1,1498\n"
    told = _plan(cli, _files("exp", deals=deal, quotations=quotes, price_list=prices, export=bare))
    kinds = {"deals.csv": "opportunities", "quotations.csv": "quotations", "price_list.csv": "price-lists"}
    assert _kinds(told) == kinds
    assert told["unknown"] == ["export.csv"]
    cli("import", "run", "m")
    assert [*deals(root)] == ["1"]
    assert loads((root / "price-lists/standard-eur.yaml").read_text())["prices"] == {"a1": 1498}


def test_quotations_of_no_vendor_come_with_their_deals_and_lines(cli: Cli, root: Path) -> None:
    """They stayed out."""
    source = _files(
        "exp",
        deals="Deal ID,Deal Name,Stage,Amount,Currency\n1,Saw,Demo,1000,EUR\n",
        quotes="Quote ID,Deal ID,Quote Number,Quote Date,Valid Until,Status\n"
        "Q1,1,A-7,2026-01-05,2026-02-05,Approved\n"
        "Q2,1,A-8,2026-01-06,,Rejected by customer\nQ3,1,A-9,2026-01-07,,Whatever\n",
        quote_line_items="ID,Quote ID,Product Name,Quantity,Unit Price\nL1,Q1,Blade,2,10.5\nL2,Q2,#N/A,1,7\n",
    )
    told = _plan(cli, source)
    assert _kinds(told)["quotes.csv"] == "quotations"
    nameless = "1 of 2 rows with neither product nor description, called Line without a name"
    assert f"quote_line_items.csv: {nameless}" in told["assumed"]
    cli("import", "run", "m")
    quotes = {one["external_id"]: one for one in map(_read, root.glob("quotations/**/*.yaml"))}
    assert {key: one["status"] for key, one in quotes.items()} == {
        "Q1": "accepted",
        "Q2": "rejected",
        "Q3": "draft",
    }
    assert (quotes["Q1"]["custom"]["number"], str(quotes["Q1"]["valid_until"])) == ("A-7", "2026-02-05")
    lines = {key: one["items"][0] for key, one in quotes.items() if "items" in one}
    assert (lines["Q1"]["quantity"], lines["Q1"]["unit_price"]) == (2, 10.5)
    assert lines["Q2"]["description"] == "Line without a name"
    of_totals = "Opportunity Id,Quantity,Total Price\n1,4,10\n"  # without a name, too
    _plan(
        cli,
        _files("totals", Opportunity="Id,Name,StageName\n1,Saw,Demo\n", OpportunityLineItem=of_totals),
        "--force",
    )
    cli("import", "run", "m")
    (line,) = deals(root)["1"]["items"]  # type: ignore[misc]
    assert (line["quantity"], line["unit_price"]) == (4, 2.5)


def test_a_total_with_tax_is_no_net_where_the_columns_of_a_quotation_show_it(cli: Cli, root: Path) -> None:
    """Less the discount and with the tax the subtotal is the grand total, in each row: it came as the net."""
    deals = "Deal Id,Deal Name,Stage,Amount,Currency\nd1,Press,Demo,4775.00,EUR\nd2,Cable,Demo,450.00,EUR\n"
    quotes = (
        "Quote Id,Deal Id,Status,Grand Total,Sub Total,Discount,Tax,Currency\n"
        "q1,d1,Sent,5682.25,4775.00,0.00,907.25,EUR\nq2,d2,Draft,535.50,500.00,50.00,85.50,EUR\n"
    )
    _plan(cli, _files("exp", deals=deals, quotes=quotes))
    cli("import", "run", "m")

    papers = {one["external_id"]: one for one in map(_read, root.glob("quotations/**/*.yaml"))}

    assert [papers[key]["items"][0]["unit_price"] for key in ("q1", "q2")] == [4775, 500]
    assert [papers[key].get("discount_amount") for key in ("q1", "q2")] == [None, 50]


def test_a_quantity_is_known_after_the_word_for_a_product(cli: Cli, root: Path) -> None:
    """Each line was of one piece, as `Product - Quantity` had no field, which the plan said of it alone."""
    exported = "Deal Id,Deal Name,Stage,Amount,Currency\nd1,Press,Demo,100,EUR\n"
    head = "Deal Id,Product - Name,Product - Quantity,Product - Price,Product - Amount\n"
    _plan(cli, _files("exp", deals=exported, deal_products=f"{head}d1,Saw,7,10,70\nd1,Hood,2.5,12,30\n"))
    cli("import", "run", "m")

    (deal,) = deals(root).values()
    assert [(line["quantity"], line["unit_price"]) for line in deal["items"]] == [(7, 10), (2.5, 12)]


def test_a_firm_that_is_called_a_contact_is_the_customer_and_headers_say_the_form_of_days(
    cli: Cli, root: Path
) -> None:
    """Holded's `Contacto` is a firm; its quotations were of today, and each line of one piece."""
    own = "Oportunidad,Contacto,Valor,Etapa,Fecha de creación\nSierra,Muñoz S.L.,100,Propuesta,2026-01-02\n"
    head = "Num presupuesto,Fecha dd/mm/yyyy,Oportunidad,Estado,Concepto,Precio unidad,Unidades,Subtotal\n"
    lines = "P-1,13/02/2026,Sierra,Enviado,Sierra,50,2,100\nP-1,13/02/2026,Sierra,Enviado,Visita,10,3,30\n"
    _plan(cli, _files("exp", oportunidades=own, presupuestos=head + lines))
    told = cli("import", "run", "m").out

    (deal,) = deals(root).values()
    assert (deal["customer"], deal.get("contacts")) == ("munoz-s-l", None)
    (paper,) = map(_read, root.glob("quotations/**/*.yaml"))
    assert str(paper["created"])[:10] == "2026-02-13"
    assert [(line["quantity"], line["unit_price"]) for line in paper["items"]] == [(2, 50), (3, 10)]
    assert "time of this import" not in told


def test_german_sheets_of_offers_come_with_their_sums_and_lines(cli: Cli, root: Path) -> None:
    """`MwSt` was read as two words, so that no tax of German sheets was one and offers came to nothing."""
    deals = "Nr.,Verkaufschance,Kunde,Phase,Auftragswert\n1,Presse,Zed,Angebot,130\n2,Säge,Zed,Angebot,50\n"
    head = "Angebots-Nr.,Angebotsdatum,Verkaufschance,Status,Netto,MwSt,Brutto\n"
    sums = "A-1,13.02.2026,Presse,versendet,130.00,24.70,154.70\n"
    sums += "A-2,14.02.2026,Säge,Entwurf,50.00,9.50,59.50\n"
    lines = "Angebots-Nr.,Pos,Réf.,Artikelbezeichnung,Menge,Einzelpreis,MwSt-Satz,Gesamtpreis\n"
    lines += "A-1,1,P-2,Presse,2,50,19%,100\nA-1,2,,Anfahrt,3,10,19%,30\n"
    files = {"angebote": head + sums, "angebotspositionen": lines, "verkaufschancen": deals}
    told = _plan(cli, _files("exp", **files))
    assert told["unknown"] == []
    assert "they agree" in cli("import", "run", "m").out

    papers = {one["custom"]["number"]: one for one in map(_read, root.glob("quotations/**/*.yaml"))}
    assert [(one["quantity"], one["unit_price"], one["tax"]) for one in papers["A-1"]["items"]] == [
        (2, 50, 19),
        (3, 10, 19),
    ]
    assert papers["A-2"]["items"][0]["unit_price"] == 50


def test_offers_of_which_no_sum_is_known_are_told(cli: Cli) -> None:
    deals = "Deal Id,Deal Name,Stage,Amount\nd1,Press,Demo,100\n"
    told = _plan(
        cli, _files("exp", deals=deals, quotes="Quote Id,Deal Id,Status,Preisidee\nq1,d1,Sent,100\n")
    )
    assert any("no sum and no line is known of them" in line for line in told["assumed"])


def test_a_run_says_what_has_the_time_of_the_import(cli: Cli) -> None:
    """A quotation without a day was of today, and nobody heard of it."""
    deals = "Deal Id,Deal Name,Stage,Amount,Created\nd1,Press,Demo,100,2026-01-02\n"
    _plan(cli, _files("exp", deals=deals, quotes="Quote Id,Deal Id,Status,Total\nq1,d1,Sent,100\n"))

    told = cli("import", "run", "m").out
    assert "created of 1 row: not in the file, so it is the time of this import" in told


def test_several_statuses_of_open_deals_are_stages(cli: Cli, root: Path) -> None:
    """`Open` and `Replied` both said that a deal is open, and which it was, was lost."""
    head = "ID,Title,Customer,Status,Amount,Currency,Expected Closing Date\n"
    rows = "1,A,Zed,Open,10,EUR,2027-01-02\n2,B,Zed,Replied,10,EUR,2027-01-03\n"
    rows += "3,C,Zed,Converted,10,EUR,2026-01-04\n"
    _plan(cli, _files("exp", opportunities=head + rows))
    cli("import", "run", "m")

    own = deals(root)
    assert [own[key].get("stage") for key in "12"] == ["open", "replied"]
    assert [str(own[key].get("expected_close")) for key in "12"] == ["2027-01-02", "2027-01-03"]
    assert (own["3"]["status"], str(own["3"]["closed"]["date"])) == ("won", "2026-01-04")


def test_a_status_that_no_word_tells_of_is_told(cli: Cli, root: Path) -> None:
    """It came as a draft, and a type as a task, and nobody heard of it; of `Akzeptiert` words tell."""
    deals = "Deal Id,Deal Name,Stage,Amount,Currency\nd1,Press,Demo,100,EUR\n"
    words = ("Akzeptiert", "تایید شده", "Offen", "Entwurf", "Im Umlauf", "Anulado")
    rows = "".join(f"q{n},d1,{word},100,EUR\n" for n, word in enumerate(words))
    types = ("Chamada", "Riunione", "Tâche", "Comentário", "Almoço")
    done = ("Fatto", *4 * ["Mooted"])
    acts = "".join(f"2026-01-0{n},{of},{of},d1,{done[n - 1]}\n" for n, of in enumerate(types, 1))
    quotes = f"Quote Id,Deal Id,Status,Total,Currency\n{rows}"
    activities = f"Date,Type,Subject,Deal Id,Done\n{acts}"
    told = _plan(cli, _files("exp", deals=deals, quotes=quotes, activities=activities))
    assert "activities.csv, Done: Mooted: not known what that means; it comes as done" in told["assumed"]
    cli("import", "run", "m")

    kinds = {
        one["subject"]: one["type"] for one in _read(next(root.glob("opportunities/**/*.yaml")))["activities"]
    }
    assert [kinds[word] for word in types] == ["call", "meeting", "task", "note", "task"]
    assert "activities.csv, Type: Almoço: not known what that means; it comes as task" in told["assumed"]
    assert "quotes.csv, Status: Im Umlauf: not known what that means; it comes as draft" in told["assumed"]
    papers = {one["external_id"]: one["status"] for one in map(_read, root.glob("quotations/**/*.yaml"))}
    assert [papers[f"q{n}"] for n in range(6)] == [
        "accepted",
        "accepted",
        "sent",
        "draft",
        "draft",
        "rejected",
    ]


def test_a_sum_before_tax_is_known_by_the_others_whatever_its_header_says(cli: Cli, root: Path) -> None:
    """`Base imponible` and `IVA` come to `Total`, to a cent, and the total with the tax came as the net."""
    deals = "Deal Id,Deal Name,Stage,Amount,Currency\nd1,Press,Demo,100,EUR\nd2,Cable,Demo,50,EUR\n"
    quotes = (
        "Quote Id,Deal Id,Estado,Base imponible,IVA,Total,Currency\n"
        "q1,d1,Enviado,100.00,21.00,121.00,EUR\nq2,d2,Borrador,50.55,10.61,61.17,EUR\n"
    )
    _plan(cli, _files("exp", deals=deals, presupuestos=quotes))
    assert "they agree" in cli("import", "run", "m").out

    papers = {one["external_id"]: one for one in map(_read, root.glob("quotations/**/*.yaml"))}

    assert [papers[key]["items"][0]["unit_price"] for key in ("q1", "q2")] == [100, 50.55]


@pytest.mark.parametrize(("third", "meant"), [("Draft", "sent"), ("Sent to customer", "draft")])
def test_a_quotation_is_approved_by_us_where_customers_accept_by_another_word(
    cli: Cli, root: Path, third: str, meant: str
) -> None:
    """It was accepted, so that the deal counted as good as won."""
    quotes = f"Quote ID,Deal ID,Status,Total\nq1,1,Approved,10\nq2,1,Signed,10\nq3,1,{third},10\n"
    deals = "Deal ID,Deal Name,Stage,Amount,Currency\n1,Saw,Demo,1000,EUR\n"
    _plan(cli, _files("exp", deals=deals, quotes=quotes))
    cli("import", "run", "m")

    statuses = {one["external_id"]: one["status"] for one in map(_read, root.glob("quotations/**/*.yaml"))}

    assert (statuses["q1"], statuses["q2"]) == (meant, "accepted")


def test_quotations_without_ids_are_known_by_their_numbers_and_so_are_their_lines(
    cli: Cli, root: Path
) -> None:
    """They came without lines and sum, and again with each run; of two rows each came, with the whole sum."""
    quotes = "Angebotsnummer;Angebotsdatum;Verkaufschance;Status;Währung;Summe netto;Summe brutto\n"
    quotes += "A-7;05.01.2026;Säge;Versendet;EUR;28,00;33,32\nA-8;26.01.2026;Dach;Entwurf;USD;9,50;9,50\n"
    source = _files(
        "exp",
        chancen="ID;Titel;Phase;Betrag;Währung\n1;Säge;Angebot;100,50;EUR\n2;Dach;Angebot;1234,50;USD\n",
        angebote=quotes,
        positionen="Angebotsnummer;Bezeichnung;Menge;Einzelpreis netto\nA-7;Blatt;2;10,50\nA-7;Weg;1;7,00\n",
    )
    assert _kinds(_plan(cli, source))["positionen.csv"] == "items"
    cli("import", "run", "m")
    papers = {one["external_id"]: one for one in map(_read, root.glob("quotations/**/*.yaml"))}
    lines = [(line["description"], line["quantity"], line["unit_price"]) for line in papers["A-7"]["items"]]
    assert lines == [("Blatt", 2, 10.5), ("Weg", 1, 7)]
    assert (papers["A-8"]["items"][0]["unit_price"], papers["A-8"]["currency"]) == (9.5, "USD")
    assert "quotations: 2 rows of angebote.csv: 2 unchanged" in cli("import", "run", "m").out
    below = "Quote No,Opportunity Name,Total,Item Name\nQ1,Saw,50,Blade\nQ1,Saw,50,Travel\n"
    deals = "Deal ID,Deal Name,Stage,Amount\nD1,Saw,Demo,50\n"
    _plan(cli, _files("two", deals=deals, quotes=below), "--force")
    assert "1 rejected" in cli("import", "run", "m", code=1).out
    assert len([*root.glob("quotations/**/*.yaml")]) == 3


def test_orders_of_dynamics_and_their_lines_are_known_by_their_attributes(cli: Cli, root: Path) -> None:
    orders = "salesorderid,opportunityid,statecode,totallineitemamount,discountamount,totaltax,totalamount\n"
    lines = "salesorderdetailid,salesorderid,productdescription,quantity,priceperunit,baseamount"
    lines += ",manualdiscountamount\nL1,O1,Blade,10,10,100,5\n"
    deals = "opportunityid,name,customerid,statecode,estimatedvalue\nD1,Saw,A1,0,5\n"
    orders += "O1,D1,3,95,10,17,102\n"
    told = _plan(
        cli,
        _files(
            "exp",
            account="accountid,name\nA1,Aurora\n",
            opportunity=deals,
            salesorder=orders,
            salesorderdetail=lines,
        ),
    )
    assert _kinds(told)["salesorder.csv"] == "orders"
    cli("import", "run", "m")
    (order,) = map(_read, root.glob("orders/**/*.yaml"))
    assert (order["status"], order["discount_amount"], len(order["items"])) == ("delivered", 10, 1)
    assert [order["items"][0][of] for of in ("quantity", "unit_price", "discount_amount")] == [10, 10, 5]


def test_product_rows_of_bitrix_are_lines_of_deals_and_no_price_list(cli: Cli, root: Path) -> None:
    rows = "ID,OWNER_ID,OWNER_TYPE,PRODUCT_NAME,PRICE,PRICE_EXCLUSIVE,QUANTITY,DISCOUNT_RATE,TAX_RATE\n"
    rows += "7,1,D,Blade,10.71,9,2,10,19\n8,1,Q,Of a quotation,5.95,5,1,0,19\n9,1,L,Of a lead,5.95,5,1,0,19\n"
    deals = "ID,TITLE,STAGE_ID,OPPORTUNITY,CURRENCY_ID,DATE_CREATE\n1,Saw,NEW,18,EUR,2026-01-05 10:00:00\n"
    quotes = "ID,DEAL_ID,STATUS_ID,OPPORTUNITY,TAX_VALUE,CURRENCY_ID\n1,1,SENT,5.95,0.95,EUR\n"
    files = _files("exp", deals=deals, productrows=rows, quotes=quotes)
    assert _kinds(_plan(cli, files, "--from", "bitrix24"))["productrows.csv"] == "items"
    assert cli("import", "run", "m").out.count("they agree") == 4
    (paper,) = map(_read, root.glob("quotations/**/*.yaml"))
    assert [(line["description"], line["unit_price"]) for line in paper["items"]] == [
        ("Of a quotation", 5.95)
    ]
    (deal,) = map(_read, root.glob("opportunities/**/*.yaml"))
    lines = [[line[of] for of in ("description", "quantity", "unit_price", "tax")] for line in deal["items"]]
    assert lines == [["Blade", 2, 9, 19]]


@pytest.mark.parametrize("state", ["statecode", "statecodename"])
def test_the_states_of_quotations_of_dynamics_are_numbers_or_words(cli: Cli, root: Path, state: str) -> None:
    quotes = f"quoteid,name,opportunityid,{state},totalamount\n"
    quotes += "Q1,One,D1,Won,5\nQ2,Two,D1,Active,5\nQ3,Three,D1,2,5\n"
    deals = "opportunityid,name,customeridname,statecode,estimatedvalue\nD1,Saw,Aurora,0,5\n"
    _plan(cli, _files("exp", opportunity=deals, quote=quotes))
    cli("import", "run", "m")
    papers = {one["external_id"]: one["status"] for one in map(_read, root.glob("quotations/**/*.yaml"))}
    assert papers == {"Q1": "accepted", "Q2": "sent", "Q3": "accepted"}


def test_a_table_of_quotations_without_deals_is_none_of_customers(cli: Cli, root: Path) -> None:
    """It was a list of customers, as it has their addresses."""
    quotes = "Guid,Name,Phone,BillingCity,Email\nq1,Roof,1,Bonn,a@x.example\n"
    accounts = "Guid,Name,Website\na1,Aurora,a.example\n"
    told = _plan(cli, _files("exp", Account=accounts, Quote=quotes))
    assert (_kinds(told), told["unknown"]) == ({"Account.csv": "customers"}, ["Quote.csv"])


def test_price_books_of_salesforce_are_price_lists(cli: Cli, root: Path) -> None:
    source = _files(
        "exp",
        Product2="Id,Name,ProductCode\n01tA,Saw,S-1\n01tB,Axe,\n",
        Pricebook2="Id,Name,IsStandard,IsActive\n01sA,Standard,true,true\n01sB,Partners,false,true\n",
        PricebookEntry="Id,Pricebook2Id,Product2Id,UnitPrice,IsActive\n01uA,01sA,01tA,12.5,true\n"
        "01uB,01sA,01tB,7,true\n01uC,01sB,01tB,6,true\n01uD,01sB,01tA,9,false\n",
    )
    told = _plan(cli, source)
    assert (
        "PricebookEntry.csv names no currency: its amounts are taken as EUR, the pipeline's own"
        in told["assumed"]
    )
    cli("import", "run", "m")
    lists = {one["name"]: one["prices"] for one in map(_read, root.glob("price-lists/*.yaml"))}
    assert lists == {"Standard": {"S-1": 12.5, "axe": 7}, "Partners": {"axe": 6}}


def test_price_books_of_several_currencies_are_a_list_for_each(cli: Cli, root: Path) -> None:
    source = _files(
        "exp",
        Product2="Id,Name,ProductCode\n01tA,Saw,S-1\n",
        PricebookEntry="Id,Pricebook2Id,Product2Id,UnitPrice,IsActive,CurrencyIsoCode\n01uA,01sA,01tA,12.5,true,EUR\n"
        "01uB,01sA,01tA,14,true,USD\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    lists = {one["currency"]: one["prices"] for one in map(_read, root.glob("price-lists/*.yaml"))}
    assert lists == {"EUR": {"S-1": 12.5}, "USD": {"S-1": 14}}


def _price_lists(root: Path) -> dict[str, dict[str, float]]:
    return {one["name"]: one["prices"] for one in map(_read, root.glob("price-lists/*.yaml"))}


def test_products_with_a_price_in_their_row_are_a_price_list_too(cli: Cli, root: Path) -> None:
    """The price was told as left out, or kept as a text."""
    hubspot = (
        "Record ID,Name,SKU,Unit price,Unit cost\n1,Saw,S-1,12.50,4\n2,Axe,,7,\n3,Cog,C-1,on request,1\n"
    )
    told = _plan(cli, _files("exp", products=hubspot))
    assert told["questions"] == []
    assert not [line for line in told["left_out"] if "rice" in line]
    said = cli("import", "run", "m").out
    assert "price-lists: 3 rows of products.csv: 1 made" in said
    assert _price_lists(root) == {"Standard EUR": {"S-1": 12.5, "axe": 7}}
    products = {one["sku"]: one.get("cost") for one in map(_read, root.glob("products/*.yaml"))}
    assert products == {"S-1": 4, "axe": None, "C-1": 1}
    assert "nothing to change" in cli("import", "run", "m").out


def test_a_column_tells_whose_a_row_is_by_what_stands_in_it(cli: Cli, root: Path) -> None:
    """Activities stayed out, a user came twice, and a quotation was rejected for a contact in no file."""
    _plan(
        cli,
        _files(
            "exp",
            Negócios="Código,Negócio,Conta,Valor,Etapa,Assigned User Name\nN01,Roof,Zed,5,Proposta,rstone\n",
            Atividades="Tipo,Assunto,Data,Código do negócio\nLigação,Retorno,2026-11-20,N01\n",
            Users="ID,User Name,First Name,Last Name,Full Name\nu1,rstone,Rae,Stone,Rae Stone\n",
            Quote="Id,OpportunityId,ContactId,QuoteNumber,Status,TotalPrice\nQ1,N01,0035g0000000009AAA,7,Draft,15\n",
        ),
    )
    ran = cli("import", "run", "m").out
    assert "users: 1 row of Users.csv: 1 made" in ran
    assert "quotations: 1 row of Quote.csv: 1 made" in ran
    assert "activities: 1 row of Atividades.csv: 1 made" in ran
    assert next(map(_read, root.glob("opportunities/**/*.yaml")))["owner"] == "rstone"
    deals = "Codice,Trattativa,Cliente,Fase,Importo,Valuta,Referente\n"
    deals += 'T1,Tetto,Zed,Proposta,1,"EUR, Euro",Ugo Bo\n'
    _plan(cli, _files("it", Trattative=deals, Utenti="Nome,Email\nUgo Bo,u@our.example\n"), "--force")
    cli("import", "run", "m")
    own = {one["external_id"]: one for one in map(_read, root.glob("opportunities/**/*.yaml"))}
    assert own["T1"]["owner"] == "ugo-bo"


def test_a_code_that_two_products_have_is_none_of_theirs(cli: Cli, root: Path) -> None:
    """The second was rejected, as was a product that was there twice."""
    saws = "id,name,sku,price\n1,Saw,S-1,12.50\n2,Saw,S-1,12.50\n"
    _plan(cli, _files("exp", products=saws))
    assert (
        "products: 2 rows of products.csv: 1 made, 1 about the record of an earlier row"
        in cli("import", "run", "m").out
    )
    _plan(cli, _files("more", products=f"{saws}3,Axe,S-1,9\n"), "--force")
    cli("import", "run", "m")
    assert _price_lists(root)["Standard EUR"].keys() >= {"S-1", "axe"}


def test_price_lists_of_other_vendors(cli: Cli, root: Path) -> None:
    """They stayed out, or were products."""
    erpnext = (
        "ID,Item Code,Item Name,Price List,Customer,Buying,Selling,Currency,Rate\n"
        "P1,A-1,Saw,Retail,,0,1,EUR,12.5\nP2,A-1,Saw,Buying,,1,0,EUR,7\nP3,A-1,Saw,Retail,Zed,0,1,EUR,9\n"
    )
    rules = "Pricelist Rules/Product,Pricelist Rules/Min. Quantity,Pricelist Rules/Fixed Price"
    odoo = f"Pricelist Name,Currency,{rules}\n"
    odoo += "Export,USD,[A-1] Saw,0.0,15\n,,[B-1] Axe,0.0,7\n,,[B-1] Axe,10.0,6\n"
    dynamics = "(Do Not Modify) Price List,Name,Currency,Start Date,End Date\n"
    dynamics += "L1,Partners,EUR,2026-01-01,2026-12-31\n"
    items = "(Do Not Modify) Price List Item,Price List,Product,Unit,Amount,Pricing Method,Currency\n"
    items += "I1,Partners,Saw,Each,11,Currency Amount,EUR\nI2,Partners,Axe,Each,,Percent of List,EUR\n"
    zoho = "Record Id,Price Book Name,Price Book Owner\nzcrm_1,Gold,Ana Ruiz\n"
    gold = "Record Id,Price Book Name,Product Code,Product Name,List Price\nzcrm_2,Gold,A-1,Saw,10\n"
    products = "SKU,Name\nA-1,Saw\nB-1,Axe\n"
    for vendor, files in {
        "erpnext": {"item_price": erpnext},
        "odoo": {"pricelist": odoo},
        "dynamics": {"Price Lists": dynamics, "Price List Items": items},
        "zoho": {"Price_Books": zoho, "Price_Book_Products": gold},
    }.items():
        _plan(cli, _files(vendor, products=products, **files), "--force", "--from", vendor)
        cli("import", "run", "m", code=1 if vendor == "odoo" else 0)
    assert _price_lists(root) == {
        "Retail": {"A-1": 12.5},
        "Export": {"A-1": 15, "B-1": 7},
        "Partners": {"A-1": 11},
        "Gold": {"A-1": 10},
    }
    partners = _read(root / "price-lists/partners.yaml")
    assert (partners["external_id"], str(partners["valid_until"])) == ("L1", "2026-12-31")


def test_variants_of_shopify_are_products_with_the_title_of_the_first(cli: Cli, root: Path) -> None:
    head = "Handle,Title,Body (HTML),Vendor,Tags,Option1 Value,Variant SKU,Variant Price,Image Src,Status\n"
    rows = 'mug,Mug,<p>A mug</p>,Acme,"red, hot",Red,M-R,12.50,x,active\n'
    rows += "mug,,,,,Blue,M-B,13.50,,\nmug,,,,,,,,y,\n"
    _plan(cli, _files("exp", products_export=f"{head}{rows}tee,Tee,,Acme,,Default Title,T-1,20,,draft\n"))
    cli("import", "run", "m")
    products = {
        one["sku"]: (one["name"], one["active"], one.get("tags"))
        for one in map(_read, root.glob("products/*.yaml"))
    }
    assert products == {
        "M-R": ("Mug Red", True, ["red", "hot"]),
        "M-B": ("Mug Blue", True, None),
        "T-1": ("Tee", False, None),
    }
    assert _price_lists(root) == {"Standard EUR": {"M-R": 12.5, "M-B": 13.5, "T-1": 20}}


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("Prix vente HT", "price"), ("PV TTC", "price_with_tax"), ("PA HT", "cost"),
        ("VK-Preis brutto", "price_with_tax"),
        ("Purchase price (EUR)", "cost"), ("Preço Custo", "cost"), ("Precio de venta sin IVA", "price"),
        ("Item price", "price"),
        ("Old price", None), ("Precio mayorista", None), ("Price list", None), ("Total", None),
    ],
)  # fmt: skip
def test_a_header_of_prices_says_of_which_sort_they_are(header: str, role: str | None) -> None:
    assert role_of_price(header_key(header)) == role


def test_what_a_sheet_of_products_says_beside_prices(cli: Cli, root: Path) -> None:
    """The tax's name rejected each row, HTML came along, and `1.500` pieces were one and a half."""
    sheet = "Código;SKU;Nome;Preço Venda;IGV;Tax;Descrição;Estoque;Ativo\n"
    sheet += "c-1;S-1;Saw;8,49;18;IGV;<p>A <b>saw</b></p>;1.500;sim\nc-2;S-2;Axe;4,79;18;IGV;;20;não\n"
    bare = "Item name,Rate\nRice,52\n"
    _plan(cli, _files("exp", produtos=sheet, items=bare))
    cli("import", "run", "m")
    axe, saw = sorted(map(_read, root.glob("products/s-*.yaml")), key=lambda one: str(one["name"]))
    assert (saw["external_id"], saw["description"], saw["active"], axe["active"]) == (
        "c-1",
        "A saw",
        True,
        False,
    )
    assert saw["custom"] == {"igv": 18, "tax": "IGV", "estoque": "1.500"}
    assert _price_lists(root) == {"Standard EUR": {"S-1": 8.49, "S-2": 4.79, "rice": 52}}


@pytest.mark.parametrize(
    ("sheet", "prices"),
    [
        ("Product ID,Product Name,Category,Cost Price,Retail Price\nP1,Soap,Bath,1.10,2.50\n", {"soap": 2.5}),
        ("Item Name,Item Code,Sale Price,MRP\nPen,PEN-1,7,10\n", {"PEN-1": 7}),
        ("SKU,Name,Sale price,Regular price\nT-1,Tee,18,20\n", {"T-1": 20}),
        ("Price List,Item Code,Selling Price\nStandard EUR,MILK,24.99\n", {"MILK": 24.99}),
        ("Código;Descrição;Custo Unitário;Venda Unitário\n1;Farol;50,00;89,90\n", {"1": 89.9}),
        ("کد کالا,نام کالا,قیمت (تومان)\nA-1,لوله,250000\n", None),
    ],
)
def test_what_sheets_of_products_call_the_price(
    cli: Cli, root: Path, sheet: str, prices: dict[str, float] | None
) -> None:
    """A sheet of an unknown name was left out, MRP was the price, a price in tomans one in rials."""
    _plan(cli, _files("exp", upload=sheet))
    cli("import", "run", "m")
    assert _price_lists(root) == ({"Standard EUR": prices} if prices else {})


def test_prices_whose_sign_means_one_currency_are_in_that(cli: Cli, root: Path) -> None:
    """It was asked."""
    told = _plan(cli, _files("exp", products="SKU,Name,Price\nA-1,Shelf,25 000 ₽\nA-2,Bar,1 200 ₽\n"))
    assert told["questions"] == []
    cli("import", "run", "m")
    assert _price_lists(root) == {"Standard RUB": {"A-1": 25000, "A-2": 1200}}


def test_a_line_with_an_amount_off_keeps_its_price(cli: Cli, root: Path) -> None:
    """Its price of one was that of what is left, and the discount stayed out."""
    source = _files(
        "exp",
        deals="id,title,account_name,stage,amount\n1,Roof,Acme,Demo,1000\n",
        products="id,name,sku\nP1,Pump,PU-1\n",
        opportunity_items="id,opportunity_id,product_id,quantity,supplier_unit_price,proposed_unit_price,"
        "discount_amount,line_total\n7,1,P1,2,30,50.00,10.00,90.00\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    (line,) = deals(root)["1"]["items"]
    assert (line["product"], line["unit_price"], line["discount_amount"]) == ("PU-1", 50, 10)


@pytest.mark.parametrize(
    "lines",
    [
        "Pos;Artikelnummer;Bezeichnung;Menge;Einzelpreis;Gesamtpreis\n1;A-1;Pumpe;2;10,00;20,00\n",
        "Tarih;Stok Kodu;Stok Adı;Miktar;Birim Fiyat\n05.01.2026;S1;Vida;10;1,50\n",
    ],
)
def test_lines_of_orders_are_no_list_of_products(cli: Cli, lines: str) -> None:
    said = cli("import", "plan", str(_files("e", bestellpositionen=lines)), "--into", "m", code=1)
    assert "no file was recognised" in said.err


def test_orders_of_no_vendor_come_with_their_deals_and_lines(cli: Cli, root: Path) -> None:
    """They stayed out."""
    source = _files(
        "exp",
        deals="Deal ID,Deal Name,Account Name,Stage,Amount\n1,Saw,Acme,Demo,1000\n",
        sales_orders="Order ID,Deal ID,Order Number,Order Date,Order Status,Order Total\n"
        "O1,1,SO-7,2026-01-05,Shipped,21\nO2,1,SO-8,2026-01-06,Cancelled,7\n",
        order_items="ID,Order ID,Product Name,Quantity,Unit Price\nL1,O1,Blade,2,10.5\n",
    )
    assert _kinds(_plan(cli, source))["sales_orders.csv"] == "orders"
    cli("import", "run", "m")
    orders = {one["external_id"]: one for one in map(_read, root.glob("orders/**/*.yaml"))}
    assert {key: one["status"] for key, one in orders.items()} == {"O1": "delivered", "O2": "cancelled"}
    assert (orders["O1"]["custom"]["number"], orders["O1"]["items"][0]["unit_price"]) == ("SO-7", 10.5)


def test_prices_of_several_currencies_and_sorts_are_not_mixed(cli: Cli, root: Path) -> None:
    sheet = "SKU;Nombre;Precio EUR;Precio USD;Mayorista;Coste\nA-1;Sierra;1.498,00;1.600,00;900,00;700,00\n"
    tarifa = "Código;Descripción;Precio con IVA;Moneda\nB-1;Hacha;8,47;usd\nB-2;Clavo;1,50;€\n"
    _plan(cli, _files("exp", productos=sheet, lista_de_precios=tarifa))
    cli("import", "run", "m")
    assert _price_lists(root) == {
        "Standard EUR": {"A-1": 1498},
        "Standard USD": {"A-1": 1600},
        "Standard EUR with tax": {"B-2": 1.5},
        "Standard USD with tax": {"B-1": 8.47},
    }
    products = {one["sku"]: one for one in map(_read, root.glob("products/*.yaml"))}
    assert products["A-1"]["custom"] == {"mayorista": 900}
    assert (products["A-1"]["cost"], products["B-1"]["name"]) == (700, "Hacha")


def test_a_cost_in_another_currency_than_the_pipelines_own_is_kept_as_it_is(cli: Cli, root: Path) -> None:
    _plan(cli, _files("exp", products="SKU,Name,Price,Cost,Currency\nA-1,Saw,12,7,USD\n"))
    cli("import", "run", "m")
    (saw,) = map(_read, root.glob("products/*.yaml"))
    assert "cost" not in saw
    assert saw["custom"] == {"cost": 7}


def test_a_line_with_its_total_alone_has_the_price_of_one(cli: Cli, root: Path) -> None:
    """It was rejected. Salesforce's lines may name their product by its entry in a price book."""
    source = _files(
        "exp",
        Product2="Id,Name,ProductCode\n01tA,Saw,S-1\n",
        PricebookEntry="Id,Pricebook2Id,Product2Id,UnitPrice\n01uA,01sA,01tA,12.5\n",
        Opportunity="Id,Name,StageName,Amount,CloseDate\n006A,Roof,Prospecting,112,2026-12-30\n",
        OpportunityLineItem="Id,OpportunityId,PricebookEntryId,Quantity,TotalPrice,Description\n"
        "00kA,006A,01uA,3,100,Saws\n00kB,006A,,2,12,Nails\n",
    )
    _plan(cli, source)
    said = cli("import", "run", "m").out
    assert "prices of one, as the total of their line over its quantity: 2 rows (line 2)" in said
    assert "opportunities: 2 rows 112.00 EUR | 2 rows 112.00 EUR" in said
    assert _price_lists(root) == {"01sA": {"S-1": 12.5}}
    saws, nails = deals(root)["006A"]["items"]
    assert (saws["product"], saws["unit_price"], nails["unit_price"]) == ("S-1", 33.33333, 6)


def test_a_list_of_clickup_is_a_pipeline_and_its_status_the_stage(cli: Cli, root: Path) -> None:
    head = (
        "Task ID,Task Name,Status,List Name,Assignees,Company (short text),Deal Value (currency),Due Date\n"
    )
    rows = "1,Saw,Demo,Sales,[Ana Gil],Acme,10,2026-12-01\n2,Axe,Offer,Sales,[Ana Gil],Acme,20,2026-12-02\n"
    rows += "3,Cog,Won,Sales,[Ana Gil],Acme,20,2026-02-01\n4,Dye,Lost,Sales,[Ana Gil],Zed,20,2026-02-01\n"
    assert _plan(cli, _files("exp", tasks=head + rows))["questions"] == []
    cli("import", "run", "m")
    told = {id_: (deal["status"], deal["stage"], deal["customer"]) for id_, deal in deals(root).items()}
    assert (told["1"], told["2"]) == (("open", "demo", "acme"), ("open", "offer", "acme"))
    assert (told["3"][0], told["4"][0], deals(root)["1"]["amount"]) == ("won", "lost", 10)


def test_texts_that_differ_name_deals_without_a_title_and_persian_percents_are_read(
    cli: Cli, root: Path
) -> None:
    """As Really Simple Systems has it, whose deals were all called as their customer."""
    head = "Opportunity ID,Description,Account,Sales Stage,Value,احتمال,Currency\n"
    rows = [f"{n},Machine {n},Acme,Demo,10,{'۴۵٪' if n < 6 else '۳۰٪'},EUR\n" for n in range(1, 7)]
    _plan(cli, _files("exp", opportunities=head + "".join(rows)))
    cli("import", "run", "m")
    by_id = deals(root)
    assert [by_id[str(n)]["title"] for n in (1, 6)] == ["Machine 1", "Machine 6"]
    assert [by_id[str(n)].get("probability") for n in (1, 6)] == [45, 30]
    (process,) = loads(Path("m/settings.yaml").read_text())["processes"].values()
    assert process["stages"][0]["probability"] == 45


def test_a_column_that_came_since_the_plan_is_told_each_night(cli: Cli, root: Path) -> None:
    head, row = "Deal ID,Deal Name,Stage,Amount,Stage ID", "1,Saw,Demo,10,s1"
    _plan(cli, _files("exp", deals=f"{head},Size\n{row},\n"))
    assert "left out" not in cli("import", "run", "m").out
    Path("exp/deals.csv").write_text(f"{head},Size,Region\n{row},,North\n")
    told = "  columns of deals.csv that the plan doesn't know, left out: Region; plan anew with --force"
    assert told in cli("import", "run", "m").out
    cli("import", "plan", "exp", "--into", "m", "--force")
    assert "left out" not in cli("import", "run", "m").out
    assert deals(root)["1"]["custom"] == {"region": "North"}


def test_an_address_keeps_its_parts_whichever_is_missing_and_a_deal_the_contact_of_an_address(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "parts",
        Accounts="Account Name,Street,City,State,Zip Code\nAurora,,Lyon,,69001\nBasalt,Rua 1,,MG,30310\n"
        "Cobalt,,Bonn,,\n",
        Contacts="First Name,Last Name,Email,Account Name\nMia,Berg,mia@aurora.example,Aurora\n",
        Deals="Name,Stage,Amount,Account Name,Contact Email\nBoiler,Open,10,Aurora,mia@aurora.example\n"
        "Roof,Open,20,Basalt,new@basalt.example\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    read = {path.stem: loads(path.read_text()) for path in root.glob("customers/*.yaml")}
    assert {name: one.get("address") for name, one in read.items()} == {
        "aurora": "Lyon, 69001", "basalt": "Rua 1, MG, 30310", "cobalt": "Bonn",
    }  # fmt: skip
    people = {deal["title"]: deal["contacts"][0]["contact"] for deal in deals(root).values()}
    assert people == {"Boiler": "mia-berg", "Roof": "new-basalt-example"}


def test_a_persons_employer_is_found_by_the_id_that_is_in_the_file_of_accounts(cli: Cli, root: Path) -> None:
    source = _files(
        "ids",
        accounts="account_id,account_name,industry\n1,Aurora,Energy\n2,Basalt,Retail\n",
        customers="customer_id,account_id,email,role\n1,2,mia@basalt.example,user\n2,2,leo@basalt.example,user\n"
        "3,1,zoe@aurora.example,admin\n",
    )
    assert _kinds(_plan(cli, source)) == {"accounts.csv": "customers", "customers.csv": "contacts"}
    cli("import", "run", "m")
    people = [loads(path.read_text()) for path in root.glob("contacts/*.yaml")]
    assert {one["external_id"]: one["customer"] for one in people} == {
        "1": "basalt",
        "2": "basalt",
        "3": "aurora",
    }


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("visits", "Code,Name,City,Date", "{n},Firm {firm},Lyon,2026-01-0{firm}"),
        ("visits", "SKU,Name,City,Date", "S{firm},Thing {firm},Lyon,2026-01-0{firm}"),
        ("visits", "Code,Nombre,Estado", "{n},Firm {n},Activo"),
    ],
)
def test_rows_that_tell_of_the_same_ones_again_are_no_list_of_them(
    cli: Cli, root: Path, name: str, head: str, row: str
) -> None:
    rows = [row.format(n=n, firm=n % 9 + 1) for n in range(30)]
    cli("import", "plan", str(_files("exp", **{name: "\n".join([head, *rows])})), "--into", "m", code=1)
    assert not Path("m").exists()


def test_deals_named_so_are_deals_and_of_two_recurring_amounts_it_is_asked(cli: Cli, root: Path) -> None:
    told = _plan(cli, _files("few", deals="Deal ID,Client (Company),Country\n1,Aurora,France\n"))
    assert _kinds(told) == {"deals.csv": "opportunities"}
    rows = "Deal ID,Account,Stage,MRR,ARR\n1,Aurora,Demo,10,120\n"
    told = _plan(cli, _files("recurring", deals=rows), "--force")
    assert [one["one_of"] for one in told["questions"]] == [["MRR", "ARR", "none"]]


def test_days_of_zeros_are_none_and_a_customer_keeps_the_first_address(cli: Cli, root: Path) -> None:
    source = _files(
        "exp",
        Customers='Name,Email,City\nAurora,"a@aurora.example, b@aurora.example",Lyon\n',
        deals="Deal ID,Title,Account,Stage,Amount,Close date\n1,Saw,Aurora,Won,10,03/17/2026\n"
        "2,Axe,Aurora,Demo,5,00/00/0000\n",
        leads="Lead ID,Name,Status,Created\nL1,Mia Sol,Converted,2026-02-01\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    assert [deals(root)[id_].get("expected_close") for id_ in "12"] == [None, None]
    assert loads((root / "customers/aurora.yaml").read_text())["email"] == "a@aurora.example"
    (lead,) = [loads(path.read_text()) for path in root.rglob("leads/**/*.yaml")]
    assert lead["converted"]["customer"] == "mia-sol"


def test_headers_in_capitals_are_no_attributes_of_dynamics(cli: Cli, root: Path) -> None:
    head = "LeadID,CompanyName,ContactName,Email,Phone,LeadSource\n"
    told = _plan(cli, _files("exp", leads=f"{head}L1,Aurora,Mia Sol,mia@aurora.example,1,Fair\n"))
    assert told["vendor"] == ""
    cli("import", "run", "m")
    (lead,) = [loads(path.read_text()) for path in root.rglob("leads/**/*.yaml")]
    assert (lead["name"], lead["organization"], lead["source"]) == ("Mia Sol", "Aurora", "Fair")


def test_guids_join_tables_and_an_empty_id_is_none(cli: Cli, root: Path) -> None:
    source = _files(
        "guids",
        Account="External Id,Guid,Name,Industry\n#N/A,a1,Aurora,Energy\n",
        contacts="contact_id,AccountId,full_name,is_buyer\nc1,a1,Mia Sol,True\n",
        Opportunity="Guid,AccountId,Name,StageName,Amount\no1,a1,Roof,Demo,10\n",
        Lead="Company,Email,Id,Name\nBasalt,leo@basalt.example,,Leo Ray\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    assert deals(root)["o1"]["customer"] == "aurora"
    assert loads((root / "contacts/mia-sol.yaml").read_text())["customer"] == "aurora"
    (lead,) = [loads(path.read_text()) for path in root.rglob("leads/**/*.yaml")]
    assert (lead["name"], lead["external_id"]) == ("Leo Ray", "leo@basalt.example")


def test_lines_of_sales_are_no_deals_and_a_word_that_is_nearly_another_is_not_it(
    cli: Cli, root: Path
) -> None:
    lines = "ID-venta,Fecha,Negocio,Producto,Cantidad,Precio-unitario\nS1,2026-02-04,n1,T0,3,210\n"
    cli("import", "plan", str(_files("lines", ventas=lines)), "--into", "m", code=1)
    head = "Opportunity ID,Opportunity Name,Stage,ACV,Opportunity Value,Opportunity Date"
    _plan(cli, _files("exp", deals=f"{head}\n1,Saw,Demo,5,60,Jul-2026\n"))
    cli("import", "run", "m")
    deal = deals(root)["1"]
    assert (deal["amount"], deal["custom"]) == (60, {"acv": 5, "opportunity_date": "Jul-2026"})


def test_a_list_of_calls_is_one_of_people_at_their_firms(cli: Cli, root: Path) -> None:
    head = "Company Name,Industry,Contact Person,Designation,Mobile No,Email ID"
    told = _plan(cli, _files("exp", crm=f"{head}\nAurora,Energy,Mia Sol,CTO,912345678,mia@aurora.example\n"))
    assert _kinds(told) == {"crm.csv": "contacts"}
    cli("import", "run", "m")
    person = loads((root / "contacts/mia-sol.yaml").read_text())
    assert [person[key] for key in ("customer", "title", "emails", "phones")] == [
        "aurora", "CTO", ["mia@aurora.example"], ["912345678"],
    ]  # fmt: skip


def test_moments_in_billionths_of_seconds_are_days_and_persons_no_firms(cli: Cli, root: Path) -> None:
    source = _files(
        "exp",
        deals="Deal ID,Deal Name,Stage,Amount,Relationship Manager,Creado en,Close date\n"
        "1,Saw,Won,10,Ana Gil,2026-01-02 09:00:00,1771372800000000000\n",
        clientes_potenciales="id,nombre,apellido,edad\n6,Juan,Pérez,35\n",
    )
    assert _kinds(_plan(cli, source))["clientes_potenciales.csv"] == "contacts"
    cli("import", "run", "m")
    deal = deals(root)["1"]
    assert (deal["closed"]["date"], str(deal["created"])[:10], deal["owner"]) == (  # type: ignore[index]
        "2026-02-18", "2026-01-02", "ana-gil",
    )  # fmt: skip
    assert loads((root / "contacts/juan-perez.yaml").read_text())["name"] == "Juan Pérez"


def test_notes_of_html_come_as_the_text_they_show_and_our_own_as_they_are(
    cli: Cli, root: Path, git: Git
) -> None:
    page = "<p>Wants a <b>tasting</b> &amp; a quote</p><ul><li>four floors</li><li>by May</li></ul>"
    exported = _files(
        "x",
        deals=f'Deal ID,Deal name,Amount,Notes\nD1,Bar,5,"{page}"\nD2,Café,6,Fish &amp; chips if x < y\n',
    )
    assert _plan(cli, exported)["questions"] == []
    mapping = Path("m/opportunities.yaml")
    assert _read(mapping)["columns"]["Notes"] == {"to": "notes", "html": True}
    assert "1 of 2 are HTML" in mapping.read_text()
    assert "they agree" in cli("import", "run", "m").out
    notes = {deal["title"]: deal["notes"] for deal in deals(root).values()}
    assert notes == {
        "Bar": "Wants a tasting & a quote\nfour floors\nby May",
        "Café": "Fish & chips if x < y",
    }
    cli("opp", "set", "bar", f"notes={page}")
    cli("export", "--all", "own")
    cli("import", "run", "own")
    assert {deal["notes"] for deal in deals(root).values()} == {page, "Fish & chips if x < y"}


def test_html_is_said_of_fields_of_text_alone_and_a_title_stays_one_line(
    cli: Cli, root: Path, refused: Callable[..., str]
) -> None:
    Path("d.csv").write_text("Id,Name,Worth\n1,<p>Bar</p><p>&amp; grill</p>,5\n")
    mapping = "external_id: Id\ncolumns:\n  Name: {to: title, html: true}\n  Worth: {to: amount%s}\n"
    Path("m.yaml").write_text(mapping % ", html: true")
    said = refused("import", "opportunities", "d.csv", "--map", "m.yaml")
    assert said == "error: m.yaml:4: html: stands with a field of text, such as notes"
    Path("m.yaml").write_text(mapping % "")
    cli("import", "opportunities", "d.csv", "--map", "m.yaml")
    assert deals(root)["1"]["title"] == "Bar & grill"


_TWO_ENDS = """Deal ID,Deal Name,Account,Stage,Status,Amount,Close Date,Created
1,Alpha,Acme,Won,New,100,2026-01-05,2025-10-01
2,Beta,Acme,Won,Won,200,2026-02-05,2025-10-01
3,Gamma,Bolt,Lost,Lost,300,2026-03-05,2025-10-01
4,Delta,Bolt,Negotiation,New,400,2026-12-05,2025-10-01
"""


@pytest.mark.parametrize(("holds", "first"), [("Stage", "won"), ("Status", "open")])
def test_a_stage_won_beside_a_status_new_is_asked_about(cli: Cli, root: Path, holds: str, first: str) -> None:
    told = _plan(cli, _files("e", deals=_TWO_ENDS))

    (question,) = told["questions"]
    assert (question["about"], question["one_of"]) == ("ends-deals", ["Status", "Stage"])
    differ = '1 of 4 rows has ends that differ, as "Won" in Stage and "New" in Status, the first in line 2'
    assert question["question"].startswith(f"deals.csv: {differ}. Which column")
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:", f"answer: {holds}"))
    cli("import", "run", "m")
    ends = {one["external_id"]: one["status"] for one in deals(root).values()}
    assert ends == {"1": first, "2": "won", "3": "lost", "4": "open"}


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ("yes,no", 'as "no" in Is Closed and "Won" in Stage'),
        ("no,yes", 'as "no" in Is Won and "Won" in Stage'),
    ],
)
def test_a_flag_that_denies_a_stage_won_is_asked_about(cli: Cli, root: Path, flags: str, line: str) -> None:
    rows = f"1,A,Won,{flags},9\n2,B,Won,yes,yes,9\n3,C,Talks,no,no,9\n"
    told = _plan(cli, _files("e", deals=f"Deal ID,Deal Name,Stage,Is Won,Is Closed,Amount\n{rows}"))

    questions = {one["about"]: one for one in told["questions"]}
    assert line in questions["ends-deals"]["question"]
    assert questions["ends-deals"]["one_of"] == ["Stage", "Is Won"] or "Is Closed" in line


@pytest.mark.parametrize(
    ("head", "ends"),
    [
        ("ID,TITLE,STAGE_ID,OPPORTUNITY,CLOSEDATE,CLOSED", "Y,Y,N"),
        ("ID,Deal Name,Stage,Total,Close date,Deal closed", "yes,yes,no"),
        ("Id,Name,StageName,Amount,CloseDate,IsClosed", "true,true,false"),
        ("Record ID,Deal Name,Deal Stage,Amount,Close Date,Is Deal Closed?", "1,1,0"),
        ("Deal ID,Deal Name,Stage,Amount,Close Date,Chiusa", "si,si,no"),
    ],
)
def test_a_deal_that_a_column_calls_closed_is_not_open_in_silence(
    cli: Cli, root: Path, head: str, ends: str
) -> None:
    """Whoever exports them: asked for the stages of which all are closed, and for what is closed beside."""
    yes, _, no = ends.split(",")
    rows = f"1,A,Away,9,2026-01-05,{yes}\n2,B,Talks,8,2026-01-06,{yes}\n3,C,Talks,7,2026-12-07,{no}\n"
    told = _plan(cli, _files("e", deals=f"{head}\n{rows}4,D,Closed Won,6,2026-01-08,{yes}\n"))
    ended = head.rpartition(",")[2]
    question, beside = told["questions"]  # in one round
    assert question["about"] == "outcomes" and f"{ended} says that Away ended." in question["question"]
    assert f'deals.csv: 1 of 4 rows has "{yes}" in {ended}' in beside["question"]
    page = Path("m/plan.yaml")
    text = page.read_text().replace("answer:\n", "answer: {won: [Away], lost: []}\n", 1)
    page.write_text(text.replace("answer:\n", "answer: lost\n"))
    cli("import", "run", "m")
    ways = {one["external_id"]: one["status"] for one in deals(root).values()}
    assert ways == {"1": "won", "2": "lost", "3": "open", "4": "won"}
    flags = f"ID,Deal name,Deal stage,Amount,Close date,Is closed,Is won\n1,A,Away,9,2026-01-05,{yes},{no}\n"
    both = _files(
        "both", deals=f"{flags}2,B,Away,8,2026-01-06,{yes},{yes}\n3,C,Talks,7,2026-12-07,{no},{no}\n"
    )
    assert not _plan(cli, both, "--force")["questions"]  # a column for closed and one for won tell it


@pytest.mark.parametrize("why", ["Motivo de fechamento perdido", "Motivo de perda", "Why we lost it"])
def test_a_text_under_words_for_losing_and_for_a_reason_is_why(cli: Cli, root: Path, why: str) -> None:
    rows = "1,Volvo,2021-03-18,Negócio perdido,10,Sumiu\n2,Sonda,2021-06-10,Negócio fechado e ganho,20,\n"
    _plan(cli, _files("e", deals=f"Record ID,Deal Name,Close Date,Deal Stage,Amount,{why}\n{rows}"))
    cli("import", "run", "m")
    closed = deals(root)["1"]["closed"]
    assert (closed["date"], closed["reasons"]) == ("2021-03-18", ["sumiu"])  # type: ignore[index]


def test_cells_tell_that_a_column_is_no_day_and_no_name_and_whom_no_list_of_users_has(
    cli: Cli, root: Path
) -> None:
    head = "Deal ID,Deal Name,Customer,Stage,Amount,Created,Closed won,Owner"
    rows = "1,Saw,1,Demo,9,20210105,8,Ana Gil\n2,Axe,0,Demo,8,20210106,,Bo Ray\n"
    users = "First name,Last name,Email\nAna,Gil,ana@contoso.example\n"
    told = _plan(cli, _files("e", users=users, deals=f"{head}\n{rows}"))
    assert "1 owner not in the export's list of users, made users: Bo Ray" in told["assumed"]
    cli("import", "run", "m")
    deal = deals(root)["1"]
    assert (str(deal["created"])[:10], deal["custom"]) == ("2021-01-05", {"closed_won": 8, "customer": 1})
    assert "customer" not in deal


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("payment_terms", "id,code,displayName,discountPercent\nPT1,NET30,Net 30 Days,0\n", None),
        ("bookings", "id,customer_name,customer_email,booking_date\n8,Mia,m@x.example,2026-01-05\n", None),
        ("product.category", "id,name,parent_id/id,account\nc1,Bikes,c0,607100\n", None),
        ("Leads", "LeadId,Title,Stage,CreatedDate,ConvertedOpportunityId\n1,CEO,New,20210105,\n", None),
        ("leads", "lead_id,buyer_role,channel,business_hours_start_local\nL1,Owner,Web,8\n", None),
        ("order-items", "id,product,unit_price,product_name,orders_link\n24,33,3200,Pipe,7\n", None),
        ("quote_lines", "id,quote_id,product_code,name,amount,price\n1,7,PL,Lead,2,150\n", "items"),
    ],
)
def test_a_table_of_something_else_is_no_list_of_customers_products_or_deals(
    name: str, text: str, kind: str | None
) -> None:
    (told,) = recognise(tables_of_file(text.encode(), f"{name}.csv"))
    assert (told and told.kind) == kind


def test_an_open_deal_of_100_percent_is_told(cli: Cli, root: Path) -> None:
    rows = "1,A,Won,100,9,2026-01-01\n2,B,Talks,100,9,2026-01-01\n3,C,Talks,30,9,2026-01-01\n"
    told = _plan(cli, _files("e", deals=f"Deal ID,Deal Name,Stage,Probability,Amount,Close Date\n{rows}"))

    what = (
        '1 of 3 rows has ends that differ, as "100" in Probability and "Talks" in Stage, the first in line 3'
    )
    assert f"deals.csv: {what}: as Stage says" in told["assumed"]
    assert not told["questions"]


def test_every_cell_that_stays_out_is_counted_and_the_expected_close_of_an_ended_deal_comes(
    cli: Cli, root: Path
) -> None:
    head = "(Do Not Modify) Opportunity,Topic,Potential Customer,Status,Status Reason,Est. Revenue,"
    rows = (
        "a1,Alpha,Acme,Won,Won,100,90,2026-01-31,2026-01-20,x,Ana\n"
        "a2,Beta,Acme,Lost,Out-Sold,200,150,2026-02-27,2026-02-20,x,Ana\n"
        "a3,Gamma,Bolt,Open,In Progress,300,,2026-12-31,,x,Ana\n"
    )
    head += "Actual Revenue,Est. Close Date,Actual Close Date,(Do Not Modify) Row Checksum,Owner\n"
    told = _plan(cli, _files("e", opportunities=head + rows))

    left = "(Do Not Modify) Row Checksum (3)"
    (line,) = told["left_out"]
    assert {*line.removeprefix("opportunities.csv: ").split(", ")} == {
        left,
        "Status Reason (2 of 3)",
        "Actual Revenue (1 of 2)",
    }
    assert "# not brought in: " in Path("m/opportunities.yaml").read_text()
    cli("import", "run", "m")
    days = {str(one["expected_close"]) for one in deals(root).values()}
    assert days == {"2026-01-31", "2026-02-27", "2026-12-31"}


def test_columns_that_others_say_again_are_told(cli: Cli, root: Path) -> None:
    rows = "1,A,Won,1,9,2026-01-01\n2,B,Talks,0,9,2026-01-01\n"
    told = _plan(cli, _files("e", deals=f"Deal ID,Deal Name,Stage,Is Closed,Amount,Close Date\n{rows}"))

    assert told["left_out"] == ["deals.csv, as others say the same: Is Closed (2)"]


@pytest.mark.parametrize(
    ("kind", "row", "fields"),
    [
        (
            "leads",
            {"Company Name": "Acme", "Contact First Name": "Mia", "Contact Last Name": "Sol"},
            {"name": "Mia Sol", "organization": "Acme"},
        ),
        ("leads", {"Customer": "Mia Sol", "Phone": "123 456", "RM Name": "Nora Field"}, {"name": "Mia Sol"}),
        ("leads", {"Name": "Mia Sol", "Hinweis": "Ruft an"}, {"notes": "Ruft an"}),
        (
            "leads",
            {
                "Raison sociale": "Acme", "Kontaktperson": "Mia Sol", "Title": "Mrs.", "Role": "Buyer",
                "Location": "Lyon", "Message": "Calls", "campaign": "Fair", "LeadSourceId": "3",
            },
            {
                "organization": "Acme", "name": "Mia Sol", "title": "Buyer", "address": "Lyon",
                "notes": "Calls", "campaign": "Fair", "source": None,
            },
        ),
        (
            "leads",
            {"email": "m@x.example", "fname": "", "lname": "", "linkedinUrl": "https://in.example/m"},
            {"name": "m@x.example", "website": None},
        ),
        ("leads", {"Date": "2026-02-03", "Prospect": "Mia", "Email": "m@x.example"}, {"name": "Mia"}),
        (
            "contacts",
            {"Apollo Contact Id": "a7", "Parent Account Id": "b8", "Full Name": "Mia", "Business": "+49 1"},
            {"external_id": "a7", "phones": ["+49 1"]},
        ),
        (
            "customers",
            {"Nome da empresa": "Acme", "País/Região": "Brazil", "Número de telefone": "+55 11"},
            {"country": "Brazil", "phone": "+55 11"},
        ),
        (
            "customers",
            {"Company": "Acme", "State/Region": "Ohio", "Company Owner": "Nora Field", "Domain": "a.example"},
            {"address": "Ohio", "owner": "nora-field", "website": "a.example"},
        ),
        (
            "customers",  # `Detail address` is nearly spelt as `E-mail address`
            {"company": "Acme", "address": "Quay 1", "detail_address": "", "contact_email": "mia@a.example"},
            {"address": "Quay 1", "email": "mia@a.example"},
        ),
        (
            "contacts",
            {
                "Vorname": "Mia", "Nachname": "Sol", "Telefon Büro": "+49 1", "mobiles Telefon": "+49 2",
                "E-Mail 1": "mia@acme.example", "E-Mail 2": "mia@home.example", "Newsletter/E-Mail": "ja",
                "Fax Nr.": "+49 3", "Owner email": "nora@field.example",
            },
            {"phones": ["+49 1", "+49 2"], "emails": ["mia@acme.example", "mia@home.example"]},
        ),
    ],
)  # fmt: skip
def test_a_header_is_read_without_its_number_its_place_and_whose_it_is(
    cli: Cli, root: Path, kind: str, row: dict[str, str], fields: dict[str, object]
) -> None:
    """A column of addresses has addresses, though its header is one for them."""
    _plan(cli, _files("exp", **{kind: f"{','.join(row)}\n{','.join(row.values())}\n"}))
    cli("import", "run", "m")
    (record,) = (loads(path.read_text()) for path in root.glob(f"{kind}/**/*.yaml"))
    assert {name: record.get(name) for name in fields} == fields


def test_a_row_of_a_firm_and_its_contact_is_both_and_one_without_a_person_a_customer(
    cli: Cli, root: Path
) -> None:
    source = _files(
        "exp",
        Kontakte="Name,Ansprechpartner,Telefon,E-Mail,Ort\nAcme,Mia Sol,+49 1,info@acme.example,Ulm\n"
        "Zed,,+49 2,,Bonn\n",
        people="First Name,Last Name,Company,Phone,Email,City\nBen,Roy,Hive,1 23,,\n,,Orion,4 56,,Lyon\n"
        "Eva,,Hive,7 89,,\n,,Hive,,hi@hive.example,\n",
    )  # fmt: skip
    _plan(cli, source)
    cli("import", "run", "m")
    firms = {(c := loads(path.read_text()))["name"]: c for path in root.glob("customers/*.yaml")}
    people = {(c := loads(path.read_text()))["name"]: c for path in root.glob("contacts/*.yaml")}
    assert {name: (firm.get("phone"), firm.get("address")) for name, firm in firms.items()} == {
        "Acme": ("+49 1", "Ulm"), "Zed": ("+49 2", "Bonn"), "Orion": ("4 56", "Lyon"), "Hive": (None, None),
    }  # fmt: skip
    assert {name: one.get("customer") for name, one in people.items()} == {
        "Mia Sol": "acme", "Ben Roy": "hive", "Eva": "hive", "hi@hive.example": "hive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (
            {"Call Date": "2026-02-03", "Subject": "Hi", "Duration (sec)": "400", "Call Type": "Outbound"},
            {"type": "call", "at": "2026-02-03", "duration": 7, "direction": "out", "done": True},
        ),
        (
            {"due_date": "2026-02-03", "title": "Hi", "status": "Pendente", "Durée (min)": "5"},
            {"done": False, "duration": 5},
        ),
        (
            {"due_date": "", "created": "2026-02-03", "title": "Hi", "status": "Completed", "duration": "1h"},
            {"at": "2026-02-03", "subject": "Hi", "done": True, "duration": None},
        ),
        (
            {"Interaction Date": "2026-12-24", "Interaction Type": "Visit", "Rep": "Nora Field"},
            {"type": "meeting", "by": "nora-field", "done": False},
        ),
        (
            {"Sent": "2026-02-03", "From": "Al", "Title": "Hi", "Body": "<p></p>", "Contact email": "m@x.y"},
            {"at": "2026-02-03", "subject": "Hi", "notes": None, "contact": "mia-sol", "done": True},
        ),
    ],
)  # fmt: skip
def test_an_activity_has_its_day_its_minutes_its_way_and_is_done_if_it_is_past(
    cli: Cli, root: Path, row: dict[str, str], fields: dict[str, object]
) -> None:
    """A log of what happened has no column that says so; one with days to come may be a plan."""
    row = {"Deal ID": "1", **row}
    source = _files(
        "exp",
        deals="Deal ID,Deal Name,Stage,Amount,Close Date\n1,Roof,Demo,100,2026-12-01\n",
        contacts="Contact ID,Name,Email\n5,Mia Sol,m@x.y\n",
        **{"calls" if "Call Date" in row else "emails" if "Sent" in row else "activities": (
            f"{','.join(row)}\n{','.join(row.values())}\n"
        )},
    )  # fmt: skip
    _plan(cli, source)
    cli("import", "run", "m")
    (activity,) = deals(root)["1"]["activities"]
    told = {name: activity.get(name) for name in fields}
    assert told | ({"at": str(told["at"])[:10]} if "at" in told else {}) == fields


def test_activities_of_dynamics_are_read_by_the_names_of_their_attributes(cli: Cli, root: Path) -> None:
    source = _files(
        "dynamics",
        opportunity="opportunityid,name,estimatedvalue,statecode,statuscode,stepname\no1,Roof,9,Open,New,1-Go\n",
        annotation="annotationid,subject,notetext,objectid,createdon\na1,Asks,Soon,o1,2024-09-17T08:15:00Z\n",
        appointment="activityid,subject,regardingobjectid,scheduledstart,scheduledend,statecode\n"
        "a2,Demo,o1,2024-12-08T10:00:00Z,2024-12-08T11:00:00Z,3\n",
        phonecall="activityid,subject,regardingobjectid,directioncode,scheduledend,statecode\n"
        "a3,Ring,o1,Outgoing,2024-12-19T10:00:00Z,Completed\n",
        task="activityid,subject,regardingobjectid,scheduledend,statecode\na4,Send,o1,2024-05-15T08:15:00Z,Completed\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    came = {one["external_id"]: (one["type"], one["done"]) for one in deals(root)["o1"]["activities"]}
    assert came == {
        "a1": ("note", True),
        "a2": ("meeting", False),
        "a3": ("call", True),
        "a4": ("task", True),
    }


def test_erpnexts_contact_person_is_the_id_of_a_contact(cli: Cli, root: Path) -> None:
    source = _files(
        "erpnext",
        Contact="ID,First Name,Last Name,Email Address,Link Document Type (Links),Link Name (Links)\n"
        "Anil Reddy-Kaveri,Anil,Reddy,,Customer,Kaveri\n",
        Opportunity="ID,Opportunity From,Party,Title,Status,Opportunity Amount,Contact Person,Contact Email\n"
        "o1,Customer,Kaveri,Roof,Open,9,Anil Reddy-Kaveri,\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    assert deals(root)["o1"]["contacts"] == [{"contact": "anil-reddy"}]


def test_pipedrives_own_stages_are_in_their_order() -> None:
    (preset,) = (one for one in presets() if one.name == "pipedrive/opportunities.yaml")
    assert [*preset.rest["stages"]][:3] == ["Lead In", "Qualified", "Contact Made"]


def test_a_town_that_the_street_has_already_is_not_added_again(cli: Cli, root: Path) -> None:
    rows = 'Acme,"Rue 1, 69002 Lyon, France",Lyon\nZed,Rue de Lyon 2,Lyon\n'
    _plan(cli, _files("exp", customers=f"Name,Address,City\n{rows}"))
    cli("import", "run", "m")
    firms = {one["name"]: one["address"] for one in map(_read, root.glob("customers/*.yaml"))}
    assert firms == {"Acme": "Rue 1, 69002 Lyon, France", "Zed": "Rue de Lyon 2, Lyon"}


def test_the_hour_of_an_activity_may_be_in_a_column_beside_its_day(cli: Cli, root: Path) -> None:
    rows = "a1,Demo,09.12.2026,16:30,00:45,d1\na2,Ring,24.12.2026,,,d1\n"
    source = _files(
        "crm",
        deals="Deal ID,Deal Name,Stage,Amount\nd1,Roof,Demo,9\n",
        meetings=f"Meeting ID,Subject,Datum,Uhrzeit,Duration,Deal ID\n{rows}",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    at = [str(one["at"]) for one in deals(root)["d1"]["activities"]]
    assert [text[:16].replace("T", " ") for text in at] == ["2026-12-09 16:30", "2026-12-24"]


def test_a_meeting_of_a_day_to_come_is_not_done_in_a_table_of_such_as_were(cli: Cli, root: Path) -> None:
    source = _files(
        "zoho",
        Deals="Record Id,Deal Name,Amount,Closing Date,Account Name,Stage\nz1,Roof,9,2099-01-16,Acme,Demo\n",
        Events="Record Id,Title,From,To,Related To.id\ne1,Visit,2024-08-06 10:00:00,2024-08-06 11:00:00,z1\n"
        "e2,Price,2099-12-26 10:00:00,2099-12-26 11:00:00,z1\n",
    )
    told = "no column says which are done; those of days past are, and 1 planned for later is not"
    assert f"Events.csv: {told}" in _plan(cli, source)["assumed"]
    cli("import", "run", "m")
    assert [one["done"] for one in deals(root)["z1"]["activities"]] == [True, False]
    assert "unchanged" in cli("import", "run", "m").out


def test_a_customer_has_its_parent_and_the_person_in_its_row(cli: Cli, root: Path) -> None:
    rows = "company,first name,last name,email,parent account\nAcme,Mia,Sol,m@x.example,Hive\nZed,,,,\n"
    _plan(cli, _files("exp", clients=rows))
    cli("import", "run", "m")
    firms = {(one := loads(path.read_text()))["name"]: one for path in root.glob("customers/*.yaml")}
    assert {name: one.get("parent") for name, one in firms.items()} == {
        "Acme": "hive",
        "Hive": None,
        "Zed": None,
    }
    (mia,) = (loads(path.read_text()) for path in root.glob("contacts/*.yaml"))
    assert (mia["name"], mia["customer"]) == ("Mia Sol", "acme")
    page = Path("m/customers.yaml").read_text(encoding="utf-8")
    assert "ignore: [first name, last name]" in page  # as in the file, each time it is planned


def test_a_log_of_mails_has_its_way_and_one_of_calls_a_day_of_any_name(cli: Cli, root: Path) -> None:
    source = _files(
        "exp",
        opportunities="Id,Name,StageName,Amount,CloseDate,AccountName\n006A,Roof,Demo,100,2026-12-01,Acme\n",
        EmailMessage="Id,RelatedToId,Subject,MessageDate,Incoming,TextBody\n"
        "02sA,006A,Hi,2026-02-03T10:00:00.000Z,true,Yes\n",
        call_logs="call_id,deal_id,call_at_utc,duration_seconds\n7,006A,2026-02-04 10:00:00,600\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    mail, call = deals(root)["006A"]["activities"]
    assert (mail["type"], mail["direction"], mail["notes"], mail["done"]) == ("email", "in", "Yes", True)
    assert (call["type"], call["duration"], call["at"][:10]) == ("call", 10, "2026-02-04")


def test_a_word_in_a_column_of_addresses_is_none_and_the_first_of_several_comes(cli: Cli, root: Path) -> None:
    people = "Mia Sol,NA\nBen Roy,no email\nEva Gil,'e@x.example, f@x.example; g@x.example'\n".replace(
        "'", '"'
    )
    _plan(cli, _files("exp", leads=f"Name,Email\n{people}", contacts=f"Full Name,Email\n{people}"))
    cli("import", "run", "m")
    leads = {(lead := loads(path.read_text()))["name"]: lead for path in root.glob("leads/**/*.yaml")}
    assert [leads[name].get("email") for name in ("Mia Sol", "Ben Roy", "Eva Gil")] == [
        None,
        None,
        "e@x.example",
    ]
    contacts = {(one := loads(path.read_text()))["name"]: one for path in root.glob("contacts/*.yaml")}
    assert [len(contacts[name].get("emails", ())) for name in ("Mia Sol", "Ben Roy", "Eva Gil")] == [0, 0, 3]


def test_a_column_of_the_history_of_stages_is_still_told_of_another_file(cli: Cli, root: Path) -> None:
    """`CreatedDate` of the lines stayed out untold, as that of the history says when a stage was reached."""
    source = _files(
        "exp",
        Opportunity="Id,Name,StageName,CloseDate,Amount\n006A,Saw,Prospecting,2026-12-01,9\n",
        OpportunityHistory="Id,OpportunityId,StageName,CreatedDate\n008A,006A,Prospecting,2026-01-05\n",
        OpportunityLineItem="Id,OpportunityId,Quantity,UnitPrice,Name,CreatedDate\n00kA,006A,1,9,Blade,2026-01-06\n",
    )
    told = _plan(cli, source)
    assert any("OpportunityLineItem.csv: " in line and "CreatedDate (1)" in line for line in told["left_out"])


def test_subscriptions_and_comments_are_no_deals_and_no_customers(cli: Cli, root: Path) -> None:
    source = _files(
        "exp",
        deals="Deal ID,Deal Name,Stage,Amount\n1,Saw,Demo,1000\n",
        subscriptions="sub_id,account_id,opp_id,plan,mrr,start_date,status\nS1,A1,1,Pro,12,2026-01-01,active\n",
        comentarios="cliente,servicio,comentario\nLuz,Corte,Bien\n",
    )
    assert _kinds(_plan(cli, source)) == {"deals.csv": "opportunities"}


def test_a_state_that_is_no_status_of_the_deals_is_kept(cli: Cli, root: Path) -> None:
    """`State`, beside a stage, was left out as said again by others."""
    rows = "1,A,Won,MO,9,2026-01-01\n2,B,Talks,OH,9,2026-01-01\n3,C,Lost,MO,9,2026-01-01\n"
    told = _plan(cli, _files("e", deals=f"Deal ID,Deal Name,Stage,State,Amount,Close Date\n{rows}"))
    assert not told["left_out"]
    cli("import", "run", "m")
    assert {one["custom"]["state"] for one in deals(root).values()} == {"MO", "OH"}


def test_properties_and_test_cases_are_no_deals(cli: Cli, root: Path) -> None:
    source = _files(
        "e",
        deals="Deal ID,Deal Name,Stage,Amount\n1,Saw,Demo,1000\n",
        properties="property_id,title,price,status,owner\nP1,Loft,100,listed,Ana\n",
        quotes="TestCaseID,Description,Steps\nT1,New quote,Step 1\n",
    )
    assert _kinds(_plan(cli, source)) == {"deals.csv": "opportunities"}


def test_days_at_which_a_funnel_was_entered_are_a_history_of_stages(cli: Cli, root: Path) -> None:
    source = _files(
        "e",
        deals="Deal ID,Deal Name,Stage,Amount\n1,Saw,Demo,1000\n",
        deal_funnel_history="Deal ID,Account ID,Previous Stage,New Stage,Stage Entered Date\n"
        "1,A,Start,Demo,2026-02-03\n",
        crm_accounts="crm_account_id,account_name,industry\nC1,Aurora,Food\n",
    )
    kinds = _kinds(_plan(cli, source))
    assert kinds["deal_funnel_history.csv"] == "opportunities"
    cli("import", "run", "m")
    (aurora,) = map(_read, root.glob("customers/*.yaml"))
    assert aurora["external_id"] == "C1"
    assert str(deals(root)["1"]["custom"]["stage_entered"]["demo"])[:10] == "2026-02-03"


@pytest.mark.parametrize(("answer", "price"), [("thousands", 1498), ("decimals", 1.498)])
def test_a_price_that_may_be_two_numbers_is_asked_about(
    cli: Cli, root: Path, answer: str, price: float
) -> None:
    """Each line was rejected, and only a change of the mapping brought it."""
    source = _files(
        "e",
        deals="Deal ID,Deal Name,Stage,Amount\n1,Saw,Demo,2000\n",
        deal_products='ID,Deal ID,Product Name,Quantity,Unit Price\nL1,1,Blade,3,"1,498"\n',
    )
    (question,) = _plan(cli, source)["questions"]
    assert question["question"] == 'deal_products.csv, Unit Price: what does the sign in "1,498" part?'
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:", f"answer: {answer}"))
    cli("import", "run", "m")
    assert deals(root)["1"]["items"][0]["unit_price"] == price


def test_people_who_asked_for_a_quotation_are_contacts(cli: Cli, root: Path) -> None:
    asked = "Fecha,Nombres,Apellidos,Empresa,Email,Mensaje\n2026-01-05,Mía,Sol,Luz,m@luz.example,Hola\n"
    assert _kinds(_plan(cli, _files("e", cotizaciones=asked))) == {"cotizaciones.csv": "contacts"}


def test_addresses_and_numbers_are_known_by_what_they_look_like(cli: Cli, root: Path) -> None:
    """As forms, Brevo, ZoomInfo and Outlook write them: the postcode of the business was a phone number."""
    source = _files(
        "e",
        people="ZoomInfo Contact ID,Invitee First Name,Invitee Last Name,Org Name,Invitee Address,Durchwahl,"
        "WhatsApp,Business Postal Code,Fax\n"
        "7,Ida,Poe,Aurora,ida@aurora.example,+49 30 5551010,0171 55512,10115,+49 30 9\n"
        "8,Ben,Roe,Boreas,ben@boreas.example,+49 30 5552020,0171 55513,80331,+49 30 8\n",
    )
    assert _kinds(_plan(cli, source)) == {"people.csv": "contacts"}
    cli("import", "run", "m")
    ida = _read(root / "contacts/ida-poe.yaml")
    assert (ida["external_id"], ida["customer"], ida["emails"]) == ("7", "aurora", ["ida@aurora.example"])
    assert sorted(ida["phones"]) == ["+49 30 5551010", "0171 55512"]


def test_a_firm_beside_a_person_is_found_by_every_word_for_one(cli: Cli, root: Path) -> None:
    """A form's name was a lead's firm, the surname in `Name` a customer's; no contact was made."""
    source = _files(
        "e",
        leads="full_name,form_name,Azienda,Estado,Cidade\nIda Poe,Form 1,Aurora,SP,Santos\n",
        kunden="Kunden-Nr,Firma,Vorname,Name,Straße,Hausnummer,Ort\nK1,Boreas,Ben,Roe,Damm,7a,Ulm\n"
        "K2,Zephyr,Zoe,Li,Tor,,Köln\n",
        customers="company_name,contact_first_name,contact_last_name,contact_email\n"
        "Notus,Ana,Gil,ana@notus.example\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    (lead,) = map(_read, root.glob("leads/**/*.yaml"))
    assert (lead["name"], lead["organization"], lead["address"]) == ("Ida Poe", "Aurora", "Santos, SP")
    addresses = {one["name"]: one.get("address") for one in map(_read, root.glob("customers/*.yaml"))}
    assert addresses == {"Boreas": "Damm 7a, Ulm", "Zephyr": "Tor, Köln", "Notus": None}
    people = {one["name"]: one["customer"] for one in map(_read, root.glob("contacts/*.yaml"))}
    assert people == {"Ben Roe": "boreas", "Zoe Li": "zephyr", "Ana Gil": "notus"}


def test_a_lead_or_deal_named_before_each_header_is_one_beside_its_person(cli: Cli, root: Path) -> None:
    """Close's leads are firms, Pipedrive's sample one of deals, and activities are of no firm's kind."""
    sample = (
        "Person - Name*,Person - Email (Work),Organization - Name*,Deal - Title,Deal - Value\n"
        "Ida Poe,ida@aurora.example,Aurora,Saw,$100\n"
    )
    source = _files(
        "e",
        close_leads="ID,Lead Name,Status Label,Primary Contact Name,Primary Contact Title\n"
        "7,Boreas,New,Ben Roe,CEO\n",
        sample=sample,
        dealers="Naam,Contactpersoon,Straat,Plaats,Status\nZephyr,Zoe Li,Tor,Ulm,Nieuw\n",
        activities="Company Name,Email,Notes,Activity Type,Activity Date,Record ID\n"
        "Notus,i@notus.example,Demo,Call,2026-01-15,h1\n",
    )
    told = _plan(cli, source)
    kinds = {"dealers.csv": "contacts", "close_leads.csv": "leads", "sample.csv": "opportunities"}
    assert _kinds(told) == kinds
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:\n", "answer: USD\n"))
    cli("import", "run", "m")
    (lead,) = map(_read, root.glob("leads/**/*.yaml"))
    assert (lead["name"], lead["organization"], lead["title"]) == ("Ben Roe", "Boreas", "CEO")
    (deal,) = map(_read, root.glob("opportunities/**/*.yaml"))
    assert (deal["title"], deal["customer"], deal["contacts"][0]["contact"]) == ("Saw", "aurora", "ida-poe")


def test_an_ended_lead_without_the_day_that_others_have_is_asked_about(cli: Cli, root: Path) -> None:
    """Those rows were rejected, as the column of days has none for them."""
    rows = "Ida Poe,ida@x.example,Lost,2026-01-13\nBen Roe,ben@x.example,Lost,\nZoe Li,zoe@x.example,New,\n"
    told = _plan(cli, _files("e", leads=f"Name,Email,Status,Inquiry Date\n{rows}"))
    assert [question["about"] for question in told["questions"]] == ["closing"]
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:", "answer: 2026-03-31"))
    cli("import", "run", "m")
    leads = {one["name"]: one for one in map(_read, root.glob("leads/**/*.yaml"))}
    ended = {name: str(one["disqualified"]["date"]) for name, one in leads.items() if "disqualified" in one}
    assert ended == {"Ida Poe": "2026-01-13", "Ben Roe": "2026-03-31"}


def test_a_card_keeps_address_and_birthday_and_a_fax_is_no_telephone(cli: Cli, root: Path) -> None:
    Path("book.vcf").write_text(
        "BEGIN:VCARD\nVERSION:3.0\nFN:Ida Poe\nTEL;TYPE=CELL:+49 171 5\nTEL;type=WORK;type=FAX:+49 30 9\n"
        "item1.ADR;type=WORK:;;Damm 7\\, Hof;Ulm;;89073;Germany\nBDAY:1980-01-02\nEND:VCARD\n"
    )
    cli("import", "contacts", "book.vcf")
    ida = _read(root / "contacts/ida-poe.yaml")
    assert ida["phones"] == ["+49 171 5"]
    assert ida["custom"] == {
        "address": "Damm 7, Hof, Ulm, 89073, Germany", "birthday": "1980-01-02", "fax": "+49 30 9",
    }  # fmt: skip


def test_a_customers_list_of_persons_keeps_the_person_and_the_firm(cli: Cli, root: Path) -> None:
    """`Nom` or `Nombre` was the customer, or the person stayed below custom; numbers of clients were lost."""
    source = _files(
        "e",
        relaties="Klantnummer,Bedrijfsnaam,Voornaam,Achternaam,Plaats\nK1,Boreas,Ben,Roe,Ede\n",
        clientes="Kd-Nr,Nombre,Empresa,Endereco_Cidade\nK2,Zoe Li,Zephyr,Ulm\nK3,Ana Gil,Notus,Bonn\n",
        clients="Nom,Prénom,Entreprise,Email,Fonction\nPoe,Ida,Aurora,ida@aurora.example,DG\n",
        kontakter="Namn,E-post,Företag\nÅsa Öberg,asa@eurus.example,Eurus\n",
        companies="Company Name,Contact Name,Contact Email\nVesper,Tom Ash,tom@vesper.example\n",
    )
    _plan(cli, source)
    cli("import", "run", "m")
    firms = {one["name"]: one for one in map(_read, root.glob("customers/*.yaml"))}
    assert firms.keys() == {"Boreas", "Zephyr", "Notus", "Aurora", "Eurus", "Vesper"}
    assert [firms[name].get("external_id") for name in ("Boreas", "Zephyr")] == ["K1", "K2"]
    assert (firms["Zephyr"]["address"], "email" in firms["Vesper"]) == ("Ulm", False)
    people = {one["name"]: one for one in map(_read, root.glob("contacts/*.yaml"))}
    assert {name: one["customer"] for name, one in people.items()} == {
        "Ben Roe": "boreas", "Zoe Li": "zephyr", "Ana Gil": "notus", "Ida Poe": "aurora",
        "Åsa Öberg": "eurus", "Tom Ash": "vesper",
    }  # fmt: skip
    assert (people["Ida Poe"]["title"], people["Tom Ash"]["emails"]) == ("DG", ["tom@vesper.example"])


def test_what_a_column_has_tells_it_from_another_of_its_name(cli: Cli, root: Path) -> None:
    """A rating was the note of a lead, ids owned it, and a call was on the day it was exported."""
    source = _files(
        "e",
        leads="Lead ID,Name,Email,Assigned To,Assigned Name,Note,Lead Score\n"
        "7,Ida Poe,ida@x.example,u1,Ana,4.7,85\n",
        call_logs="Call ID,Lead ID,Call Date Time,Created At\nc1,7,2026-03-01 10:00,2026-04-01 10:00\n",
        ai_calls="Call ID,Contact Name,Phone Number,Start Time\n1,Tom Ash,+1 212 555 0001,2026-01-02 10:00\n",
        tickets="Ticket ID,Subject,Customer Name,Customer Email\n1,Ink,Zoe Li,zoe@x.example\n",
    )
    told = _plan(cli, source)
    assert _kinds(told) == {"leads.csv": "leads", "call_logs.csv": "activities"}
    cli("import", "run", "m")
    (lead,) = map(_read, root.glob("leads/**/*.yaml"))
    assert (lead["owner"], lead["score"], "notes" in lead) == ("ana", 85, False)
    assert str(lead["activities"][0]["at"])[:10] == "2026-03-01"


def test_a_list_of_firms_with_numbers_is_one_of_customers_and_of_guests_one_of_people(
    cli: Cli, root: Path
) -> None:
    """The firms were contacts called by their addresses; Calendly's guests stayed out as activities."""
    source = _files(
        "e",
        estaciones="Razón Social,RFC,Teléfono,Móvil,Correo\nAurora,AAA010101AAA,744 450 12 18,744 225 36 00,"
        "hola@aurora.example\n",
        events_export="Invitee First Name,Invitee Last Name,Invitee Email,Start Date & Time,Guardian Email\n"
        "Ida,Poe,ida@x.example,2026-03-04 10:00,parent@x.example\n",
        leads="Lead ID,Full Name,Phone,Assigned Employee\n7,Ben Roe,+34 600 100 001,Ana\n",
    )
    told = _plan(cli, source)
    kinds = {"estaciones.csv": "customers", "events_export.csv": "contacts", "leads.csv": "leads"}
    assert _kinds(told) == kinds
    cli("import", "run", "m")
    (aurora,) = map(_read, root.glob("customers/*.yaml"))
    assert (aurora["tax_id"], aurora["email"]) == ("AAA010101AAA", "hola@aurora.example")
    (ida,) = map(_read, root.glob("contacts/*.yaml"))
    assert (ida["name"], ida["emails"]) == ("Ida Poe", ["ida@x.example"])
    (lead,) = map(_read, root.glob("leads/**/*.yaml"))
    assert lead["owner"] == "ana"


def test_a_header_without_a_letter_is_no_word_of_anything(cli: Cli, root: Path) -> None:
    deal = "Deal Name,-,Stage,Amount,Close Date\nOven,x,Demo,90,2026-12-24\n"
    assert _kinds(_plan(cli, _files("e", deals=deal))) == {"deals.csv": "opportunities"}
    cli("import", "run", "m")
    (oven,) = map(_read, root.glob("opportunities/**/*.yaml"))
    assert (oven["title"], oven["stage"], oven["amount"]) == ("Oven", "demo", 90)


def test_schemas_below_an_export_are_no_tables(cli: Cli) -> None:
    source = _files("e", deals="Deal Name,Stage,Amount,Close Date\nOven,Demo,90,2026-12-24\n")
    cli("schema", "write", str(source.resolve() / "schemas"))
    told = _plan(cli, source)
    assert (_kinds(told), told["unknown"]) == ({"deals.csv": "opportunities"}, [])


def test_a_postal_code_a_customers_number_or_one_text_for_all_is_no_id(cli: Cli, root: Path) -> None:
    """Deals of one postal code were lines of one, and a customer's next deal took her last one's place."""
    head = "Projektname;Kunde;Kundennummer;Phase;Betrag;PLZ;Postal Code\n"
    deals = head + "Dach A;Acme;60012;Angebot;1000;1;01067\nDach C;Cyan;94105;Angebot;3000;2;01067\n"
    people = "First Name,Last Name,Email,unique_id,ZIP/Postal Code\n"
    people += "Ana,Gil,ana@x.example,to be made,01067\nBen,Roe,ben@x.example,to be made,\n"
    _plan(cli, _files("e", deals=deals, contacts=people, kunden="Kunde;Kundennummer\nAcme;60012\n"))
    cli("import", "run", "m")
    assert "external_id" not in _read(Path("m/contacts.yaml"))
    assert _read(Path("m/customers.yaml"))["external_id"] == "Kundennummer"
    Path("e/deals.csv").write_text(deals.replace("Dach A", "Dach B"))
    cli("import", "run", "m")
    found = {deal["title"]: deal for deal in map(_read, root.glob("opportunities/**/*.yaml"))}
    assert found.keys() == {"Dach A", "Dach B", "Dach C"}
    assert (found["Dach A"]["customer"], found["Dach A"]["custom"]["postal_code"]) == ("acme", "01067")


def test_a_customers_number_is_kept_where_no_file_has_her(cli: Cli, root: Path) -> None:
    _plan(cli, _files("e", deals="Deal;Cliente;Nr. cliente;Etapa;Importe\nHorno;Zeta;60012;Demo;900\n"))
    cli("import", "run", "m")
    (deal,) = map(_read, root.glob("opportunities/**/*.yaml"))
    assert (deal["customer"], deal["custom"]) == ("zeta", {"nr_cliente": 60012})


def test_two_deals_of_one_id_are_no_lines_and_the_plan_says_what_makes_lines(cli: Cli, root: Path) -> None:
    """They lost their amounts and endings, as lines of one deal without a word in the plan."""
    rows = "1,Alpha,Acme,Proposal,100\n1,Alpha bis,Acme,Closed Lost,150\n2,Beta,Bolt,Proposal,200\n"
    source = _files("e", deals=f"Deal ID,Deal Name,Customer,Stage,Amount\n{rows}")
    told = _plan(cli, source)
    assert "deals.csv: 2 rows share Deal ID and differ: only the first of each comes" in told["assumed"]
    assert "rows" not in _read(Path("m/opportunities.yaml"))
    items = "1,Alpha,Acme,Proposal,Pump,2\n1,Alpha,Acme,Proposal,Valve,3\n2,Beta,Bolt,Proposal,Pump,4\n"
    (source / "deals.csv").write_text(f"Deal ID,Deal Name,Customer,Stage,Product Name,Quantity\n{items}")
    lines = "each a line of one: those of one Deal ID differ in Product Name and Quantity"
    assert lines in cli("import", "plan", "e", "--into", "m", "--force").out


def test_a_deal_names_its_firm_by_the_domain_and_other_links_are_told(cli: Cli, root: Path) -> None:
    """Deals by the domain of a firm came without it, and lines by a reference stayed out, with no word."""
    source = _files(
        "e",
        companies="Company ID,Company Name,Company Domain Name\nC-1,Acme,acme.example\nC-2,Zed,\n",
        deals="Deal ID,Deal Name,Deal Stage,Amount,Associated Company Domain\nD,Hut,Demo,9,acme.example\n"
        "E,Inn,Demo,8,\n",
        items="OpportunityId,Description,Quantity,UnitPrice\n@Ref1,Seat,2,100\n",
    )
    _plan(cli, source)
    ran = cli("import", "run", "m").out
    assert [deals(root)[key].get("customer") for key in "DE"] == ["acme", None]
    assert "without a customer: 1 deal, whose rows name none that is known" in ran
    assert "1 row of items.csv: 1 left out; 1 of those left out name no record that is here" in ran


def test_lines_that_are_rejected_agree_with_nothing(cli: Cli) -> None:
    source = _files(
        "e",
        opportunities="opportunity_id,account,stage,amount\nO1,Acme,Negotiation,300\n",
        quotes="quote_id,opportunity_id,total_contract_value\nQ1,O1,300\n",
        quote_line_items="quote_id,product_name,discount_percent\nQ1,Seat,20\nQ1,Setup,5\n",
    )
    _plan(cli, source)
    ran = cli("import", "run", "m", code=1)
    assert "quotations: 2 rows 0.00 EUR | 1 row 0.00 EUR: 1 differs" in ran.out
    assert "lines of 1 record not as in the file" in ran.err


def test_a_text_is_no_stage_and_stops_no_plan(cli: Cli) -> None:
    """It was the key of a map: `a key can't be longer than 1000 characters`, without file or column."""
    deals = f"Deal Name,Stage,Amount,Phase\nOven,Demo,90,{'a long story ' * 90}\nPump,Demo,80,\n"
    told = _plan(cli, _files("e", deals=deals, projects=f"id,phases\n37,{'all of it ' * 120}\n"))
    assert (_kinds(told), told["unknown"]) == ({"deals.csv": "opportunities"}, ["projects.csv"])


def test_tasks_of_insightly_and_espocrm_and_an_italian_list_of_users_are_what_they_are(
    cli: Cli, root: Path
) -> None:
    insightly = _files(
        "ins",
        Opportunities="Record Id,Opportunity Name,Opportunity Bid Amount,Current Pipeline Stage,"
        "Opportunity State\ni1,Roof,1000,Proposal,Open\n",
        Tasks="Record Id,Task Name,Category,Due Date,Start Date,Status,Owner,Linked Opportunity\n"
        "9,Send offer,Phone Call,2026-12-02,2026-12-01,Not Started,Ana Gil,Roof\n",
    )
    espo = _files(
        "espo",
        Opportunity="id,name,amount,stage,closeDate\ne1,Door,5,Prospecting,2026-12-20\n"
        "e2,Door,6,Closed Won,2026-01-05\n",
        Task="id,name,status,dateStart,dateEnd,parentId,parentType,parentName\n"
        "t1,Ring,Completed,2026-01-02,2026-01-03,e2,Opportunity,Door\n",
    )
    italian = _files(
        "it",
        utenti="ID;Nome;Cognome;Email\nu1;Anna;Rossi;anna@ditta.example\n",
        trattative="ID;Trattativa;Fase;Importo;Chiusura prevista;Aperta il;Referente commerciale\n"
        "t7;Tetto;Proposta;10;2026-12-20;2026-01-07;u1\n",
        attivita="ID;Trattativa;Tipo;Oggetto;Data;Fatta\n1;t7;Telefonata;Chiamare;2026-12-01;no\n",
    )
    for source in (insightly, espo, italian):
        assert _plan(cli, source, "--force")["questions"] == []
        cli("import", "run", "m")
    found = deals(root)
    assert [(found[key]["stage"], found[key].get("owner")) for key in ("i1", "t7")] == [
        ("proposal", None), ("proposta", "anna-rossi"),
    ]  # fmt: skip
    assert str(found["t7"]["created"])[:10] == "2026-01-07" and "activities" not in found["e1"]
    done = {
        key: [
            (str(one["at"])[:10], one["subject"], one.get("done", False)) for one in found[key]["activities"]
        ]  # type: ignore[attr-defined]
        for key in ("i1", "e2", "t7")
    }
    assert done == {
        "i1": [("2026-12-02", "Send offer", False)],
        "e2": [("2026-01-03", "Ring", True)],
        "t7": [("2026-12-01", "Chiamare", False)],
    }


def test_leads_among_the_rows_of_deals_come_as_leads_and_meetings_not_at_all(cli: Cli, root: Path) -> None:
    rows = "Opportunity,Roof,Demo,10\nLead,Tom,,0\nMeeting,Lunch,,0\n"
    told = _plan(cli, _files("crm", records=f"Record Type,Name,Stage,Amount\n{rows}"))
    assert "records.csv: rows that Record Type calls Meeting are left out" in told["assumed"]
    cli("import", "run", "m")
    assert [deal["title"] for deal in deals(root).values()] == ["Roof"]
    assert [_read(path)["name"] for path in root.glob("leads/*/*/*.yaml")] == ["Tom"]


def test_odoos_rows_of_the_type_lead_are_leads_with_their_persons(cli: Cli, root: Path) -> None:
    partners = "External ID,Name,Is a Company,Related Company,Email\nr1,Sun,TRUE,,\nr2,Ann Lee,FALSE,Sun,\n"
    rows = (
        "External ID,Opportunity,Type,Customer,Contact Name,Company Name,Email,Phone,Stage,Expected Revenue,"
        "Closed Date,Lost Reason,Active,Created on\n"
        "l1,Oven,Opportunity,Sun,Ann Lee,,,,New,51,,,TRUE,2026-06-05 08:12:40\n"
        "l2,Web,Lead,,Meg May,Inquiry Co,a@b.example,030 2,New,0,,,TRUE,2026-09-01 08:12:40\n"
        "l3,Web,Lead,,Ty Day,Other,c@d.example,,New,0,2026-09-20,Not interested,FALSE,2026-09-01 08:12:40\n"
    )
    _plan(cli, _files("odoo", **{"res.partner": partners, "crm.lead": rows}))
    cli("import", "run", "m")
    assert [deal["contacts"] for deal in deals(root).values()] == [[{"contact": "ann-lee"}]]
    leads = {lead["name"]: lead for lead in map(_read, root.glob("leads/*/*/*.yaml"))}
    assert leads["Meg May"]["organization"] == "Inquiry Co" and leads["Meg May"]["status"] == "new"
    assert leads["Ty Day"]["disqualified"]["reason"] == "not-interested"
    assert str(leads["Ty Day"]["disqualified"]["date"])[:10] == "2026-09-20"


def test_the_objects_of_hubspots_api_are_read_by_their_properties(cli: Cli, root: Path) -> None:
    own = {
        "dealname": "Roof",
        "amount": "1000",
        "dealstage": "closedwon",
        "closedate": "2026-10-20T10:00:00Z",
    }
    deal = {"id": "11", "properties": own | {"hs_object_id": "11"}, "createdAt": "2026-10-01T10:00:00Z"}
    person = {"id": "5", "properties": {"email": "ana@acme.example", "firstname": "Ana", "lastname": "Gil"}}
    folder = Path("api")
    folder.mkdir()
    for name, found in (("deals", deal), ("contacts", person)):
        (folder / f"{name}.json").write_text(
            json.dumps({"results": [found], "paging": {"next": {"after": "9"}}})
        )
    assert _plan(cli, folder)["questions"] == []
    cli("import", "run", "m")
    assert [deals(root)["11"][key] for key in ("title", "status", "amount")] == ["Roof", "won", 1000]
    assert _read(next(root.glob("contacts/*.yaml")))["name"] == "Ana Gil"


def test_deals_that_are_here_by_another_id_are_told_before_they_come_once_more(cli: Cli, root: Path) -> None:
    rows = ("Roof,Acme,Demo,1,2026-12-20", "Door,Zed,Won,2,2026-01-05")
    named = _files("named", deals="\n".join(("Deal Name,Customer,Stage,Amount,Close Date", *rows)))
    by_id = _files(
        "by_id",
        deals="\n".join(
            ("Deal ID,Deal Name,Customer,Stage,Amount,Close Date", f"7,{rows[0]}", f"8,{rows[1]}")
        ),
    )
    _plan(cli, named)
    cli("import", "run", "m")
    assert "once more" not in cli("import", "plan", str(named), "--into", "again").out
    told = (
        "2 deals with the name of one that is here by another id or none, the first in line 2, will come once"
    )
    assert told in cli("import", "plan", str(by_id), "--into", "ids").out
    for key, deal in deals(root).items():
        cli("opp", "set", str(deal["id"]), f"external_id={7 if key.startswith('Roof') else 8}")
    assert "once more" not in cli("import", "plan", str(by_id), "--into", "ids", "--force").out
    assert (
        "2 deals" in cli("import", "plan", str(named), "--into", "again", "--force").out
    )  # as they have no ids


def test_a_firms_own_address_makes_no_person_of_it(cli: Cli, root: Path) -> None:
    """As in sevDesk, where each row is a firm or a person: `info@hoefer.example` became a contact."""
    Path("x").mkdir()
    text = "Nr;Organisation;Vorname;Nachname;E-Mail;Gehört zu\n1;Höfer GmbH;;;info@hoefer.example;\n"
    Path("x/Kontakte.csv").write_text(text + "2;Söhne KG;;;;\n3;;Ana;Gil;ana@hoefer.example;Höfer GmbH\n")
    cli("import", "plan", "x", "--into", "m")
    cli("import", "run", "m")
    assert [file.stem for file in sorted((root / "contacts").iterdir())] == ["ana-gil"]
    assert "email: info@hoefer.example" in (root / "customers/hofer-gmbh.yaml").read_text()
    assert "customer: hofer-gmbh" in (root / "contacts/ana-gil.yaml").read_text()
