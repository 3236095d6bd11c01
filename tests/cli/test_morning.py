"""A rep's morning, typed: what is due, three calls with follow-ups, two deals moved, a quotation sent."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable

from tests.conftest import Cli
from tests.records_given import deal_text

MORNING = """\
pipecli
pipecli call mugs "Price talk" --next fri
pipecli call tiles "Wants a demo" --next "tue: demo"
pipecli call espresso "Yes to two" --next 3d
pipecli opp advance mugs tiles
pipecli quote new espresso
pipecli quote send contoso
pipecli
""".splitlines()
"""Mailing it needs a mail server: ` --email` is counted below."""


def test_the_morning_takes_eight_commands_and_no_id(
    cli: Cli, shop: None, given: Callable[[dict[str, str]], None]
) -> None:
    due = "next_contact:\n  date: 2026-11-20\n"
    given(
        {
            "opportunities/2026/OPP-11111-x.yaml": deal_text("OPP-11111", due, title="Mugs"),
            "opportunities/2026/OPP-22222-x.yaml": deal_text("OPP-22222", due, title="Tiles"),
        }
    )
    assert "OPP-11111" in cli().out
    for line in MORNING[1:]:
        cli(*shlex.split(line)[1:])
    deals = {deal["title"]: deal for deal in json.loads(cli("opp", "list", "--format", "json").out)}
    assert {title: deal["next_contact"]["date"] for title, deal in deals.items()} == {
        "Mugs": "2026-11-27",
        "Tiles": "2026-11-24",
        "Espresso machines": "2026-11-24",
    }
    assert deals["Mugs"]["stage"] == deals["Tiles"]["stage"] == "demo"
    assert [row["status"] for row in json.loads(cli("quote", "list", "--format", "json").out)] == ["sent"]
    assert len(MORNING) == 8
    assert sum(len(line) + 1 for line in MORNING) + len(" --email") <= 330
    assert not any(re.search(r"[A-Z]+-[0-9A-Z]{3,5}\b|[0-9][a-z0-9]{4}", line) for line in MORNING)
