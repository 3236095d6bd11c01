"""`competitor`: a file of its own for who else is after our deals; a plain name will do, too."""

from __future__ import annotations

import json

import pytest
import ryaml

from tests.records_given import DEAL, OPP

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def deal(root):
    return lambda: ryaml.loads((root / DEAL).read_text())


def row(cli, name):
    """OPEN, WON AGAINST, LOST TO."""
    line = next(line for line in cli("competitor", "list").out.splitlines() if line.startswith(name))
    return [int(each) for each in line.split()[-3:]]


def test_it_is_added_listed_shown_set_edited_exported_and_removed(cli, root):
    slug = cli("competitor", "add", "Torino Espresso", "--country", "Italy", "--strengths", "Leases").id
    assert slug == "torino-espresso"
    cli("competitor", "set", "torino", "weaknesses=No service", "tags=lease")
    made = ryaml.loads((root / f"competitors/{slug}.yaml").read_text())
    assert made == {
        "id": slug, "name": "Torino Espresso", "country": "Italy", "strengths": "Leases",
        "weaknesses": "No service", "tags": ["lease"],
    }  # fmt: skip
    assert "Torino Espresso" in cli("export", "competitors").out
    assert cli("sql", "SELECT name FROM competitors", "--format", "json").out.count("Torino") == 1
    cli("check")
    cli("competitor", "remove", "Torino Espresso")
    assert not (root / f"competitors/{slug}.yaml").exists()


def test_a_deal_names_it_by_its_slug_however_it_is_typed(cli, deal):
    cli("competitor", "add", "Torino Espresso")
    for typed in ("TORINO espresso", "torino-espresso", "Torino Espresso"):
        cli("opp", "competitor", "add", OPP, typed)
    assert deal()["competitors"] == ["torino-espresso"]
    cli("opp", "lost", OPP, "--reason", "competitor", "--competitor", "torino ESPRESSO")
    assert deal()["closed"]["competitors"] == ["torino-espresso"]
    assert row(cli, "torino-espresso") == [0, 0, 1]


def test_a_plain_name_needs_no_file_and_gets_one_later(cli, deal):
    cli("opp", "competitor", "add", OPP, "Kühn & Söhne")
    cli("opp", "competitor", "add", OPP, "KÜHN & SÖHNE")
    assert deal()["competitors"] == ["Kühn & Söhne"]
    cli("check")
    cli("competitor", "add", "Kühn & Söhne")
    assert row(cli, "ku") == [1, 0, 0]
    shown = json.loads(cli("competitor", "show", "kuhn", "--format", "json").out)
    assert [(each["id"], each["status"]) for each in shown["opportunities"]] == [(OPP, "open")]
    cli("opp", "competitor", "remove", OPP, "kühn & söhne")
    assert "competitors" not in deal()


def test_its_page_tells_open_won_and_lost_apart(cli):
    cli("competitor", "add", "Acme")
    cli("opp", "competitor", "add", OPP, "acme")
    assert "\nOpen\n" in cli("competitor", "show", "acme").out
    cli("opp", "won", OPP)
    page = cli("competitor", "show", "acme").out
    assert "\nWon against it\n" in page
    assert OPP in page
    assert row(cli, "acme") == [0, 1, 0]


def test_one_in_use_is_not_removed(cli, refused):
    cli("competitor", "add", "Acme")
    cli("opp", "competitor", "add", OPP, "acme")
    said = refused("competitor", "remove", "acme")
    assert f"records use it: {OPP}" in said
    assert "pipecli opp competitor remove OPP acme" in said


def test_wrong_moves_are_refused(cli, refused):
    cli("competitor", "add", "Acme")
    assert "there is a competitor acme already" in refused("competitor", "add", "ACME")
    assert "a competitor needs a name" in refused("competitor", "add", code=2)
    said = refused("opp", "competitor", "remove", OPP, "nobody")
    assert f"nobody isn't a competitor of {OPP}; its competitors: nobody" in said
    assert 'no competitor matches "rival"' in refused("competitor", "show", "rival")
