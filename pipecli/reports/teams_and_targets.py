"""The managers and teams of the settings, their targets, and a manager's forecast with all below them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, reduce
from typing import NamedTuple

from pipecli.reports.forecast import ForecastRow


class Organisation:
    """The users of a pipeline by slug, their teams, and the managers of those."""

    def __init__(
        self,
        teams: Mapping[str, str | None],
        managers: Mapping[str, str | None],
        parents: Mapping[str, str | None],
    ) -> None:
        """`teams` gives each user's team; `managers` each team's manager, `parents` the team above it."""
        self.team = teams
        self.superior: dict[str, str | None] = {}
        """The superior of each user; None at the top, where the first of a circle stands too."""
        self.people: dict[str | None, list[str]] = defaultdict(list)
        """The users who report to each manager; at None those at the top."""
        self.members: dict[str | None, list[str]] = defaultdict(list)
        """The users of each team."""
        self._children: dict[str | None, list[str]] = defaultdict(list)
        self.answered_for: dict[str | None, list[str]] = defaultdict(list)
        """The teams that each user answers for; one without a manager is that of the next above."""

        def manager_above(user: str | None, team: str | None) -> str | None:
            """The manager of a user's team, or of the nearest above it that another known user manages."""
            seen: set[str] = set()
            while team is not None and team not in seen:
                seen.add(team)
                manager = managers.get(team)
                if manager is not None and manager != user and manager in teams:
                    return manager
                team = parents.get(team)
            return None

        for team in managers:
            self._children[parents.get(team)].append(team)
            self.answered_for[manager_above(None, team)].append(team)
        for user, own in teams.items():
            above = manager_above(user, own)
            if self._is_below(above, user):
                above = None
            self.superior[user] = above
            self.people[above].append(user)
            self.members[own].append(user)

    def team_and_below(self, team: str) -> set[str]:
        """A team and every one below it."""
        teams, new = set[str](), [team]
        while new:
            teams.update(new)
            new = [child for parent in new for child in self._children[parent] if child not in teams]
        return teams

    def _is_below(self, person: str | None, user: str) -> bool:
        while person is not None and person != user:
            person = self.superior.get(person)
        return person is not None


class Target(NamedTuple):
    """The target of one user or team for a period, as 2026-Q4, from its first day to its last."""

    period: str
    first: date
    last: date
    principal: str
    amount: Decimal


class Attainment(NamedTuple):
    target: Decimal
    percent: Decimal | None
    """The won amount in percent of the target, to one decimal; None of a target of nothing."""
    gap: Decimal
    """The amount still to be won; below 0 where more was won."""


class Targets:
    """The targets that count between two days, and those of teams and managers that follow from them."""

    def __init__(
        self, targets: Iterable[Target], organisation: Organisation, first: date, last: date
    ) -> None:
        self.organisation = organisation
        counted = _within(targets, first, last)
        self.own = {who: sum((target.amount for target in of), Decimal(0)) for who, of in counted.items()}
        self.periods = sorted({target.period for of in counted.values() for target in of})
        """The periods of the targets that count."""

    @cached_property
    def covered(self) -> frozenset[str]:
        """The users for whom a target counts: their own, or that of their team or of one above it."""
        known = self.organisation
        teams = {below for team in self.own if team in known.members for below in known.team_and_below(team)}
        return frozenset(self.own).union(*(known.members[team] for team in teams))

    def won(self, row: ForecastRow, *, of_team: bool = False) -> Decimal:
        """The part of a row's won amount to hold against its target: that of those who have one.

        Of a team (`of_team`) with a target of its own that is all.
        """
        if of_team and row.key in self.own:
            return row.won_amount
        people = self.own if of_team else self.covered
        return sum((won for owner, won in row.won_by.items() if owner in people), row.won_amount * 0)

    def of_user(self, user: str) -> Decimal | None:
        return self.own.get(user)

    def of_team(self, team: str) -> Decimal | None:
        """A team's own target, else the sum of its members'."""
        if team in self.own:
            return self.own[team]
        return _sum([self.own.get(user) for user in self.organisation.members[team]])

    def of_team_and_below(self, team: str) -> Decimal | None:
        """A team's own target, else the sum of its members' and of what the teams below it come to."""
        if team in self.own:
            return self.own[team]
        teams = self.organisation.team_and_below(team)
        tops = self._not_below_another(team for team in teams if team in self.own)
        rest = teams.difference(*map(self.organisation.team_and_below, tops))
        return _sum([*map(self.own.get, tops), *(self.of_team(name) for name in rest)])

    def of_manager(self, user: str) -> Decimal | None:
        """A manager's own and those of all below: of a team its own, else what its members' come to."""
        return self._of_all_below(user, frozenset())

    def total(self) -> Decimal | None:
        """The target of all users and teams together."""
        return self._of_all_below(None, frozenset())

    def _of_all_below(self, user: str | None, counted: frozenset[str]) -> Decimal | None:
        """The target of a user (None: nobody) and all who report to them, but for the teams `counted`."""
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
        tops: list[str] = []
        counted: set[str] = set()
        for team in sorted(teams, key=lambda name: -len(self.organisation.team_and_below(name))):
            if team not in counted:
                tops.append(team)
                counted |= self.organisation.team_and_below(team)
        return tops


