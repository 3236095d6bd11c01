"""`supplier-quote new`, `set`, `edit`, `receive` and `decline`: what a supplier was asked, and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipecli.cli.common.assignments import built, option
from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, Ref, Sets, noun
from pipecli.cli.common.record_verbs import add_set_edit, setting_of
from pipecli.errors import PipecliError
from pipecli.inbox.supplier_answer import offered_prices
from pipecli.records.kinds import SUPPLIER_QUOTATION
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Supplier
from pipecli.records.quotation import SupplierQuotation
from pipecli.workflow import supplier_quotation
from pipecli.workflow.change import Change
from pipecli.workflow.order import require_same_status
from pipecli.workflow.supplier_quotation import Offered

app = noun()


@app.command("new", cls=Changing)
def new(
    ctx: typer.Context,
    opportunity: Annotated[str, typer.Argument(metavar="OPP", help="The deal that needs the prices.")],
    supplier: Annotated[str, typer.Option(help="Whom to ask.", metavar="SUPPLIER")],
    item: Annotated[
        list[str] | None,
        typer.Option(help="Only this one: its number, product or description; repeatable.", metavar="ITEM"),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The supplier's otherwise, else the deal's.", metavar="CODE")
    ] = None,
    answer_by: Annotated[
        str | None, typer.Option(help="When you wish to have the answer.", metavar="DATE")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="Notes of your own.", metavar="TEXT")] = None,
    sets: Sets = None,
) -> None:
    """Note that a supplier is asked. For the prices of a deal's items; prints its id, mails nothing."""
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, opportunity)
        asked = supplier_quotation.request(
            deal,
            transaction.get(Supplier, supplier),
            id=transaction.new_id("SQ"),
            now=transaction.now,
            only=item or (),
            currency=currency,
            answer_by=transaction.day(answer_by),
            notes=notes,
        )
        quotation = built(SupplierQuotation, asked.plain(), sets, transaction.session)
        _keep_status(transaction, asked, quotation)
        transaction.do(
            Change(quotation, f"ask {quotation.supplier} for {deal.title}", "supplier-quotation-requested")
        )


def _keep_status(_desk: Transaction, before: Any, after: Any) -> None:
    require_same_status(before, after, "pipecli supplier-quote receive or decline")


add_set_edit(app, SUPPLIER_QUOTATION, setting_of(_keep_status), _keep_status)


@app.command("receive", cls=Changing)
def receive(
    ctx: typer.Context,
    ref: Ref,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="The price of one: product, number or description=9.90; repeatable.", metavar="ITEM=PRICE"
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="The table that the supplier returned.", metavar="FILE")
    ] = None,
    lead_time: Annotated[str | None, typer.Option(help='As they say it: "3 weeks".', metavar="TEXT")] = None,
    valid_until: Annotated[str | None, typer.Option(help="Until when it holds.", metavar="DATE")] = None,
    currency: Annotated[
        str | None, typer.Option(help="Of the prices, if another than was asked for.", metavar="CODE")
    ] = None,
) -> None:
    """Record a supplier's answer. A price for every item, typed or from their file."""
    if not price and csv is None:
        raise PipecliError("an answer has prices", hint="give --price ITEM=PRICE, or --csv FILE")
    with changing(ctx) as transaction:
        answer = transaction.get(SupplierQuotation, ref)
        typed = [_typed(transaction, text) for text in price or ()]
        read = _read(csv, currency or answer.currency) if csv else []
        transaction.do(
            supplier_quotation.receive(
                answer,
                [*typed, *read],
                today=transaction.today,
                lead_time=lead_time,
                valid_until=transaction.day(valid_until),
                currency=currency,
            )
        )


def _typed(transaction: Transaction, text: str) -> Offered:
    """`cafe-s-100=9.90`."""
    item, equals, price = text.rpartition("=")
    if not equals or not item.strip() or not price.strip():
        raise PipecliError(f'--price: "{text}" is no price of an item', hint="write it as cafe-s-100=9.90")
    field = (SupplierQuotation, "items.0.unit_price")
    return Offered((item.strip(),), option("--price", price.strip(), field, transaction.session))


def _read(file: Path, currency: str) -> list[Offered]:
    return offered_prices(file.read_bytes(), file.name, currency)


@app.command("decline", cls=Changing)
def decline(
    ctx: typer.Context,
    ref: Ref,
    reason: Annotated[str | None, typer.Option(help="Why, in their words.", metavar="TEXT")] = None,
) -> None:
    """Note that a supplier can't or won't quote."""
    with changing(ctx) as transaction:
        transaction.do(supplier_quotation.decline(transaction.get(SupplierQuotation, ref), reason=reason))
