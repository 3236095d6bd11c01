"""`opportunity assign` and `share`: who sells, and who else sees it among their own."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.changing import changing
from pipecli.cli.common import Ref
from pipecli.errors import PipecliError


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
    with changing(ctx) as desk:
        deal = desk.get(Opportunity, ref)
        if user is not None:
            desk.do(assign_to_user(deal, desk.settings, user))
        elif team is not None:
            owned = desk.pipeline.index.connection.execute(
                "SELECT owner, count(*) FROM _opportunities WHERE status = 'open' AND owner IS NOT NULL "
                "GROUP BY owner"
            )
            desk.do(assign_to_team(deal, desk.settings, team, dict(owned.fetchall())))


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

    with changing(ctx) as desk:
        deal = desk.get(Opportunity, ref)
        desk.do(unshare(deal, principals) if remove else shared(deal, desk.settings, principals))
