"""sync: what clones of one pipeline have after it, when everything fits together."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipecli.records.base import Record
from pipecli.records.kinds import Kind
from pipecli.store.pipeline import Pipeline
from pipecli.store.validate_record import parse_record
from pipecli.sync import sync
from tests.conftest import DEAL
from tests.records_given import lead_text
from tests.syncing import GRINDERS, MACHINES, Clone


def test_papers_that_do_not_fit_together_are_told_as_they_meet(ana: Clone, luis: Clone) -> None:
    """Each made the order of one quotation: two sound sides, and the customer would get it twice."""
    head = "created: 2026-11-01T10:00:00+01:00\nopportunity: OPP-2Q8XA\ndate: 2026-11-01\ncurrency: EUR\n"
    tail = "items:\n- {description: Mill, unit_price: 5}\n"
    quote = f"id: QTN-AAAAA\n{head}status: accepted\ncustomer: acme\n{tail}"
    luis.write("customers/acme.yaml", "id: acme\nname: Acme\n")
    luis.write("quotations/2026/11/QTN-AAAAA-acme.yaml", quote)
    luis.sync()
    ana.sync()
    for clone, key in ((luis, "ORD-AAAAA"), (ana, "ORD-BBBBB")):
        order = f"id: {key}\n{head}quotation: QTN-AAAAA\ncustomer: acme\n{tail}"
        clone.write(f"orders/2026/11/{key}-acme.yaml", order)
    assert "warning" not in luis.sync().err
    said = ana.sync("--format", "json")
    told = "quotation: ORD-{} is not the only order of QTN-AAAAA; cancel one: pipecli order cancel ORD-{}"
    words = [each["message"] for each in json.loads(said.out)["warnings"]]
    assert words == [told.format(key, key) for key in ("AAAAA", "BBBBB")]
    assert said.err.count("(ordered-twice)") == 2
    luis.sync()


def test_different_fields_of_one_deal_come_together(ana: Clone, luis: Clone) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    shared, own = luis.git("rev-parse", "HEAD"), ana.git("rev-parse", "HEAD")
    said = json.loads(ana.sync("--format", "json").out)
    counts = {"pulled": 1, "pushed": 2, "merged": 1, "tries": 1, "conflicts": 0}
    counts |= {"records": ["OPP-2Q8XA"], "proposals": [], "warnings": []}
    assert said == {"remote": "origin", "branch": "main", "commit": ana.git("rev-parse", "HEAD")} | counts
    luis.sync()
    assert ana.state() == luis.state()
    assert ana.status() == ""
    assert "amount: 5200.00\n" in ana.read(MACHINES) and "expected_close: 2027-01-10\n" in ana.read(MACHINES)
    # The first parent is what everybody had: --as-of follows it.
    assert ana.git("rev-list", "--parents", "-1", "HEAD").split()[1:] == [shared, own]
    assert "Pipecli-Record: OPP-2Q8XA" in ana.git("log", "-1", "--format=%B")


def test_a_pipeline_in_a_folder_with_a_line_break_in_its_name(ana: Clone, luis: Clone, folder: Path) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    odd = Clone(ana.path.rename(folder / 'a "new\nfolder\\'), ana.capsys)
    odd.sync()
    assert "amount: 5200.00\n" in odd.read(MACHINES) and "expected_close: 2027-01-10\n" in odd.read(MACHINES)


def test_what_only_one_side_did_makes_no_merge(ana: Clone, luis: Clone) -> None:
    assert "nothing to do" in ana.sync().out
    ana.change(MACHINES, "4998.00", "5200.00")
    head = ana.git("rev-parse", "HEAD")
    assert ana.sync().out == "synced with origin/main: 1 commit went\n"
    assert luis.sync().out == "synced with origin/main: 1 commit came\n"
    assert luis.git("rev-parse", "HEAD") == head == ana.git("rev-parse", "origin/main")
    assert "index       as the files are" in luis.cli("doctor").out


def test_a_fresh_clone_learns_to_merge_records(luis: Clone) -> None:
    assert "merge.pipecli" not in luis.git("config", "--list")
    luis.sync()
    assert "merge.pipecli.driver" in luis.git("config", "--list")


def test_a_new_branch_is_pushed_and_followed(ana: Clone, remote: Clone) -> None:
    ana.git("switch", "-q", "-c", "q4/plan")
    ana.change(MACHINES, "4998.00", "5200.00")
    assert "1 commit would go to origin/q4/plan" in ana.sync("--dry-run").out
    assert ana.sync().out == "synced with origin/q4/plan: 1 commit went\n"
    assert remote.git("rev-parse", "q4/plan") == ana.git("rev-parse", "HEAD")
    assert ana.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/q4/plan"


def test_an_empty_remote_gets_everything(ana: Clone, folder: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", folder / "empty.git"], check=True)
    ana.git("remote", "remove", "origin")
    ana.git("remote", "add", "shared", "../empty.git")
    assert ana.sync().out == "synced with shared/main: 2 commits went\n"
    assert Clone(folder / "empty.git").git("rev-parse", "main") == ana.git("rev-parse", "HEAD")


def test_other_files_merge_as_git_merges_them(ana: Clone, luis: Clone) -> None:
    ana.write("notes.txt", "".join(f"{number}\n" for number in range(9)))
    ana.sync()
    luis.sync()
    luis.change("notes.txt", "0\n", "zero\n")
    luis.sync()
    ana.change("notes.txt", "8\n", "eight\n")
    ana.write("own.txt", "not for git", commit=False)
    ana.sync()
    assert ana.read("notes.txt").split() == ["zero", *"1234567", "eight"]
    assert ana.status() == "?? own.txt"


def test_a_pipeline_in_a_folder_of_a_larger_repository(ana: Clone, luis: Clone) -> None:
    (ana.path / "sales").mkdir()
    ana.git("mv", "pipecli.yaml", "opportunities", "schemas", "sales")
    ana.git("rm", "-q", ".gitattributes")
    ana.git("commit", "-q", "-m", "into sales/")
    ana.git("push", "-q")
    luis.git("pull", "-q")
    sales = [Clone(clone.path / "sales", clone.capsys) for clone in (ana, luis)]
    luis.write("readme", "theirs\n")
    sales[1].change(MACHINES, "4998.00", "5200.00")
    sales[1].sync()
    sales[0].change(MACHINES, "2026-12-15", "2027-01-10")
    assert json.loads(sales[0].sync("--format", "json").out)["records"] == ["OPP-2Q8XA"]
    ana.write("readme", "theirs\nours\n")
    luis.write("readme", "theirs\nmore\n")
    sales[0].sync()
    said = sales[1].sync(code=1)
    assert said.out.startswith("readme\n") and "in 1 other file;" in said.err
    sales[1].sync("--theirs")
    assert luis.read("readme") == "theirs\nours\n"
    assert luis.state() != ana.state()
    sales[0].sync()
    assert luis.state() == ana.state()


def test_what_came_is_read_once_and_known(ana: Clone, luis: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check has read of the merge is taken into the index: new, changed and removed records."""
    text = luis.read(MACHINES).replace("4998.00", "5200.00")
    text += "items:\n- description: Machine\n  quantity: 2\n  unit_price: 900\n"
    text += "activities:\n- id: ABCDE\n  type: call\n  at: 2026-11-21T10:00:00+01:00\n  subject: Hi\n"
    luis.write(MACHINES, text)
    luis.write(MILLS, DEAL.format(id="OPP-3QQQQ", title="Mills"))
    luis.remove(GRINDERS)
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    ana.cli("today")
    read = list[str]()

    def counted(kind: Kind, file: str, text: str) -> Record:
        read.append(file)
        return parse_record(kind, file, text)

    monkeypatch.setattr(counted, "__wrapped__", counted, raising=False)  # which the index asks, of no cache
    monkeypatch.setattr("pipecli.store.validate_record.parse_record", counted)
    ana.sync()
    assert (read.count(MILLS), GRINDERS in read) == (1, False)
    known = rows_of_index(ana)
    next(ana.path.glob(".git/pipecli/**/index.sqlite")).unlink()
    assert known == rows_of_index(ana)
    assert [row[0] for row in known["_opportunities"]] == [MILLS, MACHINES]
    assert len(known["activities"]) == len(known["items"]) == 1


