"""Quotations, orders and lines of other systems, with their deals: each sum as it is there, or refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from pipecli.inbox.importing.rows_of_file import rows_of_file
from pipecli.inbox.moving.papers_and_lines import best_fit
from tests.conftest import Cli

pytestmark = pytest.mark.usefixtures("at_a_desk")


def _plan(cli: Cli, *options: str, **texts: str) -> dict[str, Any]:
    """The plan of an export with these files."""
    Path("x").mkdir()
    for name, text in texts.items():
        Path("x", f"{name.replace('__', '.')}.csv").write_text(text, encoding="utf-8")
    told: dict[str, Any] = json.loads(
        cli("import", "plan", "x", "--into", "m", *options, "--format", "json").out
    )
    return told


def _answered(answer: str) -> None:
    page = Path("m/plan.yaml")
    page.write_text(
        page.read_text(encoding="utf-8").replace("answer:", f"answer: {answer}"), encoding="utf-8"
    )


def _papers(root: Path, kind: str = "quotations", by: str = "external_id") -> dict[str, dict[str, Any]]:
    return {one[by]: one for one in (loads(path.read_text()) for path in root.glob(f"{kind}/**/*.yaml"))}


def _lines(paper: dict[str, Any], *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(line.get(field) for field in fields) for line in paper["items"]]


def test_technical_names_of_odoo_bring_quotations_with_their_lines_and_taxes(cli: Cli, root: Path) -> None:
    """The deals came without customers, and the quotations were orders, each of whose rows was rejected."""
    deals = "id,name,partner_id,stage_id,expected_revenue,company_currency\nx.d1,Press,Aurora,New,50,EUR\n"
    head = "id,name,opportunity_id,partner_id,state,validity_date,currency_id,date_order,amount_untaxed"
    head += ",order_line/product_id,order_line/name,order_line/product_uom_qty,order_line/price_unit"
    rows = "x.q1,S1,Press,Aurora,sent,2026-12-18,EUR,2026-10-01 08:00:00,43.00,,Blade,2,20,10,Tax 19%\n"
    rows += ",,,,,,,,,,Travel,1,7,0,19% VAT\n"
    table = {"crm__lead": deals, "sale__order": f"{head},order_line/discount,order_line/tax_id\n{rows}"}
    _plan(cli, **table)
    assert "1 row 43.00 EUR | 1 row 43.00 EUR" in cli("import", "run", "m").out
    (quote,) = _papers(root).values()
    assert (quote["status"], str(quote["valid_until"])) == ("sent", "2026-12-18")
    lines = _lines(quote, "description", "quantity", "unit_price", "discount", "tax")
    assert lines == [("Blade", 2, 20, 10, 19), ("Travel", 1, 7, 0, 19)]
    (deal,) = _papers(root, "opportunities").values()
    assert deal["customer"] == quote["customer"] == "aurora"


def test_companies_and_quotes_of_bitrix_are_known_by_the_names_of_fields(cli: Cli, root: Path) -> None:
    """A quote's sum is with its tax, and says so."""
    firms = "ID,TITLE,ADDRESS_CITY,ADDRESS_COUNTRY\n5,Aurora,Bonn,Germany\n"
    deals = "ID,TITLE,COMPANY_ID,STAGE_ID,OPPORTUNITY,CURRENCY_ID\n1,Saw,5,NEW,119,EUR\n"
    quotes = "ID,TITLE,DEAL_ID,COMPANY_ID,STATUS_ID,OPPORTUNITY,TAX_VALUE,CURRENCY_ID\n"
    quotes += "1,One,1,5,APPROVED,119.00,19.00,EUR\n2,Two,1,0,SENT,50.00,0.00,EUR\n3,None,0,5,SENT,9,0,EUR\n"
    _plan(cli, companies=firms, deals=deals, quotes=quotes)
    cli("import", "run", "m")
    told = {key: (one["status"], one.get("tax_included")) for key, one in _papers(root).items()}
    assert told == {"1": ("accepted", True), "2": ("sent", None)}
    (deal,) = _papers(root, "opportunities").values()
    assert deal["customer"] == "aurora"


@pytest.mark.parametrize(
    "head",
    [
        "Record ID,Quote Title,Quote Status,Quote Amount,Currency,Expiration Date,Associated Deal IDs",
        "hs_object_id,hs_title,hs_status,hs_quote_amount,hs_currency,hs_expiration_date,associated_deal_ids",
    ],
)
def test_what_hubspot_calls_approved_may_be_sent_and_no_customer_has_accepted_it(
    cli: Cli, root: Path, head: str
) -> None:
    approved = "Approved" if "Quote Status" in head else "APPROVAL_NOT_NEEDED"
    deals = "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Close Date\n"
    deals += "9,Oven,Contract Sent (Sales Pipeline),Sales Pipeline,5,EUR,2026-12-24\n"
    quotes = f"{head}\n7,Offer,{approved},50.00,EUR,2026-12-20,9\n8,Other,REJECTED,60.00,EUR,2026-12-21,9\n"
    _plan(cli, deals=deals, quotes=quotes)
    cli("import", "run", "m")
    assert {key: one["status"] for key, one in _papers(root).items()} == {"7": "sent", "8": "draft"}


def test_lines_of_pipedrive_need_no_file_of_products_and_say_how_they_are_discounted(
    cli: Cli, root: Path
) -> None:
    """All were rejected, as no product had the id; a discount of 50 was one of percents."""
    deals = "Deal - ID,Deal - Title,Deal - Status,Deal - Stage,Deal - Value,Deal - Currency of Value\n"
    deals += "4,Press,Open,Proposal Made,1960,EUR\n"
    lines = "id,deal_id,product_id,name,item_price,quantity,discount,discount_type"
    lines += ",tax,tax_method,is_enabled\n"
    lines += "1,4,70,Press,2000,1,50,amount,19,exclusive,true\n2,4,71,Pad,20,1,50,percentage,0,none,1\n"
    lines += "3,4,72,Off,99,1,0,percentage,0,none,false\n4,4,73,Gross,119,1,0,percentage,19,inclusive,true\n"
    _plan(cli, deals=deals, deal_products=lines)
    assert '"inclusive" must be one of the values' in cli("import", "run", "m", code=1).out
    mended = Path("x/deal_products.csv").read_text().replace("inclusive", "exclusive")
    Path("x/deal_products.csv").write_text(mended)
    cli("import", "run", "m")
    (deal,) = _papers(root, "opportunities").values()
    told = _lines(deal, "description", "unit_price", "discount", "discount_amount", "tax")
    assert told[:2] == [("Press", 2000, None, 50, 19), ("Pad", 20, 50, None, 0)]
    assert [line[0] for line in told] == ["Press", "Pad", "Gross"]


_DEALS = (
    "Deal ID,Deal Name,Company,Stage,Amount,Currency\n1,Press,Aurora,Demo,50,EUR\n2,Cable,Boreal,Demo,9,USD\n"
)


