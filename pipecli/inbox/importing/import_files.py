"""The files of an import, and one import: from its file to the records to plan, which the caller writes.

An export is one file, a folder, or a zip, whose sizes are bounded and whose paths lead nowhere: nothing is
unpacked to disk.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.inbox.importing.bindings import ORDINAL
from pipecli.inbox.importing.compile_mapping import compile_bindings
from pipecli.inbox.importing.earlier_imports import Keep, OtherFiles
from pipecli.inbox.importing.import_report import Import, ImportOutcome, Lines, report_json
from pipecli.inbox.importing.mapping import RowKind, Source
from pipecli.inbox.importing.match_record import number_alike_rows
from pipecli.inbox.importing.named_records_and_contacts import Nameable
from pipecli.inbox.importing.parts_of_records import Moves, parents_of
from pipecli.inbox.importing.rows_of_file import is_archive, is_vcard, rows_of_file
from pipecli.inbox.importing.rows_to_records import RecordMaker, Tick
from pipecli.inbox.importing.table import Row, Table, fill_down
from pipecli.records.base import Record
from pipecli.records.settings import Settings, Team, User
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Planner


class File(NamedTuple):
    name: str
    source: bytes | Path
    """Its content, or its place: those of a whole export would all stay in memory."""

    @property
    def content(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else read_bounded(self.source)


def import_rows(rows: File, mapping: File | None, row_kind: RowKind) -> tuple[Table, Source]:
    """The rows of a file, and their mapping; without `mapping` by the columns' names. Raises PipecliError."""
    source = Source.read(mapping.name, mapping.content) if mapping else None
    content = rows.content
    table = rows_of_file(content, rows.name, source.mapping.file_format if source else None)
    if source is None:
        source = Source.of_columns(table, row_kind.kinds[0], row_kind.inside)
        if is_vcard(content):  # its ORG is all that it says of an employer
            source.mapping = source.mapping.model_copy(update={"make": ("customer",)})
    return as_mapped(table, source), source


def as_mapped(table: Table, source: Source) -> Table:
    """A table with the cells that its mapping fills, and the ordinals that it counts."""
    for column in source.mapping.fill:
        fill_down(table.rows, column)
    if f"{{{ORDINAL}}}" in (source.mapping.external_id or "") and ORDINAL not in table.columns:
        table = _with_ordinals(table, source.mapping.external_id or "")
    return table


def _with_ordinals(table: Table, template: str) -> Table:
    """A table with the place of each row among those alike, in the order of the file."""
    columns = re.findall(r"\{([^{}]+)\}", template)
    seen = Counter[tuple[str, ...]]()
    for row in table.rows:
        key = tuple(row.text(column) for column in columns if column != ORDINAL)
        seen[key] += 1
        row.cells[ORDINAL] = str(seen[key])
    return table._replace(columns=[*table.columns, ORDINAL])


def prepare_import(
    pipeline: Pipeline,
    row_kind: RowKind,
    table: Table,
    source: Source,
    planner: Planner,
    tick: Tick,
    keep: Keep | None = None,
    others: OtherFiles | None = None,
    some: list[Row] | None = None,
) -> Import:
    """An import, whose records the planner takes, not yet written; `keep` overrides that of the mapping.

    Of `some` rows, if they are given, by a mapping that fits all of them.

    Raises FaultyFile for a mapping that doesn't fit the rows.
    """
    keep = keep or source.mapping.keep
    _, _, kinds, inside = row_kind
    outcome = ImportOutcome()
    bindings = compile_bindings(pipeline, source, table, kinds[0], inside, outcome.tallies)
    table = table if some is None else table._replace(rows=some)
    names = Nameable(pipeline, source.mapping.make, others or OtherFiles(), may_dangle=not kinds[0].folder)
    for noun in names.others.coming.keys() - {row_kind.noun}:
        names.expect_records(noun)
    if not inside and table.columns[-1:] == [ORDINAL]:
        number_alike_rows(kinds[0], table, bindings.uncounted(), names)
    rows = bindings.wanted(table.rows)
    outcome.skipped = len(table.rows) - len(rows)
    if outcome.skipped:
        outcome.left_out |= {row.line for row in table.rows} - {row.line for row in rows}
    by_kind, moves = {kinds[0].noun: rows}, None
    if inside:
        outcome.lines = Lines()
        by_kind = parents_of(row_kind, source, rows, names, outcome)
        moves = Moves(row_kind, planner, bindings.uncounted(), names, outcome)
        moves.find(by_kind, keep or "local")
    tick(2 * (len(table.rows) - sum(map(len, by_kind.values()))))
    for kind in (kind for kind in kinds if by_kind[kind.noun]):
        own = bindings
        if kind != kinds[0]:
            own = compile_bindings(pipeline, source, table, kind, inside, outcome.tallies)
        maker = RecordMaker(kind, source, own, names, moves or planner, outcome, keep)
        maker.make_records(by_kind[kind.noun], tick)
    outcome.updated += [key for key in (moves.finish() if moves else ()) if key not in outcome.updated]
    outcome.rejected.sort(key=lambda rejected: rejected[0].line)
    _plan_others(planner, pipeline.settings, outcome)
    return Import(table, outcome, report_json(row_kind, table, bindings, names, outcome))


