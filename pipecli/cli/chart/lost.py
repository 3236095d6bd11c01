"""`pipecli chart lost`: what was lost and why, in bars; with a trend in columns."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.chart import Ground, Output, Shade, require_chart, write_chart
from pipecli.cli.chart.pictures import lost_picture
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.session import session
from pipecli.cli.report.options import (
    Currency,
    From,
    To,
    by_option,
    currency_code,
    days,
    grouping,
    period_text,
)
from pipecli.cli.report.printing import Names
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.reports.lost import GROUPINGS, PERIODS, lost
from pipecli.reports.money import Valuation
from pipecli.store.index.deals import closed_deals

app = noun("What was lost, and why.")


@app.command(cls=Report)
def chart_lost(
    ctx: typer.Context,
    output: Output,
    by: Annotated[str, by_option(GROUPINGS)] = "reason",
    trend: Annotated[
        str, typer.Option(help="How it moved, by month or quarter.", metavar="month|quarter")
    ] = "",
    from_: From = "",
    to: To = "",
    currency: Currency = "",
    theme: Ground = Shade.LIGHT,
) -> None:
    """Draw what was lost and why: how many deals, by reason, competitor, product and the like."""
    grouping(by, GROUPINGS)
    if trend:
        grouping(trend, PERIODS, "--trend")
    ending = require_chart(output, "lost")
    run = session(ctx)
    pipeline = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    asked = days(from_, to, run.today)
    names = Names(run, by)
    valuation = Valuation(pipeline.rates, currency_code(currency))
    found = closed_deals(pipeline.index.connection, owner_filter(run), asked, with_products=by == "product")
    made = lost(found, by=by, valuation=valuation, trend=trend or None)
    picture = lost_picture(made, names, valuation.currency, period_text(asked))
    write_chart(picture, output, ending, theme)
