"""Which record a command hits, and what it says of it; docs/references.md has the rules."""

from __future__ import annotations

import json

import pytest

from tests.terminal import at_terminal

pytestmark = pytest.mark.usefixtures("warm_calls")

CUSTOMERS = {
    "customers/cancity.yaml": "id: cancity\nname: Cancity\n",
    "customers/nordwind.yaml": "id: nordwind\nname: Nordwind\n",
}
DEAL = """\
id: {id}
created: 2026-11-02T10:00:00+01:00
title: {title}
type: sales
customer: {customer}
process: standard
stage: qualify
status: open
owner: ana-ruiz
currency: EUR
amount: {amount}
"""


@pytest.fixture
def cancity(given, today):
    """A deal of Cancity's, and one whose id begins so."""
    given(
        CUSTOMERS
        | {
            f"opportunities/2026/11/{key}.yaml": DEAL.format(
                id=key, title=title, customer=buyer, amount=amount
            )
            for key, title, buyer, amount in (
                ("OPP-CANXX", "Foyers of four cinemas", "nordwind", 1000),
                ("OPP-8W9YZ", "Espresso machines", "cancity", 250),
            )
        }
    )


def test_an_id_s_start_never_beats_a_name(refused, cancity):
    line = refused("opp", "lost", "can", "--reason", "price")
    assert '"can" is 2 records' in line
    assert "OPP-CANXX (Foyers of four cinemas)" in line
    assert "OPP-8W9YZ (Espresso machines)" in line


def test_at_a_terminal_it_is_a_numbered_choice(root, cancity, git):
    code, screen = at_terminal(root, "opp", "lost", "can", "--reason", "price", typed="1\n")
    assert code == 0
    assert "1  OPP-8W9YZ  Espresso machines       Cancity   " in screen
    assert "2  OPP-CANXX  Foyers of four cinemas  Nordwind    1,000.00  open" in screen
    assert "OPP-8W9YZ Espresso machines: lost: price" in screen
    assert git("log", "-1", "--format=%s").startswith("OPP-8W9YZ: lost")


@pytest.mark.parametrize("answer", ["\n", "3\n", "0\n", "two\n"])
def test_no_number_of_the_choice_changes_nothing(root, cancity, git, answer):
    before = git("rev-parse", "HEAD")
    code, screen = at_terminal(root, "opp", "lost", "can", "--reason", "price", typed=answer)
    assert code == 1
    assert 'error: "can" is 2 records' in screen
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain") == ""


def test_a_choice_for_reading_and_for_one_of_two_names(root, cancity):
    code, screen = at_terminal(root, "opp", "show", "can", typed="2\n")
    assert code == 0
    assert "Foyers of four cinemas\n" in screen.partition("Which one")[2]


def test_a_choice_of_one_where_the_start_of_an_id_will_not_do(root, cancity, git):
    code, _ = at_terminal(root, "opp", "lost", "8w9", "--reason", "price", typed="1\n")
    assert code == 0
    assert git("log", "-1", "--format=%s").startswith("OPP-8W9YZ: lost")


def test_a_json_reader_is_never_asked(cli, cancity):
    assert "is 2 records" in cli("opp", "show", "can", "--format", "json", code=1).err


def test_a_merge_that_is_repeated_finds_no_namesake(cli, refused, given):
    given(
        {
            "customers/acme.yaml": "id: acme\nname: Acme\n",
            "customers/acme-nuts.yaml": "id: acme-nuts\nname: Acme Nuts\n",
            "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
        }
    )
    assert cli("customer", "merge", "acme", "contoso").out.startswith("contoso Contoso: ")
    assert '"acme" may be acme-nuts (Acme Nuts)' in refused("customer", "merge", "acme", "contoso")
    assert '"cont" may be contoso' in refused("customer", "merge", "acme-nuts", "cont")


def test_a_removal_that_is_repeated_finds_no_namesake(cli, refused, given):
    given(
        {
            "products/cafe.yaml": "sku: cafe\nname: Café\n",
            "products/cafe-large.yaml": "sku: cafe-large\nname: Café, large\n",
        }
    )
    assert cli("product", "remove", "cafe").out == "cafe: remove product Café\n"
    assert '"cafe" may be cafe-large' in refused("product", "remove", "cafe")


