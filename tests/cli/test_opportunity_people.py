"""Who is on a deal: contacts and competitors, its owner, and those it is shared with."""

from __future__ import annotations

import json

import pytest

SETTINGS = """\
company: {name: Contoso}
currency: EUR
timezone: Europe/Madrid
users:
  ana-ruiz: {name: Ana Ruiz, email: ana@contoso.example, team: iberia}
  luis: {name: Luis Vega, team: iberia}
  sara: {name: Sara Azadi, team: iran}
  gone: {name: Gone, team: iberia, active: false}
teams:
  iberia: {name: Iberia, manager: ana-ruiz}
  iran: {name: Iran}
  empty: {name: Nobody yet}
processes:
  standard:
    stages: [{id: qualify, probability: 10}]
lost_reasons: [price]
"""


@pytest.fixture(autouse=True)
def _settings(given):
    given({"pipecli.yaml": SETTINGS})


@pytest.fixture
def opp(cli, once):
    """A deal with a customer that has two contacts."""

    def build() -> str:
        cli("customer", "add", "Contoso Coffee")
        cli("contact", "add", "María López", "--customer", "contoso-coffee")
        cli("contact", "add", "Pau Vidal", "--customer", "contoso-coffee")
        return cli("opp", "add", "Machines", "--customer", "contoso-coffee", "--format", "ids").id

    return once(build)


@pytest.fixture
def shown(cli, opp):
    def call() -> dict[str, object]:
        return json.loads(cli("opp", "show", opp, "--format", "json").out)

    return call


# Contacts


def test_contacts_have_roles_and_one_is_primary(cli, opp, shown):
    said = cli("opp", "contact", "add", opp, "maria-lopez", "--role", "decision-maker", "--primary")
    assert said.out == f"{opp} Machines: contact María López (decision-maker, primary)\n"
    said = cli("opp", "contact", "add", opp, "pau", "--role", "user")
    assert said.out == f"{opp} Machines: contact Pau Vidal (user)\n"
    assert shown()["contacts"] == [
        {"contact": "maria-lopez", "role": "decision-maker", "primary": True},
        {"contact": "pau-vidal", "role": "user"},
    ]
    cli("opp", "contact", "add", opp, "pau-vidal", "--primary")  # there is only one
    assert shown()["contacts"] == [
        {"contact": "maria-lopez", "role": "decision-maker"},
        {"contact": "pau-vidal", "role": "user", "primary": True},
    ]
    cli("opp", "contact", "add", opp, "pau-vidal", "--role", "influencer")
    assert shown()["contacts"][1] == {"contact": "pau-vidal", "role": "influencer", "primary": True}
    cli("contact", "add", "Rosa Gil")
    assert cli("opp", "contact", "add", opp, "rosa-gil").out == f"{opp} Machines: contact Rosa Gil\n"
    cli("opp", "contact", "remove", opp, "rosa-gil")
    people = json.loads(cli("opp", "contact", "list", opp, "--format", "json").out)
    assert [(each["name"], each["primary"]) for each in people] == [
        ("María López", False),
        ("Pau Vidal", True),
    ]


def test_a_contact_leaves(cli, opp, shown, refused):
    cli("opp", "contact", "add", opp, "maria-lopez")
    said = refused("opp", "contact", "remove", opp, "pau-vidal")
    assert f"Pau Vidal (pau-vidal) is not on {opp}; on it: maria-lopez" in said
    cli("opp", "contact", "remove", opp, "María")
    assert "contacts" not in shown()


def test_an_unknown_contact_is_refused(opp, refused):
    assert 'no contact matches "Nemo"' in refused("opp", "contact", "add", opp, "Nemo")


def test_two_primary_contacts_are_refused(cli, opp, refused):
    cli("opp", "contact", "add", opp, "maria-lopez", "--primary")
    cli("opp", "contact", "add", opp, "pau-vidal")
    said = refused("opp", "set", opp, "contacts.pau-vidal.primary=yes")
    assert "would have 2 primary contacts: maria-lopez, pau-vidal" in said


def test_who_is_taken_off_is_one_of_the_deals(cli, opp, shown):
    for slug in ("oscar-lara", "oscar-nunez"):
        cli("contact", "add", slug, "--name", slug.replace("-", " ").title())
    cli("opp", "contact", "add", opp, "oscar-lara")
    cli("opp", "contact", "remove", opp, "oscar")
    assert "contacts" not in shown()


# Competitors


