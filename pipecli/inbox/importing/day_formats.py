"""Days and times as files of other programs write them: ISO, or in the formats of a mapping.

Also the order of day and month in a column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from pipecli.errors import Unreadable
from pipecli.inbox.importing.table import Table
from pipecli.records.days import day_in
from pipecli.records.written_amounts import plain_digits

YEARS_BACK, YEARS_AHEAD = 60, 20
"""A year of two digits is the one in this span around today; no other digits have a certain century."""

_ISO_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z| ?UTC| ?[+-]\d{2}:?\d{2})?)?"
)
_DIRECTIVES = set("dmyYHIMSpbBfzjaA%")
EXCEL = "excel"
"""Stands in the place of a format for the days that a spreadsheet counts: 46341 is 2026-11-15."""
EPOCH = "epoch"
"""For the seconds or milliseconds since 1970: 1767604800 is 2026-01-05."""
_DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d.%m.%y",
    "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%d %b, %Y", "%d-%b-%y",
    "%a, %d %b %Y", "%a, %b %d, %Y", "%a %d %b %Y", "%a %b %d %Y", "%A, %d %B %Y", "%A, %B %d, %Y",
)  # fmt: skip
_TIMES = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M%p", " %I:%M:%S %p",
    ", %H:%M", ", %I:%M %p", ", %H:%M:%S", ", %I:%M:%S %p",
)  # fmt: skip
FORMS = (
    *(f"{day}{time}" for day in _DAYS for time in _TIMES), "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p",
    "%a, %d %b %Y %H:%M:%S %z", "%a %b %d %Y %H:%M:%S GMT%z",
)  # fmt: skip
"""The forms in which exports write days and moments."""
_SAMPLE = 200
"""Texts of a column of dates that tell which forms to try on all of them."""
COUNTED = (
    (EXCEL, re.compile(r"[2-7]\d{4}([.,]\d+)?"), "days that a spreadsheet counts"),
    (
        "%Y%m%d",
        re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"),
        "year, month and day in eight digits",
    ),
    (EPOCH, re.compile(r"\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19}"), "seconds or parts of them since 1970"),
)
"""Dates that are numbers: of a whole column, as 20210105 alone may be anything."""
_PERSIAN = re.compile(r"1[34]\d\d\D.*|.*\D1[34]\d\d")
"""A day with the year of another calendar; none of a business is of the 14th or 15th century."""
_SINCE_1970 = re.compile(r"-?(\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})")
_MIDNIGHT = re.compile(r"(?<=[T ,])24:00(:00)?$")
_SERIAL = re.compile(r"\d{1,7}(?:[.,]\d+)?")
_SOME_DAY = datetime(2026, 11, 21)
_NUMBER_OR_WORD = re.compile(r"\d+|[^\W\d_]+|\s+")
_SERIAL_BEGIN, _LAST_SERIAL = datetime(1899, 12, 30), 2958466


def read_day(text: str, formats: Sequence[str], today: date, zone: tzinfo) -> date:
    """A day; of a moment, the day it was in `zone`. Raises Unreadable."""
    moment = _moment(text, formats, today)
    return day_in(moment, zone) if moment.tzinfo else moment.date()


def read_moment(text: str, formats: Sequence[str], today: date, zone: tzinfo) -> datetime:
    """A moment; a day alone is its midnight, and what has no offset is in `zone`. Raises Unreadable."""
    read = _moment(text, formats, today)
    aware = read if read.tzinfo else read.replace(tzinfo=zone)
    return aware.replace(tzinfo=timezone(aware.utcoffset() or timedelta()))


def fault_of(form: str) -> str | None:
    """The fault of a date format; None for a good one."""
    if form in (EXCEL, EPOCH):
        return None
    directives = re.findall(r"%(.?)", form)
    unknown = [f"%{directive}" for directive in directives if directive not in _DIRECTIVES]
    if unknown:
        known = " ".join(f"%{directive}" for directive in sorted(_DIRECTIVES - {"%"}))
        return f"{unknown[0]} isn't one of {known}"
    if not {"y", "Y"} & set(directives):
        return f'"{form}" has no year; write a format as %d.%m.%Y'
    twice = next((one for one in directives if directives.count(one) > 1 and one != "%"), None)
    return f"%{twice} stands twice" if twice else None


def _moment(text: str, formats: Sequence[str], today: date) -> datetime:
    plain = plain_digits(text)
    if is_persian(plain):
        raise Unreadable(f'"{text}" is a day of the Persian calendar: write it in ours, such as 2026-11-21')
    if _MIDNIGHT.search(plain):
        return _moment(_MIDNIGHT.sub("00:00", plain), formats, today) + timedelta(days=1)
    for form in formats:
        if form == EPOCH and _SINCE_1970.fullmatch(plain):
            return datetime.fromtimestamp(int(plain) / 1000 ** ((len(plain.lstrip("-")) - 9) // 3), UTC)
        if form == EXCEL:
            if _SERIAL.fullmatch(plain) and (serial := float(plain.replace(",", "."))) < _LAST_SERIAL:
                return _SERIAL_BEGIN + timedelta(seconds=round(serial * 86400))
            certain = [form for form in ("%d/%m/%Y", "%m/%d/%Y") if fits(plain, form)]
            if len(certain) == 1:  # a spreadsheet leaves 15/11/2026 as text beside its serials
                return datetime.strptime(plain, certain[0])
            continue
        try:
            read = datetime.strptime(plain, form)
        except ValueError:
            continue
        return _in_its_century(read, text, today) if "%y" in form else read
    if _ISO_MOMENT.fullmatch(plain):
        try:
            joined = plain.replace(" UTC", "Z").replace("UTC", "Z").replace(" +", "+").replace(" -", "-")
            return datetime.fromisoformat(joined)
        except ValueError:
            raise Unreadable(f'"{text}" isn\'t a day of the calendar') from None
    wanted = " or ".join(formats) or "2026-11-21; another form is said in the mapping, as date: '%d/%m/%Y'"
    if _SERIAL.fullmatch(plain) and len(plain) >= 5 and EXCEL not in formats:
        wanted += f"; days that a spreadsheet counts are said as date: {EXCEL}"
    raise Unreadable(f'"{text}" isn\'t a date of the form {wanted}')


def best_forms(counts: Counter[str]) -> tuple[list[str], int]:
    """The forms that fit the most texts of a column, and the number of its rows that they fit."""
    sample = [text for text, _ in counts.most_common(_SAMPLE)]
    forms = [form for form in FORMS if any(fits(text, form) for text in sample)] or FORMS
    rows_of = {form: sum(rows for text, rows in counts.items() if fits(text, form)) for form in forms}
    most = max(rows_of.values())
    return [form for form in rows_of if rows_of[form] == most and most], most


def has_days(counts: Counter[str]) -> bool:
    """True for the texts of a column of which one at least is a day or a moment, in whatever form.

    Where most are bare numbers they count days: `30`.
    """
    if 2 * sum(rows for text, rows in counts.items() if re.fullmatch(r"\d{1,3}", text)) > counts.total():
        return False
    plain = [plain_digits(text) for text, _ in counts.most_common(_SAMPLE)]
    if any(all(numbers.fullmatch(text) for text in plain) for _, numbers, _ in COUNTED):
        return True
    return any(is_iso(text) or is_persian(text) or any(fits(text, f) for f in FORMS) for text in plain)


def turned(form: str) -> str | None:
    """A date format with day and month changed about; None for one where they can't be confused."""
    if "%d" not in form or "%m" not in form:
        return None
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def is_day_first(form: str) -> bool:
    """True for a date format that has the day before the month."""
    return form.index("%d") < form.index("%m")


