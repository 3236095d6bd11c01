"""`settings`: `pipecli.yaml` from the shell; and another word for something, everywhere at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def file(root) -> Path:
    return root / "pipecli.yaml"


@pytest.fixture
def diff(git):
    """The lines that the last commit took from a file and put into it."""

    def read(name: str = "pipecli.yaml") -> list[str]:
        lines = git("show", "--format=", "--unified=0", "HEAD", "--", name).splitlines()
        return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]

    return read


# show


def test_the_whole_file_is_shown_with_its_comments(cli, file):
    assert cli("settings", "show").out == file.read_text()
    assert json.loads(cli("settings", "show", "--format", "json").out)["currency"] == "EUR"
    assert cli("settings", "show", "company", "--format", "json").out.startswith('{\n  "')


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("currency", "EUR\n"),
        ("auto_close.after_days", "30\n"),
        ("processes.standard.stages.demo.probability", "25\n"),
        ("processes.standard.stages.1.id", "qualify\n"),
        ("opportunity_types", "- sales\n- support\n- maintenance\n"),
        ("users.ana-ruiz", "name: Ana Ruiz\nemail: ana@contoso.example\nactive: true\n"),
    ],
)
def test_a_part_is_shown_by_its_path(cli, path, shown):
    assert cli("settings", "show", path).out == shown


def test_a_part_is_shown_in_other_formats(cli):
    assert cli("settings", "show", "users", "--format", "ids").out == "ana-ruiz\n"
    assert cli("settings", "show", "opportunity_types", "--format", "ids").out.split()[0] == "sales"
    assert json.loads(cli("settings", "show", "auto_close", "--format", "jsonl").out) == {
        "after_days": 30,
        "reason": "no-response",
    }
    assert cli("settings", "show", "auto_close", "--format", "csv").out.splitlines() == [
        "path,value",
        "auto_close.after_days,30",
        "auto_close.reason,no-response",
    ]


def test_a_path_that_leads_nowhere_is_refused(refused):
    assert refused("settings", "show", "auto_close.days") == (
        "error: the settings have no auto_close.days; there are after_days, reason"
    )


# set


@pytest.mark.parametrize(
    ("assignment", "changed"),
    [
        ("currency=USD", ["-currency: EUR # totals and forecasts are in it",
                          "+currency: USD # totals and forecasts are in it"]),
        ("auto_close.after_days=45", ["-  after_days: 30", "+  after_days: 45"]),
        ("exchange_rates.USD.2026-01-01=0.92", ["+exchange_rates:", "+  USD:", "+    2026-01-01: 0.92"]),
        ("processes.standard.stages.propose.rotting_days=9",
         ["-      rotting_days: 21", "+      rotting_days: 9"]),
        ("disqualify_reasons=too-small,other", [
            "-disqualify_reasons: [no-need, no-budget, no-timeframe, no-answer, duplicate]",
            "+disqualify_reasons: [too-small, other]"]),
        ("quotations.terms=Payment within 30 days.", ["+  terms: Payment within 30 days."]),
        ("targets.2026-Q4.ana-ruiz=50000", [
            "-targets: {} # per period what a user or team is to win, as 2026-Q4: {ana: 50000}",
            "+targets: # per period what a user or team is to win, as 2026-Q4: {ana: 50000}",
            "+  2026-Q4:", "+    ana-ruiz: 50000"]),
        ("assignment_rules=[{name: all, users: [ana-ruiz]}]", [
            "-assignment_rules: [] # who gets new leads and opportunities, as",
            "+assignment_rules: # who gets new leads and opportunities, as",
            "+- name: all", "+  for: opportunity", "+  users:", "+  - ana-ruiz", "+  method: round-robin",
            "+  priority: 0"]),
    ],
)  # fmt: skip
def test_set_changes_what_it_names_and_no_comment(cli, diff, git, assignment, changed):
    path = assignment.partition("=")[0]
    assert cli("settings", "set", assignment).out == f"settings: set {path}\n"
    assert diff() == changed
    assert git("status", "--porcelain") == ""


def test_a_rate_is_changed_and_cleared_by_its_day(cli, diff):
    cli("settings", "set", "exchange_rates.USD.2026-01-01=0.92", "exchange_rates.USD.2026-07-01=0.90")
    cli("settings", "set", "exchange_rates.USD.2026-07-01=0.91")
    assert diff() == ["-    2026-07-01: 0.90", "+    2026-07-01: 0.91"]
    cli("settings", "set", "exchange_rates.USD.2026-01-01=")
    assert diff() == ["-    2026-01-01: 0.92"]


def test_json_is_the_settings_and_the_commit(cli, git):
    shown = json.loads(cli("settings", "set", "currency=USD", "--format", "json").out)
    assert (shown["currency"], shown["commit"]) == ("USD", git("rev-parse", "HEAD"))


def test_a_dry_run_shows_the_diff_and_changes_nothing(cli, file, git):
    before = file.read_bytes()
    said = cli("settings", "set", "currency=USD", "--dry-run")
    assert "+currency: USD # totals and forecasts are in it" in said.out
    assert file.read_bytes() == before
    assert git("log", "--oneline").count("\n") == 0


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("colour=red", "error: settings has no field colour; its fields: company, currency"),
        ("currency=eur", "settings: currency:"),
        ("timezone=Mars", '"Mars" isn\'t a timezone; write one like Europe/Madrid or UTC'),
        ("timezone=localtime", '"localtime" isn\'t a timezone'),
        ("auto_close.after_days=soon", '"soon" isn\'t a number'),
        ("auto_close.after_days=0", "auto_close.after_days:"),
        *(
            (f"{days}=1000000000", f"{days}: must be at most 36500")
            for days in ("invoices.due_days", "follow_up.default_days", "quotations.valid_days")
        ),
        ("processes.standard.stages.demo.probability=140", "at most 100 (it is 140)"),
        ("processes.standard.stages.nope.name=x", "no element nope"),
        ("processes=", '"processes" is missing'),
        ("processes.standard.stages.demo.id=qualify", "two stages of a process have the same id"),
        ("processes.standard.when=amount > (5", "processes.standard.when: the query can't be run"),
        ("processes.standard.when=amuont > 5", "no such column: amuont"),
        ("price_list=nope", "price_list: unknown price list nope; see `pipecli price-list list`"),
        ("teams.asia.manager=nobody", "unknown user nobody"),
        ("teams.iberia.parent=iberia", "the team iberia would belong to itself, through iberia"),
        ("teams.ana-ruiz.name=Ana", "ana-ruiz would be a user and a team"),
        ("targets.2026-Q4.nobody=1", "unknown user or team nobody"),
        ("assignment_rules=[{name: all, users: [nobody]}]", "unknown user nobody"),
        ("exchange_rates.USD.someday=1", "exchange_rates.USD.someday"),
        ("exchange_rates.USD=1", "exchange_rates.USD has fields of its own; name one of its keys"),
        ("processes.standard.stages=[]", "processes.standard.stages: must have at least 1"),
        ("processes.standard.stages.demo.requires=budgt", 'demo requires "budgt", which no opportunity has'),
        ("quotations.template=x.typ", "the file templates/x.typ is missing; copy it there first"),
        ("company.logo=logo.png", "company.logo: the file logo.png is missing; copy it there first"),
        ("company.logo=../logo.png", "../logo.png leads out of the pipeline"),
        ("currency", '"currency" isn\'t an assignment; write path=value'),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused(refused, assignment, said):
    assert said in refused("settings", "set", assignment)


def test_records_whose_word_is_dropped_are_counted(cli):
    cli("settings", "set", "sources=web,fair")
    for source in ("web", "web", "fair"):
        cli("lead", "add", "--name", "Ana", "--source", source)
    cli("opp", "add", "Machines", "--source", "fair")

    said = cli("settings", "set", "sources=call,web").err
    assert (
        said == "sources lists fair no more, and 2 records have it: pipecli settings rename source fair NEW\n"
    )
    cli("settings", "rename", "source", "fair", "call")
    assert "and 1 record has it: pipecli settings rename type sales NEW" in (
        cli("settings", "set", "opportunity_types=support").err
    )
    assert cli("settings", "set", "sources=").err == ""  # any will do now


def test_a_stage_in_use_is_not_dropped(shop, cli, refused, diff):
    assert refused("settings", "set", "processes.standard.stages.propose=") == (
        "error: stage standard/propose can't be removed, records use it: OPP-2Q8XA; "
        "move those first, or rename it: pipecli settings rename stage standard/propose NEW"
    )
    cli("settings", "set", "processes.standard.stages.commit=")
    assert "-    - id: commit" in diff()


# edit


def test_edit_commits_what_was_typed(cli, tmp_path, monkeypatch, diff):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/currency: EUR/currency: USD/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))

    assert cli("settings", "edit").out == "settings: edit\n"
    assert diff()[-1].startswith("+currency: USD # totals")


def test_a_fault_keeps_what_was_typed(refused, tmp_path, monkeypatch, root):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/currency: EUR/currency: euro/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))

    said = refused("settings", "edit")

    assert "pipecli.yaml:" in said
    kept = Path(said.rpartition("what you typed is kept in ")[2])
    assert "currency: euro" in kept.read_text()


def test_an_edit_drops_no_stage_in_use(shop, refused, tmp_path, monkeypatch):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/id: propose/id: offer/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    assert "stage standard/propose can't be removed, records use it: OPP-2Q8XA" in refused("settings", "edit")


# rename

MIDDLE = "quality, budget, timing, competitor, no-decision"
LOST = """\
id: OPP-3Q8XA
created: 2026-11-02T10:00:00+01:00
title: Lost one
type: sales # of course
process: standard
stage: propose # where it ended
status: lost
owner: ana-ruiz # hers
source: fair # in Madrid
currency: EUR
shared_with: [iberia, ana-ruiz]
next_contact: {date: 2026-12-01, by: ana-ruiz}
activities:
- id: ABCDE
  type: call
  at: 2026-11-03T10:00:00+01:00
  subject: x
  by: ana-ruiz
  done: true
