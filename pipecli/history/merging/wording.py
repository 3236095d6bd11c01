"""Conflicts in words: `amount: ours 5,400.00, theirs 5,100.00`."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.history import things, words
from pipecli.history.merging import lists
from pipecli.history.merging.conflict import Conflict
from pipecli.history.merging.values import ORDER, Clash, Path
from pipecli.records.base import Part, Plain
from pipecli.store.yamlalign import is_nothing
from pipecli.store.yamlemit import is_list

_LONGEST = 60


def told(model: type[Part], clash: Clash, ours: Plain, theirs: Plain, broken: str = "") -> Conflict:
    """A conflict as a person reads it; `broken` is the rule that made one of two fields."""
    mine, other = _shown(clash, clash.ours, ours), _shown(clash, clash.theirs, theirs)
    absent = "none" if is_nothing(clash.base) else "removed"
    said = f"{_name(model, clash.path, ours, theirs)}: ours {mine or absent}, theirs {other or absent}"
    return Conflict(".".join(clash.path), mine, other, f"{said} ({broken})" if broken else said)


def _shown(clash: Clash, value: object, side: Plain) -> str | None:
    """A value on one line; of a thing that the other side removed, that it was changed."""
    if is_nothing(value):
        return None
    field, currency = clash.path[-1], str(side.get("currency", ""))
    if isinstance(value, Mapping):
        if not is_nothing(clash.base):
            return "changed"
        return ", ".join(f"{key} {words.shown(each, key, currency) or '…'}" for key, each in value.items())
    if is_list(value):
        return ", ".join(
            things.described(field, each, currency) if isinstance(each, Mapping) else str(each)
            for each in value
        )
    if isinstance(value, str) and not words.shown(value, field, currency):
        line = " ".join(value.split())
        return f'"{line}"' if len(line) <= _LONGEST else f'"{line[: _LONGEST - 1]}…"'
    return words.shown(value, field, currency)


def _name(model: type[Part], path: Path, ours: Plain, theirs: Plain) -> str:
    """What a person calls the field: `item Café S-100, quantity`; `closed.amount` stays so."""
    said: list[str] = []
    keys: list[str] = []
    here: list[object] = [ours, theirs]
    for place, key in enumerate(path):
        found = [_members(model, path[:place], each) for each in here]
        thing = next((each for of in found if isinstance(each := of.get(key), Mapping)), None)
        if thing is not None:
            one = f"{things.one(keys[-1])} {things.name(thing, key)}"
            said.append(" ".join([*filter(None, [".".join(keys[:-1])]), one]))
            keys = []
        elif key == ORDER and any(map(is_list, here)):
            said.append(".".join(keys))
            keys = ["the order"]
        else:
            keys.append(key)
        here = [
            named.get(key) if is_list(each) else each.get(key) if isinstance(each, Mapping) else None
            for named, each in zip(found, here, strict=True)
        ]
    return ", ".join([*said, *([".".join(keys)] if keys else [])])


def _members(model: type[Part], path: Path, value: object) -> dict[str, object]:
    """The members of a list by their names."""
    if not isinstance(value, list):
        return {}
    return dict(zip(lists.numbered(value, lists.names_at(model, path, value)), value, strict=True))
