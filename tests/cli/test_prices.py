"""Prices as trade has them: discounts of lines and of the whole, freight, options, prices with their tax."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads

pytestmark = pytest.mark.usefixtures("shop")


def made(cli, *words):
    return cli(*words).out.split()[0]


@pytest.fixture
def deal(cli, root):
    opp = made(cli, "opp", "add", "Machines", "--customer", "contoso-coffee")
    for line in (
        ("Machine A", "1000", "--quantity", "3", "--discount-amount", "100", "--tax", "21"),
        ("Book", "33.33", "--quantity", "3", "--tax", "4"),
        ("Delivery", "80", "--kind", "freight", "--tax", "21"),
        ("Training", "500", "--optional", "--tax", "21"),
        ("Machine B", "1300", "--quantity", "3", "--alternative-to", "Machine A", "--tax", "21"),
    ):
        description, price, *rest = line
        cli("opp", "item", "add", opp, "--description", description, "--price", price, *rest)
    cli("opp", "set", opp, "discount=5")
    return opp


def test_an_offer_with_options_from_the_deal_to_the_order(cli, deal, root):
    assert loads(cli("opp", "show", deal, "--format", "json").out)["amount"] == Decimal("2929.99")
    assert "2,929.99 EUR, after a discount of 5 %" in cli("opp", "show", deal).out
    quotation = made(cli, "quote", "new", deal)
    page = cli("quote", "show", quotation).out
    assert "discount 5 %   -150.00 EUR" in page and "instead of Machine A" in page
    cli("quote", "render", quotation, "--output", str(root.parent / "offer.html"))
    paper = (root.parent / "offer.html").read_text("utf-8")
    assert "Machine A · Impuesto 21 %" in paper.replace("\xa0", " ")
    offer = loads(cli("quote", "show", quotation, "--format", "json").out)
    sums = {key: str(offer[key]) for key in ("subtotal", "discount_total", "amount", "total")}
    assert sums == {
        "subtotal": "3079.99",
        "discount_total": "150.00",
        "amount": "2929.99",
        "total": "3529.14",
    }
    assert {rate: str(tax) for rate, tax in offer["tax_by_rate"].items()} == {"4": "3.80", "21": "595.35"}
    lines = loads(cli("quote", "item", "list", quotation, "--format", "json").out)
    assert [line.get("amount") for line in lines] == [2755, Decimal("94.99"), 80, None, None]
    cli("quote", "send", quotation)

    wrong = cli("quote", "accept", quotation, "--with", "1", code=1)
    assert "item 1, 3 × Machine A, is part of the offer, not an option" in wrong.err
    said = cli("quote", "accept", quotation, "--with", "Training", "--with", "5")
    assert "with 1 × Training, 3 × Machine B it comes to 4,354.99 EUR" in said.err
    assert cli("check").code == 0  # what was offered is as it was sent
    assert "won 4,354.99 EUR" in cli("opp", "won", deal).out
    (order,) = loads(cli("order", "list", "--format", "json").out)
    assert [item["description"] for item in order["items"]] == ["Book", "Delivery", "Training", "Machine B"]
    assert (str(order["amount"]), str(order["total"])) == ("4354.99", "5253.39")
    assert not any("optional" in item or "alternative_to" in item for item in order["items"])
    sums = "SELECT amount, (SELECT sum(i.amount) FROM items i WHERE i.record = o.id) AS lines FROM {} o"
    for table in ("opportunities", "quotations", "orders"):
        (row,) = loads(cli("sql", f"{sums.format(table)} WHERE o.amount = 4354.99", "--format", "json").out)
        assert row["amount"] == row["lines"], table
    offers = str(root / "offers.csv")
    cli("export", "quotations", "--output", offers)
    assert "unchanged" in cli("import", "quotations", offers).out  # what was taken among it


def test_a_price_list_with_tax_makes_a_deal_with_tax(cli, deal):
    cli("price-list", "add", "shop", "--currency", "EUR")
    cli("price-list", "set", "shop", "tax_included=yes", "prices.cafe-s-100=121.00")
    opp = made(cli, "opp", "add", "Over the counter", "--customer", "contoso-coffee", "--price-list", "shop")
    cli("opp", "item", "add", opp, "--product", "cafe-s-100", "--tax", "21")
    plain = loads(cli("opp", "show", opp, "--format", "json").out)
    assert (plain["tax_included"], plain["amount"]) == (True, 100)
    quotation = loads(cli("quote", "new", opp, "--format", "json").out)
    assert [str(quotation[key]) for key in ("amount", "tax", "total")] == ["100.00", "21.00", "121.00"]
    wrong = cli("opp", "set", deal, "price_list=shop", code=1)
    assert f"the prices of shop are with tax, those of {deal} without it" in wrong.err


def test_a_discount_of_prices_with_tax_is_shared_as_the_page_says(cli):
    cli("price-list", "add", "shop", "--currency", "EUR")
    cli("price-list", "set", "shop", "tax_included=yes")
    opp = made(cli, "opp", "add", "Counter", "--customer", "contoso-coffee", "--price-list", "shop")
    for price, tax in (("121.00", "21"), ("55.00", "10")):
        cli("opp", "item", "add", opp, "--description", price, "--price", price, "--tax", tax)
    plain = loads(cli("opp", "show", opp, "--format", "json").out)
    assert (
        plain["tax_included"] is True
    )  # as the list of the deal is, whoever named the price of its first line
    cli("opp", "set", opp, "discount_amount=10")
    offer = loads(cli("quote", "new", opp, "--format", "json").out)
    sums = [str(offer[key]) for key in ("subtotal", "discount_total", "amount", "tax", "total")]
    assert sums == ["176.00", "10.00", "141.47", "24.53", "166.00"]  # docs/prices.md
    assert {rate: str(tax) for rate, tax in offer["tax_by_rate"].items()} == {"10": "4.72", "21": "19.81"}


def test_a_discount_that_nobody_can_pay_is_refused(cli):
    opp = made(cli, "opp", "add", "Kuwait", "--customer", "contoso-coffee", "--currency", "KWD")
    line = ("--description", "Book", "--price", "1.2345", "--discount-amount")
    wrong = cli("opp", "item", "add", opp, *line, "0.0005", code=1)
    assert "0.0005 KWD can't be paid: KWD has 3 decimals" in wrong.err
    cli("opp", "item", "add", opp, *line, "0.005")


def test_check_knows_every_discount_and_every_alternative(cli, deal, root):
    cli("settings", "set", "quotations.max_discount=10")
    cli("opp", "item", "set", deal, "Book", "--discount-amount", "20.00")
    cli("opp", "set", deal, "discount=12.5")
    cli("opp", "item", "remove", deal, "Machine A")
    faults = loads(cli("check", "--format", "json").out)
    found = {(fault["rule"], fault["message"].split(" is ")[0]) for fault in faults}
    assert found == {
        ("discount", "a discount of 20.00 %"),
        ("discount", "a discount of 12.5 %"),
        ("alternative", "no item Machine A that this one could take the place of"),
    }
