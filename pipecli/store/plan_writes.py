"""The files that a change comes to: texts of new records, edits of those there are, their rows for the index.

They are written in `store/write_and_commit.py`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.json_and_csv import loads
from pipecli.records import base
from pipecli.records.base import Document
from pipecli.records.kinds import BY_NOUN, PRODUCT, SETTINGS, SETTINGS_FILE, SLUG, closed_in_lists, kind_of
from pipecli.records.references import References, references
from pipecli.store import ids_and_files, safe_files
from pipecli.store.index import tables
from pipecli.store.index.index import Rows, rows_of
from pipecli.store.index.views_and_functions import marks, register_sql_functions
from pipecli.store.pipeline import Pipeline
from pipecli.store.second_process import SecondProcess, parts
from pipecli.store.validate_record import parse_record, validate
from pipecli.store.yaml import edit, read
from pipecli.store.yaml.write import EditError, Unwritable, emit, is_read_as_it_is

if TYPE_CHECKING:
    from pipecli.records.base import Plain, Record
    from pipecli.workflow import Change


class Write(NamedTuple):
    """One file as it was and as it shall be; `before` None: it is new, `after` None: it goes."""

    file: str
    before: bytes | None
    after: bytes | None
    rows: Callable[[], Rows] | None = None
    """Gives what the index gets of `after`, and of the files that were planned with it; None: it is read."""


def plan_writes(pipeline: Pipeline, changes: Sequence[Change]) -> list[Write]:
    """The files that changes come to, each validated as if it had been read from disk.

    Raises FaultyFile when a record would not be valid, PipecliError when one names what doesn't exist.
    """
    removed = {(record.noun, record.key) for change in changes for record in change.removed}
    planner = Planner(pipeline, removed)
    records = {(record.noun, record.key): record for change in changes for record in change.records}
    for name, record in records.items():
        if name not in removed:
            planner.take(record)
    writes = planner.writes()
    for noun, key in removed:
        file = pipeline.file_of(noun, key)
        if file is not None:
            writes.append(Write(file, pipeline.raw(file), None))
    return writes


_BLOCK = 4000
"""Records; of so many the texts and rows are made at once, by a second process while more records come."""


class Planner:
    """Makes the writes of one change from its records, and keeps of thousands the texts alone."""

    def __init__(self, pipeline: Pipeline, removed: Collection[tuple[str, str]] = ()) -> None:
        self._pipeline, self._removed = pipeline, removed
        self._references: dict[tuple[str, str], tuple[str, str]] = {}
        self._in_settings: set[tuple[str, str]] = set()
        self._product_files: set[str] = set()
        self._waiting: list[_Planned] = []
        self._begun: tuple[list[_Planned], SecondProcess] | None = None
        self._writes: dict[tuple[str, str], Write | None] = {}

    def take(self, record: Record, *, is_new: bool = False, names: References | None = None) -> None:
        """Plan to write a record, of two of one name the later; `is_new` and its `names` where known."""
        file = None if is_new else self._pipeline.file_of(record.noun, record.key)
        self._waiting.append(_Planned(record, file, None if file else self._new_file(record)))
        if record.noun == SETTINGS.noun:
            self._in_settings.update(record_names(record))
        note_references(self._references, record, names)
        if len(self._waiting) == _BLOCK:
            self._finish_block()
            block, self._waiting = self._waiting, []
            list(_block(self._pipeline, block[:1]))  # has what it needs made once, not by each process
            self._begun = block, SecondProcess(lambda: _block(self._pipeline, block))

    def writes(self) -> list[Write]:
        """The writes of all records, but where the file says it already. Raises as `plan_writes` does."""
        self._finish_block()
        block, self._waiting = self._waiting, []
        plans, *rows = _block(self._pipeline, block)
        self._note(block, plans, rows.__getitem__)
        written = ChainMap(self._writes, dict.fromkeys(self._in_settings))
        require_known(self._pipeline, self._references, written, self._removed)
        return [write for write in self._writes.values() if write]

    def _finish_block(self) -> None:
        if self._begun:
            block, apart = self._begun
            self._begun = None
            self._note(block, apart.part(0), lambda place: apart.part(1 + place))

    def _note(
        self, block: Sequence[_Planned], plans: Sequence[_Plan | None], rows_at: Callable[[int], Rows]
    ) -> None:
        """Note the writes of a block; `rows_at` gives the rows of its first folder, of its second, …"""
        folders = sorted({_folder(plan[0]) for plan in plans if plan})
        rows = {folder: partial(rows_at, place) for place, folder in enumerate(folders)}
        for planned, plan in zip(block, plans, strict=True):
            write = Write(*plan, rows[_folder(plan[0])]) if plan else None
            self._writes[planned.record.noun, planned.record.key] = write

    def _new_file(self, record: Record) -> str:
        """The file of a new record; that of a product whose slug another has is numbered: AB.77 and AB-77."""
        file = first = ids_and_files.file_name(record)
        number = 2
        while record.noun == PRODUCT.noun and (
            file in self._product_files
            or (not re.fullmatch(SLUG, record.key) and self._pipeline.has_file(file))
        ):
            file = f"{first.removesuffix('.yaml')}-{number}.yaml"
            number += 1
        if self._pipeline.has_file(file):
            raise PipecliError(f"{file} exists already", hint="choose another name, or edit that record")
        if record.noun == PRODUCT.noun:
            self._product_files.add(file)
        return file


class _Planned(NamedTuple):
    record: Record
    file: str | None
    """None for a new one."""
    new_file: str | None
    """The file of a new one: named in this process, as each second one would load what names need anew."""


_Plan = tuple[str, bytes | None, bytes]
"""A file, its content before and after."""


def _block(pipeline: Pipeline, block: Sequence[_Planned]) -> Iterator[Any]:
    """What some records come to, None for each whose file says it already; then the rows by folder.

    Those of a folder from all blocks go into the index together: they are neighbours there.
    """
    # Step by step for all of them, as the index does it.
    plains = [planned.record.plain() for planned in block]
    texts = [_text(pipeline, planned, plain) for planned, plain in zip(block, plains, strict=True)]
    plans = [
        None if text is None else _as_read(planned.record, plain, *text)
        for planned, plain, text in zip(block, plains, texts, strict=True)
    ]
    yield [plan and plan[0] for plan in plans]
    yield from _by_folder(rows_of([(plan[0][0], plan[1]) for plan in plans if plan]))


def _by_folder(rows: Rows) -> Iterator[Rows]:
    """Rows, those of each folder apart; to make them apart would take longer than to part them."""
    shapes, by_table = rows
    by_folder: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for table, all_ in by_table.items():
        for row in all_:
            folder = "" if table in tables.OF_SETTINGS else _folder(str(row[1][0]))
            by_folder[folder][table].append(row)
    for folder in sorted(by_folder):
        yield shapes, dict(by_folder[folder])


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def record_names(record: Record) -> Iterator[tuple[str, str]]:
    """The name of a record; of the settings also those of users, teams, processes and stages."""
    yield record.noun, record.key
    if record.noun == "settings":
        from pipecli.records.settings import Settings

        assert isinstance(record, Settings)
        yield from record.names()


def _text(pipeline: Pipeline, planned: _Planned, plain: Plain) -> tuple[str, bytes | None, str] | None:
    """The file of a record, its content before, and its text; None where it says that already."""
    record, file = planned.record, planned.file
    try:
        if file is not None and not pipeline.is_unwritten(file):
            return _edited(pipeline, record, file, plain)
        name = file or planned.new_file or ""
        return name, None, emit(plain, _schema(record, name))
    except Unwritable as error:
        raise PipecliError(f"{record.key}: {error}") from None


PRICES = frozenset(("amount", "unit_price", "discount_amount", "cost", "price"))
"""The fields that are called so hold money, in whatever record."""


def _as_read(record: Record, plain: Plain, file: str, raw: bytes | None, text: str) -> tuple[_Plan, Record]:
    """The plan of a text, and the record that is read from it."""
    if len(content := text.encode()) > safe_files.LARGEST:
        size = f"{len(content):,} bytes"
        raise PipecliError(f"{record.key} would take {size}, and a record has {safe_files.LARGEST:,} at most")
    if raw is not None or not is_read_as_it_is(plain, PRICES):
        record = parse_record(kind_of(file) or SETTINGS, file, text)
    return (file, raw, content), record


def _schema(record: Record, file: str) -> str:
    """The path from a record's file to the schema of its kind."""
    return "../" * file.count("/") + f"schemas/{record.noun}.schema.json"


