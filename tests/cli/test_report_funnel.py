"""Stories of `report funnel`: what became of the leads and the opportunities of some days."""

from __future__ import annotations

import json

import pytest

from tests.records_given import activity_text, deal_text, lead_text

ENDS = {
    "open": "",
    "won": "closed:\n  date: 2026-02-20\n  amount: 900.00\n",
    "lost": "closed:\n  date: 2026-02-20\n  reason: price\n",
    "closed": "closed:\n  date: 2026-02-20\n  reason: no-response\n",
}
CALL = "activities:\n" + activity_text(at="2026-02-01", type_="call", subject="They call", direction="in")
YES = 'qualification:\n  need: "yes"\n  budget: "yes"\n  timeframe: "yes"\n'
SETTLED = {
    "converted": "converted:\n  date: 2026-02-02\n  customer: x\n",
    "disqualified": "disqualified:\n  date: 2026-02-02\n  reason: no-need\n",
}


def lead(key, status="new", more="", created="2026-01-10", owner="ana-ruiz", source="website"):
    text = lead_text(
        f"LEAD-{key}", created=f"{created}T09:00:00+01:00", status=status, organization=key, owner=owner,
        source=source,
    )  # fmt: skip
    return {f"leads/2026/LEAD-{key}.yaml": text + SETTLED.get(status, "") + more}


def deal(
    key, stage="qualify", status="open", lead="", created="2026-01-15", owner="ana-ruiz", source="website"
):
    text = deal_text(
        f"OPP-{key}", ENDS[status], created=f"{created}T09:00:00+01:00", title=key,
        lead=f"LEAD-{lead}" if lead else None, stage=stage, status=status, owner=owner, source=source,
        amount="1000.00",
    )  # fmt: skip
    return {f"opportunities/2026/OPP-{key}.yaml": text}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setenv("PIPECLI_TODAY", "2026-03-01")


@pytest.fixture
def report(cli):
    def call(*arguments):
        return json.loads(cli("report", "funnel", *arguments, "--format", "json").out)

    return call


@pytest.fixture
def winter(given):
    """Six leads, and one of March; four deals, two of them from leads; one that got to propose is lost."""
    deals = (
        deal("AAAAA", "demo", "won", lead="EEEEE"),
        deal("BBBBB", "demo", lead="FFFFF", owner="luis"),
        deal("CCCCC", "propose", source="referral"),
        deal("DDDDD", "demo", "closed"),
    )
    given(
        lead("AAAAA")
        | lead("BBBBB", "disqualified", more=CALL)
        | lead("CCCCC", "replied", source="referral")
        | lead("DDDDD", "disqualified", more=YES)
        | lead("EEEEE", "converted")
        | lead("FFFFF", "open")
        | lead("GGGGG", created="2026-03-01")
        | {path: text for each in deals for path, text in each.items()}
    )
    given(deal("CCCCC", "qualify", "lost", source="referral"))  # it went back before it was lost


def counts(made, half):
    return {row["key"]: row["count"] for row in made["rows"] if row["half"] == half}


def test_who_got_further_counts_at_every_step_before(report, winter):
    made = report("--to", "2026-02")

    # replied: B by a call, C, and D, E, F who got further; F has an opportunity, though its status is open
    assert counts(made, "leads") == {"leads": 6, "replied": 5, "qualified": 3, "converted": 2, "won": 1}
    assert [row["won_amount"] for row in made["rows"] if row["key"] == "won"] == [900.00, 900.00]


def test_opportunities_stage_to_stage_as_history_tells(report, winter):
    made = report()

    assert counts(made, "opportunities") == {
        "opportunities": 4, "from leads": 2,
        "qualify": 4, "demo": 4, "propose": 2, "negotiate": 1, "commit": 1,
        "won": 1, "lost": 1, "closed": 1, "open": 1,
    }  # fmt: skip
    assert made["totals"]["win_rate"] == 50.00


def test_percentages_say_what_they_are_of(report, cli, winter):
    made = report("--to", "2026-02")

    rows = {(row["half"], row["key"]): (row["share"], row["share_before"]) for row in made["rows"]}
    assert rows["leads", "leads"] == (100.00, None)
    assert rows["leads", "converted"] == (33.33, 66.67)
    assert rows["opportunities", "propose"] == (50.00, 50.00)
    assert rows["opportunities", "won"] == (25.00, None)
    assert made["bases"]["share_before"] == "the step before"
    said = cli("report", "funnel").out
    assert "OF ALL: of the leads, or the opportunities; of a stage those of its process" in said
    assert "win rate: 50.00 % of the 2 won and lost" in said


