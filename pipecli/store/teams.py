"""What belongs to a team: its own members' and those of every team below it."""

from __future__ import annotations

import sqlite3


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
