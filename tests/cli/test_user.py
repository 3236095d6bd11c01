"""`user`: salespeople in `pipecli.yaml`, its comments kept."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def section(root):
    """A top-level section of `pipecli.yaml`, its comments included."""

    def read(name: str) -> str:
        text = (root / "pipecli.yaml").read_text()
        start = text.index(f"\n{name}:") + 1
        return text[start : text.index("\n\n", start) + 1]

    return read


def test_a_user_joins_and_their_team_is_made(cli, section, git):
    said = cli(
        "user", "add", "luis", "--name", "Luis Gil", "--email", "luis@contoso.example", "--team", "iberia"
    )

    assert said.out == "luis\n"
    assert "team iberia is new; name its manager with `pipecli team set iberia manager=…`" in said.err
    assert section("users") == (
        "users: # salespeople; git's e-mail address tells who you are\n"
        "  ana-ruiz:\n    name: Ana Ruiz\n    email: ana@contoso.example\n"
        "  luis:\n    name: Luis Gil\n    email: luis@contoso.example\n    team: iberia\n    active: true\n"
    )
    assert section("teams") == (
        "teams: # slug: {name, manager, parent}; users name their team\n  iberia:\n    name: iberia\n"
    )
    assert git("show", "--format=%s", "--name-only", "HEAD").split("\n\n") == [
        "settings: add user luis",
        "pipecli.yaml",
    ]


def test_a_team_that_exists_is_joined_in_silence(cli, section):
    cli("team", "add", "iberia", "--name", "Iberia")
    assert cli("user", "add", "luis", "--name", "Luis Gil", "--team", "iberia").err == ""
    assert "    name: Iberia\n" in section("teams")


def test_json_is_the_user(cli, git):
    shown = json.loads(cli("user", "add", "luis", "--name", "Luis", "--inactive", "--format", "json").out)
    assert shown == {"id": "luis", "name": "Luis", "active": False, "commit": git("rev-parse", "HEAD")}
    assert json.loads(cli("user", "show", "luis", "--format", "json").out) == {
        "id": "luis",
        "name": "Luis",
        "active": False,
    }


def test_an_address_that_two_have_is_said(cli):
    said = cli("user", "add", "ana", "--name", "Ana", "--email", "ANA@contoso.example")
    assert "ana-ruiz has the address ANA@contoso.example too: by git's identity you are ana-ruiz" in said.err


def test_the_list_takes_the_filters_of_every_list(cli):
    cli("user", "add", "luis", "--name", "Luis Gil", "--team", "iberia")
    cli("user", "add", "eva", "--name", "Eva", "--inactive")

    assert cli("user", "list", "--format", "ids").out.split() == ["ana-ruiz", "luis", "eva"]
    assert cli("user", "list", "--team", "iberia", "--format", "ids").id == "luis"
    assert cli("user", "list", "--where", "NOT active", "--format", "ids").id == "eva"
    assert cli("user", "list").out.splitlines()[3].split() == ["luis", "Luis", "Gil", "iberia", "yes"]
    assert json.loads(cli("user", "list", "--sort", "id", "--limit", "1", "--format", "json").out) == [
        {"id": "ana-ruiz", "name": "Ana Ruiz", "email": "ana@contoso.example", "active": True}
    ]


def test_a_user_is_found_by_words_of_the_name(cli, refused):
    cli("user", "add", "luis", "--name", "Luis Ruiz")
    assert cli("user", "show", "Luis").out.startswith("id      luis\n")
    assert refused("user", "show", "ruiz") == (
        'error: "ruiz" is 2 users: ana-ruiz, luis; name one by its slug'
    )
    assert refused("user", "show", "eva") == 'error: no user answers to "eva"; known: ana-ruiz, luis'


def test_set_changes_a_user(cli, section, git):
    cli("user", "add", "luis", "--name", "Luis", "--email", "l@x.example", "--team", "iberia")

    said = cli("user", "set", "luis", "name=Luis Gil", "email=", "active=no")

    assert said.out == "settings: set users.luis.name, users.luis.email, users.luis.active\n"
    assert section("users").endswith("  luis:\n    name: Luis Gil\n    team: iberia\n    active: false\n")
    assert git("status", "--porcelain") == ""


def test_a_user_that_nothing_names_goes(cli, section, git):
    before = section("users")
    cli("user", "add", "luis", "--name", "Luis Gil")

    shown = json.loads(cli("user", "remove", "luis", "--format", "json").out)

    assert (shown["id"], shown["name"]) == ("luis", "Luis Gil")
    assert section("users").splitlines()[:3] == before.splitlines()[:3]
    assert "luis" not in section("users")
    assert git("log", "-1", "--format=%s") == "settings: remove user luis"


def test_a_user_whom_records_name_stays(shop, refused):
    assert refused("user", "remove", "ana-ruiz") == (
        "error: user ana-ruiz can't be removed, records use it: OPP-2Q8XA; "
        "take them out of use instead: pipecli user set ana-ruiz active=no"
    )


def test_a_manager_stays(cli, refused):
    cli("user", "add", "luis", "--name", "Luis")
    cli("team", "add", "iberia", "--manager", "luis")
    assert refused("user", "remove", "luis").startswith("error: teams.iberia.manager names the user luis")


def test_a_user_is_not_removed_while_a_file_can_not_be_read(cli, given, refused):
    cli("user", "add", "luis", "--name", "Luis")
    given({"leads/2026/LEAD-7K3M9-x.yaml": "id: [\n"})
    assert "LEAD-7K3M9-x.yaml" in refused("user", "remove", "luis")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ana-ruiz", "--name", "x"), "there is a user ana-ruiz already; change it with `pipecli user set"),
        (("Luis Gil", "--name", "x"), "write it as luis-gil"),
        (("luis", "--name", ""), "name:"),
        (("luis", "--name", "x", "--team", "Región Norte"), "write it as region-norte"),
        (("luis", "--name", "x", "--team", "ana-ruiz"), "ana-ruiz is a user, and can't be a team too"),
        (("luis", "--name", "x", "--team", "luis"), "luis is a user, and can't be a team too"),
    ],
)  # fmt: skip
def test_a_wrong_user_is_refused(refused, arguments, said):
    assert said in refused("user", "add", *arguments)


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("team=nowhere", "there is no team nowhere; add it first: pipecli team add nowhere"),
        ("colour=red", "settings has no field users.ana-ruiz.colour"),
        ("active=perhaps", '"perhaps" is neither yes nor no'),
        ("name=", '"users.ana-ruiz.name" is missing'),
        ("name", '"users.ana-ruiz.name" is no assignment'),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(refused, assignment, said):
    assert said in refused("user", "set", "ana-ruiz", assignment)


def test_each_address_of_a_user_is_theirs(cli, git):
    cli("user", "set", "ana-ruiz", "emails=ana@old.example")
    git("config", "user.email", "Ana@Old.example")

    shown = json.loads(cli("lead", "add", "--name", "Kim", "--format", "json").out)
    assert shown["owner"] == "ana-ruiz"
    (user,) = json.loads(cli("user", "list", "--format", "json").out)
    assert user["emails"] == ["ana@old.example"]


def test_an_address_that_is_anothers_second_one_is_a_finding(cli):
    cli("user", "set", "ana-ruiz", "emails=bo@contoso.example")
    said = cli("user", "add", "bo", "--name", "Bo", "--email", "bo@contoso.example")

    assert "ana-ruiz has the address bo@contoso.example too" in said.err
    assert "bo@contoso.example is also the address of bo" in cli("check").out