def test_without_stages_history_is_not_asked(report, cli, winter, root):
    assert "qualify" not in counts(report("--no-stages"), "opportunities")
    assert not list(root.glob(".git/pipecli/**/history.sqlite"))


@pytest.mark.parametrize(
    ("by", "leads", "deals"),
    [
        ("source", {"website": 6, "referral": 1}, {"website": 3, "referral": 1}),
        ("owner", {"ana-ruiz": 7, "luis": 0}, {"ana-ruiz": 3, "luis": 1}),
        ("month", {"2026-01": 6, "2026-03": 1}, {"2026-01": 4, "2026-03": 0}),
        ("quarter", {"2026-Q1": 7}, {"2026-Q1": 4}),
        ("team", {None: 7}, {None: 4}),
        ("campaign", {None: 7}, {None: 4}),
    ],
)
def test_every_grouping_by_the_day_of_creation(report, winter, by, leads, deals):
    made = report("--by", by)

    assert {row["key"]: row["lead_count"] for row in made["rows"]} == leads
    assert {row["key"]: row["opportunity_count"] for row in made["rows"]} == deals
    assert made["cohort"] == "created"


def test_owners_with_more_come_first(given, report):
    given(lead("AAAAA", owner="luis") | lead("BBBBB", owner="luis") | lead("CCCCC", owner="ana-ruiz"))
    assert [row["key"] for row in report("--by", "owner")["rows"]] == ["luis", "ana-ruiz"]


def test_the_lead_half_has_the_sales_whosever_they_are(cli, report, winter):
    cli("user", "add", "luis", "--name", "Luis")
    totals = report("--owner", "luis", "--by", "source")["totals"]
    assert (totals["lead_count"], totals["opportunity_count"]) == (0, 1)

    rows = report("--owner", "ana-ruiz", "--by", "owner")["rows"]
    assert rows[0]["converted_count"] == 2


def test_without_leads_there_is_the_half_of_opportunities(cli, given, report):
    given(deal("AAAAA", "demo"))

    assert {row["half"] for row in report()["rows"]} == {"opportunities"}
    assert "LEADS" not in cli("report", "funnel", "--by", "owner").out


def test_as_of_a_revision_it_is_what_was_known_then(report, winter):
    assert counts(report("--as-of", "HEAD~1"), "opportunities")["lost"] == 0


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "tsv", "json", "jsonl", "ids"])
def test_every_format_even_of_nothing(cli, form, given):
    cli("report", "funnel", "--format", form)
    given(lead("AAAAA") | deal("AAAAA", "demo"))

    assert cli("report", "funnel", "--format", form).out
    assert cli("report", "funnel", "--by", "month", "--format", form).out


def test_of_nothing(cli):
    assert "nothing was created" in cli("report", "funnel").out


def test_in_csv_a_step_says_of_which_half_it_is(cli, winter):
    lines = cli("report", "funnel", "--format", "csv").out.splitlines()

    assert lines[0] == "half,process,key,count,share,share_before,won_amount,currency"
    assert "opportunities,standard,propose,2,50.00,50.00,,EUR" in lines


def test_three_hundred_owners_of_wide_names_in_eighty_columns(cli, given, monkeypatch, root):
    settings = (root / "pipecli.yaml").read_text()
    users = "".join(f"  user-{n}:\n    name: {'王' * 30}{n}\n" for n in range(300))
    deals = [deal(f"{n:05}", owner=f"user-{n}") for n in range(300)]
    given(
        {"pipecli.yaml": settings.replace("users: # salespeople", f"users:\n{users}  # salespeople")}
        | {path: text for each in deals for path, text in each.items()}
        | deal("ZZZZZ", created="2099-01-01")
        | lead("AAAAA")
    )
    monkeypatch.setenv("COLUMNS", "80")

    said = cli("report", "funnel", "--by", "owner").out
    assert "OF ALL" not in said

    assert len(said.splitlines()) > 300
    assert all(len(line) + line.count("王") <= 80 for line in said.splitlines())


def test_a_currency_without_a_rate_is_an_error_that_names_the_deal(refused, given, report):
    won = deal("AAAAA", status="won", lead="EEEEE")
    won = {path: text.replace("-15T09:00:00+01:00", "-15T23:30:00+00:00") for path, text in won.items()}
    unknown = {path: text.replace("amount: 900.00", "amount: unknown") for path, text in won.items()}
    given(lead("EEEEE", "converted") | unknown)
    made = report("--from", "2026-01-16")  # in Madrid
    assert counts(made, "opportunities")["won"] == 1  # for nobody knows how much
    assert counts(report(), "leads")["won"] == 1
    given({path: text.replace("EUR", "USD") for path, text in won.items()})

    assert "OPP-AAAAA" in refused("report", "funnel", "--no-stages")
