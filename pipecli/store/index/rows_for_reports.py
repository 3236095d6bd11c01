"""Deals, leads and activities of the index as the reports take them; loads no model."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from itertools import repeat
from operator import add
from typing import TYPE_CHECKING, Any

from pipecli.json_and_csv import loads
from pipecli.records.days import PERIODS, Days, day_in, moment_in
from pipecli.reports.deal import Deal
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter, condition_of
from pipecli.store.index.views_and_functions import ITS_STAGE, OF_LEAD, PROBABILITY

if TYPE_CHECKING:
    from pipecli.reports.activity_and_first_response import Activity, FirstAnswer, Inquiry, OwnedDeal
    from pipecli.reports.forecast import Window
    from pipecli.reports.funnel_and_velocity import LeadInFunnel, Sale
    from pipecli.reports.lost_stale_and_receivables import OpenInvoice


_GROUPED = ", r.process, iif(r.closed_stage IS NULL, r.stage, ''), r.type, r.source, r.customer"
_END = ", r.closed_reasons, r.closed_competitors, r.competitors"
_SHOWN = ", r.title, r.created, r.campaign, r.lead IS NOT NULL, r.score, s.rotting_days"
_LAST_ACTIVITY = """, (
    SELECT max(substr(a.at, 1, 10)) FROM activities a WHERE a.path = r.path AND a.done)"""
_NOT_READ: tuple[tuple[object, ...], ...] = (
    ("", "", "", None, None), (None, None, None), ("", None, None, 0, None, None), (None,)
)  # fmt: skip
"""In place of each of them, put to a row in Python: a column takes 0.1 µs a deal, even one that is NULL."""


def open_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days, *, with_activities: bool = False
) -> list[Deal]:
    """The open deals that are expected to close on these days; without bounds those without a day too."""
    condition, parameters = "r.status = 'open'", []
    for bound, sign in ((days.first, ">="), (days.last, "<=")):
        if bound:
            condition += f" AND r.expected_close {sign} ?"
            parameters.append(bound.isoformat())
    more = (_GROUPED, _END, _SHOWN, _LAST_ACTIVITY) if with_activities else (_GROUPED, _END, _SHOWN)
    return _deals(connection, owner_filter, condition, parameters, more=more)


def closed_deals(connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days) -> list[Deal]:
    """The deals that were won, lost or closed on these days."""
    return _deals(connection, owner_filter, _CLOSED, _bounds(days))


def closed_to_count(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days, *, with_products: bool
) -> list[Deal]:
    """The same deals without what nobody counts."""
    more = (_GROUPED, _END)
    return _deals(connection, owner_filter, _CLOSED, _bounds(days), with_products=with_products, more=more)


_CLOSED = "r.status <> 'open' AND r.closed_date BETWEEN ? AND ?"


def forecast_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, window: Window, by: str
) -> list[Deal]:
    """All open deals, and those that were won in a window, without what a forecast by this doesn't count."""
    condition = "(r.status = 'open' OR r.status = 'won' AND r.closed_date BETWEEN ? AND ?)"
    more = () if by in (*PERIODS, "owner", "team", "manager", "product") else (_GROUPED,)
    bounds = _bounds(window)
    return _deals(connection, owner_filter, condition, bounds, with_products=by == "product", more=more)


def all_deals(connection: sqlite3.Connection, owner_filter: OwnerFilter, zone: tzinfo) -> list[Deal]:
    """Every deal of these people, whatever became of it; created in this timezone."""
    return _deals(connection, owner_filter, "true", zone=zone)


def _bounds(days: Days | Window) -> list[str]:
    return [(days.first or date.min).isoformat(), (days.last or date.max).isoformat()]


def _teams(connection: sqlite3.Connection) -> dict[str, str | None]:
    """The team of each user."""
    return dict(connection.execute("SELECT id, team FROM users").fetchall())