def _edited(pipeline: Pipeline, record: Record, file: str, after: Plain) -> tuple[str, bytes, str] | None:
    raw = pipeline.raw(file)
    text = read.decode(raw, file)
    before = parse_record(kind_of(file) or SETTINGS, file, text).plain()
    if before == after:
        return None
    if before.get("closed") != after.get("closed"):
        text = _in_todays_keys(text, file, record)
    schema = _schema(record, file)
    if file != SETTINGS_FILE and text == emit(before, schema):  # nothing by hand to keep: a tenth of the time
        edited = emit(after, schema)
    else:
        try:
            edited = edit.edit(text, before, after, _key_order(record))
        except EditError as error:
            raise PipecliError(f"{file}: {error.message}", hint=error.hint) from None
    return file, raw, edited


def _in_todays_keys(text: str, file: str, record: Record) -> str:
    """The text of a deal with the lists that its `closed` section had as single values before 1.0."""
    plain = read.parse(text, file)
    closed = plain.get("closed")
    if not isinstance(closed, dict) or (todays := closed_in_lists(closed)) == closed:
        return text
    return edit.edit(text, plain, {**plain, "closed": todays}, _key_order(record))


def _key_order(record: Record) -> Callable[[Sequence[str | int]], Sequence[str]]:
    """The model's order of the keys of the map at a path, so that a new key lands where it belongs."""
    return lambda path: base.keys_at(type(record), path)


