"""The contact of an imported row: a known one by address or by place, and never by the name alone."""

from __future__ import annotations

import pytest

from pipecli.errors import Unreadable
from pipecli.inbox.importing.named_records_and_contacts import People


def test_a_shared_address_tells_who_is_meant_at_a_customer() -> None:
    rows = [
        ("ana", "Ana", None, "contoso", '["info@x.example"]'),
        ("luis", "Luis", "7", "fabrikam", '["info@x.example"]'),
        ("sara", "Sara", None, None, '["sara@localhost"]'),
    ]
    people = People(rows)
    shared = ["INFO@x.example"]
    assert people.recognised(None, "contoso", shared) == "ana"
    assert people.recognised(None, "fabrikam", shared) == "luis"
    assert people.recognised(None, "fabrikam", shared, external_id="8") == "ana"  # the only one it may be
    for customer in (None, "others"):
        with pytest.raises(Unreadable, match="ana and luis have the address"):
            people.recognised(None, customer, shared)
    assert people.recognised("Luis Gil", "contoso", shared) == "luis"
    assert people.recognised("Who", "contoso", shared) is None
    assert people.recognised(None, "contoso", []) is None
    assert people.recognised("Ana", "contoso", []) == "ana"
    assert people.recognised("Ana", "contoso", ["at the fair"]) == "ana"
    people.meet("second", "Ana", "contoso", [])
    with pytest.raises(Unreadable, match='ana and second have the name "Ana" at contoso'):
        people.recognised("Ana", "contoso", [])


def test_of_two_without_a_customer_the_name_alone_says_little() -> None:
    rows = [("ana", "Ana", None, None, "[]"), ("sara", "Sara", None, None, '["sara@x.example"]')]
    people = People(rows)
    assert people.recognised("Ana", None, []) == "ana"
    assert people.recognised("Ana", None, ["ana@y.example"]) is None
    assert people.recognised("Sara", None, []) is None
