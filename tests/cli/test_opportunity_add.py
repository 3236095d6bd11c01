"""`opportunity add`: from a customer, a lead, or the call of a stranger; in the process that suits it."""

from __future__ import annotations

import json
import sys

import pytest
import ryaml

pytestmark = pytest.mark.usefixtures("warm_calls")

TODAY = ("--today", "2026-11-20")


@pytest.fixture
def add(cli):
    """Add an opportunity and return it as JSON."""

    def call(*arguments: str) -> dict[str, object]:
        return json.loads(cli(*TODAY, "opp", "add", *arguments, "--format", "json").out)

    return call


@pytest.fixture
def settings(root, git):
    """Replace words of the settings and commit them."""

    def change(old: str, new: str) -> None:
        file = root / "pipecli.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        git("commit", "-q", "-am", "settings by hand")

    return change


def test_a_title_is_enough(add, cli, root, git):
    deal = add("Espresso machines")
    assert deal["title"] == "Espresso machines"
    assert (deal["type"], deal["process"], deal["stage"], deal["status"]) == (
        "sales", "standard", "qualify", "open",
    )  # fmt: skip
    assert (deal["owner"], deal["currency"], deal["probability"]) == ("ana-ruiz", "EUR", 10)
    assert deal["next_contact"] == {"date": "2026-11-27", "by": "ana-ruiz"}
    file = root / f"opportunities/2026/11/{deal['id']}-espresso-machines.yaml"
    assert file.read_text().startswith("# yaml-language-server: $schema=../../../schemas/opportunity")
    assert git("log", "-1", "--format=%s") == f"{deal['id']}: add Espresso machines"
    assert git("status", "--porcelain") == ""


def test_the_title_may_be_an_option(cli):
    assert cli("opp", "add", "--title", "Grinders", "--format", "ids").id.startswith("OPP-")


def test_every_field_has_an_option(add, cli):
    cli("customer", "add", "Contoso Coffee")
    deal = add(
        "Espresso machines", "--customer", "contoso-coffee", "--type", "support", "--stage", "demo",
        "--currency", "USD", "--amount", "1234.5", "--probability", "35", "--expected-close", "+2w",
        "--source", "referral", "--campaign", "Spring", "--score", "80", "--tag", "vip", "--tag", "fair",
        "--notes", "Call in the morning", "--next-contact", "3d: send the offer",
        "--set", "key_info.need=Two machines", "--set", "custom.region=north",
    )  # fmt: skip
    assert deal["customer"] == "contoso-coffee"
    assert (deal["type"], deal["stage"], deal["currency"]) == ("support", "demo", "USD")
    assert (deal["amount"], deal["amount_by_hand"], deal["probability"]) == (1234.50, True, 35)
    assert deal["weighted"] == 432.08  # 432.075, half up
    assert r"\"amount\": 1234.50," in cli("sql", "SELECT * FROM opportunities", "--format", "json").out
    assert deal["expected_close"] == "2026-12-04"
    assert (deal["source"], deal["campaign"], deal["score"]) == ("referral", "Spring", 80)
    assert (deal["tags"], deal["notes"]) == (["vip", "fair"], "Call in the morning")
    assert deal["next_contact"] == {"date": "2026-11-23", "by": "ana-ruiz", "note": "send the offer"}
    assert "next_contact" not in add("Grinders", "--next-contact", "none")
    assert (deal["key_info"], deal["key_info_answered"]) == ({"need": "Two machines"}, 1)
    assert deal["custom"] == {"region": "north"}


def test_a_call_from_a_stranger_records_who_called(cli, root, git):
    said = cli(
        *TODAY, "opp", "add", "Espresso machines", "--organization", "Contoso Coffee",
        "--person", "María López", "--email", "maria@contoso.example", "--phone", "+34 911 234 567",
    )  # fmt: skip
    key = said.out.strip()
    customer = ryaml.loads((root / "customers/contoso-coffee.yaml").read_text())
    contact = ryaml.loads((root / "contacts/maria-lopez.yaml").read_text())
    assert (customer["name"], customer["kind"]) == ("Contoso Coffee", "organization")
    assert (contact["customer"], contact["emails"]) == ("contoso-coffee", ["maria@contoso.example"])
    deal = json.loads(cli("opp", "show", key, "--format", "json").out)
    assert deal["customer"] == "contoso-coffee"
    assert deal["contacts"] == [{"contact": "maria-lopez", "primary": True}]
    assert "new customer contoso-coffee" in said.err
    assert len(git("show", "--name-only", "--format=", "HEAD").splitlines()) == 3  # one commit


