"""What a change set does to the forecast: by month, by owner, and deal by deal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from pipecli.history.as_of import PastPipeline
from pipecli.history.change_set import Range
from pipecli.history.moments import NoSuchMoment, Stand
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.money import weighted
from pipecli.reports.forecast import OVERDUE, WITHOUT_DATE, Forecast, Row, Window, forecast
from pipecli.store.files import kind_of
from pipecli.store.index.deals import Whose, deals
from pipecli.store.pipeline import Pipeline


class Money(NamedTuple):
    """What one deal is worth, in its own currency."""

    status: str
    currency: str
    amount: Decimal | None
    weighted: Decimal | None
    """None of what is not open."""
    title: str
    owner: str | None


class Shift(NamedTuple):
    """One row of the forecast, before and after."""

    key: str | None
    weighted_before: Decimal
    weighted_after: Decimal
    won_before: Decimal
    won_after: Decimal

    @property
    def weighted_change(self) -> Decimal:
        return self.weighted_after - self.weighted_before

    @property
    def won_change(self) -> Decimal:
        return self.won_after - self.won_before


class Effect(NamedTuple):
    currency: str
    total: Shift
    by_month: list[Shift]
    """Only the rows that shift; likewise by owner."""
    by_owner: list[Shift]
    before: dict[str, Money]
    after: dict[str, Money]
    unreadable: list[str]
    """Deals of either end that can't be read, and so are not counted."""


def effect(present: Pipeline, asked: Range, touched: Iterable[str]) -> Effect:
    """The forecasts of both ends of a range as of today, and the money of these deals. Raises MissingRate."""
    head = present if asked.head is None else _past(present, asked.head)
    ends = [_or_none(_past(present, asked.base)), head]
    currency = head.rates.base
    made = {by: [_forecast(end, head, by, currency) for end in ends] for by in ("month", "owner")}
    keys = list(touched)
    money = [_money(end, keys) if end else {} for end in ends]
    before, after = made["owner"]
    return Effect(
        currency,
        _shift(None, before.totals if before else None, after.totals if after else None),
        sorted(_shifts(*made["month"]), key=_chronological),
        sorted(_shifts(*made["owner"]), key=lambda shift: -abs(shift.weighted_change)),
        money[0],
        money[1],
        [f"{fault}" for end in ends if end for fault in end.index.faults() if _is_deal(fault.file)],
    )


def _past(present: Pipeline, commit: str) -> PastPipeline:
    stood = Stand(commit, datetime.now().astimezone(), ())
    return PastPipeline(present.location, stood, present.today)


def _or_none(past: PastPipeline) -> PastPipeline | None:
    """A pipeline of the past, or None where its commit has none yet."""
    try:
        _ = past.index
    except NoSuchMoment:
        return None
    return past


def _is_deal(file: str) -> bool:
    return kind_of(file) is OPPORTUNITY


def _forecast(end: Pipeline | None, head: Pipeline, by: str, currency: str) -> Forecast | None:
    if end is None:
        return None
    window = Window(None, None)
    found = deals(end.index.connection, Whose(), window)
    rates = end.rates if end.rates.base == currency else head.rates
    return forecast(found, by=by, rates=rates, today=head.today, window=window, currency=currency)


def _shifts(before: Forecast | None, after: Forecast | None) -> list[Shift]:
    """The rows that differ."""
    old, new = ({row.key: row for row in made.rows} if made else {} for made in (before, after))
    shifts = [_shift(key, old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    return [shift for shift in shifts if shift.weighted_change or shift.won_change]


def _chronological(shift: Shift) -> tuple[bool, bool, str]:
    return shift.key == WITHOUT_DATE, shift.key != OVERDUE, shift.key or ""


def _shift(key: str | None, before: Row | None, after: Row | None) -> Shift:
    zero = Decimal(0)
    return Shift(
        key,
        before.weighted if before else zero,
        after.weighted if after else zero,
        before.won_amount if before else zero,
        after.won_amount if after else zero,
    )


def _money(end: Pipeline, keys: list[str]) -> dict[str, Money]:
    marks = ", ".join("?" * len(keys))
    connection: sqlite3.Connection = end.index.connection
    rows = connection.execute(
        "SELECT id, status, currency, coalesce(exact_closed_amount, exact_amount), probability, title, owner "
        f"FROM opportunities WHERE id IN ({marks})",
        keys,
    )
    found: Mapping[str, Money] = {key: _worth(*row) for key, *row in rows}
    return dict(found)


def _worth(
    status: str, currency: str, exact: str | None, probability: float | None, title: str, owner: str | None
) -> Money:
    amount = None if exact is None else Decimal(exact)
    is_weighed = status == "open" and amount is not None and probability is not None
    weight = (
        weighted(amount, Decimal(repr(probability)), currency) if is_weighed and amount is not None else None
    )
    return Money(status, currency, amount, weight, title, owner)
