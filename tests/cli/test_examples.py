"""The examples of `--help`: two of each verb, and each runs in the sample pipeline."""

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipecli.cli.main import run
from pipecli.cli.manual import entries
from tests.conftest import REPLAYED
from tests.example_pipeline import prepare

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")


def test_every_verb_has_two_examples() -> None:
    verbs = [verb for noun in entries() for verb in noun.verbs]
    assert [verb.usage for verb in verbs if len(verb.examples) != 2] == []


@pytest.mark.usefixtures("drawn_once")
def test_every_example_runs(replayed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes something does so without the commit (`--dry-run`), so that one copy is enough for all."""
    root = tmp_path / "demo"
    monkeypatch.setenv("PIPECLI_TODAY", REPLAYED)
    monkeypatch.setenv("PIPECLI_USER", "ana")
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PIPECLI_CHANNEL", "json://127.0.0.1:9/")
    shutil.copytree(replayed, root)
    monkeypatch.chdir(root)

    def git(*words: str) -> None:
        subprocess.run(["git", *words], check=True, capture_output=True)

    def must(words: list[str]) -> None:
        assert run(words) == 0

    prepare(root, must)
    git("clone", "-q", "--bare", ".", str(tmp_path / "shared.git"))
    git("remote", "add", "origin", str(tmp_path / "shared.git"))
    git("fetch", "-q")
    git("branch", "-q", "--set-upstream-to=origin/main")
    assert run(["export", "--all", "backup"]) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    drafts = {}  # what takes an id alone names it by one that is made up
    for noun, made_up in (("quote", "QTN-2Q8XA"), ("invoice", "INV-4VQRZ")):
        with contextlib.redirect_stdout(io.StringIO()) as listed:
            assert run([noun, "list", "--status", "draft", "--format", "ids"]) == 0
        drafts[made_up] = listed.getvalue().split()[0]
    failed = {}
    for verb in [verb for noun in entries() for verb in noun.verbs]:
        for line in verb.examples:
            words = [drafts.get(word, word).replace("~/", f"{tmp_path}/") for word in shlex.split(line)[1:]]
            if words[0] == "undo" or "--sample" in words:
                continue  # of what one did oneself: tests/cli/test_undo.py; and what made all this
            if words[0] == "propose":  # what `sync` has shared isn't proposed
                assert run(["note", "hospital cafeteria", "They like it"]) == 0
            dry = ["--dry-run"] if verb.changes and "--dry-run" not in words else []
            printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
            with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
                code = run([*words, *dry])
            if code:
                failed[line] = printed.buffer.getvalue()[-300:]
    assert failed == {}
