"""`import run`: all files of a plan in order, on a draft of the pipeline: one commit takes them, or none.

Each file is imported as `import KIND FILE --map` does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.earlier_imports import Keep, OtherFiles
from pipecli.inbox.importing.import_files import File, files_of, import_rows, prepare_import
from pipecli.inbox.importing.import_report import (
    NOT_HERE,
    REMOVED,
    WITH_THEM,
    WORDS,
    Import,
    reasons_by_shape,
)
from pipecli.inbox.importing.mapping import RowKind, Source, row_kind_named
from pipecli.inbox.importing.rows_of_file import rows_of_file, tables_of_file
from pipecli.inbox.importing.rows_to_records import Tick
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving import PLAN_FILE, vendors
from pipecli.inbox.moving.findings import text_of_row
from pipecli.inbox.moving.plan import Plan, make_plan
from pipecli.inbox.moving.plan_files import Move, Step, apply_settings, in_its_line, load_plan
from pipecli.inbox.moving.reconcile import (
    PAPERS,
    Reconciliation,
    not_in,
    reconcile,
    reconciliation_lines,
    told_of,
)
from pipecli.inbox.moving.vocabulary import header_key
from pipecli.records.kinds import COLLECTIONS
from pipecli.store import safe_files
from pipecli.store.index import rows_for_verbs
from pipecli.store.lock_and_signals import write_unlogged
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import AddingPlanner, DraftPipeline, Planner, Write
from pipecli.store.yaml import read as yamltext
from pipecli.wording import count, first_of

_MOST_REASONS = 5


@dataclass
class Moved:
    """The outcome of a run, not yet written to the pipeline."""

    draft: DraftPipeline
    writes: list[Write] = field(default_factory=list)
    done: list[tuple[Step, Import]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Files of the plan that the export doesn't have."""
    new: list[str] = field(default_factory=list)
    """Files of the export that the plan doesn't have."""
    removed: list[str] = field(default_factory=list)
    """What the plan proposes for the settings, and people removed since it brought them."""
    gone: dict[str, list[str]] = field(default_factory=dict)
    """By kind, what earlier exports had and this one doesn't."""
    alone: int = 0
    """Deals that came without a customer."""
    whole_settings: bool = False
    """The settings are those of an export of ours."""
    reconciliation: list[Reconciliation] = field(default_factory=list)


def plan_again(
    folder: Path, files: Sequence[File], pipeline: Pipeline, source: str, vendor: str | None
) -> Plan:
    """The plan made anew, with the answers that were given in its folder and that fit the files still."""
    path = folder / PLAN_FILE
    content = path.read_bytes() if path.is_file() else None
    plain: dict[str, Any] = dict(yamltext.plain_of(content, str(path)) or {})
    answers = {**given} if isinstance(given := plain.get("answers"), dict) else {}
    for question in plain.get("questions") or ():
        if isinstance(question, dict) and question.get("answer") is not None:
            answers[str(question.get("about"))] = question["answer"]
    if vendor is None and plain.get("vendor") in vendors():
        vendor = plain["vendor"]
    while True:
        try:
            return make_plan(files, pipeline, source, vendor, answers)
        except PipecliError as error:
            if answers.pop(str(error).partition(":")[0], None) is None:
                raise


def answered(move: Move, files: Sequence[File], pipeline: Pipeline) -> Move:
    """The plan with its answers in the mappings, which are written anew where one is fresh."""
    if not move.pending:
        return move
    answers = move.answers | move.pending
    vendor = move.vendor if move.vendor in vendors() else None
    try:
        again = make_plan(files, pipeline, move.source, vendor, answers)
    except PipecliError as error:
        raise in_its_line(error, move) from None
    for name, page in move.renewed(again.pages).items():
        write_unlogged(move.folder / name, page.encode())
    return load_plan(move.folder)


def export_of(move: Move, given: Path | None) -> list[File]:
    """The files to bring in: those given, or those that the plan was made from."""
    source = given or move.export
    if not source.exists():
        raise PipecliError(
            f"{source} does not exist",
            hint=f"name the export: pipecli import run {quote(str(move.folder))} EXPORT",
            code="system",
        )
    return files_of(source)


