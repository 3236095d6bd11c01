"""`quotation expire`: every sent quotation past its last day of validity is expired; for cron."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.workflow.change import Change


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
