"""Amounts, numbers, days and times as people and other programs write them.

`$22,700.00`, `1.234,56 €`, `1'234.50`, `(5.00)`, `12k`, `۱۲۳٬۴۵۶`. `1.234` is a thousand or a bit more than
one: the rest of its column decides, or the mapping; never a guess. Days are ISO, or in the
formats of the mapping.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Literal, NamedTuple

from pipecli.records.currencies import CURRENCIES
from pipecli.records.money import minor_digits

Mark = Literal[".", ",", ""]
"""The decimal sign; empty where each number must tell by itself."""


class Unreadable(ValueError):
    """A cell without a certain meaning. The message is the reason in the rejects file."""


class TwoReadings(Unreadable):
    """A number that is one of two, by the sign before its decimals."""

    def __init__(self, message: str, thousand: Decimal, decimals: Decimal) -> None:
        super().__init__(message)
        self.readings = (thousand, decimals)


class Money(NamedTuple):
    value: Decimal
    currencies: frozenset[str]
    """Those its sign may stand for; empty when it has none."""


_DOLLARS = frozenset(
    "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP JMD TTD NAD BBD BSD BZD FJD GYD LRD SRD XCD KYD BMD "
    "BND CUP".split()
)
_SIGNS = {
    "$": _DOLLARS, "US$": frozenset({"USD"}), "R$": frozenset({"BRL"}), "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "SYP", "LBP"}), "¥": frozenset({"JPY", "CNY"}), "₹": frozenset({"INR"}),
    "₽": frozenset({"RUB"}), "₺": frozenset({"TRY"}), "₴": frozenset({"UAH"}), "₪": frozenset({"ILS"}),
    "₩": frozenset({"KRW"}), "₫": frozenset({"VND"}), "₱": frozenset({"PHP"}), "₦": frozenset({"NGN"}),
    "฿": frozenset({"THB"}), "₡": frozenset({"CRC"}), "₸": frozenset({"KZT"}), "₾": frozenset({"GEL"}),
    "﷼": frozenset({"IRR", "SAR", "OMR", "QAR", "YER"}), "ریال": frozenset({"IRR"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}), "zł": frozenset({"PLN"}), "Kč": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}), "Fr": frozenset({"CHF"}), "lei": frozenset({"RON"}),
}  # fmt: skip

_SIGN = r"[^\d\s.,'()+-]{1,4}\.?"
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<minus>[-+])? ?(?P<before>{_SIGN})? ?(?P<inner>[-+])?"
    rf"(?P<number>\d[\d.,' ]*\d|\d|[.,]\d+) ?(?P<after>{_SIGN})?(?P<last>-)?(?P<close>\))?"
)
_SHORT = re.compile(r"(?<=[\d.,]) ?([kKmM])(?=$|\)| ?[^\w\s]| [A-Z]{3}$)")
"""The letter of `12k` and `1.5M €`: thousands, millions. `kr` and `MXN` are currencies."""
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007\t", " ") | {"−": "-", "’": "'", "٬": "'"})


def money(text: str, mark: Mark, *, third_decimal: bool = True) -> Money:
    """An amount and what its sign says about the currency. Raises Unreadable.

    Where there can be no third decimal, as in an amount of euros, `1.234` is a thousand and more.
    """
    short = _SHORT.search(text.strip())
    match = _parts(_SHORT.sub("", text.strip()))
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise Unreadable(f'"{text}" isn\'t an amount')
    named = [sign for sign in (match["before"], match["after"]) if sign]
    if len(named) > 1:
        raise Unreadable(f'"{text}" isn\'t an amount')
    currencies = _currencies(named[0], text) if named else frozenset[str]()
    third = third_decimal or short is not None or any(minor_digits(currency) > 2 for currency in currencies)
    value = _number(match["number"], mark, text, third) * _SCALES[short[1].lower() if short else ""]
    negative = match["open"] or "-" in (match["minus"], match["inner"], match["last"])
    return Money(-value if negative else value, currencies)


_SCALES = {"": 1, "k": 1000, "m": 1_000_000}


def number(text: str, mark: Mark, *, is_percent: bool = False) -> Decimal:
    """A number with no sign of money; a percent sign is taken as the unit it is. Raises Unreadable.

    A percentage is at most 100: the only sign in `9.975` stands before its decimals.
    """
    signs = [char for char in text if char in ".,"]
    if is_percent and not mark and len(signs) == 1:
        mark = "." if signs[0] == "." else ","
    read = money(text.strip().removesuffix("%"), mark)
    if read.currencies:
        raise Unreadable(f'"{text}" isn\'t a plain number')
    return read.value


def mark_of(texts: Iterable[str]) -> Mark:
    """The decimal sign of a column; empty where no number there tells it, or two numbers differ."""
    marks = {_certain_mark(match["number"]) for match in map(_parts, texts) if match} - {""}
    return marks.pop() if len(marks) == 1 else ""


_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)


def is_rounded(text: str) -> bool:
    """True for a number as a spreadsheet shows a long one, whose last digits are lost: `4.87656E+17`."""
    return _ROUNDED.fullmatch(text.strip()) is not None


def is_cut_off(text: str) -> bool:
    """True for a number of more than fifteen digits that has nothing but zeros after them."""
    plain = text.strip()
    return len(plain) > 15 and plain.isdecimal() and not plain[15:].strip("0")


def _parts(text: str) -> re.Match[str] | None:
    return _AMOUNT.fullmatch(plain_digits(text).translate(_SPACES).strip())


def plain_digits(text: str) -> str:
    """The text with the digits of any script as 0 to 9."""
    if text.isascii():
        return text
    text = text.replace("٫", ".")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _currencies(sign: str, text: str) -> frozenset[str]:
    bare = sign.removesuffix(".")
    if bare in CURRENCIES:
        return frozenset({bare})
    for known in (bare, bare.capitalize(), bare.lower()):
        if known in _SIGNS:
            return _SIGNS[known]
    raise Unreadable(f'"{text}" isn\'t an amount: "{sign}" isn\'t a currency')


def _number(digits: str, mark: Mark, text: str, third_decimal: bool) -> Decimal:
    signs = [digit for digit in digits if digit in ".,"]
    decimal = _certain_mark(digits) or mark
    if signs and not decimal and not third_decimal:
        decimal = "," if signs[0] == "." else "."
    if signs and not decimal:
        thousand, decimals = digits.replace(signs[0], ""), digits.replace(signs[0], ".")
        raise TwoReadings(
            f'"{text}" is {thousand} or {decimals}: say which in the mapping, '
            'with decimal: "." or decimal: ","',
            Decimal(thousand),
            Decimal(decimals),
        )
    if mark and decimal != mark:
        raise Unreadable(f'"{text}" isn\'t an amount where "{mark}" stands before the decimals')
    whole, _, fraction = digits.partition(decimal) if decimal else (digits, "", "")
    groups = re.split(r"[.,' ]", whole)
    if not _are_groups(groups, whole) or not (fraction.isdecimal() or fraction == ""):
        raise Unreadable(f'"{text}" isn\'t an amount')
    return Decimal(f"{''.join(groups) or '0'}.{fraction}" if fraction else "".join(groups))


def _are_groups(groups: list[str], whole: str) -> bool:
    """True for digits in groups of thousands, also those of India: 12,34,567."""
    if len(groups) == 1:
        return True
    first, *middle, last = groups
    alike = len({char for char in whole if not char.isdecimal()}) == 1
    return alike and 1 <= len(first) <= 3 and len(last) == 3 and all(len(group) in (2, 3) for group in middle)


def _certain_mark(digits: str) -> Mark:
    """The decimal sign of one number; empty where the number alone doesn't tell it."""
    signs = [digit for digit in digits if digit in ".,"]
    if not signs:
        return ""
    last: Mark = "." if signs[-1] == "." else ","
    other: Mark = "," if last == "." else "."
    if len(set(signs)) == 2:
        return last
    if len(signs) > 1:
        return other
    whole, _, decimals = digits.partition(last)
    is_grouped = "'" in whole or " " in whole
    if len(decimals) != 3 or not whole.strip("0") or len(whole) > 3 or is_grouped:
        return last
    return ""


