"""A repository whose objects have names of 64 letters: `git init --object-format=sha256`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli

Git = Callable[..., str]


@pytest.fixture
def root(home: Path, tmp_path: Path) -> Path:
    """A pipeline of that kind, in place of the usual one."""
    from pipecli.cli.main import run

    root = tmp_path / "contoso"
    made = subprocess.run(["git", "init", "-q", "--object-format=sha256", root], check=False)
    if made.returncode:
        pytest.skip("this git knows no such repositories")
    assert run(["init", str(root)]) == 0
    return root


def test_what_a_hook_refuses_is_not_left_staged(cli: Cli, git: Git, root: Path) -> None:
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2; exit 1\n")
    hook.chmod(0o755)
    said = cli("lead", "add", "--name", "Ana", code=1).err
    assert said == "error: git refused the commit, nothing is changed: not today\n"
    assert git("status", "--porcelain") == ""


def test_an_import_that_was_undone_brings_its_records_again(cli: Cli, git: Git, tmp_path: Path) -> None:
    table = tmp_path / "customers.csv"
    table.write_text("name,email\nHotel Sol,info@hotelsol.example\n")
    cli("import", "customers", str(table))
    cli("undo")
    cli("import", "customers", str(table))
    assert cli("customer", "list", "--format", "ids").out == "hotel-sol\n"
    assert len(git("rev-parse", "HEAD")) == 64
