"""The mapping file of an import: the field that each column feeds, and the form of its values.

Without a file, the columns that are named like fields feed those.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, get_origin

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from pipecli.errors import Fault, PipecliError, Unreadable
from pipecli.harmless_text import one_line
from pipecli.inbox.importing.cells import ColumnFormat, Path, reader_of
from pipecli.inbox.importing.table import FileFormat, Row, Table, plain_name
from pipecli.records import base, kinds
from pipecli.records.base import Flag, Line, Part
from pipecli.records.kinds import (
    CLOSED_LISTS,
    COLLECTIONS_BY_NOUN,
    PARENTS,
    PRICE_LIST,
    Kind,
    collection_named,
)
from pipecli.records.written_amounts import DecimalSign, read_number
from pipecli.store.validate_record import validate
from pipecli.store.yaml import read as yamltext
from pipecli.store.yaml.write import flow_text, key_text, scalar_text


def _several(value: Any) -> Any:
    """One as a list of one."""
    return value if isinstance(value, (list, tuple)) else (value,)


Lines = Annotated[tuple[Line, ...], BeforeValidator(_several)]
"""A text, or several to try."""
Formats = Annotated[Lines, BeforeValidator(lambda formats: () if formats is None else formats)]
"""Date formats: `"%d-%m-%y"`."""


def _values_and_sign(condition: Any) -> tuple[Any, bool]:
    """The values of a condition as a mapping has it, and whether one of them meets it."""
    if not isinstance(condition, dict):
        return _several(condition), True
    if condition.keys() != {"not"}:
        raise ValueError("must be a value, several, or `not` and those")
    return _several(condition["not"]), False


class Condition(NamedTuple):
    """The values that a column must have one of, or of which it must have none; `""` is the empty cell."""

    values: frozenset[str]
    is_met: bool = True
    """False: met by every other value."""

    @classmethod
    def of(cls, condition: Any) -> Condition:
        """A condition as a mapping has it: a value, several, or `not` and those."""
        values, is_met = _values_and_sign(condition)
        return cls(frozenset(values), is_met)

    def holds(self, row: Row, column: str, nothing: Container[str]) -> bool:
        """True for a row that fulfils it; a word for `nothing` is an empty cell, too."""
        text = row.text(column)
        return self.values.isdisjoint((text, "") if text in nothing else (text,)) is not self.is_met


Conditions = dict[Line, Annotated[Condition, BeforeValidator(_values_and_sign)]]
"""By columns what each must have."""
Scale = Literal["fraction", "percent", "cents", "thousands", "millions", "negative", "seconds"]
"""The form of a percentage: 0.5 is a half as a fraction, half a percent as a percent; a number's unit."""


class Column(Part):
    """The field that a column feeds, and the conditions of it."""

    to: Line | None = None
    """The field, dotted: `closed.date`, `items.1.product`, `prices.{product}`."""
    values: dict[str, Any] = {}
    """For a value of the file another one, or a map of fields and their values."""
    otherwise: Any = None
    """Stands for every value that `values` doesn't have: a value, or a map of fields."""
    when: Conditions = {}
    """The field is fed only where other columns have these values."""
    date: Formats = ()
    decimal: Literal[".", ","] | None = None
    """The decimal sign; absent: the one that the whole column tells."""
    scale: Scale | None = None
    times: Line | None = None
    """The column of the number that an amount is multiplied by: the discount of a unit by the quantity."""
    per: Line | None = None
    """The column of the number that an amount is divided by: the total of a line by the quantity."""
    split: Annotated[str, Field(min_length=1)] | None = None
    """Cuts a cell of several values; a field that holds one takes the first."""
    html: Flag = False
    """Of a cell that is HTML the text is taken that a page shows."""
    unknown: Literal["reject", "skip"] | None = None
    """What becomes of a record that a cell names and that isn't here; absent: the row is rejected."""
    skip_empty: Flag | None = None
    """An empty cell leaves what the record has, and doesn't clear it."""

    @model_validator(mode="after")
    def _feeds_something(self) -> Column:
        if self.to is None and not self.values and "otherwise" not in self.model_fields_set:
            raise ValueError("a column needs `to`, the field it feeds, or `values`")
        return self

    @property
    def says_stage(self) -> bool:
        """True for a column that feeds the stage or the status of deals."""
        maps = [value for value in self.values.values() if isinstance(value, dict)]
        return self.to in ("stage", "status") or any(value.keys() & {"stage", "status"} for value in maps)


