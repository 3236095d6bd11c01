"""sync: what both sides changed otherwise, and the ways out of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import DEAL, copied
from tests.syncing import GRINDERS, MACHINES, Clone

CUSTOMER = "customers/zeta.yaml"


class Waiting(NamedTuple):
    """A sync of Ana's that waits for her: where, what it said, and how her clone was before it."""

    folder: Path
    said: subprocess.CompletedProcess[str]
    before: tuple[str, str, dict[str, bytes]]


@pytest.fixture(scope="module")
def begun(clones: Path, warm: Path, tmp_path_factory: pytest.TempPathFactory) -> Waiting:
    """Three records and a text in Ana's clone are not as Luis has shared them, and she has called sync."""
    folder = copied(clones, tmp_path_factory.mktemp("waiting") / "clones")
    with pytest.MonkeyPatch.context() as patch:
        luis, ana = Clone(folder / "luis"), Clone(folder / "ana")
        luis.change(MACHINES, "4998.00", "6000.00")
        luis.remove(GRINDERS)
        luis.write(CUSTOMER, "id: zeta\nname: زتا\nwebsite: zeta.example\n")
        luis.write("plan.txt", "theirs\n")
        luis.write("templates/only-theirs.txt", "new\n")
        luis.git("push", "-q")
        ana.change(MACHINES, "4998.00\nexpected_close: 2026-12-15", "5500.00\nexpected_close: 2027-01-10")
        ana.change(GRINDERS, "stage: qualify", "stage: demo")
        ana.write(CUSTOMER, "id: zeta\nname: زتا\nwebsite: other.example\n")
        ana.write("plan.txt", "ours\n")
        before = ana.state()
        patch.setenv("COLUMNS", "80")
        command = [str(warm / "pipecli"), "-C", str(ana.path), "sync"]
        said = subprocess.run(command, capture_output=True, text=True)
    return Waiting(folder, said, before)


@pytest.fixture
def folder(begun: Waiting, tmp_path: Path) -> Path:
    return copied(begun.folder, tmp_path / "clones")


def test_a_conflict_is_told_with_both_values_and_whose_they_are(
    begun: Waiting, ana: Clone, luis: Clone
) -> None:
    mine = ana.git("log", "--reverse", "--format=%h", "--abbrev=7", "-4").split()
    others = luis.git("log", "--reverse", "--format=%h", "--abbrev=7", "-5").split()
    told = f"""\
\u2068zeta  زتا\u2069
  {CUSTOMER}
    website: ours other.example, theirs zeta.example
      ours by Ana Ruiz ({mine[2]}), theirs by Luis Gil ({others[2]})
OPP-2Q8XA  Espresso machines
  {MACHINES}
    amount: ours 5,500.00, theirs 6,000.00
      ours by Ana Ruiz ({mine[0]}), theirs by Luis Gil ({others[0]})
OPP-7K3M9  Grinders
  {GRINDERS}
    removed in theirs, changed in ours: stage: qualify → demo
      ours by Ana Ruiz ({mine[1]}), theirs by Luis Gil ({others[1]})
plan.txt
    Merge conflict in plan.txt
      ours by Ana Ruiz ({mine[3]}), theirs by Luis Gil ({others[3]})
"""
    assert (begun.said.returncode, begun.said.stdout) == (1, told)
    assert begun.said.stderr.startswith(
        "error: 4 conflicts in 3 records and 1 other file; edit the marked fields and "
    )
    marked = ana.read(MACHINES)
    assert "<<<<<<< ours\namount: 5500.00\n=======\namount: 6000.00\n>>>>>>> theirs\n" in marked
    assert "expected_close: 2027-01-10\n" in marked  # what fits is there


def test_a_conflict_in_json(begun: Waiting, ana: Clone) -> None:
    ana.status()  # git knows the copied files again
    ana.git("merge", "--abort")
    preview = json.loads(ana.sync("--dry-run", "--format", "json").out)
    assert ana.state() == begun.before
    said = json.loads(ana.sync("--format", "json", code=1).out)
    assert said["conflicts"] == preview["conflicts"] == 4
    assert said["disputes"] == preview["disputes"]
    (amount,) = [each for each in said["disputes"] if each["field"] == "amount"]
    assert (amount["id"], amount["title"], amount["file"]) == ("OPP-2Q8XA", "Espresso machines", MACHINES)
    assert (amount["ours"], amount["theirs"]) == ("5,500.00", "6,000.00")
    assert (amount["ours_by"]["name"], amount["theirs_by"]["name"]) == ("Ana Ruiz", "Luis Gil")


def test_a_conflict_in_other_formats(begun: Waiting, ana: Clone) -> None:
    assert ana.sync("--abort", "--format", "ids").out == f"{begun.before[0]}\n"
    rows = ana.sync("--format", "csv", code=1).out.splitlines()
    assert rows[0] == "file,noun,id,title,field,ours,theirs,words"
    assert [row.split(",")[2] for row in rows[1:]] == ["zeta", "OPP-2Q8XA", "OPP-7K3M9", ""]
    left = ana.sync("--ours", "OPP-2Q8XA", "--format", "ids").out
    assert left.splitlines() == [CUSTOMER, GRINDERS, "plan.txt"]


