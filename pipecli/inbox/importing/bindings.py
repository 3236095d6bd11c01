"""The bindings of columns to fields, as a mapping compiles to them, and the values they read from a row.

A column that could mean two things is refused with both readings.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from pipecli.errors import Reason, Unreadable
from pipecli.inbox.importing.cells import CellReader, Path, PercentOff
from pipecli.inbox.importing.mapping import Condition, Source
from pipecli.inbox.importing.table import Cell, Row, Table
from pipecli.records import kinds
from pipecli.records.kinds import Kind
from pipecli.records.money import EXACT, part_of
from pipecli.records.references import named_at
from pipecli.records.written_amounts import DecimalSign, Money, is_cut_off, is_rounded, read_number

Values = Map[Path, object]


class KeyOf(NamedTuple):
    """A part of a path that a cell of each row gives: `prices.{product}`."""

    column: str
    read: CellReader


class TextTemplate(NamedTuple):
    """Text with columns in it: the words between them, and the columns."""

    words: tuple[str, ...]
    columns: tuple[str, ...]


class ColumnBinding(NamedTuple):
    """The field that a column feeds, or by its value several fields."""

    path: Path | None
    read: CellReader | None
    values: Map[str, Values]
    """Fields and values for a value of the file; without a `path` any other value is refused."""
    when: Map[str, Condition]
    """Columns and what each must have; empty: in every row."""
    otherwise: Values | None = None
    """Fields and values for every value that `values` doesn't have."""
    split: str | None = None
    """Where the field holds one value: what stands between several, of which the first is taken."""
    formats: tuple[str, ...] = ()
    """The date formats of a field that holds a day or a moment."""
    times: tuple[str, DecimalSign, bool] | None = None
    """The column of the number that an amount is multiplied by, or, if True, divided; its decimal sign."""


class TemplateBinding(NamedTuple):
    """A field written by the first template whose columns all have a value."""

    path: Path
    read: CellReader
    templates: tuple[TextTemplate, ...]


@dataclass
class Tally:
    """A number of rows, and the first of them as the example."""

    rows: int
    example: Row


class Tallies(defaultdict[str, dict[Any, Tally]]):
    """The counts of rows of one file, by section of its report (`import_report.py`) and by name.

    Of `replaced` a name is column, value, and the mapping's value in its place; of `unread`, which is no
    section, a column and the text of a day that no format of it fits.
    """

    def __init__(self) -> None:
        super().__init__(dict)

    def count(self, section: str, name: object, row: Row) -> None:
        """Count a row."""
        known = self[section].get(name)
        if known is None:
            self[section][name] = Tally(1, row)
        else:
            known.rows += 1


class RowReading(NamedTuple):
    """The values of one row by their fields."""

    row: Row
    values: dict[Path, object]
    reasons: list[Reason]
    """Those to reject it; empty for a good row."""

    def refusal(self) -> Unreadable:
        """All reasons to reject it as one."""
        texts = dict.fromkeys(reason.text for reason in self.reasons)
        return Unreadable("; ".join(texts), *(word for reason in self.reasons for word in reason.new))


ORDINAL = "#"
"""In the template of an `external_id` the place of a row among those that are otherwise alike: 1, 2, …

Beside it a column may be empty, as long as one isn't.
"""
_ADDRESS = ("address",)
"""The field of whose template a column may be empty, with the sign before it: a town without a state."""
WON_FOR_LINES = "won deals without an amount, for what their lines come to"
DIVIDED = "prices of one, as the total of their line over its quantity"
CLOSES_LATER = "won or lost on a day that is still to come"
PLANNED = "planned for a day that is still to come, and not done"
_DONE = ("activities", 0, "done")
"""What a mapping may set for activities; it holds for those of days past."""
_REMEMBERED = 1 << 13
"""Values of a column; what comes often is soon among them again."""


