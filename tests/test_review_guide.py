"""docs/review.md shows what its commands print: each is run here, in its order, and compared."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecli.cli.main import run

GUIDE = Path(__file__).parents[1] / "docs" / "review.md"
_ID = r"(?:OPP|QTN)-[0-9A-Z]{5}"


def commands() -> Iterator[tuple[str, str]]:
    """Each command of the guide's console blocks, and what it is said to print."""
    for block in re.findall(r"^```console\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def test_the_guide_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    ids: dict[str, str] = {}
    for command, printed in commands():
        for known, made in ids.items():
            command = command.replace(known, made)
        capfd.readouterr()
        _run(shlex.split(command), monkeypatch)
        out, err = capfd.readouterr()
        said = (out + err).replace(f"{tmp_path}/", "~/")
        ids |= dict(zip(re.findall(_ID, printed), re.findall(_ID, said), strict=False))
        for known, made in ids.items():
            said = said.replace(made, known)
        assert _anonymous(said) == _anonymous(printed), command


def _run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if words[0] == "cd":
        monkeypatch.chdir(words[1])
    elif words[0] == "pipecli":
        run(words[1:])
    else:
        subprocess.run(words, check=True)


def _anonymous(text: str) -> str:
    """Without the commits, and the clock of git, which differ each time."""
    text = re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(?=  )", "TIME", text)
