"""What belongs to a team: its own members' and those of every team below it.

The deals of the index as the reports take them, without importing a model.

The open deals of the index, as the reports on what stands now take them.

The deals of the index that ended, as the reports on wins and losses take them.

The deals of the index with their beginnings and ends, for the reports on how they move.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from pipecli.jsontext import loads
from pipecli.reports.days import Days, day_in
from pipecli.reports.deals import ClosedDeal, Deal, Journey, OpenDeal
from pipecli.reports.forecast import Window


def in_team(column: str, parameter: str = "?") -> str:
    """A condition of SQL: the team in `column` is that of `parameter`, or one below it by `parent`."""
    return f"""{column} IN (WITH RECURSIVE below (id) AS (
        SELECT {parameter} UNION SELECT t.id FROM teams t JOIN below b ON t.parent = b.id
    ) SELECT id FROM below)"""


def is_member(column: str, parameter: str = "?") -> str:
    """The same of the team that the user in `column` is in."""
    return f"{column} IN (SELECT id FROM users WHERE {in_team('team', parameter)})"


def team_and_below(connection: sqlite3.Connection, team: str) -> set[str]:
    """A team and every one below it."""
    return {id_ for (id_,) in connection.execute(f"SELECT id FROM teams WHERE {in_team('id')}", (team,))}


class OwnerFilter(NamedTuple):
    """Whose records count: what `--owner`, `--team` and `--mine` say; None: everybody's.

    A team's are those of its members, and of the teams below it.
    """

    owner: str | None = None
    team: str | None = None
    me: str | None = None
    my_team: str | None = None


def deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, window: Window, *, with_products: bool = False
) -> list[Deal]:
    """The open deals, and those won in a window; those shared with `whose.me` too."""
    condition, parameters = condition_of(owner_filter)
    first, last = window.first or date.min, window.last or date.max
    products = products_of_deals(connection) if with_products else {}
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    stages, categories = _stages(connection)
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.status, r.process, r.stage, r.owner, r.type, r.source, r.customer, r.currency,
            CASE r.status WHEN 'won' THEN r.exact_closed_amount ELSE r.exact_amount END,
            r.probability_by_hand,
            CASE r.status WHEN 'won' THEN r.closed_date ELSE r.expected_close END, r.id
        FROM _opportunities r
        WHERE (r.status = 'open' OR r.status = 'won' AND r.closed_date BETWEEN ? AND ?) {condition}""",
        (first.isoformat(), last.isoformat(), *parameters),
    )
    days: dict[str | None, date | None] = {None: None}
    found = []
    for status, process, stage, owner, type_, source, customer, currency, amount, by_hand, close, key in rows:
        if close not in days:
            days[close] = date.fromisoformat(close)
        found.append(
            Deal(
                status, process, stage, owner, teams.get(owner), type_, source, customer, currency,
                None if amount is None else Decimal(amount),
                stages.get((process, stage)) if by_hand is None else Decimal(repr(by_hand)),
                days[close], products.get(key, ()),
                categories.get((process, stage)),
            )
        )  # fmt: skip
    return found


def _stages(
    connection: sqlite3.Connection,
) -> tuple[dict[tuple[str, str], Decimal], dict[tuple[str, str], str]]:
    """Each stage's probability and category: where some stage has one, `pipeline` is that of the others."""
    rows = connection.execute("SELECT process, id, probability, category FROM stages").fetchall()
    probabilities = {(process, stage): Decimal(repr(percent)) for process, stage, percent, _ in rows}
    if not any(category for *_, category in rows):
        return probabilities, {}
    return probabilities, {(process, stage): category or "pipeline" for process, stage, _, category in rows}


def condition_of(owner_filter: OwnerFilter) -> tuple[str, list[str | None]]:
    """More of a WHERE clause over the deals `r`, beginning with AND, and its parameters."""
    condition, parameters = "", list[str | None]()
    if owner_filter.owner:
        condition += " AND r.owner = ?"
        parameters.append(owner_filter.owner)
    if owner_filter.team:
        condition += f" AND {is_member('r.owner')}"
        parameters.append(owner_filter.team)
    if owner_filter.me:
        condition += (
            " AND (r.owner = ? OR EXISTS (SELECT 1 FROM json_each(r.shared_with) WHERE value IN (?, ?)))"
        )
        parameters += [owner_filter.me, owner_filter.me, owner_filter.my_team]
    return condition, parameters


def products_of_deals(connection: sqlite3.Connection) -> dict[str, tuple[tuple[str | None, Decimal], ...]]:
    """The product and the amount of each item, by the deal's id."""
    found: dict[str, list[tuple[str | None, Decimal]]] = defaultdict(list)
    for deal, product, amount in connection.execute(
        "SELECT record, product, amount FROM items WHERE noun = 'opportunity' ORDER BY record, position"
    ):
        found[deal].append((product, Decimal(repr(amount))))
    return {deal: tuple(items) for deal, items in found.items()}


