"""`opportunity set`, `edit`, `item`, `advance` and `step`: all that changes an open deal."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from pipecli.cli.common.assignments import assign, split
from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import (
    Changing,
    NextContactOption,
    Ref,
    noun,
)
from pipecli.cli.common.item_verbs import add_item_verbs
from pipecli.cli.common.record_verbs import ChangingMany, Refs, add_set_edit, change_each
from pipecli.history.past import sent_times
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Quotation
from pipecli.workflow import items
from pipecli.workflow import quotation as quotations_of
from pipecli.workflow.activity import follow_up
from pipecli.workflow.change import Change
from pipecli.workflow.opportunity import advance as advance_opportunity
from pipecli.workflow.opportunity.advance import complete_step, undo_step
from pipecli.workflow.opportunity.close import last_offered
from pipecli.workflow.opportunity.set import leave_to_verbs, set_fields

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
    next_: NextContactOption = None,
) -> None:
    """Move an opportunity, or many, to the next stage of its process."""
    with changing(ctx) as transaction:
        planned = transaction.next_contact(next_, transaction.me)

        def decide(deal: Opportunity) -> Change:
            change = advance_opportunity.advance(
                deal, transaction.settings, to=to, force=force, keep_probability=keep_probability
            )
            assert isinstance(change.subject, Opportunity)
            followed = follow_up(change.subject, planned, transaction.today)
            return replace(change, subject=followed.record, summary=f"{change.summary}{followed.words}")

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


def _set(transaction: Transaction, deal: Any, assignments: list[str], summary: str) -> Change:
    leave_to_verbs(deal, {split(text)[0][0] for text in assignments})
    return _changed(transaction, deal, assign(deal, assignments, transaction.session), summary)


def _changed(transaction: Transaction, before: Any, after: Any, summary: str) -> Change:
    return set_fields(
        before, after, transaction.settings, transaction.price_lists, transaction.today, summary
    )


def _allow_edit(transaction: Transaction, before: Any, after: Any) -> None:
    """An edit may change what `set` may: the rules are the same, and so are the words of what they refuse."""
    fields = type(after).model_fields
    leave_to_verbs(before, {name for name in fields if getattr(before, name) != getattr(after, name)})
    _changed(transaction, before, after, "edit")


add_set_edit(app, OPPORTUNITY, _set, _allow_edit)


add_item_verbs(app, Opportunity, items)


@app.command("reprice", cls=Changing)
def reprice(
    ctx: typer.Context,
    ref: Ref,
    item: Annotated[list[str] | None, typer.Argument(help="Only these: number, product or words.")] = None,
) -> None:
    """Give the items the prices that the price list has today; --dry-run shows them."""
    with changing(ctx) as transaction:
        change = items.reprice(
            transaction.get(Opportunity, ref),
            transaction.settings,
            transaction.price_lists,
            transaction.today,
            item or (),
        )
        transaction.do(change)


@app.command("take-offer", cls=Changing)
def take_offer(
    ctx: typer.Context,
    ref: Ref,
    quotation: Annotated[
        str | None,
        typer.Argument(metavar="[QUOTATION]", help="The accepted one, else the one sent last, otherwise."),
    ] = None,
) -> None:
    """Copy the lines of a quotation back to its opportunity.

    The opportunity is worth what was offered; an amount set by hand goes.
    """
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        if quotation is not None:
            offer: Quotation | None = transaction.get(Quotation, quotation)
        else:
            quotations = transaction.pipeline.all(Quotation, "opportunity = ?", deal.id)
            offer = last_offered(quotations, sent_times(transaction.pipeline, quotations))
        transaction.do(quotations_of.take_offer(deal, offer))
