"""The funnel: the fate, up to now, of the leads and the opportunities that were created in some days.

Two halves, each of what was created then: the leads, and the opportunities, from leads or not.

Velocity: the time of deals at each stage and in all, where they go from a stage, and what that brings.
Sales velocity is the open deals × the win rate × the average value of the won ones ÷ their cycle in days:
what the open pipeline brings a day if it goes on as it did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pipecli.records.days import PERIOD_OF, PERIODS, Days, months_around
from pipecli.records.money import EXACT, rounded
from pipecli.reports import group_of, mean, median, percent, percentile_90, win_rate
from pipecli.reports.deal import Deal, StageKey, StageVisit, Valuation, furthest

FUNNEL_GROUPINGS = ("step", "source", "campaign", "owner", "team", "month", "quarter")
VELOCITY_GROUPINGS = ("stage", "owner", "team", "process", "type", "source", "month", "quarter")

_DAY = 86_400
_HUNDREDTH = Decimal("0.01")


class Sale(NamedTuple):
    """A won deal."""

    id: str
    amount: Decimal | None
    currency: str
    closed: date


class LeadInFunnel(NamedTuple):
    """A lead, and the steps it got to; the further one counts at every step before."""

    id: str
    created_on: date
    owner: str | None
    team: str | None
    source: str | None
    campaign: str | None
    replied: bool
    qualified: bool
    converted: bool
    """It became an opportunity, or one was opened on it."""
    sales: Sequence[Sale]


class Counts(NamedTuple):
    """The leads and the opportunities of one key."""

    lead_count: int
    replied_count: int
    qualified_count: int
    converted_count: int
    converted_share: Decimal | None
    """Percent of the leads."""
    lead_won_count: int
    """Leads of which an opportunity was won."""
    lead_won_amount: Decimal
    opportunity_count: int
    from_leads_count: int
    open_count: int
    won_count: int
    lost_count: int
    closed_count: int
    won_share: Decimal | None
    """Percent of the opportunities."""
    win_rate: Decimal | None
    """Percent of the won and the lost."""
    won_amount: Decimal
    won_without_amount_count: int
    """Won for nobody knows how much: in no amount."""


class FunnelRow(NamedTuple):
    key: str | None
    counts: Counts


class Reached(NamedTuple):
    """The opportunities of a process that came to a stage, or further; a won one came past all of them."""

    process: str
    stage: str
    deal_count: int
    process_count: int
    """All opportunities of the process."""


class Funnel(NamedTuple):
    by: str
    rows: list[FunnelRow]
    """None by step."""
    totals: Counts
    stages: list[Reached]
    """In the order of the stages, of the processes that these opportunities have; only by step."""
    without_stage_count: int = 0
    """Opportunities that ended nobody knows where: they are among none of the stages."""


def funnel(
    leads: Iterable[LeadInFunnel],
    deals: Iterable[Deal],
    *,
    by: str,
    days: Days,
    valuation: Valuation,
    order: Sequence[StageKey] = (),
) -> Funnel:
    """Count what was created on some days by one grouping, leads and opportunities each by their own.

    `order` gives the stages their order; without it none are counted. Raises PipecliError for a missing rate.
    """
    created = [lead for lead in leads if days.has(lead.created_on)]
    cohort = [deal for deal in deals if days.has(deal.created_on)]
    leads_of = defaultdict[str | None, list[LeadInFunnel]](list)
    deals_of = defaultdict[str | None, list[Deal]](list)
    if by != "step":
        for lead in created:
            leads_of[group_of(lead, by, lead.created_on)].append(lead)
        for deal in cohort:
            deals_of[group_of(deal, by, deal.created_on)].append(deal)
    keys = dict.fromkeys([*leads_of, *deals_of])
    rows = [FunnelRow(key, _counts(leads_of[key], deals_of[key], valuation)) for key in keys]
    sizes = {} if by in PERIODS else {key: len(leads_of[key]) + len(deals_of[key]) for key in keys}
    rows.sort(key=lambda row: (row.key is None, -sizes.get(row.key, 0), str(row.key)))
    placed = [deal for deal in cohort if deal.status == "won" or deal.stage or deal.stage_visits]
    lacking = len(cohort) - len(placed) if order else 0
    return Funnel(by, rows, _counts(created, cohort, valuation), _reached(placed, order), lacking)


def _counts(leads: Sequence[LeadInFunnel], deals: Sequence[Deal], valuation: Valuation) -> Counts:
    qualified = sum(lead.qualified or lead.converted for lead in leads)
    converted = sum(lead.converted for lead in leads)
    sales = [sale for lead in leads for sale in lead.sales]
    amounts = (
        valuation.converted(sale.amount, sale.currency, sale.closed, sale.id)
        for sale in sales
        if sale.amount is not None
    )
    statuses = Counter(deal.status for deal in deals)
    won = [deal for deal in deals if deal.status == "won"]
    return Counts(
        len(leads), sum(lead.replied or lead.qualified or lead.converted for lead in leads), qualified,
        converted, percent(converted, len(leads)), sum(bool(lead.sales) for lead in leads),
        sum(amounts, valuation.zero), len(deals), sum(deal.has_lead for deal in deals), statuses["open"],
        len(won), statuses["lost"], statuses["closed"], percent(len(won), len(deals)),
        win_rate(len(won), statuses["lost"]),
        sum((valuation.amount(deal) or valuation.zero for deal in won), valuation.zero),
        sum(deal.amount is None for deal in won),
    )  # fmt: skip


def _reached(cohort: Sequence[Deal], order: Sequence[StageKey]) -> list[Reached]:
    places = {place: number for number, place in enumerate(order)}
    of_process = Counter(deal.process for deal in cohort)
    ends = Counter[tuple[str, int | None]]()
    for deal in cohort:
        far = None if deal.status == "won" else furthest(deal.stage_visits, places).get(deal.process, -1)
        ends[deal.process, far] += 1
    return [
        Reached(process, stage, _as_far_as(ends, process, places[process, stage]), of_process[process])
        for process, stage in order
        if of_process[process]
    ]


def _as_far_as(ends: Mapping[tuple[str, int | None], int], process: str, place: int) -> int:
    return sum(
        count for (name, far), count in ends.items() if name == process and (far is None or far >= place)
    )


class Time(NamedTuple):
    """Days, of so many; None of none."""

    measured_count: int
    median: Decimal | None
    mean: Decimal | None
    percentile_90: Decimal | None


class StageRow(NamedTuple):
    """The visits of deals to one stage; a deal that comes back visits it again."""

    process: str
    stage: str
    entered_count: int
    on_count: int
    """Went on to a later stage."""
    back_count: int
    elsewhere_count: int
    """Went to another process, or to a stage that is gone."""
    won_count: int
    lost_count: int
    closed_count: int
    here_count: int
    """Are there now."""
    on_share: Decimal | None
    """Percent of the visits that ended which went on, or were won from there."""
    time: Time
    """Of the visits that ended and whose beginning is known."""
    unknown_count: int
    """Visits that ended, and nobody knows when they began."""


class SalesVelocity(NamedTuple):
    """The win rate, the cycles and the sales velocity of some deals."""

    open_count: int
    """At the end of the days that were asked for; else now."""
    won_count: int
    lost_count: int
    closed_count: int
    win_rate: Decimal | None
    """Percent of the won and the lost."""
    average_value: Decimal | None
    """Of the won."""
    cycle_won: Time
    """From creation to the end."""
    cycle_lost: Time
    velocity: Decimal | None
    """Money a day; None where nothing was won, or all at once."""
    backwards_count: int
    """Ended before they were created: in no cycle."""


class VelocityRow(NamedTuple):
    key: str | None
    sales: SalesVelocity
    stages: list[StageRow]
    """None of periods: a visit may span several."""


class Velocity(NamedTuple):
    by: str
    deal_count: int
    rows: list[VelocityRow]
    """None by stage: then the stages of all are it."""
    stages: list[StageRow]
    sales: SalesVelocity
    without_stage_count: int = 0
    """Deals that ended nobody knows where, and have no visit."""


def velocity(
    deals: Iterable[Deal], *, by: str, days: Days, valuation: Valuation, order: Sequence[StageKey] = ()
) -> Velocity:
    """The sales velocity of the deals that were open on some days, or ended on them, by one grouping.

    Deals that ended count for the rates and cycles on their day, a deal's visits whenever they were. Periods
    are those in which deals ended. `order` gives the stages their order. Raises PipecliError for a missing
    rate.
    """
    alive = [deal for deal in deals if deal.is_alive(days)]
    rows: list[VelocityRow] = []
    if by in PERIODS:
        rows = [
            VelocityRow(name, sales_velocity(alive, period, valuation), [])
            for name, period in _periods(alive, by, days)
        ]
    elif by != "stage":
        groups = defaultdict[str | None, list[Deal]](list)
        for deal in alive:
            groups[getattr(deal, by)].append(deal)
        rows = [
            VelocityRow(key, sales_velocity(group, days, valuation), _stages(group, order))
            for key, group in sorted(
                groups.items(), key=lambda item: (item[0] is None, -len(item[1]), item[0] or "")
            )
        ]
    lacking = sum(not deal.stage and not deal.stage_visits for deal in alive)
    sales = sales_velocity(alive, days, valuation)
    return Velocity(by, len(alive), rows, _stages(alive, order), sales, lacking)


def _periods(deals: Iterable[Deal], by: str, days: Days) -> list[tuple[str, Days]]:
    """The months or quarters in which deals ended, as far as the days that were asked for go."""
    periods: dict[str, Days] = {}
    for day in {deal.ended for deal in deals if deal.ended and days.has(deal.ended)}:
        name = PERIOD_OF[by](day)
        first, last = months_around(day, 1 if by == "month" else 3)
        periods[name] = Days(max(first, days.first or first), min(last, days.last or last))
    return sorted(periods.items())


def sales_velocity(deals: Sequence[Deal], days: Days, valuation: Valuation) -> SalesVelocity:
    ended = [deal for deal in deals if days.has(deal.ended)]
    statuses = Counter(deal.status for deal in ended)
    won = [deal for deal in ended if deal.status == "won"]
    cycles = [deal.cycle_days for deal in won if deal.cycle_days is not None]
    lost_cycles = [deal.cycle_days for deal in ended if deal.status == "lost" and deal.cycle_days is not None]
    open_count = sum(deal.is_open_after(days.last) for deal in deals)
    valued = [valuation.amount(deal) or valuation.zero for deal in won if deal.amount is not None]
    worth = sum(valued, valuation.zero)
    decided_count = statuses["won"] + statuses["lost"]
    speed = None
    if valued and sum(cycles):
        # All multiplied first and divided last: nothing is rounded on the way.
        brings = EXACT.multiply(EXACT.multiply(worth, Decimal(open_count)), Decimal(len(cycles) * len(won)))
        days_in_all = Decimal(decided_count * sum(cycles) * len(valued))
        speed = rounded(EXACT.divide(brings, days_in_all), valuation.currency)
    return SalesVelocity(
        open_count, statuses["won"], statuses["lost"], statuses["closed"],
        win_rate(statuses["won"], statuses["lost"]),
        rounded(EXACT.divide(worth, Decimal(len(valued))), valuation.currency) if valued else None,
        _time(cycles), _time(lost_cycles), speed,
        sum(deal.cycle_days is None for deal in ended),
    )  # fmt: skip


def _stages(deals: Iterable[Deal], order: Sequence[StageKey]) -> list[StageRow]:
    """A row a stage of the processes in which deals were, in their order, then one a stage that is gone."""
    visits = defaultdict[StageKey, list[StageVisit]](list)
    for deal in deals:
        for visit in deal.stage_visits:
            visits[visit.process, visit.stage].append(visit)
    processes = {process for process, _ in visits}
    known = [place for place in order if place[0] in processes]
    return [
        _stage(place, visits.get(place, ()))
        for place in [*known, *sorted(place for place in visits if place not in known)]
    ]


def _stage(place: StageKey, visits: Sequence[StageVisit]) -> StageRow:
    ends = Counter(visit.end for visit in visits)
    ended_count = len(visits) - ends["here"]
    seconds = [visit.seconds for visit in visits if visit.seconds is not None]
    return StageRow(
        *place, len(visits), ends["on"], ends["back"], ends["elsewhere"], ends["won"], ends["lost"],
        ends["closed"], ends["here"], percent(ends["on"] + ends["won"], ended_count),
        _time([second / _DAY for second in seconds]), ended_count - len(seconds),
    )  # fmt: skip


def _time(days: Sequence[float]) -> Time:
    return Time(len(days), _rounded(median(days)), _rounded(mean(days)), _rounded(percentile_90(days)))


def _rounded(days: float | None) -> Decimal | None:
    return None if days is None else Decimal(days).quantize(_HUNDREDTH, ROUND_HALF_UP)
