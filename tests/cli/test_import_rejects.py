"""Rows that `import` can't take: each goes to a file with its reason, or nothing is changed at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")


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
    said = cli("import", "opportunities", write("deals.csv", rows), "--rejects", "none/r.csv", code=1)
    assert (deals(root), said.err) == ({}, "error: none/r.csv: No such file or directory\n")
    said = cli("import", "opportunities", "deals.csv", code=1)

    assert list(deals(root)) == ["A1"]
    assert said.err == (
        "error: 6 rows of 7 rejected; see deals.csv.rejects.csv for the reasons: correct "
        "that file and import it\n"
    )
    kept = list(csv.DictReader(Path("deals.csv.rejects.csv").read_text().splitlines()))
    assert [row["external_id"] for row in kept] == ["A2", "A3", "A4", "A5", "A6", "A1"]
    assert kept[0]["notes"] == "'=SUM(A1)"
    assert [row["reject_reason"] for row in kept] == [
        'unknown user "nobody"',
        "amount: must be at least 0 (it is -5)",
        'amount: "abc" isn\'t an amount; expected_close: "2026-02-30" isn\'t a day of the calendar',
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


def test_a_currency_sign_is_never_taken_for_another(cli: Cli, root: Path) -> None:
    rows = (
        'ref,title,value\nA1,Euros,"1.234,56 €"\nA2,Dollars,"$22,700.00"\nA3,Plain,"1 234,56"\nA4,One,1.234\n'
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
    pounds = write("d3.csv", "ref,title,value\nC1,Yen,¥5\nC2,Odd,1e3\n")
    both = write("m3.yaml", mapping.replace("value: amount", "value: [{to: amount}, {to: closed.amount}]"))
    told = json.loads(cli("import", "opp", pounds, "--map", both, "--format", "json", code=1).out)
    assert [reason["reason"] for reason in told["reasons"]] == [
        "its amounts are in CNY or JPY: say `currency` or `signs` in the mapping",
        'value: "1e3" isn\'t an amount',
    ]
    meant = write("m4.yaml", "signs: {¥: JPY, $: CAD}\n" + mapping)
    dollars = write("d4.csv", "ref,title,value\nD1,Yen,¥5\nD2,Dollars,$7\nD3,Others,US$8\nD4,Pounds,£9\n")
    cli("import", "opp", dollars, "--map", meant)
    assert [deals(root)[f"D{number}"]["currency"] for number in (1, 2, 3, 4)] == ["JPY", "CAD", "USD", "GBP"]
    wrong = write("m5.yaml", "signs: {¥: EUR, x: JPY}\n" + mapping)
    err = cli("import", "opp", dollars, "--map", wrong, code=1).err
    assert "m5.yaml:1: signs: EUR isn't one of CNY, JPY" in err
    assert '"x" isn\'t a sign of a currency' in err


def test_what_could_be_two_numbers_is_rejected_until_the_mapping_says_which(cli: Cli, root: Path) -> None:
    rows = write("p.csv", "sku,price\ncafe,1.234\n")
    mapping = "set: {id: retail, currency: EUR}\ncolumns: {price: 'prices.{sku}'}\nmake: [product]\n"
    said = cli("import", "price-lists", rows, "--map", write("m.yaml", mapping), code=1)
    assert '"1.234" is 1234 or 1.234' in said.out

    cli("import", "price-lists", rows, "--map", write("m.yaml", mapping + "decimal: ','\n"))
    assert "prices:\n  cafe: 1234\n" in (root / "price-lists/retail.yaml").read_text()
    assert (root / "products/cafe.yaml").exists()


def test_one_bad_price_leaves_the_others_of_its_list(cli: Cli, root: Path) -> None:
    """An unknown product, or a price below zero, took the whole list along."""
    cli("import", "products", write("p.csv", "sku,name\nS-1,Saw\nA-1,Axe\nC-1,Cog\n"))
    rows = write("l.csv", "sku,price\nS-1,12\nX-9,7\nA-1,-4\nC-1,5\nCog,6\n")
    mapping = write("m.yaml", "set: {id: retail, currency: EUR}\ncolumns: {price: 'prices.{sku}'}\n")
    told = json.loads(cli("import", "price-lists", rows, "--map", mapping, "--format", "json", code=1).out)
    assert [reason["reason"] for reason in told["reasons"]] == [
        'unknown product "X-9"',
        "A-1: -4 is below zero, as no price is",
        "prices.C-1: 6, where line 2 says 5 of the same price-list",
    ]
    assert loads((root / "price-lists/retail.yaml").read_text())["prices"] == {"S-1": 12, "C-1": 5}


def test_a_currency_may_be_written_small_or_as_its_sign(cli: Cli, root: Path) -> None:
    """Each was rejected; `$` alone is several, and still is."""
    rows = "external_id,title,currency,amount\nA,Saw,usd,5\nB,Axe,€,5\nC,Cog,US$,5\nD,Dye,$,5\n"
    said = cli("import", "opp", write("d.csv", rows), code=1)
    assert 'currency: "$" must be a code, such as EUR' in said.out
    assert {key: deal["currency"] for key, deal in deals(root).items()} == {
        "A": "USD",
        "B": "EUR",
        "C": "USD",
    }


def test_an_imported_record_is_held_to_the_words_of_the_settings(cli: Cli, root: Path) -> None:
    rows = "title,status,closed.date,closed.reason,type\nA,lost,2026-01-01,weather,sales\nB,open,,,barter\n"
    told = json.loads(cli("import", "opp", write("d.csv", rows), "--format", "json", code=1).out)
    assert [each["reason"].partition(";")[0] for each in told["reasons"]] == [
        "weather isn't a reason for losing",
        "barter isn't a type of opportunity",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["deels", "d.csv"], 2, '"deels" isn\'t a kind of record; give one of leads, opportunities'),
        (["leads", "none.csv"], 1, "none.csv: No such file"),
        (["leads", "d.csv", "--diff"], 2, 'unknown option "--diff"; see `pipecli import --help`'),
        (["leads", "d.csv", "--map", "none.yaml"], 1, "none.yaml: No such file"),
        (["suppliers", "d.csv"], 1, "d.csv: no column is named like a field of suppliers"),
        (["leads", "d.csv", "--rejects", "d.csv"], 1, "--rejects: the rows themselves are in that file"),
    ],
)
def test_what_can_not_be_imported_is_refused(
    cli: Cli, root: Path, git: Git, arguments: list[str], code: int, said: str
) -> None:
    write("d.csv", "foo,bar\n1,2\n")
    before = state(git)
    found = cli("import", *arguments, code=code)
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
    assert not list(root.glob("leads/**/*"))


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
    (file,) = root.glob("leads/**/*.yaml")
    assert "custom:\n  e: 1.50\n" in file.read_text()
    assert len(Path("l.jsonl.rejects.csv").read_text().splitlines()) == 6


def test_a_number_of_more_digits_than_a_file_holds_rejects_its_row_alone(cli: Cli, root: Path) -> None:
    deal = '{{"external_id": "A{}", "title": "Press", "custom.seats": {}}}'
    rows = ", ".join(deal.format(*each) for each in enumerate(("1e20", "5", "0.12345678901234567890")))
    told = json.loads(cli("import", "opp", write("d.json", f"[{rows}]"), "--format", "json", code=1).out)
    assert (told["made"], told["rejected"]) == (1, 2)
    assert "a number can't have as many digits as 1" in told["reasons"][0]["reason"]
    assert deals(root)["A1"]["custom"] == {"seats": 5}


def test_a_file_of_which_no_row_is_taken_is_told_how_to_have_a_mapping(cli: Cli) -> None:
    file = write("foreign.csv", "Deal name,Created\nTiles,03/09/2026\n")
    said = cli("import", "opportunities", file, code=1)
    assert said.err.startswith("error: 1 row of 1 rejected; have a mapping made for its columns: ")
    assert said.err.endswith(f"pipecli import plan {file} --into DIR\n")
