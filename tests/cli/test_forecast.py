"""`forecast` from files to tables and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.reporting import deal

if TYPE_CHECKING:
    from tests.conftest import Cli

TEAMS = """\
users:
  ana-ruiz: {name: Ana Ruiz, email: ana@contoso.example, team: iberia}
  luis: {name: Luis Gil}
teams:
  iberia: {name: Iberia, manager: luis}
"""


pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def root(root: Path) -> Path:
    """A pipeline with a team, and a user outside of it."""
    settings = root / "pipecli.yaml"
    head, _, rest = settings.read_text().partition("users:")
    settings.write_text(f"{head}{TEAMS}{rest[rest.index('processes:') :]}")
    return root


def asked(cli: Cli, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("forecast", *options, "--format", "json").out)
    return found


def test_the_table_has_a_row_a_month_and_says_what_lacks_a_date_or_an_amount(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1000.10\nexpected_close: 2026-12-15")
    deal(root, "amount: 500\nexpected_close: 2026-11-01", stage="demo")
    deal(root, "amount: 20")
    deal(root, "expected_close: 2026-12-20")
    deal(root, "closed: {date: 2026-11-03, amount: 750.5}", status="won")
    deal(root, "closed: {date: 2026-10-31, amount: 1}", status="won")
    deal(root, "closed: {date: 2026-11-03, reason: price}", status="lost")

    assert cli("forecast").out == (
        "Forecast by month in EUR on 2026-11-21; won from 2026-11-01\n"
        "\n"
        "MONTH         OPEN    AMOUNT  WEIGHTED  WON  WON AMOUNT\n"
        "------------  ----  --------  --------  ---  ----------\n"
        "overdue          1    500.00    125.00    0        0.00\n"
        "2026-11          0      0.00      0.00    1      750.50\n"
        "2026-12          2  1,000.10    500.05    0        0.00\n"
        "without date     1     20.00     10.00    0        0.00\n"
        "total            4  1,520.10    635.05    1      750.50\n"
        "\n"
        "in all, 1 open deal without an amount: counted as 0\n"
    )


def test_json_has_rows_totals_and_what_is_apart(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1000.10\nexpected_close: 2026-12-15")
    deal(root, "amount: 7\nexpected_close: 2026-11-01")

    out = cli("forecast", "--by", "stage", "--format", "json").out

    assert '"amount": 1007.10' in out
    assert json.loads(out) == {
        "by": "stage",
        "currency": "EUR",
        "today": "2026-11-21",
        "from": "2026-11-01",
        "to": None,
        "rows": [
            {
                "key": "propose",
                "name": "Propose",
                "process": "standard",
                "open_count": 2,
                "amount": 1007.10,
                "weighted": 503.55,
                "won_count": 0,
                "won_amount": 0,
                "won_without_amount_count": 0,
                "overdue_count": 1,
                "without_date_count": 0,
                "without_amount_count": 0,
            }
        ],
        "totals": {
            "open_count": 2,
            "amount": 1007.10,
            "weighted": 503.55,
            "won_count": 0,
            "won_amount": 0,
            "won_without_amount_count": 0,
            "overdue_count": 1,
            "without_date_count": 0,
            "without_amount_count": 0,
        },
        "overdue": {"open_count": 1, "amount": 7.00, "weighted": 3.50},
        "without_date": {"open_count": 0, "amount": 0, "weighted": 0},
        "without_amount": {"open_count": 0},
        "on_hold": {"open_count": 0, "amount": 0, "weighted": 0},
    }


def test_by_team_each_team_has_its_manager_and_those_without_a_team_a_row(root: Path, cli: Cli) -> None:
    deal(root, "amount: 10")
    deal(root, "amount: 30", owner="luis")

    rows = asked(cli, "--by", "team")["rows"]

    assert [(row["key"], row.get("name"), row["manager"], row["amount"]) for row in rows] == [
        ("iberia", "Iberia", "Luis Gil", 10),
        (None, None, None, 30),
    ]
    assert "without team" in cli("forecast", "--by", "team").out


def test_owner_team_and_mine_count_only_some(root: Path, cli: Cli) -> None:
    deal(root, "amount: 10")
    deal(root, "amount: 30", owner="luis")
    deal(root, "amount: 500\nshared_with: [iberia]", owner="luis")

    amounts = [
        asked(cli, *option)["totals"]["amount"]
        for option in (["--owner", "luis"], ["--team", "iberia"], ["--mine"])
    ]

    assert amounts == [530, 10, 510]


def test_a_probability_set_by_hand_counts_before_that_of_the_stage(root: Path, cli: Cli) -> None:
    deal(root, "amount: 10\nprobability: 80")

    assert asked(cli)["totals"]["weighted"] == 8


def test_from_and_to_take_periods(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1\nexpected_close: 2026-12-31")
    deal(root, "amount: 10\nexpected_close: 2027-01-01")
    deal(root, "amount: 100\nexpected_close: 2027-04-01")
    deal(root, "amount: 1000\nexpected_close: 2026-01-01")
    deal(root, "amount: 10000")

    first_quarter = asked(cli, "--from", "2027-Q1", "--to", "2027-Q1")

    assert (first_quarter["from"], first_quarter["to"]) == ("2027-01-01", "2027-03-31")
    assert first_quarter["totals"]["amount"] == 10
    assert (first_quarter["overdue"]["amount"], first_quarter["without_date"]["amount"]) == (1000, 10000)
    assert asked(cli, "--to", "2027-Q1")["totals"]["amount"] == 1011
    assert "in all, 1 open deal overdue: 1,000.00 EUR" in cli("forecast", "--from", "2027").out


def test_other_currencies_come_in_by_their_rate_and_go_out_in_the_one_asked_for(root: Path, cli: Cli) -> None:
    deal(root, "amount: 100", currency="USD")
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text() + "\nexchange_rates: {USD: {2026-01-01: 0.8}}\n")

    assert asked(cli)["totals"]["amount"] == 80
    assert asked(cli, "--currency", "usd")["totals"]["amount"] == 100


def test_a_missing_rate_is_an_error_that_names_it(root: Path, cli: Cli) -> None:
    deal(root, "amount: 100", currency="USD")
    key = cli("opp", "list", "--format", "ids").id

    for words in ("forecast", "opp board", "report pipeline"):
        said = cli(*words.split(), code=1)
        assert said.err == (
            f"error: no exchange rate from USD to EUR on or before 2026-11-21, for {key}; "
            "add one: pipecli settings set exchange_rates.USD.2026-11-21=RATE\n"
        ), words
        assert '"code": "no-exchange-rate"' in cli(*words.split(), "--format", "json", code=1).err, words


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--by", "moon"], 2, '"moon" must be one of month, quarter, stage'),
        (["--owner", "nobody"], 1, "unknown user nobody; known: ana-ruiz, luis (Luis Gil)"),
        (["--team", "nobody"], 1, "unknown team nobody"),
        (["--from", "2027", "--to", "2026"], 1, "--from 2027-01-01 is after --to 2026-12-31"),
        (["--from", "someday"], 1, '"someday" isn\'t a period'),
        (["--currency", "dollars"], 1, '--currency: "dollars" isn\'t a currency code; write one like EUR'),
    ],
)
def test_what_nobody_can_answer_is_refused(cli: Cli, options: list[str], code: int, words: str) -> None:
    assert words in cli("forecast", *options, code=code).err


def test_a_broken_opportunity_stops_it_rather_than_making_a_smaller_total(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1")
    deal(root, "amount: lots")

    said = cli("forecast", code=1)

    assert ":9: amount: must be a number" in said.err
    assert said.out == ""


def test_other_formats_have_the_rows_alone(root: Path, cli: Cli) -> None:
    deal(root, "amount: 1000\nexpected_close: 2026-12-31")

    assert cli("forecast", "--format", "ids").out == "2026-12\n"
    assert cli("forecast", "--format", "csv").out.splitlines() == [
        "key,open_count,amount,weighted,won_count,won_amount,currency",
        "2026-12,1,1000.00,500.00,0,0.00,EUR",
    ]
