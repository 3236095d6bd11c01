"""`opportunity board`: the open deals in a column a stage, printed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads

pytestmark = pytest.mark.usefixtures("today", "narrow")


def deal(root, key, title, stage="propose", created="2026-11-01", **fields):
    folder = root / "opportunities" / "2026"
    folder.mkdir(parents=True, exist_ok=True)
    given = {
        "id": key, "created": f"{created}T10:00:00+01:00", "title": title, "process": "standard",
        "stage": stage, "status": "open", "currency": "EUR", **fields,
    }  # fmt: skip
    text = "".join(f"{name}: {value}\n" for name, value in given.items())
    (folder / f"{key}-deal.yaml").write_text(text)


def test_each_stage_is_a_column_and_the_next_to_close_comes_first(root, cli):
    deal(root, "OPP-10001", "Later", amount=1000, expected_close="2026-12-24", owner="ana-ruiz")
    deal(root, "OPP-10002", "Sooner, for Café Güell", amount=500.5, expected_close="2026-12-01")
    deal(root, "OPP-10003", "Machines", "demo", amount="70", customer="contoso")

    assert (
        cli("opp", "board").out
        == """\
standard, in EUR

Qualify 0       Demo 1          Propose 2       Negotiate 0     Commit 0
0.00            70.00           1,500.50        0.00            0.00
--------------  --------------  --------------  --------------  --------------
                Machines        Sooner, for
                contoso         Café Güell
                70.00           500.50
                no date         2026-12-01
                no owner        no owner
                20 days old     20 days old

                                Later
                                1,000.00
                                2026-12-24
                                ana-ruiz
                                20 days old

