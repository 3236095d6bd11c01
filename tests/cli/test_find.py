"""`pipecli find`, and the filters of lists by what a record is about."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Cli
from tests.records_given import deal_text, lead_text

Refused = Callable[..., str]
pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture(autouse=True)
def _people(given: Callable[[dict[str, str]], None], shop: None) -> None:
    given(
        {
            "contacts/jose-nunez.yaml": "id: jose-nunez\nname: José Núñez\nphones:\n- +34 612 34 56 78\n"
            "emails:\n- jose@contoso.example\n",
            "contacts/anton.yaml": "id: anton\nname: Anton Peña\nphones:\n- +49 30 123-4567\n",
            "leads/2026/LEAD-7K3M9-x.yaml": lead_text(
                "LEAD-7K3M9", name="Max Held", organization="Contoso Tea"
            ),
            "opportunities/2026/OPP-11111-x.yaml": deal_text(
                "OPP-11111", "notes: They asked for a grinder of steel.\n", title="Mugs", status="open"
            ),
            "opportunities/2026/OPP-22222-x.yaml": deal_text(
                "OPP-22222",
                "closed:\n  date: 2026-11-03\n  reasons:\n  - price\n",
                title="Grinder",
                status="lost",
            ),
        }
    )


def _found(cli: Cli, *words: str) -> list[str]:
    hits: list[dict[str, Any]] = json.loads(cli("find", *words, "--format", "json").out)
    return [hit["id"] for hit in hits]


def test_every_kind_is_looked_in(cli: Cli) -> None:
    assert set(_found(cli, "contoso")) == {
        "contoso-coffee", "maria-lopez", "jose-nunez", "LEAD-7K3M9", "OPP-2Q8XA",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words", ["jose", "NÚÑEZ", "nunez jose", "612345678", "+34 612 345 678", "0034612345678"]
)
def test_a_person_is_found_however_they_are_typed(cli: Cli, words: str) -> None:
    assert _found(cli, *words.split()) == ["jose-nunez"]
    assert _found(cli, "30/1234567") == _found(cli, "PENA") == ["anton"]
    assert _found(cli, "V612345") == []  # a code is no number of a telephone


def test_titles_come_before_notes_and_open_before_lost(cli: Cli) -> None:
    hits = _found(cli, "grinder")
    assert hits[0] == "grinder"
    told = json.loads(cli("find", "grinder", "--format", "json").out)
    assert [hit["field"] for hit in told] == ["sku", "title", "items.description", "notes"]
    assert hits.index("OPP-22222") < hits.index("OPP-11111")
    assert _found(cli, "steel", "grinder") == ["OPP-11111"]


def test_of_equals_the_newer_comes_first(cli: Cli, given: Callable[[dict[str, str]], None]) -> None:
    for key, created, what in (
        ("OPP-33333", "2026-11-02", "harpsichord"),
        ("OPP-44444", "2026-11-09", "harpsichord"),
        ("OPP-55555", "2026-10-05", "harpsichord"),
        ("OPP-66666", "2026-11-10", "miniharpsichord"),  # where the word begins it counts more
    ):
        given({
            f"opportunities/2026/{key}-x.yaml": re.sub(
                "created: .*", f"created: {created}T10:00:00+01:00",
                deal_text(key, f"notes: With a {what}.\n", title="Mugs"),
            )
        })  # fmt: skip
    assert _found(cli, "harpsichord") == ["OPP-44444", "OPP-33333", "OPP-55555", "OPP-66666"]


def test_what_is_called_so_comes_before_what_begins_so(
    cli: Cli, given: Callable[[dict[str, str]], None]
) -> None:
    for key, title, created in (
        ("OPP-33333", "Harpsichord", "2026-10-05"),
        ("OPP-44444", "Harpsichord concert", "2026-11-09"),
    ):
        text = re.sub("created: .*", f"created: {created}T10:00:00+01:00", deal_text(key, title=title))
        given({f"opportunities/2026/{key}-x.yaml": text})
    assert _found(cli, "harpsichord") == ["OPP-33333", "OPP-44444"]


def test_blanks_are_in_nothing(cli: Cli) -> None:
    assert _found(cli, "  ") == []


def test_only_of_a_kind(cli: Cli, refused: Refused) -> None:
    assert _found(cli, "contoso", "--kind", "contact") == ["jose-nunez", "maria-lopez"] or set(
        _found(cli, "contoso", "--kind", "contact")
    ) == {"jose-nunez", "maria-lopez"}
    assert _found(cli, "grinder", "--kind", "opp")[0] in ("OPP-2Q8XA", "OPP-22222")
    assert "isn't a kind of record" in refused("find", "x", "--kind", "thing")


def test_the_best_and_how_many_more(cli: Cli) -> None:
    said = cli("find", "contoso", "--limit", "2", "--format", "ids")
    assert len(said.out.splitlines()) == 2
    assert said.err == "the best 2 of 5; --limit 0 shows all\n"


def test_signs_of_sql_are_letters(cli: Cli) -> None:
    assert _found(cli, "%") == []
    assert _found(cli, "con_oso") == []
    assert cli("find", "nowhere").err == "nothing holds nowhere\n"


def _ids(cli: Cli, *words: str) -> list[str]:
    return cli(*words, "--format", "ids").out.splitlines()


def test_lists_by_what_a_record_is_about(cli: Cli, refused: Refused) -> None:
    assert _ids(cli, "opp", "list", "--customer", "contoso") == ["OPP-2Q8XA"]
    assert _ids(cli, "opp", "list", "--contact", "maria") == ["OPP-2Q8XA"]
    assert _ids(cli, "opp", "list", "--product", "grinder") == ["OPP-2Q8XA"]
    assert _ids(cli, "opp", "list", "--search", "steel") == ["OPP-11111"]
    assert _ids(cli, "contact", "list", "--customer", "contoso-coffee") == ["maria-lopez"]
    key = cli("quote", "new", "2q8xa", "--format", "ids").id
    assert _ids(cli, "quote", "list", "--product", "cafe-s-100", "--customer", "contoso-coffee") == [key]
    assert "customers have no items" in refused("customer", "list", "--product", "grinder")
    assert "products have no customer" in refused("product", "list", "--customer", "contoso-coffee")


def test_of_a_long_text_the_part_around_the_first_word_is_shown(
    cli: Cli, given: Callable[[dict[str, str]], None]
) -> None:
    places = {
        "AAAAA": f"teapot {'x ' * 60}",
        "BBBBB": f"{'x ' * 60}teapot {'x ' * 60}",
        "CCCCC": f"{'x ' * 60}teapot",
    }
    places["DDDDD"] = f"teapot {'x' * 93}"  # a hundred signs
    given(
        {
            f"opportunities/2026/OPP-{key}-x.yaml": deal_text(
                f"OPP-{key}", f"notes: {text.strip()}\n", title=key
            )
            for key, text in places.items()
        }
    )
    hits = {hit["id"][4:]: hit["text"] for hit in json.loads(cli("find", "teapot", "--format", "json").out)}
    assert {key: (text[0] == "…", text[-1] == "…", len(text)) for key, text in hits.items()} == {
        "AAAAA": (False, True, 101), "BBBBB": (True, True, 102), "CCCCC": (True, False, 101),
        "DDDDD": (False, False, 100),
    }  # fmt: skip
    assert all("teapot" in text for text in hits.values())
