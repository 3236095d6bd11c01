"""Calls, notes and lines that the file of tonight has in another deal than that of last night."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")

CALLS = "Id,Of,Type,Subject,At\nc1,1,Call,First call,2026-03-02\n"
CALLS += "c2,1,Call,Second call,2026-03-09\nc3,2,Call,Tour,2026-03-10\n"
CALLS_MAP = """\
external_id: Id
columns:
  Of: record
  Type: {to: type, values: {Call: call}}
  Subject: subject
  At: at
"""
LINES = "Id,Of,Item,Price\nl1,1,Panel,10\nl2,2,Anchor,20\n"
LINES_MAP = "external_id: Id\ncolumns: {Of: record, Item: description, Price: unit_price}\n"


def parts(cli: Cli, kind: str, rows: str, *options: str, code: int = 0) -> dict[str, Any]:
    """The report of an import of the calls or the lines of the deals."""
    mapping = write("p.yaml", {"activities": CALLS_MAP, "items": LINES_MAP}[kind])
    arguments = ("import", kind, write("p.csv", rows), "--map", mapping, *options, "--format", "json")
    told: dict[str, Any] = json.loads(cli(*arguments, code=code).out)
    return told


def two_deals(cli: Cli) -> None:
    mapping = write("d.yaml", "external_id: Id\ncolumns: {Title: title}\n")
    cli("import", "opp", write("d.csv", "Id,Title\n1,Press\n2,Saw\n"), "--map", mapping)


def held(root: Path, list_: str) -> dict[str, list[str]]:
    """The external ids of the parts of each deal."""
    return {
        key: [part.get("external_id", "") for part in deal.get(list_, ())]
        for key, deal in deals(root).items()
    }


def test_calls_that_the_file_moves_to_another_deal_leave_the_one_they_were_in(
    cli: Cli, root: Path, git: Git
) -> None:
    two_deals(cli)
    parts(cli, "activities", CALLS)
    cli("activity", "add", str(deals(root)["1"]["id"]), "--type", "note", "--subject", "Ours")
    moved = CALLS.replace("c1,1", "c1,2").replace("c3,2", "c3,1").replace("Second", "Last")
    told = parts(cli, "activities", moved)
    assert [(noted["what"], noted["rows"]) for noted in told["noted"]] == [
        ("moved to another record, as in the file", 2)
    ]
    subjects = {key: [call["subject"] for call in deal["activities"]] for key, deal in deals(root).items()}
    assert subjects == {"1": ["Last call", "Ours", "Tour"], "2": ["First call"]}
    before = state(git)
    assert parts(cli, "activities", moved)["unchanged"] == 3
    assert state(git) == before
    parts(cli, "activities", CALLS)
    assert held(root, "activities")["2"] == ["c3"]


@pytest.mark.parametrize(
    ("keep", "place", "kept"), [("local", "1", 1), ("file", "2", 0), ("conflict", "1", 0)]
)
def test_a_call_that_people_changed_moves_as_keep_says(
    cli: Cli, root: Path, keep: str, place: str, kept: int
) -> None:
    two_deals(cli)
    parts(cli, "activities", CALLS)
    deal, other = (str(deals(root)[key]["id"]) for key in "12")
    cli("opp", "set", deal, "activities.1.notes=Ours")
    rows = CALLS.replace("c1,1", "c1,2")
    told = parts(cli, "activities", rows, "--keep", keep, code=int(keep == "conflict"))
    ours = [call for call in deals(root)[place]["activities"] if call.get("notes") == "Ours"]
    assert [call["external_id"] for call in ours] == ["c1"]
    assert sum(map(len, held(root, "activities").values())) == 3
    assert [tally["rows"] for tally in told["kept"]] == [1] * kept
    outcomes = "made", "updated", "unchanged", "merged", "skipped", "rejected"
    assert sum(told[name] for name in outcomes) == told["rows"]
    if keep == "conflict":
        assert told["reasons"][0]["reason"].startswith(
            f"{deal} has the activity c1, and the file has it in {other}: remove it there"
        )


def test_a_call_whose_row_is_rejected_stays_and_one_that_people_moved_stays_with_them(
    cli: Cli, root: Path
) -> None:
    two_deals(cli)
    parts(cli, "activities", CALLS)
    parts(cli, "activities", CALLS.replace("c1,1", "c1,2").replace("03-02", "03-99"), code=1)
    assert held(root, "activities") == {"1": ["c1", "c2"], "2": ["c3"]}
    one, two = (deals(root)[key] for key in "12")
    cli("activity", "cancel", one["activities"][0]["id"])
    cli("activity", "add", two["id"], "--type", "call", "--subject", "First call", "--at", "2026-03-02")
    cli("opp", "set", two["id"], "activities.2.external_id=c1")
    told = parts(cli, "activities", CALLS, "--keep", "file")
    assert (told["noted"], told["unchanged"]) == ([], 3)
    assert held(root, "activities") == {"1": ["c2"], "2": ["c3", "c1"]}


def test_a_line_that_may_have_moved_is_rejected_with_both_deals_and_the_number_of_a_line_isnt(
    cli: Cli, root: Path
) -> None:
    two_deals(cli)
    parts(cli, "items", LINES)
    told = parts(cli, "items", LINES.replace("l1,1", "l1,2"), code=1)
    one, two = (deals(root)[key]["id"] for key in "12")
    assert told["reasons"][0]["reason"] == (
        f"{one} has the item l1, and the file has it in {two}: remove it there if it moved; "
        "if each record numbers its own, the external_id must name the record, too"
    )
    assert held(root, "items") == {"1": ["l1"], "2": ["l2"]}
    parts(cli, "items", LINES.replace("l1,1", "l1,2,Panel,10\nl1,1"))
    assert held(root, "items") == {"1": ["l1"], "2": ["l2", "l1"]}


def test_a_line_that_may_have_moved_is_one_though_a_quotation_and_an_invoice_have_it_too(
    cli: Cli, root: Path, git: Git
) -> None:
    two_deals(cli)
    parts(cli, "items", LINES)
    one, two = (deals(root)[key]["id"] for key in "12")
    cli("customer", "add", "Acme")
    cli("opp", "set", one, "customer=acme")
    quotation = cli("quote", "new", one).out.split()[0]
    told = parts(cli, "items", LINES.replace("l1,1", "l1,2"), code=1)
    assert told["reasons"][0]["reason"].startswith(f"{one} has the item l1, and the file has it in {two}")
    assert held(root, "items") == {"1": ["l1"], "2": ["l2"]}

    cli("quote", "send", quotation)
    cli("opp", "won", one, "--quotation", quotation)
    cli("invoice", "new", cli("order", "list", "--format", "ids").out.strip())
    for file in [*root.glob("o*/**/*.yaml"), *root.glob("quotations/**/*.yaml")]:
        file.write_text(file.read_text().replace("external_id: l1\n", "external_id: l9\n"))
    git("commit", "-qam", "by hand")
    assert parts(cli, "items", LINES.replace("l1,1", "l1,2"))["made"] == 1


def test_another_call_with_the_same_id_comes_beside_and_is_worth_a_look(cli: Cli, root: Path) -> None:
    two_deals(cli)
    parts(cli, "activities", CALLS)
    told = parts(cli, "activities", "Id,Of,Type,Subject,At\nc1,2,Call,Another,2026-04-01\n")
    assert [noted["what"] for noted in told["noted"]] == [
        "with an external_id that something else in another record has"
    ]
    assert held(root, "activities") == {"1": ["c1", "c2"], "2": ["c3", "c1"]}


@pytest.mark.parametrize("head", ['external_id: "call {Id}"\ncolumns:\n', "columns:\n  Id: external_id\n"])
def test_a_call_whose_id_is_a_template_or_a_field_of_a_column_moves_too(
    cli: Cli, root: Path, head: str
) -> None:
    two_deals(cli)
    mapping = CALLS_MAP.replace("external_id: Id\ncolumns:\n", head)
    for rows in (CALLS, CALLS.replace("c1,1", "c1,2")):
        cli("import", "activities", write("p.csv", rows), "--map", write("p.yaml", mapping))
    counts = {key: len(deal["activities"]) for key, deal in deals(root).items()}
    assert counts == {"1": 1, "2": 2}


@pytest.mark.parametrize("keep", ["local", "file", "conflict"])
def test_a_call_that_people_cancelled_comes_back_in_another_deal_only_if_keep_says_so(
    cli: Cli, root: Path, git: Git, keep: str
) -> None:
    two_deals(cli)
    parts(cli, "activities", CALLS)
    cli("activity", "cancel", deals(root)["1"]["activities"][0]["id"])  # type: ignore[index]
    moved = CALLS.replace("c1,1", "c1,2") + "c4,2,Call,New call,2026-03-11\n"
    for _ in range(2):
        told = parts(cli, "activities", moved, "--keep", keep, code=int(keep == "conflict"))
        assert held(root, "activities") == {"1": ["c2"], "2": ["c3", *["c1"] * (keep == "file"), "c4"]}
        what = [(kept["field"], kept["rows"]) for kept in told["kept"]]
        assert what == [("the removal of activities", 1)] * (keep == "local")
    outcomes = "made", "updated", "unchanged", "merged", "skipped", "rejected"
    assert sum(told[name] for name in outcomes) == told["rows"]
    before = state(git)
    parts(cli, "activities", CALLS, "--keep", keep)
    if keep != "file":
        assert state(git) == before


def test_a_number_that_each_deal_gives_its_calls_is_no_call_that_people_cancelled(
    cli: Cli, root: Path
) -> None:
    two_deals(cli)
    head, call = CALLS.splitlines()[:2]
    parts(cli, "activities", f"{head}\n{call}\n")
    cli("activity", "cancel", deals(root)["1"]["activities"][0]["id"])  # type: ignore[index]
    parts(cli, "activities", f"{head}\n{call}\n{call.replace('c1,1', 'c1,2')}\n")
    assert held(root, "activities") == {"1": [], "2": ["c1"]}
