"""`pipecli contact`: the people at customers."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Notes, Sets, Tags, noun
from pipecli.cli.common.record_verbs import add_party, add_remove, add_set_edit, set_party, users_of
from pipecli.records.kinds import CONTACT
from pipecli.records.party import Contact, Customer
from pipecli.store.lookup import Care
from pipecli.workflow.party import merge_contacts

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


@app.command(cls=Changing)
def merge(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The contact that goes.")],
    target: Annotated[str, typer.Argument(metavar="INTO", help="The contact that stays.")],
) -> None:
    """Make two contacts of one person one: all that names FROM names INTO, with both addresses.

    Of a deal on which both have a part, INTO keeps its role, and is primary if either was.
    """
    with changing(ctx) as transaction:
        goes = transaction.get(Contact, source, Care.WHOLE)
        stays = transaction.get(Contact, target, Care.WHOLE)
        users = [transaction.pipeline.read(file) for _, file in users_of(transaction, CONTACT, goes.id)]
        transaction.do(merge_contacts(goes, stays, users))


add_remove(app, CONTACT, way_out="merge it into another: pipecli contact merge {key} INTO")
