"""The key figures of a pipeline at a moment, and how they differ from those of another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.closed_deal import ClosedDeal
from pipecli.reports.days import Days
from pipecli.reports.open_deal import OpenDeal
from pipecli.reports.shares import percent
from pipecli.reports.valuation import Valuation


class KeyFigures(NamedTuple):
    """Money in the currency of the valuation."""

    open_count: int
    open_amount: Decimal
    weighted: Decimal
    overdue_count: int
    """Open deals that should have closed before the day."""
    stale_count: int
    won_count: int
    """On the days asked for, as are the figures below."""
    won_amount: Decimal
    lost_count: int
    win_rate: Decimal | None
    """Percent of the won and the lost; None where nothing was decided."""


def key_figures(
    open_deals: Iterable[OpenDeal],
    closed: Iterable[ClosedDeal],
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
        overdue += deal.expected_close is not None and deal.expected_close < today
        if deal.amount is not None:
            amount += valuation.value(deal.amount, deal.currency, today, deal.id)
            weighted += valuation.value(deal.amount, deal.currency, today, deal.id, deal.probability)
    for ended in closed:
        if not days.has(ended.closed):
            continue
        won += ended.status == "won"
        lost += ended.status == "lost"
        if ended.status == "won" and ended.amount is not None:
            won_amount += valuation.value(ended.amount, ended.currency, ended.closed, ended.id)
    return KeyFigures(
        count, amount, weighted, overdue, stale_count, won, won_amount, lost, percent(won, won + lost)
    )


def change(now: KeyFigures, then: KeyFigures | None, name: str) -> Decimal | int | None:
    """How much a figure has grown; None where one of the two is not known."""
    new, old = getattr(now, name), getattr(then, name) if then else None
    if new is None or old is None:
        return None
    grown: Decimal | int = new - old
    return grown