def check_references(
    pipeline: Pipeline,
    records: Sequence[Record],
    written: Collection[tuple[str, str]] = (),
    removed: Collection[tuple[str, str]] = (),
) -> None:
    """Refuse records that name what doesn't exist once all is written. Raises PipecliError."""
    named: dict[tuple[str, str], tuple[str, str]] = {}
    for record in records:
        note_references(named, record)
    require_known(pipeline, named, written, removed)


def note_references(
    named: dict[tuple[str, str], tuple[str, str]], record: Record, names: References | None = None
) -> None:
    """Note, by noun and key, what a record names; for each the first record and field that names it.

    Names in settings are left to `check`: a team may be written before its manager.
    """
    if record.noun != "settings":
        for field, noun, key in references(record) if names is None else names:
            if (noun, key) not in named:
                named[noun, key] = record.key, field


def require_known(
    pipeline: Pipeline,
    named: Mapping[tuple[str, str], tuple[str, str]],
    written: Collection[tuple[str, str]],
    removed: Collection[tuple[str, str]],
) -> None:
    """Refuse a record that names what doesn't exist once all is written. Raises PipecliError."""
    for (noun, key), (record, field) in named.items():
        nouns = ("user", "team") if noun == "principal" else (noun,)
        if any((noun, key) in written for noun in (noun, *nouns)):
            continue
        if (noun, key) in removed or not _is_known(pipeline, nouns, key):
            what = "user or team" if noun == "principal" else noun
            missing = f"{record}: {field}: unknown {what} {key}"
            raise PipecliError(missing, hint=_way_out(noun), code="not-found")


def _is_known(pipeline: Pipeline, nouns: Sequence[str], key: str) -> bool:
    rows = pipeline.query(
        f"SELECT 1 FROM _names WHERE noun IN ({marks(nouns)}) AND key = ?",
        (*nouns, key),
    )
    return rows.fetchone() is not None or any((noun, key) in pipeline.left_out for noun in nouns)


def _way_out(noun: str) -> str:
    return {
        "user": "see `pipecli user list`, or add one with `pipecli user add`",
        "principal": "see `pipecli user list` and `pipecli team list`",
        "stage": "see the processes in pipecli.yaml",
        "process": "see the processes in pipecli.yaml",
    }.get(noun, f"see `pipecli {noun} list`")


