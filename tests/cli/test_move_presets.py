"""The presets of vendors: each file is taken for the right one, and becomes a mapping that is imported."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from ryaml import loads

from pipecli.inbox.importing.import_files import File, import_rows, prepare_import
from pipecli.inbox.importing.mapping import row_kind_named
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving import Preset, presets, vendors
from pipecli.inbox.moving.arithmetic import Worth, numbers
from pipecli.inbox.moving.plan import make_plan
from pipecli.inbox.moving.recognise_vendor import recognise
from pipecli.inbox.moving.vocabulary import kinds_of_rows, of_activity, of_papers_statuses, outcome_of
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Planner
from tests.conftest import Cli, copied
from tests.importing import Git, deals, state


def test_a_state_that_is_denied_awaited_partial_or_to_come_is_not_taken_for_the_state() -> None:
    """`Not accepted` came as accepted, its deal won, and `Sin completar` as done, and all agreed."""
    accepted = ("Accepted", "Aceptado por el cliente", "Accepted (not signed)", "تایید شده")
    sent = ("Sent, awaiting reply", "Pending", "En attente", "Sent to customer")
    untold = """Not accepted|Awaiting acceptance|Pendiente de aceptar|No aceptado|Noch nicht angenommen
Non accepté|Pending approval|Partially invoiced|Not (yet) accepted|Order open|To be sent|Por enviar
À envoyer|Da inviare|Zu versenden|Not expired|In attesa di conferma
Aguardando aprovação|پذیرفته نشده|در انتظار تایید"""
    words = [*accepted, *sent, "Rejected no budget", *re.split(r"[|\n]", untold)]
    assert of_papers_statuses("quotations", words)["values"] == {
        **dict.fromkeys(accepted, "accepted"),
        **dict.fromkeys(sent, "sent"),
        "Rejected no budget": "rejected",
    }
    words = """Not delivered|Partially delivered|Ready to deliver|To Deliver and Bill|50 % delivered
Delivery pending|Teilweise geliefert|Sin entregar|À livrer
Da consegnare|A entregar|Não entregue|Not cancelled|تحویل نشده"""
    assert not of_papers_statuses("orders", re.split(r"[|\n]", words))["values"]
    words = "Not done|Incomplete|Uncompleted|Partly done|Nicht erledigt|Sin completar|To be done|انجام نشده"
    done = of_activity("done", (*words.split("|"), "Completed by Ana", "انجام شده"))["values"]
    assert [word for word, is_done in done.items() if is_done] == ["Completed by Ana", "انجام شده"]
    told = {
        "Not won": "lost",
        "Not lost": None,
        "Closed/Won": "won",
        "Closed - Lost": "lost",
        "To be won": None,
    }
    told |= {"Lost no budget": "lost", "Nicht gewonnen": "lost", "To be won": None, "On hold": "open"}
    assert {word: outcome_of(word) for word in told} == told


def test_a_discount_of_a_paper_is_a_percent_or_an_amount_as_its_cell_says() -> None:
    """A column with `5%` and `30,00` was kept as custom, and the papers came without their discounts."""
    rows = [Row(line, {"Desconto": cell}) for line, cell in enumerate(("5%", "30,00", ""), 2)]
    table = Table("orcamentos.csv", ["Desconto"], rows)
    assert numbers(table, "Desconto", [Worth(Decimal(1000))] * 3) == [50, 30, None]
    assert numbers(table, "Desconto") == []


def test_the_vendors_are_those_that_people_move_from() -> None:
    assert vendors() == [
        "bitrix24", "close", "copper", "dynamics", "erpnext", "frappe", "google", "hubspot", "linkedin",
        "odoo", "pipedrive", "salesforce", "shopify", "suitecrm", "vtiger", "zoho",
    ]  # fmt: skip


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_file_with_all_columns_of_a_preset_is_taken_for_it(preset: Preset) -> None:
    assert preset.kind in kinds_of_rows()
    columns = [*dict.fromkeys([*preset.columns, *preset.recognise])]
    row = Row(2, dict.fromkeys(columns, "x"))
    table = Table(f"{_name_of(preset)}.csv", columns, [row])
    told = recognise([table], preset.vendor)[0]
    assert told is not None
    assert (told.preset, told.kind) == (preset.name, preset.kind)
    capitals = [*dict.fromkeys(column.upper() for column in columns)]  # as Data Loader writes them
    shouted = recognise([Table(table.name, capitals, [Row(2, dict.fromkeys(capitals, "x"))])], preset.vendor)
    assert shouted[0] is not None
    assert shouted[0].preset == preset.name
    everybody = recognise([table])[0]
    assert everybody is not None
    assert everybody.kind == preset.kind


@pytest.fixture(scope="module")
def unchanged(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline for several stories, which they only read."""
    pipeline = Pipeline.find(copied(founded, tmp_path_factory.mktemp("unchanged") / "contoso"))
    yield pipeline
    pipeline.close()


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_each_preset_becomes_a_mapping_without_a_fault(preset: Preset, unchanged: Pipeline) -> None:
    columns = [*dict.fromkeys([*preset.columns, *preset.recognise])]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerow([_example(str(preset.columns.get(column, ""))) for column in columns])
    file = File(f"{_name_of(preset)}.csv", out.getvalue().encode())
    plan = make_plan([file], unchanged, file.name, preset.vendor)
    step, *_ = plan.steps
    row_kind = row_kind_named(step.kind)
    assert row_kind is not None
    table, source = import_rows(file, File(step.map, plan.pages[step.map].encode()), row_kind)
    prepare_import(unchanged, row_kind, table, source, Planner(unchanged), lambda _: None)


def _name_of(preset: Preset) -> str:
    """What a file of this kind is called."""
    return re.findall(r"\w+", preset.file if preset.named else preset.kind.removesuffix("s"))[0]


def _example(role: str) -> str:
    if any(word in role for word in ("close", "date", "created", "'at'")) or role == "at":
        return "2026-02-03"
    if role in ("currency", "status", "stage"):
        return "EUR" if role == "currency" else "Won"
    return "20" if role in ("amount", "amount_shown", "won_amount", "probability", "duration") else "Ana Ruiz"


