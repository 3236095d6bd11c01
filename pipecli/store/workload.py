"""The workload of users in leads or opportunities, and whose turn it was last, for the assignment rules."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from pipecli.records.kinds import LEAD, OPPORTUNITY, Kind
from pipecli.workflow.assignment import Standing

_OPEN = {LEAD.noun: "status NOT IN ('converted', 'disqualified')", OPPORTUNITY.noun: "status = 'open'"}


def standing(connection: sqlite3.Connection, kind: Kind) -> Standing:
    """The standing of the users with all leads, or all opportunities, of an index."""
    table = f"_{kind.table}"
    turns: dict[str, dict[str | None, int]] = defaultdict(dict)
    for rule, owner, turn in connection.execute(
        f"SELECT assigned_rule, owner, max(assigned_turn) FROM {table} WHERE assigned_turn IS NOT NULL "
        "GROUP BY assigned_rule, owner"
    ):
        turns[rule][owner] = turn
    owned = connection.execute(
        f"SELECT owner, max(julianday(created)), total({_OPEN[kind.noun]}) FROM {table} "
        "WHERE owner IS NOT NULL GROUP BY owner"
    ).fetchall()
    return Standing(
        turns,
        newest={owner: newest for owner, newest, _ in owned if newest is not None},
        open={owner: int(count) for owner, _, count in owned},
    )


def unowned(connection: sqlite3.Connection, kind: Kind) -> list[str]:
    """The files of the open records that nobody owns, in the order in which they were created."""
    rows = connection.execute(
        f"SELECT path FROM _{kind.table} WHERE owner IS NULL AND {_OPEN[kind.noun]} "
        "ORDER BY julianday(created), id"
    )
    return [path for (path,) in rows.fetchall()]
