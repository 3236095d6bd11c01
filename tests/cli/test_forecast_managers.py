"""`forecast` for managers: targets, the roll-up along managers, categories, and bars."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipecli.json_and_csv import loads

if TYPE_CHECKING:
    from tests.conftest import Cli

PEOPLE = """\
users:
  marta: {name: Marta Gil, team: sales}
  ana: {name: Ana Ruiz, team: iberia}
  luis: {name: Luis Gil, team: iberia}
  zoe: {name: Zoë}
teams:
  sales: {name: Sales, manager: marta}
  iberia: {name: Iberia, manager: ana, parent: sales}
targets:
  2026-Q4: {ana: 1000, luis: 2000}
  2026-11: {zoe: 400}
"""
Q4 = ("--from", "2026-Q4", "--to", "2026-Q4")


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    """Ana (won 500, open 1000 at 50 %), Luis (open 3000 at 90 %), Zoë (won 100), and a deal of nobody."""
    settings = root / "pipecli.yaml"
    head, _, rest = settings.read_text().partition("users:")
    text = f"{head}{PEOPLE}{rest[rest.index('processes:') :]}".replace("\ntargets: {}", "\n")
    settings.write_text(text)
    folder = root / "opportunities" / "2026"
    folder.mkdir(parents=True)
    for number, (owner, stage, rest) in enumerate(
        [
            ("ana", "propose", "status: open\namount: 1000\nexpected_close: 2026-12-01"),
            ("ana", "commit", "status: won\nclosed: {date: 2026-11-03, amount: 500}"),
            ("luis", "commit", "status: open\namount: 3000\nexpected_close: 2026-12-24"),
            ("zoe", "demo", "status: won\nclosed: {date: 2026-11-05, amount: 100}"),
            ("", "demo", "status: open\namount: 80\nexpected_close: 2026-11-30"),
        ]
    ):
        who = f"owner: {owner}\n" if owner else ""
        (folder / f"OPP-1000{number}-deal.yaml").write_text(
            f"id: OPP-1000{number}\ncreated: 2026-09-01T10:00:00+02:00\ntitle: Deal\nprocess: standard\n"
            f"stage: {stage}\ncurrency: EUR\n{who}{rest}\n"
        )
    return root


def rows(cli: Cli, *options: str) -> dict[str, Any]:
    made = loads(cli("forecast", *options, "--format", "json").out)
    return {row["key"]: row for row in made["rows"]} | {"total": made["totals"]}


def test_a_manager_has_the_sum_of_all_below(root: Path, cli: Cli) -> None:
    assert (
        cli("forecast", "--by", "manager", *Q4).out
        == """\
Forecast by manager in EUR, closing from 2026-10-01 to 2026-12-31

MANAGER            OPEN    AMOUNT  WEIGHTED  OVERDUE  WON  WON AMOUNT    TARGET  OF TARGET       GAP
-----------------  ----  --------  --------  -------  ---  ----------  --------  ---------  --------
Marta Gil             2  4,000.00  3,200.00        0    1      500.00  3,000.00     16.7 %  2,500.00
  Ana Ruiz            2  4,000.00  3,200.00        0    1      500.00  3,000.00     16.7 %  2,500.00
    Ana Ruiz, own     1  1,000.00    500.00        0    1      500.00  1,000.00     50.0 %    500.00
    Luis Gil          1  3,000.00  2,700.00        0    0        0.00  2,000.00      0.0 %  2,000.00
Zoë                   0      0.00      0.00        0    1      100.00    400.00     25.0 %    300.00
without owner         1     80.00     20.00        0    0        0.00
total                 3  4,080.00  3,220.00        0    2      600.00  3,400.00     17.6 %  2,800.00

