"""`edit`: what somebody typed is never lost, and never undoes what happened meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have $EDITOR run a line of shell on the draft, `$1`."""

    def use(line: str) -> None:
        script = tmp_path / "editor"
        script.write_text(f"#!/bin/sh\n{line}\n")
        script.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(script))

    return use


FAULTY = 'sed -i "s/^title:.*/title: By hand/; s/^type:/typ:/" "$1"'


def test_a_faulty_draft_is_taken_up_again(cli, deal, editor, refused):
    file = deal()
    editor(FAULTY)
    assert "what you typed is kept in" in refused("opp", "edit", "2q8")
    editor('sed -i "s/^typ:/type:/" "$1"')

    assert "taken up again" in cli("opp", "edit", "2q8").err
    assert "title: By hand\n" in file.read_text()
    cli("opp", "edit", "2q8")  # nothing is left to be taken up


def test_an_old_draft_undoes_nothing_that_happened_since(cli, deal, editor, refused, root):
    file = deal()
    editor(FAULTY)
    refused("opp", "edit", "2q8")
    cli("opp", "set", "2q8", "amount=7")
    editor('sed -i "s/^title:.*/title: Anew/" "$1"')

    said = cli("opp", "edit", "2q8").err
    assert "has changed since your last draft, which is kept in" in said
    assert "amount: 7\n" in file.read_text()
    assert "title: Anew\n" in file.read_text()
    (kept,) = (root / ".git" / "pipecli" / "root" / "drafts").iterdir()
    assert "title: By hand\n" in kept.read_text()
    assert str(kept) in said


def test_a_file_changed_under_the_editor_is_not_overwritten(deal, editor, cli):
    file = deal()
    editor(f'sed -i "s/^amount:.*/amount: 7/" {file}; sed -i "s/^title:.*/title: Mine/" "$1"')
    said = cli("opp", "edit", "2q8", code=1).err

    assert "was changed by somebody while you edited it; what you typed is kept in" in said
    assert "amount: 7\n" in file.read_text()
    assert "title: Mine" not in file.read_text()


def test_without_a_terminal_and_an_editor_nothing_is_opened(deal, refused, monkeypatch, tmp_path):
    deal()
    (tmp_path / "nothing").write_text("")
    with (tmp_path / "nothing").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert (
            refused("opp", "edit", "2q8")
            == "error: there is no terminal to edit in; set EDITOR, or use `set`"
        )
