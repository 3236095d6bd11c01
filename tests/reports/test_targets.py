"""Targets: who reports to whom, which periods count, and what a manager's come to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from pipecli.cli.common.typed_dates import parse_period
from pipecli.reports.teams_and_targets import Organisation, Target, Targets, attainment

#   marta (sales)
#   ├── ana (iberia) ── luis
#   └── sara (export, which marta manages)       zoe: in no team
ORGANISATION = Organisation(
    {"marta": "export", "ana": "iberia", "luis": "iberia", "sara": "export", "zoe": None},
    {"sales": "marta", "iberia": "ana", "export": "marta"},
    {"iberia": "sales", "export": "sales"},
)
Q4 = (date(2026, 10, 1), date(2026, 12, 31))


def targets(amounts: dict[str, dict[str, int]], first: date = Q4[0], last: date = Q4[1]) -> Targets:
    several = []
    for name, of in amounts.items():
        period = parse_period(name, date(2026, 1, 1))
        several += [
            Target(name, period.first, period.last, who, Decimal(amount)) for who, amount in of.items()
        ]
    return Targets(several, ORGANISATION, first, last)


def test_people_report_to_the_manager_of_their_team_and_managers_to_that_of_the_team_above():
    assert ORGANISATION.superior == {
        "marta": None, "ana": "marta", "luis": "ana", "sara": "marta", "zoe": None,
    }  # fmt: skip
    assert ORGANISATION.people[None] == ["marta", "zoe"]


def test_two_who_manage_each_other_are_in_no_circle():
    circle = Organisation({"ana": "north", "luis": "south"}, {"north": "luis", "south": "ana"}, {})
    assert circle.superior == {"ana": "luis", "luis": None}


def test_teams_that_are_each_others_parents_end_somewhere():
    circle = Organisation({}, {"north": None, "south": None}, {"north": "south", "south": "north"})
    assert circle.team_and_below("north") == {"north", "south"}
    circle = Organisation({"ana": "north"}, {"north": "ana"}, {"north": "south", "south": "north"})
    assert circle.superior == {"ana": None}


def test_only_periods_inside_the_window_count_and_the_longest_of_two():
    found = targets({"2026": {"ana": 1000}, "2026-Q4": {"ana": 300}, "2026-11": {"ana": 90, "luis": 10}})
    assert found.of_user("ana") == 300  # not the year, which is longer than asked, nor November twice
    assert found.of_user("luis") == 10
    assert found.of_user("sara") is None
    days = targets({"2026-W41": {"ana": 70}, "2026-10-05": {"ana": 1}, "2026-10-11": {"ana": 1}})
    assert days.of_user("ana") == 70  # its first day and its last are of the week


def test_three_months_make_a_quarter():
    found = targets({"2026-10": {"ana": 1}, "2026-11": {"ana": 2}, "2026-12": {"ana": 4}})
    assert found.of_user("ana") == 7


def test_a_teams_own_target_stands_for_its_members():
    assert targets({"2026-Q4": {"ana": 10, "luis": 20}}).of_team("iberia") == 30
    own = targets({"2026-Q4": {"ana": 10, "luis": 20, "iberia": 50}})
    assert own.of_team("iberia") == 50
    assert own.of_manager("marta") == 50


def test_a_manager_answers_for_all_below():
    found = targets({"2026-Q4": {"marta": 1, "ana": 10, "luis": 20, "sara": 40, "zoe": 100}})
    assert found.of_manager("ana") == 30
    assert found.of_manager("marta") == 71
    assert found.total() == 171


def test_the_target_of_a_team_holds_those_of_the_teams_below_it():
    found = targets({"2026-Q4": {"sales": 500, "iberia": 50, "sara": 40, "zoe": 100}})
    assert found.of_manager("marta") == 500
    assert found.of_manager("ana") == 50
    assert found.total() == 600
    assert found.of_team_and_below("sales") == 500


def test_a_team_with_those_below_it_is_to_win_what_they_come_to():
    found = targets({"2026-Q4": {"ana": 10, "luis": 20, "export": 70, "sara": 40, "zoe": 100}})
    assert found.of_team_and_below("sales") == 100
    assert found.of_team("sales") is None


def test_of_teams_below_each_other_with_one_manager_the_top_one_counts():
    both = Organisation({"marta": None}, {"sales": "marta", "iberia": "marta"}, {"iberia": "sales"})
    several = [
        Target("2026-Q4", *Q4, team, Decimal(amount)) for team, amount in (("sales", 500), ("iberia", 50))
    ]
    assert Targets(several, both, *Q4).of_manager("marta") == 500


def test_of_a_row_what_those_won_counts_who_have_a_target():
    found = targets({"2026-Q4": {"sales": 100, "luis": 10, "iberia": 50}, "2026-11": {"zoe": 1}})
    won = {"ana": Decimal(5), "luis": Decimal(7), "zoe": Decimal(2), None: Decimal(1)}
    row = SimpleNamespace(key="export", won_by=won, won_amount=Decimal(15))
    assert (found.won(row, of_team=True), found.won(row)) == (9, 14)
    own = SimpleNamespace(key="iberia", won_by=won, won_amount=Decimal(15))
    assert (found.won(own, of_team=True), found.won(own)) == (15, 14)


def test_a_team_without_a_manager_is_the_next_ones_above():
    loose = Organisation(
        {"marta": "sales", "ana": "north"}, {"sales": "marta", "north": None}, {"north": "sales"}
    )
    several = [Target("2026-Q4", *Q4, "north", Decimal(70)), Target("2026-Q4", *Q4, "ana", Decimal(30))]
    assert Targets(several, loose, *Q4).of_manager("marta") == 70


def test_the_target_of_a_team_nobody_manages_is_in_the_total():
    loose = Organisation({"ana": "north"}, {"north": None}, {})
    several = [Target("2026-Q4", *Q4, "north", Decimal(70)), Target("2026-Q4", *Q4, "ana", Decimal(30))]
    assert Targets(several, loose, *Q4).total() == 70


@given(st.dictionaries(st.sampled_from(["marta", "ana", "luis", "sara", "zoe"]), st.integers(0, 10**9)))
def test_without_targets_of_teams_the_total_is_the_sum_of_the_peoples(amounts: dict[str, int]) -> None:
    assert targets({"2026-Q4": amounts}).total() == (sum(amounts.values()) if amounts else None)


def test_attainment_is_in_percent_of_the_target():
    assert attainment(Decimal(50), Decimal(200)) == (Decimal(200), Decimal("25.0"), Decimal(150))
    assert attainment(Decimal("400.05"), Decimal(200)) == (Decimal(200), Decimal("200.0"), Decimal("-200.05"))
    assert attainment(Decimal(5), Decimal(0)).percent is None
