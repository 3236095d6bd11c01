"""Items and activities as files of their own: each row names the record that it is a part of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipecli.inbox.importing.compile import PARENTS
from pipecli.inbox.importing.drafts import NotHere, Removed
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.notation import Unreadable
from pipecli.inbox.importing.related import Names
from pipecli.inbox.importing.table import Row, Table
from pipecli.records.kinds import COLLECTIONS_BY_NOUN as BY_NOUN
from pipecli.records.kinds import Collection

RECORD = "record"
"""What a column feeds that names the record of its row."""


class PartKind(NamedTuple):
    """What stands in a list of other records, and comes as a table of its own."""

    noun: str
    plural: str
    """The last word of `import`, and the list of a record."""
    parents: tuple[Collection, ...]
    """The kinds of record that have it."""


PART_KINDS = tuple(
    PartKind(noun, plural, tuple(BY_NOUN[parent] for parent in PARENTS[plural]))
    for noun, plural in (("item", "items"), ("activity", "activities"))
)


def part_named(word: str) -> PartKind | None:
    """The kind of part that a person means, in the singular or the plural."""
    plain = word.strip().lower()
    return next((part for part in PART_KINDS if plain in (part.noun, part.plural)), None)


class Homes(NamedTuple):
    """The rows of a file by the kind of record they belong to, the record of each, and those without one."""

    rows: dict[str, list[Row]]
    keys: dict[int, str]
    """By the line of a row."""
    rejected: list[tuple[Row, str]]
    strangers: list[Row]
    """Those of the rejected that name no record that is here."""
    removed: list[Row]
    """Those whose records people removed."""


def homes_of(part: PartKind, source: Source, table: Table, names: Names) -> Homes:
    """The record of each row, by its id, its external_id or its name."""
    homes = Homes({parent.noun: [] for parent in part.parents}, {}, [], [], [])
    columns = record_columns(part, source)
    for row in table.rows:
        try:
            noun, key = _home(part, columns, row, names)
        except Removed:
            homes.removed.append(row)
        except Unreadable as error:
            homes.rejected.append((row, str(error)))
            if isinstance(error, NotHere):
                homes.strangers.append(row)
        else:
            homes.rows[noun].append(row)
            homes.keys[row.line] = key
    return homes


def record_columns(part: PartKind, source: Source) -> list[tuple[tuple[str, ...], str]]:
    """The columns that name a record, each with the kinds of record that it may name."""
    every = tuple(parent.noun for parent in part.parents)
    record = source.mapping.record
    named = {RECORD: record} if isinstance(record, str) else record or {}
    columns = [((noun,) if noun != RECORD else every, column) for noun, column in named.items()]
    columns += [
        (every, column.removesuffix("?"))
        for column in source.mapping.columns
        if any(feeding.to == RECORD for feeding in source.mapping.feeding(column))
    ]
    return columns


def _home(
    part: PartKind, columns: Iterable[tuple[tuple[str, ...], str]], row: Row, names: Names
) -> tuple[str, str]:
    told = []
    for nouns, column in columns:
        text = str(row.cells.get(column, "")).strip()
        if not text:
            continue
        told.append(f'"{text}"')
        known = [(noun, key) for noun in nouns if (key := names.find(noun, text)) is not None]
        known = [one for one in known if names.exists(*one)] or known
        if len(known) > 1:
            raise Unreadable(f'{column}: "{text}" is {" and ".join(key for _, key in known)}')
        if known and not names.exists(*known[0]):
            raise Removed(f"{known[0][1]} was removed here")
        if known:
            return known[0]
    kinds = " or ".join(parent.noun for parent in part.parents)
    raise NotHere(f"unknown {kinds} {' or '.join(told)}" if told else f"it names no {kinds}")
