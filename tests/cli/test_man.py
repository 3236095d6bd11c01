"""`man`: pages that say what the reference says, in a form that man reads without complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipecli.cli.main import run
from pipecli.cli.manual import entries, pages


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "share" / "man1"
    assert run(["man", "--output", str(folder)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed) == sorted(map(str, folder.iterdir()))
    return folder


def plain(text: str) -> str:
    """What a page says, without troff's marks."""
    return " ".join(re.sub(r"\\f.|\\&", "", text).replace(r"\-", "-").replace(r"\e", "\\").split())


def test_a_page_of_pipecli_and_one_of_each_noun(folder: Path) -> None:
    nouns = list(entries())
    assert {page.name for page in folder.iterdir()} == {
        "pipecli.1", *(f"pipecli-{noun.name}.1" for noun in nouns)
    }  # fmt: skip
    overview = plain((folder / "pipecli.1").read_text())
    for noun in nouns:
        assert noun.help in overview
        page = plain((folder / f"pipecli-{noun.name}.1").read_text())
        for verb in noun.verbs:
            assert f".B pipecli {verb.usage}" in page
            assert f"{verb.usage}{' *' if verb.changes else ''} {verb.help}" in page
            assert all(f".B {usage} {help_text}" in page for usage, help_text in verb.options)


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not here")
@pytest.mark.parametrize("name", ["pipecli.1", "pipecli-opportunity.1", "pipecli-sql.1", "pipecli-init.1"])
def test_troff_has_nothing_to_say_of_it(name: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-Kutf8", "-ww"], input=pages()[name], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "SYNOPSIS" in re.sub(r".\x08", "", done.stdout)


def test_a_line_that_begins_with_a_dot_is_text() -> None:
    from pipecli.cli.manual import _text

    assert _text(".eml files") == "\\&.eml files\n"
    assert _text("'a' \\ -b") == "\\&'a' \\e \\-b\n"


def test_a_folder_that_can_not_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "man1").write_text("mine")
    assert run(["man", "--output", str(tmp_path / "man1")]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/man1: can't be written: ")
    assert (tmp_path / "man1").read_text() == "mine"
