"""`list` of what has no file of its own: users, teams, activities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import typer

from pipecli.cli import filters
from pipecli.cli.listing import Shown
from pipecli.cli.output import Format, print_records
from pipecli.cli.session import session
from pipecli.jsontext import loads
from pipecli.records.kinds import Kind
from pipecli.store.index import query


class Parts(NamedTuple):
    """Where the parts come from."""

    plural: str
    select: str
    """A SELECT of ours that gives their columns; `id` is one of them."""
    kinds: tuple[Kind, ...] = ()
    """The records they stand in; a broken file of these stops the list."""
    flags: frozenset[str] = frozenset()
    """Columns that are yes or no."""
    lists: frozenset[str] = frozenset()
    """Columns that hold a JSON list."""
    hidden: frozenset[str] = frozenset()
    """Columns that only conditions need."""


def print_parts(
    ctx: typer.Context,
    parts: Parts,
    shown: Sequence[Shown],
    order: str,
    conditions: Mapping[str, object] | None = None,
) -> None:
    """Print what the filters of the command line let through, and `conditions`: our SQL with its value."""
    run = session(ctx)
    connection = run.read(*parts.kinds).index.connection
    table = f"({parts.select})"
    known = query.select(connection, "*", table, "1", "LIMIT 0", ()).columns
    condition, parameters, tail = filters.filtered(run, parts.plural, set(known), order)
    own = conditions or {}
    found = query.select(
        connection,
        "*" if run.format in (Format.JSON, Format.JSONL) else ", ".join(each.sql for each in shown),
        table,
        " AND ".join([*own, condition]),
        tail,
        [*own.values(), *parameters],
    )
    if run.format in (Format.JSON, Format.JSONL):
        names = known
        records = [_record(parts, dict(zip(names, row, strict=True))) for row in found.rows]
    else:
        names = [each.column.name for each in shown]
        records = [dict(zip(names, row, strict=True)) for row in found.rows]
    print_records(records, [each.column for each in shown if not each.hidden], run.format)


def _record(parts: Parts, row: dict[str, object]) -> dict[str, object]:
    """A row as JSON has it: what is absent left out, flags and lists as such."""
    return {
        key: bool(value) if key in parts.flags else loads(str(value)) if key in parts.lists else value
        for key, value in row.items()
        if value is not None and key not in parts.hidden
    }
