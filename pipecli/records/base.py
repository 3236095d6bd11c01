"""The base of every record: strictness, the plain form, ids, and fields by their path.

Documents have an id with a prefix and five random characters, master data a slug.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipecli.records.kinds import RANDOM, SKU, SLUG
from pipecli.records.values import Line, Moment

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

    identified_by: ClassVar[tuple[str, ...]] = ()
    """The keys that tell it from its neighbours in a list, of several the first that it has (elements.py)."""

    def with_(self, **changes: object) -> Self:
        """A copy with these fields changed. The store validates it when it is written."""
        return self.model_copy(update=changes)

    def plain(self) -> Plain:
        """The part as its file says it, in the model's order, without what is absent or empty."""
        plain: Plain = {}
        for name, value in self.__dict__.items():
            if type(value) in _AS_IT_IS:
                plain[name.removesuffix("_")] = value
            elif value is not None and (inner := _plain(value)) is not None:
                plain[name.removesuffix("_")] = inner
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
            str(key): plain for key, inner in value.items() if (plain := _of_any(inner)) is not None
        } or None
    if isinstance(value, (list, tuple)):
        return [plain for member in value if (plain := _of_any(member)) is not None] or None
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
        """Its title or name, by which a person calls it; else its key."""
        return str(getattr(self, "title", None) or getattr(self, "name", None) or self.key)


class Document(Record):
    """A record with an id of its own and a day of birth: lead, opportunity, quotation, order."""

    id: str
    created: Moment


Custom = Annotated[dict[str, Any] | None, Field(description="Free: any keys of your own.")]
"""Any keys of a pipeline's users; of them reports read a deal's `stage_entered` alone."""


Path = Sequence[str | int]


def annotation_at(model: type[Part], path: Path) -> Any | None:
    """The type of the field at a path (`next_contact.date`, `items.0.quantity`); None if there is none.

    `Any` below `custom`.
    """
    annotation: Any = model
    for part in path:
        annotation = _inside(annotation, part)
        if annotation is None or annotation is Any:
            return annotation
    return annotation


def keys_at(model: type[Part], path: Path) -> list[str]:
    """The keys of the map at a path in the model's order; empty for a free map."""
    part = _part(annotation_at(model, path))
    return [field.alias or name for name, field in part.model_fields.items()] if part else []


def identity_at(model: type[Part], path: Path) -> tuple[str, ...] | None:
    """The keys that tell apart the elements of the list at a path; None for a list of no model."""
    part = _part(annotation_at(model, (*path, 0)))
    return part.identified_by if part else None


def default_at(model: type[Part], path: Path) -> object:
    """The value of a field that is left out: `open` of a status; None where it has none."""
    part = _part(annotation_at(model, path[:-1]))
    for name, field in part.model_fields.items() if part else ():
        if path[-1] == (field.alias or name):
            return None if field.is_required() or field.default_factory else field.default
    return None


def _inside(annotation: Any, key: str | int) -> Any | None:
    part = _part(annotation)
    if part is not None:
        for name, field in part.model_fields.items():
            if key == (field.alias or name):
                return field.rebuild_annotation()
        return None
    for option in options(annotation):
        origin, arguments = get_origin(option), get_args(option)
        if origin is tuple:
            return arguments[0]
        if origin is dict:
            return arguments[1]
    return None


def _part(annotation: Any) -> type[Part] | None:
    return next(
        (option for option in options(annotation) if isinstance(option, type) and issubclass(option, Part)),
        None,
    )


def options(annotation: Any) -> list[Any]:
    """The types that a field may have, without the wrapping of Annotated and unions."""
    origin = get_origin(annotation)
    if origin is not None and hasattr(annotation, "__metadata__"):
        return options(get_args(annotation)[0])
    if (origin is not None and type(None) in get_args(annotation)) or str(origin) in (
        "typing.Union", "<class 'types.UnionType'>",
    ):  # fmt: skip
        return [inner for option in get_args(annotation) for inner in options(option)]
    return [annotation]


class Names(NamedTuple):
    """That a value is the name of something else: a record, a user, a team, a process or a stage."""

    noun: str
    """Its kind; `principal` is a user or a team."""
    must_exist: bool = True
    """False where a plain name will do: a competitor has a file or not."""


def _id(prefix: str) -> StringConstraints:
    return StringConstraints(strict=True, pattern=rf"^{prefix}-{RANDOM}$")


# The id of a lead names a lead wherever it stands, but in the lead itself.
LeadId = Annotated[str, _id("LEAD"), Names("lead")]
OpportunityId = Annotated[str, _id("OPP"), Names("opportunity")]
QuotationId = Annotated[str, _id("QTN"), Names("quotation")]
SupplierQuotationId = Annotated[str, _id("SQ"), Names("supplier-quotation")]
OrderId = Annotated[str, _id("ORD"), Names("order")]
ActivityId = Annotated[str, StringConstraints(strict=True, pattern=rf"^{RANDOM}$")]
Slug = Annotated[str, StringConstraints(strict=True, pattern=SLUG, max_length=80)]
CustomerSlug = Annotated[Slug, Names("customer")]
ContactSlug = Annotated[Slug, Names("contact")]
SupplierSlug = Annotated[Slug, Names("supplier")]
Sku = Annotated[str, StringConstraints(strict=True, pattern=SKU, max_length=80)]
"""A product's number as its label has it: `EN-200.5/A`. Its file is named by the slug of it."""
ProductSku = Annotated[Sku, Names("product")]
PriceListSlug = Annotated[Slug, Names("price-list")]
LiteratureSlug = Annotated[Slug, Names("literature")]
UserSlug = Annotated[Slug, Names("user")]
TeamSlug = Annotated[Slug, Names("team")]
PrincipalSlug = Annotated[Slug, Names("principal")]
ProcessSlug = Annotated[Slug, Names("process")]
StageSlug = Annotated[Slug, Names("stage")]
"""A stage of the process of the same deal."""
CompetitorName = Annotated[Line, Names("competitor", must_exist=False)]
