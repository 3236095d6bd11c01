"""Items and activities in files of their own: the record that each row names, and those that the file moved.

An activity moves, unless people changed it here. The row of an item is rejected, as two sums would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from pipecli.errors import Reason, Unreadable
from pipecli.inbox.importing.bindings import Bindings
from pipecli.inbox.importing.cells import name_in
from pipecli.inbox.importing.earlier_imports import Keep
from pipecli.inbox.importing.import_report import ImportOutcome, LeftOut, Lines, NotHere, Removed
from pipecli.inbox.importing.list_elements import Element
from pipecli.inbox.importing.mapping import RECORD, RowKind, Source
from pipecli.inbox.importing.match_record import last_imports
from pipecli.inbox.importing.named_records_and_contacts import Nameable
from pipecli.inbox.importing.table import Row
from pipecli.json_and_csv import dumps, loads
from pipecli.records.base import Plain, Record
from pipecli.records.kinds import BY_NOUN
from pipecli.records.references import References
from pipecli.records.written_amounts import plain_digits
from pipecli.store.index import rows_for_verbs
from pipecli.store.plan_writes import Planner
from pipecli.store.validate_record import validate

RowsByKind = dict[str, list[Row]]
"""By the noun of the records that the rows belong to."""
_Place = tuple[str, str]
"""The noun and the id of a record."""
MOVED = "moved to another record, as in the file"
REMOVED_HERE = "the file moved it to another record, and it was removed here"
SHARED = "further records, of rows that name several"
SAME_ID = "with an external_id that something else in another record has"


def parents_of(
    part: RowKind, source: Source, rows: Iterable[Row], names: Nameable, outcome: ImportOutcome
) -> RowsByKind:
    """The rows by the kind of record they belong to; the record of each is noted in the outcome.

    It is found by its id, its external_id or its name; of several it is the first that is here.
    """
    by_kind: RowsByKind = {parent.noun: [] for parent in part.kinds}
    columns = record_columns(part, source)
    for row in rows:
        try:
            noun, key, is_shared = _parent(part, columns, row, names)
        except Unreadable as error:
            outcome.refuse(row, error, source.mapping.unknown)
            continue
        by_kind[noun].append(row)
        outcome.parents[row.line] = key
        if is_shared:
            outcome.tallies.count("left_out", SHARED, row)
    return by_kind


def record_columns(part: RowKind, source: Source) -> list[tuple[tuple[str, ...], str]]:
    """The columns that name a record, each with the kinds of record that it may name."""
    every = tuple(parent.noun for parent in part.kinds)
    named = source.mapping.record.items()
    columns = [((noun,) if noun != RECORD else every, column) for noun, column in named]
    columns += [
        (every, column.removesuffix("?"))
        for column, several in source.mapping.columns.items()
        if any(one.to == RECORD for one in several)
    ]
    return columns


def _parent(
    part: RowKind, columns: Iterable[tuple[tuple[str, ...], str]], row: Row, names: Nameable
) -> tuple[str, str, bool]:
    """The kind and the id of a row's record, and whether the row names others besides (`9002;9003`)."""
    texts = list[str]()
    for nouns, column in columns:
        whole = name_in(row.text(column))
        if not whole:
            continue
        texts.append(whole)
        for text in (whole, *(part.strip() for part in whole.split(";") if ";" in whole)):
            if known := [(noun, key) for noun in nouns if (key := names.find(noun, text)) is not None]:
                break
        known = [one for one in known if names.exists(*one)] or known
        if len(known) > 1:
            raise Unreadable(f'{column}: "{whole}" is {" and ".join(key for _, key in known)}')
        if known and not names.exists(*known[0]):
            raise Removed(f"{known[0][1]} was removed here")
        if known:
            return *known[0], text != whole
    kinds = " or ".join(parent.noun for parent in part.kinds)
    named = " or ".join(f'"{text}"' for text in texts)
    error = NotHere if names.others.left_out.isdisjoint(texts) else LeftOut
    raise error(f"unknown {kinds} {named}" if texts else f"it names no {kinds}")


class _Move(NamedTuple):
    external_id: str
    old: _Place
    new: _Place
    row: Row


