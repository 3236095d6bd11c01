"""The files of a plan: written from the findings about an export, and read again with the answers.

The settings among them are added to those that are here, which stay as they are.
"""

from __future__ import annotations

import json
import os
import re
from binascii import crc32
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.harmless_text import one_line
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.earlier_imports import imports_at
from pipecli.inbox.importing.import_files import LARGEST, entries_of_zip, read_bounded
from pipecli.inbox.importing.mapping import in_flow
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving import PLAN_FILE
from pipecli.inbox.moving.findings import Findings
from pipecli.inbox.moving.vocabulary import is_yes, patterns
from pipecli.records.compare_names import folded, name_key
from pipecli.records.kinds import OPPORTUNITY, SETTINGS_FILE
from pipecli.records.settings import Process, Settings, Stage, User
from pipecli.store.index import rows_for_verbs
from pipecli.store.location import Location
from pipecli.store.plan_writes import DraftPipeline, Write, plan_writes
from pipecli.store.safe_files import is_below, read_note, write_file
from pipecli.store.validate_record import validate
from pipecli.store.yaml import read as yamltext
from pipecli.store.yaml.write import scalar_text
from pipecli.wording import first_of
from pipecli.workflow import Change

if TYPE_CHECKING:
    from pipecli.inbox.moving.plan import Plan

SETTINGS_PAGE = "settings.yaml"
WORDS = ("lost_reasons", "disqualify_reasons", "opportunity_types")
"""The lists of the settings to which a move adds."""


def staying_out(
    table: Table, mapping: Mapping[str, Any], lost: Container[str], elsewhere: Container[str]
) -> tuple[list[str], list[str]]:
    """Each column with cells that a mapping leaves out, and their number; and those that others say again.

    Those `elsewhere` come with another kind of record, of which the table tells, too.
    A column is left out as a whole, or for the rows that fulfil none of the conditions of its entries.
    """
    said = str([mapping["external_id"], mapping["record"], mapping["templates"]])
    out, again = list[str](), list[str]()
    for column in (column for column in table.columns if column not in elsewhere):
        cells, entries = texts(table, column), mapping["columns"].get(column)
        if column in lost or (entries is None and column in mapping["ignore"]):
            (out if column in lost else again).extend([f"{column} ({cells.total():,})"] if cells else [])
        elif entries and all(entry.get("when") for entry in entries) and f"{{{column}}}" not in said:
            own = (row for row in table.rows if row.text(column) in cells)
            left = sum(not any(holds(entry["when"], row) for entry in entries) for row in own)
            out += [f"{column} ({left:,} of {cells.total():,})"] if left else []
    return out, again


def note_unknown_words(table: Table, columns: Mapping[str, Any], findings: Findings) -> None:
    """Say which statuses and types no word of a mapping tells of, and as what they come: draft, task."""
    for column, entry in ((column, entries[0]) for column, entries in columns.items()):
        other, values = entry.get("otherwise"), entry.get("values", {})
        words = [word for word in texts(table, column) if word not in values]
        if entry.get("to") == "done":
            own = [word for word in values if values[word] is True and is_yes(word) is None]
            words, other = [word for word in own if not re.search(patterns()["done"], folded(word))], "done"
        other = other if entry.get("to") in ("status", "type", "done") else None
        words = [word for word in words if folded(word) != other]
        if other and words:
            rest = f"not known what that means; it comes as {other}"
            findings.assumed.append(f"{table.name}, {column}: {first_of(words, 5)}: {rest}")


def filled(table: Table, column: str) -> str:
    """`306 of 310 have one`, for the comment beside a column."""
    return f"{sum(texts(table, column).values()):,} of {len(table.rows):,}"


class Step(NamedTuple):
    """One file of the export, the kind of its rows, and its mapping."""

    kind: str
    file: str
    map: str
    columns: tuple[str, ...]
    """The columns by which tomorrow's file is recognised when it is called otherwise."""


def source_of(export: Path, folder: Path) -> str:
    """How a plan names its export: from its folder, so that both are found wherever one stands."""
    if export.is_absolute():
        return str(export)
    return _path_from(folder.resolve(), export.parent.resolve() / export.name)


