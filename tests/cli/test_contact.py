"""`contact` and `supplier`: the people at customers, and those we buy from."""

from __future__ import annotations

import json

import pytest
import ryaml


@pytest.fixture
def read(root):
    return lambda file: ryaml.loads((root / file).read_text())


def test_a_contact_has_a_customer_and_several_addresses(cli, read, shop):
    said = cli(
        "contact", "add", "علی رضایی", "--customer", "contoso", "--email", " Ali@SHOP.example",
        "--email", "ali@shop.example", "--phone", "+98  912 345 6789", "--phone", "021 1", "--language", "fa",
    )  # fmt: skip
    made = read(f"contacts/{said.out.strip()}.yaml")
    assert (made["name"], made["customer"]) == ("علی رضایی", "contoso-coffee")
    assert made["emails"] == ["Ali@shop.example"]
    assert made["phones"] == ["+98 912 345 6789", "021 1"]
    listed = json.loads(
        cli("contact", "list", "--where", "customer = 'contoso-coffee'", "--format", "json").out
    )
    assert {each["name"] for each in listed} == {"María López", "علی رضایی"}
    cli("contact", "add", "Nobody Reachable", "--customer", "contoso")
    unreachable = cli("contact", "list", "--where", "phones IS NULL", "--format", "ids").out.split()
    assert unreachable == ["maria-lopez", "nobody-reachable"]


def test_a_namesake_elsewhere_gets_a_slug_by_name(cli, refused, read, shop):
    said = refused("contact", "add", "María López")
    assert "pipecli contact add maria-lopez-2 --name 'María López'" in said
    cli("contact", "add", "maria-lopez-2", "--name", "María López")
    assert "customer" not in read("contacts/maria-lopez-2.yaml")


def test_setting_a_list_tidies_it(cli, read, shop):
    cli("contact", "set", "maria", "emails=M@X.example, m@y.example", "phones=600  1")
    assert read("contacts/maria-lopez.yaml")["emails"] == ["M@x.example", "m@y.example"]


def test_a_contact_on_a_deal_is_not_removed(cli, refused, shop, root):
    assert "records use it: OPP-2Q8XA" in refused("contact", "remove", "María López")
    cli("contact", "add", "Nobody")
    cli("contact", "remove", "nobody")
    assert not (root / "contacts/nobody.yaml").exists()


def test_a_contact_of_an_unknown_customer_is_refused(refused):
    assert 'no customer matches "nowhere"' in refused("contact", "add", "Luis", "--customer", "nowhere")


def test_a_supplier_is_added_listed_shown_set_and_removed(cli, read, root):
    cli("supplier", "add", "Café Importación, S.A.", "--currency", "USD", "--email", "Sales@IMPORT.example")
    slug = "cafe-importacion-s-a"
    assert read(f"suppliers/{slug}.yaml")["email"] == "Sales@import.example"
    assert "Café Importación" in cli("supplier", "list").out
    cli("supplier", "set", "cafe", "country=Perú")
    assert json.loads(cli("supplier", "show", slug, "--format", "json").out)["country"] == "Perú"
    cli("supplier", "remove", slug)
    assert not (root / f"suppliers/{slug}.yaml").exists()


def test_a_supplier_that_is_known_or_makes_no_sense_is_refused(cli, refused):
    cli("supplier", "add", "Acme")
    assert "there is a supplier acme already" in refused("supplier", "add", "ACME")
    assert "currency" in refused("supplier", "add", "Other", "--currency", "dollars")
    assert "a supplier needs a name" in refused("supplier", "add", code=2)


def test_a_removal_can_be_tried_and_reverted(cli, git, root):
    cli("supplier", "add", "Acme")
    tried = cli("supplier", "remove", "acme", "--dry-run")
    assert "+++ /dev/null" in tried.out
    assert (root / "suppliers/acme.yaml").exists()
    removed = json.loads(cli("supplier", "remove", "acme", "--format", "json").out)
    assert (removed["name"], removed["commit"]) == ("Acme", git("rev-parse", "HEAD"))
    git("revert", "--no-edit", "HEAD")
    assert cli("supplier", "list", "--format", "ids").id == "acme"


@pytest.fixture
def twice(cli):
    """Carla twice, with two parts on one deal, and the deal."""
    cli("customer", "add", "Nordwind")
    cli("contact", "add", "Carla Ortiz", "--customer", "nordwind", "--email", "carla@nordwind.example",
        "--phone", "+46 8 123 456 78")  # fmt: skip
    cli("contact", "add", "C. Ortiz", "--email", "c.ortiz@gmail.com", "--email", "Carla@Nordwind.example",
        "--phone", "08-123 456 78", "--title", "Buyer", "--tag", "vip")  # fmt: skip
    deal = cli("opp", "add", "Chairs", "--customer", "nordwind", "--format", "ids").id
    cli("contact", "add", "Bo Lind", "--customer", "nordwind")
    cli("opp", "contact", "add", deal, "carla-ortiz", "--role", "user")
    cli("opp", "contact", "add", deal, "bo-lind", "--role", "user")
    cli("opp", "contact", "add", deal, "c-ortiz", "--role", "decision-maker", "--primary")
    cli("activity", "add", deal, "--type", "call", "--subject", "Hello", "--contact", "c-ortiz", "--done")
    return deal


def test_two_contacts_of_one_person_become_one_in_one_commit(cli, git, twice):
    before = git("rev-parse", "HEAD")

    said = cli("contact", "merge", "c-ortiz", "carla-ortiz")

    assert git("rev-parse", "HEAD~") == before
    assert git("log", "-1", "--format=%s") == "carla-ortiz: merge c-ortiz (C. Ortiz) into it"
    _bo, carla = json.loads(cli("contact", "list", "--format", "json").out)
    assert carla["emails"] == ["carla@nordwind.example", "c.ortiz@gmail.com"]
    assert (carla["phones"], carla["title"], carla["tags"]) == (["+46 8 123 456 78"], "Buyer", ["vip"])
    deal = json.loads(cli("opp", "show", twice, "--format", "json").out)
    assert deal["contacts"] == [
        {"contact": "carla-ortiz", "role": "user", "primary": True},
        {"contact": "bo-lind", "role": "user"},
    ]
    assert deal["activities"][0]["contact"] == "carla-ortiz"
    assert f"{twice}: carla-ortiz was user and decision-maker there, and stays user" in said.err
    assert cli("check").out == ""


def test_a_role_that_only_the_other_had_is_taken_and_said(cli, twice):
    cli("opp", "contact", "remove", twice, "carla-ortiz")
    cli("opp", "contact", "add", twice, "carla-ortiz")
    said = cli("contact", "merge", "c-ortiz", "carla-ortiz")
    assert f"{twice}: carla-ortiz is decision-maker there now, as c-ortiz was" in said.err


def test_a_contact_merged_into_one_with_a_customer_leaves_the_customer(cli, twice):
    cli("customer", "add", "Tailspin")
    cli("contact", "set", "c-ortiz", "customer=tailspin")

    said = cli("contact", "merge", "c-ortiz", "carla-ortiz")

    assert "carla-ortiz keeps its own; c-ortiz had customer tailspin" in said.err


def test_a_contact_is_not_merged_into_itself(refused, twice):
    assert "carla-ortiz can't be merged into itself; name two contacts" in refused(
        "contact", "merge", "carla-ortiz", "carla-ortiz"
    )
