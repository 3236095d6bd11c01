"""Reconciliation: the rows and sums of a file of deals, papers or lines beside those of the pipeline.

The file's side is counted from its cells, not from what the import made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pipecli.inbox.importing.cells import NOTHING
from pipecli.inbox.importing.compile_mapping import holds
from pipecli.inbox.importing.earlier_imports import imports_at
from pipecli.inbox.importing.import_report import Import
from pipecli.inbox.importing.list_elements import discount_lines
from pipecli.inbox.importing.mapping import Condition, Source
from pipecli.inbox.importing.mapping import Mapping as MappingFile
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.arithmetic import columns_of_money
from pipecli.inbox.moving.findings import text_of_row
from pipecli.inbox.moving.papers_and_lines import FileColumns, worth_of
from pipecli.inbox.moving.recognise_by_words import PAPER_KINDS
from pipecli.inbox.moving.vocabulary import outcome_of
from pipecli.json_and_csv import loads, quoted
from pipecli.records.kinds import BY_FOLDER, BY_PREFIX, OPPORTUNITY, Kind
from pipecli.records.money import rounded
from pipecli.records.written_amounts import plain_digits
from pipecli.store.index import rows_for_verbs
from pipecli.store.index.views_and_functions import marks
from pipecli.store.pipeline import Pipeline
from pipecli.wording import count, first_of, shortened

ITEMS = "items"
PAPERS = {"opportunities": "deal", "quotations": "quotation", "orders": "order", "items": "record"}
"""The noun of each kind whose sums are reconciled."""
_MOST_CHANGED = 5


class Group(NamedTuple):
    """A stage or status, as the file calls it, in one currency; of lines the kind of record they are of."""

    stage: str
    currency: str


@dataclass
class Totals:
    """Rows and sums of a group on both sides."""

    rows: int = 0
    amount: Decimal = Decimal(0)
    rows_here: int = 0
    amount_here: Decimal = Decimal(0)
    changed_here: int = 0
    """Records that were here before, and that people changed since: they may differ."""
    differing: list[str] = field(default_factory=list)
    """External ids, or of lines their records' ids: they are missing, or differ for no such reason."""
    figures: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    """Of those, what the file and the pipeline have."""
    rounded: list[str] = field(default_factory=list)
    """Papers that differ by cents, as their file rounds the sum, and each line is rounded here."""
    left_out: list[str] = field(default_factory=list)
    """Papers that aren't taken, as no paper is without a deal."""


@dataclass(slots=True)
class Told:
    """A file's word on one record: a deal, a paper, or the lines that it has in a file of lines."""

    stage: str
    currency: str
    amount: Decimal | None
    """Of the record as a whole; None where the file doesn't say it."""
    state: Literal["", "removed", "rejected", "left out"] = ""
    """Why the record needn't be here, or can't be as the file says."""
    place: tuple[str, str] = ("", "")
    """The status and the stage that its words stand for; empty where the mapping doesn't say it."""
    lines: tuple[Decimal | None, ...] = ()
    """The worth of its lines, not rounded; None for a line without a price."""
    ids: tuple[str, ...] = ()
    """The external ids of its lines."""
    grand_total: Decimal | None = None
    """What is to be paid for a paper, with taxes and adjustments."""

    def sum(self, currency: str) -> Decimal | None:
        """The amount that the file gives; None where it gives none."""
        if self.amount is not None:
            return rounded(self.amount, currency)
        if None in self.lines or not self.lines:
            return None
        return sum((rounded(line, currency) for line in self.lines if line is not None), Decimal(0))


class Changed(NamedTuple):
    """A field of a record that isn't as the file says, as it was changed here."""

    record: str
    field: str
    file: str
    here: str


