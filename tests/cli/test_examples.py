"""The examples of `--help`: two of each verb, and each runs in the sample pipeline."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from pipecli.cli.main import run
from pipecli.cli.manual import commands, entries
from tests import example_files
from tests.conftest import REPLAYED, copied
from tests.mail_server import mail_server

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")


def test_every_verb_has_two_examples_that_fit_a_terminal() -> None:
    verbs = [verb for noun in entries() for verb in noun.verbs]
    assert [verb.usage for verb in verbs if len(verb.examples) != 2] == []
    assert [line for verb in verbs for line in verb.examples if len(line) > 78] == []


def test_the_help_of_every_noun_and_verb_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    verbs = [words.split() for words, _ in commands()]
    faulty = {}
    for path in sorted(
        {tuple(verb[:length]) for verb in (*verbs, ["import", "KIND"]) for length in range(1, 4)}
    ):
        assert run([*path, "--help"]) == 0
        usage, *lines = capsys.readouterr().out.splitlines()
        if wrong := [line for line in lines if len(line) > 80 or line.endswith("...")] or "  " in usage:
            faulty[path] = wrong
    assert faulty == {}


def files_in(folder: Path | str) -> Iterator[tuple[str, int, int]]:
    """The files that are there, each with its inode and the time of its last change.

    Without what pipecli keeps to answer faster.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                about = entry.stat(follow_symlinks=False)
                yield entry.path, about.st_ino, about.st_ctime_ns
            elif not entry.path.endswith("/.git/pipecli"):
                yield from files_in(entry.path)


def clear(folder: Path, kept: Set[str]) -> None:
    """Remove what is not kept: files, folders that hold none, and what pipecli notes to answer faster."""
    above: set[str] = set()
    for path in kept:
        while (path := path.rpartition("/")[0]) not in above:
            above.add(path)
    for here, folders, names in os.walk(folder):
        for name in [*folders]:
            if f"{here}/{name}" not in above:
                folders.remove(name)
                shutil.rmtree(f"{here}/{name}")
        for name in names:
            if f"{here}/{name}" not in kept:
                Path(here, name).unlink()


@pytest.mark.usefixtures("drawn_once", "warm_calls")
def test_every_example_runs(replayed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in the sample as it was, with files of Ana's, a server and a remote that lacks her last commit.

    After an example that has changed a file, a ref or what is staged, the next has all of that as it was.
    """
    monkeypatch.setenv("PIPECLI_TODAY", REPLAYED)
    monkeypatch.setenv("PIPECLI_USER", "ana")
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PIPECLI_CHANNEL", "json://127.0.0.1:9/")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))

    def typed(line: str) -> tuple[int, str]:
        """The exit code and what is printed, `$(...)` being what that prints."""
        line = re.sub(r"\$\((.*)\)", lambda inner: typed(inner[1])[1], line)
        printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
            code = run([word.replace("~/", f"{tmp_path}/") for word in shlex.split(line)[1:]])
        return code, printed.buffer.getvalue().decode()

    made = tmp_path / "made"
    made.mkdir()
    sample = copied(replayed, made / "demo")
    example_files.write(sample)
    monkeypatch.chdir(sample)
    assert typed("pipecli export --all backup")[0] == 0
    for words in (
        "repack -adq",  # few files to copy, not a thousand
        "clone -q --bare . ../shared.git",
        "-C ../shared.git update-ref refs/heads/main HEAD~1",
        "remote add origin ../shared.git",
        "fetch -q",
        "branch -q --set-upstream-to=origin/main",
    ):
        subprocess.run(["git", *words.split()], check=True, capture_output=True)
    failed = {}
    lines = [line for noun in entries() for verb in noun.verbs for line in verb.examples]
    lines.remove("pipecli init --sample demo")  # which made all this
    with mail_server() as server:
        monkeypatch.setenv("PIPECLI_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("PIPECLI_SMTP_PORT", str(server.port))
        monkeypatch.setenv("PIPECLI_SMTP_SECURITY", "none")
        own = copied(made, tmp_path / "own")
        before = {*files_in(own)}
        for line in lines:
            if (present := {*files_in(own)}) != before:
                kept = {file for file, *_ in before & present}
                clear(own, kept)
                before = {*files_in(copied(made, own, kept))}
            monkeypatch.chdir(own / "demo")
            code, printed = typed(line)
            if code:
                failed[line] = printed[-300:]
    assert failed == {}
