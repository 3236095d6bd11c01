"""`import`: rows become records in one commit, and of what doesn't, each row is accounted for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ryaml import loads

from tests.conftest import Cli

Git = Callable[..., str]

DEALS = """\
ref,title,account,rep,product,stage,opened,closed,value
A1,,Contoso Coffee,Ana Ruiz,Cafe S-100,Won,20-10-16,01-03-17,"$2,400.00"
A2,,Fabrikam,ana@contoso.example,CafeS100,Lost,25-10-16,11-03-17,0
A3,,,Ana Ruiz,Cafe S-100,Open,,,
"""
MAPPING = """\
external_id: ref
date: "%d-%m-%y"
make: [customer]
set: {currency: USD, price_list: retail-usd}
templates:
  title: ["{product} for {account}", "{product}"]
columns:
  account: customer
  rep: owner
  product:
    to: items.product
    values: {CafeS100: Cafe S-100} # misspelt
  stage:
    values:
      Open: {stage: demo}
      Won: {status: won, stage: commit}
      Lost: {status: lost, stage: commit, closed: {reason: price}}
  opened: created
  closed:
    to: closed.date
    when: {stage: [Won, Lost]}
  value:
    to: closed.amount
    when: {stage: Won}
ignore: [title]
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's own directory, beside the pipeline."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")


@pytest.fixture
def shop(root: Path, git: Git) -> Path:
    """A pipeline with one product in a price list in dollars."""
    for folder in ("products", "price-lists"):
        (root / folder).mkdir()
    (root / "products/cafe-s-100.yaml").write_text("sku: cafe-s-100\nname: Cafe S-100\nkind: product\n")
    (root / "price-lists/retail-usd.yaml").write_text(
        "id: retail-usd\ncurrency: USD\nprices:\n  cafe-s-100: 2499.00\n"
    )
    git("add", ".")
    git("commit", "-qm", "a shop")
    return root


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def deals(root: Path) -> dict[str, dict[str, object]]:
    """What the files of opportunities say, by external id."""
    found = [loads(file.read_text()) for file in sorted(root.glob("opportunities/*/*.yaml"))]
    return {each["external_id"]: each for each in found}


def state(git: Git) -> tuple[str, str]:
    return git("rev-parse", "HEAD"), git("status", "--porcelain")


def test_rows_become_records_in_one_commit(cli: Cli, shop: Path, git: Git) -> None:
    before = git("rev-list", "--count", "HEAD")
    said = cli(
        "--today", "2026-11-22T10:00", "import", "opportunities", write("deals.csv", DEALS),
        "--map", write("map.yaml", MAPPING), "-m", "from the old system",
    )  # fmt: skip

    won, lost, open_ = (deals(shop)[ref] for ref in ("A1", "A2", "A3"))
    assert won["title"] == "Cafe S-100 for Contoso Coffee"
    assert (won["customer"], won["owner"]) == ("contoso-coffee", "ana-ruiz")
    assert (won["status"], won["stage"]) == ("won", "commit")
    assert won["created"] == "2016-10-20T00:00:00+02:00"
    assert won["closed"] == {"date": "2017-03-01", "amount": 2400.0}
    assert won["items"] == [
        {"product": "cafe-s-100", "description": "Cafe S-100", "quantity": 1, "unit_price": 2499.0}
    ]
    assert lost["title"] == "Cafe S-100 for Fabrikam"
    assert (lost["owner"], lost["closed"]) == ("ana-ruiz", {"date": "2017-03-11", "reason": "price"})
    assert open_["title"] == "Cafe S-100"
    assert "customer" not in open_
    assert open_["created"] == "2026-11-22T10:00:00+01:00"
    assert {file.stem for file in shop.glob("customers/*")} == {"contoso-coffee", "fabrikam"}

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
        "values replaced, as the mapping says\n"
        "        1 product: CafeS100 → Cafe S-100\n"
    )
    cli("check")


