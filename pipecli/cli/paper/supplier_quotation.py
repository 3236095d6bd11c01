"""`pipecli supplier-quote`: what suppliers were asked, what they answered, and their answers side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pipecli.cli.common.command import Changing, Ref, Sets, argument, noun, option
from pipecli.cli.common.names_and_questions import find_typed
from pipecli.cli.common.output import Format, print_record, print_records, write_text
from pipecli.cli.common.record_verbs import register_set_and_edit
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column, amount_text, cell_text, cut, price_text
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import built, typed_option
from pipecli.errors import PipecliError, Unreadable
from pipecli.inbox.importing.rows_of_file import rows_of_file
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.vocabulary import header_key, patterns
from pipecli.json_and_csv import picked
from pipecli.records.customer import Supplier
from pipecli.records.kinds import OPPORTUNITY, SUPPLIER_QUOTATION
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import SupplierQuotation
from pipecli.records.written_amounts import DecimalSign, decimal_sign_of, read_money
from pipecli.store.record_meant import Care
from pipecli.workflow import Change, supplier_quotation
from pipecli.workflow.order import require_same_status
from pipecli.workflow.supplier_quotation import ComparedOffer as Answer
from pipecli.workflow.supplier_quotation import Comparison, Offered, Price

app = noun()


@app.command("new", cls=Changing)
def new(
    transaction: Transaction,
    opportunity: str = argument("The deal that needs the prices.", "OPP"),
    supplier: str = option("The supplier to ask.", "SUPPLIER", default=...),
    item: list[str] | None = option(
        "Only this item: its number, product or description; repeatable.", "ITEM"
    ),
    currency: str | None = option("Default: the supplier's, else the deal's.", "CODE"),
    answer_by: str | None = option("The day by which you want the answer.", "DATE"),
    notes: str | None = option("Notes of your own.", "TEXT"),
    sets: Sets = None,
) -> Change:
    """Record a request to a supplier; prints its id. It is for the prices of a deal's items; nothing is
    mailed."""
    deal = transaction.get(Opportunity, opportunity)
    asked = supplier_quotation.request_prices(
        deal,
        transaction.get(Supplier, supplier),
        id=transaction.new_id("SQ"),
        now=transaction.now,
        only=item or (),
        currency=currency,
        answer_by=transaction.day(answer_by),
        notes=notes,
    )
    quotation = built(SupplierQuotation, asked.plain(), sets, transaction.session)
    _keep_status(transaction, asked, quotation)
    return Change(quotation, f"ask {quotation.supplier} for {deal.title}", "supplier-quotation-requested")


def _keep_status(_transaction: Transaction, before: Any, after: Any) -> None:
    require_same_status(before, after, "pipecli supplier-quote receive or decline")


register_set_and_edit(app, SUPPLIER_QUOTATION, rule=_keep_status)


@app.command("receive", cls=Changing)
def receive(
    transaction: Transaction,
    ref: Ref,
    price: list[str] | None = option(
        "The price of an item, named by product, number or description; repeatable.", "ITEM=PRICE"
    ),
    csv: Path | None = option("The table that the supplier returned.", "FILE", "--csv"),
    lead_time: str | None = option('In their words: "3 weeks".', "TEXT"),
    valid_until: str | None = option("The offer's last day.", "DATE"),
    currency: str | None = option("The currency of the prices. Default: the one asked for.", "CODE"),
) -> Change:
    """Record a supplier's answer. It has a price for every item, typed or from their file."""
    if not price and csv is None:
        raise PipecliError(
            "an answer has prices", hint="give --price ITEM=PRICE, or --csv FILE", code="usage"
        )
    answer = transaction.get(SupplierQuotation, ref)
    typed = [_typed(transaction, text, answer.currency) for text in price or ()]
    read = offered_prices(csv.read_bytes(), csv.name, currency or answer.currency) if csv else []
    return supplier_quotation.receive_prices(
        answer,
        [*typed, *read],
        today=transaction.today,
        lead_time=lead_time,
        valid_until=transaction.day(valid_until),
        currency=currency,
    )


