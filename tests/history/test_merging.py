"""Three versions of a record: what merges by itself, what is in conflict, and what stays as it was."""

from __future__ import annotations

import re
from typing import get_args, get_origin

import pytest

from pipecli.history.merging import Merged, merge, merge_bytes
from pipecli.history.merging.lists import identity
from pipecli.records import fields
from pipecli.records.base import Part
from pipecli.records.kinds import KINDS, SETTINGS, Kind
from pipecli.store import reading
from pipecli.store.founding import Person, settings_text

DEAL = """\
# yaml-language-server: $schema=../../schemas/opportunity.schema.json
id: OPP-2Q8XA
created: 2026-11-02T10:00:00+01:00
title: "Espresso machines"   # as the customer says
type: sales
process: standard
stage: qualify
status: open
owner: ana
currency: EUR
amount: 4998.00
expected_close: 2026-12-15
items:
- product: cafe-s-100 # two, for the two counters
  description: Café S-100
  quantity: 2
  unit_price: 2499.00
- product: grinder
  description: Grinder
  unit_price: 199.00
contacts:
- contact: maria-lopez
  role: decision-maker
next_contact:
  date: 2026-12-01
  by: ana
activities:
- id: AAAAA
  type: call
  at: 2026-11-03
  subject: Intro call
tags: [vip, iberia]
"""
FILE = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"


def edited(*replacements: tuple[str, str], text: str = DEAL) -> str:
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def both(base: str | None, ours: str, theirs: str, file: str = FILE) -> Merged:
    """The merge, once it is seen that the other clone comes to the same record or the same conflicts."""
    merged, mirrored = merge(file, base, ours, theirs), merge(file, base, theirs, ours)
    assert [each.path for each in merged.conflicts] == [each.path for each in mirrored.conflicts]
    if not merged.conflicts:
        assert record(file, merged.text) == record(file, mirrored.text)
    return merged


def record(file: str, text: str):
    return reading.read(kind(file), file, text)


def kind(file: str) -> Kind:
    return next((each for each in KINDS if file.startswith(f"{each.folder}/")), SETTINGS)


def words(merged: Merged) -> list[str]:
    return [conflict.words for conflict in merged.conflicts]


