"""`auto-close`: deals that nobody answers close by themselves, each in a commit of its own."""

from __future__ import annotations

import json

import pytest

from pipecli.store.location import find_location
from pipecli.store.lock_and_signals import hold_pipelines
from tests.records_given import activity_text, deal_text

DAY_29, DAY_30, DAY_31 = (("--today", day) for day in ("2026-11-30", "2026-12-01", "2026-12-02"))


@pytest.fixture
def silent(deal):
    """Deals to whom we wrote as the 1st of November began, and who did not answer; returns their files."""

    def write(*keys: str) -> list[object]:
        return [
            deal(
                key,
                f"Deal {key[-1]}",
                deal_text(
                    key,
                    "activities: # newest last\n"
                    + activity_text(f"4F2Q{key[-1]}", "2026-11-01T00:00:00+01:00"),
                    created="2026-10-01T10:00:00+02:00",
                    title=f"Deal {key[-1]}",
                ),
            )
            for key in keys
        ]

    return write


@pytest.fixture
def shown(cli):
    def call(noun: str, key: str) -> dict[str, object]:
        return json.loads(cli(noun, "show", key, "--format", "json").out)

    return call


def test_each_deal_closes_in_a_commit_of_its_own(cli, git, silent, root):
    silent("OPP-2Q8XA", "OPP-2Q8XB")
    said = cli(*DAY_30, "auto-close", "-m", "By cron")
    assert said.out == (
        'OPP-2Q8XA: closed, no answer since 2026-11-01 (30 days; email "Offer" went out): Deal A\n'
        'OPP-2Q8XB: closed, no answer since 2026-11-01 (30 days; email "Offer" went out): Deal B\n'
    )
    assert said.err == ""
    for place, key in enumerate(["OPP-2Q8XB", "OPP-2Q8XA"]):
        (file,) = git("show", "--name-only", "--format=", f"HEAD~{place}").splitlines()
        assert key in file
        assert git("log", "-1", "--format=%B", f"HEAD~{place}") == (
            f"{key}: close, no answer since 2026-11-01\n\nBy cron\n\n"
            f"Pipecli-Event: closed\nPipecli-Record: {key}"
        )
    text = (root / "opportunities/2026/OPP-2Q8XA-deal-a.yaml").read_text()
    assert "status: closed\n" in text
    assert "activities: # newest last\n" in text
    assert "closed:\n  date: 2026-12-01\n  reasons:\n  - no-response\n" in text
    assert git("status", "--porcelain") == ""
    cli("check")


def test_it_closes_on_the_thirtieth_day_and_once(cli, git, silent):
    silent("OPP-2Q8XA")
    before = git("rev-parse", "HEAD")
    assert cli(*DAY_29, "auto-close").out == ""
    assert git("rev-parse", "HEAD") == before
    assert cli(*DAY_30, "auto-close", "--format", "ids").out == "OPP-2Q8XA\n"
    after = git("rev-parse", "HEAD")
    for day in (DAY_30, DAY_31):
        assert cli(*day, "auto-close").out == ""
    assert git("rev-parse", "HEAD") == after


def test_what_was_missed_closes_on_the_day_of_the_run(cli, silent, shown):
    silent("OPP-2Q8XA")
    assert cli("--today", "2027-02-01", "auto-close").out == (
        'OPP-2Q8XA: closed, no answer since 2026-11-01 (92 days; email "Offer" went out): Deal A\n'
    )
    assert shown("opp", "OPP-2Q8XA")["closed"] == {"date": "2027-02-01", "reasons": ["no-response"]}


def test_the_verbs_of_the_shell_keep_a_deal_open(cli, silent):
    silent("OPP-2Q8XA", "OPP-2Q8XB", "OPP-2Q8XC", "OPP-2Q8XD")
    cli(*DAY_29, "activity", "add", "OPP-2Q8XA", "--type", "email", "--direction", "in", "--subject", "Yes?",
        "--done")  # fmt: skip
    cli(*DAY_29, "opp", "set", "OPP-2Q8XB", "next_contact.date=+1d")
    cli(*DAY_29, "activity", "add", "OPP-2Q8XC", "--type", "call", "--subject", "Ask", "--at", "2099-01-01")
    assert cli(*DAY_30, "auto-close", "--format", "ids").out == "OPP-2Q8XD\n"
    assert cli(*DAY_31, "auto-close", "--format", "ids").out == "OPP-2Q8XB\n"  # nobody called yesterday


def test_a_dry_run_tells_what_would_close_and_why(cli, git, silent):
    silent("OPP-2Q8XA")
    before = git("rev-parse", "HEAD")
    assert cli(*DAY_31, "auto-close", "--dry-run").out == (
        'OPP-2Q8XA: would close, no answer since 2026-11-01 (31 days; email "Offer" went out): Deal A\n'
    )
    (told,) = json.loads(cli(*DAY_31, "auto-close", "--dry-run", "--format", "json").out)
    assert told["id"] == "OPP-2Q8XA"
    assert told["status"] == "open"
    assert (told["no_answer_since"], told["no_answer_days"]) == ("2026-11-01", 31)
    assert told["waited_for"] == 'email "Offer" went out'
    assert "commit" not in told
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain") == ""