def _plan_others(planner: Planner, settings: Settings, outcome: ImportOutcome) -> None:
    """Plan the records that are made on the way, and users and teams in the settings."""
    parts = outcome.principals | outcome.related
    for part in parts.values():
        if isinstance(part, Record):
            planner.take(part)
    users = {key: part for (_, key), part in parts.items() if isinstance(part, User)}
    teams = {key: part for (_, key), part in parts.items() if isinstance(part, Team)}
    if users or teams:
        planner.take(settings.with_(users=settings.users | users, teams=settings.teams | teams))


LARGEST = 1 << 29
"""Bytes of all files of an export together, unpacked: a deflate bomb is refused before it is through."""
MOST_FILES = 2_000
_READ = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".xlsx", ".xls", ".xlsm", ".ods", ".vcf")
_TRUSTED_RATIO = 250
"""Text packs into a tenth, seldom into a hundredth; what claims more is a bomb."""
_ALWAYS_FINE = 1 << 22
_PIECE = 1 << 20


def files_of(path: Path) -> list[File]:
    """The tables of an export, by name. Raises PipecliError."""
    if not path.exists():
        raise PipecliError(f"{path} does not exist", code="system")
    if path.is_dir():
        files = list(_of_folder(path))
    else:
        raw = read_bounded(path)
        files = list(_of_zip(raw, path.name)) if is_archive(raw, path.name) else [File(path.name, path)]
    if not files:
        raise PipecliError(f"{path} has no file that can be read", hint=f"these can: {', '.join(_READ)}")
    return sorted(files)


def read_bounded(path: Path) -> bytes:
    """The content of a file of an export. Raises PipecliError for one that is too large."""
    _refuse_large(path.stat().st_size, path)
    return path.read_bytes()


def _refuse_large(size: int, path: Path) -> None:
    if size > LARGEST:
        raise PipecliError(f"{path} has {size:,} bytes, and {LARGEST:,} can be read", hint="divide it")


def _of_folder(folder: Path) -> Iterator[File]:
    """The files of a folder and those below it, without JSON Schemas; links are not followed."""
    named = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _READ)
    named = (path for path in named if not path.name.endswith(".schema.json"))
    paths = [path for path in named if path.is_file() and not path.is_symlink()]
    _refuse_many(len(paths), str(folder))
    _refuse_large(sum(path.stat().st_size for path in paths), folder)
    taken: set[str] = set()
    for path in paths:
        yield File(_free_name(path.name, path.parent.name, taken), path)


def links_in(export: Path) -> list[str]:
    """The names of the links in a folder that would be read, or looked into, if they were followed."""
    links = (path for path in sorted(export.rglob("*")) if path.is_symlink())
    return [path.name for path in links if path.suffix.lower() in _READ or path.is_dir()]


def _of_zip(raw: bytes, name: str) -> Iterator[File]:
    """The tables in a zip, and those of zips in it."""
    taken: set[str] = set()
    for inner, content in entries_of_zip(raw, name, LARGEST, _is_wanted):
        parts = inner.replace("\\", "/").rstrip("/").split("/")
        yield File(_free_name(parts[-1], parts[-2] if len(parts) > 1 else "", taken), content)


def entries_of_zip(
    raw: bytes, name: str, left: int, is_wanted: Callable[[str], bool], *, depth: int = 0
) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a zip, and at depth 0 of zips in it; `left` bytes at most. Raises PipecliError."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and is_wanted(info.filename)]
            _refuse_many(len(infos), name)
            for info in infos:
                if info.flag_bits & 1:
                    raise PipecliError(
                        f"{name}: {info.filename} is encrypted", hint="unpack it, and name the folder"
                    )
                content = _content(archive, info, name, left)
                left -= len(content)
                if info.filename.lower().endswith(".zip") and depth == 0:
                    for inner, inside in entries_of_zip(content, info.filename, left, is_wanted, depth=1):
                        left -= len(inside)
                        yield inner, inside
                else:
                    yield info.filename, content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise PipecliError(f"{name} can't be read as a zip file: {error}") from None


def _is_wanted(name: str) -> bool:
    last = name.replace("\\", "/").rpartition("/")[2]
    is_shadow = last.startswith((".", "__MACOSX")) or "__MACOSX/" in name
    return last.lower().endswith((*_READ, ".zip")) and not is_shadow


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, left: int) -> bytes:
    """One file of a zip, read no further than it may be long, whatever the zip says of its size."""
    pieces: list[bytes] = []
    size = 0
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            pieces.append(piece)
            if size > left:
                raise PipecliError(f"{name} unpacks to more than {LARGEST:,} bytes", hint="divide it")
            if size > _ALWAYS_FINE and size > _TRUSTED_RATIO * max(info.compress_size, 1):
                raise PipecliError(
                    f"{name}: {info.filename} unpacks to over {_TRUSTED_RATIO} times its size, "
                    "as no export does",
                    hint="if it is one, unpack it and name the folder",
                )
    return b"".join(pieces)


def _refuse_many(number: int, name: str) -> None:
    if number > MOST_FILES:
        raise PipecliError(f"{name} has {number:,} files, and {MOST_FILES:,} can be read")


def _free_name(name: str, folder: str, taken: set[str]) -> str:
    """A name that no other file has, with that of its folder before it where two are called the same.

    Raises PipecliError for one that no mapping can hold.
    """
    names = itertools.chain([name, f"{folder}-{name}"], (f"{n}-{name}" for n in itertools.count(2)))
    free = next(one for one in names if one not in taken)
    if re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", free):
        raise PipecliError(f"{free!a}: a file can't be called that in a plan", hint="rename it")
    taken.add(free)
    return free
