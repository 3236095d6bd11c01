"""What is due: follow-ups, what reminds of them, and what `today` lists: each kind in order, and how much.

`today` has first the follow-ups that are due, then the sent quotations to ask after, the overdue deals, and
those that stand still. A deal is listed once, and one on hold not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.harmless_text import message_line
from pipecli.records.days import day_in, moment_in
from pipecli.reports.deal import Deal
from pipecli.reports.lost_stale_and_receivables import is_stale, last_movement
from pipecli.translation import Words, words_of

NEXT_CONTACT = "next-contact"
ACTIVITY = "activity"
EXPECTED_CLOSE = "expected-close"
INVOICE = "invoice"
HOLD = "hold"


class PlannedAction(NamedTuple):
    """Something planned on an open lead or opportunity, as its file says it."""

    kind: str
    """NEXT_CONTACT, ACTIVITY, EXPECTED_CLOSE, INVOICE or HOLD."""
    id: str
    """The record's."""
    activity: str | None
    at: date | datetime
    by: str | None
    """The user it is planned for, else the owner of the record."""
    type: str | None
    subject: str | None
    """Of an invoice its number, total, what is open of it, and the currency."""
    title: str
    """The record's title or name."""
    customer: str | None
    customer_name: str | None
    note: str | None
    duration: int | None
    """Minutes."""

    def detail(self, words: Words | None = None) -> str:
        """Its subject, in English without words of another language: of an invoice what is to be paid."""
        if self.kind not in (HOLD, INVOICE) or (self.kind == HOLD and self.subject):
            return self.subject or ""
        words = words or words_of(None)
        if not self.subject:
            return words.hold_ends
        number, *sums, currency = self.subject.rsplit(" ", 3)
        total, rest = map(Decimal, sums)
        left = rest.quantize(total)
        name = "owed" if left == total else "owed_of"
        return words.fill(
            name, number=number, open=words.money(left, currency), total=words.money(total, currency)
        )


class FollowUp(NamedTuple):
    """A plan in the pipeline's timezone."""

    plan: PlannedAction
    due: date
    at: datetime | None
    """None for what has no hour."""
    overdue_days: int
    """0 where it is due today or later."""


def due_of(plans: Iterable[PlannedAction], now: datetime, until: date) -> list[FollowUp]:
    """The plans up to and with `until`: the overdue ones first, then by who, then by day and hour."""
    assert now.tzinfo
    today = now.date()
    follow_ups = [_follow_up(plan, today, now.tzinfo) for plan in plans]
    due = [follow_up for follow_up in follow_ups if follow_up.due <= until]
    return sorted(due, key=lambda follow_up: _sort_key(follow_up, today))


def _follow_up(plan: PlannedAction, today: date, zone: tzinfo) -> FollowUp:
    at = moment_in(plan.at, zone) if isinstance(plan.at, datetime) else None
    due = at.date() if at else plan.at
    return FollowUp(plan, due, at, max((today - due).days, 0))


def _sort_key(follow_up: FollowUp, today: date) -> tuple[object, ...]:
    hour = follow_up.at.timestamp() if follow_up.at else 0.0
    return follow_up.due >= today, follow_up.plan.by or "", follow_up.due, hour, follow_up.plan.id


class Message(NamedTuple):
    title: str
    """One line."""
    body: str


MOST = 100
"""The number of follow-ups that a message lists; the rest is counted."""


def followups_by_user(follow_ups: Iterable[FollowUp]) -> dict[str | None, list[FollowUp]]:
    """The follow-ups of each user; at None those that nobody is to do."""
    theirs: dict[str | None, list[FollowUp]] = defaultdict(list)
    for follow_up in follow_ups:
        theirs[follow_up.plan.by].append(follow_up)
    return theirs


def follow_up_key(follow_up: FollowUp) -> str:
    """The identity of a plan, whatever day it is moved to: `OPP-2Q8XA/4F2QX`, `OPP-2Q8XA/next-contact`."""
    return f"{follow_up.plan.id}/{follow_up.plan.activity or follow_up.plan.kind}"


def reminder_message(name: str, follow_ups: Sequence[FollowUp], today: date, words: Words) -> Message:
    """The message to a user of this name about these follow-ups."""
    overdue = [follow_up for follow_up in follow_ups if follow_up.due < today]
    parts = {
        words.overdue: overdue,
        words.fill("today_is", day=words.weekday(today)): [
            follow_up for follow_up in follow_ups if follow_up.due == today
        ],
        words.ahead: [follow_up for follow_up in follow_ups if follow_up.due > today],
    }
    title = words.fill(
        "reminder_overdue" if overdue else "reminder_title",
        follow_ups=words.count("follow_ups", len(follow_ups)),
        name=message_line(name),
        overdue=words.figure(len(overdue)),
    )
    return Message(title, "\n\n".join(_parts(parts, today, words)))


def _parts(parts: Mapping[str, Sequence[FollowUp]], today: date, words: Words) -> list[str]:
    room, sections = MOST, []
    for heading, follow_ups in parts.items():
        lines = [line for follow_up in follow_ups[:room] for line in _lines(follow_up, today, words)]
        if lines:
            sections.append("\n".join([heading, *lines]))
        room -= len(follow_ups[:room])
    left = sum(len(follow_ups) for follow_ups in parts.values()) - MOST
    return [*sections, words.fill("more_follow_ups", n=words.figure(left))] if left > 0 else sections