closed:
  date: 2026-11-21
  reasons:
  - price # too dear
"""
LEAD = """\
id: LEAD-7K3M9
created: 2026-11-02T10:00:00+01:00
status: disqualified
name: María
source: fair
owner: ana-ruiz
disqualified:
  date: 2026-11-21
  reason: no-need # at all
"""


@pytest.fixture
def used(given, cli, once):
    """A lost deal and a disqualified lead of Ana's, a customer of hers, and a document for a stage."""

    def build():
        cli("team", "add", "iberia")
        given({
            "opportunities/2026/OPP-3Q8XA-lost.yaml": LOST,
            "leads/2026/LEAD-7K3M9-maria.yaml": LEAD,
            "customers/acme.yaml": "id: acme\nname: Acme\nowner: ana-ruiz\n",
            "literature/guide.yaml": "id: guide\ntitle: Guide\nurl: https://x.example\n"
            "stages: [propose, demo]\n",
        })  # fmt: skip

    once(build)


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (("lost-reason", "price", "cost"), {
            "pipecli.yaml": [f"+lost_reasons: [cost, {MIDDLE}, no-response]"],
            "opportunities/2026/OPP-3Q8XA-lost.yaml": ["+  - cost", "+  # too dear"],
        }),
        (("lost-reason", "no-response", "silence"), {
            "pipecli.yaml": [f"+lost_reasons: [price, {MIDDLE}, silence]", "+  reason: silence"],
        }),
        (("disqualify-reason", "no-need", "not needed"), {
            "pipecli.yaml": [
                "+disqualify_reasons: [not needed, no-budget, no-timeframe, no-answer, duplicate]"],
            "leads/2026/LEAD-7K3M9-maria.yaml": ["+  reason: not needed # at all"],
        }),
        (("type", "sales", "new-business"), {
            "pipecli.yaml": [
                "+opportunity_types: [new-business, support, maintenance] # the first is the default"],
            "opportunities/2026/OPP-3Q8XA-lost.yaml": ["+type: new-business # of course"],
        }),
        (("source", "fair", "trade fair"), {
            "opportunities/2026/OPP-3Q8XA-lost.yaml": ["+source: trade fair # in Madrid"],
            "leads/2026/LEAD-7K3M9-maria.yaml": ["+source: trade fair"],
        }),
        (("stage", "standard/propose", "offer"), {
            "pipecli.yaml": ["+    - id: offer"],
            "opportunities/2026/OPP-3Q8XA-lost.yaml": ["+stage: offer # where it ended"],
            "literature/guide.yaml": ["+stages: [offer, demo]"],
        }),
        (("user", "ana-ruiz", "ana"), {
            "pipecli.yaml": ["+  ana:"],
            "opportunities/2026/OPP-3Q8XA-lost.yaml": [
                "+owner: ana # hers", "+shared_with: [iberia, ana]",
                "+next_contact: {date: 2026-12-01, by: ana}", "+  by: ana"],
            "leads/2026/LEAD-7K3M9-maria.yaml": ["+owner: ana"],
            "customers/acme.yaml": ["+owner: ana"],
        }),
        (("team", "iberia", "south"), {
            "pipecli.yaml": ["+  south:"],
            "opportunities/2026/OPP-3Q8XA-lost.yaml": ["+shared_with: [south, ana-ruiz]"],
        }),
    ],
)  # fmt: skip
def test_a_rename_rewrites_every_record_in_one_commit(cli, used, git, diff, arguments, changed):
    before = git("rev-parse", "HEAD")

    what, old, new = arguments
    assert cli("settings", "rename", *arguments).out == f"settings: rename {what} {old} → {new}\n"

    assert git("rev-parse", "HEAD~1") == before
    assert git("show", "--format=", "--name-only", "HEAD").splitlines() == sorted(changed)
    for name, lines in changed.items():
        assert set(lines) <= set(diff(name))
        if name != "pipecli.yaml":
            assert [line for line in diff(name) if line.startswith("+")] == lines
    assert "Pipecli-Event: renamed" in git("log", "-1", "--format=%b")


