"""`report stale`: what moves a deal, and which ones stood still for too long."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.reporting import RATES, deal, staff, won

if TYPE_CHECKING:
    from tests.conftest import Cli


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    """A deal rots after 30 days at qualify and demo, 21 at propose, 14 at negotiate and commit."""
    return staff(root, RATES)


@pytest.fixture
def commit(git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Commit all as of a day."""

    def commit_on(day: str) -> None:
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{day}T12:00:00+01:00")
        git("add", ".")
        git("commit", "-qm", day)
        monkeypatch.delenv("GIT_COMMITTER_DATE")

    return commit_on


def asked(cli: Cli, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("report", "stale", *options, "--format", "json").out)
    return found


def days(cli: Cli) -> dict[str, tuple[int, str]]:
    return {row["id"]: (row["days"], row["movement"]) for row in asked(cli)["rows"]}


def done(day: str, more: str = "done: true") -> str:
    return f"activities:\n- {{id: AAAAA, type: call, at: {day}, subject: Hello, {more}}}"


def test_the_one_farthest_beyond_its_stage_comes_first(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1000.50", key="OPP-AAAAA", created="2026-10-31T10:00:00+01:00")  # 21 days of 21
    deal(root, "amount: 250", key="OPP-BBBBB", stage="negotiate", created="2026-10-30T10:00:00+01:00")
    deal(root, "", key="OPP-CCCCC", stage="demo", created="2026-10-12T10:00:00+02:00", owner=None)
    deal(root, "amount: 5", key="OPP-DDDDD", created="2026-11-01T10:00:00+01:00")  # 20 of 21
    won(root, "2026-11-01", "1", created="2025-10-12T10:00:00+02:00")

    assert cli("report", "stale").out == (
        "Stale deals on 2026-11-21, in EUR\n"
        "\n"
        "ID         TITLE  OWNER     STAGE        AMOUNT  MOVED       DAYS  OVER\n"
        "---------  -----  --------  ---------  --------  ----------  ----  ----\n"
        "OPP-CCCCC  Deal             Demo                 2026-10-12    40   +10\n"
        "OPP-BBBBB  Deal   ana-ruiz  Negotiate    250.00  2026-10-30    22    +8\n"
        "OPP-AAAAA  Deal   ana-ruiz  Propose    1,000.50  2026-10-31    21    +0\n"
        "\n"
        "3 of 4 open deals: 1,250.50 EUR\n"
        "1 of them without an amount: counted as 0\n"
    )
    assert cli("report", "stale", "--format", "ids").out == "OPP-CCCCC\nOPP-BBBBB\nOPP-AAAAA\n"


def test_json_says_what_moved_it_last(root: Path, cli: Cli) -> None:
    deal(root, f"amount: 10\nexpected_close: 2026-12-01\n{done('2026-10-20')}", key="OPP-AAAAA")

    assert asked(cli) == {
        "currency": "EUR",
        "today": "2026-11-21",
        "from": None,
        "to": None,
        "bases": {"share": "open deals"},
        "totals": {"stale_count": 1, "open_count": 1, "share": 100, "amount": 10, "most_days": 32},
        "never_count": 0,
        "rows": [
            {
                "id": "OPP-AAAAA", "title": "Deal", "customer": None, "owner": "ana-ruiz",
                "process": "standard", "stage": "propose", "stage_name": "Propose", "amount": 10,
                "expected_close": "2026-12-01", "moved": "2026-10-20", "movement": "activity", "days": 32,
                "rotting_days": 21, "days_over": 11,
            }
        ],
    }  # fmt: skip


def test_what_is_planned_moves_nothing(root: Path, cli: Cli) -> None:
    deal(root, done("2026-11-25", "done: false"), key="OPP-AAAAA", created="2026-10-01T10:00:00+02:00")

    assert days(cli) == {"OPP-AAAAA": (51, "created")}


def test_a_change_of_stage_moves_a_deal_and_a_change_of_its_title_does_not(
    root: Path, cli: Cli, commit: Callable[[str], None]
) -> None:
    for stage, day in (("qualify", "2026-09-02"), ("propose", "2026-10-10")):
        deal(root, "", key="OPP-AAAAA", stage=stage)
        commit(day)
    deal(root, "", key="OPP-AAAAA", title="Machines")
    commit("2026-11-20")

    assert days(cli) == {"OPP-AAAAA": (42, "stage")}


def test_a_reopened_deal_has_moved(root: Path, cli: Cli, commit: Callable[[str], None]) -> None:
    deal(root, "closed: {date: 2026-09-05, reason: price}", key="OPP-AAAAA", status="lost")
    commit("2026-09-05")
    deal(root, "", key="OPP-AAAAA")
    commit("2026-10-31")

    assert days(cli) == {"OPP-AAAAA": (21, "stage")}


def test_a_merged_branch_moves_its_deals_when_it_is_merged(
    root: Path, cli: Cli, commit: Callable[[str], None], git: Callable[..., str]
) -> None:
    deal(root, "", key="OPP-AAAAA", stage="qualify")
    commit("2026-09-02")
    git("switch", "-qc", "side")
    deal(root, "", key="OPP-AAAAA", stage="propose")
    commit("2026-09-10")
    git("switch", "-q", "main")
    deal(root, "", key="OPP-BBBBB", title="Beside")
    commit("2026-09-20")
    git("merge", "-q", "--no-commit", "side")
    commit("2026-10-10")

    assert days(cli)["OPP-AAAAA"] == (42, "stage")
    past = cli("--today", "2026-11-21", "report", "stale", "--as-of", "side", "--format", "json").out
    assert [(row["id"], row["days"]) for row in json.loads(past)["rows"]] == [("OPP-AAAAA", 72)]


def test_a_move_that_is_not_committed_is_of_now(root: Path, cli: Cli, commit: Callable[[str], None]) -> None:
    deal(root, "", key="OPP-AAAAA", stage="qualify")
    commit("2026-09-02")
    assert days(cli) == {"OPP-AAAAA": (81, "created")}

    deal(root, "", key="OPP-AAAAA", stage="demo")
    assert days(cli) == {}


def test_a_stage_of_another_name_moves_nothing(
    root: Path, cli: Cli, commit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage, day in (("qualify", "2026-09-02"), ("demo", "2026-09-12")):
        deal(root, "", key="OPP-AAAAA", stage=stage)
        commit(day)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-20T12:00:00+01:00")
    cli("settings", "rename", "stage", "standard/demo", "trial")

    assert days(cli) == {"OPP-AAAAA": (70, "stage")}


def test_what_the_commits_do_not_know_is_said(
    root: Path, cli: Cli, commit: Callable[[str], None], tmp_path: Path
) -> None:
    for stage, day in (("qualify", "2026-09-02"), ("demo", "2026-10-20"), ("demo", "2026-10-25")):
        deal(root, "", key="OPP-AAAAA", stage=stage, title=day)
        commit(day)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", root.as_uri(), str(clone)], check=True)
    assert cli("report", "stale").err == ""
    shallow = cli("-C", str(clone), "report", "stale")
    assert shallow.err == "warning: this clone is shallow: stages before 2026-10-25 are not known\n"

    deal(root, "", key="OPP-AAAAA", stage="propose")
    commit("2099-01-01")
    assert cli("report", "stale").err == "warning: 1 commit is dated after 2026-11-21: counted as of then\n"
    assert days(cli) == {}


def test_as_of_knows_no_later_move(root: Path, cli: Cli, commit: Callable[[str], None]) -> None:
    for stage, day in (("qualify", "2026-09-02"), ("propose", "2026-10-25")):
        deal(root, "", key="OPP-AAAAA", stage=stage)
        commit(day)

    (row,) = json.loads(
        cli("--today", "2026-10-20", "report", "stale", "--as-of", "2026-10-20", "--format", "json").out
    )["rows"]

    assert (row["stage"], row["days"], row["movement"]) == ("qualify", 49, "created")


def test_a_stage_without_rotting_days_never_rots(root: Path, cli: Cli) -> None:
    settings = root / "pipecli.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        "".join(line for line in text.splitlines(keepends=True) if "rotting_days" not in line),
        encoding="utf-8",
    )
    deal(root, "amount: 1", created="2020-10-01T10:00:00+02:00")

    assert cli("report", "stale").out == (
        "Stale deals on 2026-11-21, in EUR\n"
        "\n"
        "no deal stands still\n"
        "\n"
        "1 open deal at stages without rotting_days: never stale\n"
    )


def test_by_owner_the_stale_stand_beside_all_that_are_open(root: Path, cli: Cli) -> None:
    deal(root, "amount: 10", created="2026-10-01T10:00:00+02:00")
    deal(root, "amount: 100", created="2026-11-20T10:00:00+01:00")
    deal(root, "amount: 5", created="2026-11-20T10:00:00+01:00", owner="luis")

    assert cli("report", "stale", "--by", "owner").out == (
        "Stale deals by owner on 2026-11-21, in EUR\n"
        "\n"
        "OWNER     STALE  OF OPEN    SHARE  AMOUNT  MOST DAYS\n"
        "--------  -----  -------  -------  ------  ---------\n"
        "Ana Ruiz      1        2  50.00 %   10.00         51\n"
        "Luis Gil      0        1   0.00 %    0.00\n"
        "total         1        3  33.33 %   10.00         51\n"
        "\n"
        "1 of 3 open deals: 10.00 EUR\n"
    )
    assert [(row["key"], row["process"]) for row in asked(cli, "--by", "stage")["rows"]] == [
        ("propose", "standard")
    ]


def test_owner_team_and_the_expected_close_choose_the_deals(root: Path, cli: Cli) -> None:
    deal(root, "expected_close: 2026-12-31", key="OPP-AAAAA")
    deal(root, "expected_close: 2027-01-01", key="OPP-BBBBB", owner="luis")
    deal(root, "", key="OPP-CCCCC", owner="sara")

    found = [
        cli("report", "stale", *options.split(), "--format", "ids").out.split()
        for options in ("--owner luis", "--team iberia", "--mine", "--from 2027", "--to 2026")
    ]

    assert found == [
        ["OPP-BBBBB"], ["OPP-AAAAA", "OPP-BBBBB"], ["OPP-AAAAA"], ["OPP-BBBBB"], ["OPP-AAAAA"]
    ]  # fmt: skip


def test_a_missing_rate_names_the_deal(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1", currency="CHF", key="OPP-2Q8XA")

    assert "from CHF to EUR on or before 2026-11-21, for OPP-2Q8XA;" in cli("report", "stale", code=1).err
    assert '"moon" must be one of owner' in cli("report", "stale", "--by", "moon", code=2).err
