"""The generated schemas: what they accept is what the models accept, in words that an editor knows."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import ryaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipecli.records.kinds import KINDS, SETTINGS
from pipecli.store import editor_schemas
from tests.later import Later

jsonschema = Later("jsonschema")

BY_NOUN = {kind.noun: kind for kind in (*KINDS, SETTINGS)}


@cache
def validator(noun: str) -> Any:
    """The validator of a noun's schema, which takes long to build."""
    schema = editor_schemas.schema_of(BY_NOUN[noun])
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date"]))


SAMPLES = {
    "lead": """
id: LEAD-7K3M9
created: 2026-09-01T10:00:00+02:00
status: disqualified
name: María López
organization: Contoso Coffee
source: referral
score: 80
shared_with: [iberia]
qualification: {need: yes, budget: unknown, need_note: two machines}
next_contact: {date: 2026-12-01, by: ana, note: call}
activities: [{id: 4F2QX, type: call, at: 2026-09-02, subject: Intro, direction: out, done: true, duration: 5}]
disqualified: {date: 2026-09-09, reason: no-need}
custom: {anything: [1, {goes: here}]}
""",
    "opportunity": """
id: OPP-2Q8XA
created: 2026-09-01T10:00:00+02:00
title: Espresso machines
lead: LEAD-7K3M9
customer: contoso-coffee
process: standard
stage: demo
status: won
owner: ana
currency: EUR
amount: 4998.00
probability: 40
expected_close: 2026-12-15
items: [{product: cafe, description: Café S-100, quantity: 2.5, unit_price: 2499.00, discount: 5, tax: 21}]
contacts: [{contact: maria-lopez, role: decision-maker, primary: true}]
competitors: [acme]
key_info: {need: Two machines before Christmas}
closed: {date: 2026-12-01, amount: 4998, quotation: QTN-AAAAA}
tags: [big]
""",
    "quotation": """
id: QTN-AAAAA
created: 2026-09-01T10:00:00+02:00
opportunity: OPP-2Q8XA
date: 2026-09-01
valid_until: 2026-10-01
status: sent
customer: contoso-coffee
language: es
currency: EUR
items: [{description: Café, unit_price: 1}]
""",
    "supplier-quotation": """
id: SQ-AAAAA
created: 2026-09-01T10:00:00+02:00
opportunity: OPP-2Q8XA
supplier: acme
date: 2026-09-01
currency: EUR
items: [{description: Café, quantity: 3}]
""",
    "order": """
id: ORD-AAAAA
created: 2026-09-01T10:00:00+02:00
opportunity: OPP-2Q8XA
date: 2026-09-01
customer: contoso-coffee
currency: EUR
""",
    "invoice": """
id: INV-AAAAA
created: 2026-09-01T10:00:00+02:00
number: 2026-0001
opportunity: OPP-2Q8XA
order: ORD-AAAAA
date: 2026-09-01
due: 2026-10-01
status: issued
customer: contoso-coffee
currency: EUR
items: [{description: Training, quantity: 2, unit_price: 100, tax: 21, kind: charge}]
discount: 5
payments: [{id: 4F2QX, date: 2026-09-09, amount: 50.00, note: SEPA}]
""",
    "customer": "{id: contoso-coffee, name: Contoso Coffee, kind: organization, parent: contoso}",
    "contact": "{id: maria-lopez, name: María López, emails: [maria@contoso.example], customer: contoso}",
    "supplier": "{id: acme, name: ACME, currency: USD}",
    "product": "{sku: cafe-s-100, name: Café S-100, kind: service, tax: 21, cost: 10.5, active: false}",
    "price-list": """
id: retail
currency: EUR
valid_from: 2026-01-01
prices: {cafe: 1.5, molino: [{from: 1, price: 2}, {from: 10, price: 1}]}
""",
    "literature": "{id: brochure, title: Brochure, url: 'https://contoso.example', products: [cafe-s-100]}",
    "settings": """
company: {name: Contoso}
currency: EUR
timezone: Europe/Madrid
exchange_rates: {USD: {2026-01-01: 0.92}}
users: {ana: {name: Ana, team: iberia, active: true}}
teams: {iberia: {manager: ana}}
processes: {standard: {stages: [{id: demo, probability: 25, steps: [call], requires: [items]}]}}
assignment_rules: [{name: big, for: lead, when: score > 50, users: [ana], method: least-loaded, priority: 3}]
auto_close: {after_days: 30, reason: no-response}
targets: {2026-Q4: {ana: 50000}}
quotations: {valid_days: 30, max_discount: 20}
notifications: {won: [sales]}
""",
}
PLAIN = {noun: ryaml.loads(text) for noun, text in SAMPLES.items()}
ODD = [0, 1, -1, 140, 2.5, True, None, "", "x", "Two words", "a\nb", "2026-13-01", [], [1], {}, {"x": 1}]


