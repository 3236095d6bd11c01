"""`opportunity advance` and `step`: from stage to stage, and the checklists of the stages."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Ref, noun
from pipecli.cli.common.many import ChangingMany, Refs, change_each
from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Change
from pipecli.workflow.opportunity import advance as advance_opportunity
from pipecli.workflow.opportunity.advance import complete_step, undo_step

app = noun()


@app.command(cls=ChangingMany)
def advance(
    ctx: typer.Context,
    refs: Refs = None,
    to: Annotated[str | None, typer.Option(help="This stage, not the next.", metavar="STAGE")] = None,
    force: Annotated[bool, typer.Option("--force", help="Although steps or fields are missing.")] = False,
    keep_probability: Annotated[
        bool, typer.Option("--keep-probability", help="Keep a probability that was set by hand.")
    ] = False,
) -> None:
    """Move an opportunity, or many, to the next stage of its process."""
    with changing(ctx) as transaction:

        def decide(deal: Opportunity) -> Change:
            return advance_opportunity.advance(
                deal, transaction.settings, to=to, force=force, keep_probability=keep_probability
            )

        change_each(transaction, Opportunity, refs, decide, "advance")


_Step = Annotated[str, typer.Argument(help="Its text, or words of it.", metavar="STEP")]


@app.command("step done", cls=Changing)
def note_step_done(ctx: typer.Context, ref: Ref, step: _Step) -> None:
    """Note a step as done."""
    with changing(ctx) as transaction:
        transaction.do(complete_step(transaction.get(Opportunity, ref), transaction.settings, step))


@app.command("step undo", cls=Changing)
def note_step_not_done(ctx: typer.Context, ref: Ref, step: _Step) -> None:
    """Note a step as not done."""
    with changing(ctx) as transaction:
        transaction.do(undo_step(transaction.get(Opportunity, ref), transaction.settings, step))