def test_abort_brings_back_every_byte(begun: Waiting, ana: Clone) -> None:
    ana.change(MACHINES, "title: Espresso machines", "title: Half done", commit=False)
    ana.change(GRINDERS, "stage: demo", "stage: propose", commit=False)
    ana.git("add", MACHINES)
    (ana.path / CUSTOMER).unlink()
    ended = subprocess.Popen(["true"])  # a `sync --theirs` that was killed while it wrote a file
    ended.wait()
    ana.write(f"{Path(MACHINES).parent}/.{Path(MACHINES).name}.{ended.pid}.tmp", "id", commit=False)
    ana.write("own.txt", "not for git", commit=False)
    ana.sync("--abort")
    (ana.path / "own.txt").unlink()
    assert ana.state() == begun.before
    assert not (ana.path / ".git/MERGE_HEAD").exists()
    assert "no sync is waiting" in ana.refused("--abort")


def test_ours_and_theirs_settle_what_is_open(ana: Clone, luis: Clone) -> None:
    own, shared = ana.git("rev-parse", "HEAD"), luis.git("rev-parse", "HEAD")
    said = ana.sync("--theirs", "2q8", "plan.txt")
    assert said.out == f"settled; still in conflict: {CUSTOMER}, {GRINDERS}\n"
    assert "amount: 6000.00\nexpected_close: 2027-01-10\n" in ana.read(MACHINES)
    assert ana.sync("--ours").out == (
        "synced with origin/main: 5 commits came, 5 commits went; merged: zeta, OPP-2Q8XA, OPP-7K3M9\n"
    )
    assert ana.read("plan.txt") == "theirs\n"
    assert "other.example" in ana.read(CUSTOMER)
    assert "stage: demo" in ana.read(GRINDERS)
    assert ana.git("rev-list", "--parents", "-1", "HEAD").split()[1:] == [shared, own]
    luis.sync()
    assert luis.state() == ana.state()
    assert luis.status() == ""


def test_theirs_removes_what_they_removed(ana: Clone, luis: Clone) -> None:
    ana.sync("--theirs")
    assert not (ana.path / GRINDERS).exists()
    luis.sync()
    assert luis.state() == ana.state()
    luis.remove("pipecli.yaml")
    luis.git("push", "-q")
    assert "pipecli.yaml was removed or moved in origin/main" in ana.refused()
    ana.change("pipecli.yaml", "name: Contoso", "name: Fabrikam")
    ana.sync(code=1)
    assert "pipecli.yaml would be gone, and with it the pipeline" in ana.refused("--theirs")
    assert "Fabrikam" in ana.read("pipecli.yaml")


def test_continue_takes_the_files_as_a_person_left_them(ana: Clone, luis: Clone) -> None:
    error = ana.sync("--continue", code=1).err
    assert f"{CUSTOMER}:3: both values are still there" in error
    ana.write(CUSTOMER, "id: zeta\nname: زتا\nwebsite: new.example\n", commit=False)
    ana.write("plan.txt", "both\n", commit=False)
    text = ana.read(MACHINES)
    begin, end = text.index("<<<<<<<"), text.index("expected_close")
    ana.write(MACHINES, text[:begin] + "amount: oops\n" + text[end:], commit=False)
    assert f"{GRINDERS}: one side removed it" in ana.sync("--continue", code=1).err
    ana.git("add", GRINDERS)
    said = ana.sync("--continue", code=1)
    assert f"{MACHINES}:11:" in said.out and "1 error would be new" in said.err
    ana.cli("opp", "show", "OPP-2Q8XA", code=1)
    ana.change(MACHINES, "amount: oops", "amount: 5750.00", commit=False)
    ana.write("notes.txt", "own\n", commit=False)
    ana.sync("--continue")
    assert "amount: 5750.00" in ana.read(MACHINES)
    luis.sync()
    assert luis.git("rev-parse", "HEAD") == ana.git("rev-parse", "HEAD")
    assert ana.status() == "?? notes.txt"


def test_what_is_no_text_is_never_taken_as_it_lies_there(ana: Clone, luis: Clone) -> None:
    """--continue took ours without a word, and of a file of 5 MB --theirs, too."""
    ana.sync("--abort")
    for clone, one in ((ana, "ours"), (luis, "theirs")):
        (clone.path / "latest").symlink_to(one)
        (clone.path / "logo.png").write_bytes(b"\0" * (5 << 20) + one.encode())
        clone.git("add", "latest", "logo.png")
        clone.git("commit", "-qm", "no text")
    luis.git("push", "-q")
    ana.sync(code=1)
    ana.sync("--ours", MACHINES, GRINDERS, CUSTOMER, "plan.txt")
    told = ana.sync("--continue", code=1).err
    assert "latest, logo.png: one side removed it, or it isn't text, and only one side can be" in told
    assert ana.sync("--ours", "latest").out == "settled; still in conflict: logo.png\n"
    ana.sync("--theirs")
    assert (ana.path / "logo.png").read_bytes().endswith(b"theirs")
    assert (ana.path / "latest").readlink().name == "ours"


