"""Compiles a mapping for one file: every field, column and format that it names must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map
from datetime import date, tzinfo
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pipecli.errors import FaultyFile
from pipecli.inbox.importing import mapping, notation
from pipecli.inbox.importing.columns import Bindings, ColumnBinding, KeyOf, Template, TemplateBinding, dotted
from pipecli.inbox.importing.mapping import Column, Source, listed
from pipecli.inbox.importing.notation import Mark, Unreadable
from pipecli.inbox.importing.table import REASON, Cell, Table
from pipecli.inbox.importing.values import ColumnFormat, Named, Path, Reader, reader
from pipecli.records import base
from pipecli.records.kinds import Collection
from pipecli.records.money import minor_digits

NEVER_CLEARED = {("id",), ("sku",), ("created",), ("external_id",)}


def compiled(
    source: Source, table: Table, collection: Collection, *, today: date, zone: tzinfo, currency: str
) -> Bindings:
    """A mapping, compiled for the rows of one file. Raises FaultyFile with every fault it has for that file.

    `currency` is that of the settings.
    """
    bindings = _Compiler(source, table, collection, today, zone, currency).bindings()
    if source.faults:
        raise FaultyFile(sorted(source.faults, key=lambda fault: (fault.line, fault.column)))
    return bindings


class _Compiler:
    def __init__(
        self, source: Source, table: Table, collection: Collection, today: date, zone: tzinfo, currency: str
    ) -> None:
        self.source, self.mapping = source, source.mapping
        self.table, self.collection = table, collection
        self.today, self.zone = today, zone
        self.used: set[str] = set()
        self.owned: set[Path] = set()
        self.fed: set[Path] = set()
        self.constants = self._constants()
        fixed_currency = self.constants.get(("currency",), currency)
        feeds_currency = any(
            column.to == "currency" for name in self.mapping.columns for column in self.mapping.feeding(name)
        )
        self.third_decimal = feeds_currency or minor_digits(str(fixed_currency)) > 2

    def bindings(self) -> Bindings:
        external = self._external_id()
        columns: dict[str, tuple[ColumnBinding, ...]] = {}
        for name in self.mapping.columns:
            place: list[str | int] = ["columns", name]
            if not self._knows(name, place):
                continue
            is_list = isinstance(self.mapping.columns[name], tuple)
            columns[name] = tuple(
                self._bind(name, column, [*place, number] if is_list else place)
                for number, column in enumerate(self.mapping.feeding(name))
            )
        if isinstance(external, ColumnBinding):
            name = self.mapping.external_id or ""
            columns = {name: (external, *columns.get(name, ()))} | {
                other: bindings for other, bindings in columns.items() if other != name
            }
        templates = [*([external] if isinstance(external, TemplateBinding) else []), *self._templates()]
        for name in self.mapping.ignore:
            self._knows(name, ["ignore"])
        return Bindings(
            columns=columns,
            templates=tuple(templates),
            constants=self.constants,
            owned=frozenset(self.owned) - NEVER_CLEARED,
            unused=[column for column in self.table.columns if column not in self.used and column != REASON],
            external_id=self.mapping.external_id if external else None,
            has_gaps=any(isinstance(part, int) and part > 0 for path in self.fed for part in path),
        )

    def _bind(self, name: str, column: Column, place: list[str | int]) -> ColumnBinding:
        column_format = self._column_format(name, column, place)
        path = self._path(column.to, [*place, "to"]) if column.to else None
        read = self._reader(path, column_format, [*place, "to"]) if path else None
        values = {
            text: self._replacement(path, value, column_format, [*place, "values", text])
            for text, value in column.values.items()
        }
        for other in column.when:
            self._knows(other, [*place, "when", other])
        when = {other: frozenset(listed(wanted)) for other, wanted in column.when.items()}
        fed = {*([path] if path else []), *(field for fields in values.values() for field in fields)}
        self.fed |= fed
        if not (self.mapping.skip_empty if column.skip_empty is None else column.skip_empty):
            self.owned |= {field for field in fed if not any(isinstance(part, KeyOf) for part in field)}
        return ColumnBinding(path, read, values, when)

    def _column_format(self, name: str, column: Column, place: list[str | int]) -> ColumnFormat:
        formats = listed(column.date) or listed(self.mapping.date)
        for form in listed(column.date):
            self._check_format(form, [*place, "date"])
        mark: Mark = column.decimal or self.mapping.decimal or ""
        if not mark:
            cells = (row.cells.get(name) for row in self.table.rows)
            mark = notation.mark_of({cell for cell in cells if isinstance(cell, str)})
        third = self.third_decimal or column.to not in ("amount", "closed.amount")
        return ColumnFormat(formats, mark, third, self.table.typed, self.today, self.zone)

    def _check_format(self, form: str, place: list[str | int]) -> None:
        if fault := notation.fault_of(form):
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
            self.source.fault(place, f"{place[-1]}: a map of fields is wanted here, or `to` above")
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
        read = self._reader(path, column_format._replace(typed=True, mark="."), place)
        if read is None:
            return None
        try:
            return read(_cell(value))
        except Unreadable as error:
            self.source.fault(place, f"{dotted(path)}: {error}")
            return None

    def _constants(self) -> dict[Path, object]:
        for form in listed(self.mapping.date):
            self._check_format(form, ["date"])
        column_format = ColumnFormat((), ".", True, True, self.today, self.zone)
        return dict(self._assignments(self.mapping.set_, column_format, ["set"]))

    def _external_id(self) -> ColumnBinding | TemplateBinding | None:
        wanted = self.mapping.external_id
        if wanted is None:
            return None
        path = self._path("external_id", ["external_id"])
        column_format = ColumnFormat((), ".", True, False, self.today, self.zone)
        read = self._reader(path, column_format, ["external_id"]) if path else None
        if path is None or read is None:
            return None
        if "{" in wanted:
            template = self._template(wanted, ["external_id"])
            return TemplateBinding(path, read, (template,) if template else ())
        self._knows(wanted, ["external_id"])
        return ColumnBinding(path, read, {}, {})

    def _templates(self) -> Iterator[TemplateBinding]:
        for name, texts in self.mapping.templates.items():
            place: list[str | int] = ["templates", name]
            path = self._path(name, place)
            column_format = ColumnFormat(listed(self.mapping.date), "", True, False, self.today, self.zone)
            read = self._reader(path, column_format, place) if path else None
            templates = [self._template(text, place) for text in listed(texts)]
            if path and read:
                self.owned.add(path)
                yield TemplateBinding(path, read, tuple(template for template in templates if template))

    def _template(self, text: str, place: list[str | int]) -> Template | None:
        """`{product} for {account}`, cut at its columns; `{{` and `}}` are braces."""
        parts = re.split(r"\{([^{}]*)\}", text.replace("{{", "\0").replace("}}", "\1"))
        words = tuple(word.replace("\0", "{").replace("\1", "}") for word in parts[::2])
        columns = tuple(" ".join(column.split()) for column in parts[1::2])
        if "{" in "".join(parts[::2]) or "}" in "".join(parts[::2]):
            self.source.fault(place, f'"{text}": a brace has no partner; write {{{{ for one that is meant')
        known = [self._knows(column, place) for column in columns]
        return Template(words, columns) if all(known) else None

    def _knows(self, column: str, place: list[str | int]) -> bool:
        self.used.add(column)
        if column in self.table.columns or not self.table.columns:
            return True
        close = get_close_matches(column, self.table.columns, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"it has {', '.join(self.table.columns)}"
        self.source.fault(place, f'{self.table.name} has no column "{column}"; {hint}')
        return False

    def _path(self, name: str, place: list[str | int]) -> Path | None:
        try:
            return self._parsed(name, place)
        except LookupError:
            names = mapping.names(self.collection)
            close = get_close_matches(name.split(".")[0], names, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"its fields: {', '.join(names)}"
            self.source.fault(place, f'{self.collection.plural} have no field "{name}"; {hint}')
            return None

    def _parsed(self, name: str, place: list[str | int]) -> Path:
        path = mapping.parsed(self.collection, name)
        parts: list[object] = []
        for part in path:
            match = re.fullmatch(r"\{(.+)\}", str(part))
            if match is None:
                parts.append(part)
                continue
            self._knows(match[1], place)
            parts.append(KeyOf(match[1], _product if self.collection.noun == "price-list" else _key))
        return tuple(parts)

    def _reader(
        self, path: Path | None, column_format: ColumnFormat, place: list[str | int]
    ) -> Reader | None:
        if path is None:
            return None
        plain = tuple("key" if isinstance(part, KeyOf) else part for part in path)
        read = reader(self.collection, plain, column_format)
        if read is None:
            inner = ", ".join(f"{dotted(path)}.{key}" for key in base.keys_at(self.collection.model, plain))
            self.source.fault(place, f"{dotted(path)} has fields of its own{f': {inner}' if inner else ''}")
        return read


def _product(cell: Cell) -> object:
    return Named("product", str(cell).strip())


def _key(cell: Cell) -> object:
    return str(cell).strip()


def _cell(value: Any) -> Cell:
    """A value of YAML as a cell has it."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return tuple(_cell(part) for part in value)
    plain: Cell = value
    return plain
