"""The mapping file of an import: which column feeds which field, and how its values are to be read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from pipecli.records.base import Part
from pipecli.records.values import Flag, Line

Formats = Annotated[
    Annotated[Line, Tag("format")] | Annotated[tuple[Line, ...], Tag("formats")],
    Discriminator(lambda value: "format" if isinstance(value, str) else "formats"),
]
"""One date format, or several to try: `"%d-%m-%y"`."""
Choices = Annotated[
    Annotated[Line, Tag("value")] | Annotated[tuple[Line, ...], Tag("values")],
    Discriminator(lambda value: "value" if isinstance(value, str) else "values"),
]


class Column(Part):
    """What one column feeds, and when."""

    to: Line | None = None
    """The field, dotted: `closed.date`, `items.0.product`, `prices.{product}`."""
    values: dict[str, Any] = {}
    """What a value of the file means: another value, or a map of fields and their values."""
    when: dict[Line, Choices] = {}
    """The field is fed only where other columns have these values."""
    date: Formats | None = None
    decimal: Literal[".", ","] | None = None
    """What stands before the decimals; absent: what the whole column says."""
    skip_empty: Flag | None = None
    """An empty cell leaves what the record has, and doesn't clear it."""

    @model_validator(mode="after")
    def _feeds_something(self) -> Column:
        if self.to is None and not self.values:
            raise ValueError("a column needs `to`, the field it feeds, or `values`")
        return self


def _shape(value: object) -> str:
    return "field" if isinstance(value, str) else "columns" if isinstance(value, list) else "column"


Feeding = Annotated[
    Annotated[Line, Tag("field")]
    | Annotated[Column, Tag("column")]
    | Annotated[tuple[Column, ...], Tag("columns")],
    Discriminator(_shape),
]
"""A field's name, a column in full, or several: one column may feed several fields."""

Makeable = Literal["customer", "contact", "supplier", "product", "user", "team"]


class Mapping(Part):
    """A mapping file."""

    external_id: Line | None = None
    """The column whose value is the record's name in the other system, or a template of several."""
    columns: dict[Line, Feeding] = {}
    ignore: tuple[Line, ...] = ()
    """Columns that are meant to feed nothing."""
    templates: dict[Line, Choices] = {}
    """Fields made of columns, `"{product} for {account}"`: the first whose columns all have a value."""
    set_: Annotated[dict[Line, Any], Field(alias="set")] = {}
    """What a new record gets where its row says nothing."""
    make: tuple[Makeable, ...] = ()
    """Kinds of record that are made, by their name, where a row names one that is missing."""
    date: Formats | None = None
    """The date format of every column that has none of its own."""
    decimal: Literal[".", ","] | None = None
    skip_empty: Flag = False
    encoding: Line | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None

    def feeding(self, column: str) -> tuple[Column, ...]:
        """What a column feeds, in full."""
        match self.columns.get(column):
            case str() as field:
                return (Column(to=field),)
            case Column() as single:
                return (single,)
            case tuple() as several:
                return several
        return ()


def listed(choices: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """One or several, as several."""
    return (choices,) if isinstance(choices, str) else choices or ()
