"""The history of a record: each commit that touched it or what belongs to it, newest first, in events.

Everything is read from the content of commits: a hand edit, a revert or a squash counts like a command. Also
when quotations were sent, and what they were while their deal was open, where files don't say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.history.commits import Commit, RecordChange, parse_commit
from pipecli.history.events_in_words import Event, RecordVersion, events_between, first_fields
from pipecli.history.history_index import History
from pipecli.records.kinds import BY_PREFIX, INVOICE, LEAD, ORDER, QUOTATION, SUPPLIER_QUOTATION, Kind
from pipecli.store import git, safe_files
from pipecli.store.index.views_and_functions import marks
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.papers import Quotation
    from pipecli.store.pipeline import Pipeline

Name = tuple[str, str]
"""The noun and key of a record."""

BELONGING = (QUOTATION, SUPPLIER_QUOTATION, ORDER, INVOICE, LEAD)
"""The kinds of record whose story belongs to that of an opportunity."""


class LogEntry(NamedTuple):
    """The events of one record in one commit."""

    commit: Commit
    noun: str
    key: str
    file: str
    events: list[Event]


def history_of(history: History, name: Name, *, only: bool = False, field: str = "") -> list[LogEntry]:
    """The history of a record, newest first; with an opportunity come its documents and its lead.

    `only`: itself; `field`: only what happened to that field or below it.
    """
    names = [name] if only else [name, *_belonging(history, name)]
    changes = _changes_of(history, names)
    story = _Story(history, [row for _, row in changes], [commit for commit, _ in changes])
    entries = []
    for commit, row in changes:
        happened = story.events_of(commit, row, field)
        if happened:
            entries.append(LogEntry(story.commits[commit], row.noun, row.key, row.path, happened))
    return entries


class RecordStep(NamedTuple):
    """The events of one record in one commit, and the version after it."""

    commit: Commit
    noun: str
    key: str
    after: RecordVersion | None
    """None where it is gone, or can't be read."""
    events: list[Event]


def steps_of(history: History, commits: Sequence[str], kinds: Sequence[Kind]) -> Iterator[RecordStep]:
    """The events of the records of some kinds in commits, in the order in which the commits are given.

    Where a shallow clone begins nobody can tell what a commit did: it is passed over.
    """
    places = {commit: place for place, commit in enumerate(commits) if commit not in history.boundary}
    nouns = {kind.noun for kind in kinds}
    changes = [(commit, row) for commit, row in _changes_in(history, places) if row.noun in nouns]
    changes.sort(key=lambda change: places[change[0]])
    befores = {(row.noun, blob): row.path for _, row in changes for blob in _befores(row) if blob}
    broken = {blob for blob, version in history.versions(befores).items() if version.fault}
    # What a version that can't be read is compared with lies further back than these commits.
    names = {
        (row.noun, row.key) for _, row in changes if broken & {(row.noun, blob) for blob in _befores(row)}
    }
    story = _Story(history, [row for _, row in [*changes, *_changes_of(history, names)]], list(places))
    for commit, row in changes:
        after, events = story.version(row, row.after), story.events_of(commit, row, "")
        yield RecordStep(story.commits[commit], row.noun, row.key, after, events)


def last_changes(history: History, kinds: Sequence[Kind]) -> dict[str, datetime]:
    """When each record of these kinds was last committed; never before the commits that led to it."""
    rows = history.connection.execute(
        "SELECT t.key, max(c.placed) FROM record_changes t JOIN commits c ON c.n = t.commit_n "
        f"WHERE t.noun IN ({marks(kinds)}) GROUP BY t.key",
        [kind.noun for kind in kinds],
    )
    return {key: datetime.fromtimestamp(seconds, UTC) for key, seconds in rows}


def document_named(history: History, text: str) -> Name | None:
    """The document that has just this id; None for what isn't a whole id, and for one no commit has."""
    kind = BY_PREFIX.get(text.rpartition("-")[0])
    return (kind.noun, text) if kind and history.knows(kind.noun, text) else None


