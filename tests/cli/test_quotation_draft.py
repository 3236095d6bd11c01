"""A draft may still change, by set, edit and its items; what was sent is frozen."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import quotation_file

pytestmark = pytest.mark.usefixtures("shop")


def shown(cli, key):
    return loads(cli("quote", "show", key, "--format", "json").out)


def test_a_draft_may_be_set(cli, root, draft, git):
    cli("quote", "set", draft, "items.1.discount=15", "valid_until=+60d", "notes=call first")

    text = quotation_file(root, draft).read_text()
    assert "  discount: 15\n" in text
    assert "valid_until: 2027-01-20\n" in text
    assert git("log", "-1", "--format=%s") == f"{draft}: set items.1.discount, valid_until, notes"


@pytest.mark.parametrize(
    ("assignment", "fault"),
    [
        ("status=sent", "use pipecli quote send, accept, reject or revise"),
        ("status=nonsense", 'status: "nonsense" must be one of draft, sent'),
        ("valid_until=2026-11-20", "before its date"),
        ("opportunity=OPP-00000", "stays with its deal"),
        ("customer=nobody", "unknown customer nobody"),
        ("customer=", "has neither a customer nor a lead to quote to; give it one: pipecli quote set"),
        ("currency=USD", "the price list retail-eur is in EUR"),
        ("items.7.discount=3", "no element 7"),
        ("id=QTN-00000", "id never changes"),
    ],
)
def test_what_set_may_not_do_to_a_draft(refused, draft, assignment, fault):
    assert fault in refused("quote", "set", draft, assignment)


def test_a_draft_to_nobody_is_not_sent(cli, refused, draft, root, git):
    file = quotation_file(root, draft)
    file.write_text(file.read_text().replace("customer: contoso-coffee\n", ""))
    git("commit", "-qam", "by hand")
    assert "has neither a customer nor a lead to quote to" in refused("quote", "send", draft)
    cli("quote", "set", draft, "customer=contoso-coffee")
    cli("quote", "send", draft)


def test_what_was_sent_is_frozen(cli, refused, draft):
    cli("quote", "send", draft)
    frozen = (
        f"error: {draft} is sent: what a customer was offered is frozen; "
        f"make the next one: pipecli quote revise {draft}"
    )

    assert refused("quote", "set", draft, "notes=x") == frozen
    assert refused("quote", "edit", draft) == frozen
    assert refused("quote", "item", "add", draft, "--product", "grinder") == frozen
    assert refused("quote", "item", "remove", draft, "1") == frozen


def editor(tmp_path, monkeypatch, old, new):
    """An $EDITOR that replaces a text."""
    script = tmp_path / "editor.sh"
    script.write_text(f'#!/bin/sh\nsed -i "s/{old}/{new}/" "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))


def test_a_draft_is_edited(cli, root, draft, tmp_path, monkeypatch):
    editor(tmp_path, monkeypatch, "discount: 10", "discount: 12 # as agreed")

    cli("quote", "edit", draft)

    assert "  discount: 12 # as agreed\n" in quotation_file(root, draft).read_text()


def test_an_edited_status_is_refused_and_the_text_kept(refused, root, draft, tmp_path, monkeypatch):
    editor(tmp_path, monkeypatch, "status: draft", "status: accepted")

    line = refused("quote", "edit", draft)

    assert "use pipecli quote send, accept, reject or revise" in line
    kept = line.partition("kept in ")[2]
    assert "status: accepted" in (root / kept).read_text()


def test_items_of_a_draft_are_added_by_price_list_and_removed(cli, root, draft):
    cli("quote", "item", "add", draft, "--product", "grinder", "--quantity", "2.5", "--discount", "5")
    cli("quote", "item", "add", draft, "--description", "Installation", "--price", "150")

    items = shown(cli, draft)["items"]
    assert items[2] == {
        "product": "grinder", "description": "Grinder", "quantity": Decimal("2.5"),
        "unit_price": Decimal("199.00"), "discount": 5, "tax": 10,
    }  # fmt: skip
    assert items[3]["description"] == "Installation"

    cli("quote", "item", "remove", draft, "install")
    cli("quote", "item", "remove", draft, "3")
    listed = json.loads(cli("quote", "item", "list", draft, "--format", "json").out)
    assert [(item["number"], item["product"]) for item in listed] == [(1, "cafe-s-100"), (2, "grinder")]
    assert [item["amount"] for item in listed] == [4498.20, 597.00]
    assert "2  Grinder" in cli("quote", "item", "list", draft).out


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["add"], "an item needs a product, or a description and a price"),
        (["add", "--product", "nothing"], 'no product matches "nothing"'),
        (["add", "--product", "grinder", "--quantity", "0"], "--quantity"),
        (["add", "--product", "grinder", "--quantity", "many"], "--quantity"),
        (["add", "--product", "grinder", "--discount", "140"], "--discount"),
        (["add", "--product", "grinder", "--price", "-5"], "--price"),
        (["remove", "7"], "has no item 7; it has 1 (2 × Café S-100), 2 (3 × Grinder)"),
    ],
)
def test_what_is_no_item_is_refused(refused, draft, arguments, fault):
    verb, *rest = arguments
    assert fault in refused("quote", "item", verb, draft, *rest)
