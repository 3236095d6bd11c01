"""`supplier-quotation new`: ask a supplier for their price of a deal's items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Supplier
from pipecli.records.quotation import SupplierItem, SupplierQuotation
from pipecli.workflow.change import Refused
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.find_item import find_item


def request(
    deal: Opportunity,
    supplier: Supplier,
    *,
    id: str,
    now: datetime,
    only: Sequence[str] = (),
    currency: str | None = None,
    answer_by: date | None = None,
    notes: str | None = None,
) -> SupplierQuotation:
    """A request for the items of an open deal, all of them or those that `only` names; prices are not copied.

    The currency is the one given, else the supplier's, else the deal's. The caller validates the request.
    """
    refuse_closed(deal)
    if answer_by and answer_by < now.date():
        raise Refused(f"an answer by {answer_by} can't be wished for any more", hint="name a day to come")
    if not deal.items:
        raise Refused(
            f"{deal.id} has no items to ask for",
            hint=f"add some: pipecli opp item add {deal.id} --product SKU --quantity N",
        )
    named = sorted({find_item(deal.items, which, deal.id) for which in only})
    asked = [deal.items[place] for place in named] or list(deal.items)
    return SupplierQuotation.model_construct(
        id=id,
        created=now,
        opportunity=deal.id,
        supplier=supplier.id,
        date=now.date(),
        answer_by=answer_by,
        currency=currency or supplier.currency or deal.currency,
        items=tuple(
            SupplierItem(
                product=item.product, description=item.description, quantity=item.quantity, uom=item.uom
            )
            for item in asked
        ),
        notes=notes,
    )
