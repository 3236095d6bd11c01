"""The amounts and numbers that people and other programs write, and the decimal sign of a column of them.

`$22,700.00`, `1.234,56 €`, `1'234.50`, `(5.00)`, `12k`, `۱۲۳٬۴۵۶`. `1.234` is a thousand or a bit more than
one: the rest of its column decides (`decimal_sign_of`), a currency without (`has_thousandths`), the mapping
(`inbox/importing/compile_mapping.py`) or, for a plan, the export's other amounts; else it is asked.
Of an amount typed at a prompt a person is asked: `typed_number` in `cli/common/typed_values.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from pipecli.errors import Unreadable
from pipecli.records.money import CURRENCIES, bounded, minor_digits

DecimalSign = Literal[".", ",", ""]
"""The decimal sign; empty where each number must tell by itself."""


class TwoReadings(Unreadable):
    """A number that is one of two, by the sign before its decimals."""

    def __init__(self, message: str, thousand: Decimal, decimals: Decimal) -> None:
        super().__init__(message)
        self.readings = (thousand, decimals)


class Money(NamedTuple):
    """An amount as it is written."""

    value: Decimal
    currencies: frozenset[str]
    """Those its sign may stand for; empty when it has none."""


NO_SIGN = frozenset[str]()
"""Of most amounts: Python would make an empty set for each, of 216 bytes."""
_DOLLARS = frozenset(
    "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP JMD TTD NAD BBD BSD BZD FJD GYD LRD SRD XCD KYD BMD "
    "BND CUP".split()
)
SIGNS = {
    "$": _DOLLARS, "US$": frozenset({"USD"}), "R$": frozenset({"BRL"}), "€": frozenset({"EUR"}),
    "CA$": frozenset({"CAD"}), "A$": frozenset({"AUD"}), "AU$": frozenset({"AUD"}), "NZ$": frozenset({"NZD"}),
    "HK$": frozenset({"HKD"}), "MX$": frozenset({"MXN"}), "S$": frozenset({"SGD"}),
    "£": frozenset({"GBP", "EGP", "SYP", "LBP"}), "¥": frozenset({"JPY", "CNY"}), "₹": frozenset({"INR"}),
    "₽": frozenset({"RUB"}), "₺": frozenset({"TRY"}), "₴": frozenset({"UAH"}), "₪": frozenset({"ILS"}),
    "₩": frozenset({"KRW"}), "₫": frozenset({"VND"}), "₱": frozenset({"PHP"}), "₦": frozenset({"NGN"}),
    "฿": frozenset({"THB"}), "₡": frozenset({"CRC"}), "₸": frozenset({"KZT"}), "₾": frozenset({"GEL"}),
    "﷼": frozenset({"IRR", "SAR", "OMR", "QAR", "YER"}), "ریال": frozenset({"IRR"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}), "zł": frozenset({"PLN"}), "Kč": frozenset({"CZK"}),
    "Rs": frozenset({"INR", "PKR", "LKR", "NPR", "MUR"}), "円": frozenset({"JPY"}), "元": frozenset({"CNY"}),
    "￥": frozenset({"JPY", "CNY"}), "euro": frozenset({"EUR"}),
    "Ft": frozenset({"HUF"}), "Fr": frozenset({"CHF"}), "lei": frozenset({"RON"}),
}  # fmt: skip
"""The currencies that a sign may stand for."""

_SIGN = r"[^\d\s.,'()+-]{1,4}\.?"
_WRITTEN = (
    rf"(?P<open>\()?(?P<minus>[-+])? ?(?P<before>{_SIGN})? ?(?P<inner>[-+])?"
    rf"(?P<number>\d[\d.,' ]*\d|\d|[.,]\d+) ?(?P<after>{_SIGN})?(?P<last>-)?(?P<close>\))?"
)
_SHORT = r"(?<=[\d.,]) ?([kKmM]|Mio\.?|Mrd\.?|bn)(?=$|\)| ?[^\w\s]| [A-Z]{3}$)"
"""The letters of `12k`, `1.5M €` and `2 Mio`: thousands, millions. `kr` and `MXN` are currencies."""
_BARE = re.compile(r"\d(?:[\d.,]*\d)?", re.ASCII)
"""An amount without any sign, as nearly all of a file are."""
_SPACES = str.maketrans(
    dict.fromkeys("\u00a0\u202f\u2009\u2007\t", " ") | dict.fromkeys("−–—", "-") | dict.fromkeys("’`´٬", "'")
)
_NO_CENTS = r"(?<=\d)([.,])--?(?=\D*$)"
"""The end of `1.200,-` and `100.-`: no cents."""
_SIGN_FIRST = r"([^\d\s()+-]{1,4}) ?(\(.+)"
"""`$(5.00)` is `($5.00)`."""


def read_money(text: str, decimal_sign: DecimalSign, *, has_thousandths: bool = True) -> Money:
    """An amount and what its sign says about the currency. Raises Unreadable.

    Where there can be no third decimal, as in an amount of euros, `1.234` is a thousand and more.
    """
    plain = text.strip()
    if _BARE.fullmatch(plain):
        return Money(_number(plain, decimal_sign, text, has_thousandths), NO_SIGN)
    short = re.search(_SHORT, plain)
    match = _parts(re.sub(_SHORT, "", plain))
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise Unreadable(f'"{text}" isn\'t an amount')
    named = [sign for sign in (match["before"], match["after"]) if sign]
    if len(named) > 1:
        raise Unreadable(f'"{text}" isn\'t an amount')
    currencies = _currencies(named[0], text) if named else NO_SIGN
    third = has_thousandths or short is not None or any(minor_digits(currency) > 2 for currency in currencies)
    scale = _SCALES[short[1].lower().rstrip(".")] if short else 1
    negative = match["open"] or "-" in (match["minus"], match["inner"], match["last"])

    def whole(number: Decimal) -> Decimal:
        return -(number * scale) if negative else number * scale

    try:
        return Money(whole(_number(match["number"], decimal_sign, text, third)), currencies)
    except TwoReadings as error:
        raise _two_readings(text, *map(whole, error.readings)) from None


_SCALES = {"k": 1000, "m": 10**6, "mio": 10**6, "mrd": 10**9, "bn": 10**9}


def read_number(text: str, decimal_sign: DecimalSign, *, is_percent: bool = False) -> Decimal:
    """A number with no sign of money; a percent sign is taken as the unit it is. Raises Unreadable.

    A percentage is at most 100: the only sign in `9.975` stands before its decimals.
    """
    signs = [char for char in text if char in ".,"]
    if is_percent and not decimal_sign and len(signs) == 1:
        decimal_sign = "." if signs[0] == "." else ","
    read = read_money(text.strip().removesuffix("%").removesuffix("٪"), decimal_sign)
    if read.currencies:
        raise Unreadable(f'"{text}" isn\'t a plain number')
    return read.value


_FACTORS = {
    "cents": Decimal("0.01"),
    "thousands": Decimal(1000),
    "millions": Decimal(1_000_000),
    "negative": Decimal(-1),
}


def in_units(value: Decimal, text: str, unit: str | None) -> Decimal:
    """A number of a column in cents, thousands or millions, unless its own text says `12k`."""
    factor = _FACTORS.get(unit or "")
    return value if factor is None or re.search(_SHORT, text.strip()) else value * factor


def decimal_sign_of(texts: Iterable[str]) -> DecimalSign:
    """The decimal sign of a column; empty where no number there tells it, or two numbers differ."""
    telling = (text for text in texts if not _TELLING.isdisjoint(text))
    marks = {_certain_sign(number) for number in map(_digits, telling) if number} - {""}
    return marks.pop() if len(marks) == 1 else ""


def is_rounded(text: str) -> bool:
    """True for a number as a spreadsheet shows a long one, whose last digits are lost: `4.87656E+17`."""
    return "+" in text and re.fullmatch(r"\d(?:[.,]\d+)?E\+\d+", text.strip(), re.IGNORECASE) is not None


def is_cut_off(text: str) -> bool:
    """True for a number of more than fifteen digits that has nothing but zeros after them."""
    plain = text.strip()
    return len(plain) > 15 and plain.isdecimal() and not plain[15:].strip("0")


_TELLING = frozenset(".,٫")


def _digits(text: str) -> str | None:
    """The number of an amount with its signs; None where it is none."""
    if _BARE.fullmatch(plain := text.strip()):
        return plain
    match = _parts(text)
    return match and match["number"]


def _parts(text: str) -> re.Match[str] | None:
    text = re.sub(_NO_CENTS, r"\g<1>00", plain_digits(text).translate(_SPACES).strip())
    if sign := re.fullmatch(_SIGN_FIRST, text):
        text = f"({sign[1]}{sign[2][1:]}"
    return re.fullmatch(_WRITTEN, text)


def plain_digits(text: str) -> str:
    """The text with the digits of any script as 0 to 9, without the blanks at its ends."""
    text = text.strip()
    if text.isascii():
        return text
    import unicodedata

    text = text.replace("٫", ".")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def id_key(external_id: str) -> str:
    """An external id as ids are compared: of Salesforce's 18 characters the 15 that its reports have.

    The other three tell which of five letters each are capitals.
    """
    text = plain_digits(external_id)
    if len(text) != 18 or not text.isalnum():
        return text
    capitals = (sum(1 << n for n in range(5) if text[at + n].isupper()) for at in (0, 5, 10))
    return text[:15] if "".join(_OF_CAPITALS[bits] for bits in capitals) == text[15:] else text


_OF_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def code_of_sign(text: str) -> str | None:
    """The code that a text means by itself: `usd`, `US$`, `€`; None for one with several meanings, as `$`."""
    meant = SIGNS.get(text, frozenset())
    return text.upper() if text.upper() in CURRENCIES else next(iter(meant)) if len(meant) == 1 else None


def _currencies(sign: str, text: str) -> frozenset[str]:
    bare = sign.removesuffix(".")
    if bare in CURRENCIES:
        return frozenset({bare})
    for known in (bare, bare.capitalize(), bare.lower()):
        if known in SIGNS:
            return SIGNS[known]
    raise Unreadable(f'"{text}" isn\'t an amount: "{sign}" isn\'t a currency')


def _number(digits: str, decimal_sign: DecimalSign, text: str, has_thousandths: bool) -> Decimal:
    decimal = _certain_sign(digits) or decimal_sign
    sign = "." if "." in digits else ","
    if not decimal and sign in digits and not has_thousandths:
        decimal = "," if sign == "." else "."
    if not decimal and sign in digits:
        thousand, decimals = digits.replace(sign, ""), digits.replace(sign, ".")
        raise _two_readings(text, Decimal(thousand), Decimal(decimals))
    if decimal_sign and decimal != decimal_sign:
        raise Unreadable(f'"{text}" isn\'t an amount where "{decimal_sign}" stands before the decimals')
    whole, _, fraction = digits.partition(decimal) if decimal else (digits, "", "")
    groups = [whole] if whole.isdecimal() else re.split(r"[.,' ]", whole)
    if not _are_groups(groups, whole) or not (fraction.isdecimal() or fraction == ""):
        raise Unreadable(f'"{text}" isn\'t an amount')
    return bounded(Decimal(f"{''.join(groups) or '0'}.{fraction}" if fraction else "".join(groups)))


def _two_readings(text: str, thousand: Decimal, decimals: Decimal) -> TwoReadings:
    words = f'"{text}" is {thousand:f} or {decimals:f}: say which in the mapping'
    return TwoReadings(f'{words}, with decimal: "." or decimal: ","', thousand, decimals)


def _are_groups(groups: list[str], whole: str) -> bool:
    """True for digits in groups of thousands, also those of India: 12,34,567."""
    if len(groups) == 1:
        return True
    first, *middle, last = groups
    alike = len({char for char in whole if not char.isdecimal()}) == 1
    return alike and 1 <= len(first) <= 3 and len(last) == 3 and all(len(group) in (2, 3) for group in middle)


def _certain_sign(digits: str) -> DecimalSign:
    """The decimal sign of one number; empty where the number alone doesn't tell it."""
    last: DecimalSign = "." if digits.rfind(".") > digits.rfind(",") else ","
    other: DecimalSign = "," if last == "." else "."
    if last not in digits:
        return ""
    if other in digits:
        return last
    if digits.count(last) > 1:
        return other
    whole, _, decimals = digits.partition(last)
    is_grouped = "'" in whole or " " in whole
    if len(decimals) != 3 or not whole.strip("0") or len(whole) > 3 or is_grouped:
        return last
    return ""


RATE = r"(\d+(?:[.,]\d+)?)\s?%"
RATES = (re.compile(rf"(?:[^%]*\( ?{RATE} ?\)[ ,;]*)+"), re.compile(rf"[^\d%]*{RATE}[^\d%]*"))
"""`Vat (10.0 %), City (2.5 %)`, and a single tax as `VAT 10%`."""


def named_rate(text: str) -> Decimal:
    """The rate of a tax beside its name, or of several that are due together. Raises Unreadable."""
    if not any(form.fullmatch(text) for form in RATES):
        raise Unreadable(f'"{text}" isn\'t a rate of tax, such as 10, or Vat (10 %)')
    return sum((Decimal(rate.replace(",", ".")) for rate in re.findall(RATE, text)), Decimal(0))
