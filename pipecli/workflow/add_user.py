"""`user add`: one more salesperson, and their team where there is none of its name."""

from __future__ import annotations

from pipecli.records.settings import Settings, Team, User
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.principals import refuse_taken


def add(settings: Settings, slug: str, user: User) -> Change:
    """Add a user to the settings."""
    refuse_taken(settings, slug)
    if user.team == slug or user.team in settings.users:
        raise Refused(
            f"{user.team} is a user, and can't be a team too", hint="choose another name for the team"
        )
    teams, notes = settings.teams, _same_address(settings, user)
    if user.team and user.team not in teams:
        teams = {**teams, user.team: Team(name=user.team)}
        notes = (
            *notes,
            f"team {user.team} is new; name its manager with `pipecli team set {user.team} manager=…`",
        )
    return Change(
        settings.with_(users={**settings.users, slug: user}, teams=teams),
        f"add user {slug}",
        "settings-changed",
        notes=notes,
    )


def _same_address(settings: Settings, user: User) -> tuple[str, ...]:
    """Who commits with an address that two users have is taken for the first of them."""
    address = (user.email or "").casefold()
    same = [
        slug
        for slug, other in settings.users.items()
        if address and (other.email or "").casefold() == address
    ]
    return (
        (f"{same[0]} has the address {user.email} too: by git's identity you are {same[0]}",) if same else ()
    )
