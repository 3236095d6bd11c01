"""`call`, `mail`, `meet` and `note`: a contact that took place, and the next one, in one line."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.activity import Deal, contact_of, record_of
from pipecli.cli.common.assignments import validated
from pipecli.cli.common.change import Printed, Transaction, changing
from pipecli.cli.common.command import Changing, Notes, noun
from pipecli.cli.common.reference import key_of
from pipecli.errors import PipecliError
from pipecli.records.activity import Activity, NextContact
from pipecli.workflow.activity import log

app = noun()

_NOTHING = ("none", "no", "-")


def _add_verb(name: str, type_: str, called: str, help_text: str) -> None:
    """Give the command line a verb that logs activities of one type; `called` is one without a subject."""

    @app.command(name, cls=Changing, help=help_text)
    def verb(
        ctx: typer.Context,
        ref: Deal,
        subject: Annotated[str | None, typer.Argument(metavar="[SUBJECT]", help="What it was about.")] = None,
        next_: Annotated[
            str | None,
            typer.Option(
                "--next",
                help='When to speak next, as fri, 3d or "fri: send the offer"; none clears what was planned.',
                metavar="DATE",
            ),
        ] = None,
        in_: Annotated[bool, typer.Option("--in", help="It came from them.")] = False,
        at: Annotated[
            str | None,
            typer.Option(help="When, as 10:00, yesterday 9am or 15 nov. Default: now.", metavar="WHEN"),
        ] = None,
        contact: Annotated[str | None, typer.Option(help="With whom.", metavar="CONTACT")] = None,
        by: Annotated[str | None, typer.Option(help="By whom. Default: you.", metavar="USER")] = None,
        duration: Annotated[int | None, typer.Option(help="In minutes.", min=0, metavar="MINUTES")] = None,
        notes: Notes = None,
    ) -> None:
        if subject is None and not called:
            raise PipecliError("a note needs its text", hint=f'pipecli {name} REF "Asked for a discount"')
        with changing(ctx) as transaction:
            record = record_of(transaction, ref)
            doer = key_of(transaction.session, "user", by) if by else transaction.me
            direction = None if type_ == "note" else "in" if in_ else "out"
            given = {
                "id": transaction.new_activity_id(),
                "type": type_,
                "at": transaction.session.moment_or_day(at, past=True) if at else transaction.now,
                "subject": subject or called,
                "by": doer,
                "direction": direction,
                "done": True,
                "contact": contact_of(transaction, contact),
                "duration": duration,
                "notes": notes or None,
            }
            activity = validated(Activity, given)
            plan = _plan(transaction, next_, doer)
            change = log(record, activity, transaction.today, plan=plan, clears=_clears(next_))
            transaction.do(change, printed=Printed(record.noun, record.key, activity.id))


def _clears(text: str | None) -> bool:
    return text is not None and text.strip().lower() in _NOTHING


def _plan(transaction: Transaction, text: str | None, by: str | None) -> NextContact | None:
    """The next contact of `fri`, or of `fri: send the offer`."""
    if text is None or _clears(text):
        return None
    day, _, note = text.partition(": ")
    return validated(
        NextContact,
        {"date": transaction.session.day(day), "by": by, "note": note.strip() or None},
    )


_add_verb("call", "call", "Call", "Log a call that took place, and plan the next contact.")
_add_verb("mail", "email", "E-mail", "Log an e-mail that was sent or, with --in, received.")
_add_verb("meet", "meeting", "Meeting", "Log a meeting that took place.")
_add_verb("note", "note", "", "Note something on a lead or an opportunity.")
