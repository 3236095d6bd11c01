"""`supplier-quotation decline`: the supplier can't or won't quote."""

from __future__ import annotations

from pipecli.records.quotation import SupplierQuotation, SupplierQuotationStatus
from pipecli.workflow.change import Change, Refused


def decline(answer: SupplierQuotation, *, reason: str | None = None) -> Change:
    """Requested → declined. An answer that came stays an answer."""
    if answer.status is SupplierQuotationStatus.DECLINED:
        raise Refused(
            f"{answer.id} is declined already",
            hint=f"see why: pipecli supplier-quote show {answer.id}",
        )
    if answer.status is SupplierQuotationStatus.RECEIVED:
        raise Refused(
            f"{answer.id} is received, it can't be declined",
            hint="if it no longer holds, end its validity: "
            f"pipecli supplier-quote set {answer.id} valid_until=yesterday",
        )
    declined = answer.with_(status=SupplierQuotationStatus.DECLINED, reason=reason)
    return Change(declined, "decline", "supplier-quotation-declined")
