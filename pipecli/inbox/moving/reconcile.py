"""Reconciliation: the rows and sums of a file of deals, papers or lines beside those of the pipeline.

The file's side is counted from its cells, not from what the import made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pipecli.errors import Unreadable
from pipecli.inbox.importing.cells import NOTHING, is_percentage
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.earlier_imports import imports_at
from pipecli.inbox.importing.import_files import Import
from pipecli.inbox.importing.list_elements import discount_lines
from pipecli.inbox.importing.mapping import Column, Source
from pipecli.inbox.importing.table import Cell, Row, Table
from pipecli.inbox.moving.arithmetic import are_amounts, has_word
from pipecli.inbox.moving.findings import text_of_row
from pipecli.inbox.moving.vocabulary import outcome_of
from pipecli.json_and_csv import loads, quoted
from pipecli.records.kinds import BY_FOLDER, BY_PREFIX, OPPORTUNITY, ORDER, QUOTATION, Kind
from pipecli.records.money import EXACT, part_of, percentage, rounded
from pipecli.records.written_amounts import (
    DecimalSign,
    decimal_sign_of,
    in_units,
    plain_digits,
    read_money,
    read_number,
)
from pipecli.store.index import rows_for_verbs
from pipecli.store.index.views import marks
from pipecli.store.pipeline import Pipeline
from pipecli.wording import shortened

ITEMS, PAPER_KINDS = "items", (QUOTATION.folder, ORDER.folder)


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


class FileColumns:
    """The columns of a file by the fields that they feed."""

    def __init__(self, source: Source, table: Table) -> None:
        self.mapping = source.mapping
        self.stages: dict[str, tuple[Column, ...]] = {}
        """The columns that say stage or status, and what they feed."""
        self._feeds: dict[str, list[tuple[str, Column]]] = {}
        for name, several in self.mapping.columns.items():
            column = name if name in table.columns else name.removesuffix("?")
            if any(_is_stage(one) for one in several):
                self.stages[column] = several
            for one in several:
                field_ = re.sub(r"^items\.(1\.)?|_after_discount$", "", one.to or "")
                self._feeds.setdefault(field_, []).append((column, one))
        bound = {name for several in self.stages.values() for one in several for name in one.when}
        self._deciding = [*self.stages, *sorted(bound - self.stages.keys())]
        self._places: dict[tuple[object, ...], tuple[str, tuple[str, str]]] = {}
        """By the cells of the columns that decide it; deals share few."""
        self._decimal_signs: dict[str, DecimalSign] = {}
        self._table = table

    @property
    def tell_deals(self) -> bool:
        return "title" in self._feeds.keys() | self.mapping.templates.keys()

    def text(self, row: Row, field_: str) -> str:
        """The first cell that feeds a field, as the mapping replaces it; empty where none does."""
        cells = ((one.values, row.text(column)) for column, one in self._feeds.get(field_, ()))
        return next((str(values.get(cell, cell)) for values, cell in cells if cell), "")

    def number(self, row: Row, field_: str) -> Decimal | None:
        """The first number that feeds a field, the final value of a won deal before its amount; else None."""
        for column, one, cell in self._cells(row, field_):
            if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
                value = Decimal(cell)
            else:
                decimal_sign = one.decimal or self._decimal_sign_of(column)
                try:
                    if field_ in ("quantity", "discount"):
                        value = read_number(str(cell), decimal_sign, is_percent=field_ == "discount")
                    else:
                        value = read_money(str(cell), decimal_sign, third_decimal=False).value
                except Unreadable:
                    continue
            scale = one.scale or (self.mapping.scale if field_ == "discount" else None)
            if number := row.text(other := one.times or one.per or ""):
                times = read_number(number, self._decimal_sign_of(other))
                value = EXACT.multiply(value, times) if one.times else part_of(value, times)
            is_fraction = scale == "fraction" and not str(cell).strip().endswith("%")
            return value * 100 if is_fraction else in_units(value, str(cell), scale)
        return None

    def _decimal_sign_of(self, column: str) -> DecimalSign:
        if column not in self._decimal_signs:
            self._decimal_signs[column] = decimal_sign_of(texts(self._table, column))
        return self.mapping.decimal or self._decimal_signs[column]

    def _cells(self, row: Row, field_: str) -> Iterator[tuple[str, Column, Cell]]:
        """The cells that feed a field, with what the mapping says of each.

        Of an amount first the final value, of a discount also what says `10%` in a column of amounts.
        """
        if field_ == "amount":
            yield from self._cells(row, "closed.amount")
        for column, one in self._feeds.get(field_, ()):
            if holds(one.when, row):
                yield column, one, row.cells.get(column, "")
        if field_ == "discount":
            yield from (three for three in self._cells(row, "discount_amount") if is_percentage(three[2]))

    def have_other_money(self) -> bool:
        """True where a column of amounts feeds no field but one below `custom`, or none."""
        own = {c for field_, fed in self._feeds.items() if not field_.startswith("custom.") for c, _ in fed}
        free = [column for column in self._table.columns if column not in own]
        named = [c for c in free if any(has_word(c, of) for of in ("sum", "tax"))]
        cents = [c for c in free if all(re.search(r"\d[.,]\d\d\D*$", text) for text in texts(self._table, c))]
        return any(are_amounts(self._table, column) for column in named + cents)

    def place(self, row: Row) -> tuple[str, tuple[str, str]]:
        """The words of a row for its stage and status, and the status and stage that they stand for.

        Of these the first that the mapping gives. It stands before the words where none of them says it.
        """
        deciding = tuple(row.cells.get(name) for name in self._deciding)
        if (known := self._places.get(deciding)) is not None:
            return known
        words: list[str] = []
        place: dict[str, Any] = {}
        for column, several in self.stages.items():
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
        return self._places.setdefault(deciding, (" / ".join(words) or "no stage", (status, stage)))

    def line(self, row: Row) -> Decimal | None:
        """The worth of a line; None where it has no price."""
        told = {name: self.number(row, name) for name in _OF_LINE}
        return None if told["unit_price"] is None else _worth(told)


_OF_LINE = {"unit_price": 0, "quantity": 1, "discount": 0, "discount_amount": 0, "term": 1}
"""The fields that the worth of a line is made of, with the values of those that it lacks."""


def _worth(line: Mapping[str, Any]) -> Decimal:
    told = (default if (value := line.get(name)) is None else value for name, default in _OF_LINE.items())
    price, quantity, discount, discount_amount, term = (Decimal(str(value)) for value in told)
    gross = EXACT.multiply(EXACT.multiply(quantity, price), term)
    return EXACT.subtract(percentage(gross, 100 - discount), discount_amount)


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
    other = kind in PAPER_KINDS and columns.have_other_money()
    return Reconciliation(done.table.name, kind, told=told, changed=changed, has_other_money=other)


_COMPARED = {"status", "stage", "amount", "closed.amount"}
"""Fields of a deal that are compared with the file one by one."""


def _shown(value: object) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "nothing" if value is None else "another" if isinstance(value, dict) else shortened(shown, 60)


def _told_of_records(done: Import, columns: FileColumns, own: str, amount: str) -> dict[str, Told]:
    mapping = columns.mapping
    states: dict[int, Literal["removed", "rejected"]] = {row.line: "removed" for row in done.outcome.removed}
    states |= {row.line: "rejected" for row, _ in done.outcome.rejected}
    base = str(mapping.set_.get("currency", ""))
    told: dict[str, Told] = {}
    above: Told | None = None
    for row in done.table.rows:
        external = plain_digits(text_of_row(own, row))
        is_out = row.line in done.outcome.left_out
        has_deal = amount != "total" or columns.text(row, "opportunity")
        if is_out and (has_deal or (not mapping.rows and external in ("", *told))):
            continue
        if not mapping.rows or (external and external not in told):
            words, place = ("without a deal", ("", "")) if is_out else columns.place(row)
            told[external] = Told(
                words,
                columns.text(row, "currency") or base,
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
    brought = rows_for_verbs.known_elsewhere(before.index.connection, kind.table) if kind else []
    known = {plain_digits(external) for external, _ in brought}
    worth: list[Changed] = []
    renamed = imports_at(here.location).renamed
    for key, told in file.told.items():
        record = records.get(key) or _NOWHERE
        currency = told.currency or record.currency or here.settings.currency
        own = record if record.rows else record._replace(key=key)
        told.place = (told.place[0], renamed.stage_of_today(record.process, told.place[1], here.settings))
        if kind is OPPORTUNITY and record.rows and not record.is_where(told):
            record = _NOWHERE
        totals = file.totals.setdefault(Group(told.stage, currency), Totals())
        amount = told.sum(record.currency or currency)
        if amount is None and kind is not OPPORTUNITY:  # the file says no sum
            is_lost = told.state == "rejected" or (file.has_other_money and not any(record.values))
            record = record._replace(values=() if is_lost else (Decimal(0),) * record.rows)
        amount = amount or Decimal(0)
        value = amount if amount in record.values else (*record.values, Decimal(0))[0]
        totals.rows += 1 if kind else len(told.lines)
        totals.rows_here += record.rows
        totals.amount += amount
        totals.amount_here += value
        if told.state == "left out" or (record.values and value == amount):
            totals.left_out += [key] * (told.state == "left out")
            grand = told.grand_total and rounded(told.grand_total, currency)
            if grand and record.grand_total is not None and grand != record.grand_total:
                file.other_grand_totals.append((key, grand, record.grand_total))
            continue
        was_here = key in known if kind else _had_lines(before, key, told)
        if told.state == "removed" or (was_here and told.state != "rejected"):
            totals.changed_here += 1
            worth.append(own.changed(told, amount, currency))
        else:
            totals.differing.append(key)
    file.told, file.changed = {}, [*worth, *file.changed]


def _records_here(pipeline: Pipeline, kind: Kind, told: Mapping[str, Told]) -> Iterator[tuple[str, _Here]]:
    """By external id, the deals or papers that a file tells of."""
    columns = "exact_amount, exact_total, exact_subtotal"
    if kind is OPPORTUNITY:  # what it was won for, or its amount, in the digits of its file
        columns = "status, stage, process, coalesce(json -> '$.closed.amount', json -> '$.amount')"
        columns += ", json ->> '$.items', json -> '$.tax_included'"
    rows = pipeline.query(
        f"SELECT external_id, currency, key, {columns} FROM _{kind.table} JOIN _records USING (path) "
        "WHERE external_id IS NOT NULL"
    )
    for written, currency, key, *cells in rows:
        if (external := plain_digits(written)) in told and kind is OPPORTUNITY:
            status, stage, process, value, items, taxed = cells
            values = [Decimal(0 if value in (None, '"unknown"') else value)]
            if told[external].amount is None and told[external].lines and (value is None or taxed == "true"):
                by_lines = sum((rounded(_worth(item), currency) for item in loads(items or "[]")), Decimal(0))
                values = [by_lines] if value is None else values + [by_lines] * any(values)
            yield external, _Here(currency, tuple(values), 1, (status, stage), process, key=key)
        elif external in told:
            values = [Decimal(cell) for cell in cells if cell is not None]
            grand_total = values[1] if len(values) > 1 else None
            yield external, _Here(currency, tuple(values), grand_total=grand_total, key=key)


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
            items = loads(text or "[]")
            for name, line in discount_lines(loads(custom or "{}")).items():
                items.append({"external_id": name, "unit_price": -Decimal(str(line["amount"]))})
            items = [item for item in items if not own.ids or item.get("external_id") in own.ids]
            amounts = [rounded(_worth(item), currency) for item in items]
            yield key, _Here(currency, (sum(amounts, Decimal(0)),), len(items), key=key)


def _had_lines(pipeline: Pipeline, key: str, told: Told) -> bool:
    """True where a record was here with one of its lines, or where nothing tells its lines apart."""
    noun = BY_PREFIX[key.partition("-")[0]].noun
    if pipeline.file_of(noun, key) is None:
        return False
    text = pipeline.json_of(noun, key)
    return not told.ids or any(quoted(id_) in text for id_ in told.ids)


def _is_stage(column: Column) -> bool:
    maps = [value for value in column.values.values() if isinstance(value, dict)]
    return column.to in ("stage", "status") or any(value.keys() & {"stage", "status"} for value in maps)
