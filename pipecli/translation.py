"""The words of documents, mails, pages and calendars in their reader's language, with its days and figures.

A language is a file of `languages/`; what it has no words for is said in English. Days and money are babel's
(an extra), in the customs of the language that somebody chose; where nobody did they are as files have them.
In which language a paper is: `paper_language` in `records/papers.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipecli.records.money import minor_digits

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

_FOLDER = Path(__file__).parent / "languages"
_ENGLISH = "en"


class Words:
    """The words of one language as attributes: `words.quotation`; who uses them fills in their `{…}`."""

    def __init__(self, language: str, tag: str | None, texts: Mapping[str, Any]) -> None:
        self.language = language
        self._tag = tag
        self._texts = texts

    def __getattr__(self, name: str) -> str:
        text = self.__dict__["_texts"].get(name)
        if not isinstance(text, str):
            raise AttributeError(f"no language has the word {name}")
        return text

    def plain(self) -> dict[str, str]:
        """Every word that has one form, with the language itself."""
        own = {name: text for name, text in self._texts.items() if isinstance(text, str)}
        return {"language": self.language, **own}

    def replaced(self, **texts: str) -> Words:
        """With some words in the place of others."""
        return Words(self.language, self._tag, {**self._texts, **texts})

    def fill(self, name: str, /, **values: object) -> str:
        """A text with its `{…}` filled in."""
        return str(getattr(self, name)).format(**values)

    def named(self, group: str, name: str) -> str:
        """A word of the program in a table of the language, as a type of activity; an unknown one stays."""
        return str(self._texts.get(group, {}).get(name, name))

    def count(self, name: str, number: int, /, **values: object) -> str:
        """A number with its noun: `1 deal`, `2 deals`."""
        forms = self._texts[name]
        form = "one" if number == 1 else "other"
        if self._formats and len(forms) > 1:
            form = self._formats.plural(number)
        return str(forms.get(form, forms["other"])).format(n=self.figure(number), **values)

    @cached_property
    def _formats(self) -> Formats | None:
        return formats_of(self._tag) if self._tag and find_spec("babel") else None

    def day(self, day: date) -> str:
        return self._formats.day(day) if self._formats else day.isoformat()

    def short_day(self, day: date) -> str:
        """A day for a narrow column."""
        return self._formats.day(day, "medium") if self._formats else day.isoformat()

    def period(self, name: str) -> str:
        """A month, a quarter or a year by its name in files: 2026-11, 2026-Q4, 2026."""
        return self._formats.period(name) if self._formats else name

    def span(self, first: date | None, last: date | None) -> str:
        """The words for the days from one to another, either of which may be open."""
        name = "from_until" if first and last else "from_on" if first else "until"
        return self.fill(name, since=self.day(first or date.min), until=self.day(last or date.max))

    def days_of_months(self) -> list[list[str]] | None:
        """Each day of a year without the year, in a list a month; None where nobody chose a language."""
        if self._formats is None:
            return None
        days = [date(2024, 1, 1) + timedelta(days=place) for place in range(366)]
        return [[self._formats.part("MMMd", day) for day in days if day.month == m] for m in range(1, 13)]

    def weekday(self, day: date) -> str:
        """A day with its weekday."""
        return self._formats.day(day, "full") if self._formats else f"{day:%A} {day}"

    def clock(self, moment: datetime) -> str:
        return self.figures(f"{moment:%H:%M}")

    def figure(self, value: Decimal | int, digits: int = 0) -> str:
        return self._formats.figure(Decimal(value), digits) if self._formats else f"{value:,.{digits}f}"

    def exact(self, value: Decimal | int) -> str:
        """A number in as many decimals as it has."""
        return self.figure(value, max(0, -_exponent(Decimal(value))))

    def money(self, amount: Decimal, currency: str, *, named: bool = True) -> str:
        """An amount with the decimals of its currency, and its name."""
        if not named:
            return self.figure(amount, minor_digits(currency))
        return self._formats.money(amount, currency) if self._formats else f"{amount:,} {currency}"

    def percent(self, value: Decimal | int) -> str:
        return self._formats.percent(Decimal(value)) if self._formats else f"{value:,} %"

    def figures(self, text: str) -> str:
        """A text that is not a number with the language's own figures."""
        return self._formats.figures(text) if self._formats else text


def user_language(settings: Mapping[str, Any], user: str | None = None) -> str | None:
    """The language of a user, else the one of the settings; None where nobody chose one."""
    own = ((settings.get("users") or {}).get(user) or {}).get("language")
    return own or settings.get("language")


@cache
def words_of(language: str | None) -> Words:
    """The words for a language tag, as es or es-MX; the English ones for a language without a file."""
    base = (language or _ENGLISH).partition("-")[0].lower()
    known = base if base in languages() else _ENGLISH
    return Words(known, language if base == known else None, _read(_ENGLISH) | _read(known))


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a file."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


@cache
def _read(language: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def unit_of(language: str, uom: str, quantity: Decimal) -> str:
    """A unit of measure beside its quantity, `6 units`; a word without forms here stays as it is."""
    forms = (
        _read(language if language in languages() else _ENGLISH).get("units", {}).get(uom.strip().casefold())
    )
    return str(forms[quantity != 1]) if forms else uom


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
        self._minus = locale.number_symbols.get(self._system, {}).get("minusSign", "-")
        self._own_figures = {ord("0") + digit: ord(zero) + digit for digit in range(10)}

    def day(self, day: date, length: Literal["medium", "long", "full"] = "long") -> str:
        """A day with its month as a word, which nobody mistakes for another day."""
        from babel.dates import format_date

        return self.figures(format_date(day, length, locale=self._locale))

    def part(self, skeleton: str, day: date) -> str:
        """Some parts of a day, named as Unicode does: `yMMM`, its month and year."""
        from babel.dates import format_skeleton

        return self.figures(format_skeleton(skeleton, day, locale=self._locale))

    def period(self, name: str) -> str:
        if match := re.fullmatch(r"([0-9]{4})-(?:Q([1-4])|([0-9]{2}))", name):
            year, quarter, month = match.groups()
            day = date(int(year), int(month or int(quarter) * 3), 1)
            return self.part("yMMM" if month else "yQQQ", day)
        return name

    def figures(self, text: str) -> str:
        return text.translate(self._own_figures)

    def plural(self, number: int) -> str:
        """The form of a noun beside a number, as Unicode calls it: one, few, many, other."""
        return str(self._locale.plural_form(number))

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
        return self.figures(written.replace("-", self._minus, 1) if value < 0 else written)


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
