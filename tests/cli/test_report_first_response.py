"""Stories of `report first-response`: from when somebody asked until we answered."""

from __future__ import annotations

import json

import pytest

from tests.records_given import activity_text, deal_text, lead_text

NOW = "2026-11-23T12:00"


def lead(key, created, *activities, owner="ana-ruiz", source="website", status="open"):
    text = lead_text(
        key, created=created, status=status, organization=key, owner=owner, source=source,
        qualification="{need: 'yes'}",
    )  # fmt: skip
    return {f"leads/2026/{key}.yaml": text + ways(activities)}


def deal(key, created, *activities, lead="LEAD-AAAAA"):
    text = deal_text(key, ways(activities), created=created, title=key, lead=lead, amount="100.00")
    return {f"opportunities/2026/{key}.yaml": text}


def ways(activities):
    return "activities:\n" + "".join(activities) if activities else ""


def out(at, kind="email", direction="out", done="true", key="AAAAA"):
    return activity_text(key, at, type_=kind, subject="Answer", direction=direction, done=done)


@pytest.fixture
def report(cli, monkeypatch):
    """The report as JSON, rows by key; it is Monday, 2026-11-23 at noon in Madrid."""
    monkeypatch.setenv("PIPECLI_TODAY", NOW)

    def call(*arguments):
        made = json.loads(cli("report", "first-response", *arguments, "--format", "json").out)
        return {row["key"]: row for row in made["rows"]} | {"about": made}

    return call


@pytest.fixture
def asked(given):
    """Five who asked: answered after 7, 30 and 200 minutes, in a second by nobody, one disqualified."""
    given(
        lead("LEAD-AAAAA", "2026-11-20T10:00:00+01:00", out("2026-11-20T10:07:00+01:00"))
        | lead("LEAD-BBBBB", "2026-11-20T17:00:00+01:00", out("2026-11-20T16:30:00Z", "call"))
        | lead(
            "LEAD-CCCCC",
            "2026-10-30T10:00:00+01:00",
            out("2026-10-30T13:20:00+01:00", "meeting"),
            owner="luis",
        )
        | lead("LEAD-DDDDD", "2026-11-20T17:00:00+01:00", out("2026-11-23T11:00:00+01:00", direction="in"))
        | lead("LEAD-EEEEE", "2026-11-21T10:00:00+01:00", out("2026-11-24T10:00:00+01:00", done="false"))
    )


def test_minutes_answered_and_waiting_by_owner(report, asked):
    rows = report()

    assert rows["ana-ruiz"] == {
        "median_minutes": 19,
        "percentile_90_minutes": 30,
        "waiting_median_minutes": 3510,
        "waiting_oldest_minutes": 4020,
        "key": "ana-ruiz",
        "name": "Ana Ruiz",
        "created_count": 4,
        "answered_count": 2,
        "answered_share": 50.00,
        "median": 19,  # of 7 and 30
        "percentile_90": 30,
        "unanswered_count": 2,
        "waiting_count": 2,
        "waiting_median": (50 + 67) * 30,
        "waiting_oldest": 67 * 60,
        "oldest": "LEAD-DDDDD",
    }
    assert rows["luis"]["median"] == 200
    assert rows["about"]["totals"]["median"] == 30
    assert rows["about"]["bases"] == {"answered_share": "all that were created"}


def test_in_business_hours_a_weekend_is_no_wait(report, asked, cli):
    cli("settings", "set", "business_hours.holidays=2026-11-02")

    rows = report("--business-hours")

    assert rows["ana-ruiz"]["median"] == 19
    assert rows["ana-ruiz"]["waiting_oldest"] == 30 + 180  # Friday 17:00 to 17:30, Monday 9:00 to 12:00
    assert rows["about"]["business_hours"] is True


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("month", ["2026-10", "2026-11"]),
        ("quarter", ["2026-Q4"]),
        ("source", ["website"]),
        ("team", [None]),
        ("type", [None]),
        ("kind", ["lead"]),
        ("campaign", [None]),
    ],
)
def test_every_grouping_counts_all(report, asked, by, keys):
    rows = report("--by", by)
    rows.pop("about")

    assert list(rows) == keys
    assert sum(row["created_count"] for row in rows.values()) == 5