def test_a_second_run_changes_nothing(cli: Cli, shop: Path, git: Git) -> None:
    arguments = ("import", "opp", write("deals.csv", DEALS), "--map", write("map.yaml", MAPPING))
    cli(*arguments)
    before = state(git)

    told = json.loads(cli(*arguments, "--format", "json").out)

    assert state(git) == before
    assert (told["made"], told["updated"], told["unchanged"]) == (0, 0, 3)
    assert told["commit"] is None


def test_a_changed_row_updates_what_the_file_answers_for_and_keeps_the_rest(
    cli: Cli, shop: Path, git: Git
) -> None:
    mapping = write("map.yaml", MAPPING)
    cli("import", "opp", write("deals.csv", DEALS), "--map", mapping)
    (file,) = [each for each in shop.glob("opportunities/*/*.yaml") if "A3" in each.read_text()]
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
    deal = deals(shop)["A3"]
    assert (deal["customer"], deal["status"]) == ("fabrikam", "won")
    assert deal["closed"] == {"date": "2026-12-01", "amount": 100}
    assert git("log", "-1", "--format=%s") == "Import opportunities from deals.csv: 1 updated"
    assert git("diff", "--name-only", "HEAD~1") == str(file.relative_to(shop))


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


def test_rows_that_can_not_be_taken_go_to_a_file_with_the_reason(
    cli: Cli, root: Path, git: Git, tmp_path: Path
) -> None:
    rows = (
        "external_id,title,owner,amount,expected_close,stage,notes\n"
        "A1,Machines,ana-ruiz,100,2026-12-01,demo,=SUM(A1)\n"
        "A2,Grinders,nobody,100,2026-12-01,demo,=SUM(A1)\n"
        "A3,Mugs,ana-ruiz,-5,2026-12-01,demo,\n"
        "A4,Cups,ana-ruiz,abc,2026-02-30,demo,\n"
        "A5,Beans,ana-ruiz,5,2026-12-01,sold,\n"
        "A6,Beans\n"
        "A1,Other machines,,,,,\n"
    )
    said = cli("import", "opportunities", write("deals.csv", rows), code=1)

    assert list(deals(root)) == ["A1"]
    assert said.err == (
        "error: 6 of 7 rows were rejected; they are in deals.csv.rejects.csv with the reasons: "
        "mend and import that file\n"
    )
    kept = list(csv.DictReader(Path("deals.csv.rejects.csv").read_text().splitlines()))
    assert [row["external_id"] for row in kept] == ["A2", "A3", "A4", "A5", "A6", "A1"]
    assert kept[0]["notes"] == "'=SUM(A1)"
    assert [row["reject_reason"] for row in kept] == [
        'there is no user "nobody"',
        "amount: it should be greater than or equal to 0 (it is -5)",
        'amount: "abc" is no amount; expected_close: "2026-02-30" is no day of the calendar',
        'stage: the process standard has no "sold": qualify, demo, propose, negotiate, commit',
        "it has 2 cells, the header 7",
        "title: Other machines, where line 2 says Machines of the same opportunity",
    ]
    assert not list(root.glob("*.csv"))

    mended = Path("deals.csv.rejects.csv").read_text().replace("nobody", "ana-ruiz")
    cli("import", "opportunities", write("mended.csv", mended), code=1)
    assert deals(root)["A2"]["notes"] == "=SUM(A1)"


