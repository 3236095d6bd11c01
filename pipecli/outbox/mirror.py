"""A copy for those who ask with other tools: every table of `sql` and the events of history.

As Parquet files, or in a schema of its own in PostgreSQL. Nothing is read back but how far the copy is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli import __version__
from pipecli.errors import PipecliError, system_refusal
from pipecli.extras import require_extra
from pipecli.history.commits import listed_commits
from pipecli.history.events_in_words import OF_THE_RECORD, Event, first_fields
from pipecli.history.record_history import RecordStep, steps_of
from pipecli.json_and_csv import digits, dumps
from pipecli.records.kinds import KINDS, SETTINGS
from pipecli.store import git
from pipecli.store.index.rows_for_verbs import public_tables
from pipecli.store.lock_and_signals import clear_temporary
from pipecli.store.safe_files import opened_aside, refuse_link_out, temporary_name

if TYPE_CHECKING:
    import psycopg
    import pyarrow

    from pipecli.history.history_index import History
    from pipecli.store.pipeline import Pipeline

Row = Sequence[Any]

_DAYS = (
    "answer_by closed_date converted_date date delivered disqualified_date expected_close received "
    "valid_from valid_until"
).split()
_MOMENTS = "at created first_response last_in last_out own_first_response sent".split()
_BY_NAME = {"json": "jsonb", **dict.fromkeys(_DAYS, "date"), **dict.fromkeys(_MOMENTS, "timestamptz")}
_UNDECLARED = dict.fromkeys("probability weighted margin tax cost open".split(), "REAL") | dict.fromkeys(
    ("active", "age_days", "overdue_days", "minutes_to_first_response", "tax_included"), "INTEGER"
)
"""Columns whose type the index doesn't declare: those that a view calculates, and numbers of master data."""
_NUMBERS = {"REAL": "double precision", "INTEGER": "bigint"}


class MirroredTable(NamedTuple):
    """A table to be copied, its columns with their types as PostgreSQL calls them."""

    name: str
    columns: dict[str, str]
    rows: Iterable[Row]


EVENTS = {
    "seq": "bigint", "commit_id": "text", "n": "bigint", "happened_at": "timestamptz", "author": "text",
    "email": "text", "noun": "text", "record": "text", "field": "text", "before": "text", "after": "text",
    "amount": "numeric", "currency": "text", "text": "text", "message": "text",
}  # fmt: skip
"""Of the table `events`: `seq` numbers all, parents first, `n` those of a commit; `amount` is what the record
is worth after it."""
_VERSION = f"{__version__}: {' '.join(EVENTS)}"
"""Another one may tell events otherwise, so that all are copied again."""


class Upto(NamedTuple):
    """How far a copy is: of which pipeline, to which commit, on what day, by which version."""

    pipeline: str
    commit: str
    day: str
    version: str


class Copied(NamedTuple):
    """The rows and events that a run has copied."""

    commit: str
    rows: dict[str, int]
    """Of each table; empty where the copy was up to date."""
    new_events: int
    notes: list[str]


class MirroredPipeline:
    """A pipeline as it is copied: its tables as they are now, its events since a commit."""

    def __init__(self, pipeline: Pipeline, history: History, *, is_committed: bool) -> None:
        """Tables with more than the last commit are of no day, so that the next run copies them again."""
        self.pipeline = pipeline
        self.history = history
        day = pipeline.today.isoformat() if is_committed else ""
        # all clones of a pipeline share its first commit, and its folder in the repository
        location = pipeline.location
        roots = git.output(location.work_tree, "rev-list", "--max-parents=0", "HEAD").split()
        self.upto = Upto(f"{roots[-1]}:{location.prefix}", history.tip.commit, day, _VERSION)

    def is_in(self, known: Upto | None) -> bool:
        """True where a copy has all of this."""
        return known == self.upto and self.upto.day != ""

    def tables(self) -> Iterator[MirroredTable]:
        """Every table that `sql` may ask."""
        connection = self.pipeline.connection
        for name in public_tables(connection):
            declared = connection.execute(f"PRAGMA table_info({name})").fetchall()
            columns = {row[1]: _type_of(row[1], row[2]) for row in declared}
            values = [_CONVERTERS[type_] for type_ in columns.values()]
            rows = connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2")
            yield MirroredTable(name, columns, map(partial(_converted, values), rows))

    def events(self, since: str | None, seq: int) -> Iterator[Row]:
        """The events of the commits that are not in `since`, parents first; `seq` is the last one copied."""
        commits = [commit.id for commit in listed_commits(self.pipeline.location, self.upto.commit, since)]
        for start in range(0, len(commits), _AT_ONCE):
            number, last = 0, ""
            for step in steps_of(self.history, commits[start : start + _AT_ONCE], (*KINDS, SETTINGS)):
                number, last = (number if step.commit.id == last else 0), step.commit.id
                for event in _events_of(step):
                    number, seq = number + 1, seq + 1
                    yield seq, *_event_row(step, event, number)

    def start(self, known: Upto | None, notes: list[str]) -> str | None:
        """The commit from which on events are new; None for all of them. Raises PipecliError."""
        if self.history.tip.is_shallow:
            raise PipecliError(
                "this clone is shallow, and its older events are not here", hint="git fetch --unshallow"
            )
        if known is None:
            return None
        if known.pipeline != self.upto.pipeline:
            raise PipecliError(
                "another pipeline is mirrored there", hint="name another folder, or another --schema"
            )
        known_here = git.commit_of(self.pipeline.location.work_tree, known.commit)
        within = ("merge-base", "--is-ancestor", known.commit, self.upto.commit)
        if known_here is None or git.run(self.pipeline.location.work_tree, *within).returncode:
            notes.append(f"history was rewritten since {known.commit[:7]}: all events are copied again")
            return None
        return known.commit if known.version == _VERSION else None


