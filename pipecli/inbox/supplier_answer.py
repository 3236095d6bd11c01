"""The table of prices that a supplier sends back: its columns by their headings, and its offers by row."""

from __future__ import annotations

import re
from decimal import Decimal

from pipecli.errors import PipecliError
from pipecli.inbox.importing import notation
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.importing.workbook import rows_of_file
from pipecli.workflow.supplier_quotation import Offered

# Headings as suppliers write them, folded to small letters and single blanks; the surest first.
_PRICE = (
    "unit price", "price per unit", "net price", "price", "unit cost", "cost", "precio unitario", "precio",
    "prix unitaire", "prix", "einzelpreis", "stückpreis", "preis", "prezzo unitario", "prezzo",
    "preço unitário", "preço", "قیمت واحد", "قیمت",
)  # fmt: skip
_PRODUCT = (
    "product", "sku", "item no", "item number", "article", "article no", "part number", "code", "reference",
    "ref", "producto", "código", "referencia", "artículo", "artikel", "artikelnummer", "référence", "codice",
    "کد کالا", "کد",
)  # fmt: skip
_DESCRIPTION = (
    "description", "item", "name", "descripción", "nombre", "désignation", "bezeichnung", "beschreibung",
    "descrizione", "descrição", "شرح کالا", "شرح", "نام کالا",
)  # fmt: skip
_LEAD_TIME = (
    "lead time", "delivery time", "delivery", "plazo de entrega", "plazo", "entrega", "lieferzeit", "délai",
    "délai de livraison", "consegna", "prazo de entrega", "prazo", "زمان تحویل",
)  # fmt: skip


def offered_prices(raw: bytes, name: str, currency: str) -> list[Offered]:
    """The offer of each row of a supplier's file; rows without a price are left out.

    Encoding, delimiter and decimal sign are detected. Raises PipecliError for a file without a column of
    prices or of names, for a price that can't be read for certain, and for one in another currency than
    `currency`, by its place in the file.
    """
    table = rows_of_file(raw, name)
    prices = _column(table, _PRICE)
    if prices is None:
        raise PipecliError(
            f"{name}: no column of prices among {', '.join(table.columns)}", hint='call one of them "price"'
        )
    columns = (_column(table, _PRODUCT), _column(table, _DESCRIPTION))
    named = [column for column in dict.fromkeys(columns) if column]
    if not named:
        raise PipecliError(
            f"{name}: no column says what is priced among {', '.join(table.columns)}",
            hint='call one of them "product" or "description"',
        )
    lead_times = _column(table, _LEAD_TIME)
    mark = notation.mark_of(_text(row, prices) for row in table.rows)
    offered = []
    for row in table.rows:
        names = tuple(text for column in named if (text := _text(row, column)))
        written = _text(row, prices)
        if names and written:
            place = f"{name}:{row.line}"
            price = _price(written, mark, currency, place)
            offered.append(Offered(names, price, _text(row, lead_times), place))
    return offered


def _column(table: Table, headings: tuple[str, ...]) -> str | None:
    """The column with one of these headings, or with a heading that begins with one: `Price (EUR)`."""
    folded = {_folded(column): column for column in table.columns}
    for heading in headings:
        if heading in folded:
            return folded[heading]
    for heading in headings:
        for known, column in folded.items():
            if known.startswith(f"{heading} "):
                return column
    return None


def _folded(heading: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", heading.casefold()).split())


def _text(row: Row, column: str | None) -> str:
    return str(row.cells.get(column, "")).strip() if column else ""


def _price(written: str, mark: notation.Mark, currency: str, place: str) -> Decimal:
    try:
        read = notation.money(written, mark)
    except notation.Unreadable:
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
