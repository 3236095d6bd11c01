"""One import, from its files to the records to plan, which the caller writes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipecli.inbox.importing.bindings import ORDINAL, Tally
from pipecli.inbox.importing.compile_mapping import compiled
from pipecli.inbox.importing.earlier_imports import EarlierFiles, Keep
from pipecli.inbox.importing.import_report import report_json
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.match_record import (
    NOT_HERE,
    REMOVED,
    SHARED,
    PartKind,
    match_alike_rows,
    parents_of,
    part_named,
)
from pipecli.inbox.importing.named_records import Nameable
from pipecli.inbox.importing.rows_to_records import Built, Lines, Tick, make_records
from pipecli.inbox.importing.table import Table, fill_down
from pipecli.inbox.importing.workbook import is_vcard, rows_of_file
from pipecli.records.base import Record
from pipecli.records.kinds import Collection, collection_named
from pipecli.records.settings import Settings, Team, User
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Planner


class File(NamedTuple):
    name: str
    content: bytes


class Import(NamedTuple):
    table: Table
    outcome: Built
    report: dict[str, Any]
    """As JSON has it."""

    def without_rows(self) -> Import:
        """What is told of it, without the rows, which take the most memory."""
        return Import(self.table._replace(rows=[]), Built(rejected=self.outcome.rejected), self.report)

    @property
    def keys(self) -> list[str]:
        """The ids of what is made and updated."""
        return [*self.outcome.made, *self.outcome.updated]


Target = Collection | PartKind
"""What the rows of a file are: records of one kind, or parts of records."""


def target_named(word: str) -> Target | None:
    """What a person calls the rows of a file: a kind of record, or `items` or `activities`."""
    return part_named(word) or collection_named(word)


def import_rows(rows: File, mapping: File | None, target: Target) -> tuple[Table, Source]:
    """The rows of a file, and their mapping; without `mapping` by the columns' names. Raises PipecliError."""
    source = Source.read(*mapping) if mapping else None
    table = rows_of_file(rows.content, rows.name, source.mapping.layout if source else None)
    if source is None and isinstance(target, PartKind):
        source = Source.of_columns(table, target.parents[0], target.plural)
    elif source is None and isinstance(target, Collection):
        source = Source.of_columns(table, target)
        if is_vcard(rows.content):  # its ORG is all that it says of an employer
            source.mapping = source.mapping.model_copy(update={"make": ("customer",)})
    assert source is not None
    for column in source.mapping.fill:
        fill_down(table.rows, column)
    if f"{{{ORDINAL}}}" in (source.mapping.external_id or "") and ORDINAL not in table.columns:
        table = _with_ordinals(table, source.mapping.external_id or "")
    return table, source


def _with_ordinals(table: Table, template: str) -> Table:
    """A table with the place of each row among those alike, in the order of the file."""
    columns = re.findall(r"\{([^{}]+)\}", template)
    seen = Counter[tuple[str, ...]]()
    for row in table.rows:
        key = tuple(str(row.cells.get(column, "")).strip() for column in columns if column != ORDINAL)
        seen[key] += 1
        row.cells[ORDINAL] = str(seen[key])
    return table._replace(columns=[*table.columns, ORDINAL])


def prepare_import(
    pipeline: Pipeline,
    target: Target,
    table: Table,
    source: Source,
    planner: Planner,
    tick: Tick,
    keep: Keep | None = None,
    coming: Mapping[str, Sequence[str]] | None = None,
    earlier: EarlierFiles | None = None,
) -> Import:
    """An import, whose records the planner takes, not yet written; `keep` overrides that of the mapping.

    Rows may name the ids in `coming`, by noun, which later files of the same move bring.
    Raises FaultyFile for a mapping that doesn't fit the rows.
    """
    if isinstance(target, PartKind):
        return _prepare_parts(pipeline, target, table, source, planner, tick, keep)
    bindings = compiled(pipeline, source, table, target)
    names = Nameable(pipeline, source.mapping.make, may_dangle=target.kind is None)
    names.earlier = earlier or names.earlier
    for noun, keys in (coming or {}).items():
        names.expect(noun, keys)
    if table.columns[-1:] == [ORDINAL]:
        match_alike_rows(pipeline, target, table, compiled(pipeline, source, table, target), names)
    rows = bindings.wanted(table.rows)
    outcome = make_records(pipeline, target, source, bindings, rows, names, planner, tick, keep)
    outcome.skipped += len(table.rows) - len(rows)
    if len(rows) < len(table.rows):
        outcome.left_out |= {row.line for row in table.rows} - {row.line for row in rows}
    _plan_others(planner, pipeline.settings, outcome)
    return Import(table, outcome, report_json(target, table, bindings, names, outcome))


def _prepare_parts(
    pipeline: Pipeline,
    part: PartKind,
    table: Table,
    source: Source,
    planner: Planner,
    tick: Tick,
    keep: Keep | None,
) -> Import:
    """An import of parts of records: those of each kind of record apart, and the report of all."""
    names = Nameable(pipeline, source.mapping.make)
    bindings = compiled(pipeline, source, table, part.parents[0], part.plural)
    wanted = bindings.wanted(table.rows)
    parents = parents_of(part, source, table._replace(rows=[*wanted]), names)
    total = Built(rejected=parents.rejected, removed=parents.removed, lines=Lines(), parents=parents.keys)
    for row in parents.removed:
        Tally.count(bindings.left_out, REMOVED, row)
    for row in parents.shared:
        Tally.count(bindings.left_out, SHARED, row)
    if source.mapping.unknown == "skip":
        total.rejected = [(row, reason) for row, reason in parents.rejected if row not in parents.strangers]
        for row in parents.strangers:
            Tally.count(bindings.left_out, NOT_HERE, row)
    total.skipped = len(table.rows) - sum(map(len, parents.rows.values())) - len(total.rejected)
    tick(2 * (len(total.rejected) + total.skipped))
    for parent in part.parents:
        rows = parents.rows[parent.noun]
        if not rows:
            continue
        own = (
            bindings if parent == part.parents[0] else compiled(pipeline, source, table, parent, part.plural)
        )
        own.share(bindings)
        total.add(make_records(pipeline, parent, source, own, rows, names, planner, tick, keep, parents.keys))
    total.rejected.sort(key=lambda rejected: rejected[0].line)
    _plan_others(planner, pipeline.settings, total)
    return Import(table, total, report_json(part, table, bindings, names, total))


def _plan_others(planner: Planner, settings: Settings, outcome: Built) -> None:
    """Plan the records that are made on the way, and users and teams in the settings."""
    parts = outcome.principals | {(new.noun, new.key): new.record for new in outcome.related}
    for part in parts.values():
        if isinstance(part, Record):
            planner.take(part)
    users = {key: part for (_, key), part in parts.items() if isinstance(part, User)}
    teams = {key: part for (_, key), part in parts.items() if isinstance(part, Team)}
    if users or teams:
        planner.take(settings.with_(users=settings.users | users, teams=settings.teams | teams))
