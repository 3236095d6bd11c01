"""`schema`: the schemas of a pipeline and of the repository, kept with the models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import ryaml

from pipecli.cli.main import run
from pipecli.records.kinds import KINDS
from tests.later import Later

jsonschema = Later("jsonschema")

if TYPE_CHECKING:
    from tests.conftest import Cli

Git = Callable[..., str]


def test_write_brings_the_pipelines_own_up_to_date_in_one_commit(root: Path, cli: Cli, git: Git) -> None:
    (root / "schemas" / "lead.schema.json").write_text("{}")
    (root / "schemas" / "order.schema.json").unlink()
    git("commit", "-qam", "spoil")

    said = cli("schema", "write", "-m", "after the upgrade")

    assert said.out == "schemas/lead.schema.json\nschemas/order.schema.json\n"
    assert git("show", "--format=%B", "--name-only").split("\n")[2:] == [
        "after the upgrade",
        "",
        "Pipecli-Event: schemas-written",
        "",
        "",
        "schemas/lead.schema.json",
        "schemas/order.schema.json",
    ]
    assert git("status", "--porcelain") == ""
    assert cli("schema", "write").err == "the schemas are up to date\n"


def test_a_dry_run_of_write_changes_nothing(root: Path, cli: Cli, git: Git) -> None:
    (root / "schemas" / "lead.schema.json").write_text("{}")

    assert "+++ b/schemas/lead.schema.json" in cli("schema", "write", "--dry-run").out
    assert (root / "schemas" / "lead.schema.json").read_text() == "{}"


def test_write_and_check_work_on_any_folder_outside_of_a_pipeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(["schema", "check", "schemas"]) == 1
    assert "lead.schema.json is missing" in capsys.readouterr().err
    assert run(["schema", "write", "schemas"]) == 0
    assert run(["schema", "check", "schemas"]) == 0
    assert capsys.readouterr().err == f"ok: {len(KINDS) + 1} schemas\n"
    (tmp_path / "schemas" / "team.schema.json").write_text("{}")
    (tmp_path / "schemas" / "lead.schema.json").write_text("{}")
    assert run(["schema", "check", "schemas"]) == 1
    assert capsys.readouterr().err == (
        "error: schemas: lead.schema.json is outdated; write them anew: pipecli schema write schemas\n"
    )


@pytest.mark.parametrize("kind", ["opportunity", "opp", "opportunities"])
def test_show_prints_one(cli: Cli, kind: str) -> None:
    assert json.loads(cli("schema", "show", kind).out)["title"] == "pipecli opportunity"


def test_an_unknown_kind_is_refused_with_the_known_ones(cli: Cli) -> None:
    assert (
        "unknown kind of record deal; one of lead, opportunity," in cli("schema", "show", "deal", code=2).err
    )


@pytest.mark.parametrize(
    "command",
    [
        ["lead", "add", "--name", "María"],
        ["customer", "add", "contoso", "--name", "Contoso"],
    ],
)
def test_the_first_line_of_a_new_file_leads_an_editor_to_its_schema(
    root: Path, cli: Cli, git: Git, command: list[str]
) -> None:
    cli(*command)
    (file,) = git("show", "--format=", "--name-only").split("\n")
    text = (root / file).read_text()

    schema = (root / file).parent / text.split("\n")[0].removeprefix("# yaml-language-server: $schema=")

    assert schema.resolve() == root / "schemas" / f"{command[0]}.schema.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(ryaml.loads(text))
