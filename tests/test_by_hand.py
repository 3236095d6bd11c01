"""What a story commits by hand is what git would commit, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import by_hand
from tests.conftest import DEAL, copied

NAMES = ["opportunities/2026/a deal.yaml", "opportunities.txt", "opportunities-2/é.yaml", "AGENTS.md"]

MESSAGE = "by hand\n\nAnd why."


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def state(root: Path) -> list[str]:
    """What git says of the files, of its objects, of the last commit and of the way there."""
    return [
        git(root, "status", "--porcelain"),
        git(root, "fsck", "--strict", "--no-dangling"),
        git(root, "log", "-2", "--format=%T %an <%ae> %cn <%ce> %B", "--raw", "--no-abbrev"),
        git(root, "reflog", "-1", "--format=%gs %gd"),
        git(root, "ls-files", "--stage"),
    ]


def test_a_commit_by_hand_is_what_git_makes(founded: Path, tmp_path: Path) -> None:
    roots = [copied(founded, tmp_path / name) for name in ("by-hand", "by-git")]
    for text in ("one\n", "two\n"):
        for root in roots:
            files = {name: f"{text}{name}\n" for name in NAMES}
            if root == roots[0]:
                by_hand.write_and_commit(root, files, MESSAGE)
                continue
            by_hand.write(root, files)
            git(root, "add", "--", *files)
            git(root, "commit", "-q", "-m", MESSAGE, "--", *files)
    assert state(roots[0]) == state(roots[1])
    assert state(roots[0])[0] == ""


@pytest.mark.parametrize("more", ["hook", "staged", "author", "detached"])
def test_what_git_would_do_more_git_does(root: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    if more == "hook":
        (root / ".git/hooks/pre-commit").write_text("#!/bin/sh\nexec touch ran\n")
        (root / ".git/hooks/pre-commit").chmod(0o755)
    elif more == "staged":
        (root / "beside.txt").write_text("beside\n")
        git(root, "add", "beside.txt")
    elif more == "author":
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Luis")
    else:
        git(root, "checkout", "-q", "--detach")
    by_hand.write_and_commit(root, {NAMES[0]: DEAL.format(id="OPP-2Q8XA", title="A")})
    told = (
        git(root, "status", "--porcelain"),
        git(root, "log", "-1", "--format=%an", "--name-only").split("\n"),
    )
    left = {"hook": "?? ran\n", "staged": "A  beside.txt\n"}.get(more, "")
    assert told == (left, ["Luis" if more == "author" else "Ana Ruiz", "", NAMES[0], ""])
