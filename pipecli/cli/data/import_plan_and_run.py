"""`import plan` and `import run`: the whole export of another CRM, planned, brought in, reconciled."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.command import Changing, Verb, argument, flag, noun, option
from pipecli.cli.common.output import Format, write_counts, write_text, write_whole
from pipecli.cli.common.session import all_faults, progress, say, session
from pipecli.cli.common.transaction import Transaction, changing_after
from pipecli.cli.data.export_and_mirror import collection_of
from pipecli.errors import PipecliError
from pipecli.inbox.importing.import_files import files_of, target_named
from pipecli.inbox.importing.import_report import WORDS, new_words, reasons_by_shape, write_rejects
from pipecli.inbox.importing.match_record import REMOVED
from pipecli.inbox.moving.plan_files import PLAN_FILE, load_plan
from pipecli.inbox.moving.run_plan import answered, export_of, plan_again, plan_here, unpack_plan
from pipecli.inbox.moving.run_plan import run_plan as bring_in
from pipecli.json_and_csv import picked
from pipecli.store import lock
from pipecli.store.pipeline import no_collector
from pipecli.wording import count, first_of

if TYPE_CHECKING:
    from pipecli.inbox.importing.earlier_imports import Keep
    from pipecli.inbox.importing.import_files import Import
    from pipecli.inbox.moving.findings import Question
    from pipecli.inbox.moving.plan import Plan
    from pipecli.inbox.moving.run_plan import Moved
    from pipecli.store.pipeline import Pipeline


KeepOption = Annotated[
    str | None,
    typer.Option(
        "--keep",
        metavar="SIDE",
        help="The value to keep if people and the file changed it: local (default), file or conflict.",
    ),
]


def side_of(text: str | None) -> Keep | None:
    """What --keep says. Raises PipecliError."""
    match text:
        case None | "local" | "file" | "conflict":
            return text
    raise PipecliError(f'--keep must be one of local, file, conflict, not "{text}"')


app = noun("Import the whole export of another CRM.")

_MOST_REASONS = 5
_DIFFERING = {"opportunities": "deal", "quotations": "quotation", "orders": "order", "items": "record"}


@app.command("plan", cls=Verb)
def plan(
    ctx: typer.Context,
    export: Path = argument("A file, zip or folder of another CRM.", "EXPORT"),
    into: Path = option("The folder for the plan, such as moves/hubspot.", "DIR", "--into", default=...),
    from_: str | None = option("The CRM it is from, if the headers don't tell.", "VENDOR", "--from"),
    force: bool = flag("--force", "Overwrite a plan, even if you changed it."),
) -> None:
    """Write mappings and settings for an export, and the questions left open."""
    if (into / PLAN_FILE).exists() and not force:
        raise PipecliError(f"{into} has a plan already", hint="name another folder, or give --force")
    if into.exists() and not into.is_dir():
        raise PipecliError(f"{into} isn't a folder", code="system")
    zipped = zipfile.ZipFile(export).namelist() if export.is_file() and zipfile.is_zipfile(export) else []
    if (export / PLAN_FILE).exists() or any(Path(name).name == PLAN_FILE for name in zipped):
        raise PipecliError(f"{export} has its plan already", hint=f"pipecli import run {quote(str(export))}")
    run = session(ctx)
    outcome = plan_again(into, files_of(export), run.pipeline, str(export), from_)
    run.pipeline.is_out = f"what is written of the plan is in {into}"
    _write_pages(outcome, into)
    if run.format is Format.TABLE:
        write_counts((line, None) for line in _plan_lines(outcome, into))
    else:
        write_text(json.dumps(_plan_json(outcome), ensure_ascii=False, indent=2) + "\n")


def _write_pages(outcome: Plan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(outcome.pages, key=PLAN_FILE.__eq__):  # the plan last: it says that all is there
        write_whole(folder / name, outcome.pages[name].encode())


def _plan_lines(outcome: Plan, folder: Path) -> Iterator[str]:
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


def _plan_json(outcome: Plan) -> dict[str, Any]:
    findings = outcome.findings
    return {
        "vendor": outcome.vendor,
        "files": [{"kind": step.kind, "file": step.file, "map": step.map} for step in outcome.steps],
        "unknown": outcome.unknown,
        "left_out": findings.lost,
        "assumed": findings.assumed,
        "questions": [question._asdict() | {"line": line} for line, question in _questions(outcome)],
    }


@app.command("run", cls=Changing)
def run(
    ctx: typer.Context,
    folder: Path = argument("The plan's folder, or an export of ours.", "DIR"),
    export: Path | None = argument("A later export. Default: the plan's.", "[EXPORT]", default=None),
    keep: KeepOption = None,
    rejects: Path | None = option("The folder for rejected rows, one file per kind.", "DIR", "--rejects"),
    diff: bool = flag("--diff", "With --dry-run: print the diff, too."),
) -> None:
    """Import all files of a plan in one commit, and reconcile. With --dry-run, only the report is printed."""
    _move(ctx, folder, export, side_of(keep), rejects, with_diff=diff)


def move_at_once(ctx: typer.Context, export: Path, vendor: str | None, keep: Keep | None) -> None:
    """Plan and run in one go, where the export leaves nothing open."""
    outcome = plan_here(files_of(export), session(ctx).pipeline, str(export), vendor)
    for line in outcome.findings.assumed:
        say(line)
    if questions := list(outcome.findings.questions.values()):
        for question in questions[1:]:
            say(question.question)
        raise PipecliError(
            questions[0].question,
            hint=f"answer it in a plan: pipecli import plan {quote(str(export))} --into DIR",
        )
    with lock.temporary_folder("plan") as folder:
        _write_pages(outcome, folder)
        _move(ctx, folder, export, keep, None, with_diff=False)


def _move(
    ctx: typer.Context,
    folder: Path,
    export: Path | None,
    keep: Keep | None,
    rejects: Path | None,
    *,
    with_diff: bool,
) -> None:
    with all_faults(), lock.temporary_folder("export") as unpacked:
        if folder.is_file():
            unpack_plan(folder, unpacked)
            _move(ctx, unpacked, export, keep, rejects, with_diff=with_diff)
            return
        move = load_plan(folder)
        if move.is_own and export and export.is_file():
            unpack_plan(export, unpacked)
            _move(ctx, folder, unpacked, keep, rejects, with_diff=with_diff)
            return
    files = export_of(move, export)

    def decide(pipeline: Pipeline) -> Moved:
        with all_faults():
            own = answered(move, files, pipeline)
            return bring_in(pipeline, own, files, progress, keep, export)

    with no_collector(), changing_after(ctx, decide) as (transaction, moved):
        is_dry = transaction.session.dry_run
        commit = None
        if not is_dry or with_diff:
            commit = transaction.commit(moved.writes, _subject(move.vendor, moved), "Pipecli-Event: imported")
        kept = _keep_rejects(transaction, moved, folder, rejects)
    _print(transaction, moved, commit, kept)
    rejected = sum(len(done.outcome.rejected) for _, done in moved.done)
    differing = {one.kind: one.differing for one in moved.reconciliation if one.differing}
    if rejected or differing:
        parts = [count(rejected, "row", ",") + " rejected"] if rejected else []
        parts += [
            f"{'lines of ' * (kind == 'items')}{count(number, _DIFFERING[kind], ',')} not as in the file"
            for kind, number in differing.items()
        ]
        raise PipecliError(", ".join(parts), hint=_way_out(moved, folder, export or Path(move.source), kept))


def _way_out(moved: Moved, folder: Path, export: Path, kept: dict[str, Path]) -> str:
    """The next step for rejected rows: a plan that knows new words, else the files that they are in."""
    if new := [word for _, done in moved.done for word in new_words(done)]:
        again = f"pipecli import plan {quote(str(export))} --into {quote(str(folder))} --force"
        return f"new since the plan: {first_of(new, 8)}; have them planned: {again}, and run again"
    where = ", ".join(map(str, kept.values()))
    return (
        f"the rejected ones are in {where}: correct the cause, run again"
        if kept
        else "see the reconciliation above"
    )


def _subject(vendor: str, moved: Moved) -> str:
    totals: dict[str, int] = {}
    for step, done in moved.done:
        totals[step.kind] = totals.get(step.kind, 0) + done.report["made"] + done.report["updated"]
    nouns = {kind: target.noun for kind in totals if (target := target_named(kind))}
    counts = [
        f"{number:,} {nouns[kind] if number == 1 else kind}" for kind, number in totals.items() if number
    ]
    return f"Move in from {vendor or 'an export'}: {', '.join(counts) or 'settings'}"


def _keep_rejects(
    transaction: Transaction, moved: Moved, folder: Path, wanted: Path | None
) -> dict[str, Path]:
    """Write the rejected rows, a file for each of the export; their paths by mapping."""
    kept: dict[str, Path] = {}
    for step, done in moved.done if wanted or not transaction.session.dry_run else ():
        path = None
        if wanted is not None and done.outcome.rejected:
            wanted.mkdir(parents=True, exist_ok=True)
            path = wanted / f"{step.map.removesuffix('.yaml') or step.kind}.rejects.csv"
        if written := write_rejects(done, folder, path, transaction.pipeline.location):
            kept[step.map or step.kind] = written
    return kept


def _print(transaction: Transaction, moved: Moved, commit: str | None, kept: dict[str, Path]) -> None:
    run = transaction.session
    if run.format is Format.TABLE:
        write_counts((line, None) for line in _report(moved, is_dry=run.dry_run))
        return
    report = {
        "files": [done.report for _, done in moved.done],
        **picked(moved, "missing new removed gone"),
        "reconciliation": [_comparison(moved)] if moved.reconciliation else [],
        "changed_here": [one._asdict() for file in moved.reconciliation for one in file.changed],
        "rejects": {name: str(path) for name, path in kept.items()},
        "commit": commit,
        "dry_run": run.dry_run,
    }
    write_text(json.dumps(report, ensure_ascii=False, indent=2, default=str) + "\n")


def _readings(done: Import) -> Iterator[str]:
    """What was read otherwise than it stands in a file, and that nobody said."""
    if guessed := done.report.get("guessed_encoding"):
        yield f"read as {guessed}, a guess: if names look wrong, say `encoding:` in the mapping"
    rounded = [
        told for told in done.report["replaced"] if told["column"] == "amount" and told["by"] != "unknown"
    ]
    if rounded:
        apart = {abs(Decimal(told["value"]) - Decimal(told["by"])): told for told in rounded}
        most = apart[max(apart)]
        yield (
            f"{sum(told['rows'] for told in rounded):,} amounts have more decimals than their currency, and "
            f"are rounded, by {max(apart):f} at most: {most['value']} → {most['by']}"
        )
    for told in done.report["left_out"]:
        if told["column"].endswith(("s that aren't here", "of rows that name several")):
            yield f"left out of {count(told['rows'], 'row', ',')}: {told['column']}"
    for told in done.report["noted"][:_MOST_REASONS]:
        yield f"{told['what']}: {count(told['rows'], 'row', ',')} (line {told['example']['line']})"


def _comparison(moved: Moved) -> list[dict[str, Any]]:
    return [
        {"file": one.file, "kind": one.kind, **group._asdict(), **vars(totals)}
        for one in moved.reconciliation
        for group, totals in one.totals.items()
    ]


def _report(moved: Moved, *, is_dry: bool) -> Iterator[str]:
    for step, done in moved.done:
        yield f"{step.kind}: {_outcome(done)}"
        yield from (f"  {line}" for line in (*_readings(done), *_reasons(done)))
    for name in moved.missing:
        yield f"{name}: not in this export"
    if moved.new:
        yield f"not in the plan, and left out: {', '.join(moved.new)}"
    if moved.removed:
        yield f"proposed settings that were removed here, and stay so: {', '.join(moved.removed)}"
    yield from _reconciliation(moved)
    for kind, names in moved.gone.items():
        things = count(len(names), {**_DIFFERING, "items": "line"}[kind], ",")
        yield f"not in this export, and left as it is: {things} of an earlier one: {first_of(names, 3, ',')}"
    yield from ["the settings are those of the export, as there was no record here"] * moved.whole_settings
    if is_dry:
        yield f"nothing is changed: {count(len(moved.writes), 'file', ',')} would be"
    elif not moved.writes:
        yield "nothing to change, it is so already"


def _outcome(done: Import) -> str:
    report = done.report
    parts = [f"{report[name]:,} {words}" for name, words in WORDS.items() if report[name]]
    on_the_way = [
        count(len(keys), collection_of(kind).noun, ",") for kind, keys in report["made_on_the_way"].items()
    ]
    more = f"; made on the way: {', '.join(on_the_way)}" if on_the_way else ""
    kept = sum(tally["rows"] for tally in report["kept"])
    gone = sum(tally["rows"] for tally in report["left_out"] if tally["column"] == REMOVED)
    more += f"; {gone:,} of those left out were removed or merged here" if gone else ""
    if kept:
        examples = [(tally["field"], tally["example"]["row"], tally["rows"]) for tally in report["kept"]]
        fields = [f"{field} of {row}{' …' * (rows > 1)}" for field, row, rows in examples]
        more += f"; {kept:,} kept as they are here, where the file changed them too: {first_of(fields, 5)}"
    return f"{count(report['rows'], 'row', ',')} of {done.table.name}: {', '.join(parts) or 'none'}{more}"


def _reasons(done: Import) -> Iterator[str]:
    ordered = reasons_by_shape(done.report)
    for rows, example in ordered[:_MOST_REASONS]:
        yield f"{rows:,} rejected, as: {example}"
    if rest := ordered[_MOST_REASONS:]:
        yield f"{sum(rows for rows, _ in rest):,} rejected for {len(rest):,} more reasons"


def _reconciliation(moved: Moved) -> Iterator[str]:
    for one in moved.reconciliation:
        if not one.comparable:
            yield f"{one.file}: not reconciled, as no column names its {one.kind} (external_id)"
            continue
        yield f"reconciliation of {one.file}, file | pipeline:"
        for group, totals in one.totals.items():
            sides = (
                f"{count(totals.rows, 'row', ',')} {totals.amount:,.2f} {group.currency}",
                f"{count(totals.rows_here, 'row', ',')} {totals.amount_here:,.2f} {group.currency}",
            )
            yield f"  {group.stage}: {sides[0]} | {sides[1]}{_verdict(totals.differing, totals.changed_here)}"
        kept = " but for what was changed here" * bool(one.changed)
        yield "they differ" if one.differing else f"they agree{kept}"
        for changed in one.changed[:_MOST_REASONS]:
            yield f"  {changed.record} {changed.field}: {changed.file} in the file, {changed.here} here"
        if rest := len(one.changed[_MOST_REASONS:]):
            yield f"  and {rest:,} more that were changed here (--format json has all)"
        for key, told, here in one.other_grand_totals[:1]:
            papers = count(len(one.other_grand_totals), _DIFFERING[one.kind], ",")
            yield (
                f"another total with taxes and adjustments: {papers} of {one.file}, as {key}: "
                f"{told:,.2f} there, {here:,.2f} here"
            )


def _verdict(differing: Sequence[str], changed_here: int) -> str:
    if differing:
        shown = ", ".join(differing[:3]) + (" …" if len(differing) > 3 else "")
        verb = "differs" if len(differing) == 1 else "differ"
        return f": {len(differing):,} {verb} ({shown})"
    return f": {changed_here:,} changed here since" if changed_here else ""