def _path_from(start: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive of Windows
        return str(path)


def settings_page(findings: Findings) -> str:
    """The settings that a move proposes: what is there already is left as it is."""
    lines = ["# Proposed settings: `import run` adds what is missing, and changes nothing that is there."]
    if findings.users:
        lines.append("users:")
        lines += [f"  {slug}: {in_flow(user)}" for slug, user in findings.users.items()]
    lines += ["processes:"] if findings.processes else []
    for process, stages in findings.processes.items():
        lines += [f"  {process}:", "    stages:"]
        if not stages:
            lines.append("    - {id: open, name: Open, probability: 50}  # no open deal names a stage")
        for stage in stages.values():
            plain = {key: value for key, value in stage.items() if key != "#"}
            lines.append(f"    - {in_flow(plain)}  # {one_line(str(stage['#']))}")
    lists = (findings.lost_reasons, [*findings.disqualify_reasons], findings.types)
    for key, words in zip(WORDS, lists, strict=True):
        if words:
            lines.append(f"{key}: {in_flow(words)}")
    if findings.currencies:
        told = ", ".join(f"{currency} {rows:,}" for currency, rows in findings.currencies.most_common())
        lines.append(f"# currencies, by rows: {told}")
    return "\n".join(lines) + "\n"


def plan_page(plan: Plan) -> str:
    """`plan.yaml`: the files in their order, the questions with room for an answer, and answers given.

    And the sums of the other pages, by which a run with answers knows those that a person has changed.
    """
    questions, answers = plan.findings.questions.values(), plan.findings.answers
    lines = [
        "# A move: `pipecli import run` on this folder brings the files below in, in this order.",
        f"vendor: {plan.vendor or 'unknown'}",
        f"source: {scalar_text(plan.source)}",
    ]
    if questions:
        lines += ["# Each needs an answer before it runs. Mappings are then written anew: change them after.",
                  "questions:"]  # fmt: skip
    for question in questions:
        text = scalar_text(one_line(question.question))
        lines += [f"- about: {scalar_text(question.about)}", f"  question: {text}"]
        if question.one_of:
            lines.append(f"  one_of: {in_flow(question.one_of)}")
        lines.append("  answer:")
    if answers:
        lines.append(f"answers: {in_flow(dict(answers))}")
    lines.append("files:")
    for step in plan.steps:
        lines += [f"- kind: {step.kind}", f"  file: {scalar_text(step.file)}"]
        lines += [f"  map: {scalar_text(step.map)}", f"  columns: {in_flow(step.columns)}"]
    sums = {name: _sum(page.encode()) for name, page in plan.pages.items() if name != PLAN_FILE}
    lines += ["# Their sums as they were written: a run writes over none that was changed since."]
    return "\n".join([*lines, f"written: {in_flow(sums)}"]) + "\n"


def _sum(page: bytes) -> str:
    return f"{crc32(page):08x}"


class Move(NamedTuple):
    """A plan as it stands in its folder."""

    folder: Path
    vendor: str
    source: str
    """The export, from the plan's folder."""
    steps: list[Step]
    answers: dict[str, Any]
    """Those given in an earlier run, by what they are about."""
    pending: dict[str, Any]
    """Those that no mapping has yet."""
    written: dict[str, str]
    """The sum of each mapping and of the settings, as they were written."""

    def renewed(self, pages: Mapping[str, str]) -> dict[str, str]:
        """The pages that the answers make another. Raises PipecliError for one that a person has changed."""
        new = {name: page for name, page in pages.items() if _sum(page.encode()) != self.written.get(name)}
        maps = {SETTINGS_PAGE, *(step.map for step in self.steps)}
        for name, known in self.written.items():
            path = self.folder / name
            own = (known, _sum(new.get(name, "").encode()))  # the second: by a run that was killed here
            is_changed = name in new and path.is_file() and _sum(path.read_bytes()) not in own
            if is_changed or (name in pages and name not in maps):
                export, folder = quote(str(self.export)), quote(str(self.folder))
                again = f"pipecli import plan {export} --into {folder} --force"
                file = path if is_changed else self.folder / PLAN_FILE
                raise PipecliError(
                    f"{file} was changed, and the answers would write it anew",
                    hint=f"keep it elsewhere, make the plan with the answers, and change that: {again}",
                )
        return new

    @property
    def export(self) -> Path:
        """The export that the plan was made from, as it is named here."""
        source = Path(self.source).expanduser()
        if source.is_absolute():
            return source
        return Path(_path_from(Path.cwd(), self.folder.resolve() / source))

    @property
    def is_own(self) -> bool:
        """True for an export of ours, whose columns are fields and whose ids are kept."""
        return self.vendor == "pipecli"


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


_SOURCES = "sources-of-plans.json"
"""In the cache, by the folder of a plan, the export that a person named for it in this clone."""


def note_source(location: Location, folder: Path, export: Path) -> None:
    """Note that a person named the export of a plan in this clone: later runs needn't be told it."""
    with suppress(OSError):  # then it is asked for again
        location.cache.mkdir(parents=True, exist_ok=True)
        known = _sources_known(location) | {os.path.realpath(folder): os.path.realpath(export)}
        write_file(location.cache, _SOURCES, json.dumps(known).encode())


def require_known_source(location: Location, move: Move) -> None:
    """Refuse an export outside that only the plan names, which may have come with a clone or a zip."""
    folder, source = os.path.realpath(move.folder), os.path.realpath(move.export)
    if is_below(source, folder) or _sources_known(location).get(folder) == source:
        return
    if not is_below(source, str(location.root)) or is_below(source, str(location.git_dir)):
        file, export = move.folder / PLAN_FILE, quote(str(move.export))
        raise PipecliError(
            f"{file} names an export outside that nobody has named in this clone: {move.export}",
            hint=f"if that is to be read: pipecli import run {quote(str(move.folder))} {export}",
        )


def _sources_known(location: Location) -> dict[str, object]:
    with suppress(OSError, ValueError):
        return dict[str, object](read_note(location.cache / _SOURCES, dict))
    return {}


def load_plan(folder: Path) -> Move:
    """The plan in a folder. Raises FaultyFile while a question has no answer."""
    path = folder / PLAN_FILE
    if not path.is_file():
        raise PipecliError(
            f"{folder} has no {PLAN_FILE}",
            hint="make one: pipecli import plan EXPORT --into DIR",
            code="system",
        )
    text, plain = _read(path)
    faults: list[Fault] = []
    pending: dict[str, Any] = {}
    try:
        for number, question in enumerate(plain.get("questions") or ()):
            answer, one_of = question.get("answer"), question.get("one_of")
            if answer is None or (one_of and str(answer) not in one_of):
                wanted = " or ".join(one_of) if one_of else "it"
                wrong = "" if answer is None else f', not "{answer}"'
                fault = f"{question['question']} Write {wanted} after `answer:` in this line{wrong}"
                faults.append(_fault_of_answer(path, text, number, fault))
            else:
                pending[str(question["about"])] = answer
        answers: dict[str, Any] = {**(plain.get("answers") or {})}
        written = {name: str(sum_) for name, sum_ in (plain.get("written") or {}).items()}
        steps = [
            Step(
                str(step["kind"]),
                str(step["file"]),
                str(step.get("map") or ""),
                tuple(step.get("columns") or ()),
            )
            for step in plain["files"]
        ]
    except (AttributeError, KeyError, TypeError):
        lacking = (
            "each of `files` needs kind, file and map, each of `questions` about and question, "
            "and `answers` names what each is about"
        )
        raise PipecliError(f"{path}: {lacking}") from None
    if faults:
        raise FaultyFile(faults)
    for step in steps:
        if step.map and Path(step.map).name != step.map:
            raise PipecliError(f"{path}: {step.map} leads out of {folder}")
    vendor, source = str(plain.get("vendor", "")), str(plain.get("source", ""))
    return Move(folder, "" if vendor == "unknown" else vendor, source, steps, answers, pending, written)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a plan, and what it says."""
    text = yamltext.decode(path.read_bytes(), str(path))
    return text, yamltext.parse(text, str(path))


def _fault_of_answer(path: Path, text: str, number: int, message: str) -> Fault:
    line, column = yamltext.locate(text, ["questions", number, "answer"])
    return Fault(str(path), line, column, "move", message)


def in_its_line(error: PipecliError, move: Move) -> PipecliError:
    """A wrong answer with its place in the plan; any other error as it is."""
    about, path = str(error).partition(":")[0], move.folder / PLAN_FILE
    text, plain = _read(path)
    for number, question in enumerate(plain.get("questions") or ()):
        if question.get("about") == about:
            return FaultyFile([_fault_of_answer(path, text, number, str(error))])
    return error


_OF_A_MOVE = ("processes", *WORDS)
"""The settings without which the records of an export of ours aren't valid; its users are a file."""


def apply_settings(draft: DraftPipeline, move: Move) -> tuple[list[str], bool]:
    """Add what the proposed settings have and the pipeline doesn't; what is there stays as it is.

    What an import brought once and people removed since isn't brought again; its names are given back. Those
    of an export of ours stand whole where there are no records yet: then it gives True, too.
    """
    path = move.folder / SETTINGS_PAGE
    if not path.is_file():
        return [], False
    text = yamltext.decode(path.read_bytes(), str(path))
    has_content = any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
    proposed = yamltext.parse(text, str(path)) if has_content else {}
    if move.is_own:
        if proposed.keys() - _OF_A_MOVE and rows_for_verbs.count_records(draft.index.connection) == 1:
            validate(Settings, proposed, str(path), text)
            draft.take([Write(SETTINGS_FILE, draft.raw(SETTINGS_FILE), text.encode())])
            return [], True
        proposed = {key: value for key, value in proposed.items() if key in _OF_A_MOVE}
    for key in ("users", *_OF_A_MOVE):
        if proposed.get(key) is not None and not isinstance(proposed[key], list if key in WORDS else dict):
            wrong = f"{key}: must be {'a list' if key in WORDS else 'a map of keys'}"
            raise FaultyFile([Fault(str(path), *yamltext.locate(text, [key]), "move", wrong)])
    before = draft.settings
    imports = imports_at(draft.location)
    versions = [told for _, several in imports.plain_versions([SETTINGS_FILE]) for told in several]
    proposed, removed = _without_removed(proposed, before.plain(), [after for _, after in versions])
    deals = rows_for_verbs.known_elsewhere(draft.index.connection, OPPORTUNITY.table)
    after = merged_settings(before, proposed, str(path), text, is_new=not deals)
    if after.plain() != before.plain():
        draft.take(plan_writes(draft, [Change(after, "move in", "imported")]))
    return [name for name in removed if not imports.renamed.have(name)], False


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


def merged_settings(
    settings: Settings, proposed: Mapping[str, Any], file: str, text: str, *, is_new: bool
) -> Settings:
    """The settings with the users, stages and words that a move proposes and that they lack.

    In a pipeline that is new (`is_new`), the process of the move is the one for new deals.
    """
    if unknown := proposed.keys() - {"users", *_OF_A_MOVE}:
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
