"""`pipecli quotation`: what customers are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.columns import QUOTATIONS
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, print_list
from pipecli.cli.common.pages import print_document
from pipecli.cli.common.record_verbs import Ref, Sets, add_set_edit, setting_of
from pipecli.cli.common.session import mention
from pipecli.cli.quotation.item import app as item_app
from pipecli.cli.quotation.render import Output, render
from pipecli.records.kinds import QUOTATION

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Quotation

app = noun("Quotations: new, revise, send, accept, render.")
app.add_typer(item_app, name="item")


@app.command("new", cls=Changing)
def new(
    ctx: typer.Context,
    opportunity: Annotated[str, typer.Argument(metavar="OPP", help="The opportunity to quote for.")],
    valid_until: Annotated[
        str | None, typer.Option(help="Its last day; by default the settings say how many.", metavar="DATE")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="As es or pt-BR; the contact's or customer's otherwise.", metavar="TAG")
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(help="Whom it is for; the deal's primary contact otherwise.", metavar="CONTACT"),
    ] = None,
    terms: Annotated[
        str | None, typer.Option(help="Its terms; the settings' otherwise.", metavar="TEXT")
    ] = None,
    notes: Annotated[
        str | None, typer.Option(help="Notes of your own; no page shows them.", metavar="TEXT")
    ] = None,
    from_supplier_quote: Annotated[
        str | None, typer.Option(help="Take prices from this supplier's answer.", metavar="SQ")
    ] = None,
    markup: Annotated[
        str | None, typer.Option(help="Percent on the supplier's price.", metavar="PERCENT")
    ] = None,
    margin: Annotated[
        str | None, typer.Option(help="Percent of the customer's price that is ours.", metavar="PERCENT")
    ] = None,
    sets: Sets = None,
) -> None:
    """Make a draft from an opportunity. Header and items are copied; prints its id."""
    from pipecli.cli.common.assignments import built
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.party import Contact, Customer
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.change import Change
    from pipecli.workflow.quotation import new as new_quotation

    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, opportunity)
        whom = new_quotation.contact_of(deal)
        draft = new_quotation.new_quotation(
            deal,
            transaction.settings,
            id=transaction.new_id("QTN"),
            now=transaction.now,
            customer=transaction.pipeline.find_record(Customer, deal.customer),
            lead=transaction.pipeline.find_record(Lead, deal.lead),
            contact=transaction.get(Contact, contact)
            if contact
            else transaction.pipeline.find_record(Contact, whom),
            valid_until=transaction.day(valid_until),
            language=language,
            terms=terms,
            notes=notes,
        )
        priced, doubts = _priced(transaction, draft, from_supplier_quote, markup, margin)
        made = built(Quotation, priced.plain(), sets, transaction.session)
        _of_a_draft(transaction, draft, made)
        transaction.do(Change(made, f"quote {deal.title}", "quotation-made", notes=tuple(doubts)))


def _priced(
    transaction: Transaction, draft: Quotation, answer: str | None, markup: str | None, margin: str | None
) -> tuple[Quotation, list[str]]:
    """A draft with the supplier's prices, where they are asked for."""
    from pipecli.cli.common.assignments import option
    from pipecli.errors import PipecliError
    from pipecli.records.quotation import Quotation, SupplierQuotation
    from pipecli.workflow.supplier_prices import price_from_supplier

    if answer is None:
        if markup is not None or margin is not None:
            raise PipecliError(
                "--markup and --margin are on a supplier's price", hint="name it: --from-supplier-quote SQ"
            )
        return draft, []
    return price_from_supplier(
        draft,
        transaction.get(SupplierQuotation, answer),
        transaction.settings.rates,
        today=transaction.today,
        # the fields with the same bounds: any amount, and a percentage of up to 100
        markup=option("--markup", markup, (Quotation, "items.0.unit_price"), transaction.session),
        margin=option("--margin", margin, (Quotation, "items.0.discount"), transaction.session),
    )


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List quotations: the undecided first, then the newest."""
    print_list(
        ctx, QUOTATION, QUOTATIONS, order="status NOT IN ('draft', 'sent', 'accepted'), created DESC, id"
    )


@app.command("show")
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one quotation. Its items, tax by rate, totals, and the margin where costs are known."""
    print_document(ctx, QUOTATION, ref)