def test_a_rename_follows_into_the_settings(cli, used, file):
    cli("team", "set", "iberia", "manager=ana-ruiz")
    cli("user", "set", "ana-ruiz", "team=iberia")
    cli("settings", "set", "targets={2026-Q4: {ana-ruiz: 100, iberia: 900}}",
        "assignment_rules=[{name: all, users: [ana-ruiz]}]")  # fmt: skip

    cli("settings", "rename", "user", "ana-ruiz", "ana")
    cli("settings", "rename", "team", "iberia", "south")

    shown = json.loads(cli("settings", "show", "--format", "json").out)
    assert shown["teams"] == {"south": {"name": "south", "manager": "ana"}}  # as the id was its name
    assert shown["users"]["ana"]["team"] == "south"
    assert shown["users"]["ana"]["name"] == "Ana Ruiz"
    assert shown["assignment_rules"][0]["users"] == ["ana"]
    assert shown["targets"] == {"2026-Q4": {"ana": 100, "south": 900}}


def test_a_condition_that_names_it_is_pointed_out(cli, used):
    cli("settings", "set", "processes.standard.when=type = 'sales'")
    said = cli("settings", "rename", "type", "sales", "deals")
    assert "processes.standard.when names 'sales': look at it in pipecli.yaml" in said.err
    assert "1 record changed" in said.err


