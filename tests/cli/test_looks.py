"""Looks: what is open, colours, links, the pager, and tables that fit a narrow terminal."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.cli.common.table import Column, render
from tests.conftest import DEAL, Cli
from tests.terminal import at_terminal

pytestmark = pytest.mark.usefixtures("warm_calls")

Refused = Callable[..., str]


@pytest.fixture
def deals(cli: Cli, given: Callable[..., None], today: None) -> None:
    """Two open deals, one of them overdue; one lost, one won."""
    titles = {f"OPP-AAA0{n}": title for n, title in enumerate(("Mill", "Grinder", "Filter", "Roaster"), 1)}
    given({f"opportunities/2026/{key}.yaml": DEAL.format(id=key, title=titles[key]) for key in titles})
    cli("opp", "set", "OPP-AAA02", "expected_close=2026-11-01")
    cli("opp", "lost", "OPP-AAA03", "--reason", "price")
    cli("opp", "won", "OPP-AAA04")


def test_lists_show_what_is_open_in_every_format_alike(
    cli: Cli, root: Path, refused: Refused, deals: None
) -> None:
    open_ = ["OPP-AAA02", "OPP-AAA01"]
    assert cli("opp", "list", "--format", "ids").out.split() == open_
    assert [deal["id"] for deal in json.loads(cli("opp", "list", "--format", "json").out)] == open_
    assert cli("opp", "list", "--format", "csv").out.count("OPP-") == 2
    piped = cli("opp", "list", "--owner", "ana-ruiz")
    assert (piped.out.count("OPP-"), piped.err) == (2, "")
    assert len(cli("opp", "list", "--all", "--format", "ids").out.split()) == 4
    assert cli("opp", "list", "--status", "won", "--format", "ids").id == "OPP-AAA04"
    assert cli("opp", "list", "--where", "title = 'Filter'", "--format", "ids").id == "OPP-AAA03"
    lead = cli("lead", "add", "--name", "Ana", "--format", "ids").id
    cli("lead", "disqualify", lead, "--reason", "no-budget")
    assert cli("lead", "list", "--format", "ids").out == ""
    assert cli("lead", "list", "--all", "--format", "ids").id == lead
    assert cli("order", "list", "--format", "ids").out == ""
    table = cli("opp", "list", "--columns", "id,probability").out
    assert table.splitlines()[0].split() == ["ID", "PROBABILITY"]
    for noun in ("user", "team", "activity"):  # what is no record of its own
        assert cli(noun, "list", "--columns", "id", "--format", "csv").out.split()[0] == "id"
    wrong = "did you mean amount? `pipecli sql --tables` lists them all"
    assert refused("opp", "list", "--columns", "id,amnt").endswith(f'unknown column "amnt"; {wrong}')
    assert refused("opp", "list", "--sort", "amnt") == f'error: --sort: unknown column "amnt"; {wrong}'
    latest = cli("opp", "list", "--all", "--sort", "-close", "--format", "ids").out.split()
    assert latest[-1] == "OPP-AAA02"  # sorted by a heading, which is no column of its own


def test_history_diff_and_doctor_keep_within_a_narrow_terminal(
    cli: Cli, deals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli(
        "activity",
        "add",
        "OPP-AAA01",
        "--type",
        "task",
        "--subject",
        "Send an installation plan",
        "--at",
        "friday",
    )
    cli("opp", "won", "OPP-AAA01", "--detail", "They have signed it and want it before the holidays")
    monkeypatch.setenv("COLUMNS", "40")
    for words in ("history", "history OPP-AAA01", "diff HEAD~4..HEAD", "doctor", "opp item add --help"):
        said = cli(*words.split()).out
        assert said.count("\n") > 8
        wide = [line for line in said.splitlines() if len(line) > 40 and " " in line.strip()]
        assert wide == [], words  # a word alone may stick out


def test_a_terminal_has_colours_links_and_is_told_what_was_left_out(
    root: Path, deals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM_PROGRAM", "WezTerm")
    _, screen = at_terminal(root, "opp", "list", "--all", columns=140)
    file = (root / "opportunities" / "2026").as_uri()
    assert f"\x1b]8;;{file}/OPP-AAA01" in screen
    assert "\x1b[36mOPP-AAA02\x1b[m" in screen
    assert "\x1b[31m2026-11-01\x1b[m" in screen
    assert "\x1b[31m2026-12-15" not in screen
    assert "\x1b[31mlost\x1b[m" in screen
    assert "\x1b[32mwon\x1b[m" in screen
    assert "--all" not in screen
    _, shown = at_terminal(root, "opp", "show", "OPP-AAA02", columns=140)
    assert f"\x1b]8;;{file}/OPP-AAA02" in shown
    assert "\x1b[36mOPP-AAA02\x1b[m" in shown
    assert re.search(r"\x1b\[31m2026-11-01, overdue by \d+ days\x1b\[m", shown)
    monkeypatch.setenv("NO_COLOR", "1")
    _, linked = at_terminal(root, "opp", "list", columns=140)
    assert f"\x1b]8;;{file}/OPP-AAA01" in linked
    assert "\x1b[" not in linked
    monkeypatch.delenv("TERM_PROGRAM")
    _, plain = at_terminal(root, "opp", "list", columns=140)
    assert "\x1b" not in plain
    assert plain.endswith("0 of 7\n2 open of 4; --all\n")
    _, refused = at_terminal(root, "opp", "list", "--columns", "margin", columns=140)
    assert refused.startswith("error: ")  # of what isn't listed nothing is left out


def test_color_may_be_asked_for_anywhere_and_never_reaches_a_pipe_unasked(
    cli: Cli, refused: Refused, deals: None
) -> None:
    assert "\x1b" not in cli("opp", "list").out
    assert "\x1b[36mOPP-AAA01\x1b[m" in cli("--color", "always", "opp", "list").out
    assert "\x1b[36mOPP-AAA01\x1b[m" in cli("opp", "list", "--color", "always").out
    assert "\x1b" not in cli("opp", "list", "--color", "always", "--format", "csv").out
    assert "must be one of auto, always, never" in refused("opp", "list", "--color", "yes")


def test_more_than_a_screen_goes_through_the_pager(
    root: Path, deals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "sed s/^/paged:/")
    monkeypatch.setenv("LINES", "6")
    _, screen = at_terminal(root, "opp", "list", "--all", "--color", "never", columns=40)
    assert [line.startswith("paged:") for line in screen.splitlines()[:6]] == [True] * 6
    assert "no room" in screen.splitlines()[-1]
    subprocess.run(["git", "-C", root, "config", "core.pager", "sed s/^/core:/"], check=True)
    assert at_terminal(root, "opp", "list", "--all")[1].startswith("core:")
    monkeypatch.setenv("GIT_PAGER", "sed s/^/git:/")
    assert at_terminal(root, "opp", "list", "--all")[1].startswith("git:")
    monkeypatch.setenv("GIT_PAGER", "")
    assert at_terminal(root, "opp", "list", "--all")[1].startswith("#  ID")
    monkeypatch.delenv("GIT_PAGER")
    subprocess.run(["git", "-C", root, "config", "--unset", "core.pager"], check=True)
    monkeypatch.setenv("PIPECLI_PAGER", "cat")
    assert "paged:" not in at_terminal(root, "opp", "list", "--all")[1]
    monkeypatch.delenv("PIPECLI_PAGER")
    monkeypatch.setenv("LINES", "40")
    assert "paged:" not in at_terminal(root, "opp", "list", "--all")[1]
    monkeypatch.setenv("LINES", "10")
    for command in (["opp", "--help"], ["history"], ["diff", "HEAD~3..HEAD"]):
        assert "\npaged:" in "\n" + at_terminal(root, *command)[1]


@pytest.mark.parametrize("verb", ["changes", "digest", "opp list --all", "help opp", "today"])
def test_at_forty_columns_nothing_is_wider(
    cli: Cli, deals: None, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    said = cli(*verb.split())
    lines = (said.out + said.err).splitlines()
    assert max(map(len, lines)) <= 40, max(lines, key=len)


COLUMNS = [
    Column("id", "ID"),
    Column("title", "TITLE", shrink=True, min_width=8),
    Column("phone", "PHONE", rank=1),
    Column("notes", "NOTES"),
    Column("amount", "AMOUNT", align="right"),
]
ROWS = [
    ["OPP-2Q8XA", "Espresso machines", "+34 600 000 001", "", "4,998.00 EUR"],
    ["OPP-7K3M9", "Mill", "", None, "299.00 EUR"],
]


def test_a_shared_currency_is_in_the_heading_and_empty_columns_go_first() -> None:
    wide = render(COLUMNS, ROWS, None).text.splitlines()
    assert wide[0] == "ID         TITLE              PHONE            NOTES  AMOUNT EUR"
    assert wide[2].endswith("           4,998.00")
    narrow = render(COLUMNS, ROWS, 59)
    assert narrow.text.splitlines()[0] == "ID         TITLE              PHONE            AMOUNT EUR"
    assert narrow.dropped == []
    mixed = render(COLUMNS, [*ROWS, ["OPP-9", "x", "", "", "1.00 USD"]], None).text
    assert "4,998.00 EUR" in mixed


def test_a_wide_column_that_has_no_room_takes_none_from_another() -> None:
    columns = [*COLUMNS[:3], Column("email", "E-MAIL")]
    rows = [[*row[:3], "purchasing@a-very-long-name.example"] for row in ROWS]
    assert render(columns, rows, 50).dropped == ["E-MAIL"]


def test_what_all_rows_share_is_said_once_before_a_title_is_cut() -> None:
    columns = [*COLUMNS[:2], Column("owner", "OWNER", rank=2), Column("stage", "STAGE", rank=1)]
    rows = [[*row[:2], "ana-ruiz", "demo"] for row in ROWS]
    table = render(columns, rows, 40, is_list=True)
    assert table.text.splitlines()[::2] == [
        "ID         TITLE              STAGE",
        "OPP-2Q8XA  Espresso machines  demo",
    ]
    assert (table.shared, table.dropped) == ([("OWNER", "ana-ruiz")], [])
    assert render(columns, rows, 80, is_list=True).shared == []
    assert render(columns, rows[:1], 40, is_list=True).shared == []
    assert render(columns, [rows[0], [*rows[1][:2], "zoe", "won"]], 40, is_list=True).shared == []


@pytest.mark.parametrize("width", [40, 30, 12, 5])
def test_ids_and_telephones_are_never_cut(width: int) -> None:
    table = render([Column("row", "#"), *COLUMNS], [["1", *row] for row in ROWS], width)
    lines = table.text.splitlines()
    assert lines[2].startswith("1  OPP-2Q8XA")
    assert ("+34 600 000 001" in lines[2]) is ("PHONE" not in table.dropped)
