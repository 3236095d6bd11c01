"""`opportunity item`: lines priced from the list that is valid today, by quantity, in the deal's currency."""

from __future__ import annotations

import csv
import json

import pytest

TODAY = ("--today", "2026-11-20")


@pytest.fixture
def opp(cli, once):
    """A deal in EUR, a product, and the one price list in EUR."""

    def build() -> str:
        cli("product", "add", "cafe-s-100", "--name", "Café S-100", "--uom", "unit", "--tax", "21")
        cli(
            "price-list", "add", "retail-eur", "--currency", "EUR",
            "--price", "cafe-s-100=2499.00", "--price", "cafe-s-100=2299.00@10",
        )  # fmt: skip
        return cli(*TODAY, "opp", "add", "Espresso machines", "--format", "ids").id

    return once(build)


@pytest.fixture
def add(cli, opp):
    """Add an item and return the deal as JSON."""

    def call(*arguments: str) -> dict[str, object]:
        return json.loads(cli(*TODAY, "opp", "item", "add", opp, *arguments, "--format", "json").out)

    return call


def test_an_item_is_a_copy_of_product_and_price(add, cli, opp, git):
    deal = add("--product", "cafe-s-100", "--quantity", "2")
    assert deal["items"] == [
        {
            "product": "cafe-s-100", "description": "Café S-100", "quantity": 2, "uom": "unit",
            "unit_price": 2499.00, "tax": 21,
        }
    ]  # fmt: skip
    assert (deal["amount"], deal["amount_by_hand"], deal["weighted"]) == (4998.00, False, 499.80)
    assert git("log", "-1", "--format=%s") == f"{opp}: add 2 × Café S-100 at 2,499.00 EUR"
    cli("price-list", "set", "retail-eur", "prices.cafe-s-100=1")
    assert json.loads(cli("opp", "show", opp, "--format", "json").out)["amount"] == 4998.00


def test_the_price_is_that_of_the_quantity(add):
    add("--product", "cafe-s-100", "--quantity", "9")
    deal = add("--product", "cafe-s-100", "--quantity", "10")
    assert [item["unit_price"] for item in deal["items"]] == [2499, 2299]
    assert deal["amount"] == 9 * 2499 + 10 * 2299


def test_what_is_given_goes_before_what_is_known(add):
    deal = add(
        "--product", "cafe-s-100", "--price", "2000", "--discount", "12.5", "--tax", "4",
        "--description", "Café S-100, red", "--uom", "box",
    )  # fmt: skip
    assert deal["items"] == [
        {
            "product": "cafe-s-100", "description": "Café S-100, red", "quantity": 1, "uom": "box",
            "unit_price": 2000, "discount": 12.5, "tax": 4,
        }
    ]  # fmt: skip
    assert deal["amount"] == 1750


def test_a_line_may_be_of_no_product(add):
    deal = add("--description", "Training", "--price", "90.5", "--quantity", "1.5", "--uom", "hour")
    assert deal["amount"] == 135.75


def test_an_amount_by_hand_stays_and_that_is_said(cli, opp):
    cli("opp", "set", opp, "amount=5000")
    said = cli(*TODAY, "opp", "item", "add", opp, "--product", "cafe-s-100")
    assert "the amount stays 5,000 EUR as set by hand; the items come to 2,499.00" in said.err
    deal = json.loads(cli("opp", "show", opp, "--format", "json").out)
    assert (deal["amount"], deal["amount_by_hand"]) == (5000, True)
    assert "5,000.00 EUR by hand, the items come to 2,499.00 EUR" in cli("opp", "show", opp).out
    cli("opp", "set", opp, "amount=")
    assert json.loads(cli("opp", "show", opp, "--format", "json").out)["amount"] == 2499
    cli("opp", "set", opp, "amount=4998")
    assert "stays" not in cli("opp", "item", "add", opp, "--product", "cafe-s-100").err
    cli("opp", "item", "remove", opp, "2")
    assert "stays" not in cli("opp", "item", "remove", opp, "1").err


