"""The record that each row is about: found by its id, its external_id or its name, or one to be made.

A contact without an id is recognised in `named_records_and_contacts.py`, by address or by name and customer.
The record of an item or an activity that comes in a file of its own: `parts_of_records.py`.
What people changed since the last import is merged with it by what `earlier_imports.py` knows of that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count

from pipecli.errors import Reason, Unreadable
from pipecli.history.commits import Departed
from pipecli.inbox.importing.bindings import ORDINAL, Bindings, KeyOf, RowReading, dotted, written
from pipecli.inbox.importing.cells import STAGE_ENTERED, Named, Path
from pipecli.inbox.importing.earlier_imports import Keep, Versions, last_imported, merge_with_file
from pipecli.inbox.importing.import_report import NotHere, Removed
from pipecli.inbox.importing.list_elements import joined_rows
from pipecli.inbox.importing.named_records_and_contacts import Nameable
from pipecli.inbox.importing.table import Row, Table
from pipecli.json_and_csv import dumps, loads
from pipecli.merge_versions.field_by_field import FieldConflict
from pipecli.records.base import Part, Plain
from pipecli.records.emails_and_phones import are_same, email_key
from pipecli.records.kinds import CONTACT, SETTINGS_FILE, Kind
from pipecli.records.references import References
from pipecli.store import ids_and_files
from pipecli.store.validate_record import validate

KNOWN_WHOLE = "rows with nothing to be found by but the whole row: new where that changes"


_ContactFacts = tuple[str | None, list[str], list[str]]
"""The customer of a contact, its addresses and its telephone numbers."""
_MORE_THAN_A_NAME = frozenset(("id", "external_id", "customer", "emails", "phones"))
"""The fields that tell a contact from a namesake, if a row has one."""


@dataclass(slots=True)
class Draft:
    """A record in the making, from all the rows that are about it."""

    key: str
    is_new: bool
    rows: list[Row]
    values: dict[Path, object]
    related: Set[tuple[str, str]] = frozenset()
    """The new records it names, by noun and key."""
    customer: str | None = None
    """Its customer, whose people it may name."""
    filled: tuple[str, ...] = ()
    """The required fields that its rows don't give."""
    record: Part | None = None
    """The finished record; None where it is rejected, or as it is in the pipeline."""
    names: References | None = None
    """The names in the finished record, as long as that is at hand."""
    before: Part | None = None
    """The record as it is in the pipeline."""
    departed: Departed | None = None
    """The record that it was, where people removed it since an import brought it."""
    disputed: Set[Path] = frozenset()
    """Of a record that is here, what its rows contradict each other in: it stays, whichever comes first."""
    by_id: bool = False
    """True where its rows name it by the id that it has here: they come from an export of ours."""
    reason: Reason | None = None
    """The reason to reject all its rows; None for a good one."""


