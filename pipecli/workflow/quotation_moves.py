"""What a quotation's status forbids, and the way out: the words that its verbs refuse with."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.workflow.change import Refused


def wrong_move(quotation: Quotation, done: str, siblings: Sequence[Quotation] = ()) -> Refused:
    """The refusal of a verb that a quotation's status forbids; `done` says the verb: sent, accepted.

    `siblings` are the quotations of its deal, among which is the one that took its place.
    """
    status = quotation.status
    is_so = "a draft" if status is QuotationStatus.DRAFT else status
    said = f"is {status} already" if done == status else f"is {is_so}, it can't be {done}"
    return Refused(f"{quotation.id} {said}", hint=_way_out(quotation, siblings))


def _way_out(quotation: Quotation, siblings: Sequence[Quotation]) -> str:
    match quotation.status:
        case QuotationStatus.DRAFT:
            return f"send it first: pipecli quote send {quotation.id}"
        case QuotationStatus.ACCEPTED:
            return (
                f"win its deal: pipecli opp won {quotation.opportunity}, or take the yes back: "
                f"pipecli quote reject {quotation.id}"
            )
        case QuotationStatus.SUPERSEDED:
            newer = [each.id for each in siblings if each.revision_of == quotation.id]
            return f"{newer[-1]} took its place" if newer else _new(quotation)
    return f"make the next one: pipecli quote revise {quotation.id}"


def _new(quotation: Quotation) -> str:
    return f"make a new one: pipecli quote new {quotation.opportunity}"
