"""The columns of each noun's table: what a person reads in a list.

The columns of the tables of leads, and of customers, contacts, suppliers and competitors.

The columns of the tables of quotations, orders and suppliers' quotations.

The columns of the tables of the catalogue, of activities, and of the settings' users and teams.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipecli.cli.common.list import Shown
from pipecli.cli.common.table import Column, money
from pipecli.records.money import minor_digits
from pipecli.records.questions import QUESTIONS


def _amount(record: Mapping[str, object]) -> str:
    """The `amount` of a row in the digits of its `currency`."""
    value, currency = record["amount"], str(record["currency"])
    return "" if value is None else money(Decimal(str(value)), currency, minor_digits(currency))


def _response(record: Mapping[str, object]) -> str:
    """How long the first response took."""
    minutes = record["minutes_to_first_response"]
    return f"{minutes:,} min" if isinstance(minutes, int) else ""


RESPONSE = Shown(
    Column("minutes_to_first_response", "RESPONSE", align="right", rank=5, show=_response),
    "minutes_to_first_response",
)


def _key_information(record: Mapping[str, object]) -> str:
    return f"{record['key_info_answered']} of {QUESTIONS}"


OPPORTUNITIES = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("title", "TITLE", shrink=True, min_width=14), "title"),
    Shown(
        Column("customer", "CUSTOMER", shrink=True, min_width=10), "coalesce(customer_name, customer, lead)"
    ),
    Shown(Column("stage", "STAGE"), "CASE status WHEN 'open' THEN stage ELSE status END"),
    Shown(
        Column("amount", "AMOUNT", align="right", show=_amount), "coalesce(exact_closed_amount, exact_amount)"
    ),
    Shown(Column("currency", ""), "currency", hidden=True),
    Shown(Column("expected_close", "CLOSE", rank=1), "coalesce(closed_date, expected_close)"),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
    RESPONSE,
    Shown(
        Column("key_info_answered", "KEY INFO", align="right", rank=3, show=_key_information),
        "key_info_answered",
    ),
)


def _missing(record: Mapping[str, object]) -> str:
    missing = str(record["missing"] or "").split()
    return "all four" if len(missing) == _CRITERIA else ", ".join(missing)


_CRITERIA = 4


def _listed(name: str, heading: str, rank: int) -> Column:
    """A JSON list of the index, its elements with commas."""

    def show(record: Mapping[str, object]) -> str:
        from pipecli.jsontext import loads

        return ", ".join(loads(str(record[name]))) if record[name] else ""

    return Column(name, heading, shrink=True, rank=rank, show=show)


LEADS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("organization", "ORGANIZATION", shrink=True, min_width=12), "organization"),
    Shown(Column("name", "NAME", shrink=True, min_width=10), "name"),
    Shown(Column("status", "STATUS"), "status"),
    Shown(
        Column("missing", "MISSING", show=_missing),
        "CASE WHEN status IN ('converted', 'disqualified') THEN NULL ELSE missing END",
    ),
    Shown(Column("score", "SCORE", align="right", rank=3), "score"),
    Shown(Column("next_contact", "NEXT", rank=4), "next_contact"),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
    RESPONSE,
)

CUSTOMERS = (
    Shown(Column("id", "ID", shrink=True, min_width=16), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("kind", "KIND", rank=4), "kind"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=3), "country"),
    Shown(Column("website", "WEBSITE", shrink=True, rank=2), "website"),
    Shown(
        Column("open", "OPEN", align="right", rank=1),
        "(SELECT count(*) FROM _opportunities o WHERE o.customer = customers.id AND o.status = 'open')",
    ),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
)

CONTACTS = (
    Shown(Column("id", "ID", shrink=True, min_width=14), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("customer", "CUSTOMER", shrink=True, min_width=10), "customer"),
    Shown(Column("title", "TITLE", shrink=True, rank=3), "title"),
    Shown(_listed("emails", "E-MAIL", 1), "emails"),
    Shown(_listed("phones", "PHONE", 2), "phones"),
)

SUPPLIERS = (
    Shown(Column("id", "ID", shrink=True, min_width=14), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=2), "country"),
    Shown(Column("currency", "CURRENCY", rank=3), "currency"),
    Shown(Column("email", "E-MAIL", shrink=True), "email"),
    Shown(Column("phone", "PHONE", rank=1), "phone"),
)


def _deals(status: str, against: str) -> str:
    """How many deals of a status have a competitor, by its slug or its name."""
    return f"(SELECT count(*) FROM _opportunities o WHERE o.status = '{status}' AND {against})"


STANDS_AGAINST = (
    "EXISTS (SELECT 1 FROM json_each(o.competitors) j"
    " WHERE j.value = competitors.id OR casefold(j.value) = casefold(competitors.name))"
)
"""Whether a deal `o` has the competitor of the row."""
LOST_TO = (
    "(o.closed_competitor = competitors.id OR casefold(o.closed_competitor) = casefold(competitors.name))"
)

COMPETITORS = (
    Shown(Column("id", "ID", shrink=True, min_width=14), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=2), "country"),
    Shown(Column("website", "WEBSITE", shrink=True, rank=3), "website"),
    Shown(Column("open", "OPEN", align="right"), _deals("open", STANDS_AGAINST)),
    Shown(Column("won", "WON AGAINST", align="right"), _deals("won", STANDS_AGAINST)),
    Shown(Column("lost", "LOST TO", align="right"), _deals("lost", LOST_TO)),
)


def amount_text(value: object, currency: object, *, named: bool = True) -> str:
    """An amount as exact text of the index, in the digits of its currency; empty where there is none."""
    if value is None:
        return ""
    digits = minor_digits(str(currency))
    return money(Decimal(str(value)), str(currency) if named else None, digits)


def _net(record: Mapping[str, object]) -> str:
    return amount_text(record["amount"], record["currency"], named=False)


def _total(record: Mapping[str, object]) -> str:
    return amount_text(record["total"], record["currency"])


def _margin(record: Mapping[str, object]) -> str:
    """`~` where the cost of some items is not known; `no rate` where one can't be converted."""
    if record["margin_unknown"]:
        return "no rate"
    about = "~" if record["items_without_cost"] else ""
    return about + amount_text(record["margin"], record["currency"], named=False)


