"""The arithmetic of an export's lines and sums: which of its columns are prices, discounts, taxes and totals.

Pure functions of columns of numbers; `lines_and_sums.py` decides by them what each feeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import permutations, product
from typing import Any, NamedTuple

from pipecli.errors import Unreadable
from pipecli.inbox.importing.cells import RATES
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.vocabulary import header_key, patterns
from pipecli.records.compare_names import folded
from pipecli.records.written_amounts import decimal_sign_of, read_money


def are_amounts(table: Table, column: str) -> bool:
    """True for a column of money, some of it worth a deal."""
    with suppress(Unreadable):
        values = [read_money(text, "", third_decimal=False).value for text in texts(table, column)]
        return max(values, default=0) >= 10
    return False


_A_CENT = Decimal("0.01")
Numbers = list[Decimal | None]
"""Of a column; None for an empty cell."""


def is_more(text: str) -> bool:
    """True for a number that isn't 0."""
    return any(char.isdecimal() and int(char) for char in text)


def numbers(table: Table, column: str) -> Numbers:
    """The numbers of a column; none at all where a cell has another text."""
    cells = [row.text(column) for row in table.rows]
    if len({"%" in cell for cell in filter(is_more, cells)}) > 1:
        return []
    cells = [cell.removesuffix("%").strip() for cell in cells]
    sign = decimal_sign_of(filter(None, cells))
    with suppress(Unreadable):
        return [read_money(cell, sign, third_decimal=False).value if cell else None for cell in cells]
    return []


def has_word(column: str, of: str) -> bool:
    return not {*header_key(column).split()}.isdisjoint(patterns()["sums"][of].split())


def agree(some: Numbers, others: Numbers) -> bool:
    """True where two columns have the same sums, to the cent, in all rows with both."""
    pairs = [(one, other) for one, other in zip(some, others, strict=False) if None not in (one, other)]
    return bool(pairs) and all(
        abs((one or Decimal(0)) - (other or Decimal(0))) <= _A_CENT for one, other in pairs
    )


def taxed(nets: Numbers, tax: Numbers, *, is_rate: bool) -> Numbers:
    pairs = zip(nets, [rate or Decimal(0) for rate in tax], strict=False)
    return [None if net is None else net + (net * by / 100 if is_rate else by) for net, by in pairs]


class Fit(NamedTuple):
    """Columns by which each row comes to a total, and what it comes to without tax."""

    price: str
    off: Mapping[str, dict[str, Any]]
    """The columns of its discount, and what each feeds."""
    nets: Numbers
    totals: Sequence[Numbers]
    """What it may come to: columns of totals, and of another price, of one or of all."""
    rate: str = ""
    """The column of its rate of tax, if a total with tax tells one."""
    is_of_amounts: bool = False
    """A total with tax tells amounts of tax."""


def fitting(table: Table, cells: Mapping[str, Numbers], told: Mapping[str, Sequence[str]]) -> Iterator[Fit]:
    """Each way to come to a net: by a price, and a discount in percent, as an amount, or off each piece."""
    quantity = next(iter(told["quantity"]), "")
    many = [number or Decimal(1) for number in cells.get(quantity) or [None] * len(table.rows)]
    offs = [*told["discount"], *told["discount_amount"]]
    percents = [(c, {"to": "discount", "scale": of}) for c in offs for of in ("percent", "fraction")]
    amounts: list[tuple[str, dict[str, str]]] = [(c, {"to": "discount_amount"}) for c in offs]
    amounts += [(c, {"to": "discount_amount", "times": quantity}) for c in offs if quantity]
    every = percents + amounts if told["discount"] else amounts + percents
    both = [(one, two) for one, two in product(percents, amounts) if one[0] != two[0]]
    for price, off in product(told["unit_price"], [*both, *((one,) for one in every), ()]):
        nets = Numbers()
        for place, (value, number) in enumerate(zip(cells[price], many, strict=False)):
            left = whole = (value or Decimal(0)) * number
            for column, feed in off:
                by = cells[column][place] or Decimal(0)
                shares = {"percent": whole * by / 100, "fraction": whole * by}
                left -= shares.get(str(feed.get("scale")), by * number if "times" in feed else by)
            nets.append(None if value is None else left)
        others = [cells[c] for c in told["unit_price"] if c != price]
        others += [[n and n * by for n, by in zip(one, many, strict=False)] for one in others]
        is_plain = len(off) == 1 and "scale" in off[0][1]
        terms = {c: {**feed, **({} if is_plain else {"when": nonzero(table, c)})} for c, feed in off}
        yield Fit(price, terms, nets, [*(cells[c] for c in told["total"]), *others])


