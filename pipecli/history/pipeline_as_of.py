"""A pipeline as it stood at a moment, and quotations as they were when they were sent or their deal closed.

The index of a past pipeline has the same tables as that of the present, so that every list and report reads
it unchanged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.history.commit_as_of import Moment, NoSuchMoment, StandingCommit, commit_at, tip
from pipecli.history.commits import TreeEntry, tree_entries, tree_of
from pipecli.history.history_index import first_parent_line
from pipecli.history.version_facts import NOT_HERE, why_absent
from pipecli.json_and_csv import loads
from pipecli.records.kinds import OPPORTUNITY, SETTINGS, SETTINGS_FILE, Kind
from pipecli.store import git, safe_files
from pipecli.store.index import index
from pipecli.store.index.views import register_sql_functions
from pipecli.store.parse_record import validate
from pipecli.store.pipeline import Pipeline, rates_of
from pipecli.store.safe_files import Location, kind_of
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.money import Rates
    from pipecli.records.papers import Quotation


_KEPT = 8
"""The number of indexes of the past that are kept; the one that was used longest ago goes first."""


class PastPipeline(Pipeline):
    """A pipeline of a commit. It can be read like that of the present, and not be changed."""

    def __init__(self, place: Location, standing: StandingCommit, now: date | datetime) -> None:
        super().__init__(place, now)
        self.standing = standing

    @property
    def revision(self) -> str:
        return self.standing.commit

    @cached_property
    def index(self) -> index.Index:
        """The index of the commit's files, built when it is first asked for."""
        past_index = _index(self.location, self.standing)
        register_sql_functions(past_index.connection, lambda: self.today, lambda: self.rates)
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
        tree = tree_of(self.location, self.standing.commit)
        entry = tree_entries(self.location, tree).get(file) if tree else None
        if entry is None:
            raise FileNotFoundError(file)
        (blob,) = git.objects(self.location.work_tree, [entry.blob], safe_files.LARGEST, may_lack=True)
        return text_of_blob(file, blob, is_link=entry.is_link)

    def need(self, *kinds: Kind) -> list[Fault]:
        """As of the present pipeline; the error names the commit, whose files can't be mended any more."""
        try:
            return super().need(*kinds)
        except FaultyFile as error:
            raise PipecliError(f"at {self.standing.name}, {error}", hint="choose another moment") from None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Refuses: the past can't be changed."""
        raise PipecliError("the past can't be changed", hint="leave out --as-of")
        yield


def pipeline_at(present: Pipeline, commit: str) -> PastPipeline:
    """The pipeline of a commit as of today."""
    standing = StandingCommit(commit, datetime.now().astimezone(), ())
    return PastPipeline(present.location, standing, present.today)


def pipeline_as_of(
    place: Location, moment: Moment, zone: tzinfo, now: date | datetime | None = None
) -> PastPipeline:
    """The pipeline as it stood at a moment, its `now` unless another is given. Raises NoSuchMoment."""
    bent = tip(place).bent  # one without commits says so
    standing = commit_at(place, moment, zone, first_parent_line)
    if bent:
        standing = standing._replace(notes=(*standing.notes, bent))
    return PastPipeline(place, standing, now or _now_of(moment, standing))


def _now_of(moment: Moment, standing: StandingCommit) -> datetime:
    """The time that a moment is; of a date the last second, in the timezone of then."""
    if isinstance(moment, str):
        return standing.at
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(23, 59, 59))


def _index(place: Location, standing: StandingCommit) -> index.Index:
    tree = tree_of(place, standing.commit)
    past_files = tree_entries(place, tree) if tree else {}
    if SETTINGS_FILE not in past_files:
        raise NoSuchMoment(f"at {standing.name} there was no pipeline yet")

    def build(connection: sqlite3.Connection) -> None:
        _fill(connection, place, past_files)

    file = place.cache / f"as-of-{tree}.sqlite"
    try:
        connection, _ = index.open_or_build(file, build)
        file.touch()
        _forget_oldest(place.cache)
    except (sqlite3.DatabaseError, OSError):
        connection = index.in_memory(build)
        with suppress(OSError):
            file.unlink(missing_ok=True)
    past = index.Index(place, connection, file)
    if any(fault.message == NOT_HERE for fault in past.faults()):  # it may be fetched one day
        with suppress(OSError):
            file.unlink(missing_ok=True)
    return past


