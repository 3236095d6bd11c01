"""The mapping file: every fault of it is told with its line before a row is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.importing import DEALS, Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")


FAULTY = """\
external_id: Ref
date: "%d/%q"
columns:
  title: titel
  account: {to: closed}
  closed: {to: closed.date, when: {stag: Won}, date: "%d-%m"}
  stage: {values: {Won: {statu: won}, Lost: lost}}
templates: {title: "{product for {account}"}
set: {amount: much}
ignore: [nothing]
"""


def test_every_fault_of_a_mapping_is_told_with_its_line(cli: Cli, root: Path, git: Git) -> None:
    before = state(git)
    said = cli("import", "opp", write("deals.csv", DEALS), "--map", write("map.yaml", FAULTY), code=1)
    assert said.err.splitlines() == [
        "map.yaml:2: date: %q isn't one of %A %B %H %I %M %S %Y %a %b %d %f %j %m %p %y %z",
        'map.yaml:4: opportunities have no field "titel"; did you mean "title"?',
        "map.yaml:5: closed has fields of its own: closed.date, closed.amount, closed.stage, "
        "closed.quotation, closed.reasons, closed.competitors, closed.detail",
        'map.yaml:6: deals.csv has no column "stag"; did you mean "stage"?',
        'map.yaml:6: date: "%d-%m" has no year; write a format as %d.%m.%Y',
        'map.yaml:7: opportunities have no field "statu"; did you mean "status"?',
        "map.yaml:7: Lost: must be a map of fields, or `to` above",
        'map.yaml:8: "{product for {account}": a brace has no partner; write {{ for one that is meant',
        'map.yaml:9: amount: "much" isn\'t an amount',
        'map.yaml:10: deals.csv has no column "nothing"; it has ref, title, account, rep, product, stage, '
        "opened, closed, value",
        'error: map.yaml:1: deals.csv has no column "Ref"; did you mean "ref"? (and 10 more)',
    ]
    assert state(git) == before


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("colums: {}\n", 'map.yaml:1: unknown key "colums", did you mean "columns"?'),
        ("columns:\n  title: {}\n", "map.yaml:2: columns.title: a column needs `to`"),
        ("make: [customers]\n", "map.yaml:1: make.1: "),
        ("columns: {a: b: c\n", "map.yaml:1: opens a { that is never closed"),
    ],
)
def test_a_mapping_of_another_form_is_refused_with_its_line(
    cli: Cli, root: Path, git: Git, mapping: str, said: str
) -> None:
    before = state(git)
    found = cli("import", "opp", write("d.csv", DEALS), "--map", write("map.yaml", mapping), code=1)
    assert said in found.err
    assert found.err.count("error:") == 1
    assert state(git) == before


def test_an_amount_is_multiplied_by_a_column_that_there_is_and_nothing_else_is(cli: Cli, root: Path) -> None:
    rows = write("d.csv", 'T,Each,Pieces\nSaw,"1,50","2,5"\nAxe,"2,00",\nBow,"2,00",two\n')
    mapping = "columns:\n  T: title\n  Each: {to: amount, times: Pieces}\n"
    told = cli("import", "opp", rows, "--map", write("map.yaml", mapping), code=1).out
    amounts = {
        deal["title"]: deal["amount"] for deal in json.loads(cli("opp", "list", "--format", "json").out)
    }
    assert amounts == {"Saw": 3.75, "Axe": 2}
    assert 'Each: "two" isn\'t an amount' in told
    found = cli("import", "opp", rows, "--map", write("m.yaml", mapping.replace("Pieces", "Piece")), code=1)
    assert 'm.yaml:3: d.csv has no column "Piece"; did you mean "Pieces"?' in found.err
    wrong = mapping.replace("title", "{to: title, times: Pieces}")
    found = cli("import", "opp", rows, "--map", write("m.yaml", wrong), code=1)
    assert "m.yaml:2: times: title is no amount" in found.err


def test_the_mapping_that_the_documentation_shows_works(cli: Cli, dollar_shop: Path) -> None:
    documentation = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    mapping = (
        documentation.split("```yaml\n")[1].split("```")[0].replace("GTXPro: GTX Pro", "Cafe: Cafe S-100")
    )
    rows = (
        "Row number;Deal ID;Account;Rep;Product;Stage;Closed on;Value;Score\n"
        "1;D-1;Contoso;Luis Ortega;Cafe;Lost;01.09.26;1.234,56 €;80\n"
        "2;D-2;;ana@contoso.example;Cafe S-100;Open;01.09.2026;1.000;\n"
    )
    prices = (
        (dollar_shop / "price-lists/retail-usd.yaml").read_text().replace("usd", "eur").replace("USD", "EUR")
    )
    (dollar_shop / "price-lists/retail-eur.yaml").write_text(prices)
    told = json.loads(
        cli(
            "import",
            "opp",
            write("deals.csv", rows),
            "--map",
            write("map.yaml", mapping),
            "--format",
            "json",
            code=1,
        ).out
    )
    assert [each["reason"] for each in told["reasons"]] == [
        'Closed on: "01.09.26" isn\'t a date of the form %d/%m/%Y'
    ]
    cli("import", "opp", write("deals.csv", rows.replace("01.09.26;", "01/09/2026;")), "--map", "map.yaml")
    lost, open_ = (deals(dollar_shop)[ref] for ref in ("D-1", "D-2"))
    assert (lost["title"], lost["owner"], lost["amount"]) == (
        "Cafe S-100 for Contoso",
        "luis-ortega",
        1234.56,
    )
    assert lost["closed"] == {"date": "2026-09-01", "reasons": ["price"]}
    assert (open_["title"], open_["expected_close"], open_["amount"]) == ("Cafe S-100", "2026-09-01", 1000)
