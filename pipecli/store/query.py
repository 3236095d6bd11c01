"""Questions in SQL from a person or a file: read-only, bounded, and blind to all but the tables.

A rule's condition comes from a file that a pull request may have changed, so none of it is trusted.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from pipecli.errors import PipecliError

LONGEST = 10.0
"""Seconds that one question may take."""
_GRACE = 2.0
_LONGEST_VALUE = 16 << 20
_MOST_MEMORY = 256 << 20
"""Bytes, once for what SQLite holds and once for the answer."""

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
# Functions that reach outside the database or tell of the machine.
_FORBIDDEN = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_compileoption_get"}
_QUESTION = r"(?:\s|--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*+(?:select|with|values)\b"


class BadQuery(PipecliError):
    """SQL that can't be run, in SQLite's words."""


class Answer(NamedTuple):
    columns: list[str]
    rows: list[tuple[object, ...]]


def ask(connection: sqlite3.Connection, sql: str, parameters: Sequence[object] = ()) -> Answer:
    """The rows of one SELECT from a person. Raises BadQuery."""
    if not re.match(_QUESTION, sql, re.IGNORECASE):
        raise BadQuery("only questions can be asked: a query begins with SELECT, WITH or VALUES")
    return _guarded(connection, sql, parameters)


def holds(connection: sqlite3.Connection, table: str, key: str, condition: str) -> bool:
    """Whether a condition from the settings holds for one record of a table. Raises BadQuery."""
    answer = _guarded(connection, f"SELECT 1 FROM {table} WHERE id = ? AND ({condition}\n)", (key,))
    return bool(answer.rows)


def compile_condition(connection: sqlite3.Connection, table: str, condition: str) -> None:
    """Compile a condition from the settings without running any of it. Raises BadQuery."""
    _guarded(connection, f"EXPLAIN SELECT 1 FROM {table} WHERE ({condition}\n)", ())


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
    with _bounds(connection):
        try:
            cursor = connection.execute(sql, tuple(parameters))
            return Answer([column[0] for column in cursor.description or ()], _rows(cursor))
        except MemoryError:
            raise BadQuery(_TOO_MUCH, hint="ask for less at once") from None
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise BadQuery(_TOO_LONG.format(LONGEST)) from None
            raise BadQuery(f"the query can't be run: {error}", hint=_tables(error)) from None
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            said = "only tables of the pipeline can be read" if "not authorized" in str(error) else error
            raise BadQuery(f"the query can't be run: {said}") from None


_TOO_LONG = "the query took more than {:.0f} seconds"
_TOO_MUCH = f"the query takes more than {_MOST_MEMORY >> 20} MB of memory"


def _rows(cursor: sqlite3.Cursor) -> list[tuple[object, ...]]:
    """All rows, while there is room for them. Raises MemoryError."""
    rows = []
    room = _MOST_MEMORY
    for row in cursor:
        rows.append(row)
        room -= 100
        for value in row:
            if type(value) is str or type(value) is bytes:
                room -= len(value)
        if room < 0:
            raise MemoryError
    return rows


@contextmanager
def _bounds(connection: sqlite3.Connection) -> Iterator[None]:
    """Forbid all but reading, and stop what takes too long or too much."""
    deadline = time.monotonic() + LONGEST
    # SQLite declares json_each's table at its first use, which the authorizer would take for CREATE TABLE.
    connection.execute("SELECT 1 FROM json_each('[]')")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # where the next bound counts it, and no disk is filled
    connection.execute(f"PRAGMA hard_heap_limit = {_MOST_MEMORY}")
    longest = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    pattern = connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000)
    connection.set_authorizer(_allow)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    last_resort = threading.Timer(LONGEST + _GRACE, _end)
    last_resort.daemon = True
    last_resort.start()
    try:
        yield
    finally:
        last_resort.cancel()
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, pattern)
        connection.execute("PRAGMA query_only = OFF")


def _end() -> None:
    """End the process, from beside a question that nothing else can stop.

    The progress handler is asked between the steps of SQLite's program, and one call of instr() on megabytes
    is a single step. A question is asked before anything is written, so nothing is left half done.
    """
    os.write(2, f"error: {_TOO_LONG.format(LONGEST)}\n".encode())
    os._exit(1)


def _allow(action: int, first: str | None, second: str | None, _schema: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in _FORBIDDEN else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _tables(error: sqlite3.OperationalError) -> str:
    if "no such table" not in str(error):
        return ""
    return "list the tables with `pipecli sql --tables`"
