"""`import run`: all files of a plan in order, on a draft of the pipeline: one commit takes them, or none.

Each file is imported as `import KIND FILE --map` does it.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.importing.earlier_imports import EarlierFiles, Keep, imports_at
from pipecli.inbox.importing.import_files import (
    LARGEST,
    File,
    Import,
    entries_of_zip,
    files_of,
    import_rows,
    prepare_import,
    read_bounded,
    target_named,
)
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.match_record import part_named
from pipecli.inbox.importing.rows_to_records import Tick
from pipecli.inbox.importing.workbook import rows_of_file as read_table
from pipecli.inbox.importing.workbook import tables_of_file
from pipecli.inbox.moving.findings import text_of_row
from pipecli.inbox.moving.plan import Plan, make_plan
from pipecli.inbox.moving.plan_files import (
    PLAN_FILE,
    SETTINGS_PAGE,
    WORDS,
    Move,
    Step,
    in_its_line,
    load_plan,
)
from pipecli.inbox.moving.recognise_vendor import vendors
from pipecli.inbox.moving.reconcile import (
    Reconciliation,
    not_in,
    reconcile,
    told_of,
)
from pipecli.inbox.moving.words import header_key
from pipecli.records.kinds import OPPORTUNITY, SETTINGS_FILE, Collection
from pipecli.records.name_matching import name_key
from pipecli.records.settings import Process, Settings, Stage, User
from pipecli.store import lock, safe_files
from pipecli.store.index import rows_for_verbs
from pipecli.store.parse_record import validate
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import AddingPlanner, DraftPipeline, Planner, Write, plan_writes
from pipecli.store.yaml import read as yamltext
from pipecli.workflow import Change


@dataclass
class Moved:
    """What a run comes to, not yet written to the pipeline."""

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
    whole_settings: bool = False
    """The settings are those of an export of ours."""
    reconciliation: list[Reconciliation] = field(default_factory=list)


def unpack_plan(path: Path, folder: Path) -> None:
    """Put the files of a zip that has a plan into a folder, those beside the plan and below it."""
    entries = dict(entries_of_zip(read_bounded(path), path.name, LARGEST, lambda _: True, depth=1))
    plans = [PurePosixPath(name) for name in entries if PurePosixPath(name).name == PLAN_FILE]
    if not plans:
        raise PipecliError(
            f"{path} has no {PLAN_FILE}", hint=f"make one: pipecli import plan {quote(str(path))} --into DIR"
        )
    top = min(plans, key=lambda plan: len(plan.parts)).parent
    for name, content in entries.items():
        place = PurePosixPath(name)
        if place.is_relative_to(top) and ".." not in place.parts:
            (folder / place.relative_to(top)).parent.mkdir(parents=True, exist_ok=True)
            (folder / place.relative_to(top)).write_bytes(content)


def plan_here(
    files: Sequence[File],
    pipeline: Pipeline,
    source: str,
    vendor: str | None,
    answers: Mapping[str, Any] | None = None,
) -> Plan:
    """The plan for the files of an export, which knows the records here. Raises PipecliError."""

    def ids_here() -> set[str]:
        query = "SELECT external_id FROM _opportunities UNION SELECT external_id FROM _leads"
        return {external for (external,) in pipeline.index.connection.execute(query)}

    return make_plan(
        files, pipeline.settings, source=source, vendor=vendor, answers=answers, ids_here=ids_here
    )


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
            return plan_here(files, pipeline, source, vendor, answers)
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
        again = plan_here(files, pipeline, move.source, vendor, answers)
    except PipecliError as error:
        raise in_its_line(error, move) from None
    for name, page in again.pages.items():
        safe_files.write_file(move.folder, name, page.encode())
    return load_plan(move.folder)


def export_of(move: Move, given: Path | None) -> list[File]:
    """The files to bring in: those given, or those that the plan was made from."""
    source = given or (move.folder if move.source == "." else Path(move.source).expanduser())
    if not source.exists():
        raise PipecliError(
            f"{source} does not exist",
            hint=f"name the export: pipecli import run {quote(str(move.folder))} EXPORT",
            code="system",
        )
    return files_of(source)


Bar = Callable[[int], AbstractContextManager[Tick]]
"""Shows how many of so many rows are done."""


_LARGE = 1 << 20
"""Bytes of a file whose rows leave enough behind that looking for it pays."""


def run_plan(
    pipeline: Pipeline,
    move: Move,
    files: Sequence[File],
    bar: Bar,
    keep: Keep | None = None,
    given: Path | None = None,
) -> Moved:
    """Import all files of a plan in a copy: the writes that the pipeline needs, and the reconciliation.

    `given` is the folder of a later export.
    """
    moved = Moved()
    nouns = Counter(target.noun for step in move.steps if (target := target_named(step.kind)))
    earlier = EarlierFiles({noun for noun, files in nouns.items() if files > 1})
    with lock.temporary_folder("move") as folder:
        draft = DraftPipeline(pipeline, folder)
        moved.removed = _apply_settings(draft, move, moved)
        taken: set[str] = set()
        coming = _ids(move, files) if move.is_own else {}
        circle = Planner(draft)  # records of an export of ours name one another in circles
        for step in move.steps:
            file = _file_of(step, files, move.steps, taken)
            if file is None:
                moved.missing.append(step.file)
                continue
            taken.add(file.name)
            planner = circle
            if step.kind in ("users", "teams") or not move.is_own:
                planner = AddingPlanner(draft) if part_named(step.kind) else Planner(draft)
            done, source = _import(draft, move, step, file, planner, bar, keep, coming, earlier)
            earlier.refused |= _refused(done, source)
            if planner is not circle:
                draft.take(planner.writes())
            if not move.is_own and (compared := told_of(done, source)):
                moved.reconciliation.append(compared)
            moved.done.append((step, done.without_rows()))
            if len(file.content) > _LARGE:
                gc.collect()  # what refers to itself in a circle stays, while nothing is collected
        with bar(len(draft.held)) as tick:
            draft.take_held(tick)
        moved.gone = dict(not_in(moved.reconciliation, pipeline))
        for compared in moved.reconciliation:
            reconcile(compared, pipeline, draft)
        draft.take(circle.writes())
        new = [file.name for file in files if file.name not in taken]
        moved.new = [name for name in new if not move.is_own or target_named(name.removesuffix(".csv"))]
        moved.writes = draft.writes()
        if move.is_own:
            moved.writes += _files_beside(draft, given or move.folder)
        draft.close()
    return moved


def _refused(done: Import, source: Source) -> Iterator[tuple[tuple[str, str], str]]:
    """The rejected rows by noun and external id, each with its reason."""
    target, own = target_named(done.report["kind"]), source.mapping.external_id
    if target and own:
        for row, reason in done.outcome.rejected:
            yield (target.noun, text_of_row(own, row)), reason.text


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


def _import(
    pipeline: Pipeline,
    move: Move,
    step: Step,
    file: File,
    planner: Planner,
    bar: Bar,
    keep: Keep | None,
    coming: Mapping[str, Sequence[str]],
    earlier: EarlierFiles,
) -> tuple[Import, Source]:
    target = target_named(step.kind)
    if target is None:
        raise PipecliError(f'{move.folder / PLAN_FILE}: "{step.kind}" isn\'t a kind of record')
    path = move.folder / step.map
    if step.map and not path.is_file():
        raise PipecliError(f"{path} does not exist", hint=f"correct {move.folder / PLAN_FILE}", code="system")
    table, source = import_rows(file, File(str(path), path.read_bytes()) if step.map else None, target)
    if move.is_own:
        source.mapping = source.mapping.model_copy(update={"scale": "percent"})
    others = {noun: keys for noun, keys in coming.items() if noun != target.noun}
    with bar(len(table.rows)) as tick:
        return prepare_import(pipeline, target, table, source, planner, tick, keep, others, earlier), source


def _ids(move: Move, files: Sequence[File]) -> dict[str, list[str]]:
    """The ids in the files of an export of ours, by noun."""
    by_name = {file.name: file for file in files}
    ids: dict[str, list[str]] = {}
    for step in move.steps:
        target = target_named(step.kind)
        if isinstance(target, Collection) and step.file in by_name:
            table = read_table(by_name[step.file].content, step.file)
            ids[target.noun] = [str(row.cells.get(target.identity, "")) for row in table.rows]
    return ids


_OF_A_MOVE = ("processes", *WORDS)
"""The settings without which the records of an export of ours aren't valid; its users are a file."""