def _deals(
    connection: sqlite3.Connection,
    owner_filter: OwnerFilter,
    condition: str,
    parameters: Sequence[str] = (),
    *,
    with_products: bool = False,
    more: Sequence[str] = (_GROUPED, _END, _SHOWN),
    zone: tzinfo | None = None,
) -> list[Deal]:
    """The deals for which a condition over the row `r` holds.

    `more` are the first so many of _GROUPED, _END, _SHOWN, _LAST_ACTIVITY: the columns that not all ask for.
    """
    teams = _teams(connection)
    products = _products(connection) if with_products else {}
    spelled = _Spelling(connection)
    # Of each text and number once: thousands of deals have the same.
    day, words = cache(date.fromisoformat), cache(lambda text: tuple(loads(text)))
    competing = cache(lambda text: tuple(map(spelled, words(text))))
    deals = []
    for (
        key, status, currency, amount, probability, category, close, owner, hold_until, yearly, sellers,
        process, stage, type_, source, customer, reasons, lost_to, competitors,
        title, created, campaign, has_lead, score, rotting_days, active,
    ) in _deal_rows(connection, owner_filter, condition, parameters, more):  # fmt: skip
        moment = datetime.fromisoformat(created) if created else datetime.min
        deals.append(
            Deal._make((  # of 2,600 deals a call takes 0.6 ms more, one by names 3
                key, status, process, stage, type_, currency,
                None if amount is None else Decimal(amount),
                None if probability is None else _exact(probability),
                day(close) if close else None,
                owner, teams.get(owner), source, customer, title,
                moment_in(moment, zone) if zone else moment,
                campaign, bool(has_lead), category, rotting_days, score,
                words(reasons) if reasons else (),
                competing(lost_to) if lost_to else (),
                competing(competitors) if competitors else (),
                day(active) if active else None,
                products.get(key, ()),
                day(hold_until) if hold_until else None,
                None if yearly is None else Decimal(yearly),
                tuple([(user, teams.get(user), Decimal(part)) for user, part in words(sellers)])
                if sellers
                else (),
                "", (),
            ))
        )  # fmt: skip
    return [deal.sellers_part(owner_filter.seller) for deal in deals] if owner_filter.seller else deals


def _deal_rows(
    connection: sqlite3.Connection,
    owner_filter: OwnerFilter,
    condition: str,
    parameters: Sequence[str],
    more: Sequence[str],
) -> Iterator[Any]:
    """The rows that `_deals` reads, with something empty for each column that isn't asked for."""
    owned, owners = condition_of(owner_filter)
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.id, r.status, r.currency, r.exact_amount, {PROBABILITY}, {FORECAST_CATEGORY},
            CASE r.status WHEN 'open' THEN r.expected_close ELSE r.closed_date END,
            r.owner, r.hold_until, r.exact_yearly_recurring, r.sellers
            {"".join(more)}
        FROM _opportunities r
        {ITS_STAGE}
        WHERE {condition} {owned}""",
        (*parameters, *owners),
    )
    return map(add, rows, repeat(sum(_NOT_READ[len(more) :], ())))


@cache
def _exact(number: float) -> Decimal:
    return Decimal(repr(number))


FORECAST_CATEGORY = """iif(s.id IS NULL, NULL, coalesce(s.category,
    (SELECT 'pipeline' FROM stages c WHERE c.category IS NOT NULL LIMIT 1)))"""
"""That of its stage `s`; where some stage has a category, `pipeline` is that of the others."""


def _products(connection: sqlite3.Connection) -> dict[str, tuple[tuple[str | None, Decimal], ...]]:
    """The product and the amount of each item, by the deal's id."""
    products: dict[str, tuple[tuple[str | None, Decimal], ...]] = {}
    for deal, product, amount in connection.execute(
        "SELECT record, product, amount FROM items WHERE noun = 'opportunity' AND amount IS NOT NULL "
        "ORDER BY path, position"  # as the table has them
    ):
        products[deal] = (*products.get(deal, ()), (product, _exact(amount)))
    return products


