"""`activity` and its short forms `call`, `mail`, `meet` and `note`: contacts, planned and past."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import typer

from pipecli.cli.common.command import Changing, NextContactOption, argument, flag, noun, option
from pipecli.cli.common.edit import Notes, edited, has_editor
from pipecli.cli.common.names_and_questions import can_ask, find_typed, key_of
from pipecli.cli.common.record_verbs import ChangingMany, Refs, change_each
from pipecli.cli.common.session import Session
from pipecli.cli.common.transaction import Result, Transaction, changing
from pipecli.cli.common.typed_values import validated
from pipecli.cli.list import ActivityTypeName
from pipecli.errors import PipecliError
from pipecli.json_and_csv import dumps
from pipecli.records.activity import Activity
from pipecli.records.customer import Contact
from pipecli.records.kinds import ID_LENGTH, LEAD, OPPORTUNITY
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.store.index.rows_for_verbs import rows_where
from pipecli.store.index.sql_and_search import search_activities
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.store.record_meant import FEWEST_CHARACTERS, Care
from pipecli.store.yaml import read
from pipecli.store.yaml.write import block_lines
from pipecli.wording import count, first_of
from pipecli.workflow import Change
from pipecli.workflow import activity_followup_and_attachment as activity_rules

app = noun()

_Activity = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The activity, or words of it; or its lead or opportunity, if it has one open."
    ),
]
_OfRecord = Annotated[
    str | None,
    typer.Argument(metavar="[ID]", help="The activity, or words of it, if a lead or opportunity came first."),
]
_Direction = Annotated[Literal["in", "out"] | None, typer.Option(help="in: from the customer; out: from us.")]
_Contact = Annotated[str | None, typer.Option(help="With whom.", metavar="CONTACT")]
_Minutes = Annotated[int | None, typer.Option(help="In minutes.", min=0, metavar="MINUTES")]
Deal = Annotated[str, typer.Argument(metavar="REF", help="A lead or a deal: an id, its start, or a name.")]


@app.command("add", cls=ChangingMany)
def add(
    transaction: Transaction,
    type_: ActivityTypeName = option("What it is.", "", "--type", default=...),
    subject: str = option("What it is about.", "TEXT", default=...),
    refs: Refs = None,
    direction: _Direction = None,
    at: str | None = option("10:00, friday 9am, 15 dec, 2026-11-30. Default if done: now.", "WHEN"),
    by: str | None = option("Who. Default: you.", "USER"),
    contact: _Contact = None,
    duration: _Minutes = None,
    notes: Notes = None,
    done: bool = flag("--done", "It has happened. A note always has."),
    every: str | None = option("Repeat it once it is done: 2w, 1 month.", "TIME"),
    next_: NextContactOption = None,
) -> None:
    """Add an activity, planned or done, to a lead, a deal, or to many.

    A call, meeting or e-mail that took place settles a next contact that is due. Prints its id; with json,
    the whole lead or opportunity.
    """
    is_done = done or type_ == "note"
    if every and is_done:
        raise PipecliError(
            "--done is for what has happened, --every for what comes again",
            hint="leave out --done, or --every",
        )
    if at is None and not is_done:
        raise PipecliError(
            f"a planned {type_} needs its time",
            hint='add --at "friday 10:00", or --done if it has happened',
        )
    if short := re.fullmatch(r"(\d{1,3})([dwmy])", every or ""):
        every = count(int(short[1]), {"d": "day", "w": "week", "m": "month", "y": "year"}[short[2]])
    given = _meant(transaction, at, by, contact, is_done=is_done)
    given |= {"type": type_, "subject": subject, "direction": direction, "every": every}
    given |= {"duration": duration, "notes": notes or None}
    plan = transaction.next_contact(next_, given["by"])
    ids: list[str] = []

    def decide(record: Lead | Opportunity) -> Change:
        ids.append(transaction.new_activity_id())
        activity = validated(Activity, {"id": ids[-1], **given})
        return activity_rules.add_activity(record, activity, transaction.now, plan)

    if len(refs or ()) == 1 and refs != ["-"]:
        record = record_of(transaction, str(refs and refs[0]))
        change = decide(record)
        transaction.commit_and_print(change, printed=Result(record.noun, record.key, ids[-1], is_new=True))
    else:
        model: type[Lead | Opportunity] = Opportunity  # of --where
        get = partial(record_of, transaction)
        change_each(transaction, model, refs, decide, f"add {type_} to", get=get)


def _meant(
    transaction: Transaction, at: str | None, by: str | None, contact: str | None, *, is_done: bool
) -> dict[str, Any]:
    """When an activity is, who does it and with whom: now and the person themselves where it isn't said."""
    return {
        "at": transaction.session.moment_or_day(at, past=is_done) if at else transaction.now,
        "by": key_of(transaction.session, "user", by) if by else transaction.me,
        "contact": contact_of(transaction, contact),
        "done": is_done,
    }


