"""The stamps of a pipeline's files, by which the index knows which of them changed.

They come from stat alone: 10,000 files cost 25 ms.
"""

import marshal
import os
from collections.abc import Iterator, Mapping, Sequence
from errno import ELOOP, ENOENT, ENOTDIR
from operator import attrgetter
from pathlib import Path
from stat import S_ISDIR, S_ISLNK
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.kinds import KINDS, SETTINGS_FILE

Stat = tuple[int, int, int, int]
"""Size, mtime in nanoseconds, inode, ctime, which no program can set."""


class ChangedFiles(NamedTuple):
    changed: list[str]
    """Files that are new or not as they were, relative to the pipeline."""
    gone: list[str]
    stamps: dict[str, bytes]
    """The new stamp of each folder that differs; empty for one that is gone."""


def stamps(root: Path) -> dict[str, bytes]:
    """The present stamp of every folder that holds records, and of the root for its settings file."""
    folders = {"": _stamp([(SETTINGS_FILE, stat_of(root / SETTINGS_FILE))])}
    for kind in KINDS:
        folders |= {folder: _stamp(files) for folder, files in _walk(root, kind.folder)}
    return folders


def _stamp(files: list[tuple[str, Stat]]) -> bytes:
    # Later versions of the format write one list in several ways: by what else refers to its texts.
    return marshal.dumps(files, 2)


def _walk(root: Path, folder: str) -> Iterator[tuple[str, list[tuple[str, Stat]]]]:
    path = f"{root}/{folder}"
    try:
        is_link = S_ISLNK(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):  # as most are in a new pipeline
        return
    if is_link:  # a folder elsewhere isn't part of the pipeline
        raise PipecliError(f"{folder} is a symbolic link", hint="records must stay inside the pipeline")
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - 9,000 paths are 10 ms
        files = [name for name in names if name.endswith(".yaml")]
        yield folder, _stats(path, files)
    except (FileNotFoundError, NotADirectoryError):
        if _is_folder(path):  # a file has gone since it was listed, and the others have not
            yield from _walk(root, folder)
        return
    for name in names if len(names) > len(files) else ():  # else it holds files alone, as most do
        if not name.endswith(".yaml") and _is_folder(f"{path}/{name}"):
            yield from _walk(root, f"{folder}/{name}")


def _is_folder(path: str) -> bool:
    """True for a folder. Raises OSError where the disk doesn't tell: its records would be taken for gone."""
    try:
        return S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - no Path, as above
    except OSError as error:
        if error.errno not in (ENOENT, ENOTDIR, ELOOP):
            raise
        return False


def _stats(folder: str, names: Sequence[str]) -> list[tuple[str, Stat]]:
    """The stats of files in a folder, by the quickest way that the system has."""
    if os.stat not in os.supports_dir_fd:  # Windows has them with the names, and is slow to ask for one
        with os.scandir(folder) as entries:
            known = {entry.name: stat_of_status(entry.stat(follow_symlinks=False)) for entry in entries}
        return [(name, known[name]) for name in sorted(known.keys() & names)]
    handle = os.open(folder, os.O_RDONLY)
    try:
        # A name in an open folder is found in four fifths of the time of a path.
        return [(name, stat_of_status(os.lstat(name, dir_fd=handle))) for name in names]
    finally:
        os.close(handle)


stat_of_status = attrgetter("st_size", "st_mtime_ns", "st_ino", "st_ctime_ns")


def stat_of(path: Path | str) -> Stat:
    return stat_of_status(os.lstat(path))


def compare_stamps(old: dict[str, bytes], new: dict[str, bytes], *, trusting: bool = False) -> ChangedFiles:
    """The difference between two sets of stamps; `trusting`, a file that was just written is as it was."""
    changed, gone, differing = list[str](), list[str](), dict[str, bytes]()
    for folder in old.keys() | new.keys():
        if old.get(folder) == new.get(folder):
            continue
        before, after = _files(old.get(folder)), _files(new.get(folder))
        base = f"{folder}/" if folder else ""
        trusted = {name for name, stat in before.items() if stat[1] == _IN_DOUBT} if trusting else set()
        changed += [
            base + name for name, stat in after.items() if before.get(name) != stat and name not in trusted
        ]
        gone += [base + name for name in before if name not in after]
        differing[folder] = new.get(folder, b"")
    return ChangedFiles(sorted(changed), sorted(gone), differing)


def restamp(stamp: bytes | None, changes: Mapping[str, Stat | None]) -> bytes:
    """The stamp of a folder after files in it were written, or removed (None)."""
    files: dict[str, Stat | None] = {**_files(stamp), **changes}
    return _stamp(sorted((name, stat) for name, stat in files.items() if stat is not None))


_IN_DOUBT = -1
_TICK, _COARSE = 20_000_000, 2_000_000_000
"""Nanoseconds between two times of a file, and on a disk that knows whole seconds only."""


def stat_to_keep(stat: Stat, clock: int) -> Stat:
    """The stat to remember of a file that was read at a time of the clock; in doubt one that no file has.

    A file that was written in that very moment may be written again with the same size and time: it is read
    again by the next command, as git does it.
    """
    size, mtime, inode, changed = stat
    grain = _TICK if mtime % 1_000_000_000 else _COARSE
    return (size, _IN_DOUBT, inode, changed) if abs(clock - mtime) <= grain else stat


def stamp_to_keep(stamp: bytes, clock: int) -> bytes:
    """The stamp to remember of a folder whose files were read at a time of the clock."""
    known = _files(stamp)
    young = {name: stat for name, stat in known.items() if abs(clock - stat[1]) <= _COARSE}
    doubts = {name: doubt for name, stat in young.items() if (doubt := stat_to_keep(stat, clock)) != stat}
    return restamp(stamp, doubts) if doubts else stamp


def _files(stamp: bytes | None) -> dict[str, Stat]:
    return dict(marshal.loads(stamp)) if stamp else {}  # noqa: S302 - our own, from the git directory
