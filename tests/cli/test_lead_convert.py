"""`lead convert`: one commit makes or uses again the customer and the contact, and opens the opportunity."""

from __future__ import annotations

import json

import pytest
import ryaml

TODAY = ("--today", "2026-11-20")
YES = ("--need", "yes", "--budget", "yes", "--timeframe", "yes")


@pytest.fixture
def qualified(cli):
    """Add a lead that is ready to be converted, and return its id."""

    def call(*arguments: str) -> str:
        key = cli(*TODAY, "lead", "add", *arguments, "--format", "ids").id
        cli(*TODAY, "lead", "qualify", key, *YES)
        return key

    return call


@pytest.fixture
def convert(cli):
    """Convert a lead and return its opportunity as JSON."""

    def call(key: str, *arguments: str) -> dict[str, object]:
        return json.loads(cli(*TODAY, "lead", "convert", key, *arguments, "--format", "json").out)

    return call


@pytest.fixture
def read(root):
    def call(pattern: str) -> dict[str, object]:
        (file,) = root.glob(pattern)
        return ryaml.loads(file.read_text())

    return call


def keys(root, folder: str) -> list[str]:
    return sorted(file.stem for file in root.glob(f"{folder}/*.yaml"))


def test_one_commit_makes_customer_contact_and_opportunity_and_links_them(qualified, cli, read, git):
    key = qualified(
        "--name", "María López", "--organization", "Contoso Coffee", "--country", "Spain", "--title", "Buyer",
        "--email", "maria@contoso.example", "--phone", "+34 600 100 200", "--website", "contoso.example",
    )  # fmt: skip
    before = git("rev-list", "--count", "HEAD")
    deal = cli(*TODAY, "lead", "convert", key, "--title", "Espresso machines", "--format", "ids").id
    assert int(git("rev-list", "--count", "HEAD")) == int(before) + 1
    assert git("log", "-1", "--format=%s") == f"{key}: convert to {deal}"
    assert git("status", "--porcelain") == ""

    customer = read("customers/contoso-coffee.yaml")
    assert customer == {
        "id": "contoso-coffee", "name": "Contoso Coffee", "kind": "organization",
        "website": "contoso.example", "country": "Spain", "owner": "ana-ruiz",
    }  # fmt: skip
    assert read("contacts/maria-lopez.yaml") == {
        "id": "maria-lopez", "name": "María López", "customer": "contoso-coffee", "title": "Buyer",
        "emails": ["maria@contoso.example"], "phones": ["+34 600 100 200"],
    }  # fmt: skip
    opportunity = read(f"opportunities/2026/11/{deal}-espresso-machines.yaml")
    assert (opportunity["lead"], opportunity["customer"]) == (key, "contoso-coffee")
    assert opportunity["contacts"] == [{"contact": "maria-lopez", "primary": True}]
    lead = read(f"leads/2026/11/{key}-*.yaml")
    assert lead["status"] == "converted"
    assert lead["converted"] == {
        "date": "2026-11-20", "customer": "contoso-coffee", "contact": "maria-lopez", "opportunities": [deal],
    }  # fmt: skip


def test_what_the_lead_knows_goes_with_it(qualified, convert, cli, read):
    cli("user", "add", "luis", "--name", "Luis Gil", "--email", "luis@contoso.example")
    key = qualified(
        "--name", "María", "--organization", "Contoso", "--owner", "luis", "--source", "fair", "--tag", "vip",
        "--score", "80", "--campaign", "Spring", "--role", "decision-maker", "--notes", "Met in Madrid",
        "--interest", "Two machines", "--set", "next_contact.date=+3d", "--set", "shared_with=ana-ruiz",
    )  # fmt: skip
    cli("lead", "qualify", key, "--budget-note", "5,000", "--authority-note", "Her boss")
    cli(
        *TODAY, "activity", "add", key, "--type", "call", "--direction", "out", "--subject", "Intro", "--done"
    )
    cli(*TODAY, "activity", "add", key, "--type", "meeting", "--subject", "Demo", "--at", "2026-11-30T10:00")
    deal = convert(key)
    assert deal["title"] == "Contoso"
    assert (deal["owner"], deal["source"], deal["campaign"], deal["score"]) == ("luis", "fair", "Spring", 80)
    assert (deal["tags"], deal["notes"], deal["shared_with"]) == (["vip"], "Met in Madrid", ["ana-ruiz"])
    assert deal["next_contact"] == {"date": "2026-11-23"}
    assert deal["contacts"] == [{"contact": "maria", "role": "decision-maker", "primary": True}]
    assert deal["key_info"] == {"need": "Two machines", "budget": "5,000", "decision_maker": "Her boss"}
    assert [each["subject"] for each in deal["activities"]] == ["Intro", "Demo"]
    lead = read("leads/**/*.yaml")
    assert [each["subject"] for each in lead["activities"]] == ["Intro"], "what is planned is the deal's now"
    assert "next_contact" not in lead


