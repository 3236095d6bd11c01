"""The index of history: which commits touched which record, in SQLite beside the index of the present.

It is as disposable as that one. New commits are added; when HEAD no longer descends from the commit that was
indexed last (a rebase, another branch), only what is on one side and not on the other is dropped or read.
What a version says is kept by its blob, whatever commits hold it, and so is never read twice.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pipecli import __version__
from pipecli.errors import PipecliError
from pipecli.history import commits, touched
from pipecli.history.moments import Tip, tip
from pipecli.history.touched import Blob
from pipecli.history.versions import Version, version_of
from pipecli.store import files, git
from pipecli.store.location import Location

LAYOUT = f"{__version__}/1"
"""Changes whenever the tables do, or what is said of a version."""

_PATIENCE = 60.0
"""Seconds to wait for another command that reads a long history for the first time."""
_MANY = 5000
"""Commits that take seconds to read, so that a person is told."""
_AT_ONCE = 500

_SCHEMA = f"""
CREATE TABLE commits (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, placed INTEGER, generation INTEGER);
CREATE TABLE touched (commit_n INTEGER, {", ".join(touched.Row._fields)});
CREATE INDEX touched_key ON touched (noun, key);
CREATE INDEX touched_was ON touched (noun, was) WHERE was IS NOT NULL;
CREATE INDEX touched_commit ON touched (commit_n);
CREATE TABLE versions (noun TEXT, blob TEXT, {", ".join(Version._fields)}, PRIMARY KEY (noun, blob))
    WITHOUT ROWID;
