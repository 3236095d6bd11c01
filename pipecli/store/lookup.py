"""From what a person types to the record they mean: an id, its beginning, or a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_PREFIX, KINDS, Kind
from pipecli.records.names import folded, name_key
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.wording import first_of

_MOST_SHOWN = 8


class Found(NamedTuple):
    noun: str
    key: str
    label: str
    file: str


class Ambiguous(PipecliError):
    """Several records answer to a name."""


def resolve(pipeline: Pipeline, name: str, *kinds: Kind) -> Found:
    """The one record of these kinds (none given: of any) that a person means by `name`.

    In this order: the whole id or slug; the beginning of an id's random part, with or without its prefix,
    in any case, O and I and L read as digits; words of the title or name. Raises NotFound, Ambiguous.
    """
    wanted = name.strip()
    nouns = [kind.noun for kind in kinds or KINDS]
    found = _by_key(pipeline, wanted, nouns) or _by_start(pipeline, wanted, nouns)
    if not found:
        found = _by_name(pipeline, wanted, nouns) if wanted else _nothing(pipeline, wanted, nouns)
    pipeline.file_of(found[0].noun, found[0].key)  # raises where two files have this id
    return _one(found, wanted)


def _query(pipeline: Pipeline, nouns: Sequence[str], condition: str, *parameters: str) -> list[Found]:
    marks = ", ".join("?" * len(nouns))
    rows = pipeline.index.connection.execute(
        f"SELECT noun, key, label, path FROM _records WHERE noun IN ({marks}) AND {condition} ORDER BY key",
        (*nouns, *parameters),
    )
    return [Found(*row) for row in rows]


def _by_key(pipeline: Pipeline, wanted: str, nouns: Sequence[str]) -> list[Found]:
    return _query(pipeline, nouns, "key IN (?, ?, ?)", wanted, wanted.upper(), wanted.lower())


def _by_start(pipeline: Pipeline, wanted: str, nouns: Sequence[str]) -> list[Found]:
    prefix, dash, start = wanted.upper().rpartition("-")
    kind = BY_PREFIX.get(prefix)
    if dash and kind is None:
        return []
    random = start.replace("O", "0").replace("I", "1").replace("L", "1")
    if not re.fullmatch(r"[0-9A-Z]{1,5}", random):
        return []
    prefixes = [kind.prefix] if kind else [each.prefix for each in BY_PREFIX.values() if each.noun in nouns]
    return [
        found
        for prefix in prefixes
        for found in _query(pipeline, [BY_PREFIX[prefix].noun], "key GLOB ?", f"{prefix}-{random}*")
        if found.noun in nouns
    ]


def _by_name(pipeline: Pipeline, wanted: str, nouns: Sequence[str]) -> list[Found]:
    words = folded(wanted).split()
    rows = _query(pipeline, nouns, "1")
    persons = _persons(pipeline) if "lead" in nouns else {}
    names = {row: f"{row.label} {persons.get(row.file, '')} {row.key}" for row in rows}
    matching = [row for row in rows if all(word in folded(names[row]) for word in words)]
    exact = [row for row in matching if name_key(row.label) == name_key(wanted)]
    if exact or matching:
        return exact or matching
    return _nothing(pipeline, wanted, nouns, rows)


def _persons(pipeline: Pipeline) -> dict[str, str]:
    """The person of each lead that is called after an organisation, by its file."""
    found = pipeline.index.connection.execute(
        "SELECT path, name FROM _leads WHERE organization > '' AND name > ''"
    )
    return dict(found.fetchall())


def _nothing(pipeline: Pipeline, wanted: str, nouns: Sequence[str], rows: Sequence[Found] = ()) -> NoReturn:
    what = nouns[0] if len(nouns) == 1 else "record"
    faults = [fault for fault in pipeline.index.faults() if wanted.lower() in fault.file.lower()]
    if wanted and faults:
        raise PipecliError(f"{faults[0]}")
    close = _similar(wanted, rows)
    lists = f"see `pipecli {what} list`" if len(nouns) == 1 else "each noun's `list` shows what there is"
    hint = f"did you mean {' or '.join(close)}?" if close else lists
    raise NotFound(f'no {what} answers to "{wanted}"', hint=hint)


def _similar(wanted: str, rows: Sequence[Found]) -> list[str]:
    from rapidfuzz import fuzz, process, utils

    names = {f"{row.label} ({row.key})": row.label for row in rows}
    close = process.extract(
        wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=3, score_cutoff=75
    )
    return [str(name) for _, _, name in close]


def _one(candidates: Sequence[Found], wanted: str) -> Found:
    if len(candidates) == 1:
        return candidates[0]
    names = [f"{candidate.key} ({candidate.label})" for candidate in candidates]
    shown = first_of(names, _MOST_SHOWN)
    raise Ambiguous(f'"{wanted}" is {len(candidates)} records: {shown}', hint="name one by its id")
