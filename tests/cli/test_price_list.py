"""`price-list`: prices by currency, time and quantity."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def prices(root):
    """The lines of a price list below `prices:`."""

    def read(name: str = "retail-eur") -> str:
        return (root / f"price-lists/{name}.yaml").read_text().partition("prices:\n")[2]

    return read


def test_a_product_with_several_prices_has_tiers_that_ascend(cli, root, git):
    cli("product", "add", "cafe-s-100", "--name", "Café S-100")
    cli("product", "add", "support", "--name", "Support")

    said = cli(
        "price-list", "add", "retail-eur", "--currency", "EUR", "--valid-until", "2026-12-31",
        "--price", "cafe-s-100=2299.00@10", "--price", "cafe-s-100=2499.00", "--price", "support=80",
    )  # fmt: skip

    assert said.out == "retail-eur\n"
    assert (root / "price-lists/retail-eur.yaml").read_text() == (
        "# yaml-language-server: $schema=../schemas/price-list.schema.json\n"
        "id: retail-eur\ncurrency: EUR\nvalid_until: 2026-12-31\nprices:\n"
        "  cafe-s-100:\n  - from: 1\n    price: 2499.00\n  - from: 10\n    price: 2299.00\n  support: 80\n"
    )
    assert git("log", "-1", "--format=%s") == "retail-eur: add price list retail-eur"


def test_the_currency_is_the_settings_own_where_none_is_named(cli):
    shown = json.loads(cli("price-list", "add", "plain", "--format", "json").out)
    assert shown["currency"] == "EUR"


def test_the_table_has_a_row_a_tier(cli, shop):
    cli("price-list", "price", "retail-eur", "cafe-s-100=2299.00@10", "cafe-s-100=0.0125@1000")

    assert cli("price-list", "show", "retail-eur").out.splitlines() == [
        "id        retail-eur",
        "currency  EUR",
        "",
        "SKU         PRODUCT     FROM  PRICE EUR",
        "----------  ----------  ----  ---------",
        "cafe-s-100  Café S-100     1   2,499.00",
        "cafe-s-100  Café S-100    10   2,299.00",
        "cafe-s-100  Café S-100  1000     0.0125",
        "grinder     Grinder              199.00",
    ]
    assert cli("price-list", "show", "retail", "--format", "csv").out.splitlines()[1] == (
        "cafe-s-100,Café S-100,1,2499.00,EUR"
    )
    shown = json.loads(cli("price-list", "show", "retail-eur", "--format", "json").out)
    assert shown["prices"]["cafe-s-100"][1] == {"from": 10, "price": 2299.00}


def test_a_price_is_changed_and_the_comments_stay(cli, shop, given, root, git):
    given({
        "price-lists/retail-eur.yaml": "id: retail-eur\ncurrency: EUR\nprices: # without tax\n"
        "  cafe-s-100: 2499.00 # the red one\n  # spares\n  grinder:\n  - {from: 1, price: 199.00} # one\n"
    })  # fmt: skip

    cli("price-list", "price", "retail-eur", "cafe-s-100=2599.00", "grinder=179.00@5")

    assert (root / "price-lists/retail-eur.yaml").read_text() == (
        "id: retail-eur\ncurrency: EUR\nprices: # without tax\n"
        "  cafe-s-100: 2599.00 # the red one\n  # spares\n  grinder:\n  - {from: 1, price: 199.00} # one\n"
        "  - from: 5\n    price: 179.00\n"
    )
    priced = "price cafe-s-100 at 2,599.00, grinder at 179.00 from 5"
    assert git("log", "-1", "--format=%s") == f"retail-eur: {priced}"


def test_one_tier_is_set_and_the_others_stay(cli, shop, prices):
    cli("price-list", "price", "retail-eur", "cafe-s-100=2399@5", "cafe-s-100=2299@10")
    cli("price-list", "price", "retail-eur", "cafe-s-100=2449@5")

    assert prices().startswith(
        "  cafe-s-100:\n  - from: 1\n    price: 2499.00\n  - from: 5\n    price: 2449\n  - from: 10\n"
    )


def test_a_product_is_named_as_its_label_has_it_or_by_its_name(cli, shop, prices):
    cli("product", "add", "EN-200.5/A", "--name", "Descaler")
    cli("price-list", "price", "retail-eur", "en-200.5/a=7", "Descaler=6@10", "GRINDER=150")
    cli("price-list", "price", "retail-eur", "CAFE-S-100=")
    assert "  EN-200.5/A:\n  - from: 1\n    price: 7\n  - from: 10\n    price: 6\n" in prices()
    assert "cafe" not in prices()
    assert "  grinder: 150\n" in prices()
    assert cli("price-list", "add", "new", "--price", "EN-200.5/A=8").out == "new\n"
    said = cli("price-list", "price", "new", "EN-2005=7", code=1).err
    assert 'no product matches "EN-2005"; did you mean Descaler (EN-200.5/A)?' in said


def test_a_product_goes_off_the_list(cli, shop, prices):
    cli("price-list", "price", "retail-eur", "grinder=")
    assert prices() == "  cafe-s-100: 2499.00\n"


def test_a_list_that_begins_with_ten_says_so(cli, shop):
    cli("product", "add", "cup", "--name", "Cup")
    said = cli("price-list", "price", "retail-eur", "cup=1.50@10")
    assert "cup has no price below 10; give it one: cup=PRICE" in said.err


def test_the_list_of_lists_counts_the_products(cli, shop):
    cli("price-list", "add", "usd", "--currency", "USD", "--valid-from", "2026-01-01")

    assert [line.split() for line in cli("price-list", "list").out.splitlines()[2:]] == [
        ["retail-eur", "EUR", "2"],
        ["usd", "USD", "2026-01-01", "0"],
    ]


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ("cafe-s-100=-1", "cafe-s-100=-1: price: must be at least 0 (it is -1)"),
        ("cafe-s-100=1@0", "cafe-s-100=1@0: from: must be greater than 0 (it is 0)"),
        ("cafe-s-100=free", 'error: cafe-s-100=free: "free" isn\'t a number; write it as 1234.56'),
        ("cafe-s-100=1@many", '"many" isn\'t a number'),
        ("cafe-s-100=@3", "cafe-s-100=@3: the price is missing"),
        ("cafe-s-100", 'error: "cafe-s-100" isn\'t a price; write SKU=2499.00, or SKU=2299.00@10 from 10 on'),
        ("=12", '"=12" isn\'t a price'),
        ("nope=12", 'no product matches "nope"; see `pipecli product list`'),
        ("spare=", 'no product matches "spare"'),
    ],
)
def test_a_wrong_price_is_refused(shop, refused, price, said):
    assert said in refused("price-list", "price", "retail-eur", price)


def test_two_prices_of_one_tier_are_refused(shop, refused):
    said = refused("price-list", "price", "retail-eur", "grinder=1", "grinder=2@1")
    assert said.startswith("error: grinder has two prices from 1 on; give each quantity once")
    assert "two prices from 5.0 on" in refused(
        "price-list", "add", "new", "--price", "grinder=1@5", "--price", "grinder=2@5.0"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retail-eur",), "price list retail-eur exists already"),
        (("Retail €",), "write it as retail-eur"),
        (("new", "--currency", "euro"), 'currency: "euro" isn\'t a currency code: three capital letters'),
        (("new", "--currency", "XQZ"), "XQZ isn't a currency of ISO 4217; write its code, such as EUR"),
        (("new", "--price", "nope=1"), 'no product matches "nope"'),
        (
            ("new", "--valid-from", "2026-02-01", "--valid-until", "2026-01-01"),
            "valid_until (2026-01-01) is before valid_from (2026-02-01)",
        ),
        (("new", "--valid-from", "someday"), '"someday" isn\'t a date'),
    ],
)  # fmt: skip
def test_a_wrong_list_is_refused(shop, refused, arguments, said):
    assert said in refused("price-list", "add", *arguments)


def test_tiers_out_of_order_are_a_fault_of_the_file(cli, shop, given):
    given({
        "price-lists/bad.yaml": "id: bad\ncurrency: EUR\nprices:\n  grinder:\n  - from: 10\n    price: 1\n"
        "  - from: 1\n    price: 2\n"
    })  # fmt: skip

    said = cli("price-list", "show", "bad", code=1)

    assert said.err.startswith(
        "error: price-lists/bad.yaml:4: prices.grinder: tiers must be in the order of their quantities"
    )


def test_a_list_in_use_stays(shop, refused):
    assert "retail-eur can't be removed, records use it: OPP-2Q8XA" in refused(
        "price-list", "remove", "retail-eur"
    )


def test_a_list_in_use_keeps_its_currency(cli, shop, refused):
    said = refused("price-list", "set", "retail-eur", "currency=USD")
    assert said.startswith("error: retail-eur stays in EUR, records use it: OPP-2Q8XA; make another list")
    cli("price-list", "add", "new", "--currency", "EUR")
    cli("price-list", "set", "new", "currency=USD")


def test_two_that_a_word_may_mean_are_named_by_their_ids(cli, given, refused, shop):
    given({"price-lists/retail-usd.yaml": "id: retail-usd\ncurrency: USD\n"})
    said = refused("price-list", "show", "retail")
    assert said == 'error: "retail" is 2 records: retail-eur, retail-usd; name one by its id'