class Matcher:
    """The drafts by the key of their record; finds or begins that of each row."""

    def __init__(
        self,
        collection: Kind,
        bindings: Bindings,
        names: Nameable,
        parents: Mapping[int, str] | None = None,
        *,
        may_make: bool = True,
    ) -> None:
        """`parents` are the records by the line of a row, where rows are parts of records there are."""
        self.may_make = may_make
        self.collection, self.bindings, self.names, self.parents = collection, bindings, names, parents
        self.known = names.known(collection.noun)
        self.by_key: dict[str, Draft] = {}
        self.broken: dict[str, str] = {}
        """The records of which a row is rejected, and why."""
        self._has_keys = any(
            KeyOf in map(type, one.path or ()) for several in bindings.columns.values() for one in several
        )
        self._above: str | None = None

    def expect_addresses(self, readings: Sequence[RowReading]) -> None:
        """Know the addresses of rows to come: who has a row isn't her namesake in another."""
        if self.collection.noun == CONTACT.noun:
            self.names.people.expect_addresses(one for each in readings for one in _list_of(each, "emails"))

    def add(self, reading: RowReading) -> None:
        """Add a row to its record's draft. Raises Unreadable where it names none or contradicts another."""
        if self.parents is not None:
            self._add_part(reading, self.parents[reading.row.line])
            return
        if self._above is not None and self.bindings.is_below(reading.row):
            self._add_below(reading)
            return
        self._above = None
        external = self._text(reading, "external_id")
        name = self._text(reading, "name") or self._text(reading, "title")
        if reading.reasons and not (external and self.bindings.rows):
            raise reading.refusal()
        if self.bindings.external_id and external is None:
            raise Unreadable(f"{self.bindings.external_id}: the external_id is missing")
        own = self._text(reading, self.collection.identity)
        if not (own or external) and self.collection.is_document and self.may_make:
            self.bindings.tallies.count("noted", KNOWN_WHOLE, reading.row)
            external = reading.values["external_id",] = self.bindings.mark_of(reading.row)
        key, departed = self._find_or_new_key(reading, own, external, name)
        is_new = departed is None and key not in self.known.labels
        if is_new and not self.may_make:
            raise NotHere(f"unknown {self.collection.noun} {external or name}")
        if is_new and (refused := self.names.others.refused.get((self.collection.noun, external or ""))):
            raise Unreadable(f"its row in an earlier file was rejected: {refused}")
        self._above = key
        if not is_new:
            self.names.note_called(self.collection.noun, key, name)
        if departed is None:
            self.known.add(key, name or self.known.labels.get(key, key), external)
        draft = self.by_key.get(key)
        if reading.reasons:
            if is_new or (draft and draft.is_new):
                self._break(key, reading)
            raise reading.refusal()
        new = self.names.look_up_keys(reading.values) if self._has_keys else frozenset()
        if draft is not None:
            self._join(draft, reading)
            draft.related |= new
            return
        is_new = is_new and key not in self.broken
        draft = Draft(
            key, is_new, [reading.row], reading.values, new, departed=departed, by_id=own is not None
        )
        self.by_key[key] = draft

    def _find_or_new_key(
        self, reading: RowReading, own: str | None, external: str | None, name: str | None
    ) -> tuple[str, Departed | None]:
        """The id of a row's record, and that record as it was, where people removed it. Raises Unreadable."""
        facts = self._customer_emails_phones(reading) if self.collection.noun == CONTACT.noun else None
        departed = None if own else self._departed(external, name, facts)
        if departed and not departed.survivor:
            return departed.key, departed
        if departed and departed.survivor != departed.key:
            self.names.note_called(self.collection.noun, departed.survivor, name)
            raise Removed(f"it is merged into {departed.survivor}")
        own = departed.key if departed else own  # it is renamed
        key = (
            self._match_contact(reading, own, external, name, facts)
            if facts
            else self._match_by_id_or_name(own, external, name)
        )
        return key, None

    def _add_below(self, reading: RowReading) -> None:
        key = self._above or ""
        for path in [path for path in reading.values if path[0] != self.bindings.rows]:
            del reading.values[path]  # what an empty cell stands for is said above
        if reading.reasons:
            self._break(key, reading)
            raise reading.refusal()
        if key not in self.by_key:
            raise Unreadable("the row above, to whose record it belongs, is rejected")
        self._join(self.by_key[key], reading)

    def _add_part(self, reading: RowReading, key: str) -> None:
        if reading.reasons:
            if self.bindings.rows == "items":
                self._break(key, reading)
            raise reading.refusal()
        if self.bindings.external_id and self.bindings.external_path not in reading.values:
            raise Unreadable(f"{self.bindings.external_id}: the external_id is missing")
        if key in self.by_key:
            self._join(self.by_key[key], reading)
        else:
            self.by_key[key] = Draft(key, False, [reading.row], reading.values)

    def _break(self, key: str, reading: RowReading) -> None:
        """Note that a record lacks a row: its sum would be false."""
        self.broken.setdefault(key, f"line {reading.row.line}, which belongs to it, is rejected")

    def _join(self, draft: Draft, reading: RowReading) -> None:
        """Add another row about the same record: it may add, and must agree in what both give."""
        values = joined_rows(draft.values, reading.values, self.collection, self.bindings.rows)
        apart = {path for path, value in values.items() if draft.values.get(path, value) != value}
        if apart == {("external_id",)} and not self.collection.is_document:
            del values["external_id",]  # a product that is there twice
        for path, value in values.items():
            known = draft.values.get(path, value)
            if path[:2] == STAGE_ENTERED:  # it came to a stage twice: velocity counts from the first time
                values[path] = min(str(known), str(value))
            elif path == (self.bindings.rows,) and isinstance(known, tuple) and isinstance(value, tuple):
                values[path] = (*known, *(tag for tag in value if tag not in known))
            elif path[0] in ("emails", "phones") and are_same(path[0], known, value):
                values[path] = known
            elif known != value:
                draft.disputed |= frozenset() if draft.is_new else {path}
                raise Unreadable(
                    f"{dotted(path)}: {written(value)}, where line {draft.rows[0].line} says "
                    f"{written(known)} of the same {self.collection.noun}"
                )
        draft.values.update(values)
        own = {path[0] for path in reading.values}
        if self.collection.noun == CONTACT.noun and own.isdisjoint(_MORE_THAN_A_NAME):
            one = f'"{written(values.get(("name",), draft.key))}" has nothing but a name, as on line '
            self.bindings.tallies.count("noted", f"{one}{draft.rows[0].line}: one contact", reading.row)
        draft.rows.append(reading.row)

    def _departed(
        self, external: str | None, name: str | None, facts: _ContactFacts | None
    ) -> Departed | None:
        """The record of a row that people removed, merged or renamed; None where it is here, or never was."""
        if external and self.known.with_external_id(external):
            return None
        if facts:
            customer, emails, phones = facts
            gone = self.names.departed(CONTACT.noun).find(external, name, customer, emails)
            if gone and gone.survivor not in ("", gone.key):  # its survivor has its addresses now
                own = {*map(email_key, gone.plain.get("emails", ()))} - {None}
                if not own.isdisjoint(map(email_key, emails)):
                    return gone
            if gone and self.names.people.has_own_row(gone.plain.get("emails", ()), emails):
                return None  # her row has her address; this is a namesake's
            return None if self.names.people.recognised(name, customer, emails, external, phones) else gone
        if self.collection.is_document or (name and self._with_name(name, external)):
            name = None
        return self.names.departed(self.collection.noun).find(external, name) if external or name else None

    def _customer_emails_phones(self, reading: RowReading) -> _ContactFacts:
        """The customer of a contact's row, its addresses and its telephone numbers."""
        customer = reading.values.get(("customer",), self.bindings.constants.get(("customer",)))
        emails, phones = (_list_of(reading, list_) for list_ in ("emails", "phones"))
        if not isinstance(customer, Named) or (customer.may_lack and self._lacks(customer)):
            return None, emails, phones
        return self.names.key_of(customer), emails, phones

    def leave_out_unknown(self, draft: Draft, customer_of: Callable[[], str | None]) -> None:
        """Leave out what its rows contradict each other in; and, counted, the names of unknown records.

        People are looked for last, at its customer, which is found before them.
        """
        for path in draft.disputed:
            draft.values.pop(path, None)
        named = [(path, value) for path, value in draft.values.items() if type(value) is Named]
        lacking = [(path, value) for path, value in named if value.may_lack]
        for people in (False, True):
            for path, value in lacking:
                if (value.noun == CONTACT.noun) is people and self._lacks(value, draft.customer):
                    del draft.values[path]
                    self.bindings.tallies.count("left_out", f"{value.noun}s that aren't here", draft.rows[0])
            if not people:
                draft.customer = customer_of()

    def _lacks(self, named: Named, customer: str | None = None) -> bool:
        try:
            self.names.key_of(named, customer)
        except Unreadable:  # one whose row was rejected comes once that is mended
            return (named.noun, named.text) not in self.names.others.refused
        return False

    def _match_contact(
        self,
        reading: RowReading,
        own: str | None,
        external: str | None,
        name: str | None,
        facts: _ContactFacts,
    ) -> str:
        """The contact of a row: by id, external_id, e-mail, or name at the same customer; or a new one."""
        customer, emails, phones = facts
        people = self.names.people
        if own or (external and self.known.with_external_id(external)):
            key = self._match_by_id_or_name(own, external, name)
        else:
            known = people.recognised(name, customer, emails, external, phones)
            if known is None:
                if not name:
                    raise Unreadable("no name: what is the contact called?")
                known = self.names.new_slug(CONTACT.noun, name)
                self.names.note_namesake(known, name)
                for what in people.shared(name, emails):
                    self.bindings.tallies.count(
                        "noted", f"new contacts with the {what} of others", reading.row
                    )
            key = known
        people.meet(key, name or self.known.labels.get(key, key), customer, emails, phones)
        return key

    def _match_by_id_or_name(self, own: str | None, external: str | None, name: str | None) -> str:
        same = self.known.with_external_id(external) if external else []
        if own and (own in same or self.names.others.is_own):
            return own
        if len(same) > 1:
            raise Unreadable(f'{" and ".join(same)} have the same external_id "{external}"')
        if own and same and same[0] != own:
            raise Unreadable(f'{same[0]} has the external_id "{external}" already, and can\'t be {own}')
        if own or same:
            return own or same[0]
        if self.collection.is_document:
            taken = self.known.labels
            if external:
                return ids_and_files.id_derived_from(external, taken, f"{self.collection.prefix}-")
            return ids_and_files.new_id(self.collection.prefix, taken)
        if not name:
            raise Unreadable(f"no name: what is the {self.collection.noun} called?")
        return self._named_or_new(name, external)

    def _text(self, reading: RowReading, field_: str) -> str | None:
        value = reading.values.get((field_,), self.bindings.constants.get((field_,)))
        return None if value is None else str(value)

    def _named_or_new(self, name: str, external: str | None) -> str:
        """The slug of a name: of the record called so, unless that is another's in the other system."""
        called = self._with_name(name, external)
        if len(called) > 1:
            raise Unreadable(
                f'"{name}" is {" and ".join(called)}: name one by its {self.collection.identity}'
            )
        return called[0] if called else self.names.new_slug(self.collection.noun, name)

    def _with_name(self, name: str, external: str | None) -> list[str]:
        ids = self.known.external_ids
        called = self.known.with_name(name)
        return [key for key in called if external is None or ids.get(key, external) == external]


