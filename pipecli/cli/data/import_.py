"""`import`: the rows of a file, in one commit; `import plan` and `import run`: the export of another CRM."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.command import Changing, Verb, argument, flag, noun, option
from pipecli.cli.common.output import Format, print_record, write_counts, write_text, write_whole
from pipecli.cli.common.session import Session, all_faults, progress, say
from pipecli.cli.common.transaction import changing_after
from pipecli.errors import PipecliError
from pipecli.inbox.importing.earlier_imports import Keep
from pipecli.inbox.importing.import_files import File, files_of, import_rows, links_in, prepare_import
from pipecli.inbox.importing.import_report import (
    Import,
    commit_subject,
    new_words,
    rejects_beside,
    report_lines,
)
from pipecli.inbox.importing.mapping import PARTS, RowKind, row_kind_named
from pipecli.inbox.importing.rows_of_file import is_archive
from pipecli.inbox.moving import PLAN_FILE
from pipecli.json_and_csv import picked
from pipecli.records.kinds import COLLECTIONS, collection_named
from pipecli.store.lock_and_signals import temporary_folder
from pipecli.store.pipeline import Pipeline, no_collector
from pipecli.store.plan_writes import Planner, Write
from pipecli.wording import count, first_of

if TYPE_CHECKING:  # what plans, runs and reconciles a whole export is loaded by the verbs that do
    from pipecli.inbox.moving.findings import Question
    from pipecli.inbox.moving.plan import Plan
    from pipecli.inbox.moving.rehearse import Rehearsal
    from pipecli.inbox.moving.run_plan import Moved

KeepOption = Annotated[
    Keep | None, typer.Option(help="The value to keep if people and the file changed it. Default: local.")
]
app = noun()


@app.command("KIND", cls=Changing)
@no_collector()
def import_(
    run: Session,
    kind: str = argument("What each row is: leads, customers, activities, …", "KIND"),
    file: Path | None = argument("The file of rows; - reads stdin.", "FILE", default=None),
    map_: Path | None = option("The mapping file: which column fills which field.", "MAPPING", "--map"),
    rejects: Path | None = option(
        "Write rejected rows here, with reasons. Default: FILE.rejects.csv, outside the pipeline's files.",
        "CSV",
        "--rejects",
    ),
    keep: KeepOption = None,
    from_: str | None = option(
        "Import a whole export of this CRM: --from VENDOR EXPORT.", "VENDOR", "--from"
    ),
    guess: bool = flag("--guess", "Import an export of any CRM: --guess EXPORT."),
) -> None:
    """Import the rows of a file. A second run of the same file changes nothing."""
    if from_ or guess:
        if file or map_ or rejects:
            raise PipecliError(
                "--from and --guess take only the export", hint="pipecli import --guess EXPORT", code="usage"
            )
        move_at_once(run, Path(kind), from_, keep)
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
    row_kind = row_kind_of(kind)
    if rejects and rejects.exists() and file.exists() and rejects.samefile(file):
        raise PipecliError("--rejects: the rows themselves are in that file", hint="name another")
    with all_faults():
        table, source = import_rows(_file(file), _file(map_, str(map_)) if map_ else None, row_kind)

    def decide(pipeline: Pipeline) -> tuple[Import, list[Write]]:
        with all_faults(), progress(len(table.rows)) as tick:
            planner = Planner(pipeline)
            done = prepare_import(pipeline, row_kind, table, source, planner, tick, keep)
        return done, planner.writes()

    with changing_after(run, decide) as (transaction, (done, writes)):
        commit = None
        kept = [(done, rejects)] if rejects or not run.dry_run else []
        with rejects_beside(kept, file, transaction.pipeline.location) as paths:
            if not run.dry_run or run.format is Format.TABLE:
                commit = transaction.commit(writes, commit_subject(done.report), "Pipecli-Event: imported")
    path = paths[0] if paths else None
    _print(run, done, commit, path)
    if rejected := len(done.outcome.rejected):
        way = f"see {path} for the reasons: correct that file and import it" if path else ""
        if rejected == len(table.rows) and not map_:
            way = f"have a mapping made for its columns: pipecli import plan {quote(str(file))} --into DIR"
        raise PipecliError(f"{count(rejected, 'row', ',')} of {len(table.rows):,} rejected", hint=way)


def row_kind_of(kind: str) -> RowKind:
    """The kind of rows that KIND names. Raises PipecliError."""
    row_kind = row_kind_named(kind)
    if row_kind is None:
        known = ", ".join([*(kind.plural for kind in COLLECTIONS), *(part.plural for part in PARTS)])
        raise PipecliError(f'"{kind}" isn\'t a kind of record', hint=f"give one of {known}", code="usage")
    return row_kind


def _file(path: Path, name: str = "") -> File:
    if str(path) == "-":
        return File("stdin", sys.stdin.buffer.read())
    content = path.read_bytes()
    if is_archive(content, path.name):
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


def _print(run: Session, done: Import, commit: str | None, kept: Path | None) -> None:
    match run.format:
        case Format.TABLE:
            write_counts(report_lines(done.report))
        case Format.IDS:
            write_text("".join(f"{key}\n" for key in done.keys))
        case other:
            more = {"rejects": str(kept) if kept else None, "commit": commit, "dry_run": run.dry_run}
            print_record(done.report | more, other, [])


@app.command("plan", cls=Verb)
@no_collector()
def plan(
    run: Session,
    export: Path = argument("A file, zip or folder of another CRM.", "EXPORT"),
    into: Path = option("The folder for the plan, such as moves/hubspot.", "DIR", "--into", default=...),
    from_: str | None = option("The CRM it is from, if the headers don't tell.", "VENDOR", "--from"),
    force: bool = flag("--force", "Overwrite a plan, even if you changed it."),
) -> None:
    """Write mappings and settings for an export, and what is left open."""
    from pipecli.inbox.moving.plan_files import note_source, source_of
    from pipecli.inbox.moving.rehearse import rehearse
    from pipecli.inbox.moving.run_plan import plan_again

    run.refuse_links_out(into.glob("*.yaml"))
    if (into / PLAN_FILE).exists() and not force:
        raise PipecliError(f"{into} has a plan already", hint="name another folder, or give --force")
    if into.exists() and not into.is_dir():
        raise PipecliError(f"{into} isn't a folder", code="system")
    zipped = zipfile.ZipFile(export).namelist() if export.is_file() and zipfile.is_zipfile(export) else []
    if (export / PLAN_FILE).exists() or any(Path(name).name == PLAN_FILE for name in zipped):
        raise PipecliError(f"{export} has its plan already", hint=f"pipecli import run {quote(str(export))}")
    files = _export_files(export)
    outcome = plan_again(into, files, run.pipeline, source_of(export, into), from_)
    with temporary_folder("rehearsal") as room:
        tried = rehearse(outcome, files, run.pipeline, room)
    _write_pages(outcome, into, is_forced=force)
    note_source(run.present.location, into, export)
    if run.format is Format.TABLE:
        write_counts((line, None) for line in _plan_lines(outcome, into, tried))
    else:
        write_text(json.dumps(_plan_json(outcome, tried), ensure_ascii=False, indent=2) + "\n")


def _export_files(export: Path) -> list[File]:
    """The tables of an export; what is a link stays out, which is told."""
    if links := links_in(export):
        say(f"warning: links aren't followed, and stay out: {first_of(links, 8)}")
    return files_of(export)


def _write_pages(outcome: Plan, folder: Path, *, is_forced: bool = False) -> None:
    """Write a plan over nothing but what a killed one has left. Raises PipecliError."""
    pages = {folder / name: text.encode() for name, text in outcome.pages.items()}
    for file, text in pages.items():
        if file.exists() and not is_forced and not (file.is_file() and file.read_bytes() == text):
            hint = "name another folder, or give --force, which writes over it"
            raise PipecliError(f"{file} is there already, and isn't of this plan", hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(pages, key=(folder / PLAN_FILE).__eq__):  # the plan last: it says that all is there
        write_whole(file, pages[file])


def _plan_lines(outcome: Plan, folder: Path, tried: Rehearsal) -> Iterator[str]:
    findings = outcome.findings
    yield f"{outcome.vendor or 'no vendor that is known'}: {count(len(outcome.steps), 'file')} into {folder}"
    yield from (f"  {line}" for line in outcome.summary)
    for process, own in findings.processes.items():
        stages = ", ".join(f"{stage['name']} {stage['probability']} %" for stage in own.values())
        yield f"stages of the process {process}: {stages or 'none are known, as no open deal names one'}"
    if outcome.unknown:
        yield f"files that are not known, and stay out: {first_of(outcome.unknown, 20)}"
    for line in findings.lost:
        yield f"columns that stay out, {line}"
    yield from findings.assumed
    yield from ["some records as they would come, beside the cells that they are made of:"] * any(tried.shown)
    yield from (f"  {line}" for line in tried.shown)
    yield from tried.rejected
    for number, question in _questions(outcome):
        choices = f" ({' or '.join(question.one_of)})" if question.one_of else ""
        yield f"to be answered in {folder}/plan.yaml:{number}: {question.question}{choices}"
    first = "answer these there, " if findings.questions else ""
    yield f"{first}look the mappings over, then: pipecli import run {quote(str(folder))}"


def _questions(outcome: Plan) -> Iterator[tuple[int, Question]]:
    """The questions, each with the line of the plan's file on which its answer is to be written."""
    lines = enumerate(outcome.pages[PLAN_FILE].split("\n"), 1)
    answers = [number for number, line in lines if line == "  answer:"]
    return zip(answers, outcome.findings.questions.values(), strict=True)