def offered_prices(raw: bytes, name: str, currency: str) -> list[Offered]:
    """The offer of each row of a supplier's file; rows without a price are left out.

    Encoding, delimiter and decimal sign are detected. Raises PipecliError for a file without a column of
    prices or of names, for a price that can't be read for certain, and for one in another currency than
    `currency`, by its place in the file.
    """
    table = rows_of_file(raw, name)
    prices = _column_of(table, "price")
    if prices is None:
        raise PipecliError(
            f"{name}: no column of prices among {', '.join(table.columns)}", hint='call one of them "price"'
        )
    columns = (_column_of(table, "product"), _column_of(table, "description"))
    named = [column for column in dict.fromkeys(columns) if column]
    if not named:
        raise PipecliError(
            f"{name}: no column says what is priced among {', '.join(table.columns)}",
            hint='call one of them "product" or "description"',
        )
    lead_times = _column_of(table, "lead time")
    decimal_sign = decimal_sign_of(row.text(prices) for row in table.rows)
    offered = []
    for row in table.rows:
        names = tuple(text for column in named if (text := row.text(column)))
        written = row.text(prices)
        if names and written:
            place = f"{name}:{row.line}"
            price = _read_price(written, decimal_sign, currency, place)
            offered.append(Offered(names, price, row.text(lead_times), place))
    return offered


def _column_of(table: Table, role: str) -> str | None:
    """The column with one of the words of a role, or with a header that begins with one: `Price (EUR)`."""
    headers = [header_key(word) for word in patterns()["offers"][role]]
    keys = {header_key(column): column for column in table.columns}
    begins = (column for word in headers for key, column in keys.items() if key.startswith(f"{word} "))
    return next((keys[word] for word in headers if word in keys), None) or next(begins, None)


def _read_price(written: str, decimal_sign: DecimalSign, currency: str, place: str) -> Decimal:
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


def _typed(transaction: Transaction, text: str, currency: str) -> Offered:
    """`cafe-s-100=9.90`."""
    item, equals, price = text.rpartition("=")
    if not equals or not item.strip() or not price.strip():
        raise PipecliError(f'--price: "{text}" isn\'t a price of an item', hint="write it as cafe-s-100=9.90")
    field = (SupplierQuotation, "items.0.unit_price")
    return Offered(
        (item.strip(),), typed_option("--price", price.strip(), field, transaction.session, currency)
    )


@app.command("decline", cls=Changing)
def decline(
    transaction: Transaction,
    ref: Ref,
    reason: str | None = option("Why, in their words.", "TEXT"),
) -> Change:
    """Record that a supplier can't or won't quote."""
    return supplier_quotation.decline_request(
        transaction.get(SupplierQuotation, ref, Care.ONLY), reason=reason
    )


@app.command("compare")
def compare(run: Session, opportunity: str = argument("The deal.", "OPP")) -> None:
    """Compare the answers side by side. One row per item, one column per supplier; * marks the best price."""
    deal = run.pipeline.get(Opportunity, find_typed(run, opportunity, OPPORTUNITY).key)
    answers = run.pipeline.all(SupplierQuotation, opportunity=deal.id)
    compared = supplier_quotation.compare_offers(answers, deal.currency, run.pipeline.rates, today=run.today)
    if run.format is Format.IDS:
        best_first = sorted(compared.columns, key=lambda column: not column.is_best)
        write_text("".join(f"{column.answer.id}\n" for column in best_first))
    elif run.format in (Format.JSON, Format.JSONL):
        print_record(_view(deal.id, compared), run.format, ())
    else:
        if compared.columns:
            _print_table(run, compared)
        else:
            way_out = (
                "" if compared.waiting else f"; ask one: pipecli supplier-quote new {deal.id} --supplier S"
            )
            say(f"{deal.id}: no supplier has answered{way_out}")
        for quotation in compared.waiting:
            say(f"no answer yet: {quotation.supplier} ({quotation.id}), asked on {quotation.date}")
        for quotation in compared.declined:
            reason = f": {quotation.reason}" if quotation.reason else ""
            say(f"declined: {quotation.supplier} ({quotation.id}){reason}")


def _print_table(run: Session, compared: Comparison) -> None:
    """A row an item, then what each answer says as a whole. Marks and rounding are for people only."""
    draw = _drawn if run.format is Format.TABLE else _plain
    columns = [
        Column("item", "ITEM", shrink=True, min_width=12),
        Column("quantity", "QUANTITY", align="right"),
        *(
            Column(column.answer.id, heading, align="right")
            for column, heading in zip(compared.columns, _headings(compared), strict=True)
        ),
    ]
    rows: list[dict[str, object]] = []
    for row in compared.rows:
        term = f"× {row.term} × {row.per}" if row.per else ""
        quantity = " ".join(filter(None, (f"{row.quantity:f}", row.uom, term)))
        prices = zip(compared.columns, row.prices, strict=True)
        cells = {column.answer.id: draw(price, column, compared.currency) for column, price in prices}
        rows.append({"item": row.description, "quantity": quantity, **cells})
    for label, value_of in _summary(compared):
        cells = {
            column.answer.id: draw(value_of(column), column, compared.currency) for column in compared.columns
        }
        if any(cells.values()):
            rows.append({"item": label, "quantity": "", **cells})
    print_records(rows, columns, run.format)


