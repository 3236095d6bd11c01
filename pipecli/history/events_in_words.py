"""Two versions of a record, and the events between them in words.

Pure, and for any two maps: old versions were written by hand or by other programs and may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from pipecli.records import kinds
from pipecli.records.kinds import BY_NOUN, CLOSED_LISTS, SUPPLIER_QUOTATION, closed_in_lists, closed_list
from pipecli.records.money import is_money, minor_digits
from pipecli.wording import shortened

if TYPE_CHECKING:
    from pipecli.records.base import Plain

_LONGEST = 60
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}).*")


def change_in_words(field: str, before: object, after: object, currency: str) -> str:
    """`stage: qualify → demo`, `owner set to ana`, `owner cleared (was ana)`, `notes changed`."""
    old, new = (value_in_words(value, field, currency) for value in (before, after))
    if after is None:
        return f"{field} cleared (was {old})" if old else f"{field} cleared"
    if before is None:
        return f"{field} set to {new}" if new else f"{field} written"
    return f"{field}: {old} → {new}" if old and new else f"{field} changed"


def value_in_words(value: object, field: str, currency: str) -> str:
    """A value on one line; empty for a text that is too long to stand in one, and for lists and maps."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Decimal)):
        exact = exactly(value, field, currency)
        return f"{exact:,}" if is_money(field) and isinstance(exact, Decimal) else f"{exact}"
    if not isinstance(value, str) or "\n" in value or len(value) > _LONGEST:
        return ""
    moment = _MOMENT.fullmatch(value)
    return f"{moment[1]} {moment[2]}" if moment else value


