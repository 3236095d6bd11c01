"""The jobs of cron that change records: `auto-close`, `assign` and `renew`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from pipecli.cli.common.command import Changing, Job, flag, noun, option
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_json import record_json
from pipecli.cli.common.session import Session, mention, say
from pipecli.cli.common.table import Column
from pipecli.cli.common.transaction import Transaction
from pipecli.errors import PipecliError
from pipecli.history.commit_as_of import NoSuchMoment
from pipecli.history.history_index import open_history
from pipecli.history.record_history import history_of, sent_times
from pipecli.outbox.claim_and_send_once import Claims, clone_name
from pipecli.records.emails_and_phones import email_key, users_by_address
from pipecli.records.kinds import LEAD, OPPORTUNITY, ORDER, QUOTATION, Kind
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Order, Quotation
from pipecli.store.choose_by_condition import choose_rules
from pipecli.store.index.rows_for_verbs import (
    deals_that_may_close,
    orders_to_renew,
    unowned_records,
    workload,
)
from pipecli.store.lock_and_signals import Busy
from pipecli.wording import count
from pipecli.workflow import Change
from pipecli.workflow.assignment import RuleMatch, assign_by_rules, rules_for, users_at_work
from pipecli.workflow.opportunity.auto_close import TOUCHING, Touch, Wait, closed_by_itself, start_of_wait
from pipecli.workflow.order import renew_order, term_ends
from pipecli.workflow.settings import require_auto_close_reason

app = noun()


class Closing(NamedTuple):
    """An opportunity that closes by itself."""

    deal: Opportunity
    """As it was."""
    change: Change
    wait: Wait
    days: int
    commit: str | None = None


@app.command("auto-close", cls=Job)
def auto_close(run: Session) -> None:
    """Close opportunities that nobody answers.

    An opportunity is closed if the last word was ours (a call, a mail, a quotation sent) at least
    auto_close.after_days ago, nobody has moved it or changed its value or expected close since, nothing is
    planned, and no quotation is still valid. Each is a commit of its own, which git revert takes back.
    --dry-run lists what would be closed, and what each has been waiting for since when.
    """
    settings, today = run.read(OPPORTUNITY, QUOTATION).settings, run.today
    require_auto_close_reason(settings)
    # The time of a word may have another offset than the pipeline's zone, and so another day.
    latest = date.fromordinal(max(1, today.toordinal() - settings.auto_close.after_days + 1))
    _close_all(run, deals_that_may_close(run.connection, today, latest))


def _close_all(run: Session, keys: list[str]) -> None:
    """Close those that the rule is for. One that can't be closed doesn't keep the others open."""
    done: list[Closing] = []
    failed: dict[str, str] = {}
    try:
        for key in keys:
            try:
                closing = _close(run, key)
            except Busy:
                raise
            except PipecliError as error:
                if error.reason not in failed.values():
                    say(f"{key} is not closed: {error.reason}")
                failed[key] = error.reason
                continue
            if closing is not None:
                done.append(closing)
                if run.format is Format.TABLE:
                    write_text(f"{_line(closing, is_done=not run.dry_run)}\n")
    except KeyboardInterrupt:
        raise PipecliError(f"interrupted; closed: {len(done)}", hint="run it again for the rest") from None
    finally:
        if run.format is not Format.TABLE:
            print_records([_record(run, closing) for closing in done], _COLUMNS, run.format)
    if failed:
        raise PipecliError(
            f"{len(failed)} of {len(failed) + len(done)} could not be closed: {', '.join(failed)}",
            hint="the reasons are above" if run.dry_run else "the reasons are above; the others are closed",
        )
    if not done:
        mention("nothing to close: every open deal has an answer, a plan, or some time left")


def _close(run: Session, key: str) -> Closing | None:
    """Close one deal where the rule is for it; in a dry run nothing is written.

    It is judged again alone with the pipeline, as others may have done something since.
    """
    closing = _closing_of(run, key)
    if closing is None or run.dry_run:
        return closing
    time.sleep(_GIVING_WAY)
    with run.pipeline.exclusive():
        run.pipeline.look_again()
        closing = _closing_of(run, key)
        return closing and closing._replace(commit=Transaction(run).commit_one(closing.change))


# Seconds. The lock has no queue: who waits for it looks every tenth of a second whether it is free.
_GIVING_WAY = 0.02


def _closing_of(run: Session, key: str) -> Closing | None:
    """The closing of a deal; None where it stays open."""
    pipeline, zone = run.pipeline, run.zone
    deal = pipeline.find_record(Opportunity, key)
    if deal is None:
        return None
    quotations = pipeline.all(Quotation, opportunity=key)
    wait = start_of_wait(deal, quotations, zone=zone)
    if not closed_by_itself(deal, pipeline.settings, quotations, wait, today=run.today):
        return None  # known without history, which can only make the wait shorter
    sent = sent_times(pipeline, quotations)
    wait = start_of_wait(deal, quotations, _touches(run, key), zone=zone, sent=sent)
    change = closed_by_itself(deal, pipeline.settings, quotations, wait, today=run.today)
    return Closing(deal, change, wait, (run.today - wait.since).days) if change and wait else None


def _touches(run: Session, key: str) -> list[Touch]:
    """The changes of a deal that start its wait anew, by users who mean this deal."""
    try:
        history = open_history(run.pipeline.location, say)
    except NoSuchMoment:  # nothing is committed yet
        return []
    people = users_by_address(run.pipeline.settings_as_written.get("users") or {})
    return [
        Touch(entry.commit.when, event.text)
        for entry in history_of(history, (OPPORTUNITY.noun, key), only=True)
        if not entry.commit.is_for_many and (email_key(entry.commit.email) or "") in people
        for event in entry.events
        if event.field.partition(".")[0] in TOUCHING
    ]


def _line(closing: Closing, *, is_done: bool) -> str:
    rejected, wait = _rejected(closing), closing.wait
    return (
        f"{closing.deal.id}: {'closed' if is_done else 'would close'}, no answer since {wait.since} "
        f"({count(closing.days, 'day', ',')}; {wait.what})"
        + (f", {' and '.join(rejected)} {'rejected' if is_done else 'would be rejected'}" if rejected else "")
        + f": {closing.deal.title}"
    )


def _rejected(closing: Closing) -> list[str]:
    return [change.key for change in closing.change.also]


_COLUMNS = tuple(
    Column(name, name) for name in ("id", "title", "owner", "no_answer_since", "no_answer_days", "waited_for")
)


def _record(run: Session, closing: Closing) -> dict[str, Any]:
    """The deal as it is now, and why it closes."""
    return {
        **record_json(run, "opportunity", closing.deal.id),
        "no_answer_since": closing.wait.since,
        "no_answer_days": closing.days,
        "waited_for": closing.wait.what,
        "rejected_quotations": _rejected(closing),
        **({"commit": closing.commit} if closing.commit else {}),
    }


@app.command("assign", cls=Job)
def assign(transaction: Transaction) -> None:
    """Assign leads and opportunities that nobody owns, by the rules.

    Of the settings' assignment_rules, the first by priority whose `when` is true names the users; round-robin
    takes the one who has waited longest, least-loaded the one with the fewest open records. It is one commit.
    --dry-run lists who would get what.
    """
    changes = [change for kind in (LEAD, OPPORTUNITY) for change in _assigned(transaction, kind)]
    if not changes:
        mention("nothing to assign: no rule takes anything that nobody owns")
    if transaction.session.dry_run:
        _print_as_it_would_be(transaction.session, changes)
    else:
        transaction.commit_and_print_many(changes, _subject(changes))


def _assigned(transaction: Transaction, kind: Kind) -> list[Change]:
    """The unowned records of a kind, given away; what no active user can get is said."""
    if not rules_for(transaction.settings, kind.noun):
        return []
    transaction.pipeline.require_readable(kind)
    connection = transaction.connection
    records: list[Any] = [transaction.pipeline.read(path) for path in unowned_records(connection, kind)]
    matches: list[RuleMatch] = []
    without_user: Counter[str] = Counter()
    for record, rule in zip(records, choose_rules(transaction.pipeline, records), strict=True):
        if rule is not None and users_at_work(rule, transaction.settings, transaction.today):
            matches.append(RuleMatch(record, rule))
        elif rule is not None:
            without_user[rule.name] += 1
    for name, number in without_user.items():
        say(f"the rule {name} has no active user: {count(number, kind.noun)} left alone")
    return assign_by_rules(matches, transaction.settings, workload(connection, kind), transaction.today)


def _subject(changes: Sequence[Change]) -> str:
    """`OPP-2Q8XA: assign to ana, by the rule big deals`; `assign 3 leads and 12 opportunities`."""
    if len(changes) == 1:
        return changes[0].subject
    counts = Counter(change.record.noun for change in changes)
    return f"assign {' and '.join(count(number, noun) for noun, number in counts.items())}"


def _print_as_it_would_be(run: Session, changes: Sequence[Change]) -> None:
    if run.format is Format.TABLE:
        write_text("".join(f"{change.record.key}: would {change.summary}\n" for change in changes))
        return
    shown = [
        record_json(run, change.record.noun, change.record.key)
        | {name: change.record.plain()[name] for name in ("owner", "assigned")}
        for change in changes
    ]
    print_records(shown, [Column(name, name) for name in ("id", "status", "owner")], run.format)


@app.command("renew", cls=Changing)
def renew(
    transaction: Transaction,
    before: int = option("How many days before the end of their term.", "DAYS", default=60, min=0),
    alone: bool = flag("--alone", "No other clone renews: don't ask the shared pipeline."),
) -> None:
    """Add the next deal for orders whose recurring items end soon; for cron.

    Each order is renewed once, whichever clone runs this: it is claimed in the shared pipeline. The deal has
    the recurring items, the customer and the sellers, and is expected to close when the term ends.
    """
    pipeline, today = transaction.pipeline, transaction.today
    pipeline.require_all_readable(ORDER, OPPORTUNITY)
    orders = [pipeline.get(Order, key) for key in orders_to_renew(pipeline.connection)]
    due = [order for order in orders if (ends := term_ends(order)) and (ends - today).days <= before]
    if due and not transaction.session.dry_run:
        claims = Claims(pipeline.location, "renewals", alone=alone)
        keys = [order.id for order in due]
        mine = claims.claim(keys, clone_name(pipeline.location), today, pending=keys)
        due = [order for order in due if order.id in mine]
    if not due:
        mention("nothing is to be renewed")
    changes = [
        renew_order(
            order,
            pipeline.get(Opportunity, order.opportunity),
            transaction.settings,
            id=transaction.new_id("OPP"),
            now=transaction.now,
        )
        for order in due
    ]
    transaction.commit_and_print_many(changes, f"renew {count(len(changes), 'order')}")
