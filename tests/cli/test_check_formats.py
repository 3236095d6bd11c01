"""`check --format github` and `sarif`: findings as code hosts read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from pipecli.checks import Finding, Severity
from pipecli.cli.check import RuleText, sarif, workflow_commands
from tests.conftest import Cli


@pytest.fixture
def company(root: Path, tmp_path: Path) -> Path:
    """A repository with a pipeline in its folder `our sales`, which has a fault and changes one customer."""
    made = tmp_path / "company"
    shutil.copytree(root, made / "our sales", ignore=shutil.ignore_patterns(".git"))
    (made / "our sales/customers").mkdir()
    for key in ("acme", "gone"):
        (made / f"our sales/customers/{key}.yaml").write_text(f"id: {key}\nname: {key}\n")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "One"]):
        subprocess.run(["git", *arguments], cwd=made, check=True)
    (made / "our sales/customers/acme.yaml").write_text("id: acme\nname: ACME\nowner: nobody\n")
    (made / "our sales/customers/gone.yaml").unlink()
    return made


def test_github_reads_a_command_a_finding_from_the_root_of_the_repository(cli: Cli, company: Path) -> None:
    said = cli("-C", str(company / "our sales"), "check", "--base", "HEAD", "--format", "github", code=1)
    assert said.out == (
        "::error file=our sales/customers/acme.yaml,line=3,col=1,title=pipecli reference::"
        "owner: unknown user nobody; see `pipecli user list`\n"
        "::warning file=our sales/customers/gone.yaml,line=1,col=1,title=pipecli deleted-record::"
        "customer gone is deleted\n"
    )
    assert said.err.startswith("error: 1 error and 1 warning in 2 records; 2 files changed since HEAD (")


def test_without_base_too(cli: Cli, company: Path) -> None:
    place = ("-C", str(company / "our sales"))
    assert cli(*place, "--format", "github", "check", code=1).out.startswith("::error file=our sales/cus")
    assert len(json.loads(cli(*place, "check", "--format", "sarif", code=1).out)["runs"][0]["results"]) == 1


def test_nothing_in_a_record_becomes_a_command() -> None:
    file = "a,b:c%\r\n::d.yaml"
    finding = Finding(
        file, 1, 2, "reference", Severity.ERROR, "100 %\r\n::stop-commands::x, y: z\x1b[2J\u202e"
    )
    assert workflow_commands([finding], "") == (
        "::error file=a%2Cb%3Ac%25%0D%0A%3A%3Ad.yaml,line=1,col=2,title=pipecli reference::"
        "100 %25%0D%0A::stop-commands::x, y: z·[2J·\n"
    )


def test_no_finding_is_no_line(cli: Cli) -> None:
    assert cli("check", "--format", "github").out == ""


def test_sarif_has_results_with_their_rules(cli: Cli, company: Path) -> None:
    said = cli("-C", str(company / "our sales"), "check", "--base", "HEAD", "--format", "sarif", code=1)
    report = json.loads(said.out)
    assert (report["version"], report["$schema"].rpartition("/")[2]) == ("2.1.0", "sarif-schema-2.1.0.json")
    (run,) = report["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "pipecli"
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["fullDescription"]["text"] and rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]
    owner, gone = run["results"]
    assert (owner["ruleId"], owner["level"]) == ("reference", "error")
    assert owner["message"] == {"text": "owner: unknown user nobody; see `pipecli user list`"}
    (place,) = owner["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "our%20sales/customers/acme.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3, "startColumn": 1},
    }
    assert (gone["ruleId"], gone["level"]) == ("deleted-record", "warning")


def test_every_documented_rule_is_among_those_of_sarif(cli: Cli) -> None:
    text = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
    documented = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \|", text, re.MULTILINE)
    rules = json.loads(cli("check", "--format", "sarif").out)["runs"][0]["tool"]["driver"]["rules"]
    assert sorted(documented) == sorted((rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules)


RULES = [RuleText("reference", Severity.ERROR, "Names.")]


def results(*findings: tuple[str, int, str]) -> list[dict[str, Any]]:
    made = [Finding(file, line, 1, "reference", Severity.ERROR, said) for file, line, said in findings]
    found: list[dict[str, Any]] = json.loads(sarif(made, RULES, "sales/"))["runs"][0]["results"]
    return found


def prints(*findings: tuple[str, int, str]) -> list[dict[str, str]]:
    return [each["partialFingerprints"] for each in results(*findings)]


def test_a_finding_keeps_its_fingerprint_when_it_moves_and_no_two_have_one() -> None:
    one, two, other = prints(("a.yaml", 3, "x"), ("a.yaml", 9, "x"), ("b.yaml", 3, "x"))
    assert len({str(each) for each in (one, two, other)}) == 3
    assert prints(("a.yaml", 5, "x"), ("a.yaml", 12, "x")) == [one, two]


def test_a_file_is_an_address_that_leads_to_it() -> None:
    (found,) = results(("ñ/a b%20#?;ك.yaml", 1, "x"))
    uri = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(" #?")
    assert unquote(uri) == "sales/ñ/a b%20#?;ك.yaml"


def test_a_message_holds_no_link() -> None:
    (found,) = results(("a.yaml", 1, "title: [click](https://evil.example) [x] (y)"))
    assert found["message"]["text"] == r"title: \[click](https://evil.example) [x] (y)"


@pytest.mark.parametrize("name", ["github", "sarif"])
def test_only_check_has_these_formats(
    cli: Cli, name: str, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    said = f'error: --format: "{name}" must be one of table, json, jsonl, csv, tsv, markdown, ids; see'
    assert cli("opp", "list", "--format", name, code=2).err.startswith(said)
    assert cli("--format", name, "diff", code=2).err.startswith(said)
    assert cli("--format", name, "customer", "add", "Acme", code=2).err.startswith(said)
    monkeypatch.setenv("PIPECLI_FORMAT", name)
    assert cli("forecast", code=2).err.startswith(said)
    cli("check")
    assert not (root / "customers").exists()
    assert "markdown, ids, github, sarif" in " ".join(cli("check", "--help").out.split())
    assert "sarif" not in cli("diff", "--help").out
    assert cli("check", "--format", "gitlab", code=2).err.count("markdown, ids, github, sarif; see")
