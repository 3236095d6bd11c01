"""Notices of stage changes, wins, losses, assignments, deals that closed by themselves: for whom, in words;
and those that are left unsent, which the next run sends.

They are read from the content of commits, so that a hand edit, a merged pull request or a squash is told like
a command. What a merge brings is told once, of the commits that it brings.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple, get_type_hints

from pipecli.errors import PipecliError
from pipecli.harmless_text import message_line
from pipecli.history import events_in_words as words
from pipecli.history.events_in_words import Event, RecordVersion, value_in_words
from pipecli.history.history_index import History
from pipecli.history.record_history import RecordStep, steps_of
from pipecli.json_and_csv import note_of
from pipecli.records.days import day_in, moment_in
from pipecli.records.emails_and_phones import email_key
from pipecli.records.kinds import CLOSED_LISTS, LEAD, OPPORTUNITY, closed_list
from pipecli.reports.today_and_followups import Message
from pipecli.store import git
from pipecli.store.git_remote import refs
from pipecli.store.location import Location
from pipecli.translation import Words

OWNER = "owner"
"""Among the channels of an event: the user who owns the record, by their own channel."""

_NEWS_FOR = timedelta(days=7)
"""A deal that is new in a commit and over is news if it ended this short before: an import is of the past."""

_ENDINGS = frozenset({"won", "lost", "closed"})


class Notice(NamedTuple):
    """One thing that happened to one record."""

    event: str
    """One of `EVENTS` in `records/settings.py`."""
    noun: str
    key: str
    title: str
    customer: str | None
    owner: str | None
    """Afterwards."""
    before: str | None
    after: str | None
    """The stage, status or owner before and afterwards; before is None of a new record."""
    amount: Decimal | None
    """The final value of a won deal, else what it is worth."""
    currency: str
    ending: Mapping[str, object]
    """The end of a deal: date, reason, competitor, detail, quotation."""
    author: str
    email: str
    by: str | None
    """The user whose e-mail address the author has."""
    at: datetime

    @property
    def identity(self) -> str:
        """The same for the same commit after a rebase, and on every clone.

        So is what the jobs of two machines did alike, each before it knew of the other: a deal closes by
        itself, and nobody's record is given away, once a day.
        """
        occasion: tuple[object, ...] = self.email, self.at.isoformat()
        if self.event == "closed":
            occasion = (self.ending.get("date"),)
        elif self.event == "assigned" and self.before is None:
            occasion = (day_in(self.at, UTC),)
        parts = (self.event, self.key, self.before, self.after, *occasion)
        return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]


def notices(history: History, commits: Sequence[str], users: Mapping[str, str]) -> list[Notice]:
    """The notices of these commits, oldest first; `users` by address, as `email_key` has it."""
    return [notice for step in steps_of(history, commits, (OPPORTUNITY, LEAD)) for notice in _of(step, users)]


def _of(step: RecordStep, users: Mapping[str, str]) -> Iterator[Notice]:
    after = step.after
    if after is None:
        return
    by = users.get(email_key(step.commit.email) or "")
    for event, before, value in _happened(step, after):
        if event != "assigned" or before is not None or by != value:  # who adds a deal of their own knows it
            yield _notice(step, after, by, event, before, value)


def _happened(step: RecordStep, after: RecordVersion) -> Iterator[tuple[str, str | None, str]]:
    """The events with what was before and what is afterwards."""
    is_deal = step.noun == OPPORTUNITY.noun
    if any(event.field == "created" for event in step.events):
        status, owner = after.plain.get("status"), after.plain.get("owner")
        if is_deal and status in _ENDINGS and _is_news(step, after):
            yield str(status), None, str(status)
        elif isinstance(owner, str) and status not in {*_ENDINGS, "converted", "disqualified"}:
            yield "assigned", None, owner
        return
    for field, before, value in _values(step.events):
        if field == "stage" and is_deal:
            yield "stage-changed", before, value
        elif field == "status" and is_deal and value in _ENDINGS:
            yield value, before, value
        elif field == "status" and is_deal and value == "open" and before in _ENDINGS:
            yield "reopened", before, value
        elif field == "owner":
            yield "assigned", before, value


def _values(events: Iterable[Event]) -> Iterator[tuple[str, str | None, str]]:
    """The plain changes of a field to a text."""
    for event in events:
        if isinstance(event.after, str):
            yield event.field, event.before if isinstance(event.before, str) else None, event.after


def _is_news(step: RecordStep, after: RecordVersion) -> bool:
    try:
        closed = date.fromisoformat(str(_ending(after).get("date")))
    except ValueError:
        return False
    return closed >= step.commit.when.date() - _NEWS_FOR


def _ending(after: RecordVersion) -> Mapping[str, object]:
    closed = after.plain.get("closed")
    return closed if isinstance(closed, Mapping) else {}


def _notice(
    step: RecordStep, after: RecordVersion, by: str | None, event: str, before: str | None, value: str
) -> Notice:
    plain, ending = after.plain, _ending(after)
    final = words.exactly(ending.get("amount"), "amount", after.currency)
    customer, owner = plain.get("customer"), plain.get("owner")
    names = ("title",) if step.noun == OPPORTUNITY.noun else ("organization", "name")
    title = next((plain[name] for name in names if isinstance(plain.get(name), str)), step.key)
    return Notice(
        event, step.noun, step.key, str(title),
        customer if isinstance(customer, str) else None,
        owner if isinstance(owner, str) else None,
        before, value,
        final if isinstance(final, Decimal) else after.amount,
        after.currency, ending, step.commit.author, step.commit.email, by,
        step.commit.when,
    )  # fmt: skip


MOST = 100
"""The number of notices that one message lists; the rest is counted."""


To = tuple[bool, str]
"""True for a user, and the name of the user or of the channel."""


def recipients(notice: Notice, settings: Mapping[str, Any]) -> list[To]:
    """The channels of the event, and of an assignment the user whose it is now, unless they did it."""
    users = settings.get("users") or {}
    wished = settings.get("notifications") or {}
    # Who was told of an end is told that it was none, unless the settings say otherwise.
    fallback = wished.get(notice.before, []) if notice.event == "reopened" else []
    names = wished.get(notice.event, fallback)
    owner = notice.owner if users.get(notice.owner or "", {}).get("active", True) else None
    candidates = [(True, owner) if name == OWNER else (False, name) for name in names]
    if notice.event == "assigned":
        candidates.append((True, owner))
    return [
        (is_user, name)
        for is_user, name in dict.fromkeys(candidates)
        if name and not (is_user and name == notice.by)
    ]


class Standing(NamedTuple):
    """The effect of a win on the ranking of the quarter in which it falls."""

    gained: Decimal
    points: Decimal
    rank: int
    ranked: int
    quarter: str


class About(NamedTuple):
    """The facts that the words of a notice take from elsewhere."""

    users: Mapping[str, str]
    """Their names by slug."""
    customer: str | None
    """The customer's name."""
    standing: Standing | None
    zone: tzinfo
    words: Words

    def name(self, user: str | None) -> str:
        return message_line(self.users.get(user or "", user or ""))


