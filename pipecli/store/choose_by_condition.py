"""The process of a new deal, and the rule that gives a record its owner, by the conditions of the settings.

A condition (`when`) may ask of a record that isn't written yet: that is asked alone, in memory, and sees
nothing else. Which of a rule's users comes next is decided in `workflow/assignment.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_NOUN, SETTINGS_FILE
from pipecli.store import ids_and_files
from pipecli.store.index import tables
from pipecli.store.index.sql_and_search import BadQuery, row_meets
from pipecli.store.index.views_and_functions import marks, register_sql_functions

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.settings import AssignmentRule
    from pipecli.store.pipeline import Pipeline


def choose_process(pipeline: Pipeline, deal: Opportunity) -> str:
    """The process of a new deal: the first whose `when` holds for it, else the first without a `when`.

    Raises PipecliError when none is for it, or when a condition can't be run.
    """
    processes = pipeline.settings.processes
    for slug, process in processes.items():
        if process.when and condition_holds(pipeline, deal, process.when, f"processes.{slug}.when"):
            return slug
    for slug, process in processes.items():
        if not process.when:
            return slug
    raise PipecliError(
        "no process of the settings is for this opportunity: the condition of none holds",
        hint=f"name one with --process: {', '.join(processes)}",
    )


def choose_rules(pipeline: Pipeline, records: Sequence[Lead | Opportunity]) -> list[AssignmentRule | None]:
    """For each record the assignment rule that takes it: by priority the first whose `when` holds.

    Raises PipecliError when a condition can't be run.
    """
    from pipecli.workflow.assignment import rules_for

    settings = pipeline.settings
    with conditions_of(pipeline) as conditions:
        return [
            next(
                (
                    rule
                    for place, rule in rules_for(settings, record.noun)
                    if not rule.when
                    or conditions.hold(record, rule.when, f"assignment_rules.{place + 1}.when")
                ),
                None,
            )
            for record in records
        ]


def condition_holds(pipeline: Pipeline, record: Record, condition: str, where: str) -> bool:
    """True where a condition holds for a record; `where` is its place in the settings, for the error.

    Raises PipecliError when the condition can't be run.
    """
    with conditions_of(pipeline) as conditions:
        return conditions.hold(record, condition, where)


@contextmanager
def conditions_of(pipeline: Pipeline) -> Iterator[Conditions]:
    """The conditions of a pipeline, to ask of many records, each of them alone."""
    with closing(sqlite3.connect(":memory:")) as connection:
        register_sql_functions(connection, pipeline)
        connection.executescript(tables.schema())
        _insert(connection, [*tables.rows([(SETTINGS_FILE, pipeline.settings)])])
        connection.commit()
        yield Conditions(pipeline, connection)


class Conditions:
    """An index in memory of the settings, and of one record while something is asked of it."""

    def __init__(self, pipeline: Pipeline, connection: sqlite3.Connection) -> None:
        self._pipeline = pipeline
        self._connection = connection

    def hold(self, record: Record, condition: str, where: str) -> bool:
        """True where a condition holds for a record. Raises PipecliError when it can't be run."""
        from pipecli.records.customer import Customer

        # The tables show the customer's name.
        customer = self._pipeline.find_record(Customer, getattr(record, "customer", None))
        try:
            written = [(ids_and_files.file_name(one), one) for one in (record, customer) if one]
            _insert(self._connection, [*tables.rows(written)])
            return row_meets(self._connection, BY_NOUN[record.noun].table, record.key, condition)
        except BadQuery as error:
            raise PipecliError(
                f"{SETTINGS_FILE}: {where}: {error.message}", hint=error.hint, code=error.code
            ) from None
        finally:
            self._connection.rollback()


def _insert(connection: sqlite3.Connection, rows: Sequence[tables.Row]) -> None:
    for table, row in rows:
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks(row)})"
        connection.execute(statement, [*row.values()])
