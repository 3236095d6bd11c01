"""From the text of a file to its record, or to every fault in it with its line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pipecli.errors import Fault, FaultyFile
from pipecli.records.base import Part, Plain, Record
from pipecli.records.kinds import Kind
from pipecli.store import error_messages
from pipecli.store.yaml import read as yamltext

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

P = TypeVar("P", bound=Part)


def read(kind: Kind, file: str, text: str) -> Record:
    """The record that `text` holds. Raises FaultyFile with every fault, in the order of the lines."""
    return validate(kind.model, yamltext.parse(text, file), file, text)


def validate(model: type[P], plain: Plain, file: str = "", text: str = "") -> P:
    """The record, or part of one, that a plain map says; `file` and `text` place its faults.

    Raises FaultyFile.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise FaultyFile(_faults(error, model, file, text, plain)) from None


def _faults(error: object, model: type[Part], file: str, text: str, plain: Plain) -> list[Fault]:
    details: list[ErrorDetails] = error.errors(include_url=False)  # type: ignore[attr-defined]
    paths = [_path(detail, plain) for detail in details]
    places = yamltext.locate_many(text, paths) if text else [(0, 0)] * len(paths)
    faults = [
        Fault(file, line, column, "schema", error_messages.message(detail, path, model, file))
        for detail, path, (line, column) in zip(details, paths, places, strict=True)
    ]
    return sorted(faults, key=lambda fault: (not fault.line, fault.line, fault.column))


def _path(detail: ErrorDetails, plain: Plain) -> list[str | int]:
    """Where in the file a fault is: pydantic's location without its names for the branches of a union."""
    path: list[str | int] = []
    value: Any = plain
    for part in detail["loc"]:
        is_here = (
            part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        )
        if is_here:
            value = value[part]
            path.append(part)
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    return path
