"""`opportunity assign`, `share`, `contact` and `competitor`: who sells, who buys, and who else wants to."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import option
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, Ref, noun
from pipecli.cli.common.record_verbs import ChangingMany, change_each, names_of
from pipecli.cli.common.session import session
from pipecli.errors import PipecliError
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Contact
from pipecli.store.index.records import open_deal_counts
from pipecli.workflow.assignment import share as shared
from pipecli.workflow.assignment import unshare
from pipecli.workflow.change import Change
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


@app.command("assign", cls=ChangingMany)
def assign(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="REF... [USER]", help="Deals, or - for ids on stdin; then who sells from now on."
        ),
    ],
    team: Annotated[
        str | None,
        typer.Option(help="To a team: shared with it, and its least loaded user's.", metavar="TEAM"),
    ] = None,
) -> None:
    """Give an opportunity, or many, to a user or a team."""
    has_where = bool(session(ctx).option("where"))
    if team is None and len(words) < 2 and not has_where:
        raise PipecliError("name who gets it: a user, or a team with --team")
    refs, user = (words, "") if team is not None else (words[:-1], words[-1])
    with changing(ctx) as transaction:
        if team is not None and words and words[-1] in transaction.settings.users:
            raise PipecliError("name who gets it: a user, or a team with --team")
        owned = open_deal_counts(transaction.pipeline.index.connection)

        def decide(deal: Opportunity) -> Change:
            if team is None:
                return assign_to_user(deal, transaction.settings, user)
            change = assign_to_team(deal, transaction.settings, team, owned, today=transaction.today)
            seller = getattr(change.subject, "owner", None)
            if seller and seller != deal.owner:
                owned[seller] = owned.get(seller, 0) + 1
            return change

        change_each(transaction, Opportunity, refs, decide, f"assign to {user or team}:")


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
