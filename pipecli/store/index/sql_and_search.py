"""Questions in SQL from a person or a file, and the search of all records for words, the best first.

SQL is read-only, bounded, and blind to all but the tables: a condition comes from a file that a pull request
may have changed, so none of it is trusted. There is no index of words: it would cost every change and the
first build, and a scan of 8,800 deals takes 0.1 s.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.harmless_text import composed, one_line
from pipecli.json_and_csv import loads
from pipecli.records.compare_names import digits_of, folded, likeliest, same_number
from pipecli.store.index.rows_for_verbs import columns_of, public_tables
from pipecli.store.index.views_and_functions import marks

LONGEST = 10.0
"""Seconds that one question may take."""
_LONGEST_CONDITION = 2.0
"""Seconds for a condition from the settings, which a pull request can bring, on one record."""
_GRACE = 2.0
_LONGEST_VALUE = 16 << 20
_MOST_MEMORY = 256 << 20
"""Bytes of an answer; of what SQLite holds it is the least that may be forbidden."""
_MOST_HELD = 4 << 30

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
# Functions that reach outside the database or tell of the machine.
_FORBIDDEN = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_compileoption_get"}
_QUESTION = r"(?:\s|--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*+(?:select|with|values)\b"


class BadQuery(PipecliError):
    """SQL that can't be run, in SQLite's words."""

    code = "bad-query"


class TooLong(BadQuery):
    """SQL that doesn't end."""


Row = tuple[Any, ...]


class QueryResult(NamedTuple):
    columns: list[str]
    rows: list[Any]
    """Rows, or what was made of them."""


def ask_sql(connection: sqlite3.Connection, sql: str) -> QueryResult:
    """The rows of one SELECT from a person. Raises BadQuery."""
    if not re.match(_QUESTION, sql, re.IGNORECASE):
        raise BadQuery("only questions can be asked: a query begins with SELECT, WITH or VALUES")
    return _guarded(connection, sql, ())


def row_meets(connection: sqlite3.Connection, table: str, key: str, condition: str) -> bool:
    """True where a condition from the settings holds for one record of a table. Raises BadQuery."""
    sql = f"SELECT 1 FROM {table} WHERE id = ? AND ({condition}\n)"
    return bool(_guarded(connection, sql, (key,), _LONGEST_CONDITION).rows)


def try_condition(connection: sqlite3.Connection, table: str, condition: str) -> None:
    """Try a condition from the settings on one record, if there is any. Raises BadQuery, TooLong."""
    sql = f"SELECT 1 FROM {table} WHERE id = (SELECT id FROM {table} LIMIT 1) AND ({condition}\n)"
    _guarded(connection, sql, (), _LONGEST_CONDITION)


def select_rows(
    connection: sqlite3.Connection,
    columns: str,
    table: str,
    condition: str,
    rest: str,
    parameters: Sequence[object] = (),
    keep: Callable[[Iterator[Row]], list[Any]] = list,
) -> QueryResult:
    """Rows of one table, or what `keep` makes of them as they come.

    `condition` holds what a person wrote, everything else is ours. Raises BadQuery.
    """
    sql = f"SELECT {columns} FROM {table} WHERE {condition} {rest}"
    return _guarded(connection, sql, parameters, keep=keep)


def _guarded(
    connection: sqlite3.Connection,
    sql: str,
    parameters: Sequence[object],
    longest: float | None = None,
    keep: Callable[[Iterator[Row]], list[Any]] = list,
) -> QueryResult:
    clock = _Clock(longest or LONGEST)
    try:
        with _bounds(connection, clock):
            cursor = connection.execute(composed(sql), tuple(parameters))
            return QueryResult([column[0] for column in cursor.description or ()], keep(_rows(cursor, clock)))
    except MemoryError:
        raise BadQuery(_TOO_MUCH, hint="ask for less at once") from None
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise TooLong(_TOO_LONG.format(clock.longest)) from None
        raise BadQuery(f"the query can't be run: {error}", hint=_way_out(connection, str(error))) from None
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        if "malformed" in str(error):  # the index, not the query
            raise
        reason = "only tables of the pipeline can be read" if "not authorized" in str(error) else error
        raise BadQuery(f"the query can't be run: {reason}") from None


_TOO_LONG = "the query took more than {:.0f} seconds"
_TOO_MUCH = "the query takes too much memory"


class _Clock:
    """The time that a question may take, in seconds, and until when."""

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.deadline = time.monotonic() + longest


def _rows(cursor: sqlite3.Cursor, clock: _Clock) -> Iterator[Row]:
    """All rows, while there is room for them; while one is used the clock stands. Raises MemoryError."""
    room = _MOST_MEMORY
    for row in cursor:
        begun = time.monotonic()
        yield row
        clock.deadline += time.monotonic() - begun
        room -= 100
        for value in row:
            if type(value) is str or type(value) is bytes:
                room -= len(value)
        if room < 0:
            raise MemoryError


