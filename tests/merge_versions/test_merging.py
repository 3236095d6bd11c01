"""Two sides change one record: what merges by itself, and what is in conflict."""

from __future__ import annotations

from typing import get_args, get_origin

import pytest

from pipecli.merge_versions.merge_file import merge_file
from pipecli.records import base as fields
from pipecli.records.base import Part
from pipecli.records.kinds import KINDS, SETTINGS
from tests.merging import DEAL, FILE, Merged, both, edited, merge, record, taken, words

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
        "a tag added here where the order changed there",
        edited(("[vip, iberia]", "[vip, new, iberia]")),
        edited(("[vip, iberia]", "[iberia, vip]")),
        edited(("[vip, iberia]", "[iberia, vip, new]")),
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
        "another process here, an amount there",
        edited(("process: standard\nstage: qualify", "process: direct\nstage: first")),
        edited(("4998.00", "5400.00")),
        edited(
            ("process: standard\nstage: qualify", "process: direct\nstage: first"), ("4998.00", "5400.00")
        ),
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
        ["next_contact: ours removed, theirs date 2026-12-09, by ana"],
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
        ["item Grinder: ours removed, theirs 1 × Grinder at 189.00"],
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


def test_an_order_that_both_sides_changed_is_in_conflict():
    base = edited(("[vip, iberia]", "[a, b, c]"))
    merged = both(
        base, edited(("[a, b, c]", "[b, a, c]"), text=base), edited(("[a, b, c]", "[a, c, b]"), text=base)
    )

    assert words(merged) == ["tags, the order: ours b, a, c, theirs a, c, b"]
    assert "<<<<<<< ours\ntags: [b, a, c]\n=======\ntags: [a, c, b]\n>>>>>>> theirs\n" in merged.text


def test_a_value_of_ones_own_that_is_a_map_on_both_sides_now_is_merged_by_key():
    base, ours, theirs = (
        edited(("tags:", f"custom:\n  size: {size}\ntags:")) for size in ("big", "{seats: 4}", "{rooms: 2}")
    )
    assert "size: {rooms: 2, seats: 4}\n" in both(base, ours, theirs).text


def test_a_comment_comes_along_to_the_last_line_of_its_value():
    base = edited(("tags:", "notes: One\n  two\ntags:"))
    ours, theirs = edited(("4998.00", "5400.00"), text=base), edited(("  two\n", "  two # his\n"), text=base)
    assert "notes: One\n  two # his\ntags:" in both(base, ours, theirs).text


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
    written = edited(("  subject: Intro call\n", "  subject: Intro call\n  done: false\n"))
    longer = edited(("  subject: Intro call\n", "  subject: Intro call\n  duration: 20\n"))
    assert both(written, DEAL, longer).text == longer  # and one that both left out stays so


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


def test_every_list_of_things_has_what_names_them():
    """A list of a new model merges by identity only if one of its fields is one."""
    lists_of_things = []
    for model in (SETTINGS.model, *(each.model for each in KINDS)):
        lists_of_things += list(_lists_of(model, ()))
    assert len(lists_of_things) > 8
    assert [path for path, part in lists_of_things if not part.identified_by] == []
    assert all({*part.identified_by} <= {*fields.keys_at(part, ())} for _, part in lists_of_things)


def _lists_of(model, path):
    for name, field in model.model_fields.items():
        for option in fields.options(field.rebuild_annotation()):
            yield from _lists_in(option, (*path, name))


def _lists_in(annotation, path):
    arguments = [inner for each in get_args(annotation) for inner in fields.options(each)]
    parts = [each for each in (annotation, *arguments) if isinstance(each, type) and issubclass(each, Part)]
    for part in parts:
        if get_origin(annotation) is tuple:
            yield path, part
        yield from _lists_of(part, path)
    if not parts:
        for each in arguments:
            yield from _lists_in(each, path) if get_args(each) else ()


def test_a_list_emptied_here_keeps_what_is_added_there():
    merged = both(
        DEAL,
        edited(("tags: [vip, iberia]\n", "")),
        edited(("tags: [vip, iberia]", "tags: [vip, iberia, new]")),
    )

    assert not merged.conflicts
    assert record(FILE, merged.text).tags == ("new",)


