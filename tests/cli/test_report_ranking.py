"""`report ranking` from files to tables and JSON."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipecli.records.days import Days
from pipecli.reports.pipeline_key_figures_and_ranking import period_before
from tests.reporting import RATES, deal, lost, staff, won

if TYPE_CHECKING:
    from tests.conftest import Cli


SARA = "\u2068سارا احمدی (inactive)\u2069"


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    return staff(root, RATES)


def asked(cli: Cli, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("report", "ranking", *options, "--format", "json").out)
    return found


def test_the_table_ranks_this_quarter_and_tells_what_changed_since_the_last(root: Path, cli: Cli) -> None:
    won(root, "2026-07-05", "1000")  # the last quarter
    won(root, "2026-08-05", "2000", owner="luis")
    won(root, "2026-10-01", "20000.50", created="2026-09-21T23:00:00+02:00")
    won(root, "2026-11-05", "999.50", created="2026-11-01T10:00:00+01:00")
    won(root, "2026-11-05", "1000", owner="sara")
    lost(root, "2026-11-05", "1000", owner="luis")
    won(root, "2026-11-05", "5", owner=None)
    deal(root, "amount: 3\nclosed: {date: 2026-11-05}", status="closed")

    assert cli("report", "ranking").out == (
        "Ranking by owner in EUR, closed from 2026-10-01 to 2026-12-31; change since "
        "2026-07-01 to 2026-09-30\n"
        "\n"
        "RANK  ↑↓   OWNER                  POINTS  CHANGE  WON     AMOUNT  WIN RATE    AVERAGE  DAYS\n"
        "----  ---  ---------------------  ------  ------  ---  ---------  --------  ---------  ----\n"
        "   1  ↑1   Ana Ruiz                 41.0   +30.0    2  21,000.00  100.00 %  10,500.00   7.0\n"
        f"   2  new  {SARA}    11.0   +11.0    1   1,000.00  100.00 %   1,000.00  65.0\n"
        "   3  ↓2   Luis Gil                  0.0   -12.0    0       0.00    0.00 %\n"
        "           without owner            10.0   +10.0    1       5.00  100.00 %       5.00  65.0\n"
        "           total                    62.0   +39.0    4  22,005.00   80.00 %   5,501.25  36.0\n"
        "\n"
        "points: 10 a win and 0.001 for each EUR won\n"
        "win rate: of the won and the lost; average and days to close: of the won\n"
    )


def test_json_has_the_rank_before_and_what_points_are(root: Path, cli: Cli) -> None:
    won(root, "2026-09-05", "500.25")
    won(root, "2026-11-05", "1500.75", created="2026-11-01T10:00:00+01:00")

    out = cli("report", "ranking", "--format", "json").out

    assert '"points": 11.50075' in out
    assert json.loads(out) == {
        "by": "owner",
        "currency": "EUR",
        "from": "2026-10-01",
        "to": "2026-12-31",
        "previous": {"from": "2026-07-01", "to": "2026-09-30"},
        "points": {"per_win": 10, "per_amount": 0.001, "currency": "EUR"},
        "bases": {"win_rate": "won and lost deals"},
        "totals": {
            "points": 11.50075,
            "won_count": 1,
            "won_amount": 1500.75,
            "won_without_amount_count": 0,
            "lost_count": 0,
            "win_rate": 100,
            "average_amount": 1500.75,
            "average_days": 4,
            "previous_points": 10.50025,
            "points_change": 1.0005,
        },
        "rows": [
            {
                "rank": 1,
                "key": "ana-ruiz",
                "name": "Ana Ruiz",
                "active": True,
                "points": 11.50075,
                "won_count": 1,
                "won_amount": 1500.75,
                "won_without_amount_count": 0,
                "lost_count": 0,
                "win_rate": 100,
                "average_amount": 1500.75,
                "average_days": 4,
                "previous_rank": 1,
                "rank_change": 0,
                "previous_points": 10.50025,
                "points_change": 1.0005,
            }
        ],
    }


def test_points_count_the_base_currency_whatever_is_shown(root: Path, cli: Cli) -> None:
    won(root, "2026-11-05", "10000", currency="USD")

    (row,) = asked(cli, "--currency", "USD")["rows"]

    assert (row["points"], row["won_amount"]) == (19, 10000)


def test_equals_share_a_rank_and_the_next_one_is_free(root: Path, cli: Cli) -> None:
    for owner, amount in (("ana-ruiz", "5"), ("luis", "5"), ("sara", "1")):
        won(root, "2026-11-05", amount, owner=owner)

    assert [(row["key"], row["rank"]) for row in asked(cli)["rows"]] == [
        ("ana-ruiz", 1),
        ("luis", 1),
        ("sara", 3),
    ]


def test_by_team_those_without_one_have_no_rank(root: Path, cli: Cli) -> None:
    won(root, "2026-11-05", "1")
    won(root, "2026-11-05", "1", owner="luis")
    won(root, "2026-11-05", "1", owner="sara")
    won(root, "2026-11-05", "1", owner=None)

    rows = asked(cli, "--by", "team")["rows"]

    assert [(row["rank"], row["key"], row["won_count"]) for row in rows] == [
        (1, "iberia", 2),
        (2, "export", 1),
        (None, None, 1),
    ]


def test_who_won_only_before_stays_without_a_rank(root: Path, cli: Cli) -> None:
    won(root, "2026-08-05", "1", owner="luis")
    won(root, "2026-11-05", "1")

    rows = asked(cli)["rows"]

    assert [(row["key"], row["rank"], row["previous_rank"]) for row in rows] == [
        ("ana-ruiz", 1, None),
        ("luis", None, 1),
    ]


def test_without_points_in_the_settings_the_amount_ranks(root: Path, cli: Cli) -> None:
    settings = root / "pipecli.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("points_per_win: 10", "points_per_win: 0").replace("0.001", "0"), encoding="utf-8"
    )
    won(root, "2026-11-05", "1")
    won(root, "2026-11-05", "2", owner="luis")

    assert [row["key"] for row in asked(cli)["rows"]] == ["luis", "ana-ruiz"]
    assert cli("report", "ranking").out.endswith(
        "the settings give no points (ranking.points_per_win): the amount ranks\n"
    )


def test_from_the_beginning_there_is_no_period_before(root: Path, cli: Cli) -> None:
    won(root, "2026-11-05", "1", created="2026-11-01T10:00:00+01:00")
    won(root, "2026-11-05", "1", created="2026-11-09T10:00:00+01:00")  # noted after it was won: of no length

    made = asked(cli, "--to", "2026")

    assert (made["previous"], made["rows"][0]["points_change"]) == (None, None)
    assert (made["rows"][0]["won_count"], made["rows"][0]["average_days"]) == (2, 4)
    assert "CHANGE" not in cli("report", "ranking", "--to", "2026").out


def test_nobody_is_ranked_where_nothing_was_decided(root: Path, cli: Cli) -> None:
    assert cli("report", "ranking").out.splitlines()[2] == "no deal was won or lost"
    assert asked(cli)["rows"] == []


def test_a_missing_rate_names_the_deal(root: Path, cli: Cli) -> None:
    won(root, "2025-12-31", "100", currency="USD", key="OPP-2Q8XA")

    assert (
        "from USD to EUR on or before 2025-12-31, for OPP-2Q8XA;"
        in cli("report", "ranking", "--from", "2025", code=1).err
    )


@pytest.mark.parametrize(
    ("days", "previous"),
    [
        (("2026-10-01", "2026-12-31"), ("2026-07-01", "2026-09-30")),
        (("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-12-31")),
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        (("2025-12-01", "2026-01-31"), ("2025-10-01", "2025-11-30")),
        (("2026-11-01", "2026-11-21"), ("2026-10-11", "2026-10-31")),
        (("2026-11-21", "2026-11-21"), ("2026-11-20", "2026-11-20")),
        (("0001-01-01", "2026-11-21"), None),
        (("0001-02-01", "9999-12-31"), None),
    ],
)
def test_the_period_before_has_as_many_months_or_days(
    days: tuple[str, str], previous: tuple[str, str] | None
) -> None:
    first, last = map(date.fromisoformat, days)

    found = period_before(Days(first, last))

    assert found == (Days(*map(date.fromisoformat, previous)) if previous else None)
