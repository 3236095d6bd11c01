"""Quotations, orders and lines of other systems, with their deals: each sum as it is there, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

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
