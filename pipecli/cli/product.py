"""`pipecli product`: what is sold."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipecli.cli.common.assignments import built, option
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Sets, Tags, noun
from pipecli.cli.common.record_verbs import add_remove, add_set_edit
from pipecli.records.catalogue import Product
from pipecli.records.kinds import PRODUCT
from pipecli.workflow import catalogue

app = noun()


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    sku: Annotated[str, typer.Argument(metavar="SKU", help="Its number, as its label has it: EN-200.5/A.")],
    name: Annotated[str, typer.Option(help="What people call it.", metavar="TEXT")],
    kind: Annotated[Literal["product", "service"], typer.Option(help="What it is.")] = "product",
    uom: Annotated[str | None, typer.Option(help="Unit of measure: unit, hour, kg.", metavar="UNIT")] = None,
    description: Annotated[str | None, typer.Option(help="More about it.", metavar="TEXT")] = None,
    tax: Annotated[str | None, typer.Option(help="Tax on its lines, in percent.", metavar="PERCENT")] = None,
    cost: Annotated[
        str | None, typer.Option(help="What one costs us, in the base currency.", metavar="AMOUNT")
    ] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="It is not on sale.")] = False,
    tag: Tags = None,
    sets: Sets = None,
) -> None:
    """Add a product or service; prints its SKU."""
    with changing(ctx) as transaction:
        given = {
            "sku": sku.strip(),
            "name": name,
            "kind": kind,
            "uom": uom,
            "description": description,
            "tax": option("--tax", tax, (Product, "tax"), transaction.session),
            "cost": option("--cost", cost, (Product, "cost"), transaction.session),
            "active": False if inactive else None,
            "tags": tag,
        }
        product = built(Product, given, sets, transaction.session)
        is_taken = transaction.pipeline.file_of("product", product.sku) is not None
        transaction.do(catalogue.add(product, is_taken=is_taken))


add_set_edit(app, PRODUCT)
add_remove(app, PRODUCT, way_out="take it off sale instead: pipecli product set {key} active=no")
