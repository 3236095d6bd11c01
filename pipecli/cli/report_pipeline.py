"""`pipecli report pipeline`: what stands at which stage, and whose it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.command import noun
from pipecli.cli.output import Format, terminal_width, write_text
from pipecli.cli.report_names import Names
from pipecli.cli.report_options import (
    Currency,
    FromClose,
    ToClose,
    by_option,
    currency_code,
    days,
    grouping,
    said,
)
from pipecli.cli.report_page import fitted, print_report
from pipecli.cli.session import session
from pipecli.cli.table import Column
from pipecli.cli.whose import Report, whose
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.reports.money import Valuation
from pipecli.reports.pipeline import GROUPINGS, Key, Matrix, Sum, pipeline
from pipecli.store.index.deals import open_deals

app = noun("What stands at which stage.")


@app.command(cls=Report)
def report_pipeline(
    ctx: typer.Context,
    by: Annotated[str, by_option(GROUPINGS)] = "owner",
    from_: FromClose = "",
    to: ToClose = "",
    currency: Currency = "",
) -> None:
    """Print what stands at which stage.

    How many open deals, what they are worth, and whose they are. Without --from and --to every open deal
    counts. The cells of the table are rounded to three digits; every other format has all of them.
    """
    grouping(by, GROUPINGS)
    run = session(ctx)
    read = run.read(OPPORTUNITY, *([CUSTOMER] if by == "customer" else []))
    asked = days(from_, to, run.today)
    valuation = Valuation(read.rates, currency_code(currency))
    names, stages = Names(run, by), Names(run, "stage")
    made = pipeline(
        open_deals(read.index.connection, whose(run), asked),
        by=by, valuation=valuation, today=run.today, order=stages.stages(),
    )  # fmt: skip
    when = f", closing {said(asked)}" if said(asked) else ""
    caption = f"Open deals by stage and {by} in {valuation.currency} on {run.today}{when}"
    if run.format is Format.TABLE and made.matrices:
        from pipecli.cli.report_pipeline_table import drawn

        write_text(f"{fitted(caption)}\n{drawn(made, names, stages, valuation.currency, terminal_width())}")
        return
    about = {
        "by": by,
        "currency": valuation.currency,
        "today": run.today,
        "from": asked.first,
        "to": asked.last,
        "totals": made.totals._asdict(),
        "processes": [_process(each, names, stages) for each in made.matrices],
    }
    rows = [
        {**_key(key, names), "process": each.process, **_stage(each, stage, stages), **total._asdict()}
        for each in made.matrices
        for (key, stage), total in each.cells.items()
    ]
    print_report(run, caption, rows, _COLUMNS, about=about, nothing="no deal is open")


_COLUMNS = [Column(name, name.upper()) for name in ("key", "process", "stage")] + [
    Column(name, name.replace("_", " ").upper(), align="right") for name in Sum._fields
]


def _process(matrix: Matrix, names: Names, stages: Names) -> dict[str, Any]:
    """The sums of one process with the keys of JSON."""
    return {
        "process": matrix.process,
        "totals": matrix.totals._asdict(),
        "keys": [_key(key, names) | total._asdict() for key, total in matrix.keys.items()],
        "stages": [_stage(matrix, stage, stages) | total._asdict() for stage, total in matrix.stages.items()],
    }


def _key(key: Key, names: Names) -> dict[str, Any]:
    name = names.name(key)
    return {"key": key, **({"name": name} if name else {})}


def _stage(matrix: Matrix, stage: str, stages: Names) -> dict[str, Any]:
    name = stages.name(stage, matrix.process)
    return {"stage": stage, **({"stage_name": name} if name else {})}
