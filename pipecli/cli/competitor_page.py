"""`competitor show`: a competitor, and the deals that name it. It reads the index alone."""

from __future__ import annotations

import typer

from pipecli.cli.columns import OPPORTUNITIES
from pipecli.cli.output import Format
from pipecli.cli.page_parts import print_section, rows_of, views_of
from pipecli.cli.session import session
from pipecli.cli.showing import print_view, view
from pipecli.records.kinds import COMPETITOR, OPPORTUNITY
from pipecli.store.lookup import resolve

_KEYS = "id title status stage amount currency weighted expected_close closed owner".split()
_NAMED = """path IN (SELECT path FROM _references WHERE noun = 'competitor'
    AND casefold(key) IN (SELECT casefold(value) FROM competitors c, json_each(json_array(c.id, c.name))
                          WHERE c.id = ?))"""
"""The deals that name a competitor, by its slug or as people call it."""


def print_competitor(ctx: typer.Context, ref: str) -> None:
    """Print a competitor; JSON has the `opportunities` that name it."""
    run = session(ctx)
    key = resolve(run.pipeline, ref, COMPETITOR).key
    run.read(OPPORTUNITY)
    shown = view(run, "competitor", key)
    if run.format is Format.TABLE:
        print_view(run, shown)
        columns = [each.column for each in OPPORTUNITIES if not each.hidden]
        for heading, status in (("Open", "open"), ("Won against it", "won"), ("Lost or closed", "")):
            condition = f"status = '{status}'" if status else "status IN ('lost', 'closed')"
            order = "coalesce(closed_date, expected_close), id"
            deals = rows_of(
                run, "opportunities", OPPORTUNITIES, f"{_NAMED} AND {condition} ORDER BY {order}", key
            )
            print_section(heading, deals, columns)
        return
    deals = views_of(run, "opportunity", "opportunities", _NAMED, key)
    named = [{name: deal[name] for name in _KEYS if name in deal} for deal in deals]
    print_view(run, shown | {"opportunities": named})
