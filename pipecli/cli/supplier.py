"""`pipecli supplier`: those we buy from."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import built
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Sets, noun
from pipecli.cli.common.record_verbs import add_remove, add_set_edit, names_of, set_party, slug_and_name
from pipecli.records.kinds import SUPPLIER
from pipecli.records.party import Supplier
from pipecli.workflow import party

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
    tag: Annotated[list[str] | None, typer.Option(help="A tag; repeatable.", metavar="TAG")] = None,
    notes: Annotated[Text, typer.Option(help="Whatever else there is to say.", metavar="TEXT")] = None,
    sets: Sets = None,
) -> None:
    """Add a supplier; prints its slug."""
    with changing(ctx) as transaction:
        slug, called = slug_and_name("supplier", name_or_slug, name)
        given = {
            "id": slug,
            "name": called,
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
        supplier = built(Supplier, given, sets, transaction.session)
        free = transaction.new_slug("supplier", slug)
        transaction.do(party.add(supplier, names_of(transaction, "supplier"), free=free))


add_set_edit(app, SUPPLIER, set_party)
add_remove(app, SUPPLIER)