def exactly(value: object, field: str, currency: str) -> object:
    """A value as JSON gives it: a number with the digits of its currency, not with those of a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return value
    try:
        exact = Decimal(str(value))
        digits = minor_digits(currency)
        if is_money(field) and exact == round(exact, digits):
            return round(exact, digits)
    except InvalidOperation:  # infinite, or with more digits than any money
        return str(value)
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < 1e15 else exact


def exactly_all(value: object, field: str, currency: str) -> object:
    """A value with all that stands in it, as `exactly` gives a number."""
    if isinstance(value, Mapping):
        return {key: exactly_all(part, f"{field}.{key}", currency) for key, part in value.items()}
    if isinstance(value, list):
        return [exactly_all(part, field, currency) for part in value]
    return exactly(value, field, currency)


def quoted(thing: Mapping[str, object], key: str) -> str:
    """A text of a map between quotation marks, cut where it is long; empty where it has none."""
    text = thing.get(key)
    if not isinstance(text, str):
        return ""
    return f'"{shortened(text, _LONGEST)}"'


def joined(*words: object) -> str:
    """The words that are not empty, with a blank between."""
    return " ".join(str(word) for word in words if word not in (None, ""))


Thing = Mapping[str, object]

_ONE = {
    "activities": "activity",
    "items": "item",
    "contacts": "contact",
    "stages": "stage",
    "assignment_rules": "assignment rule",
}


def member_word(field: str) -> str:
    """The word for one member of a list."""
    return _ONE.get(field.rpartition(".")[2], field)


def by_identity(things: Sequence[Thing]) -> dict[str, Thing]:
    """The members of a list by what names each: id, contact or product, else words; twins are numbered."""
    named_things: dict[str, Thing] = {}
    numbers: dict[str, int] = {}
    for place, thing in enumerate(things):
        named = (thing.get(key) for key in kinds.IDENTIFYING)
        identity = next((name for name in named if isinstance(name, str) and name), str(place + 1))
        unique, number = identity, numbers.get(identity, 2)
        while unique in named_things:
            unique, number = f"{identity}#{number}", number + 1
        numbers[identity] = number
        named_things[unique] = thing
    return named_things


def member_name(thing: Thing, identity: str) -> str:
    """The name of a list's member in a person's words."""
    return quoted(thing, "subject") or value_in_words(thing.get("description"), "description", "") or identity


def described(field: str, thing: Thing, currency: str) -> str:
    """`call out "Intro call"`, `2 × Café S-100 at 2,499.00`, `maria-lopez (decision-maker, primary)`."""
    match field.rpartition(".")[2]:
        case "activities":
            return joined(thing.get("type"), thing.get("direction"), quoted(thing, "subject"))
        case "items":
            return _item(thing, currency)
        case "contacts":
            parts = [str(thing["role"])] if thing.get("role") else []
            role = ", ".join([*parts, *(["primary"] if thing.get("primary") is True else [])])
            return joined(thing.get("contact"), f"({role})" if role else "")
    return next(iter(by_identity([thing])))


def _item(thing: Thing, currency: str) -> str:
    what = value_in_words(thing.get("description"), "description", "") or thing.get("product")
    price, discount, off = (thing.get(key) for key in ("unit_price", "discount", "discount_amount"))
    option = thing.get("alternative_to")
    return joined(
        value_in_words(thing.get("quantity", 1), "quantity", ""), "×", what,
        f"at {value_in_words(price, 'unit_price', currency)}" if price is not None else "",
        f"a {thing['per']} for {thing.get('term')}" if isinstance(thing.get("per"), str) else "",
        f"less {value_in_words(discount, 'discount', '')} %" if discount else "",
        f"less {value_in_words(off, 'discount_amount', currency)}" if off else "",
        f"(instead of {value_in_words(option, 'alternative_to', '')})" if option else "",
        "(optional)" if thing.get("optional") is True else "",
    )  # fmt: skip


def planned(field: str, thing: Thing) -> str:
    """` planned for 2026-11-30 10:00` of an activity that is not done; else nothing."""
    is_open = field == "activities" and thing.get("done") is not True
    return (
        f", planned for {value_in_words(thing['at'], 'at', '')}"
        if is_open and isinstance(thing.get("at"), str)
        else ""
    )


def plain_list(field: str, before: Sequence[object], after: Sequence[object]) -> str:
    """`tags: added vip; removed old`, `step done: Budget agreed`."""
    old, new = set(before), set(after)
    added = ", ".join(str(value) for value in after if value not in old)
    removed = ", ".join(str(value) for value in before if value not in new)
    if field == "steps_done":
        changes = [
            *([f"step done: {added}"] if added else []),
            *([f"step undone: {removed}"] if removed else []),
        ]
        return "; ".join(changes) or "steps_done reordered"
    changes = [*([f"added {added}"] if added else []), *([f"removed {removed}"] if removed else [])]
    return f"{field}: {'; '.join(changes)}" if changes else f"{field} reordered"


def ending(thing: Thing, currency: str) -> str:
    """The end of a deal or a lead: `4,998.00 on 2026-11-21, quotation QTN-7K3M9`, `competitor acme`."""
    amount = thing.get("amount")
    first = joined(
        value_in_words(amount, "amount", currency) if amount is not None else "",
        *(
            ", ".join(value_in_words(value, key, "") for value in closed_list(thing, key))
            for key in CLOSED_LISTS.values()
        ),
        f"on {thing['date']}" if thing.get("date") else "",
    )  # fmt: skip
    links = [
        f"{noun} {thing[noun]}"
        for noun in ("quotation", "customer", "contact")
        if isinstance(thing.get(noun), str)
    ]
    return ", ".join([first, *links, *([quoted(thing, "detail")] if thing.get("detail") else [])])


OF_THE_RECORD = ("created", "removed", "file", "unreadable", "invalid")
"""The events of a record as a whole."""


class Event(NamedTuple):
    """One thing that happened to a record."""

    field: str
    """Dotted, with the identity of what stands in a list: `stage`, `items.cafe-s-100.quantity`; or one of
    OF_THE_RECORD."""
    before: object
    after: object
    text: str


class RecordVersion(NamedTuple):
    """One version of a record."""

    noun: str
    key: str
    plain: Plain
    amount: Decimal | None = None
    """Its worth, by hand or by its items."""

    @property
    def name(self) -> str:
        """`quotation QTN-7K3M9`; `settings`, of which there is one."""
        return self.key if self.noun == self.key else f"{self.noun.replace('-', ' ')} {self.key}"

    @property
    def currency(self) -> str:
        currency = self.plain.get("currency")
        return currency if isinstance(currency, str) else ""


def events_between(before: RecordVersion | None, after: RecordVersion | None) -> list[Event]:
    """The events between two versions of a record; None: it was not there."""
    before, after = before and _in_todays_keys(before), after and _in_todays_keys(after)
    if after is None:
        return [Event("removed", title_of(before), None, f"{before.name} removed")] if before else []
    if before is None:
        return [_creation(after)]
    return [*_amount(before, after), *_status(before, after), *_others(before, after)]


def first_fields(version: RecordVersion) -> list[Event]:
    """The fields with which a new record began."""
    nothing = RecordVersion(version.noun, version.key, {})
    return [*_amount(nothing, version), *_others(nothing, version, apart=_APART - {"status"})]


def _in_todays_keys(version: RecordVersion) -> RecordVersion:
    """A version with the keys of today: writing `reason: price` as a list isn't an event."""
    closed = version.plain.get("closed")
    if version.noun != "opportunity" or not isinstance(closed, Mapping):
        return version
    return version._replace(plain={**version.plain, "closed": closed_in_lists(closed)})


