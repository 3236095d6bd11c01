"""The columns of the tables of quotations, orders and suppliers' quotations."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipecli.cli.listing import Shown
from pipecli.cli.table import Column, money
from pipecli.records.money import minor_digits


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
