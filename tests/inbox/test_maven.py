"""The Maven data, where the workspace has it: its totals come out exactly, and each row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecli.cli.main import run
from tests.conftest import MAVEN

ROOT = Path(__file__).resolve().parents[2]


Ask = Callable[..., Any]
Sql = Callable[[str], list[list[object]]]


@pytest.fixture
def ask(maven: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def call(*arguments: str) -> Any:
        assert run(["-C", str(maven), "--format", "json", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def sql(ask: Ask) -> Sql:
    return lambda query: [list(row.values()) for row in ask("sql", query)]


def test_the_totals_come_out_exactly(sql: Sql) -> None:
    counted = sql("SELECT status, stage, count(*) AS n FROM opportunities GROUP BY 1, 2 ORDER BY 1, 2")
    assert counted == [
        ["lost", "engaging", 2473],
        ["open", "engaging", 1589],
        ["open", "prospecting", 500],
        ["won", "engaging", 4238],
    ]
    assert sql("SELECT sum(closed_amount) AS won FROM opportunities") == [[10005534]]
    assert sql("SELECT count(*) AS n FROM opportunities WHERE customer IS NULL") == [[1425]]
    assert sql("SELECT count(*) AS n FROM opportunities WHERE owner IS NULL OR team IS NULL") == [[0]]


def test_people_roll_up_to_their_manager_and_office(sql: Sql) -> None:
    assert sql(
        "SELECT o.id AS office, count(DISTINCT t.id) AS managers, count(u.id) AS agents FROM teams o "
        "JOIN users m ON m.team = o.id JOIN teams t ON t.manager = m.id JOIN users u ON u.team = t.id "
        "GROUP BY 1 ORDER BY 1",
    ) == [["central", 2, 11], ["east", 2, 12], ["west", 2, 12]]


def test_a_second_run_changes_nothing_and_says_again_what_rows_lack(ask: Ask) -> None:
    mapping = ROOT / "benchmarks" / "maven" / "opportunities.yaml"
    told = ask("import", "opportunities", str(MAVEN / "sales_pipeline.csv"), "--map", str(mapping))
    assert (told["rows"], told["unchanged"], told["commit"]) == (8800, 8800, None)
    assert {each["column"]: each["rows"] for each in told["lacking"]} == {
        "account": 1425,
        "engage_date": 500,
        "close_date": 2089,
        "close_value": 2089,
    }
    assert [(each["column"], each["rows"]) for each in told["left_out"]] == [("close_value", 2473)]
    assert [(each["value"], each["by"], each["rows"]) for each in told["replaced"]] == [
        ("GTXPro", "GTX Pro", 1480)
    ]


def test_check_finds_no_fault(ask: Ask) -> None:
    ask("check")
