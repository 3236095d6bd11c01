"""Stories of `report velocity`: the time at each stage and the sales velocity, from the history of files."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import MAVEN, copied
from tests.records_given import deal_text


class Days:
    """Deals written by hand and committed on a day, at nine in the morning: `on("2026-01-03", A="demo")`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, day, created="2026-01-01", more="", owner="ana-ruiz", amount="1000.00", **deals):
        for name, where in deals.items():
            stage, _, status = where.partition(" ")
            text = deal_text(
                f"OPP-{name * 5}", created=f"{created}T09:00:00+01:00", title=f"OPP-{name * 5}",
                stage=stage, status=status or None, owner=owner, amount=amount,
            )  # fmt: skip
            if status:
                end = {"won": f"amount: {amount}", "lost": "reason: price", "closed": "reason: no-response"}
                text += f"closed:\n  date: {day}\n  {end[status]}\n"
            file = self.root / "opportunities" / "2026" / f"OPP-{name * 5}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + more)
        self.git("add", "opportunities")
        self.git("commit", "-qm", f"on {day}", day=day)

    def git(self, *arguments, day="2026-01-01"):
        stamp = {"GIT_COMMITTER_DATE": f"{day}T09:00:00+01:00"}
        subprocess.run(["git", *arguments], cwd=self.root, env=os.environ | stamp, check=True)


@pytest.fixture
def on(root):
    return Days(root)


@pytest.fixture
def report(cli):
    def call(*arguments):
        return json.loads(cli("report", "velocity", *arguments, "--format", "json").out)

    return call


@pytest.fixture(scope="module")
def made_january(founded, tmp_path_factory):
    """A is won after 20 days; B goes back and is lost; C was there before; D, imported, says its stages."""
    root = tmp_path_factory.mktemp("january") / "contoso"
    copied(founded, root)
    on = Days(root)
    on.git("commit", "-q", "--amend", "--no-edit", "--reset-author")
    on("2026-01-01", A="qualify", B="qualify")
    on("2026-01-03", A="demo")
    on("2026-01-05", B="demo")
    on("2026-01-09", B="qualify")
    on("2026-01-10", A="propose")
    on("2026-01-15", created="2025-06-01", owner="luis", C="demo")
    on("2026-01-21", A="propose won")
    facts = "custom:\n  stage_entered: {qualify: 2026-01-02, demo: 2026-01-12, launch: 2026-01-13}\n"
    on("2026-01-25", created="2026-01-02", more=facts, amount="3000.00", D="demo won")
    on("2026-01-31", B="qualify lost")
    return root


@pytest.fixture
def january(made_january, root, monkeypatch):
    monkeypatch.setenv("PIPECLI_TODAY", "2026-02-10T09:00")
    shutil.rmtree(root)
    copied(made_january, root)


def stages(made):
    return {row["key"]: row for row in made["rows"]}


def test_visits_to_each_stage_and_where_they_went(report, january):
    rows = stages(report())

    assert list(rows) == ["qualify", "demo", "propose", "negotiate", "commit"]
    counts = ("entered", "on", "back", "elsewhere", "won", "lost", "closed", "here")
    assert {key: [row[f"{name}_count"] for name in counts] for key, row in rows.items()} == {
        "qualify": [4, 3, 0, 0, 0, 1, 0, 0],
        "demo": [4, 1, 1, 0, 1, 0, 0, 1],
        "propose": [1, 0, 0, 0, 1, 0, 0, 0],
        "negotiate": [0] * 8,
        "commit": [0] * 8,
    }
    assert rows["qualify"]["on_share"] == 75.00
    assert rows["demo"]["on_share"] == 66.67
    assert rows["commit"]["on_share"] is None


def test_the_time_at_each_stage(report, january):
    rows = stages(report())
    names = ("measured_count", "median", "mean", "percentile_90")

    # qualify: A 2 days, B 4 and 22, and D from its midnight, as an import said it, 10
    assert [rows["qualify"][f"days_{name}"] for name in names] == [4, 7.00, 9.50, 22.00]
    # demo: A 7, B 4, D from the 12th to its commit on the 25th at nine; C since nobody knows when, still
    assert [rows["demo"][f"days_{name}"] for name in names] == [3, 7.00, 8.13, 13.38]
    assert rows["demo"]["unknown_count"] == 0


