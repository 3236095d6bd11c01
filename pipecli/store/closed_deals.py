"""The deals of the index that ended, as the reports on wins and losses take them."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal

from pipecli.jsontext import loads
from pipecli.reports.days import Days
from pipecli.reports.deals import ClosedDeal
from pipecli.store.deals import Whose, condition_of, products_of_deals


def closed_deals(
    connection: sqlite3.Connection, whose: Whose, days: Days, *, with_products: bool = False
) -> list[ClosedDeal]:
    """The deals that were won, lost or closed on these days."""
    condition, parameters = condition_of(whose)
    first, last = days.first or date.min, days.last or date.max
    products = products_of_deals(connection) if with_products else {}
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.id, r.status, r.process, r.stage, r.owner, r.type, r.source, r.customer, r.currency,
            CASE r.status WHEN 'won' THEN r.exact_closed_amount ELSE r.exact_amount END,
            substr(r.created, 1, 10), r.closed_date, r.closed_reason, r.closed_competitor, r.competitors
        FROM _opportunities r
        WHERE r.status <> 'open' AND r.closed_date BETWEEN ? AND ? {condition}""",
        (first.isoformat(), last.isoformat(), *parameters),
    )
    spellings = _competitors(connection)
    known: dict[str, date] = {}

    def day(text: str) -> date:
        if text not in known:
            known[text] = date.fromisoformat(text)
        return known[text]

    def called(competitor: str) -> str:
        return spellings.setdefault(competitor.casefold(), competitor)

    return [
        ClosedDeal(
            key, status, process, stage, owner, teams.get(owner), type_, source, customer, currency,
            None if amount is None else Decimal(amount), day(created), day(closed),
            reason, called(competitor) if competitor else None,
            tuple(called(each) for each in loads(competitors)) if competitors else (), products.get(key, ()),
        )
        for key, status, process, stage, owner, type_, source, customer, currency, amount, created, closed,
        reason, competitor, competitors in rows
    ]  # fmt: skip


def _competitors(connection: sqlite3.Connection) -> dict[str, str]:
    """What every competitor with a file is called, by its slug and by its name in small letters."""
    found = connection.execute("SELECT id, name FROM _competitors").fetchall()
    return {text.casefold(): slug for slug, name in found for text in (name, slug)}
