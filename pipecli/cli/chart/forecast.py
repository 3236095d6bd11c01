"""`pipecli chart forecast`: what was won and what is weighted, in columns, with the targets."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from pipecli.cli.chart import Ground, Output, Picture, Shade, amount_in, require_chart, write_chart
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report
from pipecli.cli.common.session import Session, session
from pipecli.cli.report.forecast_rows import Names, label
from pipecli.cli.report.options import Currency, by_option, currency_code, grouping
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.reports.forecast import GROUPINGS, PERIODS, Forecast

app = noun("The forecast in columns.")

_MOST_COLUMNS = 24
"""Of owners, customers and the like, the heaviest first: more can't be told apart."""


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
    from pipecli.cli.report.forecast import made_of, window_of

    grouping(by, GROUPINGS)
    ending = require_chart(output, "forecast")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    window = window_of(by, from_, to, run.today)
    made = made_of(run, pipeline, by, window, currency_code(currency))
    write_chart(run, forecast_picture(run, made), output, ending, theme)


def forecast_picture(run: Session, made: Forecast) -> Picture:
    """The chart of a forecast. Raises MissingRate for a target."""
    from pipecli.cli.report.forecast_rows import even_shares, with_targets
    from pipecli.outbox.charts.bars import Part, columns, distinct

    every = with_targets(run, made, made.by, Names(run, made.by)).rows
    found = every if made.by in PERIODS else every[:_MOST_COLUMNS]
    names = distinct([label(row, made.by) for row in found])
    shares = even_shares(run, made) if made.by == "month" else {}

    def part(row: dict[str, Any], name: str, series: str, amount: Decimal) -> Part:
        words = f"{label(row, made.by)}, {series}: {amount_in(amount, made.currency)}"
        return Part(name, series, float(amount), words)

    parts = [
        part(row, name, series, row[key])
        for series, key in (("won", "won_amount"), ("weighted", "weighted"))
        for row, name in zip(found, names, strict=True)
    ]
    targets = [
        part(row, name, "target", row["target"])
        for row, name in zip(found, names, strict=True)
        if "target" in row
    ] + [
        part(
            row, name, f"an even part of the target of {shares[row['key']].period}", shares[row["key"]].amount
        )
        for row, name in zip(found, names, strict=True)
        if row["key"] in shares
    ]
    title = f"Forecast by {made.by} in {made.currency}"
    said = "; ".join(
        [
            "won, and weighted by probability" if found else "nothing is expected, and nothing was won",
            *(["the bar across is the target"] if targets else []),
            *(["where a month has none, an even part of its quarter's or year's"] if shares else []),
            *([f"the first {len(found)} of {len(every)}"] if len(found) < len(every) else []),
        ]
    )
    return Picture(
        title,
        lambda theme: columns(
            parts, title=title, subtitle=said, axis=made.currency, theme=theme, targets=targets
        ),
    )
