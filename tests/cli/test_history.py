"""The history of a record, as commits of commands, of hands, of merges and of rebases tell it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli

Git = Callable[..., str]
FILE = "opportunities/2026/OPP-AAAAA-machines.yaml"


def text(stage: str = "qualify", key: str = "OPP-AAAAA", more: str = "") -> str:
    return (
        f"id: {key}\ncreated: 2026-01-05T10:00:00+01:00\ntitle: Machines\nprocess: standard\n"
        f"stage: {stage}\ncurrency: EUR\n{more}"
    )


@pytest.fixture
def put(root: Path, git: Git) -> Callable[..., str]:
    """Write a record by hand and commit it."""

    def call(content: str | bytes, subject: str = "By hand", file: str = FILE, date: str = "") -> str:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        git("add", file)
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
        subprocess.run(
            ["git", "commit", "-qm", subject, "--", file], cwd=root, check=True, env=os.environ | dates
        )
        return git("rev-parse", "HEAD")

    return call


def told(cli: Cli, *arguments: str) -> list[list[str]]:
    """The events of each entry, newest first."""
    entries: list[dict[str, Any]] = json.loads(cli("history", *arguments, "--format", "json").out)
    return [[event["text"] for event in entry["events"]] for entry in entries]


def test_every_change_is_told_with_who_when_and_why(cli: Cli, put: Callable[..., str]) -> None:
    put(text(), "Add a deal", date="2026-01-05T10:00:00+0100")
    made = put(text("demo"), "Move on\n\nThey called back.", date="2026-02-01T23:30:00-0500")
    newest, oldest = json.loads(cli("history", "aaaaa", "--format", "json").out)
    assert newest == {
        "commit": made,
        "when": "2026-02-02T05:30:00+01:00",
        "author": "Ana Ruiz",
        "email": "ana@contoso.example",
        "committer": "Ana Ruiz <ana@contoso.example>",
        "subject": "Move on",
        "message": "They called back.",
        "record": "OPP-AAAAA",
        "noun": "opportunity",
        "file": FILE,
        "events": [{"field": "stage", "before": "qualify", "after": "demo", "text": "stage: qualify → demo"}],
    }
    assert oldest["events"][0]["text"] == "opportunity OPP-AAAAA created: Machines, at qualify"
    assert cli("history", "OPP-AAAAA").out == (
        f"2026-02-02 05:30  Ana Ruiz  {made[:7]}\n    stage: qualify → demo\n    | They called back.\n\n"
        f"2026-01-05 10:00  Ana Ruiz  {oldest['commit'][:7]}\n"
        "    opportunity OPP-AAAAA created: Machines, at qualify\n"
    )
    assert cli("history", "OPP-AAAAA", "--format", "ids").out.split() == [made, oldest["commit"]]


def test_commands_and_hands_count_the_same(cli: Cli, put: Callable[..., str], git: Git) -> None:
    put(text())
    cli("opp", "set", "aaaaa", "owner=ana-ruiz", "-m", "Hers now")
    cli("opp", "advance", "aaaaa")
    git("revert", "--no-edit", "HEAD")
    assert told(cli, "OPP-AAAAA") == [
        ["stage: demo → qualify"],
        ["stage: qualify → demo"],
        ["owner set to ana-ruiz"],
        ["opportunity OPP-AAAAA created: Machines, at qualify"],
    ]
    shown = cli("history", "OPP-AAAAA").out
    assert "| Hers now\n" in shown
    assert "Pipecli-" not in shown


def test_a_deal_has_the_history_of_its_documents_and_its_lead(cli: Cli) -> None:
    lead = cli("lead", "add", "--name", "María", "--organization", "Contoso", "--format", "ids").id
    cli("lead", "qualify", lead, "--need", "yes", "--budget", "yes", "--timeframe", "yes")
    deal = cli("lead", "convert", lead, "--title", "Machines", "--format", "ids").id
    cli("opp", "item", "add", deal, "--description", "Café S-100", "--quantity", "2", "--price", "2499")
    quote = cli("quote", "new", deal, "--format", "ids").id
    cli("quote", "send", quote)
    events = [event for events in told(cli, deal) for event in events]
    assert f"quotation {quote} sent" in events
    assert f"quotation {quote} created: 4,998.00 EUR" in events
    assert f"lead {lead} created: Contoso" in events
    assert "amount set to 4,998.00" in events
    own = json.loads(cli("history", deal, "--only", "--format", "json").out)
    assert {entry["record"] for entry in own} == {deal}


def test_one_field_or_one_time_alone(cli: Cli, put: Callable[..., str]) -> None:
    put(text(), date="2026-01-05T10:00:00+0100")
    put(text("demo", more="owner: ana-ruiz\n"), date="2026-02-01T10:00:00+0100")
    put(text("demo"), date="2026-03-01T00:30:00+0100")
    assert told(cli, "OPP-AAAAA", "--field", "stage") == [["stage: qualify → demo"], ["stage set to qualify"]]
    assert told(cli, "OPP-AAAAA", "--since", "2026-03-01") == [["owner cleared (was ana-ruiz)"]]
    said = cli("history", "OPP-AAAAA", "--since", "2026-03-02")
    assert not said.out
    assert "nothing that was asked for" in said.err


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("xyzzy", "opportunity has no field xyzzy; its fields: id, "),
        ("stagr", "opportunity has no field stagr; did you mean stage?"),
        ("next_contact.day", "opportunity has no field next_contact.day; did you mean next_contact.date?"),
    ],
)
def test_a_field_that_there_is_not_is_refused(
    cli: Cli, put: Callable[..., str], field: str, said: str
) -> None:
    put(text(more="amonut: 5\n"))
    put(text())
    assert said in cli("history", "OPP-AAAAA", "--field", field, code=1).err.replace("\n", " ")
    assert told(cli, "OPP-AAAAA", "--field", "amonut") == [["amonut cleared (was 5)"], ["amonut set to 5"]]
    for other in ("owner", "valid_until", "custom.a.b", "items.beans", "next_contact.date", "removed"):
        assert told(cli, "OPP-AAAAA", "--field", other) == []
    assert (
        "has no field valid_until"
        in cli("history", "OPP-AAAAA", "--only", "--field", "valid_until", code=1).err
    )


def test_a_record_is_followed_across_a_move_of_its_file(
    cli: Cli, put: Callable[..., str], git: Git, root: Path
) -> None:
    put(text())
    other = "opportunities/2025/a-name-of-my-own.yaml"
    (root / "opportunities/2025").mkdir()
    git("mv", FILE, other)
    (root / other).write_text(text("demo"))
    git("commit", "-qam", "Move it")
    assert told(cli, "OPP-AAAAA") == [
        ["stage: qualify → demo", f"file moved: {FILE} → {other}"],
        ["opportunity OPP-AAAAA created: Machines, at qualify"],
    ]


def test_a_new_id_in_the_same_file_is_the_same_record(cli: Cli, put: Callable[..., str]) -> None:
    put(text())
    put(text(key="OPP-BBBBB"))
    expected = [
        ["id: OPP-AAAAA → OPP-BBBBB"],
        ["opportunity OPP-AAAAA created: Machines, at qualify"],
    ]
    assert told(cli, "OPP-BBBBB") == expected


def test_a_removed_record_still_has_its_history(cli: Cli, put: Callable[..., str], git: Git) -> None:
    put(text())
    git("rm", "-q", FILE)
    git("commit", "-qm", "Gone")
    for name in ("OPP-AAAAA", "opp-aaaaa", "aaaaa"):
        assert told(cli, name)[0] == ["opportunity OPP-AAAAA removed"]
    other = FILE.replace("AAAAA", "AAAAB")
    put(text().replace("AAAAA", "AAAAB"), file=other)
    git("rm", "-q", other)
    git("commit", "-qm", "Gone, too")
    assert '"aaaa" was 2 records: OPP-AAAAA, OPP-AAAAB' in cli("history", "aaaa", code=1).err


def test_only_comments(cli: Cli, put: Callable[..., str]) -> None:
    put(text())
    put("# A comment\n" + text())
    assert told(cli, "OPP-AAAAA")[0] == ["only comments or layout"]


def test_a_version_that_cannot_be_read_is_said_and_passed_over(cli: Cli, put: Callable[..., str]) -> None:
    put(text())
    put(text("demo") + "<<<<<<< HEAD\n")
    put(text("propose"))
    put(text("propose", more="probability: 140\n"))
    put(text("propose"))
    newest, invalid, mended, broken, first = told(cli, "OPP-AAAAA")
    assert first == ["opportunity OPP-AAAAA created: Machines, at qualify"]
    assert broken[0].startswith("unreadable here: line 7: ")
    assert mended == ["stage: qualify → propose"]
    assert invalid[0] == "probability set to 140"
    assert invalid[1].startswith("not valid here: line 7: probability: ")
    assert newest == ["probability cleared (was 140)"]


def test_a_wrong_key_changes_no_amount(cli: Cli, put: Callable[..., str]) -> None:
    items = "items:\n- description: Beans\n  quantity: 3\n  unit_price: 5.50\n"
    put(text(more=items))
    put(text(more=items + "amonut: 9\n"))
    put(text(more=items.replace("3", "4")))
    newest, invalid, _ = told(cli, "OPP-AAAAA")
    assert newest == ["amount: 16.50 → 22.00", "item Beans: quantity: 3 → 4", "amonut cleared (was 9)"]
    assert invalid[0] == "amonut set to 9"
    assert invalid[1].startswith('not valid here: line 11: unknown key "amonut"')


def test_a_record_that_is_broken_now_has_a_history(cli: Cli, put: Callable[..., str]) -> None:
    put(text())
    put(b"\x00\xff\xfe binary")
    assert told(cli, "OPP-AAAAA") == [
        ["unreadable here: line 1: is not UTF-8 text; save it as UTF-8"],
        ["opportunity OPP-AAAAA created: Machines, at qualify"],
    ]


def test_a_file_that_never_was_a_record_is_removed(cli: Cli, put: Callable[..., str], git: Git) -> None:
    put(b"\x00\xff\xfe binary")
    git("rm", "-q", FILE)
    git("commit", "-qm", "Away with it")
    newest, _ = told(cli, "OPP-AAAAA")
    assert newest == ["opportunity OPP-AAAAA removed, which could not be read"]


def branch(put: Callable[..., str], git: Git, ours: str, theirs: str) -> None:
    """Two branches, each with its version, on main the second."""
    put(text(more="owner: ana-ruiz\n"))
    git("switch", "-qc", "side")
    put(theirs, "Theirs")
    git("switch", "-q", "main")
    put(ours, "Ours")


def test_a_merge_counts_once(cli: Cli, put: Callable[..., str], git: Git, root: Path) -> None:
    branch(put, git, text(), text("demo", more="owner: ana-ruiz\n"))
    git("merge", "-q", "--no-edit", "side")
    assert (root / FILE).read_text() == text("demo")
    assert sorted(told(cli, "OPP-AAAAA")[:-1]) == [
        ["owner cleared (was ana-ruiz)"],
        ["stage: qualify → demo"],
    ]


def test_a_merge_of_a_file_that_one_side_moved_counts_once(
    cli: Cli, put: Callable[..., str], git: Git, root: Path
) -> None:
    branch(put, git, text(), text("demo", more="owner: ana-ruiz\n"))
    git("mv", FILE, "opportunities/moved.yaml")
    git("commit", "-qm", "Move it")
    git("merge", "-q", "--no-edit", "side")
    assert (root / "opportunities/moved.yaml").read_text() == text("demo")
    assert sorted(told(cli, "OPP-AAAAA")[:-1]) == [
        [f"file moved: {FILE} → opportunities/moved.yaml"],
        ["owner cleared (was ana-ruiz)"],
        ["stage: qualify → demo"],
    ]


def test_a_merge_tells_what_none_of_its_sides_said(
    cli: Cli, put: Callable[..., str], git: Git, root: Path
) -> None:
    branch(put, git, text("propose"), text("demo"))
    subprocess.run(["git", "merge", "-q", "side"], cwd=root, capture_output=True, check=False)
    said = cli("history", "OPP-AAAAA")
    assert "a merge is in progress" in said.err
    (root / FILE).write_text(text("commit"))
    git("commit", "-qam", "Neither")
    assert told(cli, "OPP-AAAAA")[0] == ["stage: propose → commit"]


def test_a_rewritten_branch_is_read_again_where_it_differs(
    cli: Cli, put: Callable[..., str], git: Git, root: Path
) -> None:
    put(text(), "One")
    put(text("demo"), "Two")
    put(text("propose"), "Three")
    assert len(told(cli, "OPP-AAAAA")) == 3
    git("reset", "-q", "--soft", "HEAD~2")
    git("commit", "-qm", "Squashed")
    squashed = told(cli, "OPP-AAAAA")
    assert squashed[0] == ["stage: qualify → propose"]
    git("switch", "-qc", "other", "HEAD~1")
    put(text("negotiate"), "Elsewhere")
    assert told(cli, "OPP-AAAAA")[0] == ["stage: qualify → negotiate"]
    git("switch", "-q", "main")
    assert told(cli, "OPP-AAAAA") == squashed
    git("reflog", "expire", "--expire=now", "--all")
    git("branch", "-qD", "other")
    git("commit", "-q", "--amend", "-m", "Amended")
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "-q", "--prune=now")
    incremental = cli("history", "OPP-AAAAA", "--format", "json").out
    shutil.rmtree(root / ".git/pipecli")
    assert cli("history", "OPP-AAAAA", "--format", "json").out == incremental
    assert json.loads(incremental)[0]["subject"] == "Amended"


def test_a_detached_head_and_a_branch_apart(cli: Cli, put: Callable[..., str], git: Git) -> None:
    put(text())
    put(text("demo"))
    git("switch", "-q", "--detach", "HEAD~1")
    assert told(cli, "OPP-AAAAA") == [["opportunity OPP-AAAAA created: Machines, at qualify"]]


def test_a_shallow_clone_says_what_it_lacks(
    cli: Cli, put: Callable[..., str], root: Path, tmp_path: Path
) -> None:
    put(text())
    put(text("demo"))
    put(text("propose"))
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "2", root.as_uri(), str(clone)], check=True)
    said = cli("-C", str(clone), "history", "OPP-AAAAA")
    assert "this clone is shallow" in said.err
    assert "older than this shallow clone" in said.out
    assert "OPP-AAA01 created" not in said.out
    subprocess.run(["git", "-C", str(clone), "fetch", "-q", "--unshallow"], check=True)
    said = cli("-C", str(clone), "history", "OPP-AAAAA")
    assert "shallow" not in said.err
    assert said.out.count("stage: ") == 2
    assert "created: Machines, at qualify" in said.out


def test_a_commit_of_the_future_is_named(cli: Cli, put: Callable[..., str]) -> None:
    made = put(text(), date="2099-01-01T10:00:00+0100")
    assert (
        f"warning: commit {made[:7]} is dated in the future (2099-01-01)" in cli("history", "OPP-AAAAA").err
    )


def test_a_pipeline_in_a_subfolder_has_its_own_history(
    cli: Cli, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = tmp_path / "company"
    shutil.copytree(root, company / "sales", ignore=shutil.ignore_patterns(".git"))
    run = ["git", "-C", str(company)]
    subprocess.run([*run, "init", "-q"], check=True)
    for name, stage in (("sales/" + FILE, "qualify"), (FILE, "demo"), ("sales/" + FILE, "propose")):
        (company / name).parent.mkdir(parents=True, exist_ok=True)
        (company / name).write_text(text(stage))
        subprocess.run([*run, "add", "."], check=True)
        subprocess.run([*run, "commit", "-qm", stage], check=True)
    monkeypatch.chdir(company / "sales")
    entries = json.loads(cli("-C", ".", "history", "OPP-AAAAA", "--format", "json").out)
    assert [entry["subject"] for entry in entries] == ["propose", "qualify"]
    assert entries[0]["file"] == FILE


def test_a_repository_without_commits_says_so(cli: Cli, root: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(root, empty, ignore=shutil.ignore_patterns(".git"))
    subprocess.run(["git", "-C", str(empty), "init", "-q"], check=True)
    said = cli("-C", str(empty), "history", "settings", code=1)
    assert said.err.startswith("error: the repository has no commit yet")


def test_what_nobody_knows_is_refused(cli: Cli, put: Callable[..., str]) -> None:
    put(text())
    assert cli("history", "OPP-ZZZZZ", code=1).err.startswith('error: no record matches "OPP-ZZZZZ"')
    assert '"someday" isn\'t a' in cli("history", "OPP-AAAAA", "--since", "someday", code=1).err
    cli("history", "-x", code=2)


def test_a_damaged_index_is_read_anew(cli: Cli, put: Callable[..., str], root: Path) -> None:
    put(text())
    expected = told(cli, "OPP-AAAAA")
    file = root / ".git/pipecli/root/history.sqlite"
    for damage in (b"", b"no database at all" * 100, file.read_bytes()[:5000]):
        file.write_bytes(damage)
        assert told(cli, "OPP-AAAAA") == expected
        assert told(cli, "OPP-AAAAA") == expected


def test_a_forged_commit_is_no_traceback(cli: Cli, put: Callable[..., str], git: Git, root: Path) -> None:
    put(text())
    (root / FILE).write_text(text("demo"))
    git("add", FILE)
    tree, parent = git("write-tree"), git("rev-parse", "HEAD")
    for author, encoding in (
        ("author nobody", "UTF-8"), ("author A <a@b> never", "undefined"),
        ("author A <a@b> 99999999999 +9999", "x\0y"),
    ):  # fmt: skip
        committer = f"committer A <a@b> 1767225600 +0000\nencoding {encoding}"
        forged = f"tree {tree}\nparent {parent}\n{author}\n{committer}\n\nForged\n"
        made = subprocess.run(
            ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            cwd=root, input=forged.encode(), capture_output=True, check=True,
        ).stdout.decode().strip()  # fmt: skip
        git("update-ref", "refs/heads/main", made)
        assert told(cli, "OPP-AAAAA")[0] == ["stage: qualify → demo"]
        assert "\n    stage: qualify → demo\n" in cli("history", "OPP-AAAAA").out


def test_a_message_in_another_encoding(cli: Cli, put: Callable[..., str], git: Git, root: Path) -> None:
    put(text())
    (root / FILE).write_text(text("demo"))
    subprocess.run(
        ["git", "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-qa", "-F", "-"],
        cwd=root, input="Año\n\nEspaña".encode("latin-1"), check=True,
    )  # fmt: skip
    entry = json.loads(cli("history", "OPP-AAAAA", "--format", "json").out)[0]
    assert (entry["subject"], entry["message"]) == ("Año", "España")


def test_a_partial_clone_says_what_is_not_here(
    cli: Cli, put: Callable[..., str], root: Path, git: Git, tmp_path: Path
) -> None:
    put(text())
    put(text("demo"))
    blob = git("rev-parse", f"HEAD~1:{FILE}")
    (root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert told(cli, "OPP-AAAAA")[-1] == ["unreadable here: this clone does not have its content"]


def test_without_a_record_it_is_the_last_week_of_all(cli, deal, git, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-11-01T10:00:00+01:00")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-01T10:00:00+01:00")
    deal("OPP-AAA01", "Mill")
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2026-11-20T10:00:00+01:00")
    cli("opp", "set", "OPP-AAA01", "amount=5")
    said = cli("--today", "2026-11-21", "history")
    assert "    OPP-AAA01 Mill: amount: 4,998.00 → 5.00\n" in said.out
    assert "OPP-AAA01 created" not in said.out
    assert cli("--today", "2026-12-21", "history").err.startswith("nothing happened since 2026-12-14")
    assert "created" in cli("--today", "2026-11-21", "history", "--since", "2026-11-01").out
    assert "amount" in cli("--today", "2026-11-21", "history", "--field", "amount").out
    assert cli("--today", "2026-11-21", "changes").out.startswith("Open pipeline in EUR\nfrom 2026-11-14")