@dataclass
class Reconciliation:
    """The comparison of one file."""

    file: str
    kind: str
    comparable: bool = True
    """False where rows have no external_id: nothing tells which record is of which row."""
    told: dict[str, Told] = field(default_factory=dict)
    """The file's word, until compared, by external id, or of lines by the id of the record they are of."""
    totals: dict[Group, Totals] = field(default_factory=dict)
    other_grand_totals: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    """Papers whose lines agree and whose grand total doesn't, with that of the file and the one here."""
    has_other_money: bool = False
    """Of papers: it has amounts in columns that feed no sum, so that coming to nothing is no agreement."""
    changed: list[Changed] = field(default_factory=list)
    """What was here before and isn't as the file says: people changed it, or a hand did."""

    @property
    def differing(self) -> int:
        return sum(len(totals.differing) for totals in self.totals.values())

    @property
    def worst(self) -> list[str]:
        """Those that are here and differ, that which differs most first."""
        several = self.totals.values()
        apart = [pair for of in several for pair in zip(of.figures, of.differing, strict=True) if pair[0][1]]
        return [key for _, key in sorted(apart, key=lambda pair: -abs(pair[0][0] - pair[0][1]))]


def told_of(done: Import, source: Source) -> Reconciliation | None:
    """A file's word on its records, to be compared.

    None for a file of other records, or of what happened to deals and who took part.
    """
    columns, own, kind = FileColumns(source, done.table), source.mapping.external_id, done.report["kind"]
    if kind == ITEMS:
        return Reconciliation(done.table.name, kind, told=_told_of_lines(done, columns, own))
    changed = [
        Changed(key, event.field, _shown(event.before), _shown(event.after))
        for key, event in done.outcome.changed
        if kind != OPPORTUNITY.folder or event.field not in _COMPARED
    ]
    if kind not in PAPER_KINDS and (kind != OPPORTUNITY.folder or not columns.tell_deals):
        return None
    if own is None:
        return Reconciliation(done.table.name, kind, comparable=False)
    told = _told_of_records(done, columns, own, "amount" if kind == OPPORTUNITY.folder else "total")
    other = kind in PAPER_KINDS and not columns.fed.issuperset(columns_of_money(done.table))
    return Reconciliation(done.table.name, kind, told=told, changed=changed, has_other_money=other)


_COMPARED = {"status", "stage", "amount", "closed.amount"}
"""Fields of a deal that are compared with the file one by one."""


def _shown(value: object) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "nothing" if value is None else "another" if isinstance(value, dict) else shortened(shown, 60)


class _Places:
    """What the columns of stage and status of a file say of a row."""

    def __init__(self, mapping: MappingFile, table: Table) -> None:
        named = {c if c in table.columns else c.removesuffix("?"): of for c, of in mapping.columns.items()}
        self._stages = {
            column: several for column, several in named.items() if any(one.says_stage for one in several)
        }
        bound = {name for several in self._stages.values() for one in several for name in one.when}
        self._deciding = [*self._stages, *sorted(bound - self._stages.keys())]
        self._known: dict[tuple[object, ...], tuple[str, tuple[str, str]]] = {}  # of few cells

    def of(self, row: Row) -> tuple[str, tuple[str, str]]:
        """The words of a row for its stage and status, an end first that none says, and what they mean."""
        deciding = tuple(row.cells.get(name) for name in self._deciding)
        if (known := self._known.get(deciding)) is not None:
            return known
        words, place = list[str](), dict[str, Any]()
        for column, several in self._stages.items():
            text = row.text(column)
            for one in several:
                cell = "" if text in NOTHING and text not in one.values else text
                value = one.values.get(cell, one.otherwise if cell else None)
                if value is not None and holds(one.when, row):
                    told = value if isinstance(value, dict) else {one.to or "": value}
                    place = {**told, **place}
            if text and not any(isinstance(one.otherwise, dict) for one in several if text not in one.values):
                words.append(text)
        status, stage = str(place.get("status", "")), str(place.get("stage", ""))
        if status in ("won", "lost") and status not in map(outcome_of, words):
            words.insert(0, status)
        return self._known.setdefault(deciding, (" / ".join(words) or "no stage", (status, stage)))


