"""Readers, which make the value of a field from a cell by the field's type.

Values below `custom` have the type that their cell tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeGuard, get_args, get_origin

from pydantic import StringConstraints

from pipecli.errors import Unreadable
from pipecli.inbox.importing import day_formats
from pipecli.inbox.importing.table import MOST_VALUES, Cell, Raw
from pipecli.json_and_csv import free_cell, free_value, list_values, plain_cell
from pipecli.records import base, written_amounts
from pipecli.records.base import Amount, Part, Percent
from pipecli.records.emails_and_phones import is_email
from pipecli.records.kinds import Kind
from pipecli.records.money import bounded, without_exponent
from pipecli.records.references import named_at
from pipecli.records.written_amounts import (
    NO_SIGN,
    RATE,
    DecimalSign,
    Money,
    in_units,
    named_rate,
    read_money,
    read_number,
)  # fmt: skip
from pipecli.store.yaml.write import CONTROL, compiled, emit, without_empties

NOTHING = frozenset(
    "#N/A #NA #NULL! #VALUE! #REF! #NAME? #DIV/0! #NUM! #SPILL! #CALC! #ERROR! #NV #WERT! #BEZUG! #ZAHL! "
    "#N/D #¡VALOR! #¡REF! #¿NOMBRE? #¡NUM! #¡NULO! #¡DIV/0! #VALOR! #NOME? #NÚM! #NULO! #VALEUR! #NOM? "
    "http:// #NOMBRE! #NUL! N/A n/a NULL null (null) <null> NaN nan None (none) (blank) - -- – — \\N "
    "-None- --None-- 000000000000000 000000000000000AAA 00/00/0000 00/00/00 00-00-0000 00.00.0000".split()
) | {zero + clock for zero in ("0000-00-00", "0000/00/00") for clock in ("", " 00:00:00", "T00:00:00")}
"""What other programs write where there is no value: spreadsheets their errors, each in its language.

`-None-` is Zoho's empty choice, `http://` SuiteCRM's website; the zeros are ids of Salesforce, and days of
databases. `Null` and `Nan` are names of people.
"""


def text_value(cell: Cell) -> str:
    """Text of several lines, whose blanks at both ends may be meant. Raises Unreadable."""
    match cell:
        case Raw():
            return free_cell(cell.value)
        case str():
            return writable(cell.replace("\r\n", "\n").replace("\r", "\n"))
        case bool() | Decimal() | int():
            return plain_cell(cell)
    raise Unreadable("a list can't be one value")


def writable(text: str) -> str:
    """The text itself; refused where no record's file could hold it. Raises Unreadable."""
    if bad := compiled(CONTROL).search(text):
        raise Unreadable(f"it has the control character U+{ord(bad[0]):04X}, which no record can hold")
    return text


def line_value(cell: Cell) -> str:
    """Text of one line, without the blanks at its ends. Raises Unreadable."""
    text = text_value(cell).strip()
    return " ".join(text.split("\n")) if "\n" in text else text


STAGE_ENTERED = ("custom", "stage_entered")
"""When a deal came to which stage, of another system's history: velocity counts it."""
CLOSED_STAGE = ("closed", "stage")
"""`unknown` of a deal that ended nobody knows where."""


def as_it_is(cell: Cell) -> object:
    """The value of a cell from a file that tells texts from numbers itself. Raises Unreadable."""
    if isinstance(cell, str):
        return writable(cell)
    return list(cell) if isinstance(cell, tuple) else _kept(cell.value if isinstance(cell, Raw) else cell)


def _kept(value: object) -> object:
    """A value without nulls and empties; refused where no record's file could hold it."""
    kept = without_empties(value)
    if kept in (None, {}, []):
        return None
    try:
        emit({"custom": kept}, "")
    except ValueError as error:
        raise Unreadable(str(error)) from None
    return kept


def map_value(cell: Cell) -> object:
    """The map of a cell, from JSON text where it is text. Raises Unreadable."""
    value = _kept(cell.value) if isinstance(cell, Raw) else free_value(line_value(cell))
    if not isinstance(value, dict):
        raise Unreadable(f'"{cell}" isn\'t a map of keys and values')
    return value


