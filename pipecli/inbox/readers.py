"""How the text of a cell becomes the value of a field: by the type that the model gives the field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import StringConstraints

from pipecli.csvtext import list_values
from pipecli.inbox import amounts, custom, days
from pipecli.inbox.amounts import Mark, Unreadable
from pipecli.inbox.tabular import Cell
from pipecli.inbox.texts import line_of, text_of
from pipecli.records import base
from pipecli.records.base import Part
from pipecli.records.kinds import Collection
from pipecli.records.values import Amount

Reader = Callable[[Cell], object]
"""Reads a cell that is not empty. Raises Unreadable."""
Path = tuple[Any, ...]
"""A field's place in a record: names, places in lists, and for keys that a row names a Named."""


class Named(NamedTuple):
    """A record that a cell names in whatever way; it is looked up once every row is read."""

    noun: str
    text: str


class Manner(NamedTuple):
    """How values are written in one column."""

    formats: Sequence[str]
    mark: Mark
    third_decimal: bool
    """Whether an amount may have one: `1.234` is then of no certain meaning."""
    typed: bool
    """The file tells texts from numbers itself."""
    today: date
    zone: tzinfo


NOUNS = {
    "customer": "customer", "parent": "customer", "contact": "contact", "supplier": "supplier",
    "owner": "user", "by": "user", "manager": "user", "team": "team", "shared_with": "principal",
    "product": "product", "products": "product", "price_list": "price-list", "lead": "lead",
    "opportunity": "opportunity", "opportunities": "opportunity", "quotation": "quotation",
    "revision_of": "quotation", "supplier_quotation": "supplier-quotation",
}  # fmt: skip
"""The fields that name another record, a user or a team, and its kind; `principal` is a user or a team."""


def reader(collection: Collection, path: Path, manner: Manner) -> Reader | None:
    """How a cell is read for a field; None where there is no such field, or it has fields of its own."""
    if path == (collection.identity,):
        return line_of
    if path == ("custom",):
        return custom.whole
    annotation = base.annotation_at(collection.model, path)
    if annotation is None:
        return None
    if annotation is Any:
        return custom.as_it_is if manner.typed else custom.as_written
    kinds = [kind for kind in base.options(annotation) if kind is not type(None)]
    classes = [kind for kind in kinds if isinstance(kind, type)]
    lists = [kind for kind in kinds if get_origin(kind) is tuple]
    if any(issubclass(kind, Part) for kind in classes) or any(get_origin(kind) is dict for kind in kinds):
        return None
    noun = NOUNS.get(str(path[-1]))
    if lists and Decimal not in classes:
        inner = [kind for each in lists for kind in base.options(get_args(each)[0])]
        if any(isinstance(kind, type) and issubclass(kind, Part) for kind in inner):
            return None
        return _list_of(_named(noun) if noun else line_of)
    return _named(noun) if noun else _scalar(annotation, classes, manner)


def _scalar(annotation: Any, classes: Sequence[type], manner: Manner) -> Reader:
    when = (manner.formats, manner.today, manner.zone)
    if datetime in classes and date in classes:
        return lambda cell: (days.moment if days.has_time(text_of(cell)) else days.day)(line_of(cell), *when)
    if datetime in classes:
        return lambda cell: days.moment(line_of(cell), *when)
    if date in classes:
        return lambda cell: days.day(line_of(cell), *when)
    if Decimal in classes:
        is_money = get_args(Amount)[1] in _metadata(annotation)
        return _money(manner) if is_money else _number(manner)
    if bool in classes:
        return _flag
    if int in classes:
        return _whole(manner)
    for kind in classes:
        if issubclass(kind, Enum):
            return _word({str(member) for member in kind})
    return line_of if _is_one_line(annotation) else text_of


def _named(noun: str) -> Reader:
    return lambda cell: Named(noun, line_of(cell))


def _money(manner: Manner) -> Reader:
    def read(cell: Cell) -> object:
        if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
            return amounts.Money(Decimal(cell), frozenset())
        return amounts.money(text_of(cell), manner.mark, third_decimal=manner.third_decimal)

    return read


def _number(manner: Manner) -> Reader:
    def read(cell: Cell) -> object:
        if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
            return Decimal(cell)
        return amounts.number(text_of(cell), manner.mark)

    return read


def _whole(manner: Manner) -> Reader:
    exact = _number(manner)

    def read(cell: Cell) -> object:
        value = exact(cell)
        assert isinstance(value, Decimal)
        if value != value.to_integral_value():
            raise Unreadable(f'"{cell}" is no whole number')
        return int(value)

    return read


_FLAGS = {
    "yes": True,
    "true": True,
    "y": True,
    "1": True,
    "no": False,
    "false": False,
    "n": False,
    "0": False,
}


def _flag(cell: Cell) -> object:
    if isinstance(cell, bool):
        return cell
    known = _FLAGS.get(line_of(cell).lower())
    if known is None:
        raise Unreadable(f'"{cell}" is neither yes nor no')
    return known


def _word(known: set[str]) -> Reader:
    """One of a model's words; another is left as it is, and refused by the model with their list."""

    def read(cell: Cell) -> object:
        text = line_of(cell)
        word = text.lower().replace(" ", "-")
        return word if word in known else text

    return read


def _list_of(one: Reader) -> Reader:
    """A list in one cell: with commas, or as JSON where an element has one itself."""

    def read(cell: Cell) -> object:
        if isinstance(cell, tuple):
            return tuple(one(part) for part in cell)
        try:
            parts = list_values(text_of(cell))
        except ValueError:
            raise Unreadable(f'"{cell}" is no list') from None
        return tuple(one(part) for part in parts if str(part).strip())

    return read


def _is_one_line(annotation: Any) -> bool:
    return any(isinstance(each, StringConstraints) and each.pattern for each in _metadata(annotation))


def _metadata(annotation: Any) -> Iterator[object]:
    """What Annotated says of a type, of its alternatives too."""
    yield from getattr(annotation, "__metadata__", ())
    for inner in get_args(annotation):
        if get_args(inner):
            yield from _metadata(inner)
