"""A change set in deals and money, as a reviewer reads it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecli.json_and_csv import loads
from tests.conftest import Cli

Git = Callable[..., str]


@pytest.fixture
def deal(cli: Cli) -> str:
    """A deal of Ana's: 1,000 EUR at `qualify`, to close in June."""
    made = cli(
        *("opp", "add", "--title", "Machines", "--organization", "Contoso", "--owner", "ana-ruiz"),
        *("--amount", "1000", "--expected-close", "2027-06-30", "--format", "ids"),
    )  # fmt: skip
    return made.id


def asked(cli: Cli, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = loads(cli("diff", *arguments, "--format", "json").out)
    for rows in (found["by_month"], found["by_owner"]):
        for aspect in ("weighted_change", "won_change"):
            assert sum(row[aspect] for row in rows) == found["total"][aspect]
    return found


def texts(found: dict[str, Any]) -> dict[str, list[str]]:
    return {each["id"]: [event["text"] for event in each["events"]] for each in found["records"]}


@pytest.mark.usefixtures("today")
def test_a_branch_is_told_in_deals_and_money(cli: Cli, deal: str, git: Git) -> None:
    git("switch", "-qc", "proposal")
    cli("opp", "advance", deal)
    cli("opp", "set", deal, "amount=1200", "expected_close=2027-07-15", "notes=Agreed")
    git("switch", "-q", "main")
    cli("opp", "add", "--title", "Unrelated", "--organization", "Acme", "--amount", "7")
    found = asked(cli, "main..proposal")
    assert texts(found) == {
        deal: [
            "amount: 1,000.00 → 1,200.00",
            "stage: qualify → demo",
            "expected_close: 2027-06-30 → 2027-07-15",
            "notes set to Agreed",
        ]
    }
    (record,) = found["records"]
    assert record["before"] == {"status": "open", "currency": "EUR", "amount": 1000, "weighted": 100}
    assert record["after"] == {"status": "open", "currency": "EUR", "amount": 1200, "weighted": 300}
    assert record["owner"] == "ana-ruiz"
    changes = [(row["key"], row["weighted_change"]) for row in found["by_month"]]
    assert changes == [("2027-06", -100), ("2027-07", 300)]
    assert [(row["key"], row["weighted_change"]) for row in found["by_owner"]] == [("ana-ruiz", 200)]
    assert found["base"]["commit"] == git("merge-base", "main", "proposal")
    assert found["head"] == {"name": "proposal", "commit": git("rev-parse", "proposal")}


def test_each_record_is_told_with_its_name(cli: Cli, deal: str) -> None:
    lead = cli(
        "lead", "add", "--name", "Zoe Park", "--organization", "Park Cafés", "--format", "ids"
    ).out.strip()
    cli("customer", "set", "contoso", "website=https://contoso.example")
    said = cli("diff", "HEAD~2..HEAD").out
    assert f"\nlead {lead}  Park Cafés\n" in said and "\ncustomer contoso  Contoso\n" in said


@pytest.mark.usefixtures("today")
def test_a_reviewer_reads_markdown_and_a_person_a_page(cli: Cli, deal: str, git: Git) -> None:
    cli("opp", "advance", deal)
    base, head = git("rev-parse", "--short=7", "HEAD~1"), git("rev-parse", "--short=7", "HEAD")
    assert cli("diff", "HEAD~1..HEAD").out == (
        "1 opportunity\n"
        f"from HEAD~1 ({base}) to HEAD ({head})\n"
        "weighted: 100.00 → 250.00 EUR (+150.00)\n"
        "\n"
        f"{deal}  Machines  (ana-ruiz)\n"
        "    stage: qualify → demo\n"
        "    weighted: 100.00 → 250.00 EUR (+150.00)\n"
        "\n"
        "MONTH    WEIGHTED BEFORE   AFTER   CHANGE\n"
        "-------  ---------------  ------  -------\n"
        "2027-06           100.00  250.00  +150.00\n"
        "\n"
        "OWNER     WEIGHTED BEFORE   AFTER   CHANGE\n"
        "--------  ---------------  ------  -------\n"
        "ana-ruiz           100.00  250.00  +150.00\n"
    )
    by_hash = cli("diff", f"{git('rev-parse', 'HEAD~1')}..{head}").out
    assert by_hash.splitlines()[1] == f"from {base} to {head}"
    page = cli("diff", "HEAD~1..HEAD", "--format", "markdown").out.splitlines()
    assert page[:4] == [
        "### Pipeline: 1 opportunity",
        "",
        f"- from HEAD\\~1 ({base}) to HEAD ({head})",
        "- weighted: 100.00 → 250.00 EUR (+150.00)",
    ]
    assert any("stage: qualify → demo<br>weighted: 100.00 → 250.00 EUR (+150.00)" in line for line in page)
    assert "#### Forecast by month" in page
    assert cli("diff", "HEAD~1..HEAD", "--format", "ids").out == f"{deal}\n"


def test_what_check_finds_in_the_change_stands_before_it(cli: Cli, deal: str, git: Git, root: Path) -> None:
    cli("opp", "set", deal, "probability=90", "title=Machines @home")
    (file,) = root.glob("opportunities/**/*.yaml")
    place = file.relative_to(root).as_posix()
    words = "probability: 90 % by hand, where the stage qualify has 10 %"
    line = file.read_text().splitlines().index("probability: 90") + 1
    assert cli("diff", "HEAD~1..HEAD").out.splitlines()[3:6] == [
        "",
        "1 warning:",
        f"{place}:{line}:1: warning: {words} (probability-by-hand)",
    ]
    page = cli("diff", "HEAD~1..HEAD", "--format", "markdown").out
    assert (
        f"\n#### 1 warning\n\n- **warning** {words}  \n  {place}:{line} (probability-by-hand)\n\n"
    ) in page
    (finding,) = asked(cli, "HEAD~1..HEAD")["findings"]
    assert finding == {
        "file": place, "line": line, "column": 1, "rule": "probability-by-hand", "severity": "warning",
        "message": words,
    }  # fmt: skip


def test_hostile_words_stay_words(cli: Cli, deal: str) -> None:
    """No script, no image that tells its server who reads, no link, no message to whom a title names."""
    cli("opp", "set", deal, "title=<script>|![x](http://evil.example) @team a@b.example", "probability=90")
    page = cli("diff", "HEAD~1..HEAD", "--format", "markdown").out
    assert "<script>" not in page
    assert "![x]" not in page
    assert "@team" not in page
    assert "a@b.example" not in page
    assert "//evil" in page
    assert "://evil" not in page


def test_the_working_tree_counts_with_what_git_does_not_know_yet(cli: Cli, deal: str, git: Git) -> None:
    cli("opp", "set", deal, "amount=1500", "--no-commit")
    other = cli("customer", "add", "Acme", "--no-commit", "--format", "ids").id
    git("reset", "-q")
    for arguments in ([], ["HEAD"]):
        found = asked(cli, *arguments)
        assert texts(found) == {
            deal: ["amount: 1,000.00 → 1,500.00"],
            other: [f"customer {other} created: Acme"],
        }
        assert found["head"] == {"name": "the working tree", "commit": None}
    assert "to the working tree\n" in cli("diff").out


def test_what_was_won_is_shown_apart(cli: Cli, deal: str) -> None:
    cli("opp", "won", deal, "--date", "today")
    found = asked(cli, "HEAD~1..")
    assert found["total"]["won_change"] == 1000
    assert found["total"]["weighted_change"] == -100
    assert "won: 0.00 → 1,000.00 EUR (+1,000.00)" in cli("diff", "HEAD~1..").out


def test_a_change_of_settings_moves_the_forecast(cli: Cli, deal: str, git: Git, root: Path) -> None:
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("probability: 10", "probability: 20"))
    git("commit", "-qam", "Optimism")
    found = asked(cli, "HEAD~1..HEAD")
    assert texts(found) == {"settings": ["stage qualify: probability: 10 → 20"]}
    assert found["total"]["weighted_change"] == 100


