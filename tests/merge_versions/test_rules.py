"""Changes that merge field by field, and together say what no record may."""

from __future__ import annotations

import re

import pytest

from pipecli.history.events_in_words import by_identity, plain_list
from pipecli.merge_versions.field_by_field import (
    FieldConflict,
    from_quantity,
    members,
    merged_order,
    names_at,
)
from pipecli.merge_versions.merge_file import in_words
from pipecli.records.opportunity import Opportunity
from pipecli.store.create_pipeline import Person, settings_text
from pipecli.store.yaml.splice import align, renames
from pipecli.store.yaml.write import without_empties
from tests.merging import DEAL, FILE, both, edited, merge, record, taken, words
from tests.steps import Told, steps

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
        "closed: ours removed, theirs date 2026-12-01, reason budget",
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
            [("  luis:\n    name: Luis\n", "")],
            [("assignment_rules: [] #", "assignment_rules: [{name: all, users: [luis]}] #")],
            "assignment_rules.1.users.1: unknown user luis",
        ),
        (
            [("quality, budget", "budget")],
            [("  reason: no-response", "  reason: quality")],
            "auto_close.reason: quality isn't one of lost_reasons",
        ),
        (
            [("      name: Demo\n      probability: 25\n", "      name: Demo\n      probability: 30\n")],
            [("      name: Demo\n      probability: 25\n", "      name: Demo\n      probability: 20\n")],
            "processes.standard stage demo, probability: ours 30, theirs 20",
        ),
        (
            [("teams: {} #", "  south:\n    name: South\nteams: {} #")],
            [("teams: {} #", "teams: {south: {name: South}} #")],
            "south is a user and a team",
        ),
        (
            [("  luis:\n    name: Luis\n", "")],
            [("targets: {} #", "targets: {2026-Q4: {luis: 5}} #")],
            "unknown user or team luis",
        ),
    ],
)  # fmt: skip
def test_settings_in_conflict(ours, theirs, said: str):
    base = edited(("teams: {} #", "  luis:\n    name: Luis\nteams: {} #"), text=SETTINGS_TEXT)
    merged = both(base, edited(*ours, text=base), edited(*theirs, text=base), "pipecli.yaml")

    assert said in " ".join(words(merged))


def test_of_two_who_marked_one_quotation_as_sent_the_earlier_did():
    first, second = (
        OFFER.replace("status: draft", f"sent: {at}\nstatus: sent")
        for at in ("2026-11-20T10:00:00+01:00", "2026-11-20T09:30:00Z")
    )
    merged = both(OFFER, first, second, RULES[-1][0])
    assert not merged.conflicts
    assert merged.text == first
    assert both(OFFER, second, first, RULES[-1][0]).text == first


def test_a_quotation_may_be_valid_for_its_day_alone():
    file, ours = RULES[-1][0], OFFER.replace("2026-11-20", "2026-12-15")
    merged = both(OFFER, ours, OFFER.replace("status", "valid_until: 2026-12-15\nstatus"), file)
    assert not merged.conflicts
    assert "date: 2026-12-15\n" in merged.text and "valid_until: 2026-12-15\n" in merged.text


def test_an_order_of_both_sides():
    def order(base: str, ours: str, theirs: str) -> str | None:
        merged = merged_order(base, ours, theirs, str)
        return None if merged is None else "".join(merged)

    assert order("abc", "bac", "acb") is None
    assert order("abc", "bac", "abc") == order("abc", "abc", "bac") == order("abc", "bac", "bac") == "bac"
    assert order("", "ayx", "bxy") == order("", "bxy", "ayx") == "ayxb"
    assert order("", "axc", "bxd") == "abxcd"
    assert order("a", "xa", "ax") == "xa"
    assert order("ab", "axb", "abx") == order("ab", "abx", "axb") == "axb"
    assert without_empties({"a": [None, {}, {"b": None}, 0, False], "c": {"d": []}, "e": None}) == {
        "a": [0, False]
    }
    tiers = ({"from": 10}, {"from": "ten"}, "text", None)
    assert [from_quantity(tier) for tier in tiers] == [10, 0, 0, 0]


def test_where_the_base_decides_and_the_rest_breaks_a_rule_the_base_stays_whole():
    """As of an undo: what it takes back goes back as one, where it doesn't go with what came later."""
    contacts = "contacts:\n- contact: maria-lopez\n  role: decision-maker\n"
    base = edited((contacts, "contacts:\n- contact: maria-lopez\n  primary: true\n"))
    other = "contacts:\n- contact: maria-lopez\n  role: user\n- contact: luis\n  primary: true\n"
    ours, theirs = edited((contacts, other)), base.replace("primary: true", "primary: false")
    assert merge(FILE, base, ours, theirs, prefer="base").text == base
    assert merge(FILE, base, ours, theirs, prefer="ours").text == ours


