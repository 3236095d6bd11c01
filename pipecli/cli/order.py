"""`pipecli order`: what customers bought."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.columns import ORDERS
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, print_list
from pipecli.cli.common.pages import print_document
from pipecli.cli.common.record_verbs import Ref, add_set_edit, setting_of
from pipecli.cli.quotation.render import Output, render
from pipecli.records.kinds import ORDER

app = noun("Orders, made from winning quotations.")


@app.command("new", cls=Changing)
def new(
    ctx: typer.Context,
    quotation: Annotated[str, typer.Argument(metavar="QTN", help="The accepted quotation.")],
) -> None:
    """Make the order of an accepted quotation. Prints its id; `opp won` does it by itself."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Order, Quotation
    from pipecli.workflow.order import order_quotation

    with changing(ctx) as transaction:
        accepted = transaction.get(Quotation, quotation)
        transaction.do(
            order_quotation(
                accepted,
                transaction.pipeline.get(Opportunity, accepted.opportunity),
                siblings=transaction.pipeline.all(Quotation, "opportunity = ?", accepted.opportunity),
                orders=transaction.pipeline.all(Order, "quotation = ?", accepted.id),
                id=transaction.new_id("ORD"),
                now=transaction.now,
            )
        )


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List orders: the open first, then the newest."""
    print_list(ctx, ORDER, ORDERS, order="status <> 'open', date DESC, created DESC, id")


@app.command("show")
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one order. Its items, tax by rate, totals, and the margin where costs are known."""
    print_document(ctx, ORDER, ref)


def _keep_status(_desk: Transaction, before: Any, after: Any) -> None:
    from pipecli.workflow.order import require_same_status

    require_same_status(before, after, "pipecli order deliver or cancel")


add_set_edit(app, ORDER, setting_of(_keep_status), _keep_status)


@app.command("deliver", cls=Changing)
def deliver(
    ctx: typer.Context,
    ref: Ref,
    date: Annotated[str | None, typer.Option(help="When; today otherwise.", metavar="DATE")] = None,
) -> None:
    """Note that an open order has reached the customer."""
    from pipecli.records.quotation import Order
    from pipecli.workflow import order as deliver_order

    with changing(ctx) as transaction:
        order = transaction.get(Order, ref)
        transaction.do(
            deliver_order.deliver(
                order, day=transaction.day(date) or transaction.today, today=transaction.today
            )
        )


@app.command("cancel", cls=Changing)
def cancel(
    ctx: typer.Context,
    ref: Ref,
    reason: Annotated[str | None, typer.Option(help="Why.", metavar="TEXT")] = None,
) -> None:
    """Cancel an open order; its quotation can be ordered again."""
    from pipecli.records.quotation import Order
    from pipecli.workflow import order as cancel_order

    with changing(ctx) as transaction:
        transaction.do(cancel_order.cancel(transaction.get(Order, ref), reason=reason))


@app.command("render")
def render_(ctx: typer.Context, ref: Ref, output: Output) -> None:
    """Write an order as a PDF or a page that a customer can be sent."""
    render(ctx, ORDER, ref, output)
