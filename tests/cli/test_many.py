"""One change of many records: by their names, on stdin, or by a condition."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.records_given import deal_text, lead_text
from tests.terminal import at_terminal

pytestmark = pytest.mark.usefixtures("warm_calls")

Git = Callable[..., str]
Refused = Callable[..., str]
KEYS = [f"OPP-AAA0{number}" for number in range(1, 6)]


@pytest.fixture(autouse=True)
def _deals(given: Callable[[dict[str, str]], None], today: None) -> None:
    texts = {f"opportunities/2026/{key}-x.yaml": deal_text(key, title=f"Deal {key}") for key in KEYS}
    given(texts | {"leads/2026/LEAD-7K3M9-x.yaml": lead_text("LEAD-7K3M9", name="Max")})


def _values(cli: Cli, field: str) -> list[Any]:
    deals = json.loads(cli("opp", "list", "--all", "--sort", "id", "--format", "json").out)
    return [deal.get(field) for deal in deals]


def _commits(git: Git) -> int:
    return int(git("rev-list", "--count", "HEAD"))


def test_several_names_one_commit(cli: Cli, git: Git) -> None:
    before = _commits(git)
    said = cli("opp", "set", KEYS[0], KEYS[2], "source=fair")
    assert said.out == f"{KEYS[0]} Deal {KEYS[0]}: set source\n{KEYS[2]} Deal {KEYS[2]}: set source\n"
    assert _values(cli, "source") == ["fair", None, "fair", None, None]
    assert _commits(git) == before + 1
    assert git("log", "-1", "--format=%s") == "set source of 2 opportunities"


def test_ids_on_stdin(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(KEYS[:3])))
    cli("opp", "advance", "-", "--to", "demo")
    assert _values(cli, "stage") == ["demo"] * 3 + ["qualify"] * 2


def test_a_condition(cli: Cli, refused: Refused) -> None:
    cli("user", "add", "ben", "--name", "Ben", "--email", "ben@contoso.example")
    cli("opp", "assign", "--where", "id > 'OPP-AAA03'", "ben")
    assert _values(cli, "owner") == ["ana-ruiz"] * 3 + ["ben"] * 2
    cli("opp", "lost", "--where", "owner = 'ben'", "--reason", "price")
    assert _values(cli, "status") == ["open"] * 3 + ["lost"] * 2
    none = refused("opp", "advance", "--where", "owner = 'nobody'")
    assert """no opportunity matches; try it: pipecli opportunity list --where "owner = 'nobody'\"""" in none
    assert "can't be run" in refused("opp", "advance", "--where", "nothing = 1")
    assert "--where names the records already" in refused("opp", "advance", KEYS[0], "--where", "1")


def test_a_condition_that_takes_ended_deals_too_is_told_how_to_leave_them_out(
    cli: Cli, refused: Refused
) -> None:
    cli("opp", "lost", KEYS[1], "--reason", "price")
    said = refused("opp", "lost", "--where", "id < 'OPP-AAA04' OR 0", "--reason", "price")
    assert f"{KEYS[1]} is lost; nothing is changed; leave out what has ended" in said
    only = said.split("--where ")[1].strip().strip('"')
    cli("opp", "lost", "--where", only, "--reason", "price")
    assert _values(cli, "status") == ["lost"] * 3 + ["open"] * 2
    quoted = refused("opp", "advance", "--where", 'id < "OPP-AAA05"')
    assert """--where 'status = '"'"'open'"'"' AND (id < "OPP-AAA05")'""" in quoted
    assert "reopen it first" in refused("opp", "advance", "--where", "status = 'lost'")


def test_all_or_none(cli: Cli, refused: Refused) -> None:
    cli("opp", "lost", KEYS[1], "--reason", "price")
    said = refused("opp", "advance", *KEYS)
    assert f"{KEYS[1]} is lost" in said
    assert "nothing is changed" in said
    assert _values(cli, "stage") == ["qualify"] * 5