def _told_of_records(done: Import, columns: FileColumns, own: str, amount: str) -> dict[str, Told]:
    mapping, places = columns.mapping, _Places(columns.mapping, done.table)
    states: dict[int, Literal["removed", "rejected"]] = {row.line: "removed" for row in done.outcome.removed}
    states |= {row.line: "rejected" for row, _ in done.outcome.rejected}
    others = {c: of for c, of in mapping.only.items() if of != Condition(frozenset([""]), False)}
    told: dict[str, Told] = {}
    above: Told | None = None
    for row in done.table.rows:
        external = plain_digits(text_of_row(own, row))
        is_out = row.line in done.outcome.left_out
        has_deal = amount != "total" or columns.text(row, "opportunity") or not holds(others, row)
        if is_out and (has_deal or (not mapping.rows and external in ("", *told))):
            continue
        if not mapping.rows or (external and external not in told):
            words, place = ("without a deal", ("", "")) if is_out else places.of(row)
            told[external] = Told(
                words,
                columns.text(row, "currency") or str(mapping.set_.get("currency", "")),
                columns.number(row, amount),
                "left out" if is_out else states.get(row.line, ""),
                place if amount == "amount" else ("", ""),
                grand_total=columns.number(row, "custom.grand_total") if amount == "total" else None,
            )
        above = told.get(external, above)
        if above is not None and (mapping.rows or amount == "total"):
            line = columns.line(row)
            above.lines += (line,) if line is not None or mapping.rows else ()
    return told


def _told_of_lines(done: Import, columns: FileColumns, own: str | None) -> dict[str, Told]:
    told: dict[str, Told] = {}
    rejected = {row.line for row, _ in done.outcome.rejected}
    for row in done.table.rows:
        if key := done.outcome.parents.get(row.line):
            record = told.setdefault(key, Told(BY_PREFIX[key.partition("-")[0]].folder, "", None))
            record.state = "rejected" if row.line in rejected else record.state
            record.lines += (columns.line(row),)
            record.ids += (text_of_row(own, row),) if own else ()
    return told


class _Here(NamedTuple):
    """The pipeline's word on one record."""

    currency: str
    values: tuple[Decimal, ...]
    """The sums that the file may mean: of a paper without tax, with it, and before its discount."""
    rows: int = 1
    place: tuple[str, str] = ("", "")
    """The status and the stage of a deal."""
    process: str = ""
    grand_total: Decimal | None = None
    key: str = ""
    lines: int = 0

    def changed(self, told: Told, amount: Decimal, currency: str) -> Changed:
        """The field in which it isn't as the file says."""
        if not self.rows:
            return Changed(self.key, "record", "there", "removed")
        if self.place != ("", "") and not self.is_where(told):
            return Changed(self.key, "stage", " ".join(told.place).strip(), " ".join(self.place).strip())
        return Changed(self.key, "amount", *(f"{value:,f} {currency}" for value in (amount, self.values[0])))

    def is_where(self, told: Told) -> bool:
        """True for a deal where the file has it; one that is closed keeps the stage that it had here.

        A row that was rejected for a word that the mapping doesn't know is nowhere.
        """
        status, stage = told.place
        if told.state == "rejected" and not (status or stage):
            return False
        return status in ("", self.place[0]) and (status not in ("", "open") or stage in ("", self.place[1]))


_NOWHERE = _Here("", (), 0)