def nonzero(table: Table, column: str) -> dict[str, Any]:
    """The condition that a column of numbers has another than 0."""
    return {column: {"not": ["", *sorted(text for text in texts(table, column) if not is_more(text))]}}


LOOKED_AT = 1_000
"""The first rows, of which the arithmetic is tried."""


def price_and_total(table: Table, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of a price and its total by the quantity, where no word is for a price."""
    quantity = next((c for c, role in columns.items() if role == "quantity"), "")
    some = table._replace(rows=table.rows[:LOOKED_AT])
    if "unit_price" in columns.values() or not any(
        number not in (None, 1) for number in numbers(some, quantity)
    ):
        return {}
    free = [c for c in table.columns if columns.get(c, "total") == "total" or has_word(c, "discount")]
    cells = {c: own for c in [*free, quantity] if any(own := numbers(some, c))}
    offs = [c for c in cells if has_word(c, "discount")]
    for price, total in permutations([c for c in cells if c not in (quantity, *offs)], 2):
        told = {
            "quantity": [quantity],
            "unit_price": [price],
            "total": [],
            "discount": offs,
            "discount_amount": [],
        }
        if any(agree(fit.nets, cells[total]) for fit in fitting(some, cells, told)):
            return {price: "unit_price", total: "total"}
    return {}


def says_percent(table: Table, column: str) -> bool:
    """True for a column whose header, or each of whose cells, says that it has percents."""
    is_said = re.search(patterns()["percents"], folded(column)) is not None
    return is_said or all("%" in text for text in texts(table, column))


def are_rates(table: Table, column: str, nets: Sequence[Decimal | None] = ()) -> bool:
    """True for a column of rates of tax, and no amounts; where it may be either, it is neither."""
    cells, read = texts(table, column), numbers(table, column)
    if not cells or says_percent(table, column):
        return bool(read) or all(any(form.fullmatch(text) for form in RATES) for text in cells)
    shares = [tax / net for net, tax in zip(nets, read, strict=False) if net and tax]
    may_be_amounts = shares and all(Decimal("0.03") <= share <= Decimal("0.3") for share in shares)
    return not may_be_amounts and all(re.fullmatch(patterns()["usual rates"], text) for text in cells)


class Worth(NamedTuple):
    """What the lines of a record come to, and their tax."""

    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)


def sums_of(lines: Sequence[Worth | None], off: Numbers, to: str) -> tuple[Numbers, Numbers]:
    """What records come to after a discount of the whole, in percent or as an amount, and that with tax."""
    net, whole = Numbers(), Numbers()
    for place, line in enumerate(lines):
        by = (off[place] if off else None) or Decimal(0)
        if line is None or not line.net:
            net.append(None)
            whole.append(None)
            continue
        left = line.net - (line.net * by / 100 if to == "discount" else by)
        net.append(left)
        whole.append(left + line.tax * left / line.net)
    return net, whole


def off_of_whole(table: Table, column: str, to: str) -> dict[str, Any]:
    """The entry of a column of discounts of the whole; SuiteCRM has them below zero."""
    is_below = any((n or 0) < 0 for n in numbers(table, column)) and to == "discount_amount"
    return {"to": to, "when": nonzero(table, column)} | ({"scale": "negative"} if is_below else {})


def nets_apart(cells: Mapping[str, Numbers], taxes: Sequence[str], net: Numbers) -> list[str]:
    """The columns that with their tax are another, and neither is what lines come to: `Base imponible`."""
    found = list[str]()
    for column, tax in product([c for c in cells if c not in taxes], taxes):
        whole = taxed(cells[column], cells[tax], is_rate=False)
        if totals := [c for c in cells if c not in (column, tax) and agree(cells[c], whole)]:
            if any(agree(cells[c], net) for c in (column, *totals)):
                return []
            found += [column] if any(cells[tax]) and column not in found else []
    return found