@pytest.mark.usefixtures("at_a_desk")
def test_files_as_vendors_write_them_bring_every_deal(cli: Cli, root: Path) -> None:
    """Notes below a report, a web page called xls, British headers, endings among the stages."""
    head = "ID,Deal Name,Stage,Companies,Income,Currency,Responsible,Assumed close date".split(",")
    rows = [
        ["1", "Größe &amp; Co", "Deal won", "Aurora", "1000.50", "Euro", "Ana Ruiz", "02/25/2026"],
        ["2", "Neubau<br>2", "New", "Aurora", "20", "US Dollar", "Ana Ruiz", "12/24/2026"],
    ]
    cells = ["".join(f"<td>{cell}</td>" for cell in row) for row in [head, *rows]]
    page = f"<meta http-equiv='Content-type'><table border='1'><tr>{'</tr><tr>'.join(cells)}</tr></table>"
    titles = (
        "Opportunity Name,Account Name,Stage,Amount,Close Date,Created Date,Type\n"
        "Roof,Aurora,Closed Won,10,2/25/2026,1/14/2026,\nDoor,Aurora,Prospecting,20,12/24/2026,1/15/2026,\n"
    )
    notes = '\n"Opportunity Report"\n"Copyright (c) 2000-2026"\n"Generated By: Ana 1/2/2026"\n"Aurora"\n'
    people = "Person - ID,Person - Name,Person - Organisation\n7,Mia Berg,Aurora\n"
    british = (
        "Deal - ID,Deal - Title,Deal - Organisation,Contact person,Deal - Stage,Deal - Status,Deal - Value\n"
        "1,Roof,Aurora,,Qualified,Open,20\n2,Door,Aurora,,Won,Won,10\n"
    )
    for name, text in {
        "DEAL_1.xls": page, "report17.csv": titles + notes, "deals.csv": british, "people.csv": people,
    }.items():  # fmt: skip
        Path("ex").mkdir(exist_ok=True)
        (Path("ex") / name).write_text(text, encoding="utf-8")
    assert "1 of 1" not in cli("import", "plan", "ex/DEAL_1.xls", "--into", "b").out
    assert "they agree" in cli("import", "run", "b").out
    won, new = (deals(root)[key] for key in "12")
    assert (won["title"], won["closed"]["amount"], won["customer"]) == ("Größe & Co", 1000.5, "aurora")
    assert (new["currency"], new["owner"], new["expected_close"]) == ("USD", "ana-ruiz", "2026-12-24")
    cli("import", "plan", "ex/report17.csv", "--into", "r")
    assert "2 rows of report17.csv: 2 made" in cli("import", "run", "r").out
    assert "nothing to change" in cli("import", "run", "r").out  # known by title, customer and day
    for name in ("DEAL_1.xls", "report17.csv"):
        (Path("ex") / name).unlink()
    cli("import", "plan", "ex", "--into", "p")
    settings = Path("p/settings.yaml").read_text()
    assert "name: Qualified" in settings
    assert "name: Won" not in settings


@pytest.mark.usefixtures("at_a_desk")
def test_amounts_in_cents_and_two_people_of_one_name_falsify_no_deal(cli: Cli, root: Path) -> None:
    head = "id,lead_name,status_type,status_label,value,value_formatted,value_currency,date_won,date_lost,"
    head += "date_created\n"
    rows = (
        'a,Aurora,active,New,300000,"$3,000",USD,2026-12-24,,2026-01-31 09:30:00 PM\n'
        "b,Aurora,won,Won,50050,$500.50,USD,2026-02-25,,2026-01-13 09:30:00 AM\n"
        "c,Aurora,lost,Lost,100,$1,USD,2026-12-01,2026-03-05,2026-01-14 10:00:00 AM\n"
    )
    Path("opps.csv").write_text(head + rows)
    cli("import", "plan", "opps.csv", "--into", "c")
    assert "they agree" in cli("import", "run", "c").out
    new, won, lost = (deals(root)[key] for key in "abc")
    assert (new["amount"], new["expected_close"], won["closed"]["amount"]) == (3000, "2026-12-24", 500.5)
    assert (lost["closed"]["date"], str(new["created"])[:16]) == ("2026-03-05", "2026-01-31T21:30")
    Path("opps.csv").write_text((head + rows).replace("value_formatted", "shown"))
    assert "value: 300000 in cents, or whole?" in cli("import", "plan", "opps.csv", "--into", "d").out
    Path("p").mkdir()
    Path("p/people.csv").write_text(
        "ID,Name,Organization\n1,Mia Berg,Aurora\n2,Mia Berg,Aurora\n3,Bo Li,Aurora\n"
    )
    Path("p/deals.csv").write_text(
        "ID,Title,Organization,Contact person,Stage,Status,Value,Currency\n"
        "1,Roof,Aurora,Mia Berg,New,Open,5,EUR\n2,Door,Aurora,Bo Li,New,Open,6,EUR\n"
    )
    assert "two contacts of one customer are called Mia Berg" in cli("import", "plan", "p", "--into", "e").out
    assert "they agree" in cli("import", "run", "e").out
    assert "contacts" not in deals(root)["1"]
    assert deals(root)["2"]["contacts"][0]["contact"] == "bo-li"


@pytest.mark.usefixtures("at_a_desk")
def test_several_values_in_a_cell_of_googles_are_all_the_contacts(cli: Cli, root: Path, git: Git) -> None:
    header = (
        "First Name,Last Name,Organization Name,Organization Title,E-mail 1 - Label,E-mail 1 - Value,"
        "E-mail 2 - Value,Phone 1 - Value,Phone 2 - Value,Labels\n"
    )
    row = "Mia,Berg,Aurora ::: Luz,CEO ::: CTO,* Work,m@x.example ::: mia@y.example,n@z.example,1 ::: 2,3,"
    Path("contacts.csv").write_text(
        f"{header}{row}* myContacts ::: Friends ::: Café\nBo,Li,Aurora,,,nowhere ::: b@x.example,,,,\n"
        ",,,,,z@x.example ::: y@x.example,,,,* myContacts\n"
    )
    cli("import", "plan", "contacts.csv", "--into", "g")
    report = cli("import", "run", "g", code=1).out
    assert '1 rejected, as: E-mail 1 - Value: "nowhere" isn\'t an e-mail address' in report
    mia, zoe = (loads(path.read_text()) for path in sorted((root / "contacts").rglob("*.yaml")))
    assert mia["emails"] == ["m@x.example", "mia@y.example", "n@z.example"]
    assert (mia["phones"], mia["tags"], mia["customer"], mia["title"]) == (
        ["1", "2", "3"], ["Friends", "Café"], "aurora", "CEO",
    )  # fmt: skip
    assert (zoe["name"], zoe["emails"]) == ("z@x.example", ["z@x.example", "y@x.example"])
    assert "tags" not in zoe

    before = state(git)
    cli("import", "run", "g", code=1)
    assert state(git) == before
    cli("contact", "set", "mia-berg", "phones=1,2,3,4", "tags=Café,Friends,Ours")
    fewer = row.replace("m@x.example ::: ", "").replace("1 ::: 2,3", "1,3")
    Path("contacts.csv").write_text(f"{header}{fewer}* starred ::: Friends\n")
    cli("import", "run", "g")
    mia = loads((root / "contacts/mia-berg.yaml").read_text())
    assert (mia["emails"], mia["phones"], mia["tags"]) == (
        ["mia@y.example", "n@z.example"], ["1", "3", "4"], ["* starred", "Friends", "Ours"],
    )  # fmt: skip