CLEAN = [
    (
        "two fields",
        edited(("4998.00", "5400.00")),
        edited(("owner: ana", "owner: luis"), ("by: ana", "by: luis")),
        edited(("4998.00", "5400.00"), ("owner: ana", "owner: luis"), ("by: ana", "by: luis")),
    ),
    (
        "a field that went and one that came",
        edited(("expected_close: 2026-12-15\n", "")),
        edited(("currency: EUR\n", "currency: EUR\nprobability: 30\n")),
        edited(
            ("expected_close: 2026-12-15\n", ""),
            ("amount: 4998.00\n", "amount: 4998.00\nprobability: 30\n"),
        ),
    ),
    (
        "the same on both sides, in other digits",
        edited(("4998.00", "95.5")),
        edited(("4998.00", "95.50")),
        edited(("4998.00", "95.5")),
    ),
    (
        "two fields of one map",
        edited(("date: 2026-12-01", "date: 2026-12-08")),
        edited(("  by: ana\n", "  by: ana\n  note: Bring the grinder\n")),
        edited(
            ("date: 2026-12-01", "date: 2026-12-08"),
            ("  by: ana\n", "  by: ana\n  note: Bring the grinder\n"),
        ),
    ),
    (
        "two fields of one item, and another item",
        edited(("quantity: 2", "quantity: 3")),
        edited(
            ("unit_price: 2499.00\n", "unit_price: 2399.90\n"),
            ("unit_price: 199", "tax: 10\n  unit_price: 189"),
        ),
        edited(
            ("quantity: 2", "quantity: 3"),
            ("unit_price: 2499.00\n", "unit_price: 2399.90\n"),
            ("  unit_price: 199.00\n", "  unit_price: 189.00\n  tax: 10\n"),
        ),
    ),
    (
        "an item removed and another changed",
        edited(("- product: grinder\n  description: Grinder\n  unit_price: 199.00\n", "")),
        edited(("quantity: 2", "quantity: 4")),
        edited(
            ("- product: grinder\n  description: Grinder\n  unit_price: 199.00\n", ""),
            ("quantity: 2", "quantity: 4"),
        ),
    ),
    (
        "an activity added on each side, by their times",
        edited(("tags:", "- id: CCCCC\n  type: call\n  at: 2026-11-05\n  subject: Later\ntags:")),
        edited(("tags:", "- id: BBBBB\n  type: call # hers\n  at: 2026-11-04\n  subject: Sooner\ntags:")),
        edited(
            (
                "tags:",
                "- id: BBBBB\n  type: call # hers\n  at: 2026-11-04\n  subject: Sooner\n"
                "- id: CCCCC\n  type: call\n  at: 2026-11-05\n  subject: Later\ntags:",
            )
        ),
    ),
    (
        "tags added and removed",
        edited(("[vip, iberia]", "[iberia, new]")),
        edited(("[vip, iberia]", "[vip, urgent, iberia, also]")),
        edited(("[vip, iberia]", "[urgent, iberia, also, new]")),
    ),
    (
        "the same activity done on both sides",
        edited(("Intro call\n", "Intro call\n  done: true\n")),
        edited(("Intro call\n", "Intro call\n  done: true\n  duration: 20\n")),
        edited(("Intro call\n", "Intro call\n  done: true\n  duration: 20\n")),
    ),
    (
        "a default written out here, another value there",
        edited(("  subject: Intro call\n", "  subject: Intro call\n  done: false\n")),
        edited(("  subject: Intro call\n", "  subject: Intro call\n  done: true\n")),
        edited(("  subject: Intro call\n", "  subject: Intro call\n  done: true\n")),
    ),
    (
        "contacts by contact",
        edited(("role: decision-maker", "role: user")),
        edited(("  role: decision-maker\n", "  role: decision-maker\n  primary: true\n- contact: joao\n")),
        edited(("  role: decision-maker\n", "  role: user\n  primary: true\n- contact: joao\n")),
    ),
]


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted"), [case[1:] for case in CLEAN], ids=[case[0] for case in CLEAN]
)
def test_different_changes_go_together(ours: str, theirs: str, wanted: str):
    merged = both(DEAL, ours, theirs)

    assert merged.conflicts == () and merged.by_line == ""
    assert merged.text == wanted


