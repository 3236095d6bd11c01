"""One story a rule about changes: a sound pipeline, one thing changed by hand, the finding at its line."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipecli.checks.check import check_changes
from pipecli.history.change_set import change_set, range_of
from pipecli.store.pipeline import Pipeline
from tests.conftest import Cli, copied
from tests.records_given import deal_text

OPEN = "opportunities/2026/OPP-AAAAA-open.yaml"
WON = "opportunities/2026/OPP-BBBBB-won.yaml"
LOST = "opportunities/2026/OPP-CCCCC-lost.yaml"
SENT = "quotations/2026/QTN-AAAAA-contoso.yaml"
DRAFT = "quotations/2026/QTN-DDDDD-contoso.yaml"
ACCEPTED = "quotations/2026/QTN-BBBBB-contoso.yaml"
ORDER = "orders/2026/ORD-BBBBB-contoso.yaml"
LEAD = "leads/2026/LEAD-AAAAA-acme.yaml"
SETTINGS = "pipecli.yaml"


def deal(key: str, status: str, more: str = "") -> str:
    fields = {"title": f"{key} machines", "customer": "contoso", "amount": "1000.00"}
    return deal_text(key, more, status=status, **fields)


ITEMS = """\
items:
- description: Machine
  quantity: 2
  unit_price: 500.00
"""
QUOTATION = """\
id: {id}
created: 2026-11-03T10:00:00+01:00
opportunity: {deal}
date: 2026-11-03
status: {status}
customer: contoso
currency: EUR
"""
SOUND = {
    OPEN: deal("OPP-AAAAA", "open"),
    WON: deal("OPP-BBBBB", "won", "closed:\n  date: 2026-11-10\n  amount: 1000.00\n  quotation: QTN-BBBBB\n"),
    LOST: deal("OPP-CCCCC", "lost", "closed:\n  date: 2026-11-10\n  reasons:\n  - price\n"),
    SENT: QUOTATION.format(id="QTN-AAAAA", deal="OPP-AAAAA", status="sent") + ITEMS,
    DRAFT: QUOTATION.format(id="QTN-DDDDD", deal="OPP-AAAAA", status="draft") + ITEMS,
    ACCEPTED: QUOTATION.format(id="QTN-BBBBB", deal="OPP-BBBBB", status="accepted") + ITEMS,
    ORDER: QUOTATION.format(id="ORD-BBBBB", deal="OPP-BBBBB", status="open") + ITEMS,
    LEAD: """\
id: LEAD-AAAAA
created: 2026-11-01T10:00:00+01:00
status: open
organization: Acme
qualification:
  need: yes
  budget: unknown
""".replace("yes", '"yes"'),
    "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
    "customers/acme.yaml": "id: acme\nname: Acme, S.A.\n",
}

STEPS = "      steps:\n      - Budget agreed\n"

Edit = Callable[..., None]
Told = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def sound(founded: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose stage qualify has a step, and whose stage demo requires a closing date."""
    root = tmp_path_factory.mktemp("sound") / "contoso"
    copied(founded, root)
    settings = root / SETTINGS
    settings.write_text(
        settings.read_text()
        .replace("      name: Qualify\n", f"      name: Qualify\n{STEPS}")
        .replace("teams: {}", "  luis:\n    name: Luis\nteams: {}")
        .replace("      name: Demo\n", "      name: Demo\n      requires: [expected_close]\n")
    )
    for name, text in SOUND.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for arguments in (["add", "."], ["commit", "-qm", "Sound"]):
        subprocess.run(["git", *arguments], cwd=root, check=True, env={**os.environ, "HOME": str(home)})
    return root


@pytest.fixture
def root(sound: Path, tmp_path: Path) -> Path:
    return copied(sound, tmp_path / "contoso")


@pytest.fixture
def edit(root: Path) -> Edit:
    """Replace texts in a file by hand: `edit(FILE, old, new, old, new, …)`."""

    def replace(file: str, *changes: str) -> None:
        path = root / file
        text = path.read_text()
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert text.count(old) == 1, (old, text)
            text = text.replace(old, new)
        path.write_text(text)

    return replace


@pytest.fixture
def told(root: Path) -> Told:
    """The findings about the changes since a revision."""

    def ask(text: str = "HEAD") -> list[dict[str, Any]]:
        pipeline = Pipeline.find(root, date(2026, 11, 21))
        asked = range_of(pipeline.location, text)
        found = check_changes(pipeline, asked, change_set(pipeline.location, asked))
        pipeline.close()
        return [each._asdict() for each in found]

    return ask


