"""`auto-close`: a deal whose last word was ours, long ago, with nothing planned ahead, closes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from pipecli.records.activity import Activity, ActivityType, Direction
from pipecli.records.opportunity import Closed, Opportunity, OpportunityStatus
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change

_CONVERSATIONS = {ActivityType.CALL, ActivityType.MEETING}
_ON_OFFER = {QuotationStatus.DRAFT, QuotationStatus.SENT}


def auto_close(
    deal: Opportunity, settings: Settings, quotations: Sequence[Quotation], *, today: date, zone: tzinfo
) -> Change | None:
    """Close a deal that nobody has answered for `after_days`; None where it isn't so.

    `quotations` are all of the deal: what is still on offer is rejected, as when it is lost, and one that is
    accepted is an answer. `zone` is the pipeline's, in which days begin.
    """
    since = unanswered_since(deal, zone)
    if since is None or (today - since).days < settings.auto_close.after_days:
        return None
    if not deal.is_open or _is_planned(deal, today):
        return None
    if any(quotation.status is QuotationStatus.ACCEPTED for quotation in quotations):
        return None
    closed = Closed.model_construct(date=today, reasons=(settings.auto_close.reason,))
    return Change(
        deal.with_(status=OpportunityStatus.CLOSED, closed=closed),
        f"close, no answer since {since}",
        "closed",
        also=tuple(
            quotation.with_(status=QuotationStatus.REJECTED)
            for quotation in quotations
            if quotation.status in _ON_OFFER
        ),
    )


def unanswered_since(deal: Opportunity, zone: tzinfo) -> date | None:
    """The day of our last word, if it is the last that anybody said; None if the last was not ours.

    A call or meeting without a direction was a conversation, and so an answer; such a mail was automatic.
    """
    words = [word for activity in deal.activities if (word := _word(activity, zone))]
    last = max(words, key=lambda word: (word.at, not word.is_ours), default=None)
    return last.day if last and last.is_ours else None


class _Word(NamedTuple):
    at: datetime
    day: date
    is_ours: bool


def _word(activity: Activity, zone: tzinfo) -> _Word | None:
    """The word that an activity was; None for a planned one, and for one that nobody says, as a note."""
    if not activity.done or (activity.direction is None and activity.type not in _CONVERSATIONS):
        return None
    is_ours = activity.direction is Direction.OUT
    if isinstance(activity.at, datetime):
        return _Word(activity.at, activity.at.astimezone(zone).date(), is_ours)
    # Of a day without an hour nobody knows what came first: the answer counts as the later.
    hour = time.min if is_ours else time.max
    return _Word(datetime.combine(activity.at, hour, zone), activity.at, is_ours)


def _is_planned(deal: Opportunity, today: date) -> bool:
    """True while something is planned: a next contact that isn't past, or an activity that isn't done."""
    is_to_come = deal.next_contact is not None and deal.next_contact.date >= today
    return is_to_come or any(not activity.done for activity in deal.activities)
