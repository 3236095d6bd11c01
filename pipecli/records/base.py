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
        return {
            name.removesuffix("_"): value
            for name, field in self.__dict__.items()
            if (value := _plain(field)) is not None
        }


def _plain(value: object) -> object | None:
    """`value` as YAML has it; None for what is not written at all: nulls and empty maps and lists."""
    if value is None or isinstance(value, (str, bool, int, Decimal, datetime, date)):
        return str(value) if type(value) is not str and isinstance(value, str) else value
    if isinstance(value, Part):
        return value.plain() or None
    if isinstance(value, dict):
        # the days of exchange rates are keys, and a key is text in a file
        return {str(key): plain for key, item in value.items() if (plain := _plain(item)) is not None} or None
    if isinstance(value, (list, tuple)):
        return [plain for item in value if (plain := _plain(item)) is not None] or None
    return value


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
"""What a pipeline's users keep for themselves; its content is theirs, never interpreted."""
