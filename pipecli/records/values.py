"""The kinds of value a record's field may hold, each with the one rule of what is accepted.

Records are read by a YAML reader that gives text for dates and floats for decimals; these types turn them
into `date`, `datetime` and exact `Decimal`, and refuse what a person most likely did not mean (a number
where a text belongs, a date written `20261121`).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from pipecli.records.currencies import CURRENCIES

MOST_DIGITS = 15  # a double, which is what YAML readers give, holds any decimal of 15 digits exactly

_HUNDREDTH = Decimal("0.01")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)

_TIME_OF_DAY = "([01][0-9]|2[0-3]):[0-5][0-9]|24:00"


def _decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("a number is wanted here, without quotes, currency sign or separators")
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise ValueError("a finite number is wanted here")
    # The exponent first: 1e999999999 is more than arithmetic holds.
    if (exact and exact.adjusted() >= MOST_DIGITS) or len(exact.normalize().as_tuple().digits) > MOST_DIGITS:
        raise ValueError(f"at most {MOST_DIGITS} digits can be kept exactly")
    return exact if isinstance(value, (int, Decimal)) else _without_exponent(exact)


def _without_exponent(value: Decimal) -> Decimal:
    """1E+3 as 1000, 2.0 as 2: the same number in the digits a person writes."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if _exponent(short) > 0 else short


def _price(value: object) -> object:
    exact = _decimal(value)
    if isinstance(value, float) and isinstance(exact, Decimal) and _exponent(exact) > -2:
        return exact.quantize(_HUNDREDTH)  # a reader gives 2499.0 for 2499.00
    return exact


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _day(value: object) -> object:
    if type(value) is date:
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a date is wanted here, as 2026-11-21")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is no day of the calendar") from None


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs its offset, as 2026-11-21T10:00:00+01:00")
        return _in_every_zone(value)
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("a time with its offset is wanted here, as 2026-11-21T10:00:00+01:00")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is no time of the calendar") from None
    return _in_every_zone(moment)


def _in_every_zone(moment: datetime) -> datetime:
    """Refuse the years at whose ends another timezone would leave the calendar: no report could place it."""
    if not 1 < moment.year < 9999:
        raise ValueError(f"{moment.isoformat()} is no time of the calendar in every timezone")
    return moment


def _moment_or_day(value: object) -> object:
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return _day(value)
    return _moment(value)


def _time_of_day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(_TIME_OF_DAY, value):
        raise ValueError("a time of day is wanted here, as 09:00")
    return value


def _path_inside(path: str) -> str:
    if path.startswith(("/", "~")) or "\\" in path or re.match("[A-Za-z]:", path):
        raise ValueError(f"{path} is no path inside the pipeline; write it as literature/brochure.pdf")
    if ".." in path.split("/"):
        raise ValueError(f"{path} leads out of the pipeline")
    return path


def _web_address(address: str) -> str:
    if not re.match(r"https?://[^/\s]", address):
        raise ValueError(f"{address} is no web address; it begins with https:// or http://")
    return address


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code} is no currency of ISO 4217; write its code, as EUR")
    return code


CURRENCY = r"^[A-Z]{3}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
ONE_LINE = r"^[^\n\r]*$"
Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Line = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500, pattern=ONE_LINE)]
PathInside = Annotated[Line, AfterValidator(_path_inside)]
"""A file of the pipeline, from its root; whether it is there, and no link out, is for the store to say."""
WebAddress = Annotated[Line, AfterValidator(_web_address)]
TimeOfDay = Annotated[
    str, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": f"^({_TIME_OF_DAY})$"})
]
"""An hour of the clock, as 09:00; text, so that two of them compare."""
CurrencyCode = Annotated[
    str, StringConstraints(strict=True, pattern=CURRENCY), AfterValidator(_known_currency)
]
LanguageTag = Annotated[str, StringConstraints(strict=True, pattern=LANGUAGE)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0)]
Score = Annotated[int, Field(strict=True, ge=0, le=100)]

Amount = Annotated[Decimal, BeforeValidator(_price), Field(ge=0)]
"""Money, in the record's currency."""
Quantity = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0)]
Percent = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=100, decimal_places=6)]
"""Six decimals: a tax of 9.975, a third off as 33.333333."""
Rate = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0)]
"""Units of the base currency for one unit of another."""

Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
MomentOrDay = Annotated[datetime | date, BeforeValidator(_moment_or_day)]
