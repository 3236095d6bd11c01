"""One key has one meaning: every format of a list or report holds the same values under the same names."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Cli

TODAY = ("--today", "2026-11-20")


@pytest.fixture
def won(cli: Cli) -> str:
    """A deal whose item comes to 100, that was to bring 90 by hand and was won for 80."""
    cli("customer", "add", "Nordwind")
    deal = cli(*TODAY, "opp", "add", "Chairs", "--customer", "nordwind", "--format", "ids").id
    cli("opp", "item", "add", deal, "--description", "chair", "--price", "100")
    cli("opp", "set", deal, "amount=90", "expected_close=2026-12-01")
    cli(*TODAY, "opp", "won", deal, "--amount", "80")
    return deal


def test_the_amount_of_a_won_deal_is_its_final_value_everywhere(cli: Cli, won: str) -> None:
    (listed,) = json.loads(cli("opp", "list", "--format", "json").out)
    assert json.loads(cli("opp", "list", "--format", "jsonl").out) == listed
    assert json.loads(cli("opp", "show", won, "--format", "json").out) == listed
    assert (listed["amount"], listed["items_amount"], listed["currency"]) == (80, 100, "EUR")
    (row,) = csv.DictReader(cli("opp", "list", "--format", "csv").out.splitlines())
    assert (row["amount"], row["items_amount"], row["currency"]) == ("80.00", "100.00", "EUR")
    assert (row["stage"], row["status"], row["customer"]) == ("qualify", "won", "nordwind")
    assert (row["expected_close"], row["closed_date"]) == ("2026-12-01", "2026-11-20")
    assert cli("opp", "list", "--format", "tsv").out.splitlines()[1].split("\t") == list(row.values())
    markdown = cli("opp", "list", "--format", "markdown").out
    assert "| EUR" in markdown
    assert "80.00 EUR" in markdown
    asked = cli("sql", "SELECT amount, items_amount, stage FROM opportunities", "--format", "csv").out
    assert asked.split() == ["amount,items_amount,stage", "80,100,qualify"]
    assert cli("opp", "list", "--where", "amount < 85 AND items_amount = 100", "--format", "ids").id == won
    assert cli("opp", "list", "--where", "amount > 85", "--format", "ids").out == ""


def test_a_page_shows_the_final_value_and_what_the_items_come_to(cli: Cli, won: str) -> None:
    assert "amount     80.00 EUR, the items come to 100.00 EUR" in cli("opp", "show", won).out
    assert " won    80.00 EUR  2026-11-20 " in cli("opp", "list").out