def test_a_stage_needs_no_process_where_one_alone_has_it(cli, used, refused):
    assert cli("settings", "rename", "stage", "propose", "offer").out == (
        "settings: rename stage standard/propose → offer\n"
    )
    assert cli("settings", "show", "processes.standard.stages.offer.name").out == "Offer\n"
    cli("settings", "set", "processes.standard.stages.offer.name=On paper")
    cli("settings", "rename", "stage", "offer", "written-offer")
    assert cli("settings", "show", "processes.standard.stages.written-offer.name").out == "On paper\n"
    cli("settings", "rename", "stage", "written-offer", "offer")
    cli("settings", "set", "processes.big={stages: [{id: offer, probability: 1}]}")
    assert "name one of standard/offer, big/offer" in refused("settings", "rename", "stage", "offer", "bid")


def test_a_document_for_a_stage_of_two_processes_keeps_it(cli, used, root):
    cli("settings", "set", "processes.big={stages: [{id: propose, probability: 1}]}")
    cli("settings", "rename", "stage", "standard/propose", "offer")
    assert "stages: [propose, demo]" in (root / "literature/guide.yaml").read_text()


def test_a_word_that_is_not_listed_joins_one_that_is(cli, used, root):
    cli("settings", "set", "lost_reasons=cost,quality")
    cli("settings", "rename", "lost-reason", "price", "cost")
    assert "- cost\n  # too dear" in (root / "opportunities/2026/OPP-3Q8XA-lost.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lost-reason", "nope", "other"), "error: nope isn't a reason for losing; there are price, quality"),
        (
            ("lost-reason", "price", "quality"),
            "quality is a reason for losing already; to join the two, take price out of lost_reasons first",
        ),
        (("lost-reason", "price", "price"), "it is price already"),
        (("lost-reason", "price", " "), "the new name of price is missing"),
        (("source", "nope", "other"), "nope isn't a source; there are none"),
        (("type", "sales", "New Sales"), "write it as new-sales"),
        (("stage", "standard/nope", "x"), "unknown stage standard/nope; there are standard/qualify"),
        (("stage", "standard/propose", "demo"), "standard has a stage demo already"),
        (("stage", "nope", "x"), "unknown stage nope"),
        (("user", "nobody", "x"), "unknown user nobody; there are ana-ruiz"),
        (("user", "ana-ruiz", "iberia"), "there is a team iberia already"),
        (("team", "nope", "x"), "unknown team nope; there are iberia"),
        (("team", "iberia", "ana-ruiz"), "there is a user ana-ruiz already"),
    ],
)  # fmt: skip
def test_a_wrong_rename_is_refused(used, refused, arguments, said):
    assert said in refused("settings", "rename", *arguments)


def test_an_unlisted_word_joins_only_a_listed_one(cli, used, refused):
    cli("settings", "set", "lost_reasons=cost,quality")
    assert refused("settings", "rename", "lost-reason", "price", "timing") == (
        "error: timing isn't a reason for losing; there are cost, quality"
    )


def test_nothing_is_renamed_while_a_file_can_not_be_read(used, given, refused):
    given({"leads/2026/LEAD-3K3M9-x.yaml": "id: [\n"})
    assert "LEAD-3K3M9-x.yaml" in refused("settings", "rename", "source", "fair", "x")


def test_a_rename_is_reverted_by_git(cli, used, git, root):
    before = (root / "opportunities/2026/OPP-3Q8XA-lost.yaml").read_bytes()
    cli("settings", "rename", "user", "ana-ruiz", "ana")
    git("revert", "--no-edit", "HEAD")
    assert (root / "opportunities/2026/OPP-3Q8XA-lost.yaml").read_bytes() == before
    assert cli("user", "list", "--format", "ids").id == "ana-ruiz"
