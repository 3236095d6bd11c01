"""doctor: what is wrong with a clone, said with its way out, and mended where that loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli import extras
from pipecli.store.create_pipeline import HOSTS
from pipecli.sync import doctor
from tests.conftest import Cli

Git = Callable[..., str]
Look = Callable[..., dict[str, tuple[str, str, str | None]]]


@pytest.fixture
def look(cli: Cli) -> Look:
    """What doctor says, by the names of what it looked at: the state, what, the way out."""

    def call(*options: str, code: int = 0) -> dict[str, tuple[str, str, str | None]]:
        said = json.loads(cli("doctor", *options, "--format", "json", code=code).out)
        return {each["name"]: (each["state"], each["what"], each["way_out"]) for each in said}

    return call


@pytest.fixture
def shared(root: Path, git: Git, tmp_path: Path) -> Path:
    """The pipeline has a remote, and nothing to sync."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "remote.git"], check=True)
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("push", "-q", "--set-upstream", "origin", "main")
    return tmp_path / "remote.git"


def test_looking_writes_no_index_of_git(cli: Cli, root: Path) -> None:
    """For that it would be locked, and a git that is killed leaves its lock."""
    os.utime(root / "pipecli.yaml", (0, 0))
    before = (root / ".git/index").read_bytes()
    cli("doctor")
    assert (root / ".git/index").read_bytes() == before


