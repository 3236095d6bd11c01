"""A record with every mention of one record changed to another: what a merge leaves behind it."""

from __future__ import annotations

from typing import Any, TypeVar

from pipecli.records.base import Plain, Record
from pipecli.records.references import references

R = TypeVar("R", bound=Record)


def relinked(record: R, noun: str, old: str, new: str) -> R:
    """The record, naming `new` wherever it named `old`."""
    plain: Plain = record.plain()
    for reference in references(record):
        if reference.noun == noun and reference.key == old:
            _put(plain, reference.field.split("."), new)
    return type(record).model_validate(plain)


def _put(plain: Any, path: list[str], value: str) -> None:
    *way, last = path
    for part in way:
        plain = plain[int(part)] if isinstance(plain, list) else plain[part]
    plain[last] = value
