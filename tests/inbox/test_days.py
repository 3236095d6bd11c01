"""Days and times of other programs' files, in the format that a mapping says or in ISO."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from pipecli.errors import Unreadable
from pipecli.inbox.importing import day_formats

TODAY = date(2026, 11, 22)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("text", "form", "wanted"),
    [
        ("20-10-16", "%d-%m-%y", date(2016, 10, 20)),
        ("20-10-46", "%d-%m-%y", date(2046, 10, 20)),
        ("20-10-66", "%d-%m-%y", date(1966, 10, 20)),
        ("10/20/2016", "%m/%d/%Y", date(2016, 10, 20)),
        ("20 Oct 2016", "%d %b %Y", date(2016, 10, 20)),
        ("۲۰-۱۰-۱۶", "%d-%m-%y", date(2016, 10, 20)),
        ("2016-10-20", "%d-%m-%y", date(2016, 10, 20)),
        ("2016-10-20 23:30:00", "%d-%m-%y", date(2016, 10, 20)),
        ("2016-10-20T23:30:00Z", "%d-%m-%y", date(2016, 10, 21)),
    ],
)
def test_a_day_is_read(text: str, form: str, wanted: date) -> None:
    assert day_formats.read_day(text, [form], TODAY, MADRID) == wanted


def test_what_is_written_in_a_form_fits_it() -> None:
    for form in day_formats.FORMS:
        written = datetime(2026, 11, 7, 9, 5, 3, tzinfo=MADRID).strftime(form)
        assert day_formats.fits(f" {written.lower().replace(' ', '  ').replace('0', '۰')}", form), written
    assert not day_formats.fits("7/11/2026", "%d.%m.%Y")
    assert not day_formats.fits("31/02/2026", "%d/%m/%Y")


def test_the_first_format_that_fits_is_taken() -> None:
    forms = ["%d/%m/%Y", "%d.%m.%Y"]
    assert day_formats.read_day("1.2.2026", forms, TODAY, MADRID) == date(2026, 2, 1)


def test_a_year_of_no_certain_century_is_refused() -> None:
    with pytest.raises(Unreadable, match="no certain century"):
        day_formats.read_day("20-10-55", ["%d-%m-%y"], TODAY, MADRID)


@pytest.mark.parametrize("text", ["31-02-16", "2016-02-30", "20/10/2016", "soon", "20-10-2016"])
def test_what_is_no_such_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match=r"isn't a (date of the form|day of the calendar)"):
        day_formats.read_day(text, ["%d-%m-%y"], TODAY, MADRID)


def test_a_day_as_a_moment_is_its_midnight_with_the_offset_of_that_day() -> None:
    assert (
        day_formats.read_moment("20-10-16", ["%d-%m-%y"], TODAY, MADRID).isoformat()
        == "2016-10-20T00:00:00+02:00"
    )
    assert day_formats.read_moment("2016-12-20", [], TODAY, MADRID).isoformat() == "2016-12-20T00:00:00+01:00"
    assert day_formats.read_moment("2016-12-20T10:00+05:00", [], TODAY, MADRID) == datetime.fromisoformat(
        "2016-12-20T10:00:00+05:00"
    )


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ("%d/%q", "%q isn't one of"),
        ("%d/%m", "has no year"),
        ("day", "has no year"),
        ("%d/%d/%Y", "%d stands twice"),
        ("%d.%m.%Y %%", None),
    ],
)
def test_a_format_that_can_not_be_one_is_told(form: str, fault: str | None) -> None:
    found = day_formats.fault_of(form)
    assert (found is None) if fault is None else fault in (found or "")
