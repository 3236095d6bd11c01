"""`pipecli customer`: those who buy, or might.

`customer show`: a customer with its people and what is open with it. It reads the index alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pipecli.cli.common.change import RecordJson, Transaction, changing, print_record_json, record_json
from pipecli.cli.common.columns import CONTACTS, CUSTOMERS, OPPORTUNITIES
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, Shown, print_list
from pipecli.cli.common.output import Format
from pipecli.cli.common.pages import print_section, rows_of, views_of
from pipecli.cli.common.record_verbs import (
    Name,
    NameOrSlug,
    Ref,
    Sets,
    add_remove,
    add_set_edit,
    set_party,
    setting_of,
)
from pipecli.cli.common.session import session
from pipecli.cli.common.table import Column
from pipecli.records.kinds import CONTACT, CUSTOMER, OPPORTUNITY
from pipecli.store.lookup import resolve

Text = str | None

app = noun("Customers: organisations, and persons who buy.")


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
    tag: Annotated[list[str] | None, typer.Option(help="A tag; repeatable.", metavar="TAG")] = None,
    notes: Annotated[Text, typer.Option(help="Whatever else there is to say.", metavar="TEXT")] = None,
    sets: Sets = None,
) -> None:
    """Add a customer; prints its slug."""
    from pipecli.cli.common.assignments import built
    from pipecli.cli.common.record_verbs import names_of, slug_and_name
    from pipecli.records.party import Customer
    from pipecli.workflow import party

    with changing(ctx) as transaction:
        slug, called = slug_and_name("customer", name_or_slug, name)
        given = {
            "id": slug,
            "name": called,
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
        customer = built(Customer, given, sets, transaction.session)
        free = transaction.new_slug("customer", slug)
        _own_parent(transaction, None, customer)
        transaction.do(party.add(customer, names_of(transaction, "customer"), free=free))


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List customers by name, and what is open with each."""
    print_list(ctx, CUSTOMER, CUSTOMERS, order="name COLLATE NOCASE, id")


@app.command()
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one customer, its contacts and its open opportunities."""

    print_customer(ctx, ref)


def _own_parent(transaction: Transaction, before: Any, customer: Any) -> None:
    from pipecli.workflow.party import refuse_own_parent

    if before is None or before.parent != customer.parent:
        refuse_own_parent(customer, _parents(transaction))


def _parents(transaction: Transaction) -> dict[str, str]:
    """Whom each customer belongs to."""
    found = transaction.pipeline.index.connection.execute(
        "SELECT id, parent FROM _customers WHERE parent <> ''"
    )
    return dict(found.fetchall())


add_set_edit(app, CUSTOMER, setting_of(_own_parent, set_party), _own_parent)


@app.command(cls=Changing)
def merge(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The customer that goes.")],
    target: Annotated[str, typer.Argument(metavar="INTO", help="The customer that stays.")],
) -> None:
    """Make two customers one: all that names FROM names INTO."""
    from pipecli.cli.common.record_verbs import users_of
    from pipecli.records.party import Customer
    from pipecli.workflow import party

    with changing(ctx) as transaction:
        goes, stage_visits = transaction.get(Customer, source), transaction.get(Customer, target)
        users = [transaction.pipeline.read(file) for _, file in users_of(transaction, CUSTOMER, goes.id)]
        transaction.do(party.merge(goes, stage_visits, users, parents=_parents(transaction)))


@app.command()
def dupes(ctx: typer.Context) -> None:
    """List customers that are likely one, with a score and why."""
    from pipecli.cli.lead.dupes import print_customer_duplicates

    print_customer_duplicates(ctx)


add_remove(app, CUSTOMER, way_out="merge it into another: pipecli customer merge {key} INTO")


_OPPORTUNITY_KEYS = "id title type stage amount currency weighted expected_close owner next_contact".split()
_CONTACT_KEYS = "id name title emails phones".split()


def print_customer(ctx: typer.Context, ref: str) -> None:
    """Print a customer; JSON has its `contacts` and its open `opportunities`."""
    run = session(ctx)
    key = resolve(run.pipeline, ref, CUSTOMER).key
    run.read(CONTACT, OPPORTUNITY)
    shown = record_json(run, "customer", key)
    if run.format is Format.TABLE:
        print_record_json(run, shown)
        people = rows_of(run, "contacts", CONTACTS, "customer = ? ORDER BY name, id", key)
        print_section("Contacts", people, _visible(CONTACTS))
        deals = rows_of(run, "opportunities", OPPORTUNITIES, f"{_OPEN} ORDER BY expected_close, id", key)
        print_section("Open opportunities", deals, _visible(OPPORTUNITIES))
        return
    contacts = views_of(run, "contact", "contacts", "customer = ?", key)
    open_deals = views_of(run, "opportunity", "opportunities", _OPEN, key)
    print_record_json(
        run,
        shown
        | {"contacts": [_part(contact, _CONTACT_KEYS) for contact in contacts]}
        | {"opportunities": [_part(deal, _OPPORTUNITY_KEYS) for deal in open_deals]},
    )


_OPEN = "customer = ? AND status = 'open'"


def _visible(columns: tuple[Shown, ...]) -> list[Column]:
    return [column.column for column in columns if not column.hidden and column.column.name != "customer"]


def _part(shown: RecordJson, keys: list[str]) -> RecordJson:
    return {key: shown[key] for key in keys if key in shown}
