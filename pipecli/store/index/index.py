"""The index: the content of all files in SQLite inside the git directory, so that a question reads one file.

It is disposable. Absent, damaged, or from another version it is built anew; where a file changed, that file
is read again. Nothing in it is the truth, and nothing but the clock notices its absence.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from pipecli import __version__
from pipecli.errors import Fault, FaultyFile
from pipecli.records.kinds import SETTINGS, kind_of
from pipecli.store import file_stamps, safe_files
from pipecli.store.file_stamps import Stat, stamp_to_keep
from pipecli.store.index import tables
from pipecli.store.index.tables import SQLValue
from pipecli.store.index.views_and_functions import marks
from pipecli.store.location import Location
from pipecli.store.second_process import map_in_two_processes, parts

if TYPE_CHECKING:
    from pipecli.records.base import Record

S = TypeVar("S")
T = TypeVar("T")

_SALT = "composed, paired, signed, taxed on the sum"  # how the tables hold text and numbers
LAYOUT = f"{__version__}/{crc32(f'{tables.schema()} {tables.KEYS} {tables.INDEXES} {_SALT}'.encode()):08x}"
"""Changes with the tables, and with a word more in the salt: an index of another layout is built anew."""

_PATIENCE = 10.0
_CACHE = "cache_size = -16384"
"""16 MB: with less, thousands of new records have pages read and written for each of them."""

TextOf = Callable[[str], str]
"""Gives the text of a file of the pipeline. Raises FaultyFile, or FileNotFoundError."""

Rows = tuple[list[tuple[str, ...]], dict[str, list[tuple[int, list[SQLValue]]]]]
"""Shapes, each a table and columns of it, and the rows by table: the number of its shape, and the values."""
_Fault = tuple[str | int, ...]
_Content = tuple[Rows, list[_Fault]]


class Index:
    """The index of one pipeline, as fresh as its files when it was opened."""

    def __init__(self, location: Location, connection: sqlite3.Connection, file: Path | None) -> None:
        self.location = location
        self.connection = connection
        self.file = file
        """None when it is held in memory, because the git directory can't be written."""
        self._version = self._version_now()

    def faults(self) -> list[Fault]:
        """Every fault of every file that could not be read."""
        order = "path, line = 0, line, column, message"
        return [Fault(*row) for row in self.connection.execute(f"SELECT * FROM _faults ORDER BY {order}")]

    def refresh(self) -> None:
        """Read again what changed on disk since the index last looked."""
        known = dict(self.connection.execute("SELECT folder, stamp FROM _folders"))
        clock = time.time_ns()
        present = file_stamps.stamps(self.location.root)
        # its stamp is the same for who may read it
        denied = {fault.file for fault in self.faults() if fault.message == safe_files.DENIED}
        if known == present and not denied:
            return
        difference = file_stamps.compare_stamps(known, present)
        changed = sorted(denied.difference(difference.gone).union(difference.changed))
        with writing(self.connection):
            _read_again(self.connection, changed, difference.gone, _on_disk(self.location.root))
            self._stamp({folder: stamp_to_keep(stamp, clock) for folder, stamp in difference.stamps.items()})

    def update(
        self,
        stats: Mapping[str, Stat],
        new: Collection[str],
        removed: Collection[str],
        rows: Iterable[Rows] | Index,
    ) -> None:
        """Take in files that this process has just written, some of them new, or removed; opens none.

        By `stats` a change by somebody else in the same moment is seen by the next command. In place of the
        rows stands the index of a draft, which has them: to copy all takes a tenth of putting 100,000 in.
        """
        clock = time.time_ns()
        changes: dict[str, dict[str, Stat | None]] = defaultdict(dict)
        for file in (*stats, *removed):
            folder, _, name = file.rpartition("/")
            changes[folder][name] = file_stamps.stat_to_keep(stats[file], clock) if file in stats else None
        self.connection.execute(f"PRAGMA {_CACHE}")
        if isinstance(rows, Index):
            self.connection.execute("ATTACH ? AS draft", (str(rows.file),))
        with writing(self.connection):
            if isinstance(rows, Index):
                self._copy_draft()
            else:
                # A hook of the commit may have run pipecli, which read what is new here.
                is_ours = self._version_now() == self._version
                _forget(
                    self.connection, [*removed, *(file for file in stats if not (file in new and is_ours))]
                )
                for part in rows:
                    _insert(self.connection, part)
            query = f"SELECT folder, stamp FROM _folders WHERE folder IN ({marks(changes)})"
            known = dict(self.connection.execute(query, tuple(changes)))
            self._stamp(
                {folder: file_stamps.restamp(known.get(folder), names) for folder, names in changes.items()}
            )

    def _copy_draft(self) -> None:
        """Copy every table of the draft, its stamps too: those it was made by."""
        query = self.connection.execute
        for (table,) in query("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            query(f"DELETE FROM main.{table}")
            query(f"INSERT INTO main.{table} SELECT * FROM draft.{table}")

    def insert(self, known: Collection[str], rows: Iterable[Rows]) -> None:
        """Take in records that nobody has written yet; of the files in `known` it has rows that go.

        Nobody else opens the index of a draft: it has no seal, which would take longer than a few records.
        """
        with self.connection as draft:
            draft.execute("BEGIN")
            _forget(self.connection, known)
            for part in rows:
                _insert(self.connection, part)

    def replace_json(self, texts: Sequence[tuple[str, str, str]]) -> None:
        """Replace the JSON of records, each with its noun and key; the rest of a row comes by `insert`."""
        with self.connection as draft:
            draft.execute("BEGIN")
            draft.executemany("UPDATE _records SET json = ? WHERE noun = ? AND key = ?", texts)

    def copy(self, file: Path) -> Index:
        """The same index in a file of its own."""
        connection = _connect(file)
        self.connection.backup(connection)
        for setting in ("synchronous = OFF", "journal_mode = OFF", _CACHE):
            connection.execute(f"PRAGMA {setting}")
        return Index(self.location, connection, file)

    def _version_now(self) -> int:
        """A number that another connection changes whenever it writes."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _stamp(self, new: dict[str, bytes]) -> None:
        self.connection.executemany(
            "DELETE FROM _folders WHERE folder = ?", [(_text(folder),) for folder in new]
        )
        kept = [(_text(folder), stamp) for folder, stamp in new.items() if stamp]
        self.connection.executemany("INSERT INTO _folders VALUES (?, ?)", kept)


DAMAGED = (sqlite3.DatabaseError, UnicodeDecodeError)
"""SQLite's answers to a damaged file; the second where its message quotes bytes that are no text."""


def open_index(location: Location) -> Index:
    """The fresh index of a pipeline; in memory when the git directory can't be written."""
    file = location.cache / "index.sqlite"
    try:
        connection, is_new = open_or_build(file, lambda connection: _build(connection, location.root))
        index = Index(location, connection, file)
        if not is_new:  # else its files have just been looked at
            index.refresh()
    except (*DAMAGED, OSError):  # damaged, read-only, or held too long by another
        index = Index(location, in_memory(lambda connection: _build(connection, location.root)), None)
        with suppress(OSError, *DAMAGED):
            _remove_damaged(file)
    return index


def open_or_build(file: Path, build: Callable[[sqlite3.Connection], None]) -> tuple[sqlite3.Connection, bool]:
    """The index in a file; where there is none of this layout a new one, and True, that `build` fills."""
    if file.exists():
        connection = _connect(file)
        with suppress(*DAMAGED):
            connection.execute("BEGIN")  # no writer is at work while its seal is looked at
            is_known = connection.execute("SELECT layout FROM _layout").fetchone() == (LAYOUT,)
            is_known = is_known and is_sealed(file)
            connection.execute("COMMIT")
            if is_known:
                return connection, False
        connection.close()
    file.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and moved into place: a command that reads the old one meanwhile is not disturbed.
    aside = file.with_name(f"{file.stem}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    connection = _connect(aside)
    try:
        connection.execute("PRAGMA page_size = 16384")  # a fourth of the reads
        connection.execute("PRAGMA synchronous = OFF")  # lost with the power, it is built again
        connection.execute("PRAGMA journal_mode = OFF")
        build(connection)
        connection.close()
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
        seal_of(aside).unlink(missing_ok=True)
    connection = _connect(file)
    with writing(connection):  # sealed
        pass
    return connection, True


def read_again(
    connection: sqlite3.Connection, changed: Sequence[str], gone: Sequence[str], text_of: TextOf
) -> None:
    """Read these files into the tables, and drop from them the files that are gone."""
    with writing(connection):
        _read_again(connection, changed, gone, text_of)


def in_memory(build: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    connection = _connect(Path(":memory:"))
    build(connection)
    return connection


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)


def _remove_damaged(file: Path) -> None:
    """Delete an index that SQLite can't read, so that the next command builds it anew."""
    connection = _connect(file)
    try:
        sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except DAMAGED:
        sound = False
    connection.close()
    if not sound:
        file.unlink(missing_ok=True)


def _build(connection: sqlite3.Connection, root: Path) -> None:
    clock = time.time_ns()
    present = file_stamps.stamps(root)
    text_of = _on_disk(root)
    changed = file_stamps.compare_stamps({}, present).changed
    # One of each kind makes the models, before there are two processes that would make them.
    _content_of([*{file.partition("/")[0]: file for file in changed}.values()], text_of)
    _make_tables(connection, map_in_two_processes(lambda files: _content_of(files, text_of), changed))
    stamped = ((_text(folder), stamp_to_keep(stamp, clock)) for folder, stamp in present.items())
    with writing(connection):
        connection.executemany("INSERT INTO _folders VALUES (?, ?)", stamped)


def build(connection: sqlite3.Connection, files: Sequence[str], text_of: TextOf) -> None:
    """Make the tables of a new index, and read these files into them."""
    _make_tables(connection, (_content_of(part, text_of) for part in parts(files)))


def _make_tables(connection: sqlite3.Connection, contents: Iterable[_Content]) -> None:
    connection.executescript(f"BEGIN; {tables.schema()} COMMIT")
    with writing(connection):
        for content in contents:
            _insert(connection, *content)
        try:
            connection.execute(tables.KEYS)
        except sqlite3.IntegrityError:
            connection.execute(tables.KEYS.replace(" UNIQUE", ""))
        for statement in tables.INDEXES:
            connection.execute(statement)
        connection.execute("CREATE TABLE _layout AS SELECT ? AS layout", (LAYOUT,))


def _on_disk(root: Path) -> TextOf:
    return lambda file: safe_files.read_text(root, file)


class writing:  # noqa: N801 - reads as a statement
    """One SQLite transaction, rolled back when anything fails; sealed before others see what it wrote."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        query = self.connection.execute
        if kind:
            self.connection.rollback()  # if SQLite has not, as where its memory or the disk is full
            return
        query("PRAGMA locking_mode = EXCLUSIVE")  # only now: who waits for a lock must not hold another
        try:
            query("COMMIT")
            _, _, name = query("PRAGMA database_list").fetchone()  # the first of them is its own
            if name:
                seal(Path(name))
        finally:
            query("PRAGMA locking_mode = NORMAL")
            with suppress(sqlite3.Error):
                query("SELECT 1 FROM sqlite_master").fetchone()  # gives the lock back


def seal(file: Path) -> None:
    """Note the state in which this process, that has the file for itself, leaves it.

    A checksum of 20 MB would cost each command 15 ms. Whoever writes into the file, and be it a bit, gives it
    another time (ctime, which nobody can set); whoever puts another in its place, another inode.
    """
    with suppress(OSError):  # a full disk: without its seal it is built anew
        safe_files.write_file(file.parent, seal_of(file).name, _state(file).encode())


def is_sealed(file: Path) -> bool:
    """True where a database that this process may read is as a pipecli left it, every bit of it."""
    try:
        return safe_files.read_of_git(seal_of(file), "replace") == _state(file)
    except OSError:
        return False


def seal_of(file: Path) -> Path:
    """The file that holds its state; a time of its own says nothing of the index."""
    return file.with_suffix(".seal")


def _state(file: Path) -> str:
    about = file.stat()
    return f"{about.st_ino} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"


def _text(name: str) -> str:
    """A name of a file as SQLite can keep it: one that isn't UTF-8 has signs in place of its bytes."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _forget(connection: sqlite3.Connection, files: Iterable[str]) -> None:
    names = [(_text(file),) for file in files]
    own = {f"_{kind.table}" for (file,) in names if (kind := kind_of(file))}
    for table in (*tables.PER_FILE, *own) if names else ():
        connection.executemany(f"DELETE FROM {table} WHERE path = ?", names)


def _read_again(
    connection: sqlite3.Connection, changed: Sequence[str], gone: Sequence[str], text_of: TextOf
) -> None:
    """Read files into the tables as they are now; where some are only gone, no model is imported."""
    _forget(connection, [*gone, *changed])
    for part in parts(changed):
        _insert(connection, *_content_of(part, text_of))


def _content_of(files: Sequence[str], text_of: TextOf) -> _Content:
    from pipecli.store.validate_record import parse_record

    read_once = parse_record.__wrapped__  # none of them is asked for again
    faults: list[Fault] = []

    def step(work: Callable[[str, S], T], things: Iterable[tuple[str, S]]) -> list[tuple[str, T]]:
        done = []
        for file, thing in things:
            try:
                done.append((file, work(file, thing)))
            except FaultyFile as error:
                faults.extend(error.faults)
            except FileNotFoundError:  # removed since the folder was listed: the next refresh sees it
                continue
        return done

    def text(file: str, name: str) -> str:
        if name != file:
            raise FaultyFile([Fault(name, 0, 0, "file", "its name isn't UTF-8 text: rename it")])
        return text_of(file)

    def record(file: str, text: str) -> Record:
        return read_once(kind_of(file) or SETTINGS, file, text)

    texts = step(text, [(file, _text(file)) for file in files])
    return rows_of(step(record, texts)), [tuple(fault) for fault in faults]


def rows_of(records: Sequence[tuple[str, Record]]) -> Rows:
    """The rows of records, each with its file."""
    shapes: dict[tuple[str, ...], int] = {}
    rows: dict[str, list[tuple[int, list[SQLValue]]]] = defaultdict(list)
    for table, row in tables.rows(records):
        rows[table].append((shapes.setdefault((table, *row), len(shapes)), [*row.values()]))
    return list(shapes), dict(rows)


def _insert(connection: sqlite3.Connection, rows: Rows, faults: Sequence[_Fault] = ()) -> None:
    """Put content into the tables, which hold nothing of these files."""
    shapes, by_table = rows
    for table in tables.OF_SETTINGS if "stages" in by_table else ():
        connection.execute(f"DELETE FROM {table}")  # those of the settings as they were
    statements = [
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(columns)})" for table, *columns in shapes
    ]
    for of_table in by_table.values():
        for shape, alike in groupby(of_table, itemgetter(0)):  # in their order, which tables keep
            values = [values for _, values in alike]
            try:
                connection.executemany(statements[shape], values)
            except sqlite3.IntegrityError:  # an id that another file has, too
                connection.execute("DROP INDEX _records_key")
                connection.execute(tables.KEYS.replace(" UNIQUE", ""))
                connection.executemany(statements[shape].replace("INSERT", "REPLACE", 1), values)
    connection.executemany("INSERT INTO _faults VALUES (?, ?, ?, ?, ?)", faults)