def test_an_owner_who_is_called_otherwise_now_moves_nothing(cli: Cli, deal: str) -> None:
    cli("settings", "rename", "user", "ana-ruiz", "ana")
    assert asked(cli, "HEAD~1")["by_owner"] == []
    cli("opp", "advance", deal)
    (row,) = asked(cli, "HEAD~2")["by_owner"]
    assert (row["key"], row["weighted_before"], row["weighted_after"]) == ("ana", 100, 250)


def test_removed_moved_and_commented_files(cli: Cli, deal: str, git: Git, root: Path) -> None:
    (file,) = root.glob("opportunities/**/*.yaml")
    old = file.relative_to(root).as_posix()
    git("mv", old, "opportunities/elsewhere.yaml")
    git("commit", "-qm", "Move it")
    assert texts(asked(cli, "HEAD~1..HEAD")) == {deal: [f"file moved: {old} → opportunities/elsewhere.yaml"]}
    moved = root / "opportunities/elsewhere.yaml"
    moved.write_text("# A comment\n" + moved.read_text())
    assert texts(asked(cli)) == {deal: ["only comments or layout"]}
    git("rm", "-qf", "opportunities/elsewhere.yaml")
    git("commit", "-qm", "Gone")
    found = asked(cli, "HEAD~1..HEAD")
    assert texts(found) == {deal: [f"opportunity {deal} removed"]}
    assert found["total"]["weighted_after"] == 0