def notice_message(notice: Notice, about: About) -> Message:
    """The message of one notice."""
    title, words = message_line(notice.title), about.words
    amount = words.money(notice.amount, notice.currency) if notice.amount is not None else ""
    at = moment_in(notice.at, about.zone)
    author = message_line(notice.author) or words.nobody
    lines = (
        f"{notice.key} {title}{f' ({message_line(about.customer)})' if about.customer else ''}",
        *_labelled(words, ("amount", amount), ("owner", about.name(notice.owner) if notice.owner else "")),
        *_ending_lines(notice, words),
        *_ranking(about.name(notice.owner), about.standing, words),
        words.fill("notice_by", name=author, when=f"{words.day(at.date())} {words.clock(at)}"),
    )
    return Message(_headline(notice, about, title, amount), "\n".join(lines))


def notice_digest(messages: Sequence[Message], words: Words) -> Message:
    """Many messages as one."""
    parts = [f"{message.title}\n{message.body}".replace("\n", "\n  ") for message in messages[:MOST]]
    left = len(messages) - MOST
    more = [words.fill("more_changes", n=words.figure(left))] if left > 0 else []
    return Message(words.count("changes_title", len(messages)), "\n\n".join([*parts, *more]))


def _headline(notice: Notice, about: About, title: str, amount: str) -> str:
    before, after = message_line(notice.before or ""), message_line(notice.after or "")
    name = notice.event if notice.event != "stage-changed" else "stage" if before else "now"
    ending = ""
    if notice.event in ("won", "reopened"):
        ending = amount
    elif notice.event == "lost":
        reasons = closed_list(notice.ending, "reasons")
        ending = ", ".join(message_line(value_in_words(reason, "reason", "")) for reason in reasons)
    headline = about.words.fill(
        f"notice_{name}", title=title, before=before, after=after, name=about.name(notice.after)
    )
    return f"{headline}, {ending}" if ending else headline


