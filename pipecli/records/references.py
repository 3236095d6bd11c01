"""Names of other records, users and stages in a record, as the types of its fields declare them (`Names`).

`check` looks for what they name, the importer for what a cell names, and a merge or a rename relinks them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from pipecli.harmless_text import safe_json
from pipecli.json_and_csv import quoted
from pipecli.records.base import Names, Part, Path, Record, annotation_at, options

R = TypeVar("R", bound=Record)


class Reference(NamedTuple):
    field: str
    """Where it stands in the file, dotted, and counted from 1: `contacts.1.contact`."""
    noun: str
    """The kind of what it names: customer, user, stage, …; `principal` is a user or a team."""
    key: str


References = list[tuple[str, str, str]]
"""The fields of several, in plain tuples for speed."""


def references(record: Record) -> References:
    """Every name in a record that must be something else's."""
    names: References = []
    _collect(record, "", named_fields(type(record), must_exist=True), names)
    _place_stage(record, names)
    return names


def names_json(record: Record, names: References) -> str:
    """The names in a record that a walk through its `named_fields` came by, as JSON."""
    _place_stage(record, names)
    texts = [f'["{field}", "{noun}", {quoted(key)}]' for field, noun, key in names]
    return safe_json(f"[{', '.join(texts)}]")


def _place_stage(record: Record, names: References) -> None:
    """Have the stage of a deal be one of its process."""
    if record.noun == "opportunity":
        for place, (field, noun, key) in enumerate(names):
            if noun == "stage":
                names[place] = field, noun, f"{record.__dict__['process']}/{key}"
                return


def named_at(model: type[Part], path: Path) -> Names | None:
    """The declaration of a field, or of a list, that names something else; None for any other."""
    annotation = annotation_at(model, path)
    for option in options(annotation):
        if get_origin(option) is tuple:
            return _names(get_args(option)[0])
    return _names(annotation)


def relinked(record: R, nouns: Collection[str], old: str, new: str) -> R:
    """The record, naming `new` wherever it named `old` of one of these kinds; in a list or map once."""

    def renamed(annotation: Any, value: Any) -> Any:
        names = _names(annotation)
        if names:
            return new if names.noun in nouns and value == old else value
        if isinstance(value, Part):
            return relinked_part(value)
        for option in options(annotation):
            arguments = get_args(option)
            if isinstance(value, tuple) and get_origin(option) is tuple:
                members = [renamed(arguments[0], member) for member in value]
                return tuple(dict.fromkeys(members) if _names(arguments[0]) else members)
            if isinstance(value, dict) and get_origin(option) is dict:
                return {renamed(arguments[0], key): renamed(arguments[1], value[key]) for key in value}
        return value

    def relinked_part(part: Any) -> Any:
        changes = {
            name: renamed(field.rebuild_annotation(), getattr(part, name))
            for name, field in type(part).model_fields.items()
            if name != getattr(part, "identity", None)
        }
        return part.with_(**{name: value for name, value in changes.items() if value != getattr(part, name)})

    result: R = relinked_part(record)
    return result


def _names(annotation: Any) -> Names | None:
    """The declaration of a type that is a name, or None."""
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, Names):
            return mark
    if get_origin(annotation) in (tuple, dict):
        return None
    inner = (_names(argument) for argument in get_args(annotation))
    return next((names for names in inner if names), None)


Collect = Callable[[Any, str, list[tuple[str, str, str]]], None]
"""Adds the references in a value, which stands at a dotted path, to a list; plain tuples, for speed."""


def _collect(part: Part, before: str, fields: Mapping[str, str | Collect], into: References) -> None:
    values = part.__dict__
    for name, named in fields.items():
        if value := values[name]:
            if type(named) is str:  # at once: a call less for each name
                into.append((before + name, named, value))
            else:
                named(value, before + name, into)  # type: ignore[operator]


@cache
def named_fields(model: type[Part], *, must_exist: bool) -> dict[str, str | Collect]:
    """The fields that name what must be there, or any name: the noun, or what collects names deeper in."""
    named = {}
    for name, field in model.model_fields.items():
        annotation = field.rebuild_annotation()
        collect = _collector(annotation, must_exist=must_exist)
        if collect and name != getattr(model, "identity", None):
            names = _names(annotation)
            named[name] = names.noun if names else collect
    return named


def _collector(annotation: Any, *, must_exist: bool) -> Collect | None:
    """The collector for values of a type; None for a type that can't have references."""
    names = _names(annotation)
    if names:
        noun, is_wanted = names.noun, names.must_exist or not must_exist
        return (lambda value, field, into: into.append((field, noun, value))) if is_wanted else None
    for option in options(annotation):
        arguments = get_args(option)
        if isinstance(option, type) and issubclass(option, Part):
            if fields := named_fields(option, must_exist=must_exist):
                return lambda part, field, into: _collect(part, f"{field}.", fields, into)
            return None
        if get_origin(option) is tuple:
            member = _collector(arguments[0], must_exist=must_exist)
            return _of_list(member) if member else None
        if get_origin(option) is dict:
            key, value = (_collector(argument, must_exist=must_exist) for argument in arguments)
            return _of_map(key, value) if key or value else None
    return None


def _of_list(member: Collect) -> Collect:
    def collect(values: Any, field: str, into: list[tuple[str, str, str]]) -> None:
        for number, value in enumerate(values, 1):
            member(value, f"{field}.{number}", into)

    return collect


def _of_map(of_key: Collect | None, of_value: Collect | None) -> Collect:
    def collect(values: Any, field: str, into: list[tuple[str, str, str]]) -> None:
        for key, value in values.items():
            if of_key:
                of_key(key, f"{field}.{key}", into)
            if of_value:
                of_value(value, f"{field}.{key}", into)

    return collect


def looping(parents: Mapping[str, str]) -> Iterator[str]:
    """What belongs to itself, through one parent or more."""
    settled = set[str]()
    for above in parents:
        way: dict[str, None] = {}
        while above in parents and above not in way and above not in settled:
            way[above] = None
            above = parents[above]
        if above in way:
            yield from [*way][[*way].index(above) :]
        settled.update(way)
