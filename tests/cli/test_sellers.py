"""Deals that several people sell: each has their part, to the cent, and the totals have them once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads

pytestmark = pytest.mark.usefixtures("shop")


def test_parts_count_at_each_seller_and_once_in_the_totals(cli, root):
    for slug in ("ana", "luis", "sara"):
        cli("user", "add", slug, "--name", slug.title())
    opp = cli("opp", "add", "Shared", "--customer", "contoso-coffee", "--owner", "ana", "--amount", "100.01")
    opp = opp.out.split()[0]
    wrong = cli("opp", "sellers", opp, "ana=60", "luis=30", code=1)
    assert "ana 60 %, luis 30 % come to 90 %, not to 100" in wrong.err
    third = ("ana=33.333334", "luis=33.333333", "sara=33.333333")
    assert "sold by ana 33.333334 %" in cli("opp", "sellers", opp, *third).out
    assert "ana 33.333334 %, " in cli("opp", "show", opp).out

    def rows(*words):
        made = loads(cli(*words, "--format", "json").out)
        return {row["key"]: row for row in made["rows"]}, made["totals"]

    def theirs(figure, *words):
        by_owner, totals = rows(*words)
        return [by_owner[slug][figure] for slug in ("ana", "luis", "sara")], totals[figure]

    parts, total = theirs("amount", "forecast", "--by", "owner")
    assert sum(parts) == Decimal("100.01") < total
    assert sorted(parts)[0] == Decimal("33.33")
    cli("opp", "won", opp)
    parts, total = theirs("won_amount", "forecast", "--by", "owner")
    assert (sum(parts), total) == (Decimal("100.01"), Decimal("100.01"))
    parts, total = theirs("won_amount", "report", "ranking")
    assert (sum(parts), total) == (Decimal("100.01"), Decimal("100.01"))
    assert max(parts) - min(parts) <= Decimal("0.01")
    assert rows("report", "ranking")[1]["won_count"] == 1


def test_a_seller_finds_what_they_sell_and_counts_their_part(cli, root, monkeypatch):
    for slug in ("ana", "luis"):
        cli("user", "add", slug, "--name", slug.title())
    add = ("opp", "add", "--customer", "contoso-coffee", "--owner", "ana", "--format", "ids")
    shared, own = (
        cli(*add, title, "--amount", amount).id for title, amount in (("Big", "100.01"), ("Own", "7"))
    )
    cli("opp", "sellers", shared, "ana=33.3", "luis=66.7")
    cli("opp", "item", "add", shared, "--description", "Machine", "--price", "100.01")
    cli("quote", "new", shared)
    cli("settings", "set", "targets.2026-11.luis=1000")

    def keys(*words):
        return {row.get("opportunity", row["id"]) for row in loads(cli(*words, "--format", "json").out)}

    assert keys("opp", "list", "--seller", "luis") == keys("quote", "list", "--seller", "luis") == {shared}
    assert keys("opp", "list", "--seller", "ana") == keys("opp", "list", "--owner", "ana") == {shared, own}
    assert keys("opp", "list", "--owner", "luis") == set()
    monkeypatch.setenv("PIPECLI_USER", "luis")
    assert keys("opp", "list", "--mine") == keys("quote", "list", "--mine") == {shared}
    assert "leads have no sellers" in cli("lead", "list", "--seller", "ana", code=1).err
    assert "unknown user nobody" in cli("opp", "list", "--seller", "nobody", code=1).err
    sums = [
        loads(cli("forecast", "--seller", slug, "--format", "json").out)["totals"]["amount"]
        for slug in ("ana", "luis")
    ]
    assert sums == [Decimal("40.30"), Decimal("66.71")]
    for deal in (shared, own):
        cli("--today", "2026-11-20", "opp", "won", deal)
    report = ("--today", "2026-11-20", "report", "ranking", "--format", "json")
    by_owner = {row["key"]: row["won_amount"] for row in loads(cli(*report).out)["rows"]}
    for slug in ("ana", "luis"):
        (row,) = loads(cli(*report, "--seller", slug).out)["rows"]
        assert (row["key"], row["won_amount"]) == (slug, by_owner[slug])
    month = ("--today", "2026-11-20", "forecast", "--by", "month", "--format", "json")
    (row,) = [row for row in loads(cli(*month, "--seller", "luis").out)["rows"] if row["key"] == "2026-11"]
    assert (row["won_amount"], row["target"]) == (Decimal("66.71"), 1000)


def test_the_sellers_are_users_and_come_to_the_whole(cli, root):
    opp = cli("opp", "add", "Shared", "--customer", "contoso-coffee", "--amount", "10").out.split()[0]
    assert "nobody" in cli("opp", "sellers", opp, "nobody=100", code=1).err
    apart = cli("opp", "sellers", opp, "ana", "60", "luis", "40", code=1).err
    assert apart == 'error: "ana" isn\'t a part; write USER=PERCENT, such as ana=60\n'
    assert cli("opp", "set", opp, "sellers.1.user=ana", code=1).err
    cli("opp", "sellers", opp, "ana=100")
    cli("opp", "sellers", opp, "none")
    assert "sellers" not in loads(cli("opp", "show", opp, "--format", "json").out)
