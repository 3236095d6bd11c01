"""The base of every record, and the kinds of value its fields may hold.

Records are read by a YAML reader that gives text for dates and floats for decimals; the types here turn them
into `date`, `datetime` and exact `Decimal`, and refuse what a person most likely did not mean (a number where
a text belongs, a date written `20261121`). A document has a random id, master data a slug.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, NamedTuple, Self, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from pipecli.harmless_text import composed, safe_json
from pipecli.json_and_csv import WRITERS, on_one_line, quoted
from pipecli.records.kinds import RANDOM, SKU, SLUG
from pipecli.records.money import CURRENCIES, exponent_of, without_exponent

MOST_DIGITS = 15  # a double, which is what YAML readers give, holds any decimal of 15 digits exactly

_FEW_DIGITS = 10**MOST_DIGITS
_HUNDREDTH = Decimal("0.01")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def _decimal(value: object) -> object:
    if type(value) is int and -_FEW_DIGITS < value < _FEW_DIGITS:
        return Decimal(value)
    if type(value) is Decimal and value.is_finite() and _is_short(str(value)):
        return value  # to count its digits takes longer
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("must be a number, without quotes, currency sign or separators")
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise ValueError("must be a finite number")
    # The exponent first: 1e999999999 is more than arithmetic holds.
    if (exact and exact.adjusted() >= MOST_DIGITS) or len(exact.normalize().as_tuple().digits) > MOST_DIGITS:
        raise ValueError(f"at most {MOST_DIGITS} digits can be kept exactly")
    return exact if isinstance(value, (int, Decimal)) else without_exponent(exact)


def _is_short(text: str) -> bool:
    return len(text) <= MOST_DIGITS and "E" not in text


def _price(value: object) -> object:
    exact = _decimal(value)
    if isinstance(value, float) and isinstance(exact, Decimal) and exponent_of(exact) > -2:
        return exact.quantize(_HUNDREDTH)  # a reader gives 2499.0 for 2499.00
    return exact


def _day(value: object) -> object:
    if type(value) is date:
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a date, such as 2026-11-21")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} isn't a day of the calendar") from None


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs its offset, such as 2026-11-21T10:00:00+01:00")
        return _in_every_zone(value)
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("must be a time with its offset, such as 2026-11-21T10:00:00+01:00")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} isn't a time of the calendar") from None
    return _in_every_zone(moment)


def _in_every_zone(moment: datetime) -> datetime:
    """Refuse the years at whose ends another timezone would leave the calendar: no report could place it."""
    if not 1 < moment.year < 9999:
        raise ValueError(f"{moment.isoformat()} isn't a time of the calendar in every timezone")
    return moment


def _moment_or_day(value: object) -> object:
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return _day(value)
    return _moment(value)


def _path_inside(path: str) -> str:
    if path.startswith(("/", "~")) or "\\" in path or re.match("[A-Za-z]:", path):
        raise ValueError(f"{path} isn't a path inside the pipeline; write it as literature/brochure.pdf")
    if ".." in path.split("/"):
        raise ValueError(f"{path} leads out of the pipeline")
    return path


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code} isn't a currency of ISO 4217; write its code, such as EUR")
    return code


CURRENCY = r"^[A-Z]{3}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
ONE_LINE = r"^[^\n\r]*$"
Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Line = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500, pattern=ONE_LINE)]
PathInside = Annotated[Line, AfterValidator(_path_inside)]
"""A file of the pipeline, from its root; whether it is there, and no link out, is for the store to say."""
CurrencyCode = Annotated[
    str, StringConstraints(strict=True, pattern=CURRENCY), AfterValidator(_known_currency)
]
LanguageTag = Annotated[str, StringConstraints(strict=True, pattern=LANGUAGE)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0)]
Days = Annotated[int, Field(strict=True, ge=0, le=36_500)]
"""A number of days, up to a hundred years: what is added to a date is one."""
Score = Annotated[int, Field(strict=True, ge=0, le=100)]

Amount = Annotated[Decimal, Field(ge=0), BeforeValidator(_price)]  # a bound behind it is not pydantic's own
"""Money, in the record's currency."""
Quantity = Annotated[Decimal, Field(gt=0), BeforeValidator(_decimal)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=6), BeforeValidator(_decimal)]
"""Six decimals: a tax of 9.975, a third off as 33.333333."""

Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
MomentOrDay = Annotated[datetime | date, BeforeValidator(_moment_or_day)]