def places(findings: list[dict[str, Any]]) -> list[tuple[str, str, str, int]]:
    return [(each["rule"], each["severity"], each["file"], each["line"]) for each in findings]


def test_a_sound_change_has_no_finding(told: Told, edit: Edit) -> None:
    edit(OPEN, "amount: 1000.00", "amount: 1200.00\nprobability: 30\nexpected_close: 2026-12-15")
    edit(DRAFT, "unit_price: 500.00", "unit_price: 500.00\n  discount: 20")
    edit(WON, "currency: EUR", "currency: EUR\ntags:\n- vip\nnotes: Paid late")
    edit(SENT, "status: sent", "status: rejected\nreason: price")
    edit(LEAD, "budget: unknown", "budget: no")
    assert told() == []


@pytest.mark.parametrize(
    ("file", "changes", "finding", "words"),
    [
        (
            OPEN,
            ("stage: qualify", "stage: propose"),
            ("stage-skipped", "error", OPEN, 6),
            "stage: qualify → propose, although steps not done: Budget agreed; fields missing",
        ),
        (
            OPEN,
            ("stage: qualify", "stage: commit", "EUR\n", "EUR\nexpected_close: 2027-01-01\n", "0.00\n",
             "0.00\nsteps_done:\n- Budget agreed\n"),
            ("stage-jumped", "warning", OPEN, 6),
            "stage: qualify → commit, past demo, propose, negotiate",
        ),
        (
            SENT,
            ("unit_price: 500.00", "unit_price: 400.00"),
            ("sent-quotation", "error", SENT, 8),
            "item Machine: unit_price: 500.00 → 400.00; QTN-AAAAA was sent",
        ),
        (
            SENT,
            ("status: sent", "status: draft"),
            ("sent-quotation", "error", SENT, 5),
            "status: QTN-AAAAA was sent, and is a draft again",
        ),
        (
            SENT,
            ("opportunity: OPP-AAAAA", "opportunity: OPP-CCCCC"),
            ("sent-quotation", "error", SENT, 3),
            "opportunity: OPP-AAAAA → OPP-CCCCC; QTN-AAAAA was sent",
        ),
        (
            DRAFT,
            ("unit_price: 500.00", "unit_price: 500.00\n  discount: 25"),
            ("discount-limit", "error", DRAFT, 12),
            "a discount of 25 % on Machine is above the 20 % of the settings",
        ),
        (
            WON,
            ("date: 2026-11-10", "date: 2026-10-31"),
            ("closed-deal", "error", WON, 12),
            "closed.date: 2026-11-10 → 2026-10-31; OPP-BBBBB is won, and what is closed stays as it closed",
        ),
        (
            LOST,
            ("- price", "- timing"),
            ("closed-deal", "error", LOST, 13),
            "closed.reasons: added timing; removed price; OPP-CCCCC is lost",
        ),
        (
            WON,
            ("status: won", "status: open", "closed:\n  date: 2026-11-10\n  amount: 1000.00\n"
             "  quotation: QTN-BBBBB\n", ""),
            ("reopened-deal", "warning", WON, 7),
            "status: OPP-BBBBB was won for 1,000.00 EUR on 2026-11-10, and is open again",
        ),
        (
            WON,
            ("owner: ana-ruiz", "owner: luis"),
            ("won-owner", "warning", WON, 8),
            "owner: ana-ruiz → luis of a deal that is won",
        ),
        (
            LOST,
            ("currency: EUR", "type: support\nsource: fair\ncurrency: EUR"),
            ("closed-deal-facts", "warning", LOST, 9),
            "type set to support; source set to fair of a deal that is lost",
        ),
        (
            OPEN,
            ("amount: 1000.00", "amount: 1000.00\nprobability: 90"),
            ("probability-by-hand", "warning", OPEN, 11),
            "probability: 90 % by hand, where the stage qualify has 10 %",
        ),
        (
            LEAD,
            ("status: open", "status: converted", "organization: Acme\n",
             "organization: Acme\nconverted: {date: 2026-11-20, customer: contoso, forced: true}\n"),
            ("unqualified-conversion", "warning", LEAD, 3),
            "status: converted although budget is unknown, timeframe is unknown (forced)",
        ),
        (
            OPEN,
            ("created: 2026-11-02", "created: 2026-11-20"),
            ("created-changed", "warning", OPEN, 2),
            "created: 2026-11-02T10:00:00+01:00 → 2026-11-20T10:00:00+01:00",
        ),
        (
            ORDER,
            ("quantity: 2", "quantity: 3"),
            ("order-altered", "warning", ORDER, 8),
            "item Machine: quantity: 2 → 3; ORD-BBBBB is what the customer ordered",
        ),
    ],
)  # fmt: skip
def test_a_change_by_hand_is_found_at_its_line(
    told: Told,
    edit: Edit,
    root: Path,
    file: str,
    changes: tuple[str, ...],
    finding: tuple[str, str, str, int],
    words: str,
) -> None:
    edit(file, *changes)
    (found,) = told()
    assert places([found]) == [finding]
    assert words in found["message"]


