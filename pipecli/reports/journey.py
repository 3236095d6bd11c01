"""The journey of a deal: what it is, when it began and ended, and its stays at the stages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.days import Days
from pipecli.reports.stays import Stay


class Journey(NamedTuple):
    """An opportunity, its money in its own currency."""

    id: str
    status: str
    process: str
    stage: str
    owner: str | None
    team: str | None
    type: str
    source: str | None
    campaign: str | None
    currency: str
    amount: Decimal | None
    """Of a won deal the final value."""
    created: date
    closed: date | None
    has_lead: bool
    stays: Sequence[Stay] = ()

    @property
    def cycle_days(self) -> int | None:
        """From its creation to its end; None of an open one, and where its end is before its creation."""
        if self.closed is None or self.closed < self.created:
            return None
        return (self.closed - self.created).days

    def is_alive(self, days: Days) -> bool:
        """Whether it was open on one of these days, or ended on one."""
        has_begun = days.last is None or self.created <= days.last
        return has_begun and (self.closed is None or days.first is None or self.closed >= days.first)

    def is_decided(self, days: Days) -> bool:
        return self.closed is not None and days.has(self.closed)

    def is_open_after(self, last: date | None) -> bool:
        """Whether it was open at the end of a day; None: now."""
        if last is None:
            return self.closed is None
        return self.created <= last and (self.closed is None or self.closed > last)