def reconcile(file: Reconciliation, before: Pipeline, here: Pipeline) -> None:
    """Compare a file's word with the pipeline as it is `here`, and as it was `before` this run."""
    kind = BY_FOLDER.get(file.kind)  # none of lines
    records = dict(_records_here(here, kind, file.told) if kind else _lines_here(here, file.told))
    worth: list[Changed] = []
    renamed, by_people = imports_at(here.location).renamed, _ByPeople(before)
    says_amounts = any(one.amount is not None or one.lines for one in file.told.values())
    for key, told in file.told.items():
        record = records.get(key) or _NOWHERE
        currency = told.currency or record.currency or here.settings.currency
        own = record if record.rows else record._replace(key=key)
        told.place = (told.place[0], renamed.stage_of_today(record.process, told.place[1], here.settings))
        if kind is OPPORTUNITY and record.rows and not record.is_where(told):
            record = _NOWHERE
        totals = file.totals.setdefault(Group(told.stage, currency), Totals())
        amount = told.sum(record.currency or currency)
        if amount is None and (kind is not OPPORTUNITY or not says_amounts):  # the file says no sum
            is_lost = told.state == "rejected" or (file.has_other_money and not any(record.values))
            record = record._replace(values=() if is_lost else (Decimal(0),) * record.rows)
        amount = amount or Decimal(0)
        cents = Decimal("0.005") * (record.lines + 1) if record.lines else Decimal(0)
        near = (value for value in record.values if abs(value - amount) <= cents)
        value = amount if amount in record.values else next(near, (*record.values, Decimal(0))[0])
        totals.rows += 1 if kind else len(told.lines)
        totals.rows_here += record.rows
        totals.amount += amount
        totals.amount_here += value
        if told.state == "left out" or (record.values and abs(value - amount) <= cents):
            totals.rounded += [key] * (value != amount and told.state == "")
            totals.left_out += [key] * (told.state == "left out")
            grand = told.grand_total and rounded(told.grand_total, currency)
            if grand and record.grand_total is not None and grand != record.grand_total:
                file.other_grand_totals.append((key, grand, record.grand_total))
            continue
        is_theirs = told.state != "rejected" and by_people.changed(own.key, () if kind else told.ids)
        if told.state == "removed" or is_theirs:
            totals.changed_here += 1
            worth.append(own.changed(told, amount, currency))
        else:
            totals.differing.append(key)
            totals.figures.append((amount, value))
    file.told, file.changed = {}, [*worth, *file.changed]


def _records_here(pipeline: Pipeline, kind: Kind, told: Mapping[str, Told]) -> Iterator[tuple[str, _Here]]:
    """By external id, the deals or papers that a file tells of."""
    columns = "json_array_length(json, '$.items'), exact_amount, exact_total, exact_subtotal"
    if kind is OPPORTUNITY:  # what it was won for, or its amount, in the digits of its file
        columns = "status, stage, process, coalesce(json -> '$.closed.amount', json -> '$.amount')"
        columns += ", json ->> '$.items', coalesce(json ->> '$.discount', json ->> '$.discount_amount', "
        columns += "json ->> '$.tax_included'), json ->> '$.custom'"
    rows = pipeline.query(
        f"SELECT external_id, currency, key, {columns} FROM _{kind.table} JOIN _records USING (path) "
        "WHERE external_id IS NOT NULL"
    )
    for written, currency, key, *cells in rows:
        if (external := plain_digits(written)) in told and kind is OPPORTUNITY:
            status, stage, process, value, items, differs, custom = cells
            values = [Decimal(0 if value in (None, '"unknown"') else value)]
            if told[external].amount is None and told[external].lines and (value is None or differs):
                lines = loads(items or "[]") + _below_zero(custom)
                own = sum((rounded(worth_of(one), currency) for one in lines), Decimal(0))
                values = [own] if value is None else values + [own] * any(values)
            yield external, _Here(currency, tuple(values), 1, (status, stage), process, key=key)
        elif external in told:
            lines, *cells = cells
            values = [Decimal(cell) for cell in cells if cell is not None]
            grand = next(iter(values[1:]), None)
            yield external, _Here(currency, tuple(values), grand_total=grand, key=key, lines=lines or 0)


def _lines_here(pipeline: Pipeline, told: Mapping[str, Told]) -> Iterator[tuple[str, _Here]]:
    """By record, its lines that a file of lines tells of."""
    nouns = {BY_PREFIX[key.partition("-")[0]].noun for key in told}
    rows = pipeline.query(
        "SELECT key, json ->> '$.currency', json ->> '$.items', json ->> '$.custom' "
        f"FROM _records WHERE noun IN ({marks(nouns)})",
        [*nouns],
    )
    for key, currency, text, custom in rows:  # one without lines has its currency
        if own := told.get(key):
            items = loads(text or "[]") + _below_zero(custom)
            items = [item for item in items if not own.ids or item.get("external_id") in own.ids]
            amounts = [rounded(worth_of(item), currency) for item in items]
            yield key, _Here(currency, (sum(amounts, Decimal(0)),), len(items), key=key)


def _below_zero(custom: str | None) -> list[dict[str, Any]]:
    """The lines of a record that are a discount of the whole, as its file has them."""
    own = discount_lines(loads(custom or "{}")).items()
    return [{"external_id": name, "unit_price": -Decimal(str(of["amount"]))} for name, of in own]


