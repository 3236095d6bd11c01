"""`supplier-quote`: ask, take the answer, decline, compare, and price the customer's quotation from it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.jsontext import loads

pytestmark = pytest.mark.usefixtures("shop")

OPP = "OPP-2Q8XA"
DEAL = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"


@pytest.fixture
def acme(cli):
    return cli("supplier-quote", "new", OPP, "--supplier", "acme", "--format", "ids").id


@pytest.fixture
def rates(root, git):
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text() + "\nexchange_rates:\n  USD:\n    2026-11-01: 0.80\n")
    git("commit", "-qam", "rates")


def shown(cli, key):
    return loads(cli("supplier-quote", "show", key, "--format", "json").out)


def answer(key, supplier, prices, currency="EUR", valid_until="2026-12-31"):
    return f"""\
id: {key}
created: 2026-11-20T09:00:00+01:00
opportunity: {OPP}
supplier: {supplier}
status: received
date: 2026-11-20
received: 2026-11-20
valid_until: {valid_until}
lead_time: 3 weeks
currency: {currency}
items:
""" + "".join(
        f"- product: {product}\n  description: {product}\n  quantity: {quantity}\n  unit_price: {price}\n"
        for product, quantity, price in prices
    )


def file(key):
    return f"supplier-quotations/2026/{key}-x.yaml"


def test_a_supplier_is_asked_for_all_items_without_our_prices(cli, root, git):
    key = cli("supplier-quote", "new", OPP, "--supplier", "acme").out.strip()

    (made,) = (root / "supplier-quotations/2026").glob(f"{key}-acme.yaml")
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


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--supplier", "nobody"], 'no supplier answers to "nobody"'),
        (["--supplier", "acme", "--item", "tea"], "OPP-2Q8XA has no item tea; it has 1 (2 × Café S-100)"),
        (["--supplier", "acme", "--currency", "euro"], "currency"),
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
        ([], "an answer has prices; give --price ITEM=PRICE, or --csv FILE"),
        (["--price", "1=9"], "no price for 3 × Grinder; give it with --price ITEM=PRICE, or take"),
        (["--price", "1=9", "--price", "2=8", "--price", "cafe=7"], "2 × Café S-100 has two prices, 9 and 7"),
        (["--price", "tea=9"], "has no item tea"),
        (["--price", "9.90"], '"9.90" is no price of an item; write it as cafe-s-100=9.90'),
        (["--price", "1=nine"], '--price: "nine" is no number'),
        (["--price", "1=-9", "--price", "2=8"], "--price: it should be greater than or equal to 0, not -9"),
        (["--price", "1=NaN", "--price", "2=8"], "--price: a finite number is wanted here"),
        (["--csv", "/nowhere/answer.csv"], "/nowhere/answer.csv: No such file or directory"),
    ],
)
def test_what_is_no_answer(refused, acme, options, fault):
    assert fault in refused("supplier-quote", "receive", acme, *options)


def test_the_way_out_for_what_a_supplier_does_not_have(cli, refused, acme):
    line = refused("supplier-quote", "receive", acme, "--price", "1=9")
    assert line.endswith(f"pipecli supplier-quote set {acme} items.1=")

    cli("supplier-quote", "set", acme, "items.1=")
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


COMPARISON = """\
ITEM         QUANTITY  ACME SQ-A1111   BEANS (USD)         ACME SQ-C3333
-----------  --------  -------------  ------------  --------------------
cafe-s-100          2     1,400.00    ≈ 1,360.00 *                1.00
grinder             3        90.00 *                              1.00
Total EUR                 3,070.00 *    2,720.00                  5.00
Quoted                                    1 of 2
Lead time                  3 weeks       3 weeks               3 weeks
Valid until             2026-12-31    2026-12-31    expired 2026-11-20
Answer                    SQ-A1111      SQ-B2222              SQ-C3333
"""


def test_compare_marks_the_best_price_of_each_and_the_best_total(cli, rates, given, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    given(
        {
            file("SQ-A1111"): answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400), ("grinder", 3, 90)]),
            file("SQ-B2222"): answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1700)], currency="USD"),
            file("SQ-C3333"): answer(
                "SQ-C3333", "acme", [("cafe-s-100", 2, 1), ("grinder", 3, 1)], valid_until="2026-11-20"
            ),
        }
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
        {
            file("SQ-A1111"): answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400)]),
            file("SQ-B2222"): answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1)], currency="USD"),
        }
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
    given({file("SQ-A1111"): answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400), ("grinder", 3, "90.50")])})

    lines = cli("supplier-quote", "compare", OPP, "--format", "csv").out.splitlines()

    assert lines[:4] == [
        "item,quantity,SQ-A1111",
        "cafe-s-100,2,1400",
        "grinder,3,90.50",
        "Total EUR,,3071.50",
    ]


def quoted(cli, *options):
    return loads(cli("quote", "new", OPP, *options, "--format", "json").out)


def test_a_quotation_takes_the_supplier_s_prices_with_a_markup(cli, given):
    given({file("SQ-A1111"): answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400), ("grinder", 3, "90.05")])})

    made = quoted(cli, "--from-supplier-quote", "SQ-A1111", "--markup", "20")

    assert [item["unit_price"] for item in made["items"]] == [Decimal("1680.00"), Decimal("108.06")]
    assert made["supplier_quotation"] == "SQ-A1111"
    # its own cost is the supplier's: (1680.00 x 2 x 0.9 - 2800.00) + (324.18 - 270.15)
    assert made["margin"] == Decimal("278.03")
    assert "items_without_cost" not in made


def test_a_margin_is_of_the_customer_s_price_in_the_quotation_s_currency(cli, rates, given):
    text = answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1000), ("grinder", 3, "0.105")], currency="USD")
    given({file("SQ-B2222"): text})

    made = quoted(cli, "--from-supplier-quote", "sq-b2", "--margin", "30")

    # 1000 USD are 800 EUR, 70 % of the price; 0.084 / 0.7 = 0.12
    assert [item["unit_price"] for item in made["items"]] == [Decimal("1142.86"), Decimal("0.12")]


def test_what_makes_a_price_doubtful_is_said(cli, given):
    given({file("SQ-A1111"): answer("SQ-A1111", "acme", [("cafe-s-100", 5, 1400)], valid_until="2026-11-20")})

    said = cli("quote", "new", OPP, "--from-supplier-quote", "SQ-A1111", "--markup", "0")

    assert said.err.splitlines() == [
        "SQ-A1111 was valid until 2026-11-20: ask acme again",
        "SQ-A1111 is for 5 × cafe-s-100, the quotation for 2 × Café S-100",
        "Café S-100 keeps its discount of 10 %, off the new price",
        "Grinder is not in SQ-A1111: it keeps its price of 199.00",
    ]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "a price from a supplier needs either a markup or a margin"),
        (["--markup", "20", "--margin", "20"], "needs either a markup or a margin"),
        (["--markup", "-1"], "--markup: it should be greater than or equal to 0, not -1"),
        (["--markup", "NaN"], "--markup"),
        (["--markup", "1e400"], "--markup"),
        (["--margin", "140"], "--margin"),
        (["--margin", "100"], "a margin of 100 % can't be had"),
        (["--markup", "much"], '--markup: "much" is no number'),
    ],
)
def test_what_is_no_markup(refused, given, options, fault):
    given({file("SQ-A1111"): answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400)])})

    assert fault in refused("quote", "new", OPP, "--from-supplier-quote", "SQ-A1111", *options)


def test_prices_come_only_from_an_answer_to_the_same_deal(cli, refused, root, given, acme):
    line = refused("quote", "new", OPP, "--from-supplier-quote", acme, "--markup", "20")
    assert f"{acme} is requested, it has no prices; record the answer first" in line

    other = (root / DEAL).read_text().replace("OPP-2Q8XA", "OPP-3Z3Z3")
    text = answer("SQ-A1111", "acme", [("cafe-s-100", 2, 1400)]).replace(OPP, "OPP-3Z3Z3")
    given({"opportunities/2026/OPP-3Z3Z3-x.yaml": other, file("SQ-A1111"): text})
    line = refused("quote", "new", OPP, "--from-supplier-quote", "SQ-A1111", "--markup", "20")
    assert "SQ-A1111 is for OPP-3Z3Z3, not for OPP-2Q8XA" in line


def test_a_missing_rate_is_named(refused, given):
    given({file("SQ-B2222"): answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1000)], currency="USD")})

    line = refused("quote", "new", OPP, "--from-supplier-quote", "SQ-B2222", "--markup", "20")

    assert "no exchange rate from USD to EUR on or before 2026-11-21; add one" in line


def test_the_list_shows_who_still_has_to_answer_first(cli, given, acme, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    given({file("SQ-B2222"): answer("SQ-B2222", "beans", [("cafe-s-100", 2, 1000)], currency="USD")})

    lines = cli("supplier-quote", "list").out.splitlines()

    assert lines[2].split()[:2] == [acme, "Acme"]
    assert "2,000.00 USD  3 weeks    2026-12-31" in lines[3]
