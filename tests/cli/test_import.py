"""`import`: rows become records in one commit, and of what doesn't, each row is accounted for."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import DEALS, MAPPING, Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")


def test_rows_become_records_in_one_commit(cli: Cli, dollar_shop: Path, git: Git) -> None:
    before = git("rev-list", "--count", "HEAD")
    said = cli(
        "--today", "2026-11-22T10:00", "import", "opportunities", write("deals.csv", DEALS),
        "--map", write("map.yaml", MAPPING), "-m", "from the old system",
    )  # fmt: skip

    won, lost, open_ = (deals(dollar_shop)[ref] for ref in ("A1", "A2", "A3"))
    assert won["title"] == "Cafe S-100 for Contoso Coffee"
    assert (won["customer"], won["owner"]) == ("contoso-coffee", "ana-ruiz")
    assert (won["status"], won["stage"]) == ("won", "commit")
    assert won["created"] == "2016-10-20T00:00:00+02:00"
    assert won["closed"] == {"date": "2017-03-01", "amount": 2400.0}
    assert won["items"] == [
        {"product": "cafe-s-100", "description": "Cafe S-100", "quantity": 1, "unit_price": 2499.0}
    ]
    assert lost["title"] == "Cafe S-100 for Fabrikam"
    assert (lost["owner"], lost["closed"]) == ("ana-ruiz", {"date": "2017-03-11", "reasons": ["price"]})
    assert open_["title"] == "Cafe S-100"
    assert "customer" not in open_
    assert open_["created"] == "2026-11-22T10:00:00+01:00"
    assert {file.stem for file in dollar_shop.glob("customers/*")} == {"contoso-coffee", "fabrikam"}

    assert int(git("rev-list", "--count", "HEAD")) == int(before) + 1
    assert git("status", "--porcelain") == ""
    assert git("log", "-1", "--format=%B") == (
        "Import opportunities from deals.csv: 3 made\n\nfrom the old system\n\nPipecli-Event: imported"
    )
    assert said.out == (
        "3 rows of deals.csv\n"
        "        3 made\n"
        "made on the way: 2 customers: contoso-coffee, fabrikam\n"
        "rows lacked\n"
        "        1 account (line 4: A3)\n"
        "        1 opened (line 4: A3)\n"
        "        1 closed (line 4: A3)\n"
        "        1 value (line 4: A3)\n"
        "left out, by the conditions of the mapping\n"
        "        1 value (line 3: A2)\n"
        "set to the time of this import, as rows don't say it\n"
        "        1 created (line 4: A3)\n"
        "values replaced, as the mapping says or the decimals of a currency\n"
        "        1 product: CafeS100 → Cafe S-100\n"
    )
    cli("check")


def test_a_second_run_changes_nothing(cli: Cli, dollar_shop: Path, git: Git) -> None:
    arguments = ("import", "opp", write("deals.csv", DEALS), "--map", write("map.yaml", MAPPING))
    cli(*arguments)
    before = state(git)

    told = json.loads(cli(*arguments, "--format", "json").out)

    assert state(git) == before
    assert (told["made"], told["updated"], told["unchanged"]) == (0, 0, 3)
    assert told["commit"] is None


def test_a_changed_row_updates_what_the_file_answers_for_and_keeps_the_rest(
    cli: Cli, dollar_shop: Path, git: Git
) -> None:
    mapping = write("map.yaml", MAPPING)
    cli("import", "opp", write("deals.csv", DEALS), "--map", mapping)
    (file,) = [each for each in dollar_shop.glob("opportunities/**/*.yaml") if "A3" in each.read_text()]
    by_hand = file.read_text().replace("stage: demo", "stage: demo # since the fair") + "notes: Call them.\n"
    file.write_text(by_hand)
    git("commit", "-qam", "by hand")

    changed = DEALS.replace("A3,,,", "A3,,Fabrikam,").replace(",Open,,,", ",Won,,01-12-26,100")
    told = json.loads(
        cli("import", "opp", write("deals.csv", changed), "--map", mapping, "--format", "json").out
    )

    assert (told["made"], told["updated"], told["unchanged"]) == (0, 1, 2)
    text = file.read_text()
    assert "stage: commit # since the fair\n" in text
    assert "notes: Call them.\n" in text
    deal = deals(dollar_shop)["A3"]
    assert (deal["customer"], deal["status"]) == ("fabrikam", "won")
    assert deal["closed"] == {"date": "2026-12-01", "amount": 100}
    assert git("log", "-1", "--format=%s") == "Import opportunities from deals.csv: 1 updated"
    assert git("diff", "--name-only", "HEAD~1") == str(file.relative_to(dollar_shop))


def test_an_emptied_cell_clears_its_field_unless_the_mapping_skips_empty_ones(
    cli: Cli, root: Path, git: Git
) -> None:
    rows = "ref,title,score,source\nA1,Machines,80,fair\n"
    columns = "{title: title, score: score, source: {to: source, skip_empty: true}}"
    mapping = f"external_id: ref\ncolumns: {columns}\n"
    cli("import", "opp", write("d.csv", rows), "--map", write("m.yaml", mapping))
    cli("import", "opp", write("d.csv", rows.replace("80,fair", ",")), "--map", "m.yaml")

    assert "score" not in deals(root)["A1"]
    assert deals(root)["A1"]["source"] == "fair"


def test_a_dry_run_shows_what_would_change_and_writes_nothing(cli: Cli, dollar_shop: Path, git: Git) -> None:
    before = state(git)
    arguments = ("import", "opp", write("deals.csv", DEALS), "--map", write("map.yaml", MAPPING), "--dry-run")
    said = cli(*arguments)
    told = json.loads(cli(*arguments, "--format", "json").out)

    assert "+++ b/opportunities/2016/10/OPP-" in said.out
    assert "+external_id: A1\n" in said.out
    assert "        3 made\n" in said.out
    assert (told["made"], told["dry_run"], told["commit"]) == (3, True, None)
    assert state(git) == before
    assert {file.name for file in Path().iterdir()} == {"deals.csv", "map.yaml"}


def test_no_commit_leaves_the_commit_to_the_user(cli: Cli, root: Path, git: Git) -> None:
    before = git("rev-parse", "HEAD")
    cli("import", "leads", write("leads.csv", "name\nAna\n"), "--no-commit")
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain") == "?? leads/"


def test_every_format_says_the_same(cli: Cli, root: Path) -> None:
    rows = write("customers.csv", "name\nContoso Coffee\n")
    assert cli("import", "customers", rows, "--format", "ids").out == "contoso-coffee\n"
    assert cli("import", "customers", rows, "--format", "ids").out == ""
    assert json.loads(cli("import", "customers", rows, "--format", "jsonl").out)["unchanged"] == 1


def test_a_process_follows_from_the_stage_or_the_deal(cli: Cli, root: Path, git: Git) -> None:
    settings = (root / "pipecli.yaml").read_text()
    stage = "{id: talk, name: Talk to them, probability: 50}"
    small = f"  small:\n    when: amount < 1000\n    stages: [{stage}]\n"
    (root / "pipecli.yaml").write_text(settings.replace("  standard:\n", f"{small}  standard:\n", 1))
    git("commit", "-qam", "two processes")

    rows = "external_id,title,stage,amount\nA1,A,Talk to them,5000\nA2,B,,500\nA3,C,,5000\nA4,D,Demo,5\n"
    cli("import", "opp", write("d.csv", rows))

    assert {ref: (deal["process"], deal["stage"]) for ref, deal in deals(root).items()} == {
        "A1": ("small", "talk"),
        "A2": ("small", "talk"),
        "A3": ("standard", "qualify"),
        "A4": ("standard", "demo"),
    }


def test_a_changed_product_brings_its_own_price(cli: Cli, dollar_shop: Path) -> None:
    cli("import", "products", write("p.csv", "name\nMill\n"))
    cli("price-list", "set", "retail-usd", "prices.mill=100")
    rows = "external_id,title,currency,items.product\nA1,Deal,USD,Cafe S-100\n"
    cli("import", "opp", write("d.csv", rows))
    cli("import", "opp", write("d.csv", rows.replace("Cafe S-100", "Mill")))
    (item,) = deals(dollar_shop)["A1"]["items"]  # type: ignore[misc]
    assert (item["product"], item["description"], item["unit_price"]) == ("mill", "Mill", 100)

    told = json.loads(
        cli(
            "import",
            "opp",
            write("d.csv", rows.replace("A1", "A2").replace("USD", "EUR")),
            "--format",
            "json",
            code=1,
        ).out
    )
    assert told["reasons"][0]["reason"].startswith("cafe-s-100 has no unit_price: no price list in EUR")


def test_leads_with_nothing_to_be_found_by_are_known_by_their_whole_row(cli: Cli, root: Path) -> None:
    leads = write("leads.json", '[{"name": "سارا احمدی", "tags": ["a", "b,c"], "custom": {"seats": 12}}]')
    known = "rows with nothing to be found by but the whole row: new where that changes"
    assert known in cli("import", "lead", leads).out
    assert "0 made\n        1 unchanged" in cli("import", "lead", leads).out
    (file,) = root.glob("leads/**/*.yaml")
    lead = loads(file.read_text())
    assert (lead["name"], lead["tags"], lead["custom"]) == ("سارا احمدی", ["a", "b,c"], {"seats": 12})


def test_rows_come_through_a_pipe_too(cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = b'{"name": "Ana", "custom.sizes": "S"}\n{"name": "Luis", "custom": {"sizes": ["M", "L"]}}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows)))
    assert "2 rows of stdin\n        2 made\n" in cli("import", "leads", "-").out


def test_more_than_a_thousand_rows_are_one_commit_and_updated_as_one(cli: Cli, root: Path, git: Git) -> None:
    rows = "external_id,name,country\n" + "".join(f"{n},Customer {n},ES\n" for n in range(1200))
    cli("import", "customers", write("c.csv", rows))
    head = git("rev-parse", "HEAD")
    told = json.loads(
        cli("import", "customers", write("c.csv", rows.replace(",ES", ",PT")), "--format", "json").out
    )

    assert (told["updated"], told["unchanged"]) == (1200, 0)
    assert git("rev-list", "--count", f"{head}..HEAD") == "1"
    assert git("status", "--porcelain") == ""
    assert len(git("diff", "--name-only", "HEAD~1").splitlines()) == 1200
    assert cli("export", "customers", "--where", "country = 'PT'", "--format", "ids").out.count("\n") == 1200
    assert (root / "customers/customer-7.yaml").read_text().endswith("country: PT\n")
