"""The parts of an import's commands that a single file and a whole export share."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipecli.cli.common.change import Transaction
from pipecli.cli.common.session import say
from pipecli.errors import FaultyFile, PipecliError
from pipecli.records.kinds import COLLECTIONS, Collection, named

if TYPE_CHECKING:
    from pipecli.inbox.importing.build import Tick
    from pipecli.inbox.importing.run import Import
    from pipecli.inbox.importing.three_way import Keep

_WORTH_A_BAR = 500
"""Rows; fewer are done before a bar is read."""


def side_of(text: str | None) -> Keep | None:
    """What --keep says. Raises PipecliError."""
    match text:
        case None | "local" | "file" | "conflict":
            return text
    raise PipecliError(f'--keep must be one of local, file, conflict, not "{text}"')


def collection_of(kind: str) -> Collection:
    """The kind of record that KIND says. Raises PipecliError."""
    collection = named(kind)
    if collection is None:
        known = ", ".join(kind.plural for kind in COLLECTIONS)
        raise PipecliError(f'"{kind}" is no kind of record', hint=f"give one of {known}")
    return collection


@contextmanager
def all_faults() -> Iterator[None]:
    """Name every fault of a mapping, so that they are mended at once; the first is the error."""
    try:
        yield
    except FaultyFile as error:
        for fault in error.faults[1:]:
            say(str(fault))
        raise


@contextmanager
def no_collector() -> Iterator[None]:
    """Leave cycles where they are until the end: looking for them takes a tenth of an import."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def progress(rows: int) -> Iterator[Tick]:
    """A bar on stderr, where a person sees it."""
    if rows < _WORTH_A_BAR or not sys.stderr.isatty():
        yield lambda _: None
        return
    # every row counts twice: it is read, and its record is made
    with typer.progressbar(length=2 * rows, label=f"{rows:,} rows", file=sys.stderr) as bar:
        bar.update_min_steps = max(1, rows // 50)
        yield bar.update


def keep_rejects(transaction: Transaction, done: Import, source: Path, wanted: Path | None) -> Path | None:
    """Write the rejected rows to a file of their own; its path."""
    from pipecli.inbox.importing.run import rejects_csv, rejects_path
    from pipecli.store import files

    if not done.outcome.rejected or (transaction.session.dry_run and wanted is None):
        return None
    path = wanted or rejects_path(done.table.name, source, transaction.pipeline.location)
    text = rejects_csv(done.table, done.outcome.rejected)
    content = text.encode("utf-8", "replace")  # JSON may have half a character
    if wanted is not None and not wanted.is_symlink() and wanted.is_file():
        files.write(wanted.parent, wanted.name, content)
    elif wanted is not None and wanted.exists():  # /dev/stdout, a pipe
        wanted.write_bytes(content)
    else:  # the rows are customers: nobody else reads them
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as handle:  # noqa: PTH123
            handle.write(content)
    return path
