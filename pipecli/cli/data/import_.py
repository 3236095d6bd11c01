"""`import`: rows of another program's file as records, in one commit."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.session import Session, say
from pipecli.errors import FaultyFile, PipecliError
from pipecli.records.kinds import COLLECTIONS, Collection, named

if TYPE_CHECKING:
    from pipecli.inbox.importing.build import Tick
    from pipecli.inbox.importing.run import File, Import, Target
    from pipecli.inbox.importing.three_way import Keep

app = noun("Import CSV, JSON or JSON Lines.")

_WORTH_A_BAR = 500
"""Rows; fewer are done before a bar is read."""


@app.command(cls=Changing)
def import_(
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="What each row is: leads, customers, activities, …")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The rows; - reads them from a pipe.")],
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="MAPPING", help="Which column feeds which field.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="CSV", help="Where rows go that can't be taken, and why."),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="SIDE",
            help="What stays where people and the file changed a field: local (default), file, or conflict.",
        ),
    ] = None,
) -> None:
    """Import the rows of a file; a second run of the same file changes nothing."""
    from pipecli.inbox.importing.run import prepare, rows_of

    target = target_of(kind)
    if rejects and rejects.exists() and file.exists() and rejects.samefile(file):
        raise PipecliError("--rejects: the rows themselves are in that file", hint="name another")
    with _all_faults():
        table, source = rows_of(_file(file), _file(map_, str(map_)) if map_ else None, target)
    with changing(ctx) as transaction, _no_collector():
        with _all_faults(), _progress(len(table.rows)) as tick:
            done = prepare(transaction.pipeline, target, table, source, tick, _side(keep))
        commit = _write(transaction, done)
        kept = _keep_rejects(transaction, done, file, rejects)
    _print(transaction.session, done, commit, kept)
    if done.outcome.rejected:
        raise PipecliError(
            f"{len(done.outcome.rejected):,} of {len(table.rows):,} rows were rejected",
            hint=f"they are in {kept} with the reasons: mend and import that file" if kept else "",
        )


def _side(text: str | None) -> Keep | None:
    """What --keep says. Raises PipecliError."""
    match text:
        case None | "local" | "file" | "conflict":
            return text
    raise PipecliError(f'--keep must be one of local, file, conflict, not "{text}"')


def target_of(kind: str) -> Target:
    """What KIND says. Raises PipecliError."""
    from pipecli.inbox.importing.parts import PART_KINDS
    from pipecli.inbox.importing.run import target_named

    target = target_named(kind)
    if target is None:
        known = ", ".join([*(kind.plural for kind in COLLECTIONS), *(part.plural for part in PART_KINDS)])
        raise PipecliError(f'"{kind}" is no kind of record', hint=f"give one of {known}")
    return target


def collection_of(kind: str) -> Collection:
    """The kind of record that KIND says. Raises PipecliError."""
    collection = named(kind)
    if collection is None:
        known = ", ".join(kind.plural for kind in COLLECTIONS)
        raise PipecliError(f'"{kind}" is no kind of record', hint=f"give one of {known}")
    return collection


def _file(path: Path, name: str = "") -> File:
    from pipecli.inbox.importing.run import File

    if str(path) == "-":
        return File("stdin", sys.stdin.buffer.read())
    return File(name or path.name, path.read_bytes())


@contextmanager
def _all_faults() -> Iterator[None]:
    """Name every fault of a mapping, so that they are mended at once; the first is the error."""
    try:
        yield
    except FaultyFile as error:
        for fault in error.faults[1:]:
            say(str(fault))
        raise


@contextmanager
def _no_collector() -> Iterator[None]:
    """Leave cycles where they are until the end: looking for them takes a tenth of an import."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _progress(rows: int) -> Iterator[Tick]:
    """A bar on stderr, where a person sees it."""
    if rows < _WORTH_A_BAR or not sys.stderr.isatty():
        yield lambda _: None
        return
    # every row counts twice: it is read, and its record is made
    with typer.progressbar(length=2 * rows, label=f"{rows:,} rows", file=sys.stderr) as bar:
        bar.update_min_steps = max(1, rows // 50)
        yield bar.update


def _write(transaction: Transaction, done: Import) -> str | None:
    """Commit what the rows come to, or with --dry-run print it; the commit's id."""
    from pipecli.inbox.importing.run import commit_subject

    run = transaction.session
    writes = transaction.plan([done.change]) if done.change else []
    if run.dry_run and run.format_name != "table":
        return None
    return transaction.commit(writes, commit_subject(done.report), "Pipecli-Event: imported")


def _keep_rejects(transaction: Transaction, done: Import, source: Path, wanted: Path | None) -> Path | None:
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


def _print(run: Session, done: Import, commit: str | None, kept: Path | None) -> None:
    from pipecli.cli.common.output import Format, print_record, write_counts, write_text
    from pipecli.inbox.importing.run import report_lines

    match run.format:
        case Format.TABLE:
            write_counts(report_lines(done.report))
        case Format.IDS:
            write_text("".join(f"{key}\n" for key in done.keys))
        case other:
            more = {"rejects": str(kept) if kept else None, "commit": commit, "dry_run": run.dry_run}
            print_record(done.report | more, other, [])
