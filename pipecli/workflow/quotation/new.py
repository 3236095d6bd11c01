"""`quotation new`: a draft of a deal's header and items, copied; and `quotation revise`: the next draft."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Contact, Customer
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused, require_open
from pipecli.workflow.quotation.change import require_time, wrong_move


def new_quotation(
    deal: Opportunity,
    settings: Settings,
    *,
    id: str,
    now: datetime,
    customer: Customer | None = None,
    lead: Lead | None = None,
    contact: Contact | None = None,
    valid_until: date | None = None,
    language: str | None = None,
    terms: str | None = None,
    notes: str | None = None,
) -> Quotation:
    """A draft for the deal's customer, else its lead. Refused without items and on a closed deal.

    `customer` and `lead` are the deal's; `contact` is whom it is for, as `contact_of` says. The language is
    the one given, else the contact's, the customer's, the lead's. The caller validates the draft.
    """
    require_open(deal)
    if not deal.items:
        raise Refused(
            f"{deal.id} has no items to quote",
            hint=f"add some: pipecli opp item add {deal.id} --product SKU --quantity N",
        )
    if customer is None and lead is None:
        raise Refused(
            f"{deal.id} has neither a customer nor a lead to quote to",
            hint=f"give it one: pipecli opp set {deal.id} customer=SLUG",
        )
    known = [party.language for party in (contact, customer, lead) if party is not None and party.language]
    draft = Quotation.model_construct(
        id=id,
        created=now,
        opportunity=deal.id,
        date=now.date(),
        valid_until=valid_until or valid_from(now.date(), settings),
        customer=customer.id if customer else None,
        lead=lead.id if lead and not customer else None,
        contact=contact.id if contact else None,
        language=language or next(iter(known), None),
        currency=deal.currency,
        price_list=deal.price_list,
        items=deal.items,
        terms=terms or settings.quotations.terms,
        notes=notes,
    )
    require_time(draft)
    return draft


def valid_from(day: date, settings: Settings) -> date:
    """The last day that a quotation of `day` is valid, where nobody says otherwise."""
    return day + timedelta(days=settings.quotations.valid_days)


def contact_of(deal: Opportunity) -> str | None:
    """The contact that a deal's quotations are for: its primary contact, or its only one."""
    primary = [contact.contact for contact in deal.contacts if contact.primary]
    return primary[0] if primary else deal.contacts[0].contact if len(deal.contacts) == 1 else None


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
    require_open(deal)
    draft = quotation.with_(
        id=id,
        external_id=None,
        created=now,
        revision_of=quotation.id,
        date=now.date(),
        sent=None,
        valid_until=valid_from(now.date(), settings),
        status=QuotationStatus.DRAFT,
        reason=None,
    )
    superseded = quotation.with_(status=QuotationStatus.SUPERSEDED)
    return Change(draft, f"revise {quotation.id}", "quotation-revised", also=(superseded,))
