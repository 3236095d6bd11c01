"""The owners of leads and deals: of one that is added, by the rules of `assign`, by `user handover`, `share`.

A lead by mail is its receiver's: `lead_or_deal_of_mail.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar, cast

from pipecli.records.compare_names import chosen_id, people_of
from pipecli.records.opportunity import Assigned, Opportunity
from pipecli.workflow import Change, Refused

if TYPE_CHECKING:
    from pipecli.records.customer import Customer
    from pipecli.records.lead import Lead
    from pipecli.records.settings import AssignmentRule, Settings, User


R = TypeVar("R", "Lead", "Opportunity")


class Workload(NamedTuple):
    """The share of each user in one kind of record, as the files have it."""

    turns: Mapping[str, Mapping[str | None, int]]
    """By the name of a rule, the last turn of each owner of what it gave; None is who owns it no more."""
    newest: Mapping[str, float]
    """When the newest that a user owns was created, in days of any calendar."""
    open: Mapping[str, int]
    """The number of open ones that a user owns."""


class RuleMatch(NamedTuple):
    """A record that nobody owns, and the rule that takes it."""

    record: Lead | Opportunity
    rule: AssignmentRule


def rules_for(settings: Settings, noun: str) -> list[tuple[int, AssignmentRule]]:
    """The rules for a kind of record with their places in the settings: the first to be asked first."""
    rules = [(place, rule) for place, rule in enumerate(settings.assignment_rules) if rule.for_ == noun]
    return sorted(rules, key=lambda place_and_rule: -place_and_rule[1].priority)


def is_at_work(user: User, day: date) -> bool:
    """True for a user who is active, and not away on that day."""
    return user.active and not any(away.from_ <= day <= away.to for away in user.away)


def users_at_work(rule: AssignmentRule, settings: Settings, day: date) -> list[str]:
    """Those whom a rule may give something on that day: of its list in that order, then of its team."""
    users = settings.users
    named = [slug for slug in rule.users if slug in users and is_at_work(users[slug], day)]
    team = members_at_work(settings, rule.team, day) if rule.team else []
    return list(dict.fromkeys((*named, *team)))


def members_at_work(settings: Settings, team: str, day: date) -> list[str]:
    """The users of a team and of the teams below it who are at work that day, in the settings' order."""
    teams = {team}
    for _ in settings.teams:  # each round finds the teams of one more level
        teams |= {slug for slug, other in settings.teams.items() if other.parent in teams}
    return [slug for slug, user in settings.users.items() if user.team in teams and is_at_work(user, day)]


def assign_by_rules(
    matches: Sequence[RuleMatch], settings: Settings, workload: Workload, today: date
) -> list[Change]:
    """Give each record away; what one user gets counts for the next. Each rule has a user at work.

    Round robin: whose last turn is the longest ago. Who had none yet comes before all others, and of several
    the one whose newest record of that kind is the oldest.
    """
    turns = {rule: dict(last) for rule, last in workload.turns.items()}
    load = Counter(workload.open)
    changes = []
    for record, rule in matches:
        users, turn = users_at_work(rule, settings, today), None
        if rule.method == "least-loaded":
            user = min(users, key=lambda slug: load[slug])
        else:
            last = turns.setdefault(rule.name, {})
            user = _longest_waiting(users, last, workload)
            turn = last[user] = max(last.values(), default=0) + 1
        load[user] += 1
        given = record.with_(owner=user, assigned=Assigned(rule=rule.name, turn=turn))
        changes.append(Change(given, f"assign to {user}, by the rule {rule.name}", "assigned"))
    return changes


def assign_when_added(
    record: R,
    rule: AssignmentRule,
    settings: Settings,
    workload: Callable[[], Workload],
    *,
    me: str | None,
    today: date,
) -> tuple[R, tuple[str, ...]]:
    """A new lead or deal whose owner nobody named, given to a user of its rule, and a note of it.

    The rule's own users keep what they add, and so does anybody where none of them is at work.
    """
    users = users_at_work(rule, settings, today)
    if not users or me in users:
        return record, ()
    (change,) = assign_by_rules([RuleMatch(record.with_(owner=None), rule)], settings, workload(), today)
    given = cast("R", change.record)
    plan = given.next_contact
    if plan is not None and plan.by == record.owner:
        given = given.with_(next_contact=plan.with_(by=given.owner))
    return given, (f"{change.summary}; another is named with --owner",)


def _longest_waiting(users: Sequence[str], last: Mapping[str | None, int], workload: Workload) -> str:
    never = float("-inf")
    waiting = {slug: (last[slug], never) if slug in last else (0, workload.newest.get(slug, never))
               for slug in users}  # fmt: skip
    return min(users, key=lambda slug: waiting[slug])


Owned: TypeAlias = "Lead | Opportunity | Customer"


def with_new_owner(record: Owned, old: str | None, new: str) -> tuple[Owned, tuple[str, ...]]:
    """The record whose ownership and planned work, where `old` had them, are `new`'s; and what to tell."""
    from pipecli.records.customer import Customer

    owner = new if record.owner in (None, old) else record.owner
    if old in (None, new) or isinstance(record, Customer):
        return record.with_(owner=owner), ()
    contact, activities, planned = record.next_contact, [], []
    if contact is not None and contact.by == old:
        contact = contact.with_(by=new)
        planned.append(f"the next contact, on {contact.date}")
    for activity in record.activities:
        is_planned = activity.by == old and not activity.done
        activities.append(activity.with_(by=new) if is_planned else activity)
        if is_planned:
            planned.append(f'the {activity.type} "{activity.subject}", on {activity.at:%Y-%m-%d}')
    moved = record.with_(owner=owner, next_contact=contact, activities=tuple(activities))
    return moved, tuple(f"{what}, is {new}'s now" for what in planned)


