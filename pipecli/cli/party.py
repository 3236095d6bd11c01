"""`pipecli customer`, `contact`, `supplier` and `competitor`: the organisations and people we deal with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pipecli.cli.common.command import Changing, Name, NameOrSlug, Notes, Sets, Tags, noun
from pipecli.cli.common.record_verbs import (
    add_assign,
    add_merge,
    add_party,
    add_remove,
    add_set_edit,
    set_party,
    setting_of,
)
from pipecli.cli.common.transaction import Transaction, changing
from pipecli.records.kinds import COMPETITOR, CONTACT, CUSTOMER, SUPPLIER
from pipecli.records.party import Competitor, Contact, Customer, Supplier
from pipecli.store.index.records import parents
from pipecli.workflow import party

Text = str | None
Texts = list[str] | None
_Website = Annotated[Text, typer.Option(help="Its website.", metavar="URL")]
_Address = Annotated[Text, typer.Option(help="Its postal address.", metavar="TEXT")]
_Country = Annotated[Text, typer.Option(help="Its country.", metavar="NAME")]
_Language = Annotated[Text, typer.Option(help="Its language, such as es or fa.", metavar="TAG")]

app = noun()


@app.command("customer add", cls=Changing)
def add_customer(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    kind: Annotated[
        Literal["organization", "person"], typer.Option(help="A person buys for themselves.")
    ] = "organization",
    email: Annotated[Text, typer.Option(help="Its own e-mail address.", metavar="ADDRESS")] = None,
    phone: Annotated[Text, typer.Option(help="Its own telephone number.", metavar="NUMBER")] = None,
    website: _Website = None,
    address: _Address = None,
    country: _Country = None,
    language: _Language = None,
    tax_id: Annotated[Text, typer.Option(help="Its tax number.", metavar="TEXT")] = None,
    industry: Annotated[Text, typer.Option(help="Its industry.", metavar="TEXT")] = None,
    owner: Annotated[Text, typer.Option(help="Who looks after it.", metavar="USER")] = None,
    parent: Annotated[Text, typer.Option(help="The customer it belongs to.", metavar="CUSTOMER")] = None,
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
        party.refuse_own_parent(customer, _parents(transaction))


def _parents(transaction: Transaction) -> dict[str, str]:
    return parents(transaction.pipeline.index.connection)


add_set_edit(app, CUSTOMER, setting_of(_own_parent, set_party), _own_parent)
add_assign(app, CUSTOMER)


add_merge(
    app,
    CUSTOMER,
    lambda transaction, goes, stays, users: party.merge(goes, stays, users, parents=_parents(transaction)),
    "Merge one customer into another, with all that names it.",
)
add_remove(app, CUSTOMER, way_out="merge it into another: pipecli customer merge {key} INTO")


@app.command("contact add", cls=Changing)
def add_contact(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    customer: Annotated[Text, typer.Option(help="Where they work.", metavar="CUSTOMER")] = None,
    email: Annotated[Texts, typer.Option(help="An e-mail address; repeatable.", metavar="ADDRESS")] = None,
    phone: Annotated[Texts, typer.Option(help="A telephone number; repeatable.", metavar="NUMBER")] = None,
    title: Annotated[Text, typer.Option(help="Their job title.", metavar="TEXT")] = None,
    language: Annotated[Text, typer.Option(help="Their language, such as es or fa.", metavar="TAG")] = None,
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


add_merge(
    app,
    CONTACT,
    lambda _, goes, stays, users: party.merge_contacts(goes, stays, users),
    "Merge one contact into another, with all that names it.\n\n"
    "INTO gets both addresses. On a deal that has both, INTO keeps its role, and is primary if either "
    "was.",
)
add_remove(app, CONTACT, way_out="merge it into another: pipecli contact merge {key} INTO")


@app.command("supplier add", cls=Changing)
def add_supplier(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    email: Annotated[Text, typer.Option(help="Its e-mail address.", metavar="ADDRESS")] = None,
    phone: Annotated[Text, typer.Option(help="Its telephone number.", metavar="NUMBER")] = None,
    website: _Website = None,
    address: _Address = None,
    country: _Country = None,
    language: _Language = None,
    currency: Annotated[Text, typer.Option(help="The currency it quotes in.", metavar="CODE")] = None,
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


@app.command("competitor add", cls=Changing)
def add_competitor(
    ctx: typer.Context,
    name_or_slug: NameOrSlug = None,
    name: Name = None,
    website: _Website = None,
    country: _Country = None,
    strengths: Annotated[Text, typer.Option(help="What it does better.", metavar="TEXT")] = None,
    weaknesses: Annotated[Text, typer.Option(help="What we do better.", metavar="TEXT")] = None,
    tag: Tags = None,
    notes: Notes = None,
    sets: Sets = None,
) -> None:
    """Add a competitor; prints its slug.

    Deals that already name it, by slug or by name, belong to it from then on.
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
