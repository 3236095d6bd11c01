"""`pipecli remind`: tell each user what is due, once a day, from whichever machine cron runs it on.

Next contacts, activities, deals whose hold is over, invoices; of quotations tells `today`.
What is due is decided in `reports/today_and_followups.py` (`due_of`), whose it is in
`store/index/rows_for_followups.py`, that each is sent once in `outbox/claim_and_send_once.py` (`send_once`);
here, who is told, and by which channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import typer

from pipecli.cli.common.command import Sending, noun, option
from pipecli.cli.common.output import Format, drawn_message, print_records, write_text
from pipecli.cli.common.session import Session, mention, owner_filter, say
from pipecli.cli.common.table import Column
from pipecli.cli.common.typed_dates import parse_period
from pipecli.extras import require_extra
from pipecli.outbox.channels import Address, Channels, Courier, channels, variable
from pipecli.outbox.claim_and_send_once import Claims, Sender, send_once
from pipecli.records.kinds import INVOICE, LEAD, OPPORTUNITY
from pipecli.reports.today_and_followups import (
    FollowUp,
    Message,
    follow_up_key,
    followups_by_user,
    reminder_message,
)
from pipecli.store.index.rows_for_followups import followups_until
from pipecli.translation import user_language, words_of

app = noun()

_KEPT_DAYS = 3
"""A claim is of one day; those of the days before are for clocks that differ."""


_OWNERS = ("Only this user.", "Only users in this team or in teams below it.", "Only you.")
PerhapsSent = Annotated[
    Literal["again", "skip"],
    typer.Option(
        envvar="PIPECLI_PERHAPS_SENT",
        help="If sending was cut off and a message may have been sent: send it again, or skip it.",
    ),
]


class Reminder(NamedTuple):
    """The follow-ups for a user at one of their addresses."""

    user: str
    name: str
    address: Address
    by_key: dict[str, FollowUp]
    """By the key under which each is claimed."""


@app.command(cls=Sending.with_(owner_helps=_OWNERS))
def remind(
    run: Session,
    due: str = option("Due on or before this day. Default: today.", "DATE", default=""),
    perhaps_sent: PerhapsSent = "again",
) -> None:
    """Send each user one message with what is due and overdue, through their own channel.

    Each item is sent once a day, however often and on however many clones cron runs this. The addresses come
    from your environment and configuration, never from the pipeline: docs/notifications.md.
    """
    ours = channels(is_dry=run.dry_run)
    run.read(LEAD, OPPORTUNITY, INVOICE)
    until = parse_period(due, run.today).last if due else run.today
    follow_ups = followups_until(run.pipeline, owner_filter(run), until)
    if not follow_ups:
        _print(run, [])
        return
    ours.require_any()
    reminders, unreachable = _reminders(run, ours, follow_ups)
    claims = Claims(run.pipeline.location, "remind", keep=_KEPT_DAYS, alone=bool(run.option("alone")))
    if run.dry_run:
        for line in unreachable.values():
            say(line)
        known = claims.known_or_warn(say)
        unclaimed = [
            (reminder, [key for key in reminder.by_key if key not in known]) for reminder in reminders
        ]
        _print_messages(run, unclaimed)
        return
    require_extra("notify")
    keys = [*unreachable, *(key for reminder in reminders for key in reminder.by_key)]
    is_again = perhaps_sent == "again"
    with send_once(run.pipeline, claims, "reminders.json", keys, is_again=is_again, say=say) as sender:
        sent = _send(run, sender, reminders, unreachable)
    _print(run, sent)
    sender.require_all_sent()


def _reminders(
    run: Session, ours: Channels, follow_ups: Sequence[FollowUp]
) -> tuple[list[Reminder], dict[str, str]]:
    """The follow-ups for each address; and a line about each user who has none.

    The lines have keys as reminders have: cron, which would mail it every hour, hears each once a day.
    """
    users: Mapping[str, Mapping[str, Any]] = run.pipeline.settings_as_written.get("users") or {}
    reminders = []
    unreachable = {}
    for user, theirs in followups_by_user(follow_ups).items():
        about = users.get(user or "", {})
        what = f"{len(theirs)} due"
        key = f"{run.today}/{user or 'nobody'}/{len(theirs)}-untold"
        if user is None:
            unreachable[key] = (
                f"{what} for nobody: {', '.join(dict.fromkeys(their.plan.id for their in theirs))}"
            )
        elif not about.get("active", True):
            unreachable[key] = f"{what} for {user}, who is not active: give the deals to another"
        elif not (addresses := ours.of(user, is_user=True)):
            way_out = f"set {variable(user)}, or write {ours.file}"
            unreachable[key] = f"{what} for {user}, who has no channel: {way_out}"
        else:
            reminders += [
                Reminder(
                    user,
                    str(about.get("name", user)),
                    address,
                    {_key(run, user, their, place): their for their in theirs},
                )
                for place, address in enumerate(addresses)
            ]
    return reminders, unreachable


def _key(run: Session, user: str, follow_up: FollowUp, place: int) -> str:
    """When who is reminded of what, by which of their addresses: `2026-11-21/ana/OPP-2Q8XA/4F2QX/0`."""
    return f"{run.today}/{user}/{follow_up_key(follow_up)}/{place}"


def _message(run: Session, reminder: Reminder, keys: Sequence[str]) -> Message:
    words = words_of(user_language(run.pipeline.settings_as_written, reminder.user))
    return reminder_message(reminder.name, [reminder.by_key[key] for key in keys], run.today, words)


def _send(
    run: Session, sender: Sender, reminders: Sequence[Reminder], unreachable: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Send and say what nobody has claimed today; what was sent."""
    courier = Courier(say)
    sent = []
    for key, line in unreachable.items():
        (say if key in sender.mine else mention)(line)
    sender.are_done(unreachable)
    for reminder in reminders:
        if keys := [key for key in reminder.by_key if key in sender.mine]:
            deliver = partial(courier.send, reminder.address, _message(run, reminder, keys))
            if sender.send(
                keys, f"{reminder.user}: not delivered by the channel {reminder.address.channel}", deliver
            ):
                sent.append(_record(reminder, keys))
    return sent


