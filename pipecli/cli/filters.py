"""What the options of a `list` come to in SQL: which records, in what order, how many."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.cli.session import Session
from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_FOLDER
from pipecli.store.index.deals import in_team


class Filtered(NamedTuple):
    condition: str
    parameters: list[object]
    tail: str
    """ORDER BY and LIMIT."""


_FILTERS = {"owner": "owner", "status": "status", "stage": "stage", "team": "team"}


def filtered(run: Session, plural: str, known: set[str], order: str) -> Filtered:
    """What the options say of a table with the columns `known`; `order` holds where --sort does not.

    Raises PipecliError when the table, named by its `plural`, has no column for an option.
    """
    conditions, parameters = _conditions(run, plural, known)
    tail = f"ORDER BY {_order(run, known) or order}{_limit(run)}"
    return Filtered(" AND ".join(conditions) or "1", parameters, tail)


def _conditions(run: Session, plural: str, known: set[str]) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    parameters: list[object] = []
    for option, column in _FILTERS.items():
        value = run.option(option)
        if value:
            _must_know(plural, column, known, option)
            _must_be(run, plural, option, str(value))
            conditions.append(in_team(column) if option == "team" else f"{column} = ?")
            parameters.append(value)
    if run.option("tag"):
        _must_know(plural, "tags", known, "tag")
        conditions.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)")
        parameters.append(run.option("tag"))
    if run.option("mine"):
        _must_know(plural, "owner", known, "mine")
        me, team = run.me_and_team()
        shared = "OR EXISTS (SELECT 1 FROM json_each(shared_with) WHERE value IN (?, ?))"
        is_shared = "shared_with" in known  # customers have an owner, and nobody to share with
        conditions.append(f"(owner = ? {shared if is_shared else ''})")
        parameters += [me, me, team] if is_shared else [me]
    if run.option("where"):
        conditions.append(f"({run.option('where')}\n)")  # the newline ends a comment that would hide the rest
    return conditions, parameters


def _must_know(plural: str, column: str, known: set[str], option: str) -> None:
    if column not in known:
        raise PipecliError(f"--{option}: {plural} have no {column}")


_NAMED = {
    "owner": ("users", "there is no user", "see `pipecli user list`"),
    "team": ("teams", "there is no team", "see `pipecli team list`"),
    "stage": ("stages", "there is no stage", "see the processes in pipecli.yaml"),
}


def _must_be(run: Session, plural: str, option: str, value: str) -> None:
    """Refuse what no record could have: an empty list would say that there is nothing to do."""
    connection = run.pipeline.index.connection
    if option in _NAMED:
        table, fault, way_out = _NAMED[option]
        if not connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (value,)).fetchone():
            raise PipecliError(f"--{option}: {fault} {value}", hint=way_out)
    elif option == "status" and plural in BY_FOLDER:
        kind = BY_FOLDER[plural]
        # The models, which are slow to import, are asked only about what no record has now.
        if not connection.execute(f"SELECT 1 FROM {kind.table} WHERE status = ?", (value,)).fetchone():
            from pipecli.records import base

            (statuses,) = base.options(base.annotation_at(kind.model, ["status"]))
            if value not in list(statuses):
                raise PipecliError(f'--status: "{value}" is none of {", ".join(statuses)}')


def _order(run: Session, known: set[str]) -> str:
    wanted = str(run.option("sort") or "")
    column = wanted.removeprefix("-")
    if not wanted:
        return ""
    if column not in known:
        raise PipecliError(
            f"--sort: there is no column {column}", hint=f"sort by one of {', '.join(sorted(known))}"
        )
    return f'"{column}" IS NULL, "{column}" {"DESC" if wanted.startswith("-") else "ASC"}'


def _limit(run: Session) -> str:
    wanted = str(run.option("limit") or "")
    if not wanted:
        return ""
    if not wanted.isdecimal():
        raise PipecliError(f'--limit: "{wanted}" is no number of records', hint="write one as 10")
    return f" LIMIT {int(wanted)}"