@dataclass
class Bindings:
    """A mapping, compiled for the rows of one file; counts what rows lack and what it replaces."""

    columns: Map[str, tuple[ColumnBinding, ...]]
    templates: tuple[TemplateBinding, ...]
    constants: Values
    """Values for a new record where its row has none."""
    owned: frozenset[Path]
    """The fields that the file decides: an empty cell clears one in the record."""
    unused: list[str]
    """Columns that feed nothing and that the mapping doesn't ignore."""
    external_id: str | None
    """The column or template of it that the mapping names; a row without one would be made anew each time."""
    has_gaps: bool
    """True where a row may fill the second place of a list and not the first."""
    tallies: Tallies
    only: Map[str, Condition] = field(default_factory=dict)
    """Columns and what each must have for a row to be taken."""
    external_path: Path = ("external_id",)
    """The field that `external_id` feeds: of a part that of its list."""
    rows: str | None = None
    """The list of which each row is an element."""
    other_currencies: str = ""
    """What a column of currencies says but for the pipeline's own, in words."""
    nothing: frozenset[str] = frozenset()
    """The words that don't count as a value."""
    today: date = date.max
    _alike: Counter[str] = field(default_factory=Counter)
    _memory: defaultdict[CellReader, dict[str, object]] = field(default_factory=lambda: defaultdict(dict))

    def uncounted(self) -> Bindings:
        """The same, for what is read beside the import itself: of it nothing is told."""
        return replace(self, tallies=Tallies())

    @property
    def known_by(self) -> list[str]:
        """The columns by which people know a row: that of its id, else of its title or name."""
        fields = ("external_id",), ("id",), ("sku",), ("name",), ("title",), ("subject",)
        return [
            column
            for path in fields
            for column, bindings in self.columns.items()
            if any(binding.path == path for binding in bindings)
        ]

    def mark_of(self, row: Row) -> str:
        """The external id of a row with nothing to be found by: made of all that it says, it stays."""
        import hashlib  # with OpenSSL, 3 ms of each import of rows that have ids

        of_templates = (name for one in self.templates for _, columns in one.templates for name in columns)
        content = "\n".join(
            f"{column}: {row.text(column)}" for column in sorted({*self.columns, *of_templates})
        )
        self._alike[content] += 1
        content += f"\n{self._alike[content]}"
        return f"row-{hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def wanted(self, rows: list[Row]) -> list[Row]:
        """The rows that are to be taken, one below its parent with it; the others are counted."""
        if not self.only:
            return rows
        wanted, holds = [], True
        for row in rows:
            holds = holds if self._own and self.is_below(row) else self._holds(self.only, row)
            if holds:
                wanted.append(row)
            else:
                self.tallies.count("left_out", "rows, by `only`", row)
        return wanted

    def is_below(self, row: Row) -> bool:
        """True for a row with nothing but another element of the record above it."""
        return self.rows is not None and all(is_empty(row.cells.get(column, "")) for column in self._own)

    @cached_property
    def _own(self) -> list[str]:
        """The columns that feed more of a record than its list of rows."""
        return [
            column
            for column, bindings in self.columns.items()
            if any(not binding.path or binding.path[0] != self.rows for binding in bindings)
        ]

    def read(self, row: Row) -> RowReading:
        """The values of a row; its empty cells are counted."""
        reading = RowReading(row, {}, [Reason(row.fault)] if row.fault else [])
        if row.fault:
            return reading
        for column, bindings in self.columns.items():
            cell = self._cell_or_nothing(row, column)
            if is_empty(cell) and not any("" in binding.values for binding in bindings):
                self.tallies.count("lacking", column, row)
                continue
            is_taken = False
            for binding in bindings:
                if not binding.when or self._holds(binding.when, row):
                    is_taken = True
                    self._take(reading, column, binding, cell)
            if not is_taken:
                self.tallies.count("left_out", column, row)
        for template in self.templates:
            self._fill_in(reading, template)
        if isinstance(day := reading.values.get(("closed", "date")), date) and day > self.today:
            self.tallies.count("noted", CLOSES_LATER, row)
        if self.constants.get(_DONE) and isinstance(at := reading.values.get((*_DONE[:2], "at")), date):
            day = at.date() if isinstance(at, datetime) else at
            reading.values.setdefault(_DONE, day <= self.today)
            if day > self.today:
                self.tallies.count("noted", PLANNED, row)
        return reading

    def _cell_or_nothing(self, row: Row, column: str) -> Cell:
        """The cell of a row; empty, and counted, where it has a word for nothing."""
        cell = row.cells.get(column, "")
        if isinstance(cell, str) and (word := cell.strip()) in self.nothing:
            if any(word in binding.values for binding in self.columns.get(column, ())):
                return cell
            self.tallies.count("empty", word, row)
            return ""
        return cell

    def _holds(self, when: Map[str, Condition], row: Row) -> bool:
        return all(condition.holds(row, column, self.nothing) for column, condition in when.items())

    def _take(self, reading: RowReading, column: str, binding: ColumnBinding, cell: Cell) -> None:
        replacement = binding.values.get(_plain(cell)) if binding.values else None
        if replacement is None:
            if is_empty(cell):
                return
            replacement = binding.otherwise
        if replacement is not None:
            if binding.path is not None and binding.path in replacement:
                by = written(replacement[binding.path])
                self.tallies.count("replaced", (column, _plain(cell), by), reading.row)
            for path, value in replacement.items():
                reading.values.setdefault(path, value)
            return
        if binding.path is None or binding.read is None:
            known = ", ".join(filter(None, binding.values)) or f"empty beside {', '.join(binding.when)}"
            text = f'{column}: "{_plain(cell)}" must be one of the values of the mapping: {known}'
            reading.reasons.append(Reason(text, ((column, _plain(cell)),) if any(binding.values) else ()))
            return
        try:
            path = self._path(binding.path, reading.row)
            if binding.split and path[0] == "contacts" and isinstance(cell, str):
                texts = dict.fromkeys(part.strip() for part in cell.split(binding.split) if part.strip())
                for number, text in enumerate(texts, path[1]):
                    reading.values.setdefault((path[0], number, *path[2:]), self._read(binding.read, text))
                return
            first = self._first(reading, column, binding, cell) if binding.split else cell
            value = self._read(binding.read, first)
            if value == "" and path[0] != "custom":  # HTML that shows nothing; own texts may
                self.tallies.count("lacking", column, reading.row)
                return
            if isinstance(value, PercentOff):
                path, value = (*path[:-1], "discount"), value.percent
            if isinstance(value, Money) and binding.times:
                value = self._multiplied(value, *binding.times, reading.row)
            if type(value) is tuple and binding.values:
                value = tuple(self._replaced(reading, column, binding, value))
            reading.values.setdefault(path, value)
        except Unreadable as error:
            reading.reasons.append(Reason(f"{column}: {error}"))
            if binding.formats:
                self.tallies.count("unread", (column, _plain(cell)), reading.row)

    def _multiplied(
        self, amount: Money, column: str, decimal_sign: DecimalSign, is_divided: bool, row: Row
    ) -> Money:
        """An amount times the number in another column, or that part of it; itself where that is empty.

        Raises Unreadable.
        """
        if is_empty(cell := self._cell_or_nothing(row, column)):
            return amount
        number = read_number(cell, decimal_sign) if isinstance(cell, str) else read_number(str(cell), ".")
        if not is_divided:
            return amount._replace(value=EXACT.multiply(amount.value, number))
        self.tallies.count("noted", DIVIDED, row)
        return amount._replace(value=part_of(amount.value, number))

    def _replaced(
        self, reading: RowReading, column: str, binding: ColumnBinding, values: tuple[object, ...]
    ) -> Iterator[object]:
        """The values of a list, each replaced where the mapping replaces it, or left out."""
        for value in values:
            replacement = binding.values.get(written(value))
            if replacement is None:
                yield value
            elif isinstance(others := replacement.get(binding.path or ()), tuple):
                by = ", ".join(map(written, others))
                self.tallies.count("replaced", (column, written(value), by), reading.row)
                yield from others

    def _first(self, reading: RowReading, column: str, binding: ColumnBinding, cell: Cell) -> Cell:
        """The first value of a cell that has several for a field that holds one; the others are counted."""
        if not isinstance(cell, str):
            return cell
        first, *others = [part.strip() for part in cell.split(binding.split) if part.strip()] or [""]
        if others:
            self.tallies.count("left_out", f"{column}, from its second value on", reading.row)
        return first

    def external_of(self, row: Row, ordinal: str = "") -> str:
        """The external id of a row, alone; of one that has this place among those that are alike."""
        alike = row._replace(cells=row.cells | {ORDINAL: ordinal}) if ordinal else row
        return written(self._of_external_id.read(alike).values.get(self.external_path, ""))

    @cached_property
    def _of_external_id(self) -> Bindings:
        """Those that feed the external id, and no others."""
        path = self.external_path
        fed = {name: own for name, own in self.columns.items() if any(one.path == path for one in own)}
        templates = tuple(template for template in self.templates if template.path == path)
        return replace(self, columns=fed, templates=templates)

    def _fill_in(self, reading: RowReading, binding: TemplateBinding) -> None:
        for words, columns in binding.templates:
            parts = [self._shown(column, reading.row) for column in columns]
            own = [part for part, column in zip(parts, columns, strict=True) if column != ORDINAL]
            is_counted = len(own) < len(parts) and any(own)
            is_planned = self.external_id and binding.path == self.external_path and {*words[1:-1]} == {" | "}
            if binding.path == _ADDRESS and {*words[1:-1]} <= {", ", " "}:
                pairs = zip(("", *words[1:-1]), parts, strict=True)
                text = "".join(sign + part for sign, part in pairs if not _says(parts[0], part)).lstrip(", ")
                parts, words = [text], (words[0], words[-1])
            if is_counted or (is_planned and parts[0]) or all(parts):
                text = words[0] + "".join(part + word for part, word in zip(parts, words[1:], strict=True))
                try:
                    reading.values.setdefault(binding.path, self._read(binding.read, text))
                except Unreadable as error:
                    reading.reasons.append(Reason(f"{dotted(binding.path)}: {error}"))
                return

    def _shown(self, column: str, row: Row) -> str:
        """The value of a column for a template, replaced where the mapping replaces it."""
        text = _plain(self._cell_or_nothing(row, column))
        for binding in self.columns.get(column, ()):
            replacement = binding.values.get(text, {})
            if binding.path is not None and binding.path in replacement:
                return written(replacement[binding.path])
            if binding.path is not None and binding.path[0] in ("emails", "phones"):
                text = text.partition(":::")[0].strip()
        return text

    def _path(self, path: Path, row: Row) -> Path:
        if KeyOf not in map(type, path):  # at once: it is asked of each cell
            return path
        keys = [part for part in path if isinstance(part, KeyOf)]
        for key in keys:
            if is_empty(row.cells.get(key.column, "")):
                raise Unreadable(f"{key.column} is empty")
        read = {key: self._read(key.read, row.cells[key.column]) for key in keys}
        return tuple(read.get(part, part) for part in path)

    def _read(self, read: CellReader, cell: Cell) -> object:
        """The value of a cell, remembered: a file repeats the same few thousand texts."""
        if not isinstance(cell, str):
            return read(cell)
        memory = self._memory[read]
        value = memory.get(cell)
        if value is None:
            if len(memory) == _REMEMBERED:  # ids and titles, which come once
                memory.clear()
            value = memory[cell] = read(cell)
        return value