@app.command("done", cls=Changing)
def done(
    transaction: Transaction,
    ref: _Activity,
    activity: _OfRecord = None,
    at: str | None = option("When it was. Default: as planned.", "WHEN"),
    notes: Notes = None,
    next_: NextContactOption = None,
) -> Change:
    """Mark a planned activity as done.

    A call, meeting or e-mail settles a next contact that is due.
    """
    record, known = _found(transaction, ref, activity)
    when = transaction.session.moment_or_day(at, past=True) if at else None
    return activity_rules.complete_activity(
        record,
        known.id,
        transaction.now,
        at=when,
        notes=notes or None,
        next_=transaction.next_contact(next_, transaction.me),
        new_id=transaction.new_activity_id,
    )


@app.command("move", cls=Changing)
def move(
    transaction: Transaction,
    ref: _Activity,
    when: str = argument("As fri, tomorrow 9am or 15 dec.", "WHEN"),
) -> Change:
    """Move a planned activity to another time. A day alone keeps the hour."""
    record, known = _found(transaction, ref)
    at = transaction.session.moment_or_day(when)
    return activity_rules.move_activity(record, known.id, at, transaction.session.zone)


@app.command("edit", cls=Changing)
def edit(
    run: Session,
    ref: _Activity,
    activity: _OfRecord = None,
    subject: str | None = option("What it is about.", "TEXT"),
    at: str | None = option("When, such as friday 9am.", "WHEN"),
    type_: ActivityTypeName | None = option("What it is.", "", "--type"),
    direction: _Direction = None,
    by: str | None = option("Who.", "USER"),
    contact: _Contact = None,
    duration: _Minutes = None,
    notes: Notes = None,
) -> None:
    """Change an activity, planned or done. Without options it opens $EDITOR, or asks at a terminal."""
    given: dict[str, object] = {
        "subject": subject, "at": at, "type": type_, "direction": direction, "by": by,
        "contact": contact, "duration": duration, "notes": notes,
    }  # fmt: skip
    cleared: set[str] = set()
    if all(value is None for value in given.values()):
        given, cleared = _by_hand(run, ref, activity, list(given))
    with changing(run) as transaction:
        record, known = _found(transaction, ref, activity)
        before = next(own for own in record.activities if own.id == known.id)
        meant: dict[str, Callable[[str], object]] = {
            "at": lambda text: run.moment_or_day(text, past=before.done),
            "by": lambda text: key_of(run, "user", text),
            "contact": lambda text: contact_of(transaction, text),
        }
        fields = {
            name: meant[name](str(value)) if name in meant else value
            for name, value in given.items()
            if value is not None
        }
        plain = {name: value for name, value in before.plain().items() if name not in cleared} | fields
        transaction.commit_and_print(
            activity_rules.change_activity(record, validated(Activity, plain), transaction.today)
        )