def _in_full(feeds: Any) -> Any:
    """The fields that a column feeds: one alone is a `to`, and a list of one."""
    return _several({"to": feeds} if isinstance(feeds, str) else feeds)


def _by_kind(column: Any) -> Any:
    """The columns that name the record of a row by its kind: one alone is of any."""
    return {RECORD: column} if isinstance(column, str) else column or {}


Header = Annotated[
    Annotated[int, Field(strict=True, ge=1), Tag("line")] | Annotated[Lines, Tag("columns")],
    Discriminator(lambda value: "line" if isinstance(value, int) else "columns"),
]
RECORD = "record"
"""What a column feeds that names the record of its row."""
Makeable = Literal["customer", "contact", "supplier", "product", "user", "team"]


class Mapping(Part):
    """A mapping file."""

    external_id: Line | None = None
    """The column whose value is the record's name in the other system, or a template of several."""
    columns: dict[Line, Annotated[tuple[Column, ...], BeforeValidator(_in_full)]] = {}
    """The fields that each column feeds: mostly one."""
    ignore: tuple[Line, ...] = ()
    """Columns that are meant to feed nothing."""
    templates: dict[Line, Lines] = {}
    """Fields made of columns, `"{product} for {account}"`: the first whose columns all have a value."""
    set_: Annotated[dict[Line, Any], Field(alias="set")] = {}
    """Values for a new record where its row has none."""
    make: tuple[Makeable, ...] = ()
    """Kinds of record that are made, by their name, where a row names one that is missing."""
    date: Formats = ()
    """The date format of every column that has none of its own."""
    decimal: Literal[".", ","] | None = None
    scale: Scale | None = None
    signs: dict[Line, Line] = {}
    """The currencies of signs that several have: `$: CAD`."""
    skip_empty: Flag = False
    keep: Literal["local", "file", "conflict"] | None = None
    """The value that stays where people here and the file changed one since the last import; else `local`."""
    empty: tuple[str, ...] = ()
    """Words that don't count as a value, beside those that every file may have: `#N/A`, `NULL`, `-`."""
    only: Conditions = {}
    """The rows to take: those in which these columns have these values; the others are counted."""
    unknown: Literal["reject", "skip"] | None = None
    """What becomes of a row whose record isn't here; absent: it is made, and that of a part is rejected."""
    fill: tuple[Line, ...] = ()
    """Columns of which an empty cell is that of the row above: a stage written once over its group."""
    rows: Literal["items", "activities", "contacts", "tags"] | None = None
    """The list of which each row is an element; a row that says nothing else belongs to the record above."""
    record: Annotated[dict[Line, Line], BeforeValidator(_by_kind)] = {}
    """Of items and activities: the column that names the record of a row, or one for each kind of record."""
    header: Header | None = None
    """The line of the header, or a column that it has, or several."""
    sheet: Line | None = None
    """Of a workbook, the sheet."""
    encoding: Line | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None

    @property
    def file_format(self) -> FileFormat:
        """The form of the file, as far as the mapping says it."""
        named = {plain_name(column) for column in (*self.columns, *self.ignore) if not column.endswith("?")}
        if self.external_id and "{" not in self.external_id:
            named.add(plain_name(self.external_id))
        if RECORD in self.record:
            named.add(plain_name(self.record[RECORD]))
        return FileFormat(self.encoding, self.delimiter, self.header, frozenset(named), self.sheet)


_SINGLE = {f"closed.{key}": f"closed.{keys}.1" for key, keys in CLOSED_LISTS.items()}
"""Paths of before 1.0 to one reason or competitor; a column mostly has one."""


def parsed_path(collection: Kind, name: str) -> Path:
    """A dotted path with places from 0 in lists; the first place where none is said.

    `items.product` is `items.1.product`: people count from 1. Raises LookupError where there is no such
    field, and ValueError, with the way out, for `items.0.product`.
    """
    parts: list[str | int] = []
    if name == collection.identity:
        return (name,)
    if name in TOTALS and collection.noun in WITH_TOTAL:
        return (name,)
    if name in _SINGLE and collection.noun == "opportunity":
        name = _SINGLE[name]
    texts = _cut(collection, name)
    for length, text in enumerate(texts):
        annotation = base.annotation_at(collection.model, parts) if parts else None
        is_list = any(get_origin(kind) is tuple for kind in base.options(annotation)) if parts else False
        is_list = is_list and annotation is not Any
        place = kinds.list_index(text) if is_list else None
        if is_list and place is None:
            if hint := kinds.counting_hint(texts, length):
                raise ValueError(f"{name}: no element 0; {hint}")
            parts.append(0)
        parts.append(text if place is None else place)
        if not text or base.annotation_at(collection.model, parts) is None:
            raise LookupError(name)
    return tuple(parts)


