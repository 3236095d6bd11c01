"""The lost deals by reason, competitor, product, …, and the trend of that over months or quarters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.days import PERIODS
from pipecli.reports import group_of, percent, win_rate
from pipecli.reports.deal import Deal, Key, Valuation, split_amount

GROUPINGS = (
    "reason", "competitor", "product", "source", "owner", "team", "type", "customer", "process", "stage",
    "month", "quarter",
)  # fmt: skip


class LostRow(NamedTuple):
    """The deals of one key, in one period where a trend is asked for."""

    key: str | None
    process: str | None
    """The process of a stage; None in every other grouping."""
    period: str | None
    lost_count: int
    share: Decimal | None
    """Percent of all lost deals; in a trend of those lost in the period."""
    lost_amount: Decimal
    amount_share: Decimal | None
    """Percent of the amount of those deals."""
    won_count: int | None
    """None by reason: what was won has none."""
    won_amount: Decimal | None
    win_rate: Decimal | None
    """Percent of the won and the lost."""
    without_amount_count: int
    """Of the lost, which count as 0."""
    won_without_amount_count: int
    """Of the won, which are in no amount."""


class ClosedApart(NamedTuple):
    """Deals that were closed, neither won nor lost."""

    closed_count: int
    closed_amount: Decimal


class Lost(NamedTuple):
    by: str
    trend: str | None
    rows: list[LostRow]
    """With a trend one a key and period in which something was won or lost."""
    periods: list[LostRow]
    """Each period in all; without a trend none."""
    totals: LostRow
    """A deal of several reasons, competitors or products counts at each of them, here once."""
    closed: ClosedApart


def lost(
    deals: Iterable[Deal],
    *,
    by: str,
    valuation: Valuation,
    trend: str | None = None,
    order: Sequence[Key] = (),
) -> Lost:
    """Group lost deals by one of GROUPINGS, with `trend`, one of PERIODS, in each period apart.

    `order` gives the keys that have a place of their own; the others follow, the most frequent first. Won
    deals count beside the lost ones where they have the key too; auto-closed ones count apart.
    Raises PipecliError for a missing rate.
    """
    zero = valuation.zero
    tallies: dict[tuple[Key, str | None], _Tally] = defaultdict(lambda: _Tally(zero))
    periods: dict[str | None, _Tally] = defaultdict(lambda: _Tally(zero))
    closed = ClosedApart(0, zero)
    for deal in deals:
        amount = valuation.amount(deal) or zero
        if deal.status == "closed":
            closed = ClosedApart(closed.closed_count + 1, closed.closed_amount + amount)
            continue
        period = group_of(deal, trend, deal.close) if trend else None
        periods[period].add(deal, amount)
        for key, part in _parts(deal, by, amount, valuation.currency):
            tallies[key, period].add(deal, part)
    totals = _Tally(zero)
    for tally in periods.values():
        totals.include(tally)
    keys: dict[Key, _Tally] = defaultdict(lambda: _Tally(zero))
    for (key, _), tally in tallies.items():
        keys[key].include(tally)
    places = {key: place for place, key in enumerate(order)}
    names = sorted(filter(None, periods))
    rows = [
        tallies[key, name].row(key, name, periods.get(name, totals), by)
        for key in sorted(keys, key=lambda key: _sort_key(by, key, keys[key], places))
        for name in (names if trend else [None])
        if (key, name) in tallies
    ]
    return Lost(
        by, trend, rows, [periods[name].row(_ALL, name, periods[name]) for name in names],
        totals.row(_ALL, None, totals), closed,
    )  # fmt: skip


_ALL: Key = (None, None)


class _Tally:
    __slots__ = (
        "lost_amount", "lost_count", "without_amount_count", "won_amount", "won_count",
        "won_without_amount_count",
    )  # fmt: skip

    def __init__(self, zero: Decimal) -> None:
        self.lost_count = self.won_count = self.without_amount_count = self.won_without_amount_count = 0
        self.lost_amount = self.won_amount = zero

    def add(self, deal: Deal, amount: Decimal) -> None:
        if deal.status == "won":
            self.won_count += 1
            self.won_amount += amount
            self.won_without_amount_count += deal.amount is None
        else:
            self.lost_count += 1
            self.lost_amount += amount
            self.without_amount_count += deal.amount is None

    def include(self, other: _Tally) -> None:
        """Add all deals of another."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def row(self, key: Key, period: str | None, base: _Tally, by: str = "") -> LostRow:
        has_won = by != "reason"
        return LostRow(
            key[1], key[0], period, self.lost_count, percent(self.lost_count, base.lost_count),
            self.lost_amount, percent(self.lost_amount, base.lost_amount),
            self.won_count if has_won else None, self.won_amount if has_won else None,
            win_rate(self.won_count, self.lost_count) if has_won else None,
            self.without_amount_count, self.won_without_amount_count,
        )  # fmt: skip


def _parts(deal: Deal, by: str, amount: Decimal, currency: str) -> Iterator[tuple[Key, Decimal]]:
    """The keys that a deal counts at, each with its part of the amount."""
    if by == "product":
        for product, part in split_amount(amount, deal.products or ((None, Decimal(1)),), currency):
            yield (None, product), part
    elif by == "competitor":
        # A deal is lost to those it names at its end, and won against all that were after it.
        for competitor in (deal.competitors if deal.status == "won" else deal.lost_to) or (None,):
            yield (None, competitor), amount
    elif by == "stage":
        yield (deal.process, deal.stage or None), amount
    elif by == "reason":
        for reason in (deal.reasons or (None,)) if deal.status == "lost" else ():
            yield (None, reason), amount
    else:
        yield (None, group_of(deal, by, deal.close)), amount


def _sort_key(by: str, key: Key, tally: _Tally, places: dict[Key, int]) -> tuple[object, ...]:
    if by in PERIODS:
        return (key[1],)
    frequency = -tally.lost_count, -tally.lost_amount, -tally.won_count
    return key[1] is None, places.get(key, len(places)), frequency, *key