def _asked(record: Mapping[str, object]) -> str:
    return amount_text(record["amount"], record["currency"])


_PRICED = (
    Shown(Column("amount", "NET", align="right", show=_net), "exact_amount"),
    Shown(Column("total", "TOTAL", align="right", show=_total), "exact_total"),
    Shown(Column("currency", "CURRENCY"), "currency", hidden=True),
    Shown(
        Column("margin", "MARGIN", align="right", rank=1, show=_margin),
        "json_extract(margin_facts, '$.margin')",
    ),
    Shown(
        Column("items_without_cost", ""), "json_extract(margin_facts, '$.items_without_cost')", hidden=True
    ),
    Shown(Column("margin_unknown", ""), "json_extract(margin_facts, '$.margin_unknown')", hidden=True),
)

_FOR = Shown(Column("customer", "CUSTOMER", shrink=True, min_width=12), "coalesce(customer_name, customer)")

_LEAD = "(SELECT k.label FROM _records k WHERE k.noun = 'lead' AND k.key = lead)"

QUOTATIONS = (
    Shown(Column("id", "ID"), "id"),
    _FOR._replace(sql=f"coalesce(customer_name, customer, {_LEAD}, lead)"),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("valid_until", "VALID UNTIL", rank=2), "valid_until"),
    *_PRICED,
    Shown(Column("opportunity", "DEAL", rank=3), "opportunity"),
    Shown(Column("date", "DATE", rank=4), "date"),
)

ORDERS = (
    Shown(Column("id", "ID"), "id"),
    _FOR,
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("date", "DATE", rank=2), "date"),
    *_PRICED,
    Shown(Column("delivered", "DELIVERED", rank=3), "delivered"),
    Shown(Column("quotation", "QUOTATION", rank=4), "quotation"),
)

SUPPLIER_QUOTATIONS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("supplier", "SUPPLIER", shrink=True, min_width=12), "coalesce(supplier_name, supplier)"),
    Shown(Column("opportunity", "DEAL"), "opportunity"),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("amount", "TOTAL", align="right", show=_asked), "exact_amount"),
    Shown(Column("currency", "CURRENCY"), "currency", hidden=True),
    Shown(Column("lead_time", "LEAD TIME", shrink=True, rank=2), "lead_time"),
    Shown(Column("valid_until", "VALID UNTIL", rank=1), "valid_until"),
)


def price_text(price: Decimal, currency: str) -> str:
    """A unit price, with every digit it has: screws cost 0.0125."""
    exponent = price.as_tuple().exponent
    written = -exponent if isinstance(exponent, int) else 0
    return money(price, None, max(minor_digits(currency), written))


def _flag(name: str) -> Column:
    return Column(name, name.upper(), show=lambda record: "yes" if record[name] else "no")


def _columns_catalogue_listed(name: str, heading: str) -> Column:
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
    Shown(_columns_catalogue_listed("products", "PRODUCTS"), "products"),
    Shown(_columns_catalogue_listed("stages", "STAGES"), "stages"),
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
    Shown(_columns_catalogue_listed("members", "MEMBERS"), "members"),
)
