"""The Maven data, where the workspace has it: its totals come out exactly, and each row is accounted for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import MAVEN

ROOT = Path(__file__).resolve().parents[2]


def pipecli(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pipecli", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sql(root: Path, query: str) -> list[list[object]]:
    return [
        list(row.values()) for row in json.loads(pipecli("-C", str(root), "--format", "json", "sql", query))
    ]


def test_the_totals_come_out_exactly(maven: Path) -> None:
    counted = sql(maven, "SELECT status, stage, count(*) AS n FROM opportunities GROUP BY 1, 2 ORDER BY 1, 2")
    assert counted == [
        ["lost", "engaging", 2473],
        ["open", "engaging", 1589],
        ["open", "prospecting", 500],
        ["won", "engaging", 4238],
    ]
    assert sql(maven, "SELECT sum(closed_amount) AS won FROM opportunities") == [[10005534]]
    assert sql(maven, "SELECT count(*) AS n FROM opportunities WHERE customer IS NULL") == [[1425]]
    assert sql(maven, "SELECT count(*) AS n FROM opportunities WHERE owner IS NULL OR team IS NULL") == [[0]]


def test_people_roll_up_to_their_manager_and_office(maven: Path) -> None:
    assert sql(
        maven,
        "SELECT o.id AS office, count(DISTINCT t.id) AS managers, count(u.id) AS agents FROM teams o "
        "JOIN users m ON m.team = o.id JOIN teams t ON t.manager = m.id JOIN users u ON u.team = t.id "
        "GROUP BY 1 ORDER BY 1",
    ) == [["central", 2, 11], ["east", 2, 12], ["west", 2, 12]]


def test_a_second_run_changes_nothing_and_says_again_what_rows_lack(maven: Path) -> None:
    told = json.loads(
        pipecli(
            "-C", str(maven), "import", "opportunities", str(MAVEN / "sales_pipeline.csv"),
            "--map", str(ROOT / "benchmarks" / "maven" / "opportunities.yaml"), "--format", "json",
        )
    )  # fmt: skip
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


def test_check_finds_no_fault(maven: Path) -> None:
    pipecli("-C", str(maven), "check")