def _plan_json(outcome: Plan, tried: Rehearsal) -> dict[str, Any]:
    findings = outcome.findings
    return {
        "vendor": outcome.vendor,
        "files": [{"kind": step.kind, "file": step.file, "map": step.map} for step in outcome.steps],
        "unknown": outcome.unknown,
        "left_out": findings.lost,
        "assumed": findings.assumed,
        "would_be_rejected": tried.rejected,
        "would_come": tried.shown,
        "questions": [question._asdict() | {"line": line} for line, question in _questions(outcome)],
    }


@app.command("run", cls=Changing.with_(when_dry="Print only the report; change nothing."))
@no_collector()
def run_move(
    run: Session,
    folder: Path = argument("The plan's folder, or an export of ours.", "DIR"),
    export: Path | None = argument("A later export. Default: the plan's.", "[EXPORT]", default=None),
    keep: KeepOption = None,
    rejects: Path | None = option(
        "The folder for rejected rows, a file for each of the export. Default: outside the pipeline's files.",
        "DIR",
        "--rejects",
    ),
    diff: bool = flag("--diff", "With --dry-run: print the diff, too."),
) -> None:
    """Import all files of a plan in one commit, and reconcile."""
    _move(run, folder, export, keep, rejects, with_diff=diff)


def move_at_once(run: Session, export: Path, vendor: str | None, keep: Keep | None) -> None:
    """Plan and run in one go, where the export leaves nothing open."""
    from pipecli.inbox.moving.plan import make_plan

    run.refuse_links_out([export])
    outcome = make_plan(_export_files(export), run.pipeline, str(export), vendor)
    for line in outcome.findings.assumed:
        say(line)
    if questions := list(outcome.findings.questions.values()):
        for question in questions[1:]:
            say(question.question)
        raise PipecliError(
            questions[0].question.rstrip("."),
            hint=f"answer it in a plan: pipecli import plan {quote(str(export))} --into DIR",
        )
    with temporary_folder("plan") as folder:
        _write_pages(outcome, folder)
        _move(run, folder, export, keep, None, with_diff=False)


