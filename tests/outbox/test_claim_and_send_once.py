"""Claims: of several machines that want to send the same, one may."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox.claim_and_send_once import Claims, Unreachable
from pipecli.store.location import find_location

TODAY = date(2026, 11, 21)
Git = Callable[..., str]


@pytest.fixture
def clones(root: Path, git: Git, tmp_path: Path) -> list[Path]:
    """Three clones that share a bare repository on disk."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "shared.git"], check=True)
    found = [tmp_path / name for name in ("one", "two", "three")]
    for clone in found:
        shutil.copytree(root, clone)
        with (clone / ".git" / "config").open("a") as config:
            config.write(f'[remote "origin"]\n\turl = {tmp_path}/shared.git\n')
    return found


def claims_in(clone: Path, keep: int = 3) -> Claims:
    location = find_location(clone)
    return Claims(location, "remind", keep=keep)


def test_what_one_clone_has_claimed_no_other_gets(clones: list[Path]) -> None:
    one, two, _ = map(claims_in, clones)

    assert one.claim(["a", "b"], "one", TODAY) == {"a", "b"}
    assert two.claim(["b", "c"], "two", TODAY) == {"c"}
    assert one.claim(["a", "b", "c"], "one", TODAY) == set()
    assert one.claim(["a", "c"], "one", TODAY, pending={"a", "c"}) == {"a"}
    assert two.known() == {"a": "one", "b": "one", "c": "two"}


def test_a_claim_that_is_lost_here_is_no_leave_to_send_again(root: Path, git: Git) -> None:
    claims = claims_in(root)
    assert claims.claim(["a"], "one", TODAY) == {"a"}
    id_ = git("rev-parse", f"{claims.ref}:{TODAY}")
    (root / ".git/objects" / id_[:2] / id_[2:]).unlink()
    with pytest.raises(PipecliError, match="the history is damaged here"):
        claims.claim(["a"], "two", TODAY)


KEYS = [f"k{number}" for number in range(6)]


def _claimed(clone: Path) -> list[str]:
    claims = claims_in(clone)
    return [key for key in KEYS if claims.claim([key], clone.name, TODAY)]


def test_clones_that_claim_at_once_share_what_there_is(clones: list[Path]) -> None:
    # processes, as those of cron: threads would share what one process keeps open
    with ProcessPoolExecutor(len(clones), get_context("fork")) as pool:
        got = [key for found in pool.map(_claimed, clones) for key in found]

    assert sorted(got) == KEYS


def test_what_could_not_be_sent_is_free_for_the_others(clones: list[Path]) -> None:
    one, two, _ = map(claims_in, clones)
    one.claim(["a", "b"], "one", TODAY)

    one.give_back(["a"], "one", TODAY)
    two.give_back(["b"], "two", TODAY)  # which is not theirs

    assert two.claim(["a", "b"], "two", TODAY) == {"a"}


def test_old_days_are_forgotten(clones: list[Path], git: Git) -> None:
    one = claims_in(clones[0], keep=2)
    for days in range(3):
        one.claim([f"k{days}"], "one", TODAY + timedelta(days=days))

    assert set(one.known()) == {"k1", "k2"}


def test_the_records_and_branches_are_as_they_were(root: Path, git: Git) -> None:
    before = git("rev-parse", "HEAD"), git("status", "--porcelain"), git("branch", "--all")

    claims_in(root).claim(["a"], "one", TODAY)

    assert (git("rev-parse", "HEAD"), git("status", "--porcelain"), git("branch", "--all")) == before
    assert git("show", "refs/pipecli/claims/remind:2026-11-21") == "a one"
    assert git("rev-list", "--count", "refs/pipecli/claims/remind") == "1"
    assert git("fsck", "--strict") == ""


def test_each_pipeline_of_a_repository_has_its_own(root: Path, git: Git) -> None:
    inner = root / "sales.eu" / "north~1"
    inner.mkdir(parents=True)
    (inner / "pipecli.yaml").write_text((root / "pipecli.yaml").read_text())

    assert claims_in(root).claim(["a"], "one", TODAY) == {"a"}
    assert claims_in(inner).claim(["a"], "one", TODAY) == {"a"}
    assert git("for-each-ref", "--format=%(refname)", "refs/pipecli").splitlines() == [
        "refs/pipecli/claims/in/sales%2Eeu%2Fnorth%7E1/remind",
        "refs/pipecli/claims/remind",
    ]


def test_a_remote_that_cant_be_reached_is_said(clones: list[Path], tmp_path: Path) -> None:
    one = claims_in(clones[0])
    one.claim(["a"], "one", TODAY)
    (tmp_path / "shared.git").rename(tmp_path / "moved.git")

    with pytest.raises(Unreachable, match="origin can't be reached") as refused:
        one.claim(["b"], "one", TODAY)

    assert "--alone" in str(refused.value)
    assert one.known(offline=True) == {"a": "one"}


def test_a_password_is_not_said_whatever_letters_it_has(root: Path, git: Git) -> None:
    git("remote", "add", "origin", "https://ana:se/cr@t@127.0.0.1:1/shared.git")

    with pytest.raises(Unreachable, match=r"://127\.0\.0\.1:1/shared") as refused:
        claims_in(root).known()

    assert re.findall("ana|se/|cr@|t@", str(refused.value)) == []


def test_a_remote_that_takes_nothing_is_said(clones: list[Path], tmp_path: Path) -> None:
    hook = tmp_path / "shared.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'only branches here' >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(PipecliError, match="origin refused the claim, and nothing is done") as refused:
        claims_in(clones[0]).claim(["a"], "one", TODAY)

    assert "only branches here" in str(refused.value)


def test_the_users_own_push_hook_is_not_asked(clones: list[Path]) -> None:
    hook = clones[0] / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    assert claims_in(clones[0]).claim(["a"], "one", TODAY) == {"a"}


def test_nonsense_in_the_ref_is_passed_over(root: Path, git: Git) -> None:
    commit = git("rev-parse", "HEAD")  # whose tree has files and folders
    git("update-ref", "refs/pipecli/claims/remind", commit)

    assert claims_in(root).claim(["a"], "one", TODAY) == {"a"}
    assert git("ls-tree", "--name-only", "refs/pipecli/claims/remind") == "2026-11-21"