def test_the_days_are_those_of_creation_in_the_settings_timezone(report, given):
    given(lead("LEAD-AAAAA", "2026-10-31T23:30:00Z"))  # in Madrid it is November

    assert next(iter(report("--by", "month"))) == "2026-11"
    assert report("--to", "2026-10-31")["about"]["totals"]["created_count"] == 0
    assert report("--from", "2026-11")["about"]["totals"]["created_count"] == 1
    given(lead("LEAD-BBBBB", "2026-09-30T10:00:00Z"))
    assert list(report("--by", "month"))[:2] == ["2026-09", "2026-11"]


def test_a_lead_and_its_opportunity_are_one_inquiry(report, given):
    given(
        lead("LEAD-AAAAA", "2026-11-20T10:00:00+01:00")
        | deal("OPP-AAAAA", "2026-11-20T11:00:00+01:00", out("2026-11-20T12:00:00+01:00"))
    )

    assert report()["about"]["totals"]["median"] == 120
    assert report()["about"]["counted_with_lead"] == 1
    assert report("--kind", "opportunity")["about"]["totals"]["median"] == 120
    assert report("--kind", "lead")["about"]["totals"]["unanswered_count"] == 1


def test_who_waits_on_the_opportunity_waits_since_the_lead(report, given):
    done = "converted:\n  date: 2026-11-20\n  customer: x\n"
    made = lead("LEAD-AAAAA", "2026-11-20T12:00:00+01:00", status="converted")
    given({path: text + done for path, text in made.items()} | deal("OPP-AAAAA", "2026-11-21T11:00:00+01:00"))

    assert report()["about"]["totals"]["waiting_oldest"] == 3 * 24 * 60
    assert report("--kind", "lead")["about"]["totals"]["waiting_count"] == 0


def test_what_cannot_be_measured_is_counted_and_said(cli, report, given):
    given(
        lead("LEAD-AAAAA", "2026-11-20T10:00:00+01:00", out("2026-11-20"))
        | lead("LEAD-BBBBB", "2026-11-20T10:00:00+01:00", out("2026-11-19T10:00:00+01:00"))
        | lead("LEAD-CCCCC", "2099-01-01T10:00:00+01:00")
        | lead("LEAD-DDDDD", "2026-11-20T10:00:00+01:00", status="qualified")
    )

    about = report()["about"]
    counts = {name: about[name] for name in ("untimed_count", "early_count", "ahead_count")}
    assert counts == {"untimed_count": 1, "early_count": 1, "ahead_count": 1}
    assert about["totals"]["answered_count"] == 2
    assert about["totals"]["median"] == 0
    assert about["totals"]["waiting_median"] == 37 * 60  # of 0 and 74 hours
    assert cli("report", "first-response").out.splitlines()[-3:] == [
        "1 answered on a day without an hour: in no median",
        "1 answered before created: 0 minutes",
        "1 created or answered at a time that is yet to come",
    ]


def test_a_bare_day_counts_only_where_no_hour_is_known(report, given, cli):
    answers = out("2026-11-20"), out("2026-11-21T10:00:00+01:00", key="BBBBB")
    given(lead("LEAD-AAAAA", "2026-11-20T10:00:00+01:00", *answers))

    assert report()["about"]["totals"]["median"] == 24 * 60
    shown = json.loads(cli("lead", "show", "LEAD-AAAAA", "--format", "json").out)
    assert shown["minutes_to_first_response"] == 24 * 60
    (listed,) = json.loads(cli("lead", "list", "--format", "json").out)
    assert listed["minutes_to_first_response"] == 24 * 60


def test_only_a_call_an_email_or_a_meeting_that_went_out_is_a_response(report, given):
    given(
        lead("LEAD-AAAAA", "2026-11-20T10:00:00+01:00", out("2026-11-20T11:00:00+01:00", "note"))
        | lead("LEAD-BBBBB", "2026-11-20T10:00:00+01:00", out("2026-11-20T11:00:00+01:00", "task"))
    )

    assert report()["about"]["totals"]["waiting_count"] == 2


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "tsv", "json", "jsonl", "ids"])
def test_every_format_even_of_nothing(cli, form, asked):
    assert cli("report", "first-response", "--format", form).out
    cli("report", "first-response", "--from", "2099", "--format", form)