def test_a_new_quantity_keeps_the_price_and_says_what_the_list_gives(add, cli, opp):
    add("--product", "cafe-s-100", "--quantity", "2")
    said = cli(*TODAY, "opp", "set", opp, "items.1.quantity=12")
    assert "retail-eur gives cafe-s-100 for 2,299.00 at 12, the line keeps 2,499.00" in said.err
    assert f"pipecli opp item set {opp} 1 --price 2299.00 takes it" in said.err
    assert json.loads(cli("opp", "show", opp, "--format", "json").out)["amount"] == 12 * 2499
    assert "for 2,299.00 at 13" in cli(*TODAY, "opp", "set", opp, "items.1.quantity=13").err
    assert cli(*TODAY, "opp", "set", opp, "items.1.quantity=3").err == ""  # at the price of the list
    cli(*TODAY, "opp", "set", opp, "items.1.quantity=12")
    assert "gives" not in cli(*TODAY, "opp", "set", opp, "items.1.description=For the shop").err
    both = cli(*TODAY, "opp", "set", opp, "items.1.quantity=14", "items.1.unit_price=2400")
    assert "gives" not in both.err  # a price that somebody names is meant


def test_items_are_removed_by_number_product_or_words(add, cli, opp):
    add("--product", "cafe-s-100")
    add("--description", "Training", "--price", "100")
    add("--description", "Delivery to Lleida", "--price", "30")
    assert (
        cli("opp", "item", "remove", opp, "lleida").out
        == f"{opp} Espresso machines: remove 1 × Delivery to Lleida\n"
    )
    cli("opp", "item", "remove", opp, "cafe-s-100")
    deal = json.loads(cli("opp", "item", "remove", opp, "1", "--format", "json").out)
    assert "items" not in deal
    assert "amount" not in deal


def test_a_product_twice_is_removed_by_its_quantity_too(add, cli, refused, opp):
    add("--product", "cafe-s-100", "--quantity", "1")
    add("--product", "cafe-s-100", "--quantity", "2")
    said = refused("opp", "item", "remove", opp, "cafe-s-100")
    assert (
        f"{opp} has 2 items cafe-s-100: 1 (1 × Café S-100), 2 (2 × Café S-100); name one by its number"
        in said
    )
    only = cli("opp", "item", "remove", opp, "1 × Café S-100", "--format", "json")
    assert json.loads(only.out)["amount"] == 4998
    assert "has no item 7; it has 1 (2 × Café S-100)" in refused("opp", "item", "remove", opp, "7")


def test_a_removal_that_is_repeated_takes_no_other_item(add, cli, refused, opp):
    add("--product", "cafe-s-100")
    add("--description", "Training", "--price", "100")
    add("--description", "Training for the night shift", "--price", "90")
    said = refused("opp", "item", "remove", opp, "1")
    assert '"1" is 1 × Café S-100 now, and would be 1 × Training after it; nothing is changed' in said
    assert 'name it in full, "1 × Café S-100"' in said
    assert '"Training" is 1 × Training now, and would be 1 × Training for' in refused(
        "opp", "item", "remove", opp, "Training"
    )
    assert "items.2 would be another after it is cleared" in refused("opp", "set", opp, "items.2=")
    assert cli("opp", "item", "remove", opp, "1", "--dry-run").code == 0
    cli("opp", "item", "remove", opp, "1 × Training")
    assert f"{opp} has no item 1 × Training" in refused("opp", "item", "remove", opp, "1 × Training")
    cli("opp", "set", opp, "items.2=")  # the last: no other gets its number
    assert "no element 2" in refused("opp", "set", opp, "items.2=")
    cli("opp", "item", "remove", opp, "1")
    assert "has no item 1" in refused("opp", "item", "remove", opp, "1")


def test_items_are_listed_with_their_amounts(add, cli, opp):
    add("--product", "cafe-s-100", "--quantity", "2", "--discount", "10")
    (line,) = json.loads(cli("opp", "item", "list", opp, "--format", "json").out)
    assert (line["number"], line["product"], line["amount"]) == (1, "cafe-s-100", 4498.20)
    listed = cli("opp", "item", "list", opp).out
    assert listed.splitlines()[0].endswith("AMOUNT EUR") and "4,498.20" in listed


