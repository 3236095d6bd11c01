"""A lead that is settled, merged or joined to a deal; what is planned with either, and a deal's way on."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from pipecli.errors import Question
from pipecli.records.activity import Activity, NextContact
from pipecli.records.customer import Contact, Customer, Supplier
from pipecli.records.lead import Answer, Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings
from pipecli.workflow import Refused
from pipecli.workflow import activity_followup_and_attachment as activities
from pipecli.workflow.activity_followup_and_attachment import (
    FollowedUp,
    Next,
    attach_file,
    find_attachment,
    plan_next_contact,
)
from pipecli.workflow.catalogue import require_stages
from pipecli.workflow.customer import add_party, merge_contacts
from pipecli.workflow.lead import (
    convert_lead,
    disqualify_lead,
    join_opportunity,
    merge_leads,
    qualify_lead,
    refuse_settled,
    require_convertible,
    set_lead_fields,
)
from pipecli.workflow.match_prospect import Parties
from pipecli.workflow.opportunity.add_and_change import (
    add_competitor,
    competitor_name,
    hold_deal,
    record_new_deal,
)
from pipecli.workflow.opportunity.add_and_change import set_deal_fields as set_deal
from pipecli.workflow.opportunity.advance import advance_deal

MADRID = ZoneInfo("Europe/Madrid")


class Prices(NamedTuple):
    settings: Settings
    price_lists: tuple[()] = ()


NOW = datetime(2026, 11, 21, 12, tzinfo=MADRID)
TODAY = NOW.date()
SETTINGS = Settings.model_validate(
    {
        "company": {"name": "Contoso"},
        "processes": {"standard": {"stages": [{"id": "demo", "probability": 10}]}},
    }
)
NO_NEED = {"status": "disqualified", "disqualified": {"date": "2026-11-20", "reason": "no-need"}}
CONVERTED = {"date": "2026-11-20", "customer": "contoso"}


def lead(**fields: object) -> Lead:
    return Lead.model_validate(
        {"id": "LEAD-7K3M9", "created": "2026-11-01T10:00:00+01:00", "name": "Ana"} | fields
    )


def deal(key: str = "OPP-2Q8XA", **fields: object) -> Opportunity:
    about = {"id": key, "created": "2026-11-01T10:00:00+01:00", "title": "Machines"}
    return Opportunity.model_validate(
        about | {"process": "standard", "stage": "demo", "currency": "EUR"} | fields
    )


def planned(at: str, key: str = "4F2QX", **fields: object) -> dict[str, object]:
    return {"id": key, "type": "call", "at": at, "subject": "Talk"} | fields


def done(at: str = "2026-11-21", **fields: object) -> Activity:
    return Activity.model_validate(planned(at, "9ZZZZ", done=True) | fields)


CONTACT = Contact.model_validate({"id": "ana", "name": "Ana", "customer": "contoso"})
CUSTOMER = Customer.model_validate({"id": "contoso", "name": "Contoso"})


def test_what_is_logged_planned_and_done_is_told_as_that():
    tomorrow = Activity.model_validate(planned("2026-11-22"))
    change = activities.add_activity(deal(), tomorrow, NOW)
    assert (change.summary, change.event) == ('plan call "Talk"', "activity-planned")
    change = activities.add_activity(deal(), done(), NOW)
    assert (change.summary, change.event) == ('log call "Talk"', "activity-done")
    due, plan = deal(next_contact={"date": "2026-11-20"}), Activity.model_validate(planned("2026-11-21"))
    assert activities.add_activity(due, plan, NOW).record.next_contact  # what is only planned settles none
    assert activities.add_activity(due, done(), NOW).record.next_contact is None
    for at, notes in ((None, ("it was planned for 2026-11-22, and is done now",)), (NOW, ())):
        ended = activities.complete_activity(deal(activities=[tomorrow]), "4F2QX", NOW, at=at)
        assert (ended.record.activities[0].at, ended.notes) == (NOW, notes)


def test_a_competitor_without_a_file_is_named_beside_one_that_it_may_be():
    files = {"torino-espresso": "Torino Espresso", "acme": "ACME Machines"}
    (note,) = add_competitor(deal(), "Torino", files).notes
    assert note == "Torino has no file; did you mean torino-espresso?"
    for name in ("acme", "Zeta"):
        assert add_competitor(deal(), name, files).notes == ()


def test_a_lead_that_is_settled_names_the_way_on():
    for converted, to, way in (
        (CONVERTED, "", "open an opportunity on it: pipecli opp add --lead LEAD-7K3M9"),
        (
            CONVERTED | {"opportunities": ["OPP-2Q8XA"]},
            ", to OPP-2Q8XA",
            "go on with OPP-2Q8XA: pipecli opp show OPP-2Q8XA",
        ),
    ):
        settled = lead(status="converted", converted=converted)
        with pytest.raises(Refused) as refused:
            refuse_settled(settled)
        assert refused.value.hint == way
        with pytest.raises(Refused, match=f"is converted already{to};"):
            require_convertible(settled, force=True)
        with pytest.raises(Refused, match=f"LEAD-7K3M9 is converted; {way[:9]}"):
            plan_next_contact(settled, Next(NextContact(date=TODAY)), NOW)
        answered = settled.with_(qualification=settled.qualification.with_(need=Answer.NO))
        assert set_lead_fields(settled, answered, SETTINGS, "set need").record.status == "converted"
    with pytest.raises(Refused, match="LEAD-7K3M9 is disqualified: no-need;"):
        require_convertible(lead(**NO_NEED), force=True)


def test_a_lead_is_qualified_once_all_that_decides_is_yes():
    asked = lead(qualification={"need": "yes", "budget": "yes"})
    some = qualify_lead(asked, {"authority": "yes"}, {})
    assert (some.event, some.summary) == ("changed", "qualify authority yes → open")
    noted = qualify_lead(some.record, {"authority": "no"}, {"authority": "Ana decides", "need": "Two"})
    assert noted.summary == "qualify authority no, note on need"
    all_ = qualify_lead(asked, {"timeframe": "yes"}, {})
    assert (all_.event, all_.summary, all_.notes) == ("qualified", "qualify timeframe yes → qualified", ())
    assert set_lead_fields(lead(), lead(owner="ana"), SETTINGS, "set owner").event == "assigned"


def test_without_a_list_any_reason_gives_a_lead_up():
    with pytest.raises(Question) as asked:
        disqualify_lead(lead(), SETTINGS, today=TODAY, reason=None)
    assert asked.value.hint == "give --reason"
    assert disqualify_lead(lead(), SETTINGS, today=TODAY, reason="bored").summary == "disqualify, bored"


def test_a_source_that_is_set_is_one_of_the_list():
    listed = SETTINGS.with_(sources=("fair", "web"))
    with pytest.raises(Refused, match="wbe"):
        set_lead_fields(lead(), lead(source="wbe"), listed, "set source")
    assert (
        set_lead_fields(lead(source="wbe"), lead(source="wbe", score=3), listed, "set score").record.score
        == 3
    )


def test_of_two_leads_the_one_given_up_says_nothing_of_the_status():
    def merged(source: Lead, target: Lead) -> Lead:
        change = merge_leads(source, target, [], activity_id=lambda: "4F2QX")
        assert (change.notes, change.record.notes) == ((), None)  # one knows no other thing than the other
        return change.record

    other = {"id": "LEAD-8K4N2"}
    assert merged(lead(**NO_NEED), lead(**other, status="replied")).status == "replied"
    assert merged(lead(), lead(**other)).status == "new"
    assert merged(lead(status="open"), lead(**other)).status == "open"
    both = merged(lead(**NO_NEED), lead(**other, **NO_NEED))
    assert (both.status, both.disqualified.reason) == ("disqualified", "no-need")

    ben = lead(owner="ben", assigned={"rule": "all"})
    owned = merge_leads(ben, lead(**other, owner="ana"), [], activity_id=lambda: "4F2QX")
    assert (owned.record.assigned, owned.notes) == (None, ("kept in its notes: owner ben",))
    assert merged(ben, lead(**other)).assigned.rule == "all"


def test_the_phone_of_a_lead_given_up_is_kept_unless_it_is_anothers():
    def phone(source: str | None, target: str | None) -> str | None:
        given_up = lead(name=source, phone="+34 600 000 000")
        kept = lead(id="LEAD-8K4N2", name=target, organization="Contoso")
        return merge_leads(given_up, kept, [], activity_id=lambda: "4F2QX").record.phone

    for same in (("Ana Ruiz", "ana  RUIZ"), ("Ana Ruiz", None)):
        assert phone(*same) == "+34 600 000 000"
    assert phone("Ana Ruiz", "Ben Ruiz") is None


def test_the_other_deals_of_a_lead_get_its_customer():
    own = deal(lead="LEAD-7K3M9")
    others = [own, deal("OPP-7K3M9", lead="LEAD-7K3M9"), deal("OPP-8K4N2", customer="acme")]
    change = convert_lead(lead(), own, Parties(CUSTOMER, CONTACT), others=others, today=TODAY, force=True)
    assert [(record.key, record.customer) for record in change.also[1:]] == [("OPP-7K3M9", "contoso")]
    assert change.record.converted.opportunities == ("OPP-2Q8XA", "OPP-7K3M9", "OPP-8K4N2")
    assert change.record.converted.forced
    sure = lead(qualification=dict.fromkeys(("need", "budget", "timeframe"), "yes"))
    change = convert_lead(sure, own, Parties(CUSTOMER, CONTACT), others=others, today=TODAY, force=True)
    assert change.record.converted.forced is None


def test_a_lead_that_joins_a_deal_adds_what_that_lacks():
    call = planned("2026-12-01")
    knows = lead(
        activities=[call, planned("2026-12-02", "5G3RY")],
        qualification={"need_note": "Two", "budget_note": "20k"},
    )
    own = deal(activities=[call], key_info={"need": "Three"})
    joined = join_opportunity(knows, own, CUSTOMER, None, lambda: "6H4SZ")
    assert [activity.id for activity in joined.activities] == ["4F2QX", "5G3RY"]
    assert joined.key_info.plain() == {"need": "Three", "budget": "20k"}
    assert joined.contacts == ()
    assert join_opportunity(knows, deal(), CUSTOMER, CONTACT, lambda: "6H4SZ").key_info.need == "Two"
    assert join_opportunity(lead(), own, CUSTOMER, CONTACT, lambda: "6H4SZ").key_info == own.key_info


def test_a_call_settles_what_is_due_with_a_lead_that_is_open():
    due = {"next_contact": {"date": "2026-11-20"}}
    for note, told in (({}, ""), ({"note": "Ask"}, ' "Ask"')):
        noted = lead(next_contact=due["next_contact"] | note)
        settled = plan_next_contact(noted, None, NOW, done())
        assert settled.record.next_contact is None
        assert settled.notes[0].startswith(f"the next contact of 2026-11-20{told} is settled")
    given_up = lead(**due, **NO_NEED)
    assert plan_next_contact(given_up, None, NOW, done()) == FollowedUp(given_up, "", ())
    assert plan_next_contact(given_up, Next(None), NOW).record.next_contact is None
    planning = plan_next_contact(lead(), Next(NextContact(date=date(2026, 12, 1))), NOW)
    assert planning.words == ", next contact 2026-12-01"


@pytest.mark.parametrize(
    ("at", "every", "again"),
    [
        ("2026-11-20T09:00:00+01:00", "1 day", "2026-11-22T09:00:00+01:00"),  # today's is over, too
        ("2026-11-07T09:00:00+01:00", "1 week", "2026-11-28T09:00:00+01:00"),
        ("2026-11-20", "1 day", "2026-11-22"),
        ("2026-10-21T10:00:00+02:00", "6 weeks", "2026-12-02T10:00:00+01:00"),  # the clocks have changed
    ],
)
def test_what_comes_again_is_planned_for_a_day_to_come(at: str, every: str, again: str):
    record = lead(activities=[planned(at, every=every)])
    after = activities.complete_activity(record, "4F2QX", NOW, new_id=lambda: "5G3RY").record
    assert after.activities[1].plain()["at"].isoformat() == again


@pytest.mark.parametrize("every", ["999 years", "1 day", "1 week"])
def test_what_comes_again_after_the_last_year_is_refused(every: str):
    record = lead(activities=[planned("9999-12-31", every=every)])
    with pytest.raises(Refused, match=f"4F2QX comes again every {every}, and days end in 9999"):
        activities.complete_activity(record, "4F2QX", NOW, new_id=lambda: "5G3RY")


def test_what_is_planned_for_today_is_told_and_moves_to_a_day():
    record = deal(activities=[planned("2026-11-21"), planned("2026-11-22", "5G3RY")])
    (note,) = activities.log_activity(record, done(), NOW).notes
    assert 'still planned: call "Talk"; if that was it: pipecli activity done 4F2QX' in note
    moved = activities.move_activity(record, "4F2QX", date(2026, 12, 1), MADRID)
    assert moved.summary == 'move call "Talk" to 2026-12-01'


def test_a_deal_whose_process_or_stage_is_gone_says_where_it_may_go_on():
    with pytest.raises(Refused, match="OPP-2Q8XA follows the process old, which the settings don't have"):
        advance_deal(deal(process="old"), SETTINGS)
    with pytest.raises(Refused, match="is at gone, which isn't a stage of the process standard; name one"):
        advance_deal(deal(stage="gone"), SETTINGS)
    stage = SETTINGS.processes["standard"].stages[0]
    processes = {name: Process(stages=(stage,)) for name in ("standard", "other")}
    for said in (40, 60):  # in the same step, by hand
        before, after = deal(probability=40), deal(probability=said, process="other")
        changed = set_deal(before, after, Prices(SETTINGS.with_(processes=processes)), TODAY, "set process")
        assert changed.record.probability == said


def test_a_source_that_the_settings_have_no_more_stays():
    both = [{"contact": contact, "primary": True} for contact in ("ana", "luis")]  # merged by hand
    before = deal(source="fair", contacts=both)
    after = before.with_(title="Mills")
    listed = Prices(SETTINGS.with_(sources=("web",)))
    assert set_deal(before, after, listed, TODAY, "set title").record.title == "Mills"
    with pytest.raises(Refused, match="fair"):
        set_deal(deal(), before, listed, TODAY, "set source")
    record_new_deal(before, listed.settings, lead=lead(source="fair"))
    with pytest.raises(Refused, match="fair"):
        record_new_deal(before, listed.settings, lead=lead(source="web"))


def test_a_deal_on_hold_is_held_for_longer():
    held = hold_deal(deal(), until=date(2026, 12, 1), today=TODAY, reason="budget")
    longer = hold_deal(held.record, until=date(2026, 12, 9), today=TODAY)
    assert held.summary == "on hold until 2026-12-01: budget"
    assert (longer.summary, longer.record.hold.reason) == ("hold 2026-12-01 → 2026-12-09", "budget")


def test_a_competitor_is_called_as_its_file_is_else_as_the_deal_spells_it():
    named = [
        competitor_name(name, {"acme": "ACME Corp"}, deal(competitors=["Zeta"]))
        for name in ("Acme", "acme corp", "ZETA", "New")
    ]
    assert named == ["acme", "acme", "Zeta", "New"]


def test_stages_that_are_named_are_of_a_process():
    require_stages(SETTINGS, ["demo"])
    with pytest.raises(Refused, match="gone isn't a stage of any process"):
        require_stages(SETTINGS, ["demo", "gone"])


def test_a_file_is_found_by_its_number_or_its_name():
    with_file, first = attach_file(lead(), "a.txt", "a", b"1", taken=(), most=1)
    both, second = attach_file(with_file, "2", "b", b"2", taken=(), most=1)
    assert [find_attachment(both, which) for which in ("1", "2", "A.TXT")] == [first, second, first]
    assert find_attachment(both, "2").name == "2"
    _, odd = attach_file(both, "a.t x", "a", b"3", taken=(), most=1)
    assert (first.file[-4:], odd.file[-1]) == (".txt", sha256(b"3").hexdigest()[7])  # no such ending
    with pytest.raises(Refused, match="LEAD-7K3M9 has no attachment 3"):
        find_attachment(both, "3")


def test_a_party_that_resembles_another_names_the_way_to_one():
    for party, way in (
        (CUSTOMER, "to make them one: pipecli customer merge contoso contosa"),
        (Supplier.model_validate({"id": "contoso", "name": "Contoso"}), "pipecli supplier remove contoso"),
    ):
        (note,) = add_party(party, {"contosa": "Contosa"}, free="contoso-2").notes
        assert note.endswith(way)


def test_two_parts_of_one_person_become_one():
    ana, maria = CONTACT, Contact.model_validate({"id": "maria", "name": "María", "customer": "contoso"})

    def noted(own: str | None, other: str | None) -> tuple[str, ...]:
        parts = [{"contact": "maria", "role": own}, {"contact": "ana", "role": other}]
        change = merge_contacts(ana, maria, [deal(contacts=parts)])
        assert [part.contact for part in change.also[0].contacts] == ["maria"]
        return change.notes

    assert noted("buyer", "buyer") == noted("buyer", None) == ()
    assert noted(None, "user") == ("OPP-2Q8XA: maria is user there now, as ana was",)
    assert noted("buyer", "user") == ("OPP-2Q8XA: maria was buyer and user there, and stays buyer",)
