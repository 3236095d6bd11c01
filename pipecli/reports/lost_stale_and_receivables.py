"""What was lost, and what waits too long.

The lost deals by reason, competitor, product, …, and the trend of that over months or quarters; stale deals,
which nothing has moved for as long as their stage allows, or longer; and receivables, what customers owe on
issued invoices, by how long it is overdue.

The days that a stage allows are its `rotting_days`, in `records/settings.py`; the last change of stage is by
`last_stage_changes` in `history/stage_visits.py`, the days an invoice is late are in
`store/index/views_and_functions.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.days import PERIODS
from pipecli.records.money import Rates, rounded
from pipecli.reports import group_of, percent, win_rate
from pipecli.reports.deal import Deal, Key, Valuation, split_amount

LOST_GROUPINGS = (
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
    """Group lost deals by one of LOST_GROUPINGS, with `trend`, one of PERIODS, in each period apart.

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


STALE_GROUPINGS = ("owner", "team", "stage", "type", "source", "customer")


class Movement(NamedTuple):
    """The last movement of a deal."""

    day: date
    what: str
    """`created`, `activity`, `stage` or, of one whose hold has ended, `hold`."""


class StaleDeal(NamedTuple):
    deal: Deal
    movement: Movement
    days: int
    """Since the last movement."""
    days_over: int
    """Of them, those beyond what the stage allows."""
    amount: Decimal | None
    """In the currency of the report."""


class StaleRow(NamedTuple):
    """The deals of one key: an owner, a team, a stage, …; None: of none."""

    key: str | None
    process: str | None
    """The process of a stage; None in every other grouping."""
    stale_count: int
    open_count: int
    share: Decimal | None
    """Percent of the open deals that are stale."""
    amount: Decimal
    """Of the stale ones."""
    most_days: int | None
    """Without movement, among the stale ones."""


class Stale(NamedTuple):
    deals: list[StaleDeal]
    """The one farthest beyond what its stage allows first."""
    totals: StaleRow
    never_count: int
    """Open deals at stages that name no number of days: they are never stale."""
    without_amount_count: int


def last_movement(deal: Deal, moved: date | None, today: date) -> Movement:
    """The last of: its creation, its last done activity, `moved` (its change of stage), a hold that ended."""
    movements = [Movement(deal.created_on, "created")]
    if deal.last_activity:
        movements.append(Movement(deal.last_activity, "activity"))
    if moved:
        movements.append(Movement(moved, "stage"))
    if deal.hold_until and deal.hold_until <= today:
        movements.append(Movement(deal.hold_until, "hold"))
    last = max(movements, key=lambda movement: movement.day)
    return last._replace(day=min(last.day, today))


def is_stale(deal: Deal, idle_days: int, today: date) -> bool:
    """True so many days after its last movement where its stage allows no more, and it isn't on hold."""
    return deal.rotting_days is not None and idle_days >= deal.rotting_days and not deal.is_on_hold(today)


def stale_deals(
    deals: Iterable[Deal], *, moves: Mapping[str, date], valuation: Valuation, today: date
) -> Stale:
    """The stale ones of the open deals; `moves` gives the day of the last change of stage by id.

    Money is at the rates of `today`. Raises PipecliError for a missing rate.
    """
    opened = list(deals)
    still = [row for deal in opened if (row := _stale(deal, moves.get(deal.id), valuation, today))]
    still.sort(key=lambda row: (-row.days_over, -(row.amount or 0), row.deal.id))
    return Stale(
        still,
        _row((None, None), still, len(opened), valuation),
        sum(deal.rotting_days is None for deal in opened),
        sum(row.amount is None for row in still),
    )


def stale_by_group(
    stale_deals: Stale, deals: Iterable[Deal], by: str, valuation: Valuation
) -> list[StaleRow]:
    """The stale deals by one of STALE_GROUPINGS, beside all that are open; where most stand still first."""
    opened = Counter(_key(deal, by) for deal in deals)
    still: dict[tuple[str | None, str | None], list[StaleDeal]] = defaultdict(list)
    for stale_deal in stale_deals.deals:
        still[_key(stale_deal.deal, by)].append(stale_deal)
    rows = [_row(key, still[key], opened[key], valuation) for key in opened]
    return sorted(
        rows,
        key=lambda row: (row.key is None, -row.stale_count, -row.amount, row.process or "", str(row.key)),
    )


def _key(deal: Deal, by: str) -> tuple[str | None, str | None]:
    return (deal.process, deal.stage) if by == "stage" else (None, getattr(deal, by))


def _stale(deal: Deal, moved: date | None, valuation: Valuation, today: date) -> StaleDeal | None:
    movement = last_movement(deal, moved, today)
    days = (today - movement.day).days
    if not is_stale(deal, days, today):
        return None
    return StaleDeal(deal, movement, days, days - (deal.rotting_days or 0), valuation.amount(deal, today))


def _row(
    key: tuple[str | None, str | None], still: list[StaleDeal], open_count: int, valuation: Valuation
) -> StaleRow:
    amount = sum((row.amount or Decimal(0) for row in still), valuation.zero)
    most = max((row.days for row in still), default=None)
    return StaleRow(key[1], key[0], len(still), open_count, percent(len(still), open_count), amount, most)


AGES = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
"""The columns: days past the due day, the last without an end."""


class OpenInvoice(NamedTuple):
    """An issued invoice; `open` is what is still to be paid, less than nothing where money is to go back."""

    customer: str
    customer_name: str
    currency: str
    overdue_days: int
    open: Decimal


class OwedRow(NamedTuple):
    """The sums of a customer, or of a currency; None: of all."""

    key: str | None
    name: str
    invoices: int
    by_age: dict[str, Decimal]

    @property
    def open(self) -> Decimal:
        return sum(self.by_age.values(), Decimal(0))


def receivables(invoices: Iterable[OpenInvoice], by: str, rates: Rates, today: date) -> list[OwedRow]:
    """The sums by `customer` or `currency`, the largest first, the total last. Raises MissingRate.

    They are in the base currency at today's rates.
    """
    zero = rounded(Decimal(0), rates.base)
    sums: dict[tuple[str | None, str], dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(AGES, zero))
    counts: dict[tuple[str | None, str], int] = defaultdict(int)
    whole = (None, "total")
    for invoice in invoices:
        amount = rates.convert(invoice.open, invoice.currency, today)
        of_customer = (invoice.customer, invoice.customer_name)
        key = of_customer if by == "customer" else (invoice.currency, invoice.currency)
        for group in (key, whole):
            sums[group][age_of(invoice.overdue_days)] += amount
            counts[group] += 1
    rows = [OwedRow(*key, counts[key], by_age) for key, by_age in sums.items()]
    return sorted(rows, key=lambda row: (row.key is None, -row.open, row.name))


def age_of(overdue_days: int) -> str:
    """The column of an invoice that is so many days past its due day."""
    return AGES[0 if overdue_days < 1 else min((overdue_days - 1) // 30 + 1, len(AGES) - 1)]