def _move(
    run: Session,
    folder: Path,
    export: Path | None,
    keep: Keep | None,
    rejects: Path | None,
    *,
    with_diff: bool,
) -> None:
    from pipecli.inbox.moving.plan_files import load_plan, note_source, require_known_source, unpack_plan
    from pipecli.inbox.moving.reconcile import PAPERS
    from pipecli.inbox.moving.run_plan import answered, export_of, run_plan

    with all_faults(), temporary_folder("export") as unpacked:
        if folder.is_file():
            unpack_plan(folder, unpacked)
            _move(run, unpacked, export, keep, rejects, with_diff=with_diff)
            return
        run.refuse_links_out(folder.glob("*.yaml"))
        move = load_plan(folder)
        if move.is_own and export and export.is_file():
            unpack_plan(export, unpacked)
            _move(run, folder, unpacked, keep, rejects, with_diff=with_diff)
            return
    if move.export.exists():
        if export is None:
            require_known_source(run.present.location, move)
        elif export.exists() and export.samefile(move.export):
            note_source(run.present.location, folder, export)
    files = export_of(move, export)

    def decide(pipeline: Pipeline) -> Moved:
        with all_faults():
            own = answered(move, files, pipeline)
            return run_plan(pipeline, own, files, room, progress, keep, export)

    with temporary_folder("move") as room, changing_after(run, decide) as (transaction, moved):
        is_dry, commit = run.dry_run, None
        imports = [*_rejects_of(moved, rejects, is_dry=is_dry)]
        with rejects_beside(imports, folder, transaction.pipeline.location) as paths:
            if not is_dry or with_diff:
                subject = _subject(move.vendor, moved)
                commit = transaction.commit(
                    moved.writes, subject, "Pipecli-Event: imported", draft=moved.draft.index
                )
        moved.draft.close()
    steps = (step.map or step.kind for step, _ in moved.done)
    kept = {step: path for step, path in zip(steps, paths, strict=False) if path}
    _print_move(transaction.session, moved, commit, kept)
    rejected = sum(len(done.outcome.rejected) for _, done in moved.done)
    differing = {one.kind: one.differing for one in moved.reconciliation if one.differing}
    if rejected or differing:
        parts = [count(rejected, "row", ",") + " rejected"] if rejected else []
        parts += [
            f"{'lines of ' * (kind == 'items')}{count(number, PAPERS[kind], ',')} not as in the file"
            for kind, number in differing.items()
        ]
        raise PipecliError(", ".join(parts), hint=_way_out(moved, folder, export or move.export, kept))


