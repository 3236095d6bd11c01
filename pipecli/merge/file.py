"""The merge of one file: by field where its versions are records, else line by line as git does it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pipecli.errors import FaultyFile
from pipecli.merge.record import Conflict, exact, merge_record
from pipecli.merge.text import Version
from pipecli.merge.values import Side, pruned
from pipecli.records.kinds import SETTINGS, SETTINGS_FILE, Kind
from pipecli.store import git, reading
from pipecli.store.files import kind_of
from pipecli.store.yaml import read
from pipecli.store.yaml.read import BYTE_ORDER_MARK
from pipecli.store.yaml.tree import EditError
from pipecli.wording import count

_LARGEST_COUNT = 127
"""Of conflicts that `git merge-file` tells by its exit code; above it are its failures."""


def merge_lines(base: bytes, ours: bytes, theirs: bytes, prefer: Side | None = None) -> tuple[bytes, str]:
    """The text, with conflicts marked in it, and the conflicts in words; empty where there are none.

    Of a file that isn't text ours is kept, or the preferred side.
    """
    with TemporaryDirectory(prefix="pipecli-") as folder:
        room = Path(folder)
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (room / name).write_bytes(content)
        labels = ("-L", "ours", "-L", "base", "-L", "theirs")
        taken = (f"--{prefer}",) if prefer else ()
        done = git.run(room, "merge-file", "-p", "-q", *taken, *labels, "ours", "base", "theirs")
    if done.returncode > _LARGEST_COUNT:  # "Cannot merge binary files"
        if prefer:
            return (theirs if prefer == "theirs" else ours), ""
        return ours, "a file that isn't text can't be merged: ours is kept"
    marks = f"{count(done.returncode, 'conflict')} {'is' if done.returncode == 1 else 'are'}"
    return done.stdout, f"{marks} marked line by line" if done.returncode else ""


class MergedFile(NamedTuple):
    content: bytes
    """The file, with conflict markers around the fields in conflict; empty where the record goes."""
    conflicts: tuple[Conflict, ...] = ()
    by_line: str = ""
    """Why it was merged line by line; empty where it was merged by field."""


def merge_bytes(
    file: str, base: bytes | None, ours: bytes | None, theirs: bytes | None, prefer: Side | None = None
) -> MergedFile:
    """Merge three versions of a pipeline's file; None: that side doesn't have it.

    Without conflicts it is a valid record. `prefer` decides the fields in conflict, and only those: then
    there are no conflicts. Of a file that isn't text ours is kept, and that is a conflict. `file` is from the
    pipeline's root.
    """
    if ours == theirs or base == theirs:
        return MergedFile(ours or b"")
    if base == ours:
        return MergedFile(theirs or b"")
    if ours is None or theirs is None:
        return _removed(base, ours, theirs, prefer)
    kind = SETTINGS if file == SETTINGS_FILE else kind_of(file)
    if kind is None:
        return _by_line(None, base or b"", ours, theirs, prefer, "it isn't a record")
    try:
        mine, other = _version(kind, ours, "ours"), _version(kind, theirs, "theirs")
        before = _version(None, base, "base") if base else Version("", {})
        mine, other = (side._replace(plain=exact(side.plain, side.text)) for side in (mine, other))
        text, conflicts = merge_record(kind, before, mine, other, prefer)
    except (_NoRecord, EditError) as error:
        return _by_line(kind, base or b"", ours, theirs, prefer, str(error))
    except Exception as error:
        if os.environ.get("PIPECLI_DEBUG"):
            raise
        # git takes what a broken driver leaves, ours, for the marked conflict: theirs would be lost unseen.
        reason = f"a fault in pipecli itself: {type(error).__name__}: {error}"
        return _by_line(kind, base or b"", ours, theirs, prefer, reason)
    mark = BYTE_ORDER_MARK if ours.startswith(BYTE_ORDER_MARK.encode()) else ""
    return MergedFile(f"{mark}{text}".encode(), conflicts)


class _NoRecord(Exception):
    """A version that can't be merged by field; it says which and why."""


def _version(kind: Kind | None, raw: bytes, name: str) -> Version:
    """A text and what it says. Of the base, which only was, it need be no valid record."""
    try:
        text = read.decode(raw, name).removeprefix(BYTE_ORDER_MARK)
        plain = read.parse(text, name)
        if kind is not None:
            reading.validate(kind.model, plain, name, text)
    except FaultyFile as error:
        fault = error.faults[0]
        place = f"{name}, line {fault.line}" if fault.line else name
        raise _NoRecord(f"{place}: {fault.message}") from None
    return Version(text, pruned(plain))


def _removed(base: bytes | None, ours: bytes | None, theirs: bytes | None, prefer: Side | None) -> MergedFile:
    if prefer:
        return MergedFile({"base": base, "ours": ours, "theirs": theirs}[prefer] or b"")
    mine, other = (None if side is None else "changed" for side in (ours, theirs))
    words = f"the file: ours {mine or 'removed'}, theirs {other or 'removed'}"
    return MergedFile(ours or theirs or b"", (Conflict("", mine, other, words),))


def _by_line(
    kind: Kind | None, base: bytes, ours: bytes, theirs: bytes, prefer: Side | None, reason: str
) -> MergedFile:
    """As git merges a text; but what is clean and still no record is a conflict, too."""
    if prefer == "base":
        return MergedFile(base, (), reason)
    content, conflict = merge_lines(base, ours, theirs, prefer)
    if not conflict and kind is not None:
        try:
            _version(kind, content, "the result")
        except _NoRecord as error:
            conflict = str(error)
    return MergedFile(content, (Conflict("", None, None, conflict),) if conflict else (), reason)
