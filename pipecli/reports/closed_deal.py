"""A deal that ended, as the reports on wins and losses see it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.days import month_of, quarter_of


class ClosedDeal(NamedTuple):
    """A won, lost or closed opportunity, its money in its own currency."""

    id: str
    status: str
    process: str
    stage: str
    """Where it stood when it ended."""
    owner: str | None
    team: str | None
    type: str
    source: str | None
    customer: str | None
    currency: str
    amount: Decimal | None
    """The final value of a won one; of the others what they were worth."""
    created: date
    closed: date
    reason: str | None
    competitor: str | None
    """To whom it was lost."""
    competitors: tuple[str, ...]
    """All who were after it."""
    products: tuple[tuple[str | None, Decimal], ...] = ()
    """Each item's product and amount; only read where they are asked for."""

    @property
    def month(self) -> str:
        return month_of(self.closed)

    @property
    def quarter(self) -> str:
        return quarter_of(self.closed)
