"""Two forecasts side by side: each row as it was and as it is, with the difference."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from pipecli.reports.forecast import PERIODS, Forecast, Row, chronological

FIGURES = ("open_count", "amount", "weighted", "won_count", "won_amount")


class Compared(NamedTuple):
    """One row of both; None where a forecast has no such row."""

    then: Row | None
    now: Row | None

    @property
    def row(self) -> Row:
        """The row as it is, or was where it is gone: for its key."""
        row = self.now or self.then
        assert row
        return row

    def figure(self, name: str, *, then: bool = False) -> Decimal | int:
        """One of FIGURES; 0 of a row that is not there."""
        row = self.then if then else self.now
        value: Decimal | int = getattr(row, name) if row else getattr(self.row, name) * 0
        return value

    def change(self, name: str) -> Decimal | int:
        """How much one of FIGURES has grown."""
        return self.figure(name) - self.figure(name, then=True)


def compare(then: Forecast, now: Forecast) -> list[Compared]:
    """The rows of both, in the order of the present one; what is gone from it follows, or has its date."""
    old = {(row.process, row.key): row for row in then.rows}
    new = {(row.process, row.key): row for row in now.rows}
    rows = [Compared(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    if now.by in PERIODS:
        rows.sort(key=lambda each: chronological(each.row))
    return rows
