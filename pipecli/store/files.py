"""Reading and writing a pipeline's files, none of them outside it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from pipecli.errors import Fault, FaultyFile
from pipecli.store import yamltext
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


def write(root: Path, file: str, content: bytes) -> None:
    """Replace a file at once: a reader sees the old or the new, never half of it."""
    path = inside(root, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    inside(root, file)  # again: the folders exist only now
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("xb") as handle:
            handle.write(content)
        if path.exists():
            aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def create(root: Path, file: str, content: bytes) -> None:
    """Write a file that must not exist yet. Raises FileExistsError."""
    path = inside(root, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as handle:
            handle.write(content)
    except FileExistsError:
        raise
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def remove(root: Path, file: str) -> None:
    """Remove a file, and the folder it leaves empty."""
    path = inside(root, file)
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