def test_who_called_before_is_used_again(add, cli, root):
    add(
        "Machines",
        "--organization",
        "Contoso Coffee",
        "--person",
        "María López",
        "--email",
        "m@contoso.example",
    )
    said = cli(
        *TODAY, "opp", "add", "Grinders", "--organization", "contoso coffee", "--person", "María López",
        "--email", "m@contoso.example",
    )  # fmt: skip
    assert "known customer contoso-coffee" in said.err
    assert [file.name for file in (root / "customers").iterdir()] == ["contoso-coffee.yaml"]
    assert [file.name for file in (root / "contacts").iterdir()] == ["maria-lopez.yaml"]
    deals = json.loads(cli("opp", "list", "--where", "customer = 'contoso-coffee'", "--format", "json").out)
    assert {deal["title"] for deal in deals} == {"Machines", "Grinders"}


def test_a_person_alone_is_the_customer(add, root):
    deal = add("A grinder", "--person", "Sara Azadi")
    assert deal["customer"] == "sara-azadi"
    assert ryaml.loads((root / "customers/sara-azadi.yaml").read_text())["kind"] == "person"


def test_a_person_may_be_of_a_known_customer(add, cli, root):
    cli("customer", "add", "Contoso Coffee")
    deal = add("Machines", "--customer", "contoso-coffee", "--person", "María López")
    assert deal["customer"] == "contoso-coffee"
    assert ryaml.loads((root / "contacts/maria-lopez.yaml").read_text())["customer"] == "contoso-coffee"


def test_a_lead_gives_what_it_knows(add, cli):
    lead = cli(
        "lead", "add", "--organization", "Contoso Coffee", "--source", "fair", "--campaign", "Spring",
        "--score", "70", "--format", "ids",
    ).id  # fmt: skip
    first, second = add("Machines", "--lead", lead), add("Grinders", "--lead", lead, "--score", "20")
    assert (first["lead"], first["source"], first["campaign"], first["score"]) == (lead, "fair", "Spring", 70)
    assert "customer" not in first
    assert (second["lead"], second["score"]) == (lead, 20)


def test_a_converted_lead_gains_the_opportunity(add, cli):
    lead = cli("lead", "add", "--name", "María López", "--organization", "Contoso", "--format", "ids").id
    cli("lead", "qualify", lead, "--need", "yes", "--budget", "yes", "--timeframe", "yes")
    first = cli("lead", "convert", lead, "--title", "Machines", "--format", "ids").id
    second = add("Grinders", "--lead", lead)
    assert second["customer"] == "contoso"
    assert second["contacts"] == [{"contact": "maria-lopez", "primary": True}]
    shown = json.loads(cli("lead", "show", lead, "--format", "json").out)
    assert shown["converted"]["opportunities"] == [first, second["id"]]


def test_a_disqualified_lead_is_refused(cli, refused):
    lead = cli("lead", "add", "--name", "Ann", "--format", "ids").id
    cli("lead", "disqualify", lead, "--reason", "no-need")
    said = refused("opp", "add", "Machines", "--lead", lead)
    assert f"{lead} is disqualified; reopen it first" in said


def test_a_price_list_brings_its_currency(add, cli, refused):
    cli("price-list", "add", "retail-usd", "--currency", "USD")
    deal = add("Machines", "--price-list", "retail-usd")
    assert (deal["price_list"], deal["currency"]) == ("retail-usd", "USD")
    said = refused("opp", "add", "Machines", "--price-list", "retail-usd", "--currency", "EUR")
    assert "the price list retail-usd is in USD" in said


def test_the_process_follows_from_the_deal(add, settings):
    settings(
        "processes: # ordered",
        "processes: # ordered\n"
        "  quick:\n"
        "    when: type = 'support' OR amount < 1000 -- small ones\n"
        "    stages: [{id: answer, probability: 60}]\n"
        "  # and",
    )
    assert add("Big", "--amount", "5000")["process"] == "standard"
    assert add("Unknown amount")["process"] == "standard"
    small = add("Small", "--amount", "999.99")
    assert (small["process"], small["stage"], small["probability"]) == ("quick", "answer", 60)
    assert add("Help", "--type", "support", "--amount", "5000")["process"] == "quick"
    assert add("Big", "--set", "amount=10")["process"] == "quick"
    assert add("Small", "--amount", "10", "--process", "standard")["process"] == "standard"


