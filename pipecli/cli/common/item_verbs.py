"""`item add`, `set` and `remove`, the same for deals and quotations: the lines of what is sold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from pipecli.cli.common.command import Changing, Ref, field, option_of, with_fields
from pipecli.cli.common.names_and_questions import confirm_removal
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import typed_options
from pipecli.records.items_and_totals import LineKind, Per
from pipecli.workflow import Change
from pipecli.workflow.items_and_prices import add_item, find_item, in_words, remove_item, set_item

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.papers import Quotation

D = TypeVar("D", "Opportunity", "Quotation")
Text = str | None
_Which = Annotated[str, typer.Argument(metavar="ITEM", help="Its number, product, or words of its text.")]
_DISCOUNT_AMOUNT = field("discount_amount", "Discount on the line, as an amount.", "AMOUNT")
_NEW = (
    field("product", "What is sold.", "PRODUCT"),
    field("quantity", "How many. Default: 1.", "N"),
    field("price", "The price of one. Default: the price list's.", "AMOUNT"),
    field("discount", "Discount on the line.", "PERCENT"),
    _DISCOUNT_AMOUNT,
    field("tax", "Tax on the line. Default: the product's.", "PERCENT"),
    field("description", "Its text. Default: the product's.", "TEXT"),
    field("uom", "Unit of measure. Default: the product's.", "UNIT"),
    option_of("per", None, of=Literal["month", "quarter", "year"] | None, help="The period of the price."),
    option_of("term", None, of=int | None, help="The number of these periods.", min=1, metavar="N"),
    option_of(
        "kind",
        None,
        of=Literal["freight", "charge"] | None,
        help="Freight or a charge, which a discount on the total doesn't lower.",
    ),
    option_of("optional", False, "--optional", of=bool, help="Offered in addition; not in the total."),
    field("alternative_to", "Offered instead of another line; not in the total.", "PRODUCT|DESCRIPTION"),
)
_CHANGED = (
    field("quantity", "How many.", "N"),
    field("price", "The price of one.", "AMOUNT"),
    field("discount", "Discount on the line; 0 for none.", "PERCENT"),
    _DISCOUNT_AMOUNT,
    field("tax", "Tax on the line.", "PERCENT"),
    field("description", "Its description.", "TEXT"),
    field("uom", "Unit of measure.", "UNIT"),
)
_FIELDS = {"price": "unit_price"}
"""The options that are called otherwise than their field."""


def register_item_verbs(app: typer.Typer, model: type[D], require_changeable: Callable[[D], None]) -> None:
    """Add the verbs to the noun of a model; `require_changeable` refuses a record that stays as it is."""
    of_a = "a draft" if model.noun == "quotation" else "an open deal"

    def changeable(transaction: Transaction, ref: str) -> D:
        record = transaction.get(model, ref)
        require_changeable(record)
        return record

    def typed(transaction: Transaction, record: Opportunity | Quotation, given: dict[str, Text]) -> Any:
        return typed_options(given, model, transaction.session, record.currency, "items.0.", _FIELDS)

    @app.command("item add", cls=Changing, help=f"Add an item to {of_a}, at today's list price.")
    @with_fields(*_NEW)
    def add(
        transaction: Transaction, ref: Ref, product: Text, per: Text, term: int | None, kind: Text,
        optional: bool, **given: Text,
    ) -> Change:  # fmt: skip
        from pipecli.records.catalogue import Product

        record = changeable(transaction, ref)
        return add_item(
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

    @app.command(
        "item set",
        cls=Changing,
        help=f"Change an item of {of_a}.\n\nIts price stays unless --price is given.",
    )
    @with_fields(*_CHANGED)
    def set_(transaction: Transaction, ref: Ref, item: _Which, **given: Text) -> Change:
        record = changeable(transaction, ref)
        return set_item(record, transaction, transaction.today, item, **typed(transaction, record, given))

    @app.command("item remove", cls=Changing, help=f"Remove an item from {of_a}.")
    def remove(transaction: Transaction, ref: Ref, item: _Which) -> Change:
        record = changeable(transaction, ref)
        change = remove_item(record, item)
        after: Any = change.record
        lines, left = record.items, after.items
        confirm_removal(
            transaction.session,
            item,
            gone := in_words(lines[find_item(lines, item, record.id)]),
            lambda: in_words(left[find_item(left, item, record.id)]),
            f'name it in full, "{gone}"; of two alike, first give one another description',
        )
        return change
