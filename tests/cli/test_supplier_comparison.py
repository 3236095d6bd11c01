"""`supplier-quote compare`: what suppliers ask, side by side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import OPP, supplier_answer

pytestmark = pytest.mark.usefixtures("shop")


COMPARISON = """\
ITEM         QUANTITY  ACME SQ-A1111   BEANS (USD)         ACME SQ-C3333
-----------  --------  -------------  ------------  --------------------
cafe-s-100          2     1,400.00    ≈ 1,360.00 *                1.00
grinder             3        90.00 *                              1.00
Total EUR                 3,070.00 *    2,720.00                  5.00
Quoted                                    1 of 2
Lead time                  3 weeks       3 weeks               3 weeks
Valid until             2026-11-21    2026-12-31    expired 2026-11-20
Answer                    SQ-A1111      SQ-B2222              SQ-C3333
"""


def test_compare_marks_the_best_price_of_each_and_the_best_total(cli, rates, given, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    given(
        supplier_answer(
            "SQ-A1111", "acme", [("cafe-s-100", 2, 1400), ("grinder", 3, 90)], valid_until="2026-11-21"
        )
        | supplier_answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1700)], currency="USD")
        | supplier_answer(
            "SQ-C3333", "acme", [("cafe-s-100", 2, 1), ("grinder", 3, 1)], valid_until="2026-11-20"
        )
    )

    said = cli("supplier-quote", "compare", OPP)

    assert said.out == COMPARISON
    compared = loads(cli("supplier-quote", "compare", OPP, "--format", "json").out)
    best = {
        item["description"]: [price["id"] for price in item["prices"] if price["best"]]
        for item in compared["items"]
    }
    assert best == {"cafe-s-100": ["SQ-B2222"], "grinder": ["SQ-A1111"]}
    assert [(each["id"], each["best"], each["complete"]) for each in compared["suppliers"]] == [
        ("SQ-A1111", True, True),
        ("SQ-B2222", False, False),
        ("SQ-C3333", False, True),
    ]
    assert compared["suppliers"][1]["compared"] == Decimal("2720.00")
    assert cli("supplier-quote", "compare", OPP, "--format", "ids").out.split()[0] == "SQ-A1111"


def test_compare_without_a_rate_shows_the_price_and_never_calls_it_best(cli, given):
    given(
        supplier_answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400)])
        | supplier_answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1)], currency="USD")
    )

    table = cli("supplier-quote", "compare", OPP).out

    assert "1,400.00 *" in table
    assert "1.00 USD" in table
    assert "1.00 USD *" not in table


def test_compare_names_who_has_not_answered(cli, acme):
    beans = cli("supplier-quote", "new", OPP, "--supplier", "beans", "--format", "ids").id
    cli("supplier-quote", "decline", beans, "--reason", "No stock")

    said = cli("supplier-quote", "compare", OPP)

    assert said.out == ""
    assert said.err.splitlines() == [
        f"{OPP}: no supplier has answered",
        f"no answer yet: acme ({acme}), asked on 2026-11-21",
        f"declined: beans ({beans}): No stock",
    ]


def test_compare_as_csv_has_plain_numbers(cli, given):
    given(supplier_answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400), ("grinder", 3, "90.50")]))

    lines = cli("supplier-quote", "compare", OPP, "--format", "csv").out.splitlines()

    assert lines[:4] == [
        "item,quantity,SQ-A1111",
        "cafe-s-100,2,1400",
        "grinder,3,90.50",
        "Total EUR,,3071.50",
    ]
