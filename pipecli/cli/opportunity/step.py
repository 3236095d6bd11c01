"""`opportunity step`: the checklists of the stages."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.record_verbs import Ref
from pipecli.cli.common.session import session
from pipecli.cli.common.table import Column

app = noun("Steps of the stages: done, undo, list.")

_Step = Annotated[str, typer.Argument(help="Its text, or words of it.", metavar="STEP")]


@app.command(cls=Changing)
def done(ctx: typer.Context, ref: Ref, step: _Step) -> None:
    """Note a step as done."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.advance import complete_step

    with changing(ctx) as transaction:
        transaction.do(complete_step(transaction.get(Opportunity, ref), transaction.settings, step))


@app.command(cls=Changing)
def undo(ctx: typer.Context, ref: Ref, step: _Step) -> None:
    """Note a step as not done."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.advance import undo_step

    with changing(ctx) as transaction:
        transaction.do(undo_step(transaction.get(Opportunity, ref), transaction.settings, step))


@app.command("list")
def list_(ctx: typer.Context, ref: Ref) -> None:
    """List the steps of every stage, and which are done."""
    from pipecli.cli.common.change import record_json
    from pipecli.cli.common.output import print_records
    from pipecli.records.kinds import OPPORTUNITY
    from pipecli.store.lookup import resolve

    run = session(ctx)
    found = resolve(run.pipeline, ref, OPPORTUNITY)
    deal = record_json(run, found.noun, found.key)
    process: dict[str, Any] = run.pipeline.settings_as_written["processes"].get(deal["process"], {})
    steps = [
        {"stage": stage["id"], "step": step, "done": step in deal.get("steps_done", ())}
        for stage in process.get("stages", ())
        for step in stage.get("steps", ())
    ]
    print_records(steps, _STEPS, run.format, id_key="step")


_STEPS = (
    Column("stage", "STAGE"),
    Column("step", "STEP", shrink=True, min_width=20),
    Column("done", "DONE"),
)
