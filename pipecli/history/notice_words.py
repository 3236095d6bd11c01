"""A notice as a message: what happened in its title, and in its body what one asks next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import NamedTuple

from pipecli.history.notices import Notice
from pipecli.history.words import shown
from pipecli.reports.followups import Message, plain

MOST = 100
"""How many notices one message lists; the rest is counted."""


class Standing(NamedTuple):
    """What a win did to the ranking of the quarter in which it falls."""

    gained: Decimal
    points: Decimal
    rank: int
    ranked: int
    quarter: str


class About(NamedTuple):
    """What the words of a notice take from elsewhere."""

    users: Mapping[str, str]
    """What each user is called."""
    customer: str | None
    """What the customer is called."""
    standing: Standing | None
    zone: tzinfo

    def name(self, user: str | None) -> str:
        return plain(self.users.get(user or "", user or ""))


def message(notice: Notice, about: About) -> Message:
    """The message of one notice."""
    title = plain(notice.title)
    amount = f"{notice.amount:,} {notice.currency}" if notice.amount is not None else ""
    lines = (
        f"{notice.key} {title}{f' ({plain(about.customer)})' if about.customer else ''}",
        f"amount: {amount}" if amount else "",
        f"owner: {about.name(notice.owner)}" if notice.owner else "",
        *_ending(notice),
        *_ranking(about.name(notice.owner), about.standing),
        f"by {plain(notice.author) or 'nobody'}, {notice.at.astimezone(about.zone):%Y-%m-%d %H:%M}",
    )
    return Message(_headline(notice, about, title, amount), "\n".join(line for line in lines if line))


def digest(messages: Sequence[Message]) -> Message:
    """Many messages as one."""
    parts = [f"{each.title}\n{_indented(each.body)}" for each in messages[:MOST]]
    left = len(messages) - MOST
    more = [f"and {left:,} more: pipecli changes, pipecli history"] if left > 0 else []
    return Message(f"{len(messages):,} changes in the pipeline", "\n\n".join([*parts, *more]))


def _headline(notice: Notice, about: About, title: str, amount: str) -> str:
    before, after = plain(notice.before or ""), plain(notice.after or "")
    match notice.event:
        case "won":
            return f"Won: {title}{f', {amount}' if amount else ''}"
        case "lost":
            reason = shown(notice.ending.get("reason"), "reason", "")
            return f"Lost: {title}{f', {plain(reason)}' if reason else ''}"
        case "closed":
            return f"Closed by itself: {title}"
        case "assigned":
            return f"Assigned to {about.name(notice.after)}: {title}"
    return f"{title}: {before} → {after}" if before else f"{title}: now {after}"


def _ending(notice: Notice) -> list[str]:
    """`reason: price`, `competitor: acme`; nothing of a deal that goes on."""
    if notice.event not in ("won", "lost", "closed"):
        return []
    said = (
        (name, shown(notice.ending.get(name), name, "")) for name in ("reason", "competitor", "quotation")
    )
    return [f"{name}: {plain(value)}" for name, value in said if value]


def _ranking(owner: str, standing: Standing | None) -> list[str]:
    if standing is None:
        return []
    gained, points = (f"{value:,.1f}".removesuffix(".0") for value in (standing.gained, standing.points))
    place = f"place {standing.rank} of {standing.ranked} in {standing.quarter} with {points} points"
    return [f"ranking: {gained} points for {owner}, {place}"]


def _indented(body: str) -> str:
    return "\n".join(f"  {line}" for line in body.split("\n"))
