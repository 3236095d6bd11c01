"""JSON text: exact money, readable dates, no surprises for the reader of the other end."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.errors import PipecliError
from pipecli.json_and_csv import dumps, loads, note_of


def test_what_draws_nothing_is_escaped() -> None:
    """An agent would read in it what no person sees."""
    assert dumps({"a": "x\u2060\U000e0068"}, indent=None) == '{"a": "x\\u2060\\udb40\\udc68"}'


def test_a_record_is_written_as_a_person_would() -> None:
    record = {
        "id": "OPP-2Q8XA",
        "title": "Café «قهوه» 咖啡",
        "created": datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
        "expected_close": date(2026, 12, 15),
        "amount": Decimal("4998.00"),
        "items": [{"quantity": 2, "unit_price": Decimal("2499.00")}],
        "tags": ("a", "b"),
        "notes": None,
        "contacts": [],
        "custom": {},
        "primary": True,
    }
    assert (
        dumps(record)
        == """\
{
  "id": "OPP-2Q8XA",
  "title": "Café «قهوه» 咖啡",
  "created": "2026-11-21T10:00:00+00:00",
  "expected_close": "2026-12-15",
  "amount": 4998.00,
  "items": [
    {
      "quantity": 2,
      "unit_price": 2499.00
    }
  ],
  "tags": [
    "a",
    "b"
  ],
  "notes": null,
  "contacts": [],
  "custom": {},
  "primary": true
}"""
    )


def test_one_line_has_blanks_after_comma_and_colon() -> None:
    assert dumps({"a": [1, Decimal("2.50")], "b": {"c": "d"}}, None) == '{"a": [1, 2.50], "b": {"c": "d"}}'


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("4998.00"), "4998.00"),
        (Decimal("1E+12"), "1000000000000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("-0.10"), "-0.10"),
        (Decimal("123456789012345678901234567890.01"), "123456789012345678901234567890.01"),
        (0.5, "0.5"),
        (1e22, "10000000000000000000000"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_a_number_keeps_its_digits(number: object, text: str) -> None:
    assert dumps(number) == dumps(number, None) == text


NO_NUMBERS = [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), float("nan"), float("inf")]


@pytest.mark.parametrize("number", NO_NUMBERS, ids=str)
def test_what_is_no_number_is_refused(number: object) -> None:
    with pytest.raises(PipecliError, match="isn't a number that JSON can hold"):
        dumps({"amount": number})


def test_a_number_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(PipecliError, match="too long a number"):
        dumps(Decimal("1E+999999999"))


@pytest.mark.parametrize("text", ["NaN", "[Infinity]"])
def test_reading_refuses_what_json_does_not_know(text: str) -> None:
    with pytest.raises(PipecliError):
        loads(text)


class Stage(StrEnum):
    QUALIFY = "qualify"


class Bucket(NamedTuple):
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Report:
    stage: Stage
    buckets: list[Bucket]


def test_what_has_named_parts_becomes_an_object() -> None:
    report = Report(Stage.QUALIFY, [Bucket("won", Decimal("10.00"))])
    assert dumps(report, None) == '{"stage": "qualify", "buckets": [{"name": "won", "amount": 10.00}]}'
    assert (
        dumps({date(2026, 1, 1): 1, Stage.QUALIFY: 2, 7: 3}, None)
        == '{"2026-01-01": 1, "qualify": 2, "7": 3}'
    )


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, {None: 1}, {(1, 2): 3}], ids=["object", "set", "no key", "tuple key"]
)
def test_what_has_no_form_in_json_is_a_mistake_of_the_program(value: object) -> None:
    with pytest.raises(TypeError, match="JSON"):
        dumps(value)


def test_no_text_commands_a_terminal_or_breaks_the_encoding() -> None:
    written = dumps("\x1b[31m \x9b31m \x7f \u2028 \ud800 é", None)
    assert written == r'"\u001b[31m \u009b31m \u007f \u2028 \ud800 é"'
    assert dumps("\x7f") == r'"\u007f"'


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(st.characters(), max_size=20),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
)


@given(VALUES, st.sampled_from([None, 0, 2, 4]))
def test_what_is_written_reads_back_equal(value: Any, indent: int | None) -> None:
    assert loads(dumps(value, indent)) == value


def test_a_note_is_of_its_shape_or_none_of_ours() -> None:
    shape = {"rows": [(str, str | None)], "at": re.compile("[0-9a-f]*"), "number": int}
    plain = {"rows": [["lead", "x"], ["lead", None]], "at": "ab", "number": 1}
    assert note_of(json.dumps(plain).encode(), shape) == plain
    for wrong in (
        *({**plain, "rows": rows} for rows in (None, {}, "ab", [["lead"]], ["ab"], [["lead", 1]])),
        *({**plain, "at": at} for at in (None, 1, "-x")),
        *({**plain, **more} for more in ({"more": 1}, {"number": None}, {"number": [1]})),
        *([], "rows", {"rows": []}, [{}] * 1_000_000),
        *(b"", b"{", b"\xff\xfe", b"[" * 100_000, b"NaN", b"1" * 5000),
    ):
        with pytest.raises(ValueError, match="not of its shape"):
            note_of(wrong if isinstance(wrong, bytes) else json.dumps(wrong).encode(), shape)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text('aé"\\\n/ قهوه', max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text('ab"é', max_size=3), inner, max_size=4)
    ),
)


@given(PLAIN, st.sampled_from([None, 2]))
def test_the_layout_is_that_of_the_json_module(value: Any, indent: int | None) -> None:
    assert dumps(value, indent) == json.dumps(value, indent=indent, ensure_ascii=False)