def as_written(cell: Cell, decimal_sign: DecimalSign = "") -> object:
    """A value of CSV: a number where it is written as one; `1.500` is none where `,` is the decimal sign."""
    text = text_value(cell)
    if decimal_sign == "," and _WITH_COMMA.fullmatch(text.strip()):
        text = text.replace(".", "").replace(",", ".")
    elif decimal_sign == "," and "." in text:
        return text.strip()
    return free_value(text if "\n" in text else text.strip())


_WITH_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+),\d+")


CellReader = Callable[[Cell], object]
"""Reads a cell that is not empty. Raises Unreadable."""
Path = tuple[Any, ...]
"""A field's place in a record: names, places in lists, and a Named or KeyOf where rows name the key."""


class Named(NamedTuple):
    """A record that a cell names by id, external id or name; looked up once every row is read."""

    noun: str
    text: str
    may_lack: bool = False
    """The field stays empty where no record is called so."""


def nouns_of(noun: str) -> tuple[str, ...]:
    return ("user", "team") if noun == "principal" else (noun,)


class PercentOff(NamedTuple):
    """A discount in percent, of a column of amounts whose cell says `10%`."""

    percent: Decimal


class ColumnFormat(NamedTuple):
    """The form of the values in one column, and the readers of what it decides. They raise Unreadable."""

    today: date
    zone: tzinfo
    formats: Sequence[str] = ()
    decimal_sign: DecimalSign = "."
    has_thousandths: bool = True
    """True where an amount may have three decimals: `1.234` then has no certain meaning."""
    typed: bool = False
    """The file tells texts from numbers itself."""
    scale: str | None = None
    """`fraction` where 0.5 is fifty percent, `thousands` where 5 is an amount of 5000."""
    signs: Mapping[frozenset[str], frozenset[str]] = {}
    """What the signs of several currencies mean here, as `$` of CAD."""
    split: str | None = None
    """Stands between the values of a list, beside what always does."""
    html: bool = False
    """Texts may be HTML, of which the text is taken."""

    def free(self, cell: Cell) -> object:
        """A value of any type; of CSV a number where it is written as one, as `1.500` isn't beside `,`."""
        return as_it_is(cell) if self.typed else as_written(cell, self.decimal_sign)

    def day(self, cell: Cell) -> date:
        return day_formats.read_day(line_value(cell), self.formats, self.today, self.zone)

    def moment(self, cell: Cell) -> datetime:
        return day_formats.read_moment(line_value(cell), self.formats, self.today, self.zone)

    def day_or_moment(self, cell: Cell) -> date:
        return self.moment(cell) if ":" in line_value(cell) else self.day(cell)

    def entered(self, cell: Cell) -> str:
        """When a deal came to a stage, as ISO text: what is below `custom` has no type of its own."""
        return self.day_or_moment(cell).isoformat()

    def money(self, cell: Cell) -> Money:
        if _is_number(cell):
            value, signed = bounded(Decimal(cell)), NO_SIGN
        else:
            value, signed = read_money(
                text_value(cell), self.decimal_sign, has_thousandths=self.has_thousandths
            )
        return Money(in_units(value, str(cell), self.scale), self.signs.get(signed, signed))

    def won_for(self, cell: Cell) -> object:
        """The amount that a deal was won for, which may be unknown."""
        return "unknown" if text_value(cell).strip() == "unknown" else self.money(cell)

    def number(self, cell: Cell, *, is_percent: bool = False) -> Decimal:
        if _is_number(cell):
            return without_exponent(bounded(Decimal(cell)))
        exact = read_number(text_value(cell), self.decimal_sign, is_percent=is_percent)
        return without_exponent(exact)

    def percent(self, cell: Cell) -> Decimal:
        if self.scale != "fraction" or is_percentage(cell):
            return self.number(cell, is_percent=self.scale != "fraction")
        return round(self.number(cell) * 100, 6).normalize() + 0

    def discount_amount(self, cell: Cell) -> object:
        return PercentOff(self.number(cell, is_percent=True)) if is_percentage(cell) else self.money(cell)

    def tax(self, cell: Cell) -> Decimal:
        """The rate of a tax with its name, or of several that are due on one line together."""
        text = line_value(cell)
        return self.percent(cell) if "%" not in text or re.fullmatch(RATE, text) else named_rate(text)

    def whole(self, cell: Cell) -> int:
        value = self.number(cell)
        if self.scale == "seconds":  # of a call, in minutes here
            value = (value / 60).to_integral_value(ROUND_HALF_UP)
        if value != value.to_integral_value():
            raise Unreadable(f'"{cell}" isn\'t a whole number')
        return int(value)


