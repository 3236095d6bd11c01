"""Columns that could mean two things, each falsifying what is taken: refused with both readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from pipecli.inbox.importing import notation
from pipecli.inbox.importing.columns import Bindings, KeyOf
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.notation import Mark, Unreadable, fits, turned
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.importing.values import ColumnFormat
from pipecli.records.kinds import Collection
from pipecli.records.references import named_at


def doubtful_scale(
    table: Table, column: str, column_format: ColumnFormat, mapped: Iterable[str]
) -> str | None:
    """The doubt about a column of percents that may be fractions; None for none. `mapped` has a value map."""
    mark = column_format.mark
    texts = {str(cell).strip() for row in table.rows if (cell := row.cells.get(column, "")) != ""}
    numbers = {text: number for text in texts - {*mapped} if (number := _number(text, mark)) is not None}
    between = sorted(text for text, number in numbers.items() if 0 < number < 1)
    if not between or not all(0 <= number <= 1 for number in numbers.values()):
        return None
    shown = between[0]
    percent = format((numbers[shown] * 100).normalize(), "f")
    return (
        f'{column}: nothing in this column is over 1, so "{shown}" may be {percent} % or {shown} %: '
        "say scale: fraction or scale: percent"
    )


def _number(text: str, mark: Mark) -> Decimal | None:
    """A plain number; None for what is none, or says itself that it is a percentage."""
    try:
        return None if "%" in text else notation.number(text, mark)
    except Unreadable:
        return None


def one_order(table: Table, column: str, formats: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The formats of a column in one order of day and month, and the doubt where its cells tell none."""
    for form in formats:
        other = turned(form)
        if other not in formats or other is None:
            continue
        only: dict[str, tuple[Row, str]] = {}
        both: tuple[Row, str] | None = None
        for row in table.rows:
            text = str(row.cells.get(column, "")).strip()
            fitting = [one for one in (form, other) if text and fits(text, one)]
            if len(fitting) == 1:
                only.setdefault(fitting[0], (row, text))
            elif fitting:
                both = both or (row, text)
        if len(only) == 2:
            (one, (row, text)), (two, (second, other_text)) = only.items()
            return tuple(formats), (
                f'{column}: "{text}" (line {row.line}) fits {one} alone, and "{other_text}" '
                f"(line {second.line}) {two} alone: one column has one order of day and month"
            )
        if both and not only:
            row, text = both
            return tuple(formats), (
                f'{column}: "{text}" (line {row.line}) is read by {form} and by {other}, and no cell of the '
                "column tells which it is: say one in the mapping"
            )
        kept = next(iter(only), form)
        return tuple(one for one in formats if one == kept or one not in (form, other)), None
    return tuple(formats), None


def other_order(source: Source, bindings: Bindings) -> bool:
    """Note as a fault of the mapping that some days of a column are written in the other order.

    The rows that fit both would be taken for other days than they are.
    """
    for (column, text), row in bindings.unread.items():
        for form in sorted({form for binding in bindings.columns[column] for form in binding.formats}):
            other = turned(form)
            if other and fits(text, other):
                source.fault(
                    source.place_of(column),
                    f'{column}: "{text}" (line {row.line}) fits {other} alone, and the column is read as '
                    f"{form}: one column has one order of day and month; say which it is, with date",
                )
                return True
    return False


def rounded_ids(source: Source, table: Table, collection: Collection, bindings: Bindings) -> None:
    """Note as faults the columns whose names of records a spreadsheet has rounded: none can be trusted."""
    for column in _naming(collection, bindings):
        texts = [(row, str(cell)) for row in table.rows if (cell := row.cells.get(column))]
        rounded = next(((row, text) for row, text in texts if notation.is_rounded(text)), None)
        if rounded is None and len(texts) > 1 and all(notation.is_cut_off(text) for _, text in texts):
            rounded = texts[0]
        if rounded:
            row, text = rounded
            source.fault(
                source.place_of(column),
                f'{column}: "{text}" (line {row.line}) is a number that a spreadsheet has rounded, and '
                "names no record any more; export again, and open the file with this column as text",
            )


def _naming(collection: Collection, bindings: Bindings) -> Iterator[str]:
    """The columns whose cells name a record, that of the row or another."""
    own = ("external_id",), (collection.identity,)
    for column, several in bindings.columns.items():
        paths = [binding.path for binding in several if binding.path]
        if any(path in own or _names_record(collection, path) for path in paths):
            yield column
    for template in bindings.templates:
        if template.path in own:
            yield from (column for _, columns in template.templates for column in columns)


def _names_record(collection: Collection, path: tuple[object, ...]) -> bool:
    if any(isinstance(part, KeyOf) for part in path):
        return True
    plain = [part if isinstance(part, int) else str(part) for part in path]
    return named_at(collection.model, plain) is not None
