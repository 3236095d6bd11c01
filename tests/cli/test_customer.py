"""`customer`: add, show, list, set, merge, remove, dupes."""

from __future__ import annotations

import json
import re

import pytest
import ryaml

TODAY = ("--today", "2026-11-21")


@pytest.fixture
def read(root):
    return lambda file: ryaml.loads((root / file).read_text())


def test_a_name_is_enough(cli, read, git):
    said = cli("customer", "add", "Cafés Málaga, S.L.", "--website", "cafes.example", "--tag", "vip")
    assert said.out == "cafes-malaga-s-l\n"
    made = read("customers/cafes-malaga-s-l.yaml")
    assert (made["name"], made["kind"], made["tags"]) == ("Cafés Málaga, S.L.", "organization", ["vip"])
    assert git("log", "-1", "--format=%s") == "cafes-malaga-s-l: add customer Cafés Málaga, S.L."


def test_the_slug_may_be_named_beside_the_name(cli, read):
    cli("customer", "add", "contoso-es", "--name", "Contoso España")
    assert read("customers/contoso-es.yaml")["name"] == "Contoso España"


def test_a_file_that_cannot_be_read_is_not_written_over(cli, root):
    (root / "customers").mkdir()
    (root / "customers" / "contoso.yaml").write_text("id: [")
    assert "customers/contoso.yaml exists already" in cli("customer", "add", "Contoso", code=1).err
    assert (root / "customers" / "contoso.yaml").read_text() == "id: ["


@pytest.mark.parametrize("name", ["فروشگاه تهران", "☕", "株式会社", "Ñandú"])
def test_names_in_any_script_have_a_slug_and_are_found(cli, read, name):
    slug = cli("customer", "add", name).out.strip()
    assert slug
    assert slug.isascii()
    assert read(f"customers/{slug}.yaml")["name"] == name
    assert json.loads(cli("customer", "show", name, "--format", "json").out)["id"] == slug
    assert name in cli("customer", "list").out


def test_a_slug_that_exists_is_refused_with_the_way_out(cli, refused):
    cli("customer", "add", "Contoso Coffee")
    said = refused("customer", "add", "Contoso  Cóffee")
    assert "there is a customer contoso-coffee already: Contoso Coffee" in said
    assert "pipecli customer add contoso-coffee-2 --name 'Contoso  Cóffee'" in said
    note = cli("customer", "add", "contoso-coffee-2", "--name", "Contoso Coffee").err
    assert "similar: contoso-coffee (Contoso Coffee)" in note
    assert "pipecli customer merge contoso-coffee-2 contoso-coffee" in note


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("   ",), "a customer needs a name"),
        (("Bad Slug", "--name", "X"), '"Bad Slug" can\'t name a customer'),
        (("../../etc", "--name", "X"), "can't name a customer"),
        (("X", "--parent", "nobody"), "nobody"),
        (("X", "--owner", "nobody"), "unknown user nobody"),
        (("X", "--language", "Spanish!"), "language"),
    ],
)
def test_a_customer_that_makes_no_sense_is_refused(refused, arguments, said):
    assert said in refused("customer", "add", *arguments)


def test_setting_tidies_what_is_set(cli, read):
    cli("customer", "add", "Contoso")
    cli("customer", "set", "contoso", "email= Info@CONTOSO.example", "industry=Coffee")
    assert read("customers/contoso.yaml")["email"] == "Info@contoso.example"


def test_the_page_shows_contacts_and_what_is_open(cli, shop):
    cli("opp", "add", "Closed one", "--customer", "contoso-coffee", "--amount", "1")
    cli("opp", "lost", "Closed one", "--reason", "price")
    cli("contact", "set", "maria-lopez", "emails=m@x.example", "phones=+34 600 123 456")
    page = cli("customer", "show", "contoso").out
    assert re.search(r"María López +m@x.example +\+34 600 123 456\n", page)
    assert "Espresso machines" in page
    assert "Closed one" not in page
    shown = json.loads(cli("customer", "show", "contoso", "--format", "json").out)
    assert [each["id"] for each in shown["contacts"]] == ["maria-lopez"]
    (deal,) = shown["opportunities"]
    assert (deal["id"], deal["stage"], deal["amount"]) == ("OPP-2Q8XA", "propose", 5095.2)


