"""`pipecli product`, `price-list` and `literature`: what is sold, for how much, and what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter
from typing import Annotated, Any, Literal

import typer

from pipecli.cli.common.command import (
    SETS,
    TAGS,
    Changing,
    Ref,
    argument,
    field,
    noun,
    option,
    option_of,
    with_fields,
)
from pipecli.cli.common.names_and_questions import find_typed
from pipecli.cli.common.output import print_records
from pipecli.cli.common.record_verbs import given_slug, register_remove, register_set_and_edit, users_of
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import Column
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import as_typed, built, typed_number, validated
from pipecli.errors import PipecliError
from pipecli.records.base import Record
from pipecli.records.catalogue import Literature, PriceList, Product, Tier
from pipecli.records.customer import Contact
from pipecli.records.kinds import LITERATURE, OPPORTUNITY, PRICE_LIST, PRODUCT
from pipecli.records.opportunity import Opportunity
from pipecli.store.safe_files import path_inside
from pipecli.workflow import Change, catalogue
from pipecli.workflow.catalogue import NewPrice, Suggestion, require_stages, require_unused

app = noun()

_Slug = Annotated[str, typer.Argument(metavar="ID", help="Its slug: lower case, digits and hyphens.")]


@app.command("product add", cls=Changing)
@with_fields(
    option_of("name", Parameter.empty, help="What people call it.", metavar="TEXT"),
    option_of("kind", "product", of=Literal["product", "service"], help="What it is."),
    field("uom", "Unit of measure: unit, hour, kg.", "UNIT"),
    field("description", "More about it.", "TEXT"),
    field("tax", "Tax on its lines, in percent.", "PERCENT"),
    field("cost", "What one costs, in base currency.", "AMOUNT"),
    option_of("inactive", False, "--inactive", of=bool, help="It is not on sale."),
    *(TAGS, SETS),
)
def add_product(
    transaction: Transaction,
    sku: str = argument("Its number, as its label has it: EN-200.5/A.", "SKU"),
    *,
    inactive: bool,
    sets: list[str] | None,
    **given: Any,
) -> Change:
    """Add a product or service; prints its SKU."""
    given = as_typed(Product, given, transaction.session)
    given |= {"sku": sku.strip(), "active": False if inactive else None}
    return _add(transaction, built(Product, given, sets, transaction.session))


def _add(transaction: Transaction, record: Record) -> Change:
    is_taken = transaction.pipeline.file_of(record.noun, record.key) is not None
    return catalogue.add_to_catalogue(record, is_taken=is_taken)


register_set_and_edit(app, PRODUCT)
register_remove(app, PRODUCT, way_out="take it off sale instead: pipecli product set {key} active=no")

_PRICES = "SKU=PRICE, or SKU=PRICE@QUANTITY for a price from that quantity on"


@app.command("price-list add", cls=Changing)
@with_fields(
    field("currency", "Default: the settings' currency.", "CODE"),
    field("name", "What people call it.", "TEXT"),
    field("valid_from", "The first day of its prices.", "DATE"),
    field("valid_until", "The last day of its prices.", "DATE"),
    field("price", f"{_PRICES}; repeatable.", "SKU=PRICE[@QUANTITY]", of=list[str] | None),
    SETS,
)
def add_price_list(
    transaction: Transaction, slug: _Slug, price: list[str] | None, sets: list[str] | None, **given: Any
) -> Change:
    """Add a price list; prints its id."""
    given = {"currency": transaction.settings.currency} | as_typed(PriceList, given, transaction.session)
    given["id"] = given_slug(slug, "price list")
    price_list = built(PriceList, given, sets, transaction.session)
    prices = catalogue.with_prices(price_list.prices, _new_prices(transaction, price_list, price or ()))
    return _add(transaction, price_list.with_(prices=prices))


@app.command("price-list price", cls=Changing)
def price_price_list(
    transaction: Transaction,
    ref: Ref,
    prices: list[str] = argument(f"{_PRICES}.", "SKU=PRICE[@QUANTITY]..."),
) -> Change:
    """Set prices in a price list.

    Other tiers stay. SKU= removes a product.
    """
    price_list = transaction.get(PriceList, ref)
    return catalogue.set_prices(price_list, _new_prices(transaction, price_list, prices))


def _same_currency(transaction: Transaction, before: Any, after: Any) -> None:
    if before.currency != after.currency:
        require_unused(before, [name for name, _ in users_of(transaction, PRICE_LIST, before.id)])


register_set_and_edit(app, PRICE_LIST, rule=_same_currency)
register_remove(app, PRICE_LIST, way_out="end it instead: pipecli price-list set {key} valid_until=today")


def _new_prices(transaction: Transaction, price_list: PriceList, texts: Sequence[str]) -> list[NewPrice]:
    """`S-100=2299.00@10`, the product named as anywhere, as the price from 10 on. Raises PipecliError."""
    new, run = [], transaction.session
    for text in texts:
        sku, equals, value = (part.strip() for part in text.partition("="))
        if not sku or not equals:
            raise PipecliError(
                f'"{text}" isn\'t a price', hint="write SKU=2499.00, or SKU=2299.00@10 from 10 on"
            )
        amount, at, quantity = (part.strip() for part in value.partition("@"))
        if not amount and at:
            raise PipecliError(f"{text}: the price is missing", hint=f"{sku}= takes the product off the list")
        if sku not in price_list.prices:
            sku = transaction.get(Product, sku).sku
        if not amount:
            new.append(NewPrice(sku, None))
            continue
        given = {
            "from": typed_number(run, text, quantity) if at else 1,
            "price": typed_number(run, text, amount),
        }
        tier = validated(Tier, given, f"{text}: ")
        new.append(NewPrice(sku, tier.price, tier.from_))
    return new


Deal = Annotated[str, typer.Argument(metavar="OPPORTUNITY", help="The deal: its id, its start, or a title.")]


@app.command("literature add", cls=Changing)
@with_fields(
    option_of("title", Parameter.empty, help="What people call it.", metavar="TEXT"),
    field("file", "A file of the pipeline, such as literature/brochure.pdf.", "PATH"),
    field("url", "Or its address on the web.", "ADDRESS"),
    field("products", "A product it is about; repeatable.", "SKU", "--product", of=list[str] | None),
    field("stages", "A stage it is for; repeatable.", "STAGE", "--stage", of=list[str] | None),
    *(TAGS, SETS),
)
def add_literature(transaction: Transaction, slug: _Slug, sets: list[str] | None, **given: Any) -> Change:
    """Add a document of sales literature; prints its id."""
    given = as_typed(Literature, given, transaction.session) | {"id": given_slug(slug, "document")}
    return _add(transaction, _sound(transaction, built(Literature, given, sets, transaction.session)))


@app.command("literature suggest")
def suggest_literature(run: Session, deal: Deal) -> None:
    """List what fits a deal, the best first.

    What hasn't been sent yet comes first, then what fits its products and its stage.
    """
    opportunity = run.pipeline.get(Opportunity, find_typed(run, deal, OPPORTUNITY).key)
    offered = catalogue.suggest_literature(opportunity, run.read(LITERATURE).all(Literature))
    records = [_row(suggestion, opportunity.stage) for suggestion in offered]
    print_records(records, _SUGGESTIONS, run.format)


@app.command("literature send", cls=Changing)
def send_literature(
    transaction: Transaction,
    ref: Ref,
    deal: Deal,
    contact: str | None = option("To whom. Default: the deal's primary contact.", "CONTACT"),
    note: str | None = option("What was written with it.", "TEXT"),
) -> Change:
    """Record on a deal that a document was sent.

    It is added to the activities as an outgoing e-mail; this sends nothing.
    """
    return catalogue.record_literature_sent(
        transaction.get(Opportunity, deal),
        _sound(transaction, transaction.get(Literature, ref)),
        transaction.now,
        activity_id=transaction.new_activity_id(),
        by=transaction.me,
        contact=transaction.get(Contact, contact).id if contact else None,
        note=note or None,
    )


_SUGGESTIONS = (
    Column("id", "ID"),
    Column("title", "TITLE", shrink=True, min_width=14),
    Column("products", "FOR PRODUCTS", shrink=True),
    Column("stage", "FOR STAGE"),
    Column("sent", "SENT", show=lambda record: str(record.get("sent", ""))[:10]),
    Column("place", "FILE OR ADDRESS", shrink=True, rank=1),
)


def _row(suggestion: Suggestion, stage: str) -> dict[str, object]:
    document = suggestion.document
    row = {
        "id": document.id,
        "title": document.title,
        "products": list(suggestion.products),
        "stage": stage if suggestion.is_for_stage else None,
        "sent": suggestion.sent,
        "place": document.file or document.url,
    }
    return {key: value for key, value in row.items() if value is not None}


def _allow(transaction: Transaction, before: Literature, after: Literature) -> None:
    if (before.file, before.stages) != (after.file, after.stages):
        _sound(transaction, after)


def _sound(transaction: Transaction, document: Literature) -> Literature:
    """The document, if its file is there and its stages are known. Raises PipecliError."""
    require_stages(transaction.settings, document.stages)
    if document.file and not path_inside(transaction.pipeline.root, document.file).is_file():
        raise PipecliError(
            f"{document.id}: {document.file} isn't a file of the pipeline",
            hint="copy it there first, or give an address with --url",
        )
    return document


register_set_and_edit(app, LITERATURE, rule=_allow)
register_remove(app, LITERATURE, way_out="keep it: those deals tell that it was sent")