def test_things_of_which_one_has_no_name_are_in_conflict_as_a_whole():
    base = f"{DEAL}custom:\n  things:\n  - {{id: a, n: 1}}\n  - {{n: 2}}\n"
    merged = merge(FILE, base, base.replace("n: 1", "n: 3"), base.replace("n: 2", "n: 4"))
    assert words(merged) == ["custom.things: ours id a, n 3, n 2, theirs id a, n 1, n 4"]
    named = base.replace("{n: 2}", "{id: b, n: 2}")
    assert both(named, named.replace("n: 1", "n: 3"), named.replace("n: 2", "n: 4")).conflicts == ()


def test_things_of_a_free_list_are_named_by_what_all_have_and_no_two_share():
    def named(*values):
        return names_at(Opportunity, ("custom", "sites"), [{"name": value, "size": 1} for value in values])

    assert (named("quay", "mill"), named("quay", "quay"), named("quay", ""), named("quay", None)) == (
        ("name",),
        (),
        (),
        (),
    )
    assert names_at(Opportunity, ("custom", "sites"), [{"name": "quay"}, {"size": 1}]) == ()


@pytest.mark.parametrize(("base", "absent"), [(None, "none"), ("2026-12-01", "removed")])
def test_a_field_that_only_one_side_has_was_removed_by_the_other_or_never_there(base, absent):
    conflict = FieldConflict(("expected_close",), base, None, "2026-12-09")
    told = in_words(Opportunity, conflict, {}, {"expected_close": "2026-12-09"}, {})
    assert told.words == f"expected_close: ours {absent}, theirs 2026-12-09"


def test_a_key_of_ones_own_stands_where_its_side_put_it():
    base = f"{DEAL}custom:\n  size: 1\n  colour: red\n"
    theirs = base.replace("  colour", "  weight: 2\n  colour")
    ours = base.replace("red", "blue")
    assert merge(FILE, base, ours, theirs).text == theirs.replace("red", "blue")
    assert merge(FILE, base, theirs, ours).text == theirs.replace("red", "blue")


def test_a_key_of_ones_own_may_be_gone_with_all_others():
    base = f"{DEAL}custom: {{size: 1}}\n"
    merged = merge(FILE, base, base.replace("size: 1", "size: 2"), DEAL)
    assert words(merged) == ["custom.size: ours 2, theirs removed"]


def test_a_line_of_one_external_id_is_another_by_its_name_unless_asked():
    old, new = ({"external_id": "7", "product": product} for product in ("mill", "cup"))
    assert len(members([old], [new], [old], ("product",)).all) == 2
    assert len(members([old], [new], [old], ("product",), by_external_id=True).all) == 1


def long_lists(length):
    """Match, merge and tell the members of lists in all ways that once took the square of their time."""
    numbers = range(length)
    old, new = ([Told(f"{sign}{number}") for number in numbers] for sign in "ab")
    things = [{"product": "grinder", "quantity": Told(number)} for number in numbers]
    nameless, others = ([{sign: Told(number)} for number in numbers] for sign in "ab")
    merged = members([], old, new, ())
    assert merged_order(merged.base, merged.ours, merged.theirs, str)
    assert set(align(old, new)) == {None}
    assert align(things, things[::-1])[0] == length - 1
    assert align(nameless, others) == [*numbers]
    one, other = Told("a"), Told("b")
    assert align([one, other] * length, [other, one] * length)[:2] == [1, 0]
    assert (
        len(renames(dict(zip(old, numbers, strict=True)), dict(zip(new, numbers[::-1], strict=True))))
        == length
    )
    assert plain_list("tags", old, [*old, *new]).startswith("tags: added b0, b1")
    assert len(by_identity(things)) == length
    sides = {"items": things}, {"items": things[::-1]}
    named: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for number in numbers[::4]:
        conflict = FieldConflict(("items", f"grinder#{number + 2}", "quantity"), 1, 2, 3)
        assert in_words(Opportunity, conflict, *sides, named).words.startswith(f"item grinder#{number + 2}, ")


def test_a_long_list_takes_no_square_of_its_time():
    few, many = (steps(lambda length=length: long_lists(length)) for length in (200, 800))
    assert many < 4.5 * few
