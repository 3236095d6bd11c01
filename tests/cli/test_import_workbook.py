"""Sheets of workbooks: their cells as a CSV would have them, but with numbers and days that are certain."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from ryaml import loads

from pipecli.errors import PipecliError
from pipecli.inbox.importing.rows_of_file import rows_of_file
from pipecli.inbox.importing.table import FileFormat
from pipecli.inbox.importing.workbook import read_sheets
from tests.conftest import Cli
from tests.importing import deals, write

pytest.importorskip("python_calamine")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml."
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(sheets: dict[str, list[list[object]]], merged: str = "") -> bytes:
    """An xlsx of these sheets; a number with `d` before it is a day as a spreadsheet counts it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        kinds = "".join(
            f'<Override PartName="/xl/worksheets/s{number}.xml" ContentType="{SHEET}worksheet+xml"/>'
            for number in range(len(sheets))
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET}sheet.main+xml"/>{kinds}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{OFFICE}/'
            'officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        named = "".join(
            f'<sheet name="{name}" sheetId="{number + 1}" r:id="s{number}"/>'
            for number, name in enumerate(sheets)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="s{number}" Type="{OFFICE}/worksheet" Target="worksheets/s{number}.xml"/>'
            for number in range(len(sheets))
        )
        styles = f'<Relationship Id="st" Type="{OFFICE}/styles" Target="styles.xml"/>'
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{links}{styles}</Relationships>',
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
            "</styleSheet>",
        )
        for number, rows in enumerate(sheets.values()):
            body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/s{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{merged}</worksheet>',
            )
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str) and value[:1] == "d":
        return f'<c s="1"><v>{value[1:]}</v></c>'
    if isinstance(value, (int, float)):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


DEALS: list[list[object]] = [
    ["Pipeline of November", "", "", ""],
    ["Id", "Title", "Worth", "Close"],
    [4711, "Press", 1234.5, "d46341"],
    [4712, "Saw", 900, ""],
]


def test_numbers_and_days_of_a_sheet_are_what_they_are() -> None:
    table = rows_of_file(workbook({"Deals": DEALS}), "x.xlsx", FileFormat(header=2))
    assert table.columns == ["Id", "Title", "Worth", "Close"]
    assert [str(cell) for cell in table.rows[0].cells.values()] == ["4711", "Press", "1234.5", "2026-11-15"]
    assert table.rows[1].line == 4


def test_the_sheet_is_the_one_that_is_said_or_has_the_columns(cli: Cli, root: Path, at_a_desk: None) -> None:
    Path("d.xlsx").write_bytes(workbook({"Notes": [["Read", "me"]], "Deals": DEALS}))
    mapping = "external_id: Id\ncolumns: {Title: title, Worth: amount, Close: expected_close}\n"
    said = cli("import", "opp", "d.xlsx", "--map", write("m.yaml", mapping))
    assert "of the sheet Deals\nthe header was found on line 2\n" in said.out
    assert deals(root)["4711"]["amount"] == 1234.5
    assert deals(root)["4711"]["expected_close"] == "2026-11-15"
    said = cli("import", "opp", "d.xlsx", "--map", write("s.yaml", mapping + "sheet: Deal\n"), code=1)
    assert said.err == 'error: d.xlsx has no sheet "Deal"; it has Notes, Deals\n'
    Path("ids.xlsx").write_bytes(workbook({"Deals": [["Id", "Name"], [487656123456789012, "Press"]]}))
    long_ids = write("ids.yaml", "external_id: Id\ncolumns: {Name: title}\n")
    said = cli("import", "opp", "ids.xlsx", "--map", long_ids, code=1)  # fifteen digits are all that it keeps
    assert 'Id: "4.87656123456789E+17" (line 2) is a number that a spreadsheet has rounded' in said.err
    said = cli("import", "opp", "d.xlsx", code=1)
    assert "d.xlsx has 2 sheets with rows: Notes, Deals; say in the mapping which one" in said.err