_APART = frozenset({"amount", "status"})
"""The fields that have words of their own."""
_ENDINGS = {"opportunity": ("closed",), "lead": ("converted", "disqualified")}
"""By noun, the maps that come and go with a status and are told with it."""


def _creation(version: RecordVersion) -> Event:
    title, stage, status = title_of(version), version.plain.get("stage"), version.plain.get("status")
    amount = None if version.amount is None else f"{version.amount:,} {version.currency}"
    # A request to a supplier has no title, so its status says what it is.
    says_status = status != _first_status(version) or version.noun == SUPPLIER_QUOTATION.noun
    parts = (title, stage and f"at {stage}", amount, status if says_status else None)
    about = ", ".join(str(part) for part in parts if part)
    return Event("created", None, title, f"{version.name} created{f': {about}' if about else ''}")


def title_of(version: RecordVersion) -> str | None:
    """The name that people call a record by in this version; None where it has none of its own."""
    for name in ("title", "organization", "name"):
        title = version.plain.get(name)
        is_of_a_job = name == "title" and version.noun == "lead"
        if isinstance(title, str) and not is_of_a_job:
            return title
    return None


def _amount(before: RecordVersion, after: RecordVersion) -> Iterator[Event]:
    """A change of the worth, by hand or by the items; none where it can't be told."""
    old, new = _worth(before), _worth(after)
    was_by_hand, by_hand = (version.plain.get("amount") is not None for version in (before, after))
    if old == new and by_hand == was_by_hand:
        return
    if any(_worth(version) is None and version.plain.get("items") for version in (before, after)):
        return  # items that can't be added up: they are told
    text = change_in_words("amount", old, new, after.currency)
    if old == new:
        is_now = "fixed by hand at" if by_hand else "left to the items:"
        text = f"amount {is_now} {value_in_words(new, 'amount', after.currency)}"
    elif by_hand != was_by_hand and old is not None and new is not None:
        text += " (by hand)" if by_hand else " (from the items)"
    yield Event("amount", old, new, text)


def _worth(version: RecordVersion) -> object:
    """The amount of a valid version; of another what stands there."""
    if version.amount is not None:
        return version.amount
    return exactly(version.plain.get("amount"), "amount", version.currency)