@pytest.mark.parametrize(
    "words",
    [
        ("opp", "won", "2q8"),
        ("opp", "lost", "2q8", "--reason", "price"),
        ("opp", "reopen", "2q8"),
        ("contact", "remove", "maria"),
        ("customer", "remove", "coffee"),
        ("supplier", "remove", "bean"),
        ("user", "remove", "ana"),
        ("quote", "send", "9ht"),
        ("quote", "accept", "9ht"),
        ("quote", "reject", "9ht"),
        ("order", "cancel", "7rd"),
        ("lead", "disqualify", "5zd"),
        ("lead", "reopen", "5zd"),
        ("supplier-quote", "decline", "4sq"),
    ],
)
def test_what_ends_sends_or_removes_takes_no_start(refused, shop, given, words):
    document = "created: 2026-11-03T10:00:00+01:00\nopportunity: OPP-2Q8XA\ncurrency: EUR\n"
    item = "items:\n- description: Espresso\n  quantity: 1\n"
    sold = f"{document}date: 2026-11-03\ncustomer: contoso-coffee\n{item}  unit_price: 10\n"
    given(
        {
            "quotations/2026/11/QTN-9HT4B.yaml": f"id: QTN-9HT4B\n{sold}status: sent\n"
            "valid_until: 2026-12-03\n",
            "orders/2026/11/ORD-7RD5C.yaml": f"id: ORD-7RD5C\nquotation: QTN-9HT4B\n{sold}status: open\n",
            "leads/2026/11/LEAD-5ZD6D.yaml": "id: LEAD-5ZD6D\nname: Eva\n"
            "created: 2026-11-03T10:00:00+01:00\n",
            "supplier-quotations/2026/11/SQ-4SQ7F.yaml": f"id: SQ-4SQ7F\nsupplier: acme\n{document}"
            f"status: requested\ndate: 2026-11-03\n{item}",
        }
    )
    line = refused(*words)
    assert f'"{words[2]}" may be ' in line
    assert "this takes a whole " in line


def test_a_name_that_fits_one_of_all_ends_it(cli, cancity):
    assert cli("opp", "lost", "foyers", "--reason", "price").out == (
        "OPP-CANXX Foyers of four cinemas: lost: price\n"
    )
    assert "OPP-CANXX is lost" in cli("opp", "lost", "foyers", "--reason", "price", code=1).err


def test_an_activity_s_start_never_beats_a_deal_s_name(cli, refused, cancity):
    added = cli(
        "activity", "add", "foyers", "--type", "call", "--subject", "Prices", "--at", "2026-11-30T10:00"
    )
    start = added.out[:3].lower()
    assert cli("activity", "done", "foyers", "--dry-run").code == 0
    cli("opp", "set", "OPP-8W9YZ", f"title={start} machines")
    line = refused("activity", "done", start)
    assert "OPP-8W9YZ or the activity" in line
    assert "no activity of OPP-CANXX matches" in refused("activity", "done", "foyers", start[:2])


def test_every_change_says_what_it_hit(cli, cancity):
    assert cli("opp", "set", "foyers", "tags=kino").out == "OPP-CANXX Foyers of four cinemas: set tags\n"
    assert cli("opp", "advance", "foyers").out == (
        "OPP-CANXX Foyers of four cinemas: advance qualify → demo\n"
    )
    assert cli("customer", "set", "cancity", "country=Spain").out == "cancity Cancity: set country\n"
    same = cli("opp", "set", "foyers", "tags=kino")
    assert same.err == "OPP-CANXX Foyers of four cinemas: nothing to change, it is so already\n"


def test_what_is_made_on_a_record_says_on_which(cli, cancity):
    call = cli("activity", "add", "foyers", "--type", "call", "--subject", "Prices", "--done")
    assert len(call.out.strip()) == 5
    assert call.err.startswith("OPP-CANXX Foyers of four cinemas: log call")
    assert cli("activity", "add", "foyers", "--type", "note", "--subject", "N", "--format", "ids").err == ""


def test_json_is_as_it_was(cli, cancity):
    shown = json.loads(cli("opp", "set", "foyers", "tags=kino", "--format", "json").out)
    assert shown["id"] == "OPP-CANXX"
    assert shown["tags"] == ["kino"]