def _record(reminder: Reminder, keys: Sequence[str]) -> dict[str, Any]:
    follow_ups = [reminder.by_key[key] for key in keys]
    return {
        "user": reminder.user,
        "channel": reminder.address.channel,
        "count": len(follow_ups),
        "overdue": sum(follow_up.overdue_days > 0 for follow_up in follow_ups),
        "items": [follow_up_key(follow_up) for follow_up in follow_ups],
    }


def _print(run: Session, sent: Sequence[Mapping[str, Any]]) -> None:
    """Print the reminders sent. Nothing where there are none: cron would send a mail about it."""
    if run.format is Format.TABLE and not sent:
        mention("nobody has anything new to be reminded of today")
        return
    print_records(sent, _COLUMNS, run.format, id_key="user")


def _print_messages(run: Session, unclaimed: Sequence[tuple[Reminder, list[str]]]) -> None:
    """The messages that would be sent."""
    messages = [(reminder, keys, _message(run, reminder, keys)) for reminder, keys in unclaimed if keys]
    if run.format is Format.TABLE:
        to = "{0.user}, through the channel {0.address.channel}"
        write_text(
            "\n".join(drawn_message(to.format(reminder), message) for reminder, _, message in messages)
        )
        return
    records = [{**_record(reminder, keys), **message._asdict()} for reminder, keys, message in messages]
    print_records(records, [*_COLUMNS, Column("title", "TITLE")], run.format, id_key="user")


_COLUMNS = (
    Column("user", "USER"),
    Column("channel", "CHANNEL"),
    Column("count", "REMINDED OF", align="right"),
    Column("overdue", "OVERDUE", align="right"),
)