def test_the_time_before_the_first_commit_is_unknown(report, january, on):
    on("2026-02-01", created="2025-06-01", owner="luis", C="propose")

    demo = stages(report())["demo"]

    assert (demo["days_measured_count"], demo["unknown_count"], demo["on_count"]) == (3, 1, 2)


def test_the_sales_velocity_is_what_its_formula_says(report, january):
    totals = report()["totals"]

    names = (
        "open_count",
        "won_count",
        "lost_count",
        "win_rate",
        "average_value",
        "cycle_won_mean",
        "velocity",
    )
    assert [totals[name] for name in names] == [1, 2, 1, 66.67, 2000.00, 21.50, 62.02]  # 1 × ⅔ × 2000 ÷ 21.5
    assert totals["cycle_won_median"] == totals["cycle_won_median_days"] == 21.50
    assert totals["cycle_lost_mean"] == 30.00


def test_by_owner_each_group_has_its_stages(report, january):
    rows = stages(report("--by", "owner"))

    assert rows["luis"]["open_count"] == 1
    assert rows["luis"]["velocity"] is None
    assert [(each["key"], each["here_count"]) for each in rows["luis"]["stages"]][1] == ("demo", 1)
    assert rows["ana-ruiz"]["won_count"] == 2


def test_by_month_open_is_at_its_end(report, january):
    made = report("--by", "month")

    assert [(row["key"], row["open_count"], row["won_count"]) for row in made["rows"]] == [("2026-01", 1, 2)]
    assert "stages" not in made["rows"][0]


def test_each_month_has_the_deals_that_ended_in_it(report, january, on):
    on("2026-02-03", C="demo won")

    counts = {row["key"]: (row["won_count"], row["lost_count"]) for row in report("--by", "month")["rows"]}

    assert counts == {"2026-01": (2, 1), "2026-02": (1, 0)}


@pytest.mark.parametrize("by", ["team", "process", "type", "source", "quarter"])
def test_every_grouping(report, january, by):
    assert sum(row["won_count"] for row in report("--by", by)["rows"]) == 2


def test_the_deals_are_those_that_were_open_in_the_period_or_ended_in_it(report, january):
    assert report("--from", "2026-02")["deal_count"] == 1
    assert report("--to", "2025")["deal_count"] == 1
    assert report("--from", "2026-01-31", "--to", "2026-01-31")["deal_count"] == 2
    before = report("--to", "2026-01-22")["totals"]
    assert (before["won_count"], before["open_count"]) == (1, 3)


def test_of_one_owner(report, january):
    assert report("--owner", "ana-ruiz")["deal_count"] == 3


def test_as_of_a_day_it_is_what_was_known_then(report, january, monkeypatch):
    monkeypatch.delenv("PIPECLI_TODAY")
    made = report("--as-of", "2026-01-12")

    assert made["today"] == "2026-01-12"
    assert [row["here_count"] for row in made["rows"]] == [1, 0, 1, 0, 0]
    assert made["totals"]["won_count"] == 0


def test_a_deal_won_with_a_date_before_the_commit_is_dated_by_it(report, on):
    on("2026-01-01", A="qualify")
    on("2026-01-11", A="qualify won")
    assert stages(report())["qualify"]["days_mean"] == 10.00


def test_a_deal_won_for_an_unknown_amount_is_not_in_the_average(report, on):
    on("2026-01-05", A="propose won", B="propose won", C="propose won")
    file = on.root / "opportunities" / "2026" / "OPP-CCCCC.yaml"
    text = file.read_text().replace("\namount: 1000.00", "")
    file.write_text(text.replace("  amount: 1000.00", "  amount: unknown"))

    totals = report()["totals"]
    assert (totals["won_count"], totals["average_value"]) == (3, 1000)


def test_what_is_not_committed_is_as_of_now(cli, report, on, monkeypatch):
    on("2026-01-01", A="qualify")
    monkeypatch.setenv("PIPECLI_TODAY", "2026-01-05T09:00")
    cli("opp", "advance", "OPP-AAAAA", "--no-commit")

    rows = stages(report())

    assert (rows["qualify"]["on_count"], rows["qualify"]["days_mean"]) == (1, 4.00)
    assert rows["demo"]["here_count"] == 1


