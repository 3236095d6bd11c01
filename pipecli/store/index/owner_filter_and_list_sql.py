"""Conditions of SQL: whose records count (`--owner`, `--team`, `--mine`), and the other filters of lists.

And the columns and rows of lists that no view has. The options on owners are read in `owner_filter` of
`cli/common/session.py`, which also knows who `me` is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container
from typing import NamedTuple


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
    """The owners whose records count, from `--owner`, `--team`, `--seller` and `--mine`; None: everybody's.

    A team's are those of its members, and of the teams below it. A seller's are what they have a part of.
    """

    owner: str | None = None
    team: str | None = None
    me: str | None = None
    my_team: str | None = None
    seller: str | None = None


OF_A_DEAL = frozenset({"shared_with", "sellers"})
"""The columns beside `owner` that tell whose a deal is; a lead has no sellers."""


def condition_of(
    owner_filter: OwnerFilter, row: str = "r.", known: Container[str] = OF_A_DEAL
) -> tuple[str, list[str | None]]:
    """More of a WHERE clause over deals, beginning with AND, and its parameters; `row` is before columns."""
    condition, parameters = "", list[str | None]()
    has_part = f"EXISTS (SELECT 1 FROM json_each({row}sellers) WHERE json_extract(value, '$[0]') = ?)"
    if owner_filter.owner:
        condition += f" AND {row}owner = ?"
        parameters.append(owner_filter.owner)
    if owner_filter.team:
        condition += f" AND {is_member(f'{row}owner')}"
        parameters.append(owner_filter.team)
    if owner_filter.seller:
        sells = f"({row}sellers IS NULL AND {row}owner = ? OR {has_part})"
        condition += f" AND {sells if 'sellers' in known else f'{row}owner = ?'}"
        parameters += [owner_filter.seller] * (2 if "sellers" in known else 1)
    if owner_filter.me:
        ways = [f"{row}owner = ?"]
        parameters.append(owner_filter.me)
        if "sellers" in known:
            ways.append(has_part)
            parameters.append(owner_filter.me)
        if "shared_with" in known:
            ways.append(f"EXISTS (SELECT 1 FROM json_each({row}shared_with) WHERE value IN (?, ?))")
            parameters += [owner_filter.me, owner_filter.my_team]
        condition += f" AND ({' OR '.join(ways)})"
    return condition, parameters


def in_list(column: str) -> str:
    """A condition: a JSON list in `column` has a value."""
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = ?)"


def one_of(column: str) -> str:
    """A condition: `column` is one of the values of a JSON list."""
    return f"{column} IN (SELECT value FROM json_each(?))"


HAS_CONTACT = "id IN (SELECT s.opportunity FROM stakeholders s WHERE s.contact = ?)"
HAS_PRODUCT = "id IN (SELECT i.record FROM items i WHERE i.product = ?)"
NAMES_COMPETITOR = """path IN (SELECT path FROM _references WHERE instr(names, '"competitor"')
    AND noun = 'competitor'
    AND casefold(key) IN (SELECT casefold(value) FROM competitors c, json_each(json_array(c.id, c.name))
                          WHERE c.id = ?))"""
"""A condition: the deal names a competitor, by its slug or as people call it."""


def _deals(status: str, condition: str) -> str:
    """The count of deals of a status for which a condition on the deal `o` holds."""
    return f"(SELECT count(*) FROM _opportunities o WHERE o.status = '{status}' AND {condition})"


def _named_in(column: str) -> str:
    """True where a list of names of a deal `o` has the competitor of the row."""
    name = "j.value = competitors.id OR casefold(j.value) = casefold(competitors.name)"
    return f"EXISTS (SELECT 1 FROM json_each(o.{column}) j WHERE {name})"


OPEN_WITH_CUSTOMER = _deals("open", "o.customer = customers.id")
OPEN_AGAINST, WON_AGAINST = (_deals(status, _named_in("competitors")) for status in ("open", "won"))
LOST_TO = _deals("lost", _named_in("closed_competitors"))
LEAD_NAME = "(SELECT k.label FROM _records k WHERE k.noun = 'lead' AND k.key = lead)"
BASE_CURRENCY = "(SELECT json_extract(json, '$.currency') FROM _records WHERE noun = 'settings')"
PRICED_PRODUCTS = "(SELECT count(*) FROM json_each(price_lists.json, '$.prices'))"
"""Columns of lists that no view has: counted over other records for the rows that are shown."""

ACTIVITY_ROWS = """SELECT a.record, a.noun, coalesce(o.title, l.organization, l.name) AS title, a.id, a.type,
    a.at, a.subject, a."by", a.direction, a.done, a.contact, a.duration, a.literature, a.message_id, a.notes,
    coalesce(a."by", o.owner, l.owner) AS owner, u.team, coalesce(o.shared_with, l.shared_with) AS shared_with
FROM activities a LEFT JOIN _opportunities o USING (path) LEFT JOIN _leads l USING (path)
LEFT JOIN users u ON u.id = coalesce(a."by", o.owner, l.owner)"""
USER_ROWS = "SELECT id, name, email, emails, team, active, external_id FROM users"
TEAM_ROWS = """SELECT t.id, t.name, t.manager,
    (SELECT json_group_array(id) FROM (SELECT id FROM users WHERE team = t.id ORDER BY id)) AS members
FROM teams t"""
"""The rows of lists of what is no record of its own."""
