"""When a deal closes by itself: each branch of the rule, on a day that stands still."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Quotation
from pipecli.records.settings import Settings
from pipecli.workflow.opportunity.auto_close import Touch, closed_by_itself, start_of_wait

MADRID = ZoneInfo("Europe/Madrid")
TODAY = date(2026, 12, 1)
LONG_AGO = "2026-11-01"  # thirty days before TODAY
SETTINGS = Settings.model_validate(
    {
        "company": {"name": "Contoso"},
        "processes": {"standard": {"stages": [{"id": "qualify", "probability": 10}]}},
        "lost_reasons": ["price", "no-response"],
        "auto_close": {"after_days": 30, "reason": "no-response"},
    }
)
DEAL = {
    "id": "OPP-2Q8XA",
    "created": "2026-10-01T10:00:00+02:00",
    "title": "Espresso machines",
    "process": "standard",
    "stage": "qualify",
    "currency": "EUR",
}


def activity(at: str, direction: str | None = "out", *, type: str = "email", done: bool = True) -> object:
    said = {"id": "4F2QX", "type": type, "at": at, "subject": "Offer", "done": done}
    return said if direction is None else said | {"direction": direction}


def deal(*activities: object, **fields: object) -> Opportunity:
    return Opportunity.model_validate(DEAL | {"activities": list(activities)} | fields)


def quotation(key: str, status: str, **fields: object) -> Quotation:
    return Quotation.model_validate(
        {
            "id": key,
            "opportunity": "OPP-2Q8XA",
            "created": "2026-10-02T10:00:00+02:00",
            "date": "2026-10-02",
            "status": status,
            "valid_until": "2026-11-30",
            "currency": "EUR",
            "items": [],
        }
        | fields
    )


def closing(it: Opportunity, *quotations: Quotation, settings: Settings = SETTINGS, today: date = TODAY):
    return closed_by_itself(it, settings, quotations, start_of_wait(it, quotations, zone=MADRID), today=today)


def closes(it: Opportunity, *quotations: Quotation, today: date = TODAY) -> bool:
    return closing(it, *quotations, today=today) is not None


def test_the_deal_is_closed_for_the_reason_of_the_settings():
    change = closing(deal(activity(LONG_AGO)))
    assert change is not None
    assert change.record.plain()["status"] == "closed"
    assert change.record.plain()["closed"] == {"date": TODAY, "reasons": ["no-response"]}
    assert (change.summary, change.event) == ("close, no answer since 2026-11-01", "closed")
    assert change.also == ()


@pytest.mark.parametrize(
    ("last_word", "is_closed"),
    [("2026-11-02", False), ("2026-11-01", True), ("2026-10-31", True)],
    ids=["day 29", "day 30", "day 31"],
)
def test_it_closes_on_the_thirtieth_day(last_word, is_closed):
    assert closes(deal(activity(last_word))) is is_closed
    assert closes(deal(activity(f"{last_word}T23:59:59+01:00"))) is is_closed


@pytest.mark.parametrize(
    ("at", "since"),
    [
        ("2026-11-01T23:30:00+00:00", "2026-11-02"),  # half past midnight in Madrid
        ("2026-11-02T00:30:00+03:00", "2026-11-01"),  # half past ten the evening before
        ("2026-10-24T22:30:00Z", "2026-10-25"),  # summer time ends that night
        ("2026-10-25T23:30:00Z", "2026-10-26"),
    ],
)
def test_days_are_those_of_the_pipelines_zone(at, since):
    wait = start_of_wait(deal(activity(at)), zone=MADRID)
    assert wait is not None and wait.since == date.fromisoformat(since)


def test_an_answer_keeps_it_open():
    assert not closes(deal(activity(LONG_AGO), activity("2026-11-01T10:00:00+01:00", "in")))
    assert not closes(deal(activity("2026-10-01"), activity("2026-10-02", "in")))


def test_an_answer_that_we_answered_in_turn_is_no_longer_the_last_word():
    assert closes(deal(activity("2026-10-03"), activity("2026-10-02", "in"), activity("2026-10-01")))


def test_the_order_in_the_file_does_not_matter():
    early, late = activity("2026-10-01T10:00:00+02:00", "in"), activity("2026-10-01T10:00:00Z", "out")
    assert closes(deal(late, early))
    assert closes(deal(early, late))


@pytest.mark.parametrize("hour", ["T00:00:00+02:00", "T23:59:00+02:00"])
def test_of_one_day_without_an_hour_the_answer_counts_as_the_later(hour):
    assert not closes(deal(activity("2026-10-01", "in"), activity(f"2026-10-01{hour}")))
    assert not closes(deal(activity("2026-10-01"), activity(f"2026-10-01{hour}", "in")))
    assert not closes(deal(activity(f"2026-10-01{hour}"), activity(f"2026-10-01{hour}", "in")))


def test_a_deal_to_which_nobody_said_a_word_stays_open():
    assert not closes(deal())
    assert not closes(deal(activity(LONG_AGO, None, type="note"), activity(LONG_AGO, None, type="task")))


@pytest.mark.parametrize("type_", ["note", "task", "email"])
def test_a_note_or_an_automatic_mail_after_our_last_word_is_no_answer(type_):
    assert closes(deal(activity(LONG_AGO), activity("2026-11-20", None, type=type_)))


@pytest.mark.parametrize("type_", ["call", "meeting"])
def test_a_conversation_without_a_direction_is_an_answer(type_):
    assert not closes(deal(activity("2026-10-01"), activity("2026-10-05", None, type=type_)))
    assert closes(deal(activity("2026-10-05"), activity("2026-10-01", None, type=type_)))


@pytest.mark.parametrize(
    ("day", "is_closed"),
    [("2026-12-02", False), ("2099-01-01", False), ("2026-12-01", False), ("2026-11-30", True)],
    ids=["tomorrow", "in 2099", "today", "yesterday"],
)
def test_a_date_that_is_not_past_keeps_it_open(day, is_closed):
    assert closes(deal(activity(LONG_AGO), next_contact={"date": day})) is is_closed
    assert closes(deal(activity(LONG_AGO), expected_close=day)) is is_closed
    assert closes(deal(activity(LONG_AGO)), quotation("QTN-12345", "sent", valid_until=day)) is is_closed


@pytest.mark.parametrize("at", ["2026-12-05T10:00:00+01:00", "2026-11-05T10:00:00+01:00", "2099-01-01"])
@pytest.mark.parametrize("direction", ["in", "out", None])
def test_an_open_activity_keeps_it_open_even_when_it_is_overdue(at, direction):
    assert not closes(deal(activity(LONG_AGO), activity(at, direction, type="task", done=False)))


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_word_of_the_year_2099_keeps_it_open(direction):
    assert not closes(deal(activity(LONG_AGO), activity("2099-01-01T10:00:00Z", direction)))


@pytest.mark.parametrize(
    ("status", "closed"),
    [
        ("won", {"date": "2026-11-02", "amount": 1}),
        ("lost", {"date": "2026-11-02", "reason": "price"}),
        ("closed", {"date": "2026-11-02", "reason": "no-response"}),
    ],
)
def test_what_is_closed_already_stays_as_it_is(status, closed):
    assert not closes(deal(activity("2026-10-01"), status=status, closed=closed))


def test_what_is_still_on_offer_is_rejected():
    quotations = [
        quotation(f"QTN-{place}2345", status)
        for place, status in enumerate(["draft", "sent", "rejected", "expired", "superseded"])
    ]
    change = closing(deal(activity(LONG_AGO)), *quotations)
    assert change is not None
    statuses = {each.key: each.plain()["status"] for each in change.also}
    assert statuses == {"QTN-02345": "rejected", "QTN-12345": "rejected"}


def test_a_yes_to_a_quotation_is_an_answer():
    assert not closes(deal(activity("2026-10-01")), quotation("QTN-12345", "accepted"))


@pytest.mark.parametrize(("after", "is_closed"), [(1, True), (29, True), (31, False), (3650, False)])
def test_the_settings_say_after_how_many_days(after, is_closed):
    settings = SETTINGS.with_(auto_close=SETTINGS.auto_close.with_(after_days=after))
    change = closing(deal(activity(LONG_AGO)), settings=settings)
    assert (change is not None) is is_closed


def test_a_quotation_that_was_sent_is_our_word():
    sent = quotation("QTN-12345", "sent", sent="2026-11-01T09:00:00+01:00")
    assert closes(deal(), sent)
    assert not closes(deal(), sent, today=date(2026, 11, 30))
    assert not closes(deal(activity("2026-11-01T10:00:00+01:00", "in")), sent)  # answered
    assert closes(deal(activity("2026-10-20", "in")), sent)
    assert closes(deal(), quotation("QTN-12345", "expired"))  # of an older file, on its date
    assert not closes(deal(), quotation("QTN-12345", "draft"), quotation("QTN-22345", "superseded"))


def test_the_wait_begins_anew_with_what_a_person_changes():
    touches = [
        Touch(datetime.fromisoformat(f"2026-11-{day}T10:00:00+01:00"), f"move {day}") for day in (20, 10)
    ]
    wait = start_of_wait(deal(activity(LONG_AGO)), touches=touches, zone=MADRID)
    assert wait == (date(2026, 11, 20), "move 20")
    assert start_of_wait(deal(activity("2026-11-25")), touches=touches, zone=MADRID) == (
        date(2026, 11, 25),
        'email "Offer" went out',
    )
    assert start_of_wait(deal(), touches=touches, zone=MADRID) is None  # nobody waits for a word
    same = [Touch(datetime.fromisoformat("2026-11-20T10:00:00+01:00"), "its own commit")]
    said = deal(activity("2026-11-20T10:00:00+01:00"))
    assert start_of_wait(said, touches=same, zone=MADRID) == (date(2026, 11, 20), 'email "Offer" went out')