def test_the_options_say_what_the_opportunity_starts_with(qualified, convert, given):
    given({"price-lists/retail-usd.yaml": "id: retail-usd\ncurrency: USD\nprices: {}\n"})
    deal = convert(
        qualified("--organization", "Contoso"),
        "--title", "Grinders", "--expected-close", "+2w", "--type", "support", "--amount", "1234.50",
        "--price-list", "retail-usd",
    )  # fmt: skip
    assert (deal["title"], deal["type"], deal["expected_close"]) == ("Grinders", "support", "2026-12-04")
    assert (deal["amount"], deal["currency"], deal["price_list"]) == (1234.5, "USD", "retail-usd")
    assert (deal["process"], deal["stage"]) == ("standard", "qualify")


def test_the_process_follows_from_what_was_carried_over(qualified, convert, root, git):
    settings = root / "pipecli.yaml"
    fast = "  fast:\n    when: score >= 90\n    stages:\n    - id: call\n      probability: 50\n"
    settings.write_text(settings.read_text().replace("processes: #", "processes:\n" + fast + "  #", 1))
    git("commit", "-qam", "a second process")
    assert convert(qualified("--name", "A", "--score", "95"))["process"] == "fast"
    assert convert(qualified("--name", "B", "--score", "10"))["process"] == "standard"
    assert convert(qualified("--name", "C", "--score", "10"), "--process", "fast")["stage"] == "call"


def test_a_lead_that_is_not_qualified_is_refused_naming_what_is_missing(cli, refused, read):
    key = cli("lead", "add", "--name", "María", "--format", "ids").id
    cli("lead", "qualify", key, "--need", "yes", "--timeframe", "no")
    said = refused("lead", "convert", key)
    assert f"{key} can't be converted: budget is unknown, timeframe is no;" in said
    assert f"pipecli lead qualify {key} --budget yes --timeframe yes" in said
    assert "--force" in said


def test_force_converts_and_keeps_on_record_that_it_was_forced(cli, read, git):
    key = cli("lead", "add", "--name", "María", "--format", "ids").id
    said = cli("lead", "convert", key, "--force")
    assert "forced, although not yes: need, budget, timeframe" in said.err
    assert read("leads/**/*.yaml")["converted"]["forced"] is True
    assert git("log", "-1", "--format=%s").endswith("(forced)")


def test_force_on_a_qualified_lead_forces_nothing(qualified, convert, read):
    convert(qualified("--name", "María"), "--force")
    assert "forced" not in read("leads/**/*.yaml")["converted"]


def test_converting_twice_is_refused_with_the_way_to_another_opportunity(qualified, cli, refused):
    key = qualified("--organization", "Contoso")
    deal = cli("lead", "convert", key, "--format", "ids").id
    said = refused("lead", "convert", key, "--force")
    assert f"{key} is converted already, to {deal}" in said
    for verb in (("qualify", key, "--budget", "no"), ("disqualify", key, "--reason", "no-fit")):
        assert f"{key} is converted" in refused("lead", *verb)
    assert f"pipecli opp add --lead {key}" in said


def test_a_lead_given_up_is_refused_even_by_force(qualified, cli, refused):
    key = qualified("--name", "María")
    cli("lead", "disqualify", key, "--reason", "no-need")
    assert f"pipecli lead reopen {key}" in refused("lead", "convert", key, "--force")


