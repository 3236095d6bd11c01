"""The visits of a deal to its stages follow from when it was seen where; none that nobody saw is made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipecli.history.stage_visits import Observation, StageHistory, stage_visits
from pipecli.reports.deal import furthest

STAGES = ("qualify", "demo", "propose")
PLACES = {("standard", stage): place for place, stage in enumerate(STAGES)}
DAY = 86_400


def course(*seen, created=0, facts=None, closed=None, is_cut=False):
    """Each sighting as `3 demo`, `9 demo won`: the day, the stage, the status."""
    sightings = []
    for text in seen:
        day, stage, *status = text.split()
        sightings.append(Observation(int(float(day) * DAY), "standard", stage, *(status or ["open"])))
    days = {stage: day * DAY for stage, day in (facts or {}).items()}
    return StageHistory(created * DAY, sightings, days, None if closed is None else closed * DAY, is_cut)


def told(made):
    """`qualify 0-3 on`; a `?` for what nobody knows."""
    return [
        f"{each.stage} {_day(each.entered)}-{_day(each.left)} {each.end}"
        for each in stage_visits(made, PLACES)
    ]


def _day(seconds):
    return "?" if seconds is None else f"{seconds / DAY:g}"


def test_from_stage_to_stage_and_won():
    made = course("0.5 qualify", "3 demo", "5 propose", "9 propose won", "20 propose won")

    assert told(made) == ["qualify 0-3 on", "demo 3-5 on", "propose 5-9 won"]


def test_back_to_another_process_and_to_a_stage_that_is_gone():
    made = course("0 demo", "1 qualify", "2 gone", "3 demo")
    other = course("0 demo")._replace(
        observations=[Observation(0, "standard", "demo", "open"), Observation(DAY, "short", "demo", "open")]
    )

    assert told(made) == ["demo 0-1 back", "qualify 1-2 elsewhere", "gone 2-3 elsewhere", "demo 3-? here"]
    assert told(other) == ["demo 0-1 elsewhere", "demo 1-? here"]


def test_a_deal_that_was_there_before_anybody_looked():
    assert told(course("90 demo", "95 propose")) == ["demo ?-95 on", "propose 95-? here"]
    assert told(course("0.9 demo", "95 propose")) == ["demo 0-95 on", "propose 95-? here"]
    assert told(course("0.9 demo", "95 propose", is_cut=True))[0] == "demo ?-95 on"


def test_an_import_that_is_over_says_where_it_was_won_but_not_since_when():
    assert told(course("90 propose won", created=1, closed=40)) == ["propose ?-40 won"]


def test_facts_of_an_import_fill_what_nobody_saw():
    made = course("90 propose won", created=1, facts={"qualify": 1, "demo": 8, "propose": 20}, closed=40)

    assert told(made) == ["qualify 1-8 on", "demo 8-20 on", "propose 20-40 won"]


def test_a_fact_gives_way_to_what_was_seen():
    made = course("0 qualify", "5 demo", "9 propose", facts={"demo": 7, "propose": 8})

    assert told(made) == ["qualify 0-5 on", "demo 5-8 on", "propose 8-? here"]


def test_a_reopened_deal_comes_again_and_a_corrected_end_is_the_last():
    reopened = course("0 demo", "2 demo lost", "6 demo", "7 demo won", closed=7)
    corrected = course("0 demo", "2 demo won", "3 demo lost", closed=2)

    assert told(reopened) == ["demo 0-2 lost", "demo 6-7 won"]
    assert told(corrected) == ["demo 0-2 lost"]


def test_an_end_that_was_noted_later_is_of_its_own_day():
    assert told(course("0 demo", "9.5 demo won", closed=4)) == ["demo 0-4 won"]
    assert told(course("0 demo", "9.5 demo won", closed=9)) == ["demo 0-9.5 won"]
    assert told(course("0 demo", "9 demo won", closed=8)) == ["demo 0-8 won"]  # a whole day later
    assert told(course("5 demo", "9.5 demo won", created=5, closed=2)) == ["demo 5-5 won"]


def test_one_that_is_created_in_the_future_came_when_it_was_seen():
    assert told(course("3 demo", "5 propose", created=9999))[0] == "demo 3-5 on"


def test_how_far_it_got():
    made = stage_visits(course("0 gone", "1 propose", "2 qualify", "3 qualify lost"), PLACES)

    assert furthest(made, PLACES) == {"standard": 2}


SIGHTINGS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from([*STAGES, "gone"]), st.sampled_from(["open", "won", "lost"])
    ),
    min_size=1,
    max_size=8,
)
FACTS = st.dictionaries(st.sampled_from(STAGES), st.integers(0, 40))


@given(SIGHTINGS, FACTS, st.integers(-5, 40), st.none() | st.integers(-5, 40), st.booleans())
def test_no_stay_is_shorter_than_nothing_and_each_follows_the_one_before(seen, facts, created, closed, cut):
    texts = [f"{day} {stage} {status}" for day, stage, status in sorted(seen, key=lambda each: each[0])]
    last = texts[-1].split()

    found = stage_visits(course(*texts, created=created, facts=facts, closed=closed, is_cut=cut), PLACES)

    assert all(each.seconds is None or each.seconds >= 0 for each in found)
    known = [time for each in found for time in (each.entered, each.left) if time is not None]
    assert known == sorted(known)
    assert [each.end == "here" for each in found].count(True) == (last[2] == "open")
    if last[2] == "open":
        assert (found[-1].stage, found[-1].left) == (last[1], None)
