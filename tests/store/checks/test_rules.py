"""One story a rule of `check`: a sound pipeline, one thing made wrong, one finding at its line."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from pipecli.checks.check import STRUCTURE, WITH_SETTINGS, check
from pipecli.checks.rule import Finding, Severity
from pipecli.store.pipeline import Pipeline

LEAD = "leads/2026/LEAD-7K3M9-contoso-coffee.yaml"
DEAL = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
LOST = "opportunities/2026/OPP-AAAAA-lost.yaml"
QUOTATION = "quotations/2026/QTN-AAAAA-contoso-coffee.yaml"
CUSTOMER = "customers/contoso-coffee.yaml"
PRICES = "price-lists/retail.yaml"
PRODUCT = "products/cafe.yaml"
BROCHURE = "literature/brochure.yaml"
SETTINGS = "pipecli.yaml"

SOUND = {
    LEAD: """\
id: LEAD-7K3M9
created: 2026-09-01T10:00:00+02:00
status: converted
organization: Contoso Coffee
source: referral
owner: ana-ruiz
converted:
  date: 2026-09-09
  customer: contoso-coffee
  opportunities:
  - OPP-2Q8XA
""",
    DEAL: """\
id: OPP-2Q8XA
external_id: deal-1
created: 2026-09-09T10:00:00+02:00
title: Espresso machines
type: sales
lead: LEAD-7K3M9
customer: contoso-coffee
process: standard
stage: demo
owner: ana-ruiz
shared_with:
- iberia
source: referral
currency: EUR
price_list: retail
items:
- product: cafe
  description: Café S-100
  unit_price: 100
- description: Delivery
  unit_price: 10
  discount: 5
contacts:
- contact: maria-lopez
  primary: true
activities:
- id: 4F2QX
  type: call
  at: 2026-09-10
  subject: Intro
  by: ana-ruiz
""",
    LOST: """\
id: OPP-AAAAA
created: 2026-09-09T10:00:00+02:00
title: Lost
process: standard
stage: demo
status: lost
currency: EUR
closed:
  date: 2026-10-01
  reason: price
""",
    QUOTATION: """\
id: QTN-AAAAA
created: 2026-09-11T10:00:00+02:00
opportunity: OPP-2Q8XA
date: 2026-09-11
valid_until: 2027-09-11
status: sent
customer: contoso-coffee
currency: EUR
items:
- description: Delivery
  unit_price: 10
""",
    CUSTOMER: "id: contoso-coffee\nname: Contoso Coffee\n",
    "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
    "contacts/maria-lopez.yaml": "id: maria-lopez\nname: María López\ncustomer: contoso-coffee\n",
    PRODUCT: "sku: cafe\nname: Café S-100\n",
    PRICES: "id: retail\ncurrency: EUR\nvalid_until: 2030-01-01\nprices:\n  cafe: 100\n",
    BROCHURE: "id: brochure\ntitle: Brochure\nfile: brochure.pdf\nstages:\n- demo\n",
    SETTINGS: """\
company:
  name: Contoso
currency: EUR
timezone: Europe/Madrid
users:
  ana-ruiz:
    name: Ana Ruiz
    email: ana@contoso.example
    team: iberia
  luis:
    name: Luis Gil
    email: luis@contoso.example
teams:
  iberia:
    manager: ana-ruiz
processes:
  standard:
    when: amount < 50000
    stages:
    - id: demo
      probability: 25
    - id: propose
      probability: 50
      requires:
      - expected_close
      - key_info >= 4
      - key_info.budget
      - items
sources:
- referral
lost_reasons:
- price
- no-response
disqualify_reasons:
- no-need
auto_close:
  after_days: 30
  reason: no-response
assignment_rules:
- name: all
  for: lead
  when: score > 50
  users:
  - luis
targets:
  2026-Q4:
    ana-ruiz: 1000
quotations:
  max_discount: 20
