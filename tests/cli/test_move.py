"""Moving in: the whole export of another CRM planned, brought in as one commit, and reconciled."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from pipecli.cli.main import run
from tests.conftest import MAVEN, Cli
from tests.importing import Git, deals, state, write

pytestmark = pytest.mark.usefixtures("at_a_desk")

SALESFORCE = {
    "User.csv": "Id,Name,Email\n005A,Nora Field,nora@field.example\n",
    "Account.csv": "Id,Name,OwnerId\n001A,Hotel Aurora,005A\n",
    "Contact.csv": "Id,AccountId,FirstName,LastName,Email\n003A,001A,Mia,Berg,mia@aurora.example\n",
    "Opportunity.csv": (
        "Id,AccountId,OwnerId,Name,StageName,Amount,CloseDate,IsClosed,IsWon,CreatedDate,Region__c,SystemModstamp\n"
        "006A,001A,005A,Boiler room,Closed Won,1000.50,2026-02-01,true,true,2026-01-05T10:00:00Z,North,x\n"
        "006B,001A,005A,Second,Proposal/Price Quote,2500,2026-12-01,false,false,2026-01-06T10:00:00Z,,x\n"
        "006C,001A,005A,Third,Prospecting,10,2026-12-01,false,false,2026-01-06T10:00:00Z,,x\n"
        "006D,001A,005A,Fourth,Closed Lost,77,2026-03-01,true,false,2026-01-06T10:00:00Z,,x\n"
    ),
    "Task.csv": (
        "Id,WhatId,OwnerId,Subject,ActivityDate,Status,Description\n"
        "00TA,006B,005A,Call: prices,2026-01-09,Completed,They agreed\n"
    ),
}


def packed(name: str, files: Mapping[str, str]) -> str:
    """A zip of an export beside the pipeline."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    Path(name).write_bytes(out.getvalue())
    return name


