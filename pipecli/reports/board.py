"""The board: the open deals of one process in a column a stage, each with its age and whether it rots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.closed_deal import ClosedDeal
from pipecli.reports.open_deal import OpenDeal
from pipecli.reports.valuation import Valuation


class Card(NamedTuple):
    """One deal on the board, its money in its own currency."""

    id: str
    title: str
    customer: str | None
    owner: str | None
    amount: Decimal | None
    currency: str
    close: date | None
    """The expected close; of a closed deal the day it was closed."""
    age_days: int
    """Since it was made."""
    idle_days: int
    """Since its last movement; 0 of a closed one."""
    is_stale: bool
    is_overdue: bool
    valued_on: date
    """The day whose exchange rate counts."""


class Place(NamedTuple):
    """A column of the board: a stage of open deals, or what was won, lost or closed."""

    status: str
    stage: str
    """Empty of what is not open."""

    @property
    def id(self) -> str:
        """Like no other of the board: a stage may be called `won`."""
        return f"{self.status}-{self.stage}"


class Lane(NamedTuple):
    """A column with its cards."""

    place: Place
    name: str
    amount: Decimal
    """The sum of its cards in the currency of the report."""
    cards: list[Card]


def card(deal: OpenDeal, idle_days: int, today: date, customers: Mapping[str, str]) -> Card:
    """An open deal as a card; `customers` gives their names by slug."""
    rots = deal.rotting_days is not None and idle_days >= deal.rotting_days
    return Card(
        deal.id, deal.title, customers.get(deal.customer or "", deal.customer), deal.owner, deal.amount,
        deal.currency, deal.expected_close, max((today - deal.created).days, 0), idle_days, rots,
        deal.expected_close is not None and deal.expected_close < today, today,
    )  # fmt: skip


def closed_card(deal: ClosedDeal, title: str, customers: Mapping[str, str]) -> Card:
    """A deal that ended as a card."""
    return Card(
        deal.id, title, customers.get(deal.customer or "", deal.customer), deal.owner, deal.amount,
        deal.currency, deal.closed, max((deal.closed - deal.created).days, 0), 0, False, False, deal.closed,
    )  # fmt: skip


def lanes(
    cards: Iterable[tuple[Place, Card]], places: Mapping[Place, str], valuation: Valuation
) -> list[Lane]:
    """The lanes in the order of `places`, which gives their names.

    In a lane the next to close comes first. Stages that the process doesn't have follow its own.
    Raises PipecliError without a rate for a card's currency.
    """
    by_place: dict[Place, list[Card]] = {place: [] for place in places}
    for place, each in cards:
        by_place.setdefault(place, []).append(each)
    return [
        Lane(
            place,
            places.get(place, place.stage),
            sum((_worth(each, valuation) for each in found), valuation.zero),
            sorted(found, key=_next_to_close),
        )
        for place, found in by_place.items()
    ]


def _worth(each: Card, valuation: Valuation) -> Decimal:
    if each.amount is None:
        return valuation.zero
    return valuation.value(each.amount, each.currency, each.valued_on, each.id)


def _next_to_close(each: Card) -> tuple[bool, date, str]:
    return each.close is None, each.close or date.max, each.id
