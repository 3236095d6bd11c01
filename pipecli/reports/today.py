"""What `today` lists, in what order, and which rows of it a short page has.

First the follow-ups that are due, then the sent quotations to ask after, the overdue deals, and those that
stand still. A deal is listed once, and one on hold not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pipecli.reports.deals import Deal
from pipecli.reports.stale_and_receivables import days_over, last_movement

if TYPE_CHECKING:
    from pipecli.reports.followups import FollowUp

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
        "what": f"{name}: {detail}" if detail else name,
        "title": plan.title,
        "customer": plan.customer_name or plan.customer,
    }


def quotation_row(
    key: str, valid_until: str, sent: str, last_in: str | None, title: str, customer: str, *, today: date
) -> Row | None:
    """A sent quotation that expires soon or has expired, or waits for an answer; None of any other."""
    until, asked = date.fromisoformat(valid_until), date.fromisoformat(sent[:10])
    left, waited = (until - today).days, (today - asked).days
    is_answered = bool(last_in) and str(last_in)[:10] >= sent[:10]
    if left <= EXPIRES_SOON:
        when = "today" if left == 0 else f"in {left} d" if left > 0 else f"{-left} d ago"
        what = "quotation expires" if left >= 0 else "quotation has expired"
    elif waited >= UNANSWERED and not is_answered:
        when, what = f"{waited} d ago", "quotation sent, no answer"
    else:
        return None
    return {
        "kind": "quotation",
        "id": key,
        "when": when,
        "due": until,
        "days": max(-left, 0),
        "what": what,
        "title": title,
        "customer": customer,
    }


def overdue_deals(deals: Iterable[Deal], today: date) -> list[tuple[Deal, int]]:
    """Each overdue deal with its days, the longest overdue first."""
    overdue = [(deal, (today - deal.close).days) for deal in deals if deal.close and deal.is_overdue(today)]
    return sorted(overdue, key=lambda pair: (-pair[1], pair[0].id))


def standing_still(deals: Iterable[Deal], moves: Mapping[str, date], today: date) -> list[tuple[Deal, int]]:
    """Each stale deal that isn't overdue, with its days, the longest first; `moves` as in `stale_deals`."""
    still = []
    for deal in deals:
        days = (today - last_movement(deal, moves.get(deal.id), today).day).days
        if not deal.is_overdue(today) and days_over(deal, days, today) is not None:
            still.append((deal, days))
    return sorted(still, key=lambda pair: (-pair[1], pair[0].id))


def deal_row(deal: Deal, days: int, customers: Mapping[str, str], *, is_overdue: bool) -> Row:
    return {
        "kind": "opportunity",
        "id": deal.id,
        "when": _late(days) if is_overdue else f"{days} d",
        "due": deal.close,
        "days": days,
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
