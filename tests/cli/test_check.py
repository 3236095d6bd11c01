"""`check`: findings for a person, an editor and CI, and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipecli.checks import check
from pipecli.checks.check import RULES

if TYPE_CHECKING:
    from tests.conftest import Cli

OWNERLESS = "id: acme\nname: ACME\nowner: nobody\n"


def customer(root: Path, name: str, text: str) -> str:
    (root / "customers").mkdir(exist_ok=True)
    (root / "customers" / name).write_text(text)
    return f"customers/{name}"


def test_a_sound_pipeline_is_ok(root: Path, cli: Cli) -> None:
    customer(root, "acme.yaml", "id: acme\nname: ACME\n")

    said = cli("check")

    assert (said.out, said.err) == ("", "ok: 2 records\n")
    assert cli("check", "--format", "json").out == "[]\n"


def test_an_error_ends_with_1_after_all_findings(root: Path, cli: Cli) -> None:
    customer(root, "acme.yaml", OWNERLESS)
    customer(root, "contoso.yaml", "id: contoso\nnme: Contoso\n")
    (root / "schemas" / "lead.schema.json").unlink()

    said = cli("check", code=1)

    assert said.out == (
        "customers/acme.yaml:3:1: owner: unknown user nobody; see `pipecli user list` (reference)\n"
        'customers/contoso.yaml:1:1: "name" is missing (schema)\n'
        'customers/contoso.yaml:2:1: unknown key "nme", did you mean "name"?; '
        "keys of your own go under `custom:` (schema)\n"
        "schemas:1:1: warning: lead is missing: "
        "bring the schemas up to date with `pipecli schema write` (schemas)\n"
    )
    assert said.err == "error: 3 errors and 1 warning in 2 records\n"


def test_warnings_alone_are_ok(root: Path, cli: Cli) -> None:
    (root / "schemas" / "lead.schema.json").unlink()

    assert cli("check").err == "ok: 1 record, 1 warning\n"


def test_json_has_what_an_editor_needs(root: Path, cli: Cli) -> None:
    customer(root, "acme.yaml", OWNERLESS)

    assert json.loads(cli("check", "--format", "json", code=1).out) == [
        {
            "file": "customers/acme.yaml",
            "line": 3,
            "column": 1,
            "rule": "reference",
            "severity": "error",
            "message": "owner: unknown user nobody; see `pipecli user list`",
        }
    ]


def test_a_long_finding_is_wrapped_between_words(
    root: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    customer(root, "contoso.yaml", "id: contoso\nname: Contoso\nwebsiet: x\n")

    assert cli("check", code=1).out == (
        'customers/contoso.yaml:3:1: unknown key "websiet", did you\n'
        '    mean "website"?; keys of your own go under `custom:`\n'
        "    (schema)\n"
    )


def test_files_and_folders_restrict_it(root: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    customer(root, "acme.yaml", OWNERLESS)
    customer(root, "contoso.yaml", "id: contoso\nname: Contoso\n")

    cli("check", "customers/contoso.yaml")
    cli("check", "customers/acme.yaml", code=1)
    cli("check", "customers", code=1)
    cli("check", "leads.yaml", code=1)
    monkeypatch.chdir(root.parent)
    cli("check", "contoso/customers/acme.yaml", code=1)
    cli("check", "contoso/customers/contoso.yaml", str(root.parent))


def test_a_duplicate_is_found_when_only_the_new_file_is_asked_about(root: Path, cli: Cli) -> None:
    customer(root, "acme.yaml", "id: acme\nname: ACME\n")
    customer(root, "acme-2.yaml", "id: acme\nname: ACME\n")

    assert "is also the id of customers/acme.yaml" in cli("check", "customers/acme-2.yaml", code=1).out


def test_a_file_that_is_not_there_is_refused(cli: Cli) -> None:
    assert (
        cli("check", "customers/nobody.yaml", code=1).err == "error: customers/nobody.yaml does not exist\n"
    )


def test_broken_settings_are_findings_and_no_refusal(root: Path, cli: Cli) -> None:
    (root / "pipecli.yaml").write_text("company: {name: Contoso}\ncurency: EUR\n")

    assert [each["line"] for each in json.loads(cli("check", "--format", "json", code=1).out)] == [1, 2]


def test_a_file_can_not_write_to_the_terminal(root: Path, cli: Cli) -> None:
    customer(root, "acme.yaml", 'id: acme\nname: "A\\u001b[2J"\nowner: nobody\n')
    customer(root, "x\x1b[2J.yaml", "id: acme\n")

    assert "\x1b" not in cli("check", code=1).out


def test_every_rule_is_documented_with_its_severity() -> None:
    text = (Path(__file__).parents[2] / "docs" / "check.md").read_text()

    documented = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \|", text, re.MULTILINE)

    of_reading = [("yaml", "error"), ("schema", "error"), ("file", "error")]
    rules = [(rule.name, str(rule.severity)) for rule in RULES]
    of_changes = [(rule.name, str(rule.severity)) for rule in check.RULES_OF_CHANGES]
    assert sorted(documented) == sorted([*of_reading, *rules, *of_changes])