_BY_KEY = ("process", "stage")
"""Named in a file by their keys alone."""


def reader_of(collection: Kind, path: Path, column_format: ColumnFormat) -> CellReader | None:
    """The reader for a field, by path, else by type; None for no field, or one with fields of its own."""
    if of_path := _reader_of_path(collection, path, column_format):
        return of_path
    annotation = base.annotation_at(collection.model, path)
    if annotation is None:
        return None
    if annotation is Any:
        return column_format.free
    kinds = [kind for kind in base.options(annotation) if kind is not type(None)]
    classes = [kind for kind in kinds if isinstance(kind, type)]
    lists = [kind for kind in kinds if get_origin(kind) is tuple and Decimal not in classes]
    inner = [kind for list_ in lists for kind in base.options(get_args(list_)[0])]
    if any(get_origin(kind) is dict for kind in kinds) or any(
        isinstance(kind, type) and issubclass(kind, Part) for kind in (*classes, *inner)
    ):
        return None
    names = named_at(collection.model, path)
    named = _named(names.noun) if names and names.must_exist and names.noun not in _BY_KEY else None
    if lists:
        one = column_format.whole if int in inner else _OWN.get(str(path[0]), line_value)
        return _list_of(named or one, path[0], column_format.split)
    if path[0] in _BETWEEN and len(path) == 2:
        return _one_or_more(str(path[0]))
    if path[-1] in _OWN:
        return _OWN[path[-1]]
    return named or _scalar(path, annotation, classes, column_format)


def _reader_of_path(collection: Kind, path: Path, column_format: ColumnFormat) -> CellReader | None:
    """The reader for a field whose type doesn't tell how it is written, or that no record has."""
    if path == (collection.identity,):
        return line_value
    if path == ("custom",):
        return map_value
    if path[:2] == STAGE_ENTERED and len(path) == 3:
        return column_format.entered
    if path == ("closed", "amount"):
        return column_format.won_for
    if path in (("total",), ("total_after_discount",)) and collection.noun in ("quotation", "order"):
        return column_format.money
    return None


def _scalar(path: Path, annotation: Any, classes: Sequence[type], column_format: ColumnFormat) -> CellReader:
    if {date, datetime}.issubset(classes):
        return column_format.day_or_moment
    if date in classes:
        return column_format.day
    if datetime in classes:
        return column_format.moment
    if Decimal in classes:
        if path[-1] == "discount_amount":
            return column_format.discount_amount
        if get_args(Amount)[-1] in _metadata(annotation):
            return column_format.money
        if path[-1] == "tax":
            return column_format.tax
        return column_format.percent if is_percent(annotation) else column_format.number
    if bool in classes:
        return _flag
    if int in classes:
        return column_format.whole
    for kind in classes:
        if issubclass(kind, Enum):
            return _word({str(member) for member in kind})
    is_one_line = any(isinstance(part, StringConstraints) and part.pattern for part in _metadata(annotation))
    read = line_value if is_one_line else text_value
    if path[0] == "items" and path[-1] == "description":
        return lambda cell: name_in(read(cell))
    return _shown(read) if column_format.html else read


def _shown(read: CellReader) -> CellReader:
    """Reads what HTML shows; a cell without a tag may be written with `&amp;` all the same."""
    from html import unescape

    from pipecli.inbox.mail.message import shown_text  # which loads the parser of mails

    def shown(cell: Cell) -> object:
        text = text_value(cell)
        return read(shown_text(text) if re.search(HTML, text) else unescape(text))

    return shown


HTML = r"(?i)</(?:[abiup]|em|strong|span|div|[ou]l|li|h[1-6]|pre|t[dr]|table|font|body|html)>|<br ?/?>"
"""What tells that a text is HTML, and no comparison with `<`."""


def is_percent(annotation: Any) -> bool:
    """True for a field that holds percents."""
    return any(part is get_args(Percent)[2] for part in _metadata(annotation))


def is_percentage(cell: Cell) -> bool:
    """True for a text that says itself that it is a percentage."""
    return isinstance(cell, str) and cell.strip().endswith(("%", "٪"))


