"""The rows of the forecast as records with their targets, for reports, charts, the dashboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.cli.common.session import Session, owner_filter
from pipecli.cli.common.table import Column, money
from pipecli.cli.report.options_and_columns import KeyNames, count_column, money_column
from pipecli.records.days import PERIODS, months_around, quarter_of
from pipecli.records.money import minor_digits, rounded
from pipecli.reports.deal import Key
from pipecli.reports.forecast import CATEGORIES, Forecast, ForecastRow, Window, chronological, forecast
from pipecli.reports.teams_and_targets import Organisation, Target, Targets, attainment, roll_up
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import forecast_deals

if TYPE_CHECKING:
    from pipecli.cli.common.typed_dates import Period
    from pipecli.history.pipeline_as_of import PastPipeline
    from pipecli.store.pipeline import Pipeline

MANAGER = "manager"
"""The grouping of `--by` that sums up a manager's people."""


_LISTS = {
    "owner": ("user", "users"),
    "team": ("team", "teams"),
    "source": ("source", "sources"),
    "type": ("type", "opportunity_types"),
}
"""By grouping, what `settings rename` calls its keys, and where they are in the settings."""


class EarlierNames:
    """The names of an earlier day that are others since: renamed in the settings, or merged, as customers."""

    def __init__(self, later: Pipeline, past: PastPipeline, names: ForecastNames) -> None:
        from pipecli.history.commits import commits_of_events, merged_away, renamed_in
        from pipecli.workflow.settings import EarlierWords

        since = f"{past.revision}..{later.revision}"
        commits = commits_of_events(later.location, ["renamed"], since)
        self._merged: dict[str, str] = {}
        for _, key, *_, into in merged_away(later.location, since) if names.by == "customer" else ():
            earlier = {known: into for known, last in self._merged.items() if last == key}
            self._merged |= {**earlier, key: into}
        self._words = EarlierWords([told for _, message in commits if (told := renamed_in(message))][::-1])
        self._past, self._names = past.settings_as_written, names
        self._stages = [f"{process}/{stage}" for process, stage in names.stages()]

    def later_key(self, key: Key) -> Key:
        """What the key of a row is called later."""
        process, word = key
        if process and word:
            return process, self._words.of_today("stage", f"{process}/{word}", self._stages).partition("/")[2]
        what, section = _LISTS.get(self._names.by, ("", ""))
        word = self._merged.get(word or "", word)
        return process, word and self._words.of_today(what, word, self._names.settings.get(section) or ())

    def owners(self, asked: OwnerFilter) -> OwnerFilter:
        """Those whom the options name, as they were called."""
        user, team = self._earlier("owner"), self._earlier("team")
        return OwnerFilter(*(of(one) for of, one in zip((user, team, user, team, user), asked, strict=True)))

    def _earlier(self, by: str) -> Callable[[str | None], str | None]:
        what, section = _LISTS[by]
        known = self._past.get(section) or {}
        earlier = {self._words.of_today(what, name): name for name in known}
        return lambda name: name if name is None or name in known else earlier.get(name, name)


def forecast_of(
    run: Session,
    pipeline: Pipeline,
    by: str,
    window: Window,
    currency: str | None,
    earlier: EarlierNames | None = None,
) -> Forecast:
    """The forecast of those whom the options name. Raises MissingRate."""
    owners = earlier.owners(owner_filter(run)) if earlier else owner_filter(run)
    return forecast(
        forecast_deals(pipeline.connection, owners, window, by),
        by="owner" if by == MANAGER else by,
        rates=pipeline.rates,
        today=pipeline.today,
        window=window,
        currency=currency,
        order=ForecastNames(run, by).stages() if by == "stage" else (),
        later_key=earlier.later_key if earlier else None,
    )


class ForecastNames(KeyNames):
    """The names of the keys of the rows, and the managers and categories of the settings."""

    @property
    def has_categories(self) -> bool:
        processes = self.settings["processes"].values()
        return any("category" in stage for process in processes for stage in process["stages"])

    def manager(self, team: str | None) -> str | None:
        """The name of the manager of a team."""
        slug = self.settings.get("teams", {}).get(team, {}).get("manager")
        name: str | None = self.settings.get("users", {}).get(slug, {}).get("name", slug)
        return name


def record_of(row: ForecastRow, by: str, names: ForecastNames) -> dict[str, Any]:
    """One row with the keys of JSON: by stage with its process, by team with its manager."""
    record: dict[str, Any] = row._asdict()
    del record["won_by"]
    if not row.yearly_recurring:
        del record["yearly_recurring"]
    if by != "stage":
        del record["process"]
    if names.has_categories:
        record["categories"] = {name: row.categories.get(name, row.amount * 0) for name in CATEGORIES}
    else:
        del record["categories"]
    name = names.name(row.key, row.process)
    if name:
        record["name"] = name
    if by == "team":
        record["manager"] = names.manager(row.key)
    return record


