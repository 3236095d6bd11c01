"""Business minutes are those that somebody would count who looks at the clock on the wall every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.reports.activity_and_first_response import BusinessHours, WorkingTime, business_hours_of

MADRID = ZoneInfo("Europe/Madrid")
OFFICE = BusinessHours(frozenset(range(5)), 9 * 60, 17 * 60 + 30, frozenset({date(2026, 12, 25)}))
ALWAYS = BusinessHours(frozenset(range(7)), 0, 24 * 60, frozenset())

# A clock that changes by half an hour, at midnight, by a day; none that changes; a quarter of an hour off.
ZONES = (
    "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia",
    "America/Havana", "Asia/Kathmandu", "UTC",
)  # fmt: skip
CHANGES = {
    "Europe/Madrid": "2026-03-28 2026-10-24",
    "America/New_York": "2026-03-07 2026-10-31",
    "Australia/Lord_Howe": "2026-04-04 2026-10-03",
    "America/Sao_Paulo": "2018-02-17 2018-11-03",
    "Pacific/Apia": "2011-12-28",
    "America/Havana": "2026-03-07 2026-10-31",
}


def counted(hours: BusinessHours, zone: ZoneInfo, start: datetime, end: datetime) -> int:
    """The oracle: look at the clock every minute."""
    found = 0
    while start < end:
        wall = start.astimezone(zone)
        is_open = hours.opens <= wall.hour * 60 + wall.minute < hours.closes
        found += is_open and wall.weekday() in hours.days and wall.date() not in hours.holidays
        start += timedelta(minutes=1)
    return found


@st.composite
def _hours(draw: st.DrawFn) -> BusinessHours:
    opens = draw(st.sampled_from([0, 60, 2 * 60 + 15, 9 * 60, 23 * 60]))
    closes = draw(st.sampled_from([24 * 60, 17 * 60 + 30, 3 * 60, opens + 1]).filter(lambda to: to > opens))
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return BusinessHours(days, opens, closes, frozenset({date(2026, 3, 29), date(2026, 12, 25)}))


@given(_hours(), st.sampled_from(ZONES), st.integers(0, 3 * 1440), st.integers(0, 3 * 1440), st.data())
def test_they_are_what_a_look_every_minute_counts(hours, name, begin, length, data):
    near = data.draw(st.sampled_from(CHANGES.get(name, "2026-12-31").split()))
    start = datetime.fromisoformat(near).replace(tzinfo=UTC) + timedelta(minutes=begin)
    end = start + timedelta(minutes=length)

    assert WorkingTime(hours, ZoneInfo(name)).minutes(start, end) == counted(
        hours, ZoneInfo(name), start, end
    )


@given(_hours(), st.sampled_from(ZONES), st.lists(st.integers(0, 40 * 365 * 1440), min_size=3, max_size=3))
def test_a_time_is_the_sum_of_its_parts(hours, name, minutes):
    time = WorkingTime(hours, ZoneInfo(name))
    first, middle, last = (datetime(1995, 1, 1, tzinfo=UTC) + timedelta(minutes=m) for m in sorted(minutes))

    assert time.minutes(first, middle) + time.minutes(middle, last) == time.minutes(first, last)
    assert time.minutes(last, first) == 0


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-20T17:00", "2026-11-23T09:10", 40),  # over a weekend
        ("2026-11-20T10:00", "2026-11-20T10:07", 7),
        ("2026-11-20T20:00", "2026-11-20T23:00", 0),
        ("2026-12-24T17:00", "2026-12-28T10:00", 90),  # over Christmas, and a weekend
        ("2026-12-31T17:00", "2027-01-01T09:30", 60),  # over the new year
        ("2026-11-16T00:00", "2026-11-22T00:00", 5 * 510),  # a week
    ],
)
def test_of_an_office(start, end, minutes):
    times = [datetime.fromisoformat(each).replace(tzinfo=MADRID) for each in (start, end)]

    assert WorkingTime(OFFICE, MADRID).minutes(*times) == minutes


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-29", 23 * 60), ("2026-10-25", 25 * 60)])
def test_a_day_whose_clock_changes_is_as_long_as_it_was(day, minutes):
    start = datetime.fromisoformat(day).replace(tzinfo=MADRID)
    end = start + timedelta(days=1)  # of one zone: midnight to midnight

    assert WorkingTime(ALWAYS, MADRID).minutes(start, end) == minutes


def test_the_offset_of_a_moment_does_not_matter():
    start, end = (datetime.fromisoformat(f"2026-11-20T{each}") for each in ("08:30Z", "12:30+02:00"))

    assert WorkingTime(OFFICE, MADRID).minutes(start, end) == 120


def test_a_slip_in_a_year_costs_no_million_days():
    first, last = (
        datetime.fromisoformat(each) for each in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-11:00")
    )

    assert (
        299 * 365 * 1440
        < WorkingTime(ALWAYS, ZoneInfo("Pacific/Apia")).minutes(first, last)
        < 301 * 366 * 1440
    )


def test_settings_say_them_or_not():
    written = {"days": ["mon", "sun"], "from": "09:05", "to": "24:00", "holidays": ["2026-12-25"]}

    assert business_hours_of({}) is None
    assert business_hours_of({"business_hours": written}) == BusinessHours(
        frozenset({0, 6}), 545, 1440, frozenset({date(2026, 12, 25)})
    )
