"""Text tables for a terminal: what a cell shows, how wide it is, what gives way when the terminal is narrow.

Every value that is drawn comes from files that anyone may have written: no control character gets out.

Amounts have the digits of their currency; where there is no room for them they are rounded, never cut.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Literal, NamedTuple

from pipecli.harmless_text import terminal_line
from pipecli.records.money import minor_digits

# Drawn here and not by tabulate, measured on Python 3.11 over 8,800 rows of 8 ASCII columns: tabulate takes
# 300 ms to draw them and this 15 to 35; tabulate's import takes 20 ms, 15 of them for wcwidth, and this one
# takes 1. tabulate writes the Markdown tables, in output.py.

_GAP = "  "
_LEAST_WIDTH = 4


class Column(NamedTuple):
    """One column: `name` is the key of the record and the heading for machines, `heading` the one for people.

    Where the terminal is narrow, columns without a value go first; then, of a list, those with one value in
    all rows; then the `shrink` columns are cut, the widest first, down to `min_width`; then others go. Of
    equals in this the highest `rank` goes first, then the last. The first column and ids always stay.
    `show` makes the cell for people from the whole record; without it the value under `name` is shown.
    """

    name: str
    heading: str
    align: Literal["left", "right"] = "left"
    shrink: bool = False
    min_width: int = 8
    rank: int = 0
    show: Callable[[Mapping[str, object]], object] | None = None
    only: Literal["", "table", "csv"] = ""
    """`table`: only in the table for people; `csv`: only in CSV, TSV and Markdown. JSON has its own keys."""


class ListColumn(NamedTuple):
    """A column of a `list`: how it is drawn, and the SQL that it comes from."""

    drawn: Column
    sql: str
    hidden: bool = False
    """Only there for another column's `show`."""
    in_json: bool = False
    """Computed for this list: JSON has it beside the record's own keys."""


def column(
    name: str, heading: str, sql: str = "", *, hidden: bool = False, in_json: bool = False, **drawn: Any
) -> ListColumn:
    """A column of the index, or an expression of its columns, by the name that a record has for it."""
    return ListColumn(Column(name, heading, **drawn), sql or name, hidden, in_json)


CURRENCY = column("currency", "CURRENCY", only="csv")
"""The currency of the amounts of a row, which on a terminal stands beside them."""
ACTIVE = column("active", "ACTIVE", show=lambda record: "yes" if record["active"] else "no")


def plain_columns(names: str) -> list[Column]:
    """A column for each of some keys, under its own name."""
    return [Column(name, name.upper()) for name in names.split()]


def to_the_minute(record: Mapping[str, Any]) -> str:
    """When something is, as it was written: `2026-11-30 10:00`; a day alone for what has no hour."""
    return str(record["at"])[:16].replace("T", " ")


def addresses(name: str, heading: str, rank: int) -> ListColumn:
    """E-mail addresses or telephone numbers: the first whole, and how many more there are."""

    def show(record: Mapping[str, object]) -> str:
        value = record[name]
        first, *more = value if isinstance(value, list) and value else [""]
        return f"{first} +{len(more)}" if more else str(first)

    return column(name, heading, rank=rank, show=show)


def named(
    key: str, heading: str, label: str, *, by: Sequence[str], min_width: int, rank: int = 0
) -> tuple[ListColumn, ...]:
    """Another record: on a terminal by its name, elsewhere its key and `by`, each in a column."""
    return (
        column(f"{key}_label", heading, label, shrink=True, min_width=min_width, rank=rank, only="table"),
        *(column(name, name.replace("_", " ").upper(), name, only="csv") for name in (key, *by)),
    )


class DrawnTable(NamedTuple):
    """A drawn table; `dropped` are the headings of the columns that had no room, `shared` with their value
    those that went because all rows have the same one."""

    text: str
    dropped: list[str]
    shared: list[tuple[str, str]]


