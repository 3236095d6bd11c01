"""The leads, activities and inquiries of the index as the reports take them; loads no model."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from decimal import Decimal

from pipecli.reports.activity import Activity, OwnedDeal
from pipecli.reports.days import day_in
from pipecli.reports.first_response import Answer, Inquiry
from pipecli.reports.funnel import LeadCourse, Sale
from pipecli.store.index.deals import OwnerFilter, condition_of
from pipecli.store.index.views import OF_LEAD

_ROWS = f"""SELECT 'lead', r.id, r.created, r.first_response,
        r.status NOT IN ('converted', 'disqualified'), r.owner, r.source, r.campaign, NULL, NULL, NULL
    FROM _leads r WHERE true {{condition}}
UNION ALL
    SELECT 'opportunity', r.id, r.created, r.own_first_response,
        r.status = 'open', r.owner, r.source, r.campaign, r.type,
        {OF_LEAD.format(column="created")}, {OF_LEAD.format(column="first_response")}
    FROM _opportunities r WHERE true {{condition}}"""


def inquiries(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> Iterator[Inquiry]:
    """Every lead and every opportunity of these people; what is on a lead counts whosever it is."""
    condition, parameters = condition_of(owner_filter)
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    on_lead = _on_leads(connection)
    rows = connection.execute(_ROWS.format(condition=condition), parameters * 2)
    for kind, key, created, response, is_open, owner, source, campaign, type_, began, at_first in rows:
        of_lead = (Answer(_moment(at_first), False),) if at_first else ()
        yield Inquiry(
            kind, key, datetime.fromisoformat(created), Answer(_moment(response), bool(is_open)),
            owner, teams.get(owner), source, campaign, type_,
            datetime.fromisoformat(began) if began else None, of_lead or tuple(on_lead.get(key, ())),
        )  # fmt: skip


def _on_leads(connection: sqlite3.Connection) -> dict[str, list[Answer]]:
    answers = defaultdict[str, list[Answer]](list)
    for lead, response, is_open in connection.execute(
        "SELECT lead, own_first_response, status = 'open' FROM _opportunities WHERE lead IS NOT NULL"
    ):
        answers[lead].append(Answer(_moment(response), bool(is_open)))
    return answers


def _moment(text: str | None) -> datetime | date | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def lead_courses(connection: sqlite3.Connection, owner_filter: OwnerFilter, zone: tzinfo) -> list[LeadCourse]:
    """Every lead of these people, with the opportunities on it, whosever they are."""
    condition, parameters = condition_of(owner_filter)
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    deal_counts, sales = _lead_courses_on_leads(connection)
    rows = connection.execute(
        f"""SELECT r.id, r.created, r.owner, r.source, r.campaign,
            r.status IN ('replied', 'qualified', 'converted') OR r.last_in IS NOT NULL,
            r.status IN ('qualified', 'converted')
                OR (r.need = 'yes' AND r.budget = 'yes' AND r.timeframe = 'yes'),
            r.status = 'converted'
        FROM _leads r WHERE true {condition}""",
        parameters,
    )
    return [
        LeadCourse(
            key, day_in(datetime.fromisoformat(created), zone), owner, teams.get(owner), source, campaign,
            bool(replied), bool(qualified), bool(converted) or key in deal_counts, tuple(sales.get(key, ())),
        )
        for key, created, owner, source, campaign, replied, qualified, converted in rows
    ]  # fmt: skip


def _lead_courses_on_leads(connection: sqlite3.Connection) -> tuple[Counter[str], dict[str, list[Sale]]]:
    """By lead, how many opportunities are on it, and those that were won."""
    counts, sales = Counter[str](), defaultdict[str, list[Sale]](list)
    for lead, key, status, amount, currency, closed in connection.execute(
        "SELECT lead, id, status, exact_amount, currency, closed_date FROM _opportunities "
        "WHERE lead IS NOT NULL"
    ):
        counts[lead] += 1
        if status == "won":
            sales[lead].append(Sale(key, Decimal(amount), currency, date.fromisoformat(closed)))
    return counts, sales


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


def owned_deals(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> list[OwnedDeal]:
    """The open deals, and whose they are."""
    condition, parameters = condition_of(owner_filter)
    rows = connection.execute(
        f"""SELECT r.id, r.owner, u.team FROM _opportunities r LEFT JOIN users u ON u.id = r.owner
        WHERE r.status = 'open' {condition}""",
        parameters,
    )
    return [OwnedDeal(*row) for row in rows]
