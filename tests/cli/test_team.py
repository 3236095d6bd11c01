"""`team`: teams and their managers in `pipecli.yaml`."""

from __future__ import annotations

import json

import pytest


def test_a_team_has_a_name_and_a_manager(cli, root, git):
    said = cli("team", "add", "norte", "--name", "Región Norte", "--manager", "ana")

    assert said.out == "norte\n"
    assert (
        "teams: # slug: {name, manager, parent}; users name their team\n"
        "  norte:\n    name: Región Norte\n    manager: ana-ruiz\n"
    ) in (root / "pipecli.yaml").read_text()
    assert git("log", "-1", "--format=%s") == "settings: add team norte"


def test_a_team_may_be_given_as_an_empty_map(cli, root):
    assert cli("settings", "set", "teams.x={}").out == "settings: set teams.x\n"
    cli("settings", "set", "teams={norte: {name: Norte}, sur: {}, x: {}}")
    text = (root / "pipecli.yaml").read_text()
    assert "\n  norte:\n    name: Norte\n  sur:\n    name: sur\n" in text


def test_the_list_shows_the_members(cli):
    cli("user", "add", "luis", "--name", "Luis", "--team", "iberia")
    cli("user", "add", "eva", "--name", "Eva", "--team", "iberia")
    cli("team", "add", "asia", "--name", "Asia", "--manager", "luis")

    assert cli("team", "list").out.splitlines()[2:] == [
        "asia    Asia    luis",
        "iberia  iberia           eva, luis",
    ]
    assert json.loads(cli("team", "list", "--format", "json").out) == [
        {"id": "asia", "name": "Asia", "manager": "luis", "members": []},
        {"id": "iberia", "name": "iberia", "members": ["eva", "luis"]},
    ]


def test_set_and_show(cli):
    cli("team", "add", "asia")
    cli("team", "set", "asia", "name=East Asia", "manager=Ana Ruiz")
    assert json.loads(cli("team", "show", "east", "--format", "json").out) == {
        "id": "asia",
        "name": "East Asia",
        "manager": "ana-ruiz",
    }


def test_a_team_without_a_field_has_members_and_loses_its_last_one(cli, root, git):
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("\nteams: {}", "\nteams:\n  asia: {}"))
    git("commit", "-qam", "a team of which nothing is told")

    cli("user", "set", "ana", "team=asia")
    cli("team", "set", "asia", "manager=ana-ruiz")
    assert (
        "\n  asia: # slug: {name, manager, parent}; users name their team\n    manager: ana-ruiz\n"
        in settings.read_text()
    )
    cli("team", "set", "asia", "manager=")
    assert "\n  asia: {} # slug:" in settings.read_text()
    assert "team: asia" in settings.read_text()
    cli("check")


def test_a_team_that_nothing_names_goes(cli, git):
    cli("team", "add", "asia")
    cli("team", "remove", "asia")
    assert cli("team", "list", "--format", "ids").out == ""
    assert git("log", "-1", "--format=%s") == "settings: remove team asia"


def test_a_team_with_members_stays(cli, refused):
    cli("user", "add", "luis", "--name", "Luis", "--team", "iberia")
    assert refused("team", "remove", "iberia").startswith("error: users.luis.team names the team iberia")


def test_a_team_that_records_are_shared_with_stays(cli, shop, refused):
    cli("team", "add", "asia")
    cli("opp", "set", "2q8", "shared_with=asia")
    assert refused("team", "remove", "asia") == (
        "error: team asia can't be removed, records use it: OPP-2Q8XA; "
        "change those first, or rename it: pipecli settings rename team asia NEW"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("asia",), "there is a team asia already"),
        (("ana-ruiz",), "there is a user ana-ruiz already"),
        (("Asia",), "write it as asia"),
        (("new", "--manager", "nobody"), 'no user matches "nobody"; known: ana-ruiz'),
    ],
)
def test_a_wrong_team_is_refused(cli, refused, arguments, said):
    cli("team", "add", "asia")
    assert said in refused("team", "add", *arguments)


def test_a_manager_who_is_no_user_is_refused(cli, refused):
    cli("team", "add", "asia")
    assert refused("team", "set", "asia", "manager=nobody") == (
        'error: no user matches "nobody"; known: ana-ruiz'
    )