MILLS = "opportunities/2026/11/OPP-3QQQQ-mills.yaml"


def rows_of_index(clone: Clone) -> dict[str, list[tuple[object, ...]]]:
    query = Pipeline.find(clone.path).index.connection.execute
    named = ("_records", "_faults", "_opportunities", "items", "activities", "stakeholders")
    return {table: sorted(query(f"SELECT * FROM {table}").fetchall()) for table in named}


def test_an_edit_on_top_of_what_came_is_known(ana: Clone, luis: Clone) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(GRINDERS, "2026-12-15", "2027-01-10")
    ana.hook("post-merge", f"sed -i s/5200.00/5300.00/ {MACHINES}; sleep 0.1")  # no doubt is left of it
    ana.sync()
    assert json.loads(ana.cli("opp", "show", "OPP-2Q8XA", "--format", "json").out)["amount"] == 5300


def test_dry_run_tells_what_would_come_and_go(ana: Clone, luis: Clone) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    before = ana.state()
    assert ana.sync("--dry-run").out == (
        "1 commit would come from origin/main, with 1 record\n"
        "  OPP-2Q8XA  Espresso machines\n"
        "    amount: 4,998.00 → 5,200.00\n"
        "1 commit would go to origin/main, with 1 record\n"
        "  OPP-2Q8XA  Espresso machines\n"
        "    expected_close: 2026-12-15 → 2027-01-10\n"
        "merged field by field: OPP-2Q8XA\n"
    )
    said = json.loads(ana.sync("--dry-run", "--format", "json").out)
    assert (said["pulled"], said["pushed"], said["merged"], said["conflicts"]) == (1, 1, 1, 0)
    assert [each["id"] for each in said["coming"]] == ["OPP-2Q8XA"]
    assert ana.state() == before