PEOPLE = """
users:
  ana-ruiz: {name: Ana Ruiz, email: ana@contoso.example}
  ben: {name: Benjamín Östlund, email: ben@contoso.example, team: sur}
teams:
  sur: {name: Zona Sur}
processes:
  vendas:
    name: Vendas
    stages:
    - {id: s1, name: Cadastro, probability: 10}
    - {id: s2, name: Negociação, probability: 50}
  standard:
    stages:
    - {id: qualify, probability: 10}
    - {id: s9, name: Negociação, probability: 60}
lost_reasons: [price, no-decision, Too late]
disqualify_reasons: [no-need, Wrong number]
sources: [Trade fair, web]
"""


@pytest.fixture
def vendas(cancity, root, git):
    """A process whose stages have names of another language than their ids, and a colleague."""
    settings = root / "pipecli.yaml"
    kept, skip = [], False
    for line in settings.read_text().splitlines():
        if not line.startswith((" ", "-", "#")):
            skip = line.split(":")[0] in (
                "users",
                "teams",
                "processes",
                "lost_reasons",
                "disqualify_reasons",
                "sources",
            )
        if not skip:
            kept.append(line)
    settings.write_text("\n".join(kept) + PEOPLE)
    git("commit", "-q", "-a", "-m", "Names")


@pytest.mark.parametrize("name", ["Negociação", "negociacao", "NEGOCIACAO", "s2", "nego"])
def test_a_stage_is_taken_by_its_name(cli, vendas, name):
    cli("opp", "set", "foyers", "process=vendas", "stage=cadastro")
    assert cli("opp", "advance", "foyers", "--to", name).out.endswith(": advance s1 → s2\n")


def test_a_list_takes_a_stage_s_name_of_every_process(cli, vendas):
    cli("opp", "set", "foyers", "process=Vendas", "stage=Negociação")
    cli("opp", "advance", "OPP-8W9YZ", "--to", "negociação")
    listed = cli("opp", "list", "--stage", "NEGOCIAÇÃO", "--format", "ids").out.split()
    assert sorted(listed) == ["OPP-8W9YZ", "OPP-CANXX"]
    assert cli("opp", "list", "--stage", "s9", "--format", "ids").out == "OPP-8W9YZ\n"


def test_a_wrong_stage_lists_those_there_are_and_the_likeliest(cli, refused, vendas):
    cli("opp", "set", "foyers", "process=vendas", "stage=s1")
    line = refused("opp", "advance", "foyers", "--to", "Negociasao")
    assert "Negociasao isn't a stage of the process vendas; did you mean s2 (Negociação)?" in line
    assert "its stages: s1 (Cadastro), s2 (Negociação)" in line


@pytest.mark.parametrize("name", ["ben", "BEN", "Benjamin Ostlund", "östlund", "ben@contoso.example"])
def test_a_user_is_taken_by_name_and_address(cli, vendas, name):
    assert cli("opp", "assign", "foyers", name).out.endswith(": assign to ben\n")
    assert cli("opp", "list", "--owner", name, "--format", "ids").out == "OPP-CANXX\n"
    assert (
        cli("opp", "set", "OPP-8W9YZ", f"owner={name}", "--format", "json").out.count('"owner": "ben"') == 1
    )
    assert "1,250.00" in cli("forecast", "--owner", name).out
    assert cli("opp", "add", "New", "--owner", name, "--format", "json").out.count('"owner": "ben"') == 1
    assert (
        cli("customer", "add", "Kaffa", "--owner", name, "--format", "json").out.count('"owner": "ben"') == 1
    )
    assert cli("user", "show", name).out.startswith("id      ben\n")
    added = cli(
        *("activity", "add", "foyers", "--type", "note", "--subject", "N", "--by", name, "--format", "json")
    )
    assert added.out.count('"by": "ben"') == 1


def test_a_team_is_taken_by_its_name(cli, refused, vendas):
    assert cli("opp", "assign", "foyers", "--team", "zona sur").out.endswith(
        ": assign to the team sur: ben\n"
    )
    assert cli("opp", "list", "--team", "Zona Sur", "--format", "ids").out == "OPP-CANXX\n"
    assert cli("opp", "share", "OPP-8W9YZ", "Zona", "Benjamín").out.endswith(": share with sur, ben\n")
    assert cli("opp", "share", "OPP-8W9YZ", "Zona sur", "--remove").out.endswith(": stop sharing with sur\n")
    assert "did you mean sur (Zona Sur)?" in refused("opp", "list", "--team", "zona sud")


