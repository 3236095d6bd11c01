"""`quotation send`, `revise`, `accept`, `reject` and `expire`: from the customer's desk to their answer."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, Ref, noun
from pipecli.cli.common.session import mention
from pipecli.cli.quotation.email import Wishes, send_by_email
from pipecli.records.opportunity import Opportunity
from pipecli.records.quotation import Order, Quotation
from pipecli.store.lookup import Care
from pipecli.workflow.quotation import moves
from pipecli.workflow.quotation import new as revise_quotation
from pipecli.workflow.quotation.moves import expire as due

app = noun()


def _of_deal(transaction: Transaction, quotation: Quotation) -> tuple[Opportunity, list[Quotation]]:
    """The deal of a quotation, and all the quotations of that deal."""
    deal = transaction.pipeline.get(Opportunity, quotation.opportunity)
    return deal, transaction.pipeline.all(Quotation, "opportunity = ?", deal.id)


@app.command("send", cls=Changing)
def send(
    ctx: typer.Context,
    ref: Ref,
    date: Annotated[
        str | None, typer.Option(help="The date it bears; its own otherwise.", metavar="DATE")
    ] = None,
    email: Annotated[bool, typer.Option("--email", help="Mail it first, as a PDF.")] = False,
    to: Annotated[
        list[str] | None,
        typer.Option(help="To whom; its contact, lead or customer otherwise. Repeatable.", metavar="ADDRESS"),
    ] = None,
    cc: Annotated[
        list[str] | None, typer.Option(help="Who gets a copy; repeatable.", metavar="ADDRESS")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="In place of the template's.", metavar="TEXT")] = None,
    body: Annotated[str | None, typer.Option(help="In place of the template's.", metavar="TEXT")] = None,
) -> None:
    """Mark a draft as sent; from now on it is frozen. With --email it is mailed first."""
    if not email and any(option is not None for option in (to or None, cc or None, subject, body)):
        raise typer.BadParameter("--to, --cc, --subject and --body are of a mail: add --email")
    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref, Care.ONLY)
        deal, siblings = _of_deal(transaction, quotation)
        sent = moves.send(quotation, deal, siblings=siblings, now=transaction.now, day=transaction.day(date))
        if not email:
            transaction.do(sent)
            return
        send_by_email(transaction, sent, deal, Wishes(tuple(to or ()), tuple(cc or ()), subject, body))


@app.command("revise", cls=Changing)
def revise(ctx: typer.Context, ref: Ref) -> None:
    """Make the next draft of a quotation. One that is sent, expired or rejected; it is superseded."""
    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref)
        deal, siblings = _of_deal(transaction, quotation)
        transaction.do(
            revise_quotation.revise(
                quotation,
                deal,
                transaction.settings,
                siblings=siblings,
                id=transaction.new_id("QTN"),
                now=transaction.now,
            )
        )


@app.command("accept", cls=Changing)
def accept(ctx: typer.Context, ref: Ref) -> None:
    """Note that the customer said yes. The deal stays open: `opp won` closes it."""
    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref, Care.ONLY)
        deal, siblings = _of_deal(transaction, quotation)
        transaction.do(moves.accept(quotation, deal, siblings=siblings, today=transaction.today))


@app.command("reject", cls=Changing)
def reject(
    ctx: typer.Context,
    ref: Ref,
    reason: Annotated[str | None, typer.Option(help="Why, in the customer's words.", metavar="TEXT")] = None,
) -> None:
    """Note that the customer said no, or took back a yes. The deal stays open."""
    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref, Care.ONLY)
        deal, siblings = _of_deal(transaction, quotation)
        orders = transaction.pipeline.all(Order, "quotation = ?", quotation.id)
        transaction.do(moves.reject(quotation, deal, siblings=siblings, orders=orders, reason=reason))


@app.command("expire", cls=Changing)
def expire(ctx: typer.Context) -> None:
    """Expire what is past its last day. Every sent quotation, in one commit; for cron."""
    with changing(ctx) as transaction:
        past = "status = 'sent' AND valid_until < ?"
        changes = due(
            transaction.pipeline.all(Quotation, past, transaction.today.isoformat()), transaction.today
        )
        if not changes:
            mention("no sent quotation is past its validity")
        one = f"{changes[0].subject.key}: expire" if changes else ""
        transaction.do_many(changes, one if len(changes) == 1 else f"expire {len(changes)} quotations")
