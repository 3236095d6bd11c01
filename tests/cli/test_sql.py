"""`sql`: a person's question over the index, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.records_given import activity_text, deal_text

if TYPE_CHECKING:
    from tests.conftest import Cli


@pytest.fixture
def root(root: Path) -> Path:
    """A pipeline with three products."""
    (root / "products").mkdir()
    for sku, cost in (("cafe", "0.1"), ("molino", "0.2"), ("taza", "1000")):
        (root / "products" / f"{sku}.yaml").write_text(f"sku: {sku}\nname: {sku.title()}\ncost: {cost}\n")
    return root


def test_a_question_is_answered_in_a_table(cli: Cli) -> None:
    assert cli("sql", "SELECT sku, cost FROM products ORDER BY sku").out == (
        "sku      cost\n"
        "------  -----\n"
        "cafe      0.1\n"
        "molino    0.2\n"
        "taza    1,000\n"
    )  # fmt: skip


def test_a_sum_of_floats_looks_right(cli: Cli) -> None:
    question = "SELECT sum(cost) AS cost FROM products WHERE sku <> 'taza'"

    assert cli("sql", question, "--format", "csv").out == "cost\r\n0.3\r\n"
    assert cli("sql", question, "--format", "json").out == '[\n  {"cost": 0.3}\n]\n'


def test_columns_of_one_name_stay_apart_in_json(cli: Cli) -> None:
    (row,) = json.loads(
        cli("sql", "SELECT 1 AS id, 2 AS id, 3 AS id, x'0aff' AS raw", "--format", "json").out
    )

    assert row == {"id": 1, "id_2": 2, "id_3": 3, "raw": "0aff"}


def test_ids_is_the_first_column(cli: Cli) -> None:
    assert cli("sql", "SELECT sku, name FROM products", "--format", "ids").out == "cafe\nmolino\ntaza\n"


def test_tables_lists_what_can_be_asked_about_and_nothing_of_ours(cli: Cli) -> None:
    tables = {
        each["table"]: each["columns"] for each in json.loads(cli("sql", "--tables", "--format", "json").out)
    }

    assert tables["stakeholders"] == ["path", "opportunity", "contact", "role", "primary"]
    assert "weighted" in tables["opportunities"]
    assert not [name for name in tables if name.startswith(("_", "sqlite"))]
    assert cli("sql", "--tables").out.startswith("activities ")


@pytest.mark.parametrize("table", ["leads", "opportunities", "quotations", "orders", "price_lists", "users"])
def test_every_table_can_be_read(cli: Cli, table: str) -> None:
    cli("sql", f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ("SELECT * FROM deals", 1, "no such table: deals"),
        ("SELECT colour FROM products", 1, "no such column: colour"),
        ("SELECT stage FROM products", 1, "stage is a column of "),
        ("DROP TABLE products", 1, "only questions can be asked"),
        ("SELECT 9e999", 1, "Infinity isn't a number that JSON can hold"),
    ],
)
def test_what_can_not_be_answered_is_said_in_one_line(cli: Cli, question: str, code: int, words: str) -> None:
    said = cli("sql", question, "--format", "json", code=code)

    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_without_a_question_it_says_how(cli: Cli) -> None:
    assert "write a query, or give --tables" in cli("sql", code=2).err


def test_a_broken_file_stops_the_questions_about_its_kind_only(root: Path, cli: Cli) -> None:
    (root / "suppliers").mkdir()
    (root / "suppliers" / "acme.yaml").write_text("id: acme\n")

    assert "suppliers/acme.yaml:" in cli("sql", "SELECT count(*) FROM suppliers", code=1).err
    assert "suppliers/acme.yaml:" in cli("sql", "SELECT count(*) FROM items", code=1).err
    assert cli("sql", "SELECT count(*) AS n FROM products", "--format", "ids").out == "3\n"


def test_the_last_word_of_either_side_is_a_column(cli, deal):
    words = (("AAAAA", "2026-11-03", "in"), ("BBBBB", "2026-11-05", "out"), ("CCCCC", "2026-11-07", "in"))
    activities = "".join(activity_text(key, day, direction=direction) for key, day, direction in words)
    planned = activity_text("DDDDD", "2026-11-09", done="false")
    deal(text=deal_text(more=f"activities:\n{activities}{planned}"))

    answer = cli("sql", "SELECT last_in, last_out, open_activities FROM opportunities", "--format", "csv").out

    assert answer.splitlines()[1] == "2026-11-07,2026-11-05,1"
