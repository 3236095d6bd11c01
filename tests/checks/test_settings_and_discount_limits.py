"""Settings that contradict themselves, and records in other words: one thing made wrong, one finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking import BROCHURE, DEAL, LEAD, LOST, SETTINGS, SOUND, assert_one_finding, found, write

DISQUALIFIED = (
    SOUND[LEAD].partition("converted:\n")[0].replace("converted", "disqualified")
    + "disqualified:\n  date: 2026-09-09\n  reason: bored\n"
)

WON = SOUND[LOST].replace("lost", "won").replace("EUR", "USD").replace("reasons:\n  - price", "amount: 5")


ONE_CHANGE = [
    ("literature-stage", BROCHURE, "- demo", "- dmeo", 5, "no process has a stage dmeo"),
    ("condition", SETTINGS, "amount < 50000", "amonut < 50000", 18, "no such column: amonut"),
    ("condition", SETTINGS, "score > 50", "1; DROP TABLE leads", 42, "assignment_rules.1.when: "),
    ("requires", SETTINGS, "- expected_close", "- expected_clsoe", 25, 'propose requires "expected_clsoe"'),
    ("requires", SETTINGS, "key_info >= 4", "key_info >= 9", 26, "which no opportunity has"),
    (
        "auto-close-reason",
        SETTINGS,
        "  reason: no-response",
        "  reason: silence",
        38,
        "silence isn't one of lost_reasons",
    ),
    (
        "user-or-team",
        SETTINGS,
        "  iberia:\n    manager",
        "  luis: {}\n  iberia:\n    manager",
        14,
        "luis is a user and a team",
    ),
    (
        "team-loop",
        SETTINGS,
        "  iberia:\n    manager",
        "  iberia:\n    parent: iberia\n    manager",
        15,
        "the team iberia belongs to itself, through iberia",
    ),
    ("user-email", SETTINGS, "luis@contoso", "ANA@contoso", 12, "is also the address of ana-ruiz"),
    (
        "inactive-user",
        SETTINGS,
        "name: Luis Gil",
        "name: Luis Gil\n    active: false",
        45,
        "luis, who is not active",
    ),
    ("target-period", SETTINGS, "2026-Q4", "2026-Q5", 46, "2026-Q5 isn't a period"),
    (
        "notified-event",
        SETTINGS,
        "sources:",
        "notifications: {wonn: [sales]}\nsources:",
        29,
        "wonn isn't an event of notifications: stage-changed, won, lost, assigned, closed, reopened",
    ),
    (
        "base-rate",
        SETTINGS,
        "sources:",
        "exchange_rates:\n  EUR:\n    2026-01-01: 2\nsources:",
        30,
        "its rate is always 1",
    ),
    ("type", DEAL, "type: sales", "type: salez", 5, '"salez" must be one of opportunity_types: sales'),
    ("source", DEAL, "source: referral", "source: reference", 13, '"reference" must be one of sources'),
    ("source", LEAD, "source: referral", "source: reference", 5, '"reference" must be one of sources'),
    (
        "lost-reason",
        LOST,
        "  reasons:\n  - price",
        "  reason: prize",
        10,
        '"prize" must be one of lost_reasons: price',
    ),
    ("lost-reason", LOST, "- price", "- prize", 11, '"prize" must be one of lost_reasons: price'),
    (
        "disqualify-reason",
        LEAD,
        SOUND[LEAD],
        DISQUALIFIED,
        9,
        '"bored" must be one of disqualify_reasons: no-need',
    ),
    ("exchange-rate", LOST, SOUND[LOST], WON, 7, "no exchange rate from USD to EUR on or before 2026-10-01"),
]


@pytest.mark.parametrize("change", ONE_CHANGE)
def test_one_thing_wrong_is_found_at_its_line(
    pipeline: Path, change: tuple[str, str, str, str, int, str]
) -> None:
    assert_one_finding(pipeline, *change)


def test_the_reason_of_auto_close_is_named_once(pipeline: Path) -> None:
    write(pipeline, LOST, SOUND[LOST].replace("- price", "- prize"))

    assert [each.message for each in found(pipeline)] == [
        'closed.reasons: "prize" must be one of lost_reasons: price, no-response'
    ]