def test_amounts_follow_the_currency(cli, refused):
    yen = cli("opp", "add", "Tokyo", "--currency", "JPY", "--format", "ids").id
    deal = cli("opp", "item", "add", yen, "--description", "x", "--price", "0.5", "--format", "json").out
    assert '"amount": 1,' in deal  # half up, no decimals
    dinar = cli("opp", "add", "Kuwait", "--currency", "KWD", "--format", "ids").id
    deal = cli("opp", "item", "add", dinar, "--description", "x", "--price", "1.0005", "--format", "json").out
    assert '"amount": 1.001,' in deal


# Which price list


def test_a_deal_without_a_list_takes_the_settings_default(add, cli):
    cli("price-list", "add", "partners-eur", "--currency", "EUR", "--price", "cafe-s-100=1999")
    cli("settings", "set", "price_list=partners-eur")
    assert add("--product", "cafe-s-100")["items"][0]["unit_price"] == 1999


def test_a_default_in_another_currency_is_passed_over(add, cli):
    cli("price-list", "add", "retail-usd", "--currency", "USD", "--price", "cafe-s-100=1")
    cli("settings", "set", "price_list=retail-usd")
    assert add("--product", "cafe-s-100")["items"][0]["unit_price"] == 2499


def test_a_list_of_its_own_goes_first(add, cli, opp):
    cli("price-list", "add", "partners-eur", "--currency", "EUR", "--price", "cafe-s-100=1999")
    cli("opp", "set", opp, "price_list=partners-eur")
    assert add("--product", "cafe-s-100")["items"][0]["unit_price"] == 1999


def test_several_valid_lists_are_named(cli, refused, opp):
    cli("price-list", "add", "partners-eur", "--currency", "EUR", "--price", "cafe-s-100=1999")
    said = refused(*TODAY, "opp", "item", "add", opp, "--product", "cafe-s-100")
    assert "2 price lists in EUR are valid: partners-eur, retail-eur" in said
    assert f"set {opp} price_list=…, or give the price with --price" in said
    cli(*TODAY, "opp", "item", "add", opp, "--product", "cafe-s-100", "--price", "2400")


def test_a_list_that_is_over_is_refused(cli, refused, opp, add):
    cli("price-list", "set", "retail-eur", "valid_until=2026-11-19")
    said = refused(*TODAY, "opp", "item", "add", opp, "--product", "cafe-s-100")
    assert "no price list in EUR is valid on 2026-11-20" in said
    cli("opp", "set", opp, "price_list=retail-eur")
    said = refused(*TODAY, "opp", "item", "add", opp, "--product", "cafe-s-100")
    assert "the price list retail-eur is valid until 2026-11-19, not on 2026-11-20" in said
    cli("--today", "2026-11-19", "opp", "item", "add", opp, "--product", "cafe-s-100")  # its last day


def test_a_list_in_another_currency_is_refused(cli, refused, opp):
    cli("price-list", "add", "retail-usd", "--currency", "USD", "--price", "cafe-s-100=2699")
    said = refused("opp", "set", opp, "price_list=retail-usd")
    assert f"the price list retail-usd is in USD, {opp} in EUR" in said
    cli("opp", "set", opp, "price_list=retail-usd", "currency=USD")
    said = refused("opp", "set", opp, "currency=EUR")
    assert "the price list retail-usd is in USD" in said


def test_a_product_that_is_not_listed_is_refused(cli, refused, opp):
    cli("product", "add", "grinder", "--name", "Grinder")
    said = refused(*TODAY, "opp", "item", "add", opp, "--product", "grinder")
    assert "retail-eur has no price for grinder; give the price with --price" in said
    assert "pipecli price-list set retail-eur prices.grinder=" in said


def test_a_quantity_below_the_first_tier_is_refused(cli, refused, opp):
    cli("product", "add", "beans", "--name", "Beans", "--uom", "kg")
    cli("price-list", "set", "retail-eur", "prices.beans=[{from: 5, price: 18.0}]")
    said = refused(*TODAY, "opp", "item", "add", opp, "--product", "beans", "--quantity", "4")
    assert "retail-eur has no price for 4 of beans: its prices begin at 5" in said