TOTALS = ("total", AFTER_DISCOUNT := "total_after_discount")
"""What a file says that the lines of a quotation or an order come to, where it has no lines."""
WITH_TOTAL = ("quotation", "order")


def _cut(collection: Kind, name: str) -> list[str]:
    """The parts of a dotted name; a SKU among them may have dots itself: `prices.EN-200.5/A`."""
    price = re.fullmatch(r"prices\.(.+?)(?:\.(\d+)\.(from|price))?", name)
    if collection.noun == PRICE_LIST.noun and price:
        return ["prices", *(part for part in price.groups() if part is not None)]
    return name.split(".")


def field_names(collection: Kind, inside: str = "") -> list[str]:
    """The fields of a record itself in the order of its model, or of an element of its list `inside`."""
    if inside:
        return ["record", *base.keys_at(collection.model, (inside, 0))]
    own = base.keys_at(collection.model, ())
    return own if collection.identity in own else [collection.identity, *own]


class RowKind(NamedTuple):
    """The rows of a file as records of a kind, or as parts of records: items, activities."""

    noun: str
    plural: str
    """The last word of `import`."""
    kinds: tuple[Kind, ...]
    """The kind; of a part those of the records that have it."""
    inside: str = ""
    """Of a part, the list of a record that it is in."""


PARTS = tuple(
    RowKind(noun, plural, tuple(COLLECTIONS_BY_NOUN[parent] for parent in PARENTS[plural]), plural)
    for noun, plural in (("item", "items"), ("activity", "activities"))
)


def row_kind_named(word: str) -> RowKind | None:
    """The rows that a person means by a word, in the singular or the plural."""
    plain = word.strip().lower()
    kind = collection_named(word)
    part = next((part for part in PARTS if plain in (part.noun, part.plural)), None)
    return part or (RowKind(kind.noun, kind.plural, (kind,)) if kind else None)


@dataclass
class Source:
    """A mapping, and its faults with their places in its file."""

    mapping: Mapping
    file: str = ""
    text: str = ""
    faults: list[Fault] = field(default_factory=list)
    has_words_for_nothing: bool = True
    """False for an export of ours, whose empty cells are empty."""

    @classmethod
    def read(cls, file: str, raw: bytes) -> Source:
        """A mapping file. Raises FaultyFile with every fault of its form."""
        text = yamltext.decode(raw, file)
        return cls(validate(Mapping, yamltext.parse(text, file), file, text), file, text)

    @classmethod
    def of_columns(cls, table: Table, collection: Kind, inside: str = "") -> Source:
        """The mapping of the columns that are named like fields, of the list `inside` where it is given.

        Raises PipecliError where none is.
        """
        try:
            fields = {column: _field_of(column, collection, inside) for column in table.columns}
        except ValueError as error:
            raise PipecliError(f"{table.name}: {error}") from None
        named = {column: path for column, path in fields.items() if path}
        if not named:
            known = field_names(collection, inside)
            raise PipecliError(
                f"{table.name}: no column is named like a field of {inside or collection.plural}",
                hint=f"say in a mapping file what feeds {', '.join(known)}: --map FILE",
            )
        # A table that begins with our own name for its rows was written for us: `null` is a word in it.
        is_export = table.columns[:1] in ([collection.identity], ["external_id"])
        is_of_documents = table.columns[:1] == ["id"] and collection.is_document
        scale: Scale | None = "percent" if is_of_documents else None
        mapping = Mapping.model_validate({"columns": named, "decimal": ".", "scale": scale})
        return cls(mapping, has_words_for_nothing=not is_export)

    def place_of(self, column: str) -> list[str | int]:
        """The place in the mapping where a column of the file is named."""
        if column == self.mapping.external_id:
            return ["external_id"]
        names = (name for name in self.mapping.columns if name.removesuffix("?") == column)
        return ["columns", next(names, column)]

    def fault(self, path: Sequence[str | int], message: str) -> None:
        line, column = yamltext.locate(self.text, path) if self.text else (0, 0)
        self.faults.append(Fault(self.file, line, column, "mapping", message))