@pytest.mark.usefixtures("at_a_desk")
def test_lines_tags_and_names_come_with_the_deal_in_whose_rows_they_stand(cli: Cli, root: Path) -> None:
    """Products in rows of Bitrix24 in three languages, tags below a lead of Odoo, columns of Data Loader."""
    files = {
        "bx/DEAL_1.csv": "ID;Стадия сделки;Название сделки;Компания;Контакт;Сумма;Валюта;Ответственный;"
        "Дата создания;Предполагаемая дата закрытия;Товар;Цена;Количество\n"
        "b1;Новая;Крыша;Аврора;Анна Ли;50;Евро;Ana Ruiz;13.01.2026;24.12.2026;Насос;20;2\n"
        "b1;Новая;Крыша;Аврора;Анна Ли;50;Евро;Ana Ruiz;13.01.2026;24.12.2026;Шланг;10;1\n"
        "b2;Сделка провалена;Дверь;Аврора;;7;Доллар США;Ana Ruiz;14.01.2026;25.02.2026;;;\n",
        "odoo/Lead (crm.lead).csv": "External ID,Opportunity,Customer,Contact Name,Stage,Expected Revenue,"
        "Expected Closing,Created on,Lost Reason,Tags\n"
        "o1,Roof,Borealis,Ben Li,New,9,2026-12-24,2026-01-13 08:00:00,,Hot\n,,,,,,,,,Größe\n"
        "o2,Door,Borealis,,Won,8,2026-02-24,2026-01-14 08:00:00,,\n",
        "sf/Opportunity.csv": "Id,Name,StageName,CloseDate,Amount,Account.Name,Owner.Name\n"
        "s1,Roof,Prospecting,2026-12-24,30,Cassini,Ana Ruiz\n",
        "sf/OpportunityLineItem.csv": "Id,OpportunityId,Product2.Name,Product2.ProductCode,Quantity,"
        "UnitPrice\n"
        "l1,s1,Pump,EN-200.5/A,3,10\n",
        "hs/hubspot-all-deals.csv": "Record ID,Deal Name,Deal Stage,Amount,Close Date,Associated Contact\n"
        "h1,Roof,Contract Sent,60,2026-12-24 10:00,Cy Lo (cy@x.example);Di Mo (di@x.example)\n",
        "en/Opportunity.csv": "ID,Opportunity From,Customer Name,Status,Sales Stage,Opportunity Amount\n"
        "e1,Customer,Aurora,Open,Prospecting,70\n",
        "en/Quotation.csv": "ID,Quotation To,Date,Valid Till,Currency,Grand Total,Net Total,Opportunity\n"
        "q1,Customer,2026-01-05,2026-02-05,EUR,121,100,e1\n",
    }  # fmt: skip
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    for folder, sums in (("bx", "Новая: 1 row 50.00 EUR |"), ("odoo", "Won: 1 row 8"), ("sf", "1 row 30"),
                         ("hs", "1 row 60"), ("en", "1 row 70")):  # fmt: skip
        cli("import", "plan", folder, "--into", f"moves/{folder}")
        out = cli("import", "run", f"moves/{folder}").out
        assert "they agree" in out and sums in out, out
        assert "nothing to change" in cli("import", "run", f"moves/{folder}").out
    own = deals(root)
    lines = [(line["description"], line["unit_price"], line.get("quantity")) for line in own["b1"]["items"]]
    assert lines == [("Насос", 20, 2), ("Шланг", 10, 1)]
    assert (own["b1"]["amount"], own["b1"]["currency"], own["b2"]["currency"]) == (50, "EUR", "USD")
    assert (own["b2"]["status"], own["b1"]["contacts"]) == ("lost", [{"contact": "anna-li"}])
    assert (own["o1"]["tags"], own["o1"]["contacts"]) == (["Hot", "Größe"], [{"contact": "ben-li"}])
    assert (own["s1"]["customer"], own["s1"]["owner"]) == ("cassini", "ana-ruiz")
    assert own["s1"]["items"][0]["product"] == "en-200-5-a"
    contact = json.loads(cli("contact", "show", "cy-lo", "--format", "json").out)
    assert (contact["name"], contact["emails"]) == ("Cy Lo", ["cy@x.example"])
    assert own["h1"]["contacts"] == [{"contact": "cy-lo"}, {"contact": "di-mo"}]
    (quotation,) = json.loads(cli("export", "quotations", "--format", "json").out)
    assert [line["unit_price"] for line in quotation["items"]] == [100]


@pytest.mark.usefixtures("at_a_desk")
def test_days_of_the_persian_calendar_are_refused_and_an_empty_column_of_reasons_is_none(
    cli: Cli, root: Path
) -> None:
    head = "شناسه,عنوان,مشتری,مرحله,مبلغ,تاریخ بستن,دلیل شکست\n"
    Path("فروش.csv").write_text(head + "1,سقف,پارس,ناموفق,۵,۱۴۰۴/۰۸/۱۰,\n", encoding="utf-8")
    assert (
        '"۱۴۰۴/۰۸/۱۰" is a day of the Persian calendar'
        in cli("import", "plan", "فروش.csv", "--into", "m", code=1).err
    )
    Path("فروش.csv").write_text(head + "1,سقف,پارس,ناموفق,۵,۲۰۲۶/۰۱/۱۳,\n", encoding="utf-8")
    cli("import", "plan", "فروش.csv", "--into", "m")
    assert "they agree" in cli("import", "run", "m").out
    assert deals(root)["1"]["closed"]["reasons"] == ["unknown"]
    Path("d.csv").write_text("title,currency,expected_close\nRoof,EUR,1404-08-10\n")
    assert "Persian calendar" in cli("import", "opportunities", "d.csv", code=1).out


