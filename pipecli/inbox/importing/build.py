"""From rows to records: the record of each row, the changes to it, and the reasons to reject a row.

A row's record is found by its id, its external_id or its name. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pipecli.errors import FaultyFile, PipecliError
from pipecli.inbox.importing.columns import Bindings, RowReading, Tally, dotted, written
from pipecli.inbox.importing.doubt import other_order
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.notation import Money, Unreadable
from pipecli.inbox.importing.related import Completer, Names, NewRecord
from pipecli.inbox.importing.table import Row
from pipecli.inbox.importing.three_way import Difference, Keep, settled
from pipecli.inbox.importing.values import Named, Path, clear, put, without_empties
from pipecli.jsontext import loads
from pipecli.merge.values import Clash
from pipecli.records.base import Document, Part, Plain, Record
from pipecli.records.kinds import CONTACT, Collection
from pipecli.records.references import references
from pipecli.store import naming
from pipecli.store.pipeline import Pipeline
from pipecli.store.reading import validate


@dataclass
class Draft:
    """A record in the making, from all the rows that are about it."""

    key: str
    is_new: bool
    rows: list[Row]
    values: dict[Path, object]
    related: set[tuple[str, str]] = field(default_factory=set)
    """The new records it names, by noun and key."""
    customer: str | None = None
    """Its customer, whose people it may name."""
    filled: list[str] = field(default_factory=list)
    """The required fields that its rows don't give."""
    record: Part | None = None
    """The finished record; None where it is rejected, or the same as in the pipeline."""
    before: Part | None = None
    """The record as it is in the pipeline."""
    by_id: bool = False
    """True where its rows name it by the id that it has here: they come from an export of ours."""
    reason: str = ""
    """The reason to reject all its rows; empty for a good one."""


class Drafts:
    """The drafts by the key of their record; finds or begins that of each row."""

    def __init__(self, collection: Collection, bindings: Bindings, names: Names) -> None:
        self.collection, self.bindings, self.names = collection, bindings, names
        self.known = names.known(collection.noun)
        self.by_key: dict[str, Draft] = {}

    def add(self, reading: RowReading) -> None:
        """Add a row to its record's draft. Raises Unreadable where it names none or contradicts another."""
        if reading.reasons:
            raise Unreadable("; ".join(reading.reasons))
        external = self._text(reading, "external_id")
        name = self._text(reading, "name") or self._text(reading, "title")
        if self.bindings.external_id and external is None:
            raise Unreadable(f"{self.bindings.external_id}: the external_id is missing")
        own = self._text(reading, self.collection.identity)
        if self.collection.noun == CONTACT.noun:
            key = self._person(reading, own, external, name)
        else:
            key = self._key(own, external, name)
        draft = self.by_key.get(key)
        if draft is not None:
            _join(draft, reading, self.collection.noun)
            return
        draft = Draft(key, key not in self.known.labels, [reading.row], reading.values)
        draft.by_id = own is not None
        self.by_key[key] = draft
        self.known.add(key, name or self.known.labels.get(key, key), external)

    def _person(self, reading: RowReading, own: str | None, external: str | None, name: str | None) -> str:
        """The contact of a row: by id, external_id, e-mail, or name at the same customer; or a new one."""
        customer = reading.values.get(("customer",), self.bindings.constants.get(("customer",)))
        at = self.names.key_of(customer) if isinstance(customer, Named) else None
        emails = [
            str(address)
            for path, value in reading.values.items()
            if path[0] == "emails"
            for address in (value if isinstance(value, tuple) else (value,))
        ]
        people = self.names.people
        if own or (external and self.known.with_external_id(external)):
            key = self._key(own, external, name)
        else:
            known = people.recognised(name, at, emails, external)
            if known is None:
                if not name:
                    raise Unreadable("no name: what is the contact called?")
                known = self.names.new_slug(CONTACT.noun, name)
                self.names.note_namesake(known, name)
            key = known
        people.add(key, name or self.known.labels.get(key, key), at, emails)
        return key

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

    def _text(self, reading: RowReading, field_: str) -> str | None:
        value = reading.values.get((field_,), self.bindings.constants.get((field_,)))
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


def _join(draft: Draft, reading: RowReading, noun: str) -> None:
    """Add another row about the same record: it may add fields, and must agree in those that both give."""
    for path, value in reading.values.items():
        known = draft.values.get(path, value)
        if known != value:
            raise Unreadable(
                f"{dotted(path)}: {written(value)}, where line {draft.rows[0].line} says "
                f"{written(known)} of the same {noun}"
            )
    draft.values.update(reading.values)
    draft.rows.append(reading.row)


Tick = Callable[[int], None]
"""Is given the number of rows just done. Each row is done twice: read, and its record made."""


