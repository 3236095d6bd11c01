"""`pipecli dashboard`: one page with the key figures now and then, charts and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.dates import parse_period
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.output import Format, ending_of, write_text, write_whole
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import money
from pipecli.cli.report import rows as forecast_rows
from pipecli.cli.report.chart import forecast_picture, funnel_picture, pipeline_picture
from pipecli.cli.report.printing import Currency, Names, currency_code
from pipecli.cli.report.rows import ForecastNames, label, made_of, with_targets
from pipecli.errors import PipecliError
from pipecli.history.moments import BeforeTheFirst
from pipecli.history.stages import last_moves
from pipecli.outbox.dashboard import Cell, Change, Content, Figure, Picture, Table
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.activity import touched
from pipecli.reports.deals import Days, Deal, Valuation
from pipecli.reports.forecast import Forecast, Window
from pipecli.reports.pipeline import KeyFigures, change, key_figures
from pipecli.reports.ranking import before, points_of, ranking
from pipecli.reports.stale import Stale, stale
from pipecli.store.index.rows import activities, closed_deals, open_deals
from pipecli.store.index.views import OwnerFilter
from pipecli.store.pipeline import Pipeline

app = noun("Write a page with the key figures, charts and tables.")


@app.command(cls=Report)
def dashboard(
    ctx: typer.Context,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="The page, .html, or a directory for an index.html.", metavar="FILE|DIR"
        ),
    ],
    currency: Currency = "",
) -> None:
    """Write a page with the key figures, charts and tables, in one file that fetches nothing.

    The key figures stand beside what they were a week and a month ago, as git's history tells. JSON has the
    figures of the page.
    """
    from pipecli.outbox.charts import require_altair

    file = _file(output)
    require_altair()
    run = session(ctx)
    content = content_of(run, owner_filter(run), currency_code(currency))
    from pipecli.outbox.dashboard import dashboard_page

    page = dashboard_page(content).encode()
    if not file.parent.exists():
        file.parent.mkdir()
    write_whole(str(file), page)
    if run.format is Format.JSON:
        from pipecli.formats import dumps

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
            f"{output} is no directory and no .html", hint=f"name it {path.with_suffix('.html')}"
        )
    if not path.parent.is_dir():
        raise PipecliError(f"{output}: there is no directory {path.parent}", hint="make it, or name another")
    return path / "index.html"


_MOST_ROWS = 12


class People:
    """The names of users, teams, customers, stages and competitors."""

    def __init__(self, run: Session) -> None:
        self.users, self.customers, self.stages = (Names(run, by) for by in ("owner", "customer", "stage"))
        self.teams, self.competitors = Names(run, "team"), Names(run, "competitor")


def _amount(value: Decimal | None, currency: str) -> Cell:
    text = "" if value is None else money(value, None, minor_digits(currency))
    return Cell(text, float(value or 0), kind="number")


def _count(value: int) -> Cell:
    return Cell(f"{value:,}", value, kind="number")


def forecast_tables(run: Session, monthly: Forecast, quarterly: Forecast) -> list[Table]:
    """The forecast by month; and by quarter, where targets are of quarters and not of months."""
    tables = [_forecast_table(run, made) for made in (monthly, quarterly)]
    by_month, by_quarter = (_TARGET in table.headings for table in tables)
    return tables if by_quarter and not by_month else tables[:1]


_TARGET = "Target"


def _forecast_table(run: Session, made: Forecast) -> Table:
    rows, total, _ = with_targets(run, made, made.by, forecast_rows.ForecastNames(run, made.by))
    has_targets = any("target" in row for row in rows)

    def cells(row: dict[str, Any], name: str, place: int) -> list[Cell]:
        percent = row.get("attainment_percent")
        return [
            Cell(name, place),
            _count(row["open_count"]),
            _amount(row["weighted"], made.currency),
            _amount(row["won_amount"], made.currency),
            *(
                [
                    _amount(row.get("target"), made.currency),
                    Cell("" if percent is None else f"{percent:,} %", float(percent or 0), kind="number"),
                ]
                if has_targets
                else []
            ),
        ]

    return Table(
        f"Forecast by {made.by}, in {made.currency}",
        [made.by.title(), "Open", "Weighted", "Won", *([_TARGET, "Won of it"] if has_targets else [])],
        [cells(row, label(row, made.by), place) for place, row in enumerate(rows)],
        total=cells(total, "Total", len(rows)),
        nothing="Nothing is expected, and nothing was won since the beginning of the "
        f"{'month' if made.by == 'month' else 'quarter'}.",
    )


def ranking_table(
    run: Session, of: OwnerFilter, days: Days, valuation: Valuation, names: People, period: str
) -> Table:
    pipeline = run.pipeline
    previous = before(days)
    reaching = Days(previous.first if previous else days.first, days.last)
    made = ranking(
        closed_deals(pipeline.index.connection, of, reaching),
        by="owner", days=days, points=points_of(pipeline.settings_as_written), base=Valuation(pipeline.rates),
        shown=valuation,
    )  # fmt: skip
    return Table(
        f"Ranking of {period}, in {valuation.currency}",
        ["Rank", "Who", "Points", "Won", "Amount", "Win rate"],
        [
            [
                Cell(str(row.rank or ""), row.rank or 10**9, kind="number"),
                Cell(names.users.label(row.key), names.users.label(row.key)),
                Cell(f"{row.points:,.1f}", float(row.points), kind="number"),
                _count(row.won_count),
                _amount(row.won_amount, valuation.currency),
                Cell(
                    "" if row.win_rate is None else f"{row.win_rate} %",
                    float(row.win_rate or 0),
                    kind="number",
                ),
            ]
            for row in made.rows[:_MOST_ROWS]
        ],
        nothing="Nothing was won or lost.",
        note="win rate: of the won and the lost",
        more=max(len(made.rows) - _MOST_ROWS, 0),
    )


def stale_table(made: Stale, names: People, currency: str) -> Table:
    return Table(
        f"Stale deals, in {currency}",
        ["Deal", "Customer", "Owner", "Stage", "Amount", "Days still"],
        [
            [
                Cell(deal.deal.title, deal.deal.title, note=deal.deal.id),
                Cell(_customer(deal.deal.customer, names), _customer(deal.deal.customer, names)),
                Cell(names.users.label(deal.deal.owner), names.users.label(deal.deal.owner)),
                Cell(names.stages.label(deal.deal.stage, deal.deal.process), deal.deal.stage),
                _amount(deal.amount, currency),
                _count(deal.days),
            ]
            for deal in made.deals[:_MOST_ROWS]
        ],
        nothing="No deal stands still.",
        more=max(len(made.deals) - _MOST_ROWS, 0),
    )


def untouched_table(
    deals: Sequence[Deal], names: People, valuation: Valuation, today: date, period: str
) -> Table:
    worth = sorted(
        ((valuation.amount(deal, today), deal) for deal in deals), key=lambda pair: -(pair[0] or 0)
    )
    return Table(
        f"Untouched in {period}, in {valuation.currency}",
        ["Deal", "Customer", "Owner", "Stage", "Amount"],
        [
            [
                Cell(deal.title, deal.title, note=deal.id),
                Cell(_customer(deal.customer, names), _customer(deal.customer, names)),
                Cell(names.users.label(deal.owner), names.users.label(deal.owner)),
                Cell(names.stages.label(deal.stage, deal.process), deal.stage),
                _amount(amount, valuation.currency),
            ]
            for amount, deal in worth[:_MOST_ROWS]
        ],
        nothing="Something was done on every open deal.",
        note="open, and nobody did anything on them this month",
        more=max(len(worth) - _MOST_ROWS, 0),
    )


def _untouched(run: Session, of: OwnerFilter, month: Days) -> list[Deal]:
    """The open deals on which nobody did anything this month, as `report activity` counts them."""
    connection = run.pipeline.index.connection
    assert run.now.tzinfo
    done = touched(activities(connection, run.now.tzinfo), month)
    return [deal for deal in open_deals(connection, of, Days()) if deal.id not in done]


def _customer(slug: str | None, names: People) -> str:
    return names.customers.label(slug) if slug else ""


def closed_table(closed: list[Deal], status: str, names: People, valuation: Valuation) -> Table:
    ended = (deal for deal in closed if deal.status == status)
    newest = sorted(ended, key=lambda deal: (deal.ended, deal.id), reverse=True)[:_MOST_ROWS]
    is_lost = status == "lost"

    def cells(deal: Deal) -> list[Cell]:
        why = ", ".join([*deal.reasons, *(names.competitors.label(slug) for slug in deal.lost_to if is_lost)])
        return [
            Cell(str(deal.ended), str(deal.ended), kind="day"),
            Cell(deal.title, deal.title, note=deal.id),
            Cell(_customer(deal.customer, names), _customer(deal.customer, names)),
            Cell(names.users.label(deal.owner), names.users.label(deal.owner)),
            *([Cell(why, why)] if is_lost else []),
            _amount(valuation.amount(deal), valuation.currency),
        ]

    return Table(
        f"Recent {'losses' if is_lost else 'wins'}, in {valuation.currency}",
        ["Closed", "Deal", "Customer", "Owner", *(["Why"] if is_lost else []), "Amount"],
        [cells(deal) for deal in newest],
        nothing=f"Nothing was {status} in a year.",
    )


_AGO = {"a week ago": 7, "a month ago": 30}


def content_of(run: Session, of: OwnerFilter, currency: str | None) -> Content:
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
    groupings = ["team", "owner"] if pipeline.settings_as_written.get("teams") else ["owner"]
    by_people = [made_of(run, pipeline, by, Window(days.first, None), currency) for by in groupings]
    whole_quarter = Window(days.first, days.last, is_asked=True)  # whose targets count
    month = parse_period("this month", run.today)
    idle = _untouched(run, of, Days(month.first, month.last))
    return Content(
        company=str(pipeline.settings_as_written["company"]["name"]),
        owner_filter=_said_of(of, names),
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
            *(_forecast_table(run, made._replace(window=whole_quarter)) for made in by_people),
            Picture(*pipeline_picture(run, of, Days(), currency)),
            ranking_table(run, of, days, valuation, names, quarter.name),
            stale_table(standing_still, names, valuation.currency),
            untouched_table(idle, names, valuation, run.today, month.name),
            Picture(*funnel_picture(run, year)),
            closed_table(closed, "won", names, valuation),
            closed_table(closed, "lost", names, valuation),
        ],
        untouched=sorted(deal.id for deal in idle),
    )


def _stale(pipeline: Pipeline, of: OwnerFilter, valuation: Valuation) -> Stale:
    deals = open_deals(pipeline.index.connection, of, Days(), with_activities=True)
    moves = last_moves(pipeline, deals, say)
    return stale(deals, moves=moves, valuation=valuation, today=pipeline.today)


def _figures(
    pipeline: Pipeline, of: OwnerFilter, days: Days, valuation: Valuation, standing_still: Stale
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


def _figures_ago(
    run: Session, of: OwnerFilter, days: Days, currency: str | None, ago: int
) -> KeyFigures | None:
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
    """The attainment of the quarter's target, where there is one."""
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


def _said_of(of: OwnerFilter, names: People) -> str:
    if of.owner:
        return names.users.label(of.owner)
    if of.team:
        return names.teams.label(of.team)
    return names.users.label(of.me) if of.me else ""
