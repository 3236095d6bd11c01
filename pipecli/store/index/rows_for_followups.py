"""Rows of what is planned: next contacts, activities, quotations that wait, all that a user has to do.

Only of what is open and not on hold, and each for who does it, else the owner: that is asked here. Which of
them are due by a day is decided in `reports/today_and_followups.py` (`due_of`).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY
from pipecli.reports.today_and_followups import (
    ACTIVITY,
    EXPECTED_CLOSE,
    HOLD,
    INVOICE,
    NEXT_CONTACT,
    FollowUp,
    PlannedAction,
    SentQuotation,
    due_of,
)
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter, condition_of, is_member
from pipecli.store.index.rows_for_reports import moment_or_day
from pipecli.store.index.rows_for_verbs import OPEN
from pipecli.store.index.views_and_functions import ITS_CUSTOMER, marks
from pipecli.store.pipeline import Pipeline

_OPEN = {f"_{kind.table}": f"r.{OPEN[kind.noun]}" for kind in (OPPORTUNITY, LEAD)}
_CUSTOMER = {
    "_opportunities": ("r.title", "r.customer", "c.name"),
    "_leads": ("d.label", "NULL", "NULL"),
}


def followups_until(pipeline: Pipeline, owner_filter: OwnerFilter, until: date) -> list[FollowUp]:
    """What is due on or before a day: next contacts, open activities, ends of holds, unpaid invoices."""
    planned = planned_actions(pipeline.connection, owner_filter, until, to_remind=True)
    return due_of(planned, pipeline.now, until)


def planned_actions(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, until: date, *, to_remind: bool = False
) -> list[PlannedAction]:
    """The next contacts and open activities up to `until`, of those who are to do them.

    `to_remind`: with the invoices that are to be paid and the deals whose hold ends until then, and without
    what is planned on deals that are still on hold.
    """
    # A time with another offset may be of the day before or after in the pipeline's own zone.
    latest = until + timedelta(days=1) if until < date.max else until
    wanted = dict(_OPEN)
    if to_remind:  # a lead is never on hold
        wanted["_opportunities"] += " AND coalesce(r.hold_until, '') <= today()"
    parts = [
        part
        for table, condition in wanted.items()
        for part in (_next_contacts(table, condition), _activities(table, f"{condition} AND NOT a.done"))
    ]
    if to_remind:
        parts += [_HOLDS, _UNPAID]
    after_its_last_hour = f"{latest}U"  # times are written `…T23:59`, and U comes after T
    return _asked(connection, parts, owner_filter, after_its_last_hour)


def done(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> list[PlannedAction]:
    """The tasks and meetings that are done, by those who did them; on closed records too."""
    parts = [_activities(table, "a.done AND a.type IN ('task', 'meeting')") for table in _OPEN]
    return _asked(connection, parts, owner_filter)


def expected_closes(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> list[PlannedAction]:
    """The days on which the owners of open deals expect to close them."""
    table = "_opportunities"
    what = f"'{EXPECTED_CLOSE}', d.key, NULL, r.expected_close AS at, r.owner"
    part = f"""{_select(table, what, type_="NULL", subject="NULL", note="NULL", duration="NULL")}
        WHERE {_OPEN[table]} AND r.expected_close IS NOT NULL"""
    return _asked(connection, [part], owner_filter)


_HOLDS = f"""SELECT '{HOLD}', r.id, NULL, r.hold_until AS at, r.owner AS "by", 'hold',
        r.hold_reason, r.title, r.customer, c.name, NULL, NULL
    FROM _opportunities r {ITS_CUSTOMER}
    WHERE r.status = 'open' AND r.hold_until IS NOT NULL"""
_UNPAID = f"""SELECT '{INVOICE}', id, NULL, due AS at, owner AS "by", 'invoice',
        number || ' ' || exact_total || ' ' || open || ' ' || currency,
        coalesce(opportunity_title, id), customer, customer_name, NULL, NULL
    FROM invoices WHERE status = 'issued' AND due IS NOT NULL AND open > 0"""


def sent_quotations(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> Iterator[SentQuotation]:
    """The sent quotations of the open deals of an owner filter, and of no deal."""
    condition, parameters = condition_of(owner_filter, "o.")
    rows = connection.execute(
        f"""SELECT r.id, r.valid_until, coalesce(json_extract(d.json, '$.sent'), r.date), o.last_in,
            o.owner, coalesce(o.title, r.id), coalesce(c.name, r.customer, r.lead)
        FROM _quotations r JOIN _records d USING (path)
        LEFT JOIN _records k ON k.noun = 'opportunity' AND k.key = r.opportunity
        LEFT JOIN _opportunities o ON o.path = k.path
        {ITS_CUSTOMER}
        WHERE r.status = 'sent' AND (o.id IS NULL OR o.status = 'open') {condition}
        ORDER BY r.valid_until, r.id""",
        parameters,
    )
    for id_, until, sent, last_in, *rest in rows:
        said = moment_or_day(last_in) if last_in else None
        yield SentQuotation(id_, date.fromisoformat(until), moment_or_day(sent), said, *rest)


def _asked(
    connection: sqlite3.Connection, parts: Sequence[str], owner_filter: OwnerFilter, before: str = "~"
) -> list[PlannedAction]:
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
    return [
        PlannedAction(kind, key, activity, moment_or_day(at), *rest)
        for kind, key, activity, at, *rest in rows
    ]


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
    customers = ITS_CUSTOMER if table == "_opportunities" else ""
    return f"""SELECT {what} AS "by", {type_}, {subject}, {title}, {customer}, {customer_name}, {note},
        {duration} FROM {table} r JOIN _records d USING (path) {customers}"""


class Responsibility(NamedTuple):
    """A record with something that is a user's: open ones, and the customers that they look after."""

    noun: str
    key: str
    label: str
    path: str
    is_owned: bool
    plans: tuple[PlannedAction, ...]
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
    planned: defaultdict[str, list[PlannedAction]] = defaultdict(list)
    for plan in planned_actions(connection, OwnerFilter(owner=user), date.max):
        planned[plan.id].append(plan)
    result = []
    for kind in (OPPORTUNITY, LEAD, CUSTOMER):
        is_open = OPEN.get(kind.noun, "true")
        rows = connection.execute(
            f"SELECT d.key, d.label, d.path, r.owner IS ? FROM _{kind.table} r JOIN _records d USING (path) "
            f"WHERE {is_open} AND (r.owner = ? OR d.key IN ({marks(planned)})) ORDER BY d.key",
            (user, user, *planned),
        )
        result += [
            Responsibility(kind.noun, key, label, path, bool(is_owned), tuple(planned.get(key, ())))
            for key, label, path, is_owned in rows.fetchall()
        ]
    return result


def parts_sold(connection: sqlite3.Connection, user: str) -> list[tuple[str, str]]:
    """The open deals that a user is a seller of, each with their percent of it."""
    rows = connection.execute(
        "SELECT o.id, json_extract(value, '$[1]') FROM opportunities o, json_each(o.sellers) "
        "WHERE o.status = 'open' AND json_extract(value, '$[0]') = ? ORDER BY o.id",
        (user,),
    )
    return rows.fetchall()
