"""`pipecli competitor`: who else is after our deals."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Notes, Sets, Tags, noun
from pipecli.cli.common.record_verbs import add_party, add_remove, add_set_edit
from pipecli.records.kinds import COMPETITOR
from pipecli.records.party import Competitor

Text = str | None

app = noun()


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    website: Annotated[Text, typer.Option(help="Its website.", metavar="URL")] = None,
    country: Annotated[Text, typer.Option(help="Its country.", metavar="NAME")] = None,
    strengths: Annotated[Text, typer.Option(help="What it does better.", metavar="TEXT")] = None,
    weaknesses: Annotated[Text, typer.Option(help="What we do better.", metavar="TEXT")] = None,
    tag: Tags = None,
    notes: Notes = None,
    sets: Sets = None,
) -> None:
    """Add a competitor; prints its slug.

    Deals that name it already, by that slug or that name, are its deals from then on.
    """
    with changing(ctx) as transaction:
        given = {
            "website": website,
            "country": country,
            "strengths": strengths,
            "weaknesses": weaknesses,
            "tags": tag,
            "notes": notes,
        }
        add_party(transaction, Competitor, name_or_slug, name, given, sets)


add_set_edit(app, COMPETITOR)
add_remove(app, COMPETITOR, way_out="strike it out there: pipecli opp competitor remove OPP {key}")
