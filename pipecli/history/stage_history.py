"""The commits along first parents to any commit: those of HEAD's line, up to where it leaves that.

What the commits along first parents say of each deal's stage; up to HEAD kept and carried on from there.

What a merge brings counts from the merge on: it is then that this line first said so, as for --as-of.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from pipecli.history import commits
from pipecli.history import commits as touched
from pipecli.history.commits import Blob, Listed, Row, listed
from pipecli.history.index import History, writing
from pipecli.history.version import VersionFacts
from pipecli.records.kinds import OPPORTUNITY, SETTINGS
from pipecli.reports.deals import Place


class FirstParentPath(NamedTuple):
    """The commits that lead to one."""

    line: int
    """The number of the last of them that HEAD has on its line, too; 0 where there is none."""
    beside: list[Listed]
    """Those after it, the oldest first; none when the way ends on the line of HEAD."""


def path_to(history: History, commit: str) -> FirstParentPath:
    """The way to `HEAD`, or to the commit of an id."""
    on_line = line_of(history, history.tip.commit if commit == "HEAD" else commit)
    if on_line:
        return FirstParentPath(on_line, [])
    # What HEAD does not know the index does not: git lists it. The rest of the way is in the index.
    beside = listed(history.place, commit, history.tip.commit, first_parents=True)
    newest_first = beside[::-1]
    at: str | None = next(iter(beside[0].parents), None) if beside else commit
    line: int | None = None
    while at:
        seconds, parent, line = history.connection.execute(
            "SELECT committed, parent, line FROM commits WHERE id = ?", (at,)
        ).fetchone()
        if line is not None:
            break
        newest_first.append(Listed(at, seconds, [parent] if parent else []))
        at = parent
    return FirstParentPath(line or 0, newest_first[::-1])


def line_of(history: History, commit: str) -> int | None:
    """The number of a commit on the line of HEAD; None of one that is not on it."""
    found = history.connection.execute("SELECT line FROM commits WHERE id = ?", (commit,)).fetchone()
    line: int | None = found[0] if found else None
    return line


Position = tuple[str, str, str]
"""A process, a stage and a status."""


class StageHistories:
    """The deals of a line of commits, up to one of them."""

    def __init__(self) -> None:
        self.line = 0
        """The number of the commit up to which the line was read."""
        self.seen: dict[str, dict[int, Position]] = {}
        """By deal, the number of each commit that brought it to another stage or status, and to which."""
        self.unreadable: list[int] = []
        """The commits of versions that can't be read."""
        self._first: dict[Place, int] = {}
        self._renamed: dict[Place, dict[Place, int]] = {}
        """By stage, those to which a commit of settings brought deals of it, and the first such commit."""
        self._called_anew: list[tuple[int, str, str]] = []
        """The commits that gave a deal another id: which, from what, to what."""

    def take(
        self, line: int, key: str, was: str | None, fault: str | None, where: Position, *, with_settings: bool
    ) -> None:
        """One version of a deal; an invalid one says nothing that could be relied on."""
        if was in self.seen and key not in self.seen:
            self.seen[key] = self.seen.pop(was)
            self._called_anew.append((line, was, key))
        if fault:
            self.unreadable.append(line)
            return
        seen = self.seen.setdefault(key, {})
        before, place = next(reversed(seen.values()), None), where[:2]
        is_new = self._first.setdefault(place, line) == line
        if before == where:
            return
        seen[line] = where
        if before and is_new and with_settings and before[:2] != place:
            self._renamed.setdefault(before[:2], {}).setdefault(place, line)

    def called(self, where: Position, stages: Collection[Place]) -> Position:
        """A place by its present name: one that is gone, all of whose deals came to one new place at once."""
        if not self._renamed:
            return where
        place, tried = where[:2], set[Place]()
        while place not in stages and place not in tried and len(self._renamed.get(place, ())) == 1:
            tried.add(place)
            (place,) = self._renamed[place]
        return *place, where[2]

    def as_of(self, last: int) -> StageHistories:
        """What was known when the line ended at an earlier commit."""
        made = StageHistories()
        made.line = last
        seen = dict(self.seen)
        for line, was, key in reversed(self._called_anew):
            if line > last:
                seen[was] = seen.pop(key)
        made.seen = {
            key: kept
            for key, all_ in seen.items()
            if (kept := {line: where for line, where in all_.items() if line <= last})
        }
        made.unreadable = [line for line in self.unreadable if line <= last]
        made._first = {place: line for place, line in self._first.items() if line <= last}
        made._called_anew = [each for each in self._called_anew if each[0] <= last]
        for place, others in self._renamed.items():
            if kept_others := {other: line for other, line in others.items() if line <= last}:
                made._renamed[place] = kept_others
        return made

    def kept(self) -> bytes:
        parts = [self.line, self.seen, self.unreadable, self._first, self._renamed, self._called_anew]
        return marshal.dumps(parts)

    @classmethod
    def of(cls, kept: bytes) -> StageHistories:
        made = cls()
        said: list[Any] = marshal.loads(kept)  # noqa: S302 - our own, in the git directory
        made.line, made.seen, made.unreadable, made._first, made._renamed, made._called_anew = said
        return made


