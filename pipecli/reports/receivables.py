"""Receivables: what customers owe on issued invoices, by how long it is overdue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.records.money import Rates, rounded

AGES = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
"""The columns: days past the due day, the last without an end."""
GROUPINGS = ("customer", "currency")


class OpenInvoice(NamedTuple):
    """An issued invoice; `open` is what is still to be paid, less than nothing where money is to go back."""

    customer: str
    customer_name: str
    currency: str
    overdue_days: int
    open: Decimal


class Row(NamedTuple):
    """The sums of a customer, or of a currency; None: of all."""

    key: str | None
    name: str
    invoices: int
    by_age: dict[str, Decimal]

    @property
    def open(self) -> Decimal:
        return sum(self.by_age.values(), Decimal(0))


def receivables(invoices: Iterable[OpenInvoice], by: str, rates: Rates, today: date) -> list[Row]:
    """The sums by one of GROUPINGS in the base currency at today's rates, the largest first, the total last.

    Raises MissingRate.
    """
    zero = rounded(Decimal(0), rates.base)
    sums: dict[tuple[str | None, str], dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(AGES, zero))
    counts: dict[tuple[str | None, str], int] = defaultdict(int)
    whole = (None, "total")
    for invoice in invoices:
        amount = rates.convert(invoice.open, invoice.currency, today)
        of_customer = (invoice.customer, invoice.customer_name)
        key = of_customer if by == "customer" else (invoice.currency, invoice.currency)
        for group in (key, whole):
            sums[group][age_of(invoice.overdue_days)] += amount
            counts[group] += 1
    rows = [Row(*key, counts[key], by_age) for key, by_age in sums.items()]
    return sorted(rows, key=lambda row: (row.key is None, -row.open, row.name))


def age_of(overdue_days: int) -> str:
    """The column of an invoice that is so many days past its due day."""
    return AGES[0 if overdue_days < 1 else min((overdue_days - 1) // 30 + 1, len(AGES) - 1)]