def _fill(connection: sqlite3.Connection, place: Location, past_files: dict[str, TreeEntry]) -> None:
    """Fill an index from blobs, which come in the order in which they are asked for."""
    contents = git.objects(
        place.work_tree, [entry.blob for entry in past_files.values()], safe_files.LARGEST, may_lack=True
    )

    def text_of(file: str) -> str:
        return text_of_blob(file, next(contents), is_link=past_files[file].is_link)

    index.fill(connection, list(past_files), text_of)


def text_of_blob(file: str, blob: git.Object, *, is_link: bool) -> str:
    """The text of a record's file in a commit. Raises FaultyFile for a link, and a blob without content."""
    if is_link:
        raise FaultyFile([Fault(file, 0, 0, "file", "a symbolic link can't be a record")])
    if blob.content is None:
        raise FaultyFile([Fault(file, 0, 0, "file", why_absent(blob))])
    return read.decode(blob.content, file)


def _forget_oldest(cache: Path) -> None:
    with suppress(OSError):  # another command may be doing the same
        kept = sorted(cache.glob("as-of-*.sqlite"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in kept[_KEPT:]:
            file.unlink(missing_ok=True)


def quotations_when_open(pipeline: Pipeline, deal: str, quotations: Iterable[str]) -> dict[str, str]:
    """The status of each quotation just before the commit that closed the deal.

    What no commit tells is left out: of a quotation that is younger, or after a squash. A closing may itself
    be uncommitted: then HEAD tells.
    """
    file = pipeline.file_of("opportunity", deal)
    moment = _before_closing(pipeline, file) if file else "HEAD"
    statuses = {}
    for key in quotations:
        path = pipeline.file_of("quotation", key)
        then = _content(pipeline, moment, path) if path else None
        if then is not None and isinstance(then.get("status"), str):
            statuses[key] = then["status"]
    return statuses


def sent_times(pipeline: Pipeline, quotations: Iterable[Quotation]) -> dict[str, datetime]:
    """The times of the commits that sent quotations whose files don't say it, by id; the last of each.

    What no commit tells is left out.
    """
    times = {}
    for quotation in quotations:
        path = pipeline.file_of("quotation", quotation.id)
        if quotation.sent is None and quotation.status == "sent" and path:
            moment = _sent_at(pipeline, path)
            if moment is not None:
                times[quotation.id] = moment
    return times


def _sent_at(pipeline: Pipeline, file: str) -> datetime | None:
    """The time of the commit since which a file says `status: sent`; None where none does."""
    since = None
    for _, moment, then in _versions_back(pipeline, file):
        if then is None or then.get("status") != "sent":
            break
        since = datetime.fromisoformat(moment)
    return since


def _before_closing(pipeline: Pipeline, file: str) -> str:
    """The revision that has the deal open, and the quotations as they were to the last."""
    moment = "HEAD"
    for commit, _, then in _versions_back(pipeline, file):
        if then is not None and then.get("status", OPPORTUNITY.first_status) == "open":
            break
        moment = f"{commit}^"
    return moment


def _versions_back(pipeline: Pipeline, file: str) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """The commits that touched a file, newest first, with their times and its content."""
    place = pipeline.location
    paths = [place.prefix + path for path in _places(file)]
    log = git.log(place.work_tree, "--format=%H %cI", "HEAD", "--", *paths)
    for line in log.decode().splitlines():
        commit, _, moment = line.partition(" ")
        yield commit, moment, _content(pipeline, commit, file)


def _content(pipeline: Pipeline, revision: str, file: str) -> dict[str, Any] | None:
    """The content of a file at a revision; None where it was not there, or can't be read."""
    place = pipeline.location
    for path in _places(file):
        done = git.run(place.work_tree, "cat-file", "blob", f"{revision}:{place.prefix}{path}")
        if not done.returncode:
            return read.plain_of(done.stdout, file)
    return None


def _places(file: str) -> list[str]:
    """The file of a document, and where it lay before documents had folders a month."""
    folder, _, name = file.rpartition("/")
    return [file, f"{folder.rpartition('/')[0]}/{name}"]
