"""The open pipeline: how many deals and how much money stands at each stage, of each owner, team, month, …"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from pipecli.reports.open_deal import OpenDeal
from pipecli.reports.valuation import Valuation

GROUPINGS = ("owner", "team", "month", "quarter", "type", "source", "customer")
PERIODS = ("month", "quarter")


class Sum(NamedTuple):
    """Open deals, and their money."""

    open_count: int
    amount: Decimal
    weighted: Decimal
    without_amount_count: int
    """Deals of unknown worth, which count as 0."""

    def plus(self, other: Sum) -> Sum:
        return Sum(
            self.open_count + other.open_count,
            self.amount + other.amount,
            self.weighted + other.weighted,
            self.without_amount_count + other.without_amount_count,
        )


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


class Pipeline(NamedTuple):
    by: str
    matrices: list[Matrix]
    """One a process that has open deals."""
    totals: Sum


def pipeline(
    deals: Iterable[OpenDeal],
    *,
    by: str,
    valuation: Valuation,
    today: date,
    order: Sequence[tuple[str | None, str | None]],
) -> Pipeline:
    """Group open deals by stage and by one of GROUPINGS, their money at the rates of `today`.

    `order` is that of the processes and their stages; what the settings don't know comes last.
    Raises PipecliError for a missing rate.
    """
    nothing = Sum(0, valuation.zero, valuation.zero, 0)
    places = {stage: place for place, stage in enumerate(order)}
    processes: dict[str, list[OpenDeal]] = defaultdict(list)
    for deal in deals:
        processes[deal.process].append(deal)

    def place(process: str, stage: str) -> tuple[int, str, str]:
        return places.get((process, stage), len(places)), process, stage

    def matrix(process: str) -> Matrix:
        keys: dict[Key, Sum] = defaultdict(lambda: nothing)
        stages = {stage: nothing for own, stage in order if own == process and stage}
        cells: dict[tuple[Key, str], Sum] = defaultdict(lambda: nothing)
        totals = nothing
        for deal in processes[process]:
            one, key = _worth(deal, valuation, today), getattr(deal, by)
            keys[key] = keys[key].plus(one)
            stages[deal.stage] = stages.get(deal.stage, nothing).plus(one)
            cells[key, deal.stage] = cells[key, deal.stage].plus(one)
            totals = totals.plus(one)
        names = sorted(keys, key=lambda key: _place(by, key, keys[key]))
        columns = sorted(stages, key=lambda stage: place(process, stage))
        return Matrix(
            process,
            {key: keys[key] for key in names},
            {stage: stages[stage] for stage in columns},
            {(key, stage): cells[key, stage] for key in names for stage in columns if (key, stage) in cells},
            totals,
        )

    known = list(dict.fromkeys(process for process, _ in order))
    ordered = sorted(processes, key=lambda each: (known.index(each) if each in known else len(known), each))
    matrices = [matrix(process) for process in ordered]
    return Pipeline(by, matrices, reduce(Sum.plus, (each.totals for each in matrices), nothing))


def _worth(deal: OpenDeal, valuation: Valuation, today: date) -> Sum:
    if deal.amount is None:
        return Sum(1, valuation.zero, valuation.zero, 1)
    amount = valuation.value(deal.amount, deal.currency, today, deal.id)
    weighted = valuation.value(deal.amount, deal.currency, today, deal.id, deal.probability)
    return Sum(1, amount, weighted, 0)


def _place(by: str, key: Key, total: Sum) -> tuple[object, ...]:
    return (key is None, key) if by in PERIODS else (key is None, -total.amount, -total.open_count, key)
