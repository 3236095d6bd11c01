"""`pipecli competitor`: who else is after our deals."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import built
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Sets, noun
from pipecli.cli.common.record_verbs import add_remove, add_set_edit, names_of, slug_and_name
from pipecli.records.kinds import COMPETITOR
from pipecli.records.party import Competitor
from pipecli.workflow import party

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
    tag: Annotated[list[str] | None, typer.Option(help="A tag; repeatable.", metavar="TAG")] = None,
    notes: Annotated[Text, typer.Option(help="Whatever else there is to say.", metavar="TEXT")] = None,
    sets: Sets = None,
) -> None:
    """Add a competitor; prints its slug.

    Deals that name it already, by that slug or that name, are its deals from then on.
    """
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


add_set_edit(app, COMPETITOR)
add_remove(app, COMPETITOR, way_out="strike it out there: pipecli opp competitor remove OPP {key}")
