"""What people are told of: stage changes, wins, losses, assignments and deals that closed by themselves.

Read from the content of commits, so that a hand edit, a merged pull request or a squash is told like a
command. What a merge brings is told once, of the commits that it brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from pipecli.history import words
from pipecli.history.events import Event, Told
from pipecli.history.index import History
from pipecli.history.log import Step, steps
from pipecli.records.kinds import LEAD, OPPORTUNITY

_NEWS_FOR = timedelta(days=7)
"""A deal that is new in a commit and over is news if it ended this short before: an import is of the past."""

_ENDINGS = frozenset({"won", "lost", "closed"})


class Notice(NamedTuple):
    """One thing that happened to one record."""

    event: str
    """One of reports.messages.EVENTS."""
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
    """How a deal ended: date, reason, competitor, detail, quotation."""
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
        parts = (self.event, self.key, self.before, self.after, *self._occasion())
        return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]

    def _occasion(self) -> tuple[object, ...]:
        if self.event == "closed":
            return (self.ending.get("date"),)
        if self.event == "assigned" and self.before is None:
            return (self.at.astimezone(UTC).date(),)
        return self.email, self.at.isoformat()


def notices(history: History, commits: Sequence[str], users: Mapping[str, str]) -> list[Notice]:
    """What these commits, oldest first, did that people are told of; `users` by their e-mail, casefolded."""
    return [notice for step in steps(history, commits, (OPPORTUNITY, LEAD)) for notice in _of(step, users)]


def _of(step: Step, users: Mapping[str, str]) -> Iterator[Notice]:
    after = step.after
    if after is None:
        return
    by = users.get(step.commit.email.casefold())
    for event, before, value in _happened(step, after):
        if event != "assigned" or before is not None or by != value:  # who adds a deal of their own knows it
            yield _notice(step, after, by, event, before, value)


def _happened(step: Step, after: Told) -> Iterator[tuple[str, str | None, str]]:
    """The events with what was before and what is afterwards."""
    is_deal = step.noun == OPPORTUNITY.noun
    if any(each.field == "created" for each in step.events):
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
        elif field == "owner":
            yield "assigned", before, value


def _values(events: Iterable[Event]) -> Iterator[tuple[str, str | None, str]]:
    """The plain changes of a field to a text."""
    for each in events:
        if isinstance(each.after, str):
            yield each.field, each.before if isinstance(each.before, str) else None, each.after


def _is_news(step: Step, after: Told) -> bool:
    try:
        closed = date.fromisoformat(str(_ending(after).get("date")))
    except ValueError:
        return False
    return closed >= step.commit.when.date() - _NEWS_FOR


def _ending(after: Told) -> Mapping[str, object]:
    closed = after.plain.get("closed")
    return closed if isinstance(closed, Mapping) else {}


def _notice(step: Step, after: Told, by: str | None, event: str, before: str | None, value: str) -> Notice:
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
