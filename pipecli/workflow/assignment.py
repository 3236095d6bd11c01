"""`assign` by the assignment rules, for leads and deals that nobody owns; `share` with users and teams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from pipecli.records.lead import Lead
from pipecli.records.opportunity import Assigned, Opportunity
from pipecli.records.settings import AssignmentMethod, AssignmentRule, Settings
from pipecli.workflow.change import Change, Refused


class Standing(NamedTuple):
    """The share of each user in one kind of record, as the files have it."""

    turns: Mapping[str, Mapping[str | None, int]]
    """By the name of a rule, the last turn of each owner of what it gave; None is who owns it no more."""
    newest: Mapping[str, float]
    """When the newest that a user owns was created, in days of any calendar."""
    open: Mapping[str, int]
    """The number of open ones that a user owns."""


class Taken(NamedTuple):
    """A record that nobody owns, and the rule that takes it."""

    record: Lead | Opportunity
    rule: AssignmentRule


def rules_for(settings: Settings, noun: str) -> list[tuple[int, AssignmentRule]]:
    """The rules for a kind of record with their places in the settings: the first to be asked first."""
    rules = [(place, rule) for place, rule in enumerate(settings.assignment_rules) if rule.for_ == noun]
    return sorted(rules, key=lambda place_and_rule: -place_and_rule[1].priority)


def active_users(rule: AssignmentRule, settings: Settings) -> list[str]:
    """Those whom a rule may give something, in the order of its list."""
    users = settings.users
    return [slug for slug in rule.users if slug in users and users[slug].active]


def assign(taken: Sequence[Taken], settings: Settings, standing: Standing) -> list[Change]:
    """Give each record away; what one user gets counts for the next. Each rule has an active user.

    Round robin: whose last turn is the longest ago. Who had none yet comes before all others, and of several
    the one whose newest record of that kind is the oldest.
    """
    turns = {rule: dict(last) for rule, last in standing.turns.items()}
    load = Counter(standing.open)
    changes = []
    for record, rule in taken:
        users, turn = active_users(rule, settings), None
        if rule.method is AssignmentMethod.LEAST_LOADED:
            user = min(users, key=lambda slug: load[slug])
        else:
            last = turns.setdefault(rule.name, {})
            user = _longest_waiting(users, last, standing)
            turn = last[user] = max(last.values(), default=0) + 1
        load[user] += 1
        changes.append(_given(record, user, Assigned(rule=rule.name, turn=turn)))
    return changes


def _longest_waiting(users: Sequence[str], last: Mapping[str | None, int], standing: Standing) -> str:
    never = float("-inf")
    waiting = {slug: (last[slug], never) if slug in last else (0, standing.newest.get(slug, never))
               for slug in users}  # fmt: skip
    return min(users, key=lambda slug: waiting[slug])


def _given(record: Lead | Opportunity, user: str, by: Assigned) -> Change:
    return Change(
        record.with_(owner=user, assigned=by), f"assign to {user}, by the rule {by.rule}", "assigned"
    )


R = TypeVar("R", Lead, Opportunity)


def share(record: R, settings: Settings, principals: Sequence[str]) -> Change:
    """Let users and teams see it among their own."""
    for principal in principals:
        if principal not in settings.users and principal not in settings.teams:
            known = ", ".join([*settings.users, *settings.teams])
            raise Refused(f"{principal} is no user or team", hint=f"share with one of {known}")
    shared = tuple(dict.fromkeys([*record.shared_with, *principals]))
    return Change(record.with_(shared_with=shared), f"share with {', '.join(principals)}", "shared")


def unshare(record: R, principals: Sequence[str]) -> Change:
    """Take it from the sight of users and teams again."""
    for principal in principals:
        if principal not in record.shared_with:
            raise Refused(
                f"{record.key} is not shared with {principal}",
                hint=f"it is shared with {', '.join(record.shared_with) or 'nobody'}",
            )
    left = tuple(principal for principal in record.shared_with if principal not in principals)
    return Change(record.with_(shared_with=left), f"share no more with {', '.join(principals)}", "unshared")
