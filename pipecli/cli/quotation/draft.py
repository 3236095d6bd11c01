"""`quotation new`, `set`, `edit` and `item`: a draft, until it is sent."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.assignments import built, option
from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import (
    Changing,
    Description,
    Discount,
    Item,
    NewDescription,
    NewDiscount,
    NewPrice,
    NewQuantity,
    NewTax,
    NewUnit,
    Price,
    ProductSold,
    Ref,
    Sets,
    Tax,
    Unit,
    noun,
)
from pipecli.cli.common.record_verbs import add_set_edit, setting_of
from pipecli.errors import PipecliError
from pipecli.records.catalogue import PriceList, Product
from pipecli.records.kinds import QUOTATION
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Contact, Customer
from pipecli.records.quotation import Quotation, SupplierQuotation
from pipecli.workflow import quotation as new_quotation
from pipecli.workflow import quotation as quotation_item
from pipecli.workflow.change import Change
from pipecli.workflow.quotation import require_sound
from pipecli.workflow.supplier_quotation import price_from_supplier

app = noun()


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
        quotation = built(Quotation, priced.plain(), sets, transaction.session)
        _of_a_draft(transaction, draft, quotation)
        transaction.do(Change(quotation, f"quote {deal.title}", "quotation-made", notes=tuple(doubts)))


def _priced(
    transaction: Transaction, draft: Quotation, answer: str | None, markup: str | None, margin: str | None
) -> tuple[Quotation, list[str]]:
    """A draft with the supplier's prices, where they are asked for."""
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


def _of_a_draft(transaction: Transaction, before: Any, after: Any) -> None:
    require_sound(before, after, transaction.pipeline.find_record(PriceList, after.price_list))


add_set_edit(app, QUOTATION, setting_of(_of_a_draft), _of_a_draft)


@app.command("item add", cls=Changing)
def add_item(
    ctx: typer.Context,
    ref: Ref,
    product: ProductSold = None,
    quantity: Annotated[str | None, typer.Option(help="How many; 1 otherwise.", metavar="N")] = None,
    price: Price = None,
    discount: Discount = None,
    tax: Tax = None,
    description: Description = None,
    uom: Unit = None,
) -> None:
    """Add an item to a draft, priced from the price list of today."""
    with changing(ctx) as transaction:

        def given(name: str, text: str | None, field: str) -> Any:
            return option(
                name, text, (Quotation, f"items.0.{field}"), transaction.session, quotation.currency
            )

        quotation = transaction.get(Quotation, ref)
        change = quotation_item.add(
            quotation,
            transaction.settings,
            transaction.pipeline.all(PriceList),
            transaction.today,
            product=transaction.get(Product, product) if product else None,
            quantity=given("--quantity", quantity, "quantity"),
            price=given("--price", price, "unit_price"),
            discount=given("--discount", discount, "discount"),
            tax=given("--tax", tax, "tax"),
            description=given("--description", description, "description"),
            uom=given("--uom", uom, "uom"),
        )
        transaction.do(change)


@app.command("item set", cls=Changing)
def set_item(
    ctx: typer.Context,
    ref: Ref,
    item: Item,
    quantity: NewQuantity = None,
    price: NewPrice = None,
    discount: NewDiscount = None,
    tax: NewTax = None,
    description: NewDescription = None,
    uom: NewUnit = None,
) -> None:
    """Change an item of a draft.

    Its price stays unless --price is given; what the price list would give is said.
    """
    with changing(ctx) as transaction:

        def given(name: str, text: str | None, field: str) -> Any:
            return option(name, text, (Quotation, f"items.0.{field}"), transaction.session, record.currency)

        record = transaction.get(Quotation, ref)
        change = quotation_item.set_item(
            record,
            transaction.settings,
            transaction.pipeline.all(PriceList),
            transaction.today,
            item,
            quantity=given("--quantity", quantity, "quantity"),
            price=given("--price", price, "unit_price"),
            discount=given("--discount", discount, "discount"),
            tax=given("--tax", tax, "tax"),
            description=given("--description", description, "description"),
            uom=given("--uom", uom, "uom"),
        )
        transaction.do(change)


@app.command("item remove", cls=Changing)
def remove_item(
    ctx: typer.Context,
    ref: Ref,
    item: Item,
) -> None:
    """Take an item off a draft."""
    with changing(ctx) as transaction:
        transaction.do(quotation_item.remove(transaction.get(Quotation, ref), item))
