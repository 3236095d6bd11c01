"""`pipecli remind`: tell each user what is due, once a day, from whichever machine cron runs it on.

Next contacts, activities, deals whose hold or expected close is over, invoices; of quotations tells `today`.
What is due is decided in `reports/today_and_followups.py` (`due_of`), whose it is in
`store/index/rows_for_followups.py`; here, who is told, by which channel, and that it is told once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from pipecli.cli.common.command import Sending, noun, option
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.session import Session, mention, owner_filter, say
from pipecli.cli.common.table import Column
from pipecli.cli.common.typed_dates import parse_period
from pipecli.errors import PipecliError
from pipecli.extras import require_extra
from pipecli.harmless_text import terminal_line
from pipecli.outbox.channels import Address, Channels, Courier, channels, variable
from pipecli.outbox.once_across_clones import Claims, job
from pipecli.records.kinds import INVOICE, LEAD, OPPORTUNITY
from pipecli.reports.today_and_followups import (
    FollowUp,
    Message,
    follow_up_key,
    followups_by_user,
    reminder_message,
)
from pipecli.store import safe_files
from pipecli.store.index.rows_for_followups import followups_until
from pipecli.store.lock import interruptible
from pipecli.store.power_cut_and_killed_git import harden, harden_folders
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
    reminders, untold = _reminders(run, ours, follow_ups)
    claims = claims_of(run, "remind", _KEPT_DAYS)
    if run.dry_run:
        for line in untold.values():
            say(line)
        known = claims.known_or_warn(say)
        unclaimed = [
            (reminder, [key for key in reminder.by_key if key not in known]) for reminder in reminders
        ]
        _print_messages(run, unclaimed)
        return
    require_extra("notify")
    keys = [*untold, *(key for reminder in reminders for key in reminder.by_key)]
    with sending(run, claims, "remind", "reminders", keys, is_again=perhaps_sent == "again") as sender:
        sent = _send(run, sender, reminders, untold)
    _print(run, sent)
    sender.require_all_sent()


def claims_of(run: Session, job: str, days: int) -> Claims:
    """The claims of a job, kept for some days: of all clones, or with --alone of this one."""
    return Claims(run.pipeline.location, job, keep=days, alone=bool(run.option("alone")))


def _reminders(
    run: Session, ours: Channels, follow_ups: Sequence[FollowUp]
) -> tuple[list[Reminder], dict[str, str]]:
    """The follow-ups for each address; and a line about each user who has none.

    The lines have keys as reminders have: cron, which would mail it every hour, hears each once a day.
    """
    users: Mapping[str, Mapping[str, Any]] = run.pipeline.settings_as_written.get("users") or {}
    reminders = []
    untold = {}
    for user, theirs in followups_by_user(follow_ups).items():
        about = users.get(user or "", {})
        what = f"{len(theirs)} due"
        key = f"{run.today}/{user or 'nobody'}/{len(theirs)}-untold"
        if user is None:
            untold[key] = f"{what} for nobody: {', '.join(dict.fromkeys(their.plan.id for their in theirs))}"
        elif not about.get("active", True):
            untold[key] = f"{what} for {user}, who is not active: give the deals to another"
        elif not (addresses := ours.of(user, is_user=True)):
            way_out = f"set {variable(user)}, or write {ours.file}"
            untold[key] = f"{what} for {user}, who has no channel: {way_out}"
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
    return reminders, untold


def _key(run: Session, user: str, follow_up: FollowUp, place: int) -> str:
    """When who is reminded of what, by which of their addresses: `2026-11-21/ana/OPP-2Q8XA/4F2QX/0`."""
    return f"{run.today}/{user}/{follow_up_key(follow_up)}/{place}"


def _message(run: Session, reminder: Reminder, keys: Sequence[str]) -> Message:
    words = words_of(user_language(run.pipeline.settings_as_written, reminder.user))
    return reminder_message(reminder.name, [reminder.by_key[key] for key in keys], run.today, words)


def _tell_of_killed_run(run: Session, claims: Claims, journal: RunJournal, *, is_again: bool) -> None:
    """Give back what a killed run has claimed and not sent; tell what it has perhaps sent."""
    killed = journal.of_killed()
    if killed is None:
        return
    users = dict.fromkeys(key.split("/")[1] for key in killed.sending)
    if users:
        then = "it is sent once more" if is_again else "it is not sent again"
        say(f"perhaps sent: the message to {', '.join(users)}, whose sending was cut off; {then}")
    unsent = set(killed.unsent) - (set() if is_again else set(killed.sending))
    claims.give_back(unsent, killed.who, run.today)
    journal.end()


def _send(
    run: Session, sender: Sender, reminders: Sequence[Reminder], untold: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Send and say what nobody has claimed today; what was sent."""
    courier = Courier()
    sent = []
    for key, line in untold.items():
        (say if key in sender.mine else mention)(line)
    sender.unsent.difference_update(untold)
    for reminder in reminders:
        if keys := [key for key in reminder.by_key if key in sender.mine]:
            deliver = partial(courier.send, reminder.address, _message(run, reminder, keys))
            if sender.send(
                keys, f"{reminder.user}: not delivered by the channel {reminder.address.channel}", deliver
            ):
                sent.append(_record(reminder, keys))
    return sent


