"""Deals that wait: nobody is reminded of them, and they stand apart, until their day."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads

pytestmark = pytest.mark.usefixtures("shop")


def test_a_deal_waits_until_its_day_and_stands_apart(cli, root, git, tmp_path):
    def at(day, *words, code=0):
        return cli("--today", day, *words, code=code)

    opp = at(
        "2026-11-20", "opp", "add", "Later", "--customer", "contoso-coffee", "--amount", "5000"
    ).out.split()[0]
    at("2026-11-20", "opp", "set", opp, "next_contact.date=2026-12-01", "expected_close=2026-12-10")
    at("2026-11-20", "opp", "hold", opp, "--until", "2027-01-10", "--reason", "budget in January")
    at("2026-11-20", "opp", "hold", opp, "--until", "2027-01-20")
    waits = loads(cli("opp", "show", opp, "--format", "json").out)["hold"]
    assert waits == {"until": "2027-01-20", "reason": "budget in January"}

    made = loads(at("2026-12-15", "forecast", "--format", "json").out)
    assert (made["on_hold"]["open_count"], made["on_hold"]["amount"]) == (1, Decimal(5000))
    assert made["overdue"]["open_count"] == 0
    assert "apart, 1 deal on hold: 5,000.00 EUR" in at("2026-12-15", "forecast").out
    assert loads(at("2026-12-15", "followups", "--format", "json").out) == []
    assert "overdue" not in at("2026-12-15", "opp", "show", opp).out.partition("next contact")[0]
    page = loads(at("2026-12-15", "dashboard", "--output", f"{tmp_path}/x.html", "--format", "json").out)
    assert page["figures"]["overdue_count"] == 0
    columns = loads(at("2026-12-15", "opp", "board", "--format", "json").out)["columns"]
    (card,) = [card for column in columns for card in column["cards"] if card["id"] == opp]
    assert (card["hold_until"], card["is_overdue"], columns[0]["amount"]) == ("2027-01-20", False, 0)
    for day in ("2027-01-19", "2027-06-01"):
        late = loads(at(day, "report", "stale", "--format", "json").out)
        assert (opp in str(late)) == (day > "2027-01-20")

    due = loads(at("2027-01-21", "followups", "--format", "json").out)
    assert {row["kind"] for row in due if row["id"] == opp} == {"hold", "next-contact"}
    assert (
        "is in the past, or today"
        in at("2027-01-21", "opp", "hold", opp, "--until", "2027-01-21", code=1).err
    )
    at("2027-01-21", "opp", "resume", opp)
    assert "hold" not in loads(cli("opp", "show", opp, "--format", "json").out)
    assert "isn't on hold" in cli("opp", "resume", opp, code=1).err
    assert "give --until DATE" in cli("opp", "hold", opp, code=2).err
    at("2027-01-21", "opp", "hold", opp, "--until", "2027-01-25")
    (due,) = [
        row for row in loads(at("2027-01-25", "followups", "--format", "json").out) if row["kind"] == "hold"
    ]
    assert due["subject"] == "it may go on"
