"""`opportunity show`: a page that a rep likes to read at 80 columns, and keys for scripts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import pytest

SETTINGS = """\
company: {name: Contoso}
currency: EUR
timezone: Europe/Madrid
users:
  ana-ruiz: {name: Ana Ruiz, email: ana@contoso.example, team: iberia}
teams:
  iberia: {name: Iberia}
processes:
  standard:
    stages:
    - {id: qualify, name: Qualify, probability: 10, steps: [Ask for the budget, Ask who decides]}
    - {id: demo, name: Demo, probability: 25, requires: [expected_close, key_info.budget]}
    - {id: commit, name: Commit, probability: 90}
lost_reasons: [price]
"""

WHOLE_DEAL = """\
id: OPP-2Q8XA
created: 2026-11-02T10:00:00+01:00
title: Espresso machines for the three new coffee shops in Lleida, Tarragona and Girona, with training
type: sales
customer: froshgah-ghahve
process: standard
stage: qualify
status: open
owner: ana-ruiz
shared_with:
- iberia
source: referral
score: 80
currency: EUR
amount: 27000
probability: 35
expected_close: 2026-11-10
items:
- product: cafe-s-100
  description: Café S-100
  quantity: 12
  uom: unit
  unit_price: 2299.00
  discount: 2.5
  tax: 21
- description: Training
  quantity: 0.5
  unit_price: 300
contacts:
- contact: maria-lopez
  role: decision-maker
  primary: true
competitors:
- Acme Coffee
key_info:
  need: Two machines before Christmas
  pain_points: The old ones break every week and nobody repairs them on Sundays, when the shops are full
next_contact:
  date: 2026-11-21
  by: ana-ruiz
  note: Ask for the floor plan
steps_done:
- Ask for the budget
activities:
- id: A0BJ5
  type: call
  at: 2026-11-02T10:01:00+01:00
  subject: Intro call
  by: ana-ruiz
  direction: out
  done: true
- id: Y8BHX
  type: meeting
  at: 2026-11-30T10:00:00+01:00
  subject: Demo at the shop in Lleida with the owner and her sister
  by: ana-ruiz
notes: |
  They opened in 2019.
"""

QUOTATION = """\
id: QTN-7K3M9
created: 2026-11-05T10:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-05
valid_until: 2026-12-05
status: sent
customer: froshgah-ghahve
currency: EUR
items:
- description: Café S-100
  quantity: 12
  unit_price: 2299.00
"""

PAGE = """\
OPP-2Q8XA     Espresso machines for the three new coffee shops in Lleida,
              Tarragona and Girona, with training
customer      \u2068فروشگاه قهوه (froshgah-ghahve)\u2069
stage         Qualify, 1 of 3 (standard)
steps open    Ask who decides
next          Demo, which needs key_info.budget
amount        27,000.00 EUR by hand, the items come to 27,048.30 EUR
weighted      9,450.00 EUR at 35 % by hand, the stage has 10 %
close         2026-11-10, overdue by 10 days
next contact  2026-11-21, in 1 day, by ana-ruiz: Ask for the floor plan
owner         ana-ruiz, team iberia
type          sales
shared with   iberia
source        referral
score         80
competitors   Acme Coffee
created       2026-11-02, 18 days ago
answered      after 1 min
notes         They opened in 2019.

Items
#  ITEM        PRODUCT     QUANTITY  UNIT     PRICE  DISC %  TAX %     AMOUNT
-  ----------  ----------  --------  ----  --------  ------  -----  ---------
1  Café S-100  cafe-s-100        12  unit  2,299.00     2.5     21  26,898.30
2  Training                     0.5          300.00                    150.00

Contacts
NAME         ROLE            PRIMARY  EMAIL
-----------  --------------  -------  ---------------------
María López  decision-maker  primary  maria@contoso.example

Key information: 3 of 7
need         Two machines before Christmas
pain points  The old ones break every week and nobody repairs them on Sundays,
             when the shops are full
competitors  Acme Coffee
not known    decision maker, budget, current situation, proposed solution

Planned
WHEN              TYPE     SUBJECT                               BY        ID
----------------  -------  ------------------------------------  --------  -----
2026-11-30 10:00  meeting  Demo at the shop in Lleida with the…  ana-ruiz  Y8BHX

Done
WHEN              TYPE  DIR  SUBJECT     BY        ID
----------------  ----  ---  ----------  --------  -----
2026-11-02 10:01  call  out  Intro call  ana-ruiz  A0BJ5