def test_who_was_slower_tries_again(ana: Clone, luis: Clone) -> None:
    """Luis pushes while Ana's push is on its way: her hook lets him."""
    luis.change(MACHINES, "4998.00", "5200.00")
    ana.hook("pre-push", "git -C ../luis push -q 2>/dev/null; exit 0")
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    said = json.loads(ana.sync("--format", "json").out)
    assert (said["tries"], said["pulled"], said["pushed"]) == (2, 1, 2)
    assert "amount: 5200.00\n" in ana.read(MACHINES) and "expected_close: 2027-01-10\n" in ana.read(MACHINES)


def test_a_commit_made_meanwhile_is_not_lost(ana: Clone, luis: Clone) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    once = "test -e .git/once || { touch .git/once; git commit -q --allow-empty -m meanwhile; }"
    ana.hook("pre-push", once)
    ana.sync()
    assert "meanwhile" in ana.git("log", "--format=%s")
    assert ana.git("rev-parse", "origin/main") == ana.git("rev-parse", "HEAD")
    assert ana.status() == ""


SSH = """\
#!/bin/sh
# What ssh does, without the network: the last argument is the command that runs there.
for command; do :; done
exec sh -c "$command"
"""


def test_over_ssh(ana: Clone, luis: Clone, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = folder / "ssh"
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    for clone in (ana, luis):
        clone.git("remote", "set-url", "origin", f"sales@crm.example:{folder}/remote.git")
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.sync()
    luis.sync()
    assert ana.state() == luis.state()


def test_four_people_change_the_same_deals_at_once(ana: Clone, folder: Path) -> None:
    """Each of four makes 5 commits to the same 3 deals and syncs: all 20 are there in the end.

    `benchmarks/sync` has the full load: 50 commits each to 20 deals, by programs of their own.
    """
    deals = [f"opportunities/2026/OPP-{number:05}-deal.yaml" for number in range(3)]
    for number, file in enumerate(deals):
        ana.write(file, DEAL.format(id=f"OPP-{number:05}", title="Deal") + "activities:\n", commit=False)
        ana.change(
            file, "activities:\n", "tags:\n- all\nactivities:\n" + _call(f"B{number:03}X"), commit=False
        )
    ana.git("add", ".")
    ana.git("commit", "-q", "-m", "three deals")
    ana.git("push", "-q")
    people = []
    for name in ("eva", "ines", "joan", "nuria"):
        subprocess.run(["git", "clone", "-q", "remote.git", name], cwd=folder, check=True)
        people.append(Clone(folder / name))

    def work(person: int) -> None:
        clone = people[person]
        for number in range(5):
            file = deals[(number * 3 + person) % len(deals)]
            clone.write(file, clone.read(file) + _call(_key(person, number)), commit=False)
            clone.git("commit", "-q", "-a", "-m", f"call {number}")
        _sync(clone.path)

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(work, range(len(people))))
    for clone in people:
        _sync(clone.path)
    said = "".join(people[0].read(file) for file in deals)
    assert {_key(person, number) for person in range(4) for number in range(5)} <= set(said.split())
    assert len(people[0].git("log", "--format=%s", "--grep=^call ").splitlines()) == 20
    assert {clone.git("rev-parse", "HEAD^{tree}") for clone in people} == {
        people[0].git("rev-parse", "HEAD^{tree}")
    }
    assert {clone.status() for clone in people} == {""}


def _key(person: int, number: int) -> str:
    return f"{'EHJN'[person]}{number:03}X"


def _call(key: str) -> str:
    return f"- id: {key}\n  type: call\n  at: 2026-11-21T10:00:00+01:00\n  subject: Call\n  done: true\n"


def _sync(path: Path) -> None:
    pipeline = Pipeline.find(path)
    try:
        with pipeline.exclusive():
            sync.sync(pipeline)
    finally:
        pipeline.close()


def test_a_lead_in_conflict_has_the_name_of_its_organisation(ana: Clone, luis: Clone) -> None:
    file = "leads/2026/LEAD-7K3M9-zeta.yaml"
    ana.write(file, lead_text("LEAD-7K3M9", name="María", organization="Zeta", title="Buyer", score=10))
    ana.sync()
    luis.sync()
    luis.change(file, "score: 10", "score: 20")
    luis.sync()
    ana.change(file, "score: 10", "score: 30")
    (score,) = json.loads(ana.sync("--dry-run", "--format", "json").out)["disputes"]
    assert (score["field"], score["title"]) == ("score", "Zeta")  # its title is that of a job
