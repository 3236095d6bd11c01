"""The SQL functions that the index's views and a user's conditions may call."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipecli.records.money import Rates


def register(connection: sqlite3.Connection, today: Callable[[], date], rates: Callable[[], Rates]) -> None:
    """Give a connection `today()`, the day of `--today`, and the rules `weighted()` and `margin_facts()`.

    And `casefold()`: SQLite's own `lower()` knows no letter beyond A to Z.
    """
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    connection.create_function("today", 0, lambda: today().isoformat())
    connection.create_function("weighted", 3, _weighted, deterministic=True)
    connection.create_function(
        "margin_facts", 3, lambda lines, currency, day: _margin_facts(lines, currency, day, rates())
    )


def _casefold(text: str | None) -> str | None:
    return None if text is None else str(text).casefold()


def _weighted(amount: str | None, probability: float | None, currency: str) -> float | None:
    from decimal import Decimal

    from pipecli.records.money import weighted

    if amount is None or probability is None:
        return None
    return float(weighted(Decimal(amount), Decimal(repr(probability)), currency))


def _margin_facts(costed: str, currency: str, day: str, rates: Rates) -> str | None:
    """What is known of a margin, by the keys that `show` gives it; None where no cost is known.

    Money is text, since SQLite would read a number in JSON as a float. `costed` holds a line an item:
    quantity, amount, and the cost of one with its currency (none: the base).
    """
    from decimal import Decimal

    from pipecli.jsontext import dumps, loads
    from pipecli.records.money import CostedLine, MissingRate, margin

    lines = []
    for quantity, amount, cost in loads(costed):
        unit, unit_currency = (*(cost or (None,)), rates.base)[:2]
        exact = None if unit is None else Decimal(unit)
        lines.append(CostedLine(Decimal(quantity), Decimal(amount), exact, unit_currency))
    try:
        known = margin(lines, currency, rates, date.fromisoformat(day))
    except MissingRate as missing:
        return dumps({"margin_unknown": missing.message}, indent=None)
    if known is None:
        return None
    facts = {
        "margin": str(known.amount),
        "margin_percent": None if known.percent is None else str(known.percent),
        "items_without_cost": known.uncosted or None,
    }
    return dumps({name: value for name, value in facts.items() if value is not None}, indent=None)