def test_a_condition_sees_the_customer_and_the_team(add, cli, settings):
    settings(
        "processes: # ordered",
        "processes: # ordered\n"
        "  friends:\n"
        "    when: customer_name LIKE 'Contoso%' AND expected_close < date(today(), '+30 days')\n"
        "    stages: [{id: greet, probability: 90}]\n"
        "  # and",
    )
    cli("customer", "add", "Contoso Coffee")
    friend = ("--customer", "contoso-coffee", "--expected-close", "2026-12-01")
    assert add("Machines", *friend)["process"] == "friends"
    assert add("Machines", "--expected-close", "2026-12-01")["process"] == "standard"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("amnt > 5", "processes.quick.when: the query can't be run: no such column: amnt"),
        ("1) OR (SELECT 1 FROM pragma_database_list", "processes.quick.when: "),
        ("id IN (SELECT load_extension('x'))", "not authorized"),
    ],
)
def test_a_condition_that_can_not_be_run_is_named(settings, refused, condition, said):
    settings(
        "processes: # ordered",
        f"processes: # ordered\n  quick:\n    when: {json.dumps(condition)}\n"
        "    stages: [{id: answer, probability: 60}]\n  # and",
    )
    line = refused("opp", "add", "Machines")
    assert line.startswith("error: pipecli.yaml: processes.quick.when: ")
    assert said in line or "only tables of the pipeline can be read" in line


def test_no_process_that_suits_is_said(settings, refused):
    settings("    # when: type = 'sales' AND amount < 50000", "    when: type = 'maintenance'")
    said = refused("opp", "add", "Machines")
    assert "no process of the settings is for this opportunity" in said
    assert "--process: standard" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["M", "--type", "gift"],
            "gift isn't a type of opportunity; give one of sales, support, maintenance",
        ),
        (["M", "--process", "fast"], "unknown process fast; the settings have standard"),
        (["M", "--stage", "won"], "won isn't a stage of the process standard; its stages: qualify, demo"),
        (["M", "--amount", "a lot"], '--amount: "a lot" isn\'t a number'),
        (["M", "--amount", "-5"], "--amount: must be at least 0"),
        (["M", "--probability", "140"], "--probability: must be at most 100"),
        (["M", "--expected-close", "someday"], '"someday" isn\'t a date'),
        (["M", "--currency", "euro"], "--currency: "),
        (["M", "--owner", "nobody"], "unknown user nobody; the users: ana-ruiz"),
        (["M", "--customer", "nobody"], 'no customer matches "nobody"'),
        (
            ["M", "--email", "a@b.example"],
            "a@b.example is that of nobody we know; give --person",
        ),
        (["M", "--organization", "A", "--customer", "b"], "--customer and --organization both say who buys"),
        (["M", "--customer", ""], 'no customer matches ""'),
        (["M", "--notes", ""], "notes: must be text, and is empty"),
        (["two\nlines"], "title: must be one line"),
        (["   "], "title: must be text, not blanks"),
        (["M", "--title", "N"], 'the title is given twice; as "M", and with --title'),
        (["x" * 600], "title: must have at most 500 characters, and has 600"),
        (["M", "--score", "101"], "--score: must be at most 100"),
        (["M", "--set", "items.1.quantity=2"], "items.1.quantity: no element 1"),
        (["M", "--set", "items.0.quantity=2"], "they count from 1, the first is items.1.quantity"),
        (["M", "--set", "status=won"], "--set can't give status: a new opportunity is open"),
        (["M", "--set", "stage=demo"], "--set can't give stage; give it with --stage"),
        (["M", "--set", "flavour=mild"], "opportunity has no field flavour"),
    ],
)
def test_wrong_input_is_refused(refused, arguments, said):
    assert said in refused("opp", "add", *arguments)


def test_an_unknown_source_is_refused_where_the_sources_are_known(add, settings, refused):
    assert add("Machines", "--source", "anything")["source"] == "anything"
    settings("sources: []", "sources: [fair, website]")
    assert "fancy isn't a known source; give one of fair, website" in refused(
        "opp", "add", "M", "--source", "fancy"
    )
    assert add("Machines", "--source", "fair")["source"] == "fair"


def test_a_dry_run_shows_the_files_and_writes_none(cli, git):
    before = git("rev-parse", "HEAD")
    said = cli("opp", "add", "Machines", "--organization", "Contoso", "--dry-run")
    assert "--- /dev/null\n+++ b/customers/contoso.yaml" in said.out
    assert "+title: Machines" in said.out
    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == (before, "")


# A caller is recognised by telephone


