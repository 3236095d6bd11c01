"""`lead`: add, list, show, set, qualify, disqualify, reopen; what each writes, and what each refuses."""

from __future__ import annotations

import json

import pytest
import ryaml

TODAY = ("--today", "2026-11-20")


@pytest.fixture
def add(cli):
    """Add a lead and return its id."""

    def call(*arguments: str) -> str:
        return cli(*TODAY, "lead", "add", *arguments, "--format", "ids").id

    return call


@pytest.fixture
def lead(cli):
    """What `lead show` has of a lead."""

    def call(ref: str) -> dict[str, object]:
        return json.loads(cli(*TODAY, "lead", "show", ref, "--format", "json").out)

    return call


@pytest.fixture
def file_of(root):
    def call(key: str) -> str:
        (file,) = root.glob(f"leads/**/{key}-*.yaml")
        return file.read_text()

    return call


def test_a_lead_is_one_file_and_one_commit(add, file_of, git):
    key = add("--name", "María López", "--organization", "Contoso Coffee")
    text = file_of(key)
    assert text.startswith("# yaml-language-server: $schema=../../../schemas/lead.schema.json\n")
    written = ryaml.loads(text)
    assert written["name"] == "María López"
    assert (written["status"], written["owner"]) == ("new", "ana-ruiz")
    assert git("log", "-1", "--format=%s") == f"{key}: add Contoso Coffee"
    assert git("show", "--name-only", "--format=") == f"leads/2026/11/{key}-contoso-coffee.yaml"
    assert git("status", "--porcelain") == ""


def test_every_field_has_an_option_and_any_other_a_set(add, lead):
    key = add(
        "--name", "Sara Rezaei", "--organization", "Fabrikam", "--title", "CTO",
        "--email", "s@fabrikam.example", "--phone", "+34 600 000 001", "--website", "fabrikam.example",
        "--country", "Spain", "--language", "fa", "--source", "fair", "--campaign", "Spring",
        "--owner", "ana-ruiz", "--score", "70", "--role", "adviser",
        "--interest", "Grinders", "--tag", "vip", "--tag", "madrid", "--notes", "Met at the fair",
        "--set", "next_contact.date=+3d", "--set", "custom.booth=B12",
    )  # fmt: skip
    made = lead(key)
    assert made["tags"] == ["vip", "madrid"]
    assert (made["score"], made["role"], made["language"], made["country"]) == (70, "adviser", "fa", "Spain")
    assert made["next_contact"] == {"date": "2026-11-23"}
    assert made["custom"] == {"booth": "B12"}
    assert made["missing"] == ["need", "budget", "timeframe", "authority"]


def test_a_lead_that_is_there_is_warned_of(cli, add):
    key = add("--name", "María", "--organization", "Contoso", "--email", "maria@contoso.example")
    for again in (["--email", "MARIA@contoso.example"], ["--name", "maria", "--organization", "CONTOSO"]):
        said = cli("lead", "add", "--name", "M", *again)
        assert said.err.startswith(f"warning: {key} María is open, too; to join them: pipecli lead merge")
    assert "warning" not in cli("lead", "add", "--name", "María", "--organization", "Fabrikam").err
    cli("lead", "disqualify", key, "--reason", "no-need")
    again = cli("lead", "add", "--name", "María", "--organization", "Contoso").err
    assert f"warning: {key}" not in again


def test_addresses_are_tidied_and_what_reaches_nobody_is_refused(add, lead, refused, cli):
    tidied = lead(add("--name", "Ali", "--email", " Ali@SHOP.Example ", "--phone", "۰۹۱۲  ۳۴۵ ۶۷۸۹"))
    assert (tidied["email"], tidied["phone"]) == ("Ali@shop.example", "0912 345 6789")
    pasted = lead(add("--name", " Ana  ", "--email", "Ana Ruiz <ana@SHOP.example>"))
    assert (pasted["name"], pasted["email"]) == ("Ana", "ana@shop.example")
    assert lead(add(" Rosa Marín ", "--source", "fair"))["name"] == "Rosa Marín"
    assert lead(key := add("--name", "Odd", "--phone", "extension 12"))["phone"] == "extension 12"
    said = refused("lead", "add", "--name", "Odder", "--email", "ask at the desk")
    assert said == 'error: email: "ask at the desk" isn\'t an e-mail address; notes take any words'
    assert '"n/a" isn\'t a telephone number' in refused("lead", "set", key, "phone=n/a")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "  "), "a lead needs a name, an organization, or both"),
        (("Ana", "--name", "Bea"), "the name is given twice"),
        (("--name", "X", "--score", "140"), "score"),
        (("--name", "X", "--owner", "nobody"), "unknown user nobody"),
        (("--name", "X", "--language", "Spanish!"), "language"),
        (("--name", "X", "--set", "nose=long"), "lead has no field nose"),
        (("--name", "X", "--set", "id=LEAD-00000"), "id never changes"),
    ],
)
def test_a_lead_that_makes_no_sense_is_refused(refused, arguments, said):
    assert said in refused("lead", "add", *arguments)