def _of_a_draft(transaction: Transaction, before: Any, after: Any) -> None:
    from pipecli.records.catalogue import PriceList
    from pipecli.workflow.quotation.change import require_sound

    require_sound(before, after, transaction.pipeline.find_record(PriceList, after.price_list))


add_set_edit(app, QUOTATION, setting_of(_of_a_draft), _of_a_draft)


def _of_deal(transaction: Transaction, quotation: Quotation) -> tuple[Opportunity, list[Quotation]]:
    """The deal of a quotation, and all the quotations of that deal."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Quotation

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
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.quotation import moves

    if not email and any(each is not None for each in (to or None, cc or None, subject, body)):
        raise typer.BadParameter("--to, --cc, --subject and --body are of a mail: add --email")
    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref)
        deal, siblings = _of_deal(transaction, quotation)
        sent = moves.send(
            quotation, deal, siblings=siblings, today=transaction.today, day=transaction.day(date)
        )
        if not email:
            transaction.do(sent)
            return
        from pipecli.cli.quotation.email import Wishes, send_by_email

        send_by_email(transaction, sent, deal, Wishes(tuple(to or ()), tuple(cc or ()), subject, body))


@app.command("revise", cls=Changing)
def revise(ctx: typer.Context, ref: Ref) -> None:
    """Make the next draft of a quotation. One that is sent, expired or rejected; it is superseded."""
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.quotation import new as revise_quotation

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
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.quotation import moves

    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref)
        deal, siblings = _of_deal(transaction, quotation)
        transaction.do(moves.accept(quotation, deal, siblings=siblings, today=transaction.today))


@app.command("reject", cls=Changing)
def reject(
    ctx: typer.Context,
    ref: Ref,
    reason: Annotated[str | None, typer.Option(help="Why, in the customer's words.", metavar="TEXT")] = None,
) -> None:
    """Note that the customer said no, or took back a yes. The deal stays open."""
    from pipecli.records.quotation import Order, Quotation
    from pipecli.workflow.quotation import moves

    with changing(ctx) as transaction:
        quotation = transaction.get(Quotation, ref)
        deal, siblings = _of_deal(transaction, quotation)
        orders = transaction.pipeline.all(Order, "quotation = ?", quotation.id)
        transaction.do(moves.reject(quotation, deal, siblings=siblings, orders=orders, reason=reason))


@app.command("expire", cls=Changing)
def expire(ctx: typer.Context) -> None:
    """Expire what is past its last day. Every sent quotation, in one commit; for cron."""
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.quotation.moves import expire as due

    with changing(ctx) as transaction:
        past = "status = 'sent' AND valid_until < ?"
        changes = due(
            transaction.pipeline.all(Quotation, past, transaction.today.isoformat()), transaction.today
        )
        if not changes:
            mention("no sent quotation is past its validity")
        one = f"{changes[0].subject.key}: expire" if changes else ""
        transaction.do_many(changes, one if len(changes) == 1 else f"expire {len(changes)} quotations")


@app.command("render")
def render_(ctx: typer.Context, ref: Ref, output: Output) -> None:
    """Write a quotation as a PDF or a page that a customer can be sent."""
    render(ctx, QUOTATION, ref, output)


@app.command("template")
def template(
    email: Annotated[bool, typer.Option("--email", help="That of the mail instead.")] = False,
    language: Annotated[str | None, typer.Option(help="Of the mail: en, es or fa.", metavar="TAG")] = None,
) -> None:
    """Print the template of documents that comes with pipecli, to begin one of your own."""
    from pipecli.cli.common.output import write_text
    from pipecli.outbox.mail import own_template
    from pipecli.outbox.typst import default_template

    write_text(own_template(language).text if email else default_template())
