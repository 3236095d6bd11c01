"""The waterfall: how the open pipeline came from what it was at one moment to what it is at another.

Each deal is changed from what it was to what it became in one aspect after the other: its date, its amount,
its stage, the rates, its end. What one aspect moves in the sum is the money of its bucket, and so the buckets
always add up, to the cent, whatever was rounded on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.days import Days
from pipecli.records.money import MissingRate
from pipecli.reports.deal import Deal, Valuation, Worth

BUCKETS = (
    "new", "reopened", "pulled in", "increased", "stage forward", "probability", "rates",
    "stage back", "decreased", "pushed out", "won", "lost", "closed", "removed",
)  # fmt: skip

Stages = Mapping[tuple[str, str], int]
"""The place of each (process, stage) in its process."""


class Basis(NamedTuple):
    """The rates and stages of one of the two moments."""

    valuation: Valuation
    day: date
    """The day whose rates count for open deals."""
    stages: Stages


class Move(NamedTuple):
    """One step of one deal: the bucket, what it moves, and the aspect before and after."""

    bucket: str
    amount: Decimal
    weighted: Decimal
    before: object
    after: object


class Sum(NamedTuple):
    """Deals and their money."""

    deals: int
    amount: Decimal
    weighted: Decimal

    def plus_one(self, amount: Decimal, weighted: Decimal) -> Sum:
        """With one deal more."""
        return Sum(self.deals + 1, self.amount + amount, self.weighted + weighted)


class Waterfall(NamedTuple):
    opening: Sum
    buckets: dict[str, Sum]
    """Every bucket in the order of BUCKETS; money that leaves the pipeline is negative."""
    closing: Sum
    moves: dict[str, list[Move]]
    """By the key of the deal."""


def waterfall(
    pairs: Iterable[tuple[str, Deal | None, Deal | None]],
    opening: Basis,
    closing: Basis,
    window: Days | None = None,
) -> Waterfall:
    """The movement of deals from one moment to another; each with its key, None where it was not there.

    With a window only deals count whose expected close is in it. Both sides must have the same
    currency. Raises MissingRate.
    """
    zero = closing.valuation.zero
    first = last = Sum(0, zero, zero)
    buckets = dict.fromkeys(BUCKETS, first)
    moved: dict[str, list[Move]] = {}
    for key, before, after in pairs:
        was = _worth(before, opening, window)
        if _counts(before, window):
            first = first.plus_one(was.amount, was.weighted)
        is_same = _is_same_money(before, after, closing)
        if _counts(after, window):
            now = was if is_same and _counts(before, window) else _worth(after, closing, window)
            last = last.plus_one(now.amount, now.weighted)
        if is_same and before == after:
            continue
        moved[key] = list(_moves(before, after, opening, closing, window, was))
        for move in moved[key]:
            buckets[move.bucket] = buckets[move.bucket].plus_one(move.amount, move.weighted)
    return Waterfall(first, buckets, last, moved)


def _moves(
    before: Deal | None, after: Deal | None, opening: Basis, closing: Basis, window: Days | None, was: Worth
) -> Iterator[Move]:
    """The steps of one deal, those that neither count nor move money left out; `was` is what it was worth."""
    at = before
    for bucket, step, side, old, new in _steps(before, after, opening, closing, window):
        counted, counts = _counts(at, window), _counts(step, window)
        is_same = counted and counts and _is_same_money(at, step, closing)
        now = was if is_same else _worth_between(step, side, closing, window)
        amount, weighted = now.amount - was.amount, now.weighted - was.weighted
        at, was = step, now
        if bucket in ("amount", "rates"):
            if not (amount or weighted):
                continue
            if bucket == "amount":
                bucket = "increased" if max(amount, weighted) > 0 else "decreased"
        if counted or counts:
            yield Move(bucket, amount, weighted, old, new)


def _worth_between(step: Deal | None, side: Basis, closing: Basis, window: Days | None) -> Worth:
    """The worth of a step; one that stands in no sum may be in a currency that only the closing knows."""
    try:
        return _worth(step, side, window)
    except MissingRate:
        return _worth(step, closing, window)


def _is_same_money(at: Deal | None, step: Deal | None, side: Basis) -> bool:
    """True where two states of a deal are worth the same by any rates."""
    return (
        at is not None
        and step is not None
        and at.amount == step.amount
        and at.probability == step.probability
        and at.currency == step.currency == side.valuation.currency
    )


def _steps(
    before: Deal | None, after: Deal | None, opening: Basis, closing: Basis, window: Days | None
) -> Iterator[tuple[str, Deal | None, Basis, object, object]]:
    """A deal after each of its changes, with the bucket that the change belongs to."""
    if before is None:
        if after is not None:
            at = after._replace(status="open")
            yield "new", at, closing, None, after.stage
            yield from _end(after, closing)
        return
    if before.status != "open" and (after is None or after.status == before.status):
        return
    at = before._replace(status="open")
    if before.status != "open":
        yield "reopened", at, opening, before.status, "open"
    if after is None:
        yield "removed", None, opening, "open", None
        return
    if at.close != after.close:
        old, at = at.close, at._replace(close=after.close)
        if _is_move(old, before, after, window):
            yield _direction(old, after.close, window), at, opening, old, after.close
    old_amount, at = at.amount, at._replace(amount=after.amount, currency=after.currency)
    yield "amount", at, opening, old_amount, after.amount
    before_stage, after_stage = (at.process, at.stage), (after.process, after.stage)
    if before_stage != after_stage and not _is_rename(before_stage, after_stage, opening, closing):
        bucket = _stage_bucket(at, after, opening, closing)
        old_stage, at = at.stage, after._replace(status="open")
        yield bucket, at, opening, old_stage, after.stage
    elif at.probability != after.probability:
        old_chance, at = at.probability, after._replace(status="open")
        yield "probability", at, opening, old_chance, after.probability
    yield "rates", at, closing, None, None
    yield from _end(after, closing)


def _end(after: Deal, closing: Basis) -> Iterator[tuple[str, Deal | None, Basis, object, object]]:
    if after.status != "open":
        yield after.status, None, closing, "open", after.status


def _is_move(old: date | None, before: Deal, after: Deal, window: Days | None) -> bool:
    """True for a new date that is a move: with a window when it crosses an edge; a win's isn't a plan."""
    if window:
        return window.has(old) != window.has(after.close)
    return "won" not in (before.status, after.status)


def _direction(old: date | None, new: date | None, window: Days | None) -> str:
    """Into the window or out of it; without one, earlier or later. A date set at last isn't a delay."""
    if window:
        return "pulled in" if window.has(new) else "pushed out"
    return "pulled in" if new == min(new or date.max, old or date.max) else "pushed out"


def _is_rename(before: tuple[str, str], after: tuple[str, str], opening: Basis, closing: Basis) -> bool:
    """True of two names of one place of a process, each known on its own side alone."""
    place = opening.stages.get(before)
    is_new = before not in closing.stages and after not in opening.stages
    return is_new and before[0] == after[0] and place is not None and place == closing.stages.get(after)


def _stage_bucket(at: Deal, after: Deal, opening: Basis, closing: Basis) -> str:
    """Forward or back by the places in the process; by the probability where the process is another."""
    stages = {**opening.stages, **closing.stages}
    old, new = stages.get((at.process, at.stage)), stages.get((after.process, after.stage))
    if at.process == after.process and old is not None and new is not None:
        return "stage forward" if new >= old else "stage back"
    return "stage forward" if (after.probability or 0) >= (at.probability or 0) else "stage back"


def _counts(deal: Deal | None, window: Days | None) -> bool:
    return deal is not None and deal.status == "open" and (window is None or window.has(deal.close))


def _worth(deal: Deal | None, side: Basis, window: Days | None) -> Worth:
    worth = side.valuation.worth(deal, side.day) if deal and _counts(deal, window) else None
    return worth or Worth(side.valuation.zero, side.valuation.zero)