def stage_histories(history: History, way: FirstParentPath) -> StageHistories:
    """The courses of all deals along a way."""
    made = _of_the_line(history)
    if way.line < made.line:
        made = made.as_of(way.line)
    _go_beside(history, made, way.beside)
    return made


def _of_the_line(history: History) -> StageHistories:
    """The courses up to HEAD."""
    _note_merges(history)
    query = history.connection.execute
    head, kept = query("SELECT head, kept FROM courses").fetchone() or ("", None)
    made = StageHistories.of(kept) if kept else StageHistories()
    if made.line != (line_of(history, head) or 0):
        made = StageHistories()  # HEAD did not go on from there, or there is more before it
    elif head == history.tip.commit:
        return made
    settings = {line for (line,) in query(_SETTINGS, (made.line,))}
    for line, key, was, fault, *where in query(_ROWS[made.line > 0], (made.line,)):
        made.take(line, key, was, fault, (where[0], where[1], where[2]), with_settings=line in settings)
    made.line = line_of(history, history.tip.commit) or 0
    with suppress(sqlite3.OperationalError), writing(history.connection):  # kept, unless it is read-only
        query("DELETE FROM courses")
        query("INSERT INTO courses VALUES (?, ?)", (history.tip.commit, made.kept()))
    return made


def _go_beside(history: History, made: StageHistories, beside: Sequence[commits.Listed]) -> None:
    """Go on along commits that are not on the line."""
    numbers = {each.id: number for number, each in enumerate(beside, made.line + 1)}
    pairs = [(each.id, next(iter(each.parents), "")) for each in beside]
    for commit, rows, versions in _brought(history, pairs):
        with_settings = any(row.noun == SETTINGS.noun for row in rows)
        for row in rows:
            if row.noun == OPPORTUNITY.noun and row.after:
                each = versions[row.noun, row.after]
                where = (each.process or "", each.stage or "", each.status or "")
                made.take(numbers[commit], row.key, row.was, each.fault, where, with_settings=with_settings)
    made.line += len(beside)


def _brought(
    history: History, pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, list[Row], Mapping[Blob, VersionFacts]]]:
    """What each commit has that its first parent, which is given with it, has not; and what that says."""
    for found in commits.touches(history.place, [f"{commit} {parent}".strip() for commit, parent in pairs]):
        versions = history.versions(
            {blob: path for _, touches in found for blob, path in touched.blobs(touches)}
        )
        keys = {blob: version.key for blob, version in versions.items()}
        for commit, touches in found:
            yield commit, touched.rows(touches, keys), versions


def _note_merges(history: History) -> None:
    """Note what each merge on the line brought to it, as far as that is not noted yet."""
    pending = history.connection.execute(_PENDING).fetchall()
    if not pending:
        return
    numbers = {commit: n for n, commit, _ in pending}
    rows = [(n, *[None] * 4) for n in numbers.values()]  # also of one that brought nothing
    for commit, brought, _ in _brought(history, [(commit, parent) for _, commit, parent in pending]):
        rows += [(numbers[commit], row.noun, row.key, row.was, row.after) for row in brought]
    try:
        with writing(history.connection):
            history.connection.executemany(_NOTE, rows)
    except sqlite3.OperationalError:  # it is read-only: noted for this once
        history.connection.execute("CREATE TEMP TABLE merged AS SELECT * FROM main.merged")
        history.connection.executemany(_NOTE, rows)


_NOTE = "INSERT INTO merged VALUES (?, ?, ?, ?, ?)"

_PENDING = """
SELECT n, id, parent FROM commits
WHERE line IS NOT NULL AND parents > 1 AND n NOT IN (SELECT commit_n FROM merged)"""


def _rows(order: str) -> str:
    return " UNION ALL ".join(
        f"""SELECT c.line, t.key, t.was, v.fault, v.process, v.stage, v.status FROM {order.format(table)}
        CROSS JOIN versions v ON v.noun = t.noun AND v.blob = t.after
        WHERE t.noun = '{OPPORTUNITY.noun}' AND c.line > ?1 AND c.parents {parents}"""
        for table, parents in (("touched", "< 2"), ("merged", "> 1"))
    )


# All of it through the tables as they lie: by an index every row is somewhere else, and takes twice the time.
_ROWS = [
    f"{_rows(order)} ORDER BY 1"
    for order in (
        "{} t NOT INDEXED CROSS JOIN commits c ON c.n = t.commit_n",
        "commits c CROSS JOIN {} t ON t.commit_n = c.n",
    )
]

_SETTINGS = " UNION ".join(
    f"""SELECT c.line FROM {table} t JOIN commits c ON c.n = t.commit_n
    WHERE t.noun = 'settings' AND c.line > ?1"""
    for table in ("touched", "merged")
)
