"""From rows to records: what each record comes to, and the reasons to reject its rows; nothing is written."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Any, Protocol, TypeVar

from pipecli.errors import FaultyFile, PipecliError, Reason, Unreadable
from pipecli.history.events_in_words import RecordVersion, events_between
from pipecli.inbox.importing.bindings import WON_FOR_LINES, Bindings
from pipecli.inbox.importing.cells import CLOSED_STAGE, Named, Path, nouns_of
from pipecli.inbox.importing.compile_mapping import note_other_order_of_days
from pipecli.inbox.importing.defaults import Completer, forget_ending
from pipecli.inbox.importing.earlier_imports import Keep, in_dispute
from pipecli.inbox.importing.import_report import ImportOutcome, Lines
from pipecli.inbox.importing.list_elements import (
    FURTHER_CONTACTS,
    Placing,
    clear_value,
    drop_unknown_people,
    element_place,
    elements_in,
    forget_other_products,
    put_values,
    without_elements,
)
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.match_record import Draft, Matcher, as_imported, last_imports, merge_drafts
from pipecli.inbox.importing.named_records_and_contacts import Nameable
from pipecli.inbox.importing.table import Row
from pipecli.json_and_csv import loads
from pipecli.records.base import Document, Part, Plain, Record
from pipecli.records.kinds import Kind
from pipecli.records.opportunity import Opportunity
from pipecli.records.references import References, references
from pipecli.records.written_amounts import Money
from pipecli.store.second_process import parts
from pipecli.store.validate_record import validate
from pipecli.store.yaml.write import without_empties

S = TypeVar("S")
T = TypeVar("T")


class Taking(Protocol):
    """A taker of the records that rows come to: a Planner, or one before it."""

    def take(self, record: Record, *, is_new: bool = False, names: References | None = None) -> None: ...


Tick = Callable[[int], None]
"""Is given the number of rows just done. Each row is done twice: read, and its record made."""


class RecordMaker:
    """Makes the records of one kind that rows are about, or parts of, and notes what came of them."""

    def __init__(
        self,
        collection: Kind,
        source: Source,
        bindings: Bindings,
        names: Nameable,
        planner: Taking,
        outcome: ImportOutcome,
        keep: Keep | None,
    ) -> None:
        """`outcome` has the record of each row that is a part of one."""
        self.collection, self.bindings, self.names = collection, bindings, names
        self.pipeline = names.pipeline
        self.source, self.planner, self.outcome, self.keep = source, planner, outcome, keep
        parents = None if outcome.lines is None else outcome.parents
        may_make = source.mapping.unknown is None
        self.matcher = Matcher(collection, bindings, names, parents, may_make=may_make)
        self.completer = Completer(collection, names)
        self._new_in_use: set[tuple[str, str]] = set()
        self._owned: dict[str, set[Path]] = defaultdict(set)
        """By list, the fields of its elements that the file decides."""
        for path in bindings.owned:
            if place := element_place(path):
                self._owned[place[0]].add(path[2:])
        self._names_its_kind: dict[str, list[str]] = {}
        """By the key of a draft, the records of the same kind that it names: one may be rejected yet."""
        self._names_checked: set[tuple[str, str]] = set()
        self._to_removed: set[tuple[str, str]] = set()
        """The records that rows name, and that people removed."""

    def make_records(self, rows: Sequence[Row], tick: Tick) -> None:
        """Make the records of rows, which the planner takes. Raises FaultyFile."""
        # All rows are read first: a row may name a record that a later one brings.
        for some in parts(rows):
            self._read(some)
            tick(len(some))
        if note_other_order_of_days(self.source, self.bindings):
            raise FaultyFile(self.source.faults)
        drafts = [*self.matcher.by_key.values()]
        as_imported(self.collection, self.names, drafts)
        waiting: list[Draft] = []
        blocks = deque(parts(drafts))
        drafts.clear()  # what is taken is forgotten
        while blocks:
            block = blocks.popleft()
            waiting += self._make(block)
            if self.matcher.parents is not None:  # none names another of its file: they needn't wait for all
                self._finish(waiting)
                waiting = []
            tick(sum(len(draft.rows) for draft in block))
        self._finish(waiting)
        new = self.names.new_records
        self.outcome.related |= {name: record for name, record in new.items() if name in self._new_in_use}

    def _read(self, rows: Sequence[Row]) -> None:
        readings = [self.bindings.read(row) for row in rows]
        self.matcher.expect_addresses(readings)
        for reading in readings:
            try:
                self.matcher.add(reading)
            except Unreadable as error:
                self.outcome.refuse(reading.row, error, self.source.mapping.unknown)

    def _make(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Make the records of drafts, or note why one can't be: step by step for all of them.

        A new one in whose way nothing can be any more is taken at once; the others are given back.
        """
        model = self.collection.model
        plains = self._step(self._before_and_plain, [(draft, None) for draft in drafts])
        self._step(self._check, self._step(lambda _, two: (two[0], validate(model, two[1])), plains))
        left = []
        for draft in drafts:
            if draft.is_new and isinstance(draft.record, Record) and draft.key not in self._names_its_kind:
                self._take([self.matcher.by_key.pop(draft.key)])
                continue
            left.append(draft)
            draft.names = None  # it may yet be merged with what people changed
            if self.matcher.parents is None:  # only parts are counted
                draft.values = {}
        return left

    @staticmethod
    def _step(work: Callable[[Draft, S], T], things: Iterable[tuple[Draft, S]]) -> list[tuple[Draft, T]]:
        """The result of some work on each draft; one that it refuses has the reason, and is out."""
        done = []
        for draft, thing in things:
            try:
                done.append((draft, work(draft, thing)))
            except FaultyFile as error:
                draft.reason = Reason("; ".join(fault.message for fault in error.faults))
            except (Unreadable, PipecliError) as error:
                draft.reason = Reason(str(error), error.new)
        return done

    def _before_and_plain(self, draft: Draft, _: None) -> tuple[Part | None, Plain]:
        """The record as it is in the pipeline, and as it shall be. Raises Unreadable."""
        is_whole = draft.is_new or self.matcher.parents is not None
        if is_whole and (broken := self.matcher.broken.get(draft.key)):
            raise Unreadable(broken)
        before = draft.before if draft.is_new or draft.departed else self._present(draft.key)
        return before, self._plain(draft, before)

    def _check(self, draft: Draft, records: tuple[Part | None, Part]) -> None:
        """Take a record for that of its draft, unless it names what isn't there."""
        before, record = records
        if isinstance(record, Record):
            self._check_references(draft, record)
        if before is None or not record.says_as(before):
            draft.before, draft.record = before, record

    def _finish(self, drafts: Sequence[Draft]) -> None:
        """Settle drafts that are made, and have the planner take those that come to something."""
        self._keep_or_take(drafts)
        self._reject_dangling(drafts)
        self._take(drafts)

    def _keep_or_take(self, drafts: Sequence[Draft]) -> None:
        """Leave alone what people changed since the last import, and the file didn't.

        Where both did, `keep` decides. An export of ours is taken at its word unless it is said.
        """
        keep = self.keep
        side: Keep = keep or "local"
        differing = [
            draft
            for draft in drafts
            if draft.before is not None and draft.record is not None and draft.departed is None
            if keep or not (draft.by_id and issubclass(self.collection.model, Document))
        ]
        for draft in drafts:
            if draft.departed is not None:
                self._keep_or_remove(draft, side)
        for draft, record, conflicts in merge_drafts(self.collection, self.names, differing, side):
            if conflicts and keep == "conflict":
                draft.reason = Reason("; ".join(map(in_dispute, conflicts)))
                continue
            for conflict in conflicts if keep != "file" else ():
                self.outcome.tallies.count("kept", ".".join(conflict.path), draft.rows[0])
            sides = [part.plain() for part in (draft.record, record) if isinstance(part, Part)]
            events = events_between(*(RecordVersion(self.collection.noun, draft.key, side) for side in sides))
            self.outcome.changed += [(draft.key, event) for event in events]
            draft.record = None if draft.before and record.says_as(draft.before) else record
            if isinstance(record, Record):
                draft.related &= {(noun, name) for _, noun, name in references(record)}

    def _keep_or_remove(self, draft: Draft, keep: Keep) -> None:
        """Leave a record removed of which the file says nothing new; where it does, `keep` decides."""
        is_changed = draft.record is not None
        if is_changed and keep == "file":
            draft.is_new, draft.departed = True, None
        elif is_changed and keep == "conflict":
            draft.reason, draft.departed = Reason("the file changed it, and it was removed here"), None
        elif is_changed:
            self.outcome.tallies.count("kept", "the removal", draft.rows[0])

    def _reject_dangling(self, finished: Sequence[Draft]) -> None:
        """Reject each draft that names a new record whose own draft is rejected, until none is left.

        And each that comes to name a record that people removed.
        """
        drafts = self.matcher.by_key
        for draft in finished if self._to_removed else ():
            if isinstance(draft.record, Record) and draft.departed is None and not draft.reason:
                named = {(noun, key): field_ for field_, noun, key in references(draft.record)}
                for noun, key in named.keys() & self._to_removed:
                    draft.reason = Reason(f"{named[noun, key]}: the {noun} {key} was removed here")
        while True:
            dangling = [
                (draft, key)
                for draft in finished
                if not draft.reason
                for key in self._names_its_kind.get(draft.key, ())
                if key in drafts and drafts[key].is_new and drafts[key].reason
            ]
            if not dangling:
                return
            for draft, key in dangling:
                line = drafts[key].rows[0].line
                draft.reason = Reason(f"it names {key}, whose own row, line {line}, is rejected")

    def _take(self, drafts: Sequence[Draft]) -> None:
        outcome = self.outcome
        for draft in drafts:
            if draft.departed is not None:
                for row in draft.rows:
                    outcome.leave_out(row)
                continue
            if draft.reason:
                outcome.rejected += [(row, draft.reason) for row in draft.rows]
                continue
            outcome.merged += len(draft.rows) - 1
            self._new_in_use |= draft.related
            for name in draft.filled:
                self.outcome.tallies.count("filled_with_now", name, draft.rows[0])
            if draft.record is None:
                outcome.unchanged += 1
                continue
            (outcome.made if draft.is_new else outcome.updated).append(draft.key)
            if isinstance(draft.record, Record):
                self.planner.take(draft.record, is_new=draft.is_new, names=draft.names)
            elif isinstance(draft.record, Part):
                outcome.principals[self.collection.noun, draft.key] = draft.record
        if outcome.lines is not None:
            outcome.lines = self._lines(outcome.lines, drafts)
            for draft in drafts:
                draft.values, draft.before, draft.record = {}, None, None

    def _lines(self, known: Lines, drafts: Sequence[Draft]) -> Lines:
        """The counts of rows that are parts of records, with those known before."""
        list_ = self.bindings.rows or ""
        made = updated = told = rows = 0
        for draft in drafts:
            if draft.reason or draft.departed:
                continue
            rows += len(draft.rows)
            told += len(elements_in(draft.values).get(list_, ()))
            if isinstance(draft.record, Part) and draft.before is not None:
                before, after = (getattr(part, list_) for part in (draft.before, draft.record))
                more = max(len(after) - len(before), 0)
                made += more
                updated += sum(member not in before for member in after) - more
        return Lines(made, updated, told - made - updated, rows - told).plus(known)

    def _plain(self, draft: Draft, before: Part | None) -> Plain:
        """The record as plain data: its present values, those of its rows, and defaults for the rest."""
        is_emptied = "contacts" in self._owned and all(path[0] != "contacts" for path in draft.values)
        self._look_up_people(draft, before)
        values, constants = (  # most are plain: a call less for each
            {path: value if type(value) is str else self._value(value, draft) for path, value in of.items()}
            for of in (draft.values, self.bindings.constants)
        )
        elements = {} if draft.by_id else elements_in(values)
        of_elements = elements_in(constants)
        values, constants = without_elements(values, elements), without_elements(constants, elements)
        given = self.names.others.agree(self.collection.noun, draft.key, values, self.bindings.owned, before)
        if before is None:
            plain: Plain = {self.collection.identity: draft.key} if self.collection.folder else {}
            values = constants | values
        else:
            plain = before.plain()
            values = self._changes(draft, plain, values, constants, given)
        if not self.collection.folder:
            values.pop((self.collection.identity,), None)
        put_values(plain, values)
        earlier = partial(self._last_imported, draft), draft.rows[0]
        for list_ in sorted({*elements, "contacts"} if is_emptied else elements):
            fixed = next(iter(of_elements.get(list_, {}).values()), {})
            placing = Placing(self.collection, self.bindings, list_, *earlier, elements.get(list_, {}))
            placing.put(plain, fixed, self._owned[list_])
        told = {**constants, **values}
        self._complete(draft, plain, before, told, has_lines="items" in elements)
        return plain

    def _look_up_people(self, draft: Draft, before: Part | None) -> None:
        """Find the customer of a record, and leave out whom nobody knows."""
        self.matcher.leave_out_unknown(draft, partial(self._customer, draft, before))
        if self.collection.noun == "opportunity" and (person := self._person_of_customer(draft)):
            draft.values.setdefault(("contacts", 0, "contact"), person)
        if drop_unknown_people(draft.values, lambda value: self._value(value, draft)):
            self.outcome.tallies.count("left_out", FURTHER_CONTACTS, draft.rows[0])

    def _changes(
        self,
        draft: Draft,
        plain: Plain,
        values: dict[Path, Any],
        constants: Mapping[Path, Any],
        given: Set[Path],
    ) -> dict[Path, Any]:
        """The values to set in a record that is here; what the file no longer says is cleared.

        But for what is `given` by earlier files.
        """
        if draft.by_id:
            forget_other_products(plain, values)
        is_unknown = plain.get("closed", {}).get("stage") is not None
        forget_ending(self.collection.noun, plain, values)
        unsaid = self.bindings.owned - values.keys() - draft.disputed - given
        unsaid = frozenset(path for path in unsaid if draft.by_id or element_place(path) is None)
        for path in unsaid:
            clear_value(plain, path)
        values = {path: value for path, value in constants.items() if path in unsaid} | values
        values.pop(("created",), None)
        is_moved = values.get(("process",), plain.get("process")) != plain.get("process")
        if values.get(CLOSED_STAGE) and not (is_moved or draft.by_id):
            values.pop(("stage",), None)  # a stand-in, where here is another, or that at which it ended
            if not is_unknown:
                values.pop(CLOSED_STAGE)
        return values

    def _complete(
        self, draft: Draft, plain: Plain, before: Part | None, told: Mapping[Path, object], *, has_lines: bool
    ) -> None:
        """Add what a record lacks: when it was made, its currency, defaults, what it was won for."""
        if "created" not in plain and issubclass(self.collection.model, Document):
            plain["created"] = self.pipeline.now
            draft.filled += ("created",)
        if before is not None or self.bindings.has_gaps:
            paths = {*draft.values, *self.bindings.owned, *self.bindings.constants}
            for name in {path[0] for path in paths} & plain.keys():
                plain |= without_empties({name: plain.pop(name)})
        if isinstance(before, Opportunity) and self._lacks_currency(draft, before, told):
            plain.pop("currency", None)
        money = [value for value in draft.values.values() if type(value) is Money]
        if rounding := self.completer.settle_currency(plain, money, self.bindings.other_currencies):
            self.outcome.tallies.count("replaced", rounding, draft.rows[0])
        self.completer.complete(plain, before)
        is_whole = has_lines and self.matcher.parents is None and not draft.by_id
        if is_whole and (worth := self.completer.value_of_won(plain)) is not None:
            plain["closed"]["amount"] = worth
            self.outcome.tallies.count("noted", WON_FOR_LINES, draft.rows[0])

    def _customer(self, draft: Draft, before: Part | None) -> str | None:
        """The customer of a record, whose people it may name."""
        named = draft.values.get(("customer",), self.bindings.constants.get(("customer",)))
        return self.names.key_of(named) if isinstance(named, Named) else getattr(before, "customer", None)

    def _person_of_customer(self, draft: Draft) -> str | None:
        """The contact that the name of a customer tells: `Aurora, Ben Li`, as Odoo has a person of hers."""
        named, customer = draft.values.get(("customer",)), draft.customer
        if not isinstance(named, Named) or customer is None or ", " not in named.text:
            return None
        people = self.names.people.named_at(customer, named.text.rpartition(", ")[2])
        is_whole = customer in self.names.known("customer").with_name(named.text)
        return people[0] if len(people) == 1 and not is_whole else None

    def _lacks_currency(self, draft: Draft, deal: Opportunity, told: Mapping[Path, object]) -> bool:
        """True where an imported deal has the pipeline's currency for want of an amount that tells one."""
        is_own = deal.currency == self.completer.settings.currency and ("currency",) not in told
        has_amount = deal.amount is not None or deal.items or (deal.closed and deal.closed.value is not None)
        return is_own and not has_amount and self._was_imported(draft)

    def _was_imported(self, draft: Draft) -> bool:
        """True where an import wrote the record; people may have changed it since."""
        file = self.pipeline.file_of(self.collection.noun, draft.key) if self.collection.folder else None
        return file is not None and bool(self.names.imports.of(file))

    def _last_imported(self, draft: Draft) -> Plain | None:
        """The record as the file last said it; None where no import wrote it."""
        said = last_imports(self.collection, self.names, [draft.key])
        return dict(said)[draft.key] if self._was_imported(draft) else None

    def _value(self, value: object, draft: Draft) -> Any:
        if isinstance(value, Named):
            return self._key_of(value, draft)
        if isinstance(value, Money):
            return value.value
        return [self._value(part, draft) for part in value] if isinstance(value, tuple) else value

    def _key_of(self, named: Named, draft: Draft) -> str:
        key = self.names.key_of(named, draft.customer)
        if (named.noun, key) in self.names.new_records:
            draft.related |= {(named.noun, key)}
        return key

    def _present(self, key: str) -> Part:
        if not self.collection.folder:
            settings = self.pipeline.settings
            present: Part = (settings.users if self.collection.noun == "user" else settings.teams)[key]
            return present
        return validate(self.collection.model, loads(self.pipeline.json_of(self.collection.noun, key)))

    def _check_references(self, draft: Draft, record: Record) -> None:
        draft.names = references(record)
        for field_, noun, key in draft.names:
            if noun == self.collection.noun:
                self._names_its_kind.setdefault(draft.key, []).append(key)
            if (noun, key) not in self._names_checked:
                self._check_name(field_, noun, key)
                self._names_checked.add((noun, key))
            if (noun, key) in self._to_removed:
                self._names_its_kind.setdefault(draft.key, [])

    def _check_name(self, field_: str, noun: str, key: str) -> None:
        settings = self.completer.settings
        if noun == "stage":
            process, _, stage = key.partition("/")
            if process in settings.processes and settings.stage(process, stage) is None:
                known = ", ".join(stage.id for stage in settings.processes[process].stages)
                raise Unreadable(f"{field_}: {stage} isn't a stage of the process {process}: {known}")
        elif noun != "process" and not self.names.exists(noun, key):
            if any(key in self.names.departed(own).names for own in nouns_of(noun)):
                self._to_removed.add((noun, key))
                return
            raise Unreadable(f"{field_}: unknown {noun} {key}")
