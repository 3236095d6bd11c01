"""From the files that a commit touched to the records: a file that moved is one record, not two."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipecli.history.commits import Touch, record_kind

Blob = tuple[str, str]
"""A noun and the id of a blob: the same text may stand in two folders."""


class Row(NamedTuple):
    """One record that one commit touched."""

    noun: str
    key: str
    was: str | None
    """Its key before, where the commit changed that."""
    path: str
    old_path: str | None
    """Where its file was before, when it moved."""
    befores: str | None
    """Its blobs in the commit's parents, with a blank between; `-` for a parent that has no such file."""
    after: str | None
    """None: the record was removed."""


def blobs(touches: Sequence[Touch]) -> list[tuple[Blob, str]]:
    """Every version that a commit's files had or have, with a path it stood at."""
    return [
        ((_noun(touch), blob), touch.path)
        for touch in touches
        for blob in (*touch.befores, touch.after)
        if blob
    ]


def apart(touches: Sequence[Touch]) -> set[int]:
    """The parents of a merge that lack a file of it which another has: they may have it at another path."""
    return {
        number
        for touch in touches
        if touch.after and any(touch.befores)
        for number, blob in enumerate(touch.befores)
        if blob is None
    }


def brought_together(
    touches: Sequence[Touch], gone: Mapping[int, Sequence[tuple[str, str]]], keys: Mapping[Blob, str | None]
) -> list[Touch]:
    """The touches of a merge, with the versions of parents that have the record at another path.

    `gone` has the files, each with its blob, that a parent has and the merge has not.
    """
    elsewhere = {
        (number, noun, key): blob
        for number, files in gone.items()
        for path, blob in files
        if (key := keys.get((noun := noun_at(path), blob)))
    }

    def filled(touch: Touch) -> Touch:
        noun, key = _noun(touch), keys.get((_noun(touch), touch.after or ""))
        return touch._replace(
            befores=tuple(
                blob or (elsewhere.get((number, noun, key)) if key else None)
                for number, blob in enumerate(touch.befores)
            )
        )

    return [filled(touch) if touch.after and any(touch.befores) else touch for touch in touches]


def rows(touches: Sequence[Touch], keys: Mapping[Blob, str | None]) -> list[Row]:
    """The records that a commit touched; `keys` says whose version a blob is, None: nobody can tell."""
    found = [_row(touch, keys) for touch in touches]
    removed = {(row.noun, row.key): row for row in found if row.after is None}
    added = {(row.noun, row.key) for row in found if row.befores is None}
    moved = removed.keys() & added
    return [
        _moved(removed[row.noun, row.key], row)
        if row.befores is None and (row.noun, row.key) in moved
        else row
        for row in found
        if not (row.after is None and (row.noun, row.key) in moved)
    ]


def _row(touch: Touch, keys: Mapping[Blob, str | None]) -> Row:
    noun = _noun(touch)
    before = next((key for blob in touch.befores if blob and (key := keys.get((noun, blob)))), None)
    after = keys.get((noun, touch.after)) if touch.after else None
    key = after or before or key_of_path(touch.path)
    befores = " ".join(blob or "-" for blob in touch.befores) if any(touch.befores) else None
    return Row(noun, key, before if before != key else None, touch.path, None, befores, touch.after)


def _moved(old: Row, new: Row) -> Row:
    return new._replace(old_path=old.path, befores=old.befores)


def _noun(touch: Touch) -> str:
    return noun_at(touch.path)


def noun_at(path: str) -> str:
    """The noun of the record at a path that is one's."""
    kind = record_kind(path)
    assert kind
    return kind.noun


def key_of_path(path: str) -> str:
    """Whose file a path should be by its name, when no version of it can be read."""
    stem = path.rpartition("/")[2].removesuffix(".yaml")
    match = re.match(r"[A-Z]+-[0-9A-Z]{5}(?![0-9A-Z])", stem)
    return match[0] if match else stem