def _with(part: str, old: str, new: str) -> bytes:
    """A workbook of which one part is another, or gone."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, zipfile.ZipFile(io.BytesIO(workbook({"S": DEALS}))) as whole:
        for name in whole.namelist():
            text = whole.read(name).decode()
            if name != part or new:
                made.writestr(name, text.replace(old, new) if name == part else text)
    return out.getvalue()


FIRST = "xl/worksheets/s0.xml"


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04rest",
        _with(FIRST, "", ""),
        _with(FIRST, "Press", "&odd;"),
        _with(FIRST, "<row>", '<row r="0"><c r="ZZZZZZZZ9"><v>1</v></c>'),
    ],
)
def test_what_is_no_workbook_is_refused(raw: bytes) -> None:
    with pytest.raises(PipecliError, match=r"x\.xlsx: isn't a workbook that can be read"):
        rows_of_file(raw, "x.xlsx")


def test_a_cell_far_out_takes_no_memory_and_ends_no_process() -> None:
    """1 kB that says it has 17 billion cells: the library in Rust ends the process that asks it."""
    far = '<row r="{0}"><c r="XFD{0}"><v>1</v></c></row></sheetData>'
    with pytest.raises(PipecliError, match="to read it takes more than 1 GB of memory, or 30 seconds; save"):
        rows_of_file(_with(FIRST, "</sheetData>", far.format(1048576)), "x.xlsx")
    with pytest.raises(
        PipecliError, match=r"x\.xlsx:1: 16,384 columns, 10,000 at most are read; delete those"
    ):
        rows_of_file(_with(FIRST, "</sheetData>", far.format(99)), "x.xlsx")
    with pytest.raises(PipecliError, match=r"read: 3,276,800 cells in [0-9,]+ bytes are one row repeated"):
        rows_of_file(_with(FIRST, "</sheetData>", far.format(200)), "x.xlsx")
    many = workbook({f"S{number}": DEALS for number in range(251)})
    with pytest.raises(PipecliError, match=r"x\.xlsx has 251 sheets, 250 at most are read"):
        read_sheets(many, "x.xlsx")
    rows = rows_of_file(_with(FIRST, "1234.5", "inf"), "x.xlsx").rows
    assert "inf" in [cell for row in rows for cell in row.cells.values()]
    with pytest.raises(PipecliError, match="can be read: a cell has 2,000,000 characters"):
        rows_of_file(_with(FIRST, "Press", "a" * 2_000_000), "x.xlsx")


@pytest.mark.usefixtures("at_a_desk")
def test_each_sheet_of_a_workbook_is_a_table_of_its_plan_wherever_its_header_is(cli: Cli, root: Path) -> None:
    firms: list[list[object]] = [
        ["Company", "Phone", "City"],
        ["Field Works", "+49 1", "Köln"],
        ["Hall", "", "Bonn"],
    ]
    rows: list[list[object]] = [
        ["Deals of the year"], [], ["Deal ID", "Title", "Company", "Stage", "Amount", "Close date"],
        ["1", "Press", "Field Works", "Talks", 1234.5, "d46380"], ["2", "Saw", "Hall", "Won", 2000, "d46094"],
    ]  # fmt: skip
    Path("crm.xlsx").write_bytes(workbook({"Customers": firms, "Notes": [["a note"]], "Deals": rows}))
    plan = cli("import", "plan", "crm.xlsx", "--into", "moves/w").out
    assert "customers: 2 rows of crm.xlsx" in plan
    assert "they agree" in cli("import", "run", "moves/w").out
    assert (deals(root)["1"]["amount"], deals(root)["1"]["expected_close"]) == (1234.5, "2026-12-24")
    assert deals(root)["2"]["customer"] == "hall"
    assert "Köln" in (root / "customers/field-works.yaml").read_text()
    Path("tomorrow.xlsx").write_bytes(Path("crm.xlsx").read_bytes())
    assert "nothing to change" in cli("import", "run", "moves/w", "tomorrow.xlsx").out


@pytest.mark.usefixtures("at_a_desk")
def test_a_formula_without_its_value_is_no_empty_cell(cli: Cli) -> None:
    file = Path("f.xlsx")
    raw = io.BytesIO(workbook({"Deals": [["title", "amount"], ["Press", 77]]}))
    with zipfile.ZipFile(raw) as archive, zipfile.ZipFile(file, "w") as changed:
        for name in archive.namelist():
            changed.writestr(name, archive.read(name).replace(b"<v>77</v>", b"<f>70+7</f>"))
    assert "a cell is a formula without its value" in cli("import", "opportunities", "f.xlsx", code=1).err
    with zipfile.ZipFile(raw) as archive, zipfile.ZipFile(file, "w") as changed:
        for name in archive.namelist():
            empty = b't="str"><f>IF(FALSE(),1,&quot;&quot;)</f><v></v>'  # the value is the empty text
            changed.writestr(name, re.sub(rb'(?:t="n")?><v>77</v>', b" " + empty, archive.read(name)))
    cli("import", "opportunities", "f.xlsx")
    with zipfile.ZipFile("export.zip", "w") as archive:  # which isn't packed, and no workbook itself
        archive.write("f.xlsx")
    assert "1 row of f.xlsx" in cli("import", "opportunities", "export.zip", "--dry-run").out


@pytest.mark.usefixtures("at_a_desk")
def test_a_sheet_of_new_and_lost_customers_is_no_stage_of_deals(cli: Cli) -> None:
    rows: list[list[object]] = [["Customer", "Total_2025", "Total_2026"], ["Aurora", 10, 20]]
    Path("c.xlsx").write_bytes(workbook({"Ranking": rows, "Novos_Perdidos": rows}))
    assert (
        "no file was recognised by its header" in cli("import", "plan", "c.xlsx", "--into", "m", code=1).err
    )


@pytest.mark.usefixtures("at_a_desk")
def test_a_table_that_is_there_as_csv_and_as_a_workbook_is_planned_once(cli: Cli, root: Path) -> None:
    rows: list[list[object]] = [
        ["Record Id", "Deal Name", "Account Name", "Stage", "Amount", "Closing Date"],
        ["z1", "Roof", "Aurora", "Qualification", 1000.5, "2027-01-01"],
        ["z2", "Door", "Luz", "Qualification", 7, "2027-01-02"],
    ]
    text = "\n".join(",".join(map(str, row)) for row in rows) + "\n"
    Path("e").mkdir()
    write("e/Deals.csv", text.replace("1000.5", "1000.50"))
    Path("e/Deals.xlsx").write_bytes(workbook({"Sheet1": rows}))
    Path("e/Book.xlsx").write_bytes(workbook({"Notes": [["Read", "me"]], "Potentials": rows}))
    told = cli("import", "plan", "e", "--into", "m").out
    assert "Deals.xlsx has the rows of Book.xlsx (Potentials), and stays out" in told
    assert "Deals.csv has the rows of Book.xlsx (Potentials), and stays out" in told
    assert "they agree" in cli("import", "run", "m").out
    assert {key: deal["amount"] for key, deal in deals(root).items()} == {"z1": 1000.5, "z2": 7}

    Path("e/Book.xlsx").unlink()
    other = [*rows[:2], ["z2", "Door", "Luz", "Qualification", 8]]
    Path("e/Deals.xlsx").write_bytes(workbook({"Sheet1": other}))
    told = cli("import", "plan", "e", "--into", "m", "--force").out
    assert (
        "to be answered in m/plan.yaml:9: Deals.csv and Deals.xlsx have one name and differ: 1 row in "
        "the first alone, 1 in the second. Which is to come? (Deals.csv or Deals.xlsx or both)" in told
    )
    refused = cli("import", "run", "m", code=1).err
    assert "m/plan.yaml:9" in refused and "Write Deals.csv or Deals.xlsx or both after" in refused
    page = Path("m/plan.yaml").read_text()
    for answer, amount in (("Deals.xlsx", 8), ("Deals.csv", 7)):
        write("m/plan.yaml", page.replace("answer:", f"answer: {answer}"))
        assert "they agree" in cli("import", "run", "m").out
        assert deals(root)["z2"]["amount"] == amount
    write("m/plan.yaml", page.replace("answer:", "answer: both"))
    told = cli("import", "run", "m", "--dry-run", code=1).out
    assert (
        "2 rows of Deals.xlsx: 1 unchanged, 1 rejected" in told and "amount: 8, where an earlier file" in told
    )


@pytest.mark.usefixtures("at_a_desk")
def test_groups_of_a_report_and_of_a_sheet_made_by_hand_are_said_in_each_row(cli: Cli, root: Path) -> None:
    """The stage that is written once is that of each deal below it; subtotals and months are no deals."""
    header: list[object] = [
        "Stage  ↑",
        "Opportunity Name",
        "Account Name",
        "Amount",
        "Opportunity ID",
        "Close Date",
    ]
    report: list[list[object]] = [
        ["Opportunity Report"], [], header,
        ["Proposal", "Oven", "Lion", 100, "006A", "d46000"], ["", "Roof", "Lion", 200, "006B", "d46000"],
        ["Subtotal", "Sum", "", 300, ""], ["", "Count", 2, "", ""],
        ["Closed Lost", "Gate", "Lion", 50, "006C", "d46000"], ["", "Door", "Total", 60, "006D", "d46000"],
        ["Subtotal", "Sum", "", 110, ""], ["Total", "Sum", "", 410, ""], [], ["Confidential Information"],
    ]  # fmt: skip
    months: list[list[object]] = [
        ["Stage", "Deal", "Amount", "Close date", "Owner"],
        ["January", "", "", "", ""],
        ["Won", "Wall", 70, "d46000", "Ana Ruiz"],
        ["", "Step", 80, "d46001", "Ana Ruiz"],
        ["March 2026", "", "", "", ""],
        ["Lost", "Lamp", 90, "d46100", "Ana Ruiz"],
    ]
    Path("e").mkdir()
    Path("e/report.xlsx").write_bytes(workbook({"Report": report}))
    merged = '<mergeCells count="1"><mergeCell ref="A3:A4"/></mergeCells>'
    Path("e/hand.xlsx").write_bytes(workbook({"Sales 2026": months}, merged))
    plan = cli("import", "plan", "e", "--into", "m").out
    assert ("opportunities: 4 rows of report.xlsx" in plan, "3 rows of hand.xlsx" in plan) == (True, True)
    assert "they agree" in cli("import", "run", "m").out
    by_title = {deal["title"]: deal for deal in deals(root).values()}
    status = dict.fromkeys(("Oven", "Roof"), "open") | dict.fromkeys(("Gate", "Door", "Lamp"), "lost")
    status |= dict.fromkeys(("Wall", "Step"), "won")
    assert {title: deal["status"] for title, deal in by_title.items()} == status
    assert by_title["Step"]["closed"] == by_title["Wall"]["closed"] | {"amount": 80, "date": "2025-12-10"}


@pytest.mark.usefixtures("at_a_desk")
def test_sheets_that_are_called_as_stages_are_the_stages(cli: Cli, root: Path) -> None:
    header: list[object] = ["ID", "Project", "Client", "Amount", "Close date"]
    sheets: dict[str, list[list[object]]] = {
        "Offer": [header, [1, "Oven", "Lion", 100, "d46400"], [2, "Roof", "Lion", 200, "d46400"]],
        "Won": [header, [3, "Gate", "Lion", 50, "d46000"]],
        "Lost": [header, [4, "Door", "Lion", 60, "d46000"]],
    }
    Path("crm.xlsx").write_bytes(workbook(sheets))
    cli("import", "plan", "crm.xlsx", "--into", "m")
    assert "they agree" in cli("import", "run", "m").out
    assert [deals(root)[n]["status"] for n in "1234"] == ["open", "open", "won", "lost"]
    sheets["Won"].append(sheets["Offer"].pop())
    Path("crm.xlsx").write_bytes(workbook(sheets))
    assert "1 updated" in cli("import", "run", "m").out
    assert [deals(root)[n]["status"] for n in "1234"] == ["open", "won", "won", "lost"]


@pytest.mark.usefixtures("at_a_desk")
def test_sheets_made_from_the_deals_of_a_workbook_stay_out_or_are_asked_about(cli: Cli, root: Path) -> None:
    sheets = {
        "Deals": [["Deal ID", "Owner", "Account", "Stage", "Amount"], [1, "Ana", "Aurora", "Won", 10],
                  [2, "Ana", "Basalt", "Demo", 20], [3, "Leo", "Cobalt", "Demo", 30]],
        "Task 1": [["Owner", "Account", "Stage", "Office", "Revenue"], ["Ana", "Aurora", "Won", "Lyon", 99]],
        "Task 2": [["Account", "Office", "Revenue"], ["Basalt", "Lyon", 99], ["Cobalt", "Bonn", 98]],
    }  # fmt: skip
    Path("book.xlsx").write_bytes(workbook(sheets))
    plan = cli("import", "plan", "book.xlsx", "--into", "moves/b").out
    assert "book.xlsx (Task 1) stays out: book.xlsx (Deals) has all its rows by Owner, Account, Stage" in plan
    assert "one has no ids, and no Account that the other hasn't. Which is to come?" in plan


@pytest.mark.usefixtures("at_a_desk")
def test_the_groups_of_an_odoo_list_that_count_their_rows_are_none(cli: Cli, root: Path) -> None:
    rows = [
        ["Nombre mostrado", "Dirección completa", "Correo electrónico", "Ciudad"], ["España (2)", "", "", ""],
        ["    Sevilla (2)", "", "", ""], ["Aurora (Sur)", "Calle 1", "a@aurora.example", "Sevilla"],
        ["Basalt (2)", "Calle 2", "b@basalt.example", "Sevilla"], ["Francia (1)", "", "", ""],
        ["Cobalt", "Rue 3", "c@cobalt.example", "Lyon"],
    ]  # fmt: skip
    Path("Clientes.xlsx").write_bytes(workbook({"Sheet1": rows}))
    cli("import", "plan", "Clientes.xlsx", "--into", "moves/b")
    cli("import", "run", "moves/b")
    read = [loads(path.read_text()) for path in root.glob("customers/*.yaml")]
    assert sorted((one["name"], one["address"]) for one in read) == [
        ("Aurora (Sur)", "Calle 1, Sevilla"), ("Basalt (2)", "Calle 2, Sevilla"), ("Cobalt", "Rue 3, Lyon"),
    ]  # fmt: skip
