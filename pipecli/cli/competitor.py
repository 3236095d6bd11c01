"""`pipecli competitor`: who else is after our deals.

`competitor show`: a competitor, and the deals that name it. It reads the index alone.
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing, print_record_json, record_json
from pipecli.cli.common.columns import COMPETITORS, OPPORTUNITIES
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, print_list
from pipecli.cli.common.output import Format
from pipecli.cli.common.pages import print_section, rows_of, views_of
from pipecli.cli.common.record_verbs import Name, NameOrSlug, Ref, Sets, add_remove, add_set_edit
from pipecli.cli.common.session import session
from pipecli.records.kinds import COMPETITOR, OPPORTUNITY
from pipecli.store.lookup import resolve

Text = str | None

app = noun("Competitors, and the deals they are after.")


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    website: Annotated[Text, typer.Option(help="Its website.", metavar="URL")] = None,
    country: Annotated[Text, typer.Option(help="Its country.", metavar="NAME")] = None,
    strengths: Annotated[Text, typer.Option(help="What it does better.", metavar="TEXT")] = None,
    weaknesses: Annotated[Text, typer.Option(help="What we do better.", metavar="TEXT")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; repeatable.", metavar="TAG")] = None,
    notes: Annotated[Text, typer.Option(help="Whatever else there is to say.", metavar="TEXT")] = None,
    sets: Sets = None,
) -> None:
    """Add a competitor; prints its slug.

    Deals that name it already, by that slug or that name, are its deals from then on.
    """
    from pipecli.cli.common.assignments import built
    from pipecli.cli.common.record_verbs import names_of, slug_and_name
    from pipecli.records.party import Competitor
    from pipecli.workflow import party

    with changing(ctx) as transaction:
        slug, called = slug_and_name("competitor", name_or_slug, name)
        given = {
            "id": slug,
            "name": called,
            "website": website,
            "country": country,
            "strengths": strengths,
            "weaknesses": weaknesses,
            "tags": tag,
            "notes": notes,
        }
        competitor = built(Competitor, given, sets, transaction.session)
        free = transaction.new_slug("competitor", slug)
        transaction.do(party.add(competitor, names_of(transaction, "competitor"), free=free))


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List competitors, and how many deals each is after, lost and won."""
    print_list(ctx, COMPETITOR, COMPETITORS, order="name COLLATE NOCASE, id")


@app.command()
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one competitor, and the deals that name it."""

    print_competitor(ctx, ref)


add_set_edit(app, COMPETITOR)
add_remove(app, COMPETITOR, way_out="strike it out there: pipecli opp competitor remove OPP {key}")


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
    shown = record_json(run, "competitor", key)
    if run.format is Format.TABLE:
        print_record_json(run, shown)
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
    print_record_json(run, shown | {"opportunities": named})
