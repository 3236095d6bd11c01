"""Questions from strangers: what they may read, how long they may take, and how much they may hold."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipecli.records.money import Rates
from pipecli.store.index import sql_and_search, views_and_functions

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    made.execute("CREATE TABLE deals (id TEXT, amount REAL)")
    made.execute("INSERT INTO deals VALUES ('a', 1.5)")
    yield made
    made.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM deals",
        "  with d as (select id from deals) select * from d",
        "-- whose deals?\nSELECT id FROM deals",
        "/* whose * deals? */ SELECT id FROM deals",
        "SELECT json_extract(json_object('id', id), '$.id') FROM deals",
        "SELECT d.id FROM deals d, json_each('[1]')",
    ],
)
def test_a_question_is_answered(connection: sqlite3.Connection, sql: str) -> None:
    assert sql_and_search.ask_sql(connection, sql).rows == [("a",)]


def test_letters_of_any_script_are_compared_and_nothing_stays_nothing(connection: sqlite3.Connection) -> None:
    class Present:
        today, rates = date(2026, 11, 21), Rates("EUR", {})

    present = Present()
    views_and_functions.register_sql_functions(connection, present)
    asked = "SELECT casefold('CAFÉ Straße'), casefold(NULL), casefold(5), today()"
    assert sql_and_search.ask_sql(connection, asked).rows == [("café strasse", None, "5", "2026-11-21")]
    asked = "SELECT weighted('99.99', 25, 'EUR'), weighted(NULL, 25, 'EUR'), weighted('99.99', NULL, 'EUR')"
    assert sql_and_search.ask_sql(connection, asked).rows == [(25.0, None, None)]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM deals",
        "WITH d AS (SELECT 1) DELETE FROM deals",
        "WITH d AS (SELECT 1) INSERT INTO deals VALUES ('b', 2)",
        "/* SELECT */ UPDATE deals SET amount = 0",
        "SELECT 1; DELETE FROM deals",
        "CREATE TABLE spoils (id)",
        "PRAGMA writable_schema = 1",
        "SELECT * FROM pragma_database_list",
        "ATTACH 'spoils.sqlite' AS spoils",
        "VACUUM INTO 'spoils.sqlite'",
        "SELECT load_extension('/tmp/spoils')",
        "SELECT writefile('spoils', 'x')",
        "SELECT SQLITE_CompileOption_get(0)",
        "BEGIN IMMEDIATE",
        "",
    ],
)
def test_nothing_but_a_question_is_run(
    connection: sqlite3.Connection, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(sql_and_search.BadQuery):
        sql_and_search.ask_sql(connection, sql)

    assert [path.name for path in tmp_path.iterdir()] == ["index.sqlite"]
    assert connection.execute("SELECT * FROM deals").fetchall() == [("a", 1.5)]


def test_a_condition_can_change_nothing_either(connection: sqlite3.Connection) -> None:
    with pytest.raises(sql_and_search.BadQuery, match="one statement at a time"):
        sql_and_search.select_rows(connection, "id", "deals", "1; DELETE FROM deals", "", ())


def test_a_question_that_never_ends_is_ended(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_and_search, "LONGEST", 0.1)

    with pytest.raises(sql_and_search.BadQuery, match="more than 0 seconds"):
        sql_and_search.ask_sql(connection, f"{ENDLESS} SELECT count(*) FROM c")

    # a condition from the settings, which looks at one record, sooner
    monkeypatch.setattr(sql_and_search, "LONGEST", 60)
    monkeypatch.setattr(sql_and_search, "_LONGEST_CONDITION", 0.1)
    with pytest.raises(sql_and_search.BadQuery, match="more than 0 seconds"):
        sql_and_search.row_meets(connection, "deals", "a", f"({ENDLESS} SELECT count(*) FROM c) > 0")


def test_what_is_done_with_the_rows_takes_nothing_of_their_time(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_and_search, "LONGEST", 0.3)

    def last(rows: Iterator[sql_and_search.Row]) -> list[sql_and_search.Row]:
        first = next(rows)
        time.sleep(0.4)
        return [max(rows, default=first)]

    many = f"({ENDLESS} SELECT n FROM c LIMIT 20000)"

    assert sql_and_search.select_rows(connection, "max(n, 0)", many, "true", "", (), last).rows == [(20000,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT zeroblob(1000000000)",
        "SELECT replace(hex(zeroblob(4000)), '0', hex(zeroblob(4000)))",
        f"{ENDLESS} SELECT printf('%.*c', 1000000, 'x') FROM c",
        f"{ENDLESS} SELECT json_group_array(printf('%.*c', 1000000, 'x')) FROM c",
        f"{ENDLESS} SELECT count(*) FROM (SELECT DISTINCT printf('%d%.*c', n, 1000000, 'x') FROM c)",
    ],
)
def test_a_question_that_fills_the_memory_is_refused(
    connection: sqlite3.Connection, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_and_search, "LONGEST", 600.0)  # on a busy machine its memory takes long to fill
    monkeypatch.setattr(sql_and_search, "_MOST_HELD", 256 << 20)
    with pytest.raises(sql_and_search.BadQuery, match=r"too big|memory"):
        sql_and_search.ask_sql(connection, sql)


def test_one_step_that_never_ends_takes_the_process_with_it() -> None:
    script = """
import sqlite3
from pipecli.records.money import Rates
from pipecli.store.index import sql_and_search, views_and_functions
sql_and_search.LONGEST = sql_and_search._GRACE = 0.1
needle = "printf('%.*c', 2000000, 'a') || 'b'"
sql_and_search.ask_sql(sqlite3.connect(":memory:"), f"SELECT instr(printf('%.*c', 4000000, 'a'), {needle})")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )

    assert (done.returncode, done.stderr) == (1, "error: the query took more than 0 seconds\n")


def test_the_connection_writes_again_afterwards(connection: sqlite3.Connection) -> None:
    with pytest.raises(sql_and_search.BadQuery):
        sql_and_search.ask_sql(connection, "SELECT nothing FROM deals")

    connection.execute("INSERT INTO deals VALUES ('b', 2)")

    assert sql_and_search.ask_sql(connection, "SELECT count(*) FROM deals").rows == [(2,)]


def test_a_condition_is_tried_on_one_record(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql_and_search.try_condition(connection, "deals", "amount > 1 -- big ones")
    with pytest.raises(sql_and_search.BadQuery, match="no such column: amonut"):
        sql_and_search.try_condition(connection, "deals", "amonut > 1")
    monkeypatch.setattr(sql_and_search, "_LONGEST_CONDITION", 0.1)
    with pytest.raises(sql_and_search.TooLong):
        sql_and_search.try_condition(connection, "deals", f"EXISTS ({ENDLESS} SELECT n FROM c WHERE n < 0)")


def test_a_table_and_a_column_that_are_not_there_have_their_likeliest(connection: sqlite3.Connection) -> None:
    for sql, hint in (
        ("SELECT 1 FROM dals", "list the tables with `pipecli sql --tables`"),
        ("SELECT amont FROM deals", "amount"),
    ):
        with pytest.raises(sql_and_search.BadQuery) as refusal:
            sql_and_search.ask_sql(connection, sql)
        assert hint in str(refusal.value.hint)
