"""`activity add` and `done`: calls, meetings, emails, tasks and notes, on leads and opportunities."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

import typer

from pipecli.cli.common.assignments import validated
from pipecli.cli.common.change import Printed, Transaction, changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.list import ActivityTypeName
from pipecli.errors import PipecliError
from pipecli.records.activity import Activity
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Contact
from pipecli.store.index.records import rows_where
from pipecli.store.lookup import resolve
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.wording import first_of
from pipecli.workflow import activity as add_activity
from pipecli.workflow import activity as complete_activity

app = noun()

Deal = Annotated[
    str, typer.Argument(metavar="REF", help="A lead or an opportunity: id, its beginning, or a name.")
]


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    ref: Deal,
    type_: Annotated[ActivityTypeName, typer.Option("--type", help="What it is.")],
    subject: Annotated[str, typer.Option(help="What it is about.", metavar="TEXT")],
    direction: Annotated[
        Literal["in", "out"] | None, typer.Option(help="in: from the customer; out: from us.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="10:00, friday 9am, 15 dec, 2026-11-30T10:00. Default, if it is done: now.", metavar="WHEN"
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who; you otherwise.", metavar="USER")] = None,
    contact: Annotated[str | None, typer.Option(help="With whom.", metavar="CONTACT")] = None,
    duration: Annotated[int | None, typer.Option(help="In minutes.", min=0, metavar="MINUTES")] = None,
    notes: Annotated[str | None, typer.Option(help="What was said.", metavar="TEXT")] = None,
    done: Annotated[bool, typer.Option("--done", help="It has happened; a note always has.")] = False,
) -> None:
    """Add an activity, planned or done.

    Prints its id; with json, the whole lead or opportunity.
    """
    is_done = done or type_ == "note"
    with changing(ctx) as transaction:
        record = _record(transaction, ref)
        if at is None and not is_done:
            raise PipecliError(
                f"a planned {type_} needs its time",
                hint='add --at "friday 10:00", or --done if it has happened',
            )
        given = {
            "id": transaction.new_activity_id(),
            "type": type_,
            "at": transaction.session.moment_or_day(at, past=is_done) if at else transaction.now,
            "subject": subject,
            "by": by or transaction.me,
            "direction": direction,
            "done": is_done,
            "contact": _contact(transaction, contact),
            "duration": duration,
            "notes": notes or None,
        }
        activity = validated(Activity, given)
        transaction.do(
            add_activity.add(record, activity, transaction.today),
            printed=Printed(record.noun, record.key, activity.id, is_new=True),
        )


@app.command("done", cls=Changing)
def done(
    ctx: typer.Context,
    ref: Annotated[
        str,
        typer.Argument(metavar="ID", help="The activity; or its lead or opportunity, which has one open."),
    ],
    activity: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The activity, if a lead or opportunity came first.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When it was; when it was planned otherwise.", metavar="WHEN")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="What was said.", metavar="TEXT")] = None,
) -> None:
    """Mark a planned activity as done."""
    with changing(ctx) as transaction:
        known = find_activity(transaction.pipeline, ref, activity)
        record = _of(transaction, known.noun, known.record)
        when = transaction.session.moment_or_day(at, past=True) if at else None
        transaction.do(
            complete_activity.complete(record, known.id, transaction.now, at=when, notes=notes or None),
            printed=Printed(known.noun, known.record, known.id),
        )


def _record(transaction: Transaction, ref: str) -> Lead | Opportunity:
    named = resolve(transaction.pipeline, ref, LEAD, OPPORTUNITY)
    return _of(transaction, named.noun, named.key)


def _of(transaction: Transaction, noun: str, key: str) -> Lead | Opportunity:
    if noun == "lead":
        return transaction.pipeline.get(Lead, key)
    return transaction.pipeline.get(Opportunity, key)


def _contact(transaction: Transaction, name: str | None) -> str | None:
    return transaction.get(Contact, name).id if name else None


class FoundActivity(NamedTuple):
    id: str
    noun: str
    """The kind of the record it is in."""
    record: str
    subject: str


def find_activity(pipeline: Pipeline, first: str, second: str | None) -> FoundActivity:
    """The activity that `first` names; or the one of the record `first` that `second` names, or that is open.

    Raises NotFound, and PipecliError where several answer.
    """
    if second is not None:
        record = resolve(pipeline, first, LEAD, OPPORTUNITY).key
        return _one(
            _by_id(pipeline, second, record), f'no activity of {record} answers to "{second}"', record
        )
    activities = _by_id(pipeline, first)
    if activities:
        return _one(activities, "", first)
    try:
        record = resolve(pipeline, first, LEAD, OPPORTUNITY).key
    except NotFound:
        raise NotFound(
            f'no activity, lead or opportunity answers to "{first}"',
            hint="see `pipecli activity list --open`",
        ) from None
    return _one(_query(pipeline, "record = ? AND NOT done", record), f"{record} has no open activity", record)


def _by_id(pipeline: Pipeline, text: str, record: str | None = None) -> list[FoundActivity]:
    start = text.strip().upper().replace("O", "0").replace("I", "1").replace("L", "1")
    if not re.fullmatch("[0-9A-Z]{1,5}", start):
        return []
    if record is None:
        return _query(pipeline, "id GLOB ?", f"{start}*")
    return _query(pipeline, "id GLOB ? AND record = ?", f"{start}*", record)


def _query(pipeline: Pipeline, condition: str, *parameters: str) -> list[FoundActivity]:
    columns = ("id", "noun", "record", "subject")
    rows = rows_where(pipeline.index.connection, columns, "activities", condition, *parameters)
    return [FoundActivity(*row) for row in rows]


def _one(activities: list[FoundActivity], nothing: str, wanted: str) -> FoundActivity:
    if not activities:
        raise NotFound(nothing, hint="see `pipecli activity list`")
    if len(activities) > 1:
        names = [f"{activity.id} ({activity.record}: {activity.subject})" for activity in activities]
        raise PipecliError(
            f'"{wanted}" is {len(activities)} activities: {first_of(names, 8)}', hint="name one by its id"
        )
    return activities[0]