@pytest.mark.usefixtures("at_a_desk")
def test_lists_in_objects_of_json_are_tables_of_their_own(cli: Cli, root: Path) -> None:
    lead = {
        "id": "lead_1", "display_name": "Aurora", "name": "Aurora", "status_label": "Potential",
        "contacts": [
            {"id": f"cont_{n}", "name": "Ann Li", "emails": [{"email": f"a{n}@a.example", "type": "office"}]}
            for n in (1, 2)
        ],
        "opportunities": [
            {"id": f"oppo_{n}", "lead_name": "Aurora", "lead_id": "lead_1", "status_label": label,
             "status_type": kind, "value": 1050 * n, "value_formatted": f"${10.5 * n}",
             "value_currency": "USD", "date_won": "2026-01-02",
             "date_created": "2026-01-01T10:00:00+00:00", "contact_id": "cont_2"}
            for n, (label, kind) in enumerate([("Proposal", "active"), ("Won", "won"), ("Sent", "active")], 1)
        ],
    }  # fmt: skip
    Path("leads.json").write_text(
        json.dumps([lead, {**lead, "id": "lead_2", "contacts": [], "opportunities": []}])
    )
    told = cli("import", "plan", "leads.json", "--into", "m").out
    assert "opportunities: 3 rows of leads.json (opportunities) (close/opportunities.yaml)" in told
    assert "they agree" in cli("import", "run", "m").out
    own = deals(root)
    assert [own[key]["amount"] for key in ("oppo_1", "oppo_2", "oppo_3")] == [10.5, 21, 31.5]
    assert own["oppo_2"]["closed"]["amount"] == 21
    assert {(own[key]["customer"], own[key]["title"]) for key in own} == {("aurora", "Aurora")}
    emails = json.loads(
        cli("contact", "show", own["oppo_1"]["contacts"][0]["contact"], "--format", "json").out
    )
    assert emails["emails"] == ["a2@a.example"]


@pytest.mark.usefixtures("at_a_desk")
def test_an_answer_holds_and_two_orders_of_days_are_no_question(cli: Cli, root: Path) -> None:
    head = "Deal ID,Deal Name,Stage,Amount,Close Date,Probability\n"
    Path("d.csv").write_text(f"{head}1,A,New,$10,2026-04-03,0.2\n2,B,New,$20,2026-04-03,0.5\n3,C,New,,,0.5\n")
    for percents, expected in (("percent", 0.2), ("fraction", 20)):
        cli("import", "plan", "d.csv", "--into", percents)
        page = Path(percents, "plan.yaml")
        text = page.read_text()
        wrong = text.replace("answer:", f"answer: {percents}", 1).replace("answer:\n", "answer: dollars\n")
        page.write_text(wrong)
        assert '"dollars" isn\'t a currency code' in cli("import", "run", percents, code=1).err
        page.write_text(wrong.replace("dollars", "USD"))
        cli("import", "run", percents, "--keep", "file")
        assert (deals(root)["1"]["probability"], deals(root)["1"]["currency"]) == (expected, "USD")
    page.write_text(page.read_text().replace("percents: fraction", "percents: percent"))
    cli("import", "plan", "d.csv", "--into", percents, "--force")  # with the answers as they stand there
    cli("import", "run", percents)
    assert deals(root)["1"]["probability"] == 0.2
    Path("d.csv").write_text(f"{head}1,A,New,10,25/04/2026,\n2,B,New,20,04/25/2026,\n3,C,New,5,03/04/2026,\n")
    said = cli("import", "plan", "d.csv", "--into", "n", code=1).err
    assert "one column has one order of day and month" in said

    # Dates that people wrote in four ways: those with another sign tell their own order.
    days = {"4": "27/01/2026", "5": "04/05/2026", "6": "04-26-2026", "7": "03-04-2026", "8": "2026/12/06"}
    rows = "".join(f"{key},D,New,10,{day},\n" for key, day in days.items())
    Path("d.csv").write_text(head + rows + "9,D,New,10,2026-07-01,\n")
    cli("import", "plan", "d.csv", "--into", "o")
    cli("import", "run", "o")
    assert [deals(root)[key]["expected_close"] for key in "456789"] == [
        "2026-01-27", "2026-05-04", "2026-04-26", "2026-03-04", "2026-12-06", "2026-07-01",
    ]  # fmt: skip


@pytest.mark.usefixtures("at_a_desk")
def test_rows_that_a_vendor_writes_about_nothing_here_fail_no_night(cli: Cli, root: Path) -> None:
    """A quotation of no deal in Odoo, a call that was missed in Zoho, a LinkedIn member who has left."""
    deals_of_odoo = "External ID,Opportunity,Customer,Stage,Expected Revenue\nlead_1,Roof,Aurora,New,10\n"
    lines = "Customer,Status,Order Lines/Product,Order Lines/Quantity,Order Lines/Unit Price"
    odoo = {
        "crm.lead.csv": deals_of_odoo,
        "sale.order.csv": f"External ID,Order Reference,Opportunity/External ID,{lines}\n"
        "so_1,S1,lead_1,Aurora,Quotation,Wheel,2,5\n,,,,,Tyre,1,7\nso_2,S2,,Aurora,Quotation,Wheel,1,5\n",
    }
    zoho = {
        "Deals.csv": "Record Id,Deal Name,Account Name,Stage,Amount,Closing Date\n"
        "z1,Door,Luz,Qualification,5,2026-12-01\n",
        "Calls.csv": "Record Id,Subject,Call Type,Call Start Time,Related To.id\n"
        "c1,Hello,Missed,2026-11-20 10:00,z1\n",
    }
    linkedin = {
        "Connections.csv": "First Name,Last Name,URL,Company,Position,Connected On\n"
        "Ana,Ruiz,https://l.example/a,Luz,CEO,05 Mar 2024\n,,,,,06 Mar 2024\n"
    }
    for vendor, files in (("odoo", odoo), ("zoho", zoho), ("linkedin", linkedin)):
        Path(vendor).mkdir()
        for name, text in files.items():
            Path(vendor, name).write_text(text)
        cli("import", "plan", vendor, "--into", f"m/{vendor}", "--from", vendor)
        cli("import", "run", f"m/{vendor}")
    assert (
        len(list((root / "quotations").rglob("*.yaml")))
        == len(list((root / "contacts").rglob("*.yaml")))
        == 1
    )
    assert deals(root)["z1"]["activities"][0]["direction"] == "in"


@pytest.mark.usefixtures("at_a_desk")
def test_quotations_of_odoo_come_in_french_with_their_lines_and_their_status(cli: Cli, root: Path) -> None:
    Path("x").mkdir()
    Path("x/Piste_Opportunité (crm.lead).csv").write_text(
        "ID externe,Opportunité,Client,Revenu attendu,Étape,Probabilité,Créé le\n"
        "lead_1,Toit,Aurora,70,Nouveau,20,2026-01-02 09:00:00\n",
        encoding="utf-8",
    )
    Path("x/Bon de commande (sale.order).csv").write_text(
        "ID externe,Référence de la commande,Client,Opportunité,Date de la commande,Statut,Total,"
        "Lignes de la commande/Article,Lignes de la commande/Quantité,Lignes de la commande/Prix unitaire\n"
        "so_1,S0001,Aurora,Toit,2026-01-03 09:00:00,Devis envoyé,70,Tuile,3,20\n,,,,,,,Clou,10,1\n",
        encoding="utf-8",
    )
    Path("x/Angebote.csv").write_text(
        "Datensatz-ID,Betreff,Angebotsphase,Abschluss-Name,Firmenname,Gültig bis,Gesamtbetrag\n"
        "zcrm_9,Dach 2026,Entwurf,Cave,Aurora,2026-12-01,10\n",
        encoding="utf-8",
    )
    assert (
        "files that are not known, and stay out: Angebote.csv"
        in cli("import", "plan", "x", "--into", "m").out
    )
    assert cli("import", "run", "m").out.count("they agree") == 2
    assert [path.stem for path in (root / "customers").iterdir()] == ["aurora"]
    (path,) = root.glob("quotations/**/*.yaml")
    quotation = loads(path.read_text())
    assert (quotation["status"], [item["unit_price"] for item in quotation["items"]]) == ("sent", [20, 1])


