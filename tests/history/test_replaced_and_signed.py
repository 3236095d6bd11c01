"""History isn't another unnoticed: replaced objects, grafts, other committers, signatures."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.store.location import find_location
from pipecli.sync.plan_merge import commit_merge
from tests.conftest import Cli

Git = Callable[..., str]
DEAL = "OPP-2Q8XA"


@pytest.mark.parametrize("how", ["replace", "graft"])
def test_a_replaced_history_is_read_as_it_was_committed(
    how: str, root: Path, cli: Cli, git: Git, deal: Callable[..., Path]
) -> None:
    deal()
    cli("opp", "set", DEAL, "amount=100")
    cli("opp", "set", DEAL, "amount=200")
    before = cli("history", DEAL).out
    assert "→ 100" in before
    if how == "replace":
        git("replace", "--graft", "HEAD", "HEAD~2")  # without the step to 100
        note = "this clone replaces 1 object"
    else:
        (root / ".git" / "info").mkdir(exist_ok=True)
        (root / ".git" / "info" / "grafts").write_text(
            f"{git('rev-parse', 'HEAD')} {git('rev-parse', 'HEAD~2')}\n"
        )
        note = "this clone grafts parents"
    for cache in ("warm", "cold"):
        if cache == "cold":
            shutil.rmtree(root / ".git" / "pipecli")
        said = cli("history", DEAL)
        assert said.out == before
        assert note in said.err
    for command in (
        "report velocity", "forecast --as-of HEAD", "changes --since HEAD~1", "diff HEAD~1", "check",
    ):  # fmt: skip
        assert note in cli(*command.split()).err, command
    assert note in cli("doctor").out
    git("worktree", "add", "-q", "--detach", "../beside")
    assert note in cli("-C", str(root.parent / "beside"), "history", DEAL).err


def test_a_linked_work_tree_on_a_ref_of_its_own_reads_that_one(
    root: Path, cli: Cli, git: Git, deal: Callable[..., Path]
) -> None:
    deal()
    git("update-ref", "refs/worktree/mine", "HEAD")
    git("worktree", "add", "-q", "--detach", "../beside")
    cli("-C", str(root.parent / "beside"), "opp", "set", DEAL, "amount=100")
    for words in ("update-ref refs/worktree/mine HEAD", "symbolic-ref HEAD refs/worktree/mine"):
        git("-C", "../beside", *words.split())
    assert "→ 100" in cli("-C", str(root.parent / "beside"), "history", DEAL).out

    (root / ".git" / "refs" / "heads" / "main").write_text(f"{git('rev-parse', 'HEAD:pipecli.yaml')}\n")
    said = cli("opp", "list", "--as-of", "2026-11-01", code=1).err
    assert said.startswith("error: git can't read HEAD")


def test_who_committed_what_another_wrote_is_told(cli: Cli, git: Git, deal: Callable[..., Path]) -> None:
    deal()
    git("commit", "-q", "--amend", "--no-edit", "--author=Luis Ortega <luis@contoso.example>")
    assert "Luis Ortega  " in cli("history", DEAL).out
    assert "committed by Ana Ruiz <ana@contoso.example>" in cli("history", DEAL).out
    (entry,) = json.loads(cli("history", DEAL, "--format", "json").out)
    assert (entry["author"], entry["committer"]) == ("Luis Ortega", "Ana Ruiz <ana@contoso.example>")


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="signs with ssh")
def test_signatures_are_told_and_can_be_required(
    cli: Cli, git: Git, deal: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"ana@contoso.example {key.with_suffix('.pub').read_text()}")
    for name, value in {"gpg.format": "ssh", "user.signingKey": key, "commit.gpgSign": "true"}.items():
        git("config", name, str(value))
    deal()
    cli("opp", "set", DEAL, "tags=a")
    assert "can't be checked" in cli("history", DEAL, "--signatures").out  # no key is known here
    assert "without a good signature" in cli("check", "--base", "HEAD~1", "--require-signed", code=1).err
    git("config", "gpg.ssh.allowedSignersFile", str(signers))
    assert "signed by ana@contoso.example (good)" in cli("history", DEAL, "--signatures").out
    assert "signed by" not in cli("history", DEAL).out
    cli("check", "--base", "HEAD~1", "--require-signed")
    tree = git("rev-parse", "HEAD^{tree}")
    merge = commit_merge(find_location(root), tree, shared="HEAD~1", ours="HEAD", message="Sync")
    assert "gpgsig" in git("cat-file", "commit", merge)
    git("config", "commit.gpgSign", "false")
    cli("opp", "set", DEAL, "tags=b")
    commit = git("rev-parse", "--short=7", "HEAD")
    said = cli("check", "--base", "HEAD~1", "--require-signed", code=1)
    assert f"1 commit of 1 since HEAD~1 without a good signature: {commit} (not signed)" in said.err
    assert f"--no-edit -S' {git('rev-parse', '--short=7', 'HEAD~1')}`)" in said.err
    newest, signed, _ = (
        json.loads(line)
        for line in cli("history", DEAL, "--signatures", "--format", "jsonl").out.splitlines()
    )
    assert newest["signature"] is None
    assert signed["signature"] == {"state": "good", "signer": "ana@contoso.example"}
    assert "not signed" in cli("history", DEAL, "--signatures", "--format", "csv").out
    cli("check", "--require-signed", code=2)
