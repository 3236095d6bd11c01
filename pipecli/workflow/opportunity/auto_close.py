"""`auto-close`: a deal whose last word was ours, long ago, with nothing planned ahead, closes by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from pipecli.records.activity import Activity, ActivityType, Direction
from pipecli.records.days import day_in
from pipecli.records.opportunity import Closed, Opportunity, OpportunityStatus
from pipecli.records.papers import Quotation, QuotationStatus, is_past_validity
from pipecli.records.settings import Settings
from pipecli.workflow import Change

_CONVERSATIONS = {ActivityType.CALL, ActivityType.MEETING}
_ON_OFFER = {QuotationStatus.DRAFT, QuotationStatus.SENT}
_WENT_OUT = {QuotationStatus.SENT, QuotationStatus.EXPIRED}
"""The status of quotations that were sent, whether or not their files say when."""


TOUCHING = ("stage", "process", "amount", "expected_close", "items")
"""The fields whose change by a user, not by an import or a rename, starts the wait anew."""


class Wait(NamedTuple):
    """The last thing that happened on our side, from which the wait for an answer runs."""

    since: date
    what: str
    """`email "Offer" went out`, `QTN-7K3M9 was sent`, `stage: qualify → demo`."""


class Touch(NamedTuple):
    """A change of TOUCHING that a person made, as history tells."""

    at: datetime
    what: str


def closed_by_itself(
    deal: Opportunity,
    settings: Settings,
    quotations: Sequence[Quotation],
    wait: Wait | None,
    *,
    today: date,
) -> Change | None:
    """Close a deal that nobody has answered for `after_days`; None where it isn't so.

    `quotations` are all of the deal: what is still on offer is rejected, as when it is lost.
    """
    if wait is None or (today - wait.since).days < settings.auto_close.after_days:
        return None
    if not deal.is_open or _something_ahead(deal, today) or any(_keeps_open(q, today) for q in quotations):
        return None
    closed = Closed.model_construct(date=today, reasons=(settings.auto_close.reason,))
    return Change(
        deal.with_(status=OpportunityStatus.CLOSED, closed=closed),
        f"close, no answer since {wait.since}",
        "closed",
        also=tuple(
            quotation.with_(status=QuotationStatus.REJECTED)
            for quotation in quotations
            if quotation.status in _ON_OFFER
        ),
    )


def start_of_wait(
    deal: Opportunity,
    quotations: Sequence[Quotation] = (),
    touches: Sequence[Touch] = (),
    *,
    zone: tzinfo,
    sent: Mapping[str, datetime] | None = None,
) -> Wait | None:
    """The start of the wait for an answer: our last word, or a later touch or hold.

    None if that word isn't ours.
    `sent` has the times of quotations whose files don't say it; days begin in `zone`, the pipeline's.
    A call or meeting without a direction was a conversation, and so an answer; such a mail was automatic.
    """
    words = [word for activity in deal.activities if (word := _word(activity, zone))]
    words += [
        _offer(paper, zone, sent or {}) for paper in quotations if paper.sent or paper.status in _WENT_OUT
    ]
    last = max(words, key=lambda word: (word.at, not word.is_ours), default=None)
    if last is None or not last.is_ours:
        return None
    later = max(touches, key=lambda touch: touch.at, default=None)
    wait = Wait(last.day, last.what)
    if later and later.at > last.at:
        wait = Wait(max(last.day, day_in(later.at, zone)), later.what)
    if deal.hold and deal.hold.until > wait.since:
        wait = Wait(deal.hold.until, "it was on hold")
    return wait


class _Word(NamedTuple):
    at: datetime
    day: date
    is_ours: bool
    what: str


def _word(activity: Activity, zone: tzinfo) -> _Word | None:
    """The word that an activity was; None for a planned one, and for one that nobody says, as a note."""
    if not activity.done or (activity.direction is None and activity.type not in _CONVERSATIONS):
        return None
    is_ours = activity.direction is Direction.OUT
    return _word_of(activity.at, zone, is_ours=is_ours, what=f'{activity.type} "{activity.subject}" went out')


def _offer(quotation: Quotation, zone: tzinfo, sent: Mapping[str, datetime]) -> _Word:
    """The word that a sent quotation was; of an old file on its date, where history doesn't tell."""
    at = quotation.sent or sent.get(quotation.id) or quotation.date
    return _word_of(at, zone, is_ours=True, what=f"{quotation.id} was sent")


def _word_of(at: datetime | date, zone: tzinfo, *, is_ours: bool, what: str) -> _Word:
    if isinstance(at, datetime):
        return _Word(at, day_in(at, zone), is_ours, what)
    # Of a day without an hour nobody knows what came first: the answer counts as the later.
    hour = time.min if is_ours else time.max
    return _Word(datetime.combine(at, hour, zone), at, is_ours, what)


def _something_ahead(deal: Opportunity, today: date) -> bool:
    """True while something is to come: a next contact, the expected close, an activity that isn't done."""
    to_come = (deal.next_contact and deal.next_contact.date, deal.expected_close)
    return any(day and day >= today for day in to_come) or any(not one.done for one in deal.activities)


def _keeps_open(quotation: Quotation, today: date) -> bool:
    """True of a quotation that keeps its deal open: a yes is an answer, and one still valid may get one."""
    if quotation.status is QuotationStatus.ACCEPTED:
        return True
    return quotation.status is QuotationStatus.SENT and not is_past_validity(quotation, today)