def test_things_of_a_free_list_meet_by_the_field_that_tells_them_apart():
    machines = "custom:\n  machines:\n  - {id: a, serial: 1}\n  - {id: b, serial: 2}\n"
    base = DEAL + machines
    merged = both(base, base.replace("serial: 1", "serial: 7"), base.replace("serial: 2", "serial: 8"))

    assert not merged.conflicts
    assert merged.text == base.replace("serial: 1", "serial: 7").replace("serial: 2", "serial: 8")


def own(text: str) -> str:
    """The deal with fields of one's own."""
    return edited(("tags:", f"custom: {text}\ntags:"))


def test_fields_of_ones_own_merge_in_whatever_order_and_of_whatever_kind_they_are():
    merged = both(own("{a: 1, b: 1, c: 1}"), own("{b: 1, a: 2, c: 1}"), own("{a: 1, c: 3, b: 1}"))
    assert (merged.conflicts, record(FILE, merged.text).custom) == ((), {"a": 2, "b": 1, "c": 3})
    merged = both(own("{x: 1}"), own("{x: [a]}"), own("{x: [b]}"))
    assert (merged.conflicts, record(FILE, merged.text).custom) == ((), {"x": ["a", "b"]})
    machines = "{{x: [{{id: 7, serial: {}}}, {{id: {}, serial: {}}}]}}"
    merged = both(
        own(machines.format(1, 8, 1)), own(machines.format(2, 8, 1)), own(machines.format(1, "8.0", 2))
    )
    serials = [machine["serial"] for machine in record(FILE, merged.text).custom["x"]]
    assert (merged.conflicts, serials) == ((), [2, 2])


TWO_OF_ONE_NAME = "[{{id: 7, a: {}}}, {{id: 7, a: 4}}]"
ONE_OF_NO_NAME = '[{{id: "", a: {}}}, {{id: 7, a: 4}}]'


@pytest.mark.parametrize(
    "free", ["[{}, {{a: 1}}]", "[[{}]]", "[{{a: {}}}, {{b: 1}}]", TWO_OF_ONE_NAME, ONE_OF_NO_NAME]
)
def test_a_list_of_ones_own_whose_members_nothing_names_is_in_conflict_as_a_whole(free: str):
    merged = both(*(own(f"{{x: {free.format(number)}}}") for number in (1, 2, 3)))
    assert [conflict.path for conflict in merged.conflicts] == ["custom.x"]


def test_prices_by_quantity_stand_in_the_order_of_the_quantities():
    tiers = "id: retail\ncurrency: EUR\nprices:\n  mill:\n  - from: 1\n    price: 9\n"
    ours, theirs = (f"{tiers}  - from: {start}\n    price: 8\n" for start in (100, 20))
    merged = both(tiers, ours, theirs, "price-lists/retail.yaml")
    assert not merged.conflicts
    mill = record("price-lists/retail.yaml", merged.text).prices["mill"]
    assert [tier.from_ for tier in mill] == [1, 20, 100]


def test_a_file_that_is_no_text_is_taken_whole():
    base, ours, theirs = (b"\0%d" % number for number in (1, 2, 3))
    said = "a file that isn't text can't be merged: ours is kept"
    for prefer, wanted in ((None, ours), ("ours", ours), ("theirs", theirs), ("base", base)):
        merged = merge_file("templates/logo.png", base, ours, theirs, prefer)
        assert merged.content == wanted
        assert [conflict.words for conflict in merged.conflicts] == ([] if prefer else [said])


def test_two_lines_of_one_product_are_two():
    more = "- product: cafe-s-100\n  description: Café S-100\n  quantity: 1\n  unit_price: 2499.00\n"
    base = edited(("contacts:", f"{more}contacts:"))
    ours, theirs = (
        base.replace(*change) for change in (("quantity: 2", "quantity: 3"), ("quantity: 1", "quantity: 4"))
    )
    assert both(base, ours, theirs).text == ours.replace("quantity: 1", "quantity: 4")