def test_a_row_for_each_line_is_a_line_of_its_quotation(cli: Cli, root: Path) -> None:
    """The second row of each was rejected, the total of its first line was that of all, and no line came."""
    quotes = (
        "Belegnummer;Belegdatum;Verkaufschance;Status;Währung;Position;Artikel;Menge;Einheit;Einzelpreis"
        ";Rabatt in %;Steuersatz;Nettobetrag\n"
        "A-1;01.10.2026;Press;Versendet;EUR;1;Blatt;2;Stk;10,00;10;19;18,00\n"
        "A-1;01.10.2026;Press;Versendet;EUR;2;Weg;1;Std;7,50;0;7;7,50\n"
        "A-2;21.10.2026;Cable;Entwurf;USD;1;Kabel;1000;m;2,50;0;0;2500,00\n"
    )
    told = _plan(cli, deals=_DEALS, angebote=quotes)
    assert "3 rows of 2 quotations, each a line of one" in Path("m/quotations.yaml").read_text()
    assert "angebote.csv: Position (3)" in told["left_out"]
    assert "they differ" not in cli("import", "run", "m").out
    papers = _papers(root)
    fields = ("description", "quantity", "uom", "unit_price", "discount", "tax")
    assert _lines(papers["A-1"], *fields) == [
        ("Blatt", 2, "Stk", 10, 10, 19),
        ("Weg", 1, "Std", 7.5, 0, 7),
    ]
    assert _lines(papers["A-2"], *fields) == [("Kabel", 1000, "m", 2.5, 0, 0)]
    assert (papers["A-2"]["currency"], papers["A-2"]["status"]) == ("USD", "draft")
    assert "2 unchanged" in cli("import", "run", "m").out


def test_deals_of_a_report_with_a_row_for_each_product_have_these_as_lines(cli: Cli, root: Path) -> None:
    """The sum of a deal stands in each of its rows, and counts once."""
    report = (
        "Opportunity ID,Opportunity Name,Account Name,Stage,Amount,Currency"
        ",Product Name,Quantity,Sales Price,Total Price\n"
        "o1,Press,Aurora,Demo,47.00,EUR,Blade,2,20.00,40.00\n"
        "o1,Press,Aurora,Demo,47.00,EUR,Travel,1,7.00,7.00\n"
        "o2,Cable,Aurora,Demo,5.00,EUR,Cable,2,2.50,5.00\n"
    )
    _plan(cli, opportunities=report)
    assert "2 rows 52.00 EUR | 2 rows 52.00 EUR" in cli("import", "run", "m").out
    deals = _papers(root, "opportunities")
    assert _lines(deals["o1"], "description", "quantity", "unit_price") == [
        ("Blade", 2, 20),
        ("Travel", 1, 7),
    ]
    assert deals["o1"]["amount"] == 47


@pytest.mark.parametrize(
    ("price", "answer", "deals"), [(True, "", 2), (False, "line", 2), (False, "deal", 3)]
)
def test_amounts_of_rows_with_products_are_those_of_lines_where_prices_or_the_answer_say_so(
    cli: Cli, root: Path, price: bool, answer: str, deals: int
) -> None:
    """Each row was a deal, and all agreed; a won deal with lines alone was won for nothing."""
    report = "Opportunity,Account,Stage,Close Date,Product,Qty,Price,Amount\n"
    report += "North,Acme,Demo,2026-12-30,Pump,2,1000,2000\nNorth,Acme,Demo,2026-12-30,Valve,5,120,600\n"
    report += "South,Beta,Closed Won,2026-03-15,Panel,10,300,3000\n"
    if not price:
        report = re.sub(r",(Qty,Price|\d+,\d+)(?=,\w+$)", "", report, flags=re.M)
    told = _plan(cli, report=report)
    assert [question["about"] for question in told["questions"]] == ["rows-report"] * (not price)
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", f"answer: {answer}"))
    out = cli("import", "run", "m").out
    assert "3,000.00 EUR | 1 row 3,000.00 EUR" in out
    assert "2,600.00 EUR\n" in out
    assert "they agree" in out
    papers = [loads(path.read_text()) for path in root.glob("opportunities/**/*.yaml")]
    assert len(papers) == deals
    (won,) = (paper for paper in papers if paper["status"] == "won")
    assert won["closed"]["amount"] == 3000
    assert f"{deals} unchanged" in cli("import", "run", "m").out


@pytest.mark.parametrize(
    ("head", "row", "line"),
    [
        ("Discount,Total", "10,36.00", (10, None)),
        ("Discount,Total", "10,30.00", (None, 10)),
        ("Discount,Total", "5,30.00", (None, 10)),  # of one
        ("Discount,Total", "0.25,30.00", (25, None)),
        ("Discount,Total After Discount,Tax,Net Total", "10,30.00,5.70,35.70", (None, 10)),
        ("Discount,Net Total", "10%,36.00", (10, None)),
        ("List Price,Discount", "25,20", (20, None)),  # beside the price that it comes to
    ],
)
def test_a_discount_of_lines_is_what_they_come_to_their_total_by(
    cli: Cli, root: Path, head: str, row: str, line: tuple[int | None, int | None]
) -> None:
    """It was a percent, whatever the total said."""
    lines = f"ID,Deal ID,Product,Quantity,Unit Price,{head}\n7,1,Blade,2,20.00,{row}\n"
    _plan(cli, deals=_DEALS, line_items=lines)
    cli("import", "run", "m")
    (told,) = _lines(_papers(root, "opportunities")["1"], "discount", "discount_amount")
    assert told == line


def test_a_column_beside_says_of_each_discount_of_lines_whether_it_is_a_percent(cli: Cli, root: Path) -> None:
    """It was asked of the whole column, and of half of the lines the answer was wrong."""
    head = "Deal - ID,Product - Name,Product - Price,Product - Quantity,Product - Discount,Discount type"
    told = _plan(cli, deals=_DEALS, deal_products=f"{head}\n1,A,100,10,10,percentage\n1,B,100,10,10,amount\n")
    cli("import", "run", "m")
    assert not told["questions"]
    (one, two) = _lines(_papers(root, "opportunities")["1"], "discount", "discount_amount")
    assert (one, two) == ((10, None), (None, 10))


def test_a_discount_of_lines_without_a_total_is_asked_about(cli: Cli, root: Path) -> None:
    lines = "ID,Deal ID,Product,Quantity,Unit Price,Discount\n7,1,Blade,2,20.00,10\n"
    told = _plan(cli, deals=_DEALS, line_items=lines)
    (question,) = told["questions"]
    assert "is 10 a percent of the line, or an amount?" in question["question"]
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("  answer:", "  answer: amount"))
    cli("import", "run", "m")
    assert _lines(_papers(root, "opportunities")["1"], "discount_amount") == [(10,)]


@pytest.mark.parametrize(
    ("head", "rows", "tax"),
    [
        ("Tax %", ("19", "7"), [19, 7]),
        ("USt. %", ("19,00", "7,00"), [19, 7]),
        ("VAT rate", ("19%", "7%"), [19, 7]),
        ("IVA", ("19", "7"), [19, 7]),
        ("Tax", ("3.80", "0.70"), [None, None]),  # amounts
        ("Tax", ("Full", "Less"), [None, None]),
    ],
)
def test_rates_of_tax_come_with_lines_and_neither_amounts_nor_names_do(
    cli: Cli, root: Path, head: str, rows: tuple[str, str], tax: list[int | None]
) -> None:
    lines = (
        f"ID;Deal ID;Product;Quantity;Unit Price;{head}\n7;1;Blade;2;10;{rows[0]}\n8;1;Saw;1;10;{rows[1]}\n"
    )
    told = _plan(cli, deals=_DEALS, line_items=lines)
    cli("import", "run", "m")
    assert [line[0] for line in _lines(_papers(root, "opportunities")["1"], "tax")] == tax
    assert bool(told["left_out"]) == (tax == [None, None])


