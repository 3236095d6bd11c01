"""Where mail lies: the files of a Maildir, and the .eml and mbox files of any other folder.

A link is never followed: a mailbox may come from anywhere, and its links lead anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import PipecliError

_MAILDIR = frozenset({"cur", "new"})
_HALF_DELIVERED = "tmp"


class LeftOut(NamedTuple):
    """A file, or a part of one, that is not taken, and why."""

    file: str
    reason: str
    is_fault: bool = True
    """False where all is well: a draft was never sent."""


def shown(path: Path | str) -> str:
    """A file's name as text, also where the disk has bytes that are none."""
    return os.fsencode(path).decode("utf-8", "replace")


def mail_files(given: Path) -> Iterator[Path | LeftOut]:
    """The files to read for mail, in the order of their names. Raises PipecliError where nothing is."""
    if given.is_dir():
        yield from _in_folder(given)
    elif given.is_file():
        yield given
    else:
        what = "is neither a file nor a folder" if given.exists() else "does not exist"
        raise PipecliError(f"{shown(given)} {what}", hint="name an .eml file, an mbox or a Maildir")


def _in_folder(top: Path) -> Iterator[Path | LeftOut]:
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield LeftOut(shown(folder), error.strerror or str(error))
            continue
        is_maildir = {entry.name for entry in entries} >= _MAILDIR
        inner = []
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith(".") and not is_maildir:
                continue
            if entry.is_symlink():
                yield LeftOut(shown(path), "a symbolic link, which may lead anywhere; name the file itself")
            elif entry.is_dir(follow_symlinks=False):
                if not (is_maildir and entry.name == _HALF_DELIVERED):
                    inner.append(path)
            elif not is_maildir:  # beside its folders a Maildir keeps the lists of its server
                yield from _in_its_place(path, entry)
        folders += reversed(inner)


def _in_its_place(path: Path, entry: os.DirEntry[str]) -> Iterator[Path | LeftOut]:
    if not entry.is_file(follow_symlinks=False):
        yield LeftOut(shown(path), "no file: a pipe, a socket or a device")
    elif path.parent.name == "cur" and "D" in path.name.partition(":2,")[2]:
        yield LeftOut(shown(path), "a draft, never sent", is_fault=False)
    else:
        yield path
