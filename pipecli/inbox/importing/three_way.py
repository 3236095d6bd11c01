"""What a file says beside what it said at the last import and what people changed here since.

A nightly import of one export must leave their work alone. The base is in git: each field as the last import
that changed it wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from pipecli.errors import FaultyFile
from pipecli.history.past import Imports
from pipecli.merge.record import inseparable
from pipecli.merge.values import Clash, merged
from pipecli.records.base import Part, Plain
from pipecli.records.kinds import SETTINGS_FILE, Collection
from pipecli.store.pipeline import Pipeline
from pipecli.store.reading import validate

Keep = Literal["local", "file", "conflict"]
"""The value that stays where both sides changed one; with `conflict` none, and the row is rejected."""


class Difference(NamedTuple):
    """A record as it is here, and as it would be if all that the file says were new."""

    key: str
    local: Part
    told: Part


class Settled(NamedTuple):
    """The record that both sides come to, and the fields that both changed."""

    key: str
    record: Part
    clashes: list[Clash]


def settled(
    pipeline: Pipeline,
    collection: Collection,
    imports: Imports,
    differences: Iterable[Difference],
    keep: Keep,
) -> list[Settled]:
    """The records of rows that were imported before; of others nothing is known but what the file says."""
    by_file: dict[str, list[Difference]] = {}
    for difference in differences:
        file = _file(pipeline, collection, difference.key)
        if file and imports.of(file):
            by_file.setdefault(file, []).append(difference)
    return [
        _settle(collection, difference, base, keep)
        for file, versions in imports.plain_versions(by_file)
        for difference in by_file[file]
        if (base := _base(collection, difference.key, versions)) is not None
    ]


def _file(pipeline: Pipeline, collection: Collection, key: str) -> str | None:
    return pipeline.file_of(collection.noun, key) if collection.kind else SETTINGS_FILE


def _base(collection: Collection, key: str, versions: list[tuple[Plain, Plain]]) -> Plain | None:
    """What the file last said: each field as the last import that changed it left it.

    What people changed in between, and an import kept, isn't a word of the file.
    """
    base: Plain | None = None
    for before, after in versions:
        if collection.kind is None:
            before, after = (side.get(collection.plural, {}).get(key, {}) for side in (before, after))
        if not after or before == after:
            continue
        if base is None:
            base = before
        model = collection.model
        base = after if base == before else merged(model, before, base, after, lambda _: "theirs").plain
    return base


def _settle(collection: Collection, difference: Difference, base: Plain, keep: Keep) -> Settled:
    key, local, told = difference
    ours, theirs = local.plain(), told.plain()
    if base == ours:
        return Settled(key, told, [])
    kind = collection.kind
    whole = inseparable(kind, base, ours, theirs) if kind else frozenset[str]()
    side: Literal["ours", "theirs"] = "theirs" if keep == "file" else "ours"
    outcome = merged(collection.model, base, ours, theirs, lambda _: side, whole)
    try:
        return Settled(key, validate(collection.model, outcome.plain), outcome.clashes)
    except FaultyFile:  # each of the two is right, and both together aren't
        everything = [Clash((name,), base.get(name), ours.get(name), theirs.get(name)) for name in theirs]
        differing = [clash for clash in everything if clash.ours != clash.theirs]
        return Settled(key, told if keep == "file" else local, differing)
