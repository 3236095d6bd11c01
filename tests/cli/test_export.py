"""`export`: what comes out goes in again as it was."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests.conftest import Cli, copied

Git = Callable[..., str]

FILES = {
    "customers/acme.yaml": """\
id: acme
external_id: '007'
name: =Acme, "Inc."
kind: organization
address: |
  Calle Mayor 1
  28013 Madrid
parent: fabrikam
tags:
- a
- b, c
custom:
  seats: 12
  rate: 1.50
  code: '0123'
  number: '1996'
  yes: true
  word: 'true'
  nested:
    deep: x
    with.dot: 1
  list: [1, two]
  empty: ''
""",
    "customers/fabrikam.yaml": "id: fabrikam\nname: فروشگاه مرکزی\nkind: organization\n",
    "products/cafe.yaml": "sku: cafe\nname: Café\nkind: product\ncost: 10.50\nactive: false\n",
    "products/500.yaml": "sku: '500'\nname: '500'\nkind: product\n",
    "price-lists/retail.yaml": """\
id: retail
currency: EUR
valid_from: 2026-01-01
prices:
  cafe:
  - from: 1
    price: 2499.00
  - from: 10
    price: 2299.00
  '500': 1.234
""",
    "contacts/maria.yaml": "id: maria\nname: María\ncustomer: acme\nemails: [a@a.example, b@a.example]\n"
    "phones: [+1 555 0199;ext=22, '1|2']\n",
    "leads/2026/LEAD-A1111-ana.yaml": """\
id: LEAD-A1111
created: 2026-11-01T10:00:00+01:00
status: open
name: Ana
qualification:
  need: 'yes'
  need_note: They said so.
notes: '-5'
""",
    "opportunities/2026/OPP-A1111-machines.yaml": """\
id: OPP-A1111
created: 2026-11-01T10:00:00+01:00
title: "'=Machines"
lead: LEAD-A1111
customer: acme
process: standard
stage: demo
owner: ana-ruiz
shared_with: [ana-ruiz]
currency: EUR
items:
- product: cafe
  description: Café
  quantity: 2.5
  unit_price: 2499.00
- description: Work
  unit_price: 50.00
  discount: 5
contacts:
- contact: maria
  role: user
  primary: true
key_info:
  need: |-
    Two machines
    before Christmas
activities:
- id: AB123
  type: call
  at: 2026-11-02T10:00:00+01:00
  subject: Intro
  done: true
- id: AB124
  type: task
  at: 2026-11-03
  subject: Think
""",
    "opportunities/2026/OPP-B2222-mugs.yaml": """\
id: OPP-B2222
created: 2026-11-01T10:00:00+01:00
title: Mugs
process: standard
stage: demo
status: won
currency: EUR
closed:
  date: 2026-11-09
  amount: 12.30
""",
}
KINDS = ("products", "customers", "contacts", "price-lists", "leads", "opportunities", "users")


@pytest.fixture
def awkward(root: Path, given: Callable[[dict[str, str]], None]) -> Path:
    """A pipeline with everything that is hard to say in a cell."""
    given(FILES)
    return root


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl"])
def test_what_is_exported_is_imported_as_it_was(
    cli: Cli, awkward: Path, founded: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    copied(founded, other)
    for kind in KINDS:
        file = tmp_path / f"{kind}.{form}"
        cli("export", kind, "--output", str(file))
        assert run(["-C", str(other), "import", kind, str(file)]) == 0, capsys.readouterr().err
        before = json.loads(cli("export", kind, "--format", "json").out)
        assert run(["-C", str(other), "export", kind, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == before


def test_half_a_percent_comes_back_as_it_was(
    cli: Cli, root: Path, founded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of another CRM, a column of nothing else could be fractions of one."""
    cli("opp", "add", "Press", "--set", "probability=0.5")
    cli("product", "add", "press", "--name", "Press", "--set", "tax=0.5")
    for form in ("all", "all.zip"):
        copied(founded, other := tmp_path / f"other-{form}")
        cli("export", "--all", str(tmp_path / form))
        assert run(["-C", str(other), "import", "run", str(tmp_path / form)]) == 0, capsys.readouterr().err
        (deal,) = (other / "opportunities").rglob("*.yaml")
        assert "probability: 0.5\n" in deal.read_text()
        assert "tax: 0.5\n" in (other / "products/press.yaml").read_text()
    copied(founded, other := tmp_path / "deals-alone")
    cli("export", "opportunities", "--output", str(tmp_path / "deals.csv"))
    assert run(["-C", str(other), "import", "opportunities", str(tmp_path / "deals.csv")]) == 0


def test_what_is_exported_changes_nothing_where_it_came_from(
    cli: Cli, awkward: Path, git: Git, tmp_path: Path
) -> None:
    before = git("rev-parse", "HEAD")
    for kind in KINDS:
        file = tmp_path / f"{kind}.csv"
        cli("export", kind, "--output", str(file))
        told = json.loads(cli("import", kind, str(file), "--format", "json").out)
        assert told["unchanged"] == told["rows"] > 0
    assert git("rev-parse", "HEAD") == before


