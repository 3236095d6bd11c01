"""A person of a row is recognised by id, external_id, e-mail address, or by name at the same customer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")

Given = Callable[[dict[str, str]], None]
TWO_COMPANIES = {
    "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
    "customers/fabrikam.yaml": "id: fabrikam\nname: Fabrikam\n",
    "contacts/maria-lopez.yaml": (
        "id: maria-lopez\nname: Maria Lopez\ncustomer: contoso\nemails: [maria@contoso.example]\n"
    ),
}
PEOPLE = "external_id: Id\ncolumns: {Name: name, Company: customer, Mail: emails}\n"


def test_a_namesake_at_another_company_is_another_person(cli: Cli, root: Path, given: Given) -> None:
    given(TWO_COMPANIES)
    before = (root / "contacts/maria-lopez.yaml").read_text()
    rows = write("p.csv", "Id,Name,Company,Mail\n77,Maria López,Fabrikam,ml@fabrikam.example\n")
    said = cli("import", "contacts", rows, "--map", write("m.yaml", PEOPLE))
    assert (root / "contacts/maria-lopez.yaml").read_text() == before
    new = loads((root / "contacts/maria-lopez-2.yaml").read_text())
    assert (new["customer"], new["external_id"]) == ("fabrikam", "77")
    assert '"Maria López" is the new contact maria-lopez-2, not the namesake maria-lopez' in said.out
    assert "1 unchanged" in cli("import", "contacts", rows, "--map", "m.yaml").out


def test_one_address_in_two_spellings_is_one(cli: Cli, root: Path, given: Given) -> None:
    given(TWO_COMPANIES)
    mails = "1,Bo Li,Contoso,b@x.example; B@X.example\n1,Bo Li,Contoso,B@x.example\n"
    rows = write("p.csv", f"Id,Name,Company,Mail\n{mails}")
    assert "1 made" in cli("import", "contacts", rows, "--map", write("m.yaml", PEOPLE)).out
    assert "1 unchanged" in cli("import", "contacts", rows, "--map", "m.yaml").out
    cli("contact", "set", "bo-li", "emails=b@x.example,B@X.EXAMPLE", "phones=+34 600 111 222,+34600111222")
    bo = loads((root / "contacts/bo-li.yaml").read_text())
    assert (bo["emails"], bo["phones"]) == (["b@x.example"], ["+34 600 111 222"])


@pytest.mark.parametrize(
    "row",
    [
        "77,M. Lopez,Contoso,MARIA@contoso.example",
        "77,Maria López,Contoso,",
        "77,Maria Lopez,Fabrikam,maria@contoso.example",
    ],
)
def test_the_same_address_or_the_name_at_the_same_customer_is_the_same_person(
    cli: Cli, root: Path, given: Given, row: str
) -> None:
    given(TWO_COMPANIES)
    rows = write("p.csv", f"Id,Name,Company,Mail\n{row}\n")
    mapping = write("m.yaml", PEOPLE + "skip_empty: true\n")
    told = json.loads(cli("import", "contacts", rows, "--map", mapping, "--format", "json").out)
    assert (told["made"], told["updated"]) == (0, 1)
    assert "external_id: '77'\n" in (root / "contacts/maria-lopez.yaml").read_text()


def test_an_address_that_changed_is_the_same_persons_unless_the_old_one_has_a_row(
    cli: Cli, root: Path
) -> None:
    head = "Name,Company,Phone,Email\n"
    nora, leo = "Nora Field,Contoso,600111222,\n", "Leo Park,Contoso,,leo@contoso.example\n"
    mapping = write(
        "m.yaml", "make: [customer]\ncolumns: {Name: name, Company: customer, Phone: phones, Email: emails}\n"
    )
    cli("import", "contacts", write("p.csv", head + nora + leo), "--map", mapping)
    nora, moved = nora.replace("600", "699"), leo.replace("leo@", "leo.park@")
    assert "2 updated" in cli("import", "contacts", write("p.csv", head + nora + moved), "--map", mapping).out
    told = cli("import", "contacts", write("p.csv", head + leo + nora + moved), "--map", mapping).out
    assert "new contacts with the name of others (line 2: Leo Park)" in told
    people = {path.stem: loads(path.read_text()) for path in (root / "contacts").iterdir()}
    assert {key: (of.get("emails"), of.get("phones")) for key, of in people.items()} == {
        "nora-field": (None, ["699111222"]),
        "leo-park": (["leo.park@contoso.example"], None),
        "leo-park-2": (["leo@contoso.example"], None),
    }
    assert "3 unchanged" in cli("import", "contacts", "p.csv", "--map", mapping).out


def test_one_whom_the_other_system_calls_otherwise_is_another_though_the_address_is_shared(
    cli: Cli, root: Path, given: Given
) -> None:
    given(TWO_COMPANIES)
    shared = "info@contoso.example"
    rows = f"Id,Name,Company,Mail\n1,Ana Gil,Contoso,{shared}\n2,Ben Roe,Contoso,{shared}\n"
    told = json.loads(
        cli(
            "import",
            "contacts",
            write("p.csv", rows),
            "--map",
            write("m.yaml", PEOPLE),
            "--format",
            "json",
        ).out
    )
    assert told["made"] == 2


def test_an_address_that_two_people_share_gives_neither_the_name_of_the_other(
    cli: Cli, root: Path, given: Given
) -> None:
    given(
        {**TWO_COMPANIES, "contacts/ana-gil.yaml": "id: ana-gil\nname: Ana Gil\nemails: [info@x.example]\n"}
    )
    mapping = write("m.yaml", "columns: {Name: name, Mail: emails, Title: title}\n")
    rows = (
        "Name,Mail,Title\nBen Roe,info@x.example,CFO\nAna Gil,info@x.example,CEO\nHans Gil,info@x.example,\n"
    )
    told = cli("import", "contacts", write("p.csv", rows), "--map", mapping).out
    assert "2 new contacts with the address of others (line 2: Ben Roe)" in told
    people = {path.stem: loads(path.read_text()) for path in (root / "contacts").iterdir()}
    assert {key: (of["name"], of.get("title")) for key, of in people.items() if key != "maria-lopez"} == {
        "ana-gil": ("Ana Gil", "CEO"), "ben-roe": ("Ben Roe", "CFO"), "hans-gil": ("Hans Gil", None),
    }  # fmt: skip
    assert "3 unchanged" in cli("import", "contacts", "p.csv", "--map", mapping).out
    cli("contact", "set", "ben-roe", "name=Robert Roe")
    cli("contact", "remove", "hans-gil")
    told = cli("import", "contacts", "p.csv", "--map", mapping).out
    assert {path.stem for path in (root / "contacts").iterdir()} == {"ana-gil", "ben-roe", "maria-lopez"}
    assert loads((root / "contacts/ben-roe.yaml").read_text())["name"] == "Robert Roe"


def test_one_whom_people_gave_another_employer_or_address_is_still_known_by_those_of_the_file(
    cli: Cli, root: Path, git: Git
) -> None:
    mapping = write("m.yaml", "make: [customer]\ncolumns: {Name: name, Mail: emails, Firm: customer}\n")
    head = "Name,Mail,Firm\n"
    rows = head + "Ana Gil,ana@x.example,Hall\nBen Roe,,Hall\nCy Vo,,\nDi Ude,di@x.example,Hall\n"
    cli("import", "contacts", write("p.csv", rows), "--map", mapping)
    deals_map = "external_id: Id\ncolumns: {Title: title, Firm: customer, Person: contacts.contact}\n"
    deals_file = write("d.csv", "Id,Title,Firm,Person\n1,Press,Hall,ana@x.example\n2,Saw,Hall,Ben Roe\n")
    cli("import", "opp", deals_file, "--map", write("d.yaml", deals_map))
    cli("customer", "add", "Field")
    cli("contact", "set", "ana-gil", "emails=ana@y.example", "customer=field")
    cli("contact", "set", "ben-roe", "customer=field")
    cli("contact", "set", "cy-vo", "customer=field")
    cli("contact", "set", "di-ude", "emails=di@y.example")
    before = state(git)
    assert "4 unchanged" in cli("import", "contacts", "p.csv", "--map", mapping).out
    cli("import", "opp", deals_file, "--map", "d.yaml")
    assert state(git) == before
    namesake = rows.replace("Hall\nBen", "Hall\nAna Gil,ana@z.example,Hall\nBen").replace(",,Hall", ",,Mill")
    cli("import", "contacts", write("p.csv", namesake), "--map", mapping)
    people = {path.stem: loads(path.read_text()).get("emails") for path in (root / "contacts").iterdir()}
    assert people == {
        "ana-gil": ["ana@y.example"], "ana-gil-2": ["ana@z.example"], "ben-roe": None, "ben-roe-2": None,
        "cy-vo": None, "di-ude": ["di@y.example"],
    }  # fmt: skip


def test_one_who_was_removed_stays_so_when_her_customer_is_merged_into_another(
    cli: Cli, root: Path, git: Git
) -> None:
    mapping = write("m.yaml", "make: [customer]\ncolumns: {Name: name, Firm: customer}\n")
    write("p.csv", "Name,Firm\nAna Gil,Hall\nBen Roe,Field\n")
    cli("import", "contacts", "p.csv", "--map", mapping)
    cli("contact", "remove", "ana-gil")
    cli("customer", "merge", "hall", "field")
    before = state(git)
    cli("import", "contacts", "p.csv", "--map", mapping)
    assert state(git) == before


def test_a_new_namesake_takes_no_id_of_one_merged_away(cli: Cli, root: Path) -> None:
    mapping = write("m.yaml", "make: [customer]\ncolumns: {Name: name, Mail: emails, Firm: customer}\n")
    rows = "Name,Mail,Firm\nAna Gil,ana@x.example,Hall\nBen Roe,ben@x.example,Hall\n"
    cli("import", "contacts", write("p.csv", rows), "--map", mapping)
    cli("contact", "merge", "ana-gil", "ben-roe")
    rows += "Ana Gil,ana@y.example,Field\n"
    for _ in range(2):
        cli("import", "contacts", write("p.csv", rows), "--map", mapping)
        people = {path.stem: loads(path.read_text())["emails"] for path in (root / "contacts").iterdir()}
        assert people == {"ben-roe": ["ben@x.example", "ana@x.example"], "ana-gil-2": ["ana@y.example"]}


def test_the_row_of_one_merged_away_changes_nothing_of_who_has_her_address_now(cli: Cli, root: Path) -> None:
    mapping = write("m.yaml", "columns: {Name: name, Mail: emails, Title: title}\n")
    ana, too = "Ana Gil,ana@x.example,CEO\n", "Ana Gil,a.gil@y.example,Owner\n"
    for rows in (ana + too, too + ana, too, ana):
        cli("import", "contacts", write("p.csv", f"Name,Mail,Title\n{rows}"), "--map", mapping)
        if rows == ana + too:
            cli("contact", "merge", "ana-gil-2", "ana-gil")
        (person,) = (root / "contacts").iterdir()
        told = loads(person.read_text())
        assert (told["title"], told["emails"]) == ("CEO", ["ana@x.example", "a.gil@y.example"])


def test_a_deal_names_the_person_of_its_own_customer(cli: Cli, root: Path, given: Given) -> None:
    given(TWO_COMPANIES)
    rows = write(
        "d.csv", "Id,Deal,Company,Contact\nD1,Press,Fabrikam,Maria Lopez\nD2,Saw,Contoso,maria lopez\n"
    )
    columns = "external_id: Id\ncolumns: {Deal: title, Company: customer, Contact: contacts.contact}\n"
    said = cli("import", "opp", rows, "--map", write("m.yaml", columns), code=1)
    assert (
        'unknown contact "Maria Lopez" at fabrikam; maria-lopez is at contoso: '
        "name the person by id or e-mail address"
    ) in said.out
    said = cli("import", "opp", rows, "--map", write("make.yaml", columns + "make: [contact]\n"))
    assert deals(root)["D2"]["contacts"] == [{"contact": "maria-lopez"}]
    assert deals(root)["D1"]["contacts"] == [{"contact": "maria-lopez-2"}]
    assert loads((root / "contacts/maria-lopez-2.yaml").read_text())["customer"] == "fabrikam"
    assert "is the new contact maria-lopez-2, not the namesake maria-lopez" in said.out


def test_a_file_of_bare_names_makes_nobody_twice_and_takes_nobody_with_an_address(
    cli: Cli, root: Path, given: Given
) -> None:
    given(TWO_COMPANIES)
    rows = write("p.csv", "name\nMaria Lopez\nAna Gil\n")
    assert "2 made" in cli("import", "contacts", rows).out
    assert "2 unchanged" in cli("import", "contacts", rows).out
    assert "customer" not in loads((root / "contacts/maria-lopez-2.yaml").read_text())


def test_two_of_one_bare_name_are_two_by_their_numbers_and_named_where_nothing_tells(
    cli: Cli, root: Path, git: Git
) -> None:
    cards = "".join(
        f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nEND:VCARD\n"
        for name in ("Kausik\nTEL:+91 22 1111 1111", "Kausik\nTEL:+91 22 2222 2222", "Ravi", "Ravi")
    )
    cards += "".join(
        f"BEGIN:VCARD\nVERSION:3.0\nFN:Tom\nTITLE:{title}\nEND:VCARD\n" for title in ("CEO", "CTO")
    )
    book = write("book.vcf", cards)
    report = cli("import", "contacts", book, code=1).out
    assert '1 "Ravi" has nothing but a name, as on line 11: one contact (line 15: Ravi)' in report
    assert "1 title: CTO, where line 19 says CEO of the same contact (line 24)" in report
    phones = {path.stem: loads(path.read_text()).get("phones") for path in (root / "contacts").iterdir()}
    assert phones == {
        "kausik": ["+91 22 1111 1111"], "kausik-2": ["+91 22 2222 2222"], "ravi": None, "tom": None,
    }  # fmt: skip
    before = state(git)
    assert "4 unchanged" in cli("import", "contacts", book, code=1).out
    assert state(git) == before
    bare = cli("import", "contacts", write("bare.csv", "name\nKausik\n"), code=1)
    assert 'kausik and kausik-2 have the name "Kausik" at no customer: name one by its id' in bare.out


@pytest.mark.parametrize("charset", ["NONSENSE", "UNDEFINED", "BASE64"])
def test_a_card_in_a_charset_that_there_is_not_is_read_as_utf_8(cli: Cli, root: Path, charset: str) -> None:
    card = f"BEGIN:VCARD\nN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:P=C3=A9rez;Ana\nEND:VCARD\n"
    cli("import", "contacts", write("book.vcf", card))
    assert loads((root / "contacts/ana-perez.yaml").read_text())["name"] == "Ana Pérez"


@pytest.mark.parametrize(
    ("header", "reason"), [("x" * 1001, "longer than 1000 characters: xxx"), ("a\x80", "U+0080")]
)
def test_a_header_that_no_mapping_can_name_is_refused(cli: Cli, root: Path, header: str, reason: str) -> None:
    file = write("deals.csv", f"Deal Name,Amount,Stage,{header}\nTwo grinders,5,Demo,x\n")
    said = cli("import", "plan", file, "--into", "moved", code=1).err
    assert reason in said and "a fault in pipecli itself" not in said and not Path("moved").exists()


def test_a_cell_or_a_card_with_more_values_than_anybody_has_is_refused(cli: Cli, root: Path) -> None:
    tags = ",".join(f"t{number}" for number in range(1001))
    file = write("people.csv", f'name,tags\nAnn,"{tags}"\nBo,"{tags[:-6]}"\n')
    assert "1,001 values are too many for a cell" in cli("import", "contacts", file, code=1).out
    assert [path.stem for path in (root / "contacts").iterdir()] == ["bo"]
    phones = "".join(f"TEL:+34 910 {number:06}\n" for number in range(1001))
    file = write("ann.vcf", f"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\n{phones}END:VCARD\n")
    refused = cli("import", "contacts", file, code=1).err
    assert refused == "error: ann.vcf:1004: a person has more than 1,000 phones\n"
