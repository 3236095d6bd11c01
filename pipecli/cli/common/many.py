"""One change of many records: named one by one, on stdin, or by a condition; one commit, all or none."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from pipecli.cli.common.change import Transaction
from pipecli.cli.common.command import Changing, text_option
from pipecli.cli.common.output import print_records
from pipecli.cli.common.table import Column
from pipecli.errors import PipecliError
from pipecli.records.base import Record
from pipecli.records.kinds import BY_NOUN
from pipecli.store.index import query
from pipecli.store.lookup import Care
from pipecli.wording import count
from pipecli.workflow.change import Change

R = TypeVar("R", bound=Record)

Refs = Annotated[
    list[str] | None,
    typer.Argument(metavar="REF...", help="Ids, their starts, or names; - reads ids from stdin."),
]
RefsAndAssignments = Annotated[
    list[str],
    typer.Argument(
        metavar="REF... PATH=VALUE...", help="Records, or - for ids on stdin; then fields and their values."
    ),
]

_ASSIGNMENT = r"[A-Za-z_][\w-]*(\.[^\s=]+)*=.*"
_ASKED_FROM = 20
"""More records than these are changed at a terminal only once a person has said yes."""


class ChangingMany(Changing):
    """A verb that changes one record or many; with `--dry-run` many are listed, one is shown as a diff."""

    def shared(self) -> list[Any]:
        where = text_option(
            "--where", "All for which this SQL condition on the columns of `sql` holds.", "EXPR"
        )
        return [where, *super().shared()]


def refs_and_assignments(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The records and the `path=value` of one command line. Raises PipecliError without any of the latter."""
    assignments = [word for word in words if re.fullmatch(_ASSIGNMENT, word, re.DOTALL)]
    if not assignments:
        raise PipecliError(f'"{words[-1]}" is no assignment', hint="write path=value, or path= to clear")
    return [word for word in words if word not in assignments], assignments


def change_each(
    transaction: Transaction,
    model: type[R],
    refs: Sequence[str] | None,
    decide: Callable[[R], Change],
    what: str,
    care: Care = Care.LIKELY,
) -> None:
    """Change the records that are named, or for which `--where` holds; `what` is the verb, for the commit.

    One that can't be changed stops all. Raises PipecliError.
    """
    names = list(refs or ())
    where = str(transaction.session.option("where") or "")
    if len(names) == 1 and names != ["-"] and not where:
        transaction.do(decide(transaction.get(model, names[0], care)))
        return
    records = _records(transaction, model, names, where, care)
    plural = count(len(records), BY_NOUN[model.noun].noun.replace("-", " "), ",")
    if plural.endswith("ys"):
        plural = f"{plural[:-2]}ies"
    changes = _decided(records, decide)
    if transaction.session.dry_run:
        rows = [{"id": change.subject.key, "what": change.summary} for change in changes]
        columns = (Column("id", "ID"), Column("what", "WHAT", shrink=True, min_width=20))
        print_records(rows, columns, transaction.session.format)
        return
    if len(records) > _ASKED_FROM and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm(f"{what} {plural}?", abort=True, err=True)
    transaction.do_many(changes, f"{what} {plural}")


def _records(transaction: Transaction, model: type[R], names: list[str], where: str, care: Care) -> list[R]:
    """The records, each once, in the order in which they are named. Raises PipecliError."""
    kind = BY_NOUN[model.noun]
    if where and names:
        raise PipecliError("--where names the records already", hint="give ids, or --where")
    if where:
        transaction.pipeline.need(kind)
        connection = transaction.pipeline.index.connection
        rows = query.select(connection, kind.identity, kind.table, f"({where}\n)", "ORDER BY 1", ()).rows
        keys = [str(row[0]) for row in rows]
        if not keys:
            raise PipecliError(
                f"--where: no {kind.noun} fits", hint=f"try it: pipecli {kind.noun} list --where"
            )
        return [transaction.pipeline.get(model, key) for key in keys]
    if "-" in names:
        place = names.index("-")
        names[place : place + 1] = sys.stdin.read().split()
    if not names:
        raise PipecliError(
            f"no {kind.noun} is named", hint="name one or more, - for ids on stdin, or --where EXPR"
        )
    records: dict[str, R] = {}
    for name in names:
        record = transaction.get(model, name, care)
        records[record.key] = record
    return list(records.values())


def _decided(records: Sequence[R], decide: Callable[[R], Change]) -> list[Change]:
    """The change of each record. Raises PipecliError with the first that can't be, and how many more."""
    changes, faults = [], list[PipecliError]()
    for record in records:
        try:
            changes.append(decide(record))
        except PipecliError as error:
            faults.append(error)
    if faults:
        first = faults[0]
        more = f" (and {len(faults) - 1} more can't be changed)" if len(faults) > 1 else ""
        raise PipecliError(f"{first.message}{more}; nothing is changed", hint=first.hint)
    return changes