_AT_ONCE = 500
"""Commits whose records are held at a time."""
_ROWS = 50_000
"""The rows of a Parquet file that are held at a time: its row groups."""


def _events_of(step: RecordStep) -> Iterator[Event]:
    """The events of a record in a commit; of one that is new also what its fields began with."""
    yield from step.events
    if step.after and any(event.field == "created" for event in step.events):
        yield from (event for event in first_fields(step.after) if event.field not in OF_THE_RECORD)


def _event_row(step: RecordStep, event: Event, number: int) -> Row:
    commit, after = step.commit, step.after
    return (
        commit.id, number, commit.when.astimezone(UTC), commit.author, commit.email, step.noun, step.key,
        event.field, _word(event.before), _word(event.after), after.amount if after else None,
        (after.currency or None) if after else None, event.text, commit.body or commit.subject,
    )  # fmt: skip


def _word(value: object) -> str | None:
    """A value of an event as text: numbers with every digit, lists and maps as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return digits(value)
    return str(value) if isinstance(value, (int, float)) else dumps(value, None)


def _type_of(column: str, declared: str) -> str:
    if column.startswith("exact_"):
        return "numeric"
    number = _NUMBERS.get(declared or _UNDECLARED.get(column, "TEXT"), "text")
    return _BY_NAME.get(column, number)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


_CONVERTERS: dict[str, Callable[[Any], object]] = {
    "text": str,
    "jsonb": str,
    "numeric": Decimal,
    "double precision": float,
    "bigint": int,
    "date": lambda text: date.fromisoformat(text[:10]),
    "timestamptz": _moment,
}


def _converted(converters: Sequence[Callable[[Any], object]], row: Row) -> Row:
    return [None if value is None else convert(value) for value, convert in zip(row, converters, strict=True)]


_KEY = "pipecli"
"""Of what the metadata of our files says."""


def to_parquet(source: MirroredPipeline, folder: Path) -> Copied:
    """Write a Parquet file a table; `events.parquet` last, which says how far all is. Raises PipecliError.

    None is put in place before all are written: what fails leaves the copy as it was.
    """
    require_extra("mirror")
    from pyarrow import parquet

    notes: list[str] = []
    events_file = folder / "events.parquet"
    known = _known_of(events_file)
    if source.is_in(known):
        return Copied(source.upto.commit, {}, 0, notes)
    since = source.start(known, notes)
    with system_refusal(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in public_tables(source.pipeline.connection):
            _known_of(folder / f"{name}.parquet")
        with ExitStack() as cleared:
            put = partial(_put, source, folder, cleared)
            rows = {table.name: put(table) for table in source.tables()}
            old = int(parquet.read_metadata(events_file).num_rows) if since else 0
            events = MirroredTable("events", EVENTS, source.events(since, old))
            new = put(events, keep=since is not None)
            rows["events"] = old + new
            source.pipeline.beyond_undo = f"what is written of the mirror is in {folder}"
            refuse_link_out(folder)
            with system_refusal(folder, "renewed as a whole"):
                for name in rows:
                    _partly(folder, name).replace(folder / f"{name}.parquet")
    return Copied(source.upto.commit, rows, new, notes)


def _known_of(file: Path) -> Upto | None:
    """How far the copy is that a file is of; None where there is no file. Raises PipecliError."""
    from pyarrow import ArrowInvalid, parquet

    if not os.path.lexists(file):
        return None
    with suppress(ArrowInvalid, KeyError, TypeError, ValueError):
        metadata = (parquet.read_schema(file).metadata if file.is_file() else None) or {}
        return Upto(**json.loads(metadata[_KEY.encode()]))
    raise PipecliError(f"{file} isn't a mirror of pipecli", hint="name another folder")


def _schema(source: MirroredPipeline, table: MirroredTable) -> pyarrow.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(), "jsonb": pa.string(), "numeric": pa.decimal128(38, 10),
        "double precision": pa.float64(), "bigint": pa.int64(), "date": pa.date32(),
        "timestamptz": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    columns = [(name, types[type_]) for name, type_ in table.columns.items()]
    return pa.schema(columns, {_KEY: json.dumps(source.upto._asdict())})


def _partly(folder: Path, name: str) -> Path:
    """The file of a table while it is written."""
    return folder / temporary_name(f"{name}.parquet", os.getpid())


def _put(
    source: MirroredPipeline, folder: Path, cleared: ExitStack, table: MirroredTable, *, keep: bool = False
) -> int:
    """Write a table's file beside what is there, or after its rows; the number of the new ones.

    A part at a time: as a whole the events of 100,000 deals took a gigabyte. `cleared` removes it.
    """
    from pyarrow import RecordBatch, array, parquet

    schema, rows, number = _schema(source, table), iter(table.rows), 0
    file, partly = folder / f"{table.name}.parquet", _partly(folder, table.name)
    clear_temporary(file)
    cleared.callback(partly.unlink, missing_ok=True)
    refuse_link_out(folder)  # once more: somebody may have put one in its place
    with (
        os.fdopen(opened_aside(partly), "wb") as stream,
        parquet.ParquetWriter(stream, schema, compression="zstd") as writer,
    ):
        if keep:
            with parquet.ParquetFile(file) as old:
                for part in old.iter_batches(_ROWS):
                    writer.write_batch(part)
        while part := list(islice(rows, _ROWS)):
            columns = list(map(array, zip(*part, strict=True), schema.types))
            writer.write_batch(RecordBatch.from_arrays(columns, schema=schema))
            number += len(part)
    return number


def to_postgresql(source: MirroredPipeline, address: str, schema: str) -> Copied:
    """Copy into a schema of a database in one transaction. Raises PipecliError."""
    require_extra("mirror")
    import psycopg

    try:
        with psycopg.connect(address, application_name="pipecli mirror", connect_timeout=20) as database:
            return _Schema(database, schema).take(source)
    except psycopg.OperationalError as error:
        raise PipecliError(f"PostgreSQL can't be reached: {_line(error)}", code="unreachable") from None
    except psycopg.Error as error:
        raise PipecliError(f"PostgreSQL refused it, nothing is changed: {_line(error)}") from None


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


class _Schema:
    """The schema of one mirror; everything within the transaction of its connection."""

    def __init__(self, database: psycopg.Connection[Any], name: str) -> None:
        self.database = database
        self.name = name

    def take(self, source: MirroredPipeline) -> Copied:
        notes: list[str] = []
        self._do("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"pipecli mirror {self.name}"])
        known = self._known()
        if source.is_in(known):
            return Copied(source.upto.commit, {}, 0, notes)
        since = source.start(known, notes)
        rows = {}
        for table in source.tables():
            self._create(table.name, table.columns)
            self._do("DELETE FROM {}", [], table.name)
            rows[table.name] = self._copy(table)
        self._create("events", EVENTS, "PRIMARY KEY (commit_id, n)")
        if since is None:
            self._do("DELETE FROM {}", [], "events")
        (seq,) = self._do("SELECT count(*) FROM {}", [], "events")[0]
        new = self._copy(MirroredTable("events", EVENTS, source.events(since, seq)))
        rows["events"] = seq + new
        self._do("DELETE FROM {}", [], "_mirror")
        self._do("INSERT INTO {} VALUES (%s, %s, %s, %s)", list(source.upto), "_mirror")
        return Copied(source.upto.commit, rows, new, notes)

    def _known(self) -> Upto | None:
        """How far the copy is; makes the schema where it isn't there. Raises PipecliError."""
        tables = self._do(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [self.name]
        )
        if ("_mirror",) in tables:
            rows = self._do("SELECT pipeline, commit, day, version FROM {}", [], "_mirror")
            return Upto(*rows[0]) if rows else None
        if tables:
            raise PipecliError(
                f"the schema {self.name} isn't a mirror of pipecli: it has a table {tables[0][0]}",
                hint="name another with --schema",
            )
        self._do("CREATE SCHEMA IF NOT EXISTS {}", [])
        self._create("_mirror", dict.fromkeys(Upto._fields, "text"))
        return None

    def _create(self, table: str, columns: Mapping[str, str], key: str = "") -> None:
        """Create a table with these columns; one that is there keeps its others, indexes and grants."""
        from psycopg import sql

        declared = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_)) for name, type_ in columns.items()
        ]
        inner = sql.SQL(", ").join([*declared, *([sql.SQL(key)] if key else [])])
        name = sql.Identifier(self.name, table)
        self.database.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(name, inner))
        for column in declared:
            self.database.execute(sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {}").format(name, column))

    def _copy(self, table: MirroredTable) -> int:
        from psycopg import sql

        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        command = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self.name, table.name), columns)
        number = 0
        with self.database.cursor() as cursor, cursor.copy(command) as copy:
            for row in table.rows:
                copy.write_row(
                    [value.replace("\0", "") if isinstance(value, str) else value for value in row]
                )
                number += 1
        return number

    def _do(self, text: str, values: Sequence[object], table: str = "") -> list[tuple[Any, ...]]:
        from psycopg import sql

        named = sql.Identifier(self.name, table) if table else sql.Identifier(self.name)
        command = sql.SQL(text).format(named) if "{}" in text else sql.SQL(text)
        cursor = self.database.execute(command, values)
        return cursor.fetchall() if cursor.description else []
