"""`list` of every noun: the same filters, the same formats, one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import typer

from pipecli.cli import filters
from pipecli.cli.command import Reading, flag_option, text_option
from pipecli.cli.output import Format, print_records, write_text
from pipecli.cli.session import Session, session
from pipecli.cli.showing import DERIVED, View, derive
from pipecli.cli.table import Column
from pipecli.jsontext import dumps, loads
from pipecli.records.kinds import Kind
from pipecli.store.index import query


class Shown(NamedTuple):
    """A column of a noun's table: its heading, the SQL it comes from, and how it is drawn."""

    column: Column
    sql: str
    hidden: bool = False
    """Only there for another column's `show`."""


class Listing(Reading):
    """The command class of every `list`: its filters."""

    def shared(self) -> list[Any]:
        return [
            text_option("--owner", "Only this user's.", "USER"),
            flag_option("--mine", "Only yours, and what is shared with you."),
            text_option("--status", "Only of this status.", "STATUS"),
            text_option("--stage", "Only at this stage.", "STAGE"),
            text_option("--team", "Only of the users of this team and of those below it.", "TEAM"),
            text_option("--tag", "Only with this tag.", "TAG"),
            text_option("--where", "Only where this SQL condition on the columns of `sql` holds.", "EXPR"),
            text_option("--sort", "By this column; -COLUMN for the last first.", "COLUMN"),
            text_option("--limit", "At most so many.", "N"),
            *super().shared(),
        ]


def print_list(ctx: typer.Context, kind: Kind, shown: Sequence[Shown], order: str) -> None:
    """Print the records of a kind that the filters of the command line let through."""
    run = session(ctx)
    pipeline = run.read(kind)
    connection = pipeline.index.connection
    known = {row[1] for row in connection.execute(f"PRAGMA table_info({kind.table})")}
    condition, parameters, tail = filters.filtered(run, kind.folder, known, order)
    if run.format is Format.IDS:
        ids = query.select(connection, kind.identity, kind.table, condition, tail, parameters)
        write_text("".join(f"{row[0]}\n" for row in ids.rows))
    elif run.format in (Format.JSON, Format.JSONL):
        columns = ", ".join(["json", _currency(known), *DERIVED.get(kind.noun, {}).values()])
        found = query.select(connection, columns, kind.table, condition, tail, parameters)
        _print_json(run, kind.noun, found.rows)
    else:
        columns = ", ".join(each.sql for each in shown)
        found = query.select(connection, columns, kind.table, condition, tail, parameters)
        names = [each.column.name for each in shown]
        records = [dict(zip(names, row, strict=True)) for row in found.rows]
        visible = [each.column for each in shown if not each.hidden]
        print_records(records, visible, run.format, id_key=names[0])


def _currency(known: set[str]) -> str:
    return "currency" if "currency" in known else "''"


def _print_json(run: Session, noun: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """The files' own JSON, kept in the index, with the computed keys joined on as text.

    Reading and writing 8,800 records anew would take ten times as long.
    """
    texts = []
    for written, currency, *computed in rows:
        extra = derive(noun, tuple(computed), currency)
        for key in ("amount", "probability"):
            if key in extra and _is_in_file(key, extra, written):
                del extra[key]
        texts.append(f"{written[:-1]}, {dumps(extra, indent=None)[1:]}" if extra else written)
    if run.format is Format.JSONL:
        write_text("".join(f"{text}\n" for text in texts))
    else:
        inner = ",\n".join(texts)
        write_text(f"[\n{inner}\n]\n" if texts else "[]\n")


def _is_in_file(key: str, extra: View, written: str) -> bool:
    """Whether the record's own JSON has a computed key already, set by hand."""
    if key == "amount":  # a won deal has one in `closed`, too: looking at the text would say nothing
        return bool(extra.get("amount_by_hand"))
    return f'"{key}": ' in written and key in loads(written)
