"""What is open, and who wins.

The open deals and their money by stage and owner, team, month, …; the key figures of a pipeline; the ranking
of the salespeople by the points of their wins, beside that of the period before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from pipecli.records.days import PERIODS, Days, month_of
from pipecli.records.money import EXACT, rounded
from pipecli.reports import group_of, win_rate
from pipecli.reports.deal import Deal, Valuation, split_amount

STAGE_GROUPINGS = ("owner", "team", "month", "quarter", "type", "source", "customer")


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
    """Group open deals by stage and by one of STAGE_GROUPINGS, their money at the rates of `today`.

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


RANKING_GROUPINGS = ("owner", "team")
_WHOLE = Decimal(100)


class Points(NamedTuple):
    """The points that a win brings, as the settings say."""

    per_win: Decimal
    per_amount: Decimal
    """For each unit of the base currency."""

    def of(self, amount_in_base: Decimal, percent: Decimal = _WHOLE) -> Decimal:
        """Those of a win, or of a part of one."""
        return self.per_win * percent / 100 + EXACT.multiply(self.per_amount, amount_in_base)

    @property
    def is_nothing(self) -> bool:
        return not self.per_win and not self.per_amount


def points_of(settings: Mapping[str, Any]) -> Points:
    """The points of the `ranking` of settings as they are written."""
    ranking = settings.get("ranking") or {}
    return Points(*(Decimal(str(ranking.get(f"points_per_{unit}", 0))) for unit in ("win", "amount")))


class RankingRow(NamedTuple):
    """The wins of one user or team."""

    rank: int | None
    """1 is the best; equals share a rank. None of deals without an owner, and of who decided none."""
    key: str | None
    points: Decimal
    won_count: int
    won_amount: Decimal
    won_without_amount_count: int
    """Won for nobody knows how much: in no amount and no average, and with the points of a win alone."""
    lost_count: int
    win_rate: Decimal | None
    """Percent of the won and the lost."""
    average_amount: Decimal | None
    """Of what was won."""
    average_days: Decimal | None
    """From the creation to the closing of what was won, where it was created before."""
    previous_rank: int | None
    rank_change: int | None
    """The ranks they have climbed; None where they had none before, or have none now."""
    previous_points: Decimal | None
    points_change: Decimal | None
    """Both are None where there is no period before."""


class Ranking(NamedTuple):
    by: str
    days: Days
    previous: Days | None
    """The period before, as long as this one."""
    rows: list[RankingRow]
    totals: RankingRow


def ranking(
    deals: Iterable[Deal], *, by: str, days: Days, points: Points, base: Valuation, shown: Valuation
) -> Ranking:
    """Rank by points whoever won or lost a deal in the period or in the one before.

    A deal that several sold counts at each of them, with a part of its amount and points. Points count
    in the `base` currency, amounts are shown in another where that is asked for. Where the settings give no
    points, the amount ranks. Raises PipecliError for a missing rate.
    """
    previous = period_before(days)
    now: dict[str | None, _Tally] = defaultdict(lambda: _Tally(shown.zero))
    then: dict[str | None, _Tally] = defaultdict(lambda: _Tally(shown.zero))
    totals, totals_then = _Tally(shown.zero), _Tally(shown.zero)
    for deal in deals:
        if deal.status not in ("won", "lost"):
            continue
        if days.has(deal.ended):
            rows_of, whole = now, totals
        elif previous and previous.has(deal.ended):
            rows_of, whole = then, totals_then
        else:
            continue
        in_base = base.amount(deal) or base.zero
        amount = in_base if shown is base else shown.amount(deal) or shown.zero
        split = deal.credit_split(by)
        parts = split_amount(amount, split, shown.currency)
        merits = split_amount(in_base, split, base.currency)
        merit = Decimal(0)
        for (key, part), (_, in_base), (_, percent_of_it) in zip(parts, merits, split, strict=True):
            points_of_it = points.of(in_base, percent_of_it)
            rows_of[key].add(deal, part, points_of_it)
            merit += points_of_it
        whole.add(deal, amount, merit)
    ranks, ranks_then = _ranks(now, points), _ranks(then, points)

    def row(key: str | None, tally: _Tally, tally_then: _Tally) -> RankingRow:
        rank, rank_then = ranks.get(key), ranks_then.get(key)
        with_amount = Decimal(tally.won_count - tally.without_amount)
        return RankingRow(
            rank, key, plain_points(tally.points), tally.won_count, tally.won_amount,
            tally.without_amount, tally.lost_count,
            win_rate(tally.won_count, tally.lost_count),
            rounded(EXACT.divide(tally.won_amount, with_amount), shown.currency) if with_amount else None,
            tally.average_days, rank_then, rank_then - rank if rank and rank_then else None,
            plain_points(tally_then.points) if previous else None,
            plain_points(tally.points - tally_then.points) if previous else None,
        )  # fmt: skip

    rows = [row(key, now[key], then[key]) for key in {**now, **then}]
    rows.sort(key=lambda row: (row.key is None, row.rank is None, row.rank, -row.won_amount, row.key))
    return Ranking(by, days, previous, rows, row(_NOBODY, totals, totals_then)._replace(key=None))


_NOBODY = "\0"
"""The key of the totals: no user has this name, and so no rank."""


def period_before(days: Days) -> Days | None:
    """The period before one, as many months or else days long; None where one has no beginning or no end."""
    first, last = days
    if first is None or last is None or first == date.min:
        return None
    end = first - timedelta(days=1)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if first.day == 1 and (last == date.max or month_of(last + timedelta(days=1)) != month_of(last)):
        place = first.year * 12 + first.month - 1 - months
        return Days(date(place // 12, place % 12 + 1, 1), end) if place >= 12 else None
    length = last - first
    return Days(end - length, end) if end - date.min >= length else None


def plain_points(points: Decimal) -> Decimal:
    """Points with no more decimals than they need."""
    whole = points.to_integral_value()
    return whole if points == whole else points.normalize(EXACT)


class _Tally:
    __slots__ = ("cycles", "lost_count", "points", "without_amount", "won_amount", "won_count")

    def __init__(self, zero: Decimal) -> None:
        self.points = Decimal(0)
        self.won_count = self.lost_count = self.without_amount = 0
        self.won_amount = zero
        self.cycles: list[int] = []

    def add(self, deal: Deal, amount: Decimal, points: Decimal) -> None:
        """Count a deal, with a part of its amount where others sold it, too."""
        if deal.status != "won":
            self.lost_count += 1
            return
        self.won_count += 1
        self.without_amount += deal.amount is None
        self.won_amount += amount
        self.points += points
        if deal.cycle_days is not None:
            self.cycles.append(deal.cycle_days)

    @property
    def average_days(self) -> Decimal | None:
        if not self.cycles:
            return None
        return (Decimal(sum(self.cycles)) / len(self.cycles)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _ranks(tallies: Mapping[str | None, _Tally], points: Points) -> dict[str | None, int]:
    """The rank of each by name; those of nobody have none."""
    merits = {
        key: tally.won_amount if points.is_nothing else tally.points
        for key, tally in tallies.items()
        if key is not None
    }
    best = sorted(merits.values(), reverse=True)
    places = {merit: place for place, merit in reversed(list(enumerate(best, 1)))}
    return {key: places[merit] for key, merit in merits.items()}
