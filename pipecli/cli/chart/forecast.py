"""`pipecli chart forecast`: what was won and what is weighted, in columns, with the targets."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.chart import Ground, Output, Shade, require_chart, write_chart
from pipecli.cli.chart.pictures import forecast_picture
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report
from pipecli.cli.common.session import session
from pipecli.cli.report.forecast_rows import made_of, window_of
from pipecli.cli.report.options import Currency, by_option, currency_code, grouping
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.reports.forecast import GROUPINGS

app = noun("The forecast in columns.")


@app.command(cls=Report)
def chart_forecast(
    ctx: typer.Context,
    output: Output,
    by: Annotated[str, by_option(GROUPINGS)] = "month",
    from_: Annotated[
        str, typer.Option("--from", help="Closing from this day or period on.", metavar="DATE")
    ] = "",
    to: Annotated[str, typer.Option("--to", help="Closing until this day or period.", metavar="DATE")] = "",
    currency: Currency = "",
    theme: Ground = Shade.LIGHT,
) -> None:
    """Draw the forecast: what was won and what is weighted, with the targets of the settings."""
    grouping(by, GROUPINGS)
    ending = require_chart(output, "forecast")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    window = window_of(by, from_, to, run.today)
    made = made_of(run, pipeline, by, window, currency_code(currency))
    write_chart(forecast_picture(run, made), output, ending, theme)