def is_empty(cell: Cell) -> bool:
    return not cell.strip() if isinstance(cell, str) else cell == ()


def dotted(path: Path) -> str:
    """A path as the mapping writes it."""
    return kinds.dotted(["{" + part.column + "}" if isinstance(part, KeyOf) else part for part in path])


def written(value: object) -> str:
    """A value as text; of a Named the name, of Money the amount."""
    plain = getattr(value, "text", getattr(value, "value", value))
    return ", ".join(map(str, plain)) if isinstance(plain, tuple) else str(plain)


def _plain(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else str(cell)


def note_rounded_ids(source: Source, table: Table, collection: Kind, bindings: Bindings) -> None:
    """Note as faults the columns whose names of records a spreadsheet has rounded: none can be trusted."""
    for column in _columns_naming_records(collection, bindings):
        texts = [(row, str(cell)) for row in table.rows if (cell := row.cells.get(column))]
        rounded = next(((row, text) for row, text in texts if is_rounded(text)), None)
        if rounded is None and len(texts) > 1 and all(is_cut_off(text) for _, text in texts):
            rounded = texts[0]
        if rounded:
            row, text = rounded
            source.fault(
                source.place_of(column),
                f'{column}: "{text}" (line {row.line}) is a number that a spreadsheet has rounded, and '
                "names no record any more; export again, and open the file with this column as text",
            )


def _columns_naming_records(collection: Kind, bindings: Bindings) -> Iterator[str]:
    """The columns whose cells name a record, that of the row or another."""
    own = ("external_id",), (collection.identity,)
    for column, several in bindings.columns.items():
        paths = [binding.path for binding in several if binding.path]
        if any(path in own or KeyOf in map(type, path) or named_at(collection.model, path) for path in paths):
            yield column
    for template in bindings.templates:
        if template.path in own:
            yield from (column for _, columns in template.templates for column in columns)


def _says(whole: str, part: str) -> bool:
    """True for a part of an address that the street has: `Rue 1, 69002 Lyon, France`; for none, too."""
    clauses = [clause.split() for clause in whole.split(",")[1:]]
    places = [" ".join(word for word in words if not re.search(r"\d", word)) for words in clauses]
    return not part or part in places or any(part in words for words in clauses if part[:1].isdigit())
