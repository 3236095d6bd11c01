"""`opportunity competitor`: who else is after a deal.

`opportunity assign` and `share`: who sells, and who else sees it among their own.
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.record_verbs import Ref
from pipecli.errors import PipecliError

app = noun("Competitors on an opportunity: add, remove.")

_Name = Annotated[str, typer.Argument(help="Their name, or their slug.", metavar="NAME")]


@app.command(cls=Changing)
def add(ctx: typer.Context, ref: Ref, name: _Name) -> None:
    """Note a competitor."""
    from pipecli.cli.common.assignments import option
    from pipecli.cli.common.record_verbs import names_of
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.people import add_competitor

    with changing(ctx) as transaction:
        called = option("NAME", name, (Opportunity, "competitors.0"), transaction.session)
        transaction.do(
            add_competitor(transaction.get(Opportunity, ref), called, names_of(transaction, "competitor"))
        )


@app.command(cls=Changing)
def remove(ctx: typer.Context, ref: Ref, name: _Name) -> None:
    """Strike a competitor out."""
    from pipecli.cli.common.record_verbs import names_of
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.people import remove_competitor

    with changing(ctx) as transaction:
        transaction.do(
            remove_competitor(transaction.get(Opportunity, ref), name, names_of(transaction, "competitor"))
        )


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
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.people import assign_to_team, assign_to_user

    if (user is None) == (team is None):
        raise PipecliError("name who gets it: a user, or a team with --team")
    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        if user is not None:
            transaction.do(assign_to_user(deal, transaction.settings, user))
        elif team is not None:
            owned = transaction.pipeline.index.connection.execute(
                "SELECT owner, count(*) FROM _opportunities WHERE status = 'open' AND owner IS NOT NULL "
                "GROUP BY owner"
            )
            transaction.do(assign_to_team(deal, transaction.settings, team, dict(owned.fetchall())))


def share(
    ctx: typer.Context,
    ref: Ref,
    principals: Annotated[list[str], typer.Argument(help="Users and teams.", metavar="USER-OR-TEAM...")],
    remove: Annotated[bool, typer.Option("--remove", help="Share it with them no more.")] = False,
) -> None:
    """Share an opportunity: it is in `list --mine` of others too."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.assignment import share as shared
    from pipecli.workflow.assignment import unshare

    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        transaction.do(
            unshare(deal, principals) if remove else shared(deal, transaction.settings, principals)
        )
