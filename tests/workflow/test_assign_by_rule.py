"""Who gets what nobody owns: fair over many, the same everywhere, and going on from what the files say."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipecli.records.activity import NextContact
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.assignment import (
    RuleMatch,
    Workload,
    assign_by_rules,
    assign_when_added,
    hand_over,
    roles_left,
    rules_for,
    unshare_record,
    users_at_work,
)

PLAIN = {
    "company": {"name": "Contoso"},
    "users": {slug: {"name": slug} for slug in ("ana", "luis", "eva", "tom")},
    "processes": {"standard": {"stages": [{"id": "qualify", "probability": 10}]}},
}

TODAY = date(2026, 11, 21)


def with_rules(*rules: dict[str, object], **changed: object) -> Settings:
    return Settings.model_validate(PLAIN | {"assignment_rules": list(rules)} | changed)


ROUND = {"name": "all", "users": ["ana", "luis", "eva"]}
LEAST = ROUND | {"method": "least-loaded"}
NOTHING = Workload({}, {}, {})


def deal(place: int) -> Opportunity:
    key = f"OPP-{place:05d}".replace("00000", "0000A")
    return Opportunity.model_construct(id=key, title=key, next_contact=None, owner=None)


def given_to(how: Settings, count: int, standing: Workload = NOTHING) -> list[str]:
    """The owners of so many deals that the first rule takes."""
    matches = [RuleMatch(deal(place), how.assignment_rules[0]) for place in range(count)]
    return [change.record.owner for change in assign_by_rules(matches, how, standing, TODAY)]


def standing_of(deals: dict[str, tuple[str, int]]) -> Workload:
    """What the files say after runs: each deal's owner and turn, of the rule `all`."""
    turns: dict[str | None, int] = {}
    for owner, turn in deals.values():
        turns[owner] = max(turn, turns.get(owner, 0))
    return Workload({"all": turns}, {}, {})


def test_round_robin_goes_round():
    assert given_to(with_rules(ROUND), 7) == ["ana", "luis", "eva", "ana", "luis", "eva", "ana"]


def test_it_goes_on_from_the_last_turn():
    standing = Workload({"all": {"ana": 4, "luis": 5, "eva": 3}}, {}, {"luis": 1})
    assert given_to(with_rules(ROUND), 3, standing) == ["eva", "ana", "luis"]


def test_each_rule_and_method_says_in_the_record_what_it_did():
    (change,) = assign_by_rules(
        [RuleMatch(deal(1), with_rules(ROUND).assignment_rules[0])], with_rules(ROUND), NOTHING, TODAY
    )
    assert change.record.assigned.plain() == {"rule": "all", "turn": 1}
    assert (change.summary, change.event) == ("assign to ana, by the rule all", "assigned")
    (change,) = assign_by_rules(
        [RuleMatch(deal(1), with_rules(LEAST).assignment_rules[0])], with_rules(LEAST), NOTHING, TODAY
    )
    assert change.record.assigned.plain() == {"rule": "all"}


def test_turns_of_another_rule_do_not_count():
    standing = Workload({"other": {"ana": 9}}, {}, {})
    assert given_to(with_rules(ROUND), 1, standing) == ["ana"]


def test_what_nobody_owns_any_more_was_a_turn_of_the_rule_but_nobodys():
    (change,) = assign_by_rules(
        [RuleMatch(deal(1), with_rules(ROUND).assignment_rules[0])],
        with_rules(ROUND),
        Workload({"all": {None: 7, "ana": 6}}, {}, {}),
        TODAY,
    )
    assert (change.record.owner, change.record.assigned.turn) == ("luis", 8)


def test_before_the_first_turn_the_one_whose_newest_record_is_the_oldest_is_next():
    standing = Workload({}, {"ana": 3.0, "luis": 2.0}, {})
    assert given_to(with_rules(ROUND), 4, standing) == ["eva", "luis", "ana", "eva"]


def test_who_joins_is_next_and_then_goes_round_with_the_others():
    standing = Workload({"all": {"ana": 99, "luis": 100}}, {}, {})
    assert given_to(with_rules(ROUND), 4, standing) == ["eva", "ana", "luis", "eva"]


def test_inactive_and_unknown_users_are_passed_over():
    users = PLAIN["users"] | {"luis": {"name": "Luis", "active": False}}
    how = with_rules(ROUND | {"users": ["ana", "nobody", "luis", "eva"]}, users=users)
    assert users_at_work(how.assignment_rules[0], how, TODAY) == ["ana", "eva"]
    assert given_to(how, 4) == ["ana", "eva", "ana", "eva"]


def test_the_least_loaded_gets_it_and_of_equals_the_first_of_the_list():
    standing = Workload({}, {}, {"ana": 2, "luis": 1, "eva": 1})
    assert given_to(with_rules(LEAST), 5, standing) == ["luis", "eva", "ana", "luis", "eva"]


def test_what_round_robin_gave_away_weighs_for_the_least_loaded():
    how = with_rules(ROUND | {"users": ["ana"]}, LEAST)
    rules = how.assignment_rules
    matches = [RuleMatch(deal(1), rules[0]), RuleMatch(deal(2), rules[1])]
    assert [change.record.owner for change in assign_by_rules(matches, how, NOTHING, TODAY)] == [
        "ana",
        "luis",
    ]


