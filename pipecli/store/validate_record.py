"""From the text of a file to its record, or to every fault in it in a person's words and with the way out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import ValidationError

from pipecli.errors import Fault, FaultyFile
from pipecli.records import base
from pipecli.records.base import CURRENCY, LANGUAGE, ONE_LINE, Part, Plain, Record
from pipecli.records.kinds import EVERY, RANDOM, SKU, SLUG, Kind, dotted
from pipecli.store.yaml import read as yamltext
from pipecli.wording import a, shortened

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

P = TypeVar("P", bound=Part)


@lru_cache(256)  # a change reads its records when it is planned, edited and written
def parse_record(kind: Kind, file: str, text: str) -> Record:
    """The record that `text` holds. Raises FaultyFile with every fault, in the order of the lines."""
    return validate(kind.model, yamltext.parse(text, file), file, text)


def validate(model: type[P], plain: Plain, file: str = "", text: str = "") -> P:
    """The record, or part of one, that a plain map says; `file` and `text` place its faults.

    Raises FaultyFile.
    """
    try:
        return cast("P", model.__pydantic_validator__.validate_python(plain))  # a tenth faster
    except ValidationError as error:
        raise FaultyFile(_faults(error, model, file, text, plain)) from None


def _faults(error: object, model: type[Part], file: str, text: str, plain: Plain) -> list[Fault]:
    details: list[ErrorDetails] = error.errors(include_url=False)  # type: ignore[attr-defined]
    paths = [_path(detail, plain) for detail in details]
    parts = [getattr(detail.get("ctx", {}).get("error"), "path", ()) for detail in details]
    at = [[*path, *part] for path, part in zip(paths, parts, strict=True)]
    places = yamltext.locate_many(text, at) if text else [(0, 0)] * len(at)
    faults = [
        Fault(file, line, column, "schema", _message(detail, path, model, file))
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


_RANDOM_PART = "five digits or capital letters (no I, L, O or U)"
_SLUG_FORM = "lowercase letters, digits and hyphens, such as contoso-coffee"


def _message(detail: ErrorDetails, path: Sequence[str | int], model: type[Part], file: str) -> str:
    """The message of one mistake in a record, with the way out."""
    name = dotted(path)
    if detail["type"] == "extra_forbidden":
        return f'unknown key "{name}"{_meant(path, model)}'
    if detail["type"] == "missing":
        return f'"{name}" is missing{_wanted(path, model, file)}'
    fault = wrong_value(detail)
    return f"{name}: {fault}" if name else fault


_MOST_SHOWN = 120


def wrong_value(detail: ErrorDetails) -> str:
    """The message of a wrong value."""
    rule, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    words = shortened(str(value), _MOST_SHOWN)
    if rule == "value_error":
        return str(context["error"])
    if rule in ("string_type", "string_sub_type"):
        way = ", not a list or a map" if isinstance(value, (list, dict)) else f"; put quotes around {words}"
        return f"must be text{way}"
    if rule == "string_too_short":
        return "must be text, and is empty"
    if rule == "string_too_long":
        return f"must have at most {context['max_length']} characters, and has {len(value):,}"
    if rule == "string_pattern_mismatch" and context["pattern"] == ONE_LINE:
        return "must be one line"
    if rule == "string_pattern_mismatch":
        what, form = _form(context["pattern"])
        return f'"{words}" isn\'t {a(what)}: {form}'
    if rule == "enum":
        return f'"{words}" must be one of {context["expected"].replace(" or ", ", ")}'.replace("'", "")
    if rule in ("model_type", "dict_type", "model_attributes_type"):
        return "must be a map of keys"
    if rule in ("tuple_type", "list_type"):
        return "must be a list"
    if rule == "too_short":
        return f"must have at least {context['min_length']}"
    if rule == "decimal_max_places":
        return f"must have at most {context['decimal_places']} decimals (it is {words})"
    shown = words if isinstance(value, Decimal) else shortened(repr(value), _MOST_SHOWN)
    bound = detail["msg"].replace("Input should", "must").replace("greater than or equal to", "at least")
    return f"{bound.replace('less than or equal to', 'at most')} (it is {shown})"


def _form(pattern: str) -> tuple[str, str]:
    """The name of a pattern's texts, and their form."""
    known = {
        SLUG: ("slug", _SLUG_FORM),
        SKU: ("SKU", "a line of text without blanks at its ends"),
        CURRENCY: ("currency code", "three capital letters, such as EUR"),
        LANGUAGE: ("language", "two or three lowercase letters, such as es or pt-BR"),
        EVERY: ("period", "a number of days, weeks, months or years, such as 2 weeks"),
        f"^{RANDOM}$": ("id", f"{_RANDOM_PART}, such as 7K3M9"),
    }
    if pattern in known:
        return known[pattern]
    if not pattern.endswith(f"{RANDOM}$"):
        return "text of this form", pattern
    prefix = pattern.removeprefix("^").removesuffix(f"{RANDOM}$")
    return "id", f"{prefix} and {_RANDOM_PART}, such as {prefix}7K3M9"


def _wanted(path: Sequence[str | int], model: type[Part], file: str) -> str:
    """`: must be a date, such as 2026-11-21`: what a missing value is to be, unless it is a plain word."""
    form = _form_at(model, tuple(0 if isinstance(part, int) else part for part in path))
    if not (issubclass(model, Record) and list(path) == [model.identity]):
        return "" if form == f": {_SLUG_FORM}" else form
    stem = file.rpartition("/")[2].removesuffix(".yaml")
    key = _key_in(stem, model)
    return f": its file is named after it, so write {path[-1]}: {key}" if key else form


@cache
def _form_at(model: type[Part], path: tuple[str | int, ...]) -> str:
    from pydantic import TypeAdapter

    annotation: Any = base.annotation_at(model, path)
    field: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        field.validate_python("")
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        if detail["type"] == "string_pattern_mismatch":
            return f": {_form(detail['ctx']['pattern'])[1]}"
        if detail["type"] == "value_error":
            return f": {wrong_value(detail)}"
    return ""


def _key_in(stem: str, model: type[Record]) -> str | None:
    """The id or slug that a file's name begins with: `LEAD-7K3M9` of `LEAD-7K3M9-contoso-coffee`."""
    pattern = model.model_fields[model.identity].metadata[0].pattern
    match = re.match(pattern.rstrip("$") + r"(?=-|$)" if RANDOM in pattern else pattern, stem)
    return match[0] if match else None


def _meant(path: Sequence[str | int], model: type[Part]) -> str:
    """The key that is a letter or two away, or where keys of one's own go."""
    from difflib import get_close_matches

    *way, last = path
    if issubclass(model, Record) and list(path) == ["id"]:
        return f": a {model.noun} is named by its {model.identity}"
    close = get_close_matches(str(last), base.keys_at(model, way), n=1)
    meant = f', did you mean "{close[0]}"?' if close else ""
    has_custom = not way and "custom" in model.model_fields
    return f"{meant}; keys of your own go under `custom:`" if has_custom else meant