def test_a_person_alone_is_customer_and_contact(qualified, convert, read):
    deal = convert(qualified("--name", "Sara Rezaei", "--email", "sara@gmail.com"))
    assert read("customers/sara-rezaei.yaml")["kind"] == "person"
    assert read("contacts/sara-rezaei.yaml")["customer"] == deal["customer"] == "sara-rezaei"


def test_an_organization_alone_has_no_contact(qualified, convert, read, root):
    deal = convert(qualified("--organization", "Contoso", "--email", "info@contoso.example"))
    assert "contacts" not in deal
    assert keys(root, "contacts") == []
    assert read("customers/contoso.yaml")["email"] == "info@contoso.example"


@pytest.mark.parametrize(
    ("known", "lead", "why"),
    [
        ("name: Contoso Coffee", ("--organization", "CONTOSO  Cóffee"), "the same name"),
        (
            "name: Contoso\nwebsite: https://www.contoso.example/es",
            ("--organization", "Other", "--website", "contoso.example"),
            "the same website contoso.example",
        ),
        (
            "name: Contoso\nemail: info@gmail.com",
            ("--organization", "Other", "--email", "Info@gmail.com"),
            "the same e-mail Info@gmail.com",
        ),
        (
            "name: Contoso\nwebsite: contoso.example",
            ("--name", "Luis", "--email", "luis@contoso.example"),
            "the same domain contoso.example",
        ),
    ],
)
def test_a_known_customer_is_used_again_and_it_is_said_why(
    given, qualified, cli, read, root, known, lead, why
):
    given({"customers/known.yaml": f"id: known\n{known}\n"})
    before = (root / "customers/known.yaml").read_text()
    said = cli("lead", "convert", qualified(*lead))
    assert "known customer known (Contoso" in said.err
    assert said.err.splitlines()[0].endswith(f"is used, by {why}")
    assert read("opportunities/**/*.yaml")["customer"] == "known"
    assert keys(root, "customers") == ["known"]
    assert (root / "customers/known.yaml").read_text() == before


def test_a_free_mail_domain_makes_nobody_known(given, qualified, convert, root):
    given({"customers/contoso.yaml": "id: contoso\nname: Contoso\nemail: contoso@gmail.com\n"})
    deal = convert(qualified("--name", "Luis", "--organization", "Fabrikam", "--email", "luis@gmail.com"))
    assert deal["customer"] == "fabrikam"


def test_a_name_that_resembles_is_offered_and_not_taken(given, qualified, cli, read, root):
    given({"customers/contoso-coffee.yaml": "id: contoso-coffee\nname: Contoso Coffee\n"})
    key = qualified("--organization", "Contoso Cofee S.L.")
    said = cli("lead", "convert", key)
    assert "similar: contoso-coffee (Contoso Coffee); to use it: --customer contoso-coffee" in said.err
    assert keys(root, "customers") == ["contoso-cofee-s-l", "contoso-coffee"]
    assert read("opportunities/**/*.yaml")["customer"] == "contoso-cofee-s-l"


def test_the_customer_may_be_named(given, qualified, convert, root):
    given({"customers/contoso-coffee.yaml": "id: contoso-coffee\nname: Contoso Coffee\n"})
    deal = convert(qualified("--organization", "Something else"), "--customer", "contoso")
    assert deal["customer"] == "contoso-coffee"
    assert keys(root, "customers") == ["contoso-coffee"]


def test_two_customers_of_one_domain_are_not_guessed_between(given, qualified, refused):
    given(
        {
            f"customers/{slug}.yaml": f"id: {slug}\nname: {slug}\nwebsite: siemens.example\n"
            for slug in ("de", "es")
        }
    )
    said = refused("lead", "convert", qualified("--name", "Ana", "--email", "ana@siemens.example"))
    assert "Ana could be de or es, by the same domain siemens.example" in said
    assert "--customer" in said