Bar = Callable[[int], AbstractContextManager[Tick]]
"""Shows how many of so many rows are done."""


def run_plan(
    pipeline: Pipeline,
    move: Move,
    files: Sequence[File],
    folder: Path,
    bar: Bar,
    keep: Keep | None = None,
    given: Path | None = None,
    tried: Mapping[Step, Tried] | None = None,
) -> Moved:
    """Import all files of a plan in a copy: the writes that the pipeline needs, and the reconciliation.

    The index of the copy is in `folder`; `given` is the folder of a later export; `tried` are the rows that
    are to be taken alone.
    """
    nouns = Counter(row_kind.noun for step in move.steps if (row_kind := row_kind_named(step.kind)))
    coming = _ids(move, files) if move.is_own else {}
    others = OtherFiles({noun for noun, files in nouns.items() if files > 1}, coming, is_own=move.is_own)
    moved = Moved(draft := DraftPipeline(pipeline, folder))
    moved.removed, moved.whole_settings = apply_settings(draft, move)
    taken: set[str] = set()
    circle = Planner(draft)  # records of an export of ours name one another in circles
    for step in move.steps:
        file = _file_of(step, files, move.steps, taken)
        if file is None:
            moved.missing.append(step.file)
            continue
        taken.add(file.name)
        planner = circle
        if step.kind in ("users", "teams") or not move.is_own:
            row_kind = row_kind_named(step.kind)
            planner = AddingPlanner(draft) if row_kind and row_kind.inside else Planner(draft)
        rows = tried[step] if tried else rows_of_step(move, step, file)
        done, told = _import(draft, move, step, rows, planner, bar, keep, others)
        moved.done.append((step, done))
        moved.reconciliation += filter(None, [told])
        if planner is not circle:
            draft.take(planner.writes())
    if moved.done and not any(done.report["rows"] for _, done in moved.done):
        raise PipecliError(
            f"{given or move.export} has no row: each of its tables is a header alone",
            hint="have the other system export again; where nothing is new, there is nothing to run",
        )
    with bar(len(draft.held)) as tick:
        draft.take_held(tick)
    moved.gone = dict(not_in(moved.reconciliation, pipeline))
    moved.alone = 0 if move.is_own else _without_customer(draft) - _without_customer(pipeline)
    for compared in moved.reconciliation:
        reconcile(compared, pipeline, draft)
    draft.take(circle.writes())
    new = [file.name for file in files if file.name not in taken]
    moved.new = [name for name in new if not move.is_own or row_kind_named(name.removesuffix(".csv"))]
    moved.writes = draft.writes()
    if move.is_own:
        moved.writes += _files_beside(draft, given or move.folder)
    return moved


def _refused(done: Import, source: Source) -> Iterator[tuple[tuple[str, str], str]]:
    """The rejected rows by noun and external id, each with its reason."""
    row_kind, own = row_kind_named(done.report["kind"]), source.mapping.external_id
    if row_kind and own:
        for row, reason in done.outcome.rejected:
            yield (row_kind.noun, text_of_row(own, row)), reason.text


def _without_customer(pipeline: Pipeline) -> int:
    """The number of deals of which nobody knows the customer."""
    (deals,) = next(iter(pipeline.query("SELECT count(*) FROM _opportunities WHERE customer IS NULL")))
    return int(deals)


def _left_out(done: Import, source: Source) -> set[str]:
    """The external ids of the records that the mapping doesn't take."""
    own = source.mapping.external_id or ""
    return {text_of_row(own, row) for row in done.table.rows if row.line in done.outcome.left_out} - {""}


def _files_beside(draft: DraftPipeline, export: Path) -> Iterator[Write]:
    """The files of an export of ours that its records name, and its templates, where they aren't here."""
    names = set(rows_for_verbs.files_beside(draft.index.connection))
    for path in sorted(path for path in export.rglob("*") if path.is_file()):
        name = path.relative_to(export).as_posix()
        if (name in names or name.startswith("templates/")) and not draft.has_file(name):
            yield Write(name, None, safe_files.read_bytes(export, name, safe_files.LARGEST_ANY))