@pytest.fixture
def nordwind(cli, once):
    def build():
        cli("customer", "add", "Nordwind", "--phone", "+46 8 700 00 00")
        cli("contact", "add", "Carla Ortiz", "--customer", "nordwind", "--phone", "+46 8 123 456 78")

    once(build)


@pytest.mark.parametrize("phone", ["08-123 456 78", "0046 8 12345678", "+46 (0)8 123 456 78", "+46812345678"])
def test_a_caller_is_who_has_the_number_however_it_is_written(cli, nordwind, phone):
    said = cli("opp", "add", "Chairs", "--phone", phone, "--format", "json")

    deal = json.loads(said.out)
    assert (deal["customer"], deal["contacts"][0]["contact"]) == ("nordwind", "carla-ortiz")
    assert f"known contact carla-ortiz (Carla Ortiz) is used, by the same telephone {phone}" in said.err
    (carla,) = json.loads(cli("contact", "list", "--format", "json").out)
    assert carla["phones"] == ["+46 8 123 456 78"]


def test_a_caller_who_gives_a_name_is_recognised_by_the_number(cli, nordwind):
    deal = json.loads(
        cli("opp", "add", "Chairs", "--person", "C. Ortiz", "--phone", "08-12345678", "--format", "json").out
    )

    assert (deal["customer"], deal["contacts"][0]["contact"]) == ("nordwind", "carla-ortiz")


def test_a_colleague_at_the_switchboard_is_another_person_of_the_customer(cli, nordwind):
    deal = json.loads(
        cli("opp", "add", "Chairs", "--person", "Teo Lang", "--phone", "08-700 00 00", "--format", "json").out
    )

    assert (deal["customer"], deal["contacts"][0]["contact"]) == ("nordwind", "teo-lang")


def test_a_number_of_nobody_or_of_several_is_not_guessed(cli, nordwind, refused):
    assert "08-999 99 99 is that of nobody we know" in refused("opp", "add", "X", "--phone", "08-999 99 99")
    cli("customer", "add", "Tailspin", "--phone", "08-123 456 78", "--email", "desk@tailspin.example")
    added = cli("opp", "add", "Desks", "--email", "Desk@tailspin.example", "--format", "json")
    deal = json.loads(added.out)  # of the customer's own address, without a contact
    assert (deal["customer"], deal.get("contacts", [])) == ("tailspin", [])
    said = refused("opp", "add", "X", "--phone", "08-123 456 78")
    assert "08-123 456 78 could be nordwind or tailspin; name the right one" in said


def test_the_same_digits_in_another_country_are_another_number(refused, nordwind):
    """By the numbering plans, which come with the extra `phone`."""
    pytest.importorskip("phonenumbers")

    assert "nobody we know" in refused("opp", "add", "X", "--phone", "+47 812345678")


def test_without_the_numbering_plans_the_last_nine_digits_tell(cli, nordwind, monkeypatch):
    monkeypatch.setitem(sys.modules, "phonenumbers", None)

    deal = json.loads(cli("opp", "add", "Chairs", "--phone", "08-123 456 78", "--format", "json").out)

    assert deal["customer"] == "nordwind"


def test_at_a_terminal_it_asks_with_the_customers_last_deal_for_a_default(root, cli):
    from tests.terminal import at_terminal

    cli("customer", "add", "Contoso Coffee")
    first = cli(
        *TODAY, "opp", "add", "Espresso machines", "--customer", "contoso", "--amount", "1200",
        "--expected-close", "+10d", "--format", "ids",
    ).id  # fmt: skip
    code, screen = at_terminal(root, *TODAY, "opp", "add", typed="contoso\n\n\n-\n")
    assert code == 0
    assert "Title [Espresso machines]" in screen
    assert "[1200.00]" in screen
    assert f"warning: {first} Espresso machines of contoso-coffee is open, too" in screen
    deals = json.loads(cli("opp", "list", "--format", "json").out)
    (deal,) = [deal for deal in deals if deal["id"] != first]
    assert (deal["title"], deal["customer"], deal["amount"]) == ("Espresso machines", "contoso-coffee", 1200)
    assert "expected_close" not in deal
    assert first in cli("opp", "add", "espresso MACHINES", "--customer", "contoso").err
    code, screen = at_terminal(root, *TODAY, "opp", "add", "Mill", typed="Fabrikam\nmuch\n12k\n15 dec\n")
    assert code == 0 and 'Amount: "much" isn\'t a number' in screen  # and is asked for again
    assert "fabrikam" in cli("opp", "list", "--where", "title = 'Mill'").out.lower()
    assert "Customer" not in at_terminal(root, "opp", "add", "Bar", "--customer", "contoso")[1]
