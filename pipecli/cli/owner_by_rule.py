"""Whose a new lead or opportunity is when nobody is named: `add` asks the assignment rules, as cron would."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from pipecli.records.kinds import BY_NOUN

if TYPE_CHECKING:
    from pipecli.cli.changing import Desk
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity

R = TypeVar("R", bound="Lead | Opportunity")


def owned_by_rule(desk: Desk, record: R) -> tuple[R, tuple[str, ...]]:
    """A new record, given to whom a rule names instead of to its adder, and a note that says so.

    The rule's own users keep what they add.
    """
    from pipecli.store.index.query import choose_rules
    from pipecli.store.index.rows import standing
    from pipecli.workflow.assignment import Taken, active_users, assign, rules_for

    if not rules_for(desk.settings, record.noun):
        return record, ()
    unowned = record.with_(owner=None)
    (rule,) = choose_rules(desk.pipeline, [unowned])
    users = active_users(rule, desk.settings) if rule else []
    if rule is None or not users or desk.me in users:
        return record, ()
    standings = standing(desk.pipeline.index.connection, BY_NOUN[record.noun])
    (change,) = assign([Taken(unowned, rule)], desk.settings, standings)
    given = cast("R", change.subject)
    plan = given.next_contact
    if plan is not None and plan.by == record.owner:
        given = cast("R", given.with_(next_contact=plan.with_(by=given.owner)))
    return given, (f"{change.summary}; another is named with --owner",)