def test_a_customer_without_any_has_empty_lists(cli):
    cli("customer", "add", "Contoso")
    shown = json.loads(cli("customer", "show", "contoso", "--format", "json").out)
    assert (shown["contacts"], shown["opportunities"]) == ([], [])


def test_the_list_counts_what_is_open(cli, shop):
    (row,) = [line for line in cli("customer", "list").out.splitlines() if "Contoso" in line]
    assert row.split()[-1] == "1"


def test_mine_are_those_i_look_after(cli):
    cli("customer", "add", "Contoso", "--owner", "ana-ruiz")
    cli("customer", "add", "Fabrikam")
    assert cli("customer", "list", "--mine", "--format", "ids").out == "contoso\n"


MERGED = {
    "customers/contoso.yaml": (
        "id: contoso # the real one\nname: Contoso\nphone: '111'\ntags: [a]\nnotes: One.\n"
    ),
    "customers/contoso-sl.yaml": (
        "id: contoso-sl\nname: Contoso SL\nphone: '222'\nwebsite: contoso.example\n"
        "tags: [a, b]\nnotes: Two.\ncustom: {erp: 7}\n"
    ),
    "customers/branch.yaml": "id: branch\nname: Branch\nparent: contoso-sl # head office\n",
    "contacts/maria.yaml": "id: maria\nname: María\ncustomer: contoso-sl\n",
    "leads/2026/LEAD-00001-contoso.yaml": (
        "id: LEAD-00001\ncreated: 2026-11-01T10:00:00+01:00\nstatus: converted\nname: M\n"
        "converted: {date: 2026-11-02, customer: contoso-sl, contact: maria}\n"
    ),
    "opportunities/2026/OPP-00001-x.yaml": (
        "id: OPP-00001\ncreated: 2026-11-01T10:00:00+01:00\ntitle: X # keep me\n"
        "type: sales\ncustomer: contoso-sl\nprocess: standard\nstage: qualify\nstatus: open\ncurrency: EUR\n"
    ),
    "quotations/2026/QTN-00001-x.yaml": (
        "id: QTN-00001\nopportunity: OPP-00001\ncreated: 2026-11-01T10:00:00+01:00\ndate: 2026-11-01\n"
        "valid_until: 2026-12-01\nstatus: sent\ncustomer: contoso-sl\ncurrency: EUR\n"
    ),
}  # fmt: skip


def test_merging_relinks_every_reference_and_fills_what_was_missing_in_one_commit(
    cli, given, read, root, git
):
    group = {
        "customers/contoso-sl.yaml": MERGED["customers/contoso-sl.yaml"] + "parent: group\n",
        "customers/group.yaml": "id: group\nname: Group\nparent: holding\n",
        "customers/holding.yaml": "id: holding\nname: Holding\n",
    }
    given(MERGED | group)
    before = int(git("rev-list", "--count", "HEAD"))
    said = cli("customer", "merge", "contoso-sl", "contoso")
    assert "contoso keeps its own; contoso-sl had phone 222" in said.err
    assert int(git("rev-list", "--count", "HEAD")) == before + 1
    assert git("log", "-1", "--format=%s") == "contoso: merge contoso-sl (Contoso SL) into it"
    assert not (root / "customers/contoso-sl.yaml").exists()
    assert "contoso-sl" not in "".join(file.read_text() for file in root.glob("[!p]*/**/*.yaml"))
    into = read("customers/contoso.yaml")
    assert (into["phone"], into["website"], into["tags"]) == ("111", "contoso.example", ["a", "b"])
    assert into["parent"] == "group"
    assert (into["notes"], into["custom"]) == ("One.\n\nTwo.", {"erp": 7})
    assert (root / "customers/contoso.yaml").read_text().startswith("id: contoso # the real one\n")
    assert (root / "opportunities/2026/OPP-00001-x.yaml").read_text() == MERGED[
        "opportunities/2026/OPP-00001-x.yaml"
    ].replace("customer: contoso-sl", "customer: contoso")
    assert read("customers/branch.yaml")["parent"] == "contoso"
    assert read("leads/2026/LEAD-00001-contoso.yaml")["converted"]["customer"] == "contoso"
    assert read("quotations/2026/QTN-00001-x.yaml")["customer"] == "contoso"
    assert git("status", "--porcelain") == ""
    git("revert", "--no-edit", "HEAD")
    assert (
        json.loads(cli("customer", "show", "contoso-sl", "--format", "json").out)["contacts"][0]["id"]
        == "maria"
    )