def test_rejects_are_no_part_of_a_pipeline_and_replace_no_file(
    cli: Cli, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "desk" / "leads.csv"
    source.write_text("name,score\nAna,999\n")
    source.with_name("leads.csv.rejects.csv").write_text("a person's own")
    monkeypatch.chdir(root)

    cli("import", "leads", str(source), code=1)

    assert not list(root.rglob("*.csv"))
    assert source.with_name("leads.csv.rejects.csv").read_text() == "a person's own"
    assert "999" in source.with_name("leads.csv.rejects-2.csv").read_text()

    cli("import", "leads", str(source), "--rejects", "mine.csv", code=1)
    assert "999" in (root / "mine.csv").read_text()


def test_when_no_row_can_be_taken_nothing_changes(cli: Cli, root: Path, git: Git) -> None:
    before = state(git)
    cli("import", "leads", write("leads.csv", "name,score\nAna,999\n"), code=1)
    assert state(git) == before


def test_a_dry_run_shows_what_would_change_and_writes_nothing(cli: Cli, shop: Path, git: Git) -> None:
    before = state(git)
    arguments = ("import", "opp", write("deals.csv", DEALS), "--map", write("map.yaml", MAPPING), "--dry-run")
    said = cli(*arguments)
    told = json.loads(cli(*arguments, "--format", "json").out)

    assert "+++ b/opportunities/2016/OPP-" in said.out
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


def test_a_currency_sign_is_never_taken_for_another(cli: Cli, root: Path) -> None:
    rows = (
        'ref,title,value\nA1,Euros,"1.234,56 €"\nA2,Dollars,"$22,700.00"\nA3,None,"1 234,56"\nA4,One,1.234\n'
    )
    mapping = "external_id: ref\ncolumns: {title: title, value: amount}\n"
    cli("import", "opp", write("d.csv", rows), "--map", write("m.yaml", mapping))
    assert {ref: (deal["amount"], deal["currency"]) for ref, deal in deals(root).items()} == {
        "A1": (1234.56, "EUR"),
        "A2": (22700.0, "USD"),
        "A3": (1234.56, "EUR"),
        "A4": (1234, "EUR"),
    }

    in_euros = write("m2.yaml", mapping.replace("columns", "set: {currency: EUR}\ncolumns"))
    again = write("d2.csv", rows.replace(",A", ",B").replace("A2", "B2"))
    told = json.loads(cli("import", "opp", again, "--map", in_euros, "--format", "json", code=1).out)
    (reason,) = told["reasons"]
    assert reason["reason"] == "its amounts are written in dollars, and it is in EUR"


def test_what_could_be_two_numbers_is_rejected_until_the_mapping_says_which(cli: Cli, root: Path) -> None:
    rows = write("p.csv", "sku,price\ncafe,1.234\n")
    mapping = "set: {id: retail, currency: EUR}\ncolumns: {price: 'prices.{sku}'}\nmake: [product]\n"
    said = cli("import", "price-lists", rows, "--map", write("m.yaml", mapping), code=1)
    assert '"1.234" is 1234 or 1.234' in said.out

    cli("import", "price-lists", rows, "--map", write("m.yaml", mapping + "decimal: ','\n"))
    assert "prices:\n  cafe: 1234\n" in (root / "price-lists/retail.yaml").read_text()
    assert (root / "products/cafe.yaml").exists()


def test_several_rows_may_tell_of_one_record(cli: Cli, shop: Path) -> None:
    rows = write("p.csv", "product,price\nCafe S-100,2499.50\nMill,100\nCafe S-100,1\n")
    mapping = "set: {id: retail, currency: EUR}\ncolumns: {price: 'prices.{product}'}\nmake: [product]\n"
    told = json.loads(
        cli("import", "price-list", rows, "--map", write("m.yaml", mapping), "--format", "json", code=1).out
    )
    assert (told["made"], told["merged"], told["rejected"]) == (1, 1, 1)
    assert told["made_on_the_way"] == {"products": ["mill"]}
    assert "prices:\n  cafe-s-100: 2499.50\n  mill: 100\n" in (shop / "price-lists/retail.yaml").read_text()


def test_a_row_may_name_a_record_of_a_later_row_but_none_that_is_rejected(cli: Cli, root: Path) -> None:
    rows = (
        "name,parent,language\nBluth Company,Acme Corporation,\nAcme Corporation,,\n"
        "Child,Bad Parent,\nGrandchild,Child,\nBad Parent,,??\n"
    )
    said = cli("import", "customers", write("c.csv", rows), code=1)
    assert "parent: acme-corporation\n" in (root / "customers/bluth-company.yaml").read_text()
    assert {file.stem for file in root.glob("customers/*")} == {"bluth-company", "acme-corporation"}
    assert "it names bad-parent, whose own row, line 6, is rejected (line 4)" in said.out
    assert "it names child, whose own row, line 4, is rejected (line 5)" in said.out


def test_names_are_found_however_they_are_spelt_and_it_is_said(cli: Cli, root: Path) -> None:
    cli("import", "customers", write("c.csv", "external_id,name\n77,Café Müller\n78,Müller\n79,Müller\n"))
    rows = "title,customer\nOne,cafe muller\nTwo,77\nThree,cafe-muller\nFour,Müller\n"
    told = json.loads(cli("import", "opp", write("d.csv", rows), "--format", "json", code=1).out)

    assert told["made"] == 3
    assert told["respelt"] == [{"kind": "customer", "name": "cafe muller", "as": "Café Müller"}]
    assert told["reasons"][0]["reason"] == '"Müller" is muller and muller-2: name one by its id'
    assert {file.stem for file in root.glob("customers/*")} == {"cafe-muller", "muller", "muller-2"}


def test_a_customer_known_by_name_is_adopted_not_doubled(cli: Cli, root: Path) -> None:
    cli("import", "customers", write("c.csv", "name\nContoso Coffee\n"))
    told = json.loads(
        cli(
            "import", "customers", write("c.csv", "external_id,name\n77,CONTOSO COFFEE\n"), "--format", "json"
        ).out
    )
    assert (told["made"], told["updated"]) == (0, 1)
    assert "external_id: '77'\n" in (root / "customers/contoso-coffee.yaml").read_text()


def test_users_and_teams_are_kept_in_the_settings_comments_and_all(cli: Cli, root: Path, git: Git) -> None:
    before = (root / "pipecli.yaml").read_text()
    rows = write(
        "t.csv", "agent,manager,office\nLuis Ortega,Sara Ahmadi,Iberia\nMarta Gil,Sara Ahmadi,Iberia\n"
    )
    teams = "templates: {name: '{office}: {manager}'}\ncolumns: {manager: manager}\nmake: [user]\n"
    agents = "external_id: agent\ntemplates: {team: '{office}: {manager}'}\ncolumns: {agent: name}\n"

    cli("import", "teams", rows, "--map", write("teams.yaml", teams))
    cli("import", "users", rows, "--map", write("agents.yaml", agents))
    after = (root / "pipecli.yaml").read_text()

    settings = loads(after)
    assert settings["teams"] == {
        "iberia-sara-ahmadi": {"name": "Iberia: Sara Ahmadi", "manager": "sara-ahmadi"}
    }
    assert settings["users"]["luis-ortega"]["team"] == "iberia-sara-ahmadi"
    assert settings["users"]["luis-ortega"]["external_id"] == "Luis Ortega"
    assert set(settings["users"]) == {"ana-ruiz", "sara-ahmadi", "luis-ortega", "marta-gil"}
    assert [line for line in before.splitlines() if "#" in line and "teams" not in line] == [
        line for line in after.splitlines() if "#" in line and "teams" not in line
    ]
    head = state(git)
    cli("import", "users", rows, "--map", "agents.yaml")
    assert state(git) == head


def test_a_user_made_on_the_way_is_one_when_the_deals_are_written(cli: Cli, root: Path, git: Git) -> None:
    mapping = "external_id: ref\nmake: [user]\ncolumns: {title: title, rep: owner}\n"
    rows = write("d.csv", "ref,title,rep\nA1,Machines,Luis Ortega\nA2,,Marta Gil\n")
    cli("import", "opp", rows, "--map", write("m.yaml", mapping), code=1)

    assert deals(root)["A1"]["owner"] == "luis-ortega"
    users = loads((root / "pipecli.yaml").read_text())["users"]
    assert set(users) == {"ana-ruiz", "luis-ortega"}, "nobody is made for a row that is rejected"
    assert git("status", "--porcelain") == ""


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


def test_an_imported_record_is_held_to_the_words_of_the_settings(cli: Cli, root: Path) -> None:
    rows = "title,status,closed.date,closed.reason,type\nA,lost,2026-01-01,weather,sales\nB,open,,,barter\n"
    told = json.loads(cli("import", "opp", write("d.csv", rows), "--format", "json", code=1).out)
    assert [each["reason"].partition(";")[0] for each in told["reasons"]] == [
        "weather is no reason for losing",
        "barter is no type of opportunity",
    ]


def test_a_changed_product_brings_its_own_price(cli: Cli, shop: Path) -> None:
    cli("import", "products", write("p.csv", "name\nMill\n"))
    cli("price-list", "set", "retail-usd", "prices.mill=100")
    rows = "external_id,title,currency,items.product\nA1,Deal,USD,Cafe S-100\n"
    cli("import", "opp", write("d.csv", rows))
    cli("import", "opp", write("d.csv", rows.replace("Cafe S-100", "Mill")))
    (item,) = deals(shop)["A1"]["items"]  # type: ignore[misc]
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


def test_a_file_with_nothing_that_tells_its_leads_apart_is_made_again_and_it_is_said(
    cli: Cli, root: Path
) -> None:
    leads = write("leads.json", '[{"name": "سارا احمدی", "tags": ["a", "b,c"], "custom": {"seats": 12}}]')
    said = cli("import", "lead", leads)
    assert "a second run makes them again: nothing tells leads apart, as an external_id does" in said.out
    cli("import", "lead", leads)
    files = list(root.glob("leads/*/*.yaml"))
    assert len(files) == 2
    lead = loads(files[0].read_text())
    assert (lead["name"], lead["tags"], lead["custom"]) == ("سارا احمدی", ["a", "b,c"], {"seats": 12})


def test_rows_come_through_a_pipe_too(cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"name": "Ana"}\n{"name": "Luis"}\n')))
    assert "2 rows of stdin\n        2 made\n" in cli("import", "leads", "-").out


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
        "map.yaml:2: date: %q is none of %A %B %H %I %M %S %Y %a %b %d %f %j %m %p %y %z",
        'map.yaml:4: opportunities have no field "titel"; did you mean "title"?',
        "map.yaml:5: closed has fields of its own: closed.date, closed.amount, closed.quotation, "
        "closed.reason, closed.competitor, closed.detail",
        'map.yaml:6: deals.csv has no column "stag"; did you mean "stage"?',
        'map.yaml:6: date: "%d-%m" has no year; write a format as %d.%m.%Y',
        'map.yaml:7: opportunities have no field "statu"; did you mean "status"?',
        "map.yaml:7: Lost: a map of fields is wanted here, or `to` above",
        'map.yaml:8: "{product for {account}": a brace has no partner; write {{ for one that is meant',
        'map.yaml:9: amount: "much" is no amount',
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
        ("make: [customers]\n", "map.yaml:1: make.0: "),
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deels", "d.csv"], '"deels" is no kind of record; give one of leads, opportunities'),
        (["leads", "none.csv"], "none.csv: No such file"),
        (["leads", "d.csv", "--map", "none.yaml"], "none.yaml: No such file"),
        (["suppliers", "d.csv"], "d.csv: no column is named like a field of suppliers"),
        (["leads", "d.csv", "--rejects", "d.csv"], "--rejects: the rows themselves are in that file"),
    ],
)
def test_what_can_not_be_imported_is_refused(
    cli: Cli, root: Path, git: Git, arguments: list[str], said: str
) -> None:
    write("d.csv", "foo,bar\n1,2\n")
    before = state(git)
    found = cli("import", *arguments, code=1)
    assert said in found.err
    assert state(git) == before