of target: what was won, of the targets of 2026-11, 2026-Q4
"""
    )


def test_the_top_lines_add_up_to_the_total(root: Path, cli: Cli) -> None:
    made = loads(cli("forecast", "--by", "manager", *Q4, "--format", "json").out)
    for figure in ("amount", "weighted", "won_amount", "open_count", "won_count"):
        assert sum(row[figure] for row in made["rows"] if row["level"] == 0) == made["totals"][figure]
    assert [row["key"] for row in made["rows"] if row.get("is_own")] == ["ana"]


def test_at_80_columns_the_targets_stay_and_names_are_whole(root: Path, cli: Cli, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = cli("forecast", "--by", "manager", *Q4)
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "Ana Ruiz, own" in shown.out
    assert "OF TARGET" in shown.out


def test_a_target_counts_where_its_period_is_asked_for_whole(root: Path, cli: Cli) -> None:
    assert rows(cli, "--by", "owner", *Q4)["zoe"]["target"] == 400
    assert rows(cli, "--by", "owner")["zoe"]["target"] == 400  # this month's, as nobody asked
    assert "target" not in rows(cli, "--by", "owner")["ana"]
    assert "target" not in rows(cli, "--by", "owner", "--from", "2026-11-02", "--to", "2026-Q4")["zoe"]
    assert rows(cli, "--by", "team", *Q4)["iberia"]["gap"] == 2500
    assert "target" not in rows(cli, "--by", "team", *Q4)[None]


def test_a_percentage_says_what_it_is_of(root: Path, cli: Cli, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = cli("forecast", "--by", "owner", "--from", "2026", "--to", "2026").out
    assert shown.endswith("\n\nof target: what was won, of the targets\nof 2026-11, 2026-Q4\n")
    assert shown.startswith("Forecast by owner in EUR, closing from\n2026-01-01 to 2026-12-31\n\n")
    made = loads(cli("forecast", "--format", "json").out)
    assert made["bases"] == {"attainment_percent": "the target of the month"}
    assert "bases" not in loads(cli("forecast", "--by", "stage", "--format", "json").out)


def test_what_was_won_without_a_target_is_held_to_none(root: Path, cli: Cli) -> None:
    assert rows(cli, "--from", "2026-11", "--to", "2026-11")["total"]["attainment_percent"] == Decimal("25.0")
    cli("settings", "set", "targets.2026-11=", "targets.2026-12={zoe: 9}")
    made = rows(cli, "--from", "2026-11", "--to", "2026-12")
    assert made["2026-12"]["target"] == 9
    assert "target" not in made["total"]


def test_by_period_a_target_has_its_row_though_nothing_is_expected(root: Path, cli: Cli) -> None:
    assert rows(cli)["2026-11"]["attainment_percent"] == Decimal("25.0")
    cli("settings", "set", "targets.2027-Q2={ana: 7}")
    made = rows(cli, "--by", "quarter")
    assert (made["2027-Q2"]["target"], made["2027-Q2"]["open_count"]) == (7, 0)
    assert (made["2026-Q4"]["target"], made["total"]["target"]) == (3400, 3407)
    assert made["2026-Q4"]["attainment_percent"] == Decimal("17.6")


def test_targets_of_those_the_options_name(root: Path, cli: Cli) -> None:
    assert rows(cli, "--by", "quarter", "--owner", "luis")["2026-Q4"]["target"] == 2000
    assert rows(cli, "--by", "quarter", "--team", "iberia")["2026-Q4"]["target"] == 3000


def test_a_teams_are_also_those_of_the_teams_below_it(root: Path, cli: Cli) -> None:
    made = rows(cli, "--by", "owner", "--team", "sales", *Q4)
    assert set(made) == {"ana", "luis", "total"}
    assert made["total"]["target"] == 3000
    assert len(cli("opp", "list", "--all", "--team", "sales", "--format", "ids").out.split()) == 3
    assert len(cli("opp", "board", "--team", "sales", "--format", "ids").out.split()) == 2
    cli("activity", "add", "OPP-10000", "--type", "call", "--subject", "Hello", "--done")
    for of, count in (("sales", 1), ("iberia", 1)):
        assert (
            loads(cli("report", "activity", "--team", of, "--format", "json").out)["totals"]["done_count"]
            == count
        )
    cli("opp", "set", "OPP-10000", "next_contact.date=2026-11-20")
    assert cli("followups", "--team", "sales", "--format", "ids").out.split() == ["OPP-10000"]
    assert "would belong to itself" in cli("team", "set", "sales", "parent=iberia", code=1).err
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("name: Sales,", "name: Sales, parent: iberia,"))
    assert "team-loop" in cli("check", code=1).out  # nobody waits for the end of a circle
    assert len(cli("opp", "list", "--all", "--team", "sales", "--format", "ids").out.split()) == 3


def test_targets_are_converted(root: Path, cli: Cli) -> None:
    cli("settings", "set", "exchange_rates.USD.2026-01-01=0.5")
    assert rows(cli, "--by", "owner", *Q4, "--currency", "USD")["ana"]["target"] == 2000


def test_stages_name_categories_and_the_three_add_up(root: Path, cli: Cli) -> None:
    assert "categories" not in rows(cli)["total"]
    cli("settings", "set", "processes.standard.stages.5.category=commit")
    cli("settings", "set", "processes.standard.stages.3.category=best-case")
    assert rows(cli)["total"]["categories"] == {"commit": 3000, "best-case": 1000, "pipeline": 80}
    assert "BEST CASE" in cli("forecast").out
    assert "category" in cli("settings", "set", "processes.standard.stages.1.category=sure", code=1).err


def test_bars_have_one_scale_and_show_the_target(root: Path, cli: Cli, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, _, chart = cli("forecast", "--by", "owner", *Q4, "--chart").out.partition("█ won")
    assert chart == (
        "  ▒ weighted  │ target; the figure is won + weighted\n"
        "Luis Gil       ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│▒▒▒▒▒▒▒▒▒  2,700.00\n"
        "Ana Ruiz       ██████▒▒▒▒▒▒│                        1,000.00\n"
        "Zoë            █    │                                 100.00\n"
        "without owner  ▒                                       20.00\n"
        "\nof target: what was won, of the targets of 2026-11, 2026-Q4\n"
    )


def test_bars_of_nothing_and_of_a_lot(root: Path, cli: Cli, monkeypatch) -> None:
    cli("opp", "set", "OPP-10000", "amount=1000000000000")
    for width, amount in ((80, "500,000,000,500.00"), (40, "500B")):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = cli("forecast", "--by", "owner", "--chart").out
        assert max(map(len, shown.splitlines())) <= width
        assert f"▒  {amount}\n" in shown
    for file in (root / "opportunities").rglob("*.yaml"):
        file.unlink()
    assert "won" in cli("forecast", "--chart").out


def test_it_is_not_compared(root: Path, cli: Cli) -> None:
    said = cli("forecast", "--by", "manager", "--compare", "HEAD", code=2).err
    assert "goes with neither --chart nor --by manager" in said


def test_a_parent_team_is_known(root: Path, cli: Cli) -> None:
    cli("team", "add", "export", "--manager", "zoe", "--parent", "sales")
    assert json.loads(cli("team", "show", "export", "--format", "json").out)["parent"] == "sales"
    assert "no team matches" in cli("team", "add", "far", "--parent", "nowhere", code=1).err
    cli("settings", "rename", "team", "sales", "selling")
    assert "parent: selling" in (root / "pipecli.yaml").read_text()


def test_a_target_is_held_against_the_wins_of_those_who_have_one(root: Path, cli: Cli) -> None:
    """In November Zoë alone has one: of it she won 100, and Ana's 500 are nothing that it asked for."""
    november = rows(cli)["2026-11"]
    assert (november["target"], november["won_amount"], november["won_of_target"]) == (400, 600, 100)
    assert (november["attainment_percent"], november["gap"]) == (Decimal("25.0"), 300)
    assert "of target: what those who have one won, of the target of the month" in cli("forecast").out

    cli("settings", "set", "targets.2026-Q4={luis: 2000}", "targets.2026-11=")
    assert rows(cli, "--by", "team", *Q4)["iberia"]["won_of_target"] == 0
    assert rows(cli, "--by", "manager", *Q4)["marta"]["attainment_percent"] == 0
    assert rows(cli, "--by", "owner", *Q4)["total"]["attainment_percent"] == 0

    cli("settings", "set", "targets.2026-Q4={iberia: 2000}")
    assert rows(cli, "--by", "team", *Q4)["iberia"]["attainment_percent"] == 25
    assert rows(cli, "--by", "owner", *Q4)["total"]["won_of_target"] == 500
