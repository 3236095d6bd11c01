"""The activities of the index, as the report on what was done takes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, tzinfo

from pipecli.reports.activity import Activity, OwnedDeal
from pipecli.store.deals import Whose, condition_of


def activities(connection: sqlite3.Connection, zone: tzinfo) -> Iterator[Activity]:
    """Everything done or planned on leads and opportunities, on its day in the pipeline's timezone.

    What was done on a lead stands on its opportunity too, once that is made: it counts there.
    """
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    carried = set(
        connection.execute(
            "SELECT r.lead, a.id FROM _opportunities r JOIN activities a USING (path) WHERE r.lead > ''"
        ).fetchall()
    )
    for record, key, is_open, user, type_, direction, at, done in connection.execute(_ACTIVITIES):
        if (record, key) not in carried:
            yield Activity(
                record, bool(is_open), user, teams.get(user), type_, direction, _day(at, zone), bool(done)
            )


_ACTIVITIES = """
SELECT a.record, a.id, r.status = 'open', coalesce(a."by", r.owner), a.type, a.direction, a.at, a.done
FROM _opportunities r JOIN activities a USING (path)
UNION ALL
SELECT a.record, a.id, r.status NOT IN ('converted', 'disqualified'), coalesce(a."by", r.owner), a.type,
    a.direction, a.at, a.done
FROM _leads r JOIN activities a USING (path)"""


def _day(at: str, zone: tzinfo) -> date:
    return datetime.fromisoformat(at).astimezone(zone).date() if "T" in at else date.fromisoformat(at)


def owned_deals(connection: sqlite3.Connection, whose: Whose) -> list[OwnedDeal]:
    """The open deals, and whose they are."""
    condition, parameters = condition_of(whose)
    rows = connection.execute(
        f"""SELECT r.id, r.owner, u.team FROM _opportunities r LEFT JOIN users u ON u.id = r.owner
        WHERE r.status = 'open' {condition}""",
        parameters,
    )
    return [OwnedDeal(*row) for row in rows]