CREATE INDEX versions_key ON versions (noun, key);
CREATE INDEX versions_link ON versions (link) WHERE link IS NOT NULL;
CREATE TABLE about (layout TEXT, head TEXT, boundary TEXT);
INSERT INTO about VALUES ('{LAYOUT}', '', '');
"""

Say = Callable[[str], None]
T = TypeVar("T")


def open_history(place: Location, say: Say) -> History:
    """The history of a pipeline up to HEAD; in memory when the git directory can't be written.

    `say` tells a person that it takes a while. Raises NoSuchMoment in a repository without commits.
    """
    file = place.cache / "history.sqlite"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        history = History(place, _connect(file))
        history.refresh(say)
    except (sqlite3.DatabaseError, OSError) as error:
        if "locked" in str(error):
            raise PipecliError(
                "another command is reading the history", hint="try again in a minute"
            ) from None
        with suppress(OSError):
            file.unlink(missing_ok=True)  # damaged: the next command reads the history anew
        history = History(place, _connect(Path(":memory:")))
        history.refresh(say)
    return history


def _connect(file: Path) -> sqlite3.Connection:
    """A connection to the index, whose tables are made anew where there are none of this layout."""
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    if _layout(connection) == LAYOUT:
        return connection
    connection.execute("PRAGMA synchronous = OFF")  # lost with the power, it is read again
    with _writing(connection):
        if _layout(connection) != LAYOUT:  # still: another command may have made them meanwhile
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                connection.execute(f"DROP TABLE {table}")
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
    return connection


def _layout(connection: sqlite3.Connection) -> str | None:
    try:
        layout: str = connection.execute("SELECT layout FROM about").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    return layout


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One SQLite transaction, rolled back when anything fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class History:
    """The index of one pipeline's history, as fresh as HEAD when it was opened."""

    def __init__(self, place: Location, connection: sqlite3.Connection) -> None:
        self.place = place
        self.connection = connection
        self.tip = Tip("", False)
        self.boundary: frozenset[str] = frozenset()
        """Where a shallow clone begins: commits whose parents are not here."""

    def refresh(self, say: Say) -> None:
        """Take in what HEAD has and the index has not, and drop what it has no more."""
        self.tip = tip(self.place)
        boundary = _boundary(self.place) if self.tip.is_shallow else ""
        self.boundary = frozenset(boundary.split())
        if self._about() == (self.tip.commit, boundary):
            return
        with _writing(self.connection):
            old, old_boundary = self._about()  # again: another command may have been here meanwhile
            if old_boundary != boundary:  # deepened: what had no parents may have them now
                self.connection.execute("DELETE FROM touched")
                self.connection.execute("DELETE FROM commits")
                old = ""
            self._move(old, say)
            self.connection.execute("UPDATE about SET head = ?, boundary = ?", (self.tip.commit, boundary))

    def versions(self, wanted: Mapping[Blob, str]) -> dict[Blob, Version]:
        """What these blobs say, each given with a path it stands at; those nobody read yet are read now."""
        known = self._known(wanted)
        missing = [blob for blob in wanted if blob not in known]
        if missing:
            with _writing(self.connection):
                self._learn({blob: wanted[blob] for blob in missing})
            known |= self._known(missing)
        return known

    def knows(self, noun: str, key: str) -> bool:
        """Whether any commit touched this record."""
        found = self.connection.execute("SELECT 1 FROM touched WHERE noun = ? AND key = ?", (noun, key))
        return found.fetchone() is not None

    def _about(self) -> tuple[str, str]:
        head, boundary = self.connection.execute("SELECT head, boundary FROM about").fetchone()
        return head, boundary

    def _move(self, old: str, say: Say) -> None:
        """Go from the commit that was indexed last to HEAD, reading only what differs."""
        head = self.tip.commit
        try:
            gone = [each.id for each in commits.listed(self.place, old, head)] if old else []
            new = commits.listed(self.place, head, old)
        except git.GitRefused:  # git has forgotten the old commit
            reached = commits.listed(self.place, head)
            known = {row[0] for row in self.connection.execute("SELECT id FROM commits")}
            gone = list(known.difference(each.id for each in reached))
            new = [each for each in reached if each.id not in known]
        numbers = [(n,) for n in self._numbers(gone).values()]
        self.connection.executemany("DELETE FROM touched WHERE commit_n = ?", numbers)
        self.connection.executemany("DELETE FROM commits WHERE n = ?", numbers)
        if len(new) > _MANY:
            say(f"reading the history of {len(new):,} commits; after this only what is new is read")
        self._place(new)
        for found in commits.touches(self.place, [each.id for each in new]):
            self._add(found)

    def _place(self, new: Sequence[commits.Listed]) -> None:
        """Note the commits, each no earlier than its parents, whatever the clocks of their makers said."""
        places: dict[str, tuple[int, int]] = {}
        for some in _parts([parent for each in new for parent in each.parents]):
            rows = self.connection.execute(
                f"SELECT id, placed, generation FROM commits WHERE id IN ({_marks(some)})", some
            )
            places.update((commit, (placed, generation)) for commit, placed, generation in rows)
        for commit in new:
            before = [places[parent] for parent in commit.parents if parent in places]
            placed = max([commit.committed, *(placed for placed, _ in before)])
            places[commit.id] = placed, 1 + max((generation for _, generation in before), default=0)
        self.connection.executemany(
            "INSERT INTO commits (id, placed, generation) VALUES (?, ?, ?)",
            [(commit.id, *places[commit.id]) for commit in new],
        )

    def _add(self, found: Sequence[commits.Touched]) -> None:
        """Note what commits touched, and learn of the versions they brought."""
        paths = {blob: path for _, touches in found for blob, path in touched.blobs(touches)}
        known = self._known(paths)
        self._learn({blob: path for blob, path in paths.items() if blob not in known})
        keys = {blob: version.key for blob, version in self._known(paths).items()}
        numbers = self._numbers([commit for commit, _ in found])
        self.connection.executemany(
            f"INSERT INTO touched VALUES (?, {_marks(touched.Row._fields)})",
            [(numbers[commit], *row) for commit, touches in found for row in touched.rows(touches, keys)],
        )

    def _numbers(self, ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for some in _parts(ids):
            found.update(
                self.connection.execute(f"SELECT id, n FROM commits WHERE id IN ({_marks(some)})", some)
            )
        return found

    def _known(self, wanted: Iterable[Blob]) -> dict[Blob, Version]:
        by_noun = defaultdict[str, list[str]](list)
        for noun, blob in wanted:
            by_noun[noun].append(blob)
        return {
            (noun, row[1]): Version(*row[2:])
            for noun, blobs in by_noun.items()
            for some in _parts(blobs)
            for row in self.connection.execute(
                f"SELECT * FROM versions WHERE noun = ? AND blob IN ({_marks(some)})", (noun, *some)
            )
        }

    def _learn(self, paths: Mapping[Blob, str]) -> None:
        blobs = list(paths)
        objects = git.objects(self.place.work_tree, [blob for _, blob in blobs], files.LARGEST)
        self.connection.executemany(
            f"INSERT INTO versions VALUES (?, ?, {_marks(Version._fields)})",
            ((*blob, *version_of(paths[blob], each)) for blob, each in zip(blobs, objects, strict=True)),
        )


def _boundary(place: Location) -> str:
    file = git.output(place.work_tree, "rev-parse", "--git-path", "shallow")
    return (place.work_tree / file).read_text()


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in parts that an SQL list can hold."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
