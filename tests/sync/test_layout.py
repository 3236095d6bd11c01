"""Documents move from the folders of years to those of months: history, review and old clones follow."""

from __future__ import annotations

import json
import shutil

import pytest

from pipecli.store.location import find_location
from pipecli.sync.doctor import documents_by_year
from tests.syncing import GRINDERS, MACHINES, Clone

NEW_MACHINES = MACHINES.replace("2026/", "2026/11/")
NEW_GRINDERS = GRINDERS.replace("2026/", "2026/11/")


def _moved(clone: Clone) -> None:
    said = clone.cli("doctor", "--fix", "--format", "json")
    (layout,) = [look for look in json.loads(said.out) if look["name"] == "layout"]
    assert layout["state"] == "fixed", layout
    assert clone.status() == ""


def test_a_clone_of_the_old_layout_merges_with_a_moved_one(ana: Clone, luis: Clone) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.cli("opp", "set", "OPP-7K3M9", "title=Two grinders")
    new = luis.cli("opp", "add", "Mugs", "--amount", "10", "--format", "ids").out.strip()
    luis.write(
        "opportunities/2026/OPP-01D00-by-year.yaml", luis.read(GRINDERS).replace("OPP-7K3M9", "OPP-01D00")
    )
    ana.cli("opp", "set", "OPP-2Q8XA", "expected_close=2027-01-10")
    before = ana.cli("forecast", "--format", "json").out
    _moved(ana)
    assert ana.cli("forecast", "--format", "json").out == before
    luis.sync()
    ana.sync()
    luis.sync()
    assert ana.state() == luis.state() and ana.status() == ""
    assert not (ana.path / MACHINES).exists()
    text = ana.read(NEW_MACHINES)
    assert "amount: 5200.00\n" in text and "2027-01-10" in text
    assert text.startswith("# yaml-language-server: $schema=../../../schemas/opportunity.schema.json\n")
    assert "Two grinders" in ana.read(NEW_GRINDERS)
    assert json.loads(ana.cli("opp", "show", new, "--format", "json").out)["title"] == "Mugs"
    _moved(ana)  # what came by year since then
    assert ana.cli("check", "--base", "HEAD~1").err.startswith("ok")


@pytest.mark.parametrize("first", ["the moved one", "the old one"])
def test_what_an_old_clone_removed_is_gone_from_a_moved_one(ana: Clone, luis: Clone, first: str) -> None:
    luis.cli("opp", "remove", "OPP-7K3M9")
    luis.cli("opp", "set", "OPP-2Q8XA", "amount=1")
    _moved(ana)
    for clone in (ana, luis, ana) if first == "the moved one" else (luis, ana, luis):
        clone.sync()
    assert ana.state() == luis.state() and luis.status() == ana.status() == ""
    for file in (GRINDERS, NEW_GRINDERS):
        assert not (ana.path / file).exists()
    assert "amount: 1\n" in ana.read(NEW_MACHINES)


def test_a_record_moved_and_changed_that_another_removed_is_left_to_a_person(ana: Clone, luis: Clone) -> None:
    luis.cli("opp", "remove", "OPP-7K3M9")
    luis.sync()
    _moved(ana)
    ana.cli("opp", "set", "OPP-7K3M9", "title=Two grinders")
    assert "OPP-7K3M9" in ana.cli("sync", code=1).out


def test_a_move_is_no_change_to_what_is_told_of_the_past(ana: Clone) -> None:
    ana.cli("opp", "set", "OPP-2Q8XA", "amount=6000")
    ana.cli("opp", "advance", "OPP-2Q8XA", "--force")
    asked = [("report", "velocity"), ("forecast", "--as-of", "HEAD"), ("changes", "--since", "2020-01-01")]

    def told() -> list[dict[str, object]]:
        answers = [json.loads(ana.cli(*words, "--format", "json").out) for words in asked]
        commits = {"commit", "as_of", "until"}
        return [{key: value for key, value in answer.items() if key not in commits} for answer in answers]

    before = told()
    entries = json.loads(ana.cli("history", "OPP-2Q8XA", "--format", "json").out)
    _moved(ana)
    assert told() == before
    assert json.loads(ana.cli("history", "OPP-2Q8XA", "--format", "json").out)[1:] == entries
    said = json.loads(ana.cli("diff", "HEAD~1..HEAD", "--format", "json").out)
    assert said["records"] == [] and said["findings"] == []
    (ana.path / "orders").symlink_to(ana.path / "customers")  # no records of ours: nothing there is read
    (ana.path / "customers/2026").mkdir(parents=True)
    (ana.path / "customers/2026/ORD-A1111.yaml").touch()
    assert [*documents_by_year(find_location(ana.path))] == []
    shutil.rmtree(ana.path / "customers/2026")
    (ana.path / "orders").unlink()
    assert "2 files only moved to another folder" in ana.cli("diff", "HEAD~1..HEAD").out
    assert "only moved" not in ana.cli("diff", "HEAD~2..HEAD~1").out
    ana.cli("check", "--base", "HEAD~1")
    ana.cli("undo", "HEAD~1")  # of what was done before the move
    assert "stage: qualify" in ana.read(NEW_MACHINES)
    (changed,) = json.loads(ana.cli("diff", "HEAD~2..HEAD", "--format", "json").out)["records"]
    assert changed["id"] == "OPP-2Q8XA"  # which was moved, too
