"""What cells of an import mean: nothing that could mean two things is taken for either."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")


def records(root: Path, folder: str) -> list[dict[str, Any]]:
    return [loads(file.read_text()) for file in sorted(root.glob(f"{folder}/**/*.yaml"))]


FRACTIONS = "ref,title,amount,odds\n1,Lathe,40000,0.5\n2,Loop,10000,0.2\n3,Paint,30000,0.75\n"
ODDS = "external_id: ref\ncolumns:\n  title: title\n  amount: amount\n  odds: probability\n"


def test_a_column_of_fractions_is_refused_until_the_mapping_says_what_it_is(
    cli: Cli, root: Path, git: Git
) -> None:
    before = state(git)
    rows = write("d.csv", FRACTIONS)
    said = cli("import", "opp", rows, "--map", write("m.yaml", ODDS), code=1)
    assert said.err == (
        'error: m.yaml:5: odds: nothing in this column is over 1, so "0.2" may be 20 % or 0.2 %: '
        "say scale: fraction or scale: percent\n"
    )
    below = write("b.csv", FRACTIONS.replace("0.75", "-0.75"))
    assert 'over 1, so "0.2" may be' in cli("import", "opp", below, "--map", "m.yaml", code=1).err
    assert state(git) == before

    cli("import", "opp", rows, "--map", write("f.yaml", ODDS + "scale: fraction\n"))
    assert [deals(root)[ref]["probability"] for ref in "123"] == [50, 20, 75]
    rows = write("e.csv", FRACTIONS.replace("\n", "\nx", 3))
    cli(
        "import",
        "opp",
        rows,
        "--map",
        write("p.yaml", ODDS.replace("probability", "{to: probability, scale: percent}")),
    )
    assert [deals(root)[ref]["probability"] for ref in ("x1", "x2")] == [0.5, 0.2]


def test_a_text_whose_quote_nothing_closes_swallows_no_rows(cli: Cli, root: Path, git: Git) -> None:
    before = state(git)
    rows = write("l.csv", 'external_id,name,notes\n1,Ana,"a\nb"\n2,Bo,"open\n3,Cy,c\n4,Di,d\n')
    said = cli("import", "leads", rows, code=1)
    assert "the text in quotes that begins in the row of line 4 never ends" in said.err
    assert state(git) == before
    inches = write("i.csv", 'external_id,name,notes\n1,Ana,5" pipe\n2,Bo,"the last, closed"')
    assert "2 made" in cli("import", "leads", inches).out


def test_a_telephone_number_that_a_spreadsheet_rounded_is_rejected(cli: Cli, root: Path) -> None:
    rows = write("l.csv", "external_id,name,phone\n1,Ana,4.93012E+11\n2,Bo,+49 30 12\n")
    assert (
        '"4.93012E+11" is a number that a spreadsheet has rounded' in cli("import", "leads", rows, code=1).out
    )
    rows = write("c.csv", "external_id,name,phones\n1,Ana,+34 91 1;3.4911E+10\n2,Bo,+49 30 12\n")
    assert (
        '"3.4911E+10" is a number that a spreadsheet has rounded'
        in cli("import", "contacts", rows, code=1).out
    )
    assert [lead["phone"] for lead in records(root, "leads")] == ["+49 30 12"]


@pytest.mark.parametrize("blank", ["", " ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"])
def test_a_rate_of_tax_may_have_any_blank_before_its_sign(cli: Cli, root: Path, blank: str) -> None:
    cli("import", "products", write("p.csv", f"name,tax\nSaw,19{blank}%\nMill,VAT 7{blank}%\n"))
    assert sorted(product["tax"] for product in records(root, "products")) == [7, 19]


def test_without_a_mapping_a_column_of_fractions_is_refused_too(cli: Cli, root: Path, git: Git) -> None:
    before = state(git)
    said = cli("import", "products", write("p.csv", "name,tax\nSaw,0.21\nMill,0.1\n"), code=1)
    assert "may be 10 % or 0.1 %" in said.err
    assert "--map FILE" in said.err
    assert state(git) == before
    cli("import", "products", write("p.csv", "name,tax\nSaw,0.5%\nMill,0\n"))
    assert [record.get("tax") for record in records(root, "products")] == [0, 0.5]


DAYS = "ref,title,close\n1,Lathe,03/04/2026\n2,Loop,12/25/2026\n"


def test_a_column_has_one_order_of_day_and_month(cli: Cli, root: Path, git: Git) -> None:
    before = state(git)
    mapping = "external_id: ref\ndate: '{}'\ncolumns: {{title: title, close: expected_close}}\n"
    rows = write("d.csv", DAYS)
    said = cli("import", "opp", rows, "--map", write("m.yaml", mapping.format("%d/%m/%Y")), code=1)
    assert said.err == (
        'error: m.yaml:3: close: "12/25/2026" (line 3) fits %m/%d/%Y alone, and the column is read as '
        "%d/%m/%Y: one column has one order of day and month; say which it is, with date\n"
    )
    assert state(git) == before
    cli("import", "opp", rows, "--map", write("m.yaml", mapping.format("%m/%d/%Y")))
    assert deals(root)["1"]["expected_close"] == "2026-03-04"


def test_two_orders_in_one_column_are_decided_by_its_cells_or_refused(cli: Cli, root: Path, git: Git) -> None:
    mapping = (
        "external_id: ref\ncolumns:\n  title: title\n"
        "  close: {to: expected_close, date: ['%d/%m/%Y', '%m/%d/%Y']}\n"
    )
    cli("import", "opp", write("d.csv", DAYS), "--map", write("m.yaml", mapping))
    assert deals(root)["1"]["expected_close"] == "2026-03-04"
    before = state(git)
    both = write("e.csv", "ref,title,close\n1,Lathe,03/04/2026\n")
    said = cli("import", "opp", both, "--map", "m.yaml", code=1)
    assert '"03/04/2026" (line 2) is read by %d/%m/%Y and by %m/%d/%Y' in said.err
    mixed = write("f.csv", DAYS + "3,Paint,25/12/2026\n")
    said = cli("import", "opp", mixed, "--map", "m.yaml", code=1)
    assert '"12/25/2026" (line 3) fits %m/%d/%Y alone' in said.err
    assert '"25/12/2026" (line 4) %d/%m/%Y alone' in said.err
    assert state(git) == before


def test_a_day_with_its_time_tells_the_order_of_those_without(cli: Cli, root: Path) -> None:
    forms = "['%d/%m/%Y', '%m/%d/%Y', '%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M']"
    write("m.yaml", f"external_id: ref\ndate: {forms}\ncolumns: {{title: title, opened: created}}\n")
    timed = write("t.csv", "ref,title,opened\n1,Lathe,09/10/2026 04:37\n")
    said = cli("import", "opp", timed, "--map", "m.yaml", code=1).err
    assert '"09/10/2026 04:37" (line 2) is read by %d/%m/%Y %H:%M and by %m/%d/%Y %H:%M' in said
    cli("import", "opp", write("u.csv", "ref,title,opened\n1,Lathe,09/10/2026 04:37\n2,Loop,10/13/2026\n"),
        "--map", "m.yaml")  # fmt: skip
    assert deals(root)["1"]["created"] == "2026-09-10T04:37:00+02:00"


def test_days_that_a_spreadsheet_counts_are_read_where_the_mapping_says_so(cli: Cli, root: Path) -> None:
    rows = "ref,title,opened,close\n1,Lathe,46341.4375,46341\n2,Loop,,15/11/2026\n"
    columns = "external_id: ref\ncolumns: {title: title, opened: created, close: expected_close}\n"
    said = cli("import", "opp", write("d.csv", rows), "--map", write("m.yaml", columns), code=1)
    assert "days that a spreadsheet counts are said as date: excel" in said.out
    cli("import", "opp", "d.csv", "--map", write("m.yaml", columns + "date: excel\n"))
    assert deals(root)["1"]["expected_close"] == deals(root)["2"]["expected_close"] == "2026-11-15"
    assert deals(root)["1"]["created"] == "2026-11-15T10:30:00+01:00"


def test_words_for_nothing_are_nothing_and_are_counted(cli: Cli, root: Path) -> None:
    rows = (
        "Id,Name,Company,Email,Phone,Website\nL1,Nora Field,Hotel Aurora,nora@field.example,#N/A,#N/A\n"
        "L2,Jennifer Null,#N/A,ib@lund.example,-,unknown\n"
    )
    mapping = (
        "external_id: Id\nempty: [unknown]\n"
        "columns: {Name: name, Company: organization, Email: email, Phone: phone, Website: website}\n"
    )
    told = json.loads(
        cli(
            "import",
            "leads",
            write("l.csv", rows),
            "--map",
            write("m.yaml", mapping),
            "--format",
            "json",
        ).out
    )
    assert [(word["word"], word["rows"]) for word in told["empty"]] == [
        ("#N/A", 3),
        ("-", 1),
        ("unknown", 1),
    ]
    second = next(lead for lead in records(root, "leads") if lead["external_id"] == "L2")
    assert second["name"] == "Jennifer Null"
    assert not {"organization", "phone", "website"} & second.keys()


@pytest.mark.parametrize("word", ["#NV", "#N/D", "#¡VALOR!", "#NOM?", "#SPILL!", "<null>", "(blank)"])
def test_the_error_of_a_spreadsheet_in_any_language_is_no_customer(cli: Cli, root: Path, word: str) -> None:
    mapping = "external_id: Id\nmake: [customer]\ncolumns: {Name: name, Firm: customer}\n"
    cli(
        "import",
        "contacts",
        write("c.csv", f"Id,Name,Firm\n1,Ana,{word}\n"),
        "--map",
        write("m.yaml", mapping),
    )
    assert not records(root, "customers")


@pytest.mark.parametrize("address", ["a@x..example", "a@.example", "a@x.example."])
def test_an_address_with_an_empty_part_in_its_domain_is_rejected(cli: Cli, address: str) -> None:
    mapping = write("m.yaml", "external_id: Id\ncolumns: {Name: name, Mail: emails}\n")
    told = cli(
        "import", "contacts", write("c.csv", f"Id,Name,Mail\n1,Ana,{address}\n"), "--map", mapping, code=1
    )
    assert f'"{address}" isn\'t an e-mail address' in told.out


def test_a_mapped_word_is_a_value_though_it_stands_for_nothing_elsewhere(cli: Cli, root: Path) -> None:
    mapping = "external_id: Id\ncolumns: {Name: name, Source: {to: source, values: {None: web}}}\n"
    rows = write("l.csv", "Id,Name,Source\nL1,Ana,None\nL2,Ben,fair\n")
    cli("import", "leads", rows, "--map", write("m.yaml", mapping))
    assert {lead["external_id"]: lead["source"] for lead in records(root, "leads")} == {
        "L1": "web",
        "L2": "fair",
    }


@pytest.mark.parametrize(
    ("ids", "shown"),
    [(["4.87656E+17", "12"], "4.87656E+17"), (["487656000000000000", "487657100000000000"], "487656000")],
)
def test_ids_that_a_spreadsheet_has_rounded_are_refused(
    cli: Cli, root: Path, git: Git, ids: list[str], shown: str
) -> None:
    before = state(git)
    rows = "".join(f"{ref},Deal {place}\n" for place, ref in enumerate(ids))
    mapping = write("m.yaml", "external_id: ref\ncolumns: {title: title}\n")
    said = cli("import", "opp", write("d.csv", "ref,title\n" + rows), "--map", mapping, code=1)
    assert f'm.yaml:1: ref: "{shown}' in said.err
    assert "a spreadsheet has rounded" in said.err
    assert state(git) == before


def test_several_addresses_in_a_cell_are_several_and_what_is_none_is_rejected(cli: Cli, root: Path) -> None:
    rows = (
        "Name,Mail,Phones\nNora Field,nora@field.example ::: n.field@home.example,+49 30 1 ::: +49 171 2\n"
        "Ib Lund,Ib Lund <ib@lund.example> / office@lund.example,+45 7; +45 8\n"
        "Ana Gil,ana.gil.example,\n"
    )
    mapping = write("m.yaml", "columns: {Name: name, Mail: emails, Phones: phones}\n")
    said = cli("import", "contacts", write("c.csv", rows), "--map", mapping, code=1)
    assert 'Mail: "ana.gil.example" isn\'t an e-mail address' in said.out
    ib, nora = records(root, "contacts")
    assert (nora["emails"], nora["phones"]) == (
        ["nora@field.example", "n.field@home.example"],
        ["+49 30 1", "+49 171 2"],
    )
    assert (ib["emails"], ib["phones"]) == (["ib@lund.example", "office@lund.example"], ["+45 7", "+45 8"])


def test_two_addresses_in_a_field_that_holds_one_are_refused_until_split_says_so(
    cli: Cli, root: Path
) -> None:
    rows = write("l.csv", "Id,Name,Mail\nL1,Ana,a@x.example;b@y.example\nL2,Ib,ib@x.example;\n")
    mapping = "external_id: Id\ncolumns: {Name: name, Mail: email}\n"
    said = cli("import", "leads", rows, "--map", write("m.yaml", mapping), code=1)
    assert "is 2 addresses, and this field holds one" in said.out
    assert [lead["email"] for lead in records(root, "leads")] == ["ib@x.example"]
    split = mapping.replace("Mail: email", "Mail: {to: email, split: ';'}")
    said = cli("import", "leads", rows, "--map", write("m.yaml", split))
    assert {lead["email"] for lead in records(root, "leads")} == {"a@x.example", "ib@x.example"}
    assert "1 Mail, from its second value on" in said.out


def test_split_cuts_a_list(cli: Cli, root: Path) -> None:
    mapping = write("m.yaml", "external_id: Id\ncolumns: {Name: name, Topics: {to: tags, split: ';'}}\n")
    cli(
        "import",
        "leads",
        write("l.csv", 'Id,Name,Topics\nL1,Ana,"Saws; blades, long;Mills"\n'),
        "--map",
        mapping,
    )
    assert records(root, "leads")[0]["tags"] == ["Saws", "blades, long", "Mills"]


def test_rejects_keep_the_cells_that_a_row_had_too_many(cli: Cli, root: Path, git: Git) -> None:
    cli("import", "leads", write("l.csv", "name,organization,score\nAna,Delta, Inc,80\n"), code=1)
    rejects = Path("l.csv.rejects.csv")
    kept = list(csv.reader(rejects.read_text().splitlines()))
    assert kept[0] == ["name", "organization", "score", "reject_extra_1", "reject_reason"]
    assert kept[1][:4] == ["Ana", "Delta", " Inc", "80"]
    before = state(git)
    said = cli("import", "leads", str(rejects), code=1)
    assert "it still has a cell too many, reject_extra_1" in said.out
    assert state(git) == before
    rejects.write_text('name,organization,score,reject_extra_1,reject_reason\nAna,"Delta, Inc",80,,\n')
    cli("import", "leads", str(rejects))
    assert records(root, "leads")[0]["organization"] == "Delta, Inc"


ABOVE = 'Notes:\n"When exporting, some\naddresses are missing."\n\nName,E-mail,Phone,Phone\n'


def test_the_header_is_found_below_lines_of_notes_or_where_the_mapping_says(cli: Cli, root: Path) -> None:
    rows = write("c.csv", ABOVE + "Nora Field,nora@field.example,1234567,7654321\n")
    columns = "columns: {Name: name, E-mail: emails, Phone: phones.1, Phone (2): phones.2}\n"
    said = cli("import", "contacts", rows, "--map", write("m.yaml", columns))
    assert "the header was found on line 5" in said.out
    assert records(root, "contacts")[0]["phones"] == ["1234567", "7654321"]
    for header in ("5", "E-mail", "[Name, E-mail]"):
        said = cli("import", "contacts", rows, "--map", write("m.yaml", f"header: {header}\n{columns}"))
        assert "1 unchanged" in said.out
    said = cli("import", "contacts", rows, "--map", write("m.yaml", f"header: 3\n{columns}"), code=1)
    assert said.err.startswith("error: c.csv:3: no header on this line")


def test_a_column_may_be_missing_where_the_mapping_says_so(cli: Cli, root: Path) -> None:
    mapping = (
        "external_id: Id\ncolumns: {Title: title, Owner?: owner, 'Close?': {to: expected_close, "
        "when: {'State?': open}}}\nignore: ['Row?']\n"
    )
    cli("import", "opp", write("d.csv", "Id,Title\n1,Press\n"), "--map", write("m.yaml", mapping))
    cli("import", "opp", write("e.csv", "Id,Title,Owner\n2,Saw,ana-ruiz\n"), "--map", "m.yaml")
    assert "owner" not in deals(root)["1"]
    assert deals(root)["2"]["owner"] == "ana-ruiz"


def test_conditions_on_an_empty_cell_on_any_other_value_and_what_stands_for_the_rest(
    cli: Cli, root: Path
) -> None:
    mapping = """\
