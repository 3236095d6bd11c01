"""`import`: rows of another program's file as records, in one commit."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import typer

from pipecli.cli.common.command import Changing, argument, flag, noun, option
from pipecli.cli.common.output import Format, print_record, write_counts, write_text
from pipecli.cli.common.session import Session, all_faults, progress
from pipecli.cli.common.transaction import Transaction, changing_after
from pipecli.cli.data.import_plan_and_run import KeepOption, side_of
from pipecli.errors import PipecliError
from pipecli.inbox.importing.import_files import (
    File,
    Import,
    Target,
    import_rows,
    prepare_import,
    target_named,
)
from pipecli.inbox.importing.import_report import commit_subject, report_lines, write_rejects
from pipecli.inbox.importing.match_record import PART_KINDS
from pipecli.inbox.importing.table import ARCHIVE
from pipecli.inbox.importing.workbook import is_workbook
from pipecli.records.kinds import COLLECTIONS, collection_named
from pipecli.store.pipeline import no_collector
from pipecli.store.plan_writes import Planner

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline
    from pipecli.store.plan_writes import Write

app = noun("Import CSV, JSON or JSON Lines.")


@app.command("KIND", cls=Changing)
def import_(
    ctx: typer.Context,
    kind: str = argument("What each row is: leads, customers, activities, …", "KIND"),
    file: Path | None = argument("The file of rows; - reads stdin.", "FILE", default=None),
    map_: Path | None = option("The mapping file: which column fills which field.", "MAPPING", "--map"),
    rejects: Path | None = option("Write rejected rows here, with the reasons.", "CSV", "--rejects"),
    keep: KeepOption = None,
    from_: str | None = option(
        "Import a whole export of this CRM: --from VENDOR EXPORT.", "VENDOR", "--from"
    ),
    guess: bool = flag("--guess", "Import an export of any CRM: --guess EXPORT."),
) -> None:
    """Import the rows of a file. A second run of the same file changes nothing."""
    if from_ or guess:
        from pipecli.cli.data.import_plan_and_run import move_at_once

        if file or map_ or rejects:
            raise PipecliError(
                "--from and --guess take only the export", hint="pipecli import --guess EXPORT", code="usage"
            )
        move_at_once(ctx, Path(kind), from_, side_of(keep))
        return
    if file is None and collection_named(kind):
        raise PipecliError("FILE is missing", hint=f"name it: pipecli import {kind} FILE", code="usage")
    if file is None:
        raise PipecliError(
            f"the kind of record in {kind} is missing",
            hint=f"say it: pipecli import KIND {quote(kind)}; a whole export: "
            f"pipecli import plan {quote(kind)} --into DIR",
            code="usage",
        )
    target = target_of(kind)
    if rejects and rejects.exists() and file.exists() and rejects.samefile(file):
        raise PipecliError("--rejects: the rows themselves are in that file", hint="name another")
    with all_faults():
        table, source = import_rows(_file(file), _file(map_, str(map_)) if map_ else None, target)

    def decide(pipeline: Pipeline) -> tuple[Import, list[Write]]:
        with all_faults(), progress(len(table.rows)) as tick:
            planner = Planner(pipeline)
            done = prepare_import(pipeline, target, table, source, planner, tick, side_of(keep))
        return done, planner.writes()

    with no_collector(), changing_after(ctx, decide) as (transaction, (done, writes)):
        commit = _write(transaction, done, writes)
        kept = None
        if rejects or not transaction.session.dry_run:
            kept = write_rejects(done, file, rejects, transaction.pipeline.location)
    _print(transaction.session, done, commit, kept)
    if done.outcome.rejected:
        raise PipecliError(
            f"{len(done.outcome.rejected):,} of {len(table.rows):,} rows were rejected",
            hint=f"they are in {kept} with the reasons: correct that file and import it" if kept else "",
        )


def target_of(kind: str) -> Target:
    """What KIND says. Raises PipecliError."""
    target = target_named(kind)
    if target is None:
        known = ", ".join([*(kind.plural for kind in COLLECTIONS), *(part.plural for part in PART_KINDS)])
        raise PipecliError(f'"{kind}" isn\'t a kind of record', hint=f"give one of {known}", code="usage")
    return target


def _file(path: Path, name: str = "") -> File:
    if str(path) == "-":
        return File("stdin", sys.stdin.buffer.read())
    content = path.read_bytes()
    if content.startswith(ARCHIVE) and not is_workbook(content, path.name):
        from pipecli.inbox.importing.import_files import files_of
        from pipecli.wording import first_of

        files = files_of(path)
        if len(files) != 1:
            names = first_of([file.name for file in files], 8)
            raise PipecliError(
                f"{path} has {len(files)} files: {names}",
                hint=f"all at once: pipecli import plan {quote(str(path))} --into DIR; "
                "or unpack it, and import one",
            )
        return files[0]
    return File(name or path.name, content)


def _write(transaction: Transaction, done: Import, writes: list[Write]) -> str | None:
    """Commit what the rows come to, or with --dry-run print it; the commit's id."""
    run = transaction.session
    if run.dry_run and run.format_name != "table":
        return None
    return transaction.commit(writes, commit_subject(done.report), "Pipecli-Event: imported")


def _print(run: Session, done: Import, commit: str | None, kept: Path | None) -> None:
    match run.format:
        case Format.TABLE:
            write_counts(report_lines(done.report))
        case Format.IDS:
            write_text("".join(f"{key}\n" for key in done.keys))
        case other:
            more = {"rejects": str(kept) if kept else None, "commit": commit, "dry_run": run.dry_run}
            print_record(done.report | more, other, [])
