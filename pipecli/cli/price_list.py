"""`pipecli price-list`: what products cost, by currency, time and quantity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pipecli.cli.common.assignments import built, number, validated
from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, Ref, Sets, noun
from pipecli.cli.common.record_verbs import add_remove, add_set_edit, given_slug, setting_of, users_of
from pipecli.errors import PipecliError
from pipecli.records.catalogue import PriceList, Tier
from pipecli.records.kinds import PRICE_LIST
from pipecli.workflow import catalogue
from pipecli.workflow.catalogue import NewPrice, require_unused

app = noun()

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
    with changing(ctx) as transaction:
        transaction.do(catalogue.price(transaction.get(PriceList, ref), _new_prices(prices)))


def _same_currency(transaction: Transaction, before: Any, after: Any) -> None:
    if before.currency != after.currency:
        require_unused(before, [name for name, _ in users_of(transaction, PRICE_LIST, before.id)])


add_set_edit(app, PRICE_LIST, setting_of(_same_currency), _same_currency)
add_remove(app, PRICE_LIST, way_out="end it instead: pipecli price-list set {key} valid_until=today")


def _new_prices(texts: Sequence[str]) -> list[NewPrice]:
    """`cafe-s-100=2299.00@10` as the price from 10 units on. Raises PipecliError."""
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
