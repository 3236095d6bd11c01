"""The waterfall adds up for any deals, and each change stands in its bucket."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.records.days import Days
from pipecli.records.money import Rates
from pipecli.reports.deal import Deal, Valuation
from pipecli.reports.waterfall import Basis, Move, Waterfall, waterfall

STAGES = {("standard", stage): place for place, stage in enumerate(("qualify", "demo", "propose"))}
STAGES["standard", "pitch"] = STAGES["standard", "demo"]  # its name since
PROBABILITIES = {"qualify": Decimal(10), "demo": Decimal(25), "propose": Decimal(50)}
OPENED, CLOSED = date(2026, 1, 1), date(2026, 4, 1)
RATES = Rates("EUR", {"USD": {date(2025, 1, 1): Decimal("0.9"), date(2026, 3, 1): Decimal("0.8")}})
Q4 = Days(date(2026, 10, 1), date(2026, 12, 31))


def deal(**changes: Any) -> Deal:
    """An open deal of 1,000 at `qualify`, to close in November."""
    stage = changes.get("stage", "qualify")
    made = Deal(
        "OPP-AAAAA", "open", "standard", stage, "sales", "EUR", Decimal(1000),
        PROBABILITIES.get(stage), date(2026, 11, 15), owner="ana", customer="contoso",
    )  # fmt: skip
    return made._replace(**changes)


def moved(before: Deal | None, after: Deal | None, window: Days | None = None) -> Waterfall:
    opening, closing = (Basis(Valuation(RATES, "EUR"), day, STAGES) for day in (OPENED, CLOSED))
    made = waterfall([("OPP-AAAAA", before, after)], opening, closing, window)
    for aspect in ("amount", "weighted"):
        moves = sum((getattr(each, aspect) for each in made.buckets.values()), Decimal(0))
        assert getattr(made.opening, aspect) + moves == getattr(made.closing, aspect)
    return made


def buckets(
    before: Deal | None, after: Deal | None, window: Days | None = None
) -> list[tuple[str, int, int]]:
    """The deal's buckets with their amount and weighted amount, whole numbers here."""
    moves: list[Move] = moved(before, after, window).moves.get("OPP-AAAAA", [])
    return [(move.bucket, int(move.amount), int(move.weighted)) for move in moves]


WON = deal(status="won", amount=Decimal(900), close=date(2026, 3, 5))
LATER, EARLIER = date(2027, 1, 20), date(2026, 10, 1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, deal(), [("new", 1000, 100)]),
        (deal(), deal(), []),
        (deal(), deal(amount=Decimal(1200)), [("increased", 200, 20)]),
        (deal(), deal(amount=Decimal(700)), [("decreased", -300, -30)]),
        (deal(probability=None), deal(probability=None, amount=Decimal(1200)), [("increased", 200, 0)]),
        (deal(probability=None), deal(probability=None, amount=Decimal(700)), [("decreased", -300, 0)]),
        (deal(amount=None), deal(), [("increased", 1000, 100)]),
        (deal(), deal(stage="propose"), [("stage forward", 0, 400)]),
        (deal(stage="demo"), deal(), [("stage back", 0, -150)]),
        (deal(stage="demo", probability=Decimal(90)), deal(stage="propose"), [("stage forward", 0, -400)]),
        (deal(stage="demo"), deal(stage="pitch", probability=Decimal(25)), [("stage forward", 0, 0)]),
        (deal(), deal(probability=Decimal(60)), [("probability", 0, 500)]),
        (deal(), deal(close=LATER), [("pushed out", 0, 0)]),
        (deal(), deal(close=EARLIER), [("pulled in", 0, 0)]),
        (deal(close=None), deal(), [("pulled in", 0, 0)]),
        (deal(), WON, [("decreased", -100, -10), ("won", -900, -90)]),
        (deal(), deal(status="lost"), [("lost", -1000, -100)]),
        (deal(), deal(status="closed"), [("closed", -1000, -100)]),
        (deal(), None, [("removed", -1000, -100)]),
        (None, deal(status="lost"), [("new", 1000, 100), ("lost", -1000, -100)]),
        (deal(status="lost"), deal(), [("reopened", 1000, 100)]),
        (WON, deal(status="lost", amount=Decimal(900)), [
            ("reopened", 900, 90), ("lost", -900, -90)]),
        (WON, WON._replace(amount=Decimal(5)), []),
        (deal(status="lost"), None, []),
        (
            deal(),
            deal(stage="demo", amount=Decimal(2000), close=LATER),
            [("pushed out", 0, 0), ("increased", 1000, 100), ("stage forward", 0, 300)],
        ),
        (
            deal(currency="USD"),
            deal(currency="USD"),
            [("rates", -100, -10)],
        ),
        (deal(process="other", stage="a", probability=Decimal(5)), deal(), [("stage forward", 0, 50)]),
        (deal(process="other", stage="a", probability=Decimal(15)), deal(), [("stage back", 0, -50)]),
        (deal(process="other", stage="a", probability=Decimal(10)), deal(), [("stage forward", 0, 0)]),
        (deal(stage="gone", probability=None), deal(), [("stage forward", 0, 100)]),
    ],
)  # fmt: skip
def test_each_change_stands_in_its_bucket(
    before: Deal | None, after: Deal | None, expected: list[tuple[str, int, int]]
) -> None:
    assert buckets(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (deal(), deal(close=LATER), [("pushed out", -1000, -100)]),
        (deal(close=LATER), deal(amount=Decimal(1500)), [("pulled in", 1000, 100), ("increased", 500, 50)]),
        (deal(), deal(close=EARLIER), []),
        (deal(close=LATER), deal(close=LATER, amount=Decimal(5)), []),
        (None, deal(close=LATER), []),
        (deal(close=LATER), None, []),
        (deal(close=LATER), deal(status="lost", close=LATER), []),
        (
            deal(),
            deal(status="won", close=date(2027, 1, 5)),
            [("pushed out", -1000, -100)],
        ),
        (
            deal(close=LATER),
            deal(status="won", close=date(2026, 12, 5)),
            [("pulled in", 1000, 100), ("won", -1000, -100)],
        ),
        (deal(close=None), deal(), [("pulled in", 1000, 100)]),
        (deal(), deal(close=None), [("pushed out", -1000, -100)]),
    ],
)
def test_a_window_counts_what_is_to_close_in_it(
    before: Deal | None, after: Deal | None, expected: list[tuple[str, int, int]]
) -> None:
    assert buckets(before, after, Q4) == expected