def _file_of(step: Step, files: Sequence[File], steps: Sequence[Step], taken: set[str]) -> File | None:
    """The file of a step: of its name, or else, as tomorrow's is called otherwise, with its columns."""
    for file in files:
        if file.name == step.file:
            return file
    named = {other.file for other in steps}
    wanted = {header_key(column) for column in step.columns}
    for file in files:
        if file.name in named or not wanted:
            continue
        for head in tables_of_file(file.content, file.name):
            if head.sheet or file.name not in taken:
                rows = [head.columns, *(map(str, row.cells.values()) for row in head.rows[:30])]
                if any(wanted <= {header_key(column) for column in row} for row in rows):
                    return file
    return None


def _kind_of(move: Move, step: Step) -> RowKind:
    if row_kind := row_kind_named(step.kind):
        return row_kind
    raise PipecliError(f'{move.folder / PLAN_FILE}: "{step.kind}" isn\'t a kind of record')


class Tried(NamedTuple):
    """The rows of a file, their mapping, and which of them are imported: None for all."""

    table: Table
    source: Source
    some: list[Row] | None = None


def rows_of_step(move: Move, step: Step, file: File) -> Tried:
    path = move.folder / step.map
    if step.map and not path.is_file():
        raise PipecliError(f"{path} does not exist", hint=f"correct {move.folder / PLAN_FILE}", code="system")
    mapping = File(str(path), path.read_bytes()) if step.map else None
    table, source = import_rows(file, mapping, _kind_of(move, step))
    if move.is_own:
        source.mapping = source.mapping.model_copy(update={"scale": "percent"})
    return Tried(table, source)


def _import(
    pipeline: Pipeline,
    move: Move,
    step: Step,
    rows: Tried,
    planner: Planner,
    bar: Bar,
    keep: Keep | None,
    others: OtherFiles,
) -> tuple[Import, Reconciliation | None]:
    """One file's import, and its word on its records: what needs its rows, which take the most memory."""
    (table, source, some), kind = rows, _kind_of(move, step)
    with bar(len(table.rows)) as tick:
        done = prepare_import(pipeline, kind, table, source, planner, tick, keep, others, some)
    others.refused |= _refused(done, source)
    others.left_out |= _left_out(done, source)
    coming = table._replace(rows=[row for row in table.rows if row.line not in done.outcome.left_out])
    done.report["unused_columns"] = [c for c in done.report["unused_columns"] if texts(coming, c)]
    return done.without_rows(), None if move.is_own else told_of(done, source)


def _ids(move: Move, files: Sequence[File]) -> dict[str, list[str]]:
    """The ids in the files of an export of ours, by noun."""
    by_name = {file.name: file for file in files}
    ids: dict[str, list[str]] = {}
    for step in move.steps:
        row_kind = row_kind_named(step.kind)
        if row_kind and not row_kind.inside and step.file in by_name:
            table = rows_of_file(by_name[step.file].content, step.file)
            ids[row_kind.noun] = [str(row.cells.get(row_kind.kinds[0].identity, "")) for row in table.rows]
    return ids


def move_lines(moved: Moved, *, is_dry: bool) -> Iterator[str]:
    """The report of a run, for a person."""
    for step, done in moved.done:
        yield f"{step.kind}: {_outcome(step.kind, done)}"
        yield from (f"  {line}" for line in (*_readings(done), *reasons_of(done)))
        if new := done.report["unused_columns"]:  # those that a plan leaves out are in its mapping
            told = f"  columns of {done.table.name} that the plan doesn't know, left out: {', '.join(new)}"
            yield f"{told}; plan anew with --force to have them come"
    for name in moved.missing:
        yield f"{name}: not in this export"
    if moved.new:
        yield f"not in the plan, and left out: {', '.join(moved.new)}"
    if moved.removed:
        yield f"proposed settings that were removed here, and stay so: {', '.join(moved.removed)}"
    yield from reconciliation_lines(moved.reconciliation)
    if moved.alone > 0:
        yield f"without a customer: {count(moved.alone, 'deal', ',')}, whose rows name none that is known"
    for kind, names in moved.gone.items():
        things = count(len(names), {**PAPERS, "items": "line"}[kind], ",")
        yield f"not in this export, and left as it is: {things} of an earlier one: {first_of(names, 3, ',')}"
    yield from ["the settings are those of the export, as there was no record here"] * moved.whole_settings
    if is_dry:
        yield f"nothing is changed: {count(len(moved.writes), 'file', ',')} would be"
    elif not moved.writes:
        yield "nothing to change, it is so already"


