"""What is planned on the open leads and opportunities of the index, for the report of what is due."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta

from pipecli.reports.followups import ACTIVITY, NEXT_CONTACT, Plan
from pipecli.store.deals import Whose

_OPEN = {
    "_opportunities": "r.status = 'open'",
    "_leads": "r.status NOT IN ('converted', 'disqualified')",
}
_CUSTOMER = {
    "_opportunities": ("r.title", "r.customer", "c.name"),
    "_leads": ("d.label", "NULL", "NULL"),
}


def plans(connection: sqlite3.Connection, whose: Whose, until: date) -> list[Plan]:
    """The next contacts and open activities up to `until`, of those who are to do them."""
    # A time with another offset may be of the day before or after in the pipeline's own zone.
    latest = until + timedelta(days=1) if until < date.max else until
    parts = [part for table in _OPEN for part in (_next_contacts(table), _activities(table))]
    who = [
        ('"by" = :owner', whose.owner),
        ('"by" IN (SELECT id FROM users WHERE team = :team)', whose.team),
        ('"by" = :me', whose.me),
    ]
    conditions = " AND ".join(["at < :end", *(condition for condition, value in who if value)])
    rows = connection.execute(
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE {conditions}",
        {"end": latest.isoformat() + "U", **whose._asdict()},  # after any time of that day
    )
    return [Plan(kind, key, activity, _moment(at), *rest) for kind, key, activity, at, *rest in rows]


def _next_contacts(table: str) -> str:
    title, customer, customer_name = _CUSTOMER[table]
    return f"""SELECT '{NEXT_CONTACT}' AS kind, d.key AS id, NULL AS activity, r.next_contact AS at,
        coalesce(r.next_contact_by, r.owner) AS "by", NULL AS type, NULL AS subject, {title} AS title,
        {customer} AS customer, {customer_name} AS customer_name,
        json_extract(d.json, '$.next_contact.note') AS note, NULL AS duration
    {_from(table)} AND r.next_contact IS NOT NULL"""


def _activities(table: str) -> str:
    title, customer, customer_name = _CUSTOMER[table]
    return f"""SELECT '{ACTIVITY}', d.key, a.id, a.at, coalesce(a."by", r.owner), a.type, a.subject, {title},
        {customer}, {customer_name}, a.notes, a.duration
    {_from(table, "JOIN activities a USING (path)")} AND NOT a.done"""


def _from(table: str, joined: str = "") -> str:
    customers = (
        "LEFT JOIN _customers c ON c.path = 'customers/' || r.customer || '.yaml'"
        if table == "_opportunities"
        else ""
    )
    return f"FROM {table} r JOIN _records d USING (path) {joined} {customers} WHERE {_OPEN[table]}"


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
