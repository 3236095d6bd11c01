"""`opportunity item`: the lines of a deal."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.record_verbs import Ref
from pipecli.cli.common.session import session

app = noun("Items: add, remove, list.")


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    ref: Ref,
    product: Annotated[str | None, typer.Option(help="What is sold.", metavar="PRODUCT")] = None,
    quantity: Annotated[str, typer.Option(help="How many.", metavar="N")] = "1",
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
    """Add an item, priced from the price list of today."""
    from pipecli.cli.common.assignments import option
    from pipecli.records.catalogue import PriceList, Product
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.items import add_item

    with changing(ctx) as transaction:

        def checked(name: str, text: str | None, field: str = "") -> Any:
            path = f"items.0.{field or name.removeprefix('--')}"
            return option(name, text, (Opportunity, path), transaction.session)

        change = add_item(
            transaction.get(Opportunity, ref),
            transaction.settings,
            transaction.pipeline.all(PriceList),
            transaction.today,
            product=transaction.get(Product, product) if product else None,
            quantity=checked("--quantity", quantity),
            price=checked("--price", price, "unit_price"),
            discount=checked("--discount", discount),
            tax=checked("--tax", tax),
            description=checked("--description", description),
            uom=checked("--uom", uom),
        )
        transaction.do(change)


@app.command(cls=Changing)
def remove(
    ctx: typer.Context,
    ref: Ref,
    item: Annotated[str, typer.Argument(help="Its number, its product, or words of its description.")],
) -> None:
    """Remove an item."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.items import remove_item

    with changing(ctx) as transaction:
        transaction.do(remove_item(transaction.get(Opportunity, ref), item))


@app.command("list")
def list_(ctx: typer.Context, ref: Ref) -> None:
    """List the items, with the amount of each."""
    from pipecli.cli.common.pages import print_items
    from pipecli.records.kinds import OPPORTUNITY
    from pipecli.store.lookup import resolve

    run = session(ctx)
    found = resolve(run.pipeline, ref, OPPORTUNITY)
    print_items(run, found.noun, found.key)
