"""`pipecli contact`: the people at customers."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Notes, Sets, Tags, noun
from pipecli.cli.common.record_verbs import (
    add_party,
    add_remove,
    add_set_edit,
    set_party,
)
from pipecli.records.kinds import CONTACT
from pipecli.records.party import Contact, Customer

Text = str | None
Texts = list[str] | None

app = noun()


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    customer: Annotated[Text, typer.Option(help="Where they work.", metavar="CUSTOMER")] = None,
    email: Annotated[Texts, typer.Option(help="An e-mail address; repeatable.", metavar="ADDRESS")] = None,
    phone: Annotated[Texts, typer.Option(help="A telephone number; repeatable.", metavar="NUMBER")] = None,
    title: Annotated[Text, typer.Option(help="Their job title.", metavar="TEXT")] = None,
    language: Annotated[Text, typer.Option(help="Theirs, as es or fa.", metavar="TAG")] = None,
    tag: Tags = None,
    notes: Notes = None,
    sets: Sets = None,
) -> None:
    """Add a contact; prints its slug."""
    with changing(ctx) as transaction:
        given = {
            "customer": transaction.get(Customer, customer).id if customer else None,
            "emails": email,
            "phones": phone,
            "title": title,
            "language": language,
            "tags": tag,
            "notes": notes,
        }
        add_party(transaction, Contact, name_or_slug, name, given, sets)


add_set_edit(app, CONTACT, set_party)
add_remove(app, CONTACT)