def test_a_discount_of_the_whole_is_what_lines_come_to_the_sum_of_their_quotation_by(
    cli: Cli, root: Path
) -> None:
    """It stayed out, and the lines came to more than the quotation; that of no sum is said to be none."""
    head = "Angebotsnummer;Verkaufschance;Status;Währung;Rabatt;Summe netto;Umsatzsteuer;Summe brutto\n"
    quotes = (
        f"{head}A-1;Press;Versendet;EUR;0,00;40,00;7,60;47,60\nA-2;Cable;Entwurf;USD;10,00;90,00;0,00;90,00\n"
    )
    quotes += "A-3;Cable;Entwurf;USD;5,00;25,00;0,00;25,00\n"
    lines = "Angebotsnummer;Bezeichnung;Menge;Einzelpreis netto;Gesamt netto\n"
    lines += "A-1;Blatt;2;20,00;40,00\nA-2;Kabel;100;1,00;100,00\n"
    _plan(cli, deals=_DEALS, angebote=quotes, positionen=lines)
    assert "they differ" not in cli("import", "run", "m").out
    papers = _papers(root)
    assert [papers[key].get("discount_amount") for key in ("A-1", "A-2", "A-3")] == [None, 10, 5]
    assert _lines(papers["A-2"], "unit_price", "quantity") == [(1, 100)]
    assert _lines(papers["A-3"], "unit_price") == [(30,)]  # without its lines: what is left, and what is off


@pytest.mark.parametrize(
    ("head", "off", "told", "net"),
    [
        ("Pronto pago %", "20", ("discount", 20), 80),
        ("Bonificación", "20", ("discount_amount", 20), 180),
        ("Discount", "-20", ("discount_amount", 20), 180),
        ("Descuento sin IVA", "20", ("discount_amount", 20), 180),  # a fault, for its word of a tax
        ("Notas", "x", ("discount_amount", None), 180),  # by no column: it isn't as in the file
    ],
)
def test_a_discount_of_the_whole_under_any_word_is_what_the_papers_come_to(
    cli: Cli, root: Path, head: str, off: str, told: tuple[str, int | None], net: int
) -> None:
    """It was lost, or below zero and rejected, and the reconciliation agreed with the sum before it."""
    gross = 100 if net == 80 else 200
    quotes = f"Nº presupuesto;Oportunidad;Estado;Suma líneas;{head};Base imponible;IVA;Total\n"
    quotes += f"A-1;Press;Enviado;{gross},00;{off};{net},00;7,00;{net + 7},00\n"
    lines = f"Nº presupuesto;Concepto;Uds.;Precio;Importe\nA-1;Hoja;1;{gross},00;{gross},00\n"
    _plan(cli, deals=_DEALS, presupuestos=quotes, lineas=lines)
    _answered("lines")
    assert ("they differ" in cli("import", "run", "m", code=int(off == "x")).out) == (off == "x")
    field, value = told
    assert _papers(root)["A-1"].get(field) == value


def test_lines_that_come_to_no_sum_of_their_quotation_are_told(cli: Cli, root: Path) -> None:
    quotes = "Quote ID,Deal ID,Status,Currency,Total\nq1,1,Sent,EUR,119.00\n"
    lines = "ID,Quote ID,Product,Quantity,Unit Price,Total\n7,q1,Blade,1,100,100.00\n"
    told = _plan(cli, deals=_DEALS, quotes=quotes, quote_items=lines)
    said = "quotes.csv: 1 quotation whose lines don't come to the total: q1 119.00, its lines 100.00"
    assert said in told["assumed"]
    assert told["would_come"][-2:] == [
        "  1 x 100 = 100.00: Blade",
        "  comes to 100.00; the file says Total 119.00",
    ]
    asked = Path("m/plan.yaml").read_text()
    _answered("lines")
    assert "1 differs (q1 119.00 | 100.00)" in cli("import", "run", "m", "--dry-run", code=1).out
    Path("m/plan.yaml").write_text(asked)
    _answered("total")
    assert "1 row 119.00 EUR | 1 row 119.00 EUR" in cli("import", "run", "m").out
    priced = "ID,Deal ID,Product,Quantity,Unit Price,Total\n7,1,Blade,2,119,200\n"
    Path("x/quote_items.csv").write_text(priced)
    again = json.loads(cli("import", "plan", "x", "--into", "n", "--format", "json").out)
    why = "money that comes in no sum here: Total (200.00 in all)"
    assert f"quote_items.csv: {why}" in again["assumed"]


@pytest.mark.parametrize("rows", ["of papers", "of lines"])
def test_a_deal_is_made_for_each_paper_of_an_export_without_deals_if_one_says_so(
    cli: Cli, root: Path, rows: str
) -> None:
    """Offers of a program for bookkeeping stayed out, all of them, or their rows as lines of nothing."""
    head, own = "Angebotsnr.;Angebotsdatum;Gültig bis;Kunde;Status", ["Angenommen", "Versendet", "Abgelehnt"]
    more = "Nettobetrag" if rows == "of papers" else "Bezeichnung;Menge;Einzelpreis netto;Angenommen am"
    row = "90,00" if rows == "of papers" else "Blatt;3;30,00;"
    text = "\n".join(f"A-{n};09.11.2026;09.12.2026;Stadt;{of};{row}" for n, of in enumerate(own))
    text = text if rows == "of papers" else text.replace("30,00;", "30,00;11.11.2026", 1)
    text += "" if rows == "of papers" else "\nA-1;09.11.2026;09.12.2026;Stadt;Versendet;Treue;1;-12,09;"
    told = _plan(cli, angebote=f"{head};{more}\n{text}\n")
    (question,) = told["questions"]
    assert question["question"].startswith(
        "angebote.csv: 3 quotations and no deal, which each must have: make"
    )
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: make"))
    assert cli("import", "run", "m").out.count("they agree") == 2
    deals, papers = _papers(root, "opportunities"), _papers(root)
    Path("empty").mkdir()
    Path("empty/Kunden.csv").write_text("Firma;Ort\nStadt;Ulm\n")
    Path("empty/Angebote.csv").write_text(f"{head};{more}\n")
    empty = cli("import", "plan", "empty", "--into", "e", "--format", "json").out
    assert json.loads(empty)["questions"] == []  # a header alone
    closed = f"{head};{more}\n{text}".replace("Versendet", "Closed").replace("Abgelehnt", "Vielleicht")
    Path("empty/Angebote.csv").write_text(closed)
    again = json.loads(cli("import", "plan", "empty", "--into", "e", "--force", "--format", "json").out)
    which = "Angebote.csv, Status: which of Closed mean won, and which lost? Answer {won: [...], lost: [...]}"
    assert any(one["question"].startswith(which) for one in again["questions"])
    assert "Angebote.csv: the deals made of what is Vielleicht are open" in again["assumed"]
    assert [deals[f"A-{n}"]["status"] for n in range(3)] == ["won", "open", "lost"]
    assert (deals["A-1"]["title"], str(deals["A-1"]["expected_close"])) == ("A-1", "2026-12-09")
    day = "2026-11-09" if rows == "of papers" else "2026-11-11"
    assert str(deals["A-0"]["closed"]["date"]) == day and deals["A-0"]["closed"]["amount"] == 90
    assert ("of 1 closed deal:" in str(told["assumed"])) == (rows == "of lines")  # of two rows
    assert [papers[key]["opportunity"] == deals[key]["id"] for key in papers] == [True] * 3
    assert "3 unchanged" in cli("import", "run", "m").out


