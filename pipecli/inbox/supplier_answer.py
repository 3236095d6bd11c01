"""The table of prices that a supplier sends back: its columns by their headers, its offers by row.

The words of headers are in `moving/presets/words.yaml`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError, Unreadable
from pipecli.inbox.importing.table import Table
from pipecli.inbox.importing.workbook import rows_of_file
from pipecli.inbox.moving.vocabulary import header_key, patterns
from pipecli.records.written_amounts import DecimalSign, decimal_sign_of, read_money

if TYPE_CHECKING:
    from pipecli.workflow.supplier_quotation import Offered


def offered_prices(raw: bytes, name: str, currency: str) -> list[Offered]:
    """The offer of each row of a supplier's file; rows without a price are left out.

    Encoding, delimiter and decimal sign are detected. Raises PipecliError for a file without a column of
    prices or of names, for a price that can't be read for certain, and for one in another currency than
    `currency`, by its place in the file.
    """
    from pipecli.workflow.supplier_quotation import Offered

    table = rows_of_file(raw, name)
    prices = _column(table, "price")
    if prices is None:
        raise PipecliError(
            f"{name}: no column of prices among {', '.join(table.columns)}", hint='call one of them "price"'
        )
    columns = (_column(table, "product"), _column(table, "description"))
    named = [column for column in dict.fromkeys(columns) if column]
    if not named:
        raise PipecliError(
            f"{name}: no column says what is priced among {', '.join(table.columns)}",
            hint='call one of them "product" or "description"',
        )
    lead_times = _column(table, "lead time")
    decimal_sign = decimal_sign_of(row.text(prices) for row in table.rows)
    offered = []
    for row in table.rows:
        names = tuple(text for column in named if (text := row.text(column)))
        written = row.text(prices)
        if names and written:
            place = f"{name}:{row.line}"
            price = _price(written, decimal_sign, currency, place)
            offered.append(Offered(names, price, row.text(lead_times), place))
    return offered


def _column(table: Table, role: str) -> str | None:
    """The column with one of the words of a role, or with a header that begins with one: `Price (EUR)`."""
    headers = [header_key(word) for word in patterns()["offers"][role]]
    keys = {header_key(column): column for column in table.columns}
    begins = (column for word in headers for key, column in keys.items() if key.startswith(f"{word} "))
    return next((keys[word] for word in headers if word in keys), None) or next(begins, None)


def _price(written: str, decimal_sign: DecimalSign, currency: str, place: str) -> Decimal:
    try:
        read = read_money(written, decimal_sign)
    except Unreadable:
        raise PipecliError(
            f'{place}: the price "{written}" can\'t be read for certain',
            hint="correct it in the file, or give the prices with --price ITEM=PRICE",
        ) from None
    if read.currencies and currency not in read.currencies:
        raise PipecliError(
            f'{place}: the price "{written}" is not in {currency}',
            hint=f"if all of them are so, say --currency {min(read.currencies)}",
        )
    if read.value < 0:
        raise PipecliError(f'{place}: the price "{written}" is negative', hint="correct it in the file")
    return read.value
