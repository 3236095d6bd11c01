"""A cell that names another record is looked up; the types of the fields tell which ones do."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from pipecli.inbox.importing.cells import ColumnFormat, Named, Path, reader_of
from pipecli.records.kinds import COLLECTIONS_BY_NOUN

FORMAT = ColumnFormat(date(2026, 11, 28), UTC)


@pytest.mark.parametrize(
    ("noun", "path", "named"),
    [
        ("lead", ("owner",), "user"),
        ("opportunity", ("customer",), "customer"),
        ("opportunity", ("price_list",), "price-list"),
        ("opportunity", ("items", 0, "product"), "product"),
        ("opportunity", ("contacts", 0, "contact"), "contact"),
        ("opportunity", ("activities", 0, "by"), "user"),
        ("quotation", ("revision_of",), "quotation"),
        ("order", ("quotation",), "quotation"),
        ("supplier-quotation", ("supplier",), "supplier"),
        ("customer", ("parent",), "customer"),
        ("team", ("manager",), "user"),
    ],
)
def test_a_cell_of_a_field_that_names_a_record_is_a_name(noun: str, path: Path, named: str) -> None:
    read = reader_of(COLLECTIONS_BY_NOUN[noun], path, FORMAT)

    assert read is not None
    assert read(" Acme ") == Named(named, "Acme")


@pytest.mark.parametrize(
    ("noun", "field", "named"),
    [("opportunity", "shared_with", "principal"), ("literature", "products", "product")],
)
def test_a_list_of_names_is_read_name_by_name(noun: str, field: str, named: str) -> None:
    read = reader_of(COLLECTIONS_BY_NOUN[noun], (field,), FORMAT)

    assert read is not None
    assert read("one, two") == (Named(named, "one"), Named(named, "two"))


def test_a_process_and_a_stage_are_no_records_to_look_up() -> None:
    for field in ("process", "stage"):
        read = reader_of(COLLECTIONS_BY_NOUN["opportunity"], (field,), FORMAT)

        assert read is not None
        assert read("standard") == "standard"
