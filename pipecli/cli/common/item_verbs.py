"""`item add`, `set` and `remove`, the same for deals and quotations: the lines of what is sold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipecli.cli.common.command import Changing, Ref
from pipecli.cli.common.fields import option
from pipecli.cli.common.transaction import Transaction, changing
from pipecli.records.item import LineKind, Per
from pipecli.workflow import items as rules

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Quotation

Text = str | None
_Which = Annotated[str, typer.Argument(metavar="ITEM", help="Its number, product, or words of its text.")]
_Product = Annotated[Text, typer.Option(help="What is sold.", metavar="PRODUCT")]
_Quantity = Annotated[Text, typer.Option(help="How many. Default: 1.", metavar="N")]
_Price = Annotated[Text, typer.Option(help="The price of one. Default: the price list's.", metavar="AMOUNT")]
_Discount = Annotated[Text, typer.Option(help="Discount on the line.", metavar="PERCENT")]
_DiscountAmount = Annotated[Text, typer.Option(help="Discount on the line, as an amount.", metavar="AMOUNT")]
_Tax = Annotated[Text, typer.Option(help="Tax on the line. Default: the product's.", metavar="PERCENT")]
_Description = Annotated[Text, typer.Option(help="Its text. Default: the product's.", metavar="TEXT")]
_Unit = Annotated[Text, typer.Option(help="Unit of measure. Default: the product's.", metavar="UNIT")]
_Per = Annotated[Literal["month", "quarter", "year"] | None, typer.Option(help="The period of the price.")]
_Term = Annotated[int | None, typer.Option(help="The number of these periods.", min=1, metavar="N")]
_Kind = Annotated[
    Literal["freight", "charge"] | None,
    typer.Option(help="Freight or a charge, which a discount on the whole doesn't lower."),
]
_Optional = Annotated[bool, typer.Option("--optional", help="Offered in addition; not in the total.")]
_Alternative = Annotated[
    Text,
    typer.Option(help="Offered instead of another line; not in the total.", metavar="PRODUCT|DESCRIPTION"),
]
_FIELDS = {"price": "unit_price"}


def add_item_verbs(app: typer.Typer, model: type[Opportunity | Quotation]) -> None:
    """Add the verbs to the noun of a model."""
    of_a = "a draft" if model.noun == "quotation" else "an open deal"

    def typed(transaction: Transaction, record: Opportunity | Quotation, given: dict[str, Text]) -> Any:
        return {
            name: option(
                f"--{name.replace('_', '-')}",
                text,
                (model, f"items.0.{_FIELDS.get(name, name)}"),
                transaction.session,
                record.currency,
            )
            for name, text in given.items()
        }

    @app.command("item add", cls=Changing, help=f"Add an item to {of_a}, at today's list price.")
    def add(
        ctx: typer.Context,
        ref: Ref,
        product: _Product = None,
        quantity: _Quantity = None,
        price: _Price = None,
        discount: _Discount = None,
        discount_amount: _DiscountAmount = None,
        tax: _Tax = None,
        description: _Description = None,
        uom: _Unit = None,
        per: _Per = None,
        term: _Term = None,
        kind: _Kind = None,
        optional: _Optional = False,
        alternative_to: _Alternative = None,
    ) -> None:
        from pipecli.records.catalogue import Product

        with changing(ctx) as transaction:
            record = transaction.get(model, ref)
            given = {
                "quantity": quantity,
                "price": price,
                "discount": discount,
                "discount_amount": discount_amount,
                "tax": tax,
                "description": description,
                "uom": uom,
                "alternative_to": alternative_to,
            }
            change = rules.add_item(
                record,
                transaction,
                transaction.today,
                product=transaction.get(Product, product) if product else None,
                per=Per(per) if per else None,
                term=term,
                kind=LineKind(kind) if kind else None,
                optional=optional or None,
                **typed(transaction, record, given),
            )
            transaction.do(change)

    @app.command(
        "item set",
        cls=Changing,
        help=f"Change an item of {of_a}.\n\nIts price stays unless --price is given.",
    )
    def set_(
        ctx: typer.Context,
        ref: Ref,
        item: _Which,
        quantity: Annotated[Text, typer.Option(help="How many.", metavar="N")] = None,
        price: Annotated[Text, typer.Option(help="Of one.", metavar="AMOUNT")] = None,
        discount: Annotated[
            Text, typer.Option(help="Discount on the line; 0 for none.", metavar="PERCENT")
        ] = None,
        discount_amount: _DiscountAmount = None,
        tax: Annotated[Text, typer.Option(help="Tax on the line.", metavar="PERCENT")] = None,
        description: Annotated[Text, typer.Option(help="Its description.", metavar="TEXT")] = None,
        uom: Annotated[Text, typer.Option(help="Unit of measure.", metavar="UNIT")] = None,
    ) -> None:
        with changing(ctx) as transaction:
            record = transaction.get(model, ref)
            given = {
                "quantity": quantity,
                "price": price,
                "discount": discount,
                "discount_amount": discount_amount,
                "tax": tax,
                "description": description,
                "uom": uom,
            }
            change = rules.set_item(
                record,
                transaction,
                transaction.today,
                item,
                **typed(transaction, record, given),
            )
            transaction.do(change)

    @app.command("item remove", cls=Changing, help=f"Remove an item from {of_a}.")
    def remove(ctx: typer.Context, ref: Ref, item: _Which) -> None:
        with changing(ctx) as transaction:
            transaction.do(rules.remove_item(transaction.get(model, ref), item))
