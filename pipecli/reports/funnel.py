"""The funnel: the fate, up to now, of the leads and the opportunities that were created in some days.

Two halves, each of what was created then: the leads, and the opportunities, from leads or not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.days import PERIODS, Days
from pipecli.reports import group_of, percent, win_rate
from pipecli.reports.deal import Deal, Place, Valuation, furthest

GROUPINGS = ("step", "source", "campaign", "owner", "team", "month", "quarter")


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
    order: Sequence[Place] = (),
) -> Funnel:
    """Count what was created on some days by one of GROUPINGS, leads and opportunities each by their own.

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


def _reached(cohort: Sequence[Deal], order: Sequence[Place]) -> list[Reached]:
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
