"""Whose records count (`--owner`, `--team`, `--mine`): conditions of SQL on owners, teams and shares.

The options are read in `owner_filter` of `cli/common/session.py`, which also knows who `me` is.
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