def test_a_known_contact_is_used_again_and_learns_what_is_new(given, qualified, cli, read, root):
    given({
        "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
        "contacts/maria.yaml": "id: maria\nname: María López\ncustomer: contoso # since 2020\n",
    })  # fmt: skip
    key = qualified("--name", "maria lopez", "--organization", "Contoso", "--phone", "600 100 200")
    said = cli("lead", "convert", key)
    assert "known contact maria (María López) is used, by the same name there" in said.err
    assert keys(root, "contacts") == ["maria"]
    assert read("contacts/maria.yaml")["phones"] == ["600 100 200"]
    assert "# since 2020" in (root / "contacts/maria.yaml").read_text()


def test_a_contact_is_known_by_e_mail_and_brings_the_customer(given, qualified, convert, root):
    given({
        "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
        "contacts/maria.yaml": "id: maria\nname: María\ncustomer: contoso\nemails: [maria@gmail.com]\n",
    })  # fmt: skip
    deal = convert(qualified("--name", "M. López", "--email", "Maria@Gmail.com"))
    assert (deal["customer"], deal["contacts"]) == ("contoso", [{"contact": "maria", "primary": True}])


def test_a_namesake_with_another_e_mail_is_another_person(given, qualified, convert, root):
    juan = "id: juan-gil\nname: Juan Gil\n"
    given({
        "customers/juan-gil.yaml": f"{juan}kind: person\nemail: juan@one.example\n",
        "contacts/juan-gil.yaml": f"{juan}customer: juan-gil\nemails: [juan@one.example]\n",
        "customers/ana-ruiz.yaml": "id: ana-ruiz\nname: Ana Ruiz\nkind: person\n",
    })  # fmt: skip
    deal = convert(qualified("--name", "Juan Gil", "--email", "juan@two.example"))
    assert deal["customer"] == "juan-gil-2"
    assert keys(root, "contacts") == ["juan-gil", "juan-gil-2"]
    deal = convert(qualified("--name", "Ana Ruiz", "--email", "ana@one.example"))
    assert deal["customer"] == "ana-ruiz"  # who had no address yet


def test_persian_and_spanish_names_get_slugs_and_are_known_again(qualified, convert, root):
    first = convert(qualified("--name", "علی رضایی", "--organization", "فروشگاه تهران"))
    again = convert(qualified("--name", "علي رضايي", "--organization", "فروشگاه تهران"))  # Arabic keyboard
    assert first["customer"] == again["customer"]
    assert first["contacts"] == again["contacts"]
    assert len(keys(root, "customers")) == len(keys(root, "contacts")) == 1
    convert(qualified("--organization", "Ñandú España"))
    assert "nandu-espana" in keys(root, "customers")


def test_opportunities_opened_on_the_lead_before_get_its_customer(qualified, cli, convert, read):
    key = qualified("--organization", "Contoso")
    early = cli("opp", "add", "Trial", "--lead", key, "--format", "ids").id
    deal = convert(key)
    assert read(f"opportunities/**/{early}-*.yaml")["customer"] == "contoso"
    assert read("leads/**/*.yaml")["converted"]["opportunities"] == [early, deal["id"]]


def test_a_dry_run_shows_the_diff_and_changes_nothing(qualified, cli, git, root):
    key = qualified("--organization", "Contoso")
    head = git("rev-parse", "HEAD")
    said = cli("lead", "convert", key, "--dry-run")
    assert "+++ b/customers/contoso.yaml" in said.out
    assert "new customer contoso (Contoso)" in said.err
    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == (head, "")


def test_reverting_a_conversion_gives_back_the_lead(qualified, cli, convert, git, root, read):
    key = qualified("--organization", "Contoso", "--name", "María", "--set", "next_contact.date=+3d")
    convert(key)
    git("revert", "--no-edit", "HEAD")
    assert read("leads/**/*.yaml")["status"] == "qualified"
    assert keys(root, "customers") == []
    assert json.loads(cli("opp", "list", "--format", "json").out) == []
    assert convert(key)["customer"] == "contoso"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--type", "gift"), "gift isn't a type of opportunity"),
        (("--process", "none"), "unknown process none"),
        (("--expected-close", "someday"), "someday"),
        (("--amount", "a lot"), "--amount"),
        (("--amount", "-5"), "--amount"),
        (("--price-list", "none"), "none"),
        (("--customer", "nobody"), "nobody"),
        (("--currency", "euro"), "--currency"),
    ],
)
def test_options_that_make_no_sense_are_refused(qualified, refused, arguments, said):
    assert said in refused("lead", "convert", qualified("--organization", "Contoso"), *arguments)