def assign_to_user(record: Owned, settings: Settings, user: str) -> Change:
    """Give a record to an active user; what was planned for the owner goes along."""
    user = require_user(settings, user)
    after, notes = with_new_owner(record, record.owner, user)
    return Change(after, f"assign to {user}", "assigned", notes=notes)


def assign_to_team(
    record: Owned, settings: Settings, team: str, owned: Mapping[str, int], *, today: date
) -> Change:
    """Give a record to a team: all of it see it, and of its users at work the least loaded answers for it.

    `owned` is how many open ones of that kind each user owns; of equals, the first in the settings.
    """
    team = named_team(settings, team)
    members = members_at_work(settings, team, today)
    if not members:
        raise Refused(f"the team {team} has no active user", hint="add one: pipecli user set USER team=…")
    least_loaded = min(members, key=lambda slug: owned.get(slug, 0))
    owner = record.owner if record.owner in members else least_loaded
    after, notes = with_new_owner(record, record.owner, owner)
    return Change(_seen_by(after, team), f"assign to the team {team}: {owner}", "assigned", notes=notes)


def _seen_by(record: Owned, *principals: str) -> Owned:
    """The record, shared with users and teams; a customer is everybody's."""
    from pipecli.records.customer import Customer

    if isinstance(record, Customer):
        return record
    return record.with_(shared_with=tuple(dict.fromkeys([*record.shared_with, *principals])))


def hand_over(
    records: Sequence[Owned],
    settings: Settings,
    user: str,
    to: str,
    *,
    today: date,
    open_deals: Mapping[str, int],
) -> list[Change]:
    """Give all that a user has at work to another, or to the least loaded at work of a team.

    `open_deals` is how many each user owns. What goes to a team is shared with it; what one of it owns
    already, with work planned for the user, stays the owner's.
    """
    if to == user:
        raise Refused(f"{user} can't hand over to {user}", hint="name another user, or a team")
    members = members_at_work(settings, to, today) if to in settings.teams else [require_user(settings, to)]
    members = [slug for slug in members if slug != user]
    if not members:
        raise Refused(
            f"the team {to} has no other active user", hint="name a user, or see `pipecli user list`"
        )
    load = Counter(open_deals)
    changes = []
    for record in records:
        owner = record.owner
        new = owner if owner in members else min(members, key=lambda slug: load[slug])
        load[new] += record.noun == "opportunity" and owner == user
        after, notes = with_new_owner(record, user, new)
        if to in settings.teams:
            after = _seen_by(after, to)
        changes.append(Change(after, f"hand over from {user} to {new}", "assigned", notes=notes))
    return changes


def roles_left(settings: Settings, user: str, sold: Iterable[tuple[str, str]]) -> list[str]:
    """The roles that a handover leaves with a user: the teams they manage, rules that name them, parts sold.

    `sold` are these deals, with their percent of each: whether it is earned or goes along, nobody can know.
    """
    teams = [slug for slug, team in settings.teams.items() if team.manager == user]
    return [
        *(f"{user} manages the team {slug}: pipecli team set {slug} manager=…" for slug in teams),
        *(f"the rule {rule.name} names {user}" for rule in settings.assignment_rules if user in rule.users),
        *(f"{user} keeps {part} % of {deal}: pipecli opp sellers {deal} USER=N…" for deal, part in sold),
    ]


def require_user(settings: Settings, word: str) -> str:
    """The user that is meant for an owner. Refused where the settings have none, or one who has left."""
    user = named_user(settings, word)
    if not settings.users[user].active:
        raise Refused(
            f"{user} is not active", hint=f"give it to another, or pipecli user set {user} active=yes"
        )
    return user


def share_record(record: R, settings: Settings, principals: Sequence[str]) -> Change:
    """Let users and teams see it among their own."""
    principals = [_principal(settings, principal) for principal in principals]
    return Change(_seen_by(record, *principals), f"share with {', '.join(principals)}", "shared")


def _principal(settings: Settings, word: str) -> str:
    both = {**settings.users, **settings.teams}
    known = people_of({slug: entry.plain() for slug, entry in both.items()})
    return chosen_id(
        word, known, f"{word} isn't a user or team", hint="share with one of {known}", error=Refused
    )


def unshare_record(record: R, settings: Settings, principals: Sequence[str]) -> Change:
    """Take it from the sight of users and teams again, those who are gone from the settings too."""
    principals = [
        principal if principal in record.shared_with else _principal(settings, principal)
        for principal in principals
    ]
    for principal in principals:
        if principal not in record.shared_with:
            raise Refused(
                f"{record.key} is not shared with {principal}",
                hint=f"it is shared with {', '.join(record.shared_with) or 'nobody'}",
            )
    left = tuple(principal for principal in record.shared_with if principal not in principals)
    return Change(record.with_(shared_with=left), f"stop sharing with {', '.join(principals)}", "unshared")


def named_user(settings: Settings, word: str) -> str:
    """The user that is meant by slug, name or e-mail address. Refused where there is none."""
    known = people_of({slug: user.plain() for slug, user in settings.users.items()})
    return chosen_id(word, known, f"unknown user {word}", hint="the users: {known}", error=Refused)


def named_team(settings: Settings, word: str) -> str:
    """The team that is meant by slug or name. Refused where there is none."""
    known = people_of({slug: team.plain() for slug, team in settings.teams.items()})
    return chosen_id(word, known, f"unknown team {word}", hint="the teams: {known}", error=Refused)