def _way_out(moved: Moved, folder: Path, export: Path, kept: dict[str, Path]) -> str:
    """The next step for rejected rows: a plan that knows new words, and the files that they are in."""
    new = [word for _, done in moved.done for word in new_words(done)]
    kept_in = f"the rejected ones are in {', '.join(map(str, kept.values()))}" if kept else ""
    if gone := [word for word in new if word.split('"')[1] in moved.removed]:
        told = f"removed here, and still in the mappings of {folder}: {first_of(gone, 8)}"
        steps = [told, "write there what each is now, and run again", kept_in]
    elif new:
        again = f"pipecli import plan {quote(str(export))} --into {quote(str(folder))} --force"
        steps = [
            f"new since the plan: {first_of(new, 8)}",
            f"have them planned: {again}, and run again",
            kept_in,
        ]
    elif kept_in:
        steps = [f"{kept_in}: correct the cause, run again"]
    else:
        steps = ["see the reconciliation above"]
    return "; ".join(filter(None, steps))


def _subject(vendor: str, moved: Moved) -> str:
    totals: dict[str, int] = {}
    for step, done in moved.done:
        totals[step.kind] = totals.get(step.kind, 0) + done.report["made"] + done.report["updated"]
    nouns = {kind: row_kind.noun for kind in totals if (row_kind := row_kind_named(kind))}
    counts = [
        f"{number:,} {nouns[kind] if number == 1 else kind}" for kind, number in totals.items() if number
    ]
    return f"Move in from {vendor or 'an export'}: {', '.join(counts) or 'settings'}"


def _rejects_of(moved: Moved, wanted: Path | None, *, is_dry: bool) -> Iterator[tuple[Import, Path | None]]:
    """The imports of a move whose rejected rows are kept, each with the file that is wanted for them."""
    if wanted and any(done.outcome.rejected for _, done in moved.done):
        wanted.mkdir(parents=True, exist_ok=True)
    for step, done in moved.done if wanted or not is_dry else ():
        name = f"{step.map.removesuffix('.yaml') or step.kind}.rejects.csv"
        yield done, wanted / name if wanted else None


def _print_move(run: Session, moved: Moved, commit: str | None, kept: dict[str, Path]) -> None:
    if run.format is Format.TABLE:
        from pipecli.inbox.moving.run_plan import move_lines

        write_counts((line, None) for line in move_lines(moved, is_dry=run.dry_run))
        return
    compared = [
        {"file": one.file, "kind": one.kind, **group._asdict(), **vars(totals)}
        for one in moved.reconciliation
        for group, totals in one.totals.items()
    ]
    report = {
        "files": [done.report for _, done in moved.done],
        **picked(moved, "missing new removed gone"),
        "reconciliation": [compared] if moved.reconciliation else [],
        "without_customer": max(moved.alone, 0),
        "changed_here": [one._asdict() for file in moved.reconciliation for one in file.changed],
        "rejects": {name: str(path) for name, path in kept.items()},
        "commit": commit,
        "dry_run": run.dry_run,
    }
    write_text(json.dumps(report, ensure_ascii=False, indent=2, default=str) + "\n")