Plain = dict[str, Any]
"""A record as YAML has it: maps, lists, text, numbers and dates. The `Any` past which types are known."""


Row = dict[str, Any]
"""What a row of the index holds by column; without what is NULL, which as a value takes its time."""
Walk = Mapping[str, tuple[str, Any, Any]]
"""Of each field of a model its key in JSON, column (of a part the walk through that; of a list, whose rows
are put under the field's name, a tuple with that through its members), and the noun that it names, or what
collects the names that are deeper in it; None where there is none."""


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
    """The keys that tell it from others in a list; of several the first that it has (`identity_at`)."""

    def with_(self, **changes: object) -> Self:
        """A copy with these fields changed. The store validates it when it is written."""
        return self.model_copy(update=changes)

    def fields(self, *names: str) -> dict[str, Any]:
        """Some of its fields by name, for another record that begins with them."""
        return {name: getattr(self, name) for name in names}

    def plain(self) -> Plain:
        """The part as its file says it, in the model's order, without what is absent or empty."""
        plain: Plain = {}
        for name, value in self.__dict__.items():
            if value is None or value is _NOTHING:
                continue
            if type(value) in _AS_IT_IS:
                plain[name.removesuffix("_")] = value
            elif (inner := _plain(value)) is not None:
                plain[name.removesuffix("_")] = inner
        return plain

    def says_as(self, other: Part) -> bool:
        """True where both say the same in a file: one may have empty what the other lacks."""
        return self == other or self.plain() == other.plain()

    def plain_json(self, walk: Walk | None = None, row: Row | None = None, names: Any = None) -> str:
        """`dumps(plain())` on one line in a third of the time: half of building an index was that.

        Fills, by `walk`, a row of the index, and a list of names (`References`): another walk takes as long.
        """
        return safe_json(_of_part(self, walk, row, names) or "{}")


# Looked up first: a third of building an index is this walk over 9,000 records.
_AS_IT_IS = frozenset({str, Decimal, datetime, date, int, bool, float})


def _plain(value: object) -> object | None:
    """`value` as YAML has it; None for what is not written at all: nulls and empty maps and lists.

    A part with a key of its own stays without any field, as a team of which nothing is told but its name.
    """
    if isinstance(value, str):  # a word of a fixed list is a text
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain for member in value if (plain := _of_any(member)) is not None] or None
    if isinstance(value, dict):
        # the days of exchange rates are keys, and a key is text in a file
        return {
            str(key): plain
            for key, inner in value.items()
            if (plain := inner.plain() if isinstance(inner, Part) else _of_any(inner)) is not None
        } or None
    if isinstance(value, Part):  # asked last: pydantic's answer takes long
        return value.plain() or None
    return value


def _of_any(value: object) -> object | None:
    return value if type(value) in _AS_IT_IS or value is None else _plain(value)


class _JsonWriters(dict[type, Callable[[Any], str | None]]):
    """By type, the JSON of what a part holds; None for what is not written at all."""

    def __missing__(self, kind: type) -> Callable[[Any], str | None]:
        self[kind] = next((write for of, write in _OF_KINDS if issubclass(kind, of)), _of_others)
        return self[kind]


