"""`pipecli chart forecast`: what was won and what is weighted, in columns, with the targets."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.chart_options import Ground, Output, Picture, Shade, amount_in, require_chart, write_chart
from pipecli.cli.command import noun
from pipecli.cli.forecast_rows import Names, label
from pipecli.cli.report_options import Currency, by_option, currency_code, grouping
from pipecli.cli.session import Session, session
from pipecli.cli.whose import Report
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.reports.forecast import GROUPINGS, Forecast

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
    from pipecli.cli.forecast import made_of, window_of

    grouping(by, GROUPINGS)
    ending = require_chart(output, "forecast")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    window = window_of(by, from_, to, run.today)
    made = made_of(run, pipeline, by, window, currency_code(currency))
    write_chart(run, forecast_picture(run, made), output, ending, theme)


def forecast_picture(run: Session, made: Forecast) -> Picture:
    """The chart of a forecast. Raises MissingRate for a target."""
    from pipecli.cli.forecast_targets import with_targets
    from pipecli.outbox.charts.bars import Part, columns

    found = with_targets(run, made, made.by, Names(run, made.by)).rows

    def part(row: dict[str, Any], series: str, key: str) -> Part:
        name = label(row, made.by)
        return Part(name, series, float(row[key]), f"{name}, {series}: {amount_in(row[key], made.currency)}")

    parts = [
        part(row, series, key)
        for series, key in (("won", "won_amount"), ("weighted", "weighted"))
        for row in found
    ]
    targets = [part(row, "target", "target") for row in found if "target" in row]
    title = f"Forecast by {made.by} in {made.currency}"
    said = "won, and weighted by probability" + ("; the bar across is the target" if targets else "")
    return Picture(
        title,
        lambda theme: columns(
            parts, title=title, subtitle=said, axis=made.currency, theme=theme, targets=targets
        ),
    )
