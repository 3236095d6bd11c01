"""What is wrong in a record's file, in a person's words and with the way out."""

from __future__ import annotations

import pytest

from pipecli.errors import FaultyFile
from pipecli.records.kinds import OPPORTUNITY, SETTINGS, Kind
from pipecli.store.validate_record import parse_record

DEAL = "opportunities/2026/OPP-2Q8XA-machines.yaml"
KEPT = "id: OPP-2Q8XA\ncreated: 2026-11-02T10:00:00+01:00\nprocess: a\nstage: b\ncurrency: EUR\n"


def faults_of(kind: Kind, file: str, text: str) -> list[tuple[int, str]]:
    with pytest.raises(FaultyFile) as refusal:
        parse_record(kind, file, text)
    return [(fault.line, fault.message) for fault in refusal.value.faults]


def test_every_wrong_value_is_told_at_its_line() -> None:
    text = "items: x\ncustom: y\nprobability: 101\namount: 1.5\ntitle: [a]\nowner: A B\ntags: [1]\n"
    text += "contacts: [{contact: a, primary: maybe}]\n"
    assert faults_of(OPPORTUNITY, DEAL, KEPT + text) == [
        (6, "items: must be a list"),
        (7, "custom: must be a map of keys"),
        (8, "probability: must be at most 100 (it is 101)"),
        (10, "title: must be text, not a list or a map"),
        (11, 'owner: "A B" isn\'t a slug: lowercase letters, digits and hyphens, such as contoso-coffee'),
        (12, "tags.1: must be text; put quotes around 1"),
        (13, "contacts.1.primary: must be a valid boolean (it is 'maybe')"),
    ]
    settings = "company: {name: x}\ncurrency: EUR\nprocesses: {a: {stages: []}}\nusers: {a: x}\n"
    assert faults_of(SETTINGS, "pipecli.yaml", settings) == [
        (3, "processes.a.stages: must have at least 1"),
        (4, "users.a: must be a map of keys"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("status: open\namount: 1.005\n", 8, "1.005 EUR can't be paid: EUR has 2 decimals"),
        ("status: won\nclosed:\n  date: 2026-11-02\n  amount: 1.005\n", 10, "1.005 EUR can't be paid"),
        ("status: lost\n", 7, "a lost opportunity needs a `closed` section with its date"),
        ("amount: 1\nsellers: [{user: a, percent: 50}]\n", 8, "the sellers' percents must add up to 100"),
        (
            "items:\n- {description: Mill, unit_price: 1}\n- description: Oven\n  unit_price: 9\n"
            "  discount_amount: 1.005\n",
            11,
            "1.005 EUR can't be paid",
        ),
    ],
)
def test_what_a_rule_of_the_whole_refuses_is_told_at_its_line(text: str, line: int, message: str) -> None:
    ((found, said),) = faults_of(OPPORTUNITY, DEAL, f"{KEPT}title: x\n{text}")
    assert (found, said[: len(message)]) == (line, message)


def test_what_a_missing_value_is_to_be_is_told_unless_it_is_a_word() -> None:
    assert faults_of(OPPORTUNITY, DEAL, f"{KEPT}items: [{{description: Mill}}]\n") == [
        (6, '"items.1.unit_price" is missing: must be a number, without quotes, currency sign or separators'),
        (0, '"title" is missing'),
    ]


def test_where_keys_of_ones_own_may_be_is_told_where_they_may() -> None:
    text = f"{KEPT}title: x\nsize: 1\nitems: [{{description: Mill, unit_price: 1, size: 1}}]\n"
    assert faults_of(OPPORTUNITY, DEAL, text) == [
        (7, 'unknown key "size"; keys of your own go under `custom:`'),
        (8, 'unknown key "items.1.size"'),
    ]


def test_a_text_of_another_form_is_told_the_form() -> None:
    attached = "attachments: [{file: attachments/OPP-2Q8XA/plan.pdf, name: plan, size: 1, sha256: abc}]\n"
    found = faults_of(OPPORTUNITY, DEAL, f"{KEPT}title: x\n{attached}")
    assert [message for _, message in found if "sha256" in message] == [
        'attachments.1.sha256: "abc" isn\'t a text of this form: ^[0-9a-f]{64}$'
    ]


def test_a_missing_id_is_that_of_the_files_name_where_it_has_one() -> None:
    text = KEPT.replace("id: OPP-2Q8XA\n", "title: x\n")
    (fault,) = faults_of(OPPORTUNITY, DEAL, text)
    assert fault == (0, '"id" is missing: its file is named after it, so write id: OPP-2Q8XA')
    (fault,) = faults_of(OPPORTUNITY, "opportunities/2026/machines.yaml", text)
    assert fault[1].startswith('"id" is missing: OPP- and five digits or capital letters')