def test_reasons_and_sources_are_taken_in_any_spelling(cli, refused, vendas):
    line = refused("opp", "lost", "foyers", "--reason", "prise")
    assert (
        "prise isn't a reason for losing; did you mean price? give one of price, no-decision, Too late"
        in line
    )
    assert cli("opp", "lost", "foyers", "--reason", "No decision").out.endswith(": lost: no-decision\n")
    assert cli("opp", "lost", "OPP-8W9YZ", "--reason", "TOO LATE").out.endswith(": lost: Too late\n")
    lead = cli("lead", "add", "--name", "Eva", "--source", "trade fair", "--format", "json").out
    assert json.loads(lead)["source"] == "Trade fair"
    assert cli("lead", "disqualify", "Eva", "--reason", "wrong number").out.endswith(", Wrong number\n")

    cli("settings", "set", "lost_reasons=[]", "auto_close.reason=")
    cli("opp", "reopen", "OPP-8W9YZ")
    line = refused("opp", "lost", "OPP-8W9YZ", "--reason", "price")
    assert line.endswith("price isn't a reason for losing; add yours to lost_reasons in pipecli.yaml")


def test_a_name_of_two_is_refused_with_both(refused, vendas, cli):
    cli("user", "add", "ana", "--name", "Ana Ruiz de la Torre")
    assert '"ruiz" is 2 of them: ana-ruiz, ana (Ana Ruiz de la Torre)' in refused(
        "opp", "assign", "foyers", "ruiz"
    )
    assert cli("opp", "assign", "foyers", "ana").out.endswith(": assign to ana\n")
    assert cli("opp", "assign", "foyers", "Ana Ruiz").out.endswith(": assign to ana-ruiz\n")


def test_a_field_of_another_record_is_taken_by_its_name(cli, refused, vendas):
    shown = cli("opp", "set", "foyers", "customer=Cancity", "--format", "json")
    assert json.loads(shown.out)["customer"] == "cancity"
    assert "customer: unknown customer Kancity; did you mean Cancity (cancity)?" in refused(
        "opp", "set", "foyers", "customer=Kancity"
    )


def test_a_wrong_field_or_column_has_its_likeliest(refused, cancity):
    assert "did you mean title?" in refused("opp", "set", "foyers", "titel=X")
    assert "did you mean next_contact.date?" in refused("opp", "set", "foyers", "next_contact.dat=+1d")
    assert "did you mean amount?" in refused("opp", "list", "--sort", "ammount")
    assert "did you mean amount?" in refused("opp", "list", "--where", "ammount > 3")
    assert "did you mean currency?" in refused("settings", "show", "curency")


def test_a_row_of_the_last_list_and_the_record_touched_last(cli, root, cancity):
    _, screen = at_terminal(root, "opp", "list", "--sort", "amount", "--color", "never", columns=140)
    assert "#  ID         TITLE" in screen
    assert "1  OPP-8W9YZ  Espresso machines" in screen
    assert "2  OPP-CANXX  Foyers of four cinemas" in screen
    said = cli("opp", "set", "@2", "tags=kino")
    assert said.err == "@2 is OPP-CANXX Foyers of four cinemas\n"
    assert said.out == "OPP-CANXX Foyers of four cinemas: set tags\n"
    again = cli("opp", "advance", "@")
    assert again.err.startswith("@ is OPP-CANXX Foyers of four cinemas\n")
    assert "stage: " not in cli("history", "@1").out
    history = cli("history", "@")
    assert "stage: " in history.out
    assert history.err.startswith("@ is OPP-CANXX ")
    assert cli("opp", "lost", "@1", "--reason", "price").out.startswith("OPP-8W9YZ Espresso machines: ")
    assert cli("customer", "show", "@", code=1).err.startswith(
        "@ is OPP-8W9YZ Espresso machines\nerror: no customer"
    )


def test_what_was_made_last_is_the_last_and_a_paper_leads_to_its_deal(cli, shop):
    made = cli("quote", "new", "OPP-2Q8XA")
    quotation = made.id
    assert made.err == f"{quotation}: quote Espresso machines\n"
    assert cli("quote", "show", "@").err == f"@ is {quotation} Espresso machines\n"
    assert "OPP-2Q8XA" in cli("opp", "show", "@").out