Quotations
ID         STATUS  DATE        VALID UNTIL  TOTAL EUR
---------  ------  ----------  -----------  ---------
QTN-7K3M9  sent    2026-11-05  2026-12-05   27,588.00
"""


@pytest.fixture(autouse=True)
def _deal(root, git, deal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-20")
    files = {
        "pipecli.yaml": SETTINGS,
        "customers/froshgah-ghahve.yaml": "id: froshgah-ghahve\nname: فروشگاه قهوه\n",
        "contacts/maria-lopez.yaml": "id: maria-lopez\nname: María López\nemails: [maria@contoso.example]\n",
        "products/cafe-s-100.yaml": "sku: cafe-s-100\nname: Café S-100\n",
        "quotations/2026/QTN-7K3M9-machines.yaml": QUOTATION,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git("add", "-A")
    deal("OPP-2Q8XA", text=WHOLE_DEAL)


def flat(page: str) -> str:
    """A page without its columns, whose width depends on the labels."""
    return re.sub(" +", " ", page)


def test_the_page_of_an_open_deal(cli):
    assert cli("opp", "show", "2q8").out == PAGE


def test_the_page_fits_every_width(cli, monkeypatch):
    for width in (60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = cli("opp", "show", "2q8").out.splitlines()
        assert max(len(line.strip("\u2068\u2069")) for line in lines) <= width + 2  # isolates have no width


def test_scripts_get_the_file_and_what_follows_from_it(cli):
    deal = json.loads(cli("opp", "show", "2q8", "--format", "json").out)
    derived = {
        "amount": 27000.00,
        "amount_by_hand": True,
        "probability": 35,
        "stage_probability": 10,
        "weighted": 9450.00,
        "team": "iberia",
        "customer_name": "فروشگاه قهوه",
        "age_days": 18,
        "minutes_to_first_response": 1,
        "key_info_answered": 3,
        "stage_position": 1,
        "stages": 3,
        "next_stage": "demo",
        "steps_open": ["Ask who decides"],
        "fields_missing": ["key_info.budget"],
    }
    assert {key: deal[key] for key in derived} == derived
    assert deal["items"][0]["unit_price"] == 2299


def test_a_deal_at_its_last_stage_is_to_be_closed(cli):
    cli("opp", "advance", "2q8", "--to", "commit", "--force")
    page = flat(cli("opp", "show", "2q8").out)
    assert "stage Commit, 3 of 3 (standard)\nnext close it: won, or lost\n" in page
    assert json.loads(cli("opp", "show", "2q8", "--format", "json").out)["next_stage"] is None


def test_the_page_of_a_won_deal(cli):
    cli("opp", "won", "OPP-2Q8XA", "--detail", "Signed at the fair")
    page = flat(cli("opp", "show", "2q8").out)
    assert "won 2026-11-20, 27,588.00 EUR with QTN-7K3M9\n Signed at the fair\n" in page
    assert "stage qualify (standard) when it closed\n" in page
    assert "created 2026-11-02, closed after 18 days\n" in page
    assert "overdue" not in page
    assert "weighted" not in page
    assert "\nOrders\n" in page
    assert "steps_open" not in cli("opp", "show", "2q8", "--format", "json").out


def test_the_page_of_a_lost_deal(cli):
    cli(
        "opp",
        "lost",
        "OPP-2Q8XA",
        "--reason",
        "price",
        "--competitor",
        "Acme Coffee",
        "--detail",
        "Half of ours",
    )
    page = flat(cli("opp", "show", "2q8").out)
    assert "lost 2026-11-20, to Acme Coffee for price\n Half of ours\n" in page


def test_a_deal_of_nothing_yet(cli):
    opp = cli("opp", "add", "A call", "--format", "ids").id
    page = flat(cli("opp", "show", opp).out)
    assert "amount unknown: no items, and none set by hand\n" in page
    assert "Items" not in page
    assert "Key information: 0 of 7\nnot known need, pain points" in page


def test_only_the_last_activities_that_are_done_are_shown(cli, root):
    file = root / "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
    more = "".join(
        f"- id: A000{n}\n  type: note\n  at: 2026-11-0{n}\n  subject: Note {n}\n  done: true\n"
        for n in range(3, 9)
    )
    file.write_text(file.read_text().replace("activities:\n", f"activities:\n{more}"))
    page = flat(cli("opp", "show", "2q8").out)
    assert "\nDone, the last 5 of 7\n" in page
    assert "Note 8" in page
    assert "Note 4" in page
    assert "Note 3" not in page


def test_a_paper_that_can_not_be_read_is_named(cli, root):
    (root / "quotations/2026/QTN-AAAAA-one.yaml").write_text("id: [\n")
    assert "warning: quotations/2026/QTN-AAAAA-one.yaml:" in cli("opp", "show", "OPP-2Q8XA").err


def test_a_stage_that_the_settings_lost_is_said(cli, root):
    file = root / "pipecli.yaml"
    file.write_text(file.read_text().replace("id: qualify", "id: first"))
    page = flat(cli("opp", "show", "2q8").out)
    assert "stage qualify, which the process standard does not have\n" in page


def test_the_list_has_its_key_information_where_there_is_room(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    assert cli("opp", "list").out.splitlines()[2].endswith("3 of 7")
    monkeypatch.setenv("COLUMNS", "80")
    assert cli("opp", "list").err == "no room in 80 columns for: RESPONSE, KEY INFO\n"
    assert cli("opp", "list", "--where", "key_info_answered < 3", "--format", "ids").out == ""


@pytest.mark.parametrize("verb", ["opp show 2q8", "export opportunities"])
def test_showing_imports_no_model(verb, cli, root):
    """Start-up is a feature: a page comes from the index alone."""
    time.sleep(0.05)  # what was written a moment ago is read once more
    cli("opp", "list")  # the index is warm
    script = (
        "import sys; from pipecli.cli.main import run; "
        "code = run(sys.argv[1:]); print(code, {'pydantic', 'git', '_hashlib'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "-C", str(root), *verb.split()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 set()"
