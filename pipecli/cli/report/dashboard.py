"""`pipecli dashboard`: one page with the key figures now and then, charts and tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from pipecli.cli.common.command import Report, noun, option
from pipecli.cli.common.output import Format, ending_of, require_folder, write_text, write_whole
from pipecli.cli.common.session import Session, owner_filter, say
from pipecli.cli.common.typed_dates import parse_period
from pipecli.cli.report.chart import forecast_picture, funnel_picture, pipeline_picture
from pipecli.cli.report.dashboard_tables import (
    Tables,
    closed_table,
    forecast_table,
    forecast_tables,
    ranking_table,
    stale_table,
    untouched,
    untouched_table,
)
from pipecli.cli.report.forecast_rows_and_targets import ForecastNames, forecast_of, with_targets
from pipecli.cli.report.options_and_columns import Currency, currency_code
from pipecli.errors import PipecliError
from pipecli.extras import require_extra
from pipecli.history.commit_as_of import BeforeTheFirst
from pipecli.history.stage_visits import last_stage_changes
from pipecli.json_and_csv import dumps
from pipecli.outbox.dashboard_page import Content, Figure, FigureChange, Table, dashboard_page
from pipecli.records.days import Days
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY
from pipecli.reports.deal import Valuation
from pipecli.reports.forecast import Window
from pipecli.reports.lost_stale_and_receivables import Stale, stale_deals
from pipecli.reports.pipeline_key_figures_and_ranking import KeyFigures, figure_change, key_figures
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import closed_deals, open_deals
from pipecli.store.pipeline import Pipeline
from pipecli.translation import Words, user_language, words_of

app = noun()


@app.command(cls=Report)
def dashboard(
    run: Session,
    output: str = option(
        "The .html page, or a folder for index.html.", "FILE|DIR", "--output", "-o", default=...
    ),
    currency: Currency = "",
) -> None:
    """Write a page with the key figures, charts and tables, in one file that fetches nothing.

    Each key figure is shown with its value a week and a month ago, from the history of git. JSON has the
    figures of the page.
    """
    file = _file(output)
    require_extra("charts")
    content = content_of(run, owner_filter(run), currency_code(currency))

    page = dashboard_page(content).encode()
    if not file.parent.exists():
        file.parent.mkdir()
    write_whole(str(file), page)
    if run.format is Format.JSON:
        write_text(dumps({"file": str(file), **content.plain()}) + "\n")
    else:
        say(f"the dashboard is in {file}")


def _file(output: str) -> Path:
    """The page to write. Raises PipecliError for what can't be written, before any work is done."""
    path = Path(output)
    if path.suffix.lower() == ".html" and not path.is_dir():
        ending_of(output, (".html",), "dashboard")
        return path
    if path.exists() and not path.is_dir():
        raise PipecliError(
            f"{output} is neither a directory nor a .html", hint=f"name it {path.with_suffix('.html')}"
        )
    require_folder(output, "make it, or name another")
    return path / "index.html"


_AGO = {"since_a_week": 7, "since_a_month": 30}


def content_of(run: Session, of: OwnerFilter, currency: str | None) -> Content:
    """The page as it is to be said. Raises PipecliError for a missing rate."""
    pipeline = run.read(OPPORTUNITY, CUSTOMER, LEAD)
    quarter = parse_period("this quarter", run.today)
    days = Days(quarter.first, quarter.last)
    valuation = Valuation(pipeline.rates, currency)
    stale = _stale(pipeline, of, valuation)
    now = _figures(pipeline, of, days, valuation, stale)
    then = {name: _figures_ago(run, of, days, currency, ago) for name, ago in _AGO.items()}
    forecast = forecast_of(run, pipeline, "month", Window(run.today.replace(day=1), None), currency)
    quarterly = forecast_of(run, pipeline, "quarter", Window(days.first, None), currency)
    year = Days(run.today - timedelta(days=365), run.today)
    closed = closed_deals(pipeline.connection, of, year)
    tables = Tables(run, words_of(user_language(pipeline.settings_as_written, run.me())))
    words = tables.words
    groupings = ["team", "owner"] if pipeline.settings_as_written.get("teams") else ["owner"]
    by_people = [forecast_of(run, pipeline, by, Window(days.first, None), currency) for by in groupings]
    whole_quarter = Window(days.first, days.last, is_asked=True)  # whose targets count
    month = parse_period("this month", run.today)
    neglected = untouched(run, of, Days(month.first, month.last))
    code = valuation.currency
    one = of.owner or (None if of.team else of.me)
    whose = tables.users.label(one) if one else tables.teams.label(of.team) if of.team else ""
    untouched_title = words.fill("untouched_title", period=words.period(month.name), currency=code)

    def ended(status: str, title: str, nothing: str) -> Table:
        return closed_table(tables, closed, status, valuation, words.fill(title, currency=code), nothing)

    return Content(
        company=str(pipeline.settings_as_written["company"]["name"]),
        owner_filter=whose,
        today=run.today,
        currency=code,
        period=quarter.name,
        figures=[
            *_shown(words, now, then, code, quarter.name),
            *_target(run, words, days, currency, quarter.name),
        ],
        parts=[
            forecast_picture(run, forecast, words),
            *forecast_tables(tables, forecast, quarterly),
            *(forecast_table(tables, report._replace(window=whole_quarter)) for report in by_people),
            pipeline_picture(run, of, Days(), currency, words),
            ranking_table(tables, of, days, valuation, quarter.name),
            stale_table(tables, stale, code),
            untouched_table(tables, neglected, valuation, untouched_title, words.untouched_note),
            funnel_picture(run, year, words),
            ended("won", "recent_wins", words.nothing_won_in_a_year),
            ended("lost", "recent_losses", words.nothing_lost_in_a_year),
        ],
        untouched=sorted(deal.id for deal in neglected),
        words=words,
    )


