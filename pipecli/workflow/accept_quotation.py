"""`quotation accept`: the customer said yes to this offer; the deal itself is closed with `opp won`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.quotation_moves import wrong_move


def accept(quotation: Quotation, deal: Opportunity, *, siblings: Sequence[Quotation], today: date) -> Change:
    """Sent → accepted, one of a deal. Its siblings stay as they are until the deal is won.

    A customer may say yes after the last day of validity: that is taken, and said.
    """
    if quotation.status is not QuotationStatus.SENT:
        raise wrong_move(quotation, "accepted", siblings)
    refuse_closed(deal)
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
