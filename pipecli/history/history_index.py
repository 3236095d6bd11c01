"""The index of history: the commits that changed each record, in SQLite beside the index of the present.

It is as disposable as that one. New commits are added; when HEAD no longer descends from the commit that was
indexed last (a rebase, another branch), only what is on one side and not on the other is dropped or read.
What a version says is kept by its blob, whatever commits hold it, and so is never read twice.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from zlib import crc32

from pipecli import __version__
from pipecli.errors import PipecliError
from pipecli.history import commits
from pipecli.history.commit_as_of import FirstParentLine, Tip, line_of_git, tip
from pipecli.history.commits import Blob
from pipecli.history.version_facts import CONTENT_ABSENT, VersionFacts, facts_of
from pipecli.store import git, safe_files
from pipecli.store.index.index import DAMAGED, is_sealed, writing
from pipecli.store.index.views_and_functions import marks
from pipecli.store.location import Location
from pipecli.store.second_process import parts

_PATIENCE = 60.0
"""Seconds to wait for another command that reads a long history for the first time."""

_SCHEMA = f"""
CREATE TABLE commits (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, parent TEXT, parents INTEGER,
    committed INTEGER, placed INTEGER, generation INTEGER, line INTEGER);
CREATE INDEX commits_line ON commits (line, committed, id) WHERE line IS NOT NULL;
CREATE TABLE record_changes (commit_n INTEGER, {", ".join(commits.RecordChange._fields)});
CREATE INDEX record_changes_key ON record_changes (noun, key);
CREATE INDEX record_changes_was ON record_changes (noun, was) WHERE was IS NOT NULL;
CREATE INDEX record_changes_commit ON record_changes (commit_n);
CREATE TABLE merge_changes (commit_n INTEGER, noun, key, was, after);
CREATE INDEX merge_changes_commit ON merge_changes (commit_n);
CREATE TABLE stage_histories (head TEXT, kept BLOB);
CREATE TABLE versions (noun TEXT, blob TEXT, {", ".join(VersionFacts._fields)}, PRIMARY KEY (noun, blob))
    WITHOUT ROWID;
CREATE INDEX versions_key ON versions (noun, key);
CREATE INDEX versions_link ON versions (link) WHERE link IS NOT NULL;
CREATE TABLE snapshots (n INTEGER PRIMARY KEY, tree TEXT UNIQUE, deals BLOB);
CREATE TABLE about (layout TEXT, head TEXT, boundary TEXT);
"""

LAYOUT = f"{__version__}/{crc32(_SCHEMA.encode()):08x}"
"""Changes whenever the tables do: an index of another layout is made anew."""


def connect(file: Path) -> sqlite3.Connection:
    """A connection to the index, whose tables are made anew where there are none of this layout."""
    connection = _connect(file)
    connection.execute("BEGIN")  # no writer is at work while its seal is looked at
    try:
        layout, is_whole = _layout(connection), is_sealed(file)
    finally:
        connection.rollback()
    if layout == LAYOUT and is_whole:
        return connection
    connection.close()
    if layout and not is_whole:  # one that another command is making has no tables yet: that is waited for
        file.unlink(missing_ok=True)
    connection = _connect(file)
    with writing(connection):
        if _layout(connection) != LAYOUT:  # still: another command may have made them meanwhile
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                connection.execute(f"DROP TABLE {table}")
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute("INSERT INTO about VALUES (?, '', '')", (LAYOUT,))
    return connection


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # lost with the power, it is read again
    return connection


def _layout(connection: sqlite3.Connection) -> str | None:
    try:
        layout: str = connection.execute("SELECT layout FROM about").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    return layout


_MANY = 5000
"""Commits that take seconds to read, so that a person is told."""
_AT_ONCE = 5000
_SNAPSHOTS = 16
"""The number of snapshots that are kept; a year of 10,000 deals takes a megabyte."""

Say = Callable[[str], None]


def open_history(location: Location, say: Say) -> History:
    """The history of a pipeline up to HEAD; in memory when the git directory can't be written.

    `say` tells a person that it takes a while. Raises NoSuchMoment in a repository without commits.
    """
    file = location.cache / "history.sqlite"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        history = History(location, connect(file))
        history.refresh(say)
    except (*DAMAGED, OSError) as error:
        if "locked" in str(error):
            raise PipecliError(
                "another command is reading the history", hint="try again in a minute"
            ) from None
        with suppress(OSError):
            file.unlink(missing_ok=True)  # damaged: the next command reads the history anew
        history = History(location, connect(Path(":memory:")))
        history.refresh(say)
    if history.tip.replaced:
        say(f"warning: {history.tip.replaced}")
    return history


def first_parent_line(location: Location) -> FirstParentLine:
    """The commits from HEAD along first parents: those of the index where it is up to date, else git's."""
    file = location.cache / "history.sqlite"
    with suppress(*DAMAGED, OSError):
        if file.exists():
            known = History(location, connect(file))
            if known.is_up_to_date():
                return known.line
    return line_of_git(location)