def _list_of(reading: RowReading, list_: str) -> list[str]:
    """The addresses of a row, or its telephone numbers."""
    values = [value for path, value in reading.values.items() if path[0] == list_]
    return [str(one) for value in values for one in (value if isinstance(value, tuple) else (value,))]


def merge_drafts(
    collection: Kind, names: Nameable, drafts: Iterable[Draft], keep: Keep
) -> Iterator[tuple[Draft, Part, list[FieldConflict]]]:
    """Drafts of records that were imported before: what each and its people's changes come to together.

    And the fields that both changed. Of a record that no import brought the file is all.
    """
    by_file: dict[str, list[tuple[Draft, list[str]]]] = defaultdict(list)
    for draft in drafts if names.imports else ():
        file = names.pipeline.file_of(collection.noun, draft.key) if collection.folder else SETTINGS_FILE
        merged_in = _merged_into(collection, names, draft)
        if file and (merged_in or names.imports.of(file)):
            by_file[file].append((draft, merged_in))
    for file, own in names.imports.plain_versions(by_file):
        for draft, merged_in in by_file[file]:
            earlier = [pair for _, pairs in names.imports.plain_versions(merged_in) for pair in pairs]
            if (base := _last_imported(collection, names, draft.key, [*earlier, *own])) is not None:
                assert draft.before is not None and draft.record is not None
                yield draft, *merge_with_file(collection, draft.before, draft.record, base, keep)


