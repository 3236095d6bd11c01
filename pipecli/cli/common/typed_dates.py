"""Dates as people type them at a prompt: a day, a period, a moment. Pure: the caller says what today is."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import PipecliError
from pipecli.harmless_text import visible
from pipecli.records.days import PERIOD_OF, PERIODS, days_in_month, months_around
from pipecli.wording import shortened

if TYPE_CHECKING:
    from pipecli.history.commit_as_of import Moment

DAY_FORMS = "2026-11-21, tomorrow, +3d, +2w, friday, next week or 15 dec"
PERIOD_FORMS = "2026, 2026-Q4, 2026-11, 2026-W47, this month, next quarter, friday or +7d"
MOMENT_FORMS = "2026-11-30T10:00, 10:00, friday 10:00, tomorrow 9am or 2026-11-30T10:00+02:00"


class Period(NamedTuple):
    """From `first` to `last`, both inside. `name` is the written form: `2026-Q4` for `this quarter`."""

    first: date
    last: date
    name: str


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# Texts that `re` compiles at their first use: a command needs one of them or none. ASCII digits only: `\d`
# and int() would take those of every script, and no file holds them in a date.
_ISO_DAY = r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]"
_OFFSET = r"([+-]?[0-9]{1,9}) ?(bd|[dwmy])"
_IN_WORDS = (
    r"(?:in )?([0-9]{1,9}|an?) ?(business |working )?(day|week|wk|month|mo|year|yr)s?(?: from now| (ago))?"
)
_WEEKDAY = rf"(next |last |this )?({'|'.join(_WEEKDAYS)}|{'|'.join(day[:3] for day in _WEEKDAYS)})"
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december")  # fmt: skip
_MONTH_NAME = rf"({'|'.join(_MONTHS)}|{'|'.join(month[:3] for month in _MONTHS)}|sept)\.?"
_DAY_OF_MONTH = rf"([0-9]{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?{_MONTH_NAME}(?: ([0-9]{{4}}))?"
_MONTH_AND_DAY = rf"{_MONTH_NAME} ([0-9]{{1,2}})(?:st|nd|rd|th)?(?: ([0-9]{{4}}))?"
_ORDINAL = r"([0-9]{1,2})(?:st|nd|rd|th)"
_DOTTED = r"([0-9]{1,2})\. ?([0-9]{1,2})(?:\.? ?([0-9]{4})|\. ?([0-9]{2})|\.)?"
_SLASHED = r"([0-9]{1,2})([/-])([0-9]{1,2})(?:\2([0-9]{4}))?"
_YEAR_FIRST = r"([0-9]{4})([/.])([0-9]{1,2})\2([0-9]{1,2})"
_EDGE = r"(start|end) of ((?:(?:this|next|last) )?(?:week|month|quarter|year))"
_EDGE_OF_MONTH = rf"(start|end) of {_MONTH_NAME}(?: ([0-9]{{4}}))?"
_PERIOD = r"([0-9]{4})(?:-(?:q([1-4])|w([0-9][0-9])|([0-9][0-9])))?"
_NEAR_PERIOD = r"(this|next|last) (week|month|quarter|year)"
_CLOCK = r"([0-9][0-9]?)(?::([0-9][0-9])(?::([0-9][0-9])(?:\.[0-9]+)?)?)? ?(am|pm)?"
_MOMENT = rf"(?:(.+?)(?:t| at | ))?(?:at )?{_CLOCK} ?(z|[+-][0-9][0-9]:?[0-9][0-9])?"
_IN_HOURS = r"(?:\+|in |(?![0-9]+ ?h$))([0-9]{1,5}|an?) ?(h|hours?|min|minutes?)( ago)?"
_OTHER_WORDS = {
    "yesterday": "-1d", "today": "0d", "eod": "0d", "tomorrow": "1d", "day after tomorrow": "2d",
    "a fortnight": "2 weeks", "half an hour": "30 min", "noon": "12:00", "beginning": "start",
    "eow": "end of week", "eom": "end of month", "eoy": "end of year", "on": "", "the": "",
    "tues": "tue", "weds": "wed", "thur": "thu", "thurs": "thu",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "ten": "10",
}  # fmt: skip
_OTHER_CLOCKS = (
    (r"([0-9]{1,2})h([0-9]{2})$", r"\1:\2"),  # 14h30
    (r"(?<=[a-z] )([0-9]{1,2})\.([0-9]{2})$", r"\1:\2"),  # fri 9.10; alone it is a day of October
    (r"(?<=[a-z] )(?<!in )([0-9]{1,2})h$", r"\1:00"),  # fri 14h
    (r"\bat ([89]|1[0-9]|2[0-3])$", r"at \1:00"),  # at 9; at 3 may be in the afternoon
    (r"^at (?=[0-9]{1,2}[: ap])", ""),
    (r"^([0-9]{1,2}(?::[0-9]{2}(?: ?[ap]m)?| ?[ap]m)) (?![ap]m|z)([a-z0-9].*)", r"\2 \1"),  # 9am fri
)
_STEPS = {"this": 0, "next": 1, "last": -1}


def parse_day(text: str, today: date, *, past: bool = False) -> date:
    """A day: `2026-11-21`, `today`, `3d`, `-2w`, `+5bd`, `in 3 days`, `friday`, `next week`, `15 dec`.

    A weekday is the next one and never today, with or without `next`; `next week` is its Monday. A month has
    no 31st to go to in February: `+1m` then gives its last day. Business days are Monday to Friday. A day
    without its year is the next one, today included; of what is `past`, the last one. A period (`2026-Q4`)
    is refused: it isn't a day; so is `5/12`, which may be two.
    """
    day = _day(_plain(text), today, past=past)
    if day is not None:
        return day
    _refuse_two_days(_plain(text), today, past=past)
    _refuse_two_hours(text)
    if _period(_plain(text), today) is not None:
        fault = "is a period where a day is needed"
    else:
        fault = "has a time of day where a day is needed" if has_clock(text) else "isn't a date"
    raise PipecliError(f"{_quoted(text)} {fault}", hint=f"write {DAY_FORMS}")


def parse_period(text: str, today: date, *, past: bool = False) -> Period:
    """A period: `2026`, `2026-Q4`, `2026-11`, `2026-W47`, `this month`, `next quarter`, or a single day."""
    plain = _plain(text)
    period = _period(plain, today)
    if period is not None:
        return period
    day = _day(plain, today, past=past)
    if day is not None:
        return Period(day, day, day.isoformat())
    raise PipecliError(f"{_quoted(text)} isn't a period or a day", hint=f"write {PERIOD_FORMS}")


def has_clock(text: str) -> bool:
    """True for a text that ends with a time of day: `10:00`, `tomorrow 9am`."""
    plain = _plain(text)
    match = re.fullmatch(_MOMENT, plain)
    return bool(match and (match[3] or match[5])) or re.fullmatch(_IN_HOURS, plain) is not None


def parse_moment(
    text: str, today: date, zone: tzinfo, *, past: bool = False, now: datetime | None = None
) -> datetime:
    """A day and a time of it; a time alone is today's. `in 2 hours` is understood where `now` is given.

    An offset that was written is kept; else the one `zone` has then is added.

    A day without a time is refused: whether it means midnight or the whole day is the caller's question.
    """
    plain = _plain(text)
    if now is not None and (match := re.fullmatch(_IN_HOURS, plain)):
        minutes = (1 if match[1].startswith("a") else int(match[1])) * (60 if match[2].startswith("h") else 1)
        away = timedelta(minutes=-minutes if match[3] else minutes)
        then = now.astimezone(UTC).replace(second=0, microsecond=0) + away
        return _at_its_offset(then.astimezone(zone))
    match = re.fullmatch(_MOMENT, plain)
    moment = _moment(match, today, zone, past=past) if match else None
    if moment is not None:
        if moment.utcoffset() != moment.replace(fold=1).utcoffset():
            raise _AsClocksChange(text, moment)
        return _at_its_offset(moment)
    _refuse_two_hours(text)
    fault = "has no time of day" if _day(plain, today) and not has_clock(text) else "isn't a date and time"
    raise PipecliError(f"{_quoted(text)} {fault}", hint=f"write {MOMENT_FORMS}")


def _plain(text: str) -> str:
    """A text in small letters, with the words and the clock of the forms that are read."""
    words = " ".join(text.lower().replace(",", " ").split())
    known = "|".join(sorted(_OTHER_WORDS, key=len, reverse=True))
    plain = " ".join(re.sub(rf"\b(?:{known})\b", lambda word: _OTHER_WORDS[word[0]], words).split())
    for pattern, clock in _OTHER_CLOCKS:
        plain = re.sub(pattern, clock, plain)
    return plain


def _quoted(text: str) -> str:
    return f'"{shortened(visible(text.strip()), 40)}"'


def _day(plain: str, today: date, *, past: bool = False) -> date | None:
    try:
        if re.fullmatch(_ISO_DAY, plain):
            return date.fromisoformat(plain)
        if match := re.fullmatch(_OFFSET, plain):
            return _moved(today, int(match[1]), match[2])
        if match := re.fullmatch(_IN_WORDS, plain):
            number = 1 if match[1].startswith("a") else int(match[1])
            unit = "bd" if match[2] and match[3] == "day" else match[3][0]
            return _moved(today, -number if match[4] else number, unit)
        next_monday = today + timedelta(days=7 - today.weekday())
        if plain == "next week":
            return next_monday
        if match := re.fullmatch(_WEEKDAY, plain.replace("next week", "").strip()):
            number = [name[:3] for name in _WEEKDAYS].index(match[2][:3])
            in_week = next_monday + timedelta(days=number)
            return in_week if "next week" in plain else _weekday(today, number, match[1])
        if match := re.fullmatch(_EDGE_OF_MONTH, plain):
            return _edge_of_month(match, today, past=past)
        if match := re.fullmatch(_EDGE, plain):
            words = match[2] if " " in match[2] else f"this {match[2]}"
            period = _period(words, today)
            return period and (period.first if match[1] == "start" else period.last)
        return _of_the_calendar(plain, today, past=past)
    except (ValueError, OverflowError):  # 2026-02-30; +99999999y
        return None
    return None


def _of_the_calendar(plain: str, today: date, *, past: bool) -> date | None:
    """`15 dec`, `dec 15, 2026`, `15.12.`, `15th`; with slashes only where one reading is a day at all."""
    if match := re.fullmatch(_DAY_OF_MONTH, plain):
        return _dated(match[3], _month(match[2]), match[1], today, past=past)
    if match := re.fullmatch(_MONTH_AND_DAY, plain):
        return _dated(match[3], _month(match[1]), match[2], today, past=past)
    if match := re.fullmatch(_ORDINAL, plain):
        return _dated(None, None, match[1], today, past=past)
    if match := re.fullmatch(_YEAR_FIRST, plain):
        return date(int(match[1]), int(match[3]), int(match[4]))
    if match := re.fullmatch(_DOTTED, plain):
        year = f"20{match[4]}" if match[4] else match[3]
        return _dated(year, int(match[2]), match[1], today, past=past)
    readings = _slashed(plain, today, past=past)
    return readings[0] if len(readings) == 1 else None


def _slashed(plain: str, today: date, *, past: bool) -> list[date]:
    """The days that `15/12` may be, day first or month first."""
    match = re.fullmatch(_SLASHED, plain)
    if match is None:
        return []
    readings: dict[date, None] = {}
    for day, month in ((match[1], match[3]), (match[3], match[1])):
        with suppress(ValueError):
            readings[_dated(match[4], int(month), day, today, past=past)] = None
    return list(readings)


def _refuse_two_days(plain: str, today: date, *, past: bool) -> None:
    readings = _slashed(plain, today, past=past)
    if len(readings) == 2:
        raise PipecliError(
            f"{_quoted(plain)} is {readings[0]} or {readings[1]}", hint=f"write one of them, or {DAY_FORMS}"
        )


def _refuse_two_hours(text: str) -> None:
    if match := re.search(r"\bat ([1-7])$|^([0-9]{1,5}) ?h$", _plain(text)):
        hour, hours = match.groups()
        readings = f"{hour}am or {hour}pm" if hour else f'"{hours}:00" or "in {hours} hours"'
        raise PipecliError(f"{_quoted(text)} is {readings}", hint="write one of them")


def _month(name: str) -> int:
    return [month[:3] for month in _MONTHS].index(name[:3]) + 1


def _dated(year: str | None, month: int | None, day: str, today: date, *, past: bool) -> date:
    """A day of a year; else the nearest one from today on, or of the past, of any month or year.

    Raises ValueError.
    """
    if year is not None and month is not None:
        return date(int(year), month, int(day))
    start = date(today.year, month or today.month, 1)
    first = start.year * 12 + start.month - 1
    for step in range(0, 97, 12 if month else 1):  # from one 29th of February to the next may be eight years
        with suppress(ValueError):
            near_year, near_month = divmod(first - step if past else first + step, 12)
            near = date(near_year, near_month + 1, int(day))
            if near <= today if past else near >= today:
                return near
    raise ValueError(f"{day} of month {month}")


def _edge_of_month(match: re.Match[str], today: date, *, past: bool) -> date:
    """The first or the last day of a month that is named."""
    edge, name, year = match.groups()
    month, a_day = _month(name), timedelta(days=1)
    if edge == "start":
        return _dated(year, month, "1", today, past=past)
    following = str(int(year) + month // 12) if year else None
    return _dated(following, month % 12 + 1, "1", today + a_day, past=past) - a_day


def _moved(day: date, count: int, unit: str) -> date:
    if unit == "bd":
        return _moved_business_days(day, count)
    if unit in "dw":
        return day + timedelta(days=count * (7 if unit == "w" else 1))
    year, month = divmod(day.year * 12 + day.month - 1 + count * (12 if unit == "y" else 1), 12)
    return date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def _moved_business_days(day: date, count: int) -> date:
    """Monday to Friday alone count; whole weeks at once, since a person may type a million."""
    weeks, rest = divmod(abs(count), 5)
    step = 1 if count >= 0 else -1
    if day.weekday() > 4 and count:  # a weekend counts from the Friday before it, or back from its Monday
        day += timedelta(days=4 - day.weekday() if step > 0 else 7 - day.weekday())
    day += timedelta(weeks=weeks * step)
    for _ in range(rest):
        day += timedelta(days=step)
        while day.weekday() > 4:
            day += timedelta(days=step)
    return day


def _weekday(today: date, number: int, which: str | None) -> date:
    if which == "last ":
        return today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)
    if which == "this ":
        return today + timedelta(days=(number - today.weekday()) % 7)
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _period(plain: str, today: date) -> Period | None:
    try:
        if match := re.fullmatch(_PERIOD, plain):
            year, quarter, week, month = match.groups()
            if quarter:
                return _months(int(year), int(quarter) * 3, 3, f"{year}-Q{quarter}")
            if week:
                return _week(int(year), int(week))
            if month:
                return _months(int(year), int(month), 1, plain)
            return _months(int(year), 1, 12, year)
        if match := re.fullmatch(_NEAR_PERIOD, plain):
            return _near_period(today, match[2], _STEPS[match[1]])
    except (ValueError, OverflowError):  # 2026-13, 2025-W53, 0000
        return None
    return None


def _near_period(today: date, kind: str, step: int) -> Period:
    if kind == "week":
        year, week, _ = (today + timedelta(weeks=step)).isocalendar()
        return _week(year, week)
    count = {"month": 1, "quarter": 3, "year": 12}[kind]
    year, month = divmod(today.year * 12 + today.month - 1 + count * step, 12)
    day = date(year, month + 1, 1)
    return Period(*months_around(day, count), PERIOD_OF[kind](day) if kind in PERIODS else f"{year:04}")


def _months(year: int, month: int, count: int, name: str) -> Period:
    return Period(*months_around(date(year, month, 1), count), name)


def _week(year: int, week: int) -> Period:
    first = date.fromisocalendar(year, week, 1)
    return Period(first, first + timedelta(days=6), f"{year:04}-W{week:02}")


def _moment(match: re.Match[str], today: date, zone: tzinfo, *, past: bool) -> datetime | None:
    day_text, hour, minute, second, half, offset = match.groups()
    day = _day(day_text, today, past=past) if day_text else today
    if day is None or not (minute or half):
        return None
    try:
        moment = datetime.combine(
            day, time(_hour(int(hour), half), int(minute or 0), int(second or 0)), _offset(offset) or zone
        )
        moment.astimezone(UTC)  # 0001-01-01T00:00+14:00 has no time in UTC: nothing could compare with it
    except (ValueError, OverflowError):
        return None
    return moment


class _AsClocksChange(PipecliError):
    """A time that a day doesn't have, or has twice, as its clocks go forward or back."""

    def __init__(self, text: str, moment: datetime) -> None:
        early, late = (_at_its_offset(moment.replace(fold=fold)) for fold in (0, 1))
        if early > late:  # each counted with the offset of the other side
            there = _at_its_offset(early.astimezone(moment.tzinfo))
            fault = f"{_quoted(text)} doesn't exist, as the clocks go forward then"
            super().__init__(fault, hint=f"write {there.isoformat()}, or another time")
        else:
            both = f"is {early.isoformat()} or {late.isoformat()}, as the clocks go back"
            super().__init__(f"{_quoted(text)} {both}", hint="write one of them")


def _at_its_offset(moment: datetime) -> datetime:
    """With the offset itself, not the zone: Python's arithmetic inside one zone forgets daylight saving."""
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()))


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day; `half` is am, pm or nothing. Raises ValueError."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half == "pm" else 0)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if int(text[-2:]) > 59:
        raise ValueError(text)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def parse_as_of(text: str, today: date, zone: tzinfo) -> Moment:
    """A date, a period's last day, a time; anything else can only be a revision of git."""
    from pipecli.history.commit_as_of import Revision

    with suppress(PipecliError):
        return parse_period(text, today, past=True).last
    try:
        return parse_moment(text, today, zone, past=True)
    except _AsClocksChange:
        raise
    except PipecliError:
        return Revision(text)
