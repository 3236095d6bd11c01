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
        'error: "ruiz" is 2 of them: ana-ruiz, luis (Luis Ruiz); name one in full'
    )
    assert refused("user", "show", "eva") == 'error: no user matches "eva"; known: ana-ruiz, luis (Luis Ruiz)'


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
        ("team=nowhere", 'no team matches "nowhere"; there are none yet; add one with `pipecli team add`'),
        ("colour=red", "settings has no field users.ana-ruiz.colour"),
        ("active=perhaps", '"perhaps" must be yes or no'),
        ("name=", '"users.ana-ruiz.name" is missing'),
        ("name", '"users.ana-ruiz.name" isn\'t an assignment'),
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


@pytest.fixture
def leaving(cli, once):
    """Tom, with a deal, a lead, a customer and a call on Ana's deal; Ana and Luis sell, too."""

    def build():
        by_tom = "--by", "tom"
        cli("team", "add", "iberia")
        for slug, team in (("tom", ""), ("luis", "iberia"), ("eva", "iberia")):
            cli("user", "add", slug, "--name", slug.title(), *(["--team", team] if team else []))
        cli("customer", "add", "Nordwind", "--owner", "tom")
        own = cli("opp", "add", "Chairs", "--customer", "nordwind", "--owner", "tom", "--format", "ids").id
        cli("activity", "add", own, "--type", "call", "--subject", "Prices", "--at", "2026-12-01", *by_tom)
        cli("activity", "add", own, "--type", "call", "--subject", "Hello", "--done", "--by", "tom")
        cli("opp", "set", own, "next_contact.date=2026-12-02", "next_contact.by=tom")
        lost = cli("opp", "add", "Tables", "--customer", "nordwind", "--owner", "tom", "--format", "ids").id
        cli("opp", "lost", lost, "--reason", "price")
        anas = cli("opp", "add", "Desks", "--customer", "nordwind", "--format", "ids").id
        cli("activity", "add", anas, "--type", "task", "--subject", "Visit", "--at", "2026-12-03", *by_tom)
        lead = cli("lead", "add", "--name", "Kim", "--owner", "tom", "--format", "ids").id
        return own, anas, lead, lost

    return once(build)


def test_who_leaves_is_told_of_with_what_is_open(cli, leaving):
    own, anas, lead, lost = leaving

    said = cli("user", "set", "tom", "active=no").err

    assert said.splitlines()[0] == (
        "tom still has 1 open deal, 1 open lead, 3 planned contacts and 1 customer: "
        "pipecli user handover tom --to USER-OR-TEAM"
    )
    assert f'  {own} Chairs; next contact on 2026-12-02; call on 2026-12-01 "Prices"' in said
    assert f'  {anas} Desks; task on 2026-12-03 "Visit"' in said
    assert f"  {lead} Kim" in said
    assert lost not in said
    findings = [line for line in cli("check").out.splitlines() if "tom is not active" in line]
    assert len(findings) == 5
    assert cli("user", "set", "tom", "name=Tom Roe").err == ""


def test_a_handover_moves_all_that_is_open_in_one_commit(cli, git, leaving):
    own, anas, lead, lost = leaving
    cli("opp", "sellers", anas, "ana-ruiz=60", "tom=40")
    cli("user", "set", "tom", "active=no")
    before = git("rev-parse", "HEAD")

    told = cli("user", "handover", "tom", "--to", "ana-ruiz").err

    assert f"tom keeps 40 % of {anas}: pipecli opp sellers {anas} USER=N…" in told and lost not in told
    assert git("rev-parse", "HEAD~") == before
    subject = "tom: hand over 1 open deal, 1 open lead, 3 planned contacts and 1 customer to ana-ruiz"
    assert git("log", "-1", "--format=%s") == subject
    deal = json.loads(cli("opp", "show", own, "--format", "json").out)
    planned = [(activity["subject"], activity["by"]) for activity in deal["activities"]]
    assert (deal["owner"], deal["next_contact"]["by"]) == ("ana-ruiz", "ana-ruiz")
    assert not deal.get("shared_with")
    assert sorted(planned) == [("Hello", "tom"), ("Prices", "ana-ruiz")]
    assert json.loads(cli("lead", "show", lead, "--format", "json").out)["owner"] == "ana-ruiz"
    assert json.loads(cli("opp", "show", lost, "--format", "json").out)["owner"] == "tom"
    assert json.loads(cli("followups", "--owner", "tom", "--due", "+90d", "--format", "json").out) == []
    assert cli("check").out == ""
    assert "tom has nothing to hand over" in cli("user", "handover", "tom", "--to", "ana-ruiz").err


def test_a_handover_to_a_team_goes_to_the_least_loaded_at_work(cli, leaving):
    own, anas, *_ = leaving
    cli("user", "set", "luis", "away=[{from: 2026-01-01, to: 2099-12-31}]")

    cli("user", "handover", "tom", "--to", "iberia")

    deal = json.loads(cli("opp", "show", own, "--format", "json").out)
    assert (deal["owner"], deal["shared_with"]) == ("eva", ["iberia"])
    others = json.loads(cli("opp", "show", anas, "--format", "json").out)
    assert (others["owner"], others["activities"][0]["by"]) == ("ana-ruiz", "eva")


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("tom", "tom can't hand over to tom; name another user, or a team"),
        ("nobody", 'no user or team matches "nobody"'),
        ("gone", "gone is not active"),
        ("empty", "the team empty has no other active user"),
    ],
)
def test_a_handover_needs_somebody_who_is_there(cli, leaving, refused, to, error):
    cli("user", "add", "gone", "--name", "Gone", "--inactive")
    cli("team", "add", "empty")

    assert error in refused("user", "handover", "tom", "--to", to)
    assert '"ana" may be ana-ruiz' in refused("user", "handover", "ana", "--to", "luis")