def test_a_clone_that_is_well(cli: Cli, shared: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    cli("opp", "list")
    before = git("status", "--porcelain"), git("config", "--list")
    said = cli("doctor")
    states = [line.split()[0] for line in said.out.splitlines() if not line.startswith(" ")]
    assert set(states) == {"ok"} and len(states) == 11
    assert "ok       identity    Ana Ruiz <ana@contoso.example> is the user ana-ruiz\n" in said.out
    assert said.err == "all is well\n"
    assert (git("status", "--porcelain"), git("config", "--list")) == before


def test_what_is_not_committed_and_not_shared(
    look: Look, cli: Cli, shared: Path, deal: Callable[..., Path]
) -> None:
    deal()
    cli("opp", "set", "OPP-2Q8XA", "amount=1", "--no-commit")
    found = look()
    assert found["branch"] == ("warning", "1 commit of main is only here", "pipecli sync")
    assert found["changes"][:2] == (
        "warning",
        "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml is changed and not committed: history, "
        "--as-of and sync don't have that",
    )


def test_an_old_file_that_the_disk_has_damaged(
    look: Look, cli: Cli, git: Git, root: Path, deal: Callable[..., Path]
) -> None:
    """Nothing asks for it today; a walk through the history would stop there one day."""
    cli("opp", "set", deal().name[:9], "amount=1")
    cli("opp", "set", "2q8", "amount=2")
    name = git("rev-parse", "HEAD~1:opportunities/2026/OPP-2Q8XA-espresso-machines.yaml").strip()
    assert look()["objects"][0] == "ok"
    kept = root / ".git/objects" / name[:2] / name[2:]
    kept.chmod(0o644)
    kept.write_bytes(b"")
    state, what, way_out = look(code=1)["objects"]
    assert (state, f"{name[2:]} is empty" in what) == ("error", True)
    assert "git fsck" in way_out


def test_commits_of_another_program_are_not_damage(look: Look, git: Git, root: Path) -> None:
    odd = (
        f"tree {git('rev-parse', 'HEAD^{tree}').strip()}\nauthor A <a> 1 +0000\ncommitter B <b> 1 zone\n\nm\n"
    )
    command = ["git", "hash-object", "-t", "commit", "--literally", "-w", "--stdin"]
    made = subprocess.run(command, cwd=root, input=odd, capture_output=True, text=True, check=True)
    git("update-ref", "refs/heads/odd", made.stdout.strip())
    assert look()["objects"][0] == "ok"


def test_a_branch_that_has_diverged(look: Look, git: Git, shared: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "there")
    git("push", "-q")
    git("reset", "-q", "--hard", "HEAD~1")
    assert look()["branch"] == ("warning", "1 commit of origin/main is not in main yet", "pipecli sync")
    git("commit", "-q", "--allow-empty", "-m", "here")
    what = "main and origin/main have diverged: 1 commit only here, 1 only there"
    assert look()["branch"] == ("warning", what, "pipecli sync")


def test_no_remote_and_no_branch(look: Look, git: Git) -> None:
    assert look()["branch"] == (
        "warning", "no remote to sync with", "add one: git remote add origin ADDRESS",
    )  # fmt: skip
    git("switch", "-q", "--detach")
    state, what, way_out = look()["branch"]
    assert state == "warning" and what.startswith("HEAD is detached at ") and "git switch" in str(way_out)


def test_an_identity_that_is_unset(look: Look, cli: Cli, git: Git) -> None:
    for name in ("email", "name"):
        git("config", f"user.{name}", "")
    git("config", "user.useConfigOnly", "true")
    found = look(code=1)
    assert found["identity"][:2] == ("error", "git doesn't know who you are, and can't sign a change")
    assert "git config --global user.name" in str(found["identity"][2])
    assert cli("doctor", code=1).err.startswith("error: 1 error and ")


def test_an_identity_that_is_no_user(look: Look, cli: Cli, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git("config", "user.email", "nobody@contoso.example")
    assert look()["identity"][:2] == (
        "warning",
        "Ana Ruiz <nobody@contoso.example> isn't a user of the settings: what you add has no owner",
    )
    git("config", "user.name", "Luis Ortega")
    cli("user", "add", "luis", "--name", "Luis Ortega")  # as an import makes users, without an address
    assert "pipecli user set luis email=nobody@contoso.example" in str(look()["identity"][2])
    monkeypatch.setenv("PIPECLI_USER", "ana-ruiz")
    assert look()["identity"][0] == "ok"
    monkeypatch.setenv("PIPECLI_USER", "nobody")
    assert look(code=1)["identity"][0] == "error"


def test_a_merge_in_progress(look: Look, git: Git, deal: Callable[..., Path]) -> None:
    git("branch", "side")
    deal()
    git("switch", "-q", "side")
    git("commit", "-q", "--allow-empty", "-m", "beside")
    git("merge", "-q", "--no-commit", "main")
    assert look()["progress"] == ("warning", "a merge is in progress", "git commit, or git merge --abort")


def test_the_merge_driver_is_set_up(look: Look, git: Git) -> None:
    for section in ("merge.pipecli", "merge.pipecli-ancestor"):
        git("config", "--remove-section", section)
    state, what, way_out = look()["driver"]
    assert state == "warning" and "git does not know pipecli's merge driver" in what
    assert way_out == "pipecli sync, which sets it up"
    assert look("--fix")["driver"] == ("fixed", "git now merges records by field", None)
    assert look()["driver"][0] == "ok"


@pytest.mark.parametrize("content", [b"", b"DIRC" + bytes(100), bytes(100)], ids=["empty", "torn", "zeros"])
def test_a_damaged_index_of_git_stops_every_change_and_is_made_anew(
    look: Look, cli: Cli, git: Git, root: Path, deal: Callable[..., Path], content: bytes
) -> None:
    file = deal()
    cli("customer", "add", "Acme")
    git("update-index", "--refresh")
    git("sparse-checkout", "set", "--no-cone", "/*", "!/customers/")
    text = file.read_text() + "notes: by hand\n"
    file.write_text(text)
    index = root / ".git/index"
    index.write_bytes(content)
    for command in ("opp set 2q8 amount=1", "lead add --name Ana", "opp won OPP-2Q8XA"):
        said = cli(*command.split(), code=1).err
        assert said.startswith("error: git can't read its index: "), command
        assert "; `pipecli doctor --fix` makes it anew from the last commit" in said
        assert index.read_bytes() == content and file.read_text() == text
    found = look(code=1)
    assert [name for name, (state, *_) in found.items() if state == "error"] == ["git index"]

    assert look("--fix")["git index"][0] == "fixed"
    assert git("status", "--porcelain") == f"M {file.relative_to(root).as_posix()}"
    assert (root / ".git/index.damaged").read_bytes() == content
    cli("opp", "set", "2q8", "amount=1")


def test_a_damaged_index_before_the_first_commit(look: Look, git: Git, root: Path) -> None:
    git("update-ref", "-d", "HEAD")
    (root / ".git/index").write_bytes(b"")
    assert look("--fix", code=1)["git index"][0] == "fixed"
    assert "?? pipecli.yaml" in git("status", "--porcelain")


def test_a_lock_that_a_killed_git_left(look: Look, root: Path) -> None:
    lock = root / ".git/index.lock"
    lock.touch()
    assert look()["git index"][0] == "ok"
    long_ago = time.time() - 3600
    os.utime(lock, (long_ago, long_ago))
    assert look(code=1)["git index"] == (
        "error",
        "a git that ended 60 minutes ago has left its lock, and every commit is refused",
        "if no git is running, remove .git/index.lock",
    )
    lock.rename(root / ".git/objects/maintenance.lock")
    assert look()["git index"] == (
        "warning",
        "a git that ended 60 minutes ago has left its lock, and git packs nothing by itself any more",
        "if no git is running, remove .git/objects/maintenance.lock",
    )


def test_an_index_that_is_stale_or_damaged(
    look: Look, cli: Cli, root: Path, git: Git, deal: Callable[..., Path]
) -> None:
    (index,) = (root / ".git/pipecli").rglob("index.sqlite")
    index.unlink()
    assert look()["index"][1] == "not there yet; the next command builds it"
    cli("opp", "list")
    assert look()["index"] == ("ok", "as the files are", None)
    file = deal()
    for _ in range(2):  # looking changes nothing
        looked = "1 file changed since pipecli last looked; the next command reads what did"
        assert look()["index"] == ("ok", looked, None)
    os.utime(file, (0, 0))  # not written in the moment in which it is read, which the index would doubt
    cli("opp", "list")
    file.write_text(f"{file.read_text()}# called\n")
    assert look()["index"] == ("ok", looked, None)
    git("commit", "-qam", "called")
    cli("opp", "list")
    assert look("--fix")["index"] == ("ok", "as the files are", None)
    with index.open("r+b") as handle:
        handle.write(b"no database at all")
    assert "index.sqlite" in look()["index"][1]
    assert look("--fix")["index"][0] == "fixed"
    assert not index.exists()
    assert file.name[:9] in cli("opp", "list").out


def test_commits_dated_in_the_future(look: Look, git: Git, root: Path) -> None:
    future = os.environ | {"GIT_COMMITTER_DATE": "2090-01-01T00:00:00Z"}
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "x"], cwd=root, env=future, check=True)
    state, what, _ = look()["past"]
    assert state == "warning" and "is dated in the future (2090-01-01): counted as made now" in what