def names_like(history: History, text: str) -> list[Name]:
    """Records that history knows by a key or its beginning, those that are gone among them."""
    known: list[Name] = history.connection.execute("SELECT DISTINCT noun, key FROM record_changes").fetchall()
    wanted = text.upper()
    exact = [name for name in known if name[1].upper() == wanted]
    return exact or [name for name in known if f"-{wanted}" in f"-{name[1]}"]


def _belonging(history: History, name: Name) -> list[Name]:
    """The records whose story belongs to that of an opportunity, whenever they did."""
    noun, key = name
    if noun != "opportunity":
        return []
    documents = history.connection.execute(
        "SELECT DISTINCT noun, key FROM versions "
        "WHERE link = ? AND noun <> 'opportunity' AND key IS NOT NULL",
        (key,),
    )
    leads = history.connection.execute(
        "SELECT DISTINCT 'lead', link FROM versions INDEXED BY versions_key "
        "WHERE noun = ? AND key = ? AND link IS NOT NULL",
        name,
    )
    return [*documents, *leads]


_TOUCHING = " UNION ALL ".join(
    f"SELECT c.id, c.placed, c.generation, {', '.join(f't.{name}' for name in RecordChange._fields)} "
    f"FROM record_changes t INDEXED BY record_changes_{column} JOIN commits c ON c.n = t.commit_n "
    f"WHERE t.noun = ?1 AND t.{column} = ?2"
    for column in ("key", "was")
)


def _changes_in(history: History, commits: Iterable[str]) -> Iterator[tuple[str, RecordChange]]:
    """The records that commits touched, each with its commit."""
    query = (
        f"SELECT {', '.join(f't.{name}' for name in RecordChange._fields)} "
        "FROM commits c JOIN record_changes t ON t.commit_n = c.n WHERE c.id = ?"
    )
    for commit in commits:
        for values in history.connection.execute(query, (commit,)):
            yield commit, RecordChange(*values)


def _changes_of(history: History, names: Iterable[Name]) -> list[tuple[str, RecordChange]]:
    """The commits that touched these records, newest first, under earlier keys too."""
    wanted, seen = list(names), set[Name]()
    rows: dict[tuple[str, RecordChange], tuple[int, int, str]] = {}
    while wanted:
        noun, key = name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        for commit, placed, generation, *values in history.connection.execute(_TOUCHING, (noun, key)):
            row = RecordChange(*values)
            rows[commit, row] = (placed, generation, commit)
            if row.was:
                wanted.append((noun, row.was))
    return sorted(rows, key=lambda change: (rows[change], change[1].noun == "opportunity"), reverse=True)