""",
}


@pytest.fixture
def pipeline(root: Path) -> Path:
    """A pipeline with a record of nearly every kind, and nothing wrong with it."""
    for file, text in SOUND.items():
        write(root, file, text)
    (root / "brochure.pdf").write_text("%PDF")
    return root


def write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)


def found(root: Path) -> list[Finding]:
    return check(Pipeline.find(root, date(2026, 11, 21)))


def brief(root: Path) -> list[tuple[str, int, str]]:
    return [(each.file, each.line, each.rule) for each in found(root)]


def test_a_sound_pipeline_has_no_findings(pipeline: Path) -> None:
    assert found(pipeline) == []


DISQUALIFIED = (
    SOUND[LEAD].partition("converted:\n")[0].replace("converted", "disqualified")
    + "disqualified:\n  date: 2026-09-09\n  reason: bored\n"
)
WON = SOUND[LOST].replace("lost", "won").replace("EUR", "USD").replace("reason: price", "amount: 5")
# The rule, the file, what is changed in it and to what, the line of the finding, words of its message.
ONE_CHANGE = [
    ("yaml", CUSTOMER, "name: C", "name: [C", 2, "opens a [ that is never closed"),
    ("schema", DEAL, "source: ref", "sorce: ref", 13, 'unknown key "sorce", did you mean "source"?'),
    ("schema", DEAL, "currency: EUR\n", "", 1, '"currency" is missing: three capital letters, as EUR'),
    (
        "schema",
        DEAL,
        "currency: EUR",
        "currency: eur",
        14,
        '"eur" is no currency code: three capital letters',
    ),
    ("schema", DEAL, "currency: EUR", "currency: XQZ", 14, "XQZ is no currency of ISO 4217"),
    ("schema", DEAL, "id: OPP-2Q8XA\n", "", 1, "so write id: OPP-2Q8XA"),
    (
        "schema",
        DEAL,
        "id: OPP-2Q8XA\n",
        "id: OPP-1\n",
        1,
        '"OPP-1" is no id: OPP- and five digits or capital',
    ),
    ("schema", DEAL, "  unit_price: 100\n", "", 17, '"items.0.unit_price" is missing: a number is wanted'),
    ("schema", DEAL, "title: Espresso machines\n", "", 1, '"title" is missing'),
    ("schema", CUSTOMER, "id: contoso-coffee\n", "", 1, "so write id: contoso-coffee"),
    ("schema", PRODUCT, "sku: cafe", "sku: cafe\nid: cafe", 2, "a product is named by its sku"),
    (
        "schema",
        SETTINGS,
        "probability: 25",
        "probability: 25\n      probabilty: 25",
        22,
        'did you mean "probability"?',
    ),
    (
        "reference",
        DEAL,
        "customer: contoso-coffee",
        "customer: contoso-cofee",
        7,
        "did you mean contoso-coffee?",
    ),
    ("reference", DEAL, "stage: demo", "stage: dmeo", 9, "no stage dmeo; its stages: demo, propose"),
    (
        "reference",
        DEAL,
        "process: standard",
        "process: gone",
        8,
        "there is no process gone; the settings have standard",
    ),
    (
        "reference",
        DEAL,
        "- iberia",
        "- atlantis",
        12,
        "no user or team atlantis; see `pipecli user list` and `pipecli team list`",
    ),
    ("reference", DEAL, "contact: maria-lopez", "contact: nobody", 24, "there is no contact nobody"),
    ("reference", DEAL, "  by: ana-ruiz", "  by: ana", 31, "there is no user ana"),
    (
        "reference",
        LEAD,
        "- OPP-2Q8XA",
        "- OPP-ZZZZZ",
        11,
        "there is no opportunity OPP-ZZZZZ; see `pipecli opportunity list`",
    ),
    ("reference", SETTINGS, "team: iberia", "team: atlantis", 9, "there is no team atlantis"),
    ("reference", SETTINGS, "manager: ana-ruiz", "manager: ana", 15, "there is no user ana"),
    ("reference", SETTINGS, "  - luis", "  - lusi", 44, "did you mean luis?"),
    ("reference", PRICES, "cafe: 100", "coffee: 100", 5, "there is no product coffee"),
    (
        "duplicate-activity",
        DEAL,
        "- id: 4F2QX",
        "- {id: 4F2QX, type: note, at: 2026-09-09, subject: A}\n- id: 4F2QX",
        26,
        "2 activities have the id 4F2QX",
    ),
    ("missing-file", BROCHURE, "brochure.pdf", "prospectus.pdf", 3, "there is no file prospectus.pdf"),
    (
        "missing-file",
        SETTINGS,
        "name: Contoso",
        "name: Contoso\n  logo: logo.png",
        3,
        "there is no file logo.png",
    ),
    ("literature-stage", BROCHURE, "- demo", "- dmeo", 5, "no process has a stage dmeo"),
    ("condition", SETTINGS, "amount < 50000", "amonut < 50000", 18, "no such column: amonut"),
    ("condition", SETTINGS, "score > 50", "1; DROP TABLE leads", 42, "assignment_rules.0.when: "),
    ("requires", SETTINGS, "- expected_close", "- expected_clsoe", 25, 'propose requires "expected_clsoe"'),
    ("requires", SETTINGS, "key_info >= 4", "key_info >= 9", 26, "which no opportunity has"),
    (
        "auto-close-reason",
        SETTINGS,
        "  reason: no-response",
        "  reason: silence",
        38,
        "silence is none of lost_reasons",
    ),
    (
        "user-or-team",
        SETTINGS,
        "  iberia:\n    manager",
        "  luis: {}\n  iberia:\n    manager",
        14,
        "luis is a user and a team",
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
    ("target-period", SETTINGS, "2026-Q4", "2026-Q5", 46, "2026-Q5 is no period"),
    (
        "notified-event",
        SETTINGS,
        "sources:",
        "notifications: {wonn: [sales]}\nsources:",
        29,
        "wonn is no event that is told of: stage-changed, won, lost, assigned, closed",
    ),
    (
        "base-rate",
        SETTINGS,
        "sources:",
        "exchange_rates:\n  EUR:\n    2026-01-01: 2\nsources:",
        30,
        "its rate is always 1",
    ),
    ("type", DEAL, "type: sales", "type: salez", 5, '"salez" is none of opportunity_types: sales'),
    ("source", DEAL, "source: referral", "source: reference", 13, '"reference" is none of sources: referral'),
    ("source", LEAD, "source: referral", "source: reference", 5, '"reference" is none of sources: referral'),
    ("lost-reason", LOST, "reason: price", "reason: prize", 10, '"prize" is none of lost_reasons: price'),
    (
        "disqualify-reason",
        LEAD,
        SOUND[LEAD],
        DISQUALIFIED,
        9,
        '"bored" is none of disqualify_reasons: no-need',
    ),
    ("exchange-rate", LOST, SOUND[LOST], WON, 7, "no exchange rate from USD to EUR on or before 2026-10-01"),
    ("validity", QUOTATION, "2027-09-11", "2026-09-10", 5, "2026-09-10 is before its date 2026-09-11"),
    (
        "open-quotation",
        QUOTATION,
        "opportunity: OPP-2Q8XA",
        "opportunity: OPP-AAAAA",
        6,
        "QTN-AAAAA is sent although OPP-AAAAA is lost",
    ),
    (
        "accepted-quotation",
        QUOTATION,
        "status: sent",
        "status: accepted",
        6,
        "accepted although OPP-2Q8XA is open",
    ),
    (
        "primary-contact",
        DEAL,
        "  primary: true",
        "  primary: true\n- contact: maria-lopez",
        23,
        "maria-lopez is named twice",
    ),
    (
        "price-list-currency",
        PRICES,
        "currency: EUR",
        "currency: USD",
        15,
        "retail is in USD, and this in EUR",
    ),
    (
        "expired-price-list",
        PRICES,
        "2030-01-01",
        "2026-11-20",
        15,
        "priced from retail, which expired on 2026-11-20",
    ),
    (
        "discount",
        DEAL,
        "discount: 5",
        "discount: 20.5",
        22,
        "a discount of 20.5 % is above the 20 % of the settings",
    ),
    ("year", DEAL, "created: 2026", "created: 2025", 3, "it is to lie in opportunities/2025/"),
    (
        "file-name",
        CUSTOMER,
        "id: contoso-coffee",
        "id: contoso-cafe-bar",
        1,
        "is to be named contoso-cafe-bar.yaml",
    ),
]
# Where the line is not in the file that is changed.
ELSEWHERE = {"price-list-currency": DEAL, "expired-price-list": DEAL}


@pytest.mark.parametrize(("rule", "file", "old", "new", "line", "words"), ONE_CHANGE)
def test_one_thing_wrong_is_found_at_its_line(
    pipeline: Path, rule: str, file: str, old: str, new: str, line: int, words: str
) -> None:
    assert old in SOUND[file]
    write(pipeline, file, SOUND[file].replace(old, new, 1))

    (finding,) = [each for each in found(pipeline) if each.rule == rule]

    assert (finding.file, finding.line) == (ELSEWHERE.get(rule, file), line)
    assert words in finding.message
    severities = {each.name: each.severity for each in (*STRUCTURE, *WITH_SETTINGS)}
    assert finding.severity == severities.get(rule, Severity.ERROR)


def test_an_id_of_two_files_is_found_in_both(pipeline: Path) -> None:
    copy = DEAL.replace("machines", "machines-2")
    write(pipeline, copy, SOUND[DEAL].replace("external_id: deal-1\n", ""))

    assert brief(pipeline) == [(copy, 1, "duplicate-id"), (DEAL, 1, "duplicate-id")]
    assert found(pipeline)[0].message == f"OPP-2Q8XA is also the id of {DEAL}"


def test_an_external_id_of_two_records_is_found_in_both(pipeline: Path) -> None:
    other = DEAL.replace("2Q8XA", "2Q8XB")
    write(pipeline, other, SOUND[DEAL].replace("2Q8XA", "2Q8XB"))

    assert brief(pipeline) == [(DEAL, 2, "external-id"), (other, 2, "external-id")]


def test_two_accepted_quotations_of_a_won_deal_are_found(pipeline: Path) -> None:
    other = QUOTATION.replace("AAAAA", "BBBBB")
    won = SOUND[DEAL] + "status: won\nclosed:\n  date: 2026-10-01\n  amount: 10\n  quotation: QTN-CCCCC\n"
    write(pipeline, DEAL, won)
    for key in ("AAAAA", "BBBBB"):
        accepted = SOUND[QUOTATION].replace("AAAAA", key).replace("sent", "accepted")
        write(pipeline, QUOTATION.replace("AAAAA", key), accepted)
    write(
        pipeline,
        QUOTATION.replace("AAAAA", "CCCCC"),
        SOUND[QUOTATION].replace("AAAAA", "CCCCC").replace("sent", "rejected").replace("2Q8XA", "AAAAA"),
    )

    assert brief(pipeline) == [
        (DEAL, 36, "winning-quotation"),
        (QUOTATION, 6, "accepted-twice"),
        (other, 6, "accepted-twice"),
    ]


def test_a_customer_that_belongs_to_itself_is_found(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, SOUND[CUSTOMER] + "parent: contoso\n")
    assert found(pipeline) == []
    write(pipeline, "customers/contoso.yaml", "id: contoso\nname: Contoso\nparent: contoso-coffee\n")

    assert brief(pipeline) == [(CUSTOMER, 3, "parent-loop"), ("customers/contoso.yaml", 3, "parent-loop")]


def test_files_that_are_not_read_are_found(pipeline: Path) -> None:
    write(pipeline, "customers/acme.yml", "id: acme\nname: ACME\n")
    write(pipeline, "customers/es/acme.yaml", "id: acme\nname: ACME\n")
    write(pipeline, "Customer/acme.yaml", "id: acme\nname: ACME\n")
    write(pipeline, "customers/README.md", "Not a record.")

    assert [(each.file, each.rule, each.message) for each in found(pipeline)] == [
        ("Customer/acme.yaml", "folder", "is not read: move it to customers/"),
        ("customers/acme.yml", "extension", "is not read: rename it to acme.yaml"),
        ("customers/es/acme.yaml", "subfolder", "acme is to lie in customers/ itself"),
    ]


def test_a_lead_among_the_opportunities_is_one_finding(pipeline: Path) -> None:
    write(pipeline, "opportunities/2026/LEAD-ZZZZZ-x.yaml", SOUND[LEAD].replace("7K3M9", "ZZZZZ"))

    assert [(each.rule, each.message) for each in found(pipeline)] == [
        ("misplaced", "is a lead in opportunities/: move it to leads/")
    ]


def test_outdated_schemas_are_a_warning(pipeline: Path) -> None:
    (pipeline / "schemas" / "lead.schema.json").write_text("{}")
    (pipeline / "schemas" / "order.schema.json").unlink()

    assert [
        (each.file, each.rule, each.severity, each.message.partition(":")[0]) for each in found(pipeline)
    ] == [
        ("schemas", "schemas", "warning", "lead is outdated"),
        ("schemas", "schemas", "warning", "order is missing"),
    ]


def test_what_names_a_broken_file_is_not_said_to_dangle(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, "id: contoso-coffee\nnme: Contoso\n")
    write(pipeline, DEAL, SOUND[DEAL].replace("title", "titel"))

    assert {rule for _, _, rule in brief(pipeline)} == {"schema"}


def test_broken_settings_are_the_only_finding_about_settings(pipeline: Path) -> None:
    write(pipeline, SETTINGS, SOUND[SETTINGS].replace("timezone: Europe/Madrid", "timezone: Madrid"))
    write(pipeline, LEAD, SOUND[LEAD].replace("customer: contoso-coffee", "customer: acme"))

    assert brief(pipeline) == [(LEAD, 9, "reference"), (SETTINGS, 4, "schema")]


def test_every_finding_of_a_file_comes_at_once(pipeline: Path) -> None:
    text = (
        SOUND[DEAL]
        .replace("demo", "dmeo")
        .replace("type: sales", "type: salez")
        .replace("maria-lopez", "mario")
    )
    write(pipeline, DEAL, text)

    assert brief(pipeline) == [(DEAL, 5, "type"), (DEAL, 9, "reference"), (DEAL, 24, "reference")]


def test_lines_are_right_in_a_file_of_another_layout(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, "{id: contoso-coffee,\n name: Contoso Coffee,\n owner: nobody}\n")
    write(
        pipeline,
        "customers/contoso.yaml",
        "# note:\n\n'id': contoso\r\nname: Contoso\r\nnotes: |\r\n  owner: x\r\nowner: nobody\r\n",
    )

    assert [(each.file, each.line, each.column) for each in found(pipeline)] == [
        (CUSTOMER, 3, 2),
        ("customers/contoso.yaml", 7, 1),
    ]


def test_the_offer_of_a_sent_quotation_is_held_against_git(pipeline: Path) -> None:
    commit(pipeline)
    assert found(pipeline) == []
    write(
        pipeline,
        QUOTATION,
        SOUND[QUOTATION].replace("unit_price: 10", "unit_price: 10.00") + "notes: called\n",
    )
    assert found(pipeline) == []
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("unit_price: 10", "unit_price: 9"))

    assert brief(pipeline) == [(QUOTATION, 9, "frozen")]
    commit(pipeline)
    assert brief(pipeline) == [(QUOTATION, 9, "frozen")]


def test_a_quotation_that_was_a_draft_again_is_held_against_its_last_sending(pipeline: Path) -> None:
    commit(pipeline)
    draft = SOUND[QUOTATION].replace("sent", "draft").replace("unit_price: 10", "unit_price: 9")
    write(pipeline, QUOTATION, draft)

    (finding,) = found(pipeline)
    assert (finding.line, finding.rule, finding.severity) == (6, "sent-before", Severity.WARNING)
    commit(pipeline)
    assert found(pipeline) == [finding]
    write(pipeline, QUOTATION, draft.replace("draft", "sent"))
    commit(pipeline)

    (finding,) = found(pipeline)
    assert (finding.line, finding.rule) == (9, "sent-before")
    assert finding.message.startswith("items: QTN-AAAAA was sent before with another")


def test_a_draft_of_a_deal_that_was_lost_and_reopened_was_never_sent(pipeline: Path) -> None:
    draft = SOUND[QUOTATION].replace("sent", "draft")
    for text in (draft, SOUND[QUOTATION].replace("sent", "rejected"), draft):
        write(pipeline, QUOTATION, text)
        commit(pipeline)

    assert found(pipeline) == []


def test_what_is_sent_again_as_it_was_is_no_news(pipeline: Path) -> None:
    commit(pipeline)
    for text in (SOUND[QUOTATION].replace("sent", "draft"), SOUND[QUOTATION]):
        write(pipeline, QUOTATION, text)
        commit(pipeline)

    assert found(pipeline) == []


def commit(root: Path) -> None:
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-qm", "by hand"], cwd=root, check=True)


def test_the_stages_there_are_stand_in_their_order(root: Path) -> None:
    write(
        root,
        "opportunities/2026/OPP-AAAAA-a.yaml",
        "id: OPP-AAAAA\ncreated: 2026-09-09T10:00:00+02:00\ntitle: A\nprocess: standard\nstage: propsoe\n"
        "currency: EUR\n",
    )

    (finding,) = found(root)

    assert finding.message == (
        "stage: the process standard has no stage propsoe; "
        "its stages: qualify, demo, propose, negotiate, commit"
    )


def test_the_reason_of_auto_close_is_named_once(pipeline: Path) -> None:
    write(pipeline, LOST, SOUND[LOST].replace("reason: price", "reason: prize"))

    assert [each.message for each in found(pipeline)] == [
        'closed.reason: "prize" is none of lost_reasons: price, no-response'
    ]


WINNING = """\
status: won
closed:
  date: 2026-10-01
  amount: 10
  quotation: QTN-AAAAA
