"""The life of a quotation after the draft: sent, by email too, accepted, rejected, expired.

A sent one is frozen. The deal itself is closed with `opp won`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from pipecli.records.activity import Activity
from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.workflow.activity import with_activity
from pipecli.workflow.change import Change, Refused, require_open
from pipecli.workflow.quotation.change import require_addressee, wrong_move


def send(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: list[Quotation],
    now: datetime,
    day: date | None = None,
) -> Change:
    """Draft → sent, at `now`. A `day` that is given becomes the quotation's date.

    Refused without items or addressee, on a closed deal, and when its validity has passed on the day it is
    sent.
    """
    if quotation.status is not QuotationStatus.DRAFT:
        raise wrong_move(quotation, "sent", siblings)
    require_open(deal)
    if not quotation.items:
        raise Refused(f"{quotation.id} has no items", hint=f"add some: pipecli quote item add {quotation.id}")
    require_addressee(quotation)
    if quotation.valid_until is not None and quotation.valid_until < (day or now.date()):
        raise Refused(
            f"{quotation.id} is valid only until {quotation.valid_until}",
            hint=f"give it more time: pipecli quote set {quotation.id} valid_until=+30d",
        )
    sent = quotation.with_(status=QuotationStatus.SENT, date=day or quotation.date, sent=now)
    return Change(sent, "send", "quotation-sent")


def mailed(sent: Change, deal: Opportunity, mail: Activity, to: str) -> Change:
    """The change of `send`, with the mail that carried the quotation on its deal."""
    return replace(sent, summary=f"send to {to}", also=(*sent.also, with_activity(deal, mail)))


def accept(quotation: Quotation, deal: Opportunity, *, siblings: Sequence[Quotation], today: date) -> Change:
    """Sent → accepted, one of a deal. Its siblings stay as they are until the deal is won.

    A customer may say yes after the last day of validity: that is taken, and said.
    """
    if quotation.status is not QuotationStatus.SENT:
        raise wrong_move(quotation, "accepted", siblings)
    require_open(deal)
    for other in siblings:
        if other.status is QuotationStatus.ACCEPTED and other.id != quotation.id:
            raise Refused(
                f"{other.id} of the same deal is accepted already",
                hint=f"if that is over: pipecli quote reject {other.id}",
            )
    late = quotation.valid_until is not None and quotation.valid_until < today
    return Change(
        quotation.with_(status=QuotationStatus.ACCEPTED),
        "accept",
        "quotation-accepted",
        notes=(
            *([f"{quotation.id} was valid until {quotation.valid_until}"] if late else []),
            f"the deal is still open; close it with: pipecli opp won {deal.id}",
        ),
    )


def reject(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: Sequence[Quotation],
    orders: Sequence[Order],
    reason: str | None = None,
) -> Change:
    """Sent → rejected; also accepted → rejected, while the deal is open and nothing is ordered from it.

    `orders` are those made from this quotation.
    """
    if quotation.status is QuotationStatus.ACCEPTED:
        require_open(deal)
        _require_no_order(quotation, orders)
    elif quotation.status is not QuotationStatus.SENT:
        raise wrong_move(quotation, "rejected", siblings)
    rejected = quotation.with_(status=QuotationStatus.REJECTED, reason=reason)
    return Change(rejected, "reject", "quotation-rejected")


def _require_no_order(quotation: Quotation, orders: Sequence[Order]) -> None:
    for order in orders:
        if order.status is not OrderStatus.CANCELLED:
            raise Refused(
                f"{quotation.id} is ordered with {order.id}",
                hint=f"cancel the order first: pipecli order cancel {order.id}",
            )


def expire(quotations: Iterable[Quotation], today: date) -> list[Change]:
    """Sent → expired for those whose `valid_until` lies before today; one without it never expires.

    Run again on the same day it finds nothing.
    """
    return [
        Change(quotation.with_(status=QuotationStatus.EXPIRED), "expire", "quotation-expired")
        for quotation in quotations
        if quotation.status is QuotationStatus.SENT
        and quotation.valid_until is not None
        and quotation.valid_until < today
    ]
