"""The people of a deal: its owner (`assign`), its contacts, one of them primary, and its competitors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.records.party import Contact
from pipecli.records.settings import Settings
from pipecli.workflow.assignment import handed_over, members_at_work
from pipecli.workflow.change import Change, Refused, named_team, named_user


def assign_to_user(deal: Opportunity, settings: Settings, user: str) -> Change:
    """Give a deal to an active user; what was planned for the owner goes along."""
    user = require_user(settings, user)
    after, notes = handed_over(deal, deal.owner, user)
    return Change(after, f"assign to {user}", "assigned", notes=notes)


def require_user(settings: Settings, word: str) -> str:
    """The user that is meant for an owner. Refused where the settings have none, or one who has left."""
    user = named_user(settings, word)
    if not settings.users[user].active:
        raise Refused(
            f"{user} is not active", hint=f"give it to another, or pipecli user set {user} active=yes"
        )
    return user


def assign_to_team(
    deal: Opportunity, settings: Settings, team: str, open_deals: Mapping[str, int], *, today: date
) -> Change:
    """Give a deal to a team: all of it see it, and of its users at work the least loaded answers for it.

    `open_deals` is how many open deals each user owns; of equals, the first in the settings.
    """
    team = named_team(settings, team)
    members = members_at_work(settings, team, today)
    if not members:
        raise Refused(f"the team {team} has nobody at work", hint="add one: pipecli user set USER team=…")
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


def add_stakeholder(
    deal: Opportunity, contact: Contact, *, role: str | None = None, primary: bool = False
) -> Change:
    """Put a contact on a deal, or change the part of one who is on it; a new primary one replaces the old."""
    after = with_part(deal, contact.id, role=role, primary=primary)
    theirs = next(other for other in after.contacts if other.contact == contact.id)
    part = ", ".join([*([theirs.role] if theirs.role else []), *(["primary"] if theirs.primary else [])])
    return Change(after, f"contact {contact.name}" + (f" ({part})" if part else ""), "contact-added")


def with_part(deal: Opportunity, contact: str, *, role: str | None, primary: bool) -> Opportunity:
    """The deal with a part for a contact; one who has a part keeps what is not given."""
    known = next((other for other in deal.contacts if other.contact == contact), None)
    theirs = Stakeholder.model_construct(
        contact=contact,
        role=role or (known.role if known else None),
        primary=primary or (known.primary if known else None) or None,
    )
    others = [other.with_(primary=None) if primary else other for other in deal.contacts]
    people = [theirs if other.contact == contact else other for other in others]
    return deal.with_(contacts=tuple(people if known else [*people, theirs]))


def remove_stakeholder(deal: Opportunity, contact: Contact) -> Change:
    """Take a contact off a deal."""
    left = tuple(other for other in deal.contacts if other.contact != contact.id)
    if len(left) == len(deal.contacts):
        known = ", ".join(contact.contact for contact in deal.contacts) or "nobody"
        raise Refused(f"{contact.name} ({contact.id}) is not on {deal.id}", hint=f"on it: {known}")
    return Change(deal.with_(contacts=left), f"remove contact {contact.name}", "contact-removed")


def known_as(name: str, competitors: Mapping[str, str], deal: Opportunity) -> str:
    """The name of a competitor on a deal: its slug where it has a file, else as the deal spells it already.

    `competitors` are the names of those with a file, by slug. One spelling each, as reports count by it.
    """
    folded = name.casefold()
    for slug, label in competitors.items():
        if folded in (slug.casefold(), label.casefold()):
            return slug
    return next((competitor for competitor in deal.competitors if competitor.casefold() == folded), name)


def add_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Note a competitor; the same name in other letters is the same one."""
    competitor = known_as(name, competitors, deal)
    known = deal.competitors if competitor in deal.competitors else (*deal.competitors, competitor)
    return Change(deal.with_(competitors=known), f"competitor {competitor}", "competitor-added")


def remove_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Strike a competitor out."""
    gone = {name.casefold(), known_as(name, competitors, deal).casefold()}
    left = tuple(competitor for competitor in deal.competitors if competitor.casefold() not in gone)
    if len(left) == len(deal.competitors):
        known = ", ".join(deal.competitors) or "nobody"
        raise Refused(f"{name} is no competitor of {deal.id}", hint=f"its competitors: {known}")
    return Change(deal.with_(competitors=left), f"remove competitor {name}", "competitor-removed")