def render(
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    width: int | None,
    marks: Sequence[Sequence[tuple[str, str]]] = (),
    *,
    is_list: bool = False,
) -> DrawnTable:
    """Draws `rows` under their headings within `width` terminal columns (None: as wide as it gets).

    A currency that all amounts of a column share stands in its heading. Where there is no room for all,
    columns without a value go first, then, of a list, those with one value in all rows, until the rest fits.
    `marks` are written around the text of each cell, column by column.
    """
    filled = [
        _Filled(column, [row[place] for row in rows], marks[place] if marks else ())
        for place, column in enumerate(columns)
    ]
    telling = _telling(filled, width, is_list=is_list and len(rows) > 1) if rows else filled
    kept, widths = _with_room(telling, width)
    drawn = [column.drawn(size) for column, size in zip(kept, widths, strict=True)]
    others = [column for column in filled if column not in telling]
    return DrawnTable(
        "\n".join([_GAP.join(line).rstrip(" ") for line in zip(*drawn, strict=True)]),
        dropped=[column.texts[0] for column in telling if column not in kept],
        shared=[(column.texts[0], column.texts[1]) for column in others if any(column.texts[1:])],
    )


def _telling(filled: "list[_Filled]", width: int | None, *, is_list: bool) -> "list[_Filled]":
    """The columns without the empty ones, and of a list some that have one value, where not all have room."""
    if not _is_too_wide(filled, width):
        return filled
    telling = [column for column in filled if column is filled[0] or any(column.texts[1:])]
    shared = [column for column in telling[1:] if column.is_shared and is_list]
    while shared and _is_too_wide(telling, width):
        telling.remove(shared.pop(_least_wanted(shared, 0)))
    return telling


def _with_room(columns: "list[_Filled]", width: int | None) -> "tuple[list[_Filled], list[int]]":
    """The columns for which there is room, and their widths."""
    kept, dropped = list(columns), []
    while (widths := _fitted(kept, width)) is None:
        dropped.append(kept.pop(_least_wanted(kept)))
    for column in reversed(dropped):  # a wide one that went last may have left room for another
        again = [other for other in columns if other in kept or other is column]
        if (wider := _fitted(again, width)) is not None:
            kept, widths = again, wider
    return kept, widths


def _is_too_wide(columns: "Sequence[_Filled]", width: int | None) -> bool:
    return width is not None and sum(column.size + len(_GAP) for column in columns) - len(_GAP) > width


class _Filled:
    """A column with its cells as text, the heading as the first, and how wide each is."""

    def __init__(self, column: Column, values: list[object], marks: Sequence[tuple[str, str]]) -> None:
        self.column = column
        self.marks = marks
        self.texts = [terminal_line(column.heading), *[cell_text(value) for value in values]]
        if column.align == "right" and (currency := _shared_currency(self.texts[1:])):
            self.texts = [text.removesuffix(currency) for text in self.texts]
            self.texts[0] += currency
        together = "".join(self.texts)
        if together.isascii() or re.fullmatch(_SINGLE, together):
            self.sizes = [len(text) for text in self.texts]
        else:
            self.texts = [_grounded(text) for text in self.texts]
            self.sizes = [display_width(text) for text in self.texts]
        self.size = max(self.sizes)

    @property
    def is_shared(self) -> bool:
        """True where all rows have the same short value, which names none of them."""
        is_one = len({*self.texts[1:]}) == 1 and self.size <= _LONGEST_SHARED
        return is_one and self.column.name not in _NAMING

    def drawn(self, width: int) -> list[str]:
        """The heading, its underline and the cells, each padded to `width`."""
        texts, sizes = self.texts, self.sizes
        if self.size > width:
            texts = [
                cut(text, width) if size > width else text for text, size in zip(texts, sizes, strict=True)
            ]
            sizes = [display_width(text) for text in texts]
        texts = [text if text.isascii() else isolated(text) for text in texts]
        if self.marks:
            texts[1:] = [
                f"{before}{text}{after}" if text else text
                for text, (before, after) in zip(texts[1:], self.marks, strict=True)
            ]
        if self.column.align == "right":
            cells = [" " * (width - size) + text for text, size in zip(texts, sizes, strict=True)]
        else:
            cells = [text + " " * (width - size) for text, size in zip(texts, sizes, strict=True)]
        cells.insert(1, "-" * width)
        return cells


