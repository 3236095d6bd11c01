"""From what a person types to the activity they mean: its id or the beginning of it, or its record."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.store.lookup import resolve
from pipecli.store.pipeline import NotFound, Pipeline


class FoundActivity(NamedTuple):
    id: str
    noun: str
    """The kind of the record it is in."""
    record: str
    subject: str


def find_activity(pipeline: Pipeline, first: str, second: str | None) -> FoundActivity:
    """The activity that `first` names; or the one of the record `first` that `second` names, or that is open.

    Raises NotFound, and PipecliError where several answer.
    """
    if second is not None:
        record = resolve(pipeline, first, LEAD, OPPORTUNITY).key
        return _one(
            _by_id(pipeline, second, record), f'no activity of {record} answers to "{second}"', record
        )
    found = _by_id(pipeline, first)
    if found:
        return _one(found, "", first)
    try:
        record = resolve(pipeline, first, LEAD, OPPORTUNITY).key
    except NotFound:
        raise NotFound(
            f'no activity, lead or opportunity answers to "{first}"',
            hint="see `pipecli activity list --open`",
        ) from None
    return _one(_query(pipeline, "record = ? AND NOT done", record), f"{record} has no open activity", record)


def _by_id(pipeline: Pipeline, text: str, record: str | None = None) -> list[FoundActivity]:
    start = text.strip().upper().replace("O", "0").replace("I", "1").replace("L", "1")
    if not re.fullmatch("[0-9A-Z]{1,5}", start):
        return []
    if record is None:
        return _query(pipeline, "id GLOB ?", f"{start}*")
    return _query(pipeline, "id GLOB ? AND record = ?", f"{start}*", record)


def _query(pipeline: Pipeline, condition: str, *parameters: str) -> list[FoundActivity]:
    rows = pipeline.index.connection.execute(
        f"SELECT id, noun, record, subject FROM activities WHERE {condition} ORDER BY id", parameters
    )
    return [FoundActivity(*row) for row in rows]


def _one(found: list[FoundActivity], nothing: str, wanted: str) -> FoundActivity:
    if not found:
        raise NotFound(nothing, hint="see `pipecli activity list`")
    if len(found) > 1:
        named = ", ".join(f"{each.id} ({each.record}: {each.subject})" for each in found[:8])
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        raise PipecliError(f'"{wanted}" is {len(found)} activities: {named}{more}', hint="name one by its id")
    return found[0]
