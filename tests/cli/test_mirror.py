"""A mirror: the tables of `sql` and the events of history, in Parquet files and in a real PostgreSQL."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from shutil import which

import pytest

from pipecli.cli.main import run
from pipecli.store.index.rows_for_verbs import columns_of, public_tables
from pipecli.store.pipeline import Pipeline
from tests.later import Later
from tests.servers import postgresql

duckdb = Later("duckdb")
psycopg = Later("psycopg")

DEAL = "OPP-2Q8XA"
SUMS = (
    "SELECT count(*), sum(amount), min(expected_close), count(DISTINCT owner) FROM opportunities",
    "SELECT count(*), sum(quantity), sum(amount), count(product) FROM items",
    "SELECT count(*), count(DISTINCT customer), count(emails), min(name) FROM contacts",
)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgresql() as address:
        yield address


def asked(cli, question: str) -> list[object]:
    (row,) = json.loads(cli("sql", question, "--format", "json").out)
    return [None if value is None else str(value) for value in row.values()]


def plain(row) -> list[object]:
    """A row as `sql` says it: floats to 15 digits, days in ISO."""
    exact = [f"{value:.15g}" if isinstance(value, float) else value for value in row]
    return [None if value is None else str(value) for value in exact]


def test_every_table_of_sql_is_in_the_parquet_files(root, shop, cli, tmp_path):
    mirror = tmp_path / "mirror"
    cli("opp", "set", DEAL, "expected_close=2026-12-15")
    told = json.loads(cli("mirror", str(mirror), "--format", "json").out)
    connection = Pipeline.find(root).index.connection
    tables = public_tables(connection)
    assert sorted(told["rows"]) == sorted([*tables, "events"])
    for table in tables:
        copied = duckdb.sql(f"SELECT * FROM '{mirror}/{table}.parquet'")
        assert copied.columns == columns_of(connection, table)
        assert len(copied) == connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    for question in SUMS:
        table = question.rpartition(" ")[2]
        (row,) = duckdb.sql(question.replace(table, f"'{mirror}/{table}.parquet'")).fetchall()
        assert plain(row) == asked(cli, question)

    # what happened: who, when, record, field, before, after, amount
    events = f"FROM '{mirror}/events.parquet'"
    last = f"SELECT author, record, field, before, after, amount {events} ORDER BY seq DESC LIMIT 1"
    assert duckdb.sql(last).fetchall() == [
        ("Ana Ruiz", DEAL, "expected_close", None, "2026-12-15", Decimal("5095.20"))
    ]
    began = (
        f"SELECT field, after {events} WHERE record = '{DEAL}' AND field IN ('stage', 'created') ORDER BY 1"
    )
    assert duckdb.sql(began).fetchall() == [("created", "Espresso machines"), ("stage", "propose")]

    # once more: nothing; a new commit: its events
    again = cli("mirror", str(mirror))
    assert again.out.startswith("nothing to do") and again.err == ""
    cli("opp", "set", DEAL, "probability=80")
    assert "1 new event" in cli("mirror", str(mirror)).out
    assert duckdb.sql(f"SELECT count(*), count(DISTINCT (commit_id, n)) {events}").fetchall() == [
        (told["rows"]["events"] + 1,) * 2
    ]

    # a hand edit is in the tables, and the next run copies them again
    file = root / "customers" / "contoso-coffee.yaml"
    before = file.read_text()
    file.write_text(before.replace("Contoso Coffee", "Contoso Tea"))
    assert "not committed" in cli("mirror", str(mirror)).err
    assert duckdb.sql(f"SELECT name FROM '{mirror}/customers.parquet'").fetchall() == [("Contoso Tea",)]
    file.write_text(before)
    cli("mirror", str(mirror))
    assert duckdb.sql(f"SELECT name FROM '{mirror}/customers.parquet'").fetchall() == [("Contoso Coffee",)]


def test_a_folder_of_something_else_is_left_alone(root, shop, cli, refused, tmp_path):
    duckdb.sql("SELECT 1 AS x").write_parquet(str(tmp_path / "customers.parquet"))
    assert "isn't a mirror of pipecli" in refused("mirror", str(tmp_path))
    assert "can't be mirrored to" in refused("mirror", "mysql://x/y")
    assert "can't be reached" in refused("mirror", "postgresql://crm:secret@127.0.0.1:1/x")
    assert "secret" not in refused("mirror", "postgresql://crm:secret@127.0.0.1:1/x")
    other = tmp_path / "other"
    assert run(["init", str(other), "--company", "Other"]) == 0
    mirror = str(tmp_path / "mirror")
    cli("mirror", mirror)
    assert run(["-C", str(other), "mirror", mirror]) == 1  # another pipeline
    os.mkfifo(tmp_path / "other/events.parquet")  # that nobody writes into
    assert "isn't a mirror of pipecli" in refused("mirror", str(tmp_path / "other"))
    (tmp_path / f"new/.customers.parquet.{os.getpid()}.tmp").parent.mkdir()
    (tmp_path / f"new/.customers.parquet.{os.getpid()}.tmp").symlink_to(tmp_path / "outside")
    assert "symbolic links" in refused("mirror", str(tmp_path / "new"))
    assert not (tmp_path / "outside").exists()


def test_a_git_that_is_killed_leaves_the_mirror_as_it_was(root, shop, cli, refused, monkeypatch, tmp_path):
    mirror = tmp_path / "mirror"
    cli("mirror", str(mirror))
    before = {file.name: file.read_bytes() for file in mirror.iterdir()}
    cli("opp", "set", DEAL, "probability=35")
    cli("history", DEAL)  # git lists the commits next where the events of the last tables are written
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    case = 'case "$*" in *--topo-order*) kill -9 $$;; esac'
    shim.write_text(f'#!/bin/sh\n{case}\nexec {which("git")} "$@"\n')
    shim.chmod(0o755)
    with monkeypatch.context() as scene:
        scene.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
        assert "Killed" in refused("mirror", str(mirror))
    assert {file.name: file.read_bytes() for file in mirror.iterdir()} == before
    cli("mirror", str(mirror))
    assert {file.name for file in mirror.iterdir()} == {*before}


def test_postgresql_has_the_same(root, shop, cli, git, database, tmp_path):
    cli("opp", "set", DEAL, "expected_close=2026-12-15")
    assert "mirrored" in cli("mirror", database).out
    assert cli("mirror", database).out.startswith("nothing to do")
    with psycopg.connect(database, autocommit=True) as warehouse:

        def rows(question: str):
            return warehouse.execute(question).fetchall()

        rows_before = rows("SELECT count(*) FROM pipecli.events")[0][0]
        warehouse.execute("SET search_path = pipecli")
        warehouse.execute("CREATE VIEW public.mine AS SELECT id, amount FROM pipecli.opportunities")
        for question in SUMS:
            assert plain(rows(question)[0]) == asked(cli, question)
        assert rows("SELECT sum(exact_amount) FROM opportunities") == [(Decimal("5095.20"),)]
        assert rows("SELECT json->>'title' FROM opportunities") == [("Espresso machines",)]

        cli("opp", "won", DEAL)
        cli("mirror", database)
        won = rows(
            "SELECT author, before, after, amount, currency FROM events "
            "WHERE record = 'OPP-2Q8XA' AND field = 'status' ORDER BY seq DESC LIMIT 1"
        )
        assert won == [("Ana Ruiz", "open", "won", Decimal("5095.20"), "EUR")]
        assert rows("SELECT count(*) FROM public.mine") == [(1,)]  # what others made of it stays

        # all or nothing: what a transaction can't finish has changed nothing
        warehouse.execute("ALTER TABLE users ADD CONSTRAINT nobody CHECK (id <> 'luis')")
        count = rows("SELECT count(*) FROM events")[0][0]
        assert count > rows_before
        cli("user", "add", "luis", "--name", "Luis")
        assert "refused it, nothing is changed" in cli("mirror", database, code=1).err
        assert rows("SELECT count(*) FROM events") == [(count,)]
        warehouse.execute("ALTER TABLE users DROP CONSTRAINT nobody")
        cli("mirror", database)
        assert rows("SELECT id FROM users ORDER BY 1") == [("ana-ruiz",), ("luis",)]

        # history that was rewritten is copied again, and no event twice
        git("commit", "-q", "--amend", "-m", "otherwise")
        assert "history was rewritten" in cli("mirror", database).err
        events = rows("SELECT count(*), count(DISTINCT (commit_id, n)) FROM events")[0]
        assert events[0] == events[1] > count
        assert rows("SELECT message FROM events WHERE field = 'users.luis'") in ([("otherwise",)], [])

        # a schema of something else is left alone; a company's regions stand side by side
        warehouse.execute("CREATE SCHEMA books; CREATE TABLE books.ledger (x int)")
        assert "isn't a mirror of pipecli" in cli("mirror", database, "--schema", "books", code=1).err
        other = tmp_path / "north"
        assert run(["init", str(other), "--company", "North"]) == 0
        assert run(["-C", str(other), "mirror", database]) == 1
        assert run(["-C", str(other), "mirror", database, "--schema", "north"]) == 0
        assert rows("SELECT count(*) FROM north.users") == [(1,)]


def test_what_an_invoice_still_owes_can_be_summed():
    from pipecli.outbox.mirror import _type_of

    assert (_type_of("open", ""), _type_of("overdue_days", "")) == ("double precision", "bigint")