def open_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days, *, with_activities: bool = False
) -> list[OpenDeal]:
    """The open deals that are expected to close on these days; without bounds those without a day too.

    Only `with_activities` gives the day of the last one.
    """
    condition, parameters = condition_of(owner_filter)
    for bound, sign in ((days.first, ">="), (days.last, "<=")):
        if bound:
            condition += f" AND r.expected_close {sign} ?"
            parameters.append(bound.isoformat())
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    stages = {
        (process, stage): (Decimal(repr(probability)), rotting_days)
        for process, stage, probability, rotting_days in connection.execute(
            "SELECT process, id, probability, rotting_days FROM stages"
        )
    }
    last = _LAST_ACTIVITIES if with_activities else "NULL"
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.id, r.title, r.process, r.stage, r.owner, r.type, r.source, r.customer, r.currency,
            r.exact_amount, r.probability_by_hand, r.expected_close, substr(r.created, 1, 10), {last}, r.score
        FROM _opportunities r WHERE r.status = 'open' {condition}""",
        parameters,
    )
    known: dict[str | None, date | None] = {None: None}

    def day(text: str | None) -> date | None:
        if text not in known and text:
            known[text] = date.fromisoformat(text)
        return known[text]

    found = []
    for (
        key, title, process, stage, owner, type_, source, customer, currency, amount, by_hand, close, created,
        active, score,
    ) in rows:  # fmt: skip
        probability, rotting_days = stages.get((process, stage), (Decimal(0), None))
        found.append(
            OpenDeal(
                key, title, process, stage, owner, teams.get(owner), type_, source, customer, currency,
                None if amount is None else Decimal(amount),
                probability if by_hand is None else Decimal(repr(by_hand)),
                day(close), day(created) or date.min, day(active), rotting_days, score,
            )
        )  # fmt: skip
    return found


_LAST_ACTIVITIES = """(
    SELECT max(substr(a.at, 1, 10)) FROM activities a WHERE a.path = r.path AND a.done)"""


def closed_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days, *, with_products: bool = False
) -> list[ClosedDeal]:
    """The deals that were won, lost or closed on these days."""
    condition, parameters = condition_of(owner_filter)
    first, last = days.first or date.min, days.last or date.max
    products = products_of_deals(connection) if with_products else {}
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.id, r.status, r.process, r.stage, r.owner, r.type, r.source, r.customer, r.currency,
            CASE r.status WHEN 'won' THEN r.exact_closed_amount ELSE r.exact_amount END,
            substr(r.created, 1, 10), r.closed_date, r.closed_reason, r.closed_competitor, r.competitors
        FROM _opportunities r
        WHERE r.status <> 'open' AND r.closed_date BETWEEN ? AND ? {condition}""",
        (first.isoformat(), last.isoformat(), *parameters),
    )
    spellings = _competitors(connection)
    known: dict[str, date] = {}

    def day(text: str) -> date:
        if text not in known:
            known[text] = date.fromisoformat(text)
        return known[text]

    def called(competitor: str) -> str:
        return spellings.setdefault(competitor.casefold(), competitor)

    return [
        ClosedDeal(
            key, status, process, stage, owner, teams.get(owner), type_, source, customer, currency,
            None if amount is None else Decimal(amount), day(created), day(closed),
            reason, called(competitor) if competitor else None,
            tuple(called(load) for load in loads(competitors)) if competitors else (), products.get(key, ()),
        )
        for key, status, process, stage, owner, type_, source, customer, currency, amount, created, closed,
        reason, competitor, competitors in rows
    ]  # fmt: skip


def _competitors(connection: sqlite3.Connection) -> dict[str, str]:
    """What every competitor with a file is called, by its slug and by its name in small letters."""
    found = connection.execute("SELECT id, name FROM _competitors").fetchall()
    return {text.casefold(): slug for slug, name in found for text in (name, slug)}


class Begun(NamedTuple):
    """A deal without its stays, and what its file says of them."""

    journey: Journey
    created: datetime
    facts: Mapping[str, object]
    """`custom.stage_entered`: by stage when it came there, as an import wrote it."""


def begun(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, zone: tzinfo, *, with_facts: bool = True
) -> list[Begun]:
    """Every deal of these people, days being those of a timezone; the facts only where they are needed."""
    condition, parameters = condition_of(owner_filter)
    teams = dict(connection.execute("SELECT id, team FROM users").fetchall())
    facts = _facts(connection) if with_facts else {}
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.path, r.created, r.closed_date, r.id, r.status, r.process, r.stage, r.owner, r.type,
            r.source, r.campaign, r.currency, r.lead IS NOT NULL,
            CASE r.status WHEN 'won' THEN r.exact_closed_amount ELSE r.exact_amount END
        FROM _opportunities r WHERE true {condition}""",
        parameters,
    )
    found = []
    for (
        path, created_text, closed, key, status, process, stage, owner, type_, source, campaign, currency,
        has_lead, amount,
    ) in rows:  # fmt: skip
        created = datetime.fromisoformat(created_text)
        journey = Journey(
            key, status, process, stage, owner, teams.get(owner), type_, source, campaign, currency,
            None if amount is None else Decimal(amount), day_in(created, zone),
            date.fromisoformat(closed) if closed else None, bool(has_lead),
        )  # fmt: skip
        found.append(Begun(journey, created, facts.get(path, {})))
    return found


def _facts(connection: sqlite3.Connection) -> dict[str, Mapping[str, object]]:
    """By file. Looked for as text first: one deal in a thousand has any, and JSON takes its time."""
    rows = connection.execute(
        """SELECT path, json_extract(json, '$.custom.stage_entered') FROM _records
        WHERE noun = 'opportunity' AND instr(json, '"stage_entered"')"""
    )
    found: dict[str, Mapping[str, object]] = {}
    for path, text in rows:
        said = loads(text) if isinstance(text, str) and text.startswith("{") else {}
        found[path] = said if isinstance(said, dict) else {}
    return found
