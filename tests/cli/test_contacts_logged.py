"""`call`, `mail`, `meet`, `note`, and the moving of what is planned. Today is Saturday, 2026-11-21."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.records_given import lead_text
from tests.terminal import at_terminal

Refused = Callable[..., str]
pytestmark = pytest.mark.usefixtures("shop", "warm_calls")


@pytest.fixture(autouse=True)
def _ten_o_clock(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21T10:00:00+01:00")


def _deal(cli: Cli) -> dict[str, Any]:
    deal: dict[str, Any] = json.loads(cli("opp", "show", "2q8xa", "--format", "json").out)
    return deal


def test_a_call_and_the_next_one_in_a_line(cli: Cli, git: Callable[..., str]) -> None:
    said = cli("call", "espresso", "Price talk", "--next", "fri", "--contact", "maria")
    assert said.out == 'OPP-2Q8XA Espresso machines: log call "Price talk", next contact 2026-11-27\n'
    deal = _deal(cli)
    (call,) = deal["activities"]
    assert {key: value for key, value in call.items() if key != "id"} == {
        "type": "call",
        "at": "2026-11-21T10:00:00+01:00",
        "subject": "Price talk",
        "by": "ana-ruiz",
        "direction": "out",
        "done": True,
        "contact": "maria-lopez",
    }
    assert deal["next_contact"] == {"date": "2026-11-27", "by": "ana-ruiz"}
    assert git(
        "log", "-1", "--format=%s"
    ) == 'OPP-2Q8XA: log call "Price talk", next contact 2026-11-27'.replace(" Espresso machines", "")


@pytest.mark.parametrize(
    ("verb", "type_", "direction"),
    [("call", "call", "out"), ("mail", "email", "out"), ("meet", "meeting", "out"), ("note", "note", None)],
)
def test_each_verb_logs_its_type(cli: Cli, verb: str, type_: str, direction: str | None) -> None:
    cli(verb, "2q8", "Price talk")
    (activity,) = _deal(cli)["activities"]
    assert (activity["type"], activity.get("direction"), activity["done"]) == (type_, direction, True)


def test_when_it_was_and_that_they_rang(cli: Cli) -> None:
    cli("call", "2q8", "--in", "--at", "9:15", "--duration", "20")
    cli("mail", "2q8", "Offer", "--at", "15 nov")
    call, mail = _deal(cli)["activities"]
    assert (call["subject"], call["direction"], call["at"], call["duration"]) == (
        "Call", "in", "2026-11-21T09:15:00+01:00", 20,
    )  # fmt: skip
    assert mail["at"] == "2026-11-15"


def test_the_next_contact_has_a_note_or_goes(cli: Cli) -> None:
    cli("call", "2q8", "--next", "3d: send the offer")
    assert _deal(cli)["next_contact"] == {"date": "2026-11-24", "by": "ana-ruiz", "note": "send the offer"}
    assert cli("call", "2q8", "--next", "none").out.endswith("no next contact\n")
    assert "next_contact" not in _deal(cli)


def test_what_was_due_and_stays_planned_is_told(cli: Cli) -> None:
    cli("opp", "set", "2q8", "next_contact.date=2026-11-21")
    add = ("activity", "add", "2q8", "--type", "call", "--subject")
    key = cli(*add, "Demo", "--at", "2026-11-20", "--format", "ids").id
    said = cli("call", "2q8", "Price", "--at", "2026-11-20 9:00").err  # a day before the contact was due
    assert "its next contact was due on 2026-11-21: plan the next one with --next" in said
    assert f"pipecli activity done {key}" in said
    assert "next_contact" in _deal(cli)


def test_a_contact_settles_the_one_that_is_due_and_it_leaves_the_lists(cli: Cli) -> None:
    due = ("opp", "set", "2q8", "next_contact.date=2026-11-20", "next_contact.note=Ask for the budget")
    settled = (
        'the next contact of 2026-11-20 "Ask for the budget" is settled; --next +7d would plan another\n'
    )
    add = ("activity", "add", "2q8", "--subject", "Talk", "--type")
    key = cli(*add, "meeting", "--at", "2026-11-20").id
    for contact in (
        ("call", "2q8"),
        ("mail", "2q8", "--in"),
        (*add, "email", "--direction", "in", "--done"),
        ("activity", "done", key),
    ):
        said = cli(*due).err
        assert said == "warning: OPP-2Q8XA: its next contact, 2026-11-20, is in the past\n"
        assert cli("followups", "--format", "ids").out.count("OPP-2Q8XA") >= 1
        assert settled in cli(*contact).err
        assert "next_contact" not in _deal(cli)
    assert cli("followups", "--format", "ids").out == ""
    cli(*due)
    assert "settled" not in cli("note", "2q8", "Nobody answers").err
    assert "settled" not in cli(*add, "task", "--done").err
    assert cli("followups", "--format", "ids").out == "OPP-2Q8XA\n"
    at_noon = ("--today", "2026-11-21T12:00:00+01:00")
    assert "settled" not in cli(*at_noon, "call", "2q8", "--at", "2026-11-21T18:00").err  # it is to come
    cli("opp", "set", "2q8", "next_contact.date=2026-11-22")
    assert "next contact" not in cli("call", "2q8").err  # it is not due yet
    cli(*due)
    cli("opp", "lost", "2q8xa", "--reason", "price")
    assert "settled" not in cli("call", "2q8").err  # nobody waits for it any more


def test_next_plans_a_contact_wherever_a_deal_moves_on(cli: Cli) -> None:
    def planned() -> object:
        return _deal(cli)["next_contact"]["date"]

    cli("opp", "set", "2q8", "next_contact.date=2026-11-20")
    add = ("activity", "add", "2q8", "--type", "call", "--subject", "Talk")
    assert "settled" not in cli(*add, "--done", "--next", "+1d").err
    assert planned() == "2026-11-22"
    key = cli(*add, "--at", "2026-11-21").id
    cli("activity", "done", key, "--next", "+2d: send the offer")
    assert planned() == "2026-11-23"
    assert cli("opp", "advance", "2q8", "--next", "+3d").out.endswith("next contact 2026-11-24\n")
    assert planned() == "2026-11-24"
    said = cli("opp", "advance", "2q8", "--next", "2026-11-01").err
    assert "warning: OPP-2Q8XA: its next contact, 2026-11-01, is in the past" in said
    cli("opp", "item", "add", "2q8", "--description", "Machine", "--price", "2500")
    cli("customer", "add", "Fabrikam")
    cli("opp", "set", "2q8", "customer=fabrikam")
    quotations = [cli("quote", "new", "2q8", "--format", "ids").id for _ in range(2)]
    assert "the next contact of 2026-11-01 is settled" in cli("quote", "send", quotations[0]).err
    cli("quote", "send", quotations[1], "--next", "+7d")
    assert planned() == "2026-11-28"


def test_what_is_to_come_is_no_contact_that_took_place(refused: Refused) -> None:
    said = refused("call", "2q8", "Price", "--at", "2026-11-22")
    assert "2026-11-22 is in the future" in said
    assert "pipecli activity add OPP-2Q8XA --type call" in said


def test_a_deal_that_is_lost_has_no_next_contact(cli: Cli, refused: Refused) -> None:
    cli("opp", "lost", "OPP-2Q8XA", "--reason", "price")
    assert "OPP-2Q8XA is lost" in refused("call", "2q8", "Why?", "--next", "fri")
    cli("call", "OPP-2Q8XA", "Why?")


def test_a_lead_that_was_called_is_open(cli: Cli, given: Callable[[dict[str, str]], None]) -> None:
    given({"leads/2026/LEAD-7K3M9-x.yaml": lead_text("LEAD-7K3M9", name="Max Held")})
    cli("call", "max", "Hello")
    assert json.loads(cli("lead", "show", "7k3", "--format", "json").out)["status"] == "open"


def test_notes_come_from_stdin_or_an_editor(
    cli: Cli, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("They want a discount.\nTen per cent.\n"))
    cli("call", "2q8", "Price", "--notes", "-")
    assert _deal(cli)["activities"][0]["notes"] == "They want a discount.\nTen per cent."
    monkeypatch.setattr("sys.stdin", io.StringIO("  \n"))
    assert "the notes are empty" in refused("note", "2q8", "Price", "--notes", "-")


def test_a_note_needs_its_text(refused: Refused) -> None:
    assert "a note needs a text" in refused("note", "2q8", code=2)


@pytest.fixture
def demo(cli: Cli) -> str:
    add = ("activity", "add", "2q8", "--type", "meeting", "--subject", "Demo", "--at", "2026-11-24T15:30")
    return cli(*add, "--format", "ids").id


def test_a_planned_meeting_moves_and_keeps_its_hour(cli: Cli, demo: str) -> None:
    assert (
        cli("activity", "move", demo, "fri").out
        == 'OPP-2Q8XA Espresso machines: move meeting "Demo" to 2026-11-27 15:30\n'
    )
    assert _deal(cli)["activities"][0]["at"] == "2026-11-27T15:30:00+01:00"
    cli("activity", "move", "espresso", "mon 9am")
    assert _deal(cli)["activities"][0]["at"] == "2026-11-23T09:00:00+01:00"


def test_an_activity_is_edited(
    cli: Cli, root: Path, demo: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("activity", "edit", demo, "--subject", "Demo of the S-100", "--contact", "maria", "--type", "call")
    (activity,) = _deal(cli)["activities"]
    assert (activity["subject"], activity["contact"], activity["type"]) == (
        "Demo of the S-100", "maria-lopez", "call",
    )  # fmt: skip
    assert "no change is given" in refused("activity", "edit", demo)
    monkeypatch.setenv("EDITOR", "sed -i -e s/S-100/S-200/ -e /^contact/d -e s/^at:.*/at:\\ friday\\ 9am/")
    cli("activity", "edit", demo)
    (activity,) = _deal(cli)["activities"]
    assert activity["subject"] == "Demo of the S-200"
    assert "contact" not in activity
    assert activity["at"].endswith("T09:00:00+01:00")
    monkeypatch.setenv("EDITOR", "sed -i s/^type/typ/")
    assert "an activity has no typ; nothing is changed" in refused("activity", "edit", demo)
    monkeypatch.delenv("EDITOR")
    _, screen = at_terminal(root, "activity", "edit", demo, typed="\n\nBring beans\n")
    assert "Subject [Demo of the S-200]" in screen
    assert _deal(cli)["activities"][0]["notes"] == "Bring beans"
    cli("activity", "edit", demo, "--at", "yesterday")
    cli("activity", "done", demo)
    assert "is in the future" in refused("activity", "edit", demo, "--at", "2026-11-30")


def test_a_planned_meeting_is_cancelled_and_one_that_took_place_is_not(
    cli: Cli, demo: str, refused: Refused
) -> None:
    cli("activity", "cancel", demo)
    assert _deal(cli).get("activities", []) == []
    done = cli("call", "2q8", "Price", "--format", "ids").id
    assert "is done" in refused("activity", "cancel", done)
    assert "is done" in refused("activity", "move", done, "fri")
