"""Making a pipeline; or leaving the directory as it was."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipecli.cli.main import run
from pipecli.store.create_pipeline import local_timezone


@pytest.fixture
def anonymous(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """git knows nobody's name, and guesses none."""
    (tmp_path / "gitconfig").write_text("[user]\n    useConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))


@pytest.mark.parametrize("way", ["new", "there/../new", "link/new"])
def test_without_a_git_identity_nothing_is_left(anonymous, tmp_path, capsys, way):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)

    assert run(["init", str(tmp_path / way)]) == 1
    assert capsys.readouterr().err.startswith("error: git doesn't know who you are")
    assert not (tmp_path / "new").exists()


def test_a_directory_with_other_files_keeps_them(anonymous, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "note.txt").write_text("mine")

    assert run(["init", str(tmp_path / "old")]) == 1
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["note.txt"]
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path / "old", check=True)
    assert run(["init", str(tmp_path / "old")]) == 1
    assert {path.name for path in (tmp_path / "old").iterdir()} == {"note.txt", ".git"}


@pytest.mark.parametrize(
    ("room", "said"),
    [(10, "nothing is changed: git was stopped: File size limit exceeded"), (10_000, "File too large")],
)
def test_on_a_full_disk_nothing_is_left(tmp_path, room, said):
    """A limit on the size of files stands in for it: `git init` fails, then a schema."""
    (tmp_path / "old").mkdir()
    for name in ("old", "new"):
        done = subprocess.run(
            [sys.executable, "-m", "pipecli", "init", str(tmp_path / name)],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert [*(tmp_path / "old").iterdir()] == [] and not (tmp_path / "new").exists()


def test_a_git_killed_while_it_makes_the_repository_leaves_no_half_of_one(tmp_path):
    git, wrapper = shutil.which("git"), tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        "#!/bin/sh\n"
        'case "$*" in *init*) mkdir .git && touch .git/HEAD.lock && kill -9 $PPID; exit 1;; esac\n'
        f'exec {git} "$@"\n'
    )
    wrapper.chmod(0o755)
    command = [sys.executable, "-m", "pipecli", "init", str(tmp_path / "new")]
    path = f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL and not (tmp_path / "new/.git").exists()

    assert run(["init", str(tmp_path / "new")]) == 0
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path / "new", capture_output=True)
    assert (status.returncode, status.stdout) == (0, b"")
    assert not list((tmp_path / "new").glob("..git*"))


@pytest.mark.parametrize("code", ["XQZ", "euro"])
def test_a_currency_that_there_is_not_is_refused(tmp_path, capsys, code):
    assert run(["init", str(tmp_path / "new"), "--currency", code]) == 1
    assert capsys.readouterr().err == (
        f'error: --currency: "{code}" isn\'t a currency of ISO 4217; write its code, such as EUR\n'
    )
    assert not (tmp_path / "new").exists()


def test_a_pipeline_has_a_page_for_agents_as_the_sample_has(root, tmp_path):
    page = (root / "AGENTS.md").read_text(encoding="utf-8")
    assert page == (Path(__file__).parents[2] / "sample-pipeline" / "AGENTS.md").read_text(encoding="utf-8")
    assert len(page.splitlines()) < 60
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "AGENTS.md").write_text("mine")
    assert run(["init", str(tmp_path / "old")]) == 0
    assert (tmp_path / "old" / "AGENTS.md").read_text() == "mine"


def test_why_git_makes_no_repository_is_told_in_its_words(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GIT_DEFAULT_HASH", "none")
    assert run(["init", str(tmp_path / "new")]) == 1
    said = "git could not make a repository, nothing is changed: fatal: unknown hash algorithm 'none'"
    assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_new_pipeline_outlasts_a_power_cut(home, tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[user]\nname = Ana\nemail = ana@contoso.example\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))  # where the tests give it up
    fsync, hardened = os.fsync, set()

    def look(handle):
        hardened.add(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", look)
    assert run(["init", str(tmp_path / "new")]) == 0
    root = tmp_path / "new"
    made = (root, root / ".git", root / ".git/HEAD", root / ".git/config")
    assert {file.stat().st_ino for file in made} <= hardened


@pytest.mark.parametrize(
    ("named", "link", "zone"),
    [
        ("Asia/Tokyo", "/usr/share/zoneinfo/Europe/Madrid", "Asia/Tokyo"),
        (":/etc/localtime", "/usr/share/zoneinfo/Europe/Madrid", "Europe/Madrid"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "/usr/share/zoneinfo/Europe/Madrid", "Europe/Madrid"),
        ("CET-1CEST", "/etc/localtime", "UTC"),
        ("", "/usr/share/zoneinfo/UTC", "UTC"),
    ],
)
def test_a_pipeline_begins_in_the_timezone_of_its_machine(monkeypatch, named, link, zone):
    monkeypatch.setenv("TZ", named)
    monkeypatch.setattr(os.path, "realpath", lambda _: link)
    assert local_timezone() == zone


def test_the_first_user_is_the_author_that_git_commits_with(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Luis Gil")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "luis@contoso.example")
    (tmp_path / "new/.git/objects").mkdir(parents=True)  # half of a repository, of another's git
    assert run(["init", str(tmp_path / "new")]) == 0
    assert (
        "  luis-gil:\n    name: Luis Gil\n    email: luis@contoso.example\n"
        in (tmp_path / "new" / "pipecli.yaml").read_text()
    )
