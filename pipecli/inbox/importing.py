"""One import from the content of its file to the change it comes to; writing is the caller's."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipecli.inbox import tabular
from pipecli.inbox.building import Outcome, Tick, build
from pipecli.inbox.compiling import compiled
from pipecli.inbox.names import Names
from pipecli.inbox.report import report
from pipecli.inbox.source import Source
from pipecli.inbox.tabular import Table
from pipecli.records.base import Record
from pipecli.records.kinds import Collection
from pipecli.records.settings import Settings, Team, User
from pipecli.store.pipeline import Pipeline
from pipecli.workflow.change import Change


class File(NamedTuple):
    name: str
    content: bytes


class Import(NamedTuple):
    table: Table
    outcome: Outcome
    told: dict[str, Any]
    """The report, as JSON has it."""
    change: Change | None
    """None where the pipeline has it all already, or nothing could be taken."""

    @property
    def keys(self) -> list[str]:
        """The ids of what is made and updated."""
        return [*self.outcome.made, *self.outcome.updated]


def rows_of(rows: File, mapping: File | None, collection: Collection) -> tuple[Table, Source]:
    """A file's rows, and the mapping that says what they feed. Raises PipecliError."""
    source = Source.read(*mapping) if mapping else None
    told = source.mapping if source else None
    table = tabular.read(
        rows.content, rows.name, told.encoding if told else None, told.delimiter if told else None
    )
    return table, source or Source.of_columns(table, collection)


def prepare(pipeline: Pipeline, collection: Collection, table: Table, source: Source, tick: Tick) -> Import:
    """What rows come to in a pipeline. Raises FaultyFile for a mapping that doesn't fit them."""
    settings, now = pipeline.settings, pipeline.now
    assert now.tzinfo is not None
    feeds = compiled(source, table, collection, today=now.date(), zone=now.tzinfo, currency=settings.currency)
    names = Names(pipeline, source.mapping.make, may_dangle=collection.kind is None)
    outcome = build(pipeline, collection, feeds, table.rows, names, now, tick)
    told = report(collection, table, feeds, names, outcome)
    return Import(table, outcome, told, _change(settings, collection, outcome))


def _change(settings: Settings, collection: Collection, outcome: Outcome) -> Change | None:
    """All that is new and different as one change."""
    parts = {(collection.noun, key): part for key, part in (outcome.made | outcome.updated).items()}
    parts |= {(made.noun, made.key): made.record for made in outcome.related}
    records = [part for part in parts.values() if isinstance(part, Record)]
    users = {key: part for (_, key), part in parts.items() if isinstance(part, User)}
    teams = {key: part for (_, key), part in parts.items() if isinstance(part, Team)}
    if users or teams:
        records.append(settings.with_(users=settings.users | users, teams=settings.teams | teams))
    if not records:
        return None
    first, *others = records
    return Change(first, f"import {collection.plural}", "imported", also=tuple(others))


def commit_subject(told: dict[str, Any]) -> str:
    """The first line of an import's commit."""
    name = "".join(char if char.isprintable() else "·" for char in told["file"])
    done = [f"{told[count]:,} {count}" for count in ("made", "updated") if told[count]]
    return f"Import {told['kind']} from {name}: {', '.join(done)}"
