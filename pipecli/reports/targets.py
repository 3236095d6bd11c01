"""What was to be won: targets of users and teams for a period, and how far what was won is from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pipecli.reports.organisation import Organisation


class Goal(NamedTuple):
    """What one user or team is to win in a period, as 2026-Q4, from its first day to its last."""

    period: str
    first: date
    last: date
    principal: str
    amount: Decimal


class Attainment(NamedTuple):
    target: Decimal
    percent: Decimal | None
    """What was won in percent of the target, to one decimal; None of a target of nothing."""
    gap: Decimal
    """What is to be won yet; below 0 where more was won."""


class Targets:
    """The targets that count between two days, and those of teams and managers that follow from them."""

    def __init__(self, goals: Iterable[Goal], organisation: Organisation, first: date, last: date) -> None:
        self.organisation = organisation
        counted = _within(goals, first, last)
        self.own = {who: sum((each.amount for each in of), Decimal(0)) for who, of in counted.items()}
        self.periods = sorted({each.period for of in counted.values() for each in of})
        """Those whose targets count."""

    def user(self, user: str) -> Decimal | None:
        return self.own.get(user)

    def team(self, team: str) -> Decimal | None:
        """A team's own target, else the sum of its members'."""
        if team in self.own:
            return self.own[team]
        return _sum([self.own.get(user) for user in self.organisation.members[team]])

    def team_and_below(self, team: str) -> Decimal | None:
        """A team's own target, else the sum of its members' and of what the teams below it come to."""
        if team in self.own:
            return self.own[team]
        teams = self.organisation.team_and_below(team)
        tops = self._not_below_another(each for each in teams if each in self.own)
        rest = teams.difference(*map(self.organisation.team_and_below, tops))
        return _sum([*map(self.own.get, tops), *(self.team(each) for each in rest)])

    def manager(self, user: str) -> Decimal | None:
        """A manager's own and those of all below: of a team its own, else what its members' come to."""
        return self._of_all_below(user, frozenset())

    def total(self) -> Decimal | None:
        """That of everybody."""
        return self._of_all_below(None, frozenset())

    def _of_all_below(self, user: str | None, counted: frozenset[str]) -> Decimal | None:
        """What a user (None: nobody) and all who report to them are to win, but for the teams `counted`."""
        known = self.organisation
        teams = self._not_below_another(
            team for team in known.answered_for[user] if team in self.own and team not in counted
        )
        now = counted.union(*map(known.team_and_below, teams))
        own = self.own.get(user) if user is not None and known.team[user] not in now else None
        below = (self._of_all_below(person, now) for person in known.people[user])
        return _sum([*map(self.own.get, teams), own, *below])

    def _not_below_another(self, teams: Iterable[str]) -> list[str]:
        """Those of teams that are not below another of them, whose target holds theirs."""
        found: list[str] = []
        counted: set[str] = set()
        for team in sorted(teams, key=lambda each: -len(self.organisation.team_and_below(each))):
            if team not in counted:
                found.append(team)
                counted |= self.organisation.team_and_below(team)
        return found


def attainment(won: Decimal, target: Decimal) -> Attainment:
    """How far what was won is from a target."""
    percent = (won * 100 / target).quantize(Decimal("0.1"), ROUND_HALF_UP) if target else None
    return Attainment(target, percent, target - won)


def _within(goals: Iterable[Goal], first: date, last: date) -> dict[str, list[Goal]]:
    """Each principal's targets: of periods that lie in the window whole, the longest first, none twice."""
    taken: dict[str, list[Goal]] = {}
    inside = [goal for goal in goals if first <= goal.first and goal.last <= last]
    for goal in sorted(inside, key=lambda each: each.first - each.last):
        others = taken.setdefault(goal.principal, [])
        if all(goal.last < other.first or other.last < goal.first for other in others):
            others.append(goal)
    return taken


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None
