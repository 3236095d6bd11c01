"""Values of a record as an event says them: money with its digits, long texts not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from pipecli.records.money import minor_digits

_LONGEST = 60
_MONEY = re.compile(r"(.*\.)?(amount|unit_price|cost|price)|prices\.[^.]+|targets\.[^.]+\.[^.]+")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}).*")


def change(field: str, before: object, after: object, currency: str) -> str:
    """`stage: qualify → demo`, `owner set to ana`, `owner cleared (was ana)`, `notes changed`."""
    old, new = (shown(value, field, currency) for value in (before, after))
    if after is None:
        return f"{field} cleared (was {old})" if old else f"{field} cleared"
    if before is None:
        return f"{field} set to {new}" if new else f"{field} written"
    return f"{field}: {old} → {new}" if old and new else f"{field} changed"


def shown(value: object, field: str, currency: str) -> str:
    """A value on one line; empty for a text that is too long to stand in one, and for lists and maps."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Decimal)):
        exact = exactly(value, field, currency)
        return f"{exact:,}" if is_money(field) and isinstance(exact, Decimal) else f"{exact}"
    if not isinstance(value, str) or "\n" in value or len(value) > _LONGEST:
        return ""
    moment = _MOMENT.fullmatch(value)
    return f"{moment[1]} {moment[2]}" if moment else value


def exactly(value: object, field: str, currency: str) -> object:
    """A value as JSON gives it: a number with the digits of its currency, not with those of a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return value
    try:
        exact = Decimal(str(value))
        digits = minor_digits(currency)
        if is_money(field) and exact == round(exact, digits):
            return round(exact, digits)
    except InvalidOperation:  # infinite, or with more digits than any money
        return str(value)
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < 1e15 else exact


def exactly_all(value: object, field: str, currency: str) -> object:
    """The same of all that stands in a map or a list."""
    if isinstance(value, Mapping):
        return {key: exactly_all(each, f"{field}.{key}", currency) for key, each in value.items()}
    if isinstance(value, list):
        return [exactly_all(each, field, currency) for each in value]
    return exactly(value, field, currency)


def is_money(field: str) -> bool:
    """Whether a field's path is that of an amount, as its last word or the map that it stands in says."""
    return _MONEY.fullmatch(field) is not None


def quoted(thing: Mapping[str, object], key: str) -> str:
    """A text of a map between quotation marks, cut where it is long; empty where it has none."""
    text = thing.get(key)
    if not isinstance(text, str):
        return ""
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[: _LONGEST - 1]}…"'


def joined(*words: object) -> str:
    """The words that are some, with a blank between."""
    return " ".join(str(word) for word in words if word not in (None, ""))