def test_a_field_can_be_set_once_its_file_is_settled(ana: Clone) -> None:
    ana.sync("--ours", "OPP-2Q8XA")
    ana.cli("opp", "set", "OPP-2Q8XA", "amount=5750", "--no-commit")
    ana.sync("--theirs")
    assert "amount: 5750" in ana.read(MACHINES)
    assert ana.status() == ""


def test_what_no_longer_fits_the_side_that_was_taken_is_told(ana: Clone, luis: Clone) -> None:
    """One won a deal and the other lost it: the quotation that was accepted comes along."""
    ana.sync("--theirs")
    luis.sync()
    won = "status: won\nclosed: {date: 2026-11-10, amount: 5}"
    luis.change(MACHINES, "status: open", won)
    terms = "opportunity: OPP-2Q8XA\ndate: 2026-11-01\nstatus: accepted\ncurrency: EUR\n"
    items = "items:\n- {description: Mill, unit_price: 5}\n"
    paper = f"id: QTN-AAAAA\ncreated: 2026-11-01T10:00:00+01:00\ncustomer: zeta\n{terms}{items}"
    luis.write("quotations/2026/11/QTN-AAAAA-zeta.yaml", paper)
    luis.sync()
    ana.change(MACHINES, "status: open", "status: lost\nclosed: {date: 2026-11-10, reasons: [price]}")
    ana.sync(code=1)
    said = ana.sync("--ours")
    assert "warning: QTN-AAAAA is accepted although OPP-2Q8XA is lost (accepted-quotation)" in said.err


def test_what_is_changed_beside_it_is_not_slipped_in(ana: Clone) -> None:
    ana.write("opportunities/2026/OPP-AAAAA-x.yaml", DEAL.format(id="OPP-AAAAA", title="X"), commit=False)
    before = ana.state()
    error = ana.sync("--ours", code=1).err
    assert "opportunities/2026/OPP-AAAAA-x.yaml: changed while the sync was waiting" in error
    assert ana.git("rev-parse", "HEAD") == before[0]


def test_a_waiting_sync_is_said_by_what_comes_next(ana: Clone) -> None:
    assert "a sync with origin/main waits for you" in ana.refused()
    assert "is not in conflict" in ana.refused("--ours", "OPP-NNNNN")
    assert '"opp" is 2 of them' in ana.refused("--ours", "opp")
    said = ana.cli("opp", "set", "OPP-7K3M9", "amount=1", code=1)
    assert "a merge is in progress; finish it with `pipecli sync --continue`" in said.err


def test_git_may_end_it_too(ana: Clone, luis: Clone) -> None:
    ana.git("checkout", "--theirs", MACHINES, CUSTOMER, "plan.txt")
    ana.git("add", ".")
    ana.git("commit", "-q", "--no-edit")
    assert ana.sync().out == "synced with origin/main: 5 commits went\n"
    luis.sync()
    assert luis.git("rev-parse", "HEAD^{tree}") == ana.git("rev-parse", "HEAD^{tree}")


def test_what_is_not_committed_beside_it_is_not_overwritten(ana: Clone, luis: Clone) -> None:
    ana.sync("--abort")
    ana.write("templates/only-theirs.txt", "my own\n", commit=False)
    before = ana.state()
    error = ana.sync(code=1).err
    assert ana.state() == before
    assert "templates/only-theirs.txt" in error and "nothing is changed" in error


def test_a_deal_that_one_moved_and_the_other_changed(ana: Clone, luis: Clone) -> None:
    ana.sync("--ours")
    luis.sync()
    moved = MACHINES.replace("2026/", "2025/")
    (luis.path / "opportunities/2025").mkdir()
    luis.git("mv", MACHINES, moved)
    luis.git("commit", "-q", "-m", "move")
    luis.sync()
    ana.change(MACHINES, "stage: qualify", "stage: demo")
    ana.sync()
    assert "stage: demo" in ana.read(moved) and not (ana.path / MACHINES).exists()


def test_ctrl_c_tells_what_is_left_of_a_sync_that_waits(begun: Waiting, ana: Clone) -> None:
    """The signal comes from a hook: while the lists of git are written, and as the merge waits already."""

    def hook(name: str, text: str) -> None:
        (file := ana.path / ".git/hooks" / name).write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    hook("post-index-change", f"kill -INT {os.getpid()}; rm $0")
    half = "the sync may be undone in part; the same command again does the rest"
    assert ana.cli("sync", "--abort", code=130).err == f"error: interrupted; {half}\n"
    ana.sync("--abort")
    assert ana.state() == begun.before

    hook(
        "reference-transaction", f"test $1 = committed && grep -q remotes && kill -INT {os.getpid()}; exit 0"
    )
    assert ana.cli("sync", code=130).err.startswith("error: interrupted; the sync waits for you: edit the ")
    assert "a sync with origin/main waits for you" in ana.refused()
