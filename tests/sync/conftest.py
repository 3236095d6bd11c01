"""Clones to sync."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import DEAL, copied
from tests.syncing import GRINDERS, MACHINES, Clone


@pytest.fixture(scope="session")
def clones(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare remote and the clones of Ana and Luis, with two deals, nothing to sync."""
    folder = tmp_path_factory.mktemp("clones")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder / "remote.git"], check=True)
    copied(founded, folder / "ana")
    ana = Clone(folder / "ana")
    for file, key, title in (
        (MACHINES, "OPP-2Q8XA", "Espresso machines"),
        (GRINDERS, "OPP-7K3M9", "Grinders"),
    ):
        ana.write(file, DEAL.format(id=key, title=title), commit=False)
    ana.git("add", ".")
    ana.git("commit", "-q", "-m", "two deals")
    ana.git("remote", "add", "origin", "../remote.git")
    ana.git("push", "-q", "--set-upstream", "origin", "main")
    subprocess.run(["git", "clone", "-q", "remote.git", "luis"], cwd=folder, check=True)
    luis = Clone(folder / "luis")
    luis.git("config", "user.name", "Luis Gil")
    luis.git("config", "user.email", "luis@contoso.example")
    luis.git("remote", "set-url", "origin", "../remote.git")
    return folder


@pytest.fixture
def folder(clones: Path, tmp_path: Path) -> Path:
    """A copy of the remote and the two clones."""
    return copied(clones, tmp_path / "clones")


@pytest.fixture
def ana(folder: Path, capsys: pytest.CaptureFixture[str]) -> Clone:
    return Clone(folder / "ana", capsys)


@pytest.fixture
def luis(folder: Path, capsys: pytest.CaptureFixture[str]) -> Clone:
    return Clone(folder / "luis", capsys)


@pytest.fixture
def remote(folder: Path) -> Clone:
    return Clone(folder / "remote.git")
