"""The fields that a mapping may name, and how it names them."""

from __future__ import annotations

from typing import Any, get_origin

from pipecli.inbox.readers import Path
from pipecli.records import base
from pipecli.records.kinds import Collection


def parsed(collection: Collection, name: str) -> Path:
    """A dotted path with numbers for places in lists; the first place where none is said.

    `items.product` is `items.0.product`. Raises LookupError where there is no such field.
    """
    parts: list[str | int] = []
    if name == collection.identity:
        return (name,)
    for text in name.split("."):
        annotation = base.annotation_at(collection.model, parts) if parts else None
        is_list = any(get_origin(kind) is tuple for kind in base.options(annotation)) if parts else False
        is_list = is_list and annotation is not Any
        if is_list and not text.isdecimal():
            parts.append(0)
        parts.append(int(text) if is_list and text.isdecimal() else text)
        if not text or base.annotation_at(collection.model, parts) is None:
            raise LookupError(name)
    return tuple(parts)


def names(collection: Collection) -> list[str]:
    """The fields of a record itself, in the order of its model."""
    own = base.keys_at(collection.model, ())
    return own if collection.identity in own else [collection.identity, *own]