@contextmanager
def _bounds(connection: sqlite3.Connection, clock: _Clock) -> Iterator[None]:
    """Forbid all but reading, and stop what takes too long or too much."""
    is_answered = threading.Event()
    # SQLite declares json_each's table at its first use, which the authorizer would take for CREATE TABLE.
    connection.execute("SELECT 1 FROM json_each('[]')")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # where the next bound counts it, and no disk is filled
    connection.execute(f"PRAGMA hard_heap_limit = {_most_held()}")
    length = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    pattern = connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000)
    connection.set_authorizer(_allow)
    connection.set_progress_handler(lambda: time.monotonic() > clock.deadline, 10_000)
    threading.Thread(target=_end_late, args=(clock, is_answered), daemon=True).start()
    try:
        yield
    finally:
        is_answered.set()
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, length)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, pattern)
        connection.execute("PRAGMA query_only = OFF")


def _most_held() -> int:
    """Bytes for all that SQLite holds, which this process can never raise: half of the machine's.

    Indexes in memory count, too: of 100,000 deals with papers those of a sync take 1,030 MB, and one where
    git's directory can't be written 850.
    """
    if not hasattr(os, "sysconf"):  # on Windows
        return _MOST_HELD
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return max(_MOST_MEMORY, min(half, _MOST_HELD))


def _end_late(clock: _Clock, is_answered: threading.Event) -> None:
    """End the process, from beside a question that nothing else can stop.

    The progress handler is asked between the steps of SQLite's program, and one call of instr() on megabytes
    is a single step. A question is asked before anything is written, so nothing is left half done.
    """
    while not is_answered.wait(clock.deadline + _GRACE - time.monotonic()):
        if time.monotonic() > clock.deadline + _GRACE:
            os.write(2, f"error: {_TOO_LONG.format(clock.longest)}\n".encode())
            os._exit(1)


