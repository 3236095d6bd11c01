"""From the text of a file to its record, or to every fault in it with its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from pipecli.errors import Fault, FaultyFile
from pipecli.records.base import Part, Plain, Record
from pipecli.records.ids import SLUG
from pipecli.records.kinds import Kind
from pipecli.records.values import ONE_LINE
from pipecli.store import yamltext

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
        Fault(file, line, column, "schema", _message(detail, path, model))
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


def _message(detail: ErrorDetails, path: Sequence[str | int], model: type[Part]) -> str:
    """What is wrong with a record, with the way out."""
    name = ".".join(str(part) for part in path)
    if detail["type"] == "extra_forbidden":
        own = "; keys of your own go under `custom:`" if "custom" in model.model_fields else ""
        return f'unknown key "{name}"{_suggestion(path, model)}{own}'
    if detail["type"] == "missing":
        return f'"{name}" is missing'
    said = wrong_value(detail)
    return f"{name}: {said}" if name else said


def wrong_value(detail: ErrorDetails) -> str:
    """What is wrong with one value, in a person's words."""
    rule, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if rule == "value_error":
        return str(context["error"])
    if rule in ("string_type", "string_sub_type"):
        way = ", not a list or a map" if isinstance(value, (list, dict)) else f"; put quotes around {value}"
        return f"text is wanted here{way}"
    if rule == "string_too_short":
        return "text is wanted here, not an empty one"
    if rule == "string_too_long":
        return f"at most {context['max_length']} characters are wanted here, these are {len(value):,}"
    if rule == "string_pattern_mismatch" and context["pattern"] == ONE_LINE:
        return "one line is wanted here"
    if rule == "string_pattern_mismatch" and context["pattern"] == SLUG:
        return f'"{value}" is no slug: small letters, digits and hyphens, as contoso-coffee'
    if rule == "string_pattern_mismatch":
        return f'"{value}" is not of the form wanted here ({context["pattern"]})'
    if rule == "enum":
        return f'"{value}" is none of {context["expected"].replace(" or ", ", ")}'.replace("'", "")
    if rule in ("model_type", "dict_type", "model_attributes_type"):
        return "a map of keys is wanted here"
    if rule in ("tuple_type", "list_type"):
        return "a list is wanted here"
    shown = value if isinstance(value, Decimal) else repr(value)
    return f"{detail['msg'].replace('Input should', 'it should')} (it is {shown})"


def _suggestion(path: Sequence[str | int], model: type[Part]) -> str:
    """`; did you mean "stage"?` when a key of the model is one or two letters away."""
    from difflib import get_close_matches

    if len(path) != 1:
        return ""
    close = get_close_matches(str(path[0]), list(model.model_fields), n=1)
    return f', did you mean "{close[0]}"?' if close else ""
