"""Names of what doesn't exist: one thing made wrong, one finding at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking import (
    CUSTOMER,
    DEAL,
    LEAD,
    PRICES,
    SETTINGS,
    SOUND,
    assert_one_finding,
    brief,
    found,
    write,
)

ONE_CHANGE = [
    (
        "reference",
        DEAL,
        "customer: contoso-coffee",
        "customer: contoso-cofee",
        7,
        "did you mean contoso-coffee?",
    ),
    ("reference", DEAL, "stage: demo", "stage: dmeo", 9, "no stage dmeo; its stages: demo, propose"),
    (
        "reference",
        DEAL,
        "process: standard",
        "process: gone",
        8,
        "unknown process gone; the settings have standard",
    ),
    (
        "reference",
        DEAL,
        "- iberia",
        "- atlantis",
        12,
        "unknown user or team atlantis; see `pipecli user list` and `pipecli team list`",
    ),
    ("reference", DEAL, "contact: maria-lopez", "contact: nobody", 24, "unknown contact nobody"),
    ("reference", DEAL, "  by: ana-ruiz", "  by: ana", 31, "unknown user ana"),
    (
        "reference",
        LEAD,
        "- OPP-2Q8XA",
        "- OPP-ZZZZZ",
        11,
        "unknown opportunity OPP-ZZZZZ; see `pipecli opportunity list`",
    ),
    ("reference", SETTINGS, "team: iberia", "team: atlantis", 9, "unknown team atlantis"),
    ("reference", SETTINGS, "manager: ana-ruiz", "manager: ana", 15, "unknown user ana"),
    ("reference", SETTINGS, "  - luis", "  - lusi", 44, "did you mean luis?"),
    ("reference", PRICES, "cafe: 100", "coffee: 100", 5, "unknown product coffee"),
]


@pytest.mark.parametrize("change", ONE_CHANGE)
def test_one_thing_wrong_is_found_at_its_line(
    pipeline: Path, change: tuple[str, str, str, str, int, str]
) -> None:
    assert_one_finding(pipeline, *change)


def test_what_names_a_broken_file_is_not_said_to_dangle(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, "id: contoso-coffee\nnme: Contoso\n")
    write(pipeline, DEAL, SOUND[DEAL].replace("title", "titel"))

    assert {rule for _, _, rule in brief(pipeline)} == {"schema"}


def test_the_stages_there_are_stand_in_their_order(root: Path) -> None:
    write(
        root,
        "opportunities/2026/OPP-AAAAA-a.yaml",
        "id: OPP-AAAAA\ncreated: 2026-09-09T10:00:00+02:00\ntitle: A\nprocess: standard\nstage: propsoe\n"
        "currency: EUR\n",
    )

    (finding,) = found(root)

    assert finding.message == (
        "stage: the process standard has no stage propsoe; "
        "its stages: qualify, demo, propose, negotiate, commit"
    )


def test_a_customer_that_belongs_to_itself_is_found(pipeline: Path) -> None:
    write(pipeline, CUSTOMER, SOUND[CUSTOMER] + "parent: contoso\n")
    assert found(pipeline) == []
    write(pipeline, "customers/contoso.yaml", "id: contoso\nname: Contoso\nparent: contoso-coffee\n")

    assert brief(pipeline) == [(CUSTOMER, 3, "parent-loop"), ("customers/contoso.yaml", 3, "parent-loop")]
