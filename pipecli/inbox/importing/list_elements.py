"""The placing of values in a record, and elements of lists as rows tell them: an item, a contact of a deal.

A row's element is found in the record by what tells it from its neighbours, and is added where none is it;
it never takes the place of another.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property, reduce
from itertools import pairwise
from typing import Any

from pipecli.errors import Unreadable
from pipecli.inbox.importing.bindings import Bindings, written
from pipecli.inbox.importing.cells import Path
from pipecli.inbox.importing.table import Row
from pipecli.records.base import Part, Plain, identity_at
from pipecli.records.kinds import Kind
from pipecli.records.money import EXACT, percentage, rounded
from pipecli.records.written_amounts import plain_digits
from pipecli.store.ids_and_files import id_derived_from

Element = dict[Path, object]
"""The values of an element by their paths within it."""


def element_place(path: Path) -> tuple[str, int] | None:
    """The list and the place in it of a field of an element; None for any other field."""
    if len(path) > 2 and isinstance(path[0], str) and isinstance(path[1], int):
        return path[0], path[1]
    return None


def elements_in(values: Mapping[Path, object]) -> dict[str, dict[int, Element]]:
    """The elements of values, by list and place."""
    lists: dict[str, dict[int, Element]] = {}
    for path, value in values.items():
        if len(path) > 2 and (place := element_place(path)):
            lists.setdefault(place[0], {}).setdefault(place[1], {})[path[2:]] = value
    return lists


def without_elements(values: Mapping[Path, Any], lists: Container[str]) -> dict[Path, Any]:
    """The values that are not in the elements of these lists."""
    return {path: value for path, value in values.items() if len(path) < 3 or path[0] not in lists}


def put_value(plain: Plain, path: Path, value: object) -> None:
    """Set the value at a path of a record, with the maps and list elements that lead to it."""
    here: Any = plain
    for part, following in pairwise(path):
        if not isinstance(inner := _at(here, part), (dict, list)):
            _put(here, part, inner := [] if isinstance(following, int) else {})
        here = inner
    _put(here, path[-1], value)


def _put(here: Any, part: str | int, value: object) -> None:
    if isinstance(part, int):
        here += [{} for _ in range(part + 1 - len(here))]
    here[part] = value


def put_values(plain: Plain, values: Mapping[Path, Any]) -> None:
    """Set the values of a record; in a list with numbered columns several in one place become one each."""
    for path, value in values.items():
        if len(path) == 1:  # at once: a call less for most
            plain[path[0]] = value
        else:
            put_value(plain, path, value)
    for name in {path[0] for path in values if len(path) == 2 and isinstance(path[1], int)}:
        lists = (member if isinstance(member, list) else [member] for member in plain[name])
        parts = [part for list_ in lists for part in list_]
        plain[name] = [part for place, part in enumerate(parts) if part not in parts[:place]]


def value_at(plain: Plain, path: Path) -> object:
    """The value at a path of a record; None for none."""
    return reduce(_at, path, plain)


def clear_value(plain: Plain, path: Path) -> None:
    """Remove the value at a path of a record, if there is one."""
    here: Any = value_at(plain, path[:-1])
    if isinstance(path[-1], int):
        if _at(here, path[-1]) is not None:
            here[path[-1]] = {}
    elif isinstance(here, dict):
        here.pop(path[-1], None)


def _at(here: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return here[part] if isinstance(here, list) and part < len(here) else None
    return here.get(part) if isinstance(here, dict) else None


_NAMES = "external_id", "description", "product", "unit_price"
"""What a line is called by, the first for the program and the last but one, if there is any, for people."""
DISCOUNT_LINES = "discount_lines"
"""Below `custom`: the lines below zero that are the discount of the whole, by their names."""
FURTHER_CONTACTS = "further contacts that aren't here"


def drop_unknown_people(values: Element, key_of: Callable[[object], object]) -> int:
    """Leave out further contacts of a deal whom `key_of` doesn't know, counted, and those told before.

    Raises Unreadable where it is the first.
    """
    known: set[object] = set()
    unknown = 0
    paths = [path for path in values if path[0] == "contacts" and path[2:] == ("contact",)]
    for path in paths if paths != [("contacts", 0, "contact")] else ():
        try:
            key = key_of(values[path])
        except Unreadable:
            if path[1] == 0:
                raise
            unknown, key = unknown + 1, None
        if key is None or key in known:
            del values[path]
        known.add(key)
    return unknown


def element_name(model: type[Part], list_: str, element: Element) -> tuple[object, ...] | None:
    """The field and value that tell an element of a row from its neighbours; None where nothing does."""
    for key in _telling_keys(model, list_):
        if (key,) in element:
            return key, written(element[key,])
    if list_ == "activities":
        return "content", _content({path[0]: value for path, value in element.items()})
    return None


@cache
def _telling_keys(model: type[Part], list_: str) -> tuple[str, ...]:
    return "external_id", *(identity_at(model, (list_,)) or ())


def _content(activity: Mapping[str, object]) -> str:
    """The text an activity is known by, where nothing names it; its id is derived from it."""
    named = {**activity, "subject": activity.get("subject") or _subject(activity)}
    return "\n".join(written(named.get(key)) for key in ("type", "at", "subject"))


def _subject(activity: Mapping[str, object]) -> str:
    """The subject of an activity that has none: the first line of its notes, or its type."""
    return str(activity.get("notes") or activity.get("type")).strip().split("\n")[0][:80]


def joined_rows(
    values: dict[Path, object], more: Mapping[Path, object], collection: Kind, rows: str | None
) -> dict[Path, object]:
    """The values of another row about the same record, its elements where they stand among those of `values`.

    Raises Unreadable for a line that is told twice, and may be one line or two.
    """
    placed = {path: value for path, value in more.items() if element_place(path) is None}
    known, said = elements_in(values), [*values.values()]
    for list_, elements in elements_in(more).items():
        own = known.setdefault(list_, {})
        for element in elements.values():
            place = _place_of(element, own, collection.model, list_, is_row=rows == list_)
            if place is None:
                place = max(own, default=-1) + 1
            elif list_ == "items" and rows != list_ and all(value in said for value in more.values()):
                raise Unreadable(
                    "items: the same line again, which may be a second line or the same one: "
                    "say rows: items in the mapping if each row is a line"
                )
            own[place] = own.get(place, {}) | element
            placed |= {(list_, place, *path): value for path, value in element.items()}
    return placed


def _place_of(
    element: Element, known: Mapping[int, Element], model: type[Part], list_: str, *, is_row: bool
) -> int | None:
    """The place of the element that this one is; of items one with other values is another line."""
    name = element_name(model, list_, element)
    if is_row and (name is None or name[0] != "external_id"):
        return None
    for place, other in known.items():
        if name is None or element_name(model, list_, other) != name:
            continue
        agrees = all(other.get(path, value) == value for path, value in element.items())
        if agrees or list_ != "items" or name[0] == "external_id":
            return place
    return None


def discount_lines(custom: object) -> dict[str, dict[str, Any]]:
    """The lines below zero among the custom fields of a record; none where the field is a person's own."""
    lines: Any = custom.get(DISCOUNT_LINES) if isinstance(custom, dict) else None
    ours = isinstance(lines, dict) and all(
        isinstance(line, dict)
        and type(line.get("amount")) in (int, float, Decimal)
        and isinstance(line.get("line"), str)
        for line in lines.values()
    )
    return lines if ours else {}


