"""Dates as people type them. Today is Wednesday, 21 October 2026, in every story."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.cli.common.typed_dates import Period, parse_as_of, parse_day, parse_moment, parse_period
from pipecli.errors import PipecliError

TODAY = date(2026, 10, 21)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-11-21", "2026-11-21"),
        ("today", "2026-10-21"),
        ("tomorrow", "2026-10-22"),
        ("yesterday", "2026-10-20"),
        ("+3d", "2026-10-24"),
        ("-3d", "2026-10-18"),
        ("+2w", "2026-11-04"),
        ("+1m", "2026-11-21"),
        ("-10m", "2025-12-21"),
        ("+1y", "2027-10-21"),
        ("thursday", "2026-10-22"),
        ("wednesday", "2026-10-28"),
        ("tuesday", "2026-10-27"),
        ("fri", "2026-10-23"),
        ("next monday", "2026-10-26"),
        ("last wednesday", "2026-10-14"),
        ("last tuesday", "2026-10-20"),
        ("end of month", "2026-10-31"),
        ("end of this quarter", "2026-12-31"),
        ("end of next month", "2026-11-30"),
        ("start of next week", "2026-10-26"),
        ("end of year", "2026-12-31"),
        ("  Next   MONDAY ", "2026-10-26"),
        ("3d", "2026-10-24"),
        ("in 3 days", "2026-10-24"),
        ("3 days", "2026-10-24"),
        ("in a week", "2026-10-28"),
        ("2 days ago", "2026-10-19"),
        ("next week", "2026-10-26"),
        ("+5bd", "2026-10-28"),
        ("3bd", "2026-10-26"),
        ("-3bd", "2026-10-16"),
        ("in 2 business days", "2026-10-23"),
        ("15 dec", "2026-12-15"),
        ("Dec 15", "2026-12-15"),
        ("3rd january", "2027-01-03"),
        ("15 sept.", "2027-09-15"),
        ("21 oct", "2026-10-21"),
        ("15.12.", "2026-12-15"),
        ("15.12", "2026-12-15"),
        ("15.12.2027", "2027-12-15"),
        ("29 feb", "2028-02-29"),
        ("21/11/2026", "2026-11-21"),
        ("15/12", "2026-12-15"),
        ("15-12-2026", "2026-12-15"),
        ("2026/12/15", "2026-12-15"),
        ("15.12.26", "2026-12-15"),
        ("15th of December", "2026-12-15"),
        ("on the 15th", "2026-11-15"),
        ("31st", "2026-10-31"),
        ("this wednesday", "2026-10-21"),
        ("on thurs", "2026-10-22"),
        ("friday next week", "2026-10-30"),
        ("next week tues", "2026-10-27"),
        ("the day after tomorrow", "2026-10-23"),
        ("in two weeks", "2026-11-04"),
        ("a fortnight", "2026-11-04"),
        ("3 days from now", "2026-10-24"),
        ("2 wks", "2026-11-04"),
        ("eow", "2026-10-25"),
        ("EOM", "2026-10-31"),
        ("end of the month", "2026-10-31"),
        ("beginning of next month", "2026-11-01"),
        ("end of october", "2026-10-31"),
        ("end of sep", "2027-09-30"),
        ("start of january 2028", "2028-01-01"),
    ],
)
def test_a_day_is_understood(typed: str, day: str) -> None:
    assert parse_day(typed, TODAY) == date.fromisoformat(day)


def test_a_day_of_the_past_without_a_year_is_the_last_one() -> None:
    assert parse_day("15 dec", TODAY, past=True) == date(2025, 12, 15)
    assert parse_day("20.10.", TODAY, past=True) == date(2026, 10, 20)
    assert parse_day("21 oct", TODAY, past=True) == TODAY
    assert parse_day("the 30th", TODAY, past=True) == date(2026, 9, 30)
    assert parse_day("end of november", TODAY, past=True) == date(2025, 11, 30)


def test_a_day_that_may_be_two_is_refused_with_both() -> None:
    with pytest.raises(PipecliError, match='"5/12" is 2026-12-05 or 2027-05-12; write one of them'):
        parse_day("5/12", TODAY)
    assert parse_day("12/12", TODAY) == date(2026, 12, 12)


def test_business_days_leave_the_weekends_out() -> None:
    friday, saturday = date(2026, 10, 23), date(2026, 10, 24)
    assert parse_day("+1bd", friday) == parse_day("+1bd", saturday) == date(2026, 10, 26)
    assert parse_day("-1bd", date(2026, 10, 26)) == parse_day("-1bd", saturday) == friday
    assert parse_day("+10bd", friday) == date(2026, 11, 6)


def test_a_month_later_ends_with_the_month() -> None:
    assert parse_day("+1m", date(2027, 1, 31)) == date(2027, 2, 28)
    assert parse_day("+1y", date(2028, 2, 29)) == date(2029, 2, 28)
    assert parse_day("+11m", date(2026, 1, 31)) == date(2026, 12, 31)


NO_DATES = """
2026-13-01 | 2026-02-30 | 20261121 | 2026-W47-1 | 2026-1-2 | 31.2. | 32 dec | 13/13 | +3 | + 3d
+99999999y | -99999999d | +9999999999999w | someday | next | next 2026 | -- | ۲۰۲۶-۱۱-۲۱
"""


@pytest.mark.parametrize(
    "typed", ["", *[each.strip() for each in NO_DATES.replace("\n", "|").split("|") if each.strip()]]
)
def test_what_is_no_date_is_refused_with_the_forms_that_are(typed: str) -> None:
    with pytest.raises(PipecliError) as refusal:
        parse_day(typed, TODAY)
    forms = "write 2026-11-21, tomorrow, +3d, +2w, friday, next week or 15 dec"
    assert str(refusal.value) == f'"{typed}" isn\'t a date; {forms}'


def test_a_day_has_no_time() -> None:
    for typed in ("2026-11-21T10:00", "fri 14h", "+1h"):
        with pytest.raises(PipecliError, match=r'" has a time of day where a day is needed; write 2026'):
            parse_day(typed, TODAY)


@pytest.mark.parametrize("typed", ["2026-Q4", "2026", "2026-11", "2026-W47", "next month"])
def test_a_period_is_no_day(typed: str) -> None:
    with pytest.raises(PipecliError, match="is a period where a day is needed; write 2026-11-21"):
        parse_day(typed, TODAY)


def test_a_refusal_shows_no_control_characters_and_no_novel() -> None:
    with pytest.raises(PipecliError) as refusal:
        parse_day("\x1b[31m" + "x" * 500, TODAY)
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 130


@pytest.mark.parametrize(
    ("typed", "first", "last", "name"),
    [
        ("2026", "2026-01-01", "2026-12-31", "2026"),
        ("2026-Q4", "2026-10-01", "2026-12-31", "2026-Q4"),
        ("2026-q1", "2026-01-01", "2026-03-31", "2026-Q1"),
        ("2028-02", "2028-02-01", "2028-02-29", "2028-02"),
        ("2026-W53", "2026-12-28", "2027-01-03", "2026-W53"),
        ("this week", "2026-10-19", "2026-10-25", "2026-W43"),
        ("this month", "2026-10-01", "2026-10-31", "2026-10"),
        ("next month", "2026-11-01", "2026-11-30", "2026-11"),
        ("this quarter", "2026-10-01", "2026-12-31", "2026-Q4"),
        ("Next Quarter", "2027-01-01", "2027-03-31", "2027-Q1"),
        ("last quarter", "2026-07-01", "2026-09-30", "2026-Q3"),
        ("last year", "2025-01-01", "2025-12-31", "2025"),
        ("tomorrow", "2026-10-22", "2026-10-22", "2026-10-22"),
    ],
)
def test_a_period_is_understood(typed: str, first: str, last: str, name: str) -> None:
    assert parse_period(typed, TODAY) == Period(date.fromisoformat(first), date.fromisoformat(last), name)


def test_from_and_to_take_the_edges_of_a_period() -> None:
    assert parse_period("2026-Q4", TODAY).first == date(2026, 10, 1)
    assert parse_period("2026-Q4", TODAY).last == date(2026, 12, 31)
    assert (
        parse_period("yesterday", TODAY).first == parse_period("yesterday", TODAY).last == date(2026, 10, 20)
    )


@pytest.mark.parametrize(
    "typed", ["2026-Q5", "2025-W53", "2026-00", "0000", "9999-W53", "Q4", "this decade", ""]
)
def test_what_is_no_period_is_refused(typed: str) -> None:
    with pytest.raises(PipecliError, match="isn't a period or a day; write 2026, 2026-Q4"):
        parse_period(typed, TODAY)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-11-30T10:00", "2026-11-30T10:00:00+01:00"),
        ("2026-07-30 10:00", "2026-07-30T10:00:00+02:00"),
        ("2026-11-30T10:00:30-05:00", "2026-11-30T10:00:30-05:00"),
        ("2026-11-30t10:00z", "2026-11-30T10:00:00+00:00"),
        ("2026-11-30 10:00 +0530", "2026-11-30T10:00:00+05:30"),
        ("friday 9:30", "2026-10-23T09:30:00+02:00"),
        ("+3d 15:30", "2026-10-24T15:30:00+02:00"),
        ("next monday 10:00", "2026-10-26T10:00:00+01:00"),
        ("Tomorrow 00:00", "2026-10-22T00:00:00+02:00"),
        ("10:00", "2026-10-21T10:00:00+02:00"),
        ("9am", "2026-10-21T09:00:00+02:00"),
        ("tomorrow 9am", "2026-10-22T09:00:00+02:00"),
        ("fri at 9:30 pm", "2026-10-23T21:30:00+02:00"),
        ("15 dec 12am", "2026-12-15T00:00:00+01:00"),
        ("in 3 days 10:00", "2026-10-24T10:00:00+02:00"),
        ("noon", "2026-10-21T12:00:00+02:00"),
        ("tomorrow at noon", "2026-10-22T12:00:00+02:00"),
        ("tomorrow at 9", "2026-10-22T09:00:00+02:00"),
        ("at 17:30", "2026-10-21T17:30:00+02:00"),
        ("fri 14h", "2026-10-23T14:00:00+02:00"),
        ("14h30", "2026-10-21T14:30:00+02:00"),
        ("fri 9.30", "2026-10-23T09:30:00+02:00"),
        ("friday, 10:00", "2026-10-23T10:00:00+02:00"),
        ("9am fri", "2026-10-23T09:00:00+02:00"),
        ("10:00 pm tomorrow", "2026-10-22T22:00:00+02:00"),
    ],
)
def test_a_moment_has_an_offset(typed: str, moment: str) -> None:
    assert parse_moment(typed, TODAY, MADRID).isoformat() == moment


def test_hours_across_the_end_of_summer_time_are_counted_as_they_pass() -> None:
    saturday = parse_moment("2026-10-24T12:00", TODAY, MADRID)
    sunday = parse_moment("2026-10-25T12:00", TODAY, MADRID)
    assert sunday - saturday == timedelta(hours=25)


@pytest.mark.parametrize(
    ("typed", "readings"),
    [("tomorrow at 3", "3am or 3pm"), ("14h", '"14:00" or "in 14 hours"')],
)
def test_a_time_that_may_be_two_is_refused_with_both(typed: str, readings: str) -> None:
    for read in (parse_day, partial(parse_moment, zone=MADRID)):
        with pytest.raises(PipecliError, match=f'"{typed}" is {readings}; write one of them'):
            read(typed, TODAY)


def test_a_time_that_a_day_lacks_or_has_twice_is_refused() -> None:
    both = "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00, as the clocks go back; write one of them"
    lacking = "doesn't exist, as the clocks go forward then; write 2026-03-29T03:30:00+02:00, or another time"
    for typed, told in {"25 oct 2026 2:30": f"is {both}", "2026-03-29T02:30": lacking}.items():
        for read in (parse_moment, parse_as_of):
            with pytest.raises(PipecliError, match=re.escape(f'"{typed}" {told}')):
                read(typed, TODAY, MADRID)
    assert parse_moment("2026-10-25T02:30+01:00", TODAY, MADRID).isoformat() == "2026-10-25T02:30:00+01:00"


def test_hours_from_now_go_on_through_the_end_of_summer_time() -> None:
    now = datetime(2026, 10, 25, 2, 30, 12, tzinfo=MADRID)
    for typed, moment in {
        "in an hour": "02:30:00+01:00",
        "+2h": "03:30:00+01:00",
        "half an hour": "02:00:00+01:00",
        "30 min ago": "02:00:00+02:00",
        "an hour ago": "01:30:00+02:00",
    }.items():
        assert parse_moment(typed, TODAY, MADRID, now=now).isoformat() == f"2026-10-25T{moment}"


@pytest.mark.parametrize("typed", ["friday", "2026-11-30", "+3d"])
def test_a_day_alone_is_no_moment(typed: str) -> None:
    with pytest.raises(PipecliError, match="has no time of day; write 2026-11-30T10:00"):
        parse_moment(typed, TODAY, UTC)


@pytest.mark.parametrize(
    "typed",
    ["2026-11-30T24:00", "2026-11-30T10:60", "15 dec 10", "13pm", "2026-Q4 10:00", "0001-01-01T00:00+14:00",
     "2026-11-30T10:00+25:00", "2026-11-30T10:00+01:99", "+99999999y 10:00", "2026-11-30T10", ""],
)  # fmt: skip
def test_what_is_no_moment_is_refused(typed: str) -> None:
    with pytest.raises(PipecliError, match="isn't a date and time; write"):
        parse_moment(typed, TODAY, UTC)


@given(day=st.dates(), today=st.dates())
def test_every_date_reads_back(day: date, today: date) -> None:
    assert parse_day(day.isoformat(), today) == day


@given(moment=st.datetimes(timezones=st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m)))))
def test_every_moment_reads_back_or_has_no_time_in_utc(moment: datetime) -> None:
    written = moment.replace(microsecond=0)
    if 2 < written.year < 9998:
        assert parse_moment(written.isoformat(), TODAY, UTC) == written


@given(
    text=st.one_of(st.text(), st.from_regex(r"[+-]?\d{1,12}[dwmy]?|\d{4}-[QW]?\d{1,2}|(next|last) \w+")),
    today=st.dates(),
)
def test_any_text_on_any_day_is_a_date_or_a_refusal(text: str, today: date) -> None:
    for read in (parse_day, parse_period):
        with suppress(PipecliError):
            read(text, today)
    with suppress(PipecliError):
        parse_moment(f"{text} 10:00", today, UTC)


@given(today=st.dates(date(2, 1, 1), date(9998, 1, 1)), name=st.sampled_from(["monday", "friday", "sunday"]))
def test_a_weekday_is_within_the_week_ahead_and_never_today(today: date, name: str) -> None:
    assert 1 <= (parse_day(name, today) - today).days <= 7
    assert 1 <= (today - parse_day(f"last {name}", today)).days <= 7
