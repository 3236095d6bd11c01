"""What is sold by the month or year: its worth, its renewal, and activities that come again."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.terminal import at_terminal

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def deal(cli):
    opp = cli("opp", "add", "Cloud seats", "--customer", "contoso-coffee").out.split()[0]
    for description, price, *rest in (
        ("Seat", "20", "--quantity", "10", "--per", "month", "--term", "24"),
        ("Support", "900", "--per", "year", "--term", "2", "--discount", "10"),
        ("Setup", "1500"),
    ):
        cli("opp", "item", "add", opp, "--description", description, "--price", price, *rest)
    return opp


def shown(cli, opp):
    return loads(cli("opp", "show", opp, "--format", "json").out)


def test_a_deal_has_its_recurring_worth_beside_its_amount(cli, deal):
    names = ("amount", "monthly_recurring", "yearly_recurring", "first_year_amount")
    assert [str(shown(cli, deal)[name]) for name in names] == ["7920.00", "267.50", "3210.00", "4710.00"]
    totals = loads(cli("forecast", "--format", "json").out)["totals"]
    assert totals["yearly_recurring"] == Decimal(3210)
    row = loads(cli("sql", f"SELECT yearly_recurring AS year FROM opportunities WHERE id = '{deal}'",
                    "--format", "json").out)  # fmt: skip
    assert row == [{"year": 3210}]
    wrong = ("opp", "item", "add", deal, "--description", "x", "--price", "1", "--per", "month")
    assert "give --per month --term 24" in cli(*wrong, code=1).err
    assert "has both" in cli("opp", "set", deal, "items.1.term=", code=1).err
    for item in ("1", "2"):
        cli("opp", "set", deal, f"items.{item}.optional=yes")
    assert "monthly_recurring" not in shown(cli, deal)


def test_a_line_for_a_term_costs_as_many_periods_as_it_brings(cli, deal):
    cli("product", "add", "seat", "--name", "Seat", "--cost", "12")
    cli("opp", "set", deal, "items.1.product=seat", "items.1.quantity=2.5")
    cli("quote", "send", cli("quote", "new", deal).id)
    cli("opp", "won", deal)
    for noun in ("quote", "order"):
        (paper,) = loads(cli(noun, "list", "--all", "--format", "json").out)
        assert paper["margin"] == Decimal("480.00")  # 2.5 × 24 × (20.00 − 12.00)


def test_an_order_is_renewed_once_before_its_term_ends_on_any_clone(cli, deal, root, git, tmp_path):
    cli("user", "add", "luis", "--name", "Luis")
    cli("opp", "sellers", deal, "ana-ruiz=60", "luis=40")
    cli("--today", "2026-11-20", "quote", "send", cli("quote", "new", deal).out.split()[0])
    cli("--today", "2026-11-20", "opp", "won", deal)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "remote.git"], check=True)
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("push", "-q", "--set-upstream", "origin", "HEAD:main")
    shutil.copytree(root, tmp_path / "other")
    shutil.rmtree(tmp_path / "other" / ".git" / "pipecli", ignore_errors=True)

    assert cli("--today", "2028-09-01", "renew").err == ""
    assert loads(cli("--today", "2028-09-01", "renew", "--format", "json").out) == []
    assert "nothing is to be renewed" in at_terminal(root, "--today", "2028-09-01", "renew")[1]
    cli("--today", "2028-10-01", "renew", "--dry-run")
    said = cli("--today", "2028-10-01", "renew", "--format", "json")
    (made,) = loads(said.out)
    assert (made["title"], made["expected_close"], made["customer"]) == (
        "Cloud seats, renewal", "2028-11-20", "contoso-coffee",
    )  # fmt: skip
    assert [item["description"] for item in made["items"]] == ["Seat", "Support"] and made["amount"] == 6420
    assert [seller["percent"] for seller in made["sellers"]] == [60, 40]
    for folder in (root, tmp_path / "other"):
        again = cli("-C", str(folder), "--today", "2028-10-02", "renew")
        assert (again.out, again.err) == ("", "")


def test_an_activity_comes_again_when_it_is_done(cli, deal):
    add = ("activity", "add", deal, "--type", "call", "--subject", "Monthly", "--every", "1 month", "--at")
    first = cli(*add, "2026-01-31", "--format", "ids").out.strip()
    assert "again on 2026-03-31" in cli("--today", "2026-03-02", "activity", "done", first).out
    planned = [one for one in shown(cli, deal)["activities"] if not one["done"]]
    assert [(one["at"], one["every"]) for one in planned] == [("2026-03-31", "1 month")]
    assert "--every for what comes again" in cli(*add, "2026-01-31", "--done", code=1).err
    wrong = cli(*add[:-3], "--every", "1q", "--at", "2026-12-01", code=1).err
    short = cli(*add[:-3], "--every", "2w", "--at", "2026-12-01", "--format", "ids").id
    (planned_so,) = (one for one in shown(cli, deal)["activities"] if one["id"] == short)
    assert planned_so["every"] == "2 weeks"
    assert '"1q" isn\'t a period: a number of days, weeks, months or years, such as 2 weeks' in wrong


def test_what_comes_on_the_31st_does_so_after_a_shorter_month(cli, deal):
    add = ("activity", "add", deal, "--type", "task", "--subject", "Report", "--every", "1 month", "--at")
    task, days = cli(*add, "2027-01-31", "--format", "ids").out.strip(), []
    for day in ("2027-01-31", "2027-02-28", "2027-03-31"):
        cli("--today", day, "activity", "done", task)
        (planned,) = (one for one in shown(cli, deal)["activities"] if not one["done"])
        task = planned["id"]
        days.append((planned["at"], planned["every"]))
    rhythm = "1 month on the 31st"
    assert days == [("2027-02-28", rhythm), ("2027-03-31", rhythm), ("2027-04-30", rhythm)]
    cli("activity", "edit", task, "--at", "2027-05-10")  # as `opp set` and an editor can
    cli("--today", "2027-05-10", "activity", "done", task)
    (planned,) = (one for one in shown(cli, deal)["activities"] if not one["done"])
    assert (planned["at"], planned["every"]) == ("2027-06-10", "1 month")
    cli("opp", "set", deal, f"activities.{planned['id']}.every=1 month on the 31st")
    cli("activity", "move", planned["id"], "2027-06-30")
    assert [one["every"] for one in shown(cli, deal)["activities"] if not one["done"]] == ["1 month"]


def test_an_hour_that_the_clocks_skip_once_stays_the_hour(cli, deal):
    cli("settings", "set", "timezone=Europe/Madrid")
    add = ("activity", "add", deal, "--type", "task", "--subject", "Backup", "--every", "1w", "--at")
    task, times = cli(*add, "2027-03-21T02:30", "--format", "ids").id, []
    for day in ("2027-03-21", "2027-03-28"):
        cli("--today", day, "activity", "done", task)
        (planned,) = (one for one in shown(cli, deal)["activities"] if not one["done"])
        task = planned["id"]
        times.append(planned["at"])
    assert times == ["2027-03-28T02:30:00+01:00", "2027-04-04T02:30:00+02:00"]


def test_a_list_has_the_keys_of_each_deal_as_its_page_has_them(cli, deal):
    cli("customer", "set", "contoso-coffee", "name=Contoso \u202e«Coffee»")
    by_hand, unknown = (
        cli("opp", "add", title, "--customer", "contoso-coffee").out.split()[0]
        for title in ('A "probability": 3', "Nothing yet")
    )
    cli("opp", "set", by_hand, "amount=120", "custom.amount=7", "probability=33.5")
    cli(
        "opp", "set", cli("opp", "add", "Round", "--customer", "contoso-coffee").out.split()[0], "amount=9000"
    )
    won = cli("opp", "add", "Stand", "--customer", "contoso-coffee", "--amount", "50").out.split()[0]
    cli("opp", "won", won, "--amount", "unknown")
    listed = loads(cli("opp", "list", "--all", "--format", "json").out)
    assert [row["amount"] for row in listed if row["id"] == won] == [None]  # 50 is its value no more
    assert {deal, by_hand, unknown} <= {row["id"] for row in listed}
    for row in listed:
        page = shown(cli, row["id"])
        assert {key: (value, str(value)) for key, value in row.items()} == {
            key: (page[key], str(page[key])) for key in row
        }
        assert not {"weighted", "yearly_recurring", "age_days", "team"} & (page.keys() - row.keys())


def test_a_supplier_is_asked_for_a_price_a_period_and_no_other_is_taken(cli, deal, root):
    cli("supplier", "add", "seats-ltd", "--name", "Seats Ltd")
    asked = cli("supplier-quote", "new", deal, "--supplier", "seats-ltd").id
    request = cli("supplier-quote", "render", asked, "-o", "-").out
    assert "a month, for 24" in request and "a year, for 2" in request
    cli("supplier-quote", "receive", asked, "--price", "1=10", "--price", "2=500", "--price", "3=900")
    answer = loads(cli("supplier-quote", "show", asked, "--format", "json").out)
    assert answer["amount"] == Decimal("4300.00")  # 10 × 24 × 10 + 2 × 500 + 900
    assert "10 × 24 × month" in cli("supplier-quote", "compare", deal).out
    priced = ("quote", "new", deal, "--from-supplier-quote", asked, "--markup", "50")
    made = loads(cli(*priced, "--format", "json").out)
    assert made["amount"] == Decimal("6300.00")  # 15 × 24 × 10 + 750 × 2, less 10 %, + 1350
    cli("opp", "set", deal, "items.1.per=year", "items.1.term=2")
    said = cli(*priced, code=1).err
    assert f"{asked} has a price a month for Seat, the quotation one a year; say what was quoted" in said
    (file,) = root.glob("supplier-quotations/*/*/*.yaml")
    file.write_text(file.read_text().replace("  per: month\n", ""))
    assert "has both: per (month, quarter, year) and term" in cli("check", code=1).out
