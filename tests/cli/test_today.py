"""`pipecli` alone, `today`, `help` and `version`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli import __version__
from pipecli.cli.main import run
from tests.conftest import Cli
from tests.records_given import activity_text, deal_text
from tests.terminal import at_terminal

Given = Callable[[dict[str, str]], None]

QUOTATION = """\
id: {key}
created: 2026-11-01T10:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-01
valid_until: {valid_until}
status: sent
customer: contoso-coffee
currency: EUR
items:
- description: Machine
  quantity: 1
  unit_price: 100.00
"""


@pytest.fixture
def morning(given: Given, shop: None) -> None:
    call = activity_text("AAAAA", "2026-11-21T10:00:00+01:00", type_="call", subject="Price", done="false")
    given(
        {
            "opportunities/2026/OPP-11111-grinders.yaml": deal_text(
                "OPP-11111", f"activities:\n{call}", title="Grinders"
            ),
            "opportunities/2026/OPP-22222-filters.yaml": deal_text(
                "OPP-22222",
                "next_contact:\n  date: 2026-11-18\n  note: ask for the budget\n",
                title="Filters",
            ),
            "opportunities/2026/OPP-33333-mugs.yaml": deal_text(
                "OPP-33333", title="Mugs", expected_close="2026-11-16"
            ),
            "opportunities/2026/OPP-44444-theirs.yaml": deal_text(
                "OPP-44444", title="Theirs", owner="null", expected_close="2026-11-16"
            ).replace("owner: null\n", ""),
            "quotations/2026/QTN-AAAAA-x.yaml": QUOTATION.format(key="QTN-AAAAA", valid_until="2026-11-24"),
            "quotations/2026/QTN-BBBBB-x.yaml": QUOTATION.format(key="QTN-BBBBB", valid_until="2026-12-24"),
        }
    )


def _rows(cli: Cli, *options: str) -> list[tuple[str, str]]:
    return [(row["id"], row["when"]) for row in json.loads(cli("today", *options, "--format", "json").out)]


def test_the_morning_is_on_one_page(cli: Cli, morning: None) -> None:
    assert _rows(cli) == [
        ("OPP-22222", "3 d late"),
        ("OPP-11111", "10:00"),
        ("QTN-AAAAA", "in 3 d"),
        ("QTN-BBBBB", "20 d ago"),
        ("OPP-33333", "5 d late"),
    ]


def test_pipecli_alone_is_today(cli: Cli, morning: None, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = cli().out
    assert alone == cli("today").out
    assert alone.startswith("Saturday 2026-11-21, ana-ruiz\n#  WHEN")
    assert "WHO" not in alone
    assert "next contact: ask for the budget" in alone
    assert "OPP-44444" not in alone
    monkeypatch.setenv("COLUMNS", "40")  # on a telephone it says what and for which deal; `@2` is its id
    assert re.search(r"2 +10:00 +call: Price +Grinders\n", cli().out)
    assert re.search(r"2026-11-18 +3 days +OPP-22222 +Filters", cli("followups").out)


def test_everybody_s_work_where_git_s_address_is_no_user_s(
    cli: Cli, morning: None, git: Callable[..., str]
) -> None:
    git("config", "user.email", "boss@elsewhere.example")
    assert ("OPP-44444", "5 d late") in _rows(cli)
    told = {row["id"]: row["by"] for row in json.loads(cli("today", "--format", "json").out)}
    assert (told["OPP-11111"], told["OPP-33333"], told["OPP-44444"]) == ("ana-ruiz", "ana-ruiz", None)
    page = cli("today").out
    assert re.search(r"WHEN +WHO +WHAT", page) and re.search(r"10:00 +ana-ruiz +call: Price", page)


def test_another_s_work(cli: Cli, morning: None, refused: Callable[..., str]) -> None:
    cli("user", "add", "ben", "--name", "Ben", "--email", "ben@contoso.example")
    assert _rows(cli, "--owner", "ben") == []
    assert "unknown user nobody" in refused("today", "--owner", "nobody")


def test_what_happened_since_yesterday_is_below(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-20T18:00:00+01:00")
    cli("opp", "add", "Grinders")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-18T18:00:00+01:00")
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    assert "since yesterday\n" in cli().out
    assert "(Ana Ruiz)" in cli().out
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-23")
    assert "since yesterday" not in cli().out


def test_a_page_holds_twenty_lines_however_much_is_due(
    cli: Cli, root: Path, given: Given, shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        f"opportunities/2026/OPP-{number}AAAA-x.yaml": deal_text(
            f"OPP-{number:05}".replace("OPP-000", "OPP-A0A"), "next_contact:\n  date: 2026-11-18\n"
        )
        for number in range(10, 60)
    }
    given(texts)
    out = cli().out
    assert len(out.splitlines()) <= 22
    assert "more: pipecli followups" in out
    monkeypatch.setenv("PAGER", "sed s/^/paged:/")
    monkeypatch.setenv("LINES", "20")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-20T18:00:00+01:00")
    for tag in ("a", "b", "c", "d", "e"):
        cli("customer", "set", "contoso-coffee", f"tags={tag}")
    _, screen = at_terminal(root, "--color", "never", columns=40)
    assert "since yesterday, 4 of 5 changes\n" in screen
    assert "paged:" not in screen
    assert max(map(len, screen.splitlines())) <= 40
    assert len(screen.splitlines()) <= 19


def test_outside_of_a_pipeline_the_first_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([]) == 0
    assert capsys.readouterr().out.count("\n  pipecli") == 3
    assert run(["-C", str(tmp_path)]) == 1


def test_an_empty_pipeline_says_how_to_begin(cli: Cli) -> None:
    out = cli().out
    assert "pipecli lead add" in out
    assert out.count("\n  pipecli") == 3


def test_help_of_everything_of_a_noun_and_of_a_verb(cli: Cli) -> None:
    top = cli("help").out
    assert top == cli("--help").out
    assert "Daily work:" in top
    assert "Close an opportunity as won" in cli("help", "opp", "won").out
    assert "advance" in cli("help", "opp").out
    wrong = cli("help", "opp", "wonn", code=2).err
    assert wrong == 'error: unknown command "wonn" (did you mean won?); see `pipecli opp --help`\n'
    wrong = cli("help", "opp", "won", "nope", code=2).err
    assert wrong == 'error: pipecli opp won has no command "nope"; see `pipecli help opp won`\n'


def test_version(cli: Cli) -> None:
    assert cli("version").out == cli("--version").out == f"pipecli {__version__}\n"
    assert json.loads(cli("version", "--format", "json").out) == {"version": __version__}


def test_every_noun_stands_below_a_heading() -> None:
    from pipecli.cli.nouns import NOUNS, SECTIONS

    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(NOUNS)


@pytest.mark.parametrize("words", ["today", "opp list --as-of HEAD"])
@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59-23:59"])
def test_a_today_without_a_yesterday_is_refused(cli: Cli, text: str, words: str) -> None:
    assert f'--today: "{text}" isn\'t a date' in cli("--today", text, *words.split(), code=1).err
