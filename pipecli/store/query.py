"""Questions in SQL from a person or a file: read-only, bounded, and blind to all but the tables.

A rule's condition comes from a file that a pull request may have changed, so none of it is trusted.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from typing import NamedTuple

from pipecli.errors import PipecliError

LONGEST = 10.0
"""Seconds that one question may take."""

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
# Functions that reach outside the database or tell of the machine.
_FORBIDDEN = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_compileoption_get"}


class BadQuery(PipecliError):
    """SQL that can't be run, in SQLite's words."""


class Answer(NamedTuple):
    columns: list[str]
    rows: list[tuple[object, ...]]


def ask(connection: sqlite3.Connection, sql: str, parameters: Sequence[object] = ()) -> Answer:
    """The rows of one SELECT from a person. Raises BadQuery."""
    if not re.match(r"\s*(select|with|values)\b", sql, re.IGNORECASE):
        raise BadQuery("only questions can be asked: a query begins with SELECT, WITH or VALUES")
    return _guarded(connection, sql, parameters)


def holds(connection: sqlite3.Connection, table: str, key: str, condition: str) -> bool:
    """Whether a condition from the settings holds for one record of a table. Raises BadQuery."""
    answer = _guarded(connection, f"SELECT 1 FROM {table} WHERE id = ? AND ({condition}\n)", (key,))
    return bool(answer.rows)


def select(
    connection: sqlite3.Connection,
    columns: str,
    table: str,
    condition: str,
    rest: str,
    parameters: Sequence[object],
) -> Answer:
    """Rows of one table; `condition` holds what a person wrote, everything else is ours. Raises BadQuery."""
    return _guarded(connection, f"SELECT {columns} FROM {table} WHERE {condition} {rest}", parameters)


def _guarded(connection: sqlite3.Connection, sql: str, parameters: Sequence[object]) -> Answer:
    deadline = time.monotonic() + LONGEST
    # SQLite declares json_each's table at its first use, which the authorizer would take for CREATE TABLE.
    connection.execute("SELECT 1 FROM json_each('[]')")
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(_allow)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        cursor = connection.execute(sql, tuple(parameters))
        rows = cursor.fetchall()
        return Answer([column[0] for column in cursor.description or ()], rows)
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise BadQuery(f"the query took more than {LONGEST:.0f} seconds") from None
        raise BadQuery(f"the query can't be run: {error}", hint=_tables(error)) from None
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        said = "only tables of the pipeline can be read" if "not authorized" in str(error) else error
        raise BadQuery(f"the query can't be run: {said}") from None
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
        connection.execute("PRAGMA query_only = OFF")


def _allow(action: int, first: str | None, second: str | None, _schema: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in _FORBIDDEN else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _tables(error: sqlite3.OperationalError) -> str:
    if "no such table" not in str(error):
        return ""
    return "list the tables with `pipecli sql --tables`"
