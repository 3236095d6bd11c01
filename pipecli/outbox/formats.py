"""How days, figures and money are written for people, in the customs of their language.

By babel, an extra: who calls this has seen that it is there.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from pipecli.records.money import minor_digits

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern


def formats_of(language: str | None) -> Formats:
    """The customs of a language tag; those of English for none, and for one that nobody knows."""
    return Formats(_locale(language))


def number(value: Decimal, formats: Formats) -> str:
    """A quantity in as few digits as say it: 2, 2.5, 1,000."""
    return formats.figure(value, max(0, -_exponent(value.normalize())))


def unit_price(price: Decimal, currency: str, formats: Formats) -> str:
    """Every digit that a unit price has, at least those of the currency."""
    return formats.figure(price, max(minor_digits(currency), -_exponent(price)))


def _exponent(value: Decimal) -> int:
    return int(value.as_tuple().exponent)


class Formats:
    """The customs of one of babel's locales, with its own figures: ۱۲ in Persian."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        own = locale.default_numbering_system
        self._system = own if own in _ZEROS else "latn"  # its separators go with its figures
        zero = _ZEROS.get(own, "0")
        self._percent_sign = locale.number_symbols.get(self._system, {}).get("percentSign", "%")
        self._own_figures = {ord("0") + digit: ord(zero) + digit for digit in range(10)}

    def day(self, day: date) -> str:
        """A day that nobody reads as another: its month is a word."""
        from babel.dates import format_date

        return format_date(day, "long", locale=self._locale).translate(self._own_figures)

    def figure(self, value: Decimal, digits: int) -> str:
        """A number with that many decimals."""
        return self._written(self._locale.decimal_formats[None], value, digits)

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with its currency and the decimals of that currency."""
        pattern = self._locale.currency_formats["standard"]
        return self._written(pattern, amount, minor_digits(currency), currency)

    def percent(self, value: Decimal) -> str:
        """12.5 as 12.5%."""
        digits = max(0, -_exponent(value.normalize()))
        written = self._written(self._locale.percent_formats[None], value.scaleb(-2), digits)
        return written.replace("%", self._percent_sign)

    def _written(
        self, custom: NumberPattern, value: Decimal, digits: int, currency: str | None = None
    ) -> str:
        from babel.numbers import parse_pattern

        pattern = parse_pattern(custom.pattern)
        pattern.frac_prec = (digits, digits)
        written: str = pattern.apply(
            value, self._locale, currency=currency, currency_digits=False, numbering_system=self._system
        )
        return written.translate(self._own_figures)


_ZEROS = {"arab": "٠", "arabext": "۰", "beng": "০", "deva": "०", "mymr": "၀", "tibt": "༠"}
"""The figure nought by babel's name of the figures; babel has the separators, not the figures."""


def _locale(language: str | None) -> Locale:
    from babel import Locale, UnknownLocaleError

    parts = (language or "en").split("-")
    while parts and parts != ["en"]:
        try:
            return Locale.parse("-".join(parts), sep="-")
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale.parse("en_001")  # of no country: 5 December 2026, not December 5, 2026