YEARS_BACK, YEARS_AHEAD = 60, 20
"""A year of two digits is the one in this span around today; no other digits have a certain century."""

_ISO_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_DIRECTIVES = set("dmyYHIMSpbBfzjaA%")
EXCEL = "excel"
"""Stands in the place of a format for the days that a spreadsheet counts: 46341 is 2026-11-15."""
EPOCH = "epoch"
"""For the seconds or milliseconds since 1970: 1767604800 is 2026-01-05."""
_SINCE_1970 = re.compile(r"-?\d{9,10}|-?\d{12,13}")
_MIDNIGHT = re.compile(r"(?<=[T ,])24:00(:00)?$")
_SERIAL = re.compile(r"\d{1,7}(?:[.,]\d+)?")
_SERIAL_BEGIN, _LAST_SERIAL = datetime(1899, 12, 30), 2958466


def day(text: str, formats: Sequence[str], today: date, zone: tzinfo) -> date:
    """A day; of a moment, the day it was in `zone`. Raises Unreadable."""
    moment = _moment(text, formats, today)
    return moment.astimezone(zone).date() if moment.tzinfo else moment.date()


def moment(text: str, formats: Sequence[str], today: date, zone: tzinfo) -> datetime:
    """A moment; a day alone is its midnight, and what has no offset is in `zone`. Raises Unreadable."""
    read = _moment(text, formats, today)
    aware = read if read.tzinfo else read.replace(tzinfo=zone)
    return aware.replace(tzinfo=timezone(aware.utcoffset() or timedelta()))


