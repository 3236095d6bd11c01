"""`team add`: one more team, of users that name it."""

from __future__ import annotations

from pipecli.records.settings import Settings, Team
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.principals import refuse_taken


def add(settings: Settings, slug: str, team: Team) -> Change:
    """Add a team to the settings."""
    refuse_taken(settings, slug)
    if team.manager and team.manager not in settings.users:
        raise Refused(
            f"there is no user {team.manager} to manage {slug}",
            hint=f"see `pipecli user list`, or add them with `pipecli user add {team.manager}`",
        )
    return Change(
        settings.with_(teams={**settings.teams, slug: team}), f"add team {slug}", "settings-changed"
    )
