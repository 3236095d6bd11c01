"""What the dashboard says: key figures now and then, charts and tables, from the index and from history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from pipecli.cli.chart_forecast import forecast_picture
from pipecli.cli.chart_funnel import funnel_picture
from pipecli.cli.chart_pipeline import pipeline_picture
from pipecli.cli.dashboard_tables import People, closed_table, forecast_tables, ranking_table, stale_table
from pipecli.cli.dates import parse_period
from pipecli.cli.forecast import made_of
from pipecli.cli.forecast_rows import Names as ForecastNames
from pipecli.cli.forecast_targets import with_targets
from pipecli.cli.session import Session, say
from pipecli.cli.table import money
from pipecli.errors import PipecliError
from pipecli.history.moments import BeforeTheFirst
from pipecli.history.stages import moves_of
from pipecli.outbox.dashboard import Change, Content, Figure, Picture
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.days import Days
from pipecli.reports.forecast import Window
from pipecli.reports.money import Valuation
from pipecli.reports.pipeline import KeyFigures, change, key_figures
from pipecli.reports.stale import Stale, stale
from pipecli.store.index.deals import Whose, closed_deals, open_deals
from pipecli.store.pipeline import Pipeline

_AGO = {"a week ago": 7, "a month ago": 30}


def content_of(run: Session, of: Whose, currency: str | None) -> Content:
    """The page as it is to be said. Raises PipecliError for a missing rate."""
    pipeline = run.read(OPPORTUNITY, CUSTOMER, LEAD)
    quarter = parse_period("this quarter", run.today)
    days = Days(quarter.first, quarter.last)
    valuation = Valuation(pipeline.rates, currency)
    standing_still = _stale(pipeline, of, valuation)
    now = _figures(pipeline, of, days, valuation, standing_still)
    then = {name: _figures_ago(run, of, days, currency, ago) for name, ago in _AGO.items()}
    forecast = made_of(run, pipeline, "month", Window(run.today.replace(day=1), None), currency)
    quarterly = made_of(run, pipeline, "quarter", Window(days.first, None), currency)
    year = Days(_a_year_before(run.today), run.today)
    closed = closed_deals(pipeline.index.connection, of, year)
    names = People(run)
    return Content(
        company=str(pipeline.settings_as_written["company"]["name"]),
        whose=_said_of(of, names),
        today=run.today,
        currency=valuation.currency,
        period=quarter.name,
        figures=[
            *_shown(now, then, valuation.currency, quarter.name),
            *_target(run, days, currency, quarter.name),
        ],
        parts=[
            Picture(*forecast_picture(run, forecast)),
            *forecast_tables(run, forecast, quarterly),
            Picture(*pipeline_picture(run, of, Days(), currency)),
            ranking_table(run, of, days, valuation, names, quarter.name),
            stale_table(standing_still, names, valuation.currency),
            Picture(*funnel_picture(run, year)),
            closed_table(run, closed, "won", names, valuation),
            closed_table(run, closed, "lost", names, valuation),
        ],
    )


def _stale(pipeline: Pipeline, of: Whose, valuation: Valuation) -> Stale:
    deals = open_deals(pipeline.index.connection, of, Days(), with_activities=True)
    moves = moves_of(pipeline, deals, say)
    return stale(deals, moves=moves, valuation=valuation, today=pipeline.today)


def _figures(
    pipeline: Pipeline, of: Whose, days: Days, valuation: Valuation, standing_still: Stale
) -> KeyFigures:
    connection = pipeline.index.connection
    return key_figures(
        open_deals(connection, of, Days()),
        closed_deals(connection, of, days),
        stale_count=standing_still.totals.stale_count,
        days=days,
        today=pipeline.today,
        valuation=valuation,
    )


def _figures_ago(run: Session, of: Whose, days: Days, currency: str | None, ago: int) -> KeyFigures | None:
    """The figures of a day before; None where history doesn't reach so far, or can't tell."""
    day = run.today - timedelta(days=ago)
    try:
        past = run.pipeline_as_of(day.isoformat())
    except BeforeTheFirst:
        return None
    try:
        past.need(OPPORTUNITY, CUSTOMER)
        valuation = Valuation(past.rates, currency)
        return _figures(past, of, days, valuation, _stale(past, of, valuation))
    except PipecliError as error:
        say(f"warning: {day}: {error}")
        return None
    finally:
        past.close()


def _a_year_before(day: date) -> date:
    return day - timedelta(days=365)


_GOOD = {
    "open_count": 1, "open_amount": 1, "weighted": 1, "won_amount": 1, "win_rate": 1,
    "overdue_count": -1, "stale_count": -1,
}  # fmt: skip
"""The figures of the page, and whether more of one is good."""


def _shown(
    now: KeyFigures, then: dict[str, KeyFigures | None], currency: str, period: str
) -> Iterator[Figure]:
    for name, good in _GOOD.items():
        value = getattr(now, name)
        changes = []
        for when, old in then.items():
            grown = change(now, old, name)
            changes.append(Change(when, _grown(name, grown, currency), _is_good(grown, good)))
        yield Figure(name, _NAMED[name].format(period), _figure(name, value, currency), value, changes)


def _target(run: Session, days: Days, currency: str | None, period: str) -> Iterator[Figure]:
    """What was attained of the quarter's target, where there is one."""
    made = made_of(run, run.pipeline, "quarter", Window(days.first, days.last, is_asked=True), currency)
    total = with_targets(run, made, "quarter", ForecastNames(run, "quarter")).total
    percent = total.get("attainment_percent")
    if percent is not None:
        note = f"of {money(total['target'], None, minor_digits(made.currency))}"
        yield Figure("attainment_percent", f"Target of {period}", f"{percent:,} %", percent, [], note)


_NAMED = {
    "open_count": "Open deals",
    "open_amount": "Open amount",
    "weighted": "Weighted",
    "won_amount": "Won in {}",
    "win_rate": "Win rate in {}, of won and lost",
    "overdue_count": "Overdue deals",
    "stale_count": "Stale deals",
}


def _is_good(grown: Decimal | int | None, good: int) -> bool | None:
    return None if not grown else (grown > 0) == (good > 0)


def _figure(name: str, value: Decimal | int | None, currency: str) -> str:
    if value is None:
        return "none decided"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value} %" if name == "win_rate" else money(value, None, minor_digits(currency))


def _grown(name: str, grown: Decimal | int | None, currency: str) -> str:
    if grown is None:
        return "not known"
    if not grown:
        return "unchanged"
    sign = "+" if grown > 0 else "−"
    if isinstance(grown, int):
        return f"{sign}{abs(grown):,}"
    if name == "win_rate":
        return f"{sign}{abs(grown)} points"
    return sign + money(abs(grown), None, minor_digits(currency))


def _said_of(of: Whose, names: People) -> str:
    if of.owner:
        return names.users.label(of.owner)
    if of.team:
        return names.teams.label(of.team)
    return names.users.label(of.me) if of.me else ""