def test_a_dry_run_lists_what_changes(cli: Cli, git: Git) -> None:
    before = git("rev-parse", "HEAD")
    rows = json.loads(cli("opp", "advance", *KEYS[:2], "--dry-run", "--format", "json").out)
    assert rows == [{"id": key, "what": "advance qualify → demo"} for key in KEYS[:2]]
    told = cli("opp", "set", *KEYS[:2], "probability=33", "tags=cold", "--dry-run").out
    assert told.count("probability set to 33; tags: added cold") == 2
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain") == ""


def test_a_terminal_is_asked_before_many_are_changed_or_some_go_along(
    cli: Cli, given: Callable[[dict[str, str]], None], root: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPECLI_PAGER", "cat")
    given({f"opportunities/2026/OPP-BBB{n}-x.yaml": deal_text(f"OPP-BBB{n}") for n in range(10, 30)})
    head = git("rev-parse", "HEAD")
    lost = ("opp", "lost", "--where", "status = 'open'")
    code, screen = at_terminal(root, *lost, typed="1\n\x04")
    assert (code, screen.count("lose 25 opportunities? [y/N]: ")) == (130, 1)
    assert git("rev-parse", "HEAD") == head
    assert at_terminal(root, *lost, typed="price\ny\n")[0] == 0
    assert git("log", "-1", "--format=%s") == "lose 25 opportunities"
    cli("undo")
    cli("customer", "add", "Nave 14")
    cli("opp", "set", KEYS[0], "customer=nave-14")
    cli("opp", "item", "add", KEYS[0], "--description", "Mill", "--price", "10")
    draft = cli("quote", "new", KEYS[0], "--format", "ids").id
    code, screen = at_terminal(root, "opp", "remove", KEYS[0], typed="n\n")
    assert f"Remove {KEYS[0]} Deal {KEYS[0]} and its 1 quotation {draft}? [y/N]: " in screen
    assert (code, f"error: {KEYS[0]} stays" in screen) == (1, True)
    assert at_terminal(root, "opp", "remove", KEYS[0], typed="y\n")[0] == 0
    assert draft not in cli("quote", "list", "--all").out


def test_tags_of_many(cli: Cli, refused: Refused) -> None:
    cli("opp", "tag", "add", *KEYS[:2], "fair")
    cli("opp", "tag", "add", *KEYS[:3], "vip")
    cli("opp", "tag", "add", KEYS[0], "vip")
    assert _values(cli, "tags") == [["fair", "vip"], ["fair", "vip"], ["vip"], None, None]
    cli("opp", "tag", "remove", "--where", "1", "fair")
    assert _values(cli, "tags") == [["vip"]] * 3 + [None] * 2
    cli("lead", "tag", "add", "max", "vip")
    assert json.loads(cli("lead", "show", "max", "--format", "json").out)["tags"] == ["vip"]
    assert "can't be a tag" in refused("opp", "tag", "add", KEYS[0], "a,b")


def test_leads_customers_and_contacts_too(cli: Cli) -> None:
    for name in ("One", "Two"):
        cli("customer", "add", name)
        cli("contact", "add", name)
    cli("customer", "set", "one", "two", "country=ES")
    cli("contact", "set", "--where", "1", "language=es")
    customers = json.loads(cli("customer", "list", "--format", "json").out)
    assert [customer["country"] for customer in customers] == ["ES", "ES"]


def test_leads_and_customers_are_assigned_and_leads_shared_many_at_once(
    cli: Cli, git: Git, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("team", "add", "north", "--name", "North", "--manager", "ana-ruiz")
    for name in ("Ben", "Cem"):
        cli(
            "user",
            "add",
            name.lower(),
            "--name",
            name,
            "--email",
            f"{name}@contoso.example",
            "--team",
            "north",
        )
    for name in ("One", "Two", "Three"):
        cli("lead", "add", "--name", name)
        cli("customer", "add", f"{name} Ltd")

    def leads(*fields: str) -> dict[str, Any]:
        listed = json.loads(cli("lead", "list", "--all", "--format", "json").out)
        return {lead["name"]: [lead.get(field) for field in fields] for lead in listed}

    before = _commits(git)
    cli("lead", "assign", "one", "two", "ben")
    assert git("log", "-1", "--format=%s") == "assign to ben: 2 leads"
    cli("lead", "assign", "--where", "name <> 'Three'", "--team", "north")
    cli("lead", "assign", "max", "three", "--team", "north")  # Ben has two, so that Cem gets both
    assert leads("owner", "shared_with") == {
        "Max": ["cem", ["north"]],
        "One": ["ben", ["north"]],
        "Two": ["ben", ["north"]],
        "Three": ["cem", ["north"]],
    }
    monkeypatch.setattr(
        "sys.stdin", io.StringIO(cli("lead", "list", "--owner", "cem", "--format", "ids").out)
    )
    cli("lead", "share", "-", "ben")
    cli("lead", "share", "LEAD-7K3M9", "north", "--remove")
    assert leads("shared_with")["Max"] == [["ben"]]
    assert leads("shared_with")["Three"] == [["north", "ben"]]
    cli("customer", "assign", "one-ltd", "two-ltd", "ben")
    cli("customer", "assign", "three-ltd", "--team", "north")
    owners = json.loads(cli("sql", "SELECT owner FROM customers ORDER BY id", "--format", "json").out)
    assert [row["owner"] for row in owners] == ["ben", "cem", "ben"]
    cli("lead", "disqualify", "--where", "owner = 'cem'", "--reason", "no-need")
    assert {lead: status for lead, (status,) in leads("status").items()} == {
        "Max": "disqualified", "One": "new", "Two": "new", "Three": "disqualified",
    }  # fmt: skip
    assert _commits(git) == before + 8
    assert "name who gets it" in refused("lead", "assign", "one", code=2)
    assert "unknown user" in refused("lead", "assign", "one", "two", "nobody")


def test_nothing_named(refused: Refused) -> None:
    assert "no opportunity is named" in refused("opp", "advance", code=2)
    assert "isn't an assignment" in refused("opp", "set", KEYS[0], KEYS[1])


def test_one_is_as_it_was(cli: Cli, root: Path, git: Git) -> None:
    assert cli("opp", "advance", KEYS[0]).out == f"{KEYS[0]} Deal {KEYS[0]}: advance qualify → demo\n"
    assert "+title: New" in cli("opp", "set", KEYS[0], "title=New", "--dry-run").out


def test_an_activity_and_a_share_of_many_leads_too(cli: Cli, refused: Refused, git: Git) -> None:
    lead = cli("lead", "add", "--name", "Ana Diez", "--format", "ids").id
    before = _commits(git)
    cli(
        "activity", "add", KEYS[0], KEYS[1], lead, "--type", "call", "--subject", "Fair", "--at", "friday 9am"
    )
    assert _commits(git) == before + 1
    assert git("log", "-1", "--format=%s") == "add call to 3 records"
    listed = json.loads(cli("activity", "list", "--open", "--format", "json").out)
    assert {activity["record"] for activity in listed} == {KEYS[0], KEYS[1], lead}
    assert len({activity["id"] for activity in listed}) == 3
    cli("activity", "add", "--where", "id > 'OPP-AAA03'", "--type", "note", "--subject", "Asked")
    assert git("log", "-1", "--format=%s") == "add note to 2 opportunities"
    cli("user", "add", "ben", "--name", "Ben", "--email", "ben@contoso.example")
    cli("opp", "share", KEYS[0], f"Deal {KEYS[1]}", "ben")
    assert _values(cli, "shared_with")[:3] == [["ben"], ["ben"], None]
    cli("opp", "share", "--where", "id < 'OPP-AAA02'", "ben", "--remove")
    assert _values(cli, "shared_with")[:2] == [None, ["ben"]]
    assert "name with whom" in refused("opp", "share", KEYS[0], code=2)