def _merged_into(collection: Kind, names: Nameable, draft: Draft) -> list[str]:
    """The file of the record whose name in the other system this one has since the two were merged."""
    external = getattr(draft.record, "external_id", None)
    gone = names.departed(collection.noun).find(external, None) if collection.folder and external else None
    return [gone.file] if gone and gone.key != gone.survivor == draft.key else []


def as_imported(collection: Kind, names: Nameable, drafts: Sequence[Draft]) -> None:
    """Have the drafts of records that people removed begin with what the file last said of them."""
    by_file = defaultdict(list)
    for draft in drafts:
        if draft.departed:
            by_file[draft.departed.file].append((draft, draft.departed))
    for file, versions in names.imports.plain_versions(by_file):
        for draft, departed in by_file[file]:
            base = _last_imported(collection, names, departed.key, versions)
            plain = loads(dumps(base or departed.plain))  # a figure under custom is a Decimal, as in a row
            draft.before = validate(collection.model, plain)


def last_imports(collection: Kind, names: Nameable, keys: Iterable[str]) -> Iterator[tuple[str, Plain]]:
    """Records as the file last said them; one that no import brought as it is here."""
    pipeline = names.pipeline
    by_file = {pipeline.file_of(collection.noun, key) or "": key for key in keys}
    for file, versions in names.imports.plain_versions(by_file):
        key = by_file[file]
        yield (
            key,
            _last_imported(collection, names, key, versions) or loads(pipeline.json_of(collection.noun, key)),
        )


