"""`report lost` from files to tables and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.reporting import RATES, deal, lost, staff, won

if TYPE_CHECKING:
    from tests.conftest import Cli


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    return staff(root, RATES)


def asked(cli: Cli, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("report", "lost", *options, "--format", "json").out)
    return found


def test_the_reasons_stand_with_their_shares_and_what_they_are_of(root: Path, cli: Cli) -> None:
    lost(root, "2026-05-02", "100.10")
    lost(root, "2026-08-02", "200")
    lost(root, "2026-11-02", "700", "reason: competitor, competitor: acme")
    lost(root, "2026-11-03", closed="reason: timing")
    won(root, "2026-11-04", "5000")
    deal(root, "amount: 3\nclosed: {date: 2026-11-05, reason: no-response}", status="closed")
    deal(root, "amount: 9999")

    assert cli("report", "lost").out == (
        "Lost deals by reason in EUR\n"
        "\n"
        "REASON      LOST     SHARE    AMOUNT  OF AMOUNT\n"
        "----------  ----  --------  --------  ---------\n"
        "price          2   50.00 %    300.10    30.01 %\n"
        "competitor     1   25.00 %    700.00    69.99 %\n"
        "timing         1   25.00 %      0.00     0.00 %\n"
        "total          4  100.00 %  1,000.10   100.00 %\n"
        "\n"
        "share: of the lost deals\n"
        "1 deal without an amount: counted as 0\n"
        "apart, 1 deal closed without an answer: 3.00 EUR\n"
    )


def test_json_says_what_each_percentage_is_of(root: Path, cli: Cli) -> None:
    lost(root, "2026-05-02", "100.10")
    won(root, "2026-11-04", "5000")
    won(root, "2026-11-05", "1", owner="luis")

    assert asked(cli, "--by", "owner", "--from", "2026") == {
        "by": "owner",
        "trend": None,
        "currency": "EUR",
        "from": "2026-01-01",
        "to": None,
        "bases": {"share": "lost deals", "win_rate": "won and lost deals"},
        "totals": {
            "lost_count": 1,
            "share": 100,
            "lost_amount": 100.10,
            "amount_share": 100,
            "won_count": 2,
            "won_amount": 5001,
            "won_without_amount_count": 0,
            "win_rate": 66.67,
            "without_amount_count": 0,
        },
        "closed": {"closed_count": 0, "closed_amount": 0},
        "rows": [
            {
                "key": "ana-ruiz",
                "name": "Ana Ruiz",
                "lost_count": 1,
                "share": 100,
                "lost_amount": 100.10,
                "amount_share": 100,
                "won_count": 1,
                "won_amount": 5000,
                "won_without_amount_count": 0,
                "win_rate": 50,
                "without_amount_count": 0,
            },
            {
                "key": "luis",
                "name": "Luis Gil",
                "lost_count": 0,
                "share": 0,
                "lost_amount": 0,
                "amount_share": 0,
                "won_count": 1,
                "won_amount": 1,
                "won_without_amount_count": 0,
                "win_rate": 100,
                "without_amount_count": 0,
            },
        ],
    }


def test_a_trend_has_a_column_a_period_with_the_share_and_the_win_rate_below(root: Path, cli: Cli) -> None:
    for day in ("2026-04-01", "2026-06-30", "2026-07-01"):
        lost(root, day, "10")
    lost(root, "2026-07-02", "10", "reason: timing")
    won(root, "2026-07-03", "10")

    assert cli("report", "lost", "--trend", "quarter").out == (
        "Lost deals by reason and quarter in EUR\n"
        "\n"
        "REASON    2026-Q2  2026-Q3  LOST\n"
        "--------  -------  -------  ----\n"
        "price      2 100%   1  50%     3\n"
        "timing              1  50%     1\n"
        "total      2 100%   2 100%     4\n"
        "win rate       0%      33%   20%\n"
        "\n"
        "share: of the deals lost in the quarter; win rate: of the won and the lost\n"
    )
    rows = asked(cli, "--trend", "quarter")["rows"]
    assert [(row["key"], row["period"], row["lost_count"], row["share"]) for row in rows] == [
        ("price", "2026-Q2", 2, 100),
        ("price", "2026-Q3", 1, 50),
        ("timing", "2026-Q3", 1, 50),
    ]
    assert cli("report", "lost", "--trend", "month", "--format", "csv").out.splitlines()[:2] == [
        "key,period,lost_count,share,lost_amount,amount_share,currency",
        "price,2026-04,1,100.00,10.00,100.00,EUR",
    ]


def test_a_long_trend_keeps_its_newest_periods_on_a_narrow_terminal(
    root: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for month in range(1, 13):
        lost(root, f"2025-{month:02}-01", "10")

    said = cli("report", "lost", "--trend", "month")

    assert "no room in 80 columns for: 2025-01, 2025-02" in said.err
    assert said.out.splitlines()[2].split()[-2:] == ["2025-12", "LOST"]
    assert max(map(len, said.out.splitlines())) <= 80


def test_a_competitor_counts_under_its_file_s_name_however_it_is_spelt(root: Path, cli: Cli) -> None:
    (root / "competitors").mkdir()
    (root / "competitors/acme.yaml").write_text("id: acme\nname: Acme Inc\n")
    lost(root, "2026-05-02", "1", "reason: competitor, competitor: acme")
    lost(root, "2026-05-03", "1", "reason: competitor, competitor: ACME inc")
    lost(root, "2026-05-03", "1", "reason: competitor, competitor: Beans")
    won(root, "2026-05-04", "1")
    deal(root, "competitors: [Acme, beans]\nclosed: {date: 2026-05-05, amount: 7}", status="won")

    rows = asked(cli, "--by", "competitor")["rows"]

    assert [(row["key"], row.get("name"), row["lost_count"], row["won_count"]) for row in rows] == [
        ("acme", "Acme Inc", 2, 1),
        ("Beans", None, 1, 1),
        (None, None, 0, 1),
    ]


def test_the_products_of_a_deal_share_its_amount_and_the_total_has_it_once(root: Path, cli: Cli) -> None:
    items = "items:\n" + "".join(
        f"- {{description: x, {product}quantity: 1, unit_price: 10}}\n"
        for product in ("product: cafe, ", "product: molino, ", "")
    )
    lost(root, "2026-05-02", "100", extra=items)

    made = asked(cli, "--by", "product")

    assert sorted((row["key"] or "", row["lost_count"], row["lost_amount"]) for row in made["rows"]) == [
        ("", 1, 33.33),
        ("cafe", 1, 33.33),
        ("molino", 1, 33.34),
    ]
    assert (made["totals"]["lost_count"], made["totals"]["lost_amount"]) == (1, 100)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("source", ["web", None]),
        ("team", ["export", "iberia", None]),
        ("type", ["sales"]),
        ("customer", [None]),
        ("process", ["standard"]),
        ("stage", ["demo", "propose"]),
        ("month", ["2026-05", "2026-10"]),
        ("quarter", ["2026-Q2", "2026-Q4"]),
    ],
)
def test_each_grouping_has_its_keys(root: Path, cli: Cli, by: str, keys: list[str]) -> None:
    lost(root, "2026-05-02", "1", extra="source: web\n", owner="sara")
    lost(root, "2026-05-02", "1", extra="source: web\n", owner="sara")
    lost(root, "2026-10-02", "1", stage="demo")
    lost(root, "2026-10-03", "1", owner=None)

    made = asked(cli, "--by", by)

    assert [row["key"] for row in made["rows"]] == keys
    assert sum(row["lost_count"] for row in made["rows"]) == 4


def test_a_deal_counts_at_the_rate_of_the_day_it_was_closed(root: Path, cli: Cli) -> None:
    lost(root, "2026-10-31", "100", currency="USD")
    lost(root, "2026-11-01", "100", currency="USD")

    assert asked(cli)["totals"]["lost_amount"] == 170
    assert asked(cli, "--currency", "USD")["totals"]["lost_amount"] == 200


def test_a_missing_rate_names_the_deal(root: Path, cli: Cli) -> None:
    lost(root, "2025-12-31", "100", currency="USD", key="OPP-2Q8XA")

    assert cli("report", "lost", code=1).err == (
        "error: no exchange rate from USD to EUR on or before 2025-12-31, for OPP-2Q8XA; "
        "add one: pipecli settings set exchange_rates.USD.2025-12-31=RATE\n"
    )


def test_owner_team_mine_and_days_count_only_some(root: Path, cli: Cli) -> None:
    lost(root, "2026-05-02", "1")
    lost(root, "2026-05-03", "10", owner="luis")
    lost(root, "2026-10-02", "100", owner="sara")

    amounts = [
        asked(cli, *options.split())["totals"]["lost_amount"]
        for options in ("--owner luis", "--team iberia", "--mine", "--from 2026-Q4", "--to 2026-05-02")
    ]

    assert amounts == [10, 11, 1, 100, 1]


def test_as_of_reports_what_was_lost_then(root: Path, cli: Cli, git: Any) -> None:
    git("add", ".")
    git("commit", "-qm", "before")
    lost(root, "2026-05-02", "1")

    assert asked(cli)["totals"]["lost_count"] == 1
    assert asked(cli, "--as-of", "HEAD")["totals"]["lost_count"] == 0


def test_without_deals_there_is_a_line_and_well_formed_json(root: Path, cli: Cli) -> None:
    assert cli("report", "lost").out == "Lost deals by reason in EUR\n\nno deal was lost\n"
    assert asked(cli, "--trend", "month")["rows"] == []
    assert cli("report", "lost", "--format", "ids").out == ""


def test_ids_are_the_keys_once_each(root: Path, cli: Cli) -> None:
    for day in ("2026-05-02", "2026-06-02"):
        lost(root, day, "1")

    assert cli("report", "lost", "--trend", "month", "--format", "ids").out == "price\n"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("--by moon", 2, '"moon" must be one of reason, competitor'),
        ("--trend week", 2, '"week" must be one of month, quarter'),
        ("--trend month --by month", 2, "--by month is a trend already"),
        ("--owner nobody", 1, "unknown user nobody"),
        ("--from 2027 --to 2026", 1, "--from 2027-01-01 is after --to 2026-12-31; swap them"),
        ("--currency euros", 1, '--currency: "euros" isn\'t a currency code'),
    ],
)
def test_what_nobody_can_answer_is_refused(cli: Cli, options: str, code: int, words: str) -> None:
    assert words in cli("report", "lost", *options.split(), code=code).err