def test_limits_that_are_loosened_are_seen(told: Told, edit: Edit, root: Path) -> None:
    edit(SETTINGS, "max_discount: 20 ", "max_discount: 40 ", STEPS, "")
    stage, discount = told()
    lines = (root / SETTINGS).read_text().splitlines()
    assert (stage["rule"], lines[stage["line"] - 1]) == ("loosened-limit", "    - id: qualify")
    assert stage["message"] == "stage qualify no longer asks for: Budget agreed"
    assert lines[discount["line"] - 1].startswith("  max_discount: 40")
    assert discount["message"].startswith("quotations.max_discount: 20 % → 40 %")


def test_a_change_set_does_not_loosen_the_rules_it_is_held_to(told: Told, edit: Edit) -> None:
    edit(SETTINGS, "max_discount: 20 ", "max_discount: 40 ", STEPS, "")
    edit(DRAFT, "unit_price: 500.00", "unit_price: 500.00\n  discount: 30")
    edit(OPEN, "stage: qualify", "stage: demo", "EUR\n", "EUR\nexpected_close: 2027-01-01\n")
    rules = [each["rule"] for each in told()]
    assert sorted(rules) == ["discount-limit", "loosened-limit", "loosened-limit", "stage-skipped"]


def test_a_stage_that_the_change_set_brings_counts_as_it_is_there(told: Told, edit: Edit) -> None:
    edit(SETTINGS, "    - id: demo\n", "    - id: pilot\n      probability: 20\n    - id: demo\n")
    edit(OPEN, "stage: qualify", "stage: pilot")
    (found,) = told()
    assert found["message"] == "stage: qualify → pilot, although steps not done: Budget agreed"


def test_what_is_deleted_stands_at_line_1_of_its_file(told: Told, root: Path) -> None:
    (root / OPEN).unlink()
    (root / LOST).unlink()
    (root / "customers/acme.yaml").unlink()
    gone, deal, lost = told()
    assert places([gone, deal, lost]) == [
        ("deleted-record", "warning", "customers/acme.yaml", 1),
        ("deleted-document", "error", OPEN, 1),
        ("deleted-document", "error", LOST, 1),
    ]
    assert gone["message"] == 'customer acme "Acme, S.A." is deleted'
    assert deal["message"] == (
        'opportunity OPP-AAAAA "OPP-AAAAA machines" is deleted; '
        "bring it back, and close it as lost: pipecli opp lost OPP-AAAAA"
    )
    assert lost["message"] == (
        'opportunity OPP-CCCCC "OPP-CCCCC machines" is deleted; bring it back, reports count what is lost'
    )


@pytest.mark.parametrize("file", [SENT, "quotations/2026/QTN-ZZZZZ-contoso.yaml"])
def test_another_id_is_no_deletion_and_hides_nothing(told: Told, edit: Edit, root: Path, file: str) -> None:
    edit(SENT, "id: QTN-AAAAA", "id: QTN-ZZZZZ", "unit_price: 500.00", "unit_price: 1.00")
    (root / SENT).rename(root / file)
    by_id, by_offer = told()
    assert places([by_id, by_offer]) == [
        ("id-changed", "error", file, 1),
        ("sent-quotation", "error", file, 8),
    ]
    assert by_id["message"] == "id: QTN-AAAAA → QTN-ZZZZZ; an id never changes, what names it would be lost"