_WITH_CURRENCY = r"[~+-]?[0-9][0-9,.]*[kMBT]?( [A-Z]{3})"


def _shared_currency(texts: Sequence[str]) -> str:
    """` EUR`, where each cell that isn't empty is an amount of it; else nothing."""
    given = [text for text in texts if text]
    match = re.fullmatch(_WITH_CURRENCY, given[0]) if given else None
    if match is None:
        return ""
    is_shared = all(text.endswith(match[1]) and re.fullmatch(_WITH_CURRENCY, text) for text in given)
    return match[1] if is_shared else ""


_NAMING = ("row", "id", "sku")
"""Columns that name a row, and stay however narrow the terminal is."""
_LONGEST_SHARED = 40


def _least_wanted(kept: list[_Filled], first: int = 1) -> int:
    able = [place for place in range(first, len(kept)) if kept[place].column.name not in _NAMING]
    return max(able, key=lambda place: (kept[place].column.rank, place))


def _fitted(filled: list[_Filled], width: int | None) -> list[int] | None:
    """The widths of the columns, cut where they may be; None when one of them has to go."""
    widths = [column.size for column in filled]
    if width is None:
        return widths
    room = width - len(_GAP) * (len(filled) - 1)
    while (excess := sum(widths) - room) > 0:
        able = [
            place
            for place, column in enumerate(filled)
            if column.column.shrink and widths[place] > _least(column)
        ]
        if not able:
            if any(column.column.name not in _NAMING for column in filled[1:]):
                return None
            return widths if filled[-1].column.name in _NAMING else [max(room, 1)]
        levels = sorted({widths[place] for place in able}, reverse=True)
        widest = [place for place in able if widths[place] == levels[0]]
        # Down to the next widest in one step, so that a note of a megabyte costs no million rounds.
        step = max(1, min(excess // len(widest), levels[0] - levels[1] if len(levels) > 1 else excess))
        for place in widest if step > 1 else widest[-excess:]:
            widths[place] = max(widths[place] - step, _least(filled[place]))
    return widths


def _least(filled: _Filled) -> int:
    return min(filled.size, max(filled.column.min_width, _LEAST_WIDTH))


def cell_text(value: object) -> str:
    """A value on one line, as a person reads it; harmless to a terminal."""
    if type(value) is str:
        return value if value.isascii() and value.isprintable() else terminal_line(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        # Beyond any money the exponent stays: 1e999999999 written out would fill the memory.
        return f"{value:,f}" if value.is_finite() and abs(value.adjusted()) < 40 else str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")[:16]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join([f"{cell_text(key)}: {cell_text(member)}" for key, member in value.items()])
    if isinstance(value, (list, tuple)):
        between = "; " if any(isinstance(member, Mapping) for member in value) else ", "
        return between.join([cell_text(member) for member in value])
    return terminal_line(str(value))


def money(value: Decimal, currency: str | None, digits: int) -> str:
    """An amount for people: `4,998.00 EUR`, `-1,000`. Rounded half up to `digits` after the point."""
    exact = Context(prec=len(value.as_tuple().digits) + abs(value.adjusted()) + digits + 2)
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, exact)
    text = f"{rounded or abs(rounded):,f}"
    return f"{text} {terminal_line(currency)}" if currency else text


# Letters and signs that take one terminal column each: Latin, Greek, Cyrillic, Hebrew, Arabic and Persian
# without their marks, dashes, quotes, euro, arrows. They need no wcwidth, whose import takes 15 ms.
_SINGLE = (
    "[ -~\xa0-\xac\xae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u0482"
    "\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u0660-\u066f\u0671-\u06d3\u06f0-\u06ff\u1e00-\u1eff"
    "\u2010-\u2027\u2030-\u205e\u20ac\u2190-\u2193\u2212\u23ce]*"
)
_RTL = "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"


def display_width(text: str) -> int:
    """The terminal columns that clean text takes."""
    if text.isascii() or re.fullmatch(_SINGLE, text):
        return len(text)
    from wcwidth import iter_graphemes, wcswidth

    # A grapheme at a time: over a whole text, wcswidth lets a joiner (U+200D) swallow whatever comes next,
    # which is right within an emoji and wrong before a blank.
    return sum(max(wcswidth(grapheme), 0) for grapheme in iter_graphemes(text))


def cut(text: str, width: int) -> str:
    """The start of a text with `…`, no wider than `width`; letters keep their marks and emoji stay whole."""
    if display_width(text) <= width:
        return text
    if text.isascii() or re.fullmatch(_SINGLE, text):
        return text[: width - 1] + "…"
    from wcwidth import iter_graphemes, wcswidth

    kept: list[str] = []
    room = width - 1
    for grapheme in iter_graphemes(text):
        room -= max(wcswidth(grapheme), 0)
        if room < 0:
            break
        kept.append(grapheme)
    return "".join(kept) + "…"


def isolated(text: str) -> str:
    """Text for a line it shares with others: between U+2068 and U+2069 when it holds right-to-left letters.

    A terminal that orders text by direction orders a whole line. Without the isolate (no columns wide),
    two Persian cells side by side swap places, and the number between them goes along. It goes round the
    letters only, so that the padding, and with it the column, stays where it is; and it goes into no line
    that has no such letters, because some terminals show it as a box.
    """
    if text.isascii() or not re.search(_RTL, text):  # a pattern that takes 0.3 ms to compile
        return text
    return f"\u2068{text}\u2069"


def _grounded(text: str) -> str:
    """A mark without a letter would sit on the blank before its cell: it gets a dotted circle."""
    from wcwidth import wcwidth

    is_mark = text[:1] > "~" and text[0] not in "\u200e\u200f" and wcwidth(text[0]) == 0
    return f"◌{text}" if is_mark else text


_THREE = Context(prec=3, rounding=ROUND_HALF_UP)
_UNITS = ((12, "T"), (9, "B"), (6, "M"), (3, "k"))


def rounded_to_three(amount: Decimal) -> str:
    """An amount to three digits: `950`, `1.2k`, `125k`, `12.5M`, `1,000T`."""
    rough = _THREE.plus(amount) if abs(amount) >= 100 else amount.to_integral_value(ROUND_HALF_UP)
    for power, unit in _UNITS:
        if rough.adjusted() >= power and rough:
            in_units = rough.scaleb(-power)
            text = f"{in_units:,f}"
            return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{unit}"
    return f"{rough:,f}"


def fitting(amount: Decimal, currency: str | None, digits: int, room: int) -> str:
    """An amount in full where `room` columns hold it, else to three digits: a cut one would be another."""
    full = money(amount, currency, digits)
    if display_width(full) <= room:
        return full
    return f"{rounded_to_three(amount)} {currency}" if currency else rounded_to_three(amount)


def amount_text(value: object, currency: object, *, named: bool = True) -> str:
    """An amount as exact text of the index, in the digits of its currency; empty where there is none."""
    if value is None:
        return ""
    digits = minor_digits(str(currency))
    return money(Decimal(str(value)), str(currency) if named else None, digits)


def price_text(price: Decimal, currency: str) -> str:
    """A unit price, with every digit it has: screws cost 0.0125."""
    exponent = price.as_tuple().exponent
    written = -exponent if isinstance(exponent, int) else 0
    return money(price, None, max(minor_digits(currency), written))