class _Spelling:
    """Gives a competitor the id of its file, whether a deal names it by that or by its name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, str] | None = None

    def __call__(self, competitor: str) -> str:
        if self._known is None:
            rows = self._connection.execute("SELECT id, name FROM _competitors").fetchall()
            self._known = {text.casefold(): slug for slug, name in rows for text in (name, slug)}
        return self._known.setdefault(competitor.casefold(), competitor)


def stages_entered(connection: sqlite3.Connection) -> dict[str, Mapping[str, object]]:
    """The `custom.stage_entered` of deals, by id: when each came to which stage, as an import wrote it.

    Looked for as text first: one deal in a thousand has any, and JSON takes its time.
    """
    rows = connection.execute(
        """SELECT key, json_extract(json, '$.custom.stage_entered') FROM _records
        WHERE noun = 'opportunity' AND instr(json, '"stage_entered"')"""
    )
    entered: dict[str, Mapping[str, object]] = {}
    for key, text in rows:
        entered[key] = loads(text) if isinstance(text, str) and text.startswith("{") else {}
    return entered


_ROWS = f"""SELECT 'lead', r.id, r.created, r.first_response,
        r.status NOT IN ('converted', 'disqualified'), r.owner, r.source, r.campaign, NULL, NULL, NULL
    FROM _leads r WHERE true {{condition}}
UNION ALL
    SELECT 'opportunity', r.id, r.created, r.own_first_response,
        r.status = 'open', r.owner, r.source, r.campaign, r.type,
        {OF_LEAD.format(column="created")}, {OF_LEAD.format(column="first_response")}
    FROM _opportunities r WHERE true {{condition}}"""


_OF_A_LEAD = {"shared_with"}


def inquiries(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> Iterator[Inquiry]:
    """Every lead and every opportunity of these people; what is on a lead counts whosever it is."""
    from pipecli.reports.activity_and_first_response import FirstAnswer, Inquiry

    condition, parameters = condition_of(owner_filter, known=_OF_A_LEAD)
    teams = _teams(connection)
    on_lead = _on_leads(connection)
    rows = connection.execute(_ROWS.format(condition=condition), parameters * 2)
    for kind, key, created, response, is_open, owner, source, campaign, type_, began, at_first in rows:
        of_lead = (FirstAnswer(_moment(at_first), False),) if at_first else ()
        yield Inquiry(
            kind, key, datetime.fromisoformat(created), FirstAnswer(_moment(response), bool(is_open)),
            owner, teams.get(owner), source, campaign, type_,
            datetime.fromisoformat(began) if began else None, of_lead or tuple(on_lead.get(key, ())),
        )  # fmt: skip


def _on_leads(connection: sqlite3.Connection) -> dict[str, list[FirstAnswer]]:
    from pipecli.reports.activity_and_first_response import FirstAnswer

    answers = defaultdict[str, list[FirstAnswer]](list)
    for lead, response, is_open in connection.execute(
        "SELECT lead, own_first_response, status = 'open' FROM _opportunities WHERE lead IS NOT NULL"
    ):
        answers[lead].append(FirstAnswer(_moment(response), bool(is_open)))
    return answers


def moment_or_day(text: str) -> datetime | date:
    """The moment of an ISO text; the day of one without an hour."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _moment(text: str | None) -> datetime | date | None:
    return None if text is None else moment_or_day(text)


def leads_in_funnel(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, zone: tzinfo
) -> list[LeadInFunnel]:
    """Every lead of these people, with the opportunities on it, whosever they are."""
    from pipecli.reports.funnel_and_velocity import LeadInFunnel

    condition, parameters = condition_of(owner_filter, known=_OF_A_LEAD)
    teams = _teams(connection)
    deal_counts, sales = _deals_of_leads(connection)
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
        LeadInFunnel(
            key, day_in(datetime.fromisoformat(created), zone), owner, teams.get(owner), source, campaign,
            bool(replied), bool(qualified), bool(converted) or key in deal_counts, tuple(sales.get(key, ())),
        )
        for key, created, owner, source, campaign, replied, qualified, converted in rows
    ]  # fmt: skip


