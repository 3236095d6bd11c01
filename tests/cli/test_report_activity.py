"""`report activity`: who did what, what is planned, and which deals nobody touched."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.reporting import deal, staff, won

if TYPE_CHECKING:
    from tests.conftest import Cli

_NUMBERS = count(10_000)


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    return staff(root)


def way(type_: str, at: str, direction: str = "", by: str = "", *, done: bool = True, key: str = "") -> str:
    """One activity as YAML on one line."""
    fields = {"id": key or f"A{next(_NUMBERS)}"[:5], "type": type_, "at": at, "subject": "Hello"}
    more = {"direction": direction, "by": by, "done": "true" if done else ""}
    written = {**fields, **{name: text for name, text in more.items() if text}}
    return f"- {{{', '.join(f'{name}: {text}' for name, text in written.items())}}}\n"


def ways(*each: str) -> str:
    return "activities:\n" + "".join(each)


def lead(root: Path, key: str, *activities: str, status: str = "open", owner: str = "luis") -> None:
    folder = root / "leads" / "2026"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{key}-lead.yaml").write_text(
        f"id: {key}\ncreated: 2026-09-01T10:00:00+02:00\norganization: Contoso\nstatus: {status}\n"
        f"owner: {owner}\n{ways(*activities)}"
    )


def asked(cli: Cli, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("report", "activity", *options, "--format", "json").out)
    return found


def test_the_table_has_a_line_a_user_and_those_whose_deals_nobody_touched(root: Path, cli: Cli) -> None:
    deal(
        root,
        ways(
            way("call", "2026-11-02", "out"),
            way("email", "2026-11-03", "out"),
            way("email", "2026-11-04"),
            way("email", "2026-11-05", "in"),
            way("meeting", "2026-11-06", by="luis"),
            way("task", "2026-11-07"),
            way("call", "2026-11-20", done=False),
            way("meeting", "2026-11-28", done=False),
            way("call", "2026-10-31", done=False),  # before this month
            way("call", "2026-10-30"),
            way("call", "2026-10-29"),
        ),
    )
    won(root, "2026-11-05", "1")
    deal(root, "", owner="sara")

    assert cli("report", "activity").out == (
        "Activities by user from 2026-11-01 to 2026-11-30\n"
        "\n"
        "USER        DONE  CALLS  MEETINGS  MAIL OUT  MAIL IN  PLANNED  LATE  UNTOUCHED\n"
        "----------  ----  -----  --------  --------  -------  -------  ----  ---------\n"
        "Ana Ruiz       5      1         0         2        1        2     1          0\n"
        "Luis Gil       1      0         1         0        0        0     0          0\n"
        "\u2068سارا احمدی\u2069     0      0         0         0        0        0     0          1\n"
        "total          6      1         1         2        1        2     1          1\n"
        "\n"
        "done: 6 on what is open, 0 on what is closed by now\n"
        "untouched: 1 of 2 open deals; `pipecli dashboard` lists them, `pipecli report stale` the worst\n"
        "before these days, 1 planned and not done; `pipecli followups` names them\n"
    )


def test_json_and_csv_have_every_figure(root: Path, cli: Cli) -> None:
    deal(root, ways(way("task", "2026-11-02"), way("note", "2026-11-03")))

    figures = {
        "done_count": 2, "call_count": 0, "meeting_count": 0, "email_out_count": 0, "email_in_count": 0,
        "task_count": 1, "note_count": 1, "on_open_count": 2, "on_closed_count": 0, "planned_count": 0,
        "overdue_count": 0, "open_deal_count": 1, "untouched_count": 0,
    }  # fmt: skip
    assert asked(cli) == {
        "by": "user",
        "today": "2026-11-21",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "totals": figures,
        "overdue_before": 0,
        "rows": [{"key": "ana-ruiz", "name": "Ana Ruiz", **figures}],
    }
    assert cli("report", "activity", "--format", "csv").out.splitlines() == [
        f"key,{','.join(figures)}",
        f"ana-ruiz,{','.join(map(str, figures.values()))}",
    ]


def test_what_was_done_on_a_lead_counts_once_when_it_was_converted(root: Path, cli: Cli) -> None:
    lead(root, "LEAD-AAAAA", way("call", "2026-11-02", key="AAAAA"), way("call", "2026-11-03", key="BBBBB"))
    deal(root, "lead: LEAD-AAAAA\n" + ways(way("call", "2026-11-02", key="AAAAA")))

    assert [(row["key"], row["call_count"]) for row in asked(cli)["rows"]] == [("ana-ruiz", 1), ("luis", 1)]


def test_on_what_is_open_and_on_what_is_closed_by_now(root: Path, cli: Cli) -> None:
    ended = "disqualified: {date: 2026-11-03, reason: no-need}\n"
    lead(root, "LEAD-AAAAA", way("call", "2026-11-02"), ended, status="disqualified")
    lead(root, "LEAD-BBBBB", way("call", "2026-11-02"))
    deal(
        root, f"closed: {{date: 2026-11-03, reason: price}}\n{ways(way('call', '2026-11-02'))}", status="lost"
    )

    totals = asked(cli)["totals"]

    assert (totals["on_open_count"], totals["on_closed_count"]) == (1, 2)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("team", ["iberia", None]),
        ("type", ["call", "meeting"]),
        ("week", ["2026-W44", "2026-W45"]),
        ("month", ["2026-10", "2026-11"]),
        ("quarter", ["2026-Q4"]),
    ],
)
def test_each_grouping_has_its_keys(root: Path, cli: Cli, by: str, keys: list[str]) -> None:
    deal(root, ways(way("call", "2026-11-02"), way("call", "2026-10-31"), way("meeting", "2026-11-03")))
    deal(root, ways(way("call", "2026-11-02")), owner=None)

    made = asked(cli, "--by", by, "--from", "2026")

    assert [row["key"] for row in made["rows"]] == keys
    assert sum(row["done_count"] for row in made["rows"]) == made["totals"]["done_count"] == 4


def test_a_time_counts_on_its_day_in_the_pipeline_s_timezone(root: Path, cli: Cli) -> None:
    deal(root, ways(way("call", "2026-10-31T23:30:00Z")))

    assert [row["key"] for row in asked(cli, "--by", "month", "--from", "2026")["rows"]] == ["2026-11"]


def test_owner_team_and_mine_are_those_who_did_it(root: Path, cli: Cli) -> None:
    deal(root, ways(way("call", "2026-11-02", by="luis"), way("call", "2026-11-03")))
    deal(root, ways(way("call", "2026-11-02")), owner="sara")

    done = [
        asked(cli, *options.split())["totals"]["done_count"]
        for options in ("--owner luis", "--team iberia", "--mine", "--to 2026-11-02")
    ]

    assert done == [1, 2, 1, 2]


def test_an_activity_at_the_edge_of_the_calendar_breaks_nothing(root: Path, cli: Cli) -> None:
    deal(root, ways(way("call", "0001-01-01"), way("call", "9999-12-31", done=False)))

    assert asked(cli, "--to", "2026")["totals"]["done_count"] == 1


def test_an_empty_pipeline_says_so(root: Path, cli: Cli) -> None:
    assert cli("report", "activity").out.splitlines()[2] == "nothing was done, and nothing is planned"
    assert asked(cli)["rows"] == []
    assert '"moon" must be one of user' in cli("report", "activity", "--by", "moon", code=2).err
