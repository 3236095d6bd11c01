"""The reports on 8,800 real deals, held to plain SQL of the CSV that they were imported from."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecli.cli.main import run
from tests.conftest import MAVEN

Report = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def plain() -> sqlite3.Connection:
    """The CSV as tables of text; one product is no more spelt two ways, and SQLite can compare the days."""
    connection = sqlite3.connect(":memory:")
    for name in ("sales_pipeline", "sales_teams", "products"):
        with (MAVEN / f"{name}.csv").open(newline="", encoding="utf-8-sig") as file:
            header, *rows = csv.reader(file)
        connection.execute(f"CREATE TABLE {name} ({', '.join(header)})")
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(header))})", rows)
    connection.executescript("""
        UPDATE sales_pipeline SET product = 'GTX Pro' WHERE product = 'GTXPro';
        UPDATE sales_pipeline SET close_date =
            '20' || substr(close_date, 7, 2) || substr(close_date, 3, 4) || substr(close_date, 1, 2)
            WHERE close_date <> '';
        UPDATE sales_pipeline SET engage_date =
            '20' || substr(engage_date, 7, 2) || substr(engage_date, 3, 4) || substr(engage_date, 1, 2)
            WHERE engage_date <> '';
        CREATE VIEW deals AS SELECT d.*, t.regional_office || ': ' || t.manager AS team,
            deal_stage = 'Won' AS won, deal_stage = 'Lost' AS lost, CAST(p.sales_price AS INTEGER) AS price,
            substr(close_date, 1, 4) || '-Q' || ((substr(close_date, 6, 2) + 2) / 3) AS quarter
            FROM sales_pipeline d JOIN sales_teams t USING (sales_agent) JOIN products p USING (product);
    """)
    return connection


@pytest.fixture
def report(maven: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.setenv("PIPECLI_TODAY", "2017-12-31")

    def ask(name: str, *options: str) -> dict[str, Any]:
        capsys.readouterr()
        assert run(["-C", str(maven), "report", name, *options, "--format", "json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return ask


def test_of_the_closed_deals_63_15_percent_were_won(report: Report, plain: sqlite3.Connection) -> None:
    totals = report("lost")["totals"]

    assert plain.execute("SELECT round(100.0 * sum(won) / sum(won + lost), 2) FROM deals").fetchone() == (
        63.15,
    )
    assert totals["win_rate"] == 63.15
    assert (totals["won_count"], totals["lost_count"], totals["won_amount"]) == (4238, 2473, 10005534)


@pytest.mark.parametrize(
    ("by", "column"),
    [("team", "team"), ("owner", "sales_agent"), ("quarter", "quarter"), ("product", "product")],
)
def test_wins_and_losses_by_team_agent_quarter_and_product(
    report: Report, plain: sqlite3.Connection, by: str, column: str
) -> None:
    found = {
        row.get("name", row["key"]): (
            row["lost_count"], row["lost_amount"], row["won_count"], row["won_amount"], row["win_rate"]
        )
        for row in report("lost", "--by", by)["rows"]
    }  # fmt: skip

    expected = plain.execute(
        f"""SELECT {column}, sum(lost), sum(lost * price), sum(won), sum(won * close_value),
            round(100.0 * sum(won) / (sum(won) + sum(lost)), 2)
        FROM deals WHERE won OR lost GROUP BY 1"""
    ).fetchall()
    assert found == {name: tuple(figures) for name, *figures in expected}
    assert len(found) >= 4


def test_the_trend_of_the_products_by_quarter(report: Report, plain: sqlite3.Connection) -> None:
    rows = report("lost", "--by", "product", "--trend", "quarter")["rows"]

    expected = plain.execute(
        "SELECT product, quarter, sum(lost), sum(won) FROM deals WHERE won OR lost GROUP BY 1, 2"
    ).fetchall()
    assert sorted(
        (row["name"], row["period"], row["lost_count"], row["won_count"]) for row in rows
    ) == sorted(expected)


@pytest.mark.parametrize(("by", "column"), [("owner", "sales_agent"), ("team", "team")])
def test_the_ranking_of_a_quarter_and_of_the_one_before(
    report: Report, plain: sqlite3.Connection, by: str, column: str
) -> None:
    rows = report("ranking", "--by", by)["rows"]

    points = f"""SELECT {column} AS name, 10 * sum(won) + sum(won * close_value) / 1000.0 AS points,
        sum(won) AS wins, sum(won * close_value) AS value,
        avg(CASE WHEN won THEN julianday(close_date) - julianday(engage_date) END) AS days
        FROM deals WHERE (won OR lost) AND quarter = ? GROUP BY 1"""
    expected = plain.execute(
        f"""SELECT n.name, rank() OVER (ORDER BY n.points DESC), round(n.points, 3), n.wins, n.value,
            round(n.days + 1e-9, 1), round(n.points - t.points, 3)
        FROM ({points}) n JOIN ({points}) t USING (name) ORDER BY 2""",
        ("2017-Q4", "2017-Q3"),
    ).fetchall()
    assert [
        (
            row["name"], row["rank"], row["points"], row["won_count"], row["won_amount"], row["average_days"],
            row["points_change"],
        )
        for row in rows
    ] == expected  # fmt: skip


@pytest.mark.parametrize(("by", "column"), [("owner", "sales_agent"), ("team", "team")])
def test_what_stands_at_which_stage(report: Report, plain: sqlite3.Connection, by: str, column: str) -> None:
    rows = report("pipeline", "--by", by)["rows"]

    expected = plain.execute(
        f"""SELECT {column}, deal_stage, count(*), sum(price) FROM deals
        WHERE NOT won AND NOT lost GROUP BY 1, 2"""
    ).fetchall()
    assert sorted(
        (row["name"], row["stage_name"], row["open_count"], row["amount"]) for row in rows
    ) == sorted(expected)


def test_a_report_imports_no_model_and_only_itself(maven: Path) -> None:
    """Start-up is a feature: a report comes from the index alone."""
    script = """
import sys
from pipecli.cli.main import run
for name in ("lost", "ranking", "pipeline", "activity", "stale"):
    assert run(["-C", sys.argv[1], "report", name]) == 0
common = "pipecli.cli.common."
lists = (f"{common}list_options", f"{common}names_and_questions", "pipecli.store.index.sql_and_search")
slow = ("pydantic", "git", "ruamel.yaml", "wcwidth", "pipecli.reports.funnel_and_velocity", *lists)
print([name for name in slow if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(maven)], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