def test_a_broken_file_of_the_kind_stops_the_import(cli: Cli, root: Path, git: Git) -> None:
    (root / "customers").mkdir()
    (root / "customers/contoso.yaml").write_text("id: contoso\nnam: x\n")
    git("add", ".")
    git("commit", "-qm", "broken")
    before = state(git)
    said = cli("import", "customers", write("c.csv", "name\nContoso\n"), code=1)
    assert "error: customers/contoso.yaml:2: unknown key" in said.err
    assert state(git) == before


def test_a_hook_that_refuses_leaves_nothing_of_an_import(cli: Cli, root: Path, git: Git) -> None:
    hook = root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho not on a Friday >&2\nexit 1\n")
    hook.chmod(0o755)
    before = state(git)
    said = cli("import", "customers", write("c.csv", "name\nContoso\n"), code=1)
    assert "not on a Friday" in said.err
    assert state(git) == before
    assert not (root / "customers").exists()


def test_text_of_a_file_can_not_command_the_terminal(cli: Cli, root: Path) -> None:
    said = cli("import", "leads", write("l.csv", "name,score,odd\x1b[2J\n\x1b[31mAna,1,2\n"), code=1)
    assert "\x1b" not in said.out
    assert not list(root.glob("leads/*/*"))


def test_what_no_file_could_hold_is_rejected_and_the_rest_imported(cli: Cli, root: Path) -> None:
    rows = [
        '{"name": "a\\u0001b"}',
        '{"name": "\\ud800"}',
        '{"name": "A", "custom": {"n": 0.12345678901234567890123}}',
        '{"name": "B", "custom": {"t": "\\u0007"}}',
        '{"name": ["C", "D"]}',
        '{"name": "E", "custom": {"a": null, "b": [], "c": {"d": null}, "e": 1.50}}',
    ]
    told = json.loads(
        cli("import", "leads", write("l.jsonl", "\n".join(rows)), "--format", "json", code=1).out
    )
    assert [each["reason"].rpartition(": ")[2] for each in told["reasons"]] == [
        "it has the control character U+0001, which no record can hold",
        "it has the control character U+D800, which no record can hold",
        "a number can't have as many digits as 0.12345678901234567890123",
        "a text can't hold the control character U+0007",
        "a list can't be one value",
    ]
    (file,) = root.glob("leads/*/*.yaml")
    assert "custom:\n  e: 1.50\n" in file.read_text()
    assert len(Path("l.jsonl.rejects.csv").read_text().splitlines()) == 6