def _apply_settings(draft: DraftPipeline, move: Move, moved: Moved) -> list[str]:
    """Add what the proposed settings have and the pipeline doesn't; what is there stays as it is.

    What an import brought once and people removed since isn't brought again; its names are given back.
    Those of an export of ours stand whole where there are no records yet.
    """
    path = move.folder / SETTINGS_PAGE
    if not path.is_file():
        return []
    text = yamltext.decode(path.read_bytes(), str(path))
    proposed = yamltext.parse(text, str(path)) if _has_content(text) else {}
    if move.is_own:
        if proposed.keys() - _OF_A_MOVE and rows_for_verbs.count_records(draft.index.connection) == 1:
            validate(Settings, proposed, str(path), text)
            moved.whole_settings = True
            draft.take([Write(SETTINGS_FILE, draft.raw(SETTINGS_FILE), text.encode())])
            return []
        proposed = {key: value for key, value in proposed.items() if key in _OF_A_MOVE}
    before = draft.settings
    imports = imports_at(draft.location).plain_versions([SETTINGS_FILE])
    brought = [after for _, versions in imports for _, after in versions]
    proposed, removed = _without_removed(proposed, before.plain(), brought)
    deals = rows_for_verbs.known_elsewhere(draft.index.connection, OPPORTUNITY.table)
    after = merged_settings(before, proposed, str(path), text, is_new=not deals)
    if after.plain() != before.plain():
        draft.take(plan_writes(draft, [Change(after, "move in", "imported")]))
    return removed