def test_a_source_the_team_does_not_know_is_refused(cli, refused, root, git):
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("sources: []", "sources: [website, referral]"))
    git("commit", "-qam", "sources")
    said = refused("lead", "add", "--name", "X", "--source", "moon")
    assert "moon isn't a known source" in said
    assert "website, referral" in said
    cli("lead", "add", "--name", "X", "--source", "website")


def test_the_list_shows_which_criteria_are_missing(cli, add):
    one = add("--organization", "Contoso")
    add("--organization", "Fabrikam")
    cli("lead", "qualify", one, "--need", "yes", "--budget", "yes", "--timeframe", "no")
    table = cli("lead", "list").out
    assert "timeframe, authority" in next(line for line in table.splitlines() if "Contoso" in line)
    assert "all four" in next(line for line in table.splitlines() if "Fabrikam" in line)
    listed = {
        each["organization"]: each["missing"]
        for each in json.loads(cli("lead", "list", "--format", "json").out)
    }
    assert listed["Contoso"] == ["timeframe", "authority"]
    assert cli("lead", "list", "--where", "missing LIKE '%budget%'", "--format", "ids").out.count("\n") == 1


def test_a_lead_is_found_by_its_person_its_organization_and_without_accents(add, lead):
    key = add("--name", "María López", "--organization", "Cafés Málaga")
    for ref in ("maria lopez", "cafes malaga", "López", key, key.lower(), key[5:8]):
        assert lead(ref)["id"] == key
    persian = add("--name", "علی رضایی", "--organization", "فروشگاه‌های تهران")
    assert lead("علي")["id"] == persian  # from an Arabic keyboard
    assert lead("فروشگاههای تهران")["id"] == persian


def test_need_budget_and_timeframe_qualify_a_lead_and_their_loss_opens_it_again(cli, add, lead, git):
    key = add("--name", "María")
    cli("lead", "qualify", key, "--need", "yes", "--budget", "yes", "--budget-note", "5,000 a year")
    assert lead(key)["status"] == "open"
    said = cli("lead", "qualify", key, "--timeframe", "yes")
    assert lead(key)["status"] == "qualified"
    assert said.out == f"{key} María: qualify timeframe yes → qualified\n"
    assert "Pipecli-Event: qualified" in git("log", "-1", "--format=%b")
    assert lead(key)["missing"] == ["authority"]
    said = cli("lead", "qualify", key, "--budget", "no")
    assert said.err == "not yes yet: budget\n"
    assert lead(key)["status"] == "open"
    assert lead(key)["qualification"]["budget_note"] == "5,000 a year"


def test_a_lead_that_replied_stays_so_until_it_is_qualified(cli, add, lead):
    key = add("--name", "María", "--set", "status=replied")
    cli("lead", "qualify", key, "--need", "yes")
    assert lead(key)["status"] == "replied"


def test_the_status_follows_criteria_that_are_set(cli, add, lead):
    key = add("--name", "María")
    cli("lead", "set", key, *(f"qualification.{name}=yes" for name in ("need", "budget", "timeframe")))
    assert lead(key)["status"] == "qualified"


def test_qualifying_asks_for_an_answer(cli, refused, add):
    key = add("--name", "María")
    assert "--timeframe" in refused("lead", "qualify", key)
    assert (
        '--need: "maybe" must be one of yes, no, unknown'
        in cli("lead", "qualify", key, "--need", "maybe", code=2).err
    )


def test_a_lead_is_given_up_for_a_reason_of_the_list_and_taken_up_again(cli, add, lead, file_of):
    key = add("--name", "María")
    cli(*TODAY, "lead", "disqualify", key, "--reason", "no-budget", "--detail", "Ask in 2028")
    assert lead(key)["disqualified"] == {"date": "2026-11-20", "reason": "no-budget", "detail": "Ask in 2028"}
    assert lead(key)["status"] == "disqualified"
    assert cli("lead", "list", "--status", "disqualified", "--format", "ids").id == key
    cli("lead", "reopen", key)
    assert lead(key)["status"] == "open"
    assert "disqualified" not in file_of(key)


