"""A nightly import while people work here: what the file said already isn't a change, and undoes none."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from pipecli.cli.common.session import Session
from pipecli.cli.common.transaction import changing_after
from pipecli.store.index.rows_for_verbs import ids_in_index
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


EVERY_KIND: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "customers": ({"name": "Acme"}, {"email": "a@acme.example", "country": "ES", "tags": "new"}),
    "contacts": (
        {"name": "Ana Gil"},
        {"customer": "acme", "emails": "ana@acme.example", "phones": "600 100 200"},
    ),
    "suppliers": ({"name": "Zed"}, {"email": "z@zed.example", "notes": "Fair"}),
    "products": ({"name": "Pump"}, {"sku": "pump", "description": "Cold"}),
    "leads": ({"name": "Ana"}, {"email": "ana@acme.example", "organization": "Acme", "notes": "Fair"}),
    "opportunities": ({"title": "Roof"}, {"customer": "acme", "amount": "100", "tags": "new"}),
    "quotations": ({"opportunity": "D1"}, {"date": "2026-03-02", "notes": "First", "custom.of": "Ana"}),
    "orders": ({"opportunity": "D1", "customer": "acme"}, {"date": "2026-03-02", "notes": "First"}),
    "items": (
        {"record": "D1", "product": "pump", "unit_price": "9"},
        {"description": "Large pump", "quantity": "2"},
    ),
    "activities": (
        {"record": "D1", "type": "call", "at": "2026-03-02T10:00"},
        {"subject": "Price", "notes": "Why\nso dear", "by": "ana-ruiz"},
    ),
}
"""By kind, the cells that a row must have, and those that it may lack."""


def test_no_row_of_any_kind_comes_twice_whatever_it_lacks(cli: Cli, root: Path, git: Git) -> None:
    """Rows with each choice of the columns filled, two of each: a second import changes nothing."""
    cli("import", "opp", write("roof.csv", "title,external_id\nLarge roof,D1\n"))
    for kind, (needed, more) in EVERY_KIND.items():
        choices = [[*needed.values(), *texts] for texts in product(*(("", text) for text in more.values()))]
        with Path(f"{kind}.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([[*needed, *more], *choices, *choices])
        code = int(kind == "contacts")  # some may be one or two people: rejected, with the reason
        cli("import", kind, f"{kind}.csv", code=code)
        before = state(git)
        again = json.loads(cli("import", kind, f"{kind}.csv", "--format", "json", code=code).out)
        assert (kind, again["made"], again["updated"], state(git)) == (kind, 0, 0, before)


def test_a_call_without_a_name_is_found_again_though_people_changed_its_words(cli: Cli, root: Path) -> None:
    cli("import", "opp", write("roof.csv", "title,external_id\nLarge roof,D1\n"))
    write("c.csv", "of,day,notes\nD1,2026-03-02,Asked the price\n")
    write("c.yaml", "record: of\nset: {type: call}\ncolumns: {day: at, notes: notes}\n")
    cli("import", "activities", "c.csv", "--map", "c.yaml")
    (file,) = root.glob("opportunities/**/*.yaml")
    write(str(file), file.read_text().replace("subject: Asked the price", "subject: Price"))
    cli("import", "activities", "c.csv", "--map", "c.yaml")
    (call,) = loads(file.read_text())["activities"]
    assert (call["subject"], call["notes"]) == ("Price", "Asked the price")


@pytest.mark.parametrize("is_squashed", [False, True])
def test_what_the_file_changed_is_taken_and_what_people_changed_stays(
    cli: Cli, root: Path, git: Git, is_squashed: bool
) -> None:
    """After a squash the file was all: it wrote over what people had changed since, and said "updated"."""
    night(cli, ROWS)
    if is_squashed:
        git("commit", "-q", "--amend", "-m", "All of the old system")
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
    said = cli("import", "opp", "d.csv", "--keep", "mine", code=2)
    assert '--keep: "mine" must be one of local, file, conflict' in said.err


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


def test_rows_of_one_deal_that_contradict_each_other_change_nothing_in_whichever_order(
    cli: Cli, root: Path, git: Git
) -> None:
    header, press, saw = ROWS.splitlines(keepends=True)
    other = press.replace("1000", "1100")
    told = night(cli, header + press + other + saw, code=1)
    assert [reason["reason"] for reason in told["reasons"]] == [
        "amount: 1100, where line 2 says 1000 of the same opportunity"
    ]
    before = state(git)
    night(cli, header + other + press + saw, code=1)
    assert state(git) == before
    night(cli, header + (other + press + saw).replace("Demo", "Talks"), code=1)
    assert [(deal["stage"], deal["amount"]) for _, deal in sorted(deals(root).items())] == [
        ("negotiate", 1000), ("negotiate", 2000),
    ]  # fmt: skip


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
    run = Session()
    run.directory = str(root)

    def decide(pipeline: Pipeline) -> int:
        seen.append(len(ids_in_index(pipeline.index.connection, "customer")))
        if len(seen) == 1:  # nobody is locked out
            cli("customer", "add", "Meanwhile")
        return seen[-1]

    with changing_after(run, decide) as (_, last):
        assert (last, seen) == (seen[0] + 1, [seen[0], seen[0] + 1])
    with changing_after(run, decide) as (_, last):
        assert (last, len(seen)) == (seen[0] + 1, 3)
    run.close()


PEOPLE = "Id,Name,Firm,Mail\nP1,Nora Field,Field Works,nora@field.example\nP2,Ian Hall,Hall,\n"


def left_out(told: dict[str, Any]) -> int:
    return sum(tally["rows"] for tally in told["left_out"] if "removed or merged here" in tally["column"])


def test_what_was_removed_here_stays_removed_and_the_report_says_so(cli: Cli, root: Path, git: Git) -> None:
    def people(rows: str, *options: str, code: int = 0) -> dict[str, Any]:
        arguments = ("import", "contacts", write("p.csv", rows), "--map", mapping, *options)
        told: dict[str, Any] = json.loads(cli(*arguments, "--format", "json", code=code).out)
        return told

    columns = "{Name: name, Firm: customer, Mail: emails}"
    # by its id, by its name and address; an id that was removed is nobody else's
    for external, again in (("external_id: Id\n", ""), ("ignore: [Id]\n", "-2")):
        mapping = write("p.yaml", f"{external}make: [customer]\ncolumns: {columns}\n")
        people(PEOPLE)
        cli("contact", "remove", f"nora-field{again}")
        cli("contact", "remove", f"ian-hall{again}")
        before = state(git)
        told = people(PEOPLE)
        assert (told["made"], told["skipped"], left_out(told)) == (0, 2, 2)
        assert state(git) == before

        changed = PEOPLE.replace("nora@field.example", "nora@field.example; n@home.example")
        told = people(changed)
        assert [(kept["field"], kept["rows"]) for kept in told["kept"]] == [("the removal", 1)]
        told = people(changed, "--keep", "conflict", code=1)
        assert told["reasons"][0]["reason"] == "the file changed it, and it was removed here"
        assert (people(changed, "--keep", "file")["made"], left_out(told)) == (1, 1)
        assert "n@home.example" in (root / f"contacts/nora-field{again}.yaml").read_text()
        people(PEOPLE, "--keep", "file")
        cli("contact", "remove", f"nora-field{again}")


def test_one_renamed_here_is_known_by_its_name_in_the_file_after_further_nights(cli: Cli, root: Path) -> None:
    mapping = write("c.yaml", "columns: {Name: name, Website: website}\n")
    firms = "Name,Website\nField Works,https://field.example\n"
    cli("import", "customers", write("c.csv", firms), "--map", mapping)
    cli("customer", "set", "field-works", "name=Field & Sons")
    for night in ("", "www.", "shop."):
        cli(
            "import", "customers", write("c.csv", firms.replace("field.", night + "field.")), "--map", mapping
        )
    firm = loads((root / "customers/field-works.yaml").read_text())
    assert (firm["name"], firm["website"]) == ("Field & Sons", "https://shop.field.example")
    assert [path.stem for path in (root / "customers").iterdir()] == ["field-works"]
    cli("customer", "add", "Hall")
    for away in (("merge", "field-works", "hall"), ("remove", "field-works")):
        cli("customer", *away)
        assert "removed or merged here" in cli("import", "customers", "c.csv", "--map", mapping).out
        assert [path.stem for path in (root / "customers").iterdir()] == ["hall"]
        cli("undo")


def test_a_deal_that_ended_on_each_side_keeps_the_stage_at_which_it_ended_here(cli: Cli, root: Path) -> None:
    won = "{stage: commit, status: won, closed.date: 2026-11-10, closed.amount: 9}"
    stages = f"{{Demo: {{stage: demo, status: open}}, Won: {won}}}"
    mapping = write(
        "w.yaml",
        "external_id: Id\nset: {process: standard, currency: EUR, created: 2026-01-05}\n"
        f"columns: {{Title: title, Stage: {{values: {stages}}}}}\n",
    )
    rows = "Id,Title,Stage\n1,Press,Demo\n2,Saw,Demo\n3,Drill,Demo\n"
    cli("import", "opp", write("w.csv", rows), "--map", mapping)
    cli("opp", "lost", deals(root)["1"]["id"], "--reason", "price")
    cli("opp", "advance", deals(root)["2"]["id"])
    cli("opp", "won", deals(root)["3"]["id"], "--amount", "7")
    told = cli("import", "opp", write("w.csv", rows.replace("Demo", "Won")), "--map", mapping).out
    assert "3 stage (line 2: 1)" in told
    assert {key: (deal["status"], deal["stage"]) for key, deal in deals(root).items()} == {
        "1": ("lost", "demo"), "2": ("won", "propose"), "3": ("won", "demo"),
    }  # fmt: skip


def test_an_id_with_blanks_at_its_ends_is_the_same_id(cli: Cli, root: Path) -> None:
    firms = write("f.yaml", "external_id: Id\ncolumns: {Name: name}\n")
    sold = write("d.yaml", "external_id: Id\nset: {process: standard, currency: EUR}\nmake: [customer]\n"
                 "columns: {Title: title, Firm: customer}\n")  # fmt: skip
    for id_ in ("F1 ", "F1", "\u00a0F1"):
        cli("import", "customers", write("f.csv", f"Id,Name\n{id_},Field Works\n"), "--map", firms)
        cli("import", "opp", write("d.csv", f"Id,Title,Firm\n1,Press,{id_}\n"), "--map", sold)
        assert [path.stem for path in (root / "customers").iterdir()] == ["field-works"]
        assert deals(root)["1"]["customer"] == "field-works"


def test_an_import_that_was_taken_back_comes_again(cli: Cli, root: Path, git: Git) -> None:
    for take_back in (lambda: cli("undo"), lambda: git("revert", "--no-edit", "HEAD")):
        night(cli, ROWS)
        take_back()
        assert not deals(root)
        assert night(cli, ROWS)["made"] == 2
        git("reset", "-q", "--hard", "HEAD~3")


def test_rows_that_name_what_was_removed_here_change_nothing_and_bring_nothing_back(
    cli: Cli, root: Path, git: Git
) -> None:
    firms = write("f.yaml", "external_id: Id\ncolumns: {Name: name}\n")
    cli("import", "customers", write("f.csv", "Id,Name\nF1,Field Works\n"), "--map", firms)
    mapping = write("n.yaml", "external_id: Id\ncolumns: {Title: title, Firm: customer, Amount: amount}\n")
    rows = "Id,Title,Firm,Amount\n1,Press,F1,1000\n2,Saw,F1,2000\n"
    tasks = "Id,Deal,Subject\nT1,1,Call\nT2,2,Call\n"
    calls = write("t.yaml", "external_id: Id\nrecord: Deal\nset: {type: call, at: 2026-01-05}\n"
                  "columns: {Subject: subject}\n")  # fmt: skip
    lines = write(
        "l.yaml", "external_id: Id\nrecord: Deal\ncolumns: {What: description, Price: unit_price}\n"
    )
    items = "Id,Deal,What,Price\nL1,1,Frame,10\nL2,1,Belt,20\nL3,2,Belt,30\n"
    cli("import", "opp", write("n.csv", rows), "--map", mapping)
    cli("import", "activities", write("t.csv", tasks), "--map", calls)
    cli("import", "items", write("l.csv", items), "--map", lines)
    first, second = (str(deals(root)[key]["id"]) for key in "12")
    cli("opp", "item", "remove", first, "2")
    cli("opp", "set", first, "customer=")
    cli("opp", "remove", second)
    cli("customer", "remove", "field-works")
    before = state(git)

    cli("import", "customers", "f.csv", "--map", firms)
    cli("import", "opp", "n.csv", "--map", mapping)
    told = json.loads(cli("import", "activities", "t.csv", "--map", calls, "--format", "json").out)
    assert (told["unchanged"], left_out(told), told["rejected"]) == (1, 1, 0)
    cli("import", "items", "l.csv", "--map", lines)
    assert state(git) == before

    cli("import", "opp", write("n.csv", rows.replace("Press", "Large press")), "--map", mapping)
    assert (deals(root)["1"]["title"], deals(root)["1"].get("customer")) == ("Large press", None)
    told = night_of(cli, mapping, "Id,Title,Firm,Amount\n3,Mill,F1,1\n")
    assert [reason["reason"] for reason in told["reasons"]] == [
        "customer: the customer field-works was removed here"
    ]
    cli("check")


def test_what_people_call_otherwise_is_still_known_by_the_name_of_the_file(
    cli: Cli, root: Path, git: Git
) -> None:
    """Nothing but names tells these customers, people and users apart."""
    rows = "Id,Title,Firm,Person,Owner,Amount\n1,Press,Acme,Rosa Gil,Luis Gil,1000\n2,Saw,Acme,,Luis Gil,2\n"
    mapping = write(
        "n.yaml",
        "external_id: Id\nmake: [customer, contact]\n"
        "columns: {Title: title, Firm: customer, Person: contacts.contact, Owner: owner, Amount: amount}\n",
    )
    users = write("u.yaml", "columns: {Name: name}\n")
    cli("import", "users", write("u.csv", "Name\nLuis Gil\n"), "--map", users)
    night_of(cli, mapping, rows, code=0)
    cli("customer", "set", "acme", "name=Acme Group")
    cli("contact", "set", "rosa-gil", "name=Rosa Gil Perez")
    cli("user", "set", "luis-gil", "name=Luis G. Prado")
    before = state(git)
    told = night_of(cli, mapping, rows, code=0)
    cli("import", "users", "u.csv", "--map", users)
    assert (told["updated"], told["unchanged"], state(git)) == (0, 2, before)

    for amount in ("1500", "1600"):  # the second reads what the first kept
        night_of(cli, mapping, rows.replace("1000", amount), code=0)
        assert (deals(root)["1"]["customer"], str(deals(root)["1"]["amount"])) == ("acme", amount)
    for noun, key, name in (
        ("customer", "acme", "Acme Group"), ("contact", "rosa-gil", "Rosa Gil Perez"),
        ("user", "luis-gil", "Luis G. Prado"),
    ):  # fmt: skip
        assert json.loads(cli(noun, "show", key, "--format", "json").out)["name"] == name
        assert f"{key}-2" not in cli(noun, "list", "--format", "ids").out.split()


def test_a_deal_without_an_amount_takes_the_currency_of_its_first_unless_people_gave_it_one(
    cli: Cli, root: Path
) -> None:
    rows = "Id,Title,Amount\n1,Press,£7\n2,Saw,\n3,Lathe,\n4,Drill,\n"
    mapping = write("n.yaml", "external_id: Id\nsigns: {£: GBP}\ncolumns: {Title: title, Amount: amount}\n")
    night_of(cli, mapping, rows, code=0)
    cli("opp", "set", "Lathe", "currency=USD")
    cli("opp", "set", "Drill", "amount=40")
    cli("opp", "add", "--title", "Axe", "--set", "external_id=5")
    told = night_of(
        cli, mapping, "Id,Title,Amount\n1,Press,£7\n2,Saw,£500\n3,Lathe,£1\n4,Drill,£1\n5,Axe,£1\n"
    )
    said = "its amounts are written in GBP, and it is in"
    reasons = {reason["reason"]: reason["rows"] for reason in told["reasons"]}
    assert reasons == {f"{said} USD": 1, f"{said} EUR": 2}
    found = {key: (deal.get("amount"), deal["currency"]) for key, deal in deals(root).items()}
    assert found == {
        "1": (7, "GBP"), "2": (500, "GBP"), "3": (None, "USD"), "4": (40, "EUR"), "5": (None, "EUR"),
    }  # fmt: skip


def night_of(cli: Cli, mapping: str, rows: str, code: int = 1) -> dict[str, Any]:
    arguments = ("import", "opp", write("n.csv", rows), "--map", mapping, "--format", "json")
    told: dict[str, Any] = json.loads(cli(*arguments, code=code).out)
    return told


@pytest.mark.parametrize("keep", ["local", "file"])
def test_a_line_that_either_side_calls_otherwise_is_one_line(cli: Cli, root: Path, keep: str) -> None:
    lines = "Id,Of,Item,Quantity,Price\nl1,1,Panel,1,10\nl2,1,Anchor,1,20\nl3,1,Bolt,1,30\n"
    mapping = f"external_id: Id\nkeep: {keep}\nrecord: Of\ncolumns: {{Item: description, Quantity: quantity, "
    mapping = write("l.yaml", mapping + "Price: unit_price}\n")

    def lines_here() -> list[tuple[object, ...]]:
        items: Any = deals(root)["1"]["items"]
        return [(item["description"], item["quantity"], item["unit_price"]) for item in items]

    night(cli, "Id,Title,Stage,Amount,Owner\n1,Press,Demo,,\n")
    cli("import", "items", write("l.csv", lines), "--map", mapping)
    deal = str(deals(root)["1"]["id"])
    cli("opp", "set", deal, "items.1.quantity=5", "items.2.description=Anchor, large")
    cli("opp", "item", "remove", deal, "3")
    renamed = (
        lines.replace("Panel", "Wall panel").replace("Anchor,1", "Anchor,2").replace("Bolt", "Long bolt")
    )
    told = json.loads(
        cli("import", "items", write("l.csv", renamed), "--map", mapping, "--format", "json").out
    )
    mended = [("Wall panel", 5, 10), ("Anchor, large", 2, 20)]
    assert lines_here() == mended + [("Long bolt", 1, 30)] * (keep == "file")
    assert [kept["rows"] for kept in told["kept"]] == [1] * (keep == "local")


@pytest.mark.parametrize("keep", ["file", "conflict"])
def test_a_removed_deal_of_a_customer_that_was_merged_here_is_one_of_which_the_file_says_nothing_new(
    cli: Cli, root: Path, git: Git, keep: str
) -> None:
    columns = "{Title: title, Firm: customer, Quoted: custom.quoted}"
    mapping = write("f.yaml", f"external_id: Id\nmake: [customer]\ncolumns: {columns}\n")
    rows = write("f.csv", "Id,Title,Firm,Quoted\n1,Press,Acme,3005.97\n2,Saw,Hall,\n")
    cli("import", "opp", rows, "--map", mapping)
    cli("opp", "remove", str(deals(root)["1"]["id"]))
    cli("customer", "merge", "acme", "hall")
    before = state(git)
    cli("import", "opp", rows, "--map", mapping, "--keep", keep)
    assert state(git) == before


def test_a_customer_that_deals_name_by_its_domain_is_known_by_it_when_merged_or_moved_here(
    cli: Cli, root: Path, git: Git
) -> None:
    """The deals went to a new customer called as the domain."""
    firms = write(
        "c.csv", "external_id,name,website\nC1,Acme,https://acme.example\nC2,Hall,www.hall.example/es\n"
    )
    rows = write("f.csv", "Id,Title,Site\n1,Press,acme.example\n2,Saw,hall.example\n")
    mapping = write("f.yaml", "external_id: Id\nmake: [customer]\ncolumns: {Title: title, Site: customer}\n")
    cli("import", "customers", firms)
    cli("import", "opp", rows, "--map", mapping)
    cli("customer", "add", "Field")
    cli("customer", "merge", "acme", "field")
    cli("customer", "set", "hall", "website=https://hall-and-sons.example")
    before = state(git)
    cli("import", "customers", firms)
    for keep in ("local", "file", "conflict"):
        cli("import", "opp", rows, "--map", mapping, "--keep", keep)
    assert state(git) == before
    assert [deals(root)[key]["customer"] for key in "12"] == ["field", "hall"]


def test_two_clones_that_import_one_export_make_one_record_of_each_row(
    cli: Cli, root: Path, git: Git
) -> None:
    """Each had an id by chance: after a sync every deal was there twice, and counted twice."""
    rows = write("d.csv", "external_id,title,stage\nA1,Saw,demo\nA2,Axe,demo\n")
    cli("import", "opportunities", rows)
    ids = {external: deal["id"] for external, deal in deals(root).items()}
    git("reset", "-q", "--hard", "HEAD~1")
    cli("import", "opportunities", write("e.csv", "external_id,title,stage\nA2,Axe,demo\nA1,Saws,demo\n"))
    assert {external: deal["id"] for external, deal in deals(root).items()} == ids
    assert len({*ids.values()}) == 2


def test_a_contact_that_people_added_before_the_file_did_takes_the_place_of_the_files_former_one(
    cli: Cli, root: Path
) -> None:
    """The former one stayed beside."""
    people = "external_id,name,email\n7,Zoe Roy,zoe@x.example\n8,Bo Li,bo@x.example\n"
    cli("import", "contacts", write("c.csv", people.replace("email", "emails")))
    head = "external_id,title,stage,contacts.1.contact\nA1,Saw,demo,"
    cli("import", "opportunities", write("d.csv", f"{head}7\n"))
    ref = str(deals(root)["A1"]["id"])
    cli("opp", "contact", "add", ref, "bo-li")
    assert "1 unchanged" in cli("import", "opportunities", "d.csv").out
    cli("import", "opportunities", write("e.csv", f"{head}8\n"))
    assert deals(root)["A1"]["contacts"] == [{"contact": "bo-li"}]
