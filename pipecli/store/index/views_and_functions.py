"""The views that join a record to other files, settings and day, and the functions of their SQL.

Nothing of a view is stored, so that a change of settings or of a product's cost changes no row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sized
from datetime import date
from typing import TYPE_CHECKING, Protocol
from weakref import proxy

from pipecli.records.kinds import KINDS

if TYPE_CHECKING:
    from pipecli.records.money import Rates

# The cost of each line that counts, freight and charges apart: the supplier's price where the quotation was
# priced from it, else the product's.
_COSTED_LINES = """(
    SELECT json_group_array(json_array(i.quantity, i.term, i.amount, json(coalesce(
        (SELECT json_array(s.unit_price, q.currency)
         FROM _records a JOIN _supplier_quotations q USING (path) JOIN items s USING (path)
         WHERE a.noun = 'supplier-quotation' AND a.key = {supplier_quotation} AND s.unit_price IS NOT NULL
         AND coalesce(s.product, s.description) = coalesce(i.product, i.description) LIMIT 1),
        (SELECT json_array(p.cost) FROM _records b JOIN _products p USING (path)
         WHERE b.noun = 'product' AND b.key = i.product AND p.cost IS NOT NULL LIMIT 1)))))
    FROM items i WHERE i.path = r.path AND i.amount IS NOT NULL AND i.kind IS NULL)"""


ITS_CUSTOMER = "LEFT JOIN _customers c ON c.path = 'customers/' || r.customer || '.yaml'"
"""The customer `c` of a row `r`."""
_DEAL = "o.title AS opportunity_title, o.owner, o.shared_with, o.sellers, o.stage, u.team, d.json"
_OF_DEAL = """LEFT JOIN _records k ON k.noun = 'opportunity' AND k.key = r.opportunity
LEFT JOIN _opportunities o ON o.path = k.path
LEFT JOIN users u ON u.id = o.owner"""
"""The deal of a paper, and who answers for it."""


def _document(table: str, supplier_quotation: str, joined: str = "") -> str:
    """The view of a document with items: its margin, its customer's name, and who answers for its deal."""
    lines = _COSTED_LINES.format(supplier_quotation=supplier_quotation)
    return f"""
CREATE VIEW {table} AS SELECT r.*, CAST(json_extract(r.margin_facts, '$.margin') AS REAL) AS margin,
    c.name AS customer_name, {_DEAL}
FROM (SELECT r.*, margin_facts({lines}, r.currency, r.date) AS margin_facts FROM _{table} r {joined}) r
JOIN _records d USING (path)
{ITS_CUSTOMER}
{_OF_DEAL};"""


_QUOTATIONS = _document("quotations", "r.supplier_quotation")
_ORDERS = _document(
    "orders",
    "f.supplier_quotation",
    """LEFT JOIN _records e ON e.noun = 'quotation' AND e.key = r.quotation
LEFT JOIN _quotations f ON f.path = e.path""",
)

_SUPPLIER_QUOTATIONS = f"""
CREATE VIEW supplier_quotations AS SELECT r.*,
    s.name AS supplier_name, {_DEAL}
FROM _supplier_quotations r JOIN _records d USING (path)
LEFT JOIN _suppliers s ON s.path = 'suppliers/' || r.supplier || '.yaml'
{_OF_DEAL};"""

_INVOICES = f"""
CREATE VIEW invoices AS SELECT r.*,
    CASE WHEN r.status = 'issued' AND r.due < today() AND r.open > 0
        THEN CAST(julianday(today()) - julianday(r.due) AS INTEGER) END AS overdue_days,
    c.name AS customer_name, {_DEAL}
FROM (SELECT i.*, CASE WHEN i.credits IS NOT NULL OR i.status = 'draft' THEN 0 ELSE round(i.total - i.paid
        + coalesce((SELECT sum(n.total - n.paid) FROM _invoices n
            WHERE n.credits = i.id AND n.status <> 'draft'), 0), 4) END AS open FROM _invoices i) r
JOIN _records d USING (path)
{ITS_CUSTOMER}
{_OF_DEAL};"""

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
_FIRST_RESPONSE = f"""CASE WHEN r.own_first_response IS NULL OR
        ({_OF_LEAD} NOT LIKE '%T%', julianday({_OF_LEAD}))
        < (r.own_first_response NOT LIKE '%T%', julianday(r.own_first_response))
    THEN {_OF_LEAD} ELSE r.own_first_response END"""

PROBABILITY = "coalesce(r.probability_by_hand, s.probability)"
"""The probability of a deal `r` at a stage `s`: its own, else the stage's."""
ITS_STAGE = "LEFT JOIN stages s ON s.process = r.process AND s.id = r.stage AND r.closed_stage IS NULL"
"""The stage `s` of a deal `r`; none where it ended nobody knows where (`closed.stage`)."""

