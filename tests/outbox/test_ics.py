"""Calendars: what any calendar program reads back, and nothing that a text adds by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.outbox.calendar import CalendarEntry, calendar_text
from tests.later import Later

icalendar = Later("icalendar")

MADRID = ZoneInfo("Europe/Madrid")
CHANGED = datetime(2026, 11, 20, 8, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


def entry(start: date | datetime = date(2026, 11, 21), **fields: Any) -> CalendarEntry:
    return CalendarEntry(
        "OPP-2Q8XA-4F2QX@pipecli", False, start, 45, "Demo", "", "meeting", False, CHANGED
    )._replace(**fields)


def read(*entries: CalendarEntry, zone: ZoneInfo = MADRID) -> Any:
    return icalendar.Calendar.from_ical(calendar_text("Contoso", entries, zone))


@given(texts)
def test_lines_are_short_and_text_comes_back(summary: str) -> None:
    text = calendar_text(summary, [entry(summary=f"x{summary}", description=summary)], MADRID)

    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert not [char for char in text if char < " " and char not in "\r\n\t"]
    (event,) = icalendar.Calendar.from_ical(text).events
    kept = summary.replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(
        " " if not (char.isprintable() or ord(char) > 0x2029 or char in "\n\t\xad") else char for char in kept
    )
    assert [char for char in str(event["SUMMARY"])[1:] if char.isalnum()] == [
        char for char in shown if char.isalnum()
    ]


def test_no_text_can_add_a_property() -> None:
    text = calendar_text(
        "c\r\nX-EVIL:1", [entry(summary="a\r\nATTACH:file:///etc/passwd", category="a\nb")], MADRID
    )

    assert "\r\nATTACH" not in text
    assert "\r\nX-EVIL" not in text
    assert "SUMMARY:a\\nATTACH:file:///etc/passwd" in text


def test_a_time_is_that_of_the_timezone_with_its_duration() -> None:
    text = calendar_text("c", [entry(datetime(2026, 11, 30, 9, tzinfo=UTC))], MADRID)

    assert "DTSTART;TZID=Europe/Madrid:20261130T100000\r\nDURATION:PT45M\r\n" in text
    assert "TRIGGER:-PT15M" in text


def test_a_day_makes_an_event_of_the_whole_day_that_keeps_nobody_busy() -> None:
    text = calendar_text("c", [entry(date(2026, 11, 30))], MADRID)

    assert "DTSTART;VALUE=DATE:20261130\r\n" in text
    assert "TRANSP:TRANSPARENT" in text
    assert "TRIGGER:PT9H" in text
    assert "DURATION" not in text


def test_the_timezone_says_when_its_clocks_change() -> None:
    """RFC 5545, 3.6.5: the onset in the clock from which it changes: 02:00 in spring, 03:00 in autumn."""
    made = read(entry(datetime(2026, 1, 30, 9, tzinfo=UTC)), entry(datetime(2027, 12, 1, 9, tzinfo=UTC)))

    (zone,) = made.timezones
    rules = [
        (each.name, each["DTSTART"].dt, [day.dt for day in each["RDATE"].dts] if "RDATE" in each else [])
        for each in zone.subcomponents
    ]
    assert str(zone["TZID"]) == "Europe/Madrid"
    assert rules == [
        ("STANDARD", datetime(2026, 1, 1), []),
        ("DAYLIGHT", datetime(2026, 3, 29, 2), [datetime(2027, 3, 28, 2)]),
        ("STANDARD", datetime(2026, 10, 25, 3), [datetime(2027, 10, 31, 3)]),
    ]


@pytest.mark.parametrize(
    "name", ["UTC", "Asia/Tehran", "Africa/Casablanca", "Pacific/Apia", "Europe/Dublin", "Asia/Kathmandu"]
)
def test_the_rules_give_the_same_offset_as_the_timezone_on_every_day(name: str) -> None:
    zone = ZoneInfo(name)
    first, last = datetime(2026, 1, 2, 12, tzinfo=UTC), datetime(2028, 12, 30, 12, tzinfo=UTC)
    made = read(entry(first), entry(last), zone=zone)
    (rules,) = made.timezones if name != "UTC" else (None,)

    for days in range(0, 1092, 3):
        moment = first + timedelta(days=days)
        if rules is not None:
            assert offset(rules, moment) == moment.astimezone(zone).utcoffset()


def offset(rules: Any, moment: datetime) -> timedelta:
    """What a calendar program makes of a VTIMEZONE: the offset of the last onset before a moment."""
    onsets = [
        (day - each["TZOFFSETFROM"].td, each["TZOFFSETTO"].td)
        for each in rules.subcomponents
        for day in [each["DTSTART"].dt, *([one.dt for one in each["RDATE"].dts] if "RDATE" in each else [])]
    ]
    found: timedelta = max(each for each in onsets if each[0] <= moment.replace(tzinfo=None))[1]
    return found


def test_a_task_is_to_be_done_until_it_is_done() -> None:
    (open_,) = read(entry(is_task=True)).todos
    (done,) = read(entry(datetime(2026, 11, 20, 10, tzinfo=MADRID), is_task=True, is_done=True)).todos

    assert (open_["STATUS"], open_["DUE"].dt) == ("NEEDS-ACTION", date(2026, 11, 21))
    (alarm,) = open_.subcomponents
    assert (alarm["TRIGGER"].dt, alarm["TRIGGER"].params["RELATED"]) == (timedelta(hours=9), "END")
    assert (done["STATUS"], done["PERCENT-COMPLETE"]) == ("COMPLETED", 100)
    assert done["COMPLETED"].dt == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert done.subcomponents == []


def test_a_later_change_wins_over_an_earlier_one() -> None:
    (before,) = read(entry()).events
    (after,) = read(entry(changed=CHANGED + timedelta(seconds=1))).events

    assert before["DTSTAMP"].dt == before["LAST-MODIFIED"].dt == CHANGED
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_the_same_entries_give_the_same_bytes() -> None:
    entries = [entry(datetime(2026, 11, 30, 9, tzinfo=UTC)), entry(is_task=True)]

    assert calendar_text("c", entries, MADRID) == calendar_text("c", entries, MADRID)


def test_an_empty_calendar_is_one_all_the_same() -> None:
    made = read()

    assert [each.name for each in made.subcomponents] == ["VTIMEZONE"]


def test_years_at_the_edge_of_time_are_no_reason_to_fail() -> None:
    made = read(
        entry(datetime(1, 1, 3, tzinfo=UTC)), entry(datetime(9999, 12, 30, tzinfo=UTC), uid="b@pipecli")
    )

    assert len(made.events) == 2
