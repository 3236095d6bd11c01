"""Settings that contradict themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipecli.records.kinds import BY_NOUN, SETTINGS_FILE
from pipecli.reports.followups import EVENTS
from pipecli.store.checks.rule import Problem, Rule, Severity, dotted
from pipecli.store.index import query
from pipecli.workflow.rules import can_be_met, unmeetable

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

_PERIOD = r"[0-9]{4}(-(Q[1-4]|W[0-9]{2}|[0-9]{2}))?"


def condition(pipeline: Pipeline) -> Iterator[Problem]:
    """Conditions in SQL that can't be run: the command that comes upon one would be refused."""
    for field, noun, sql in pipeline.settings.conditions():
        try:
            query.compile_condition(pipeline.index.connection, BY_NOUN[noun].table, sql)
        except query.BadQuery as error:
            yield Problem(SETTINGS_FILE, dotted(field), f"{field}: {error}")


def requires(pipeline: Pipeline) -> Iterator[Problem]:
    """Stages that require what no opportunity can have: no deal would ever enter them."""
    for slug, process in pipeline.settings.processes.items():
        for place, stage in enumerate(process.stages):
            for position, wanted in enumerate(stage.requires):
                if not can_be_met(wanted):
                    path = ("processes", slug, "stages", place, "requires", position)
                    yield Problem(SETTINGS_FILE, path, unmeetable(stage.id, wanted))


def auto_close_reason(pipeline: Pipeline) -> Iterator[Problem]:
    """Deals that close by themselves get a reason that the list has."""
    settings = pipeline.settings
    reason = settings.auto_close.reason
    if settings.lost_reasons and reason not in settings.lost_reasons:
        listed = ", ".join(settings.lost_reasons)
        yield Problem(
            SETTINGS_FILE,
            ("auto_close", "reason"),
            f"auto_close.reason: {reason} is none of lost_reasons: {listed}",
        )


def user_or_team(pipeline: Pipeline) -> Iterator[Problem]:
    """One slug for a user and a team: nobody knows with whom a record is shared."""
    settings = pipeline.settings
    for slug in sorted(settings.users.keys() & settings.teams.keys()):
        yield Problem(
            SETTINGS_FILE, ("teams", slug), f"{slug} is a user and a team; choose another slug for one"
        )


def user_email(pipeline: Pipeline) -> Iterator[Problem]:
    """Users are recognised by git's e-mail address: two with one address are taken for the first."""
    users: dict[str, list[str]] = defaultdict(list)
    for slug, user in pipeline.settings.users.items():
        if user.email:
            users[user.email.casefold()].append(slug)
    for email, slugs in users.items():
        for slug in slugs[1:]:
            yield Problem(
                SETTINGS_FILE, ("users", slug, "email"), f"{email} is also the address of {slugs[0]}"
            )


def inactive_user(pipeline: Pipeline) -> Iterator[Problem]:
    """Rules that give work to somebody who is not there any more."""
    users = pipeline.settings.users
    for place, rule in enumerate(pipeline.settings.assignment_rules):
        for position, slug in enumerate(rule.users):
            if slug in users and not users[slug].active:
                path = ("assignment_rules", place, "users", position)
                yield Problem(
                    SETTINGS_FILE, path, f"the rule {rule.name} assigns to {slug}, who is not active"
                )


def target_period(pipeline: Pipeline) -> Iterator[Problem]:
    """Targets of a period that no report will ask for."""
    for period in pipeline.settings.targets:
        if not re.fullmatch(_PERIOD, period):
            yield Problem(
                SETTINGS_FILE, ("targets", period), f"{period} is no period; write 2026, 2026-Q4 or 2026-11"
            )


def notified_event(pipeline: Pipeline) -> Iterator[Problem]:
    """Channels of an event that there is not: they are never told of anything."""
    for event in pipeline.settings.notifications:
        if event not in EVENTS:
            known = ", ".join(EVENTS)
            yield Problem(
                SETTINGS_FILE, ("notifications", event), f"{event} is no event that is told of: {known}"
            )


def base_rate(pipeline: Pipeline) -> Iterator[Problem]:
    """A rate of the base currency in itself: it is never used."""
    base = pipeline.settings.currency
    if base in pipeline.settings.exchange_rates:
        yield Problem(
            SETTINGS_FILE, ("exchange_rates", base), f"{base} is the base currency: its rate is always 1"
        )


WITH_SETTINGS = (
    Rule("condition", Severity.ERROR, condition),
    Rule("requires", Severity.ERROR, requires),
    Rule("auto-close-reason", Severity.ERROR, auto_close_reason),
    Rule("user-or-team", Severity.ERROR, user_or_team),
    Rule("user-email", Severity.WARNING, user_email),
    Rule("inactive-user", Severity.WARNING, inactive_user),
    Rule("target-period", Severity.WARNING, target_period),
    Rule("notified-event", Severity.WARNING, notified_event),
    Rule("base-rate", Severity.WARNING, base_rate),
)