def _address(cell: Cell) -> object:
    """An e-mail address, alone or as `Nora Field <nora@field.example>`. Raises Unreadable."""
    text = line_value(cell)
    bare = text.rpartition("<")[2].rstrip("> ").removeprefix("mailto:").strip(" ;,")
    if is_email(bare):
        return bare
    parts = [part for part in re.split(r":::|\s/\s|[;,\s|]", text) if part]
    if len(parts) > 1 and all(map(is_email, parts)):
        raise Unreadable(
            f'"{text}" is {len(parts)} addresses, and this field holds one: '
            "say split in the mapping to take the first"
        )
    raise Unreadable(f'"{text}" isn\'t an e-mail address')


def _telephone(cell: Cell) -> object:
    if written_amounts.is_rounded(text := line_value(cell)):
        raise Unreadable(f'"{text}" is a number that a spreadsheet has rounded: export it again as text')
    return text


def _currency(cell: Cell) -> object:
    return written_amounts.code_of_sign(text := line_value(cell)) or text


_OWN = {"email": _address, "emails": _address, "phone": _telephone, "phones": _telephone}
_OWN["currency"] = _currency


def _named(noun: str) -> CellReader:
    return lambda cell: Named(noun, name_in(line_value(cell)))


def name_in(text: str) -> str:
    """The name of a record without its module, with which vTiger writes it: `Accounts::::Aurora`."""
    return re.sub(r"^[A-Z][A-Za-z]+::::", "", text).strip()


def _is_number(cell: Cell) -> TypeGuard[int | Decimal]:
    return isinstance(cell, (int, Decimal)) and not isinstance(cell, bool)


_FLAGS = dict.fromkeys("yes true y 1 wahr vrai verdadero verdadeiro vero waar".split(), True)
_FLAGS |= dict.fromkeys("no false n 0 falsch faux falso onwaar".split(), False)  # as spreadsheets write it


def _flag(cell: Cell) -> object:
    known = cell if isinstance(cell, bool) else _FLAGS.get(line_value(cell).lower())
    if known is None:
        raise Unreadable(f'"{cell}" must be yes or no')
    return known


def _word(known: set[str]) -> CellReader:
    """One of a model's words; another is left as it is, and refused by the model with their list."""

    def read(cell: Cell) -> object:
        text = line_value(cell)
        word = text.lower().replace(" ", "-")
        return word if word in known else text

    return read


_BETWEEN = {
    "emails": re.compile(r":::|\s/\s|[;,|\n]|(?<=[^\s,;<])\s+(?=[^\s<]+@)"),
    "phones": re.compile(r":::|[;,|\n]"),
}
"""What stands between addresses and between telephone numbers in one cell."""


def _one_or_more(field: str) -> CellReader:
    """The values of a numbered column, `E-mail 1 - Value`; Google writes several as `a ::: b`."""
    several = _list_of(_OWN[field], field, None if field == "emails" else ":::")

    def read(cell: Cell) -> object:
        values = several(cell)
        assert isinstance(values, tuple)
        return values[0] if len(values) == 1 else values

    return read


_BARE_LIST = r'\[[^\[\]{}"]+\]'
"""`[hot, vip]`, as ClickUp writes a list: JSON has quotes."""


def _list_of(one: CellReader, field: object, split: str | None) -> CellReader:
    """A list in one cell: with commas, or as JSON where an element has one itself."""
    between = _BETWEEN.get(str(field))

    def parts_of(text: str) -> list[Any]:
        if split and not text.startswith("["):
            return text.split(split)
        if between is None or text.startswith("["):
            return list_values(text)
        return between.split(text)

    def read(cell: Cell) -> object:
        text = "" if isinstance(cell, tuple) else text_value(cell).strip()
        try:
            parts = cell if isinstance(cell, tuple) else parts_of(text)
        except ValueError:
            if not re.fullmatch(_BARE_LIST, text):
                raise Unreadable(f'"{cell}" isn\'t a list') from None
            parts = text[1:-1].split(",")
        if len(parts) > MOST_VALUES:
            raise Unreadable(f"{len(parts):,} values are too many for a cell")
        return tuple(dict.fromkeys(one(part) for part in parts if str(part).strip()))

    return read


def _metadata(annotation: Any) -> Iterator[object]:
    """The metadata of an Annotated type and of its alternatives."""
    yield from getattr(annotation, "__metadata__", ())
    for inner in get_args(annotation):
        if get_args(inner):
            yield from _metadata(inner)
