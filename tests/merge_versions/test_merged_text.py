"""What isn't a field: comments and layout stay; what isn't a record is merged line by line."""

from __future__ import annotations

import pytest

from pipecli.merge_versions import merge_file as merging
from pipecli.merge_versions.merge_file import exact_numbers, merge_file
from tests.merging import DEAL, FILE, Merged, both, edited, merge, record, words


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
    assert "  by: ana\n  # not on Fridays\n" in merge(FILE, DEAL, theirs, ours).text


def test_a_comment_at_the_end_of_the_file_stays_there_below_what_the_other_side_added():
    ours, theirs = f"{DEAL}custom:\n  colour: red\n", f"{DEAL}# the end\n"
    assert both(DEAL, ours, theirs).text == f"{ours}# the end\n"


def test_two_comments_on_one_line():
    merged = both(
        DEAL,
        edited(("owner: ana", "owner: ana # until May")),
        edited(("owner: ana", "owner: luis # for now")),
    )
    assert merged.text == edited(("owner: ana", "# for now\nowner: luis # until May"))


def test_the_same_comment_comes_as_often_as_it_was_written():
    note = "# Ask Ana\n#\n# not Luis\n#\n"
    ours, theirs = edited(("tags:", f"{note}tags:")), edited(("tags:", f"{note}# nor Joao\ntags:"))
    base = edited(("activities:", "#\nactivities:"))

    assert both(DEAL, edited(("4998.00", "1.00")), ours).text == edited(("4998.00", "1.00"), text=ours)
    assert both(DEAL, ours, theirs).text == theirs
    fewer = edited(("#\nactivities:", "activities:"), text=base)
    assert both(base, edited(("4998.00", "1.00"), text=base), fewer).text == edited(("4998.00", "1.00"))


def test_a_comment_on_what_the_other_side_removed_stays():
    merged = both(
        DEAL,
        edited(("- product: grinder\n  description: Grinder\n  unit_price: 199.00\n", "")),
        edited(("  description: Grinder\n", "  description: Grinder\n  # in the cellar\n")),
    )
    assert merged.conflicts == ()
    assert "# in the cellar\n" in merged.text and "Grinder" not in merged.text


def test_a_comment_that_both_sides_moved_stands_where_ours_has_it():
    note = " # two, for the two counters"
    ours = edited((note, ""), ("  description: Grinder", f"  description: Grinder{note}"))
    theirs = edited((note, ""), ("tags:", f"{note.strip()}\ntags:"))

    assert merge(FILE, DEAL, ours, theirs).text == ours
    assert merge(FILE, DEAL, theirs, ours).text == theirs


def test_a_comment_beside_a_list_over_lines_stands_at_its_end():
    base = edited(("[vip, iberia]", "[vip,\n  iberia]"))
    theirs = edited(("iberia]", "iberia] # both"), text=base)
    ours = edited(("4998.00", "1.00"), text=base)
    assert merge(FILE, base, ours, theirs).text == edited(("4998.00", "1.00"), text=theirs)


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


def test_a_version_that_is_no_record_is_merged_by_line():
    theirs = edited(("tags: [vip", "tagz: [vip"))
    merged = merge(FILE, DEAL, edited(("4998.00", "5400.00")), theirs)

    assert merged.by_line.startswith('theirs, line 32: unknown key "tagz", did you mean "tags"?')
    assert merged.text == edited(("4998.00", "5400.00"), text=theirs)
    assert words(merged) == [merged.by_line.replace("theirs", "the result")]


def test_a_version_that_is_no_yaml_is_merged_by_line():
    merged = merge(FILE, DEAL, edited(("4998.00", "[1")), edited(("4998.00", "2.00")))

    assert merged.by_line.startswith("ours, line 1")
    assert "<<<<<<< ours\namount: [1\n=======\namount: 2.00\n>>>>>>> theirs\n" in merged.text
    assert words(merged) == ["1 conflict is marked line by line"]
    long = merge(FILE, DEAL, edited(("[vip", "[" + "a, " * 20_000)), edited(("4998.00", "2.00")))
    assert long.by_line == "it is too long to be merged by field"
    deep = f"{DEAL}notes: &a b\n# {'- ' * 64}\n"
    assert merge(FILE, DEAL, deep, edited(("4998.00", "2.00"))).by_line.startswith("ours: is too long or too")


