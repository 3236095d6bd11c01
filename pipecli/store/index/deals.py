"""The deals of the index as the reports take them, and the filter of their owners; loads no model."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from pipecli.formats import loads
from pipecli.reports.deals import Days, Deal, moment_in
from pipecli.reports.forecast import Window


def in_team(column: str, parameter: str = "?") -> str:
    """A condition of SQL: the team in `column` is that of `parameter`, or one below it by `parent`."""
    return f"""{column} IN (WITH RECURSIVE below (id) AS (
        SELECT {parameter} UNION SELECT t.id FROM teams t JOIN below b ON t.parent = b.id
    ) SELECT id FROM below)"""


def is_member(column: str, parameter: str = "?") -> str:
    """A condition of SQL: the user in `column` is in the team of `parameter`, or in one below it."""
    return f"{column} IN (SELECT id FROM users WHERE {in_team('team', parameter)})"


def team_and_below(connection: sqlite3.Connection, team: str) -> set[str]:
    """A team and every one below it."""
    return {id_ for (id_,) in connection.execute(f"SELECT id FROM teams WHERE {in_team('id')}", (team,))}


class OwnerFilter(NamedTuple):
    """The owners whose records count, from `--owner`, `--team` and `--mine`; None: everybody's.

    A team's are those of its members, and of the teams below it.
    """

    owner: str | None = None
    team: str | None = None
    me: str | None = None
    my_team: str | None = None


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


def open_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days, *, with_activities: bool = False
) -> list[Deal]:
    """The open deals that are expected to close on these days; without bounds those without a day too."""
    condition, parameters = "r.status = 'open'", []
    for bound, sign in ((days.first, ">="), (days.last, "<=")):
        if bound:
            condition += f" AND r.expected_close {sign} ?"
            parameters.append(bound.isoformat())
    return _deals(connection, owner_filter, condition, parameters, with_activities=with_activities)


def closed_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, days: Days, *, with_products: bool = False
) -> list[Deal]:
    """The deals that were won, lost or closed on these days."""
    condition = "r.status <> 'open' AND r.closed_date BETWEEN ? AND ?"
    return _deals(connection, owner_filter, condition, _bounds(days), with_products=with_products)


def forecast_deals(
    connection: sqlite3.Connection, owner_filter: OwnerFilter, window: Window, *, with_products: bool = False
) -> list[Deal]:
    """All open deals, and those that were won in a window."""
    condition = "(r.status = 'open' OR r.status = 'won' AND r.closed_date BETWEEN ? AND ?)"
    return _deals(connection, owner_filter, condition, _bounds(window), with_products=with_products)


def all_deals(connection: sqlite3.Connection, owner_filter: OwnerFilter, zone: tzinfo) -> list[Deal]:
    """Every deal of these people, whatever became of it; created in this timezone."""
    return _deals(connection, owner_filter, "true", zone=zone)


def _bounds(days: Days | Window) -> list[str]:
    return [(days.first or date.min).isoformat(), (days.last or date.max).isoformat()]


def _deals(
    connection: sqlite3.Connection,
    owner_filter: OwnerFilter,
    condition: str,
    parameters: Sequence[str] = (),
    *,
    with_products: bool = False,
    with_activities: bool = False,
    zone: tzinfo | None = None,
) -> list[Deal]:
    """The deals for which a condition over the row `r` holds."""
    owned, owners = condition_of(owner_filter)
    last_activity = _LAST_ACTIVITY if with_activities else "NULL"
    # The table, not the view of the same name: that one reads the whole record of every deal.
    rows = connection.execute(
        f"""SELECT r.id, r.status, r.process, r.stage, r.type, r.currency,
            r.exact_amount,
            r.probability_by_hand, CASE r.status WHEN 'open' THEN r.expected_close ELSE r.closed_date END,
            r.owner, r.source, r.customer, r.title, r.created, r.campaign, r.lead IS NOT NULL, r.score,
            r.closed_reasons, r.closed_competitors, r.competitors, {last_activity}
        FROM _opportunities r WHERE {condition} {owned}""",
        (*parameters, *owners),
    )
    stages, unknown = _stages(connection), _Stage(None, None, None)
    teams: dict[str, str | None] = dict(connection.execute("SELECT id, team FROM users").fetchall())
    products = _products(connection) if with_products else {}
    spelled = _Spelling(connection)
    day = cache(date.fromisoformat)
    deals = []
    for (
        key, status, process, stage, type_, currency, amount, by_hand, close, owner, source, customer, title,
        created, campaign, has_lead, score, reasons, lost_to, competitors, active,
    ) in rows:  # fmt: skip
        probability, category, rotting_days = stages.get((process, stage), unknown)
        moment = datetime.fromisoformat(created)
        deals.append(
            Deal(
                key, status, process, stage, type_, currency,
                None if amount is None else Decimal(amount),
                probability if by_hand is None else Decimal(repr(by_hand)),
                day(close) if close else None,
                owner, teams.get(owner), source, customer, title,
                moment_in(moment, zone) if zone else moment,
                campaign, bool(has_lead), category, rotting_days, score,
                tuple(loads(reasons)) if reasons else (),
                tuple(map(spelled, loads(lost_to))) if lost_to else (),
                tuple(map(spelled, loads(competitors))) if competitors else (),
                day(active) if active else None,
                products.get(key, ()),
            )
        )  # fmt: skip
    return deals


_LAST_ACTIVITY = """(
    SELECT max(substr(a.at, 1, 10)) FROM activities a WHERE a.path = r.path AND a.done)"""


class _Stage(NamedTuple):
    """The facts of a stage that its deals take from it."""

    probability: Decimal | None
    category: str | None
    rotting_days: int | None


def _stages(connection: sqlite3.Connection) -> dict[tuple[str, str], _Stage]:
    """The stages by process and id; where some stage has a category, `pipeline` is that of the others."""
    rows = connection.execute(
        "SELECT process, id, probability, category, rotting_days FROM stages"
    ).fetchall()
    others = "pipeline" if any(category for *_, category, _ in rows) else None
    return {
        (process, stage): _Stage(Decimal(repr(percent)), category or others, rotting_days)
        for process, stage, percent, category, rotting_days in rows
    }


def _products(connection: sqlite3.Connection) -> dict[str, tuple[tuple[str | None, Decimal], ...]]:
    """The product and the amount of each item, by the deal's id."""
    products: dict[str, list[tuple[str | None, Decimal]]] = defaultdict(list)
    for deal, product, amount in connection.execute(
        "SELECT record, product, amount FROM items WHERE noun = 'opportunity' ORDER BY record, position"
    ):
        products[deal].append((product, Decimal(repr(amount))))
    return {deal: tuple(items) for deal, items in products.items()}


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
        stages = loads(text) if isinstance(text, str) and text.startswith("{") else {}
        entered[key] = stages if isinstance(stages, dict) else {}
    return entered