"""
ORDER = "orders/2026/ORD-AAAAA-contoso-coffee.yaml"
ORDERED = """\
id: ORD-AAAAA
created: 2026-10-01T10:00:00+02:00
opportunity: OPP-2Q8XA
quotation: QTN-AAAAA
date: 2026-10-01
status: open
customer: contoso-coffee
currency: EUR
"""


@pytest.fixture
def ordered(pipeline: Path) -> Path:
    """A deal that is won and ordered, as `opp won` leaves it."""
    write(pipeline, DEAL, SOUND[DEAL] + WINNING)
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("sent", "accepted"))
    write(pipeline, ORDER, ORDERED)
    return pipeline


def test_what_a_win_leaves_is_sound(ordered: Path) -> None:
    assert found(ordered) == []


def test_an_expired_quotation_wins_nothing_and_orders_nothing(ordered: Path) -> None:
    write(ordered, QUOTATION, SOUND[QUOTATION].replace("sent", "expired"))

    assert [(each.file, each.line, each.rule, each.message) for each in found(ordered)] == [
        (DEAL, 36, "won-quotation",
         "closed.quotation: QTN-AAAAA is expired; name the one that the customer accepted"),
        (ORDER, 4, "ordered-quotation",
         "quotation: QTN-AAAAA is expired, and ORD-AAAAA an order of what is accepted"),
    ]  # fmt: skip
    write(ordered, ORDER, ORDERED.replace("open", "cancelled"))
    assert [each.rule for each in found(ordered)] == ["won-quotation"]


def test_an_order_is_of_a_quotation_of_its_own_deal(ordered: Path) -> None:
    write(ordered, ORDER, ORDERED.replace("opportunity: OPP-2Q8XA", "opportunity: OPP-AAAAA"))

    (finding,) = found(ordered)

    assert finding.message == "quotation: QTN-AAAAA is a quotation of OPP-2Q8XA, not of OPP-AAAAA"


def test_a_second_order_of_a_quotation_is_found(ordered: Path) -> None:
    other = ORDER.replace("AAAAA", "BBBBB")
    write(ordered, other, ORDERED.replace("ORD-AAAAA", "ORD-BBBBB"))

    assert brief(ordered) == [(ORDER, 4, "ordered-twice"), (other, 4, "ordered-twice")]
    assert "cancel one: pipecli order cancel ORD-BBBBB" in found(ordered)[1].message
    write(ordered, other, ORDERED.replace("ORD-AAAAA", "ORD-BBBBB").replace("open", "cancelled"))
    assert found(ordered) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("status: open", "status: delivered", 6, "ORD-AAAAA is delivered, and no day says when"),
        (
            "status: open",
            "status: open\ndelivered: 2026-11-01",
            7,
            "is open, and was delivered on 2026-11-01",
        ),
    ],
)
def test_a_delivery_has_a_day_and_a_day_of_delivery_its_status(
    ordered: Path, old: str, new: str, line: int, said: str
) -> None:
    write(ordered, ORDER, ORDERED.replace(old, new))

    (finding,) = found(ordered)

    assert (finding.line, finding.rule) == (line, "delivery")
    assert said in finding.message


def test_a_deal_is_not_closed_tomorrow(pipeline: Path) -> None:
    write(pipeline, LOST, SOUND[LOST].replace("2026-10-01", "2026-11-22"))

    assert brief(pipeline) == [(LOST, 9, "closing-day")]


def test_an_offer_is_to_somebody(pipeline: Path) -> None:
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("customer: contoso-coffee\n", ""))

    assert brief(pipeline) == [(QUOTATION, 1, "addressee")]


def test_what_is_revised_does_not_stand(pipeline: Path) -> None:
    later = SOUND[QUOTATION].replace("QTN-AAAAA", "QTN-BBBBB") + "revision_of: QTN-AAAAA\n"
    write(pipeline, QUOTATION.replace("AAAAA", "BBBBB"), later)

    assert brief(pipeline) == [(QUOTATION, 6, "revised-quotation")]
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("sent", "superseded"))
    assert found(pipeline) == []


def test_an_answer_has_prices(pipeline: Path) -> None:
    write(pipeline, "suppliers/acme.yaml", "id: acme\nname: Acme\n")
    answer = "supplier-quotations/2026/SQ-AAAAA-acme.yaml"
    text = (
        "id: SQ-AAAAA\ncreated: 2026-09-11T10:00:00+02:00\nopportunity: OPP-2Q8XA\nsupplier: acme\n"
        "status: received\ndate: 2026-09-11\ncurrency: EUR\n"
    )
    write(pipeline, answer, text)

    assert brief(pipeline) == [(answer, 5, "empty-answer")]
    write(pipeline, answer, text + "items: [{description: Filter, unit_price: 3}]\n")
    assert found(pipeline) == []


def test_a_deal_that_names_no_list_is_priced_from_the_one_that_there_was(pipeline: Path) -> None:
    write(pipeline, DEAL, SOUND[DEAL].replace("price_list: retail\n", ""))
    assert found(pipeline) == []
    write(pipeline, PRICES, SOUND[PRICES].replace("2030-01-01", "2026-11-20"))

    (finding,) = found(pipeline)
    assert (finding.file, finding.line, finding.message) == (
        DEAL, 15, "priced from retail, which expired on 2026-11-20",
    )  # fmt: skip
    next_year = "id: next\ncurrency: EUR\nvalid_from: 2026-11-21\nprices: {cafe: 120}\n"
    write(pipeline, "price-lists/next.yaml", next_year)
    assert found(pipeline) == []
    write(pipeline, "price-lists/next.yaml", next_year.replace("EUR", "USD"))
    write(pipeline, PRICES, SOUND[PRICES].replace("2030-01-01", "2026-11-20").replace("  cafe: 100", "  {}"))
    assert found(pipeline) == []  # no list has a price for what is sold
