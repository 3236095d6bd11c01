"""Three versions of a record become one, field by field: maps key by key, lists by what tells elements apart.

Nothing here depends on which version is ours and which is theirs, so that both clones come to one order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import count, takewhile
from typing import Any, Literal, NamedTuple, TypeVar

from pipecli.records import kinds
from pipecli.records.base import Part, Plain, identity_at, keys_at, part_at
from pipecli.records.kinds import OPPORTUNITY, Kind
from pipecli.store.yaml.write import is_list, is_nothing, meaning, same

Thing = Mapping[str, Any]
H = TypeVar("H", bound=Hashable)


class Member(NamedTuple):
    """One member of a list in each version that has it; `name` tells it from the others."""

    name: str
    base: object | None
    ours: object | None
    theirs: object | None


class Members(NamedTuple):
    """The members of three lists, and the order of each list as positions in `all`."""

    all: list[Member]
    base: list[int]
    ours: list[int]
    theirs: list[int]


def names_at(model: type[Part], path: Sequence[str], *versions: Sequence[object]) -> tuple[str, ...]:
    """The fields that name a thing of the list at a path; empty where nothing does."""
    names = identity_at(model, path)
    return _free_identity(*versions) if names is None else names


def _free_identity(*versions: Sequence[object]) -> tuple[str, ...]:
    """The field that names the maps of a free list: one that all have and no two share; else empty."""
    things = [[member for member in version if isinstance(member, Mapping)] for version in versions]
    for name in kinds.IDENTIFYING:
        keys = [[_text(thing.get(name)) for thing in version] for version in things]
        if all(all(key) and len({*key}) == len(key) for key in keys):
            return (name,)
    return ()


def members(
    base: Sequence[object],
    ours: Sequence[object],
    theirs: Sequence[object],
    names: tuple[str, ...],
    *,
    by_external_id: bool = False,
) -> Members:
    """The members of three lists, matched. Twins (a product on two lines) match if equal, then in order."""

    def name(member: object) -> str:
        return name_of(member, names)

    def whole(member: object) -> tuple[str, str]:
        return name(member), repr(meaning(member))

    keys = (whole, _external_id, name) if by_external_id else (whole, name)
    in_ours, in_theirs = _paired(base, ours, keys), _paired(base, theirs, keys)
    new_ours, new_theirs = _unpaired(ours, in_ours), _unpaired(theirs, in_theirs)
    fresh = count(len(base))
    places_of_new_ours = [next(fresh) for _ in new_ours]
    places_of_new_theirs = [
        next(fresh) if pair is None else places_of_new_ours[pair]  # both sides added it
        for pair in _paired(new_ours, new_theirs, keys)
    ]
    order_of_ours, order_of_theirs = (
        [next(new) if pair is None else pair for pair in pairs]
        for pairs, new in ((in_ours, iter(places_of_new_ours)), (in_theirs, iter(places_of_new_theirs)))
    )
    orders = (list(range(len(base))), order_of_ours, order_of_theirs)
    versions: list[list[Any]] = [[None, None, None] for _ in range(next(fresh))]
    for side, (version, order) in enumerate(zip((base, ours, theirs), orders, strict=True)):
        for place, member in zip(order, version, strict=True):
            versions[place][side] = member
    first = [next(value for value in member if value is not None) for member in versions]
    named = zip(numbered(first, names), versions, strict=True)
    return Members([Member(name, *member) for name, member in named], *orders)


def _unpaired(version: Sequence[object], pairs: Sequence[int | None]) -> list[object]:
    return [member for member, pair in zip(version, pairs, strict=True) if pair is None]


def name_of(member: object, names: tuple[str, ...]) -> str:
    """The name that tells a member from its neighbours: of a plain value the value."""
    if isinstance(member, Mapping):
        texts = (_text(member.get(name)) for name in names)
        return next((text for text in texts if text), "") or repr(meaning(member))
    return _text(member)


def numbered(list_: Sequence[object], names: tuple[str, ...]) -> list[str]:
    """The names of a list's members, twins numbered."""
    taken: dict[str, int] = {}
    result = []
    for member in list_:
        name = name_of(member, names)
        number = taken[name] = taken.get(name, 0) + 1
        result.append(name if number == 1 else f"{name}#{number}")
    return result


