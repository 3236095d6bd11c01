"""The presets of vendors: each file is taken for the right one, and becomes a mapping that is imported."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from pipecli.inbox.importing.run import File, prepare, rows_of, target_named
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.recognise import ORDER, Preset, presets, recognised, vendors
from pipecli.inbox.moving.run import export_of, load
from pipecli.store.pipeline import Pipeline
from pipecli.store.writes import Planner
from tests.conftest import Cli


def test_the_vendors_are_those_that_people_move_from() -> None:
    assert vendors() == [
        "bitrix24", "close", "copper", "dynamics", "erpnext", "frappe", "google", "hubspot", "linkedin",
        "odoo", "pipedrive", "salesforce", "zoho",
    ]  # fmt: skip


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_file_with_all_columns_of_a_preset_is_taken_for_it(preset: Preset) -> None:
    assert preset.kind in ORDER
    columns = [*dict.fromkeys([*preset.columns, *preset.recognise])]
    row = Row(2, dict.fromkeys(columns, "x"))
    name = preset.kind.removesuffix("s") if not preset.must_be_named else preset.file.strip("^")
    table = Table(f"{name}.csv", columns, [row])
    told = recognised([table], preset.vendor)[0]
    assert told is not None
    assert (told.preset, told.kind) == (preset.name, preset.kind)
    everybody = recognised([table])[0]
    assert everybody is not None
    assert everybody.kind == preset.kind


@pytest.mark.usefixtures("at_a_desk")
@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_each_preset_becomes_a_mapping_without_a_fault(preset: Preset, cli: Cli, root: Path) -> None:
    columns = [*dict.fromkeys([*preset.columns, *preset.recognise])]
    name = f"{preset.kind.removesuffix('s') if not preset.must_be_named else preset.file.strip('^')}.csv"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerow([_example(str(preset.columns.get(column, ""))) for column in columns])
    Path(name).write_text(out.getvalue(), encoding="utf-8")
    cli("import", "plan", name, "--into", "m", "--from", preset.vendor)
    files = export_of(load(Path("m")), None)
    (step,) = load(Path("m")).steps
    target = target_named(step.kind)
    assert target is not None
    table, source = rows_of(files[0], File(step.map, Path("m", step.map).read_bytes()), target)
    pipeline = Pipeline.find(root)
    prepare(pipeline, target, table, source, Planner(pipeline), lambda _: None)
    pipeline.close()


def _example(role: str) -> str:
    if any(word in role for word in ("close", "date", "created", "'at'")) or role == "at":
        return "2026-02-03"
    return "20" if role in ("amount", "won_amount", "probability", "duration") else "Ana Ruiz"
