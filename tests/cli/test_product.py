"""`product`: a catalogue of what is sold, and no product gone that a record needs."""

from __future__ import annotations

import json

import pytest


def test_a_product_is_a_file_named_by_its_sku(cli, root, git):
    said = cli(
        "product", "add", "cafe-s-100", "--name", "Café S-100", "--uom", "unit", "--tax", "21",
        "--cost", "1200.50", "--tag", "coffee", "--set", "notes=The one with the red lamp",
    )  # fmt: skip

    assert said.out == "cafe-s-100\n"
    assert (root / "products/cafe-s-100.yaml").read_text() == (
        "# yaml-language-server: $schema=../schemas/product.schema.json\n"
        "sku: cafe-s-100\nname: Café S-100\nkind: product\nuom: unit\ntax: 21\ncost: 1200.50\nactive: true\n"
        "tags:\n- coffee\nnotes: The one with the red lamp\n"
    )
    assert git("log", "-1", "--format=%s") == "cafe-s-100: add product Café S-100"
    assert git("status", "--porcelain") == ""


def test_json_has_the_whole_record_and_its_commit(cli, git):
    said = cli(
        "product", "add", "support", "--name", "Support", "--kind", "service", "--inactive",
        "--format", "json",
    )  # fmt: skip

    shown = json.loads(said.out)
    assert (shown["sku"], shown["id"], shown["kind"], shown["active"]) == (
        "support",
        "support",
        "service",
        False,
    )
    assert shown["commit"] == git("rev-parse", "HEAD")


def test_the_list_shows_what_is_on_sale_first(cli, shop):
    cli("product", "set", "cafe-s-100", "active=no", "tags=old")

    assert cli("product", "list", "--format", "ids").out == "grinder\ncafe-s-100\n"
    assert cli("product", "list", "--tag", "old", "--format", "ids").id == "cafe-s-100"
    assert cli("product", "list", "--where", "tax < 20", "--format", "ids").id == "grinder"
    assert cli("product", "list").out.splitlines()[2:] == [
        "grinder     Grinder     product        10 %            yes",
        "cafe-s-100  Café S-100  product  unit  21 %  1,500.00  no",
    ]


def test_a_file_written_by_hand_keeps_its_comments(cli, given, root):
    given({"products/grinder.yaml": "sku: grinder # ours\nname: Grinder\ntax:   10 # reduced\n"})

    cli("product", "set", "grinder", "tax=21", "cost=90.00")

    text = (root / "products/grinder.yaml").read_text()
    assert text.startswith("sku: grinder # ours\nname: Grinder\n")
    assert "tax:   21 # reduced\n" in text
    assert "cost: 90.00\n" in text
    assert "COST EUR" in cli("product", "list").out


def test_a_product_in_use_stays(cli, shop, refused):
    said = refused("product", "remove", "cafe-s-100")

    assert said == (
        "error: cafe-s-100 can't be removed, records use it: OPP-2Q8XA, retail-eur; "
        "take it off sale instead: pipecli product set cafe-s-100 active=no"
    )


def test_a_product_is_not_removed_while_a_file_can_not_be_read(cli, shop, refused, root, git):
    cli("product", "add", "spare", "--name", "Spare")
    (root / "opportunities/2026/OPP-3Q8XA-x.yaml").write_text("items: [\n")
    git("add", "-A")
    git("commit", "-q", "-m", "broken")

    assert "OPP-3Q8XA-x.yaml" in refused("product", "remove", "spare")


def test_a_product_that_nothing_names_goes(cli, root, git):
    cli("product", "add", "spare", "--name", "Spare")

    shown = json.loads(cli("product", "remove", "spare", "--format", "json").out)

    assert shown["sku"] == "spare"
    assert not (root / "products/spare.yaml").exists()
    assert git("log", "-1", "--format=%s") == "spare: remove product Spare"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("", "--name", "x"), "error: sku: "),
        (("a" * 81, "--name", "x"), "error: sku: must have at most 80 characters"),
        (
            ("cafe-s-100", "--name", "Other"),
            "error: product cafe-s-100 exists already; "
            "change it with `pipecli product set cafe-s-100 …`, or choose another slug",
        ),
        (("new", "--name", "x", "--tax", "140"), "--tax: must be at most 100"),
        (("new", "--name", "x", "--cost", "-1"), "--cost: must be at least 0"),
        (("new", "--name", "x", "--cost", "a lot"), '--cost: "a lot" isn\'t a number'),
        (("new", "--name", ""), "name:"),
        (("new", "--name", "x", "--set", "colour=red"), "product has no field colour; its fields: sku, "),
    ],
)  # fmt: skip
def test_wrong_input_is_refused(shop, refused, arguments, said):
    assert said in refused("product", "add", *arguments)


def test_a_kind_that_is_none_is_wrong_usage(cli):
    assert "product, service" in cli("product", "add", "x", "--name", "x", "--kind", "thing", code=2).err


def test_a_list_for_a_program_has_costs_as_their_files_have_them(cli):
    cli("product", "add", "screw", "--name", "Screw", "--cost", "0.0125")
    cli("product", "add", "mill", "--name", "Mill", "--cost", "2600")

    rows = cli("product", "list", "--format", "csv", "--columns", "sku,cost").out

    assert rows == "sku,cost\r\nmill,2600\r\nscrew,0.0125\r\n"