def _deals_of_leads(connection: sqlite3.Connection) -> tuple[Counter[str], dict[str, list[Sale]]]:
    """By lead, how many opportunities are on it, and those that were won."""
    from pipecli.reports.funnel_and_velocity import Sale

    counts, sales = Counter[str](), defaultdict[str, list[Sale]](list)
    for lead, key, status, amount, currency, closed in connection.execute(
        "SELECT lead, id, status, exact_amount, currency, closed_date FROM _opportunities "
        "WHERE lead IS NOT NULL"
    ):
        counts[lead] += 1
        if status == "won":
            sales[lead].append(
                Sale(key, Decimal(amount) if amount else None, currency, date.fromisoformat(closed))
            )
    return counts, sales


def activities(connection: sqlite3.Connection, zone: tzinfo) -> Iterator[Activity]:
    """Everything done or planned on leads and opportunities, on its day in the pipeline's timezone.

    What was done on a lead stands on its opportunity too, once that is made: it counts there.
    """
    from pipecli.reports.activity_and_first_response import Activity

    teams = _teams(connection)
    carried = set(
        connection.execute(
            "SELECT r.lead, a.id FROM _opportunities r JOIN activities a USING (path) WHERE r.lead > ''"
        ).fetchall()
    )
    for record, key, is_open, user, type_, direction, at, done in connection.execute(_ACTIVITIES):
        if (record, key) not in carried:
            day = day_in(moment_or_day(at), zone)
            yield Activity(record, bool(is_open), user, teams.get(user), type_, direction, day, bool(done))


_ACTIVITIES = """
SELECT a.record, a.id, r.status = 'open', coalesce(a."by", r.owner), a.type, a.direction, a.at, a.done
FROM _opportunities r JOIN activities a USING (path)
UNION ALL
SELECT a.record, a.id, r.status NOT IN ('converted', 'disqualified'), coalesce(a."by", r.owner), a.type,
    a.direction, a.at, a.done
FROM _leads r JOIN activities a USING (path)"""


def owned_deals(connection: sqlite3.Connection, owner_filter: OwnerFilter) -> list[OwnedDeal]:
    """The open deals, and whose they are."""
    from pipecli.reports.activity_and_first_response import OwnedDeal

    condition, parameters = condition_of(owner_filter)
    rows = connection.execute(
        f"""SELECT r.id, r.owner, u.team FROM _opportunities r LEFT JOIN users u ON u.id = r.owner
        WHERE r.status = 'open' {condition}""",
        parameters,
    )
    return [OwnedDeal(*row) for row in rows]


def open_invoices(connection: sqlite3.Connection) -> Iterator[OpenInvoice]:
    """The issued invoices of which something is open, or is to be paid back, by customer."""
    from pipecli.reports.lost_stale_and_receivables import OpenInvoice

    rows = connection.execute(
        """SELECT customer, coalesce(customer_name, customer), currency, coalesce(overdue_days, 0),
            exact_total, exact_paid, (SELECT json_group_array(json_array(n.exact_total, n.exact_paid))
                FROM _invoices n WHERE n.credits = invoices.id AND n.status <> 'draft')
        FROM invoices WHERE credits IS NULL AND status <> 'draft' AND open <> 0
        ORDER BY 2, due, id"""
    )
    for customer, name, currency, overdue_days, total, paid, notes in rows:
        open_ = Decimal(total) - Decimal(paid)
        for credited, refunded in loads(notes):
            open_ += Decimal(credited) - Decimal(refunded)
        yield OpenInvoice(customer, name, currency, overdue_days, open_)
