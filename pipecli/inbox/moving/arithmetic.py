"""The arithmetic of an export's lines and sums: which of its columns are prices, discounts, taxes and totals.

Pure functions of columns of numbers; `lines_and_sums.py` decides by them what each feeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

from pipecli.errors import Unreadable
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.findings import Findings
from pipecli.inbox.moving.vocabulary import bare_header, header_key, patterns, synonyms
from pipecli.records.compare_names import folded
from pipecli.records.written_amounts import RATES, decimal_sign_of, named_rate, read_money
from pipecli.store import ids_and_files


def are_amounts(table: Table, column: str) -> bool:
    """True for a column of money, some of it worth a deal."""
    with suppress(Unreadable):
        values = [read_money(text, "", has_thousandths=False).value for text in texts(table, column)]
        return max(values, default=0) >= 10
    return False


_A_CENT = Decimal("0.01")
SHARES = ALL, NEARLY_ALL = Decimal(1), Decimal("0.9")
"""Those of the rows for which an equation may hold: for nearly all where none does for all."""
Numbers = list[Decimal | None]
"""Of a column; None for an empty cell."""


_RECURRING = {"mrr", "arr", "acv", "tcv"}


def amounts_alike(table: Table, amount: str, columns: Mapping[str, Any]) -> list[str]:
    """Amounts whose headers differ in their last word alone, `Revenue Low` and `High`, or `MRR` and `ARR`."""
    key, is_of_year = header_key(amount), not _RECURRING.isdisjoint(header_key(amount).split())
    if bare_header(key) in synonyms()["opportunities"].columns and not is_of_year:
        return []
    begins, others = key.rpartition(" ")[0], []
    for column in (c for c in table.columns if c not in columns):
        own = header_key(column)
        is_alike = begins != "" and own.rpartition(" ")[0] == begins
        is_alike = not _RECURRING.isdisjoint(own.split()) if is_of_year else is_alike
        if is_alike and are_amounts(table, column) and texts(table, column) != texts(table, amount):
            others.append(column)
    return [amount, *others] if others else []


def with_amount(table: Table, amount: str, columns: Mapping[str, Any], findings: Findings) -> dict[str, Any]:
    """The columns of deals with their amount: asked where others may be it and none is its multiple."""
    rivals = amounts_alike(table, amount, columns)
    apart = {} if rivals else _amounts_apart(table, amount, columns)
    chosen: Any = next((c for c in apart if apart[c]), None)
    if chosen:
        why = f"{chosen} is {amount} times {apart[chosen]}, and taken for the amount of its deals"
        findings.assumed.append(f"{table.name}: {why}")
    elif rivals := rivals or [amount, *apart] * bool(apart):
        question = f"{table.name}: which column is the amount of its deals: {', '.join(rivals)}, or none?"
        chosen = findings.asked("value", question, (*rivals, "none"))
    others = {c: of for c, of in columns.items() if c != amount or not (rivals or apart)}
    return others | ({chosen: "amount"} if chosen in {*rivals, *apart} else {})


def _amounts_apart(table: Table, amount: str, columns: Mapping[str, Any]) -> dict[str, str]:
    """Other amounts that are that of most deals and not of some, as that of a year is not of a month.

    With each the column whose whole numbers times the amount it is, if one is.
    """
    found, no_sum = dict[str, str](), {*patterns()["no sum"].split()}
    codes = [c for c, role in columns.items() if role == "currency"]
    for column in (c for c in table.columns if c not in columns and no_sum.isdisjoint(header_key(c).split())):
        rows = [row for row in table.rows if all(is_more(row.text(c)) for c in (amount, column))]
        own, other = (numbers(some := table._replace(rows=rows), c) for c in (amount, column))
        apart = {row.line for row, one, two in zip(rows, own, other, strict=False) if one != two}
        if not (own and other and apart and are_amounts(table, column)):
            continue
        cells = {c: [n or Decimal(1) for n in numbers(some, c)] for c in table.columns}
        whole = [c for c, of in cells.items() if c not in (amount, column) and all(n == int(n) for n in of)]
        times = [c for c in whole if agree(other, _times(own, cells[c]))]
        shares = (_times(own, [n / 100 for n in of]) for of in cells.values())
        is_less = any(agree(own, _times(other, cells[c])) for c in whole)  # that of a month
        is_less |= any(agree(other, of) for of in shares)  # weighted
        named = [
            {tuple(map(r.text, codes)) for r in rows if (r.line in apart) is one} for one in (True, False)
        ]
        is_rate = codes and named[0].isdisjoint(named[1])
        if times or (2 * len(apart) <= len(rows) and not (is_less or is_rate)):
            found[column] = next(iter(times), "")
    return found


def _times(some: Numbers, others: Sequence[Decimal | None]) -> Numbers:
    return [one and two and one * two for one, two in zip(some, others, strict=False)]


def columns_of_money(table: Table) -> list[str]:
    """The columns of numbers that may be money: by a word of their header, or as most of them have cents."""
    found = list[str]()
    for column in table.columns:
        cells = [text for text in texts(table, column) if is_more(text)]
        cents = [text for text in cells if re.search(r"\d[.,]\d\d\D*$", text)]
        named = any(has_word(column, of) for of in ("sum", "discount", "tax"))
        if cells and (named or 2 * len(cents) > len(cells)) and any(numbers(table, column)):
            found.append(column)
    return found


def is_more(text: str) -> bool:
    """True for a number that isn't 0."""
    return any(char.isdecimal() and int(char) for char in text)


