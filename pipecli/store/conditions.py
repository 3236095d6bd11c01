"""Conditions of the settings on one record: which process a deal follows, which rule takes it.

A condition is SQL on the columns that the record has in `sql`. The record need not be written yet: it is
asked alone, in memory, so that a condition from a stranger's pull request sees nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_NOUN, SETTINGS_FILE
from pipecli.store import naming, query, tables
from pipecli.store.functions import register

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.opportunity import Opportunity
    from pipecli.store.pipeline import Pipeline


def choose_process(pipeline: Pipeline, deal: Opportunity) -> str:
    """The process of a new deal: the first whose `when` holds for it, else the first without a `when`.

    Raises PipecliError when none is for it, or when a condition can't be run.
    """
    processes = pipeline.settings.processes
    for slug, process in processes.items():
        if process.when and holds(pipeline, deal, process.when, f"processes.{slug}.when"):
            return slug
    for slug, process in processes.items():
        if not process.when:
            return slug
    raise PipecliError(
        "no process of the settings is for this opportunity: the condition of none holds",
        hint=f"name one with --process: {', '.join(processes)}",
    )


def holds(pipeline: Pipeline, record: Record, condition: str, where: str) -> bool:
    """Whether a condition holds for a record; `where` is its place in the settings, for the error.

    Raises PipecliError when the condition can't be run.
    """
    with closing(_alone(pipeline, record)) as connection:
        try:
            return query.holds(connection, BY_NOUN[record.noun].table, record.key, condition)
        except query.BadQuery as error:
            raise PipecliError(f"{SETTINGS_FILE}: {where}: {error.message}", hint=error.hint) from None


def _alone(pipeline: Pipeline, record: Record) -> sqlite3.Connection:
    """An index in memory of this record, the settings, and the customer whose name the tables show."""
    from pipecli.records.party import Customer

    customer = pipeline.find_record(Customer, getattr(record, "customer", None))
    connection = sqlite3.connect(":memory:")
    register(connection, lambda: pipeline.today, lambda: pipeline.rates)
    connection.executescript(tables.schema())
    _insert(connection, [*tables.rows(pipeline.settings, SETTINGS_FILE)])
    for each in (record, customer):
        if each is not None:
            _insert(connection, [*tables.rows(each, naming.file_name(each))])
    return connection


def _insert(connection: sqlite3.Connection, rows: Sequence[tables.Row]) -> None:
    for table, values in rows:
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
