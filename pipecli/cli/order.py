"""`order`: what a customer bought, made from the accepted quotation, delivered or cancelled."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.command import Changing, Ref, noun
from pipecli.cli.common.record_verbs import register_set_and_edit, setting_of
from pipecli.cli.common.transaction import Transaction, changing
from pipecli.records.kinds import ORDER
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Order, Quotation
from pipecli.store.lookup import Care
from pipecli.workflow.order import cancel_order, deliver_order, order_quotation, require_same_status

app = noun()


@app.command("order new", cls=Changing)
def new_order(
    ctx: typer.Context,
    quotation: Annotated[str, typer.Argument(metavar="QTN", help="The accepted quotation.")],
) -> None:
    """Make the order of an accepted quotation; prints its id. `opp won` does this by itself."""
    with changing(ctx) as transaction:
        accepted = transaction.get(Quotation, quotation)
        transaction.do(
            order_quotation(
                accepted,
                transaction.pipeline.get(Opportunity, accepted.opportunity),
                siblings=transaction.pipeline.all(Quotation, opportunity=accepted.opportunity),
                orders=transaction.pipeline.all(Order, quotation=accepted.id),
                id=transaction.new_id("ORD"),
                now=transaction.now,
            )
        )


def _keep_status(_desk: Transaction, before: Any, after: Any) -> None:
    require_same_status(before, after, "pipecli order deliver or cancel")


register_set_and_edit(app, ORDER, setting_of(_keep_status), _keep_status)


@app.command("order deliver", cls=Changing)
def deliver(
    ctx: typer.Context,
    ref: Ref,
    date: Annotated[str | None, typer.Option(help="When. Default: today.", metavar="DATE")] = None,
) -> None:
    """Mark an open order as delivered."""
    with changing(ctx) as transaction:
        order = transaction.get(Order, ref)
        transaction.do(
            deliver_order(
                order, day=transaction.day(date, past=True) or transaction.today, today=transaction.today
            )
        )


@app.command("order cancel", cls=Changing)
def cancel(
    ctx: typer.Context,
    ref: Ref,
    reason: Annotated[str | None, typer.Option(help="Why.", metavar="TEXT")] = None,
) -> None:
    """Cancel an open order; its quotation can be ordered again."""
    with changing(ctx) as transaction:
        transaction.do(cancel_order(transaction.get(Order, ref, Care.ONLY), reason=reason))
