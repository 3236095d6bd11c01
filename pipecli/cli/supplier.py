"""`pipecli supplier`: those we buy from."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.columns import SUPPLIERS
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, print_list
from pipecli.cli.common.record_verbs import (
    Name,
    NameOrSlug,
    Sets,
    add_remove,
    add_set_edit,
    add_show,
    set_party,
)
from pipecli.records.kinds import SUPPLIER

Text = str | None

app = noun("Suppliers.")


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
    from pipecli.cli.common.assignments import built
    from pipecli.cli.common.record_verbs import names_of, slug_and_name
    from pipecli.records.party import Supplier
    from pipecli.workflow import party

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


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List suppliers by name."""
    print_list(ctx, SUPPLIER, SUPPLIERS, order="name COLLATE NOCASE, id")


add_show(app, SUPPLIER)
add_set_edit(app, SUPPLIER, set_party)
add_remove(app, SUPPLIER)
