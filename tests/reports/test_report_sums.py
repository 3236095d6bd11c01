"""The sums of the reports on deals: rows add up to totals, whatever the deals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.cli.opportunity.board_cards import card_of
from pipecli.records.days import Days
from pipecli.records.money import Rates
from pipecli.reports import percent
from pipecli.reports.activity_and_first_response import (
    Activity,
    FirstAnswer,
    Inquiry,
    count_activities,
    first_response,
    worked_on,
)
from pipecli.reports.deal import Deal, Valuation, split_amount
from pipecli.reports.funnel_and_velocity import LeadInFunnel, Sale, funnel, velocity
from pipecli.reports.lost_stale_and_receivables import AGES, LOST_GROUPINGS, age_of, last_movement, lost
from pipecli.reports.pipeline_key_figures_and_ranking import (
    STAGE_GROUPINGS,
    Points,
    Sum,
    key_figures,
    period_before,
    pipeline_by_stage,
    plain_points,
    ranking,
)
from pipecli.reports.today_and_followups import (
    FollowUp,
    PlannedAction,
    SentQuotation,
    deal_row,
    followup_row,
    quotation_to_ask_after,
    reminder_message,
    stale_not_overdue,
)
from pipecli.store.index.rows_for_reports import moment_or_day
from pipecli.translation import words_of

SELLERS = [(), (("ana", "iberia", Decimal("60.5")), ("luis", None, Decimal("39.5")))]

TODAY = date(2026, 11, 21)
RATES = Rates(
    "EUR",
    {
        "USD": {date(2000, 1, 1): Decimal("0.92"), date(2026, 11, 1): Decimal("0.8765")},
        "JPY": {date(2000, 1, 1): Decimal("0.0061")},
    },
)
names = st.none() | st.sampled_from(["ana", "luis"])
amounts = st.none() | st.decimals(0, 10**12, places=2)
currencies = st.sampled_from(["EUR", "USD", "JPY"])
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31))
DEAL = Deal(
    id="OPP-AAAAA", title="Deal", status="open", process="standard", stage="demo", type="sales",
    currency="EUR", amount=None, probability=None, close=None,
)  # fmt: skip
closed_deals = st.lists(
    st.builds(
        DEAL._replace,
        status=st.sampled_from(["won", "lost", "closed"]), stage=st.sampled_from(["demo", "propose"]),
        owner=names, team=names, source=names, customer=names, currency=currencies, amount=amounts,
        created=moments, close=days,
        reasons=st.sampled_from([("price",), ("timing", "price")]),
        lost_to=st.sampled_from([(), ("ana",), ("ana", "luis")]),
        sellers=st.sampled_from(SELLERS),
        competitors=st.sampled_from([(), ("ana",), ("ana", "luis")]),
        products=st.lists(st.tuples(names, st.decimals(0, 10**6, places=2)), max_size=3).map(tuple),
    ),
    max_size=10,
)  # fmt: skip
open_deals = st.lists(
    st.builds(
        DEAL._replace,
        process=st.sampled_from(["standard", "gone"]), stage=st.sampled_from(["demo", "propose"]),
        owner=names, team=names, source=names, customer=names,
        currency=currencies, amount=amounts,
        probability=st.decimals(0, 100, places=1), close=st.none() | days, created=moments,
    ),
    max_size=10,
)  # fmt: skip


@given(closed_deals, st.sampled_from(LOST_GROUPINGS), st.sampled_from([None, "month", "quarter"]))
def test_the_lost_add_up(deals: list[Deal], by: str, trend: str | None) -> None:
    found = lost(deals, by=by, valuation=Valuation(RATES), trend=trend)

    assert found.totals.lost_count == sum(deal.status == "lost" for deal in deals)
    assert found.totals.won_count == sum(deal.status == "won" for deal in deals)
    assert found.closed.closed_count == sum(deal.status == "closed" for deal in deals)
    if by not in ("competitor", "reason"):  # a deal counts whole at each of them
        assert sum(row.lost_amount for row in found.rows) == found.totals.lost_amount
    assert all((row.won_count is None) == (row.won_amount is None) == (by == "reason") for row in found.rows)
    assert by != "reason" or all(row.win_rate is None for row in found.rows)
    if by not in ("product", "competitor", "reason"):
        assert sum(row.lost_count for row in found.rows) == found.totals.lost_count
    if trend:
        for name in ("lost_count", "won_count", "lost_amount", "won_amount"):
            assert sum(getattr(row, name) for row in found.periods) == getattr(found.totals, name)


@given(open_deals, st.sampled_from(STAGE_GROUPINGS))
def test_the_cells_add_up_to_both_sides(deals: list[Deal], by: str) -> None:
    found = pipeline_by_stage(
        deals, by=by, valuation=Valuation(RATES), today=TODAY, order=[("standard", "demo")]
    )

    assert found.totals.open_count == len(deals)
    for matrix in found.matrices:
        stages = {deal.stage for deal in deals if deal.process == matrix.process}
        assert set(matrix.stages) == (stages | {"demo"} if matrix.process == "standard" else stages)
    for field in Sum._fields:
        for side in ("cells", "keys", "stages"):
            together = sum(
                getattr(each, field) for matrix in found.matrices for each in getattr(matrix, side).values()
            )
            assert together == getattr(found.totals, field), (field, side)


@given(closed_deals, st.sampled_from(["owner", "team"]))
def test_points_and_wins_add_up_and_ranks_follow_points(deals: list[Deal], by: str) -> None:
    base = Valuation(RATES)
    year = Days(date(2026, 7, 1), date(2026, 12, 31))

    found = ranking(
        deals, by=by, days=year, points=Points(Decimal(10), Decimal("0.001")), base=base, shown=base
    )

    # A win is each seller's.
    counts = () if any(deal.sellers for deal in deals) else ("won_count", "lost_count")
    for field in ("points", "won_amount", "previous_points", "points_change", *counts):
        assert sum(getattr(row, field) for row in found.rows) == getattr(found.totals, field)
    ranked = [row for row in found.rows if row.rank]
    assert all((one.points == other.points) == (one.rank == other.rank) for one, other in pairwise(ranked))
    assert [row.points for row in ranked] == sorted((row.points for row in ranked), reverse=True)


@given(
    st.decimals(0, 10**12, places=2),
    st.lists(st.tuples(names, st.decimals(0, 10**6, places=2)), min_size=1, max_size=5),
)
def test_no_cent_is_lost_between_products(amount: Decimal, items: list[tuple[str | None, Decimal]]) -> None:
    assert sum(part for _, part in split_amount(amount, items, "EUR")) == amount


def test_a_percentage_is_rounded_half_up_and_unknown_of_nothing() -> None:
    assert percent(1, 3) == Decimal("33.33")
    assert percent(1, 800) == Decimal("0.13")
    assert percent(0, 0) is None


def test_a_day_that_bounds_belongs_to_its_period():
    before, after = date(2026, 11, 20), date(2026, 11, 22)
    held = DEAL._replace(hold_until=TODAY)
    assert [held.is_on_hold(day) for day in (before, TODAY)] == [True, False]
    begun = DEAL._replace(created=datetime(2026, 11, 21, 9))
    assert [begun.is_alive(Days(None, day)) for day in (before, TODAY)] == [False, True]
    assert [begun.is_open_after(day) for day in (before, TODAY)] == [False, True]
    won = begun._replace(status="won", close=TODAY)
    assert won.cycle_days == 0 and begun._replace(status="won", close=before).cycle_days is None
    assert [won.is_alive(Days(day, None)) for day in (TODAY, after)] == [True, False]
    assert [age_of(days) for days in (-31, 0, 1, 30, 31, 60, 61, 90, 91, 999)] == [
        *[AGES[0]] * 2, *[AGES[1]] * 2, *[AGES[2]] * 2, *[AGES[3]] * 2, *[AGES[4]] * 2,
    ]  # fmt: skip


def test_what_closes_today_is_not_overdue_and_what_ended_on_other_days_counts_nowhere():
    yesterday, tomorrow = date(2026, 11, 20), date(2026, 11, 22)
    today, valuation = Days(TODAY, TODAY), Valuation(RATES)
    due = [DEAL._replace(close=day, created=datetime(2026, 11, 21)) for day in (yesterday, TODAY, tomorrow)]
    assert [card_of(deal, TODAY, {}).is_overdue for deal in due] == [True, False, False]
    won = [deal._replace(status="won", amount=Decimal(5)) for deal in due]
    closed = [*won, *(deal._replace(status="lost", amount=Decimal(7)) for deal in due)]
    figures = key_figures(due, closed, stale_count=0, days=today, today=TODAY, valuation=valuation)
    assert (figures.overdue_count, figures.won_count, figures.won_amount, figures.lost_count) == (1, 1, 5, 1)
    points = Points(Decimal(10), Decimal(0))
    ranks = ranking(won, by="owner", days=today, points=points, base=valuation, shown=valuation)
    assert (ranks.totals.won_count, ranks.totals.previous_points) == (1, 10)  # tomorrow's is of neither
    endless = ranking(won, by="owner", days=Days(TODAY, None), points=points, base=valuation, shown=valuation)
    assert (endless.totals.won_count, endless.previous) == (2, None)
    assert [Points(*map(Decimal, each)).is_nothing for each in ((0, 0), (1, 0), (0, 1))] == [
        True,
        False,
        False,
    ]


def test_the_period_before_the_first_is_none():
    assert period_before(Days(date(2, 1, 1), date(2, 12, 31))) == (date(1, 1, 1), date(1, 12, 31))
    assert period_before(Days(date(1, 2, 1), date(1, 3, 31))) is None
    assert period_before(Days(date(1, 1, 3), date(1, 1, 4))) == (date(1, 1, 1), date(1, 1, 2))
    assert period_before(Days(date(1, 1, 2), date(1, 1, 3))) is None


def test_the_funnel_is_of_what_was_created_on_the_days_asked_for():
    days = Days(TODAY, TODAY)
    deals = [DEAL._replace(created=datetime(2026, 11, day)) for day in (20, 21, 22)]
    sales = [Sale(f"OPP-{place}", amount, "EUR", TODAY) for place, amount in enumerate((None, Decimal(5)))]
    lead = LeadInFunnel("LEAD-AAAAA", TODAY, None, None, None, None, True, True, True, sales)
    counts = funnel([lead], deals, by="step", days=days, valuation=Valuation(RATES)).totals
    assert (counts.opportunity_count, counts.lead_won_amount) == (1, 5)
    ended = DEAL._replace(status="won", close=TODAY, created=datetime(2026, 11, 20))
    won = [ended._replace(amount=amount) for amount in (None, Decimal(7), Decimal(0))]
    counts = funnel([], won, by="source", days=Days(), valuation=Valuation(RATES)).totals
    assert (counts.won_count, counts.won_amount, counts.won_without_amount_count) == (3, 7, 1)


def test_the_funnel_has_no_place_for_what_was_at_no_stage_and_is_not_won():
    deals = [
        DEAL._replace(status=status, stage="", created=datetime(2026, 11, 21)) for status in ("won", "lost")
    ]
    found = funnel(
        [], deals, by="step", days=Days(), valuation=Valuation(RATES), order=[("standard", "demo")]
    )
    assert (found.stages[0].deal_count, found.without_stage_count) == (1, 1)
    by_source = funnel([], deals, by="source", days=Days(), valuation=Valuation(RATES))
    assert by_source.without_stage_count == 0  # it has no stages


def test_the_months_of_the_funnel_follow_each_other_however_many_began_in_each():
    deals = [DEAL._replace(created=datetime(2026, month, 1)) for month in (3, 3, 2)]
    by_month = funnel([], deals, by="month", days=Days(), valuation=Valuation(RATES))
    assert [row.key for row in by_month.rows] == ["2026-02", "2026-03"]


def test_a_hold_that_ends_today_is_the_last_movement():
    held = DEAL._replace(created=datetime(2026, 11, 1), hold_until=TODAY)
    assert last_movement(held, None, TODAY).what == "hold"
    assert last_movement(held, None, date(2026, 11, 20)).what == "created"


def test_periods_are_months_or_quarters():
    ended = [
        DEAL._replace(status="won", created=datetime(2026, 1, 1), close=date(2026, month, 28))
        for month in (1, 3, 5)
    ]
    for by, counts in (
        ("month", {"2026-01": 1, "2026-03": 1, "2026-05": 1}), ("quarter", {"2026-Q1": 2, "2026-Q2": 1}),
    ):  # fmt: skip
        rows = velocity(ended, by=by, days=Days(), valuation=Valuation(RATES)).rows
        assert {row.key: row.sales.won_count for row in rows} == counts


def test_ranks_follow_amounts_where_there_are_no_points_and_compare_where_there_was_a_period_before():
    sold = [
        DEAL._replace(status="won", close=day, owner=owner, amount=Decimal(amount))
        for owner, amount, day in (
            ("ana", 5, TODAY), ("luis", 9, TODAY),
            ("luis", 1, date(2026, 11, 20)), ("ana", 2, date(2026, 11, 20)),
        )
    ]  # fmt: skip
    base, nothing = Valuation(RATES), Points(Decimal(0), Decimal(0))
    found = ranking(sold, by="owner", days=Days(TODAY, TODAY), points=nothing, base=base, shown=base)
    assert [(row.key, row.rank, row.previous_rank) for row in found.rows] == [("luis", 1, 2), ("ana", 2, 1)]
    assert (found.totals.previous_points, found.totals.points_change) == (0, 0)
    alone = ranking(sold, by="owner", days=Days(), points=nothing, base=base, shown=base)
    assert (alone.totals.previous_points, alone.totals.points_change) == (None, None)


def test_the_last_quarter_there_is_has_an_end():
    won = DEAL._replace(status="won", created=datetime(9999, 12, 1), close=date(9999, 12, 31))
    sales = velocity([won], by="quarter", days=Days(), valuation=Valuation(RATES))
    assert [(row.key, row.sales.won_count) for row in sales.rows] == [("9999-Q4", 1)]


def test_an_answer_with_an_hour_comes_before_one_of_a_day():
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)
    answers = (
        FirstAnswer(TODAY, is_open=True),
        (FirstAnswer(at, is_open=False), FirstAnswer(None, is_open=False)),
    )
    waiting = Inquiry("lead", "LEAD-AAAAA", at, answers[0], None, None, None, None, None, None, answers[1])
    report = first_response([waiting], by="kind", now=at, zone=UTC, days=Days())
    assert (report.totals.median, report.early_count, report.ahead_count, report.untimed_count) == (
        0,
        0,
        0,
        0,
    )


def test_a_message_lists_a_hundred_and_counts_the_rest():
    plan = PlannedAction("next-contact", "OPP-AAAAA", None, TODAY, *[None] * 3, "Deal", *[None] * 4)
    due = FollowUp(plan, TODAY, None, 0)
    words = words_of(None)
    lines = [reminder_message("Ana", [due] * count, TODAY, words).body.splitlines() for count in (100, 101)]
    assert [len(text) for text in lines] == [201, 203]  # two a follow-up, and a heading
    known = due._replace(plan=plan._replace(customer_name="Contoso"))
    titles = [reminder_message("Ana", [one], TODAY, words).body.splitlines()[-1] for one in (due, known)]
    assert titles == ["  OPP-AAAAA Deal", "  OPP-AAAAA Deal (Contoso)"]
    asked = reminder_message("Ana", [due._replace(plan=plan._replace(note="Ask"))], TODAY, words)
    assert asked.body.splitlines()[-1] == "  Ask"
    late = [due, due._replace(due=date(2026, 11, 19), overdue_days=2)]
    titles = [reminder_message("Ana", some, TODAY, words).title for some in ([due], late)]
    assert titles == ["1 follow-up for Ana", "2 follow-ups for Ana, 1 overdue"]
    told = reminder_message("Ana", late, TODAY, words).body.splitlines()
    assert (told[1], told[5]) == ("- 2026-11-19 (2 days late) next contact", "- next contact")
    activity = due._replace(plan=plan._replace(activity="4F2QX", type="call", subject="Talk"))
    assert followup_row(activity)["activity"] == "4F2QX"
    assert followup_row(due)["what"] == "next contact" and "activity" not in followup_row(due)
    noted = followup_row(due._replace(plan=plan._replace(note="Ask", customer="contoso")))
    assert (noted["what"], noted["customer"]) == ("next contact: Ask", "contoso")


@pytest.mark.parametrize(
    ("until", "sent", "answered", "said"),
    [
        ("2026-11-20", "2026-11-01", None, ("1 d ago", 1, "quotation has expired")),
        ("2026-11-21", "2026-11-20", None, ("today", 0, "quotation expires")),
        ("2026-11-22", "2026-11-20", None, ("in 1 d", 0, "quotation expires")),
        ("2026-11-28", "2026-11-20", None, ("in 7 d", 0, "quotation expires")),
        ("2026-11-29", "2026-11-15", None, None),
        ("2026-11-29", "2026-11-14", None, ("7 d ago", 0, "quotation sent, no answer")),
        ("2026-11-29", "2026-11-14", "2026-11-13T10:00:00Z", ("7 d ago", 0, "quotation sent, no answer")),
        ("2026-11-29", "2026-11-14T12:00:00Z", "2026-11-14T10:00:00Z", None),
        # A day before by the clock of New York, where it was sent and written.
        ("2026-11-29", "2026-11-13T20:00:00-05:00", None, ("7 d ago", 0, "quotation sent, no answer")),
        ("2026-11-29", "2026-11-14T12:00:00Z", "2026-11-13T20:00:00-05:00", None),
    ],
)
def test_a_quotation_is_asked_after_a_week_before_it_expires_or_a_week_without_an_answer(
    until: str, sent: str, answered: str | None, said: tuple[str, int, str] | None
) -> None:
    last_in = moment_or_day(answered) if answered else None
    quotation = SentQuotation(
        "QTN-AAAAA", date.fromisoformat(until), moment_or_day(sent), last_in, "ana", "", ""
    )
    row = quotation_to_ask_after(quotation, datetime(2026, 11, 21, 9, tzinfo=UTC))
    assert (row and (row["when"], row["days"], row["what"])) == said


def test_what_is_overdue_does_not_stand_still_too():
    still = DEAL._replace(created=datetime(2026, 11, 1), rotting_days=7)
    overdue = still._replace(id="OPP-BBBBB", close=date(2026, 11, 20))
    assert stale_not_overdue([still, overdue], {}, TODAY) == [(still, 20)]


def test_a_deal_of_today_names_its_customer_as_far_as_it_is_known():
    for key, name in (("contoso", "Contoso"), ("gone", "gone"), (None, None)):
        row = deal_row(DEAL._replace(customer=key), 3, {"contoso": "Contoso"}, is_overdue=False)
        assert (row["customer"], row["when"], row["what"]) == (name, "3 d", "stands still at demo")


def test_what_is_overdue_is_told_as_that():
    late = deal_row(DEAL, 3, {}, is_overdue=True)
    assert (late["when"], late["what"]) == ("3 d late", "expected close is past")


def test_who_had_the_most_inquiries_comes_first_and_periods_come_in_their_order():
    at, answer = datetime(2026, 11, 21, 9, tzinfo=UTC), FirstAnswer(None, is_open=True)
    inquiries = [
        Inquiry("lead", "LEAD-AAAAA", at.replace(month=month), answer, owner, None, None, None, None)
        for owner, month in (("ana", 9), ("luis", 10), ("luis", 10))
    ]
    for by, keys in (("owner", ["luis", "ana"]), ("month", ["2026-09", "2026-10"])):
        rows = first_response(inquiries, by=by, now=at, zone=UTC, days=Days()).rows
        assert [row.key for row in rows] == keys


def test_points_have_the_decimals_that_they_need():
    assert [str(plain_points(Decimal(text))) for text in ("100", "100.00", "2.50")] == ["100", "100", "2.5"]


def test_a_plan_for_today_is_not_overdue_and_one_for_the_first_day_is_not_before():
    planned = [
        Activity(f"OPP-{day}", True, "ana", None, "call", "out", date(2026, 11, day), False)
        for day in (18, 19, 20, 21, 22)
    ]
    done = count_activities(planned, [], set(), by="user", days=Days(date(2026, 11, 20), None), today=TODAY)
    assert (done.totals.planned_count, done.totals.overdue_count, done.overdue_before) == (3, 1, 2)
    early = count_activities(planned, [], set(), by="user", days=Days(date(2026, 11, 22), None), today=TODAY)
    assert early.overdue_before == 3
    by_type = count_activities(planned, [], set(), by="type", days=Days(), today=TODAY)
    assert [(row.planned_count, row.untouched_count) for row in by_type.rows] == [(5, None)]
    of_18, of_20 = (planned[place]._replace(done=True) for place in (0, 2))
    assert worked_on([*planned, of_18, of_20], Days(date(2026, 11, 20), None)) == {"OPP-20"}
