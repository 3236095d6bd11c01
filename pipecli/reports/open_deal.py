"""A deal that is open, as the reports on what stands now see it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.days import month_of, quarter_of


class OpenDeal(NamedTuple):
    """An open opportunity, its money in its own currency."""

    id: str
    title: str
    process: str
    stage: str
    owner: str | None
    team: str | None
    type: str
    source: str | None
    customer: str | None
    currency: str
    amount: Decimal | None
    probability: Decimal
    """0 to 100; 0 where nobody knows the stage."""
    expected_close: date | None
    created: date
    last_activity: date | None
    """The day of the last activity that was done, as it was written."""
    rotting_days: int | None
    """After so many days without movement it is stale; None: never."""
    score: int | None = None
    """Of the lead it came from, 0 to 100."""

    @property
    def month(self) -> str | None:
        return month_of(self.expected_close) if self.expected_close else None

    @property
    def quarter(self) -> str | None:
        return quarter_of(self.expected_close) if self.expected_close else None