def test_what_a_terminal_showed_is_the_record_touched_last(cli, root, cancity):
    at_terminal(root, "opp", "show", "foyers")
    assert cli("opp", "set", "@", "tags=kino").out.startswith("OPP-CANXX ")
    cli("opp", "show", "OPP-8W9YZ")
    assert cli("opp", "set", "@", "tags=bar").out.startswith("OPP-CANXX ")


def test_rows_of_activities_and_of_what_is_due_are_those_of_their_records(cli, root, cancity):
    cli("opp", "set", "OPP-8W9YZ", "next_contact.date=2026-11-21", "next_contact.by=ana-ruiz")
    for words in (["followups"], ["today"]):
        cli("opp", "set", "foyers", f"tags={words[0]}")
        _, screen = at_terminal(root, *words)
        assert "1  " in screen
        assert cli("opp", "show", "@1").err == "@1 is OPP-8W9YZ Espresso machines\n"
    cli("activity", "add", "foyers", "--type", "call", "--subject", "Prices", "--at", "2026-11-30T10:00")
    at_terminal(root, "activity", "list")
    assert cli("opp", "show", "@1").err == "@1 is OPP-CANXX Foyers of four cinemas\n"


def test_a_list_older_than_a_change_by_others_holds_no_more(cli, refused, root, cancity, git):
    at_terminal(root, "opp", "list", "--sort", "amount")
    cli("opp", "set", "@1", "tags=mine")
    assert cli("opp", "show", "@1").code == 0
    ben = ("-c", "user.email=ben@contoso.example", "-c", "user.name=Ben")
    file = root / "opportunities" / "2026" / "11" / "OPP-8W9YZ.yaml"
    file.write_text(file.read_text().replace("amount: 250", "amount: 260"))
    git(*ben, "commit", "-q", "-a", "-m", "By Ben")
    line = refused("opp", "set", "@1", "tags=x")
    assert "@1 was OPP-8W9YZ, which ben@contoso.example has changed since" in line
    assert "list again" in line
    assert cli("opp", "show", "@2").err.startswith("@2 is OPP-CANXX")
    assert "has changed since" in refused("opp", "set", "@", "tags=x")
    at_terminal(root, "opp", "list", "--sort", "amount")
    assert cli("opp", "set", "@1", "tags=x").out.startswith("OPP-8W9YZ ")


def test_no_list_no_row_and_nothing_of_it_in_the_files(cli, refused, root, cancity, git):
    assert "the last list is not there" in refused("opp", "show", "@1")
    assert "no record was touched" in refused("opp", "show", "@")
    cli("opp", "list")
    assert "the last list is not there" in refused("opp", "show", "@1")
    at_terminal(root, "opp", "list")
    for wrong in ("@0", "@3"):
        assert "the last list has rows 1 to 2" in refused("opp", "show", wrong)
    assert git("status", "--porcelain") == ""
    for damaged in ("{[", "[" * 100_000, '{"rows": [3], "listed": "", "last": [], "touched": ""}'):
        (root / ".git" / "pipecli").joinpath("root", "recent.json").write_text(damaged)
        assert "the last list is not there" in refused("opp", "show", "@1")


def test_a_row_that_is_gone(cli, refused, root, cancity, git):
    at_terminal(root, "opp", "list", "--sort", "amount")
    git("rm", "-q", "opportunities/2026/11/OPP-8W9YZ.yaml")
    git("commit", "-q", "-m", "Gone")
    assert "@1 was OPP-8W9YZ, which is gone" in refused("opp", "show", "@1")


def test_a_record_whose_file_is_broken_is_told_by_its_fault(cli, root, cancity):
    (root / "opportunities" / "2026" / "11" / "OPP-9BR0K.yaml").write_text("id: [\n")
    assert (
        "opportunities/2026/11/OPP-9BR0K.yaml"
        in cli("opp", "show", "OPP-9BR0K", code=1).err.split("error:")[1]
    )
    unread = "opportunities/2026/11/OPP-9BR0K.yaml can't be read: `pipecli check` says why"
    assert cli("opp", "show", "grinders of a friend", code=1).err.endswith(f"; {unread}\n")  # it may be that
    assert "pipecli customer list" in cli("customer", "show", "nobody at all", code=1).err