def test_what_cannot_be_read_is_named(cli: Cli, deal: str, git: Git, root: Path) -> None:
    (file,) = root.glob("opportunities/**/*.yaml")
    file.write_text(file.read_text() + "<<<<<<<\n")
    said = cli("diff", "--format", "json")
    found = json.loads(said.out)
    assert found["records"] == []
    assert found["unreadable"][0].startswith(f"{file.relative_to(root)}: line ")
    assert "warning: " in said.err
    assert "#### Not readable, and not counted" in cli("diff", "--format", "markdown").out


def test_from_before_the_pipeline(cli: Cli, deal: str, git: Git, root: Path, tmp_path: Path) -> None:
    git("switch", "-q", "--orphan", "empty")
    git("commit", "-q", "--allow-empty", "-m", "Nothing")
    git("switch", "-q", "main")
    found = asked(cli, "empty..main")
    assert found["total"]["weighted_before"] == 0
    assert found["total"]["weighted_after"] == 100


def test_nothing_is_said_plainly(cli: Cli, deal: str) -> None:
    assert cli("diff").out.startswith("no record is touched\n")
    assert cli("diff", "HEAD..HEAD~1").out.startswith("no record is touched\n")


@pytest.mark.parametrize(
    "bad", ["--help-me..HEAD", "-x..HEAD", "HEAD..-x", "nosuch", "HEAD..nosuch", "a..b..c"]
)
def test_what_is_no_range_is_refused(cli: Cli, deal: str, bad: str) -> None:
    said = cli("diff", "--", bad, code=1)
    assert said.err.startswith("error: ")
    assert not said.out


def test_a_pipeline_in_a_subfolder(cli: Cli, root: Path, tmp_path: Path) -> None:
    company = tmp_path / "company"
    shutil.copytree(root, company / "sales", ignore=shutil.ignore_patterns(".git"))
    run = ["git", "-C", str(company)]
    subprocess.run([*run, "init", "-q"], check=True)
    subprocess.run([*run, "add", "."], check=True)
    subprocess.run([*run, "commit", "-qm", "One"], check=True)
    for folder in (company, company / "sales"):
        (folder / "customers").mkdir()
        (folder / "customers/acme.yaml").write_text("id: acme\nname: Acme\n")
    found = json.loads(cli("-C", str(company / "sales"), "diff", "--format", "json").out)
    assert [(each["id"], each["file"]) for each in found["records"]] == [("acme", "customers/acme.yaml")]


def test_ids_of_a_page_link_to_their_files(cli, shop, git):
    file = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
    cli("opp", "set", "OPP-2Q8XA", "probability=95")
    address = "https://github.com/contoso/sales/blob/0a1b2c"

    def page() -> str:
        return cli("diff", "HEAD~1..HEAD", "--format", "markdown", "--links", f"{address}/").out

    assert f"| [OPP-2Q8XA]({address}/{file})  Espresso machines  (ana-ruiz) |" in page()
    assert f"  [{file}:" in page() and f"]({address}/{file}#L" in page()  # a finding at its line
    git("rm", "-q", file)
    git("commit", "-qm", "gone")
    assert address not in page().partition("| RECORD")[2]
    cli("diff", "--format", "markdown", "--links", "javascript:alert(1)", code=2)
