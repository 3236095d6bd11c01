"""Days and times as the files of other programs have them: ISO, or in the formats that the mapping says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo

from pipecli.inbox.amounts import Unreadable, plain_digits

YEARS_BACK, YEARS_AHEAD = 60, 20
"""A year of two digits is the one in this span around today; no other digits have a certain century."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_DIRECTIVES = set("dmyYHIMSpbBfzjaA%")


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
    """Whether a text says an hour, or the day alone."""
    return ":" in text


def fault_of(form: str) -> str | None:
    """What is wrong with a date format; None for a good one."""
    directives = re.findall(r"%(.?)", form)
    unknown = [f"%{each}" for each in directives if each not in _DIRECTIVES]
    if unknown:
        return f"{unknown[0]} is none of {' '.join(f'%{each}' for each in sorted(_DIRECTIVES - {'%'}))}"
    if not {"y", "Y"} & set(directives):
        return f'"{form}" has no year; write a format as %d.%m.%Y'
    twice = [f"%{each}" for each in directives if directives.count(each) > 1 and each != "%"]
    return f"{twice[0]} stands twice" if twice else None


def _moment(text: str, formats: Sequence[str], today: date) -> datetime:
    plain = plain_digits(text)
    for form in formats:
        try:
            read = datetime.strptime(plain, form)
        except ValueError:
            continue
        return _in_its_century(read, text, today) if "%y" in form else read
    if _ISO.fullmatch(plain):
        try:
            return datetime.fromisoformat(plain)
        except ValueError:
            raise Unreadable(f'"{text}" is no day of the calendar') from None
    wanted = " or ".join(formats) or "2026-11-21; another form is said in the mapping, as date: '%d/%m/%Y'"
    raise Unreadable(f'"{text}" is no date of the form {wanted}')


def _in_its_century(read: datetime, text: str, today: date) -> datetime:
    for century in (today.year // 100 + step for step in (0, -1, 1)):
        year = century * 100 + read.year % 100
        if today.year - YEARS_BACK <= year <= today.year + YEARS_AHEAD:
            try:
                return read.replace(year=year)
            except ValueError:
                raise Unreadable(f'"{text}" is no day of the calendar') from None
    raise Unreadable(f'"{text}" has a year of no certain century; write it with four digits')
