"""The open deals of the index, as the reports on what stands now take them."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal

from pipecli.reports.days import Days
from pipecli.reports.deals import OpenDeal
from pipecli.store.deals import Whose, condition_of


def open_deals(
    connection: sqlite3.Connection, whose: Whose, days: Days, *, with_activities: bool = False
) -> list[OpenDeal]:
    """The open deals that are expected to close on these days; without bounds those without a day too.

    Only `with_activities` gives the day of the last one.
    """
    condition, parameters = condition_of(whose)
    for bound, sign in ((days.first, ">="), (days.last, "<=")):
        if bound:
            condition += f" AND r.expected_close {sign} ?"
            parameters.append(bound.isoformat())
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    stages = {
        (process, stage): (Decimal(repr(probability)), rotting_days)
        for process, stage, probability, rotting_days in connection.execute(
            "SELECT process, id, probability, rotting_days FROM stages"
        )
    }
    last = _LAST_ACTIVITIES if with_activities else "NULL"
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.id, r.title, r.process, r.stage, r.owner, r.type, r.source, r.customer, r.currency,
            r.exact_amount, r.probability_by_hand, r.expected_close, substr(r.created, 1, 10), {last}, r.score
        FROM _opportunities r WHERE r.status = 'open' {condition}""",
        parameters,
    )
    known: dict[str | None, date | None] = {None: None}

    def day(text: str | None) -> date | None:
        if text not in known and text:
            known[text] = date.fromisoformat(text)
        return known[text]

    found = []
    for (
        key, title, process, stage, owner, type_, source, customer, currency, amount, by_hand, close, created,
        active, score,
    ) in rows:  # fmt: skip
        probability, rotting_days = stages.get((process, stage), (Decimal(0), None))
        found.append(
            OpenDeal(
                key, title, process, stage, owner, teams.get(owner), type_, source, customer, currency,
                None if amount is None else Decimal(amount),
                probability if by_hand is None else Decimal(repr(by_hand)),
                day(close), day(created) or date.min, day(active), rotting_days, score,
            )
        )  # fmt: skip
    return found


_LAST_ACTIVITIES = """(
    SELECT max(substr(a.at, 1, 10)) FROM activities a WHERE a.path = r.path AND a.done)"""
