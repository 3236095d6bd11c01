"""A nightly import while people work here: what the file said already isn't a change, and undoes none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from pipecli.cli.common.change import changing_after
from pipecli.cli.common.session import Session
from pipecli.store.index.records import keys
from pipecli.store.pipeline import Pipeline
from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")

ROWS = "Id,Title,Stage,Amount,Owner\n1,Press,Demo,1000,\n2,Saw,Demo,2000,\n"
MAPPING = """\
external_id: Id
columns:
  Title: title
  Amount: amount
  Owner: owner
  Stage:
    values:
      Demo: {status: open, stage: demo}
      Talks: {stage: negotiate}
      Gone: {status: lost, closed: {reason: price, date: 2026-11-20}}
"""


def night(cli: Cli, rows: str, *options: str, code: int = 0) -> dict[str, Any]:
    """The report of an import of these rows."""
    arguments = ("import", "opp", write("d.csv", rows), "--map", write("m.yaml", MAPPING), *options)
    told: dict[str, Any] = json.loads(cli(*arguments, "--format", "json", code=code).out)
    return told


def worked_on(cli: Cli, root: Path) -> str:
    """The first deal, imported and then advanced, given an owner and another amount."""
    night(cli, ROWS)
    deal = str(deals(root)["1"]["id"])
    cli("opp", "advance", deal)
    cli("opp", "set", deal, "amount=1500", "owner=ana-ruiz", "notes=Call them.")
    return deal


def test_the_same_file_again_leaves_what_people_did(cli: Cli, root: Path, git: Git) -> None:
    worked_on(cli, root)
    before = state(git)
    told = night(cli, ROWS)
    assert (told["updated"], told["unchanged"], told["kept"]) == (0, 2, [])
    assert state(git) == before


def test_what_the_file_changed_is_taken_and_what_people_changed_stays(cli: Cli, root: Path) -> None:
    worked_on(cli, root)
    told = night(cli, ROWS.replace("Press", "Large press"))
    deal = deals(root)["1"]
    assert (told["updated"], told["kept"]) == (1, [])
    assert (deal["title"], deal["stage"], deal["amount"]) == ("Large press", "propose", 1500)
    assert (deal["owner"], deal["notes"]) == ("ana-ruiz", "Call them.")


def test_where_both_changed_a_field_ours_stays_and_the_report_says_so_every_night(
    cli: Cli, root: Path
) -> None:
    worked_on(cli, root)
    second = ROWS.replace("Press,Demo,1000", "Large press,Demo,1200")
    for _ in range(3):
        told = night(cli, second)
        assert [(kept["field"], kept["rows"]) for kept in told["kept"]] == [("amount", 1)]
        assert deals(root)["1"]["amount"] == 1500
    assert deals(root)["1"]["title"] == "Large press"

    told = night(cli, second, "--keep", "file")
    assert (deals(root)["1"]["amount"], told["kept"]) == (1200, [])
    assert deals(root)["1"]["stage"] == "propose", "the file never changed the stage"
    cli("opp", "set", str(deals(root)["1"]["id"]), "amount=1300")
    night(cli, second)
    assert deals(root)["1"]["amount"] == 1300


def test_a_conflict_can_be_rejected_and_told(cli: Cli, root: Path, git: Git) -> None:
    worked_on(cli, root)
    before = state(git)
    told = night(cli, ROWS.replace("Press,Demo,1000", "Press,Demo,1200"), "--keep", "conflict", code=1)
    assert [reason["reason"] for reason in told["reasons"]] == [
        "amount: the file says 1200, it is 1500 here, and was 1000 at the last import"
    ]
    assert state(git) == before
    said = cli("import", "opp", "d.csv", "--keep", "mine", code=1)
    assert "--keep must be one of local, file, conflict" in said.err


def test_a_deal_that_was_lost_here_is_not_moved_on_by_the_file(cli: Cli, root: Path) -> None:
    night(cli, ROWS)
    deal = str(deals(root)["1"]["id"])
    cli("opp", "lost", deal, "--reason", "price")
    night(cli, ROWS)
    assert deals(root)["1"]["status"] == "lost"
    told = night(cli, ROWS.replace("Press,Demo", "Large press,Talks"))
    assert deals(root)["1"]["status"] == "lost"
    assert deals(root)["1"]["title"] == "Large press"
    assert told["rejected"] == 0
    cli("check")


def test_a_deal_that_the_file_lost_is_lost_though_somebody_gave_it_an_owner(cli: Cli, root: Path) -> None:
    night(cli, ROWS)
    cli("opp", "set", str(deals(root)["1"]["id"]), "owner=ana-ruiz")
    night(cli, ROWS.replace("Press,Demo", "Press,Gone"))
    assert (deals(root)["1"]["status"], deals(root)["1"]["owner"]) == ("lost", "ana-ruiz")


def test_what_was_emptied_here_stays_empty_and_a_tag_of_ours_stays_beside_theirs(
    cli: Cli, root: Path
) -> None:
    mapping = write("t.yaml", "external_id: Id\ncolumns: {Name: name, Phone: phone, Topics: tags}\n")
    rows = "Id,Name,Phone,Topics\nC1,Contoso,1234567,saws\n"
    cli("import", "customers", write("c.csv", rows), "--map", mapping)
    cli("customer", "set", "contoso", "phone=", "tags=saws,vip")
    cli("import", "customers", "c.csv", "--map", mapping)
    text = (root / "customers/contoso.yaml").read_text()
    assert "phone" not in text
    cli("import", "customers", write("c.csv", rows.replace("saws", '"saws, mills"')), "--map", mapping)
    text = (root / "customers/contoso.yaml").read_text()
    assert text.endswith("tags:\n- saws\n- mills\n- vip\n")


def test_users_are_kept_as_they_are_here_too(cli: Cli, root: Path, git: Git) -> None:
    mapping = write("u.yaml", "external_id: Id\ncolumns: {Name: name, Mail: email}\n")
    rows = write("u.csv", "Id,Name,Mail\nU1,Luis Ortega,luis@old.example\n")
    cli("import", "users", rows, "--map", mapping)
    cli("user", "set", "luis-ortega", "email=luis@contoso.example")
    before = state(git)
    cli("import", "users", rows, "--map", mapping)
    assert state(git) == before


def test_an_export_of_ours_is_taken_at_its_word(cli: Cli, root: Path) -> None:
    worked_on(cli, root)
    cli("export", "opp", "--output", "out.csv")
    write("out.csv", Path("out.csv").read_text().replace("1500", "1600"))
    cli("import", "opp", "out.csv")
    assert deals(root)["1"]["amount"] == 1600


def test_a_record_that_was_moved_to_another_folder_is_still_the_one_that_was_imported(
    cli: Cli, root: Path, git: Git
) -> None:
    worked_on(cli, root)
    (file,) = [file for file in root.glob("opportunities/**/*.yaml") if "Press" in file.read_text()]
    (root / "opportunities/2020").mkdir()
    git("mv", str(file), f"opportunities/2020/{file.name}")
    git("commit", "-qm", "moved")
    before = state(git)
    night(cli, ROWS)
    assert state(git) == before


def test_people_work_on_while_an_import_reads_and_it_then_decides_again(cli: Cli, root: Path) -> None:
    night(cli, ROWS)
    seen: list[int] = []
    context = typer.Context(click.Command("import"), obj=(run := Session()))
    run.directory = str(root)

    def decide(pipeline: Pipeline) -> int:
        seen.append(len(keys(pipeline.index.connection, "customer")))
        if len(seen) == 1:  # nobody is locked out
            cli("customer", "add", "Meanwhile")
        return seen[-1]

    with changing_after(context, decide) as (_, last):
        assert (last, seen) == (seen[0] + 1, [seen[0], seen[0] + 1])
    with changing_after(context, decide) as (_, last):
        assert (last, len(seen)) == (seen[0] + 1, 3)
    run.close()