def _outcome(kind: str, done: Import) -> str:
    report = done.report
    parts = [f"{report[name]:,} {words}" for name, words in WORDS.items() if report[name]]
    nouns = {collection.plural: collection.noun for collection in COLLECTIONS}
    on_the_way = [count(len(keys), nouns[kind], ",") for kind, keys in report["made_on_the_way"].items()]
    more = f"; made on the way: {', '.join(on_the_way)}" if on_the_way else ""
    twins = [person["id"] for person in report["namesakes"]]
    more += f"; new, with the name of somebody else who is here: {first_of(twins, 3, ',')}" if twins else ""
    kept = sum(tally["rows"] for tally in report["kept"])
    gone = sum(tally["rows"] for tally in report["left_out"] if tally["column"] == REMOVED)
    more += f"; {gone:,} of those left out were removed or merged here" if gone else ""
    whose = "deal or lead" if kind == "activities" else "record"
    for why, says in ((NOT_HERE, f"name no {whose} that is here"), (WITH_THEM, "belong to what is left out")):
        rows = sum(tally["rows"] for tally in report["left_out"] if tally["column"] == why)
        more += f"; {rows:,} of those left out {says}" if rows else ""
    if kept:
        examples = [(tally["field"], tally["example"]["row"], tally["rows"]) for tally in report["kept"]]
        fields = [f"{field} of {row}{' …' * (rows > 1)}" for field, row, rows in examples]
        more += f"; {kept:,} kept as they are here, where the file changed them too: {first_of(fields, 5)}"
    if not report["rows"]:
        return f"no row in {done.table.name}, which is a header alone"
    return f"{count(report['rows'], 'row', ',')} of {done.table.name}: {', '.join(parts)}{more}"


def reasons_of(done: Import, are: str = "") -> Iterator[str]:
    ordered = reasons_by_shape(done.report)
    for rows, example in ordered[:_MOST_REASONS]:
        yield f"{rows:,} {are}rejected, as: {example}"
    if rest := ordered[_MOST_REASONS:]:
        yield f"{sum(rows for rows, _ in rest):,} {are}rejected for {len(rest):,} more reasons"


def _readings(done: Import) -> Iterator[str]:
    """Notes on what was read otherwise than it stands in a file, and that nobody said."""
    if guessed := done.report.get("guessed_encoding"):
        yield f"read as {guessed}, a guess: if names look wrong, say `encoding:` in the mapping"
    if below := done.report.get("below"):
        yield f"left out, as totals, headings or notes: {count(below, 'line', ',')}"
    rounded = [
        told
        for told in done.report["replaced"]
        if told["column"] in ("amount", "discount_amount") and told["by"] != "unknown"
    ]
    if rounded:
        apart = {abs(Decimal(told["value"]) - Decimal(told["by"])): told for told in rounded}
        most = apart[max(apart)]
        yield (
            f"{sum(told['rows'] for told in rounded):,} amounts have more decimals than their currency, and "
            f"are rounded, by {max(apart):f} at most: {most['value']} → {most['by']}"
        )
    for told in done.report["left_out"]:
        if told["column"].endswith(("s that aren't here", "of rows that name several", "second value on")):
            yield f"left out of {count(told['rows'], 'row', ',')}: {told['column']}"
    for told in done.report["filled_with_now"]:
        rows = count(told["rows"], "row", ",")
        yield f"{told['field']} of {rows}: not in the file, so it is the time of this import"
    for told in done.report["noted"][:_MOST_REASONS]:
        yield f"{told['what']}: {count(told['rows'], 'row', ',')} (line {told['example']['line']})"
