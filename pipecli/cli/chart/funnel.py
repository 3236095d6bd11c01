"""`pipecli chart funnel`: from leads to won deals, a bar a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from pipecli.cli.chart import Ground, Output, Picture, Shade, require_chart, write_chart
from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report
from pipecli.cli.common.session import Session, session
from pipecli.cli.report.funnel import funnel_of, steps_of
from pipecli.cli.report.options import From, Names, To, days, said
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.days import Days
from pipecli.reports.money import Valuation

app = noun("From leads to won deals.")

_ENDED = ("lost", "closed", "open")
"""Steps that lead out of the funnel, or nowhere yet."""


@app.command(cls=Report)
def chart_funnel(
    ctx: typer.Context, output: Output, from_: From = "", to: To = "", theme: Ground = Shade.LIGHT
) -> None:
    """Draw the funnel: of the leads and opportunities created between --from and --to, how far they got."""
    ending = require_chart(output, "funnel")
    run = session(ctx)
    run.read(LEAD, OPPORTUNITY)
    asked = days(from_, to, run.today)
    write_chart(run, funnel_picture(run, asked), output, ending, theme)


def funnel_picture(run: Session, asked: Days) -> Picture:
    """The chart of the funnel of what was created on these days."""
    from pipecli.outbox.charts.bars import Part, rows

    names = Names(run, "stage")
    valuation = Valuation(run.pipeline.rates)
    made = funnel_of(run, "step", asked, valuation, names, has_stages=True)
    steps = [step for step in steps_of(made, names) if step["key"] not in _ENDED]
    several = len({stage.process for stage in made.stages}) > 1
    called = [_label(step, names, is_named=several) for step in steps]
    parts = [
        Part(name, step["half"], step["count"], f"{name}: {step['count']}, {_share(step)}")
        for name, step in zip(called, steps, strict=True)
    ]
    when = f"created {said(asked)}" if said(asked) else "of all that was created"
    what = f"{when}; percent of the leads, and of the opportunities" if steps else "nothing was created"
    labels = [f"{step['count']} ({_share(step)})" if _share(step) else f"{step['count']}" for step in steps]
    return Picture(
        "Funnel", lambda theme: rows(parts, title="Funnel", subtitle=what, theme=theme, labels=labels)
    )


def _label(step: Mapping[str, Any], names: Names, *, is_named: bool) -> str:
    if step["process"] is not None:
        process = f"{step['process']}: " if is_named else ""
        return f"{process}{names.label(step['key'], step['process'])} or further"
    if step["key"] == step["half"]:
        return str(step["key"])
    return f"{step['half']}: {step['key']}"


def _share(step: Mapping[str, Any]) -> str:
    return "" if step["share"] is None else f"{step['share']} %"