def columns_of(
    report: Forecast, by: str, rows: Sequence[Mapping[str, Any]], names: ForecastNames
) -> list[Column]:
    """The columns of the table: targets and categories where there are any."""
    digits = minor_digits(report.currency)
    sum_of = partial(money_column, currency=report.currency)

    def aside(name: str, heading: str, amount: Callable[[Mapping[str, Any]], Decimal]) -> Column:
        return Column(name, heading, align="right", rank=3, show=lambda row: money(amount(row), None, digits))

    def category(name: str) -> Column:
        return aside(name, name.replace("-", " ").upper(), lambda row: row["categories"][name])

    yearly = aside("yearly_recurring", "A YEAR", lambda row: row.get("yearly_recurring", Decimal(0)))
    has_targets = any("target" in row for row in rows)
    is_one_process = len(names.settings["processes"]) == 1
    process = [Column("process", "PROCESS", shrink=True)] if by == "stage" and not is_one_process else []
    return [
        Column("key", by.upper(), shrink=True, min_width=16, show=lambda row: label(row, by)),
        *process,
        *([Column("manager", "MANAGER", shrink=True, rank=6)] if by == "team" else []),
        count_column("open_count", "OPEN", rank=4 if has_targets else 0),
        sum_of("amount", "AMOUNT", rank=2 if has_targets else 0),
        *([category(name) for name in CATEGORIES] if names.has_categories else []),
        sum_of("weighted", "WEIGHTED"),
        *([yearly] if any("yearly_recurring" in row for row in rows) else []),
        *([] if by in PERIODS else [count_column("overdue_count", "OVERDUE", rank=7)]),
        count_column("won_count", "WON", rank=4 if has_targets else 0),
        sum_of("won_amount", "WON AMOUNT"),
        *([sum_of("target", "TARGET"), _percent, sum_of("gap", "GAP", rank=1)] if has_targets else []),
    ]


_percent = Column(
    "attainment_percent", "OF TARGET", align="right",
    show=lambda row: "" if row.get("attainment_percent") is None else f"{row['attainment_percent']:,} %",
)  # fmt: skip


def label(row: Mapping[str, Any], by: str) -> str:
    """The words for the key of a row; a manager's people stand further in."""
    name = row.get("name") or (
        f"without {'owner' if by == MANAGER else by}"
        if row["key"] is None
        else str(row["key"]).replace("without-", "without ")
    )
    inset = "  " * int(row.get("level") or 0)
    return f"{inset}{name}{', own' if row.get('is_own') else ''}"


Record = dict[str, Any]

_PERIOD = {"month": r"[0-9]{4}-[0-9]{2}", "quarter": r"[0-9]{4}-Q[1-4]"}
_ANY_PERIOD = r"[0-9]{4}(-(Q[1-4]|W[0-9]{2}|[0-9]{2}))?"


class Targeted(NamedTuple):
    """The rows and the total as JSON has them, and the base of their percentages of a target."""

    rows: list[Record]
    total: Record
    base: str
    """Empty where no target counts."""

    @property
    def is_part(self) -> bool:
        """True where somebody won who has no target: the percentages leave that out."""
        return any("won_of_target" in row for row in (*self.rows, self.total))


def with_targets(run: Session, report: Forecast, by: str, names: ForecastNames) -> Targeted:
    """The rows of a forecast with their targets.

    A target counts where the days asked for hold its period whole. Nobody having asked, these are the month's
    (by quarter: the quarter's). Raises MissingRate.
    """
    known = _ForecastTargets(run, report)
    if by in PERIODS:
        return _with_targets_of_periods(report, by, names, known)
    total = record_of(report.totals, "", names)
    if by not in ("owner", "team", MANAGER):
        return Targeted([record_of(row, by, names) for row in report.rows], total, "")
    counted = known.of_window()
    if by == MANAGER:
        lines = roll_up(report.rows, known.organisation)
        managers = {line.row.key for line in lines if line.is_sum}
        rows = []
        for line in lines:
            key = line.row.key or ""
            record = record_of(line.row, by, names) | {"level": line.level, "is_sum": line.is_sum}
            if not line.is_sum and key in managers:
                record["is_own"] = True
            target = counted.of_manager(key) if line.is_sum else counted.of_user(key)
            rows.append(_with(record, target, counted.won(line.row) if line.is_sum else None))
    elif by == "team":
        rows = [
            _with(record_of(row, by, names), counted.of_team(row.key or ""), counted.won(row, of_team=True))
            for row in report.rows
        ]
    else:
        rows = [_with(record_of(row, by, names), counted.of_user(row.key or "")) for row in report.rows]
    base = f"the targets of {', '.join(counted.periods)}" if counted.periods else ""
    return Targeted(rows, _with(total, known.total(counted), counted.won(report.totals)), base)


