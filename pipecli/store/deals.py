"""The deals of the index as the reports take them, without importing a model."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.deals import Deal
from pipecli.reports.forecast import Window
from pipecli.store.teams import is_member


class Whose(NamedTuple):
    """Whose records count: what `--owner`, `--team` and `--mine` say; None: everybody's.

    A team's are those of its members, and of the teams below it.
    """

    owner: str | None = None
    team: str | None = None
    me: str | None = None
    my_team: str | None = None


def deals(
    connection: sqlite3.Connection, whose: Whose, window: Window, *, with_products: bool = False
) -> list[Deal]:
    """The open deals, and those won in a window; those shared with `whose.me` too."""
    condition, parameters = condition_of(whose)
    first, last = window.first or date.min, window.last or date.max
    products = products_of_deals(connection) if with_products else {}
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    stages, categories = _stages(connection)
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.status, r.process, r.stage, r.owner, r.type, r.source, r.customer, r.currency,
            CASE r.status WHEN 'won' THEN r.exact_closed_amount ELSE r.exact_amount END,
            r.probability_by_hand,
            CASE r.status WHEN 'won' THEN r.closed_date ELSE r.expected_close END, r.id
        FROM _opportunities r
        WHERE (r.status = 'open' OR r.status = 'won' AND r.closed_date BETWEEN ? AND ?) {condition}""",
        (first.isoformat(), last.isoformat(), *parameters),
    )
    days: dict[str | None, date | None] = {None: None}
    found = []
    for status, process, stage, owner, type_, source, customer, currency, amount, by_hand, close, key in rows:
        if close not in days:
            days[close] = date.fromisoformat(close)
        found.append(
            Deal(
                status, process, stage, owner, teams.get(owner), type_, source, customer, currency,
                None if amount is None else Decimal(amount),
                stages.get((process, stage)) if by_hand is None else Decimal(repr(by_hand)),
                days[close], products.get(key, ()),
                categories.get((process, stage)),
            )
        )  # fmt: skip
    return found


def _stages(
    connection: sqlite3.Connection,
) -> tuple[dict[tuple[str, str], Decimal], dict[tuple[str, str], str]]:
    """Each stage's probability and category: where some stage has one, `pipeline` is that of the others."""
    rows = connection.execute("SELECT process, id, probability, category FROM stages").fetchall()
    probabilities = {(process, stage): Decimal(repr(percent)) for process, stage, percent, _ in rows}
    if not any(category for *_, category in rows):
        return probabilities, {}
    return probabilities, {(process, stage): category or "pipeline" for process, stage, _, category in rows}


def condition_of(whose: Whose) -> tuple[str, list[str | None]]:
    """More of a WHERE clause over the deals `r`, beginning with AND, and its parameters."""
    condition, parameters = "", list[str | None]()
    if whose.owner:
        condition += " AND r.owner = ?"
        parameters.append(whose.owner)
    if whose.team:
        condition += f" AND {is_member('r.owner')}"
        parameters.append(whose.team)
    if whose.me:
        condition += (
            " AND (r.owner = ? OR EXISTS (SELECT 1 FROM json_each(r.shared_with) WHERE value IN (?, ?)))"
        )
        parameters += [whose.me, whose.me, whose.my_team]
    return condition, parameters


def products_of_deals(connection: sqlite3.Connection) -> dict[str, tuple[tuple[str | None, Decimal], ...]]:
    """The product and the amount of each item, by the deal's id."""
    found: dict[str, list[tuple[str | None, Decimal]]] = defaultdict(list)
    for deal, product, amount in connection.execute(
        "SELECT record, product, amount FROM items WHERE noun = 'opportunity' ORDER BY record, position"
    ):
        found[deal].append((product, Decimal(repr(amount))))
    return {deal: tuple(items) for deal, items in found.items()}
