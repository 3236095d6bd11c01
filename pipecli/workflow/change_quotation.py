"""`quotation set`, `edit` and `item`: a draft may change; what was sent is frozen."""

from __future__ import annotations

from pipecli.records.catalogue import PriceList
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.workflow.change import Refused
from pipecli.workflow.price_item import require_currency


def require_draft(quotation: Quotation) -> None:
    """Refuse to change what a customer has seen."""
    if quotation.status in (QuotationStatus.SENT, QuotationStatus.REJECTED, QuotationStatus.EXPIRED):
        raise Refused(
            f"{quotation.id} is {quotation.status}: what a customer was offered is frozen",
            hint=f"make the next one: pipecli quote revise {quotation.id}",
        )
    if quotation.status is not QuotationStatus.DRAFT:
        raise Refused(
            f"{quotation.id} is {quotation.status}: what a customer was offered is frozen",
            hint=f"make a new one: pipecli quote new {quotation.opportunity}",
        )


def require_sound(before: Quotation, after: Quotation, price_list: PriceList | None) -> None:
    """Refuse a change of a draft that only a verb may make, or that makes no sense.

    Its status follows from what happens to it, and its deal and revision from where it was made; `price_list`
    is the one it names now.
    """
    require_draft(before)
    if after.status is not before.status:
        raise Refused(
            f"the status of {before.id} follows from what happens to it",
            hint="use pipecli quote send, accept, reject or revise",
        )
    if (after.opportunity, after.revision_of) != (before.opportunity, before.revision_of):
        raise Refused(
            f"{before.id} stays with its deal and with what it revises",
            hint="make a new one: pipecli quote new",
        )
    if (after.date, after.valid_until) != (before.date, before.valid_until):
        require_time(after)
    if price_list and (after.price_list, after.currency) != (before.price_list, before.currency):
        require_currency(price_list, after)
    if (after.customer, after.lead) != (before.customer, before.lead):
        require_addressee(after)


def require_addressee(quotation: Quotation) -> None:
    """Refuse an offer to nobody."""
    if quotation.customer is None and quotation.lead is None:
        raise Refused(
            f"{quotation.id} has neither a customer nor a lead to quote to",
            hint=f"give it one: pipecli quote set {quotation.id} customer=SLUG",
        )


def require_time(quotation: Quotation) -> None:
    """Refuse a validity that ends before the quotation's date."""
    if quotation.valid_until is not None and quotation.valid_until < quotation.date:
        raise Refused(
            f"{quotation.id} would be valid until {quotation.valid_until}, before its date {quotation.date}",
            hint="give a later day",
        )