def test_a_version_that_was_no_record_yet_is_no_hindrance_to_those_that_are():
    base = edited(("type: sales\n", "type: sales\ncolour: red\n"))

    assert both(base, DEAL, edited(("4998.00", "1.00"))).text == edited(("4998.00", "1.00"))


def test_a_fault_of_our_own_loses_no_side(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(merging, "merge_record", lambda *_: {}["a"])
    ours, theirs = edited(("4998.00", "1.00")), edited(("4998.00", "2.00"))

    merged = merge(FILE, DEAL, ours, theirs)
    assert merged.by_line == "a fault in pipecli itself: KeyError: 'a'"
    assert "<<<<<<< ours\namount: 1.00\n=======\namount: 2.00\n>>>>>>> theirs\n" in merged.text
    assert merge(FILE, DEAL, ours, edited(("type: sales\n", ""))).text == ours.replace("type: sales\n", "")
    monkeypatch.setenv("PIPECLI_DEBUG", "1")
    with pytest.raises(KeyError):
        merge(FILE, DEAL, ours, theirs)


def test_other_files_are_merged_as_git_does():
    assert merge("notes.yaml", "a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 1\nc: 1\n") == Merged(
        "a: 2\nb: 1\nc: 1\n", (), "it isn't a record"
    )


def test_conflicts_without_number_are_told_from_a_failure_of_git():
    base, ours, theirs = (
        "".join(f"a{n}: {value}\n" + "x: 0\n" * 4 for n in range(127)) for value in ("0", "1", "2")
    )
    (conflict,) = merge("notes.yaml", base, ours, theirs).conflicts
    assert conflict.words == "127 conflicts are marked line by line"


def test_of_a_binary_file_ours_is_kept():
    merged = merge_file(FILE, b"id: x\n", b"\0\1", b"\0\2")

    assert merged.content == b"\0\1"
    (conflict,) = merged.conflicts
    assert conflict.words == "a file that isn't text can't be merged: ours is kept"
    assert merge_file(FILE, b"id: x\n", b"\0\1", b"\0\2", prefer="theirs").content == b"\0\2"
    assert merge_file(FILE, b"\0\1", b"\0\1", b"\0\2").content == b"\0\2"


def test_the_first_line_of_a_text_of_several_has_its_comment():
    base = f"{DEAL}notes: |\n  one\n  two\n"
    merged = both(base, base.replace("4998", "5000"), base.replace("notes: |", "notes: | # why"))
    assert merged.text == f"{edited(('4998', '5000'))}notes: | # why\n  one\n  two\n"


def test_a_comment_on_what_is_in_conflict_comes_with_that_side_alone():
    grinder = "- product: grinder\n  description: Grinder\n  unit_price: 199.00\n"
    theirs = grinder.replace("199.00", "209.00 # a new price")
    merged = merge(FILE, DEAL, edited((grinder, "")), edited((grinder, theirs)))
    assert merged.text == edited((grinder, f"<<<<<<< ours\n=======\n{theirs}>>>>>>> theirs\n"))


def test_fields_that_share_a_line_and_very_many_are_marked_by_their_lines():
    def custom(keys: str, value: int) -> str:
        return f"{DEAL}custom:\n" + "".join(f"  {key}: {value}\n" for key in keys)

    def marks(base: str, ours: str, theirs: str) -> tuple[int, int]:
        merged = merge(FILE, base, ours, theirs)
        return len(merged.conflicts), merged.text.count("<<<<<<< ours\n")

    for keys, blocks in (("abcdefghijkl", 12), ("abcdefghijklm", 1)):
        versions = [custom(keys, value) for value in (1, 2, 3)]
        assert marks(*versions) == (len(keys), blocks)
    flow = [f"{DEAL}custom: {{a: {value}, b: {value}}}\n" for value in (1, 2, 3)]
    assert marks(*flow) == (2, 1)


def test_numbers_are_as_they_are_written_whatever_says_nothing_between_them():
    text = "a:\n-\n- 1.50\n- {b: 2.0, c: ~}\n- []\n"
    plain = {"a": [1.5, {"b": 2.0}]}
    assert str(exact_numbers(plain, text)) == "{'a': [Decimal('1.50'), {'b': Decimal('2.0')}]}"
