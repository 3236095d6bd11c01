"""One record as a person or a script sees it: the keys of its file, and what follows from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import typer

from pipecli.cli.output import Format, print_record, print_records, write_text
from pipecli.cli.session import Session
from pipecli.cli.table import Column
from pipecli.jsontext import loads
from pipecli.records.kinds import BY_NOUN
from pipecli.records.money import weighted

View = dict[str, Any]

_PRICED = {
    "customer_name": "customer_name",
    "amount": "exact_amount",
    "tax_by_rate": "tax_by_rate",
    "tax": "exact_tax",
    "total": "exact_total",
    "margin_facts": "margin_facts",
}

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
        "amount_by_hand": "amount_by_hand",
        "probability": "probability",
        "stage_probability": "stage_probability",
        "weighted": "status = 'open'",  # computed in `derive`, of open deals: nothing is to come of others
        "team": "team",
        "customer_name": "customer_name",
        "age_days": "age_days",
        "minutes_to_first_response": "minutes_to_first_response",
        "key_info_answered": "key_info_answered",
    },
    "quotation": _PRICED,
    "order": _PRICED,
    "supplier-quotation": {"amount": "exact_amount", "supplier_name": "supplier_name"},
    "product": {"id": "sku"},
}
_EXACT = ("amount", "tax", "total")


def derive(noun: str, row: sqlite3.Row | tuple[Any, ...], currency: str) -> View:
    """What is computed for one record from its row of DERIVED columns; keys without a value are left out."""
    view: View = dict(zip(DERIVED.get(noun, ()), row, strict=True))
    for key in _EXACT:
        if view.get(key) is not None:
            view[key] = Decimal(view[key])
    if noun == "opportunity":
        view["amount_by_hand"] = bool(view["amount_by_hand"])
        for key in ("probability", "stage_probability"):
            view[key] = _percent(view[key])
        counts = view["weighted"] and view["amount"] is not None and view["probability"] is not None
        view["weighted"] = weighted(view["amount"], view["probability"], currency) if counts else None
    if noun == "lead":
        view["missing"] = view["missing"].split()
    if "tax_by_rate" in view:
        view["tax_by_rate"] = loads(view["tax_by_rate"])
    if "margin_facts" in view:
        view |= loads(view.pop("margin_facts") or "{}")
        for key in ("margin", "margin_percent"):
            if key in view:
                view[key] = Decimal(view[key])
    return {key: value for key, value in view.items() if value is not None}


def _percent(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value)) if value % 1 else Decimal(int(value))


def view(run: Session, noun: str, key: str) -> View:
    """A record, or a user or team, as JSON shows it."""
    if noun in ("settings", "user", "team"):
        from pipecli.cli.settings_parts import settings_view

        return settings_view(run, noun, key)
    kind = BY_NOUN[noun]
    columns = ", ".join(["json", *DERIVED.get(noun, {}).values()])
    row = run.pipeline.index.connection.execute(
        f"SELECT {columns} FROM {kind.table} WHERE {kind.identity} = ?",
        (key,),
    ).fetchone()
    written: View = loads(row[0])
    return written | derive(noun, row[1:], written.get("currency", ""))


class Printed(NamedTuple):
    """What a command prints: a record, or a part of one that has a name of its own.

    `noun` and `key` name what JSON shows: the record, or a user or team of the settings. `id` is what stands
    alone for it: the record's, or that of an activity which was made in it.
    """

    noun: str
    key: str
    id: str
    is_new: bool = False
    """A person reads the id, not a line on what happened."""
    shown: View | None = None
    """What JSON has of something that is removed."""


def print_one(run: Session, printed: Printed, *, said: str, commit: str | None = None) -> None:
    """Print what a command changed or made; `said` is the line a person reads of a change."""
    if run.format is Format.TABLE:
        typer.echo(printed.id if printed.is_new else said)
        return
    if run.format is Format.IDS:
        typer.echo(printed.id)
        return
    shown = printed.shown or view(run, printed.noun, printed.key)
    print_view(run, shown | ({"commit": commit} if commit else {}))


def print_many(run: Session, keys: Sequence[tuple[str, str]], said: Sequence[str]) -> None:
    """Print the records, by noun and key, that one command changed; `said` is a line for people on each."""
    if run.format is Format.TABLE:
        write_text("".join(f"{line}\n" for line in said))
        return
    shown = [view(run, noun, key) for noun, key in keys]
    names = ("id", "status")
    print_records(shown, [Column(name, name) for name in names], run.format)


def print_view(run: Session, shown: Mapping[str, Any]) -> None:
    print_record(shown, run.format, list(shown.items()))
