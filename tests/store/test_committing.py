"""A commit of very many files is that of a few: just those files, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipecli.records.lead import Lead
from pipecli.store import git, git_commit
from pipecli.store.git_commit import MANY, NewCommit, stage_as_committed, unstage
from pipecli.store.location import location_at
from pipecli.store.power_cut_and_killed_git import hardening_options, remake_index, with_hardening
from pipecli.workflow import Change

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def tree(home: Path, tmp_path: Path) -> Path:
    """A repository with a commit, and many files that are in none."""
    run(tmp_path, "init", "--quiet")
    (tmp_path / "old").write_text("old\n")
    (tmp_path / ".gitignore").write_text("new/1*\n")
    run(tmp_path, "add", ".")
    run(tmp_path, "commit", "--quiet", "--message=first")
    (tmp_path / "new").mkdir()
    for name in names():
        (tmp_path / name).write_text(f"{name}\n")
    return tmp_path


def names() -> list[str]:
    return [f"new/{number}" for number in range(MANY + 10)]


def run(tree: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit_files(tree: Path, message: str, changed: list[str], new: list[str]) -> None:
    """NewCommit files that are written already, or stage nothing."""
    made = NewCommit(tree, changed, new)
    try:
        for name in (*changed, *new):
            made.take(name, (tree / name).read_bytes() if (tree / name).is_file() else b"")
        made.make(message)
    except BaseException:
        take_back(made, tree)
        raise


def take_back(made: NewCommit, tree: Path) -> None:
    """Do of a failed commit what its journal would."""
    made.stop()
    unstage(tree, made._new)
    if made._is_whole:
        stage_as_committed(tree, made._changed)


def hook(tree: Path, text: str) -> None:
    file = tree / ".git/hooks/pre-commit"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_many_files_are_one_commit_and_few_objects(tree: Path) -> None:
    (tree / "old").write_text("changed\n")
    commit_files(tree, "many", changed=["old"], new=names())

    assert run(tree, "status", "--porcelain") == ""
    assert len(run(tree, "show", "--name-only", "--format=").splitlines()) == len(names()) + 1
    assert run(tree, "fsck", "--strict") == ""
    assert int(run(tree, "count-objects").split()[0]) < 20


def test_files_are_taken_while_others_are_written(tree: Path) -> None:
    made = NewCommit(tree, changed=[], new=["later/a", "later/b"])
    (tree / "later").mkdir()
    for name in ("later/a", "later/b"):
        (tree / name).write_text(name)
        made.take(name, name.encode())
    made.make("two")
    assert run(tree, "show", "--name-only", "--format=").splitlines() == ["later/a", "later/b"]


@pytest.mark.parametrize("new", [["new/1"], names()], ids=["one", "many"])
def test_what_else_is_staged_stays_staged_and_uncommitted(tree: Path, new: list[str]) -> None:
    (tree / "mine").write_text("mine\n")
    run(tree, "add", "mine")
    commit_files(tree, "theirs", changed=[], new=new)
    assert run(tree, "diff", "--cached", "--name-only") == "mine"
    assert "mine" not in run(tree, "ls-tree", "-r", "--name-only", "HEAD").splitlines()


@pytest.mark.parametrize("new", [["new/1"], names()], ids=["one", "many"])
def test_a_hook_that_refuses_leaves_nothing_staged(tree: Path, new: list[str]) -> None:
    (tree / "old").write_text("changed\n")
    hook(tree, "echo not today >&2; exit 1")
    with pytest.raises(git.GitRefused, match="not today"):
        commit_files(tree, "refused", changed=["old"], new=new)
    assert run(tree, "diff", "--cached", "--name-only") == ""
    assert run(tree, "ls-files") == ".gitignore\nold"


def test_a_merge_in_progress_is_left_to_its_user(tree: Path) -> None:
    run(tree, "checkout", "--quiet", "-b", "other")
    run(tree, "commit", "--quiet", "--allow-empty", "--message=other")
    run(tree, "checkout", "--quiet", "-")
    run(tree, "commit", "--quiet", "--allow-empty", "--message=ours")
    run(tree, "merge", "--quiet", "--no-commit", "other")
    with pytest.raises(git.GitRefused, match="a merge is in progress"):
        commit_files(tree, "refused", changed=[], new=names())
    assert run(tree, "ls-files") == ".gitignore\nold"
    assert (tree / ".git/MERGE_HEAD").exists()


@pytest.mark.parametrize("new", [["none"], ["none", *names()]], ids=["one", "many"])
def test_a_file_that_is_not_there_is_refused_in_gits_words(tree: Path, new: list[str]) -> None:
    (tree / "none").mkdir()
    with pytest.raises(git.GitRefused, match=r"git could not stage the files, nothing is changed: .*none"):
        commit_files(tree, "refused", changed=[], new=new)
    assert run(tree, "ls-files") == ".gitignore\nold"


def test_a_message_is_committed_as_it_is_written(tree: Path) -> None:
    run(tree, "config", "commit.cleanup", "strip")
    run(tree, "config", "core.commentChar", "O")
    (tree / "old").write_text("changed\n")
    commit_files(tree, "OPP-2Q8XA: set tags\n\n#42 agreed", ["old"], [])
    assert run(tree, "log", "-1", "--format=%B") == "OPP-2Q8XA: set tags\n\n#42 agreed"


def test_a_message_has_a_paragraph_for_what_there_is() -> None:
    assert git_commit.commit_message("OPP-2Q8XA: add", None, "") == "OPP-2Q8XA: add"
    assert git_commit.commit_message("a", "b", "c") == "a\n\nb\n\nc"
    assert git_commit.commit_message("GH-12: add", None, "") == "GH-12: add"  # a record's key
    mentioned = git_commit.commit_message("@ana, @luis: add", None, "")
    assert mentioned == git_commit.commit_message("@ana, @luis", None, "") + ": add" != "@ana, @luis: add"


def test_a_commit_of_very_many_records_names_only_what_it_is_about() -> None:
    leads = [Lead(id=f"LEAD-{place:05}", created=NOW, name="Ana") for place in range(101)]
    changes = [Change(lead, "add", "added") for lead in leads]
    assert git_commit.trailers(changes) == "Pipecli-Event: added"
    assert git_commit.trailers(changes[1:]).count("Pipecli-Record: LEAD-00") == 100
    merged = Change(leads[0], "merge", "merged", also=tuple(leads[1:]))  # imports ask into what
    assert git_commit.trailers([merged]) == "Pipecli-Event: merged\nPipecli-Record: LEAD-00000"


def test_a_commit_outlasts_a_power_cut_unless_its_user_gives_that_up(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed, batch = ("-c", "core.fsync=added"), ("-c", "core.fsyncMethod=batch")
    location, mounts = location_at(tree), tmp_path / "mounts"
    monkeypatch.setattr("pipecli.store.safe_files._MOUNTS", mounts)
    monkeypatch.setattr(sys, "platform", "linux")
    mounts.write_text("/dev/sda / ext4 rw 0 0\n")
    for settings, options in (
        ({}, (*committed, *batch)),
        ({"core.fsyncmethod": "fsync"}, committed),
        ({"core.fsync": "all"}, ()),
        ({"core.fsync": "none", "core.fsyncmethod": "batch"}, None),
    ):
        assert hardening_options(settings, location) == options
    for kind in ("btrfs", "zfs", "f2fs", "overlay"):  # one fsync puts one file there, and no batch
        mounts.write_text(f"/dev/sda / ext4 rw 0 0\n/dev/sdb {tmp_path} {kind} rw 0 0\n")
        assert hardening_options({}, location) == committed
    monkeypatch.setattr(sys, "platform", "darwin")
    assert hardening_options({}, location) == (*committed, *batch)


def test_what_outlasts_a_power_cut_does_so_within_itself_too(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = location_at(tree)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # where the tests give it up
    with with_hardening(location) as outer, with_hardening(location) as inner:
        assert (outer, inner, git.hardening_in_force[:2]) == (True, True, ["-c", "core.fsync=added"])
    run(tree, "config", "core.fsync", "none")
    with with_hardening(location) as given_up:
        assert (given_up, git.hardening_in_force) == (False, [])


def test_the_head_is_read_from_its_files_and_what_those_do_not_say_is_asked(tree: Path) -> None:
    location, commit = location_at(tree), run(tree, "rev-parse", "HEAD")
    assert git_commit.head_of(location) == commit
    run(tree, "pack-refs", "--all")
    assert git_commit.head_of(location) == commit
    (tree / ".git/refs/heads").joinpath(run(tree, "branch", "--show-current")).write_text(
        "ref: refs/heads/x\n"
    )
    run(tree, "update-ref", "refs/heads/x", commit)
    assert git_commit.head_of(location) == commit
    (tree / ".git/HEAD").unlink()
    (tree / ".git/HEAD").symlink_to("refs/heads/x")  # as git once wrote it
    assert git_commit.branch_of(location) == "x"
    run(tree, "checkout", "-q", "--detach")
    assert git_commit.branch_of(location) is None


def test_a_hook_that_refuses_the_first_commit_of_all_is_heard(home: Path, tmp_path: Path) -> None:
    run(tmp_path, "init", "--quiet")
    (tmp_path / "a").touch()
    hook(tmp_path, "echo no >&2; exit 1")
    with pytest.raises(git.GitRefused, match="no"):
        commit_files(tmp_path, "second", [], ["a"])


def test_an_index_is_not_replaced_by_one_that_git_could_not_make(tree: Path) -> None:
    index, aside = tree / ".git/index", tree / ".git/aside"
    lost = run(tree, "rev-parse", "HEAD^{tree}")
    (tree / ".git/objects" / lost[:2] / lost[2:]).unlink()
    before = index.read_bytes()
    with pytest.raises(git.GitRefused):
        remake_index(tree, index, aside)
    assert index.read_bytes() == before


def test_a_signal_as_git_is_waited_for_leaves_nothing_staged(tree: Path) -> None:
    """Popen told a second `communicate` of an attribute that it hadn't got, and nothing was undone."""
    made = NewCommit(tree, changed=[], new=names())
    for name in names():
        made.take(name, b"")

    class Interrupted:
        def __init__(self, stream: object) -> None:
            self.close = stream.close  # type: ignore[attr-defined]

        def __enter__(self) -> None:
            raise KeyboardInterrupt

        def __exit__(self, *_: object) -> None: ...

    made._working.stdin = Interrupted(made._working.stdin)  # type: ignore[union-attr, assignment]
    with pytest.raises(KeyboardInterrupt):
        made.make("many")
    take_back(made, tree)
    assert made._working.returncode is not None  # type: ignore[union-attr]
    assert run(tree, "ls-files", "--stage", "new") == ""
