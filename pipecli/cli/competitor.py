"""`pipecli competitor`: who else is after our deals."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.changing import changing
from pipecli.cli.columns_parties import COMPETITORS
from pipecli.cli.command import Changing, noun
from pipecli.cli.common import Ref, Sets, add_set_edit
from pipecli.cli.listing import Listing, print_list
from pipecli.cli.party import Name, NameOrSlug
from pipecli.cli.removing import add_remove
from pipecli.records.kinds import COMPETITOR

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
    from pipecli.cli.assignments import built
    from pipecli.cli.party import names_of, slug_and_name
    from pipecli.records.party import Competitor
    from pipecli.workflow import party

    with changing(ctx) as desk:
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
        competitor = built(Competitor, given, sets, desk.session)
        free = desk.new_slug("competitor", slug)
        desk.do(party.add(competitor, names_of(desk, "competitor"), free=free))


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List competitors, and how many deals each is after, lost and won."""
    print_list(ctx, COMPETITOR, COMPETITORS, order="name COLLATE NOCASE, id")


@app.command()
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one competitor, and the deals that name it."""
    from pipecli.cli.competitor_page import print_competitor

    print_competitor(ctx, ref)


add_set_edit(app, COMPETITOR)
add_remove(app, COMPETITOR, way_out="strike it out there: pipecli opp competitor remove OPP {key}")