def test_json_is_a_list_of_the_closed_deals(cli, git, silent):
    assert json.loads(cli(*DAY_30, "auto-close", "--format", "json").out) == []
    silent("OPP-2Q8XA")
    (told,) = json.loads(cli(*DAY_30, "auto-close", "--format", "json").out)
    assert told["status"] == "closed"
    assert told["closed"] == {"date": "2026-12-01", "reasons": ["no-response"]}
    assert told["rejected_quotations"] == []
    assert told["commit"] == git("rev-parse", "HEAD")


def test_csv_has_a_line_a_deal(cli, silent):
    silent("OPP-2Q8XA")
    assert cli(*DAY_30, "auto-close", "--format", "csv").out.splitlines() == [
        "id,title,owner,no_answer_since,no_answer_days,waited_for",
        'OPP-2Q8XA,Deal A,ana-ruiz,2026-11-01,30,"email ""Offer"" went out"',
    ]


@pytest.fixture
def quoted(cli, silent):
    """A silent deal with a sent quotation and a draft; returns their ids."""
    silent("OPP-2Q8XA")
    cli("customer", "add", "Contoso Coffee")
    cli("opp", "set", "OPP-2Q8XA", "customer=contoso-coffee")
    cli(
        "--today",
        "2026-11-01",
        "opp",
        "item",
        "add",
        "OPP-2Q8XA",
        "--description",
        "Machine",
        "--price",
        "2500",
        "--quantity",
        "2",
    )
    sent, draft = (
        cli("--today", "2026-11-01", "quote", "new", "OPP-2Q8XA", "--format", "ids").id for _ in range(2)
    )
    cli("--today", "2026-11-01", "quote", "set", sent, "valid_until=2026-11-20")
    cli("--today", "2026-11-01", "quote", "send", sent)
    return sent, draft


def test_quotations_go_with_the_deal_and_come_back_with_a_revert(cli, git, quoted, shown):
    sent, draft = quoted
    said = cli(*DAY_30, "auto-close").out
    assert said.startswith(f"OPP-2Q8XA: closed, no answer since 2026-11-01 (30 days; {sent} was sent), QTN-")
    assert said.endswith(" rejected: Deal A\n")
    assert {shown("quote", key)["status"] for key in quoted} == {"rejected"}
    assert "warning" not in cli(*DAY_30, "check").out
    git("revert", "--no-edit", "HEAD")
    assert (shown("quote", sent)["status"], shown("quote", draft)["status"]) == ("sent", "draft")
    assert shown("opp", "OPP-2Q8XA")["status"] == "open"
    cli("check")


def test_one_closing_is_reverted_alone(cli, git, silent, shown):
    silent("OPP-2Q8XA", "OPP-2Q8XB")
    cli(*DAY_30, "auto-close")
    git("revert", "--no-edit", "HEAD~1")
    assert shown("opp", "OPP-2Q8XA")["status"] == "open"
    assert shown("opp", "OPP-2Q8XB")["status"] == "closed"
    cli("check")


def test_a_reopened_deal_is_told_what_keeps_it_open(cli, quoted, shown):
    sent, draft = quoted
    cli(*DAY_30, "auto-close")
    said = cli(*DAY_31, "opp", "reopen", "OPP-2Q8XA")
    assert "pipecli opp set OPP-2Q8XA next_contact.date=+7d" in said.err
    assert (shown("quote", sent)["status"], shown("quote", draft)["status"]) == ("sent", "draft")
    cli(*DAY_31, "opp", "set", "OPP-2Q8XA", "next_contact.date=+7d")
    assert cli(*DAY_31, "auto-close").out == ""


def hook(root, name: str, text: str) -> None:
    file = root / ".git" / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_a_hook_that_refuses_one_stops_no_other_and_is_said(cli, git, root, silent, shown):
    refused = [f"OPP-2Q8X{letter}" for letter in "ABDEFG"]
    silent(*refused, "OPP-2Q8XC")
    hook(root, "commit-msg", 'if grep -q "OPP-2Q8X[^C]" "$1"; then echo "ask the manager first"; exit 1; fi')
    said = cli(*DAY_30, "auto-close", code=1)
    assert (
        said.out
        == 'OPP-2Q8XC: closed, no answer since 2026-11-01 (30 days; email "Offer" went out): Deal C\n'
    )
    first, last = said.err.splitlines()  # the same words are said once
    assert first.startswith("OPP-2Q8XA is not closed: git refused the commit")
    assert "ask the manager first" in first
    assert "nothing is changed" not in said.err  # a deal is
    assert last.startswith(f"error: 6 of 7 could not be closed: {', '.join(refused)}; ")
    assert git("status", "--porcelain") == ""
    assert shown("opp", "OPP-2Q8XA")["status"] == "open"
    (root / ".git/hooks/commit-msg").unlink()
    assert cli(*DAY_31, "auto-close", "--format", "ids").out.split() == refused