def _text(value: object) -> str:
    plain = meaning(value)
    if isinstance(plain, Decimal):
        return format(plain.normalize(), "f")
    return "" if plain is None else str(plain)


def _external_id(member: object) -> object:
    return member.get("external_id") if isinstance(member, Mapping) else None


def _paired(
    before: Sequence[object], after: Sequence[object], keys: Sequence[Callable[[object], object]]
) -> list[int | None]:
    """The place before of each member after, or None: by each key in turn those that are left."""
    pairs: list[int | None] = [None] * len(after)
    free = set(range(len(before)))
    for key in keys:
        waiting: dict[object, deque[int]] = {}
        for index in sorted(free):
            waiting.setdefault(key(before[index]), deque()).append(index)
        waiting.pop(None, None)
        for index, member in enumerate(after):
            if pairs[index] is None and (places := waiting.get(key(member))):
                pairs[index] = pair = places.popleft()
                free.discard(pair)
    return pairs


def merged_order(
    base: Sequence[H], ours: Sequence[H], theirs: Sequence[H], rank: Callable[[H], Any]
) -> list[H] | None:
    """The order of all that is in either version; None where both moved what they share, each elsewhere.

    What was added follows what it followed; what two sides added at one place stands by its rank.
    """
    in_ours, in_theirs = set(ours), set(theirs)
    as_before = [element for element in base if element in in_ours and element in in_theirs]
    shared = set(as_before)
    in_our_order = [element for element in ours if element in shared]
    in_their_order = [element for element in theirs if element in shared]
    if in_our_order != in_their_order and as_before not in (in_our_order, in_their_order):
        return None
    order = in_our_order if in_their_order == as_before else in_their_order
    added: dict[H | None, tuple[list[H], list[H]]] = {element: ([], []) for element in (None, *order)}
    """By the shared element that it follows, None for the beginning, what each side added."""
    for side, version in enumerate((ours, theirs)):
        followed: H | None = None
        for element in version:
            if element in shared:
                followed = element
            else:
                added[followed][side].append(element)
    result: dict[H, None] = {}  # each once: the sides may have added one at different places
    for followed, sides in added.items():
        result |= {} if followed is None else {followed: None}
        new_ours, new_theirs = ([element for element in side if element not in result] for side in sides)
        result |= dict.fromkeys(_joined(new_ours, new_theirs, rank))
    return [*result]


def _joined(ours: list[H], theirs: list[H], rank: Callable[[H], Any]) -> list[H]:
    """The elements that two sides put in one place: those of both once, between them the lower rank first."""

    def ranks(run: list[H]) -> list[Any]:
        return [rank(element) for element in run]

    first, second = sorted((ours, theirs), key=ranks)
    in_both = set(first) & set(second)
    shared = [element for element in first if element in in_both]
    if shared != [element for element in second if element in in_both]:
        return first + [element for element in second if element not in in_both]
    result: list[H] = []
    runs = iter(first), iter(second)
    for element in [*shared, None]:
        before_it = [[*takewhile(lambda other: other != element, run)] for run in runs]  # noqa: B023
        result += [new for run in sorted(before_it, key=ranks) for new in run]
        if element is not None:
            result.append(element)
    return result


def are_things(*versions: Sequence[object]) -> bool:
    return all(isinstance(member, Mapping) for version in versions for member in version)


def are_plain(*versions: Sequence[object]) -> bool:
    members_ = (member for version in versions for member in version)
    return not any(isinstance(member, Mapping) or is_list(member) for member in members_)