def _lines(follow_up: FollowUp, today: date, words: Words) -> list[str]:
    plan = follow_up.plan
    what = (
        f"{words.named('kinds', plan.type)}: {message_line(plan.detail(words))}"
        if plan.type
        else words.named("kinds", plan.kind)
    )
    who = plan.customer_name or plan.customer
    about = f"{message_line(plan.title)} ({message_line(who)})" if who else message_line(plan.title)
    note = [f"  {message_line(plan.note)}"] if plan.note else []
    return [f"- {_when(follow_up, today, words)}{what}", f"  {plan.id} {about}", *note]


def _when(follow_up: FollowUp, today: date, words: Words) -> str:
    """`2026-11-19 10:00 (3 days late) `, and of what is due today its hour only."""
    late = words.fill("late", days=words.count("days", follow_up.overdue_days))
    texts = (
        "" if follow_up.due == today else words.day(follow_up.due),
        words.clock(follow_up.at) if follow_up.at else "",
        f"({late})" if follow_up.overdue_days else "",
    )
    return "".join(f"{text} " for text in texts if text)


Row = dict[str, Any]

EXPIRES_SOON = 7
"""Days: a quotation that has no more left is asked after."""
UNANSWERED = 7
"""Days: a quotation of so long ago without an answer is asked after."""
_SHARE = 3
"""Rows that each kind of work has, before the first ones fill the page."""


def followup_row(follow_up: FollowUp) -> Row:
    plan = follow_up.plan
    name, detail = (plan.type, plan.detail()) if plan.type else ("next contact", plan.note)
    return {
        "kind": plan.kind,
        "id": plan.id,
        **({"activity": plan.activity} if plan.activity else {}),
        "when": _late(follow_up.overdue_days) or (f"{follow_up.at:%H:%M}" if follow_up.at else "today"),
        "due": follow_up.due,
        "days": follow_up.overdue_days,
        "by": plan.by,
        "what": f"{name}: {detail}" if detail else name,
        "title": plan.title,
        "customer": plan.customer_name or plan.customer,
    }


class SentQuotation(NamedTuple):
    """A quotation that waits for its customer."""

    id: str
    valid_until: date
    sent: date | datetime
    last_in: date | datetime | None
    """The last word of the customer on its deal."""
    owner: str | None
    title: str
    customer: str | None
    """By the name that people know."""


def quotation_to_ask_after(quotation: SentQuotation, now: datetime) -> Row | None:
    """A sent quotation that expires soon or has expired, or waits for an answer; None of any other.

    Days are those of the timezone of `now`.
    """
    assert now.tzinfo
    today, until = now.date(), quotation.valid_until
    sent = day_in(quotation.sent, now.tzinfo)
    left, waited = (until - today).days, (today - sent).days
    is_answered = quotation.last_in is not None and day_in(quotation.last_in, now.tzinfo) >= sent
    if left <= EXPIRES_SOON:
        when = f"{-left} d ago" if left < 0 else f"in {left} d" if left else "today"
        what = "quotation expires" if left >= 0 else "quotation has expired"
    elif waited >= UNANSWERED and not is_answered:
        when, what = f"{waited} d ago", "quotation sent, no answer"
    else:
        return None
    return {
        "kind": "quotation",
        "id": quotation.id,
        "when": when,
        "due": until,
        "days": max(-left, 0),
        "by": quotation.owner,
        "what": what,
        "title": quotation.title,
        "customer": quotation.customer,
    }


def overdue_deals(deals: Iterable[Deal], today: date) -> list[tuple[Deal, int]]:
    """Each overdue deal with its days, the longest overdue first."""
    overdue = [(deal, (today - deal.close).days) for deal in deals if deal.close and deal.is_overdue(today)]
    return sorted(overdue, key=lambda pair: (-pair[1], pair[0].id))


def stale_not_overdue(
    deals: Iterable[Deal], moves: Mapping[str, date], today: date
) -> list[tuple[Deal, int]]:
    """Each stale deal that isn't overdue, with its days, the longest first; `moves` as in `stale_deals`."""
    still = []
    for deal in deals:
        days = (today - last_movement(deal, moves.get(deal.id), today).day).days
        if not deal.is_overdue(today) and is_stale(deal, days, today):
            still.append((deal, days))
    return sorted(still, key=lambda pair: (-pair[1], pair[0].id))


def deal_row(deal: Deal, days: int, customers: Mapping[str, str], *, is_overdue: bool) -> Row:
    return {
        "kind": "opportunity",
        "id": deal.id,
        "when": _late(days) if is_overdue else f"{days} d",
        "due": deal.close,
        "days": days,
        "by": deal.owner,
        "what": "expected close is past" if is_overdue else f"stands still at {deal.stage}",
        "title": deal.title,
        "customer": customers.get(deal.customer or "", deal.customer),
    }


def _late(days: int) -> str:
    return f"{days} d late" if days > 0 else ""


def rows_that_fit(sections: Sequence[Sequence[Row]], room: int) -> list[Row]:
    """The rows that fit: some of each kind, the rest of the room to the first kinds."""
    share = min(_SHARE, room // len(sections))
    counts = [min(len(section), share) for section in sections]
    left = room - sum(counts)
    for place, section in enumerate(sections):
        more = min(max(left, 0), len(section) - counts[place])
        counts[place] += more
        left -= more
    return [row for section, number in zip(sections, counts, strict=True) for row in section[:number]]
