"""One changing command at a time: a lock that the system releases even when its holder is killed.

An SQLite transaction is the lock: it is the portable file lock that every Python has and that this program
imports anyway (a lock library costs 20 ms a command: docs/speed.md).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EROFS
from pathlib import Path

from pipecli.errors import PipecliError

PATIENCE = 30.0
"""Seconds to wait for another command before giving up."""


class Busy(PipecliError):
    """Another command holds the pipeline."""


@contextmanager
def exclusive(folder: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the pipeline whose cache is `folder`. Raises Busy, naming the holder, after `patience` seconds."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):  # SQLite would lock nothing, and say nothing
            raise OSError(EROFS, os.strerror(EROFS))
        connection = sqlite3.connect(folder / "lock", timeout=patience, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unwritable(error) from None
    holder = folder / "lock.holder"
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise _unwritable(error) from None
            who = _read(holder)
            raise Busy(
                f"another pipecli command holds the pipeline{who}", hint="try again when it is done"
            ) from None
        except sqlite3.DatabaseError as error:  # written over, or damaged by the disk
            raise PipecliError(
                f"the pipeline can't be locked: {folder / 'lock'}: {error}",
                hint="delete that file when no other pipecli is at work",
            ) from None
        with suppress(OSError):  # only a courtesy to who waits
            holder.write_text(f"process {os.getpid()}", encoding="utf-8")
        yield
    finally:
        connection.close()


def _unwritable(error: Exception) -> PipecliError:
    return PipecliError(f"the pipeline can't be written: {error}", hint="is the disk full or read-only?")


def _read(holder: Path) -> str:
    try:
        return f" ({holder.read_text(encoding='utf-8')})"
    except OSError:
        return ""
