"""How far the leads of the index got, for the funnel."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from datetime import date, datetime, tzinfo
from decimal import Decimal

from pipecli.reports.days import day_in
from pipecli.reports.funnel import LeadCourse, Sale
from pipecli.store.deals import Whose, condition_of


def lead_courses(connection: sqlite3.Connection, whose: Whose, zone: tzinfo) -> list[LeadCourse]:
    """Every lead of these people, with the opportunities on it, whosever they are."""
    condition, parameters = condition_of(whose)
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    deal_counts, sales = _on_leads(connection)
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


def _on_leads(connection: sqlite3.Connection) -> tuple[Counter[str], dict[str, list[Sale]]]:
    """By lead, how many opportunities are on it, and those that were won."""
    counts, sales = Counter[str](), defaultdict[str, list[Sale]](list)
    for lead, key, status, amount, currency, closed in connection.execute(
        "SELECT lead, id, status, exact_closed_amount, currency, closed_date FROM _opportunities "
        "WHERE lead IS NOT NULL"
    ):
        counts[lead] += 1
        if status == "won":
            sales[lead].append(Sale(key, Decimal(amount), currency, date.fromisoformat(closed)))
    return counts, sales
