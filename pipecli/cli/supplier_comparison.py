"""How `supplier-quote compare` is shown: a row an item, a column a supplier; for scripts by keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipecli.cli.columns_catalogue import price_text
from pipecli.cli.columns_quotation import amount_text
from pipecli.cli.output import Format, print_record, print_records, write_text
from pipecli.cli.session import Session, say
from pipecli.cli.table import Column
from pipecli.workflow.compare_supplier_quotations import Column as Answer
from pipecli.workflow.compare_supplier_quotations import Comparison, Price


def print_comparison(run: Session, deal: str, compared: Comparison) -> None:
    """Print a comparison; `ids` are those of the answers, the best total first."""
    if run.format is Format.IDS:
        best_first = sorted(compared.columns, key=lambda each: not each.is_best)
        write_text("".join(f"{each.answer.id}\n" for each in best_first))
    elif run.format in (Format.JSON, Format.JSONL):
        print_record(_view(deal, compared), run.format, ())
    else:
        if compared.columns:
            _print_table(run, compared)
        else:
            say(f"{deal}: no supplier has answered; ask one: pipecli supplier-quote new {deal} --supplier S")
        _say_who_is_missing(compared)


def _say_who_is_missing(compared: Comparison) -> None:
    for each in compared.waiting:
        say(f"no answer yet: {each.supplier} ({each.id}), asked on {each.date}")
    for each in compared.declined:
        reason = f": {each.reason}" if each.reason else ""
        say(f"declined: {each.supplier} ({each.id}){reason}")


def _print_table(run: Session, compared: Comparison) -> None:
    columns = [
        Column("item", "ITEM", shrink=True, min_width=12),
        Column("quantity", "QUANTITY", align="right"),
        *(
            Column(answer.answer.id, heading, align="right", show=_Cell(answer, compared.currency))
            for answer, heading in zip(compared.columns, _headings(compared), strict=True)
        ),
    ]
    rows: list[dict[str, object]] = []
    for row in compared.rows:
        quantity = f"{row.quantity:f} {row.uom}" if row.uom else f"{row.quantity:f}"
        prices = zip(compared.columns, row.prices, strict=True)
        cells = {
            each.answer.id: price if run.format is Format.TABLE else price and price.unit_price
            for each, price in prices
        }
        rows.append({"item": row.description, "quantity": quantity, **cells})
    rows += _summary(compared)
    print_records(rows, columns, run.format)


class _Cell:
    """How one supplier's column shows a price or what the summary says."""

    def __init__(self, answer: Answer, currency: str) -> None:
        self.answer = answer.answer
        self.currency = currency

    def __call__(self, record: Mapping[str, object]) -> object:
        value = record[self.answer.id]
        if not isinstance(value, Price):
            return value
        best = " *" if value.is_best else "  "
        if self.answer.currency == self.currency:
            return price_text(value.unit_price, self.currency) + best
        if value.compared is None:
            return f"{price_text(value.unit_price, self.answer.currency)} {self.answer.currency}{best}"
        return f"≈ {amount_text(value.compared, self.currency, named=False)}{best}"


def _headings(compared: Comparison) -> list[str]:
    """The suppliers, with the id of the answer where one gave two, and a currency of their own."""
    times = Counter(each.answer.supplier for each in compared.columns)
    headings = []
    for each in compared.columns:
        twice = f" {each.answer.id}" if times[each.answer.supplier] > 1 else ""
        foreign = f" ({each.answer.currency})" if each.answer.currency != compared.currency else ""
        headings.append(f"{each.answer.supplier.upper()}{twice}{foreign}")
    return headings


def _summary(compared: Comparison) -> list[dict[str, object]]:
    """What an answer says as a whole, a row for each thing that some answer says."""
    items = len(compared.rows)
    said: list[tuple[str, list[str]]] = [
        (f"Total {compared.currency}", [_total(each, compared.currency) for each in compared.columns]),
        (
            "Quoted",
            [f"{each.quoted} of {items}  " if each.quoted < items else "" for each in compared.columns],
        ),
        (
            "Lead time",
            [f"{each.answer.lead_time}  " if each.answer.lead_time else "" for each in compared.columns],
        ),
        ("Valid until", [_validity(each) for each in compared.columns]),
        ("Answer", [f"{each.answer.id}  " for each in compared.columns]),
    ]
    return [
        {
            "item": label,
            "quantity": "",
            **dict(zip([c.answer.id for c in compared.columns], cells, strict=True)),
        }
        for label, cells in said
        if any(cells)
    ]


def _total(column: Answer, currency: str) -> str:
    best = " *" if column.is_best else "  "
    if column.total is None:
        return ""
    if column.compared is None:
        return amount_text(column.total, column.answer.currency) + best
    return amount_text(column.compared, currency, named=False) + best


def _validity(column: Answer) -> str:
    day = column.answer.valid_until
    if day is None:
        return ""
    return f"expired {day}  " if column.has_expired else f"{day}  "


def _view(deal: str, compared: Comparison) -> dict[str, Any]:
    """The comparison by keys."""
    return {
        "opportunity": deal,
        "currency": compared.currency,
        "items": [
            {
                "product": row.product,
                "description": row.description,
                "quantity": row.quantity,
                "uom": row.uom,
                "prices": [
                    _price_view(price, each)
                    for each, price in zip(compared.columns, row.prices, strict=True)
                    if price is not None
                ],
            }
            for row in compared.rows
        ],
        "suppliers": [
            *(_answer_view(each, len(compared.rows)) for each in compared.columns),
            *(
                {"id": each.id, "supplier": each.supplier, "status": each.status, "reason": each.reason}
                for each in (*compared.waiting, *compared.declined)
            ),
        ],
    }


def _price_view(price: Price, column: Answer) -> dict[str, Any]:
    return {
        "id": column.answer.id,
        "supplier": column.answer.supplier,
        "unit_price": price.unit_price,
        "currency": column.answer.currency,
        "compared": _rounded(price.compared),
        "best": price.is_best,
    }


def _rounded(compared: Decimal | None) -> Decimal | None:
    """A converted price to a hundredth of a cent: enough to see which of two near ones is lower."""
    return None if compared is None else compared.quantize(Decimal("0.0001")).normalize() + 0


def _answer_view(column: Answer, items: int) -> dict[str, Any]:
    answer = column.answer
    return {
        "id": answer.id,
        "supplier": answer.supplier,
        "status": answer.status,
        "currency": answer.currency,
        "total": column.total,
        "compared": column.compared,
        "quoted": column.quoted,
        "complete": column.quoted == items,
        "lead_time": answer.lead_time,
        "valid_until": answer.valid_until,
        "expired": column.has_expired,
        "best": column.is_best,
    }
