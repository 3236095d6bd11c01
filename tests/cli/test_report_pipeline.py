"""`report pipeline` from files to tables and JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipecli.cli.common.table import display_width, rounded_to_three
from tests.reporting import RATES, deal, staff, won

if TYPE_CHECKING:
    from tests.conftest import Cli


pytestmark = pytest.mark.usefixtures("today", "narrow")


@pytest.fixture
def root(root: Path) -> Path:
    return staff(root, RATES)


def asked(cli: Cli, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("report", "pipeline", *options, "--format", "json").out)
    return found


def test_the_matrix_has_a_line_an_owner_and_a_column_a_stage(root: Path, cli: Cli) -> None:
    deal(root, "amount: 125000")
    deal(root, "amount: 1000.25", stage="qualify")
    deal(root, "amount: 99.40", stage="commit", owner="sara")
    deal(root, "amount: 250", owner=None)
    deal(root, "", owner="luis")
    won(root, "2026-11-05", "1")

    assert cli("report", "pipeline").out == (
        "Open deals by stage and owner in EUR on 2026-11-21\n"
        "\n"
        "OWNER          QUALIFY  DEMO  PROPOSE  NEGOTIATE  COMMIT   TOTAL  WEIGHTED\n"
        "-------------  -------  ----  -------  ---------  ------  ------  --------\n"
        "Ana Ruiz          1 1k         1 125k                     2 126k     62.6k\n"
        "\u2068سارا احمدی\u2069                                          1 99  1   99        89\n"
        "Luis Gil                       1    0                     1    0         0\n"
        "without owner                  1  250                     1  250       125\n"
        "total             1 1k         3 125k               1 99  5 126k     62.8k\n"
        "\n"
        "in all, 5 open deals: 126,349.65 EUR, weighted 62,814.49 EUR\n"
        "1 open deal without an amount: counted as 0\n"
    )


def test_json_has_the_cells_and_the_sums_of_both_sides(root: Path, cli: Cli) -> None:
    deal(root, "amount: 10.50")
    deal(root, "amount: 20", stage="demo")

    made = asked(cli, "--by", "team")

    assert made["rows"] == [
        {
            "key": "iberia", "name": "Iberia", "process": "standard", "stage": "demo", "stage_name": "Demo",
            "open_count": 1, "amount": 20, "weighted": 5, "without_amount_count": 0,
        },
        {
            "key": "iberia", "name": "Iberia", "process": "standard", "stage": "propose",
            "stage_name": "Propose", "open_count": 1, "amount": 10.5, "weighted": 5.25,
            "without_amount_count": 0,
        },
    ]  # fmt: skip
    assert made["totals"] == {"open_count": 2, "amount": 30.5, "weighted": 10.25, "without_amount_count": 0}
    (process,) = made["processes"]
    assert [(each["key"], each["amount"]) for each in process["keys"]] == [("iberia", 30.5)]
    assert [(each["stage"], each["open_count"]) for each in process["stages"]] == [
        ("qualify", 0),
        ("demo", 1),
        ("propose", 1),
        ("negotiate", 0),
        ("commit", 0),
    ]


def test_where_the_stages_have_no_room_it_is_a_list(
    root: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "55")
    deal(root, "amount: 125000")
    deal(root, "amount: 1000.25", stage="qualify")
    for stage in ("demo", "negotiate", "commit"):
        deal(root, "amount: 0", stage=stage)

    assert cli("report", "pipeline").out.splitlines()[2:11] == [
        "OWNER     STAGE       DEALS      AMOUNT   WEIGHTED",
        "--------  ----------  -----  ----------  ---------",
        "Ana Ruiz  Qualify         1    1,000.25     100.03",
        "          Demo            1        0.00       0.00",
        "          Propose         1  125,000.00  62,500.00",
        "          Negotiate       1        0.00       0.00",
        "          Commit          1        0.00       0.00",
        "          all stages      5  126,000.25  62,600.03",
        "total                     5  126,000.25  62,600.03",
    ]


def test_each_process_has_a_matrix_of_its_own(root: Path, cli: Cli) -> None:
    settings = root / "pipecli.yaml"
    text = settings.read_text(encoding="utf-8")
    agency = "  agency:\n    stages: [{id: asked, name: Asked, probability: 100}]\n"
    settings.write_text(text.replace("\nopportunity_types", f"{agency}\nopportunity_types"), encoding="utf-8")
    deal(root, "amount: 10")
    file = root / "opportunities/2026" / f"{deal(root, 'amount: 5', stage='asked')}-deal.yaml"
    file.write_text(file.read_text().replace("process: standard", "process: agency"))

    out = cli("report", "pipeline").out

    assert [line for line in out.splitlines() if line.startswith("process")] == [
        "process standard",
        "process agency",
    ]
    assert "in all, 2 open deals: 15.00 EUR, weighted 10.00 EUR" in out


def test_months_stand_in_their_order_and_days_bound_the_expected_close(root: Path, cli: Cli) -> None:
    deal(root, "amount: 10\nexpected_close: 2026-12-31")
    deal(root, "amount: 20\nexpected_close: 2027-01-01")
    deal(root, "amount: 30")

    assert [each["key"] for each in asked(cli, "--by", "month")["processes"][0]["keys"]] == [
        "2026-12",
        "2027-01",
        None,
    ]
    assert asked(cli, "--from", "2027")["totals"]["amount"] == 20
    assert asked(cli, "--to", "2026-Q4")["totals"]["amount"] == 10


def test_money_counts_at_the_rate_of_today_and_a_missing_one_names_the_deal(root: Path, cli: Cli) -> None:
    deal(root, "amount: 100", currency="USD")
    assert asked(cli)["totals"]["amount"] == 90

    deal(root, "amount: 100", currency="CHF", key="OPP-2Q8XA")
    assert "from CHF to EUR on or before 2026-11-21, for OPP-2Q8XA;" in cli("report", "pipeline", code=1).err


def test_an_empty_pipeline_says_so(root: Path, cli: Cli) -> None:
    assert cli("report", "pipeline").out.splitlines()[2] == "no deal is open"
    assert asked(cli)["rows"] == asked(cli)["processes"] == []


_HOSTILE = (
    "<script>alert(1)</script>" * 19,
    "🏳️‍🌈" * 50,
    "ماشین‌های اسپرسو " * 25,
    "\u202eevil\u202c [x](y) | `$1$`",
)


def test_no_name_and_no_amount_breaks_the_table(root: Path, cli: Cli) -> None:
    text = (root / "pipecli.yaml").read_text(encoding="utf-8")
    people = "".join(
        f"  u{place}: {{name: {json.dumps(_HOSTILE[place % 4] + str(place), ensure_ascii=False)}}}\n"
        for place in range(300)
    )
    (root / "pipecli.yaml").write_text(text.replace("teams:\n", f"{people}teams:\n", 1), encoding="utf-8")
    for place in range(300):
        deal(root, "amount: 1000000000000" if place % 2 else "amount: 0", owner=f"u{place}")

    for report in ("pipeline", "activity", "stale", "lost", "ranking"):
        out = cli("report", report).out
        assert max(map(display_width, out.splitlines())) <= 80, report
        for fmt in ("json", "jsonl", "csv", "tsv", "markdown", "ids"):
            said = cli("report", report, "--format", fmt).out
            assert fmt != "json" or json.loads(said)["rows"] is not None
    assert "300 150T" in cli("report", "pipeline").out


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0.00", "0"), ("0.49", "0"), ("99.5", "100"), ("100.4", "100"), ("999.4", "999"), ("999.5", "1k"),
        ("1234", "1.23k"), ("12345", "12.3k"), ("999500", "1M"), ("1500000", "1.5M"),
        ("1000000000000", "1T"), ("1234567000000000", "1,230T"), ("-1250", "-1.25k"),
    ],
)  # fmt: skip
def test_an_amount_is_rounded_to_three_digits(amount: str, said: str) -> None:
    assert rounded_to_three(Decimal(amount)) == said


def test_a_deal_at_a_stage_that_the_settings_do_not_have_stands_under_that_stage(
    root: Path, cli: Cli
) -> None:
    deal(root, "amount: 100", stage="nowhere")
    assert "NOWHERE" in cli("report", "pipeline").out
    assert asked(cli)["totals"]["weighted"] == 0