def numbers(table: Table, column: str, lines: Sequence[Worth | None] = ()) -> Numbers:
    """The numbers of a column; none at all where a cell has another text.

    Of discounts in percent and amounts, of papers with `lines`, it's what each takes off.
    """
    texts = [row.text(column) for row in table.rows]
    is_mixed = len({"%" in cell for cell in filter(is_more, texts)}) > 1
    if is_mixed and not (any(lines) and has_word(column, "discount")):
        return []
    cells = [cell.removesuffix("%").strip() for cell in texts]
    sign = decimal_sign_of(filter(None, cells)) or table.decimal
    with suppress(Unreadable):
        own = [read_money(cell, sign, has_thousandths=False).value if cell else None for cell in cells]
        nets = [line.net if line else None for line in lines] if is_mixed else [None] * len(own)
        several = zip(own, texts, nets, strict=True)
        return [net * n / 100 if net and n and "%" in text else n for n, text, net in several]
    return []


def has_word(column: str, of: str) -> bool:
    """True for a header with a word of sums, lines, discounts or taxes, also within one: `Angebotsrabatt`."""
    words, own = header_key(column).split(), patterns()["sums"][of].split()
    parts = [word for word in own if len(word) > 5 and of in ("discount", "tax")]
    return not {*words}.isdisjoint(own) or any(part in word for part in parts for word in words)


def agree(some: Numbers, others: Numbers, share: Decimal = ALL) -> bool:
    """True where two columns have the same sums, to the cent, in this share of the rows with both."""
    pairs = misses = 0
    for one, other in zip(some, others, strict=False):
        if one is not None and other is not None:
            pairs += 1
            misses += abs(one - other) > _A_CENT
            if misses > len(some) * (1 - share):
                return False
    return pairs > 0 and misses <= pairs * (1 - share)


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


def price_of_one(table: Table, columns: Mapping[str, Any], prefix: str) -> dict[str, Any] | None:
    """What the total of a line tells: the price of one, where it has none and nothing off; None for none."""
    firsts = [(c, of[0] if isinstance(of, list) else of) for c, of in columns.items()]  # it also names a line
    own = [(role, {"to": role}) for role in (f"{prefix}unit_price", f"{prefix}quantity")]
    price, quantity = (next((c for c, of in firsts if of in either), "") for either in own)
    if texts(table, price).total() == len(table.rows):
        return None
    when = {c: nonzero(table, c)[c]["not"] for c, of in columns.items() if "discount" in str(of)}
    per = {"per": quantity} if quantity else {}
    return {"to": f"{prefix}unit_price", **per, "when": when | ({price: ""} if price else {})}


