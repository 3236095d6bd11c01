"""Which record each row is about: by its id, its id in the other system, or its name."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipecli.inbox.amounts import Unreadable
from pipecli.inbox.feeds import Feeds, Said, dotted, written
from pipecli.inbox.names import Names
from pipecli.inbox.readers import Path
from pipecli.inbox.tabular import Row
from pipecli.records.base import Part
from pipecli.records.kinds import Collection
from pipecli.store import naming


@dataclass
class Draft:
    """What the rows of a file say about one record."""

    key: str
    is_new: bool
    rows: list[Row]
    values: dict[Path, object]
    made: set[tuple[str, str]] = field(default_factory=set)
    """What it names that was made on the way, by kind and key."""
    filled: list[str] = field(default_factory=list)
    """Fields that it must have and its rows don't say."""
    record: Part | None = None
    """What it comes to; None while it can't be taken, or says what the pipeline has already."""
    reason: str = ""
    """Why none of its rows can be taken."""


class Placer:
    """Finds or opens the draft of each row's record."""

    def __init__(self, collection: Collection, feeds: Feeds, names: Names) -> None:
        self.collection, self.feeds, self.names = collection, feeds, names
        self.known = names.known(collection.noun)
        self.drafts: dict[str, Draft] = {}

    def place(self, said: Said) -> None:
        """Add a row to its draft. Raises Unreadable when it has none, or contradicts an earlier row."""
        if said.reasons:
            raise Unreadable("; ".join(said.reasons))
        external, name = (
            self._text(said, "external_id"),
            self._text(said, "name") or self._text(said, "title"),
        )
        if self.feeds.external_id and external is None:
            raise Unreadable(f"{self.feeds.external_id}: the external_id is missing")
        key = self._key(self._text(said, self.collection.identity), external, name)
        draft = self.drafts.get(key)
        if draft is not None:
            _join(draft, said, self.collection.noun)
            return
        self.drafts[key] = Draft(key, key not in self.known.labels, [said.row], said.values)
        self.known.add(key, name or self.known.labels.get(key, key), external)

    def _key(self, own: str | None, external: str | None, name: str | None) -> str:
        same = self.known.with_external_id(external) if external else []
        if len(same) > 1:
            raise Unreadable(f'{" and ".join(same)} have the same external_id "{external}"')
        if own and same and same[0] != own:
            raise Unreadable(f'{same[0]} has the external_id "{external}" already, and can\'t be {own}')
        if own or same:
            return own or same[0]
        kind = self.collection.kind
        if kind is not None and kind.is_document:
            return naming.new_id(kind.prefix, self.known.labels)
        if not name:
            raise Unreadable(f"no name: what is the {self.collection.noun} called?")
        return self._namesake(name, external)

    def _text(self, said: Said, field_: str) -> str | None:
        value = said.values.get((field_,), self.feeds.constants.get((field_,)))
        return None if value is None else str(value)

    def _namesake(self, name: str, external: str | None) -> str:
        """The slug of a name: of the record called so, unless that is another's in the other system."""
        known = self.known
        called = [
            key
            for key in known.called(name)
            if external is None or known.external_ids.get(key, external) == external
        ]
        if len(called) > 1:
            raise Unreadable(
                f'"{name}" is {" and ".join(called)}: name one by its {self.collection.identity}'
            )
        return called[0] if called else self.names.new_slug(self.collection.noun, name)


def _join(draft: Draft, said: Said, noun: str) -> None:
    """Take in another row about the same record: it may say more of it, but nothing else."""
    for path, value in said.values.items():
        known = draft.values.get(path, value)
        if known != value:
            raise Unreadable(
                f"{dotted(path)}: {written(value)}, where line {draft.rows[0].line} says "
                f"{written(known)} of the same {noun}"
            )
    draft.values.update(said.values)
    draft.rows.append(said.row)
