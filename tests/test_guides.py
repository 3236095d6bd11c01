"""The guides of docs/ show what their commands print: each is run here, in its order, and compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecli.cli.main import run

DOCS = Path(__file__).parents[1] / "docs"
_ID = re.compile(r"\b(?:LEAD|OPP|QTN|ORD)-[0-9A-Z]{5}\b|^[0-9A-Z]{5}$", re.MULTILINE)


def commands(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of a guide's console blocks, and what it is said to print."""
    for block in re.findall(r"^```console\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


@pytest.mark.parametrize("name", ["tutorial", "review", "team-ssh"])
def test_the_guide_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21T10:00:00+01:00")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    _serve(tmp_path / "server", monkeypatch)
    ids: dict[str, str] = {}
    for command, printed in commands(DOCS / f"{name}.md"):
        for known, made in ids.items():
            command = command.replace(known, made)
        capfd.readouterr()
        _run(command, monkeypatch)
        out, err = capfd.readouterr()
        output = (out + err).replace(f"{tmp_path}/", "~/")
        ids |= dict(zip(_ID.findall(printed), _ID.findall(output), strict=False))
        for known, made in ids.items():
            output = output.replace(made, known)
        assert _anonymous(output) == _anonymous(printed), command


def _serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the server of the guides in a folder: git takes its address for that."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder / "sales.git")], check=True)
    known = Path(os.environ["GIT_CONFIG_GLOBAL"]).read_text()
    config = folder / "gitconfig"
    config.write_text(f'{known}[url "{folder}/"]\n    insteadOf = "git@crm.contoso.example:"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))


def _run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)
    if words[0] == "cd":
        monkeypatch.chdir(words[1])
    elif words[0] == "pipecli":
        run(words[1:])
    else:
        subprocess.run(["bash", "-c", command], check=True)


def _anonymous(text: str) -> str:
    """Without the commits, and the clock of git, which differ each time."""
    text = re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(?=  )", "TIME", text)