# Wrong input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "an item needs a product, or a description and a price"),
        (["--description", "Training"], "an item needs a product, or a description and a price"),
        (["--product", "nothing"], 'no product matches "nothing"'),
        (["--product", "cafe-s-100", "--quantity", "0"], "--quantity: must be greater than 0 (it is 0)"),
        (
            ["--product", "cafe-s-100", "--quantity", "-1"],
            "--quantity: must be greater than 0 (it is -1)",
        ),
        (["--product", "cafe-s-100", "--quantity", "two"], '--quantity: "two" isn\'t a number'),
        (["--product", "cafe-s-100", "--price", "-1"], "--price: must be at least 0"),
        (
            ["--product", "cafe-s-100", "--discount", "101"],
            "--discount: must be at most 100",
        ),
        (["--product", "cafe-s-100", "--quantity", "1e400"], "--quantity: at most 15 digits"),
        (["--product", "cafe-s-100", "--quantity", "NaN"], "--quantity: must be a finite number"),
    ],
)
def test_wrong_items_are_refused(refused, opp, arguments, said):
    assert said in refused(*TODAY, "opp", "item", "add", opp, *arguments)


def test_a_product_off_sale_is_refused(cli, refused, opp):
    cli("product", "set", "cafe-s-100", "active=no")
    assert "cafe-s-100 is not sold any more" in refused("opp", "item", "add", opp, "--product", "cafe-s-100")


def test_a_closed_deal_keeps_its_items(add, cli, refused, opp):
    add("--product", "cafe-s-100")
    cli("opp", "lost", opp, "--reason", "price")
    way_out = f"{opp} is lost; reopen it first: pipecli opp reopen {opp}"
    assert way_out in refused("opp", "item", "add", opp, "--product", "cafe-s-100")
    assert way_out in refused("opp", "item", "remove", opp, "1")
    assert way_out in refused("opp", "set", opp, "items.1.quantity=3")


# A line is changed, and priced anew


def test_a_line_is_changed_by_its_number_and_keeps_its_price(add, cli, opp, git):
    add("--product", "cafe-s-100", "--quantity", "2")
    add("--description", "Training", "--price", "100", "--discount", "5")
    said = cli(
        *TODAY, "opp", "item", "set", opp, "1", "--quantity", "12", "--tax", "9.975", "--format", "json"
    )
    deal = json.loads(said.out)
    assert [deal["items"][0][key] for key in ("quantity", "unit_price", "tax")] == [12, 2499, 9.975]
    assert f"2,499.00: pipecli opp item set {opp} 1 --price 2299.00 takes it" in said.err
    said = cli(*TODAY, "opp", "item", "set", opp, "cafe-s-100", "--price", "2299", "--quantity", "13")
    assert said.err == ""
    changed = ("--description", "Training for six", "--discount", "0", "--uom", "day")
    deal = json.loads(cli("opp", "item", "set", opp, "2", *changed, "--format", "json").out)
    assert deal["items"][1] == {
        "description": "Training for six", "quantity": 1, "uom": "day", "unit_price": 100,
    }  # fmt: skip
    assert "set discount, description, uom of item 2, Training for six" in git("log", "-1", "--format=%s")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["0", "--quantity", "2"], "has no item 0; it has 1 (2 × Café S-100)"),
        (["1"], "nothing is given for the item 1; give --quantity, --price"),
        (["1", "--quantity", "0"], "--quantity: must be greater than 0"),
        (["1", "--discount", "101"], "--discount: must be at most 100"),
    ],
)
def test_a_change_of_a_line_that_makes_no_sense_is_refused(add, refused, opp, arguments, words):
    add("--product", "cafe-s-100", "--quantity", "2")
    assert words in refused("opp", "item", "set", opp, *arguments)


def test_reprice_shows_and_takes_what_the_list_says_today(add, cli, opp):
    add("--product", "cafe-s-100", "--quantity", "2")
    add("--product", "cafe-s-100", "--quantity", "10", "--price", "2000")
    add("--description", "Training", "--price", "100")
    cli("price-list", "set", "retail-eur", "prices.cafe-s-100=2600")
    said = cli(*TODAY, "opp", "reprice", opp, "--dry-run")
    assert "1, 2 × Café S-100: 2,499.00 → 2,600 EUR" in said.err
    assert "2, 10 × Café S-100: 2,000 → 2,600 EUR" in said.err
    assert "+  unit_price: 2600" in said.out
    assert json.loads(cli("opp", "show", opp, "--format", "json").out)["amount"] == 2 * 2499 + 20000 + 100
    deal = json.loads(cli(*TODAY, "opp", "reprice", opp, "1", "--format", "json").out)
    assert [item["unit_price"] for item in deal["items"]] == [2600, 2000, 100]
    deal = json.loads(cli(*TODAY, "opp", "reprice", opp, "--format", "json").out)
    assert deal["amount"] == 12 * 2600 + 100
    said = cli(*TODAY, "opp", "reprice", opp)
    assert "no item has another price in retail-eur on 2026-11-20" in said.err