class _ByPeople:
    """Whether records were here, and as people left them: what imports alone wrote nobody changed."""

    def __init__(self, before: Pipeline) -> None:
        self._before, self._imports = before, imports_at(before.location)
        self._changed: dict[Kind, set[str]] = {}

    def changed(self, key: str, lines: Sequence[str]) -> bool:
        """True for a record that people made or changed, and that had one of these lines, if any is named."""
        kind = BY_PREFIX.get(key.partition("-")[0])
        if kind is None or (file := self._before.file_of(kind.noun, key)) is None:
            return False
        if kind not in self._changed:
            self._changed[kind] = {*self._imports.changed_after(kind)}
        if self._imports.of(file) and file not in self._changed[kind]:
            return False
        text = self._before.json_of(kind.noun, key) if lines else ""
        return not lines or any(quoted(id_) in text for id_ in lines)


def not_in(files: Sequence[Reconciliation], before: Pipeline) -> Iterator[tuple[str, list[str]]]:
    """By kind, the deals, papers and lines of earlier exports that these files lack, as people call them.

    None where the most are missing: such files have only what is new.
    """
    connection = before.index.connection
    for kind in (OPPORTUNITY.folder, *PAPER_KINDS, ITEMS):
        own = [file for file in files if file.kind == kind]
        keys = {key for file in own for key in file.told}
        if kind == ITEMS:
            told = {plain_digits(id_) for file in own for one in file.told.values() for id_ in one.ids}
            nouns = {BY_PREFIX[key.partition("-")[0]].noun for key in keys}
            known = rows_for_verbs.lines_known_elsewhere(connection, nouns)
        else:
            told, known = keys, rows_for_verbs.known_elsewhere(connection, BY_FOLDER[kind].table)
        missing = [name for external, name in known if plain_digits(external) not in told]
        if own and all(file.comparable for file in own) and 0 < len(missing) * 2 <= len(known):
            yield kind, missing


def reconciliation_lines(files: Iterable[Reconciliation]) -> Iterator[str]:
    for one in files:
        if not one.comparable:
            yield f"{one.file}: not reconciled, as no column names its {one.kind} (external_id)"
            continue
        if not one.totals and not one.differing:
            continue
        yield f"reconciliation of {one.file}, file | pipeline:"
        for group, totals in one.totals.items():
            sides = (
                f"{count(totals.rows, 'row', ',')} {totals.amount:,.2f} {group.currency}",
                f"{count(totals.rows_here, 'row', ',')} {totals.amount_here:,.2f} {group.currency}",
            )
            yield f"  {group.stage}: {sides[0]} | {sides[1]}{_verdict(totals)}"
        kept = " but for what was changed here" * bool(one.changed)
        kept = kept or " but for what is left out" * any(of.left_out for of in one.totals.values())
        yield "they differ" if one.differing else f"they agree{kept}"
        for changed in one.changed[:_MOST_CHANGED]:
            yield f"  {changed.record} {changed.field}: {changed.file} in the file, {changed.here} here"
        if rest := len(one.changed[_MOST_CHANGED:]):
            yield f"  and {rest:,} more that were changed here (--format json has all)"
        for key, told, here in one.other_grand_totals[:1]:
            papers = count(len(one.other_grand_totals), PAPERS[one.kind], ",")
            yield (
                f"another total with taxes and adjustments: {papers} of {one.file}, as {key}: "
                f"{told:,.2f} there, {here:,.2f} here"
            )


def _verdict(totals: Totals) -> str:
    if totals.differing:
        verb = "differs" if len(totals.differing) == 1 else "differ"
        both = zip(totals.differing, totals.figures, strict=True)
        named = [f"{key} {there:,.2f} | {here:,.2f}" if here else key for key, (there, here) in both]
        return f": {len(named):,} {verb} ({first_of(named, 3, ',')})"
    if totals.left_out:
        return f": {len(totals.left_out):,} left out ({first_of(totals.left_out, 3, ',')})"
    if named := totals.rounded:
        return f": {len(named):,} by cents, as each line is rounded here ({first_of(named, 3, ',')})"
    return f": {totals.changed_here:,} changed here since" if totals.changed_here else ""