BELOW_ZERO = "lines below zero, taken as a discount of the whole"
NO_QUANTITY = "lines of quantity 0, left out"
_SUM = frozenset([("unit_price",), ("quantity",), ("discount",)])
"""The fields by which a line may be of less than zero, or of nothing."""


@dataclass
class Placing:
    """Puts the elements of rows into one list of a record.

    Where an import made the record, the only element of a row is in the place of the file's only one.
    """

    collection: Kind
    bindings: Bindings
    list_: str
    said: Callable[[], Plain | None]
    """The record as the file last said it; None where no import made it."""
    row: Row
    """The example of what is counted."""
    elements: Mapping[int, Element] = field(default_factory=dict)
    members: list[Any] = field(default_factory=list)
    free: dict[int, Any] = field(default_factory=dict)
    """The members that no element is."""

    def put(self, plain: Plain, constants: Mapping[Path, object], owned: Set[Path]) -> None:
        """Put resolved elements into a record; `constants` are for new ones, what is `owned` is cleared."""
        self.members = members = plain.setdefault(self.list_, [])
        if self.list_ == "items" and "discount_amount" in self.collection.model.model_fields:
            self.elements = self._without_discounts(plain, self.elements)
        self.free = dict(enumerate(members))
        ordered = sorted(self.elements.items())
        places = {place: self._match({**constants, **element}, self.free) for place, element in ordered}
        former = self._former() if self.free and None not in places.values() else None
        for place, element in ordered:
            index = places[place]
            if index is None:
                index = self._room(element)
            if index is None:
                index = len(members)
                members.append({})
            member = members[index]
            is_new = not member
            self.free.pop(index, None)
            if self.list_ == "items":
                _forget_other_product(member, element.get(("product",)))
            for path, value in constants.items():
                if is_new or path in owned:
                    element.setdefault(path, value)
            for path in owned:
                if path not in element:
                    clear_value(member, path)
            for path, value in element.items():
                put_value(member, path, value)
        members[:] = [member for member in members if member is not former]

    def _without_discounts(self, plain: Plain, elements: Mapping[int, Element]) -> Mapping[int, Element]:
        """The lines that are sold; one below zero is a discount of the whole, one of quantity 0 nothing.

        No line of a record has a negative price: EN 16931 forbids it in an invoice. Raises Unreadable.
        """
        sold: dict[int, Element] = {}
        rates = {line.get("tax") for line in plain["items"]}
        below: dict[str, dict[str, Any]] = {}
        for place, element in elements.items():
            if _SUM.isdisjoint(element):  # most deals: its price is that of a list
                sold[place] = element
                rates.add(element.get(("tax",)))
                continue
            price, quantity, off = (
                Decimal(str(element.get((key,), default)))
                for key, default in (("unit_price", 0), ("quantity", 1), ("discount", 0))
            )
            worth = percentage(EXACT.multiply(price, quantity), 100 - off)
            if worth < 0 and ("discount_amount",) not in element:
                self.bindings.tallies.count("noted", BELOW_ZERO, self.row)
                names = [written(value) for key in _NAMES if (value := element.get((key,))) is not None]
                known = below.setdefault(names[0], {"amount": Decimal(0), "line": names[-2:][0]})
                known["amount"] -= rounded(worth, plain.get("currency", ""))
                rates.add(element.get(("tax",)))
            elif quantity == 0:
                self.bindings.tallies.count("noted", NO_QUANTITY, self.row)
            else:
                sold[place] = element
                rates.add(element.get(("tax",)))
        if below:
            self._take_off(plain, below, has_rates=len(rates) > 1)
        return sold

    def _take_off(self, plain: Plain, below: Mapping[str, dict[str, Any]], *, has_rates: bool) -> None:
        """Take lines below zero off the whole record, beside those of earlier files."""
        custom = plain.get("custom") or {}
        known = discount_lines(custom)
        other = plain.get("discount") or (plain.get("discount_amount") and not known)
        taken = custom.get(DISCOUNT_LINES) and not known
        if other or has_rates or taken:
            why = "its lines have several rates of tax"
            if other:
                why = f"the {self.collection.noun} has a discount"
            elif taken:
                why = f"custom.{DISCOUNT_LINES}, where its words go, holds something else: rename that"
            names = ", ".join(f"{line['line']} of -{line['amount']:f}" for line in below.values())
            raise Unreadable(f"items: {names} would be a discount of the whole, and {why}")
        lines = {**known, **below}
        plain["custom"] = {**custom, DISCOUNT_LINES: lines}
        plain["discount_amount"] = sum(Decimal(str(line["amount"])) for line in lines.values())

    def _match(self, element: Element, free: dict[int, Any]) -> int | None:
        """The member of a record that an element is; the most alike of those that share its name."""
        if not free:
            return None
        name = self._name(element)
        same = [place for place, member in free.items() if self._is(element, member, name)]
        if not same:
            return None
        own = [(path[0], value) for path, value in element.items() if len(path) == 1]
        best = max(same, key=lambda place: sum(free[place].get(key) == value for key, value in own))
        free.pop(best)
        return best

    def _name(self, element: Element) -> tuple[object, ...] | None:
        return element_name(self.collection.model, self.list_, element)

    def _is(self, element: Element, member: Any, name: tuple[object, ...] | None) -> bool:
        if name is None or not isinstance(member, dict):
            return False
        if name[0] == "content":  # its id stays what people change of it
            return _content(member) == name[1] or member.get("id") == id_derived_from(str(name[1]), ())
        if name[0] != "external_id":
            return member.get(name[0]) is not None and written(member[name[0]]) == name[1]
        if member.get("external_id") is not None:
            return plain_digits(written(member["external_id"])) == plain_digits(str(name[1]))
        bare = {path: value for path, value in element.items() if path != ("external_id",)}
        return self._is(bare, member, self._name(bare))

    def _former(self) -> Any:
        """The file's only one so far, where it now has none, or names another that people had added."""
        if self.list_ in ("items", self.bindings.rows) or len(self.elements) > 1 or self._told is None:
            return None
        names = [(element, self._name(element)) for element in self.elements.values()]
        is_said = any(self._is(element, one, name) for element, name in names for one in self._told)
        several = [member for member in self.free.values() if member in self._told and not is_said]
        return several[0] if len(several) == 1 else None

    @cached_property
    def _told(self) -> list[Any] | None:
        """The list as the file last said it; None where no import made the record."""
        said = self.said()
        return None if said is None else said.get(self.list_, [])

    def _room(self, element: Element) -> int | None:
        """The member that an unknown element is in the place of; None where it is one more."""
        list_, members = self.list_, self.members
        if self.bindings.rows == list_ or not members:
            return None
        was_imported = len(self.elements) == 1 and self._told is not None
        told = (self._told or []) if was_imported else []
        name = self._name(element)
        if out := next((one for one in told if self._is(element, one, name)), None):
            members.append({**out})  # people took it out
            return len(members) - 1
        if len(told) > 1 and list_ != "items":  # one that people changed has stayed beside the file's next
            told = [one for one in told if one in self.free.values()]
        if len(told) == 1:
            words = {(key,): value for key, value in told[0].items()}
            if (place := self._match(words, dict(self.free))) is not None:
                if list_ != "items":  # what people wrote of somebody isn't true of the next
                    members[place] = {}
                return place  # what people added beside it stays: three_way
        if list_ != "items" or (was_imported and len(members) == len(self.free) == 1):
            return None
        known = ", ".join(str(member.get("product") or member.get("description")) for member in members)
        new = element.get(("product",), element.get(("description",)))
        raise Unreadable(
            f"items: {new} isn't a line of this {self.collection.noun} ({known}): it may be one more, or "
            "stand for one of them; say rows: items in the mapping if each row is a line"
        )


def _forget_other_product(member: dict[str, Any], product: object) -> None:
    """Take the price and description of an item away with the product they were of."""
    if product is not None and member.get("product") not in (None, product):
        for key in ("description", "unit_price", "external_id"):
            member.pop(key, None)


def forget_other_products(plain: Plain, values: Mapping[Path, Any]) -> None:
    """Take away what was of the products that the items of a record no longer have."""
    for place, item in enumerate(plain.get("items", ())):
        _forget_other_product(item, values.get(("items", place, "product")))


def complete_activities(activities: list[Any]) -> None:
    """Give new activities a subject, and an id made of their name in the other system: in every clone one."""
    taken = {activity.get("id") for activity in activities}
    for activity in activities:
        if "subject" not in activity and "type" in activity:
            activity["subject"] = _subject(activity)
        if activity.get("id"):
            continue
        activity["id"] = id_derived_from(activity.get("external_id") or _content(activity), taken)
        taken.add(activity["id"])