def test_facts_that_say_nothing_are_not_used_and_counted(cli, january, report):
    assert (
        "1 entry of custom.stage_entered isn't a time at a stage of the deal's process"
        in cli("report", "velocity").err
    )


@pytest.mark.parametrize("facts", ["5", "[a, b]", "{qualify: soon}", '"stage_entered"', "{qualify: {a: 1}}"])
def test_facts_of_no_known_shape_do_no_harm(report, on, facts):
    on("2026-01-01", more=f"custom:\n  stage_entered: {facts}\n", A="qualify")

    assert report()["deal_count"] == 1


def test_a_deal_that_ended_before_it_was_created_is_in_no_cycle(cli, report, on):
    on("2026-01-03", created="2099-01-01", A="demo won")

    assert report()["totals"]["backwards_count"] == 1
    assert report()["totals"]["velocity"] is None
    assert "1 deal ended before being created: in no cycle" in cli("report", "velocity").out


def test_a_deal_of_another_currency_needs_a_rate(refused, on, root):
    on("2026-01-01", A="qualify")
    on("2026-01-03", A="demo won")
    file = root / "opportunities/2026/OPP-AAAAA.yaml"
    file.write_text(file.read_text().replace("EUR", "USD"))

    assert "OPP-AAAAA" in refused("report", "velocity")


def test_a_shallow_clone_is_said(cli, january, root, tmp_path):
    subprocess.run(["git", "clone", "-q", "--depth", "3", f"file://{root}", tmp_path / "clone"], check=True)

    said = cli("-C", str(tmp_path / "clone"), "report", "velocity")

    assert "warning: this clone is shallow: stages before 2026-01-21 are not known" in said.err


def test_as_of_a_revision_beside_the_line_it_is_that_of_a_checkout(cli, january, on, git):
    git("switch", "-qc", "side", "HEAD~2")
    on("2026-02-05", A="commit")
    git("switch", "-q", "main")
    for name in ("velocity", "funnel", "stale"):
        asked = ("--today", "2026-02-05T09:00", "report", name, "--format", "json")
        past = cli(*asked, "--as-of", "side").out
        git("switch", "-q", "side")
        there = cli(*asked).out
        git("switch", "-q", "main")
        assert past == there != cli(*asked).out


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "tsv", "json", "jsonl", "ids"])
def test_every_format(cli, january, form):
    assert cli("report", "velocity", "--format", form).out
    assert cli("report", "velocity", "--by", "owner", "--format", form).out


def test_of_nothing(cli):
    assert "no deals" in cli("report", "velocity").out
    assert "no deals" in cli("report", "velocity", "--by", "month").out


def test_eighty_columns_hold_wide_names(cli, january, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    cli("user", "set", "ana-ruiz", "name=" + "王" * 40)
    cli("settings", "set", "processes.standard.stages.1.name=" + "Qualification " * 5)

    for arguments in ((), ("--by", "owner")):
        said = cli("report", "velocity", *arguments)
        assert all(len(line) + line.count("王") <= 80 for line in said.out.splitlines())


@pytest.mark.skipif(not MAVEN.exists(), reason="the Maven data is not here")
def test_of_the_maven_data_it_agrees_with_the_csv(cli, maven):
    made = json.loads(cli("-C", str(maven), "report", "velocity", "--format", "json").out)
    with (MAVEN / "sales_pipeline.csv").open(encoding="utf-8") as file:
        won = [row for row in csv.DictReader(file) if row["deal_stage"] == "Won"]
    cycles = [(_day(row["close_date"]) - _day(row["engage_date"])).days for row in won]

    totals = made["totals"]
    assert totals["win_rate"] == 63.15
    assert totals["cycle_won_mean"] == round(sum(cycles) / len(cycles), 2)
    assert totals["average_value"] == round(sum(float(row["close_value"]) for row in won) / len(won), 2)
    assert sum(row["unknown_count"] for row in made["rows"]) == 6711


def _day(text):
    return datetime.strptime(text, "%d-%m-%y")