@pytest.mark.usefixtures("at_a_desk")
@pytest.mark.parametrize("has_products", [False, True])
def test_lines_of_salesforce_are_called_by_their_text_else_their_product(
    cli: Cli, root: Path, has_products: bool
) -> None:
    files = {
        "Opportunity.csv": "Id,Name,StageName,CloseDate,Amount,Account.Name\n"
        "s1,Roof,Prospecting,2026-12-24,60,Luz\n",
        "OpportunityLineItem.csv": "Id,OpportunityId,Product2Id,Name,ProductCode,Quantity,UnitPrice,"
        "Description\nl1,s1,01tA,Roof Pump,EN-1,3,10,\n"
        "l2,s1,01tB,,EN-2,2,10,\nl3,s1,01tB,Roof Hose,EN-2,1,10,Spare\n",
    } | ({"Product2.csv": "Id,Name,ProductCode\n01tA,Pump,EN-1\n01tB,Hose,EN-2\n"} if has_products else {})
    Path("sf").mkdir()
    for name, text in files.items():
        Path("sf", name).write_text(text, encoding="utf-8")
    cli("import", "plan", "sf", "--into", "m")
    assert "they differ" not in cli("import", "run", "m").out
    lines = [line["description"] for line in deals(root)["s1"]["items"]]
    assert lines == (["Pump", "Hose", "Spare"] if has_products else ["Roof Pump", "EN-2", "Spare"])


@pytest.mark.usefixtures("at_a_desk")
def test_currencies_are_known_by_their_names(cli: Cli, root: Path) -> None:
    called = {"NOK": "Norwegian Krone", "PLN": "Zloty", "RUB": "Российский рубль", "SEK": "couronne suédoise"}
    rows = "".join(f"{code},{name},A,New,10,{name}\n" for code, name in called.items())
    Path("Deals.csv").write_text(f"ID,Deal,Company,Stage,Amount,Currency\n{rows}", encoding="utf-8")
    cli("import", "plan", "Deals.csv", "--into", "m")
    assert "they agree" in cli("import", "run", "m").out
    assert [deals(root)[code]["currency"] for code in called] == [*called]


@pytest.mark.usefixtures("at_a_desk")
def test_dynamics_is_read_by_the_names_of_its_attributes(cli: Cli, root: Path) -> None:
    files = {
        "systemuser": "systemuserid,fullname,internalemailaddress\na-1,Eva Stone,eva@co.example\n",
        "account": "accountid,name\nb-1,Aurora\n",
        "contact": "contactid,fullname,emailaddress1\nc-1,Ben Li,ben@x.example\n",
        "opportunity": "opportunityid,name,parentaccountid,parentcontactid,ownerid,estimatedvalue,"
        "actualvalue,estimatedclosedate,actualclosedate,statecode,statuscode,stepname,transactioncurrencyid\n"
        "d-1,Roof,b-1,c-1,a-1,10,,2026-12-24,,0,1,2-Develop,Norwegian Krone\n"
        "d-2,Door,b-1,c-1,a-1,20,25,2026-02-24,2026-02-20,1,3,3-Propose,Euro\n"
        "d-3,Wall,b-1,c-1,a-1,30,,2026-02-24,2026-02-21,2,5,3-Propose,Euro\n",
    }
    Path("x").mkdir()
    for name, text in files.items():
        Path("x", f"{name}.csv").write_text(text, encoding="utf-8")
    told = json.loads(cli("import", "plan", "x", "--into", "m", "--format", "json").out)
    assert told["questions"] == []
    assert "they agree" in cli("import", "run", "m").out
    own = deals(root)
    assert [own[key]["status"] for key in ("d-1", "d-2", "d-3")] == ["open", "won", "lost"]
    assert (own["d-1"]["currency"], own["d-1"]["stage"], own["d-2"]["closed"]["amount"]) == (
        "NOK", "2-develop", 25,
    )  # fmt: skip
    assert (own["d-1"]["customer"], own["d-1"]["owner"]) == ("aurora", "eva-stone")
    assert (own["d-1"]["contacts"], own["d-3"]["closed"]["reasons"]) == (
        [{"contact": "ben-li"}],
        ["out-sold"],
    )


@pytest.mark.usefixtures("at_a_desk")
@pytest.mark.parametrize(
    ("name", "header", "state"),
    [
        ("Deals", "ID;Oportunidad;Empresa;Contacto;Correo electrónico;Estado;Importe;Cierre;Razón",
         "Perdida"),
        ("Deals", "ID;Affaire;Société;Contact;Courriel;Statut;Montant;Clôture;Why lost", "Perdue"),
        ("crm.lead", "ID;Opportunity;Customer;Contact Name;Email;Stage;Expected Revenue;Closed Date;"
         "Lost Reason", "New"),
        ("DEAL", "ID;Название сделки;Компания;Контакт;Контакт: Рабочий e-mail;Стадия сделки;Сумма;"
         "Дата завершения;Причина отказа", "Сделка провалена"),
    ],
)  # fmt: skip
def test_the_address_beside_a_deals_contact_and_why_it_was_lost_are_known(
    cli: Cli, root: Path, name: str, header: str, state: str
) -> None:
    rows = "".join(
        f"{row};{state};9;2026-02-24;Price\n"
        for row in ("1;A;Luz;Ana Sol;ana@x.example", "2;B;Luz;;bea@x.example")
    )
    Path(f"{name}.csv").write_text(f"{header}\n{rows}", encoding="utf-8")
    cli("import", "plan", f"{name}.csv", "--into", "m")
    assert "they agree" in cli("import", "run", "m").out
    own = deals(root)
    assert [own[key]["closed"]["reasons"] for key in "12"] == [["price"], ["price"]]
    contacts = json.loads(cli("export", "contacts", "--format", "json").out)
    assert {one["emails"][0]: one["name"] for one in contacts} == {
        "ana@x.example": "Ana Sol", "bea@x.example": "bea@x.example",
    }  # fmt: skip