def _status(before: RecordVersion, after: RecordVersion) -> Iterator[Event]:
    old, new = (version.plain.get("status") or _first_status(version) for version in (before, after))
    if old == new:
        return
    if after.noun in ("quotation", "order", "invoice", "supplier-quotation"):
        text = f"{after.name} {new}"
    else:
        text = change_in_words("status", old, new, "")
    endings = [after.plain.get(name) for name in _ended(before, after)]
    words = "; ".join(ending(closing, after.currency) for closing in endings if isinstance(closing, Mapping))
    yield Event("status", old, new, f"{text} ({words})" if words else text)


def _first_status(version: RecordVersion) -> str | None:
    """The status of a record whose file names none."""
    kind = BY_NOUN.get(version.noun)
    return kind.first_status if kind else None


def _ended(before: RecordVersion, after: RecordVersion) -> list[str]:
    """The maps that came or went with a change of status."""
    names = _ENDINGS.get(after.noun, ())
    return [name for name in names if bool(before.plain.get(name)) != bool(after.plain.get(name))]


def _others(before: RecordVersion, after: RecordVersion, apart: frozenset[str] = _APART) -> Iterator[Event]:
    skipped = apart | set(_ended(before, after)) if "status" in apart else apart
    for key in [*before.plain, *(key for key in after.plain if key not in before.plain)]:
        if key not in skipped:
            yield from _differences(key, before.plain.get(key), after.plain.get(key), after.currency)


def _differences(field: str, before: object, after: object, currency: str) -> Iterator[Event]:
    old, new = (None if value in ([], {}) else value for value in (before, after))
    if old == new:
        return
    if isinstance(old or new, dict) and isinstance(new or old, dict):
        inner_old, inner_new = old or {}, new or {}
        assert isinstance(inner_old, dict) and isinstance(inner_new, dict)
        for key in [*inner_old, *(key for key in inner_new if key not in inner_old)]:
            yield from _differences(f"{field}.{key}", inner_old.get(key), inner_new.get(key), currency)
    elif isinstance(old or new, list) and isinstance(new or old, list):
        yield from _in_list(field, old or [], new or [], currency)  # type: ignore[arg-type]
    else:
        exact_old, exact_new = (exactly_all(value, field, currency) for value in (old, new))
        yield Event(field, exact_old, exact_new, change_in_words(field, old, new, currency))


def _in_list(field: str, before: Sequence[object], after: Sequence[object], currency: str) -> Iterator[Event]:
    members = [*before, *after]
    if all(isinstance(value, Mapping) for value in members):
        yield from _of_things(field, before, after, currency)  # type: ignore[arg-type]
        return
    old, new = (exactly_all(list(values), field, currency) for values in (before, after))
    if any(isinstance(value, (Mapping, list)) for value in members):
        yield Event(field, old, new, f"{field} changed")
    else:
        yield Event(field, old, new, plain_list(field, before, after))


def _of_things(
    field: str, before: Sequence[Mapping[str, object]], after: Sequence[Mapping[str, object]], currency: str
) -> Iterator[Event]:
    """Items, activities, contacts, stages: each is known by what identifies it, not by its place."""
    old, new = by_identity(before), by_identity(after)
    one = member_word(field)
    changed = False
    for identity, thing in old.items():
        if identity not in new:
            changed = True
            text = f"{one} removed: {described(field, thing, currency)}"
            yield Event(f"{field}.{identity}", exactly_all(thing, field, currency), None, text)
    for identity, thing in new.items():
        place = f"{field}.{identity}"
        if identity not in old:
            changed = True
            text = f"{one} added: {described(field, thing, currency)}{planned(field, thing)}"
            yield Event(place, None, exactly_all(thing, field, currency), text)
            continue
        for event in _differences(place, old[identity], thing, currency):
            changed = True
            leaf = event.field.removeprefix(f"{place}.")
            if leaf == "done" and event.after is True:
                yield event._replace(text=f"{one} done: {described(field, thing, currency)}")
            else:
                words = event.text.removeprefix(f"{place}.")
                yield event._replace(text=f"{one} {member_name(thing, identity)}: {words}")
    if not changed:
        yield Event(field, list(old), list(new), f"{field} reordered")
