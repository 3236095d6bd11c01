"""The deals of the index with their beginnings and ends, for the reports on how they move."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from pipecli.jsontext import loads
from pipecli.reports.days import day_in
from pipecli.reports.deals import Journey
from pipecli.store.deals import Whose, condition_of


class Begun(NamedTuple):
    """A deal without its stays, and what its file says of them."""

    journey: Journey
    created: datetime
    facts: Mapping[str, object]
    """`custom.stage_entered`: by stage when it came there, as an import wrote it."""


def begun(
    connection: sqlite3.Connection, whose: Whose, zone: tzinfo, *, with_facts: bool = True
) -> list[Begun]:
    """Every deal of these people, days being those of a timezone; the facts only where they are needed."""
    condition, parameters = condition_of(whose)
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    facts = _facts(connection) if with_facts else {}
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.path, r.created, r.closed_date, r.id, r.status, r.process, r.stage, r.owner, r.type,
            r.source, r.campaign, r.currency, r.lead IS NOT NULL,
            CASE r.status WHEN 'won' THEN r.exact_closed_amount ELSE r.exact_amount END
        FROM _opportunities r WHERE true {condition}""",
        parameters,
    )
    found = []
    for (
        path, created_text, closed, key, status, process, stage, owner, type_, source, campaign, currency,
        has_lead, amount,
    ) in rows:  # fmt: skip
        created = datetime.fromisoformat(created_text)
        journey = Journey(
            key, status, process, stage, owner, teams.get(owner), type_, source, campaign, currency,
            None if amount is None else Decimal(amount), day_in(created, zone),
            date.fromisoformat(closed) if closed else None, bool(has_lead),
        )  # fmt: skip
        found.append(Begun(journey, created, facts.get(path, {})))
    return found


def _facts(connection: sqlite3.Connection) -> dict[str, Mapping[str, object]]:
    """By file. Looked for as text first: one deal in a thousand has any, and JSON takes its time."""
    rows = connection.execute(
        """SELECT path, json_extract(json, '$.custom.stage_entered') FROM _records
        WHERE noun = 'opportunity' AND instr(json, '"stage_entered"')"""
    )
    found: dict[str, Mapping[str, object]] = {}
    for path, text in rows:
        said = loads(text) if isinstance(text, str) and text.startswith("{") else {}
        found[path] = said if isinstance(said, dict) else {}
    return found