def index_rows(writes: Sequence[Write]) -> Iterator[Rows]:
    """The rows of the index for the records that are written, a folder of them after the other."""
    planned: dict[Callable[[], Rows], set[str]] = {}
    unread: list[tuple[str, Record]] = []
    for write in writes:
        if write.after is not None and write.rows is not None:
            planned.setdefault(write.rows, set()).add(write.file)
        elif write.after is not None:
            text = read.decode(write.after, write.file)
            unread.append((write.file, parse_record(kind_of(write.file) or SETTINGS, write.file, text)))
    if unread:
        yield rows_of(unread)
    for rows, own in sorted(planned.items(), key=lambda planned: min(planned[1])):
        yield _rows_of_files(rows(), own)


def _rows_of_files(rows: Rows, own: Collection[str]) -> Rows:
    """Those of some files among the rows of more."""
    return rows[0], {
        table: [row for row in all_ if row[1][0] in own or table in tables.OF_SETTINGS]
        for table, all_ in rows[1].items()
        if table not in tables.OF_SETTINGS or SETTINGS_FILE in own
    }


class DraftPipeline(Pipeline):
    """A pipeline with changes that are in memory, and in an index of its own."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        super().__init__(pipeline.location, pipeline.now)
        pipeline.require_all_readable()
        self.taken: dict[str, Write] = {}
        """By file; what each was before is what is on disk."""
        self.held: dict[tuple[str, str], None] = {}
        self.__dict__["index"] = pipeline.index.copy(folder / "index.sqlite")
        register_sql_functions(self.index.connection, self)

    def raw(self, file: str) -> bytes:
        write = self.taken.get(file)
        return super().raw(file) if write is None or write.after is None else write.after

    def text(self, file: str) -> str:
        return read.decode(self.raw(file), file) if file in self.taken else super().text(file)

    def has_file(self, file: str) -> bool:
        return file in self.taken or super().has_file(file)

    def is_unwritten(self, file: str) -> bool:
        return file in self.taken and self.taken[file].before is None

    def take(self, writes: Sequence[Write]) -> None:
        """Take writes, as if they were done."""
        known = {write.file for write in writes if write.before is not None or write.file in self.taken}
        self.index.insert(known, index_rows(writes))
        for write in writes:
            earlier = self.taken.get(write.file)
            self.taken[write.file] = write._replace(before=earlier.before) if earlier else write
        for name in ("settings", "settings_as_written", "rates"):
            self.__dict__.pop(name, None)

    def hold(self, records: Sequence[Record]) -> None:
        """Take what is added to records that are here; their files are made once, when all is added."""
        self.index.replace_json([(record.plain_json(), record.noun, record.key) for record in records])
        self.held |= dict.fromkeys((record.noun, record.key) for record in records)

    def take_held(self, tick: Callable[[int], object]) -> None:
        """Make the files of the records that something was added to."""
        planner = Planner(self)
        for block in parts([*self.held]):
            for noun, key in block:
                planner.take(validate(BY_NOUN[noun].model, loads(self.json_of(noun, key))))
            tick(2 * len(block))
        self.held = {}
        self.take(planner.writes())

    def writes(self) -> list[Write]:
        """All that is changed, beside what is on disk."""
        return [write for _, write in sorted(self.taken.items()) if write.before != write.after]


class AddingPlanner(Planner):
    """Has the draft hold the records that lines and activities are added to, and plans the others."""

    def __init__(self, draft: DraftPipeline) -> None:
        super().__init__(draft)
        self._draft = draft
        self._added: list[Record] = []

    def take(self, record: Record, *, is_new: bool = False, names: References | None = None) -> None:
        if not isinstance(record, Document):
            super().take(record, is_new=is_new, names=names)
            return
        self._added.append(record)
        if len(self._added) == _BLOCK:
            self._draft.hold(self._added)
            self._added.clear()

    def writes(self) -> list[Write]:
        self._draft.hold(self._added)
        return super().writes()


def diff_of_writes(writes: Sequence[Write]) -> str:
    """The changes of the writes as `git diff` shows them."""
    parts: list[str] = []
    for file, before, after, *_ in writes:
        old, new = ((content or b"").decode("utf-8", "replace") for content in (before, after))
        parts += difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            "/dev/null" if before is None else f"a/{file}",
            "/dev/null" if after is None else f"b/{file}",
        )
    return "".join(part if part.endswith("\n") else f"{part}{os.linesep}" for part in parts)