def _with_targets_of_periods(
    report: Forecast, by: str, names: ForecastNames, known: _ForecastTargets
) -> Targeted:
    """The months or quarters; also those with a target in which nothing is expected and nothing was won."""
    in_report, zero, first = {row.key for row in report.rows}, report.totals.amount * 0, report.window.first
    without_deals = [
        ForecastRow(name, None, amount=zero, weighted=zero, won_amount=zero)
        for name in {target.period for target in known.all} - in_report
        if re.fullmatch(_PERIOD[by], name) and known.of_period(name, first) is not None
    ]
    targeted, reached = [], zero
    for row in sorted([*report.rows, *without_deals], key=lambda row: chronological(row.key)):
        counted = known.of_period(row.key, first)
        won = counted.won(row) if counted else None
        targeted.append(_with(record_of(row, by, names), known.total(counted) if counted else None, won))
        reached += won or 0
    targets = [row["target"] for row in targeted if "target" in row]
    # Of a month without a target what was won is nothing that the others' targets asked for.
    is_whole = all("target" in row or not row["won_count"] for row in targeted)
    whole = sum(targets) if targets and is_whole else None
    total = _with(record_of(report.totals, "", names), whole, reached)
    return Targeted(targeted, total, f"the target of the {by}" if targets else "")


def even_shares(run: Session, report: Forecast) -> dict[str, tuple[str, Decimal]]:
    """For each month without a target an even part of its quarter's, else of its year's, with that period."""
    known = _ForecastTargets(run, report)
    months = [row.key for row in report.rows if row.key and re.fullmatch(_PERIOD["month"], row.key)]
    shares = {month: known.share(month) for month in months if known.of_period(month, None) is None}
    return {month: share for month, share in shares.items() if share}


def _with(record: Record, target: Decimal | None, won: Decimal | None = None) -> Record:
    """A row with its target and what was won of it; `won` where not all of the row counts for it."""
    if target is None:
        return record
    amount = record["won_amount"] if won is None else won
    reached = attainment(amount, target)
    other = {"won_of_target": amount} if amount != record["won_amount"] else {}
    return record | {"target": target, **other, "attainment_percent": reached.percent, "gap": reached.gap}


class _ForecastTargets:
    """The targets of the settings in the currency of a forecast."""

    def __init__(self, run: Session, report: Forecast) -> None:
        settings = run.pipeline.settings_as_written
        users, teams = settings.get("users") or {}, settings.get("teams") or {}
        self.window, self.currency = report.window, report.currency
        self.owner_filter = owner_filter(run)
        self.organisation = Organisation(
            {slug: user.get("team") for slug, user in users.items()},
            {slug: team.get("manager") for slug, team in teams.items()},
            {slug: team.get("parent") for slug, team in teams.items()},
        )
        self.today = report.today
        self.all = list(_targets_of_settings(run, settings.get("targets") or {}, report))

    def of_window(self) -> Targets:
        first = self.window.first or date.min
        _, end_of_month = months_around(self.today, 1)
        last = self.window.last or (date.max if self.window.is_asked else end_of_month)
        return Targets(self.all, self.organisation, first, last)

    def of_period(self, key: str | None, first: date | None) -> Targets | None:
        """The targets of a row's month or quarter, where the window holds all of it, and there are some."""
        days = _days(key) if self.all else None
        last = self.window.last
        if days is None or (first and days.first < first) or (last and last < days.last):
            return None
        targets = Targets(self.all, self.organisation, days.first, days.last)
        return targets if self.total(targets) is not None else None

    def share(self, month: str) -> tuple[str, Decimal] | None:
        for period, count in ((quarter_of(date.fromisoformat(f"{month}-01")), 3), (month[:4], 12)):
            of_it = [target for target in self.all if target.period == period]
            amount = self.total(Targets(of_it, self.organisation, date.min, date.max))
            if amount is not None:
                return period, rounded(amount / count, self.currency)
        return None

    def total(self, targets: Targets) -> Decimal | None:
        """The target of all, or of those whom the options name."""
        if one := self.owner_filter.owner or self.owner_filter.seller:
            return targets.of_user(one)
        if self.owner_filter.team:
            return targets.of_team_and_below(self.owner_filter.team)
        return targets.of_user(self.owner_filter.me) if self.owner_filter.me else targets.total()


def _days(key: str | None) -> Period | None:
    from pipecli.cli.common.typed_dates import parse_period

    return parse_period(key, date.min) if key and re.fullmatch(_ANY_PERIOD, key) else None


def _targets_of_settings(run: Session, written: Mapping[str, Any], report: Forecast) -> Iterator[Target]:
    """The targets of the settings; `check` names those without a valid period."""
    rates = run.pipeline.rates
    for name, amounts in written.items():
        if (days := _days(name)) is None:
            continue
        for principal, amount in amounts.items():
            exact = rates.convert(Decimal(str(amount)), rates.base, report.today, report.currency)
            yield Target(name, days.first, days.last, principal, rounded(exact, report.currency))
