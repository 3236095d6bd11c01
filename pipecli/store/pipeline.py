"""A pipeline: its settings, its records by id, and the door through which every change goes."""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.json_and_csv import loads
from pipecli.records.kinds import BY_NOUN, KINDS, SETTINGS, SETTINGS_FILE, Kind, kind_of
from pipecli.store import file_stamps, ids_and_files, safe_files
from pipecli.store.file_stamps import Stat
from pipecli.store.index.index import Index, Rows, open_index
from pipecli.store.index.tables import KEYS
from pipecli.store.index.views_and_functions import register_sql_functions
from pipecli.store.location import JOBS, TRACES, Location, branch_gone_back, find_location
from pipecli.store.yaml import read
from pipecli.store.yaml.read import locate

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.money import Rates
    from pipecli.records.settings import Settings

R = TypeVar("R", bound="Record")


@contextmanager
def no_collector() -> Iterator[None]:
    """Leave cycles where they are until the end: records are none, and to look takes a tenth of an import."""
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_collecting:
            gc.enable()


class Pipeline:
    """One pipeline directory, as it is on disk at this moment."""

    def __init__(self, location: Location, now: date | datetime | None = None) -> None:
        self.location = location
        self._fixed_now = now
        self.is_to_stop = False
        """True once somebody wanted to stop this process, and git had the commit already."""
        self.beyond_undo = ""
        """What an interrupt can't take back any more, in words: others have it."""
        self.tell: Callable[[str], object] = lambda _: None
        """Told of what a killed command left."""
        self._texts_read: dict[str, int] = {}
        """By file the hash of its text, as the records had it that a change is decided on."""
        self._names: dict[str, set[str]] = {}
        """By folder what is in it, where a new file was asked for."""

    @classmethod
    def find(cls, start: Path, now: date | datetime | None = None) -> Pipeline:
        """The pipeline that holds `start`; `now` stands in for the clock. Raises NoPipeline."""
        return cls(find_location(start), now)

    def close(self) -> None:
        """Close the index, if it was opened."""
        if "index" in self.__dict__:
            self.index.connection.close()

    @property
    def root(self) -> Path:
        return self.location.root

    @property
    def revision(self) -> str:
        """The commit that these records come from, or that they are changed from."""
        return "HEAD"

    @cached_property
    def git_settings(self) -> Mapping[str, str]:
        """Those of git's that a changing command asks for."""
        from pipecli.store.git_commit import settings_of

        return settings_of(self.location)

    @property
    def author_email(self) -> str:
        """The address that git commits with, empty without one."""
        return self.git_settings["author.email"]

    @cached_property
    def committing_user(self) -> str | None:
        """The user of the settings whose address git commits with."""
        from pipecli.records.emails_and_phones import email_key, users_by_address

        slugs = users_by_address(self.settings_as_written.get("users", {}))
        return slugs.get(email_key(self.author_email) or "")

    @cached_property
    def index(self) -> Index:
        """The index, read again where files changed; once a command."""
        with no_collector():
            index = open_index(self.location)
        register_sql_functions(index.connection, self)
        return index

    @property
    def connection(self) -> sqlite3.Connection:
        """The index, to be queried."""
        return self.index.connection

    def query(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """The rows of the index that an SQL query finds."""
        return self.connection.execute(sql, parameters)

    @cached_property
    def left_out(self) -> Mapping[tuple[str, str], str]:
        """By noun and key, the files of records that git has and that are not checked out."""
        return ids_and_files.left_out(self.location)

    def state(self) -> object:
        """Something that is another as soon as anybody commits here, or writes a record's file."""
        from pipecli.store.git_commit import head_of

        return head_of(self.location), file_stamps.stamps(self.root)

    def look_again(self) -> None:
        """Open the index anew when it is next asked: what others wrote since then counts."""
        self.close()
        self.__dict__.pop("index", None)
        self._texts_read.clear()
        self._names.clear()

    def take_in(
        self,
        stats: Mapping[str, Stat],
        new: Collection[str],
        removed: Collection[str],
        rows: Iterable[Rows] | Index,
    ) -> None:
        """Tell the index what this process has just written or removed."""
        self._texts_read.clear()
        self._names.clear()
        try:
            self.index.update(stats, new, removed, rows)
        except sqlite3.OperationalError:  # another process has put one of its own in its place
            self.look_again()

    @cached_property
    def settings_as_written(self) -> dict[str, Any]:
        """The settings as plain YAML, for reading commands: no model is imported for them."""
        row = self.query("SELECT json FROM _records WHERE noun = 'settings'").fetchone()
        if row is None:
            raise FaultyFile([fault for fault in self.index.faults() if fault.file == SETTINGS_FILE])
        plain: dict[str, Any] = loads(row[0])
        return plain

    @cached_property
    def now(self) -> datetime:
        """This moment in the timezone of the settings, to the second."""
        name = self.settings_as_written.get("timezone", "UTC")
        if name == "UTC":  # without the module of all zones, 3 ms
            return now_in(UTC, self._fixed_now)
        from zoneinfo import ZoneInfo

        return now_in(ZoneInfo(name), self._fixed_now)

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def author_date(self) -> dict[str, str]:
        """The environment in which a commit is authored on the day of --today; of the clock nothing."""
        seconds = int(self.now.timestamp()) if self._fixed_now and "GIT_AUTHOR_DATE" not in os.environ else 0
        return {"GIT_AUTHOR_DATE": f"@{seconds} {self.now:%z}"} if seconds > 0 else {}

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises FaultyFile."""
        from pipecli.records.settings import Settings

        record = self.read(SETTINGS_FILE)
        assert isinstance(record, Settings)
        return record

    @cached_property
    def rates(self) -> Rates:
        """The exchange rates of the settings, for reading commands: no model is imported for them."""
        return rates_of(self.settings_as_written)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other changing command out, and finish or undo what a killed one left. Raises Busy.

        Those of other pipelines of the repository, too: its index and HEAD are theirs as well. A polite kill
        is as Ctrl-C. Raises Unsettled where a person must decide what becomes of that.
        """
        from pipecli.store import change_journal
        from pipecli.store.lock_and_signals import hold_pipelines, interruptible

        if self.is_to_stop:
            raise KeyboardInterrupt
        with hold_pipelines(self.location.cache), interruptible():
            if line := change_journal.recover(self.location):
                self.look_again()
                self.tell(line)
            for other in _cut_off_beside(self.location):
                try:
                    line = change_journal.recover(other)
                except (OSError, PipecliError) as error:
                    line = f"warning: {error}"
                if line:
                    self.tell(f"{other.root}: {line}")
            yield

    def recover_killed(self) -> None:
        """Finish or undo what a killed command left, unless a living one is at work; tell of it."""
        location = self.location
        for file in (location.journal, *map(location.journal_of, JOBS)):
            if self._holds_traces(file.parent) or os.path.lexists(file):
                self._recover(location, file)
        for other in _cut_off_beside(location):
            self._recover(other, other.journal)
        if word := branch_gone_back(location):  # a killed git may have noted it
            self.tell(f"warning: {word}")

    def _holds_traces(self, cache: Path) -> bool:
        """True where a killed command left what lies beside a journal."""
        with suppress(OSError):
            return any(name.startswith(TRACES) for name in os.listdir(cache))  # noqa: PTH208
        return False

    def _recover(self, location: Location, file: Path) -> None:
        from pipecli.store import change_journal
        from pipecli.store.lock_and_signals import Busy, hold_lock, hold_pipelines
        from pipecli.store.power_cut_and_killed_git import AtWork

        hold = hold_pipelines if file == location.journal else hold_lock
        try:
            with hold(file.parent, patience=0):
                line = change_journal.recover(location, file, patience=0)
        except (Busy, AtWork):
            return
        except change_journal.Unsettled as error:
            line = f"warning: {error}"
        except PipecliError as error:
            half = "a command was cut off in a change, which waits: " if os.path.lexists(file) else ""
            line = f"warning: {half}{error}"
        if line:
            self.tell(line if location == self.location else f"{location.root}: {line}")
            find_location(self.root)  # an `init` that is undone takes it away

    def read(self, file: str) -> Record:
        """The record of one file, from the file itself. Raises FaultyFile."""
        from pipecli.store.validate_record import parse_record

        try:
            return parse_record(kind_of(file) or SETTINGS, file, self.text(file))
        except FileNotFoundError:
            raise PipecliError(f"{file} does not exist") from None

    def raw(self, file: str) -> bytes:
        """The content of a file, to plan its change on. Raises FaultyFile, FileNotFoundError.

        Raises PipecliError where that isn't the file that its record was read from: the change would take
        back what somebody wrote meanwhile.
        """
        content = safe_files.read_bytes(self.root, file)
        if file in self._texts_read and hash(read.decode(content, file)) != self._texts_read[file]:
            changed = f"{file} was changed by somebody meanwhile"
            raise PipecliError(changed, hint="nothing is changed; try again")
        return content

    def has_file(self, file: str) -> bool:
        """True where something has this name: by a list of its folder, made once for all that are new."""
        folder, _, name = file.rpartition("/")
        if folder not in self._names:
            path = self.root / folder
            self._names[folder] = {*os.listdir(path)} if path.is_dir() else set()  # noqa: PTH208 - all at once
        return name in self._names[folder]

    def texts(self, files: Collection[str]) -> Iterator[tuple[str, str]]:
        """The files, each with its text, that can be read."""
        for file in files:
            with suppress(FaultyFile, OSError):
                yield file, self.text(file)

    def json_of(self, noun: str, key: str) -> str:
        """The JSON of a record from the index: to open and read its file takes longer."""
        query = "SELECT json FROM _records WHERE noun = ? AND key = ?"
        text: str = self.query(query, (noun, key)).fetchone()[0]
        return text

    def is_unwritten(self, file: str) -> bool:
        """True for a file that is planned alone: it has nothing that a person wrote by hand."""
        return False

    def text(self, file: str) -> str:
        """The text of a file. Raises FaultyFile, FileNotFoundError."""
        text = safe_files.read_text(self.root, file)
        self._texts_read.setdefault(file, hash(text))
        return text

    def file_of(self, noun: str, key: str) -> str | None:
        """The file of the record with this id or slug; None if there is none. Raises on two."""
        rows = self.query(
            "SELECT path FROM _records WHERE noun = ? AND key = ? ORDER BY path", (noun, key)
        ).fetchall()
        if len(rows) > 1:
            raise FaultyFile([self._duplicate(noun, key, rows[0][0], rows[1][0])])
        return rows[0][0] if rows else None

    def get(self, model: type[R], key: str) -> R:
        """The record of a kind with this id or slug. Raises NotFound."""
        file = self.file_of(model.noun, key)
        if file is None:
            self.require_readable(BY_NOUN[model.noun])
            raise NotFound(f"no {model.noun} {key}")
        return self._read(model, file)

    def _read(self, model: type[R], file: str) -> R:
        record = self.read(file)
        assert isinstance(record, model)
        return record

    def find_record(self, model: type[R], key: str | None) -> R | None:
        """The record with this key, or None where there is none."""
        return self.get(model, key) if key and self.file_of(model.noun, key) else None

    def all(self, model: type[R], **columns: str | None) -> list[R]:
        """Every record of a kind, in the order of ids; `opportunity=…`: those with this in their column.

        Stops as `require_all_readable` does: who decides by them, such as what is left to invoice, needs all.
        """
        self.require_all_readable(BY_NOUN[model.noun])
        return self.all_here(model, **columns)

    def all_here(self, model: type[R], **columns: str | None) -> list[R]:
        """The same where nothing is decided by them: those that can be read, and a word on the others."""
        kind = BY_NOUN[model.noun]
        broken = [fault for fault in self.index.faults() if kind_of(fault.file) is kind]
        for fault in (*broken, *ids_and_files.faults_of_absent(self.left_out, [kind])):
            self.tell(f"warning: {fault}")
        condition = " AND ".join(f'"{column}" = ?' for column in columns) or "true"
        rows = self.query(
            f"SELECT path FROM {kind.table} WHERE {condition} ORDER BY {kind.identity}",
            tuple(columns.values()),
        )
        return [self._read(model, file) for (file,) in rows.fetchall()]

    def require_readable(self, *kinds: Kind) -> list[Fault]:
        """Stop when a file of these kinds can't be read; return the faults of the other kinds.

        A broken file is an error of every command that needs it and a warning of every other; a record that
        is not checked out is a warning of those that need it: no total is ever smaller without a word. Who
        names no kind needs none, and is told of all that is left out.
        Raises FaultyFile.
        """
        faults = self.index.faults()
        needed = [fault for fault in faults if kind_of(fault.file) in (*kinds, None)]
        if needed:
            raise FaultyFile(needed)
        if twice := self._duplicates(kinds):
            raise FaultyFile(twice)
        return [*faults, *ids_and_files.faults_of_absent(self.left_out, kinds or KINDS)]

    def require_all_readable(self, *kinds: Kind) -> None:
        """Stop when a record of these kinds, or of any, can't be read or is not checked out.

        What is asked of all is true of all.
        """
        kinds = kinds or KINDS
        self.require_readable(*kinds)
        for fault in ids_and_files.faults_of_absent(self.left_out, kinds):
            raise PipecliError(str(fault))

    def _duplicates(self, kinds: Sequence[Kind]) -> list[Fault]:
        """Ids that two files have: a deal would count twice."""
        query = self.index.connection.execute
        if query(f"SELECT 1 FROM sqlite_master WHERE sql = '{KEYS}'").fetchone():
            return []
        nouns = {kind.noun for kind in kinds}
        twice = query(
            "SELECT noun, key, min(path), max(path) FROM _records GROUP BY noun, key HAVING count(*) > 1"
        )
        return [self._duplicate(*row) for row in twice if row[0] in nouns]

    def _duplicate(self, noun: str, key: str, first: str, second: str) -> Fault:
        line, column = locate(self.text(second), [BY_NOUN[noun].identity])
        message = f"{key} is also the id of {first}; give one of them another id, or remove it"
        return Fault(second, line, column, "duplicate-id", message)


def _cut_off_beside(location: Location) -> list[Location]:
    """The other pipelines of a repository in which a command was cut off, and not looked after yet."""
    names, others = [], []
    with suppress(OSError), os.scandir(location.cache.parent) as folders:  # a Path's glob takes 0.2 ms
        names = [folder.name for folder in folders if os.path.lexists(f"{folder.path}/journal")]
    for name in names:
        folder = name.partition("-")[2].replace("%2F", "/").replace("%25", "%")
        with suppress(PipecliError):  # it leads out of the repository: its files are not ours
            others.append(location._replace(root=safe_files.path_inside(location.work_tree, folder)))
    return [other for other in others if other != location]


def rates_of(settings: Mapping[str, Any]) -> Rates:
    """The exchange rates of settings as they are written."""
    from decimal import Decimal

    from pipecli.records.money import Rates

    table = {
        currency: {date.fromisoformat(day): Decimal(str(rate)) for day, rate in dated.items()}
        for currency, dated in (settings.get("exchange_rates") or {}).items()
    }
    return Rates(settings.get("currency") or "EUR", table)


def now_in(zone: tzinfo, fixed: date | datetime | None) -> datetime:
    """The clock in a timezone, or the day or time that stands for it."""
    clock = datetime.now(zone).replace(microsecond=0)
    if isinstance(fixed, datetime):
        return fixed.astimezone(zone) if fixed.tzinfo else fixed.replace(tzinfo=zone)
    return datetime.combine(fixed, clock.time(), zone) if fixed else clock


class NotFound(PipecliError):
    """No record has that name."""

    code = "not-found"
