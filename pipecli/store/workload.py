"""The workload of users in leads, deals and planned work, and their last turns by the assignment rules."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date
from typing import NamedTuple

from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY, Kind
from pipecli.reports.followups import Plan
from pipecli.store.index.deals import OwnerFilter
from pipecli.store.plans import plans
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


class Responsibility(NamedTuple):
    """A record with something that is a user's: open ones, and the customers that they look after."""

    noun: str
    key: str
    label: str
    path: str
    is_owned: bool
    plans: tuple[Plan, ...]
    """The next contact and the planned activities that are theirs."""

    @property
    def words(self) -> str:
        """`OPP-2Q8XA Chairs; call on 2026-11-20 "Prices"`."""
        planned = [
            f"{plan.type or 'next contact'} on {plan.at:%Y-%m-%d}"
            + (f' "{plan.subject}"' if plan.subject else "")
            for plan in self.plans
        ]
        return "; ".join([f"{self.key} {self.label}", *planned])


def responsibilities(connection: sqlite3.Connection, user: str) -> list[Responsibility]:
    """All that is a user's and not done: deals, leads, planned work on others' too, customers."""
    planned: defaultdict[str, list[Plan]] = defaultdict(list)
    for plan in plans(connection, OwnerFilter(owner=user), date.max):
        planned[plan.id].append(plan)
    marks = ", ".join("?" * len(planned))
    result = []
    for kind in (OPPORTUNITY, LEAD, CUSTOMER):
        is_open = _OPEN.get(kind.noun, "true")
        rows = connection.execute(
            f"SELECT d.key, d.label, d.path, r.owner IS ? FROM _{kind.table} r JOIN _records d USING (path) "
            f"WHERE {is_open} AND (r.owner = ? OR d.key IN ({marks})) ORDER BY d.key",
            (user, user, *planned),
        )
        result += [
            Responsibility(kind.noun, key, label, path, bool(is_owned), tuple(planned.get(key, ())))
            for key, label, path, is_owned in rows.fetchall()
        ]
    return result
