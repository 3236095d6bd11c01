"""Which files of a pipeline changed since they were last read, from their stat alone.

A folder's stamp is the marshalled list of its files' names, sizes, times and inodes. An unchanged folder is
one comparison of bytes: 10,000 files cost their `stat` (25 ms) and nothing else.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.kinds import KINDS, SETTINGS_FILE

Stat = tuple[int, int, int]
"""Size, mtime in nanoseconds, inode."""


class Difference(NamedTuple):
    changed: list[str]
    """Files that are new or not as they were, relative to the pipeline."""
    gone: list[str]
    stamps: dict[str, bytes]
    """The new stamp of each folder that differs; empty for one that is gone."""


def stamps(root: Path) -> dict[str, bytes]:
    """The present stamp of every folder that holds records, and of the root for its settings file."""
    folders = {"": marshal.dumps([(SETTINGS_FILE, *stat_of(root / SETTINGS_FILE))])}
    for kind in KINDS:
        for folder, files in _walk(root, kind.folder):
            folders[folder] = marshal.dumps(files)
    return folders


def _walk(root: Path, folder: str) -> Iterator[tuple[str, list[tuple[str, int, int, int]]]]:
    files: list[tuple[str, int, int, int]] = []
    inner: list[str] = []
    if os.path.islink(root / folder):  # noqa: PTH114 - a folder elsewhere is no part of the pipeline
        raise PipecliError(f"{folder} is a symbolic link", hint="records must stay inside the pipeline")
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(".yaml"):
                    stat = entry.stat(follow_symlinks=False)
                    files.append((name, stat.st_size, stat.st_mtime_ns, stat.st_ino))
                elif entry.is_dir():
                    inner.append(name)
    except (FileNotFoundError, NotADirectoryError):
        return
    files.sort(key=_name)  # names differ: comparing whole entries would take twice as long
    yield folder, files
    for name in inner:
        yield from _walk(root, f"{folder}/{name}")


_name = itemgetter(0)


def stat_of(path: Path) -> Stat:
    stat = os.lstat(path)
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def compare(known: dict[str, bytes], present: dict[str, bytes]) -> Difference:
    """The difference between two sets of stamps."""
    changed: list[str] = []
    gone: list[str] = []
    differing: dict[str, bytes] = {}
    for folder in known.keys() | present.keys():
        if known.get(folder) == present.get(folder):
            continue
        before, after = _files(known.get(folder)), _files(present.get(folder))
        base = f"{folder}/" if folder else ""
        changed += [base + name for name, stat in after.items() if before.get(name) != stat]
        gone += [base + name for name in before if name not in after]
        differing[folder] = present.get(folder, b"")
    return Difference(sorted(changed), sorted(gone), differing)


def restamp(stamp: bytes | None, changes: Mapping[str, Stat | None]) -> bytes:
    """The stamp of a folder after files in it were written, or removed (None)."""
    files: dict[str, Stat | None] = {**_files(stamp), **changes}
    return marshal.dumps(sorted((name, *stat) for name, stat in files.items() if stat is not None))


def _files(stamp: bytes | None) -> dict[str, Stat]:
    if not stamp:
        return {}
    entries = marshal.loads(stamp)  # noqa: S302 - our own, from inside the git directory
    return {name: (size, mtime, inode) for name, size, mtime, inode in entries}