def test_rows_that_name_papers_again_and_again_are_none_themselves(cli: Cli) -> None:
    """Lines with surcharges came as 5,224 quotations and deals beside the 270 of the export."""
    quotes = "id,no,company_name,currency,date,deadline,status,sum\n"
    quotes += "".join(f"{n},1{n},Stadt,EUR,2026-11-09,2026-12-09,open,100.00\n" for n in range(3))
    lines = "amount,discount,id,is_confirmed,price,product_id,product_name,quote_id,sum,vat,vat_code_id\n"
    lines += "".join(f"30,-5,86{n},1,5564.0890,1952,Designer,{n // 2},175268.80,15.0,68\n" for n in range(6))
    told = _plan(cli, quotes=quotes, quote_lines=lines)
    (question,) = told["questions"]
    assert question["question"].startswith("quotes.csv: 3 quotations and no deal")
    said = "quote_lines.csv: rows of quotes.csv (quote_id), which aren't known as its lines, so they stay out"
    assert said in told["assumed"]


def test_arithmetic_finds_a_quantity_that_no_word_is_for_and_a_net_beside_freight(
    cli: Cli, root: Path
) -> None:
    """Each line came as one piece, freight as the sum of a quotation, a code as the id of lines.

    Of a percent and an amount off the whole in two columns one was taken; `Imponibile` was no sum of a line.
    """
    deals = "Deal;Company;Stage;Amount\nPress;Rossi;Demo;900\nRoof;Zed;Demo;500\nOld;Zed;Demo;500\n"
    quotes = "Quote Number;Deal;Status;Subtotal;Discount pct;Discount amt;Tax;Shipping;Grand total\n"
    quotes += "Q-1;Press;Inviato;1000,00;10;0;180,00;15,00;1095,00\n"
    quotes += "Q-2;Roof;Accettato;500,00;0;25,00;95,00;0,00;570,00\n"
    quotes += "Q-3;Old;Rifiutato;500,00;0;0;100,00;0,00;600,00\n"
    lines = "Quote Number;Codice;Descrizione;Pz. tot;Prezzo unitario;Importo\nQ-1;A1;Lama;2;500,00;1000,00\n"
    lines += "Q-2;A2;Tappo;5;100,00;500,00\nQ-3;A2;Tappo;5;100,00;500,00\n"
    _plan(cli, deals=deals, quotes=quotes, righe=lines)
    assert cli("import", "run", "m").out.count("they agree") == 3
    papers = _papers(root)
    assert [papers[f"Q-{n}"]["status"] for n in (1, 2, 3)] == ["sent", "accepted", "rejected"]
    assert _lines(papers["Q-1"], "quantity", "unit_price", "product") == [(2, 500, "A1")]
    assert [papers[q].get("discount") for q in papers] == [10, None, None]
    assert [papers[q].get("discount_amount") for q in papers] == [None, 25, None]
    rows = "Q.tà;Prezzo unitario;Sconto;Imponibile\n7,5;90,00;5%;641,25\n4;27,90;;111,60\n"
    fit = best_fit(rows_of_file(rows.encode(), "x.csv"))[1]
    assert fit
    assert fit.off == {"Sconto": {"to": "discount", "scale": "percent"}}


def test_a_type_says_which_papers_are_quotations_and_contacts_are_customers_where_no_firm_is(
    cli: Cli, root: Path
) -> None:
    """Freshsales' documents came as deals a second time, with its bills; Xero's quotes were not known."""
    papers = "Document number,Type,Deal,Stage,Amount,Currency,Valid till\n"
    papers += "Q-1,Quote,Press,Draft,9.00,EUR,2026-12-31\n"
    papers += "I-1,Invoice,Press,Paid,9.00,EUR,2026-12-31\n"
    told = _plan(cli, deals=_DEALS, documents=papers)
    assert "deals" not in str(told["questions"])
    assert "documents.csv: rows that Type calls Invoice are left out" in told["assumed"]
    cli("import", "run", "m")
    assert [*_papers(root)] == ["Q-1"]
    head = "ContactName,QuoteNumber,QuoteDate,Status,Currency,"
    head += "Description,Quantity,UnitAmount,DiscountRate,LineAmount\n"
    row = "QU-1,2026-11-02,SENT,GBP"
    rows = f"Acme,{row},Blade,2,500.00,10,900.00\nAcme,{row},Cap,1,50.00,,50.00\n"
    Path("xero").mkdir()
    Path("xero/Quotes.csv").write_text(head + rows)
    cli("import", "plan", "xero", "--into", "n")
    plan = Path("n/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: make"))
    cli("import", "run", "n")
    assert _lines(_papers(root)["QU-1"], "discount", "unit_price") == [(10, 500), (None, 50)]
    other = row.replace("QU-1", "QU-2")
    several = f"200,Acme,{row},Blade,2,500.00,10,900.00\n200,Bolt,{other},Cap,1,50.00,,50.00\n"
    for books in (several, f"260,Acme,{row},Cap,1,50.00,,50.00\n{several}"):
        Path("xero/Quotes.csv").write_text(f"Account Code,{head}{books}")
        out = cli("import", "plan", "xero", "--into", "n", "--force").out
        assert "customer Acme" in out and "(Account Code)" not in out  # that of the books
    tax = "20% (VAT on Income)"
    taxed = f"Tax Type,Tax Amount,{head}{tax},180.00,Acme,{row},Blade,2,500.00,10,900.00\n"
    taxed += f"{tax},10.00,Acme,{row},Cap,1,50.00,,50.00\n"
    Path("xero/Quotes.csv").write_text(taxed)
    out = cli("import", "plan", "xero", "--into", "n", "--force").out
    assert "900.00, tax 20 %: Blade" in out and "no sum here" not in out


def test_a_table_of_quotations_and_orders_is_two_of_each_its_own_rows(cli: Cli, root: Path) -> None:
    """All came as orders, then the quotations alone; lines of a bill named no record that is here."""
    papers = "Nummer;Belegart;Status;Kunde;Summe netto;Datum\n"
    papers += "AN-1;Angebot;Angenommen;Reuss KG;30,00;01.11.2026\n"
    papers += "AB-1;Auftragsbestätigung;Offen;Reuss KG;20,00;02.11.2026\n"
    papers += "RE-1;Rechnung;Bezahlt;Reuss KG;30,00;03.11.2026\n"
    lines = "Belegnummer;Bezeichnung;Menge;Einzelpreis;Gesamt\nAN-1;Putzen;2;15,00;30,00\n"
    lines += "AB-1;Fenster;1;20,00;20,00\nRE-1;Putzen;2;15,00;30,00\n"
    told = _plan(cli, belege=papers, positionen=lines)
    assert "belege.csv: rows that Belegart calls Rechnung are left out" in told["assumed"]
    assert [one["about"] for one in told["questions"]] == ["deals-of-quotations", "deals-of-orders"]
    _answered("make")
    ran = cli("import", "run", "m").out
    assert "1 left out; 1 of those left out belong to what is left out" in ran
    assert "without a deal" not in ran
    assert [_papers(root)["AN-1"]["status"], _papers(root, "orders")["AB-1"]["status"]] == [
        "accepted",
        "open",
    ]
    assert {*_papers(root, "opportunities")} == {"AN-1", "AB-1"}


