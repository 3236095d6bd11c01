"""Lists in three versions: which member is which, and in what order they stand in the end.

Nothing here depends on which version is ours and which is theirs, so that both clones come to one order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple, TypeVar

from pipecli.records import base as fields
from pipecli.records.base import Part
from pipecli.store.yaml.compare import meaning
from pipecli.store.yaml.write import is_list

Thing = Mapping[str, Any]
H = TypeVar("H", bound=Hashable)

_IDENTITIES = (("id",), ("contact",), ("product", "description"), ("from",), ("name",))
"""What names a thing in a list; of an item its product, or where it has none its description."""
TIER = ("from",)


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


def identity(keys: Sequence[str]) -> tuple[str, ...]:
    """The fields that name a thing of a model with these keys; empty for a model without any."""
    return next((names for names in _IDENTITIES if set(names) <= set(keys)), ())


def names_at(model: type[Part], path: Sequence[str], *versions: Sequence[object]) -> tuple[str, ...]:
    """The fields that name a thing of the list at a path; empty where nothing does."""
    keys = fields.keys_at(model, (*path, ""))
    return identity(keys) if keys else _free_identity(*versions)


def _free_identity(*versions: Sequence[object]) -> tuple[str, ...]:
    """What names the maps of a list of one's own: a field that all have and no two share, else empty."""
    for name in (name for names in _IDENTITIES for name in names):
        things = [[each for each in version if isinstance(each, Mapping)] for version in versions]
        keys = [[_text(thing.get(name)) for thing in version] for version in things]
        if all(len(set(each)) == len(each) and all(each) for each in keys):
            return (name,)
    return ()


def members(
    base: Sequence[object], ours: Sequence[object], theirs: Sequence[object], names: tuple[str, ...]
) -> Members:
    """Who is who. Twins (a product on two lines) are told apart by being equal, then by their order."""

    def key(member: object) -> str:
        return name_of(member, names) if isinstance(member, Mapping) else repr(meaning(member))

    in_ours, in_theirs = _paired(base, ours, key), _paired(base, theirs, key)
    new_ours, new_theirs = _unpaired(ours, in_ours), _unpaired(theirs, in_theirs)
    fresh = count(len(base))
    places_of_new_ours = [next(fresh) for _ in new_ours]
    places_of_new_theirs = [
        next(fresh) if pair is None else places_of_new_ours[pair]  # both sides added it
        for pair in _paired(new_ours, new_theirs, key)
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
    first = [next(each for each in member if each is not None) for member in versions]
    named = zip(numbered(first, names), versions, strict=True)
    return Members([Member(name, *member) for name, member in named], *orders)


def _unpaired(version: Sequence[object], pairs: Sequence[int | None]) -> list[object]:
    return [member for member, pair in zip(version, pairs, strict=True) if pair is None]


def name_of(member: object, names: tuple[str, ...]) -> str:
    """What tells a member from its neighbours: of a plain value the value."""
    if isinstance(member, Mapping):
        found = (_text(member.get(name)) for name in names)
        return next((each for each in found if each), "") or repr(meaning(member))
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
    return "" if plain is None else str(plain) if isinstance(plain, str) else repr(plain)


def _paired(
    before: Sequence[object], after: Sequence[object], key: Callable[[object], str]
) -> list[int | None]:
    """For each member after, which one before it is: of one name, the equal one first."""
    pairs: list[int | None] = [None] * len(after)
    free = set(range(len(before)))
    old, new = ([(key(each), repr(meaning(each))) for each in version] for version in (before, after))
    for length in (2, 1):  # name and content, then the name alone
        waiting: dict[tuple[str, ...], list[int]] = {}
        for index in sorted(free):
            waiting.setdefault(old[index][:length], []).append(index)
        for index, token in enumerate(new):
            if pairs[index] is None and waiting.get(token[:length]):
                pairs[index] = found = waiting[token[:length]].pop(0)
                free.discard(found)
    return pairs


def merged_order(
    base: Sequence[H], ours: Sequence[H], theirs: Sequence[H], rank: Callable[[H], Any]
) -> list[H] | None:
    """The order of all that is in either version; None where both moved what they share, each elsewhere.

    What was added follows what it followed; what two sides added at one place stands by its rank.
    """
    in_ours, in_theirs = set(ours), set(theirs)
    as_before = [each for each in base if each in in_ours and each in in_theirs]
    shared = set(as_before)
    ours_moved = [each for each in ours if each in shared]
    theirs_moved = [each for each in theirs if each in shared]
    if ours_moved != theirs_moved and as_before not in (ours_moved, theirs_moved):
        return None
    spine = ours_moved if theirs_moved == as_before else theirs_moved
    gaps: dict[H | None, tuple[list[H], list[H]]] = {each: ([], []) for each in (None, *spine)}
    for side, version in enumerate((ours, theirs)):
        place: H | None = None
        for each in version:
            if each in shared:
                place = each
            else:
                gaps[place][side].append(each)
    placed: set[H] = set()
    result: list[H] = []
    for at, (one, other) in gaps.items():
        result += [] if at is None else [at]
        here = _joined([x for x in one if x not in placed], [x for x in other if x not in placed], rank)
        placed.update(here)
        result += here
    return result


def _joined(one: list[H], other: list[H], rank: Callable[[H], Any]) -> list[H]:
    """What two sides put in one place: what both put there once, between it the lower rank first."""
    first, second = sorted((one, other), key=lambda run: [rank(each) for each in run])
    in_both = set(first) & set(second)
    shared = [each for each in first if each in in_both]
    if shared != [each for each in second if each in in_both]:
        return first + [each for each in second if each not in in_both]
    result: list[H] = []
    for each in [*shared, None]:
        runs = [_taken(run, each) for run in (first, second)]
        result += [x for run in sorted(runs, key=lambda run: [rank(x) for x in run]) for x in run]
        if each is not None:
            result.append(each)
    return result


def _taken(run: list[H], stop: H | None) -> list[H]:
    """The beginning of a run up to `stop`, taken off it together with that."""
    place = len(run) if stop is None else run.index(stop)
    beginning = run[:place]
    del run[: place + 1]
    return beginning


def are_things(*versions: Sequence[object]) -> bool:
    return all(isinstance(member, Mapping) for version in versions for member in version)


def are_plain(*versions: Sequence[object]) -> bool:
    members_ = (member for version in versions for member in version)
    return not any(isinstance(member, Mapping) or is_list(member) for member in members_)


def from_quantity(tier: object) -> Decimal:
    """Tiers stand in the order of their quantities, whoever added them."""
    quantity = meaning(tier["from"]) if isinstance(tier, Mapping) else None
    return quantity if isinstance(quantity, Decimal) else Decimal(0)
