"""The sums of the forecast, held to an oracle of fractions, and which row each deal is counted in."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.records.days import Days
from pipecli.records.money import MissingRate, Rates, minor_digits
from pipecli.reports.deal import Deal
from pipecli.reports.forecast import GROUPINGS, Forecast, Window, forecast, window_of
from pipecli.reports.teams_and_targets import Organisation, Target, Targets, roll_up

TODAY = date(2026, 11, 21)
RATES = Rates(
    "EUR",
    {
        "USD": {date(2026, 1, 1): Decimal("0.92"), date(2026, 11, 1): Decimal("0.8765")},
        "JPY": {date(2025, 1, 1): Decimal("0.0061")},
        "GBP": {date(2025, 1, 1): Decimal("3")},
    },
)
ALL = Window(None, None)
DEAL = Deal(
    "OPP-AAAAA", "open", "standard", "demo", "sales", "EUR", None, None, None,
    owner="ana", team="iberia", source="web", customer="contoso",
)  # fmt: skip


def deal(amount: str | None = "100", probability: str = "50", **changes: object) -> Deal:
    worth = None if amount is None else Decimal(amount)
    return DEAL._replace(amount=worth, probability=Decimal(probability), **changes)  # type: ignore[arg-type]


def made(*deals: Deal, by: str = "month", window: Window = ALL, currency: str | None = None) -> Forecast:
    return forecast(deals, by=by, rates=RATES, today=TODAY, window=window, currency=currency)


amounts = st.decimals(0, 10**9, places=2) | st.decimals(0, 1000, places=3)
some_deals = st.lists(
    st.builds(
        DEAL._replace,
        status=st.sampled_from(["open", "won", "lost", "closed"]),
        stage=st.sampled_from(["demo", "propose"]),
        owner=st.sampled_from([None, "ana", "luis"]),
        currency=st.sampled_from(["EUR", "USD", "JPY", "GBP"]),
        amount=st.none() | amounts,
        probability=st.none() | st.decimals(0, 100, places=2),
        close=st.none() | st.dates(date(2026, 2, 1), date(2027, 12, 31)),
        products=st.lists(st.tuples(st.sampled_from([None, "cafe", "molino"]), amounts), max_size=4).map(
            tuple
        ),
    ),
    max_size=12,
)
days = st.none() | st.dates(date(2026, 2, 1), date(2027, 12, 31))
windows = st.builds(Window, days, days, st.just(True)) | st.builds(Window, days, st.none())


def half_up(value: Fraction, currency: str) -> Fraction:
    unit = 10 ** minor_digits(currency)
    return Fraction(floor(value * unit + Fraction(1, 2)), unit)


def oracle(each: Deal, target: str) -> tuple[Fraction, Fraction]:
    """What a deal is worth and weighs in `target`, each rounded once, in exact fractions."""
    if each.amount is None:
        return Fraction(0), Fraction(0)
    day = each.close if each.status == "won" and each.close else TODAY
    in_target = Fraction(each.amount)
    if each.currency != target:
        in_target *= Fraction(RATES.rate(each.currency, day)) / Fraction(RATES.rate(target, day))
    share = Fraction(each.probability or 0) / 100
    return half_up(in_target, target), half_up(in_target * share, target)


@given(some_deals, st.sampled_from(GROUPINGS), windows, st.sampled_from(["EUR", "USD", "JPY"]))
def test_rows_add_up_to_totals_and_totals_to_the_deals(
    deals: list[Deal], by: str, window: Window, currency: str
) -> None:
    found = made(*deals, by=by, window=window, currency=currency)

    counted = [
        each
        for each in deals
        if (each.status == "won" and each.close and window.counts_won(each.close))
        or (each.status == "open" and window.counts_open(each.close))
    ]
    open_ones = [oracle(each, currency) for each in counted if each.status == "open"]
    won = [oracle(each, currency) for each in counted if each.status == "won"]
    assert found.totals.amount == sum(worth for worth, _ in open_ones)
    assert found.totals.weighted == sum(weight for _, weight in open_ones)
    assert found.totals.won_amount == sum(worth for worth, _ in won)
    assert (found.totals.open_count, found.totals.won_count) == (len(open_ones), len(won))
    for name in ("amount", "weighted", "won_amount"):
        assert sum(getattr(row, name) for row in found.rows) == getattr(found.totals, name), name
    if by != "product":
        assert sum(row.open_count for row in found.rows) == len(open_ones)


@given(some_deals, windows)
def test_no_deal_that_lacks_something_goes_uncounted(deals: list[Deal], window: Window) -> None:
    found = made(*deals, window=window)

    open_ones = [each for each in deals if each.status == "open"]
    assert found.overdue.open_count == sum(
        each.close is not None and each.close < TODAY for each in open_ones
    )
    assert found.without_date.open_count == sum(each.close is None for each in open_ones)
    assert found.without_amount == sum(each.amount is None for each in open_ones)


def test_months_stand_between_the_overdue_and_those_without_a_date() -> None:
    found = made(
        deal(close=None),
        deal(close=date(2027, 1, 5)),
        deal(close=TODAY - timedelta(1)),
        deal(close=TODAY),
        deal(status="won", close=date(2026, 11, 2)),
    )

    assert [(row.key, row.open_count, row.won_count) for row in found.rows] == [
        ("overdue", 1, 0),
        ("2026-11", 1, 1),
        ("2027-01", 1, 0),
        ("without-date", 1, 0),
    ]


def test_a_quarter_begins_in_january() -> None:
    found = made(deal(close=date(2026, 12, 31)), deal(close=date(2027, 1, 1)), by="quarter")

    assert [row.key for row in found.rows] == ["2026-Q4", "2027-Q1"]


def test_by_owner_an_overdue_deal_stays_with_its_owner() -> None:
    found = made(deal(close=date(2026, 1, 1)), deal(close=None), deal(close=None, owner=None), by="owner")

    assert [(row.key, row.open_count, row.overdue_count, row.without_date_count) for row in found.rows] == [
        ("ana", 2, 1, 1),
        (None, 1, 0, 1),
    ]


def test_who_has_no_deals_is_on_no_line_of_their_own() -> None:
    people = Organisation({"ana": "iberia", "luis": "iberia"}, {"iberia": "ana"}, {})
    for owner, lines in (("luis", [("ana", 0), ("luis", 1)]), ("ana", [("ana", 0)])):
        rolled = roll_up(made(deal(owner=owner, close=TODAY), by="owner").rows, people)
        assert [(line.row.key, line.level) for line in rolled] == lines


def test_stages_have_the_order_of_their_process_and_unknown_ones_follow() -> None:
    nowhere = deal(stage="")  # as one is loaded that ended at none: `closed.stage: unknown`
    deals = [nowhere, deal(stage="propose"), deal(stage="gone"), deal(stage="demo", amount="1")]

    found = forecast(
        deals, by="stage", rates=RATES, today=TODAY, window=ALL,
        order=[("standard", "demo"), ("standard", "propose")],
    )  # fmt: skip

    assert [row.key for row in found.rows] == ["demo", "propose", "gone", None]


def test_the_first_of_products_that_are_worth_nothing_has_the_amount() -> None:
    free = deal(close=TODAY, products=(("cafe", Decimal(0)), ("molino", Decimal(0))))
    assert {row.key: row.amount for row in made(free, by="product").rows} == {"cafe": 100, "molino": 0}


def test_a_deal_of_one_product_counts_there_whole() -> None:
    pairs = (deal("100", products=(("cafe", Decimal(10)),)), deal("5"))
    assert {row.key: row.amount for row in made(*pairs, by="product").rows} == {"cafe": 100, None: 5}


def test_the_products_of_a_deal_share_its_amount_to_the_cent() -> None:
    thirds = (("cafe", Decimal(10)), ("molino", Decimal(10)), (None, Decimal(10)))

    found = made(deal("100.00", "100", products=thirds), by="product")

    assert {row.key: row.amount for row in found.rows} == {
        "cafe": Decimal("33.33"),
        "molino": Decimal("33.34"),
        None: Decimal("33.33"),
    }
    assert found.totals.open_count == 1


def test_a_day_that_bounds_a_window_belongs_to_it() -> None:
    due, day = deal(close=TODAY), timedelta(days=1)
    for window, counted in ((Window(None, TODAY), 1), (Window(None, TODAY - day), 0)):
        assert made(due, window=window).totals.open_count == counted


def test_a_window_without_a_first_day_begins_with_this_month_or_quarter_unless_it_ends_before() -> None:
    for by, first in (("month", date(2026, 11, 1)), ("quarter", date(2026, 10, 1))):
        assert window_of(by, Days(None, None), TODAY) == Window(first, None)
        assert window_of(by, Days(None, first), TODAY) == Window(first, first)
        before = first - timedelta(days=1)
        assert window_of(by, Days(None, before), TODAY) == Window(None, before)


def test_an_asked_window_leaves_out_what_is_overdue_before_it() -> None:
    window = Window(date(2026, 12, 1), date(2026, 12, 31), is_asked=True)

    found = made(
        deal(close=date(2026, 10, 1)), deal(close=None), deal(close=date(2026, 12, 31)), window=window
    )

    assert [row.key for row in found.rows] == ["2026-12"]
    assert (found.overdue.open_count, found.without_date.open_count) == (1, 1)


def test_an_open_deal_is_converted_at_the_rate_of_today_and_a_won_one_at_that_of_its_day() -> None:
    found = made(
        deal("100", currency="USD", close=date(2027, 5, 1)),
        deal("100", currency="USD", status="won", close=date(2026, 5, 1)),
    )

    assert (found.totals.amount, found.totals.won_amount) == (Decimal("87.65"), Decimal("92.00"))


def test_a_missing_rate_is_named() -> None:
    with pytest.raises(MissingRate, match="from CHF to EUR on or before 2026-11-21"):
        made(deal(currency="CHF"))


def test_a_deal_that_is_shared_counts_with_each_of_its_sellers_in_their_part_alone() -> None:
    shared = deal("100", "50", sellers=(("ana", "iberia", Decimal(60)), ("luis", "norte", Decimal(40))))
    for by, keys in (("owner", ("ana", "luis")), ("team", ("iberia", "norte"))):
        rows = {row.key: row.weighted for row in made(shared, by=by).rows}
        assert rows == dict(zip(keys, (30, 20), strict=True))
    assert [(row.key, row.weighted) for row in made(shared, by="source").rows] == [("web", 50)]


def test_one_sellers_forecast_is_their_row_of_the_forecast_by_owner() -> None:
    parts = tuple(
        (user, None, Decimal(percent)) for user, percent in (("ana", 33), ("eva", 34), ("luis", 33))
    )
    shared = deal("100.01", "33.3", currency="USD", sellers=parts)
    rows = {row.key: row[3:] for row in made(shared, by="owner").rows}
    for user, _, _ in parts:
        assert made(shared.sellers_part(user), by="source").rows[0][3:] == rows[user]
        assert made(shared.sellers_part(user), by="owner").rows[0][3:] == rows[user]


def test_a_deal_without_an_amount_counts_with_each_of_its_sellers() -> None:
    shared = deal(None, sellers=(("ana", "iberia", Decimal(60)), ("luis", "norte", Decimal(40))))
    rows = [(row.key, row.amount, row.without_amount_count) for row in made(shared, by="owner").rows]
    assert rows == [("ana", 0, 1), ("luis", 0, 1)]


def test_what_a_team_won_is_told_by_each_of_its_sellers() -> None:
    sellers = (("ana", "iberia", Decimal(50)), ("eva", "iberia", Decimal(30)), ("luis", "norte", Decimal(20)))
    won = deal("100", status="won", close=TODAY, sellers=sellers)
    by_team = {row.key: row.won_by for row in made(won, by="team").rows}
    assert by_team == {"iberia": {"ana": 50, "eva": 30}, "norte": {"luis": 20}}
    assert {row.key: row.won_by for row in made(won, by="owner").rows} == {
        "ana": {"ana": 50}, "eva": {"eva": 30}, "luis": {"luis": 20}
    }  # fmt: skip
    year = date(2026, 1, 1), date(2026, 12, 31)
    targets = Targets([Target("2026", *year, "ana", Decimal(90))], Organisation({}, {}, {}), *year)
    assert targets.won(made(won).totals) == 50  # of those who have one
