"""The columns of the tables of the catalogue, of activities, and of the settings' users and teams."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipecli.cli.listing import Shown
from pipecli.cli.table import Column, money
from pipecli.records.money import minor_digits


def price_text(price: Decimal, currency: str) -> str:
    """A unit price, with every digit it has: screws cost 0.0125."""
    exponent = price.as_tuple().exponent
    written = -exponent if isinstance(exponent, int) else 0
    return money(price, None, max(minor_digits(currency), written))


def _flag(name: str) -> Column:
    return Column(name, name.upper(), show=lambda record: "yes" if record[name] else "no")


def _listed(name: str, heading: str) -> Column:
    """A JSON list of the index, its elements with commas."""

    def show(record: Mapping[str, object]) -> str:
        from pipecli.jsontext import loads

        return ", ".join(loads(str(record[name]))) if record[name] else ""

    return Column(name, heading, shrink=True, show=show)


def _cost(record: Mapping[str, object]) -> str:
    return "" if record["cost"] is None else price_text(Decimal(str(record["cost"])), str(record["currency"]))


def _percent(record: Mapping[str, object]) -> str:
    return "" if record["tax"] is None else f"{record['tax']:g} %"


_BASE_CURRENCY = "(SELECT json_extract(json, '$.currency') FROM _records WHERE noun = 'settings')"

PRODUCTS = (
    Shown(Column("sku", "SKU"), "sku"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("kind", "KIND", rank=1), "kind"),
    Shown(Column("uom", "UNIT", rank=2), "uom"),
    Shown(Column("tax", "TAX", align="right", rank=3, show=_percent), "tax"),
    Shown(Column("cost", "COST", align="right", rank=4, show=_cost), "cost"),
    Shown(Column("currency", ""), _BASE_CURRENCY, hidden=True),
    Shown(_flag("active"), "active"),
)

PRICE_LISTS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("name", "NAME", shrink=True), "name"),
    Shown(Column("currency", "CURRENCY"), "currency"),
    Shown(Column("valid_from", "FROM"), "valid_from"),
    Shown(Column("valid_until", "UNTIL"), "valid_until"),
    Shown(
        Column("products", "PRODUCTS", align="right"),
        "(SELECT count(*) FROM json_each(price_lists.json, '$.prices'))",
    ),
)


def price_columns(currency: str) -> tuple[Column, ...]:
    """A price list's rows: a product and quantity each."""

    def show(record: Mapping[str, object]) -> str:
        return price_text(Decimal(str(record["price"])), currency)

    return (
        Column("sku", "SKU"),
        Column("name", "PRODUCT", shrink=True),
        Column("from", "FROM", align="right"),
        Column("price", f"PRICE {currency}", align="right", show=show),
    )


SUGGESTIONS = (
    Column("id", "ID"),
    Column("title", "TITLE", shrink=True, min_width=14),
    Column("products", "FOR PRODUCTS", shrink=True),
    Column("stage", "FOR STAGE"),
    Column("sent", "SENT", show=lambda record: str(record.get("sent", ""))[:10]),
    Column("place", "FILE OR ADDRESS", shrink=True, rank=1),
)

LITERATURE = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("title", "TITLE", shrink=True, min_width=14), "title"),
    Shown(_listed("products", "PRODUCTS"), "products"),
    Shown(_listed("stages", "STAGES"), "stages"),
    Shown(Column("place", "FILE OR ADDRESS", shrink=True, rank=1), "coalesce(file, url)"),
)


def _time(record: Mapping[str, object]) -> str:
    """To the minute, as it was written: 2026-11-30 10:00; a day alone for what has no hour."""
    return str(record["at"])[:16].replace("T", " ")


ACTIVITIES = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("at", "WHEN", show=_time), "at"),
    Shown(Column("type", "TYPE"), "type"),
    Shown(Column("direction", "DIR", rank=2), "direction"),
    Shown(Column("done", "DONE", show=lambda record: "yes" if record["done"] else "no"), "done"),
    Shown(Column("subject", "SUBJECT", shrink=True, min_width=12), "subject"),
    Shown(Column("record", "ON"), "record"),
    Shown(Column("title", "TITLE", shrink=True, rank=3), "title"),
    Shown(Column("by", "BY", rank=1), '"by"'),
)

USERS = (
    Shown(Column("id", "USER"), "id"),
    Shown(Column("name", "NAME", shrink=True), "name"),
    Shown(Column("email", "E-MAIL", shrink=True, rank=1), "email"),
    Shown(Column("team", "TEAM"), "team"),
    Shown(_flag("active"), "active"),
)

TEAMS = (
    Shown(Column("id", "TEAM"), "id"),
    Shown(Column("name", "NAME", shrink=True), "name"),
    Shown(Column("manager", "MANAGER"), "manager"),
    Shown(_listed("members", "MEMBERS"), "members"),
)
