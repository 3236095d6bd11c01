"""`sql`: any question that the index can answer; `schema`: the JSON Schemas of the records, for editors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import typer

from pipecli import __version__
from pipecli.cli.common.command import Changing, argument, flag, noun
from pipecli.cli.common.output import Format, print_record, print_records, write_text, write_whole
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column, plain_columns
from pipecli.errors import PipecliError, system_refusal
from pipecli.records.kinds import KINDS, SETTINGS, Kind, collection_named
from pipecli.store.index.rows_for_verbs import columns_of, public_tables
from pipecli.store.index.sql_and_search import ask_sql

if TYPE_CHECKING:
    from pipecli.cli.common.transaction import Transaction

app = noun()


@app.command("schema write", cls=Changing)
def write(
    run: Session,
    directory: Path | None = argument("Where; else the pipeline's own, committed.", "[DIR]", default=None),
) -> None:
    """Write the JSON Schemas of this version of pipecli."""
    from pipecli.cli.common.transaction import changing
    from pipecli.store import editor_schemas

    if directory is None:
        with changing(run) as transaction:
            _write_own(transaction)
        return
    folder = run.directory_for(directory)
    with system_refusal(folder):
        changed = editor_schemas.differing_schemas(folder, ".")
        if changed and not run.dry_run:
            folder.mkdir(parents=True, exist_ok=True)
            texts = editor_schemas.schema_files()
            for name in changed:
                write_whole(folder / name, texts[name].encode())
    write_text("".join(f"{directory / name}\n" for name in changed))


def _write_own(transaction: Transaction) -> None:
    """Bring the pipeline's own schemas up to date, as one commit."""
    from pipecli.store import editor_schemas, safe_files
    from pipecli.store.plan_writes import Write

    pipeline, run = transaction.pipeline, transaction.session
    texts = editor_schemas.schema_files()
    writes = []
    for name in editor_schemas.differing_schemas(pipeline.root, editor_schemas.FOLDER):
        file = f"{editor_schemas.FOLDER}/{name}"
        try:
            before = safe_files.read_bytes(pipeline.root, file)
        except FileNotFoundError:
            before = None
        writes.append(Write(file, before, texts[name].encode()))
    if not writes and not run.dry_run:
        say("the schemas are up to date")
        return
    transaction.commit(
        writes, f"Write the schemas of pipecli {__version__}", "Pipecli-Event: schemas-written"
    )
    if not run.dry_run:
        write_text("".join(f"{write.file}\n" for write in writes))


@app.command("schema show")
def show(
    kind: str = argument("As lead, opportunity or settings.", "KIND"),
) -> None:
    """Print the schema of one kind of record."""
    from pipecli.store import editor_schemas

    write_text(editor_schemas.schema_text(_kind(kind)))


@app.command("schema check")
def check(
    run: Session,
    directory: Path = argument("A folder of schemas.", "DIR"),
) -> None:
    """Exit with 1 if a folder's schemas are not of this version; for CI."""
    from pipecli.store import editor_schemas

    folder = run.directory_for(directory)
    with system_refusal(folder, "read"):
        wrong = editor_schemas.differing_schemas(folder, ".")
    if wrong:
        names = ", ".join(f"{name} is {what}" for name, what in wrong.items())
        raise PipecliError(
            f"{directory}: {names}", hint=f"write them anew: pipecli schema write {quote(str(directory))}"
        )
    say(f"ok: {len(KINDS) + 1} schemas")


def _kind(name: str) -> Kind:
    kind = SETTINGS if name == SETTINGS.noun else collection_named(name)
    if kind in (*KINDS, SETTINGS):
        return kind
    raise PipecliError(
        f"unknown kind of record {name}",
        hint=f"one of {', '.join(kind.noun for kind in (*KINDS, SETTINGS))}",
        code="usage",
    )


@app.command("sql")
def sql(
    run: Session,
    question: str = argument("One SELECT over the tables of --tables.", "[QUERY]", default=""),
    tables: bool = flag("--tables", "List the tables and their columns."),
) -> None:
    """Query all records in SQLite's SQL; a query can't change anything.

    Money and quantities are floating-point numbers here: their sums are shown to 15 digits, which is exact to
    the cent below ten trillion.
    """
    if bool(question) == tables:
        raise typer.BadParameter("write a query, or give --tables", param_hint="QUERY")
    if tables:
        _print_tables(run)
        return
    # Where a file of a kind that the question is about can't be read, it has no answer.
    words = set(re.findall(r"\w+", question.lower()))
    named = [kind for kind in KINDS if kind.table in words]
    needed = named if named and not words & _OF_SEVERAL_KINDS else KINDS
    answer = ask_sql(run.read(*needed).connection, question)
    names = _distinct(answer.columns)
    records = [dict(zip(names, [_value(value) for value in row], strict=True)) for row in answer.rows]
    columns = [
        Column(name, name, align="right" if _is_number(place, answer.rows) else "left", shrink=True)
        for place, name in enumerate(names)
    ]
    print_records(records, columns, run.format, id_key=names[0])


_OF_SEVERAL_KINDS = {"items", "activities"}


def _value(value: object) -> object:
    """A value as every format writes it: a number without the digits that a float only pretends to know."""
    if isinstance(value, float):
        return Decimal(f"{value:.15g}")
    return value.hex() if isinstance(value, bytes) else value


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of columns that JSON can have side by side: a second `id` is `id_2`."""
    columns: list[str] = []
    for name in names:
        number = 2
        distinct = name
        while distinct in columns:
            distinct, number = f"{name}_{number}", number + 1
        columns.append(distinct)
    return columns


def _is_number(place: int, rows: Sequence[tuple[object, ...]]) -> bool:
    values = [row[place] for row in rows if row[place] is not None]
    return bool(values) and all(isinstance(value, (int, float)) for value in values)


def _print_tables(run: Session) -> None:
    tables = {table: columns_of(run.connection, table) for table in public_tables(run.connection)}
    if run.format is Format.TABLE:
        print_record({}, run.format, [*tables.items()])
    else:
        print_records(
            [{"table": table, "columns": names} for table, names in tables.items()],
            plain_columns("table columns"),
            run.format,
            id_key="table",
        )
