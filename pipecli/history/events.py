"""Two versions of a record, and what happened between them in words.

Pure, and for any two maps: old versions were written by hand or by other programs and may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from pipecli.history import things, words

if TYPE_CHECKING:
    from pipecli.records.base import Plain


OF_THE_RECORD = ("created", "removed", "file", "unreadable", "invalid")
"""What happens to a record as a whole."""


class Event(NamedTuple):
    """One thing that happened to a record."""

    field: str
    """Dotted, with the identity of what stands in a list: `stage`, `items.cafe-s-100.quantity`; or one of
    OF_THE_RECORD."""
    before: object
    after: object
    text: str


class Told(NamedTuple):
    """One version of a record."""

    noun: str
    key: str
    plain: Plain
    amount: Decimal | None = None
    """What it is worth, by hand or by its items."""

    @property
    def name(self) -> str:
        """`quotation QTN-7K3M9`; `settings`, of which there is one."""
        return self.key if self.noun == self.key else f"{self.noun.replace('-', ' ')} {self.key}"

    @property
    def currency(self) -> str:
        currency = self.plain.get("currency")
        return currency if isinstance(currency, str) else ""


def events(before: Told | None, after: Told | None) -> list[Event]:
    """What happened to a record between two versions; None: it was not there."""
    if after is None:
        return [Event("removed", _title(before), None, f"{before.name} removed")] if before else []
    if before is None:
        return [_creation(after)]
    return [*_amount(before, after), *_status(before, after), *_others(before, after)]


def fields(version: Told) -> list[Event]:
    """What a new record began with, field by field."""
    nothing = Told(version.noun, version.key, {})
    return [*_amount(nothing, version), *_others(nothing, version, apart=_APART - {"status"})]


_APART = frozenset({"amount", "status"})
"""What has words of its own."""
_ENDINGS = {"opportunity": ("closed",), "lead": ("converted", "disqualified")}
"""By noun, the maps that come and go with a status and are told with it."""


def _creation(version: Told) -> Event:
    title, stage, status = _title(version), version.plain.get("stage"), version.plain.get("status")
    amount = None if version.amount is None else f"{version.amount:,} {version.currency}"
    said = (title, stage and f"at {stage}", amount, status if status != _first_status(version) else None)
    about = ", ".join(str(each) for each in said if each)
    return Event("created", None, title, f"{version.name} created{f': {about}' if about else ''}")


def _title(version: Told) -> object:
    for name in ("title", "organization", "name"):
        title = version.plain.get(name)
        if isinstance(title, str) and (
            name != "title" or version.noun != "lead"
        ):  # a lead's is that of a job
            return title
    return None


def _amount(before: Told, after: Told) -> Iterator[Event]:
    """What it is worth, however that came about; nothing where nobody can tell."""
    old, new = _worth(before), _worth(after)
    was_by_hand, by_hand = (version.plain.get("amount") is not None for version in (before, after))
    if old == new and by_hand == was_by_hand:
        return
    if any(_worth(version) is None and version.plain.get("items") for version in (before, after)):
        return  # items that can't be added up: they are told
    text = words.change("amount", old, new, after.currency)
    if old == new:
        is_now = "fixed by hand at" if by_hand else "left to the items:"
        text = f"amount {is_now} {words.shown(new, 'amount', after.currency)}"
    elif by_hand != was_by_hand and old is not None and new is not None:
        text += " (by hand)" if by_hand else " (from the items)"
    yield Event("amount", old, new, text)


def _worth(version: Told) -> object:
    """The amount of a valid version; of another what stands there."""
    if version.amount is not None:
        return version.amount
    return words.exactly(version.plain.get("amount"), "amount", version.currency)


def _status(before: Told, after: Told) -> Iterator[Event]:
    old, new = (version.plain.get("status") or _first_status(version) for version in (before, after))
    if old == new:
        return
    if after.noun in ("quotation", "order", "supplier-quotation"):
        text = f"{after.name} {new}"
    else:
        text = words.change("status", old, new, "")
    endings = [after.plain.get(name) for name in _ended(before, after)]
    said = "; ".join(things.ending(each, after.currency) for each in endings if isinstance(each, Mapping))
    yield Event("status", old, new, f"{text} ({said})" if said else text)


def _first_status(version: Told) -> str | None:
    """What an absent status means."""
    return {"opportunity": "open", "lead": "new", "quotation": "draft", "order": "open"}.get(version.noun)


def _ended(before: Told, after: Told) -> list[str]:
    """The maps that came or went with a change of status."""
    names = _ENDINGS.get(after.noun, ())
    return [name for name in names if bool(before.plain.get(name)) != bool(after.plain.get(name))]


def _others(before: Told, after: Told, apart: frozenset[str] = _APART) -> Iterator[Event]:
    told = apart | set(_ended(before, after)) if "status" in apart else apart
    for key in [*before.plain, *(key for key in after.plain if key not in before.plain)]:
        if key not in told:
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
        exact_old, exact_new = (words.exactly_all(value, field, currency) for value in (old, new))
        yield Event(field, exact_old, exact_new, words.change(field, old, new, currency))


def _in_list(field: str, before: Sequence[object], after: Sequence[object], currency: str) -> Iterator[Event]:
    each = [*before, *after]
    old, new = (words.exactly_all(list(values), field, currency) for values in (before, after))
    if all(isinstance(value, Mapping) for value in each):
        yield from _of_things(field, before, after, currency)  # type: ignore[arg-type]
    elif any(isinstance(value, (Mapping, list)) for value in each):
        yield Event(field, old, new, f"{field} changed")
    else:
        yield Event(field, old, new, things.plain_list(field, before, after))


def _of_things(
    field: str, before: Sequence[Mapping[str, object]], after: Sequence[Mapping[str, object]], currency: str
) -> Iterator[Event]:
    """Items, activities, contacts, stages: each is known by what identifies it, not by its place."""
    old, new = things.by_identity(before), things.by_identity(after)
    one = things.one(field)
    changed = False
    for identity, thing in old.items():
        if identity not in new:
            changed = True
            about = things.described(field, thing, currency)
            exact = words.exactly_all(thing, field, currency)
            yield Event(f"{field}.{identity}", exact, None, f"{one} removed: {about}")
    for identity, thing in new.items():
        place = f"{field}.{identity}"
        if identity not in old:
            changed = True
            about = things.described(field, thing, currency)
            exact = words.exactly_all(thing, field, currency)
            yield Event(place, None, exact, f"{one} added: {about}{things.planned(field, thing)}")
            continue
        for event in _differences(place, old[identity], thing, currency):
            changed = True
            leaf = event.field.removeprefix(f"{place}.")
            if leaf == "done" and event.after is True:
                yield event._replace(text=f"{one} done: {things.described(field, thing, currency)}")
            else:
                said = event.text.removeprefix(f"{place}.")
                yield event._replace(text=f"{one} {things.name(thing, identity)}: {said}")
    if not changed:
        yield Event(field, list(old), list(new), f"{field} reordered")
