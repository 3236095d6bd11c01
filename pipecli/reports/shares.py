"""Shares: percentages of a whole, and an amount shared out without losing a cent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from pipecli.records.money import EXACT, rounded

_HUNDREDTH = Decimal("0.01")


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole` in percent with two decimals, rounded half up; None of nothing."""
    if not whole:
        return None
    return EXACT.divide(EXACT.multiply(Decimal(part), 100), Decimal(whole)).quantize(
        _HUNDREDTH, ROUND_HALF_UP, EXACT
    )


def shared_out(
    amount: Decimal, items: Sequence[tuple[str | None, Decimal]], currency: str
) -> Iterator[tuple[str | None, Decimal]]:
    """Each product's part of a deal's amount, in proportion to its items; together the whole to the cent."""
    if len(items) == 1:  # as most deals have it, of thousands
        yield items[0][0], amount
        return
    shares: dict[str | None, Decimal] = {}
    for product, worth in items:
        shares[product] = shares.get(product, Decimal(0)) + worth
    whole = sum(shares.values(), Decimal(0))
    reached = passed = Decimal(0)
    for product, share in shares.items():
        reached += share
        until = amount
        if whole:
            until = rounded(EXACT.divide(EXACT.multiply(amount, reached), whole), currency)
        yield product, until - passed
        passed = until