def test_the_reason_of_a_lead_given_up_is_one_of_the_list(cli, add, lead, refused):
    key = add("--name", "María")
    cli("lead", "disqualify", key, "--reason", "no-need")
    assert "bored isn't a reason to disqualify" in refused("lead", "set", key, "disqualified.reason=bored")
    cli("lead", "set", key, "disqualified.reason=no-budget")
    assert lead(key)["disqualified"]["reason"] == "no-budget"


def test_a_qualified_lead_that_was_given_up_is_qualified_again(cli, add, lead):
    key = add("--name", "María")
    cli("lead", "qualify", key, "--need", "yes", "--budget", "yes", "--timeframe", "yes")
    cli("lead", "disqualify", key, "--reason", "no-answer")
    cli("lead", "reopen", key)
    assert lead(key)["status"] == "qualified"


def test_wrong_moves_are_refused_with_the_way_out(cli, refused, add):
    key = add("--name", "María")
    assert "give --reason, one of no-need, no-budget" in refused("lead", "disqualify", key)
    unknown = refused("lead", "disqualify", key, "--reason", "boredom")
    assert "boredom isn't a reason to disqualify" in unknown
    assert "no-need, no-budget, no-timeframe, no-answer, duplicate" in unknown
    assert "is new" in refused("lead", "reopen", key)
    cli("lead", "disqualify", key, "--reason", "no-need")
    for move in (
        ("disqualify", key, "--reason", "no-need"),
        ("qualify", key, "--need", "yes"),
        ("convert", key, "--force"),
        ("set", key, "status=open"),
    ):
        assert f"pipecli lead reopen {key}" in refused("lead", *move)


@pytest.mark.parametrize(
    ("assignment", "verb"),
    [
        ("status=converted", "convert"),
        ("status=disqualified", "disqualify"),
        ("status=qualified", "qualify"),
        ("disqualified.reason=no-need", "disqualify"),
        ("converted.date=today", "convert"),
    ],
)
def test_what_a_verb_does_is_not_set_by_hand(refused, add, assignment, verb):
    key = add("--name", "María")
    assert f"use pipecli lead {verb} {key}" in refused("lead", "set", key, assignment)


def test_setting_a_field_keeps_comments_and_tidies_only_what_it_sets(cli, add, root, git):
    key = add("--name", "María", "--email", "maria@contoso.example")
    (file,) = root.glob("leads/**/*.yaml")
    by_hand = file.read_text().replace(
        "email: maria@contoso.example", "email: Maria@CONTOSO.example # ask first"
    )
    file.write_text(by_hand)
    git("commit", "-qam", "by hand")
    cli("lead", "set", key, "phone= 600  100 200")
    assert file.read_text() == by_hand.replace("# ask first\n", "# ask first\nphone: 600 100 200\n")


@pytest.mark.parametrize("status", ["converted", "disqualified"])
def test_a_file_whose_status_lacks_its_section_is_a_fault_with_the_file_name(cli, add, root, status):
    key = add("--name", "María")
    (file,) = root.glob("leads/**/*.yaml")
    file.write_text(file.read_text().replace("status: new", f"status: {status}"))
    said = cli("lead", "list", code=1).err
    assert f"{file.name}" in said
    assert f"a {status} lead needs a `{status}` section" in said
    assert key in said


def test_the_page_of_a_lead_shows_its_criteria(cli, add):
    key = add("--name", "María", "--organization", "Contoso", "--set", "next_contact.date=+3d")
    cli("lead", "qualify", key, "--need", "yes", "--need-note", "Two machines")
    page = cli(*TODAY, "lead", "show", key).out
    assert f"{key}  " in page
    assert "Contoso, María" in page
    assert "2026-11-23, in 3 days" in page
    assert ["need", "yes", "Two", "machines"] in [line.split() for line in page.splitlines()]
    assert ["authority", "unknown"] in [line.split() for line in page.splitlines()]