def test_an_answer_that_comes_in_meanwhile_keeps_a_deal_open(cli, root, silent, shown):
    _, second = silent("OPP-2Q8XA", "OPP-2Q8XB")
    hook(root, "post-commit", f"sed -i 's/direction: out/direction: in/' {second}")
    assert cli(*DAY_30, "auto-close", "--format", "ids").out == "OPP-2Q8XA\n"
    assert shown("opp", "OPP-2Q8XB")["status"] == "open"


def test_a_deal_with_an_answer_waits_for_nobody(cli, git, root, silent):
    (file,) = silent("OPP-2Q8XA")
    text = file.read_text()
    answer = text[text.index("- id") :].replace("4F2QA", "4F2QB").replace("out", "in").replace("T10", "T11")
    file.write_text(text + answer)
    git("commit", "-q", "-am", "An answer")
    with hold_pipelines(find_location(root).cache):
        assert cli(*DAY_30, "auto-close").out == ""


def test_no_commit_leaves_the_commit_to_the_user(cli, git, silent, shown):
    silent("OPP-2Q8XA")
    before = git("rev-parse", "HEAD")
    cli(*DAY_30, "auto-close", "--no-commit")
    assert git("rev-parse", "HEAD") == before
    assert shown("opp", "OPP-2Q8XA")["status"] == "closed"


def test_however_long_the_patience_is(cli, silent):
    silent("OPP-2Q8XA")
    cli("settings", "set", "auto_close.after_days=36500")
    assert cli(*DAY_31, "auto-close").out == ""


def test_a_reason_that_is_not_listed_is_refused(git, given, root, silent, refused):
    silent("OPP-2Q8XA")
    text = (root / "pipecli.yaml").read_text()
    given({"pipecli.yaml": text.replace("  reason: no-response", "  reason: silence")})
    assert refused(*DAY_30, "auto-close").startswith(
        "error: auto_close.reason: silence isn't one of lost_reasons: price, quality, "
    )


def test_a_broken_file_stops_it(given, silent, refused):
    silent("OPP-2Q8XA")
    given({"opportunities/2026/OPP-3Q8XA-x.yaml": "id: [\n"})
    assert "OPP-3Q8XA-x.yaml" in refused(*DAY_30, "auto-close")


def test_what_people_change_begins_the_wait_anew_and_what_a_program_does_not(
    cli, silent, tmp_path, monkeypatch
):
    silent("OPP-2Q8XA", "OPP-2Q8XB", "OPP-2Q8XC", "OPP-2Q8XD", "OPP-2Q8XE", "OPP-2Q8XF")
    on = ("--today", "2026-11-20")
    cli(*on, "opp", "advance", "OPP-2Q8XA")
    cli(*on, "opp", "set", "OPP-2Q8XB", "expected_close=2026-11-25")
    cli(*on, "opp", "item", "add", "OPP-2Q8XC", "--description", "Machine", "--price", "2500")
    cli(*on, "opp", "set", "OPP-2Q8XD", "tags=vip")
    cli(*on, "settings", "rename", "stage", "qualify", "first")  # it moves nothing
    rows = tmp_path / "deals.csv"
    rows.write_text("ref,amount\nE1,100\n")
    mapping = tmp_path / "map.yaml"
    mapping.write_text("external_id: ref\ncolumns:\n  amount: amount\n")
    cli(*on, "opp", "set", "OPP-2Q8XE", "external_id=E1")
    cli(*on, "import", "opportunities", str(rows), "--map", str(mapping))
    assert json.loads(cli("opp", "show", "OPP-2Q8XE", "--format", "json").out)["amount"] == 100
    with monkeypatch.context() as cron:
        cron.setenv("GIT_AUTHOR_EMAIL", "crm@contoso.example")  # of no user
        cli(*on, "opp", "set", "OPP-2Q8XF", "amount=100")
    said = cli("--today", "2026-12-19", "auto-close", "--dry-run", "--format", "ids")
    assert said.out.split() == ["OPP-2Q8XD", "OPP-2Q8XE", "OPP-2Q8XF"]
    lines = cli("--today", "2026-12-20", "auto-close", "--dry-run").out.splitlines()
    assert lines[0] == (
        "OPP-2Q8XA: would close, no answer since 2026-11-20 (30 days; stage: qualify → demo): Deal A"
    )
    assert "(30 days; expected_close set to 2026-11-25)" in lines[1]
    assert lines[3].startswith("OPP-2Q8XD: would close, no answer since 2026-11-01 (49 days; ")


def test_a_hold_begins_the_wait_anew_on_the_day_when_it_ends(cli, silent):
    silent("OPP-2Q8XA")
    cli("--today", "2026-11-20", "opp", "hold", "OPP-2Q8XA", "--until", "2027-01-10")
    for day in ("2027-01-09", "2027-01-11", "2027-02-08"):
        assert cli("--today", day, "auto-close", "--dry-run").out == ""
    assert cli("--today", "2027-02-09", "auto-close", "--dry-run").out == (
        "OPP-2Q8XA: would close, no answer since 2027-01-10 (30 days; it was on hold): Deal A\n"
    )