def has_time(text: str) -> bool:
    """True for a text that gives an hour, not the day alone."""
    return ":" in text


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
    twice = [
        f"%{directive}" for directive in directives if directives.count(directive) > 1 and directive != "%"
    ]
    return f"{twice[0]} stands twice" if twice else None


def _moment(text: str, formats: Sequence[str], today: date) -> datetime:
    plain = plain_digits(text)
    if _MIDNIGHT.search(plain):
        return _moment(_MIDNIGHT.sub("00:00", plain), formats, today) + timedelta(days=1)
    for form in formats:
        if form == EPOCH and _SINCE_1970.fullmatch(plain):
            return datetime.fromtimestamp(int(plain) / (1000 if len(plain) > 11 else 1), UTC)
        if form == EXCEL:
            if _SERIAL.fullmatch(plain) and (serial := float(plain.replace(",", "."))) < _LAST_SERIAL:
                return _of_serial(serial)
            if certain := _of_certain_order(plain):
                return certain
            continue
        try:
            read = datetime.strptime(plain, form)
        except ValueError:
            continue
        return _in_its_century(read, text, today) if "%y" in form else read
    if _ISO_MOMENT.fullmatch(plain):
        try:
            return datetime.fromisoformat(plain)
        except ValueError:
            raise Unreadable(f'"{text}" isn\'t a day of the calendar') from None
    wanted = " or ".join(formats) or "2026-11-21; another form is said in the mapping, as date: '%d/%m/%Y'"
    if _SERIAL.fullmatch(plain) and len(plain) >= 5 and EXCEL not in formats:
        wanted += f"; days that a spreadsheet counts are said as date: {EXCEL}"
    raise Unreadable(f'"{text}" isn\'t a date of the form {wanted}')


def _of_serial(serial: float) -> datetime:
    """The moment that a spreadsheet counts in days, to the second."""
    return _SERIAL_BEGIN + timedelta(seconds=round(serial * 86400))


def _of_certain_order(text: str) -> datetime | None:
    """A day that has one reading alone, 15/11/2026: a spreadsheet leaves it as text beside its serials."""
    readings = [form for form in ("%d/%m/%Y", "%m/%d/%Y") if fits(text, form)]
    return datetime.strptime(text, readings[0]) if len(readings) == 1 else None


def turned(form: str) -> str | None:
    """A date format with day and month changed about; None for one where they can't be confused."""
    if "%d" not in form or "%m" not in form:
        return None
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def fits(text: str, form: str) -> bool:
    """True for a text that a date format reads."""
    try:
        datetime.strptime(_MIDNIGHT.sub("00:00", plain_digits(text.strip())), form)
    except ValueError:
        return False
    return True


def _in_its_century(read: datetime, text: str, today: date) -> datetime:
    for century in (today.year // 100 + step for step in (0, -1, 1)):
        year = century * 100 + read.year % 100
        if today.year - YEARS_BACK <= year <= today.year + YEARS_AHEAD:
            try:
                return read.replace(year=year)
            except ValueError:
                raise Unreadable(f'"{text}" isn\'t a day of the calendar') from None
    raise Unreadable(f'"{text}" has a year of no certain century; write it with four digits')
