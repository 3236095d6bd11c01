"""The file of the history index: its tables, made anew where they are missing or of another layout."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipecli import __version__
from pipecli.history import touched
from pipecli.history.versions import Version

LAYOUT = f"{__version__}/9"
"""Changes whenever the tables do, or what is said of a version."""

_PATIENCE = 60.0
"""Seconds to wait for another command that reads a long history for the first time."""

_SCHEMA = f"""
CREATE TABLE commits (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, parent TEXT, parents INTEGER,
    committed INTEGER, placed INTEGER, generation INTEGER, line INTEGER);
CREATE INDEX commits_line ON commits (line, committed, id) WHERE line IS NOT NULL;
CREATE TABLE touched (commit_n INTEGER, {", ".join(touched.Row._fields)});
CREATE INDEX touched_key ON touched (noun, key);
CREATE INDEX touched_was ON touched (noun, was) WHERE was IS NOT NULL;
CREATE INDEX touched_commit ON touched (commit_n);
CREATE TABLE merged (commit_n INTEGER, noun, key, was, after);
CREATE INDEX merged_commit ON merged (commit_n);
CREATE TABLE courses (head TEXT, kept BLOB);
CREATE TABLE versions (noun TEXT, blob TEXT, {", ".join(Version._fields)}, PRIMARY KEY (noun, blob))
    WITHOUT ROWID;
CREATE INDEX versions_key ON versions (noun, key);
CREATE INDEX versions_link ON versions (link) WHERE link IS NOT NULL;
CREATE TABLE snapshots (n INTEGER PRIMARY KEY, tree TEXT UNIQUE, deals BLOB);
CREATE TABLE about (layout TEXT, head TEXT, boundary TEXT);
INSERT INTO about VALUES ('{LAYOUT}', '', '');
"""


def connect(file: Path) -> sqlite3.Connection:
    """A connection to the index, whose tables are made anew where there are none of this layout."""
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # lost with the power, it is read again
    if _layout(connection) == LAYOUT:
        return connection
    with writing(connection):
        if _layout(connection) != LAYOUT:  # still: another command may have made them meanwhile
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                connection.execute(f"DROP TABLE {table}")
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
    return connection


def _layout(connection: sqlite3.Connection) -> str | None:
    try:
        layout: str = connection.execute("SELECT layout FROM about").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    return layout


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One SQLite transaction, rolled back when anything fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
