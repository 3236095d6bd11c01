"""git as a program: what becomes of it when this one ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipecli.merge_versions.merge_file import merge_lines
from pipecli.store import git, git_remote
from pipecli.store.location import location_at

CALL = """\
from pathlib import Path
from pipecli.store.power_cut_and_killed_git import carry_through
carry_through(Path("."), "-c", "alias.slow=!touch begun; sleep 0.2; echo said; touch ended", "slow")
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_checkout_goes_on_when_this_program_is_killed(root: Path, how: signal.Signals) -> None:
    """In a terminal that is closed, too: the whole group is killed, and nobody reads what git says."""
    program = subprocess.Popen(
        [sys.executable, "-c", CALL],
        cwd=root, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _wait_for(root / "begun")
    os.killpg(program.pid, how)
    program.communicate()
    assert program.returncode
    _wait_for(root / "ended")


def _wait_for(file: Path) -> None:
    for _ in range(500):
        if file.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{file} is not there")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script is no program there")
def test_half_an_answer_of_a_killed_git_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the lines of a merge, say, which are then neither side's."""
    (program := tmp_path / "git").write_text("#!/bin/sh\necho half an answer\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(git.GitRefused, match=r"^git was stopped: Killed; try again$"):
        merge_lines(b"one\n", b"two\n", b"three\n")


def test_the_version() -> None:
    assert git.version(Path()) >= (2, 30)


@pytest.mark.parametrize(
    ("code", "printed", "errors", "words"),
    [
        (1, b"no ticket\n", b"", "no ticket"),
        (1, b"", b"", "git ended with 1"),
        (1, b"no", b"error: it's locked\nhint: wait\n\nfatal: gone\n", "error: it's locked / fatal: gone"),
        (-9, b"half of\n", b"", "git was stopped: Killed"),
    ],
)
def test_why_git_failed_is_told_without_its_hints(
    code: int, printed: bytes, errors: bytes, words: str
) -> None:
    """A hook may have said it on its own output; what a killed git had printed by then is no reason."""
    assert git.words_of(subprocess.CompletedProcess([], code, printed, errors)) == words


def test_a_ctrl_c_before_git_is_asked_leaves_no_traceback_of_the_thread_that_asks(tmp_path: Path) -> None:
    with (tmp_path / "pipe").open("wb") as pipe:
        pass
    git._ask(pipe, ["0" * 40])


def test_objects_are_given_up_to_a_size_and_an_end_in_the_middle_is_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for number, content in enumerate((b"five!", b"four")):
        (tmp_path / f"{number}").write_bytes(content)
        ids.append(git.output(root, "hash-object", "-w", str(tmp_path / f"{number}")))
    nothing = "0" * 40
    for largest, contents in ((5, [b"five!", None, b"four"]), (4, [None, None, b"four"])):
        given = [*git.objects(root, [ids[0], nothing, ids[1]], largest)]
        assert [(one.content, one.size) for one in given] == list(zip(contents, (5, 0, 4), strict=True))
        assert [*git.objects(root, ids, largest)] == given[::2]  # read without git
    assert [*git.objects(root, [], 5)] == []

    program = tmp_path / "git"
    program.write_text(
        f"""#!/bin/sh
case "$*" in *cat-file*) read id; printf '%s blob 9\\ncut' "$id"; exit;; esac
exec {shutil.which("git")} "$@"
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    file = root / ".git" / "objects" / ids[1][:2] / ids[1][2:]
    file.chmod(0o600)
    file.write_bytes(b"not zlib")
    cut_off = git.objects(root, [nothing, ids[1]], 9)
    assert next(cut_off).content is None
    with pytest.raises(git.GitRefused, match=f"git ended before it gave {ids[1]}"):
        next(cut_off)


def test_a_partial_clone_without_its_remote_says_what_it_lacks(root: Path, tmp_path: Path) -> None:
    git.run(root, "config", "uploadpack.allowFilter", "true")
    words = ("--quiet", "--no-checkout", "--filter=blob:none", root.as_uri(), "partial")
    assert not git.run(tmp_path, "clone", *words).returncode
    git.run(tmp_path / "partial", "remote", "set-url", "origin", "../nowhere")
    id_ = git.id_of(root, "HEAD:pipecli.yaml")
    with pytest.raises(git.GitRefused, match=f"gave {id_}: .* promisor remote; have its remote answer"):
        next(git.objects(tmp_path / "partial", [str(id_)], 9999))


def test_what_git_refuses_and_a_folder_that_is_gone_are_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(git.GitRefused, match="unknown revision"):
        git.log(root, "nowhere")
    with pytest.raises(git.GitRefused, match="gone is gone"):
        git.run(tmp_path / "gone", "status")
    git.run(root, "remote", "add", "hub", "..")
    git.run(root, "checkout", "--quiet", "--detach")
    location = location_at(root)
    assert git_remote.shared_remote(location) == "hub"
    git.run(root, "remote", "add", "acme", "..")
    assert git_remote.shared_remote(location) == "acme"  # the first of them
    git.run(root, "remote", "add", "origin", "..")
    assert git_remote.shared_remote(location) == "origin"
    git.run(root, "checkout", "--quiet", "main")
    git.run(root, "config", "branch.main.remote", "hub")
    assert git_remote.shared_remote(location) == "hub"


def test_git_asks_for_a_password_only_where_somebody_can_answer(root: Path, monkeypatch) -> None:
    location, tell = location_at(root), ("-c", "alias.tell=!env", "tell")
    for stdin, is_silent in (
        (SimpleNamespace(isatty=lambda: True), False),
        (SimpleNamespace(isatty=lambda: False), True),
        (None, True),
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        told = git_remote.talk_to_remote(location, *tell).stdout
        assert (b"GIT_TERMINAL_PROMPT=0" in told) == is_silent


@pytest.mark.parametrize(
    ("why", "words"),
    [("[remote rejected] (failed to lock)", "not now"), ("[remote rejected] (hook declined)", "")],
)
def test_a_race_is_lost_by_what_git_says_of_the_ref_not_of_the_remote(why: str, words: str) -> None:
    pushed = f"To /srv/fetch first.git\n!\tmain:main\t{why}\nDone\n".encode()
    done = subprocess.CompletedProcess([], 1, pushed, b"remote: not now\n")
    assert git_remote.race_lost(done) == words


def test_a_git_too_old_for_what_is_asked_is_told(root: Path) -> None:
    with pytest.raises(
        git.GitRefused, match=r"this git is too old: .*unheard-of.*; install git 2\.25 or later"
    ):
        git.run(root, "ls-files", "--unheard-of")
    assert git.commit_of(root, "--all") is None
    blob = git.raw(root, "hash-object", "-w", "--stdin", stdin=b"a note").decode().strip()
    git.raw(root, "tag", "note", blob)
    assert git.commit_of(root, "note") is None  # a tag of something else is whole, and no commit


def test_an_object_longer_than_it_says_is_not_taken_for_the_next(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    ids = [
        git.raw(tmp_path, "hash-object", "-w", "--stdin", stdin=b"x\n" * n).decode().strip()
        for n in (9, 8, 7)
    ]
    file = tmp_path / ".git/objects" / ids[0][:2] / ids[0][2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"blob 12\0" + b"x\n" * 9))
    with pytest.raises(git.GitRefused, match="git fsck"):
        list(git.objects(tmp_path, ids, 100))


def test_a_git_that_is_slow_to_read_gets_all_that_it_is_given(root, monkeypatch):
    monkeypatch.setattr("pipecli.store.git.SLOW", 0.1)
    slow = [sys.executable, "-c", "import sys, time; time.sleep(0.5); print(len(sys.stdin.read()))"]
    pipe = subprocess.PIPE
    with subprocess.Popen(slow, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        said, _ = git.ended(process, root, b"x" * 1_000_000)
    assert said.strip() == b"1000000"
