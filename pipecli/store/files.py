"""Reading and writing a pipeline's files, none of them outside it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from pipecli.errors import Fault, FaultyFile
from pipecli.store import yamltext
from pipecli.store.freshness import Stat
from pipecli.store.location import inside

LARGEST = 4 << 20
"""Bytes. A record is a few kilobytes; what is larger was not written as one."""


def read_text(root: Path, file: str) -> str:
    """The text of a record's file. Raises FaultyFile for what can't be one, FileNotFoundError."""
    path = f"{root}/{file}"  # not a Path: 9,000 of them are a tenth of building an index
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        raise FaultyFile(
            [Fault(file, 0, 0, "file", "a symbolic link can't be a record; put the file itself here")]
        )
    if stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode) or stat.S_ISCHR(status.st_mode):
        # who reads one waits for somebody to write
        raise FaultyFile([Fault(file, 0, 0, "file", "a pipe or a device can't be a record")])
    if status.st_size > LARGEST:
        raise FaultyFile([Fault(file, 0, 0, "file", f"{status.st_size:,} bytes are too many for a record")])
    try:
        with open(path, "rb", buffering=0) as handle:  # noqa: PTH123
            raw = handle.read()
    except PermissionError:
        raise FaultyFile([Fault(file, 0, 0, "file", "the file can't be read: permission denied")]) from None
    except IsADirectoryError:
        raise FaultyFile([Fault(file, 0, 0, "file", "a directory has the name of a record")]) from None
    return yamltext.decode(raw, file)


def make_folder(root: Path, folder: str) -> None:
    """Have a folder of the pipeline to write in. Raises PipecliError when it leads out of the pipeline.

    A file is written by its own name, never through a link, so that this is the one thing to look at.
    """
    path = inside(root, folder)
    path.mkdir(parents=True, exist_ok=True)
    inside(root, folder)  # again: the folders exist only now


def write(root: Path, file: str, content: bytes) -> Stat:
    """Replace a file at once, in a folder that is made: a reader sees the old or the new, never half."""
    path = root / file
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        stat = _write_new(aside, content)
        if path.exists():
            aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    return stat


def create(root: Path, file: str, content: bytes) -> Stat:
    """Write a file that must not exist yet, in a folder that is made. Raises FileExistsError."""
    path = root / file
    try:
        return _write_new(path, content)
    except FileExistsError:
        raise
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def _write_new(path: Path, content: bytes) -> Stat:
    with path.open("xb", buffering=0) as handle:
        left = memoryview(content)
        while left:
            left = left[handle.write(left) :]
        stat = os.fstat(handle.fileno())
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def remove(root: Path, file: str) -> None:
    """Remove a file, and the folder it leaves empty."""
    path = inside(root, file)
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
