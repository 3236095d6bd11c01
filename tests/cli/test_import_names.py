"""Which record a row is about and which it names: by id, by name, in whatever order they come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")


def test_several_rows_may_tell_of_one_record(cli: Cli, dollar_shop: Path) -> None:
    rows = write("p.csv", "product,price\nCafe S-100,2499.50\nMill,100\nCafe S-100,1\n")
    mapping = "set: {id: retail, currency: EUR}\ncolumns: {price: 'prices.{product}'}\nmake: [product]\n"
    told = json.loads(
        cli("import", "price-list", rows, "--map", write("m.yaml", mapping), "--format", "json", code=1).out
    )
    assert (told["made"], told["merged"], told["rejected"]) == (1, 1, 1)
    assert told["made_on_the_way"] == {"products": ["mill"]}
    assert (
        "prices:\n  cafe-s-100: 2499.50\n  mill: 100\n"
        in (dollar_shop / "price-lists/retail.yaml").read_text()
    )


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


def test_a_reason_is_one_line_and_names_two_of_many_and_how_many_more_there_are(cli: Cli, root: Path) -> None:
    cli(
        "import",
        "customers",
        write("c.csv", "external_id,name\n" + "".join(f"{n},Müller\n" for n in range(3))),
    )
    rows = 'title,customer,amount\nOne,Müller,1\n"Two\nand a half",,\n'
    said = cli("import", "opp", write("d.csv", rows), code=1).out
    assert '"Müller" is muller and muller-2, and 1 more: name one by its id' in said
    assert "amount (line 3: Two and a half)" in said


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
