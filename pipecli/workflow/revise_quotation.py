"""`quotation revise`: the next draft of an offer, which supersedes the one it revises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.new_quotation import valid_from
from pipecli.workflow.quotation_moves import wrong_move

_REVISABLE = (QuotationStatus.SENT, QuotationStatus.EXPIRED, QuotationStatus.REJECTED)


def revise(
    quotation: Quotation,
    deal: Opportunity,
    settings: Settings,
    *,
    siblings: Sequence[Quotation],
    id: str,
    now: datetime,
) -> Change:
    """A sent, expired or rejected quotation is superseded by a draft with its items, dated today.

    Refused for a draft, which can still be changed; for an accepted one; and on a closed deal.
    """
    if quotation.status is QuotationStatus.DRAFT:
        raise Refused(
            f"{quotation.id} is a draft, there is nothing to revise",
            hint=f"change it: pipecli quote edit {quotation.id}",
        )
    if quotation.status not in _REVISABLE:
        raise wrong_move(quotation, "revised", siblings)
    refuse_closed(deal)
    draft = quotation.with_(
        id=id,
        external_id=None,
        created=now,
        revision_of=quotation.id,
        date=now.date(),
        valid_until=valid_from(now.date(), settings),
        status=QuotationStatus.DRAFT,
        reason=None,
    )
    superseded = quotation.with_(status=QuotationStatus.SUPERSEDED)
    return Change(draft, f"revise {quotation.id}", "quotation-revised", also=(superseded,))