LOOKED_AT = 1_000
"""The first rows, of which the arithmetic is tried."""


def price_and_total(table: Table, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of a price and its total by the quantity, where no word is for one of them: `Q.tà`."""
    some, told = table._replace(rows=table.rows[:LOOKED_AT]), {role: c for c, role in columns.items()}
    if {"quantity", "unit_price"} <= told.keys() or told.keys().isdisjoint(("quantity", "unit_price")):
        return {}
    free = [c for c in table.columns if columns.get(c, "total") == "total" or has_word(c, "discount")]
    cells = {c: own for c in [*free, *told.values()] if any(own := numbers(some, c))}
    offs = [c for c in cells if has_word(c, "discount")]
    left = [c for c in cells if c not in offs and columns.get(c, "total") == "total"]
    quantities, prices = ([told[of]] if of in told else left for of in ("quantity", "unit_price"))
    for quantity, price, total in product(quantities, prices, left):
        if len({quantity, price, total}) < 3 or all(n in (None, 1) for n in cells.get(quantity, [])):
            continue
        known = {"quantity": [quantity], "unit_price": [price], "discount": offs}
        fits = fitting(some, cells, {**known, "total": [], "discount_amount": []})
        if price in cells and any(agree(fit.nets, cells[total]) for fit in fits):
            return {quantity: "quantity", price: "unit_price", total: "total"}
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


def off_by_type(table: Table, words: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The discounts of which another column says whether each is a percent or an amount."""
    for off, of in product(words["discount"], [c for c in table.columns if has_word(c, "discount")]):
        kinds = {row.text(of) for row in table.rows if is_more(row.text(off))}
        percents = {kind for kind in kinds if re.search(patterns()["percents"], folded(kind))}
        if percents and all(has_word(k, "sum") for k in kinds - percents) and not any(map(is_more, kinds)):
            feeds = {"discount": percents, "discount_amount": kinds - percents}
            own = {to: {of: sorted(kinds)} for to, kinds in feeds.items() if kinds}
            return {off: [{"to": to, "when": when | nonzero(table, off)} for to, when in own.items()]}
    return {}


def off_by_words(table: Table, words: Mapping[str, Sequence[str]], findings: Findings) -> dict[str, Any]:
    """What columns of discounts feed where no total tells: percents or amounts, as it is said or answered."""
    terms: dict[str, Any] = {}
    offs = [c for c in (*words["discount"], *words["discount_amount"]) if any(map(is_more, texts(table, c)))]
    for column in offs:
        to, cells = "discount", texts(table, column)
        if column in words["discount_amount"] or any((n or 0) > 100 for n in numbers(table, column)):
            to = "discount_amount"
        elif any("%" in text for text in cells) and not all("%" in text for text in filter(is_more, cells)):
            to = "discount_amount"  # each cell says it
        elif not says_percent(table, column):
            about, example = f"discounts-{ids_and_files.slug(column)}", next(filter(is_more, cells))
            question = f"{table.name}, {column}: is {example} a percent of the line, or an amount?"
            answer = findings.asked(about, question, ("percent", "amount"))
            to = "discount_amount" if answer == "amount" else to
        is_plain = to == "discount" and not offs[1:]
        terms[column] = to if is_plain else {"to": to, "when": nonzero(table, column)}
    return terms


class Worth(NamedTuple):
    """What the lines of a record come to, and their tax."""

    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    full: Decimal = Decimal(0)
    """Before their own discounts."""
    lines: int = 0
    within: Decimal = Decimal(0)
    """The tax that is in them, if their prices are with it."""
    levied: Decimal = Decimal(0)
    """The taxes that stand as amounts beside them, of which no line has a rate."""


def named_rates(table: Table, nets: Numbers) -> list[str]:
    """The column of texts with a rate of tax, `20% (VAT)`, that comes to amounts of tax beside it."""
    amounts = [own for c in table.columns if has_word(c, "tax") and any(own := numbers(table, c))]
    for column in table.columns if amounts else ():
        cells = texts(table, column)
        if not cells or not all(any(form.fullmatch(text) for form in RATES) for text in cells):
            continue
        known = {text: named_rate(text) for text in cells}
        rates = [known.get(row.text(column)) for row in table.rows]
        levies = [n and r and n * r / 100 for n, r in zip(nets, rates, strict=False)]
        if any(agree(levies, own) for own in amounts):
            return [column]
    return []


def levied(table: Table, nets: Numbers, others: Sequence[str]) -> Numbers:
    """The amounts of tax of a column with which each row comes to another column; empty where none does."""
    named = [column for column in others if has_word(column, "tax")]
    cells = {column: numbers(table, column) for column in others} if named else {}
    for tax in (column for column in named if any(cells[column])):
        gross = taxed(nets, cells[tax], is_rate=False)
        if any(agree(gross, cells[column]) for column in cells if column != tax):
            return cells[tax]
    return []


Off = tuple[str, str]
"""A column of discounts of the whole, and whether it feeds percents or amounts."""


def ways_off(table: Table, columns: Sequence[str]) -> list[tuple[Off, ...]]:
    """What may be off the whole: each column as percents or amounts, or two, one of which a row may have."""
    feeds = ["discount_amount", "discount"]
    ways = [(c, to) for c in columns for to in (reversed(feeds) if says_percent(table, c) else feeds)]
    pairs = [(one, two) for one, two in product(ways, ways) if one[0] != two[0] and [one[1], two[1]] == feeds]
    return [*((way,) for way in ways), *pairs]


def sums_of(
    lines: Sequence[Worth | None],
    cells: Mapping[str, Numbers] = MappingProxyType({}),
    way: Iterable[Off] = (),
) -> tuple[Numbers, Numbers, Numbers]:
    """What records come to after a discount of the whole, that with tax on top, and without what is in it."""
    several: tuple[Numbers, Numbers, Numbers] = [], [], []
    for place, line in enumerate(lines):
        left = None
        if line is not None and line.net:
            offs = ((to, by) for c, to in way if (by := cells[c][place]))
            left = line.net - next((line.net * by / 100 if to == "discount" else by for to, by in offs), 0)
        for sums, tax in zip(several, (Decimal(0), line and line.tax, line and -line.within), strict=True):
            sums.append(left if left is None or not line or not tax else left + tax * left / line.net)
    return several


def with_tax_in_it(
    sums: Mapping[str, Numbers],
    taxes: Iterable[Numbers],
    came_to: tuple[Numbers, Numbers, Numbers],
    share: Decimal,
) -> tuple[bool, list[str]]:
    """True where lines come to a sum with tax, as another is without it; and the columns of their net."""
    net, whole, bare = came_to
    by_tax = [
        c
        for c, tax in product(sums, filter(any, taxes))
        if agree(net, taxed(sums[c], tax, is_rate=False), share)
    ]
    is_gross, same = bool(by_tax), [c for c in sums if agree(sums[c], net, share)]
    if net != bare and not any(agree(of, whole, share) for of in sums.values()):
        is_gross |= any(map(says_tax, same)) or (
            same != [] and any(agree(of, bare, share) for of in sums.values())
        )
    if is_gross and net == bare:  # no line has a rate
        return True, by_tax
    return is_gross, [c for c in sums if agree(sums[c], bare, share)] if is_gross else same


def says_tax(column: str | None) -> bool:
    """True where the header of a price or a sum says that its tax is in it."""
    return re.search(patterns()["with tax"], header_key(column or "")) is not None


def offs_of_whole(table: Table, way: Iterable[Off]) -> dict[str, dict[str, Any]]:
    """The entries of columns of discounts of the whole; SuiteCRM has them below zero.

    Of two the second feeds where the first has none.
    """
    entries, none = dict[str, dict[str, Any]](), dict[str, Any]()
    for column, to in way:
        is_below = any((n or 0) < 0 for n in numbers(table, column)) and to == "discount_amount"
        own = nonzero(table, column)
        entries[column] = {"to": to, "when": own | none} | ({"scale": "negative"} if is_below else {})
        none |= {column: own[column]["not"]}
    return entries


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