def test_rules_are_asked_by_priority_then_in_their_order():
    names = [("low", -1), ("a", 0), ("top", 5), ("b", 0)]
    how = with_rules(
        *({"name": name, "priority": priority, "users": ["ana"]} for name, priority in names),
        {"name": "leads", "for": "lead", "users": ["ana"], "priority": 9},
    )
    assert [rule.name for _, rule in rules_for(how, "opportunity")] == ["top", "a", "b", "low"]
    assert rules_for(how, "lead") == [(4, how.assignment_rules[4])]


@pytest.mark.parametrize("users", [2, 3, 4])
def test_a_thousand_deals_in_many_runs_are_shared_out_fairly(users):
    """Between the runs deals come in, and sellers add others by hand."""
    chance = random.Random(users)
    how = with_rules(ROUND | {"users": ["ana", "luis", "eva", "tom"][:users]})
    rule, given_by_rule, kept = how.assignment_rules[0], Counter(), {}
    while given_by_rule.total() < 1000:
        matches = [RuleMatch(deal(len(kept) + place), rule) for place in range(chance.randint(1, 40))]
        standing = standing_of(kept)._replace(newest={"ana": chance.random()}, open={"luis": 50})
        for change in assign_by_rules(matches, how, standing, TODAY):
            given_by_rule[change.record.owner] += 1
            kept[change.record.id] = (change.record.owner, change.record.assigned.turn)
    assert max(given_by_rule.values()) - min(given_by_rule.values()) <= 1


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_it_does_not_matter_into_how_many_runs_the_deals_fall(runs):
    how = with_rules(ROUND)
    kept: dict[str, tuple[str, int]] = {}
    owners = []
    for run in runs:
        matches = [RuleMatch(deal(len(kept) + place), how.assignment_rules[0]) for place in range(run)]
        for change in assign_by_rules(matches, how, standing_of(kept), TODAY):
            kept[change.record.id] = (change.record.owner, change.record.assigned.turn)
            owners.append(change.record.owner)
    assert owners == given_to(how, sum(runs))


def test_what_is_shared_with_somebody_who_is_gone_is_shared_with_them_no_more():
    shared = deal(1).model_copy(update={"shared_with": ("gone", "ana")})
    left = unshare_record(shared, with_rules(), ["gone"])
    assert (left.record.shared_with, left.summary) == (("ana",), "stop sharing with gone")
    assert unshare_record(shared, with_rules(), ["ana"]).record.shared_with == ("gone",)


def test_of_what_is_handed_over_deals_alone_are_a_load():
    users = {slug: {"name": slug, "team": "iberia"} for slug in ("ana", "luis")} | {"tom": {"name": "tom"}}
    settings = with_rules(teams={"iberia": {}}, users=users)
    kept = {"created": "2026-11-21T10:00:00+01:00", "owner": "tom"}
    leads = [Lead.model_validate(kept | {"id": f"LEAD-0000{end}", "name": "Kim"}) for end in "AB"]
    plain = kept | {"title": "Mill", "process": "standard", "stage": "qualify", "currency": "EUR"}
    plain["activities"] = [
        {"id": "AAAAA", "type": "call", "at": "2026-11-22", "subject": "Prices", "by": "tom"},
        {"id": "BBBBB", "type": "call", "at": "2026-11-20", "subject": "Hello", "by": "tom", "done": True},
        {"id": "CCCCC", "type": "call", "at": "2026-11-23", "subject": "Terms", "by": "eva"},
    ]
    deals = [Opportunity.model_validate(plain | {"id": f"OPP-0000{end}"}) for end in "AB"]
    changes = hand_over([*leads, *deals], settings, "tom", "iberia", today=TODAY, open_deals={"ana": 0})
    assert [change.record.owner for change in changes] == ["ana", "ana", "ana", "luis"]
    others = deals[0].model_copy(update={"owner": "luis"})
    (change,) = hand_over([others], settings, "tom", "iberia", today=TODAY, open_deals={"luis": 9})
    assert change.record.activities[0].by == "luis"  # who owns it has what was planned for it
    assert changes[2].record.activities[2].by == "eva"  # and what another plans stays theirs
    assert changes[2].notes == ('the call "Prices", on 2026-11-22, is ana\'s now',)


def test_a_handover_leaves_the_rules_that_name_one():
    rules = with_rules(ROUND, {"name": "south", "users": ["tom"]}, teams={"north": {"manager": "ana"}})
    assert roles_left(rules, "tom", []) == ["the rule south names tom"]


def test_what_is_added_stays_with_its_owner_where_nobody_of_the_rule_is_at_work():
    away = {"ana": {"name": "Ana", "active": False}}
    how = with_rules(ROUND | {"users": ["ana"]}, users=PLAIN["users"] | away)
    own = deal(1).model_copy(update={"owner": "luis"})
    (rule,), options = how.assignment_rules, {"me": "luis", "today": TODAY}
    assert assign_when_added(own, rule, how, lambda: NOTHING, **options) == (own, ())
    planned = own.model_copy(update={"next_contact": NextContact(date=TODAY, by="eva")})
    rules = with_rules(ROUND | {"users": ["ana"]})
    given, _ = assign_when_added(planned, rule, rules, lambda: NOTHING, **options)
    assert (given.owner, given.next_contact.by) == ("ana", "eva")
