"""The fields of a model by their path: what `set` asks to read a value, and the editor to place a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pipecli.records.base import Part

Path = Sequence[str | int]


def annotation_at(model: type[Part], path: Path) -> Any | None:
    """The type of the field at a path (`next_contact.date`, `items.0.quantity`); None if there is none.

    `Any` below `custom`.
    """
    annotation: Any = model
    for part in path:
        annotation = _inside(annotation, part)
        if annotation is None or annotation is Any:
            return annotation
    return annotation


def keys_at(model: type[Part], path: Path) -> list[str]:
    """The keys of the map at a path in the model's order; empty for a free map."""
    part = _part(annotation_at(model, path))
    return [field.alias or name for name, field in part.model_fields.items()] if part else []


def default_at(model: type[Part], path: Path) -> object:
    """What a field that is left out says: `open` of a status; None where that is nothing at all."""
    part = _part(annotation_at(model, path[:-1]))
    for name, field in part.model_fields.items() if part else ():
        if path[-1] == (field.alias or name):
            return None if field.is_required() or field.default_factory else field.default
    return None


def _inside(annotation: Any, key: str | int) -> Any | None:
    part = _part(annotation)
    if part is not None:
        for name, field in part.model_fields.items():
            if key == (field.alias or name):
                return field.rebuild_annotation()
        return None
    for option in options(annotation):
        origin, arguments = get_origin(option), get_args(option)
        if origin is tuple:
            return arguments[0]
        if origin is dict:
            return arguments[1]
    return None


def _part(annotation: Any) -> type[Part] | None:
    return next(
        (option for option in options(annotation) if isinstance(option, type) and issubclass(option, Part)),
        None,
    )


def options(annotation: Any) -> list[Any]:
    """The types that a field may have, without the wrapping of Annotated and unions."""
    origin = get_origin(annotation)
    if origin is not None and hasattr(annotation, "__metadata__"):
        return options(get_args(annotation)[0])
    if (origin is not None and type(None) in get_args(annotation)) or str(origin) in (
        "typing.Union", "<class 'types.UnionType'>",
    ):  # fmt: skip
        return [inner for option in get_args(annotation) for inner in options(option)]
    return [annotation]