class Unfinished(NamedTuple):
    """The claims of a run that has not ended, or was killed."""

    who: str
    """The name under which it claimed them."""
    unsent: list[str]
    """The keys not sent yet."""
    sending: list[str]
    """Those of them whose message was being sent: perhaps it is out."""


class RunJournal:
    """The journal of a run of `remind` or `digest`: written before a claim and before a message goes.

    `notify` has none: what it has not sent is in a ref of git (`UnsentNotices` in `outbox/notices.py`).
    """

    def __init__(self, cache: Path, who: str, job: str) -> None:
        self._cache = cache
        self._file = f"{job}.json"
        self._who = who
        self._unsent: list[str] = []

    def of_killed(self) -> Unfinished | None:
        """The claims that a killed run has left; None where none was killed."""
        try:
            plain = json.loads((self._cache / self._file).read_text(encoding="utf-8"))
            return Unfinished(plain["who"], plain["unsent"], plain["sending"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise PipecliError(
                f"{self._cache / self._file} of a run that was cut off is damaged",
                hint="delete it; what it was sending may have been sent",
            ) from None

    def begin(self, keys: Sequence[str]) -> None:
        """Note what will be claimed."""
        self._unsent = [*keys]
        self._note([])

    def sending(self, keys: Sequence[str]) -> None:
        """Note that a message with these is being sent."""
        self._note([*keys])

    def is_sent(self, keys: Sequence[str]) -> None:
        """Note that it is out."""
        self._unsent = [key for key in self._unsent if key not in keys]
        self._note([])

    def end(self) -> None:
        """Forget it all: what was not sent is given back."""
        (self._cache / self._file).unlink(missing_ok=True)

    def _note(self, sending: Sequence[str]) -> None:
        plain = Unfinished(self._who, self._unsent, [*sending])._asdict()
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            safe_files.write_file(self._cache, self._file, json.dumps(plain).encode())
            harden(self._cache, self._file)
            harden_folders([self._cache])
        except OSError as error:
            raise PipecliError(
                f"{self._cache / self._file} can't be written: {error.strerror}", hint="nothing more was sent"
            ) from None


class Sender:
    """The keys that one run may send, and those of them not sent yet."""

    def __init__(self, journal: RunJournal, mine: set[str]) -> None:
        self.journal, self.mine, self.unsent = journal, mine, set(mine)
        self.delivering = set[str]()
        """Those whose message was being delivered when this was cut off: perhaps it is out."""
        self.failed = 0
        self.is_given_back = True
        """False where what isn't sent counts as sent, as other machines couldn't be told."""

    def send(self, keys: Sequence[str], failure: str, deliver: Callable[[], str]) -> bool:
        """Deliver one message, which stands for some keys; `deliver` gives the reason why it can't be."""
        self.journal.sending(keys)
        self.delivering = {*keys}
        reason = deliver()
        self.delivering = set()
        if reason:
            say(f"{failure}: {reason}")
            self.failed += 1
            return False
        self.unsent.difference_update(keys)
        self.journal.is_sent(keys)
        return True

    def require_all_sent(self) -> None:
        if self.failed:
            raise PipecliError(
                f"{self.failed} of the messages couldn't be delivered",
                hint="the next run tries them again" if self.is_given_back else "",
                code="not-sent",
            )


@contextmanager
def sending(
    run: Session, claims: Claims, name: str, journal_name: str, keys: Sequence[str], *, is_again: bool
) -> Iterator[Sender]:
    """Send, as the only job of its name here, what no other run has claimed; the rest is given back."""
    place = run.pipeline.location
    with job(place, name):
        who = secrets.token_hex(4)
        journal = RunJournal(place.cache, who, journal_name)
        _tell_of_killed_run(run, claims, journal, is_again=is_again)
        journal.begin(keys)
        run.pipeline.beyond_undo = "what was sent is noted, and the next run sends the rest"
        sender = Sender(journal, claims.claim(keys, who, run.today))
        with interruptible():
            try:
                yield sender
            finally:
                if unsent := sender.unsent - sender.delivering:
                    sender.is_given_back = give_back(run, claims, unsent, who, _UNTIL_TOMORROW)
                if not sender.delivering:  # else the next run tells of it, and sends it again or not
                    journal.end()


_UNTIL_TOMORROW = "what was not delivered counts as sent until tomorrow: "


def give_back(run: Session, claims: Claims, unsent: set[str], who: str, warning: str = "") -> bool:
    """Let other machines try, too; False where that can't be said, and only this clone will."""
    try:
        claims.give_back(unsent, who, run.today)
    except PipecliError as error:
        say(f"warning: {warning}{error.message}")
        return False
    return True


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


def drawn_message(to: str, message: Message) -> str:
    """A message that would be sent, for a person to look at."""
    lines = [f"To: {to}", f"Subject: {message.title}", "", *message.body.split("\n")]
    # The isolates of a table's Persian cells stay: they end with their line, and keep its cells in order.
    return "".join(f"{terminal_line(line, is_drawn=True)}\n" for line in lines)


_COLUMNS = (
    Column("user", "USER"),
    Column("channel", "CHANNEL"),
    Column("count", "REMINDED OF", align="right"),
    Column("overdue", "OVERDUE", align="right"),
)