def test_of_an_empty_pipeline(cli):
    assert "nobody has asked" in cli("report", "first-response").out


def test_eighty_columns_hold_wide_names(cli, asked, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PIPECLI_TODAY", NOW)
    cli("user", "set", "ana-ruiz", "name=" + "王" * 40)

    said = cli("report", "first-response")

    assert all(len(line) + line.count("王") <= 80 for line in said.out.splitlines())
    assert "LONGEST" in said.out
    assert "2 days 19 h" in said.out


def test_as_of_another_day_it_is_what_was_known_then(cli, asked, report, monkeypatch):
    assert "nobody has asked" in cli("report", "first-response", "--as-of", "HEAD~1").out


def test_without_business_hours_in_the_settings_there_are_none_to_count(cli, refused):
    cli("settings", "set", "business_hours=")

    assert "pipecli settings set 'business_hours=" in refused("report", "first-response", "--business-hours")


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("from=9:00", "must be a time of day, such as 09:00"),
        ("to=08:00", "business hours open at 09:00 and close at 08:00; to must be later"),
        ("days=[]", "business hours need at least one of days: mon,"),
        ("days=[monday]", '"monday" must be one of mon, tue'),
        ("holidays=christmas", "must be a date"),
    ],
)
def test_business_hours_that_cannot_be(refused, value, fault):
    assert fault in refused("settings", "set", f"business_hours.{value}")


def test_a_grouping_that_is_none(cli):
    assert "must be one of owner, team" in cli("report", "first-response", "--by", "color", code=2).err
    assert (
        "must be one of lead, opportunity" in cli("report", "first-response", "--kind", "order", code=2).err
    )


def test_lists_and_pages_say_how_long_it_took(cli, given, monkeypatch):
    given(
        lead("LEAD-AAAAA", "2026-11-20T10:00:00+01:00", out("2026-11-20T10:01:00+01:00"))
        | deal("OPP-AAAAA", "2026-11-01T10:00:00+01:00", out("2026-11-02T10:00:00+01:00"), lead="LEAD-AAAAA")
    )
    monkeypatch.setenv("COLUMNS", "160")

    assert cli("lead", "list").out.splitlines()[2].endswith(" 1 min")
    assert " 1 day " in cli("opp", "list").out
    assert "after 1 min\n" in cli("lead", "show", "LEAD-AAAAA").out
    assert "after 1 day\n" in cli("opp", "show", "OPP-AAAAA").out


def test_the_first_response_of_a_converted_lead_is_that_of_its_deal(report, given, cli):
    done = "converted:\n  date: 2026-11-21\n  customer: x\n"
    made = lead(
        "LEAD-AAAAA", "2026-11-20T12:00:00+01:00", out("2026-11-20T13:30:00+01:00"), status="converted"
    )
    given(
        {path: text + done for path, text in made.items()}
        | deal("OPP-AAAAA", "2026-11-21T11:00:00+01:00", out("2026-11-21T12:00:00+01:00"))
    )

    totals = report("--kind", "opportunity")["about"]["totals"]
    assert (totals["median"], totals["unanswered_count"]) == (90, 0)
    assert report("--kind", "opportunity")["about"]["early_count"] == 0
    shown = json.loads(cli("opp", "show", "OPP-AAAAA", "--format", "json").out)
    assert shown["minutes_to_first_response"] == 90
    (row,) = json.loads(cli("sql", "select first_response, minutes_to_first_response m from opportunities",
                       "--format", "json").out)  # fmt: skip
    assert row == {"first_response": "2026-11-20T13:30:00+01:00", "m": 90}


def test_of_a_seller_and_of_me(report, asked):
    for way in ("--seller=ana-ruiz", "--mine"):
        assert report(way)["about"]["totals"]["created_count"] == 4
