"""The process of a deal: its stages, their steps and required fields, and what `set` leaves to the verbs."""

from __future__ import annotations

import json

import pytest

SETTINGS = """\
company: {name: Contoso}
currency: EUR
timezone: Europe/Madrid
users:
  ana-ruiz: {name: Ana Ruiz, email: ana@contoso.example}
processes:
  standard:
    stages:
    - {id: qualify, name: Qualify, probability: 10, steps: [Ask for the budget, Ask who decides]}
    - {id: demo, name: Demo, probability: 25, steps: [Show the machine], requires: [expected_close]}
    - {id: propose, name: Propose, probability: 50, requires: [amount, contacts, key_info >= 2]}
    - {id: commit, name: Commit, probability: 90, requires: [key_info.budget]}
  renewal:
    stages:
    - {id: remind, probability: 60}
    - {id: propose, probability: 80}
lost_reasons: [price]
sources: [fair, website]
follow_up: {}
"""


@pytest.fixture(autouse=True)
def _settings(given):
    given({"pipecli.yaml": SETTINGS})


@pytest.fixture
def opp(cli):
    return cli("opp", "add", "Machines", "--format", "ids").id


@pytest.fixture
def shown(cli, opp):
    def call() -> dict[str, object]:
        return json.loads(cli("opp", "show", opp, "--format", "json").out)

    return call


# Steps and advance


def test_advance_asks_for_the_steps_and_the_fields(cli, opp, refused, shown, git):
    said = refused("opp", "advance", opp)
    assert said == (
        f"error: {opp} can't advance to demo: steps not done: Ask for the budget, Ask who decides; "
        "fields missing: expected_close; "
        "add what is missing with `opp step done` or `opp set`, or override with --force"
    )
    assert shown()["steps_open"] == ["Ask for the budget", "Ask who decides"]
    assert shown()["fields_missing"] == ["expected_close"]
    cli("opp", "step", "done", opp, "Ask for the budget")
    assert (
        cli("opp", "step", "done", opp, "who decides").out == f"{opp} Machines: step done: Ask who decides\n"
    )
    cli("opp", "set", opp, "expected_close=2026-12-15")
    assert cli("opp", "advance", opp).out == f"{opp} Machines: advance qualify → demo\n"
    deal = shown()
    assert (deal["stage"], deal["probability"], deal["next_stage"]) == ("demo", 25, "propose")
    assert deal["fields_missing"] == ["amount", "contacts", "key_info >= 2"]
    assert "Pipecli-Event: stage-changed" in git("log", "-1", "--format=%B")


def test_as_many_answers_as_a_stage_asks_for_are_counted(cli, opp, shown, root, git):
    cli("opp", "set", opp, "expected_close=2026-12-15", "key_info.need=Two", "key_info.budget=5,000")
    cli("opp", "advance", opp, "--to", "demo", "--force")
    assert shown()["fields_missing"] == ["amount", "contacts"]
    settings = (root / "pipecli.yaml").read_text()
    (root / "pipecli.yaml").write_text(settings.replace("key_info >= 2", "key_info"))
    assert shown()["fields_missing"] == ["amount", "contacts", "key_info"]


@pytest.mark.parametrize(
    ("worth", "lacks"),
    [("amount: 100\n", False), ("items:\n- {description: Machine, unit_price: 100}\n", False), ("", True)],
)
def test_a_deal_has_an_amount_by_itself_or_by_its_items(root, git, opp, shown, worth, lacks):
    (file,) = root.glob(f"opportunities/**/{opp}-*.yaml")
    file.write_text(f"{file.read_text().replace('stage: qualify', 'stage: demo')}{worth}")
    assert ("amount" in shown()["fields_missing"]) is lacks


def test_a_jump_asks_for_all_that_it_passes(opp, refused):
    said = refused("opp", "advance", opp, "--to", "commit")
    assert "steps not done: Ask for the budget, Ask who decides, Show the machine" in said
    assert "fields missing: expected_close, amount, contacts, key_info >= 2, key_info.budget" in said


def test_force_advances_and_keeps_that_in_the_log(cli, opp, git):
    said = cli("opp", "advance", opp, "--force")
    assert said.out == f"{opp} Machines: advance qualify → demo (forced)\n"
    assert "forced; steps not done" in said.err
    assert "(forced)" in git("log", "-1", "--format=%s")


def test_going_back_asks_for_nothing(cli, opp, shown):
    cli("opp", "advance", opp, "--to", "commit", "--force")
    assert cli("opp", "advance", opp, "--to", "demo").out == f"{opp} Machines: advance commit → demo\n"
    assert shown()["stage"] == "demo"


def test_a_new_stage_drops_a_probability_set_by_hand(cli, opp, shown):
    cli("opp", "set", opp, "probability=33")
    cli("opp", "advance", opp, "--force", "--keep-probability")
    assert shown()["probability"] == 33
    cli("opp", "advance", opp, "--force")
    assert shown()["probability"] == 50


def test_past_the_last_stage_lies_the_close(cli, opp, refused):
    cli("opp", "advance", opp, "--to", "commit", "--force")
    said = refused("opp", "advance", opp)
    assert f"{opp} is at commit, the last stage; close it: pipecli opp won {opp}" in said


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("won", "won is not a stage but the end of a deal; close it: pipecli opp won OPP-"),
        ("qualify", "is at qualify already"),
    ],
)
def test_wrong_stages_are_refused(opp, refused, to, said):
    assert said in refused("opp", "advance", opp, "--to", to)


