"""The columns of each noun's table: what a person reads in a list."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipecli.cli.listing import Shown
from pipecli.cli.table import Column, money
from pipecli.records.money import minor_digits
from pipecli.records.values import QUESTIONS


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
