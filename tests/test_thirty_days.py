"""Thirty days of cron on a small pipeline: each reminder once, each deal closed on its day, no other touched.

`benchmarks/thirty-days` does the same with the program itself, two machines and the 8,800 deals of Maven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.days_of_cron import OFFICE, Deal, Office, World, reminded
from tests.records_given import deal_text
from tests.servers import web_server

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")

FIRST = date(2026, 12, 1)
SELLERS = {slug: f"{slug}@contoso.example" for slug in ("luis", "eva", "tom")}


def files_of(deal: Deal, world: World, created: date) -> dict[str, str]:
    text = deal_text(
        deal.key, world.lines(deal), created=f"{created}T09:00:00+01:00", title=f"Deal {deal.key}",
        status=None, owner=deal.owner or None,
    )  # fmt: skip
    return {
        f"opportunities/2026/{deal.key}-deal.yaml": text,
        f"contacts/{deal.contact}.yaml": world.contact_lines(deal),
    }


@pytest.fixture
def world(root, given) -> World:
    """Deals with a past, of three sellers whom a rule gives what comes in."""
    made = World(SELLERS, patience=10)
    files = {}
    for place in range(28):
        deal = Deal(f"OPP-{place:03d}ZA", owner=made.chance.choice(list(SELLERS)))
        made.give_a_past(deal, FIRST)
        made.add(deal)
        files |= files_of(deal, made, FIRST - timedelta(days=60))
    text = (root / "pipecli.yaml").read_text()
    users = "".join(f"  {slug}:\n    name: {slug}\n    email: {mail}\n" for slug, mail in SELLERS.items())
    for old, new in {
        "\n  # address: |": f"\n  email: {OFFICE}\n  # address: |",
        "users: #": f"users:\n{users}  #",
        "after_days: 30": "after_days: 10",
        "assignment_rules: []": "assignment_rules: [{name: all, users: [luis, eva, tom]}]",
    }.items():
        assert old in text
        text = text.replace(old, new)
    given(files | {"pipecli.yaml": text})
    return made


def test_thirty_days_of_cron(
    cli: Callable[..., object],
    root: Path,
    given: Callable[[dict[str, str]], None],
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office(root, world, lambda *arguments: cli(*arguments).out, tmp_path / "Maildir")
    with web_server() as hooks:
        monkeypatch.setenv("PIPECLI_CHANNEL", hooks.url())
        for today in (FIRST + timedelta(days=day) for day in range(30)):
            came = []
            if today.day % 4 == 0:
                deal = Deal(f"OPP-{today.day:03d}ZB", owner=None)
                world.add(deal)
                given(files_of(deal, world, today))
                came = [deal.key]
            mailed = world.mails(today, 2, office.maildir)
            monkeypatch.setenv("PIPECLI_TODAY", f"{today}T06:00:00+01:00")
            office.morning(today, mailed, came)
            hooks.taken.clear()
            cli("remind", "--alone")
            if today.day % 5 == 0:
                office.again()
                cli("remind", "--alone")
            assert reminded(each["message"] for each in hooks.taken) == world.due(today)
            assert len(hooks.taken) == len({deal.owner for deal in world.deals.values() if deal.due(today)})
            monkeypatch.setenv("PIPECLI_TODAY", f"{today}T12:00:00+01:00")
            world.work(today, office.cli, 1)
    expected = {key: deal.closed for key, deal in world.deals.items() if deal.closed}
    assert office.closed_on() == {key: day.isoformat() for key, day in expected.items()}
    assert len(expected) > 10
    owners = Counter(deal.owner for deal in world.deals.values() if deal.key.endswith("ZB"))
    assert max(owners.values()) - min(owners.values()) <= 1