def test_two_new_records_are_not_taken_for_one_that_is_gone(told: Told, root: Path) -> None:
    text = (root / OPEN).read_text()
    (root / OPEN).unlink()
    other = text.replace("OPP-AAAAA machines", "Something else").replace("OPP-AAAAA", "OPP-ZZZZZ")
    (root / "opportunities/2026/OPP-ZZZZZ-else.yaml").write_text(other)
    assert [each["rule"] for each in told()] == ["deleted-document"]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("900.00", None),
        ("899.99", "closed.amount: 899.99 EUR is 10.1 % below QTN-AAAAA, which comes to 1,000.00; "),
        ("1100.00", None),
        ("1250.00", "closed.amount: 1,250.00 EUR is 25 % above QTN-AAAAA"),
    ],
)
def test_a_final_value_is_held_against_its_quotation(
    told: Told, cli: Cli, amount: str, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    cli("opp", "won", "OPP-AAAAA", "--amount", amount)
    found = told("HEAD~1")
    assert [each["rule"] for each in found] == (["final-value"] if words else [])
    assert not words or words in found[0]["message"]


def test_a_quotation_that_a_hand_left_out_counts_all_the_same_and_once(
    told: Told, edit: Edit, git: Callable[..., str]
) -> None:
    edit(OPEN, "amount: 1000.00", "amount: 1000.00\nprobability: 90")
    git("commit", "-qam", "Sure")
    edit(OPEN, "status: open", "status: open\nnotes: Soon.")
    assert told() == []  # of what was so before
    edit(OPEN, "status: open", "status: won\nclosed:\n  date: 2026-11-20\n  amount: 10.00")
    assert [each["rule"] for each in told()] == ["final-value"]
    git("commit", "-qam", "Won")
    edit(OPEN, "notes: Soon.", "notes: It was a present.")
    assert told() == []


def test_a_quotation_in_another_currency_is_converted(
    told: Told, edit: Edit, git: Callable[..., str]
) -> None:
    edit(SENT, "currency: EUR", "currency: USD")
    edit(SETTINGS, "teams: {}", "teams: {}\nexchange_rates:\n  USD:\n    2026-01-01: 0.5")
    git("commit", "-qam", "Dollars")
    edit(OPEN, "status: open", "status: won\nclosed:\n  date: 2026-11-20\n  amount: 1000.00")
    (found,) = told()
    assert "is 100 % above QTN-AAAAA, which comes to 500.00" in found["message"]


def test_a_step_by_step_advance_jumps_over_nothing(
    told: Told, cli: Cli, edit: Edit, git: Callable[..., str]
) -> None:
    edit(OPEN, "EUR\n", "EUR\nexpected_close: 2027-01-01\n", "0.00\n", "0.00\nsteps_done:\n- Budget agreed\n")
    for _ in ("demo", "propose", "negotiate"):
        cli("opp", "advance", "OPP-AAAAA")
    assert told("HEAD~3") == []
    git("reset", "-q", "--soft", "HEAD~3")
    assert [each["rule"] for each in told()] == ["stage-jumped"]


def test_who_forced_a_stage_is_named_and_still_found(told: Told, cli: Cli) -> None:
    cli("opp", "advance", "OPP-AAAAA", "--force", "-m", "The customer insists.")
    cli("opp", "set", "OPP-AAAAA", "notes=More")
    (found,) = told("HEAD~2")
    assert (found["rule"], found["severity"]) == ("stage-skipped", "error")
    assert re.search(r' \(forced in [0-9a-f]{7} by Ana Ruiz: "The customer insists\."\)$', found["message"])


def test_a_deal_that_was_reopened_on_the_way_is_closed_again(told: Told, cli: Cli) -> None:
    cli("opp", "reopen", "OPP-CCCCC")
    assert told("HEAD~1") == []
    cli("opp", "lost", "OPP-CCCCC", "--reason", "timing", "--date", "2026-11-10")
    (found,) = told("HEAD~2")
    assert (found["rule"], found["severity"]) == ("reopened-deal", "warning")
    assert found["message"] == (
        "closed.reasons: added timing; removed price; OPP-CCCCC was lost, reopened, and closed again"
    )


def test_a_new_deal_is_asked_for_what_its_stage_requires(told: Told, edit: Edit, root: Path) -> None:
    text = (root / OPEN).read_text().replace("AAAAA", "NNNNN").replace("stage: qualify", "stage: demo")
    (root / "opportunities/2026/OPP-NNNNN-new.yaml").write_text(text)
    (found,) = told()
    assert found["message"] == "stage: it begins at demo, although fields missing: expected_close"


def test_a_discount_that_stood_before_is_no_news(told: Told, edit: Edit, git: Callable[..., str]) -> None:
    edit(DRAFT, "unit_price: 500.00", "unit_price: 500.00\n  discount: 30")
    git("commit", "-qam", "A discount")
    edit(DRAFT, "quantity: 2", "quantity: 3")
    assert told() == []
    edit(DRAFT, "discount: 30", "discount: 31")
    (found,) = told()
    assert found["message"].endswith("above the 20 % of the settings, and was 30 %")


def test_a_version_before_that_was_not_valid_is_said(told: Told, edit: Edit, git: Callable[..., str]) -> None:
    edit(SENT, "status: sent", "status: sent\nnonsense: 1")
    git("commit", "-qam", "Broken")
    edit(SENT, "nonsense: 1\n", "", "unit_price: 500.00", "unit_price: 1.00")
    (found,) = told()
    assert (found["rule"], found["severity"]) == ("not-compared", "warning")
    assert 'the version before was not valid (line 6: unknown key "nonsense"' in found["message"]


def test_limits_of_a_change_that_mends_the_settings_are_told_as_its_own(
    told: Told, edit: Edit, git: Callable[..., str]
) -> None:
    edit(SETTINGS, "max_discount: 20 ", "max_discount: twenty ")
    git("commit", "-qam", "Broken")
    edit(SETTINGS, "max_discount: twenty ", "max_discount: 90 ")
    edit(DRAFT, "unit_price: 500.00", "unit_price: 500.00\n  discount: 80")
    (found,) = told()
    assert (found["file"], found["rule"]) == ("pipecli.yaml", "not-compared")
    assert found["message"].endswith("what changed, and the limits are those of this change")


def test_the_same_is_found_in_a_commit_as_in_the_working_tree(
    told: Told, cli: Cli, edit: Edit, git: Callable[..., str]
) -> None:
    edit(SENT, "unit_price: 500.00", "unit_price: 400.00")
    edit(OPEN, "status: open", "status: won\nclosed:\n  date: 2026-11-20\n  amount: 10.00")
    by_hand = told()
    git("commit", "-qam", "By hand")
    assert told("HEAD~1") == by_hand
    checked = json.loads(cli("check", "--base", "HEAD~1", "--format", "json", code=1).out)
    git("checkout", "-q", "HEAD~1")
    assert told("HEAD..main") == by_hand
    assert json.loads(cli("diff", "HEAD..main", "--format", "json").out)["findings"] == checked


def test_a_diff_shows_what_is_wrong_with_the_records_as_they_are(
    cli: Cli, edit: Edit, git: Callable[..., str]
) -> None:
    edit(OPEN, "owner: ana-ruiz", "owner: nobody")
    git("commit", "-qam", "Typed by hand")
    git("checkout", "-q", "HEAD~1")
    (found,) = json.loads(cli("diff", "HEAD..main", "--format", "json").out)["findings"]
    assert (found["rule"], found["file"]) == ("reference", OPEN)


def test_a_rename_in_the_settings_changes_no_deal(
    cli: Cli, told: Told, edit: Edit, git: Callable[..., str]
) -> None:
    cli("settings", "rename", "stage", "standard/qualify", "first-talk")
    cli("settings", "rename", "user", "ana-ruiz", "ana")
    cli("settings", "rename", "lost-reason", "price", "too-dear")
    cli("settings", "rename", "type", "sales", "machines")
    assert told("HEAD~4") == []
    assert git("diff", "--name-only", "HEAD~4").splitlines() == [OPEN, WON, LOST, SETTINGS]
    edit(SETTINGS, "name: Ana Ruiz", "name: Eva Sol")  # another person, who came as Ana left
    assert [each["rule"] for each in told("HEAD~4")] == ["won-owner"]


def test_who_renames_a_stage_does_not_rid_it_of_its_steps(cli: Cli, edit: Edit, told: Told) -> None:
    cli("settings", "rename", "stage", "standard/qualify", "first-talk")
    edit(SETTINGS, STEPS, "")
    edit(OPEN, "stage: first-talk", "stage: demo", "EUR\n", "EUR\nexpected_close: 2027-01-01\n")
    skipped, loosened = told("HEAD~1")
    assert skipped["message"] == "stage: first-talk → demo, although steps not done: Budget agreed"
    assert loosened["message"] == "stage first-talk no longer asks for: Budget agreed"
