"""`literature suggest`: the documents that fit a deal's products and stage, best first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from pipecli.records.catalogue import Literature
from pipecli.records.opportunity import Opportunity


class Suggestion(NamedTuple):
    """A document to offer, and why."""

    document: Literature
    products: tuple[str, ...]
    """The deal's products that it is about."""
    is_for_stage: bool
    sent: datetime | date | None
    """When it was last sent on this deal."""


def suggest(deal: Opportunity, literature: Iterable[Literature]) -> list[Suggestion]:
    """What to send next: what was not sent yet before what was.

    Of either, what fits product and stage, then product, then stage, then what is for any deal. A document
    about other products, or for other stages alone, is not offered.
    """
    sold = {item.product for item in deal.items if item.product}
    offered = [
        suggestion for document in literature if _is_offered(suggestion := _suggestion(deal, document, sold))
    ]
    return sorted(offered, key=_order)


def _suggestion(deal: Opportunity, document: Literature, sold: set[str]) -> Suggestion:
    times = [each.at for each in deal.activities if each.literature == document.id and each.done]
    return Suggestion(
        document,
        tuple(sku for sku in document.products if sku in sold),
        deal.stage in document.stages,
        max(times, key=lambda at: at.isoformat(), default=None),
    )


def _is_offered(suggestion: Suggestion) -> bool:
    document = suggestion.document
    if document.products:
        return bool(suggestion.products)
    return suggestion.is_for_stage or not document.stages


def _order(suggestion: Suggestion) -> tuple[object, ...]:
    return (
        suggestion.sent is not None,
        not suggestion.products,
        not suggestion.is_for_stage,
        -len(suggestion.products),
        suggestion.document.title.casefold(),
    )
