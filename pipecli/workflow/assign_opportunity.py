"""`opportunity assign`: a deal gets another owner, a user or one of a team."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused


def assign_to_user(deal: Opportunity, settings: Settings, user: str) -> Change:
    """Give a deal to an active user; the next contact that the owner was to make goes along."""
    require_user(settings, user)
    planned = deal.next_contact
    notes: tuple[str, ...] = ()
    if planned is not None and planned.by == deal.owner != user:
        planned = planned.with_(by=user)
        notes = (f"the next contact, on {planned.date}, is {user}'s now",)
    return Change(deal.with_(owner=user, next_contact=planned), f"assign to {user}", "assigned", notes=notes)


def require_user(settings: Settings, user: str) -> None:
    """Refuse an owner whom the settings don't have, or who has left."""
    known = settings.users.get(user)
    if known is None:
        raise Refused(f"there is no user {user}", hint=f"the users: {', '.join(settings.users)}")
    if not known.active:
        raise Refused(
            f"{user} is not active", hint=f"give it to another, or pipecli user set {user} active=yes"
        )


def assign_to_team(deal: Opportunity, settings: Settings, team: str, open_deals: Mapping[str, int]) -> Change:
    """Give a deal to a team: all of it see it, and of its active users the least loaded answers for it.

    `open_deals` is how many open deals each user owns; of equals, the first in the settings.
    """
    if team not in settings.teams:
        raise Refused(f"there is no team {team}", hint=f"the teams: {', '.join(settings.teams) or 'none'}")
    members = [slug for slug in settings.members(team) if settings.users[slug].active]
    if not members:
        raise Refused(f"the team {team} has no active users", hint="add one: pipecli user set USER team=…")
    least_loaded = min(members, key=lambda slug: open_deals.get(slug, 0))
    owner = deal.owner if deal.owner in members else least_loaded
    change = assign_to_user(deal, settings, owner)
    assert isinstance(change.subject, Opportunity)
    shared = deal.shared_with if team in deal.shared_with else (*deal.shared_with, team)
    return Change(
        change.subject.with_(shared_with=shared),
        f"assign to the team {team}: {owner}",
        change.event,
        notes=change.notes,
    )