external_id: Id
columns:
  Name: title
  CloseDate:
    - {to: expected_close, when: {IsClosed: ""}}
    - {to: closed.date, when: {IsClosed: {not: ["", no]}}}
  Amount:
    - {to: amount}
    - {to: closed.amount, when: {IsClosed: "1"}}
  Origin: {to: source, values: {Web: web}, otherwise: null}
  IsClosed:
    values:
      "1": {status: won}
      "": {tags: [still-open]}
    otherwise: {status: lost, closed.reason: price}
"""
    rows = write(
        "d.csv",
        "Id,Name,IsClosed,CloseDate,Amount,Origin\nS1,Alpha,,2026-12-01,100,Web\n"
        "S2,Beta,1,2026-02-01,200,Moon\nS3,Gamma,x,2026-02-03,5,\n",
    )
    cli("import", "opp", rows, "--map", write("m.yaml", mapping))
    alpha, beta, gamma = (deals(root)[ref] for ref in ("S1", "S2", "S3"))
    assert (alpha["expected_close"], alpha["tags"]) == ("2026-12-01", ["still-open"])
    assert (alpha["source"], beta.get("source")) == ("web", None)
    assert (beta["status"], beta["closed"]) == ("won", {"date": "2026-02-01", "amount": 200})
    assert (gamma["status"], gamma["closed"]) == ("lost", {"date": "2026-02-03", "reasons": ["price"]})


def test_words_are_spelt_as_in_the_settings_and_a_beginning_of_one_is_none(cli: Cli, root: Path) -> None:
    """`Timing` was written so, which `check` finds, and `PRI` taken for price."""
    cli("customer", "add", "Acme")
    head = "external_id,title,customer,status,closed.date,closed.reasons,type\n"
    rows = "a,A,Acme,lost,2026-01-02,Timing,SALES\nb,B,Acme,lost,2026-01-02,PRI,sales\n"
    told = cli("import", "opportunities", write("d.csv", head + rows), code=1)
    assert "PRI isn't a reason for losing" in told.out
    (deal,) = deals(root).values()
    assert (deal["closed"]["reasons"], deal["type"]) == (["timing"], "sales")  # type: ignore[index]
    assert "1 unchanged" in cli("import", "opportunities", "d.csv", code=1).out
    cli("check")


def test_a_yes_of_a_spreadsheet_in_another_language_is_one(cli: Cli) -> None:
    """A user with `WAHR` was rejected, and all that he owns with him."""
    mapping = write("m.yaml", "columns:\n  Name: name\n  Aktiv: active\n")
    cli("import", "users", write("u.csv", "Name,Aktiv\nUte Öz,WAHR\nRolf Jäger,Falsch\n"), "--map", mapping)
    users = {user["name"]: user for user in json.loads(cli("export", "users", "--format", "json").out)}
    assert [users[name].get("active", True) for name in ("Ute Öz", "Rolf Jäger")] == [True, False]