MILL = "- product: mill\n  description: Mill\n  quantity: {}\n  unit_price: 9\n"
CONFLICTS = [
    (
        "one field, two values",
        edited(("4998.00", "5400.00")),
        edited(("4998.00", "5100.00")),
        "<<<<<<< ours\namount: 5400.00\n=======\namount: 5100.00\n>>>>>>> theirs\n",
        ["amount: ours 5,400.00, theirs 5,100.00"],
    ),
    (
        "removed here, changed there",
        edited(("amount: 4998.00\n", "")),
        edited(("4998.00", "5100.00")),
        "<<<<<<< ours\n=======\namount: 5100.00\n>>>>>>> theirs\n",
        ["amount: ours removed, theirs 5,100.00"],
    ),
    (
        "in a map",
        edited(("  date: 2026-12-01", "  date: 2026-12-08")),
        edited(("  date: 2026-12-01", "  date: 2026-12-09"), ("by: ana", "by: luis")),
        "next_contact:\n<<<<<<< ours\n  date: 2026-12-08\n=======\n  date: 2026-12-09\n>>>>>>> theirs\n"
        "  by: luis\n",
        ["next_contact.date: ours 2026-12-08, theirs 2026-12-09"],
    ),
    (
        "a map removed here, changed there",
        edited(("next_contact:\n  date: 2026-12-01\n  by: ana\n", "")),
        edited(("date: 2026-12-01", "date: 2026-12-09")),
        "<<<<<<< ours\n=======\nnext_contact:\n  date: 2026-12-09\n  by: ana\n>>>>>>> theirs\n",
        ["next_contact: ours removed, theirs changed"],
    ),
    (
        "in an item",
        edited(("quantity: 2", "quantity: 3")),
        edited(("quantity: 2", "quantity: 5")),
        "<<<<<<< ours\n  quantity: 3\n=======\n  quantity: 5\n>>>>>>> theirs\n",
        ["item Café S-100, quantity: ours 3, theirs 5"],
    ),
    (
        "an item removed here, changed there",
        edited(("- product: grinder\n  description: Grinder\n  unit_price: 199.00\n", "")),
        edited(("unit_price: 199.00", "unit_price: 189.00")),
        "<<<<<<< ours\n=======\n- product: grinder\n  description: Grinder\n  unit_price: 189.00\n"
        ">>>>>>> theirs\n",
        ["item Grinder: ours removed, theirs changed"],
    ),
    (
        "one product added with two quantities",
        edited(("contacts:", MILL.format(1) + "contacts:")),
        edited(("contacts:", MILL.format(3) + "contacts:")),
        "  description: Mill\n<<<<<<< ours\n  quantity: 1\n=======\n  quantity: 3\n>>>>>>> theirs\n",
        ["item Mill, quantity: ours 1, theirs 3"],
    ),
    (
        "two neighbours, each apart",
        edited(("4998.00", "1.00"), ("2026-12-15", "2026-12-16")),
        edited(("4998.00", "2.00"), ("2026-12-15", "2026-12-17")),
        "<<<<<<< ours\namount: 1.00\n=======\namount: 2.00\n>>>>>>> theirs\n"
        "<<<<<<< ours\nexpected_close: 2026-12-16\n=======\nexpected_close: 2026-12-17\n>>>>>>> theirs\n",
        ["amount: ours 1.00, theirs 2.00", "expected_close: ours 2026-12-16, theirs 2026-12-17"],
    ),
    (
        "a text of several lines as a whole",
        edited(("tags:", "notes: |\n  One\n  same\ntags:")),
        edited(("tags:", "notes: |\n  Two\n  same\ntags:")),
        "<<<<<<< ours\nnotes: |\n  One\n  same\n=======\nnotes: |\n  Two\n  same\n>>>>>>> theirs\ntags:",
        ['notes: ours "One same", theirs "Two same"'],
    ),
    (
        "stages of a deal's process and of another",
        edited(("process: standard", "process: partner")),
        edited(("stage: qualify", "stage: demo")),
        "<<<<<<< ours\nprocess: partner\n=======\nprocess: standard\n>>>>>>> theirs\n"
        "<<<<<<< ours\nstage: qualify\n=======\nstage: demo\n>>>>>>> theirs\n",
        ["process: ours partner, theirs standard", "stage: ours qualify, theirs demo"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted", "said"),
    [case[1:] for case in CONFLICTS],
    ids=[case[0] for case in CONFLICTS],
)
def test_conflicts_are_marked_around_the_field_only(ours: str, theirs: str, wanted: str, said: list[str]):
    merged = both(DEAL, ours, theirs)

    assert wanted in merged.text
    assert merged.text.count("<<<<<<<") == len(said)
    assert words(merged) == said
    for side in ("ours", "theirs"):
        assert taken(merged.text, side) == merge(FILE, DEAL, ours, theirs, prefer=side).text


def taken(text: str, side: str) -> str:
    """What a person leaves who takes one side of every conflict."""
    dropped = {
        "ours": r"=======\n(?:.*\n)*?>>>>>>> theirs\n",
        "theirs": r"<<<<<<< ours\n(?:.*\n)*?=======\n",
    }[side]
    return re.sub(
        r"^(<<<<<<< ours|>>>>>>> theirs)\n", "", re.sub(f"(?m)^{dropped}", "", text), flags=re.MULTILINE
    )


def test_an_order_that_both_sides_changed_is_in_conflict():
    base = edited(("[vip, iberia]", "[a, b, c]"))
    merged = both(
        base, edited(("[a, b, c]", "[b, a, c]"), text=base), edited(("[a, b, c]", "[a, c, b]"), text=base)
    )

    assert words(merged) == ["tags, the order: ours b, a, c, theirs a, c, b"]
    assert "<<<<<<< ours\ntags: [b, a, c]\n=======\ntags: [a, c, b]\n>>>>>>> theirs\n" in merged.text


# A record whose fields merge, and that would say what no record may


CLOSED = "closed:\n  date: 2026-12-01\n  {}\ntags:"
LOST = edited(("status: open", "status: lost"), ("tags:", CLOSED.format("reason: price")))


def test_a_deal_closed_in_two_ways_keeps_each_way_together():
    won = edited(("status: open", "status: won"), ("tags:", CLOSED.format("amount: 4998.00")))
    merged = both(DEAL, won, LOST)

    assert words(merged) == [
        "status: ours won, theirs lost",
        "closed: ours date 2026-12-01, amount 4,998.00, theirs date 2026-12-01, reason price",
    ]
    assert merge(FILE, DEAL, won, LOST, prefer="ours").text == won
    assert record(FILE, merge(FILE, DEAL, won, LOST, prefer="theirs").text) == record(FILE, LOST)


def test_a_deal_reopened_here_and_corrected_there():
    merged = both(LOST, DEAL, edited(("reason: price", "reason: budget"), text=LOST))

    rule = "an open opportunity has no `closed` section; reopen it, or give its status"
    assert words(merged) == [
        f"status: ours open, theirs lost ({rule})",
        f"closed: ours removed, theirs changed ({rule})",
    ]


def test_one_side_closes_and_the_other_advances():
    merged = both(DEAL, LOST, edited(("stage: qualify", "stage: demo")))

    assert not merged.conflicts
    assert merged.text == edited(("stage: qualify", "stage: demo"), text=LOST)


LIST = "id: retail\ncurrency: EUR\nprices:\n  mill: 9.50\n"
OFFER = """\
id: QTN-2Q8XA
created: 2026-11-02T10:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-20
status: draft
customer: contoso
currency: EUR
items:
- description: Mill
  unit_price: 9.50
"""
RULES = [
    (
        "price-lists/retail.yaml",
        LIST,
        LIST.replace("prices", "valid_from: 2027-01-01\nprices"),
        LIST.replace("prices", "valid_until: 2026-12-31\nprices"),
        ["valid_from", "valid_until"],
        "valid_until (2026-12-31) is before valid_from (2027-01-01)",
    ),
    (
        FILE,
        DEAL,
        edited(("currency: EUR\namount: 4998.00", "currency: JPY\namount: 4998")),
        edited(("amount: 4998.00", "amount: 4998.50")),
        ["amount", "currency"],
        "4998.50 JPY can't be paid: JPY has 0 decimals",
    ),
    (
        FILE,
        DEAL,
        edited(("contacts:\n", "contacts:\n- contact: joao\n  primary: true\n")),
        edited(("  role: decision-maker\n", "  role: decision-maker\n  primary: true\n")),
        ["contacts"],
        "a deal has one primary contact, not joao and maria-lopez",
    ),
    (
        "quotations/2026/QTN-2Q8XA-contoso.yaml",
        OFFER,
        OFFER.replace("draft", "sent"),
        OFFER.replace("9.50", "8.50"),
        ["items", "status"],
        "it was sent with other items; what a customer was offered is frozen",
    ),
    (
        "quotations/2026/QTN-2Q8XA-contoso.yaml",
        OFFER,
        OFFER.replace("2026-11-20", "2026-12-20"),
        OFFER.replace("status", "valid_until: 2026-12-15\nstatus"),
        ["date", "valid_until"],
        "valid_until: 2026-12-15 is before its date 2026-12-20",
    ),
]


@pytest.mark.parametrize(("file", "base", "ours", "theirs", "paths", "rule"), RULES)
def test_what_breaks_a_rule_together_is_a_conflict_that_names_it(file, base, ours, theirs, paths, rule):
    merged = both(base, ours, theirs, file)

    assert sorted(each.path for each in merged.conflicts) == paths
    assert rule in " ".join(words(merged))
    for side, whole in (("ours", ours), ("theirs", theirs)):
        assert taken(merged.text, side) == merge(file, base, ours, theirs, prefer=side).text
        assert record(file, taken(merged.text, side)) == record(file, whole)


# Files that are new on both sides, or gone on one


def test_one_customer_added_twice_meets():
    ours = "id: contoso\nname: Contoso\nemail: info@contoso.example\n"
    theirs = "id: contoso\nname: Contoso\nkind: organization\ntags: [vip]\n"

    merged = both(None, ours, theirs, "customers/contoso.yaml")
    assert merged.conflicts == ()
    assert merged.text == ours.replace("email", "kind: organization\nemail") + "tags:\n- vip\n"


def test_a_field_left_out_says_its_default():
    person = "id: ana\nname: Ana\nkind: person\n"

    assert words(both(None, person, "id: ana\nname: Ana\ncountry: ES\n", "customers/ana.yaml")) == [
        "kind: ours person, theirs organization"
    ]


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_file_removed_here_and_changed_there(side: str):
    changed = edited(("4998.00", "1.00"))
    texts = {"ours": (None, changed), "theirs": (changed, None)}[side]
    merged = merge(FILE, DEAL, *texts)

    assert merged.text == changed
    assert words(merged) == [
        f"the file: {'ours removed, theirs changed' if side == 'ours' else 'ours changed, theirs removed'}"
    ]
    assert merge(FILE, DEAL, *texts, prefer=side) == Merged("")
    assert merge(FILE, DEAL, None, DEAL) == merge(FILE, DEAL, DEAL, None) == Merged("")


# Comments, and all that is no field


def test_comments_of_both_sides_stay():
    ours = edited(
        ("amount: 4998.00", "# ask for more\namount: 4998.00 # by phone"),
        ("  by: ana", "  by: ana\n  # not on Fridays"),
    )
    theirs = edited(
        ("owner: ana", "owner: luis # hers until May"),
        ("as the customer says", "as they say"),
        ("  quantity: 2\n", "  # at least\n  quantity: 2\n"),
        ("- id: AAAAA", "# the first\n- id: AAAAA # a good one"),
        ("tags: [vip, iberia]\n", "tags: [vip, iberia]\n# the end\n"),
    )
    merged = both(DEAL, ours, theirs)

    assert merged.text == edited(
        ("amount: 4998.00", "# ask for more\namount: 4998.00 # by phone"),
        ("  by: ana", "  by: ana\n  # not on Fridays"),
        ("owner: ana", "owner: luis # hers until May"),
        ('machines"   # as the customer says', 'machines" # as they say'),
        ("  quantity: 2\n", "  # at least\n  quantity: 2\n"),
        ("- id: AAAAA", "# the first\n- id: AAAAA # a good one"),
        ("tags: [vip, iberia]\n", "tags: [vip, iberia]\n# the end\n"),
    )


def test_two_comments_on_one_line():
    merged = both(
        DEAL,
        edited(("owner: ana", "owner: ana # until May")),
        edited(("owner: ana", "owner: luis # for now")),
    )
    assert merged.text == edited(("owner: ana", "# for now\nowner: luis # until May"))


def test_a_comment_on_what_the_other_side_removed_stays():
    merged = both(
        DEAL,
        edited(("- product: grinder\n  description: Grinder\n  unit_price: 199.00\n", "")),
        edited(("  description: Grinder\n", "  description: Grinder\n  # in the cellar\n")),
    )
    assert merged.conflicts == ()
    assert "# in the cellar\n" in merged.text and "Grinder" not in merged.text


def test_a_comment_that_one_side_removed_goes():
    ours = edited((" # two, for the two counters", ""), ("   # as the customer says", ""))
    theirs = edited(("quantity: 2", "quantity: 3"))

    assert both(DEAL, ours, theirs).text == ours.replace("quantity: 2", "quantity: 3")
    assert merge(FILE, DEAL, theirs, ours).text == ours.replace("quantity: 2", "quantity: 3")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_line_breaks_and_byte_order_mark_stay(mark: str, line_break: str):
    def typed(text: str) -> str:
        return mark + text.replace("\n", line_break)

    ours, theirs = edited(("4998.00", "1.00")), edited(("vip", "v"), ("by: ana", "by: ana # c"))
    clean = edited(("4998.00", "1.00"), ("vip", "v"), ("by: ana", "by: ana # c"))
    assert both(typed(DEAL), typed(ours), typed(theirs)).text == typed(clean)

    marked = both(typed(DEAL), typed(ours), typed(edited(("4998.00", "2.00")))).text
    conflict = "<<<<<<< ours\namount: 1.00\n=======\namount: 2.00\n>>>>>>> theirs\n"
    assert marked == typed(edited(("amount: 4998.00\n", conflict)))


def test_a_layout_that_can_not_be_edited_is_written_anew():
    ours = "{id: contoso, name: Contoso, # ours\n email: a@b.example}\n"
    theirs = "id: contoso\nname: Contoso\nemail: b@b.example\nnotes: |\n  Two\n  lines\n"
    base = "id: contoso\nname: Contoso\nemail: b@b.example\n"
    merged = both(base, ours, theirs, "customers/contoso.yaml")

    assert record("customers/contoso.yaml", merged.text).plain() == {
        "id": "contoso", "name": "Contoso", "kind": "organization", "email": "a@b.example",
        "notes": "Two\nlines\n",
    }  # fmt: skip
    assert "# ours" in merged.text


# Settings


SETTINGS_TEXT = settings_text("EUR", "Contoso", "Europe/Madrid", Person("ana", "Ana", "ana@contoso.example"))


def test_settings_merge_too():
    ours = edited(
        ("teams: {} #", "  luis:\n    name: Luis\nteams: {} #"),
        ("      probability: 25\n", "      probability: 30\n"),
        ("    - id: propose\n", "    - id: trial\n      probability: 40\n    - id: propose\n"),
        ("sources: [] #", "sources: [web] #"),
        text=SETTINGS_TEXT,
    )
    theirs = edited(
        ("teams: {} #", "  joao: # in Lisbon\n    name: João\nteams: {} #"),
        ("      name: Demo\n", "      name: Demonstration\n"),
        ("assignment_rules: [] #", "assignment_rules: [{name: all, users: [ana, joao]}] #"),
        ("quality, budget", "quality, features, budget"),
        text=SETTINGS_TEXT,
    )
    merged = both(SETTINGS_TEXT, ours, theirs, "pipecli.yaml")

    settings = record("pipecli.yaml", merged.text).plain()
    assert merged.conflicts == ()
    assert list(settings["users"]) == ["ana", "joao", "luis"]
    stages = settings["processes"]["standard"]["stages"]
    assert [stage["id"] for stage in stages] == ["qualify", "demo", "trial", "propose", "negotiate", "commit"]
    assert (stages[1]["name"], stages[1]["probability"]) == ("Demonstration", 30)
    assert "features" in settings["lost_reasons"] and settings["sources"] == ["web"]
    assert "joao: # in Lisbon\n" in merged.text
    comments = re.findall(r"#.*", SETTINGS_TEXT)
    assert [each for each in comments if each not in merged.text] == []


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (
            [("teams: {} #", "teams: {ana: {name: Ana}} #"), ("  ana:\n    name: Ana\n", "  me:\n    name: Ana\n")],
            [("assignment_rules: [] #", "assignment_rules: [{name: all, users: [ana]}] #")],
            "assignment_rules.0.users.0: there is no user ana",
        ),
        (
            [("[price, quality, budget, timing, competitor, no-decision, no-response]", "[price, no-response]")],
            [("  reason: no-response", "  reason: quality")],
            "auto_close.reason: quality is none of lost_reasons",
        ),
        (
            [("      name: Demo\n      probability: 25\n", "      name: Demo\n      probability: 30\n")],
            [("      name: Demo\n      probability: 25\n", "      name: Demo\n      probability: 20\n")],
            "processes.standard stage demo, probability: ours 30, theirs 20",
        ),
    ],
)  # fmt: skip
def test_settings_in_conflict(ours, theirs, said: str):
    base = SETTINGS_TEXT.replace("    name: Ana\n    email: ana@contoso.example\n", "    name: Ana\n")
    merged = both(base, edited(*ours, text=base), edited(*theirs, text=base), "pipecli.yaml")

    assert said in " ".join(words(merged))


