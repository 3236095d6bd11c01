"""The stages and statuses of deals in the commits along first parents.

Those up to HEAD are kept in the index of history and carried on from there; the path to another commit goes
along HEAD's line up to where it leaves that. The changes of a merge count from it on, as for --as-of.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from pipecli.history import commits
from pipecli.history.commits import Blob, ListedCommit, RecordChange, listed_commits
from pipecli.history.history_index import History
from pipecli.history.version_facts import VersionFacts
from pipecli.records.kinds import OPPORTUNITY, SETTINGS
from pipecli.reports.deal import StageKey
from pipecli.store.index.index import writing


class FirstParentPath(NamedTuple):
    """The commits along first parents that lead to one."""

    line: int
    """The number of the last of them that HEAD has on its line, too; 0 where there is none."""
    beside: list[ListedCommit]
    """Those after it, the oldest first; none when the path ends on the line of HEAD."""


def path_to(history: History, commit: str) -> FirstParentPath:
    """The path to `HEAD`, or to the commit of an id."""
    on_line = line_number(history, history.tip.commit if commit == "HEAD" else commit)
    if on_line:
        return FirstParentPath(on_line, [])
    # What HEAD does not know the index does not: git lists it. The rest of the path is in the index.
    beside = listed_commits(history.location, commit, history.tip.commit, first_parents=True)
    newest_first = beside[::-1]
    at: str | None = next(iter(beside[0].parents), None) if beside else commit
    line: int | None = None
    while at:
        seconds, parent, line = history.connection.execute(
            "SELECT committed, parent, line FROM commits WHERE id = ?", (at,)
        ).fetchone()
        if line is not None:
            break
        newest_first.append(ListedCommit(at, seconds, [parent] if parent else []))
        at = parent
    return FirstParentPath(line or 0, newest_first[::-1])


def line_number(history: History, commit: str) -> int | None:
    """The number of a commit on the line of HEAD; None of one that is not on it."""
    row = history.connection.execute("SELECT line FROM commits WHERE id = ?", (commit,)).fetchone()
    line: int | None = row[0] if row else None
    return line


Position = tuple[str, str, str]
"""A process, a stage and a status."""


class StagesByCommit:
    """The positions of deals along a line of commits, up to one of them."""

    def __init__(self) -> None:
        self.line = 0
        """The number of the commit up to which the line was read."""
        self.seen: dict[str, dict[int, Position]] = {}
        """By deal, the number of each commit that brought it to another stage or status, and to which."""
        self.unreadable: list[int] = []
        """The commits of versions that can't be read."""
        self._first: dict[StageKey, int] = {}
        self._renamed: dict[StageKey, dict[StageKey, int]] = {}
        """By stage, those to which a commit of settings brought deals of it, and the first such commit."""
        self._rekeyed: list[tuple[int, str, str]] = []
        """The commits that gave a deal another id: their number, the old id, the new one."""

    def take(
        self, line: int, key: str, was: str | None, fault: str | None, where: Position, *, with_settings: bool
    ) -> None:
        """One version of a deal; an invalid one says nothing that could be relied on."""
        if was in self.seen and key not in self.seen:
            self.seen[key] = self.seen.pop(was)
            self._rekeyed.append((line, was, key))
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

    def as_called_now(self, where: Position, stages: Collection[StageKey]) -> Position:
        """A place by its present name: one that is gone, all of whose deals came to one new place at once."""
        if not self._renamed:
            return where
        place, tried = where[:2], set[StageKey]()
        while place not in stages and place not in tried and len(self._renamed.get(place, ())) == 1:
            tried.add(place)
            (place,) = self._renamed[place]
        return *place, where[2]

    def as_of(self, last: int) -> StagesByCommit:
        """The positions as they were when the line ended at an earlier commit."""
        earlier = StagesByCommit()
        earlier.line = last
        seen = dict(self.seen)
        for line, was, key in reversed(self._rekeyed):
            if line > last:
                seen[was] = seen.pop(key)
        earlier.seen = {
            key: kept
            for key, positions in seen.items()
            if (kept := {line: where for line, where in positions.items() if line <= last})
        }
        earlier.unreadable = [line for line in self.unreadable if line <= last]
        earlier._first = {place: line for place, line in self._first.items() if line <= last}
        earlier._rekeyed = [renaming for renaming in self._rekeyed if renaming[0] <= last]
        for place, others in self._renamed.items():
            if kept_others := {other: line for other, line in others.items() if line <= last}:
                earlier._renamed[place] = kept_others
        return earlier

    def kept(self) -> bytes:
        return marshal.dumps(vars(self))

    @classmethod
    def of(cls, kept: bytes) -> StagesByCommit:
        stages = cls()
        vars(stages).update(marshal.loads(kept))  # noqa: S302 - our own, in the git directory
        return stages