def is_iso(text: str) -> bool:
    """True for a day or a moment that needs no format: 2026-11-21, 2026-11-21T10:00Z."""
    return _ISO_MOMENT.fullmatch(text) is not None


def is_persian(text: str) -> bool:
    """True for a day of the Persian calendar: 1404/08/10."""
    return _PERSIAN.fullmatch(plain_digits(text.strip())) is not None


@lru_cache(1 << 16)  # a column is looked at several times
def fits(text: str, form: str) -> bool:
    """True for a text that a date format reads."""
    plain = _MIDNIGHT.sub("00:00", plain_digits(text.strip()))
    try:  # strptime keeps five forms, and to prepare each of 250 anew took a fifth of a plan
        if "%z" not in form and _shape(plain) != _shape(_SOME_DAY.strftime(form)):
            return False
        datetime.strptime(plain, form)
    except ValueError:
        return False
    return True


def _shape(text: str) -> str:
    """The shape that all texts of a date format have in common: the signs between its numbers and words."""
    return _NUMBER_OR_WORD.sub(
        lambda part: part[0][0] if part[0].isspace() else "0x"[part[0].isalpha()], text
    )


def _in_its_century(read: datetime, text: str, today: date) -> datetime:
    for century in (today.year // 100 + step for step in (0, -1, 1)):
        year = century * 100 + read.year % 100
        if today.year - YEARS_BACK <= year <= today.year + YEARS_AHEAD:
            try:
                return read.replace(year=year)
            except ValueError:
                raise Unreadable(f'"{text}" isn\'t a day of the calendar') from None
    raise Unreadable(f'"{text}" has a year of no certain century; write it with four digits')


class DayMonthOrder(NamedTuple):
    """The evidence of a column for the order of its days and months."""

    certain: dict[bool, tuple[str, str]]
    """By whether the day comes first: a text that this order alone reads, and its form."""
    either: tuple[str, list[str]] | None
    """A text that both orders read, and its forms."""


def evidence_of_order(texts: Iterable[str], forms: Sequence[str]) -> DayMonthOrder:
    """The order of day and month that texts tell, among forms of which some have the other order, too.

    What one text tells, with a time or without, holds for the whole column.
    """
    mixed = [form for form in forms if turned(form) in forms]
    certain: dict[bool, tuple[str, str]] = {}
    either: tuple[str, list[str]] | None = None
    for text in texts if mixed else ():
        fitting = [form for form in mixed if text and fits(text, form)]
        orders = {is_day_first(form) for form in fitting}
        if len(orders) == 1:
            certain.setdefault(orders.pop(), (text, fitting[0]))
        elif orders:
            either = either or (text, fitting)
    return DayMonthOrder(certain, either)


def formats_of_one_order(
    table: Table, column: str, formats: Sequence[str]
) -> tuple[tuple[str, ...], str | None]:
    """The formats of a column in one order of day and month, and the doubt that its cells leave, if any."""
    mixed = [form for form in formats if turned(form) in formats]
    if not mixed:
        return tuple(formats), None
    lines: dict[str, int] = {}
    for row in table.rows:
        lines.setdefault(row.text(column), row.line)
    certain, either = evidence_of_order(lines, mixed)
    if len(certain) == 2:
        (text, one), (other_text, two) = certain.values()
        return tuple(formats), (
            f'{column}: "{text}" (line {lines[text]}) fits {one} alone, and "{other_text}" '
            f"(line {lines[other_text]}) {two} alone: one column has one order of day and month"
        )
    if either and not certain:
        text, fitting = either
        return tuple(formats), (
            f'{column}: "{text}" (line {lines[text]}) is read by {" and by ".join(fitting)}, '
            "and no cell of the column tells which it is: say one in the mapping"
        )
    day_first = next(iter(certain), is_day_first(mixed[0]))
    return tuple(form for form in formats if form not in mixed or is_day_first(form) == day_first), None