def from_quantity(tier: object) -> Decimal:
    """Tiers stand in the order of their quantities, whoever added them."""
    quantity = meaning(tier["from"]) if isinstance(tier, Mapping) else None
    return quantity if isinstance(quantity, Decimal) else Decimal(0)


Side = Literal["base", "ours", "theirs"]
Path = tuple[str, ...]
"""Keys and, of what stands in a list, its name: `("items", "cafe-s-100", "quantity")`."""
ORDER = "order"


class FieldConflict(NamedTuple):
    """One field with two values. None: that side has none, or has removed it."""

    path: Path
    base: object
    ours: object
    theirs: object


class Merged(NamedTuple):
    plain: Plain
    conflicts: list[FieldConflict]


def merge_fields(
    model: type[Part],
    base: Plain,
    ours: Plain,
    theirs: Plain,
    choose: Callable[[Path], Side],
    whole: frozenset[str] = frozenset(),
    *,
    by_external_id: bool = False,
) -> Merged:
    """The record that three versions come to: each field has its only change.

    Of a field that both changed, no value wins: it is a conflict, for a person to decide. `choose` says
    which side fills its place until then.
    The fields of `whole` are in conflict as they stand, wherever the two sides differ: not to be mixed.
    With `by_external_id` a line of that id is the same one, whatever it is called.
    """
    merging = _Merging(model, choose, whole, by_external_id=by_external_id)
    plain = merging.map((), base or None, ours, theirs)
    return Merged(plain, merging.conflicts)


"""`merge_fields`, for what another system says."""


_EARLIEST: Mapping[str, tuple[Path, ...]] = {"quotation": (("sent",),)}
"""By noun, times that two sides may note of one thing that happened: the earlier is when it did."""


