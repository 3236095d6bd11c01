"""Products, price lists and literature: added, priced, suggested, sent.

A price list that a record names keeps its currency: its figures would mean something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from pipecli.records.activity import Activity, ActivityType, Direction
from pipecli.records.base import Record
from pipecli.records.catalogue import Literature, Price, PriceList, Tier
from pipecli.wording import first_of
from pipecli.workflow import Change, Refused, listed_word
from pipecli.workflow.activity_followup_and_attachment import add_activity

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.settings import Settings


def add_to_catalogue(record: Record, *, is_taken: bool) -> Change:
    """A new record of the catalogue; `is_taken` tells that one of its kind has its slug."""
    what = record.noun.replace("-", " ")
    if is_taken:
        raise Refused(
            f"{what} {record.key} exists already",
            hint=f"change it with `pipecli {record.noun} set {record.key} …`, or choose another slug",
        )
    return Change(record, f"add {what} {record.label}", "added")


class NewPrice(NamedTuple):
    """The price of one of a product when `from_quantity` or more are bought."""

    sku: str
    price: Decimal | None
    """None: the product goes off the list."""
    from_quantity: Decimal = Decimal(1)

    def __str__(self) -> str:
        if self.price is None:
            return f"{self.sku} no more"
        tier = f" from {self.from_quantity:,}" if self.from_quantity != 1 else ""
        return f"{self.sku} at {self.price:,}{tier}"


def set_prices(price_list: PriceList, given: Sequence[NewPrice]) -> Change:
    """Set prices in a list that exists; tiers that are not named stay as they are."""
    prices = with_prices(price_list.prices, given)
    skus = list(dict.fromkeys(new.sku for new in given))
    return Change(
        price_list.with_(prices=prices),
        f"price {', '.join(map(str, given))}",
        "priced",
        notes=tuple(
            f"{sku} has no price below {tiers[0].from_}; give it one: {sku}=PRICE"
            for sku in skus
            if isinstance(tiers := prices.get(sku), tuple) and tiers[0].from_ > 1
        ),
    )


def with_prices(listed: Mapping[str, Price], given: Sequence[NewPrice]) -> dict[str, Price]:
    """The prices of a list once these are set.

    One price from 1 on is written as a price, several as tiers that ascend. Raises Refused when a tier is
    given twice, or when what is to go is not there.
    """
    prices = dict(listed)
    seen = set[tuple[str, Decimal]]()
    for new in given:
        if (new.sku, new.from_quantity) in seen:
            raise Refused(
                f"{new.sku} has two prices from {new.from_quantity} on",
                hint=f"give each quantity once: {new.sku}=PRICE {new.sku}=PRICE@10",
            )
        seen.add((new.sku, new.from_quantity))
        if new.price is None:
            if new.sku not in prices:
                raise Refused(f"{new.sku} has no price in this list")
            del prices[new.sku]
            continue
        tiers = _tiers(prices.get(new.sku)) | {new.from_quantity: new.price}
        prices[new.sku] = _written(tiers)
    return prices


def _tiers(listed: Price | None) -> dict[Decimal, Decimal]:
    if listed is None:
        return {}
    if isinstance(listed, tuple):
        return {tier.from_: tier.price for tier in listed}
    return {Decimal(1): listed}


def _written(tiers: Mapping[Decimal, Decimal]) -> Price:
    if tiers.keys() == {Decimal(1)}:
        return tiers[Decimal(1)]
    return tuple(Tier(from_=quantity, price=tiers[quantity]) for quantity in sorted(tiers))


_MOST_NAMED = 5


def require_unused(price_list: PriceList, used_by: Sequence[str]) -> None:
    """Refuse another currency for a list that records name; `used_by` are their ids."""
    if used_by:
        raise Refused(
            f"{price_list.id} stays in {price_list.currency}, records use it: "
            f"{first_of(used_by, _MOST_NAMED)}",
            hint="make another list: pipecli price-list add ID --currency CODE",
        )


class Suggestion(NamedTuple):
    """A document to offer, and why."""

    document: Literature
    products: tuple[str, ...]
    """The deal's products that it is about."""
    is_for_stage: bool
    sent: datetime | date | None
    """When it was last sent on this deal."""


def suggest_literature(deal: Opportunity, literature: Iterable[Literature]) -> list[Suggestion]:
    """The documents to send next, those first that were not sent yet.

    Of either, what fits product and stage, then product, then stage, then what is for any deal. A document
    about other products, or for other stages alone, is not offered.
    """
    sold = {item.product for item in deal.items}
    suggestions = [_suggestion(deal, document, sold) for document in literature]
    offered = [
        fits
        for fits in suggestions
        if fits.products or (not fits.document.products and (fits.is_for_stage or not fits.document.stages))
    ]
    return sorted(offered, key=_order)


def _suggestion(deal: Opportunity, document: Literature, sold: set[str | None]) -> Suggestion:
    times = [sent.at for sent in deal.activities if sent.literature == document.id and sent.done]
    return Suggestion(
        document,
        tuple(sku for sku in document.products if sku in sold),
        deal.stage in document.stages,
        max(times, key=lambda at: at.isoformat(), default=None),
    )


def _order(suggestion: Suggestion) -> tuple[object, ...]:
    return (
        suggestion.sent is not None,
        not suggestion.products,
        not suggestion.is_for_stage,
        -len(suggestion.products),
        suggestion.document.title.casefold(),
    )


def record_literature_sent(
    deal: Opportunity,
    document: Literature,
    now: datetime,
    *,
    activity_id: str,
    by: str | None = None,
    contact: str | None = None,
    note: str | None = None,
) -> Change:
    """Record that a document was sent to `contact`, or to the deal's primary one: an email, out, done."""
    to = contact or next((contact.contact for contact in deal.contacts if contact.primary), None)
    sent = Activity(
        id=activity_id,
        type=ActivityType.EMAIL,
        at=now,
        subject=f"Sent {document.title}"[:500],
        by=by,
        direction=Direction.OUT,
        done=True,
        contact=to,
        literature=document.id,
        notes=note,
    )
    logged = add_activity(deal, sent, now)
    return logged._replace(summary=f"send {document.title}", event="literature-sent", part="")


def require_stages(settings: Settings, stages: Iterable[str]) -> None:
    """Refuse a stage that no process has."""
    known = dict.fromkeys(stage.id for process in settings.processes.values() for stage in process.stages)
    for stage in stages:
        listed_word(stage, list(known), "stage of any process", "processes")
