"""Who waits for a first response, or did: the leads and opportunities of the index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from pipecli.reports.first_response import Answer, Inquiry
from pipecli.store.deals import Whose, condition_of

_ROWS = """SELECT 'lead', r.id, r.created, r.first_response,
        r.status NOT IN ('converted', 'disqualified'), r.owner, r.source, r.campaign, NULL, false
    FROM _leads r WHERE true {condition}
UNION ALL
    SELECT 'opportunity', r.id, r.created, r.first_response,
        r.status = 'open', r.owner, r.source, r.campaign, r.type,
        EXISTS (SELECT 1 FROM _records l WHERE l.noun = 'lead' AND l.key = r.lead)
    FROM _opportunities r WHERE true {condition}"""


def inquiries(connection: sqlite3.Connection, whose: Whose) -> Iterator[Inquiry]:
    """Every lead and every opportunity of these people; what is on a lead counts whosever it is."""
    condition, parameters = condition_of(whose)
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    on_lead = _on_leads(connection)
    rows = connection.execute(_ROWS.format(condition=condition), parameters * 2)
    for kind, key, created, response, is_open, owner, source, campaign, type_, has_lead in rows:
        yield Inquiry(
            kind, key, datetime.fromisoformat(created), Answer(_moment(response), bool(is_open)),
            owner, teams.get(owner), source, campaign, type_, bool(has_lead), tuple(on_lead.get(key, ())),
        )  # fmt: skip


def _on_leads(connection: sqlite3.Connection) -> dict[str, list[Answer]]:
    found = defaultdict[str, list[Answer]](list)
    for lead, response, is_open in connection.execute(
        "SELECT lead, first_response, status = 'open' FROM _opportunities WHERE lead IS NOT NULL"
    ):
        found[lead].append(Answer(_moment(response), bool(is_open)))
    return found


def _moment(text: str | None) -> datetime | date | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
