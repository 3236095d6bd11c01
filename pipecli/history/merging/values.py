"""Three versions of what a record says become one (DESIGN §5): maps go inside, lists by identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pipecli.history.merging import lists
from pipecli.records import base as fields
from pipecli.records.base import Part, Plain
from pipecli.store.yaml.compare import is_nothing, same
from pipecli.store.yaml.write import is_list

Side = Literal["base", "ours", "theirs"]
Path = tuple[str, ...]
"""Keys and, of what stands in a list, its name: `("items", "cafe-s-100", "quantity")`."""
ORDER = "order"


class Clash(NamedTuple):
    """One field with two values. None: that side has none, or has removed it."""

    path: Path
    base: object
    ours: object
    theirs: object


class Outcome(NamedTuple):
    plain: Plain
    clashes: list[Clash]


def pruned(value: Plain) -> Plain:
    """A map without what says nothing: nulls, empty maps and lists."""
    made = _pruned(value)
    return made if isinstance(made, dict) else {}


def _pruned(value: object) -> object:
    if isinstance(value, Mapping):
        made = {key: _pruned(each) for key, each in value.items()}
        return {key: each for key, each in made.items() if not is_nothing(each)}
    if is_list(value):
        return [each for each in map(_pruned, value) if not is_nothing(each)]
    return value


def merged(
    model: type[Part],
    base: Plain,
    ours: Plain,
    theirs: Plain,
    choose: Callable[[Path], Side],
    whole: frozenset[str] = frozenset(),
) -> Outcome:
    """The record that three versions come to; `choose` says which side a field in conflict has.

    The fields of `whole` are in conflict as they stand, wherever the two sides differ: not to be mixed.
    """
    merging = _Merging(model, choose, whole)
    plain = merging.map((), base or None, ours, theirs)
    return Outcome(plain, merging.clashes)


class _Merging:
    def __init__(self, model: type[Part], choose: Callable[[Path], Side], whole: frozenset[str]) -> None:
        self.model = model
        self.choose = choose
        self.whole = whole
        self.clashes: list[Clash] = []

    def map(
        self, path: Path, base: Mapping[str, Any] | None, ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Plain:
        made: Plain = {}
        for key in self._keys(base or {}, ours, theirs):
            inner = (*path, key)
            default = self._default(inner)
            written = [each.get(key) for each in (base, ours, theirs) if each is not None]
            # A field that is left out says its default; in what was not there at all it says nothing.
            said = [default if is_nothing(each) else each for each in written]
            value = self.value(inner, *(said if base is not None else [None, *said]))
            if not is_nothing(value) and not (same(value, default) and all(map(is_nothing, written[-2:]))):
                made[key] = value
        return made

    def _default(self, path: Path) -> object:
        default = fields.default_at(self.model, path)
        return None if is_list(default) or isinstance(default, Mapping) else default

    def _keys(
        self, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Sequence[str]:
        order = lists.merged_order(list(base), list(ours), list(theirs), str)
        first, second = sorted((list(ours), list(theirs)))
        return order if order is not None else list(dict.fromkeys([*first, *second]))

    def value(
        self, path: Path, base: object, ours: object, theirs: object, *, is_member: bool = False
    ) -> object:
        if same(ours, theirs):
            return ours
        if len(path) == 1 and path[0] in self.whole:
            return self._clash(path, base, ours, theirs)
        if same(base, ours):
            return theirs
        if same(base, theirs):
            return ours
        if not is_member and self._is_free(path, base, ours, theirs):
            base, ours, theirs = (self._or_empty(each, ours, theirs) for each in (base, ours, theirs))
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            return self.map(path, base if isinstance(base, Mapping) else None, ours, theirs)
        if is_list(ours) and is_list(theirs):
            return self._list(path, base if is_list(base) else [], ours, theirs)
        return self._clash(path, base, ours, theirs)

    def _is_free(self, path: Path, *versions: object) -> bool:
        """Whether leaving it out is the same as leaving it empty: lists, and maps with keys of one's own.

        A part of the model (the next contact) is there or is not, and so is a price, tiers or none.
        """
        kinds = {type(each) for each in versions if not is_nothing(each)}
        if kinds == {list}:
            return lists.names_at(self.model, path) != lists.TIER
        return kinds == {dict} and not fields.keys_at(self.model, path)

    def _or_empty(self, value: object, *others: object) -> object:
        return value if not is_nothing(value) else type(next(each for each in others if each))()

    def _list(
        self, path: Path, base: Sequence[object], ours: Sequence[object], theirs: Sequence[object]
    ) -> object:
        names: tuple[str, ...] = ()
        if not lists.are_plain(base, ours, theirs):
            if lists.are_things(base, ours, theirs):
                names = lists.names_at(self.model, path, base, ours, theirs)
            if not names:
                return self._clash(path, base, ours, theirs)
        return self._members(path, lists.members(base, ours, theirs, names), names)

    def _members(self, path: Path, found: lists.Members, names: tuple[str, ...]) -> list[object]:
        def rank(place: int) -> tuple[str, ...]:
            member = found.all[place]
            versions = [each for each in (member.ours, member.theirs) if each is not None]
            moments = (each.get("at") for each in versions if isinstance(each, Mapping))
            return next((str(at) for at in moments if at), ""), member.name, *sorted(map(repr, versions))

        order = lists.merged_order(found.base, found.ours, found.theirs, rank)
        if order is None:
            sides = {"base": found.base, "ours": found.ours, "theirs": found.theirs}
            shown = [[found.all[place].name for place in side] for side in sides.values()]
            self.clashes.append(Clash((*path, ORDER), *shown))
            first = sides[self.choose((*path, ORDER))]
            order = [*first, *(place for place in range(len(found.all)) if place not in first)]
        placed = set(order)
        values = {
            place: self.value((*path, member.name), *member[1:], is_member=True)
            for place, member in enumerate(found.all)
            if place in placed
        }
        made = [values[place] for place in order if not is_nothing(values[place])]
        return sorted(made, key=lists.from_quantity) if names == lists.TIER else made

    def _clash(self, path: Path, base: object, ours: object, theirs: object) -> object:
        self.clashes.append(Clash(path, base, ours, theirs))
        return {"base": base, "ours": ours, "theirs": theirs}[self.choose(path)]
