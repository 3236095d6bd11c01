"""The order of a won deal: a copy of the winning quotation."""

from __future__ import annotations

from datetime import date, datetime

from pipecli.records.quotation import Order, Quotation


def order_from_quotation(
    quotation: Quotation, *, id: str, now: datetime, customer: str, day: date | None = None
) -> Order:
    """The order that a quotation becomes on `day` (default: that of `now`).

    `customer` is who orders: a quotation to a lead names none.
    """
    return Order(
        id=id,
        created=now,
        opportunity=quotation.opportunity,
        quotation=quotation.id,
        date=day or now.date(),
        customer=customer,
        contact=quotation.contact,
        language=quotation.language,
        currency=quotation.currency,
        price_list=quotation.price_list,
        items=quotation.items,
        terms=quotation.terms,
        notes=quotation.notes,
    )