def test_a_step_can_be_undone_and_is_listed(cli, opp, shown):
    cli("opp", "step", "done", opp, "Show the machine")  # of a stage to come
    cli("opp", "step", "done", opp, "budget")
    steps = json.loads(cli("opp", "step", "list", opp, "--format", "json").out)
    assert [(each["stage"], each["done"]) for each in steps] == [
        ("qualify", True), ("qualify", False), ("demo", True),
    ]  # fmt: skip
    cli("opp", "step", "undo", opp, "budget")
    assert shown()["steps_done"] == ["Show the machine"]
    assert "nothing to change" in cli("opp", "step", "done", opp, "Show the machine").err


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("Sing", 'the process standard has no step "Sing"; its steps: Ask for the budget; Ask who decides'),
        ("ask", '"ask" is 2 steps: Ask for the budget; Ask who decides; name one in full'),
        (" ", 'has no step " "'),
    ],
)
def test_wrong_steps_are_refused(opp, refused, step, said):
    assert said in refused("opp", "step", "done", opp, step)


def test_the_steps_of_all_stages_are_offered(cli, opp, refused):
    cli("opp", "advance", opp, "--to", "demo", "--force")
    said = refused("opp", "step", "done", opp, "Sing")
    assert "its steps: Show the machine; Ask for the budget; Ask who decides" in said


def test_a_closed_deal_has_no_steps_to_do(cli, opp, refused):
    cli("opp", "lost", opp, "--reason", "price")
    assert f"{opp} is lost; reopen it first" in refused("opp", "step", "done", opp, "budget")
    assert f"{opp} is lost; reopen it first" in refused("opp", "set", opp, "process=renewal", "stage=remind")


# Another process


def test_a_process_that_knows_the_stage_is_taken_as_it_is(cli, opp, shown):
    cli("opp", "advance", opp, "--to", "propose", "--force")
    cli("opp", "set", opp, "probability=77")
    cli("opp", "set", opp, "process=renewal")
    assert (shown()["process"], shown()["stage"], shown()["probability"]) == ("renewal", "propose", 77)


def test_another_process_asks_for_its_stage(cli, opp, refused, shown, git):
    said = refused("opp", "set", opp, "process=renewal")
    assert "qualify isn't a stage of the process renewal; say where it continues, in remind, propose" in said
    assert f"pipecli opp set {opp} process=renewal stage=" in said
    cli("opp", "set", opp, "probability=77")
    told = cli("opp", "set", opp, "process=renewal", "stage=remind").err
    assert told == "the probability set by hand, 77 %, is dropped: remind has 60 %\n"
    assert (shown()["process"], shown()["stage"], shown()["probability"]) == ("renewal", "remind", 60)
    assert "Pipecli-Event: stage-changed" in git("log", "-1", "--format=%B")


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["process=other"], "unknown process other; known: standard, renewal"),
        (["process=renewal", "stage=demo"], "demo isn't a stage of the process renewal"),
    ],
)
def test_wrong_processes_are_refused(opp, refused, assignments, said):
    assert said in refused("opp", "set", opp, *assignments)


# What set leaves to the verbs


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["stage=demo"], "a stage isn't set by hand: its steps and required fields count"),
        (["process=standard", "stage=demo"], "use pipecli opp advance"),
        (["status=won"], "use pipecli opp won or lost"),
        (["closed.reason=price"], "use pipecli opp won or lost"),
        (["status=lost", "closed.date=today", "closed.reason=price"], "use pipecli opp won or lost"),
        (["type=gift"], "gift isn't a type of opportunity"),
        (["source=rumour"], "rumour isn't a known source; give one of fair, website"),
        (["id=OPP-00000"], "id never changes"),
        (["owner=nobody"], "owner: unknown user nobody"),
        (["probability=140"], "probability: "),
        (["stagee=demo"], "opportunity has no field stagee"),
        (["title="], '"title" is missing'),
    ],
)
def test_set_does_not_go_past_the_rules(opp, refused, assignments, said):
    assert said in refused("opp", "set", opp, *assignments)


def test_a_closed_deal_is_not_opened_by_set(cli, opp, refused):
    cli("opp", "lost", opp, "--reason", "price")
    assert "use pipecli opp reopen" in refused("opp", "set", opp, "status=open", "closed=")
    cli("opp", "set", opp, "notes=They liked it")  # what belongs to no rule may be set


def test_set_keeps_comments_and_layout(cli, deal):
    file = deal()
    text = file.read_text().replace("amount: 4998.00\n", "amount: 4998.00 # what María said\n")
    file.write_text(text)
    cli("opp", "set", "2Q8", "expected_close=2026-12-20", "key_info.need=Two machines", "source=fair")
    assert (
        file.read_text()
        == text.replace("2026-12-15", "2026-12-20").replace(
            "owner: ana-ruiz\n", "owner: ana-ruiz\nsource: fair\n"
        )
        + "key_info:\n  need: Two machines\n"
    )


def test_a_new_currency_is_not_silent(cli, opp):
    cli("opp", "item", "add", opp, "--description", "Machine", "--price", "10")
    said = cli("opp", "set", opp, "currency=USD")
    assert "the items keep their figures, which were EUR and are USD now" in said.err
    assert "the amount keeps its figure" not in cli("opp", "set", opp, "currency=EUR", "amount=20").err
    assert (
        "the amount keeps its figure, which was EUR and is USD now"
        in cli("opp", "set", opp, "currency=USD").err
    )
