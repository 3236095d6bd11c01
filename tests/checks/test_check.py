"""Files that can't be read are findings, too; all findings come at once, each at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking import (
    CUSTOMER,
    DEAL,
    LEAD,
    PRODUCT,
    SETTINGS,
    SOUND,
    assert_one_finding,
    brief,
    found,
    write,
)

ONE_CHANGE = [
    ("yaml", CUSTOMER, "name: C", "name: [C", 2, "opens a [ that is never closed"),
    ("schema", DEAL, "source: ref", "sorce: ref", 13, 'unknown key "sorce", did you mean "source"?'),
    ("schema", DEAL, "currency: EUR\n", "", 1, '"currency" is missing: three capital letters, such as EUR'),
    (
        "schema",
        DEAL,
        "currency: EUR",
        "currency: eur",
        14,
        '"eur" isn\'t a currency code: three capital letters',
    ),
    ("schema", DEAL, "currency: EUR", "currency: XQZ", 14, "XQZ isn't a currency of ISO 4217"),
    ("schema", DEAL, "id: OPP-2Q8XA\n", "", 1, "so write id: OPP-2Q8XA"),
    (
        "schema",
        DEAL,
        "id: OPP-2Q8XA\n",
        "id: OPP-1\n",
        1,
        '"OPP-1" isn\'t an id: OPP- and five digits or capital',
    ),
    ("schema", DEAL, "  unit_price: 100\n", "", 17, '"items.1.unit_price" is missing: must be a number'),
    ("schema", DEAL, "title: Espresso machines\n", "", 1, '"title" is missing'),
    ("schema", CUSTOMER, "id: contoso-coffee\n", "", 1, "so write id: contoso-coffee"),
    ("schema", PRODUCT, "sku: cafe", "sku: cafe\nid: cafe", 2, "a product is named by its sku"),
    (
        "schema",
        SETTINGS,
        "probability: 25",
        "probability: 25\n      probabilty: 25",
        22,
        'did you mean "probability"?',
    ),
]


def test_a_sound_pipeline_has_no_findings(pipeline: Path) -> None:
    assert found(pipeline) == []


@pytest.mark.parametrize("change", ONE_CHANGE)
def test_one_thing_wrong_is_found_at_its_line(
    pipeline: Path, change: tuple[str, str, str, str, int, str]
) -> None:
    assert_one_finding(pipeline, *change)


def test_broken_settings_are_the_only_finding_about_settings(pipeline: Path) -> None:
    write(pipeline, SETTINGS, SOUND[SETTINGS].replace("timezone: Europe/Madrid", "timezone: Madrid"))
    write(pipeline, LEAD, SOUND[LEAD].replace("customer: contoso-coffee", "customer: acme"))

    assert brief(pipeline) == [(LEAD, 9, "reference"), (SETTINGS, 4, "schema")]


def test_every_finding_of_a_file_comes_at_once(pipeline: Path) -> None:
    text = (
        SOUND[DEAL]
        .replace("demo", "dmeo")
        .replace("type: sales", "type: salez")
        .replace("maria-lopez", "mario")
    )
    write(pipeline, DEAL, text)

    assert brief(pipeline) == [(DEAL, 5, "type"), (DEAL, 9, "reference"), (DEAL, 24, "reference")]


def test_lines_are_right_in_a_file_of_another_layout(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, "{id: contoso-coffee,\n name: Contoso Coffee,\n owner: nobody}\n")
    write(
        pipeline,
        "customers/contoso.yaml",
        "# note:\n\n'id': contoso\r\nname: Contoso\r\nnotes: |\r\n  owner: x\r\nowner: nobody\r\n",
    )

    assert [(each.file, each.line, each.column) for each in found(pipeline)] == [
        (CUSTOMER, 3, 2),
        ("customers/contoso.yaml", 7, 1),
    ]