def _allow(action: int, first: str | None, second: str | None, _schema: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in _FORBIDDEN else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _way_out(connection: sqlite3.Connection, error: str) -> str:
    """The likeliest name for one that no table or column has."""
    missing = re.search(r"no such (table|column): (?:\w+\.)?(\w+)", error)
    if not missing:
        return ""
    tables = public_tables(connection)
    if missing[1] == "table":
        return f"{likeliest(missing[2], tables)}list the tables with `pipecli sql --tables`"
    columns = {table: columns_of(connection, table) for table in tables}
    if having := [table for table in tables if missing[2] in columns[table]]:
        return f"{missing[2]} is a column of {', '.join(having)}"
    near = likeliest(missing[2], {name for names in columns.values() for name in names}).strip()
    return near or "`pipecli sql --tables` lists the columns"


class Hit(NamedTuple):
    """A record in which every word was found; `field` and `text` are where the best of them stands."""

    noun: str
    key: str
    label: str
    status: str | None
    owner: str | None
    field: str
    text: str
    score: int


_WEIGHTS = {
    "title": 10, "name": 10, "organization": 10, "id": 10, "sku": 10, "external_id": 8,
    "email": 6, "emails": 6, "phone": 6, "phones": 6, "website": 6, "address": 5, "customer": 6, "contact": 5,
    "contacts": 5, "lead": 5, "subject": 4, "description": 4, "tags": 4, "competitors": 3, "interest": 3,
}  # fmt: skip
_MOST = max(_WEIGHTS.values())
_OTHER = 2
_WHOLE_LABEL = 30
_OPEN = 3
_ENDED = frozenset(
    "won lost closed converted disqualified rejected expired superseded cancelled delivered declined".split()
)
_NOT_SEARCHED = frozenset({"created", "currency", "type", "process", "stage", "status", "at", "date", "done"})
_LONGEST = 100


def search_activities(connection: sqlite3.Connection, text: str) -> list[str]:
    """The activities whose subject and notes hold every word of a text, in any case and without accents."""
    words = folded(text).split()
    rows = connection.execute(
        "SELECT id, coalesce(subject, '') || ' ' || coalesce(notes, '') FROM activities"
    )
    contents = ((key, folded(content)) for key, content in rows)
    return [key for key, content in contents if all(word in content for word in words)]


def search_records(
    connection: sqlite3.Connection, text: str, nouns: Sequence[str] = (), most: int = 0
) -> tuple[list[Hit], int]:
    """The records that hold every word of a text, the best first, `most` of them (0: all), and their number.

    Case and accents don't matter, nor how a telephone number is written. `nouns` are the kinds to look in;
    none: all.
    """
    number = digits_of(text)
    words = [] if number else folded(text).split()
    wanted = folded(text).strip()
    count, best, in_title = 0, list[tuple[int, str, str, _Candidate]](), re.compile(_BY_TITLE).match
    for row in _candidates(connection, words, nouns):
        _, key, label, written = row
        if (head := in_title(written)) and words and _begin_words(head[3], words):
            score, created, status = 2 * _MOST * len({*words}), head[2], head[4]
        else:
            plain = loads(written)
            if (hit := _hit(row, plain, words, number)) is None:
                continue
            score, created, status = hit.score, str(plain.get("created") or ""), hit.status
        is_whole = folded(label).strip() == wanted or folded(key) == wanted
        count += 1
        best.append((score + _WHOLE_LABEL * is_whole + _OPEN * (status not in _ENDED), created, key, row))
        if most and len(best) > most + 1000:
            best = _sorted(best)[:most]
    hits = []
    for score, _, _, row in _sorted(best)[: most or None]:
        hit = _hit(row, loads(row[3]), words, number)
        assert hit
        hits.append(hit._replace(score=score, text=hit.text if number else _around(hit.text, words)))
    return hits, count


_Candidate = tuple[str, str, str, str]
"""Noun, key, label and JSON."""
_BY_TITLE = (
    r'\{"id": "([^"\\]*)", "created": "([^"\\]*)", (?:"external_id": "[^"\\]*", )?"title": "([^"\\]*)", '
    r'(?:"\w+": "[^"\\]*", )*?"status": "([^"\\]*)"'
)
"""A deal's id, creation, title and status: where words begin in its title, nothing else in it counts more."""


def _begin_words(title: str, words: Sequence[str]) -> bool:
    text = title.lower()
    return title.isascii() and all(
        (at := text.find(word)) != -1 and not text[:at][-1:].isalnum() for word in words
    )


def _sorted(ranked: list[tuple[int, str, str, _Candidate]]) -> list[tuple[int, str, str, _Candidate]]:
    """The best first, then the newest, then by key."""
    ranked.sort(key=itemgetter(2))
    ranked.sort(key=itemgetter(0, 1), reverse=True)
    return ranked


def _candidates(
    connection: sqlite3.Connection, words: Sequence[str], nouns: Sequence[str]
) -> Iterator[_Candidate]:
    """The records whose JSON may hold the words; one with letters beyond ASCII may, folded, hold any."""
    conditions, parameters = ["noun <> 'settings'"], list[str]()
    if nouns:
        conditions.append(f"noun IN ({marks(nouns)})")
        parameters += nouns
    if not words:
        conditions.append("(json LIKE '%\"phone%' OR json LIKE '%\"notes\"%')")
    rows = connection.execute(
        f"SELECT noun, key, label, json FROM _records WHERE {' AND '.join(conditions)}", parameters
    )
    for row in rows:  # SQLite's LIKE and GLOB take three times as long
        text = row[3]
        if not text.isascii() or all(map(text.lower().__contains__, words)):
            yield row


def _hit(row: _Candidate, plain: Mapping[str, Any], words: Sequence[str], number: str) -> Hit | None:
    noun, key, label, _ = row
    best = dict.fromkeys(words or [number], 0)
    place, place_score = ("", ""), 0
    texts: list[tuple[str, str]] = []
    _collect(plain, "", texts)
    for field, text in texts:
        if number:
            if field.rpartition(".")[2].startswith("phone") and same_number(number, digits_of(text)):
                return Hit(noun, key, label, plain.get("status"), plain.get("owner"), field, text, 20)
            continue
        compared = text.lower() if text.isascii() else folded(text)
        score = 0
        for word in words:
            if word in compared:
                at, weight = compared.find(word), _WEIGHTS.get(field.rpartition(".")[2], _OTHER)
                begins = at == 0 or not compared[at - 1].isalnum()
                value = weight * 2 if begins else weight
                best[word] = max(best[word], value)
                score += value
        if score > place_score:
            place, place_score = (field, text), score
    if number or not all(best.values()):
        return None
    return Hit(noun, key, label, plain.get("status"), plain.get("owner"), *place, sum(best.values()))


def _collect(value: Any, path: str, texts: list[tuple[str, str]]) -> None:
    """Every text of a record with the dotted path of its field, the places in lists left out."""
    if type(value) is dict:
        for name, inner in value.items():
            if name not in _NOT_SEARCHED:
                field = f"{path}.{name}" if path else name
                if type(inner) is str:
                    texts.append((field, inner))
                else:
                    _collect(inner, field, texts)
    elif type(value) is list:
        for inner in value:
            _collect(inner, path, texts)
    elif type(value) is str:
        texts.append((path, value))


def _around(text: str, words: Sequence[str]) -> str:
    """The part of a long text around the first word."""
    line = one_line(text)
    if len(line) <= _LONGEST:
        return line
    at = max(folded(line).find(words[0]), 0)
    start = max(0, min(at - _LONGEST // 3, len(line) - _LONGEST))
    part = line[start : start + _LONGEST]
    return f"{'…' if start else ''}{part}{'…' if start + _LONGEST < len(line) else ''}"
