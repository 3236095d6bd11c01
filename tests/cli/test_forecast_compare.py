"""Two forecasts side by side."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecli.json_and_csv import loads
from tests.conftest import Cli

Git = Callable[..., str]


@pytest.fixture
def moved(cli: Cli, root: Path, git: Git) -> str:
    """A deal that was worth 1,000 at `qualify` in January, and 2,000 at `demo`, closing later, since then."""
    deal = cli(
        *("opp", "add", "--title", "Machines", "--organization", "Contoso", "--owner", "ana-ruiz"),
        *("--amount", "1000", "--expected-close", "2027-06-30", "--format", "ids"),
    ).id  # fmt: skip
    date = {"GIT_COMMITTER_DATE": "2026-01-10T12:00:00+0100"}
    subprocess.run(
        ["git", "commit", "-q", "--amend", "--no-edit"], cwd=root, check=True, env=os.environ | date
    )
    cli("opp", "advance", deal)
    cli("opp", "set", deal, "amount=2000", "expected_close=2027-07-15")
    return deal


@pytest.mark.usefixtures("today")
def test_each_row_has_then_now_and_the_change(cli: Cli, moved: str) -> None:
    said: dict[str, Any] = loads(cli("forecast", "--compare", "2026-01-31", "--format", "json").out)
    rows = {row["key"]: row for row in said["rows"]}
    assert list(rows) == ["2027-06", "2027-07"]
    assert rows["2027-06"]["weighted"] == 0
    assert rows["2027-06"]["then"]["weighted"] == 100
    assert rows["2027-07"]["then"]["open_count"] == 0
    assert rows["2027-07"]["change"] == {
        "open_count": 1, "amount": 2000, "weighted": 500, "won_count": 0, "won_amount": 0,
    }  # fmt: skip
    assert said["totals"]["change"]["weighted"] == 400
    assert said["compared"]["today"] == "2026-01-31"


def test_it_is_the_two_forecasts(cli: Cli, moved: str) -> None:
    for by in ("owner", "stage", "month"):
        both = loads(cli("forecast", "--compare", "2026-01-31", "--by", by, "--format", "json").out)
        now = loads(cli("forecast", "--by", by, "--format", "json").out)
        then = loads(cli("forecast", "--as-of", "2026-01-31", "--by", by, "--format", "json").out)
        for figure in ("open_count", "amount", "weighted"):
            assert both["totals"][figure] == now["totals"][figure]
            assert both["totals"]["then"][figure] == then["totals"][figure]
            assert sum(row["change"][figure] for row in both["rows"]) == both["totals"]["change"][figure]


def test_a_person_reads_both(cli: Cli, moved: str) -> None:
    said = cli("--today", "2026-11-22", "forecast", "--by", "owner", "--compare", "2026-01-31").out
    assert said == (
        "Forecast by owner in EUR: then (2026-01-31) and now (2026-11-22)\n"
        "\n"
        "OWNER     WEIGHTED THEN  WEIGHTED NOW   CHANGE  WON THEN  WON NOW\n"
        "--------  -------------  ------------  -------  --------  -------\n"
        "Ana Ruiz         100.00        500.00  +400.00      0.00     0.00\n"
        "total            100.00        500.00  +400.00      0.00     0.00\n"
    )


def test_a_moment_that_is_none_is_refused(cli: Cli, moved: str) -> None:
    assert '"nosuch" is neither a date nor a revision' in cli("forecast", "--compare", "nosuch", code=1).err
    assert "nothing is known as of 2020-01-01" in cli("forecast", "--compare", "2020-01-01", code=1).err


def test_what_has_another_name_since_is_one_row_and_one_owner(cli: Cli, moved: str) -> None:
    cli("settings", "rename", "stage", "standard/qualify", "check")
    cli("settings", "rename", "user", "ana-ruiz", "ana")
    cli("customer", "add", "Acme")
    cli("customer", "merge", "contoso", "acme")
    names = (("stage", "demo", "check"), ("owner", "ana", "ana"), ("customer", "acme", "acme"))
    for by, now, then in names:
        said = cli(
            *("forecast", "--compare", "2026-01-31", "--by", by, "--owner", "ana", "--format", "json")
        ).out
        rows = {row["key"]: row for row in loads(said)["rows"]}
        assert [*rows] == [*dict.fromkeys([now, then])]
        assert rows[then]["then"]["weighted"] == 100
        assert rows[now]["weighted"] == 500
