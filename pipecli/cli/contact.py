"""`pipecli contact`: the people at customers."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import built
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Sets, noun
from pipecli.cli.common.record_verbs import add_remove, add_set_edit, names_of, set_party, slug_and_name
from pipecli.records.kinds import CONTACT
from pipecli.records.party import Contact, Customer
from pipecli.workflow import party

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
    tag: Annotated[Texts, typer.Option(help="A tag; repeatable.", metavar="TAG")] = None,
    notes: Annotated[Text, typer.Option(help="Whatever else there is to say.", metavar="TEXT")] = None,
    sets: Sets = None,
) -> None:
    """Add a contact; prints its slug."""
    with changing(ctx) as transaction:
        slug, called = slug_and_name("contact", name_or_slug, name)
        given = {
            "id": slug,
            "name": called,
            "customer": transaction.get(Customer, customer).id if customer else None,
            "emails": email,
            "phones": phone,
            "title": title,
            "language": language,
            "tags": tag,
            "notes": notes,
        }
        contact = built(Contact, given, sets, transaction.session)
        free = transaction.new_slug("contact", slug)
        transaction.do(party.add(contact, names_of(transaction, "contact"), free=free))


add_set_edit(app, CONTACT, set_party)
add_remove(app, CONTACT)
