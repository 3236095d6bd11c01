"""Words looked for in all that the records say: a scan of the index, and the order of what fits.

No index of words: it would cost every change and the first build, and the scan of 8,800 deals takes 0.1 s.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pipecli.jsontext import loads
from pipecli.records.names import digits_of, folded, same_number
from pipecli.wording import one_line


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
_OTHER = 2
_WHOLE_LABEL = 30
_OPEN = 3
_ENDED = frozenset(
    "won lost closed converted disqualified rejected expired superseded cancelled delivered declined".split()
)
_PHONE = r"[+(]?[0-9][0-9 ().+/-]{4,}"
_NOT_SEARCHED = frozenset({"created", "currency", "type", "process", "stage", "status", "at", "date", "done"})
_LONGEST = 100


def search(connection: sqlite3.Connection, text: str, nouns: Sequence[str] = ()) -> list[Hit]:
    """The records that hold every word of a text, the best first; case and accents don't matter.

    A telephone number is found however it is written. `nouns` are the kinds to look in; none: all.
    """
    number = digits_of(text) if re.fullmatch(_PHONE, text.strip()) else ""
    words = [] if number else folded(text).split()
    if not words and not number:
        return []
    wanted = folded(text).strip()
    hits = []
    for noun, key, label, written in _candidates(connection, words, nouns):
        plain = loads(written)
        hit = _hit(noun, key, label, plain, words, number)
        if hit is not None:
            is_whole = folded(label).strip() == wanted or folded(key) == wanted
            is_open = noun != "settings" and hit.status not in _ENDED
            score = hit.score + _WHOLE_LABEL * is_whole + _OPEN * is_open
            hits.append((hit._replace(score=score), str(plain.get("created") or "")))
    hits.sort(key=lambda pair: pair[0].key)
    hits.sort(key=lambda pair: (pair[0].score, pair[1]), reverse=True)
    return [hit for hit, _ in hits]


def _candidates(
    connection: sqlite3.Connection, words: Sequence[str], nouns: Sequence[str]
) -> Iterator[tuple[str, str, str, str]]:
    """The records whose JSON may hold the words: SQLite compares letters of ASCII, the others are read."""
    conditions, parameters = ["noun <> 'settings'"], list[str]()
    if nouns:
        conditions.append(f"noun IN ({', '.join('?' * len(nouns))})")
        parameters += nouns
    for word in words:
        pattern = re.sub(r"([\\%_])", r"\\\1", word)
        conditions.append("(json LIKE ? ESCAPE '\\' OR json GLOB ?)")
        parameters += [f"%{pattern}%", "*[^\x01-\x7f]*"]
    if not words:
        conditions.append("(json LIKE '%\"phone%' OR json LIKE '%\"notes\"%')")
    yield from connection.execute(
        f"SELECT noun, key, label, json FROM _records WHERE {' AND '.join(conditions)}", parameters
    )


def _hit(
    noun: str, key: str, label: str, plain: Mapping[str, Any], words: Sequence[str], number: str
) -> Hit | None:
    best = dict.fromkeys(words or [number], 0)
    place, place_score = ("", ""), 0
    for field, text in _texts(plain):
        weight = _WEIGHTS.get(field.rpartition(".")[2], _OTHER)
        if number:
            if field.rpartition(".")[2].startswith("phone") and same_number(number, digits_of(text)):
                return Hit(noun, key, label, plain.get("status"), plain.get("owner"), field, text, 20)
            continue
        compared = folded(text)
        score = 0
        for word in words:
            at = compared.find(word)
            if at < 0:
                continue
            begins = at == 0 or not compared[at - 1].isalnum()
            value = weight * 2 if begins else weight
            best[word] = max(best[word], value)
            score += value
        if score > place_score:
            place, place_score = (field, text), score
    if number or not all(best.values()):
        return None
    field, text = place
    shown = _around(text, words)
    return Hit(noun, key, label, plain.get("status"), plain.get("owner"), field, shown, sum(best.values()))


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a record with the dotted path of its field, the places in lists left out."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _NOT_SEARCHED:
                yield from _texts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner, path)


def _around(text: str, words: Sequence[str]) -> str:
    """The part of a long text around the first word."""
    line = one_line(text)
    if len(line) <= _LONGEST:
        return line
    at = max(folded(line).find(words[0]), 0)
    start = max(0, min(at - _LONGEST // 3, len(line) - _LONGEST))
    part = line[start : start + _LONGEST]
    return f"{'…' if start else ''}{part}{'…' if start + _LONGEST < len(line) else ''}"
