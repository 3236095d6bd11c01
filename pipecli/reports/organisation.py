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
        self.team = teams
        self.superior: dict[str, str | None] = {}
        """Whom each user reports to; None at the top, where the first of a circle stands too."""
        self.people: dict[str | None, list[str]] = defaultdict(list)
        """Who reports to each manager; at None those at the top."""
        self.members: dict[str | None, list[str]] = defaultdict(list)
        """Who is in each team."""
        self._children: dict[str | None, list[str]] = defaultdict(list)
        self.answered_for: dict[str | None, list[str]] = defaultdict(list)
        """The teams that each user answers for; one without a manager is that of the next above."""
        for team in managers:
            self._children[parents.get(team)].append(team)
            self.answered_for[_manager_above(None, team, teams, managers, parents)].append(team)
        for user, own in teams.items():
            above = _manager_above(user, own, teams, managers, parents)
            if self._is_below(above, user):
                above = None
            self.superior[user] = above
            self.people[above].append(user)
            self.members[own].append(user)

    def team_and_below(self, team: str) -> set[str]:
        """A team and every one below it."""
        found, new = set[str](), [team]
        while new:
            found.update(new)
            new = [child for each in new for child in self._children[each] if child not in found]
        return found

    def _is_below(self, person: str | None, user: str) -> bool:
        while person is not None and person != user:
            person = self.superior.get(person)
        return person is not None


def _manager_above(
    user: str | None,
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
