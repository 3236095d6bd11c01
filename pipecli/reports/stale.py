"""The deals that stand still: open, and without movement for as long as their stage allows, or longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.days import percent
from pipecli.reports.deals import OpenDeal
from pipecli.reports.money import Valuation

GROUPINGS = ("owner", "team", "stage", "type", "source", "customer")


class Movement(NamedTuple):
    """What last moved a deal."""

    day: date
    what: str
    """`created`, `activity` or `stage`."""


class StaleDeal(NamedTuple):
    deal: OpenDeal
    movement: Movement
    days: int
    """Since the last movement."""
    days_over: int
    """Of them, those beyond what the stage allows."""
    amount: Decimal | None
    """In the currency of the report."""


class Row(NamedTuple):
    """The deals of one key: an owner, a team, a stage, …; None: of none."""

    key: str | None
    process: str | None
    """Whose stage it is; None in every other grouping."""
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
    totals: Row
    never_count: int
    """Open deals at stages that name no number of days: they are never stale."""
    without_amount_count: int


def last_movement(deal: OpenDeal, moved: date | None, today: date) -> Movement:
    """The last of: its creation, its last activity that was done, and `moved`, its last change of stage."""
    found = [Movement(deal.created, "created")]
    if deal.last_activity:
        found.append(Movement(deal.last_activity, "activity"))
    if moved:
        found.append(Movement(moved, "stage"))
    last = max(found, key=lambda each: each.day)
    return last._replace(day=min(last.day, today))


def stale(
    deals: Iterable[OpenDeal], *, moves: Mapping[str, date], valuation: Valuation, today: date
) -> Stale:
    """Those of the open deals that stand still; `moves` gives the day of the last change of stage by id.

    Money is at the rates of `today`. Raises PipecliError for a missing rate.
    """
    every = list(deals)
    found = [each for deal in every if (each := _stale(deal, moves.get(deal.id), valuation, today))]
    found.sort(key=lambda each: (-each.days_over, -(each.amount or 0), each.deal.id))
    return Stale(
        found,
        _row((None, None), found, len(every), valuation),
        sum(deal.rotting_days is None for deal in every),
        sum(each.amount is None for each in found),
    )


def grouped(found: Stale, deals: Iterable[OpenDeal], by: str, valuation: Valuation) -> list[Row]:
    """The stale deals by one of GROUPINGS, beside all that are open; where most stand still first."""
    opened: dict[tuple[str | None, str | None], int] = defaultdict(int)
    for deal in deals:
        opened[_key(deal, by)] += 1
    still: dict[tuple[str | None, str | None], list[StaleDeal]] = defaultdict(list)
    for each in found.deals:
        still[_key(each.deal, by)].append(each)
    rows = [_row(key, still[key], opened[key], valuation) for key in opened]
    return sorted(
        rows,
        key=lambda row: (row.key is None, -row.stale_count, -row.amount, row.process or "", row.key or ""),
    )


def _key(deal: OpenDeal, by: str) -> tuple[str | None, str | None]:
    return (deal.process, deal.stage) if by == "stage" else (None, getattr(deal, by))


def _stale(deal: OpenDeal, moved: date | None, valuation: Valuation, today: date) -> StaleDeal | None:
    if deal.rotting_days is None:
        return None
    movement = last_movement(deal, moved, today)
    days = (today - movement.day).days
    if days < deal.rotting_days:
        return None
    amount = None
    if deal.amount is not None:
        amount = valuation.value(deal.amount, deal.currency, today, deal.id)
    return StaleDeal(deal, movement, days, days - deal.rotting_days, amount)


def _row(
    key: tuple[str | None, str | None], found: list[StaleDeal], open_count: int, valuation: Valuation
) -> Row:
    amount = sum((each.amount or Decimal(0) for each in found), valuation.zero)
    most = max((each.days for each in found), default=None)
    return Row(key[1], key[0], len(found), open_count, percent(len(found), open_count), amount, most)