def stages_by_commit(history: History, path: FirstParentPath) -> StagesByCommit:
    """The positions of all deals along a path."""
    stages = _of_the_line(history)
    if path.line < stages.line:
        stages = stages.as_of(path.line)
    _go_beside(history, stages, path.beside)
    return stages


def _of_the_line(history: History) -> StagesByCommit:
    """Those up to HEAD."""
    _note_merges(history)
    query = history.connection.execute
    head, kept = query("SELECT head, kept FROM stage_histories").fetchone() or ("", None)
    stages = StagesByCommit.of(kept) if kept else StagesByCommit()
    if stages.line != (line_number(history, head) or 0):
        stages = StagesByCommit()  # HEAD did not go on from there, or there is more before it
    elif head == history.tip.commit:
        return stages
    settings = {line for (line,) in query(_SETTINGS, (stages.line,))}
    for line, key, was, fault, *where in query(_ROWS[stages.line > 0], (stages.line,)):
        stages.take(line, key, was, fault, (where[0], where[1], where[2]), with_settings=line in settings)
    stages.line = line_number(history, history.tip.commit) or 0
    with suppress(sqlite3.OperationalError), writing(history.connection):  # kept, unless it is read-only
        query("DELETE FROM stage_histories")
        query("INSERT INTO stage_histories VALUES (?, ?)", (history.tip.commit, stages.kept()))
    return stages


def _go_beside(history: History, stages: StagesByCommit, beside: Sequence[ListedCommit]) -> None:
    """Go on along commits that are not on HEAD's line."""
    numbers = {commit.id: number for number, commit in enumerate(beside, stages.line + 1)}
    pairs = [(commit.id, next(iter(commit.parents), "")) for commit in beside]
    for commit_id, changes, versions in _changes_to_first_parents(history, pairs):
        with_settings = any(change.noun == SETTINGS.noun for change in changes)
        for change in changes:
            if change.noun == OPPORTUNITY.noun and change.after:
                facts = versions[change.noun, change.after]
                position = (facts.process or "", facts.stage or "", facts.status or "")
                stages.take(
                    numbers[commit_id],
                    change.key,
                    change.was,
                    facts.fault,
                    position,
                    with_settings=with_settings,
                )
    stages.line += len(beside)


def _changes_to_first_parents(
    history: History, pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, list[RecordChange], Mapping[Blob, VersionFacts]]]:
    """The changes of each commit to its first parent, given with it, and the facts of their versions."""
    for changes in commits.file_changes(
        history.location, [f"{commit} {parent}".strip() for commit, parent in pairs]
    ):
        versions = history.versions(
            {blob: path for _, files in changes for blob, path in commits.blobs_of(files)}
        )
        keys = {blob: version.key for blob, version in versions.items()}
        for commit, files in changes:
            yield commit, commits.record_changes(files, keys), versions


def _note_merges(history: History) -> None:
    """Note the changes of each merge to its first parent, as far as they are not noted yet."""
    pending = history.connection.execute(_PENDING).fetchall()
    if not pending:
        return
    numbers = {commit: n for n, commit, _ in pending}
    rows = [(n, *[None] * 4) for n in numbers.values()]  # also of one that brought nothing
    for commit, brought, _ in _changes_to_first_parents(
        history, [(commit, parent) for _, commit, parent in pending]
    ):
        rows += [(numbers[commit], row.noun, row.key, row.was, row.after) for row in brought]
    try:
        with writing(history.connection):
            history.connection.executemany(_NOTE, rows)
    except sqlite3.OperationalError:  # it is read-only: noted for this once
        history.connection.execute("CREATE TEMP TABLE merge_changes AS SELECT * FROM main.merge_changes")
        history.connection.executemany(_NOTE, rows)


_NOTE = "INSERT INTO merge_changes VALUES (?, ?, ?, ?, ?)"

_PENDING = """
SELECT n, id, parent FROM commits
WHERE line IS NOT NULL AND parents > 1 AND n NOT IN (SELECT commit_n FROM merge_changes)"""


def _rows(order: str) -> str:
    return " UNION ALL ".join(
        f"""SELECT c.line, t.key, t.was, v.fault, v.process, v.stage, v.status FROM {order.format(table)}
        CROSS JOIN versions v ON v.noun = t.noun AND v.blob = t.after
        WHERE t.noun = '{OPPORTUNITY.noun}' AND c.line > ?1 AND c.parents {parents}"""
        for table, parents in (("record_changes", "< 2"), ("merge_changes", "> 1"))
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
    for table in ("record_changes", "merge_changes")
)
