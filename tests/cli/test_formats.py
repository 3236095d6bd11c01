"""One key has one meaning: every format of a list or report holds the same values under the same names."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Cli

KEPT = Path(__file__).parents[2] / "sample-pipeline"
SAMPLE_DAY = "2026-11-21"

TODAY = ("--today", "2026-11-20")


@pytest.fixture(scope="module")
def sample(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as it is kept, in one commit."""
    root = shutil.copytree(KEPT, tmp_path_factory.mktemp("formats") / "sample")
    environment = {**os.environ, "HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "sample"]):
        subprocess.run(["git", *command], cwd=root, check=True, env=environment)
    return root


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
    (listed,) = json.loads(cli("opp", "list", "--all", "--format", "json").out)
    assert cli("opp", "list", "--format", "jsonl").out == ""
    assert json.loads(cli("opp", "list", "--all", "--format", "jsonl").out) == listed
    assert json.loads(cli("opp", "show", won, "--format", "json").out) == listed
    assert (listed["amount"], listed["items_amount"], listed["currency"]) == (80, 100, "EUR")
    (row,) = csv.DictReader(cli("opp", "list", "--all", "--format", "csv").out.splitlines())
    assert (row["amount"], row["items_amount"], row["currency"]) == ("80.00", "100.00", "EUR")
    assert (row["stage"], row["status"], row["customer"]) == ("qualify", "won", "nordwind")
    assert (row["expected_close"], row["closed_date"]) == ("2026-12-01", "2026-11-20")
    tsv = cli("opp", "list", "--all", "--format", "tsv").out.splitlines()
    assert tsv[1].split("\t") == list(row.values())
    markdown = cli("opp", "list", "--status", "won", "--format", "markdown").out
    assert "| EUR" in markdown
    assert "80.00 EUR" in markdown
    asked = cli("sql", "SELECT amount, items_amount, stage FROM opportunities", "--format", "csv").out
    assert asked.split() == ["amount,items_amount,stage", "80,100,qualify"]
    assert cli("opp", "list", "--where", "amount < 85 AND items_amount = 100", "--format", "ids").id == won
    assert cli("opp", "list", "--where", "amount > 85", "--format", "ids").out == ""


def test_a_page_shows_the_final_value_and_what_the_items_come_to(cli: Cli, won: str) -> None:
    assert "amount     80.00 EUR, the items come to 100.00 EUR" in cli("opp", "show", won).out
    assert " won         80.00  2026-11-20 " in cli("opp", "list", "--all").out


# Every list and report


LISTS = [
    "opp list", "lead list", "quote list", "order list", "supplier-quote list", "customer list",
    "contact list", "supplier list", "competitor list", "product list", "price-list list",
    "literature list", "activity list",
    "user list", "team list", "followups --due +60d", "opp item list {deal}", "opp contact list {deal}",
    "opp step list {deal}", "lead dupes",
]  # fmt: skip
REPORTS = [
    *(f"forecast --by {by}" for by in ("month", "quarter", "stage", "owner", "team", "product", "manager")),
    "forecast --compare HEAD", "report lost", "report lost --by competitor", "report lost --trend month",
    "report funnel", "report velocity", "report velocity --by owner", "report ranking", "report pipeline",
    "report activity", "report stale", "report stale --by owner", "report first-response",
]  # fmt: skip
WITHOUT_MONEY = ("report activity", "report first-response")
MONEY = ("amount", "total", "weighted", "cost", "margin")


@pytest.mark.parametrize("command", [*LISTS, *REPORTS])
def test_all_formats_hold_the_same_figures(cli: Cli, sample: Path, command: str) -> None:
    def read(fmt: str) -> str:
        words = command.format(deal=deal).split()
        return cli("-C", str(sample), "--today", SAMPLE_DAY, *words, "--format", fmt).out

    deal = cli("-C", str(sample), "opp", "list", "--status", "won", "--format", "ids").out.split()[0]
    whole = json.loads(read("json"), parse_float=Decimal)
    records = whole if isinstance(whole, list) else whole["rows"]
    header, *rows = csv.reader(io.StringIO(read("csv")))
    assert len(rows) == len(records)
    assert [line.split("\t") for line in read("tsv").splitlines()] == [header, *rows]
    for row, record in zip(rows, records, strict=True):
        fields = {**record, **record.get("categories", {})}
        for key, cell in zip(header, row, strict=True):
            if key in fields:
                assert plain(cell) == plain(fields[key]), key
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in read("markdown").splitlines()]
    assert len(lines[0]) == len(header)
    for row, drawn in zip(rows, lines[2:], strict=True):
        for key, cell, shown in zip(header, row, drawn, strict=True):
            if key.endswith(MONEY) and number(cell) is not None:
                assert number(shown) == number(cell), key
    has_money = any(key.endswith(MONEY) for key in header) or command in REPORTS
    if has_money and command not in WITHOUT_MONEY:
        currencies = [record.get("currency", "EUR") for record in records]
        assert [row[header.index("currency")] for row in rows] == currencies


def plain(value: object) -> object:
    """A value as any format may write it: nothing, yes or no, a number, a list, a text."""
    if value in (None, "", []):
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).removeprefix("'")
    return text if number(text) is None else number(text)


def number(text: str) -> Decimal | None:
    match = re.fullmatch(r"~?([-+]?[\d,]+(?:\.\d+)?)(?: [A-Z]{3}| %| days)?", text.strip())
    return Decimal(match[1].replace(",", "")) if match else None


def test_the_categories_of_a_forecast_are_in_every_format(cli: Cli, sample: Path) -> None:
    def read(fmt: str) -> str:
        return cli("-C", str(sample), "--today", SAMPLE_DAY, "forecast", "--format", fmt).out

    rows = list(csv.DictReader(io.StringIO(read("csv"))))
    whole = json.loads(read("json"), parse_float=Decimal)
    for name in ("commit", "best-case", "pipeline"):
        assert sum(Decimal(row[name]) for row in rows) == whole["totals"]["categories"][name], name
    assert sum(Decimal(row["commit"]) for row in rows) > 0


def test_a_quote_at_the_start_of_a_cell_of_tsv_hides_nothing_behind_it(cli: Cli) -> None:
    """A spreadsheet reads on to the next quote, over cells and lines, and runs what is within."""
    titles = ['"=1+1"', '"open', '17" screen']
    for title in titles:
        cli("opp", "add", title)
    listed = cli("opp", "list", "--format", "tsv").out
    read = csv.DictReader(io.StringIO(listed), delimiter="\t")
    assert sorted(row["title"] for row in read) == sorted(titles)
    assert '\t17" screen\t' in listed  # as a script that splits at tabs reads it
