"""`pipecli supplier`: those we buy from."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Notes, Sets, Tags, noun
from pipecli.cli.common.record_verbs import add_party, add_remove, add_set_edit, set_party
from pipecli.records.kinds import SUPPLIER
from pipecli.records.party import Supplier

Text = str | None

app = noun()


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    email: Annotated[Text, typer.Option(help="Its e-mail address.", metavar="ADDRESS")] = None,
    phone: Annotated[Text, typer.Option(help="Its telephone number.", metavar="NUMBER")] = None,
    website: Annotated[Text, typer.Option(help="Its website.", metavar="URL")] = None,
    address: Annotated[Text, typer.Option(help="Its postal address.", metavar="TEXT")] = None,
    country: Annotated[Text, typer.Option(help="Its country.", metavar="NAME")] = None,
    language: Annotated[Text, typer.Option(help="Its own, as es or fa.", metavar="TAG")] = None,
    currency: Annotated[Text, typer.Option(help="What it quotes in.", metavar="CODE")] = None,
    tag: Tags = None,
    notes: Notes = None,
    sets: Sets = None,
) -> None:
    """Add a supplier; prints its slug."""
    with changing(ctx) as transaction:
        given = {
            "email": email,
            "phone": phone,
            "website": website,
            "address": address,
            "country": country,
            "language": language,
            "currency": currency,
            "tags": tag,
            "notes": notes,
        }
        add_party(transaction, Supplier, name_or_slug, name, given, sets)


add_set_edit(app, SUPPLIER, set_party)
add_remove(app, SUPPLIER)
