"""`pipecli customer`: those who buy, or might."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, Name, NameOrSlug, Notes, Sets, Tags, noun
from pipecli.cli.common.record_verbs import (
    add_party,
    add_remove,
    add_set_edit,
    set_party,
    setting_of,
    users_of,
)
from pipecli.records.kinds import CUSTOMER
from pipecli.records.party import Customer
from pipecli.store.index.records import parents
from pipecli.store.lookup import Care
from pipecli.workflow import party
from pipecli.workflow.party import refuse_own_parent

Text = str | None

app = noun()


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    kind: Annotated[
        Literal["organization", "person"], typer.Option(help="A person buys for themselves.")
    ] = "organization",
    email: Annotated[Text, typer.Option(help="Its own e-mail address.", metavar="ADDRESS")] = None,
    phone: Annotated[Text, typer.Option(help="Its own telephone number.", metavar="NUMBER")] = None,
    website: Annotated[Text, typer.Option(help="Its website.", metavar="URL")] = None,
    address: Annotated[Text, typer.Option(help="Its postal address.", metavar="TEXT")] = None,
    country: Annotated[Text, typer.Option(help="Its country.", metavar="NAME")] = None,
    language: Annotated[Text, typer.Option(help="Its own, as es or fa.", metavar="TAG")] = None,
    tax_id: Annotated[Text, typer.Option(help="Its tax number.", metavar="TEXT")] = None,
    industry: Annotated[Text, typer.Option(help="What it does.", metavar="TEXT")] = None,
    owner: Annotated[Text, typer.Option(help="Who looks after it.", metavar="USER")] = None,
    parent: Annotated[Text, typer.Option(help="Whom it belongs to.", metavar="CUSTOMER")] = None,
    tag: Tags = None,
    notes: Notes = None,
    sets: Sets = None,
) -> None:
    """Add a customer; prints its slug."""
    with changing(ctx) as transaction:
        given = {
            "kind": kind,
            "email": email,
            "phone": phone,
            "website": website,
            "address": address,
            "country": country,
            "language": language,
            "tax_id": tax_id,
            "industry": industry,
            "owner": owner,
            "parent": transaction.get(Customer, parent).id if parent else None,
            "tags": tag,
            "notes": notes,
        }
        add_party(transaction, Customer, name_or_slug, name, given, sets, _own_parent)


def _own_parent(transaction: Transaction, before: Any, customer: Any) -> None:
    if before is None or before.parent != customer.parent:
        refuse_own_parent(customer, _parents(transaction))


def _parents(transaction: Transaction) -> dict[str, str]:
    """The parent of each customer that has one."""
    return parents(transaction.pipeline.index.connection)


add_set_edit(app, CUSTOMER, setting_of(_own_parent, set_party), _own_parent)


@app.command(cls=Changing)
def merge(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The customer that goes.")],
    target: Annotated[str, typer.Argument(metavar="INTO", help="The customer that stays.")],
) -> None:
    """Make two customers one: all that names FROM names INTO."""
    with changing(ctx) as transaction:
        goes = transaction.get(Customer, source, Care.WHOLE)
        stays = transaction.get(Customer, target, Care.WHOLE)
        users = [transaction.pipeline.read(file) for _, file in users_of(transaction, CUSTOMER, goes.id)]
        transaction.do(party.merge(goes, stays, users, parents=_parents(transaction)))


add_remove(app, CUSTOMER, way_out="merge it into another: pipecli customer merge {key} INTO")
