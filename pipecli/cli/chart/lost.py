"""`pipecli chart lost`: what was lost and why, in bars; with a trend in columns."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from pipecli.cli.chart import Ground, Output, Picture, Shade, amount_in, require_chart, write_chart
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.session import session
from pipecli.cli.report.options import (
    Currency,
    From,
    Names,
    To,
    by_option,
    currency_code,
    days,
    grouping,
    said,
)
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.reports.lost import GROUPINGS, PERIODS, Lost, lost
from pipecli.reports.money import Valuation
from pipecli.store.index.deals import closed_deals

app = noun("What was lost, and why.")

_MOST_SERIES = 7
"""Colours that can be told apart; what is rarer is drawn as one."""
_MOST_BARS = 40


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
    picture = lost_picture(made, names, valuation.currency, said(asked))
    write_chart(run, picture, output, ending, theme)


def lost_picture(made: Lost, names: Names, currency: str, when: str) -> Picture:
    """The chart of a report on what was lost."""
    from pipecli.outbox.charts.bars import Part, columns, rows

    rows_ = [row for row in made.rows if row.lost_count]
    title = f"Lost deals by {made.by}" + (f", {when}" if when else "")
    total = f"{made.totals.lost_count} lost, worth {amount_in(made.totals.lost_amount, currency)}"
    if made.trend:
        frequent = Counter[str]()
        for row in rows_:
            frequent[names.label(row.key, row.process)] += row.lost_count
        told_apart = {name for name, _ in frequent.most_common(_MOST_SERIES)}
        parts = []
        for row in rows_:
            name = names.label(row.key, row.process)
            words = f"{row.period}, {name}: {row.lost_count}, {amount_in(row.lost_amount, currency)}"
            parts.append(
                Part(row.period or "", name if name in told_apart else "other", row.lost_count, words)
            )
        parts.sort(key=lambda part: (-frequent[part.series], part.series, part.bar))
        return Picture(
            f"{title}, by {made.trend}",
            lambda theme: columns(
                parts, title=title, subtitle=total, axis="lost deals", theme=theme, money=False,
                order=[row.period or "" for row in made.periods],
            ),
        )  # fmt: skip
    shown = rows_[:_MOST_BARS]
    bars = [
        Part(
            names.label(row.key, row.process), "lost", row.lost_count,
            f"{names.label(row.key, row.process)}: {row.lost_count}, {amount_in(row.lost_amount, currency)}",
        )
        for row in shown
    ]  # fmt: skip
    labels = [f"{row.lost_count} ({row.share} %), {amount_in(row.lost_amount, currency)}" for row in shown]
    more = f"; the {_MOST_BARS} most frequent of {len(rows_)}" if len(rows_) > _MOST_BARS else ""
    return Picture(
        title,
        lambda theme: rows(
            bars, title=title, subtitle=f"{total}; percent of all lost{more}", theme=theme, labels=labels
        ),
    )
