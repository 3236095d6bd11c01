"""`pipecli opportunity`: the deals. Each group of verbs has a module of its own, `opportunity_….py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.columns import OPPORTUNITIES
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, Report, print_list
from pipecli.cli.common.record_verbs import Ref, add_set_edit
from pipecli.cli.opportunity import add, board, close, contact, item, people, step
from pipecli.records.kinds import OPPORTUNITY

if TYPE_CHECKING:
    from pipecli.workflow.change import Change

app = noun("Opportunities: add, advance, close won or lost.")
app.command("add", cls=Changing)(add.add)


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List opportunities, the next to close first."""
    print_list(
        ctx, OPPORTUNITY, OPPORTUNITIES, order="status <> 'open', expected_close IS NULL, expected_close, id"
    )


@app.command()
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one opportunity: where it stands, and what is next."""
    from pipecli.cli.opportunity.show import print_opportunity

    print_opportunity(ctx, ref)


def _set(transaction: Transaction, deal: Any, assignments: list[str], summary: str) -> Change:
    from pipecli.cli.common.assignments import assign, split
    from pipecli.workflow.opportunity.set import leave_to_verbs

    leave_to_verbs(deal, {split(text)[0][0] for text in assignments})
    return _changed(transaction, deal, assign(deal, assignments, transaction.session), summary)


def _changed(transaction: Transaction, before: Any, after: Any, summary: str) -> Change:
    from pipecli.records.catalogue import PriceList
    from pipecli.workflow.opportunity.set import set_fields

    return set_fields(
        before, after, transaction.settings, transaction.pipeline.all(PriceList), transaction.today, summary
    )


def _allow_edit(transaction: Transaction, before: Any, after: Any) -> None:
    """An edit may change what `set` may: the rules are the same, and so are the words of what they refuse."""
    from pipecli.workflow.opportunity.set import leave_to_verbs

    fields = type(after).model_fields
    leave_to_verbs(before, {name for name in fields if getattr(before, name) != getattr(after, name)})
    _changed(transaction, before, after, "edit")


add_set_edit(app, OPPORTUNITY, _set, _allow_edit)


@app.command(cls=Changing)
def advance(
    ctx: typer.Context,
    ref: Ref,
    to: Annotated[str | None, typer.Option(help="This stage, not the next.", metavar="STAGE")] = None,
    force: Annotated[bool, typer.Option("--force", help="Although steps or fields are missing.")] = False,
    keep_probability: Annotated[
        bool, typer.Option("--keep-probability", help="Keep a probability that was set by hand.")
    ] = False,
) -> None:
    """Move an opportunity to the next stage of its process."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity import advance as advance_opportunity

    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        transaction.do(
            advance_opportunity.advance(
                deal, transaction.settings, to=to, force=force, keep_probability=keep_probability
            )
        )


app.command("board", cls=Report)(board.board)
app.command("won", cls=Changing)(close.won)
app.command("lost", cls=Changing)(close.lost)
app.command("reopen", cls=Changing)(close.reopen)
app.command("assign", cls=Changing)(people.assign)
app.command("share", cls=Changing)(people.share)
app.add_typer(item.app, name="item")
app.add_typer(contact.app, name="contact")
app.add_typer(step.app, name="step")
app.add_typer(people.app, name="competitor")