def test_lines_that_are_in_no_total_stay_out_and_one_of_a_sum_alone_comes_to_it(cli: Cli, root: Path) -> None:
    """An alternative was sold with the rest, and a lump sum made the plan warn of a total that agrees."""
    papers = "Angebotsnummer;Kunde;Status;Datum;Nettobetrag\n"
    papers += "A1;Zed KG;Entwurf;01.11.2026;30,00\nA2;Zed KG;Versendet;02.11.2026;25,00\n"
    lines = "Angebotsnummer;Pos;Art;Bezeichnung;Menge;Einzelpreis;Gesamt\n"
    lines += "A1;1;Position;Putzen;2;15,00;30,00\nA1;2;Alternative;Fenster;1;20,00;20,00\n"
    lines += "A2;1;Position;Putzen;1;15,00;15,00\nA2;2;Position;Anfahrt;;;10,00\n"
    told = _plan(cli, angebote=papers, angebotspositionen=lines)
    why = "angebotspositionen.csv: 1 row that Art calls Alternative, in no total, left out"
    assert [said for said in told["assumed"] if "total" in said] == [why]
    _answered("make")
    assert cli("import", "run", "m").out.count("they agree") == 3
    assert _lines(_papers(root)["A1"], "description") == [("Putzen",)]
    assert _lines(_papers(root)["A2"], "unit_price") == [(15,), (10,)]


def test_money_is_taken_or_what_is_taken_comes_to_it_or_the_plan_names_it(cli: Cli, root: Path) -> None:
    """It stayed under `custom`, or out, with a word on its column alone; a cent of rounding was a fault."""
    quotes = "Quote ID,Deal ID,Status,Currency,Subtotal,VAT,Ajuste,Brutto,Units\n"
    quotes += "q1,1,Sent,EUR,30.01,6.00,-3.25,36.01,7.5\nq2,2,Sent,USD,102.60,19.00,-1.00,121.60,1\n"
    lines = "Quote ID,Product,Quantity,Unit Price,Discount %,Amount,VAT amount\n"
    lines += "q1,Blade,1,10.004,0,10.00,2.00\nq1,Blade,1,10.004,0,10.00,2.00\nq1,Cap,1,10.00,0,10.00,2.00\n"
    lines += "q2,Blade,1,10.00,5,9.50,1.90\n" * 10 + "q2,Blade,1,10.00,5,7.60,1.90\n"
    told = _plan(cli, deals=_DEALS, quotes=quotes, quote_items=lines)["assumed"]
    assert [said.split("money that comes in no sum here: ")[1] for said in told if "money" in said] == [
        "VAT (25.00 in all), Ajuste (-4.25 in all), Brutto (157.61 in all)",
        "VAT amount (26.90 in all)",
    ]
    assert "quote_items.csv: Amount isn't what the rest comes to in 1 row: line 15" in told
    assert "quotes.csv: 1 quotation whose lines don't come to the total: q2 102.60, its lines 104.50" in told
    _answered("lines")
    out = cli("import", "run", "m", code=1).out
    assert "1 differs (q2 102.60 | 104.50)" in out
    assert "1 by cents, as each line is rounded here (q1)" in out


def test_ids_of_products_name_lines_by_the_file_of_products_or_are_said_to(cli: Cli, root: Path) -> None:
    """Zoho's names of fields: a line was called by the id, or was a line without a name."""
    deals = "Id,Deal_Name,Account_Name,Stage,Amount,Currency,Closing_Date\n"
    deals += "99000001,Roof,Aurora,Qualification,1,EUR,2027-01-01\n"
    quotes = "Id,Subject,Deal_Name,Quote_Stage,Valid_Till,Currency,Sub_Total,Discount,Grand_Total\n"
    quotes += "99000002,Roof,99000001,Delivered,2026-12-18,EUR,25.00,0,25.00\n"
    lines = "Id,Parent_Id,Product_Name,Description,Quantity,List_Price,Discount\n"
    lines += "99000003,99000002,99000007,Blue,2,9.00,0\n99000004,99000002,,Travel,1,7.00,0\n"
    products = "Id,Product_Name,Product_Code\n99000007,Slate,S-1\n"
    tables = {"Deals": deals, "Quotes": quotes, "Quoted_Items": lines}
    _plan(cli, "--from", "zoho", **tables, Products=products)
    cli("import", "run", "m")
    (quote,) = _papers(root).values()
    assert _lines(quote, "product", "description") == [("S-1", "Slate"), (None, "Travel")]
    Path("x/Products.csv").unlink()
    told = json.loads(cli("import", "plan", "x", "--into", "m", "--force", "--format", "json").out)
    assert any("Product_Name has ids of products that no file" in said for said in told["assumed"])


def test_a_column_of_items_that_nobody_knows_leaves_the_rows_below_with_their_quotation(
    cli: Cli, root: Path
) -> None:
    """The row below was no longer a line, as the column was a field of its quotation."""
    deals = "ID,Title,Opportunity From,Party,Status,Opportunity Amount,Currency\n"
    deals += "O1,Press,Customer,Aurora,Open,5,EUR\n"
    head = "ID,Quotation To,Party,Opportunity,Date,Valid Till,Status,Currency,Additional Discount Amount"
    head += (
        ",Net Total,Item Name (Items),Quantity (Items),Rate (Items),Price List Rate (Items),Rate (Taxes)\n"
    )
    rows = "Q1,Customer,Aurora,O1,2026-10-01,2026-12-18,Open,EUR,7.00,40.00,Blade,2,20,25,19\n"
    rows += ",,,,,,,,,,Travel,1,7,9,\n,,,,,,,,,,,,,,7\n"
    told = _plan(cli, "--from", "erpnext", Opportunity=deals, Quotation=head + rows)
    assert "Price List Rate (Items) (2), Rate (Taxes) (2)" in " ".join(told["left_out"])
    assert "they differ" not in cli("import", "run", "m").out
    (quote,) = _papers(root).values()
    assert _lines(quote, "description", "unit_price") == [("Blade", 20), ("Travel", 7)]
    assert quote["discount_amount"] == 7


def test_a_report_of_deals_without_ids_has_a_deal_for_several_rows_of_products(cli: Cli, root: Path) -> None:
    """Each row was a deal with the whole amount, and came again with each run."""
    report = "Opportunity Name,Account Name,Stage,Close Date,Amount,Amount Currency,Opportunity Owner"
    report += ",Product Name,Quantity,Sales Price,Total Price,Created Date\n"
    for product in ("Blade,2.00,18.00,36.00", "Travel,1.00,10.00,10.00"):
        report += f"Press,Aurora,Proposal/Price Quote,12/18/2026,46.00,EUR,Nora Vance,{product},10/21/2026\n"
    _plan(cli, report1=report)
    cli("import", "run", "m")
    (deal,) = _papers(root, "opportunities").values()
    assert (deal["amount"], _lines(deal, "description", "quantity")) == (46, [("Blade", 2), ("Travel", 1)])
    assert "1 unchanged" in cli("import", "run", "m").out


@pytest.mark.parametrize(
    ("head", "rows", "included"),
    [
        ("Item,Qty,Price incl. VAT,VAT %,Total incl. VAT", "Blade,2,23.80,19,47.60", True),
        ("Grand Total", "119.00", True),  # and nothing before tax
        (
            "Item,Qty,Unit Price,Line Total,Net Total,Tax,Grand Total",
            "Blade,2,23.80,47.60,40.00,7.60,47.60",
            True,
        ),
        (
            "Item,Qty,Unit Price,Line Total,Net Total,Tax,Grand Total",
            "Blade,2,20.00,40.00,40.00,7.60,47.60",
            None,
        ),
        # by the rate of the line, as the sum without tax tells
        ("Item,Qty,Unit Price,VAT %,Amount,Subtotal,Total", "Blade,2,23.80,19,47.60,40.00,47.60", True),
        ("Item,Qty,Unit Price,VAT %,Amount,Gross total", "Blade,2,23.80,19,47.60,47.60", True),
        ("Item,Qty,Unit Price,VAT %,Amount,Subtotal,Total", "Blade,2,20.00,19,40.00,40.00,47.60", None),
    ],
)
def test_prices_with_their_tax_are_no_net(
    cli: Cli, root: Path, head: str, rows: str, included: bool | None
) -> None:
    quotes = f"Quote No,Deal Name,Status,Currency,{head}\nQ1,Press,Sent,EUR,{rows}\n"
    _plan(cli, deals=_DEALS, quotes=quotes)
    cli("import", "run", "m")
    (quote,) = _papers(root).values()
    assert quote.get("tax_included") == included


