"""`quotation send`: a draft has gone to the customer; from now on it is frozen."""

from __future__ import annotations

from datetime import date

from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.change_quotation import require_addressee
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.quotation_moves import wrong_move


def send(
    quotation: Quotation,
    deal: Opportunity,
    *,
    siblings: list[Quotation],
    today: date,
    day: date | None = None,
) -> Change:
    """Draft → sent. A `day` that is given becomes the quotation's date.

    Refused without items or addressee, on a closed deal, and when its validity has passed on the day it is
    sent.
    """
    if quotation.status is not QuotationStatus.DRAFT:
        raise wrong_move(quotation, "sent", siblings)
    refuse_closed(deal)
    if not quotation.items:
        raise Refused(f"{quotation.id} has no items", hint=f"add some: pipecli quote item add {quotation.id}")
    require_addressee(quotation)
    if quotation.valid_until is not None and quotation.valid_until < (day or today):
        raise Refused(
            f"{quotation.id} is valid only until {quotation.valid_until}",
            hint=f"give it more time: pipecli quote set {quotation.id} valid_until=+30d",
        )
    sent = quotation.with_(status=QuotationStatus.SENT, date=day or quotation.date)
    return Change(sent, "send", "quotation-sent")
