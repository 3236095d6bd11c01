"""`quotation new --from-supplier-quote`: prices from a supplier's answer, and every doubt said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import DEAL, OPP, supplier_answer

pytestmark = pytest.mark.usefixtures("shop")


def quoted(cli, *options):
    return loads(cli("quote", "new", OPP, *options, "--format", "json").out)


def test_a_quotation_takes_the_supplier_s_prices_with_a_markup(cli, given):
    given(supplier_answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400), ("grinder", 3, "90.05")]))

    made = quoted(cli, "--from-supplier-quote", "SQ-A1111", "--markup", "20")

    assert [item["unit_price"] for item in made["items"]] == [Decimal("1680.00"), Decimal("108.06")]
    assert made["supplier_quotation"] == "SQ-A1111"
    # its own cost is the supplier's: (1680.00 x 2 x 0.9 - 2800.00) + (324.18 - 270.15)
    assert made["margin"] == Decimal("278.03")
    assert "items_without_cost" not in made


def test_a_margin_is_of_the_customer_s_price_in_the_quotation_s_currency(cli, rates, given):
    prices = [("cafe-s-100", 2, 1000), ("grinder", 3, "0.105")]
    given(supplier_answer("SQ-B2222", "beans", prices, currency="USD"))

    made = quoted(cli, "--from-supplier-quote", "sq-b22", "--margin", "30")

    # 1000 USD are 800 EUR, 70 % of the price; 0.084 / 0.7 = 0.12
    assert [item["unit_price"] for item in made["items"]] == [Decimal("1142.86"), Decimal("0.12")]


def test_what_makes_a_price_doubtful_is_said(cli, given):
    given(supplier_answer("SQ-A1111", "acme", [("cafe-s-100", 5, 1400)], valid_until="2026-11-20"))

    said = cli("quote", "new", OPP, "--from-supplier-quote", "SQ-A1111", "--markup", "0")

    assert said.err.splitlines()[:-1] == [
        "SQ-A1111 was valid until 2026-11-20: ask acme again",
        "SQ-A1111 is for 5 × cafe-s-100, the quotation for 2 × Café S-100",
        "Café S-100 keeps its discount of 10 %, off the new price",
        "Grinder is not in SQ-A1111: it keeps its price of 199.00",
    ]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "a price from a supplier needs either a markup or a margin"),
        (["--markup", "20", "--margin", "20"], "needs either a markup or a margin"),
        (["--markup", "-1"], "error: --markup: "),
        (["--markup", "NaN"], "error: --markup: "),
        (["--markup", "1e400"], "error: --markup: "),
        (["--margin", "140"], "error: --margin: "),
        (["--margin", "100"], "a margin of 100 % isn't possible"),
        (["--markup", "much"], '--markup: "much" isn\'t a number'),
    ],
)
def test_what_is_no_markup(refused, given, options, fault):
    given(supplier_answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400)]))

    assert fault in refused("quote", "new", OPP, "--from-supplier-quote", "SQ-A1111", *options)


def test_prices_come_only_from_an_answer_to_the_same_deal(cli, refused, root, given, acme):
    line = refused("quote", "new", OPP, "--from-supplier-quote", acme, "--markup", "20")
    assert f"{acme} is requested, it has no prices; record the answer first" in line

    other = (root / DEAL).read_text().replace("OPP-2Q8XA", "OPP-3Z3Z3")
    answer = supplier_answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400)], deal="OPP-3Z3Z3")
    given({"opportunities/2026/OPP-3Z3Z3-x.yaml": other} | answer)
    line = refused("quote", "new", OPP, "--from-supplier-quote", "SQ-A1111", "--markup", "20")
    assert "SQ-A1111 is for OPP-3Z3Z3, not for OPP-2Q8XA" in line


def test_a_missing_rate_is_named(refused, given):
    given(supplier_answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1000)], currency="USD"))

    line = refused("quote", "new", OPP, "--from-supplier-quote", "SQ-B2222", "--markup", "20")

    assert "no exchange rate from USD to EUR on or before 2026-11-21; add one" in line