@pytest.mark.usefixtures("at_a_desk")
def test_a_lead_of_salesforce_keeps_the_id_of_the_deal_that_it_became(cli: Cli, root: Path) -> None:
    Path("Lead.csv").write_text(
        "Id,LastName,Company,Status,IsConverted,LastModifiedDate,ConvertedOpportunityId\n"
        "00QA,Sol,Luz,Qualified,true,2026-02-01,006A\n00QB,Roy,Sur,New,false,2026-02-01,000000000000000AAA\n"
    )
    cli("import", "plan", "Lead.csv", "--into", "m", "--from", "salesforce")
    cli("import", "run", "m")
    leads = {lead["name"]: lead for lead in json.loads(cli("export", "leads", "--format", "json").out)}
    assert leads["Sol"]["custom"]["converted_opportunity"] == "006A"
    assert "converted_opportunity" not in leads["Roy"]["custom"]


def _moved(cli: Cli, answers: dict[str, str] | None = None, **texts: str) -> str:
    Path("x").mkdir()
    for name, text in texts.items():
        Path("x", f"{name}.csv").write_text(text, encoding="utf-8")
    told = json.loads(cli("import", "plan", "x", "--into", "m", "--format", "json").out)
    assert [question["about"] for question in told["questions"]] == [*(answers or {})]
    page = Path("m/plan.yaml")
    for answer in (answers or {}).values():
        page.write_text(page.read_text().replace("answer:\n", f"answer: {answer}\n", 1))
    return cli("import", "run", "m").out


@pytest.mark.usefixtures("at_a_desk")
def test_the_web_api_of_dynamics_has_a_value_for_each_id(cli: Cli, root: Path) -> None:
    _moved(
        cli,
        {"currencies": "{e-1: EUR, e-2: USD}"},
        systemusers="systemuserid,fullname\na-1,Eva Stone\n",
        accounts="accountid,name\nb-1,Aurora\n",
        contacts="contactid,fullname,_parentcustomerid_value\nc-1,Ben Li,b-1\n",
        opportunities="opportunityid,name,_customerid_value,_parentcontactid_value,_ownerid_value,estimatedvalue,"
        "estimatedclosedate,statecode,stepname,_transactioncurrencyid_value\n"
        "d-1,Roof,b-1,c-1,a-1,10,2026-12-24,0,2-Develop,e-1\nd-2,Door,b-1,c-1,a-1,20,2026-12-24,0,2-Develop,e-2\n",
        leads="leadid,fullname,companyname,statecode,modifiedon\nl-1,Mia Sol,Luz,0,2026-02-01\n"
        "l-2,Jon Roy,Sur,1,2026-02-01\nl-3,Ida Ek,Norr,2,2026-02-01\n",
        quotes="quoteid,name,_opportunityid_value,totallineitemamount,totalamount,statecode,_transactioncurrencyid_value\n"
        "q-1,Offer,d-2,200.0000,200.0000,1,e-2\n",
        quotedetails="quotedetailid,_quoteid_value,productdescription,quantity,priceperunit,baseamount\n"
        "i-1,q-1,Hinge,2,100,200\n",
    )
    own = deals(root)
    assert [own[key]["currency"] for key in ("d-1", "d-2")] == ["EUR", "USD"]
    assert (own["d-1"]["customer"], own["d-1"]["owner"], own["d-1"]["contacts"]) == (
        "aurora", "eva-stone", [{"contact": "ben-li"}],
    )  # fmt: skip
    leads = json.loads(cli("export", "leads", "--format", "json").out)
    assert {lead["name"]: lead["status"] for lead in leads} == {
        "Mia Sol": "open", "Jon Roy": "converted", "Ida Ek": "disqualified",
    }  # fmt: skip
    (quote,) = json.loads(cli("export", "quotations", "--format", "json").out)
    assert (quote["opportunity"], quote["status"], quote["currency"]) == (own["d-2"]["id"], "sent", "USD")
    assert [(line["description"], line["quantity"]) for line in quote["items"]] == [("Hinge", 2)]


@pytest.mark.usefixtures("at_a_desk")
def test_a_person_of_a_customer_stands_for_the_customer_in_odoo(cli: Cli, root: Path) -> None:
    _moved(
        cli,
        {},
        **{
            "Contact (res.partner)": "External ID,Name,Is a Company,Related Company,Email,Phone\n"
            'p1,"Sol, Luz y Sur",True,,,1\np2,Ana Roy,False,"Sol, Luz y Sur",ana@sol.example,2\n'
            'p3,Ben Li,False,"Sol, Luz y Sur",,3\np4,Eva,False,"Sol, Luz y Sur",,4\n'
            'p5,Eva,False,"Sol, Luz y Sur",eva@sol.example,5\np6,Luz y Sur,False,"Sol, Luz y Sur",,6\n',
            "Lead (crm.lead)": "External ID,Opportunity,Customer,Company Name,Email,Stage,Expected Revenue,"
            "Created on\n"
            'o1,Oven,"Sol, Luz y Sur, Ana Roy",,ana@sol.example,New,100,2026-02-01\n'
            'o2,Mill,"Sol, Luz y Sur",,,New,200,2026-02-01\no3,Lamp,Zoe Private,,,New,300,2026-02-01\n'
            'o4,Vat,"Sol, Luz y Sur, Ben Li",,,New,400,2026-02-01\n'
            'o5,Tap,"Sol, Luz y Sur, Eva",,,New,500,2026-02-01\n',
        },
    )
    own = deals(root)
    assert [own[key]["customer"] for key in ("o1", "o2", "o3")] == [
        "sol-luz-y-sur",
        "sol-luz-y-sur",
        "zoe-private",
    ]
    assert own["o1"]["contacts"] == [{"contact": "ana-roy"}]
    assert own["o4"]["contacts"] == [{"contact": "ben-li"}]
    assert {key for key, deal in own.items() if "contacts" not in deal} == {"o2", "o3", "o5"}


@pytest.mark.usefixtures("at_a_desk")
def test_meetings_of_a_zoho_backup_and_the_contact_of_a_salesforce_report_come(cli: Cli, root: Path) -> None:
    _moved(
        cli,
        {},
        Deals_001="Record Id,Deal Name,Stage,Closing Date,Created Time\n"
        "d1,Oven,Qualification,2026-12-24,2026-01-05\n",
        Meetings_001="Record Id,Title,From,To,Host.id,Host,Related To.id,Related To\n"
        "m1,Demo,2026-02-01 10:00:00,2026-02-01 11:00:00,u1,Eva Stone,d1,Oven\n",
    )
    (meeting,) = deals(root)["d1"]["activities"]
    assert (meeting["type"], meeting["subject"]) == ("meeting", "Demo")
    assert "2026-02-01" in str(meeting["at"])
    Path("report.csv").write_text(
        "Opportunity ID,Opportunity Name,Account Name,Primary Contact,Stage,Amount,Close Date,Created Date\n"
        "006A,Mill,Sol,Ana Roy,Prospecting,100,12/24/2026,1/5/2026\n"
    )
    cli("import", "plan", "report.csv", "--into", "r")
    cli("import", "run", "r")
    assert deals(root)["006A"]["contacts"] == [{"contact": "ana-roy"}]


