"""What documents come to: twenty worked out by hand, and any others against exact fractions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipecli.records.items_and_totals import Item, totals
from pipecli.records.money import minor_digits, split_cents
from pipecli.records.papers import Quotation


def offer(*lines: dict[str, object], currency: str = "EUR", **fields: object) -> Quotation:
    items = tuple(Item(**{"description": f"line {number}", **line}) for number, line in enumerate(lines, 1))
    return Quotation(
        id="QTN-2Q8XA",
        created=datetime(2026, 11, 20, 10, tzinfo=UTC),
        opportunity="OPP-2Q8XA",
        date=date(2026, 11, 20),
        currency=currency,
        items=items,
        **fields,
    )


def line(price: object, tax: object = 21, quantity: object = 1, **fields: object) -> dict[str, object]:
    plain = {"unit_price": price, "tax": tax, "quantity": quantity, **fields}
    return {key: Decimal(str(value)) if isinstance(value, (int, float)) and value is not True else value
            for key, value in plain.items()}  # fmt: skip


D = Decimal
BY_HAND = {
    "plain": (offer(line(10, quantity=2)), "20.00", {21: "4.20"}, "24.20"),
    "percent off a line": (offer(line(9.99, quantity=3, discount=10)), "26.97", {21: "5.66"}, "32.63"),
    "money off a line": (offer(line(9.99, quantity=3, discount_amount=5)), "24.97", {21: "5.24"}, "30.21"),
    "percent off the whole": (
        offer(line(100), line(50, 10), discount=D(10)), "135.00", {10: "4.50", 21: "18.90"}, "158.40"),
    "money off the whole": (
        offer(line(33.33), line(66.67, 4), discount_amount=D(10)), "90.00", {4: "2.40", 21: "6.30"}, "98.70"),
    "a cent that three rates can't share": (
        offer(line(33.33), line(33.33, 10), line(33.33, 4), discount_amount=D(10)),
        "89.99", {4: "1.20", 10: "3.00", 21: "6.30"}, "100.49"),
    "freight keeps its price": (
        offer(line(100), line(20, kind="freight"), discount=D(10)), "110.00", {21: "23.10"}, "133.10"),
    "tax included": (offer(line(121), tax_included=True), "100.00", {21: "21.00"}, "121.00"),
    "tax included, a third of a cent": (
        offer(line(9.99, quantity=3), tax_included=True), "24.77", {21: "5.20"}, "29.97"),
    "tax included, on the sum": (
        offer(line(1), line(1), line(1), tax_included=True), "2.48", {21: "0.52"}, "3.00"),
    "tax included, two rates": (
        offer(line(121), line(104, 4), tax_included=True), "200.00", {4: "4.00", 21: "21.00"}, "225.00"),
    "tax included, percent off": (
        offer(line(121), tax_included=True, discount=D(10)), "90.00", {21: "18.90"}, "108.90"),
    "tax included, money off": (
        offer(line(121), line(104, 4), tax_included=True, discount_amount=D(10)),
        "191.11", {4: "3.82", 21: "20.07"}, "215.00"),
    "an option": (offer(line(100), line(50, optional=True)), "100.00", {21: "21.00"}, "121.00"),
    "an option taken": (
        offer(line(100), line(50, optional=True), taken=(2,)), "150.00", {21: "31.50"}, "181.50"),
    "an alternative taken": (
        offer(line(100), line(130, alternative_to="line 1"), taken=(2,)), "130.00", {21: "27.30"}, "157.30"),
    "yen": (offer(line(333, 10, quantity=3, discount=10), currency="JPY"), "899", {10: "90"}, "989"),
    "dinar": (
        offer(line(1.2345, 5, quantity=2), currency="KWD", discount=D(10)), "2.222", {5: "0.111"}, "2.333"),
    "no tax": (offer(line(100, None), discount_amount=D("0.01")), "99.99", {}, "99.99"),
    "a rate of nothing, and none": (
        offer(line(50, 0), line(50, None), discount=D(1)), "99.00", {0: "0.00"}, "99.00"),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_a_document_comes_to_what_it_does_on_paper(name: str) -> None:
    document, net, taxes, gross = BY_HAND[name]
    made = totals(document)
    assert (made.net, made.gross) == (D(net), D(gross))
    assert made.tax_by_rate == {D(rate): D(tax) for rate, tax in taxes.items()}
    assert sum(amount for amount in made.lines if amount is not None) == made.net


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"discount": D(5), "discount_amount": D(5)}, "not both"),
        ({"discount_amount": D("100.01")}, "more than the items come to"),
        ({"discount_amount": D("1.001")}, "can't be paid"),
        ({"taken": (1,)}, "isn't the number of an optional or alternative line"),
        ({"taken": (3,)}, "isn't the number"),
    ],
)
def test_a_discount_or_an_option_that_makes_no_sense_is_a_fault(
    fields: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        offer(line(100), line(50, optional=True), **fields)


@pytest.mark.parametrize("fields", [{"discount": 5, "discount_amount": 5}, {"discount_amount": 101}])
def test_so_is_that_of_a_line(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"not both|more than the line's price"):
        offer(line(100, **fields))


amounts = st.decimals(min_value=0, max_value=99999, places=3)
percents = st.decimals(min_value=0, max_value=100, places=3)
lines = st.builds(
    line,
    amounts,
    st.none() | st.sampled_from([D(0), D(4), D("9.975"), D(21)]),
    st.decimals(min_value="0.001", max_value=99, places=3),
    discount=st.none() | percents,
    kind=st.none() | st.just("freight"),
    optional=st.none() | st.just(True),
)


def half_up(value: Fraction, currency: str) -> Fraction:
    scale = 10 ** minor_digits(currency)
    return Fraction(int(value * scale + Fraction(1, 2)), scale)


@given(
    st.lists(lines, min_size=1, max_size=5), st.booleans(), st.none() | percents,
    st.sampled_from(["JPY", "EUR", "KWD"]),
)  # fmt: skip
def test_nothing_is_lost_between_the_lines_and_the_total(
    given_lines, tax_included, discount, currency
) -> None:
    document = offer(*given_lines, currency=currency, tax_included=tax_included or None, discount=discount)
    made = totals(document)
    printed = [
        half_up(
            Fraction(item.quantity) * Fraction(item.unit_price) * (1 - Fraction(item.discount or 0) / 100),
            currency,
        )
        for item in document.items
    ]
    counting = [
        (item, amount) for item, amount in zip(document.items, printed, strict=True) if not item.optional
    ]
    goods = sum((amount for item, amount in counting if item.kind is None), Fraction())
    off = half_up(goods * Fraction(discount or 0) / 100, currency)
    whole = sum((amount for _, amount in counting), Fraction()) - off
    assert Fraction(made.discount) == off
    assert Fraction(made.gross if tax_included else made.net) == whole
    assert sum((amount for amount in made.lines if amount is not None), D(0)) == made.net
    assert made.gross == made.net + sum(made.tax_by_rate.values())
    unit = Fraction(1, 10 ** minor_digits(currency))
    for rate, tax in made.tax_by_rate.items():  # at most a cent off the exact tax
        base = [net for item, net in zip(document.items, made.lines, strict=True)
                if item.tax == rate and net is not None]  # fmt: skip
        assert abs(Fraction(tax) - Fraction(sum(base, D(0))) * Fraction(rate) / 100) <= unit


@given(
    amounts,
    st.lists(st.decimals(min_value=0, max_value=999, places=2), min_size=1),
    st.sampled_from(["JPY", "EUR"]),
)
def test_shares_are_the_whole_and_each_within_a_cent_of_its_own(amount, weights, currency) -> None:
    amount = amount.quantize(D(1).scaleb(-minor_digits(currency)))
    parts = split_cents(amount, weights, currency)
    assert sum(parts) == amount
    if whole := sum(weights):
        unit = Fraction(1, 10 ** minor_digits(currency))
        for part, weight in zip(parts, weights, strict=True):
            assert abs(Fraction(part) - Fraction(amount) * Fraction(weight) / Fraction(whole)) < unit