def _field_of(column: str, collection: Kind, inside: str) -> str | None:
    """The field that a column is named like, as `External ID` is."""
    candidates = (column, column.lower().replace(" ", "_").replace("-", "_"))
    return next((path for path in candidates if _is_field(collection, path, inside)), None)


def _is_field(collection: Kind, name: str, inside: str) -> bool:
    if inside and name == "record":
        return True
    try:
        path = parsed_path(collection, f"{inside}.{name}" if inside else name)
    except LookupError:
        return False
    return reader_of(collection, path, ColumnFormat(date.min, UTC)) is not None


_WIDTH = 100
"""Characters of a line before a map is written a line a key."""


def mapping_page(head: str, mapping: dict[str, Any], lost: Sequence[str]) -> str:
    """A mapping file; under `#` of an entry, and of a whole column, stands its evidence."""
    lines = [f"# {one_line(head)}"]
    for key, value in mapping.items():
        if key == "columns" or value in ({}, [], None, ""):
            continue
        lines += _entry(key, value, 0)
    lines += ["columns:"] if mapping["columns"] else []
    for column, entries in mapping["columns"].items():
        lines += _column(column, entries)
    if lost:
        lines.append(f"# not brought in: {one_line(', '.join(lost))}")
    return "\n".join(lines) + "\n"


def _column(column: str, entries: list[dict[str, Any]]) -> Iterator[str]:
    comment = "; ".join(dict.fromkeys(str(entry["#"]) for entry in entries if entry.get("#")))
    beside = f"  # {one_line(comment)}" if comment else ""
    plain = [
        {key: value for key, value in entry.items() if key != "#" and value not in ({}, [])}
        for entry in entries
    ]
    head = f"  {key_text(column)}:"
    if len(plain) == 1 and list(plain[0]) == ["to"]:
        yield f"{head} {scalar_text(plain[0]['to'])}{beside}"
        return
    yield head + beside
    for entry in plain:
        lines = [line for key, value in entry.items() for line in _entry(key, value, 6 if plain[1:] else 4)]
        if plain[1:]:
            lines[0] = f"    - {lines[0].lstrip()}"
        yield from lines


def _entry(key: str, value: Any, column: int) -> Iterator[str]:
    """A key and its value, on one line where it is short."""
    pad = " " * column
    head = f"{pad}{key_text(key)}:"
    if not isinstance(value, (dict, list, tuple)):
        yield f"{head} {'null' if value is None else scalar_text(value)}"
    elif isinstance(value, dict) and (key == "values" or len(in_flow(value)) > _WIDTH):
        yield head
        for inner, part in value.items():
            yield from _entry(inner, part, column + 2)
    else:
        yield f"{head} {in_flow(value)}"


def in_flow(value: Any) -> str:
    """A value as one line of YAML."""
    if isinstance(value, dict):
        parts = (f"{key_text(key, flow=True)}: {in_flow(part)}" for key, part in value.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(in_flow(part) for part in value) + "]"
    return "null" if value is None else flow_text(value)


def doubt_about_scale(
    table: Table, column: str, column_format: ColumnFormat, mapped: Iterable[str]
) -> str | None:
    """The doubt about a column of percents that may be fractions; None for none. `mapped` has a value map."""
    sign = column_format.decimal_sign
    texts = {str(cell).strip() for row in table.rows if (cell := row.cells.get(column, "")) != ""}
    numbers = {text: number for text in texts - {*mapped} if (number := _number(text, sign)) is not None}
    between = sorted(text for text, number in numbers.items() if 0 < number < 1)
    if not between or any(number > 1 for number in numbers.values()):  # one below 0 tells nothing
        return None
    shown = between[0]
    percent = format((numbers[shown] * 100).normalize(), "f")
    return (
        f'{column}: nothing in this column is over 1, so "{shown}" may be {percent} % or {shown} %: '
        "say scale: fraction or scale: percent"
    )


def _number(text: str, decimal_sign: DecimalSign) -> Decimal | None:
    """A plain number; None for anything else, and for what says that it is a percentage."""
    try:
        return None if "%" in text else read_number(text, decimal_sign)
    except Unreadable:
        return None
