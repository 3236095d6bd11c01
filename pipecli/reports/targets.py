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
        self.own = _within(goals, first, last)

    def user(self, user: str) -> Decimal | None:
        return self.own.get(user)

    def team(self, team: str) -> Decimal | None:
        """A team's own target, else the sum of its members'."""
        if team in self.own:
            return self.own[team]
        return _sum([self.own.get(user) for user in self.organisation.members[team]])

    def manager(self, user: str) -> Decimal | None:
        """A manager's own and those of all below: of a team its own, else what its members' come to."""
        return self._sum_of(self.organisation.managed_by(user), [user, *self.organisation.people[user]], user)

    def total(self) -> Decimal | None:
        """That of everybody."""
        managers = self.organisation.managers
        unmanaged = [team for team in managers if managers[team] not in self.organisation.superior]
        return self._sum_of(unmanaged, self.organisation.people[None], None)

    def _sum_of(self, teams: Sequence[str], people: Sequence[str], manager: str | None) -> Decimal | None:
        """The targets of teams, and of the people who aren't in one that has its own."""
        own = [team for team in teams if team in self.own]
        counted = {user for team in own for user in self.organisation.members[team]}
        rest = [user for user in people if user not in counted]
        return _sum(
            [
                *(self.own[team] for team in own),
                *(self.own.get(user) if user == manager else self.manager(user) for user in rest),
            ]
        )


def attainment(won: Decimal, target: Decimal) -> Attainment:
    """How far what was won is from a target."""
    percent = (won * 100 / target).quantize(Decimal("0.1"), ROUND_HALF_UP) if target else None
    return Attainment(target, percent, target - won)


def _within(goals: Iterable[Goal], first: date, last: date) -> dict[str, Decimal]:
    """Each principal's target: of periods that lie in the window whole, the longest first, none twice."""
    found: dict[str, Decimal] = {}
    taken: dict[str, list[Goal]] = {}
    inside = [goal for goal in goals if first <= goal.first and goal.last <= last]
    for goal in sorted(inside, key=lambda each: each.first - each.last):
        others = taken.setdefault(goal.principal, [])
        if all(goal.last < other.first or other.last < goal.first for other in others):
            others.append(goal)
            found[goal.principal] = found.get(goal.principal, Decimal(0)) + goal.amount
    return found


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None
