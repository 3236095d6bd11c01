"""`pipecli price-list`: what products cost, by currency, time and quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.columns import PRICE_LISTS
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, print_list
from pipecli.cli.common.record_verbs import Ref, Sets, add_remove, add_set_edit, setting_of
from pipecli.cli.common.session import Session, session
from pipecli.errors import PipecliError
from pipecli.records.kinds import PRICE_LIST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipecli.workflow.catalogue import NewPrice

app = noun("Price lists, by currency.")

_PRICES = "SKU=PRICE, or SKU=PRICE@QUANTITY for a price from that quantity on"


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="ID", help="What names it: small letters, digits and hyphens.")
    ],
    currency: Annotated[
        str | None, typer.Option(help="The settings' currency otherwise.", metavar="CODE")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.", metavar="TEXT")] = None,
    valid_from: Annotated[
        str | None, typer.Option(help="The first day of its prices.", metavar="DATE")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option(help="The last day of its prices.", metavar="DATE")
    ] = None,
    price: Annotated[
        list[str] | None, typer.Option(help=f"{_PRICES}; repeatable.", metavar="SKU=PRICE[@QUANTITY]")
    ] = None,
    sets: Sets = None,
) -> None:
    """Add a price list; prints its id."""
    from pipecli.cli.common.assignments import built
    from pipecli.cli.common.record_verbs import given_slug
    from pipecli.records.catalogue import PriceList
    from pipecli.workflow import catalogue

    with changing(ctx) as transaction:
        given = {
            "id": given_slug(slug, "price list"),
            "name": name,
            "currency": currency or transaction.settings.currency,
            "valid_from": transaction.day(valid_from),
            "valid_until": transaction.day(valid_until),
        }
        price_list = built(PriceList, given, sets, transaction.session)
        prices = catalogue.priced(price_list.prices, _new_prices(price or ()))
        is_taken = transaction.pipeline.file_of("price-list", price_list.id) is not None
        transaction.do(catalogue.add(price_list.with_(prices=prices), is_taken=is_taken))


@app.command("price", cls=Changing)
def price_(
    ctx: typer.Context,
    ref: Ref,
    prices: Annotated[list[str], typer.Argument(metavar="SKU=PRICE[@QUANTITY]...", help=f"{_PRICES}.")],
) -> None:
    """Set prices in a price list.

    Tiers that are not named stay. SKU= takes a product off the list.
    """
    from pipecli.records.catalogue import PriceList
    from pipecli.workflow import catalogue

    with changing(ctx) as transaction:
        transaction.do(catalogue.price(transaction.get(PriceList, ref), _new_prices(prices)))


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List price lists."""
    print_list(ctx, PRICE_LIST, PRICE_LISTS, order="currency, id")


@app.command("show")
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one price list, a row a product and tier."""
    from pipecli.cli.common.change import record_json
    from pipecli.store.lookup import resolve

    run = session(ctx)
    found = resolve(run.pipeline, ref, PRICE_LIST)
    _print(run, record_json(run, found.noun, found.key))


def _same_currency(transaction: Transaction, before: Any, after: Any) -> None:
    from pipecli.cli.common.record_verbs import users_of
    from pipecli.workflow.catalogue import require_unused

    if before.currency != after.currency:
        require_unused(before, [name for name, _ in users_of(transaction, PRICE_LIST, before.id)])


add_set_edit(app, PRICE_LIST, setting_of(_same_currency), _same_currency)
add_remove(app, PRICE_LIST, way_out="end it instead: pipecli price-list set {key} valid_until=today")


def _new_prices(texts: Sequence[str]) -> list[NewPrice]:
    """`cafe-s-100=2299.00@10` as the price from 10 units on. Raises PipecliError."""
    from pipecli.cli.common.assignments import number, validated
    from pipecli.cli.common.record_verbs import given_slug
    from pipecli.records.catalogue import Tier
    from pipecli.workflow.catalogue import NewPrice

    new = []
    for text in texts:
        sku, equals, value = (part.strip() for part in text.partition("="))
        if not sku or not equals:
            raise PipecliError(
                f'"{text}" is no price', hint="write SKU=2499.00, or SKU=2299.00@10 from 10 on"
            )
        amount, at, quantity = (part.strip() for part in value.partition("@"))
        if not amount and at:
            raise PipecliError(f"{text}: the price is missing", hint=f"{sku}= takes the product off the list")
        given_slug(sku, "product")
        if not amount:
            new.append(NewPrice(sku, None))
            continue
        given = {"from": number(text, quantity) if at else 1, "price": number(text, amount)}
        tier = validated(Tier, given, f"{text}: ")
        new.append(NewPrice(sku, tier.price, tier.from_))
    return new


def _print(run: Session, shown: dict[str, Any]) -> None:
    from pipecli.cli.common.change import print_record_json
    from pipecli.cli.common.columns import price_columns
    from pipecli.cli.common.output import Format, print_records

    if run.format in (Format.JSON, Format.JSONL, Format.IDS):
        print_record_json(run, shown)
        return
    names = dict(run.pipeline.index.connection.execute("SELECT sku, name FROM products"))
    rows = [
        {"sku": sku, "name": names.get(sku), "from": tier["from"], "price": tier["price"]}
        for sku, price in shown.get("prices", {}).items()
        for tier in (price if isinstance(price, list) else [{"from": None, "price": price}])
    ]
    if run.format is Format.TABLE:
        print_record_json(run, {key: value for key, value in shown.items() if key != "prices"})
        typer.echo("")
    print_records(rows, price_columns(shown["currency"]), run.format, id_key="sku")
