"""Money and dates in the words of people, on the command line. Today is Saturday, 2026-11-21."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.terminal import at_terminal

Refused = Callable[..., str]
pytestmark = pytest.mark.usefixtures("shop", "warm_calls")


def _deal(cli: Cli) -> dict[str, Any]:
    deal: dict[str, Any] = json.loads(cli("opp", "show", "2q8xa", "--format", "json").out)
    return deal


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12k", "12000"),
        ("1.5k", "1500"),
        ("12,000", "12000"),
        ("12 000", "12000"),
        ("€12000", "12000"),
        ("12000 eur", "12000"),
        ("12.000,50", "12000.50"),
        ("12,000.50 €", "12000.50"),
        ("12000,5", "12000.5"),
        ("EUR 12k", "12000"),
        ("12000", "12000"),
        ("0.5", "0.5"),
    ],
)
def test_an_amount_is_set_as_it_is_typed(cli: Cli, typed: str, amount: str) -> None:
    cli("opp", "set", "2q8xa", f"amount={typed}")
    assert float(_deal(cli)["amount"]) == float(amount)


def test_what_was_taken_is_said(cli: Cli) -> None:
    assert 'amount: "12k" is taken as 12000' in cli("opp", "set", "2q8xa", "amount=12k").err
    assert 'amount: "9.5k" is taken as 9500\n' in cli("opp", "set", "2q8xa", "amount=9.5k").err
    assert cli("opp", "set", "2q8xa", "amount=13000").err == ""


@pytest.mark.parametrize(
    "verb", [("opp", "set", "2q8xa", "amount=12.000"), ("opp", "won", "2q8xa", "--amount", "12.000")]
)
def test_what_is_two_amounts_is_refused_with_both(refused: Refused, verb: tuple[str, ...]) -> None:
    assert '"12.000" is 12000 or 12; write 12000 or 12' in refused(*verb)


def test_what_is_two_amounts_is_asked_at_a_terminal(cli: Cli, root: Path) -> None:
    set_ = ("opp", "set", "2q8xa", "amount=12.000")
    code, screen = at_terminal(root, *set_, typed="1\n\x04")
    assert code == 130
    assert '"1" is none of these' in screen
    _, screen = at_terminal(root, *set_, typed="12\n")
    assert 'amount: which is "12.000"? (12000 or 12; nothing to stop): amount: "12.000" is taken' in screen
    assert float(_deal(cli)["amount"]) == 12


def test_a_price_of_three_decimals_is_taken_and_one_with_a_comma_is_two(cli: Cli, refused: Refused) -> None:
    cli("opp", "item", "add", "2q8xa", "--description", "Beans", "--price", "1.234")
    assert _deal(cli)["items"][-1]["unit_price"] == 1.234
    said = refused("opp", "item", "add", "2q8xa", "--description", "Beans", "--price", "1,234")
    assert '--price: "1,234" is 1234 or 1.234; write 1234 or 1.2340' in said


def test_another_currency_is_not_taken_for_ours(refused: Refused) -> None:
    said = refused("opp", "set", "2q8xa", "amount=$12000")
    assert '"$12000" is in another currency, and the currency here is EUR' in said
    assert "EUR" in refused("opp", "add", "Grinders", "--amount", "£12k")


def test_a_sign_of_the_given_currency_is_taken(cli: Cli) -> None:
    key = cli("opp", "add", "Grinders", "--amount", "$12k", "--currency", "USD", "--format", "ids").id
    assert json.loads(cli("opp", "show", key, "--format", "json").out)["amount"] == 12000


def test_a_percentage_may_have_its_sign(cli: Cli) -> None:
    cli("opp", "set", "2q8xa", "items.1.discount=12,5%", "probability=40%")
    assert _deal(cli)["probability"] == 40
    assert _deal(cli)["items"][0]["discount"] == 12.5


@pytest.mark.parametrize("typed", ["much", "12x", "1,2,3", "€", "12k0"])
def test_what_is_no_amount_is_refused(refused: Refused, typed: str) -> None:
    assert f'amount: "{typed}" isn\'t a number' in refused("opp", "set", "2q8xa", f"amount={typed}")


def test_days_are_set_as_they_are_typed(cli: Cli) -> None:
    for typed, day in (("15 dec", "2026-12-15"), ("next week", "2026-11-23"), ("5bd", "2026-11-27")):
        cli("opp", "set", "2q8xa", f"expected_close={typed}")
        assert _deal(cli)["expected_close"] == day


def test_what_took_place_is_of_the_past(cli: Cli) -> None:
    cli("activity", "add", "2q8xa", "--type", "call", "--subject", "Price", "--at", "15 nov", "--done")
    cli("activity", "add", "2q8xa", "--type", "call", "--subject", "Demo", "--at", "15 dec 9am")
    assert [activity["at"] for activity in _deal(cli)["activities"]] == [
        "2026-11-15",
        "2026-12-15T09:00:00+01:00",
    ]
    for typed, day in (("2026-11-16", "2026-11-16"), ("14 nov", "2026-11-14"), ("15 dec", "2025-12-15")):
        cli("opp", "set", "2q8xa", f"activities.1.at={typed}")
        assert _deal(cli)["activities"][0]["at"] == day
    cli("opp", "set", "2q8xa", "activities.2.at=14 nov 9am", "activities.2.done=yes")
    assert _deal(cli)["activities"][1]["at"] == "2026-11-14T09:00:00+01:00"
    cli("opp", "set", "2q8xa", "activities.2.done=no", "activities.2.at=14 nov")
    assert _deal(cli)["activities"][1]["at"] == "2027-11-14"
