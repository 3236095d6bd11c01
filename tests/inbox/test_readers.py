"""What names another record is looked up; the list of such fields is that of the records themselves."""

from __future__ import annotations

from pipecli.inbox.importing.values import NOUNS
from pipecli.records import references


def test_every_field_that_names_another_record_is_read_as_a_name() -> None:
    for fields in references._FIELDS.values():
        for field, noun in fields:
            if noun != "process":
                assert NOUNS[field] == noun
    inside = {
        "contact": "contact", "customer": "customer", "opportunities": "opportunity",
        "quotation": "quotation", "by": "user", "shared_with": "principal", "product": "product",
        "products": "product", "team": "team", "manager": "user",
    }  # fmt: skip
    assert {name: NOUNS[name] for name in inside} == inside