@pytest.mark.usefixtures("at_a_desk")
@pytest.mark.parametrize(
    ("header", "table"),
    [
        ("opportunityid,name,estimatedvalue,estimatedclosedate,statecode,_transactioncurrencyid_value",
         "transactioncurrencyid,currencyname,isocurrencycode\ne-1,Euro,EUR\ne-2,US Dollar,USD\n"),
        ("id,name,amount,date_closed,sales_stage,currency_id",
         "id,name,symbol,iso4217,conversion_rate\ne-1,Euro,€,EUR,1\ne-2,US Dollar,$,USD,1.1\n"),
    ],
)  # fmt: skip
def test_a_table_of_currencies_tells_what_their_ids_mean(
    header: str, table: str, cli: Cli, root: Path
) -> None:
    rows = "d-1,Roof,10,2026-12-24,0,e-1\nd-2,Door,20,2026-12-24,0,e-2\n"
    _moved(cli, {}, opportunities=f"{header}\n{rows}", currencies=table)
    assert {key: deal["currency"] for key, deal in deals(root).items()} == {"d-1": "EUR", "d-2": "USD"}


@pytest.mark.usefixtures("at_a_desk")
def test_lines_of_hubspot_keep_the_discount_of_a_unit(cli: Cli, root: Path) -> None:
    Path("x").mkdir()
    Path("x/deals.csv").write_text(
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date\n"
        "9,Oven,Contract Sent (Sales Pipeline),Sales Pipeline,5,2026-12-24\n"
    )
    Path("x/line-items.csv").write_text(
        "Record ID,Name,SKU,Quantity,Unit price,Unit discount,Discount Percentage,Associated Deal IDs\n"
        "1,Grill,S1,,100,5,,9\n2,Tray,S2,3,10,,10,9\n3,Rack,S3,2,50,0,,9\n4,Hood,S4,2.5,50,5.50,0,9\n"
    )
    cli("import", "plan", "x", "--into", "m")
    assert "4 rows 333.25 EUR | 4 rows 333.25 EUR" in cli("import", "run", "m").out
    assert deals(root)["9"]["stage"] == "contract-sent"
    lines = {line["description"]: line for line in deals(root)["9"]["items"]}
    assert [*lines] == ["Grill", "Tray", "Rack", "Hood"]
    assert (lines["Grill"]["discount_amount"], lines["Tray"]["discount"]) == (5, 10)
    assert lines["Hood"]["discount_amount"] == 13.75
    assert not {"discount", "discount_amount"} & lines["Rack"].keys()


@pytest.mark.usefixtures("at_a_desk")
def test_an_empty_choice_of_zoho_is_no_value(cli: Cli, root: Path) -> None:
    _moved(
        cli,
        {},
        Deals="Record Id,Deal Name,Stage,Closing Date,Lead Source,Type\n"
        "d1,Oven,Qualification,2026-12-24,-None-,-None-\n",
    )
    assert "source" not in deals(root)["d1"]
    assert "-None-" not in (root / "pipecli.yaml").read_text()


@pytest.mark.usefixtures("at_a_desk")
@pytest.mark.parametrize(("word", "head"), [("Deleted", "Deal - "), ("gelöscht", "")])
def test_a_deal_whose_status_is_deleted_is_no_deal(cli: Cli, root: Path, word: str, head: str) -> None:
    columns = ("ID", "Title", "Stage", "Status", "Value", "Currency", "Expected close date")
    header = ",".join(head + column for column in columns)
    rows = f"1,Roof,Demo,Open,10,EUR,2026-12-24\n2,Door,Old,{word},20,EUR,2026-12-24\n"
    Path("deals.csv").write_text(f"{header}\n{rows}")
    told = json.loads(cli("import", "plan", "deals.csv", "--into", "m", "--format", "json").out)
    assert not told["questions"]
    assert f"deals.csv: rows that {head}Status marks are left out" in told["assumed"]
    assert "1 made, 1 left out" in cli("import", "run", "m").out
    assert [deal["title"] for deal in deals(root).values()] == ["Roof"]


@pytest.mark.usefixtures("at_a_desk")
def test_rows_per_product_of_a_report_of_salesforce_are_lines_of_one_deal(cli: Cli, root: Path) -> None:
    head = "Opportunity Name,Account Name,Opportunity Owner,Stage,Close Date,Created Date,Probability (%),"
    head += "Product Name,Product Code,Quantity,Sales Price,Total Price\n"
    deal = "Hall 2,Aurora,Ana Ruiz,Qualification,2026-05-25,2026-01-30,10%"
    lines = f"{deal},Bench saw,BS-40,2,1480,2960\n{deal},Travel,,1,95,95\n"
    other = "Hall 3,Aurora,Ana Ruiz,Closed Won,2026-05-26,2026-01-30,100%,Bench saw,BS-40,1,1480,1480\n"
    Path("report.csv").write_text(head + lines + other)
    told = cli("import", "plan", "report.csv", "--into", "m").out
    assert "to be answered" not in told
    assert "they agree" in cli("import", "run", "m").out
    own = {deal["title"]: deal for deal in deals(root).values()}
    assert {title: len(deal["items"]) for title, deal in own.items()} == {"Hall 2": 2, "Hall 3": 1}
    assert [(line["quantity"], line["unit_price"]) for line in own["Hall 2"]["items"]] == [(2, 1480), (1, 95)]
    assert own["Hall 2"]["items"][0]["product"] == "bs-40"
    assert "nothing to change" in cli("import", "run", "m").out


@pytest.mark.usefixtures("at_a_desk")
def test_a_lead_of_dynamics_without_a_status_has_ended_as_its_reason_says(cli: Cli) -> None:
    head = "(Do Not Modify) Lead,Name,Topic,Company Name,Status Reason,Created On\n"
    rows = "l-1,Ben Li,Saw,Aurora,New,2026-01-02\nl-2,Di Mo,Hood,Zed,Lost,2026-01-03\n"
    Path("Leads.csv").write_text(head + rows)
    cli("import", "plan", "Leads.csv", "--into", "m", "--from", "dynamics")
    cli("import", "run", "m")
    own = {lead["external_id"]: lead for lead in json.loads(cli("export", "leads", "--format", "json").out)}
    assert (own["l-1"]["status"], own["l-2"]["status"]) == ("new", "disqualified")
    assert own["l-2"]["disqualified"]["reason"] == "lost"


