"""`opportunity won`, `lost` and `reopen`: the end of a deal, and its second beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

import typer

from pipecli.cli.common.command import Changing, Ref, noun, option
from pipecli.cli.common.names_and_questions import can_ask, confirm
from pipecli.cli.common.record_verbs import ChangingMany, Refs, change_each, names_by_slug
from pipecli.cli.common.session import say
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import typed_option, typed_options
from pipecli.errors import Ambiguous
from pipecli.history.record_history import quotations_when_open, sent_times
from pipecli.records.items_and_totals import totals
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Invoice, Order, Quotation
from pipecli.store.record_meant import Care
from pipecli.workflow import Change, Refused
from pipecli.workflow.lead import convert_lead
from pipecli.workflow.opportunity.advance import require_open
from pipecli.workflow.opportunity.close import difference_from_offer, lose_deal, on_offer, sold_to, win_deal
from pipecli.workflow.opportunity.close import reopen_deal as reopened

app = noun()

_Detail = Annotated[str | None, typer.Option(help="What happened, in words.", metavar="TEXT")]
_Day = Annotated[str | None, typer.Option("--date", help="When. Default: today.", metavar="DATE")]


@app.command("won", cls=Changing)
def won(
    transaction: Transaction,
    ref: Ref,
    quotation: str | None = option(
        "The one that won. Default: the accepted one, else the one sent last.", "QUOTATION"
    ),
    amount: str | None = option(
        "The final value, such as 12000 or 12k, or unknown. Default: the quotation's.", "AMOUNT"
    ),
    day: _Day = None,
    detail: _Detail = None,
    note: str | None = option("", hidden=True),
) -> None:
    """Close an opportunity as won; its quotation becomes an order."""
    deal = transaction.get(Opportunity, ref, Care.ONLY)
    require_open(deal)
    sold, conversion = _sold(transaction, deal)
    quotations = _quotations(transaction, deal)
    if quotation is None:
        ask_which(deal, quotations)
    given = {"amount": amount, "detail": note if detail is None else detail}
    typed = typed_options(given, Opportunity, transaction.session, deal.currency, "closed.")
    change = win_deal(
        sold,
        quotations,
        _orders(transaction, deal),
        sent=sent_times(transaction.pipeline, quotations),
        order_id=transaction.new_id("ORD"),
        now=transaction.now,
        day=transaction.day(day, past=True),
        quotation=transaction.get(Quotation, quotation) if quotation is not None else None,
        amount=typed["amount"],
        note=typed["detail"],
    )
    if amount is not None:
        _ask_if_far(transaction, change, quotations)
    transaction.commit_and_print(change, first=conversion)


def ask_which(deal: Opportunity, quotations: Sequence[Quotation]) -> None:
    """Ask a person at a terminal which of several offers is meant. Raises Ambiguous."""
    offered = on_offer(quotations)
    if len(offered) > 1 and can_ask():
        raise Ambiguous(
            f"{deal.id} has {len(offered)} quotations on offer",
            hint=f"name one, such as {offered[0].id}",
            option="quotation",
            candidates=[("quotation", offer.id) for offer in offered],
        )


def _ask_if_far(transaction: Transaction, change: Change, quotations: Sequence[Quotation]) -> None:
    """Point out a final value that is far from the quotation; at a terminal, go on only if it is meant."""
    deal = change.asked
    assert isinstance(deal, Opportunity) and deal.closed
    if deal.closed.value is None:
        return
    winner = next((paper for paper in quotations if paper.id == deal.closed.quotation), None)
    if winner is None or winner.currency != deal.currency:
        return
    offered = totals(winner).net
    apart = difference_from_offer(deal.closed.value, offered, transaction.settings.quotations.max_difference)
    if apart is None:
        return
    final = f"{deal.closed.value:,f} {deal.currency}"
    say(f"warning: {final} is {apart} {winner.id}, which comes to {offered:,f}")
    hint = "give its final value with --amount"
    confirm(transaction.session, "Is that the final value?", f"{deal.id} stays open", hint)


@app.command("lost", cls=ChangingMany)
def lost(
    transaction: Transaction,
    refs: Refs = None,
    reason: list[str] | None = option("One of the settings' lost_reasons. May be repeated.", "REASON"),
    competitor: list[str] | None = option("The competitor that won it. May be repeated.", "COMPETITOR"),
    detail: _Detail = None,
    day: _Day = None,
) -> None:
    """Close an opportunity, or many, as lost. Its quotations are rejected."""
    known = names_by_slug(transaction, "competitor")
    lost_to = [
        typed_option("--competitor", name, (Opportunity, "competitors.1"), transaction.session)
        for name in competitor or ()
    ]
    words = typed_option("--detail", detail, (Opportunity, "closed.detail"), transaction.session)

    def decide(deal: Opportunity) -> Change:
        return lose_deal(
            deal,
            transaction.settings,
            _quotations(transaction, deal),
            _orders(transaction, deal),
            reasons=reason or [],
            day=transaction.day(day, past=True),
            today=transaction.today,
            lost_to=lost_to,
            competitors=known,
            detail=words,
        )

    change_each(transaction, Opportunity, refs, decide, "lose", Care.ONLY)


@app.command("reopen", cls=Changing)
def reopen(
    transaction: Transaction,
    ref: Ref,
    stage: str | None = option("Where it continues. Default: where it was.", "STAGE"),
) -> Change:
    """Reopen a closed opportunity, its quotations as they were."""
    deal = transaction.get(Opportunity, ref, Care.ONLY)
    quotations, orders = _quotations(transaction, deal), _orders(transaction, deal)
    return reopened(
        deal,
        transaction.settings,
        quotations,
        orders,
        invoices=transaction.pipeline.all_here(Invoice, opportunity=deal.id) if orders else (),
        when_open=quotations_when_open(
            transaction.pipeline, deal.id, [quotation.id for quotation in quotations]
        ),
        stage=stage,
    )


def _quotations(transaction: Transaction, deal: Opportunity) -> list[Quotation]:
    return transaction.pipeline.all(Quotation, opportunity=deal.id)


def _orders(transaction: Transaction, deal: Opportunity) -> list[Order]:
    return transaction.pipeline.all(Order, opportunity=deal.id)


def _sold(transaction: Transaction, deal: Opportunity) -> tuple[Opportunity, list[Change]]:
    """The deal with its customer, and the step in which its lead becomes that customer where it has none."""
    lead = transaction.pipeline.find_record(Lead, deal.lead)
    if deal.customer or lead is None:
        return deal, []
    if lead.converted:
        return deal.with_(customer=lead.converted.customer), []
    try:
        buyer = transaction.parties_of_lead(lead)
    except Refused as error:
        raise Refused(error.message, hint=f"name it: pipecli opp set {deal.id} customer=…") from None
    change = convert_lead(
        lead,
        sold_to(buyer.customer, buyer.contact, lead, deal),
        buyer,
        others=[
            other for other in transaction.pipeline.all(Opportunity, lead=lead.id) if other.id != deal.id
        ],
        today=transaction.today,
        force=True,
    )
    return cast("Opportunity", change.asked), [change]
