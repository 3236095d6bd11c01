"""`pipecli assign`: what nobody owns goes to users, by the assignment rules; for cron, and for `add`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Job, noun
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_json import record_json
from pipecli.cli.common.session import Session, mention, say
from pipecli.cli.common.table import Column
from pipecli.records.kinds import BY_NOUN, LEAD, OPPORTUNITY, Kind

if TYPE_CHECKING:
    from pipecli.workflow.change import Change

app = noun("Give what nobody owns to users, by the rules; for cron.")


@app.command(cls=Job)
def assign(ctx: typer.Context) -> None:
    """Give leads and opportunities that nobody owns to users, by the rules.

    Those of the settings' assignment_rules: by priority the first whose `when` holds names the users, of whom
    round robin takes the one who waits the longest, least-loaded the one with the fewest open ones. All in
    one commit. --dry-run lists who would get what.
    """
    with changing(ctx) as transaction:
        changes = [change for kind in (LEAD, OPPORTUNITY) for change in _assigned(transaction, kind)]
        if not changes:
            mention("nothing to assign: no rule takes anything that nobody owns")
        if transaction.session.dry_run:
            _print_as_it_would_be(transaction.session, changes)
        else:
            transaction.do_many(changes, _subject(changes))


def _assigned(transaction: Transaction, kind: Kind) -> list[Change]:
    """The unowned records of a kind, given away; what no active user can get is said."""
    from pipecli.store.index.query import choose_rules
    from pipecli.store.plans import standing, unowned
    from pipecli.workflow import assignment
    from pipecli.workflow.assignment import Taken, users_at_work

    if not assignment.rules_for(transaction.settings, kind.noun):
        return []
    transaction.pipeline.need(kind)
    connection = transaction.pipeline.index.connection
    records: list[Any] = [transaction.pipeline.read(path) for path in unowned(connection, kind)]
    taken: list[Taken] = []
    idle: Counter[str] = Counter()
    for record, rule in zip(records, choose_rules(transaction.pipeline, records), strict=True):
        if rule is not None and users_at_work(rule, transaction.settings, transaction.today):
            taken.append(Taken(record, rule))
        elif rule is not None:
            idle[rule.name] += 1
    for name, count in idle.items():
        say(f"the rule {name} has nobody at work: {_counted(count, kind.noun)} left alone")
    return assignment.assign(taken, transaction.settings, standing(connection, kind), transaction.today)


def _subject(changes: Sequence[Change]) -> str:
    """`OPP-2Q8XA: assign to ana, by the rule big deals`; `assign 3 leads and 12 opportunities`."""
    if len(changes) == 1:
        return f"{changes[0].subject.key}: {changes[0].summary}"
    counts = Counter(change.subject.noun for change in changes)
    return f"assign {' and '.join(_counted(count, noun) for noun, count in counts.items())}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {BY_NOUN[noun].folder}"


def _print_as_it_would_be(run: Session, changes: Sequence[Change]) -> None:
    if run.format is Format.TABLE:
        write_text("".join(f"{change.subject.key}: would {change.summary}\n" for change in changes))
        return
    shown = [
        record_json(run, change.subject.noun, change.subject.key)
        | {name: change.subject.plain()[name] for name in ("owner", "assigned")}
        for change in changes
    ]
    print_records(shown, [Column(name, name) for name in ("id", "status", "owner")], run.format)
