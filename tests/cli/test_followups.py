"""`followups`: what is due on open leads and opportunities, and whose it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.records_given import DEAL

if TYPE_CHECKING:
    from tests.conftest import Cli

LEAD = "leads/2026/LEAD-7K3M9-contoso-coffee.yaml"


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    """A pipeline with two users and a deal whose owner is Ana."""
    settings = root / "pipecli.yaml"
    settings.write_text(
        settings.read_text().replace(
            "teams: {}", "  luis: {name: Luis Gil, team: iberia}\nteams: {iberia: {}}"
        )
    )
    write(root, "customers/contoso-coffee.yaml", "id: contoso-coffee\nname: Contoso Coffee\n")
    return root


def write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)


def deal(root: Path, extra: str, file: str = DEAL, status: str = "open") -> None:
    write(
        root,
        file,
        f"id: {Path(file).name[:9]}\ncreated: 2026-09-01T10:00:00+02:00\ntitle: Espresso machines\n"
        "customer: contoso-coffee\nprocess: standard\nstage: demo\ncurrency: EUR\nowner: ana-ruiz\n"
        f"status: {status}\n{extra}\n",
    )


def due(cli: Cli, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli("followups", *options, "--format", "json").out)
    return found


def test_what_is_due_today_and_overdue_is_listed_with_all_a_caller_needs(root: Path, cli: Cli) -> None:
    deal(
        root,
        "next_contact: {date: 2026-11-21, by: luis, note: Ask for the budget}\n"
        "activities:\n"
        "- {id: 4F2QX, type: meeting, at: '2026-11-19T10:00:00+01:00', subject: Demo, notes: Bring cups}\n"
        "- {id: 4F2QY, type: call, at: 2026-11-22, subject: Tomorrow}\n"
        "- {id: 4F2QZ, type: call, at: 2026-11-01, subject: Long done, done: true}",
    )

    assert due(cli) == [
        {
            "kind": "activity",
            "id": "OPP-2Q8XA",
            "activity": "4F2QX",
            "due": "2026-11-19",
            "at": "2026-11-19T10:00:00+01:00",
            "overdue_days": 2,
            "by": "ana-ruiz",
            "type": "meeting",
            "subject": "Demo",
            "title": "Espresso machines",
            "customer": "contoso-coffee",
            "customer_name": "Contoso Coffee",
            "note": "Bring cups",
        },
        {
            "kind": "next-contact",
            "id": "OPP-2Q8XA",
            "due": "2026-11-21",
            "overdue_days": 0,
            "by": "luis",
            "type": None,
            "subject": None,
            "title": "Espresso machines",
            "customer": "contoso-coffee",
            "customer_name": "Contoso Coffee",
            "note": "Ask for the budget",
        },
    ]


def test_the_table_fits_80_columns_and_marks_what_is_late(
    root: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    deal(
        root,
        "next_contact: {date: 2026-11-20, note: Ask for the budget}\n"
        "activities: [{id: 4F2QX, type: call, at: '2026-11-21T08:30:00Z', subject: Intro}]",
    )

    lines = cli("followups").out.splitlines()

    assert [line.rstrip() for line in lines] == [
        "DUE          LATE  WHO       WHAT                   RECORD     TITLE",
        "----------  -----  --------  ---------------------  ---------  -----------------",
        "2026-11-20  1 day  ana-ruiz  next contact: Ask fo…  OPP-2Q8XA  Espresso machines",
        "2026-11-21         ana-ruiz  call 09:30: Intro      OPP-2Q8XA  Espresso machines",
    ]


def test_a_lead_is_due_by_its_next_contact(root: Path, cli: Cli) -> None:
    write(
        root,
        LEAD,
        "id: LEAD-7K3M9\ncreated: 2026-09-01T10:00:00+02:00\norganization: Contoso Coffee\nowner: luis\n"
        "next_contact: {date: 2026-11-20}\n",
    )

    (found,) = due(cli)

    assert (found["id"], found["title"], found["by"]) == ("LEAD-7K3M9", "Contoso Coffee", "luis")


def test_what_is_closed_is_never_due(root: Path, cli: Cli) -> None:
    planned = (
        "next_contact: {date: 2026-11-20}\nactivities: [{id: 4F2QX, type: call, at: 2026-11-20, subject: A}]"
    )
    deal(root, f"{planned}\nclosed: {{date: 2026-11-02, reason: price}}", status="lost")
    write(
        root,
        LEAD,
        "id: LEAD-7K3M9\ncreated: 2026-09-01T10:00:00+02:00\nname: María\nstatus: disqualified\n"
        f"{planned}\ndisqualified: {{date: 2026-11-02, reason: no-need}}\n",
    )

    assert due(cli) == []
    said = cli("followups")
    assert (said.out, said.err) == ("", "nothing is due on or before 2026-11-21\n")


def test_overdue_comes_first_then_who_then_when(root: Path, cli: Cli) -> None:
    deal(
        root,
        "activities:\n"
        "- {id: 00001, type: call, at: '2026-11-21T12:00:00+01:00', subject: noon}\n"
        "- {id: 00002, type: call, at: '2026-11-21T09:00:00+01:00', subject: nine}\n"
        "- {id: 00003, type: call, at: 2026-11-21, subject: any hour}\n"
        "- {id: 00004, type: call, at: 2026-11-20, subject: late for luis, by: luis}\n"
        "- {id: 00005, type: call, at: 2026-11-20, subject: late for ana}\n",
    )

    assert [each["subject"] for each in due(cli)] == [
        "late for ana", "late for luis", "any hour", "nine", "noon",
    ]  # fmt: skip


def test_the_day_is_that_of_the_pipelines_own_timezone(root: Path, cli: Cli) -> None:
    deal(root, "activities: [{id: 4F2QX, type: call, at: '2026-11-21T23:30:00Z', subject: After midnight}]")

    assert due(cli) == []
    assert [each["due"] for each in due(cli, "--due", "tomorrow")] == ["2026-11-22"]


def test_due_takes_days_and_periods(root: Path, cli: Cli) -> None:
    deal(root, "next_contact: {date: 2026-11-28}")

    counts = [len(due(cli, "--due", day)) for day in ("+6d", "+7d", "2026-11-28", "2026-11", "friday")]

    assert counts == [0, 1, 1, 1, 0]


def test_it_is_for_whom_it_is_planned_else_for_the_owner(root: Path, cli: Cli) -> None:
    deal(
        root,
        "next_contact: {date: 2026-11-20, by: luis}\n"
        "activities: [{id: 4F2QX, type: call, at: 2026-11-20, subject: Intro}]",
    )

    assert [each["kind"] for each in due(cli, "--owner", "luis")] == ["next-contact"]
    assert [each["kind"] for each in due(cli, "--team", "iberia")] == ["next-contact"]
    assert [each["kind"] for each in due(cli, "--mine")] == ["activity"]
    assert "unknown user nobody" in cli("followups", "--owner", "nobody", code=1).err


def test_a_script_asks_by_the_exit_code(root: Path, cli: Cli) -> None:
    cli("followups", "--exit-code")
    deal(root, "next_contact: {date: 2026-11-20}")

    assert cli("followups", "--exit-code", "--format", "ids", code=3).out == "OPP-2Q8XA\n"


def test_a_calendar_holds_all_that_is_planned_with_stable_names(root: Path, cli: Cli) -> None:
    deal(
        root,
        "next_contact: {date: 2027-03-01, note: 'Budget; then, price'}\n"
        "activities: [{id: 4F2QX, type: meeting, at: '2026-11-30T10:00:00+01:00', subject: Demo, "
        "duration: 45}]",
    )

    lines = cli("followups", "--ics", "--mine").out.replace("\r\n ", "").split("\r\n")

    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//pipecli//EN"]
    assert "X-WR-CALNAME:Contoso: follow-ups of Ana Ruiz" in lines
    for line in (
        "UID:OPP-2Q8XA-4F2QX@pipecli",
        "DTSTART;TZID=Europe/Madrid:20261130T100000",
        "DURATION:PT45M",
        "SUMMARY:meeting: Demo\\, Espresso machines (Contoso Coffee)",
        "UID:OPP-2Q8XA-next-contact@pipecli",
        "DTSTART;VALUE=DATE:20270301",
        "SUMMARY:next contact\\, Espresso machines (Contoso Coffee)",
        "DESCRIPTION:Budget\\; then\\, price\\nOPP-2Q8XA",
    ):
        assert lines.count(line) == 1, line
    assert "BEGIN:VEVENT" not in cli("followups", "--ics", "--due", "today").out