# What is no record


def test_a_version_that_is_no_record_is_merged_by_line():
    theirs = edited(("tags: [vip", "tagz: [vip"))
    merged = merge(FILE, DEAL, edited(("4998.00", "5400.00")), theirs)

    assert (
        merged.by_line
        == 'theirs, line 32: unknown key "tagz", did you mean "tags"?; keys of your own go under `custom:`'
    )
    assert merged.text == edited(("4998.00", "5400.00"), text=theirs)
    assert words(merged) == [merged.by_line.replace("theirs", "the result")]


def test_a_version_that_is_no_yaml_is_merged_by_line():
    merged = merge(FILE, DEAL, edited(("4998.00", "[1")), edited(("4998.00", "2.00")))

    assert merged.by_line.startswith("ours, line 1")
    assert "<<<<<<< ours\namount: [1\n=======\namount: 2.00\n>>>>>>> theirs\n" in merged.text
    assert words(merged) == ["1 conflict is marked line by line"]


def test_a_version_that_was_no_record_yet_is_no_hindrance_to_those_that_are():
    base = edited(("type: sales\n", "type: sales\ncolour: red\n"))

    assert both(base, DEAL, edited(("4998.00", "1.00"))).text == edited(("4998.00", "1.00"))


def test_other_files_are_merged_as_git_does():
    assert merge("notes.yaml", "a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 1\nc: 1\n") == Merged(
        "a: 2\nb: 1\nc: 1\n", (), "it is no record"
    )