def _by_hand(
    run: Session, ref: str, activity: str | None, names: list[str]
) -> tuple[dict[str, object], set[str]]:
    """The fields of an activity that a person changes, and those that they take away; nothing is locked."""
    known = find_activity(run, ref, activity)
    columns = ['"by"' if name == "by" else name for name in names]
    (row,) = rows_where(
        run.connection, columns, "activities", "id = ? AND record = ?", known.id, known.record
    )
    before = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    if has_editor():
        others = "".join(f"# {name}:\n" for name in names if name not in before)
        text = edited("".join(f"{line}\n" for line in block_lines(before, 0)) + others, "activity.yaml")
        after = read.parse(text, "activity.yaml") if text.strip() else {}
        if unknown := after.keys() - set(names):
            fault = f"an activity has no {', '.join(sorted(unknown))}"
            raise PipecliError(f"{fault}; nothing is changed", hint=f"it has {', '.join(names)}")
    elif can_ask():
        after = dict(before)
        for name in ("subject", "at", "notes"):
            after[name] = typer.prompt(name.capitalize(), default=str(before.get(name, "")), err=True).strip()
    else:
        raise PipecliError("no change is given", hint="give --subject, --at, --notes - …, or set EDITOR")
    kept = {name: value for name, value in after.items() if value not in (None, "")}
    changed = {name: value for name, value in kept.items() if value != before.get(name)}
    return changed, before.keys() - kept.keys()


@app.command("cancel", cls=Changing)
def cancel(transaction: Transaction, ref: _Activity, activity: _OfRecord = None) -> Change:
    """Cancel a planned activity; git's history keeps it."""
    record, known = _found(transaction, ref, activity, Care.ONLY)
    return activity_rules.cancel_activity(record, known.id)


def record_of(transaction: Transaction, ref: str) -> Lead | Opportunity:
    named = find_typed(transaction.session, ref, LEAD, OPPORTUNITY)
    return _of(transaction, named.noun, named.key)


def _of(transaction: Transaction, noun: str, key: str) -> Lead | Opportunity:
    model: type[Lead | Opportunity] = Lead if noun == "lead" else Opportunity
    return transaction.pipeline.get(model, key)


def contact_of(transaction: Transaction, name: str | None) -> str | None:
    return transaction.get(Contact, name).id if name else None


class FoundActivity(NamedTuple):
    id: str
    noun: str
    """The kind of the record it is in."""
    record: str
    subject: str


def _found(
    transaction: Transaction, first: str, second: str | None = None, care: Care = Care.LIKELY
) -> tuple[Lead | Opportunity, FoundActivity]:
    """An activity that a person means, and the record it is in."""
    known = find_activity(transaction.session, first, second, care)
    return _of(transaction, known.noun, known.record), known


def find_activity(run: Session, first: str, second: str | None, care: Care = Care.LIKELY) -> FoundActivity:
    """The activity that `first` names; or the one of the record `first` that `second` names, or that is open.

    Raises NotFound, and PipecliError where several answer.
    """
    pipeline = run.pipeline
    if second is not None:
        record = find_typed(run, first, LEAD, OPPORTUNITY, care=care).key
        return _one(
            _by_id(pipeline, second, record, is_whole=care is not Care.LIKELY)
            or _called(pipeline, second, record),
            f'no activity of {record} matches "{second}"',
            record,
        )
    activities = _by_id(pipeline, first, is_whole=care is not Care.LIKELY)
    try:
        record = find_typed(run, first, LEAD, OPPORTUNITY, care=care).key
    except NotFound:
        nothing = f'no activity, lead or opportunity matches "{first}"'
        return _one(
            activities or _called(pipeline, first), nothing, first, hint="see `pipecli activity list --open`"
        )
    if activities:  # the start of an id never beats a name in silence
        raise PipecliError(
            f'"{first}" may be {record} or the activity {_listed(activities)}',
            hint=f"name both: pipecli activity done {activities[0].record} {activities[0].id}",
        )
    return _one(_query(pipeline, "record = ? AND NOT done", record), f"{record} has no open activity", record)


