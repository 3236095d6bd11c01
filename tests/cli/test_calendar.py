"""`calendar`: a file that a calendar program subscribes to, the same for the same pipeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.later import Later
from tests.records_given import DEAL

icalendar = Later("icalendar")

if TYPE_CHECKING:
    from tests.conftest import Cli

TEXT = """\
id: OPP-2Q8XA
created: 2026-09-01T10:00:00+02:00
title: Espresso machines
customer: contoso-coffee
process: standard
stage: demo
currency: EUR
owner: ana-ruiz
expected_close: 2026-12-15
next_contact: {date: 2026-11-19, by: luis, note: Ask for the budget}
activities:
- {id: 4F2QX, type: meeting, at: '2026-11-30T10:00:00+01:00', subject: Demo, duration: 45}
- {id: 4F2QY, type: meeting, at: '2026-11-30T17:00:00Z', subject: Late}
- {id: 4F2QZ, type: task, at: 2026-11-22, subject: Send brochure}
- {id: 4F2R0, type: task, at: '2026-11-02T10:00:00+01:00', subject: Set up, done: true}
- {id: 4F2R1, type: meeting, at: '2026-11-02T11:00:00+01:00', subject: Kick-off, done: true, by: luis}
- {id: 4F2R2, type: email, at: '2026-11-02T12:00:00+01:00', subject: Thanks, direction: out, done: true}
"""


@pytest.fixture(autouse=True)
def _given(root: Path, given: Callable[[dict[str, str]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    settings = (root / "pipecli.yaml").read_text()
    given(
        {
            "pipecli.yaml": settings.replace(
                "teams: {}", "  luis: {name: Luis Gil, team: iberia}\nteams: {iberia: {}}"
            ),
            "customers/contoso-coffee.yaml": "id: contoso-coffee\nname: Contoso Coffee\n",
            DEAL: TEXT,
        }
    )


def read(cli: Cli, *options: str) -> Any:
    return icalendar.Calendar.from_ical(cli("calendar", *options).out)


def by_uid(made: Any) -> dict[str, Any]:
    return {str(each["UID"]).removesuffix("@pipecli"): each for each in [*made.events, *made.todos]}


def test_meetings_tasks_and_next_contacts_each_in_their_way(cli: Cli) -> None:
    found = by_uid(read(cli))

    assert set(found) == {
        "OPP-2Q8XA-next-contact", "OPP-2Q8XA-4F2QX", "OPP-2Q8XA-4F2QY", "OPP-2Q8XA-4F2QZ",
        "OPP-2Q8XA-4F2R0", "OPP-2Q8XA-4F2R1",
    }  # fmt: skip
    meeting, next_contact = found["OPP-2Q8XA-4F2QX"], found["OPP-2Q8XA-next-contact"]
    assert meeting["DTSTART"].dt.isoformat() == "2026-11-30T10:00:00+01:00"
    assert str(meeting["DTSTART"].dt.tzinfo) == "Europe/Madrid"
    assert meeting.duration.total_seconds() == 45 * 60
    assert str(meeting["SUMMARY"]) == "Ana Ruiz: meeting: Demo, Espresso machines (Contoso Coffee)"
    assert found["OPP-2Q8XA-4F2QY"].duration.total_seconds() == 60 * 60
    assert next_contact["DTSTART"].dt == date(2026, 11, 19)
    assert str(next_contact["DESCRIPTION"]) == "Ask for the budget\nOPP-2Q8XA"
    assert (found["OPP-2Q8XA-4F2QZ"].name, found["OPP-2Q8XA-4F2QZ"]["DUE"].dt) == (
        "VTODO",
        date(2026, 11, 22),
    )
    assert found["OPP-2Q8XA-4F2R0"]["COMPLETED"].dt == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert found["OPP-2Q8XA-4F2R1"].name == "VEVENT"


def test_each_user_has_what_they_are_to_do(cli: Cli) -> None:
    assert set(by_uid(read(cli, "--owner", "luis"))) == {"OPP-2Q8XA-next-contact", "OPP-2Q8XA-4F2R1"}
    team = read(cli, "--team", "iberia")
    assert set(by_uid(team)) == {"OPP-2Q8XA-next-contact", "OPP-2Q8XA-4F2R1"}
    assert str(team["X-WR-CALNAME"]) == "Contoso: calendar of iberia"
    mine = read(cli, "--mine")
    assert str(mine["X-WR-CALNAME"]) == "Contoso: calendar of Ana Ruiz"
    assert str(by_uid(mine)["OPP-2Q8XA-4F2QX"]["SUMMARY"]).startswith("meeting: Demo")
    assert "unknown user nobody" in cli("calendar", "--owner", "nobody", code=1).err


def test_expected_closes_are_there_where_they_are_asked_for(cli: Cli) -> None:
    assert "expected-close" not in cli("calendar").out
    found = by_uid(read(cli, "--expected-close", "--owner", "ana-ruiz"))["OPP-2Q8XA-expected-close"]
    assert (found["DTSTART"].dt, str(found["SUMMARY"])) == (
        date(2026, 12, 15),
        "expected close, Espresso machines (Contoso Coffee)",
    )


def test_the_same_pipeline_gives_the_same_file_on_any_day(cli: Cli) -> None:
    assert cli("calendar").out == cli("--today", "2027-02-03", "calendar").out


def test_what_is_moved_keeps_its_name_and_says_that_it_is_newer(
    root: Path, cli: Cli, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = by_uid(read(cli))["OPP-2Q8XA-next-contact"]
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2030-01-02T10:00:00+01:00")
    cli("opp", "set", "OPP-2Q8XA", "next_contact.date=2026-11-25")

    after = by_uid(read(cli))["OPP-2Q8XA-next-contact"]

    assert after["DTSTART"].dt == date(2026, 11, 25)
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["LAST-MODIFIED"].dt == after["DTSTAMP"].dt == datetime(2030, 1, 2, 9, tzinfo=UTC)


def test_a_deal_that_is_over_leaves_only_what_was_done(cli: Cli) -> None:
    cli("opp", "lost", "OPP-2Q8XA", "--reason", "price")

    assert set(by_uid(read(cli, "--expected-close"))) == {"OPP-2Q8XA-4F2R0", "OPP-2Q8XA-4F2R1"}


def test_a_record_that_no_commit_has_yet_is_as_old_as_it_says(root: Path, cli: Cli) -> None:
    (root / DEAL.replace("2Q8XA", "3R9YB")).write_text(TEXT.replace("2Q8XA", "3R9YB").replace("4F2", "5G3"))

    found = by_uid(read(cli))["OPP-3R9YB-next-contact"]

    assert found["LAST-MODIFIED"].dt == datetime(2026, 9, 1, 8, tzinfo=UTC)


def test_a_file_is_written_whole_and_only_when_it_says_something_else(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "ana.ics"
    said = cli("calendar", "--mine", "--output", str(file))
    written = file.stat()

    assert (said.out, said.err) == ("", "")
    assert file.read_bytes() == cli("calendar", "--mine").out.encode()
    assert written.st_mode & 0o044 == 0o044  # a web server reads it
    cli("calendar", "--mine", "--output", str(file))
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    cli("activity", "add", "OPP-2Q8XA", "--type", "call", "--subject", "Noon", "--at", "2026-12-01T12:00")
    cli("calendar", "--mine", "--output", str(file))
    assert b"Noon" in file.read_bytes()
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith("tmp")] == []


def test_a_file_that_cant_be_written_is_one_line(cli: Cli, tmp_path: Path) -> None:
    said = cli("calendar", "--output", str(tmp_path / "no" / "such" / "ana.ics"), code=1)

    assert said.err.startswith("error: ")
    assert "can't be written: No such file or directory" in said.err


def test_a_pipeline_without_plans_gives_an_empty_calendar(
    root: Path, cli: Cli, git: Callable[..., str]
) -> None:
    git("rm", "-q", DEAL)

    assert [each.name for each in read(cli).subcomponents] == ["VTIMEZONE"]


def test_a_broken_deal_stops_it(root: Path, cli: Cli) -> None:
    (root / DEAL).write_text("id: [\n")

    assert f"error: {DEAL}" in cli("calendar", code=1).err


def test_what_is_planned_on_a_deal_on_hold_stays_in_it(cli: Cli) -> None:
    planned = by_uid(read(cli)).keys()
    cli("opp", "hold", "OPP-2Q8XA", "--until", "2026-12-24", "--reason", "no money this year")
    assert by_uid(read(cli)).keys() == planned