@pytest.mark.usefixtures("at_a_desk")
def test_a_run_knows_the_name_of_a_record_beside_its_id(cli: Cli, root: Path) -> None:
    Path("e").mkdir()
    Path("e/Deals.csv").write_text(
        "Record Id,Deal Name,Stage,Account Name,Closing Date\nz1,Saw,Qualification,Zed,2026-05-25\n"
    )
    head = "Record Id,Subject,Call Start Time,Related To.id,Related To,Call Type\n"
    Path("e/Calls.csv").write_text(f"{head}c1,First call,2026-01-02 09:00,z1,Saw,Outbound\n")
    told = cli("import", "plan", "e", "--into", "m").out
    assert "columns that stay out, Calls.csv, as others say the same: Related To (1)" in told
    assert "the plan doesn't know" not in cli("import", "run", "m").out
    assert [act["subject"] for act in deals(root)["z1"]["activities"]] == ["First call"]


@pytest.mark.usefixtures("at_a_desk")
def test_leads_of_close_are_firms_in_csv_files_too(cli: Cli, root: Path) -> None:
    Path("e").mkdir()
    Path("e/leads.csv").write_text("id,display_name,status_label,url\nlead_1,Aurora,Customer,https://a.ex\n")
    Path("e/contacts.csv").write_text(
        "id,lead_id,lead_name,name,title,primary_email,primary_phone\n"
        "cont_1,lead_1,Aurora,Ben Li,Buyer,ben@a.example,+44 113 555 0100\n"
    )
    cli("import", "plan", "e", "--into", "m")
    cli("import", "run", "m")
    assert json.loads(cli("export", "leads", "--format", "json").out) == []
    contact = json.loads(cli("contact", "show", "ben-li", "--format", "json").out)
    assert (contact["customer"], contact["emails"]) == ("aurora", ["ben@a.example"])
    assert contact["title"] == "Buyer"


@pytest.mark.usefixtures("at_a_desk")
def test_contacts_of_odoo_that_are_all_companies_are_customers(cli: Cli) -> None:
    """A file of firms alone became people, as only a word for a person beside it told them apart."""
    Path("Contact.csv").write_text(
        "External ID,Name,Company Type,Phone,Email\nres_1,Aurora,Company,+44 113 555 0100,info@a.example\n"
    )
    cli("import", "plan", "Contact.csv", "--into", "m")
    cli("import", "run", "m")
    (customer,) = json.loads(cli("export", "customers", "--format", "json").out)
    assert (customer["name"], customer["email"]) == ("Aurora", "info@a.example")
    assert json.loads(cli("export", "contacts", "--format", "json").out) == []


@pytest.mark.usefixtures("at_a_desk")
def test_pedidos_of_odoo_are_quotations_with_their_statuses(cli: Cli) -> None:
    """A file that its owner had called so became open orders of today."""
    Path("e").mkdir()
    Path("e/Oportunidades.csv").write_text("ID externo,Oportunidad,Cliente,Etapa\nlead_1,Saw,Zed,Nuevo\n")
    Path("e/Pedidos.csv").write_text(
        "ID externo,Referencia del pedido,Cliente,Oportunidad,Fecha de la orden,Estado,"
        "Líneas del pedido/Producto,Líneas del pedido/Cantidad,Líneas del pedido/Precio unitario\n"
        "so_1,S001,Zed,Saw,2026-02-13 08:00:00,Presupuesto enviado,Saw,2,50\n,,,,,,Hood,1,10\n"
    )
    cli("import", "plan", "e", "--into", "m")
    cli("import", "run", "m")
    (quotation,) = json.loads(cli("export", "quotations", "--format", "json").out)
    assert (quotation["status"], quotation["created"][:10]) == ("sent", "2026-02-13")
    assert [line["unit_price"] for line in quotation["items"]] == [50, 10]


@pytest.mark.usefixtures("at_a_desk")
def test_no_preset_says_of_activities_what_a_column_says_otherwise(cli: Cli) -> None:
    """A planned call came as a meeting that was done, under the name of another vendor's meetings."""
    Path("e").mkdir()
    Path("e/deals.csv").write_text("Deal,Customer,Stage,Amount\nRoof,Acme,Demo,9\n")
    Path("e/Events.csv").write_text(
        "Subject,Activity Type,Start Date & Time,Status,Related To\n"
        "Ring,Call,2025-06-01 10:00:00,Planned,Roof\nVisit,Meeting,2025-06-02 10:00:00,Held,Roof\n"
    )
    cli("import", "plan", "e", "--into", "m")
    cli("import", "run", "m")
    (deal,) = json.loads(cli("export", "opportunities", "--format", "json").out)
    done = {one["subject"]: (one["type"], one.get("done", False)) for one in deal["activities"]}
    assert done == {"Ring": ("call", False), "Visit": ("meeting", True)}


@pytest.mark.usefixtures("at_a_desk")
def test_users_are_known_by_both_names_and_owners_by_an_address_in_any_brackets(cli: Cli) -> None:
    """A last name was left out, as if the first said it, and Yuki became an e-mail address."""
    Path("e").mkdir()
    Path("e/users.csv").write_text("ID,Name,Last name,E-mail\n1,Di,Fox,di@our.example\n")
    Path("e/deals.csv").write_text(
        "No,Deal,Customer,Stage,Amount,Owner\n"
        "1,Roof,Acme,Demo,9,Di Fox\n2,Wall,Acme,Demo,,Yuki (yu@our.example)\n"
    )
    told = json.loads(cli("import", "plan", "e", "--into", "m", "--format", "json").out)
    assert told["left_out"] == []
    cli("import", "run", "m")
    users = {one["email"]: one["name"] for one in json.loads(cli("user", "list", "--format", "json").out)}
    assert users | {"di@our.example": "Di Fox", "yu@our.example": "Yuki"} == users
    owners = {one["owner"] for one in json.loads(cli("export", "opportunities", "--format", "json").out)}
    assert owners == {"di-fox", "yuki"}


@pytest.mark.usefixtures("at_a_desk")
def test_a_discount_without_its_percent_sign_is_an_amount(cli: Cli) -> None:
    """The plan wrote a mapping by a column that the file hasn't, which no run could take."""
    Path("e").mkdir()
    Path("e/deals.csv").write_text("Deal,Customer,Stage,Amount\nRoof,Acme,Demo,9\n")
    Path("e/Quotes.csv").write_text(
        "(Do Not Modify) Quote,Quote ID,Name,Potential Customer,Opportunity,Detail Amount,QUOTE DISCOUNT\n"
        "q1,QUO-1,Offer,Acme,Roof,100.00,20.00\n"
    )
    cli("import", "plan", "e", "--into", "m")
    cli("import", "run", "m")
    (quotation,) = json.loads(cli("export", "quotations", "--format", "json").out)
    assert quotation["discount_amount"] == 20
