"""The parts of a record before a change, matched with those after it; and values that mean the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from difflib import SequenceMatcher

from pipecli.records import kinds
from pipecli.store.yaml.write import is_list


def meaning(value: object) -> object:
    """A form in which two values are equal when a file says the same by them: `2499.00`, `2499.0` and
    `2499`; a date and its ISO text; a key that is absent, null or empty.
    """
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        parts = ((key, meaning(part)) for key, part in value.items())
        return {key: part for key, part in parts if not is_nothing(part)}
    if is_list(value):
        return [part for part in map(meaning, value) if not is_nothing(part)]
    return value


def is_nothing(value: object) -> bool:
    return value is None or value == {} or value == []


def same(one: object, other: object) -> bool:
    return meaning(one) == meaning(other)


def align(before: Sequence[object], after: Sequence[object]) -> list[int | None]:
    """For each item after, the index of the item before that it is; None for a new one.

    Items with an identity are matched by it wherever they went, others by equality, and what remains
    between two matched neighbours pairwise, mapping to mapping and list to list. A product may stand on
    several lines: the equal line first, then the next of that product.
    """
    old, new = [_token(item) for item in before], [_token(item) for item in after]
    pairs: list[int | None] = [None] * len(new)
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            pairs[block.b + step] = block.a + step
    _match_moved(old, new, pairs)
    _match_moved([_product(item) for item in before], [_product(item) for item in after], pairs)
    _match_changed(before, after, pairs)
    return pairs


def renames(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """The keys of a free map that got another name and kept their value, old to new."""
    new = [key for key in after if key not in before]
    renamed: dict[str, str] = {}
    for old, value in before.items():
        name = None if old in after else next((key for key in new if same(value, after[key])), None)
        if name is not None:
            new.remove(name)
            renamed[old] = name
    return renamed


IsFree = Callable[[tuple[str | int, ...]], bool]
"""True of a path whose map has keys of its own, which may be renamed, not those of a model."""


def intended(
    actual: object, before: object, after: object, is_free: IsFree, path: tuple[str | int, ...] = ()
) -> object:
    """The meaning of the file once `before` has become `after`, where it means `actual` now.

    The three differ where the model reads more into a text than it says (a lower-cased address, a default):
    what didn't change stays as the file says it.
    """
    if same(before, after):
        return actual
    if isinstance(actual, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        return _intended_mapping(actual, before, after, is_free, path)
    if is_list(actual) and is_list(before) and is_list(after):
        items = [item for item in actual if not is_nothing(meaning(item))]
        if len(items) != len(before):
            return after
        pairs = align(before, after)
        return [
            item if pair is None else intended(items[pair], before[pair], item, is_free, (*path, place))
            for place, (item, pair) in enumerate(zip(after, pairs, strict=True))
        ]
    return after


def _intended_mapping(
    actual: Mapping[str, object],
    before: Mapping[str, object],
    after: Mapping[str, object],
    is_free: IsFree,
    path: tuple[str | int, ...],
) -> dict[str, object]:
    result: dict[str, object] = {}
    names = renames(before, after) if is_free(path) else {}
    for key, value in actual.items():
        if key in names:
            result[names[key]] = value
        elif key in before and key in after:
            result[key] = intended(value, before[key], after[key], is_free, (*path, key))
        elif key not in before:
            result[key] = after.get(key, value)
    return result | {
        key: value
        for key, value in after.items()
        if key not in actual and key not in result and not (key in before and same(before[key], value))
    }


def _token(item: object) -> str:
    if isinstance(item, Mapping):
        for name in kinds.UNIQUE_KEYS:
            if name in item:
                return f"{name}={item[name]}"
    return repr(meaning(item))


def _product(item: object) -> str:
    return str(item.get(kinds.ITEM[0], "")) if isinstance(item, Mapping) else ""


def _match_moved(old: list[str], new: list[str], pairs: list[int | None]) -> None:
    taken = set(pairs)
    waiting: dict[str, list[int]] = {}
    for index, token in enumerate(old):
        if token and index not in taken:
            waiting.setdefault(token, []).append(index)
    for index, token in enumerate(new):
        if pairs[index] is None and waiting.get(token):
            pairs[index] = waiting[token].pop(0)


def _match_changed(before: Sequence[object], after: Sequence[object], pairs: list[int | None]) -> None:
    free = [index not in pairs for index in range(len(before))]
    previous = -1
    for index, pair in enumerate(pairs):
        if pair is not None:
            previous = pair
            continue
        stop = next((other for other in pairs[index:] if other is not None), len(before))
        for candidate in range(previous + 1, stop):
            if free[candidate] and _may_be(before[candidate], after[index]):
                pairs[index] = previous = candidate
                free[candidate] = False
                break


def _may_be(one: object, other: object) -> bool:
    """True unless each has a name of its own: the one may have become the other."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return not any(key in one for key in kinds.KEYS) or not any(key in other for key in kinds.KEYS)
    return is_list(one) and is_list(other)
