"""The open deals and their money by stage and owner, team, month, …; the key figures of a pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import add
from typing import NamedTuple

from pipecli.records.days import PERIODS, Days
from pipecli.reports import group_of, win_rate
from pipecli.reports.deal import Deal, Valuation

GROUPINGS = ("owner", "team", "month", "quarter", "type", "source", "customer")


class Sum(NamedTuple):
    """Open deals, and their money."""

    open_count: int
    amount: Decimal
    weighted: Decimal
    without_amount_count: int
    """Deals of unknown worth, which count as 0."""

    def plus(self, other: Sum) -> Sum:
        return Sum(*map(add, self, other))


Key = str | None
"""An owner, a team, a month, …; None: of none."""


class Matrix(NamedTuple):
    """The deals of one process: the cells in which there are any, and what they add up to."""

    process: str
    keys: dict[Key, Sum]
    """The sum of each key; months in their order, else the richest first."""
    stages: dict[str, Sum]
    """The sum of each stage of the process, in its order; empty ones too."""
    cells: dict[tuple[Key, str], Sum]
    totals: Sum


class OpenDeals(NamedTuple):
    by: str
    matrices: list[Matrix]
    """One a process that has open deals."""
    totals: Sum


def pipeline_by_stage(
    deals: Iterable[Deal],
    *,
    by: str,
    valuation: Valuation,
    today: date,
    order: Sequence[tuple[str, str]],
) -> OpenDeals:
    """Group open deals by stage and by one of GROUPINGS, their money at the rates of `today`.

    `order` is that of the processes and their stages; what the settings don't know comes last.
    Raises PipecliError for a missing rate.
    """
    nothing = Sum(0, valuation.zero, valuation.zero, 0)
    places = {stage: place for place, stage in enumerate(order)}
    processes: dict[str, list[Deal]] = defaultdict(list)
    for deal in deals:
        processes[deal.process].append(deal)

    def place(process: str, stage: str) -> tuple[int, str, str]:
        return places.get((process, stage), len(places)), process, stage

    def matrix(process: str) -> Matrix:
        keys: dict[Key, Sum] = defaultdict(lambda: nothing)
        stages = {stage: nothing for own, stage in order if own == process}
        cells: dict[tuple[Key, str], Sum] = defaultdict(lambda: nothing)
        totals = nothing
        for deal in processes[process]:
            one, key = _worth(deal, valuation, today), group_of(deal, by, deal.close)
            keys[key] = keys[key].plus(one)
            stages[deal.stage] = stages.get(deal.stage, nothing).plus(one)
            cells[key, deal.stage] = cells[key, deal.stage].plus(one)
            totals = totals.plus(one)
        names = sorted(keys, key=lambda key: _sort_key(by, key, keys[key]))
        columns = sorted(stages, key=lambda stage: place(process, stage))
        return Matrix(
            process,
            {key: keys[key] for key in names},
            {stage: stages[stage] for stage in columns},
            {(key, stage): cells[key, stage] for key in names for stage in columns if (key, stage) in cells},
            totals,
        )

    known = list(dict.fromkeys(process for process, _ in order))
    ordered = sorted(processes, key=lambda name: (known.index(name) if name in known else len(known), name))
    matrices = [matrix(process) for process in ordered]
    return OpenDeals(by, matrices, reduce(Sum.plus, (one.totals for one in matrices), nothing))


def _worth(deal: Deal, valuation: Valuation, today: date) -> Sum:
    worth = valuation.worth(deal, today)
    return Sum(1, worth.amount, worth.weighted, 0) if worth else Sum(1, valuation.zero, valuation.zero, 1)


def _sort_key(by: str, key: Key, total: Sum) -> tuple[object, ...]:
    return (key is None, key) if by in PERIODS else (key is None, -total.amount, -total.open_count, key)


class KeyFigures(NamedTuple):
    """Money in the currency of the valuation."""

    open_count: int
    open_amount: Decimal
    weighted: Decimal
    overdue_count: int
    """Open deals that should have closed before the day, without those on hold."""
    stale_count: int
    won_count: int
    """On the days asked for, as are the figures below."""
    won_amount: Decimal
    lost_count: int
    win_rate: Decimal | None
    """Percent of the won and the lost; None where nothing was decided."""


def key_figures(
    open_deals: Iterable[Deal],
    closed: Iterable[Deal],
    *,
    stale_count: int,
    days: Days,
    today: date,
    valuation: Valuation,
) -> KeyFigures:
    """The figures of `today`; what was won and lost counts on `days`. Raises PipecliError without a rate."""
    amount = weighted = won_amount = valuation.zero
    count = overdue = won = lost = 0
    for deal in open_deals:
        count += 1
        overdue += deal.is_overdue(today)
        if worth := valuation.worth(deal, today):
            amount += worth.amount
            weighted += worth.weighted
    for deal in closed:
        if days.has(deal.ended):
            lost += deal.status == "lost"
            if deal.status == "won":
                won += 1
                won_amount += valuation.amount(deal, today) or 0
    return KeyFigures(
        count, amount, weighted, overdue, stale_count, won, won_amount, lost, win_rate(won, lost)
    )


def figure_change(now: KeyFigures, then: KeyFigures | None, name: str) -> Decimal | int | None:
    """The growth of a figure; None where one of the two is not known."""
    new, old = getattr(now, name), getattr(then, name) if then else None
    if new is None or old is None:
        return None
    grown: Decimal | int = new - old
    return grown
