"""What every record shares: strictness, the free `custom` map, its plain form."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from pipecli.records.values import Moment

Plain = dict[str, Any]
"""A record as YAML has it: maps, lists, text, numbers and dates. The `Any` past which types are known."""


class Part(BaseModel):
    """A part of a record, or a record. Unknown keys are refused; nothing is changed in place."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        defer_build=True,
        validate_default=False,
        validate_by_name=True,
        validate_by_alias=True,
    )

    def with_(self, **changes: object) -> Self:
        """A copy with these fields changed. The store validates it when it is written."""
        return self.model_copy(update=changes)

    def plain(self) -> Plain:
        """The part as its file says it, in the model's order, without what is absent or empty."""
        plain: Plain = {}
        for name, value in self.__dict__.items():
            if type(value) in _AS_IT_IS:
                plain[name.removesuffix("_")] = value
            elif value is not None and (made := _plain(value)) is not None:
                plain[name.removesuffix("_")] = made
        return plain


# Looked up first: a third of building an index is this walk over 9,000 records.
_AS_IT_IS = frozenset({str, Decimal, datetime, date, int, bool, float})


def _plain(value: object) -> object | None:
    """`value` as YAML has it; None for what is not written at all: nulls and empty maps and lists."""
    if isinstance(value, str):  # a word of a fixed list is a text
        return str(value)
    if isinstance(value, Part):
        return value.plain() or None
    if isinstance(value, dict):
        # the days of exchange rates are keys, and a key is text in a file
        return {
            str(key): plain for key, each in value.items() if (plain := _of_any(each)) is not None
        } or None
    if isinstance(value, (list, tuple)):
        return [plain for each in value if (plain := _of_any(each)) is not None] or None
    return value


def _of_any(value: object) -> object | None:
    return value if type(value) in _AS_IT_IS or value is None else _plain(value)


class Record(Part):
    """One file of a pipeline."""

    noun: ClassVar[str]
    identity: ClassVar[str] = "id"
    """The field that names it: `id`, but `sku` of a product."""

    @property
    def key(self) -> str:
        """Its id or slug, by which other records refer to it."""
        return str(getattr(self, self.identity))

    @property
    def label(self) -> str:
        """What a person calls it: its title or name."""
        return str(getattr(self, "title", None) or getattr(self, "name", None) or self.key)


class Document(Record):
    """A record with an id of its own and a day of birth: lead, opportunity, quotation, order."""

    id: str
    created: Moment


Custom = Annotated[dict[str, Any] | None, Field(description="Free: any keys of your own.")]
"""What a pipeline's users keep for themselves; of it reports read a deal's `stage_entered` alone."""