class _Merging:
    def __init__(
        self,
        model: type[Part],
        choose: Callable[[Path], Side],
        whole: frozenset[str],
        *,
        by_external_id: bool,
    ) -> None:
        self.model = model
        self.by_external_id = by_external_id
        self.choose = choose
        self.whole = whole
        self.conflicts: list[FieldConflict] = []

    def map(
        self, path: Path, base: Mapping[str, Any] | None, ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Plain:
        result: Plain = {}
        for key in self._keys(base or {}, ours, theirs):
            inner = (*path, key)
            default = self._default(inner)
            # A field that is left out says its default; in what was not there at all it says nothing.
            written = (side.get(key) for side in (base, ours, theirs) if side is not None)
            filled = [default if is_nothing(side) else side for side in written]
            value = self.value(inner, *(filled if base is not None else [None, *filled]))
            if not is_nothing(value):
                result[key] = value
        return result

    def _default(self, path: Path) -> object:
        default = _default_at(self.model, path)
        return None if is_list(default) or isinstance(default, Mapping) else default

    def _keys(
        self, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Sequence[str]:
        order = merged_order(list(base), list(ours), list(theirs), str)
        first, second = sorted((list(ours), list(theirs)))
        return order if order is not None else list(dict.fromkeys([*first, *second]))

    def value(
        self, path: Path, base: object, ours: object, theirs: object, *, is_member: bool = False
    ) -> object:
        if same(ours, theirs):
            return ours
        if len(path) == 1 and path[0] in self.whole:
            return self._conflict(path, base, ours, theirs)
        if same(base, ours):
            return theirs
        if same(base, theirs):
            return ours
        if not is_member and self._is_free(path, base, ours, theirs):
            empty = type(next(side for side in (ours, theirs) if side))()
            base, ours, theirs = (empty if is_nothing(side) else side for side in (base, ours, theirs))
        if path in _EARLIEST.get(getattr(self.model, "noun", ""), ()):
            with suppress(TypeError, ValueError):  # one that was removed, or isn't a time
                return min(ours, theirs, key=lambda at: datetime.fromisoformat(str(at)))
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            return self.map(path, base if isinstance(base, Mapping) else None, ours, theirs)
        if is_list(ours) and is_list(theirs):
            return self._list(path, base if is_list(base) else [], ours, theirs)
        return self._conflict(path, base, ours, theirs)

    def _is_free(self, path: Path, *versions: object) -> bool:
        """True where leaving it out is the same as leaving it empty: lists, and maps with keys of one's own.

        A part of the model (the next contact) is there or is not, and so is a price, tiers or none.
        """
        types = {type(version) for version in versions if not is_nothing(version)}
        if types == {list}:
            return names_at(self.model, path) != kinds.TIER
        return types == {dict} and not keys_at(self.model, path)

    def _list(
        self, path: Path, base: Sequence[object], ours: Sequence[object], theirs: Sequence[object]
    ) -> object:
        names: tuple[str, ...] = ()
        if not are_plain(base, ours, theirs):
            if are_things(base, ours, theirs):
                names = names_at(self.model, path, base, ours, theirs)
            if not names:
                return self._conflict(path, base, ours, theirs)
        lists = members(base, ours, theirs, names, by_external_id=self.by_external_id)
        return self._members(path, lists, names)

    def _members(self, path: Path, lists: Members, names: tuple[str, ...]) -> list[object]:
        def rank(place: int) -> tuple[str, ...]:
            member = lists.all[place]
            versions = [side for side in (member.ours, member.theirs) if side is not None]
            moments = (str(version.get("at")) for version in versions if isinstance(version, Mapping))
            return next(moments, ""), member.name, *sorted(map(repr, versions))

        order = merged_order(lists.base, lists.ours, lists.theirs, rank)
        if order is None:
            sides = {"base": lists.base, "ours": lists.ours, "theirs": lists.theirs}
            shown = [[lists.all[place].name for place in side] for side in sides.values()]
            self.conflicts.append(FieldConflict((*path, ORDER), *shown))
            first = sides[self.choose((*path, ORDER))]
            order = [*dict.fromkeys([*first, *range(len(lists.all))])]
        values = [self.value((*path, member.name), *member[1:], is_member=True) for member in lists.all]
        result = [values[place] for place in order if not is_nothing(values[place])]
        return sorted(result, key=from_quantity) if names == kinds.TIER else result

    def _conflict(self, path: Path, base: object, ours: object, theirs: object) -> object:
        self.conflicts.append(FieldConflict(path, base, ours, theirs))
        return {"base": base, "ours": ours, "theirs": theirs}[self.choose(path)]


STATUS_AND_DETAILS = {
    "lead": ("status", "converted", "disqualified"),
    "opportunity": ("status", "closed"),
    "quotation": ("status", "reason"),
    "order": ("status", "delivered", "reason"),
    "invoice": ("number", "date", "due"),
    "supplier-quotation": ("status", "received", "reason"),
}
"""A status and the fields that tell about it: they are taken from one side together."""


def taken_together(kind: Kind, base: Plain, ours: Plain, theirs: Plain) -> frozenset[str]:
    """The fields that may not come from both sides, as the one contradicts the other."""

    def value(side: Plain, key: str) -> object:
        return side.get(key, _default_at(kind.model, (key,)))

    def differ(key: str) -> bool:
        return not same(value(ours, key), value(theirs, key))

    def changed(side: Plain, *keys: str) -> bool:
        return any(not same(value(base, key), value(side, key)) for key in keys)

    together: set[str] = set()
    group = STATUS_AND_DETAILS.get(kind.noun, ())
    if group and differ("status") and changed(ours, "status") and changed(theirs, "status"):
        together.update(filter(differ, group))
    steps = ("process", "stage")  # a stage is one of its process
    if kind == OPPORTUNITY and differ("process") and changed(ours, *steps) and changed(theirs, *steps):
        together.update(filter(differ, steps))
    return frozenset(together)


def _default_at(model: type[Part], path: Path) -> object:
    """The value of a field that is left out: `open` of a status; None where it has none."""
    part = part_at(model, path[:-1])
    for name, field in part.model_fields.items() if part else ():
        if path[-1] == (field.alias or name):
            return None if field.is_required() or field.default_factory else field.default
    return None