def planned(cli: Cli, *arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(cli("import", "plan", *arguments, "--format", "json").out)
    return told


def test_a_whole_export_comes_in_by_two_commands_and_as_one_commit(cli: Cli, root: Path, git: Git) -> None:
    export = packed("export.zip", SALESFORCE)
    before = state(git)
    plan = cli("import", "plan", export, "--into", "moves/salesforce").out
    assert "4 rows of Opportunity.csv (salesforce/opportunities.yaml), 11 of 12 columns" in plan
    assert "columns that stay out, Opportunity.csv: SystemModstamp" in plan
    assert state(git) == before  # no record is touched

    report = cli("import", "run", "moves/salesforce").out
    assert "Closed Won: 1 row 1,000.50 EUR | 1 row 1,000.50 EUR" in report
    assert "they agree" in report
    assert git("log", "-1", "--format=%s") == (
        "Move in from salesforce: 1 user, 1 customer, 1 contact, 4 opportunities, 1 activity"
    )
    assert (
        git("rev-list", "--count", f"{before[0]}..HEAD" if isinstance(before, tuple) else "HEAD~1..HEAD")
        == "1"
    )
    by_id = deals(root)
    won, lost, offered = by_id["006A"], by_id["006D"], by_id["006B"]
    assert won["closed"] == {"date": "2026-02-01", "amount": 1000.50, "stage": "unknown"}
    assert (lost["status"], lost["stage"], lost["closed"]["reasons"]) == ("lost", "prospecting", ["unknown"])  # type: ignore[index]
    assert (offered["stage"], offered["expected_close"], offered["owner"]) == (
        "proposal-price-quote", "2026-12-01", "nora-field",
    )  # fmt: skip
    assert offered["activities"][0]["subject"] == "Call: prices"  # type: ignore[index]
    assert won["custom"] == {"region_c": "North"}
    cli("check")

    after = state(git)
    assert "nothing to change" in cli("import", "run", "moves/salesforce").out
    assert state(git) == after


def test_a_plan_finds_its_export_from_anywhere_and_elsewhere_it_is_named(
    cli: Cli, root: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("old/moves").mkdir(parents=True)
    packed("old/export.zip", SALESFORCE)
    monkeypatch.chdir("old")
    cli("import", "plan", "export.zip", "--into", "moves/m")
    assert "source: ../../export.zip\n" in Path("moves/m/plan.yaml").read_text()
    monkeypatch.chdir("moves")
    assert "they agree" in cli("import", "run", "m", "--dry-run").out
    monkeypatch.chdir(root)
    assert "they agree" in cli("import", "run", "../desk/old/moves/m", "--dry-run").out
    monkeypatch.chdir("../desk")
    shutil.move("old/moves", "elsewhere")
    gone = refused("import", "run", "elsewhere/m")
    assert "export.zip does not exist; name the export: pipecli import run elsewhere/m EXPORT" in gone
    assert "they agree" in cli("import", "run", "elsewhere/m", "old/export.zip").out


def test_a_plan_that_came_with_a_clone_reads_nothing_outside_until_a_person_names_it(
    cli: Cli, root: Path, refused: Callable[..., str], git: Git
) -> None:
    packed("export.zip", SALESFORCE)
    cli("import", "plan", "export.zip", "--into", str(root / "m"))
    (noted,) = (root / ".git/pipecli").glob("root/sources-of-plans.json")
    noted.unlink()  # as in another clone
    before, plan = state(git), root / "m/plan.yaml"
    named = plan.read_text()
    for source in ("../../desk/export.zip", str(Path.cwd() / "export.zip"), "../.git", "out"):
        plan.write_text(named.replace("../../desk/export.zip", source))
        if source == "out":
            (root / "m/out").symlink_to(Path.cwd())
        said = refused("import", "run", str(root / "m"))
        assert "plan.yaml names an export outside that nobody has named in this clone: " in said
        assert "if that is to be read: pipecli import run " in said
    with zipfile.ZipFile("hostile.zip", "w") as archive:
        archive.writestr("plan.yaml", named.replace("../../desk/", f"{Path.cwd()}/"))
    assert "names an export outside" in refused("import", "run", "hostile.zip")
    with zipfile.ZipFile("hostile.zip", "w") as archive:
        archive.writestr("a\x1b[2J.csv", "Name\nAna\n")
    said = refused("import", "plan", "hostile.zip", "--into", str(root / "n"))
    assert said == r"error: 'a\x1b[2J.csv': a file can't be called that in a plan; rename it"
    Path("folder/of").mkdir(parents=True)
    Path("folder/a.csv").write_text("Name,Email\nAna,ana@contoso.example\n")
    for name, target in (("b.csv", "a.csv"), ("old", "of"), ("no.txt~", "a.csv")):
        Path("folder", name).symlink_to(target)
    said = cli("import", "plan", "folder", "--into", str(root / "n")).err
    assert said == "warning: links aren't followed, and stay out: b.csv, old\n"
    shutil.rmtree(root / "n")
    assert state(git) == before
    plan.write_text(named)
    cli(
        "import", "run", str(root / "m"), "export.zip", "--dry-run"
    )  # once is enough, for a server's cron too
    assert "they agree" in cli("import", "run", str(root / "m")).out


def test_tomorrows_export_is_the_delta_and_work_done_here_stays(cli: Cli, root: Path) -> None:
    open_ = SALESFORCE["Opportunity.csv"].splitlines(keepends=True)
    first = SALESFORCE | {"Opportunity.csv": open_[0] + open_[2] + open_[3]}  # nothing is closed yet
    cli("import", "plan", packed("export.zip", first), "--into", "moves/m")
    cli("import", "run", "moves/m")
    offered = str(deals(root)["006B"]["id"])
    cli("opp", "set", offered, "amount=2600")
    more = SALESFORCE["Opportunity.csv"].replace(",10,2026-12-01", ",20,2026-12-01")
    more += "006E,001A,005A,Fifth,Prospecting,5,2026-12-24,false,false,2026-02-06T10:00:00.000+0000,,x\n"
    tomorrow = packed("tomorrow.zip", SALESFORCE | {"Opportunity.csv": more})
    report = cli("import", "run", "moves/m", tomorrow).out
    assert "5 rows of Opportunity.csv: 3 made, 1 updated, 1 unchanged" in report
    assert "1 changed here since" in report
    assert f"  {offered} amount: 2,500.00 EUR in the file, 2,600 EUR here" in report
    assert "they agree but for what was changed here" in report
    by_id = deals(root)
    assert [by_id[key]["amount"] for key in ("006B", "006C", "006E")] == [2600, 20, 5]

    # A deal that people advanced isn't in the file's stage, nor is one whose new stage the mapping lacks.
    cli("opp", "advance", str(by_id["006C"]["id"]))
    legal = packed(
        "later.zip", SALESFORCE | {"Opportunity.csv": more.replace("Fifth,Prospecting", "Fifth,Legal")}
    )
    result = cli("import", "run", "moves/m", legal, code=1)
    assert "  Prospecting: 1 row 20.00 EUR | 0 rows 0.00 EUR: 1 changed here since" in result.out
    advanced = f"{by_id['006C']['id']} stage: open prospecting in the file, open qualification here"
    assert f"  {advanced}\n" in result.out  # and so is what a hand falsified, without a word of who did it
    assert "  Legal: 1 row 5.00 EUR | 0 rows 0.00 EUR: 1 differs (006E)" in result.out

    # What the next one doesn't have is named, and stays; what both sides changed, too.
    fewer = SALESFORCE["Opportunity.csv"].replace("2500,2026-12-01", "2700,2026-12-01")
    report = cli("import", "run", "moves/m", packed("fewer.zip", SALESFORCE | {"Opportunity.csv": fewer})).out
    fifth = deals(root)["006E"]["id"]
    assert f"not in this export, and left as it is: 1 deal of an earlier one: {fifth} Fifth\n" in report
    assert "1 kept as they are here, where the file changed them too: amount of 006B\n" in report
    cells = [row.split(",") for row in fewer.splitlines()]
    turned = "\n".join(",".join([*row[3:11], *row[:3], *row[11:]]) for row in cells)  # the id isn't the first
    report = cli(
        "import", "run", "moves/m", packed("turned.zip", SALESFORCE | {"Opportunity.csv": turned})
    ).out
    assert "1 kept as they are here, where the file changed them too: amount of 006B\n" in report
    rest = SALESFORCE | {"Opportunity.csv": "".join(fewer.splitlines(keepends=True)[:2])}
    assert "not in this export" not in cli("import", "run", "moves/m", packed("one.zip", rest)).out


def test_whatever_was_changed_here_is_listed_beside_what_the_file_has(cli: Cli, root: Path, git: Git) -> None:
    Path("d.csv").write_text(
        "ID,Deal,Company,Amount,Owner,Tags,Won date,Lost date\n"
        "1,Roof,Boreas,100,Ana Ruiz,x,,\n2,Door,Boreas,200,Ana Ruiz,x,2026-02-03,\n3,Wall,Boreas,300,,,,\n"
    )
    planned(cli, "d.csv", "--into", "m")
    cli("import", "run", "m")
    ids = {key: str(deal["id"]) for key, deal in deals(root).items()}
    cli("opp", "set", ids["1"], "title=Roof of the inn", "tags=x,vip", "amount=150")
    cli("opp", "set", ids["2"], "owner=")
    before = state(git)
    report = cli("import", "run", "m").out
    assert (
        "they agree but for what was changed here\n"
        f"  {ids['1']} amount: 100.00 EUR in the file, 150 EUR here\n"
        f"  {ids['1']} title: Roof in the file, Roof of the inn here\n"
        f"  {ids['1']} tags: x in the file, x, vip here\n"
        f"  {ids['2']} owner: ana-ruiz in the file, nothing here\n"
        "nothing to change, it is so already\n"
    ) in report
    assert state(git) == before
    told = json.loads(cli("import", "run", "m", "--format", "json").out)
    assert [one["field"] for one in told["changed_here"]] == ["amount", "title", "tags", "owner"]


def test_a_word_that_is_new_tonight_is_named_with_its_line_and_the_way_to_have_it(
    cli: Cli, root: Path
) -> None:
    head = "Deal ID,Deal Name,Stage,Amount,Close Date,Owner,Lost Reason,Pipeline\n"
    rows = (
        "1,Roof,Start,1,2026-12-01,U77,,Main\n2,Door,Signed,1,2026-02-01,Nora,,Main\n"
        "3,Wall,Gone,1,2026-02-01,Nora,Price,Other\n4,Gate,Talks,1,2026-12-01,Nora,,Other\n"
    )
    Path("deals.csv").write_text(head + rows)
    planned(cli, "deals.csv", "--into", "m")
    page = Path("m/plan.yaml")
    text = page.read_text().replace("answer:\n", "answer: {won: [Signed], lost: [Gone]}\n", 1)
    page.write_text(text.replace("answer:\n", "answer: nobody\n", 1))
    cli("import", "run", "m")

    more = (
        "5,A,Legal,1,2026-12-01,Nora,,Main\n6,B,Start,1,2026-12-01,Kim Lee,,Main\n"
        "7,C,Gone,1,2026-02-01,Nora,Too slow,Main\n8,D,Talks,1,2026-12-01,Nora,,Third\n"
        "9,E,Start,5,2026-12-01,Nora,,Main\n10,F,Legal,1,2026-12-01,Nora,,Main\n"
    )
    Path("tonight.csv").write_text(head + rows + more)
    result = cli("import", "run", "m", "tonight.csv", code=1)
    assert deals(root).keys() == {"1", "2", "3", "4", "9"}  # the others needn't wait
    assert result.err == (
        "error: 5 rows rejected, 5 deals not as in the file; new since the plan: "
        'Stage "Legal" (tonight.csv:6), user "Kim Lee" (tonight.csv:7), '
        'reason for losing "Too slow" (tonight.csv:8), process "Third" (tonight.csv:9); '
        "have them planned: pipecli import plan tonight.csv --into m --force, and run again; "
        "the rejected ones are in tonight.csv.rejects.csv\n"
    )
    # What was answered stays so; a stage that came since is no open one in silence.
    (question,) = planned(cli, "tonight.csv", "--into", "m", "--force")["questions"]
    asked = "tonight.csv: Legal came since you answered {won: [Signed], lost: [Gone]}. Which of them mean won"
    assert question["question"].startswith(asked)
    assert asked in cli("import", "run", "m", code=1).err
    page.write_text(page.read_text().replace("answer:\n", "answer: {won: [Signed, Legal], lost: [Gone]}\n"))
    assert "they agree" in cli("import", "run", "m").out
    settled = "{won: [Signed, Legal], lost: [Gone], open: [Start, Talks]}"
    assert f"answers: {{outcomes: {settled}, owners: nobody}}" in page.read_text()
    assert [deals(root)[key]["status"] for key in ("2", "3", "5", "7")] == ["won", "lost", "won", "lost"]
    assert planned(cli, "tonight.csv", "--into", "m", "--force")["questions"] == []

    # An answer that no longer fits is asked for anew.
    Path("other.csv").write_text(head + rows.replace("Signed", "Done").replace("Gone", "Dead"))
    assert [q["about"] for q in planned(cli, "other.csv", "--into", "m", "--force")["questions"]] == [
        "outcomes"
    ]


def test_a_stage_beside_a_status_and_what_is_no_currency_are_new_words_too(cli: Cli, root: Path) -> None:
    head = (
        "Deal - ID,Deal - Title,Deal - Organization,Deal - Stage,Deal - Status,Deal - Value,Deal - Currency\n"
    )
    Path("deals.csv").write_text(f"{head}1,Roof,ACME,Demo,Open,10,EUR\n")
    planned(cli, "deals.csv", "--into", "m")
    cli("import", "run", "m")
    Path("deals.csv").write_text(f"{head}2,Door,ACME,Legal,Open,5,EUR\n3,Wall,ACME,Demo,Open,6,Peso\n")
    told = cli("import", "run", "m", code=1).err
    assert 'new since the plan: stage "Legal" (deals.csv:2), currency "Peso" (deals.csv:3);' in told


def test_the_order_of_rows_that_are_alike_in_a_report_changes_no_deal(cli: Cli, root: Path, git: Git) -> None:
    header = "Opportunity Name,Account Name,Stage,Amount,Close Date,Created Date\n"
    row = "{},Aurora,Prospecting,{},12/31/2026,1/25/2026\n"
    others = header + "".join(row.format(f"Deal {number}", number) for number in range(9))
    one, two, three = (row.format("Roof", amount) for amount in (100, 200, 300))

    def report(*twins: str) -> str:
        Path("report1.csv").write_text(others + "".join(twins))
        return cli("import", "run", "m").out

    Path("report1.csv").write_text(others + one + two)
    cli("import", "plan", "report1.csv", "--into", "m")
    report(one, two)
    before = state(git)
    report(two, one)
    assert state(git) == before
    first = deals(root)["Roof | Aurora | 1/25/2026 | 1"]
    assert first["amount"] == 100
    cli("opp", "set", str(first["id"]), "amount=110")
    told = report(two)  # the first is gone, and the second is still the second
    assert f"1 deal of an earlier one: {first['id']} Roof" in told
    assert deals(root)["Roof | Aurora | 1/25/2026 | 2"]["amount"] == 200
    report(three, two.replace("200", "250"), one)
    amounts = [deals(root)[f"Roof | Aurora | 1/25/2026 | {place}"]["amount"] for place in (1, 2, 3)]
    assert amounts[0] == 110 and sorted(amounts[1:]) == [250, 300]


def test_a_deal_that_was_reopened_and_a_customer_that_was_merged_into_ours_stay_so(
    cli: Cli, root: Path, git: Git
) -> None:
    export = packed("export.zip", SALESFORCE)
    cli("import", "plan", export, "--into", "moves/m")
    cli("import", "run", "moves/m")
    lost = str(deals(root)["006D"]["id"])
    cli("opp", "reopen", lost)
    cli("customer", "add", "Aurora Hotels")
    cli("customer", "merge", "hotel-aurora", "aurora-hotels")
    for keep in ("local", "file", "conflict"):
        cli("import", "run", "moves/m", "--keep", keep)
    assert git("log", "-1", "--format=%s").startswith("aurora-hotels: merge")  # nights bring nothing
    assert "name: Aurora Hotels" in (root / "customers/aurora-hotels.yaml").read_text()

    # The file is changed in how the deal ended, and people in its title.
    cli("opp", "set", lost, "title=Ours")
    later = SALESFORCE["Opportunity.csv"].replace("77,2026-03-01", "77,2026-03-05")
    tomorrow = packed("tomorrow.zip", SALESFORCE | {"Opportunity.csv": later})
    cli("import", "run", "moves/m", tomorrow, "--keep", "conflict", code=1)
    assert cli("import", "run", "moves/m", tomorrow).out.count("they agree") == 1
    assert deals(root)["006D"]["status"] == "open"
    cli("import", "run", "moves/m", tomorrow, "--keep", "file")
    deal = deals(root)["006D"]
    assert (deal["title"], deal["status"], deal["closed"]["date"]) == ("Ours", "lost", "2026-03-05")  # type: ignore[index]


def test_a_row_that_is_rejected_fails_the_reconciliation(cli: Cli, root: Path, git: Git) -> None:
    broken = SALESFORCE["Opportunity.csv"].replace("2026-02-01", "31st of May")
    told = cli(
        "import", "plan", packed("e.zip", SALESFORCE | {"Opportunity.csv": broken}), "--into", "moves/m"
    )
    assert "Opportunity.csv: 1 would be rejected, as: CloseDate: " in told.out
    result = cli("import", "run", "moves/m", "--dry-run", code=1)
    assert "Closed Won: 1 row 1,000.50 EUR | 0 rows 0.00 EUR: 1 differs (006A)" in result.out
    assert "1 row rejected, 1 deal not as in the file" in result.err
    assert not (root / "opportunities").exists()
    assert git("log", "-1", "--format=%s") == "Found the pipeline"


PAPERS = {
    "Quote.csv": (
        "Id,OpportunityId,QuoteNumber,Name,Status,TotalPrice,CreatedDate\n"
        "0Q1,006B,1,Offer,Presented,2500,2026-01-07T10:00:00Z\n"
        "0Q2,006C,2,Offer,Draft,10,2026-01-07T10:00:00Z\n"
        "0Q3,006C,3,Offer,Draft,99,2026-01-07T10:00:00Z\n"
    ),
    "QuoteLineItem.csv": (
        "Id,QuoteId,Quantity,UnitPrice,Discount,Description\n"
        "0L1,0Q1,2.0,1000,,Boiler\n0L2,0Q1,1,1000,50,Pump\n0L3,0Q3,3,33,,Hose\n"
    ),
    "OpportunityLineItem.csv": (
        "Id,OpportunityId,Quantity,UnitPrice,Discount,Description\n"
        "00k1,006B,2.0,1250,,Boiler\n00k2,006C,4,2.5,,Hose\n"
    ),
}


def test_quotations_and_lines_are_reconciled_as_deals_are(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("import", "plan", packed("export.zip", SALESFORCE | PAPERS), "--into", "moves/m")
    report = cli("import", "run", "moves/m", "--dry-run").out
    assert "  Presented: 1 row 2,500.00 EUR | 1 row 2,500.00 EUR" in report
    assert "  Draft: 2 rows 109.00 EUR | 2 rows 109.00 EUR" in report
    assert "  opportunities: 2 rows 2,510.00 EUR | 2 rows 2,510.00 EUR" in report
    assert "  quotations: 3 rows 2,599.00 EUR | 3 rows 2,599.00 EUR" in report
    assert report.count("they agree") == 4

    # A line that isn't in the export: the quotation's own sum tells it. One that can't be read is missing.
    shorter = PAPERS["QuoteLineItem.csv"].replace("0L2,0Q1,1,1000,50,Pump\n", "")
    broken = PAPERS["OpportunityLineItem.csv"].replace("4,2.5", "some,2.5")
    files = PAPERS | {"QuoteLineItem.csv": shorter, "OpportunityLineItem.csv": broken}
    result = cli("import", "run", "moves/m", packed("e.zip", SALESFORCE | files), code=1)
    assert (
        "  Presented: 1 row 2,500.00 EUR | 1 row 2,000.00 EUR: 1 differs (0Q1 2,500.00 | 2,000.00)"
        in result.out
    )
    assert "  opportunities: 2 rows 2,502.50 EUR | 1 row 2,500.00 EUR: 1 differs (OPP-" in result.out
    assert (
        "1 row rejected, 1 quotation not as in the file, lines of 1 record not as in the file" in result.err
    )

    # What people change here afterwards is no difference.
    offered = str(deals(root)["006B"]["id"])
    cli("opp", "set", offered, "items.1.quantity=3")
    monkeypatch.setenv("COLUMNS", "60")
    narrow = cli("import", "run", "moves/m", packed("e.zip", SALESFORCE | PAPERS)).out
    assert "  opportunities: 2 rows 2,510.00 EUR | 2 rows 3,760.00 EUR:\n  1 changed here since\n" in narrow
    monkeypatch.delenv("COLUMNS")
    again = cli("import", "run", "moves/m", packed("e.zip", SALESFORCE | PAPERS)).out
    assert "  opportunities: 2 rows 2,510.00 EUR | 2 rows 3,760.00 EUR: 1 changed here since" in again
    assert "  Presented: 1 row 2,500.00 EUR | 1 row 2,500.00 EUR\n" in again


def test_lines_that_a_later_export_lacks_stay_and_are_named(cli: Cli, root: Path) -> None:
    line = "00k3,006B,1,-50,,Loyalty credit\n"
    files = SALESFORCE | {"OpportunityLineItem.csv": PAPERS["OpportunityLineItem.csv"] + line}
    cli("import", "plan", packed("export.zip", files), "--into", "m")
    assert "not in this export" not in cli("import", "run", "m").out
    deal = deals(root)["006B"]["id"]
    files["OpportunityLineItem.csv"] = PAPERS["OpportunityLineItem.csv"]
    report = cli("import", "run", "m", packed("later.zip", files)).out
    left = f"not in this export, and left as it is: 1 line of an earlier one: {deal} Loyalty credit\n"
    assert left in report
    files["OpportunityLineItem.csv"] += line
    files["OpportunityLineItem.csv"] = files["OpportunityLineItem.csv"].replace(
        "00k1,006B,2.0,1250,,Boiler\n", ""
    )
    report = cli("import", "run", "m", packed("later.zip", files)).out
    assert left.replace("Loyalty credit", "Boiler") in report
    assert len(deals(root)["006B"]["items"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("own", ["see the offer", ["0L1"], {"0L1": {"amount": "ten", "line": "x"}}, {"a": 1}])
def test_a_field_of_ones_own_that_is_called_as_that_of_lines_below_zero_stays(
    cli: Cli, root: Path, own: object
) -> None:
    cli("import", "plan", packed("export.zip", SALESFORCE | PAPERS), "--into", "m")
    cli("import", "run", "m")
    (file,) = root.glob(f"opportunities/**/{deals(root)['006B']['id']}*.yaml")
    file.write_text(f"{file.read_text()}custom: {json.dumps({'discount_lines': own})}\n")
    cli("import", "run", "m")
    credit = PAPERS["OpportunityLineItem.csv"] + "00k3,006B,1,-50,,Loyalty credit\n"
    files = SALESFORCE | {"OpportunityLineItem.csv": credit}
    report = cli("import", "run", "m", packed("later.zip", files), code=1).out
    assert (
        "items: Loyalty credit of -50.00 would be a discount of the whole, and custom.discount_lines, "
        "where its words go, holds something else: rename that"
    ) in report
    assert deals(root)["006B"]["custom"] == {"discount_lines": own}


def test_a_deal_of_a_customer_that_was_rejected_says_why(cli: Cli, root: Path) -> None:
    cut = SALESFORCE["Account.csv"] + "001B,Bakery Lund,005A,one cell too many\n"
    more = SALESFORCE["Opportunity.csv"] + "006E,001B,005A,Oven,Prospecting,5,2026-12-24,false,false,,,x\n"
    export = packed("e.zip", SALESFORCE | {"Account.csv": cut, "Opportunity.csv": more})
    cli("import", "plan", export, "--into", "moves/m")
    report = cli("import", "run", "moves/m", "--dry-run", code=1).out
    assert 'its customer "001B" was rejected: it has 4 cells, the header 3' in report
    assert "4 made, 1 rejected" in report


HUBSPOT = {
    "hubspot-crm-exports-all-deals.csv": (
        "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date,Deal owner,Associated Company\n"
        "1,Roof,Appointment Scheduled,100,03/04/2026 10:00,01/02/2026 09:00,Ana Ruiz,Hotel Aurora\n"
        "2,Door,Closed Won,200,04/04/2026 10:00,02/02/2026 09:00,Ana Ruiz,Hotel Aurora\n"
        "3,Wall,Closed Lost,300,05/04/2026 10:00,02/02/2026 09:00,Ben Okafor,Bakery Lund\n"
    )
}


def test_what_an_export_leaves_open_is_asked_and_nothing_runs_before_it_is_answered(
    cli: Cli, root: Path
) -> None:
    told = planned(cli, packed("h.zip", HUBSPOT), "--into", "moves/hubspot")
    assert told["vendor"] == "hubspot"
    assert [question["about"] for question in told["questions"]] == ["dates"]
    ((file, table),) = HUBSPOT.items()
    year_first = table.replace("01/02/2026", "2026/01/02").replace("02/02/2026", "2026/02/02")
    (question,) = planned(cli, packed("y.zip", {file: year_first}), "--into", "moves/y")["questions"]
    assert question["about"] == "dates"  # a column with the year first doesn't tell
    lone = year_first + "4,Oven,Closed Won,400,25/04/2026,2026/02/02 09:00,Ana Ruiz,Bakery Lund\n"
    assert planned(cli, packed("l.zip", {file: lone}), "--into", "moves/l")["questions"] == []
    assert "they agree" in cli("import", "run", "moves/l", "--dry-run").out
    page = Path("moves/hubspot/plan.yaml")
    refused = cli("import", "run", "moves/hubspot", code=1).err
    assert "does the day or the month come first?" in refused
    assert "plan.yaml:" in refused

    page.write_text(page.read_text().replace("answer:", "answer: sideways"))
    assert "Write day or month after `answer:` in this" in cli("import", "run", "moves/hubspot", code=1).err
    page.write_text(page.read_text().replace("sideways", "day"))
    assert "they agree" in cli("import", "run", "moves/hubspot").out
    by_id = deals(root)
    assert by_id["1"]["expected_close"] == "2026-04-03"
    assert by_id["2"]["closed"]["date"] == "2026-04-04"  # type: ignore[index]
    assert by_id["3"]["owner"] == "ben-okafor"
    assert by_id["3"]["customer"] == "bakery-lund"


@pytest.mark.parametrize("word", ["US: Dollar", "dollar #1", '"q', "a\nb", "a\n  answer: JPY"])
def test_any_word_that_is_no_currency_can_be_answered(cli: Cli, root: Path, word: str) -> None:
    quoted = word.replace('"', '""')
    table = f'Deal ID,Deal Name,Stage,Amount,Currency\n1,Ovens,Open,5,"{quoted}"\n2,Mixers,Open,6,EUR\n'
    planned(cli, packed("h.zip", {"deals.csv": table}), "--into", "m")
    page = Path("m/plan.yaml")
    for answer, code in (("DOLLARS", 1), ("USD", 0)):
        text = page.read_text()
        page.write_text(text.replace("  answer:\n", f"  answer: {answer}\n"))
        said = cli("import", "run", "m", code=code).err
        assert code == 0 or said.startswith("error: m/plan.yaml:")
        page.write_text(page.read_text().replace("  answer: DOLLARS\n", "  answer:\n"))
    assert {deal["currency"] for deal in deals(root).values()} == {"USD", "EUR"}


def test_an_answer_writes_nothing_over_that_a_person_has_changed(cli: Cli, root: Path) -> None:
    planned(cli, packed("h.zip", HUBSPOT), "--into", "m")
    page, settings = Path("m/plan.yaml"), Path("m/settings.yaml")
    (mapping,) = {*Path("m").glob("*.yaml")} - {page, settings}
    planned_mapping, likelier = (
        mapping.read_text(),
        settings.read_text().replace("probability: 20", "probability: 15"),
    )
    settings.write_text(likelier)
    page.write_text(page.read_text().replace("answer:", "answer: day"))
    mapping.write_text(planned_mapping + "# by hand\n")

    said = cli("import", "run", "m", code=1).err
    assert said.startswith(f"error: {mapping} was changed, and the answers would write it anew; keep it")
    assert mapping.read_text().endswith("# by hand\n")

    mapping.write_text(planned_mapping)
    answered = page.read_text()
    assert "they agree" in cli("import", "run", "m", "--dry-run").out
    page.write_text(answered)  # as a run that is killed leaves it, with the mappings written
    assert "they agree" in cli("import", "run", "m", "--dry-run").out
    assert mapping.read_text() != planned_mapping
    assert settings.read_text() == likelier  # of which the answer says nothing


def test_a_file_that_was_taken_out_of_a_plan_is_not_back_with_an_answer(cli: Cli, root: Path) -> None:
    people = "Contact ID,First Name,Last Name,Email\n7,Ana,Ruiz,ana@ruiz.example\n"
    planned(cli, packed("h.zip", HUBSPOT | {"contacts.csv": people}), "--into", "m")
    page = Path("m/plan.yaml")
    head, _, rest = page.read_text().replace("answer:", "answer: day").partition("- kind: contacts")
    page.write_text(head + rest[rest.index("- kind: ") :])

    assert "m/plan.yaml was changed, and the answers" in cli("import", "run", "m", code=1).err


@pytest.mark.parametrize(
    "broken",
    [
        "questions: [dates]",
        "questions: [{about: dates}]",
        "questions: 3",
        "files: [deals.csv]",
        "files: [{kind: leads, file: a.csv}, {kind: leads}]",
        "answers: day",
    ],
)
def test_a_plan_that_is_broken_by_hand_says_what_it_needs(cli: Cli, root: Path, broken: str) -> None:
    Path("m").mkdir()
    Path("m/plan.yaml").write_text(f"vendor: hubspot\n{broken}\n")

    said = cli("import", "run", "m", code=1).err

    assert said.startswith(
        "error: m/plan.yaml: each of `files` needs kind, file and map, each of `questions`"
    )


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("users: 3", "m/settings.yaml:1: users: must be a map of keys"),
        ("processes: [sales]", "m/settings.yaml:1: processes: must be a map of keys"),
        ("lost_reasons: price", "m/settings.yaml:1: lost_reasons: must be a list"),
        ("lost_reasons: {price: 1}", "m/settings.yaml:1: lost_reasons: must be a list"),
        ("sources: [fair]", "m/settings.yaml: a move proposes no sources; set it by hand"),
    ],
)
def test_proposed_settings_that_are_broken_by_hand_are_refused_in_their_line(
    cli: Cli, root: Path, broken: str, said: str
) -> None:
    table = "Deal ID,Deal Name,Stage,Amount,Close Date\n1,Ovens,Open,100,2026-02-03\n"
    planned(cli, packed("h.zip", {"deals.csv": table}), "--into", "m")
    Path("m/settings.yaml").write_text(f"{broken}\n")

    assert cli("import", "run", "m", code=1).err == f"error: {said}\n"


def test_a_file_of_no_vendor_is_read_by_its_words_in_six_languages(cli: Cli, root: Path) -> None:
    Path("ventas.csv").write_text(
        "Código;Oportunidad;Cliente;Etapa;Importe;Fecha de cierre;Comercial\n"
        "1;Tejado;Hotel Aurora;Negociación;1.234,50;15/12/2026;Ana Ruiz\n"
        "2;Puerta;Panadería Luz;Ganada;900,00;02/03/2026;Ana Ruiz\n"
        "3;Muro;Panadería Luz;Perdida;100,00;25/03/2026;Ana Ruiz\n"
    )
    told = planned(cli, "ventas.csv", "--into", "moves/ventas")
    assert (told["vendor"], told["questions"]) == ("", [])
    assert "they agree" in cli("import", "run", "moves/ventas").out
    by_id = deals(root)
    assert (by_id["1"]["stage"], by_id["1"]["amount"]) == ("negociacion", 1234.50)
    assert [by_id[key]["status"] for key in "123"] == ["open", "won", "lost"]


@pytest.mark.parametrize(
    ("header", "ends", "asked"),
    [
        (
            "ID;Nombre del trato;Propietario del trato;Etapa del trato;Valor;Cierre previsto",
            "Ganado Perdido",
            [],
        ),
        ("ID;Negócio;Vendedor;Fase;Valor;Previsão de fechamento", "Ganho Perdido", []),
        ("Nr.;Geschäft;Inhaber;Status;Summe;Erwartetes Abschlussdatum", "Gewonnen Absage", ["outcomes"]),
        ("Nr.;Projekt;Betreuer;Phase;Auftragssumme;Abschlussdatum", "Erteilt Abgesagt", ["outcomes"]),
        (
            "ID;Nom de la transaction;Gestor;Phase de la transaction;Montant;Clôture prévue",
            "Conclue Perdue",
            [],
        ),
        ("کد;نام معامله;مسئول;مرحله;مبلغ کل;تاریخ بسته شدن", "برنده بازنده", []),
    ],
)
def test_a_deal_that_ended_is_open_in_no_language(
    cli: Cli, root: Path, header: str, ends: str, asked: list[str]
) -> None:
    won, lost = ends.split()
    days = [(stage, 20 + place) for place, stage in enumerate(("Alpha", won, lost))]
    rows = [f"{day};T{day};Ana Ruiz;{stage};{day}0;2026-10-{day}" for stage, day in days]
    Path("s.csv").write_text("\n".join([header, *rows]) + "\n")
    told = planned(cli, "s.csv", "--into", "m")
    assert [question["about"] for question in told["questions"]] == asked
    page = Path("m/plan.yaml")
    page.write_text(page.read_text().replace("answer:", f"answer: {{won: [{won}], lost: [{lost}]}}"))
    cli("import", "run", "m")
    by_id = deals(root)
    assert [by_id[key]["status"] for key in ("20", "21", "22")] == ["open", "won", "lost"]
    assert [by_id[key]["closed"]["date"] for key in ("21", "22")] == ["2026-10-21", "2026-10-22"]  # type: ignore[index]
    assert (by_id["20"]["title"], by_id["20"]["amount"], by_id["20"]["owner"]) == ("T20", 200, "ana-ruiz")


def test_a_status_that_no_deal_has_yet_is_known_tomorrow_and_a_deal_won_here_stays_won(
    cli: Cli, root: Path
) -> None:
    header = (
        "Deal - ID,Deal - Title,Deal - Organization,Deal - Stage,Deal - Status,Deal - Value,Deal - Won time,"
        "Deal - Lost time\n"
    )
    row = "{},Deal {},ACME,{},{},{},{},{}\n".format
    gone = row(3, "C", "Qualified", "Lost", 30, "", "2026-03-01 10:00:00")
    file = Path("deals.csv")
    file.write_text(
        header
        + row(1, "A", "Demo Scheduled", "Open", 10, "", "")
        + row(2, "B", "Qualified", "Open", 20, "", "")
        + gone
    )
    assert planned(cli, "deals.csv", "--into", "m")["questions"] == []
    cli("import", "run", "m")
    assert [deals(root)[key]["status"] for key in "123"] == ["open", "open", "lost"]

    cli("opp", "won", str(deals(root)["2"]["id"]), "--amount", "25", "--detail", "Signed")
    won = row(1, "A", "Demo Scheduled", "Won", 10, "2026-04-01 10:00:00", "")
    file.write_text(header + won + row(2, "New name", "Qualified", "Open", 22, "", "") + gone)
    assert "they agree but for what was changed here" in cli("import", "run", "m").out
    by_id = deals(root)
    assert by_id["1"]["closed"] == {"date": "2026-04-01", "amount": 10}
    assert (by_id["2"]["status"], by_id["2"]["title"], by_id["2"]["amount"]) == ("won", "Deal New name", 22)
    assert (by_id["2"]["closed"]["amount"], by_id["2"]["closed"]["detail"]) == (25, "Signed")  # type: ignore[index]


def test_a_bomb_a_path_that_leaves_and_a_zip_that_is_none_do_no_harm(cli: Cli, tmp_path: Path) -> None:
    packed("bomb.zip", {"Opportunity.csv": "Id,StageName,CloseDate,Name\n" + "0" * (40 << 20)})
    assert "unpacks to over" in cli("import", "plan", "bomb.zip", "--into", "m", code=1).err
    Path("broken.zip").write_bytes(b"PK\x03\x04 no zip")
    assert "can't be read as a zip file" in cli("import", "plan", "broken.zip", "--into", "m", code=1).err
    files = {f"../../../{name}": text for name, text in SALESFORCE.items()}
    cli("import", "plan", packed("leaving.zip", files), "--into", "m")
    assert not list(tmp_path.rglob("Opportunity.csv"))
    assert "has a plan already" in cli("import", "plan", "leaving.zip", "--into", "m", code=1).err


def test_a_plan_is_written_over_nothing_but_what_a_killed_one_left(cli: Cli) -> None:
    planning = ("import", "plan", packed("export.zip", SALESFORCE), "--into", "m")
    cli(*planning)
    whole = {file.name: file.read_bytes() for file in Path("m").iterdir()}
    (mapping := Path("m/opportunities.yaml")).write_text("external_id: Mine\n")
    Path("m/plan.yaml").unlink()
    said = cli(*planning, code=1).err
    assert f"{mapping} is there already, and isn't of this plan; name another folder, or give --force" in said
    assert (mapping.read_text(), Path("m/plan.yaml").exists()) == ("external_id: Mine\n", False)
    mapping.write_bytes(whole[mapping.name])
    Path("m/settings.yaml").unlink()
    cli(*planning)
    assert {file.name: file.read_bytes() for file in Path("m").iterdir()} == whole


def test_one_command_does_it_where_nothing_is_left_open(cli: Cli, root: Path) -> None:
    cli("import", "--from", "salesforce", packed("export.zip", SALESFORCE))
    assert set(deals(root)) == {"006A", "006B", "006C", "006D"}
    assert "--from must be one of" in cli("import", "--from", "nobody", "export.zip", code=1).err
    said = cli("import", "--guess", packed("h.zip", HUBSPOT), code=1).err
    assert "the month come first" in said and "both ways; answer it in a plan" in said


@pytest.mark.skipif(not MAVEN.is_dir(), reason="the real deals are not in this workspace")
def test_a_folder_of_real_files_comes_in_without_an_answer_and_with_the_right_sum(cli: Cli) -> None:
    told = planned(cli, str(MAVEN), "--into", "moves/maven")
    assert (told["questions"], told["unknown"]) == ([], [])
    assert (
        "opportunities: 8,800 rows of sales_pipeline.csv: 8,800 made"
        in cli("import", "run", "moves/maven").out
    )
    total = cli("sql", "select sum(amount) from opportunities where status = 'won'", "--format", "csv").out
    assert total.split() == ["sum(amount)", "10005534"]


def test_what_is_exported_whole_comes_back_whole(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    shutil.copytree(Path(__file__).parents[2] / "sample-pipeline", sample)
    assert run(["init", str(tmp_path / "back"), "--currency", "EUR"]) == 0
    subprocess.run(["git", "init", "-q", str(sample)], check=True)
    assert run(["-C", str(sample), "export", "--all", "whole"]) == 0
    assert "BEGIN:VCARD" in (book := Path("whole/contacts.vcf").read_text())
    assert run(["-C", str(sample), "export", "contacts", "-o", "book.vcf"]) == 0
    assert Path("book.vcf").read_text() == book
    assert "`customer`" in (page := Path("whole/README.md").read_text())
    assert "\n1 row: " in page
    assert run(["-C", str(tmp_path / "back"), "import", "run", "whole"]) == 0
    kinds = (
        "leads",
        "opportunities",
        "quotations",
        "orders",
        "customers",
        "contacts",
        "products",
        "price-lists",
    )
    for kind in kinds:
        for side in ("sample", "back"):
            assert run(["-C", str(tmp_path / side), "export", kind, "-o", f"{side}-{kind}.csv"]) == 0
        assert Path(f"sample-{kind}.csv").read_bytes() == Path(f"back-{kind}.csv").read_bytes()
    assert run(["-C", str(sample), "export", "--all", "whole"]) == 1
    assert run(["-C", str(sample), "export", "--all", "whole.zip"]) == 0
    for own in ("whole", "whole.zip"):
        assert run(["-C", str(sample), "import", "plan", own, "--into", "planned"]) == 1  # it has its own
    with zipfile.ZipFile("bad.zip", "w") as archive, zipfile.ZipFile("whole.zip") as whole:
        for name in whole.namelist():
            archive.writestr(f"whole/{name}", whole.read(name))
        archive.writestr("whole/../../../outside.txt", "x")
        archive.writestr("whole/attachments/OPP-AAAAA/unlisted.csv", "x")
    for target in ("whole.zip", "bad.zip"):
        back = tmp_path / target.removesuffix(".zip")
        assert run(["init", str(back), "--currency", "USD"]) == 0
        assert run(["-C", str(back), "import", "run", target]) == 0
        assert (back / "pipecli.yaml").read_bytes() == (sample / "pipecli.yaml").read_bytes()
        for path in (path for path in sample.rglob("*.yaml") if "#" not in path.read_text()):
            assert (back / path.relative_to(sample)).read_bytes() == path.read_bytes(), path
        attached, own = (
            sorted(path.relative_to(top) for path in top.glob("attachments/*/*")) for top in (back, sample)
        )
        assert attached == own != []
        assert (back / attached[0]).read_bytes() == (sample / attached[0]).read_bytes()
        head = subprocess.check_output(["git", "-C", back, "rev-parse", "HEAD"])
        assert run(["-C", str(back), "import", "run", "whole.zip", "whole.zip"]) == 0
        assert subprocess.check_output(["git", "-C", back, "rev-parse", "HEAD"]) == head
    assert not list(tmp_path.rglob("outside.txt"))
    assert run(["-C", str(sample), "import", "run", "book.vcf"]) == 1


def test_stages_that_no_word_tells_and_owners_that_nobody_knows_are_asked_for(cli: Cli, root: Path) -> None:
    Path("Opportunity.csv").write_text(
        "Id,OwnerId,Name,StageName,Amount,CloseDate\n"
        "A,005000000000001AAA,Roof,Signed,10,2026-01-02\n"
        "B,005000000000002AAA,Door,Dead,20,2026-01-03\n"
        "C,005000000000001AAA,Wall,Talking,30,2026-12-02\n"
    )
    told = planned(cli, "Opportunity.csv", "--into", "m")
    assert [question["about"] for question in told["questions"]] == ["outcomes", "owners"]
    page = Path("m/plan.yaml")
    text = page.read_text()
    assert [question["line"] for question in told["questions"]] == [8, 11]
    for outcomes, owners, fault in (
        ("nobody", "nobody", "8: outcomes: answer with {won: [...], lost: [...]}, not"),
        ("{won: [Sigend], lost: [Dead]}", "nobody", "8: outcomes: Sigend isn't one of Dead, Signed, Talking"),
        ("{won: [Dead, Signed], lost: Dead}", "nobody", "8: outcomes: Dead can't mean both won and lost"),
        ("{gewonnen: [Signed]}", "nobody", "8: outcomes: answer with {won: [...], lost: [...]}, not"),
        ("{won: [Signed], lost: [Dead]}", "Ana", '11: owners: unknown user "Ana"; add one, or answer'),
        ("{won: [Signed], lost: [Dead]}", "", "nobody. Write it after `answer:` in this line"),
    ):
        first, second, rest = text.split("answer:")
        page.write_text(f"{first}answer: {outcomes}{second}answer: {owners}{rest}")
        assert fault in cli("import", "run", "m", code=1).err
    page.write_text(
        text.replace("answer:", "answer: {won: [Signed], lost: [Dead]}", 1).replace(
            "answer:\n", "answer: ana-ruiz\n"
        )
    )
    assert "they agree" in cli("import", "run", "m").out
    assert [deals(root)[key]["status"] for key in "ABC"] == ["won", "lost", "open"]
    assert {deals(root)[key]["owner"] for key in "ABC"} == {"ana-ruiz"}


def test_a_list_of_people_is_contacts_unless_its_name_says_leads(cli: Cli) -> None:
    for name, kind in (("list.csv", "contacts"), ("leads.csv", "leads")):
        Path(name).write_text(
            "First Name,Last Name,Email,Company\nMia,Berg,mia@aurora.example,Hotel Aurora\n"
        )
        told = planned(cli, name, "--into", f"moves/{kind}")
        assert [file["kind"] for file in told["files"]] == [kind]
        assert "1 made" in cli("import", "run", f"moves/{kind}").out


def test_each_pipeline_is_a_process_and_a_stage_counts_from_the_day_it_was_entered(
    cli: Cli, root: Path
) -> None:
    head = (
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,Associated Company,"
        'Associated Contact,"Date entered ""Qualified To Buy (Sales Pipeline)"""\n'
    )
    rows = (
        "1,Roof,Qualified To Buy,Sales Pipeline,100,2026-12-01 10:00,2026-01-02 09:00,Ana Ruiz,Aurora,"
        "Mia Berg (mia@aurora.example),2026-01-09 10:00\n"
        "2,Door,Contract Sent,Sales Pipeline,200,2026-12-01 10:00,2026-01-02 09:00,Ana Ruiz,Aurora,,\n"
        "3,Wall,Contract Sent,Partner Pipeline,300,2026-12-01 10:00,2026-01-02 09:00,Ana Ruiz,Lund,,\n"
        "4,Gate,Closed Won,Partner Pipeline,400,2026-02-01 10:00,2026-01-02 09:00,Ana Ruiz,Lund,,\n"
        "5,Yard,Closed Lost,Sales Pipeline,500,2026-02-01 10:00,2026-01-02 09:00,Ana Ruiz,Lund,,\n"
    )
    contacts = "Record ID,First Name,Last Name,Email\n7,Mia,Berg,mia@aurora.example\n"
    export = packed("h.zip", {"all-deals.csv": head + rows, "all-contacts.csv": contacts})
    cli("import", "plan", export, "--into", "moves/h")
    assert "they agree" in cli("import", "run", "moves/h").out
    by_id = deals(root)
    assert [(by_id[n]["process"], by_id[n]["stage"], by_id[n]["status"]) for n in "12345"] == [
        ("sales-pipeline", "qualified-to-buy", "open"),
        ("sales-pipeline", "contract-sent", "open"),
        ("partner-pipeline", "contract-sent", "open"),
        ("partner-pipeline", "contract-sent", "won"),
        ("sales-pipeline", "qualified-to-buy", "lost"),
    ]
    assert by_id["1"]["contacts"] == [{"contact": "mia-berg"}]
    assert by_id["1"]["custom"] == {"stage_entered": {"qualified-to-buy": "2026-01-09T10:00:00+01:00"}}
    cli("check")


def test_odoo_archives_what_is_lost_and_keeps_firms_and_persons_in_one_file(cli: Cli, root: Path) -> None:
    deals_ = (
        "External ID,Opportunity,Customer,Salesperson,Stage,Expected Revenue,Expected Closing,Closed Date,"
        "Probability,Created on,Lost Reason,Active,Last Updated on\n"
        "l1,Roof,Aurora,Ana Ruiz,New,100,2026-12-01,,17.31,2026-01-02 08:00:00,,True,2026-02-02 08:00:00\n"
        "l2,Door,Aurora,Ana Ruiz,New,200,,,0,2026-01-02 08:00:00,Too expensive,False,2026-02-03 08:00:00\n"
        "l3,Wall,Aurora,Ana Ruiz,Won,300,,2026-02-01 08:00:00,100,2026-01-02 08:00:00,,True,\n"
    )
    partners = (
        "External ID,Name,Related Company,Email,Phone,Is a Company\n"
        "p1,Aurora,,info@aurora.example,,True\np2,Mia Berg,Aurora,mia@aurora.example,,False\n"
    )
    orders = (
        "Order Reference,External ID,Opportunity,Customer,Order Date,Status,Order Lines/Product,"
        "Order Lines/Quantity,Order Lines/Unit Price\n"
        "S1,o1,Roof,Aurora,2026-03-01 10:00:00,Quotation Sent,[P/1] Pump,2,50\n,,,,,,[P/2] Hose,1,7.5\n"
        "S2,o2,,Aurora,2026-03-02 10:00:00,Quotation,[P/1] Pump,1,50\n,,,,,,[P/2] Hose,1,7.5\n"
    )
    export = packed("o.zip", {"crm.lead.csv": deals_, "res.partner.csv": partners, "sale.order.csv": orders})
    cli("import", "plan", export, "--into", "moves/o")
    report = cli("import", "run", "moves/o").out
    assert (
        "quotations: 4 rows of sale.order.csv: 1 made, 1 about the record of an earlier row, 2 left out"
        in report
    )
    by_id = deals(root)
    assert [by_id[key]["status"] for key in ("l1", "l2", "l3")] == ["open", "lost", "won"]
    assert by_id["l2"]["closed"] == {"date": "2026-02-03", "reasons": ["too-expensive"]}
    assert [file.stem for file in (root / "customers").rglob("*.yaml")] == ["aurora"]
    assert [file.stem for file in (root / "contacts").rglob("*.yaml")] == ["mia-berg"]
    (quotation,) = (root / "quotations").rglob("*.yaml")
    lines = [(line["product"], line["unit_price"]) for line in loads(quotation.read_text())["items"]]
    assert lines == [("P/1", 50), ("P/2", 7.5)]
    assert "nothing to change" in cli("import", "run", "moves/o").out
    cli("check")


def test_stages_that_deals_came_to_and_who_took_part_are_files_of_their_own(cli: Cli, root: Path) -> None:
    more = {
        "OpportunityHistory.csv": (
            "Id,OpportunityId,StageName,Amount,CreatedDate\n"
            "h1,006B,Prospecting,1,2026-01-06T10:00:00Z\n"
            "h2,006B,Proposal/Price Quote,1,2026-01-20T10:00:00Z\n"
            "h3,006B,Prospecting,1,2026-02-06T10:00:00Z\nh4,006X,Prospecting,1,2026-02-06T10:00:00Z\n"
        ),
        "OpportunityContactRole.csv": "Id,OpportunityId,ContactId,Role\nr1,006B,003A,Decision Maker\n",
        "Quote.csv": (
            "Id,OpportunityId,QuoteNumber,Name,Status,TotalPrice,CreatedDate\n"
            "q1,006B,1,First,Draft,2500,2026-01-20T10:00:00Z\nq2,006B,2,Next,Draft,2400,2026-01-21T10:00:00Z\n"
        ),
        "QuoteLineItem.csv": "Id,QuoteId,Quantity,UnitPrice,Description\ni1,q2,2,1200,Boiler\n",
        "OpportunityFeed.csv": "Id,OpportunityId,Type,Amount,Stage,Name\nf1,006B,Text,1,x,y\n",
    }
    plan = cli("import", "plan", packed("s.zip", SALESFORCE | more), "--into", "moves/s").out
    assert "files that are not known, and stay out: OpportunityFeed.csv" in plan
    report = cli("import", "run", "moves/s").out
    assert "OpportunityHistory.csv: 1 updated, 2 about the record of an earlier row, 1 left out" in report
    deal = deals(root)["006B"]
    assert deal["custom"] == {
        "stage_entered": {
            "prospecting": "2026-01-06T10:00:00+00:00", "proposal-price-quote": "2026-01-20T10:00:00+00:00",
        }
    }  # fmt: skip
    assert deal["contacts"] == [{"contact": "mia-berg", "role": "Decision Maker"}]
    quotations = [loads(file.read_text())["items"] for file in (root / "quotations").rglob("*.yaml")]
    assert sorted([(i["description"], i["unit_price"]) for i in items] for items in quotations) == [
        [("Boiler", 1200)], [("Total as imported, without its lines", 2500)],
    ]  # fmt: skip
    velocity = json.loads(cli("report", "velocity", "--format", "json").out)
    assert [(row["key"], row["days_median"]) for row in velocity["rows"]][:1] == [("prospecting", 14)]


def test_a_note_and_a_call_of_one_number_are_two_and_a_closing_day_is_asked_for(cli: Cli, root: Path) -> None:
    export = packed("p.zip", {
        "deals.csv": (
            "Deal - ID,Deal - Title,Deal - Stage,Deal - Status,Deal - Value,Deal - Deal created\n"
            "1,Roof,Demo,Won,100,2026-01-02 10:00:00\n"
        ),
        "activities.csv": (
            "Activity - ID,Activity - Subject,Activity - Type,Activity - Due date,Activity - Deal\n"
            "1,Ring,Call,2026-01-05,Roof\n"
        ),
        "notes.csv": (
            "Note - ID,Note - Content,Note - Deal,Note - Add time\n1,They like it,Roof,2026-01-06 10:00:00\n"
            "2,Of a person,,2026-01-06 10:00:00\n"
        ),
    })  # fmt: skip
    told = planned(cli, export, "--into", "moves/p")
    assert [question["about"] for question in told["questions"]] == ["closing"]
    page = Path("moves/p/plan.yaml")
    page.write_text(page.read_text().replace("answer:", "answer: 2026-02-01"))
    report = cli("import", "run", "moves/p").out
    assert "notes.csv: 1 made, 1 left out" in report
    deal = deals(root)["1"]
    assert deal["closed"] == {"date": "2026-02-01", "amount": 100}
    assert [activity["type"] for activity in deal["activities"]] == ["call", "note"]
    assert "nothing to change" in cli("import", "run", "moves/p").out


@pytest.mark.usefixtures("today")
def test_a_won_deal_without_an_amount_is_counted_apart_and_never_as_nothing(cli: Cli, root: Path) -> None:
    head = "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date,Deal owner\n"
    rows = (
        "1,Roof,Closed Won,,2026-11-02 10:00,2026-01-02 09:00,Ana Ruiz\n"
        "2,Door,Closed Won,300,2026-11-03 10:00,2026-01-02 09:00,Ana Ruiz\n"
        "3,Wall,Contract Sent,,2026-12-03 10:00,2026-01-02 09:00,Ana Ruiz\n"
    )
    cli("import", "plan", packed("w.zip", {"all-deals.csv": head + rows}), "--into", "moves/w")
    assert "they agree" in cli("import", "run", "moves/w").out
    assert deals(root)["1"]["closed"] == {"date": "2026-11-02", "amount": "unknown", "stage": "unknown"}
    assert deals(root)["2"]["closed"] == {"date": "2026-11-03", "amount": 300, "stage": "unknown"}
    cli("check")
    made = json.loads(cli("report", "ranking", "--format", "json").out)
    (won,) = [row for row in made["rows"] if row["won_count"]]
    assert (won["won_count"], won["won_amount"], won["average_amount"]) == (2, 300, 300)
    for report in (["forecast"], ["report", "ranking"], ["report", "lost"], ["report", "funnel"]):
        made = json.loads(cli(*report, "--format", "json").out)
        assert made["totals"]["won_without_amount_count"] == 1, report
        assert "apart, 1 won deal of which nobody knows the amount" in cli(*report).out, report
    shown = cli("opp", "show", str(deals(root)["1"]["id"])).out
    assert "unknown" in shown
    exported = cli("export", "opportunities").out
    assert "closed.amount" in exported
    Path("again.csv").write_text(exported)
    assert "made" in cli("import", "opportunities", "again.csv").out
    assert deals(root)["1"]["closed"] == {"date": "2026-11-02", "amount": "unknown", "stage": "unknown"}
    assert "unknown" in cli("opp", "won", str(deals(root)["3"]["id"]), "--amount", "unknown").out
    assert deals(root)["3"]["closed"]["amount"] == "unknown"  # type: ignore[index]


def test_a_deal_that_ended_nobody_knows_where_is_in_no_stage_of_a_report(cli: Cli, root: Path) -> None:
    head = "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date\n"
    rows = (
        "1,Roof,Closed Lost,100,2026-11-02 10:00,2026-01-02 09:00\n"
        "2,Door,Qualified To Buy,300,2026-12-03 10:00,2026-01-02 09:00\n"
        "3,Wall,Closed Won,500,2026-11-03 10:00,2026-01-02 09:00\n"
    )
    cli("import", "plan", packed("w.zip", {"all-deals.csv": head + rows}), "--into", "moves/w")
    cli("import", "run", "moves/w")
    lost = json.loads(cli("report", "lost", "--by", "stage", "--format", "json").out)
    assert [(row["key"], row["lost_count"]) for row in lost["rows"] if row["lost_count"]] == [(None, 1)]
    assert "without stage" in cli("report", "lost", "--by", "stage").out
    for report, number in (("funnel", 1), ("velocity", 2)):
        told = json.loads(cli("report", report, "--format", "json").out)
        assert told["without_stage_count"] == number
        assert "that ended nobody knows at which stage" in cli("report", report).out
    assert sum(row["lost_count"] + row["won_count"] for row in told["rows"]) == 0
    assert "unknown when it closed" in cli("opp", "show", str(deals(root)["1"]["id"])).out
    listed = json.loads(cli("opp", "list", "--all", "--format", "json").out)
    assert {row["title"] for row in listed if "probability" in row} == {"Door"}

    closing = rows.replace("Qualified To Buy,300,2026-12-03", "Closed Lost,300,2026-11-20")
    cli("import", "run", "moves/w", packed("x.zip", {"all-deals.csv": head + closing}))
    door = deals(root)["2"]
    assert (door["status"], door["stage"]) == ("lost", "qualified-to-buy"), "where it stood is known here"
    assert "stage" not in door["closed"]  # type: ignore[operator]
    assert "nothing to change" in cli("import", "run", "moves/w", "x.zip").out


CARDS = """BEGIN:VCARD
VERSION:3.0
UID:u1
N:Berg;Mia;;;
FN:Mia Berg
ORG:Hotel Aurora\\, Oslo;Kitchen
item1.EMAIL;TYPE=INTERNET:mia@aurora.example
EMAIL:mia.b@home.example
TEL;TYPE=CELL:+47 123
NOTE:Likes\\nlong
  lines
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:P=C3=A9rez;Ana
TEL;CELL:+34 600
LANG;TYPE=work:ES
CATEGORIES:Press,Café\\, bar
END:VCARD
"""


def test_an_address_book_comes_as_contacts_and_a_zip_of_one_file_as_that_file(cli: Cli, root: Path) -> None:
    Path("book.vcf").write_text(CARDS, encoding="utf-8")
    told = json.loads(cli("import", "contacts", "book.vcf", "--format", "json").out)
    assert (told["made"], told["made_on_the_way"]) == (2, {"customers": ["hotel-aurora-oslo"]})
    mia = loads((root / "contacts/mia-berg.yaml").read_text())
    assert (mia["emails"], mia["phones"], mia["notes"]) == (
        ["mia@aurora.example", "mia.b@home.example"], ["+47 123"], "Likes\nlong lines",
    )  # fmt: skip
    ana = loads((root / "contacts/ana-perez.yaml").read_text())
    assert (ana["language"], ana["tags"]) == ("es", ["Press", "Café, bar"])
    cli("export", "contacts", "-o", "ours.vcf")
    assert "CATEGORIES:Press,Café\\, bar\nLANG:es\nEND" in Path("ours.vcf").read_text()
    again = cli("import", "contacts", packed("book.zip", {"book.vcf": CARDS}), "--format", "json").out
    assert json.loads(again)["unchanged"] == 2
    told = planned(cli, "book.vcf", "--into", "moves/book")
    assert told["files"] == [{"kind": "contacts", "file": "book.vcf", "map": "contacts.yaml"}]
    assert "2 unchanged" in cli("import", "run", "moves/book").out
    two = packed("two.zip", {"a.csv": "name\nx\n", "b.csv": "name\ny\n"})
    assert "two.zip has 2 files: a.csv, b.csv" in cli("import", "contacts", two, code=1).err


def test_a_customer_that_was_merged_here_stays_so_the_night_after(cli: Cli, root: Path) -> None:
    firms = SALESFORCE["Account.csv"] + "001B,Aurora Hotels,005A\n"
    cli("import", "plan", packed("e.zip", SALESFORCE | {"Account.csv": firms}), "--into", "moves/m")
    cli("import", "run", "moves/m")
    cli("customer", "merge", "aurora-hotels", "hotel-aurora")
    new = "006E,001B,005A,Fifth,Prospecting,5,2026-12-24,false,false,2026-02-06T10:00:00.000+0000,,x\n"
    files = {"Account.csv": firms, "Opportunity.csv": SALESFORCE["Opportunity.csv"] + new}
    report = cli("import", "run", "moves/m", packed("f.zip", SALESFORCE | files)).out
    assert "customers: 2 rows of Account.csv: 1 unchanged, 1 left out" in report
    assert [file.stem for file in (root / "customers").rglob("*.yaml")] == ["hotel-aurora"]
    assert deals(root)["006E"]["customer"] == "hotel-aurora"


def test_a_customer_renamed_and_then_merged_is_known_by_its_name_in_the_file(cli: Cli, root: Path) -> None:
    """And the address beside a deal's contact comes with her, so that her other name is no other person."""
    Path("Deals.csv").write_text(
        "Deal name,Company,Contact person,Contact email,Stage,Amount,Created on,Close date\n"
        "Roof,North,Pat Lee,pat@n.example,Demo,10,2026-01-05,\nDoor,South,,,Won,20,2026-01-06,2026-02-01\n"
    )
    cli("import", "plan", "Deals.csv", "--into", "m")
    cli("import", "run", "m")
    assert loads((root / "contacts/pat-lee.yaml").read_text())["emails"] == ["pat@n.example"]
    cli("customer", "set", "south", "name=South GmbH")
    cli("customer", "merge", "south", "north")
    with Path("Deals.csv").open("a") as file:
        file.write(
            "Gate,South,,,Demo,3,2026-01-07,\nWall,North,Patricia Lee,pat@n.example,Demo,1,2026-01-08,\n"
        )
    assert "2 made, 2 unchanged" in cli("import", "run", "m").out
    stems = [file.stem for kind in ("customers", "contacts") for file in (root / kind).rglob("*.yaml")]
    assert sorted(stems) == ["north", "pat-lee"]


def test_rows_find_the_deal_and_the_customer_that_they_name_as_the_file_does(cli: Cli, root: Path) -> None:
    """Both were renamed here, and one of them in the file, too: neither is lost, nor made a second time."""
    files = {
        "res.partner.csv": "External ID,Name,Email,Phone\nP1,North,n@n.example,+34 91 1\n",
        "crm.lead.csv": "External ID,Opportunity,Customer,Stage,Expected Revenue,Created on\n"
        "L1,Roof,North,New,10,2026-01-05 09:00:00\nL2,Door,North,New,20,2026-01-05 09:00:00\n",
        "mail.activity.csv": "External ID,Document Name,Activity Type,Summary,Due Date\n"
        "A1,Roof,Call,Ask,2026-02-01\n",
    }
    cli("import", "plan", packed("e.zip", files), "--into", "m")
    cli("import", "run", "m")
    cli("opp", "set", str(deals(root)["L1"]["id"]), "title=Roof and gutter")
    cli("customer", "set", "north", "name=North (ours)")
    files["res.partner.csv"] = files["res.partner.csv"].replace("North", "North AS")
    files["crm.lead.csv"] = files["crm.lead.csv"].replace("North", "North AS").replace(",20,", ",21,")
    files["mail.activity.csv"] += "A2,Roof,Call,Ask again,2026-02-02\n"
    report = cli("import", "run", "m", packed("f.zip", files)).out
    assert "activities: 2 rows of mail.activity.csv: 1 made, 1 unchanged" in report
    assert [call["subject"] for call in deals(root)["L1"]["activities"]] == ["Ask", "Ask again"]
    assert (deals(root)["L2"]["amount"], deals(root)["L2"]["customer"]) == (21, "north")
    assert [file.stem for file in (root / "customers").rglob("*.yaml")] == ["north"]


def test_the_stand_in_for_an_unknown_stage_stays_where_the_stages_are_others_now(
    cli: Cli, root: Path
) -> None:
    head, day = "Deal ID,Deal name,Stage,Amount,Close date,Created\n", "2026-02-01,2026-01-05\n"
    rows = f"1,Roof,Won,10,{day}2,Door,Lost,20,{day}3,Gate,Contacted,30,{day}4,Wall,Demo,40,{day}"
    rows += f"5,Barn,Won,5,{day}"
    write("deals.csv", head + rows)
    cli("import", "plan", "deals.csv", "--into", "m")
    cli("import", "run", "m")
    ended = {key: deal for key, deal in deals(root).items() if deal["status"] != "open"}
    assert [deal["closed"]["stage"] for deal in ended.values()] == ["unknown"] * 3
    write("deals.csv", head + rows.replace("Contacted", "A first talk").replace("Roof,Won", "Roof,Lost"))
    cli("import", "plan", "deals.csv", "--into", "m", "--force")
    cli("import", "run", "m")
    assert deals(root)["2"] == ended["2"]
    roof = deals(root)["1"]
    assert (roof["status"], roof["closed"]["stage"]) == ("lost", "unknown")
    assert roof["stage"] == ended["1"]["stage"]


def test_a_stage_and_a_reason_renamed_here_are_known_by_the_words_of_the_mapping(
    cli: Cli, root: Path
) -> None:
    cli("import", "plan", packed("e.zip", SALESFORCE), "--into", "m")
    cli("import", "run", "m")
    cli("settings", "rename", "stage", "salesforce/proposal-price-quote", "proposal")
    cli("settings", "rename", "stage", "proposal", "offer")
    cli("settings", "rename", "lost-reason", "price", "too dear")
    cli("settings", "rename", "user", "nora-field", "nora")
    said = cli("import", "run", "m").out
    assert "nothing to change" in said
    assert "removed here" not in said
    assert "changed here" not in said
    assert deals(root)["006B"]["stage"] == "offer"
    files = {**SALESFORCE, "Opportunity.csv": SALESFORCE["Opportunity.csv"].replace("Second", "Door")}
    cli("import", "run", "m", packed("f.zip", files))
    assert {deal["owner"] for deal in deals(root).values()} == {"nora"}
    assert deals(root)["006B"]["title"] == "Door"
    cli("settings", "rename", "stage", "offer", "proposal-price-quote")
    assert "nothing to change" in cli("import", "run", "m", "f.zip").out


@pytest.mark.parametrize("is_merged", [True, False])
def test_a_customer_merged_or_removed_here_is_made_by_no_new_name_of_the_file(
    cli: Cli, root: Path, is_merged: bool
) -> None:
    files = {
        "res.partner.csv": "External ID,Name,Email,Phone\nP1,North,,+34 91 1\nP2,South,,+34 91 2\n",
        "crm.lead.csv": "External ID,Opportunity,Customer,Stage,Expected Revenue,Created on\n"
        "L1,Roof,South,New,10,2026-01-05 09:00:00\n",
    }
    cli("import", "plan", packed("e.zip", files), "--into", "m")
    cli("import", "run", "m")
    cli("customer", *(["merge", "north", "south"] if is_merged else ["remove", "north"]))
    files["res.partner.csv"] = files["res.partner.csv"].replace("North", "North AS")
    files["crm.lead.csv"] += "L2,Door,North AS,New,20,2026-01-05 09:00:00\n"
    said = cli("import", "run", "m", packed("f.zip", files), code=0 if is_merged else 1)
    assert [file.stem for file in (root / "customers").rglob("*.yaml")] == ["south"]
    assert is_merged or "1 row rejected" in said.err
    assert {key: deal["customer"] for key, deal in deals(root).items()} == {"L1": "south"} | (
        {"L2": "south"} if is_merged else {}
    )


def test_an_export_of_closed_deals_alone_comes_in(cli: Cli, root: Path) -> None:
    Path("closed.csv").write_text(
        "Deal Name,Deal Stage,Amount,Close Date,Associated Company,Create Date,Record ID\n"
        "Alpha,Closed Won,1200.50,2026-03-05,Acme,2026-01-15,11\n"
        "Beta,Closed Lost,800,2026-04-25,Globex,2026-02-13,12\n"
    )
    cli("import", "plan", "closed.csv", "--into", "closed", "--from", "hubspot")
    assert "they agree" in cli("import", "run", "closed").out
    assert cli("check").code == 0


def test_the_stages_that_deals_came_to_are_read_of_any_vendor_and_by_hand(cli: Cli, root: Path) -> None:
    head = "Deal ID,Title,Stage,Amount,Close date,Created\n"
    rows = "1,Roof,Talks,100,2026-12-02,2026-01-05\n2,Door,First look,200,2026-12-03,2026-02-01\n"
    rows += "3,Wall,Won,300,2026-03-01,2026-01-05\n"
    changes = "Deal,Stage,Changed at\n1,First look,2026-01-05\n1,Talks,2026-01-15\n"
    changes += "3,Talks,2026-02-04\n3,Won,2026-03-01\n"
    since = "Deal ID,Title,Stage,Amount,Close date,Created,Fecha de entrada en Talks\n"
    since += (
        "1,Roof,Talks,100,2026-12-02,2026-01-05,2026-01-15\n2,Door,First look,200,2026-12-03,2026-02-01,\n"
        "3,Wall,Won,300,2026-03-01,2026-01-05,2026-02-04\n"
    )
    told = {}
    for name, files in {
        "columns": {"deals.csv": since},
        "own": {"deals.csv": head + rows, "stage_changes.csv": changes},
    }.items():
        plan = cli("import", "plan", packed(f"{name}.zip", files), "--into", f"moves/{name}")
        assert "not known" not in plan.out
        cli("import", "run", f"moves/{name}")
        told[name] = {key: deal.get("custom") for key, deal in deals(root).items()}
        if name == "own":
            report = json.loads(cli("report", "velocity", "--format", "json").out)
            days = {row["key"]: row["days_median"] for row in report["rows"]}
            assert days["first-look"] == 10
            assert report["without_stage_count"] == 0, "the third ended where its history says"
    assert told["own"]["1"] == {"stage_entered": {"first-look": "2026-01-05", "talks": "2026-01-15"}}
    assert told["own"]["3"] == {"stage_entered": {"talks": "2026-02-04"}}
    assert told["columns"]["1"] == {"stage_entered": {"talks": "2026-01-15"}}
    assert told["columns"]["3"] == told["own"]["3"]

    Path("h.csv").write_text("Deal,Stage,At\n2,Talks,06/03/2026\n2,Won,13/03/2026\n")
    Path("h.yaml").write_text(
        'external_id: Deal\nunknown: skip\ndate: "%d/%m/%Y"\nonly: {Stage: {not: Won}}\n'
        "columns: {At: 'custom.stage_entered.{Stage}'}\n"
    )
    cli("import", "opportunities", "h.csv", "--map", "h.yaml")
    assert deals(root)["2"]["custom"] == {"stage_entered": {"talks": "2026-03-06"}}


def test_odd_forms_of_one_table_bring_the_same_deals(cli: Cli, root: Path, git: Git) -> None:
    head = "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date\n"
    rows = (
        "1,Roof,Contract Sent,1234.50,2026-12-24,2026-01-05\n2,Door,Closed Won,2000,2026-03-13,2026-01-06\n"
    )
    forms = {
        "totals": head
        + rows
        + "Grand Totals (2 records),,,3234.50,,\n\nConfidential Information - keep it,,,,,\n",
        "text": head + rows.replace("1,R", '="1",R').replace("1234", "'1234").replace("2000", "'2000"),
        "days": head + rows.replace("2026-12-24", "46380").replace("2026-03-13", "46094"),
        "epoch": head + rows.replace("2026-12-24", "1798106400000").replace("2026-03-13", "1773396000000"),
        "midnight": head + rows.replace("2026-12-24", "2026-12-23 24:00"),
    }
    for name, text in forms.items():
        before = git("rev-parse", "HEAD")
        Path("all-deals.csv").write_text(text)
        cli("import", "plan", "all-deals.csv", "--into", f"moves/{name}", "--from", "hubspot")
        report = cli("import", "run", f"moves/{name}")
        assert "they agree" in report.out, name
        roof, door = (deals(root)[key] for key in "12")
        assert (roof["title"], roof["amount"], roof["expected_close"]) == ("Roof", 1234.5, "2026-12-24"), name
        assert door["closed"] == {"date": "2026-03-13", "amount": 2000, "stage": "unknown"}, name
        git("reset", "-q", "--hard", before)
    Path("totals.csv").write_text("title,amount,source\nRoof,10,\nTotal,10,\n")
    assert "left out, as totals, headings or notes" in cli("import", "opportunities", "totals.csv").out


def test_two_records_of_one_external_id_come_back_from_an_export_of_ours(
    cli: Cli, root: Path, tmp_path: Path
) -> None:
    (root / "contacts").mkdir()
    for key in ("ben", "cy"):
        (root / f"contacts/{key}.yaml").write_text(f"id: {key}\nname: {key.title()}\nexternal_id: c1\n")
    cli("export", "--all", "whole")
    back = tmp_path / "back"
    assert run(["init", str(back), "--currency", "EUR"]) == 0
    for _ in range(2):
        assert run(["-C", str(back), "import", "run", "whole"]) == 0
        assert {path.stem for path in (back / "contacts").iterdir()} == {"ben", "cy"}
    cli("import", "contacts", "whole/contacts.csv")


def test_an_export_without_a_row_is_refused_and_a_table_without_one_is_named(
    cli: Cli, root: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {
        "deals.csv": "Deal Name,Company,Amount,Stage\nPress,Contoso,5,Demo\n",
        "contacts.csv": "Name,Email\nBo,b@x.example\nAl,a@x.example\n",
    }
    for folder, whole in (("x", [*tables]), ("half", ["contacts.csv"]), ("bare", [])):
        Path(folder).mkdir()
        for name, text in tables.items():
            Path(folder, name).write_text(text if name in whole else text.splitlines()[0])
    cli("import", "plan", "x", "--into", "moved")
    cli("import", "run", "moved")
    before = git("rev-parse", "HEAD")
    told = cli("import", "run", "moved", "half").out
    assert "opportunities: no row in deals.csv, which is a header alone" in told
    assert "they agree" not in told
    refused = cli("import", "run", "moved", "bare", code=1).err
    monkeypatch.setattr("pipecli.inbox.moving.rehearse._MOST_TRIED", 1)  # some of a long file, named or not
    told = cli("import", "plan", "half", "--into", "of-contacts").out
    assert "contacts: 2 rows of contacts.csv" in told
    for said in (refused, cli("import", "plan", "bare", "--into", "of-none", code=1).err):
        assert said.startswith("error: bare has no row: each of its tables is a header alone")
    assert git("rev-parse", "HEAD") == before