def _drawn(value: object, column: Answer, currency: str) -> str:
    """A cell for people: a price in the deal's currency, `*` at the best; blank where the mark would be."""
    own = column.answer.currency
    if isinstance(value, Price):
        mark = " *" if value.is_best else "  "
        if own == currency:
            return price_text(value.unit_price, currency) + mark
        if value.compared is None:
            return f"{price_text(value.unit_price, own)} {own}{mark}"
        return f"≈ {amount_text(value.compared, currency, named=False)}{mark}"
    if isinstance(value, _Total):
        mark = " *" if column.is_best else "  "
        if value.compared is None:
            return amount_text(value.own, own) + mark
        return amount_text(value.compared, currency, named=False) + mark
    return f"{cut(cell_text(value), _LONGEST)}  " if value else ""


def _plain(value: object, _column: Answer, _currency: str) -> object:
    """A cell for another program: prices as the supplier gave them, the total as it compares."""
    if isinstance(value, Price):
        return value.unit_price
    return value.compared if isinstance(value, _Total) else value


_LONGEST = 24
"""Characters of a lead time that a table has room for."""


class _Total(NamedTuple):
    own: Decimal
    compared: Decimal | None


def _headings(compared: Comparison) -> list[str]:
    """The suppliers, with the id of the answer where one gave two, and a currency of their own."""
    times = Counter(column.answer.supplier for column in compared.columns)
    headings = []
    for column in compared.columns:
        twice = f" {column.answer.id}" if times[column.answer.supplier] > 1 else ""
        foreign = f" ({column.answer.currency})" if column.answer.currency != compared.currency else ""
        headings.append(f"{column.answer.supplier.upper()}{twice}{foreign}")
    return headings


def _summary(compared: Comparison) -> list[tuple[str, Callable[[Answer], object]]]:
    """The rows about an answer as a whole: a label, and a function from a supplier's column to its cell."""
    items = len(compared.rows)
    return [
        (
            f"Total {compared.currency}",
            lambda column: None if column.total is None else _Total(column.total, column.compared),
        ),
        ("Quoted", lambda column: f"{column.quoted} of {items}" if column.quoted < items else None),
        ("Lead time", lambda column: column.answer.lead_time),
        ("Valid until", _validity),
        ("Answer", lambda column: column.answer.id),
    ]


def _validity(column: Answer) -> str | None:
    day = column.answer.valid_until
    expired = "expired " if column.has_expired else ""
    return None if day is None else f"{expired}{day}"


def _view(deal: str, compared: Comparison) -> dict[str, Any]:
    """The comparison by keys."""
    return {
        "opportunity": deal,
        "currency": compared.currency,
        "items": [
            {
                **picked(row, "product description quantity uom per term"),
                "prices": [
                    {
                        **picked(column.answer, "id supplier"),
                        "unit_price": price.unit_price,
                        "currency": column.answer.currency,
                        "compared": _rounded(price.compared),
                        "best": price.is_best,
                    }
                    for column, price in zip(compared.columns, row.prices, strict=True)
                    if price is not None
                ],
            }
            for row in compared.rows
        ],
        "suppliers": [
            *(
                picked(column.answer, "id supplier status currency")
                | picked(column, "total compared quoted")
                | {"complete": column.quoted == len(compared.rows)}
                | picked(column.answer, "lead_time valid_until")
                | {"expired": column.has_expired, "best": column.is_best}
                for column in compared.columns
            ),
            *(
                picked(quotation, "id supplier status reason")
                for quotation in (*compared.waiting, *compared.declined)
            ),
        ],
    }


def _rounded(compared: Decimal | None) -> Decimal | None:
    """A converted price to a hundredth of a cent: enough to see which of two near ones is lower."""
    return None if compared is None else compared.quantize(Decimal("0.0001")).normalize() + 0