@dataclass
class Outcome:
    """The result of an import, before anything is written."""

    made: dict[str, Part] = field(default_factory=dict)
    """New records by id or slug."""
    updated: dict[str, Part] = field(default_factory=dict)
    unchanged: int = 0
    merged: int = 0
    """Rows that are about the record of an earlier row."""
    rejected: list[tuple[Row, str]] = field(default_factory=list)
    related: list[NewRecord] = field(default_factory=list)
    """Missing records that rows name, made on the way."""
    filled: dict[str, Tally] = field(default_factory=dict)
    """Required fields that rows don't give, set to the time of the import."""
    kept: dict[str, Tally] = field(default_factory=dict)
    """Fields that both people and the file changed since the last import, and that stay as they are here."""


def build(
    pipeline: Pipeline,
    collection: Collection,
    source: Source,
    bindings: Bindings,
    rows: Iterable[Row],
    names: Names,
    now: datetime,
    tick: Tick,
    keep: Keep | None = None,
) -> Outcome:
    """The records that the rows make and change."""
    builder = _Builder(pipeline, collection, bindings, names, now)
    # All rows are read first: a row may name a record that a later one brings.
    for row in rows:
        builder.read(row)
        tick(1)
    if other_order(source, bindings):
        raise FaultyFile(source.faults)
    for draft in builder.drafts.by_key.values():
        builder.make(draft)
        tick(len(draft.rows))
    builder.settle(keep or source.mapping.keep)
    builder.reject_dangling()
    return builder.result()


