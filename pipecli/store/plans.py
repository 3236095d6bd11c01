"""The plans on the leads and opportunities of the index, for what is due and for calendars."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pipecli.reports.followups import ACTIVITY, EXPECTED_CLOSE, NEXT_CONTACT, Plan
from pipecli.store.index.deals import OwnerFilter, is_member

_OPEN = {
    "_opportunities": "r.status = 'open'",
    "_leads": "r.status NOT IN ('converted', 'disqualified')",
}
_CUSTOMER = {
    "_opportunities": ("r.title", "r.customer", "c.name"),
    "_leads": ("d.label", "NULL", "NULL"),
}


def plans(connection: sqlite3.Connection, owner_filter: OwnerFilter, until: date) -> list[Plan]:
    """The next contacts and open activities up to `until`, of those who are to do them."""
    # A time with another offset may be of the day before or after in the pipeline's own zone.
    latest = until + timedelta(days=1) if until < date.max else until
    parts = [
        part
        for table, is_open in _OPEN.items()
        for part in (_next_contacts(table, is_open), _activities(table, f"{is_open} AND NOT a.done"))
    ]
    return _asked(connection, parts, owner_filter, latest.isoformat() + "U")  # after any time of that day


def done(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> list[Plan]:
    """The tasks and meetings that are done, by those who did them; on closed records too."""
    parts = [_activities(table, "a.done AND a.type IN ('task', 'meeting')") for table in _OPEN]
    return _asked(connection, parts, owner_filter)


def expected_closes(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> list[Plan]:
    """The days on which the owners of open deals expect to close them."""
    table = "_opportunities"
    what = f"'{EXPECTED_CLOSE}', d.key, NULL, r.expected_close AS at, r.owner"
    part = f"""{_select(table, what, type_="NULL", subject="NULL", note="NULL", duration="NULL")}
        WHERE {_OPEN[table]} AND r.expected_close IS NOT NULL"""
    return _asked(connection, [part], owner_filter)


def _asked(
    connection: sqlite3.Connection, parts: Sequence[str], owner_filter: OwnerFilter, before: str = "~"
) -> list[Plan]:
    """The plans that these questions give of those who are asked about; any day is before `~`."""
    who = [
        ('"by" = :owner', owner_filter.owner),
        (is_member('"by"', ":team"), owner_filter.team),
        ('"by" = :me', owner_filter.me),
    ]
    conditions = " AND ".join(["at < :before", *(condition for condition, value in who if value)])
    rows = connection.execute(
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE {conditions}",
        {"before": before, **owner_filter._asdict()},
    )
    return [Plan(kind, key, activity, _moment(at), *rest) for kind, key, activity, at, *rest in rows]


def _next_contacts(table: str, condition: str) -> str:
    what = f"'{NEXT_CONTACT}', d.key, NULL, r.next_contact AS at, coalesce(r.next_contact_by, r.owner)"
    note = "json_extract(d.json, '$.next_contact.note')"
    return f"""{_select(table, what, type_="NULL", subject="NULL", note=note, duration="NULL")}
        WHERE {condition} AND r.next_contact IS NOT NULL"""


def _activities(table: str, condition: str) -> str:
    what = f"""'{ACTIVITY}', d.key, a.id, a.at AS at, coalesce(a."by", r.owner)"""
    columns = _select(table, what, type_="a.type", subject="a.subject", note="a.notes", duration="a.duration")
    return f"{columns} JOIN activities a USING (path) WHERE {condition}"


def _select(table: str, what: str, *, type_: str, subject: str, note: str, duration: str) -> str:
    """The columns of a plan; `what` are its kind, record, activity and day, and who is to do it."""
    title, customer, customer_name = _CUSTOMER[table]
    customers = (
        "LEFT JOIN _customers c ON c.path = 'customers/' || r.customer || '.yaml'"
        if table == "_opportunities"
        else ""
    )
    return f"""SELECT {what} AS "by", {type_}, {subject}, {title}, {customer}, {customer_name}, {note},
        {duration} FROM {table} r JOIN _records d USING (path) {customers}"""


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