@pytest.mark.parametrize(
    ("head", "cells", "amount"),
    [
        ("VAT %,Net total,Gross total", "19,1000.00,1190.00", 1000),
        ("Subtotal,Discount,Total", "1190.00,50.00,1140.00", 1140),
        ("Subtotal,Discount,Tax,Total", "1190.00,190.00,100.00,1100.00", 1000),  # as its lines come to
    ],
)
def test_deals_that_are_made_have_the_net_of_their_quotations(
    cli: Cli, root: Path, head: str, cells: str, amount: int
) -> None:
    quotes = f"Quote No,Customer,Status,Item,Qty,Unit Price,{head}\nQ1,Acme,Sent,Blade,10,119.00,{cells}\n"
    _plan(cli, quotes=quotes)
    plan = Path("m", "plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: make"))
    assert "they agree" in cli("import", "run", "m").out
    assert f" {amount:,}.00" in cli("opportunity", "list").out


def test_numbers_of_papers_name_them_and_their_lines_and_no_reference_does(cli: Cli, root: Path) -> None:
    quotes = "N° devis;Référence;Affaire;Statut;Total HT;Remise;TVA;Total TTC;Devise\n"
    quotes += "D-1;R;Press;Envoyé;46,00;0,00;9,20;55,20;EUR\nD-2;R;Cable;Accepté;45,00;5,00;9,00;54,00;USD\n"
    lines = "N° devis;Référence;Désignation;Qté;Unité;PU HT;Remise %;TVA %;Total HT\n"
    lines += "D-1;B-1;Lame;2;pce;20,00;10;20;36,00\nD-1;;Trajet;1;h;10,00;0;20;10,00\n"
    lines += "D-2;C-1;Câble;100;m;0,50;0;20;50,00\n"
    Path("x").mkdir()
    for name, text in {"deals": _DEALS, "devis": quotes, "lignes devis": lines}.items():
        Path("x", f"{name}.csv").write_text(text, encoding="utf-8")
    cli("import", "plan", "x", "--into", "m")
    assert "they differ" not in cli("import", "run", "m").out
    papers = _papers(root)
    assert papers["D-1"]["custom"]["reference"] == "R"
    assert papers["D-2"]["discount_amount"] == 5
    assert _lines(papers["D-1"], "description", "quantity", "unit_price", "discount", "tax") == [
        ("Lame", 2, 20, 10, 20),
        ("Trajet", 1, 10, 0, 20),
    ]


def test_papers_with_ids_are_known_by_the_numbers_that_their_lines_name_them_by(cli: Cli, root: Path) -> None:
    """All lines stayed out, which the run alone said."""
    quotes = "Quote ID,Quote Number,Opportunity ID,Quote Status,Sub Total,Currency\n"
    quotes += "101,Q-1,1,Sent,46,EUR\n102,Q-2,2,Draft,9,EUR\n"
    lines = "Quote Number,Product Name,Quantity,Unit Price\nQ-1,Blade,2,20\nQ-1,Way,1,6\nQ-2,Cable,1,9\n"
    _plan(cli, deals=_DEALS, quotes=quotes, quote__lines=lines)
    out = cli("import", "run", "m").out
    assert "quotations: 3 rows 55.00 EUR | 3 rows 55.00 EUR" in out
    papers = _papers(root)
    assert [len(papers[number]["items"]) for number in ("Q-1", "Q-2")] == [2, 1]
    assert papers["Q-1"]["custom"] == {"id": 101}
    Path("x/quote.lines.csv").unlink()
    cli("import", "plan", "x", "--into", "n")
    assert "2 unchanged" in cli("import", "run", "n").out.partition("quotations:")[2]


def test_units_are_a_quantity_where_each_is_a_number(cli: Cli, root: Path) -> None:
    quotes = "Presupuesto Nº;Oportunidad;Estado;Moneda;Concepto;Unidades;Precio;Dto. %;IVA %"
    quotes += ";Base imponible;Total línea\nP-1;Press;Enviado;EUR;Cuchilla;2;20,00;10;21;36,00;43,56\n"
    quotes += "P-1;Press;Enviado;EUR;Viaje;1;10,00;0;21;10,00;12,10\n"
    _plan(cli, deals=_DEALS, presupuestos=quotes)
    cli("import", "run", "m")
    (quote,) = _papers(root).values()
    assert _lines(quote, "description", "quantity", "discount", "tax") == [
        ("Cuchilla", 2, 10, 21),
        ("Viaje", 1, 0, 21),
    ]


def test_rows_below_the_number_of_a_quotation_are_its_lines_and_come_once(cli: Cli, root: Path) -> None:
    """`MwSt.` is one word, and the only name of a quotation may be called as it is."""
    quotes = (
        "Angebot;Deal;Datum dd/mm/yyyy;Status;Währung;Gesamt exkl. MwSt.;Gesamt inkl. MwSt.;Artikel;Anzahl"
    )
    quotes += ";Preis pro Einheit;Rabatt (%);MwSt. (%);Summe exkl. MwSt.\n"
    quotes += "A-1;Press;21/10/2026;Gesendet;EUR;25,00;29,75;Blatt;2;10,00;10;19;18,00\n"
    quotes += ";;;;;;;Weg;1;7,00;0;19;7,00\n"
    assert _plan(cli, deals=_DEALS, Angebote=quotes)["would_come"][-7:] == [
        "quotation A-1, of line 2 in Angebote.csv:",
        "  status sent (Status: Gesendet), customer Aurora, date 2026-10-21 (Datum",
        "  dd/mm/yyyy: 21/10/2026), currency EUR (Währung)",
        "  2 x 10.00 - 10 % = 18.00, tax 19 %: Blatt",
        "  1 x 7.00 = 7.00, tax 19 %: Weg",
        "  comes to 25.00, with tax 29.75; the file says Gesamt exkl. MwSt. 25,00,",
        "  Gesamt inkl. MwSt. 29,75",
    ]
    assert "1 row 25.00 EUR | 1 row 25.00 EUR" in cli("import", "run", "m").out
    (quote,) = _papers(root).values()
    assert str(quote["created"])[:10] == "2026-10-21"
    assert _lines(quote, "description", "discount", "tax") == [("Blatt", 10, 19), ("Weg", 0, 19)]
    assert "1 unchanged" in cli("import", "run", "m").out