class _Builder:
    def __init__(
        self, pipeline: Pipeline, collection: Collection, bindings: Bindings, names: Names, now: datetime
    ) -> None:
        self.pipeline, self.collection, self.bindings, self.names = pipeline, collection, bindings, names
        self.now = now
        self.drafts = Drafts(collection, bindings, names)
        self.completer = Completer(pipeline, collection, names)
        self.outcome = Outcome()
        self._own: dict[str, list[str]] = {}
        self._good: set[tuple[str, str]] = set()

    def read(self, row: Row) -> None:
        try:
            self.drafts.add(self.bindings.read(row))
        except Unreadable as error:
            self.outcome.rejected.append((row, str(error)))

    def make(self, draft: Draft) -> None:
        """Make the record of a draft, or note why it can't be."""
        try:
            before = draft.before = None if draft.is_new else self._present(draft.key)
            record = validate(self.collection.model, self._plain(draft, before))
            if isinstance(record, Record):
                self.completer.check_words(record)
                self._check_references(draft, record)
            if before is None or record.plain() != before.plain():
                draft.record = record
        except FaultyFile as error:
            draft.reason = "; ".join(fault.message for fault in error.faults)
        except (Unreadable, PipecliError) as error:
            draft.reason = str(error)

    def settle(self, keep: Keep | None) -> None:
        """Leave alone what people changed since the last import, and the file didn't.

        Where both did, `keep` decides. An export of ours is taken at its word unless it is said.
        """
        differing = [
            Difference(draft.key, draft.before, draft.record)
            for draft in self.drafts.by_key.values()
            if draft.before is not None and draft.record is not None
            if keep or not (draft.by_id and issubclass(self.collection.model, Document))
        ]
        if not differing:
            return
        for key, record, clashes in settled(self.pipeline, self.collection, differing, keep or "local"):
            draft = self.drafts.by_key[key]
            assert draft.before is not None
            if clashes and keep == "conflict":
                draft.reason = "; ".join(map(_disputed, clashes))
                continue
            for clash in clashes if keep != "file" else ():
                Tally.count(self.outcome.kept, ".".join(clash.path), draft.rows[0])
            is_changed = record.plain() != draft.before.plain()
            draft.record = record if is_changed else None
            if isinstance(record, Record):
                draft.related &= {(noun, name) for _, noun, name in references(record)}

    def reject_dangling(self) -> None:
        """Reject each draft that names a new record whose own draft is rejected, until none is left."""
        drafts = self.drafts.by_key
        while True:
            dangling = [
                (draft, key)
                for draft in drafts.values()
                if not draft.reason
                for key in self._own.get(draft.key, ())
                if key in drafts and drafts[key].is_new and drafts[key].reason
            ]
            if not dangling:
                return
            for draft, key in dangling:
                line = drafts[key].rows[0].line
                draft.reason = f"it names {key}, whose own row, line {line}, is rejected"

    def result(self) -> Outcome:
        outcome = self.outcome
        used: set[tuple[str, str]] = set()
        for draft in self.drafts.by_key.values():
            if draft.reason:
                outcome.rejected += [(row, draft.reason) for row in draft.rows]
                continue
            outcome.merged += len(draft.rows) - 1
            used |= draft.related
            for name in draft.filled:
                Tally.count(outcome.filled, name, draft.rows[0])
            if draft.record is None:
                outcome.unchanged += 1
            else:
                (outcome.made if draft.is_new else outcome.updated)[draft.key] = draft.record
        outcome.rejected.sort(key=lambda rejected: rejected[0].line)
        outcome.related = [record for name, record in self.names.new_records.items() if name in used]
        return outcome

    def _plain(self, draft: Draft, before: Part | None) -> Plain:
        """The record as plain data: its present values, those of its rows, and defaults for the rest."""
        draft.customer = self._customer(draft, before)
        values = {self._path(path, draft): self._value(value, draft) for path, value in draft.values.items()}
        money = [value for value in draft.values.values() if type(value) is Money]
        constants = {path: self._value(value, draft) for path, value in self.bindings.constants.items()}
        if before is None:
            plain: Plain = {self.collection.identity: draft.key} if self.collection.kind else {}
            values = constants | values
        else:
            plain = before.plain()
            _forget_other_products(plain, values)
            unsaid = self.bindings.owned - values.keys()
            for path in unsaid:
                clear(plain, path)
            values = {path: value for path, value in constants.items() if path in unsaid} | values
            values.pop(("created",), None)
        if self.collection.kind is None:
            values.pop((self.collection.identity,), None)
        for path, value in values.items():
            put(plain, path, value)
        if "created" not in plain and issubclass(self.collection.model, Document):
            plain["created"] = self.now
            draft.filled.append("created")
        if before is not None or self.bindings.has_gaps:
            plain = without_empties(plain)
        self.completer.settle_currency(plain, money)
        self.completer.complete(plain)
        return plain

    def _customer(self, draft: Draft, before: Part | None) -> str | None:
        """The customer of a record, whose people it may name."""
        named = draft.values.get(("customer",), self.bindings.constants.get(("customer",)))
        if isinstance(named, Named):
            return self.names.key_of(named)
        return getattr(before, "customer", None)

    def _path(self, path: Path, draft: Draft) -> Path:
        if Named not in map(type, path):
            return path
        return tuple(self._key(part, draft) if isinstance(part, Named) else part for part in path)

    def _value(self, value: object, draft: Draft) -> Any:
        if isinstance(value, Named):
            return self._key(value, draft)
        if isinstance(value, Money):
            return value.value
        return [self._value(part, draft) for part in value] if isinstance(value, tuple) else value

    def _key(self, named: Named, draft: Draft) -> str:
        key = self.names.key_of(named, draft.customer)
        if (named.noun, key) in self.names.new_records:
            draft.related.add((named.noun, key))
        return key

    def _present(self, key: str) -> Part:
        """The record as it is in the pipeline now."""
        if self.collection.kind is None:
            settings = self.pipeline.settings
            present: Part = (settings.users if self.collection.noun == "user" else settings.teams)[key]
            return present
        return validate(self.collection.model, loads(self._written[key]))

    @cached_property
    def _written(self) -> dict[str, str]:
        """The records of this kind as JSON, from the index: opening every file takes longer."""
        return dict(
            self.pipeline.index.connection.execute(
                "SELECT key, json FROM _records WHERE noun = ?", (self.collection.noun,)
            )
        )

    def _check_references(self, draft: Draft, record: Record) -> None:
        for field_, noun, key in references(record):
            if noun == self.collection.noun:
                self._own.setdefault(draft.key, []).append(key)
            if (noun, key) not in self._good:
                self._check(field_, noun, key)
                self._good.add((noun, key))

    def _check(self, field_: str, noun: str, key: str) -> None:
        settings = self.completer.settings
        if noun == "process" and key not in settings.processes:
            raise Unreadable(f"{field_}: there is no process {key} among {', '.join(settings.processes)}")
        if noun == "stage":
            process, _, stage = key.partition("/")
            if process in settings.processes and settings.stage(process, stage) is None:
                known = ", ".join(stage.id for stage in settings.processes[process].stages)
                raise Unreadable(f"{field_}: {stage} is no stage of the process {process}: {known}")
        elif noun != "process" and not self.names.exists(noun, key):
            raise Unreadable(f"{field_}: there is no {noun} {key}")


def _disputed(clash: Clash) -> str:
    base, ours, theirs = ("nothing" if value is None else value for value in clash[1:])
    field_ = ".".join(clash.path)
    return f"{field_}: the file says {theirs}, it is {ours} here, and was {base} at the last import"


def _forget_other_products(plain: Plain, values: dict[Path, Any]) -> None:
    """Take the price and description of an item away with the product they were of."""
    for place, item in enumerate(plain.get("items", ())):
        product = values.get(("items", place, "product"))
        if product is not None and product != item.get("product"):
            item.pop("description", None)
            item.pop("unit_price", None)