def test_columns_are_the_fields_dotted_and_cells_run_in_no_spreadsheet(cli: Cli, awkward: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(cli("export", "customers", "--where", "id = 'acme'").out, newline=""))
    assert list(row) == [
        "id", "external_id", "name", "kind", "address", "parent", "tags",
        "custom.seats", "custom.rate", "custom.code", "custom.number", "custom.yes", "custom.word",
        "custom.nested", "custom.list", "custom.empty",
    ]  # fmt: skip
    assert row["name"] == '\'=Acme, "Inc."'
    assert row["tags"] == '["a", "b, c"]'
    assert (row["custom.number"], row["custom.code"], row["custom.seats"]) == ('"1996"', "0123", "12")


def test_json_is_what_the_files_say_and_no_more(cli: Cli, awkward: Path) -> None:
    deal = json.loads(cli("export", "opp", "--where", "status = 'won'", "--format", "json").out)[0]
    assert set(deal) == {"id", "created", "title", "type", "process", "stage", "status", "currency", "closed"}


def test_a_condition_and_ids(cli: Cli, awkward: Path) -> None:
    assert cli("export", "opportunities", "--where", "amount > 100", "--format", "ids").out == "OPP-A1111\n"
    assert cli("export", "users", "--where", "name LIKE 'Ana%'", "--format", "ids").out == "ana-ruiz\n"
    assert cli("export", "suppliers").out == "\r\n"
    assert cli("export", "suppliers", "--format", "json").out == "[]\n"


def test_the_ending_of_the_file_is_its_format_and_people_are_told(
    cli: Cli, awkward: Path, tmp_path: Path
) -> None:
    said = cli("export", "leads", "--output", str(tmp_path / "leads.json"))
    assert (said.out, said.err) == ("", f"1 lead in {tmp_path / 'leads.json'}\n")
    assert json.loads((tmp_path / "leads.json").read_text())[0]["name"] == "Ana"
    cli("export", "leads", "--output", str(tmp_path / "leads.json"), "--format", "csv")
    assert (tmp_path / "leads.json").read_text().startswith("id,created,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deels"], '"deels" isn\'t a kind of record'),
        (["leads", "--format", "markdown"], "records can't be exported as markdown"),
        (["leads", "--where", "score >"], "the query can't be run"),
        (["leads", "--output", "/none/x.csv"], "/none/x.csv: the directory /none does not exist"),
        (["leads", "--output", "x.xlsx"], "x.xlsx: only .csv, .tsv, .json, .jsonl, .ids and .vcf can be"),
    ],
)
def test_what_can_not_be_exported_is_refused(
    cli: Cli, awkward: Path, arguments: list[str], said: str
) -> None:
    found = cli("export", *arguments, code=2 if arguments == ["deels"] else 1)
    assert said in found.err
    assert found.out == ""


def test_a_broken_file_is_an_error_of_its_kind_and_a_warning_of_others(cli: Cli, awkward: Path) -> None:
    (awkward / "products/cafe.yaml").write_text("sku: cafe\n")
    assert 'products/cafe.yaml: "name" is missing' in cli("export", "products", code=1).err
    assert "warning: products/cafe.yaml" in cli("export", "leads").err


def test_what_is_written_outside_is_whole_or_not_at_all(
    cli: Cli, refused: Callable[..., str], awkward: Path, git: Git, tmp_path: Path
) -> None:
    """A killed export is completed by the same command, and a link of the clone leads nowhere."""
    folder, file = tmp_path / "everything", tmp_path / "customers.csv"
    folder.mkdir()
    (folder / ".unfinished").touch()
    (folder / "customers.csv").write_text("id\nac")
    (folder / "contacts.csv").mkdir()
    told = refused("export", "--all", str(folder))
    assert "contacts.csv: can't be written: Is a directory; written: " in told
    (folder / "contacts.csv").rmdir()
    dead = subprocess.Popen(["true"])
    dead.wait()
    (tmp_path / f".customers.csv.{dead.pid}.tmp").write_text("half")
    (tmp_path / f".customers.csv.{os.getpid()}0.other").write_text("of somebody else")
    cli("export", "--all", str(folder))
    cli("export", "customers", "-o", str(file))
    assert not (folder / ".unfinished").exists()
    assert (folder / "customers.csv").read_text() == file.read_text()
    assert sorted(path.name for path in tmp_path.glob(".customers*")) == [
        f".customers.csv.{os.getpid()}0.other"
    ]
    assert "is there already" in refused("export", "--all", str(folder))

    (awkward / "report.csv").symlink_to(file)
    before = file.read_text()
    for words in (("export", "products"), ("export", "invoices", "--journal", "hledger")):
        assert "leads out of" in refused(*words, "-o", str(awkward / "report.csv"))
    assert file.read_text() == before
    assert "can't be written: No space left" in refused("export", "customers", "-o", "/dev/full")