def test_the_mapping_that_the_documentation_shows_works(cli: Cli, shop: Path) -> None:
    documentation = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    mapping = (
        documentation.split("```yaml\n")[1].split("```")[0].replace("GTXPro: GTX Pro", "Cafe: Cafe S-100")
    )
    rows = (
        "Row number;Deal ID;Account;Rep;Product;Stage;Closed on;Value;Score\n"
        "1;D-1;Contoso;Luis Ortega;Cafe;Lost;01.09.26;1.234,56 €;80\n"
        "2;D-2;;ana@contoso.example;Cafe S-100;Open;01.09.2026;1.000;\n"
    )
    prices = (shop / "price-lists/retail-usd.yaml").read_text().replace("usd", "eur").replace("USD", "EUR")
    (shop / "price-lists/retail-eur.yaml").write_text(prices)
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
        'Closed on: "01.09.26" is no date of the form %d/%m/%Y'
    ]
    cli("import", "opp", write("deals.csv", rows.replace("01.09.26;", "01/09/2026;")), "--map", "map.yaml")
    lost, open_ = (deals(shop)[ref] for ref in ("D-1", "D-2"))
    assert (lost["title"], lost["owner"], lost["amount"]) == (
        "Cafe S-100 for Contoso",
        "luis-ortega",
        1234.56,
    )
    assert lost["closed"] == {"date": "2026-09-01", "reason": "price"}
    assert (open_["title"], open_["expected_close"], open_["amount"]) == ("Cafe S-100", "2026-09-01", 1000)