def _without_removed(proposed: Any, present: Any, brought: Sequence[Any]) -> tuple[Any, list[str]]:
    """Proposed settings without what is in some that were `brought` and isn't `present`; its names."""
    removed: list[str] = []
    if isinstance(proposed, dict):
        kept = {}
        for key, value in proposed.items():
            inner = [part[key] for part in brought if isinstance(part, dict) and key in part]
            if inner and key not in present:
                removed.append(str(key))
                continue
            kept[key], more = _without_removed(value, present.get(key, {}), inner)
            removed += more
        return kept, removed
    if not isinstance(proposed, list):
        return proposed, []
    names = {_name(part) for part in present or ()}
    gone = {_name(part) for list_ in brought for part in list_ or ()} - names
    kept_parts = [part for part in proposed if _name(part) not in gone]
    return kept_parts, [_name(part) for part in proposed if _name(part) in gone]


def _name(part: Any) -> str:
    return str(part.get("id") if isinstance(part, dict) else part)


def _has_content(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def merged_settings(
    settings: Settings, proposed: Mapping[str, Any], file: str, text: str, *, is_new: bool
) -> Settings:
    """The settings with the users, stages and words that a move proposes and that they lack.

    In a pipeline that is new (`is_new`), the process of the move is the one for new deals.
    """
    if unknown := proposed.keys() - {"users", "teams", "sources", *_OF_A_MOVE}:
        raise PipecliError(f"{file}: a move proposes no {', '.join(sorted(unknown))}", hint="set it by hand")
    users = dict(settings.users)
    names = {name_key(user.name) for user in users.values()}
    addresses = {user.email.lower() for user in users.values() if user.email}
    for slug, plain in (proposed.get("users") or {}).items():
        user = validate(User, plain, file, text)
        if (
            slug not in users
            and name_key(user.name) not in names
            and (user.email or "").lower() not in addresses
        ):
            users[slug] = user
    processes = dict(settings.processes)
    for slug, plain in (proposed.get("processes") or {}).items():
        own = validate(Process, plain, file, text)
        present = processes.get(slug)
        if present is None:
            processes = {slug: own, **processes} if is_new else {**processes, slug: own}
            continue
        processes[slug] = present.with_(stages=_with_missing(present.stages, own.stages))
    changes: dict[str, Any] = {"users": users, "processes": processes}
    for key in WORDS:
        present_words = getattr(settings, key)
        words = tuple(str(word) for word in proposed.get(key) or ())
        if present_words:  # an empty list takes any word
            changes[key] = (*present_words, *(word for word in words if word not in present_words))
    return settings.with_(**changes)


def _with_missing(present: Sequence[Stage], own: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages with those added that they lack, each before the first that is likelier."""
    stages = list(present)
    ids = {stage.id for stage in stages}
    for stage in own:
        if stage.id not in ids:
            place = next(
                (n for n, other in enumerate(stages) if other.probability > stage.probability), len(stages)
            )
            stages.insert(place, stage)
    return tuple(stages)
