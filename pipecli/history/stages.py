"""Where each deal stood from when on, as the commits from HEAD along first parents say.

What a merge brings counts from the merge on: it is then that this line first said so, as for --as-of.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.history import commits, touched
from pipecli.history.clocks import steady
from pipecli.history.database import writing
from pipecli.history.index import History
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.stays import Place, Sighting


class Seen(NamedTuple):
    """The deals of a line of commits."""

    sightings: dict[str, list[Sighting]]
    """By the id of the deal, each at another stage or of another status than the one before."""
    cut: frozenset[str]
    """The deals that stood in the first commit of a shallow clone, whose past is not here."""
    notes: list[str]
    """What makes this less than the whole story, or other than what the commits say."""


def sightings(history: History, until: str | None, now: datetime, stages: Collection[Place]) -> Seen:
    """Where the deals stood in each commit up to one, None: HEAD; what is dated after `now` counts as of now.

    A stage that was renamed, in one commit in the settings and in its deals, is called as it is in `stages`.
    Raises PipecliError for a commit that is not on the line.
    """
    note_merges(history)
    last = _line_of(history, until)
    times, wrong = _times(history, last, now)
    settings = {line for (line,) in history.connection.execute(_SETTINGS, (last,))}
    found = _Found(stages, settings)
    for row in history.connection.execute(_ROWS, (last,)):
        found.take(*row)
    begin = _begin(history)
    notes = [
        *([f"this clone is shallow: stages before {_day(times, now)} are not known"] if begin else []),
        *([_WRONG_CLOCKS[wrong > 1].format(wrong)] if wrong else []),
        *([_UNREADABLE[found.unreadable > 1].format(found.unreadable)] if found.unreadable else []),
    ]
    return Seen(
        {
            key: [Sighting(times[line - 1], *found.called(where)) for line, where in seen.items()]
            for key, seen in found.seen.items()
        },
        frozenset(key for key, seen in found.seen.items() if begin and not begin.isdisjoint(seen)),
        notes,
    )


_WRONG_CLOCKS = (
    "1 commit with a wrong clock counts as of its neighbour",
    "{} commits with wrong clocks count as of their neighbours",
)
_UNREADABLE = (
    "1 version of a deal can't be read: passed over",
    "{} versions of deals can't be read: passed over",
)


def note_merges(history: History) -> None:
    """Note what each merge on the line brought to it, as far as that is not noted yet."""
    pending = history.connection.execute(_PENDING).fetchall()
    if not pending:
        return
    numbers = {commit: n for n, commit, _ in pending}
    rows = [(n, *[None] * 4) for n in numbers.values()]  # also of one that brought nothing
    for found in commits.touches(history.place, [f"{commit} {parent}" for _, commit, parent in pending]):
        paths = {blob: path for _, touches in found for blob, path in touched.blobs(touches)}
        keys = {blob: version.key for blob, version in history.versions(paths).items()}
        rows += [
            (numbers[commit], row.noun, row.key, row.was, row.after)
            for commit, touches in found
            for row in touched.rows(touches, keys)
        ]
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

# Through the tables as they lie, the joins in this order: by the index of keys every row is somewhere else,
# which takes twice the time.
_ROWS = (
    " UNION ALL ".join(
        f"""SELECT c.line, t.key, t.was, v.process, v.stage, v.status, v.fault FROM {table} t NOT INDEXED
    CROSS JOIN commits c ON c.n = t.commit_n
    CROSS JOIN versions v ON v.noun = t.noun AND v.blob = t.after
    WHERE t.noun = '{OPPORTUNITY.noun}' AND c.line <= ?1 AND c.parents {parents}"""
        for table, parents in (("touched", "< 2"), ("merged", "> 1"))
    )
    + " ORDER BY 1"
)

_SETTINGS = """
SELECT c.line FROM touched t JOIN commits c ON c.n = t.commit_n WHERE t.noun = 'settings' AND c.line <= ?1
UNION SELECT c.line FROM merged m JOIN commits c ON c.n = m.commit_n
WHERE m.noun = 'settings' AND c.line <= ?1"""


class _Found:
    """The deals while the commits of the line are gone through, oldest first."""

    def __init__(self, stages: Collection[Place], settings: Collection[int]) -> None:
        self.seen: dict[str, dict[int, tuple[str, str, str]]] = {}
        """By deal, the line of a commit and the process, stage and status that it brought."""
        self.unreadable = 0
        self._stages = stages
        self._settings = settings
        self._first: dict[Place, int] = {}
        self._renamed: dict[Place, set[Place]] = defaultdict(set)

    def take(
        self, line: int, key: str, was: str | None, process: str, stage: str, status: str, fault: str | None
    ) -> None:
        """One version of a deal; one that is invalid says nothing that could be relied on."""
        if was in self.seen and key not in self.seen:
            self.seen[key] = self.seen.pop(was)
        if fault:
            self.unreadable += 1
            return
        seen = self.seen.setdefault(key, {})
        before, place = next(reversed(seen.values()), None), (process, stage)
        self._first.setdefault(place, line)
        if before and before[:2] != place and line in self._settings and self._first[place] == line:
            self._renamed[before[:2]].add(place)
        if before != (process, stage, status):
            seen[line] = (process, stage, status)

    def called(self, where: tuple[str, str, str]) -> tuple[str, str, str]:
        """A place by its present name: one that is gone, all of whose deals came to one new place at once."""
        if not self._renamed:
            return where
        place, tried = where[:2], set[Place]()
        while place not in self._stages and place not in tried and len(self._renamed.get(place, ())) == 1:
            tried.add(place)
            (place,) = self._renamed[place]
        return *place, where[2]


def _line_of(history: History, commit: str | None) -> int:
    found = history.connection.execute(
        "SELECT line FROM commits WHERE id = ?", (commit or history.tip.commit,)
    ).fetchone()
    if not found or found[0] is None:
        raise PipecliError(
            f"commit {str(commit)[:7]} is not on the line of this branch, along which stages are read",
            hint="check it out, or choose a date",
        )
    line: int = found[0]
    return line


def _times(history: History, last: int, now: datetime) -> tuple[list[int], int]:
    """When each commit of the line counts, in seconds since 1970; the first is at 0."""
    rows = history.connection.execute(
        "SELECT committed FROM commits WHERE line IS NOT NULL AND line <= ? ORDER BY line", (last,)
    )
    times, wrong = steady([seconds for (seconds,) in rows])
    latest = int(now.timestamp())
    return [min(time, latest) for time in times], wrong


def _begin(history: History) -> set[int]:
    """The lines of the commits with which a shallow clone begins."""
    rows = history.connection.execute("SELECT id, line FROM commits WHERE parents = 0 AND line IS NOT NULL")
    return {line for commit, line in rows if commit in history.boundary}


def _day(times: list[int], now: datetime) -> str:
    return f"{datetime.fromtimestamp(times[0], now.tzinfo):%Y-%m-%d}"