def is_accepted(noun: str, plain: Any) -> bool:
    return bool(validator(noun).is_valid(plain))


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a record, but for what is free under `custom`."""
    if path:
        yield path
    if path != ("custom",):
        parts = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, part in parts:
            yield from paths(part, (*path, key))


PLACES = [(noun, path) for noun, plain in PLAIN.items() for path in paths(plain)]


@pytest.mark.parametrize("noun", PLAIN)
def test_a_sample_is_valid_for_both(noun: str) -> None:
    BY_NOUN[noun].model.model_validate(PLAIN[noun])

    assert [error.message for error in validator(noun).iter_errors(PLAIN[noun])] == []


def test_the_settings_of_a_new_pipeline_are_valid(root: Path) -> None:
    assert is_accepted("settings", ryaml.loads((root / "pipecli.yaml").read_text()))


@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_an_odd_value_is_refused_by_both_or_by_none(place: tuple[str, tuple[Any, ...]], odd: Any) -> None:
    noun, path = place
    plain = copy.deepcopy(PLAIN[noun])
    here = plain
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = odd

    kinds = refusals(noun, plain)

    # What a validator of ours refuses (a day of no calendar, a won deal without its value) no schema can say.
    if not kinds or kinds - {"value_error"}:
        assert is_accepted(noun, plain) == (not kinds), (path, odd, kinds)


def refusals(noun: str, plain: Any) -> set[str]:
    try:
        BY_NOUN[noun].model.model_validate(plain)
    except ValidationError as error:
        return {each["type"] for each in error.errors()}
    return set()


@given(st.sampled_from(PLACES))
def test_an_unknown_key_is_refused_everywhere_but_under_custom(place: tuple[str, tuple[Any, ...]]) -> None:
    noun, path = place
    plain = copy.deepcopy(PLAIN[noun])
    here = plain
    for part in path:
        here = here[part]
    if not isinstance(here, dict) or path in (("custom",), ("prices",)):  # a SKU is free text
        return
    here["no_such_key!"] = 1

    assert not is_accepted(noun, plain)


@pytest.mark.parametrize(
    ("noun", "path", "value"),
    [
        ("opportunity", "probability", 140),
        ("opportunity", "status", "on hold"),
        ("opportunity", "expected_close", "15 December"),
        ("opportunity", "stage", "No Slug"),
        ("lead", "score", 101),
        ("price-list", "prices", {" Blank before": 1}),
        ("settings", "exchange_rates", {"euro": {"2026-01-01": 1}}),
    ],
)
def test_what_people_get_wrong_is_refused_in_the_editor(noun: str, path: str, value: Any) -> None:
    assert not is_accepted(noun, {**PLAIN[noun], path: value})


@pytest.mark.parametrize("noun", BY_NOUN)
def test_a_schema_has_no_word_that_editors_do_not_know(noun: str) -> None:
    jsonschema.Draft202012Validator.check_schema(editor_schemas.schema_of(BY_NOUN[noun]))

    assert not {"ge", "gt", "le", "lt", "max_digits", "decimal_places"} & words(
        editor_schemas.schema_of(BY_NOUN[noun])
    )


def words(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {word for part in schema for word in words(part)}
    if isinstance(schema, dict):
        return set(schema) | {word for part in schema.values() for word in words(part)}
    return set()


def test_a_field_is_explained_on_hover() -> None:
    schema = json.loads(editor_schemas.schema_text(BY_NOUN["opportunity"]))

    assert schema["properties"]["probability"]["description"] == (
        "Set by hand, in percent; absent: the stage's."
    )


def test_the_schemas_of_this_repository_are_those_of_its_models() -> None:
    assert editor_schemas.differing_schemas(Path(__file__).parents[2], editor_schemas.FOLDER) == {}


def test_a_python_without_docstrings_writes_the_same() -> None:
    here = Path(__file__).parents[2]
    words = [sys.executable, "-OO", "-m", "pipecli", "schema", "check", str(here / editor_schemas.FOLDER)]
    done = subprocess.run(words, cwd=here, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("ok: ")
