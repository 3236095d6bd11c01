"""Any record: written and read it is itself, and both YAML readers agree on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import StringIO
from typing import Any, get_args

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipecli.json_and_csv import dumps, loads
from pipecli.records import base
from pipecli.records.kinds import (
    BY_NOUN,
    CROCKFORD,
    KINDS,
    LEAD,
    OPPORTUNITY,
    PRICE_LIST,
    QUOTATION,
    SETTINGS,
    Kind,
)
from pipecli.store.index.index import rows_of
from pipecli.store.plan_writes import PRICES
from pipecli.store.validate_record import parse_record
from pipecli.store.yaml import edit
from pipecli.store.yaml.write import emit, is_read_as_it_is

printable = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufffe\uffff")
lines = st.text(printable, min_size=1, max_size=30).filter(
    lambda text: text.strip() and not set(text) & set("\x85\u2028\u2029")
)
texts = st.lists(lines, min_size=1, max_size=3).map("\n".join)
slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
parts = st.text(CROCKFORD, min_size=5, max_size=5)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=zones).map(
    lambda moment: moment.replace(microsecond=0)
)
money = st.decimals(min_value=0, max_value=10**9, places=2)
percents = st.decimals(min_value=0, max_value=100, places=2)


def maybe(**optional: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=optional)


def ids(prefix: str) -> st.SearchStrategy[str]:
    return parts.map(lambda part: f"{prefix}-{part}")


items = st.builds(
    lambda required, optional: required | optional,
    st.fixed_dictionaries({"description": lines, "unit_price": money}),
    maybe(product=slugs, quantity=st.integers(1, 10**6), uom=lines, discount=percents, tax=percents),
)
activities = st.builds(
    lambda required, optional: required | optional,
    st.fixed_dictionaries(
        {"id": parts, "type": st.sampled_from(["call", "meeting", "email", "task", "note"]), "subject": lines}
        | {"at": moments | days}
    ),
    maybe(
        by=slugs,
        direction=st.sampled_from(["in", "out"]),
        done=st.booleans(),
        duration=st.integers(0, 600),
        notes=texts,
    ),
)
stakeholders = st.fixed_dictionaries({"contact": slugs}, optional={"role": lines, "primary": st.booleans()})
custom = st.dictionaries(
    lines,
    st.recursive(
        texts | st.integers(-(10**12), 10**12) | st.booleans(),
        lambda inner: st.lists(inner, min_size=1, max_size=3),
        max_leaves=4,
    ),
    max_size=3,
).filter(bool)

deals = st.builds(
    lambda required, optional: required | optional,
    st.fixed_dictionaries(
        {"id": ids("OPP"), "created": moments, "title": lines, "process": slugs, "stage": slugs}
        | {"currency": st.just("EUR")}
    ),
    maybe(
        external_id=texts, lead=ids("LEAD"), customer=slugs, owner=slugs,
        shared_with=st.lists(slugs, min_size=1),
        source=lines, score=st.integers(0, 100), amount=money, probability=percents, expected_close=days,
        items=st.lists(items, min_size=1, max_size=3), competitors=st.lists(lines, min_size=1, max_size=3),
        contacts=st.lists(stakeholders, min_size=1, max_size=2),
        key_info=maybe(need=texts, budget=texts).filter(bool),
        next_contact=st.fixed_dictionaries({"date": days}, optional={"by": slugs, "note": lines}),
        activities=st.lists(activities, min_size=1, max_size=3), tags=st.lists(lines, min_size=1, max_size=3),
        notes=texts, custom=custom,
    ),
)  # fmt: skip
leads = st.builds(
    lambda required, optional: required | optional,
    st.fixed_dictionaries({"id": ids("LEAD"), "created": moments, "name": lines}),
    maybe(
        organization=lines, email=lines, phone=lines, address=texts, score=st.integers(0, 100),
        qualification=maybe(need=st.sampled_from(["yes", "no", "unknown"]), need_note=texts).filter(bool),
        activities=st.lists(activities, min_size=1, max_size=2), notes=texts, custom=custom,
    ),
)  # fmt: skip
quotations = st.fixed_dictionaries(
    {
        "id": ids("QTN"),
        "created": moments,
        "opportunity": ids("OPP"),
        "date": days,
        "currency": st.just("JPY"),
    },
    optional={
        "items": st.lists(items, min_size=1, max_size=4),
        "terms": texts,
        "status": st.sampled_from(["draft", "sent"]),
    },
)
prices = st.fixed_dictionaries(
    {"id": slugs, "currency": st.just("KWD")},
    optional={"prices": st.dictionaries(slugs, money, min_size=1), "valid_from": days},
)
records = st.one_of(
    st.tuples(st.just(OPPORTUNITY), deals), st.tuples(st.just(LEAD), leads),
    st.tuples(st.just(QUOTATION), quotations), st.tuples(st.just(PRICE_LIST), prices),
)  # fmt: skip

many = settings(suppress_health_check=[HealthCheck.too_slow])


@many
@given(records)
def test_a_record_written_and_read_is_itself(drawn: tuple[Kind, dict[str, object]]):
    kind, plain = drawn
    record = kind.model.model_validate(plain)
    text = emit(record.plain(), "x.json")
    assert parse_record(kind, "x.yaml", text) == record


@many
@given(records)
def test_a_record_goes_into_the_index_unread_only_where_reading_it_gives_the_same_rows(
    drawn: tuple[Kind, dict[str, object]],
):
    _holds_unread(*drawn)


numbers = st.decimals(min_value=1, max_value=10**6, places=2)


@many
@given(
    numbers | numbers.map(Decimal.normalize) | st.integers(1, 10**6).map(Decimal),
    zones,
    st.sampled_from(["amount", "quantity", "custom"]),
)
@example(Decimal("2.50"), UTC, "amount")
@example(Decimal("2.50"), UTC, "quantity")
@example(Decimal("2.50"), UTC, "custom")
def test_a_number_goes_into_the_index_unread_only_as_it_is_read(number: Decimal, zone: timezone, field: str):
    plain = {"id": "OPP-7K3M9", "created": datetime(2026, 11, 21, 10, tzinfo=zone), "title": "T"}
    plain |= {
        "process": "p",
        "stage": "s",
        "currency": "EUR",
    }
    line = {"description": "d", "unit_price": number}
    match field:
        case "amount":
            plain |= {"amount": number, "items": [line]}
        case "quantity":
            plain["items"] = [{**line, "quantity": number}]
        case _:
            plain["custom"] = {"amount": number}
    is_unread = _holds_unread(OPPORTUNITY, plain)
    assert is_unread or field != "amount" or str(number)[-3:-2] != "."


def test_what_is_called_as_an_amount_of_money_is_one_in_every_record():
    called = [marks for kind in (*KINDS, SETTINGS) for name, marks in _fields(kind.model) if name in PRICES]
    assert called and all("_price" in marks for marks in called)


def _fields(annotation: Any) -> Iterator[tuple[str, str]]:
    """Every field of a model and of its parts, with its type in words."""
    if isinstance(annotation, type) and issubclass(annotation, base.Part):
        for name, field in annotation.model_fields.items():
            inner = field.rebuild_annotation()
            yield field.alias or name, repr(inner)
            yield from _fields(inner)
    for inner in get_args(annotation):
        yield from _fields(inner)


def _holds_unread(kind: Kind, plain: dict[str, object]) -> bool:
    record = kind.model.model_validate(plain)
    if is_unread := is_read_as_it_is(record.plain(), PRICES):
        back = parse_record(kind, "x.yaml", emit(record.plain(), "x.json"))
        assert rows_of([("x.yaml", record)]) == rows_of([("x.yaml", back)])
    return is_unread


@many
@given(records)
def test_both_readers_agree(drawn: tuple[Kind, dict[str, object]]):
    kind, plain = drawn
    text = emit(kind.model.model_validate(plain).plain(), "x.json")
    by_ryaml = parse_record(kind, "x.yaml", text)
    by_ruamel = kind.model.model_validate(_without_types(YAML().load(StringIO(text))))
    assert by_ruamel == by_ryaml


def _without_types(value: object) -> object:
    """What ruamel's round-trip loader gives, in ryaml's types: dates as text."""
    if isinstance(value, dict):
        return {str(key): _without_types(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_types(each) for each in value]
    if isinstance(value, (date, datetime)):
        return None if value is None else _source(value)
    if isinstance(value, bool) or type(value).__name__ == "ScalarBoolean":
        return bool(value)
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value) if isinstance(value, str) else value


def _source(value: date | datetime) -> str:
    """ruamel keeps the offset of a time beside it; its own dumper is what writes it back as it was."""
    out = StringIO()
    YAML().dump({"at": value}, out)
    return out.getvalue().removeprefix("at: ").strip()


@many
@given(records)
def test_the_json_of_a_record_has_its_exact_values(drawn: tuple[Kind, dict[str, object]]):
    kind, plain = drawn
    record = kind.model.model_validate(plain)
    assert record.plain_json() == dumps(record.plain(), indent=None)
    assert kind.model.model_validate(loads(record.plain_json())) == record


@many
@given(st.sampled_from([OPPORTUNITY]), deals, deals)
def test_any_edit_means_what_was_asked_and_keeps_every_comment(kind: Kind, before, after):
    old = kind.model.model_validate(before)
    new = kind.model.model_validate(after | {"id": before["id"]})
    text = _commented(emit(old.plain(), "x.json"))

    edited = edit.edit(text, old.plain(), new.plain(), lambda path: base.keys_at(kind.model, path))

    assert parse_record(kind, "x.yaml", edited) == new
    assert [word for word in _comments(text) if word not in edited] == []


def _commented(text: str) -> str:
    """A comment of its own before every key at the left margin, where it can't be part of a value."""
    made, number = [], 0
    for line in text.split("\n"):
        if line and line[0].isalpha() and ":" in line:
            number += 1
            made.append(f"# remark{number:03d}")
        made.append(line)
    return "\n".join(made)


def _comments(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("# remark")]


def test_every_kind_is_read_by_its_noun():
    assert {kind.model.noun for kind in BY_NOUN.values()} == set(BY_NOUN)
    assert (
        Decimal("1.50")
        == parse_record(PRICE_LIST, "x.yaml", "id: a\ncurrency: EUR\nprices: {b: 1.50}\n").prices["b"]
    )
