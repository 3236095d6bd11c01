"""The SQL functions that the index's views and a user's conditions may call."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date


def register(connection: sqlite3.Connection, today: Callable[[], date]) -> None:
    """Give a connection `today()`, the day of `--today`, and `weighted()`, the rule of records.money."""
    connection.create_function("today", 0, lambda: today().isoformat())
    connection.create_function("weighted", 3, _weighted, deterministic=True)


def _weighted(amount: str | None, probability: float | None, currency: str) -> float | None:
    from decimal import Decimal

    from pipecli.records.money import weighted

    if amount is None or probability is None:
        return None
    return float(weighted(Decimal(amount), Decimal(repr(probability)), currency))
