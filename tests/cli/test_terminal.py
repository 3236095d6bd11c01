"""Nothing that files, names, refs, commits or remotes say does anything to a terminal but show."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests.by_hand import commit, write
from tests.conftest import Cli

Git = Callable[..., str]
RAW = ("\x1b", "\x9b", "\x07", "\u202e", "\u202d", "\u2066")
EVIL = "\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066"
DEAL = "OPP-2Q8XA"


@pytest.fixture
def hostile(root: Path, git: Git, deal: Callable[..., Path]) -> None:
    """A deal, a broken file, a branch and a commit whose words would colour, retitle and turn a terminal."""
    file = deal()
    text = file.read_text().replace("title: Espresso", 'title: "\\u202eossepsE\\u2066')
    file.write_text(text.replace(" machines", ' machines"') + 'notes: "\\u202e"\ntags: ["\\u202eq4"]\n')
    lead = f"leads/2026/LEAD-2Q8XA-{EVIL}.yaml"
    write(root, {lead: f"id: [\n# {EVIL}"})
    names = [file.relative_to(root).as_posix(), lead]
    commit(root, names, f"A message {EVIL}\n\nand its body {EVIL}")
    git("branch", "evil-\u202egnp")


@pytest.mark.parametrize(
    "command",
    [
        f"opp show {DEAL}", "opp list", "opp list --format csv", "opp list --format tsv",
        "opp list --format json",
        "opp list --format jsonl", "opp list --format markdown", f"history {DEAL}", "diff HEAD~1", "check",
        "diff HEAD~1 --format markdown", "diff evil-\u202egnp~1..evil-\u202egnp", "lead list",
        "forecast", "check --base evil-\u202egnp", "forecast --as-of evil-\u202egnp", "opp board", "doctor",
        f"opp set {DEAL} tags=a", f"opp set {DEAL} title=Plain --dry-run", "sync", "sql SELECT(1)",
        f"opp show {EVIL}", "customer show \u202egnp", f"history {EVIL}", f"diff {EVIL}",
        f"opp list --where {EVIL}", f"opp set {DEAL} stage={EVIL}", f"settings set {EVIL}=1",
        "changes --since HEAD~1",
        f"opp won {DEAL} --dry-run", f"forecast --as-of {EVIL}", f"opp list --owner {EVIL}",
    ],
)  # fmt: skip
def test_no_verb_passes_it_on(
    command: str, root: Path, hostile: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the verb ends with."""
    capsys.readouterr()
    code = run(["-C", str(root), *command.split(" ")])
    out, err = capsys.readouterr()
    assert code in (0, 1, 2)
    assert [sign for sign in RAW if sign in out + err] == []


def test_an_export_has_all_its_signs_in_a_file_and_none_that_turns_text_on_a_terminal(
    cli: Cli, hostile: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\u202e" in cli("export", "opportunities").out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\u202e" not in cli("export", "opportunities").out


def test_the_words_of_a_remote_do_nothing(
    root: Path, cli: Cli, git: Git, deal: Callable[..., Path], tmp_path: Path
) -> None:
    hub = tmp_path / "hub.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(root), str(hub)], check=True)
    hook = hub / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf '\\033]0;owned\\007 no \\342\\200\\256 way\\n' >&2\nexit 1\n")
    hook.chmod(0o755)
    git("remote", "add", "origin", str(hub))
    deal()
    said = cli("sync", code=1)
    assert "no · way" in said.err
    assert [sign for sign in RAW if sign in said.out + said.err] == []


def test_what_a_record_says_closes_no_issue_of_a_code_host(cli: Cli, git: Git) -> None:
    """A subject is pushed, and a host reads it; what a person says of their own is theirs."""
    cli("customer", "add", "Closes #2, GL-3 and acme/shop#4 @everyone", "-m", "Fixes #10")
    message = git("log", "-1", "--format=%B")
    assert not re.search(r"[Cc]loses #\d|GL-\d|shop#\d|@everyone", message)
    assert "Fixes #10" in message
    (key,) = cli("customer", "list", "--format", "ids").out.split()
    cli("customer", "set", key, 'name=_www.evil.example %"x" ~"y" gh-5')
    row = cli("customer", "list", "--format", "markdown").out
    assert not re.search(r'www\.|gh-\d|%"|~"', row)
