"""The rows of the forecast with their targets, and those of a manager with all who report to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.cli.forecast_rows import MANAGER, Names, record_of
from pipecli.cli.session import Session
from pipecli.cli.whose import whose
from pipecli.records.money import rounded
from pipecli.reports.forecast import PERIODS, Forecast, Row, chronological
from pipecli.reports.organisation import Goal, Organisation, Targets, attainment

Record = dict[str, Any]

_PERIOD = {"month": r"[0-9]{4}-[0-9]{2}", "quarter": r"[0-9]{4}-Q[1-4]"}
_ANY_PERIOD = r"[0-9]{4}(-(Q[1-4]|W[0-9]{2}|[0-9]{2}))?"


class Targeted(NamedTuple):
    """The rows and the total as JSON has them, and what their percentages of a target are of."""

    rows: list[Record]
    total: Record
    base: str
    """Empty where no target counts."""


def with_targets(run: Session, made: Forecast, by: str, names: Names) -> Targeted:
    """The rows of a forecast with their targets.

    A target counts where the days asked for hold its period whole. Nobody having asked, these are the month's
    (by quarter: the quarter's). Raises MissingRate.
    """
    goals = _Goals(run, made)
    if by in PERIODS:
        rows = [*made.rows, *_without_deals(made, by, goals)]
        rows.sort(key=chronological)
        found = [
            _with(record_of(row, by, names), goals.of_period(row.key, made.window.first)) for row in rows
        ]
        targets = [row["target"] for row in found if "target" in row]
        # Of a month without a target what was won is nothing that the others' targets asked for.
        is_whole = all("target" in row or not row["won_count"] for row in found)
        total = _with(record_of(made.totals, "", names), sum(targets) if targets and is_whole else None)
        return Targeted(found, total, f"the target of the {by}" if targets else "")
    total = record_of(made.totals, "", names)
    if by not in ("owner", "team", MANAGER):
        return Targeted([record_of(row, by, names) for row in made.rows], total, "")
    counted = goals.of_window()
    base = f"the targets of {', '.join(counted.periods)}" if counted.periods else ""
    if by == MANAGER:
        from pipecli.reports.organisation import roll_up

        lines = roll_up(made.rows, goals.organisation)
        sums = {line.row.key for line in lines if line.is_sum}
        found = []
        for line in lines:
            key = line.row.key or ""
            is_own = not line.is_sum and key in sums
            record = record_of(line.row, by, names) | {"level": line.level, "is_sum": line.is_sum}
            target = counted.manager(key) if line.is_sum else counted.user(key)
            found.append(_with(record | ({"is_own": True} if is_own else {}), target))
        return Targeted(found, _with(total, goals.total(counted)), base)
    of = counted.user if by == "owner" else counted.team
    found = [_with(record_of(row, by, names), of(row.key or "")) for row in made.rows]
    return Targeted(found, _with(total, goals.total(counted)), base)


class Share(NamedTuple):
    """A month's part of the target of a longer period."""

    period: str
    amount: Decimal


def even_shares(run: Session, made: Forecast) -> dict[str, Share]:
    """An even part of its quarter's target, else of its year's, for each month that has none of its own."""
    goals = _Goals(run, made)
    months = [row.key for row in made.rows if row.key and re.fullmatch(_PERIOD["month"], row.key)]
    shares = {month: goals.share(month) for month in months if goals.of_period(month, None) is None}
    return {month: share for month, share in shares.items() if share}


def _with(record: Record, target: Decimal | None) -> Record:
    if target is None:
        return record
    reached = attainment(record["won_amount"], target)
    return record | {"target": target, "attainment_percent": reached.percent, "gap": reached.gap}


class _Goals:
    """The targets of the settings in the currency of a forecast."""

    def __init__(self, run: Session, made: Forecast) -> None:
        settings = run.pipeline.settings_as_written
        users, teams = settings.get("users") or {}, settings.get("teams") or {}
        self.window, self.currency = made.window, made.currency
        self.whose = whose(run)
        self.organisation = Organisation(
            {slug: user.get("team") for slug, user in users.items()},
            {slug: team.get("manager") for slug, team in teams.items()},
            {slug: team.get("parent") for slug, team in teams.items()},
        )
        self.today = made.today
        self.all = list(_goals(run, settings.get("targets") or {}, made))

    def of_window(self) -> Targets:
        first = self.window.first or date.min
        last = self.window.last or (date.max if self.window.is_asked else _end_of_month(self.today))
        return Targets(self.all, self.organisation, first, last)

    def of_period(self, key: str | None, first: date | None) -> Decimal | None:
        """The target of a row's month or quarter, where the window holds all of it."""
        days = _days(key)
        if days is None or (first and days.first < first) or self._ends_before(days.last):
            return None
        return self.total(Targets(self.all, self.organisation, *days))

    def share(self, month: str) -> Share | None:
        year, number = month.split("-")
        for period, count in ((f"{year}-Q{(int(number) + 2) // 3}", 3), (year, 12)):
            of_it = [goal for goal in self.all if goal.period == period]
            target = self.total(Targets(of_it, self.organisation, date.min, date.max))
            if target is not None:
                return Share(period, rounded(target / count, self.currency))
        return None

    def total(self, targets: Targets) -> Decimal | None:
        """That of everybody, or of those the options name."""
        if self.whose.owner:
            return targets.user(self.whose.owner)
        if self.whose.team:
            return targets.team_and_below(self.whose.team)
        return targets.user(self.whose.me) if self.whose.me else targets.total()

    def periods(self, by: str) -> set[str]:
        """The months or quarters that have a target and lie in the window."""
        names = {goal.period for goal in self.all if re.fullmatch(_PERIOD[by], goal.period)}
        return {name for name in names if self.of_period(name, self.window.first) is not None}

    def _ends_before(self, last: date) -> bool:
        return self.window.last is not None and self.window.last < last


class _Days(NamedTuple):
    first: date
    last: date


def _days(key: str | None) -> _Days | None:
    from pipecli.cli.dates import parse_period

    if key is None or not re.fullmatch(_ANY_PERIOD, key):
        return None
    period = parse_period(key, date.min)
    return _Days(period.first, period.last)


def _goals(run: Session, written: Mapping[str, Any], made: Forecast) -> Iterator[Goal]:
    """What the settings say; `check` tells of what is no period."""
    rates = run.pipeline.rates
    for name, amounts in written.items():
        days = _days(name)
        if days is None:
            continue
        for principal, amount in amounts.items():
            exact = rates.convert(Decimal(str(amount)), rates.base, made.today, made.currency)
            yield Goal(name, days.first, days.last, principal, rounded(exact, made.currency))


def _without_deals(made: Forecast, by: str, goals: _Goals) -> Iterator[Row]:
    """A row for each month or quarter with a target in which nothing is expected and nothing was won."""
    known = {row.key for row in made.rows}
    zero = made.totals.amount * 0
    for name in goals.periods(by) - known:
        yield Row(name, None, 0, zero, zero, 0, zero, 0, 0, 0)


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
