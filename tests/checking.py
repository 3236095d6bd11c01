"""A sound pipeline with a record of nearly every kind, and what the stories of `check` ask of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipecli.checks import Finding, Severity
from pipecli.checks.check import RULES, check
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
  discount: 20
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
  reasons:
  - price
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

# Where the line is not in the file that is changed.
ELSEWHERE = {"price-list-currency": DEAL, "expired-price-list": DEAL}


def write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)


def found(root: Path) -> list[Finding]:
    return check(Pipeline.find(root, date(2026, 11, 21)))


def brief(root: Path) -> list[tuple[str, int, str]]:
    return [(finding.file, finding.line, finding.rule) for finding in found(root)]


def assert_one_finding(
    pipeline: Path, rule: str, file: str, old: str, new: str, line: int, words: str
) -> None:
    """One thing is made wrong in a file: the rule finds it at its line, and says it in these words."""
    assert old in SOUND[file]
    write(pipeline, file, SOUND[file].replace(old, new, 1))

    (finding,) = [finding for finding in found(pipeline) if finding.rule == rule]

    assert (finding.file, finding.line) == (ELSEWHERE.get(rule, file), line)
    assert words in finding.message
    severities = {rule.name: rule.severity for rule in RULES}
    assert finding.severity == severities.get(rule, Severity.ERROR)