def _of_part(
    part: Part, walk: Walk | None = None, row: Any = None, names: Any = None, before: str = ""
) -> str | None:
    members, walk = list[str](), walk or plain_walk(type(part))
    for name, value in part.__dict__.items():
        if value is None or value is _NOTHING:
            continue
        key, column, named = walk[name]
        kind = type(value)
        if kind is str:  # at once: a call less for each
            members.append(key + quoted(value))
            if column:
                row[column] = value if value.isascii() else composed(value)
            if named:
                names.append((before + name, named, value))
            continue
        if type(column) is dict:
            text = _of_part(value, column, row, names, f"{before}{name}.")
        elif type(column) is tuple:
            rows = row[name] = [Row() for _ in value]
            texts = [
                _of_part(one, column[0], own, names, f"{before}{name}.{number}.")
                for number, (one, own) in enumerate(zip(value, rows, strict=True), 1)
            ]
            text = f"[{', '.join(filter(None, texts))}]"
        else:
            text = _JSON[kind](value)
            if column and text:
                row[column] = in_row(value, text) if (in_row := _IN_ROW.get(kind)) else str(value)
            if named:
                named(value, before + name, names)
        if text is not None:
            members.append(key + text)
    return f"{{{', '.join(members)}}}" if members else None


@cache
def plain_walk(model: type[Part]) -> Walk:
    """The walk through a model whose fields have no columns, and whose names nobody asks for."""
    return {name: (f'"{name.removesuffix("_")}": ', None, None) for name in model.model_fields}


def _of_list(values: Sequence[object]) -> str | None:
    texts = [
        text for value in values if value is not None and (text := _JSON[type(value)](value)) is not None
    ]
    return f"[{', '.join(texts)}]" if texts else None


def _of_others(value: object) -> str | None:
    plain = _of_any(value)
    return None if plain is None else on_one_line(plain)


_NOTHING = ()
_IN_ROW: dict[type, Callable[[Any, str], object]] = {
    int: lambda value, _: value,
    bool: lambda value, _: int(value),
    Decimal: lambda _, text: float(text),
    datetime: lambda _, text: text[1:-1],
    date: lambda _, text: text[1:-1],
    tuple: lambda _, text: safe_json(text),
}
"""By type, a value as a row holds it, by what it is and by its JSON; any other is a word."""
_OF_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str | None]], ...] = (
    (Part, _of_part),
    ((list, tuple), _of_list),
    (str, quoted),
)
_JSON = _JsonWriters(WRITERS)


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
    external_id: Text | None = None
    """Its name in the system it was imported from."""


Custom = Annotated[dict[str, Any] | None, Field(description="Free: any keys of your own.")]
"""Any keys of a pipeline's users; of them reports read a deal's `stage_entered` alone."""


Path = Sequence[str | int]


def annotation_at(model: type[Part], path: Path) -> Any | None:
    """The type of the field at a path (`next_contact.date`, `items.0.quantity`); None if there is none.

    `Any` below `custom`.
    """
    return _annotation_at(model, tuple(path))


@lru_cache(4096)  # asked again and again of each field that a mapping, an edit or a merge names
def _annotation_at(model: type[Part], path: tuple[str | int, ...]) -> Any | None:
    above = _annotation_at(model, path[:-1]) if path else model
    return above if not path or above is None or above is Any else _inside(above, path[-1])


def part_at(model: type[Part], path: Path) -> type[Part] | None:
    """The model of the part at a path; None if there is none."""
    return _part(annotation_at(model, path))


def keys_at(model: type[Part], path: Path) -> list[str]:
    """The keys of the map at a path in the model's order; empty for a free map."""
    part = part_at(model, path)
    return [field.alias or name for name, field in part.model_fields.items()] if part else []


def identity_at(model: type[Part], path: Path) -> tuple[str, ...] | None:
    """The keys that tell apart the elements of the list at a path; None for a list of no model."""
    part = part_at(model, (*path, 0))
    return part.identified_by if part else None


def _inside(annotation: Any, key: str | int) -> Any | None:
    if part := _part(annotation):
        fields = part.model_fields.items()
        return next(
            (field.rebuild_annotation() for name, field in fields if key == (field.alias or name)), None
        )
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
    if origin in (Union, UnionType):
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
InvoiceId = Annotated[str, _id("INV"), Names("invoice")]
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


class MasterRecord(Record):
    """A record that is named by a slug: customer, contact, price list."""

    id: Slug
    external_id: Text | None = None
    """Its name in the system it was imported from."""