def test_a_line_of_a_draft_is_changed_alike(add, cli, refused, opp):
    add("--product", "cafe-s-100", "--quantity", "2")
    cli("customer", "add", "Nordwind")
    cli("opp", "set", opp, "customer=nordwind")
    draft = cli(*TODAY, "quote", "new", opp, "--format", "ids").id
    said = cli(*TODAY, "quote", "item", "set", draft, "1", "--quantity", "12", "--format", "json")
    assert json.loads(said.out)["amount"] == 12 * 2499
    assert f"pipecli quote item set {draft} 1 --price 2299.00 takes it" in said.err
    cli(*TODAY, "quote", "send", draft)
    assert "is sent: what a customer was offered is frozen" in refused(
        "quote", "item", "set", draft, "1", "--quantity", "2"
    )


# Numbers of lines


def test_a_line_has_one_number_in_tables_verbs_paths_exports_and_faults(add, cli, refused, root, opp):
    add("--description", "Delivery", "--price", "30")
    add("--description", "Training", "--price", "100")
    assert "\n2  Training" in cli("opp", "item", "list", opp).out
    assert json.loads(cli("opp", "set", opp, "items.2.quantity=3", "--format", "json").out)["amount"] == 330
    header, row = csv.reader(cli("export", "opp").out.splitlines())
    assert row[header.index("items.2.description")] == "Training"
    (file,) = root.glob("opportunities/**/*.yaml")
    file.write_text(file.read_text().replace("unit_price: 100", "unit_price: -100"))
    assert "items.2.unit_price: " in cli("check", code=1).out


def test_no_line_is_number_0(add, refused, opp, tmp_path):
    add("--description", "Training", "--price", "100")
    said = refused("opp", "set", opp, "items.0.quantity=3")
    assert "items.0.quantity: no element 0; they count from 1, the first is items.1.quantity" in said
    assert "has no item 0; it has 1 (1 × Training)" in refused("opp", "item", "remove", opp, "0")
    said = refused("settings", "show", "processes.standard.stages.0.name")
    assert "they count from 1, the first is processes.standard.stages.1.name" in said
    file, mapping = tmp_path / "d.csv", tmp_path / "m.yaml"
    file.write_text("title,items.0.description\nA,Training\n")
    assert "the first is items.1.description" in refused("import", "opp", str(file))
    mapping.write_text("columns:\n  title: title\n  items.0.description: items.0.description\n")
    said = refused("import", "opp", str(file), "--map", str(mapping))
    assert "m.yaml:3: items.0.description: no element 0; they count from 1" in said


# Percentages


def test_a_percentage_has_up_to_six_decimals(add, cli, refused, opp):
    add(
        "--description",
        "chairs",
        "--price",
        "9.99",
        "--quantity",
        "2000",
        "--discount",
        "33.333",
        "--tax",
        "20",
    )
    cli("customer", "add", "Nordwind")
    cli("opp", "set", opp, "customer=nordwind")
    quotation = cli(*TODAY, "quote", "new", opp, "--format", "ids").id
    shown = json.loads(cli("quote", "show", quotation, "--format", "json").out)
    assert (shown["amount"], shown["tax"], shown["total"]) == (13320.07, 2664.01, 15984.08)
    assert "33.333" in cli("quote", "show", quotation).out
    county = add("--description", "county", "--price", "7650", "--tax", "8.425")
    assert county["items"][1]["tax"] == 8.425
    cli("product", "add", "desk", "--name", "Desk", "--tax", "9.975123")
    assert "9.975123 %" in cli("product", "list").out
    said = refused("opp", "item", "add", opp, "--description", "x", "--price", "1", "--tax", "9.9751234")
    assert "--tax: must have at most 6 decimals (it is 9.9751234)" in said