def test_a_price_list_in_another_currency_is_refused(given, qualified, refused):
    given({"price-lists/retail-usd.yaml": "id: retail-usd\ncurrency: USD\nprices: {}\n"})
    key = qualified("--organization", "Contoso")
    said = refused("lead", "convert", key, "--price-list", "retail-usd", "--currency", "EUR")
    assert "retail-usd is in USD" in said


# Onto an opportunity that is there


@pytest.fixture
def two_leads(qualified, convert):
    """The deal of Carla's lead; and Teo's lead of the same purchase, with more on it."""

    def call(*more: str) -> tuple[str, str]:
        carla = qualified(
            "--name", "Carla Ortiz", "--organization", "Nordwind", "--email", "carla@nordwind.example"
        )
        deal = convert(carla, "--title", "Forty chairs")
        teo = qualified(
            "--name", "Teo Lang", "--organization", "Nordwind", "--email", "teo@nordwind.example",
            "--role", "user", "--tag", "fair", "--notes", "Likes oak.", "--set", "custom.seats=40", *more,
        )  # fmt: skip
        return str(deal["id"]), teo

    return call


def test_a_second_lead_of_one_purchase_joins_its_deal(two_leads, cli, convert, git):
    key, teo = two_leads("--set", "next_contact.date=2026-11-25", "--set", "next_contact.note=ask Teo")
    cli(
        *TODAY, "activity", "add", teo, "--type", "call", "--direction", "in", "--subject", "price?", "--done"
    )
    before = git("rev-parse", "HEAD")

    deal = convert(teo, "--onto", "forty")

    assert (deal["id"], git("rev-parse", "HEAD~")) == (key, before)
    assert git("log", "-1", "--format=%s") == f"{teo}: convert to {key}"
    assert deal["contacts"] == [
        {"contact": "carla-ortiz", "primary": True},
        {"contact": "teo-lang", "role": "user"},
    ]
    assert [(activity["type"], activity["subject"]) for activity in deal["activities"]] == [
        ("call", "price?"),
        ("task", "ask Teo"),
    ]
    assert (deal["tags"], deal["notes"], deal["custom"]) == (["fair"], "Likes oak.", {"seats": 40})
    lead = json.loads(cli("lead", "show", teo, "--format", "json").out)
    assert (lead["status"], lead["converted"]["opportunities"]) == ("converted", [key])
    assert len(json.loads(cli("opp", "list", "--format", "json").out)) == 1
    assert cli("check").out == ""


def test_a_deal_that_a_lead_joins_keeps_what_it_says(two_leads, cli, convert):
    key, teo = two_leads()
    cli("opp", "set", key, "custom.seats=50", "source=fair", "notes=Forty, or fifty.")

    deal = convert(teo, "--onto", key)

    assert (deal["custom"], deal["source"], deal["notes"]) == (
        {"seats": 50}, "fair", "Forty, or fifty.\n\nLikes oak.",
    )  # fmt: skip


def test_a_deal_without_lead_and_customer_gets_the_leads(two_leads, cli, convert):
    _, teo = two_leads()
    key = cli("opp", "add", "Tables", "--format", "ids").id

    deal = convert(teo, "--onto", key)

    assert (deal["lead"], deal["customer"]) == (teo, "nordwind")
    assert deal["contacts"] == [{"contact": "teo-lang", "role": "user", "primary": True}]


def test_a_lead_joins_only_an_open_deal_and_changes_none_of_its_terms(two_leads, cli, refused):
    key, teo = two_leads()

    said = refused("lead", "convert", teo, "--onto", key, "--amount", "5", "--title", "Chairs")
    assert f"--title, --amount: with --onto the opportunity is there, {key}" in said
    cli("opp", "lost", key, "--reason", "price")
    assert f"{key} is lost; reopen it first" in refused("lead", "convert", teo, "--onto", key)


def test_custom_fields_go_along_in_a_conversion(qualified, convert):
    assert convert(qualified("--name", "Nils", "--set", "custom.seats=40"))["custom"] == {"seats": 40}
