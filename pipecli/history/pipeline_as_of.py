"""A pipeline as it stood at a moment.

The index of a past pipeline has the same tables as that of the present, so that every list and report reads
it unchanged. It is built whole, and kept for the next command that asks for the same files; two moments are
compared in `change_set.py`, deals in `deal_movements.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.history.commit_as_of import Moment, NoSuchMoment, StandingCommit, commit_at, tip
from pipecli.history.commits import TreeEntry, tree_entries, tree_of
from pipecli.history.history_index import first_parent_line
from pipecli.history.version_facts import CONTENT_ABSENT, why_absent
from pipecli.json_and_csv import loads
from pipecli.records.kinds import SETTINGS, SETTINGS_FILE, Kind, kind_of
from pipecli.store import git, safe_files
from pipecli.store.index import index
from pipecli.store.index.views_and_functions import register_sql_functions
from pipecli.store.location import Location
from pipecli.store.pipeline import Pipeline, rates_of
from pipecli.store.validate_record import validate
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.money import Rates


_KEPT = 8
"""The number of indexes of the past that are kept; the one that was used longest ago goes first."""


class PastPipeline(Pipeline):
    """A pipeline of a commit. It can be read like that of the present, and not be changed."""

    def __init__(self, location: Location, standing: StandingCommit, now: date | datetime) -> None:
        super().__init__(location, now)
        self.standing = standing

    @property
    def revision(self) -> str:
        return self.standing.commit

    @cached_property
    def index(self) -> index.Index:
        """The index of the commit's files, built when it is first asked for."""
        past_index = _index(self.location, self.standing)
        register_sql_functions(past_index.connection, self)
        return past_index

    @property
    def left_out(self) -> Mapping[tuple[str, str], str]:
        """Nothing: a commit has all of its files."""
        return {}

    @cached_property
    def rates(self) -> Rates:
        """The exchange rates of then."""
        return rates_of(self.settings_as_written)._replace(commit=self.standing.commit)

    def read(self, file: str) -> Record:
        """The record that a file held then. Raises FaultyFile."""
        row = self.query("SELECT json FROM _records WHERE path = ?", (file,)).fetchone()
        if row is None:
            faults = [fault for fault in self.index.faults() if fault.file == file]
            raise FaultyFile(faults) if faults else PipecliError(f"{file} did not exist then")
        return validate((kind_of(file) or SETTINGS).model, loads(row[0]), file)

    def text(self, file: str) -> str:
        """The text of a file then. Raises FaultyFile, FileNotFoundError."""
        if file not in self._files:
            raise FileNotFoundError(file)
        entry = self._files[file]
        (blob,) = git.objects(self.location.work_tree, [entry.blob], safe_files.LARGEST, may_lack=True)
        return text_of_blob(file, blob, is_link=entry.is_link)

    def texts(self, files: Collection[str]) -> Iterator[tuple[str, str]]:
        """Of all by one git."""
        entries = {file: self._files[file] for file in files if file in self._files}
        blobs = [entry.blob for entry in entries.values()]
        objects = git.objects(self.location.work_tree, blobs, safe_files.LARGEST, may_lack=True)
        for (file, entry), blob in zip(entries.items(), objects, strict=True):
            with suppress(FaultyFile):
                yield file, text_of_blob(file, blob, is_link=entry.is_link)

    @cached_property
    def _files(self) -> Mapping[str, TreeEntry]:
        tree = tree_of(self.location, self.standing.commit)
        return tree_entries(self.location, tree) if tree else {}

    def require_readable(self, *kinds: Kind) -> list[Fault]:
        """As of the present pipeline; the error names the commit, whose files can't be mended any more."""
        try:
            return super().require_readable(*kinds)
        except FaultyFile as error:
            raise PipecliError(f"at {self.standing.name}, {error}", hint="choose another moment") from None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Refuses: the past can't be changed."""
        raise PipecliError("the past can't be changed", hint="leave out --as-of")
        yield


def pipeline_of_commit(present: Pipeline, commit: str) -> PastPipeline:
    """The pipeline of a commit as of today."""
    standing = StandingCommit(commit, datetime.now().astimezone(), ())
    return PastPipeline(present.location, standing, present.today)


def pipeline_as_of(
    location: Location, moment: Moment, zone: tzinfo, now: date | datetime | None = None
) -> PastPipeline:
    """The pipeline as it stood at a moment, its `now` unless another is given. Raises NoSuchMoment."""
    replaced = tip(location).replaced  # one without commits says so
    standing = commit_at(location, moment, zone, first_parent_line)
    if replaced:
        standing = standing._replace(notes=(*standing.notes, replaced))
    return PastPipeline(location, standing, now or _now_of(moment, standing))


def _now_of(moment: Moment, standing: StandingCommit) -> datetime:
    """The time that a moment is; of a date the last second, in the timezone of then."""
    if isinstance(moment, str):
        return standing.at
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(23, 59, 59))


def _index(location: Location, standing: StandingCommit) -> index.Index:
    tree = tree_of(location, standing.commit)
    past_files = tree_entries(location, tree) if tree else {}
    if SETTINGS_FILE not in past_files:
        raise NoSuchMoment(f"at {standing.name} there was no pipeline yet")
    blobs = [entry.blob for entry in past_files.values()]

    def build(connection: sqlite3.Connection) -> None:
        contents = git.objects(location.work_tree, blobs, safe_files.LARGEST, may_lack=True)

        def text_of(file: str) -> str:  # in the order in which they are asked for
            return text_of_blob(file, next(contents), is_link=past_files[file].is_link)

        index.build(connection, list(past_files), text_of)

    file = location.cache / f"as-of-{tree}.sqlite"
    try:
        connection, _ = index.open_or_build(file, build)
        index.seal_of(file).touch()  # it is used now; with another time itself it were not as it was left
        _forget_oldest(location.cache)
    except (sqlite3.DatabaseError, OSError):
        connection = index.in_memory(build)
        with suppress(OSError):
            file.unlink(missing_ok=True)
    past = index.Index(location, connection, file)
    if any(fault.message == CONTENT_ABSENT for fault in past.faults()):  # it may be fetched one day
        with suppress(OSError):
            file.unlink(missing_ok=True)
    return past


def text_of_blob(file: str, blob: git.Object, *, is_link: bool) -> str:
    """The text of a record's file in a commit. Raises FaultyFile for a link, and a blob without content."""
    if is_link:
        raise FaultyFile([Fault(file, 0, 0, "file", "a symbolic link can't be a record")])
    if blob.content is None:
        raise FaultyFile([Fault(file, 0, 0, "file", why_absent(blob))])
    return read.decode(blob.content, file)


def _forget_oldest(cache: Path) -> None:
    with suppress(OSError):  # another command may be doing the same
        kept = sorted(cache.glob("as-of-*.seal"), key=lambda seal: seal.stat().st_mtime, reverse=True)
        for seal in kept[_KEPT:]:
            seal.with_suffix(".sqlite").unlink(missing_ok=True)
            seal.unlink(missing_ok=True)
