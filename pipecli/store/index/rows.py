"""Rows of the index as the reports take them, and the views that join a record to other files, settings and
day.

Nothing of a view is stored, so that a change of settings or of a product's cost changes no row.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from decimal import Decimal

from pipecli.records.kinds import KINDS
from pipecli.reports.activity import Activity, OwnedDeal
from pipecli.reports.deals import day_in
from pipecli.reports.first_response import Answer, Inquiry
from pipecli.reports.funnel import LeadCourse, Sale
from pipecli.store.index.deals import OwnerFilter, condition_of

# The cost of each line: the supplier's price where the quotation was priced from it, else the product's.
_COSTED_LINES = """(
    SELECT json_group_array(json_array(i.quantity, i.amount, json(coalesce(
        (SELECT json_array(s.unit_price, q.currency)
         FROM _records a JOIN _supplier_quotations q USING (path) JOIN items s USING (path)
         WHERE a.noun = 'supplier-quotation' AND a.key = {supplier_quotation} AND s.unit_price IS NOT NULL
         AND coalesce(s.product, s.description) = coalesce(i.product, i.description) LIMIT 1),
        (SELECT json_array(p.cost) FROM _records b JOIN _products p USING (path)
         WHERE b.noun = 'product' AND b.key = i.product AND p.cost IS NOT NULL LIMIT 1)))))
    FROM items i WHERE i.path = r.path)"""


def _document(table: str, supplier_quotation: str, joined: str = "") -> str:
    """The view of a document with items: its margin, its customer's name, and who answers for its deal."""
    lines = _COSTED_LINES.format(supplier_quotation=supplier_quotation)
    facts = f"margin_facts({lines}, r.currency, r.date)"
    return f"""
CREATE VIEW {table} AS SELECT r.*, {facts} AS margin_facts,
    CAST(json_extract({facts}, '$.margin') AS REAL) AS margin,
    c.name AS customer_name, o.title AS opportunity_title, o.owner, o.shared_with, o.stage, u.team, d.json
FROM _{table} r JOIN _records d USING (path) {joined}
LEFT JOIN _customers c ON c.path = 'customers/' || r.customer || '.yaml'
LEFT JOIN _records k ON k.noun = 'opportunity' AND k.key = r.opportunity
LEFT JOIN _opportunities o ON o.path = k.path
LEFT JOIN users u ON u.id = o.owner;"""


_QUOTATIONS = _document("quotations", "r.supplier_quotation")
_ORDERS = _document(
    "orders",
    "f.supplier_quotation",
    """LEFT JOIN _records e ON e.noun = 'quotation' AND e.key = r.quotation
LEFT JOIN _quotations f ON f.path = e.path""",
)

_SUPPLIER_QUOTATIONS = """
CREATE VIEW supplier_quotations AS SELECT r.*,
    s.name AS supplier_name, o.title AS opportunity_title, o.owner, o.shared_with, o.stage, u.team, d.json
FROM _supplier_quotations r JOIN _records d USING (path)
LEFT JOIN _suppliers s ON s.path = 'suppliers/' || r.supplier || '.yaml'
LEFT JOIN _records k ON k.noun = 'opportunity' AND k.key = r.opportunity
LEFT JOIN _opportunities o ON o.path = k.path
LEFT JOIN users u ON u.id = o.owner;"""

_LEADS = """
CREATE VIEW leads AS SELECT r.*,
    CASE WHEN r.status IN ('converted', 'disqualified') THEN '' ELSE
        rtrim(CASE r.need WHEN 'yes' THEN '' ELSE 'need, ' END
            || CASE r.budget WHEN 'yes' THEN '' ELSE 'budget, ' END
            || CASE r.timeframe WHEN 'yes' THEN '' ELSE 'timeframe, ' END
            || CASE r.authority WHEN 'yes' THEN '' ELSE 'authority' END, ', ')
    END AS missing,
    u.team, u.name AS owner_name, d.json
FROM _leads r JOIN _records d USING (path) LEFT JOIN users u ON u.id = r.owner;"""

OF_LEAD = (
    "(SELECT l.{column} FROM _records k JOIN _leads l USING (path) "
    "WHERE k.noun = 'lead' AND k.key = r.lead LIMIT 1)"
)
"""A column of the lead of a deal, whose row is `r`; NULL where it has none."""
_OF_LEAD = OF_LEAD.format(column="first_response")
# The one with an hour before one with a bare day, else the earlier; texts with other offsets don't compare.
_FIRST_RESPONSE = f"""CASE
        WHEN r.own_first_response IS NULL THEN {_OF_LEAD}
        WHEN {_OF_LEAD} IS NULL THEN r.own_first_response
        WHEN (r.own_first_response LIKE '%T%') = ({_OF_LEAD} LIKE '%T%')
        THEN CASE WHEN julianday({_OF_LEAD}) < julianday(r.own_first_response)
            THEN {_OF_LEAD} ELSE r.own_first_response END
        WHEN r.own_first_response LIKE '%T%' THEN r.own_first_response
        ELSE {_OF_LEAD} END"""

_OPPORTUNITIES = f"""
CREATE VIEW opportunities AS SELECT r.*,
    {_FIRST_RESPONSE} AS first_response,
    CASE WHEN {_FIRST_RESPONSE} LIKE '%T%' THEN max(0, CAST(1e-6 + 1440 * (julianday({_FIRST_RESPONSE})
        - min(julianday(r.created), julianday(coalesce({OF_LEAD.format(column="created")}, r.created))))
        AS INTEGER))
    END AS minutes_to_first_response,
    coalesce(r.probability_by_hand, s.probability) AS probability,
    s.probability AS stage_probability, s.position AS stage_position, s.rotting_days,
    CASE r.status WHEN 'open' THEN
        weighted(r.exact_amount, coalesce(r.probability_by_hand, s.probability), r.currency)
    END AS weighted,
    u.team, u.name AS owner_name, c.name AS customer_name,
    CAST(julianday(coalesce(r.closed_date, today())) - julianday(substr(r.created, 1, 10)) AS INTEGER)
        AS age_days,
    d.json
FROM _opportunities r JOIN _records d USING (path)
LEFT JOIN stages s ON s.process = r.process AND s.id = r.stage
LEFT JOIN users u ON u.id = r.owner
LEFT JOIN _customers c ON c.path = 'customers/' || r.customer || '.yaml';"""

_NAMES = """
CREATE VIEW _names AS SELECT noun, key FROM _records
UNION ALL SELECT 'user', id FROM users
UNION ALL SELECT 'team', id FROM teams
UNION ALL SELECT 'process', process FROM stages
UNION ALL SELECT 'stage', process || '/' || id FROM stages;"""

_OWN = {
    "leads": _LEADS,
    "opportunities": _OPPORTUNITIES,
    "quotations": _QUOTATIONS,
    "supplier_quotations": _SUPPLIER_QUOTATIONS,
    "orders": _ORDERS,
}


def views() -> str:
    """The SQL that makes every view, one a table of records."""
    return "\n".join([*(_OWN.get(kind.table) or _plain(kind.table) for kind in KINDS), _NAMES])


def _plain(table: str) -> str:
    return f"CREATE VIEW {table} AS SELECT r.*, d.json FROM _{table} r JOIN _records d USING (path);"


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
