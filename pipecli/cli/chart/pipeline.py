"""`pipecli chart pipeline`: open deals by expected close, coloured by score, circles as large as amounts."""

from __future__ import annotations

import typer

from pipecli.cli.chart import Ground, Output, Picture, Shade, amount_in, require_chart, write_chart
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.session import Session, session
from pipecli.cli.report.options import Currency, FromClose, Names, ToClose, currency_code, days
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.days import Days
from pipecli.reports.deals import Deal
from pipecli.reports.money import Valuation
from pipecli.store.index.deals import OwnerFilter, open_deals

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
    write_chart(run, picture, output, ending, theme)


def pipeline_picture(run: Session, of: OwnerFilter, asked: Days, currency: str | None) -> Picture:
    """The chart of the open deals that close on these days. Raises PipecliError for a missing rate."""
    from pipecli.outbox.charts.pipeline import Dot, pipeline_chart

    valuation = Valuation(run.pipeline.rates, currency)
    names, deals = Names(run, "stage"), open_deals(run.pipeline.index.connection, of, asked)
    processes = {deal.process for deal in deals}
    customers = dict(run.pipeline.index.connection.execute("SELECT id, name FROM _customers").fetchall())

    def lane(process: str | None, stage: str | None) -> str:
        label = names.label(stage, process)
        return label if len(processes) < 2 else f"{process}: {label}"

    def dot(deal: Deal) -> Dot:
        amount = valuation.amount(deal, run.today)
        who = customers.get(deal.customer or "", deal.customer)
        score = "no score" if deal.score is None else f"score {deal.score}"
        words = [
            f"{deal.title} ({deal.id})",
            *([who] if who else []),
            f"{amount_in(amount, valuation.currency)}, {score}",
            f"{names.label(deal.stage, deal.process)}, {_close(deal)}, {deal.owner or 'no owner'}",
        ]
        return Dot(deal.id, lane(deal.process, deal.stage), deal.score, amount, deal.close, "\n".join(words))

    dots = [dot(deal) for deal in deals]
    lanes = [lane(*key) for key in names.stages() if key[0] in processes]
    lanes += sorted({dot.stage for dot in dots} - set(lanes))
    title = f"{len(dots)} open deal{'s' * (len(dots) != 1)} by expected close, in {valuation.currency}"
    return Picture(
        title, lambda theme: pipeline_chart(dots, lanes, title=title, today=run.today, theme=theme)
    )


def _close(deal: Deal) -> str:
    return f"close {deal.close}" if deal.close else "no expected close"
