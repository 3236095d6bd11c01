"""`supplier-quote`: ask, take the answer as it comes, decline."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import DEAL, OPP, supplier_answer

pytestmark = pytest.mark.usefixtures("shop")


def shown(cli, key):
    return loads(cli("supplier-quote", "show", key, "--format", "json").out)


def test_a_supplier_is_asked_for_all_items_without_our_prices(cli, root, git):
    key = cli("supplier-quote", "new", OPP, "--supplier", "acme").out.strip()

    (made,) = (root / "supplier-quotations").rglob(f"{key}-acme.yaml")
    assert made.read_text().endswith(
        """\
supplier: acme
status: requested
date: 2026-11-21
currency: EUR
items:
- product: cafe-s-100
  description: Café S-100
  quantity: 2
  uom: unit
- product: grinder
  description: Grinder
  quantity: 3
"""
    )
    assert git("log", "-1", "--format=%s") == f"{key}: ask acme for Espresso machines"


def test_only_some_items_in_the_currency_of_the_supplier(cli):
    made = loads(
        cli("supplier-quote", "new", OPP, "--supplier", "Beans", "--item", "2", "--format", "json").out
    )

    assert [item["description"] for item in made["items"]] == ["Grinder"]
    assert made["currency"] == "USD"
    assert made["supplier_name"] == "Beans & Co"


def test_an_answer_is_wished_for_by_a_day(cli):
    options = ("--supplier", "acme", "--answer-by", "+1w", "--format", "json")

    assert loads(cli("supplier-quote", "new", OPP, *options).out)["answer_by"] == "2026-11-28"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--supplier", "nobody"], 'no supplier matches "nobody"'),
        (["--supplier", "acme", "--item", "tea"], "OPP-2Q8XA has no item tea; it has 1 (2 × Café S-100)"),
        (["--supplier", "acme", "--currency", "euro"], "currency"),
        (["--supplier", "acme", "--answer-by", "2026-11-20"], "would be in the past"),
    ],
)
def test_what_nobody_can_be_asked(refused, options, fault):
    assert fault in refused("supplier-quote", "new", OPP, *options)


def test_nobody_is_asked_for_a_closed_deal_or_one_without_items(refused, root, given):
    text = (root / DEAL).read_text()
    given({DEAL: text[: text.index("items:")]})
    assert "has no items to ask for; add some" in refused("supplier-quote", "new", OPP, "--supplier", "acme")

    given({DEAL: text.replace("status: open", "status: closed") + "closed:\n  date: 2026-11-20\n"})
    assert "reopen it first" in refused("supplier-quote", "new", OPP, "--supplier", "acme")


def test_an_answer_is_typed(cli, acme, git):
    cli(
        "supplier-quote", "receive", acme, "--price", "cafe-s-100=1400", "--price", "2=89.905",
        "--lead-time", "3 weeks", "--valid-until", "+30d",
    )  # fmt: skip

    made = shown(cli, acme)
    assert (made["status"], made["received"]) == ("received", "2026-11-21")
    assert [item["unit_price"] for item in made["items"]] == [1400, Decimal("89.905")]
    assert (made["lead_time"], made["valid_until"]) == ("3 weeks", "2026-12-21")
    assert made["amount"] == Decimal("3069.72")  # 2800.00 + 269.715 half up
    assert git("log", "-1", "--format=%s") == f"{acme}: receive"
    assert "total  3,069.72 EUR" in cli("supplier-quote", "show", acme).out


def test_an_answer_comes_as_the_supplier_wrote_it(cli, acme, tmp_path):
    returned = tmp_path / "respuesta.csv"
    returned.write_bytes(
        "Artículo;Descripción;Precio unitario (€);Plazo\r\n"
        "cafe-s-100;Cafetera;1.400,50 €;2 semanas\r\n"
        ";Grinder;89,90;4 semanas\r\n"
        ";Portes;30,00;\r\n".encode("cp1252")
    )

    said = cli("supplier-quote", "receive", acme, "--csv", str(returned))

    assert "respuesta.csv:4: Portes was not asked for, it is left out" in said.err
    made = shown(cli, acme)
    assert [item["unit_price"] for item in made["items"]] == [Decimal("1400.50"), Decimal("89.90")]
    assert made["lead_time"] == "Café S-100: 2 semanas; Grinder: 4 semanas"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--price", "1=9"], "no price for 3 × Grinder; give it with --price ITEM=PRICE, or take"),
        (["--price", "1=9", "--price", "2=8", "--price", "cafe=7"], "2 × Café S-100 has two prices, 9 and 7"),
        (["--price", "tea=9"], "has no item tea"),
        (["--price", "9.90"], '"9.90" isn\'t a price of an item; write it as cafe-s-100=9.90'),
        (["--price", "1=nine"], '--price: "nine" isn\'t a number'),
        (["--price", "1=-9", "--price", "2=8"], "error: --price: "),
        (["--price", "1=NaN", "--price", "2=8"], "error: --price: "),
        (["--csv", "/nowhere/answer.csv"], "/nowhere/answer.csv: No such file or directory"),
    ],
)
def test_what_is_no_answer(refused, acme, options, fault):
    assert fault in refused("supplier-quote", "receive", acme, *options)


def test_the_way_out_for_what_a_supplier_does_not_have(cli, refused, acme):
    line = refused("supplier-quote", "receive", acme, "--price", "1=9")
    assert line.endswith(f"pipecli supplier-quote set {acme} items.2=")

    cli("supplier-quote", "set", acme, "items.2=")
    cli("supplier-quote", "receive", acme, "--price", "1=9")


def test_a_supplier_declines(cli, acme):
    made = loads(cli("supplier-quote", "decline", acme, "--reason", "No stock", "--format", "json").out)

    assert (made["status"], made["reason"]) == ("declined", "No stock")


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (["decline"], ["decline"], "is declined already; see why: pipecli supplier-quote show"),
        (["decline"], ["receive", "--price", "1=1"], "is declined, it can't be received; ask again: "),
        (
            ["receive", "--price", "1=1", "--price", "2=1"],
            ["receive", "--price", "1=1"],
            "is received already, on 2026-11-21; correct a price with: pipecli supplier-quote set",
        ),
        (["receive", "--price", "1=1", "--price", "2=1"], ["decline"], "is received, it can't be declined"),
        (["decline"], ["set", "status=requested"], "use pipecli supplier-quote receive or decline"),
    ],
)
def test_an_answer_comes_once(cli, refused, acme, first, second, fault):
    cli("supplier-quote", first[0], acme, *first[1:])

    assert fault in refused("supplier-quote", second[0], acme, *second[1:])


def test_the_list_shows_who_still_has_to_answer_first(cli, given, acme, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    given(supplier_answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1000)], currency="USD"))

    lines = cli("supplier-quote", "list").out.splitlines()

    assert lines[2].split()[:2] == [acme, "Acme"]
    assert "2,000.00  3 weeks    2026-12-31" in lines[3]
