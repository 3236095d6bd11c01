"""States that don't go together: one thing made wrong, one finding at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking import DEAL, LOST, PRICES, QUOTATION, SOUND, assert_one_finding, brief, found, write

WINNING = """\
status: won
closed:
  date: 2026-10-01
  amount: 10
  quotation: QTN-AAAAA
"""

ORDER = "orders/2026/ORD-AAAAA-contoso-coffee.yaml"

ORDERED = """\
id: ORD-AAAAA
created: 2026-10-01T10:00:00+02:00
opportunity: OPP-2Q8XA
quotation: QTN-AAAAA
date: 2026-10-01
status: open
customer: contoso-coffee
currency: EUR
"""


ONE_CHANGE = [
    ("validity", QUOTATION, "2027-09-11", "2026-09-10", 5, "2026-09-10 is before its date 2026-09-11"),
    (
        "open-quotation",
        QUOTATION,
        "opportunity: OPP-2Q8XA",
        "opportunity: OPP-AAAAA",
        6,
        "QTN-AAAAA is sent although OPP-AAAAA is lost",
    ),
    (
        "accepted-quotation",
        QUOTATION,
        "status: sent",
        "status: accepted",
        6,
        "accepted although OPP-2Q8XA is open",
    ),
    (
        "primary-contact",
        DEAL,
        "  primary: true",
        "  primary: true\n- contact: maria-lopez",
        23,
        "maria-lopez is named twice",
    ),
    (
        "price-list-currency",
        PRICES,
        "currency: EUR",
        "currency: USD",
        15,
        "retail is in USD, and this in EUR",
    ),
    (
        "expired-price-list",
        PRICES,
        "2030-01-01",
        "2026-11-20",
        15,
        "priced from retail, which expired on 2026-11-20",
    ),
    (
        "discount",
        DEAL,
        "discount: 20",
        "discount: 20.5",
        22,
        "a discount of 20.5 % is above the 20 % of the settings",
    ),
]


@pytest.mark.parametrize("change", ONE_CHANGE)
def test_one_thing_wrong_is_found_at_its_line(
    pipeline: Path, change: tuple[str, str, str, str, int, str]
) -> None:
    assert_one_finding(pipeline, *change)


def test_two_accepted_quotations_of_a_won_deal_are_found(pipeline: Path) -> None:
    other = QUOTATION.replace("AAAAA", "BBBBB")
    won = SOUND[DEAL] + "status: won\nclosed:\n  date: 2026-10-01\n  amount: 10\n  quotation: QTN-CCCCC\n"
    write(pipeline, DEAL, won)
    for key in ("AAAAA", "BBBBB"):
        accepted = SOUND[QUOTATION].replace("AAAAA", key).replace("sent", "accepted")
        write(pipeline, QUOTATION.replace("AAAAA", key), accepted)
    write(
        pipeline,
        QUOTATION.replace("AAAAA", "CCCCC"),
        SOUND[QUOTATION].replace("AAAAA", "CCCCC").replace("sent", "rejected").replace("2Q8XA", "AAAAA"),
    )

    assert brief(pipeline) == [
        (DEAL, 36, "winning-quotation"),
        (QUOTATION, 6, "accepted-twice"),
        (other, 6, "accepted-twice"),
    ]


@pytest.fixture
def ordered(pipeline: Path) -> Path:
    """A deal that is won and ordered, as `opp won` leaves it."""
    write(pipeline, DEAL, SOUND[DEAL] + WINNING)
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("sent", "accepted"))
    write(pipeline, ORDER, ORDERED)
    return pipeline


def test_what_a_win_leaves_is_sound(ordered: Path) -> None:
    assert found(ordered) == []


def test_an_expired_quotation_wins_nothing_and_orders_nothing(ordered: Path) -> None:
    write(ordered, QUOTATION, SOUND[QUOTATION].replace("sent", "expired"))

    assert [(each.file, each.line, each.rule, each.message) for each in found(ordered)] == [
        (DEAL, 36, "won-quotation",
         "closed.quotation: QTN-AAAAA is expired; name the one that the customer accepted"),
        (ORDER, 4, "ordered-quotation",
         "quotation: QTN-AAAAA is expired, and ORD-AAAAA an order of what is accepted"),
    ]  # fmt: skip
    write(ordered, ORDER, ORDERED.replace("open", "cancelled"))
    assert [each.rule for each in found(ordered)] == ["won-quotation"]


def test_an_order_is_of_a_quotation_of_its_own_deal(ordered: Path) -> None:
    write(ordered, ORDER, ORDERED.replace("opportunity: OPP-2Q8XA", "opportunity: OPP-AAAAA"))

    (finding,) = found(ordered)

    assert finding.message == "quotation: QTN-AAAAA is a quotation of OPP-2Q8XA, not of OPP-AAAAA"


def test_a_second_order_of_a_quotation_is_found(ordered: Path) -> None:
    other = ORDER.replace("AAAAA", "BBBBB")
    write(ordered, other, ORDERED.replace("ORD-AAAAA", "ORD-BBBBB"))

    assert brief(ordered) == [(ORDER, 4, "ordered-twice"), (other, 4, "ordered-twice")]
    assert "cancel one: pipecli order cancel ORD-BBBBB" in found(ordered)[1].message
    write(ordered, other, ORDERED.replace("ORD-AAAAA", "ORD-BBBBB").replace("open", "cancelled"))
    assert found(ordered) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("status: open", "status: delivered", 6, "ORD-AAAAA is delivered, and no day says when"),
        (
            "status: open",
            "status: open\ndelivered: 2026-11-01",
            7,
            "is open, and was delivered on 2026-11-01",
        ),
    ],
)
def test_a_delivery_has_a_day_and_a_day_of_delivery_its_status(
    ordered: Path, old: str, new: str, line: int, said: str
) -> None:
    write(ordered, ORDER, ORDERED.replace(old, new))

    (finding,) = found(ordered)

    assert (finding.line, finding.rule) == (line, "delivery")
    assert said in finding.message


def test_a_deal_is_not_closed_tomorrow(pipeline: Path) -> None:
    write(pipeline, LOST, SOUND[LOST].replace("2026-10-01", "2026-11-22"))

    assert brief(pipeline) == [(LOST, 9, "closing-day")]


def test_an_offer_is_to_somebody(pipeline: Path) -> None:
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("customer: contoso-coffee\n", ""))

    assert brief(pipeline) == [(QUOTATION, 1, "addressee")]


def test_what_is_revised_does_not_stand(pipeline: Path) -> None:
    later = SOUND[QUOTATION].replace("QTN-AAAAA", "QTN-BBBBB") + "revision_of: QTN-AAAAA\n"
    write(pipeline, QUOTATION.replace("AAAAA", "BBBBB"), later)

    assert brief(pipeline) == [(QUOTATION, 6, "revised-quotation")]
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("sent", "superseded"))
    assert found(pipeline) == []


def test_an_answer_has_prices(pipeline: Path) -> None:
    write(pipeline, "suppliers/acme.yaml", "id: acme\nname: Acme\n")
    answer = "supplier-quotations/2026/SQ-AAAAA-acme.yaml"
    text = (
        "id: SQ-AAAAA\ncreated: 2026-09-11T10:00:00+02:00\nopportunity: OPP-2Q8XA\nsupplier: acme\n"
        "status: received\ndate: 2026-09-11\ncurrency: EUR\n"
    )
    write(pipeline, answer, text)

    assert brief(pipeline) == [(answer, 5, "empty-answer")]
    write(pipeline, answer, text + "items: [{description: Filter, unit_price: 3}]\n")
    assert found(pipeline) == []


def test_a_deal_that_names_no_list_is_priced_from_the_one_that_there_was(pipeline: Path) -> None:
    write(pipeline, DEAL, SOUND[DEAL].replace("price_list: retail\n", ""))
    assert found(pipeline) == []
    write(pipeline, PRICES, SOUND[PRICES].replace("2030-01-01", "2026-11-20"))

    (finding,) = found(pipeline)
    assert (finding.file, finding.line, finding.message) == (
        DEAL, 15, "priced from retail, which expired on 2026-11-20",
    )  # fmt: skip
    next_year = "id: next\ncurrency: EUR\nvalid_from: 2026-11-21\nprices: {cafe: 120}\n"
    write(pipeline, "price-lists/next.yaml", next_year)
    assert found(pipeline) == []
    write(pipeline, "price-lists/next.yaml", next_year.replace("EUR", "USD"))
    write(pipeline, PRICES, SOUND[PRICES].replace("2030-01-01", "2026-11-20").replace("  cafe: 100", "  {}"))
    assert found(pipeline) == []  # no list has a price for what is sold
