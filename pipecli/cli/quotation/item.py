"""`pipecli quotation item`: the lines of a draft."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.pages import print_items
from pipecli.cli.common.record_verbs import Ref
from pipecli.cli.common.session import session
from pipecli.records.kinds import QUOTATION

app = noun("Items of a draft: add, remove, list.")


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    ref: Ref,
    product: Annotated[str | None, typer.Option(help="What is sold.", metavar="PRODUCT")] = None,
    quantity: Annotated[str | None, typer.Option(help="How many; 1 otherwise.", metavar="N")] = None,
    price: Annotated[
        str | None, typer.Option(help="Of one; the price list's otherwise.", metavar="AMOUNT")
    ] = None,
    discount: Annotated[str | None, typer.Option(help="Off the line.", metavar="PERCENT")] = None,
    tax: Annotated[str | None, typer.Option(help="The product's otherwise.", metavar="PERCENT")] = None,
    description: Annotated[str | None, typer.Option(help="The product's otherwise.", metavar="TEXT")] = None,
    uom: Annotated[
        str | None, typer.Option(help="Unit of measure; the product's otherwise.", metavar="UNIT")
    ] = None,
) -> None:
    """Add an item to a draft, priced from the price list of today."""
    from pipecli.cli.common.assignments import option
    from pipecli.records.catalogue import PriceList, Product
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.quotation import change as quotation_item

    with changing(ctx) as transaction:

        def given(name: str, text: str | None, field: str) -> Any:
            return option(name, text, (Quotation, f"items.0.{field}"), transaction.session)

        change = quotation_item.add(
            transaction.get(Quotation, ref),
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


@app.command("remove", cls=Changing)
def remove(
    ctx: typer.Context,
    ref: Ref,
    item: Annotated[str, typer.Argument(help="Its number, its product, or words of its description.")],
) -> None:
    """Take an item off a draft."""
    from pipecli.records.quotation import Quotation
    from pipecli.workflow.quotation import change as quotation_item

    with changing(ctx) as transaction:
        transaction.do(quotation_item.remove(transaction.get(Quotation, ref), item))


@app.command("list")
def list_(ctx: typer.Context, ref: Ref) -> None:
    """List the items, with the amount of each."""
    from pipecli.store.lookup import resolve

    run = session(ctx)
    found = resolve(run.pipeline, ref, QUOTATION)
    print_items(run, found.noun, found.key)