_OPPORTUNITIES = f"""
CREATE VIEW opportunities AS SELECT r.*,
    CASE WHEN r.first_response LIKE '%T%' THEN max(0, CAST(1e-6 + 1440 * (julianday(r.first_response)
        - min(julianday(r.created), julianday(coalesce({OF_LEAD.format(column="created")}, r.created))))
        AS INTEGER))
    END AS minutes_to_first_response,
    {PROBABILITY} AS probability,
    s.probability AS stage_probability, s.position AS stage_position, s.rotting_days,
    CASE r.status WHEN 'open' THEN weighted(r.exact_amount, {PROBABILITY}, r.currency) END AS weighted,
    u.team, u.name AS owner_name, c.name AS customer_name,
    CAST(julianday(coalesce(r.closed_date, today())) - julianday(substr(r.created, 1, 10)) AS INTEGER)
        AS age_days,
    d.json
FROM (SELECT r.*, {_FIRST_RESPONSE} AS first_response FROM _opportunities r) r JOIN _records d USING (path)
{ITS_STAGE}
LEFT JOIN users u ON u.id = r.owner
{ITS_CUSTOMER};"""

_NAMES = """
CREATE VIEW _names AS SELECT noun, key FROM _records
UNION ALL SELECT 'user', id FROM users
UNION ALL SELECT 'team', id FROM teams
UNION ALL SELECT 'process', process FROM stages
UNION ALL SELECT 'stage', process || '/' || id FROM stages;"""

# Six rows a deal would be half of the index; `names` is there so that most records are passed over as text.
_REFERENCES = """
CREATE VIEW _references AS SELECT r.path, json_extract(n.value, '$[0]') AS field,
    json_extract(n.value, '$[1]') AS noun, json_extract(n.value, '$[2]') AS key, r.names
FROM _records r, json_each(r.names) n;"""

_OWN = {
    "leads": _LEADS,
    "opportunities": _OPPORTUNITIES,
    "quotations": _QUOTATIONS,
    "supplier_quotations": _SUPPLIER_QUOTATIONS,
    "orders": _ORDERS,
    "invoices": _INVOICES,
}


def views() -> str:
    """The SQL that makes every view, one a table of records."""
    return "\n".join([*(_OWN.get(kind.table) or _plain(kind.table) for kind in KINDS), _NAMES, _REFERENCES])


def marks(values: Sized) -> str:
    """The places of so many values in SQL: `?, ?, ?`."""
    return ", ".join("?" * len(values))


class _Present(Protocol):
    """A pipeline, of which the functions ask the day and the exchange rates."""

    @property
    def today(self) -> date: ...
    @property
    def rates(self) -> Rates: ...


def register_sql_functions(connection: sqlite3.Connection, pipeline: _Present) -> None:
    """Give a connection `today()`, the day of `--today`, and the rules `weighted()` and `margin_facts()`.

    And `casefold()`: SQLite's own `lower()` knows no letter beyond A to Z. The connection doesn't keep the
    pipeline that keeps it: neither would ever go.
    """
    present = proxy(pipeline)
    connection.create_function(
        "casefold", 1, lambda text: None if text is None else str(text).casefold(), deterministic=True
    )
    connection.create_function("today", 0, lambda: present.today.isoformat(), deterministic=True)
    connection.create_function("weighted", 3, _weighted, deterministic=True)
    connection.create_function(
        "margin_facts", 3, lambda lines, currency, day: _margin_facts(lines, currency, day, present.rates)
    )


def _weighted(amount: str | None, probability: float | None, currency: str) -> float | None:
    from decimal import Decimal

    from pipecli.records.money import weighted_amount

    if amount is None or probability is None:
        return None
    return float(weighted_amount(Decimal(amount), Decimal(repr(probability)), currency))


def _margin_facts(costed: str, currency: str, day: str, rates: Rates) -> str | None:
    """The known facts of a margin, by the keys that `show` gives them; None where no cost is known.

    Money is text, since SQLite would read a number in JSON as a float. `costed` holds a line an item:
    quantity, term, amount, and the cost of one, for one period, with its currency (none: the base).
    """
    from decimal import Decimal

    from pipecli.json_and_csv import dumps, loads
    from pipecli.records.money import EXACT, CostedLine, MissingRate, margin

    lines = []
    for quantity, term, amount, cost in loads(costed):
        unit, unit_currency = (*(cost or (None,)), rates.base)[:2]
        exact = None if unit is None else Decimal(unit)
        ones = EXACT.multiply(Decimal(quantity), Decimal(term or 1))
        lines.append(CostedLine(ones, Decimal(amount), exact, unit_currency))
    try:
        known = margin(lines, currency, rates, date.fromisoformat(day))
    except MissingRate as missing:
        return dumps({"margin_unknown": missing.message}, indent=None)
    if known is None:
        return None
    facts = {
        "margin": str(known.amount),
        "margin_percent": None if known.percent is None else str(known.percent),
        "items_without_cost": known.uncosted or None,
    }
    return dumps({name: value for name, value in facts.items() if value is not None}, indent=None)


def _plain(table: str) -> str:
    return f"CREATE VIEW {table} AS SELECT r.*, d.json FROM _{table} r JOIN _records d USING (path);"
