"""What happened between two versions, in the words a person reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.history.events_in_words import Event, RecordVersion, events_between, first_fields

ITEM = {"product": "cafe-s-100", "description": "Café S-100", "quantity": 2, "unit_price": 2499.0}
CALL = {"id": "7K3M9", "type": "call", "direction": "out", "subject": "Intro call", "done": True}


def texts(before: dict[str, Any], after: dict[str, Any], noun: str = "opportunity") -> list[str]:
    return [
        event.text
        for event in events_between(
            RecordVersion(noun, "OPP-AAAAA", before), RecordVersion(noun, "OPP-AAAAA", after)
        )
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"stage": "qualify"}, {"stage": "demo"}, "stage: qualify → demo"),
        ({}, {"owner": "ana"}, "owner set to ana"),
        ({"owner": "ana"}, {}, "owner cleared (was ana)"),
        ({"score": 50}, {"score": 80}, "score: 50 → 80"),
        ({"notes": "One\ntwo"}, {"notes": "One\nthree"}, "notes changed"),
        ({}, {"notes": "One\ntwo"}, "notes written"),
        (
            {"next_contact": {"date": "2026-11-25"}},
            {"next_contact": {"date": "2026-11-28"}},
            "next_contact.date: 2026-11-25 → 2026-11-28",
        ),
        ({"tags": ["old"]}, {"tags": ["vip"]}, "tags: added vip; removed old"),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, "tags reordered"),
        ({}, {"steps_done": ["Budget agreed"]}, "step done: Budget agreed"),
        ({}, {"activities": [CALL]}, 'activity added: call out "Intro call"'),
        (
            {"activities": [CALL | {"done": False}]},
            {"activities": [CALL]},
            'activity done: call out "Intro call"',
        ),
        ({"activities": [CALL]}, {}, 'activity removed: call out "Intro call"'),
        (
            {},
            {
                "activities": [
                    {"id": "A", "type": "meeting", "subject": "Demo", "at": "2026-11-30T10:00:00+01:00"}
                ]
            },
            'activity added: meeting "Demo", planned for 2026-11-30 10:00',
        ),
        ({}, {"items": [ITEM]}, "item added: 2 × Café S-100 at 2,499.00"),
        ({"items": [ITEM]}, {"items": [ITEM | {"quantity": 3}]}, "item Café S-100: quantity: 2 → 3"),
        (
            {"items": [ITEM]},
            {"items": [ITEM | {"unit_price": 2299.5}]},
            "item Café S-100: unit_price: 2,499.00 → 2,299.50",
        ),
        (
            {},
            {"contacts": [{"contact": "maria-lopez", "role": "user", "primary": True}]},
            "contact added: maria-lopez (user, primary)",
        ),
        (
            {},
            {"contacts": [{"contact": "joao-silva", "role": "user", "primary": False}]},
            "contact added: joao-silva (user)",
        ),
        ({"active": True}, {"active": False}, "active: yes → no"),
        ({"custom": {"a": {"b": 1}}}, {"custom": {"a": {"b": 2}}}, "custom.a.b: 1 → 2"),
    ],
)
def test_one_change_is_one_line(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    assert texts(before, after) == [said]


def test_money_has_its_digits_wherever_it_stands() -> None:
    def told(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, str]:
        more = {"currency": "EUR"}
        (event,) = events_between(
            RecordVersion("any", "ANY", before | more), RecordVersion("any", "ANY", after | more)
        )
        return str(event.before), str(event.after)

    item = {"description": "Beans", "quantity": 2.0, "unit_price": 95.5}
    exact = {"description": "Beans", "quantity": 2, "unit_price": Decimal("95.50")}
    assert told({}, {"items": [item]}) == ("None", str(exact))
    assert told({"items": [item]}, {}) == (str(exact), "None")
    assert told({"prices": {"a": 95.5}}, {"prices": {"a": 100.0}}) == ("95.50", "100.00")
    tiers = [{"from": 10.0, "price": 90.5}]
    assert told({"prices": {"a": 1.5}}, {"prices": {"a": tiers}}) == (
        "1.50",
        str([{"from": 10, "price": Decimal("90.50")}]),
    )
    assert told({"probability": 95.5}, {"probability": 50.0}) == ("95.5", "50")


def test_items_that_cannot_be_added_up_clear_no_amount() -> None:
    before = RecordVersion("opportunity", "OPP-AAAAA", {"items": [ITEM]}, Decimal("4998.00"))
    after = RecordVersion("opportunity", "OPP-AAAAA", {"items": [ITEM | {"quantity": "two"}]})
    assert [event.text for event in events_between(before, after)] == ["item Café S-100: quantity: 2 → two"]


def test_an_amount_is_told_whether_by_hand_or_by_items() -> None:
    def told(plain: dict[str, Any], amount: str) -> RecordVersion:
        return RecordVersion("opportunity", "OPP-AAAAA", plain | {"currency": "EUR"}, Decimal(amount))

    by_items, dearer = told({}, "4998.00"), told({}, "5400.00")
    by_hand, same = told({"amount": 5400}, "5400.00"), told({"amount": 4998.0}, "4998.00")
    (event,) = events_between(by_items, dearer)
    assert event == Event("amount", Decimal("4998.00"), Decimal("5400.00"), "amount: 4,998.00 → 5,400.00")
    assert [event.text for event in events_between(by_items, by_hand)] == [
        "amount: 4,998.00 → 5,400.00 (by hand)"
    ]
    assert [event.text for event in events_between(by_hand, by_items)] == [
        "amount: 5,400.00 → 4,998.00 (from the items)"
    ]
    assert [event.text for event in events_between(by_items, same)] == ["amount fixed by hand at 4,998.00"]


def test_a_closing_is_one_line_with_its_facts() -> None:
    closed = {"date": "2026-11-21", "amount": 4998.0, "quotation": "QTN-AAAAA"}
    lost = {"date": "2026-11-21", "reason": "competitor", "competitor": "acme", "detail": "Cheaper"}
    assert texts({"status": "open"}, {"status": "won", "closed": closed}) == [
        "status: open → won (4,998.00 on 2026-11-21, quotation QTN-AAAAA)"
    ]
    assert texts({}, {"status": "lost", "closed": lost}) == [
        'status: open → lost (competitor acme on 2026-11-21, "Cheaper")'
    ]
    assert texts({"status": "lost", "closed": lost}, {"status": "open"}) == ["status: lost → open"]
    assert texts(
        {"status": "won", "closed": closed}, {"status": "won", "closed": closed | {"amount": 5000}}
    ) == ["closed.amount: 4,998.00 → 5,000.00"]


def test_documents_are_named() -> None:
    draft = RecordVersion("quotation", "QTN-AAAAA", {"currency": "EUR"}, Decimal("4998.00"))
    sent = RecordVersion("quotation", "QTN-AAAAA", {"currency": "EUR", "status": "sent"}, Decimal("4998.00"))
    assert [event.text for event in events_between(draft, sent)] == ["quotation QTN-AAAAA sent"]
    assert [event.text for event in events_between(None, draft)] == [
        "quotation QTN-AAAAA created: 4,998.00 EUR"
    ]
    assert [event.text for event in events_between(sent, None)] == ["quotation QTN-AAAAA removed"]


def test_a_new_record_began_with_its_fields() -> None:
    began = first_fields(RecordVersion("opportunity", "OPP-AAAAA", {"stage": "qualify", "title": "Machines"}))
    assert [event.text for event in began] == ["stage set to qualify", "title set to Machines"]


def test_what_is_written_otherwise_is_no_change() -> None:
    assert not texts({"amount_": 4998, "tags": []}, {"amount_": 4998.0, "notes": None})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
KEYS = (
    "status stage amount items activities contacts closed converted tags steps_done custom "
    "currency title next_contact"
).split()
plain = st.dictionaries(st.sampled_from(KEYS), anything, max_size=6)


@given(plain, plain, st.sampled_from(["opportunity", "lead", "quotation", "customer", "settings"]))
def test_any_two_maps_have_a_story(before: dict[str, Any], after: dict[str, Any], noun: str) -> None:
    old, new = RecordVersion(noun, "X", before), RecordVersion(noun, "X", after)
    for event in [
        *events_between(old, new),
        *events_between(None, new),
        *events_between(old, None),
        *first_fields(new),
    ]:
        assert event.text and event.field
    assert not events_between(old, old)
