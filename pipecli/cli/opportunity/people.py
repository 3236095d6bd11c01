"""`opportunity assign`, `share`, `contact` and `competitor`: who sells, who buys, and who else wants to."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import option
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Ref, noun
from pipecli.cli.common.record_verbs import names_of
from pipecli.errors import PipecliError
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Contact
from pipecli.store.index.records import open_deal_counts
from pipecli.workflow.assignment import share as shared
from pipecli.workflow.assignment import unshare
from pipecli.workflow.opportunity.people import (
    add_competitor,
    add_stakeholder,
    assign_to_team,
    assign_to_user,
    remove_competitor,
    remove_stakeholder,
)

app = noun()

_Name = Annotated[str, typer.Argument(help="Their name, or their slug.", metavar="NAME")]


@app.command("competitor add", cls=Changing)
def note_competitor(ctx: typer.Context, ref: Ref, name: _Name) -> None:
    """Note a competitor."""
    with changing(ctx) as transaction:
        called = option("NAME", name, (Opportunity, "competitors.0"), transaction.session)
        transaction.do(
            add_competitor(transaction.get(Opportunity, ref), called, names_of(transaction, "competitor"))
        )


@app.command("competitor remove", cls=Changing)
def strike_competitor(ctx: typer.Context, ref: Ref, name: _Name) -> None:
    """Strike a competitor out."""
    with changing(ctx) as transaction:
        transaction.do(
            remove_competitor(transaction.get(Opportunity, ref), name, names_of(transaction, "competitor"))
        )


_Contact = Annotated[str, typer.Argument(help="A contact's slug or name.", metavar="CONTACT")]


@app.command("contact add", cls=Changing)
def put_on_contact(
    ctx: typer.Context,
    ref: Ref,
    contact: _Contact,
    role: Annotated[
        str | None, typer.Option(help="decision-maker, influencer, user, …", metavar="ROLE")
    ] = None,
    primary: Annotated[bool, typer.Option("--primary", help="The one to speak to first.")] = False,
) -> None:
    """Put a contact on an opportunity, or change the part they play in it."""
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        part = option("--role", role, (Opportunity, "contacts.0.role"), transaction.session)
        transaction.do(add_stakeholder(deal, transaction.get(Contact, contact), role=part, primary=primary))


@app.command("contact remove", cls=Changing)
def take_off_contact(ctx: typer.Context, ref: Ref, contact: _Contact) -> None:
    """Take a contact off an opportunity."""
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        transaction.do(remove_stakeholder(deal, transaction.get(Contact, contact)))


@app.command("assign", cls=Changing)
def assign(
    ctx: typer.Context,
    ref: Ref,
    user: Annotated[str | None, typer.Argument(help="Who sells from now on.", metavar="USER")] = None,
    team: Annotated[
        str | None,
        typer.Option(help="To a team: shared with it, and its least loaded user's.", metavar="TEAM"),
    ] = None,
) -> None:
    """Give an opportunity to a user or a team."""
    if (user is None) == (team is None):
        raise PipecliError("name who gets it: a user, or a team with --team")
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        if user is not None:
            transaction.do(assign_to_user(deal, transaction.settings, user))
        elif team is not None:
            owned = open_deal_counts(transaction.pipeline.index.connection)
            transaction.do(assign_to_team(deal, transaction.settings, team, owned, today=transaction.today))


@app.command("share", cls=Changing)
def share(
    ctx: typer.Context,
    ref: Ref,
    principals: Annotated[list[str], typer.Argument(help="Users and teams.", metavar="USER-OR-TEAM...")],
    remove: Annotated[bool, typer.Option("--remove", help="Share it with them no more.")] = False,
) -> None:
    """Share an opportunity: it is in `list --mine` of others too."""
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        transaction.do(
            unshare(deal, transaction.settings, principals)
            if remove
            else shared(deal, transaction.settings, principals)
        )