def test_of_a_binary_file_ours_is_kept():
    merged = merge_bytes(FILE, b"id: x\n", b"\0\1", b"\0\2")

    assert merged.content == b"\0\1"
    assert [each.words for each in merged.conflicts] == [
        "a file that is no text can't be merged: ours is kept"
    ]
    assert merge_bytes(FILE, b"id: x\n", b"\0\1", b"\0\2", prefer="theirs").content == b"\0\2"
    assert merge_bytes(FILE, b"\0\1", b"\0\1", b"\0\2").content == b"\0\2"


def test_every_list_of_things_has_what_names_them():
    """A list of a new model merges by identity only if one of its fields is one."""
    lists_of_things = []
    for model in (SETTINGS.model, *(each.model for each in KINDS)):
        lists_of_things += list(_lists_of(model, ()))
    assert len(lists_of_things) > 8
    assert [path for path, keys in lists_of_things if not identity(keys)] == []


def _lists_of(model, path):
    for name, field in model.model_fields.items():
        for option in fields.options(field.rebuild_annotation()):
            yield from _lists_in(option, (*path, name))


def _lists_in(annotation, path):
    arguments = [inner for each in get_args(annotation) for inner in fields.options(each)]
    parts = [each for each in (annotation, *arguments) if isinstance(each, type) and issubclass(each, Part)]
    for part in parts:
        if get_origin(annotation) is tuple:
            yield path, fields.keys_at(part, ())
        yield from _lists_of(part, path)
    if not parts:
        for each in arguments:
            yield from _lists_in(each, path) if get_args(each) else ()
