"""`pipecli chart pipeline`: open deals by expected close, coloured by score, circles as large as amounts."""

from __future__ import annotations

import typer

from pipecli.cli.chart import Ground, Output, Shade, require_chart, write_chart
from pipecli.cli.chart.pictures import pipeline_picture
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.session import session
from pipecli.cli.report.options import Currency, FromClose, ToClose, currency_code, days
from pipecli.records.kinds import OPPORTUNITY

app = noun("Open deals by expected close.")


@app.command(cls=Report)
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