def _stale(pipeline: Pipeline, of: OwnerFilter, valuation: Valuation) -> Stale:
    deals = open_deals(pipeline.connection, of, Days(), with_activities=True)
    moves = last_stage_changes(pipeline, deals, say)
    return stale_deals(deals, moves=moves, valuation=valuation, today=pipeline.today)


def _figures(
    pipeline: Pipeline, of: OwnerFilter, days: Days, valuation: Valuation, stale: Stale
) -> KeyFigures:
    return key_figures(
        open_deals(pipeline.connection, of, Days()),
        closed_deals(pipeline.connection, of, days),
        stale_count=stale.totals.stale_count,
        days=days,
        today=pipeline.today,
        valuation=valuation,
    )


def _figures_ago(
    run: Session, of: OwnerFilter, days: Days, currency: str | None, ago: int
) -> KeyFigures | None:
    """The figures of a day before; None where history doesn't reach so far, or can't tell."""
    day = run.today - timedelta(days=ago)
    try:
        past = run.past_pipeline(day.isoformat())
    except BeforeTheFirst:
        return None
    try:
        past.require_readable(OPPORTUNITY, CUSTOMER)
        valuation = Valuation(past.rates, currency)
        return _figures(past, of, days, valuation, _stale(past, of, valuation))
    except PipecliError as error:
        say(f"warning: {day}: {error}")
        return None
    finally:
        past.close()


_FIGURES = {
    "open_count": 1, "open_amount": 1, "weighted": 1, "won_amount": 1, "win_rate": 1,
    "overdue_count": -1, "stale_count": -1,
}  # fmt: skip
"""The figures of the page, and whether more of one is good."""


def _shown(
    words: Words, now: KeyFigures, then: dict[str, KeyFigures | None], currency: str, period: str
) -> Iterator[Figure]:
    for name, good in _FIGURES.items():
        value = getattr(now, name)
        changes = []
        for when, old in then.items():
            grown = figure_change(now, old, name)
            is_good = (grown > 0) == (good > 0) if grown else None
            changes.append(FigureChange(getattr(words, when), _grown(words, name, grown, currency), is_good))
        title = words.fill(f"figure_{name}", period=words.period(period))
        yield Figure(name, title, _figure(words, name, value, currency), value, changes)


def _target(run: Session, words: Words, days: Days, currency: str | None, period: str) -> Iterator[Figure]:
    """The attainment of the quarter's target, where there is one."""
    report = forecast_of(run, run.pipeline, "quarter", Window(days.first, days.last, is_asked=True), currency)
    total = with_targets(run, report, "quarter", ForecastNames(run, "quarter")).total
    percent = total.get("attainment_percent")
    if percent is not None:
        name = "attainment_percent"
        note = words.fill("of_target", amount=words.money(total["target"], report.currency, named=False))
        yield Figure(
            name,
            words.fill(f"figure_{name}", period=words.period(period)),
            words.percent(percent),
            percent,
            [],
            note,
        )


def _figure(words: Words, name: str, value: Decimal | int | None, currency: str) -> str:
    if value is None:
        return words.none_decided
    if isinstance(value, int):
        return words.figure(value)
    return words.percent(value) if name == "win_rate" else words.money(value, currency, named=False)


def _grown(words: Words, name: str, grown: Decimal | int | None, currency: str) -> str:
    if grown is None:
        return words.not_known
    if not grown:
        return words.unchanged
    size = max(grown, -grown)
    if name == "win_rate":
        text = words.fill("points_more", n=words.exact(size))
    else:
        text = words.money(size, currency, named=False) if isinstance(size, Decimal) else words.figure(size)
    return f"{'+' if grown > 0 else '−'}{text}"