def _last_imported(collection: Kind, names: Nameable, key: str, versions: Versions) -> Plain | None:
    """A record as the file last said it, naming those that the ones it named are merged into since."""
    base = last_imported(collection, key, versions)
    return base and names.as_merged(collection, base)


def _likeness(values: Mapping[Path, object], record: Plain, names: Nameable) -> int:
    """The number of values that a record has, too, but for the name that is to be found."""
    others = {path: value for path, value in values.items() if path != ("external_id",)}
    return sum(names.record_has(record, path, value) for path, value in others.items())


def number_alike_rows(collection: Kind, table: Table, bindings: Bindings, names: Nameable) -> None:
    """Give rows that are alike in what tells records apart the places of the records that they are most like.

    It asks what the file last said of each: what was changed here, and the order of its rows, don't matter.
    One of them may be gone. `bindings` count nothing that is told.
    """
    known = names.known(collection.noun)
    groups: dict[str, list[Row]] = {}
    for row in table.rows if known.external_ids else ():
        groups.setdefault(bindings.external_of(row, "1"), []).append(row)
    twins: list[tuple[list[Row], list[str]]] = []
    for rows in groups.values():
        keys: list[str] = []
        while same := known.with_external_id(bindings.external_of(rows[0], str(len(keys) + 1))):
            keys.append(same[0])
        if len(keys) > 1:
            twins.append((rows, keys))
    said = dict(last_imports(collection, names, [key for _, keys in twins for key in keys]))
    for rows, keys in twins:
        values = [bindings.read(row).values for row in rows]
        pairs = sorted(
            (-_likeness(values[place], said[key], names), number, place)
            for number, key in enumerate(keys)
            for place in range(len(rows))
        )
        places: dict[int, int] = {}
        for _, number, place in pairs:
            if place not in places and number not in places.values():
                places[place] = number
        free = (number for number in count(len(keys)))
        for place, row in enumerate(rows):
            row.cells[ORDINAL] = str((places[place] if place in places else next(free)) + 1)
