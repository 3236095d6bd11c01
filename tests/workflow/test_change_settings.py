"""Names of the settings: none goes that is in use, none comes that has no meaning."""

from __future__ import annotations

import pytest

from pipecli.records.settings import Settings, Team
from pipecli.workflow import Refused
from pipecli.workflow.settings import (
    EarlierWords,
    SettingsName,
    add_team,
    change_settings,
    dropped_names,
    rename_in_settings,
    users_leaving,
)

PLAIN = {
    "company": {"name": "Contoso"},
    "users": {"ana": {"name": "Ana", "team": "iberia"}},
    "teams": {"iberia": {"name": "Iberia", "manager": "ana"}},
    "processes": {
        "standard": {"stages": [{"id": "demo", "probability": 10}, {"id": "offer", "probability": 50}]}
    },
}


@pytest.fixture
def settings():
    """The settings of Ana and her team, with these keys in place of their own."""

    def make(**changed: object) -> Settings:
        return Settings.model_validate(PLAIN | changed)

    return make


def test_what_is_gone_is_named(settings):
    after = settings(users={}, teams={}, processes={"other": {"stages": [{"id": "demo", "probability": 1}]}})
    assert dropped_names(settings(), after) == [
        SettingsName("user", "ana"),
        SettingsName("team", "iberia"),
        SettingsName("process", "standard"),
        SettingsName("stage", "standard/demo"),
        SettingsName("stage", "standard/offer"),
    ]


def test_who_is_no_longer_active_leaves(settings):
    ana = {"name": "Ana", "email": "ana@x.example"}
    before = settings(users={"ana": ana, "eva": ana | {"active": False}, "luis": ana}, teams={})
    after = settings(
        users={"ana": ana | {"active": False}, "eva": ana | {"active": False}, "luis": ana}, teams={}
    )
    assert users_leaving(before, after) == ["ana"]


def test_what_records_use_stays(settings):
    records = [f"OPP-0000{place}" for place in range(7)]
    with pytest.raises(Refused, match="OPP-00000, OPP-00001, OPP-00002, OPP-00003, OPP-00004 and 2 more"):
        change_settings(
            settings(), settings(), "set", used_by={SettingsName("team", "iberia"): records}, price_lists=()
        )


def test_a_fault_that_was_there_before_may_stay(settings):
    demo = {"id": "demo", "probability": 10, "requires": ["budgt"]}
    before = settings(
        teams={"iberia": {"manager": "nobody"}},
        users={"ana": {"name": "Ana"}},
        processes={"standard": {"stages": [demo]}},
    )
    wanted = {"standard": {"stages": [demo | {"requires": ["budgt", "amount"]}]}}
    after = settings(**before.model_dump(include={"teams", "users"}), processes=wanted, currency="USD")
    assert change_settings(before, after, "set currency", used_by={}, price_lists=()).record == after


def test_of_the_conditions_those_that_name_a_renamed_word_are_told(settings):
    stages = PLAIN["processes"]["standard"]
    conditions = {"standard": stages | {"when": "type = 'sales'"}, "quick": stages | {"when": "amount < 5"}}
    renamed = rename_in_settings(settings(processes=conditions), "type", "sales", "deals", [])
    assert renamed.notes[1:] == ("processes.standard.when names 'sales': look at it in pipecli.yaml",)


def test_a_slash_in_a_word_is_no_process(settings):
    known = settings(lost_reasons=["price/terms", "silence"])
    renamed = rename_in_settings(known, "lost-reason", "price/terms", "terms", [])
    assert renamed.record.lost_reasons == ("terms", "silence")
    with pytest.raises(Refused, match="it is price/terms already"):
        rename_in_settings(known, "lost-reason", "price/terms", "price/terms", [])
    words = EarlierWords([("lost-reason", "price/terms", "money/terms"), ("lost-reason", "quiet", "silence")])
    lost = {"closed": {"reasons": ["price/terms", "quiet"]}, "source": "web"}
    today = {"closed": {"reasons": ["money/terms", "silence"]}, "source": "web"}
    assert words.in_record(lost, renamed.record) == today
    assert (words.have("Price/terms"), words.have("terms"), words.have("quiet")) == (True, False, True)
    stage = EarlierWords([("stage", "standard/pitch", "demo")])
    plain = {"stage": "pitch", "process": "standard"}
    assert stage.have("pitch") and stage.in_record(plain, known)["stage"] == "demo"
    assert stage.in_record(plain | {"process": "other"}, known)["stage"] == "pitch"


def test_a_team_is_managed_by_a_user_that_is_there(settings):
    with pytest.raises(Refused, match="unknown user eva to manage asia"):
        add_team(settings(), "asia", Team(manager="eva"))
    assert add_team(settings(), "asia", Team(manager="ana")).record.teams["asia"].manager == "ana"


def test_a_price_list_must_be_there(settings):
    after = settings(price_list="retail")
    with pytest.raises(Refused, match="unknown price list retail"):
        change_settings(settings(), after, "set", used_by={}, price_lists=["other"])
    assert change_settings(settings(), after, "set", used_by={}, price_lists=["retail"]).record == after


def test_a_process_in_use_stays(settings):
    with pytest.raises(Refused, match="process standard can't be removed, records use it: OPP-00000"):
        change_settings(
            settings(),
            settings(),
            "set",
            used_by={SettingsName("process", "standard"): ["OPP-00000"]},
            price_lists=(),
        )


LISTED = {"lost_reasons": ["price", "silence"], "auto_close": {"reason": "silence"}}


def test_auto_close_gives_a_reason_that_is_listed(settings):
    before = settings(**LISTED)
    after = settings(**LISTED | {"auto_close": {"reason": "unknown"}})
    said = "auto_close.reason: unknown isn't one of lost_reasons: price, silence"
    with pytest.raises(Refused, match=said):
        change_settings(before, after, "set", used_by={}, price_lists=())
    unlisted = settings(lost_reasons=[], auto_close={"reason": "unknown"})
    assert change_settings(settings(), unlisted, "set", used_by={}, price_lists=()).notes == ()


def test_the_reason_of_auto_close_may_leave_the_list_with_a_word(settings):
    before, after = settings(**LISTED), settings(**LISTED | {"lost_reasons": ["price"]})
    (note,) = change_settings(before, after, "set", used_by={}, price_lists=()).notes
    assert note.startswith("auto_close.reason is silence, which lost_reasons lists no more")
    assert change_settings(after, after.with_(currency="USD"), "set", used_by={}, price_lists=()).notes == ()