def test_a_parent_merged_into_its_branch_leaves_no_circle(cli, given, read):
    given(MERGED)
    cli("customer", "merge", "contoso-sl", "branch")
    assert "parent" not in read("customers/branch.yaml")


def test_no_customer_belongs_to_itself(cli, given, refused, read):
    given(MERGED)  # branch belongs to contoso-sl
    circle = "would belong to itself, through"
    assert (
        f"branch {circle} branch; give it another parent, or none: pipecli customer set branch parent="
        in (refused("customer", "set", "branch", "parent=branch"))
    )
    assert f"contoso-sl {circle} branch" in refused("customer", "set", "contoso-sl", "parent=branch")
    assert f"x {circle} x" in refused("customer", "add", "X", "--set", "parent=x")
    cli("customer", "set", "contoso", "parent=branch")
    assert f"contoso {circle} branch" in refused("customer", "merge", "contoso-sl", "contoso")
    cli("customer", "set", "contoso", "parent=")


def test_a_circle_made_by_hand_is_opened_by_set(cli, given, read):
    given(
        {"customers/a.yaml": "id: a\nname: A\nparent: b\n", "customers/b.yaml": "id: b\nname: B\nparent: a\n"}
    )
    cli("customer", "set", "a", "name=Aa")
    cli("customer", "set", "a", "parent=")
    assert "parent" not in read("customers/a.yaml")


def test_merging_into_itself_or_into_nothing_is_refused(refused, given):
    given(MERGED)
    assert "contoso can't be merged into itself" in refused("customer", "merge", "contoso", "contoso")
    assert 'no customer matches "nobody"' in refused("customer", "merge", "contoso", "nobody")


def test_a_file_that_cannot_be_read_stops_a_merge_as_it_may_name_the_customer(refused, given, root, git):
    given(MERGED)
    (root / "contacts/maria.yaml").write_text("id: maria\nname: [\n")
    git("commit", "-qam", "broken by hand")
    assert "contacts/maria.yaml:" in refused("customer", "merge", "contoso-sl", "contoso")


def test_a_customer_in_use_is_not_removed_and_its_users_are_named(cli, given, refused, root, git):
    given(MERGED)
    said = refused("customer", "remove", "contoso-sl")
    assert "records use it: LEAD-00001, OPP-00001, QTN-00001, branch, maria" in said
    assert "pipecli customer merge contoso-sl INTO" in said
    cli("customer", "remove", "contoso")
    assert not (root / "customers/contoso.yaml").exists()
    assert git("log", "-1", "--format=%s") == "contoso: remove customer Contoso"


def test_likely_duplicates_count_addresses_and_numbers_of_contacts(cli, given):
    luis = "id: luis\nname: Luis\ncustomer: branch\nemails: [l@contoso.example]\nphones: [600 111 222]\n"
    group = "id: group\nname: Group\nphone: '+34 600 111 222'\n"
    given(MERGED | {"contacts/luis.yaml": luis, "customers/group.yaml": group})
    pairs = json.loads(cli("customer", "dupes", "--format", "json").out)
    assert [(each["first"], each["second"], each["why"]) for each in pairs] == [
        ("contoso", "contoso-sl", ["same name"]),
        ("branch", "group", ["phone"]),
        ("branch", "contoso-sl", ["domain contoso.example"]),
    ]
    assert "customer merge FROM INTO" in cli("customer", "dupes").err


def test_no_duplicates_are_said_so(cli):
    cli("customer", "add", "Contoso")
    said = cli("customer", "dupes")
    assert (said.out, said.err) == ("", "no likely duplicates\n")
    assert cli("customer", "dupes", "--format", "json").out == "[]\n"


def test_a_customer_that_only_its_own_file_names_is_removed(cli, given, root):
    given({"customers/loop.yaml": "id: loop\nname: Loop\nparent: loop\n"})
    cli("customer", "remove", "loop")
    assert not (root / "customers").exists()  # nor a folder without a file


def test_who_shares_a_record_with_a_user_names_no_customer_of_that_name(cli, given):
    lead = "id: LEAD-7K3M9\ncreated: 2026-11-01T10:00:00Z\nname: Kim\nshared_with: [ana-ruiz]\n"
    given({"leads/2026/LEAD-7K3M9-kim.yaml": lead, "customers/ana-ruiz.yaml": "id: ana-ruiz\nname: Ana\n"})
    cli("customer", "remove", "ana-ruiz")