def test_competitors_come_and_go(cli, opp, shown, refused):
    cli("opp", "competitor", "add", opp, "Acme")
    cli("opp", "competitor", "add", opp, "Café Rápido")
    assert "nothing to change" in cli("opp", "competitor", "add", opp, "ACME").err
    assert shown()["competitors"] == ["Acme", "Café Rápido"]
    cli("opp", "competitor", "remove", opp, "acme")
    assert shown()["competitors"] == ["Café Rápido"]
    said = refused("opp", "competitor", "remove", opp, "Acme")
    assert f"Acme isn't a competitor of {opp}; its competitors: Café Rápido" in said
    cli("competitor", "add", "Torino Espresso")
    assert (
        "torino has no file; did you mean torino-espresso?"
        in cli("opp", "competitor", "add", opp, "torino").err
    )
    assert "COMPETITOR: must be one line" in refused("opp", "competitor", "add", opp, "a\nb")


# Owner


def test_a_deal_gets_another_owner_and_the_next_contact_goes_along(cli, opp, shown, git):
    cli("opp", "set", opp, "next_contact.date=2026-12-01", "next_contact.by=ana-ruiz")
    said = cli("opp", "assign", opp, "luis")
    assert said.out == f"{opp} Machines: assign to luis\n"
    assert "the next contact, on 2026-12-01, is luis's now" in said.err
    deal = shown()
    assert (deal["owner"], deal["team"]) == ("luis", "iberia")
    assert deal["next_contact"] == {"date": "2026-12-01", "by": "luis"}
    assert "Pipecli-Event: assigned" in git("log", "-1", "--format=%B")
    cli("opp", "set", opp, "owner=sara")
    assert "Pipecli-Event: assigned" in git("log", "-1", "--format=%B")


def test_the_next_contact_of_another_stays_theirs(cli, opp, shown):
    cli("opp", "set", opp, "next_contact.date=2026-12-01", "next_contact.by=sara")
    cli("opp", "assign", opp, "luis")
    assert shown()["next_contact"]["by"] == "sara"


def test_a_team_shares_the_deal_and_its_least_loaded_answers_for_it(cli, opp, shown):
    cli("opp", "add", "Another of Ana's")
    cli("opp", "assign", opp, "sara")
    cli("opp", "assign", opp, "--team", "iberia")
    assert (shown()["owner"], shown()["shared_with"]) == ("luis", ["iberia"])
    said = cli("opp", "assign", opp, "iberia")  # no user has the name of a team
    assert "nothing to change" in said.err  # an owner of the team stays


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["nobody"],
            "unknown user nobody; the users: ana-ruiz, luis (Luis Vega), sara (Sara Azadi), gone",
        ),
        (["gone"], "gone is not active; give it to another, or pipecli user set gone active=yes"),
        (["--team", "none"], "unknown team none; the teams: iberia, iran, empty (Nobody yet)"),
        (["--team", "empty"], "the team empty has no active user"),
    ],
)
def test_nobody_gets_a_deal_by_mistake(opp, refused, arguments, said):
    assert said in refused("opp", "assign", opp, *arguments)


def test_the_new_owner_is_named_once(opp, refused):
    for arguments in ([], ["luis", "--team", "iran"]):
        error = refused("opp", "assign", opp, *arguments, code=2)
        assert "name who gets it: a user, or a team with --team" in error


# Sharing


def test_what_is_shared_is_among_the_own_of_those(cli, opp, shown, refused, monkeypatch):
    cli("opp", "share", opp, "sara", "iberia")
    cli("opp", "share", opp, "sara")  # once is enough
    assert shown()["shared_with"] == ["sara", "iberia"]
    monkeypatch.setenv("PIPECLI_USER", "sara")
    assert cli("opp", "list", "--mine", "--format", "ids").out.split() == [opp]
    cli("opp", "share", opp, "sara", "--remove")
    assert cli("opp", "list", "--mine", "--format", "ids").out == ""
    monkeypatch.setenv("PIPECLI_USER", "luis")
    assert cli("opp", "list", "--mine", "--format", "ids").out.split() == [opp]  # by his team
    said = refused("opp", "share", opp, "sara", "--remove")
    assert f"{opp} is not shared with sara; it is shared with iberia" in said
    assert "nowhere isn't a user or team; share with one of ana-ruiz" in refused(
        "opp", "share", opp, "nowhere"
    )


def test_a_broken_deal_is_named_with_its_line(cli, deal):
    file = deal()
    file.write_text(file.read_text().replace("title:", "titel:"))
    said = cli("opp", "assign", "OPP-2Q8XA", "luis", code=1)
    assert "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml:4: " in said.err
    assert 'did you mean "title"' in said.err