def test_a_shallow_clone(look: Look, cli: Cli, root: Path, git: Git, tmp_path: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "second")
    shutil.move(root, tmp_path / "whole")
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{tmp_path}/whole", root], check=True)
    assert look()["past"][1:] == (
        "the clone is shallow: what was before its first commit can't be told", "git fetch --unshallow",
    )  # fmt: skip


def test_schemas_of_another_version(look: Look, root: Path) -> None:
    (root / "schemas/lead.schema.json").write_text("{}\n")
    assert look()["schemas"] == (
        "warning", "not those of this version: lead", "pipecli schema write, and commit them",
    )  # fmt: skip


def test_settings_of_git_for_a_large_pipeline(
    look: Look, git: Git, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not {"many files", "history"} & look().keys()
    monkeypatch.setattr(doctor, "_MANY_FILES", 5)
    monkeypatch.setattr(doctor, "_MANY_COMMITS", 1)
    found = look()
    assert found["many files"][0] == found["history"][0] == "warning"
    assert found["many files"][2] == "git config feature.manyFiles true"
    found = look("--fix")
    assert found["many files"][0] == found["history"][0] == "fixed"
    assert git("config", "feature.manyFiles") == "true"
    assert (root / ".git/objects/info/commit-graph").exists()
    assert not {"many files", "history"} & look().keys()
    git("commit-graph", "verify")
    git("fsck")


def test_what_is_not_installed(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "tui", ("no_such_library",))
    hint = extras.install_command("tui")
    assert hint.endswith('install "pipecli-crm[tui]"')
    assert look()["extras"] == ("warning", "not installed: tui", hint)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_review_that_installs_a_stranger_s_package(
    look: Look, cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    cli("init", "--ci", host)
    assert "review" not in look()
    file = root / HOSTS[host].file
    ours = extras.PINNED_INSTALL
    file.write_text(file.read_text().replace(ours, ours.partition('"')[0] + "pipecli"))
    name = HOSTS[host].file
    problem = f"{name} installs `pipecli`, which on the package index is somebody else's"
    assert look(code=1)["review"] == ("error", problem, f"write there: {ours}")


def test_settings_that_can_t_be_read_and_no_commit(look: Look, root: Path, git: Git) -> None:
    with (root / "pipecli.yaml").open("a") as settings:
        settings.write("<<<<<<< HEAD\n")
    found = look(code=1)
    assert found["identity"][0] == "error" and "pipecli check" in str(found["identity"][2])
    git("update-ref", "-d", "HEAD")
    assert look(code=1)["branch"][:2] == ("error", "nothing is committed yet")


def test_a_repository_that_git_refuses(look: Look, cli: Cli, root: Path) -> None:
    (root / ".git/HEAD").unlink()
    found = look(code=1)
    assert list(found) == ["git"] and found["git"][0] == "error"
    assert cli("doctor", code=1).err.startswith("error: 1 error; what to do is said above")


def test_outside_of_a_pipeline(cli: Cli, root: Path) -> None:
    (root / "pipecli.yaml").unlink()
    assert "isn't a pipeline" in cli("doctor", code=1).err


def test_the_index_is_not_opened_to_look(cli: Cli, root: Path) -> None:
    cli("opp", "list")
    (index,) = (root / ".git/pipecli").rglob("index.sqlite")
    with sqlite3.connect(index) as connection:
        connection.execute("UPDATE _layout SET layout = 'of another version'")
    connection.close()
    before = index.read_bytes()
    cli("doctor")
    assert index.read_bytes() == before


def test_what_killed_commands_had_begun_to_write_is_named(root: Path, look: Look) -> None:
    assert "leftovers" not in look()
    (root / "schemas/.lead.schema.json.4194305.tmp").touch()
    (root / f".a.csv.{os.getpid()}.tmp").touch()  # somebody writes it now
    names = "schemas/.lead.schema.json.4194305.tmp"
    assert look()["leftovers"] == ("warning", f"left by killed commands: {names}", f"rm {names}")
