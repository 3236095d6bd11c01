"""`edit`: what somebody typed is never lost, and never undoes what happened meanwhile."""

from __future__ import annotations

import io
import json
import sys
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
    editor("exit 1")  # left before anything was typed
    for _ in range(2):
        assert "taken up again" not in refused("opp", "edit", "2q8")


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
        assert refused("opp", "edit", "2q8") == "error: no terminal to edit in; set EDITOR, or use `set`"


def test_others_work_while_somebody_types(warm_calls, cli, deal, editor, root):
    deal()
    editor(f'{sys.executable} -m pipecli -C {root} opp add Meanwhile; sed -i "s/^title:.*/title: Mine/" "$1"')

    cli("opp", "edit", "2q8")

    assert {each["title"] for each in json.loads(cli("opp", "list", "--format", "json").out)} == {
        "Meanwhile", "Mine",
    }  # fmt: skip


def test_a_second_editor_keeps_off_the_draft_of_the_first(warm_calls, cli, deal, editor, root, tmp_path):
    file = deal()
    editor(
        f"EDITOR=true {sys.executable} -m pipecli -C {root} opp edit 2q8 2> {tmp_path}/second; "
        'sed -i "s/^title:.*/title: First/" "$1"'
    )

    cli("opp", "edit", "2q8")

    said = "error: OPP-2Q8XA is open in another editor; close that one first\n"
    assert (tmp_path / "second").read_text() == said
    assert "title: First\n" in file.read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("s/^stage:.*/stage: commit/", "use pipecli opp advance OPP-2Q8XA --to STAGE"),
        (
            "s/^status:.*/status: lost\\nclosed: {date: 2026-11-02, reason: price}/",
            "use pipecli opp won or lost",
        ),
        ("s/^id:.*/id: OPP-00000/", "id never changes: it is OPP-2Q8XA"),
        ("s/^type:.*/type: theft/", "theft isn't a type of opportunity"),
        ("s/^process:.*/process: gone/", "unknown process gone"),
        ("s/^owner:.*/owner: nobody/", "OPP-2Q8XA: owner: unknown user nobody"),
        ("s/^amount:.*/amount: 1.234/", "1.234 EUR can't be paid: EUR has 2 decimals"),
    ],
)
def test_an_edit_may_change_what_set_may(deal, editor, refused, root, change, said):
    file = deal()
    editor(f'sed -i "{change}" "$1"')

    assert said in refused("opp", "edit", "2q8")

    (draft,) = (root / ".git/pipecli/root/drafts").glob("*.yaml")
    assert draft.read_text() != file.read_text()


def test_a_closed_deal_is_not_edited_to_another_value(cli, deal, editor, refused):
    deal()
    cli("opp", "won", "OPP-2Q8XA")
    editor('sed -i "s/^amount:.*/amount: 7/" "$1"')
    assert "OPP-2Q8XA is won; reopen it first: pipecli opp reopen OPP-2Q8XA" in refused("opp", "edit", "2q8")


def test_a_lead_is_not_edited_to_what_a_verb_makes_of_it(cli, editor, refused):
    lead = cli("lead", "add", "--name", "Ana", "--format", "ids").id
    editor('printf "disqualified: {date: 2026-11-02, reason: no-need}\\n" >> "$1"; '
           'sed -i "s/^status:.*/status: disqualified/" "$1"')  # fmt: skip
    assert f"use pipecli lead disqualify {lead}" in refused("lead", "edit", lead)
    cli("lead", "disqualify", lead, "--reason", "no-need")
    editor('sed -i "s/no-need/bored/" "$1"')
    assert "bored isn't a reason to disqualify" in refused("lead", "edit", lead)


def test_a_fault_of_any_kind_leads_back_to_the_editor(cli, deal, editor, monkeypatch):
    """The first save misspells a key, the second the owner, the third is right."""
    file = deal()
    editor(
        'if grep -q nobody "$1"; then sed -i "s/nobody/ana-ruiz/" "$1"; '
        'elif grep -q typ: "$1"; then sed -i "s/typ:/type:/; s/^owner:.*/owner: nobody/" "$1"; '
        'else sed -i "s/^type:/typ:/; s/^title:.*/title: Kept/" "$1"; fi'
    )
    terminal = io.StringIO("y\ny\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)

    said = cli("opp", "edit", "2q8").err

    assert 'unknown key "typ"' in said
    assert "error: OPP-2Q8XA: owner: unknown user nobody" in said
    assert said.count("Go back to the editor?") == 2
    assert "title: Kept\n" in file.read_text()


def test_a_record_removed_under_the_editor_is_told(cli, editor, root):
    cli("customer", "add", "Acme")
    file = root / "customers/acme.yaml"
    editor(f'rm {file}; sed -i "s/^name:.*/name: Mine/" "$1"')

    said = cli("customer", "edit", "acme", code=1).err

    assert (
        "customers/acme.yaml was removed by somebody while you edited it; what you typed is kept in" in said
    )


@pytest.mark.parametrize(
    ("noun", "slug", "line"), [("user", "ana-ruiz", "name: Ana Ruiz"), ("team", "iberia", "name: iberia")]
)
def test_users_and_teams_are_edited_where_they_stand(cli, editor, root, noun, slug, line):
    cli("team", "add", "iberia")
    editor(f'sed -i "s/{line}/name: Anew/" "$1"')

    said = cli(noun, "edit", slug, "--format", "json")

    assert json.loads(said.out)["name"] == "Anew"
    number = (root / "pipecli.yaml").read_text().splitlines().index(f"  {slug}:") + 1
    assert said.err == f"{noun} {slug} is in pipecli.yaml, line {number}\n"


def test_a_user_who_is_edited_away_leaves_the_settings(cli, editor):
    cli("user", "add", "luis", "--name", "Luis")
    editor('sed -i "/^  luis:/,/^    active:/d" "$1"')
    assert "luis" not in json.loads(cli("user", "edit", "luis", "--format", "json").out)["users"]


def test_what_is_wrong_already_can_be_edited_right(cli, given, editor, root):
    given({"contacts/a.yaml": "id: a\nname: A\n", "contacts/b.yaml": "id: b\nname: B\n"})
    key = cli("opp", "add", "Machines", "--format", "ids").id
    (file,) = (root / "opportunities").rglob("*.yaml")
    file.write_text(
        file.read_text() + "contacts: [{contact: a, primary: true}, {contact: b, primary: true}]\n"
    )
    editor('sed -i "s/b, primary: true/b/" "$1"')

    cli("opp", "edit", key)

    assert "{contact: b}" in file.read_text()
