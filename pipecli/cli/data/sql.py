"""`pipecli sql`: any question that the index can answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.output import Format, print_record, print_records
from pipecli.cli.common.session import Session, session
from pipecli.cli.common.table import Column
from pipecli.records.kinds import KINDS, Kind
from pipecli.store.index import query
from pipecli.store.index.records import columns, public_tables

app = noun("Ask in SQL; the question can change nothing.")


@app.command()
def sql(
    ctx: typer.Context,
    question: Annotated[
        str, typer.Argument(metavar="[QUERY]", help="One SELECT over the tables of --tables.")
    ] = "",
    tables: Annotated[bool, typer.Option("--tables", help="List the tables and their columns.")] = False,
) -> None:
    """Ask in SQLite's SQL over the index of all records; nothing can be changed by it.

    Money and quantities are floating-point numbers here: their sums are shown to 15 digits, which is exact to
    the cent below ten trillion.
    """
    if bool(question) == tables:
        raise typer.BadParameter("write a question, or --tables", param_hint="QUERY")
    run = session(ctx)
    if tables:
        _print_tables(run)
        return
    answer = query.ask(run.read(*_needed(question)).index.connection, question)
    names = _distinct(answer.columns)
    records = [dict(zip(names, [_value(value) for value in row], strict=True)) for row in answer.rows]
    columns = [
        Column(name, name, align="right" if _is_number(place, answer.rows) else "left", shrink=True)
        for place, name in enumerate(names)
    ]
    print_records(records, columns, run.format, id_key=names[0])


_OF_SEVERAL_KINDS = {"items", "activities"}


def _needed(question: str) -> list[Kind]:
    """The kinds whose files a question is about: where one of them can't be read, it has no answer."""
    words = set(re.findall(r"\w+", question.lower()))
    named = [kind for kind in KINDS if kind.table in words]
    return named if named and not words & _OF_SEVERAL_KINDS else list(KINDS)


def _value(value: object) -> object:
    """A value as every format writes it: a number without the digits that a float only pretends to know."""
    if isinstance(value, float):
        return Decimal(f"{value:.15g}")
    return value.hex() if isinstance(value, bytes) else value


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of columns that JSON can have side by side: a second `id` is `id_2`."""
    made: list[str] = []
    for name in names:
        number = 2
        distinct = name
        while distinct in made:
            distinct, number = f"{name}_{number}", number + 1
        made.append(distinct)
    return made


def _is_number(place: int, rows: Sequence[tuple[object, ...]]) -> bool:
    values = [row[place] for row in rows if row[place] is not None]
    return bool(values) and all(isinstance(value, (int, float)) for value in values)


def _print_tables(run: Session) -> None:
    connection = run.pipeline.index.connection
    tables = {table: columns(connection, table) for table in public_tables(connection)}
    if run.format is Format.TABLE:
        print_record({}, run.format, [*tables.items()])
    else:
        print_records(
            [{"table": table, "columns": names} for table, names in tables.items()],
            [Column("table", "TABLE"), Column("columns", "COLUMNS")],
            run.format,
            id_key="table",
        )
