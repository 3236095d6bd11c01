"""What a supplier's table offers, in the languages and habits of suppliers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.cli.paper.supplier_quotation import offered_prices
from pipecli.errors import PipecliError


def offered(text, currency="EUR", name="answer.csv"):
    return [(*each.names, each.price) for each in offered_prices(text.encode(), name, currency)]


@pytest.mark.parametrize(
    "table",
    [
        "product,price\ntea,1234.50\n",
        "Product;Unit price\ntea;1234,50\n",
        "SKU\tPrice (EUR)\ntea\t1.234,50\n",
        "Artículo;Cantidad;Precio unitario\ntea;3;1.234,50 €\n",
        "Artikelnummer|Einzelpreis\ntea|1234,50\n",
        "item_no,unit_price,total\ntea,1234.50,9999\n",
        "کد کالا,قیمت واحد\ntea,۱۲۳۴٫۵۰\n",
    ],
)
def test_headings_delimiters_and_decimals_are_found_out(table):
    assert offered(table) == [("tea", Decimal("1234.50"))]


def test_a_row_is_named_by_product_and_description_with_its_place():
    rows = offered_prices(b"sku,description,price,lead time\ntea,Green tea,9.90,2 weeks\n", "a.csv", "EUR")

    assert rows == [(("tea", "Green tea"), Decimal("9.90"), "2 weeks", "a.csv:2")]


def test_rows_without_a_price_are_no_offers():
    assert offered("product,price\ntea,\ncoffee,3.20\n,5.00\n") == [("coffee", Decimal("3.20"))]


def test_what_one_number_leaves_open_another_of_the_column_tells():
    assert offered("product;price\ntea;1.234\ncoffee;10,50\n") == [
        ("tea", Decimal(1234)), ("coffee", Decimal("10.50")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("product;price\ntea;1.234\n", 'answer.csv:2: the price "1.234" can\'t be read for certain'),
        ("product,price\ntea,ask\n", 'answer.csv:2: the price "ask" can\'t be read for certain'),
        (
            "product,price\ntea,$5.00\n",
            'answer.csv:2: the price "$5.00" is not in EUR; if all of them are so',
        ),
        ("product,price\ntea,-5.00\n", 'answer.csv:2: the price "-5.00" is negative'),
        ("product,amount\ntea,5\n", "answer.csv: no column of prices among product, amount"),
        ("number,price\n1,5\n", "answer.csv: no column says what is priced among number, price"),
        ("", "answer.csv is empty"),
    ],
)
def test_what_cannot_be_taken_is_named(table, fault):
    with pytest.raises(PipecliError) as refused:
        offered(table)
    assert fault in str(refused.value)


def test_prices_in_the_answer_s_currency_may_carry_its_sign():
    assert offered("product,price\ntea,$5.00\n", currency="USD") == [("tea", Decimal("5.00"))]
