"""`assign`: what nobody owns goes to users by the rules, in one commit; so does what is added for nobody."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest

from tests.records_given import deal_text, lead_text

RULES = """\
assignment_rules:
- name: all
  users: [ana, luis, eva]
- name: big deals
  when: amount > 10000
  users: [eva, luis]
  priority: 10
- name: leads
  for: lead
  when: source = 'fair'
  users: [ana, luis]
  method: least-loaded
"""


def lead_from(source: str, key: str = "LEAD-2Q8XA") -> str:
    return lead_text(
        key, created="2026-10-01T10:00:00+02:00", status=None, name="X", owner=None, source=source
    )


@pytest.fixture(autouse=True)
def _team(root, given):
    """Ana Ruiz, who runs the commands, manages; ana, luis and eva sell."""
    text = (root / "pipecli.yaml").read_text().replace("assignment_rules: []", RULES)
    users = "".join(f"  {slug}:\n    name: {slug.title()}\n" for slug in ("ana", "luis", "eva"))
    given({"pipecli.yaml": text.replace("users:", f"users:\n{users}", 1).replace("\n\nteams", "\nteams")})


@pytest.fixture
def unowned(given):
    """Write deals that nobody owns, `2026-10-01` unless said, in one commit."""

    def write(
        *keys: str, created: str = "2026-10-01", amount: int = 500, status: str = "open", more: str = ""
    ):
        given({
            f"opportunities/2026/{key}-deal.yaml": deal_text(
                key, more, created=f"{created}T10:00:00+02:00", title=f"Deal {key}", status=status,
                owner=None, amount=f"{amount}",
            )
            for key in keys
        })  # fmt: skip

    return write


@pytest.fixture
def owners(cli):
    def call(noun: str = "opp") -> dict[str, str | None]:
        listed = json.loads(cli(noun, "list", "--all", "--format", "json").out)
        return {each["id"]: each.get("owner") for each in listed}

    return call


def test_it_gives_all_away_in_one_commit(cli, git, given, unowned, owners, root):
    unowned("OPP-2Q8XA", "OPP-2Q8XB")
    given({"leads/2026/LEAD-2Q8XA-x.yaml": lead_from("fair")})
    before = git("rev-parse", "HEAD")
    said = cli("assign", "-m", "By cron")
    assert said.out == (
        "LEAD-2Q8XA X: assign to ana, by the rule leads\n"
        "OPP-2Q8XA Deal OPP-2Q8XA: assign to ana, by the rule all\n"
        "OPP-2Q8XB Deal OPP-2Q8XB: assign to luis, by the rule all\n"
    )
    assert said.err == ""
    assert git("log", "--format=%B", f"{before}..HEAD").splitlines()[:5] == [
        "assign 1 lead and 2 opportunities", "", "By cron", "", "Pipecli-Event: assigned",
    ]  # fmt: skip
    assert owners() == {"OPP-2Q8XA": "ana", "OPP-2Q8XB": "luis"}
    text = (root / "opportunities/2026/OPP-2Q8XA-deal.yaml").read_text()
    assert "status: open\nowner: ana\nassigned:\n  rule: all\n  turn: 1\ncurrency: EUR\n" in text
    cli("check")


def test_a_second_run_gives_nothing_and_says_nothing(cli, git, unowned):
    unowned("OPP-2Q8XA")
    cli("assign")
    before = git("rev-parse", "HEAD")
    said = cli("assign")
    assert (said.out, said.err) == ("", "")
    assert cli("assign", "--format", "json").out == "[]\n"
    assert git("rev-parse", "HEAD") == before


def test_one_alone_names_the_commit(cli, git, unowned):
    unowned("OPP-2Q8XA", amount=20000)
    assert cli("assign", "--format", "ids").out == "OPP-2Q8XA\n"
    assert git("log", "-1", "--format=%s") == "OPP-2Q8XA: assign to eva, by the rule big deals"


def test_a_dry_run_lists_who_would_get_what(cli, git, unowned):
    unowned("OPP-2Q8XA")
    before = git("rev-parse", "HEAD")
    assert cli("assign", "--dry-run").out == "OPP-2Q8XA: would assign to ana, by the rule all\n"
    (told,) = json.loads(cli("assign", "--dry-run", "--format", "json").out)
    assert (told["id"], told["owner"], told["assigned"]) == ("OPP-2Q8XA", "ana", {"rule": "all", "turn": 1})
    assert cli("assign", "--dry-run", "--format", "csv").out.splitlines()[1] == "OPP-2Q8XA,open,ana"
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain") == ""


def test_only_what_is_open_and_unowned_is_given(cli, unowned, given, owners):
    unowned("OPP-2Q8XA", more="owner: ana-ruiz\n")
    unowned("OPP-2Q8XB", status="lost", more="closed: {date: 2026-10-02, reason: price}\n")
    lead = lead_from("fair")
    given({
        "leads/2026/LEAD-2Q8XA-x.yaml": lead
        + "status: disqualified\ndisqualified: {date: 2026-10-02, reason: no-need}\n",
        "leads/2026/LEAD-2Q8XB-x.yaml": lead_from("web", "LEAD-2Q8XB"),
    })  # fmt: skip
    assert cli("assign").out == ""
    assert owners() == {"OPP-2Q8XA": "ana-ruiz", "OPP-2Q8XB": None}


def test_the_least_loaded_has_the_fewest_open_ones(cli, given, owners):
    lead = lead_from("web")
    done = "status: disqualified\ndisqualified: {date: 2026-10-02, reason: no-need}\n"
    given({
        "leads/2026/LEAD-2Q8XA-x.yaml": lead + "owner: ana\n",
        "leads/2026/LEAD-2Q8XB-x.yaml": lead.replace("8XA", "8XB") + "owner: luis\n" + done,
        "leads/2026/LEAD-2Q8XC-x.yaml": lead.replace("8XA", "8XC").replace("web", "fair"),
    })  # fmt: skip
    assert cli("assign").out == "LEAD-2Q8XC X: assign to luis, by the rule leads\n"


def test_the_oldest_is_given_first_whatever_its_id_and_offset(cli, unowned):
    unowned("OPP-2Q8XA", created="2026-10-03")
    unowned("OPP-2Q8XB", created="2026-10-01")
    assert [line.split()[0] for line in cli("assign").out.splitlines()] == ["OPP-2Q8XB", "OPP-2Q8XA"]


def test_round_robin_goes_on_in_another_clone_and_with_older_deals(cli, unowned, owners, root, tmp_path, git):
    unowned("OPP-2Q8XA", created="2026-10-05")
    cli("assign")
    unowned("OPP-2Q8XB", created="2026-10-01")
    unowned("OPP-2Q8XC", created="2026-10-02")
    clone = tmp_path / "clone"
    git("clone", "-q", str(root), str(clone))
    cli("assign")
    expected = {"OPP-2Q8XA": "ana", "OPP-2Q8XB": "luis", "OPP-2Q8XC": "eva"}
    assert owners() == expected
    assert [line.split()[5] for line in cli("-C", str(clone), "assign").out.splitlines()] == ["luis,", "eva,"]
    shutil.rmtree(root / ".git" / "pipecli")
    unowned("OPP-2Q8XD", created="2025-10-01")
    assert cli("assign").out == "OPP-2Q8XD Deal OPP-2Q8XD: assign to ana, by the rule all\n"


def test_it_stays_fair_in_many_runs(cli, unowned, owners):
    letters = "ABCDEFGHJK"
    runs = [[f"OPP-{run}Q8X{raw_message}" for raw_message in letters[: 3 + run]] for run in range(1, 6)]
    for place, keys in enumerate(runs):
        unowned(*keys, created=f"2026-10-{20 - place}")
        cli("opp", "add", "By hand", "--owner", "ana")
        cli("assign")
    cli("opp", "lost", runs[0][0], "--reason", "price")
    given = {key: owner for key, owner in owners().items() if "Q8X" in key}
    counts = Counter(given.values())
    assert counts.total() == 30
    assert max(counts.values()) - min(counts.values()) <= 1


def test_inactive_users_are_passed_over_and_a_rule_of_only_such_is_said(cli, unowned, owners):
    cli("user", "set", "ana", "active=no")
    unowned("OPP-2Q8XA")
    assert cli("assign").out == "OPP-2Q8XA Deal OPP-2Q8XA: assign to luis, by the rule all\n"
    for user in ("luis", "eva"):
        cli("user", "set", user, "active=no")
    unowned("OPP-2Q8XB", "OPP-2Q8XC", amount=20000)
    said = cli("assign")
    assert said.out == ""
    assert said.err == "the rule big deals has no active user: 2 opportunities left alone\n"
    assert owners()["OPP-2Q8XB"] is None


def test_a_condition_that_can_not_be_run_is_refused_with_its_place(unowned, given, root, refused):
    unowned("OPP-2Q8XA")
    text = (root / "pipecli.yaml").read_text()
    given({"pipecli.yaml": text.replace("amount > 10000", "amuont > 10000")})
    said = refused("assign")
    assert said.startswith(
        "error: pipecli.yaml: assignment_rules.2.when: the query can't be run: no such column"
    )


def test_a_condition_sees_the_record_alone_and_can_write_nothing(unowned, given, root, cli, refused):
    unowned("OPP-2Q8XA", "OPP-2Q8XB")
    text = (root / "pipecli.yaml").read_text()
    alone = "amount > 0 AND (SELECT count(*) FROM opportunities) = 1"
    given({"pipecli.yaml": text.replace("amount > 10000", alone)})
    assert cli("assign", "--dry-run").out.count("by the rule big deals") == 2
    given({"pipecli.yaml": text.replace("amount > 10000", "1); DELETE FROM _records; SELECT (1")})
    assert "assignment_rules.2.when" in refused("assign")


def test_a_hook_that_refuses_leaves_all_as_it_was(unowned, root, refused):
    unowned("OPP-2Q8XA", "OPP-2Q8XB")
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert "git refused the commit" in refused("assign")


# What is added by hand


def test_what_is_added_for_nobody_goes_by_the_rules(cli, owners, root):
    said = cli("opp", "add", "Machines", "--organization", "Contoso Coffee", "--format", "ids")
    assert owners() == {said.id: "ana"}
    assert "assign to ana, by the rule all; another is named with --owner" in said.err
    deal = json.loads(cli("opp", "show", said.id, "--format", "json").out)
    assert deal["next_contact"]["by"] == "ana"
    assert deal["assigned"] == {"rule": "all", "turn": 1}
    assert "owner: ana\n" in (root / "customers/contoso-coffee.yaml").read_text()
    lead = cli("lead", "add", "--name", "X", "--source", "fair", "--format", "ids").id
    assert owners("lead") == {lead: "ana"}
    cli("check")


def test_nobody_is_told_of_an_owner_of_what_is_refused(cli):
    cli("settings", "set", "sources=fair")
    said = cli("opp", "add", "Machines", "--source", "web", code=1).err
    assert said.startswith("error: web isn't a known source; give one of fair")


def test_whom_no_rule_takes_is_the_adders(cli, owners):
    lead = cli("lead", "add", "--name", "X", "--source", "web", "--format", "ids")
    assert (owners("lead"), lead.err) == ({lead.id: "ana-ruiz"}, "")


@pytest.mark.parametrize("arguments", [("--owner", "ana-ruiz"), ("--set", "owner=ana-ruiz")])
def test_who_is_named_owns_it(cli, owners, arguments):
    key = cli("opp", "add", "Machines", *arguments, "--format", "ids").id
    assert owners() == {key: "ana-ruiz"}


def test_nobody_may_be_named(cli, owners):
    key = cli("opp", "add", "Machines", "--set", "owner=", "--format", "ids").id
    assert owners() == {key: None}


def test_what_one_of_the_rules_own_users_adds_is_theirs(cli, owners, monkeypatch):
    monkeypatch.setenv("PIPECLI_USER", "luis")
    small = cli("opp", "add", "Machines", "--format", "ids").id
    assert owners() == {small: "luis"}
    assert "assigned" not in json.loads(cli("opp", "show", small, "--format", "json").out)
    monkeypatch.setenv("PIPECLI_USER", "ana")  # who does not sell what is big
    big = cli("opp", "add", "More machines", "--amount", "20000", "--format", "ids").id
    assert owners()[big] == "eva"


def test_a_rule_may_name_a_team_and_those_below_it(cli, unowned, owners):
    cli("team", "add", "sales")
    cli("team", "add", "north", "--parent", "sales")
    cli("user", "set", "luis", "team=north")
    cli("settings", "set", "assignment_rules=[{name: all, team: sales}]")
    unowned("OPP-2Q8XA")

    cli("assign")

    assert list(owners().values()) == ["luis"]
    assert (
        "names nobody: give it users, a team, or both"
        in cli("settings", "set", "assignment_rules=[{name: all}]", code=1).err
    )


def test_who_is_away_gets_nothing_until_they_are_back(cli, unowned, owners, monkeypatch):
    cli("settings", "set", "assignment_rules=[{name: all, users: [ana, luis]}]")
    cli("user", "set", "ana", "away=[{from: 2026-11-20, to: 2026-11-25}]")
    unowned("OPP-2Q8XA", "OPP-3R9YB")
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-25")

    cli("assign")
    assert set(owners().values()) == {"luis"}

    unowned("OPP-4S0ZC")
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-26")
    cli("assign")
    assert owners()["OPP-4S0ZC"] == "ana"


def test_days_away_end_after_they_begin(refused):
    said = refused("user", "set", "ana", "away=[{from: 2026-11-20, to: 2026-11-19}]")

    assert "away from 2026-11-20 to 2026-11-19: to must be later" in said