def _labelled(words: Words, *values: tuple[str, str]) -> Iterator[str]:
    return (f"{words.named('labels', name)}: {value}" for name, value in values if value)


def _ending_lines(notice: Notice, words: Words) -> Iterator[str]:
    """`reason: price`, `competitor: acme`; nothing of a deal that goes on."""
    if notice.event not in ("won", "lost", "closed"):
        return iter(())
    lists = (
        (name, ", ".join(value_in_words(value, name, "") for value in closed_list(notice.ending, key)))
        for name, key in CLOSED_LISTS.items()
    )
    values = [*lists, ("quotation", value_in_words(notice.ending.get("quotation"), "quotation", ""))]
    return _labelled(words, *((name, message_line(value)) for name, value in values if value))


def _ranking(owner: str, standing: Standing | None, words: Words) -> Iterator[str]:
    if standing is None:
        return
    gained, points = (
        words.figure(value, 0 if value == value.to_integral_value() else 1)
        for value in (standing.gained, standing.points)
    )
    yield words.fill(
        "notice_ranking",
        name=owner,
        gained=gained,
        points=points,
        rank=words.figure(standing.rank),
        ranked=words.figure(standing.ranked),
        quarter=words.period(standing.quarter),
    )


class Delivery(NamedTuple):
    """A message to one address, known by its name and place: the address itself is in no repository."""

    key: str
    """Under which it is claimed."""
    is_for_user: bool
    to: str
    """The name of a channel, or a user."""
    place: int
    """Which of their addresses, from 0."""
    event: str
    record: str
    title: str
    body: str


class UnsentNotices(NamedTuple):
    """Where the next run of `notify` begins in this clone.

    Two refs keep it: files of `.git/pipecli` may be deleted, and a ref keeps its commit.
    """

    noted_to: str | None
    """The commit up to which all is sent or kept here; None before the first run."""
    clone: str
    """A random name of this clone, under which it claims."""
    deliveries: tuple[Delivery, ...]

    def with_(self, noted_to: str, deliveries: Iterable[Delivery]) -> UnsentNotices:
        """With what was found up to a commit, each thing once."""
        kept: dict[str, Delivery] = {}
        for delivery in (*self.deliveries, *deliveries):
            kept.setdefault(delivery.key, delivery)
        return self._replace(noted_to=noted_to, deliveries=tuple(kept.values()))

    def without(self, keys: set[str]) -> UnsentNotices:
        """Without the deliveries that are done with."""
        return self._replace(
            deliveries=tuple(delivery for delivery in self.deliveries if delivery.key not in keys)
        )


def read_unsent(location: Location) -> UnsentNotices:
    """The deliveries that the last run has left."""
    folder = refs(location, "notify")
    blob = git.run(location.work_tree, "cat-file", "blob", f"{folder}/unsent")
    stored: dict[str, Any] = {"clone": secrets.token_hex(8), "parcels": []}
    if not blob.returncode:
        try:
            stored = note_of(blob.stdout, {"clone": str, "parcels": [get_type_hints(Delivery)]})
        except ValueError:
            raise PipecliError(
                f"{folder}/unsent, of the messages that are left to send, is damaged",
                hint=f"delete it: git update-ref -d {folder}/unsent",
            ) from None
    return UnsentNotices(
        git.commit_of(location.work_tree, f"{folder}/told"),
        stored["clone"],
        tuple(Delivery(**delivery) for delivery in stored["parcels"]),
    )


def write_unsent(location: Location, unsent: UnsentNotices) -> None:
    """Keep it for the next run. Raises git.GitRefused."""
    folder = refs(location, "notify")
    stored = {"clone": unsent.clone, "parcels": [delivery._asdict() for delivery in unsent.deliveries]}
    text = json.dumps(stored, ensure_ascii=False, indent=1)
    blob = git.raw(location.work_tree, "hash-object", "-w", "--stdin", stdin=text.encode()).decode().strip()
    # In this order, and not in one transaction: a git that is killed moves the first of its refs alone.
    git.raw(location.work_tree, "update-ref", f"{folder}/unsent", blob)
    if unsent.noted_to:
        git.raw(location.work_tree, "update-ref", f"{folder}/told", unsent.noted_to)
