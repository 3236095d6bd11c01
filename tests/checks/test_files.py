"""Files and names of records: one thing made wrong, one finding at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests.checking import (
    BROCHURE,
    CUSTOMER,
    DEAL,
    LEAD,
    SETTINGS,
    SOUND,
    assert_one_finding,
    brief,
    found,
    write,
)
from tests.conftest import Cli

ONE_CHANGE = [
    (
        "duplicate-activity",
        DEAL,
        "- id: 4F2QX",
        "- {id: 4F2QX, type: note, at: 2026-09-09, subject: A}\n- id: 4F2QX",
        26,
        "2 activities have the id 4F2QX",
    ),
    ("missing-file", BROCHURE, "brochure.pdf", "prospectus.pdf", 3, "the file prospectus.pdf is missing"),
    (
        "missing-file",
        SETTINGS,
        "name: Contoso",
        "name: Contoso\n  logo: customers",
        3,
        "the file customers isn't a regular file",
    ),
    ("year", DEAL, "created: 2026", "created: 2025", 3, "it is to lie in opportunities/2025/"),
    (
        "file-name",
        CUSTOMER,
        "id: contoso-coffee",
        "id: contoso-cafe-bar",
        1,
        "is to be named contoso-cafe-bar.yaml",
    ),
]


@pytest.mark.parametrize("change", ONE_CHANGE)
def test_one_thing_wrong_is_found_at_its_line(
    pipeline: Path, change: tuple[str, str, str, str, int, str]
) -> None:
    assert_one_finding(pipeline, *change)


@pytest.mark.parametrize("value", ["x" * 200_000, f"[{', '.join(['x' * 198] * 1000)}]"])
@pytest.mark.parametrize(("file", "line"), [(LEAD, "status: converted"), (DEAL, "currency: EUR")])
def test_a_value_of_200_000_characters_is_told_by_its_beginning(
    pipeline: Path, capsys: pytest.CaptureFixture[str], file: str, line: str, value: str
) -> None:
    """A pull request can bring one, and every changing command showed all of it."""
    write(pipeline, file, SOUND[file].replace(line, line.partition(" ")[0] + " " + value, 1))

    (told,) = [finding.message for finding in found(pipeline) if finding.rule == "schema"]
    assert len(told) < 500
    run(["-C", str(pipeline), "customer", "set", "contoso-coffee", "country=ES", "--dry-run"])
    assert len(capsys.readouterr().err) < 1000


def test_an_id_of_two_files_is_found_in_both(pipeline: Path) -> None:
    copy = DEAL.replace("machines", "machines-2")
    write(pipeline, copy, SOUND[DEAL].replace("external_id: deal-1\n", ""))

    assert brief(pipeline) == [(copy, 1, "duplicate-id"), (DEAL, 1, "duplicate-id")]
    assert found(pipeline)[0].message == f"OPP-2Q8XA is also the id of {DEAL}"


def test_an_external_id_of_two_records_is_found_in_both(pipeline: Path) -> None:
    other = DEAL.replace("2Q8XA", "2Q8XB")
    write(pipeline, other, SOUND[DEAL].replace("2Q8XA", "2Q8XB"))

    assert brief(pipeline) == [(DEAL, 2, "external-id"), (other, 2, "external-id")]


def test_an_address_and_a_number_that_reach_nobody_are_found_at_their_lines(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, SOUND[CUSTOMER] + "email: ask at the desk\nphone: extension 12\n")
    write(pipeline, SETTINGS, SOUND[SETTINGS].replace("ana@contoso.example", "ana@"))
    contact = "id: eva\nname: Eva\nemails: [eva@contoso.example, at the fair]\nphones:\n- 555 01\n- n/a\n"
    write(pipeline, "contacts/eva.yaml", contact)

    assert [(each.line, each.rule, each.message) for each in found(pipeline)] == [
        (3, "unreachable", '"at the fair" isn\'t an e-mail address'),
        (6, "unreachable", '"n/a" isn\'t a telephone number'),
        (3, "unreachable", '"ask at the desk" isn\'t an e-mail address'),
        (8, "unreachable", '"ana@" isn\'t an e-mail address'),
    ]


def test_files_that_are_not_read_are_found(pipeline: Path) -> None:
    write(pipeline, "customers/acme.yml", "id: acme\nname: ACME\n")
    write(pipeline, "customers/es/acme.yaml", "id: acme\nname: ACME\n")
    write(pipeline, "Customer/acme.yaml", "id: acme\nname: ACME\n")
    write(pipeline, "customers/README.md", "Not a record.")

    assert [(each.file, each.rule, each.message) for each in found(pipeline)] == [
        ("Customer/acme.yaml", "folder", "is not read: move it to customers/"),
        ("customers/acme.yml", "extension", "is not read: rename it to acme.yaml"),
        ("customers/es/acme.yaml", "subfolder", "acme is to lie in customers/ itself"),
    ]


def test_nothing_outside_is_listed_behind_a_link(pipeline: Path, cli: Cli, tmp_path: Path) -> None:
    """A pull request can bring one, and whoever runs CI prints what is found."""
    for name in ("secret/x.yaml", "secret/deeper/y.yaml"):
        write(tmp_path, name, "id: x\n")
    (pipeline / "attachments").mkdir()
    for link in ("Customer", "attachments/OPP-7K3M9", "templates"):
        (pipeline / link).symlink_to(tmp_path / "secret")

    assert [(each.file, each.rule) for each in found(pipeline)] == [("attachments/OPP-7K3M9", "attachment")]
    assert cli("-C", str(pipeline), "export", "--all", str(tmp_path / "all")).err.count("warning") == 0
    assert not [*(tmp_path / "all").rglob("[xy].yaml")]


def test_a_lead_among_the_opportunities_is_one_finding(pipeline: Path) -> None:
    write(pipeline, "opportunities/2026/LEAD-ZZZZZ-x.yaml", SOUND[LEAD].replace("7K3M9", "ZZZZZ"))

    assert [(each.rule, each.message) for each in found(pipeline)] == [
        ("misplaced", "is a lead in opportunities/: move it to leads/")
    ]


def test_outdated_schemas_are_a_warning(pipeline: Path) -> None:
    assert found(pipeline) == []
    assert [*pipeline.glob(".git/pipecli/*/schemas.txt")]  # they are not looked through again
    (pipeline / "schemas" / "lead.schema.json").write_text("{}")
    for _ in range(2):  # only what is well is noted, and not looked at again
        assert [finding.rule for finding in found(pipeline)] == ["schemas"]
    (pipeline / "schemas" / "order.schema.json").unlink()

    assert [
        (each.file, each.rule, each.severity, each.message.partition(":")[0]) for each in found(pipeline)
    ] == [
        ("schemas", "schemas", "warning", "lead is outdated"),
        ("schemas", "schemas", "warning", "order is missing"),
    ]