def _by_id(
    pipeline: Pipeline, text: str, record: str | None = None, *, is_whole: bool = False
) -> list[FoundActivity]:
    start = text.strip().upper().replace("O", "0").replace("I", "1").replace("L", "1")
    fewest = ID_LENGTH if is_whole else FEWEST_CHARACTERS
    if not re.fullmatch(f"[0-9A-Z]{{{fewest},{ID_LENGTH}}}", start):
        return []
    if record is None:
        return _query(pipeline, "id GLOB ?", f"{start}*")
    return _query(pipeline, "id GLOB ? AND record = ?", f"{start}*", record)


def _called(pipeline: Pipeline, text: str, record: str | None = None) -> list[FoundActivity]:
    """The open activities that say these words, of a record or of all."""
    keys = dumps(search_activities(pipeline.connection, text), None)
    condition = "id IN (SELECT value FROM json_each(?)) AND NOT done AND record = coalesce(?, record)"
    return _query(pipeline, condition, keys, record)


def _query(pipeline: Pipeline, condition: str, *parameters: str | None) -> list[FoundActivity]:
    columns = ("id", "noun", "record", "subject")
    rows = rows_where(pipeline.connection, columns, "activities", condition, *parameters)
    return [FoundActivity(*row) for row in rows]


def _one(
    activities: list[FoundActivity], nothing: str, wanted: str, *, hint: str = "see `pipecli activity list`"
) -> FoundActivity:
    if not activities:
        raise NotFound(nothing, hint=hint)
    if len(activities) > 1:
        one, other = activities[:2]
        hint = "name one by its id, or by words of it alone"
        if one.id == other.id:  # the file that they came from calls them alike
            hint = f"name the record of one, too: pipecli activity edit {one.record} {one.id}"
        raise PipecliError(f'"{wanted}" is {len(activities)} activities: {_listed(activities)}', hint=hint)
    return activities[0]


def _listed(activities: list[FoundActivity]) -> str:
    return first_of([f"{activity.id} ({activity.record}: {activity.subject})" for activity in activities], 8)


def _add_verb(name: str, type_: str, called: str, help_text: str) -> None:
    """Give the command line a verb that logs activities of one type; `called` is one without a subject."""

    @app.command(name, cls=Changing, help=help_text)
    def verb(
        transaction: Transaction,
        ref: Deal,
        subject: str | None = argument("What it was about.", "[SUBJECT]", default=None),
        next_: NextContactOption = None,
        in_: bool = flag("--in", "They contacted us."),
        at: str | None = option("When, such as 10:00, yesterday 9am or 15 nov. Default: now.", "WHEN"),
        contact: _Contact = None,
        by: str | None = option("By whom. Default: you.", "USER"),
        duration: _Minutes = None,
        notes: Notes = None,
    ) -> Change:
        if subject is None and not called:
            raise PipecliError(
                "a note needs a text", hint=f'pipecli {name} REF "Asked for a discount"', code="usage"
            )
        record = record_of(transaction, ref)
        given = _meant(transaction, at, by, contact, is_done=True)
        given |= {"id": transaction.new_activity_id(), "type": type_, "subject": subject or called}
        given |= {"duration": duration, "notes": notes or None}
        given["direction"] = None if type_ == "note" else "in" if in_ else "out"
        activity = validated(Activity, given)
        plan = transaction.next_contact(next_, given["by"])
        return activity_rules.log_activity(record, activity, transaction.now, plan)


_add_verb("call", "call", "Call", "Log a call that took place, and plan the next contact.")
_add_verb("mail", "email", "E-mail", "Log an e-mail that was sent or, with --in, received.")
_add_verb("meet", "meeting", "Meeting", "Log a meeting that took place.")
_add_verb("note", "note", "", "Add a note to a lead or an opportunity.")
