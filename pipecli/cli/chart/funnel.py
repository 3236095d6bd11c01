"""`pipecli chart funnel`: from leads to won deals, a bar a step."""

from __future__ import annotations

import typer

from pipecli.cli.chart import Ground, Output, Shade, require_chart, write_chart
from pipecli.cli.chart.pictures import funnel_picture
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report
from pipecli.cli.common.session import session
from pipecli.cli.report.options import From, To, days
from pipecli.records.kinds import LEAD, OPPORTUNITY

app = noun("From leads to won deals.")


@app.command(cls=Report)
def chart_funnel(
    ctx: typer.Context, output: Output, from_: From = "", to: To = "", theme: Ground = Shade.LIGHT
) -> None:
    """Draw the funnel: of the leads and opportunities created between --from and --to, how far they got."""
    ending = require_chart(output, "funnel")
    run = session(ctx)
    run.read(LEAD, OPPORTUNITY)
    asked = days(from_, to, run.today)
    write_chart(funnel_picture(run, asked), output, ending, theme)
