"""The filters that every `list` takes."""

from __future__ import annotations

import pytest

from pipecli.records.kinds import KINDS
from tests.records_given import deal_text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("opp list --owner nobody", "--owner: unknown user nobody; known: ana-ruiz"),
        ("opp list --team nobody", "--team: unknown team nobody; known: none"),
        ("opp list --stage nowhere", "--stage: unknown stage nowhere; known: qualify, demo"),
        ("opp list --status wno", '--status: "wno" must be one of open, won, lost, closed'),
        ("quote list --status won", '--status: "won" must be one of draft, sent, accepted, '),
        ("activity list --owner nobody", "--owner: unknown user nobody; known: ana-ruiz"),
        ("opp list --limit -1", '--limit: "-1" isn\'t a number of records; write one like 10'),
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


def test_each_noun_offers_the_filters_that_it_takes(cli, given, today):
    """What the help has is answered, and what it hasn't is refused in words."""
    given({"opportunities/2026/OPP-2Q8XA-x.yaml": deal_text("OPP-2Q8XA", customer="kaffa")})
    cli("customer", "add", "Kaffa")
    cli("contact", "add", "Max")
    cli("product", "add", "mill", "--name", "Mill", "--uom", "unit")
    cli("team", "add", "north", "--name", "North", "--manager", "ana-ruiz")
    values = {
        "owner": "ana-ruiz", "mine": "", "stage": "qualify", "team": "north", "tag": "fair",
        "customer": "kaffa", "contact": "max", "product": "mill", "search": "kaffa",
    }  # fmt: skip
    statuses = {"opportunity": "open", "lead": "open", "order": "open", "supplier-quotation": "requested"}
    nouns = [kind.noun for kind in KINDS] + ["activity", "user", "team"]
    refusals = []
    for noun in nouns:
        offered = cli(noun, "list", "--help").out
        for name, value in (values | {"status": statuses.get(noun, "draft")}).items():
            is_offered = f"--{name} " in offered
            said = cli(noun, "list", f"--{name}", *([value] if value else []), code=0 if is_offered else 1)
            refusals += [] if is_offered else [said.err]
    assert all(": no " not in said and " have no " in said for said in refusals)
    assert len(refusals) > 40


@pytest.mark.parametrize("asked", ["--stage commit", "--status won"])
def test_what_none_has_at_present_is_an_empty_list(cli, deal, asked):
    deal()
    assert cli("opp", "list", *asked.split(), "--format", "ids").out == ""
