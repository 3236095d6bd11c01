"""From the name of a record in a file to the record: by its id, its id in the other system, or its name.

What is missing is made where the mapping allows it, with its name and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Container
from typing import NamedTuple

from pipecli.inbox.amounts import Unreadable
from pipecli.inbox.readers import Named
from pipecli.records.base import Part
from pipecli.records.kinds import COLLECTIONS_BY_NOUN as BY_NOUN
from pipecli.records.kinds import TEAMS, USERS
from pipecli.records.values import name_key
from pipecli.store import naming
from pipecli.store.pipeline import Pipeline
from pipecli.store.reading import validate


class Known:
    """What the records of one kind are called."""

    def __init__(self, rows: Container[tuple[str, str, str | None]]) -> None:
        """Rows of id, name, and id in the other system."""
        self.labels = {key: label for key, label, _ in rows}
        self.external_ids = {key: external for key, _, external in rows if external is not None}
        self._by_external: dict[str, list[str]] = defaultdict(list)
        for key, external in self.external_ids.items():
            self._by_external[external].append(key)
        self._by_name: dict[str, list[str]] | None = None
        self.emails: dict[str, str] = {}
        """Users are also known by their e-mail address, in small letters."""

    def add(self, key: str, label: str, external_id: str | None) -> None:
        self.labels[key] = label
        if external_id is not None and key not in self._by_external[external_id]:
            self._by_external[external_id].append(key)
            self.external_ids[key] = external_id
        if self._by_name is not None and key not in self._by_name[name_key(label)]:
            self._by_name[name_key(label)].append(key)

    def called(self, name: str) -> list[str]:
        """Those of this name, however it is spelt."""
        if self._by_name is None:
            self._by_name = defaultdict(list)
            for key, label in self.labels.items():
                self._by_name[name_key(label)].append(key)
        return self._by_name.get(name_key(name), [])

    def with_external_id(self, external_id: str) -> list[str]:
        return self._by_external.get(external_id, [])


class Made(NamedTuple):
    noun: str
    key: str
    record: Part


class Names:
    """All that rows may name: what the pipeline has, what the file itself brings, what is made on the way."""

    def __init__(self, pipeline: Pipeline, makeable: Container[str], *, may_dangle: bool = False) -> None:
        """`may_dangle`: a slug may be that of what comes later, as a team's manager does; `check` tells."""
        self._pipeline = pipeline
        self._makeable = makeable
        self._may_dangle = may_dangle
        self._known: dict[str, Known] = {}
        self._found: dict[Named, str] = {}
        self.made: dict[tuple[str, str], Made] = {}
        self.dangling: dict[str, list[str]] = {}
        """By kind: slugs that nothing has yet."""
        self.respelt: dict[tuple[str, str], str] = {}
        """By kind and the name in the file: the name of the record it was taken for."""

    def known(self, noun: str) -> Known:
        if noun not in self._known:
            if kind := BY_NOUN[noun].kind:
                self._pipeline.need(kind)
            connection = self._pipeline.index.connection
            known = self._known[noun] = Known(connection.execute(_question(noun)).fetchall())
            if noun == USERS.noun:
                users = connection.execute("SELECT lower(email), id FROM users WHERE email IS NOT NULL")
                known.emails = dict(users.fetchall())
        return self._known[noun]

    def key_of(self, named: Named) -> str:
        """The id or slug of what a cell names. Raises Unreadable."""
        if named not in self._found:
            nouns = ("user", "team") if named.noun == "principal" else (named.noun,)
            keys = [key for noun in nouns if (key := self.find(noun, named.text)) is not None]
            self._found[named] = keys[0] if keys else self._make(named)
        return self._found[named]

    def find(self, noun: str, text: str) -> str | None:
        """The record of a kind that a text names; None for none. Raises Unreadable for several."""
        known = self.known(noun)
        if text in known.labels:
            return text
        if text.lower() in known.emails:
            return known.emails[text.lower()]
        external = known.with_external_id(text)
        keys = external or known.called(text)
        if len(keys) > 1:
            raise Unreadable(f'"{text}" is {" and ".join(keys)}: name one by its id')
        if keys and not external and known.labels[keys[0]] != text:
            self.respelt[noun, text] = known.labels[keys[0]]
        return keys[0] if keys else None

    def exists(self, noun: str, key: str) -> bool:
        nouns = ("user", "team") if noun == "principal" else (noun,)
        return any(key in self.known(each).labels for each in nouns)

    def new_slug(self, noun: str, name: str) -> str:
        """A slug of a name that nothing of this kind has."""
        return naming.free_slug(name, self.known(noun).labels)

    def _make(self, named: Named) -> str:
        noun, text = named
        if noun not in self._makeable and self._may_dangle and naming.slug(text) == text:
            self.dangling.setdefault(noun, []).append(text)
            return text
        if noun not in self._makeable:
            what = "user or team" if noun == "principal" else noun
            raise Unreadable(f'there is no {what} "{text}"')
        key = self.new_slug(noun, text)
        collection = BY_NOUN[noun]
        plain = {"name": text} | ({collection.identity: key} if collection.kind else {})
        self.made[noun, key] = Made(noun, key, validate(collection.model, plain))
        self.known(noun).add(key, text, None)
        return key


def _question(noun: str) -> str:
    if noun in (USERS.noun, TEAMS.noun):
        external = "external_id" if noun == USERS.noun else "NULL"
        return f"SELECT id, coalesce(name, id), {external} FROM {noun}s"
    table = f"_{BY_NOUN[noun].table}"
    return f"SELECT key, label, external_id FROM _records JOIN {table} USING (path) WHERE noun = '{noun}'"
