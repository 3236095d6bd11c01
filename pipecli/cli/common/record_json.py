"""One record as a person or a script sees it: the keys of its file, and what follows from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from pipecli.cli.common.names_and_questions import names_of
from pipecli.cli.common.output import print_record
from pipecli.cli.common.session import Session
from pipecli.errors import PipecliError
from pipecli.harmless_text import safe_json
from pipecli.json_and_csv import WRITERS, digits, loads
from pipecli.records.compare_names import chosen_id, listed_ids, name_key
from pipecli.records.kinds import BY_NOUN
from pipecli.records.money import plain_percent, rounded, weighted_amount
from pipecli.store.index.rows_for_verbs import row_of, rows_where

RecordJson = dict[str, Any]

_SUMS = {
    "customer_name": "customer_name",
    "amount": "exact_amount",
    "tax_by_rate": "tax_by_rate",
    "tax": "exact_tax",
    "total": "exact_total",
    "subtotal": "exact_subtotal",
    "discount_total": "exact_discount_total",
}
_PRICED = {**_SUMS, "margin_facts": "margin_facts"}

# What is computed, by noun: the key that JSON gives it, and the column of the index.
DERIVED = {
    "lead": {
        "missing": "missing",
        "team": "team",
        "age_days": "CAST(julianday(today()) - julianday(substr(created, 1, 10)) AS INTEGER)",
        "minutes_to_first_response": "minutes_to_first_response",
    },
    "opportunity": {
        "amount": "exact_amount",
        "items_amount": "exact_items_amount",
        "monthly_recurring": "exact_monthly_recurring",
        "yearly_recurring": "exact_yearly_recurring",
        "first_year_amount": "exact_first_year_amount",
        "amount_by_hand": "amount_by_hand",
        "probability": "probability",
        "stage_probability": "stage_probability",
        "weighted": "status = 'open'",  # by `derived_keys`, of open deals: nothing is to come of others
        "team": "team",
        "customer_name": "customer_name",
        "age_days": "age_days",
        "minutes_to_first_response": "minutes_to_first_response",
        "key_info_answered": "key_info_answered",
    },
    "quotation": _PRICED,
    "order": _PRICED,
    "invoice": {**_SUMS, "paid": "exact_paid", "open": "open", "overdue_days": "overdue_days"},
    "supplier-quotation": {"amount": "exact_amount", "supplier_name": "supplier_name"},
    "product": {"id": "sku"},
}
_CONVERTED: dict[str, Callable[[Any], object]] = {
    "amount_by_hand": bool,
    "probability": plain_percent,
    "stage_probability": plain_percent,
    "tax_by_rate": loads,
    "missing": lambda words: [word for word in words.split(", ") if word],
}
_COMPUTED = {
    noun: [
        (key, Decimal if column.startswith("exact_") else _CONVERTED.get(key))
        for key, column in columns.items()
    ]
    for noun, columns in DERIVED.items()
}
"""By noun the keys that are computed, with what makes the value of JSON of the index's."""


def derived_keys(noun: str, row: sqlite3.Row | tuple[Any, ...], currency: str) -> RecordJson:
    """The computed keys of a record, from its row of DERIVED columns; those without a value are left out."""
    record_json: RecordJson = {
        key: convert(value) if convert else value
        for (key, convert), value in zip(_COMPUTED.get(noun, ()), row, strict=True)
        if value is not None
    }
    if noun == "opportunity":
        if record_json["weighted"] and "amount" in record_json and "probability" in record_json:
            amount, probability = record_json["amount"], record_json["probability"]
            record_json["weighted"] = weighted_amount(amount, probability, currency)
        else:
            del record_json["weighted"]
        if record_json.get("amount_by_hand"):  # of a deal won at an unknown value, it is no amount any more
            record_json.setdefault("amount", None)
    if noun == "invoice":
        record_json["open"] = rounded(Decimal(repr(record_json["open"])), currency)
    if "margin_facts" in record_json:
        record_json |= loads(record_json.pop("margin_facts"))
        for key in ("margin", "margin_percent"):
            if key in record_json:
                record_json[key] = Decimal(record_json[key])
    return record_json


@cache
def _percent(stored: float) -> str:
    return digits(plain_percent(stored))


def _member(key: str, column: str) -> tuple[str, Callable[[Any], str] | None]:
    """The key of a member of JSON, and what writes its value of the index; None: as its type is written."""
    if column.startswith("exact_"):
        return f'"{key}": ', lambda text: text if "E" not in text else digits(Decimal(text))
    return f'"{key}": ', _percent if key.endswith("probability") else None


_OF_DEAL = [_member(key, column) for key, column in DERIVED["opportunity"].items()]
_AMOUNT, BY_HAND, _PROBABILITY, _WEIGHTED = (
    list(DERIVED["opportunity"]).index(key) for key in ("amount", "amount_by_hand", "probability", "weighted")
)


def deal_members(row: Sequence[Any], currency: str) -> str:
    """The members of JSON that `derived_keys` gives a deal with nothing by hand, in half of the time."""
    values, amount, probability = [*row], row[_AMOUNT], row[_PROBABILITY]
    values[BY_HAND], values[_WEIGHTED] = False, None
    if row[_WEIGHTED] and amount is not None and probability is not None:
        values[_WEIGHTED] = weighted_amount(Decimal(amount), plain_percent(probability), currency)
    members = [
        f"{key}{write(value) if write else WRITERS[type(value)](value)}"
        for (key, write), value in zip(_OF_DEAL, values, strict=True)
        if value is not None
    ]
    return safe_json(", ".join(members))


def record_json(run: Session, noun: str, key: str) -> RecordJson:
    """A record, or a user or team, as JSON shows it."""
    if noun in ("settings", *SECTIONS):
        return settings_json(run, noun, key)
    columns = ["json", *DERIVED.get(noun, {}).values()]
    if BY_NOUN[noun].prefix:
        _ = run.now  # of a fault of the settings SQLite would only say that there is one
    row = row_of(run.connection, columns, noun, key)
    written: RecordJson = loads(row[0])
    return written | derived_keys(noun, row[1:], written.get("currency", ""))


SECTIONS = {"user": "users", "team": "teams"}
"""Where the settings keep what is a record of its own to those who type."""


def settings_json(run: Session, noun: str, slug: str) -> RecordJson:
    """The settings, or one user or team of them with its slug as `id`, as the index has them now."""
    (row,) = rows_where(run.connection, ["json"], "_records", "noun = 'settings'", order="")
    written: RecordJson = loads(row[0])
    return written if noun == "settings" else {"id": slug, **written[SECTIONS[noun]][slug]}


def find_section(run: Session, noun: str, text: str, *, whole: bool = False) -> str:
    """The slug of the user or team that a person means: by it, by words of a name, by an e-mail address.

    With `whole` words alone will not do: what takes one away must not find a namesake.
    """
    known = names_of(run, noun)
    hint = "known: {known}" if len(known) <= 12 else f"see `pipecli {noun} list`"
    if not known:
        hint = f"there are none yet; add one with `pipecli {noun} add`"
    slug = chosen_id(text, known, f'no {noun} matches "{text}"', hint=hint)
    if whole and text != slug and name_key(text) not in [name_key(name) for name in (slug, *known[slug])]:
        raise PipecliError(
            f'"{text}" may be {listed_ids([slug], known)}', hint="this takes a whole slug or a whole name"
        )
    return slug


def print_record_json(run: Session, shown: Mapping[str, Any]) -> None:
    print_record(shown, run.format, list(shown.items()))