"""
    )


def test_what_somebody_should_look_at_is_marked(root, cli):
    deal(root, "OPP-10001", "Late", expected_close="2026-11-01", created="2026-11-20")
    deal(root, "OPP-10002", "Rots", created="2026-10-31")
    shown = cli("opp", "board").out
    assert "! Late" in shown
    assert "overdue" in shown
    assert "! Rots" in shown
    assert "idle 21 days" in shown
    found = loads(cli("opp", "board", "--format", "json").out)
    cards = {card["id"]: card for column in found["columns"] for card in column["cards"]}
    assert (cards["OPP-10001"]["is_overdue"], cards["OPP-10001"]["is_stale"]) == (True, False)
    assert (cards["OPP-10002"]["idle_days"], cards["OPP-10002"]["is_stale"]) == (21, True)


def test_the_day_until_which_a_deal_is_on_hold_is_not_cut(root, cli):
    deal(root, "OPP-10001", "Waits", hold="{until: 2027-01-20}")
    shown = cli("opp", "board").out.splitlines()
    (place,) = [place for place, line in enumerate(shown) if line.strip() == "on hold until"]
    assert shown[place + 1].strip() == "2027-01-20"


def test_an_activity_is_a_movement(root, cli):
    deal(root, "OPP-10001", "Rots", created="2026-10-01")
    cli("activity", "add", "OPP-10001", "--type", "call", "--subject", "Hello", "--done")
    (card,) = [
        card
        for column in loads(cli("opp", "board", "--format", "json").out)["columns"]
        for card in column["cards"]
    ]
    assert (card["idle_days"], card["is_stale"]) == (0, False)


def test_json_has_the_columns_with_their_sums_in_the_base_currency(root, cli):
    deal(root, "OPP-10001", "Euros", amount=100)
    deal(root, "OPP-10002", "Dollars", amount=100, currency="USD")
    assert "no exchange rate from USD to EUR" in cli("opp", "board", code=1).err
    cli("settings", "set", "exchange_rates.USD.2026-01-01=0.5")
    found = loads(cli("opp", "board", "--format", "json").out)
    assert (found["process"], found["currency"]) == ("standard", "EUR")
    column = found["columns"][2]
    assert (column["stage"], column["name"], column["count"], column["amount"]) == (
        "propose", "Propose", 2, Decimal("150.00"),
    )  # fmt: skip


def test_closed_ones_are_there_when_asked_for(root, cli):
    deal(root, "OPP-10001", "Sold")
    cli("opp", "won", "OPP-10001", "--amount", "5")
    assert "Sold" not in cli("opp", "board").out
    shown = loads(cli("opp", "board", "--closed", "--format", "json").out)
    won = next(column for column in shown["columns"] if column["status"] == "won")
    assert (won["stage"], won["name"], won["amount"], won["cards"][0]["id"]) == (None, "Won", 5, "OPP-10001")


def test_a_long_column_says_how_many_more_there_are(root, cli):
    for number in range(12):
        deal(root, f"OPP-1{number:04}", "One")
    assert "+4 more" in cli("opp", "board").out
    assert "+9 more" in cli("opp", "board", "--limit", "3").out
    assert cli("opp", "board", "--format", "ids").out.count("OPP-") == 12


def test_it_is_somebodys_or_of_a_process(root, cli, refused):
    cli("settings", "set", "processes.repair={name: Réparation, stages: [{id: visit, probability: 50}]}")
    deal(root, "OPP-10001", "Mine", owner="ana-ruiz")
    deal(root, "OPP-10002", "Visit", "visit", process="repair")
    assert "Mine" in cli("opp", "board", "--owner", "ana-ruiz").out
    assert "visit 1" in cli("opp", "board", "--process", "repair").out
    assert "visit 1" in cli("opp", "board", "--process", "REPARATION").out
    assert "unknown process nothing" in refused("opp", "board", "--process", "nothing")
    assert "unknown user" in refused("opp", "board", "--owner", "nobody")


def test_deals_of_other_processes_are_said(root, cli):
    cli("settings", "set", "processes.repair={stages: [{id: visit, probability: 50}]}")
    deal(root, "OPP-10001", "Mine", owner="ana-ruiz")
    deal(root, "OPP-10002", "Visit", "visit", process="repair", owner="ana-ruiz")
    deal(root, "OPP-10003", "Visit", "visit", process="repair")
    assert cli("opp", "board").out.endswith("\n\nopen deals at other processes (--process): standard 1\n")
    found = loads(cli("opp", "board", "--owner", "ana-ruiz", "--format", "json").out)
    assert (found["process"], found["other_processes"]) == ("standard", {"repair": 1})


def test_an_amount_without_room_is_rounded_and_never_cut(root, cli):
    deal(root, "OPP-10001", "A", amount=10**12)
    deal(root, "OPP-10002", "B", amount=9876543210, currency="USD")
    cli("settings", "set", "exchange_rates.USD.2026-01-01=1")
    shown = cli("opp", "board").out
    assert "1T" in shown
    assert "9.88B USD" in shown
    assert "1.01T" in shown
    assert "…" not in shown


def test_a_long_word_stands_beside_its_mark(root, cli):
    deal(root, "OPP-10001", "Donaudampfschifffahrt", expected_close="2026-11-01")
    assert "! Donaudampfs…" in cli("opp", "board").out


def test_it_stood_otherwise_before(root, cli, git):
    deal(root, "OPP-10001", "Moving")
    git("add", "-A")
    git("commit", "-qm", "a deal")
    cli("opp", "advance", "OPP-10001")
    assert "Negotiate 1" in cli("opp", "board").out
    assert "Propose 1" in cli("opp", "board", "--as-of", "HEAD~1").out


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_no_title_breaks_the_columns(root, cli, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    deal(root, "OPP-10001", '"<script>alert(1)</script>"', amount=10**12)
    deal(root, "OPP-10002", '"دستگاه اسپرسو برای فروشگاه‌های زنجیره‌ای ☕👩‍👩‍👧"')
    deal(root, "OPP-10003", "x" * 500)
    deal(root, "OPP-10004", "Nothing", amount=0)
    from pipecli.cli.common.table import display_width

    shown = cli("opp", "board").out
    assert max(display_width(line.replace("⁨", "").replace("⁩", "")) for line in shown.splitlines()) <= width


def test_an_empty_board_is_a_board(root, cli):
    assert cli("opp", "board").out.startswith("standard, in EUR\n\nQualify 0       Demo 0")
    assert [column["cards"] for column in loads(cli("opp", "board", "--format", "json").out)["columns"]] == [
        [], [], [], [], [],
    ]  # fmt: skip


def test_the_whole_terminal_needs_one(cli, refused):
    assert "--interactive needs a terminal" in refused("opp", "board", "--interactive")
    assert "the past can't be changed" in refused("opp", "board", "--interactive", "--as-of", "HEAD")