class History:
    """The index of one pipeline's history, as fresh as HEAD when it was opened."""

    def __init__(self, location: Location, connection: sqlite3.Connection) -> None:
        self.location = location
        self.connection = connection
        self.tip = Tip("", False)
        self.boundary: frozenset[str] = frozenset()
        """Where a shallow clone begins: commits whose parents are not here."""

    def is_up_to_date(self) -> bool:
        """True where there is nothing to take in or to drop."""
        self.tip = tip(self.location)
        self.boundary = frozenset()
        if self.tip.is_shallow:
            file = git.output(self.location.work_tree, "rev-parse", "--git-path", "shallow")
            self.boundary = frozenset((self.location.work_tree / file).read_text().split())
        return self._about() == (self.tip.commit, " ".join(sorted(self.boundary)))

    def refresh(self, say: Say) -> None:
        """Take in what HEAD has and the index has not, and drop what it has no more."""
        if self.is_up_to_date():
            return
        boundary = " ".join(sorted(self.boundary))
        with writing(self.connection):
            old, old_boundary = self._about()  # again: another command may have been here meanwhile
            if old_boundary != boundary:  # deepened: what had no parents may have them now
                for table in ("record_changes", "merge_changes", "stage_histories", "commits"):
                    self.connection.execute(f"DELETE FROM {table}")
                old = ""
            self._move(old, say)
            self.connection.execute("UPDATE about SET head = ?, boundary = ?", (self.tip.commit, boundary))

    def versions(self, wanted: Mapping[Blob, str]) -> dict[Blob, VersionFacts]:
        """The facts of these blobs, each given with its path; those that are not known yet are read now."""
        known = self._known(wanted)
        missing = {blob: path for blob, path in wanted.items() if blob not in known}
        if missing:
            learned = self._read(missing)
            with suppress(sqlite3.OperationalError), writing(self.connection):  # kept, unless it is read-only
                self._keep(learned)
            known |= learned
        return known

    @cached_property
    def line(self) -> FirstParentLine:
        """The commits from HEAD along first parents."""
        query = self.connection.execute
        dates = query("SELECT committed FROM commits WHERE line IS NOT NULL ORDER BY line").fetchall()

        def id_at(place: int) -> str:
            commit: str = query("SELECT id FROM commits WHERE line = ?", (place + 1,)).fetchone()[0]
            return commit

        return FirstParentLine([seconds for (seconds,) in dates], id_at)

    def knows(self, noun: str, key: str) -> bool:
        """True of a record that any commit changed."""
        rows = self.connection.execute("SELECT 1 FROM record_changes WHERE noun = ? AND key = ?", (noun, key))
        return rows.fetchone() is not None

    def snapshot(self, tree: str) -> dict[str, tuple[str | None, ...]] | None:
        """The facts of the deals in a tree by their ids, where it was asked for before."""
        row = self.connection.execute("SELECT deals FROM snapshots WHERE tree = ?", (tree,)).fetchone()
        return marshal.loads(row[0]) if row else None  # noqa: S302 - our own, in the git directory

    def keep_snapshot(self, tree: str, deals: dict[str, tuple[str | None, ...]]) -> None:
        """Keep what took a look at every deal, for the next question about the same moment."""
        with suppress(sqlite3.OperationalError), writing(self.connection):
            self.connection.execute(
                "INSERT OR REPLACE INTO snapshots (tree, deals) VALUES (?, ?)", (tree, marshal.dumps(deals))
            )
            self.connection.execute(
                "DELETE FROM snapshots WHERE n <= (SELECT max(n) FROM snapshots) - ?", (_SNAPSHOTS,)
            )

    def _about(self) -> tuple[str, str]:
        head, boundary = self.connection.execute("SELECT head, boundary FROM about").fetchone()
        return head, boundary

    def _move(self, old: str, say: Say) -> None:
        """Go from the commit that was indexed last to HEAD, reading only what differs."""
        head = self.tip.commit
        try:
            gone = [commit.id for commit in commits.listed_commits(self.location, old, head)] if old else []
            new = commits.listed_commits(self.location, head, old)
        except git.GitRefused:  # git has forgotten the old commit
            reached = commits.listed_commits(self.location, head)
            known = {row[0] for row in self.connection.execute("SELECT id FROM commits")}
            gone = list(known.difference(commit.id for commit in reached))
            new = [commit for commit in reached if commit.id not in known]
        numbers = [(n,) for n in self._numbers(gone).values()]
        for named in ("record_changes WHERE commit_n", "merge_changes WHERE commit_n", "commits WHERE n"):
            self.connection.executemany(f"DELETE FROM {named} = ?", numbers)
        if len(new) > _MANY:
            say(f"reading the history of {len(new):,} commits; after this only what is new is read")
        self._add_commits(new)
        self._line_up()
        for changes in commits.file_changes(self.location, [commit.id for commit in new]):
            self._add(changes)

    def _add_commits(self, new: Sequence[commits.ListedCommit]) -> None:
        """Note the commits, each no earlier than its parents, whatever the clocks of their makers said."""
        places: dict[str, tuple[int, int]] = {}
        for part in parts([parent for commit in new for parent in commit.parents], _AT_ONCE):
            rows = self.connection.execute(
                f"SELECT id, placed, generation FROM commits WHERE id IN ({marks(part)})", part
            )
            places.update((commit, (placed, generation)) for commit, placed, generation in rows)
        for commit in new:
            before = [places[parent] for parent in commit.parents if parent in places]
            placed = max([commit.committed, *(placed for placed, _ in before)])
            places[commit.id] = placed, 1 + max((generation for _, generation in before), default=0)
        placed_rows = (
            (id_, next(iter(parents), None), len(parents), committed, *places[id_])
            for id_, committed, parents in new
        )
        self.connection.executemany(
            "INSERT INTO commits (id, parent, parents, committed, placed, generation) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            placed_rows,
        )

    def _line_up(self) -> None:
        """Number the commits from HEAD along first parents, down to where they are numbered already."""
        chain, reached = list[str](), 0
        at: str | None = self.tip.commit
        while at:
            parent, line = self.connection.execute(
                "SELECT parent, line FROM commits WHERE id = ?", (at,)
            ).fetchone() or (None, None)
            if line is not None:
                reached = line
                break
            chain.append(at)
            at = parent
        self.connection.execute("UPDATE commits SET line = NULL WHERE line > ?", (reached,))
        self.connection.executemany(
            "UPDATE commits SET line = ? WHERE id = ?", enumerate(reversed(chain), reached + 1)
        )

    def _add(self, changes: Sequence[commits.CommitChanges]) -> None:
        """Note the record changes of commits, and the facts of the versions they brought."""
        gone = {
            commit: {number: commits.removed_files(self.location, commit, number) for number in apart}
            for commit, files in changes
            if (apart := commits.parents_lacking_files(files))
        }
        paths = {blob: path for _, files in changes for blob, path in commits.blobs_of(files)}
        for sides in gone.values():
            paths |= {(commits.noun_at(path), blob): path for files in sides.values() for path, blob in files}
        known = self._known(paths)
        learned = self._read({blob: path for blob, path in paths.items() if blob not in known})
        self._keep(learned)
        keys = {blob: version.key for blob, version in (known | learned).items()}
        numbers = self._numbers([commit for commit, _ in changes])
        rows: list[tuple[object, ...]] = []
        for commit, files in changes:
            whole = commits.with_moved_files(files, gone.get(commit, {}), keys)
            rows += [(numbers[commit], *row) for row in commits.record_changes(whole, keys)]
        self.connection.executemany(
            f"INSERT INTO record_changes VALUES (?, {marks(commits.RecordChange._fields)})", rows
        )

    def _numbers(self, ids: Sequence[str]) -> dict[str, int]:
        numbers: dict[str, int] = {}
        for part in parts(ids, _AT_ONCE):
            numbers.update(
                self.connection.execute(f"SELECT id, n FROM commits WHERE id IN ({marks(part)})", part)
            )
        return numbers

    def _known(self, wanted: Iterable[Blob]) -> dict[Blob, VersionFacts]:
        by_noun = defaultdict[str, list[str]](list)
        for noun, blob in wanted:
            by_noun[noun].append(blob)
        return {
            (noun, row[1]): VersionFacts._make(row[2:])
            for noun, blobs in by_noun.items()
            for part in parts(blobs, _AT_ONCE)
            for row in self.connection.execute(
                f"SELECT * FROM versions WHERE noun = ? AND blob IN ({marks(part)})", (noun, *part)
            )
        }

    def _read(self, paths: Mapping[Blob, str]) -> dict[Blob, VersionFacts]:
        """The facts of blobs, each given with its path, read from git."""
        blobs = [blob for _, blob in paths]
        objects = git.objects(self.location.work_tree, blobs, safe_files.LARGEST, may_lack=True)
        pairs = zip(paths.items(), objects, strict=True)
        return {blob: facts_of(path, object_) for (blob, path), object_ in pairs}

    def _keep(self, versions: Mapping[Blob, VersionFacts]) -> None:
        self.connection.executemany(
            f"INSERT OR IGNORE INTO versions VALUES (?, ?, {marks(VersionFacts._fields)})",
            # what is not here may be fetched one day
            ((*blob, *version) for blob, version in versions.items() if version.fault != CONTENT_ABSENT),
        )