def attainment(won: Decimal, target: Decimal) -> Attainment:
    """The won amount beside its target."""
    percent = (won * 100 / target).quantize(Decimal("0.1"), ROUND_HALF_UP) if target else None
    return Attainment(target, percent, target - won)


def _within(targets: Iterable[Target], first: date, last: date) -> dict[str, list[Target]]:
    """Each principal's targets: of periods that lie in the window whole, the longest first, none twice."""
    taken: dict[str, list[Target]] = {}
    inside = [target for target in targets if first <= target.first and target.last <= last]
    for target in sorted(inside, key=lambda target: target.first - target.last):
        others = taken.setdefault(target.principal, [])
        if all(target.last < other.first or other.last < target.first for other in others):
            others.append(target)
    return taken


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None


class Rolled(NamedTuple):
    """One person's line. The lines of level 0 add up to the total."""

    row: ForecastRow
    level: int
    """0 at the top; a line holds the sum of those one deeper below it."""
    is_sum: bool
    """True of a row that sums up a manager's people; the manager's own deals then have a line among them."""


def roll_up(rows: Sequence[ForecastRow], organisation: Organisation) -> list[Rolled]:
    """The rows of a forecast by owner, each manager's people below; who has no deals is left out."""
    own = {row.key: row for row in rows}
    lines = [line for user in organisation.people[None] for line in _lines(user, own, organisation, level=0)]
    strangers = [row for row in rows if row.key not in organisation.superior]
    return [*lines, *(Rolled(row, 0, is_sum=False) for row in strangers)]


def _lines(
    user: str, own: dict[str | None, ForecastRow], organisation: Organisation, level: int
) -> Iterator[Rolled]:
    below = [
        line for person in organisation.people[user] for line in _lines(person, own, organisation, level + 1)
    ]
    if not below:
        if user in own:
            yield Rolled(own[user], level, is_sum=False)
        return
    if user in own:
        below.insert(0, Rolled(own[user], level + 1, is_sum=False))
    direct = [line.row for line in below if line.level == level + 1]
    yield Rolled(reduce(_plus, direct)._replace(key=user), level, is_sum=True)
    yield from below


_ZERO = Decimal(0)


def _plus(left: ForecastRow, right: ForecastRow) -> ForecastRow:
    figures = {
        name: getattr(left, name) + getattr(right, name)
        for name in ForecastRow._fields
        if name not in ("key", "process", "categories", "won_by")
    }
    return left._replace(
        **figures,
        categories=_sums(left.categories, right.categories),
        won_by=_sums(left.won_by, right.won_by),
    )


def _sums(
    left: Mapping[str | None, Decimal], right: Mapping[str | None, Decimal]
) -> dict[str | None, Decimal]:
    return {key: left.get(key, _ZERO) + right.get(key, _ZERO) for key in (*left, *right)}
