"""Compiles a mapping for one file: every field, column and format that it names must exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Map
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import Any, get_origin

from pipecli.errors import FaultyFile, Unreadable
from pipecli.inbox.importing import day_formats, mapping
from pipecli.inbox.importing.bindings import (
    Bindings,
    ColumnBinding,
    KeyOf,
    Tallies,
    TemplateBinding,
    TextTemplate,
    dotted,
    note_rounded_ids,
)
from pipecli.inbox.importing.cells import (
    NOTHING,
    STAGE_ENTERED,
    CellReader,
    ColumnFormat,
    Named,
    Path,
    is_percent,
    reader_of,
)
from pipecli.inbox.importing.mapping import RECORD, Column, Condition, Source, doubt_about_scale
from pipecli.inbox.importing.table import EXTRA, REASON, Cell, CountedRows, Row, Table
from pipecli.records import base
from pipecli.records.kinds import PARENTS, Kind
from pipecli.records.money import CURRENCIES, minor_digits
from pipecli.records.written_amounts import SIGNS, DecimalSign, code_of_sign, decimal_sign_of
from pipecli.store import ids_and_files
from pipecli.store.pipeline import Pipeline
from pipecli.wording import first_of

_NO_NUMBERS = {str, date, datetime, bool, type(None)}
NEVER_CLEARED = {("id",), ("sku",), ("created",), ("external_id",)}


def compile_bindings(
    pipeline: Pipeline, source: Source, table: Table, collection: Kind, inside: str, tallies: Tallies
) -> Bindings:
    """A mapping, compiled for the rows of one file. Raises FaultyFile with every fault it has for that file.

    `inside` is the list of whose elements each row is one; what is told of the rows is counted in `tallies`.
    """
    bindings = _Compiler(pipeline, source, table, collection, inside).bindings(tallies)
    note_rounded_ids(source, table, collection, bindings)
    if source.faults:
        raise FaultyFile(sorted(source.faults, key=lambda fault: (fault.line, fault.column)))
    return bindings


class _Compiler:
    def __init__(
        self, pipeline: Pipeline, source: Source, table: Table, collection: Kind, inside: str
    ) -> None:
        self.inside = inside
        self.source, self.mapping = source, source.mapping
        self.table, self.collection = table, collection
        assert pipeline.now.tzinfo is not None
        self.today, self.zone = pipeline.now.date(), pipeline.now.tzinfo
        self.used: set[str] = set()
        self.owned: set[Path] = set()
        self.fed: set[Path] = set()
        self.constants = self._constants()
        fixed_currency = self.constants.get(("currency",), pipeline.settings.currency)
        codes = {str(fixed_currency)}
        for name, several in self.mapping.columns.items():
            codes |= {
                code_of_sign(code := str(column.values.get(text, text))) or code
                for column in several
                if column.to == "currency"
                for text in texts(table, name)
            }
        self.base = pipeline.settings.currency
        self.has_thousandths = any(code not in CURRENCIES or minor_digits(code) > 2 for code in codes)

    def bindings(self, tallies: Tallies) -> Bindings:
        external = self._external_id()
        columns: dict[str, tuple[ColumnBinding, ...]] = {}
        for name, several in self.mapping.columns.items():
            place: list[str | int] = ["columns", name]
            column = self._column(name, place)
            if column is None or (self.inside and any(part.to == RECORD for part in several)):
                continue
            columns[column] = tuple(
                self._bind(column, part, [*place, number] if several[1:] else place)
                for number, part in enumerate(several)
            )
        if isinstance(external, ColumnBinding):
            name = self.mapping.external_id or ""
            columns = {name: (external, *columns.get(name, ()))} | {
                other: bindings for other, bindings in columns.items() if other != name
            }
        templates = [*([external] if isinstance(external, TemplateBinding) else []), *self._templates()]
        for key, names in (("ignore", self.mapping.ignore), ("fill", self.mapping.fill)):
            for name in names:
                self._column(name, [key])
        if self.inside:
            self._check_record()
        return Bindings(
            external_path=self._parsed("external_id", []) if external or self.inside else (),
            only=self._conditions(self.mapping.only, ["only"]),
            rows=self.inside or self.mapping.rows or self._list_that_rows_are_of(),
            columns=columns,
            other_currencies=self._other_currencies(columns),
            templates=tuple(templates),
            constants=self.constants,
            tallies=tallies,
            today=self.today,
            owned=frozenset(self.owned) - NEVER_CLEARED,
            unused=[
                column
                for column in self.table.columns
                if column not in self.used and column != REASON and not column.startswith(EXTRA)
            ],
            external_id=self.mapping.external_id if external else None,
            has_gaps=any(isinstance(part, int) and part > 0 for path in self.fed for part in path),
            nothing=(NOTHING if self.source.has_words_for_nothing else frozenset()) | {*self.mapping.empty},
        )

    def _check_record(self) -> None:
        """Note as a fault that nothing names the record of a row."""
        for noun, column in self.mapping.record.items():
            self._column(column, ["record", noun])
            if noun not in (RECORD, *PARENTS[self.inside]):
                self.source.fault(
                    ["record", noun], f"{noun} has no {self.inside}: {', '.join(PARENTS[self.inside])} have"
                )
        feeds = (part.to for several in self.mapping.columns.values() for part in several)
        if not self.mapping.record and RECORD not in feeds:
            self.source.fault(["columns"], "no column says the record of a row: a column feeds `record`")

    def _list_that_rows_are_of(self) -> str | None:
        """The list that the columns feed, where they feed nothing else: each row is then an element of it."""
        lists = {str(path[0]) if len(path) > 2 and path[1] == 0 else "" for path in self.fed}
        return lists.pop() if len(lists) == 1 and lists <= {"items", "activities", "contacts"} else None

    def _bind(self, name: str, column: Column, place: list[str | int]) -> ColumnBinding:
        path = self._path(column.to, [*place, "to"]) if column.to else None
        column_format = self._column_format(name, column, path, place)
        read = self._reader(path, column_format, [*place, "to"]) if path else None
        if read and column.unknown == "skip":
            read = _lenient(read)
        values = {
            text: self._replacement(path, value, column_format, [*place, "values", text])
            for text, value in column.values.items()
        }
        otherwise = None
        if "otherwise" in column.model_fields_set:
            otherwise = self._replacement(path, column.otherwise, column_format, [*place, "otherwise"])
        when = self._conditions(column.when, [*place, "when"])
        replacements = [*values.values(), otherwise or {}]
        fed = {*([path] if path else []), *(field for fields in replacements for field in fields)}
        fed |= {(*field[:-1], "discount") for field in fed if field[-1] == "discount_amount"}  # `10%` says so
        self.fed |= fed
        if not (self.mapping.skip_empty if column.skip_empty is None else column.skip_empty):
            self.owned |= {field for field in fed if not any(isinstance(part, KeyOf) for part in field)}
        is_list = any(get_origin(kind) is tuple for kind in self._kinds(path))
        split = None if is_list else column.split
        formats = tuple(column_format.formats) if self._is_time(path) else ()
        times = self._times(column, place)
        return ColumnBinding(path, read, values, when, otherwise, split, formats, times)

    def _times(self, column: Column, place: list[str | int]) -> tuple[str, DecimalSign, bool] | None:
        """The column of the number that an amount is multiplied or divided by, and its decimal sign."""
        key = "per" if column.per else "times"
        other = column.per or column.times
        name = self._column(other, [*place, key]) if other else None
        if name and not (column.to or "").endswith(("amount", "price", "cost")):
            self.source.fault([*place, key], f"{key}: {column.to} is no amount")
        sign = self.mapping.decimal or decimal_sign_of(texts(self.table, name)) if name else ""
        return (name, sign, key == "per") if name else None

    def _conditions(self, conditions: Map[str, Condition], place: list[str | int]) -> dict[str, Condition]:
        return {self._column(name, [*place, name]) or name: one for name, one in conditions.items()}

    def _column_format(
        self, name: str, column: Column, path: Path | None, place: list[str | int]
    ) -> ColumnFormat:
        """The form of the values in a column; notes as faults what could have two."""
        formats = column.date or self.mapping.date
        for form in column.date:
            self._check_format(form, [*place, "date"])
        if self._is_time(path):
            formats, doubt = day_formats.formats_of_one_order(self.table, name, formats)
            if doubt:
                self.source.fault([*place, "date"] if column.date else place, doubt)
        if column.html and str not in self._kinds(path):
            self.source.fault([*place, "html"], "html: stands with a field of text, such as notes")
        sign: DecimalSign = column.decimal or self.mapping.decimal or ""
        if not sign and self._kinds(path) - _NO_NUMBERS:
            cells = (row.cells.get(name) for row in self.table.rows)
            sign = decimal_sign_of({cell for cell in cells if isinstance(cell, str)})
        scale = column.scale or self.mapping.scale
        third = self.has_thousandths or column.to not in ("amount", "closed.amount")
        third |= scale in ("thousands", "millions")  # `1,250` million
        column_format = ColumnFormat(
            self.today, self.zone, formats, sign, third, self.table.typed, scale, self._signs, column.split,
            column.html,
        )  # fmt: skip
        may_doubt = path and not scale and is_percent(base.annotation_at(self.collection.model, path))
        if may_doubt and (doubt := doubt_about_scale(self.table, name, column_format, column.values)):
            hint = "" if self.source.file else "; a mapping file says it: --map FILE"
            self.source.fault([*place, "to"], doubt + hint)
        return column_format

    @cached_property
    def _signs(self) -> dict[frozenset[str], frozenset[str]]:
        """The meaning of the signs that the mapping gives one, as it may have several."""
        for sign, code in self.mapping.signs.items():
            if sign not in SIGNS:
                self.source.fault(["signs", sign], f'signs: "{sign}" isn\'t a sign of a currency')
            elif code not in SIGNS[sign]:
                known = ", ".join(sorted(SIGNS[sign]))
                self.source.fault(["signs", sign], f"signs: {code} isn't one of {known}")
        return {SIGNS[sign]: frozenset({code}) for sign, code in self.mapping.signs.items() if sign in SIGNS}

    def _kinds(self, path: Path | None) -> set[object]:
        """The types that a field may have."""
        return {*base.options(base.annotation_at(self.collection.model, path))} if path else set()

    def _is_time(self, path: Path | None) -> bool:
        return not self._kinds(path).isdisjoint((date, datetime))

    def _check_format(self, form: str, place: list[str | int]) -> None:
        if fault := day_formats.fault_of(form):
            self.source.fault(place, f"date: {fault}")

    def _replacement(
        self, path: Path | None, value: Any, column_format: ColumnFormat, place: list[str | int]
    ) -> dict[Path, object]:
        """The fields and values that stand for one value of the file, each read as its field is."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return dict(self._assignments(value, column_format, place))
        if path is None:
            self.source.fault(place, f"{place[-1]}: must be a map of fields, or `to` above")
            return {}
        return {path: self._value(path, value, column_format, place)}

    def _assignments(
        self, nested: Map[str, Any], column_format: ColumnFormat, place: list[str | int], above: str = ""
    ) -> Iterator[tuple[Path, object]]:
        """Fields and values of a map, nested or dotted."""
        for name, value in nested.items():
            full = f"{above}.{name}" if above else name
            if isinstance(value, dict):
                yield from self._assignments(value, column_format, [*place, name], full)
                continue
            path = self._path(full, [*place, name])
            if path is not None and value is not None:
                yield path, self._value(path, value, column_format, [*place, name])

    def _value(self, path: Path, value: Any, column_format: ColumnFormat, place: list[str | int]) -> object:
        read = self._reader(path, column_format._replace(typed=True, decimal_sign=".", scale=None), place)
        if read is None:
            return None
        try:
            return read(_cell(value))
        except Unreadable as error:
            self.source.fault(place, f"{dotted(path)}: {error}")
            return None

    def _constants(self) -> dict[Path, object]:
        for form in self.mapping.date:
            self._check_format(form, ["date"])
        return dict(self._assignments(self.mapping.set_, ColumnFormat(self.today, self.zone), ["set"]))

    def _other_currencies(self, columns: Map[str, tuple[ColumnBinding, ...]]) -> str:
        names = [name for name, bound in columns.items() if any(one.path == ("currency",) for one in bound)]
        said = {code_of_sign(text) or text for name in names for text in texts(self.table, name)}
        return first_of(sorted(said - {self.base}), 5)

    def _external_id(self) -> ColumnBinding | TemplateBinding | None:
        wanted = self.mapping.external_id
        if wanted is None:
            return None
        path = self._path("external_id", ["external_id"])
        read = self._reader(path, ColumnFormat(self.today, self.zone), ["external_id"]) if path else None
        if path is None or read is None:
            return None
        if "{" in wanted:
            template = self._template(wanted, ["external_id"])
            return TemplateBinding(path, read, (template,) if template else ())
        return ColumnBinding(path, read, {}, {}) if self._column(wanted, ["external_id"]) else None

    def _templates(self) -> Iterator[TemplateBinding]:
        for name, several in self.mapping.templates.items():
            place: list[str | int] = ["templates", name]
            path = self._path(name, place)
            column_format = ColumnFormat(self.today, self.zone, self.mapping.date, "")
            read = self._reader(path, column_format, place) if path else None
            templates = [self._template(text, place) for text in several]
            if path and read:
                self.owned.add(path)
                yield TemplateBinding(path, read, tuple(template for template in templates if template))

    def _template(self, text: str, place: list[str | int]) -> TextTemplate | None:
        """`{product} for {account}`, cut at its columns; `{{` and `}}` are braces."""
        parts = re.split(r"\{([^{}]*)\}", text.replace("{{", "\0").replace("}}", "\1"))
        words = tuple(word.replace("\0", "{").replace("\1", "}") for word in parts[::2])
        columns = tuple(" ".join(column.split()) for column in parts[1::2])
        if "{" in "".join(parts[::2]) or "}" in "".join(parts[::2]):
            self.source.fault(place, f'"{text}": a brace has no partner; write {{{{ for one that is meant')
        known = [self._column(column, place) for column in columns]
        return TextTemplate(words, tuple(filter(None, known))) if None not in known else None

    def _column(self, name: str, place: list[str | int]) -> str | None:
        """The column of the file that a mapping names; None where it is missing. `Owner?` may be.

        One that is missing and not optional is a fault.
        """
        optional = name.removesuffix("?") if name not in self.table.columns else name
        self.used |= {name, optional}
        if optional in self.table.columns or not self.table.columns:
            return optional
        if optional != name:
            return None
        close = get_close_matches(name, self.table.columns, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"it has {', '.join(self.table.columns)}"
        self.source.fault(place, f'{self.table.name} has no column "{name}"; {hint}')
        return None

    def _path(self, name: str, place: list[str | int]) -> Path | None:
        try:
            return self._parsed(name, place)
        except ValueError as error:
            self.source.fault(place, str(error))
            return None
        except LookupError:
            names = mapping.field_names(self.collection, self.inside)
            close = get_close_matches(name.split(".")[0], names, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"its fields: {', '.join(names)}"
            self.source.fault(
                place, f'{self.inside or self.collection.plural} have no field "{name}"; {hint}'
            )
            return None

    def _parsed(self, name: str, place: list[str | int]) -> Path:
        path = mapping.parsed_path(self.collection, f"{self.inside}.{name}" if self.inside else name)
        parts: list[object] = []
        for part in path:
            match = re.fullmatch(r"\{(.+)\}", str(part))
            if match is None:
                parts.append(part)
                continue
            self._column(match[1], place)
            parts.append(KeyOf(match[1], self._key_reader(tuple(parts))))
        return tuple(parts)

    def _key_reader(self, parts: Path) -> CellReader:
        if parts == STAGE_ENTERED:
            return lambda cell: ids_and_files.slug(str(cell))
        if self.collection.noun == "price-list":
            return lambda cell: Named("product", str(cell).strip())
        return lambda cell: str(cell).strip()

    def _reader(self, path: Path, column_format: ColumnFormat, place: list[str | int]) -> CellReader | None:
        plain = tuple("key" if isinstance(part, KeyOf) else part for part in path)
        read = reader_of(self.collection, plain, column_format)
        if read is None:
            inner = ", ".join(f"{dotted(path)}.{key}" for key in base.keys_at(self.collection.model, plain))
            self.source.fault(place, f"{dotted(path)} has fields of its own{f': {inner}' if inner else ''}")
        return read


def note_other_order_of_days(source: Source, bindings: Bindings) -> bool:
    """Note as a fault of the mapping that some days of a column are written in the other order.

    The rows that fit both would be taken for other days than they are.
    """
    for (column, text), tally in bindings.tallies["unread"].items():
        for form in sorted({form for binding in bindings.columns[column] for form in binding.formats}):
            other = day_formats.turned(form)
            if other and day_formats.fits(text, other):
                source.fault(
                    source.place_of(column),
                    f'{column}: "{text}" (line {tally.example.line}) fits {other} alone, and the column is '
                    f"read as {form}: one column has one order of day and month; say which it is, with date",
                )
                return True
    return False


def bare_text(cell: object) -> str:
    """The text of a cell without the form of its number or moment, which a workbook writes in its own way."""
    text = re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", str(cell).strip())
    with suppress(ArithmeticError):
        return format(Decimal(text).normalize(), "f")
    return text.lower()


def texts(table: Table, column: str) -> Counter[str]:
    """The values of a column and their rows, without what isn't a value."""
    counted = table.rows.texts if isinstance(table.rows, CountedRows) else {}
    if column not in counted:
        cells = [row.cells.get(column, "") for row in table.rows]
        counts = counted[column] = Counter([str(cell).strip() for cell in cells if cell != ()])  # JSON's []
        for nothing in ("", *NOTHING):
            counts.pop(nothing, None)
    return counted[column]


def holds(when: Map[str, Any], row: Row) -> bool:
    """True for a row in which each of these columns has one of its values, or none of them."""
    return all(
        (one if isinstance(one, Condition) else Condition.of(one)).holds(row, column, NOTHING)
        for column, one in when.items()
    )


def _lenient(read: CellReader) -> CellReader:
    """The reader of a cell that may name a record that isn't here."""

    def may_lack(cell: Cell) -> object:
        value = read(cell)
        return value._replace(may_lack=True) if isinstance(value, Named) else value

    return may_lack


def _cell(value: Any) -> Cell:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return tuple(_cell(part) for part in value)
    plain: Cell = value
    return plain