class _Story:
    """The versions of some records and the commits between them, read from git at once."""

    def __init__(self, history: History, rows: Sequence[RecordChange], commits: Sequence[str]) -> None:
        blobs = {(row.noun, blob): row.path for row in rows for blob in (*_befores(row), row.after) if blob}
        self.boundary = history.boundary
        self.versions = history.versions(blobs)
        self.earlier = {(row.noun, row.after): _befores(row) for row in rows if row.after}
        wanted = list(dict.fromkeys([*commits, *(blob for _, blob in blobs)]))
        self.contents: Mapping[str, bytes | None] = {
            object_.id: object_.content
            for object_ in git.objects(history.location.work_tree, wanted, safe_files.LARGEST, may_lack=True)
        }
        self.commits = {commit: parse_commit(commit, self.contents[commit] or b"") for commit in commits}

    def events_of(self, commit: str, row: RecordChange, field: str) -> list[Event]:
        """The events of one record in one commit; of a merge those that none of its sides had."""
        after = self.version(row, row.after)
        befores = [self._readable(row, blob) for blob in _befores(row) if blob] or [None]
        if row.after and after is None:
            happened = [Event("unreadable", None, None, f"unreadable here: {self._fault(row)}")]
        elif commit in self.boundary:
            happened = [Event("created", None, None, f"{row.noun} {row.key}: older than this shallow clone")]
        elif row.after is None and befores == [None] and not _is_merge(row):
            gone = f"{row.noun} {row.key} removed, which could not be read"
            happened = [Event("removed", None, None, gone)]
        else:
            happened = events_between(befores[0], after)
            for before in befores[1:]:
                places = {(event.field, str(event.after)) for event in events_between(before, after)}
                happened = [event for event in happened if (event.field, str(event.after)) in places]
        if field:
            is_new = befores == [None] and commit not in self.boundary
            began = first_fields(after) if after and is_new else []
            return [event for event in [*happened, *began] if f"{event.field}.".startswith(f"{field}.")]
        return [*happened, *self._about_file(row, bool(happened)), *self._invalid(row, after)]

    def _about_file(self, row: RecordChange, has_events: bool) -> list[Event]:
        if row.old_path:
            return [Event("file", row.old_path, row.path, f"file moved: {row.old_path} → {row.path}")]
        if has_events or _is_merge(row):
            return []
        return [Event("file", row.path, row.path, "only comments or layout")]

    def _invalid(self, row: RecordChange, after: RecordVersion | None) -> list[Event]:
        fault = self._fault(row) if after else ""
        return [Event("invalid", None, None, f"not valid here: {fault}")] if fault else []

    def _fault(self, row: RecordChange) -> str:
        return self.versions[row.noun, row.after].fault or "" if row.after else ""

    def version(self, row: RecordChange, blob: str | None) -> RecordVersion | None:
        """One version of a row's record; None where it can't be read as a map."""
        if blob is None or (plain := read.plain_of(self.contents.get(blob), row.path)) is None:
            return None
        amount = self.versions[row.noun, blob].amount
        return RecordVersion(row.noun, row.key, plain, Decimal(amount) if amount is not None else None)

    def _readable(self, row: RecordChange, blob: str | None) -> RecordVersion | None:
        """The last version that can be read, going back from a blob."""
        seen = set[str]()
        while blob and blob not in seen:
            seen.add(blob)
            version = self.version(row, blob)
            if version:
                return version
            blob = next(iter(self.earlier.get((row.noun, blob), ())), None)
        return None


def _is_merge(row: RecordChange) -> bool:
    return row.befores is not None and " " in row.befores


def _befores(row: RecordChange) -> list[str | None]:
    return [None if blob == "-" else blob for blob in (row.befores or "").split()]


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
            for _, moment, then in _versions_back(pipeline, path):
                if then is None or then.get("status") != "sent":
                    break
                times[quotation.id] = datetime.fromisoformat(moment)
    return times


def _before_closing(pipeline: Pipeline, file: str) -> str:
    """The revision that has the deal open, and the quotations as they were to the last."""
    moment = "HEAD"
    for commit, _, then in _versions_back(pipeline, file):
        if then is not None and then.get("status", "open") == "open":
            break
        moment = f"{commit}^"
    return moment


def _versions_back(pipeline: Pipeline, file: str) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """The commits that touched a file, newest first, with their times and its content."""
    location = pipeline.location
    paths = [location.prefix + path for path in _places(file)]
    log = git.log(location.work_tree, "--format=%H %cI", "HEAD", "--", *paths)
    for line in log.decode().splitlines():
        commit, _, moment = line.partition(" ")
        yield commit, moment, _content(pipeline, commit, file)


def _content(pipeline: Pipeline, revision: str, file: str) -> dict[str, Any] | None:
    """The content of a file at a revision; None where it was not there, or can't be read."""
    location = pipeline.location
    for path in _places(file):
        done = git.run(location.work_tree, "cat-file", "blob", f"{revision}:{location.prefix}{path}")
        if not done.returncode:
            return read.plain_of(done.stdout, file)
    return None


def _places(file: str) -> list[str]:
    """The file of a document, and where it lay before documents had folders a month."""
    folder, _, name = file.rpartition("/")
    return [file, f"{folder.rpartition('/')[0]}/{name}"]
