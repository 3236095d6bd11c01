"""The environment of git: another repository's reaches no git of ours, a person's does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.store.git import OF_A_REPOSITORY, is_unborn, settings
from pipecli.store.git_commit import settings_of
from pipecli.store.git_remote import remote_names
from pipecli.store.location import location_at
from tests.conftest import Cli

Git = Callable[..., str]


def test_every_variable_that_this_git_calls_local_is_known(root: Path, git: Git) -> None:
    assert set(git("rev-parse", "--local-env-vars").split()) <= set(OF_A_REPOSITORY)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another repository, with a file, a remote and a linked worktree."""
    place = tmp_path / "app"
    place.mkdir()
    for command in (
        "init -q -b main", "remote add elsewhere /nowhere", "commit -q --allow-empty -m code",
        "worktree add -q ../linked -b linked",
    ):  # fmt: skip
        subprocess.run(["git", *command.split()], cwd=place, check=True)
    return place


def _state(place: Path) -> str:
    looks = ("rev-parse --all", "status --porcelain", "ls-files --stage", "count-objects")
    return "".join(
        subprocess.run(["git", *look.split()], cwd=place, check=True, capture_output=True, text=True).stdout
        for look in looks
    )


def test_a_change_is_committed_here_whatever_repository_the_environment_names(
    cli: Cli, git: Git, deal: Callable[..., Path], other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal()
    before, commits = _state(other), int(git("rev-list", "--count", "HEAD"))
    there = other / ".git"
    with monkeypatch.context() as patch:
        for name, value in {
            "GIT_DIR": there, "GIT_WORK_TREE": other, "GIT_INDEX_FILE": there / "index", "GIT_PREFIX": "src/",
            "GIT_OBJECT_DIRECTORY": there / "objects", "GIT_COMMON_DIR": there, "GIT_NAMESPACE": "tenant",
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.worktree", "GIT_CONFIG_VALUE_0": other,
            "GIT_CONFIG_PARAMETERS": f"'core.worktree={other}'", "GIT_QUARANTINE_PATH": there / "quarantine",
            "GIT_GRAFT_FILE": there / "grafts", "GIT_SHALLOW_FILE": there / "shallow",
            "GIT_GLOB_PATHSPECS": "1",
        }.items():  # fmt: skip
            patch.setenv(name, str(value))
        cli("opp", "set", "OPP-2Q8XA", "tags=a")
        assert "tags" in cli("history", "OPP-2Q8XA").out
        cli("check")
    assert int(git("rev-list", "--count", "HEAD")) == commits + 1
    assert git("status", "--porcelain") == ""
    assert _state(other) == before


def test_gitpython_asks_the_pipelines_repository_for_its_remotes(
    root: Path, git: Git, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("remote", "add", "origin", "/hub")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert remote_names(root) == ["origin"]
    assert os.environ["GIT_DIR"] == str(other / ".git")


def test_the_identity_of_the_person_stays(
    cli: Cli, git: Git, deal: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By variables of their own, or by the settings that a job of CI gives in GIT_CONFIG_COUNT."""
    deal()
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Luis Ortega")
    for name, value in {
        "COUNT": "2", "KEY_0": "committer.name", "VALUE_0": "The robot",
        "KEY_1": "core.bare", "VALUE_1": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    cli("opp", "set", "OPP-2Q8XA", "tags=a")
    assert git("log", "-1", "--format=%an, %cn") == "Luis Ortega, The robot"


ANA, LUIS, EVA = "ana@contoso.example", "luis@contoso.example", "eva@contoso.example"
NOTHING_SET = {"GIT_CONFIG_GLOBAL": os.devnull}


def test_a_process_asks_for_the_settings_again_where_a_file_of_them_has_changed(
    root: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location, of_person, included, trace = (
        location_at(root),
        *(tmp_path / name for name in ("a", "b", "trace")),
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(of_person))
    monkeypatch.setenv("GIT_TRACE", str(trace))

    def email() -> tuple[str, int]:
        """The author's address, and how many gits it takes to know it."""
        trace.write_text("")
        return settings_of(location)["author.email"], trace.read_text().count("built-in")

    assert email() == ("", 1)
    of_person.write_text(f"[user]\nemail = {ANA}\n")
    assert email() == (ANA, 1)
    assert email() == (ANA, 0)
    git("config", "user.email", LUIS)
    assert [email(), email()] == [(LUIS, 1), (LUIS, 0)]
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", EVA)
    assert [email(), email()] == [(EVA, 1), (EVA, 0)]
    monkeypatch.delenv("GIT_AUTHOR_EMAIL")
    included.write_text("")
    git("config", "include.path", str(included))
    assert email() == (LUIS, 1)
    included.write_text(f"[user]\nemail = {EVA}\n")
    assert [email(), email()] == [(EVA, 1), (EVA, 1)]


@pytest.mark.parametrize(
    ("configured", "environment", "who"),
    [
        ({}, {}, ANA),
        ({}, {"EMAIL": LUIS}, ANA),
        ({"author.email": LUIS}, {}, LUIS),
        ({"author.email": ""}, {}, ANA),
        ({"author.email": EVA}, {"GIT_AUTHOR_EMAIL": LUIS}, LUIS),
        ({}, {"GIT_AUTHOR_EMAIL": EVA}, EVA),
        ({}, {"GIT_AUTHOR_EMAIL": ""}, ""),
        ({"user.name": "Luis"}, {"EMAIL": LUIS, **NOTHING_SET}, LUIS),
        ({"user.name": "Luis", "user.email": ""}, {"EMAIL": LUIS, **NOTHING_SET}, ""),
    ],
)
def test_me_is_the_author_that_git_commits_with(
    cli: Cli, git: Git, deal: Callable[..., Path], root: Path, monkeypatch: pytest.MonkeyPatch,
    configured: dict[str, str], environment: dict[str, str], who: str,
) -> None:  # fmt: skip
    """By the variables and settings that git looks at, in its order: for whose a lead is, and for `undo`."""
    cli("user", "add", "luis", "--name", "Luis Gil", "--email", LUIS)
    file = deal()
    for name, value in configured.items():
        git("config", name, value)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cli("opp", "set", "OPP-2Q8XA", "tags=a")
    assert git("log", "-1", "--format=%ae") == settings(root)["author.email"] == who
    added = cli("lead", "add", "--name", "Blue Cup", "--format", "json").out
    assert json.loads(added).get("owner") == {ANA: "ana-ruiz", LUIS: "luis"}.get(who)
    cli("undo")
    cli("undo")
    assert "tags" not in file.read_text()


def test_a_damaged_repository_is_not_taken_for_the_one_around_it(
    root: Path, tmp_path: Path, cli: Cli
) -> None:
    """git looks above a .git that is none, and would commit in the repository of a home folder."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (root / ".git" / "HEAD").unlink()
    said = cli("customer", "add", "Nordwind", code=1)
    assert "not a git repository" in said.err
    assert not (tmp_path / ".git" / "refs" / "heads" / "main").exists()
    assert not list(root.glob("customers/*"))


@pytest.mark.parametrize(
    "command",
    [
        "report stale", "report velocity", "report funnel --stages", "dashboard --output d.html",
        "history OPP-2Q8XA", "diff", "changes --since 2026-11-01", "sync", "check", "check --base HEAD",
        "forecast --as-of HEAD", "opp set OPP-2Q8XA tags=a", "doctor",
    ],
)  # fmt: skip
def test_a_git_that_refuses_is_an_error_with_its_words(
    command: str,
    cli: Cli,
    deal: Callable[..., Path],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    deal()
    cli("history", "OPP-2Q8XA")  # what is cached answers nothing in git's place
    broken = tmp_path / "gitconfig"
    broken.write_text("[user\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(broken))
    said = cli(*command.split(), code=1)
    assert "bad config line 1" in said.err + said.out


def test_a_head_that_git_cannot_read_is_no_empty_history(
    root: Path, cli: Cli, deal: Callable[..., Path]
) -> None:
    deal()
    (root / ".git" / "refs" / "heads" / "main").write_text("damaged\n")
    for command in (["history", "OPP-2Q8XA"], ["report", "velocity"], ["doctor"]):
        said = cli(*command, code=1)
        assert "branch main is damaged, git's log of it ends with commit " in said.err + said.out


def test_a_repository_without_commits_is_told_as_one(root: Path, cli: Cli, git: Git) -> None:
    git("update-ref", "-d", "HEAD")
    assert is_unborn(root)
    assert "no commit yet" in cli("diff", code=1).err
    cli("report", "velocity")


def test_a_git_that_is_gone_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in cli("check", code=1).err
    (tmp_path / "git").write_text("not for me")
    assert "git can't be started" in cli("check", code=1).err


def test_a_pipeline_is_not_made_inside_a_repository_that_git_refuses(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "gitconfig"
    broken.write_text("[user\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(broken))
    assert "bad config line 1" in cli("init", str(tmp_path / "new"), code=1).err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["i18n.logOutputEncoding", "i18n.commitEncoding"])
@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1"])
def test_the_encoding_that_a_person_has_git_write_in_is_not_ours(
    cli: Cli, git: Git, deal: Callable[..., Path], name: str, encoding: str
) -> None:
    deal()
    git("config", name, encoding)
    made = cli("opp", "add", "Mühle für María", "--format", "ids").out.strip()
    assert "add Mühle für María" in cli("history", made, "--format", "json").out
    assert cli("undo").out.startswith(f"{made}: undo add Mühle für María")
    git("config", "--unset", name)
    assert git("log", "-1", "--format=%s").endswith("undo add Mühle für María")
