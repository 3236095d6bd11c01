"""`activity`: what was done and what is planned, on leads and on deals."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from pipecli.cli.list import ActivityTypeName
from pipecli.records.activity import ActivityType

LEAD = """\
id: LEAD-7K3M9
created: 2026-11-20T10:00:00+01:00
status: new # ask for María
name: María López
owner: ana-ruiz
"""
NOW = ("--today", "2026-11-23T12:00:00")


@pytest.fixture
def lead(given):
    """A new lead, LEAD-7K3M9; returns what its file says now."""
    given({"leads/2026/LEAD-7K3M9-maria.yaml": LEAD})


@pytest.fixture
def add(cli):
    """Add an activity at noon of 2026-11-23 and return its id."""

    def call(*arguments: str) -> str:
        return cli(*NOW, "activity", "add", *arguments, "--format", "ids").id

    return call


@pytest.fixture
def shown(cli):
    """A lead or opportunity as JSON."""

    def call(noun: str, key: str) -> dict[str, object]:
        return json.loads(cli(noun, "show", key, "--format", "json").out)

    return call


def test_a_done_call_is_now_and_mine(add, lead, root, git):
    made = add("7k3", "--type", "call", "--direction", "out", "--subject", "Intro call", "--done")

    assert (root / "leads/2026/LEAD-7K3M9-maria.yaml").read_text() == (
        LEAD.replace("status: new", "status: open")
        + f"activities:\n- id: {made}\n  type: call\n  at: 2026-11-23T12:00:00+01:00\n  subject: Intro call\n"
        "  by: ana-ruiz\n  direction: out\n  done: true\n"
    )
    assert git("log", "-1", "--format=%s") == 'LEAD-7K3M9: log call "Intro call"'
    assert "Pipecli-Event: activity-done" in git("log", "-1", "--format=%b")


def test_the_table_prints_the_id_and_json_the_record(cli, lead, shown):
    arguments = ("activity", "add", "maria", "--type", "note", "--subject", "Likes red")
    made = cli(*arguments).out.strip()
    record = json.loads(cli(*arguments, "--format", "json").out)

    assert len(made) == 5
    assert record["id"] == "LEAD-7K3M9"
    assert [each["subject"] for each in record["activities"]] == ["Likes red", "Likes red"]
    assert record["activities"][0]["id"] == made != record["activities"][1]["id"]
    assert shown("lead", "7k3")["activities"] == record["activities"]


def test_a_meeting_is_planned_with_everything(cli, add, shop, shown):
    cli("user", "add", "luis", "--name", "Luis Gil")
    made = add(
        "espresso", "--type", "meeting", "--subject", "Demo", "--at", "2026-11-30T10:00", "--by", "luis",
        "--contact", "maría", "--duration", "45", "--notes", "Bring\nbeans",
    )  # fmt: skip

    assert shown("opp", "2q8")["activities"] == [
        {
            "id": made,
            "type": "meeting",
            "at": "2026-11-30T10:00:00+01:00",
            "subject": "Demo",
            "by": "luis",
            "done": False,
            "contact": "maria-lopez",
            "duration": 45,
            "notes": "Bring\nbeans",
        }
    ]


@pytest.mark.parametrize(
    ("at", "written"),
    [
        ("friday", "2026-11-27"),
        ("friday 9:30", "2026-11-27T09:30:00+01:00"),
        ("+1w 15:00", "2026-11-30T15:00:00+01:00"),
        ("2026-07-01T10:00", "2026-07-01T10:00:00+02:00"),
        ("2026-11-30T10:00-05:00", "2026-11-30T10:00:00-05:00"),
    ],
)
def test_a_time_has_the_offset_of_the_pipelines_zone(add, lead, shown, at, written):
    add("7k3", "--type", "task", "--subject", "x", "--at", at)
    assert shown("lead", "7k3")["activities"][0]["at"] == written


@pytest.mark.parametrize(
    ("status", "arguments", "after"),
    [
        ("new", ("--type", "email", "--direction", "out", "--done"), "open"),
        ("new", ("--type", "meeting", "--direction", "in", "--done"), "replied"),
        ("open", ("--type", "call", "--direction", "in", "--done"), "replied"),
        ("new", ("--type", "call", "--direction", "out", "--at", "friday"), "new"),
        ("new", ("--type", "call", "--done"), "new"),
        ("new", ("--type", "note", "--direction", "in"), "new"),
        ("qualified", ("--type", "call", "--direction", "in", "--done"), "qualified"),
        ("replied", ("--type", "call", "--direction", "out", "--done"), "replied"),
    ],
)
def test_a_lead_moves_with_what_was_said(add, given, shown, status, arguments, after):
    given({"leads/2026/LEAD-7K3M9-maria.yaml": LEAD.replace("new", status)})
    add("7k3", "--subject", "x", *arguments)
    assert shown("lead", "7k3")["status"] == after


def test_done_finds_an_activity_by_its_id_anywhere(add, cli, lead, shown, git):
    made = add(
        "7k3", "--type", "call", "--direction", "out", "--subject", "Intro", "--at", "2026-11-23T11:00"
    )

    said = cli(*NOW, "activity", "done", made.lower(), "--notes", "Interested")

    assert said.out == 'LEAD-7K3M9 María López: complete call "Intro"\n'
    lead_now = shown("lead", "7k3")
    (activity,) = lead_now["activities"]
    assert (activity["done"], activity["at"], activity["notes"]) == (
        True, "2026-11-23T11:00:00+01:00", "Interested",
    )  # fmt: skip
    assert lead_now["status"] == "open"
    assert "Pipecli-Event: activity-done" in git("log", "-1", "--format=%b")


def test_done_finds_the_one_open_activity_of_a_record(add, cli, shop, shown):
    add("2q8", "--type", "task", "--subject", "Prepare", "--at", "today")
    cli(*NOW, "activity", "done", "espresso machines", "--format", "ids")
    assert shown("opp", "2q8")["activities"][0]["done"] is True


def test_what_is_done_before_its_day_is_done_now(add, cli, lead, shown):
    made = add("7k3", "--type", "meeting", "--subject", "Demo", "--at", "friday 10:00")

    said = cli(*NOW, "activity", "done", "7k3", made)

    assert "it was planned for 2026-11-27, and is done now" in said.err
    assert shown("lead", "7k3")["activities"][0]["at"] == "2026-11-23T12:00:00+01:00"


def test_what_is_done_on_its_day_keeps_its_hour(add, cli, lead, shown):
    add("7k3", "--type", "meeting", "--subject", "Demo", "--at", "2026-11-23T16:00")
    cli(*NOW, "activity", "done", "7k3", "--at", "2026-11-23T16:10")
    assert shown("lead", "7k3")["activities"][0]["at"] == "2026-11-23T16:10:00+01:00"


def test_done_twice_is_refused(add, cli, lead, refused):
    made = add("7k3", "--type", "note", "--subject", "Likes red")
    assert refused("activity", "done", made) == f'error: note {made} "Likes red" is done already'
    assert "LEAD-7K3M9 has no open activity" in refused("activity", "done", "7k3")


def test_several_open_ones_are_named(add, cli, lead, refused):
    first = add("7k3", "--type", "task", "--subject", "One", "--at", "friday")
    second = add("7k3", "--type", "task", "--subject", "Two", "--at", "friday")

    said = refused("activity", "done", "7k3")

    assert f"{first} (LEAD-7K3M9: One)" in said
    assert f"{second} (LEAD-7K3M9: Two)" in said
    assert said.endswith("name one by its id, or by words of it alone")
    assert cli("activity", "done", "7k3", "twó", "--format", "ids").id == second
    assert cli("activity", "move", "one", "tomorrow at 9", "--format", "ids").id == first


def test_an_id_that_nothing_has_is_refused(lead, refused):
    assert 'no activity, lead or opportunity matches "QQQQQ"' in refused("activity", "done", "QQQQQ")
    assert 'no activity of LEAD-7K3M9 matches "QQQQQ"' in refused("activity", "done", "7k3", "QQQQQ")


@pytest.fixture
def calendar(add, cli, shop, lead, once):
    """A call done on the lead, a task of Ana's and a meeting of Luis' (team north) on the deal."""

    def build() -> dict[str, str]:
        cli("user", "add", "luis", "--name", "Luis Gil", "--team", "north")
        return {
            "call": add("7k3", "--type", "call", "--direction", "out", "--subject", "Intro", "--done"),
            "task": add("2q8", "--type", "task", "--subject", "Prepare", "--at", "2026-11-25"),
            "meeting": add(
                "2q8", "--type", "meeting", "--subject", "Demo", "--at", "2026-11-27T10:00", "--by", "luis"
            ),
        }

    return once(build)


@pytest.mark.parametrize(
    ("arguments", "listed"),
    [
        ((), ["call", "task", "meeting"]),
        (("--open",), ["task", "meeting"]),
        (("--due", "2026-11-25"), ["task"]),
        (("--due", "friday"), ["task", "meeting"]),
        (("--type", "call"), ["call"]),
        (("7k3",), ["call"]),
        (("espresso", "--type", "meeting"), ["meeting"]),
        (("--owner", "luis"), ["meeting"]),
        (("--team", "north"), ["meeting"]),
        (("--mine",), ["call", "task"]),
        (("--where", "done AND direction = 'out'"), ["call"]),
        (("--sort", "-at", "--limit", "1"), ["meeting"]),
        (("--search", "PRÉP"), ["task"]),
    ],
)
def test_the_list_takes_filters(calendar, cli, arguments, listed):
    said = cli(*NOW, "activity", "list", *arguments, "--format", "ids")
    assert said.out.split() == [calendar[name] for name in listed]


def test_the_list_as_a_table_and_as_json(calendar, cli):
    rows = cli("activity", "list", "--open").out.splitlines()
    assert rows[2].split() == [
        calendar["task"], "2026-11-25", "task", "no", "Prepare", "OPP-2Q8XA", "Espresso", "machines",
        "ana-ruiz",
    ]  # fmt: skip
    task = json.loads(cli("activity", "list", "--open", "--format", "json").out)[0]
    assert task == {
        "record": "OPP-2Q8XA",
        "noun": "opportunity",
        "title": "Espresso machines",
        "id": calendar["task"],
        "type": "task",
        "at": "2026-11-25",
        "subject": "Prepare",
        "by": "ana-ruiz",
        "done": False,
        "owner": "ana-ruiz",
    }


def test_a_filter_that_activities_have_not_is_refused(calendar, refused):
    assert refused("activity", "list", "--stage", "demo") == "error: --stage: activities have no stage"


def test_a_broken_lead_stops_the_list(calendar, given, cli):
    given({"leads/2026/LEAD-3K3M9-x.yaml": "id: [\n"})
    assert "LEAD-3K3M9-x.yaml" in cli("activity", "list", code=1).err


def test_a_plan_without_a_time_is_refused(lead, refused):
    assert refused("activity", "add", "7k3", "--type", "call", "--subject", "x") == (
        'error: a planned call needs its time; add --at "friday 10:00", or --done if it has happened'
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--subject", "x", "--at", "tomorrow"),
            'error: call "x" can\'t be done yet: 2026-11-24 is in the future',
        ),
        (("--subject", ""), "subject:"),
        (("--subject", "two\nlines"), "subject:"),
        (("--subject", "x", "--at", "someday"), '"someday" isn\'t a date'),
        (("--subject", "x", "--at", "friday 25:00"), "isn't a date and time"),
        (("--subject", "x", "--by", "nobody"), "unknown user nobody"),
        (("--subject", "x", "--contact", "nobody"), 'no contact matches "nobody"'),
    ],
)
def test_wrong_input_is_refused(lead, refused, arguments, said):
    assert said in refused(*NOW, "activity", "add", "7k3", "--type", "call", "--done", *arguments)


def test_a_record_that_is_not_there_is_refused(lead, refused):
    said = refused("activity", "add", "zzz", "--type", "call", "--subject", "x", "--done")
    assert 'matches "zzz"' in said


def test_a_type_that_is_none_is_wrong_usage(cli, lead):
    assert "call, meeting" in cli("activity", "add", "7k3", "--type", "fax", "--subject", "x", code=2).err


def test_every_type_of_the_records_can_be_given():
    assert get_args(ActivityTypeName) == tuple(ActivityType)