def test_deals_are_counted_once_a_bucket() -> None:
    made = moved(deal(), WON)
    assert made.opening.deals == 1
    assert made.closing.deals == 0
    assert {name: each.deals for name, each in made.buckets.items() if each.deals} == {
        "decreased": 1,
        "won": 1,
    }


money = st.none() | st.decimals(0, 10**9, places=2)
some_deal = st.builds(
    deal,
    status=st.sampled_from(["open", "open", "won", "lost", "closed"]),
    process=st.sampled_from(["standard", "other"]),
    stage=st.sampled_from([*PROBABILITIES, "unknown"]),
    currency=st.sampled_from(["EUR", "USD"]),
    amount=money,
    probability=st.none() | st.decimals(0, 100, places=2),
    close=st.none() | st.dates(date(2026, 8, 1), date(2027, 2, 1)),
)


@given(
    st.lists(st.tuples(st.none() | some_deal, st.none() | some_deal), max_size=8),
    st.sampled_from([None, Q4]),
    st.sampled_from(["EUR", "USD"]),
)
def test_any_movement_adds_up_to_the_cent(
    pairs: list[tuple[Deal | None, Deal | None]], window: Days | None, currency: str
) -> None:
    opening, closing = (Basis(Valuation(RATES, currency), day, STAGES) for day in (OPENED, CLOSED))
    numbered = [(str(number), before, after) for number, (before, after) in enumerate(pairs)]
    made = waterfall(numbered, opening, closing, window)
    for aspect in ("amount", "weighted"):
        total = sum((getattr(each, aspect) for each in made.buckets.values()), getattr(made.opening, aspect))
        assert total == getattr(made.closing, aspect)
        by_deal = sum((getattr(move, aspect) for moves in made.moves.values() for move in moves), Decimal(0))
        assert getattr(made.opening, aspect) + by_deal == getattr(made.closing, aspect)
    for side, place, each in ((opening, 1, made.opening), (closing, 2, made.closing)):
        counted = [
            pair[place]
            for pair in numbered
            if pair[place] and pair[place].status == "open" and (not window or in_window(pair[place], window))  # type: ignore[union-attr, arg-type]
        ]
        worths = [worth for one in counted if (worth := side.valuation.worth(one, side.day))]  # type: ignore[arg-type]
        assert each.deals == len(counted)
        assert each.amount == sum((worth.amount for worth in worths), Decimal(0))
        assert each.weighted == sum((worth.weighted for worth in worths), Decimal(0))


def in_window(one: Deal, window: Days) -> bool:
    return one.close is not None and window.first <= one.close <= window.last
