"""`pipecli chart`: the reports as pictures, in a file for each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.output import ending_of, write_whole
from pipecli.cli.common.session import say, session
from pipecli.cli.report.pictures import (
    Picture,
    forecast_picture,
    funnel_picture,
    lost_picture,
    pipeline_picture,
)
from pipecli.cli.report.printing import (
    Currency,
    From,
    FromClose,
    Names,
    To,
    ToClose,
    by_option,
    currency_code,
    days,
    grouping,
    period_text,
)
from pipecli.cli.report.rows import made_of, window_of
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY
from pipecli.reports.forecast import GROUPINGS as FORECAST_GROUPINGS
from pipecli.reports.lost import GROUPINGS as LOST_GROUPINGS
from pipecli.reports.lost import PERIODS, lost
from pipecli.reports.money import Valuation
from pipecli.store.index.deals import closed_deals

app = noun()


class Shade(StrEnum):
    LIGHT = "light"
    DARK = "dark"


Output = Annotated[
    str, typer.Option("--output", "-o", help="The file to write: .svg, .png or .html.", metavar="FILE")
]
Ground = Annotated[
    Shade, typer.Option("--theme", help="Of .svg and .png; a page follows its reader's screen.")
]


def require_chart(output: str, name: str) -> str:
    """The ending of the file. Raises PipecliError for what can't be written, before any work is done."""
    from pipecli.outbox.charts.drawing import ENDINGS, require_altair

    ending = ending_of(output, ENDINGS, name)
    require_altair()
    return ending


def write_chart(picture: Picture, output: str, ending: str, theme: Shade) -> None:
    from pipecli.outbox.charts.drawing import chart_file

    write_whole(output, chart_file(picture.drawn, ending, theme.value, picture.title))
    say(f"{picture.title} is in {output}")


@app.command("pipeline", cls=Report)
def chart_pipeline(
    ctx: typer.Context,
    output: Output,
    from_: FromClose = "",
    to: ToClose = "",
    currency: Currency = "",
    theme: Ground = Shade.LIGHT,
) -> None:
    """Draw the open deals by expected close: coloured by lead score, a circle as large as the amount.

    A lane a stage; deals without an expected close stand in a field of their own. In a page the pointer tells
    which deal a circle is.
    """
    ending = require_chart(output, "pipeline")
    run = session(ctx)
    run.read(OPPORTUNITY)
    asked = days(from_, to, run.today)
    picture = pipeline_picture(run, owner_filter(run), asked, currency_code(currency))
    write_chart(picture, output, ending, theme)


@app.command("forecast", cls=Report)
def chart_forecast(
    ctx: typer.Context,
    output: Output,
    by: Annotated[str, by_option(FORECAST_GROUPINGS)] = "month",
    from_: Annotated[
        str, typer.Option("--from", help="Closing from this day or period on.", metavar="DATE")
    ] = "",
    to: Annotated[str, typer.Option("--to", help="Closing until this day or period.", metavar="DATE")] = "",
    currency: Currency = "",
    theme: Ground = Shade.LIGHT,
) -> None:
    """Draw the forecast: what was won and what is weighted, with the targets of the settings."""
    grouping(by, FORECAST_GROUPINGS)
    ending = require_chart(output, "forecast")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    window = window_of(by, from_, to, run.today)
    made = made_of(run, pipeline, by, window, currency_code(currency))
    write_chart(forecast_picture(run, made), output, ending, theme)


@app.command("funnel", cls=Report)
def chart_funnel(
    ctx: typer.Context, output: Output, from_: From = "", to: To = "", theme: Ground = Shade.LIGHT
) -> None:
    """Draw the funnel: of the leads and opportunities created between --from and --to, how far they got."""
    ending = require_chart(output, "funnel")
    run = session(ctx)
    run.read(LEAD, OPPORTUNITY)
    asked = days(from_, to, run.today)
    write_chart(funnel_picture(run, asked), output, ending, theme)


@app.command("lost", cls=Report)
def chart_lost(
    ctx: typer.Context,
    output: Output,
    by: Annotated[str, by_option(LOST_GROUPINGS)] = "reason",
    trend: Annotated[
        str, typer.Option(help="How it moved, by month or quarter.", metavar="month|quarter")
    ] = "",
    from_: From = "",
    to: To = "",
    currency: Currency = "",
    theme: Ground = Shade.LIGHT,
) -> None:
    """Draw what was lost and why: how many deals, by reason, competitor, product and the like."""
    grouping(by, LOST_GROUPINGS)
    if trend:
        grouping(trend, PERIODS, "--trend")
    ending = require_chart(output, "lost")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    asked = days(from_, to, run.today)
    names = Names(run, by)
    valuation = Valuation(pipeline.rates, currency_code(currency))
    deals = closed_deals(pipeline.index.connection, owner_filter(run), asked, with_products=by == "product")
    made = lost(deals, by=by, valuation=valuation, trend=trend or None)
    picture = lost_picture(made, names, valuation.currency, period_text(asked))
    write_chart(picture, output, ending, theme)
