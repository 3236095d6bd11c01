"""The filters that every `list` takes."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("opp list --owner nobody", "--owner: unknown user nobody; known: ana-ruiz"),
        ("opp list --team nobody", "--team: unknown team nobody; known: none"),
        ("opp list --stage nowhere", "--stage: unknown stage nowhere; known: qualify, demo"),
        ("opp list --status wno", '--status: "wno": must be one of open, won, lost, closed'),
        ("quote list --status won", '--status: "won": must be one of draft, sent, accepted, '),
        ("activity list --owner nobody", "--owner: unknown user nobody; known: ana-ruiz"),
        ("opp list --limit -1", '--limit: "-1" isn\'t a number of records; write one as 10'),
    ],
)
def test_what_no_record_could_have_is_refused(refused, deal, asked, said):
    """An empty list would say that there is nothing to do."""
    deal()
    assert refused(*asked.split()).startswith(f"error: {said}")


@pytest.mark.parametrize("asked", ["--owner ana-ruiz", "--stage qualify", "--status open"])
def test_what_a_record_has_is_found(cli, deal, asked):
    deal()
    assert cli("opp", "list", *asked.split(), "--format", "ids").id == "OPP-2Q8XA"


@pytest.mark.parametrize("asked", ["--stage commit", "--status won"])
def test_what_none_has_at_present_is_an_empty_list(cli, deal, asked):
    deal()
    assert cli("opp", "list", *asked.split(), "--format", "ids").out == ""
