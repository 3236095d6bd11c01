"""Who reports to whom by the settings: a user to their team's manager, a manager to the parent team's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping


class Organisation:
    """The users of a pipeline by slug, their teams, and the managers of those."""

    def __init__(
        self,
        teams: Mapping[str, str | None],
        managers: Mapping[str, str | None],
        parents: Mapping[str, str | None],
    ) -> None:
        """`teams` gives each user's team; `managers` each team's manager, `parents` the team above it."""
        self.managers = managers
        self.superior: dict[str, str | None] = {}
        """Whom each user reports to; None at the top, where the first of a circle stands too."""
        self.people: dict[str | None, list[str]] = defaultdict(list)
        """Who reports to each manager; at None those at the top."""
        self.members: dict[str | None, list[str]] = defaultdict(list)
        """Who is in each team."""
        for user, team in teams.items():
            above = _manager_above(user, team, teams, managers, parents)
            if self._is_below(above, user):
                above = None
            self.superior[user] = above
            self.people[above].append(user)
            self.members[team].append(user)

    def managed_by(self, user: str) -> list[str]:
        """The teams that a user answers for."""
        return [team for team, manager in self.managers.items() if manager == user]

    def _is_below(self, person: str | None, user: str) -> bool:
        while person is not None and person != user:
            person = self.superior.get(person)
        return person is not None


def _manager_above(
    user: str,
    team: str | None,
    users: Mapping[str, str | None],
    managers: Mapping[str, str | None],
    parents: Mapping[str, str | None],
) -> str | None:
    """The manager of a user's team, or of the nearest team above it that another known user manages."""
    seen: set[str] = set()
    while team is not None and team not in seen:
        seen.add(team)
        manager = managers.get(team)
        if manager is not None and manager != user and manager in users:
            return manager
        team = parents.get(team)
    return None