def test_likely_duplicates_are_listed_with_a_score_and_why(cli, add):
    one = add("--name", "María López", "--organization", "Contoso Coffee", "--email", "maria@contoso.example")
    two = add("--name", "Maria Lopez", "--organization", "Contoso Coffee S.L.")
    other = add("--name", "Luis Gil", "--organization", "Contoso Coffee", "--email", "luis@contoso.example")
    (pair,) = json.loads(cli("lead", "dupes", "--format", "json").out)
    assert {pair["first"], pair["second"]} == {one, two}
    assert pair["score"] > 90
    assert pair["why"] == ["same organization", "same name"]
    assert other not in cli("lead", "dupes").out
    assert set(cli("lead", "dupes", "--format", "ids").out.split()) == {one, two}
    cli("lead", "disqualify", two, "--reason", "duplicate")
    assert cli("lead", "dupes", "--format", "json").out == "[]\n"
    cli("lead", "reopen", two)
    for key in (one, two):
        cli("lead", "convert", key, "--force")
    assert cli("lead", "dupes", "--format", "json").out == "[]\n"  # what is converted is merged no more


# Merged


@pytest.fixture
def two(cli, add):
    """A lead of Carla's that nobody qualified, and Teo's of the same company with more on it."""
    carla = add("--name", "Carla Ortiz", "--organization", "Nordwind", "--notes", "At the fair.",
                "--set", "next_contact.date=2026-12-01")  # fmt: skip
    teo = add("--name", "Teo Lang", "--organization", "Nordwind", "--email", "teo@nordwind.example",
              "--source", "fair", "--tag", "vip", "--set", "custom.seats=40",
              "--set", "next_contact.date=2026-12-05", "--set", "next_contact.note=ring Teo")  # fmt: skip
    cli("lead", "qualify", carla, "--need", "no")
    cli("lead", "qualify", teo, "--need", "yes", "--budget", "yes", "--budget-note", "20k")
    cli("activity", "add", teo, "--type", "call", "--direction", "in", "--subject", "Hello", "--done")
    return carla, teo


@pytest.mark.usefixtures("today")
def test_two_leads_become_one_and_nothing_is_lost(cli, git, two):
    carla, teo = two
    deal = cli("opp", "add", "Chairs", "--lead", teo, "--format", "ids").id
    before = git("rev-parse", "HEAD")

    said = cli("lead", "merge", teo, carla)

    assert git("rev-parse", "HEAD~") == before
    assert git("log", "-1", "--format=%s") == f"{carla}: merge {teo} (Nordwind) into it"
    assert "kept in its notes: name Teo Lang, email teo@nordwind.example" in said.err
    (lead,) = json.loads(cli("lead", "list", "--format", "json").out)
    assert (lead["name"], lead["status"], lead["source"], lead["tags"]) == (
        "Carla Ortiz",
        "replied",
        "fair",
        ["vip"],
    )
    assert "email" not in lead
    assert (lead["qualification"]["need"], lead["qualification"]["budget"]) == ("no", "yes")
    assert lead["qualification"]["budget_note"] == "20k"
    assert lead["notes"] == f"At the fair.\n\nMerged from {teo}: name Teo Lang, email teo@nordwind.example"
    assert (lead["custom"], lead["next_contact"]["date"]) == ({"seats": 40}, "2026-12-01")
    assert [(activity["type"], activity["subject"]) for activity in lead["activities"]] == [
        ("call", "Hello"),
        ("task", "ring Teo"),
    ]
    assert json.loads(cli("opp", "show", deal, "--format", "json").out)["lead"] == carla
    assert cli("check").out == ""


def test_leads_of_one_person_fill_each_other(cli, add, two):
    _, teo = two
    other = add("--name", "teo lang", "--phone", "+46 8 123", "--email", "Teo@Nordwind.example")

    said = cli("lead", "merge", teo, other)

    lead = json.loads(cli("lead", "show", other, "--format", "json").out)
    assert (lead["organization"], lead["phone"], "notes" in lead) == ("Nordwind", "+46 8 123", True)
    assert "kept in its notes: name Teo Lang" in said.err


def test_a_merge_of_leads_that_are_settled_names_the_way(cli, refused, two):
    carla, teo = two
    assert "can't be merged into itself" in refused("lead", "merge", teo, teo)
    cli("lead", "disqualify", carla, "--reason", "no-need")
    assert f"the other way round: pipecli lead merge {carla} {teo}" in refused("lead", "merge", teo, carla)
    deal = cli("lead", "convert", teo, "--force", "--format", "ids").id
    third = cli("lead", "add", "--name", "Kim", "--format", "ids").id
    assert f"pipecli lead convert {third} --onto {deal}" in refused("lead", "merge", third, teo)
    assert f"{teo} is converted" in refused("lead", "merge", teo, third)
