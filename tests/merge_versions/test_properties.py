"""What holds for any three versions of a deal that two people changed, by commands and by hand."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecli.errors import FaultyFile
from pipecli.records import base as fields
from pipecli.records.kinds import OPPORTUNITY
from pipecli.store.yaml import edit as yamledit
from pipecli.store.yaml import read
from pipecli.store.yaml.write import emit, without_empties
from tests.merging import FILE, merge, record, taken

Deal = dict[str, Any]
Edit = Callable[[Deal], object]

NEW: Deal = {
    "id": "OPP-2Q8XA", "created": "2026-11-02T10:00:00+01:00", "title": "Espresso machines", "type": "sales",
    "process": "standard", "stage": "qualify", "status": "open", "currency": "EUR",
}  # fmt: skip
texts = st.sampled_from(["one", "two: three", "# four", "five\nsix", "- y", "Café", "yes"])
lines = texts.map(lambda text: text.replace("\n", " "))
items = st.fixed_dictionaries(
    {"description": st.sampled_from(["Café", "Mill"]), "unit_price": st.sampled_from([2499.0, 10.5, 3])},
    optional={"product": st.sampled_from(["cafe", "mill"]), "quantity": st.integers(1, 3)},
)
activities = st.fixed_dictionaries(
    {
        "id": st.text("ABC", min_size=5, max_size=5), "type": st.sampled_from(["call", "note"]),
        "at": st.sampled_from(["2026-11-03", "2026-11-04T10:00:00+01:00"]), "subject": lines,
    },
    optional={"done": st.booleans(), "notes": texts},
)  # fmt: skip
contacts = st.fixed_dictionaries(
    {"date": st.sampled_from(["2026-12-01", "2026-12-02"])}, optional={"note": lines}
)
stakeholders = st.fixed_dictionaries({"contact": st.sampled_from("abc")}, optional={"role": lines})


def puts(field: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Edit]:
    return values.map(lambda value: lambda deal: deal.update({field: copy.deepcopy(value)}))


def drops(field: str) -> st.SearchStrategy[Edit]:
    return st.just(lambda deal: deal.pop(field, None))


def adds(field: str, values: st.SearchStrategy[Any], key: Callable[[Any], object]) -> st.SearchStrategy[Edit]:
    def edit(value: Any, place: int) -> Edit:
        def add(deal: Deal) -> None:
            listed = deal.setdefault(field, [])
            if key(value) not in map(key, listed):
                listed.insert(place % (len(listed) + 1), copy.deepcopy(value))

        return add

    return st.builds(edit, values, st.integers(0, 3))


def removes(field: str) -> st.SearchStrategy[Edit]:
    return st.integers(0, 3).map(
        lambda place: lambda deal: deal.get(field) and deal[field].pop(place % len(deal[field]))
    )


def changes(field: str, key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Edit]:
    return st.builds(
        lambda place, value: (
            lambda deal: deal.get(field) and deal[field][place % len(deal[field])].update({key: value})
        ),
        st.integers(0, 3),
        values,
    )


def lose(deal: Deal) -> None:
    deal.update(status="lost", closed={"date": "2026-12-01", "reason": "price"})


def reopen(deal: Deal) -> None:
    deal["status"] = "open"
    deal.pop("closed", None)


edits = st.one_of(
    puts("title", lines), puts("amount", st.sampled_from([4998, 95.5, 95.25])), drops("amount"),
    puts("notes", texts), puts("next_contact", contacts), drops("next_contact"),
    puts("key_info", st.dictionaries(st.sampled_from(["need", "budget"]), texts)),
    adds("items", items, repr), removes("items"), changes("items", "quantity", st.integers(1, 4)),
    adds("activities", activities, lambda each: each["id"]), removes("activities"),
    changes("activities", "done", st.just(True)), changes("activities", "subject", lines),
    adds("contacts", stakeholders, lambda each: each["contact"]), changes("contacts", "role", lines),
    adds("tags", st.sampled_from("abcdef"), str), removes("tags"), st.just(lose), st.just(reopen),
    puts("custom", st.dictionaries(st.sampled_from("pqr"), st.one_of(texts, st.lists(texts, max_size=2)))),
)  # fmt: skip


class Versions(NamedTuple):
    base: str
    ours: str
    theirs: str


@st.composite
def versions(draw: st.DrawFn) -> Versions:
    """A deal, and what two people made of it with commands, then with comments by hand."""
    deal = copy.deepcopy(NEW)
    for edit in draw(st.lists(edits, max_size=10)):
        edit(deal)
    base = remarked(draw, written(without_empties(deal)), "base")
    sides = []
    for name in ("ours", "theirs"):
        said = read.parse(base, "")
        for edit in draw(st.lists(edits, min_size=1, max_size=5)):
            edit(said)
        sides.append(remarked(draw, typed(base, without_empties(said)), name))
    return Versions(base, *sides)


def written(deal: Deal) -> str:
    keys = fields.keys_at(OPPORTUNITY.model, ())
    return emit({key: deal[key] for key in keys if key in deal}, "x.json")


def typed(base: str, deal: Deal) -> str:
    before = without_empties(read.parse(base, ""))
    return yamledit.edit(base, before, deal, lambda path: fields.keys_at(OPPORTUNITY.model, path))


def remarked(draw: st.DrawFn, text: str, name: str) -> str:
    """The text with up to two comments, beside lines or between them, where they change no value."""
    before = read.parse(text, "")
    for number in range(draw(st.integers(0, 2))):
        all_lines = text.split("\n")
        place, margin = draw(st.integers(0, len(all_lines) - 1)), draw(st.sampled_from(["", "  ", None]))
        if margin is None and all_lines[place]:
            all_lines[place] += f" # {name}{number}"
        else:
            all_lines.insert(place, f"{margin or ''}# {name}{number}")
        made = "\n".join(all_lines)
        with suppress(FaultyFile):
            text = made if read.parse(made, "") == before else text
    return text


def comments(text: str) -> set[str]:
    return set(re.findall(r"# (?:base|ours|theirs)\d", text))


properties = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@properties
@given(versions())
def test_merging_with_an_unchanged_side_is_the_other_side(drawn: Versions):
    base, ours, _ = drawn
    assert merge(FILE, base, ours, base).text == merge(FILE, base, base, ours).text == ours

    # Unchanged but for a comment: the other side, and the comment.
    merged = merge(FILE, base, f"{base}# new\n", ours)
    assert merged.conflicts == ()
    assert record(FILE, merged.text) == record(FILE, ours)
    assert comments(merged.text) >= comments(ours) and "# new\n" in merged.text


@properties
@given(versions())
def test_the_two_orders_agree(drawn: Versions):
    base, ours, theirs = drawn
    merged, mirrored = merge(FILE, base, ours, theirs), merge(FILE, base, theirs, ours)

    assert sorted(each.path for each in merged.conflicts) == sorted(each.path for each in mirrored.conflicts)
    if not merged.conflicts:
        assert record(FILE, merged.text) == record(FILE, mirrored.text)
    one, other = (merge(FILE, base, *pair, prefer=side) for pair, side in (
        ((ours, theirs), "ours"), ((theirs, ours), "theirs"),
    ))  # fmt: skip
    assert record(FILE, one.text) == record(FILE, other.text)


@properties
@given(versions())
def test_nothing_that_only_one_side_added_is_lost(drawn: Versions):
    base, *sides = drawn
    merged = merge(FILE, base, *sides, prefer="ours")
    plains = [read.parse(text, "") for text in (base, *sides, merged.text)]

    for field, key in (("activities", "id"), ("contacts", "contact"), ("tags", None)):
        before, ours, theirs, after = (
            {each[key] if key else each for each in plain.get(field, ())} for plain in plains
        )
        assert (ours | theirs) - before <= after
        assert after <= ours | theirs
    marked = merge(FILE, base, *sides)
    conflicts = {each.path for each in marked.conflicts}
    for field in ("title", "amount", "notes", "next_contact", "status", "closed"):
        before, ours, theirs, after = (plain.get(field) for plain in plains)
        if before == ours and not any(path.split(".")[0] == field for path in conflicts):
            assert after == theirs
    gone = {each for side in sides for each in comments(base) - comments(side)}
    assert comments("".join(sides)) - gone <= comments(marked.text)


@properties
@given(versions())
def test_a_clean_merge_is_a_valid_record_and_so_is_each_way_out_of_a_conflict(drawn: Versions):
    merged = merge(FILE, *drawn)

    assert merged.by_line == ""
    assert bool(merged.conflicts) == ("<<<<<<< ours\n" in merged.text)
    for side in ("ours", "theirs"):
        way_out = merge(FILE, *drawn, prefer=side)
        assert record(FILE, way_out.text).id == "OPP-2Q8XA"
        assert way_out.conflicts == () and taken(merged.text, side) == way_out.text
    record(FILE, merge(FILE, *drawn, prefer="base").text)