def test_lines_of_hubspots_quotes_find_them_and_products_are_made_where_ids_name_the_rest(
    cli: Cli, root: Path
) -> None:
    """The lines were taken for products, and Odoo's were rejected, as none was made."""
    deals = "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Close Date\n"
    deals += "9,Oven,Contract Sent (Sales Pipeline),Sales Pipeline,5,EUR,2026-12-24\n"
    quotes = "Record ID,Quote name,Status,Quote amount,Currency,Expiration Date,Associated Deal IDs\n"
    quotes += "70,Offer,Published (no approval needed),20.00,EUR,2026-12-20,9\n"
    lines = "Record ID,Name,SKU,Quantity,Unit price,Discount Percentage,Associated Quote IDs\n"
    lines += "71,Grill,G/1,2,10,0,70\n"
    _plan(cli, **{"deals": deals, "quotes": quotes, "line-items": lines})
    assert "they differ" not in cli("import", "run", "m").out
    (quote,) = _papers(root).values()
    assert (quote["status"], _lines(quote, "description", "quantity")) == ("sent", [("Grill", 2)])


def test_products_of_odoo_are_made_where_ids_name_all_other_records(cli: Cli, root: Path) -> None:
    deals = "id,name,partner_id/id,stage_id,expected_revenue\nx.d1,Press,x.p1,New,50\n"
    head = "id,name,opportunity_id/id,partner_id/id,state,order_line/product_id/name,order_line/name"
    rows = "x.q1,S1,x.d1,x.p1,sent,Blade,Steel,2,20\n"
    table = f"{head},order_line/product_uom_qty,order_line/price_unit\n{rows}"
    partners = "id,name,is_company\nx.p1,Aurora,True\n"
    _plan(cli, res__partner=partners, crm__lead=deals, sale__order=table)
    cli("import", "run", "m")
    assert [line["unit_price"] for line in _papers(root)["x.q1"]["items"]] == [20]


def test_the_discount_of_a_quote_of_dynamics_is_known_by_its_name(cli: Cli, root: Path) -> None:
    deals = "(Do Not Modify) Opportunity,Topic,Potential Customer,Status,Est. Revenue,Currency\n"
    deals += "d1,Press,Aurora,Open,95,EUR\n"
    quotes = (
        "(Do Not Modify) Quote,Quote ID,Revision ID,Name,Opportunity,Potential Customer,Status,Detail Amount"
    )
    quotes += ",Quote Discount (%),Quote Discount Amount,Total Amount,Currency\n"
    quotes += "q1,QUO-1,0,Offer,Press,Aurora,Active,100.00,5,0.00,95.00,EUR\n"
    _plan(cli, Opportunities=deals, Quotes=quotes)
    cli("import", "run", "m")
    assert [quote["discount"] for quote in _papers(root).values()] == [5]


def test_papers_and_lines_are_told_by_the_names_that_they_have_of_other_tables(cli: Cli, root: Path) -> None:
    """No file is called by a word for it, `Bauvorhaben` is no word for a deal, and none is for the price."""
    deals = "Titel;Kunde;Phase;Wert\nHalle Nord;Aurora;Angebot;1900,00\nDach;Boreal;Angebot;500,00\n"
    quotes = "Angebotsnr.;Angebotsdatum;Kunde;Bauvorhaben;Endbetrag;Steuerbetrag;Summe\n"
    quotes += "A-1;05.03.2026;Aurora;Halle Nord;2261,00;361,00;1900,00\n"
    quotes += "A-2;16.03.2026;Boreal;Dach;595,00;95,00;500,00\n"
    lines = "Beleg;Bezeichnung;Menge;EP lt. Liste;Rabatt %;Wert netto\n"
    lines += "A-1;Pumpe;2;1000,00;5;1900,00\nA-2;Ventil;5;100,00;0;500,00\n"
    told = _plan(cli, chancen=deals, bericht1=quotes, bericht2=lines)
    assert (told["unknown"], told["questions"]) == ([], [])
    assert cli("import", "run", "m").out.count("they agree") == 3
    papers = _papers(root)
    assert _lines(papers["A-1"], "quantity", "unit_price", "discount") == [(2, 1000, 5)]
    assert papers["A-1"]["opportunity"] != papers["A-2"]["opportunity"]


@pytest.mark.parametrize("net", ["Base;", ""])
def test_a_sum_with_its_tax_alone_is_no_net_and_comes_to_something(cli: Cli, root: Path, net: str) -> None:
    """`Total con IVA` was a tax, the order came to nothing, and all was said to agree."""
    orders = f"Nº pedido;Fecha pedido;Oportunidad;{net}Cuota IVA;Total con IVA;Estado\n"
    orders += f"P-1;25/03/2026;Press;{'1.900,00;' if net else ''}399,00;2.299,00;Confirmado\n"
    _plan(cli, deals=_DEALS, pedidos=orders)
    assert "2,299.00" in (out := cli("import", "run", "m").out) or "1,900.00" in out
    (order,) = _papers(root, "orders").values()
    assert order.get("tax_included") == (None if net else True)
    assert _lines(order, "unit_price") == [(1900 if net else 2299,)]


def test_products_of_lines_that_are_in_no_file_are_made_by_their_codes(cli: Cli, root: Path) -> None:
    """Each line was rejected, as nothing but the code of its product named it, and only the run said so."""
    lines = "Deal ID,SKU,Name,Quantity,Unit Price\n1,B.1,Blade,2,20.00\n1,B.1,Blade,1,10.00\n2,C-1,,1,9.00\n"
    told = _plan(cli, deals=_DEALS, line_items=lines)
    said = (
        "line_items.csv: SKU names products that no file of the export has: those that aren't here are made"
    )
    assert said in told["assumed"]
    assert "made on the way: 2 products" in cli("import", "run", "m").out
    products = {
        one["sku"]: one["name"] for one in map(loads, (p.read_text() for p in root.glob("products/*")))
    }
    assert products == {"B.1": "Blade", "C-1": "C-1"}
    assert _lines(_papers(root, "opportunities")["1"], "product") == [("B.1",), ("B.1",)]


def test_a_login_beside_both_names_is_the_users_id_and_names_nobody(cli: Cli, root: Path) -> None:
    users = "id,user_name,first_name,last_name,email1\nu1,aruiz,Ana,Ruiz,a@x.example\n"
    deals = "Deal ID,Deal Name,Stage,Amount,Currency,Owner\n1,Press,Demo,50,EUR,aruiz\n"
    _plan(cli, users=users, deals=deals)
    cli("import", "run", "m")
    assert loads((root / "pipecli.yaml").read_text())["users"]["aruiz"]["name"] == "Ana Ruiz"
    assert _papers(root, "opportunities")["1"]["owner"] == "aruiz"


def test_a_row_that_a_comma_has_shifted_puts_nothing_into_the_settings(cli: Cli) -> None:
    deals = (
        "Deal Name,Company,Pipeline,Stage,Amount\nA,X,Sales,Demo,5\nB,Y,Inc,Sales,Demo,6\nC,Z,Sales,Demo,7\n"
    )
    assert "Inc" not in str(_plan(cli, deals=deals))
    assert "inc" not in Path("m/settings.yaml").read_text()


def test_a_reconciliation_agrees_to_nothing_where_the_file_has_money_for_it(cli: Cli, root: Path) -> None:
    """Orders whose sum no column was known for came to 0.00, and the reconciliation said that they agree.

    The next night it said that people had changed them, which nobody had.
    """
    orders = "Order ID,Order Date,Deal ID,Tax amount,Status\nS1,2026-03-25,1,399.00,Open\n"
    assert any("come to nothing" in said for said in _plan(cli, deals=_DEALS, orders=orders)["assumed"])
    differs = "Open: 1 row 0.00 EUR | 1 row 0.00 EUR: 1 differs (S1)"
    assert differs in cli("import", "run", "m", code=1).out
    assert differs in cli("import", "run", "m", code=1).out
    cli("order", "set", _papers(root, "orders")["S1"]["id"], "notes=Ours")
    assert "1 changed here since" in cli("import", "run", "m").out


