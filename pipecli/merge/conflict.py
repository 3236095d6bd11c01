"""The conflicts that a merge leaves to a person, in words: `amount: ours 5,400.00, theirs 5,100.00`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipecli.history import events
from pipecli.merge import values
from pipecli.merge.values import ORDER, Clash, Path
from pipecli.records.base import Part, Plain
from pipecli.store.yaml.compare import is_nothing
from pipecli.store.yaml.write import is_list


class Conflict(NamedTuple):
    """One field with two values. `ours` and `theirs` are shown to a person; None: that side has none."""

    path: str
    """Dotted, of what stands in a list with its name: `items.cafe-s-100.quantity`; empty: the whole file."""
    ours: str | None
    theirs: str | None
    words: str


_LONGEST = 80


def in_words(model: type[Part], clash: Clash, ours: Plain, theirs: Plain, broken: str = "") -> Conflict:
    """A conflict as a person reads it; `broken` is the rule that made one of two fields."""
    mine, other = _shown(clash.path, clash.ours, ours), _shown(clash.path, clash.theirs, theirs)
    absent = "none" if is_nothing(clash.base) else "removed"
    words = f"{_name(model, clash.path, ours, theirs)}: ours {mine or absent}, theirs {other or absent}"
    return Conflict(".".join(clash.path), mine, other, f"{words} ({broken})" if broken else words)


def _shown(path: Path, value: object, side: Plain) -> str | None:
    """A value on one line; None where there is none."""
    currency = str(side.get("currency", ""))
    if is_nothing(value):
        return None
    if isinstance(value, Mapping):
        if path[-2:-1] in (("activities",), ("items",), ("contacts",)):
            return events.described(path[-2], value, currency)
        return _cut(", ".join(f"{key} {_shown((*path, key), inner, side)}" for key, inner in value.items()))
    if is_list(value):
        return _cut(", ".join(_shown((*path, ""), member, side) or "" for member in value))
    if shown := events.shown(value, path[-1], currency):
        return shown
    return f'"{_cut(" ".join(str(value).split()))}"'


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _name(model: type[Part], path: Path, ours: Plain, theirs: Plain) -> str:
    """The field as a person calls it: `item Café S-100, quantity`; `closed.amount` stays so."""
    words: list[str] = []
    keys: list[str] = []
    here: list[object] = [ours, theirs]
    for place, key in enumerate(path):
        members = [_members(model, path[:place], value) for value in here]
        thing = next((member for side in members if isinstance(member := side.get(key), Mapping)), None)
        if thing is not None:
            one = f"{events.member_word(keys[-1])} {events.name(thing, key)}"
            words.append(" ".join([*filter(None, [".".join(keys[:-1])]), one]))
            keys = []
        elif key == ORDER and any(map(is_list, here)):
            words.append(".".join(keys))
            keys = ["the order"]
        else:
            keys.append(key)
        here = [
            named.get(key) if is_list(value) else value.get(key) if isinstance(value, Mapping) else None
            for named, value in zip(members, here, strict=True)
        ]
    return ", ".join([*words, *([".".join(keys)] if keys else [])])


def _members(model: type[Part], path: Path, value: object) -> dict[str, object]:
    """The members of a list by their names."""
    if not isinstance(value, list):
        return {}
    return dict(zip(values.numbered(value, values.names_at(model, path, value)), value, strict=True))
