"""Offers: what a customer was sent or has ordered stays, and nobody gives more than the team allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pipecli.history.policies.rule import Changed, Review, Rule
from pipecli.records.item import Item
from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Order, OrderStatus, Quotation, QuotationStatus
from pipecli.store.checks.frozen import OFFERED
from pipecli.store.checks.rule import Problem, Severity

_ORDERED = ("items", "currency", "date", "quotation", "opportunity")


def sent_quotation(review: Review) -> Iterator[Problem]:
    """Quotations that were sent, and whose offer is another now, or that are drafts again."""
    for each, before, after in review.kept(Quotation):
        if before.status is QuotationStatus.DRAFT:
            continue
        if after.status is QuotationStatus.DRAFT:
            said = f"status: {each.key} was {before.status}, and is a draft again"
            yield Problem(each.file, ("status",), f"{said}; what a customer was offered is frozen")
        fields = _differing(before, after, (*OFFERED, "opportunity"))
        if fields:
            yield Problem(
                each.file,
                (fields[0],),
                f"{each.said(*fields) or fields[0]}; {each.key} was sent, and what a customer was offered is "
                f"frozen, make the next one: pipecli quote revise {each.key}",
            )


def order_altered(review: Review) -> Iterator[Problem]:
    """Orders whose lines, currency or date are not what was ordered."""
    for each, before, after in review.kept(Order):
        fields = _differing(before, after, _ORDERED)
        if fields and before.status is not OrderStatus.CANCELLED:
            said = each.said(*fields) or fields[0]
            yield Problem(each.file, (fields[0],), f"{said}; {each.key} is what the customer ordered")


def discount_limit(review: Review) -> Iterator[Problem]:
    """Discounts above what the settings allow that were given or raised, on what is open, drafted or sent."""
    most = review.limits.quotations.max_discount
    if most is None:
        return
    for each, before, after in _on_offer(review):
        given = _given(before.items if before else ())
        for place, item in enumerate(after.items):
            was = given.get(_what(item), Decimal(0))
            if item.discount is not None and item.discount > most and item.discount > was:
                raised = f", and was {was:f} %" if was else ""
                yield Problem(
                    each.file,
                    ("items", place, "discount"),
                    f"a discount of {item.discount:f} % on {item.description} is above the {most:f} % "
                    f"of the settings{raised}",
                )


_Offer = Opportunity | Quotation


def _on_offer(review: Review) -> Iterator[tuple[Changed, _Offer | None, _Offer]]:
    for each, before, deal in review.present(Opportunity):
        if deal.is_open:
            yield each, before, deal
    for each, sent, quotation in review.present(Quotation):
        if quotation.status in (QuotationStatus.DRAFT, QuotationStatus.SENT):
            yield each, sent, quotation


def _differing(before: Quotation | Order, after: Quotation | Order, fields: Sequence[str]) -> list[str]:
    return [field for field in fields if getattr(before, field) != getattr(after, field)]


def _given(items: Sequence[Item]) -> dict[str, Decimal]:
    """The highest discount on each thing."""
    given: dict[str, Decimal] = {}
    for item in items:
        given[_what(item)] = max(given.get(_what(item), Decimal(0)), item.discount or Decimal(0))
    return given


def _what(item: Item) -> str:
    return item.product or item.description


STRUCTURE = (
    Rule("sent-quotation", Severity.ERROR, sent_quotation),
    Rule("order-altered", Severity.WARNING, order_altered),
)
WITH_SETTINGS = (Rule("discount-limit", Severity.ERROR, discount_limit),)