def test_a_sum_without_tax_is_that_of_a_quotation_whichever_stands_first(cli: Cli, root: Path) -> None:
    """With its tax it came as the net: nothing tells the tax of Odoo's list."""
    quotes = "Quote No,Deal Name,Total,Untaxed Amount\nQ1,Press,3146.00,2600.00\n"
    _plan(cli, deals=_DEALS, quotes=quotes)
    cli("import", "run", "m")
    assert _lines(_papers(root)["Q1"], "unit_price") == [(2600,)]


def test_words_in_a_header_for_a_sum_without_tax_may_be_one_word(cli: Cli, root: Path) -> None:
    """Orders of Business Central came to nothing."""
    orders = "id,orderDate,dealId,totalAmountIncludingTax,totalAmountExcludingTax,status\n"
    _plan(cli, deals=_DEALS, orders=f"{orders}S1,2026-03-25,1,121.00,100.00,Open\n")
    cli("import", "run", "m")
    assert _lines(_papers(root, "orders")["S1"], "unit_price") == [(100,)]


def test_a_discount_of_one_with_four_decimals_is_rounded_for_all_and_said(cli: Cli, root: Path) -> None:
    """Of HubSpot's lines each with such a discount was rejected, as 9.9999 EUR can't be paid."""
    deals = "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Close Date\n"
    deals += "9,Oven,Contract Sent (Sales Pipeline),Sales Pipeline,289.97,EUR,2026-12-24\n"
    lines = "Record ID,Name,Quantity,Unit price,Unit discount,Associated Deal IDs\n1,Pump,3,99.99,3.3333,9\n"
    _plan(cli, **{"deals": deals, "line-items": lines})
    assert "9.9999 → 10.00" in (said := cli("import", "run", "m").out)
    assert said.count("they agree") == 2
    assert "1 unchanged" in cli("import", "run", "m").out


def test_figures_below_custom_are_numbers_with_a_decimal_comma_too(cli: Cli, root: Path) -> None:
    deals = "Nr;Titel;Phase;Wert;Fläche;Vorjahr;Satz\n1;Press;Demo;1.900,00;120,5;1.234,50;1.500\n"
    _plan(cli, chancen=deals)
    cli("import", "run", "m")
    custom = _papers(root, "opportunities")["1"]["custom"]
    assert custom == {"flache": 120.5, "vorjahr": 1234.5, "satz": "1.500"}


@pytest.mark.parametrize(
    "header",
    [
        "Quote Number,Customer,Deal,Status,Total,Text,Sum",
        "Record Id,Account Name,Deal Name,Quote Stage,Sub Total,Subject,Grand Total,Deal Name.id",
    ],
)
def test_papers_without_a_deal_are_told_with_what_they_come_to(cli: Cli, header: str) -> None:
    """They were left out of both sides of a reconciliation that agreed, or rejected for a missing `OPP-`."""
    one, none = (",1", ",") if header.endswith("id") else ("", "")
    told = _plan(
        cli,
        deals="No,Deal,Customer,Stage,Amount\n1,Roof,Acme,Demo,9\n",
        quotes=f"{header}\nQ1,Acme,Roof,Draft,100.00,A,100.00{one}\nQ2,Zed,,Confirmed,999.00,B,999.00{none}\n",
    )
    assert "quotes.csv: 1 quotation without a deal, left out: Q2" in told["assumed"]
    ran = cli("import", "run", "m").out
    assert "  without a deal: 1 row 999.00 EUR | 0 rows 0.00 EUR: 1 left out (Q2)" in ran
    assert "they agree but for what is left out" in ran


@pytest.mark.parametrize("has_file", [True, False])
def test_headings_and_notes_among_lines_are_none(cli: Cli, root: Path, has_file: bool) -> None:
    """Their paper was rejected for lack of a price. Arithmetic finds a discount under any word."""
    head = "Angebotsnummer;Datum;Kunde;Status;Nettobetrag\n"
    papers = {"A1": "01.03.2026;Jäger;Versendet;180,00", "A2": "02.03.2026;Jäger;Versendet;100,00"}
    lines = [
        "A1;1;Werkzeug:;;;;",
        "A1;2;Mühle;2;100,00;10;180,00",
        "A1;3;3 Wochen;;;;",
        "A2;1;Kabel;1;100,00;;100,00",
    ]
    columns = "Angebotsnummer;Pos;Leistung;Menge;Einzelpreis;Ndl. %;Gesamt"
    if has_file:
        sheets = {"Angebotspositionen": "\n".join([columns, *lines, ""])}
        sheets["Angebote"] = head + "".join(f"{number};{rest}\n" for number, rest in papers.items())
    else:
        rows = "".join(f"{line};{papers[line[:2]]}\n" for line in lines)
        sheets = {"Angebote": f"{columns};{head.partition(';')[2]}{rows}"}
    told = _plan(cli, **sheets)
    name = "Angebotspositionen.csv" if has_file else "Angebote.csv"
    assert f"{name}: 2 rows without quantity and price, no lines: Werkzeug:, 3 Wochen" in told["assumed"]
    plan = Path("m/plan.yaml")
    plan.write_text(plan.read_text().replace("answer:", "answer: make"))
    cli("import", "run", "m")
    own = _papers(root)["A1"]
    assert [(line["description"], line["discount"]) for line in own["items"]] == [("Mühle", 10)]


def test_lines_of_a_paper_that_is_left_out_stay_out_with_it(cli: Cli) -> None:
    """They were rejected, as was a deleted paper beside one without a deal."""
    _plan(
        cli,
        Opportunity="Id,IsDeleted,Name,StageName,Amount,CloseDate\n1,0,Roof,Prospecting,100,2026-12-20\n",
        Quote="Id,IsDeleted,Name,OpportunityId,QuoteNumber,Status\nQ1,0,A,1,001,Draft\nQ2,0,B,,002,Draft\n"
        "Q3,1,C,1,003,Draft\n",
        QuoteLineItem="Id,QuoteId,Quantity,UnitPrice,Description\nL1,Q1,1,100,Beam\nL2,Q2,1,50,Nail\n",
    )
    ran = cli("import", "run", "m").out
    assert "quotations: 3 rows of Quote.csv: 1 made, 2 left out" in ran
    assert "QuoteLineItem.csv: 1 made, 1 left out; 1 of those left out belong to what is left out" in ran


def test_a_plan_writes_what_its_run_takes(cli: Cli, root: Path) -> None:
    """Templates named columns in the preset's case, and an activity with an empty type was rejected."""
    entries = "ID,PRICEBOOK2ID,PRODUCT2ID,CURRENCYISOCODE,UNITPRICE\n01u1,01s1,01t1,USD,49.90\n"
    tasks = "Record Id,Task Name,Category,Due Date,Completed,Deal Id\n1,Call back,,2026-12-13,FALSE,1\n"
    _plan(
        cli,
        Product2="ID,NAME,PRODUCTCODE,ISACTIVE\n01t1,Widget,WID,1\n",
        PricebookEntry=entries,
        deals=_DEALS,
        Tasks=tasks,
        contacts="Nombre,Es una compañía,Compañía relacionada,Correo electrónico,Teléfono\n"
        "Talleres,True,,,+34 91 555 01\nBegoña,False,Talleres,begona@talleres.example,\n",
    )
    cli("import", "run", "m")
    assert {*_papers(root, "customers", "name")} >= {"Talleres"}
    assert {*_papers(root, "price-lists", "name")} == {"01s1 USD"}