class Moves:
    """The moves of one file.

    Both records are planned last: what has come to the new one goes from the old one, and nothing else.
    """

    def __init__(
        self, part: RowKind, planner: Planner, bindings: Bindings, names: Nameable, outcome: ImportOutcome
    ) -> None:
        """`bindings` count nothing that is told."""
        self._part, self._planner, self._bindings = part, planner, bindings
        self._names, self._outcome = names, outcome
        self._moves: list[_Move] = []
        self._places: set[_Place] = set()
        self._waiting: dict[_Place, Record] = {}

    def find(self, by_kind: RowsByKind, keep: Keep) -> None:
        """Find what moves; taken out are the rows of what stays as people left it, or may be one or two."""
        names, outcome = self._names, self._outcome
        out = self._removed(by_kind, keep)
        moves, said = self._found(by_kind), dict[_Place, Plain]()
        for collection in self._part.kinds:
            own = {key for move in moves for noun, key in (move.old, move.new) if noun == collection.noun}
            versions = last_imports(collection, names, own)
            said |= {(collection.noun, key): plain for key, plain in versions}
        for move in moves:
            if self._part_of(said[move.new], move.external_id):
                continue  # people took it from there
            here = self._part_of(self._record(move.old).plain(), move.external_id)
            before = self._part_of(said[move.old], move.external_id)
            is_changed = loads(dumps(here)) != loads(dumps(before))
            values = self._values(move.row)
            if not self._may_tell_of(here, values) and not self._may_tell_of(before, values):
                outcome.tallies.count("noted", SAME_ID, move.row)
                continue
            if self._part.noun == "item" or (is_changed and keep == "conflict"):
                reason = (
                    f"{move.old[1]} has the {self._part.noun} {move.external_id}, and the file has it in "
                    f"{move.new[1]}: remove it there if it moved; if each record numbers its own, "
                    "the external_id must name the record, too"
                )
                outcome.rejected.append((move.row, Reason(reason)))
            elif is_changed and keep == "local":
                self._keep("the record", move.row)
            else:
                outcome.tallies.count("noted", MOVED, move.row)
                self._moves.append(move)
                self._places |= {move.old, move.new}
                continue
            out.add(move.row.line)
        for noun, rows in by_kind.items() if out else ():
            by_kind[noun] = [row for row in rows if row.line not in out]

    def _may_tell_of(self, part: Plain | None, values: Element) -> bool:
        """True for the values of a part: a call of the same time or subject, a line of the same product."""
        same = {path[0] for path, value in values.items() if self._names.record_has(part or {}, path, value)}
        return bool(same & {"product", "description"}) or ("type" in same and bool(same & {"at", "subject"}))

    def _values(self, row: Row) -> Element:
        read = {**self._bindings.constants, **self._bindings.read(row).values}
        return {path[2:]: value for path, value in read.items()}

    @cached_property
    def _held(self) -> dict[str, list[_Place]]:
        """The records that have a part of an external id."""
        held: dict[str, list[_Place]] = {}
        known = rows_for_verbs.external_ids_of_parts(self._names.pipeline.index.connection, self._part.plural)
        for noun, key, external in known:
            held.setdefault(plain_digits(external), []).append((noun, key))
        return held

    def _removed(self, by_kind: RowsByKind, keep: Keep) -> set[int]:
        """The lines of activities that people removed from another record, where these stay removed."""
        names, outcome = self._names, self._outcome
        every: dict[str, list[Row]] = {}
        for rows in by_kind.values() if keep != "file" and self._part.noun == "activity" else ():
            for row in rows:
                every.setdefault(plain_digits(self._bindings.external_of(row)), []).append(row)
        new = {key: rows[0] for key, rows in every.items() if key and key not in self._held and not rows[1:]}
        out: set[int] = set()
        for collection in self._part.kinds if new and names.imports else ():
            changed = {*names.imports.changed_after(collection)}
            query = "SELECT path, key FROM _records WHERE noun = ?"
            places = self._names.pipeline.query(query, (collection.noun,))
            keys = [key for path, key in places if path in changed]
            for key, said in last_imports(collection, names, keys):
                for part in said.get(self._part.plural, ()):
                    gone = new.get(plain_digits(part.get("external_id", "")))
                    if not gone or outcome.parents[gone.line] == key:
                        continue
                    if self._may_tell_of(part, self._values(gone)):
                        out.add(gone.line)
                        if keep == "conflict":
                            outcome.rejected.append((gone, Reason(REMOVED_HERE)))
                        else:
                            self._keep("the removal", gone)
        return out

    def _keep(self, what: str, row: Row) -> None:
        outcome = self._outcome
        outcome.tallies.count("kept", f"{what} of {self._part.plural}", row)
        outcome.lines = Lines(unchanged=1).plus(outcome.lines or Lines())

    def _found(self, by_kind: RowsByKind) -> list[_Move]:
        """The rows whose part one other record has; an id that several have numbers the parts of each.

        The papers of a deal have its lines, too: only another deal would have them once more.
        """
        held = self._held
        moves: dict[str, list[_Move]] = {}
        for noun, rows in by_kind.items() if held else ():
            for row in rows:
                external = plain_digits(self._bindings.external_of(row))
                new = noun, self._outcome.parents[row.line]
                olds = [old for old in held.get(external, ()) if self._part.noun != "item" or old[0] == noun]
                for old in olds:
                    moves.setdefault(external, []).append(_Move(external, old, new, row))
        return [move for move, *others in moves.values() if move.old != move.new and not others]

    def _record(self, place: _Place) -> Record:
        noun, key = place
        return self._waiting.get(place) or validate(
            BY_NOUN[noun].model, loads(self._names.pipeline.json_of(noun, key))
        )

    def _part_of(self, record: Plain, external_id: str) -> Plain | None:
        parts = record.get(self._part.plural, ())
        return next(
            (part for part in parts if plain_digits(part.get("external_id", "")) == external_id), None
        )

    def take(self, record: Record, *, is_new: bool = False, names: References | None = None) -> None:
        """Plan a record, or have it wait for all that moves."""
        place = record.noun, record.key
        if place in self._places:
            self._waiting[place] = record
        else:
            self._planner.take(record, is_new=is_new, names=names)

    def finish(self) -> list[str]:
        """Plan the records that waited; the ids of those that something left."""
        left = []
        owned = {path[2] for path in self._bindings.owned if len(path) > 2}
        for move in self._moves:
            new, old = (self._record(place).plain() for place in (move.new, move.old))
            arrived, was = (self._part_of(plain, move.external_id) for plain in (new, old))
            if arrived and was:
                arrived |= {name: was[name] for name in was.keys() - arrived.keys() - owned}
                old[self._part.plural].remove(was)
                for place, plain in ((move.new, new), (move.old, old)):
                    self._waiting[place] = validate(BY_NOUN[place[0]].model, plain)
                left.append(move.old[1])
        for record in self._waiting.values():
            self._planner.take(record)
        return left
